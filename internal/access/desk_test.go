package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

var ctx = context.Background()

func TestAuthenticateSaysWhoIsCalling(t *testing.T) {
	d, _, _, c := newHouse(t)
	for _, org := range []OrganizationID{1200, 129, 999} {
		if err := d.Grant(ctx, acme, org); err != nil {
			t.Fatalf("Grant(%d): %v", org, err)
		}
	}
	c.AccessToken = mustExchange(t, d, newCode(t, d, acme)).AccessToken
	for range 2 { // from the store, from memory
		p, err := d.Authenticate(ctx, c)
		if err != nil {
			t.Fatalf("Authenticate: %v", err)
		}
		if p.Application != acme || p.Channel != "acme" || !slices.Equal(p.Organizations, []OrganizationID{129, 999, 1200}) {
			t.Errorf("Authenticate = %+v", p)
		}
	}
}

// Every combination of credentials of two partners, of which each is good,
// unknown, malformed or missing: only the two whose parts all belong together
// are let in, and each refusal is the one that the contract names first.
func TestOnlyCredentialsThatBelongTogetherAreLetIn(t *testing.T) {
	d, store, clock, a := newHouse(t)
	b := enrol(t, d, bazaar, "bazaar", 129)
	a.AccessToken = mustExchange(t, d, newCode(t, d, acme)).AccessToken
	b.AccessToken = mustExchange(t, d, newCode(t, d, bazaar)).AccessToken
	expired := mustExchange(t, d, newCode(t, d, acme)).AccessToken
	clock.pass(accessLife)
	revokedCode := newCode(t, d, acme)
	revoked := mustExchange(t, d, revokedCode).AccessToken
	mustUse(t, d, a, revoked)
	if _, err := d.Exchange(ctx, grantOf(revokedCode)); err == nil {
		t.Fatal("a spent code was exchanged")
	}
	a.AccessToken = mustExchange(t, d, newCode(t, d, acme)).AccessToken
	b.AccessToken = mustExchange(t, d, newCode(t, d, bazaar)).AccessToken

	tokens := []string{a.AccessToken, b.AccessToken, expired, revoked, newSecret(accessPrefix), "", "dGVzdDp0ZXN0", a.AccessToken + "x"}
	apps := []ApplicationID{acme, bazaar, "com.example.nobody", "", "com.example\x00", "COM.EXAMPLE.ACME"}
	_, unknown := newKey()
	forged := a.APIKey[:len(a.APIKey)-secretLength] + b.APIKey[len(b.APIKey)-secretLength:]
	keys := []string{a.APIKey, b.APIKey, unknown, forged, "", "lkk_", a.APIKey[:len(a.APIKey)-1]}
	channels := []Channel{"acme", "bazaar", "nobody", "", "acme'"}
	letIn := 0
	for ti, token := range tokens {
		for ai, app := range apps {
			for ki, key := range keys {
				for ci, channel := range channels {
					c := Credentials{AccessToken: token, Application: app, APIKey: key, Channel: channel}
					want := fault.NotPermitted
					switch {
					case ti >= 4:
						want = fault.AccessTokenRequired
					case ti == 3:
						want = fault.AccessTokenRevoked
					case ti == 2:
						want = fault.AccessTokenExpired
					case ai >= 2 || ki >= 2 || ci >= 2:
						want = fault.KeyInvalid
					case ti == ai && ai == ki && ki == ci:
						want = nil
						letIn++
					}
					call := fmt.Sprintf("Authenticate(token %d, application %d, key %d, channel %d)", ti, ai, ki, ci)
					_, err := d.Authenticate(ctx, c)
					wantFault(t, call, err, want)
					_, err = NewDesk(store, d.keys, clock.Now).Authenticate(ctx, c)
					wantFault(t, call+" elsewhere", err, want)
				}
			}
		}
	}
	if letIn != 2 {
		t.Errorf("%d combinations were let in; want 2", letIn)
	}
}

func TestARefusalSpendsNothing(t *testing.T) {
	d, _, clock, a := newHouse(t)
	code := newCode(t, d, acme)
	pair := mustExchange(t, d, code)
	wrong := a
	wrong.Channel = "nobody"
	wantFault(t, "Authenticate with a wrong channel", use(d, wrong, pair.AccessToken), fault.KeyInvalid)
	clock.pass(replayFor)
	if again := mustExchange(t, d, code); again == pair {
		t.Error("the unused pair was not replaced")
	}
}

