package house

import (
	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A Demo is what a visitor needs to know of a demo house to try every call. It
// survives a round trip through JSON.
type Demo struct {
	Organizations []Organization `json:"organizations"`
	Partners      []Partner      `json:"partners"`
	Listings      []Listing      `json:"listings"` // at least 20 for each partner
	Barcodes      []Barcode      `json:"barcodes"` // at least 500, none of a listed ticket
	Patrons       []Patron       `json:"patrons"`  // 20
	Tickets       int            `json:"tickets"`  // in the whole house
}

// An Organization of the house.
type Organization struct {
	ID              access.OrganizationID `json:"organizationId"`
	Name            string                `json:"name"`
	DistributorCode string                `json:"distributorCode"`
	Events          int                   `json:"events"` // items of the catalog, those over among them
	Patrons         int                   `json:"patrons"`
	Tickets         int                   `json:"tickets"`
}

// A Partner is an application that the house deals with. Letting it in is the
// caller's work: a house has no credentials.
type Partner struct {
	Name          string                  `json:"name"`
	Application   access.ApplicationID    `json:"applicationId"`
	Channel       access.Channel          `json:"channelCode"`
	Organizations []access.OrganizationID `json:"organizations"` // ascending
}

// A Listing waits for a partner; its 2 to 8 tickets can be locked.
type Listing struct {
	ID           boxoffice.ListingID   `json:"listingId"`
	Channel      access.Channel        `json:"channelCode"`
	Organization access.OrganizationID `json:"organizationId"`
}

// A Barcode is on a ticket that a patron owns and that can be locked.
type Barcode struct {
	Organization access.OrganizationID `json:"organizationId"`
	Event        boxoffice.EventID     `json:"accessId"`
	Barcode      boxoffice.Barcode     `json:"barcode"`
}

// A Patron can sign in to MyAccount, and has season tickets that are in no
// listing and whose barcodes are not told either: they are there to be
// transferred.
type Patron struct {
	Organization access.OrganizationID `json:"organizationId"`
	ID           boxoffice.PatronID    `json:"patronId"`
	FirstName    string                `json:"firstName"`
	LastName     string                `json:"lastName"`
	Email        string                `json:"email"`
	Password     string                `json:"password"`
	Seats        []Seat                `json:"seats"`
}

// A Seat is named as a transfer names it (contract.md call 10).
type Seat struct {
	Season     string `json:"season"`
	Event      string `json:"event"` // the item code
	PriceLevel int64  `json:"priceLevel"`
	PriceType  string `json:"priceType"`
	Level      string `json:"level"`
	Section    string `json:"section"` // without the level
	Row        string `json:"row"`
	Seat       string `json:"seat"`
}

// The partners, with where they get how many listings from. The first is the
// one of the published samples.
var partners = []struct {
	Partner
	listings []allotment
}{
	{
		Partner: Partner{
			Name: "My Company", Application: "com.mycompany.myapp", Channel: "my-application", Organizations: []access.OrganizationID{129, 999},
		},
		listings: []allotment{{&stadium, 14}, {&arena, 6}, {&ballpark, 4}},
	},
	{
		Partner: Partner{
			Name: "Second Row", Application: "com.example.secondrow", Channel: "second-row", Organizations: []access.OrganizationID{999},
		},
		listings: []allotment{{&stadium, 16}, {&arena, 8}},
	},
}

// demoPatrons says of which venue's season holders the demo patrons are.
var demoPatrons = []allotment{{&stadium, 16}, {&ballpark, 4}}

// demoBarcodes says how many barcodes are told, about, of each venue's open games.
var demoBarcodes = []allotment{{&stadium, 360}, {&arena, 180}, {&ballpark, 150}}

// An allotment is a number of something at a venue.
type allotment struct {
	venue *venue
	count int
}
