package marketplace

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seatlink/seatlink/link"
)

// A catalog knows what the events are called. It is asked again now and then, with
// the ETag of what is known, so that an unchanged one costs the venue little; and a
// venue that does not answer leaves what was known.
type catalog struct {
	client *link.Client
	venues []Venue

	mu    sync.Mutex
	known map[link.OrganizationID]*shelfOfEvents
}

type shelfOfEvents struct {
	asked  sync.Mutex // held by who asks, so that one does
	at     time.Time
	etag   string
	events []link.Event
}

// fresh is how long a catalog is taken for true, patience how long a page waits
// for a new one.
const (
	fresh    = 30 * time.Second
	patience = 10 * time.Second
)

func newCatalog(client *link.Client, venues []Venue) *catalog {
	return &catalog{client: client, venues: venues, known: map[link.OrganizationID]*shelfOfEvents{}}
}

// events are those of a venue, in the order of their dates; an error only where
// nothing is known at all.
func (c *catalog) events(ctx context.Context, of link.OrganizationID) ([]link.Event, error) {
	c.mu.Lock()
	known := c.known[of]
	if known == nil {
		known = &shelfOfEvents{}
		c.known[of] = known
	}
	c.mu.Unlock()
	known.asked.Lock()
	defer known.asked.Unlock()
	if time.Since(known.at) < fresh {
		return known.events, nil
	}
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	got, err := c.client.Events(ctx, of, link.EventQuery{ETag: known.etag})
	switch {
	case err != nil && known.at.IsZero():
		return nil, err
	case err != nil:
		return known.events, nil //nolint:nilerr // an older catalog is better than none
	}
	known.at = time.Now()
	if !got.Unchanged {
		known.etag, known.events = got.ETag, got.Events
	}
	return known.events, nil
}

// event is what is known of an event; its id alone where the venue does not say.
func (c *catalog) event(ctx context.Context, id link.AccessID, venue Venue) link.Event {
	events, err := c.events(ctx, venue.Organization)
	if err == nil {
		if i := slices.IndexFunc(events, func(e link.Event) bool { return e.AccessID == id }); i >= 0 {
			return events[i]
		}
	}
	return link.Event{AccessID: id, ItemName: string(id)}
}

// when is the date of an event in words. The contract tells it in UTC and no zone
// of the venue, so that is what is said.
func when(e link.Event) string {
	if at, known := e.Start(); known {
		return at.Format("Monday, January 2, 2006, 15:04 UTC")
	}
	if day, err := time.Parse(time.DateOnly, e.StartDate); err == nil {
		return day.Format("Monday, January 2, 2006") + ", time to be announced"
	}
	return "Date to be announced"
}

// byDate sorts events for a reader.
func byDate(a, b link.Event) int {
	return cmp.Or(cmp.Compare(a.StartDate, b.StartDate), cmp.Compare(a.StartTime, b.StartTime), cmp.Compare(a.AccessID, b.AccessID))
}
