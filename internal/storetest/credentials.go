package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// Vaults are two doors to one store of credentials: of one process, or of two.
type Vaults struct {
	Here, There access.Store
	// AwaitWaiter returns when somebody waits for a row that another keeps. Where
	// calls wait in a queue instead it returns at once.
	AwaitWaiter func(t *testing.T)
}

// Credentials runs the contract of access.Store, each test on a fresh store made
// by open. Every store runs every test: there is no flag to opt out.
func Credentials(t *testing.T, open func(t *testing.T) Vaults) {
	t.Helper()
	for _, tt := range []struct {
		name string
		test func(t *testing.T, v Vaults)
	}{
		{"Standing knows each part by itself", standingKnowsEachPart},
		{"Standing sees every earlier write", standingSeesEarlierWrites},

		{"Family finds every kind of credential", familyFindsEveryKind},
		{"Family saves every field", familySavesEveryField},
		{"Family replaces a pair in place", familyReplacesInPlace},
		{"Family keeps a bounded number of pairs", familyKeepsABoundedNumber},
		{"Family keeps nothing of a change that failed", familyKeepsNothingOfAFailure},
		{"Family shows a waiter what the winner wrote", familyShowsTheWinner},
		{"Family finds no hash that went while it waited", familyLosesAReplacedHash},
		{"Family counts what many change at once", familyCountsEverybody},

		{"Enrolment makes a partner known", enrolmentMakesKnown},
		{"Enrolment sets lists exactly", enrolmentSetsLists},
		{"Enrolment lets two creators take turns", enrolmentTakesTurns},
		{"Enrolment keeps nothing when a channel is taken", enrolmentKeepsNothingWhenTaken},
		{"Enrolment gives a channel to one of two at once", enrolmentGivesAChannelOnce},
		{"Enrolment keeps nothing of a change that failed", enrolmentKeepsNothingOfAFailure},
		{"Enrolment adds codes once and shows a new epoch at once", enrolmentAddsCodes},

		{"Tidy takes what ended before and nothing else", tidyTakesWhatEnded},
		{"Tidy takes more than one step's worth", tidyTakesMany},
		{"Tidy runs twice at once", tidyRunsTwiceAtOnce},

		{"a desk walks a family through its life", deskWalksAFamily},
		{"two desks give many exchanges one pair", desksGiveOnePair},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, open(t))
		})
	}
}

const (
	acme   = access.ApplicationID("com.example.acme")
	bazaar = access.ApplicationID("com.example.bazaar")
)

// moment is when the tests take place; stores keep microseconds.
var moment = time.Date(2030, 5, 20, 19, 0, 0, 548_608_000, time.UTC)

func after(d time.Duration) time.Time { return moment.Add(d) }

const day = 24 * time.Hour

// patiently repeats an act that was refused because of the press: nothing was
// done then.
func patiently(act func() error) error {
	const tries = 20
	err := act()
	for range tries {
		if !errors.Is(err, fault.Busy) {
			return err
		}
		err = act()
	}
	return err
}

// enrol makes a partner what p says, with codes added.
func enrol(t *testing.T, s access.Store, p access.Partner, codes ...access.Family) {
	t.Helper()
	err := s.Enrolment(t.Context(), p.Application, func(e *access.Enrolment) error {
		e.Partner, e.Codes = p, codes
		return nil
	})
	if err != nil {
		t.Fatalf("Enrolment(%s): %v", p.Application, err)
	}
}

// enrolment is what is kept of a partner, zero when it is not known.
func enrolment(t *testing.T, s access.Store, id access.ApplicationID) access.Enrolment {
	t.Helper()
	all, err := s.Enrolments(t.Context())
	if err != nil {
		t.Fatalf("Enrolments: %v", err)
	}
	for _, e := range all {
		if e.Application == id {
			return e
		}
	}
	return access.Enrolment{}
}

func standing(t *testing.T, s access.Store, shown access.Shown) access.Standing {
	t.Helper()
	got, err := s.Standing(t.Context(), shown)
	if err != nil {
		t.Fatalf("Standing(%+v): %v", shown, err)
	}
	return got
}

func same(t *testing.T, call string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s, want (-) and got (+):\n%s", call, diff)
	}
}

