package access

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seatlink/seatlink/internal/fault"
)

// The model knows the rules of contract.md call 1 in other words than Family:
// every credential is live, spent or replaced, by itself.
type (
	modelFamily struct {
		revoked   bool
		revokedAt time.Time
		revokedBy *Desk
		ends      time.Time
	}
	modelCredential struct {
		text    string
		family  *modelFamily
		of      *modelPair // nil for a code
		gave    *modelPair // the last pair it was traded for
		spent   bool
		expires time.Time
	}
	modelPair struct {
		Pair
		refresh  *modelCredential
		from     *modelCredential
		issued   time.Time
		used     bool
		replaced bool
	}
)

type machine struct {
	clock       *handClock
	store       *memory
	desks       []*Desk
	who         Credentials
	credentials []*modelCredential
	pairs       []*modelPair
}

func (m *machine) desk(t *rapid.T) *Desk {
	return m.desks[rapid.IntRange(0, len(m.desks)-1).Draw(t, "desk")]
}

func (m *machine) newCode(t *rapid.T) {
	if len(m.credentials) > 12 {
		t.Skip("enough credentials")
	}
	code := newCode(t, m.desk(t), acme)
	m.credentials = append(m.credentials, &modelCredential{
		text: code, family: new(modelFamily), expires: m.clock.Now().Truncate(time.Microsecond).Add(codeLife),
	})
}

func (m *machine) pass(t *rapid.T) {
	m.clock.pass(rapid.SampledFrom([]time.Duration{
		time.Microsecond, cacheFor, time.Second, replayFor - time.Second, replayFor, time.Minute, accessLife, codeLife, refreshLife - time.Hour,
	}).Draw(t, "pause"))
}

func (p *modelPair) use() {
	if !p.used {
		p.used, p.from.spent = true, true
	}
}

func (m *machine) exchange(t *rapid.T) {
	if len(m.credentials) == 0 {
		t.Skip("no credential")
	}
	c := rapid.SampledFrom(m.credentials).Draw(t, "credential")
	now, d := m.clock.Now().Truncate(time.Microsecond), m.desk(t)
	got, err := d.Exchange(ctx, grantOf(c.text))
	reuse := c.spent && !c.family.revoked
	if c.family.revoked || c.spent || c.of != nil && c.of.replaced || !now.Before(c.expires) {
		if !errors.Is(err, fault.GrantInvalid) {
			t.Fatalf("Exchange of a dead credential = %v, %v", got, err)
		}
		if reuse {
			c.family.revoked, c.family.revokedAt, c.family.revokedBy = true, now, d
		}
		return
	}
	if err != nil {
		t.Fatalf("Exchange of a live credential: %v", err)
	}
	if c.of != nil {
		c.of.use()
	}
	if c.gave != nil {
		if now.Sub(c.gave.issued) < replayFor {
			if got != c.gave.Pair {
				t.Fatalf("a repeat after %v gave another pair", now.Sub(c.gave.issued))
			}
			return
		}
		c.gave.replaced = true
	}
	if c.family.ends.IsZero() {
		c.family.ends = now.Add(familyLife)
	}
	for _, p := range m.pairs {
		if p.AccessToken == got.AccessToken || p.RefreshToken == got.RefreshToken {
			t.Fatalf("a token was issued twice")
		}
	}
	if want := earlier(now.Add(accessLife), c.family.ends); !got.Expires.Equal(want) {
		t.Fatalf("the access token expires at %v; want %v", got.Expires, want)
	}
	p := &modelPair{Pair: got, from: c, issued: now}
	p.refresh = &modelCredential{text: got.RefreshToken, family: c.family, of: p, expires: earlier(now.Add(refreshLife), c.family.ends)}
	c.gave = p
	m.pairs, m.credentials = append(m.pairs, p), append(m.credentials, p.refresh)
}

