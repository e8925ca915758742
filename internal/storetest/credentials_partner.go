package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

func enrolmentMakesKnown(t *testing.T, v Vaults) {
	want := access.Enrolment{Epoch: 3, Partner: access.Partner{
		Application: acme, Name: "Acme Entradas, São Paulo", Channels: []access.Channel{"a", "a.b", "a_b"},
		Organizations: []access.OrganizationID{9, 10, 999}, Rate: access.Rate{PerSecond: 50, Burst: 200},
		Keys: []access.Key{
			{ID: "ZOLDEST", MAC: "mac 1", Created: moment, Ends: after(day)},
			{ID: "ANEWER", MAC: "mac 2", Created: after(time.Microsecond)},
		},
	}}
	err := v.Here.Enrolment(t.Context(), acme, func(e *access.Enrolment) error {
		same(t, "Enrolment of an unknown partner", *e, access.Enrolment{})
		*e = want
		return nil
	})
	if err != nil {
		t.Fatalf("Enrolment: %v", err)
	}
	bare := access.Enrolment{Partner: access.Partner{Application: "com.example.Zoo"}}
	enrol(t, v.There, bare.Partner)
	all, err := v.There.Enrolments(t.Context())
	if err != nil {
		t.Fatalf("Enrolments: %v", err)
	}
	same(t, "Enrolments", all, []access.Enrolment{bare, want}) // capitals first: ids are compared as bytes
	err = v.There.Enrolment(t.Context(), acme, func(e *access.Enrolment) error {
		same(t, "Enrolment of a known partner", *e, want)
		return nil
	})
	if err != nil {
		t.Errorf("Enrolment that changes nothing: %v", err)
	}
	same(t, "Enrolments after nothing was changed", enrolment(t, v.Here, acme), want)

	if err := v.Here.Enrolment(t.Context(), bazaar, func(*access.Enrolment) error { return nil }); err != nil {
		t.Errorf("Enrolment that leaves a partner unknown: %v", err)
	}
	if got := enrolment(t, v.Here, bazaar); got.Application != "" {
		t.Errorf("a partner is known whom nobody made known: %+v", got)
	}
}

func enrolmentSetsLists(t *testing.T, v Vaults) {
	other := access.Partner{
		Application: bazaar, Channels: []access.Channel{"bazaar"}, Organizations: []access.OrganizationID{1, 2},
		Keys: []access.Key{{ID: "KB", MAC: "mac", Created: moment}},
	}
	enrol(t, v.Here, other)
	key := func(id access.KeyID, after int) access.Key {
		return access.Key{ID: id, MAC: "mac of " + string(id), Created: moment.Add(time.Duration(after) * time.Second)}
	}
	ended := key("K1", 1)
	ended.Ends = after(day)
	for _, p := range []access.Partner{
		{Channels: []access.Channel{"b", "c"}, Organizations: []access.OrganizationID{1, 3}, Keys: []access.Key{key("K1", 1), key("K2", 2)}},
		{Channels: []access.Channel{"a", "c", "d"}, Organizations: []access.OrganizationID{3}, Rate: access.Rate{PerSecond: 1, Burst: 2}, Keys: []access.Key{ended, key("K2", 2)}},
		{Channels: []access.Channel{"a"}, CallbackHosts: []string{"a.example.com", "b.example.com"}},
		{Channels: []access.Channel{"a"}, CallbackHosts: []string{"b.example.com"}},
		{Channels: []access.Channel{"b"}, Organizations: []access.OrganizationID{1, 2, 3}, Keys: []access.Key{key("K2", 2), key("K3", 3)}},
		{},
		{Name: "Another name", Channels: []access.Channel{"c"}, Organizations: []access.OrganizationID{3}, Keys: []access.Key{key("K1", 1)}},
	} {
		p.Application = acme
		enrol(t, v.Here, p)
		same(t, "Enrolment", enrolment(t, v.There, acme), access.Enrolment{Partner: p})
	}
	for _, channel := range []access.Channel{"a", "b", "d"} {
		if got := standing(t, v.There, access.Shown{Channel: channel}); got.ChannelOf != "" {
			t.Errorf("channel %q is still %q's", channel, got.ChannelOf)
		}
	}
	enrol(t, v.There, access.Partner{Application: "com.example.third", Channels: []access.Channel{"a", "b"}}) // free again
	same(t, "Enrolment of another partner", enrolment(t, v.There, bazaar), access.Enrolment{Partner: other})

	// A record may be altered in place, as long as it is the callback's.
	err := v.Here.Enrolment(t.Context(), acme, func(e *access.Enrolment) error {
		e.Channels[0], e.Organizations[0], e.Keys[0].Ends = "z", 7, after(day)
		return nil
	})
	if err != nil {
		t.Fatalf("Enrolment: %v", err)
	}
	want := access.Partner{
		Application: acme, Name: "Another name", Channels: []access.Channel{"z"}, Organizations: []access.OrganizationID{7},
		Keys: []access.Key{ended},
	}
	same(t, "Enrolment altered in place", enrolment(t, v.There, acme), access.Enrolment{Partner: want})
}

