package sqlstore

import (
	"context"
	"sync"
	"time"
)

// Processes on one database wake each other: whoever has given batches their
// positions rings a bell, and all others look at the journal. On PostgreSQL that is
// NOTIFY by the numberer's connection, after the commit: within the transaction it
// would put all commits of the server in one line.
const (
	// ringEvery is how soon the bell may ring again. It wakes every process, and what
	// comes in between is found by whoever is awake.
	ringEvery = 5 * time.Millisecond
	// deafEvery is how often a process that hears no bell looks by itself.
	deafEvery = 25 * time.Millisecond
)

// Followers wait for something in this process, each by a wake-up of its own, so that
// none takes another's word.
type followers struct {
	mu   sync.Mutex
	each map[chan struct{}]bool
}

// follow returns a wake-up, which is told until ctx ends.
func (f *followers) follow(ctx context.Context) <-chan struct{} {
	told := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.each == nil {
		f.each = map[chan struct{}]bool{}
	}
	f.each[told] = true
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.each, told)
	})
	return told
}

func (f *followers) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for told := range f.each {
		select {
		case told <- struct{}{}:
		default: // it is awake already
		}
	}
}

// A bell is when it rang, and when it is to ring again.
type bell struct {
	rang time.Time
	due  <-chan time.Time // nil while there is nothing to tell
}

// ring tells other processes that there are new rows, now or a moment later.
func (n *numberer) ring(ctx context.Context) error {
	if wait := ringEvery - time.Since(n.bell.rang); wait > 0 {
		if n.bell.due == nil {
			n.bell.due = time.After(wait)
		}
		return nil
	}
	n.bell.due = time.After(numberAgain) // should it fail
	if err := n.connect(ctx); err != nil {
		return nil //nolint:nilerr // a database that is away is the writers' to tell
	}
	if err := n.tx.run(ctx, n.s.db.ring(n.s.name)...); err != nil {
		return err
	}
	n.bell = bell{rang: time.Now()}
	return nil
}

// runListener hears the bells of other processes until ctx ends. While it is deaf,
// whoever follows the journal is told to look again and again.
func (s *Store) runListener(ctx context.Context) {
	for heard := true; ctx.Err() == nil; {
		deaf, hears := context.WithCancel(ctx)
		var looking sync.WaitGroup
		looking.Go(func() { s.lookOften(deaf) })
		err := s.db.listen(ctx, s.name, func() {
			heard = true
			hears()
			s.placed()
		})
		if err != nil && ctx.Err() == nil && heard {
			s.log.Warn("other processes are not heard, looking at the journal instead", "err", err)
			heard = false
		}
		select {
		case <-ctx.Done():
		case <-time.After(reconnectAfter):
		}
		hears()
		looking.Wait()
	}
}

func (s *Store) lookOften(ctx context.Context) {
	tick := time.NewTicker(deafEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.placed()
		}
	}
}
