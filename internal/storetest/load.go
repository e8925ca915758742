package storetest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var loads = []clause{
	{"a row that is there and not as it is loaded is an error that names it", loadDiffers},
	{"a ticket that was traded is compared in what trade leaves alone", loadAfterTrade},
	{"a load again writes no row of the journal", loadAgain},
	{"a load that was broken off is in the journal when it is finished", loadBrokenOff},
	{"a load knows the events that are there whole", loadKnowsEvents},
	{"a comparer finds a seat and a barcode that are taken, and writes nothing", comparerWritesNothing},
	{"a manifest is the season's own, else the one for every season", manifestOfSeason},
}

// A cottage is one row of each kind.
type cottage struct {
	organization boxoffice.Organization
	season       boxoffice.Season
	manifest     boxoffice.Manifest
	event        boxoffice.Event
	patron       boxoffice.Patron
	ticket       boxoffice.Ticket
	listing      boxoffice.Listing
}

func newCottage() *cottage {
	at := time.Date(2026, time.May, 4, 5, 6, 7, 0, time.UTC)
	return &cottage{
		organization: boxoffice.Organization{ID: 7, Name: "Seven", DistributorCode: "SEVN", Zone: "UTC", Currency: "USD", Pages: []string{"https://seven.example"}},
		season:       boxoffice.Season{Organization: 7, Code: "F26", Name: "Fall"},
		manifest: boxoffice.Manifest{Organization: 7, Facility: "H", FacilityName: "Hall", Configuration: "C", Changed: at, Areas: []boxoffice.Area{{
			Code: "U", Sections: []boxoffice.Section{{Section: "U:1", Rows: []boxoffice.Row{{Row: "A", Seats: []string{"1", "A-8"}, From: &boxoffice.Point{1, 2}}}}},
		}}},
		event:   boxoffice.Event{ID: "7:F26:F01", Organization: 7, Season: "F26", Item: "F01", Basis: boxoffice.Single, Name: "Game", Secondary: true},
		patron:  boxoffice.Patron{ID: "70", Organization: 7, Since: at, Contact: mailed("seven@example.com"), Keys: []boxoffice.PersonKey{"mail seven@example.com"}},
		ticket:  boxoffice.Ticket{Token: "7A", Organization: 7, Event: "7:F26:F01", Section: "U:1", Row: "A", Seat: "1", Owner: "70", Barcode: "70001", Attributes: []string{"ADA"}},
		listing: boxoffice.Listing{ID: "L7", Organization: 7, Channel: "amtx", Patron: "70", Tokens: []boxoffice.Token{"7A"}, Created: at, Expires: at.AddDate(0, 1, 0)},
	}
}

// load loads the cottage to its end. Errors come late, so the first is returned.
func (c *cottage) load(ctx context.Context, l boxoffice.Loader) error {
	return cmp.Or(
		l.Organizations(ctx, []boxoffice.Organization{c.organization}), l.Seasons(ctx, []boxoffice.Season{c.season}),
		l.Manifests(ctx, []boxoffice.Manifest{c.manifest}), l.Events(ctx, []boxoffice.Event{c.event}), l.Patrons(ctx, []boxoffice.Patron{c.patron}),
		l.Tickets(ctx, []boxoffice.Ticket{c.ticket}), l.Listings(ctx, []boxoffice.Listing{c.listing}), l.Finish(ctx))
}

func loadDiffers(t *testing.T, f Fixture) {
	s, ctx := at(t, f, f.Open(t, Options{})), t.Context()
	must(t, "load", newCottage().load(ctx, s.store.NewLoader()))
	before := tables(t, s)
	for _, tt := range []struct {
		kind, key, column, books, given string
		change                          func(*cottage)
	}{
		{"organization", "7", "name", "Seven", "Usurper", func(c *cottage) { c.organization.Name = "Usurper" }},
		{"organization", "7", "pages", `["https://seven.example"]`, "", func(c *cottage) { c.organization.Pages = nil }},
		{"season", "7 F26", "name", "Fall", "Autumn", func(c *cottage) { c.season.Name = "Autumn" }},
		{"manifest", "7 H C ", "areas", "", "", func(c *cottage) { c.manifest.Areas[0].Code = "L" }},
		{"event", "7:F26:F01", "name", "Game", "Match", func(c *cottage) { c.event.Name = "Match" }},
		{"patron", "7 70", "a name or an address", "", "", func(c *cottage) { c.patron.Contact.LastName = "Usurper" }},
		{"ticket", "7A", "owner", "70", "71", func(c *cottage) { c.ticket.Owner = "71" }},
		{"ticket", "7A", "barcode", "", "", func(c *cottage) { c.ticket.Barcode = "other" }},
		{"ticket", "7A", "attributes", `["ADA"]`, "", func(c *cottage) { c.ticket.Attributes = nil }},
		{"ticket", "7A", "held", "", "box", func(c *cottage) { c.ticket.Hold = boxoffice.Hold{Kind: boxoffice.HoldVenue, By: "box"} }},
		{"listing", "L7", "channel", "amtx", "other", func(c *cottage) { c.listing.Channel = "other" }},
	} {
		want := boxoffice.Differences{{Kind: tt.kind, Key: tt.key, Column: tt.column, Books: tt.books, Load: tt.given}}
		for name, l := range map[string]Loader{"loader": s.store.NewLoader(), "comparer": s.store.NewComparer()} {
			changed := newCottage()
			tt.change(changed)
			got, ok := errors.AsType[boxoffice.Differences](changed.load(ctx, l))
			if diff := gocmp.Diff(want, got); !ok || diff != "" {
				t.Errorf("%s of another %s of the %s (-want +got):\n%s", name, tt.column, tt.kind, diff)
			}
		}
	}
	if diff := gocmp.Diff(before, tables(t, s)); diff != "" {
		t.Errorf("a refused load changed the books (-before +after):\n%s", diff)
	}
}

