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

// Follow tells that the journal may have new rows in their order, those of other
// processes too (signal.go), until ctx ends. Each follower has a wake-up of its own.
func (s *Store) Follow(ctx context.Context) (moved <-chan struct{}) { return s.journal.follow(ctx) }

// placed wakes all who follow the journal.
func (s *Store) placed() { s.journal.wake() }

const (
	// numberEvery backs the wake-up. It also finds the batches of a process that ended
	// between a commit and its numbering.
	numberEvery = time.Second
	// numberAgain is the pause after numbering failed.
	numberAgain = 100 * time.Millisecond
	// numberPause is between two times of numbering: each costs a commit, and what is
	// committed meanwhile is numbered together.
	numberPause = 4 * time.Millisecond
	// numberMost is how many batches are numbered at once.
	numberMost = 1_000
)

// A numberer gives committed batches their positions, and rings the bell for other
// processes. It owns a connection.
type numberer struct {
	s    *Store
	tx   session // nil until it is connected
	bell bell
}

// runNumberer numbers batches until ctx ends. Any process may: the head's row is
// locked by whoever does.
func (s *Store) runNumberer(ctx context.Context) {
	n := &numberer{s: s}
	poll := time.NewTimer(0)
	defer poll.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			if n.tx != nil {
				n.tx.close()
			}
			return
		case <-s.wake:
			err = n.turn(ctx, true)
		case <-poll.C:
			err = n.turn(ctx, false)
		case <-n.bell.due:
			err = n.ring(ctx)
		}
		pause := numberEvery
		if err != nil {
			pause = numberAgain
			if ctx.Err() == nil {
				s.bug(err)
				s.log.Warn("numbering failed", "err", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(numberPause):
		}
		poll.Reset(pause)
	}
}

// turn numbers all that is committed. Who was woken has committed something, which
// another process may have numbered meanwhile.
func (n *numberer) turn(ctx context.Context, woken bool) error {
	if err := n.connect(ctx); err != nil {
		return nil //nolint:nilerr // a database that is away is the writers' to tell
	}
	if !woken {
		if waits, err := n.waits(ctx); err != nil || !waits {
			return err
		}
	}
	for {
		batches, err := n.once(ctx)
		if err != nil {
			return err
		}
		if batches > 0 || woken {
			n.s.placed()
		}
		if batches > 0 {
			if err := n.ring(ctx); err != nil {
				return err
			}
		}
		if batches < numberMost {
			return nil
		}
	}
}

func (n *numberer) connect(ctx context.Context) (err error) {
	if n.tx != nil && n.tx.alive() {
		return nil
	}
	if n.tx != nil {
		n.tx.close()
	}
	n.tx, err = n.s.db.writer(ctx)
	if err != nil {
		n.tx = nil
	}
	return err
}

// waits tells whether a batch waits for its position, and locks nothing.
func (n *numberer) waits(ctx context.Context) (waits bool, err error) {
	const look = `SELECT number FROM batch WHERE position IS NULL ORDER BY number LIMIT 1`
	err = n.tx.run(ctx, step{text: look, each: func(row) error { waits = true; return nil }})
	return waits, err
}

func (n *numberer) once(ctx context.Context) (batches int, err error) {
	if err := n.tx.begin(ctx); err != nil {
		return 0, err
	}
	defer n.tx.rollback()
	if batches, err = n.s.number(ctx, n.tx); err != nil || batches == 0 {
		return 0, err
	}
	return batches, n.tx.commit(ctx)
}

const (
	lockHead = `SELECT position FROM head WHERE id = 1 {lock}`

	// The limit is cast, for SQLite looks at one that is a bare parameter, and prepares
	// the statement anew with every commit.
	placeBatches = `
UPDATE batch SET position = f.position
FROM (
	SELECT number, CAST((SELECT position FROM head) + 1 + SUM(size) OVER (ORDER BY number) - size AS BIGINT) AS position
	FROM batch WHERE position IS NULL ORDER BY number LIMIT CAST($1 AS BIGINT)
) AS f
WHERE batch.number = f.number
RETURNING size`

	moveHead = `UPDATE head SET position = position + $1 WHERE id = 1`
)

// number gives the committed batches that have none their positions, in the
// order of their numbers. Whoever sees a version of a seat sees the earlier ones,
// and an earlier one has a smaller number; so positions respect every seat's
// versions, and are dense. It returns how many it numbered, at most numberMost.
func (s *Store) number(ctx context.Context, tx session) (batches int, err error) {
	var moved int64
	err = tx.run(ctx,
		step{text: lockHead, each: func(row) error { return nil }},
		// In a statement of its own, so that it sees what was committed while it waited.
		step{text: placeBatches, args: []any{int64(numberMost)}, each: func(r row) error { batches++; moved += r.int(0); return nil }})
	if err != nil || moved == 0 {
		return batches, err
	}
	return batches, tx.run(ctx, step{text: moveHead, args: []any{moved}, want: 1})
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
