package push

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A bureau keeps subscriptions in memory, for one relay.
type bureau struct {
	shelf
	mu      sync.Mutex
	subs    map[string]*Subscription
	held    map[string]bool
	stolen  string // is another relay's
	letters []Letter
	keeps   int
	moved   chan struct{}
}

func newBureau(subs ...Subscription) *bureau {
	b := &bureau{subs: map[string]*Subscription{}, held: map[string]bool{}, moved: make(chan struct{}, 1)}
	for _, s := range subs {
		s.State = Active
		b.subs[s.ID] = &s
	}
	return b
}

func (b *bureau) Changes(ctx context.Context, after int64, limit int) ([]boxoffice.Change, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shelf.Changes(ctx, after, limit)
}

func (b *bureau) Newest(ctx context.Context) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shelf.Newest(ctx)
}

func (b *bureau) JournalEnds(ctx context.Context) (boxoffice.JournalEnds, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shelf.JournalEnds(ctx)
}

func (b *bureau) write(entries ...*Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shelf.write(entries...)
	select {
	case b.moved <- struct{}{}:
	default:
	}
}

func (b *bureau) Story(_ context.Context, _ boxoffice.Entity, subject string, _ int64, _ int) (story []boxoffice.Change, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.rows {
		if c.Subject == subject {
			story = append(story, c)
		}
	}
	return story, nil
}

func (b *bureau) Catalog(context.Context, access.OrganizationID) (boxoffice.Catalog, error) {
	return boxoffice.Catalog{Events: []boxoffice.Event{{ID: "999:F23:F01", Organization: 999, Season: "F23", Item: "F01", Basis: boxoffice.Single, Name: "Game"}, {ID: "999:F23:F02"}}}, nil
}

func (b *bureau) Epoch() int64 { return 1 }

func (b *bureau) LookSubscriptions(context.Context, string, string, int) (Look, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	look := Look{Mine: map[string]int64{}}
	for id, s := range b.subs {
		if b.held[id] && id != b.stolen {
			look.Mine[id] = s.Lease
		} else if s.State == Active && id != b.stolen {
			look.Free = true
		}
	}
	return look, nil
}

func (b *bureau) ClaimSubscriptions(context.Context, string, int) (claimed []Subscription, _ error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, s := range b.subs {
		if !b.held[id] && s.State == Active && id != b.stolen {
			s.Lease++
			b.held[id] = true
			claimed = append(claimed, *s)
		}
	}
	return claimed, nil
}

func (b *bureau) KeepSubscriptions(_ context.Context, _ string, kept []Kept) (held []string, _ error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keeps++
	for _, k := range kept {
		if s := b.subs[k.ID]; s != nil && b.held[k.ID] && k.ID != b.stolen && s.Lease == k.Lease {
			s.Place, s.State, s.Note = k.Place, k.State, k.Note
			held = append(held, k.ID)
		}
	}
	return held, nil
}

func (b *bureau) LeaveSubscriptions(_ context.Context, _ string, ids []string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		delete(b.held, id)
	}
	return nil
}

func (b *bureau) Bury(_ context.Context, letters []Letter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range letters {
		b.letters = slices.DeleteFunc(b.letters, func(o Letter) bool { return o.Subject == l.Subject && o.Position == l.Position })
		b.letters = append(b.letters, l)
	}
	return nil
}

func (b *bureau) DeadLetters(_ context.Context, _ string, again bool, _ int) (found []Letter, _ error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.letters {
		if l.Again || !again {
			found = append(found, l)
		}
	}
	return found, nil
}

func (b *bureau) Rouse(context.Context, string) (int64, error) { return 0, nil }

func (b *bureau) Settle(_ context.Context, l Letter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters = slices.DeleteFunc(b.letters, func(o Letter) bool { return o.Subject == l.Subject && o.Position == l.Position })
	return nil
}

