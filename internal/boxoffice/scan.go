package boxoffice

import (
	"context"
	"strconv"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A ScanKey names a scan: by the id that the scanner gave it, within the
// organization.
type ScanKey struct {
	Organization access.OrganizationID
	ID           string
}

// String is organization/id.
func (k ScanKey) String() string { return strconv.FormatInt(int64(k.Organization), 10) + "/" + k.ID }

// A ScanState says what became of a scan:
//
//	            ┌─▶ Inside ──▶ Later    an earlier scan came in from a scanner that was offline
//	            │    │  └─────▶ Undone   the gate took it back
//	scan ───────┤    └────────▶ Ended    the venue took the ticket out of the gate's hands
//	            ├─▶ Later     an earlier one had let the ticket in
//	            └─▶ Refused   the ticket could not be let in
//
// Scans are never forgotten, but for those that a gate was refused at once: they
// left nothing behind.
type ScanState string

// The states.
const (
	ScanInside  ScanState = "admitted" // it let the ticket in, and the ticket is in
	ScanLater   ScanState = "later"
	ScanRefused ScanState = "refused"
	ScanUndone  ScanState = "undone"
	ScanEnded   ScanState = "ended"
)

// A Scan is a barcode that was held up to a gate.
type Scan struct {
	Key     ScanKey
	Event   EventID
	Barcode Barcode
	Gate    string    // its name
	At      time.Time // by the scanner's clock where it was offline
	Token   Token     // "" where the barcode names no ticket
	Kept    time.Time // when the books had it
	State   ScanState
	Reason  string // the code of a refusal
	// Venue is who of the venue held the ticket before it was let in; "" is nobody.
	Venue string
}

// Gates is what gates ask of the books.
type Gates interface {
	// Passes returns the tickets of an event that are not void, with the position
	// that they stand at: whoever applies the changes after it, in their order, has
	// the tickets as they are. An event that is not there has the id "".
	Passes(ctx context.Context, event EventID) (Roll, error)
	// PassesOf returns these tickets of an event as they stand, void ones too, with
	// the barcodes that they had before.
	PassesOf(ctx context.Context, event EventID, tokens []Token) (Roll, error)
	// Replaced returns what is known of barcodes that opened the gate once. Those
	// that never did are not among them.
	Replaced(ctx context.Context, codes []EventBarcode) (map[EventBarcode]Replacement, error)
	// Elsewhere returns at which event of an organization barcodes open the gate;
	// of several, one.
	Elsewhere(ctx context.Context, org access.OrganizationID, barcodes []Barcode) (map[Barcode]EventID, error)
	// Scan returns one scan; false where there is none.
	Scan(ctx context.Context, key ScanKey) (Scan, bool, error)
	// Scans returns the scans of an event that stand so, the oldest first.
	Scans(ctx context.Context, event EventID, states []ScanState, limit int) ([]Scan, error)
	// Turnout counts an event's tickets and scans.
	Turnout(ctx context.Context, event EventID) (Turnout, error)
}

// A Roll is tickets of one event at one moment.
type Roll struct {
	Event           Event
	Epoch, Position int64
	Now             time.Time
	Passes          []Pass // by section, row and seat
}

// A Pass is what a gate has to know of a ticket.
type Pass struct {
	Token              Token
	Version            int64
	Section, Row, Seat string
	Barcode            Barcode
	Void               bool
	Gate               string    // that let it in; "" while it is not in
	Since              time.Time // when
	Replaced           []Barcode // that it had before; only of PassesOf
}

// A Replacement tells of a barcode that opens the gate no longer.
type Replacement struct {
	Token Token
	Since time.Time
}

// A Turnout counts.
type Turnout struct {
	Live     int64 // tickets that open the gate, whether they are in or not
	Inside   int64
	Later    int64 // scans that an earlier one outdid
	Refused  int64 // scans of scanners that were offline
	Undone   int64
	Epoch    int64
	Position int64
	Now      time.Time
}

// What gates are refused.
var (
	ErrBarcodeUnknown   error = &fault.Error{Kind: fault.NotFound, Code: "BARCODE_UNKNOWN", Message: "no ticket of this organization has or had the barcode"}
	ErrBarcodeElsewhere error = &fault.Error{Kind: fault.Refused, Code: "OTHER_EVENT", Message: "the barcode is for another event"}
	ErrBarcodeReplaced  error = &fault.Error{Kind: fault.Refused, Code: "BARCODE_REPLACED", Message: "the ticket changed hands or was issued again: this barcode is dead"}
	ErrTicketVoid       error = &fault.Error{Kind: fault.Refused, Code: "TICKET_VOID", Message: "the ticket is void"}
	ErrAdmitted         error = &fault.Error{Kind: fault.Conflict, Code: "ALREADY_ADMITTED", Message: "the ticket was let in before"}
	ErrEventCancelled   error = &fault.Error{Kind: fault.Refused, Code: "EVENT_CANCELLED", Message: "the event is cancelled"}
	ErrScanUnknown      error = &fault.Error{Kind: fault.NotFound, Code: "SCAN_NOT_FOUND", Message: "no such scan"}
	ErrScanMismatch     error = &fault.Error{Kind: fault.Conflict, Code: "SCAN_MISMATCH", Message: "the scan id was used before for another barcode, event or gate"}
	ErrScanUndone       error = &fault.Error{Kind: fault.Conflict, Code: "SCAN_UNDONE", Message: "the scan was undone; to let the ticket in, scan it again under a new id"}
	ErrScanEnded        error = &fault.Error{Kind: fault.Conflict, Code: "SCAN_ENDED", Message: "the venue changed the ticket after the scan"}
	ErrNotInside        error = &fault.Error{Kind: fault.Conflict, Code: "NOT_ADMITTED", Message: "the scan is not the one that let the ticket in"}
	ErrScanTime         error = &fault.Error{Kind: fault.Refused, Code: "SCAN_TIME", Message: "the scan is of the future, or older than 7 days: look at the scanner's clock"}
	ErrResync           error = &fault.Error{Kind: fault.Conflict, Code: "RESYNC", Message: "the changes after this position cannot be told: read the snapshot anew"}
)

// GateReasons are all of them, for doors that know reasons by their code.
func GateReasons() []*fault.Error {
	var all []*fault.Error
	for _, err := range []error{
		ErrBarcodeUnknown, ErrBarcodeElsewhere, ErrBarcodeReplaced, ErrTicketVoid, ErrAdmitted, ErrEventCancelled, fault.EventUnknown,
		ErrScanUnknown, ErrScanMismatch, ErrScanUndone, ErrScanEnded, ErrNotInside, ErrScanTime, ErrResync,
	} {
		all = append(all, fault.Of(err))
	}
	return all
}
