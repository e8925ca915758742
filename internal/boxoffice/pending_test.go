package boxoffice_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// reviewing makes the home organization review orders.
func (d *desk) reviewing(policy boxoffice.Review, above int64) *desk {
	org := d.orgs[home]
	org.Review, org.ReviewAbove = policy, above
	d.orgs[home] = org
	return d
}

// playing is our channel in the sandbox.
func playing() access.Principal {
	who := caller("ours")
	who.Sandbox = true
	return who
}

func keyOf(order string) boxoffice.OrderKey {
	return boxoffice.OrderKey{Channel: "ours", ExternalOrderID: order}
}

// complete sells a cart and fails the test when it cannot be asked for.
func (d *desk) complete(who access.Principal, cart boxoffice.Cart) boxoffice.Sale {
	d.t.Helper()
	sale, err := d.Complete(d.t.Context(), who, cart)
	if err != nil {
		d.t.Fatalf("Complete: %v", err)
	}
	return sale
}

func TestWhichOrdersWait(t *testing.T) {
	withFees := cartOf("O-1: A")
	withFees.Elements[0].TotalFees = amount("0.01")
	for _, tt := range []struct {
		name   string
		review boxoffice.Review
		above  int64
		who    access.Principal
		cart   boxoffice.Cart
		want   boxoffice.Wait
	}{
		{"none of an organization that reviews nothing", boxoffice.ReviewNone, 0, caller("ours"), cartOf("O-1: A"), boxoffice.NoWait},
		{"all, where all are reviewed", boxoffice.ReviewAll, 0, caller("ours"), cartOf("O-1: A"), boxoffice.WaitReview},
		{"one above the amount", boxoffice.ReviewLarge, 4999, caller("ours"), cartOf("O-1: A"), boxoffice.WaitReview},
		{"not one of just the amount", boxoffice.ReviewLarge, 5000, caller("ours"), cartOf("O-1: A"), boxoffice.NoWait},
		{"one that fees lift above it", boxoffice.ReviewLarge, 5000, caller("ours"), withFees, boxoffice.WaitReview},
		{"the sandbox's PENDING-", boxoffice.ReviewNone, 0, playing(), cartOf("PENDING-1: A"), boxoffice.WaitComplete},
		{"the sandbox's ERROR-", boxoffice.ReviewNone, 0, playing(), cartOf("ERROR-1: A"), boxoffice.WaitError},
		{"no others of the sandbox", boxoffice.ReviewNone, 0, playing(), cartOf("O-PENDING-1: A"), boxoffice.NoWait},
		{"the sandbox's own before a review", boxoffice.ReviewAll, 0, playing(), cartOf("PENDING-1: A"), boxoffice.WaitComplete},
		{"the sandbox's others for review", boxoffice.ReviewAll, 0, playing(), cartOf("O-1: A"), boxoffice.WaitReview},
		{"not PENDING- outside of the sandbox", boxoffice.ReviewNone, 0, caller("ours"), cartOf("PENDING-1: A"), boxoffice.NoWait},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ours("A")).reviewing(tt.review, tt.above)
			sale := d.complete(tt.who, tt.cart)
			order := d.orders[keyOf(tt.cart.Elements[0].ExternalOrderID)]
			want := boxoffice.OrderComplete
			if tt.want != boxoffice.NoWait {
				want = boxoffice.OrderPending
			}
			if order.Wait != tt.want || order.State != want || sale.Status != want {
				t.Errorf("the order waits for %q in %s, the sale is %s; want %q, %s", order.Wait, order.State, sale.Status, tt.want, want)
			}
			tasks := 0
			if tt.want == boxoffice.WaitComplete || tt.want == boxoffice.WaitError {
				tasks = 1
			}
			if len(d.last.Tasks) != tasks {
				t.Errorf("it left the tasks %+v; want %d", d.last.Tasks, tasks)
			}
		})
	}
}

