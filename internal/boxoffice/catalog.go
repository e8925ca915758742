package boxoffice

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Program is what an organization has on the secondary market, ordered by date, time
// and id. It is shared between callers: read it only. As long as an organization offers
// the same, all who ask for everything are given the same Program, so what is made of one
// can be kept beside it.
type Program struct {
	Events []Event

	version     int64     // of the catalog, in which it is so
	from, until time.Time // at that moment, and up to the other, if there is one
}

// stands reports whether this is still what a catalog offers.
func (p *Program) stands(c Catalog) bool {
	return p.version == c.Organization.CatalogVersion && !c.Now.Before(p.from) && (p.until.IsZero() || c.Now.Before(p.until))
}

// programs are those of whole organizations, as they were last asked for.
type programs struct {
	mu  sync.Mutex
	all map[access.OrganizationID]*Program
}

// of is what a catalog offers.
func (l *programs) of(c Catalog) *Program {
	l.mu.Lock()
	known := l.all[c.Organization.ID]
	l.mu.Unlock()
	if known != nil && known.stands(c) {
		return known
	}
	made := programOf(c)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[access.OrganizationID]*Program{}
	}
	if known = l.all[c.Organization.ID]; known == nil || known.version <= made.version {
		l.all[c.Organization.ID] = made
	}
	return made
}

func programOf(c Catalog) *Program {
	p := &Program{version: c.Organization.CatalogVersion, from: c.Now}
	for _, e := range c.Events {
		if !e.Open(c.Now) {
			continue
		}
		p.Events = append(p.Events, e)
		if !e.Over.IsZero() && (p.until.IsZero() || e.Over.Before(p.until)) {
			p.until = e.Over
		}
	}
	slices.SortFunc(p.Events, func(a, b Event) int {
		dateA, timeA := a.Start.Halves()
		dateB, timeB := b.Start.Halves()
		return cmp.Or(cmp.Compare(dateA, dateB), cmp.Compare(timeA, timeB), cmp.Compare(a.ID, b.ID))
	})
	return p
}

// Catalog returns what an organization offers on the secondary market (contract.md
// call 2). An organization that does not exist is fault.OrganizationUnknown, one not
// granted fault.NotPermitted.
func (o *Office) Catalog(ctx context.Context, who access.Principal, org access.OrganizationID, q CatalogQuery) (*Program, error) {
	if !who.Serves(org) {
		if _, err := o.store.Organization(ctx, org); err != nil {
			return nil, err
		}
		return nil, fault.NotPermitted
	}
	catalog, err := o.store.Catalog(ctx, org)
	if err != nil {
		return nil, err
	}
	all := o.programs.of(catalog)
	if q == (CatalogQuery{}) {
		return all, nil
	}
	some := &Program{}
	for i := range all.Events {
		if q.wants(&all.Events[i]) {
			some.Events = append(some.Events, all.Events[i])
		}
	}
	return some, nil
}

func (q CatalogQuery) wants(e *Event) bool {
	date, _ := e.Start.Halves()
	return (q.Season == "" || q.Season == e.Season) &&
		(q.Facility == "" || q.Facility == e.FacilityCode) &&
		(q.From == "" || date != "" && date >= q.From)
}

// Halves are the date and the time of the contract: the halves of one instant
// in UTC, YYYY-MM-DD and HH:MM:SSZ, or the venue's date and TBD, or two empty
// strings.
func (w When) Halves() (date, clock string) {
	switch {
	case !w.At.IsZero():
		at := w.At.UTC()
		return at.Format(time.DateOnly), at.Format("15:04:05Z")
	case w.Date != "":
		return w.Date, "TBD"
	}
	return "", ""
}

// Listing shows the seats a patron picked, without those that are no longer the
// patron's or that the channel could not lock (contract.md call 3). An unknown
// listing, one that expired or was taken back, and another channel's are fault.ListingUnknown.
func (o *Office) Listing(ctx context.Context, who access.Principal, id ListingID) (ShownListing, error) {
	listing, view, err := o.store.Listing(ctx, id)
	if err != nil {
		return ShownListing{}, err
	}
	if listing.Channel != who.Channel || !who.Serves(listing.Organization) || !listing.stands(view.Now) {
		return ShownListing{}, fault.ListingUnknown
	}
	shown := ShownListing{ID: listing.ID}
	place := map[EventID]int{}
	for _, token := range listing.Tokens {
		if !listing.shows(token, view) {
			continue
		}
		t := view.Tickets[token]
		e := view.Events[t.Event]
		i, ok := place[e.ID]
		if !ok {
			i = len(shown.Groups)
			place[e.ID] = i
			shown.Groups = append(shown.Groups, ListingGroup{Event: e.ID, Season: e.Season, Item: e.Item})
		}
		shown.Groups[i].Tickets = append(shown.Groups[i].Tickets, t)
	}
	return shown, nil
}
