package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/link/receive"
)

var messages = []clause{
	{"a subscriber that was away for 72 hours, then slow, then killed before it answered, ends equal to the books", subscriberEndsEqual},
	{"a replay from the beginning tells the books to a subscriber that has lost everything", replayTellsAll},
	{"a snapshot and the feed from its position on are the books, while others trade", snapshotAndFeed},
}

// A market is a subscriber that keeps a map of seats by the messages it takes,
// with the place up to which it has taken them.
type market struct {
	*httptest.Server
	mu     sync.Mutex
	locked map[boxoffice.Token]bool
	place  receive.Place
	taken  []receive.Message
	token  map[string]boxoffice.Token // by event, section, row and seat

	handler  atomic.Pointer[receive.Handler]
	inFlight atomic.Int64
	crowded  atomic.Bool
	requests atomic.Int64
	mood     atomic.Pointer[func(next func())] // what befalls a request
}

func openMarket(t *testing.T, s *scene) *market {
	t.Helper()
	m := &market{locked: map[boxoffice.Token]bool{}, token: map[string]boxoffice.Token{}}
	for n := range seats {
		m.token[fmt.Sprint(game, "U:1", n/20, "/", n%20)] = seat(n)
		m.token[fmt.Sprint(laterGame, "U:1", n/20, "/", n%20)] = laterSeat(n)
	}
	m.restart()
	m.be(func(next func()) { next() })
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.requests.Add(1)
		if m.inFlight.Add(1) > 1 {
			m.crowded.Store(true)
		}
		defer m.inFlight.Add(-1)
		(*m.mood.Load())(func() { m.handler.Load().ServeHTTP(w, r) })
	}))
	t.Cleanup(m.Close)
	s.enrol()
	sub := subscribing("A")
	sub.Endpoint, sub.Echo = m.URL, false
	_, err := s.store.AddSubscription(background, sub)
	must(t, "add a subscription", err)
	return m
}

func (m *market) be(mood func(next func())) { m.mood.Store(&mood) }

