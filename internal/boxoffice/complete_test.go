package boxoffice_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// ours is a ticket that our channel has locked.
func ours(token boxoffice.Token) boxoffice.Ticket {
	return held(boxoffice.HoldLock, "ours", free(token))
}

// cartOf has an element for each order, such as "O-1: A B", at 50 a ticket, and
// a settlement of just that.
func cartOf(orders ...string) boxoffice.Cart {
	cart := boxoffice.Cart{Buyer: person("tony@example.com")}
	paid := 0
	for _, order := range orders {
		id, tokens, _ := strings.Cut(order, ": ")
		e := boxoffice.CartElement{ExternalListingID: "L-1", ExternalOrderID: id}
		for token := range strings.FieldsSeq(tokens) {
			e.Lines = append(e.Lines, boxoffice.CartLine{Token: boxoffice.Token(token), Price: amount("50")})
			paid += 50
		}
		cart.Elements = append(cart.Elements, e)
	}
	settle(&cart, fmt.Sprint(paid), "45")
	return cart
}

func settle(cart *boxoffice.Cart, paid, toSeller string) {
	cart.Settlement.TotalPaid, cart.Settlement.ToSeller = *amount(paid), *amount(toSeller)
}

func TestCompleteSellsATicket(t *testing.T) {
	d := newDesk(t, ours("A"))
	before := d.tickets["A"]
	sale, err := d.Complete(t.Context(), caller("ours"), cartOf("O-1: A"))
	want := boxoffice.Sale{
		Status: boxoffice.OrderComplete, Process: sale.Process, Currency: "USD", Paid: 5000,
		Offers: []boxoffice.Offer{{
			Season: "F26", Item: "F01", Basis: boxoffice.Single, EventName: "Game", PriceLevel: 1, PriceType: "Adult",
			Seats: []boxoffice.OfferSeat{{Token: "A", Event: game, Section: "U:1", Row: "1", Seat: "A", Owner: "1"}},
		}},
		Transactions: []boxoffice.SaleTransaction{{Season: "F26", Number: 2}},
	}
	if diff := cmp.Diff(want, sale); err != nil || diff != "" {
		t.Errorf("Complete: %v (-want +got):\n%s", err, diff)
	}
	if len(sale.Process) < 26 {
		t.Errorf("process %q has fewer than 128 random bits", sale.Process)
	}
	sold := d.tickets["A"]
	if sold.Owner != "1" || sold.Owned != 2 || sold.Version != 2 || sold.Hold != (boxoffice.Hold{}) {
		t.Errorf("sold ticket is %+v; want the buyer's since version 2, and free", sold)
	}
	if sold.Barcode == before.Barcode || !strings.HasPrefix(string(sold.Barcode), "998") || len(sold.Barcode) != 16 {
		t.Errorf("sold ticket has barcode %s; want a new one, of the organization's id and 13 digits", sold.Barcode)
	}
	if got := d.last.Journal; len(got) != 1 || got[0].What != boxoffice.Sold || got[0].Order != "ours/O-1" || got[0].By.RequestID != "r-1" {
		t.Errorf("journal has %+v; want the sale with its order and request", got)
	}
	if line := d.orders[boxoffice.OrderKey{Channel: "ours", ExternalOrderID: "O-1"}].Lines; len(line) != 1 || line[0].From != "10" || line[0].To != "1" || line[0].Version != 2 {
		t.Errorf("order has the lines %+v; want the change of owner", line)
	}
	if d.made["1"].LastName != "Stark" {
		t.Errorf("the buyer's account is %+v", d.made["1"])
	}
}

