package marketplace

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/seatlink/seatlink/link"
)

// A try is when something is asked again.
type try struct {
	at   time.Time
	wait time.Duration
}

// Times of what is asked again: each wait is twice the one before.
const (
	soonest = time.Second
	latest  = 30 * time.Second
)

// stir has the background look for work now.
func (m *Market) stir() {
	select {
	case m.wake <- struct{}{}:
	default: // it will
	}
}

// work asks again what was not answered, until ctx ends: after a lost answer, a
// restart, a night without the venue.
func (m *Market) work(ctx context.Context) {
	for ctx.Err() == nil {
		m.round(ctx)
		timer := time.NewTimer(soonest)
		select {
		case <-m.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func (m *Market) round(ctx context.Context) {
	if !m.called.Load() && m.due("roll") {
		m.called.Store(true) // a feed that begins meanwhile wants another
		if !m.callRoll(ctx) {
			m.called.Store(false)
		}
	}
	r := m.shelf.read()
	var held []string
	for id, o := range r.Offers {
		if o.Held {
			held = append(held, id)
		}
	}
	if len(held) > 0 && m.due("held") {
		slices.Sort(held)
		m.bounded(ctx, func(ctx context.Context) { m.dropLocks(ctx, held...) })
	}
	for id, l := range r.Lots {
		if l.State == locking && !m.asked(id) && m.due(id) {
			m.bounded(ctx, func(ctx context.Context) { m.lockLot(ctx, id) })
		}
	}
	for id, o := range r.Orders {
		if !o.State.Ended() && !m.asked(id) && m.due(id) {
			m.bounded(ctx, func(ctx context.Context) { m.settle(ctx, id) })
		}
	}
	m.settled()
}

// turn waits until nobody asks about an order or a lot, and then has it for the caller,
// until done is called. In busy stands meanwhile a channel that done closes. Whoever had
// to wait looks first what the other was told. It is not ok when ctx ended before.
func (m *Market) turn(ctx context.Context, id string) (done func(), ok bool) {
	mine := make(chan struct{})
	for {
		other, taken := m.busy.LoadOrStore(id, mine)
		if !taken {
			return func() { m.busy.Delete(id); close(mine) }, true
		}
		select {
		case <-other.(chan struct{}):
		case <-ctx.Done():
			return nil, false
		}
	}
}

// asked reports whether somebody asks about an order or a lot just now.
func (m *Market) asked(id string) bool {
	_, running := m.busy.Load(id)
	return running
}

func (m *Market) bounded(ctx context.Context, act func(context.Context)) {
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	act(ctx)
}

// due reports whether it is time for the next try of something, and plans the one
// after it.
func (m *Market) due(what string) bool {
	now := time.Now()
	t := m.later[what]
	if now.Before(t.at) {
		return false
	}
	t.wait = min(max(2*t.wait, soonest), latest)
	t.at = now.Add(t.wait)
	m.later[what] = t
	return true
}

// settled forgets the tries of what has ended.
func (m *Market) settled() {
	r := m.shelf.read()
	held := slices.ContainsFunc(slices.Collect(maps.Values(r.Offers)), func(o offer) bool { return o.Held })
	for what := range m.later {
		o, isOrder := r.Orders[what]
		l, isLot := r.Lots[what]
		switch {
		case what == "roll" && !m.called.Load(), what == "held" && held:
		case isOrder && !o.State.Ended(), isLot && l.State == locking:
		default:
			delete(m.later, what)
		}
	}
}

// callRoll asks for the locks of all that is on sale here once more. Locking again
// what we have locked succeeds, so it tells what became of the seats while nobody
// listened: after a restart, or when a feed begins. It is not done while an order is
// asked for: the lock could come after the sale, and then it would be of the buyer's
// ticket. And a seat that has another owner by now is given back at once.
func (m *Market) callRoll(ctx context.Context) bool {
	m.selling.Lock()
	defer m.selling.Unlock()
	r := m.shelf.read()
	for id, l := range r.Lots {
		asked := slices.DeleteFunc(r.seats(id), func(o offer) bool { return o.State != open })
		if len(asked) == 0 {
			continue
		}
		var locked link.Locked
		var request string
		var err error
		m.bounded(ctx, func(ctx context.Context) { locked, request, err = m.lock(ctx, l, asked) })
		if err != nil && !link.Settled(err) {
			return false
		}
		verdict := judge(locked, request, err)
		err = m.shelf.change(func(r *records) error {
			for _, o := range asked {
				owner, why := verdict(o.Token)
				if o = r.Offers[o.ID]; o.State != open || owner != "" && owner == o.Owner {
					continue
				}
				o.State, o.Held, o.Why, o.At = gone, owner != "", why, time.Now()
				if owner != "" {
					o.Why = notForSale
				}
				r.Offers[o.ID] = o
			}
			return nil
		})
		if err != nil {
			m.note(ctx, err)
			return false
		}
	}
	return true
}
