package access

import (
	"sync"
	"time"
)

// A bound says how many failures a name is forgiven, and how long it is blocked
// for one more: twice as long each time.
type bound struct {
	free    int           // failures within the window
	window  time.Duration // failures older than this do not count
	first   time.Duration // the first block
	longest time.Duration // no block is longer
}

// The bounds of this desk (reliability: failed exchanges, more than 5 in 5
// minutes; unknown barcodes, more than 100 a minute; unknown transferIds, more than
// 10 a minute).
var (
	failedExchanges  = bound{free: 5, window: 5 * time.Minute, first: time.Minute, longest: 15 * time.Minute}
	unknownBarcodes  = bound{free: 100, window: time.Minute, first: time.Minute, longest: 15 * time.Minute}
	wrongFromOne     = bound{free: 20, window: 5 * time.Minute, first: time.Minute, longest: 15 * time.Minute} // an office or a family behind one address
	wrongAtOne       = bound{free: 10, window: 5 * time.Minute, first: time.Minute, longest: 15 * time.Minute}
	unknownTransfers = bound{free: 10, window: time.Minute, first: time.Minute, longest: 15 * time.Minute}
)

const (
	limiterSize = 4096 // names remembered; more push out others
	limiterLook = 16   // names looked at to make room for a new one
)

// A limiter counts failures by name and blocks a name that has more than its
// bound. It is ready with a bound.
type limiter struct {
	bound bound

	mu    sync.Mutex
	names map[string]*failures
}

type failures struct {
	at    []time.Time // within the window, oldest first, at most as many as are free
	block time.Duration
	until time.Time // blocked until
}

// wait returns how long the name is still blocked, 0 when it is not.
func (l *limiter) wait(name string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.names[name]
	if f == nil {
		return 0
	}
	return max(0, f.until.Sub(now))
}

// fail counts n failures and returns how long the name is blocked, 0 when it is
// not. The empty name is never counted. Failures of a blocked name do not make
// the block longer.
func (l *limiter) fail(name string, n int, now time.Time) time.Duration {
	if name == "" || n <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.names[name]
	if f == nil || f.forgotten(l.bound, now) {
		f = new(failures)
		l.add(name, f, now)
	}
	if wait := f.until.Sub(now); wait > 0 {
		return wait
	}
	for len(f.at) > 0 && now.Sub(f.at[0]) >= l.bound.window {
		f.at = f.at[1:]
	}
	if len(f.at)+n <= l.bound.free {
		for range n {
			f.at = append(f.at, now)
		}
		return 0
	}
	f.block = min(max(l.bound.first, 2*f.block), l.bound.longest)
	f.at, f.until = nil, now.Add(f.block)
	return f.block
}

func (l *limiter) add(name string, f *failures, now time.Time) {
	if l.names == nil {
		l.names = make(map[string]*failures)
	}
	if len(l.names) >= limiterSize {
		l.makeRoom(now)
	}
	l.names[name] = f
}

// makeRoom looks at a few names: the forgotten ones go, or else one that is not
// blocked, or else any. Go walks a map from a random place, so nobody can choose
// whom their failures push out.
func (l *limiter) makeRoom(now time.Time) {
	victim, looked := "", 0
	for name, f := range l.names {
		if looked++; looked > limiterLook {
			break
		}
		if f.forgotten(l.bound, now) {
			delete(l.names, name)
		} else if victim == "" || !f.until.After(now) {
			victim = name
		}
	}
	if len(l.names) >= limiterSize {
		delete(l.names, victim)
	}
}

// forgotten reports whether nothing of it counts any more. A block is
// remembered for as long as the longest one after its end.
func (f *failures) forgotten(b bound, now time.Time) bool {
	counts := len(f.at) > 0 && now.Sub(f.at[len(f.at)-1]) < b.window
	return !counts && !now.Before(f.until.Add(b.longest))
}
