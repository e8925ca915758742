package boxoffice_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

const (
	home = access.OrganizationID(998) // in dollars
	away = access.OrganizationID(999) // in yen

	game   = boxoffice.EventID("998:F26:F01")
	later  = boxoffice.EventID("998:F27:F01") // of another season
	abroad = boxoffice.EventID("999:F26:F01")
)

// noon is when everything happens.
var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

// A desk is an office over books made by hand. It is a store without a
// database: it lets an act decide twice over equal books, wants the same of it,
// and keeps what came of it.
type desk struct {
	*boxoffice.Office
	boxoffice.Accounts // nobody asks for them here
	t                  *testing.T
	tickets            map[boxoffice.Token]boxoffice.Ticket
	orders             map[boxoffice.OrderKey]boxoffice.Order
	people             map[boxoffice.PersonAt]boxoffice.PatronID
	events             map[boxoffice.EventID]boxoffice.Event
	orgs               map[access.OrganizationID]boxoffice.Organization
	listings           map[boxoffice.ListingID]boxoffice.Listing
	made               map[boxoffice.PatronID]boxoffice.Contact
	answers            map[boxoffice.AnswerKey]boxoffice.Answer
	transfers          map[boxoffice.TransferKey]boxoffice.Transfer
	scans              map[boxoffice.ScanKey]boxoffice.Scan
	manifests          map[string]boxoffice.Manifest // by facility
	works              map[boxoffice.WorkID]boxoffice.Work
	portions           map[boxoffice.PortionKey]boxoffice.Portion
	now                time.Time

	// meanwhile happens after a process was read, before the caller goes on.
	meanwhile func()

	last boxoffice.Outcome // of the last act
	ids  counter
}

func newDesk(t *testing.T, tickets ...boxoffice.Ticket) *desk {
	t.Helper()
	d := &desk{
		t:       t,
		tickets: map[boxoffice.Token]boxoffice.Ticket{}, orders: map[boxoffice.OrderKey]boxoffice.Order{},
		people: map[boxoffice.PersonAt]boxoffice.PatronID{},
		events: map[boxoffice.EventID]boxoffice.Event{
			game:   {ID: game, Organization: home, Season: "F26", Item: "F01", Basis: boxoffice.Single, Name: "Game", PriceTypes: map[string]string{"A": "Adult"}, Secondary: true},
			later:  {ID: later, Organization: home, Season: "F27", Item: "F01", Basis: boxoffice.Single, Name: "Later", Secondary: true},
			abroad: {ID: abroad, Organization: away, Season: "F26", Item: "F01", Basis: boxoffice.Single, Name: "Abroad", Secondary: true},
		},
		orgs: map[access.OrganizationID]boxoffice.Organization{
			home: {ID: home, Name: "Home", DistributorCode: "HOME", Zone: "America/Chicago", Currency: "USD", Pages: []string{"https://my.example.com/home/"}}, away: {ID: away, Name: "Away", DistributorCode: "AWAY", Zone: "UTC", Currency: "JPY"},
		},
		listings: map[boxoffice.ListingID]boxoffice.Listing{}, made: map[boxoffice.PatronID]boxoffice.Contact{},
		answers: map[boxoffice.AnswerKey]boxoffice.Answer{}, now: noon,
		transfers: map[boxoffice.TransferKey]boxoffice.Transfer{}, manifests: map[string]boxoffice.Manifest{},
		works: map[boxoffice.WorkID]boxoffice.Work{}, portions: map[boxoffice.PortionKey]boxoffice.Portion{},
		scans: map[boxoffice.ScanKey]boxoffice.Scan{},
	}
	for _, t := range tickets {
		d.tickets[t.Token] = t
	}
	d.Office = boxoffice.NewOffice(d, keyer{}, pages{})
	return d
}

// free is a ticket of the game, of patron 10.
func free(token boxoffice.Token) boxoffice.Ticket {
	return boxoffice.Ticket{
		Token: token, Organization: home, Event: game, Section: "U:1", Row: "1", Seat: string(token),
		PriceLevel: 1, PriceType: "A", Owner: "10", Barcode: "998" + boxoffice.Barcode(token),
	}
}

// at is a ticket at another event.
func at(event boxoffice.EventID, t boxoffice.Ticket) boxoffice.Ticket {
	t.Event = event
	if event == abroad {
		t.Organization = away
	}
	return t
}

// held is a ticket with a hold, void one that is no more.
func held(kind boxoffice.HoldKind, by string, t boxoffice.Ticket) boxoffice.Ticket {
	t.Hold = boxoffice.Hold{Kind: kind, By: by, Since: noon.Add(-time.Hour)}
	t.Version = 1
	return t
}

