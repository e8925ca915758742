package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"
)

const (
	liveKeys   = 2
	keyOverlap = 24 * time.Hour // how long a key is good after another was issued
	keptKeys   = 8              // with those that ended, so that they are known as such
)

// A Key is an API key as it is kept.
type Key struct {
	ID      KeyID
	MAC     string // under the key ring; "" outside the store
	Created time.Time
	Ends    time.Time // when it was or will be revoked; zero while that is open
}

func (k Key) ended(now time.Time) bool { return !k.Ends.IsZero() && !now.Before(k.Ends) }

// matches compares in a time that does not tell where the two differ.
func (k Key) matches(mac string) bool { return hmac.Equal([]byte(k.MAC), []byte(mac)) }

func (d *Desk) keyMAC(key string) string {
	return base64.RawURLEncoding.EncodeToString(d.keys.MAC(apiKeyPurpose, key))
}

// NewAPIKey issues an API key. It is told this once; only its MAC is kept. The
// key the application had, if any, is good for 24 h more, so that it can be
// replaced without a pause. With two live keys it returns ErrKeysLive.
func (d *Desk) NewAPIKey(ctx context.Context, app ApplicationID) (string, error) {
	now := d.now()
	id, key := newKey()
	err := d.change(ctx, app, func(e *Enrolment) error {
		live := 0
		for i, k := range e.Keys {
			if k.ended(now) {
				continue
			}
			if live++; live == liveKeys {
				return ErrKeysLive
			}
			if k.Ends.IsZero() {
				e.Keys[i].Ends = now.Add(keyOverlap)
			}
		}
		e.Keys = append(e.Keys, Key{ID: id, MAC: d.keyMAC(key), Created: now})
		for i := 0; len(e.Keys) > keptKeys; {
			if e.Keys[i].ended(now) {
				e.Keys = slices.Delete(e.Keys, i, i+1)
			} else {
				i++
			}
		}
		return nil
	})
	if err != nil {
		return "", d.acted("new API key", err)
	}
	return key, nil
}

// RevokeKey ends an API key, which every process refuses within a second. One
// that ended before stays so. It returns ErrKeyUnknown.
func (d *Desk) RevokeKey(ctx context.Context, app ApplicationID, id KeyID) error {
	now := d.now()
	return d.acted("revoke API key", d.change(ctx, app, func(e *Enrolment) error {
		for i, k := range e.Keys {
			if k.ID == id {
				if !k.ended(now) {
					e.Keys[i].Ends = now
				}
				return nil
			}
		}
		return ErrKeyUnknown
	}))
}

// NewCode issues an authorization code, good for 7 days. It is told this once;
// only its hash is kept. Codes issued before stay good.
func (d *Desk) NewCode(ctx context.Context, app ApplicationID) (string, error) {
	now, code, family := d.now(), newSecret(codePrefix), rand.Text()
	err := d.change(ctx, app, func(e *Enrolment) error {
		e.Codes = []Family{newFamily(family, hashOf(code), e, now)}
		return nil
	})
	if err != nil {
		return "", d.acted("new code", err)
	}
	return code, nil
}

// Disable shuts an application out: its live API keys end, and so does every
// code and token it has, all of it or nothing; every process refuses it within a
// second. What it was granted stays, so that a new key and a new code let it in again.
// Disabling twice changes nothing more.
func (d *Desk) Disable(ctx context.Context, app ApplicationID) error {
	now := d.now()
	return d.acted("disable", d.change(ctx, app, func(e *Enrolment) error {
		for i, k := range e.Keys {
			if !k.ended(now) {
				e.Keys[i].Ends = now
			}
		}
		e.Epoch++
		return nil
	}))
}

// RevokeTokens ends every code and token the application has, which every
// process refuses within a second. API keys stay; a new code starts anew.
func (d *Desk) RevokeTokens(ctx context.Context, app ApplicationID) error {
	return d.acted("revoke tokens", d.change(ctx, app, func(e *Enrolment) error {
		e.Epoch++
		return nil
	}))
}
