package sqlstore

import (
	"context"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestSoloWorkEndsNoBatchAndWaitsForOne(t *testing.T) {
	s := newStore(nil, Options{})
	s.options.BatchActs = 3
	s.queue, s.solo, s.closing = make(chan *waiting, 16), make(chan *waiting, 16), make(chan struct{})
	act := func(rows int) {
		s.queue <- &waiting{needs: boxoffice.Needs{Tickets: make([]boxoffice.Token, rows)}}
	}
	work := func() { s.solo <- &waiting{solo: func(context.Context, session) error { return nil }} }
	for range 2 {
		act(1)
		work()
		act(1)
		work()
	}
	gone := &waiting{}
	gone.state.Store(left)
	s.queue <- gone
	act(maxBatchRows) // too large for the batch with the fourth
	close(s.closing)
	w := &writer{s: s}
	for _, want := range []string{"solo", "3 acts", "solo", "1 acts", "solo", "1 acts", "solo", "nothing"} {
		batch := w.take()
		got := "nothing"
		switch {
		case len(batch) > 0 && batch[0].solo != nil:
			got = "solo"
		case len(batch) > 0:
			got = string(rune('0'+len(batch))) + " acts"
		}
		if got != want {
			t.Fatalf("the next turn is %s; want %s", got, want)
		}
	}
}
