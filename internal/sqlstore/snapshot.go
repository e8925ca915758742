package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
)

// Snapshot reads how the seats of an event stand (push.Snapshots). The position is
// of the same snapshot of the database: rows that were committed by then and have
// no position yet come after it, and say again what the snapshot has.
func (s *Store) Snapshot(ctx context.Context, event boxoffice.EventID) (push.Snapshot, error) {
	const (
		head    = `SELECT position FROM head WHERE id = 1`
		one     = `SELECT ` + eventColumns + ` FROM event WHERE id = $1`
		tickets = `SELECT section, row, seat, owner, hold, hold_by FROM ticket WHERE event = $1 AND NOT void ORDER BY section, row, seat`
	)
	var (
		now  time.Time
		e    boxoffice.Event
		snap = push.Snapshot{Event: event}
	)
	steps := append([]step{
		{text: head, each: func(r row) error { snap.Position = r.int(0); return nil }},
		{text: one, args: []any{string(event)}, each: func(r row) (err error) { e, err = readEvent(r); return err }},
		{text: tickets, args: []any{string(event)}, each: func(r row) error {
			snap.Seats = append(snap.Seats, push.StandingSeat{
				Section: r.text(0), Row: r.text(1), Seat: r.text(2),
				Standing: boxoffice.Standing{Owner: boxoffice.PatronID(r.text(3)), Hold: boxoffice.HoldKind(r.text(4)), By: r.text(5)},
			})
			return nil
		}},
	}, s.db.clock(&now)...)
	if err := s.read(ctx, steps...); err != nil {
		return snap, err
	}
	if e.ID != event {
		return snap, fault.EventUnknown
	}
	snap.Organization = e.Organization
	for i := range snap.Seats {
		snap.Seats[i].Closed = !e.Open(now)
	}
	return snap, nil
}