// change is what an operator does to a subscription.
func (b *bureau) change(id string, change func(s *Subscription)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b.subs[id])
	b.subs[id].Lease++
}

func (b *bureau) sub(id string) Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *b.subs[id]
}

// An inbox answers messages, and notes those it was sent.
type inbox struct {
	mu     sync.Mutex
	answer func(s Subscription, m Message) Answer
	got    []string
	at     []time.Time
	flying map[string]int
	most   int // messages of one subscription at once
}

func (b *inbox) Send(ctx context.Context, s Subscription, m Message) (Answer, error) {
	b.mu.Lock()
	b.got, b.at = append(b.got, fmt.Sprintf("%s %d: %s", s.ID, m.Sequence, said(&m))), append(b.at, time.Now())
	if b.flying == nil {
		b.flying = map[string]int{}
	}
	b.flying[s.ID]++
	b.most = max(b.most, b.flying[s.ID])
	b.mu.Unlock()
	a := b.answer(s, m)
	b.mu.Lock()
	b.flying[s.ID]--
	b.mu.Unlock()
	return a, ctx.Err()
}

func (b *inbox) taken() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

func always(status int) func(Subscription, Message) Answer {
	return func(Subscription, Message) Answer { return Answer{Status: status} }
}

func amtx(id string) Subscription {
	return Subscription{ID: id, View: View{Channel: "amtx"}, Topic: seatsOf999}
}

// A wound clock is ahead of the bubble's, so that days pass without the ticks of
// days.
type wound struct {
	ahead atomic.Int64
	relay *Relay
	log   bytes.Buffer
}

func (w *wound) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// to goes on to a time, by every attempt that is due until then.
func (w *wound) to(b *bureau, id string, at time.Time) {
	for w.now().Before(at) {
		next := at
		if due := b.sub(id).Due; due.After(w.now()) && due.Before(at) {
			next = due
		}
		w.ahead.Add(int64(next.Sub(w.now())))
		w.relay.Wake()
		pass(time.Second)
	}
}

// relaying runs a relay in a bubble until the test is over.
func relaying(t *testing.T, b *bureau, box *inbox) *wound {
	t.Helper()
	w := &wound{}
	logger := slog.New(slog.NewTextHandler(&w.log, nil))
	tail := NewTail(b, b.moved, logger)
	relay := NewRelay(b, tail, box, logger, RelayOptions{Clock: w.now})
	w.relay = relay
	ctx, stop := context.WithCancel(t.Context())
	var parts sync.WaitGroup
	parts.Go(func() { _ = tail.Run(ctx) })
	parts.Go(func() { _ = relay.Run(ctx) })
	t.Cleanup(func() { stop(); parts.Wait() })
	return w
}

// pass lets time pass in the bubble.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func want(t *testing.T, box *inbox, lines ...string) {
	t.Helper()
	if got := box.taken(); !slices.Equal(got, lines) {
		t.Errorf("the subscriber was sent\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

func TestChangesGoOutInOrderAndTheCursorFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := newBureau(amtx("S")), &inbox{answer: always(http.StatusNoContent)}
		relaying(t, b, box)
		pass(time.Second)
		b.write(stepsOf(1, "A lock", "B lock")...)
		pass(time.Second)
		b.write(stepsOf(3, "A ours")...) // free before: silent
		pass(time.Second)
		b.write(stepsOf(4, "C lock")...)
		pass(time.Second)
		want(t, box, "S 2: A LOCK, B LOCK", "S 4: C LOCK")
		if s := b.sub("S"); s.Cursor != 4 || s.Attempts != 0 || s.Delivered.IsZero() {
			t.Errorf("its place is %+v; want the cursor at 4", s.Place)
		}
	})
}

