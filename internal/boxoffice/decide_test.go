package boxoffice_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var operator = access.Principal{Application: "operator/pat", RequestID: "r-2"}

// judge decides an order, which must be possible.
func (d *desk) judge(order string, approve bool) boxoffice.Order {
	d.t.Helper()
	o, err := d.Judge(d.t.Context(), operator, keyOf(order), approve, "looked at")
	if err != nil {
		d.t.Fatalf("Judge(%s, %t): %v", order, approve, err)
	}
	return o
}

// finish is what the clerk does with the task of an order.
func (d *desk) finish(order string) error {
	again, err := d.FinishOrder(d.t.Context(), boxoffice.ClaimedTask{Task: boxoffice.Task{Kind: boxoffice.TaskDecide, Subject: keyOf(order).String()}})
	if again != 0 {
		d.t.Errorf("FinishOrder(%s) wants its task again after %v", order, again)
	}
	return err
}

func TestAnApprovedOrderIsSold(t *testing.T) {
	d := newDesk(t, ours("A"), at(later, ours("B"))).reviewing(boxoffice.ReviewAll, 0)
	sale := d.complete(caller("ours"), cartOf("O-1: A B"))
	before := d.tickets["A"]
	order := d.judge("O-1", true)

	sold := d.tickets["A"]
	if sold.Owner != order.Buyer || sold.Owned != 3 || sold.Version != 3 || sold.Hold != (boxoffice.Hold{}) || sold.Barcode == before.Barcode {
		t.Errorf("sold ticket is %+v; want the buyer's since version 3, free, with a new barcode", sold)
	}
	if got := strings.Join(d.what(), ", "); got != "sale A 3, sale B 3" || d.last.Journal[0].By.Application != "operator/pat" || d.last.Journal[0].Order != "ours/O-1" {
		t.Errorf("journal has %q by %+v; want the sales, by the operator", got, d.last.Journal[0].By)
	}
	wantVerdict := boxoffice.Verdict{Approved: true, By: "operator/pat", Why: "looked at", At: noon}
	if order.State != boxoffice.OrderComplete || order.Verdict != wantVerdict || len(order.Transactions) != 2 || order.Differs {
		t.Errorf("the order is %+v; want it complete, in two seasons, with its verdict", order)
	}
	if diff := cmp.Diff(d.orders[keyOf("O-1")], order); diff != "" {
		t.Errorf("Judge answered another order than it kept (-kept +answered):\n%s", diff)
	}
	told, err := d.Office.Process(t.Context(), caller("ours"), sale.Process)
	if err != nil || told.Status != boxoffice.OrderComplete || told.Paid != 10000 || len(told.Offers) != 2 || len(told.Transactions) != 2 {
		t.Errorf("Process = %+v, %v; want the whole sale", told, err)
	}
	if again := d.complete(caller("ours"), cartOf("O-1: A B")); !cmp.Equal(told, again) || !d.last.Empty() {
		t.Errorf("the cart repeated = %+v and wrote %+v; want the answer of the process", again, d.last)
	}
	if printing, err := d.Print(t.Context(), caller("ours"), boxoffice.PrintRequest{ExternalOrderID: "O-1", Tokens: []boxoffice.Token{"A"}}); err != nil || len(printing.Done) != 1 {
		t.Errorf("Print = %+v, %v; want the page", printing, err)
	}
}

