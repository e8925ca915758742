package access

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seatlink/seatlink/internal/fault"
)

// A Porter knows the scanners at the gates by their keys. A key is of one
// organization, and of some of its events or of all. Only its MAC is kept. What
// one process revokes, the others refuse at once. A Porter is safe for concurrent
// use.
type Porter struct {
	store   PorterStore
	keys    *Keyring
	clock   func() time.Time
	guesses limiter // by address and key id
}

// A PorterStore keeps the keys of gates.
type PorterStore interface {
	// AddGateKey keeps a new key. It returns fault.OrganizationUnknown where there is
	// no such organization.
	AddGateKey(ctx context.Context, k GateKey) error
	// GateKey returns a key; false where there is none.
	GateKey(ctx context.Context, id KeyID) (GateKey, bool, error)
	// GateKeys returns all of them, those of an organization together, the oldest first.
	GateKeys(ctx context.Context) ([]GateKey, error)
	// EndGateKey ends a key at a time; one that has ended stays as it is. It returns
	// false where there is none.
	EndGateKey(ctx context.Context, id KeyID, at time.Time) (bool, error)
}

// A GateKey is the key of a scanner, or of all scanners of a gate.
type GateKey struct {
	ID           KeyID
	Organization OrganizationID
	Name         string   // what the journal calls who shows it
	Events       []string // accessIds; none is all of the organization
	MAC          string   // under the key ring; "" outside the store
	Created      time.Time
	Ended        time.Time // zero while it is good
}

const (
	gateKeyPurpose = "gate key"
	gateKeyPrefix  = "lkg_"
	gatePrefix     = "gate/"
	gateEvents     = 1000 // of a key
	gateEventName  = 128
)

// Guesses at one key from one address: more than ten in a minute close it to that
// address for a while. Scanners beside it go on.
var gateGuesses = bound{free: 10, window: time.Minute, first: time.Minute, longest: 15 * time.Minute}

// ErrGateKeyUnknown is for operators.
var ErrGateKeyUnknown error = &fault.Error{Kind: fault.NotFound, Code: "GATE_KEY_NOT_FOUND", Message: "no such gate key"}

// NewPorter makes a porter over a store.
func NewPorter(store PorterStore, keys *Keyring, clock func() time.Time) *Porter {
	return &Porter{store: store, keys: keys, clock: clock, guesses: limiter{bound: gateGuesses}}
}

func (p *Porter) now() time.Time { return p.clock().UTC().Truncate(time.Microsecond) }

func (p *Porter) mac(key string) string {
	return base64.RawURLEncoding.EncodeToString(p.keys.MAC(gateKeyPurpose, key))
}

// NewGateKey issues a key, which is told this once. It returns fault.FieldInvalid
// for a name or an event that is none, and fault.OrganizationUnknown.
func (p *Porter) NewGateKey(ctx context.Context, org OrganizationID, name string, events []string) (GateKey, string, error) {
	if nameOrNone(name) == "" || len(name) > maxOperator {
		return GateKey{}, "", fault.FieldInvalid.Saying("the name of a gate key has 1 to 64 letters, digits, hyphens, underscores and dots")
	}
	if len(events) > gateEvents {
		return GateKey{}, "", fault.FieldInvalid.Saying(fmt.Sprintf("a gate key has at most %d events", gateEvents))
	}
	of := fmt.Sprintf("%d:", org)
	for _, e := range events {
		if !strings.HasPrefix(e, of) || len(e) > gateEventName || !utf8.ValidString(e) || strings.ContainsFunc(e, unicode.IsControl) {
			return GateKey{}, "", fault.FieldInvalid.Saying("an event is an accessId of the key's organization, such as " + of + "F26:F01")
		}
	}
	id, _ := newKey()
	secret := newSecret(gateKeyPrefix + string(id) + "_")
	k := GateKey{ID: id, Organization: org, Name: name, Events: slices.Compact(slices.Sorted(slices.Values(events))), MAC: p.mac(secret), Created: p.now()}
	if err := p.store.AddGateKey(ctx, k); err != nil {
		return GateKey{}, "", told("new gate key", err)
	}
	k.MAC = ""
	return k, secret, nil
}

// GateKeys returns all keys, without what could be guessed from.
func (p *Porter) GateKeys(ctx context.Context) ([]GateKey, error) {
	all, err := p.store.GateKeys(ctx)
	if err != nil {
		return nil, told("list gate keys", err)
	}
	for i := range all {
		all[i].MAC = ""
	}
	return all, nil
}

// RevokeGateKey ends a key. One that has ended stays so. It returns
// ErrGateKeyUnknown.
func (p *Porter) RevokeGateKey(ctx context.Context, id KeyID) error {
	if nameOrNone(id) == "" {
		return ErrGateKeyUnknown
	}
	known, err := p.store.EndGateKey(ctx, id, p.now())
	if err == nil && !known {
		err = ErrGateKeyUnknown
	}
	return told("revoke gate key", err)
}

// told adds what was tried to an error that nobody classified.
func told(what string, err error) error {
	if err != nil && fault.Of(err) == nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return err
}

// A Keeper is a scanner whose key was found good.
type Keeper struct {
	Principal
	Events []string // none is all of the organization
}

// Sees reports whether the key is for an event.
func (k Keeper) Sees(event string) bool {
	return len(k.Events) == 0 || slices.Contains(k.Events, event)
}

// Authenticate finds out whose key is shown, from an address. It returns
// fault.KeyInvalid for every key that is not good, and a *LimitError after too
// many of those.
func (p *Porter) Authenticate(ctx context.Context, key, address string) (Keeper, error) {
	now, id := p.now(), gateKeyID(key)
	name := address + " " + string(id)
	if wait := p.guesses.wait(name, now); wait > 0 {
		return Keeper{}, &LimitError{Wait: wait}
	}
	var k GateKey
	if id != "" {
		var err error
		if k, _, err = p.store.GateKey(ctx, id); err != nil {
			return Keeper{}, told("authenticate a gate", err)
		}
	}
	// Compared whether or not there is such a key, so that the time does not tell.
	good := Key{MAC: k.MAC}.matches(p.mac(key))
	if !good || k.ID == "" || !k.Ended.IsZero() && !now.Before(k.Ended) {
		if wait := p.guesses.fail(name, 1, now); wait > 0 {
			return Keeper{}, &LimitError{Wait: wait}
		}
		return Keeper{}, fault.KeyInvalid.Saying("the gate key is missing, unknown or revoked")
	}
	return Keeper{
		Principal: Principal{Application: gatePrefix + ApplicationID(k.Name), Organizations: []OrganizationID{k.Organization}},
		Events:    k.Events,
	}, nil
}

// gateKeyID returns the id within a gate key, or "" where the text cannot be one.
func gateKeyID(key string) KeyID {
	rest, ok := strings.CutPrefix(key, gateKeyPrefix)
	if !ok || len(rest) < keyIDLength {
		return ""
	}
	id := rest[:keyIDLength]
	if !isName(id) || !wellFormed(key, gateKeyPrefix+id+"_") {
		return ""
	}
	return KeyID(id)
}
