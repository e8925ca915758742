package sqlstore_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

// auditedSlice is so small that the tickets of the house come in many slices.
const auditedSlice = 3

// An auditedHouse is a database with a small house in it, some of it sold.
type auditedHouse struct {
	name string
	url  string
	// copy makes a database of the same rows again and opens it to SQL. What was
	// done to the one before is gone.
	copy func(t *testing.T) (url string, db *sql.DB)
}

// auditedHouses are the same house in each database, closed.
func auditedHouses(t *testing.T) []auditedHouse {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seatlink.db")
	server := storetest.Postgres(t)
	trade(t, "sqlite:"+path)
	trade(t, server)
	return []auditedHouse{
		{"sqlite", "sqlite:" + path, func(t *testing.T) (string, *sql.DB) {
			t.Helper()
			again := filepath.Join(t.TempDir(), "seatlink.db")
			rows, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(again, rows, 0o600))
			return "sqlite:" + again, besides(t, "sqlite:"+again)
		}},
		{"postgres", server, func(t *testing.T) (string, *sql.DB) {
			t.Helper()
			db := besides(t, server)
			mend(t, db)
			return server, db
		}},
	}
}

// mendable are the tables that tests break, in the order of their references.
var mendable = []string{"event", "venue_work", "venue_portion", "ticket", "listing", "orders", "ledger", "document", "answer", "head", "batch", "journal", "task", "callback", "transfer", "transfer_step", "admission", "subscription", "letter", "visit", "visit_account", "password_link"}

// mend makes the rows what they were when it was first called.
func mend(t *testing.T, db *sql.DB) {
	t.Helper()
	statements := []string{"CREATE SCHEMA IF NOT EXISTS kept"}
	for _, name := range mendable {
		statements = append(statements, "CREATE TABLE IF NOT EXISTS kept."+name+" AS TABLE "+name)
	}
	statements = append(statements, "TRUNCATE "+strings.Join(mendable, ", "))
	for _, name := range mendable {
		statements = append(statements, "INSERT INTO "+name+" SELECT * FROM kept."+name)
	}
	exec(t, db, strings.Join(append(statements,
		"CREATE UNIQUE INDEX IF NOT EXISTS ticket_live_seat ON ticket (event, section, row, seat) WHERE NOT void",
		"CREATE UNIQUE INDEX IF NOT EXISTS ticket_barcode ON ticket (event, barcode)",
		"CREATE UNIQUE INDEX IF NOT EXISTS admission_in_force ON admission (token) WHERE state = 'admitted'"), ";"))
}

// besides opens a database to SQL, past the store.
func besides(tb testing.TB, url string) *sql.DB {
	tb.Helper()
	path, lite := strings.CutPrefix(url, "sqlite:")
	driver, source := "pgx", url
	if lite {
		driver, source = "sqlite", "file:"+path
	}
	db, err := sql.Open(driver, source)
	must(tb, err)
	tb.Cleanup(func() { db.Close() })
	return db
}

