package access

import (
	"sync"
	"time"
)

// How failed exchanges are limited (reliability: more than 5 in 5 minutes).
const (
	failuresFree  = 5
	failureWindow = 5 * time.Minute
	firstBlock    = time.Minute
	longestBlock  = 15 * time.Minute

	limiterSize = 4096 // names remembered; more push out others
	limiterLook = 16   // names looked at to make room for a new one
)

// A limiter counts failures by name and blocks a name that has too many, for
// twice as long each time. The zero value is ready.
type limiter struct {
	mu    sync.Mutex
	names map[string]*failures
}

type failures struct {
	at    []time.Time // within the window, oldest first, at most failuresFree
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

// fail counts a failure and returns how long the name is blocked, 0 when it is
// not. The empty name is never counted. Failures of a blocked name do not make
// the block longer.
func (l *limiter) fail(name string, now time.Time) time.Duration {
	if name == "" {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.names[name]
	if f == nil || f.forgotten(now) {
		f = new(failures)
		l.add(name, f, now)
	}
	if wait := f.until.Sub(now); wait > 0 {
		return wait
	}
	for len(f.at) > 0 && now.Sub(f.at[0]) >= failureWindow {
		f.at = f.at[1:]
	}
	if len(f.at) < failuresFree {
		f.at = append(f.at, now)
		return 0
	}
	f.block = min(max(firstBlock, 2*f.block), longestBlock)
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
		if f.forgotten(now) {
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
func (f *failures) forgotten(now time.Time) bool {
	counts := len(f.at) > 0 && now.Sub(f.at[len(f.at)-1]) < failureWindow
	return !counts && !now.Before(f.until.Add(longestBlock))
}
