package link

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// A Position is how far a reader of a feed has come, to be kept and sent as it is.
type Position string

// A FeedQuery asks for what comes after a position. What is empty asks for nothing.
type FeedQuery struct {
	After Position // "" begins now
	Limit int      // seats or events of the answer at most, 1 to 1000; 0 is the server's own, 100
	Echo  bool     // tell the locks of your own channel too
}

func (q FeedQuery) values() url.Values {
	v := url.Values{"after": {string(q.After)}}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Echo {
		v.Set("echo", "true")
	}
	return v
}

// A SeatsFeed is changes of seats in their order, or a snapshot of an event's.
type SeatsFeed struct {
	Data struct {
		Seats []SeatChange `json:"seats"`
	} `json:"data"`
	Metadata FeedMetadata `json:"metadata"`
}

// An EventsFeed is changes of events in their order.
type EventsFeed struct {
	Data struct {
		Events []EventChange `json:"events"`
	} `json:"data"`
	Metadata FeedMetadata `json:"metadata"`
}

// A FeedMetadata says how to read on.
type FeedMetadata struct {
	MessageEntity     string         `json:"messageEntity"` // seats or events
	PACOrganizationID OrganizationID `json:"pacOrganizationId"`
	RequestID         string         `json:"requestId"`
	Position          Position       `json:"position"` // to ask with for what is next
	More              bool           `json:"more"`     // there is more at once
}

// A SeatChange says whether you may list a seat (call 15).
type SeatChange struct {
	AccessID AccessID `json:"accessId"`
	Season   string   `json:"season"`
	Item     string   `json:"item"`
	Section  Word     `json:"section"`
	Row      Word     `json:"row"`
	Seat     Word     `json:"seat"`
	Status   string   `json:"status"` // LOCK: take it off; UNLOCK: it may be listed
}

// An EventChange is an event as it stands now (call 14).
type EventChange struct {
	AccessID     AccessID `json:"accessId"`
	SeasonCode   string   `json:"seasonCode"`
	ItemCode     string   `json:"itemCode"`
	ItemBasis    string   `json:"itemBasis"`
	ItemName     string   `json:"itemName"`
	StartDate    string   `json:"startDate"` // as in Event
	StartTime    string   `json:"startTime"`
	EndDate      string   `json:"endDate"`
	EndTime      string   `json:"endTime"`
	FacilityCode string   `json:"facilityCode"`
	FacilityName string   `json:"facilityName"`
}

// SeatChanges reads on in the changes of an organization's seats, for programs that
// no push message can reach. A position that is older than what the server keeps, or
// of before a backup was restored there, is an Error with status 410: begin again
// with Snapshot.
func (c *Client) SeatChanges(ctx context.Context, of OrganizationID, q FeedQuery) (SeatsFeed, error) {
	return readFeed[SeatsFeed](ctx, c, of, "/v1/feed/seats", q.values())
}

// EventChanges reads on in the changes of an organization's events, as SeatChanges.
func (c *Client) EventChanges(ctx context.Context, of OrganizationID, q FeedQuery) (EventsFeed, error) {
	return readFeed[EventsFeed](ctx, c, of, "/v1/feed/events", q.values())
}

// Snapshot reads how all seats of an event stand for you, and the position from
// which SeatChanges goes on: the two together are the truth.
func (c *Client) Snapshot(ctx context.Context, event AccessID) (SeatsFeed, error) {
	return readFeed[SeatsFeed](ctx, c, 0, "/v1/feed/seats/snapshot", url.Values{"accessId": {string(event)}})
}

func readFeed[T any](ctx context.Context, c *Client, of OrganizationID, name string, q url.Values) (T, error) {
	var none T
	k, err := newCall(http.MethodGet, name, withQuery(name, q), "", nil)
	if err != nil {
		return none, err
	}
	k.organization = of
	return ask[T](ctx, c, k)
}