// Three days of outage, then everything, in order, in messages that are full.
func TestAnOutageOfThreeDaysLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := newBureau(amtx("S")), &inbox{}
		var clock *wound
		back := time.Now().Add(72 * time.Hour)
		box.answer = func(Subscription, Message) Answer {
			if clock.now().Before(back) {
				return Answer{}
			}
			return Answer{Status: http.StatusOK}
		}
		clock = relaying(t, b, box)
		var steps []string
		for n := range 250 {
			steps = append(steps, fmt.Sprintf("%d lock", n))
		}
		b.write(stepsOf(1, steps...)...)
		pass(time.Second)
		clock.to(b, "S", back.Add(10*time.Hour))
		got := box.taken()
		tries := 0
		for _, line := range got {
			if strings.HasPrefix(line, "S 100:") {
				tries++
			}
		}
		if tries < 17 || tries > 20 {
			t.Errorf("the first message was tried %d times; want about 18", tries)
		}
		if n := len(got); n != tries+2 || !strings.HasPrefix(got[n-2], "S 200:") || !strings.HasPrefix(got[n-1], "S 250:") {
			t.Errorf("after it came %v; want messages to 200 and to 250", got[tries:])
		}
		if s := b.sub("S"); s.Cursor != 250 || s.State != Active || !s.Failing.IsZero() {
			t.Errorf("it ends at %+v, %s; want 250, active, well", s.Place, s.State)
		}
		if n := strings.Count(clock.log.String(), "takes nothing"); n != 1 {
			t.Errorf("the log says %d times that it takes nothing; want once", n)
		}
	})
}

func TestWhoTakesNothingForFiveDaysIsDisabledAndKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := newBureau(amtx("S")), &inbox{answer: always(http.StatusBadGateway)}
		clock := relaying(t, b, box)
		b.write(stepsOf(1, "A lock")...)
		pass(time.Second)
		clock.to(b, "S", clock.now().Add(4*24*time.Hour))
		if s := b.sub("S"); s.State != Active || s.Note != "5xx" || s.Flight != 1 {
			t.Errorf("after 4 days it is %s, %q, %+v; want active, 5xx, message 1 in flight", s.State, s.Note, s.Place)
		}
		clock.to(b, "S", clock.now().Add(36*time.Hour))
		if s := b.sub("S"); s.State != Disabled || s.Cursor != 0 {
			t.Errorf("after 5.5 days it is %s at %d; want disabled at 0", s.State, s.Cursor)
		}
		sent := len(box.taken())
		box.answer = always(http.StatusNoContent)
		clock.to(b, "S", clock.now().Add(48*time.Hour))
		if n := len(box.taken()); n != sent {
			t.Errorf("it was sent %d messages while it was disabled", n-sent)
		}
		b.change("S", func(s *Subscription) { s.State, s.Place = Active, Place{Cursor: s.Cursor} })
		pass(time.Second)
		if s := b.sub("S"); s.Cursor != 1 || len(box.taken()) != sent+1 {
			t.Errorf("resumed, it is at %d after %d messages; want what it had missed", s.Cursor, len(box.taken())-sent)
		}
	})
}

func TestARefusedMessageIsSentSeatBySeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity} {
			bad := true
			box := &inbox{answer: func(_ Subscription, m Message) Answer {
				if bad && strings.Contains(said(&m), "B ") {
					return Answer{Status: status}
				}
				return Answer{Status: http.StatusNoContent}
			}}
			b := newBureau(amtx("S"))
			relaying(t, b, box)
			b.write(stepsOf(1, "A lock", "B lock", "C sold", "A free")...)
			pass(time.Second)
			want(t, box, "S 4: A UNLOCK, B LOCK, C LOCK, C UNLOCK", "S 2: B LOCK", "S 3: C LOCK, C UNLOCK", "S 4: A UNLOCK")
			if len(b.letters) != 1 || b.letters[0].Subject != "TB" || b.letters[0].Position != 2 || b.letters[0].Note != "4xx" {
				t.Errorf("dead letters: %+v; want seat B alone", b.letters)
			}
			if s := b.sub("S"); s.Cursor != 4 {
				t.Errorf("the cursor is at %d; want 4", s.Cursor)
			}
			// Told again, it is told as it stands, and goes before what is new.
			bad = false
			b.write(stepsOf(5, "B sold")...)
			pass(time.Second)
			b.letters[0].Again = true
			b.change("S", func(*Subscription) {})
			pass(2 * time.Second)
			if got := box.taken(); len(got) != 6 || got[5] != "S 5: B LOCK, B UNLOCK" || len(b.letters) != 0 {
				t.Errorf("told again: %v, letters left %v; want how B stands at 5", got[4:], b.letters)
			}
		}
	})
}

func TestGoneIsDisabledAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := newBureau(amtx("S")), &inbox{answer: always(http.StatusGone)}
		clock := relaying(t, b, box)
		b.write(stepsOf(1, "A lock")...)
		pass(10 * time.Second)
		if s := b.sub("S"); s.State != Disabled || s.Cursor != 0 || len(box.taken()) != 1 {
			t.Errorf("it is %s at %d after %d messages; want disabled after one", s.State, s.Cursor, len(box.taken()))
		}
		if !strings.Contains(clock.log.String(), "served no longer") {
			t.Errorf("the log does not tell: %s", &clock.log)
		}
	})
}

func TestRowsThatAreGoneAreNeverSkippedSilently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := newBureau(amtx("S")), &inbox{answer: always(http.StatusNoContent)}
		b.write(stepsOf(1, "A lock", "B lock", "C lock")...)
		b.first = 3
		relaying(t, b, box)
		pass(time.Second)
		if s := b.sub("S"); s.State != Resync || s.Cursor != 0 || len(box.taken()) != 0 {
			t.Errorf("it is %s at %d, and was sent %v; want resync, nothing sent", s.State, s.Cursor, box.taken())
		}
	})
}

func TestWhoIsAskedTooMuchIsAskedLessAndThenMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		box := &inbox{answer: func(Subscription, Message) Answer {
			if calls++; calls == 1 {
				return Answer{Status: http.StatusTooManyRequests, RetryAfter: time.Minute}
			}
			return Answer{Status: http.StatusNoContent}
		}}
		b := newBureau(amtx("S"))
		relaying(t, b, box)
		var steps []string
		for n := range 2000 {
			steps = append(steps, fmt.Sprintf("%d lock", n))
		}
		b.write(stepsOf(1, steps...)...)
		pass(90 * time.Second)
		if len(box.at) != 21 {
			t.Fatalf("it was sent %d messages; want 21", len(box.at))
		}
		if wait := box.at[1].Sub(box.at[0]); wait < time.Minute || wait > 62*time.Second {
			t.Errorf("after 429 with Retry-After of a minute it was left alone for %v", wait)
		}
		second, last := box.at[2].Sub(box.at[1]), box.at[20].Sub(box.at[19])
		if second < 80*time.Millisecond || last != 0 {
			t.Errorf("then %v lay between two messages and %v at the end; want 90ms, then none", second, last)
		}
	})
}

func TestASickSubscriberHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		healthy := amtx("healthy")
		healthy.Delivered = time.Now()
		subs := []Subscription{healthy}
		for n := range MostSends + 100 { // more than are sent to at once
			subs = append(subs, amtx(fmt.Sprint("sick-", n)))
		}
		var took []time.Duration
		wrote := time.Now()
		box := &inbox{answer: func(s Subscription, _ Message) Answer {
			if s.ID != "healthy" {
				time.Sleep(totalTime) //nolint:forbidigo // of the bubble: the receiver hangs
				return Answer{}
			}
			took = append(took, time.Since(wrote))
			return Answer{Status: http.StatusNoContent}
		}}
		b := newBureau(subs...)
		relaying(t, b, box)
		pass(time.Second)
		for n := range 100 {
			wrote = time.Now()
			b.write(stepsOf(int64(n+1), fmt.Sprintf("%d lock", n))...)
			pass(300 * time.Millisecond)
		}
		if len(took) != 100 || slices.Max(took) > 0 {
			t.Errorf("%d messages came, the slowest after %v; want 100, each at once", len(took), slices.Max(took))
		}
		if box.most != 1 {
			t.Errorf("%d messages of one subscription were in flight at once", box.most)
		}
		if b.keeps > 5*40 {
			t.Errorf("places were written down %d times in 31 s; want at most 5 a second", b.keeps)
		}
	})
}

