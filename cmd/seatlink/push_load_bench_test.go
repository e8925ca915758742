package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
	messages "github.com/seatlink/seatlink/link/receive"
)

// The bounds of design.md §7 for messages under load.
const (
	pushRateBound   = 10_000      // seats/s that one subscriber takes while acts go on
	pushBehindBound = time.Second // of each of many subscribers
	pushLocks       = 1_000       // locks/s meanwhile
)

// pushOnBoth runs a benchmark on both databases.
func pushOnBoth(b *testing.B, run func(b *testing.B, db string)) {
	b.Helper()
	for _, database := range []string{"sqlite", "postgres"} {
		b.Run(database, func(b *testing.B) {
			for range b.N {
				db := sqliteFile(b)
				if database == "postgres" {
					db = storetest.StartPostgres(b).URL("postgres")
				}
				run(b, db)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// A pushServer is a sandbox that serves a database, with its metrics.
type pushServer struct {
	*process
	url, metrics string
}

func servePush(tb testing.TB, db, key string) *pushServer {
	tb.Helper()
	p := launch(tb, "serve", "--db", db, "--key", key, "--addr", "127.0.0.1:0", "--log-level", "info", "--sandbox", "--ops-addr", "127.0.0.1:0")
	told := p.await("seatlink serves ", "\n", "metrics on ", "/metrics")
	_, url, _ := strings.Cut(told, "seatlink serves ")
	url, _, _ = strings.Cut(url, "\n")
	_, metrics, _ := strings.Cut(told, "metrics on ")
	return &pushServer{p, url, metrics}
}

// metric is the value of a metric, which is named with its labels. What is not there
// was never counted.
func (p *pushServer) metric(tb testing.TB, name string) float64 {
	tb.Helper()
	status, text, err := fetch(tb.Context(), p.metrics)
	if err != nil || status != http.StatusOK {
		tb.Fatalf("GET /metrics: %d %v", status, err)
	}
	for line := range strings.Lines(text) {
		if said, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(said), 64)
			if err != nil {
				tb.Fatal(err)
			}
			return value
		}
	}
	return math.NaN()
}

// profile keeps a CPU profile of the server beside the benchmark's other files, if
// SEATLINK_PUSH_PROFILES names a folder for them.
func (p *pushServer) profile(tb testing.TB, name string) (done func()) {
	tb.Helper()
	folder := os.Getenv("SEATLINK_PUSH_PROFILES")
	if folder == "" {
		return func() {}
	}
	var taking sync.WaitGroup
	taking.Go(func() {
		ctx, stop := context.WithTimeout(tb.Context(), 2*time.Minute)
		defer stop()
		at := strings.TrimSuffix(p.metrics, "/metrics") + "/debug/pprof/profile?seconds=4"
		status, text, err := fetch(ctx, at)
		if err == nil && status == http.StatusOK {
			err = os.WriteFile(filepath.Join(folder, strings.ReplaceAll(tb.Name(), "/", "-")+"-"+name+".pprof"), []byte(text), 0o600)
		}
		if err != nil || status != http.StatusOK {
			tb.Errorf("profile: %d %v", status, err)
		}
	})
	return taking.Wait
}

// pushActs asks for one act after another, paced, by some clients at once. Each
// client has its own blocks of tickets, and goes over them again and again: it locks
// all of them, then unlocks all, so no message has a seat twice.
type pushActs struct {
	partner *caller
	blocks  [][]string
	clients int
	pace    time.Duration // between two acts of all clients together; 0 is as fast as they can
	acts    atomic.Int64  // that were acknowledged
}

// run goes on until ctx ends, or so many acts were begun.
func (p *pushActs) run(ctx context.Context, most int64) error {
	var (
		work  sync.WaitGroup
		begun atomic.Int64
		start = time.Now()
		errs  = make(chan error, p.clients)
		each  = len(p.blocks) / p.clients
	)
	for client := range p.clients {
		own := p.blocks[client*each : (client+1)*each]
		work.Go(func() {
			for turn := 0; ctx.Err() == nil; turn++ {
				n := begun.Add(1)
				if n > most {
					return
				}
				if wait := time.Until(start.Add(time.Duration(n) * p.pace)); wait > 0 {
					select {
					case <-time.After(wait):
					case <-ctx.Done():
						return
					}
				}
				tokens := own[turn%each]
				path, body := "/v1/tickets/lock", []byte(nil)
				if turn/each%2 == 0 {
					body = lockBody("L-1", tokens)
				} else {
					path, body = "/v1/tickets/unlock", unlockBody(tokens)
				}
				// What was begun is finished: the books are compared afterwards.
				status, answer, err := p.partner.call(context.WithoutCancel(ctx), "PUT", path, requestID(), body)
				if err == nil && status != http.StatusOK {
					err = fmt.Errorf("%d\n%s", status, answer)
				}
				if err != nil {
					errs <- fmt.Errorf("PUT %s: %w", path, err)
					return
				}
				p.acts.Add(1)
			}
		})
	}
	work.Wait()
	close(errs)
	return <-errs
}

// A pushMarket is a subscriber behind TLS that checks signatures, keeps a map of the
// seats that may not be listed, and then takes its time to answer.
type pushMarket struct {
	snsMarket
	server *httptest.Server
	taken  int // seats
	goal   int
	there  chan struct{} // closed when the goal is reached
	hear   atomic.Pointer[messages.Handler]
}

// openPushMarket opens one that the processes launched from now on trust.
func openPushMarket(b *testing.B, answers time.Duration) *pushMarket {
	b.Helper()
	m := &pushMarket{snsMarket: snsMarket{locked: map[string]bool{}}}
	m.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answered := time.After(answers)
		seen := httptest.NewRecorder()
		m.hear.Load().ServeHTTP(seen, r)
		<-answered
		w.WriteHeader(seen.Code)
	}))
	b.Cleanup(m.server.Close)
	authority := filepath.Join(b.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.server.Certificate().Raw}), 0o600); err != nil {
		b.Fatal(err)
	}
	b.Setenv("SSL_CERT_FILE", authority)
	return m
}

