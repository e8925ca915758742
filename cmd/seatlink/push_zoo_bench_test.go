package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
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

// A pushCage is a way to be sick, at an address.
type pushCage struct{ name, address string }

// pushSick are subscribers that answer wrongly, or not at all. They live as long as
// the benchmark.
func pushSick(tb testing.TB) (cages []pushCage) {
	tb.Helper()
	over, end := context.WithCancel(context.Background())
	tb.Cleanup(end)
	bomb := make([]byte, 32<<10)
	// What HTTP can say.
	says := func(name string, answer http.HandlerFunc) {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // of a sender that may have gone
			answer(w, r)
		}))
		// What the endless one fills is memory of its own machine, elsewhere.
		server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
			_ = conn.(*net.TCPConn).SetWriteBuffer(len(bomb))
			return ctx
		}
		server.Start()
		tb.Cleanup(server.Close)
		tb.Cleanup(end) // before Close, which waits for handlers
		cages = append(cages, pushCage{name, server.URL})
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	says("500", status(http.StatusInternalServerError))
	says("410", status(http.StatusGone))
	says("400", status(http.StatusBadRequest))
	says("429", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	says("redirecting", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	says("slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(2 * time.Second):
		case <-r.Context().Done():
		case <-over.Done():
		}
		w.WriteHeader(http.StatusNoContent)
	})
	says("endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil && over.Err() == nil {
			if _, err := w.Write(bomb); err != nil {
				return
			}
		}
	})
	says("huge", func(w http.ResponseWriter, _ *http.Request) {
		for range 64 {
			_, _ = w.Write(bomb)
		}
	})
	selfSigned := httptest.NewUnstartedServer(status(http.StatusNoContent))
	selfSigned.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	selfSigned.StartTLS()
	tb.Cleanup(selfSigned.Close)
	cages = append(cages, pushCage{"signed by itself", selfSigned.URL})
	// What is no HTTP.
	does := func(name, scheme string, with func(conn net.Conn)) {
		listener, err := (&net.ListenConfig{}).Listen(over, "tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		var serving sync.WaitGroup
		serving.Go(func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				serving.Go(func() {
					stop := context.AfterFunc(over, func() { _ = conn.Close() })
					defer stop()
					defer func() { _ = conn.Close() }()
					with(conn)
				})
			}
		})
		tb.Cleanup(func() { end(); _ = listener.Close(); serving.Wait() })
		cages = append(cages, pushCage{name, scheme + "://" + listener.Addr().String()})
	}
	hang := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) } // until it is given up
	does("hanging before its headers", "http", hang)
	does("hanging in its headers", "http", func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 204 No Con"); hang(conn) })
	does("hanging in its body", "http", func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\nno")
		hang(conn)
	})
	does("dripping", "http", func(conn net.Conn) {
		for _, letter := range "HTTP/1.1 204 No Content\r\n\r\n" {
			if _, err := io.WriteString(conn, string(letter)); err != nil {
				return
			}
			select {
			case <-time.After(time.Second):
			case <-over.Done():
			}
		}
	})
	does("resetting", "http", func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	does("garbage", "http", func(conn net.Conn) { _, _ = io.WriteString(conn, strings.Repeat("\x00garbage\xff", 100)) })
	does("garbage for TLS", "https", func(conn net.Conn) { _, _ = io.WriteString(conn, strings.Repeat("\x16\x03garbage", 100)) })
	does("with headers without end", "http", func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n")
		for err := error(nil); err == nil && over.Err() == nil; {
			_, err = io.WriteString(conn, "X: "+strings.Repeat("x", 1000)+"\r\n")
		}
	})
	dead, err := (&net.ListenConfig{}).Listen(over, "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	cages = append(cages, pushCage{"dead", "http://" + dead.Addr().String()})
	_ = dead.Close()
	return cages
}

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
		rounds = 3 // with the sick, and as many without
		locks  = 1_500
		pause  = 15 * time.Millisecond
		settle = 10 * time.Second
	)
	pushOnBoth(b, func(b *testing.B, db string) {
		b.Helper()
		// The sick live in the process that the healthy one does, which is not to stop for
		// their garbage.
		defer debug.SetGCPercent(debug.SetGCPercent(2_000))
		channels := []access.Channel{"rival", "healthy"}
		for n := range sick {
			channels = append(channels, access.Channel(fmt.Sprintf("sick-%04d", n)))
		}
		key, callers := furnishSized(b, db, house.Default, channels...)
		tokens := freeTokens(b, db)
		cages, ear := pushSick(b), openPushEar(b)
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