func enrolmentTakesTurns(t *testing.T, v Vaults) {
	for round := range 5 {
		id := access.ApplicationID(fmt.Sprintf("com.example.partner%d", round))
		var (
			both     sync.WaitGroup
			creators [2]bool
		)
		for i, store := range []access.Store{v.Here, v.There} {
			both.Go(func() {
				err := patiently(func() error {
					return store.Enrolment(t.Context(), id, func(e *access.Enrolment) error {
						creators[i] = e.Application == ""
						e.Application, e.Name = id, e.Name+"x"
						e.Organizations = append(e.Organizations, access.OrganizationID(len(e.Organizations)+1))
						return nil
					})
				})
				if err != nil {
					t.Errorf("Enrolment: %v", err)
				}
			})
		}
		both.Wait()
		if creators[0] == creators[1] {
			t.Errorf("creators of one partner: %v; want one", creators)
		}
		want := access.Partner{Application: id, Name: "xx", Organizations: []access.OrganizationID{1, 2}}
		same(t, "Enrolment by two at once", enrolment(t, v.Here, id), access.Enrolment{Partner: want})
	}
}

func enrolmentKeepsNothingWhenTaken(t *testing.T, v Vaults) {
	taken := access.Partner{Application: acme, Channels: []access.Channel{"acme"}}
	known := access.Partner{Application: "com.example.known", Name: "Known", Channels: []access.Channel{"known"}}
	enrol(t, v.Here, taken)
	enrol(t, v.Here, known)
	for _, id := range []access.ApplicationID{bazaar, known.Application} {
		err := v.There.Enrolment(t.Context(), id, func(e *access.Enrolment) error {
			e.Application, e.Name, e.Epoch = id, "Other", 5
			e.Channels = []access.Channel{"acme", "free"}
			e.Organizations = []access.OrganizationID{999}
			e.Keys = []access.Key{{ID: access.KeyID("KEY " + id), MAC: "mac", Created: moment}}
			e.Codes = []access.Family{newFamily(string(id), id)}
			return nil
		})
		if !errors.Is(err, access.ErrChannelTaken) {
			t.Errorf("Enrolment(%s) with another's channel: error %v; want %v", id, err, access.ErrChannelTaken)
		}
		gone(t, v.Here, access.Hash("code-"+id))
	}
	all, err := v.Here.Enrolments(t.Context())
	if err != nil {
		t.Fatalf("Enrolments: %v", err)
	}
	same(t, "Enrolments after refusals", all, []access.Enrolment{{Partner: taken}, {Partner: known}})
	if got := standing(t, v.Here, access.Shown{Channel: "free"}); got.ChannelOf != "" {
		t.Errorf("channel free is %q's after a refusal", got.ChannelOf)
	}
}

