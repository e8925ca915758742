package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var accounts = []clause{
	{"holdings are those of the accounts, in order, a part at a time", holdingsInOrder},
	{"a listing of a patron stands until it is sold or taken back", listingsOfPatrons},
	{"one form that comes many times at once makes one listing", oneListingOfManyForms},
	{"a lock and a taking back agree on who was first", lockAgainstTakingBack},
	{"visits are kept until they end, and another password ends them all", visitsAreKept},
	{"transfers are told to who gave, who was given and who is invited, the newest first", transfersOfPatrons},
	{"one form of a gift that comes many times at once, while a channel locks, gives once or not at all", oneGiftOfManyForms},
	{"outlets are the channels of those who are granted an organization", outletsAreTold},
}

func visitsAreKept(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	ctx, now := t.Context(), time.Date(2030, 5, 4, 12, 0, 0, 0, time.UTC)
	l := s.store.NewLoader()
	must(t, "load patrons", l.Patrons(ctx, []boxoffice.Patron{
		{ID: "20", Organization: home, Contact: mailed("ada@example.com"), Keys: []boxoffice.PersonKey{"mail ada@example.com"}, PasswordHash: "old", Since: now},
		{ID: "21", Organization: away, Contact: mailed("ada@example.com"), Keys: []boxoffice.PersonKey{"mail ada@example.com"}, Since: now.Add(time.Hour)},
	}))
	must(t, "finish the load", l.Finish(ctx))
	patrons, err := s.store.PatronsOf(ctx, "mail ada@example.com", 10)
	if err != nil || len(patrons) != 2 || patrons[0].ID != "20" || patrons[0].PasswordHash != "old" || patrons[1].Organization != away {
		t.Fatalf("PatronsOf = %+v, %v; want both, the older first", patrons, err)
	}
	account := boxoffice.VisitAccount{Account: boxoffice.Account{Organization: home, Patron: "20"}, Password: "mark"}
	want := boxoffice.Visit{ID: "V1", Person: "mail ada@example.com", Accounts: []boxoffice.VisitAccount{account}, Began: now, Seen: now}
	begin := func(id string) {
		v := want
		v.ID = id
		must(t, "BeginVisit", s.store.BeginVisit(ctx, v))
	}
	begin("V1")
	must(t, "KeepVisit", s.store.KeepVisit(ctx, "V1", now.Add(time.Minute)))
	want.Seen = now.Add(time.Minute)
	got, of, ok, err := s.store.Visit(ctx, "V1")
	if diff := cmp.Diff(want, got); err != nil || !ok || diff != "" || len(of) != 1 || of[0].Contact.FirstName != "Ada" {
		t.Errorf("Visit = %t, %v of %+v (-want +got):\n%s", ok, err, of, diff)
	}
	must(t, "EndVisit", s.store.EndVisit(ctx, "V1"))
	there := func(id string) bool {
		_, _, ok, err := s.store.Visit(ctx, id)
		must(t, "Visit", err)
		return ok
	}
	if there("V1") {
		t.Error("a visit that ended is there")
	}
	begin("V2")
	for _, id := range []string{"A", "B"} {
		link := boxoffice.PasswordLink{ID: id, Person: "mail ada@example.com", Ends: now.Add(time.Hour)}
		must(t, "EnterPasswordLink", s.store.EnterPasswordLink(ctx, link, boxoffice.Task{ID: "mail/password/" + id, Kind: boxoffice.TaskMail, Subject: "password/" + id, Due: now}))
	}
	set := func(id string, at time.Time) bool {
		ok, err := s.store.SetPassword(ctx, id, "new", at)
		must(t, "SetPassword", err)
		return ok
	}
	// The first does it, and the other of that person is spent with it.
	if late, first, again, other := set("A", now.Add(time.Hour)), set("A", now), set("A", now), set("B", now); late || !first || again || other {
		t.Errorf("SetPassword = %t late, %t, %t again, %t by another link; want the first in time alone", late, first, again, other)
	}
	if patrons, err = s.store.PatronsOf(ctx, "mail ada@example.com", 10); err != nil || patrons[0].PasswordHash != "new" || patrons[1].PasswordHash != "new" || there("V2") {
		t.Errorf("after another password: %+v, %v, and the visit is there: %t", patrons, err, there("V2"))
	}
	begin("V3")
	must(t, "TidyVisits", s.store.TidyVisits(ctx, now.Add(-time.Hour), now.Add(-time.Hour)))
	if !there("V3") {
		t.Error("a visit that goes on was tidied away")
	}
	must(t, "TidyVisits", s.store.TidyVisits(ctx, want.Seen, now.Add(-time.Hour)))
	if there("V3") {
		t.Error("an idle visit stays")
	}
}

var (
	homeAccount = boxoffice.Account{Organization: home, Patron: owner}
	awayAccount = boxoffice.Account{Organization: away, Patron: owner}
)

