package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

// A lodge keeps gate keys in memory.
type lodge map[KeyID]GateKey

func (l lodge) AddGateKey(_ context.Context, k GateKey) error { l[k.ID] = k; return nil }
func (l lodge) GateKey(_ context.Context, id KeyID) (GateKey, bool, error) {
	k, ok := l[id]
	return k, ok, nil
}

func (l lodge) GateKeys(context.Context) (all []GateKey, err error) {
	for _, k := range l {
		all = append(all, k)
	}
	return all, nil
}

func (l lodge) EndGateKey(_ context.Context, id KeyID, at time.Time) (bool, error) {
	k, ok := l[id]
	if ok && k.Ended.IsZero() {
		k.Ended = at
		l[id] = k
	}
	return ok, nil
}

func newPorter(t *testing.T) (*Porter, lodge, *handClock) {
	t.Helper()
	l, clock := lodge{}, newClock()
	return NewPorter(l, testKeyring(t), clock.Now), l, clock
}

func TestAGateKeyLetsItsScannerInUntilItIsRevoked(t *testing.T) {
	p, l, _ := newPorter(t)
	k, secret, err := p.NewGateKey(t.Context(), 999, "north-1", []string{"999:F26:F02", "999:F26:F01", "999:F26:F01"})
	if err != nil || k.MAC != "" || fmt.Sprint(k.Events) != "[999:F26:F01 999:F26:F02]" || !strings.HasPrefix(secret, "lkg_"+string(k.ID)+"_") {
		t.Fatalf("NewGateKey = %+v, %v", k, err)
	}
	if kept := l[k.ID]; kept.MAC == "" || strings.Contains(fmt.Sprint(kept), secret) {
		t.Errorf("the key is kept as %+v; want its MAC, and nothing of the secret", kept)
	}
	keeper, err := p.Authenticate(t.Context(), secret, "192.0.2.1")
	if err != nil || keeper.Application != "gate/north-1" || !keeper.Serves(999) || keeper.Serves(998) || !keeper.Sees("999:F26:F01") || keeper.Sees("999:F26:F03") {
		t.Errorf("Authenticate = %+v, %v", keeper, err)
	}
	if err := p.RevokeGateKey(t.Context(), k.ID); err != nil {
		t.Errorf("RevokeGateKey = %v", err)
	}
	if _, err := p.Authenticate(t.Context(), secret, "192.0.2.1"); !errors.Is(err, fault.KeyInvalid) {
		t.Errorf("a revoked key = %v; want KeyInvalid", err)
	}
	for _, id := range []KeyID{"NOSUCHKEY123", "no/name", ""} {
		if err := p.RevokeGateKey(t.Context(), id); !errors.Is(err, ErrGateKeyUnknown) {
			t.Errorf("RevokeGateKey(%q) = %v; want ErrGateKeyUnknown", id, err)
		}
	}
}

func TestAGateKeyIsForEventsOfItsOrganization(t *testing.T) {
	p, _, _ := newPorter(t)
	for _, tt := range []struct {
		name   string
		events []string
	}{
		{"", nil}, {"two words", nil}, {strings.Repeat("n", 65), nil},
		{"north", []string{"998:F26:F01"}}, {"north", []string{"F26"}}, {"north", []string{"999:\n"}}, {"north", make([]string, 1001)},
	} {
		if _, _, err := p.NewGateKey(t.Context(), 999, tt.name, tt.events); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("NewGateKey(%q, %.40q) = %v; want FieldInvalid", tt.name, tt.events, err)
		}
	}
}

// Ensure that who guesses at a key is kept out, and its scanners elsewhere are not.
func TestGuessesAtAGateKeyAreLimited(t *testing.T) {
	p, _, clock := newPorter(t)
	k, secret, err := p.NewGateKey(t.Context(), 999, "north-1", nil)
	if err != nil {
		t.Fatal(err)
	}
	wrong := "lkg_" + string(k.ID) + "_" + strings.Repeat("A", 43)
	for i := range 10 {
		if _, err := p.Authenticate(t.Context(), wrong, "192.0.2.1"); !errors.Is(err, fault.KeyInvalid) {
			t.Fatalf("guess %d = %v; want KeyInvalid", i+1, err)
		}
	}
	for _, key := range []string{wrong, secret} {
		if _, err := p.Authenticate(t.Context(), key, "192.0.2.1"); !isLimit(err) {
			t.Errorf("after 10 guesses from its address, %.6s… = %v; want a LimitError", key, err)
		}
	}
	if _, err := p.Authenticate(t.Context(), secret, "192.0.2.2"); err != nil {
		t.Errorf("the key from another address = %v", err)
	}
	for range 11 {
		_, err = p.Authenticate(t.Context(), "nothing like a key", "192.0.2.3")
	}
	if !isLimit(err) {
		t.Errorf("11 texts that are no keys = %v; want a LimitError", err)
	}
	clock.pass(time.Minute)
	if _, err := p.Authenticate(t.Context(), secret, "192.0.2.1"); err != nil {
		t.Errorf("a minute later = %v", err)
	}
}

func isLimit(err error) bool {
	_, ok := errors.AsType[*LimitError](err)
	return ok
}
