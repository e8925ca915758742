package partnerapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

type verifyTicketsRequest struct {
	Tickets oneOrMany[verifyGroup] `json:"tickets"`
}

type verifyGroup struct {
	AccessID string       `json:"accessid"`
	Tokens   list[string] `json:"tokens"`
	Barcodes list[string] `json:"barcodes"`
}

type verifyTicketsResponse struct {
	Tokens []verifiedGroup `json:"tokens"`
}

type verifiedGroup struct {
	AccessID boxoffice.EventID `json:"accessId,omitempty"` // absent for failures of tokens that came without
	Success  verifiedSeats     `json:"success"`
	Errors   []failure         `json:"errors,omitempty"`
}

type verifiedSeats struct {
	Seats []verifiedSeat `json:"seats"`
}

type verifiedSeat struct {
	Token           boxoffice.Token    `json:"token"`
	Season          string             `json:"season"`
	Event           string             `json:"event"` // what listings call item
	Section         string             `json:"section"`
	Row             string             `json:"row"`
	Seat            string             `json:"seat"`
	SeatingType     string             `json:"seatingType"`
	AssociationType string             `json:"associationType"`
	SeatAttributes  []string           `json:"seatAttributes"`
	OwnerID         boxoffice.PatronID `json:"ownerId"`
}

func (a *api) verifyTickets(ctx context.Context, c *call) (int, any, error) {
	var wire verifyTicketsRequest
	if err := decode(c.body, &wire); err != nil {
		return 0, nil, err
	}
	groups, err := verifyGroups(wire)
	if err != nil {
		return 0, nil, err
	}
	if err := a.mayGuess(c.who, groups); err != nil {
		return 0, nil, err
	}
	unknown := impossible(groups)
	verified, err := a.office.Verify(ctx, c.who, groups)
	if err != nil {
		return 0, nil, err
	}
	verified = beside(verified, unknown)
	if n := unknownBarcodes(verified); n > 0 {
		if err := a.desk.Guess(c.who, access.Barcodes, n); err != nil {
			return 0, nil, err
		}
	}
	done, failures := 0, []failure(nil)
	for _, v := range verified {
		done += len(v.Seats)
		failures = append(failures, failuresOf(v.Refused)...)
	}
	status := batchStatus(done, len(failures))
	if status == http.StatusUnprocessableEntity {
		return status, refusedResponse{errorOf(fault.NothingDone), failures}, nil
	}
	answer := verifyTicketsResponse{Tokens: make([]verifiedGroup, len(verified))}
	for i, v := range verified {
		answer.Tokens[i] = verifiedGroupOf(v)
	}
	return status, answer, nil
}

// mayGuess refuses barcodes of a caller who tried too many.
func (a *api) mayGuess(who access.Principal, groups []boxoffice.VerifyGroup) error {
	for _, g := range groups {
		if len(g.Barcodes) > 0 {
			return a.desk.Guess(who, access.Barcodes, 0)
		}
	}
	return nil
}

func unknownBarcodes(verified []boxoffice.Verified) (n int) {
	for _, v := range verified {
		for _, r := range v.Refused {
			if r.Barcode != "" {
				n++
			}
		}
	}
	return n
}

func verifiedGroupOf(v boxoffice.Verified) verifiedGroup {
	group := verifiedGroup{AccessID: v.Event, Errors: failuresOf(v.Refused)}
	group.Success.Seats = make([]verifiedSeat, len(v.Seats))
	for i, s := range v.Seats {
		t := s.Ticket
		group.Success.Seats[i] = verifiedSeat{
			Token: t.Token, Season: s.Season, Event: s.Item, Section: t.Section, Row: t.Row, Seat: t.Seat,
			SeatingType: t.SeatingType, AssociationType: t.AssociationType, SeatAttributes: t.Attributes, OwnerID: t.Owner,
		}
	}
	return group
}

