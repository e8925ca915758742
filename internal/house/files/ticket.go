package files

import (
	"strconv"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// ticket reads a line of tickets and finds what it refers to; place is the number
// of its seat within the event's configuration.
func (f *folder) ticket(s *sheet, now time.Time) (t boxoffice.Ticket, e *event, place int32, ok bool) {
	before := len(s.report.Problems) + s.report.More
	token, _ := s.ascii(ticketToken)
	barcode, _ := s.ascii(ticketBarcode)
	t.Token, t.Barcode, t.Organization = boxoffice.Token(token), boxoffice.Barcode(barcode), f.organization.ID
	t.Section, _ = s.word(ticketSection)
	t.Row, _ = s.word(ticketRow)
	t.Seat, _ = s.word(ticketSeat)
	t.SeatingType, _ = s.oneOf(ticketSeating, "RESERVED", "RESERVED", "GA")
	t.AssociationType, _ = s.code(ticketAssociation, codeLimit)
	for _, part := range s.list(ticketAttributes) {
		attribute := unescape(part)
		if says := wrongWord(attribute); says != "" {
			s.bad(ticketAttributes, "has %s; codes separated by ; are allowed", shown(part))
			break
		}
		t.Attributes = append(t.Attributes, attribute)
	}
	t.PriceLevel, _ = s.number(ticketPriceLevel)
	t.PriceType, _ = s.word(ticketPriceType)
	t.Face, _ = s.money(ticketFace, f.organization.Currency)
	t.Void, _ = s.flag(ticketVoid, false)
	if held, _ := s.free(ticketHeld, nameLimit); held != "" {
		t.Hold = boxoffice.Hold{Kind: boxoffice.HoldVenue, By: held, Since: now}
	}
	owner := s.text(ticketOwner)
	if !f.patrons.has(owner) {
		s.bad(ticketOwner, "is %s, which is no id of patrons.csv", shown(owner))
	}
	t.Owner = boxoffice.PatronID(owner)
	if e = f.ticketEvent(s); e == nil {
		return t, nil, 0, false
	}
	t.Event = e.ID
	if _, known := e.PriceTypes[t.PriceType]; t.PriceType != "" && !known {
		s.bad(ticketPriceType, "is %s, which is no code of the event's price_types", shown(t.PriceType))
	}
	if t.SeatingType == "GA" {
		f.countIn(&t, e)
	}
	place, good := f.seatOf(s, t, e)
	return t, e, place, good && len(s.report.Problems)+s.report.More == before
}

// ticketEvent finds the event, which must be one that can have tickets.
func (f *folder) ticketEvent(s *sheet) *event {
	e := f.events[s.text(ticketEvent)]
	switch {
	case e == nil:
		s.bad(ticketEvent, "is %s, which is no accessId of events.csv", shown(s.text(ticketEvent)))
	case e.line == 0: // what is wrong with it has been told
	case e.Basis != boxoffice.Single:
		s.bad(ticketEvent, "is %s, which is a %s; only a SINGLE has tickets", shown(string(e.ID)), e.Basis)
	case e.FacilityCode == "" || e.ConfigurationCode == "":
		s.bad(ticketEvent, "is %s, which has no facility and configuration in events.csv", shown(string(e.ID)))
	default:
		return e
	}
	return nil
}

// countIn names the place of a ticket of general admission where the house does
// not: it is the next of its section.
func (f *folder) countIn(t *boxoffice.Ticket, e *event) {
	if t.Row == "" {
		t.Row = general
	}
	if t.Seat == "" {
		key := string(e.ID) + "\x00" + t.Section
		f.counts[key]++
		t.Seat = strconv.Itoa(f.counts[key])
	}
}

// seatOf finds the seat in the manifest.
func (f *folder) seatOf(s *sheet, t boxoffice.Ticket, e *event) (place int32, ok bool) {
	switch {
	case t.Section == "": // which has been told
		return 0, false
	case t.Row == "" || t.Seat == "":
		s.bad(ticketSeat, "or row is empty; only general admission (seating GA) may leave them so")
		return 0, false
	}
	p := f.planOf(e)
	place, ok = p.number(seat{t.Section, t.Row, t.Seat})
	switch {
	case ok:
	case p.derived:
		s.bad(ticketSeat, "is one more than the %d seats that a configuration may have", boxoffice.MaxSeats)
	default:
		s.bad(ticketSeat, "is %s: section %s has no such seat in row %s, by %s", shown(t.Seat), shown(t.Section), shown(t.Row), p.file)
	}
	return place, ok
}