func holdingsInOrder(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	all := func(over bool, who ...boxoffice.Account) (got []boxoffice.Holding) {
		t.Helper()
		for {
			some, err := s.office.Holdings(t.Context(), who, boxoffice.Bounds{From: len(got), Limit: boxoffice.MostHoldings, Over: over})
			must(t, "Holdings", err)
			if got = append(got, some...); len(some) < boxoffice.MostHoldings {
				return got
			}
		}
	}
	if got := all(false, awayAccount); len(got) != seats || got[0].Token != awaySeat(0) || got[0].Currency != "JPY" || got[0].EventName == "" {
		t.Errorf("the away account has %d tickets, the first %+v; want its %d", len(got), got[:min(1, len(got))], seats)
	}
	got := all(false, homeAccount, awayAccount)
	want := make([]boxoffice.Token, 0, 3*seats)
	for _, token := range []func(int) boxoffice.Token{seat, laterSeat, awaySeat} {
		for n := range seats { // row 2 before row 10
			want = append(want, token(n))
		}
	}
	var tokens []boxoffice.Token
	for _, h := range got {
		tokens = append(tokens, h.Token)
	}
	if !slices.Equal(tokens, want) {
		t.Errorf("both accounts have %d tickets; want all %d in the order of events, rows and seats", len(tokens), len(want))
	}
	if got := all(false, boxoffice.Account{Organization: home, Patron: "11"}); len(got) != 0 {
		t.Errorf("somebody else has %d tickets", len(got))
	}
	s.sell("amtx", "O-1", seat(3))
	if got := all(false, homeAccount); len(got) != 2*seats-1 {
		t.Errorf("after a sale the account has %d tickets; want one less than %d", len(got), 2*seats)
	}
	if got := all(true, homeAccount); len(got) != 0 {
		t.Errorf("%d tickets are of events that are over", len(got))
	}
}

func listingsOfPatrons(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	request := boxoffice.ResaleRequest{Account: homeAccount, Channel: "amtx", Tokens: []boxoffice.Token{seat(1), seat(2), laterSeat(1), awaySeat(1), "none", "\x00"}, Once: strings.Repeat("A", 26)}
	s.lock("other", seat(2))
	made, err := s.office.ListForResale(t.Context(), request)
	if err != nil || !slices.Equal(made.Listing.Tokens, []boxoffice.Token{seat(1), laterSeat(1)}) || len(made.Refused) != 4 {
		t.Fatalf("ListForResale = %+v, %v; want the two that are free", made, err)
	}
	again, err := s.office.ListForResale(t.Context(), request)
	if err != nil || again.Listing.ID != made.Listing.ID {
		t.Errorf("the same form again = %+v, %v; want %s", again, err, made.Listing.ID)
	}
	seen := func() int {
		shown, err := s.office.Listing(t.Context(), partner("amtx"), made.Listing.ID)
		if errors.Is(err, fault.ListingUnknown) {
			return -1
		}
		must(t, "Listing", err)
		n := 0
		for _, g := range shown.Groups {
			n += len(g.Tickets)
		}
		return n
	}
	if n := seen(); n != 2 {
		t.Errorf("the channel sees %d tickets; want 2", n)
	}
	state := func(n int) boxoffice.HoldingState {
		held, err := s.office.Holdings(t.Context(), []boxoffice.Account{homeAccount}, boxoffice.Bounds{Limit: 10})
		must(t, "Holdings", err)
		return held[n].State
	}
	if free, sent, locked := state(0), state(1), state(2); free != boxoffice.HoldingFree || sent != boxoffice.HoldingSent || locked != boxoffice.HoldingLocked {
		t.Errorf("the seats are %s, %s and %s; want free, sent and locked", free, sent, locked)
	}
	if _, err := s.office.OwnListing(t.Context(), []boxoffice.Account{awayAccount}, made.Listing.ID); !errors.Is(err, fault.ListingUnknown) {
		t.Errorf("somebody else's listing is told: %v", err)
	}
	s.lock("amtx", seat(1))
	own := []boxoffice.Account{homeAccount}
	if err := s.office.TakeBack(t.Context(), own, made.Listing.ID); !errors.Is(err, fault.TokenLocked) {
		t.Errorf("TakeBack of what is on sale = %v; want %v", err, fault.TokenLocked)
	}
	s.sell("amtx", "O-2", seat(1))
	l, err := s.office.OwnListing(t.Context(), own, made.Listing.ID)
	if err != nil || l.Left(boxoffice.FateSold) != 1 || l.Left(boxoffice.FateSent) != 1 || !l.Stands() {
		t.Errorf("after a sale the listing is %+v, %v", l, err)
	}
	for range 2 {
		must(t, "TakeBack", s.office.TakeBack(t.Context(), own, made.Listing.ID))
	}
	if n := seen(); n != -1 {
		t.Errorf("the channel sees %d tickets of a listing that was taken back", n)
	}
	list, err := s.office.OwnListings(t.Context(), own, 10)
	if err != nil || len(list) != 1 || list[0].Taken.IsZero() || list[0].Stands() {
		t.Errorf("OwnListings = %+v, %v; want the one that was taken back", list, err)
	}
}

