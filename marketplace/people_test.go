package marketplace_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/marketplace"
)

// A market is a marketplace that runs until its test ends it.
type market struct {
	*httptest.Server

	t    *testing.T
	stop func()
}

func open(t *testing.T, o marketplace.Options) *market {
	t.Helper()
	m, err := marketplace.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { _ = m.Run(ctx); close(ended) }()
	s := &market{Server: httptest.NewServer(m.Handler()), t: t}
	s.stop = func() { s.Close(); cancel(); <-ended }
	t.Cleanup(func() { s.stop() })
	return s
}

func begin(t *testing.T, v *fakeVenue) *market {
	t.Helper()
	return open(t, v.options(t, filepath.Join(t.TempDir(), "market.json")))
}

// A person is a browser with cookies of its own.
type person struct {
	t    *testing.T
	http *http.Client
	base string
}

func (m *market) person() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		m.t.Fatal(err)
	}
	return &person{m.t, &http.Client{Jar: jar}, m.URL}
}

// A shown page is what somebody sees.
type shown struct {
	status int
	at     string
	text   string
}

func (p *person) get(path string) shown {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+path, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.do(request)
}

func (p *person) post(path string, form url.Values) shown {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(request)
}

func (p *person) do(request *http.Request) shown {
	p.t.Helper()
	answer, err := p.http.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return shown{answer.StatusCode, answer.Request.URL.RequestURI(), string(text)}
}

// want fails the test unless a page has this status and says all of these.
func (s shown) want(t *testing.T, status int, texts ...string) shown {
	t.Helper()
	if s.status != status {
		t.Fatalf("%s = %d, want %d\n%s", s.at, s.status, status, s.text)
	}
	for _, text := range texts {
		if !strings.Contains(s.text, text) {
			t.Fatalf("%s does not say %q:\n%s", s.at, text, s.text)
		}
	}
	return s
}

func (s shown) lacks(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(s.text, text) {
			t.Errorf("%s says %q:\n%s", s.at, text, s.text)
		}
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// form is what the page's own form would send.
func (s shown) form(more ...string) url.Values {
	form := url.Values{}
	for _, field := range hidden.FindAllStringSubmatch(s.text, -1) {
		form.Add(field[1], field[2])
	}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

var ticketBox = regexp.MustCompile(`name="ticket" value="([^"]+)"`)

// tickets are the offers that can be chosen on an event's page.
func (s shown) tickets() (ids []string) {
	for _, found := range ticketBox.FindAllStringSubmatch(s.text, -1) {
		ids = append(ids, found[1])
	}
	return ids
}

const footballPath = "/event/999:F23:F01"

// sells puts seats on sale that came with a listing: token, price, token, price…
func (p *person) sells(prices ...string) shown {
	p.t.Helper()
	form := p.get("/sell?listingId=A3qnemZ").want(p.t, 200).form()
	for i := 0; i+1 < len(prices); i += 2 {
		form.Set("price."+prices[i], prices[i+1])
	}
	return p.post("/sell", form)
}

func ada(form url.Values) url.Values {
	for name, value := range map[string]string{
		"first": "Ada", "last": "Example", "email": "ada@example.com", "street": "1 Main Street", "city": "Springfield", "postcode": "12345", "country": "US",
	} {
		if !form.Has(name) {
			form.Set(name, value)
		}
	}
	return form
}

// chooses goes to the checkout with all that an event has.
func (p *person) chooses(event string) shown {
	p.t.Helper()
	return p.get("/checkout?" + url.Values{"ticket": p.get(event).tickets()}.Encode())
}

// buys buys all that an event has.
func (p *person) buys(more ...string) shown {
	p.t.Helper()
	return p.post("/checkout", ada(p.chooses(footballPath).want(p.t, 200).form(more...)))
}

// await asks for a page until it says something.
func (p *person) await(path, text string) (page shown) {
	p.t.Helper()
	until(p.t, path+" says "+text, func() bool {
		page = p.get(path)
		return strings.Contains(page.text, text)
	})
	return page
}

// until looks again and again until something is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	const patience = 30 * time.Second // what is waited for takes a second
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("it is never so that %s", what)
		}
	}
}
