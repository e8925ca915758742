package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// newFamily is a code that was not exchanged yet, "code-" and the id.
func newFamily(id string, app access.ApplicationID) access.Family {
	return access.Family{ID: id, Application: app, Code: access.Hash("code-" + id), CodeExpires: after(7 * day), KeepUntil: after(7 * day)}
}

// pair is a pair of tokens, "access-" and "refresh-" and the name.
func pair(name string) access.Head {
	return access.Head{
		Access: access.Hash("access-" + name), AccessExpires: after(day),
		Refresh: access.Hash("refresh-" + name), RefreshExpires: after(30 * day),
	}
}

// issue gives the family of a hash its newest pair.
func issue(t *testing.T, s access.Store, hash access.Hash, generation int64, name string) access.Family {
	t.Helper()
	return change(t, s, hash, func(f *access.Family) {
		f.Generation, f.Head, f.Used = generation, pair(name), false
		f.Issued, f.Ends, f.KeepUntil, f.Replay = moment, after(365*day), after(30*day), "sealed "+name
	})
}

// change alters the family of a hash and returns what it made of it.
func change(t *testing.T, s access.Store, hash access.Hash, act func(f *access.Family)) (made access.Family) {
	t.Helper()
	err := s.Family(t.Context(), hash, func(f *access.Family, _ access.Mark) error {
		act(f)
		made = *f
		return nil
	})
	if err != nil {
		t.Fatalf("Family(%q): %v", hash, err)
	}
	return made
}

// look reads the family of a hash and changes nothing.
func look(t *testing.T, s access.Store, hash access.Hash) (found access.Family, mark access.Mark) {
	t.Helper()
	err := s.Family(t.Context(), hash, func(f *access.Family, by access.Mark) error {
		found, mark = *f, by
		return nil
	})
	if err != nil {
		t.Fatalf("Family(%q): %v", hash, err)
	}
	return found, mark
}

// gone checks that nothing has the hashes.
func gone(t *testing.T, s access.Store, hashes ...access.Hash) {
	t.Helper()
	for _, hash := range hashes {
		err := s.Family(t.Context(), hash, func(*access.Family, access.Mark) error { return nil })
		if !errors.Is(err, access.ErrNoFamily) {
			t.Errorf("Family(%q): error %v; want %v", hash, err, access.ErrNoFamily)
		}
	}
}

// oneFamily is a store with one partner and one code, "code-A".
func oneFamily(t *testing.T, v Vaults) access.Family {
	t.Helper()
	f := newFamily("A", acme)
	enrol(t, v.Here, access.Partner{Application: acme}, f)
	return f
}

func familyFindsEveryKind(t *testing.T, v Vaults) {
	f := oneFamily(t, v)
	enrol(t, v.Here, access.Partner{Application: bazaar}, newFamily("B", bazaar))
	issue(t, v.Here, f.Code, 1, "a1")
	issue(t, v.Here, "refresh-a1", 2, "a2")
	issue(t, v.Here, "code-B", 1, "b1")
	for _, tt := range []struct {
		hash access.Hash
		of   string
		want access.Mark
	}{
		{"code-A", "A", access.Mark{Generation: 0, Expires: f.CodeExpires}},
		{"access-a1", "A", access.Mark{Generation: 1, Expires: pair("a1").AccessExpires}},
		{"refresh-a1", "A", access.Mark{Generation: 1, Expires: pair("a1").RefreshExpires}},
		{"access-a2", "A", access.Mark{Generation: 2, Expires: pair("a2").AccessExpires}},
		{"refresh-a2", "A", access.Mark{Generation: 2, Expires: pair("a2").RefreshExpires}},
		{"refresh-b1", "B", access.Mark{Generation: 1, Expires: pair("b1").RefreshExpires}},
	} {
		got, by := look(t, v.There, tt.hash)
		if got.ID != tt.of || by != tt.want {
			t.Errorf("Family(%q) is %q by %+v; want %q by %+v", tt.hash, got.ID, by, tt.of, tt.want)
		}
		if want := pair(map[string]string{"A": "a2", "B": "b1"}[tt.of]); got.Head != want {
			t.Errorf("Family(%q) has head %+v; want the newest, %+v", tt.hash, got.Head, want)
		}
	}
	gone(t, v.There, "", "code-C", "CODE-A", "A", "sealed a2")
}

