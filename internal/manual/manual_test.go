package manual

import (
	"compress/gzip"
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/api"
)

func fetch(method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	New().ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), method, target, nil))
	return w
}

func TestPathsOfTheManual(t *testing.T) {
	tests := []struct {
		method, target string
		status         int
		kind           string
	}{
		{"GET", "/docs", 200, "text/html; charset=utf-8"},
		{"HEAD", "/docs", 200, "text/html; charset=utf-8"},
		{"GET", "/docs/errors", 200, "text/html; charset=utf-8"},
		{"GET", "/docs/link.yaml", 200, "application/yaml"},
		{"GET", "/docs/errors.json", 200, "application/json"},
		{"GET", "/docs/redoc.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/docs/style.css", 200, "text/css; charset=utf-8"},
		{"GET", "/docs/examples/tickets-lock.207.json", 200, "application/json"},
		{"GET", "/docs/examples/", 404, "text/plain; charset=utf-8"},
		{"GET", "/docs/examples/no.json", 404, "text/plain; charset=utf-8"},
		{"PUT", "/docs/examples/tickets-lock.207.json", 405, "text/plain; charset=utf-8"},
		{"GET", "/docs/../docs", 404, "text/plain; charset=utf-8"},
		{"GET", "/docs/api.go", 404, "text/plain; charset=utf-8"},
		{"POST", "/docs", 405, "text/plain; charset=utf-8"},
		{"DELETE", "/docs/link.yaml", 405, "text/plain; charset=utf-8"},
	}
	for _, tt := range tests {
		w := fetch(tt.method, tt.target)
		if w.Code != tt.status || w.Header().Get("Content-Type") != tt.kind || (w.Header().Get("Allow") != "") != (tt.status == 405) {
			t.Errorf("%s %s = %d %v; want %d %s", tt.method, tt.target, w.Code, w.Header(), tt.status, tt.kind)
		}
		if got := w.Header().Get("Content-Security-Policy"); got != policy {
			t.Errorf("%s %s has the policy %q", tt.method, tt.target, got)
		}
	}
}

// The page is complete without scripts: every call, every error, and what is not
// built.
func TestThePagesHaveEveryCallAndErrorAsHTML(t *testing.T) {
	for _, target := range []string{"/docs", "/docs/errors"} {
		page := fetch("GET", target).Body.String()
		for _, c := range api.Calls() {
			if !strings.Contains(page, "<code>"+c.String()+"</code></td><td>"+c.Title) {
				t.Errorf("%s lacks %v", target, c)
			}
		}
		for _, e := range api.Errors() {
			if !strings.Contains(page, `<tr id="`+e.AppErrorCode+`">`) {
				t.Errorf("%s lacks %s", target, e.AppErrorCode)
			}
		}
		notice, _, found := strings.Cut(page, "</header>")
		if !found || strings.Contains(notice, "Not built yet") != (len(api.NotBuiltYet()) > 0) {
			t.Errorf("%s begins %s", target, notice)
		}
		for _, name := range api.NotBuiltYet() {
			if !strings.Contains(notice, "<code>"+name+"</code>") {
				t.Errorf("%s does not say that %s is not built", target, name)
			}
		}
	}
}

// Nothing of the page comes from elsewhere.
func TestThePagesAskNobodyElse(t *testing.T) {
	for _, target := range []string{"/docs", "/docs/errors", "/docs/style.css"} {
		if page := fetch("GET", target).Body.String(); strings.Contains(page, "//") {
			t.Errorf("%s names an address of others:\n%s", target, page)
		}
	}
	if strings.Contains(policy, "//") || strings.Contains(policy, "*") || !strings.HasPrefix(policy, "default-src 'none';") {
		t.Errorf("the policy lets others in: %s", policy)
	}
}

func TestAnswersAreCompressedAndRemembered(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/docs/redoc.js", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	New().ServeHTTP(w, r)
	const most = 400 << 10
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > most {
		t.Errorf("the script comes in %d bytes, %v", w.Body.Len(), w.Header())
	}
	reader, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil || !strings.Contains(string(text), "ReDoc") && !strings.Contains(string(text), "redoc") {
		t.Errorf("the script is %d bytes of something else, %v", len(text), err)
	}
	r = httptest.NewRequestWithContext(t.Context(), "GET", "/docs/link.yaml", nil)
	r.Header.Set("If-None-Match", fetch("GET", "/docs/link.yaml").Header().Get("ETag"))
	w = httptest.NewRecorder()
	New().ServeHTTP(w, r)
	if w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("link.yaml that the caller has = %d with %d bytes; want 304", w.Code, w.Body.Len())
	}
}
