package boxoffice

import (
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

type (
	// A Token names one ticket to partners: up to 64 printable ASCII characters,
	// compared exactly, never parsed. It is not a credential.
	Token string
	// A Barcode opens the gate; unique within an event.
	Barcode string
	// A PatronID names an account within its organization.
	PatronID string
)

// possible reports whether a text from a form or an address can be a token at all.
// Databases refuse some others, and with them all that is asked beside.
func (t Token) possible() bool {
	const longest = 64
	return t != "" && len(t) <= longest && !strings.ContainsFunc(string(t), func(r rune) bool { return r < ' ' || r > '~' })
}

// A Ticket is the right to one seat at one event.
type Ticket struct {
	Token           Token
	Organization    access.OrganizationID
	Event           EventID
	Section         string // LEVEL:SECTION
	Row, Seat       string
	SeatingType     string   // RESERVED or GA
	AssociationType string   // such as VIP, "" for most
	Attributes      []string // such as ADA
	PriceLevel      int64
	PriceType       string // a code of the event's PriceTypes
	Face            int64  // what it first cost, in minor units

	Owner   PatronID
	Owned   int64 // the version at which Owner became the owner; 0 since import
	Barcode Barcode
	Void    bool
	Hold    Hold
	Version int64 // grows by one with each change; 0 since import
	Latest  int64 // the batch that wrote its newest row of the journal, 0 before there is one; the store's own
}

// A HoldKind says what keeps a ticket from being locked, sold or given.
type HoldKind string

// A ticket has at most one hold.
const (
	Free         HoldKind = ""
	HoldLock     HoldKind = "lock"     // a channel has it on sale
	HoldOrder    HoldKind = "order"    // an order is being decided
	HoldTransfer HoldKind = "transfer" // a transfer is pending
	HoldVenue    HoldKind = "venue"    // the venue keeps it back
	HoldGate     HoldKind = "gate"     // a gate let it in, and it is used
)

// A Hold keeps a ticket for somebody. The zero Hold is free.
type Hold struct {
	Kind  HoldKind
	By    string    // the channel, the process, the transfer, the operator, the gate
	Since time.Time // when it was first taken; of a gate, when it was scanned
	Lock  LockTerms // of a lock, and of an order for the lock it consumes
}

// LockTerms are what a channel said when it locked a ticket.
type LockTerms struct {
	Source  Source
	Listing string   // the partner's externalListingId
	Total   *int64   // price of the whole listing, minor units
	Price   *int64   // price of this ticket, minor units
	Seller  PatronID // "" for MyAccount
}

func (l LockTerms) equal(other LockTerms) bool {
	return l.Source == other.Source && l.Listing == other.Listing && l.Seller == other.Seller &&
		same(l.Total, other.Total) && same(l.Price, other.Price)
}

func same(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// LockedBy reports whether the channel holds the ticket by a lock.
func (t Ticket) LockedBy(channel access.Channel) bool {
	return t.Hold.Kind == HoldLock && t.Hold.By == string(channel)
}

// A Source says where a listing's seller comes from (contract.md call 4).
type Source string

// The sources of a lock.
const (
	MyAccount  Source = "MY_ACCOUNT"
	Individual Source = "INDIVIDUAL"
	Broker     Source = "BROKER"
)
