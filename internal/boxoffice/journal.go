package boxoffice

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// An Entity is what a row of the journal is about, named as in the messages of
// contract.md calls 14 and 15.
type Entity string

// The entities.
const (
	Seats  Entity = "seats"  // a ticket; the subject is its token
	Events Entity = "events" // the subject is the event's id
)

// A Change is one row of the journal. Those of one subject have the versions
// 1, 2, 3…, and their positions ascend with them.
type Change struct {
	// Position is the row's place in the order in which everybody reads the
	// journal: dense, from 1 on. It is 0 while a committed row still waits for it.
	Position     int64
	Organization access.OrganizationID
	Entity       Entity
	Subject      string
	Version      int64
	What         What
	By           access.Principal // its application, channel and Request-ID, no more
	At           time.Time

	// Of a ticket alone. What it stands for never changes, so it is told as it is.
	Event              EventID
	Section, Row, Seat string
	Before, After      Standing
	Barcode            Barcode // the new one, where the change renewed it
	Order              string  // the key of the order that it was done for
	With               Token   // the other ticket of an exchange
	Reason             string  // of an operator, in their own words

	// Of an event alone: what the row says of it, JSON, and how it was billed before
	// and after. Neither is there where the row does not tell: where it is a load's,
	// or was written by an edition that did not.
	State   string
	Was, Is *Billing
}

// A Standing is what decides whether a ticket may be listed, and by whom.
type Standing struct {
	Owner PatronID
	Hold  HoldKind
	By    string // whose hold it is: the channel, the process, the transfer, the operator
	Void  bool
	// Closed says that the event was not open (Event.Open). Before a change it is what
	// it is after it, but for the words Closed and Opened, which tell that it turned:
	// nothing is written into the story of a ticket when the time of its event ends.
	Closed bool
}

// Standing is how a ticket stands, while its event is open.
func (t Ticket) Standing() Standing {
	return Standing{Owner: t.Owner, Hold: t.Hold.Kind, By: t.Hold.By, Void: t.Void}
}

// A Journal is every change of the books, for those who read on from where they
// were: whoever has read all up to a position asks for what is after it, and
// neither misses a row nor sees one twice.
type Journal interface {
	// Changes returns the rows after a position, the lowest first, at most limit,
	// which is 1 to 10,000. It returns none where there are no more yet.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)
	// Story returns the rows of one subject, the oldest first, at most limit from
	// version on.
	Story(ctx context.Context, entity Entity, subject string, version int64, limit int) ([]Change, error)
	// Newest returns the position of the newest row, 0 while there is none. It costs
	// next to nothing.
	Newest(ctx context.Context) (int64, error)
	// JournalEnds returns which rows there are. Both are 0 while there is none.
	JournalEnds(ctx context.Context) (JournalEnds, error)
}

// JournalEnds are the ends of what is kept of the journal.
type JournalEnds struct {
	Epoch         int64 // grows when a backup is restored; positions of two epochs do not compare
	First, Newest int64 // positions
}