// tables counts the rows that a load may write, and sums up the versions.
func tables(t *testing.T, s *scene) map[string]int64 {
	t.Helper()
	eventually(t, "every batch has its position", func() bool { return number(t, s.db, `SELECT COUNT(*) FROM batch WHERE position IS NULL`) == 0 })
	counts := map[string]int64{}
	for _, count := range []string{
		`SELECT COUNT(*) FROM organization`, `SELECT COUNT(*) FROM season`, `SELECT COUNT(*) FROM manifest`, `SELECT COUNT(*) FROM event`,
		`SELECT COUNT(*) FROM patron`, `SELECT COUNT(*) FROM patron_key`, `SELECT COUNT(*) FROM ticket`, `SELECT COUNT(*) FROM listing`,
		`SELECT COUNT(*) FROM journal`, `SELECT COUNT(*) FROM batch`, `SELECT position FROM head`,
		`SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM event`, `SELECT CAST(COALESCE(SUM(catalog_version), 0) AS BIGINT) FROM organization`,
		`SELECT CAST(COALESCE(SUM(next), 0) AS BIGINT) FROM series WHERE name = 'patron'`,
	} {
		counts[count] = number(t, s.db, count)
	}
	return counts
}

func loadAfterTrade(t *testing.T, f Fixture) {
	s, ctx := at(t, f, f.Open(t, Options{})), t.Context()
	must(t, "load", newCottage().load(ctx, s.store.NewLoader()))
	must(t, "hold a ticket", s.store.Do(ctx, touch("7A")))
	before := tables(t, s)
	must(t, "load again", newCottage().load(ctx, s.store.NewLoader()))
	if diff := gocmp.Diff(before, tables(t, s)); diff != "" {
		t.Errorf("the load again changed the books (-before +after):\n%s", diff)
	}
	changed := newCottage()
	changed.ticket.Face = 1
	err := changed.load(ctx, s.store.NewLoader())
	if got, ok := errors.AsType[boxoffice.Differences](err); !ok || got[0].Column != "face in minor units" {
		t.Errorf("a load with another face = %v; want that difference", err)
	}
	if held := s.ticket("7A").Hold; held.Kind != boxoffice.HoldVenue {
		t.Errorf("after the loads the ticket's hold is %+v; want the venue's", held)
	}
}

func loadAgain(t *testing.T, f Fixture) {
	s, ctx := at(t, f, f.Open(t, Options{})), t.Context()
	must(t, "load", newCottage().load(ctx, s.store.NewLoader()))
	before := tables(t, s)
	if before[`SELECT COUNT(*) FROM journal`] != 1 {
		t.Fatalf("a load of one event has %d rows of the journal; want 1", before[`SELECT COUNT(*) FROM journal`])
	}
	for range 2 {
		must(t, "load again", newCottage().load(ctx, s.store.NewLoader()))
	}
	c, l := newCottage(), s.store.NewLoader()
	must(t, "load the event without tickets", l.Events(ctx, []boxoffice.Event{c.event}))
	must(t, "finish", l.Finish(ctx))
	if diff := gocmp.Diff(before, tables(t, s)); diff != "" {
		t.Errorf("the same load again changed the books (-before +after):\n%s", diff)
	}
	s.audit()
}

func loadBrokenOff(t *testing.T, f Fixture) {
	s, ctx := at(t, f, f.Open(t, Options{})), t.Context()
	c := newCottage()
	one, two := c.ticket, c.ticket
	two.Token, two.Seat, two.Barcode = "7B", "A-8", "70002"
	l := s.store.NewLoader()
	must(t, "load an organization", l.Organizations(ctx, []boxoffice.Organization{c.organization}))
	must(t, "load an event", l.Events(ctx, []boxoffice.Event{c.event}))
	must(t, "load a patron", l.Patrons(ctx, []boxoffice.Patron{c.patron}))
	must(t, "load a ticket", l.Tickets(ctx, []boxoffice.Ticket{one}))
	must(t, "wait for the chunk", l.Listings(ctx, nil))
	if _, err := l.Loaded(ctx, nil); err != nil { // which waits too
		t.Fatal(err)
	}
	// The process ends here; another one begins again.
	must(t, "load again", newCottage().load(ctx, again{s.store.NewLoader(), two}))
	var tally boxoffice.Tally
	tally.Add(two)
	tally.Add(one)
	if n := number(t, s.db, `SELECT COUNT(*) FROM journal WHERE what = 'load' AND state = $1`, tally.String()); n != 1 {
		t.Errorf("the journal has the load of both tickets %d times; want once", n)
	}
	s.audit()
}

