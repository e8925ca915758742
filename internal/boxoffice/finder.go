package boxoffice

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A Finder finds what people ask about by names that the trade does not use.
type Finder interface {
	// BarcodeTickets returns the tickets that have a barcode now, at whatever event,
	// with their events.
	BarcodeTickets(ctx context.Context, barcode Barcode) (View, error)
	// Patron returns one patron without keys; false where there is none.
	Patron(ctx context.Context, org access.OrganizationID, id PatronID) (Patron, bool, error)
	// ChangesOf looks for the changes of a Request-ID through a stretch of the journal
	// that ends below a batch, or at the journal's end where that is 0. There is no
	// index of Request-IDs, for every lock would pay for it: so a search goes back
	// stretch by stretch, and each is a short read.
	ChangesOf(ctx context.Context, requestID string, below int64) (Stretch, error)
}

// A Stretch is a part of the journal that was searched.
type Stretch struct {
	Changes []Change  // those that were looked for, the oldest first
	More    bool      // there are others among them, which are left out
	Below   int64     // where the next one ends; 0 where this is the first of the journal
	Since   time.Time // of the oldest batch in it
}
