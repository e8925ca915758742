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
	Wait              Wait      // what it waits for while it is Pending, and waited for since
	CallBack          bool      // its request named an address that is told the outcome of its process
	Verdict           Verdict   // on an order that waited
	Refused           []Refusal // why it is Failed; their externalOrderId is the order's
	At                time.Time // when it was accepted
	Place             int       // of the element within its first request
	Joined            int64     // how often a later cart put orders beside it into its process
	Version           int64
}

// A Wait says what a pending order waits for, or waited for.
type Wait string

// What an order may wait for.
const (
	NoWait       Wait = ""         // for nothing: the act that accepted it decided it
	WaitReview   Wait = "review"   // for the operator
	WaitComplete Wait = "complete" // for the sandbox, which completes it
	WaitError    Wait = "error"    // for the sandbox, which ends it in ERROR
)

// A Verdict is how a pending order was decided. An order that was approved may
// end in ERROR all the same, when it had lost a ticket by then.
type Verdict struct {
	Approved bool
	By       access.ApplicationID // such as operator/NAME
	Why      string               // in the operator's words, for the operator alone
	At       time.Time            // zero until it is decided
}

// BookedAt is when the order's money was moved.
func (o Order) BookedAt() time.Time {
	if o.Verdict.At.IsZero() {
		return o.At
	}
	return o.Verdict.At
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
	Taken        time.Time // when its patron took it back; zero while it is not
}
