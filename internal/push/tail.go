package push

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

const (
	// ringSize is how many of the newest rows of the journal are kept in memory: some
	// seconds of a busy house. Who is further behind reads the database.
	ringSize = 1 << 14
	// readAtOnce bounds one read of the journal.
	readAtOnce = 2_000
	// tailEvery backs the wake-up.
	tailEvery = time.Second
	// tailAgain is the pause after the journal could not be read.
	tailAgain = time.Second
)

// A Tail reads the journal once for all who follow it in this process. It is safe
// for concurrent use.
type Tail struct {
	journal boxoffice.Journal
	moved   <-chan struct{}
	log     *slog.Logger

	mu            sync.Mutex
	ring          []*Entry // a row lies at its position modulo the size
	oldest, until int64    // positions of the ring: from oldest on, and below until; both 0 before the first look
	grown         chan struct{}
}

// NewTail follows a journal, which tells by moved that it has new rows.
func NewTail(journal boxoffice.Journal, moved <-chan struct{}, log *slog.Logger) *Tail {
	return newTail(journal, moved, log, ringSize)
}

func newTail(journal boxoffice.Journal, moved <-chan struct{}, log *slog.Logger, size int) *Tail {
	return &Tail{journal: journal, moved: moved, log: log, ring: make([]*Entry, size), grown: make(chan struct{})}
}

// Run follows the journal until ctx ends, then returns nil.
func (t *Tail) Run(ctx context.Context) error {
	poll := time.NewTimer(0)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.moved:
		case <-poll.C:
		}
		pause := tailEvery
		if err := t.look(ctx); err != nil {
			pause = tailAgain
			if fault.Of(err) == nil && ctx.Err() == nil { // a store that is away has said so itself
				t.log.ErrorContext(ctx, "following the journal failed", "err", err)
			}
		}
		poll.Reset(pause)
	}
}

// look takes in what is new. It is Run's alone.
func (t *Tail) look(ctx context.Context) error {
	if t.until == 0 {
		ends, err := t.journal.JournalEnds(ctx)
		if err != nil {
			return err
		}
		if err := t.grow(nil, ends.Newest+1); err != nil {
			return err
		}
	}
	for {
		changes, err := t.journal.Changes(ctx, t.until-1, readAtOnce)
		if err != nil || len(changes) == 0 {
			return err
		}
		if err := t.grow(changes, t.until); err != nil {
			return err
		}
	}
}

var errGap = errors.New("the journal has a gap between two positions")

// grow puts rows behind the last; without any, it begins at from.
func (t *Tail) grow(changes []boxoffice.Change, from int64) error {
	entries := make([]*Entry, len(changes))
	for i, c := range changes {
		if c.Position != from+int64(i) {
			return errGap
		}
		entries[i] = newEntry(c)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(changes) == 0 {
		t.oldest, t.until = from, from
	}
	size := int64(len(t.ring))
	for _, e := range entries {
		t.ring[e.Position%size] = e
		t.until = e.Position + 1
	}
	t.oldest = max(t.oldest, t.until-size)
	close(t.grown)
	t.grown = make(chan struct{})
	return nil
}

// Newest is the position of the last row that was seen; 0 before the first look.
func (t *Tail) Newest() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.until-1, 0)
}

// After returns rows beyond a position, the lowest first, at most limit: of the
// ring, or of the database where they have left it. There are none where none are
// seen yet; the channel is closed when there may be.
func (t *Tail) After(ctx context.Context, position int64, limit int) ([]*Entry, <-chan struct{}, error) {
	t.mu.Lock()
	grown, oldest, until := t.grown, t.oldest, t.until
	if position >= oldest-1 || until == 0 {
		var entries []*Entry
		for at := position + 1; at < until && len(entries) < limit; at++ {
			entries = append(entries, t.ring[at%int64(len(t.ring))])
		}
		t.mu.Unlock()
		return entries, grown, nil
	}
	t.mu.Unlock()
	changes, err := t.journal.Changes(ctx, position, min(limit, readAtOnce))
	if err != nil {
		return nil, grown, err
	}
	entries := make([]*Entry, len(changes))
	for i, c := range changes {
		entries[i] = newEntry(c)
	}
	return entries, grown, nil
}
