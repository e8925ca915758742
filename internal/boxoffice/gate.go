package boxoffice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Gate lets the holders of tickets in, and tells scanners that know nothing of
// the rest which barcodes are alive. Whoever asks may do so for the organizations
// that they serve; an event of another one does not exist. It is safe for
// concurrent use.
type Gate struct{ store GateStore }

// A GateStore is what a Gate needs of the books.
type GateStore interface {
	Gates
	// Do is that of a Store.
	Do(ctx context.Context, act Act) error
	// Barcodes is that of a Reader.
	Barcodes(ctx context.Context, barcodes []EventBarcode) (View, error)
	// Changes and JournalEnds are those of a Journal.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)
	JournalEnds(ctx context.Context) (JournalEnds, error)
}

// NewGate opens the gates over a store.
func NewGate(store GateStore) *Gate { return &Gate{store} }

const (
	// MostScans is how many scans are merged at once.
	MostScans = 500
	// MostChanges is how many rows of the journal one look reads.
	MostChanges = 10_000
	// scanName bounds the name of a gate and the id of a scan.
	scanName = 64
	// gateTries is how often an act is tried whose barcode was replaced meanwhile.
	gateTries = 3
)

// A ScanRequest is a barcode that was held up to a gate.
type ScanRequest struct {
	ID      string // the scanner's own, never used for another scan of the organization
	Barcode Barcode
	Gate    string
	At      time.Time // only of Merge
}

// Snapshot is an event's tickets with the position that they stand at.
func (g *Gate) Snapshot(ctx context.Context, who access.Principal, event EventID) (Roll, error) {
	roll, err := g.store.Passes(ctx, event)
	if err != nil {
		return Roll{}, err
	}
	return roll, visible(who, roll.Event)
}

// visible refuses an event that is not there, and one that is not the caller's.
func visible(who access.Principal, e Event) error {
	if e.ID == "" || !who.Serves(e.Organization) {
		return fault.EventUnknown
	}
	return nil
}

// A Turn is what changed of an event after a position.
type Turn struct {
	Roll      // the tickets that changed, as they stand now; Position is where to go on from
	More bool // there may be more already
}

// Changes tells what changed of an event's tickets after a position of an epoch.
// It says how they stand now, so that applying a change twice, or one that the
// snapshot had already, does no harm. Where the changes cannot be told, for the
// journal does not reach back, is of another epoch, or tickets were loaded since,
// it is ErrResync.
func (g *Gate) Changes(ctx context.Context, who access.Principal, event EventID, epoch, after int64) (Turn, error) {
	roll, err := g.store.PassesOf(ctx, event, nil)
	if err == nil {
		err = visible(who, roll.Event)
	}
	if err != nil {
		return Turn{}, err
	}
	ends, err := g.store.JournalEnds(ctx)
	if err != nil {
		return Turn{}, err
	}
	if epoch != ends.Epoch || after < 0 || after > ends.Newest || after+1 < ends.First {
		return Turn{}, ErrResync
	}
	rows, err := g.store.Changes(ctx, after, MostChanges)
	if err != nil {
		return Turn{}, err
	}
	var tokens []Token
	for _, c := range rows {
		switch {
		case c.Entity == Seats && c.Event == event:
			tokens = append(tokens, Token(c.Subject))
		case c.Entity == Events && c.Subject == string(event) && c.What == Loaded:
			return Turn{}, ErrResync
		}
		after = c.Position
	}
	slices.Sort(tokens)
	// Read after the rows, so it is no older than they are.
	if roll, err = g.store.PassesOf(ctx, event, slices.Compact(tokens)); err != nil {
		return Turn{}, err
	}
	roll.Epoch, roll.Position = ends.Epoch, after
	return Turn{Roll: roll, More: len(rows) == MostChanges}, nil
}

// Verify lets a ticket in, once. The same scan again gets the same answer and
// changes nothing; another one of a ticket that is in is refused with ErrAdmitted,
// and the answer says since when and where. The errors are fault.EventUnknown and
// fault.FieldInvalid for names that are none.
func (g *Gate) Verify(ctx context.Context, who access.Principal, event EventID, scan ScanRequest) (Scanned, error) {
	answers, err := g.admit(ctx, who, event, []ScanRequest{scan}, false)
	if err != nil {
		return Scanned{}, err
	}
	return answers[0], nil
}

// Merge takes in what scanners did while they were offline: 1 to MostScans scans,
// no id twice. Of the scans of a ticket the earliest counts, in whatever order they
// come; the others are kept and reported. It is idempotent by the scans' ids.
func (g *Gate) Merge(ctx context.Context, who access.Principal, event EventID, scans []ScanRequest) ([]Scanned, error) {
	if len(scans) == 0 || len(scans) > MostScans {
		return nil, fault.BatchSize.Saying(fmt.Sprintf("1 to %d scans are merged at once", MostScans))
	}
	ids := map[string]bool{}
	for _, s := range scans {
		if ids[s.ID] {
			return nil, fault.FieldInvalid.Saying(fmt.Sprintf("the scan id %.64q stands there twice", s.ID))
		}
		if ids[s.ID] = true; s.At.IsZero() {
			return nil, fault.FieldRequired.Saying("a scan that is merged has its time")
		}
	}
	return g.admit(ctx, who, event, scans, true)
}

