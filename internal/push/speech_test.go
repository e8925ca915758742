package push

import (
	"testing"

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
