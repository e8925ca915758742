package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var cabinets = []clause{
	{"rules of an organization count in every process when they are set", rulesCountAtOnce},
	{"a change of rules that is refused changes nothing", refusedRulesChangeNothing},
	{"in another zone events without a time end by it", zoneMovesTheEnd},
	{"listings are told newest first with their tickets", listingsAreTold},
}

func rulesCountAtOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	for _, one := range []*scene{s, beside} {
		_, err := one.store.Catalog(t.Context(), home) // which is kept
		must(t, "Catalog", err)
	}
	want, err := s.store.ChangeOrganization(t.Context(), home, func(o *boxoffice.Organization) error {
		o.Zone, o.StrictSums, o.Review, o.ReviewAbove = "Europe/Vienna", true, boxoffice.ReviewLarge, 777
		o.Pages, o.Callbacks = []string{"https://a.example.com"}, []string{"b.example.com", "c.example.com"}
		return nil
	})
	must(t, "ChangeOrganization", err)
	for _, one := range []*scene{s, beside} {
		got, err := one.store.Organization(t.Context(), home)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Organization: %v (-as it was set +as it is):\n%s", err, diff)
		}
		catalog, err := one.store.Catalog(t.Context(), home)
		if diff := cmp.Diff(want, catalog.Organization); err != nil || diff != "" || len(catalog.Events) != 2 {
			t.Errorf("Catalog has %d events, %v (-as it was set +as it is):\n%s", len(catalog.Events), err, diff)
		}
	}
	all, err := beside.store.Organizations(t.Context())
	if err != nil || len(all) != 2 || all[0].Zone != "Europe/Vienna" || all[1].ID != away || all[1].Zone != "UTC" {
		t.Errorf("Organizations = %+v, %v; want home as it was set, then away as it was", all, err)
	}
}

func refusedRulesChangeNothing(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	before, err := s.store.Organization(t.Context(), home)
	must(t, "Organization", err)
	_, err = s.store.ChangeOrganization(t.Context(), home, func(o *boxoffice.Organization) error {
		o.Zone = "Europe/Vienna"
		return fault.FieldInvalid
	})
	if !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("ChangeOrganization = %v; want the error of the change", err)
	}
	after, err := s.store.Organization(t.Context(), home)
	if diff := cmp.Diff(before, after); err != nil || diff != "" {
		t.Errorf("Organization: %v (-before +after):\n%s", err, diff)
	}
	_, err = s.store.ChangeOrganization(t.Context(), 7, func(*boxoffice.Organization) error {
		t.Error("an organization that is not there was changed")
		return nil
	})
	if !errors.Is(err, fault.OrganizationUnknown) {
		t.Errorf("ChangeOrganization of none = %v; want %v", err, fault.OrganizationUnknown)
	}
}

func zoneMovesTheEnd(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	chicago, vienna := boxoffice.Organization{Zone: "America/Chicago"}, boxoffice.Organization{Zone: "Europe/Vienna"}
	someday, timed := boxoffice.When{Date: "2030-05-04"}, boxoffice.When{At: time.Date(2030, 5, 4, 20, 0, 0, 0, time.UTC)}
	var events []boxoffice.Event
	for item, end := range map[string]boxoffice.When{"TBD": someday, "TIMED": timed} {
		events = append(events, boxoffice.Event{
			ID: boxoffice.NewEventID(home, "F26", item), Organization: home, Season: "F26", Item: item, Basis: boxoffice.Single, Name: "Game",
			Start: someday, End: end, Over: boxoffice.OverAt(someday, end, chicago.Location()), Secondary: true,
		})
	}
	l := s.store.NewLoader()
	must(t, "load events", l.Events(t.Context(), events))
	must(t, "finish the load", l.Finish(t.Context()))
	ends := func() map[string]time.Time {
		catalog, err := s.store.Catalog(t.Context(), home)
		must(t, "Catalog", err)
		over := map[string]time.Time{}
		for _, e := range catalog.Events {
			over[e.Item] = e.Over
		}
		return over
	}
	if n := len(ends()); n != 3 { // two items are F01
		t.Fatalf("void: %d kinds of events are loaded; want 3", n)
	}
	_, err := s.store.ChangeOrganization(t.Context(), home, func(o *boxoffice.Organization) error { o.Zone = vienna.Zone; return nil })
	must(t, "ChangeOrganization", err)
	over := ends()
	if want := boxoffice.OverAt(someday, someday, vienna.Location()); !over["TBD"].Equal(want) || !over["TIMED"].Equal(timed.At) || !over["F01"].IsZero() {
		t.Errorf("the events are over at %v; want the one without a time at %v, and the others as before", over, want)
	}
}

func listingsAreTold(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	for _, enrol := range []string{
		`INSERT INTO application (id, name, epoch) VALUES ('com.example.amtx', '', 1)`,
		`INSERT INTO channel (code, application) VALUES ('amtx', 'com.example.amtx')`,
	} {
		_, err := s.db.ExecContext(t.Context(), enrol)
		must(t, "enrol the channel", err)
	}
	noon := time.Date(2030, 5, 4, 12, 0, 0, 0, time.UTC)
	var want []boxoffice.Listing
	for i, id := range []boxoffice.ListingID{"C", "A", "B"} {
		l := boxoffice.Listing{
			ID: id, Organization: home, Channel: "amtx", Patron: owner, Tokens: []boxoffice.Token{seat(i), seat(7)},
			Created: noon.Add(-time.Duration(i) * time.Minute), Expires: noon.Add(time.Hour),
		}
		must(t, "AddListing", s.store.AddListing(t.Context(), l))
		want = append(want, l)
	}
	err := s.store.AddListing(t.Context(), boxoffice.Listing{ID: "D", Organization: home, Channel: "nobody", Patron: owner, Tokens: []boxoffice.Token{seat(1)}})
	if !errors.Is(err, boxoffice.ErrChannelUnknown) {
		t.Errorf("AddListing for a channel of nobody = %v; want %v", err, boxoffice.ErrChannelUnknown)
	}
	got, view, err := s.store.Listings(t.Context(), 2)
	if diff := cmp.Diff(want[:2], got); err != nil || diff != "" || len(view.Tickets) != 3 || view.Tickets[seat(7)].Event != game {
		t.Errorf("Listings(2) with %d tickets: %v (-want +got):\n%s", len(view.Tickets), err, diff)
	}
	shown, _, err := s.store.Listing(t.Context(), "B")
	if diff := cmp.Diff(want[2], shown); err != nil || diff != "" {
		t.Errorf("Listing: %v (-want +got):\n%s", err, diff)
	}
}
