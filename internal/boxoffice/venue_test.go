package boxoffice_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

func (d *desk) EnterWork(_ context.Context, w boxoffice.Work, portions []boxoffice.Portion) error {
	if known, ok := d.works[w.ID]; ok && (known.Listed || !w.Listed) {
		return nil
	}
	d.works[w.ID] = w
	for _, p := range portions {
		d.portions[p.Key] = p
	}
	return nil
}

func (d *desk) Work(_ context.Context, id boxoffice.WorkID) (boxoffice.WorkProgress, bool, error) {
	w, ok := d.works[id]
	p := boxoffice.WorkProgress{Work: w}
	for _, portion := range d.of(id) {
		p.Portions++
		p.Tickets += len(portion.Tokens)
		p.Changed, p.Same, p.Refusals = p.Changed+portion.Changed, p.Same+portion.Same, p.Refusals+len(portion.Refused)
		p.Refused = append(p.Refused, portion.Refused...)
		if !portion.Done.IsZero() {
			p.Done++
		}
	}
	return p, ok, nil
}

func (d *desk) of(id boxoffice.WorkID) (portions []boxoffice.Portion) {
	for _, key := range slices.Sorted(maps.Keys(d.portions)) {
		if p := d.portions[key]; p.Work == id {
			portions = append(portions, p)
		}
	}
	return portions
}

func (d *desk) OpenPortions(_ context.Context, id boxoffice.WorkID, limit int) ([]boxoffice.Portion, error) {
	open := slices.DeleteFunc(d.of(id), func(p boxoffice.Portion) bool { return !p.Done.IsZero() })
	return open[:min(limit, len(open))], nil
}

