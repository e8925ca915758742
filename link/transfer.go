package link

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// A TransferRequest gives tickets to somebody else: all of them, or none. It names
// them by Seats, which the Sender owns, or by Items of COMPLETE orders of the
// channel.
type TransferRequest struct {
	RequestID       string         // "" is a new one
	DistributorCode string         // needed with Seats
	Organization    OrganizationID // needed with Seats, unless the application serves only one

	LinkID, SiteID, BaseURL string // of the page where the recipient accepts; empty is the venue's own

	ExternalTransferID string // yours, and spent for good; may be ""
	AsyncCallbackURL   string // of TransferV2 alone: where a PENDING one is told about
	Sender             PatronID
	Recipient          Recipient
	Seats              []TransferSeats
	Items              []TransferItem
}

// A Recipient is who is to get the tickets: by email or phone, and with Items by
// name too.
type Recipient struct {
	Phone     string `json:"phone,omitempty"`
	Email     string `json:"email,omitempty"`
	FirstName string `json:"recipientFirstName"`
	LastName  string `json:"recipientLastName"`
}

// TransferSeats are seats of one row of an event.
type TransferSeats struct {
	Season     string   `json:"season"`
	Event      string   `json:"event"`
	PriceLevel Word     `json:"priceLevel,omitempty"`
	PriceType  string   `json:"priceType,omitempty"`
	SeatInfo   SeatInfo `json:"seatInfo"`
}

// A SeatInfo names seats: one, a range 8-10, or a list 8,10.
type SeatInfo struct {
	Level       string `json:"level,omitempty"`
	Section     Word   `json:"section"`
	Row         Word   `json:"row"`
	Seats       Word   `json:"seats"`
	SoldFor     Word   `json:"soldFor,omitempty"`
	Marketplace string `json:"marketplace,omitempty"`
}

// A TransferItem is tickets of an order.
type TransferItem struct {
	ExternalOrderID string  `json:"externalOrderId"`
	Tokens          []Token `json:"tokens"`
}

type transferWire struct {
	LinkID           string              `json:"linkId,omitempty"`
	SiteID           string              `json:"siteId,omitempty"`
	BaseURL          string              `json:"baseUrl,omitempty"`
	TransferRequests Many[transferOffer] `json:"transferRequests"`
	AsyncCallbackURL string              `json:"asyncCallbackUrl,omitempty"`
}

type transferOffer struct {
	ExternalTransferID string              `json:"externalTransferId,omitempty"`
	Sender             *transferSender     `json:"sender,omitempty"`
	Recipient          Recipient           `json:"recipient"`
	Seats              Many[TransferSeats] `json:"seats,omitempty"`
	Items              Many[TransferItem]  `json:"items,omitempty"`
}

type transferSender struct {
	PatronID PatronID `json:"patronId"`
}

// MarshalJSON writes the form of the contract.
func (r TransferRequest) MarshalJSON() ([]byte, error) {
	offer := transferOffer{ExternalTransferID: r.ExternalTransferID, Recipient: r.Recipient, Seats: r.Seats, Items: r.Items}
	if r.Sender != "" {
		offer.Sender = &transferSender{r.Sender}
	}
	return json.Marshal(transferWire{r.LinkID, r.SiteID, r.BaseURL, Many[transferOffer]{offer}, r.AsyncCallbackURL})
}

// UnmarshalJSON reads it.
func (r *TransferRequest) UnmarshalJSON(text []byte) error {
	var wire transferWire
	err := json.Unmarshal(text, &wire)
	offer := wire.TransferRequests.sole()
	r.LinkID, r.SiteID, r.BaseURL, r.AsyncCallbackURL = wire.LinkID, wire.SiteID, wire.BaseURL, wire.AsyncCallbackURL
	r.ExternalTransferID, r.Recipient, r.Seats, r.Items = offer.ExternalTransferID, offer.Recipient, offer.Seats, offer.Items
	if offer.Sender != nil {
		r.Sender = offer.Sender.PatronID
	}
	return err
}

// A TransferStatus is how a transfer stands.
type TransferStatus string

// The states of a transfer.
const (
	TransferPending   TransferStatus = "Pending"
	TransferAccepted  TransferStatus = "Accepted"
	TransferCancelled TransferStatus = "Cancelled"
	TransferExpired   TransferStatus = "Expired"
)