func TestAPendingOrderHoldsItsTickets(t *testing.T) {
	locked := ours("A")
	price := int64(7000)
	locked.Hold.Lock = boxoffice.LockTerms{Source: boxoffice.Broker, Listing: "L-9", Price: &price, Seller: "10"}
	d := newDesk(t, locked)
	cart := cartOf("PENDING-1: A")
	cart.Settlement.CallbackURL = "https://partner.example.com/done"
	sale := d.complete(playing(), cart)
	if diff := cmp.Diff(boxoffice.Sale{Status: boxoffice.OrderPending, Process: sale.Process, Currency: "USD"}, sale); diff != "" || sale.Process == "" {
		t.Errorf("Complete (-want +got):\n%s", diff)
	}

	want := locked
	want.Version, want.Latest = 2, boxoffice.ThisBatch
	want.Hold.Kind, want.Hold.By = boxoffice.HoldOrder, string(sale.Process)
	if diff := cmp.Diff(want, d.tickets["A"]); diff != "" {
		t.Errorf("the ticket (-want +got):\n%s", diff)
	}
	if got := strings.Join(d.what(), ", "); got != "order A 2" || d.last.Journal[0].Order != "ours/PENDING-1" {
		t.Errorf("journal has %q of order %q; want order A 2 of ours/PENDING-1", got, d.last.Journal[0].Order)
	}
	order := d.orders[keyOf("PENDING-1")]
	lines := []boxoffice.OrderLine{{Token: "A", Price: 5000, From: "10", To: "1", Version: 2}}
	if diff := cmp.Diff(lines, order.Lines); diff != "" || len(order.Offers)+len(order.Transactions) > 0 || order.Price != 5000 {
		t.Errorf("the order is %+v; want its sums without offers and transactions, and the lines (-want +got):\n%s", order, diff)
	}
	if len(d.last.Patrons) != 1 || order.Buyer != d.last.Patrons[0].ID {
		t.Errorf("the buyer is %q of %+v; want the account that was made", order.Buyer, d.last.Patrons)
	}
	task := boxoffice.Task{ID: "decide/ours/PENDING-1", Kind: boxoffice.TaskDecide, Subject: "ours/PENDING-1", Due: noon.Add(3 * time.Second)}
	if diff := cmp.Diff([]boxoffice.Task{task}, d.last.Tasks); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	owed := boxoffice.Callback{Process: sale.Process, Channel: "ours", URL: "https://partner.example.com/done", State: boxoffice.CallbackOwed, At: noon}
	if diff := cmp.Diff([]boxoffice.Callback{owed}, d.last.Callbacks); diff != "" || !order.CallBack {
		t.Errorf("callbacks (-want +got):\n%s", diff)
	}

	unlocking, err := d.Unlock(t.Context(), caller("ours"), []boxoffice.Token{"A"})
	if err != nil || refusals(unlocking.Refused) != "A TOKEN_NOT_AVAILABLE" || !unlocking.AllInConflict() {
		t.Errorf("Unlock = %+v, %v; want a conflict", unlocking, err)
	}
	for _, channel := range []access.Channel{"ours", "theirs"} {
		locking, err := d.Lock(t.Context(), caller(channel), boxoffice.LockRequest{Source: boxoffice.MyAccount, Lines: []boxoffice.LockLine{{Token: "A"}}})
		if err != nil || refusals(locking.Refused) != "A TOKEN_NOT_AVAILABLE" {
			t.Errorf("Lock by %s = %+v, %v; want TOKEN_NOT_AVAILABLE", channel, locking, err)
		}
	}
	printing, err := d.Print(t.Context(), caller("ours"), boxoffice.PrintRequest{ExternalOrderID: "PENDING-1", Tokens: []boxoffice.Token{"A"}})
	if err != nil || refusals(printing.Refused) != "A ORDER_NOT_COMPLETE" {
		t.Errorf("Print = %+v, %v; want ORDER_NOT_COMPLETE", printing, err)
	}
	if sale := d.complete(playing(), cartOf("O-2: A")); refusals(sale.Refused) != "O-2 A TOKEN_NOT_AVAILABLE" {
		t.Errorf("another order refused %q; want TOKEN_NOT_AVAILABLE", refusals(sale.Refused))
	}
}

