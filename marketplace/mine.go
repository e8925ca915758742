package marketplace

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/seatlink/seatlink/link"
)

// A mineView is a seat as its seller sees it.
type mineView struct {
	offer

	EventName string
	Shown     string
	Gets      string // what the seller is paid
}

// Words says how it stands.
func (o mineView) Words() string {
	switch o.State {
	case locking:
		return "the venue is being asked"
	case open:
		return "on sale"
	case buying:
		return "being bought"
	case sold:
		return "sold"
	case withdrawn:
		if o.Held {
			return "taken back; the venue is being told"
		}
		return "taken back"
	}
	return "not on sale"
}

// Back reports whether its seller can take it back.
func (o mineView) Back() bool { return o.State == open }

func (m *Market) mineOf(ctx context.Context, o offer) mineView {
	venue, _ := m.venue(o.Event)
	gets, err := venue.share(o.Price, 100-sellersShare)
	if err != nil { // the currency's digits were changed
		gets = o.Price
	}
	return mineView{offer: o, EventName: m.catalog.event(ctx, o.Event, venue).ItemName, Shown: venue.show(o.Price), Gets: venue.show(gets)}
}

type boughtView struct {
	order

	EventName string
	Shown     string
}

// Words says how it stands.
func (o boughtView) Words() string {
	switch o.State {
	case complete:
		return "bought"
	case failed:
		return "not bought"
	}
	return "waits for the venue"
}

type offersView struct {
	Offers []mineView
	Orders []boughtView
}

// mine shows what somebody sells and has bought.
func (m *Market) mine(v visit) page {
	r := m.shelf.read()
	var view offersView
	for _, o := range r.Offers {
		if r.Lots[o.Lot].Visitor == v.visitor {
			view.Offers = append(view.Offers, m.mineOf(v.Context(), o))
		}
	}
	slices.SortFunc(view.Offers, func(a, b mineView) int {
		return cmp.Or(cmp.Compare(ended(a.State), ended(b.State)), inOrder(a.offer, b.offer))
	})
	for _, o := range r.Orders {
		if o.Visitor == v.visitor {
			venue, _ := m.venue(o.Event)
			view.Orders = append(view.Orders, boughtView{o, m.catalog.event(v.Context(), o.Event, venue).ItemName, venue.show(o.Total)})
		}
	}
	slices.SortFunc(view.Orders, func(a, b boughtView) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return page{status: http.StatusOK, template: "offers", Title: "My offers", Live: true, Data: view}
}

func ended(s state) int {
	if s.Ended() {
		return 1
	}
	return 0
}

var errNotNow = errors.New("it cannot be taken back now")

// withdraw takes a seat off sale: here at once, and then at the venue, which is
// told until it answers.
func (m *Market) withdraw(v visit) page {
	id := v.form.Get("offer")
	r := m.shelf.read()
	if o, ok := r.Offers[id]; !ok || r.Lots[o.Lot].Visitor != v.visitor {
		return nothingHere()
	}
	err := m.shelf.change(func(r *records) error {
		o := r.Offers[id]
		switch o.State {
		case open:
		case withdrawn:
			return nil // the form came twice
		default:
			return errNotNow
		}
		o.State, o.Held, o.At = withdrawn, true, time.Now()
		r.Offers[id] = o
		return nil
	})
	switch {
	case errors.Is(err, errNotNow):
		return message(http.StatusConflict, "It cannot be taken back", "It is being bought, was sold, or is not on sale any more.")
	case err != nil:
		m.note(v.Context(), err)
		return unwritten()
	}
	m.atOnce(v.Context(), func(ctx context.Context) { m.dropLocks(ctx, id) })
	return see("/offers")
}

// contact is how a seller or buyer can be reached.
func contact(email, phone string) (list link.Many[link.EmailAddress], phones link.Many[link.PhoneNumber]) {
	if email != "" {
		list = append(list, link.EmailAddress{Email: email})
	}
	if phone != "" {
		phones = append(phones, link.PhoneNumber{Number: phone})
	}
	return list, phones
}
