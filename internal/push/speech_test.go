package push

import (
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestWhatAChannelHearsOfTwoStates(t *testing.T) {
	standing := func(owner boxoffice.PatronID, kind boxoffice.HoldKind, by string) boxoffice.Standing {
		return boxoffice.Standing{Owner: owner, Hold: kind, By: by}
	}
	var (
		free     = standing("1", boxoffice.Free, "")
		ours     = standing("1", boxoffice.HoldLock, "amtx")
		theirs   = standing("1", boxoffice.HoldLock, "other")
		order    = standing("1", boxoffice.HoldOrder, "P-1")
		transfer = standing("1", boxoffice.HoldTransfer, "amtx/T-1")
		venue    = standing("1", boxoffice.HoldVenue, "ann")
		sold     = standing("2", boxoffice.Free, "")
		void     = boxoffice.Standing{Owner: "1", Void: true}
		closed   = boxoffice.Standing{Owner: "1", Closed: true}
		lost     = boxoffice.Standing{Owner: "2", Closed: true}
	)
	const silence = Status("")
	for _, tt := range []struct {
		name          string
		before, after boxoffice.Standing
		anew          bool
		want, echo    Status // to amtx, and to amtx if it wants the echo
	}{
		{"another channel locks", free, theirs, false, Lock, Lock},
		{"another channel unlocks", theirs, free, false, Unlock, Unlock},
		{"its own lock", free, ours, false, silence, Lock},
		{"its own unlock", ours, free, false, silence, Unlock},
		{"its own lock with other terms", ours, ours, false, silence, silence},
		{"its own lock becomes its order", ours, order, false, Lock, silence},
		{"an order ends in ERROR and its lock is back", order, ours, false, Unlock, silence},
		{"another's lock becomes an order", theirs, order, false, silence, silence},
		{"an order ends in ERROR and another's lock is back", order, theirs, false, silence, silence},
		{"it sells what it had locked", ours, sold, true, Unlock, Unlock},
		{"another sells what it had locked", theirs, sold, true, Unlock, Unlock},
		{"an order is completed", order, sold, true, Unlock, Unlock},
		{"a transfer begins", free, transfer, false, Lock, Lock},
		{"a transfer is cancelled", transfer, free, false, Unlock, Unlock},
		{"a transfer is accepted", transfer, sold, true, Unlock, Unlock},
		{"the venue holds a free seat", free, venue, false, Lock, Lock},
		{"the venue holds a seat that it had locked", ours, venue, false, Lock, silence},
		{"the venue holds a seat that another had locked", theirs, venue, false, silence, silence},
		{"the venue releases a seat", venue, free, false, Unlock, Unlock},
		{"the venue voids a ticket", free, void, false, Lock, Lock},
		{"the venue voids what it holds", venue, void, false, silence, silence},
		{"the event closes", free, closed, false, Lock, Lock},
		{"the event closes under its own lock", ours, closed, false, Lock, silence},
		{"the event opens again", closed, free, false, Unlock, Unlock},
		{"a ticket of a closed event changes hands", closed, lost, true, Lock, Lock},
		{"a barcode is renewed", free, free, false, silence, silence},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, view := range []struct {
				View
				want Status
			}{{View{Channel: "amtx"}, tt.want}, {View{Channel: "amtx", Echo: true}, tt.echo}} {
				got, speaks := view.Hear(tt.before, tt.after)
				if speaks != (view.want != silence) || speaks && got != (Word{tt.anew, view.want}) {
					t.Errorf("%+v.Hear(%+v, %+v) = %+v, %v; want %q, anew %v", view.View, tt.before, tt.after, got, speaks, view.want, tt.anew)
				}
			}
		})
	}
}