func TestCompleteSellsAllOfAnOrderOrNothing(t *testing.T) {
	over := func(d *desk) {
		e := d.events[game]
		e.Over = noon
		d.events[game] = e
	}
	for _, tt := range []struct {
		name    string
		ticket  boxoffice.Ticket
		arrange func(*desk)
		want    string
	}{
		{"not locked", free("A"), nil, "O-1 A TOKEN_NOT_LOCKED"},
		{"locked by another channel", held(boxoffice.HoldLock, "theirs", free("A")), nil, "O-1 A TOKEN_LOCKED"},
		{"in an order being processed", held(boxoffice.HoldOrder, "P-1", free("A")), nil, "O-1 A TOKEN_NOT_AVAILABLE"},
		{"in a pending transfer", held(boxoffice.HoldTransfer, "T-1", free("A")), nil, "O-1 A TOKEN_NOT_AVAILABLE"},
		{"held by the venue", held(boxoffice.HoldVenue, "desk", free("A")), nil, "O-1 A TOKEN_NOT_AVAILABLE"},
		{"void", void(ours("A")), nil, "O-1 A TOKEN_NOT_AVAILABLE"},
		{"of an event that is over", ours("A"), over, "O-1 A EVENT_CLOSED"},
		{"unknown", free("X"), nil, "O-1 A TOKEN_NOT_FOUND"},
		{"of an organization that is not granted", at(abroad, ours("A")), nil, "O-1 A TOKEN_NOT_FOUND"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.ticket, at(later, ours("Z")), at(later, ours("Y")))
			if tt.arrange != nil {
				tt.arrange(d)
			}
			sale, err := d.Complete(t.Context(), caller("ours", home), cartOf("O-1: Z A", "O-2: Y"))
			if err != nil || refusals(sale.Refused) != tt.want || sale.Status != boxoffice.OrderComplete || sale.Paid != 5000 {
				t.Errorf("Complete = %+v, %v; want it refused %q and the other order sold", sale, err, tt.want)
			}
			if got, want := strings.Join(d.what(), ", "), "sale Y 2"; got != want {
				t.Errorf("journal has %q; want %q", got, want)
			}
			if len(d.last.Orders) != 1 || len(d.last.Patrons) != 1 || !d.tickets["Z"].LockedBy("ours") {
				t.Errorf("the refused order left something behind: %+v", d.last)
			}
		})
	}
}

func TestCompleteOfNothingLeavesNothing(t *testing.T) {
	d := newDesk(t, free("A"))
	sale, err := d.Complete(t.Context(), caller("ours"), cartOf("O-1: A", "O-2: X"))
	if err != nil || sale.Status != boxoffice.OrderFailed || sale.Process != "" || refusals(sale.Refused) != "O-1 A TOKEN_NOT_LOCKED, O-2 X TOKEN_NOT_FOUND" {
		t.Errorf("Complete = %+v, %v; want ERROR without a process", sale, err)
	}
	if !d.last.Empty() {
		t.Errorf("it left %+v", d.last)
	}
	// Nothing may be seen, so nothing is said of the amounts.
	blind := cartOf("O-1: X")
	settle(&blind, "1", "2")
	if sale, err = d.Complete(t.Context(), caller("ours"), blind); err != nil || refusals(sale.Refused) != "O-1 X TOKEN_NOT_FOUND" {
		t.Errorf("Complete = %+v, %v; want TOKEN_NOT_FOUND", sale, err)
	}
}

func TestCompleteRepeatsByContent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*boxoffice.Cart)
		want   string // refusals
	}{
		{"as it was", func(*boxoffice.Cart) {}, ""},
		{"amounts of the same value", func(c *boxoffice.Cart) { c.Elements[0].Lines[0].Price = amount("5e1"); settle(c, "100.00", "45.0") }, ""},
		{"another address to call back", func(c *boxoffice.Cart) { c.Settlement.CallbackURL = "https://example.com/" }, ""},
		{"another price", func(c *boxoffice.Cart) { c.Elements[0].Lines[0].Price = amount("51") }, "O-1 ORDER_MISMATCH"},
		{"a price left out", func(c *boxoffice.Cart) { c.Elements[0].Lines[0].Price = nil }, "O-1 ORDER_MISMATCH"},
		{"fees", func(c *boxoffice.Cart) { c.Elements[0].TotalFees = amount("1") }, "O-1 ORDER_MISMATCH"},
		{"another total", func(c *boxoffice.Cart) { c.Elements[0].TotalPrice = amount("50") }, "O-1 ORDER_MISMATCH"},
		{"another listing", func(c *boxoffice.Cart) { c.Elements[0].ExternalListingID = "L-2" }, "O-1 ORDER_MISMATCH"},
		{"another ticket", func(c *boxoffice.Cart) { c.Elements[0].Lines[0].Token = "C" }, "O-1 ORDER_MISMATCH"},
		{"another buyer", func(c *boxoffice.Cart) { c.Buyer.FirstName = "Pepper" }, "O-1 ORDER_MISMATCH, O-2 ORDER_MISMATCH"},
		{"another settlement", func(c *boxoffice.Cart) { settle(c, "100", "44") }, "O-1 ORDER_MISMATCH, O-2 ORDER_MISMATCH"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ours("A"), ours("B"), ours("C"))
			cart := cartOf("O-1: A", "O-2: B")
			first, err := d.Complete(t.Context(), caller("ours"), cart)
			if err != nil || len(first.Refused) > 0 {
				t.Fatalf("Complete = %+v, %v", first, err)
			}
			again := cartOf("O-1: A", "O-2: B")
			tt.change(&again)
			second, err := d.Complete(t.Context(), caller("ours"), again)
			if err != nil || refusals(second.Refused) != tt.want {
				t.Errorf("the repeat refused %q, %v; want %q", refusals(second.Refused), err, tt.want)
			}
			if !d.last.Empty() {
				t.Errorf("the repeat wrote %+v", d.last)
			}
			if diff := cmp.Diff(first, second); tt.want == "" && diff != "" {
				t.Errorf("the repeat (-first +second):\n%s", diff)
			}
		})
	}
}

