package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	s             *Store
	dry           bool // only compare what is there
	events        map[boxoffice.EventID]*loadedEvent
	settledEvents map[boxoffice.EventID]bool // loaded whole before
	changed       bool                       // something was added
	begun         bool                       // the first tickets came
	highest       int64                      // of the numeric patron ids
	writing       chan struct{}              // closed when the chunk before is written
	err           error                      // of a chunk; read it when writing is closed
}

// A loadedEvent counts and digests the tickets of one event.
type loadedEvent struct {
	organization int64
	boxoffice.Tally
}

// NewLoader begins a load.
func (s *Store) NewLoader() *Loader {
	idle := make(chan struct{})
	close(idle)
	return &Loader{s: s, events: map[boxoffice.EventID]*loadedEvent{}, settledEvents: map[boxoffice.EventID]bool{}, writing: idle}
}

// NewComparer begins a load that writes nothing: it finds what the books have
// that is not as it is given, and what of theirs stands in the way.
func (s *Store) NewComparer() *Loader {
	l := s.NewLoader()
	l.dry = true
	return l
}

// settled waits for the chunk before.
func (l *Loader) settled() error {
	<-l.writing
	return l.err
}

// write has work done in a transaction while the caller goes on.
func (l *Loader) write(ctx context.Context, work func(ctx context.Context, tx session) error) error {
	if err := l.settled(); err != nil {
		return err
	}
	writing := make(chan struct{})
	l.writing = writing
	go func() {
		defer close(writing)
		l.err = l.patiently(ctx, work)
	}()
	return nil
}

// patiently gives way to the acts as often as the queue is full of them.
func (l *Loader) patiently(ctx context.Context, work func(ctx context.Context, tx session) error) error {
	for {
		err := l.s.alone(ctx, func(ctx context.Context, tx session) error {
			if err := tx.run(ctx, l.s.db.patience()...); err != nil {
				return err
			}
			return work(ctx, tx)
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

// The indexes of tickets besides their token. To make them once over a
// whole house costs a third of keeping them while it is loaded; so the first load
// into empty books goes without them until it is finished.
var ticketIndexes = []step{
	{text: `CREATE UNIQUE INDEX ticket_live_seat ON ticket (event, section, row, seat) WHERE NOT void`, want: -1},
	{text: `CREATE UNIQUE INDEX ticket_barcode ON ticket (event, barcode)`, want: -1},
	{text: `CREATE INDEX IF NOT EXISTS ticket_of_owner ON ticket (owner) WHERE owner <> ''`, want: -1}, // a migration may have made it since
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
	if l.begun || l.dry {
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
			step{text: `DROP INDEX ticket_barcode`, want: -1},
			step{text: `DROP INDEX ticket_of_owner`, want: -1})
	})
}

// Loaded tells which events were loaded before with exactly these tickets, as far
// as the journal knows. Their tickets need not be given again; Finish leaves them
// as they are.
func (l *Loader) Loaded(ctx context.Context, tallies map[boxoffice.EventID]*boxoffice.Tally) (map[boxoffice.EventID]bool, error) {
	if err := l.settled(); err != nil {
		return nil, err
	}
	states, err := l.loads(ctx, slices.Sorted(maps.Keys(tallies)))
	if err != nil {
		return nil, err
	}
	for id, tally := range tallies {
		if slices.Contains(states[id], tally.String()) {
			l.settledEvents[id] = true
		}
	}
	return maps.Clone(l.settledEvents), nil
}

// loads are the states that the journal has of the loads of events.
func (l *Loader) loads(ctx context.Context, events []boxoffice.EventID) (map[boxoffice.EventID][]string, error) {
	const loads = `
SELECT subject, state FROM journal WHERE subject {in $1} AND entity = '` + string(boxoffice.Events) + `' AND what = 'load'`
	states := map[boxoffice.EventID][]string{}
	err := l.s.read(ctx, step{text: loads, args: []any{texts(events)}, each: func(r row) error {
		id := boxoffice.EventID(r.text(0))
		states[id] = append(states[id], r.text(1))
		return nil
	}})
	return states, err
}

// Finish writes the load into the journal, one row with count and digest for each
// event that has no such row yet, and has the database look at its tables:
// without statistics PostgreSQL walks a whole event to find a ticket.
func (l *Loader) Finish(ctx context.Context) error {
	if err := l.settled(); err != nil || l.dry {
		return err
	}
	states, err := l.loads(ctx, slices.Sorted(maps.Keys(l.events)))
	if err != nil {
		return err
	}
	for id, e := range l.events {
		// An event that was given again without tickets keeps those it has.
		if l.settledEvents[id] || slices.Contains(states[id], e.String()) || e.Tickets == 0 && len(states[id]) > 0 {
			delete(l.events, id)
		}
	}
	if len(l.events) > 0 || l.begun {
		if err := l.s.alone(ctx, l.enter); err != nil {
			return err
		}
		l.s.committed()
	}
	if !l.changed {
		return nil
	}
	// Only what was loaded: statistics of tables that are still empty, such as the
	// journal's, would have them walked from end to end when they are not.
	for _, loaded := range []string{"organization", "season", "manifest", "event", "patron", "patron_key", "ticket", "listing"} {
		err := l.patiently(ctx, func(ctx context.Context, tx session) error {
			return tx.run(ctx, step{text: "ANALYZE " + loaded, want: -1})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// enter makes the indexes and writes the rows of the journal.
func (l *Loader) enter(ctx context.Context, tx session) error {
	const (
		bump      = `UPDATE event SET version = version + 1 WHERE id {in $1}`
		bumpBooks = `UPDATE organization SET catalog_version = catalog_version + 1 WHERE id IN (SELECT organization FROM event WHERE id {in $1})`
		write     = `
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state)
SELECT CAST($1 AS BIGINT), r.n, r.organization, '` + string(boxoffice.Events) + `', r.event, e.version, 'load', '', '', '', CAST($2 AS BIGINT), r.state
FROM {rows $3 n bigint, organization bigint, event text, state text}
JOIN event AS e ON e.id = r.event`
	)
	if err := l.s.indexTickets(ctx, tx); err != nil || len(l.events) == 0 {
		return err
	}
	var rows table
	events := slices.Sorted(maps.Keys(l.events))
	for n, id := range events {
		e := l.events[id]
		rows.row().int(int64(n)).int(e.organization).text(string(id)).text(e.String())
	}
	names := texts(events)
	id := random(26, "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
	now, err := l.s.clockIn(ctx, tx)
	if err != nil {
		return err
	}
	var number int64
	err = tx.run(ctx,
		step{text: bump, args: []any{names}, want: len(events)},
		step{text: bumpBooks, args: []any{names}, want: -1},
		l.s.db.draw(&number))
	if err != nil {
		return err
	}
	err = tx.run(ctx,
		step{text: saveBatch, args: []any{number, id, micros(now), int64(len(events))}, want: 1},
		step{text: write, args: []any{number, micros(now)}, rows: &rows, want: len(events)})
	if err != nil || !l.s.db.numbersAtOnce() {
		return err
	}
	_, err = l.s.number(ctx, tx)
	return err
}
