package boxoffice

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// Complete sells the tickets of a cart to its buyer (contract.md call 6). Each
// element is one order: all its tickets are sold, or none. A ticket must be
// locked by the caller's channel; the sale consumes the lock, makes the buyer
// the owner and gives the ticket a new barcode. All that a cart does is one
// transaction.
//
// An order that the organization reviews, or that the sandbox plays with, stays
// pending: it holds its tickets in place of the locks until it is decided
// (decide.go). The sale is then pending too.
//
// It is idempotent by (channel, externalOrderId): an order that was sold, or
// waits, or waited and ended in ERROR, answers as it stands, under its first
// process; with other content it is refused with fault.OrderMismatch. Orders
// refused at once left nothing behind and are tried again by a repeat.
// A request that Cart.Repeat knows again is a Replay.
//
// These refuse the cart as a whole: fault.CartMixed for tickets of two
// organizations, fault.OrdersApart for orders known under two processes,
// fault.CallbackNotAllowed for a host that is not on the organization's list,
// fault.AmountInvalid and fault.AmountRange.
func (o *Office) Complete(ctx context.Context, who access.Principal, cart Cart) (Sale, error) {
	act := &completeAct{
		who: who, cart: cart,
		buyer: Person{Contact: cart.Buyer, Keys: o.people.PersonKeys(cart.Buyer)},
	}
	for _, e := range cart.Elements {
		act.keys = append(act.keys, OrderKey{who.Channel, e.ExternalOrderID})
		act.contents = append(act.contents, content(e, cart.Buyer, cart.Settlement))
	}
	act.request = hashOf(act.contents...)
	if err := once(ctx, o, who, act, cart.Repeat, func() Sale { return act.answer }); err != nil {
		return Sale{}, err
	}
	return act.answer, nil
}

func hashOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, " ")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// content is a hash of all that makes two requests for an order the same.
func content(e CartElement, buyer Contact, s Settlement) string {
	h := sha256.New()
	person, _ := json.Marshal(buyer) // strings and flags only: it cannot fail
	fmt.Fprintf(h, "%q %q %v %v %v %v %s\n", e.ExternalListingID, e.ExternalOrderID,
		e.TotalPrice, e.TotalFees, s.TotalPaid, s.ToSeller, person)
	for _, line := range e.Lines {
		fmt.Fprintf(h, "%q %v %v\n", line.Token, line.Price, line.Fees)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

type completeAct struct {
	who      access.Principal
	cart     Cart
	buyer    Person
	keys     []OrderKey // of the elements
	contents []string   // of the elements
	request  string     // hash of the elements together

	answer Sale
}

func (a *completeAct) Needs() Needs {
	needs := Needs{Orders: a.keys, People: a.buyer.identity()}
	for _, e := range a.cart.Elements {
		for _, line := range e.Lines {
			needs.Tickets = append(needs.Tickets, line.Token)
		}
	}
	return needs
}

func (a *completeAct) Decide(b *Books) error {
	a.answer = Sale{}
	known, err := a.known(b)
	if err != nil {
		return err
	}
	org, err := a.organization(b)
	if err != nil {
		return err
	}
	if err := org.mayCallBack(a.cart.Settlement.CallbackHost); err != nil {
		return err
	}
	sums, err := a.sums(org)
	if err != nil {
		return err
	}
	sums.request = a.request
	process := ProcessID(b.Word(processIDLength))
	var lends *Order
	for i := range a.keys {
		if order, ok := known[i]; ok && order.Content == a.contents[i] {
			process, lends = order.Process, &order
		}
	}
	var orders, made []Order
	for i, e := range a.cart.Elements {
		order, ok := known[i]
		switch {
		case ok && order.Content != a.contents[i]:
			a.refuse(e, refuse("", fault.OrderMismatch))
			continue
		case !ok:
			err := b.Try(func() error {
				var refused []Refusal
				order, refused = a.sell(b, i, org, process, sums)
				a.refuse(e, refused...)
				return errOf(refused)
			})
			if err != nil {
				continue
			}
			made = append(made, order)
		case order.State == OrderFailed:
			a.refuse(e, order.Refused...)
		}
		orders = append(orders, order)
	}
	if lends != nil && len(made) > 0 {
		lends.Joined++ // whoever decides about the process now sees that it grew
		b.PutOrder(*lends)
	}
	if slices.ContainsFunc(made, func(o Order) bool { return o.CallBack }) {
		b.Owe(Callback{
			Process: process, Channel: a.who.Channel, URL: a.cart.Settlement.CallbackURL, State: CallbackOwed, At: b.Now,
		})
	}
	refused := a.answer.Refused
	if len(refused) > 0 {
		for _, order := range made {
			order.Differs = true // the settlement was for more than was sold
			b.PutOrder(order)
		}
	}
	a.answer = saleOf(orders)
	a.answer.Refused = refused
	return nil
}

// processIDLength gives a process at least 128 random bits at 5 bits a character.
const processIDLength = 26

// known finds the orders that there are already, by their place in the cart. One
// of other content is refused by itself and binds the others to no process, lest
// a cart that was answered in part be refused as a whole when it is repeated.
func (a *completeAct) known(b *Books) (map[int]Order, error) {
	known := map[int]Order{}
	var process ProcessID
	for i, key := range a.keys {
		order, ok := b.Order(key)
		if !ok {
			continue
		}
		known[i] = order
		if order.Content != a.contents[i] {
			continue
		}
		if process != "" && order.Process != process {
			return nil, fault.OrdersApart
		}
		process = order.Process
	}
	return known, nil
}

// organization is the one that all tickets of the cart belong to, as far as the
// caller may see them; the zero one when it may see none.
func (a *completeAct) organization(b *Books) (Organization, error) {
	var org Organization
	for _, e := range a.cart.Elements {
		for _, line := range e.Lines {
			t, ok := b.Ticket(line.Token)
			switch {
			case !ok || !a.who.Serves(t.Organization):
			case org.ID == 0:
				org = b.Organization(t.Organization)
			case org.ID != t.Organization:
				return Organization{}, fault.CartMixed
			}
		}
	}
	return org, nil
}

// sell makes one order of an element. Refusals come with externalOrderId unset;
// one or more of them undo what it did.
func (a *completeAct) sell(b *Books, place int, org Organization, process ProcessID, sums cartSums) (Order, []Refusal) {
	element := a.cart.Elements[place]
	if refused := a.refusals(b, element); len(refused) > 0 {
		return Order{}, refused
	}
	sum := sums.elements[place]
	if sums.differ(place) && org.StrictSums {
		return Order{}, []Refusal{refuse("", fault.SumsDiffer)}
	}
	order := Order{
		Key: a.keys[place], Process: process, Organization: org.ID, Content: a.contents[place],
		ExternalListingID: element.ExternalListingID, Currency: org.Currency, Price: sum.price, Fees: sum.fees,
		Settlement: sums.settled(place), Differs: sums.differ(place), Buyer: b.Patron(org.ID, a.buyer), At: b.Now, Place: place,
	}
	for i, line := range element.Lines {
		order.Lines = append(order.Lines, OrderLine{Token: line.Token, Price: sum.lines[i].price, Fees: sum.lines[i].fees})
	}
	if order.Wait = a.wait(org, order); order.Wait == NoWait {
		order.sell(b, a.who)
	} else {
		order.CallBack = a.cart.Settlement.CallbackURL != ""
		order.hold(b, a.who)
	}
	b.PutOrder(order)
	return order, nil
}

// sell makes the buyer the owner of the order's tickets, each with a new barcode
// and free, and writes its financial records.
func (o *Order) sell(b *Books, by access.Principal) {
	o.State, o.Lines = OrderComplete, slices.Clone(o.Lines)
	for i := range o.Lines {
		line := &o.Lines[i]
		t, _ := b.Ticket(line.Token)
		line.From, line.To, line.Version = t.Owner, o.Buyer, t.Version+1
		t.Owner, t.Owned, t.Hold = o.Buyer, t.Version+1, Hold{}
		t.Barcode = newBarcode(b, t.Organization)
		b.Change(t, Sold, by, o.Key.String())
		o.offer(t, b.Event(t.Event))
	}
	o.transact(b)
}

// refusals tells of each ticket of an element why it cannot be sold.
func (a *completeAct) refusals(b *Books, e CartElement) []Refusal {
	var refused []Refusal
	for _, line := range e.Lines {
		t, ok := b.Ticket(line.Token)
		switch {
		case !ok || !a.who.Serves(t.Organization):
			refused = append(refused, refuse(line.Token, fault.TokenUnknown))
		case t.Hold.Kind == Free && !t.Void:
			refused = append(refused, refuse(line.Token, fault.TokenNotLocked))
		default:
			if reason := whyNotLockable(t, b.Event(t.Event), a.who.Channel, b.Now); reason != nil {
				refused = append(refused, refuse(line.Token, reason))
			}
		}
	}
	return refused
}

func (a *completeAct) refuse(e CartElement, refused ...Refusal) {
	for _, r := range refused {
		r.ExternalOrderID = e.ExternalOrderID
		a.answer.Refused = append(a.answer.Refused, r)
	}
}

// errOf makes an error of refusals, to undo what was tried.
func errOf(refused []Refusal) error {
	if len(refused) == 0 {
		return nil
	}
	return refused[0].Reason
}

// newBarcode is the organization's id and 13 random digits (contract.md §1).
func newBarcode(b *Books, org access.OrganizationID) Barcode {
	return Barcode(fmt.Sprint(org) + b.Digits(13))
}

// offer adds a sold ticket to the offer of its event, price level and type.
func (o *Order) offer(t Ticket, e Event) {
	priceType := e.PriceTypes[t.PriceType]
	if priceType == "" {
		priceType = t.PriceType
	}
	seat := OfferSeat{Token: t.Token, Event: t.Event, Section: t.Section, Row: t.Row, Seat: t.Seat, Owner: t.Owner}
	for i := range o.Offers {
		offer := &o.Offers[i]
		if offer.Seats[0].Event == t.Event && offer.PriceLevel == t.PriceLevel && offer.PriceType == priceType {
			offer.Seats = append(offer.Seats, seat)
			return
		}
	}
	o.Offers = append(o.Offers, Offer{
		Season: e.Season, Item: e.Item, Basis: e.Basis, EventName: e.Title(),
		PriceLevel: t.PriceLevel, PriceType: priceType, Seats: []OfferSeat{seat},
	})
}

// saleOf is the answer that tells of these orders, which are of one process.
func saleOf(orders []Order) Sale {
	sale := Sale{Status: OrderFailed}
	for _, order := range orders {
		sale.Process, sale.Currency = order.Process, order.Currency
		switch {
		case order.State == OrderPending:
			sale.Status = OrderPending
		case order.State == OrderComplete && sale.Status == OrderFailed:
			sale.Status = OrderComplete
		}
		if order.State != OrderComplete {
			sale.Refused = append(sale.Refused, order.Refused...)
			continue
		}
		sale.Paid += order.Price + order.Fees
		sale.Offers = append(sale.Offers, order.Offers...)
		for _, t := range order.Transactions {
			sale.Transactions = append(sale.Transactions, SaleTransaction{Season: t.Season, Number: t.Number})
		}
	}
	return sale
}

// Process tells what became of a cart (contract.md call 7). An unknown process,
// one of another channel and one of an organization that is not granted any more
// are fault.ProcessUnknown.
func (o *Office) Process(ctx context.Context, who access.Principal, id ProcessID) (Sale, error) {
	orders, err := o.store.Process(ctx, id)
	if err != nil {
		return Sale{}, err
	}
	if len(orders) == 0 || orders[0].Key.Channel != who.Channel || !who.Serves(orders[0].Organization) {
		return Sale{}, fault.ProcessUnknown
	}
	return saleOf(orders), nil
}

// Outcome is what Process tells, for the callback, whose address was given by
// the channel itself.
func (o *Office) Outcome(ctx context.Context, id ProcessID) (Sale, error) {
	orders, err := o.store.Process(ctx, id)
	if err == nil && len(orders) == 0 {
		err = fault.ProcessUnknown
	}
	if err != nil {
		return Sale{}, err
	}
	return saleOf(orders), nil
}