func TestWhatIsToldOfAnEvent(t *testing.T) {
	day := boxoffice.When{Date: "2026-11-05"}
	evening := boxoffice.When{At: time.Date(2026, 11, 5, 19, 30, 0, 0, time.UTC)}
	game := boxoffice.Event{
		ID: "999:F23:F01", Name: "Game", Start: evening, End: day, FacilityCode: "ST", FacilityName: "Stadium", Secondary: true,
	}
	with := func(change func(e *boxoffice.Event)) boxoffice.Event {
		e := game
		change(&e)
		return e
	}
	off := with(func(e *boxoffice.Event) { e.Secondary = false })
	for _, tt := range []struct {
		name          string
		before, after boxoffice.Event
		want          bool
	}{
		{"nothing changed", game, game, false},
		{"the same instant in another zone", game, with(func(e *boxoffice.Event) { e.Start.At = evening.At.In(time.FixedZone("", 3600)) }), false},
		{"another name", game, with(func(e *boxoffice.Event) { e.Name = "Final" }), true},
		{"another name on the internet", game, with(func(e *boxoffice.Event) { e.InternetName = "Final" }), true},
		{"a name behind the one that partners see", with(func(e *boxoffice.Event) { e.InternetName = "Game" }), with(func(e *boxoffice.Event) { e.InternetName, e.Name = "Game", "G-1" }), false},
		{"another start", game, with(func(e *boxoffice.Event) { e.Start.At = evening.At.Add(time.Minute) }), true},
		{"a start that is open again", game, with(func(e *boxoffice.Event) { e.Start = day }), true},
		{"another end", game, with(func(e *boxoffice.Event) { e.End.Date = "2026-11-06" }), true},
		{"no end", game, with(func(e *boxoffice.Event) { e.End = boxoffice.When{} }), true},
		{"another facility", game, with(func(e *boxoffice.Event) { e.FacilityCode = "AR" }), true},
		{"a facility of another name", game, with(func(e *boxoffice.Event) { e.FacilityName = "Arena" }), true},
		{"off the secondary market", game, off, true},
		{"on the secondary market", off, game, true},
		{"cancelled", game, with(func(e *boxoffice.Event) { e.Cancelled = true }), true},
		{"cancelled while it was off the market", off, with(func(e *boxoffice.Event) { e.Secondary, e.Cancelled = false, true }), false},
		{"another configuration", game, with(func(e *boxoffice.Event) { e.ConfigurationCode = "C2" }), false},
		{"other price types and company", game, with(func(e *boxoffice.Event) {
			e.PriceTypes, e.Associations = map[string]string{"A": "Adult"}, []boxoffice.Association{{Type: "PARKING"}}
		}), false},
		{"when it is over, while its times are the same", game, with(func(e *boxoffice.Event) { e.Over = evening.At }), false},
	} {
		was, is := tt.before.Billing(), tt.after.Billing()
		for _, what := range []boxoffice.What{boxoffice.Renamed, boxoffice.Rescheduled, boxoffice.OffSale} {
			if got := tells(boxoffice.Change{Entity: boxoffice.Events, What: what, Version: 2, Was: &was, Is: &is}); got != tt.want {
				t.Errorf("%s (%s): tells = %v; want %v", tt.name, what, got, tt.want)
			}
		}
	}
	for _, tt := range []struct {
		name string
		row  boxoffice.Change
		want bool
	}{
		{"an event that is new", boxoffice.Change{What: boxoffice.Loaded, Version: 1}, true},
		{"tickets that were added to an event", boxoffice.Change{What: boxoffice.Loaded, Version: 2}, false},
		{"a row that does not say how it was", boxoffice.Change{What: boxoffice.Renamed, Version: 2}, true},
	} {
		if got := tells(tt.row); got != tt.want {
			t.Errorf("%s: tells = %v; want %v", tt.name, got, tt.want)
		}
	}
}

// Whatever happens, whoever remembers the last word knows how the seat stands.
func TestTheLastWordIsTheTruth(t *testing.T) {
	var all []boxoffice.Standing
	for _, owner := range []boxoffice.PatronID{"1", "2"} {
		for _, kind := range []boxoffice.HoldKind{boxoffice.Free, boxoffice.HoldLock, boxoffice.HoldOrder, boxoffice.HoldTransfer, boxoffice.HoldVenue} {
			for _, by := range []string{"amtx", "other"} {
				for _, flags := range [][2]bool{{false, false}, {true, false}, {false, true}} {
					all = append(all, boxoffice.Standing{Owner: owner, Hold: kind, By: by, Void: flags[0], Closed: flags[1]})
				}
			}
		}
	}
	for _, view := range []View{{Channel: "amtx"}, {Channel: "amtx", Echo: true}} {
		for _, before := range all {
			for _, after := range all {
				known := view.Of(before)
				if word, speaks := view.Hear(before, after); speaks {
					known = word.Status
				}
				if known != view.Of(after) {
					t.Fatalf("%+v knows %s after %+v became %+v; it is %s", view, known, before, after, view.Of(after))
				}
			}
		}
	}
}
