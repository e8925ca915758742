package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// PaceMail counts a mail that is about to be sent, or tells how long it has to
// wait for its turn: nobody gets more than most within a time, from all processes
// together. The same mail tried again counts once, at its last attempt.
func (s *Store) PaceMail(ctx context.Context, id string, to boxoffice.PersonKey, most int, within time.Duration) (wait time.Duration, err error) {
	const (
		others = `SELECT COUNT(*), MIN(at) FROM mail WHERE recipient = $1 AND at > $2 AND id <> $3`
		count  = `
INSERT INTO mail (id, recipient, at) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET recipient = excluded.recipient, at = excluded.at`
	)
	err = s.alone(ctx, func(ctx context.Context, tx session) error {
		// Two processes that count at once would both find room for the last one.
		if err := tx.run(ctx, s.db.claim("mail", []string{string(to)})...); err != nil {
			return err
		}
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		var sent int64
		var first time.Time
		look := step{text: others, args: []any{string(to), micros(now.Add(-within)), id}, each: func(r row) error {
			sent, first = r.int(0), instant(r.int(1))
			return nil
		}}
		if err := tx.run(ctx, look); err != nil {
			return err
		}
		if wait = 0; sent >= int64(most) {
			wait = first.Add(within).Sub(now)
			return nil
		}
		return tx.run(ctx, step{text: count, args: []any{id, string(to), micros(now)}, want: -1})
	})
	return wait, err
}

// TidyMails forgets mails of longer than within ago, in steps as Tidy does.
func (s *Store) TidyMails(ctx context.Context, within time.Duration) error {
	const drop = `
DELETE FROM mail
WHERE id IN (SELECT id FROM mail WHERE at <= $1 ORDER BY at LIMIT $2 {skip})
RETURNING id`
	return s.forget(ctx, drop, within)
}
