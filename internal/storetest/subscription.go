package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
)

var subscriptions = []clause{
	{"a subscription begins at the end of the journal and tells how far it is behind", subscriptionIsBehind},
	{"two relays never hold the same subscription", subscriptionIsHeldOnce},
	{"what a relay keeps counts only while it holds the lease", keptUnderLease},
	{"a subscription that was changed is served anew once its relay has let go", changedIsServedAnew},
	{"dead letters are kept, told again, settled and dropped when they are old", lettersAreKept},
	{"a subscription whose partner is no longer granted the organization is nobody's", subscriptionNeedsGrant},
	{"a subscription whose partner is shut out rests, and goes on when it is let in anew", subscriptionRests},
	{"a subscription that is not renewed ends", subscriptionEnds},
	{"nothing in the database shows an endpoint, a password or a secret", subscriptionIsSealed},
}

func subscribing(id string) push.Subscription {
	return push.Subscription{
		ID: id, View: push.View{Channel: "amtx", Echo: true}, Topic: push.Topic{Organization: home, Entity: boxoffice.Seats},
		Endpoint: "https://hooks.example.com/seats?key=canary-endpoint", User: "canary-user", Password: "canary-password", Secret: "whsec_canary",
		Former: "whsec_former-canary", FormerUntil: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		SNS: push.SNSTopic{ARN: "arn:aws:sns:eu-west-1:123456789012:canary", Region: "eu-west-2", KeyID: "canary-id", Key: "canary-key"},
	}
}

// enrol makes amtx a channel of a partner that was granted the organization.
func (s *scene) enrol() {
	s.t.Helper()
	for _, statement := range []string{
		`INSERT INTO application (id, name, epoch) VALUES ('com.example.amtx', '', 1) ON CONFLICT DO NOTHING`,
		`INSERT INTO channel (code, application) VALUES ('amtx', 'com.example.amtx') ON CONFLICT DO NOTHING`,
		`INSERT INTO granted (application, organization) VALUES ('com.example.amtx', 998) ON CONFLICT DO NOTHING`,
		`INSERT INTO api_key (id, application, mac, created, ends) VALUES ('K-1', 'com.example.amtx', 'mac', 1, 0) ON CONFLICT DO NOTHING`,
	} {
		_, err := s.db.ExecContext(background, statement)
		must(s.t, "enrol", err)
	}
}

func (s *scene) subscribe(ids ...string) {
	s.t.Helper()
	s.enrol()
	for _, id := range ids {
		_, err := s.store.AddSubscription(background, subscribing(id))
		must(s.t, "add a subscription", err)
	}
}

func (s *scene) lag(id string) push.Lag {
	s.t.Helper()
	all, err := s.store.Subscriptions(background)
	must(s.t, "subscriptions", err)
	for _, l := range all {
		if l.ID == id {
			return l
		}
	}
	s.t.Fatalf("there is no subscription %s among %v", id, all)
	return push.Lag{}
}

func (s *scene) hold(relay string, limit int, want ...string) []push.Subscription {
	s.t.Helper()
	claimed, err := s.store.ClaimSubscriptions(background, relay, limit)
	must(s.t, "claim", err)
	slices.SortFunc(claimed, func(a, b push.Subscription) int { return strings.Compare(a.ID, b.ID) })
	var got []string
	for _, c := range claimed {
		got = append(got, c.ID)
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("%s claims %v; want %v", relay, got, want)
	}
	return claimed
}

func (s *scene) keep(relay string, kept ...push.Kept) []string {
	s.t.Helper()
	held, err := s.store.KeepSubscriptions(background, relay, kept)
	must(s.t, "keep", err)
	return held
}

func subscriptionIsBehind(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.lock("amtx", seat(1))
	eventually(t, "the rows have positions", func() bool {
		ends, err := s.store.JournalEnds(background)
		must(t, "journal ends", err)
		return ends.Newest == int64(len(s.changes(4)))
	})
	s.subscribe("A")
	got := s.lag("A")
	want := push.Lag{Subscription: subscribing("A")}
	want.State, want.Cursor = push.Active, int64(len(s.changes(4)))
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(push.Subscription{}, "Since")); diff != "" || got.Since.IsZero() {
		t.Errorf("Subscriptions since %v (-want +got):\n%s", got.Since, diff)
	}
	s.lock("amtx", seat(2), seat(3))
	all := s.changes(6)
	got = s.lag("A")
	if got.Rows != 2 || !got.Oldest.Equal(all[4].At) {
		t.Errorf("after two more rows: %d rows behind, the oldest of %v; want 2, of %v", got.Rows, got.Oldest, all[4].At)
	}
	before, err := s.store.Since(background, all[4].At)
	if err != nil || before != 4 {
		t.Errorf("Since(%v) = %d, %v; want 4", all[4].At, before, err)
	}
	if end, err := s.store.Since(background, all[4].At.Add(time.Hour)); err != nil || end != 6 {
		t.Errorf("Since(an hour later) = %d, %v; want the end, 6", end, err)
	}
	must(t, "remove", s.store.RemoveSubscription(background, "A"))
	if err := s.store.RemoveSubscription(background, "A"); !errors.Is(err, fault.SubscriptionUnknown) {
		t.Errorf("removing it again: %v; want %v", err, fault.SubscriptionUnknown)
	}
}