func (g *Gate) admit(ctx context.Context, who access.Principal, event EventID, scans []ScanRequest, offline bool) ([]Scanned, error) {
	for _, s := range scans {
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	var err error
	for range gateTries {
		act := &admitAct{who: who, event: event, offline: offline}
		if act.scans, err = g.look(ctx, who, event, scans); err != nil {
			return nil, err
		}
		if err = g.store.Do(ctx, act); !errors.Is(err, errLookAgain) {
			return act.answers, err
		}
	}
	return nil, fault.Busy
}

func (s ScanRequest) check() error {
	switch {
	case !plain(s.ID):
		return fault.FieldInvalid.Saying("a scan id has 1 to 64 printable characters without spaces")
	case !plain(s.Gate):
		return fault.FieldInvalid.Saying("a gate's name has 1 to 64 printable characters without spaces")
	case s.Barcode == "" || len(s.Barcode) > scanName:
		return fault.FieldInvalid.Saying("a barcode has 1 to 64 characters")
	}
	return nil
}

// plain reports whether a name goes into files, tables and logs as it is.
func plain(name string) bool {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	return name != "" && len(name) <= scanName && !strings.ContainsFunc(name, odd)
}

// look finds out what barcodes name.
func (g *Gate) look(ctx context.Context, who access.Principal, event EventID, scans []ScanRequest) ([]seen, error) {
	var codes []EventBarcode
	for _, s := range scans {
		codes = append(codes, EventBarcode{event, s.Barcode})
	}
	view, err := g.store.Barcodes(ctx, codes)
	if err == nil {
		err = visible(who, view.Events[event])
	}
	if err != nil {
		return nil, err
	}
	org := view.Events[event].Organization
	tokens := map[Barcode]Token{}
	for _, t := range view.Tickets {
		tokens[t.Barcode] = t.Token
	}
	var dead []EventBarcode
	var strange []Barcode
	for _, code := range codes {
		if tokens[code.Barcode] == "" {
			dead, strange = append(dead, code), append(strange, code.Barcode)
		}
	}
	var (
		replaced  map[EventBarcode]Replacement
		elsewhere map[Barcode]EventID
	)
	if len(dead) > 0 {
		if replaced, err = g.store.Replaced(ctx, dead); err != nil {
			return nil, err
		}
		if elsewhere, err = g.store.Elsewhere(ctx, org, strange); err != nil {
			return nil, err
		}
	}
	all := make([]seen, len(scans))
	for i, s := range scans {
		one := seen{Scan: Scan{
			Key: ScanKey{org, s.ID}, Event: event, Barcode: s.Barcode, Gate: s.Gate,
			At: s.At.UTC().Truncate(time.Microsecond), Token: tokens[s.Barcode],
		}}
		was, dead := replaced[codes[i]]
		switch other := elsewhere[s.Barcode]; {
		case one.Token != "":
		case dead:
			one.Token, one.replaced = was.Token, was.Since
		case other != "":
			one.other, one.why = other, ErrBarcodeElsewhere
		default:
			one.why = ErrBarcodeUnknown
		}
		all[i] = one
	}
	return all, nil
}

// Undo takes back the scan that let a ticket in, as if it had not been: the
// ticket is free, or the venue's again. Undoing it again changes nothing. A scan
// that is not known is ErrScanUnknown, and one that is not in force ErrNotInside.
func (g *Gate) Undo(ctx context.Context, who access.Principal, event EventID, id string) (Scanned, error) {
	roll, err := g.store.PassesOf(ctx, event, nil)
	if err == nil {
		err = visible(who, roll.Event)
	}
	if err != nil {
		return Scanned{}, err
	}
	scan, ok, err := g.store.Scan(ctx, ScanKey{roll.Event.Organization, id})
	switch {
	case err != nil:
		return Scanned{}, err
	case !ok || scan.Event != event:
		return Scanned{}, ErrScanUnknown
	case scan.Token == "":
		return Scanned{}, ErrNotInside
	}
	act := &undoAct{who: who, scan: scan.Key, token: scan.Token}
	if err := g.store.Do(ctx, act); err != nil {
		return Scanned{}, err
	}
	return act.answer, nil
}

// A GateStatus is how an event's gates stand.
type GateStatus struct {
	Event Event
	Turnout
	Conflicts []Scan // that were outdone or refused, the oldest first
}

// mostConflicts is how many conflicts are told; the others are counted.
const mostConflicts = 1_000

// Status counts what happened at an event's gates, and tells the conflicts that
// merging has found.
func (g *Gate) Status(ctx context.Context, who access.Principal, event EventID) (GateStatus, error) {
	roll, err := g.store.PassesOf(ctx, event, nil)
	if err == nil {
		err = visible(who, roll.Event)
	}
	if err != nil {
		return GateStatus{}, err
	}
	s := GateStatus{Event: roll.Event}
	if s.Turnout, err = g.store.Turnout(ctx, event); err != nil {
		return GateStatus{}, err
	}
	s.Conflicts, err = g.store.Scans(ctx, event, []ScanState{ScanLater, ScanRefused}, mostConflicts)
	return s, err
}
