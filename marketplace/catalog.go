package marketplace

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatlink/seatlink/link"
)

// A catalog knows what the events are called. It is asked again now and then, with
// the ETag of what is known, so that an unchanged one costs the venue little. A venue
// that does not answer leaves what was known, and holds no page up twice.
type catalog struct {
	client *link.Client
	pages  map[link.OrganizationID]*catalogPage
}

type catalogPage struct {
	asked sync.Mutex // held by who asks, so that one does
	known atomic.Pointer[knownEvents]
}

// Known events are those of a venue at some time, and why they are no newer.
type knownEvents struct {
	until  time.Time // they are not asked for again
	etag   string
	events []link.Event
	err    error
}

// fresh is how long a catalog is taken for true, again when one is asked for that
// could not be had, patience how long a page waits for the venue.
const (
	fresh    = 30 * time.Second
	again    = 5 * time.Second
	patience = 10 * time.Second
)

func newCatalog(client *link.Client, venues []Venue) *catalog {
	c := &catalog{client: client, pages: map[link.OrganizationID]*catalogPage{}}
	for _, v := range venues {
		c.pages[v.Organization] = &catalogPage{}
	}
	return c
}

// events are those of a venue, in the order of their dates; an error only where
// nothing is known at all.
func (c *catalog) events(ctx context.Context, of link.OrganizationID) ([]link.Event, error) {
	p := c.pages[of]
	before := p.known.Load()
	switch {
	case before != nil && time.Now().Before(before.until):
		return before.told()
	case before == nil || before.events == nil:
		p.asked.Lock()
	case !p.asked.TryLock(): // somebody asks; until they know, what was known will do
		return before.told()
	}
	defer p.asked.Unlock()
	if now := p.known.Load(); now != before { // somebody has asked meanwhile
		return now.told()
	}
	next := c.renew(ctx, of, before)
	p.known.Store(next)
	return next.told()
}

func (k *knownEvents) told() ([]link.Event, error) {
	if k.events == nil {
		return nil, k.err
	}
	return k.events, nil
}

// renew asks for a catalog (call 2).
func (c *catalog) renew(ctx context.Context, of link.OrganizationID, before *knownEvents) *knownEvents {
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	next := knownEvents{}
	if before != nil {
		next = *before
	}
	got, err := c.client.Events(ctx, of, link.EventQuery{ETag: next.etag})
	if err != nil {
		next.until, next.err = time.Now().Add(again), err
		return &next
	}
	next.until, next.err = time.Now().Add(fresh), nil
	if !got.Unchanged {
		next.etag, next.events = got.ETag, append([]link.Event{}, got.Events...) // none is known too
	}
	return &next
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
