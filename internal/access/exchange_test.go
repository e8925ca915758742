package access

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

func TestExchangeRefuses(t *testing.T) {
	d, _, _, c := newHouse(t)
	enrol(t, d, bazaar, "bazaar", 129)
	code := newCode(t, d, acme)
	pair := mustExchange(t, d, newCode(t, d, acme))
	tests := []struct {
		name  string
		grant Grant
		want  *fault.Error
	}{
		{"nothing", Grant{}, fault.GrantMalformed},
		{"a code without a type", Grant{Code: code}, fault.GrantMalformed},
		{"a type without its credential", Grant{Type: "authorization_code", RefreshToken: pair.RefreshToken}, fault.GrantMalformed},
		{"a refresh without a token", Grant{Type: "refresh_token", Code: code}, fault.GrantMalformed},
		{"an unknown type", Grant{Type: "password", Code: code}, fault.GrantTypeUnknown},
		{"a type in another case", Grant{Type: "Refresh_Token", RefreshToken: pair.RefreshToken}, fault.GrantTypeUnknown},
		{"an unknown code", grantOf(newSecret(codePrefix)), fault.GrantInvalid},
		{"an unknown refresh token", grantOf(newSecret(refreshPrefix)), fault.GrantInvalid},
		{"a placeholder", Grant{Type: "authorization_code", Code: "string"}, fault.GrantInvalid},
		{"a code as a refresh token", Grant{Type: "refresh_token", RefreshToken: code}, fault.GrantInvalid},
		{"an access token as a refresh token", Grant{Type: "refresh_token", RefreshToken: pair.AccessToken}, fault.GrantInvalid},
		{"an API key", Grant{Type: "authorization_code", Code: c.APIKey}, fault.GrantInvalid},
		{"a code of another application", Grant{Type: "authorization_code", Code: code, Application: bazaar}, fault.GrantInvalid},
		{"a refresh token of another application", Grant{Type: "refresh_token", RefreshToken: pair.RefreshToken, Application: bazaar}, fault.GrantInvalid},
		{"a code of an unknown application", Grant{Type: "authorization_code", Code: code, Application: "string\x00"}, fault.GrantInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fresh := NewDesk(d.store, d.keys, d.clock) // with no failures counted
			got, err := fresh.Exchange(ctx, tt.grant)
			wantFault(t, "Exchange", err, tt.want)
			if err == nil || err.Error() != tt.want.Message || got != (Pair{}) {
				t.Errorf("Exchange = %v, %v; want the one text of the reason", got, err)
			}
		})
	}
	t.Run("and what was refused is still good", func(t *testing.T) {
		mustExchange(t, d, code)
		if _, err := d.Exchange(ctx, Grant{Type: "refresh_token", RefreshToken: pair.RefreshToken, Application: acme}); err != nil {
			t.Errorf("Exchange with the right application: %v", err)
		}
	})
}

func TestReuseTellsWhoseTokenItWas(t *testing.T) {
	d, _, _, c := newHouse(t)
	code := newCode(t, d, acme)
	mustUse(t, d, c, mustExchange(t, d, code).AccessToken)
	_, err := d.Exchange(ctx, grantOf(code))
	if reuse, ok := errors.AsType[*ReuseError](err); !ok || reuse.Application != acme {
		t.Errorf("Exchange of a spent code: %#v; want a ReuseError of %s", err, acme)
	}
	_, err = d.Exchange(ctx, grantOf(code))
	if _, ok := errors.AsType[*ReuseError](err); ok || !errors.Is(err, fault.GrantInvalid) {
		t.Errorf("Exchange after the revocation: %#v; want a plain refusal, for the alarm was given", err)
	}
}

func TestAReplayRecordThatDoesNotOpenCountsAsNone(t *testing.T) {
	d, store, clock, c := newHouse(t)
	code := newCode(t, d, acme)
	first := mustExchange(t, d, code)
	other := NewDesk(store, otherKeyring(t), clock.Now)
	second := mustExchange(t, other, code)
	if first == second {
		t.Fatal("another key ring opened the record")
	}
	wantFault(t, "Authenticate with the replaced token", use(d, c, first.AccessToken), fault.AccessTokenRequired)
	mustUse(t, d, c, second.AccessToken)
}

