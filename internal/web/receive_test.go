package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

const transferID = "Abcdefghijklmnopqrstuvwxyz012345"

// present is a pending transfer of two seats, by tokens.
func present() boxoffice.Gift {
	p := football()
	first, second := p.Ticket, p.Ticket
	first.Barcode, second.Barcode = "", ""
	second.Token, second.Seat = "999QK7ZB3M5XW8RTB", "8"
	return boxoffice.Gift{
		Transfer: boxoffice.Transfer{
			Key: "ONE/T-1", ID: transferID, Form: boxoffice.TokenForm, State: boxoffice.TransferPending, Organization: 999,
			Expires: p.Now.Add(boxoffice.TransferLasts),
		},
		From: "Ada B.", Tickets: []boxoffice.Ticket{first, second},
		Events: map[boxoffice.EventID]boxoffice.Event{p.Event.ID: p.Event}, Organization: p.Organization, Now: p.Now,
	}
}

func presented(change func(g *boxoffice.Gift)) boxoffice.Gift {
	g := present()
	change(&g)
	return g
}

// gifts has one transfer behind the one id, and answers as it is told.
type gifts struct {
	gift     boxoffice.Gift
	err      error // of what is done with it
	received []boxoffice.TicketPage
	asked    []boxoffice.AcceptRequest
	declined int
}

func (g *gifts) Gift(_ context.Context, id boxoffice.TransferID) (boxoffice.Gift, error) {
	if id != g.gift.Transfer.ID {
		return boxoffice.Gift{}, fault.TransferUnknown
	}
	return g.gift, nil
}

func (g *gifts) Receive(_ context.Context, req boxoffice.AcceptRequest) (boxoffice.Transfer, error) {
	g.asked = append(g.asked, req)
	return g.gift.Transfer, g.err
}

func (g *gifts) Decline(context.Context, boxoffice.TransferID) (boxoffice.Transfer, error) {
	g.declined++
	return g.gift.Transfer, g.err
}

func (g *gifts) Received(context.Context, boxoffice.TransferKey) ([]boxoffice.TicketPage, error) {
	if g.received == nil {
		return nil, fault.TransferUnknown
	}
	return g.received, nil
}

