package house_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/house"
)

// books is a Loader that keeps what it gets, and the order of the calls.
type books struct {
	calls         []string // each once
	organizations []boxoffice.Organization
	seasons       []boxoffice.Season
	manifests     []boxoffice.Manifest
	events        []boxoffice.Event
	patrons       []boxoffice.Patron
	tickets       []boxoffice.Ticket
	listings      []boxoffice.Listing
}

func (b *books) called(name string) error {
	if n := len(b.calls); n == 0 || b.calls[n-1] != name {
		b.calls = append(b.calls, name)
	}
	return nil
}

func (b *books) Organizations(_ context.Context, rows []boxoffice.Organization) error {
	b.organizations = append(b.organizations, rows...)
	return b.called("organizations")
}

func (b *books) Seasons(_ context.Context, rows []boxoffice.Season) error {
	b.seasons = append(b.seasons, rows...)
	return b.called("seasons")
}

func (b *books) Manifests(_ context.Context, rows []boxoffice.Manifest) error {
	b.manifests = append(b.manifests, rows...)
	return b.called("manifests")
}

func (b *books) Events(_ context.Context, rows []boxoffice.Event) error {
	b.events = append(b.events, rows...)
	return b.called("events")
}

func (b *books) Patrons(_ context.Context, rows []boxoffice.Patron) error {
	b.patrons = append(b.patrons, rows...)
	return b.called("patrons")
}

func (b *books) Tickets(_ context.Context, rows []boxoffice.Ticket) error {
	b.tickets = append(b.tickets, rows...)
	return b.called("tickets")
}

func (b *books) Listings(_ context.Context, rows []boxoffice.Listing) error {
	b.listings = append(b.listings, rows...)
	return b.called("listings")
}

func (b *books) Finish(context.Context) error { return b.called("finish") }

// discard is a Loader that keeps nothing but the number of tickets.
type discard struct{ tickets int }

func (*discard) Organizations(context.Context, []boxoffice.Organization) error { return nil }
func (*discard) Seasons(context.Context, []boxoffice.Season) error             { return nil }
func (*discard) Manifests(context.Context, []boxoffice.Manifest) error         { return nil }
func (*discard) Events(context.Context, []boxoffice.Event) error               { return nil }
func (*discard) Patrons(context.Context, []boxoffice.Patron) error             { return nil }
func (d *discard) Tickets(_ context.Context, rows []boxoffice.Ticket) error {
	d.tickets += len(rows)
	return nil
}
func (*discard) Listings(context.Context, []boxoffice.Listing) error { return nil }
func (*discard) Finish(context.Context) error                        { return nil }

// plainKeys uses what identifies a person as the key.
type plainKeys struct{}

func (plainKeys) PersonKeys(c boxoffice.Contact) []boxoffice.PersonKey {
	var keys []boxoffice.PersonKey
	for _, e := range c.Emails {
		keys = append(keys, boxoffice.PersonKey(e.Address))
	}
	for _, p := range c.Phones {
		keys = append(keys, boxoffice.PersonKey(p.Number))
	}
	return keys
}

var now = time.Date(2026, time.September, 8, 15, 4, 5, 0, time.UTC)

// A made house, as the tests look at it.
type made struct {
	books
	demo   house.Demo
	event  map[boxoffice.EventID]boxoffice.Event
	ticket map[boxoffice.Token]boxoffice.Ticket
}

func (m *made) make(ctx context.Context, size house.Size, seed uint64, now time.Time) (err error) {
	if m.demo, err = house.Make(ctx, m, plainKeys{}, size, seed, now, nil); err != nil {
		return err
	}
	m.event = make(map[boxoffice.EventID]boxoffice.Event, len(m.events))
	for _, e := range m.events {
		m.event[e.ID] = e
	}
	m.ticket = make(map[boxoffice.Token]boxoffice.Ticket, len(m.tickets))
	for _, t := range m.tickets {
		m.ticket[t.Token] = t
	}
	return nil
}

