package boxoffice_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// entries are an order's, an account and an amount each, season by season.
func entries(o boxoffice.Order) string {
	var out []string
	for _, t := range o.Transactions {
		var accounts []string
		for _, e := range t.Entries {
			accounts = append(accounts, fmt.Sprintf("%s %d", e.Account, e.Amount))
		}
		out = append(out, t.Season+": "+strings.Join(accounts, ", "))
	}
	return strings.Join(out, "; ")
}

func (d *desk) order(id string) boxoffice.Order {
	return d.orders[boxoffice.OrderKey{Channel: "ours", ExternalOrderID: id}]
}

func TestSumsAreTakenAsReceived(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*boxoffice.Cart)
		paid    int64
		differs bool
	}{
		{"totals absent are the sums of the lines", func(c *boxoffice.Cart) {
			c.Elements[0].Lines[0].Fees = amount("2")
			settle(c, "102", "90")
		}, 10200, false},
		{"lines absent count nothing", func(c *boxoffice.Cart) {
			c.Elements[0].Lines[0].Price, c.Elements[0].Lines[1].Price = nil, nil
			settle(c, "0", "0")
		}, 0, false},
		{"totals that are the sums", func(c *boxoffice.Cart) {
			c.Elements[0].TotalPrice, c.Elements[0].TotalFees = amount("100"), amount("0")
		}, 10000, false},
		{"a total price that is not the sum", func(c *boxoffice.Cart) {
			c.Elements[0].TotalPrice = amount("104")
			settle(c, "104", "90")
		}, 10400, true},
		{"total fees that are not the sum", func(c *boxoffice.Cart) {
			c.Elements[0].TotalFees = amount("4")
			settle(c, "104", "90")
		}, 10400, true},
		{"a settlement of another sum, as in the published sample", func(c *boxoffice.Cart) { settle(c, "52", "45") }, 10000, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ours("A"), ours("B"))
			cart := cartOf("O-1: A B")
			tt.change(&cart)
			sale, err := d.Complete(t.Context(), caller("ours"), cart)
			if err != nil || sale.Paid != tt.paid || d.order("O-1").Differs != tt.differs {
				t.Errorf("paid %d, differs %v, %v; want %d and %v", sale.Paid, d.order("O-1").Differs, err, tt.paid, tt.differs)
			}

			strict := newDesk(t, ours("A"), ours("B"))
			org := strict.orgs[home]
			org.StrictSums = true
			strict.orgs[home] = org
			want := ""
			if tt.differs {
				want = "O-1 SUMS_DIFFER"
			}
			if sale, err := strict.Complete(t.Context(), caller("ours"), cart); err != nil || refusals(sale.Refused) != want {
				t.Errorf("a strict organization refused %q, %v; want %q", refusals(sale.Refused), err, want)
			}
		})
	}
}

// Each part is rounded down and the remainder goes to the last.
func TestSettlementIsSharedByPrice(t *testing.T) {
	for _, tt := range []struct {
		name           string
		prices         []string // total price of each order
		paid, toSeller string
		want           []string // seller's and channel's of each order
	}{
		{"one order has it all", []string{"50"}, "52", "45", []string{"4500+700"}},
		{"alike orders and a remainder", []string{"10", "10", "10"}, "30", "1", []string{"33+966", "33+966", "34+968"}},
		{"by weight", []string{"10", "30"}, "40", "30", []string{"750+250", "2250+750"}},
		{"without any price alike", []string{"0", "0", "0"}, "1", "0.5", []string{"16+16", "16+16", "18+18"}},
		{"nothing to share", []string{"10", "20"}, "0", "0", []string{"0+0", "0+0"}},
		{"the largest amounts do not overflow", []string{"1e10", "1e10"}, "1e10", "1e10", []string{"500000000000+0", "500000000000+0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			var cart boxoffice.Cart
			for i, price := range tt.prices {
				token := boxoffice.Token(fmt.Sprint("A", i))
				d.tickets[token] = ours(token)
				e := cartOf(fmt.Sprintf("O-%d: %s", i, token)).Elements[0]
				e.TotalPrice = amount(price)
				cart.Elements = append(cart.Elements, e)
			}
			settle(&cart, tt.paid, tt.toSeller)
			if sale, err := d.Complete(t.Context(), caller("ours"), cart); err != nil || len(sale.Refused) > 0 {
				t.Fatalf("Complete = %+v, %v", sale, err)
			}
			for i, want := range tt.want {
				s := d.order(fmt.Sprint("O-", i)).Settlement
				if got := fmt.Sprintf("%d+%d", s.ToSellerShare, s.PaidShare-s.ToSellerShare); got != want {
					t.Errorf("order %d settles %s; want %s", i, got, want)
				}
			}
		})
	}
}

