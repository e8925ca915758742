package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A Watch is told what becomes of acts, for metrics and traces. It sees no row, no
// key and no person. Writers call it, so it returns at once; many call it at a
// time.
type Watch interface {
	// Batch tells that a writer is done with some acts, or, when solo is set, with
	// one piece of work that no act is. The mark it returns is given to Waited for
	// each of them.
	Batch(acts int, solo bool, began time.Time) (mark any)
	// Waited tells that a caller has its verdict. The mark is nil when no writer
	// took the act.
	Waited(ctx context.Context, began time.Time, mark any, err error)
	// Bug tells of a statement that changed another number of rows than it must.
	Bug()
	// Catalog tells of a catalog that was asked for, and whether it was known.
	Catalog(known bool)
}

// mostCounted bounds what a look at the progress costs: it counts no further.
const mostCounted = 10_000

// Progress tells how far the store is with what follows a commit.
func (s *Store) Progress(ctx context.Context) (boxoffice.Progress, error) {
	const (
		head       = `SELECT position FROM head WHERE id = 1`
		unnumbered = `SELECT COUNT(*) FROM (SELECT 1 FROM batch WHERE position IS NULL LIMIT $1) AS counted`
		due        = `SELECT COUNT(*) FROM (SELECT 1 FROM task WHERE due_at <= $1 LIMIT $2) AS counted`
	)
	var (
		p   boxoffice.Progress
		now time.Time
	)
	if steps := s.db.clock(&now); len(steps) > 0 {
		if err := s.read(ctx, steps...); err != nil {
			return p, err
		}
	}
	into := func(n *int64) func(row) error { return func(r row) error { *n = r.int(0); return nil } }
	err := s.read(ctx,
		step{text: head, each: into(&p.Position)},
		step{text: unnumbered, args: []any{int64(mostCounted)}, each: into(&p.Unnumbered)},
		step{text: due, args: []any{micros(now), int64(mostCounted)}, each: into(&p.Due)})
	return p, err
}

// Queued is how many acts wait for a writer.
func (s *Store) Queued() int { return len(s.queue) }

// watched tells the watch of a batch, once it has its verdict and before its
// callers have it.
func (s *Store) watched(batch []*waiting, began time.Time) {
	watch := s.options.Watch
	if watch == nil {
		return
	}
	mark := watch.Batch(len(batch), batch[0].solo != nil, began)
	for _, each := range batch {
		if !each.told { // else its caller has gone on with what it saw
			each.mark = mark
		}
	}
}

// bug tells of a wrong row count, if that is what err is.
func (s *Store) bug(err error) {
	if s.options.Watch != nil && errors.Is(err, errRows) {
		s.options.Watch.Bug()
	}
}