// look is what a relay sees of all, in looks at two.
func (s *scene) look(relay string) (mine map[string]int64, free bool, err error) {
	mine = map[string]int64{}
	for after, more := "", true; more && err == nil; {
		var look push.Look
		look, err = s.store.LookSubscriptions(background, relay, after, 2)
		maps.Copy(mine, look.Mine)
		free, after, more = free || look.Free, look.To, look.To != ""
	}
	return mine, free, err
}

func subscriptionIsHeldOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.subscribe("A", "B", "C")
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	if mine, free, err := s.look("first"); err != nil || len(mine) != 0 || !free {
		t.Fatalf("LookSubscriptions = %v, %v, %v; want none held and some free", mine, free, err)
	}
	s.hold("first", 2, "A", "B")
	beside.hold("second", 9, "C")
	s.hold("first", 9)
	beside.hold("second", 9)
	mine, free, err := beside.look("first")
	if diff := cmp.Diff(map[string]int64{"A": 1, "B": 1}, mine); err != nil || free || diff != "" {
		t.Errorf("LookSubscriptions = %v, %v (-want +got):\n%s", free, err, diff)
	}
	must(t, "leave", s.store.LeaveSubscriptions(background, "first", []string{"A", "C"})) // C is not its own
	beside.hold("second", 9, "A")
	// The first relay dies: its lease ends by the database's clock.
	_, err = s.db.ExecContext(background, `UPDATE subscription SET lease_until = lease_until - 29000000 WHERE id = 'B'`)
	must(t, "29 s pass", err)
	beside.hold("second", 9)
	_, err = s.db.ExecContext(background, `UPDATE subscription SET lease_until = lease_until - 1100000 WHERE id = 'B'`)
	must(t, "a second more", err)
	beside.hold("second", 9, "B")
}

func keptUnderLease(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.subscribe("A", "B")
	claimed := s.hold("first", 9, "A", "B")
	when := time.Date(2026, 5, 6, 7, 8, 9, 1000, time.UTC)
	place := push.Place{Cursor: 5, Flight: 9, Attempts: 3, Due: when, Failing: when.Add(time.Second), Delivered: when.Add(time.Minute)}
	kept := push.Kept{ID: "A", Lease: claimed[0].Lease, State: push.Disabled, Note: "5xx", Place: place}
	stale := push.Kept{ID: "B", Lease: claimed[1].Lease - 1, State: push.Active, Place: place}
	if held := s.keep("first", kept, stale); !slices.Equal(held, []string{"A"}) {
		t.Errorf("KeepSubscriptions holds %v; want A alone", held)
	}
	got := s.lag("A")
	if got.Place != place || got.State != push.Disabled || got.Note != "5xx" {
		t.Errorf("kept %+v, %s, %q; want %+v, disabled, 5xx", got.Place, got.State, got.Note, place)
	}
	if got := s.lag("B"); got.Cursor == 5 {
		t.Error("a relay that has lost the lease moved the cursor")
	}
	if held := s.keep("second", push.Kept{ID: "A", Lease: claimed[0].Lease, State: push.Active}); len(held) != 0 || s.lag("A").State != push.Disabled {
		t.Errorf("another relay kept %v", held)
	}
	if held := s.keep("first"); len(held) != 0 {
		t.Errorf("keeping nothing holds %v", held)
	}
	must(t, "leave", s.store.LeaveSubscriptions(background, "first", []string{"A"}))
	s.hold("second", 9) // A is disabled, B is the first's
}

