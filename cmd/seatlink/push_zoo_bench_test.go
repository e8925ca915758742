package main

import (
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// pushBeside is how much slower a healthy subscriber may be beside sick ones (T15).
const pushBeside = 1.10

// BenchmarkPushZoo is a healthy subscriber beside 1,000 sick ones, of every kind of
// T15, that hear of the same seats. Rounds with them and without are made in turn: the
// sick are paused for one round, and begin anew in the next, with all their attempts,
// ten seconds before it is measured; in its 30 seconds those that fail are tried for
// the fourth time, others hang, and those that answer go on. The medians of the
// rounds' p99, from the change to the healthy endpoint, are compared.
//
//	make bench-push
func BenchmarkPushZoo(b *testing.B) {
	const (
		sick   = 1_000
		rounds = 5 // with the sick, and as many without
		locks  = 1_500
		pause  = 15 * time.Millisecond
		settle = 10 * time.Second
	)
	pushOnBoth(b, func(b *testing.B, db string) {
		b.Helper()
		channels := []access.Channel{"rival", "healthy"}
		for n := range sick {
			channels = append(channels, access.Channel(fmt.Sprintf("sick-%04d", n)))
		}
		key, callers := furnishSized(b, db, house.Default, channels...)
		tokens := freeTokens(b, db)
		cages, ear := visitZoo(b), openPushEar(b)
		subscribe := func(store *sqlstore.Store, id string, channel access.Channel, endpoint string) {
			_, err := store.AddSubscription(b.Context(), push.Subscription{
				ID: id, View: push.View{Channel: channel}, Topic: push.Topic{Organization: 999, Entity: boxoffice.Seats}, Endpoint: endpoint, Secret: push.NewSecret(),
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		pushEnter(b, db, key, func(store *sqlstore.Store) {
			subscribe(store, "HEALTHY", "healthy", ear.URL)
			for n := range sick {
				subscribe(store, fmt.Sprintf("SICK%04d", n), channels[n+2], cages[n%len(cages)].address)
			}
		})
		pushExec(b, db, `UPDATE subscription SET state = 'paused' WHERE id <> 'HEALTHY'`)
		server := servePush(b, db, key)
		rival := callers[0]
		rival.url = server.url
		round := func(state string) time.Duration {
			pushExec(b, db, `UPDATE subscription SET state = $1, note = '', attempts = 0, due_at = 0, failing_since = 0, flight = 0, lease = lease + 1,
	cursor = (SELECT position FROM head WHERE id = 1) WHERE id <> 'HEALTHY'`, state)
			own := tokens[:locks+1]
			tokens = tokens[locks+1:]
			pushOneByOne(b, rival, ear, own[:1], 0) // all of them have something to hear
			<-time.After(settle)
			defer server.profile(b, "sick-"+state)()
			return pushPercentile(pushOneByOne(b, rival, ear, own[1:], pause), 99)
		}
		pushOneByOne(b, rival, ear, tokens[:50], 0) // connections are made, statements prepared
		tokens = tokens[50:]
		attempts := func() (n float64) {
			for _, answer := range []string{"unreached", "4xx", "5xx", "3xx"} {
				n += server.metric(b, `seatlink_message_attempts_total{answer="`+answer+`"}`)
			}
			return n
		}
		var alone, beside []time.Duration
		for range rounds {
			alone = append(alone, round("paused"))
			beside = append(beside, round("active"))
		}
		failed := attempts()
		ratio := float64(pushMedian(beside)) / float64(pushMedian(alone))
		b.Logf("p99 alone %v, beside %d sick subscribers %v: %.2f times; %.0f attempts failed", alone, sick, beside, ratio, failed)
		b.ReportMetric(float64(pushMedian(alone).Microseconds())/1e3, "ms-p99-alone")
		b.ReportMetric(float64(pushMedian(beside).Microseconds())/1e3, "ms-p99-beside")
		b.ReportMetric(ratio, "ratio")
		if failed < sick*rounds || math.IsNaN(failed) {
			b.Errorf("void: only %.0f attempts failed", failed)
		}
		if ratio > pushBeside {
			b.Errorf("beside the sick its p99 is %.2f times that alone; want at most %.2f", ratio, pushBeside)
		}
		server.stop()
	})
}

func pushMedian(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// pushExec changes the books behind the server's back.
func pushExec(tb testing.TB, db, statement string, args ...any) {
	tb.Helper()
	driver, source := "pgx", db
	if path, isFile := strings.CutPrefix(db, "sqlite:"); isFile {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	books, err := sql.Open(driver, source)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	if _, err := books.ExecContext(tb.Context(), statement, args...); err != nil {
		tb.Fatal(err)
	}
}