func addresses(t *testing.T) Addresses {
	t.Helper()
	keys, err := access.CreateKeyring(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return NewAddresses(keys, "https://tickets.example.com")
}

// knock sends one request to a site that has these gifts. A form is a POST.
func knock(t *testing.T, site http.Handler, path string, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", path, http.NoBody)
	if form != nil {
		r = httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w
}

func accepting() url.Values {
	return url.Values{
		"answer": {"accept"}, "once": {strings.Repeat("A", onceLength)}, "first": {"Juan"}, "last": {"Ramirez"}, "email": {"juan@example.com"},
	}
}

// onceIn is the word that changes with each form.
var onceIn = regexp.MustCompile(`name="once" value="[A-Z2-7]{26}"`)

// How a transfer looks from the outside, in each state, and after each answer.
func TestGoldenGifts(t *testing.T) {
	state := func(s boxoffice.TransferState) func(*boxoffice.Gift) {
		return func(g *boxoffice.Gift) { g.Transfer.State = s }
	}
	tests := []struct {
		name   string
		gift   boxoffice.Gift
		form   url.Values
		err    error
		status int
	}{
		{"gift", present(), nil, nil, 200},
		{"gift-by-seats", presented(func(g *boxoffice.Gift) { g.Transfer.Form, g.Tickets, g.From = boxoffice.SeatForm, g.Tickets[:1], "" }), nil, nil, 200},
		{"gift-with-note", presented(func(g *boxoffice.Gift) { g.Transfer.Note = "See you <b>there</b>.\nBring a scarf!" }), nil, nil, 200},
		{"gift-accepted", presented(state(boxoffice.TransferAccepted)), nil, nil, 410},
		{"gift-cancelled", presented(state(boxoffice.TransferCancelled)), nil, nil, 410},
		{"gift-declined", presented(func(g *boxoffice.Gift) {
			state(boxoffice.TransferCancelled)(g)
			g.Transfer.History = []boxoffice.Step{{Op: boxoffice.OpCancel, By: boxoffice.ByRecipient}}
		}), nil, nil, 410},
		{"gift-expired", presented(state(boxoffice.TransferExpired)), nil, nil, 410},
		{"gift-overdue", presented(func(g *boxoffice.Gift) { g.Now = g.Transfer.Expires }), nil, nil, 410},
		{"gift-over", presented(func(g *boxoffice.Gift) {
			g.Now = football().Event.Over
			g.Transfer.Expires = g.Now.Add(time.Hour)
		}), nil, nil, 410},
		{"gift-for-another", present(), accepting(), fault.RecipientMismatch, 422},
		{"gift-closed", present(), accepting(), &access.LimitError{Wait: 14*time.Minute + time.Second}, 429},
		{"gift-taken-back", present(), accepting(), fault.TokenNotAvailable, 409},
		{"gift-incomplete", present(), url.Values{"answer": {"accept"}, "first": {"Juan"}}, nil, 422},
		{"gift-declining", present(), url.Values{"answer": {"decline"}}, nil, 200},
		{"gift-no-answer", present(), url.Values{"answer": {"perhaps"}}, nil, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := knock(t, New(nil, &gifts{gift: tt.gift, err: tt.err}, addresses(t), Options{}), receivePath+transferID, tt.form)
			body := onceIn.ReplaceAllString(w.Body.String(), `name="once" value="ONCE"`)
			golden(t, tt.name, body)
			if w.Code != tt.status {
				t.Errorf("%s = %d, want %d", tt.name, w.Code, tt.status)
			}
			for _, secret := range []string{transferID, "999QK7ZB3M5XW8RTA", "9990123456789012", "3785222", "<svg", "Byron"} {
				if strings.Contains(body, secret) {
					t.Errorf("the page says %q", secret)
				}
			}
			for name, want := range map[string]string{
				"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Set-Cookie": "",
				"Retry-After": map[bool]string{true: "841"}[tt.status == 429],
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			forms := map[bool]string{true: "form-action 'self'", false: "form-action 'none'"}[strings.Contains(body, "<form")]
			if got := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; style-src 'self'; base-uri 'none'; ") || !strings.Contains(got, forms) {
				t.Errorf("Content-Security-Policy: %q, want %s", got, forms)
			}
		})
	}
}

// What does not exist looks the same to the byte, however wrong the address is.
func TestUnknownGiftsAreAlikeToTheByte(t *testing.T) {
	site := New(nil, &gifts{gift: present()}, addresses(t), Options{})
	var bodies []string
	for _, id := range []string{transferID[1:] + "X", transferID[1:], transferID + "0", "string", strings.Repeat("-", 32), strings.Repeat("%C3%A4", 16)} {
		for _, form := range []url.Values{nil, accepting(), {"answer": {"decline"}}} {
			w := knock(t, site, receivePath+id, form)
			if w.Code != 404 {
				t.Errorf("%s = %d, want 404", id, w.Code)
			}
			bodies = append(bodies, fmt.Sprint(w.Header(), w.Body))
		}
	}
	for _, body := range bodies {
		if body != bodies[0] {
			t.Errorf("an unknown transfer is\n%s\nand another\n%s", bodies[0], body)
		}
	}
	golden(t, "gift-unknown", knock(t, site, receivePath+transferID[1:], nil).Body.String())
}

// Whoever tries addresses out is held up, and does not learn which one was right.
func TestStrayVisitorsAreHeldUp(t *testing.T) {
	counted := map[string]int{}
	stray := func(from string, unknown int) error {
		if counted[from] += unknown; counted[from] > 2 {
			return &access.LimitError{Wait: time.Minute}
		}
		return nil
	}
	site := New(nil, &gifts{gift: present()}, addresses(t), Options{Stray: stray})
	at := func(remote string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = remote } }
	for n, step := range []struct {
		id, from string
		status   int
	}{
		{transferID, "[2001:db8::1]:99", 200},
		{"wrong", "[2001:db8::1]:99", 404},
		{"wrong", "[2001:db8::2]:99", 404}, // the same /64
		{"wrong", "[2001:db8::3]:99", 429},
		{transferID, "[2001:db8::4]:99", 429},
		{transferID, "192.0.2.7:99", 200},
		{transferID, "[2001:db8:0:1::1]:99", 200},
	} {
		if w := knock(t, site, receivePath+step.id, nil, at(step.from)); w.Code != step.status {
			t.Errorf("step %d: %s from %s = %d, want %d", n, step.id, step.from, w.Code, step.status)
		}
	}
}

