package boxoffice_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// doorway is a desk as gates see it.
type doorway struct {
	*desk
	replaced map[boxoffice.EventBarcode]boxoffice.Replacement
	journal  []boxoffice.Change
	ends     boxoffice.JournalEnds
}

func newDoorway(t *testing.T, tickets ...boxoffice.Ticket) (*doorway, *boxoffice.Gate) {
	t.Helper()
	d := &doorway{desk: newDesk(t, tickets...), replaced: map[boxoffice.EventBarcode]boxoffice.Replacement{}, ends: boxoffice.JournalEnds{Epoch: 1}}
	return d, boxoffice.NewGate(d)
}

func (d *doorway) Barcodes(_ context.Context, codes []boxoffice.EventBarcode) (boxoffice.View, error) {
	view := boxoffice.View{Tickets: map[boxoffice.Token]boxoffice.Ticket{}, Events: map[boxoffice.EventID]boxoffice.Event{}}
	for _, c := range codes {
		for _, t := range d.tickets {
			if t.Event == c.Event && t.Barcode == c.Barcode {
				view.Tickets[t.Token] = t
			}
		}
		if e, ok := d.events[c.Event]; ok {
			view.Events[e.ID] = e
		}
	}
	return view, nil
}

func (d *doorway) Passes(ctx context.Context, event boxoffice.EventID) (boxoffice.Roll, error) {
	return d.PassesOf(ctx, event, nil)
}

func (d *doorway) PassesOf(_ context.Context, event boxoffice.EventID, tokens []boxoffice.Token) (boxoffice.Roll, error) {
	roll := boxoffice.Roll{Event: d.events[event], Epoch: d.ends.Epoch, Position: d.ends.Newest, Now: d.now}
	for _, token := range tokens {
		t := d.tickets[token]
		roll.Passes = append(roll.Passes, boxoffice.Pass{Token: t.Token, Version: t.Version, Barcode: t.Barcode, Void: t.Void})
	}
	return roll, nil
}

func (d *doorway) Replaced(_ context.Context, codes []boxoffice.EventBarcode) (map[boxoffice.EventBarcode]boxoffice.Replacement, error) {
	return d.replaced, nil
}

func (d *doorway) Elsewhere(_ context.Context, org access.OrganizationID, codes []boxoffice.Barcode) (map[boxoffice.Barcode]boxoffice.EventID, error) {
	found := map[boxoffice.Barcode]boxoffice.EventID{}
	for _, t := range d.tickets {
		if t.Organization == org {
			found[t.Barcode] = t.Event
		}
	}
	return found, nil
}

func (d *doorway) Scan(_ context.Context, key boxoffice.ScanKey) (boxoffice.Scan, bool, error) {
	s, ok := d.scans[key]
	return s, ok, nil
}

func (d *doorway) Scans(context.Context, boxoffice.EventID, []boxoffice.ScanState, int) ([]boxoffice.Scan, error) {
	return nil, nil
}

func (d *doorway) Turnout(context.Context, boxoffice.EventID) (boxoffice.Turnout, error) {
	return boxoffice.Turnout{}, nil
}

func (d *doorway) Changes(_ context.Context, after int64, limit int) ([]boxoffice.Change, error) {
	var rows []boxoffice.Change
	for _, c := range d.journal {
		if c.Position > after && len(rows) < limit {
			rows = append(rows, c)
		}
	}
	return rows, nil
}

func (d *doorway) JournalEnds(context.Context) (boxoffice.JournalEnds, error) { return d.ends, nil }

var gatekeeper = access.Principal{Application: "gate/north", Organizations: []access.OrganizationID{home}, RequestID: "r-9"}

// scanned is a scan of ticket A's barcode.
func scanned(id, gate string, at time.Time) boxoffice.ScanRequest {
	return boxoffice.ScanRequest{ID: id, Barcode: "998A", Gate: gate, At: at}
}

