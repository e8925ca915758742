package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var waits = []clause{
	{"an order that waits is kept, and sold when it is approved", approvedIsKept},
	{"an order that fails gives back the lock it had", failedGivesBack},
	{"the sandbox's order leaves a task with it", waitLeavesATask},
	{"two processes decide an order once", orderIsDecidedOnce},
	{"a decision and what joins its process see each other", decisionSeesWhatJoins},
	{"orders under review are read oldest first", reviewReads},
	{"a callback is kept sealed and settled once in a round", callbackIsKept},
}

// review makes the home organization look at every order above an amount.
func (s *scene) review(above int64) {
	s.t.Helper()
	_, err := s.db.ExecContext(background, `UPDATE organization SET review = 'above', review_above = $1 WHERE id = 998`, above)
	must(s.t, "review orders", err)
}

var operator = access.Principal{Application: "operator/pat", RequestID: "0f2d5d3e-7d1c-4b52-9a57-0d3c1f0a7f12"}

func keyOf(order string) boxoffice.OrderKey {
	return boxoffice.OrderKey{Channel: "amtx", ExternalOrderID: order}
}

func (s *scene) order(order string) boxoffice.Order {
	s.t.Helper()
	o, found, err := s.store.Order(background, keyOf(order))
	if err != nil || !found {
		s.t.Fatalf("Order(%s) = %t, %v; want it", order, found, err)
	}
	return o
}

// wait locks tickets and has an order wait for the operator.
func (s *scene) wait(order string, tokens ...boxoffice.Token) boxoffice.Sale {
	s.t.Helper()
	s.lock("amtx", tokens...)
	sale, err := s.office.Complete(s.t.Context(), partner("amtx"), cart(order, mailed("ada@example.com"), tokens...))
	if err != nil || sale.Status != boxoffice.OrderPending {
		s.t.Fatalf("Complete(%v) = %+v, %v; want it pending", tokens, sale, err)
	}
	return sale
}

