package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

// A venueDesk is somebody of the venue at the shell.
type venueDesk struct {
	tb      testing.TB
	db, key string
}

func (d venueDesk) run(verb, event string, more ...string) (string, error) {
	d.tb.Helper()
	return command(d.tb.Context(), append([]string{"venue", verb, event, "--db", d.db, "--key", d.key, "--as", "ada"}, more...)...)
}

// says fails the test unless the command succeeds and says these, in this order.
func (d venueDesk) says(verb, event string, more []string, want ...string) {
	d.tb.Helper()
	if said, err := d.run(verb, event, more...); err != nil || behind(said, want) < 0 {
		d.tb.Fatalf("seatlink venue %s %s %q: %v\n%s\nwant %q", verb, event, more, err, said, want)
	}
}

// refuses fails the test unless the command fails and its error says this.
func (d venueDesk) refuses(verb, event string, more []string, want string) {
	d.tb.Helper()
	if said, err := d.run(verb, event, more...); err == nil || !strings.Contains(err.Error(), want) {
		d.tb.Errorf("seatlink venue %s %s %q: %v; want %q\n%s", verb, event, more, err, want, said)
	}
}

// A venueSeat is a ticket of the largest game of 999, as the books have it.
type venueSeat struct{ token, section, row, seat string }

func (s venueSeat) name() string { return s.section + "/" + s.row + "/" + s.seat }

// venueGame is the event of 999 that has most seats which are free, and those.
func venueGame(tb testing.TB, db string) (event string, seats []venueSeat) {
	tb.Helper()
	free := map[string]bool{}
	for _, token := range freeTokens(tb, db) {
		free[token] = true
	}
	games := map[string][]venueSeat{}
	query(tb, look(tb, db), func(scan func(...any) error) error {
		var of string
		var s venueSeat
		err := scan(&of, &s.token, &s.section, &s.row, &s.seat)
		if free[s.token] {
			games[of] = append(games[of], s)
		}
		return err
	}, `SELECT event, token, section, row, seat FROM ticket WHERE organization = 999 ORDER BY token`)
	for id, its := range games {
		if len(its) > len(seats) || len(its) == len(seats) && id < event {
			event, seats = id, its
		}
	}
	return event, seats
}

// venueFile writes seats into a file as operators have it.
func venueFile(tb testing.TB, seats []venueSeat) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "seats.csv")
	file, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows := csv.NewWriter(file)
	_ = rows.Write([]string{"section", "row", "seat"})
	for _, s := range seats {
		_ = rows.Write([]string{s.section, s.row, s.seat})
	}
	if rows.Flush(); rows.Error() != nil {
		tb.Fatal(rows.Error())
	}
	return path
}

// venueTicket is what the books say of a ticket.
func venueTicket(tb testing.TB, db, token string) (owner, barcode, hold string, void bool) {
	tb.Helper()
	books := look(tb, db)
	defer func() { _ = books.Close() }()
	query(tb, books, func(scan func(...any) error) error { return scan(&owner, &barcode, &hold, &void) },
		`SELECT owner, barcode, hold, void FROM ticket WHERE token = $1`, token)
	return owner, barcode, hold, void
}

