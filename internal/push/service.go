package push

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

const (
	// giveUpAfter is how long a subscription may take nothing at all before it is
	// disabled. Its place is kept.
	giveUpAfter = 5 * 24 * time.Hour
	// noticeAfter is when a line in the log says that one takes nothing.
	noticeAfter = 10 * time.Minute
	// A subscriber that says it is asked too much (429, 503) is left alone between
	// two messages: from gapFirst on twice as long each time, and with each success
	// gapStep less, so its rate halves at once and grows slowly.
	gapFirst = 100 * time.Millisecond
	gapMost  = 10 * time.Second
	gapStep  = 10 * time.Millisecond
	// How long one is left alone at most that refuses all it is told, and one that answers
	// without end: they would have us do so as fast as we can. The first thing that it
	// takes as it should ends this.
	gapRefusing = time.Second
	gapEndless  = 3 * time.Second
	// A process that sends more than gatherFrom messages in saveEvery has each
	// subscription leave a pause between two, so that more stands in each: a message costs
	// as much as some fifty seats. The pause is gatherEach for each of those that took
	// something lately; what would be full waits for nothing.
	gatherFrom = 400
	gatherEach = 500 * time.Microsecond
	gatherMost = 150 * time.Millisecond
	// waitAtMost bounds each wait, after which the clock is read again.
	waitAtMost = time.Second
	// readAgain is the pause after the journal could not be read.
	readAgain = time.Second
	// lettersAtOnce are told again before it goes on with what is new.
	lettersAtOnce = 100
	// longestStory is how many changes of one seat are looked through.
	longestStory = 10_000
)

// A service carries one subscription on, as long as this process has its lease.
type service struct {
	relay   *Relay
	sub     Subscription // but for its place, state and note, which are behind mu
	stop    context.CancelFunc
	done    chan struct{}
	rush    chan struct{}
	pending []*Entry // read and not yet told
	read    int64    // the last row that was read
	letters bool     // there may be letters to tell again
	sent    time.Time
	took    atomic.Bool // something, since the relay counted
	gap     time.Duration
	costly  bool // the gap is for what the last answers cost us
	noticed bool
	well    bool // the last attempt was a success that cost us little, and none has failed since

	mu      sync.Mutex
	now     Kept
	dead    []Letter  // that are to be written down, before the place behind them is
	changed bool      // since it was written down
	renewed time.Time // when the lease was last renewed
	until   time.Time // the lease's end, by our own clock
}

func newService(r *Relay, sub Subscription, until time.Time) *service {
	return &service{
		relay: r, sub: sub, done: make(chan struct{}), rush: make(chan struct{}, 1), read: sub.Cursor, letters: true,
		well: !sub.Delivered.IsZero() && sub.Failing.IsZero(),
		now:  Kept{ID: sub.ID, Lease: sub.Lease, State: sub.State, Note: sub.Note, Place: sub.Place}, renewed: time.Now(), until: until,
	}
}

// hurry has it look at the clock and the journal at once.
func (s *service) hurry() {
	select {
	case s.rush <- struct{}{}:
	default:
	}
}

func (s *service) state() Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// become changes what is to be written down.
func (s *service) become(change func(k *Kept)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.now)
	s.changed = true
}

// waits reports whether there is something to write down at a moment, or a lease to
// renew, and when that was last done.
func (s *service) waits(at time.Time) (since time.Time, does bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renewed, s.changed || at.Sub(s.renewed) >= renewEvery
}

// news is what is to be written down, and the letters that must be before.
func (s *service) news() (Kept, []Letter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = false
	return s.now, slices.Clone(s.dead)
}

// buried forgets letters that were written down, the oldest.
func (s *service) buried(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = slices.Delete(s.dead, 0, n)
}

func (s *service) saved(until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewed, s.until = time.Now(), until
}

func (s *service) unsaved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = true
}

// mayBegin reports whether the lease lasts for an attempt.
func (s *service) mayBegin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Until(s.until) > leaseSpare
}

// run tells what there is to tell until ctx ends or the subscription is no longer
// active.
func (s *service) run(ctx context.Context) {
	for ctx.Err() == nil {
		k := s.state()
		if k.State != Active {
			return
		}
		if !s.mayBegin() {
			s.wait(ctx, saveEvery, nil)
			continue
		}
		if wait := k.Due.Sub(s.relay.clock()); wait > 0 {
			s.wait(ctx, wait, nil)
			continue
		}
		if err := s.turn(ctx, k); err != nil && ctx.Err() == nil {
			if fault.Of(err) == nil { // a store that is away has said so itself
				s.relay.log.ErrorContext(ctx, "serving a subscription failed", "subscription", s.sub.ID, "err", err)
			}
			s.wait(ctx, readAgain, nil)
		}
	}
}