// A Transfer was begun. Whoever has its TransferID or URL can accept it.
type Transfer struct {
	PatronID       PatronID       `json:"patronId"` // who gives
	ConfirmationCd ConfirmationCd `json:"confirmationCd"`
	SentDt         VenueTime      `json:"sentDt"`
	ExpireDt       VenueTime      `json:"expireDt"`
	TransferID     TransferID     `json:"transferId"`
	TransferStatus TransferStatus `json:"transferStatus"`
	URL            string         `json:"url"`
}

// Transfer begins to give tickets away (call 10): until the recipient accepts,
// somebody cancels, or seven days are over, nobody can list or sell them. What
// is wrong with single tickets is in the Failures of the Error.
func (c *Client) Transfer(ctx context.Context, r TransferRequest) (Transfer, error) {
	const name = "/v1/tickets/transfer"
	k, err := newCall(http.MethodPost, name, withQuery(name, url.Values{"distributorCode": {r.DistributorCode}}), r.RequestID, r)
	if err != nil {
		return Transfer{}, err
	}
	k.organization = r.Organization
	return ask[Transfer](ctx, c, k)
}

// A CancelRequest takes a transfer back.
type CancelRequest struct {
	RequestID      string // "" is a new one
	ConfirmationCd ConfirmationCd
	Organization   OrganizationID // may be 0
}

// A Cancelled transfer was taken back.
type Cancelled struct {
	PatronID       PatronID       `json:"patronId"`
	ConfirmationCd ConfirmationCd `json:"confirmationCd"`
	CancelDt       VenueTime      `json:"cancelDt"`
	TransferStatus TransferStatus `json:"transferStatus"`
}

// Cancel takes a pending transfer back (call 11); once more, it answers the same.
// One that was accepted or has expired is CodeTransferNotPending.
func (c *Client) Cancel(ctx context.Context, r CancelRequest) (Cancelled, error) {
	k, err := transferCall(http.MethodDelete, r.ConfirmationCd, r.RequestID)
	if err != nil {
		return Cancelled{}, err
	}
	k.organization = r.Organization
	return ask[Cancelled](ctx, c, k)
}

// A History is the steps of a transfer, the oldest first.
type History struct {
	ConfirmationCd     ConfirmationCd `json:"transferId"` // the publication calls it so
	RecipientFirstName string         `json:"recipientFirstName"`
	RecipientLastName  string         `json:"recipientLastName"`
	Steps              []Step         `json:"history"`
	Created            Instant        `json:"createTs"`
}

// A Step is what happened to a transfer.
type Step struct {
	Op        string  `json:"op"` // initiate, accept, cancel or expire
	At        Instant `json:"ts"`
	Initiator string  `json:"initiator"` // transferrer, recipient or system
}

// History tells what happened to a transfer (call 12).
func (c *Client) History(ctx context.Context, code ConfirmationCd) (History, error) {
	k, err := transferCall(http.MethodGet, code, "")
	if err != nil {
		return History{}, err
	}
	return ask[History](ctx, c, k)
}

// transferCall is one on a transfer.
func transferCall(method string, code ConfirmationCd, requestID string) (call, error) {
	part, err := segment("confirmationCd", string(code))
	if err != nil {
		return call{}, err
	}
	return newCall(method, "/v1/tickets/transfer/{confirmationCd}", "/v1/tickets/transfer/"+part, requestID, nil)
}

// An AcceptRequest takes what somebody gives.
type AcceptRequest struct {
	RequestID       string     `json:"-"` // "" is a new one
	DistributorCode string     `json:"-"` // needed after a transfer of Seats
	TransferID      TransferID `json:"transferId"`
	Recipient       *Recipient `json:"recipient,omitempty"` // needed after a transfer of Items; must be the one invited
}

// Accepted is that the recipient owns the tickets now. Their barcodes changed.
type Accepted struct {
	ConfirmationCd ConfirmationCd `json:"confirmationCd"`
	TransferID     TransferID     `json:"transferId"`
}

// Accept takes a transfer (call 13). Accepting again is an Error, but for the same
// request under the same RequestID.
func (c *Client) Accept(ctx context.Context, r AcceptRequest) (Accepted, error) {
	const name = "/v1/tickets/transfer/accept"
	k, err := newCall(http.MethodPost, name, withQuery(name, url.Values{"distributorCode": {r.DistributorCode}}), r.RequestID, r)
	if err != nil {
		return Accepted{}, err
	}
	return ask[Accepted](ctx, c, k)
}
