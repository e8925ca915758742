package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// officeFunc is an Office made of one function.
type officeFunc func(ctx context.Context, id string) (boxoffice.TicketPage, error)

func (f officeFunc) Page(ctx context.Context, id string) (boxoffice.TicketPage, error) {
	return f(ctx, id)
}

// shows is an office that has one ticket behind every secret.
func shows(p boxoffice.TicketPage) Office {
	return officeFunc(func(context.Context, string) (boxoffice.TicketPage, error) { return p, nil })
}

func failing(err error) Office {
	return officeFunc(func(context.Context, string) (boxoffice.TicketPage, error) { return boxoffice.TicketPage{}, err })
}

const secret = "abcdefghijklmnopqrstuvwxyz234567"

// ask sends one request to a site over this office.
func ask(t *testing.T, office Office, method, target string, options Options) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody)
	r.URL.Path, r.RequestURI = target, target
	New(office, nil, Addresses{}, options).ServeHTTP(w, r)
	return w
}

func TestRoutesAnswerWithAPage(t *testing.T) {
	tests := []struct {
		name, method, target string
		office               Office
		status               int
		says                 string
	}{
		{"the start page", "GET", "/", nil, 200, "/v1"},
		{"a ticket", "GET", "/t/" + secret, shows(football()), 200, "Football vs. Ridgemont"},
		{"a secret nobody gave out", "GET", "/t/" + secret, failing(fault.DocumentUnknown), 404, "no ticket at this address"},
		{"a secret that lost its end", "GET", "/t/" + secret[1:], nil, 404, "no ticket at this address"},
		{"a secret with a full stop behind it", "GET", "/t/" + secret + ".", nil, 404, "no ticket at this address"},
		{"a secret in capitals", "GET", "/t/" + strings.ToUpper(secret), nil, 404, "no ticket at this address"},
		{"a secret as long in bytes and not in letters", "GET", "/t/" + strings.Repeat("ä", 16), nil, 404, "no ticket at this address"},
		{"a PDF of a secret that lost its end", "GET", "/t/" + secret[1:] + "/ticket.pdf", nil, 404, "no ticket at this address"},
		{"a PDF sent to", "POST", "/t/" + secret + "/ticket.pdf", nil, 405, "can only be read"},
		{"another file of a ticket", "GET", "/t/" + secret + "/ticket.png", nil, 404, "nothing at this address"},
		{"something below a ticket", "GET", "/t/" + secret + "/pdf", nil, 404, "nothing at this address"},
		{"no secret", "GET", "/t/", nil, 404, "nothing at this address"},
		{"another path", "GET", "/admin", nil, 404, "nothing at this address"},
		{"a path with dots", "GET", "/t/../t/" + secret, nil, 404, "nothing at this address"},
		{"a path with two slashes", "GET", "//t/" + secret, nil, 404, "nothing at this address"},
		{"another stylesheet", "GET", "/assets/0000000000000000.css", nil, 404, "nothing at this address"},
		{"a ticket sent to", "POST", "/t/" + secret, nil, 405, "can only be read"},
		{"the start page deleted", "DELETE", "/", nil, 405, "can only be read"},
		{"the stylesheet put", "PUT", stylePath, nil, 405, "can only be read"},
		{"the database away", "GET", "/t/" + secret, failing(fault.Busy), 503, "busy"},
		{"the server stopping", "GET", "/t/" + secret, failing(fault.Stopping), 503, "busy"},
		{"an error nobody classified", "GET", "/t/" + secret, failing(errors.New("disk on fire")), 500, "Something went wrong"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.office == nil {
				tt.office = officeFunc(func(_ context.Context, id string) (boxoffice.TicketPage, error) {
					t.Errorf("%s %s reached the office", tt.method, tt.target)
					return boxoffice.TicketPage{}, fault.DocumentUnknown
				})
			}
			w := ask(t, tt.office, tt.method, tt.target, Options{})
			if body := w.Body.String(); w.Code != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("%s %s = %d %s, want %d and %q", tt.method, tt.target, w.Code, body, tt.status, tt.says)
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
				"Referrer-Policy":         "no-referrer",
				"X-Content-Type-Options":  "nosniff",
				"X-Robots-Tag":            "noindex",
				"Cache-Control":           "no-store",
				"Content-Type":            "text/html; charset=utf-8",
				"Location":                "",
				"Set-Cookie":              "",
				"Retry-After":             map[bool]string{true: "5"}[tt.status == 503],
				"Allow":                   map[bool]string{true: "GET, HEAD"}[tt.status == 405],
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s %s has %s: %q, want %q", tt.method, tt.target, name, got, want)
				}
			}
		})
	}
}

func TestTheOfficeIsAskedByHashAlone(t *testing.T) {
	var asked string
	ask(t, officeFunc(func(_ context.Context, id string) (boxoffice.TicketPage, error) {
		asked = id
		return football(), nil
	}), "GET", "/t/"+secret, Options{})
	if asked != pageID(secret) || strings.Contains(asked, secret) {
		t.Errorf("the office was asked for %q, want %q", asked, pageID(secret))
	}
}

func TestHeadHasTheHeadersOfGet(t *testing.T) {
	server := httptest.NewServer(New(shows(football()), nil, Addresses{}, Options{}))
	defer server.Close()
	answers := map[string]*http.Response{}
	for _, method := range []string{"GET", "HEAD"} {
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/t/"+secret, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || (len(body) == 0) != (method == "HEAD") {
			t.Errorf("%s has a body of %d bytes, %v", method, len(body), err)
		}
		answers[method] = res
	}
	for name := range answers["GET"].Header {
		if get, head := answers["GET"].Header.Get(name), answers["HEAD"].Header.Get(name); name != "Date" && get != head {
			t.Errorf("HEAD has %s: %q, GET %q", name, head, get)
		}
	}
}

func TestTheStylesheetIsKeptForGood(t *testing.T) {
	w := ask(t, nil, "GET", stylePath, Options{})
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
		w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || !strings.Contains(w.Body.String(), ".ticket") {
		t.Errorf("GET %s = %d %v", stylePath, w.Code, w.Header())
	}
}

// The log tells of failures what a developer needs, and nothing by which
// somebody could open the page or know its patron.
func TestTheLogHasNoSecretAndNoPerson(t *testing.T) {
	var log bytes.Buffer
	options := Options{Log: slog.New(slog.NewJSONHandler(&log, nil))}
	ask(t, failing(errors.New("disk on fire")), "GET", "/t/"+secret, options)
	if text := log.String(); !strings.Contains(text, "disk on fire") || !strings.Contains(text, `"GET /t/{key}"`) || strings.Contains(text, secret) {
		t.Errorf("after a failure the log has %s", text)
	}
	log.Reset()
	ask(t, shows(football()), "GET", "/t/"+secret, options)
	ask(t, failing(fault.DocumentUnknown), "GET", "/t/"+secret, options)
	ask(t, failing(fault.Busy), "GET", "/t/"+secret, options)
	if log.Len() > 0 {
		t.Errorf("without a failure the log has %s", &log)
	}
}

// Time in the bubble is simulated: the test itself takes none.
func TestAnOfficeThatDoesNotAnswerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w := ask(t, officeFunc(func(ctx context.Context, _ string) (boxoffice.TicketPage, error) {
			<-ctx.Done()
			return boxoffice.TicketPage{}, ctx.Err()
		}), "GET", "/t/"+secret, Options{})
		if waited := time.Since(start); w.Code != 503 || waited != patience {
			t.Errorf("an office that hangs = %d after %v, want 503 after %v", w.Code, waited, patience)
		}
	})
}
