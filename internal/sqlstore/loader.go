package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// loadChunk is how many rows one transaction of a load has.
const loadChunk = 5_000

// A Loader takes a house into the books (boxoffice.Loader). Each chunk of rows is
// a transaction of its own between the batches of acts, written while the caller
// makes the next; an error comes with a later call, Finish at the latest. It is
// for one goroutine.
type Loader struct {
	s       *Store
	events  map[boxoffice.EventID]*loadedEvent
	begun   bool          // the first tickets came
	highest int64         // of the numeric patron ids
	writing chan struct{} // closed when the chunk before is written
	err     error         // of a chunk; read it when writing is closed
}

// A loadedEvent counts and digests the tickets of one event.
type loadedEvent struct {
	organization int64
	tickets      int64
	digest       hash.Hash
}

// NewLoader begins a load.
func (s *Store) NewLoader() *Loader {
	idle := make(chan struct{})
	close(idle)
	return &Loader{s: s, events: map[boxoffice.EventID]*loadedEvent{}, writing: idle}
}

// settled waits for the chunk before.
func (l *Loader) settled() error {
	<-l.writing
	return l.err
}

// write has a transaction written while the caller goes on.
func (l *Loader) write(ctx context.Context, steps ...step) error {
	if err := l.settled(); err != nil {
		return err
	}
	writing := make(chan struct{})
	l.writing = writing
	go func() {
		defer close(writing)
		l.err = l.patiently(ctx, steps...)
	}()
	return nil
}

// patiently gives way to the acts as often as the queue is full of them.
func (l *Loader) patiently(ctx context.Context, steps ...step) error {
	for {
		err := l.s.alone(ctx, func(ctx context.Context, tx session) error {
			return tx.run(ctx, append(l.s.db.patience(), steps...)...)
		})
		if !errors.Is(err, fault.Busy) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(reconnectAfter):
		}
	}
}

// The unique indexes of tickets besides their token. To make them once over a
// whole house costs a third of keeping them while it is loaded; so the first load
// into empty books goes without them until it is finished.
var ticketIndexes = []step{
	{text: `CREATE UNIQUE INDEX ticket_live_seat ON ticket (event, section, row, seat) WHERE NOT void`, want: -1},
	{text: `CREATE UNIQUE INDEX ticket_barcode ON ticket (event, barcode)`, want: -1},
	{text: `UPDATE installation SET loading = false`, want: 1},
}

// indexTickets makes the indexes if a load went without them.
func (s *Store) indexTickets(ctx context.Context, tx session) error {
	loading := false
	look := step{text: `SELECT loading FROM installation`, each: func(r row) error { loading = r.flag(0); return nil }}
	if err := tx.run(ctx, look); err != nil || !loading {
		return err
	}
	if err := tx.run(ctx, append(s.db.patience(), ticketIndexes...)...); err != nil {
		return fmt.Errorf("index the tickets: %w", err)
	}
	return nil
}

// recover makes good a load that was interrupted, at the start of a store.
func (s *Store) recover(ctx context.Context, tx session) error {
	if err := tx.begin(ctx); err != nil {
		return err
	}
	defer tx.rollback()
	if err := s.indexTickets(ctx, tx); err != nil {
		return err
	}
	return tx.commit(ctx)
}

// unindexed drops the indexes if there is no ticket yet.
func (l *Loader) unindexed(ctx context.Context) error {
	if l.begun {
		return nil
	}
	l.begun = true
	if err := l.settled(); err != nil {
		return err
	}
	return l.s.alone(ctx, func(ctx context.Context, tx session) error {
		empty := true
		err := tx.run(ctx, step{text: `SELECT 1 FROM ticket LIMIT 1`, each: func(row) error { empty = false; return nil }})
		if err != nil || !empty {
			return err
		}
		return tx.run(ctx,
			step{text: `UPDATE installation SET loading = true`, want: 1},
			step{text: `DROP INDEX ticket_live_seat`, want: -1},
			step{text: `DROP INDEX ticket_barcode`, want: -1})
	})
}

