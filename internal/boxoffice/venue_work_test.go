package boxoffice_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// turns has the venue change the game, and goes over its tickets where that is due.
func (d *desk) turns(req boxoffice.EventRequest) (boxoffice.Turned, error) {
	req.Event = game
	turned, err := d.ChangeEvent(d.t.Context(), operator, req, false)
	if err != nil || turned.Work == "" {
		return turned, err
	}
	last := d.last
	if again, err := d.GoOver(d.t.Context(), boxoffice.ClaimedTask{Task: last.Tasks[0]}); again != 0 || err != nil {
		d.t.Errorf("GoOver = %v, %v; want it finished", again, err)
	}
	return turned, nil
}

func TestAnEventIsChangedOnce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		req   boxoffice.EventRequest
		check func(boxoffice.Event) bool
		work  bool
	}{
		{"reschedule", boxoffice.EventRequest{Verb: boxoffice.Rescheduled, Start: "2026-06-05T19:30"}, func(e boxoffice.Event) bool {
			return e.Start.At.Equal(time.Date(2026, 6, 6, 0, 30, 0, 0, time.UTC)) && e.End.IsZero() && !e.Over.IsZero() // Chicago
		}, false},
		{"reschedule to a day", boxoffice.EventRequest{Verb: boxoffice.Rescheduled, Start: "2026-06-05"}, func(e boxoffice.Event) bool {
			return e.Start == boxoffice.When{Date: "2026-06-05"}
		}, false},
		{"reschedule into the past", boxoffice.EventRequest{Verb: boxoffice.Rescheduled, Start: "2026-01-05"}, func(e boxoffice.Event) bool { return e.Past(noon) }, true},
		{"rename", boxoffice.EventRequest{Verb: boxoffice.Renamed, Name: "Derby"}, func(e boxoffice.Event) bool { return e.Title() == "Derby" }, false},
		{"cancel", boxoffice.EventRequest{Verb: boxoffice.CalledOff}, func(e boxoffice.Event) bool { return e.Cancelled }, true},
		{"off-sale", boxoffice.EventRequest{Verb: boxoffice.OffSale}, func(e boxoffice.Event) bool { return !e.Secondary }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, free("A"))
			tt.req.Event = game
			dry, err := d.ChangeEvent(t.Context(), operator, tt.req, true)
			if err != nil || !dry.Changed || !d.last.Empty() || d.events[game].Version != 0 {
				t.Errorf("dry = %+v, %v and wrote %+v; want nothing written", dry, err, d.last)
			}
			turned, err := d.ChangeEvent(t.Context(), operator, tt.req, false)
			e := d.events[game]
			if err != nil || !turned.Changed || !tt.check(e) || e.Version != 1 || (turned.Work != "") != tt.work {
				t.Errorf("ChangeEvent = %+v, %v, left %+v; want it changed, a work %t", turned, err, e, tt.work)
			}
			if got := strings.Join(d.what(), ", "); got != string(tt.req.Verb)+" 998:F26:F01 1" {
				t.Errorf("the journal has %q", got)
			}
			again, err := d.ChangeEvent(t.Context(), operator, tt.req, false)
			if err != nil || again.Changed || again.Work != "" || !d.last.Empty() {
				t.Errorf("again = %+v, %v and wrote %+v; want nothing", again, err, d.last)
			}
		})
	}
}

