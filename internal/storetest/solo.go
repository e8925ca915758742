package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var solos = []clause{
	{"a house is loaded between the batches of acts that go on", loadGoesBeside},
	{"no number of a series is given twice", numbersAreGivenOnce},
	{"an account loaded under a number that was set aside is nobody else's", loadedNumberIsTaken},
	{"a load without rows or keys is a load", emptyLoad},
}

func loadGoesBeside(t *testing.T, f Fixture) {
	const tickets = 12_000
	s := enter(t, f, Options{})
	var rows []boxoffice.Ticket
	for n := range tickets {
		rows = append(rows, boxoffice.Ticket{
			Token: boxoffice.Token(fmt.Sprintf("998N%06d", n)), Organization: home, Event: laterGame, Section: "U:9", Row: "1", Seat: fmt.Sprint(n),
			Owner: owner, Barcode: boxoffice.Barcode(fmt.Sprint("N", n)),
		})
	}
	loading := make(chan error, 1)
	go func() {
		l := s.store.NewLoader()
		if err := l.Tickets(background, rows); err != nil {
			loading <- err
			return
		}
		loading <- l.Finish(background)
	}()
	var loaded error
	acts := 0
	for going := true; going; {
		select {
		case loaded = <-loading:
			going = false
		default:
		}
		switch err := s.store.Do(t.Context(), touch(seat(acts%seats))); {
		case err == nil:
			acts++
		case !errors.Is(err, fault.Busy): // on a slow machine a chunk may take longer than an act waits
			t.Fatalf("Do = %v", err)
		}
	}
	must(t, "load", loaded)
	if n := number(t, s.db, `SELECT COUNT(*) FROM ticket WHERE section = 'U:9'`); n != tickets {
		t.Errorf("%d tickets were loaded; want %d", n, tickets)
	}
	if acts == 0 {
		t.Errorf("no act went on beside the load")
	}
}

func numbersAreGivenOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	var (
		mu    sync.Mutex
		given = map[int64]bool{}
		work  sync.WaitGroup
	)
	for caller := range 4 {
		store := []Store{s.store, beside.store}[caller%2]
		work.Go(func() {
			for _, wanted := range []int{1, 1_500, 900, 2_500, 5_000, 10} { // also more than are set aside at once
				var got []int64
				err := store.Do(background, act{decide: func(b *boxoffice.Books) error {
					got = got[:0]
					for range wanted {
						got = append(got, b.Number(boxoffice.SeriesTransaction))
					}
					return nil
				}})
				if err != nil {
					t.Errorf("draw %d numbers: %v", wanted, err)
					return
				}
				mu.Lock()
				for _, n := range got {
					if given[n] {
						t.Errorf("number %d was given twice", n)
					}
					given[n] = true
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	if want := 4 * (1 + 1_500 + 900 + 2_500 + 5_000 + 10); len(given) != want && !t.Failed() {
		t.Errorf("%d numbers were given; want %d", len(given), want)
	}
}

// Accounts are numbered from blocks that a process set aside before the load.
func loadedNumberIsTaken(t *testing.T, f Fixture) {
	s := enter(t, f, Options{Writers: 1})
	made := func(n int) boxoffice.PatronID {
		t.Helper()
		req, seller := locking(seat(n)), mailed(fmt.Sprint("seller", n, "@example.com"))
		req.Source, req.Seller = boxoffice.Broker, &seller
		got, err := s.office.Lock(t.Context(), partner("amtx"), req)
		if err != nil || len(got.Sellers) != 1 {
			t.Fatalf("Lock for a new seller = %+v, %v; want an account", got, err)
		}
		return got.Sellers[0]
	}
	var last int64
	_, err := fmt.Sscan(string(made(1)), &last)
	must(t, "read the account's number", err)
	var rows []boxoffice.Patron
	taken := map[boxoffice.PatronID]bool{}
	for n := last + 2; n < last+6; n++ {
		id := boxoffice.PatronID(fmt.Sprint(n))
		rows = append(rows, boxoffice.Patron{ID: id, Organization: home, Contact: boxoffice.Contact{LastName: "Loaded"}})
		taken[id] = true
	}
	l := s.store.NewLoader()
	must(t, "load accounts", l.Patrons(t.Context(), rows))
	must(t, "finish the load", l.Finish(t.Context()))
	for n := 2; n < 8; n++ {
		if id := made(n); taken[id] {
			t.Errorf("a new seller got the account %s, which was loaded", id)
		}
	}
}

func emptyLoad(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), t.Context()
	l := s.store.NewLoader()
	must(t, "load no organizations", l.Organizations(ctx, nil))
	must(t, "load no tickets", l.Tickets(ctx, nil))
	must(t, "load an account without keys", l.Patrons(ctx, []boxoffice.Patron{{ID: "77", Organization: home}}))
	must(t, "finish", l.Finish(ctx))
}