func (d *desk) TokensOf(_ context.Context, event boxoffice.EventID, section, row string) ([]boxoffice.Token, error) {
	var tokens []boxoffice.Token
	for _, token := range slices.Sorted(maps.Keys(d.tickets)) {
		t := d.tickets[token]
		if t.Event == event && !t.Void && (section == "" || t.Section == section) && (row == "" || t.Row == row) {
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

// does has the venue do something to seats of the game, which are named as their
// tokens, and returns the words of the journal.
func (d *desk) does(verb boxoffice.What, seats ...string) (boxoffice.WorkProgress, string) {
	d.t.Helper()
	var s boxoffice.Selection
	s.Event = game
	for i, name := range seats {
		seat := boxoffice.SeatNamed{Section: "U:1", Row: "1", Seats: name, At: fmt.Sprint("seat ", i)}
		if verb != boxoffice.Exchanged {
			s.Seats = append(s.Seats, seat)
		} else if i%2 == 1 {
			s.Pairs = append(s.Pairs, boxoffice.SeatPair{From: boxoffice.SeatNamed{Section: "U:1", Row: "1", Seats: seats[i-1]}, To: seat})
		}
	}
	p, err := d.BeginWork(d.t.Context(), operator, boxoffice.WorkRequest{ID: boxoffice.WorkID(fmt.Sprint("W-", len(d.works))), Verb: verb, Selection: s, Reason: "the stage"})
	if err == nil {
		p, err = d.FinishWork(d.t.Context(), p.Work.ID, time.Minute)
	}
	if err != nil || !p.Finished() {
		d.t.Fatalf("%s %q = %+v, %v; want it finished", verb, seats, p, err)
	}
	return p, strings.Join(d.what(), ", ")
}

func TestWhatTheVenueDoesToATicket(t *testing.T) {
	locked, ordered := held(boxoffice.HoldLock, "ours", free("A")), held(boxoffice.HoldOrder, "P-1", free("A"))
	venues := held(boxoffice.HoldVenue, "operator/ann", free("A"))
	open := boxoffice.Hold{}
	ours := boxoffice.Hold{Kind: boxoffice.HoldVenue, By: "operator/pat", Since: noon}
	for _, tt := range []struct {
		name    string
		verb    boxoffice.What
		ticket  boxoffice.Ticket
		journal string // "" is none
		hold    boxoffice.Hold
		void    bool
		refused error
	}{
		{"a free seat is held", boxoffice.Held, free("A"), "hold A 1", ours, false, nil},
		{"a hold ends a partner's lock", boxoffice.Held, locked, "hold A 2", ours, false, nil},
		{"a hold takes a seat from an order", boxoffice.Held, ordered, "hold A 2", ours, false, nil},
		{"a held seat is held again and nothing is written", boxoffice.Held, venues, "", venues.Hold, false, nil},
		{"a held seat is released whoever held it", boxoffice.Released, venues, "release A 2", open, false, nil},
		{"a free seat is released and nothing is written", boxoffice.Released, free("A"), "", open, false, nil},
		{"a release leaves a partner's lock", boxoffice.Released, locked, "", locked.Hold, false, nil},
		{"a free seat is voided", boxoffice.Voided, free("A"), "void A 1", open, true, nil},
		{"a void ends a partner's lock", boxoffice.Voided, locked, "void A 2", open, true, nil},
		{"a void ends a hold", boxoffice.Voided, venues, "void A 2", open, true, nil},
		{"a void takes a seat from an order", boxoffice.Voided, ordered, "void A 2", open, true, nil},
		{"a new barcode leaves a lock", boxoffice.Reissued, locked, "reissue A 2", locked.Hold, false, nil},
		{"a new barcode leaves an order its seat", boxoffice.Reissued, ordered, "reissue A 2", ordered.Hold, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.ticket)
			p, journal := d.does(tt.verb, "A")
			got := d.tickets["A"]
			if journal != tt.journal || got.Hold != tt.hold || got.Void != tt.void || p.Refusals != 0 || p.Changed+p.Same != 1 || (p.Changed == 1) != (journal != "") {
				t.Errorf("%s of %+v wrote %q and left %+v, %+v; want %q, %+v, void %t", tt.verb, tt.ticket, journal, got, p, tt.journal, tt.hold, tt.void)
			}
			if renewed := got.Barcode != tt.ticket.Barcode; renewed != (tt.verb == boxoffice.Reissued) || got.Owner != tt.ticket.Owner || got.Owned != tt.ticket.Owned {
				t.Errorf("%s left barcode %s and owner %s; had %s and %s", tt.verb, got.Barcode, got.Owner, tt.ticket.Barcode, tt.ticket.Owner)
			}
			if journal != "" && (d.last.Journal[0].By.Application != "operator/pat" || d.last.Journal[0].Reason != "the stage") {
				t.Errorf("the journal has %+v; want who did it and why", d.last.Journal[0])
			}
			again, err := d.FinishWork(t.Context(), p.Work.ID, time.Minute)
			if err != nil || !cmp.Equal(again, p) || d.tickets["A"].Version != got.Version {
				t.Errorf("the same work again = %+v, %v; want nothing done", again, err)
			}
		})
	}
}

func TestAVoidTicketIsLeftAlone(t *testing.T) {
	for _, verb := range []boxoffice.What{boxoffice.Held, boxoffice.Released, boxoffice.Reissued} {
		d := newDesk(t, free("A"))
		_, err := d.BeginWork(t.Context(), operator, boxoffice.WorkRequest{ID: "W", Verb: verb, Selection: boxoffice.Selection{Event: game, All: true}})
		if err != nil {
			t.Fatal(err)
		}
		d.tickets["A"] = void(free("A")) // after it was selected
		p, err := d.FinishWork(t.Context(), "W", time.Minute)
		if err != nil || p.Refusals != 1 || !errors.Is(p.Refused[0].Reason, fault.TokenNotAvailable) || d.tickets["A"].Version != 0 {
			t.Errorf("%s of a void ticket = %+v, %v; want TOKEN_NOT_AVAILABLE", verb, p, err)
		}
	}
}

func TestAnExchangeMovesOwnerAndBarcode(t *testing.T) {
	theirs := free("B")
	theirs.Owner = "11"
	locked := held(boxoffice.HoldLock, "ours", theirs)
	stage := held(boxoffice.HoldVenue, "operator/ann", free("A"))
	spare := held(boxoffice.HoldVenue, "operator/ann", theirs)
	for _, tt := range []struct {
		name     string
		from, to boxoffice.Ticket
		left     boxoffice.Hold // of the old seat
	}{
		{"of free seats", free("A"), theirs, boxoffice.Hold{}},
		{"a hold of the venue stays on the old seat", stage, theirs, stage.Hold},
		{"a hold of the venue ends on the new seat", free("A"), spare, boxoffice.Hold{}},
		{"locks end on both", held(boxoffice.HoldLock, "other", free("A")), locked, boxoffice.Hold{}},
		{"an order loses its seat", held(boxoffice.HoldOrder, "P-1", free("A")), theirs, boxoffice.Hold{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.from, tt.to)
			_, journal := d.does(boxoffice.Exchanged, "A", "B")
			a, b := d.tickets["A"], d.tickets["B"]
			if want := fmt.Sprintf("exchange A %d, exchange B %d", tt.from.Version+1, tt.to.Version+1); journal != want {
				t.Errorf("the journal has %q; want %q", journal, want)
			}
			if b.Owner != "10" || b.Barcode != tt.from.Barcode || b.Owned != b.Version || b.Hold != (boxoffice.Hold{}) {
				t.Errorf("the new seat is %+v; want it free, with the owner and the barcode of the old one", b)
			}
			if a.Owner != "11" || a.Barcode == tt.from.Barcode || a.Barcode == tt.to.Barcode || a.Owned != a.Version || a.Hold != tt.left {
				t.Errorf("the old seat is %+v; want the other owner's, with a barcode that is new", a)
			}
			if one, two := d.last.Journal[0], d.last.Journal[1]; one.With != "B" || two.With != "A" || !one.Renewed || !two.Renewed {
				t.Errorf("the journal has %+v and %+v; want each to name the other", one, two)
			}
		})
	}
	d := newDesk(t, free("A"), free("B"))
	if p, journal := d.does(boxoffice.Exchanged, "A", "B"); journal != "" || p.Same != 2 {
		t.Errorf("an exchange between seats of one owner = %+v and wrote %q; want nothing", p, journal)
	}
	d = newDesk(t, free("A"), at(later, free("B")))
	d.works["W"] = boxoffice.Work{ID: "W", Organization: home, Event: game, Verb: boxoffice.Exchanged, By: operator, Listed: true}
	d.portions["W/1"] = boxoffice.Portion{Key: "W/1", Work: "W", Tokens: []boxoffice.Token{"A", "B"}}
	if p, err := d.FinishWork(t.Context(), "W", time.Minute); err != nil || p.Refusals != 1 || d.tickets["A"].Version != 0 {
		t.Errorf("an exchange between events = %+v, %v; want it refused", p, err)
	}
}

