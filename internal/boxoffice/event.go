package boxoffice

import (
	"strconv"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// An EventID is the accessId of the contract: organization:season:item.
type EventID string

// NewEventID joins the three parts.
func NewEventID(org access.OrganizationID, season, item string) EventID {
	return EventID(strconv.FormatInt(int64(org), 10) + ":" + season + ":" + item)
}

// organization is the first part of the id.
func (id EventID) organization() (access.OrganizationID, error) {
	first, rest, _ := strings.Cut(string(id), ":")
	n, err := strconv.ParseInt(first, 10, 64)
	if err != nil || strings.Count(rest, ":") != 1 {
		return 0, fault.EventUnknown.Saying("an event is named ORGANIZATION:SEASON:ITEM")
	}
	return access.OrganizationID(n), nil
}

// Parts are the season and the item.
func (id EventID) Parts() (season, item string) {
	_, rest, _ := strings.Cut(string(id), ":")
	season, item, _ = strings.Cut(rest, ":")
	return season, item
}

// The kinds of items of the catalog (contract.md call 2). Tickets exist for
// Single items alone.
const (
	Single          = "SINGLE"
	Combo           = "COMBO"
	Miscellaneous   = "MISCELLANEOUS"
	Donation        = "DONATION"
	GiftCertificate = "GIFT_CERTIFICATE"
)

// When is a point of an event's schedule: an instant, or a day at the venue
// whose time is still to be announced, or nothing.
type When struct {
	At   time.Time // zero when the time is not known
	Date string    // YYYY-MM-DD at the venue, only where At is zero
}

// IsZero reports whether neither day nor time is known.
func (w When) IsZero() bool { return w.At.IsZero() && w.Date == "" }

// An Event is an item of the catalog: a game, its parking, a package.
type Event struct {
	ID                EventID
	Organization      access.OrganizationID
	Season, Item      string
	Basis             string
	Name              string // of the event
	ItemName          string // of the item, "" when it has none
	InternetName      string // shown on the internet, "" when it has none
	Start, End        When
	Over              time.Time // from here on the event is over; zero is never
	FacilityCode      string
	FacilityName      string
	ConfigurationCode string
	Associations      []Association
	PriceTypes        map[string]string // code to name, such as A to Adult
	Secondary         bool              // its tickets may be sold again
	Cancelled         bool
	Version           int64
}

// An Association ties an item to others, such as parking to its games.
type Association struct {
	Type string // such as PARKING
	With []EventID
}

// Title is the name partners see: the internet name, else the item's, else the
// event's.
func (e Event) Title() string {
	for _, name := range []string{e.InternetName, e.ItemName} {
		if name != "" {
			return name
		}
	}
	return e.Name
}

// A Billing is what partners are told of an event when it changes.
type Billing struct {
	Title                      string
	Start, End                 When
	FacilityCode, FacilityName string
	Offered                    bool // on the secondary market, and not cancelled
}

// Billing is how the event is billed.
func (e Event) Billing() Billing {
	return Billing{e.Title(), e.Start, e.End, e.FacilityCode, e.FacilityName, e.Secondary && !e.Cancelled}
}

// Same reports whether two billings say the same.
func (b Billing) Same(other Billing) bool {
	return b.Title == other.Title && b.Start.same(other.Start) && b.End.same(other.End) &&
		b.FacilityCode == other.FacilityCode && b.FacilityName == other.FacilityName && b.Offered == other.Offered
}

// Open reports whether tickets of the event may be locked or sold at now: it is
// not over, not cancelled, and on the secondary market.
func (e Event) Open(now time.Time) bool {
	return e.Secondary && !e.Past(now)
}

// Past reports whether nothing can be done with tickets of the event any more:
// it is over or cancelled.
func (e Event) Past(now time.Time) bool {
	return e.Cancelled || !e.Over.IsZero() && !now.Before(e.Over)
}

// OverAt is the instant an event with this schedule is over, in the venue's
// zone: when its end has passed, or at the end of the end's day where the time
// is not known. Without an end the start's day counts; without both it is never.
func OverAt(start, end When, zone *time.Location) time.Time {
	switch {
	case !end.At.IsZero():
		return end.At
	case end.Date != "":
		return endOfDay(end.Date, zone)
	case !start.At.IsZero():
		return endOfDay(start.At.In(zone).Format(time.DateOnly), zone)
	case start.Date != "":
		return endOfDay(start.Date, zone)
	}
	return time.Time{}
}

func endOfDay(date string, zone *time.Location) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1).UTC()
}

// Level is the part of a section before the colon, "" when there is none.
func Level(section string) string {
	level, _, found := strings.Cut(section, ":")
	if !found {
		return ""
	}
	return level
}
