package marketplace

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/seatlink/seatlink/link"
)

// An onSale is an event with what there is of it.
type onSale struct {
	Event link.AccessID
	Name  string
	When  string
	Where string
	Seats int
	From  string
}

// home shows the events that seats are for sale of.
func (m *Market) home(v visit) page {
	offers := m.shelf.read().Offers
	type cheapest struct {
		seats int
		price link.Amount
	}
	found := map[link.AccessID]cheapest{}
	for _, o := range offers {
		if o.State != open {
			continue
		}
		c, known := found[o.Event]
		if c.seats++; !known || o.Price.Compare(c.price) < 0 {
			c.price = o.Price
		}
		found[o.Event] = c
	}
	var events []link.Event
	list := map[link.AccessID]onSale{}
	for id, c := range found {
		venue, ok := m.venue(id)
		if !ok {
			continue
		}
		e := m.catalog.event(v.Context(), id, venue)
		events = append(events, e)
		list[id] = onSale{Event: id, Name: e.ItemName, When: when(e), Where: cmp.Or(e.FacilityName, venue.Name), Seats: c.seats, From: venue.show(c.price)}
	}
	slices.SortFunc(events, byDate)
	var data []onSale
	for _, e := range events {
		data = append(data, list[e.AccessID])
	}
	return page{status: http.StatusOK, template: "home", Title: "Seats for sale", Data: data}
}

// A seatView is an offer as a page shows it.
type seatView struct {
	offer

	Shown string // the price
	Say   string // when it is crossed off, for who cannot see that
}

// Offered reports whether it can be bought.
func (s seatView) Offered() bool { return s.State == open }

// Words says why it cannot.
func (s seatView) Words() string {
	switch s.State {
	case buying:
		return "being bought"
	case sold:
		return "sold"
	}
	return "no longer for sale"
}

type eventView struct {
	onSale

	List []seatView
	Most int
}

// crossedOff is how long a seat that is gone stays on the page, struck out.
const crossedOff = 10 * time.Minute

// event shows the seats of an event.
func (m *Market) event(v visit) page {
	id := link.AccessID(v.PathValue("event"))
	venue, ok := m.venue(id)
	if !ok {
		return nothingHere()
	}
	view := eventView{Most: maxCart}
	for _, o := range m.shelf.read().Offers {
		if o.Event != id || o.State == locking || o.State.Ended() && time.Since(o.At) > crossedOff {
			continue
		}
		s := seatView{offer: o, Shown: venue.show(o.Price)}
		s.Say = s.Name() + ": " + s.Words() + "."
		view.List = append(view.List, s)
		if o.State == open {
			view.Seats++
		}
	}
	slices.SortFunc(view.List, func(a, b seatView) int { return inOrder(a.offer, b.offer) })
	e := m.catalog.event(v.Context(), id, venue)
	if len(view.List) == 0 && e.ItemName == string(id) {
		return nothingHere()
	}
	view.onSale = onSale{Event: id, Name: e.ItemName, When: when(e), Where: cmp.Or(e.FacilityName, venue.Name), Seats: view.Seats}
	return page{status: http.StatusOK, template: "event", Title: e.ItemName, Live: true, Data: view}
}

// Name is the seat in words.
func (o offer) Name() string { return seatName(o.Section, o.Row, o.Seat) }

func seatName(section, row, seat string) string {
	return "Section " + section + ", row " + row + ", seat " + seat
}

// inOrder is the order of the house, as far as a partner can tell: numbers as
// numbers.
func inOrder(a, b offer) int {
	return cmp.Or(cmp.Compare(a.Event, b.Event), natural(a.Section, b.Section), natural(a.Row, b.Row), natural(a.Seat, b.Seat), cmp.Compare(a.ID, b.ID))
}

func natural(a, b string) int {
	n, errN := strconv.Atoi(a)
	k, errK := strconv.Atoi(b)
	if errN == nil && errK == nil {
		return cmp.Compare(n, k)
	}
	return cmp.Compare(a, b)
}