func approvedIsKept(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.review(0)
	sale := s.wait("O-1", seat(1), laterSeat(1))
	before := s.ticket(seat(1))
	if before.Hold.Kind != boxoffice.HoldOrder || before.Hold.By != string(sale.Process) || before.Owner != owner || before.Version != 2 {
		t.Errorf("the ticket is %+v; want the order's, with the owner it had", before)
	}
	waiting := s.order("O-1")
	if waiting.State != boxoffice.OrderPending || waiting.Wait != boxoffice.WaitReview || len(waiting.Lines) != 2 || waiting.Buyer == "" {
		t.Errorf("the order is %+v; want it pending with its lines and buyer", waiting)
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM ledger`); n != 0 {
		t.Errorf("the ledger has %d rows of an order that waits; want none", n)
	}

	decided, err := s.office.Judge(t.Context(), operator, keyOf("O-1"), true, "known buyer")
	if diff := cmp.Diff(s.order("O-1"), decided); err != nil || diff != "" {
		t.Errorf("Judge: %v; kept and answered (-kept +answered):\n%s", err, diff)
	}
	if decided.State != boxoffice.OrderComplete || decided.Verdict.By != "operator/pat" || decided.Verdict.Why != "known buyer" || decided.Verdict.At.IsZero() {
		t.Errorf("the order is %+v; want it complete with its verdict", decided)
	}
	sold := s.ticket(seat(1))
	if sold.Owner != decided.Buyer || sold.Version != 3 || sold.Owned != 3 || sold.Barcode == before.Barcode || sold.Hold != (boxoffice.Hold{}) {
		t.Errorf("sold ticket is %+v; want it free, the buyer's, with a new barcode", sold)
	}
	if n := number(t, s.db, `SELECT COUNT(DISTINCT number) FROM ledger WHERE at > (SELECT at FROM orders)`); n != 2 {
		t.Errorf("the ledger has %d transactions of the time of the verdict; want one a season", n)
	}
	again, err := s.office.Judge(t.Context(), operator, keyOf("O-1"), true, "")
	if diff := cmp.Diff(decided, again); err != nil || diff != "" {
		t.Errorf("Judge again: %v (-first +again):\n%s", err, diff)
	}
	told, err := s.office.Outcome(t.Context(), sale.Process)
	if err != nil || told.Status != boxoffice.OrderComplete || told.Paid != 10000 || len(told.Offers) != 2 {
		t.Errorf("Outcome = %+v, %v; want the sale", told, err)
	}
}

func failedGivesBack(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.review(0)
	req, hundred := locking(seat(1), seat(2)), amount(100)
	req.Source, req.TotalPrice, req.Lines[0].Price = boxoffice.Broker, &hundred, &hundred
	seller := mailed("broker@example.com")
	req.Seller = &seller
	_, err := s.office.Lock(t.Context(), partner("amtx"), req)
	must(t, "lock", err)
	before := s.ticket(seat(1)).Hold
	c := cart("O-1", mailed("ada@example.com"), seat(1))
	c.Elements = append(c.Elements, element("O-2", seat(2)))
	sale, err := s.office.Complete(t.Context(), partner("amtx"), c)
	must(t, "complete", err)

	failed, err := s.office.Judge(t.Context(), operator, keyOf("O-1"), false, "")
	if diff := cmp.Diff(s.order("O-1"), failed); err != nil || diff != "" {
		t.Errorf("Judge: %v; kept and answered (-kept +answered):\n%s", err, diff)
	}
	if len(failed.Refused) != 1 || failed.Refused[0].Reason != fault.OrderRejected || failed.Refused[0].ExternalOrderID != "O-1" {
		t.Errorf("the order was refused for %+v; want ORDER_REJECTED", failed.Refused)
	}
	got := s.ticket(seat(1))
	if diff := cmp.Diff(before, got.Hold); diff != "" || got.Version != 3 || got.Owner != owner {
		t.Errorf("the ticket is %+v; want its lock as it was (-want +got):\n%s", got, diff)
	}
	if o := s.order("O-2"); !o.Differs || o.State != boxoffice.OrderPending {
		t.Errorf("the other order is %+v; want it pending, and marked: the settlement is for more than is sold", o)
	}
	told, err := s.office.Process(t.Context(), partner("amtx"), sale.Process)
	if err != nil || told.Status != boxoffice.OrderPending {
		t.Errorf("Process = %+v, %v; want it pending", told, err)
	}
	// The lock may be dropped and the ticket sold under another name.
	s.review(1_000_000)
	s.sell("amtx", "O-3", seat(1))
}

func waitLeavesATask(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	who := partner("amtx")
	who.Sandbox = true
	s.lock("amtx", seat(1))
	c := cart("PENDING-1", mailed("ada@example.com"), seat(1))
	c.Settlement.CallbackURL = "https://partner.example.com/done?key=secret"
	sale, err := s.office.Complete(t.Context(), who, c)
	if err != nil || sale.Status != boxoffice.OrderPending {
		t.Fatalf("Complete = %+v, %v; want it pending", sale, err)
	}
	due := number(t, s.db, `SELECT due_at FROM task WHERE id = 'decide/amtx/PENDING-1' AND kind = 'decide' AND subject = 'amtx/PENDING-1'`)
	if wait := due - number(t, s.db, `SELECT at FROM orders`); wait != 3_000_000 {
		t.Errorf("the task is due %d µs after the order; want three seconds", wait)
	}
	_, err = s.db.ExecContext(background, `UPDATE task SET due_at = 1`)
	must(t, "let time pass", err)
	claimed := s.claim(boxoffice.TaskDecide, 10)
	if len(claimed) != 1 {
		t.Fatalf("claimed %+v; want the order's task", claimed)
	}
	for range 2 { // whoever finished may die before the task is dropped
		if again, err := s.office.FinishOrder(t.Context(), claimed[0]); err != nil || again != 0 {
			t.Errorf("FinishOrder = %v, %v; want it done", again, err)
		}
	}
	if o := s.order("PENDING-1"); o.State != boxoffice.OrderComplete || s.ticket(seat(1)).Version != 3 {
		t.Errorf("the order is %+v; want it complete, decided once", o)
	}
	if calls := s.claim(boxoffice.TaskCallback, 10); len(calls) != 1 || calls[0].Subject != string(sale.Process) {
		t.Errorf("claimed %+v; want one callback of process %s", calls, sale.Process)
	}
}

func orderIsDecidedOnce(t *testing.T, f Fixture) {
	const orders = 12
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	s.review(0)
	for n := range orders {
		s.wait(fmt.Sprint("O-", n), seat(2*n), seat(2*n+1))
	}
	var (
		mu    sync.Mutex
		words = map[string]map[bool]int{}
		work  sync.WaitGroup
	)
	for caller := range 4 {
		office, approve := []*scene{s, beside}[caller%2].office, caller < 2
		work.Go(func() {
			for n := range orders {
				order := fmt.Sprint("O-", n)
				_, err := office.Judge(background, operator, keyOf(order), approve, "")
				if err != nil && !errors.Is(err, fault.OrderDecided) {
					t.Errorf("Judge(%s): %v", order, err)
				}
				mu.Lock()
				if words[order] == nil {
					words[order] = map[bool]int{}
				}
				if err == nil {
					words[order][approve]++
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	for order, took := range words {
		if took[true] > 0 == (took[false] > 0) || took[true]+took[false] != 2 {
			t.Errorf("%s was approved for %d callers and rejected for %d; want both of one kind alone", order, took[true], took[false])
		}
		o := s.order(order)
		if want := took[true] > 0; o.Verdict.Approved != want || (o.State == boxoffice.OrderComplete) != want {
			t.Errorf("%s is %s, approved %t; want what its callers were told", order, o.State, o.Verdict.Approved)
		}
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM ticket WHERE version NOT IN (0, 3)`); n != 0 {
		t.Errorf("%d tickets were not decided exactly once", n)
	}
	s.wantNoDeadlock(f, beside)
}

