package partnerapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

type printTicketsRequest struct {
	ExternalOrderID string       `json:"externalorderid"`
	Tokens          list[string] `json:"tokens"`
}

type printTicketsResponse struct {
	Tickets []printedTicket `json:"tickets"`
	Errors  []failure       `json:"errors,omitempty"`
}

type printedTicket struct {
	Token   boxoffice.Token    `json:"token"`
	OwnerID boxoffice.PatronID `json:"ownerId"`
	URL     string             `json:"url"`
}

func (a *api) printTickets(ctx context.Context, c *call) (int, any, error) {
	var wire printTicketsRequest
	if err := decode(c.body, &wire); err != nil {
		return 0, nil, err
	}
	req, err := printRequest(wire)
	if err != nil {
		return 0, nil, err
	}
	var (
		printing boxoffice.Printing
		unknown  []boxoffice.Refusal
	)
	req.Tokens, unknown = split(req.Tokens, itself)
	tell := func(printing boxoffice.Printing) (int, any) { return printAnswer(printing, unknown) }
	if len(req.Tokens) > 0 {
		req.Repeat = repeatOf(c, tell)
		if printing, err = a.office.Print(ctx, c.who, req); err != nil {
			return 0, nil, err
		}
	}
	status, body := tell(printing)
	return status, body, nil
}

// printAnswer is the answer to a request of which the office was not asked for
// what is unknown.
func printAnswer(printing boxoffice.Printing, unknown []boxoffice.Refusal) (int, any) {
	failures := failuresOf(slices.Concat(printing.Refused, unknown))
	status := batchStatus(len(printing.Done), len(failures))
	if status == http.StatusUnprocessableEntity {
		return status, refusedResponse{errorOf(fault.NothingDone), failures}
	}
	answer := printTicketsResponse{Tickets: make([]printedTicket, len(printing.Done)), Errors: failures}
	for i, d := range printing.Done {
		answer.Tickets[i] = printedTicket{Token: d.Token, OwnerID: d.Owner, URL: d.URL}
	}
	return status, answer
}

func printRequest(wire printTicketsRequest) (boxoffice.PrintRequest, error) {
	err := first(
		required(wire.ExternalOrderID, maxID, top, "externalOrderId"),
		counted(wire.Tokens, maxPrinted, top, "tokens"))
	if err != nil {
		return boxoffice.PrintRequest{}, err
	}
	tokens, err := distinct(wire.Tokens, make(map[boxoffice.Token]bool, len(wire.Tokens)), top, "tokens")
	return boxoffice.PrintRequest{ExternalOrderID: wire.ExternalOrderID, Tokens: tokens}, err
}