func familySavesEveryField(t *testing.T, v Vaults) {
	const tick = time.Microsecond
	whole := access.Family{
		ID: "whole", Application: acme, Epoch: 7, Code: "code-whole", CodeExpires: after(tick), Ends: after(2 * tick), Revoked: after(3 * tick),
		Generation: 4, Used: true, Issued: after(4 * tick), Replay: "sealed", KeepUntil: after(5 * tick),
	}
	bare := access.Family{ID: "bare", Application: acme, Code: "code-bare"}
	enrol(t, v.Here, access.Partner{Application: acme}, whole, bare)
	for _, want := range []access.Family{whole, bare} {
		got, _ := look(t, v.There, want.Code)
		same(t, "Family as it was added", got, want)
	}

	whole.Head = access.Head{Access: "access-w", AccessExpires: after(6 * tick), Refresh: "refresh-w", RefreshExpires: after(7 * tick)}
	bare.Generation, bare.Head = 1, access.Head{Access: "access-b", Refresh: "refresh-b"}
	for _, want := range []access.Family{whole, bare} {
		change(t, v.Here, want.Code, func(f *access.Family) { *f = want })
		got, _ := look(t, v.There, want.Head.Refresh)
		same(t, "Family with a pair", got, want)
	}

	// Once more with the fields of each in the other.
	whole.ID, whole.Code, bare.ID, bare.Code = bare.ID, bare.Code, whole.ID, whole.Code
	whole.Head, bare.Head = pair("other"), pair("another")
	for _, want := range []access.Family{whole, bare} {
		change(t, v.Here, want.Code, func(f *access.Family) { *f = want })
		got, _ := look(t, v.There, want.Head.Access)
		same(t, "Family after a change", got, want)
	}
}

func familyReplacesInPlace(t *testing.T, v Vaults) {
	f := oneFamily(t, v)
	issue(t, v.Here, f.Code, 1, "a1")
	issue(t, v.Here, "refresh-a1", 2, "a2")
	issue(t, v.Here, "refresh-a1", 2, "a2again")
	gone(t, v.There, "access-a2", "refresh-a2")
	if got := standing(t, v.There, access.Shown{Access: "access-a2"}); got.Family.ID != "" {
		t.Errorf("Standing knows a replaced access token of family %q", got.Family.ID)
	}
	for _, hash := range []access.Hash{"code-A", "access-a1", "refresh-a1", "access-a2again", "refresh-a2again"} {
		if got, _ := look(t, v.There, hash); got.Generation != 2 || got.Head != pair("a2again") {
			t.Errorf("Family(%q) has generation %d and head %+v", hash, got.Generation, got.Head)
		}
	}
}

func familyKeepsABoundedNumber(t *testing.T, v Vaults) {
	f := oneFamily(t, v)
	issue(t, v.Here, f.Code, 1, "a1")
	issue(t, v.Here, f.Code, 2, "a2")
	issue(t, v.Here, f.Code, access.KeptPairs, "kept")
	look(t, v.There, "refresh-a1")
	issue(t, v.Here, f.Code, access.KeptPairs+1, "newest")
	gone(t, v.There, "access-a1", "refresh-a1")
	for _, hash := range []access.Hash{"code-A", "access-a2", "refresh-a2", "refresh-kept", "refresh-newest"} {
		look(t, v.There, hash)
	}
}

func familyKeepsNothingOfAFailure(t *testing.T, v Vaults) {
	f := oneFamily(t, v)
	want := issue(t, v.Here, f.Code, 1, "a1")
	for _, failure := range []error{errors.New("not today"), fault.GrantInvalid, access.ErrNoFamily} {
		err := v.Here.Family(t.Context(), "refresh-a1", func(f *access.Family, _ access.Mark) error {
			f.Generation, f.Head, f.Revoked = 2, pair("a2"), moment
			return failure
		})
		if !errors.Is(err, failure) || err.Error() != failure.Error() {
			t.Errorf("Family: error %v; want %v as it is", err, failure)
		}
	}
	got, _ := look(t, v.There, f.Code)
	same(t, "Family after changes that failed", got, want)
	gone(t, v.There, "access-a2", "refresh-a2")
}