func TestWhatCannotBeDoneToAnEvent(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  boxoffice.EventRequest
		want error
	}{
		{"a time that is none", boxoffice.EventRequest{Verb: boxoffice.Rescheduled, Start: "tomorrow"}, fault.DateInvalid},
		{"a day that is none", boxoffice.EventRequest{Verb: boxoffice.Rescheduled, Start: "2026-02-30"}, fault.DateInvalid},
		{"an end before the start", boxoffice.EventRequest{Verb: boxoffice.Rescheduled, Start: "2026-06-05T19:30", End: "2026-06-05T19:00"}, fault.FieldInvalid},
		{"an end on the day before", boxoffice.EventRequest{Verb: boxoffice.Rescheduled, Start: "2026-06-05", End: "2026-06-04"}, fault.FieldInvalid},
	} {
		d := newDesk(t)
		if _, err := d.turns(tt.req); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v; want %v", tt.name, err, tt.want)
		}
	}
	d := newDesk(t)
	if _, err := d.turns(boxoffice.EventRequest{Verb: boxoffice.CalledOff}); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []boxoffice.What{boxoffice.OnSale, boxoffice.OffSale, boxoffice.Renamed, boxoffice.Rescheduled} {
		if _, err := d.turns(boxoffice.EventRequest{Verb: verb, Start: "2026-06-05", Name: "Derby"}); !errors.Is(err, fault.EventClosed) {
			t.Errorf("%s of a cancelled event: %v; want EVENT_CLOSED", verb, err)
		}
	}
	if _, err := d.ChangeEvent(t.Context(), operator, boxoffice.EventRequest{Event: "998:F26:F99", Verb: boxoffice.OnSale}, false); !errors.Is(err, fault.EventUnknown) {
		t.Errorf("an event that is none: %v; want %v", err, fault.EventUnknown)
	}
}

func TestAnEventKeepsItsLength(t *testing.T) {
	d := newDesk(t)
	e := d.events[game]
	e.Start.At, e.End.At = noon, noon.Add(150*time.Minute)
	d.events[game] = e
	if _, err := d.turns(boxoffice.EventRequest{Verb: boxoffice.Rescheduled, Start: "2026-06-05T19:30:00Z"}); err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 6, 5, 22, 0, 0, 0, time.UTC)
	if got := d.events[game]; !got.End.At.Equal(end) || !got.Over.Equal(end) {
		t.Errorf("the game is %+v; want it over at %v", got, end)
	}
	if _, err := d.turns(boxoffice.EventRequest{Verb: boxoffice.Rescheduled, Start: "2026-06-07"}); err != nil {
		t.Fatal(err)
	}
	if got := d.events[game].End; got != (boxoffice.When{Date: "2026-06-07"}) {
		t.Errorf("the game ends %+v; want the day alone", got)
	}
}

// Ensure that subscribers hear of each seat whose listing an event's turn ends or
// makes possible, and of no other.
func TestAnEventThatTurnsIsToldSeatBySeat(t *testing.T) {
	d := newDesk(t, free("A"), held(boxoffice.HoldLock, "ours", free("B")), held(boxoffice.HoldVenue, "operator/ann", free("C")),
		held(boxoffice.HoldOrder, "P-1", free("D")), held(boxoffice.HoldTransfer, "ours/T-1", free("E")), void(free("F")), at(later, free("G")))
	if _, err := d.turns(boxoffice.EventRequest{Verb: boxoffice.OffSale}); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(d.what(), ", "), "close A 1, close B 2"; got != want {
		t.Errorf("off-sale wrote %q; want %q", got, want)
	}
	if row := d.last.Journal[0]; !row.Closed || row.By.Application != "operator/pat" {
		t.Errorf("the row is %+v; want it closed, by the operator", row)
	}
	if d.tickets["B"].Hold != (boxoffice.Hold{}) {
		t.Errorf("the locked seat is %+v; want it free", d.tickets["B"])
	}
	late := d.works // of the work before, as a clerk that comes late has it
	if _, err := d.turns(boxoffice.EventRequest{Verb: boxoffice.OnSale}); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(d.what(), ", "), "open A 2, open B 3"; got != want {
		t.Errorf("on-sale wrote %q; want %q", got, want)
	}
	for _, p := range d.portions { // all of it once more
		p.Done, p.Changed, p.Same = time.Time{}, 0, 0
		if late[p.Work].Verb == boxoffice.Closed {
			d.portions[p.Key] = p
			if _, err := d.FinishWork(t.Context(), p.Work, time.Minute); err != nil || len(d.what()) > 0 {
				t.Errorf("a work that comes after the event has turned again wrote %q, %v; want nothing", d.what(), err)
			}
		}
	}
}