func changedIsServedAnew(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.subscribe("A")
	claimed := s.hold("first", 9, "A")
	no := errors.New("no")
	if _, err := s.store.ChangeSubscription(background, "A", func(*push.Subscription) error { return no }); !errors.Is(err, no) {
		t.Errorf("a change that is refused: %v; want %v", err, no)
	}
	if _, err := s.store.ChangeSubscription(background, "Z", func(*push.Subscription) error { return nil }); !errors.Is(err, fault.SubscriptionUnknown) {
		t.Errorf("a change of none: %v; want %v", err, fault.SubscriptionUnknown)
	}
	changed, err := s.store.ChangeSubscription(background, "A", func(sub *push.Subscription) error {
		sub.Cursor, sub.Flight, sub.Secret, sub.Echo = 1, 0, "whsec_new", false
		return nil
	})
	must(t, "change", err)
	if changed.Cursor != 1 || changed.Lease != claimed[0].Lease+1 {
		t.Errorf("changed to cursor %d, lease %d; want 1, %d", changed.Cursor, changed.Lease, claimed[0].Lease+1)
	}
	if got := s.lag("A"); got.Secret != "whsec_new" || got.Echo || got.Password != "canary-password" {
		t.Errorf("it is %+v; want the new secret, no echo, and the password it had", got.Subscription)
	}
	if held := s.keep("first", push.Kept{ID: "A", Lease: claimed[0].Lease, State: push.Active, Place: push.Place{Cursor: 99}}); len(held) != 0 || s.lag("A").Cursor != 1 {
		t.Errorf("its former relay kept %v at %d; want nothing, at 1", held, s.lag("A").Cursor)
	}
	s.hold("second", 9) // the first may have a message in flight
	must(t, "leave", s.store.LeaveSubscriptions(background, "first", []string{"A"}))
	s.hold("second", 9, "A")
}

func lettersAreKept(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.subscribe("A", "B")
	letter := func(subscription string, position int64) push.Letter {
		return push.Letter{Subscription: subscription, Subject: fmt.Sprint("T", position), Position: position, Note: "4xx"}
	}
	must(t, "bury", s.store.Bury(background, []push.Letter{letter("A", 2), letter("A", 1), letter("B", 1)}))
	must(t, "bury one again, twice, and one of a subscription that is gone", s.store.Bury(background, []push.Letter{letter("A", 2), letter("GONE", 1), letter("A", 2)}))
	if n := number(t, s.db, `SELECT COUNT(*) FROM letter`); n != 3 {
		t.Errorf("%d letters are kept; want 3", n)
	}
	dead := func(id string, again bool, want ...push.Letter) {
		t.Helper()
		got, err := s.store.DeadLetters(background, id, again, 10)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(push.Letter{}, "At")); err != nil || diff != "" {
			t.Errorf("DeadLetters(%s, %v) = %v (-want +got):\n%s", id, again, err, diff)
		}
	}
	dead("A", false, letter("A", 1), letter("A", 2))
	dead("A", true)
	if n := s.lag("A").Dead; n != 2 {
		t.Errorf("A has %d dead letters; want 2", n)
	}
	lease := s.lag("A").Lease
	if n, err := s.store.Rouse(background, "A"); err != nil || n != 2 || s.lag("A").Lease == lease {
		t.Errorf("Rouse = %d, %v, lease %d after %d; want 2, and a new lease", n, err, s.lag("A").Lease, lease)
	}
	first, second := letter("A", 1), letter("A", 2)
	first.Again, second.Again = true, true
	dead("A", true, first, second)
	must(t, "settle", s.store.Settle(background, first))
	dead("A", false, second)
	dead("B", true)
	_, err := s.db.ExecContext(background, `UPDATE letter SET at = at - 30 * CAST(86400000000 AS BIGINT) WHERE subscription = 'A'`)
	must(t, "30 days pass", err)
	must(t, "tidy", s.store.TidyLetters(background))
	dead("A", false)
	dead("B", false, letter("B", 1))
	must(t, "remove", s.store.RemoveSubscription(background, "B"))
	if n := number(t, s.db, `SELECT COUNT(*) FROM letter`); n != 0 {
		t.Errorf("%d letters outlive their subscription", n)
	}
}