func TestTheVenueActsBesideAServerAndWithout(t *testing.T) {
	t.Parallel()
	db := sqliteFile(t) // what is done on PostgreSQL is in storetest; opening it for each command takes long
	key, callers := furnish(t, db, "first")
	desk, partner := venueDesk{t, db, key}, callers[0]
	event, seats := venueGame(t, db)
	a, b, c := seats[0], seats[1], seats[2]

	// Nobody runs: the command opens the database itself.
	row := []string{"--row", a.section + "/" + a.row}
	desk.says("hold", event, append(row, "--dry-run"), "hold would change")
	if _, _, hold, _ := venueTicket(t, db, a.token); hold != "" {
		t.Errorf("after --dry-run the seat has the hold %q", hold)
	}
	desk.says("hold", event, append(row, "--reason", "the stage"), "hold:", "tickets changed, 0 were so already, 0 refused")
	desk.says("hold", event, row, "hold: 0 tickets changed")
	desk.says("release", event, row, "release:", "tickets changed")
	desk.says("release", event, append(row, "--output", "json"), `"verb":"release"`, `"finished":true`, `"changed":0`)

	server, url := serve(t, db, key)
	partner.url = url
	partner.want(t, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-1", []string{a.token, b.token})), nil)
	desk.says("hold", event, []string{"--seats", a.name(), "--dry-run"}, "hold would change 1 of 1 tickets", "1 locks of partners would end")
	desk.says("hold", event, []string{"--seats", a.name()}, "hold: 1 tickets changed")
	var refused lockAnswer
	partner.want(t, 422, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-1", []string{a.token})), &refused)
	if len(refused.Errors) != 1 || refused.Errors[0].AppErrorCode != "TOKEN_NOT_AVAILABLE" {
		t.Errorf("a held seat is refused with %v; want TOKEN_NOT_AVAILABLE", refused.Errors)
	}
	_, before, _, _ := venueTicket(t, db, b.token)
	desk.says("reissue", event, []string{"--seats", b.name(), "--id", "leak-1"}, "reissue: 1 tickets changed")
	_, after, hold, _ := venueTicket(t, db, b.token)
	desk.says("reissue", event, []string{"--seats", b.name(), "--id", "leak-1"}, "reissue: 1 tickets changed") // the same work
	if _, again, _, _ := venueTicket(t, db, b.token); after == before || again != after || hold != "lock" {
		t.Errorf("two commands of one id left the barcode %q after %q of %q, hold %q; want one new one, and the lock", again, after, before, hold)
	}
	desk.refuses("void", event, []string{"--seats", b.name(), "--id", "leak-1"}, "the id was used before, for another verb or event")
	desk.says("void", event, []string{"--seats", c.name()}, "void: 1 tickets changed")
	desk.refuses("hold", event, []string{"--seats", c.name()}, "--seats "+c.name()+": there is no ticket for section")
	desk.refuses("hold", event, []string{"--section", "nowhere"}, event+" has no tickets in section nowhere")
	desk.refuses("hold", "999:F26:nothing", []string{"--all"}, "there is no event 999:F26:nothing")

	desk.says("rename", event, []string{"Foxes against Herons"}, "is changed", "Foxes against Herons")
	desk.says("rename", event, []string{"Foxes against Herons"}, "is so already")
	desk.says("reschedule", event, []string{"--start", "2126-11-05T19:30", "--dry-run"}, "would be changed", "2126-11-0")
	desk.says("reschedule", event, []string{"--start", "2126-11-05T19:30"}, "is changed", "2126-11-0")
	if e := catalogItem(t, partner, event); e.ItemName != "Foxes against Herons" || !strings.HasPrefix(e.StartDate, "2126-11-0") {
		t.Errorf("the catalog has %+v; want the new name and time", e)
	}
	desk.refuses("reschedule", event, []string{"--start", "soon"}, `"soon" is no time such as`)
	desk.says("off-sale", event, nil, "is changed", "on sale", "false")
	partner.want(t, 422, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-1", []string{b.token})), &refused)
	if _, _, hold, _ := venueTicket(t, db, b.token); hold != "" || refused.Errors[0].AppErrorCode != "EVENT_CLOSED" {
		t.Errorf("off sale the seat has the hold %q and is refused with %v; want none and EVENT_CLOSED", hold, refused.Errors)
	}
	desk.says("on-sale", event, nil, "is changed")
	partner.want(t, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-2", []string{b.token})), nil)
	partner.want(t, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody("O-1", "ada", []string{b.token})), nil)
	owner, barcode, _, _ := venueTicket(t, db, b.token)
	desk.says("exchange", event, []string{"--from", b.name(), "--to", a.name(), "--id", "move-1"}, "exchange: 2 tickets changed")
	if nowOwner, nowBarcode, hold, _ := venueTicket(t, db, a.token); nowOwner != owner || nowBarcode != barcode || hold != "" {
		t.Errorf("after the exchange the new seat is of %s with %s, hold %q; want %s and %s, free", nowOwner, nowBarcode, hold, owner, barcode)
	}
	desk.says("cancel", event, []string{"--reason", "flooded"}, "is changed", "cancelled", "true")
	desk.refuses("on-sale", event, nil, "the event is cancelled, and that is for good")
	server.stop()
	audit(t, db)
}

type catalogEntry struct{ AccessID, ItemName, StartDate string }

// catalogItem is an event as partners see it; the zero one where they do not.
func catalogItem(tb testing.TB, c *caller, event string) catalogEntry {
	tb.Helper()
	var all []catalogEntry
	c.want(tb, 200, "GET", "/v1/catalog/events", nil, &all)
	i := slices.IndexFunc(all, func(e catalogEntry) bool { return e.AccessID == event })
	if i < 0 {
		return catalogEntry{}
	}
	return all[i]
}

// A venueRush is 64 partners who buy seats of one game.
type venueRush struct {
	tb     testing.TB
	tokens []string
	taken  map[string]bool // what the venue holds in the end
	held   atomic.Bool     // the command that holds it has said so
	stop   chan struct{}
	on     chan struct{} // closed when the rush is on
	once   sync.Once

	asked, locks, lost atomic.Int64
	mu                 sync.Mutex
	sold               map[string][]string // by channel/order
	refused            map[string][]string
}

const (
	venueClients = 64
	venueCart    = 2
)

// client locks seats and buys them until it is told to stop. What it must hear
// follows from what it was told before: a seat that it has locked is its own until
// it buys it, unless the venue takes it.
func (r *venueRush) client(ctx context.Context, c *caller, n int) error {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	for round := 0; ; round++ {
		select {
		case <-r.stop:
			return nil
		default:
		}
		var tokens []string
		for len(tokens) < venueCart {
			if token := r.tokens[random.IntN(len(r.tokens))]; !slices.Contains(tokens, token) {
				tokens = append(tokens, token)
			}
		}
		late := r.held.Load()
		var lock lockAnswer
		if _, err := r.ask(ctx, c, "PUT", "/v1/tickets/lock", lockBody("L", tokens), &lock); err != nil {
			return err
		}
		for _, e := range lock.Errors {
			if e.AppErrorCode != "TOKEN_LOCKED" && (e.AppErrorCode != "TOKEN_NOT_AVAILABLE" || !r.taken[e.Token]) {
				return fmt.Errorf("lock refused %v; want TOKEN_LOCKED, or TOKEN_NOT_AVAILABLE of what the venue holds", e)
			}
		}
		var mine []string
		for _, s := range lock.Success {
			if late && r.taken[s.Token] {
				return fmt.Errorf("%s was locked after the venue had it", s.Token)
			}
			mine = append(mine, s.Token)
		}
		if len(mine) == 0 {
			continue
		}
		if r.locks.Add(int64(len(mine))) > venueClients {
			r.once.Do(func() { close(r.on) })
		}
		order := fmt.Sprint("O-", round)
		var sale struct {
			Status string
			Errors []failed
		}
		status, err := r.ask(ctx, c, "POST", "/v1/cart/complete-order", saleBody(order, fmt.Sprint("buyer", n%8), mine), &sale)
		if err != nil {
			return err
		}
		name := string(c.partner.Channel) + "/" + order
		r.mu.Lock()
		if status == http.StatusOK && sale.Status == "COMPLETE" {
			r.sold[name] = mine
		} else {
			r.refused[name] = mine
		}
		r.mu.Unlock()
		if status == http.StatusOK {
			continue
		}
		r.lost.Add(1)
		for _, e := range sale.Errors {
			if !r.taken[e.Token] || e.AppErrorCode != "TOKEN_NOT_LOCKED" && e.AppErrorCode != "TOKEN_NOT_AVAILABLE" {
				return fmt.Errorf("order %s was refused %v; want it only for what the venue holds", name, e)
			}
		}
		var left []string // of the order that was refused whole
		for _, token := range mine {
			if !r.taken[token] {
				left = append(left, token)
			}
		}
		if len(left) > 0 {
			if _, err := r.ask(ctx, c, "PUT", "/v1/tickets/unlock", unlockBody(left), nil); err != nil {
				return err
			}
		}
	}
}

// ask sends a request, and the same again while the server is too busy for it.
func (r *venueRush) ask(ctx context.Context, c *caller, method, path string, body []byte, answer any) (int, error) {
	id := requestID()
	for {
		r.asked.Add(1)
		status, text, err := c.call(ctx, method, path, id, body)
		if err != nil {
			return status, err
		}
		switch status {
		case http.StatusServiceUnavailable:
			continue
		case http.StatusOK, http.StatusMultiStatus, http.StatusUnprocessableEntity:
		default:
			return status, fmt.Errorf("%s %s: %d\n%s", method, path, status, text)
		}
		if answer == nil {
			return status, nil
		}
		return status, json.Unmarshal(text, answer)
	}
}

// venueSiege holds seats and moves the game while partners buy it empty.
func venueSiege(tb testing.TB, db string, size house.Size, most int) {
	tb.Helper()
	var channels []access.Channel
	for i := range venueClients {
		channels = append(channels, access.Channel(fmt.Sprintf("rush-%02d", i)))
	}
	key, callers := furnishSized(tb, db, size, channels...)
	event, seats := venueGame(tb, db)
	r := &venueRush{tb: tb, taken: map[string]bool{}, stop: make(chan struct{}), on: make(chan struct{}), sold: map[string][]string{}, refused: map[string][]string{}}
	for _, s := range seats {
		r.tokens = append(r.tokens, s.token)
	}
	taken := seats[:min(most, len(seats)/2)]
	for _, s := range taken {
		r.taken[s.token] = true
	}
	servers := 1
	if !strings.HasPrefix(db, "sqlite:") {
		servers = 2
	}
	var urls []string
	for range servers {
		_, url := serve(tb, db, key)
		urls = append(urls, url)
	}
	var clients sync.WaitGroup
	for i, c := range callers {
		c.url = urls[i%servers]
		clients.Go(func() {
			if err := r.client(tb.Context(), c, i); err != nil {
				tb.Errorf("%s: %v", c.partner.Channel, err)
			}
		})
	}
	desk, file := venueDesk{tb, db, key}, venueFile(tb, taken)
	<-r.on
	start := time.Now()
	desk.says("hold", event, []string{"--file", file, "--id", "stage-1", "--reason", "the stage is larger"}, "hold:", " 0 refused")
	took := time.Since(start)
	r.held.Store(true)
	desk.says("hold", event, []string{"--file", file, "--id", "stage-1"}, "hold:", " 0 refused") // nothing twice
	start = time.Now()
	desk.says("reschedule", event, []string{"--start", "2126-11-05T19:30", "--reason", "the stage"}, "is changed")
	moved := time.Since(start)
	for i := range servers {
		if e := catalogItem(tb, callers[i], event); !strings.HasPrefix(e.StartDate, "2126-11-0") {
			tb.Errorf("server %d has %+v in its catalog; want the new time", i, e)
		}
	}
	close(r.stop)
	clients.Wait()
	tb.Logf("%d of %d seats held in %.2f s, the game moved in %.2f s, beside %d requests of %d clients: %d tickets locked, %d orders sold, %d refused for what the venue took",
		len(taken), len(seats), took.Seconds(), moved.Seconds(), r.asked.Load(), venueClients, r.locks.Load(), len(r.sold), r.lost.Load())
	r.check(look(tb, db))
	desk.tellsTheStory(event, taken)
	audit(tb, db)
}

// tellsTheStory has seatlink show tell of the seat that saw most, from first to
// last, and holds it to the journal.
func (d venueDesk) tellsTheStory(event string, seats []venueSeat) {
	d.tb.Helper()
	places := map[string]venueSeat{}
	for _, s := range seats {
		places[s.token] = s
	}
	var busiest venueSeat
	stories := map[string][]string{}
	query(d.tb, look(d.tb, d.db), func(scan func(...any) error) error {
		var token, what, by, channel string
		err := scan(&token, &what, &by, &channel)
		if stories[token] = append(stories[token], what+" by "+by+channel); places[token].token != "" && len(stories[token]) > len(stories[busiest.token]) {
			busiest = places[token]
		}
		return err
	}, `SELECT subject, what, application, channel FROM journal WHERE entity = 'seats' ORDER BY subject, version`)
	text, err := command(d.tb.Context(), "show", event, busiest.section, busiest.row, busiest.seat, "--output", "json", "--db", d.db, "--key", d.key)
	if err != nil {
		d.tb.Fatalf("seatlink show: %v\n%s", err, text)
	}
	var shown operatorapi.Shown
	decode(d.tb, text, &shown)
	if len(shown.Tickets) != 1 || shown.Tickets[0].Token != busiest.token || shown.Tickets[0].Hold != "venue" {
		d.tb.Fatalf("seatlink show %s %s = %+v; want ticket %s, held by the venue", event, busiest.name(), shown.Tickets, busiest.token)
	}
	var told []string
	for i, step := range shown.Tickets[0].Story {
		if step.Version != int64(i+1) {
			d.tb.Errorf("step %d of the story is version %d", i+1, step.Version)
		}
		told = append(told, step.What+" by "+step.Application+step.Channel)
	}
	if want := stories[busiest.token]; !slices.Equal(told, want) || len(want) < 2 || want[len(want)-1] != "hold by operator/ada" {
		d.tb.Errorf("seatlink show tells %q of %s; the journal has %q, which should end with the hold", told, busiest.token, want)
	}
	d.tb.Logf("the story of %s: %s", busiest.name(), strings.Join(told, ", "))
}

// check holds the partners' answers to the books.
func (r *venueRush) check(books *sql.DB) {
	r.tb.Helper()
	orders := map[string]string{}
	query(r.tb, books, func(scan func(...any) error) error {
		var key, state string
		err := scan(&key, &state)
		orders[key] = state
		return err
	}, `SELECT key, state FROM orders`)
	for name := range r.sold {
		if orders[name] != "COMPLETE" {
			r.tb.Errorf("order %s was answered COMPLETE, and is %q", name, orders[name])
		}
	}
	for name := range r.refused {
		if orders[name] != "" {
			r.tb.Errorf("order %s was refused, and is %q", name, orders[name])
		}
	}
	if len(orders) != len(r.sold) || len(r.sold) == 0 {
		r.tb.Errorf("the books have %d orders, and partners were told of %d", len(orders), len(r.sold))
	}
	held := map[string]int{}
	query(r.tb, books, func(scan func(...any) error) error {
		var token string
		var times int
		err := scan(&token, &times)
		held[token] = times
		return err
	}, `SELECT t.token, CAST((SELECT COUNT(*) FROM journal AS j WHERE j.entity = 'seats' AND j.subject = t.token AND j.what = 'hold') AS INTEGER)
		FROM ticket AS t WHERE t.hold = 'venue' AND t.hold_by = 'operator/ada'`)
	for token := range r.taken {
		if held[token] != 1 {
			r.tb.Errorf("seat %s was held %d times; want once, and still", token, held[token])
		}
	}
	if len(held) != len(r.taken) {
		r.tb.Errorf("%d seats are held; want %d", len(held), len(r.taken))
	}
}

func TestTheVenueTakesSeatsAndMovesAGameWhilePartnersBuy(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) { venueSiege(t, database.open(t), house.Small, 10_000) })
	}
}

// BenchmarkVenueFull holds 10,000 seats and moves the game while 64 clients lock
// and buy.
//
//	make test-venue-full
func BenchmarkVenueFull(b *testing.B) {
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			for range b.N {
				venueSiege(b, database.open(b), house.Default, 10_000)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
