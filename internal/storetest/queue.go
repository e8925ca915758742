package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var queues = []clause{
	{"an act whose caller leaves the queue never runs", leavingActNeverRuns},
	{"an act that is not taken within a second never runs", unservedActNeverRuns},
	{"an act that was taken answers with the truth though its caller left", takenActTellsTheTruth},
	{"locks fill three quarters of the queue and other acts all of it", fullQueueRefuses},
	{"a closing store finishes what is queued and takes nothing new", closingFinishes},
}

func leavingActNeverRuns(t *testing.T, f Fixture) {
	s := enter(t, f, Options{Writers: 1})
	g := hold(t, s.store)
	ctx, leave := context.WithCancel(t.Context())
	answer := queued(t, s.store, s.do(ctx, touch(seat(1))))[0]
	leave()
	if err := <-answer; !errors.Is(err, fault.Busy) {
		t.Errorf("Do = %v; want UNAVAILABLE", err)
	}
	g.release()
	s.neverTouched(seat(1))
}

func unservedActNeverRuns(t *testing.T, f Fixture) {
	s := enter(t, f, Options{Writers: 1})
	g := hold(t, s.store)
	if err := s.store.Do(t.Context(), touch(seat(1))); !errors.Is(err, fault.Busy) {
		t.Errorf("Do = %v; want UNAVAILABLE", err)
	}
	g.release()
	s.neverTouched(seat(1))
}

// neverTouched is told after an act that came later was done.
func (s *scene) neverTouched(token boxoffice.Token) {
	s.t.Helper()
	must(s.t, "a later act", s.store.Do(s.t.Context(), touch(seat(seats-1))))
	if v := s.ticket(token).Version; v != 0 {
		s.t.Errorf("the act ran: its ticket has version %d", v)
	}
}

func takenActTellsTheTruth(t *testing.T, f Fixture) {
	s := enter(t, f, Options{Writers: 1})
	taken, open := make(chan struct{}, 1), make(chan struct{})
	slow := touch(seat(1))
	decide := slow.decide
	slow.decide = func(b *boxoffice.Books) error {
		taken <- struct{}{}
		<-open
		return decide(b)
	}
	ctx, leave := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() { answer <- s.store.Do(ctx, slow) }()
	<-taken
	leave()
	select {
	case err := <-answer:
		t.Errorf("Do = %v before the act was done", err)
	default:
	}
	close(open)
	if err := <-answer; err != nil {
		t.Errorf("Do = %v; want that it was done", err)
	}
	if v := s.ticket(seat(1)).Version; v != 1 {
		t.Errorf("the ticket has version %d; want 1", v)
	}
}

func fullQueueRefuses(t *testing.T, f Fixture) {
	const room, forLocks = 16, 12
	s := enter(t, f, Options{Writers: 1, Queue: room})
	g := hold(t, s.store)
	lock := func(n int) func() error {
		return func() error {
			_, err := s.office.Lock(background, partner("amtx"), locking(seat(n)))
			return err
		}
	}
	unlock := func(n int) func() error {
		return func() error {
			_, err := s.office.Unlock(background, partner("amtx"), []boxoffice.Token{seat(n)})
			return err
		}
	}
	var waiting []<-chan error
	for n := range forLocks {
		waiting = append(waiting, queued(t, s.store, lock(n))...)
	}
	if err := lock(forLocks)(); !errors.Is(err, fault.Busy) {
		t.Errorf("a lock beyond three quarters: %v; want UNAVAILABLE", err)
	}
	for n := forLocks; n < room; n++ {
		waiting = append(waiting, queued(t, s.store, unlock(n))...)
	}
	if err := unlock(room)(); !errors.Is(err, fault.Busy) {
		t.Errorf("an unlock beyond the end: %v; want UNAVAILABLE", err)
	}
	g.release()
	for i, answer := range waiting {
		if err := <-answer; err != nil {
			t.Errorf("the act in place %d: %v", i, err)
		}
	}
	for n := range room {
		if got, want := s.ticket(seat(n)).LockedBy("amtx"), n < forLocks; got != want {
			t.Errorf("seat %d is locked: %v; want %v", n, got, want)
		}
	}
}

func closingFinishes(t *testing.T, f Fixture) {
	s := enter(t, f, Options{Writers: 1})
	g := hold(t, s.store)
	var calls []func() error
	for n := range 5 {
		calls = append(calls, s.do(background, touch(seat(n))))
	}
	answers := queued(t, s.store, calls...)
	closed := make(chan struct{})
	go func() {
		s.store.Close()
		close(closed)
	}()
	left, leave := context.WithCancel(t.Context())
	leave()
	eventually(t, "the store is stopping", func() bool {
		return errors.Is(s.store.Do(left, touch(seat(9))), fault.Stopping)
	})
	g.release()
	for i, answer := range answers {
		if err := <-answer; err != nil {
			t.Errorf("queued act %d: %v; want that it was done", i, err)
		}
	}
	<-closed
	if err := s.store.Do(t.Context(), touch(seat(9))); !errors.Is(err, fault.Stopping) {
		t.Errorf("Do after Close = %v; want STOPPING", err)
	}
	f.Open(t, Options{})
	s.audit() // whoever comes next has numbered what was left
	for n, want := range []int64{1, 1, 1, 1, 1, 0, 0, 0, 0, 0} {
		if got := number(t, s.db, `SELECT version FROM ticket WHERE token = $1`, string(seat(n))); got != want {
			t.Errorf("seat %d has version %d; want %d", n, got, want)
		}
	}
}
