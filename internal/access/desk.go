package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

// A Desk lets partners in. What it knows of credentials is in the
// store, so desks of several processes on one database agree: what one revokes,
// the others refuse within a second. What it remembers for itself is callers of
// the last half second and the counts of its limits: those are per process. It is
// safe for concurrent use.
type Desk struct {
	store Store
	keys  *Keyring
	clock func() time.Time

	recent       recent
	addresses    limiter               // whose exchanges failed
	applications limiter               // whose exchanges failed
	guesses      [guessedKinds]limiter // applications that named what there is not
	paces        paces
}

// Purposes of the key ring.
const (
	apiKeyPurpose = "api key"
	replayPurpose = "token replay"
)

// ErrNoFamily is the Store's answer when no code or token has a hash.
var ErrNoFamily = errors.New("no such code or token")

// NewDesk opens a desk over a store. The clock tells the time; tests pass their own.
func NewDesk(store Store, keys *Keyring, clock func() time.Time) *Desk {
	return &Desk{
		store: store, keys: keys, clock: clock,
		addresses: limiter{bound: failedExchanges}, applications: limiter{bound: failedExchanges}, guesses: [guessedKinds]limiter{Barcodes: {bound: unknownBarcodes}, TransferIDs: {bound: unknownTransfers}, Pages: {bound: unknownTransfers}, Doors: {bound: wrongFromOne}, Locks: {bound: wrongAtOne}},
	}
}

// now is the time as the store keeps it.
func (d *Desk) now() time.Time { return d.clock().UTC().Truncate(time.Microsecond) }

// Authenticate finds out who is calling. A Principal of the same credentials
// may be given again from memory for half a second; then its lists are
// shared, for reading only. RequestID and Sandbox are the caller's to fill in.
//
// It returns fault.AccessTokenRequired for an access token that is missing,
// malformed or unknown, AccessTokenExpired, AccessTokenRevoked (also for an API
// key that was), KeyInvalid where application, key or channel is missing or
// unknown, and NotPermitted where each is good and they do not belong together:
// in this order (contract.md §1, Strictness).
//
// The first success of an access token spends what its pair was traded for; it
// is durable when Authenticate returns. A refusal spends nothing.
func (d *Desk) Authenticate(ctx context.Context, c Credentials) (Principal, error) {
	if !wellFormed(c.AccessToken, accessPrefix) {
		return Principal{}, fault.AccessTokenRequired
	}
	now, key := d.now(), recentKey(c)
	if p, ok := d.recent.find(key, now); ok {
		return p, nil
	}
	shown := Shown{
		Access: hashOf(c.AccessToken), Application: nameOrNone(c.Application),
		Key: keyIDOf(c.APIKey), Channel: nameOrNone(c.Channel),
	}
	s, err := d.store.Standing(ctx, shown)
	if err != nil {
		return Principal{}, fmt.Errorf("authenticate: %w", err)
	}
	if err := d.admit(s, c, now); err != nil {
		return Principal{}, err
	}
	if s.Family.fresh(s.Token) {
		if err := d.firstUse(ctx, shown.Access, now); err != nil {
			return Principal{}, err
		}
	}
	p := Principal{Application: s.Application, Channel: c.Channel, Organizations: s.Organizations, CallbackHosts: s.CallbackHosts, Rate: s.Rate}
	until := earlier(now.Add(cacheFor), s.Token.Expires)
	if !s.Key.Ends.IsZero() {
		until = earlier(until, s.Key.Ends)
	}
	d.recent.keep(key, p, until, now)
	return p, nil
}

// admit judges what the store knows of the credentials.
func (d *Desk) admit(s Standing, c Credentials, now time.Time) error {
	if err := admitToken(&s.Family, s.Token, now); err != nil {
		return err
	}
	// The MAC is compared whether or not there is such a key, so that the time
	// taken does not tell.
	good := s.Key.matches(d.keyMAC(c.APIKey))
	switch {
	case s.Application == "" || s.ChannelOf == "" || !good:
		return fault.KeyInvalid
	case s.Key.ended(now):
		return fault.AccessTokenRevoked.Saying("the API key was revoked or replaced")
	case s.Family.Application != s.Application || s.KeyOf != s.Application || s.ChannelOf != s.Application:
		return fault.NotPermitted
	}
	return nil
}

// admitToken judges an access token by itself.
func admitToken(f *Family, token Mark, now time.Time) error {
	switch {
	case f.ID == "":
		return fault.AccessTokenRequired
	case f.dead():
		return fault.AccessTokenRevoked
	case !now.Before(token.Expires):
		return fault.AccessTokenExpired
	}
	return nil
}

// firstUse marks the pair of an access token as used. The family is judged
// again: since it was read, the pair may have been replaced or revoked.
func (d *Desk) firstUse(ctx context.Context, token Hash, now time.Time) error {
	err := d.store.Family(ctx, token, func(f *Family, by Mark) error {
		if err := admitToken(f, by, now); err != nil {
			return err
		}
		if f.fresh(by) {
			f.use()
		}
		return nil
	})
	switch {
	case errors.Is(err, ErrNoFamily):
		return fault.AccessTokenRequired
	case err != nil && fault.Of(err) == nil:
		return fmt.Errorf("first use of an access token: %w", err)
	}
	return err
}

// Tidy drops what can be of no use any more: ended families and pairs, and the
// sealed pairs kept for repeats. Call it about once a minute; it may be run by
// several processes at once.
func (d *Desk) Tidy(ctx context.Context) error {
	now := d.now()
	if err := d.store.Tidy(ctx, now, now.Add(-replayFor)); err != nil {
		return fmt.Errorf("tidy credentials: %w", err)
	}
	return nil
}

// nameOrNone returns name when it can be one at all, else "": what is no name is
// not looked up.
func nameOrNone[N ~string](name N) N {
	if len(name) > nameLimit || !isName(string(name)) {
		return ""
	}
	return name
}
