package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/fault"
)

func TestAddPartnerAddsWhatIsMissing(t *testing.T) {
	d, _, _, c := newHouse(t)
	mustUse(t, d, c, mustExchange(t, d, newCode(t, d, acme)).AccessToken)
	again := Partner{Application: acme, Name: "Another name", Channels: []Channel{"second", "acme"}, Organizations: []OrganizationID{129, 999}}
	for range 2 {
		if err := d.AddPartner(ctx, again); err != nil {
			t.Fatalf("AddPartner: %v", err)
		}
	}
	partners, err := d.Partners(ctx)
	if err != nil || len(partners) != 1 {
		t.Fatalf("Partners = %v, %v; want one", partners, err)
	}
	p := partners[0]
	if p.Name != "A partner" || !slices.Equal(p.Channels, []Channel{"acme", "second"}) || !slices.Equal(p.Organizations, []OrganizationID{129, 999}) {
		t.Errorf("Partners = %+v", p)
	}
	if len(p.Keys) != 1 || p.Keys[0].ID != keyIDOf(c.APIKey) || p.Keys[0].MAC != "" {
		t.Errorf("Keys = %+v; want the one key without its MAC", p.Keys)
	}
	c.Channel = "second"
	mustUse(t, d, c, mustExchange(t, d, newCode(t, d, acme)).AccessToken)
}

func TestAddPartnerRefusesAndAddsNothing(t *testing.T) {
	d, _, _, _ := newHouse(t)
	tests := []struct {
		name string
		p    Partner
		want error
	}{
		{"no application", Partner{}, fault.FieldInvalid},
		{"an application with a space", Partner{Application: "com example"}, fault.FieldInvalid},
		{"a long application", Partner{Application: ApplicationID(strings.Repeat("a", 129))}, fault.FieldInvalid},
		{"a long name", Partner{Application: bazaar, Name: strings.Repeat("é", 129)}, fault.FieldInvalid},
		{"a name with a line break", Partner{Application: bazaar, Name: "a\nb"}, fault.FieldInvalid},
		{"an empty channel", Partner{Application: bazaar, Channels: []Channel{""}}, fault.FieldInvalid},
		{"too many organizations", Partner{Application: bazaar, Organizations: upTo(organizationLimit + 1)}, fault.FieldInvalid},
		{"another application's channel", Partner{Application: bazaar, Channels: []Channel{"bazaar", "acme"}}, ErrChannelTaken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := d.AddPartner(ctx, tt.p); !errors.Is(err, tt.want) {
				t.Errorf("AddPartner: %v; want %v", err, tt.want)
			}
			if partners, err := d.Partners(ctx); err != nil || len(partners) != 1 {
				t.Errorf("Partners = %v, %v; want the first alone", partners, err)
			}
		})
	}
}

func upTo(n int) []OrganizationID {
	ids := make([]OrganizationID, n)
	for i := range ids {
		ids[i] = OrganizationID(i + 1)
	}
	return ids
}

func TestActsOnAnUnknownPartnerAreRefused(t *testing.T) {
	d, _, _, _ := newHouse(t)
	for _, app := range []ApplicationID{"", "com.example.nobody", "a b"} {
		_, keyErr := d.NewAPIKey(ctx, app)
		_, codeErr := d.NewCode(ctx, app)
		for name, err := range map[string]error{
			"NewAPIKey": keyErr, "NewCode": codeErr,
			"Grant": d.Grant(ctx, app, 999), "Withdraw": d.Withdraw(ctx, app, 999),
			"RevokeKey": d.RevokeKey(ctx, app, "A"), "RevokeTokens": d.RevokeTokens(ctx, app),
		} {
			if !errors.Is(err, ErrPartnerUnknown) {
				t.Errorf("%s(%q): %v; want ErrPartnerUnknown", name, app, err)
			}
		}
	}
}

