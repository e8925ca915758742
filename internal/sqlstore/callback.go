package sqlstore

import (
	"context"
	"fmt"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

const callbackPurpose = "callback"

// Callback returns what is owed to the partner of a process, or was; false where
// nothing ever was.
func (s *Store) Callback(ctx context.Context, id boxoffice.ProcessID) (c boxoffice.Callback, found bool, err error) {
	const one = `SELECT process, channel, url, state, attempts, note, at, round FROM callback WHERE process = $1`
	err = s.read(ctx, step{text: one, args: []any{string(id)}, each: func(r row) error {
		found = true
		c = boxoffice.Callback{
			Process: boxoffice.ProcessID(r.text(0)), Channel: access.Channel(r.text(1)), State: boxoffice.CallbackState(r.text(3)),
			Attempts: int(r.int(4)), Note: r.text(5), At: instant(r.int(6)), Round: r.int(7),
		}
		url, err := s.keys.Open(callbackPurpose, r.text(2))
		if err != nil {
			return fmt.Errorf("address of a callback: %w", err)
		}
		c.URL = string(url)
		return nil
	}})
	return c, found, err
}

// SettleCallback keeps the state, attempts and note of a callback that was read
// as owed; its time is the database's. It is idempotent: what was settled, and
// what became owed anew since it was read, stays as it is.
func (s *Store) SettleCallback(ctx context.Context, c boxoffice.Callback) error {
	const settle = `
UPDATE callback SET state = $3, attempts = $4, note = $5, at = $6
WHERE process = $1 AND round = $2 AND state = 'owed'`
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		return tx.run(ctx, step{text: settle, want: -1, args: []any{
			string(c.Process), c.Round, string(c.State), int64(c.Attempts), c.Note, micros(now),
		}})
	})
}