// contend has the first caller at work on a family, by its code, while the second
// comes with another hash, and returns the second's answer. Both changes may run
// again.
func contend(t *testing.T, v Vaults, second access.Hash, first, then func(f *access.Family, by access.Mark)) error {
	t.Helper()
	var (
		once   sync.Once
		answer = make(chan error, 1)
	)
	err := v.Here.Family(t.Context(), "code-A", func(f *access.Family, by access.Mark) error {
		once.Do(func() {
			go func() {
				answer <- v.There.Family(t.Context(), second, func(f *access.Family, by access.Mark) error {
					then(f, by)
					return nil
				})
			}()
			v.AwaitWaiter(t)
		})
		first(f, by)
		return nil
	})
	if err != nil {
		t.Fatalf("Family of the first: %v", err)
	}
	return <-answer
}

func familyShowsTheWinner(t *testing.T, v Vaults) {
	f := oneFamily(t, v)
	issue(t, v.Here, f.Code, 1, "a1")
	var seen access.Family
	var mark access.Mark
	err := contend(t, v, "refresh-a1",
		func(f *access.Family, _ access.Mark) {
			f.Generation, f.Head, f.Used, f.Replay = 2, pair("a2"), true, "sealed a2"
		},
		func(f *access.Family, by access.Mark) {
			seen, mark = *f, by
			f.Revoked = moment
		})
	if err != nil {
		t.Fatalf("Family of the second: %v", err)
	}
	if seen.Generation != 2 || seen.Head != pair("a2") || !seen.Used || seen.Replay != "sealed a2" {
		t.Errorf("the waiter saw generation %d, head %+v; want what the first wrote", seen.Generation, seen.Head)
	}
	if want := (access.Mark{Generation: 1, Expires: pair("a1").RefreshExpires}); mark != want {
		t.Errorf("the waiter came by %+v; want %+v", mark, want)
	}
	if got, _ := look(t, v.Here, f.Code); got.Generation != 2 || !got.Revoked.Equal(moment) {
		t.Errorf("the family has generation %d, revoked %v; want what both wrote", got.Generation, got.Revoked)
	}
}

func familyLosesAReplacedHash(t *testing.T, v Vaults) {
	f := oneFamily(t, v)
	for _, hash := range []access.Hash{"access-a1", "refresh-a1"} {
		issue(t, v.Here, f.Code, 1, "a1")
		shown := false
		err := contend(t, v, hash,
			func(f *access.Family, _ access.Mark) { f.Head = pair("a1again") },
			func(*access.Family, access.Mark) { shown = true })
		if !errors.Is(err, access.ErrNoFamily) || shown {
			t.Errorf("Family(%q) of the waiter: error %v, shown %v; want %v", hash, err, shown, access.ErrNoFamily)
		}
	}
}

// Whoever changes what another did not see loses an act; so generations counted
// by many must add up.
func familyCountsEverybody(t *testing.T, v Vaults) {
	f := oneFamily(t, v)
	const callers, times = 8, 5
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			store := v.Here
			if i%2 == 1 {
				store = v.There
			}
			for n := range times {
				err := patiently(func() error {
					return store.Family(t.Context(), f.Code, func(f *access.Family, _ access.Mark) error {
						f.Generation++
						f.Head = pair(fmt.Sprintf("%d-%d", i, n))
						return nil
					})
				})
				if err != nil {
					t.Errorf("Family: %v", err)
				}
			}
		})
	}
	all.Wait()
	if got, _ := look(t, v.Here, f.Code); got.Generation != callers*times {
		t.Errorf("%d changes made %d generations", callers*times, got.Generation)
	}
	for i := range callers {
		for n := range times {
			look(t, v.There, access.Hash(fmt.Sprintf("refresh-%d-%d", i, n)))
		}
	}
}
