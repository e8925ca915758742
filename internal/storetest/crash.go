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
