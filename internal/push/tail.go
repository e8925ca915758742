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
	// tailPause is between two looks: what is written meanwhile is read together.
	tailPause = 2 * time.Millisecond
	// tailAgain is the pause after the journal could not be read.
	tailAgain = time.Second
	// restAfter is how long rows are still read when nobody asks for them.
	restAfter = time.Second
)

// A Tail reads the journal once for all who follow it in this process, and not at
// all while there is nobody: reading a row costs as much as writing it. It is safe
// for concurrent use.
type Tail struct {
	journal boxoffice.Journal
	moved   <-chan struct{}
	log     *slog.Logger

	mu            sync.Mutex
	ring          []*Entry // a row lies at its position modulo the size
	oldest, until int64    // positions of the ring: from oldest on, and below until; both 0 before the first look
	grown         chan struct{}
	roused        chan struct{}
	awaited       bool      // somebody may be waiting for grown
	asked         time.Time // when somebody last came for rows
}

// NewTail follows a journal, which tells by moved that it has new rows.
func NewTail(journal boxoffice.Journal, moved <-chan struct{}, log *slog.Logger) *Tail {
	return newTail(journal, moved, log, ringSize)
}

func newTail(journal boxoffice.Journal, moved <-chan struct{}, log *slog.Logger, size int) *Tail {
	return &Tail{journal: journal, moved: moved, log: log, ring: make([]*Entry, size), grown: make(chan struct{}), roused: make(chan struct{}, 1)}
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
			if !t.followed() {
				continue // the poll keeps up with the end
			}
		case <-t.roused:
		case <-poll.C:
		}
		pause := tailEvery
		if err := t.look(ctx); err != nil {
			pause = tailAgain
			if fault.Of(err) == nil && ctx.Err() == nil { // a store that is away has said so itself
				t.log.ErrorContext(ctx, "following the journal failed", "err", err)
			}
		}
		if !rest(ctx, tailPause) {
			return nil
		}
		poll.Reset(pause)
	}
}

// rest waits for a while, and reports whether ctx lasted as long.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// look takes in what is new. It is Run's alone.
func (t *Tail) look(ctx context.Context) error {
	if t.until == 0 || !t.followed() {
		newest, err := t.journal.Newest(ctx)
		if err != nil || newest < t.until {
			return err
		}
		return t.grow(nil, newest+1)
	}
	for {
		changes, err := t.journal.Changes(ctx, t.until-1, readAtOnce)
		if err != nil || len(changes) == 0 {
			return err
		}
		if err := t.grow(changes, t.until); err != nil || len(changes) < readAtOnce {
			return err
		}
	}
}

var errGap = errors.New("the journal has a gap between two positions")

// followed reports whether rows are wanted.
func (t *Tail) followed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wanted()
}

func (t *Tail) wanted() bool { return t.awaited || time.Since(t.asked) < restAfter }

// grow puts rows behind the last; without any, it begins anew at from.
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
	if t.awaited {
		t.asked = time.Now() // who is told now will come
	}
	t.grown, t.awaited = make(chan struct{}), false
	return nil
}

// After returns rows beyond a position, the lowest first, at most limit: of the
// ring, or of the database where they have left it, or nobody came for rows lately.
// There are none where there are no more yet, or the end of the journal is not
// known yet; the channel is closed when there may be.
func (t *Tail) After(ctx context.Context, position int64, limit int) ([]*Entry, <-chan struct{}, error) {
	t.mu.Lock()
	grown, oldest, until := t.grown, t.oldest, t.until
	rested := !t.wanted()
	t.asked = time.Now()
	if position >= oldest-1 && !rested || until == 0 {
		var entries []*Entry
		for at := position + 1; at < until && len(entries) < limit; at++ {
			entries = append(entries, t.ring[at%int64(len(t.ring))])
		}
		t.awaited = t.awaited || len(entries) == 0
		t.mu.Unlock()
		return entries, grown, nil
	}
	t.mu.Unlock()
	if rested {
		defer t.rouse() // afterwards: then it finds whatever comes behind what is read here
	}
	entries, err := t.read(ctx, position, limit)
	if err == nil && len(entries) == 0 {
		t.mu.Lock()
		t.awaited = true
		t.mu.Unlock()
	}
	return entries, grown, err
}

// Since is After for one who does not wait: there are none only where there are no
// more in the database either.
func (t *Tail) Since(ctx context.Context, position int64, limit int) ([]*Entry, <-chan struct{}, error) {
	entries, grown, err := t.After(ctx, position, limit)
	if err != nil || len(entries) > 0 {
		return entries, grown, err
	}
	newest, err := t.journal.Newest(ctx)
	if err == nil && newest > position {
		entries, err = t.read(ctx, position, limit)
	}
	return entries, grown, err
}

func (t *Tail) read(ctx context.Context, position int64, limit int) ([]*Entry, error) {
	changes, err := t.journal.Changes(ctx, position, min(limit, readAtOnce))
	if err != nil {
		return nil, err
	}
	entries := make([]*Entry, len(changes))
	for i, c := range changes {
		entries[i] = newEntry(c)
	}
	return entries, nil
}

// rouse has Run go on from where it rested.
func (t *Tail) rouse() {
	select {
	case t.roused <- struct{}{}:
	default:
	}
}
