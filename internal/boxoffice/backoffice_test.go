package boxoffice_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A cabinet has one organization, and these tickets.
type cabinet struct {
	boxoffice.Cabinet
	organization boxoffice.Organization
	view         boxoffice.View
	added        []boxoffice.Listing
}

func (c *cabinet) ChangeOrganization(_ context.Context, _ access.OrganizationID, change func(*boxoffice.Organization) error) (boxoffice.Organization, error) {
	changed := c.organization
	if err := change(&changed); err != nil {
		return boxoffice.Organization{}, err
	}
	c.organization = changed
	return changed, nil
}

func (c *cabinet) Tickets(context.Context, []boxoffice.Token) (boxoffice.View, error) {
	return c.view, nil
}

func (c *cabinet) AddListing(_ context.Context, l boxoffice.Listing) error {
	c.added = append(c.added, l)
	return nil
}

func (c *cabinet) Listings(_ context.Context, limit int) ([]boxoffice.Listing, boxoffice.View, error) {
	return c.added[:min(limit, len(c.added))], c.view, nil
}

func TestRulesThatAreNotGivenStayAsTheyAre(t *testing.T) {
	before := boxoffice.Organization{
		ID: 7, Name: "House", Zone: "UTC", Currency: "USD", StrictSums: true, Review: boxoffice.ReviewLarge, ReviewAbove: 500,
		Pages: []string{"https://a.example.com"}, Callbacks: []string{"b.example.com"},
	}
	for _, tt := range []struct {
		name  string
		rules boxoffice.Rules
		want  func(o *boxoffice.Organization)
	}{
		{"none", boxoffice.Rules{}, func(*boxoffice.Organization) {}},
		{"a zone", boxoffice.Rules{Zone: new("Asia/Tokyo")}, func(o *boxoffice.Organization) { o.Zone = "Asia/Tokyo" }},
		{"sums", boxoffice.Rules{StrictSums: new(false)}, func(o *boxoffice.Organization) { o.StrictSums = false }},
		{"a review of all forgets the amount", boxoffice.Rules{Review: new(boxoffice.ReviewAll)}, func(o *boxoffice.Organization) { o.Review, o.ReviewAbove = boxoffice.ReviewAll, 0 }},
		{"another amount", boxoffice.Rules{Above: amount("7.25")}, func(o *boxoffice.Organization) { o.ReviewAbove = 725 }},
		{"no pages", boxoffice.Rules{Pages: new([]string{})}, func(o *boxoffice.Organization) { o.Pages = nil }},
		{"a host that is named twice", boxoffice.Rules{Callbacks: new([]string{"c.example.com", "c.example.com"})}, func(o *boxoffice.Organization) { o.Callbacks = []string{"c.example.com"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &cabinet{organization: before}
			want := before
			tt.want(&want)
			got, err := boxoffice.NewBackOffice(c).SetRules(t.Context(), 7, tt.rules)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("SetRules: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestRulesThatNobodyCouldKeepAreRefused(t *testing.T) {
	hosts := make([]string, 101)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("h%d.example.com", i)
	}
	for _, tt := range []struct {
		name  string
		rules boxoffice.Rules
		want  error
	}{
		{"an unknown zone", boxoffice.Rules{Zone: new("Mars/Olympus")}, fault.FieldInvalid},
		{"the machine's zone", boxoffice.Rules{Zone: new("Local")}, fault.FieldInvalid},
		{"no zone", boxoffice.Rules{Zone: new("")}, fault.FieldInvalid},
		{"a review above nothing", boxoffice.Rules{Review: new(boxoffice.ReviewLarge)}, fault.FieldRequired},
		{"an amount without its review", boxoffice.Rules{Above: amount("5")}, fault.FieldInvalid},
		{"more digits than the currency has", boxoffice.Rules{Review: new(boxoffice.ReviewLarge), Above: amount("5.001")}, fault.AmountInvalid},
		{"a page without TLS", boxoffice.Rules{Pages: new([]string{"http://a.example.com"})}, fault.FieldInvalid},
		{"a page with a query", boxoffice.Rules{Pages: new([]string{"https://a.example.com/?a=b"})}, fault.FieldInvalid},
		{"a host with a port", boxoffice.Rules{Callbacks: new([]string{"a.example.com:443"})}, fault.FieldInvalid},
		{"a host in capitals", boxoffice.Rules{Callbacks: new([]string{"A.example.com"})}, fault.FieldInvalid},
		{"too many hosts", boxoffice.Rules{Callbacks: &hosts}, fault.FieldInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &cabinet{organization: boxoffice.Organization{ID: 7, Zone: "UTC", Currency: "USD"}}
			before := c.organization
			if _, err := boxoffice.NewBackOffice(c).SetRules(t.Context(), 7, tt.rules); !errors.Is(err, tt.want) {
				t.Errorf("SetRules = %v; want %v", err, tt.want)
			}
			if diff := cmp.Diff(before, c.organization); diff != "" {
				t.Errorf("the organization was changed all the same (-before +after):\n%s", diff)
			}
		})
	}
}

func TestAListingIsOfTicketsThatItsChannelCouldLock(t *testing.T) {
	now := time.Date(2030, 5, 4, 12, 0, 0, 0, time.UTC)
	ticket := func(token boxoffice.Token, change func(*boxoffice.Ticket)) boxoffice.Ticket {
		one := boxoffice.Ticket{Token: token, Organization: 7, Event: "7:F:1", Owner: "10"}
		if change != nil {
			change(&one)
		}
		return one
	}
	view := boxoffice.View{Now: now, Tickets: map[boxoffice.Token]boxoffice.Ticket{}, Events: map[boxoffice.EventID]boxoffice.Event{
		"7:F:1": {ID: "7:F:1", Organization: 7, Secondary: true}, "7:F:2": {ID: "7:F:2", Organization: 7, Secondary: true, Cancelled: true},
		"8:F:1": {ID: "8:F:1", Organization: 8, Secondary: true},
	}}
	for _, one := range []boxoffice.Ticket{
		ticket("A", nil), ticket("B", nil),
		ticket("MINE", func(t *boxoffice.Ticket) { t.Hold = boxoffice.Hold{Kind: boxoffice.HoldLock, By: "market"} }),
		ticket("THEIRS", func(t *boxoffice.Ticket) { t.Hold = boxoffice.Hold{Kind: boxoffice.HoldLock, By: "other"} }),
		ticket("SOLD", func(t *boxoffice.Ticket) { t.Owner = "11" }),
		ticket("VOID", func(t *boxoffice.Ticket) { t.Void = true }),
		ticket("GONE", func(t *boxoffice.Ticket) { t.Event = "7:F:2" }),
		ticket("AWAY", func(t *boxoffice.Ticket) { t.Organization, t.Event = 8, "8:F:1" }),
	} {
		view.Tickets[one.Token] = one
	}
	for _, tt := range []struct {
		tokens string
		want   error
	}{
		{"A B A", nil},
		{"A MINE", nil},
		{"", fault.BatchSize},
		{strings.Repeat("A ", 30), nil}, // it is one
		{"A NONE", fault.TokenUnknown},
		{"A THEIRS", fault.TokenLocked},
		{"A SOLD", fault.TokenNotAvailable},
		{"VOID", fault.TokenNotAvailable},
		{"GONE", fault.EventClosed},
		{"A AWAY", fault.OrganizationsMixed},
	} {
		t.Run(tt.tokens, func(t *testing.T) {
			c := &cabinet{view: view}
			want := boxoffice.NewListing{Channel: "market", Patron: "10"}
			for token := range strings.FieldsSeq(tt.tokens) {
				want.Tokens = append(want.Tokens, boxoffice.Token(token))
			}
			l, err := boxoffice.NewBackOffice(c).AddListing(t.Context(), want)
			if !errors.Is(err, tt.want) {
				t.Fatalf("AddListing = %v; want %v", err, tt.want)
			}
			if tt.want != nil {
				if len(c.added) != 0 {
					t.Errorf("a listing was made all the same: %+v", c.added)
				}
				return
			}
			if l.Organization != 7 || len(l.ID) < 13 || !l.Expires.Equal(now.AddDate(0, 0, 30)) || l.Tokens[0] != "A" || len(c.added) != 1 {
				t.Errorf("AddListing = %+v; want a listing of 7 that begins with A and stands for 30 days", l)
			}
		})
	}
}

func TestAListingTellsWhatIsLeftOfIt(t *testing.T) {
	now := time.Date(2030, 5, 4, 12, 0, 0, 0, time.UTC)
	c := &cabinet{
		view: boxoffice.View{
			Now:     now,
			Tickets: map[boxoffice.Token]boxoffice.Ticket{"A": {Event: "E", Owner: "10"}, "B": {Event: "E", Owner: "11"}},
			Events:  map[boxoffice.EventID]boxoffice.Event{"E": {Secondary: true}},
		},
		added: []boxoffice.Listing{
			{ID: "1", Patron: "10", Tokens: []boxoffice.Token{"A", "B", "C"}, Expires: now.Add(time.Second)},
			{ID: "2", Patron: "11", Tokens: []boxoffice.Token{"A"}, Expires: now},
		},
	}
	got, err := boxoffice.NewBackOffice(c).Listings(t.Context(), 5)
	if err != nil || len(got) != 2 || got[0].Left != 1 || got[0].Expired || got[1].Left != 0 || !got[1].Expired {
		t.Errorf("Listings = %+v, %v; want one with 1 ticket left, and one that expired with none", got, err)
	}
}