// verifyGroups reads the groups. A token or barcode is asked about once for
// each accessId beside it, however often it is named.
func verifyGroups(wire verifyTicketsRequest) ([]boxoffice.VerifyGroup, error) {
	if err := counted(wire.Tickets, maxElements, top, "tickets"); err != nil {
		return nil, err
	}
	type names struct {
		tokens   map[boxoffice.Token]bool
		barcodes map[boxoffice.Barcode]bool
	}
	seen := map[boxoffice.EventID]names{}
	tokens, barcodes := 0, 0
	groups := make([]boxoffice.VerifyGroup, len(wire.Tickets))
	for i, g := range wire.Tickets {
		under := func(field string) string { return fmt.Sprintf("tickets[%d].%s", i, field) }
		tokens += len(g.Tokens)
		barcodes += len(g.Barcodes)
		if err := checkVerifyGroup(g, tokens, barcodes, under); err != nil {
			return nil, err
		}
		event := boxoffice.EventID(g.AccessID)
		named, ok := seen[event]
		if !ok {
			named = names{map[boxoffice.Token]bool{}, map[boxoffice.Barcode]bool{}}
			seen[event] = named
		}
		var err error
		groups[i].Event = event
		if g.Tokens != nil {
			groups[i].Tokens, err = distinct(g.Tokens, named.tokens, under, "tokens")
		} else {
			groups[i].Barcodes, err = distinct(g.Barcodes, named.barcodes, under, "barcodes")
		}
		if err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// checkVerifyGroup wants tokens, or barcodes with an accessId. The counts are of
// the groups so far.
func checkVerifyGroup(g verifyGroup, tokens, barcodes int, under at) error {
	switch {
	case g.Tokens == nil && g.Barcodes == nil:
		return about(fault.FieldRequired, under("tokens"), "an element has tokens, or barcodes")
	case g.Tokens != nil && g.Barcodes != nil:
		return about(fault.FieldInvalid, under("barcodes"), "an element has tokens or barcodes, not both")
	case g.Tokens != nil && (len(g.Tokens) == 0 || tokens > maxTokens):
		return groupSize(len(g.Tokens), maxTokens, under("tokens"))
	case g.Barcodes != nil && (len(g.Barcodes) == 0 || barcodes > maxBarcodes):
		return groupSize(len(g.Barcodes), maxBarcodes, under("barcodes"))
	case g.Barcodes != nil && g.AccessID == "":
		return about(fault.FieldRequired, under("accessId"), "a barcode is looked for at an event")
	}
	return within(g.AccessID, maxString, under, "accessId")
}

// impossible takes what no ticket can be named out of the groups and refuses it,
// by event. A group that is left empty still has its place in the answer.
func impossible(groups []boxoffice.VerifyGroup) []boxoffice.Verified {
	var unknown []boxoffice.Verified
	for i := range groups {
		g := &groups[i]
		if len(g.Event) > maxID { // no event can be called that
			unknown = append(unknown, boxoffice.Verified{Event: g.Event, Refused: allUnknown(g.Tokens, g.Barcodes)})
			g.Tokens, g.Barcodes = nil, nil
			continue
		}
		var refused []boxoffice.Refusal
		g.Tokens, refused = split(g.Tokens, itself)
		possible := g.Barcodes[:0]
		for _, b := range g.Barcodes {
			if exists(string(b)) {
				possible = append(possible, b)
				continue
			}
			refused = append(refused, boxoffice.Refusal{Barcode: b, Reason: fault.BarcodeInvalid})
		}
		g.Barcodes = possible
		if refused != nil {
			unknown = append(unknown, boxoffice.Verified{Event: g.Event, Refused: refused})
		}
	}
	return unknown
}

func allUnknown(tokens []boxoffice.Token, barcodes []boxoffice.Barcode) []boxoffice.Refusal {
	refused := make([]boxoffice.Refusal, 0, len(tokens)+len(barcodes))
	for _, t := range tokens {
		refused = append(refused, boxoffice.Refusal{Token: t, Reason: fault.TokenUnknown})
	}
	for _, b := range barcodes {
		refused = append(refused, boxoffice.Refusal{Barcode: b, Reason: fault.BarcodeInvalid})
	}
	return refused
}

// beside puts refusals into the office's groups of the same events.
func beside(verified, unknown []boxoffice.Verified) []boxoffice.Verified {
next:
	for _, u := range unknown {
		for i := range verified {
			if verified[i].Event == u.Event {
				verified[i].Refused = append(verified[i].Refused, u.Refused...)
				continue next
			}
		}
		verified = append(verified, u)
	}
	return verified
}

// groupSize refuses an empty group, and one that goes beyond what the whole body
// may hold.
func groupSize(n, limit int, path string) error {
	if n == 0 {
		return sized(n, limit, path)
	}
	return about(fault.BatchSize, path, fmt.Sprintf("more than %d in the whole body", limit))
}
