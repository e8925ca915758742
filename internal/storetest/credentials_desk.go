package storetest

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// handClock is a clock that a test moves.
type handClock struct{ past atomic.Int64 }

func (c *handClock) now() time.Time       { return after(time.Duration(c.past.Load())) }
func (c *handClock) pass(d time.Duration) { c.past.Add(int64(d)) }

// A reception is two desks over one store, and a partner with all it needs but
// an access token.
type reception struct {
	here, there *access.Desk
	clock       handClock
	partner     access.Credentials
}

func openReception(t *testing.T, v Vaults) *reception {
	t.Helper()
	keys, err := access.CreateKeyring(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatalf("CreateKeyring: %v", err)
	}
	r := &reception{partner: access.Credentials{Application: acme, Channel: "acme"}}
	r.here, r.there = access.NewDesk(v.Here, keys, r.clock.now), access.NewDesk(v.There, keys, r.clock.now)
	p := access.Partner{
		Application: acme, Name: "Acme", Channels: []access.Channel{"acme"}, Organizations: []access.OrganizationID{129, 999},
	}
	if err := r.here.AddPartner(t.Context(), p); err != nil {
		t.Fatalf("AddPartner: %v", err)
	}
	if r.partner.APIKey, err = r.there.NewAPIKey(t.Context(), acme); err != nil {
		t.Fatalf("NewAPIKey: %v", err)
	}
	return r
}

func (r *reception) newCode(t *testing.T) access.Grant {
	t.Helper()
	code, err := r.here.NewCode(t.Context(), acme)
	if err != nil {
		t.Fatalf("NewCode: %v", err)
	}
	return access.Grant{Type: "authorization_code", Code: code}
}

func refresh(p access.Pair) access.Grant {
	return access.Grant{Type: "refresh_token", RefreshToken: p.RefreshToken}
}

func exchange(t *testing.T, d *access.Desk, g access.Grant) access.Pair {
	t.Helper()
	pair, err := d.Exchange(t.Context(), g)
	if err != nil {
		t.Fatalf("Exchange: %v", err)
	}
	return pair
}

// wantUse shows the access token of a pair at a desk.
func (r *reception) wantUse(t *testing.T, d *access.Desk, p access.Pair, want *fault.Error) {
	t.Helper()
	who := r.partner
	who.AccessToken = p.AccessToken
	got, err := d.Authenticate(t.Context(), who)
	switch {
	case want != nil && !errors.Is(err, want):
		t.Errorf("Authenticate: error %v; want %v", err, want)
	case want == nil && (err != nil || !slices.Equal(got.Organizations, []access.OrganizationID{129, 999})):
		t.Errorf("Authenticate = %+v, %v; want the partner with its organizations", got, err)
	}
}

// wantRefused brings a grant that is good no more.
func wantRefused(t *testing.T, d *access.Desk, g access.Grant) {
	t.Helper()
	if _, err := d.Exchange(t.Context(), g); !errors.Is(err, fault.GrantInvalid) {
		t.Errorf("Exchange: error %v; want %v", err, fault.GrantInvalid)
	}
}

// From the code to the revocation, with every second step at the other desk.
func deskWalksAFamily(t *testing.T, v Vaults) {
	r := openReception(t, v)
	code := r.newCode(t)
	first := exchange(t, r.there, code)
	if again := exchange(t, r.here, code); again != first {
		t.Error("a repeat at once gave another pair")
	}
	r.clock.pass(10 * time.Second)
	second := exchange(t, r.there, code)
	r.wantUse(t, r.here, first, fault.AccessTokenRequired)
	wantRefused(t, r.here, refresh(first))
	r.wantUse(t, r.here, second, nil)

	third := exchange(t, r.there, refresh(second))
	if again := exchange(t, r.here, refresh(second)); again != third {
		t.Error("a repeated refresh at once gave another pair")
	}
	r.wantUse(t, r.there, second, nil) // until it expires
	r.wantUse(t, r.there, third, nil)
	other := exchange(t, r.here, r.newCode(t))

	_, err := r.here.Exchange(t.Context(), refresh(second))
	if reuse, ok := errors.AsType[*access.ReuseError](err); !ok || reuse.Application != acme {
		t.Errorf("Exchange of a spent refresh token: error %v; want a ReuseError", err)
	}
	r.clock.pass(time.Second)
	for _, d := range []*access.Desk{r.here, r.there} {
		r.wantUse(t, d, second, fault.AccessTokenRevoked)
		r.wantUse(t, d, third, fault.AccessTokenRevoked)
	}
	wantRefused(t, r.there, refresh(third))
	r.wantUse(t, r.there, other, nil) // another family

	if err := r.here.RevokeTokens(t.Context(), acme); err != nil {
		t.Fatalf("RevokeTokens: %v", err)
	}
	r.clock.pass(time.Second)
	r.wantUse(t, r.there, other, fault.AccessTokenRevoked)

	r.clock.pass(31 * day)
	if err := r.there.Tidy(t.Context()); err != nil {
		t.Fatalf("Tidy: %v", err)
	}
	r.wantUse(t, r.here, third, fault.AccessTokenRequired)
	r.wantUse(t, r.here, exchange(t, r.there, r.newCode(t)), nil)
}

// Sixteen threads of two processes with one refresh token: everybody gets the
// same pair.
func desksGiveOnePair(t *testing.T, v Vaults) {
	r := openReception(t, v)
	grant := r.newCode(t)
	for range 3 {
		var (
			all   sync.WaitGroup
			pairs [16]access.Pair
		)
		for i := range pairs {
			all.Go(func() {
				desk := r.here
				if i%2 == 1 {
					desk = r.there
				}
				err := patiently(func() (err error) {
					pairs[i], err = desk.Exchange(t.Context(), grant)
					return err
				})
				if err != nil {
					t.Errorf("Exchange: %v", err)
				}
			})
		}
		all.Wait()
		for i := range pairs {
			if pairs[i] != pairs[0] || pairs[i].AccessToken == "" {
				t.Fatal("exchanges at the same time gave different pairs")
			}
		}
		r.wantUse(t, r.here, pairs[0], nil)
		r.wantUse(t, r.there, pairs[0], nil)
		grant = refresh(pairs[0])
	}
}
