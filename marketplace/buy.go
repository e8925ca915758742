package marketplace

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seatlink/seatlink/link"
)

// A checkoutView is what is bought, what it costs, and who buys.
type checkoutView struct {
	Event     onSale
	Seats     []seatView
	Gone      []string
	Once      string
	Prices    string
	Fees      string
	Total     string
	TotalSent string // the buyer agreed to this one
	Share     int
	Buyer     buyerForm
	Problem   string
	Sandbox   bool
}

// A buyerForm is who buys, and how they are reached.
type buyerForm struct {
	First, Last, Email, Phone                    string
	Street, More, City, Region, Postcode, Answer string
	Country                                      string
}

// checkout shows the seats of /checkout?ticket=…&ticket=… with a form.
func (m *Market) checkout(v visit) page {
	return m.askBuyer(v, checkoutView{Once: rand.Text()}, v.URL.Query()["ticket"], http.StatusOK)
}

// askBuyer shows what of the seats can still be bought, and says which are gone.
func (m *Market) askBuyer(v visit, view checkoutView, ids []string, status int) page {
	seats, lost := m.shelf.read().choose(ids)
	for _, o := range lost {
		view.Gone = append(view.Gone, o.Name())
	}
	if len(seats) == 0 {
		if len(lost) > 0 {
			return message(http.StatusConflict, "Somebody was faster", "The seats that you chose are not for sale any more.")
		}
		return message(http.StatusUnprocessableEntity, "No seat is chosen", fmt.Sprintf("Go back and choose up to %d seats of one event.", maxCart))
	}
	venue, ok := m.venue(seats[0].Event)
	if !ok {
		return nothingHere()
	}
	sums, err := venue.bill(pricesOf(seats))
	if err != nil {
		return message(http.StatusUnprocessableEntity, "That is too much", "The seats cost more than a purchase may.")
	}
	e := m.catalog.event(v.Context(), seats[0].Event, venue)
	view.Event = onSale{Event: e.AccessID, Name: e.ItemName, When: when(e), Where: e.FacilityName}
	for _, o := range seats {
		view.Seats = append(view.Seats, seatView{offer: o, Shown: venue.show(o.Price)})
	}
	view.Prices, view.Fees, view.Total, view.TotalSent = venue.show(sums.Prices), venue.show(sums.Fees), venue.show(sums.Total), sums.Total.String()
	view.Share, view.Sandbox = buyersShare, m.Sandbox
	return page{status: status, template: "checkout", Title: "Buy", Data: view}
}

// choose are the offers with these ids that can be bought, of one event, and those
// that cannot any more.
func (r *records) choose(ids []string) (seats, lost []offer) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		o, known := r.Offers[id]
		switch {
		case !known || len(seats) >= maxCart || len(seats) > 0 && o.Event != seats[0].Event:
		case o.State == open:
			seats = append(seats, o)
		default:
			lost = append(lost, o)
		}
	}
	slices.SortFunc(seats, inOrder)
	return seats, lost
}

func pricesOf(offers []offer) (list []link.Amount) {
	for _, o := range offers {
		list = append(list, o.Price)
	}
	return list
}

var errChanged = errors.New("it is not as it was shown")

// buy writes the order down, and then asks the venue for it.
func (m *Market) buy(v visit) page {
	once, ids := v.form.Get("once"), v.form["ticket"]
	if !isWord(once) {
		return badForm()
	}
	if before, known := m.shelf.read().Orders[once]; known { // the form came twice
		if before.Visitor != v.visitor {
			return badForm()
		}
		return see("/order/" + once)
	}
	buyer, ok := readBuyer(v)
	view := checkoutView{Once: once, Buyer: buyer}
	if !ok {
		view.Problem = "Your names, your mail address and your postal address are needed, none longer than a line."
		return m.askBuyer(v, view, ids, http.StatusUnprocessableEntity)
	}
	err := m.shelf.change(func(r *records) error {
		seats, lost := r.choose(ids)
		if len(seats) == 0 || len(lost) > 0 {
			return errChanged
		}
		if !makeRoom(r.Orders, maxOrders, 1, func(o order) (time.Time, bool) { return o.At, o.State == failed }) {
			return errFull
		}
		o, err := m.newOrder(r, seats, once, buyer)
		if err != nil {
			return err
		}
		if o.Total.String() != v.form.Get("total") { // a price was changed meanwhile
			return errChanged
		}
		o.Visitor = v.visitor
		r.Orders[o.ID] = o
		for _, s := range seats {
			s.State, s.Order, s.At = buying, o.ID, o.At
			r.Offers[s.ID] = s
		}
		return nil
	})
	switch {
	case errors.Is(err, errChanged):
		view.Problem = "It is not as it was shown to you. Look at it again; nothing was bought."
		return m.askBuyer(v, view, ids, http.StatusConflict)
	case errors.Is(err, errFull):
		return full()
	case err != nil:
		m.note(v.Context(), err)
		return unwritten()
	}
	m.atOnce(v.Context(), func(ctx context.Context) { m.settle(ctx, once) })
	return see("/order/" + once)
}

