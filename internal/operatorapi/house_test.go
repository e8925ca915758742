package operatorapi

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var _ House = (*boxoffice.BackOffice)(nil)

// A house has these organizations and listings, and remembers what rules it was given.
type house struct {
	House
	organizations []boxoffice.Organization
	listings      []boxoffice.ListingState
	rules         *boxoffice.Rules
}

func (h house) Organizations(context.Context) ([]boxoffice.Organization, error) {
	return h.organizations, nil
}

func (h house) SetRules(_ context.Context, id access.OrganizationID, rules boxoffice.Rules) (boxoffice.Organization, error) {
	*h.rules = rules
	return boxoffice.Organization{ID: id}, nil
}

func (h house) Listings(_ context.Context, limit int) ([]boxoffice.ListingState, error) {
	return h.listings[:min(limit, len(h.listings))], nil
}

func (h house) client(options Options) *Client {
	return NewClient(Through(New(Work{House: h}, options)), "ada")
}

func TestAnOrganizationIsShownWithItsRules(t *testing.T) {
	h := house{organizations: []boxoffice.Organization{
		{ID: 7, Name: "Bare", Zone: "UTC", Currency: "USD"},
		{ID: 8, Currency: "KWD", Review: boxoffice.ReviewLarge, ReviewAbove: 12_345, Pages: []string{"https://a.example.com"}, Callbacks: []string{"b.example.com"}, StrictSums: true},
	}}
	want := OrganizationList{[]Organization{
		{ID: 7, Name: "Bare", Zone: "UTC", Currency: "USD", Review: "none", Pages: []string{}, Callbacks: []string{}},
		{ID: 8, Currency: "KWD", Review: "above", Above: []byte("12.345"), Pages: []string{"https://a.example.com"}, Callbacks: []string{"b.example.com"}, StrictSums: true},
	}}
	got, err := h.client(Options{}).Organizations(t.Context())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Organizations: %v (-want +got):\n%s", err, diff)
	}
}

func TestOnlyTheRulesThatAreGivenAreSet(t *testing.T) {
	zone, strict, all, much, none := "Europe/Vienna", true, "all", "1e3", []string{}
	h := house{rules: &boxoffice.Rules{}}
	if _, err := h.client(Options{}).SetRules(t.Context(), Rules{ID: 7, Zone: &zone}); err != nil {
		t.Fatal(err)
	}
	if r := *h.rules; *r.Zone != zone || r.StrictSums != nil || r.Review != nil || r.Above != nil || r.Pages != nil || r.Callbacks != nil {
		t.Errorf("the rules that were set are %+v; want the zone alone", r)
	}
	if _, err := h.client(Options{}).SetRules(t.Context(), Rules{ID: 7, StrictSums: &strict, Review: &all, Above: &much, Pages: &none}); err != nil {
		t.Fatal(err)
	}
	if r := *h.rules; r.Zone != nil || !*r.StrictSums || *r.Review != boxoffice.ReviewAll || r.Above == nil || len(*r.Pages) != 0 {
		t.Errorf("the rules that were set are %+v; want all but zone and callbacks", r)
	}
	odd := "odd"
	for _, tt := range []struct {
		rules Rules
		want  error
	}{{Rules{Review: &odd}, fault.FieldInvalid}, {Rules{Above: &odd}, fault.AmountInvalid}} {
		if _, err := h.client(Options{}).SetRules(t.Context(), tt.rules); !errors.Is(err, tt.want) {
			t.Errorf("SetRules(%+v) = %v; want %v", tt.rules, err, tt.want)
		}
	}
}

func TestListingsAreToldUpToALimit(t *testing.T) {
	h := house{listings: make([]boxoffice.ListingState, 3)}
	h.listings[0].ID = "A b"
	for _, tt := range []struct {
		limit, want int
		more        bool
	}{{1, 1, true}, {3, 3, false}, {1000, 3, false}} {
		got, err := h.client(Options{URL: "https://tickets.example.com"}).Listings(t.Context(), tt.limit)
		if err != nil || len(got.Listings) != tt.want || got.More != tt.more || got.Listings[0].URL != "https://tickets.example.com/v1/listings/A%20b" {
			t.Errorf("Listings(%d) = %+v, %v; want %d, and more: %t", tt.limit, got, err, tt.want, tt.more)
		}
	}
	for _, limit := range []int{0, MostListings + 1} {
		if _, err := h.client(Options{}).Listings(t.Context(), limit); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("Listings(%d) = %v; want %v", limit, err, fault.FieldInvalid)
		}
	}
}
