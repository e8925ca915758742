package boxoffice

import (
	"context"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// Verify tells whether tickets are valid (contract.md call 8): they exist in an
// organization granted, are not void, and a barcode is the current one of its
// event. Locks, transfers, sales and the date do not matter. It changes nothing.
//
// There is one Verified per event, in the order of first mention; failures of
// tokens that came without an event stand in one without.
func (o *Office) Verify(ctx context.Context, who access.Principal, groups []VerifyGroup) ([]Verified, error) {
	v := verification{who: who, place: map[EventID]int{}}
	if err := v.read(ctx, o.store, groups); err != nil {
		return nil, err
	}
	for _, g := range groups {
		if g.Event != "" {
			v.group(g.Event)
		}
		for _, token := range g.Tokens {
			v.token(g.Event, token)
		}
		for _, barcode := range g.Barcodes {
			v.barcode(EventBarcode{g.Event, barcode})
		}
	}
	return v.groups, nil
}

type verification struct {
	who      access.Principal
	tickets  View
	barcodes View
	byCode   map[EventBarcode]Ticket

	groups []Verified
	place  map[EventID]int // of each event among groups
}

func (v *verification) read(ctx context.Context, store Reader, groups []VerifyGroup) (err error) {
	var (
		tokens   []Token
		barcodes []EventBarcode
	)
	for _, g := range groups {
		tokens = append(tokens, g.Tokens...)
		for _, barcode := range g.Barcodes {
			barcodes = append(barcodes, EventBarcode{g.Event, barcode})
		}
	}
	if len(tokens) > 0 {
		if v.tickets, err = store.Tickets(ctx, tokens); err != nil {
			return err
		}
	}
	if len(barcodes) > 0 {
		if v.barcodes, err = store.Barcodes(ctx, barcodes); err != nil {
			return err
		}
		v.byCode = make(map[EventBarcode]Ticket, len(v.barcodes.Tickets))
		for _, t := range v.barcodes.Tickets {
			v.byCode[EventBarcode{t.Event, t.Barcode}] = t
		}
	}
	return nil
}

// token judges a token; a token of another event than the one beside it does
// not exist.
func (v *verification) token(event EventID, token Token) {
	t, ok := v.tickets.Tickets[token]
	if !ok || t.Void || !v.who.Serves(t.Organization) || event != "" && event != t.Event {
		g := v.group(event)
		g.Refused = append(g.Refused, refuse(token, fault.TokenUnknown))
		return
	}
	v.valid(t, v.tickets.Events[t.Event])
}

func (v *verification) barcode(code EventBarcode) {
	t, ok := v.byCode[code]
	if !ok || t.Void || !v.who.Serves(t.Organization) {
		g := v.group(code.Event)
		g.Refused = append(g.Refused, Refusal{Barcode: code.Barcode, Reason: fault.BarcodeInvalid})
		return
	}
	v.valid(t, v.barcodes.Events[t.Event])
}

// valid answers with a ticket, once however it was named.
func (v *verification) valid(t Ticket, e Event) {
	g := v.group(t.Event)
	for _, seat := range g.Seats {
		if seat.Ticket.Token == t.Token {
			return
		}
	}
	g.Seats = append(g.Seats, VerifiedSeat{Ticket: t, Season: e.Season, Item: e.Item})
}

// group returns the answer's group of an event, valid until the next call.
func (v *verification) group(event EventID) *Verified {
	i, ok := v.place[event]
	if !ok {
		i = len(v.groups)
		v.place[event] = i
		v.groups = append(v.groups, Verified{Event: event})
	}
	return &v.groups[i]
}