// opened is a store on a new database.
func opened(t *testing.T, url string) *sqlstore.Store {
	t.Helper()
	keys, err := access.CreateKeyring(filepath.Join(t.TempDir(), "key"))
	must(t, err)
	s, err := sqlstore.Open(t.Context(), url, keys, sqlstore.Options{})
	must(t, err)
	return s
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func exec(tb testing.TB, db *sql.DB, statement string) {
	tb.Helper()
	if _, err := db.ExecContext(tb.Context(), statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

func ask(tb testing.TB, db *sql.DB, query string) (answer string) {
	tb.Helper()
	if err := db.QueryRowContext(tb.Context(), query).Scan(&answer); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return answer
}

// numbered waits until every batch has its position.
func numbered(tb testing.TB, db *sql.DB) {
	tb.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for ask(tb, db, "SELECT COUNT(*) FROM batch WHERE position IS NULL") != "0" {
		<-tick.C
	}
}

type auditedPages struct{}

func (auditedPages) Ticket(order boxoffice.OrderKey, token boxoffice.Token) (id, address string) {
	return order.String() + "/" + string(token), "https://tickets.example/" + string(token)
}

func (auditedPages) Receive() string { return "https://tickets.example" }

// trade loads the house, trades in it, and closes the store. Then
//
//	A0  was sold with B0 by order ONE/O-1 at version 3, printed, and again by ONE/O-3 at version 5
//	A1  was sold by order ONE/O-2, of the same process, at version 3
//	A2  is locked by ONE, on other terms since version 2
//	A5  was unlocked at version 3
//	A6  was sold by order TWO/O-1
//	A8  was never touched
//	B1  waits in the sandbox's order ONE/PENDING-1, of which the channel is to be told
//	B2  was in ONE/ERROR-1, which ended in ERROR; the callback is owed
//	B3  was sold by ONE/PENDING-2 after it waited; the callback was delivered
//	B4  waits for the operator in ONE/O-8
//	B5  is in the pending transfer ONE/T-5
//	B6  was accepted from ONE/T-6
//	C3  is held by the venue; C4 was held, released, and has a new barcode
//	C6  was exchanged for C7, which TWO had locked
//	C9  is void
//	A7  was sent to TWO, and locked by it; A8 to ONE, and taken back
//	C0  is given to a friend in MyAccount, and C1 was taken back from one
//	B7  came back from ONE/T-7, which was cancelled, and B8 from ONE/T-8, which expired
//	B9  was handed over by ONE/H-1, after ONE/O-10 had sold it with A3 and A4
//	A3  waits in the sandbox's transfer ONE/PENDING-9
//	A4  came back from ONE/ERROR-9, which ended in ERROR
//
// Visit V-1 is patron 11's, who has one address to set a password and used another.
// Subscription S-1 is served and refused A1, S-2 is paused, and S-3 takes nothing.
func trade(t *testing.T, url string) {
	t.Helper()
	tradeIn(t, opened(t, url), url)
}

func tradeIn(t *testing.T, s *sqlstore.Store, url string) {
	t.Helper()
	loadHouse(t, s)
	act(t, s, boxoffice.NewOffice(s, mailKeys{}, auditedPages{}), url)
}

func act(t *testing.T, s *sqlstore.Store, office *boxoffice.Office, url string) {
	t.Helper()
	one, two := channel("ONE"), channel("TWO")
	welcome(t, s, office)
	lock(t, office, one, 10, "A0", "A1", "A2", "A5", "B0")
	lock(t, office, one, 20, "A0", "A1", "A2", "A5", "B0")
	lock(t, office, two, 10, "A6", "A7")
	if _, err := office.Unlock(t.Context(), one, []boxoffice.Token{"A5"}); err != nil {
		t.Fatal(err)
	}
	sell(t, office, one, 165, order("O-1", "A0", "B0"), order("O-2", "A1"))
	sell(t, office, two, 55, order("O-1", "A6"))
	again := boxoffice.PrintRequest{ExternalOrderID: "O-1", Tokens: []boxoffice.Token{"A0"}}
	again.Repeat = boxoffice.Repeat[boxoffice.Printing]{
		Path: "/print", RequestID: "r", Asked: "A0", Words: func(boxoffice.Printing) []byte { return []byte("printed") },
	}
	printed, err := office.Print(t.Context(), one, again)
	if err != nil || len(printed.Refused) > 0 {
		t.Fatalf("Print = %+v, %v", printed, err)
	}
	lock(t, office, one, 30, "A0")
	sell(t, office, one, 99, order("O-3", "A0")) // which does not reconcile
	wait(t, s, office)
	db := besides(t, url)
	give(t, office, db)
	handOver(t, office)
	manage(t, office, db)
	scan(t, s)
	numbered(t, db)
	exec(t, db, `INSERT INTO application (id, name, epoch) VALUES ('com.example.app', 'App', 1)`)
	subscribe(t, s, db)
	s.Close()
	must(t, db.Close()) // the last one writes everything into the file
}

// subscribe has three hear of the house, of which one refused a seat, one was
// paused, and one takes nothing.
func subscribe(t *testing.T, s *sqlstore.Store, db *sql.DB) {
	t.Helper()
	ctx := t.Context()
	exec(t, db, `INSERT INTO channel (code, application) VALUES ('ONE', 'com.example.app')`)
	exec(t, db, `INSERT INTO granted (application, organization) VALUES ('com.example.app', 999)`)
	exec(t, db, `INSERT INTO api_key (id, application, mac, created, ends) VALUES ('K-1', 'com.example.app', 'mac', 1, 0)`)
	for _, id := range []string{"S-1", "S-2", "S-3"} {
		_, err := s.AddSubscription(ctx, push.Subscription{
			ID: id, View: push.View{Channel: "ONE"}, Topic: push.Topic{Organization: 999, Entity: boxoffice.Seats},
			Endpoint: "https://hooks.example.com/" + id, Secret: push.NewSecret(),
		})
		must(t, err)
	}
	replay := push.Replay{Subscriptions: s, Letters: s, Journal: s}
	_, err := replay.Pause(ctx, "S-2")
	must(t, err)
	story, err := s.Story(ctx, boxoffice.Seats, "A1", 1, 1)
	must(t, err)
	must(t, s.Bury(ctx, []push.Letter{{Subscription: "S-1", Subject: "A1", Position: story[0].Position, Note: "4xx"}}))
	claimed, err := s.ClaimSubscriptions(ctx, "relay", 9)
	must(t, err)
	for _, c := range claimed {
		kept := push.Kept{ID: c.ID, Lease: c.Lease, State: push.Active, Place: c.Place}
		if c.ID == "S-3" {
			now := time.Now()
			kept.Note, kept.Place = "5xx", push.Place{Cursor: c.Cursor - 9, Flight: c.Cursor - 1, Attempts: 2, Failing: now, Due: now.Add(time.Minute)}
		}
		held, err := s.KeepSubscriptions(ctx, "relay", []push.Kept{kept})
		if err != nil || len(held) != 1 {
			t.Fatalf("KeepSubscriptions(%s) = %v, %v; want it held", c.ID, held, err)
		}
	}
}

// manage has the venue do what it may, and the last game moved, off sale and on again.
func manage(t *testing.T, office *boxoffice.Office, db *sql.DB) {
	t.Helper()
	ctx, by := t.Context(), access.Principal{Application: "operator/pat", RequestID: "r"}
	seat := func(name string) boxoffice.SeatNamed {
		return boxoffice.SeatNamed{Section: "U:1", Row: "1", Seats: name}
	}
	lock(t, office, channel("TWO"), 10, "C7")
	for _, w := range []struct {
		id        boxoffice.WorkID
		verb      boxoffice.What
		selection boxoffice.Selection
	}{
		{"W-1", boxoffice.Held, boxoffice.Selection{Event: "999:F29:F01", Seats: []boxoffice.SeatNamed{seat("3,4")}}},
		{"W-2", boxoffice.Released, boxoffice.Selection{Event: "999:F29:F01", Seats: []boxoffice.SeatNamed{seat("4")}}},
		{"W-3", boxoffice.Reissued, boxoffice.Selection{Event: "999:F29:F01", Seats: []boxoffice.SeatNamed{seat("4")}}},
		{"W-4", boxoffice.Exchanged, boxoffice.Selection{Event: "999:F29:F01", Pairs: []boxoffice.SeatPair{{From: seat("6"), To: seat("7")}}}},
		{"W-5", boxoffice.Voided, boxoffice.Selection{Event: "999:F29:F01", Seats: []boxoffice.SeatNamed{seat("9")}}},
	} {
		_, err := office.BeginWork(ctx, by, boxoffice.WorkRequest{ID: w.id, Verb: w.verb, Selection: w.selection, Reason: "the stage"})
		must(t, err)
		if p, err := office.FinishWork(ctx, w.id, time.Minute); err != nil || !p.Finished() || p.Changed == 0 || p.Same+p.Refusals > 0 {
			t.Fatalf("%s = %+v, %v; want all of it done", w.id, p, err)
		}
	}
	for _, req := range []boxoffice.EventRequest{
		{Verb: boxoffice.Rescheduled, Start: "2126-11-05T19:30"}, {Verb: boxoffice.OffSale}, {Verb: boxoffice.OnSale},
	} {
		req.Event = "999:F29:F01"
		turned, err := office.ChangeEvent(ctx, by, req, false)
		must(t, err)
		if turned.Work != "" {
			_, err = office.FinishWork(ctx, turned.Work, time.Minute)
			must(t, err)
		}
	}
	exec(t, db, `DELETE FROM task WHERE kind = 'venue'`) // as the clerk would
}

// welcome has patrons in MyAccount.
func welcome(t *testing.T, s *sqlstore.Store, office *boxoffice.Office) {
	t.Helper()
	ctx, now, ten := t.Context(), time.Now().UTC().Truncate(time.Microsecond), []boxoffice.Account{{Organization: 999, Patron: "10"}}
	for channel, token := range map[access.Channel]boxoffice.Token{"TWO": "A7", "ONE": "A8"} {
		made, err := office.ListForResale(ctx, boxoffice.ResaleRequest{Account: ten[0], Channel: channel, Tokens: []boxoffice.Token{token}})
		if err != nil || len(made.Refused) > 0 {
			t.Fatalf("ListForResale(%s) = %+v, %v", token, made.Refused, err)
		}
		if channel == "ONE" {
			must(t, office.TakeBack(ctx, ten, made.Listing.ID))
		}
	}
	for _, token := range []boxoffice.Token{"C0", "C1"} {
		given, err := office.GiveToFriend(ctx, boxoffice.FriendRequest{Account: ten[0], Tokens: []boxoffice.Token{token}, Friend: boxoffice.Contact{
			FirstName: "A", LastName: "Friend", Emails: []boxoffice.Email{{Address: "friend@example.com"}},
		}})
		if err != nil || len(given.Refused) > 0 {
			t.Fatalf("GiveToFriend(%s) = %+v, %v", token, given.Refused, err)
		}
		if token == "C1" {
			must(t, office.TakeGiftBack(ctx, ten, given.Transfer.Code))
		}
	}
	// What their pages read, for the plans of it.
	_, err := office.Holdings(ctx, ten, boxoffice.Bounds{Limit: 1})
	must(t, err)
	_, err = office.OwnTransfers(ctx, ten, "friend@example.com", 1)
	must(t, err)

	const person = "guest@example.com"
	for _, id := range []string{"P-1", "P-2"} {
		must(t, s.EnterPasswordLink(ctx, boxoffice.PasswordLink{ID: id, Person: person, Ends: now.Add(boxoffice.PasswordLinkFor)},
			boxoffice.Task{ID: "mail/password/" + id, Kind: boxoffice.TaskMail, Subject: "password/" + id, Due: now}))
		if id == "P-1" {
			used, err := s.SetPassword(ctx, id, "hash", now)
			if err != nil || !used {
				t.Fatalf("SetPassword = %t, %v", used, err)
			}
		}
	}
	must(t, s.BeginVisit(ctx, boxoffice.Visit{ID: "V-1", Person: person, Began: now, Seen: now, Accounts: []boxoffice.VisitAccount{
		{Account: boxoffice.Account{Organization: 999, Patron: "11"}, Password: "mark"},
	}}))
}

// give begins transfers, and ends some of them.
func give(t *testing.T, office *boxoffice.Office, db *sql.DB) {
	t.Helper()
	ctx, one := t.Context(), channel("ONE")
	for n := 5; n <= 8; n++ {
		got, err := office.Give(ctx, one, boxoffice.TransferRequest{
			ExternalTransferID: fmt.Sprint("T-", n), Sender: "10",
			Recipient: boxoffice.Contact{LastName: "Friend", Emails: []boxoffice.Email{{Address: "friend@example.com"}}},
			Seats:     []boxoffice.SeatsWanted{{Season: "F27", Item: "F01", Section: "U:1", Row: "1", Seats: fmt.Sprint(n)}},
		})
		if err != nil || len(got.Refused) > 0 {
			t.Fatalf("Give(B%d) = %+v, %v", n, got.Refused, err)
		}
		switch n {
		case 6:
			_, err = office.Accept(ctx, one, boxoffice.AcceptRequest{ID: got.Transfer.ID, Distributor: "HOUS"})
		case 7:
			_, err = office.Cancel(ctx, one, boxoffice.CancelRequest{Code: got.Transfer.Code})
		case 8:
			exec(t, db, `UPDATE transfer SET expires_at = sent_at + 1 WHERE key = 'ONE/T-8'`)
			_, err = office.ExpireTransfer(ctx, boxoffice.ClaimedTask{Task: boxoffice.Task{Subject: "ONE/T-8"}})
		}
		must(t, err)
	}
}

// handOver hands a bought ticket over, and has two transfers wait.
func handOver(t *testing.T, office *boxoffice.Office) {
	t.Helper()
	ctx, one := t.Context(), channel("ONE")
	one.Sandbox = true
	lock(t, office, one, 10, "B9", "A3", "A4")
	sell(t, office, one, 165, order("O-10", "B9", "A3", "A4"))
	for id, token := range map[string]boxoffice.Token{"H-1": "B9", "PENDING-9": "A3", "ERROR-9": "A4"} {
		got, err := office.Give(ctx, one, boxoffice.TransferRequest{
			ExternalTransferID: id, MayWait: true, HandsOver: id == "H-1",
			Recipient: boxoffice.Contact{FirstName: "A", LastName: "Friend", Emails: []boxoffice.Email{{Address: "friend@example.com"}}},
			Items:     []boxoffice.TransferItem{{ExternalOrderID: "O-10", Tokens: []boxoffice.Token{token}}},
		})
		if err != nil || len(got.Refused) > 0 {
			t.Fatalf("Give(%s) = %+v, %v", id, got.Refused, err)
		}
		if id == "ERROR-9" {
			_, err = office.FinishTransfer(ctx, boxoffice.ClaimedTask{Task: boxoffice.Task{Subject: "ONE/ERROR-9"}})
			must(t, err)
		}
	}
}

// scan lets ticket A9 in, by the earlier of two scans, and refuses another barcode.
func scan(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	who := access.Principal{Application: "gate/north", Organizations: []access.OrganizationID{999}, RequestID: "r"}
	got, err := boxoffice.NewGate(s).Merge(t.Context(), who, "999:F26:F01", []boxoffice.ScanRequest{
		{ID: "s-1", Barcode: "9990000000000009", Gate: "NORTH", At: time.Now()},
		{ID: "s-2", Barcode: "9990000000000009", Gate: "SOUTH", At: time.Now().Add(-time.Minute)},
		{ID: "s-3", Barcode: "none", Gate: "SOUTH", At: time.Now()},
	})
	if err != nil || got[0].Refused != nil || got[1].Refused != nil || got[2].Refused == nil {
		t.Fatalf("Merge = %+v, %v", got, err)
	}
}

// wait has orders wait, and some of them decided.
func wait(t *testing.T, s *sqlstore.Store, office *boxoffice.Office) {
	t.Helper()
	ctx, one := t.Context(), channel("ONE")
	one.Sandbox = true
	lock(t, office, one, 10, "B1", "B2", "B3", "B4")
	for _, o := range []struct {
		order string
		token boxoffice.Token
		fees  int
	}{{"PENDING-1", "B1", 5}, {"ERROR-1", "B2", 5}, {"PENDING-2", "B3", 5}, {"O-8", "B4", 900}} {
		element, fees := order(o.order, o.token), money(o.fees)
		element.Lines[0].Fees = &fees
		sale, err := office.Complete(ctx, one, boxoffice.Cart{
			Elements:   []boxoffice.CartElement{element},
			Buyer:      boxoffice.Contact{LastName: "Buyer", Emails: []boxoffice.Email{{Address: o.order + "@example.com"}}},
			Settlement: boxoffice.Settlement{TotalPaid: money(50 + o.fees), ToSeller: money(40), CallbackURL: "https://partner.example.com/" + o.order},
		})
		if err != nil || sale.Status != boxoffice.OrderPending {
			t.Fatalf("Complete(%s) = %+v, %v; want it pending", o.order, sale, err)
		}
		if o.order == "PENDING-1" || o.order == "O-8" {
			continue
		}
		claimed := boxoffice.ClaimedTask{Task: boxoffice.Task{ID: "decide/ONE/" + o.order, Subject: "ONE/" + o.order}}
		_, err = office.FinishOrder(ctx, claimed)
		must(t, err)
		must(t, s.FinishTask(ctx, claimed))
		if o.order == "PENDING-2" {
			c, found, err := s.Callback(ctx, sale.Process)
			if err != nil || !found {
				t.Fatalf("Callback = %t, %v; want the one that is owed", found, err)
			}
			c.State = boxoffice.CallbackDelivered
			must(t, s.SettleCallback(ctx, c))
			must(t, s.FinishTask(ctx, boxoffice.ClaimedTask{Task: boxoffice.Task{ID: "callback/" + string(sale.Process) + "/ONE/PENDING-2"}}))
		}
	}
}

func loadHouse(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	ctx, l := t.Context(), s.NewLoader()
	must(t, l.Organizations(ctx, []boxoffice.Organization{
		{ID: 998, Name: "Other", DistributorCode: "OTHR", Zone: "UTC", Currency: "USD"},
		{ID: 999, Name: "House", DistributorCode: "HOUS", Zone: "UTC", Currency: "USD", Review: boxoffice.ReviewLarge, ReviewAbove: 90_000},
	}))
	must(t, l.Events(ctx, []boxoffice.Event{
		{ID: "999:F26:F01", Organization: 999, Season: "F26", Item: "F01", Basis: boxoffice.Single, Name: "Game", Secondary: true},
		{ID: "999:F27:F01", Organization: 999, Season: "F27", Item: "F01", Basis: boxoffice.Single, Name: "Later game", Secondary: true},
		{ID: "999:F29:F01", Organization: 999, Season: "F29", Item: "F01", Basis: boxoffice.Single, Name: "Last game", Secondary: true},
	}))
	must(t, l.Patrons(ctx, []boxoffice.Patron{{ID: "10", Organization: 998}, {ID: "10", Organization: 999}, {ID: "11", Organization: 999, Keys: []boxoffice.PersonKey{"guest@example.com"}}}))
	for _, e := range []struct {
		event  boxoffice.EventID
		prefix string
	}{{"999:F26:F01", "A"}, {"999:F27:F01", "B"}, {"999:F29:F01", "C"}} {
		var tickets []boxoffice.Ticket
		for n := range 10 {
			tickets = append(tickets, boxoffice.Ticket{
				Token: boxoffice.Token(fmt.Sprint(e.prefix, n)), Organization: 999, Event: e.event, Section: "U:1", Row: "1", Seat: fmt.Sprint(n),
				SeatingType: "RESERVED", PriceLevel: 1, PriceType: "A", Face: 5000, Owner: "10", Barcode: boxoffice.Barcode(fmt.Sprintf("999%013d", n)),
			})
		}
		if e.prefix == "C" {
			tickets[7].Owner = "11"
		}
		must(t, l.Tickets(ctx, tickets))
	}
	must(t, l.Listings(ctx, []boxoffice.Listing{{ID: "L1", Organization: 999, Channel: "ONE", Patron: "10", Tokens: []boxoffice.Token{"A3", "A4"}}}))
	must(t, l.Finish(ctx))
}

// mailKeys finds people by their mail address.
type mailKeys struct{}

func (mailKeys) PersonKeys(c boxoffice.Contact) (keys []boxoffice.PersonKey) {
	for _, e := range c.Emails {
		keys = append(keys, boxoffice.PersonKey(e.Address))
	}
	return keys
}

func channel(code access.Channel) access.Principal {
	return access.Principal{Application: "com.example.app", Channel: code, Organizations: []access.OrganizationID{999}, RequestID: "r"}
}

func money(amount int) boxoffice.Amount {
	a, err := boxoffice.ParseAmount(fmt.Sprint(amount))
	if err != nil {
		panic(err)
	}
	return a
}

func lock(tb testing.TB, office *boxoffice.Office, who access.Principal, price int, tokens ...boxoffice.Token) {
	tb.Helper()
	amount := money(price)
	req := boxoffice.LockRequest{Source: boxoffice.MyAccount, ExternalListingID: "X-1"}
	for _, token := range tokens {
		req.Lines = append(req.Lines, boxoffice.LockLine{Token: token, Price: &amount})
	}
	if got, err := office.Lock(tb.Context(), who, req); err != nil || len(got.Refused) > 0 {
		tb.Fatalf("Lock(%s, %v) = %+v, %v", who.Channel, tokens, got, err)
	}
}

// order asks 50 and 5 fees for each ticket.
func order(id string, tokens ...boxoffice.Token) boxoffice.CartElement {
	e := boxoffice.CartElement{ExternalListingID: "X-1", ExternalOrderID: id}
	for _, token := range tokens {
		price, fees := money(50), money(5)
		e.Lines = append(e.Lines, boxoffice.CartLine{Token: token, Price: &price, Fees: &fees})
	}
	return e
}

func sell(tb testing.TB, office *boxoffice.Office, who access.Principal, paid int, elements ...boxoffice.CartElement) {
	tb.Helper()
	got, err := office.Complete(tb.Context(), who, boxoffice.Cart{
		Elements:   elements,
		Buyer:      boxoffice.Contact{LastName: "Buyer", Emails: []boxoffice.Email{{Address: elements[0].ExternalOrderID + "@example.com"}}},
		Settlement: boxoffice.Settlement{TotalPaid: money(paid), ToSeller: money(paid - 15)},
	})
	if err != nil || len(got.Refused) > 0 {
		tb.Fatalf("Complete(%s, %v) = %+v, %v", who.Channel, elements, got, err)
	}
}