// wantNoDeadlock ends a test of two processes.
func (s *scene) wantNoDeadlock(f Fixture, beside *scene) {
	s.t.Helper()
	s.audit()
	beside.store.Close()
	s.store.Close()
	if n := f.Deadlocks(s.t); n != 0 {
		s.t.Errorf("the database broke %d deadlocks; want none", n)
	}
}

func decisionSeesWhatJoins(t *testing.T, f Fixture) {
	const rounds = 15
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	s.review(9_999)
	for n := range rounds {
		waiting, joining := fmt.Sprint("W-", n), fmt.Sprint("J-", n)
		c := cart(waiting, mailed("ada@example.com"), seat(3*n), seat(3*n+1)) // 100 waits, 50 does not
		c.Elements = append(c.Elements, element(joining, seat(3*n+2)))
		s.lock("amtx", seat(3*n), seat(3*n+1))
		sale, err := s.office.Complete(t.Context(), partner("amtx"), c)
		if err != nil || sale.Status != boxoffice.OrderPending || len(sale.Refused) != 1 {
			t.Fatalf("Complete = %+v, %v; want one to wait and one refused", sale, err)
		}
		s.lock("amtx", seat(3*n+2))
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := beside.office.Judge(background, operator, keyOf(waiting), false, ""); err != nil {
				t.Errorf("Judge: %v", err)
			}
		})
		both.Go(func() {
			if _, err := s.office.Complete(background, partner("amtx"), c); err != nil {
				t.Errorf("Complete again: %v", err)
			}
		})
		both.Wait()
		failed, joined := s.order(waiting), s.order(joining)
		if failed.State != boxoffice.OrderFailed || joined.State != boxoffice.OrderComplete || joined.Process != failed.Process || !joined.Differs {
			t.Fatalf("%s is %s; %s is %s, marked %t; want ERROR and COMPLETE of one process, marked", waiting, failed.State, joining, joined.State, joined.Differs)
		}
	}
	s.wantNoDeadlock(f, beside)
}