// wait returns after a while, when something was grown, or when it is hurried.
func (s *service) wait(ctx context.Context, d time.Duration, grown <-chan struct{}) {
	timer := time.NewTimer(min(d, waitAtMost))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-grown:
	case <-s.rush:
	case <-ctx.Done():
	}
}

// turn makes at most one message and sends it.
func (s *service) turn(ctx context.Context, k Kept) error {
	if s.letters {
		return s.tellAgain(ctx, k)
	}
	if len(s.pending) == 0 {
		if wait := s.relay.gather() - time.Since(s.sent); wait > 0 {
			rest(ctx, wait)
		}
		entries, grown, err := s.relay.tail.After(ctx, s.read, readAtOnce)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			s.wait(ctx, waitAtMost, grown)
			return nil
		}
		if entries[0].Position != s.read+1 {
			s.end(ctx, Resync, "rows that it had not heard are no longer kept")
			return nil
		}
		s.pending, s.read = entries, entries[len(entries)-1].Position
	}
	d := newDraft(s.sub.Topic, s.sub.View, s.relay.post.Epoch(), MostSeats)
	taken := 0
	for _, e := range s.pending {
		if k.Flight > 0 && e.Position > k.Flight || !d.add(e) {
			break
		}
		taken++
	}
	if taken == 0 { // the message in flight is behind us: a replay has moved the cursor beyond it
		s.become(func(k *Kept) { k.Flight = 0 })
		return nil
	}
	if err := d.fill(ctx, s.relay.post); err != nil {
		return err
	}
	passed, err := true, error(nil)
	if !d.Empty() {
		passed, err = s.deliver(ctx, &d.Message)
	}
	if passed && err == nil {
		s.pending = s.pending[taken:]
		s.become(func(k *Kept) { k.Cursor, k.Flight = d.Sequence, 0 })
	}
	return err
}

// deliver sends a message, and where its content is refused each element by
// itself. It returns false where all of it is to be sent again.
func (s *service) deliver(ctx context.Context, m *Message) (passed bool, err error) {
	answer, err := s.send(ctx, m)
	if err != nil {
		return false, err
	}
	if !refused(answer) {
		return s.judge(ctx, m, answer), nil
	}
	var dead []Letter
	all := m.split()
	for n, one := range all {
		if len(m.elements) > 1 { // alone it was refused just now
			if answer, err = s.send(ctx, &one); err != nil {
				return false, err
			}
		}
		switch {
		case refused(answer):
			if len(dead) == n { // so far it took none of them
				s.costs(gapRefusing)
			}
			dead = append(dead, Letter{Subscription: s.sub.ID, Subject: one.elements[0].subject, Position: one.Sequence, Note: met(answer), At: s.relay.clock()})
		case !s.judge(ctx, m, answer):
			return false, nil
		}
	}
	if len(dead) > 0 {
		s.relay.log.WarnContext(ctx, "a subscriber refuses seats or events", "subscription", s.sub.ID, "channel", s.sub.Channel, "letters", len(dead))
		note := dead[len(dead)-1].Note
		s.become(func(k *Kept) { k.Note = note; s.dead = append(s.dead, dead...) })
	}
	return true, nil
}

// costs leaves a subscriber alone for longer, up to a bound.
func (s *service) costs(most time.Duration) {
	s.gap, s.costly = max(s.gap, min(max(2*s.gap, gapFirst), most)), true
}

// refused reports whether an answer says that the message is wrong.
func refused(a Answer) bool {
	return a.Status == http.StatusBadRequest || a.Status == http.StatusRequestEntityTooLarge || a.Status == http.StatusUnprocessableEntity
}

// send makes one attempt. An error is ours: the attempt was cut short.
func (s *service) send(ctx context.Context, m *Message) (Answer, error) {
	switch {
	case s.costly:
		rest(ctx, stray(s.gap, rand.Float64())) //nolint:gosec // spreads load, hides nothing
	case s.gap > 0:
		rest(ctx, s.gap)
	}
	if !s.well {
		if !enter(ctx, s.relay.doubtful) {
			return Answer{}, ctx.Err()
		}
		defer leave(s.relay.doubtful)
		if !s.relay.doubt(ctx) {
			return Answer{}, ctx.Err()
		}
	}
	if !enter(ctx, s.relay.sends) {
		return Answer{}, ctx.Err()
	}
	defer leave(s.relay.sends)
	answer, err := s.relay.sender.Send(ctx, s.sub, *m)
	if err != nil && ctx.Err() != nil {
		return Answer{}, ctx.Err()
	}
	took := answer.Status >= 200 && answer.Status < 300
	s.well = took && !answer.Overlong
	s.sent = time.Now()
	s.took.Store(took)
	s.relay.attempts.Add(1)
	s.relay.met(class(answer))
	return answer, nil
}

