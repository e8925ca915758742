package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A stage is a server in this process over a real database, with a small house
// in which everything that can be wrong with a ticket is so once.
type stage struct {
	*server
	db    string
	key   string // the file
	keys  *access.Keyring
	books *sql.DB

	first, second *caller // two applications; both are granted 999, only the first 129, 777 and 888
	sibling       *caller // another channel of the first application
	free          []string
	priced        []string // free tickets of 777, whose currency has no fractions
	other         []string // free tickets of 129
	reviewed      []string // free tickets of 888, whose orders wait for the operator
	foreign       string   // of 555, which nobody is granted
	over, gone    string   // tickets of events that are over, or cancelled
	offMarket     string   // of an event off the secondary market
	void          string
	venues        string // held by the venue
	inOrder       string // an order holds it
	inTransfer    string
}

// startStage runs a server until the test ends. Changes are made to it before.
func startStage(tb testing.TB, db string, changes ...func(*server)) *stage {
	tb.Helper()
	key := filepath.Join(tb.TempDir(), keyFile)
	keys, err := access.CreateKeyring(key)
	if err != nil {
		tb.Fatal(err)
	}
	s := &stage{db: db, key: key, keys: keys, server: runHere(tb, db, keys, changes...)}
	s.furnish(tb)
	s.first, s.second = s.partner(tb, "first", 129, 777, 888, 999), s.partner(tb, "second", 999)
	sibling := *s.first
	sibling.partner.Channel = "sibling"
	s.sibling = &sibling
	s.books = look(tb, db)
	return s
}

// runHere runs a server in this process until the test ends.
func runHere(tb testing.TB, db string, keys *access.Keyring, changes ...func(*server)) *server {
	tb.Helper()
	srv, err := newServer(tb.Context(), settings{listening: listening{Addr: "127.0.0.1:0", bounds: bounds{10_000, 256}}, stopping: stopping{Drain: 30 * time.Second}, mailing: mailing{MailFolder: mailsOf(tb, db)}, db: db, keys: keys, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	for _, change := range changes {
		change(srv)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("the server ended by %v", err)
		}
	})
	return srv
}

// partner enrols an application with a channel of the same name, and has it use
// its access token once.
func (s *stage) partner(tb testing.TB, channel access.Channel, granted ...access.OrganizationID) *caller {
	tb.Helper()
	p := access.Partner{
		Application: access.ApplicationID("com.example." + channel), Name: "Tests",
		Channels: []access.Channel{channel}, Organizations: granted,
	}
	if channel == "first" {
		p.Channels = append(p.Channels, "sibling")
	}
	c, err := enrol(tb.Context(), s.desk, p)
	if err != nil {
		tb.Fatal(err)
	}
	c.partner.Channel, c.url, c.http = channel, s.url, watched(tb)
	c.want(tb, 200, "GET", "/v1/catalog/events", nil, nil)
	return &c
}

// code is a new authorization code of the first application.
func (s *stage) code(tb testing.TB) string {
	tb.Helper()
	code, err := s.desk.NewCode(tb.Context(), s.first.partner.Application)
	if err != nil {
		tb.Fatal(err)
	}
	return code
}

// earlier is a desk of some time ago, for credentials that are past their time.
func (s *stage) earlier(ago time.Duration) *access.Desk {
	return access.NewDesk(s.store, s.keys, func() time.Time { return time.Now().Add(-ago) })
}

// token takes the next free ticket, which nobody else gets.
func (s *stage) token() string {
	token := s.free[0]
	s.free = s.free[1:]
	return token
}

func (s *stage) tokens(n int) []string {
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = s.token()
	}
	return tokens
}

// locked is the next free ticket after a channel has locked it.
func (s *stage) locked(tb testing.TB, by *caller) string {
	tb.Helper()
	token := s.token()
	s.lock(tb, by, token)
	return token
}

func (s *stage) lock(tb testing.TB, by *caller, tokens ...string) {
	tb.Helper()
	by.want(tb, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-1", tokens)), nil)
}

// sold is the next free ticket after a channel has sold it.
func (s *stage) sold(tb testing.TB, by *caller, order string) string {
	tb.Helper()
	token := s.locked(tb, by)
	by.want(tb, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody(order, "ada", []string{token})), nil)
	return token
}

// barcode is the one a ticket has now.
func (s *stage) barcode(tb testing.TB, token string) (barcode string) {
	tb.Helper()
	query(tb, s.books, func(scan func(...any) error) error { return scan(&barcode) }, `SELECT barcode FROM ticket WHERE token = $1`, token)
	return barcode
}

const (
	stagePatron = boxoffice.PatronID("1000")
	stageSeats  = 240 // of the game of 999
)

