// Package boxoffice is the trade: events, tickets, patrons, listings, locks,
// orders, transfers, and the rules that bind them (contract.md calls 2 to 13).
//
// A request comes to the Office, which checks what needs no data, turns what a
// partner named (a barcode, a listing, a process) into keys by a plain read, and
// hands an Act to the Store. The act decides over Books: plain Go, one row of
// the journal for each change, no database in sight. A ticket has at most one
// hold, as columns of its own row:
//
//	        lock                    complete-order
//	free ─────────▶ lock ───────────────────────────────▶ free, new owner, new barcode
//	 ▲              │  ▲       (one act, an element all or nothing)      ▲
//	 └──────────────┘  │                                                │
//	      unlock       └─────────── order, while it waits ──────────────┘
//	                      ERROR    (review, sandbox)         COMPLETE
//
// A transfer holds a ticket in the same way:
//
//	      initiate                accept
//	free ─────────▶ transfer ───────────────────────────▶ free, new owner, new barcode
//	 ▲                 │
//	 └─────────────────┘
//	   cancel, expire
//
// How the transfer itself stands is drawn at TransferState. The venue's own acts go
// through whatever holds a ticket (Work): hold and void end it, an exchange too.
//
// A gate lets a ticket in once. From then on it is on hold by the gate, whatever
// held it before, and nobody can list, sell or give it; only the gate itself or the
// venue ends that. How a scan stands is drawn at ScanState.
package boxoffice

import (
	"sync"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

// An Office does what partners ask. It is safe for concurrent use.
type Office struct {
	store    Store
	people   PersonKeyer
	pages    Pages
	running  sync.Map // the AnswerKeys of idempotency keys whose request is under way
	programs programs
}

// Pages makes the addresses of ticket pages.
type Pages interface {
	// Ticket returns the same unguessable secret for the same order and token,
	// with the id by which the page finds the document, and its address.
	Ticket(order OrderKey, token Token) (id, url string)
	// Receive returns the address before /myaccount/receive/, where recipients of
	// transfers accept them.
	Receive() string
}

// NewOffice opens an office over a store.
func NewOffice(store Store, people PersonKeyer, pages Pages) *Office {
	return &Office{store: store, people: people, pages: pages}
}

// A Refusal is one thing of a request that was not done, and why.
type Refusal struct {
	Token           Token   // "" when an order is refused as a whole, or for a barcode
	Barcode         Barcode // only in verify
	ExternalOrderID string  // only in complete-order
	Reason          *fault.Error
}

// refuse gives the reason of a refusal; err must be one of the catalogue.
func refuse(token Token, err error) Refusal {
	reason := fault.Of(err)
	if reason == nil {
		panic("refused for no reason: " + err.Error())
	}
	return Refusal{Token: token, Reason: reason}
}

// A LockRequest asks for tickets to be kept while they are listed.
type LockRequest struct {
	Source            Source
	ExternalListingID string
	TotalPrice        *Amount
	Lines             []LockLine // 1 to 500, no token twice
	Seller            *Contact   // required unless Source is MyAccount, ignored there
}

// A LockLine is one ticket of a listing.
type LockLine struct {
	Token Token
	Price *Amount
}

// Owned is a ticket with its owner.
type Owned struct {
	Token Token
	Owner PatronID
}

// Locking is what became of a LockRequest.
type Locking struct {
	Sellers []PatronID // one per organization; for MyAccount the distinct owners
	Done    []Owned    // in the order asked
	Refused []Refusal  // in the order asked
}

// Unlocking is what became of tokens to unlock.
type Unlocking struct {
	Done    []Owned
	Refused []Refusal
}

// AllInConflict reports whether nothing was done and every refusal is of kind
// fault.Conflict.
func (u Unlocking) AllInConflict() bool {
	for _, r := range u.Refused {
		if r.Reason.Kind != fault.Conflict {
			return false
		}
	}
	return len(u.Done) == 0
}

// A Cart asks for tickets to be sold to one buyer. Each element is one order.
type Cart struct {
	Elements   []CartElement // 1 to 20; no token and no externalOrderId in two of them
	Buyer      Contact
	Settlement Settlement
	Repeat     Repeat[Sale]
}

// A CartElement is one order of a cart: all its tickets are sold, or none.
type CartElement struct {
	ExternalListingID string
	ExternalOrderID   string
	TotalPrice        *Amount // nil: the sum of the lines
	TotalFees         *Amount
	Lines             []CartLine // at least one; 500 in all elements together
}

// A CartLine is one ticket with what the buyer pays for it; nil counts 0.
type CartLine struct {
	Token       Token
	Price, Fees *Amount
}

// A Settlement says what a channel was paid and what is the seller's.
type Settlement struct {
	TotalPaid, ToSeller Amount
	CallbackURL         string // where to tell the outcome of what stays pending; may be ""
	// CallbackHost is the host of CallbackURL, for the organization's list; "" where
	// no list is asked: there is no URL, or the sandbox calls the machine itself.
	CallbackHost string
}

// A Sale is what became of a cart.
type Sale struct {
	Status       OrderState
	Process      ProcessID // "" when nothing was sold and nothing waits
	Currency     string
	Paid         int64 // minor units
	Offers       []Offer
	Transactions []SaleTransaction
	Refused      []Refusal
}

// A SaleTransaction is the number of a season's financial record.
type SaleTransaction struct {
	Season string
	Number int64
}

// A VerifyGroup asks whether tickets are valid: tokens, or barcodes of an event.
type VerifyGroup struct {
	Event    EventID // may be "" with tokens
	Tokens   []Token
	Barcodes []Barcode
}

// Verified is what became of one group: groups of the same event are merged.
type Verified struct {
	Event   EventID // "" for failures of tokens that came without one
	Seats   []VerifiedSeat
	Refused []Refusal
}

// A VerifiedSeat is a valid ticket with the event it belongs to.
type VerifiedSeat struct {
	Ticket Ticket
	Season string
	Item   string
}

// ShownListing is a listing with the seats that can still be locked, grouped by
// event in the order of the listing.
type ShownListing struct {
	ID     ListingID
	Groups []ListingGroup
}

// A ListingGroup is the seats of one event.
type ListingGroup struct {
	Event   EventID
	Season  string
	Item    string
	Tickets []Ticket
}

// A PrintRequest asks for the pages of sold tickets.
type PrintRequest struct {
	ExternalOrderID string
	Tokens          []Token // 1 to 30, no token twice
	Repeat          Repeat[Printing]
}

// Printing is what became of a PrintRequest.
type Printing struct {
	Done    []Printed
	Refused []Refusal
}

// A Printed ticket has a page.
type Printed struct {
	Token Token
	Owner PatronID
	URL   string
}

// A CatalogQuery narrows the catalog; the zero value asks for everything.
type CatalogQuery struct {
	From     string // YYYY-MM-DD: on or after; items without a date are left out
	Season   string
	Facility string
}

// A TicketPage is what stands behind a printed ticket's address.
type TicketPage struct {
	Ticket       Ticket
	Event        Event
	Organization Organization
	Holder       string // the owner's name
	ChangedHands bool   // then the barcode must not be shown
	Now          time.Time
}