func (m *machine) authenticate(t *rapid.T) {
	if len(m.pairs) == 0 {
		t.Skip("no pair")
	}
	p, d := rapid.SampledFrom(m.pairs).Draw(t, "pair"), m.desk(t)
	now := m.clock.Now()
	err := use(d, m.who, p.AccessToken)
	family := p.from.family
	switch {
	case p.replaced:
		mustBe(t, err, fault.AccessTokenRequired)
	case family.revoked:
		if err == nil && d != family.revokedBy && now.Sub(family.revokedAt) < time.Second {
			return // its memory of half a second
		}
		mustBe(t, err, fault.AccessTokenRevoked)
	case !now.Before(p.Expires):
		mustBe(t, err, fault.AccessTokenExpired)
	case err != nil:
		t.Fatalf("Authenticate with a live token: %v", err)
	default:
		p.use()
	}
}

func mustBe(t *rapid.T, err error, want *fault.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v; want %v", err, want)
	}
}

// check tries every credential on copies of the store: of a family whose head
// is used one refresh token works, of another the one that gave the head
// besides, and of those each excludes the other (I31). Of a revoked family
// nothing works.
func (m *machine) check(t *rapid.T) {
	working := map[*modelFamily][]*modelCredential{}
	for _, c := range m.credentials {
		if _, err := m.copy().Exchange(ctx, grantOf(c.text)); err == nil {
			working[c.family] = append(working[c.family], c)
		}
	}
	for family, live := range working {
		switch {
		case family.revoked:
			t.Fatal("a credential of a revoked family works")
		case len(live) > 2 || len(live) == 2 && live[1].of.from != live[0]:
			t.Fatalf("%d credentials of one family work", len(live))
		case len(live) == 2:
			d := m.copy()
			mustExchange(t, d, live[1].text)
			if _, err := d.Exchange(ctx, grantOf(live[0].text)); err == nil {
				t.Fatal("a credential works after its successor was used")
			}
		}
	}
	for _, p := range m.pairs {
		if p.from.family.revoked && use(m.copy(), m.who, p.AccessToken) == nil {
			t.Fatal("an access token of a revoked family works")
		}
	}
}

// copy is a desk over a copy of the store, without memory.
func (m *machine) copy() *Desk { return NewDesk(m.store.clone(), m.desks[0].keys, m.clock.Now) }

func (m *machine) tidy(t *rapid.T) {
	before := fmt.Sprint(m.verdicts())
	if err := m.desk(t).Tidy(ctx); err != nil {
		t.Fatalf("Tidy: %v", err)
	}
	if after := fmt.Sprint(m.verdicts()); after != before {
		t.Fatalf("Tidy changed who is let in from %s to %s", before, after)
	}
}

// verdicts tells which credentials work.
func (m *machine) verdicts() (works []bool) {
	for _, c := range m.credentials {
		_, err := m.copy().Exchange(ctx, grantOf(c.text))
		works = append(works, err == nil)
	}
	for _, p := range m.pairs {
		works = append(works, use(m.copy(), m.who, p.AccessToken) == nil)
	}
	return works
}

func TestAnyOrderOfActsKeepsTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, store, clock, who := newHouse(t)
		m := &machine{clock: clock, store: store, who: who, desks: []*Desk{d, NewDesk(store, d.keys, clock.Now)}}
		m.newCode(t)
		t.Repeat(map[string]func(*rapid.T){
			"":              m.check,
			"new code":      m.newCode,
			"pass":          m.pass,
			"exchange":      m.exchange,
			"exchange more": m.exchange,
			"authenticate":  m.authenticate,
		})
	})
}

func TestTidyTakesNothingThatWorks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, store, clock, who := newHouse(t)
		m := &machine{clock: clock, store: store, who: who, desks: []*Desk{d}}
		for range 6 {
			m.newCode(t)
			for range rapid.IntRange(1, 4).Draw(t, "exchanges") {
				m.exchange(t)
			}
			m.authenticate(t)
			m.pass(t)
		}
		m.tidy(t)
	})
}
