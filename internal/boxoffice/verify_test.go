package boxoffice_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// verified tells of groups: event, seats and refusals of each.
func verified(groups []boxoffice.Verified) string {
	var out []string
	for _, g := range groups {
		var seats []string
		for _, s := range g.Seats {
			seats = append(seats, fmt.Sprintf("%s@%s/%s", s.Ticket.Token, s.Season, s.Item))
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s [%s] %s", g.Event, strings.Join(seats, " "), refusals(g.Refused))))
	}
	return strings.Join(out, "; ")
}

func TestVerify(t *testing.T) {
	locked, stranger := held(boxoffice.HoldLock, "theirs", free("L")), at(abroad, free("S"))
	over := at(later, free("O"))
	byToken := func(event boxoffice.EventID, tokens ...boxoffice.Token) boxoffice.VerifyGroup {
		return boxoffice.VerifyGroup{Event: event, Tokens: tokens}
	}
	byCode := func(event boxoffice.EventID, codes ...boxoffice.Barcode) boxoffice.VerifyGroup {
		return boxoffice.VerifyGroup{Event: event, Barcodes: codes}
	}
	for _, tt := range []struct {
		name   string
		groups []boxoffice.VerifyGroup
		want   string
	}{
		{"a token", []boxoffice.VerifyGroup{byToken("", "A")}, "998:F26:F01 [A@F26/F01]"},
		{"a token at its event", []boxoffice.VerifyGroup{byToken(game, "A")}, "998:F26:F01 [A@F26/F01]"},
		{"locks and the date do not matter", []boxoffice.VerifyGroup{byToken(game, "L"), byToken(later, "O")}, "998:F26:F01 [L@F26/F01]; 998:F27:F01 [O@F27/F01]"},
		{"a token of another event", []boxoffice.VerifyGroup{byToken(later, "A")}, "998:F27:F01 [] A TOKEN_NOT_FOUND"},
		{"a void one", []boxoffice.VerifyGroup{byToken(game, "V")}, "998:F26:F01 [] V TOKEN_NOT_FOUND"},
		{"unknown without an event", []boxoffice.VerifyGroup{byToken("", "X", "A")}, " [] X TOKEN_NOT_FOUND; 998:F26:F01 [A@F26/F01]"},
		{"one that may not be seen", []boxoffice.VerifyGroup{byToken(abroad, "S"), byCode(abroad, "998S")}, "999:F26:F01 [] S TOKEN_NOT_FOUND, 998S BARCODE_INVALID"},
		{"a barcode answers with its token", []boxoffice.VerifyGroup{byCode(game, "998A")}, "998:F26:F01 [A@F26/F01]"},
		{"a barcode of another event", []boxoffice.VerifyGroup{byCode(later, "998A")}, "998:F27:F01 [] 998A BARCODE_INVALID"},
		{"a barcode of a void ticket", []boxoffice.VerifyGroup{byCode(game, "998V")}, "998:F26:F01 [] 998V BARCODE_INVALID"},
		{"groups of one event are merged and a ticket answers once", []boxoffice.VerifyGroup{byToken(game, "A", "A"), byToken("", "O"), byCode(game, "998A", "998L")},
			"998:F26:F01 [A@F26/F01 L@F26/F01]; 998:F27:F01 [O@F27/F01]"},
		{"events in the order of first mention", []boxoffice.VerifyGroup{byToken(later, "X"), byToken(game, "A"), byToken(later, "O")},
			"998:F27:F01 [O@F27/F01] X TOKEN_NOT_FOUND; 998:F26:F01 [A@F26/F01]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, free("A"), locked, void(free("V")), over, stranger)
			e := d.events[later]
			e.Over, e.Cancelled = noon, true
			d.events[later] = e
			got, err := d.Verify(t.Context(), caller("ours", home), tt.groups)
			if want := strings.TrimSpace(tt.want); err != nil || verified(got) != want {
				t.Errorf("Verify = %q, %v; want %q", verified(got), err, want)
			}
		})
	}
}