// The settlement is of the whole request: when not all of it was sold, what was
// is marked as unreconciled (contract.md call 6).
func TestPartOfACartIsUnreconciled(t *testing.T) {
	d := newDesk(t, ours("A"), free("B"))
	sale, err := d.Complete(t.Context(), caller("ours"), cartOf("O-1: A", "O-2: B"))
	if err != nil || refusals(sale.Refused) != "O-2 B TOKEN_NOT_LOCKED" {
		t.Fatalf("Complete = %+v, %v", sale, err)
	}
	if o := d.order("O-1"); !o.Differs || o.Version != 1 || o.Settlement.PaidShare != 5000 {
		t.Errorf("the order sold is %+v; want it marked, with its share of 5000", o)
	}
}

func TestLedgerOfAnOrder(t *testing.T) {
	d := newDesk(t, ours("A"), at(later, ours("B")))
	cart := cartOf("O-1: A B")
	cart.Elements[0].Lines[0].Fees, cart.Elements[0].TotalPrice = amount("4"), amount("101")
	settle(&cart, "99", "90.01")
	if _, err := d.Complete(t.Context(), caller("ours"), cart); err != nil {
		t.Fatal(err)
	}
	want := "F26: buyer -5450, sale 5050, fees 400, channel -4949, seller 4500, kept 449; " +
		"F27: buyer -5050, sale 5050, fees 0, channel -4951, seller 4501, kept 450"
	if got := entries(d.order("O-1")); got != want {
		t.Errorf("ledger is\n%s; want\n%s", got, want)
	}
}

func TestAmountsAreOfTheCurrency(t *testing.T) {
	for _, tt := range []struct {
		currency, price string
		want            int64
		err             error
	}{
		{"JPY", "5000", 5000, nil},
		{"JPY", "5000.0", 5000, nil},
		{"JPY", "50.5", 0, fault.AmountInvalid},
		{"USD", "50.55", 5055, nil},
		{"USD", "50.555", 0, fault.AmountInvalid},
		{"KWD", "50.555", 50555, nil},
		{"KWD", "50.5555", 0, fault.AmountInvalid},
		{"CLF", "50.5555", 505555, nil},
	} {
		t.Run(tt.currency+" "+tt.price, func(t *testing.T) {
			d := newDesk(t, ours("A"))
			d.orgs[home] = boxoffice.Organization{ID: home, Currency: tt.currency}
			cart := cartOf("O-1: A")
			cart.Elements[0].Lines[0].Price = amount(tt.price)
			settle(&cart, "10", "1")
			sale, err := d.Complete(t.Context(), caller("ours"), cart)
			if !errors.Is(err, tt.err) || sale.Paid != tt.want || err == nil && sale.Currency != tt.currency {
				t.Errorf("Complete paid %d %s, %v; want %d, %v", sale.Paid, sale.Currency, err, tt.want, tt.err)
			}
		})
	}
}