// again loads one ticket more.
type again struct {
	Loader
	more boxoffice.Ticket
}

func (a again) Tickets(ctx context.Context, rows []boxoffice.Ticket) error {
	return a.Loader.Tickets(ctx, append(slices.Clip(rows), a.more))
}

func loadKnowsEvents(t *testing.T, f Fixture) {
	s, ctx := at(t, f, f.Open(t, Options{})), t.Context()
	must(t, "load", newCottage().load(ctx, s.store.NewLoader()))
	e, ticket := newCottage().event, newCottage().ticket
	whole, other := new(boxoffice.Tally), new(boxoffice.Tally)
	whole.Add(ticket)
	ticket.Face++
	other.Add(ticket)
	for _, tt := range []struct {
		name    string
		tallies map[boxoffice.EventID]*boxoffice.Tally
		want    bool
	}{
		{"the same tickets", map[boxoffice.EventID]*boxoffice.Tally{e.ID: whole}, true},
		{"another ticket", map[boxoffice.EventID]*boxoffice.Tally{e.ID: other}, false},
		{"another event", map[boxoffice.EventID]*boxoffice.Tally{"7:F26:F02": whole}, false},
	} {
		got, err := s.store.NewLoader().Loaded(ctx, tt.tallies)
		if err != nil || got[e.ID] != tt.want {
			t.Errorf("Loaded with %s = %v, %v; want %t", tt.name, got, err, tt.want)
		}
	}
}

func comparerWritesNothing(t *testing.T, f Fixture) {
	s, ctx := at(t, f, f.Open(t, Options{})), t.Context()
	must(t, "compare with empty books", newCottage().load(ctx, s.store.NewComparer()))
	if n := number(t, s.db, `SELECT COUNT(*) FROM organization`); n != 0 {
		t.Fatalf("a comparer wrote %d organizations", n)
	}
	must(t, "load", newCottage().load(ctx, s.store.NewLoader()))
	ticket := newCottage().ticket
	seat, barcode, void := ticket, ticket, ticket
	seat.Token, seat.Barcode = "7B", "70002"
	barcode.Token, barcode.Seat = "7C", "A-8"
	void.Token, void.Barcode, void.Void = "7D", "70004", true
	l := s.store.NewComparer()
	must(t, "compare", l.Tickets(ctx, []boxoffice.Ticket{ticket, seat, barcode, void}))
	got, _ := errors.AsType[boxoffice.Differences](l.Finish(ctx))
	want := boxoffice.Differences{
		{Kind: "ticket", Key: "7B", Column: "seat", Books: "that of ticket 7A", Load: "its own"},
		{Kind: "ticket", Key: "7C", Column: "barcode", Books: "that of ticket 7A", Load: "its own"},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("a comparer found (-want +got):\n%s", diff)
	}
	other := newCottage().organization
	other.ID = 8
	l = s.store.NewComparer()
	must(t, "compare an organization", l.Organizations(ctx, []boxoffice.Organization{other}))
	if got, _ := errors.AsType[boxoffice.Differences](l.Finish(ctx)); len(got) != 1 || got[0].Column != "distributorCode" {
		t.Errorf("a comparer of a distributor code that is taken found %v", got)
	}
}

func manifestOfSeason(t *testing.T, f Fixture) {
	s, ctx := at(t, f, f.Open(t, Options{})), t.Context()
	c := newCottage()
	every, own := c.manifest, c.manifest
	own.Season, own.Areas = "F27", []boxoffice.Area{{Code: "L", Sections: []boxoffice.Section{{Section: "L:1", Rows: []boxoffice.Row{{Row: "GA", Count: 9}}}}}}
	l := s.store.NewLoader()
	must(t, "load an organization", l.Organizations(ctx, []boxoffice.Organization{c.organization}))
	must(t, "load manifests", l.Manifests(ctx, []boxoffice.Manifest{own, every}))
	must(t, "finish", l.Finish(ctx))
	for season, want := range map[string]boxoffice.Manifest{"F26": every, "": every, "F27": own} {
		got, err := s.store.Manifest(ctx, 7, season, "H", "C")
		if diff := gocmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Manifest of season %q: %v (-want +got):\n%s", season, err, diff)
		}
	}
	for _, name := range [][2]string{{"H", "D"}, {"I", "C"}} {
		if _, err := s.store.Manifest(ctx, 7, "F26", name[0], name[1]); !errors.Is(err, fault.ManifestUnknown) {
			t.Errorf("Manifest(%v) = %v; want %v", name, err, fault.ManifestUnknown)
		}
	}
}
