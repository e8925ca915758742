package house_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestTokensSeatsAndBarcodesAreUnique(t *testing.T) {
	type seat struct {
		event              boxoffice.EventID
		section, row, seat string
	}
	for name, m := range houses(t) {
		t.Run(name, func(t *testing.T) {
			seats := make(map[seat]bool, len(m.tickets))
			barcodes := make(map[boxoffice.EventBarcode]bool, len(m.tickets))
			for _, x := range m.tickets {
				seats[seat{x.Event, x.Section, x.Row, x.Seat}] = true
				barcodes[boxoffice.EventBarcode{Event: x.Event, Barcode: x.Barcode}] = true
			}
			if n := len(m.tickets); len(m.ticket) != n || len(seats) != n || len(barcodes) != n {
				t.Errorf("%d tickets have %d tokens, %d seats, %d barcodes", n, len(m.ticket), len(seats), len(barcodes))
			}
		})
	}
}

func TestTicketsComeByEventAndSectionWithAscendingTokens(t *testing.T) {
	for name, m := range houses(t) {
		t.Run(name, func(t *testing.T) {
			if !slices.IsSortedFunc(m.events, func(a, b boxoffice.Event) int { return strings.Compare(string(a.ID), string(b.ID)) }) {
				t.Error("events are not in the order of their ids")
			}
			type part struct {
				event   boxoffice.EventID
				section string
			}
			done := map[part]bool{}
			var last boxoffice.Ticket
			for _, x := range m.tickets {
				if x.Event < last.Event || x.Organization == last.Organization && x.Token <= last.Token {
					t.Fatalf("%s %s comes after %s %s", x.Event, x.Token, last.Event, last.Token)
				}
				if x.Event == last.Event && x.Section == last.Section && x.Row == last.Row && number(t, x.Seat) <= number(t, last.Seat) {
					t.Fatalf("%s %s: seat %s comes after seat %s", x.Section, x.Row, x.Seat, last.Seat)
				}
				if at := (part{x.Event, x.Section}); x.Event != last.Event || x.Section != last.Section {
					if done[at] {
						t.Fatalf("section %s of %s comes twice", x.Section, x.Event)
					}
					done[at] = true
				}
				last = x
			}
		})
	}
}

func number(t *testing.T, seat string) int {
	t.Helper()
	n, err := strconv.Atoi(seat)
	if err != nil {
		t.Fatalf("seat %q is not a number", seat)
	}
	return n
}

func TestEveryTicketIsWellFormed(t *testing.T) {
	for name, m := range houses(t) {
		t.Run(name, func(t *testing.T) {
			home := make(map[boxoffice.PatronID]access.OrganizationID, len(m.patrons))
			for _, p := range m.patrons {
				home[p.ID] = p.Organization
			}
			for _, x := range m.tickets {
				e := m.event[x.Event]
				org := strconv.FormatInt(int64(x.Organization), 10)
				level, section, colon := strings.Cut(x.Section, ":")
				wrong := ""
				switch {
				case e.Basis != boxoffice.Single || e.Organization != x.Organization:
					wrong = "event"
				case !isCode(string(x.Token), org, 14, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"):
					wrong = "token"
				case !isCode(string(x.Barcode), org, 13, "0123456789"):
					wrong = "barcode"
				case !colon || level == "" || section == "":
					wrong = "section"
				case x.Row == "" || (x.Row == "GA") != (x.SeatingType == "GA"):
					wrong = "row"
				case x.SeatingType != "GA" && x.SeatingType != "RESERVED":
					wrong = "seating type"
				case x.AssociationType != "" && x.AssociationType != "VIP" && x.AssociationType != "CLUB":
					wrong = "association type"
				case e.PriceTypes[x.PriceType] == "":
					wrong = "price type"
				case x.PriceLevel < 1 || x.Face <= 0:
					wrong = "price"
				case home[x.Owner] != x.Organization:
					wrong = "owner"
				case x.Void || x.Hold != (boxoffice.Hold{}) || x.Version != 0 || x.Owned != 0:
					wrong = "state"
				}
				if wrong != "" {
					t.Fatalf("wrong %s: %+v", wrong, x)
				}
			}
		})
	}
}

// isCode reports whether code is the prefix and n characters of the alphabet.
func isCode(code, prefix string, n int, alphabet string) bool {
	rest, ok := strings.CutPrefix(code, prefix)
	return ok && len(rest) == n && strings.Trim(rest, alphabet) == ""
}

func TestSeasonHoldersHaveTheSameSeatsAtEveryGame(t *testing.T) {
	type seat struct{ venue, section, row, seat string }
	for name, m := range houses(t) {
		t.Run(name, func(t *testing.T) {
			holder := map[seat]boxoffice.PatronID{}
			season := 0
			for _, x := range m.tickets {
				if x.PriceType != "S" {
					continue
				}
				season++
				e := m.event[x.Event]
				at := seat{e.FacilityCode + e.ConfigurationCode, x.Section, x.Row, x.Seat}
				if had, ok := holder[at]; ok && had != x.Owner {
					t.Fatalf("%+v is a season seat of %s and of %s", at, had, x.Owner)
				}
				holder[at] = x.Owner
			}
			if season*4 < len(m.tickets) || season*4 > 3*len(m.tickets) {
				t.Errorf("%d of %d tickets are season tickets, want a quarter to three quarters", season, len(m.tickets))
			}
		})
	}
}
