package partnerapi

import (
	"context"
	"net/http"

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
	if len(req.Tokens) > 0 {
		if printing, err = a.office.Print(ctx, c.who, req); err != nil {
			return 0, nil, err
		}
	}
	failures := failuresOf(append(printing.Refused, unknown...))
	status := batchStatus(len(printing.Done), len(failures))
	if status == http.StatusUnprocessableEntity {
		return status, refusedResponse{errorOf(fault.NothingDone), failures}, nil
	}
	answer := printTicketsResponse{Tickets: make([]printedTicket, len(printing.Done)), Errors: failures}
	for i, d := range printing.Done {
		answer.Tickets[i] = printedTicket{Token: d.Token, OwnerID: d.Owner, URL: d.URL}
	}
	return status, answer, nil
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