// code is why a scan was refused, "" where it was not.
func code(s boxoffice.Scanned) string {
	if s.Refused == nil {
		return ""
	}
	return s.Refused.Code
}

func TestVerifyJudgesEachBarcode(t *testing.T) {
	for _, tt := range []struct {
		name    string
		ticket  boxoffice.Ticket
		event   boxoffice.EventID
		barcode boxoffice.Barcode
		refused string
		written string
	}{
		{"of a free ticket", free("A"), game, "998A", "", "admit A 1"},
		{"of a ticket that a channel has on sale, whose lock ends", held(boxoffice.HoldLock, "theirs", free("A")), game, "998A", "", "admit A 2"},
		{"of a ticket in an order, which will fail", held(boxoffice.HoldOrder, "P-1", free("A")), game, "998A", "", "admit A 2"},
		{"of a ticket in a transfer, which nobody can accept then", held(boxoffice.HoldTransfer, "T-1", free("A")), game, "998A", "", "admit A 2"},
		{"of a ticket that the venue holds", held(boxoffice.HoldVenue, "desk", free("A")), game, "998A", "", "admit A 2"},
		{"of a void ticket", void(free("A")), game, "998A", "TICKET_VOID", ""},
		{"that nobody ever had", free("A"), game, "998X", "BARCODE_UNKNOWN", ""},
		{"that was replaced", free("A"), game, "998OLD", "BARCODE_REPLACED", ""},
		{"of another event", at(later, free("A")), game, "998A", "OTHER_EVENT", ""},
		{"of another organization's ticket", at(abroad, free("A")), game, "998A", "BARCODE_UNKNOWN", ""},
		{"of a cancelled event", at(later, free("A")), later, "998A", "EVENT_CANCELLED", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, gate := newDoorway(t, tt.ticket)
			d.replaced[boxoffice.EventBarcode{Event: game, Barcode: "998OLD"}] = boxoffice.Replacement{Token: "A", Since: noon.Add(-time.Minute)}
			e := d.events[later]
			e.Cancelled = true
			d.events[later] = e
			got, err := gate.Verify(t.Context(), gatekeeper, tt.event, boxoffice.ScanRequest{ID: "s-1", Barcode: tt.barcode, Gate: "NORTH"})
			if err != nil || code(got) != tt.refused {
				t.Fatalf("Verify = refused %q, %v; want %q", code(got), err, tt.refused)
			}
			if written := strings.Join(d.what(), ", "); written != tt.written {
				t.Errorf("journal has %q; want %q", written, tt.written)
			}
			if in := d.tickets["A"].Hold.Kind == boxoffice.HoldGate; in != (tt.refused == "") {
				t.Errorf("the ticket's hold is %+v", d.tickets["A"].Hold)
			}
			if tt.refused != "" && len(d.scans) > 0 {
				t.Errorf("a refusal at the gate left %+v", d.scans)
			}
			switch tt.refused {
			case "BARCODE_REPLACED":
				if !got.Since.Equal(noon.Add(-time.Minute)) {
					t.Errorf("replaced since %v; want a minute ago", got.Since)
				}
			case "OTHER_EVENT":
				if got.Other != later {
					t.Errorf("the other event is %q; want %q", got.Other, later)
				}
			}
		})
	}
}

func TestVerifyLetsATicketInOnce(t *testing.T) {
	d, gate := newDoorway(t, free("A"))
	first, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-1", "NORTH", time.Time{}))
	if err != nil || code(first) != "" || first.Gate != "NORTH" || !first.Since.Equal(noon) || first.Repeat {
		t.Fatalf("the first scan = %+v, %v", first, err)
	}
	d.now = noon.Add(time.Minute)
	again, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-1", "NORTH", time.Time{}))
	if err != nil || code(again) != "" || !again.Repeat || !again.Since.Equal(noon) || len(d.what()) != 0 {
		t.Errorf("the same scan again = %+v, %v, journal %v; want the same and nothing written", again, err, d.what())
	}
	second, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-2", "SOUTH", time.Time{}))
	if err != nil || code(second) != "ALREADY_ADMITTED" || second.Gate != "NORTH" || !second.Since.Equal(noon) {
		t.Errorf("another scan = %q at %q since %v, %v; want it refused, with NORTH and noon", code(second), second.Gate, second.Since, err)
	}
	other, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-1", "SOUTH", time.Time{}))
	if err != nil || code(other) != "SCAN_MISMATCH" {
		t.Errorf("the same id at another gate = %q, %v; want SCAN_MISMATCH", code(other), err)
	}
}