// Whatever the amounts are, no unit of money comes from nowhere or goes there.
func TestLedgerAlwaysBalances(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(t)
		money := rapid.Custom(func(r *rapid.T) *boxoffice.Amount {
			if rapid.Bool().Draw(r, "absent") {
				return nil
			}
			return amount(boxoffice.FormatMinor(rapid.Int64Range(0, 1_000_000_000).Draw(r, "minor"), 2))
		})
		var cart boxoffice.Cart
		for i := range rapid.IntRange(1, 4).Draw(r, "orders") {
			e := boxoffice.CartElement{ExternalOrderID: fmt.Sprint("O-", i), TotalPrice: money.Draw(r, "total"), TotalFees: money.Draw(r, "total fees")}
			for j := range rapid.IntRange(1, 4).Draw(r, "tickets") {
				ticket := ours(boxoffice.Token(fmt.Sprint(i, "-", j)))
				if rapid.Bool().Draw(r, "later") {
					ticket = at(later, ticket)
				}
				d.tickets[ticket.Token] = ticket
				e.Lines = append(e.Lines, boxoffice.CartLine{Token: ticket.Token, Price: money.Draw(r, "price"), Fees: money.Draw(r, "fees")})
			}
			cart.Elements = append(cart.Elements, e)
		}
		paid := rapid.Int64Range(0, 1_000_000_000).Draw(r, "paid")
		toSeller := rapid.Int64Range(0, paid).Draw(r, "to the seller")
		settle(&cart, boxoffice.FormatMinor(paid, 2), boxoffice.FormatMinor(toSeller, 2))

		sale, err := d.Complete(t.Context(), caller("ours"), cart)
		if err != nil || len(sale.Refused) > 0 {
			r.Fatalf("Complete = %+v, %v", sale, err)
		}
		var paidOut, out, received int64
		for _, o := range d.orders {
			paidOut, out = paidOut+o.Settlement.PaidShare, out+o.Settlement.ToSellerShare
			var price, seller int64
			for _, transaction := range o.Transactions {
				sum := int64(0)
				for _, e := range transaction.Entries {
					sum += e.Amount
					switch e.Account {
					case "buyer":
						price -= e.Amount
					case "seller":
						seller += e.Amount
					}
					if gives := e.Account == "buyer" || e.Account == "channel"; gives == (e.Amount > 0) && e.Amount != 0 {
						r.Fatalf("%s has %d", e.Account, e.Amount)
					}
				}
				if sum != 0 {
					r.Fatalf("the entries of %s sum to %d", entries(o), sum)
				}
			}
			if price != o.Price+o.Fees || seller != o.Settlement.ToSellerShare {
				r.Fatalf("the ledger has %d of the buyer and %d for the seller; the order has %+v", price, seller, o)
			}
			received += price
		}
		if paidOut != paid || out != toSeller || received != sale.Paid {
			r.Fatalf("shares sum to %d and %d, prices to %d; want %d, %d and %d", paidOut, out, received, paid, toSeller, sale.Paid)
		}
	})
}

// A request that names a known order beside others than at first settles by
// itself: its shares are of another settlement, though the process is the same.
func TestOtherElementsAreAnotherSettlement(t *testing.T) {
	d := newDesk(t, ours("A"), free("B"), ours("C"))
	settled := func(orders ...string) {
		t.Helper()
		cart := cartOf(orders...)
		settle(&cart, "100", "45")
		if _, err := d.Complete(t.Context(), caller("ours"), cart); err != nil {
			t.Fatal(err)
		}
	}
	settled("O-1: A", "O-2: B")
	settled("O-1: A", "O-3: C")
	d.tickets["B"] = ours("B")
	settled("O-1: A", "O-2: B")
	first, second, third := d.order("O-1"), d.order("O-2"), d.order("O-3")
	if first.Process != second.Process || first.Process != third.Process {
		t.Errorf("processes %s, %s, %s; want one", first.Process, second.Process, third.Process)
	}
	if first.Settlement.Request != second.Settlement.Request || first.Settlement.Request == third.Settlement.Request {
		t.Errorf("requests %s, %s, %s; want the first two alike and the third another",
			first.Settlement.Request, second.Settlement.Request, third.Settlement.Request)
	}
}