// One that refuses all it is told is told less often, and loses nothing else.
func TestWhoRefusesEverythingIsToldSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var status atomic.Int32
		status.Store(http.StatusBadRequest)
		box := &inbox{answer: func(Subscription, Message) Answer { return Answer{Status: int(status.Load())} }}
		b := newBureau(amtx("S"))
		relaying(t, b, box)
		for n := range 1000 {
			b.write(stepsOf(int64(n+1), fmt.Sprintf("%d lock", n))...)
			pass(10 * time.Millisecond)
		}
		if n := len(box.taken()); n < 10 || n > 100 {
			t.Errorf("in ten seconds it was sent %d messages; want some, but not a thousand", n)
		}
		status.Store(http.StatusNoContent)
		pass(2 * time.Minute) // a second for each seat of the message that was refused
		pass(2 * time.Minute)
		told := len(box.taken())
		if s := b.sub("S"); s.Cursor != 1000 || len(b.letters) == 0 || len(b.letters) >= 1000 {
			t.Errorf("it is at %d, with %d letters; want 1000, and those alone that it refused", s.Cursor, len(b.letters))
		}
		b.write(stepsOf(1001, "A lock")...)
		pass(2 * time.Second)
		if len(box.taken()) != told+1 {
			t.Errorf("it was sent %d messages of a new seat; want one", len(box.taken())-told)
		}
	})
}

// Who answers without end took the message, and is left alone for a while.
func TestWhoAnswersWithoutEndIsToldSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &inbox{answer: func(Subscription, Message) Answer { return Answer{Status: http.StatusOK, Overlong: true} }}
		b := newBureau(amtx("S"))
		relaying(t, b, box)
		for n := range 1000 {
			b.write(stepsOf(int64(n+1), fmt.Sprintf("%d lock", n))...)
			pass(10 * time.Millisecond)
		}
		pass(35 * time.Second)
		if n := len(box.taken()); n < 10 || n > 20 {
			t.Errorf("in 45 seconds it was sent %d messages; want one in three seconds, and some more at first", n)
		}
		if s := b.sub("S"); s.Cursor != 1000 {
			t.Errorf("the cursor is at %d; want 1000", s.Cursor)
		}
	})
}

// Who failed together does not come again together: between two attempts at those that
// did not take the last there is room for everybody else.
func TestAttemptsAtTheSickBeginOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sick = 200
		var (
			mu     sync.Mutex
			told   time.Time // the healthy one
			begins []time.Time
		)
		box := &inbox{answer: func(s Subscription, _ Message) Answer {
			mu.Lock()
			defer mu.Unlock()
			if s.ID == "HEALTHY" {
				told = time.Now()
				return Answer{Status: http.StatusNoContent}
			}
			begins = append(begins, time.Now())
			return Answer{Status: http.StatusInternalServerError}
		}}
		healthy := amtx("HEALTHY")
		healthy.Delivered = time.Now()
		subs := []Subscription{healthy}
		for n := range sick {
			subs = append(subs, amtx(fmt.Sprint("SICK", n)))
		}
		b := newBureau(subs...)
		relaying(t, b, box)
		pass(time.Second)
		written := time.Now()
		b.write(stepsOf(1, "A lock")...)
		pass(30 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if waited := told.Sub(written); waited > 10*time.Millisecond {
			t.Errorf("the healthy one waited %v beside the sick", waited)
		}
		if len(begins) < 2*sick {
			t.Fatalf("%d attempts at %d sick; want each to be tried again", len(begins), sick)
		}
		for n := 1; n < len(begins); n++ {
			if apart := begins[n].Sub(begins[n-1]); apart < doubtfulEvery {
				t.Fatalf("two attempts began within %v", apart)
			}
		}
	})
}