func standingKnowsEachPart(t *testing.T, v Vaults) {
	acmeKey := access.Key{ID: "KEYOFACME234", MAC: "mac of acme", Created: moment, Ends: after(day)}
	bazaarKey := access.Key{ID: "KEYOFBAZAAR2", MAC: "mac of bazaar", Created: moment}
	f := newFamily("A", acme)
	enrol(t, v.Here, access.Partner{
		Application: acme, Name: "Acme", Channels: []access.Channel{"acme", "acme.eu"},
		Organizations: []access.OrganizationID{129, 999, 1200}, Keys: []access.Key{acmeKey}, CallbackHosts: []string{"acme.example.com"}, Rate: access.Rate{PerSecond: 5, Burst: 7},
	}, f)
	enrol(t, v.Here, access.Partner{
		Application: bazaar, Name: "Bazaar", Channels: []access.Channel{"bazaar"}, Keys: []access.Key{bazaarKey},
	}, newFamily("B", bazaar))
	f = issue(t, v.Here, f.Code, 1, "a1")
	f.Head, f.Replay = access.Head{}, ""

	good := access.Shown{Access: "access-a1", Application: acme, Key: acmeKey.ID, Channel: "acme.eu"}
	known := access.Standing{
		Family: f, Token: access.Mark{Generation: 1, Expires: pair("a1").AccessExpires},
		Application: acme, Organizations: []access.OrganizationID{129, 999, 1200}, CallbackHosts: []string{"acme.example.com"}, Rate: access.Rate{PerSecond: 5, Burst: 7},
		Key: acmeKey, KeyOf: acme, ChannelOf: acme,
	}
	stranger := func(s *access.Standing) { s.Family, s.Token = access.Family{}, access.Mark{} }
	for _, tt := range []struct {
		name string
		show func(s *access.Shown)
		want func(s *access.Standing)
	}{
		{"all is known", func(*access.Shown) {}, func(*access.Standing) {}},
		{"an unknown access token", func(s *access.Shown) { s.Access = "access-none" }, stranger},
		{"a code is no access token", func(s *access.Shown) { s.Access = f.Code }, stranger},
		{"a refresh token is no access token", func(s *access.Shown) { s.Access = "refresh-a1" }, stranger},
		{
			"an unknown application", func(s *access.Shown) { s.Application = "com.example.nobody" },
			func(s *access.Standing) {
				s.Application, s.Organizations, s.CallbackHosts, s.Rate = "", nil, nil, access.Rate{}
			},
		},
		{
			"an application in other letters", func(s *access.Shown) { s.Application = "COM.EXAMPLE.ACME" },
			func(s *access.Standing) {
				s.Application, s.Organizations, s.CallbackHosts, s.Rate = "", nil, nil, access.Rate{}
			},
		},
		{
			"an application without organizations", func(s *access.Shown) { s.Application = bazaar },
			func(s *access.Standing) {
				s.Application, s.Organizations, s.CallbackHosts, s.Rate = bazaar, nil, nil, access.Rate{}
			},
		},
		{
			"an unknown key", func(s *access.Shown) { s.Key = "KEYOFNOBODY2" },
			func(s *access.Standing) { s.Key, s.KeyOf = access.Key{}, "" },
		},
		{
			"another application's key", func(s *access.Shown) { s.Key = bazaarKey.ID },
			func(s *access.Standing) { s.Key, s.KeyOf = bazaarKey, bazaar },
		},
		{"an unknown channel", func(s *access.Shown) { s.Channel = "nobody" }, func(s *access.Standing) { s.ChannelOf = "" }},
		{"a channel in other letters", func(s *access.Shown) { s.Channel = "ACME" }, func(s *access.Standing) { s.ChannelOf = "" }},
		{"another application's channel", func(s *access.Shown) { s.Channel = "bazaar" }, func(s *access.Standing) { s.ChannelOf = bazaar }},
		{"nothing is shown", func(s *access.Shown) { *s = access.Shown{} }, func(s *access.Standing) { *s = access.Standing{} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shown, want := good, known
			tt.show(&shown)
			tt.want(&want)
			same(t, "Standing", standing(t, v.There, shown), want)
		})
	}
}

func standingSeesEarlierWrites(t *testing.T, v Vaults) {
	f := newFamily("A", acme)
	p := access.Partner{Application: acme, Channels: []access.Channel{"acme"}}
	enrol(t, v.Here, p, f)
	issue(t, v.Here, f.Code, 1, "a0")
	from, to := v.Here, v.There
	for i := range int64(10) {
		p.Organizations = append(p.Organizations, access.OrganizationID(i+1))
		enrol(t, from, p)
		change(t, to, "access-a0", func(f *access.Family) { f.Used = i%2 == 0 })
		shown := access.Shown{Access: "access-a0", Application: acme}
		if got := standing(t, to, shown); len(got.Organizations) != len(p.Organizations) {
			t.Errorf("Standing has %d organizations after the grant of number %d", len(got.Organizations), i+1)
		}
		if got := standing(t, from, shown); got.Family.Used != (i%2 == 0) {
			t.Errorf("Standing has Used = %v after it was set to %v", got.Family.Used, i%2 == 0)
		}
		from, to = to, from
	}
}