func TestWhoAcceptsIsSentToTheirTickets(t *testing.T) {
	first, second := football(), football()
	second.Ticket.Seat, second.Ticket.Barcode = "8", "9990123456780000"
	office := &gifts{gift: present(), received: []boxoffice.TicketPage{first, second}}
	where := addresses(t)
	site := New(nil, office, where, Options{})
	var seen []string
	for range 2 {
		w := knock(t, site, receivePath+transferID, accepting())
		to := w.Header().Get("Location")
		if w.Code != 303 || !strings.HasPrefix(to, receivedPath) || strings.Contains(to, transferID) || strings.Contains(to, "T-1") {
			t.Fatalf("accept = %d to %q, want 303 to a sealed address", w.Code, to)
		}
		seen = append(seen, to)
	}
	if seen[0] == seen[1] {
		t.Errorf("the address is %s each time; want a fresh one", seen[0])
	}
	got := office.asked[0]
	want := boxoffice.Contact{FirstName: "Juan", LastName: "Ramirez", Emails: []boxoffice.Email{{Address: "juan@example.com"}}}
	if got.ID != transferID || fmt.Sprint(*got.Recipient) != fmt.Sprint(want) || got.Repeat.RequestID != accepting().Get("once") {
		t.Errorf("the office was asked for %+v", got)
	}
	if words := got.Repeat.Words(boxoffice.Giving{Refused: []boxoffice.Refusal{{}}}); words != nil {
		t.Errorf("a refusal is kept as %q, want nothing", words)
	}
	words := string(got.Repeat.Words(boxoffice.Giving{Transfer: office.gift.Transfer}))
	office.err = &boxoffice.Replay{Words: []byte(words)}
	if w := knock(t, site, receivePath+transferID, accepting()); w.Code != 303 || w.Header().Get("Location") != words {
		t.Errorf("the same form again = %d to %q, want 303 to %q", w.Code, w.Header().Get("Location"), words)
	}
	w := knock(t, site, words, nil)
	golden(t, "received", regexp.MustCompile(receivedPath+`[^/"]+`).ReplaceAllString(w.Body.String(), receivedPath+"SEALED"))
	for _, barcode := range []boxoffice.Barcode{first.Ticket.Barcode, second.Ticket.Barcode} {
		if !strings.Contains(w.Body.String(), "QR code of barcode "+string(barcode)) {
			t.Errorf("the page has no code of %s", barcode)
		}
	}
	if w := knock(t, site, words+"/2/ticket.pdf", nil); w.Code != 200 || w.Header().Get("Content-Type") != "application/pdf" {
		t.Errorf("the PDF of the second = %d %s", w.Code, w.Header().Get("Content-Type"))
	}
	options, _ := passHouse(t)
	carrying := New(nil, office, where, options)
	if w := knock(t, carrying, words+"/2/ticket.pkpass", nil); w.Code != 200 || w.Header().Get("Content-Type") != "application/vnd.apple.pkpass" {
		t.Errorf("the pass of the second = %d %s", w.Code, w.Header().Get("Content-Type"))
	}
	if shown := knock(t, carrying, words, nil).Body.String(); !strings.Contains(shown, `href="`+words+`/2/ticket.pkpass"`) {
		t.Errorf("the page does not offer the pass of the second:\n%s", shown)
	}
	for _, path := range []string{words + "/3/ticket.pdf", words + "/0/ticket.pdf", words + "/01/ticket.pdf", words + "x", receivedPath + "x", receivedPath + transferID} {
		if w := knock(t, site, path, nil); w.Code != 404 {
			t.Errorf("%s = %d, want 404", path, w.Code)
		}
	}
}

func TestMostOfManyTicketsAreOnlyListed(t *testing.T) {
	var many []boxoffice.TicketPage
	for range shownAtOnce + 2 {
		many = append(many, football())
	}
	many[shownAtOnce].ChangedHands = true
	where := addresses(t)
	w := knock(t, New(nil, &gifts{received: many}, where, Options{}), where.received("ONE/T-1"), nil)
	if n := strings.Count(w.Body.String(), "<svg"); n != shownAtOnce || !strings.Contains(w.Body.String(), "/32/ticket.pdf") || strings.Contains(w.Body.String(), "/31/ticket.pdf") {
		t.Errorf("of %d tickets, one of which went on, the page shows %d codes, want %d and a link to the last", len(many), n, shownAtOnce)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, site, origin string
		status             int
	}{
		{"its own form", "same-origin", "null", 303},
		{"its own form over plain http", "", "null", 303},
		{"a program", "", "", 303},
		{"another site's form", "cross-site", "https://evil.example", 403},
		{"another site's form in a frame", "cross-site", "null", 403},
		{"another site's form, in an old browser", "", "https://evil.example", 403},
	} {
		office := &gifts{gift: present()}
		w := knock(t, New(nil, office, addresses(t), Options{}), receivePath+transferID, accepting(), func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", tt.site)
			r.Header.Set("Origin", tt.origin)
			if tt.site == "" {
				r.Header.Del("Sec-Fetch-Site")
			}
			if tt.origin == "" {
				r.Header.Del("Origin")
			}
		})
		if w.Code != tt.status || (len(office.asked) == 1) != (tt.status == 303) {
			t.Errorf("%s = %d and %d acts, want %d", tt.name, w.Code, len(office.asked), tt.status)
		}
	}
}

