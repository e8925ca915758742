package boxoffice

import (
	"context"
	"strconv"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A Season is a run of events under one code.
type Season struct {
	Organization access.OrganizationID
	Code, Name   string
}

// Manifests finds the seats of a configuration.
type Manifests interface {
	// Manifest returns the manifest of a facility's configuration for a season:
	// the season's own, else the one for every season, else fault.ManifestUnknown.
	Manifest(ctx context.Context, org access.OrganizationID, season, facility, configuration string) (Manifest, error)
}

// A Manifest is the seats of a facility as it is set up for a kind of event, in
// order: a range of seats means the seats between the two in this order
// (contract.md, Kinds of items), and the map of seats is drawn from its geometry.
type Manifest struct {
	Organization  access.OrganizationID
	Season        string // "" is every season that has none of its own
	Facility      string
	FacilityName  string
	Configuration string
	Areas         []Area
	Changed       time.Time // when it was loaded
}

// An Area is sections that belong together, such as a level.
type Area struct {
	Code     string    `json:"code"`
	Name     string    `json:"name,omitempty"`
	Sections []Section `json:"sections"`
}

// A Section is rows of seats, under the name that tickets have.
type Section struct {
	Section string  `json:"section"` // LEVEL:SECTION
	Name    string  `json:"name,omitempty"`
	Outline []Point `json:"outline,omitempty"` // a polygon
	Rows    []Row   `json:"rows"`
}

// A Row is seats side by side, or counted places that have no names.
type Row struct {
	Row   string   `json:"row"`
	From  *Point   `json:"from,omitempty"` // where the first seat is
	To    *Point   `json:"to,omitempty"`   // where the last one is
	Seats []string `json:"seats,omitempty"`
	Count int      `json:"count,omitempty"` // of places 1 to Count, instead of Seats
}

// A Point of the plan: x to the right, y down, in a unit that is the plan's own.
type Point [2]int

// MaxSeats bounds a manifest; the largest stadiums have some 150,000 seats.
const MaxSeats = 250_000

// Names are the seats of a row in order.
func (r Row) Names() []string {
	if r.Count == 0 {
		return r.Seats
	}
	names := make([]string, r.Count)
	for i := range names {
		names[i] = strconv.Itoa(i + 1)
	}
	return names
}

// Seats is how many the manifest has.
func (m Manifest) Seats() int {
	n := 0
	for _, area := range m.Areas {
		for _, section := range area.Sections {
			for _, row := range section.Rows {
				n += len(row.Seats) + row.Count
			}
		}
	}
	return n
}
