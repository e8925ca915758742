package link

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// An EventQuery narrows the catalog of one organization. What is empty narrows
// nothing.
type EventQuery struct {
	From         string // YYYY-MM-DD; items without a date are left out then
	SeasonCode   string
	FacilityCode string
	ETag         string // of an earlier Catalog: if it still holds, nothing is sent again
}

// A Catalog is the items that an organization has on the secondary market.
type Catalog struct {
	Events    []Event
	ETag      string
	Unchanged bool // since the one that had the query's ETag; Events are then left out
}

// An Event is an item of the catalog: a game, its parking, a package.
type Event struct {
	SeasonCode        string        `json:"seasonCode"`
	ItemCode          string        `json:"itemCode"`
	ItemBasis         string        `json:"itemBasis"` // SINGLE, COMBO, MISCELLANEOUS, DONATION or GIFT_CERTIFICATE
	ItemName          string        `json:"itemName"`
	StartDate         string        `json:"startDate"` // YYYY-MM-DD
	StartTime         string        `json:"startTime"` // HH:MM:SSZ, or TBD: the date is then the venue's
	EndDate           string        `json:"endDate"`
	EndTime           string        `json:"endTime"`
	FacilityCode      string        `json:"facilityCode"`
	ConfigurationCode string        `json:"configurationCode"`
	FacilityName      string        `json:"facilityName"`
	Association       []Association `json:"association"`
	AccessID          AccessID      `json:"accessId"`
}

// An Association ties an item to others: PARKING to its games.
type Association struct {
	Type         string     `json:"type"`
	AssociatedTo []AccessID `json:"associatedTo"`
}

// Start is when the event begins; false while that is to be decided.
func (e Event) Start() (time.Time, bool) { return halves(e.StartDate, e.StartTime) }

// End is when the event ends; false while that is to be decided.
func (e Event) End() (time.Time, bool) { return halves(e.EndDate, e.EndTime) }

// Events lists the items of an organization on the secondary market (call 2), in
// the order of their dates.
func (c *Client) Events(ctx context.Context, of OrganizationID, q EventQuery) (Catalog, error) {
	const name = "/v1/catalog/events"
	k, err := newCall(http.MethodGet, name, withQuery(name, url.Values{
		"startDate": {q.From}, "seasonCode": {q.SeasonCode}, "facilityCode": {q.FacilityCode},
	}), "", nil)
	if err != nil {
		return Catalog{}, err
	}
	k.organization, k.etag = of, q.ETag
	a, err := c.send(ctx, k)
	if err != nil {
		return Catalog{}, err
	}
	catalog := Catalog{ETag: a.header.Get("ETag"), Unchanged: a.status == http.StatusNotModified}
	if !catalog.Unchanged {
		err = k.decode(a, &catalog.Events)
	}
	return catalog, err
}
