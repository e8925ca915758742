package boxoffice_test

import (
	"fmt"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestSeatsOfARange(t *testing.T) {
	manifest := boxoffice.Manifest{Areas: []boxoffice.Area{{Code: "One", Sections: []boxoffice.Section{{
		Section: "One:2", Rows: []boxoffice.Row{{Row: "12", Seats: []string{"1", "3", "5", "2", "4", "A-8", "A9"}}},
	}}}}}
	for _, tt := range []struct {
		name, seats string
		facility    string
		want        string // "" when something is refused
	}{
		{"one seat", "8", "", "[S8]"},
		{"a range counts as people do", "8-10", "", "[S8 S9 S10]"},
		{"a range the other way round", "10-8", "", "[S8 S9 S10]"},
		{"a list", "10, 8", "", "[S10 S8]"},
		{"a list with a range, none twice", "9,8-10", "", "[S9 S8 S10]"},
		{"a seat that looks like a range", "A-8", "", "[SA-8]"},
		{"a range to such a seat", "10-A-8", "", "[S10 SA-8]"},
		{"a range goes by the manifest", "3-2", "H", "[S3 S5 S2]"},
		{"one with a hyphen in the manifest", "A-8", "H", "[SA-8]"},
		{"a seat of the manifest without a ticket", "4-A9", "H", ""},
		{"a range that leads nowhere", "8-77", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var tickets []boxoffice.Ticket
			for _, seat := range []string{"1", "2", "3", "4", "5", "8", "9", "10", "A-8"} {
				tickets = append(tickets, inRow(seat))
			}
			d := newDesk(t, tickets...)
			d.manifests["H"] = manifest
			e := d.events[game]
			e.FacilityCode = tt.facility
			d.events[game] = e
			got, err := d.Give(t.Context(), caller("ours"), bySeats(tt.seats))
			if tt.want == "" {
				if err != nil || len(got.Refused) == 0 {
					t.Errorf("Give(%s) = %+v, %v; want a refusal", tt.seats, got, err)
				}
				return
			}
			if err != nil || fmt.Sprint(got.Transfer.Tokens) != tt.want {
				t.Errorf("Give(%s) = %v, %s, %v; want %s", tt.seats, got.Transfer.Tokens, refusals(got.Refused), err, tt.want)
			}
		})
	}
}