// opens has it take messages that this secret signs.
func (m *pushMarket) opens(secret string) {
	m.hear.Store(messages.New(messages.Options{Secrets: []string{secret}}, func(ctx context.Context, told messages.Message) error {
		if err := m.take(ctx, told); err != nil {
			return err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.taken += len(told.Seats)
		if m.there != nil && m.taken >= m.goal {
			close(m.there)
			m.there = nil
		}
		return nil
	}))
}

// awaits returns what is closed when so many more seats were taken.
func (m *pushMarket) awaits(seats int) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	there := make(chan struct{})
	m.goal, m.there = m.taken+seats, there
	return there
}

// agrees waits until the map is the database's.
func (m *snsMarket) agrees(tb testing.TB, db, rival, when string) {
	tb.Helper()
	books := look(tb, db)
	defer func() { _ = books.Close() }()
	want := map[string]bool{}
	query(tb, books, func(scan func(...any) error) error {
		var event, section, row, seat string
		err := scan(&event, &section, &row, &seat)
		want[event+"|"+section+"|"+row+"|"+seat] = true
		return err
	}, `SELECT event, section, row, seat FROM ticket WHERE hold = 'lock' AND hold_by = $1`, rival)
	deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for !maps.Equal(m.seats(), want) {
		select {
		case <-deadline:
			tb.Fatalf("%s the market knows %d seats as locked; want %d", when, len(m.seats()), len(want))
		case <-tick.C:
		}
	}
}

