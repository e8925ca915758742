package sqlstore

import (
	"context"
	"sync"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// readFailure is what a caller learns of a read that failed.
func (s *Store) readFailure(err error) error {
	if err == nil || fault.Of(err) != nil {
		return err
	}
	s.log.Warn("read failed", "err", err)
	return fault.Busy
}

func (s *Store) read(ctx context.Context, steps ...step) error {
	return s.readFailure(s.db.read(ctx, steps...))
}

// clocked has a read of one statement tell its time: by the function, from the column
// {clock} of a row, where it is not known at once.
func (s *Store) clocked(now *time.Time) (tell func(r row, column int)) {
	if len(s.db.clock(now)) == 0 {
		return func(row, int) {}
	}
	return func(r row, column int) { *now = instant(r.int(column)) }
}

// Organization returns one organization (boxoffice.Reader).
func (s *Store) Organization(ctx context.Context, id access.OrganizationID) (boxoffice.Organization, error) {
	const one = `SELECT ` + organizationColumns + ` FROM organization WHERE id = $1`
	var o boxoffice.Organization
	err := s.read(ctx, step{text: one, args: []any{int64(id)}, each: func(r row) (err error) { o, err = readOrganization(r); return err }})
	if err == nil && o.ID != id {
		err = fault.OrganizationUnknown
	}
	return o, err
}

// catalogs are the events of organizations as last read. An entry counts only
// while its version is the organization's, which is read with each request.
type catalogs struct {
	mu     sync.Mutex
	all    map[access.OrganizationID]keptCatalog
	filled time.Time
}

type keptCatalog struct {
	boxoffice.Catalog
	place map[boxoffice.EventID]int
}

// at is the catalog of an organization in this version, if it is known.
func (c *catalogs) at(id access.OrganizationID, version int64) (kept keptCatalog, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept = c.all[id]
	return kept, kept.place != nil && kept.Organization.CatalogVersion == version
}

func (c *catalogs) keep(catalog boxoffice.Catalog) {
	kept := keptCatalog{catalog, make(map[boxoffice.EventID]int, len(catalog.Events))}
	for i, e := range catalog.Events {
		kept.place[e.ID] = i
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[access.OrganizationID]keptCatalog{}
	}
	c.all[catalog.Organization.ID] = kept
}

// fillEvery is how often a catalog is read for the sake of later reads, at most.
const fillEvery = 100 * time.Millisecond

// due reports whether one may be, and counts that as done.
func (c *catalogs) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.filled) < fillEvery {
		return false
	}
	c.filled = time.Now()
	return true
}

// Catalog returns an organization and its events (boxoffice.Reader).
func (s *Store) Catalog(ctx context.Context, id access.OrganizationID) (boxoffice.Catalog, error) {
	is, err := s.editions.call(ctx, id)
	if err != nil {
		return boxoffice.Catalog{}, s.readFailure(err)
	}
	kept, known := s.catalog.at(id, is.version)
	if s.options.Watch != nil {
		s.options.Watch.Catalog(known)
	}
	catalog := kept.Catalog
	if !known {
		if catalog, err = s.fill(ctx, id); err != nil {
			return boxoffice.Catalog{}, err
		}
	}
	catalog.Now = is.now
	return catalog, nil
}

// An edition is the version of a catalog at a moment.
type edition struct {
	version int64
	now     time.Time
}

// edition reads the version of a catalog. Whoever changes the organization, or an event
// of it, makes that another.
func (s *Store) edition(ctx context.Context, id access.OrganizationID) (is edition, err error) {
	const one = `SELECT catalog_version, {clock} FROM organization WHERE id = $1`
	exists, tell := false, s.clocked(&is.now)
	err = s.read(ctx, step{text: one, args: []any{int64(id)}, each: func(r row) error {
		is.version, exists = r.int(0), true
		tell(r, 1)
		return nil
	}})
	if err == nil && !exists {
		err = fault.OrganizationUnknown
	}
	return is, err
}

// fill reads a catalog anew, and keeps it.
func (s *Store) fill(ctx context.Context, id access.OrganizationID) (boxoffice.Catalog, error) {
	const (
		one    = `SELECT ` + organizationColumns + ` FROM organization WHERE id = $1`
		events = `SELECT ` + eventColumns + ` FROM event WHERE organization = $1 ORDER BY id`
	)
	// Read with the version beside them, so that one is never newer than the other.
	var catalog boxoffice.Catalog
	err := s.read(ctx,
		step{text: one, args: []any{int64(id)}, each: func(r row) (err error) { catalog.Organization, err = readOrganization(r); return err }},
		step{text: events, args: []any{int64(id)}, each: func(r row) error {
			e, err := readEvent(r)
			catalog.Events = append(catalog.Events, e)
			return err
		}})
	if err == nil {
		s.catalog.keep(catalog)
	}
	return catalog, err
}

