package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// lease is how long a task is kept for the process that claimed it. A process
// that dies loses it, and another takes over.
const lease = 30 * time.Second

// TasksDue tells which kinds have a task that is due (boxoffice.Tasks).
func (s *Store) TasksDue(ctx context.Context, kinds []string) ([]string, error) {
	const first = `SELECT MIN(due_at) FROM task WHERE kind = $1`
	if len(kinds) == 0 {
		return nil, nil
	}
	var (
		now   time.Time
		steps []step
		dueAt = map[string]int64{}
	)
	for _, kind := range kinds {
		steps = append(steps, step{text: first, args: []any{kind}, each: func(r row) error {
			if !r.null(0) {
				dueAt[kind] = r.int(0)
			}
			return nil
		}})
	}
	if err := s.read(ctx, append(steps, s.db.clock(&now)...)...); err != nil {
		return nil, err
	}
	var due []string
	for _, kind := range kinds {
		if at, found := dueAt[kind]; found && at <= micros(now) {
			due = append(due, kind)
		}
	}
	return due, nil
}

// ClaimTasks takes tasks that are due (boxoffice.Tasks).
func (s *Store) ClaimTasks(ctx context.Context, kind string, limit int) ([]boxoffice.ClaimedTask, error) {
	const claim = `
UPDATE task SET due_at = $3, attempts = attempts + 1
WHERE id IN (SELECT id FROM task WHERE kind = $1 AND due_at <= $2 ORDER BY due_at LIMIT $4 {skip})
RETURNING id, kind, subject, due_at, attempts`
	var claimed []boxoffice.ClaimedTask
	err := s.alone(ctx, func(ctx context.Context, tx session) error {
		claimed = nil
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		return tx.run(ctx, step{text: claim, args: []any{kind, micros(now), micros(now.Add(lease)), int64(limit)}, each: func(r row) error {
			claimed = append(claimed, boxoffice.ClaimedTask{
				Task:     boxoffice.Task{ID: r.text(0), Kind: r.text(1), Subject: r.text(2), Due: instant(r.int(3))},
				Attempts: int(r.int(4)),
			})
			return nil
		}})
	})
	return claimed, err
}

// FinishTask drops a task that was done (boxoffice.Tasks).
func (s *Store) FinishTask(ctx context.Context, t boxoffice.ClaimedTask) error {
	const finish = `DELETE FROM task WHERE id = $1 AND attempts = $2`
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx, step{text: finish, args: []any{t.ID, int64(t.Attempts)}, want: -1})
	})
}

// PutOffTask makes a claimed task due later (boxoffice.Tasks).
func (s *Store) PutOffTask(ctx context.Context, t boxoffice.ClaimedTask, delay time.Duration) error {
	const putOff = `UPDATE task SET due_at = $3 WHERE id = $1 AND attempts = $2`
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		return tx.run(ctx, step{text: putOff, args: []any{t.ID, int64(t.Attempts), micros(now.Add(delay))}, want: -1})
	})
}

// clockIn reads the database's clock within a transaction.
func (s *Store) clockIn(ctx context.Context, tx session) (now time.Time, err error) {
	err = tx.run(ctx, s.db.clock(&now)...)
	return now, err
}