func TestAnOrderThatFailsGivesItsLocksBack(t *testing.T) {
	change := func(token boxoffice.Token, f func(*boxoffice.Ticket)) func(*desk) {
		return func(d *desk) {
			ticket := d.tickets[token]
			f(&ticket)
			ticket.Version++
			d.tickets[token] = ticket
		}
	}
	event := func(f func(*boxoffice.Event)) func(*desk) {
		return func(d *desk) {
			e := d.events[game]
			f(&e)
			d.events[game] = e
		}
	}
	nothing := func(*desk) {}
	for _, tt := range []struct {
		name      string
		meanwhile func(*desk)
		approve   bool
		back      string // tokens that are locked again as they were
		want      string // refusals
	}{
		{"rejected", nothing, false, "A B", "O-1 ORDER_REJECTED"},
		{"approved, and a ticket is void", change("A", func(t *boxoffice.Ticket) { t.Void, t.Hold = true, boxoffice.Hold{} }), true, "B", "O-1 A TOKEN_NOT_AVAILABLE"},
		{"approved, and a ticket is void that it holds", change("A", func(t *boxoffice.Ticket) { t.Void = true }), true, "A B", "O-1 A TOKEN_NOT_AVAILABLE"},
		{"approved, and the venue took a ticket", change("B", func(t *boxoffice.Ticket) { t.Hold = boxoffice.Hold{Kind: boxoffice.HoldVenue, By: "desk"} }), true, "A", "O-1 B TOKEN_NOT_AVAILABLE"},
		{"approved, and a ticket is free", change("B", func(t *boxoffice.Ticket) { t.Hold = boxoffice.Hold{} }), true, "A", "O-1 B TOKEN_NOT_AVAILABLE"},
		{"approved, and another order has a ticket", change("B", func(t *boxoffice.Ticket) { t.Hold.By = "P-9" }), true, "A", "O-1 B TOKEN_NOT_AVAILABLE"},
		{"approved, and the channel locked a ticket anew", change("B", func(t *boxoffice.Ticket) { t.Hold.Kind, t.Hold.By = boxoffice.HoldLock, "ours" }), true, "A", "O-1 B TOKEN_NOT_AVAILABLE"},
		{"approved, and the event is cancelled", event(func(e *boxoffice.Event) { e.Cancelled = true }), true, "A B", "O-1 A EVENT_CLOSED, O-1 B EVENT_CLOSED"},
		{"approved, and the event is over", event(func(e *boxoffice.Event) { e.Over = noon }), true, "A B", "O-1 A EVENT_CLOSED, O-1 B EVENT_CLOSED"},
		{"approved, and the event is off the secondary market", event(func(e *boxoffice.Event) { e.Secondary = false }), true, "A B", "O-1 A EVENT_CLOSED, O-1 B EVENT_CLOSED"},
		{"rejected, and the event is cancelled", event(func(e *boxoffice.Event) { e.Cancelled = true }), false, "A B", "O-1 ORDER_REJECTED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := ours("A"), ours("B")
			price := int64(7000)
			a.Hold.Lock = boxoffice.LockTerms{Source: boxoffice.MyAccount, Listing: "L-9", Price: &price}
			d := newDesk(t, a, b).reviewing(boxoffice.ReviewAll, 0)
			sale := d.complete(caller("ours"), cartOf("O-1: A B"))
			tt.meanwhile(d)
			var want []boxoffice.Ticket
			var journal []string
			for _, was := range []boxoffice.Ticket{a, b} {
				ticket := d.tickets[was.Token]
				if strings.Contains(tt.back, string(was.Token)) {
					ticket.Hold, ticket.Version = was.Hold, ticket.Version+1
					journal = append(journal, fmt.Sprintf("fail %s %d", was.Token, ticket.Version))
				}
				want = append(want, ticket)
			}
			order := d.judge("O-1", tt.approve)

			if order.State != boxoffice.OrderFailed || refusals(order.Refused) != tt.want || order.Verdict.Approved != tt.approve || !order.Differs {
				t.Errorf("the order is %+v; want it in ERROR for %q, marked", order, tt.want)
			}
			if diff := cmp.Diff(want, []boxoffice.Ticket{d.tickets["A"], d.tickets["B"]}); diff != "" {
				t.Errorf("the tickets (-want +got):\n%s", diff)
			}
			if got := strings.Join(d.what(), ", "); got != strings.Join(journal, ", ") {
				t.Errorf("journal has %q; want %q", got, strings.Join(journal, ", "))
			}
			if len(order.Offers)+len(order.Transactions) > 0 {
				t.Errorf("it answers with %+v and %+v", order.Offers, order.Transactions)
			}
			failed := boxoffice.Sale{Status: boxoffice.OrderFailed, Process: sale.Process, Currency: "USD", Refused: order.Refused}
			if told, err := d.Office.Process(t.Context(), caller("ours"), sale.Process); err != nil || !cmp.Equal(failed, told) {
				t.Errorf("Process = %+v, %v; want ERROR with its reasons", told, err)
			}
			if again := d.complete(caller("ours"), cartOf("O-1: A B")); !cmp.Equal(failed, again) || !d.last.Empty() {
				t.Errorf("the cart repeated = %+v and wrote %+v; want its externalOrderId spent", again, d.last)
			}
		})
	}
}

func TestAnOrderIsJudgedOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		arrange func(*desk)
		first   func(*desk) // nil: nobody decided before
		approve bool
		want    error
	}{
		{"approved again", nil, func(d *desk) { d.judge("O-1", true) }, true, nil},
		{"rejected again", nil, func(d *desk) { d.judge("O-1", false) }, false, nil},
		{"approved and then rejected", nil, func(d *desk) { d.judge("O-1", true) }, false, fault.OrderDecided},
		{"rejected and then approved", nil, func(d *desk) { d.judge("O-1", false) }, true, fault.OrderDecided},
		{"approved in vain, again", func(d *desk) { d.close() }, func(d *desk) { d.judge("O-1", true) }, true, nil},
		{"approved in vain and then rejected", func(d *desk) { d.close() }, func(d *desk) { d.judge("O-1", true) }, false, fault.OrderDecided},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ours("A")).reviewing(boxoffice.ReviewAll, 0)
			d.complete(caller("ours"), cartOf("O-1: A"))
			if tt.arrange != nil {
				tt.arrange(d)
			}
			tt.first(d)
			before := d.orders[keyOf("O-1")]
			d.last = boxoffice.Outcome{}
			got, err := d.Judge(t.Context(), access.Principal{Application: "operator/other"}, keyOf("O-1"), tt.approve, "")
			if !errors.Is(err, tt.want) || err == nil && !cmp.Equal(before, got) {
				t.Errorf("Judge = %+v, %v; want the order as it was, or %v", got, err, tt.want)
			}
			if !d.last.Empty() {
				t.Errorf("it wrote %+v", d.last)
			}
		})
	}
	d := newDesk(t, ours("A"))
	d.complete(caller("ours"), cartOf("O-1: A"))
	for _, approve := range []bool{true, false} {
		if _, err := d.Judge(t.Context(), operator, keyOf("O-1"), approve, ""); !errors.Is(err, fault.OrderDecided) {
			t.Errorf("Judge(%t) of an order that never waited: %v; want ORDER_DECIDED", approve, err)
		}
		if _, err := d.Judge(t.Context(), operator, keyOf("O-9"), approve, ""); !errors.Is(err, fault.OrderUnknown) {
			t.Errorf("Judge(%t) of no order: %v; want ORDER_NOT_FOUND", approve, err)
		}
	}
	if _, err := d.Office.Order(t.Context(), keyOf("O-9")); !errors.Is(err, fault.OrderUnknown) {
		t.Errorf("Order of none: %v; want ORDER_NOT_FOUND", err)
	}
	if o, err := d.Office.Order(t.Context(), keyOf("O-1")); err != nil || o.State != boxoffice.OrderComplete {
		t.Errorf("Order = %+v, %v; want the one that was sold", o, err)
	}
}

// close cancels the game.
func (d *desk) close() {
	e := d.events[game]
	e.Cancelled = true
	d.events[game] = e
}

func TestTheSandboxFinishesItsOrders(t *testing.T) {
	for _, tt := range []struct {
		name, order, want, words string
		state                    boxoffice.OrderState
	}{
		{"completes PENDING-", "PENDING-1", "", "sale A 3", boxoffice.OrderComplete},
		{"ends ERROR- in ERROR", "ERROR-1", "ERROR-1 SANDBOX_REFUSED", "fail A 3", boxoffice.OrderFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ours("A"))
			d.complete(playing(), cartOf(tt.order+": A"))
			if err := d.finish(tt.order); err != nil {
				t.Fatalf("FinishOrder: %v", err)
			}
			order := d.orders[keyOf(tt.order)]
			if order.State != tt.state || refusals(order.Refused) != tt.want || order.Verdict.By != "seatlink/clerk" {
				t.Errorf("the order is %+v; want %s for %q", order, tt.state, tt.want)
			}
			if got := strings.Join(d.what(), ", "); got != tt.words {
				t.Errorf("journal has %q; want %q", got, tt.words)
			}
			d.last = boxoffice.Outcome{}
			if err := d.finish(tt.order); err != nil || !d.last.Empty() || !cmp.Equal(order, d.orders[keyOf(tt.order)]) {
				t.Errorf("the second run: %v, wrote %+v; want nothing", err, d.last)
			}
		})
	}
	d := newDesk(t, ours("A")).reviewing(boxoffice.ReviewAll, 0)
	d.complete(caller("ours"), cartOf("O-1: A"))
	if err := d.finish("O-1"); err == nil || d.orders[keyOf("O-1")].State != boxoffice.OrderPending {
		t.Errorf("FinishOrder of an order under review: %v; want an error and nothing done", err)
	}
	if err := d.finish("O-9"); !errors.Is(err, fault.OrderUnknown) {
		t.Errorf("FinishOrder of no order: %v; want ORDER_NOT_FOUND", err)
	}
}

