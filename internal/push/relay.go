package push

import (
	"context"
	"crypto/rand"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

const (
	// saveEvery is how often cursors that moved are written down, at most: what was
	// delivered since comes again after a crash. Where many move, the next time is
	// later by saveEach for each that was written down, for acts wait meanwhile; so it is
	// saveAtOnce of them, those that waited longest, or a part of all, so that none
	// waits until its lease ends.
	saveEvery  = 200 * time.Millisecond
	saveEach   = 5 * time.Millisecond
	saveMost   = 2 * time.Second
	saveAtOnce = 50
	savePart   = 8
	// renewEvery is how often a lease is renewed though nothing moved.
	renewEvery = 8 * time.Second
	// lookEvery is how soon a relay finds what is new to serve, or no longer its own. It
	// looks at lookAtOnce; where there are more, at the next of them soon after, and at all
	// of them in lookAll: a look at thousands at once would hold up the messages.
	lookEvery  = 500 * time.Millisecond
	lookAll    = 900 * time.Millisecond
	lookAtOnce = 100
	// leaseSpare is what must be left of a lease when an attempt begins, so that it
	// is over before anybody else may begin one.
	leaseSpare = totalTime + time.Second
	// claimAtOnce bounds one claim.
	claimAtOnce = 1_000
	// doubtfulEvery is between the beginnings of two attempts at subscribers that did not
	// take the last: those that failed together would come again together, and everybody
	// else would wait for all of them.
	doubtfulEvery = 4 * time.Millisecond
	// leaveTime is what a relay has to write down its cursors when it ends.
	leaveTime = 3 * time.Second
)

// Catalogs tell of events as they stand now.
type Catalogs interface {
	Catalog(ctx context.Context, id access.OrganizationID) (boxoffice.Catalog, error)
}

// A Post is what relays need of a store.
type Post interface {
	Leases
	Letters
	Catalogs
	boxoffice.Journal
	Epoch() int64
}

// A Relay carries changes to subscribers, beside the relays of other processes.
// Each subscription is served by one goroutine that has one message in flight, so
// a subscriber that is slow or away holds up nobody else.
type Relay struct {
	post   Post
	tail   *Tail
	sender Sender
	log    *slog.Logger
	clock  func() time.Time
	met    func(class string) // is told of every attempt
	name   string

	sends chan struct{} // a place for each attempt in flight
	// doubtful has a place, besides, for each of those to subscribers that did not take
	// the last: however many hang, there is always room for the others.
	doubtful chan struct{}

	mu      sync.Mutex
	serving map[string]*service
	free    time.Time // when the next attempt may begin at one that did not take the last
	rounds  sync.WaitGroup
	nudge   chan struct{} // to look at once

	// Of Run alone.
	nextSave time.Time
	looked   string // the last subscription it looked at
	looks    int    // since it last looked at the first
	pages    int    // looks that take it to the last

	attempts atomic.Int64 // since it last counted
	pause    atomic.Int64 // between two messages of a subscription, a time.Duration
}

// RelayOptions are what a relay may be given besides; zero is right for most.
type RelayOptions struct {
	Clock func() time.Time   // that attempts are due by
	Met   func(class string) // is told of every attempt, by the kind of its answer
}

// NewRelay makes a relay. It does nothing until it is run.
func NewRelay(post Post, tail *Tail, sender Sender, log *slog.Logger, o RelayOptions) *Relay {
	r := &Relay{
		post: post, tail: tail, sender: sender, log: log, clock: o.Clock, met: o.Met, name: rand.Text(),
		sends: make(chan struct{}, MostSends), doubtful: make(chan struct{}, MostSends/2), serving: map[string]*service{}, nudge: make(chan struct{}, 1),
	}
	if r.clock == nil {
		r.clock = time.Now
	}
	if r.met == nil {
		r.met = func(string) {}
	}
	return r
}

// Wake has the relay look at once at what operators changed, and at what is due.
func (r *Relay) Wake() {
	select {
	case r.nudge <- struct{}{}:
	default:
	}
}

// Run serves subscriptions until ctx ends, then writes down how far they came,
// gives up their leases and returns nil.
func (r *Relay) Run(ctx context.Context) error {
	save, look := time.NewTicker(saveEvery), time.NewTimer(lookEvery)
	defer save.Stop()
	defer look.Stop()
	r.try(ctx, "looking for subscriptions", r.lookAtAll)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-save.C:
			r.count()
			if !time.Now().Before(r.nextSave) {
				r.try(ctx, "keeping subscriptions", r.saveSome)
			}
		case <-look.C:
			r.try(ctx, "looking for subscriptions", r.look)
			if look.Reset(lookEvery); r.pages > 1 {
				look.Reset(lookAll / time.Duration(r.pages))
			}
		case <-r.nudge:
			r.each(func(s *service) { s.hurry() })
			r.try(ctx, "looking for subscriptions", r.lookAtAll)
		}
	}
	r.rounds.Wait() // their contexts have ended with ours
	last, done := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer done()
	r.try(last, "keeping subscriptions", r.save)
	var ids []string
	r.each(func(s *service) { ids = append(ids, s.sub.ID) })
	r.try(last, "leaving subscriptions", func(ctx context.Context) error { return r.leave(ctx, ids) })
	return nil
}

