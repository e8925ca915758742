package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Crashes lets the database crash and come back, several times, under the load
// of two processes. What was acknowledged must be there and what was refused
// must not; callers are answered soon, and work goes on soon.
func Crashes(t *testing.T, f Fixture, crash func(), times int) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	var (
		work    sync.WaitGroup
		stop    = make(chan struct{})
		callers [12]caller
	)
	for i := range callers {
		c := &callers[i]
		c.act = touch(seat(i))
		c.store = []Store{s.store, beside.store}[i%2]
		work.Go(func() { c.run(t, stop) })
	}
	end := sync.OnceFunc(func() { close(stop); work.Wait() })
	defer end()
	progress := func() {
		t.Helper()
		var before [len(callers)]int64
		for i := range callers {
			before[i] = callers[i].done.Load()
		}
		eventually(t, "every caller has done some acts", func() bool {
			for i := range callers {
				if callers[i].done.Load() < before[i]+5 {
					return false
				}
			}
			return true
		})
	}
	for range times {
		progress()
		crash()
		start := time.Now()
		progress()
		if took, limit := time.Since(start), 5*time.Second; took > limit {
			t.Errorf("work goes on %v after the database is back; want %v at most", took, limit)
		}
	}
	end()
	for i := range callers {
		c := &callers[i]
		version, done, unsure := number(t, s.db, `SELECT version FROM ticket WHERE token = $1`, string(seat(i))), c.done.Load(), c.unsure
		if version < done || version > done+unsure {
			t.Errorf("seat %d has version %d; %d acts were acknowledged and %d were undecided", i, version, done, unsure)
		}
	}
}

// HungStandby lets the standby hang that a COMMIT waits for. What it may not have
// is not acknowledged, though the primary has it: the primary may be lost next.
func HungStandby(t testing.TB, f Fixture, hang func() (thaw func())) {
	s := enter(t, f, Options{Writers: 1})
	s.lock("amtx", seat(3)) // the writer has its numbers
	thaw := hang()
	defer thaw()
	if err := s.store.Do(background, touch(seat(1))); !errors.Is(err, fault.Undecided) {
		t.Errorf("Do while the standby hangs = %v; want that it is undecided", err)
	}
	thaw()
	eventually(t, "work goes on", func() bool { return s.store.Do(background, touch(seat(2))) == nil })
}

// HungServer lets the server hang, with its connections. Callers are told soon,
// and work goes on soon after.
func HungServer(t testing.TB, f Fixture, hang func() (thaw func())) {
	const (
		onTheWire  = 10 * time.Second // by an act whose connection was good
		afterwards = 2 * time.Second
	)
	s := enter(t, f, Options{Writers: 1})
	thaw := hang()
	defer thaw()
	for _, within := range []time.Duration{onTheWire, afterwards, afterwards} {
		start := time.Now()
		err := s.store.Do(background, touch(seat(1)))
		if took := time.Since(start); !errors.Is(err, fault.Busy) || took > within {
			t.Errorf("Do while the server hangs = %v after %v; want that nothing was done, within %v", err, took, within)
		}
	}
	thaw()
	start := time.Now()
	eventually(t, "work goes on", func() bool { return s.store.Do(background, touch(seat(2))) == nil })
	if took, limit := time.Since(start), 5*time.Second; took > limit {
		t.Errorf("work goes on %v after the server does; want %v at most", took, limit)
	}
}

// A caller repeats one act and counts what it is told.
type caller struct {
	act    boxoffice.Act
	store  Store
	done   atomic.Int64
	unsure int64
}

func (c *caller) run(t *testing.T, stop <-chan struct{}) {
	const (
		busyWithin = 2 * time.Second
		sureWithin = 12 * time.Second // a COMMIT waited for, and then asked about
		pause      = 5 * time.Millisecond
	)
	for {
		start := time.Now()
		err := c.store.Do(background, c.act)
		limit := sureWithin
		switch {
		case err == nil:
			c.done.Add(1)
		case errors.Is(err, fault.Busy):
			limit = busyWithin
		case errors.Is(err, fault.Undecided):
			c.unsure++
		default:
			t.Errorf("Do = %v; want that the database is away", err)
			return
		}
		if took := time.Since(start); took > limit {
			t.Errorf("Do = %v after %v; want %v at most", err, took, limit)
		}
		select {
		case <-stop:
			return
		case <-time.After(pause):
		}
	}
}