// The two name the channels in opposite orders: who took them as they come would
// wait in a circle.
func enrolmentGivesAChannelOnce(t *testing.T, v Vaults) {
	for round := range 10 {
		one, other := access.Channel(fmt.Sprintf("x%d", round)), access.Channel(fmt.Sprintf("y%d", round))
		partners := []access.Partner{
			{Application: access.ApplicationID(fmt.Sprintf("com.example.acme%d", round)), Channels: []access.Channel{one, other}},
			{Application: access.ApplicationID(fmt.Sprintf("com.example.bazaar%d", round)), Channels: []access.Channel{other, one}},
		}
		var (
			both   sync.WaitGroup
			errs   [2]error
			stores = [2]access.Store{v.Here, v.There}
		)
		for i, p := range partners {
			both.Go(func() {
				errs[i] = patiently(func() error {
					return stores[i].Enrolment(t.Context(), p.Application, func(e *access.Enrolment) error {
						e.Partner = p
						return nil
					})
				})
			})
		}
		both.Wait()
		winner, loser := 0, 1
		if errs[0] != nil {
			winner, loser = 1, 0
		}
		if errs[winner] != nil || !errors.Is(errs[loser], access.ErrChannelTaken) {
			t.Fatalf("two Enrolments with the same channels: errors %v and %v; want none and %v", errs[winner], errs[loser], access.ErrChannelTaken)
		}
		if got := enrolment(t, v.Here, partners[loser].Application); got.Application != "" {
			t.Errorf("the loser is known: %+v", got)
		}
		for _, channel := range []access.Channel{one, other} {
			if got := standing(t, v.There, access.Shown{Channel: channel}); got.ChannelOf != partners[winner].Application {
				t.Errorf("channel %q is %q's; want %q's", channel, got.ChannelOf, partners[winner].Application)
			}
		}
	}
}

func enrolmentKeepsNothingOfAFailure(t *testing.T, v Vaults) {
	want := access.Partner{Application: acme, Name: "Acme", Channels: []access.Channel{"acme"}}
	enrol(t, v.Here, want)
	for _, failure := range []error{errors.New("not today"), access.ErrKeysLive} {
		for _, id := range []access.ApplicationID{acme, bazaar} {
			err := v.Here.Enrolment(t.Context(), id, func(e *access.Enrolment) error {
				e.Application, e.Name, e.Epoch = id, "Other", 9
				e.Channels = append(e.Channels, "new")
				e.Codes = []access.Family{newFamily("new", id)}
				return failure
			})
			if !errors.Is(err, failure) || err.Error() != failure.Error() {
				t.Errorf("Enrolment: error %v; want %v as it is", err, failure)
			}
		}
	}
	same(t, "Enrolment after changes that failed", enrolment(t, v.There, acme), access.Enrolment{Partner: want})
	same(t, "Enrolment that was refused", enrolment(t, v.There, bazaar), access.Enrolment{})
	gone(t, v.There, "code-new")
}

func enrolmentAddsCodes(t *testing.T, v Vaults) {
	f := oneFamily(t, v)
	issue(t, v.Here, f.Code, 1, "a1")
	err := v.There.Enrolment(t.Context(), acme, func(e *access.Enrolment) error {
		if len(e.Codes) > 0 {
			t.Errorf("Enrolment is shown %d codes; want none", len(e.Codes))
		}
		e.Epoch = 4
		second := newFamily("B", acme)
		second.Epoch = 4
		e.Codes = []access.Family{second, newFamily("C", acme)}
		return nil
	})
	if err != nil {
		t.Fatalf("Enrolment: %v", err)
	}
	for hash, epoch := range map[access.Hash]int64{"code-A": 0, "access-a1": 0, "code-B": 4, "code-C": 0} {
		if got, _ := look(t, v.Here, hash); got.Epoch != epoch || got.Present != 4 {
			t.Errorf("Family(%q) has epoch %d of %d; want %d of 4", hash, got.Epoch, got.Present, epoch)
		}
	}
	if got := standing(t, v.Here, access.Shown{Access: "access-a1"}); got.Family.Present != 4 {
		t.Errorf("Standing has the application's epoch %d; want 4", got.Family.Present)
	}
	if got := enrolment(t, v.Here, acme); got.Epoch != 4 || len(got.Codes) > 0 {
		t.Errorf("Enrolments has epoch %d and %d codes; want 4 and none", got.Epoch, len(got.Codes))
	}
	// Another change adds none of them again.
	enrol(t, v.Here, access.Partner{Application: acme, Name: "Acme"})
	if got, _ := look(t, v.There, "access-a1"); got.Head != pair("a1") {
		t.Errorf("the first family has head %+v after the partner was changed", got.Head)
	}
}