// Ensure that an order that lost a seat to the venue ends in ERROR, and its other
// seats are the channel's again.
func TestAnOrderThatLosesASeatToTheVenueEndsInError(t *testing.T) {
	for _, verb := range []boxoffice.What{boxoffice.Held, boxoffice.Voided} {
		d := newDesk(t, ours("A"), ours("B")).reviewing(boxoffice.ReviewAll, 0)
		d.complete(caller("ours"), cartOf("O-1: A B"))
		d.does(verb, "A")
		order := d.judge("O-1", true)
		if order.State != boxoffice.OrderFailed || len(order.Refused) != 1 || order.Refused[0].Token != "A" || !errors.Is(order.Refused[0].Reason, fault.TokenNotAvailable) {
			t.Errorf("after a %s the order is %+v; want ERROR, for A", verb, order)
		}
		if a, b := d.tickets["A"], d.tickets["B"]; a.Owner != "10" || a.LockedBy("ours") || !b.LockedBy("ours") {
			t.Errorf("after a %s the seats are %+v and %+v; want A the venue's and B locked again", verb, a, b)
		}
	}
}

func TestWhatTheVenueTakesEndsATransfer(t *testing.T) {
	for _, verb := range []boxoffice.What{boxoffice.Held, boxoffice.Voided} {
		a, b := held(boxoffice.HoldTransfer, "ours/T-1", free("A")), held(boxoffice.HoldTransfer, "ours/T-1", free("B"))
		d := newDesk(t, a, b)
		d.transfers["ours/T-1"] = boxoffice.Transfer{
			Key: "ours/T-1", Organization: home, State: boxoffice.TransferPending, Tokens: []boxoffice.Token{"A", "B"}, Expires: noon.Add(time.Hour), Version: 1,
		}
		d.does(verb, "A")
		transfer := d.transfers["ours/T-1"]
		want := []boxoffice.Step{{Op: boxoffice.OpCancel, By: boxoffice.BySystem, At: noon}}
		if transfer.State != boxoffice.TransferCancelled || !cmp.Equal(transfer.History, want) {
			t.Errorf("after a %s the transfer is %+v; want it cancelled by the system", verb, transfer)
		}
		if d.tickets["B"].Hold.Kind != boxoffice.Free || d.tickets["A"].Version != 3 {
			t.Errorf("after a %s the seats are %+v and %+v; want B free", verb, d.tickets["A"], d.tickets["B"])
		}
	}
}

