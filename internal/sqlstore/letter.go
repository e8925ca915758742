package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/push"
)

// Bury keeps letters (push.Letters).
func (s *Store) Bury(ctx context.Context, letters []push.Letter) error {
	const bury = `
INSERT INTO letter (subscription, subject, position, note, at, again)
SELECT {.subscription}, {.subject}, {.position}, {.note}, $1, {.again}
{from $2 subscription text, subject text, position bigint, note text, again boolean}
WHERE {.subscription} IN (SELECT id FROM subscription)
ON CONFLICT (subscription, subject, position) DO UPDATE SET note = excluded.note, again = excluded.again`
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		var rows table
		known := map[push.Letter]bool{} // PostgreSQL refuses to change a row twice
		for _, l := range letters {
			name := push.Letter{Subscription: l.Subscription, Subject: l.Subject, Position: l.Position}
			if known[name] {
				continue
			}
			known[name] = true
			rows.row().text(l.Subscription).text(l.Subject).int(l.Position).text(l.Note).flag(l.Again)
		}
		return tx.run(ctx, step{text: bury, args: []any{micros(now)}, rows: &rows, want: -1})
	})
}

// DeadLetters returns a subscription's (push.Letters).
func (s *Store) DeadLetters(ctx context.Context, id string, again bool, limit int) ([]push.Letter, error) {
	const oldest = `
SELECT subscription, subject, position, note, at, again FROM letter
WHERE subscription = $1 AND (again OR NOT $2) ORDER BY position, subject LIMIT $3`
	var letters []push.Letter
	err := s.read(ctx, step{text: oldest, args: []any{id, again, int64(limit)}, each: func(r row) error {
		letters = append(letters, push.Letter{
			Subscription: r.text(0), Subject: r.text(1), Position: r.int(2), Note: r.text(3), At: instant(r.int(4)), Again: r.flag(5),
		})
		return nil
	}})
	return letters, err
}

// Rouse has the letters of a subscription told again (push.Letters). That takes
// it from its relay, so that whoever serves it next begins with them.
func (s *Store) Rouse(ctx context.Context, id string) (n int64, err error) {
	const rouse = `UPDATE letter SET again = true WHERE subscription = $1`
	err = s.alone(ctx, func(ctx context.Context, tx session) error {
		took := 0
		err := tx.run(ctx, step{text: rouse, args: []any{id}, want: -1, took: &took})
		n = int64(took)
		return err
	})
	if err != nil {
		return 0, err
	}
	_, err = s.ChangeSubscription(ctx, id, func(*push.Subscription) error { return nil })
	return n, err
}

// Settle drops a letter that was delivered (push.Letters).
func (s *Store) Settle(ctx context.Context, l push.Letter) error {
	const settle = `DELETE FROM letter WHERE subscription = $1 AND subject = $2 AND position = $3`
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx, step{text: settle, args: []any{l.Subscription, l.Subject, l.Position}, want: -1})
	})
}

// lettersKept is how long dead letters are.
const lettersKept = 30 * 24 * time.Hour

// TidyLetters drops dead letters that are too old.
func (s *Store) TidyLetters(ctx context.Context) error {
	const (
		look = `SELECT 1 FROM letter WHERE at < $1 LIMIT 1`
		tidy = `DELETE FROM letter WHERE at < $1`
	)
	var (
		now time.Time
		old bool
	)
	if err := s.read(ctx, append([]step{{text: `SELECT 1`, each: func(row) error { return nil }}}, s.db.clock(&now)...)...); err != nil {
		return err
	}
	until := micros(now.Add(-lettersKept))
	err := s.read(ctx, step{text: look, args: []any{until}, each: func(row) error { old = true; return nil }})
	if err != nil || !old {
		return err
	}
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx, step{text: tidy, args: []any{until}, want: -1})
	})
}
