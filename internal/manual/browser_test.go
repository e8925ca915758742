package manual

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/api"
)

// A witness notes who was asked for what.
type witness struct {
	mu   sync.Mutex
	seen []string
}

func (w *witness) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, what)
}

// Ensure that a browser shows the whole contract under our policy, and asks this
// server alone: every other host is behind a proxy that only takes notes.
func TestABrowserShowsTheContractAndAsksNobodyElse(t *testing.T) {
	var asked, elsewhere witness
	docs := New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.note(r.URL.Path)
		docs.ServeHTTP(w, r)
	}))
	defer server.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.note(r.Host)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()

	const patience = 2 * time.Minute // a machine at its limits is slow to draw
	ctx, done := context.WithTimeout(t.Context(), patience)
	defer done()
	dom, err := exec.CommandContext(ctx, browser(t),
		"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--user-data-dir="+t.TempDir(), "--proxy-server="+proxy.Listener.Addr().String(),
		"--virtual-time-budget=60000", "--dump-dom", server.URL+Root).Output()
	if err != nil {
		t.Fatalf("Chromium: %v", err)
	}
	for _, c := range api.Calls() {
		if !strings.Contains(string(dom), `">`+c.Title+"<") {
			t.Errorf("the page does not show %v, %q", c, c.Title)
		}
	}
	if got := strings.Join(asked.seen, " "); !strings.Contains(got, "/docs/link.yaml") || !strings.Contains(got, "/docs/examples/tickets-lock.200.json") {
		t.Errorf("the browser asked for %s; want the document and its examples", got)
	}
	for _, path := range asked.seen {
		if !strings.HasPrefix(path, Root) && path != "/favicon.ico" {
			t.Errorf("the page asked for %s", path)
		}
	}
	for _, host := range elsewhere.seen {
		if !itsMakers(host) {
			t.Errorf("the page asked %s", host)
		}
	}
}

// itsMakers reports whether a browser asks a host for itself, page or no page.
func itsMakers(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if strings.HasPrefix(name, "fonts.") || strings.HasPrefix(name, "ajax.") {
		return false // what pages ask for
	}
	for _, domain := range []string{".google.com", ".googleapis.com", ".gvt1.com", ".gstatic.com"} {
		if strings.HasSuffix(name, domain) {
			return true
		}
	}
	return !strings.Contains(name, ".") // a word that it makes up to see whether the network answers everything
}

// browser is a Chromium; make test installs one where it may.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("Chromium is missing: apt-get install chromium")
	return ""
}