// smallHouse is made once for each of the seeds 0 to 3; tests only read it.
func smallHouse(t *testing.T, seed uint64) *made {
	t.Helper()
	m, err := smallHouses[seed]()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var smallHouses = [...]func() (*made, error){once(house.Small, 0), once(house.Small, 1), once(house.Small, 2), once(house.Small, 3)}

// defaultHouse is made once for all tests, which only read it.
var defaultHouse = once(house.Default, 1)

func once(size house.Size, seed uint64) func() (*made, error) {
	return sync.OnceValues(func() (*made, error) {
		m := &made{}
		err := m.make(context.Background(), size, seed, now)
		return m, err
	})
}

// houses are the small ones and the default one, by name.
func houses(t *testing.T) map[string]*made {
	t.Helper()
	all := map[string]*made{}
	for seed := range smallHouses {
		all[fmt.Sprintf("small, seed %d", seed)] = smallHouse(t, uint64(seed))
	}
	m, err := defaultHouse()
	if err != nil {
		t.Fatal(err)
	}
	all["default"] = m
	return all
}

func TestTheHouseHasItsSizeWithinFivePercent(t *testing.T) {
	for _, tt := range []struct {
		size house.Size
		want int
	}{
		{house.Small, 5_000}, {house.Default, 300_000}, {"", 300_000}, {house.Full, 1_000_000},
	} {
		d := &discard{}
		var last house.Progress
		demo, err := house.Make(t.Context(), d, plainKeys{}, tt.size, 7, now, func(p house.Progress) {
			if p.What == "tickets" && p.Total < p.Done {
				t.Fatalf("progress %+v has more done than there is", p)
			}
			if p.What == "tickets" {
				last = p
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if off := max(d.tickets-tt.want, tt.want-d.tickets); off*20 > tt.want {
			t.Errorf("size %q has %d tickets, want %d within 5 %%", tt.size, d.tickets, tt.want)
		}
		if demo.Tickets != d.tickets || last != (house.Progress{What: "tickets", Done: d.tickets, Total: d.tickets}) {
			t.Errorf("size %q wrote %d tickets, tells of %d, and ended with progress %+v", tt.size, d.tickets, demo.Tickets, last)
		}
	}
}

func TestRowsComeInTheLoadersOrder(t *testing.T) {
	want := []string{"organizations", "seasons", "manifests", "seasons", "manifests", "events", "patrons", "tickets", "listings", "finish"}
	if got := smallHouse(t, 1).calls; !reflect.DeepEqual(got, want) {
		t.Errorf("calls were %v, want %v", got, want)
	}
}

func TestSameSizeSeedAndDayMakeTheSameHouse(t *testing.T) {
	later := &made{}
	if err := later.make(t.Context(), house.Small, 1, now.Add(8*time.Hour).In(time.FixedZone("", -5*3600))); err != nil {
		t.Fatal(err)
	}
	first := smallHouse(t, 1)
	if !reflect.DeepEqual(first, later) {
		t.Error("two houses of one seed and day differ")
	}
	if other := smallHouse(t, 2); other.tickets[0].Token == first.tickets[0].Token || other.demo.Listings[0] == first.demo.Listings[0] {
		t.Error("houses of two seeds share a token or a listing id")
	}
}

func TestTheDemoSurvivesJSON(t *testing.T) {
	demo := smallHouse(t, 1).demo
	text, err := json.Marshal(demo)
	if err != nil {
		t.Fatal(err)
	}
	var back house.Demo
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(demo, back) {
		t.Errorf("after JSON the demo is %+v, want %+v", back, demo)
	}
}

func TestMakeRefusesAnUnknownSize(t *testing.T) {
	_, err := house.Make(t.Context(), &discard{}, plainKeys{}, "huge", 1, now, nil)
	if !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("Make(huge) = %v, want %v", err, fault.FieldInvalid)
	}
}

// full is a Loader that has no room for tickets.
type full struct{ discard }

func (full) Tickets(context.Context, []boxoffice.Ticket) error { return fault.Busy }

func TestMakeReturnsTheLoadersError(t *testing.T) {
	if _, err := house.Make(t.Context(), &full{}, plainKeys{}, house.Small, 1, now, nil); !errors.Is(err, fault.Busy) {
		t.Errorf("Make into a full loader = %v, want %v", err, fault.Busy)
	}
}

func TestMakeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := &discard{}
	_, err := house.Make(ctx, d, plainKeys{}, house.Default, 1, now, func(p house.Progress) {
		if p.What == "tickets" {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || d.tickets > 10_000 {
		t.Errorf("Make went on to %d tickets and returned %v, want %v soon", d.tickets, err, context.Canceled)
	}
}

func BenchmarkMake(b *testing.B) {
	for _, size := range []house.Size{house.Small, house.Default, house.Full} {
		b.Run(string(size), func(b *testing.B) {
			b.ReportAllocs()
			tickets := 0
			for b.Loop() {
				d := &discard{}
				if _, err := house.Make(b.Context(), d, plainKeys{}, size, 1, now, nil); err != nil {
					b.Fatal(err)
				}
				tickets += d.tickets
			}
			b.ReportMetric(float64(tickets)/b.Elapsed().Seconds(), "tickets/s")
		})
	}
}