func TestCompleteTriesRefusedOrdersAgain(t *testing.T) {
	d := newDesk(t, ours("A"), free("B"), ours("C"), ours("D"))
	cart := cartOf("O-1: A", "O-2: B")
	first, err := d.Complete(t.Context(), caller("ours"), cart)
	if err != nil || refusals(first.Refused) != "O-2 B TOKEN_NOT_LOCKED" {
		t.Fatalf("Complete = %+v, %v", first, err)
	}
	d.tickets["B"] = ours("B")
	second, err := d.Complete(t.Context(), caller("ours"), cart)
	if err != nil || len(second.Refused) > 0 || second.Process != first.Process || second.Paid != 10000 {
		t.Errorf("the repeat = %+v, %v; want both orders under process %s", second, err, first.Process)
	}
	if got := strings.Join(d.what(), ", "); got != "sale B 2" {
		t.Errorf("the repeat wrote %q; want the second order alone", got)
	}
	status, err := d.Office.Process(t.Context(), caller("ours"), first.Process)
	if diff := cmp.Diff(second, status); err != nil || diff != "" {
		t.Errorf("Process: %v (-repeat +process):\n%s", err, diff)
	}

	// The same externalOrderId of another channel is another order.
	d.tickets["C"] = held(boxoffice.HoldLock, "theirs", free("C"))
	other, err := d.Complete(t.Context(), caller("theirs"), cartOf("O-1: C"))
	if err != nil || len(other.Refused) > 0 || other.Process == first.Process {
		t.Errorf("the other channel's order = %+v, %v; want it sold", other, err)
	}
	for _, who := range []access.Principal{caller("theirs"), caller("nobody")} {
		if _, err := d.Office.Process(t.Context(), who, first.Process); !errors.Is(err, fault.ProcessUnknown) {
			t.Errorf("Process for %s = %v; want PROCESS_NOT_FOUND", who.Channel, err)
		}
	}
	if _, err := d.Office.Process(t.Context(), caller("ours"), "none"); !errors.Is(err, fault.ProcessUnknown) {
		t.Errorf("Process of none = %v; want PROCESS_NOT_FOUND", err)
	}

	alike := func(orders ...string) boxoffice.Cart {
		cart := cartOf(orders...)
		settle(&cart, "100", "45")
		return cart
	}
	if _, err := d.Complete(t.Context(), caller("ours"), alike("O-3: D")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Complete(t.Context(), caller("ours"), alike("O-1: A", "O-3: D")); !errors.Is(err, fault.OrdersApart) {
		t.Errorf("orders of two processes in one cart: %v; want ORDERS_APART", err)
	}
	apart, err := d.Complete(t.Context(), caller("ours"), cartOf("O-1: A", "O-3: D", "O-4: X"))
	if want := "O-1 ORDER_MISMATCH, O-3 ORDER_MISMATCH, O-4 X TOKEN_NOT_FOUND"; err != nil || refusals(apart.Refused) != want {
		t.Errorf("orders of two processes with other content = %+v, %v; want %q", apart, err, want)
	}
}

// Ensure that a cart of which an order has other content, and the others were
// sold, is answered so again.
func TestCompleteRepeatsBesideAMismatch(t *testing.T) {
	d := newDesk(t, ours("A"), ours("B"))
	if _, err := d.Complete(t.Context(), caller("ours"), cartOf("O-1: A")); err != nil {
		t.Fatal(err)
	}
	cart := cartOf("O-1: A", "O-2: B") // of another settlement
	first, err := d.Complete(t.Context(), caller("ours"), cart)
	if err != nil || refusals(first.Refused) != "O-1 ORDER_MISMATCH" || first.Status != boxoffice.OrderComplete {
		t.Fatalf("Complete = %+v, %v; want the second order alone", first, err)
	}
	again, err := d.Complete(t.Context(), caller("ours"), cart)
	if diff := cmp.Diff(first, again); err != nil || diff != "" || !d.last.Empty() {
		t.Errorf("the repeat: %v, wrote %+v (-first +again):\n%s", err, d.last, diff)
	}
}

func TestCompleteRefusesACartAsAWhole(t *testing.T) {
	with := func(change func(*boxoffice.Cart)) boxoffice.Cart {
		cart := cartOf("O-1: A", "O-2: B")
		change(&cart)
		return cart
	}
	for _, tt := range []struct {
		name    string
		cart    boxoffice.Cart
		granted []access.OrganizationID
		want    error
	}{
		{"two organizations", cartOf("O-1: A", "O-2: F"), nil, fault.CartMixed},
		{"two organizations of which one may be seen", cartOf("O-1: A", "O-2: F"), []access.OrganizationID{home}, nil},
		{"a price with too many digits", with(func(c *boxoffice.Cart) { c.Elements[0].Lines[0].Price = amount("50.005") }), nil, fault.AmountInvalid},
		{"negative fees", with(func(c *boxoffice.Cart) { c.Elements[1].Lines[0].Fees = amount("-1") }), nil, fault.AmountRange},
		{"a total beyond the limit", with(func(c *boxoffice.Cart) { c.Elements[0].TotalPrice = amount("10000000000.01") }), nil, fault.AmountRange},
		{"a negative total of fees", with(func(c *boxoffice.Cart) { c.Elements[0].TotalFees = amount("-0.01") }), nil, fault.AmountRange},
		{"lines that sum beyond the limit", with(func(c *boxoffice.Cart) {
			c.Elements[0].Lines = append(c.Elements[0].Lines, boxoffice.CartLine{Token: "C", Price: amount("1e10")})
		}), nil, fault.AmountRange},
		{"more to the seller than was paid", with(func(c *boxoffice.Cart) { settle(c, "44.99", "45") }), nil, fault.AmountRange},
		{"all that was paid to the seller", with(func(c *boxoffice.Cart) { settle(c, "45", "45") }), nil, nil},
		{"a negative settlement", with(func(c *boxoffice.Cart) { settle(c, "10", "-1") }), nil, fault.AmountRange},
		{"a settlement with too many digits", with(func(c *boxoffice.Cart) { settle(c, "10.001", "1") }), nil, fault.AmountInvalid},
		{"nothing paid", with(func(c *boxoffice.Cart) { settle(c, "0", "0") }), nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ours("A"), ours("B"), ours("C"), at(abroad, ours("F")))
			_, err := d.Complete(t.Context(), caller("ours", tt.granted...), tt.cart)
			if !errors.Is(err, tt.want) {
				t.Errorf("Complete = %v; want %v", err, tt.want)
			}
			if err != nil && !d.tickets["A"].LockedBy("ours") {
				t.Error("a ticket was sold though the cart was refused")
			}
		})
	}
}

func TestCompleteGroupsOffersAndTransactions(t *testing.T) {
	dear, child := ours("C"), ours("D")
	dear.PriceLevel, child.PriceType = 2, "K" // a type without a name is called by its code
	d := newDesk(t, ours("A"), at(later, ours("B")), dear, child, ours("E"))
	sale, err := d.Complete(t.Context(), caller("ours"), cartOf("O-1: A B C D E"))
	if err != nil {
		t.Fatal(err)
	}
	var offers []string
	for _, o := range sale.Offers {
		var seats []string
		for _, s := range o.Seats {
			seats = append(seats, string(s.Token))
		}
		offers = append(offers, fmt.Sprintf("%s %d %s: %s", o.Season, o.PriceLevel, o.PriceType, strings.Join(seats, " ")))
	}
	if got, want := strings.Join(offers, "; "), "F26 1 Adult: A E; F27 1 A: B; F26 2 Adult: C; F26 1 K: D"; got != want {
		t.Errorf("offers are %q; want %q", got, want)
	}
	if got, want := fmt.Sprint(sale.Transactions), "[{F26 2} {F27 3}]"; got != want {
		t.Errorf("transactions are %s; want %s", got, want)
	}
}
