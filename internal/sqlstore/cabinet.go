package sqlstore

import (
	"context"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var _ boxoffice.Cabinet = (*Store)(nil)

// Organizations returns all organizations (boxoffice.Cabinet).
func (s *Store) Organizations(ctx context.Context) ([]boxoffice.Organization, error) {
	const all = `SELECT ` + organizationColumns + ` FROM organization ORDER BY id`
	var list []boxoffice.Organization
	err := s.read(ctx, step{text: all, each: func(r row) error {
		o, err := readOrganization(r)
		list = append(list, o)
		return err
	}})
	return list, err
}

// ChangeOrganization changes the rules of an organization (boxoffice.Cabinet).
func (s *Store) ChangeOrganization(ctx context.Context, id access.OrganizationID, change func(*boxoffice.Organization) error) (o boxoffice.Organization, err error) {
	const (
		one = `SELECT ` + organizationColumns + ` FROM organization WHERE id = $1 {lock}`
		// The version tells every process that what it knows of the catalog is old.
		write = `
UPDATE organization SET zone = $2, strict_sums = $3, review = $4, review_above = $5, pages = $6, callbacks = $7, catalog_version = catalog_version + 1
WHERE id = $1`
		timeless = `SELECT ` + eventColumns + ` FROM event WHERE organization = $1 AND end_at = 0 ORDER BY id {lock}`
		move     = `UPDATE event SET over_at = $2 WHERE id = $1`
	)
	err = s.alone(ctx, func(ctx context.Context, tx session) error {
		o = boxoffice.Organization{}
		err := tx.run(ctx, step{text: one, args: []any{int64(id)}, each: func(r row) (err error) { o, err = readOrganization(r); return err }})
		if err != nil {
			return err
		}
		if o.ID != id {
			return fault.OrganizationUnknown
		}
		zone := o.Zone
		if err := change(&o); err != nil {
			return err
		}
		o.CatalogVersion++
		steps := []step{{text: write, want: 1, args: []any{
			int64(id), o.Zone, o.StrictSums, string(o.Review), o.ReviewAbove, pack(o.Pages), pack(o.Callbacks),
		}}}
		if o.Zone != zone {
			err := tx.run(ctx, step{text: timeless, args: []any{int64(id)}, each: func(r row) error {
				e, err := readEvent(r)
				if over := boxoffice.OverAt(e.Start, e.End, o.Location()); !over.Equal(e.Over) {
					steps = append(steps, step{text: move, args: []any{string(e.ID), micros(over)}, want: 1})
				}
				return err
			}})
			if err != nil {
				return err
			}
		}
		return tx.run(ctx, steps...)
	})
	return o, err
}

// AddListing enters a listing (boxoffice.Cabinet).
func (s *Store) AddListing(ctx context.Context, l boxoffice.Listing) error {
	const (
		channel = `SELECT 1 FROM channel WHERE code = $1`
		add     = `INSERT INTO listing (` + listingColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	)
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		known := false
		if err := tx.run(ctx, step{text: channel, args: []any{string(l.Channel)}, each: func(row) error { known = true; return nil }}); err != nil {
			return err
		}
		if !known {
			return boxoffice.ErrChannelUnknown
		}
		return tx.run(ctx, step{text: add, want: 1, args: []any{
			string(l.ID), int64(l.Organization), string(l.Channel), string(l.Patron), pack(l.Tokens), micros(l.Created), micros(l.Expires),
		}})
	})
}

// Listings returns the newest listings (boxoffice.Cabinet).
func (s *Store) Listings(ctx context.Context, limit int) ([]boxoffice.Listing, boxoffice.View, error) {
	const newest = `SELECT ` + wholeListing + ` FROM listing ORDER BY created_at DESC, id LIMIT $1`
	var (
		listings []boxoffice.Listing
		tokens   []boxoffice.Token
	)
	err := s.read(ctx, step{text: newest, args: []any{int64(limit)}, each: func(r row) error {
		l, err := readWholeListing(r)
		listings, tokens = append(listings, l), append(tokens, l.Tokens...)
		return err
	}})
	if err != nil {
		return nil, boxoffice.View{}, err
	}
	view, err := s.Tickets(ctx, tokens) // which tickets a listing names never changes
	return listings, view, err
}
