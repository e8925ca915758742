package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

var batches = []clause{
	{"among 252 good acts of one batch a bad one fails alone", badOnesFailAlone},
	{"acts of one batch see what those before them did", actsSeeEarlierOnes},
}

// A gate is an act that holds the one writer until it is opened.
type gate struct {
	held, open chan struct{}
	err        chan error
}

// hold has the writer of a store with one in its hands when it returns.
func hold(t *testing.T, s Store) *gate {
	t.Helper()
	g := &gate{held: make(chan struct{}), open: make(chan struct{}), err: make(chan error, 1)}
	var once sync.Once
	go func() {
		g.err <- s.Do(background, act{decide: func(*boxoffice.Books) error {
			once.Do(func() { close(g.held) })
			<-g.open
			return nil
		}})
	}()
	select {
	case <-g.held:
	case err := <-g.err:
		t.Fatalf("the gate ended with %v", err)
	}
	t.Cleanup(g.release)
	return g
}

// release lets the writer go on; again it does nothing.
func (g *gate) release() {
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

// queued starts calls, one goroutine each, and returns when all of them wait.
func queued(t *testing.T, s Store, calls ...func() error) []<-chan error {
	t.Helper()
	before := s.Queued()
	var answers []<-chan error
	for _, call := range calls {
		answer := make(chan error, 1)
		go func() { answer <- call() }()
		answers = append(answers, answer)
	}
	eventually(t, "all acts are queued", func() bool { return s.Queued() == before+len(calls) })
	return answers
}

func badOnesFailAlone(t *testing.T, f Fixture) {
	s := enter(t, f, Options{Writers: 1})
	const good = 250 // and the two of the cart
	s.lock("amtx", seat(300), seat(301))
	rows := number(t, s.db, `SELECT COUNT(*) FROM journal`)

	refused := errors.New("refused by itself")
	spoiling := func(token boxoffice.Token, spoil func(*boxoffice.Books, boxoffice.Ticket) error) act {
		return act{needs: boxoffice.Needs{Tickets: []boxoffice.Token{token}}, decide: func(b *boxoffice.Books) error {
			ticket, _ := b.Ticket(token)
			b.Change(ticket, boxoffice.Relocked, partner("test"), "")
			return spoil(b, ticket)
		}}
	}
	panics := spoiling(seat(400), func(*boxoffice.Books, boxoffice.Ticket) error { panic("on purpose") })
	refuses := spoiling(seat(401), func(*boxoffice.Books, boxoffice.Ticket) error { return refused })
	breaks := spoiling(seat(402), func(b *boxoffice.Books, t boxoffice.Ticket) error {
		t.Barcode, t.Version = "9980000000000001", t.Version+1 // of the second seat
		b.Change(t, boxoffice.Relocked, partner("test"), "")
		return nil
	})

	g := hold(t, s.store)
	var sales [2]boxoffice.Sale
	var calls []func() error
	lock := func(n int) func() error {
		return func() error {
			got, err := s.office.Lock(background, partner("amtx"), locking(seat(n)))
			if err == nil && len(got.Done) != 1 {
				return errors.New("nothing was locked")
			}
			return err
		}
	}
	for n := range good {
		calls = append(calls, lock(n))
		if n == good/2 { // the bad ones stand in the middle
			for i := range sales {
				calls = append(calls, func() (err error) {
					sales[i], err = s.office.Complete(background, partner("amtx"), cart("O-1", mailed("ada@example.com"), seat(300), seat(301)))
					return err
				})
			}
			for _, bad := range []act{panics, refuses, breaks} {
				calls = append(calls, func() error { return s.store.Do(background, bad) })
			}
		}
	}
	calls = append(calls, lock(good))
	answers := queued(t, s.store, calls...)
	g.release()

	for i, answer := range answers {
		err := <-answer
		switch i {
		case good/2 + 3:
			if _, ok := errors.AsType[boxoffice.Panic](err); !ok {
				t.Errorf("the panicking act: %v; want its panic", err)
			}
		case good/2 + 4:
			if !errors.Is(err, refused) {
				t.Errorf("the refused act: %v; want its own refusal", err)
			}
		case good/2 + 5:
			if err == nil {
				t.Error("the act that breaks an index succeeded")
			}
		default:
			if err != nil {
				t.Errorf("good act %d: %v", i, err)
			}
		}
	}
	if sales[0].Process == "" || sales[0].Process != sales[1].Process || sales[1].Status != boxoffice.OrderComplete {
		t.Errorf("the cart and its replay answered %+v and %+v; want one sale", sales[0], sales[1])
	}
	for n := range good + 1 {
		if !s.ticket(seat(n)).LockedBy("amtx") {
			t.Errorf("the good lock of %s is not there", seat(n))
		}
	}
	for n := 400; n <= 402; n++ {
		if v := s.ticket(seat(n)).Version; v != 0 {
			t.Errorf("the bad act left %s at version %d", seat(n), v)
		}
	}
	if got, want := number(t, s.db, `SELECT COUNT(*) FROM journal`)-rows, int64(good+1+2); got != want {
		t.Errorf("the good acts wrote %d rows; want %d", got, want)
	}
}

func actsSeeEarlierOnes(t *testing.T, f Fixture) {
	s := enter(t, f, Options{Writers: 1})
	g := hold(t, s.store)
	const callers = 20
	var calls []func() error
	var won [callers]bool
	for i := range callers {
		calls = append(calls, func() error {
			got, err := s.office.Lock(background, partner(access.Channel(fmt.Sprint("amtx-", i))), locking(seat(1)))
			won[i] = len(got.Done) == 1
			return err
		})
	}
	answers := queued(t, s.store, calls...)
	g.release()
	winners := 0
	for i, answer := range answers {
		must(t, "lock", <-answer)
		if won[i] {
			winners++
		}
	}
	if winners != 1 || s.ticket(seat(1)).Version != 1 {
		t.Errorf("%d of %d channels locked the same ticket, which has version %d; want one and 1", winners, callers, s.ticket(seat(1)).Version)
	}
}

// do runs an act with a context of its own.
func (s *scene) do(ctx context.Context, a boxoffice.Act) func() error {
	return func() error { return s.store.Do(ctx, a) }
}