func TestRevocationReachesEveryDeskWithinASecond(t *testing.T) {
	tests := []struct {
		name   string
		revoke func(t *testing.T, d *Desk, c Credentials, code string)
		want   *fault.Error
	}{
		{"reuse of a spent code", func(t *testing.T, d *Desk, _ Credentials, code string) {
			t.Helper()
			_, err := d.Exchange(ctx, grantOf(code))
			wantFault(t, "Exchange of a spent code", err, fault.GrantInvalid)
		}, fault.AccessTokenRevoked},
		{"the tokens of the application", func(t *testing.T, d *Desk, _ Credentials, _ string) {
			t.Helper()
			wantFault(t, "RevokeTokens", d.RevokeTokens(ctx, acme), nil)
		}, fault.AccessTokenRevoked},
		{"the API key", func(t *testing.T, d *Desk, c Credentials, _ string) {
			t.Helper()
			wantFault(t, "RevokeKey", d.RevokeKey(ctx, acme, keyIDOf(c.APIKey)), nil)
		}, fault.AccessTokenRevoked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			here, store, clock, c := newHouse(t)
			there := NewDesk(store, here.keys, clock.Now)
			code := newCode(t, here, acme)
			token := mustExchange(t, here, code).AccessToken
			mustUse(t, here, c, token)
			mustUse(t, there, c, token)
			tt.revoke(t, here, c, code)
			wantFault(t, "Authenticate here at once", use(here, c, token), tt.want)
			clock.pass(cacheFor)
			wantFault(t, "Authenticate there in time", use(there, c, token), tt.want)
		})
	}
}

func TestCodesOfAnEarlierEpochAreDead(t *testing.T) {
	d, _, _, c := newHouse(t)
	code := newCode(t, d, acme)
	wantFault(t, "RevokeTokens", d.RevokeTokens(ctx, acme), nil)
	_, err := d.Exchange(ctx, grantOf(code))
	wantFault(t, "Exchange of the old code", err, fault.GrantInvalid)
	mustUse(t, d, c, mustExchange(t, d, newCode(t, d, acme)).AccessToken)
}

func TestAuthenticateReadsOnceInHalfASecond(t *testing.T) {
	d, store, clock, c := newHouse(t)
	token := mustExchange(t, d, newCode(t, d, acme)).AccessToken
	for range 10 { // 1.0 s in steps of 100 ms
		mustUse(t, d, c, token)
		clock.pass(100 * time.Millisecond)
	}
	if store.standings != 2 {
		t.Errorf("%d reads in a second; want 2", store.standings)
	}
	clock.pass(-time.Minute)
	mustUse(t, d, c, token)
	if store.standings != 3 {
		t.Error("a clock set back kept the memory alive")
	}
}

func TestMemoryNeverOutlivesAnExpiry(t *testing.T) {
	d, _, clock, c := newHouse(t)
	token := mustExchange(t, d, newCode(t, d, acme)).AccessToken
	clock.pass(accessLife - 100*time.Millisecond)
	mustUse(t, d, c, token)
	clock.pass(100 * time.Millisecond)
	wantFault(t, "Authenticate at the expiry", use(d, c, token), fault.AccessTokenExpired)
}

func TestMemoryIsBounded(t *testing.T) {
	var r recent
	now := newClock().Now()
	for i := range 3 * recentSize {
		r.keep(recentKey(Credentials{AccessToken: fmt.Sprint(i)}), Principal{}, now.Add(cacheFor), now)
	}
	if len(r.callers) > recentSize {
		t.Errorf("%d callers remembered; want at most %d", len(r.callers), recentSize)
	}
}

func TestMemoryTellsCombinationsApart(t *testing.T) {
	a := Credentials{AccessToken: "ab", Application: "c", APIKey: "d"}
	b := Credentials{AccessToken: "a", Application: "bc", APIKey: "d"}
	if recentKey(a) == recentKey(b) {
		t.Error("two combinations have one key")
	}
}

func TestAStoreThatFailsIsNotTheCallersFault(t *testing.T) {
	d, store, _, c := newHouse(t)
	code := newCode(t, d, acme)
	token := mustExchange(t, d, code).AccessToken
	for _, failure := range []error{errors.New("disk full"), fault.Busy} {
		store.failing = failure
		if err := use(d, c, token); !errors.Is(err, failure) {
			t.Errorf("Authenticate: error %v; want %v", err, failure)
		}
		for range 2 * failedExchanges.free {
			if _, err := d.Exchange(ctx, grantOf(code)); !errors.Is(err, failure) {
				t.Errorf("Exchange: error %v; want %v", err, failure)
			}
		}
		if _, err := d.NewAPIKey(ctx, acme); !errors.Is(err, failure) {
			t.Errorf("NewAPIKey: error %v; want %v", err, failure)
		}
	}
}

func TestSecretsAreNotFormatted(t *testing.T) {
	d, _, _, c := newHouse(t)
	g := grantOf(newCode(t, d, acme))
	pair := mustExchange(t, d, g.Code)
	c.AccessToken = pair.AccessToken
	text := fmt.Sprintf("%v %+v %#v %v %+v %#v %v %+v %#v %v %+v %#v", c, c, c, g, g, g, pair, pair, pair, d.keys, d.keys, d.keys)
	text += fmt.Sprint(c.LogValue(), g.LogValue(), pair.LogValue())
	for _, secret := range []string{c.AccessToken, c.APIKey, g.Code, pair.RefreshToken, "0123456789abcdef"} {
		if strings.Contains(text, secret) {
			t.Errorf("a secret is in %q", text)
		}
	}
}
