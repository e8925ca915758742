package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// lease is how long a task is kept for the process that claimed it. A process
// that dies loses it, and another takes over.
const lease = 30 * time.Second

// soon is how far ahead a task may be due for its clerk to be told at once: it sleeps
// no longer without looking.
const soon = time.Second

// FollowTasks tells of tasks of this process that are due, or in a moment
// (boxoffice.Tasks).
func (s *Store) FollowTasks(ctx context.Context) <-chan struct{} { return s.tasks.follow(ctx) }

// TasksDue tells which kinds have a task that is due (boxoffice.Tasks). The clock is
// read before, and not in one snapshot: that takes two statements instead of four,
// again and again in a house at rest.
func (s *Store) TasksDue(ctx context.Context, kinds []string) (due []string, next time.Duration, err error) {
	const first = `SELECT r.kind, (SELECT MIN(t.due_at) FROM task AS t WHERE t.kind = r.kind) FROM {rows $1 kind text}`
	if len(kinds) == 0 {
		return nil, 0, nil
	}
	var now time.Time
	if steps := s.db.clock(&now); len(steps) > 0 {
		if err := s.read(ctx, steps...); err != nil {
			return nil, 0, err
		}
	}
	var rows table
	for _, kind := range kinds {
		rows.row().text(kind)
	}
	err = s.read(ctx, step{text: first, rows: &rows, each: func(r row) error {
		if r.null(1) {
			return nil
		}
		wait := instant(r.int(1)).Sub(now)
		if wait <= 0 {
			due = append(due, r.text(0))
		} else if next == 0 || wait < next {
			next = wait
		}
		return nil
	}})
	return due, next, err
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