func TestGrantsAreGivenAndWithdrawn(t *testing.T) {
	d, _, _, c := newHouse(t)
	c.AccessToken = mustExchange(t, d, newCode(t, d, acme)).AccessToken
	serves := func(org OrganizationID) bool {
		t.Helper()
		p, err := d.Authenticate(ctx, c)
		if err != nil {
			t.Fatalf("Authenticate: %v", err)
		}
		return p.Serves(org)
	}
	for range 2 {
		wantFault(t, "Grant", d.Grant(ctx, acme, 129), nil)
		if !serves(129) || !serves(999) {
			t.Error("what was granted is not served at once")
		}
	}
	for range 2 {
		wantFault(t, "Withdraw", d.Withdraw(ctx, acme, 129), nil)
		if serves(129) || !serves(999) {
			t.Error("what was withdrawn is still served")
		}
	}
}

func TestTwoKeysAreLiveWhileOneReplacesTheOther(t *testing.T) {
	d, _, clock, old := newHouse(t)
	next := old
	var err error
	if next.APIKey, err = d.NewAPIKey(ctx, acme); err != nil {
		t.Fatalf("NewAPIKey: %v", err)
	}
	if _, err := d.NewAPIKey(ctx, acme); !errors.Is(err, ErrKeysLive) {
		t.Errorf("a third key: %v; want ErrKeysLive", err)
	}
	pair := mustExchange(t, d, newCode(t, d, acme))
	mustUse(t, d, old, pair.AccessToken)
	mustUse(t, d, next, pair.AccessToken)
	clock.pass(keyOverlap - cacheFor/2)
	pair = mustExchange(t, d, pair.RefreshToken)
	mustUse(t, d, old, pair.AccessToken)
	clock.pass(cacheFor / 2)
	wantFault(t, "Authenticate with the replaced key", use(d, old, pair.AccessToken), fault.AccessTokenRevoked)
	mustUse(t, d, next, pair.AccessToken)
}

func TestAKeyIsRevokedOnceAndForAll(t *testing.T) {
	d, _, clock, c := newHouse(t)
	id := keyIDOf(c.APIKey)
	wantFault(t, "RevokeKey", d.RevokeKey(ctx, acme, id), nil)
	first, _ := d.Partners(ctx)
	clock.pass(keyOverlap)
	wantFault(t, "RevokeKey again", d.RevokeKey(ctx, acme, id), nil)
	second, _ := d.Partners(ctx)
	if !first[0].Keys[0].Ends.Equal(second[0].Keys[0].Ends) {
		t.Error("the second revocation moved the end")
	}
	if err := d.RevokeKey(ctx, acme, "ABCDEFGHIJKL"); !errors.Is(err, ErrKeyUnknown) {
		t.Errorf("RevokeKey of an unknown key: %v; want ErrKeyUnknown", err)
	}
}

func TestEndedKeysAreKeptInABoundedNumber(t *testing.T) {
	d, store, _, _ := newHouse(t)
	for range 3 * keptKeys {
		key, err := d.NewAPIKey(ctx, acme)
		if err != nil {
			t.Fatalf("NewAPIKey: %v", err)
		}
		wantFault(t, "RevokeKey", d.RevokeKey(ctx, acme, keyIDOf(key)), nil)
	}
	keys := store.enrolments[acme].Keys
	if len(keys) != keptKeys || keys[0].Ends.Before(keys[0].Created.Add(keyOverlap)) {
		t.Errorf("%d keys kept, the first %+v; want %d with the live one", len(keys), keys[0], keptKeys)
	}
}

func TestCredentialsLookAsDocumented(t *testing.T) {
	d, _, _, c := newHouse(t)
	pair := mustExchange(t, d, newCode(t, d, acme))
	for prefix, credential := range map[string]string{accessPrefix: pair.AccessToken, refreshPrefix: pair.RefreshToken, codePrefix: newCode(t, d, acme)} {
		if !wellFormed(credential, prefix) || len(credential) != 47 {
			t.Errorf("%q is not %s and 43 characters", credential, prefix)
		}
	}
	if id := keyIDOf(c.APIKey); len(id) != keyIDLength || c.APIKey[:17] != keyPrefix+string(id)+"_" || len(c.APIKey) != 60 {
		t.Errorf("%q is not %s, 12 characters, _ and 43 characters", c.APIKey, keyPrefix)
	}
}