// restart begins a new process over what the market has kept.
func (m *market) restart() {
	h := receive.New(receive.Options{User: "canary-user", Password: "canary-password"}, func(_ context.Context, got receive.Message) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, s := range got.Seats {
			m.locked[m.token[s.AccessID+s.Section+s.Row+"/"+s.Seat]] = s.Status == receive.Lock
		}
		m.place, m.taken = got.Place, append(m.taken, got)
		return nil
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	h.Resume(int64(home), "seats", m.place)
	m.handler.Store(h)
}

// A staff is a process's relay and its clock.
type staff struct {
	relays []*push.Relay
	ahead  atomic.Int64
}

func (s *staff) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// work has a relay in each process, until the test ends.
func work(t *testing.T, stores ...Store) *staff {
	t.Helper()
	made := &staff{}
	ctx, stop := context.WithCancel(background)
	var parts sync.WaitGroup
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	for _, store := range stores {
		tail := push.NewTail(store, store.Follow(ctx), log)
		relay := push.NewRelay(store, tail, push.NewWebhook(push.NewDoor(push.Rules{Sandbox: true}), made.now), log, push.RelayOptions{Clock: made.now})
		made.relays = append(made.relays, relay)
		parts.Go(func() { _ = tail.Run(ctx) })
		parts.Go(func() { _ = relay.Run(ctx) })
	}
	t.Cleanup(func() { stop(); parts.Wait() })
	return made
}

// trading does what partners do, at random, in some tickets, many at once.
func (s *scene) trading(round uint64, acts int) {
	s.t.Helper()
	const callers = 10
	var work sync.WaitGroup
	for caller := range callers {
		random := rand.New(rand.NewPCG(round, uint64(caller)))
		work.Go(func() {
			for n := range acts / callers {
				if err := s.trade(random, fmt.Sprint(round, "-", caller, "-", n)); err != nil {
					s.t.Errorf("trade: %v", err)
				}
			}
		})
	}
	work.Wait()
}

func (s *scene) trade(random *rand.Rand, name string) (err error) {
	channel := []access.Channel{"amtx", "other"}[random.IntN(2)]
	token := []func(int) boxoffice.Token{seat, laterSeat}[random.IntN(2)](random.IntN(30))
	switch random.IntN(5) {
	case 0, 1:
		_, err = s.office.Lock(background, partner(channel), locking(token))
	case 2:
		_, err = s.office.Unlock(background, partner(channel), []boxoffice.Token{token})
	case 3:
		_, err = s.office.Complete(background, partner(channel), cart("O-"+name, mailed("buyer"+name+"@example.com"), token))
	case 4:
		err = s.store.Do(background, touch(token))
	}
	return err
}

// equal waits until nothing is owed to the market, and compares it with the books.
func (m *market) equal(t *testing.T, s *scene) {
	t.Helper()
	rows := number(t, s.db, `SELECT COUNT(*) FROM journal`)
	eventually(t, "nothing is owed", func() bool {
		l := s.lag("A")
		return l.Rows == 0 && l.Cursor == rows
	})
	view := push.View{Channel: "amtx"}
	m.mu.Lock()
	defer m.mu.Unlock()
	for token, locked := range m.locked {
		if want := view.Of(s.ticket(token).Standing()) == push.Lock; locked != want {
			t.Errorf("the market holds %s for locked: %v; the books say %v", token, locked, want)
		}
	}
	// What it took is what the journal says at each message's place: nothing that
	// was not committed, nothing out of its order.
	story := map[boxoffice.Token][]boxoffice.Change{}
	for _, c := range s.changes(int(rows)) {
		story[boxoffice.Token(c.Subject)] = append(story[boxoffice.Token(c.Subject)], c)
	}
	for _, got := range m.taken {
		newest := map[boxoffice.Token]string{}
		for _, told := range got.Seats {
			newest[m.token[told.AccessID+told.Section+told.Row+"/"+told.Seat]] = told.Status
		}
		for token, status := range newest {
			want := push.Status("nothing")
			for _, c := range story[token] {
				if c.Position <= got.Sequence {
					want = view.Of(c.After)
				}
			}
			if status != string(want) {
				t.Errorf("message %d says %s of %s; the journal says %s there", got.Sequence, status, token, want)
			}
		}
	}
	for token, changes := range story {
		last := changes[len(changes)-1]
		if last.Entity == boxoffice.Seats && last.Organization == home && view.Of(last.After) == push.Lock && !m.locked[token] {
			t.Errorf("the market never heard that %s may not be listed", token)
		}
	}
	if m.crowded.Load() {
		t.Error("two messages were in flight at once")
	}
}

func subscriberEndsEqual(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	s.changes(3)
	m := openMarket(t, s)
	staff := work(t, s.store, beside.store)

	// Away for 72 hours: the clock goes on from attempt to attempt.
	m.be(func(func()) { <-time.After(5 * time.Millisecond); panic(http.ErrAbortHandler) })
	s.trading(1, 60)
	for end := staff.now().Add(72 * time.Hour); staff.now().Before(end); {
		tried := m.requests.Load()
		eventually(t, "an attempt is due", func() bool { return s.lag("A").Due.After(staff.now()) || m.requests.Load() > tried })
		staff.ahead.Add(int64(max(s.lag("A").Due.Sub(staff.now()), 0)))
		for _, relay := range staff.relays {
			relay.Wake()
		}
		eventually(t, "the attempt is made", func() bool { return m.requests.Load() > tried })
	}
	// What the last attempt met is judged by the clock as it is then. Were it put on
	// before, the next attempt would be eight hours after the time we put it on to.
	eventually(t, "the last attempt is judged", func() bool { return s.lag("A").Due.After(staff.now()) })
	if l := s.lag("A"); l.State != push.Active || len(m.taken) != 0 {
		t.Fatalf("after 72 hours it is %s and took %d messages; want active, none", l.State, len(m.taken))
	}
	attempts := m.requests.Load()
	if attempts < 15 || attempts > 22 {
		t.Errorf("in 72 hours it was tried %d times; want about 18", attempts)
	}

	// Slow, while trade goes on.
	m.be(func(next func()) { <-time.After(5 * time.Millisecond); next() })
	staff.ahead.Add(int64(12 * time.Hour))
	for _, relay := range staff.relays {
		relay.Wake()
	}
	s.trading(2, 60)

	// Killed between receiving and answering, again and again.
	var kills atomic.Int64
	m.be(func(next func()) {
		next()
		if kills.Add(1)%2 == 1 {
			m.restart()
			panic(http.ErrAbortHandler)
		}
	})
	for round := range uint64(4) {
		beside.trading(3+round, 20)
		eventually(t, "it has taken what it was told, killed or not", func() bool {
			staff.ahead.Add(int64(time.Second)) // the next attempt is due
			for _, relay := range staff.relays {
				relay.Wake()
			}
			return s.lag("A").Rows == 0
		})
	}
	m.equal(t, s)
	if kills.Load() < 2 {
		t.Errorf("it was killed %d times", kills.Load())
	}
}

func replayTellsAll(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.changes(3)
	m := openMarket(t, s)
	work(t, s.store)
	s.trading(20, 80)
	m.equal(t, s)
	m.mu.Lock()
	m.locked, m.place, m.taken = map[boxoffice.Token]bool{}, receive.Place{}, nil
	m.mu.Unlock()
	m.restart()
	replay := push.Replay{Subscriptions: s.store, Letters: s.store, Journal: s.store}
	sub, err := replay.From(background, "A", 4)
	if err != nil || sub.Cursor != 3 {
		t.Fatalf("From(4) = %d, %v; want the cursor at 3", sub.Cursor, err)
	}
	m.equal(t, s)
	// A range is told as it stands, and takes nothing back.
	m.mu.Lock()
	before := len(m.taken)
	m.mu.Unlock()
	n, err := replay.Range(background, "A", 4, 20)
	if err != nil || n < 1 {
		t.Fatalf("Range(4, 20) = %d, %v; want some seats", n, err)
	}
	eventually(t, "the range was told again", func() bool { m.mu.Lock(); defer m.mu.Unlock(); return int64(len(m.taken)-before) == n })
	eventually(t, "its letters are settled", func() bool { return s.lag("A").Dead == 0 })
	m.equal(t, s)
}

func newest(t *testing.T, journal boxoffice.Journal) int64 {
	t.Helper()
	position, err := journal.Newest(background)
	must(t, "newest", err)
	return position
}

// snapshotAndFeed reads a snapshot while others trade, then the feed from its
// position on, and ends with the books.
func snapshotAndFeed(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	ctx, stop := context.WithCancel(background)
	tail := push.NewTail(s.store, s.store.Follow(ctx), slog.New(slog.DiscardHandler))
	var parts sync.WaitGroup
	parts.Go(func() { _ = tail.Run(ctx) })
	t.Cleanup(func() { stop(); parts.Wait() })
	feed := push.NewFeed(tail, s.store, s.store, s.store.Epoch())
	if _, err := feed.Snapshot(background, "998:F26:NONE"); !errors.Is(err, fault.EventUnknown) {
		t.Errorf("a snapshot of no event: %v; want %v", err, fault.EventUnknown)
	}
	var trade sync.WaitGroup
	trade.Go(func() { s.trading(40, 60) })
	view := push.View{Channel: "amtx"}
	eventually(t, "trade has begun", func() bool { return newest(t, s.store) > 3 })
	snap, err := feed.Snapshot(background, game)
	must(t, "snapshot", err)
	if len(snap.Seats) != seats || snap.Organization != home {
		t.Fatalf("the snapshot has %d seats of %d; want %d of %d", len(snap.Seats), snap.Organization, seats, home)
	}
	trade.Wait()
	known := map[string]string{}
	for _, at := range snap.Seats {
		known[at.Row+"/"+at.Seat] = string(view.Of(at.Standing))
	}
	rows := number(t, s.db, `SELECT COUNT(*) FROM journal`)
	eventually(t, "the feed has all rows", func() bool { return newest(t, s.store) == rows })
	for after, more := snap.Position, true; more; {
		page, err := feed.Page(background, push.Topic{Organization: home, Entity: boxoffice.Seats}, view, after, 7)
		must(t, "page", err)
		var told []receive.Seat
		must(t, "read a page", json.Unmarshal(fmt.Appendf(nil, "[%s]", page.Elements()), &told))
		for _, seat := range told {
			if seat.AccessID == string(game) {
				known[seat.Row+"/"+seat.Seat] = seat.Status
			}
		}
		after, more = page.Sequence, page.More
	}
	for n := range seats {
		want := string(view.Of(s.ticket(seat(n)).Standing()))
		if got := known[fmt.Sprint(n/20, "/", n%20)]; got != want {
			t.Errorf("seat %d is known for %s; the books say %s", n, got, want)
		}
		if n == 40 {
			break // trade is in the first 30
		}
	}
}