func TestATicketThatIsInIsNeitherSoldNorGiven(t *testing.T) {
	d, gate := newDoorway(t, held(boxoffice.HoldLock, "ours", free("A")))
	if got, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-1", "NORTH", time.Time{})); err != nil || code(got) != "" {
		t.Fatalf("Verify = %q, %v", code(got), err)
	}
	locked, err := d.Lock(t.Context(), caller("ours"), boxoffice.LockRequest{Source: boxoffice.MyAccount, Lines: []boxoffice.LockLine{{Token: "A"}}})
	if err != nil || refusals(locked.Refused) != "A TOKEN_NOT_AVAILABLE" || !strings.Contains(locked.Refused[0].Reason.Message, "gate") {
		t.Errorf("Lock refused %q, %v; want the gate named", refusals(locked.Refused), err)
	}
	given, err := d.Give(t.Context(), caller("ours"), boxoffice.TransferRequest{
		Organization: home, Distributor: "HOME", Sender: "10", Recipient: boxoffice.Contact{Emails: []boxoffice.Email{{Address: "ada@example.com"}}},
		Seats: []boxoffice.SeatsWanted{{Season: "F26", Item: "F01", Section: "U:1", Row: "1", Seats: "A"}},
	})
	if err != nil || len(given.Refused) != 1 || !errors.Is(given.Refused[0].Reason, fault.TokenNotAvailable) || !strings.Contains(given.Refused[0].Reason.Message, "gate") {
		t.Errorf("Give = %+v, %v; want it refused for the gate", given.Refused, err)
	}
}

func TestUndoTakesAnAdmissionBack(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ticket boxoffice.Ticket
		hold   boxoffice.HoldKind
	}{
		{"of a free ticket", free("A"), boxoffice.Free},
		{"of a ticket that was on sale, which it is no more", held(boxoffice.HoldLock, "ours", free("A")), boxoffice.Free},
		{"of a ticket that the venue held", held(boxoffice.HoldVenue, "desk", free("A")), boxoffice.HoldVenue},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, gate := newDoorway(t, tt.ticket)
			_, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-1", "NORTH", time.Time{}))
			if err != nil {
				t.Fatal(err)
			}
			for _, repeat := range []bool{false, true} {
				got, err := gate.Undo(t.Context(), gatekeeper, game, "s-1")
				if err != nil || got.Repeat != repeat || got.Scan.State != boxoffice.ScanUndone || d.tickets["A"].Hold.Kind != tt.hold {
					t.Errorf("Undo = %+v, %v, hold %+v; want %q, repeat %t", got, err, d.tickets["A"].Hold, tt.hold, repeat)
				}
			}
			if got, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-1", "NORTH", time.Time{})); err != nil || code(got) != "SCAN_UNDONE" {
				t.Errorf("the undone scan again = %q, %v; want SCAN_UNDONE", code(got), err)
			}
			if got, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-2", "SOUTH", time.Time{})); err != nil || code(got) != "" {
				t.Errorf("a new scan = %q, %v; want the ticket in", code(got), err)
			}
			if _, err := gate.Undo(t.Context(), gatekeeper, game, "s-9"); !errors.Is(err, boxoffice.ErrScanUnknown) {
				t.Errorf("Undo of an unknown scan = %v", err)
			}
		})
	}
}

