package link

import (
	"context"
	"sync"
	"time"
)

// A Pair is an access token and the refresh token that gives the next pair.
type Pair struct {
	AccessToken  Secret    `json:"accessToken"`
	Expiration   time.Time `json:"expiration"` // of the access token
	RefreshToken Secret    `json:"refreshToken"`
	Code         string    `json:"code"` // which authorization code it all came from, as a digest
}

// A Keep keeps the pair where it outlives the program. Whoever loses it needs a
// new authorization code of the operator.
//
// Several processes, and several clients, may share a pair, and must then take
// turns: a refresh token that one of them shows after another has used what it
// gave is spent, and showing it revokes everything. In a database that is a
// transaction which locks the row with the pair.
type Keep interface {
	// Renew calls next with the pair that is kept, the zero Pair when there is none
	// yet, and keeps the one that next returns; it returns nil when that would
	// outlive a crash. Until then nobody who shares the pair gets another Renew. An
	// error of next is returned, and the kept pair stays. A pair with the same
	// RefreshToken need not be written again.
	Renew(ctx context.Context, next func(kept Pair) (Pair, error)) error
}

// A Memory is a Keep that does not outlive the program: for tests, and for a code
// that is used once.
type Memory struct {
	begin sync.Once
	turn  chan struct{}
	pair  Pair
}

// Renew implements Keep.
func (m *Memory) Renew(ctx context.Context, next func(Pair) (Pair, error)) error {
	m.begin.Do(func() { m.turn = make(chan struct{}, 1) })
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	pair, err := next(m.pair)
	if err == nil {
		m.pair = pair
	}
	return err
}
