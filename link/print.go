package link

import (
	"context"
	"net/http"
)

// A PrintRequest asks for the pages of tickets that were sold.
type PrintRequest struct {
	RequestID       string  `json:"-"` // "" is a new one
	ExternalOrderID string  `json:"externalOrderId"`
	Tokens          []Token `json:"tokens"` // up to 30, of one organization
}

// Printed says where the tickets are.
type Printed struct {
	Tickets []PrintedTicket `json:"tickets"`
	Errors  []Failure       `json:"errors,omitempty"`
}

// A PrintedTicket has the page of a ticket. Whoever has its URL has the ticket.
type PrintedTicket struct {
	Token   Token    `json:"token"`
	OwnerID PatronID `json:"ownerId"`
	URL     string   `json:"url"`
}

// Print asks for the pages of tickets that were sold in an order, while the buyer
// still owns them (call 9). Printing again gives the same pages. When no ticket
// has one there is an Error besides.
func (c *Client) Print(ctx context.Context, r PrintRequest) (Printed, error) {
	const name = "/v1/tickets/print"
	k, err := newCall(http.MethodPost, name, name, r.RequestID, r)
	if err != nil {
		return Printed{}, err
	}
	printed, err := ask[Printed](ctx, c, k)
	if err != nil {
		printed = Printed{Errors: failuresOf(err)}
	}
	return printed, err
}
