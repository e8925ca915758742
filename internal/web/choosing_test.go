package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

func (accountBook) Plan(context.Context, boxoffice.EventID) (boxoffice.Manifest, error) {
	return boxoffice.Manifest{}, fault.ManifestUnknown
}

// choosingBook is an account with many seats in a hall that has a plan.
type choosingBook struct {
	accountBook
	holdings []boxoffice.Holding
	plan     func() (boxoffice.Manifest, error)
	bounds   []boxoffice.Bounds
}

func (b *choosingBook) Holdings(_ context.Context, _ []boxoffice.Account, within boxoffice.Bounds) ([]boxoffice.Holding, error) {
	b.bounds = append(b.bounds, within)
	return b.holdings, nil
}

func (b *choosingBook) Plan(context.Context, boxoffice.EventID) (boxoffice.Manifest, error) {
	return b.plan()
}

// choosingSeats are two rows of one section, a seat of another, and two places on the
// lawn, which is on no plan.
func choosingSeats() []boxoffice.Holding {
	seat := func(section, row, seat string, state boxoffice.HoldingState) boxoffice.Holding {
		return boxoffice.Holding{
			Account: adaAccount, Token: boxoffice.Token(section + row + seat), Event: "999:F:1", EventName: "Badgers at Otters", FacilityName: "Meridian Stadium",
			Section: section, Row: row, Seat: seat, State: state, Resale: true, Currency: "USD", Face: 12050,
		}
	}
	all := []boxoffice.Holding{
		seat("ES:9", "12", "7", boxoffice.HoldingFree), seat("ES:9", "12", "8", boxoffice.HoldingFree), seat("ES:9", "12", "9", boxoffice.HoldingLocked),
		seat("ES:9", "13", "7", boxoffice.HoldingSent),
		seat("U:100", "AA", "1", boxoffice.HoldingFree),
		seat("LAWN:1", "GA", "31", boxoffice.HoldingFree), seat("LAWN:1", "GA", "32", boxoffice.HoldingHeld),
	}
	for i := range all {
		if all[i].Row == "GA" {
			all[i].SeatingType = "GA"
		}
	}
	all[3].Listing, all[4].Resale = "L1", false
	return all
}

func choosingHall() (boxoffice.Manifest, error) {
	square := func(name string, x, y int) boxoffice.Section {
		return boxoffice.Section{Section: name, Outline: []boxoffice.Point{{x, y}, {x + 140, y}, {x + 140, y + 90}, {x, y + 90}}}
	}
	var m boxoffice.Manifest
	for level, name := range []string{"ES", "WS", "U"} {
		area := boxoffice.Area{Code: name}
		for i := range 9 {
			number := i + 1
			if name == "U" {
				number += 99
			}
			area.Sections = append(area.Sections, square(fmt.Sprintf("%s:%d", name, number), i*160, level*110))
		}
		m.Areas = append(m.Areas, area)
	}
	m.Areas = append(m.Areas, boxoffice.Area{Code: "LAWN", Sections: []boxoffice.Section{{Section: "LAWN:1"}}})
	return m, nil
}

func newChoosingScene(t *testing.T) (*accountScene, *choosingBook) {
	t.Helper()
	s := newAccountScene(t)
	book := &choosingBook{accountBook: accountBook{page: "https://row.example.com/sell"}, holdings: choosingSeats(), plan: choosingHall}
	s.open(Options{Accounts: book})
	s.signIn("")
	return s, book
}

func TestSeatsAreInTheirRowsAndSections(t *testing.T) {
	events := seatsByEvent(choosingSeats(), 999)
	var told []string
	for _, e := range events {
		for _, section := range e.Sections {
			told = append(told, fmt.Sprintf("%s (%d free, whole: %v)", section.Name, section.Free, section.Whole()))
			for _, row := range section.Rows {
				told = append(told, fmt.Sprintf("  %s (whole: %v)", row.Name, row.Whole(section)))
				for _, seat := range row.Seats {
					told = append(told, fmt.Sprintf("    %s: %s, else %s, %v", seat.Seat, seat.State, seat.Else, seat.Choose))
				}
			}
		}
	}
	want := `Level ES, Section 9 (3 free, whole: true)
  Row 12 (whole: true)
    Seat 7: free, else free, true
    Seat 8: free, else free, true
    Seat 9: on sale, else free, false
  Row 13 (whole: false)
    Seat 7: sent to a marketplace, else sent to a marketplace, true
Level U, Section 100 (1 free, whole: false)
  Row AA (whole: false)
    Seat 1: not for resale, else not for resale, true
Level LAWN, Section 1 (1 free, whole: false)
   (whole: false)
    Number 31: free, else free, true
    Number 32: held by the venue, else free, false`
	if got := strings.Join(told, "\n"); got != want {
		t.Errorf("the seats are in this order:\n%s\nwant:\n%s", got, want)
	}
	if other := seatsByEvent(choosingSeats(), access.OrganizationID(1)); len(other) != 0 {
		t.Errorf("another organization's seats are %v", other)
	}
}

func TestAPageHasAPart(t *testing.T) {
	s, book := newChoosingScene(t)
	book.holdings = make([]boxoffice.Holding, boxoffice.MostHoldings)
	for i := range book.holdings {
		book.holdings[i] = choosingSeats()[0]
	}
	for query, want := range map[string]struct {
		from  int
		links []string
	}{
		"":           {0, []string{`href="/myaccount?from=500">More`}},
		"?from=500":  {500, []string{`href="/myaccount?from=0">The seats before`, `href="/myaccount?from=1000">More`}},
		"?from=-7":   {0, []string{"More seats"}},
		"?from=<&>":  {0, []string{"More seats"}},
		"?from=1e99": {0, []string{"More seats"}},
	} {
		book.bounds = nil
		body := s.ask(accountPath+strings.NewReplacer("<&>", url.QueryEscape("<&>")).Replace(query), nil).Body.String()
		if len(book.bounds) != 1 || book.bounds[0].From != want.from || book.bounds[0].Limit != 500 {
			t.Errorf("%q asks for %v", query, book.bounds)
		}
		for _, link := range want.links {
			if !strings.Contains(body, link) {
				t.Errorf("%q has no %s", query, link)
			}
		}
	}
}
