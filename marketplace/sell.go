package marketplace

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/seatlink/seatlink/link"
)

// A sellView asks what seats are to cost.
type sellView struct {
	Action   string
	Once     string // by which a form that is sent twice is known
	Listing  link.ListingID
	Event    link.AccessID // of barcodes
	Groups   []sellGroup
	Seller   *sellerForm // who brings barcodes says who they are; MyAccount knows it
	Problem  string
	Refused  []refusal
	Ours     int // hundredths of the price
	Anything bool
}

type sellGroup struct {
	Name, When string
	Currency   string
	Example    string
	Seats      []sellSeat
}

type sellSeat struct {
	offer

	Field   string // of the form
	Barcode link.Barcode
	Typed   string
	Now     string // what it is on sale for already
	Problem string
}

// A refusal is a ticket that did not come along.
type refusal struct {
	What string
	trouble
}

// sell is where a patron arrives from MyAccount: /sell?listingId=…
func (m *Market) sell(v visit) page {
	id := link.ListingID(v.URL.Query().Get("listingId"))
	if id == "" {
		return page{status: http.StatusOK, template: "start", Title: "Sell your seats"}
	}
	offers, bad := m.listed(v.Context(), id)
	if bad != nil {
		return *bad
	}
	return m.askPrices(v, sellView{Action: "/sell", Listing: id}, offers, http.StatusOK)
}

// listed asks the venue what a patron picked (call 3). It is asked again when the
// form comes back: a listingId is what shows that somebody may sell these seats,
// and the token of a ticket, which is no secret, is not.
func (m *Market) listed(ctx context.Context, id link.ListingID) ([]offer, *page) {
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	listing, err := m.Client.Listing(ctx, id)
	if err != nil {
		p := troubled(statusFor(err), "These seats cannot be shown", explain(err))
		return nil, &p
	}
	var offers []offer
	for _, group := range listing.Tickets {
		if _, ours := m.venue(group.AccessID); !ours {
			continue
		}
		for _, s := range group.Seats {
			offers = append(offers, offer{
				Token: s.Token, Event: group.AccessID, Section: string(s.Section), Row: string(s.Row), Seat: string(s.Seat), Features: features(s.AssociationType, s.SeatAttributes),
			})
		}
	}
	return offers, nil
}

// features are what is special about a seat.
func features(association string, attributes []string) []string {
	list := slices.Clone(attributes)
	if association != "" {
		list = append(list, association)
	}
	return list
}

// statusFor is what a visitor's browser is told: it is the venue that is asked, and
// this site is a gateway to it.
func statusFor(err error) int {
	switch {
	case !link.Settled(err):
		return http.StatusServiceUnavailable
	case explain(err).Code == link.CodeListingNotFound:
		return http.StatusNotFound
	}
	return http.StatusUnprocessableEntity
}

// askPrices shows the seats with what was typed before.
func (m *Market) askPrices(v visit, view sellView, offers []offer, status int) page {
	view.Once, view.Ours = v.form.Get("once"), sellersShare
	if !isWord(view.Once) {
		view.Once = rand.Text()
	}
	slices.SortFunc(offers, inOrder)
	view.Groups = nil
	for _, o := range offers {
		venue, _ := m.venue(o.Event)
		if n := len(view.Groups); n == 0 || view.Groups[n-1].Seats[0].Event != o.Event {
			e := m.catalog.event(v.Context(), o.Event, venue)
			view.Groups = append(view.Groups, sellGroup{Name: e.ItemName, When: when(e), Currency: venue.Currency, Example: venue.example()})
		}
		group := &view.Groups[len(view.Groups)-1]
		group.Seats = append(group.Seats, m.priced(v, o, venue, view.Seller != nil))
	}
	view.Anything = len(offers) > 0
	return page{status: status, template: "sell", Title: "Set your prices", Data: view}
}

// priced is a seat in the form.
func (m *Market) priced(v visit, o offer, venue Venue, byBarcode bool) sellSeat {
	s := sellSeat{offer: o, Field: "price." + string(o.Token)}
	if byBarcode {
		s.Barcode = link.Barcode(o.ID) // until it is an offer
		s.Field = "price." + o.ID
	}
	if live, ok := m.shelf.read().live(o.Token); ok && live.State == open {
		s.Now, s.Typed = venue.show(live.Price), venue.plain(live.Price)
	}
	if v.form.Has(s.Field) {
		s.Typed = v.form.Get(s.Field)
		if _, wrong := venue.price(s.Typed); s.Typed != "" {
			s.Problem = wrong
		}
	}
	return s
}

// live is the offer of a ticket that has not ended.
func (r *records) live(token link.Token) (offer, bool) {
	for _, o := range r.Offers {
		if o.Token == token && !o.State.Ended() {
			return o, true
		}
	}
	return offer{}, false
}

// offerListing puts on sale what got a price.
func (m *Market) offerListing(v visit) page {
	if again, ok := m.sentBefore(v); ok {
		return again
	}
	id := link.ListingID(v.form.Get("listingId"))
	offers, bad := m.listed(v.Context(), id)
	if bad != nil {
		return *bad
	}
	view := sellView{Action: "/sell", Listing: id}
	l := lot{ID: lotID(v), Visitor: v.visitor, Listing: id, Source: link.MyAccount}
	return m.putOnSale(v, view, l, offers)
}

// lotID is the externalListingId of the lot that a form makes.
func lotID(v visit) string { return "L-" + v.form.Get("once") }

// sentBefore answers a form that came before as it was answered then.
func (m *Market) sentBefore(v visit) (page, bool) {
	if !isWord(v.form.Get("once")) {
		return badForm(), true
	}
	l, known := m.shelf.read().Lots[lotID(v)]
	switch {
	case !known:
		return page{}, false
	case l.Visitor != v.visitor:
		return badForm(), true
	}
	return see("/lot/" + l.ID), true
}

// putOnSale reads the prices, writes the lot down, and has it locked.
func (m *Market) putOnSale(v visit, view sellView, l lot, offers []offer) page {
	var chosen []offer
	for _, o := range offers {
		venue, _ := m.venue(o.Event)
		typed := v.form.Get("price." + cmp.Or(o.ID, string(o.Token)))
		if typed == "" {
			continue
		}
		var wrong string
		if o.Price, wrong = venue.price(typed); wrong != "" {
			view.Problem = "A price cannot be read."
			return m.askPrices(v, view, offers, http.StatusUnprocessableEntity)
		}
		chosen = append(chosen, o)
	}
	if len(chosen) == 0 {
		view.Problem = "No seat has a price yet. One without a price is not offered."
		return m.askPrices(v, view, offers, http.StatusUnprocessableEntity)
	}
	switch err := m.shelf.change(func(r *records) error { return r.addLot(l, chosen, time.Now()) }); {
	case errors.Is(err, errFull):
		return full()
	case err != nil:
		m.note(v.Context(), err)
		return unwritten()
	}
	m.atOnce(v.Context(), func(ctx context.Context) { m.lockLot(ctx, l.ID) })
	return see("/lot/" + l.ID)
}

// atOnce does something while its visitor waits, and goes on when they leave.
func (m *Market) atOnce(ctx context.Context, act func(context.Context)) {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer done()
	act(ctx)
}