func TestFormsThatCannotBeMeant(t *testing.T) {
	long := strings.Repeat("x", nameLimit+1)
	for name, change := range map[string]func(url.Values){
		"no mail address":       func(f url.Values) { f.Del("email") },
		"a blank name":          func(f url.Values) { f.Set("last", " \t") },
		"a name too long":       func(f url.Values) { f.Set("first", long) },
		"an address too long":   func(f url.Values) { f.Set("email", strings.Repeat("x", emailLimit)+"@example.com") },
		"text that is none":     func(f url.Values) { f.Set("first", "\xff") },
		"a form without end":    func(f url.Values) { f.Set("more", strings.Repeat("x", formLimit)) },
		"nothing to be known":   func(f url.Values) { f.Set("answer", "") },
		"an answer of nobody's": func(f url.Values) { f.Set("answer", "Accept") },
	} {
		form, office := accepting(), &gifts{gift: present()}
		change(form)
		w := knock(t, New(nil, office, addresses(t), Options{}), receivePath+transferID, form)
		if w.Code != 400 && w.Code != 422 || len(office.asked)+office.declined > 0 {
			t.Errorf("%s = %d and %d acts, want none", name, w.Code, len(office.asked)+office.declined)
		}
	}
}

func TestAnErrorOfTheOfficeIsNobodysFault(t *testing.T) {
	for err, status := range map[error]int{fault.Busy: 503, fault.EventClosed: 410, errors.New("disk on fire"): 500} {
		for _, answer := range []string{"accept", "decline"} {
			form := accepting()
			form.Set("answer", answer)
			if w := knock(t, New(nil, &gifts{gift: present(), err: err}, addresses(t), Options{}), receivePath+transferID, form); w.Code != status {
				t.Errorf("%s met by %v = %d, want %d", answer, err, w.Code, status)
			}
		}
	}
	// Somebody else was faster: the page tells what became of it.
	slow := &gifts{gift: present(), err: fault.TransferNotPending}
	site := New(nil, slower{slow}, addresses(t), Options{})
	if w := knock(t, site, receivePath+transferID, accepting()); w.Code != 409 || !strings.Contains(w.Body.String(), "have been accepted") {
		t.Errorf("accept after another = %d %s", w.Code, w.Body)
	}
}

// slower finds the transfer accepted when it is asked a second time.
type slower struct{ *gifts }

func (s slower) Receive(ctx context.Context, req boxoffice.AcceptRequest) (boxoffice.Transfer, error) {
	s.gift.Transfer.State = boxoffice.TransferAccepted
	return s.gifts.Receive(ctx, req)
}

func TestHostileGiftsAreText(t *testing.T) {
	const hostile = `"><script>alert(1)</script><img src=x onerror='alert(1)'>` + "\u202e"
	g := presented(func(g *boxoffice.Gift) {
		g.From, g.Organization.Name = hostile, hostile
		e := g.Events["999:F25:F01"]
		e.InternetName, e.FacilityName, e.Start = hostile, hostile, boxoffice.When{Date: hostile}
		g.Events[e.ID] = e
		g.Tickets[0].Section, g.Tickets[0].Row, g.Tickets[0].Seat = hostile, hostile, hostile
	})
	form := accepting()
	form.Set("first", hostile)
	form.Set("last", hostile)
	form.Set("email", hostile)
	w := knock(t, New(nil, &gifts{gift: g, err: fault.RecipientMismatch}, addresses(t), Options{}), receivePath+transferID, form)
	if body := w.Body.String(); w.Code != 422 || strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Count(body, "&lt;script&gt;") < 9 {
		t.Errorf("hostile names = %d %s", w.Code, body)
	}
}