func TestTheLastDecisionOfAProcessCallsBack(t *testing.T) {
	d := newDesk(t, ours("A"), ours("B"), ours("C"))
	cart := cartOf("O-1: A", "PENDING-2: B", "ERROR-3: C")
	settle(&cart, "150", "90")
	cart.Settlement.CallbackURL = "https://partner.example.com/done"
	sale := d.complete(playing(), cart)
	status := func(want boxoffice.OrderState) boxoffice.Sale {
		t.Helper()
		got, err := d.Outcome(t.Context(), sale.Process)
		if err != nil || got.Status != want {
			t.Errorf("Outcome = %+v, %v; want %s", got, err, want)
		}
		return got
	}

	if err := d.finish("PENDING-2"); err != nil || len(d.last.Tasks) != 0 {
		t.Errorf("FinishOrder: %v, left %+v; want no callback while an order waits", err, d.last.Tasks)
	}
	status(boxoffice.OrderPending)
	if err := d.finish("ERROR-3"); err != nil {
		t.Fatal(err)
	}
	task := boxoffice.Task{
		ID: "callback/" + string(sale.Process) + "/ours/ERROR-3", Kind: boxoffice.TaskCallback, Subject: string(sale.Process), Due: noon,
	}
	if diff := cmp.Diff([]boxoffice.Task{task}, d.last.Tasks); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	told := status(boxoffice.OrderComplete)
	if told.Paid != 10000 || len(told.Offers) != 2 || refusals(told.Refused) != "ERROR-3 SANDBOX_REFUSED" {
		t.Errorf("Outcome = %+v; want two orders sold and the third refused", told)
	}
	// The settlement was for more than was sold: every order that shares it is marked.
	for _, id := range []string{"O-1", "PENDING-2", "ERROR-3"} {
		o := d.orders[keyOf(id)]
		if !o.Differs || o.Settlement.PaidShare != 5000 || o.Settlement.ToSellerShare != 3000 {
			t.Errorf("%s settles %+v, marked %t; want a third each, marked", id, o.Settlement, o.Differs)
		}
	}
	if _, err := d.Outcome(t.Context(), "none"); !errors.Is(err, fault.ProcessUnknown) {
		t.Errorf("Outcome of none: %v; want PROCESS_NOT_FOUND", err)
	}

	// An order that nobody asked to be told of leaves no callback.
	d = newDesk(t, ours("A"))
	d.complete(playing(), cartOf("PENDING-1: A"))
	if err := d.finish("PENDING-1"); err != nil || len(d.last.Tasks) != 0 {
		t.Errorf("FinishOrder: %v, left %+v; want nothing", err, d.last.Tasks)
	}
}

// Ensure that what comes into a process while it is being decided is not overlooked.
func TestADecisionSeesItsProcessGrow(t *testing.T) {
	d := newDesk(t, ours("A"), free("B")).reviewing(boxoffice.ReviewLarge, 9999)
	cart := cartOf("O-1: A", "O-2: B")
	cart.Elements[0].TotalFees = amount("60") // above what passes without a review
	settle(&cart, "160", "90")
	sale := d.complete(caller("ours"), cart)
	if sale.Status != boxoffice.OrderPending || refusals(sale.Refused) != "O-2 B TOKEN_NOT_LOCKED" {
		t.Fatalf("Complete = %+v; want the first to wait and the second refused", sale)
	}
	d.meanwhile = func() {
		d.meanwhile = nil
		d.tickets["B"] = ours("B")
		if again := d.complete(caller("ours"), cart); len(again.Refused) > 0 {
			t.Errorf("the repeat refused %+v", again.Refused)
		}
	}
	d.judge("O-1", false)
	if o := d.orders[keyOf("O-2")]; o.State != boxoffice.OrderComplete || !o.Differs {
		t.Errorf("the order that came in between is %+v; want it sold, and marked", o)
	}

	// A process that grows without end is left for later.
	d = newDesk(t, ours("A")).reviewing(boxoffice.ReviewAll, 0)
	d.complete(caller("ours"), cartOf("O-1: A"))
	d.meanwhile = func() {
		o := d.orders[keyOf("O-1")]
		o.Joined++
		d.orders[keyOf("O-1")] = o
	}
	if _, err := d.Judge(t.Context(), operator, keyOf("O-1"), true, ""); !errors.Is(err, fault.Busy) {
		t.Errorf("Judge of a process that grows and grows: %v; want UNAVAILABLE", err)
	}
}

func TestOrdersUnderReviewAreShownOldestFirst(t *testing.T) {
	d := newDesk(t, ours("A"), ours("B"), ours("C"), ours("D")).reviewing(boxoffice.ReviewAll, 0)
	for _, order := range []string{"O-1: A", "O-2: B", "O-3: C"} {
		d.complete(caller("ours"), cartOf(order))
	}
	d.complete(playing(), cartOf("PENDING-4: D"))
	for id, age := range map[string]time.Duration{"O-1": time.Minute, "O-2": 3 * time.Minute, "O-3": 2 * time.Minute} {
		o := d.orders[keyOf(id)]
		o.At = noon.Add(-age)
		d.orders[keyOf(id)] = o
	}
	d.judge("O-3", true)
	got, err := d.Office.UnderReview(t.Context(), 1)
	if err != nil || len(got) != 1 || got[0].Key.ExternalOrderID != "O-2" {
		t.Errorf("UnderReview(1) = %+v, %v; want the oldest", got, err)
	}
	if got, err = d.Office.UnderReview(t.Context(), 10); err != nil || len(got) != 2 || got[1].Key.ExternalOrderID != "O-1" {
		t.Errorf("UnderReview(10) = %+v, %v; want the two that wait, the youngest last", got, err)
	}
}
