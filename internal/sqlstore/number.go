package sqlstore

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// committed wakes whoever waits for new rows of the journal.
func (s *Store) committed() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
	if s.db.numbersAtOnce() {
		s.placed()
	}
}

// Moved tells that the journal may have new rows in their order, to one who
// waits for them. Of another process's batches it tells nothing.
func (s *Store) Moved() <-chan struct{} { return s.moved }

// placed wakes the one who follows the journal.
func (s *Store) placed() {
	select {
	case s.moved <- struct{}{}:
	default: // it is awake already
	}
}

// numberPause is between two times of numbering.
const numberPause = 4 * time.Millisecond

// runNumberer gives committed batches their positions until ctx ends. Any
// process may: the head's row is locked by whoever does.
func (s *Store) runNumberer(ctx context.Context) {
	var tx session
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			if tx != nil {
				tx.close()
			}
			return
		case <-s.wake:
		case <-poll.C:
		}
		if tx == nil || !tx.alive() {
			if tx != nil {
				tx.close()
			}
			var err error
			if tx, err = s.db.writer(ctx); err != nil {
				tx = nil
				continue // the next poll tries again
			}
		}
		if err := s.numberOnce(ctx, tx); err != nil && ctx.Err() == nil {
			s.bug(err)
			s.log.Warn("numbering failed", "err", err)
		}
		// What is committed meanwhile is numbered together: each time costs a commit.
		select {
		case <-ctx.Done():
		case <-time.After(numberPause):
		}
	}
}

func (s *Store) numberOnce(ctx context.Context, tx session) error {
	if err := tx.begin(ctx); err != nil {
		return err
	}
	defer tx.rollback()
	if err := s.number(ctx, tx); err != nil {
		return err
	}
	defer s.placed()
	return tx.commit(ctx)
}

// number gives the committed batches that have none their positions, in the
// order of their numbers. Whoever sees a version of a seat sees the earlier ones,
// and an earlier one has a smaller number; so positions respect every seat's
// versions, and are dense.
func (s *Store) number(ctx context.Context, tx session) error {
	const (
		lockHead = `SELECT position FROM head WHERE id = 1 {lock}`
		place    = `
UPDATE batch SET position = f.position
FROM (
	SELECT number, CAST((SELECT position FROM head) + 1 + SUM(size) OVER (ORDER BY number) - size AS BIGINT) AS position
	FROM batch WHERE position IS NULL ORDER BY number LIMIT 1000
) AS f
WHERE batch.number = f.number
RETURNING size`
		moveHead = `UPDATE head SET position = position + $1 WHERE id = 1`
	)
	var moved int64
	err := tx.run(ctx,
		step{text: lockHead, each: func(row) error { return nil }},
		// In a statement of its own, so that it sees what was committed while it waited.
		step{text: place, each: func(r row) error { moved += r.int(0); return nil }})
	if err != nil || moved == 0 {
		return err
	}
	return tx.run(ctx, step{text: moveHead, args: []any{moved}, want: 1})
}

// Numbers are taken from blocks that were reserved beforehand, so that no batch
// waits for a counter's row. Those of a block that was not used up are left out.
const (
	numberBlock = 2_000
	numberLow   = 1_000
)

// ids makes what must be new for one writer (boxoffice.Ids).
type ids struct {
	blocks map[string]block
	more   map[string]int64 // series of which a batch wanted more than was left
}

type block struct{ next, end int64 }

// numbersSpent is what Number panics with when an act wants more than is left.
type numbersSpent struct{ series string }

func (n numbersSpent) Error() string { return "no more numbers of " + n.series }

// fill reserves the blocks that are running out.
func (n *ids) fill(ctx context.Context, tx session) error {
	const reserve = `UPDATE series SET next = next + $2 WHERE name = $1 RETURNING next`
	if n.blocks == nil {
		n.blocks, n.more = map[string]block{}, map[string]int64{}
	}
	for _, series := range []string{boxoffice.SeriesPatron, boxoffice.SeriesTransaction, boxoffice.SeriesTransfer} {
		b, size := n.blocks[series], numberBlock+n.more[series]
		if b.end-b.next >= numberLow && size == numberBlock {
			continue
		}
		err := tx.run(ctx, step{text: reserve, args: []any{series, size}, each: func(r row) error {
			n.blocks[series] = block{r.int(0) - size, r.int(0)}
			return nil
		}})
		if err != nil {
			return err
		}
		delete(n.more, series)
	}
	return nil
}

// want makes the next block of a series large enough for any batch.
func (n *ids) want(spent numbersSpent) { n.more[spent.series] = 50 * numberBlock }

// forget leaves out what is left of a block: a load has taken numbers that were
// set aside before it, and put the series beyond them.
func (n *ids) forget(series string) { delete(n.blocks, series) }

func (n *ids) Number(series string) int64 {
	b := n.blocks[series]
	if b.next == b.end {
		panic(numbersSpent{series})
	}
	n.blocks[series] = block{b.next + 1, b.end}
	return b.next
}

func (n *ids) Word(length int) string   { return random(length, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") }
func (n *ids) Digits(length int) string { return random(length, "0123456789") }
func (n *ids) Alphanumerics(length int) string {
	return random(length, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
}

func random(n int, alphabet string) string {
	// Bytes past the last whole multiple of the alphabet would favour its head.
	limit := 256 - 256%len(alphabet)
	out, raw := make([]byte, 0, n), make([]byte, n+8)
	for len(out) < n {
		_, _ = rand.Read(raw) // never fails (crypto/rand)
		for _, b := range raw {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}
