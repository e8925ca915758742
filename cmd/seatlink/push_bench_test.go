package main

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/internal/storetest"
	messages "github.com/seatlink/seatlink/link/receive"
)

// The bounds of design.md §7 for messages.
const (
	pushDelayBound = 50 * time.Millisecond // p99 of an idle system, commit to endpoint
)

// A pushEar takes messages and notes how long each was on its way: from the time
// of its last change, which is some time before the commit.
type pushEar struct {
	*httptest.Server
	mu     sync.Mutex
	delays []time.Duration
	heard  chan struct{}
}

func openPushEar(tb testing.TB) *pushEar {
	tb.Helper()
	const most = 1_000 // messages that nobody waited for
	e := &pushEar{heard: make(chan struct{}, most)}
	handler := messages.New(messages.Options{}, func(context.Context, messages.Message) error { return nil })
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		if at, err := time.Parse(time.RFC3339Nano, r.Header.Get(push.AtHeader)); err == nil {
			e.mu.Lock()
			e.delays = append(e.delays, now.Sub(at))
			e.mu.Unlock()
		}
		handler.ServeHTTP(w, r)
		e.heard <- struct{}{}
	}))
	tb.Cleanup(e.Close)
	return e
}

// next waits for a message.
func (e *pushEar) next(tb testing.TB) {
	tb.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	select {
	case <-e.heard:
	case <-deadline.C:
		tb.Fatal("no message came")
	}
}

// take returns the delays since the last take, the shortest first.
func (e *pushEar) take() []time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	delays := slices.Sorted(slices.Values(e.delays))
	e.delays = nil
	return delays
}

// pushPercentile is the delay that so many of a hundred do not pass.
func pushPercentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

// BenchmarkPushIdle is one lock after another on a system that does nothing else:
// the time from the change to the subscriber's endpoint. On PostgreSQL one process
// locks and another sends, and the statements of two idle processes are counted.
//
//	make bench-push
func BenchmarkPushIdle(b *testing.B) {
	const locks = 500
	for _, database := range []string{"sqlite", "postgres"} {
		b.Run(database, func(b *testing.B) {
			for range b.N {
				db := sqliteFile(b)
				if database == "postgres" {
					db = storetest.StartPostgres(b, "shared_preload_libraries=pg_stat_statements").URL("postgres")
				}
				key, callers := furnish(b, db, "first")
				partner, tokens := callers[0], freeTokens(b, db)
				ear := openPushEar(b)
				_, partner.url = serveSandbox(b, db, key)
				pushSubscribe(b, db, key, "first", ear.URL)
				if database == "postgres" {
					// The first process has the subscription by now, or in a moment.
					awaitRow(b, db, `SELECT COUNT(*) FROM subscription WHERE lease_by <> '' AND $1 = 0`, 0)
					_, partner.url = serveSandbox(b, db, key)
					b.ReportMetric(idlePostgres(b, db)/2, "statements/s/process")
				}
				pushOneByOne(b, partner, ear, tokens[:50], 0) // connections are made, statements prepared
				ear.take()
				delays := pushOneByOne(b, partner, ear, tokens[50:50+locks], 10*time.Millisecond)
				p99 := pushPercentile(delays, 99)
				b.Logf("change to endpoint: median %v, p99 %v, longest %v", pushPercentile(delays, 50), p99, delays[len(delays)-1])
				b.ReportMetric(float64(p99.Microseconds())/1e3, "ms-p99")
				b.ReportMetric(float64(pushPercentile(delays, 50).Microseconds())/1e3, "ms-p50")
				if p99 >= pushDelayBound {
					b.Errorf("p99 is %v; want less than %v", p99, pushDelayBound)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// pushSubscribe has a channel hear of the seats of 999, its own locks too.
func pushSubscribe(tb testing.TB, db, key, channel, endpoint string) {
	tb.Helper()
	must(tb, "subscription", "add", endpoint, "--db", db, "--key", key, "--channel", channel, "--organization", "999", "--echo")
}

// pushOneByOne locks tickets, each some time after the message of the one before
// has come, and returns how long the messages took.
func pushOneByOne(tb testing.TB, partner *caller, ear *pushEar, tokens []string, pause time.Duration) []time.Duration {
	tb.Helper()
	for _, token := range tokens {
		partner.want(tb, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-1", []string{token})), nil)
		ear.next(tb)
		<-time.After(pause)
	}
	return ear.take()
}

// idlePostgres is how many statements a second the server runs while nobody asks
// anything of the processes.
func idlePostgres(tb testing.TB, db string) float64 {
	tb.Helper()
	const window = 10 * time.Second
	books, err := sql.Open("pgx", db)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	books.SetMaxOpenConns(1)
	count := func(text string) (n float64) {
		if err := books.QueryRowContext(tb.Context(), text).Scan(&n); err != nil {
			tb.Fatal(err)
		}
		return n
	}
	if _, err := books.ExecContext(tb.Context(), `CREATE EXTENSION IF NOT EXISTS pg_stat_statements`); err != nil {
		tb.Fatal(err)
	}
	const (
		statements   = `SELECT SUM(calls) FROM pg_stat_statements`
		transactions = `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()`
	)
	<-time.After(time.Second)
	before, commits, start := count(statements), count(transactions), time.Now()
	<-time.After(window)
	seconds := time.Since(start).Seconds()
	perSecond := (count(statements) - before) / seconds
	tb.Logf("two idle processes: %.0f statements and %.0f transactions a second", perSecond, (count(transactions)-commits)/seconds)
	query(tb, books, func(scan func(...any) error) error {
		var text string
		var calls int64
		err := scan(&text, &calls)
		tb.Logf("%8d %s", calls, text)
		return err
	}, `SELECT LEFT(REPLACE(query, CHR(10), ' '), 90), calls FROM pg_stat_statements WHERE calls > 20 ORDER BY calls DESC LIMIT 8`)
	return perSecond
}
