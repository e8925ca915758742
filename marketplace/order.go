package marketplace

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/seatlink/seatlink/link"
)

// settle takes an order one step on, after whoever does just now.
func (m *Market) settle(ctx context.Context, id string) {
	done, ok := m.turn(ctx, id)
	if !ok {
		return
	}
	defer done()
	o := m.shelf.read().Orders[id]
	switch o.State {
	case asking:
		m.completeOrder(ctx, o)
	case waiting:
		m.look(ctx, o)
	}
}

// completeOrder asks for the sale (call 6), the first time or again: the body is the
// one that was written down, so the venue sells once and answers as it did then.
func (m *Market) completeOrder(ctx context.Context, o order) {
	m.selling.RLock()
	defer m.selling.RUnlock()
	request := *o.Request
	request.RequestID = o.RequestID
	sale, err := m.Client.Complete(ctx, request)
	switch {
	case err == nil:
		m.progress(ctx, o.ID, sale, trouble{})
	case link.Settled(err):
		why := explain(err)
		sale.Status = link.Failed
		m.progress(ctx, o.ID, sale, why)
	default:
		m.note(ctx, m.shelf.change(func(r *records) error {
			now := r.Orders[o.ID]
			now.Why = explain(err)
			r.Orders[o.ID] = now
			return nil
		}))
	}
}

// look asks how a PENDING order stands (call 7).
func (m *Market) look(ctx context.Context, o order) {
	sale, err := m.Client.Order(ctx, o.Process)
	switch {
	case err == nil:
		m.progress(ctx, o.ID, sale, trouble{})
	case link.Settled(err): // it does not know the process, after a backup maybe; it knows our own id, or sells now
		m.note(ctx, m.shelf.change(func(r *records) error {
			now := r.Orders[o.ID]
			now.State, now.Why = asking, explain(err)
			r.Orders[o.ID] = now
			return nil
		}))
	}
}

// progress writes down what the venue said of an order.
func (m *Market) progress(ctx context.Context, id string, sale link.Sale, why trouble) {
	if o := m.shelf.read().Orders[id]; sale.Status == link.Pending && o.State == waiting && o.Process == sale.ProcessID {
		return // nothing is new
	}
	m.note(ctx, m.shelf.change(func(r *records) error {
		o := r.Orders[id]
		if o.State.Ended() {
			return nil
		}
		o.Why, o.Process = why, sale.ProcessID
		if sale.Status == link.Pending {
			o.State = waiting
			r.Orders[id] = o
			return nil
		}
		r.conclude(o, sale, time.Now())
		return nil
	}))
}

// conclude ends an order: part by part, for each was sold whole or not at all.
func (r *records) conclude(o order, sale link.Sale, now time.Time) {
	soldTokens := map[link.Token]bool{}
	for _, offered := range sale.Offers {
		for _, s := range offered.Event.Seats {
			soldTokens[s.Token] = true
		}
	}
	o.State, o.At, o.Request = failed, now, nil
	if sale.Reason != nil && o.Why.Words == "" {
		o.Why = trouble{Words: plainly[sale.Reason.Code], Code: sale.Reason.Code, RequestID: o.RequestID}
	}
	parts := make([]part, len(o.Parts))
	for i, p := range o.Parts {
		whole := map[link.Token]link.Failure{}
		for _, f := range sale.Errors {
			if f.ExternalOrderID == p.ExternalOrderID {
				whole[f.Token] = f
				p.Why = trouble{wordsOf(f), f.Code, o.RequestID}
			}
		}
		for _, id := range p.Offers {
			s := r.Offers[id]
			s.At = now
			failure, refused := whole[s.Token]
			switch {
			case soldTokens[s.Token]:
				p.Sold, s.State, o.State = true, sold, complete
			case refused: // it is why; the others of its order are as they were
				s.State, s.Held, s.Why = gone, true, trouble{wordsOf(failure), failure.Code, o.RequestID}
			default:
				s.State, s.Order = open, ""
			}
			r.Offers[id] = s
		}
		parts[i] = p
	}
	o.Parts = parts
	r.Orders[o.ID] = o
}

