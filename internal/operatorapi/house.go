package operatorapi

import (
	"context"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A House is what a venue decides about. Errors are reasons of package fault.
type House interface {
	Organizations(ctx context.Context) ([]boxoffice.Organization, error)
	// Organization returns fault.OrganizationUnknown where there is none.
	Organization(ctx context.Context, id access.OrganizationID) (boxoffice.Organization, error)
	SetRules(ctx context.Context, id access.OrganizationID, rules boxoffice.Rules) (boxoffice.Organization, error)
	AddListing(ctx context.Context, want boxoffice.NewListing) (boxoffice.Listing, error)
	// Listings returns the newest listings, newest first.
	Listings(ctx context.Context, limit int) ([]boxoffice.ListingState, error)
}

// An Organization as operators see it. Above is a number in its currency.
type Organization struct {
	ID              int64          `json:"organizationId"`
	Name            string         `json:"name"`
	DistributorCode string         `json:"distributorCode"`
	Zone            string         `json:"zone"`
	Currency        string         `json:"currency"`
	StrictSums      bool           `json:"strictSums"`
	Review          string         `json:"review"` // none, above or all
	Above           jsontext.Value `json:"above,omitzero"`
	Pages           []string       `json:"pages"`
	Callbacks       []string       `json:"callbacks"` // none is any host
}

// OrganizationList is the answer to which organizations there are.
type OrganizationList struct {
	Organizations []Organization `json:"organizations"`
}

// Rules are what an operator changes about an organization; null leaves one as it is.
type Rules struct {
	ID         int64     `json:"organizationId"`
	Zone       *string   `json:"zone,omitzero"`
	StrictSums *bool     `json:"strictSums,omitzero"`
	Review     *string   `json:"review,omitzero"`
	Above      *string   `json:"above,omitzero"` // a decimal number
	Pages      *[]string `json:"pages,omitzero"`
	Callbacks  *[]string `json:"callbacks,omitzero"`
}

// reviews are the policies in the operators' words.
var reviews = map[string]boxoffice.Review{"none": boxoffice.ReviewNone, "above": boxoffice.ReviewLarge, "all": boxoffice.ReviewAll}

func organizationOf(o boxoffice.Organization) Organization {
	shown := Organization{
		ID: int64(o.ID), Name: o.Name, DistributorCode: o.DistributorCode, Zone: o.Zone, Currency: o.Currency, StrictSums: o.StrictSums,
		Pages: append([]string{}, o.Pages...), Callbacks: append([]string{}, o.Callbacks...),
	}
	for name, policy := range reviews {
		if policy == o.Review {
			shown.Review = name
		}
	}
	if o.Review == boxoffice.ReviewLarge {
		shown.Above = jsontext.Value(boxoffice.FormatMinor(o.ReviewAbove, boxoffice.CurrencyDigits(o.Currency)))
	}
	return shown
}

func (a *api) organizations(ctx context.Context, _ *call) (any, error) {
	all, err := a.work.House.Organizations(ctx)
	if err != nil {
		return nil, err
	}
	list := OrganizationList{Organizations: []Organization{}}
	for _, o := range all {
		list.Organizations = append(list.Organizations, organizationOf(o))
	}
	return list, nil
}

func (a *api) showOrganization(ctx context.Context, c *call) (any, error) {
	id, err := strconv.ParseInt(c.FormValue("id"), 10, 64)
	if err != nil {
		return nil, fault.FieldInvalid.Saying("an organization's id is a number")
	}
	o, err := a.work.House.Organization(ctx, access.OrganizationID(id))
	if err != nil {
		return nil, err
	}
	return organizationOf(o), nil
}

func (a *api) setRules(ctx context.Context, c *call) (any, error) {
	var wire Rules
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	rules := boxoffice.Rules{Zone: wire.Zone, StrictSums: wire.StrictSums, Pages: wire.Pages, Callbacks: wire.Callbacks}
	if wire.Review != nil {
		policy, ok := reviews[*wire.Review]
		if !ok {
			return nil, fault.FieldInvalid.Saying("a review is none, above or all")
		}
		rules.Review = &policy
	}
	if wire.Above != nil {
		amount, err := boxoffice.ParseAmount(*wire.Above)
		if err != nil {
			return nil, err
		}
		rules.Above = &amount
	}
	o, err := a.work.House.SetRules(ctx, access.OrganizationID(wire.ID), rules)
	if err != nil {
		return nil, err
	}
	return organizationOf(o), nil
}

// NewListing is a request for a listing.
type NewListing struct {
	Channel string   `json:"channel"`
	Patron  string   `json:"patronId"`
	Tokens  []string `json:"tokens"`
}

// A Listing as operators see it.
type Listing struct {
	ID           string   `json:"listingId"`
	URL          string   `json:"url"` // where its channel fetches it; a path where no server runs
	Organization int64    `json:"organizationId"`
	Channel      string   `json:"channel"`
	Patron       string   `json:"patronId"`
	Tokens       []string `json:"tokens"`
	Created      string   `json:"created"`
	Expires      string   `json:"expires"`
	Expired      bool     `json:"expired"`
	Left         int      `json:"left"` // tickets that can still be listed
}

// ListingList is the answer to which listings there are.
type ListingList struct {
	Listings []Listing `json:"listings"`
	More     bool      `json:"more"` // there are others
}

// MostListings is how many listings one answer has at most.
const MostListings = 1000

func (a *api) listingOf(l boxoffice.ListingState) Listing {
	shown := Listing{
		ID: string(l.ID), URL: a.url + "/v1/listings/" + url.PathEscape(string(l.ID)), Organization: int64(l.Organization),
		Channel: string(l.Channel), Patron: string(l.Patron), Tokens: []string{},
		Created: instant(l.Created), Expires: instant(l.Expires), Expired: l.Expired, Left: l.Left,
	}
	for _, token := range l.Tokens {
		shown.Tokens = append(shown.Tokens, string(token))
	}
	return shown
}

func (a *api) listings(ctx context.Context, c *call) (any, error) {
	limit, err := strconv.Atoi(c.FormValue("limit"))
	if err != nil || limit < 1 || limit > MostListings {
		return nil, fault.FieldInvalid.Saying("limit is 1 to " + strconv.Itoa(MostListings))
	}
	newest, err := a.work.House.Listings(ctx, limit+1)
	if err != nil {
		return nil, err
	}
	list := ListingList{Listings: []Listing{}, More: len(newest) > limit}
	for _, l := range newest[:min(len(newest), limit)] {
		list.Listings = append(list.Listings, a.listingOf(l))
	}
	return list, nil
}

func (a *api) addListing(ctx context.Context, c *call) (any, error) {
	var wire NewListing
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	want := boxoffice.NewListing{Channel: access.Channel(wire.Channel), Patron: boxoffice.PatronID(wire.Patron)}
	for _, token := range wire.Tokens {
		want.Tokens = append(want.Tokens, boxoffice.Token(token))
	}
	l, err := a.work.House.AddListing(ctx, want)
	if err != nil {
		return nil, err
	}
	return a.listingOf(boxoffice.ListingState{Listing: l, Left: len(l.Tokens)}), nil
}
