package boxoffice_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

func TestCatalogShowsWhatMayBeSoldAgain(t *testing.T) {
	on := func(id string, change func(*boxoffice.Event)) boxoffice.Event {
		e := boxoffice.Event{ID: boxoffice.EventID(id), Organization: home, Season: "F26", FacilityCode: "ABC", Secondary: true}
		e.Start.At = time.Date(2026, 5, 21, 20, 30, 0, 0, time.UTC)
		if change != nil {
			change(&e)
		}
		return e
	}
	events := []boxoffice.Event{
		on("game", nil),
		on("earlier", func(e *boxoffice.Event) { e.Start.At = e.Start.At.Add(-time.Hour) }),
		on("same time", nil),
		on("that day, some time", func(e *boxoffice.Event) { e.Start = boxoffice.When{Date: "2026-05-21"} }),
		on("some day", func(e *boxoffice.Event) { e.Start = boxoffice.When{} }),
		on("other season", func(e *boxoffice.Event) { e.Season, e.Start.At = "F27", e.Start.At.AddDate(1, 0, 0) }),
		on("other place", func(e *boxoffice.Event) { e.FacilityCode, e.Start.At = "DEF", e.Start.At.AddDate(2, 0, 0) }),
		on("over", func(e *boxoffice.Event) { e.Over = noon }),
		on("cancelled", func(e *boxoffice.Event) { e.Cancelled = true }),
		on("not again", func(e *boxoffice.Event) { e.Secondary = false }),
	}
	for _, tt := range []struct {
		name  string
		query boxoffice.CatalogQuery
		want  string
	}{
		{"everything, by date, time and id", boxoffice.CatalogQuery{}, "some day, earlier, game, same time, that day, some time, other season, other place"},
		{"from that day on, without what has no date", boxoffice.CatalogQuery{From: "2026-05-21"}, "earlier, game, same time, that day, some time, other season, other place"},
		{"from the next day on", boxoffice.CatalogQuery{From: "2026-05-22"}, "other season, other place"},
		{"of a season", boxoffice.CatalogQuery{Season: "F27"}, "other season"},
		{"of a place", boxoffice.CatalogQuery{Facility: "DEF"}, "other place"},
		{"of nothing", boxoffice.CatalogQuery{Season: "F27", Facility: "DEF"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			clear(d.events)
			for _, e := range events {
				d.events[e.ID] = e
			}
			got, err := d.Office.Catalog(t.Context(), caller("ours"), home, tt.query)
			var ids []string
			for _, e := range got.Events {
				ids = append(ids, string(e.ID))
			}
			if err != nil || strings.Join(ids, ", ") != tt.want {
				t.Errorf("Catalog = %q, %v; want %q", strings.Join(ids, ", "), err, tt.want)
			}
		})
	}
}

// What is made of a program is kept beside it, so it must be another one as soon as an
// event is over, though nothing was written, and when the catalog was changed.
func TestAProgramIsTheSameAsLongAsTheSameIsOffered(t *testing.T) {
	d := newDesk(t)
	clear(d.events)
	tonight := boxoffice.Event{ID: "tonight", Organization: home, Secondary: true, Over: noon.Add(time.Hour)}
	later := boxoffice.Event{ID: "later", Organization: home, Secondary: true}
	d.events[tonight.ID], d.events[later.ID] = tonight, later
	var last *boxoffice.Program
	for _, step := range []struct {
		what   string
		change func()
		same   bool
		want   int
	}{
		{"at noon", func() {}, false, 2},
		{"asked again", func() {}, true, 2},
		{"a moment before an event is over", func() { d.now = tonight.Over.Add(-time.Microsecond) }, true, 2},
		{"when it is over", func() { d.now = tonight.Over }, false, 1},
		{"an hour later", func() { d.now = d.now.Add(time.Hour) }, true, 1},
		{"by a clock that is behind", func() { d.now = noon }, false, 2},
		{"after a change", func() {
			org := d.orgs[home]
			org.CatalogVersion++
			d.orgs[home] = org
			delete(d.events, tonight.ID)
		}, false, 1},
	} {
		step.change()
		got, err := d.Office.Catalog(t.Context(), caller("ours"), home, boxoffice.CatalogQuery{})
		if err != nil || len(got.Events) != step.want || (got == last) != step.same {
			t.Errorf("%s: %d events, the same program: %v, %v; want %d, %v", step.what, len(got.Events), got == last, err, step.want, step.same)
		}
		last = got
	}
}

func TestCatalogIsForWhomItIsGranted(t *testing.T) {
	d := newDesk(t)
	if _, err := d.Office.Catalog(t.Context(), caller("ours", home), away, boxoffice.CatalogQuery{}); !errors.Is(err, fault.NotPermitted) {
		t.Errorf("Catalog of one not granted = %v; want NOT_PERMITTED", err)
	}
	if _, err := d.Office.Catalog(t.Context(), caller("ours", home), 7, boxoffice.CatalogQuery{}); !errors.Is(err, fault.OrganizationUnknown) {
		t.Errorf("Catalog of one that is not = %v; want ORGANIZATION_NOT_FOUND", err)
	}
}

func TestListingShowsWhatCanBeLocked(t *testing.T) {
	resold := free("R")
	resold.Owner = "11"
	d := newDesk(t, at(later, free("A")), free("B"), ours("C"), held(boxoffice.HoldLock, "theirs", free("D")), resold, void(free("V")), at(later, free("E")))
	listing := boxoffice.Listing{
		ID: "A3qnemZ", Organization: home, Channel: "ours", Patron: "10", Expires: noon.Add(time.Microsecond),
		Tokens: []boxoffice.Token{"A", "B", "C", "D", "R", "V", "X", "E"},
	}
	d.listings["A3qnemZ"] = listing
	got, err := d.Office.Listing(t.Context(), caller("ours"), "A3qnemZ")
	var groups []string
	for _, g := range got.Groups {
		var seats []string
		for _, ticket := range g.Tickets {
			seats = append(seats, string(ticket.Token))
		}
		groups = append(groups, string(g.Event)+" "+g.Season+" "+g.Item+": "+strings.Join(seats, " "))
	}
	if got, want := strings.Join(groups, "; "), "998:F27:F01 F27 F01: A E; 998:F26:F01 F26 F01: B C"; err != nil || got != want {
		t.Errorf("Listing = %q, %v; want %q", got, err, want)
	}

	for _, tt := range []struct {
		name   string
		change func(*boxoffice.Listing)
		id     boxoffice.ListingID
	}{
		{"unknown", func(*boxoffice.Listing) {}, "none"},
		{"of another channel", func(l *boxoffice.Listing) { l.Channel = "theirs" }, "A3qnemZ"},
		{"of an organization not granted", func(l *boxoffice.Listing) { l.Organization = 7 }, "A3qnemZ"},
		{"expired", func(l *boxoffice.Listing) { l.Expires = noon }, "A3qnemZ"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := listing
			tt.change(&changed)
			d.listings["A3qnemZ"] = changed
			if _, err := d.Office.Listing(t.Context(), caller("ours"), tt.id); !errors.Is(err, fault.ListingUnknown) {
				t.Errorf("Listing = %v; want LISTING_NOT_FOUND", err)
			}
		})
	}
}
