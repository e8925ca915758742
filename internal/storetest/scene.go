package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// The house of the tests has two organizations. The first has a game in each of
// two seasons, and the second one in another currency.
const (
	home = access.OrganizationID(998)
	away = access.OrganizationID(999)

	game      = boxoffice.EventID("998:F26:F01")
	laterGame = boxoffice.EventID("998:F27:F01")
	awayGame  = boxoffice.EventID("999:F26:F01")

	owner = boxoffice.PatronID("10") // of every ticket
	seats = 600                      // of each game
)

// seat is the token of the n-th seat of the game, laterSeat and awaySeat of the
// other two.
func seat(n int) boxoffice.Token      { return token("998G", n) }
func laterSeat(n int) boxoffice.Token { return token("998L", n) }
func awaySeat(n int) boxoffice.Token  { return token("999A", n) }

func token(prefix string, n int) boxoffice.Token {
	if n >= seats {
		panic("the test's house is too small")
	}
	return boxoffice.Token(fmt.Sprintf("%s%06d", prefix, n))
}

// A scene is a store with the house in it, and what a test does there.
type scene struct {
	t      testing.TB
	store  Store
	office *boxoffice.Office
	db     *sql.DB
}

// enter opens a store and loads the house. Whatever the test does, the books
// must stand an audit when it ends.
func enter(t testing.TB, f Fixture, o Options) *scene {
	t.Helper()
	s := at(t, f, f.Open(t, o))
	s.load()
	t.Cleanup(func() {
		if !t.Failed() {
			s.audit()
		}
	})
	return s
}

// at is the scene of a process on a house that is loaded.
func at(t testing.TB, f Fixture, store Store) *scene {
	t.Helper()
	return &scene{t: t, store: store, office: boxoffice.NewOffice(store, keyer{}, pages{}), db: f.SQL(t)}
}

func (s *scene) load() {
	s.t.Helper()
	ctx, l := s.t.Context(), s.store.NewLoader()
	must(s.t, "load organizations", l.Organizations(ctx, []boxoffice.Organization{
		{ID: home, Name: "Home", DistributorCode: "HOME", Zone: "America/Chicago", Currency: "USD", CatalogVersion: 1},
		{ID: away, Name: "Away", DistributorCode: "AWAY", Zone: "UTC", Currency: "JPY", CatalogVersion: 1},
	}))
	must(s.t, "load events", l.Events(ctx, []boxoffice.Event{
		{ID: game, Organization: home, Season: "F26", Item: "F01", Basis: boxoffice.Single, Name: "Game", PriceTypes: map[string]string{"A": "Adult"}, Secondary: true},
		{ID: laterGame, Organization: home, Season: "F27", Item: "F01", Basis: boxoffice.Single, Name: "Later game", Secondary: true},
		{ID: awayGame, Organization: away, Season: "F26", Item: "F01", Basis: boxoffice.Single, Name: "Away game", Secondary: true},
	}))
	must(s.t, "load patrons", l.Patrons(ctx, []boxoffice.Patron{
		{ID: owner, Organization: home, Contact: boxoffice.Contact{LastName: "Owner"}},
		{ID: owner, Organization: away, Contact: boxoffice.Contact{LastName: "Owner"}},
	}))
	for _, e := range []struct {
		id    boxoffice.EventID
		org   access.OrganizationID
		token func(int) boxoffice.Token
	}{{game, home, seat}, {laterGame, home, laterSeat}, {awayGame, away, awaySeat}} {
		var rows []boxoffice.Ticket
		for n := range seats {
			rows = append(rows, boxoffice.Ticket{
				Token: e.token(n), Organization: e.org, Event: e.id, Section: "U:1", Row: fmt.Sprint(n / 20), Seat: fmt.Sprint(n % 20),
				SeatingType: "RESERVED", PriceLevel: 1, PriceType: "A", Face: 5000,
				Owner: owner, Barcode: boxoffice.Barcode(fmt.Sprintf("%d%013d", e.org, n)),
			})
		}
		must(s.t, "load tickets", l.Tickets(ctx, rows))
	}
	must(s.t, "finish the load", l.Finish(ctx))
}

// partner is a caller of a channel, granted both organizations.
func partner(channel access.Channel) access.Principal {
	return access.Principal{
		Application: access.ApplicationID("com.example." + channel), Channel: channel,
		Organizations: []access.OrganizationID{home, away}, RequestID: "0f2d5d3e-7d1c-4b52-9a57-0d3c1f0a7f11",
	}
}

// locking asks for tickets without a price.
func locking(tokens ...boxoffice.Token) boxoffice.LockRequest {
	req := boxoffice.LockRequest{Source: boxoffice.MyAccount, ExternalListingID: "L-1"}
	for _, token := range tokens {
		req.Lines = append(req.Lines, boxoffice.LockLine{Token: token})
	}
	return req
}