// view collects a view from the steps that read its tickets and their events.
func (s *Store) view(v *boxoffice.View, tickets, events step) []step {
	*v = boxoffice.View{Tickets: map[boxoffice.Token]boxoffice.Ticket{}, Events: map[boxoffice.EventID]boxoffice.Event{}}
	tickets.each = func(r row) error {
		t, err := readTicket(r)
		v.Tickets[t.Token] = t
		return err
	}
	events.each = func(r row) error {
		e, err := readEvent(r)
		v.Events[e.ID] = e
		return err
	}
	return append([]step{tickets, events}, s.db.clock(&v.Now)...)
}

// atOnce are columns beside those of a ticket: the version of its organization's catalog,
// and the clock.
const atOnce = `(SELECT o.catalog_version FROM organization AS o WHERE o.id = ticket.organization), {clock}`

// quick reads a view in one statement, where the catalogs of its tickets are known in the
// version that stands beside them. It returns false where one is not, or nothing was
// found: then nothing is known.
func (s *Store) quick(ctx context.Context, v *boxoffice.View, tickets step) (known bool, err error) {
	*v = boxoffice.View{Tickets: map[boxoffice.Token]boxoffice.Ticket{}, Events: map[boxoffice.EventID]boxoffice.Event{}}
	var (
		tell    = s.clocked(&v.Now)
		unknown access.OrganizationID
		misses  int
	)
	tickets.each = func(r row) error {
		t, err := readTicket(r)
		v.Tickets[t.Token] = t
		tell(r, ticketColumnCount+1)
		if _, ok := v.Events[t.Event]; ok {
			return err
		}
		kept, ok := s.catalog.at(t.Organization, r.int(ticketColumnCount))
		if at, is := kept.place[t.Event]; ok && is {
			v.Events[t.Event] = kept.Events[at]
		} else {
			unknown = t.Organization
			misses++
		}
		return err
	}
	if err := s.read(ctx, tickets); err != nil {
		return false, err
	}
	if misses > 0 && s.catalog.due() {
		if _, err := s.fill(ctx, unknown); err != nil {
			return false, err
		}
	}
	return misses == 0 && len(v.Tickets) > 0, nil
}

// Tickets returns tickets by token (boxoffice.Reader).
func (s *Store) Tickets(ctx context.Context, tokens []boxoffice.Token) (boxoffice.View, error) {
	const (
		quick   = `SELECT ` + ticketColumns + `, ` + atOnce + ` FROM ticket WHERE token {in $1}`
		tickets = `SELECT ` + ticketColumns + ` FROM ticket WHERE token {in $1}`
		events  = `SELECT ` + eventColumns + ` FROM event WHERE id IN (SELECT event FROM ticket WHERE token {in $1})`
	)
	var v boxoffice.View
	named := []any{texts(tokens)}
	if known, err := s.quick(ctx, &v, step{text: quick, args: named}); known || err != nil {
		return v, err
	}
	err := s.read(ctx, s.view(&v, step{text: tickets, args: named}, step{text: events, args: named})...)
	return v, err
}

// Barcodes returns tickets by event and barcode (boxoffice.Reader).
func (s *Store) Barcodes(ctx context.Context, barcodes []boxoffice.EventBarcode) (boxoffice.View, error) {
	const (
		where   = ` FROM ticket WHERE (event, barcode) IN (SELECT r.in_event, r.in_barcode FROM {rows $1 in_event text, in_barcode text})`
		quick   = `SELECT ` + ticketColumns + `, ` + atOnce + where
		tickets = `SELECT ` + ticketColumns + where
	)
	var (
		v      boxoffice.View
		rows   table
		events []string
	)
	for _, b := range barcodes {
		events = append(events, string(b.Event))
		rows.row().text(string(b.Event)).text(string(b.Barcode))
	}
	if known, err := s.quick(ctx, &v, step{text: quick, rows: &rows}); known || err != nil {
		return v, err
	}
	err := s.read(ctx, s.view(&v, step{text: tickets, rows: &rows}, step{text: loadEvents, args: []any{sorted(events)}})...)
	return v, err
}

