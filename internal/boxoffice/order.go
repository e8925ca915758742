package boxoffice

import (
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A ProcessID names one complete-order request and all it sold.
type ProcessID string

// An OrderKey is the natural key of an order: the channel and its own id.
type OrderKey struct {
	Channel         access.Channel
	ExternalOrderID string
}

// String is the key in one word, channel/externalOrderId: a channel has no slash.
func (k OrderKey) String() string { return string(k.Channel) + "/" + k.ExternalOrderID }

// ParseOrderKey undoes String.
func ParseOrderKey(s string) OrderKey {
	channel, id, _ := strings.Cut(s, "/")
	return OrderKey{Channel: access.Channel(channel), ExternalOrderID: id}
}

// An OrderState says how far an order has come. Pending becomes Complete or
// Failed, and neither ever changes again.
type OrderState string

// The states, in the words of the contract.
const (
	OrderPending  OrderState = "PENDING"
	OrderComplete OrderState = "COMPLETE"
	OrderFailed   OrderState = "ERROR"
)

// An Order is one element of a cart that was sold, or is being decided.
type Order struct {
	Key               OrderKey
	Process           ProcessID
	Organization      access.OrganizationID
	State             OrderState
	Content           string // hash of what was asked, to know a repeat
	ExternalListingID string
	Currency          string
	Price, Fees       int64 // as received, minor units; their sum is what was paid
	Settlement        Settled
	Differs           bool // the sums received do not reconcile, or are of more than was sold
	Buyer             PatronID
	Lines             []OrderLine
	Offers            []Offer
	Transactions      []Transaction
	At                time.Time // when it was accepted
	Place             int       // of the element within its first request
	Version           int64
}

// Settled is a request's settlement and this order's share of it.
type Settled struct {
	Request                  string // hash of the elements that share it, in their order
	Paid, ToSeller           int64  // of the whole request, minor units
	PaidShare, ToSellerShare int64  // of this order
}

// An OrderLine is one ticket of an order.
type OrderLine struct {
	Token       Token
	Price, Fees int64
	From, To    PatronID
	Version     int64 // of the ticket, which the sale made
}

// An Offer is a group of seats of one order, event, price level and price type.
type Offer struct {
	Season, Item, Basis string
	EventName           string
	PriceLevel          int64
	PriceType           string // its name
	Seats               []OfferSeat
}

// An OfferSeat is one seat of an offer.
type OfferSeat struct {
	Token              Token
	Event              EventID
	Section, Row, Seat string
	Owner              PatronID
}

// A Transaction is the financial record of one order and season. Its entries
// sum to zero in each currency.
type Transaction struct {
	Number  int64
	Season  string
	Entries []Entry
}

// An Entry moves an amount on an account: what somebody gives is negative.
type Entry struct {
	Account string // buyer, sale, fees, channel, seller, kept
	Amount  int64
}

// A Document is a ticket put on a page for its buyer. Its id is the hash of an
// unguessable secret that stands in the page's address.
type Document struct {
	ID     string
	Order  OrderKey
	Token  Token
	Owned  int64 // the ticket's Owned when it was issued: once it differs, the ticket has changed hands
	Issued time.Time
}

// A ListingID names seats a patron picked in MyAccount to sell.
type ListingID string

// A Listing is a patron's choice of seats, sent to one channel.
type Listing struct {
	ID           ListingID
	Organization access.OrganizationID
	Channel      access.Channel
	Patron       PatronID
	Tokens       []Token
	Created      time.Time
	Expires      time.Time
}