func TestCallbacksAreAllowedByTheirHosts(t *testing.T) {
	d, _, _, c := newHouse(t)
	token := mustExchange(t, d, newCode(t, d, acme)).AccessToken
	for _, tt := range []struct {
		name        string
		hosts, want []string
		err         error
	}{
		{"some, in any case and order", []string{"Partner.example.com.", "a.example.com", "a.example.com"}, []string{"a.example.com", "partner.example.com"}, nil},
		{"a URL", []string{"https://a.example.com"}, []string{"a.example.com", "partner.example.com"}, fault.FieldInvalid},
		{"a host with a port", []string{"a.example.com:443"}, []string{"a.example.com", "partner.example.com"}, fault.FieldInvalid},
		{"an empty host", []string{""}, []string{"a.example.com", "partner.example.com"}, fault.FieldInvalid},
		{"a long host", []string{strings.Repeat("a", 254)}, []string{"a.example.com", "partner.example.com"}, fault.FieldInvalid},
		{"others", []string{"b.example.com"}, []string{"b.example.com"}, nil},
		{"any again", nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := d.AllowCallbacks(ctx, acme, tt.hosts); !errors.Is(err, tt.err) {
				t.Errorf("AllowCallbacks(%q) = %v; want %v", tt.hosts, err, tt.err)
			}
			c.AccessToken = token
			p, err := d.Authenticate(ctx, c)
			if err != nil || !slices.Equal(p.CallbackHosts, tt.want) {
				t.Errorf("Authenticate gives the hosts %q, %v; want %q", p.CallbackHosts, err, tt.want)
			}
		})
	}
	many := make([]string, hostLimit+1)
	for i := range many {
		many[i] = fmt.Sprintf("h%d.example.com", i)
	}
	if err := d.AllowCallbacks(ctx, acme, many); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("AllowCallbacks of %d hosts: %v; want FIELD_INVALID", len(many), err)
	}
	if err := d.AllowCallbacks(ctx, "com.example.nobody", nil); !errors.Is(err, ErrPartnerUnknown) {
		t.Errorf("AllowCallbacks of nobody: %v; want PARTNER_NOT_FOUND", err)
	}
}

// Ensure that a partner who is added again keeps its list, for an empty one is any.
func TestAddPartnerKeepsTheCallbackHosts(t *testing.T) {
	d, _, _, _ := newHouse(t)
	for _, p := range []Partner{
		{Application: bazaar, CallbackHosts: []string{"B.example.com"}},
		{Application: bazaar, CallbackHosts: []string{"other.example.com"}},
		{Application: bazaar},
	} {
		if err := d.AddPartner(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	partners, err := d.Partners(ctx)
	if err != nil || len(partners) != 2 || !slices.Equal(partners[1].CallbackHosts, []string{"b.example.com"}) {
		t.Errorf("Partners = %+v, %v; want the hosts that were given first", partners, err)
	}
	if err := d.AddPartner(ctx, Partner{Application: "com.example.third", CallbackHosts: []string{"a b"}}); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("AddPartner with a host that is none: %v; want FIELD_INVALID", err)
	}
}

func TestADisabledPartnerIsOutUntilItIsLetInAnew(t *testing.T) {
	d, _, _, partner := newHouse(t)
	pair := mustExchange(t, d, newCode(t, d, partner.Application))
	mustUse(t, d, partner, pair.AccessToken)
	unused := newCode(t, d, partner.Application)
	for range 2 {
		if err := d.Disable(t.Context(), partner.Application); err != nil {
			t.Fatalf("Disable: %v", err)
		}
	}
	wantFault(t, "Authenticate", use(d, partner, pair.AccessToken), fault.AccessTokenRevoked)
	_, err := d.Exchange(t.Context(), grantOf(unused))
	wantFault(t, "Exchange of a code from before", err, fault.GrantInvalid)
	if _, err = d.Exchange(t.Context(), grantOf(pair.RefreshToken)); err == nil {
		t.Error("a refresh token of a disabled partner was traded")
	}
	fresh := mustExchange(t, d, newCode(t, d, partner.Application))
	wantFault(t, "Authenticate with the key from before", use(d, partner, fresh.AccessToken), fault.AccessTokenRevoked)
	if partner.APIKey, err = d.NewAPIKey(t.Context(), partner.Application); err != nil {
		t.Fatalf("NewAPIKey: %v", err)
	}
	mustUse(t, d, partner, fresh.AccessToken)
	wantFault(t, "Disable", d.Disable(t.Context(), "com.example.stranger"), fault.Of(ErrPartnerUnknown))
}