// Where many subscriptions take message after message, more stands in each of them;
// where there is one, or little to tell, nothing is held up.
func TestManySubscriptionsGatherWhatTheyAreTold(t *testing.T) {
	for _, tt := range []struct{ subscriptions, fewest, most int }{
		{1, 1_000, 1_000},    // messages, of 1,000 rows
		{100, 1_000, 20_000}, // half of them before it is noticed; without, 100,000
	} {
		synctest.Test(t, func(t *testing.T) {
			var subs []Subscription
			for n := range tt.subscriptions {
				subs = append(subs, amtx(fmt.Sprint("S", n)))
			}
			b, box := newBureau(subs...), &inbox{answer: always(http.StatusNoContent)}
			relaying(t, b, box)
			pass(time.Second)
			for n := range 1000 {
				b.write(stepsOf(int64(n+1), fmt.Sprintf("%d lock", n))...)
				pass(2 * time.Millisecond)
			}
			pass(time.Second)
			if n := len(box.taken()); n < tt.fewest || n > tt.most {
				t.Errorf("%d subscriptions were sent %d messages; want %d to %d", tt.subscriptions, n, tt.fewest, tt.most)
			}
			for _, s := range subs {
				if at := b.sub(s.ID).Cursor; at != 1000 {
					t.Errorf("%s is at %d; want 1000", s.ID, at)
				}
			}
		})
	}
}

func TestWhoLosesTheLeaseIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, box := newBureau(amtx("S"), amtx("P")), &inbox{answer: always(http.StatusNoContent)}
		relaying(t, b, box)
		pass(time.Second)
		b.change("S", func(*Subscription) { b.stolen = "S" })
		b.change("P", func(s *Subscription) { s.State = Paused })
		pass(time.Second)
		b.write(stepsOf(1, "A lock")...)
		pass(10 * time.Second)
		want(t, box)
		if s := b.sub("S"); s.Cursor != 0 {
			t.Errorf("it moved the cursor of another's subscription to %d", s.Cursor)
		}
		b.change("P", func(s *Subscription) { s.State = Active })
		pass(time.Second)
		want(t, box, "P 1: A LOCK")
	})
}

func TestAnEventIsToldAsItStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sub := amtx("S")
		sub.Entity = boxoffice.Events
		var bodies []string
		box := &inbox{answer: func(_ Subscription, m Message) Answer {
			bodies = append(bodies, string(m.Body()))
			return Answer{Status: http.StatusNoContent}
		}}
		b := newBureau(sub)
		relaying(t, b, box)
		pass(time.Second)
		event := func(subject string) *Entry {
			return &Entry{Change: boxoffice.Change{Organization: 999, Entity: boxoffice.Events, Subject: subject}}
		}
		filled := event("999:F23:F02")
		filled.What, filled.Version = boxoffice.Loaded, 2
		b.write(event("999:F23:F01"), event("999:F23:F01"), event("999:F23:GONE"), filled)
		pass(time.Second)
		const want = `{"data":{"events":[{"accessId":"999:F23:F01","seasonCode":"F23","itemCode":"F01","itemBasis":"SINGLE","itemName":"Game",` +
			`"startDate":"","startTime":"","endDate":"","endTime":"","facilityCode":"","facilityName":""}]},` +
			`"metadata":{"messageEntity":"events","pacOrganizationId":999,"requestId":"999-events-1-4"}}`
		if len(bodies) != 1 || bodies[0] != want {
			t.Errorf("it was sent %v; want\n%s", bodies, want)
		}
	})
}