func transfersOfPatrons(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	give := func(account boxoffice.Account, to string, tokens ...boxoffice.Token) boxoffice.Transfer {
		t.Helper()
		friend := mailed(to)
		friend.FirstName = "Ada"
		given, err := s.office.GiveToFriend(t.Context(), boxoffice.FriendRequest{Account: account, Tokens: tokens, Friend: friend, Note: "come!"})
		if err != nil || len(given.Refused) > 0 {
			t.Fatalf("GiveToFriend = %+v, %v", given.Refused, err)
		}
		return given.Transfer
	}
	first := give(homeAccount, "ada@example.com", seat(1), seat(2))
	second := give(homeAccount, "bob@example.com", laterSeat(1))
	third := give(awayAccount, "ada@example.com", awaySeat(1))
	told := func(accounts []boxoffice.Account, person boxoffice.PersonKey, limit int) (keys []boxoffice.TransferKey) {
		t.Helper()
		got, view, err := s.store.TransfersOf(t.Context(), accounts, person, limit)
		must(t, "TransfersOf", err)
		for _, one := range got {
			keys = append(keys, one.Key)
			e := view.Events[view.Tickets[one.Tokens[0]].Event]
			if e.Name == "" || view.Organizations[one.Organization].Zone == "" || one.Note != "come!" || one.Invited.FirstName != "Ada" {
				t.Errorf("TransfersOf has %+v of the event %+v; want it whole, with its events and organizations", one, e)
			}
		}
		return keys
	}
	for _, tt := range []struct {
		name     string
		accounts []boxoffice.Account
		person   boxoffice.PersonKey
		limit    int
		want     []boxoffice.TransferKey
	}{
		{"the sender's", []boxoffice.Account{homeAccount}, "", 10, []boxoffice.TransferKey{second.Key, first.Key}},
		{"those of both accounts", []boxoffice.Account{homeAccount, awayAccount}, "", 10, []boxoffice.TransferKey{third.Key, second.Key, first.Key}},
		{"the newest", []boxoffice.Account{homeAccount, awayAccount}, "", 1, []boxoffice.TransferKey{third.Key}},
		{"those for an address", []boxoffice.Account{{Organization: home, Patron: "11"}}, first.Invitee, 10, []boxoffice.TransferKey{third.Key, first.Key}},
		{"both ways, each once", []boxoffice.Account{homeAccount}, first.Invitee, 10, []boxoffice.TransferKey{third.Key, second.Key, first.Key}},
		{"nobody's", []boxoffice.Account{{Organization: home, Patron: "11"}}, "", 10, nil},
	} {
		if got := told(tt.accounts, tt.person, tt.limit); !slices.Equal(got, tt.want) {
			t.Errorf("%s: TransfersOf = %v; want %v", tt.name, got, tt.want)
		}
	}
	friend := mailed("ada@example.com")
	friend.FirstName = "Ada"
	accepted, err := s.office.Receive(t.Context(), boxoffice.AcceptRequest{ID: first.ID, Recipient: &friend})
	must(t, "Receive", err)
	recipient := boxoffice.Account{Organization: home, Patron: accepted.To}
	if got := told([]boxoffice.Account{recipient}, "", 10); !slices.Equal(got, []boxoffice.TransferKey{first.Key}) {
		t.Errorf("who was given has %v; want %s", got, first.Key)
	}
	if held, err := s.office.Holdings(t.Context(), []boxoffice.Account{recipient}, boxoffice.Bounds{Limit: 10}); err != nil || len(held) != 2 {
		t.Errorf("who was given holds %d tickets, %v; want 2", len(held), err)
	}
}

func oneListingOfManyForms(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	request := boxoffice.ResaleRequest{Account: homeAccount, Channel: "amtx", Tokens: []boxoffice.Token{seat(1)}, Once: strings.Repeat("B", 26)}
	var (
		group sync.WaitGroup
		ids   [12]boxoffice.ListingID
	)
	for i := range ids {
		office := []*boxoffice.Office{s.office, beside.office}[i%2]
		group.Go(func() {
			made, err := office.ListForResale(t.Context(), request)
			if err != nil {
				t.Errorf("ListForResale: %v", err)
			}
			ids[i] = made.Listing.ID
		})
	}
	group.Wait()
	if n := number(t, s.db, `SELECT COUNT(*) FROM listing`); n != 1 || len(slices.Compact(ids[:])) != 1 {
		t.Errorf("%d listings were made, and told as %v; want one", n, ids)
	}
}