// BenchmarkPushOne is one subscriber behind TLS that checks every signature, keeps
// its map and answers after 5 ms, while another partner's acts go on over HTTP: locks
// and unlocks of 50 tickets, 100 a second, each with its 50 rows in the journal. The
// subscriber begins with a backlog of 100,000 rows, which were written over HTTP
// while it was paused, for 5,000 rows/s are less than it takes; the rate is that of
// its first 100,000 seats. In the end its map is the database's, and the audit is
// clean.
//
// Before that it takes 50,000 seats alone, which tells what of the server's CPU a
// seat costs, from the journal to the wire.
//
//	make bench-push
func BenchmarkPushOne(b *testing.B) {
	const (
		answers = 5 * time.Millisecond
		block   = 50 // tickets of an act
		clients = 4
		alone   = 50_000  // seats
		backlog = 100_000 // seats
		pace    = time.Second / 100
		fewest  = 80 // acts/s that must have been made meanwhile
	)
	pushOnBoth(b, func(b *testing.B, db string) {
		b.Helper()
		key, callers := furnish(b, db, "market", "rival")
		market := openPushMarket(b, answers)
		server := servePush(b, db, key)
		rival := callers[1]
		rival.url = server.url
		var added struct{ ID, Secret string }
		decode(b, must(b, "subscription", "add", market.server.URL, "--db", db, "--key", key, "--channel", "market", "--organization", "999", "--output", "json"), &added)
		market.opens(added.Secret)
		acts := &pushActs{partner: rival, clients: clients}
		for tokens := freeTokens(b, db); len(tokens) >= block && len(acts.blocks) < 40; tokens = tokens[block:] {
			acts.blocks = append(acts.blocks, tokens[:block])
		}
		if len(acts.blocks) < 40 {
			b.Fatalf("%d blocks of tickets are free: too few", len(acts.blocks))
		}
		write := func(seats int) {
			must(b, "subscription", "pause", added.ID, "--db", db, "--key", key)
			awaitRow(b, db, `SELECT COUNT(*) FROM subscription WHERE lease_by = '' AND $1 = 0`, 0)
			acts.pace = 0
			before := acts.acts.Load()
			if err := acts.run(b.Context(), int64(seats/block)); err != nil {
				b.Fatal(err)
			}
			if n := acts.acts.Load() - before; n != int64(seats/block) {
				b.Fatalf("the backlog has %d acts; want %d", n, seats/block)
			}
		}
		drain := func(name string, seats int) time.Duration {
			there := market.awaits(seats)
			taken := server.profile(b, name)
			must(b, "subscription", "resume", added.ID, "--db", db, "--key", key)
			start := time.Now()
			defer taken()
			select {
			case <-there:
			case <-time.After(patience):
				b.Fatalf("of %d seats not all came within %v", seats, patience)
			}
			return time.Since(start)
		}

		write(alone)
		const cpu = "process_cpu_seconds_total"
		before := server.metric(b, cpu)
		took := drain("alone", alone)
		perSeat := (server.metric(b, cpu) - before) / alone
		b.Logf("alone it takes %.0f seats/s, for %.1f µs of the server's CPU each", alone/took.Seconds(), perSeat*1e6)
		b.ReportMetric(perSeat*1e6, "µs-CPU/seat")

		write(backlog)
		acts.pace = pace
		made := acts.acts.Load()
		ctx, stop := context.WithCancel(b.Context())
		defer stop()
		ended := make(chan error, 1)
		go func() { ended <- acts.run(ctx, math.MaxInt64) }()
		took = drain("beside-acts", backlog)
		rate, beside := backlog/took.Seconds(), float64(acts.acts.Load()-made)/took.Seconds()
		stop()
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
		b.Logf("beside %.0f acts/s of %d tickets it takes %.0f seats/s", beside, block, rate)
		b.ReportMetric(rate, "seats/s")
		b.ReportMetric(beside*block, "rows/s-written")
		if rate < pushRateBound {
			b.Errorf("it takes %.0f seats/s; want %d", rate, pushRateBound)
		}
		if beside < fewest {
			b.Errorf("meanwhile %.0f acts/s were made; want %d", beside, fewest)
		}
		market.agrees(b, db, "rival", "in the end")
		audit(b, db)
		server.stop()
	})
}

// A pushOneOfMany notes how far behind it was whenever a message came: the time since
// the last row of the message before was written. So it is counted from the oldest
// row that it had not heard of, or a moment before.
type pushOneOfMany struct {
	*httptest.Server
	mu       sync.Mutex
	sequence int64
	at       time.Time // zero until it is to be measured
	behind   time.Duration
	seats    int
	messages int
}

func (o *pushOneOfMany) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	now := time.Now()
	at, badTime := time.Parse(time.RFC3339Nano, r.Header.Get(push.AtHeader))
	sequence, badNumber := strconv.ParseInt(r.Header.Get(push.SequenceHeader), 10, 64)
	if err != nil || badTime != nil || badNumber != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if sequence > o.sequence {
		if !o.at.IsZero() {
			o.behind = max(o.behind, now.Sub(o.at))
		}
		o.sequence, o.at = sequence, at
		o.seats += bytes.Count(body, []byte(`"status":`))
		o.messages++
	}
	w.WriteHeader(http.StatusNoContent)
}

