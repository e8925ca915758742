package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// An ownTicketsView is a list of what somebody owns, to come or over.
type ownTicketsView struct {
	Over           bool
	Events         []ownEvent
	Earlier, Later string // parts of a long list, "" where there are none
}

type ownEvent struct {
	Title, When, Venue string
	Tickets            []ownLine
}

// An ownLine is a ticket in the list.
type ownLine struct {
	Place, State string
	Address      string // of its page
}

// myTickets shows what is to come, and pastTickets what is over.
func (s *site) myTickets(r *http.Request, v visitor) (page, error) {
	return s.ownTickets(r, v, ticketsPath, false)
}

func (s *site) pastTickets(r *http.Request, v visitor) (page, error) {
	return s.ownTickets(r, v, pastPath, true)
}

func (s *site) ownTickets(r *http.Request, v visitor, path string, over bool) (page, error) {
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	from, err := strconv.Atoi(cmp.Or(r.URL.Query().Get("from"), "0"))
	if err != nil || from < 0 {
		from = 0
	}
	holdings, err := s.accounts.Holdings(ctx, v.Accounts(), boxoffice.Bounds{From: from, Limit: boxoffice.MostHoldings, Over: over})
	if err != nil {
		return page{}, err
	}
	view := &ownTicketsView{Over: over, Events: ownByEvent(holdings)}
	if from > 0 {
		view.Earlier = path + "?from=" + strconv.Itoa(max(0, from-boxoffice.MostHoldings))
	}
	if len(holdings) == boxoffice.MostHoldings {
		view.Later = path + "?from=" + strconv.Itoa(from+boxoffice.MostHoldings)
	}
	title := "My tickets"
	if over {
		title = "Past events"
	}
	return v.frame(page{status: http.StatusOK, template: "tickets.html", Title: title, Own: view}, ticketsPath), nil
}

func ownByEvent(holdings []boxoffice.Holding) (events []ownEvent) {
	at := map[boxoffice.EventID]int{}
	for _, h := range holdings {
		i, known := at[h.Event]
		if !known {
			i = len(events)
			at[h.Event] = i
			events = append(events, ownEvent{Title: cmp.Or(h.EventName, "Event"), When: startText(h.Start, h.Zone), Venue: h.FacilityName})
		}
		line := ownLine{Place: holdingPlace(h), Address: ticketAddress(h.Token)}
		if h.State != boxoffice.HoldingFree { // which goes without saying
			line.State = stateWords[h.State]
		}
		events[i].Tickets = append(events[i].Tickets, line)
	}
	return events
}

func ticketAddress(token boxoffice.Token) string {
	return ticketsPath + "/" + url.PathEscape(string(token))
}

// stateNotices say why a ticket shows no code.
var stateNotices = map[boxoffice.HoldingState]notice{
	boxoffice.HoldingLocked:  {"This ticket is on sale", "It has no code to show while it is. To use it yourself, take it off sale at the marketplace first."},
	boxoffice.HoldingOrdered: {"Somebody is buying this ticket", "It has no code to show while its order is looked at."},
	boxoffice.HoldingOffered: {"You are giving this ticket away", "It has no code to show until you take it back, under My transfers, or it is declined."},
	boxoffice.HoldingHeld:    {"The venue keeps this ticket back", "For questions ask the box office."},
	boxoffice.HoldingUsed:    {"This ticket was used", "It was let in at the gate."},
}

// myTicket shows one, with its code where it may be used.
func (s *site) myTicket(r *http.Request, v visitor) (page, error) {
	own, err := s.ownTicket(r, v)
	if errors.Is(err, fault.TokenUnknown) {
		return nothingPage(), nil
	}
	if err != nil {
		return page{}, err
	}
	view, err := viewOf(own.TicketPage)
	if err != nil {
		return page{}, err
	}
	if why, ok := stateNotices[own.State]; ok {
		view.Notices = []notice{why}
	}
	view.Guarded = true
	address := ticketAddress(own.Ticket.Token)
	if view.Code != nil {
		view.PDF, view.Pass = printsOf(address+pdfName, own.Organization), s.offer(address, own.TicketPage)
	}
	p := v.frame(page{status: http.StatusOK, template: "own-ticket.html", Title: "Ticket: " + view.Event, Ticket: &view}, ticketsPath)
	p.Accent = accentOf(own.Organization.ID)
	if own.State.Offerable() {
		p.GiveOn = givingAddress(string(own.Ticket.Token))
	}
	return p, nil
}

// myTicketAs is the ticket as a file: on paper, or as a pass. Where its page shows no
// code there is none.
func (s *site) myTicketAs(file func(r *http.Request, found boxoffice.TicketPage) (page, error)) handler {
	return s.signedIn(func(r *http.Request, v visitor) (page, error) {
		own, err := s.ownTicket(r, v)
		if errors.Is(err, fault.TokenUnknown) {
			return nothingPage(), nil
		}
		if err != nil {
			return page{}, err
		}
		if why, ok := stateNotices[own.State]; ok {
			return s.again(v, http.StatusConflict, why.Title, why.Text), nil
		}
		return file(r, own.TicketPage)
	})
}

func (s *site) ownTicket(r *http.Request, v visitor) (boxoffice.OwnTicket, error) {
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	own, err := s.belongings.OwnTicket(ctx, v.Accounts(), boxoffice.Token(r.PathValue("ticket")))
	for _, p := range v.Patrons {
		if p.Organization == own.Account.Organization && p.ID == own.Account.Patron {
			own.Holder = strings.TrimSpace(p.Contact.FirstName + " " + p.Contact.LastName)
		}
	}
	return own, err
}