func TestFailedExchangesAreLimited(t *testing.T) {
	bad := func(address string, app ApplicationID) Grant {
		g := grantOf(newSecret(codePrefix))
		g.RemoteAddress, g.Application = address, app
		return g
	}
	tests := []struct {
		name    string
		failing func(i int) Grant
		then    func(code string) Grant
		want    *fault.Error
	}{
		{
			"an address is refused even with a good code",
			func(int) Grant { return bad("192.0.2.1:5000", "") },
			func(code string) Grant {
				return Grant{Type: "authorization_code", Code: code, RemoteAddress: "192.0.2.1:5001"}
			},
			fault.TooManyRequests,
		},
		{
			"another address is not",
			func(int) Grant { return bad("192.0.2.1", "") },
			func(code string) Grant {
				return Grant{Type: "authorization_code", Code: code, RemoteAddress: "192.0.2.2"}
			},
			nil,
		},
		{
			"an IPv6 host is one whatever address it takes",
			func(i int) Grant { return bad(fmt.Sprintf("[2001:db8::%d]:80", i+1), "") },
			func(string) Grant { return bad("2001:db8::ffff", "") },
			fault.TooManyRequests,
		},
		{
			"an application is limited from whatever address",
			func(i int) Grant { return bad(fmt.Sprintf("192.0.2.%d", i), acme) },
			func(string) Grant { return bad("192.0.2.99", acme) },
			fault.TooManyRequests,
		},
		{
			"strangers who know an application's id do not keep it out",
			func(i int) Grant { return bad(fmt.Sprintf("192.0.2.%d", i), acme) },
			func(code string) Grant {
				return Grant{Type: "authorization_code", Code: code, Application: acme, RemoteAddress: "192.0.2.99"}
			},
			nil,
		},
		{
			"requests that cannot be read are no guesses",
			func(int) Grant { return Grant{RemoteAddress: "192.0.2.1"} },
			func(string) Grant { return bad("192.0.2.1", "") },
			fault.GrantInvalid,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, _, clock, _ := newHouse(t)
			code := newCode(t, d, acme)
			for i := range failedExchanges.free {
				if _, err := d.Exchange(ctx, tt.failing(i)); errors.Is(err, fault.TooManyRequests) {
					t.Fatalf("failure %d was limited", i+1)
				}
			}
			if _, err := d.Exchange(ctx, tt.failing(failedExchanges.free)); err == nil {
				t.Fatal("the sixth failure was none")
			}
			_, err := d.Exchange(ctx, tt.then(code))
			wantFault(t, "Exchange after six failures", err, tt.want)
			if limit, ok := errors.AsType[*LimitError](err); ok {
				clock.pass(limit.Wait)
				mustExchange(t, d, code)
			}
		})
	}
}

// Two processes, many threads, one refresh token: everybody gets the same pair.
func TestExchangesAtTheSameTimeConverge(t *testing.T) {
	here, store, clock, c := newHouse(t)
	there := NewDesk(store, here.keys, clock.Now)
	pair := mustExchange(t, here, newCode(t, here, acme))
	for range 20 {
		pairs := make([]Pair, 16)
		var wg sync.WaitGroup
		for i := range pairs {
			wg.Go(func() {
				d := here
				if i%2 == 1 {
					d = there
				}
				pairs[i], _ = d.Exchange(ctx, grantOf(pair.RefreshToken))
			})
		}
		wg.Wait()
		for _, got := range pairs {
			if got != pairs[0] || got == (Pair{}) {
				t.Fatalf("pairs differ: %q and %q", got.AccessToken, pairs[0].AccessToken)
			}
		}
		for i := range pairs {
			wg.Go(func() {
				if err := use(here, c, pairs[i].AccessToken); err != nil {
					t.Errorf("Authenticate: %v", err)
				}
				if err := use(there, c, pairs[i].AccessToken); err != nil {
					t.Errorf("Authenticate there: %v", err)
				}
			})
		}
		wg.Wait()
		pair = pairs[0]
	}
}

func TestAddressKeys(t *testing.T) {
	tests := []struct{ remote, want string }{
		{"192.0.2.1:5000", "192.0.2.1"},
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"[2001:db8:1:2:3::4]:443", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::/64"},
		{"@", "@"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := addressKey(tt.remote); got != tt.want {
			t.Errorf("addressKey(%q) = %q; want %q", tt.remote, got, tt.want)
		}
	}
}

func TestTidyKeepsWhatIsGood(t *testing.T) {
	d, store, clock, c := newHouse(t)
	unused := newCode(t, d, acme)
	pair := mustExchange(t, d, newCode(t, d, acme))
	clock.pass(replayFor + time.Second)
	if err := d.Tidy(ctx); err != nil {
		t.Fatalf("Tidy: %v", err)
	}
	for _, f := range store.families {
		if f.Replay != "" {
			t.Error("a sealed pair was kept")
		}
	}
	mustUse(t, d, c, pair.AccessToken)
	mustUse(t, d, c, mustExchange(t, d, unused).AccessToken)
	clock.pass(refreshLife + time.Second)
	if err := d.Tidy(ctx); err != nil {
		t.Fatalf("Tidy: %v", err)
	}
	if len(store.families) != 0 || len(store.pairs) != 0 {
		t.Errorf("%d families and %d lists of pairs outlived their end", len(store.families), len(store.pairs))
	}
}

func TestAFamilyKeepsABoundedNumberOfPairs(t *testing.T) {
	d, store, _, _ := newHouse(t)
	token := mustExchange(t, d, newCode(t, d, acme)).RefreshToken
	for range KeptPairs + 10 {
		token = mustExchange(t, d, token).RefreshToken
	}
	for _, pairs := range store.pairs {
		if len(pairs) != KeptPairs {
			t.Errorf("%d pairs kept; want %d", len(pairs), KeptPairs)
		}
	}
}
