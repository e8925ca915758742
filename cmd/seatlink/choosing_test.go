package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/pagetest"
)

// A choosingPatron is a patron with a ticket on a stage, signed in to MyAccount.
type choosingPatron struct {
	cookie *http.Cookie
	token  string
}

// choosingPatron sells a ticket to somebody, who sets a password and signs in.
func (s *stage) choosingPatron(tb testing.TB) choosingPatron {
	tb.Helper()
	const email, password = "ada@example.com", "correct horse battery"
	p := choosingPatron{token: s.sold(tb, s.first, "choosing")}
	if err := s.lobby.AskPassword(tb.Context(), "127.0.0.1", email); err != nil {
		tb.Fatal(err)
	}
	var link string
	if err := s.books.QueryRowContext(tb.Context(), `SELECT id FROM password_link`).Scan(&link); err != nil {
		tb.Fatal(err)
	}
	if err := s.lobby.SetPassword(tb.Context(), link, password); err != nil {
		tb.Fatal(err)
	}
	secret, err := s.lobby.SignIn(tb.Context(), "127.0.0.1", email, password)
	if err != nil {
		tb.Fatal(err)
	}
	p.cookie = &http.Cookie{Name: "seatlink", Value: secret}
	return p
}

// A choosingLine is what a page of MyAccount hears.
type choosingLine struct {
	events chan choosingEvent
	stop   context.CancelFunc
}

type choosingEvent struct{ id, name, data string }

// listen opens a line.
func (p choosingPatron) listen(tb testing.TB, url, last string) *choosingLine {
	tb.Helper()
	ctx, stop := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/myaccount/live", http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	r.AddCookie(p.cookie)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	got, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r) //nolint:bodyclose // it is closed when the line ends
	if err != nil || got.StatusCode != http.StatusOK {
		tb.Fatalf("the line: %v, %v", got, err)
	}
	l := &choosingLine{events: make(chan choosingEvent, 100), stop: stop}
	go func() {
		defer close(l.events)
		defer got.Body.Close()
		var e choosingEvent
		for lines := bufio.NewScanner(got.Body); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				l.events <- e
			}
		}
	}()
	return l
}

// next is the next event of a kind; the zero one where the line ended before.
func (l *choosingLine) next(name string) choosingEvent {
	for e := range l.events {
		if e.name == name {
			return e
		}
	}
	return choosingEvent{}
}

// choosingTold is the state that a line tells of one seat.
func choosingTold(tb testing.TB, e choosingEvent, token string) string {
	tb.Helper()
	var seats []struct{ Seat, State string }
	if err := json.Unmarshal([]byte(e.data), &seats); err != nil || len(seats) != 1 || seats[0].Seat != token {
		tb.Fatalf("the line says %+v of %s", e, token)
	}
	return seats[0].State
}

// A lock is told to its owner's pages, on PostgreSQL also where another process
// made it, and what a line missed it is told when it comes back.
func TestALockIsToldToItsOwner(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			s := startStage(t, database.open(t))
			seller := s.first
			if !strings.HasPrefix(s.db, "sqlite:") {
				_, url := serve(t, s.db, s.key)
				seller = s.first.at(url)
			}
			p := s.choosingPatron(t)
			line := p.listen(t, s.url, "")
			begun := line.next("anew") // it has said from where it listens
			s.lock(t, seller, p.token)
			locked := time.Now()
			told := line.next("seats")
			t.Logf("told %v after the lock was answered", time.Since(locked).Round(time.Microsecond))
			if state := choosingTold(t, told, p.token); state != "locked" {
				t.Errorf("a lock is told as %s", state)
			}
			line.stop()
			seller.want(t, 200, "PUT", "/v1/tickets/unlock", rawBody(`{"tokens":["`+p.token+`"]}`), nil)
			if state := choosingTold(t, p.listen(t, s.url, told.id).next("seats"), p.token); state != "free" {
				t.Errorf("what was missed is told as %s", state)
			}
			if again := p.listen(t, s.url, begun.id).next("seats"); choosingTold(t, again, p.token) != "free" {
				t.Errorf("two changes that were missed are told as %+v", again)
			}
		})
	}
}

