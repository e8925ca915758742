package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var venues = []clause{
	{"a work is entered once, and each of its portions done once by two processes", portionIsDoneOnce},
	{"an exchange moves owner and barcode whichever key comes first", exchangeMoves},
	{"what the venue takes ends a transfer and a waiting order", venueTakes},
	{"a seat that is void leaves its place to another ticket", voidLeavesItsPlace},
	{"an event that moves is never stale in another process's catalog", catalogIsNeverStale},
	{"an act on an event and acts on its tickets at once lose nothing", eventActsAndLocks},
	{"two processes change one event and its versions stay dense", eventVersionsAreDense},
	{"an event that closes ends its locks and tells of each seat", closingIsTold},
}

// seatAt is a seat of the house by its number.
func seatAt(n int) boxoffice.SeatNamed {
	return boxoffice.SeatNamed{Section: "U:1", Row: fmt.Sprint(n / 20), Seats: fmt.Sprint(n % 20), At: fmt.Sprint("seat ", n)}
}

// begin enters a work over seats of the game; pairs follow each other in an exchange.
func (s *scene) begin(id boxoffice.WorkID, verb boxoffice.What, numbers ...int) {
	s.t.Helper()
	selection := boxoffice.Selection{Event: game}
	for i, n := range numbers {
		switch {
		case verb != boxoffice.Exchanged:
			selection.Seats = append(selection.Seats, seatAt(n))
		case i%2 == 1:
			selection.Pairs = append(selection.Pairs, boxoffice.SeatPair{From: seatAt(numbers[i-1]), To: seatAt(n)})
		}
	}
	_, err := s.office.BeginWork(background, operator, boxoffice.WorkRequest{ID: id, Verb: verb, Selection: selection})
	must(s.t, "begin a work", err)
}

// finish goes over a work until it is done.
func (s *scene) finish(id boxoffice.WorkID) boxoffice.WorkProgress {
	s.t.Helper()
	p, err := s.office.FinishWork(background, id, time.Minute)
	if err != nil || !p.Finished() {
		s.t.Fatalf("FinishWork(%s) = %+v, %v; want it finished", id, p, err)
	}
	return p
}

// turn has the venue change an event.
func (s *scene) turn(req boxoffice.EventRequest) boxoffice.Turned {
	s.t.Helper()
	turned, err := s.office.ChangeEvent(background, operator, req, false)
	must(s.t, "change an event", err)
	return turned
}

func portionIsDoneOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	req := boxoffice.WorkRequest{ID: "W-1", Verb: boxoffice.Reissued, Selection: boxoffice.Selection{Event: game, All: true}}
	enterWork := func(o *boxoffice.Office) func() error {
		return func() error { _, err := o.BeginWork(background, operator, req); return err }
	}
	must(t, "begin the work twice", atOnce(enterWork(s.office), enterWork(beside.office)))
	do := func(o *boxoffice.Office) func() error {
		return func() error { _, err := o.FinishWork(background, "W-1", time.Minute); return err }
	}
	must(t, "go over the work twice", atOnce(do(s.office), do(beside.office)))
	p := s.finish("W-1")
	if p.Tickets != seats || p.Portions != 2 || p.Changed != seats || p.Same+p.Refusals != 0 {
		t.Errorf("the work is %+v; want %d tickets changed, in 2 portions", p, seats)
	}
	if n := number(t, s.db, `SELECT SUM(version) FROM ticket WHERE event = '`+string(game)+`'`); n != seats {
		t.Errorf("the tickets have %d versions; want one each", n)
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM task WHERE kind = 'venue' AND subject = 'W-1'`); n != 1 {
		t.Errorf("the work has %d tasks; want one", n)
	}
	if open, err := s.store.OpenPortions(t.Context(), "W-1", 10); err != nil || len(open) != 0 {
		t.Errorf("OpenPortions = %+v, %v; want none", open, err)
	}
	if _, found, err := s.store.Work(t.Context(), "W-2"); err != nil || found {
		t.Errorf("Work of none = %t, %v; want none", found, err)
	}
}

func exchangeMoves(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.sell("amtx", "O-1", seat(1), seat(4))
	for i, pair := range [][2]int{{1, 2}, {4, 3}} { // to a larger key, and to a smaller one
		from, to := s.ticket(seat(pair[0])), s.ticket(seat(pair[1]))
		id := boxoffice.WorkID(fmt.Sprint("W-", i))
		s.begin(id, boxoffice.Exchanged, pair[0], pair[1])
		s.finish(id)
		left, right := s.ticket(from.Token), s.ticket(to.Token)
		if right.Owner != from.Owner || right.Barcode != from.Barcode || left.Owner != to.Owner || left.Barcode == from.Barcode || left.Barcode == to.Barcode {
			t.Errorf("the exchange left %+v and %+v; they were %+v and %+v", left, right, from, to)
		}
	}
	// A chain in one portion: each barcode goes on to where the next one was.
	s.sell("amtx", "O-2", seat(10))
	sold := s.ticket(seat(10))
	s.begin("W-chain", boxoffice.Exchanged, 10, 11, 11, 12)
	s.finish("W-chain")
	if got := s.ticket(seat(12)); got.Owner != sold.Owner || got.Barcode != sold.Barcode {
		t.Errorf("the end of the chain is %+v; want the owner and the barcode of %+v", got, sold)
	}
	story, err := s.store.Story(t.Context(), boxoffice.Seats, string(seat(12)), 1, 9)
	if err != nil || len(story) != 1 || story[0].What != boxoffice.Exchanged || story[0].With != seat(11) || story[0].By.Application != operator.Application {
		t.Errorf("Story = %+v, %v; want the exchange, with the other seat", story, err)
	}
}

func venueTakes(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.review(0)
	s.wait("O-1", seat(1), seat(2))
	transfer := s.giveSeats("T-1", seat(3), seat(4))
	s.begin("W-1", boxoffice.Held, 1, 3)
	s.finish("W-1")
	for _, n := range []int{1, 3} {
		if hold := s.ticket(seat(n)).Hold; hold.Kind != boxoffice.HoldVenue || hold.By != "operator/pat" || hold.Since.IsZero() {
			t.Errorf("seat %d has the hold %+v; want the venue's", n, hold)
		}
	}
	order, err := s.office.Judge(t.Context(), operator, keyOf("O-1"), true, "")
	if err != nil || order.State != boxoffice.OrderFailed || !s.ticket(seat(2)).LockedBy("amtx") {
		t.Errorf("the order is %+v, %v; want ERROR, and its other seat locked again", order, err)
	}
	ended, _, err := s.store.TransferBy(t.Context(), transfer.Key)
	if err != nil || ended.State != boxoffice.TransferCancelled || len(ended.History) != 2 || ended.History[1].By != boxoffice.BySystem || s.ticket(seat(4)).Hold.Kind != boxoffice.Free {
		t.Errorf("the transfer is %+v, %v; want it cancelled by the system, and its other seat free", ended, err)
	}
}

func voidLeavesItsPlace(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.begin("W-1", boxoffice.Voided, 1, 2)
	if p := s.finish("W-1"); p.Changed != 2 {
		t.Errorf("the work is %+v; want two void tickets", p)
	}
	tokens, err := s.store.TokensOf(t.Context(), game, "U:1", "0")
	if err != nil || len(tokens) != 18 || tokens[0] != seat(0) || tokens[1] != seat(3) {
		t.Errorf("TokensOf = %v, %v; want the row without the two", tokens, err)
	}
	got, err := s.office.Lock(t.Context(), partner("amtx"), locking(seat(1)))
	if err != nil || len(got.Refused) != 1 || got.Refused[0].Reason != fault.TokenNotAvailable {
		t.Errorf("Lock of a void ticket = %+v, %v; want TOKEN_NOT_AVAILABLE", got, err)
	}
}

func catalogIsNeverStale(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	// The game as it comes with a ticket, by its token and by its barcode.
	views := func(when, date string) {
		t.Helper()
		byToken, err := beside.store.Tickets(t.Context(), []boxoffice.Token{seat(0)})
		must(t, "tickets", err)
		barcode := byToken.Tickets[seat(0)].Barcode
		byBarcode, err := beside.store.Barcodes(t.Context(), []boxoffice.EventBarcode{{Event: game, Barcode: barcode}})
		must(t, "barcodes", err)
		for how, view := range map[string]boxoffice.View{"token": byToken, "barcode": byBarcode} {
			if e := view.Events[game]; len(view.Tickets) != 1 || e.Start != (boxoffice.When{Date: date}) {
				t.Errorf("%s: by %s the other process has %d tickets of %+v; want one of the game on %s", when, how, len(view.Tickets), e, date)
			}
			if off := time.Since(view.Now); off.Abs() > time.Minute {
				t.Errorf("%s: by %s its clock is off by %v", when, how, off)
			}
		}
	}
	for day := 1; day <= 9; day++ {
		_, err := beside.store.Catalog(t.Context(), home) // it remembers this one
		must(t, "catalog", err)
		date := fmt.Sprintf("2126-11-%02d", day)
		s.turn(boxoffice.EventRequest{Event: game, Verb: boxoffice.Rescheduled, Start: date})
		views("moved just now", date)
		catalog, err := beside.store.Catalog(t.Context(), home)
		must(t, "catalog", err)
		views("when the catalog is known", date)
		for _, e := range catalog.Events {
			if e.ID == game && (e.Start != boxoffice.When{Date: date} || e.Version != int64(day)+1) { // the load was the first
				t.Errorf("the other process has %+v; want the game on %s", e, date)
			}
		}
	}
	if n := number(t, s.db, `SELECT catalog_version FROM organization WHERE id = 999`); n != 2 {
		t.Errorf("the other organization's catalog has version %d; want 2, of its load", n)
	}
}

func eventActsAndLocks(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	for i := range rounds {
		verb := []boxoffice.What{boxoffice.OffSale, boxoffice.OnSale}[i%2]
		var (
			turned boxoffice.Turned
			locked boxoffice.Locking
		)
		must(t, "at once", atOnce(
			func() (err error) {
				turned, err = s.office.ChangeEvent(background, operator, boxoffice.EventRequest{Event: game, Verb: verb}, false)
				return err
			},
			func() (err error) {
				locked, err = beside.office.Lock(background, partner("amtx"), locking(seat(5*i), seat(5*i+1), laterSeat(i)))
				return err
			}))
		if !turned.Changed || turned.Event.Version != int64(i)+2 || len(locked.Done)+len(locked.Refused) != 3 {
			t.Fatalf("round %d: %+v and %+v; want the event turned, and each ticket answered", i, turned, locked)
		}
		for _, r := range locked.Refused {
			if !errors.Is(r.Reason, fault.EventClosed) {
				t.Errorf("round %d: %s is refused with %v; want EVENT_CLOSED", i, r.Token, r.Reason)
			}
		}
		// Whoever came first: after the work no lock is left on a game that is closed.
		s.finish(turned.Work)
		if verb == boxoffice.OffSale {
			if n := number(t, s.db, `SELECT COUNT(*) FROM ticket WHERE event = '`+string(game)+`' AND hold <> ''`); n != 0 {
				t.Fatalf("round %d: %d tickets of the closed game are on hold", i, n)
			}
		}
	}
}

func eventVersionsAreDense(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	rename := func(o *boxoffice.Office, event boxoffice.EventID, name string) func() error {
		return func() error {
			_, err := o.ChangeEvent(background, operator, boxoffice.EventRequest{Event: event, Verb: boxoffice.Renamed, Name: name}, false)
			return err
		}
	}
	for i := range rounds / 2 { // two of one event, then two that meet at their organization alone
		must(t, "rename", atOnce(rename(s.office, game, fmt.Sprint("A", i)), rename(beside.office, game, fmt.Sprint("B", i))))
		must(t, "rename", atOnce(rename(s.office, game, fmt.Sprint("C", i)), rename(beside.office, laterGame, fmt.Sprint("D", i))))
	}
	if n := number(t, s.db, `SELECT version FROM event WHERE id = '`+string(game)+`'`); n != 1+3*rounds/2 {
		t.Errorf("the game has version %d; want %d", n, 1+3*rounds/2)
	}
	if n := number(t, s.db, `SELECT catalog_version FROM organization WHERE id = 998`); n < 2+rounds || n > 2+2*rounds {
		t.Errorf("the catalog has version %d; want one more for each batch that changed it, %d to %d", n, 2+rounds, 2+2*rounds)
	}
}

func closingIsTold(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.lock("amtx", seat(1))
	s.begin("W-1", boxoffice.Held, 2)
	s.finish("W-1")
	s.finish(s.turn(boxoffice.EventRequest{Event: game, Verb: boxoffice.CalledOff, Reason: "flooded"}).Work)
	closed := func(n int) []boxoffice.Change {
		story, err := s.store.Story(t.Context(), boxoffice.Seats, string(seat(n)), 1, 9)
		must(t, "Story", err)
		return story
	}
	is := boxoffice.Standing{Owner: owner, Closed: true}
	for n, before := range map[int]boxoffice.Standing{0: {Owner: owner}, 1: {Owner: owner, Hold: boxoffice.HoldLock, By: "amtx"}} {
		story := closed(n)
		last := story[len(story)-1]
		if last.What != boxoffice.Closed || last.Reason != "flooded" || !cmp.Equal(last.Before, before) || !cmp.Equal(last.After, is) {
			t.Errorf("seat %d was told as %+v; want it closed, after %+v", n, last, before)
		}
	}
	if story := closed(2); len(story) != 1 {
		t.Errorf("the held seat was told as %+v; want the hold alone", story)
	}
	story, err := s.store.Story(t.Context(), boxoffice.Events, string(game), 2, 9)
	if err != nil || len(story) != 1 || story[0].What != boxoffice.CalledOff || story[0].By.Application != operator.Application || story[0].State == "" {
		t.Errorf("the event's story is %+v, %v; want that it was called off, by whom", story, err)
	}
	if was, is := story[0].Was, story[0].Is; was == nil || is == nil || !was.Offered || is.Offered || was.Title != "Game" || is.Title != was.Title {
		t.Errorf("the event was billed as %+v and is as %+v; want the same game, offered no more", was, is)
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM journal WHERE what = 'close'`); n != seats-1 {
		t.Errorf("%d seats were told; want all but the held one, %d", n, seats-1)
	}
}

// giveSeats begins a transfer of tickets of the owner.
func (s *scene) giveSeats(id string, tokens ...boxoffice.Token) boxoffice.Transfer {
	s.t.Helper()
	req := boxoffice.TransferRequest{ExternalTransferID: id, Organization: home, Sender: owner, Recipient: mailed("eve@example.com")}
	for _, token := range tokens {
		t := s.ticket(token)
		req.Seats = append(req.Seats, boxoffice.SeatsWanted{Season: "F26", Item: "F01", Section: t.Section, Row: t.Row, Seats: t.Seat})
	}
	got, err := s.office.Give(s.t.Context(), partner("amtx"), req)
	if err != nil || len(got.Refused) > 0 {
		s.t.Fatalf("Give(%v) = %+v, %v; want the transfer", tokens, got, err)
	}
	return got.Transfer
}