// cart is one order of tickets at 50 each for a buyer.
func cart(order string, buyer boxoffice.Contact, tokens ...boxoffice.Token) boxoffice.Cart {
	c := boxoffice.Cart{Elements: []boxoffice.CartElement{element(order, tokens...)}, Buyer: buyer}
	c.Settlement.TotalPaid, c.Settlement.ToSeller = amount(50*len(tokens)), amount(40*len(tokens))
	return c
}

func element(order string, tokens ...boxoffice.Token) boxoffice.CartElement {
	fifty := amount(50)
	e := boxoffice.CartElement{ExternalListingID: "L-1", ExternalOrderID: order}
	for _, token := range tokens {
		e.Lines = append(e.Lines, boxoffice.CartLine{Token: token, Price: &fifty})
	}
	return e
}

func amount(n int) boxoffice.Amount {
	a, err := boxoffice.ParseAmount(fmt.Sprint(n))
	if err != nil {
		panic(err)
	}
	return a
}

// mailed is a person found by a mail address.
func mailed(address string) boxoffice.Contact {
	return boxoffice.Contact{FirstName: "Ada", LastName: "Buyer", Emails: []boxoffice.Email{{Address: address}}}
}

// lock locks tickets for a channel; all of them must be had.
func (s *scene) lock(channel access.Channel, tokens ...boxoffice.Token) {
	s.t.Helper()
	got, err := s.office.Lock(s.t.Context(), partner(channel), locking(tokens...))
	if err != nil || len(got.Refused) > 0 {
		s.t.Fatalf("Lock(%v) = %+v, %v; want all of them", tokens, got, err)
	}
}

// sell locks and completes; all of it must be sold.
func (s *scene) sell(channel access.Channel, order string, tokens ...boxoffice.Token) boxoffice.Sale {
	s.t.Helper()
	s.lock(channel, tokens...)
	sale, err := s.office.Complete(s.t.Context(), partner(channel), cart(order, mailed("ada@example.com"), tokens...))
	if err != nil || len(sale.Refused) > 0 {
		s.t.Fatalf("Complete(%v) = %+v, %v; want all of them sold", tokens, sale, err)
	}
	return sale
}

// ticket reads a ticket around the writer.
func (s *scene) ticket(token boxoffice.Token) boxoffice.Ticket {
	s.t.Helper()
	view, err := s.store.Tickets(s.t.Context(), []boxoffice.Token{token})
	must(s.t, "read a ticket", err)
	t, ok := view.Tickets[token]
	if !ok {
		s.t.Fatalf("there is no ticket %s", token)
	}
	return t
}

// keyer names people by their mail addresses as they stand.
type keyer struct{}

func (keyer) PersonKeys(c boxoffice.Contact) []boxoffice.PersonKey {
	var keys []boxoffice.PersonKey
	for _, e := range c.Emails {
		keys = append(keys, boxoffice.PersonKey("mail "+strings.ToLower(e.Address)))
	}
	return keys
}

// pages makes addresses that anybody could guess, which is enough for tests.
type pages struct{}

func (pages) Ticket(order boxoffice.OrderKey, token boxoffice.Token) (id, url string) {
	id = order.String() + "/" + string(token)
	return id, "https://tickets.example.com/t/" + id
}

func (pages) Receive() string { return "https://tickets.example.com" }

// An act of a test's own.
type act struct {
	needs  boxoffice.Needs
	decide func(*boxoffice.Books) error
}

func (a act) Needs() boxoffice.Needs          { return a.needs }
func (a act) Decide(b *boxoffice.Books) error { return a.decide(b) }

// touch changes a ticket's hold: a change that shows, and nothing else.
func touch(token boxoffice.Token) act {
	return act{
		needs: boxoffice.Needs{Tickets: []boxoffice.Token{token}},
		decide: func(b *boxoffice.Books) error {
			t, _ := b.Ticket(token)
			what := boxoffice.Released
			if t.Hold.Kind == boxoffice.Free {
				what = boxoffice.Held
				t.Hold = boxoffice.Hold{Kind: boxoffice.HoldVenue, By: "test", Since: b.Now}
			} else {
				t.Hold = boxoffice.Hold{}
			}
			b.Change(t, what, access.Principal{Application: "operator/test"}, "")
			return nil
		},
	}
}

func must(tb testing.TB, what string, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("%s: %v", what, err)
	}
}

// patienceForEvents bounds every wait of a test for what must happen soon.
const patienceForEvents = 10 * time.Second

// eventually returns when ok holds, and fails the test when it does not come to
// hold. It is for what can only be seen by looking again.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	within(tb, patienceForEvents, what, ok)
}

// within is eventually for what may take longer by design.
func within(tb testing.TB, patience time.Duration, what string, ok func() bool) {
	tb.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			tb.Fatalf("after %v it is still not so that %s", patience, what)
		}
	}
}

// background is for acts that outlive the context of a failed test.
var background = context.Background()
