package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A ticketView is what the page of a ticket shows, in its words. It has nothing
// that may not be shown: no token, and after the ticket changed hands no barcode
// and no holder.
type ticketView struct {
	Organization string
	Event        string
	When         schedule
	Venue        string
	Notices      []notice
	Place        []fact // where to go, the widest first
	Holder       string // "" where nobody is to be named
	Facts        []fact
	Code         *code       // nil where none is to be shown
	PDF          []printLink // of what has a code
	Pass         string      // its address, "" where there is none
	Demo         bool        // it opens no gate
	Guarded      bool        // its address leads nobody there who is not signed in
}

// A fact is a label with its value.
type fact struct{ Label, Value string }

// Long reports whether the value needs a line of its own.
func (f fact) Long() bool {
	const fits = 6 // characters in a quarter of a phone's width
	return len([]rune(f.Value)) > fits
}

// A notice is what a patron must know before going anywhere.
type notice struct{ Title, Text string }

// patience is how long somebody at the gate may look at an empty screen before
// the page says that it will not come now.
const patience = 5 * time.Second

// ticket shows the ticket behind a secret address.
func (s *site) ticket(r *http.Request) (page, error) {
	found, err := s.find(r)
	if err != nil {
		return page{}, err
	}
	view, err := viewOf(found)
	if err != nil {
		return page{}, err
	}
	if view.Code != nil {
		view.PDF = printsOf(ticketPath+r.PathValue("key")+pdfName, found.Organization)
		view.Pass = s.offer(ticketPath+r.PathValue("key"), found)
	}
	return page{
		status: http.StatusOK, template: "ticket.html", Title: "Ticket: " + view.Event,
		Accent: accentOf(found.Organization.ID), Ticket: &view,
	}, nil
}

// find is what stands behind the request's address.
func (s *site) find(r *http.Request) (boxoffice.TicketPage, error) {
	secret := r.PathValue("key")
	if !isSecret(secret) {
		return boxoffice.TicketPage{}, fault.DocumentUnknown
	}
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	return s.office.Page(ctx, pageID(secret))
}

// A printLink leads to the PDF on one paper.
type printLink struct{ Paper, Address string }

// printsOf are the PDFs of a ticket, first the one on the paper of its country.
func printsOf(address string, o boxoffice.Organization) []printLink {
	first := paperIn(o)
	return []printLink{{first.Name, address}, {first.other().Name, address + "?paper=" + first.other().word}}
}

// viewOf decides what of a ticket is shown.
func viewOf(p boxoffice.TicketPage) (ticketView, error) {
	v := ticketView{
		Organization: p.Organization.Name, Event: cmp.Or(p.Event.Title(), "Ticket"), Venue: p.Event.FacilityName,
		When:    scheduleOf(p.Event.Start, p.Event.End, p.Organization.Location()),
		Notices: noticesOf(p), Place: placeOf(p), Facts: factsOf(p),
	}
	if gone(p) {
		return v, nil
	}
	v.Holder = p.Holder
	if p.Ticket.Barcode == "" {
		return v, nil
	}
	// An event that is over keeps its code: it may run late, and so may the patron.
	// One that was cancelled keeps it too: by it the box office knows the ticket.
	var err error
	v.Code, err = drawCode(p.Ticket.Barcode)
	return v, err
}

// gone reports whether the ticket is no longer the one this page was made for.
func gone(p boxoffice.TicketPage) bool { return p.ChangedHands || p.Ticket.Void }

func noticesOf(p boxoffice.TicketPage) []notice {
	var list []notice
	switch {
	case p.Ticket.Void:
		list = append(list, notice{"This ticket is no longer valid",
			"The venue has withdrawn it. Its barcode, on paper too, does not open the gate. For questions ask where you bought it."})
	case p.ChangedHands:
		list = append(list, notice{"This ticket has changed hands",
			"It was sold or given to somebody else, who has a new barcode. Earlier prints of it do not open the gate."})
	case p.Ticket.Barcode == "":
		list = append(list, notice{"This ticket has no barcode yet", "Open this page again before you go, or ask where you bought it."})
	}
	switch {
	case p.Event.Cancelled:
		list = append(list, notice{"This event is cancelled", "It does not take place. For a refund ask where you bought the ticket."})
	case !p.Event.Over.IsZero() && !p.Now.Before(p.Event.Over):
		list = append(list, notice{Title: "This event is over"})
	}
	return list
}

// placeOf tells the way to the seat, or to the space of a parking lot. General
// admission has no row, and a number that is only a count (contract.md, kinds of
// items).
func placeOf(p boxoffice.TicketPage) []fact {
	t := p.Ticket
	level, section := boxoffice.Level(t.Section), t.Section
	if _, after, found := strings.Cut(section, ":"); found {
		section = after
	}
	names := [...]string{"Level", "Section", "Row", "Seat"}
	free := "General admission"
	if parks(p.Event) {
		names = [...]string{"Area", "Lot", "Row", "Space"}
		free = "Any free space"
	}
	place := []fact{{names[0], level}, {names[1], section}, {names[2], t.Row}, {names[3], t.Seat}}
	if t.SeatingType == "GA" {
		place = []fact{{names[0], level}, {names[1], section}, {"Number", t.Seat}, {names[3], free}}
	}
	return slices.DeleteFunc(place, func(f fact) bool { return f.Value == "" })
}

// parks reports whether the event is a place to park.
func parks(e boxoffice.Event) bool {
	return slices.ContainsFunc(e.Associations, func(a boxoffice.Association) bool { return a.Type == "PARKING" })
}

// factsOf tells what was paid for: the price level and type, and what is
// special about the seat.
func factsOf(p boxoffice.TicketPage) []fact {
	t := p.Ticket
	var facts []fact
	if t.PriceLevel != 0 {
		facts = append(facts, fact{"Price level", strconv.FormatInt(t.PriceLevel, 10)})
	}
	if name := cmp.Or(p.Event.PriceTypes[t.PriceType], t.PriceType); name != "" {
		facts = append(facts, fact{"Ticket type", name})
	}
	var notes []string
	if t.AssociationType != "" {
		notes = append(notes, t.AssociationType)
	}
	if notes = append(notes, t.Attributes...); len(notes) > 0 {
		facts = append(facts, fact{"Seat notes", strings.Join(notes, ", ")})
	}
	return facts
}

// accents is how many colours there are.
const accents = len(accentColours)

// accentColours are the organizations' colours, as the stylesheet has them too.
var accentColours = [...]rgb{
	{0x1d, 0x3f, 0x72},
	{0x7d, 0x19, 0x35},
	{0x14, 0x50, 0x2f},
	{0x54, 0x28, 0x7c},
	{0x7a, 0x33, 0x00},
	{0x0a, 0x4b, 0x58},
	{0x6d, 0x1b, 0x60},
	{0x3f, 0x4a, 0x05},
	{0x2a, 0x36, 0x86},
	{0x5e, 0x34, 0x1b},
	{0x33, 0x40, 0x4f},
	{0x7a, 0x1f, 0x1a},
}

// accentOf gives an organization its colour: neighbours by id never share one.
func accentOf(id access.OrganizationID) int {
	return int((id%access.OrganizationID(accents) + access.OrganizationID(accents)) % access.OrganizationID(accents))
}