// count looks how busy the relay was since it last did, and has subscriptions gather
// what they tell, or lets them off again.
func (r *Relay) count() {
	taking := 0 // subscriptions that took a message lately
	r.each(func(s *service) {
		if s.took.Swap(false) {
			taking++
		}
	})
	switch made := r.attempts.Swap(0); {
	case made > gatherFrom:
		r.pause.Store(int64(min(time.Duration(taking)*gatherEach, gatherMost)))
	case made < gatherFrom/2:
		r.pause.Store(int64(r.gather() / 2))
	}
}

// gather is the pause between two messages of a subscription.
func (r *Relay) gather() time.Duration { return time.Duration(r.pause.Load()) }

// try does what is tried again soon.
func (r *Relay) try(ctx context.Context, complaint string, work func(context.Context) error) {
	if err := work(ctx); err != nil && ctx.Err() == nil && fault.Of(err) == nil { // a store that is away has said so itself
		r.log.ErrorContext(ctx, "relay failed", "at", complaint, "err", err)
	}
}

// doubt waits until an attempt may begin at a subscriber that did not take the last,
// and reports whether ctx lasted as long.
func (r *Relay) doubt(ctx context.Context) bool {
	now := time.Now()
	r.mu.Lock()
	begin := r.free
	if begin.Before(now) {
		begin = now
	}
	r.free = begin.Add(doubtfulEvery)
	r.mu.Unlock()
	return rest(ctx, begin.Sub(now))
}

func (r *Relay) each(do func(*service)) {
	r.mu.Lock()
	all := make([]*service, 0, len(r.serving))
	for _, s := range r.serving {
		all = append(all, s)
	}
	r.mu.Unlock()
	for _, s := range all {
		do(s)
	}
}

// lookAtAll looks from the first subscription to the last.
func (r *Relay) lookAtAll(ctx context.Context) error {
	r.looked, r.looks = "", 0
	for {
		if err := r.look(ctx); err != nil || r.looked == "" {
			return err
		}
	}
}

// look goes on to the next subscriptions, lets go of those that are no longer its own,
// and takes free ones.
func (r *Relay) look(ctx context.Context) error {
	seen, err := r.post.LookSubscriptions(ctx, r.name, r.looked, lookAtOnce)
	if err != nil {
		return err
	}
	after := r.looked
	r.looked = seen.To
	if r.looks++; seen.To == "" {
		r.pages, r.looks = r.looks, 0
	}
	var over []string
	r.each(func(s *service) {
		if s.sub.ID <= after || seen.To != "" && s.sub.ID > seen.To {
			return
		}
		if seen.Mine[s.sub.ID] != s.sub.Lease {
			s.stop()
		}
		select {
		case <-s.done:
			over = append(over, s.sub.ID)
		default:
		}
	})
	if len(over) > 0 {
		// First their last words, for they may have ended by themselves.
		if err := r.save(ctx); err != nil {
			return err
		}
		if err := r.leave(ctx, over); err != nil {
			return err
		}
	}
	if !seen.Free {
		return nil
	}
	began := time.Now()
	claimed, err := r.post.ClaimSubscriptions(ctx, r.name, claimAtOnce)
	for _, sub := range claimed {
		r.serve(ctx, sub, began.Add(LeaseTime))
	}
	return err
}

// serve starts the service of a subscription. One that is still in an earlier
// service was left to somebody else in between: it waits for its lease to end.
func (r *Relay) serve(ctx context.Context, sub Subscription, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, busy := r.serving[sub.ID]; busy {
		return
	}
	s := newService(r, sub, until)
	ctx, s.stop = context.WithCancel(ctx)
	r.serving[sub.ID] = s
	r.rounds.Go(func() {
		defer close(s.done)
		defer s.stop()
		s.run(ctx)
	})
}

func (r *Relay) leave(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := r.post.LeaveSubscriptions(ctx, r.name, ids); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		delete(r.serving, id)
	}
	return nil
}

// saveSome writes down what moved, and renews the leases that need it, of those that
// waited longest.
func (r *Relay) saveSome(ctx context.Context) error {
	r.mu.Lock()
	most := max(saveAtOnce, len(r.serving)/savePart)
	r.mu.Unlock()
	return r.keep(ctx, most)
}

// save does so for all.
func (r *Relay) save(ctx context.Context) error { return r.keep(ctx, math.MaxInt) }

func (r *Relay) keep(ctx context.Context, most int) error {
	began := time.Now()
	type waiting struct {
		*service
		since time.Time
	}
	var all []waiting
	r.each(func(s *service) {
		if since, ok := s.waits(began); ok {
			all = append(all, waiting{s, since})
		}
	})
	if len(all) > most {
		slices.SortFunc(all, func(a, b waiting) int { return a.since.Compare(b.since) })
		all = all[:most]
	}
	var (
		kept []Kept
		dead []Letter
		each []int // letters of each
	)
	for _, s := range all {
		k, letters := s.news()
		kept, dead, each = append(kept, k), append(dead, letters...), append(each, len(letters))
	}
	r.nextSave = began.Add(min(time.Duration(len(kept))*saveEach, saveMost))
	if len(kept) == 0 {
		return nil
	}
	var (
		held []string
		err  error
	)
	if len(dead) > 0 {
		err = r.post.Bury(ctx, dead)
	}
	if err == nil {
		held, err = r.post.KeepSubscriptions(ctx, r.name, kept)
	}
	ours := make(map[string]bool, len(held))
	for _, id := range held {
		ours[id] = true
	}
	for i, s := range all {
		if err == nil {
			s.buried(each[i])
		}
		switch {
		case err != nil:
			s.unsaved()
		case ours[s.sub.ID]:
			s.saved(began.Add(LeaseTime))
		default:
			s.stop()
		}
	}
	return err
}
