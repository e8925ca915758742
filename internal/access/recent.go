package access

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

const (
	// cacheFor is how long a caller found good is let in again without a look at
	// the store. What is revoked must be refused everywhere within a second; half
	// of it is left for clocks and slow reads.
	cacheFor = 500 * time.Millisecond
	// recentSize bounds the memory: about a megabyte.
	recentSize = 4096
)

// recent remembers callers found good a moment ago. The zero value is ready.
type recent struct {
	mu      sync.RWMutex
	callers map[[sha256.Size]byte]seen
}

type seen struct {
	principal Principal
	read      time.Time // a clock set back must not make it last longer
	until     time.Time
}

// recentKey is one hash over all that was shown, so that no secret stays in
// memory and no two combinations are taken for each other.
func recentKey(c Credentials) [sha256.Size]byte {
	text := make([]byte, 0, 256)
	for _, part := range [...]string{c.AccessToken, string(c.Application), c.APIKey, string(c.Channel)} {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	return sha256.Sum256(text)
}

func (r *recent) find(key [sha256.Size]byte, now time.Time) (Principal, bool) {
	r.mu.RLock()
	s, ok := r.callers[key]
	r.mu.RUnlock()
	if !ok || now.Before(s.read) || !now.Before(s.until) {
		return Principal{}, false
	}
	return s.principal, true
}

func (r *recent) keep(key [sha256.Size]byte, p Principal, until, read time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Entries are worth a single read each: starting over is cheaper than
	// keeping an order among them.
	if r.callers == nil || len(r.callers) >= recentSize {
		r.callers = make(map[[sha256.Size]byte]seen)
	}
	r.callers[key] = seen{p, read, until}
}

// clear forgets everybody, so that this process obeys a revocation at once.
func (r *recent) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.callers = nil
}