func reviewReads(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	if got, err := s.store.UnderReview(t.Context(), 10); err != nil || len(got) != 0 {
		t.Errorf("UnderReview of none = %+v, %v", got, err)
	}
	s.review(0)
	for n := range 3 {
		s.wait(fmt.Sprint("O-", n), seat(n))
	}
	_, err := s.db.ExecContext(background, `UPDATE orders SET at = at - 60000000 WHERE key = 'amtx/O-1'`)
	must(t, "let an order be older", err)
	_, err = s.office.Judge(t.Context(), operator, keyOf("O-2"), true, "")
	must(t, "approve", err)
	for limit, want := range map[int]string{1: "O-1", 10: "O-1 O-0"} {
		got, err := s.store.UnderReview(t.Context(), limit)
		var ids []string
		for _, o := range got {
			ids = append(ids, o.Key.ExternalOrderID)
		}
		if err != nil || strings.Join(ids, " ") != want {
			t.Errorf("UnderReview(%d) = %q, %v; want %q", limit, ids, err, want)
		}
	}
}

func callbackIsKept(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), t.Context()
	owe := func(urls ...string) {
		t.Helper()
		must(t, "owe a callback", s.store.Do(ctx, act{decide: func(b *boxoffice.Books) error {
			for _, url := range urls {
				b.Owe(boxoffice.Callback{Process: "P-1", Channel: "amtx", URL: url, State: boxoffice.CallbackOwed, At: b.Now})
			}
			return nil
		}}))
	}
	read := func(want boxoffice.Callback) boxoffice.Callback {
		t.Helper()
		c, found, err := s.store.Callback(ctx, "P-1")
		if err != nil || !found || c.At.IsZero() {
			t.Fatalf("Callback = %+v, %t, %v; want it with its time", c, found, err)
		}
		want.Process, want.Channel, want.At = "P-1", "amtx", c.At
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("Callback (-want +got):\n%s", diff)
		}
		return c
	}
	settle := func(c boxoffice.Callback) {
		t.Helper()
		for range 2 { // it is idempotent
			must(t, "settle", s.store.SettleCallback(ctx, c))
		}
	}
	if _, found, err := s.store.Callback(ctx, "P-1"); err != nil || found {
		t.Errorf("Callback of nothing = %t, %v; want none", found, err)
	}
	must(t, "settle what was never owed", s.store.SettleCallback(ctx, boxoffice.Callback{Process: "P-1", Round: 1, State: boxoffice.CallbackDead}))

	const first, second = "https://partner.example.com/1?key=secret", "https://partner.example.com/2"
	owe("https://partner.example.com/0", first) // of two in one batch the newer counts
	c := read(boxoffice.Callback{URL: first, State: boxoffice.CallbackOwed, Round: 1})
	if n := number(t, s.db, `SELECT COUNT(*) FROM callback WHERE url LIKE '%example%' OR url LIKE '%secret%'`); n != 0 {
		t.Error("the address stands in the database for all to read")
	}
	c.Attempts, c.Note = 1, "5xx"
	settle(c)
	late := read(boxoffice.Callback{URL: first, State: boxoffice.CallbackOwed, Attempts: 1, Note: "5xx", Round: 1})

	owe(second)
	late.State, late.Attempts, late.Note = boxoffice.CallbackDelivered, 2, "2xx"
	settle(late)
	c = read(boxoffice.Callback{URL: second, State: boxoffice.CallbackOwed, Round: 2}) // what came late says nothing of it
	c.State, c.Attempts, c.Note = boxoffice.CallbackDead, 18, "4xx"
	settle(c)
	dead := boxoffice.Callback{URL: second, State: boxoffice.CallbackDead, Attempts: 18, Note: "4xx", Round: 2}
	read(dead)
	c.State, c.Note = boxoffice.CallbackDelivered, "2xx"
	settle(c)
	read(dead)
}
