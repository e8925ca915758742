package sqlstore

import (
	"context"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

var _ boxoffice.Finder = (*Store)(nil)

// BarcodeTickets returns the tickets of a barcode (boxoffice.Finder). The index of
// barcodes begins with the event, so each event is asked.
func (s *Store) BarcodeTickets(ctx context.Context, barcode boxoffice.Barcode) (boxoffice.View, error) {
	const (
		tickets = `SELECT ` + ticketColumns + ` FROM ticket WHERE (event, barcode) IN (SELECT id, $1 FROM event)`
		events  = `SELECT ` + eventColumns + ` FROM event WHERE id IN (SELECT event FROM ticket WHERE (event, barcode) IN (SELECT id, $1 FROM event))`
	)
	var v boxoffice.View
	named := []any{string(barcode)}
	err := s.read(ctx, s.view(&v, step{text: tickets, args: named}, step{text: events, args: named})...)
	return v, err
}

// Patron returns one patron (boxoffice.Finder).
func (s *Store) Patron(ctx context.Context, org access.OrganizationID, id boxoffice.PatronID) (p boxoffice.Patron, found bool, err error) {
	const one = `SELECT organization, id, contact, password_hash, since FROM patron WHERE organization = $1 AND id = $2`
	err = s.read(ctx, step{text: one, args: []any{int64(org), string(id)}, each: func(r row) error {
		found = true
		p, err = readPatron(r, s.openContact)
		return err
	}})
	return p, found, err
}

const (
	stretchBatches = 500   // of some hundred rows each, at most
	stretchChanges = 1_000 // that one answer has
)

// ChangesOf searches a stretch of the journal (boxoffice.Finder).
func (s *Store) ChangesOf(ctx context.Context, requestID string, below int64) (boxoffice.Stretch, error) {
	const (
		ends  = `SELECT COALESCE(MIN(number), 0), COALESCE(MAX(number), 0) FROM batch`
		since = `SELECT at FROM batch WHERE number >= $1 ORDER BY number LIMIT 1`
		found = `
SELECT COALESCE(b.position + j.n, 0), ` + changeColumns + `
FROM journal AS j JOIN batch AS b ON b.number = j.batch ` + joinTicket + `
WHERE j.batch >= $2 AND j.batch < $3 AND j.request_id = $1
ORDER BY j.batch, j.n LIMIT $4`
	)
	var (
		stretch       boxoffice.Stretch
		first, newest int64
	)
	err := s.read(ctx, step{text: ends, each: func(r row) error { first, newest = r.int(0), r.int(1); return nil }})
	if err != nil {
		return stretch, err
	}
	if below == 0 || below > newest+1 {
		below = newest + 1
	}
	from := max(below-stretchBatches, first)
	err = s.read(ctx,
		step{text: since, args: []any{from}, each: func(r row) error { stretch.Since = instant(r.int(0)); return nil }},
		step{text: found, args: []any{requestID, from, below, int64(stretchChanges + 1)}, each: func(r row) error {
			c, err := readChange(r)
			stretch.Changes = append(stretch.Changes, c)
			return err
		}})
	if len(stretch.Changes) > stretchChanges {
		stretch.Changes, stretch.More = stretch.Changes[:stretchChanges], true
	}
	if from > first {
		stretch.Below = from
	}
	return stretch, err
}