// newOrder makes the request of call 6 with all its ids: from here on it is the
// same, however often it is sent. Each lot is an element of its own, so that one
// seller's seats are sold though another's are gone.
func (m *Market) newOrder(r *records, seats []offer, once string, buyer buyerForm) (order, error) {
	venue, ok := m.venue(seats[0].Event)
	if !ok {
		return order{}, errChanged
	}
	sums, err := venue.bill(pricesOf(seats))
	if err != nil {
		return order{}, err
	}
	o := order{
		ID: once, Knock: rand.Text(), Event: seats[0].Event, Name: buyer.First, Total: sums.Total,
		RequestID: link.NewRequestID(), State: asking, At: time.Now(),
	}
	request := &link.CompleteRequest{
		Buyer:      buyer.buyer(),
		Settlement: link.Settlement{TotalAmountPaid: sums.Total, AmountToSeller: sums.Seller, AsyncCallbackURL: m.callback(o.Knock)},
	}
	place := map[string]int{}
	for i, s := range seats {
		at, known := place[s.Lot]
		if !known {
			at = len(o.Parts)
			place[s.Lot] = at
			o.Parts = append(o.Parts, part{ExternalOrderID: fmt.Sprintf("%sO-%s-%d", m.testCase(buyer.Answer), once, at+1)})
			request.Orders = append(request.Orders, link.CartOrder{ExternalListingID: r.Lots[s.Lot].ID, ExternalOrderID: o.Parts[at].ExternalOrderID})
		}
		o.Parts[at].Offers = append(o.Parts[at].Offers, s.ID)
		request.Orders[at].Tokens = append(request.Orders[at].Tokens, link.CartToken{Token: s.Token, IndividualPrice: &s.Price, IndividualFees: &sums.Each[i]})
	}
	o.Request = request
	return o, nil
}

// testCase is how the venue's sandbox is told to take its time, or to refuse.
func (m *Market) testCase(answer string) string {
	switch {
	case m.Sandbox && answer == "later":
		return "PENDING-"
	case m.Sandbox && answer == "refused":
		return "ERROR-"
	}
	return ""
}

// callback is where the venue is to say that an order is decided. It calls https
// alone, but for a sandbox; without an address the order's status is asked for.
func (m *Market) callback(knock string) string {
	if !m.Sandbox && !strings.HasPrefix(m.URL, "https:") {
		return ""
	}
	return m.URL + knockPath + knock
}

func readBuyer(v visit) (b buyerForm, complete bool) {
	complete = true
	read := func(name string, most int, needed bool) string {
		text, ok := v.field(name, most)
		complete = complete && ok && (text != "" || !needed)
		return text
	}
	b.First, b.Last = read("first", nameLength, true), read("last", nameLength, true)
	b.Email, b.Phone = read("email", emailLength, true), read("phone", nameLength, false)
	b.Street, b.More = read("street", addressLength, true), read("more", addressLength, false)
	b.City, b.Region = read("city", nameLength, true), read("region", nameLength, false)
	b.Postcode, b.Country = read("postcode", nameLength, true), read("country", nameLength, true)
	b.Answer = read("answer", nameLength, false)
	return b, complete
}

// buyer is the wire's form.
func (b buyerForm) buyer() link.Buyer {
	buyer := link.Buyer{
		FirstName: b.First, LastName: b.Last, EmailAddress: link.EmailAddress{Email: b.Email},
		Address: &link.Address{Address1: b.Street, Address2: b.More, Locality: b.City, Region: b.Region, PostalCode: b.Postcode, CountryCode: b.Country},
	}
	if b.Phone != "" {
		buyer.PhoneNumber = &link.PhoneNumber{Number: b.Phone}
	}
	return buyer
}