func subscriptionRests(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.subscribe("A")
	s.hold("first", 9, "A")
	keys := func(change string) {
		t.Helper()
		_, err := s.db.ExecContext(background, change)
		must(t, "change keys", err)
	}
	look := func(when string, held, free bool) {
		t.Helper()
		mine, more, err := s.look("first")
		if err != nil || (len(mine) == 1) != held || more != free {
			t.Errorf("%s: LookSubscriptions = %v, %v, %v; want it held: %v, and free: %v", when, mine, more, err, held, free)
		}
		if rests := s.lag("A").Rests; rests == (held || free) {
			t.Errorf("%s: it rests: %v", when, rests)
		}
	}
	look("with a key", true, false)
	keys(`INSERT INTO api_key (id, application, mac, created, ends) VALUES ('K-2', 'com.example.amtx', 'mac2', 1, 4000000000000000)`)
	keys(`UPDATE api_key SET ends = 2 WHERE id = 'K-1'`)
	look("while the next key is alive", true, false)
	keys(`UPDATE api_key SET ends = 3 WHERE id = 'K-2'`)
	look("with keys that have ended alone", false, false)
	must(t, "leave", s.store.LeaveSubscriptions(background, "first", []string{"A"}))
	s.hold("second", 9)
	if l := s.lag("A"); l.State != push.Active {
		t.Errorf("it is %s; want it active, at rest", l.State)
	}
	keys(`INSERT INTO api_key (id, application, mac, created, ends) VALUES ('K-3', 'com.example.amtx', 'mac3', 1, 0)`)
	look("with a new key", false, true)
	s.hold("second", 9, "A")
}

func subscriptionEnds(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.subscribe("A")
	brief := subscribing("B")
	brief.Lasts = time.Minute
	added, err := s.store.AddSubscription(background, brief)
	if err != nil || added.Ends.Sub(added.Since) != time.Minute {
		t.Fatalf("AddSubscription for a minute ends at %v, added at %v: %v", added.Ends, added.Since, err)
	}
	s.hold("first", 9, "A", "B")
	pass := func(seconds int) {
		t.Helper()
		_, err := s.db.ExecContext(background, `UPDATE subscription SET ends_at = ends_at - $1 WHERE id = 'B'`, int64(seconds)*1_000_000)
		must(t, "time passes", err)
	}
	held := func(when string, want int) {
		t.Helper()
		mine, _, err := s.look("first")
		all, errAll := s.store.Subscriptions(background)
		if err != nil || errAll != nil || len(mine) != want || len(all) != want {
			t.Errorf("%s: %v are held and %d there, %v; want %d", when, mine, len(all), errors.Join(err, errAll), want)
		}
	}
	for range 3 {
		pass(50)
		must(t, "renew", s.store.RenewSubscription(background, "B", time.Minute))
	}
	must(t, "tidy", s.store.TidySubscriptions(background))
	held("while it is renewed", 2)
	pass(61)
	held("when it has ended", 1)
	if err := s.store.RenewSubscription(background, "B", time.Minute); !errors.Is(err, fault.SubscriptionUnknown) {
		t.Errorf("renewing what has ended: %v; want %v", err, fault.SubscriptionUnknown)
	}
	if err := s.store.RenewSubscription(background, "A", time.Minute); !errors.Is(err, fault.SubscriptionUnknown) {
		t.Errorf("renewing what never ends: %v; want %v", err, fault.SubscriptionUnknown)
	}
	_, err = s.db.ExecContext(background, `UPDATE subscription SET lease_by = '', lease_until = 0 WHERE id = 'B'`)
	must(t, "its relay dies", err)
	s.hold("second", 9)
	must(t, "tidy", s.store.TidySubscriptions(background))
	if n := number(t, s.db, `SELECT COUNT(*) FROM subscription`); n != 1 {
		t.Errorf("%d subscriptions are kept; want the one that does not end", n)
	}
}

func subscriptionIsSealed(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.subscribe("A")
	for _, column := range []string{"sealed", "note", "channel", "id"} {
		if n := number(t, s.db, `SELECT COUNT(*) FROM subscription WHERE `+column+` LIKE '%canary%' OR `+column+` LIKE '%hooks.example%'`); n != 0 {
			t.Errorf("column %s shows what is secret", column)
		}
	}
	if diff := cmp.Diff(subscribing("A").SNS, s.lag("A").SNS); diff != "" {
		t.Errorf("its topic comes back (-want +got):\n%s", diff)
	}
}

func subscriptionNeedsGrant(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.subscribe("A", "B")
	s.hold("first", 1, "A")
	_, err := s.db.ExecContext(background, `DELETE FROM granted`)
	must(t, "withdraw", err)
	s.hold("first", 9)
	if mine, free, err := s.look("first"); err != nil || len(mine) != 0 || free {
		t.Errorf("LookSubscriptions = %v, %v, %v; want nothing, so that it lets go", mine, free, err)
	}
	must(t, "leave", s.store.LeaveSubscriptions(background, "first", []string{"A"}))
	s.enrol()
	s.hold("second", 9, "A", "B")
}