// insert writes rows in chunks of one statement and one transaction each.
func insert[T any](ctx context.Context, l *Loader, text string, rows []T, add func(*table, T)) error {
	for chunk := range slices.Chunk(rows, loadChunk) {
		t := &table{}
		for _, row := range chunk {
			add(t, row)
		}
		if err := l.write(ctx, step{text: text, rows: t, want: -1}); err != nil {
			return err
		}
	}
	return nil
}

// Organizations adds those that are not there yet.
func (l *Loader) Organizations(ctx context.Context, rows []boxoffice.Organization) error {
	const add = `
INSERT INTO organization (` + organizationColumns + `)
SELECT ` + organizationColumns + `
FROM {rows $1 id bigint, name text, distributor_code text, zone text, currency text, strict_sums boolean, catalog_version bigint,
	review text, review_above bigint, pages text, callbacks text}
WHERE true
ON CONFLICT (id) DO NOTHING`
	return insert(ctx, l, add, rows, addOrganization)
}

// Events adds those that are not there yet.
func (l *Loader) Events(ctx context.Context, rows []boxoffice.Event) error {
	const add = `
INSERT INTO event (` + eventColumns + `)
SELECT ` + eventColumns + `
FROM {rows $1 id text, organization bigint, season text, item text, basis text, name text, item_name text, internet_name text,
	start_at bigint, start_date text, end_at bigint, end_date text, over_at bigint,
	facility_code text, facility_name text, configuration_code text, associations text, price_types text,
	secondary boolean, cancelled boolean, version bigint}
WHERE true
ON CONFLICT (id) DO NOTHING`
	for _, e := range rows {
		l.events[e.ID] = &loadedEvent{organization: int64(e.Organization), digest: sha256.New()}
	}
	return insert(ctx, l, add, rows, addEvent)
}

// Patrons adds those that are not there yet, with what they are found by. New
// accounts are numbered beyond the largest numeric id.
func (l *Loader) Patrons(ctx context.Context, rows []boxoffice.Patron) error {
	const (
		add = `
INSERT INTO patron (organization, id, contact, password_hash, since)
SELECT r.organization, r.id, r.contact, r.password_hash, r.since
FROM {rows $1 organization bigint, id text, contact text, password_hash text, since bigint}
WHERE true
ON CONFLICT (organization, id) DO NOTHING`
		addKeys = `
INSERT INTO patron_key (key, organization, patron, since)
SELECT r.key, r.organization, r.patron, r.since
FROM {rows $1 key text, organization bigint, patron text, since bigint}
WHERE true
ON CONFLICT (key, organization, patron) DO NOTHING`
		raise = `UPDATE series SET next = $2 WHERE name = $1 AND next < $2`
	)
	for chunk := range slices.Chunk(rows, loadChunk) {
		for _, p := range chunk {
			if n, err := strconv.ParseInt(string(p.ID), 10, 64); err == nil {
				l.highest = max(l.highest, n)
			}
		}
		patrons, keys := l.s.patronRows(chunk)
		err := l.write(ctx,
			step{text: add, rows: &patrons, want: -1},
			step{text: addKeys, rows: &keys, want: -1},
			step{text: raise, args: []any{boxoffice.SeriesPatron, l.highest + 1}, want: -1})
		if err != nil {
			return err
		}
	}
	return nil
}

