package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

var gateKeys = []clause{
	{"a gate key is kept until another process ends it", gateKeyIsKept},
}

func gateKeyIsKept(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), context.Background()
	beside := f.Beside(t, s.store, Options{})
	made := time.Date(2026, 5, 20, 12, 0, 0, 1000, time.UTC)
	all := access.GateKey{ID: "ONE", Organization: home, Name: "north", MAC: "m1", Created: made}
	some := access.GateKey{ID: "TWO", Organization: home, Name: "club", Events: []string{string(game)}, MAC: "m2", Created: made.Add(time.Second)}
	must(t, "add", s.store.AddGateKey(ctx, some))
	must(t, "add", s.store.AddGateKey(ctx, all))
	if err := s.store.AddGateKey(ctx, access.GateKey{ID: "X", Organization: 1}); !errors.Is(err, fault.OrganizationUnknown) {
		t.Errorf("a key of an organization that is not there = %v; want OrganizationUnknown", err)
	}
	keys, err := beside.GateKeys(ctx)
	if diff := cmp.Diff([]access.GateKey{all, some}, keys); err != nil || diff != "" {
		t.Errorf("GateKeys = %v (-want +got):\n%s", err, diff)
	}
	for _, at := range []time.Time{made.Add(time.Minute), made.Add(time.Hour)} {
		if known, err := beside.EndGateKey(ctx, "ONE", at); err != nil || !known {
			t.Errorf("EndGateKey = %t, %v", known, err)
		}
	}
	if known, err := s.store.EndGateKey(ctx, "NONE", made); err != nil || known {
		t.Errorf("EndGateKey of no key = %t, %v", known, err)
	}
	all.Ended = made.Add(time.Minute)
	got, found, err := s.store.GateKey(ctx, "ONE")
	if diff := cmp.Diff(all, got); err != nil || !found || diff != "" {
		t.Errorf("GateKey = %t, %v (-want +got):\n%s", found, err, diff)
	}
	if _, found, err := s.store.GateKey(ctx, "NONE"); err != nil || found {
		t.Errorf("GateKey of no key = %t, %v", found, err)
	}
}
