package access

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

const (
	acme   = ApplicationID("com.example.acme")
	bazaar = ApplicationID("com.example.bazaar")
)

// handClock is a clock that a test moves.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *handClock {
	return &handClock{now: time.Date(2030, 5, 20, 19, 0, 0, 548608815, time.UTC)}
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fatalist is what testing.TB and rapid's T have in common here.
type fatalist interface {
	Helper()
	Fatalf(format string, args ...any)
}

// newHouse is a desk with one partner, who has an API key.
func newHouse(t fatalist) (*Desk, *memory, *handClock, Credentials) {
	t.Helper()
	store, clock := newMemory(), newClock()
	d := NewDesk(store, testKeyring(t), clock.Now)
	return d, store, clock, enrol(t, d, acme, "acme", 999)
}

func testKeyring(t fatalist) *Keyring {
	t.Helper()
	ring, err := ParseKeyring("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		t.Fatalf("ParseKeyring: %v", err)
	}
	return ring
}

// enrol returns the partner's credentials, all but the access token.
func enrol(t fatalist, d *Desk, app ApplicationID, channel Channel, org OrganizationID) Credentials {
	t.Helper()
	p := Partner{Application: app, Name: "A partner", Channels: []Channel{channel}, Organizations: []OrganizationID{org}}
	if err := d.AddPartner(ctx, p); err != nil {
		t.Fatalf("AddPartner(%v): %v", p, err)
	}
	key, err := d.NewAPIKey(ctx, app)
	if err != nil {
		t.Fatalf("NewAPIKey(%s): %v", app, err)
	}
	return Credentials{Application: app, APIKey: key, Channel: channel}
}

func newCode(t fatalist, d *Desk, app ApplicationID) string {
	t.Helper()
	code, err := d.NewCode(ctx, app)
	if err != nil {
		t.Fatalf("NewCode(%s): %v", app, err)
	}
	return code
}

// grantOf wraps a code or refresh token.
func grantOf(credential string) Grant {
	if wellFormed(credential, codePrefix) {
		return Grant{Type: "authorization_code", Code: credential}
	}
	return Grant{Type: "refresh_token", RefreshToken: credential}
}

func mustExchange(t fatalist, d *Desk, credential string) Pair {
	t.Helper()
	pair, err := d.Exchange(ctx, grantOf(credential))
	if err != nil {
		t.Fatalf("Exchange: %v", err)
	}
	return pair
}

// use authenticates with an access token.
func use(d *Desk, c Credentials, token string) error {
	c.AccessToken = token
	_, err := d.Authenticate(ctx, c)
	return err
}

func mustUse(t fatalist, d *Desk, c Credentials, token string) {
	t.Helper()
	if err := use(d, c, token); err != nil {
		t.Fatalf("Authenticate: %v", err)
	}
}

// wantFault checks an error against a reason of the catalogue, nil for none.
func wantFault(tb testing.TB, call string, err error, want *fault.Error) {
	tb.Helper()
	if want == nil && err != nil || want != nil && !errors.Is(err, want) {
		tb.Errorf("%s: error %v; want %v", call, err, want)
	}
}
