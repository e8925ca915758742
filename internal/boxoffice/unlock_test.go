package boxoffice_test

import (
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestUnlockJudgesEachTicket(t *testing.T) {
	for _, tt := range []struct {
		name     string
		ticket   boxoffice.Ticket
		refused  string
		written  string
		conflict bool
	}{
		{"locked by us", held(boxoffice.HoldLock, "ours", free("A")), "", "unlock A 2", false},
		{"locked by us and void since", void(held(boxoffice.HoldLock, "ours", free("A"))), "", "unlock A 2", false},
		{"not locked", free("A"), "", "", false},
		{"in a pending transfer is not locked", held(boxoffice.HoldTransfer, "T-1", free("A")), "", "", false},
		{"held by the venue is not locked", held(boxoffice.HoldVenue, "desk", free("A")), "", "", false},
		{"locked by another channel", held(boxoffice.HoldLock, "theirs", free("A")), "A TOKEN_LOCKED", "", true},
		{"in an order being processed", held(boxoffice.HoldOrder, "P-1", free("A")), "A TOKEN_NOT_AVAILABLE", "", true},
		{"unknown", free("B"), "A TOKEN_NOT_FOUND", "", false},
		{"of an organization that is not granted", at(abroad, held(boxoffice.HoldLock, "ours", free("A"))), "A TOKEN_NOT_FOUND", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.ticket)
			got, err := d.Unlock(t.Context(), caller("ours", home), []boxoffice.Token{"A"})
			if err != nil || refusals(got.Refused) != tt.refused || (tokens(got.Done) == "A of 10") != (tt.refused == "") {
				t.Errorf("Unlock did %q and refused %q, %v; want it refused %q", tokens(got.Done), refusals(got.Refused), err, tt.refused)
			}
			if written := strings.Join(d.what(), ", "); written != tt.written {
				t.Errorf("journal has %q; want %q", written, tt.written)
			}
			if got.AllInConflict() != tt.conflict {
				t.Errorf("AllInConflict() = %v; want %v", got.AllInConflict(), tt.conflict)
			}
		})
	}
}

func TestUnlockIsNoConflictWhereAnythingElseIs(t *testing.T) {
	theirs := held(boxoffice.HoldLock, "theirs", free("A"))
	for _, tt := range []struct {
		name   string
		tokens []boxoffice.Token
		want   bool
	}{
		{"all held by others", []boxoffice.Token{"A", "B"}, true},
		{"one unknown", []boxoffice.Token{"A", "X"}, false},
		{"one done", []boxoffice.Token{"A", "C"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, theirs, held(boxoffice.HoldOrder, "P-1", free("B")), free("C"))
			got, err := d.Unlock(t.Context(), caller("ours"), tt.tokens)
			if err != nil || got.AllInConflict() != tt.want {
				t.Errorf("AllInConflict() = %v, %v; want %v", got.AllInConflict(), err, tt.want)
			}
		})
	}
}
