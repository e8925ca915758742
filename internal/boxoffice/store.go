package boxoffice

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A Store keeps the books. It is safe for concurrent use. What it must promise
// stands in package storetest as tests.
type Store interface {
	// Do returns when the act is durable, or when it was refused: then with the
	// act's own error, or with fault.Busy (it never ran), or with
	// fault.Undecided (whether it ran is not known yet; the same request again
	// will tell).
	Do(ctx context.Context, act Act) error
	Reader
	Transfers
	Accounts
	Manifests
	Works
}

// A Reader looks into the books beside the writer. Each answer is of one
// snapshot that has every act whose Do returned before the call. Its maps lack
// what does not exist.
type Reader interface {
	// Organization returns fault.OrganizationUnknown where there is none.
	Organization(ctx context.Context, id access.OrganizationID) (Organization, error)
	// Catalog returns fault.OrganizationUnknown where there is none.
	Catalog(ctx context.Context, id access.OrganizationID) (Catalog, error)
	// Tickets returns the tickets of these tokens with their events.
	Tickets(ctx context.Context, tokens []Token) (View, error)
	// Barcodes returns the tickets of these current barcodes with their events.
	Barcodes(ctx context.Context, barcodes []EventBarcode) (View, error)
	// Listing returns fault.ListingUnknown where there is none.
	Listing(ctx context.Context, id ListingID) (Listing, View, error)
	// Process returns the orders of a process in the order of their places, none
	// when it is unknown.
	Process(ctx context.Context, id ProcessID) ([]Order, error)
	// Order returns one order; false when it is unknown.
	Order(ctx context.Context, key OrderKey) (Order, bool, error)
	// UnderReview returns the oldest orders that wait for the operator, oldest first.
	UnderReview(ctx context.Context, limit int) ([]Order, error)
	// Document returns fault.DocumentUnknown where there is none, and with it the
	// ticket's owner.
	Document(ctx context.Context, id string) (Document, View, Contact, error)
}

// A Catalog is all events of an organization, by id. It is shared between
// callers: read it only.
type Catalog struct {
	Now          time.Time
	Organization Organization
	Events       []Event
}

// A View is a part of the books at one moment.
type View struct {
	Now           time.Time
	Tickets       map[Token]Ticket
	Events        map[EventID]Event
	Organizations map[access.OrganizationID]Organization // of a Document, and of Accounts
}

// An EventBarcode is a barcode at the gate of one event.
type EventBarcode struct {
	Event   EventID
	Barcode Barcode
}