func void(t boxoffice.Ticket) boxoffice.Ticket {
	t.Void = true
	return t
}

// caller is a partner of a channel, granted both organizations unless told.
func caller(channel access.Channel, organizations ...access.OrganizationID) access.Principal {
	if organizations == nil {
		organizations = []access.OrganizationID{home, away}
	}
	return access.Principal{Application: "com.example.app", Channel: channel, Organizations: organizations, RequestID: "r-1"}
}

// Do lets the act decide twice, on equal books with equal ids.
func (d *desk) Do(_ context.Context, act boxoffice.Act) error {
	d.t.Helper()
	first, firstIDs, firstErr := d.decide(act)
	second, secondIDs, err := d.decide(act)
	if fmt.Sprint(firstErr) != fmt.Sprint(err) || firstIDs != secondIDs {
		d.t.Errorf("the act ended with %v and then with %v", firstErr, err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		d.t.Errorf("the act decided another thing the second time (-first +second):\n%s", diff)
	}
	d.last = boxoffice.Outcome{}
	if err == nil {
		d.keep(second, secondIDs)
	}
	return err
}

func (d *desk) decide(act boxoffice.Act) (boxoffice.Outcome, counter, error) {
	needs, ids := act.Needs(), d.ids
	books := boxoffice.NewBooks(d.rows(needs), &ids)
	err := books.Run(act, needs)
	out := books.Outcome()
	slices.SortFunc(out.Answers, func(a, b boxoffice.Answer) int { return strings.Compare(string(a.Key), string(b.Key)) })
	slices.SortFunc(out.Tickets, func(a, b *boxoffice.Ticket) int { return strings.Compare(string(a.Token), string(b.Token)) })
	slices.SortFunc(out.Scans, func(a, b boxoffice.Scan) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	slices.SortFunc(out.Orders, func(a, b boxoffice.Order) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return out, ids, err
}

// rows are what a store would load for the needs.
func (d *desk) rows(needs boxoffice.Needs) boxoffice.Rows {
	rows := boxoffice.Rows{Now: d.now, People: map[boxoffice.PersonAt]boxoffice.PatronID{}}
	for _, key := range needs.Answers {
		if a, ok := d.answers[key]; ok {
			rows.Answers = append(rows.Answers, a)
		}
	}
	events, orgs := map[boxoffice.EventID]bool{}, map[access.OrganizationID]bool{}
	for _, token := range needs.Tickets {
		if t, ok := d.tickets[token]; ok {
			rows.Tickets = append(rows.Tickets, t)
			events[t.Event], orgs[t.Organization] = true, true
		}
	}
	for _, key := range needs.Orders {
		if o, ok := d.orders[key]; ok {
			rows.Orders = append(rows.Orders, o)
		}
	}
	for _, key := range needs.Transfers {
		if t, ok := d.transfers[key]; ok {
			rows.Transfers = append(rows.Transfers, t)
		}
	}
	for _, scan := range d.scans {
		named := slices.Contains(needs.Scans, scan.Key)
		inside := len(needs.Scans) > 0 && scan.State == boxoffice.ScanInside && slices.Contains(needs.Tickets, scan.Token)
		if named || inside {
			rows.Scans = append(rows.Scans, scan)
		}
	}
	for at, id := range d.people {
		if slices.Contains(needs.People, at.Key) {
			rows.People[at] = id
		}
	}
	for _, key := range needs.Portions {
		if p, ok := d.portions[key]; ok {
			rows.Portions = append(rows.Portions, p)
		}
	}
	for _, id := range needs.Events {
		if e, ok := d.events[id]; ok {
			events[id], orgs[e.Organization] = true, true
		}
	}
	for id := range events {
		rows.Events = append(rows.Events, d.events[id])
	}
	for id := range orgs {
		rows.Organizations = append(rows.Organizations, d.orgs[id])
	}
	return rows
}

func (d *desk) keep(out boxoffice.Outcome, ids counter) {
	d.last, d.ids = out, ids
	for _, a := range out.Answers {
		d.answers[a.Key] = a
	}
	for _, t := range out.Tickets {
		d.tickets[t.Token] = *t
	}
	for _, o := range out.Orders {
		d.orders[o.Key] = o
	}
	for _, t := range out.Transfers {
		t.History = d.transfers[t.Key].History
		d.transfers[t.Key] = t
	}
	for _, e := range out.Events {
		d.events[e.ID] = e
	}
	for _, p := range out.Portions {
		d.portions[p.Key] = p
	}
	for _, w := range out.Works {
		d.works[w.ID] = w
	}
	for key, scan := range d.scans {
		if scan.State == boxoffice.ScanInside && slices.Contains(out.Left, scan.Token) {
			scan.State = boxoffice.ScanEnded
			d.scans[key] = scan
		}
	}
	for _, scan := range out.Scans {
		d.scans[scan.Key] = scan
	}
	for _, r := range out.Steps {
		t := d.transfers[r.Transfer]
		t.History = append(slices.Clone(t.History), r.Step)
		d.transfers[r.Transfer] = t
	}
	for _, p := range out.Patrons {
		d.made[p.ID] = p.Contact
		for _, key := range p.Keys {
			if at := (boxoffice.PersonAt{Organization: p.Organization, Key: key}); d.people[at] == "" {
				d.people[at] = p.ID
			}
		}
	}
}

// what tells of the last act's journal: words and tokens.
func (d *desk) what() []string {
	var rows []string
	for _, e := range d.last.Journal {
		if e.Event != nil {
			rows = append(rows, fmt.Sprintf("%s %s %d", e.What, e.Event.ID, e.Event.Version))
			continue
		}
		rows = append(rows, fmt.Sprintf("%s %s %d", e.What, e.Ticket.Token, e.Ticket.Version))
	}
	return rows
}

func (d *desk) Organization(_ context.Context, id access.OrganizationID) (boxoffice.Organization, error) {
	if o, ok := d.orgs[id]; ok {
		return o, nil
	}
	return boxoffice.Organization{}, fault.OrganizationUnknown
}

func (d *desk) Catalog(_ context.Context, id access.OrganizationID) (boxoffice.Catalog, error) {
	if _, ok := d.orgs[id]; !ok {
		return boxoffice.Catalog{}, fault.OrganizationUnknown
	}
	c := boxoffice.Catalog{Now: d.now, Organization: d.orgs[id]}
	for _, id := range slices.Sorted(maps.Keys(d.events)) {
		if e := d.events[id]; e.Organization == c.Organization.ID {
			c.Events = append(c.Events, e)
		}
	}
	return c, nil
}

func (d *desk) Tickets(_ context.Context, tokens []boxoffice.Token) (boxoffice.View, error) {
	return boxoffice.View{Now: noon, Tickets: d.tickets, Events: d.events}, nil
}

func (d *desk) Barcodes(ctx context.Context, _ []boxoffice.EventBarcode) (boxoffice.View, error) {
	return d.Tickets(ctx, nil)
}

func (d *desk) Listing(ctx context.Context, id boxoffice.ListingID) (boxoffice.Listing, boxoffice.View, error) {
	l, ok := d.listings[id]
	if !ok {
		return l, boxoffice.View{}, fault.ListingUnknown
	}
	view, err := d.Tickets(ctx, nil)
	return l, view, err
}

func (d *desk) Process(_ context.Context, id boxoffice.ProcessID) ([]boxoffice.Order, error) {
	var orders []boxoffice.Order
	for _, o := range d.orders {
		if o.Process == id {
			orders = append(orders, o)
		}
	}
	slices.SortFunc(orders, func(a, b boxoffice.Order) int { return a.Place - b.Place })
	if d.meanwhile != nil {
		d.meanwhile()
	}
	return orders, nil
}

func (d *desk) Order(_ context.Context, key boxoffice.OrderKey) (boxoffice.Order, bool, error) {
	o, ok := d.orders[key]
	return o, ok, nil
}

func (d *desk) Transfer(_ context.Context, id boxoffice.TransferID) (boxoffice.Transfer, bool, error) {
	return d.transfer(func(t boxoffice.Transfer) bool { return t.ID == id })
}

func (d *desk) TransferOf(_ context.Context, code string) (boxoffice.Transfer, bool, error) {
	return d.transfer(func(t boxoffice.Transfer) bool { return t.Code == code })
}

func (d *desk) TransferBy(_ context.Context, key boxoffice.TransferKey) (boxoffice.Transfer, bool, error) {
	return d.transfer(func(t boxoffice.Transfer) bool { return t.Key == key })
}

func (d *desk) TransferIn(_ context.Context, id boxoffice.ProcessID) (boxoffice.Transfer, bool, error) {
	return d.transfer(func(t boxoffice.Transfer) bool { return t.Process.ID == id && id != "" })
}

func (d *desk) transfer(is func(boxoffice.Transfer) bool) (boxoffice.Transfer, bool, error) {
	for _, t := range d.transfers {
		if is(t) {
			return t, true, nil
		}
	}
	return boxoffice.Transfer{}, false, nil
}

// TransfersOf knows who gave, the newest first, and nothing of who was given.
func (d *desk) TransfersOf(_ context.Context, accounts []boxoffice.Account, _ boxoffice.PersonKey, limit int) ([]boxoffice.Transfer, boxoffice.View, error) {
	var all []boxoffice.Transfer
	for _, t := range d.transfers {
		if slices.Contains(accounts, boxoffice.Account{Organization: t.Organization, Patron: t.From}) {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b boxoffice.Transfer) int { return b.Sent.Compare(a.Sent) })
	return all[:min(limit, len(all))], boxoffice.View{Now: d.now}, nil
}

func (d *desk) Seats(_ context.Context, rows []boxoffice.SeatRow) (boxoffice.View, error) {
	view := boxoffice.View{Now: d.now, Tickets: map[boxoffice.Token]boxoffice.Ticket{}, Events: d.events}
	for _, t := range d.tickets {
		if !t.Void && slices.Contains(rows, boxoffice.SeatRow{Event: t.Event, Section: t.Section, Row: t.Row}) {
			view.Tickets[t.Token] = t
		}
	}
	return view, nil
}

func (d *desk) Given(ctx context.Context, t boxoffice.Transfer) (boxoffice.Given, error) {
	view, err := d.Tickets(ctx, t.Tokens)
	view.Now = d.now
	return boxoffice.Given{View: view, Organization: d.orgs[t.Organization], From: d.made[t.From], To: d.made[t.To]}, err
}

func (d *desk) Manifest(_ context.Context, _ access.OrganizationID, _, facility, _ string) (boxoffice.Manifest, error) {
	m, ok := d.manifests[facility]
	if !ok {
		return m, fault.ManifestUnknown
	}
	return m, nil
}

func (d *desk) UnderReview(_ context.Context, limit int) ([]boxoffice.Order, error) {
	var orders []boxoffice.Order
	for _, o := range d.orders {
		if o.State == boxoffice.OrderPending && o.Wait == boxoffice.WaitReview {
			orders = append(orders, o)
		}
	}
	slices.SortFunc(orders, func(a, b boxoffice.Order) int { return a.At.Compare(b.At) })
	return orders[:min(limit, len(orders))], nil
}

func (d *desk) Document(context.Context, string) (boxoffice.Document, boxoffice.View, boxoffice.Contact, error) {
	return boxoffice.Document{}, boxoffice.View{}, boxoffice.Contact{}, fault.DocumentUnknown
}

// A counter makes ids that are the same in each run.
type counter struct{ words, numbers int64 }

func (c *counter) Word(n int) string {
	c.words++
	return fmt.Sprintf("W%0*d", n-1, c.words)
}

func (c *counter) Digits(n int) string {
	c.words++
	return fmt.Sprintf("%0*d", n, c.words)
}

func (c *counter) Alphanumerics(n int) string {
	c.words++
	return fmt.Sprintf("T%0*d", n-1, c.words)
}

func (c *counter) Number(string) int64 {
	c.numbers++
	return c.numbers
}

// keyer finds people by mail address alone.
type keyer struct{}

func (keyer) PersonKeys(c boxoffice.Contact) []boxoffice.PersonKey {
	var keys []boxoffice.PersonKey
	for _, e := range c.Emails {
		keys = append(keys, boxoffice.PersonKey(e.Address))
	}
	return keys
}

func person(address string) boxoffice.Contact {
	return boxoffice.Contact{LastName: "Stark", Emails: []boxoffice.Email{{Address: address}}}
}

type pages struct{}

func (pages) Ticket(order boxoffice.OrderKey, token boxoffice.Token) (id, url string) {
	id = order.String() + "#" + string(token)
	return id, "https://tickets.example.com/t/" + id
}

func (pages) Receive() string { return "https://tickets.example.com" }

// amount reads a number as a partner sent it.
func amount(text string) *boxoffice.Amount {
	a, err := boxoffice.ParseAmount(text)
	if err != nil {
		panic(err)
	}
	return &a
}

// refusals are the words of refusals: what was refused and why.
func refusals(refused []boxoffice.Refusal) string {
	var words []string
	for _, r := range refused {
		parts := strings.Fields(r.ExternalOrderID + " " + string(r.Token) + " " + string(r.Barcode) + " " + r.Reason.Code)
		words = append(words, strings.Join(parts, " "))
	}
	return strings.Join(words, ", ")
}

func tokens(done []boxoffice.Owned) string {
	var words []string
	for _, d := range done {
		words = append(words, string(d.Token)+" of "+string(d.Owner))
	}
	return strings.Join(words, ", ")
}