// enter takes a place, which leave gives back; false when ctx ended first.
func enter(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func leave(places chan struct{}) { <-places }

// judge draws the consequences of an answer. It returns whether the message was
// received.
func (s *service) judge(ctx context.Context, m *Message, a Answer) bool {
	now := s.relay.clock()
	if a.Status >= 200 && a.Status < 300 {
		switch {
		case a.Overlong:
			s.costs(gapEndless)
		case s.costly:
			s.gap, s.costly = 0, false
		default:
			s.gap = max(s.gap-gapStep, 0)
		}
		s.noticed = false
		s.become(func(k *Kept) {
			k.Attempts, k.Due, k.Failing, k.Delivered, k.Note = 0, time.Time{}, time.Time{}, now, ""
		})
		return true
	}
	if a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable {
		s.gap, s.costly = min(max(2*s.gap, gapFirst), gapMost), false
	}
	if a.Status == http.StatusGone {
		s.end(ctx, Disabled, "its endpoint is gone (410)")
		return false
	}
	s.become(func(k *Kept) {
		k.Attempts++
		k.Note = met(a)
		if !m.Resent {
			k.Flight = m.Sequence
		}
		if k.Failing.IsZero() {
			k.Failing = now
		}
		k.Due = now.Add(max(delayOf(k.Attempts, rand.Float64()), a.RetryAfter)) //nolint:gosec // spreads load, hides nothing
	})
	failing := now.Sub(s.state().Failing)
	switch {
	case failing >= giveUpAfter:
		s.end(ctx, Disabled, "it took nothing for 5 days")
	case failing >= noticeAfter && !s.noticed:
		s.noticed = true
		s.relay.log.WarnContext(ctx, "a subscriber takes nothing", "subscription", s.sub.ID, "channel", s.sub.Channel, "met", met(a))
	}
	return false
}

// delayOf is the pause after so many attempts that failed. It never ends: what a
// subscriber missed waits for it.
func delayOf(attempts int, luck float64) time.Duration {
	return stray(after[min(attempts, len(after))-1], luck)
}

// end takes the subscription out of service, with a notice.
func (s *service) end(ctx context.Context, state State, why string) {
	s.become(func(k *Kept) { k.State, k.Note = state, why })
	s.relay.log.WarnContext(ctx, "a subscription is served no longer", "subscription", s.sub.ID, "channel", s.sub.Channel, "state", state, "why", why)
}

// tellAgain sends what is to be told again, as it stands at the cursor: so it
// never goes beside a newer state, and a newer one follows it.
func (s *service) tellAgain(ctx context.Context, k Kept) error {
	letters, err := s.relay.post.DeadLetters(ctx, s.sub.ID, true, lettersAtOnce)
	if err != nil {
		return err
	}
	for _, l := range letters {
		m, err := s.again(ctx, l, k.Cursor)
		if err != nil {
			return err
		}
		if !m.Empty() {
			answer, err := s.send(ctx, &m)
			switch {
			case err != nil:
				return err
			case refused(answer):
				l.Again, l.Note, l.At = false, met(answer), s.relay.clock()
				if err := s.relay.post.Bury(ctx, []Letter{l}); err != nil {
					return err
				}
				continue
			case !s.judge(ctx, &m, answer):
				return nil
			}
		}
		if err := s.relay.post.Settle(ctx, l); err != nil {
			return err
		}
	}
	s.letters = len(letters) == lettersAtOnce
	return nil
}

// again is the message that tells how a letter's subject stands at a position.
func (s *service) again(ctx context.Context, l Letter, at int64) (Message, error) {
	m := Message{Topic: s.sub.Topic, Epoch: s.relay.post.Epoch(), Sequence: at, Resent: true}
	if m.Entity == boxoffice.Events {
		m.elements = []element{{subject: l.Subject, at: at}}
		err := m.fill(ctx, s.relay.post)
		return m, err
	}
	story, err := s.relay.post.Story(ctx, m.Entity, l.Subject, 1, longestStory)
	if err != nil {
		return m, err
	}
	for _, c := range story {
		if c.Position > 0 && c.Position <= at {
			m.elements = []element{{
				subject: l.Subject, at: at, words: seatWords(c.Event, c.Section, c.Row, c.Seat),
				parts: []Word{{Anew: true, Status: s.sub.Of(c.After)}},
			}}
		}
	}
	return m, nil
}