// Listing returns a listing and its tickets (boxoffice.Reader).
func (s *Store) Listing(ctx context.Context, id boxoffice.ListingID) (boxoffice.Listing, boxoffice.View, error) {
	const one = `SELECT ` + wholeListing + ` FROM listing WHERE id = $1`
	var (
		l boxoffice.Listing
		v boxoffice.View
	)
	err := s.read(ctx, step{text: one, args: []any{string(id)}, each: func(r row) (err error) { l, err = readWholeListing(r); return err }})
	if err != nil {
		return l, v, err
	}
	if l.ID != id {
		return l, v, fault.ListingUnknown
	}
	v, err = s.Tickets(ctx, l.Tokens) // which tickets a listing names never changes
	return l, v, err
}

// Process returns the orders of a process (boxoffice.Reader).
func (s *Store) Process(ctx context.Context, id boxoffice.ProcessID) ([]boxoffice.Order, error) {
	const all = `SELECT ` + orderColumns + ` FROM orders WHERE process = $1 ORDER BY place`
	var orders []boxoffice.Order
	err := s.read(ctx, step{text: all, args: []any{string(id)}, each: func(r row) error {
		o, err := readOrder(r)
		orders = append(orders, o)
		return err
	}})
	return orders, err
}

// Order returns one order (boxoffice.Reader).
func (s *Store) Order(ctx context.Context, key boxoffice.OrderKey) (o boxoffice.Order, found bool, err error) {
	const one = `SELECT ` + orderColumns + ` FROM orders WHERE key = $1`
	err = s.read(ctx, step{text: one, args: []any{key.String()}, each: func(r row) error {
		found = true
		o, err = readOrder(r)
		return err
	}})
	return o, found, err
}

// UnderReview returns orders that wait for the operator (boxoffice.Reader).
func (s *Store) UnderReview(ctx context.Context, limit int) ([]boxoffice.Order, error) {
	const oldest = `
SELECT ` + orderColumns + ` FROM orders WHERE state = 'PENDING' AND wait = 'review' ORDER BY at, key LIMIT $1`
	var orders []boxoffice.Order
	err := s.read(ctx, step{text: oldest, args: []any{int64(limit)}, each: func(r row) error {
		o, err := readOrder(r)
		orders = append(orders, o)
		return err
	}})
	return orders, err
}

// Document returns a ticket's page and the ticket's owner (boxoffice.Reader).
func (s *Store) Document(ctx context.Context, id string) (boxoffice.Document, boxoffice.View, boxoffice.Contact, error) {
	const (
		one   = `SELECT id, order_key, token, owned, issued_at FROM document WHERE id = $1`
		owner = `
SELECT p.contact
FROM document AS d JOIN ticket AS t ON t.token = d.token JOIN patron AS p ON p.organization = t.organization AND p.id = t.owner
WHERE d.id = $1`
		tickets = `SELECT ` + ticketColumns + ` FROM ticket WHERE token = (SELECT token FROM document WHERE id = $1)`
		events  = `
SELECT ` + eventColumns + `
FROM event WHERE id = (SELECT t.event FROM document AS d JOIN ticket AS t ON t.token = d.token WHERE d.id = $1)`
		organization = `
SELECT ` + organizationColumns + `
FROM organization WHERE id = (SELECT t.organization FROM document AS d JOIN ticket AS t ON t.token = d.token WHERE d.id = $1)`
	)
	var (
		d       boxoffice.Document
		v       boxoffice.View
		contact boxoffice.Contact
	)
	named := []any{id}
	steps := append(s.view(&v, step{text: tickets, args: named}, step{text: events, args: named}),
		step{text: one, args: []any{id}, each: func(r row) error {
			d = boxoffice.Document{
				ID: r.text(0), Order: boxoffice.ParseOrderKey(r.text(1)), Token: boxoffice.Token(r.text(2)),
				Owned: r.int(3), Issued: instant(r.int(4)),
			}
			return nil
		}},
		step{text: organization, args: []any{id}, each: func(r row) error {
			o, err := readOrganization(r)
			v.Organizations = map[access.OrganizationID]boxoffice.Organization{o.ID: o}
			return err
		}},
		step{text: owner, args: []any{id}, each: func(r row) (err error) {
			contact, err = s.openContact(r.text(0))
			return err
		}})
	err := s.read(ctx, steps...)
	if err == nil && d.ID != id {
		err = fault.DocumentUnknown
	}
	return d, v, contact, err
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