// Ensure that it does not matter in which order scanners come back: the earliest
// scan counts, the others are kept, and the seat goes back to the venue all the same.
func TestOfScansThatAreMergedTheEarliestCounts(t *testing.T) {
	scans := []boxoffice.ScanRequest{
		scanned("s-1", "NORTH", noon.Add(-time.Hour)), scanned("s-2", "SOUTH", noon.Add(-2*time.Hour)),
		scanned("s-3", "EAST", noon.Add(-30*time.Minute)), scanned("s-0", "WEST", noon.Add(-2*time.Hour)),
	}
	for seed := range uint64(24) {
		d, gate := newDoorway(t, held(boxoffice.HoldVenue, "desk", free("A")))
		random := rand.New(rand.NewPCG(7, seed))
		random.Shuffle(len(scans), func(i, j int) { scans[i], scans[j] = scans[j], scans[i] })
		cut := random.IntN(len(scans) + 1) // into two merges
		for _, part := range [][]boxoffice.ScanRequest{scans[:cut], scans[cut:], scans[:cut]} {
			if len(part) == 0 {
				continue
			}
			if _, err := gate.Merge(t.Context(), gatekeeper, game, part); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range scans {
			want := boxoffice.ScanLater
			if s.ID == "s-0" {
				want = boxoffice.ScanInside
			}
			if got := d.scans[boxoffice.ScanKey{Organization: home, ID: s.ID}]; got.State != want {
				t.Errorf("seed %d: scan %s is %s; want %s", seed, s.ID, got.State, want)
			}
		}
		if hold := d.tickets["A"].Hold; hold.By != "WEST" || !hold.Since.Equal(noon.Add(-2*time.Hour)) {
			t.Errorf("seed %d: the ticket is in by %+v; want WEST, two hours ago", seed, hold)
		}
		if _, err := gate.Undo(t.Context(), gatekeeper, game, "s-0"); err != nil || d.tickets["A"].Hold.By != "desk" {
			t.Errorf("seed %d: Undo = %v, hold %+v; want the venue's again", seed, err, d.tickets["A"].Hold)
		}
		if _, err := gate.Undo(t.Context(), gatekeeper, game, "s-3"); !errors.Is(err, boxoffice.ErrNotInside) {
			t.Errorf("seed %d: Undo of a later scan = %v", seed, err)
		}
	}
}

func TestMergeReportsWhatItCannotLetIn(t *testing.T) {
	d, gate := newDoorway(t, free("A"), void(free("B")))
	d.replaced[boxoffice.EventBarcode{Event: game, Barcode: "998OLD"}] = boxoffice.Replacement{Token: "A", Since: noon.Add(-time.Minute)}
	got, err := gate.Merge(t.Context(), gatekeeper, game, []boxoffice.ScanRequest{
		{ID: "s-1", Barcode: "998A", Gate: "NORTH", At: noon.Add(-time.Hour)},
		{ID: "s-2", Barcode: "998OLD", Gate: "NORTH", At: noon.Add(-time.Hour)},
		{ID: "s-3", Barcode: "998B", Gate: "NORTH", At: noon.Add(-time.Hour)},
		{ID: "s-4", Barcode: "998X", Gate: "NORTH", At: noon.Add(-time.Hour)},
		{ID: "s-5", Barcode: "998A", Gate: "NORTH", At: noon.Add(6 * time.Minute)},
		{ID: "s-6", Barcode: "998A", Gate: "NORTH", At: noon.Add(-8 * 24 * time.Hour)},
	})
	var codes []string
	for _, s := range got {
		codes = append(codes, code(s))
	}
	if want := []string{"", "BARCODE_REPLACED", "TICKET_VOID", "BARCODE_UNKNOWN", "SCAN_TIME", "SCAN_TIME"}; err != nil || fmt.Sprint(codes) != fmt.Sprint(want) {
		t.Errorf("Merge = %q, %v; want %q", codes, err, want)
	}
	if len(d.scans) != 6 {
		t.Errorf("%d scans are kept; want all 6", len(d.scans))
	}
	for _, bad := range [][]boxoffice.ScanRequest{
		nil, make([]boxoffice.ScanRequest, boxoffice.MostScans+1),
		{scanned("s-1", "NORTH", time.Time{})},
		{scanned("s-1", "NORTH", noon), scanned("s-1", "NORTH", noon)},
		{scanned("s 1", "NORTH", noon)}, {scanned("s-1", "", noon)}, {{ID: "s-1", Gate: "NORTH", At: noon}},
	} {
		if _, err := gate.Merge(t.Context(), gatekeeper, game, bad); fault.Of(err) == nil || fault.Of(err).Kind != fault.BadRequest {
			t.Errorf("Merge of %d odd scans = %v; want a bad request", len(bad), err)
		}
	}
}

func TestTheVenueEndsAnAdmission(t *testing.T) {
	d, gate := newDoorway(t, free("A"))
	if _, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-1", "NORTH", time.Time{})); err != nil {
		t.Fatal(err)
	}
	if err := d.Do(t.Context(), takeBack{}); err != nil {
		t.Fatal(err)
	}
	if s := d.scans[boxoffice.ScanKey{Organization: home, ID: "s-1"}]; s.State != boxoffice.ScanEnded {
		t.Errorf("the scan is %s; want it ended", s.State)
	}
	if got, err := gate.Verify(t.Context(), gatekeeper, game, scanned("s-1", "NORTH", time.Time{})); err != nil || code(got) != "SCAN_ENDED" {
		t.Errorf("the scan again = %q, %v; want SCAN_ENDED", code(got), err)
	}
}

