package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"strconv"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A seatsOfEvent is what somebody has at an event, as one chooses from it: sections,
// rows and seats, in the order of the holdings.
type seatsOfEvent struct {
	Key      string // tells it from the others on its page
	Title    string
	When     string
	Venue    string
	Sections []*seatsOfSection
	Plan     eventPlan

	id       boxoffice.EventID
	facility facilityKey
}

// A seatsOfSection is a section of it. Free is how many can be chosen.
type seatsOfSection struct {
	Key  string
	Name string
	Rows []*seatsOfRow
	Free int

	section string
}

// Whole reports whether there is anything to a choice of all of it at once.
func (s *seatsOfSection) Whole() bool { return s.Free > 1 }

// A seatsOfRow is a row of it; general admission has one without a name.
type seatsOfRow struct {
	Name  string
	Seats []seatView
	Free  int

	row string
}

// Whole is like a section's. What is all that the section has, its own button chooses.
func (r *seatsOfRow) Whole(of *seatsOfSection) bool { return r.Free > 1 && r.Free < of.Free }

// A seatView is a seat.
type seatView struct {
	Token  boxoffice.Token
	Place  string // where it is, all of it
	Seat   string // the same within its row
	State  string
	Else   string // how it stands when nobody holds it any more
	Choose bool   // to be listed or given
	Face   int64  // minor units
}

// Besides is how it stands where that matters to one who gives it away.
func (s seatView) Besides() string {
	if s.State == stateWords[boxoffice.HoldingFree] || s.State == notForResale {
		return ""
	}
	return s.State
}

// stateWords say how a ticket stands.
var stateWords = map[boxoffice.HoldingState]string{
	boxoffice.HoldingFree: "free", boxoffice.HoldingSent: "sent to a marketplace", boxoffice.HoldingLocked: "on sale", boxoffice.HoldingOrdered: "being bought",
	boxoffice.HoldingOffered: "being given away", boxoffice.HoldingHeld: "held by the venue", boxoffice.HoldingUsed: "used",
	boxoffice.HoldingVoid: "no longer valid", boxoffice.HoldingOver: "over",
}

// notForResale is how a ticket stands that is free, at an event that is not on the
// secondary market: it can be given away.
const notForResale = "not for resale"

// house is what somebody has with an organization.
func (s *site) house(ctx context.Context, holdings []boxoffice.Holding, org access.OrganizationID) houseView {
	view := houseView{Organization: org, Accent: accentOf(org), Once: rand.Text(), Events: seatsByEvent(holdings, org)}
	for _, h := range holdings {
		if h.Organization == org {
			view.Currency, view.Digits = h.Currency, boxoffice.CurrencyDigits(h.Currency)
			break
		}
	}
	s.drawPlans(ctx, &view)
	return view
}

// seatsByEvent sorts holdings, which come in their order, into events, sections and rows.
func seatsByEvent(holdings []boxoffice.Holding, org access.OrganizationID) (events []seatsOfEvent) {
	at := map[boxoffice.EventID]int{}
	for _, h := range holdings {
		if h.Organization != org {
			continue
		}
		i, known := at[h.Event]
		if !known {
			i = len(events)
			at[h.Event] = i
			events = append(events, seatsOfEvent{
				Key:   strconv.FormatInt(int64(org), 10) + "-" + strconv.Itoa(i),
				Title: cmp.Or(h.EventName, "Event"), When: startText(h.Start, h.Zone), Venue: h.FacilityName,
				id: h.Event, facility: facilityKey{org, h.Facility},
			})
		}
		events[i].add(h)
	}
	return events
}

// Seats are all of them, in their order, where nothing is chosen.
func (e seatsOfEvent) Seats() (all []seatView) {
	for _, section := range e.Sections {
		for _, row := range section.Rows {
			all = append(all, row.Seats...)
		}
	}
	return all
}

func (e *seatsOfEvent) add(h boxoffice.Holding) {
	section := last(e.Sections)
	if section == nil || section.section != h.Section {
		section = &seatsOfSection{Key: e.Key + "-" + strconv.Itoa(len(e.Sections)), Name: sectionName(h), section: h.Section}
		e.Sections = append(e.Sections, section)
	}
	row := last(section.Rows)
	if row == nil || row.row != h.Row {
		row = &seatsOfRow{Name: rowName(h), row: h.Row}
		section.Rows = append(section.Rows, row)
	}
	seat := seatView{
		Token: h.Token, Place: holdingPlace(h), Seat: seatName(h), State: stateWords[h.State], Else: stateWords[boxoffice.HoldingFree],
		Choose: h.State.Offerable(), Face: h.Face,
	}
	if h.Listing != "" {
		seat.Else = stateWords[boxoffice.HoldingSent]
	}
	if !h.Resale {
		seat.Else = notForResale
	}
	if h.State == boxoffice.HoldingFree {
		seat.State = seat.Else
	}
	if seat.Choose {
		section.Free++
		row.Free++
	}
	row.Seats = append(row.Seats, seat)
}

func last[T any](list []*T) *T {
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// The words for parts of a place are those of the ticket.
func sectionName(h boxoffice.Holding) string {
	return placeText(boxoffice.TicketPage{Ticket: boxoffice.Ticket{Section: h.Section}})
}

func rowName(h boxoffice.Holding) string {
	if h.SeatingType == "GA" {
		return ""
	}
	return placeText(boxoffice.TicketPage{Ticket: boxoffice.Ticket{Row: h.Row}})
}

func seatName(h boxoffice.Holding) string {
	name := placeText(boxoffice.TicketPage{Ticket: boxoffice.Ticket{Seat: h.Seat}})
	if h.SeatingType == "GA" {
		name = "Number " + h.Seat
	}
	return cmp.Or(name, "Ticket")
}

func holdingPlace(h boxoffice.Holding) string {
	return placeText(boxoffice.TicketPage{Ticket: boxoffice.Ticket{Section: h.Section, Row: h.Row, Seat: h.Seat, SeatingType: h.SeatingType}})
}

// startText is when an event begins, on one line.
func startText(w boxoffice.When, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	when := scheduleOf(w, boxoffice.When{}, zone)
	if when.Time == "" {
		return when.Date
	}
	return when.Date + ", " + when.Time
}