// Tickets adds those that are not there yet.
func (l *Loader) Tickets(ctx context.Context, rows []boxoffice.Ticket) error {
	const add = `
INSERT INTO ticket (` + ticketColumns + `)
SELECT {.token}, {.organization}, {.event}, {.section}, {.row}, {.seat}, {.seating_type}, {.association_type},
	{.attributes}, {.price_level}, {.price_type}, {.face}, {.owner}, {.owned}, {.barcode}, {.void},
	{.hold}, {.hold_by}, {.hold_since}, {.hold_terms}, {.version}
{from $1 token text, organization bigint, event text, section text, row text, seat text, seating_type text, association_type text, attributes text,
	price_level bigint, price_type text, face bigint, owner text, owned bigint, barcode text, void boolean,
	hold text, hold_by text, hold_since bigint, hold_terms text, version bigint}
WHERE true
ON CONFLICT (token) DO NOTHING`
	if err := l.unindexed(ctx); err != nil {
		return err
	}
	var line []byte
	for _, t := range rows {
		e := l.events[t.Event]
		if e == nil {
			e = &loadedEvent{organization: int64(t.Organization), digest: sha256.New()}
			l.events[t.Event] = e
		}
		e.tickets++
		line = line[:0]
		for _, part := range []string{string(t.Token), t.Section, t.Row, t.Seat, string(t.Owner), string(t.Barcode)} {
			line = append(append(line, part...), 0)
		}
		_, _ = e.digest.Write(line) // never fails
	}
	return insert(ctx, l, add, rows, addTicket)
}

// Listings adds those that are not there yet.
func (l *Loader) Listings(ctx context.Context, rows []boxoffice.Listing) error {
	const add = `
INSERT INTO listing (id, organization, channel, patron, tokens, created_at, expires_at)
SELECT r.id, r.organization, r.channel, r.patron, r.tokens, r.created_at, r.expires_at
FROM {rows $1 id text, organization bigint, channel text, patron text, tokens text, created_at bigint, expires_at bigint}
WHERE true
ON CONFLICT (id) DO NOTHING`
	return insert(ctx, l, add, rows, func(t *table, row boxoffice.Listing) {
		t.row().text(string(row.ID)).int(int64(row.Organization)).text(string(row.Channel)).text(string(row.Patron)).
			text(pack(row.Tokens)).int(micros(row.Created)).int(micros(row.Expires))
	})
}

// Finish writes the load into the journal, one row for each event with the
// count and the digest of its tickets, and has the database look at its tables:
// without statistics PostgreSQL walks a whole event to find a ticket.
func (l *Loader) Finish(ctx context.Context) error {
	const (
		bump      = `UPDATE event SET version = version + 1 WHERE id {in $1}`
		bumpBooks = `UPDATE organization SET catalog_version = catalog_version + 1 WHERE id IN (SELECT organization FROM event WHERE id {in $1})`
		write     = `
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state)
SELECT b.number, r.n, r.organization, '` + entityEvents + `', r.event, e.version, 'load', '', '', '', b.at, r.state
FROM {rows $2 n bigint, organization bigint, event text, state text}
JOIN event AS e ON e.id = r.event CROSS JOIN (SELECT number, at FROM batch WHERE id = $1) AS b`
	)
	if err := l.settled(); err != nil {
		return err
	}
	var rows table
	events := slices.Sorted(maps.Keys(l.events))
	for n, id := range events {
		e := l.events[id]
		state := `{"tickets":` + strconv.FormatInt(e.tickets, 10) + `,"digest":"` + hex.EncodeToString(e.digest.Sum(nil)) + `"}`
		rows.row().int(int64(n)).int(e.organization).text(string(id)).text(state)
	}
	names := texts(events)
	id := random(26, "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
	err := l.s.alone(ctx, func(ctx context.Context, tx session) error {
		if err := l.s.indexTickets(ctx, tx); err != nil {
			return err
		}
		now, err := l.s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		err = tx.run(ctx,
			step{text: bump, args: []any{names}, want: len(events)},
			step{text: bumpBooks, args: []any{names}, want: -1},
			step{text: saveBatch, args: []any{id, micros(now), int64(len(events))}, want: 1},
			step{text: write, args: []any{id}, rows: &rows, want: len(events)})
		if err != nil || !l.s.db.numbersAtOnce() {
			return err
		}
		return l.s.number(ctx, tx)
	})
	if err != nil {
		return err
	}
	l.s.committed()
	// Only what was loaded: statistics of tables that are still empty, such as the
	// journal's, would have them walked from end to end when they are not.
	for _, loaded := range []string{"organization", "event", "patron", "patron_key", "ticket", "listing"} {
		if err := l.patiently(ctx, step{text: "ANALYZE " + loaded, want: -1}); err != nil {
			return err
		}
	}
	return nil
}
