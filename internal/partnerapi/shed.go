package partnerapi

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

// Reads that others can do without are refused first when there is too much to
// do: catalog, listings, verify. What writes has the store's queue, in which locks
// and the beginnings of transfers give way: a quarter of it is for unlock,
// complete-order and the rest. The status of an order is never refused here.
const (
	readsAtWork  = 256         // more at once would only make all of them slow
	readsWaiting = 1024        // for a place among those, as many as acts in the queue
	readPatience = time.Second // as long as an act waits in the queue

	// refusalTakes is how long a refusal waits at least before it is told, and half as
	// long again at most. Many come again at once, whatever Retry-After says, and what it costs to hear them all is taken from
	// those who are served: a crowd that asks ten times what can be done would have most
	// of the processor for its refusals. Waiting costs nothing but the connection.
	refusalTakes = time.Second
)

// refuse is fault.Busy, in its time.
func refuse(ctx context.Context) error {
	wait := time.NewTimer(refusalTakes + rand.N(refusalTakes/2)) //nolint:gosec // spreads a crowd, hides nothing
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	return fault.Busy
}

// A shed bounds the reads that are at work, and those that wait to be.
type shed struct {
	places  chan struct{}
	waiting atomic.Int64
	most    int64 // that wait
}

func newShed(atWork, waiting int) *shed {
	return &shed{places: make(chan struct{}, atWork), most: int64(waiting)}
}

// full reports whether there is no place to wait either.
func (s *shed) full() bool { return s.waiting.Load() >= s.most && len(s.places) == cap(s.places) }

// enter takes a place, which the caller gives back with leave; or it returns
// fault.Busy, when nothing has been done yet.
func (s *shed) enter(ctx context.Context) error {
	select {
	case s.places <- struct{}{}:
		return nil
	default:
	}
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > s.most {
		return fault.Busy
	}
	patience := time.NewTimer(readPatience)
	defer patience.Stop()
	select {
	case s.places <- struct{}{}:
		return nil
	case <-patience.C:
	case <-ctx.Done():
	}
	return fault.Busy
}

func (s *shed) leave() { <-s.places }