// furnish loads the house.
func (s *stage) furnish(tb testing.TB) {
	tb.Helper()
	ctx, load := tb.Context(), s.store.NewLoader()
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	now := time.Now().Truncate(time.Second)
	var orgs []boxoffice.Organization
	var patrons []boxoffice.Patron
	for id, currency := range map[access.OrganizationID]string{999: "USD", 129: "USD", 777: "JPY", 888: "USD", 555: "USD"} {
		org := boxoffice.Organization{
			ID: id, Name: fmt.Sprint("House ", id), DistributorCode: fmt.Sprint("D", id), Zone: "UTC", Currency: currency, CatalogVersion: 1,
		}
		if id == 888 {
			org.Review = boxoffice.ReviewAll
		}
		orgs = append(orgs, org)
		patrons = append(patrons, boxoffice.Patron{ID: stagePatron, Organization: id, Contact: boxoffice.Contact{LastName: "Owner"}})
	}
	must(load.Organizations(ctx, orgs))
	event := func(org access.OrganizationID, item string) boxoffice.Event {
		start := boxoffice.When{At: now.Add(30 * 24 * time.Hour)}
		end := boxoffice.When{At: start.At.Add(3 * time.Hour)}
		return boxoffice.Event{
			ID: boxoffice.NewEventID(org, "F23", item), Organization: org, Season: "F23", Item: item, Basis: boxoffice.Single, Name: "Game " + item,
			Start: start, End: end, Over: end.At, FacilityCode: "HALL", FacilityName: "The Hall", Secondary: true,
		}
	}
	over, gone, off := event(999, "OVER"), event(999, "GONE"), event(999, "OFF")
	over.Over, gone.Cancelled, off.Secondary = now.Add(-time.Hour), true, false
	must(load.Events(ctx, []boxoffice.Event{
		event(999, "F01"), over, gone, off, event(129, "F01"), event(777, "F01"), event(888, "F01"), event(555, "F01"),
	}))
	must(load.Patrons(ctx, patrons))
	var tickets []boxoffice.Ticket
	add := func(org access.OrganizationID, item string, n int, with func(*boxoffice.Ticket)) (tokens []string) {
		for i := range n {
			seat := len(tickets)
			t := boxoffice.Ticket{
				Token: boxoffice.Token(fmt.Sprintf("%d%s%06d", org, item, seat)), Organization: org, Event: boxoffice.NewEventID(org, "F23", item),
				Section: "U:1", Row: fmt.Sprint(i / 20), Seat: fmt.Sprint(seat), SeatingType: "RESERVED", PriceLevel: 1, PriceType: "A", Face: 5000,
				Owner: stagePatron, Barcode: boxoffice.Barcode(fmt.Sprintf("%d%013d", org, seat)),
			}
			if with != nil {
				with(&t)
			}
			tickets = append(tickets, t)
			tokens = append(tokens, string(t.Token))
		}
		return tokens
	}
	held := func(kind boxoffice.HoldKind) func(*boxoffice.Ticket) {
		return func(t *boxoffice.Ticket) { t.Hold = boxoffice.Hold{Kind: kind, By: "somebody", Since: now} }
	}
	s.free, s.other, s.priced = add(999, "F01", stageSeats, nil), add(129, "F01", 20, nil), add(777, "F01", 20, nil)
	s.reviewed = add(888, "F01", 5, nil)
	s.foreign = add(555, "F01", 1, nil)[0]
	s.over, s.gone, s.offMarket = add(999, "OVER", 1, nil)[0], add(999, "GONE", 1, nil)[0], add(999, "OFF", 1, nil)[0]
	s.void = add(999, "F01", 1, func(t *boxoffice.Ticket) { t.Void = true })[0]
	s.venues, s.inOrder, s.inTransfer = add(999, "F01", 1, held(boxoffice.HoldVenue))[0], add(999, "F01", 1, held(boxoffice.HoldOrder))[0], add(999, "F01", 1, held(boxoffice.HoldTransfer))[0]
	must(load.Tickets(ctx, tickets))
	listing := func(id string, org access.OrganizationID, channel access.Channel, expires time.Time, tokens ...string) boxoffice.Listing {
		l := boxoffice.Listing{ID: boxoffice.ListingID(id), Organization: org, Channel: channel, Patron: stagePatron, Created: now.Add(-time.Hour), Expires: expires}
		for _, token := range tokens {
			l.Tokens = append(l.Tokens, boxoffice.Token(token))
		}
		return l
	}
	later := now.Add(time.Hour)
	must(load.Listings(ctx, []boxoffice.Listing{
		listing("Lmine", 999, "first", later, s.tokens(2)...), listing("Ltheirs", 999, "second", later, s.tokens(2)...),
		listing("Lsibling", 999, "sibling", later, s.tokens(2)...),
		listing("Lexpired", 999, "first", now.Add(-time.Minute), s.tokens(2)...), listing("Lforeign", 555, "first", later, s.foreign),
	}))
	must(load.Finish(ctx))
}

// A rawBody is sent as it is.
type rawBody []byte

// MarshalJSON returns the body itself.
func (b rawBody) MarshalJSON() ([]byte, error) { return b, nil }