// knocked is a callback. It says what became of an order, and it is not believed:
// whoever knows the address can send one. It is a knock at the door, and what became
// of the order is asked of the venue.
func (m *Market) knocked(w http.ResponseWriter, r *http.Request) {
	const most = 1 << 20
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, most)) // whatever it says
	knock := r.PathValue("knock")
	for id, o := range m.shelf.read().Orders {
		if o.Knock == knock {
			m.atOnce(r.Context(), func(ctx context.Context) { m.settle(ctx, id) })
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

type orderView struct {
	Name, Event string
	When, Where string
	Total       string
	Seats       []mineView
	Tickets     []ticketView
	Refused     []refusal
	Waiting     bool
	Pending     bool
	Why         trouble
}

// A ticketView is a link to a page of the venue.
type ticketView struct {
	Name, URL string
}

// order shows what became of a purchase. Only the buyer sees it: the addresses of
// the tickets are the tickets.
func (m *Market) order(v visit) page {
	r := m.shelf.read()
	o, ok := r.Orders[v.PathValue("order")]
	if !ok || o.Visitor != v.visitor {
		return nothingHere()
	}
	venue, _ := m.venue(o.Event)
	e := m.catalog.event(v.Context(), o.Event, venue)
	view := orderView{
		Name: o.Name, Event: e.ItemName, When: when(e), Where: e.FacilityName, Total: venue.show(o.Total), Why: o.Why,
		Waiting: !o.State.Ended(), Pending: o.State == waiting,
	}
	names := map[link.Token]string{}
	var paid []link.Amount
	for _, p := range o.Parts {
		for _, id := range p.Offers {
			s := r.Offers[id]
			names[s.Token] = s.Name()
			view.Seats = append(view.Seats, mineView{offer: s, Shown: venue.show(s.Price)})
			if p.Sold {
				paid = append(paid, s.Price)
			}
		}
		if o.State == complete {
			m.collect(v.Context(), &view, p, r, names)
		}
	}
	p := page{status: http.StatusOK, template: "order", Title: "The venue is being asked", Live: view.Waiting}
	switch o.State {
	case complete:
		p.Title = "Your tickets"
		if sums, err := venue.bill(paid); err == nil { // of what was sold
			view.Total = venue.show(sums.Total)
		}
	case failed:
		p.Title = "Nothing was bought"
	}
	p.Data = view
	return p
}

// collect adds the tickets of an order that was sold, and why others were not.
// Printing again gives the same pages (call 9), so their addresses, which are
// secrets, are asked for when they are shown and not kept.
func (m *Market) collect(ctx context.Context, view *orderView, p part, r *records, names map[link.Token]string) {
	if !p.Sold {
		for _, id := range p.Offers {
			why := r.Offers[id].Why
			if why.Words == "" {
				why = p.Why
			}
			view.Refused = append(view.Refused, refusal{r.Offers[id].Name(), why})
		}
		return
	}
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	request := link.PrintRequest{RequestID: link.NewRequestID(), ExternalOrderID: p.ExternalOrderID}
	for _, id := range p.Offers {
		request.Tokens = append(request.Tokens, r.Offers[id].Token)
	}
	printed, err := m.Client.Print(ctx, request)
	for _, t := range printed.Tickets {
		view.Tickets = append(view.Tickets, ticketView{names[t.Token], t.URL})
	}
	for _, f := range printed.Errors {
		view.Refused = append(view.Refused, refusal{names[f.Token], trouble{wordsOf(f), f.Code, request.RequestID}})
	}
	if said := (*link.Error)(nil); err != nil && !(errors.As(err, &said) && len(said.Failures) > 0) {
		view.Why = explain(err)
	}
}