// BenchmarkPushMany is 100 channels that all hear of the same 1,000 locks a second,
// over HTTP, each lock of one ticket: so every row goes to each of them, 100,000
// seats/s. Each is served at a port of its own, by plain HTTP, and answers at once.
// How far behind each is is looked at whenever a message comes to it; the locks are
// void where they were fewer than 1,000 a second, and each must have heard of every
// seat in the end.
//
//	make bench-push
func BenchmarkPushMany(b *testing.B) {
	const (
		subscribers = 100
		clients     = 32 // so that a slow answer holds up no pace
		seconds     = 10
		locks       = pushLocks * seconds
	)
	pushOnBoth(b, func(b *testing.B, db string) {
		b.Helper()
		channels := []access.Channel{"rival"}
		for n := range subscribers {
			channels = append(channels, access.Channel(fmt.Sprintf("market-%03d", n)))
		}
		key, callers := furnishSized(b, db, house.Default, channels...)
		crowd := make([]*pushOneOfMany, subscribers)
		for n := range crowd {
			crowd[n] = &pushOneOfMany{}
			crowd[n].Server = httptest.NewServer(crowd[n])
			b.Cleanup(crowd[n].Close)
		}
		pushEnter(b, db, key, func(store *sqlstore.Store) {
			for n, one := range crowd {
				_, err := store.AddSubscription(b.Context(), push.Subscription{
					ID: fmt.Sprintf("S%03d", n), View: push.View{Channel: channels[n+1]}, Topic: push.Topic{Organization: 999, Entity: boxoffice.Seats},
					Endpoint: one.URL, Secret: push.NewSecret(),
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		server := servePush(b, db, key)
		awaitRow(b, db, `SELECT COUNT(*) FROM (SELECT COUNT(*) AS held FROM subscription WHERE lease_by <> '') AS s WHERE held = $1`, subscribers)
		acts := &pushActs{partner: callers[0], clients: clients, pace: time.Second / pushLocks}
		acts.partner.url = server.url
		for _, token := range freeTokens(b, db)[:locks+pushLocks] {
			acts.blocks = append(acts.blocks, []string{token})
		}
		warm, measured := acts.blocks[:pushLocks], acts.blocks[pushLocks:]
		acts.blocks = warm // connections are made, statements prepared
		if err := acts.run(b.Context(), int64(len(warm))); err != nil {
			b.Fatal(err)
		}
		heard := func(seats int) {
			deadline, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
			defer tick.Stop()
			for n := 0; n < len(crowd); {
				crowd[n].mu.Lock()
				all := crowd[n].seats == seats
				crowd[n].mu.Unlock()
				if all {
					n++
					continue
				}
				select {
				case <-tick.C:
				case <-deadline:
					b.Fatalf("subscriber %d has heard of %d seats; want %d", n, crowd[n].seats, seats)
				}
			}
		}
		heard(len(warm))
		for _, one := range crowd {
			one.at, one.behind, one.messages = time.Time{}, 0, 0
		}
		const cpu = "process_cpu_seconds_total"
		before := server.metric(b, cpu)
		profiled := server.profile(b, "many")
		acts.blocks = measured
		start := time.Now()
		if err := acts.run(b.Context(), locks); err != nil {
			b.Fatal(err)
		}
		rate := locks / time.Since(start).Seconds()
		heard(len(warm) + locks)
		perSeat := (server.metric(b, cpu) - before) / (locks * subscribers)
		profiled()
		var worst time.Duration
		sent := 0
		for _, one := range crowd {
			worst, sent = max(worst, one.behind), sent+one.messages
		}
		b.Logf("at %.0f locks/s the furthest of %d subscribers was %v behind; %d messages; %.2f µs of the server's CPU for each seat told, locks included",
			rate, subscribers, worst, sent, perSeat*1e6)
		b.ReportMetric(rate, "locks/s")
		b.ReportMetric(worst.Seconds(), "s-behind")
		b.ReportMetric(perSeat*1e6, "µs-CPU/seat")
		if rate < 0.99*pushLocks {
			b.Errorf("%.0f locks/s were made; want %d", rate, pushLocks)
		}
		if worst >= pushBehindBound {
			b.Errorf("one was %v behind; want less than %v", worst, pushBehindBound)
		}
		server.stop()
	})
}

// pushEnter looks after a database before it is served.
func pushEnter(tb testing.TB, db, key string, work func(*sqlstore.Store)) {
	tb.Helper()
	keys, err := access.LoadKeyring(key)
	if err != nil {
		tb.Fatal(err)
	}
	store, err := sqlstore.Open(tb.Context(), db, keys, sqlstore.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer store.Close()
	work(store)
}