func TestASelectionNamesWhatIsThere(t *testing.T) {
	var tickets []boxoffice.Ticket
	for _, seat := range []string{"1", "2", "3", "10"} {
		ticket := free(boxoffice.Token("T" + seat))
		ticket.Seat = seat
		tickets = append(tickets, ticket)
	}
	other := free("U1")
	other.Section, other.Row, other.Seat = "U:2", "2", "1"
	tickets = append(tickets, other)
	seats := func(text string) boxoffice.Selection {
		return boxoffice.Selection{Event: game, Seats: []boxoffice.SeatNamed{{Section: "U:1", Row: "1", Seats: text, At: "line 2"}}}
	}
	place := func(section, row string) boxoffice.Selection {
		return boxoffice.Selection{Event: game, Parts: []boxoffice.Place{{Section: section, Row: row}}}
	}
	for _, tt := range []struct {
		name      string
		selection boxoffice.Selection
		tickets   int
		wrong     string
	}{
		{"the whole event", boxoffice.Selection{Event: game, All: true}, 5, ""},
		{"a section", place("U:1", ""), 4, ""},
		{"a row", place("U:2", "2"), 1, ""},
		{"a seat", seats("10"), 1, ""},
		{"a range", seats("2-10"), 3, ""},
		{"a list", seats("1,3"), 2, ""},
		{"twice the same counts once", boxoffice.Selection{Event: game, Parts: []boxoffice.Place{{Section: "U:1"}}, Seats: seats("1").Seats}, 4, ""},
		{"nothing", boxoffice.Selection{Event: game}, 0, "names no tickets"},
		{"a section that is none", place("U:9", ""), 0, "998:F26:F01 has no tickets in section U:9"},
		{"a row that is none", place("U:1", "9"), 0, "section U:1 row 9"},
		{"a seat that is none", seats("4"), 0, `line 2: there is no ticket for section "U:1" row "1" seat "4"`},
		{"a list that is none", seats("1,"), 0, "line 2: seats is one seat"},
		{"an event that is none", boxoffice.Selection{Event: "998:F26:F99", All: true}, 0, "no such event"},
		{"an organization that is none", boxoffice.Selection{Event: "1:F26:F99", All: true}, 0, "no such event"},
		{"a name of no event", boxoffice.Selection{Event: "game", All: true}, 0, "ORGANIZATION:SEASON:ITEM"},
	} {
		d := newDesk(t, tickets...)
		preview, err := d.PreviewWork(t.Context(), operator, boxoffice.WorkRequest{Verb: boxoffice.Held, Selection: tt.selection})
		if preview.Tickets != tt.tickets || (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %+v, %v; want %d tickets, %q", tt.name, preview, err, tt.tickets, tt.wrong)
		}
		if len(d.works) > 0 || !d.last.Empty() {
			t.Errorf("%s: a preview wrote %+v", tt.name, d.last)
		}
	}
}

func TestAWorkKeepsItsID(t *testing.T) {
	d := newDesk(t, free("A"), free("B"))
	req := boxoffice.WorkRequest{ID: "W", Verb: boxoffice.Reissued, Selection: boxoffice.Selection{Event: game, All: true}}
	for range 2 {
		if _, err := d.BeginWork(t.Context(), operator, req); err != nil {
			t.Fatal(err)
		}
		if p, err := d.FinishWork(t.Context(), "W", time.Minute); err != nil || p.Changed != 2 {
			t.Fatalf("FinishWork = %+v, %v; want two new barcodes", p, err)
		}
	}
	if d.tickets["A"].Version != 1 {
		t.Errorf("the same work twice left %+v; want one new barcode", d.tickets["A"])
	}
	req.Verb = boxoffice.Held
	if _, err := d.BeginWork(t.Context(), operator, req); !errors.Is(err, boxoffice.ErrWorkOther) {
		t.Errorf("the id with another verb: %v; want %v", err, boxoffice.ErrWorkOther)
	}
	if _, err := d.FinishWork(t.Context(), "X", time.Minute); !errors.Is(err, boxoffice.ErrWorkUnknown) {
		t.Errorf("a work that is none: %v; want %v", err, boxoffice.ErrWorkUnknown)
	}
}
