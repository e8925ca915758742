package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Each of these went wrong in a prototype (design.md §3, in brackets). Where one
// writer owns the database some cannot happen; the parts are then played in
// order, and must end the same.
var interleavings = []clause{
	{"an act that waited for a ticket sees its event closed meanwhile", waitedSeesEvent},
	{"an act that waited for a ticket sees it held meanwhile", waitedSeesHold},
	{"foreign keys' locks on tickets and events hold up no act", keyShareHoldsUpNothing},
	{"a locked account of the buyer holds up no sale", lockedPatronHoldsUpNoSale},
	{"two processes complete one order with other content and one of them sells", sameOrderOtherContent},
	{"two processes complete one order with the same content and both answer it", sameOrderSameContent},
	{"two processes meet a new person and make one account in each organization", samePersonAtOnce},
}

// foreign begins a transaction of some other program.
func (s *scene) foreign(statements ...string) *sql.Tx {
	s.t.Helper()
	tx, err := s.db.BeginTx(background, nil)
	must(s.t, "begin", err)
	s.t.Cleanup(func() { _ = tx.Rollback() }) // where the test ended before its commit
	for _, statement := range statements {
		if _, err := tx.ExecContext(background, statement); err != nil {
			s.t.Fatalf("%s: %v", statement, err)
		}
	}
	return tx
}

// waited locks the first seat while a foreign transaction has its row and
// commits, and returns why the lock was refused.
func waited(t *testing.T, f Fixture, change string) *fault.Error {
	s := enter(t, f, Options{})
	for {
		tx := s.foreign(change, fmt.Sprintf(`SELECT token FROM ticket WHERE token = '%s' %s`, seat(1), f.RowLock("FOR UPDATE")))
		var got boxoffice.Locking
		answer := make(chan error, 1)
		go func() {
			var err error
			got, err = s.office.Lock(background, partner("amtx"), locking(seat(1)))
			answer <- err
		}()
		f.AwaitBlocked(t)
		must(t, "commit", tx.Commit())
		err := <-answer
		if errors.Is(err, fault.Busy) {
			continue // the machine was too slow, and the act gave up its wait
		}
		if err != nil || len(got.Refused) != 1 {
			t.Fatalf("Lock = %+v, %v; want a refusal", got, err)
		}
		return got.Refused[0].Reason
	}
}

func waitedSeesEvent(t *testing.T, f Fixture) {
	got := waited(t, f, `UPDATE event SET cancelled = TRUE WHERE id = '`+string(game)+`'`)
	if got != fault.EventClosed {
		t.Errorf("Lock refused with %v; want EVENT_CLOSED", got)
	}
}

func waitedSeesHold(t *testing.T, f Fixture) {
	got := waited(t, f, `UPDATE ticket SET hold = 'venue', hold_by = 'desk' WHERE token = '`+string(seat(1))+`'`)
	if got != fault.TokenNotAvailable {
		t.Errorf("Lock refused with %v; want TOKEN_NOT_AVAILABLE", got)
	}
}

func keyShareHoldsUpNothing(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	share := f.RowLock("FOR KEY SHARE")
	tx := s.foreign(`SELECT id FROM event `+share, `SELECT id FROM organization `+share)
	s.sell("amtx", "O-1", seat(1), seat(2))
	// No foreign key refers to tickets yet. One would hold up sales, which change
	// the barcode, a unique key; it must not hold up locks.
	tickets := s.foreign(`SELECT token FROM ticket ` + share)
	s.lock("amtx", seat(3), seat(4))
	must(t, "commit", errors.Join(tx.Commit(), tickets.Commit()))
}

func lockedPatronHoldsUpNoSale(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.sell("amtx", "O-1", seat(1))
	tx := s.foreign(`SELECT id FROM patron ` + f.RowLock("FOR UPDATE"))
	s.sell("amtx", "O-2", seat(2))
	must(t, "commit", tx.Commit())
	if one, two := s.ticket(seat(1)).Owner, s.ticket(seat(2)).Owner; one != two {
		t.Errorf("the buyer has the accounts %s and %s; want one", one, two)
	}
}

// rounds is how often two processes are let loose on each other.
const rounds = 40

// atOnce runs both at once and returns when both are done.
func atOnce(one, two func() error) error {
	answer := make(chan error, 1)
	go func() { answer <- two() }()
	return errors.Join(one(), <-answer)
}

func sameOrderOtherContent(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	for i := range rounds {
		s.lock("amtx", seat(2*i), seat(2*i+1))
		var sales [2]boxoffice.Sale
		complete := func(n int, o *boxoffice.Office) func() error {
			return func() (err error) {
				sales[n], err = o.Complete(background, partner("amtx"), cart(fmt.Sprint("O-", i), mailed("ada@example.com"), seat(2*i+n)))
				return err
			}
		}
		must(t, "complete", atOnce(complete(0, s.office), complete(1, beside.office)))
		winner, loser := sales[0], sales[1]
		if winner.Status != boxoffice.OrderComplete {
			winner, loser = loser, winner
		}
		if winner.Status != boxoffice.OrderComplete || loser.Status != boxoffice.OrderFailed ||
			len(loser.Refused) != 1 || loser.Refused[0].Reason != fault.OrderMismatch {
			t.Fatalf("round %d answered %+v and %+v; want one sale and one ORDER_MISMATCH", i, sales[0], sales[1])
		}
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM orders`); n != rounds {
		t.Errorf("there are %d orders; want %d", n, rounds)
	}
}

func sameOrderSameContent(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	for i := range rounds {
		s.lock("amtx", seat(i))
		var sales [2]boxoffice.Sale
		complete := func(n int, o *boxoffice.Office) func() error {
			return func() (err error) {
				sales[n], err = o.Complete(background, partner("amtx"), cart(fmt.Sprint("O-", i), mailed("ada@example.com"), seat(i)))
				return err
			}
		}
		must(t, "complete", atOnce(complete(0, s.office), complete(1, beside.office)))
		if sales[0].Process == "" || sales[0].Process != sales[1].Process || len(sales[0].Refused)+len(sales[1].Refused) > 0 {
			t.Fatalf("round %d answered %+v and %+v; want one sale twice", i, sales[0], sales[1])
		}
	}
}

func samePersonAtOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	before := number(t, s.db, `SELECT COUNT(*) FROM patron`)
	for i := range rounds {
		seller := mailed(fmt.Sprint("seller", i, "@example.com"))
		var found [2]boxoffice.Locking
		lock := func(n int, o *boxoffice.Office, channel access.Channel) func() error {
			return func() (err error) {
				req := locking(seat(2*i+n), awaySeat(2*i+n))
				req.Source, req.Seller = boxoffice.Individual, &seller
				found[n], err = o.Lock(background, partner(channel), req)
				return err
			}
		}
		must(t, "lock", atOnce(lock(0, s.office, "amtx"), lock(1, beside.office, "other")))
		if len(found[0].Sellers) != 2 || fmt.Sprint(found[0].Sellers) != fmt.Sprint(found[1].Sellers) {
			t.Fatalf("round %d found the sellers %v and %v; want the same two accounts", i, found[0].Sellers, found[1].Sellers)
		}
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM patron`) - before; n != 2*rounds {
		t.Errorf("%d accounts were made for %d persons; want one in each of two organizations", n, rounds)
	}
}