// BenchmarkLiveLock is one lock after another of a seat whose owner looks on, from the answer
// of the lock to the page; on PostgreSQL another process makes it. The bound is what
// patrons are promised.
func BenchmarkLiveLock(b *testing.B) {
	const bound = time.Second
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			s := startStage(b, database.open(b))
			seller := s.first
			if !strings.HasPrefix(s.db, "sqlite:") {
				_, url := serve(b, s.db, s.key)
				seller = s.first.at(url)
			}
			p := s.choosingPatron(b)
			line := p.listen(b, s.url, "")
			line.next("anew")
			var slowest, all time.Duration
			for b.Loop() {
				s.lock(b, seller, p.token)
				began := time.Now()
				choosingTold(b, line.next("seats"), p.token)
				took := time.Since(began)
				slowest, all = max(slowest, took), all+took
				seller.want(b, 200, "PUT", "/v1/tickets/unlock", rawBody(`{"tokens":["`+p.token+`"]}`), nil)
				choosingTold(b, line.next("seats"), p.token)
			}
			b.ReportMetric(float64(all.Microseconds())/1e3/float64(b.N), "ms/told")
			b.ReportMetric(float64(slowest.Microseconds())/1e3, "ms/slowest")
			if slowest > bound {
				b.Errorf("a lock was told after %v, want %v", slowest, bound)
			}
		})
	}
}

// sellsByKeyboard is the whole way without a mouse, while another browser of the seller's
// looks on, on a phone.
func (m *marketDemo) sellsByKeyboard(t *testing.T) {
	t.Parallel()
	p := m.patrons[len(m.patrons)-2]
	var seats []marketSeat
	for _, at := range p.Seats {
		if s := m.of(at); at.Event == p.Seats[0].Event && len(seats) < 2 {
			seats = append(seats, s)
		}
	}
	watcher := pagetest.Open(t, m.file.URL+"/myaccount", pagetest.Phone())
	watcher.Type("#email", p.Email)
	watcher.Type("#password", p.Password)
	watcher.Follow("form button")
	watcher.Await("Live")

	seller := pagetest.Open(t, m.file.URL+"/myaccount", pagetest.Desktop())
	press := func(page *pagetest.Page, selector, text string) {
		page.TabTo(selector)
		page.Press(text)
	}
	press(seller, "#email", p.Email)
	press(seller, "#password", p.Password)
	seller.PressAndFollow(pagetest.Enter)
	for _, s := range seats {
		press(seller, `input[value="`+s.token+`"]`, pagetest.Space)
	}
	if want := strconv.Itoa(len(seats)) + " seat"; !strings.Contains(seller.Text(), want) {
		t.Errorf("the seller's page does not count %s: %s", want, seller.Text())
	}
	press(seller, `input[value="second-row"]`, pagetest.Space)
	seller.TabTo(".chosen button:not([formaction])")
	seller.PressAndFollow(pagetest.Enter)
	if !strings.HasPrefix(seller.Address(), m.market+"/sell?listingId=") {
		t.Fatalf("the list button leads to %s: %s", seller.Address(), seller.Text())
	}
	for _, s := range seats {
		press(seller, "#price\\."+s.token, "70")
	}
	seller.TabTo("form button")
	seller.PressAndFollow(pagetest.Enter)
	locked := time.Now()
	watcher.Await("on sale") // nobody touches it
	if took := time.Since(locked); took > time.Second {
		t.Errorf("another browser showed the lock %v after the seller's own", took)
	}

	buyer := pagetest.Open(t, m.market+"/event/"+seats[0].event, pagetest.Desktop())
	for _, s := range seats {
		buyer.TabToText(s.name)
		buyer.Press(pagetest.Space)
	}
	buyer.TabTo("form button")
	buyer.PressAndFollow(pagetest.Enter)
	marketBuyer(func(selector, text string) { press(buyer, selector, text) })
	buyer.TabTo("form.card > button")
	buyer.PressAndFollow(pagetest.Enter)
	watcher.Await("no longer yours")
	buyer.TabTo(".tickets a")
	buyer.PressAndFollow(pagetest.Enter)
	code, err := pagetest.Scan(buyer.WholePicture())
	if err != nil {
		t.Fatalf("the ticket: %v\n%s", err, buyer.Text())
	}
	m.changedHands(t, seats[0], code.Text)
	marketFits(t, "account-live", watcher, pagetest.Phone())
}
