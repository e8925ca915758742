package link

import (
	"context"
	"encoding/json"
	"net/http"
)

// A Sale is what became of a CompleteRequest.
type Sale struct {
	Status    Status
	ProcessID ProcessID // "" where nothing was sold and nothing is remembered

	// What was sold; of a COMPLETE sale only.
	Paid         Amount
	Offers       []Offer
	Transactions []Transaction

	// Errors are the orders that were refused. Reason is that of a sale that was
	// PENDING and then ended in ERROR.
	Errors []Failure
	Reason *Reason
}

// An Offer is the tickets of one order, event, price level and price type.
type Offer struct {
	Quantity   int        `json:"quantity"`
	SeasonCode string     `json:"seasonCode"`
	ItemCode   string     `json:"itemCode"`
	Basis      string     `json:"basis"`
	Event      OfferEvent `json:"event"`
	PriceType  PriceType  `json:"priceType"`
}

// An OfferEvent is the event of an offer, and the seats that were sold.
type OfferEvent struct {
	Name       string      `json:"name"`
	PriceLevel int64       `json:"priceLevel"`
	Seats      []OfferSeat `json:"seats"`
}

// An OfferSeat is a ticket that was sold; OwnerID is the buyer.
type OfferSeat struct {
	Section  Word     `json:"section"`
	Row      Word     `json:"row"`
	Seat     Word     `json:"seat"`
	Sequence int      `json:"sequence"`
	AccessID AccessID `json:"accessId"`
	Token    Token    `json:"token"`
	OwnerID  PatronID `json:"ownerId"`
}

// A PriceType is what kind of price a seat has: Adult.
type PriceType struct {
	Name string `json:"name"`
}

// A Transaction is the venue's number for an order's money in a season.
type Transaction struct {
	Season      string `json:"season"`
	Transaction string `json:"transaction"`
}

// saleWire is the form of the contract: what is not of the status is left out.
type saleWire struct {
	Status       Status         `json:"status"`
	ProcessID    ProcessID      `json:"processId"`
	Paid         *Amount        `json:"paid,omitempty"`
	Offers       *[]Offer       `json:"offers,omitempty"`
	Transactions *[]Transaction `json:"transactions,omitempty"`
	Error        *Reason        `json:"error,omitempty"`
	Errors       []Failure      `json:"errors,omitempty"`
}

// MarshalJSON writes the form of the contract, which is that of a callback too.
func (s Sale) MarshalJSON() ([]byte, error) {
	wire := saleWire{Status: s.Status, ProcessID: s.ProcessID, Error: s.Reason, Errors: s.Errors}
	if s.Status == Complete {
		wire.Paid, wire.Offers, wire.Transactions = &s.Paid, &s.Offers, &s.Transactions
	}
	return json.Marshal(wire)
}

// UnmarshalJSON reads it: an answer, or the body of a callback.
func (s *Sale) UnmarshalJSON(text []byte) error {
	var wire saleWire
	err := json.Unmarshal(text, &wire)
	*s = Sale{Status: wire.Status, ProcessID: wire.ProcessID, Reason: wire.Error, Errors: wire.Errors}
	if wire.Paid != nil {
		s.Paid = *wire.Paid
	}
	if wire.Offers != nil {
		s.Offers = *wire.Offers
	}
	if wire.Transactions != nil {
		s.Transactions = *wire.Transactions
	}
	return err
}

// Complete sells tickets (call 6). Each order is sold whole or not at all; those
// that were refused are in Errors, and when all were there is an Error besides.
// A PENDING sale is decided later: AwaitOrder waits for it, or the callback
// tells. An order is done once, however often it is sent: by its
// ExternalOrderID, as long as it has the same content.
func (c *Client) Complete(ctx context.Context, r CompleteRequest) (Sale, error) {
	const name = "/v1/cart/complete-order"
	k, err := newCall(http.MethodPost, name, name, r.RequestID, r)
	if err != nil {
		return Sale{}, err
	}
	a, err := c.send(ctx, k)
	if err != nil {
		id, status := a.process()
		return Sale{ProcessID: id, Status: status, Errors: failuresOf(err)}, err
	}
	var sale Sale
	err = k.decode(a, &sale)
	return sale, err
}

// Order tells how a sale stands (call 7). One that ended in ERROR is no error of
// this call: its Reason and Errors say why, the tickets are as they were, and
// the ExternalOrderID is spent.
func (c *Client) Order(ctx context.Context, id ProcessID) (Sale, error) {
	k, err := processCall("/v1/cart/complete-order/", id)
	if err != nil {
		return Sale{}, err
	}
	return ask[Sale](ctx, c, k)
}

// AwaitOrder asks until a sale is decided or the context ends. An order under
// review may take days: give it a context that ends, and have the callback.
func (c *Client) AwaitOrder(ctx context.Context, id ProcessID) (Sale, error) {
	return await(ctx, func() (Sale, Status, error) {
		sale, err := c.Order(ctx, id)
		return sale, sale.Status, err
	})
}
