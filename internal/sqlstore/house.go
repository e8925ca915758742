package sqlstore

import (
	"context"
	"errors"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Manifest finds the seats of a configuration (boxoffice.Manifests).
func (s *Store) Manifest(ctx context.Context, org access.OrganizationID, season, facility, configuration string) (boxoffice.Manifest, error) {
	// The season's own comes last, and so wins.
	const one = `
SELECT ` + manifestColumns + ` FROM manifest
WHERE organization = $1 AND facility = $2 AND configuration = $3 AND (season = '' OR season = $4)
ORDER BY season`
	var (
		m     boxoffice.Manifest
		found bool
	)
	err := s.read(ctx, step{text: one, args: []any{int64(org), facility, configuration, season}, each: func(r row) (err error) {
		m, err = readManifest(r)
		found = true
		return err
	}})
	if err == nil && !found {
		err = fault.ManifestUnknown
	}
	return m, err
}

// House gives all rows of the house, as they stand at one moment, to the loader
// into, in the order of its calls and of the rows' keys; Finish is left to the
// caller. keys must be the installation's. Holds other than the venue's are left
// out, and so are versions: they belong to the trade.
func (r *Reader) House(ctx context.Context, keys *access.Keyring, into boxoffice.Loader) error {
	return r.db.snapshot(ctx, func(tx session) error {
		h := houseReader{tx: tx, keys: keys, into: into}
		if err := h.checkKey(ctx); err != nil {
			return err
		}
		for _, part := range []func(context.Context) error{h.places, h.patrons, h.tickets, h.listings} {
			if err := part(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// A houseReader hands rows over in chunks.
type houseReader struct {
	tx   session
	keys *access.Keyring
	into boxoffice.Loader
}

func (h *houseReader) checkKey(ctx context.Context) error {
	const look = `SELECT key_check FROM installation`
	check := ""
	if err := h.tx.run(ctx, step{text: look, each: func(r row) error { check = r.text(0); return nil }}); err != nil {
		return err
	}
	if check != h.keys.Check() {
		return errors.New("the key is not the one this database was made with")
	}
	return nil
}

// hand reads rows and hands them over, a chunk at a time.
func hand[T any](ctx context.Context, tx session, text string, read func(row) (T, error), over func(context.Context, []T) error) error {
	var rows []T
	err := tx.run(ctx, step{text: text, each: func(r row) error {
		one, err := read(r)
		if err != nil {
			return err
		}
		if rows = append(rows, one); len(rows) < loadChunk {
			return nil
		}
		full := rows
		rows = make([]T, 0, loadChunk) // the others belong to the loader now
		return over(ctx, full)
	}})
	if err != nil || len(rows) == 0 {
		return err
	}
	return over(ctx, rows)
}

func (h *houseReader) places(ctx context.Context) error {
	const (
		organizations = `SELECT ` + organizationColumns + ` FROM organization ORDER BY id`
		// A season may be known by its events alone.
		seasons = `
SELECT organization, code, name FROM season
UNION
SELECT e.organization, e.season, '' FROM event AS e
WHERE NOT EXISTS (SELECT 1 FROM season AS s WHERE s.organization = e.organization AND s.code = e.season)
ORDER BY 1, 2`
		manifests = `SELECT ` + manifestColumns + ` FROM manifest ORDER BY organization, facility, configuration, season`
		events    = `SELECT ` + eventColumns + ` FROM event ORDER BY organization, id`
	)
	if err := hand(ctx, h.tx, organizations, readOrganization, h.into.Organizations); err != nil {
		return err
	}
	err := hand(ctx, h.tx, seasons, func(r row) (boxoffice.Season, error) { return readSeason(r), nil }, h.into.Seasons)
	if err != nil {
		return err
	}
	if err := hand(ctx, h.tx, manifests, readManifest, h.into.Manifests); err != nil {
		return err
	}
	return hand(ctx, h.tx, events, readEvent, h.into.Events)
}

// patrons of whom nobody is to be found have no keys; the others get one that only
// says so, for keys are the installation's own.
func (h *houseReader) patrons(ctx context.Context) error {
	const all = `
SELECT p.organization, p.id, p.contact, p.password_hash, p.since, k.patron
FROM patron AS p LEFT JOIN (SELECT DISTINCT organization, patron FROM patron_key) AS k ON k.organization = p.organization AND k.patron = p.id
ORDER BY p.organization, p.id`
	return hand(ctx, h.tx, all, func(r row) (boxoffice.Patron, error) {
		p, err := readPatron(r, func(sealed string) (boxoffice.Contact, error) { return openContact(h.keys, sealed) })
		if !r.null(5) {
			p.Keys = []boxoffice.PersonKey{"known"}
		}
		return p, err
	}, h.into.Patrons)
}

func (h *houseReader) tickets(ctx context.Context) error {
	const all = `SELECT ` + ticketColumns + ` FROM ticket ORDER BY token`
	return hand(ctx, h.tx, all, func(r row) (boxoffice.Ticket, error) {
		t, err := readTicket(r)
		t.Owned, t.Version = 0, 0
		if t.Hold.Kind != boxoffice.HoldVenue {
			t.Hold = boxoffice.Hold{}
		}
		return t, err
	}, h.into.Tickets)
}

func (h *houseReader) listings(ctx context.Context) error {
	const all = `SELECT ` + listingColumns + ` FROM listing ORDER BY id`
	return hand(ctx, h.tx, all, readListing, h.into.Listings)
}