func oneGiftOfManyForms(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	friend := mailed("ada@example.com")
	friend.FirstName = "Ada"
	for i := range 10 {
		request := boxoffice.FriendRequest{Account: homeAccount, Tokens: []boxoffice.Token{seat(2 * i), seat(2*i + 1)}, Friend: friend, Once: strings.Repeat(string(rune('A'+i)), 26)}
		var (
			group  sync.WaitGroup
			given  [4]boxoffice.Giving
			locked boxoffice.Locking
		)
		for n := range given {
			office := []*boxoffice.Office{s.office, beside.office}[n%2]
			group.Go(func() {
				var err error
				if given[n], err = office.GiveToFriend(t.Context(), request); err != nil {
					t.Errorf("GiveToFriend: %v", err)
				}
			})
		}
		group.Go(func() {
			var err error
			if locked, err = s.office.Lock(t.Context(), partner("amtx"), locking(seat(2*i))); err != nil {
				t.Errorf("Lock: %v", err)
			}
		})
		group.Wait()
		wasLocked, gave := len(locked.Done) == 1, given[0].Transfer.Code != ""
		if wasLocked == gave {
			t.Errorf("round %d: the ticket was locked %t and given %t; want one of them", i, wasLocked, gave)
		}
		for n := range given {
			if one := &given[n]; one.Transfer.Code != given[0].Transfer.Code || (len(one.Refused) > 0) != wasLocked {
				t.Errorf("round %d: one form is told %+v and another %+v", i, given[0], *one)
			}
		}
		if second := s.ticket(seat(2*i + 1)); (second.Hold.Kind == boxoffice.HoldTransfer) != gave {
			t.Errorf("round %d: the other ticket is %+v, and they go together", i, second)
		}
	}
	if made, gone := number(t, s.db, `SELECT COUNT(*) FROM transfer`), number(t, s.db, `SELECT COUNT(*) FROM ticket WHERE hold = 'transfer'`); gone != 2*made {
		t.Errorf("%d transfers hold %d tickets; want two each", made, gone)
	}
}

func lockAgainstTakingBack(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	for i := range 20 {
		made, err := s.office.ListForResale(t.Context(), boxoffice.ResaleRequest{Account: homeAccount, Channel: "amtx", Tokens: []boxoffice.Token{seat(i)}})
		must(t, "ListForResale", err)
		var (
			group sync.WaitGroup
			taken error
		)
		group.Go(func() { taken = s.office.TakeBack(t.Context(), []boxoffice.Account{homeAccount}, made.Listing.ID) })
		group.Go(func() {
			if _, err := s.office.Lock(t.Context(), partner("amtx"), locking(seat(i))); err != nil {
				t.Errorf("Lock: %v", err)
			}
		})
		group.Wait()
		own, err := s.office.OwnListing(t.Context(), []boxoffice.Account{homeAccount}, made.Listing.ID)
		must(t, "OwnListing", err)
		if errors.Is(taken, fault.TokenLocked) != own.Taken.IsZero() {
			t.Errorf("TakeBack = %v, and the listing was taken back at %v", taken, own.Taken)
		}
	}
}

func outletsAreTold(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	for _, enrol := range []string{
		`INSERT INTO application (id, name, epoch, page) VALUES ('com.example.b', 'Beta', 1, 'https://beta.example.com/sell')`,
		`INSERT INTO application (id, name, epoch) VALUES ('com.example.a', 'Alpha', 1)`,
		`INSERT INTO channel (code, application) VALUES ('b1', 'com.example.b'), ('b2', 'com.example.b'), ('a1', 'com.example.a')`,
		`INSERT INTO granted (application, organization) VALUES ('com.example.a', 998), ('com.example.b', 998), ('com.example.b', 999)`,
	} {
		_, err := s.db.ExecContext(t.Context(), enrol)
		must(t, "enrol the channels", err)
	}
	_, err := s.store.ChangeOrganization(t.Context(), home, func(o *boxoffice.Organization) error {
		o.Pages = []string{"https://beta.example.com"}
		return nil
	})
	must(t, "ChangeOrganization", err)
	got, err := s.office.Outlets(t.Context(), []access.OrganizationID{home})
	if err != nil || len(got) != 3 || got[0].Channel != "a1" || got[0].Open(false) || got[1].Channel != "b1" || !got[1].Open(false) || got[2].Name != "Beta" {
		t.Errorf("Outlets = %+v, %v; want Alpha's one, which has no page, and Beta's two", got, err)
	}
	if got, err := s.office.Outlets(t.Context(), []access.OrganizationID{away}); err != nil || len(got) != 2 || got[0].Open(false) {
		t.Errorf("Outlets of away = %+v, %v; want Beta's two, whose page is not on its list", got, err)
	}
}