// takeBack is an act that frees ticket A, whatever holds it, as the venue may.
type takeBack struct{}

func (takeBack) Needs() boxoffice.Needs { return boxoffice.Needs{Tickets: []boxoffice.Token{"A"}} }
func (takeBack) Decide(b *boxoffice.Books) error {
	t, _ := b.Ticket("A")
	t.Hold = boxoffice.Hold{}
	b.Change(t, "release", access.Principal{Application: "operator/pat"}, "")
	return nil
}

func TestChangesReadOnOrSayWhyNot(t *testing.T) {
	d, gate := newDoorway(t, free("A"), free("B"))
	d.ends = boxoffice.JournalEnds{Epoch: 2, First: 4, Newest: 7}
	d.journal = []boxoffice.Change{
		{Position: 4, Entity: boxoffice.Events, Subject: string(game), What: boxoffice.Loaded},
		{Position: 5, Entity: boxoffice.Seats, Event: later, Subject: "C"},
		{Position: 6, Entity: boxoffice.Seats, Event: game, Subject: "A"},
		{Position: 7, Entity: boxoffice.Seats, Event: game, Subject: "A"},
	}
	for _, tt := range []struct {
		name         string
		event        boxoffice.EventID
		epoch, after int64
		want         error
		passes       int
		position     int64
	}{
		{"after what the snapshot had", game, 2, 4, nil, 1, 7},
		{"from the end", game, 2, 7, nil, 0, 7},
		{"of another event", later, 2, 6, nil, 0, 7},
		{"of another epoch", game, 1, 4, boxoffice.ErrResync, 0, 0},
		{"before the oldest row", game, 2, 2, boxoffice.ErrResync, 0, 0},
		{"beyond the newest row", game, 2, 8, boxoffice.ErrResync, 0, 0},
		{"over a load of tickets", game, 2, 3, boxoffice.ErrResync, 0, 0},
		{"of an event that is not there", "998:F26:F99", 2, 4, fault.EventUnknown, 0, 0},
		{"of an event that is not the gate's", abroad, 2, 4, fault.EventUnknown, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := gate.Changes(t.Context(), gatekeeper, tt.event, tt.epoch, tt.after)
			if !errors.Is(err, tt.want) || len(got.Passes) != tt.passes || got.Position != tt.position {
				t.Errorf("Changes = %d passes up to %d, %v; want %d up to %d, %v", len(got.Passes), got.Position, err, tt.passes, tt.position, tt.want)
			}
		})
	}
}