func TestOnlyWhatWaitsIsCalledBack(t *testing.T) {
	for _, tt := range []struct {
		name   string
		orders []string
		url    string
		want   int
	}{
		{"a pending order with an address", []string{"PENDING-1: A"}, "https://partner.example.com/", 1},
		{"one among others", []string{"O-1: A", "PENDING-1: B"}, "https://partner.example.com/", 1},
		{"a pending order without an address", []string{"PENDING-1: A"}, "", 0},
		{"an order that was sold at once", []string{"O-1: A"}, "https://partner.example.com/", 0},
		{"a pending order that is refused", []string{"PENDING-1: X"}, "https://partner.example.com/", 0},
		{"an order sold beside one that is refused", []string{"O-1: A", "PENDING-1: X"}, "https://partner.example.com/", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ours("A"), ours("B"))
			cart := cartOf(tt.orders...)
			cart.Settlement.CallbackURL = tt.url
			d.complete(playing(), cart)
			if len(d.last.Callbacks) != tt.want {
				t.Errorf("it owes %+v; want %d", d.last.Callbacks, tt.want)
			}
		})
	}
}

func TestCallbacksGoWhereTheOrganizationAllows(t *testing.T) {
	for _, tt := range []struct {
		name    string
		allowed []string
		host    string
		want    error
	}{
		{"anywhere without a list", nil, "partner.example.com", nil},
		{"to a host of the list", []string{"other.example.com", "Partner.example.com"}, "partner.example.com", nil},
		{"not to another", []string{"other.example.com"}, "partner.example.com", fault.CallbackNotAllowed},
		{"not below one of the list", []string{"example.com"}, "partner.example.com", fault.CallbackNotAllowed},
		{"nowhere in particular", []string{"other.example.com"}, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ours("A"))
			org := d.orgs[home]
			org.Callbacks = tt.allowed
			d.orgs[home] = org
			cart := cartOf("O-1: A")
			cart.Settlement.CallbackURL, cart.Settlement.CallbackHost = "https://partner.example.com/", tt.host
			if _, err := d.Complete(t.Context(), caller("ours"), cart); !errors.Is(err, tt.want) {
				t.Errorf("Complete = %v; want %v", err, tt.want)
			}
			if tt.want != nil && !d.last.Empty() {
				t.Errorf("it did %+v", d.last)
			}
		})
	}
}

func TestPendingOrdersRepeat(t *testing.T) {
	d := newDesk(t, ours("A"), ours("B"), free("C"), ours("D"))
	cart := cartOf("O-1: A", "PENDING-2: B", "PENDING-3: C")
	cart.Settlement.CallbackURL = "https://partner.example.com/"
	first := d.complete(playing(), cart)
	if first.Status != boxoffice.OrderPending || refusals(first.Refused) != "PENDING-3 C TOKEN_NOT_LOCKED" {
		t.Fatalf("Complete = %+v; want it pending and the third refused", first)
	}
	if got := strings.Join(d.what(), ", "); got != "sale A 2, order B 2" {
		t.Errorf("journal has %q; want the first sold and the second ordered", got)
	}

	for range 2 {
		if again := d.complete(playing(), cart); !cmp.Equal(first, again) || !d.last.Empty() {
			t.Errorf("the repeat = %+v and wrote %+v; want the same answer and nothing", again, d.last)
		}
	}
	other := cart
	other.Buyer = person("pepper@example.com")
	if sale := d.complete(playing(), other); refusals(sale.Refused) != "O-1 ORDER_MISMATCH, PENDING-2 ORDER_MISMATCH, PENDING-3 C TOKEN_NOT_LOCKED" {
		t.Errorf("with another buyer it refused %q", refusals(sale.Refused))
	}

	// What was refused is tried again, and joins the process.
	d.tickets["C"] = ours("C")
	again := d.complete(playing(), cart)
	if again.Status != boxoffice.OrderPending || again.Process != first.Process || len(again.Refused) > 0 {
		t.Errorf("the repeat = %+v; want all of it pending under %s", again, first.Process)
	}
	if got := strings.Join(d.what(), ", "); got != "order C 2" || len(d.last.Callbacks) != 1 {
		t.Errorf("the repeat wrote %q and owes %+v; want the third order, and the callback once more", got, d.last.Callbacks)
	}

	alike := func(orders ...string) boxoffice.Cart {
		cart := cartOf(orders...)
		settle(&cart, "150", "45")
		return cart
	}
	elsewhere := d.complete(playing(), alike("PENDING-4: D"))
	if elsewhere.Process == first.Process {
		t.Fatal("another cart has the same process")
	}
	if _, err := d.Complete(t.Context(), playing(), alike("PENDING-2: B", "PENDING-4: D")); !errors.Is(err, fault.OrdersApart) {
		t.Errorf("pending orders of two processes in one cart: %v; want ORDERS_APART", err)
	}
}
