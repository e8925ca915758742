package partnerapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// spoken fails the test unless an answer is one that the contract knows: no
// redirect, no failure of ours, JSON.
func spoken(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code/100 == 3 || w.Code/100 == 5 || w.Header().Get("Content-Type") != "application/json" || !json.Valid(w.Body.Bytes()) {
		t.Errorf("answered %d %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
}

// Ensure that of all headers only the good ones let anybody in, and that no
// header breaks the door or comes back as it should not.
func FuzzHeaders(f *testing.F) {
	f.Add("Bearer "+goodToken, goodApp, goodKey, goodChan, "support case #7", "*/*", "application/json; charset=utf-8", "identity")
	f.Add("bearer access-old", goodApp, goodKey, goodChan, "", "application/json;q=0, text/*", "text/plain", "gzip")
	f.Add("Bearer Bearer "+goodToken, goodApp+"\x00", " "+goodKey, "", strings.Repeat("x", 129), ";;;", ";", "gzip, br")
	f.Add("Bearer "+goodToken+", Basic dGVzdA==", "a\r\nX: y", "é", "\u2028", "a\r\nSet-Cookie: x", "*;q=.2", "\"", "\x1b[31m")
	f.Fuzz(func(t *testing.T, authorization, app, key, channel, id, accept, kind, coding string) {
		asked := false
		office := officeFunc(func(any) (any, error) {
			asked = true
			return boxoffice.Unlocking{}, nil
		})
		r := request("PUT", "/v1/tickets/unlock", unlockBody)
		for name, value := range map[string]string{
			"Authorization": authorization, "Pac-Application-Id": app, "Pac-Api-Key": key, "Pac-Channel-Code": channel,
			"Request-Id": id, "Accept": accept, "Content-Type": kind, "Content-Encoding": coding,
		} {
			r.Header[name] = []string{value}
		}
		w := do(office, r)
		spoken(t, w)
		good := strings.EqualFold(authorization, "Bearer "+goodToken) && strings.HasSuffix(authorization, " "+goodToken) &&
			app == goodApp && key == goodKey && channel == goodChan
		if asked && !good {
			t.Errorf("%q, %q, %q, %q were let in", authorization, app, key, channel)
		}
		if good && (w.Code == 401 || w.Code == 403) {
			t.Errorf("the good headers are answered %d", w.Code)
		}
		echo := w.Header().Get("Request-ID")
		if echo == "" || len(echo) > maxRequestID || !printable(echo) || echo != strings.TrimSpace(echo) {
			t.Errorf("Request-ID %q came back as %q", id, echo)
		}
	})
}

// Ensure that a path, raw or escaped, leads to one place: to a route that has its
// very segments, with its id unescaped once, or nowhere.
func FuzzPaths(f *testing.F) {
	for _, seed := range []string{
		"/v1/listings/A3qnemZ", "/v1/listings/%41%2fB", "/v1/listings/..%2f..", "/v1//listings/x", "/v1/listings/%00", "/v1/listings/a%252fb",
		"/v1/cart/complete-order/3785222-AMTX:10237", "/V1/listings/x", "/v1/%6cistings/x", "/v1/listings/x;y=1", "/v1/listings/x?y#z",
		"http://other.example.com/v1/listings/x", "*", "/v1/listings/é", "/v1/listings/.", "/v1/listings/%2e%2e", "//v1/listings/x", "/v1/listings/x%",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: seatlink\r\n\r\n")))
		if err != nil {
			return // net/http says so itself
		}
		r.Header = request("GET", "/v1/catalog/events", "").Header
		var (
			asked    string
			segments = 3 // of the route
			unknown  = fault.OrganizationUnknown
		)
		office := officeFunc(func(what any) (any, error) {
			switch id := what.(type) {
			case boxoffice.ListingID:
				asked, unknown = "/v1/listings/"+string(id), fault.ListingUnknown
			case boxoffice.ProcessID:
				asked, segments, unknown = "/v1/cart/complete-order/"+string(id), 4, fault.ProcessUnknown
			default:
				asked = "/v1/catalog/events"
			}
			return nil, unknown
		})
		spoken(t, do(office, r))
		if asked == "" {
			return
		}
		// A slash within an id is escaped, so the raw path has the route's segments.
		if raw := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/"); len(raw) != segments {
			t.Errorf("%q was taken for %q", target, asked)
		}
		if r.URL.Path != asked || strings.ContainsRune(asked, 0) || len(asked) > len("/v1/cart/complete-order/")+maxID {
			t.Errorf("%q was taken for %q", target, asked)
		}
	})
}

// Ensure the catalog's query is a day of the calendar and codes, or refused.
func FuzzCatalogQuery(f *testing.F) {
	for _, seed := range []string{"startDate=2023-02-28", "startDate=2023-02-30&x", "seasonCode=F23&facilityCode=A%2eB", "seasonCode=%zz", "a;b", "startDate=&startDate="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := catalogQuery(raw)
		if err == nil {
			err = first(checkCode(q.Season, "seasonCode"), checkCode(q.Facility, "facilityCode"))
		}
		if err != nil {
			if fault.Of(err) == nil {
				t.Errorf("an error without a reason: %v", err)
			}
			return
		}
		if len(q.Season) > maxCode || len(q.Facility) > maxCode || strings.Trim(q.Season+q.Facility, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			t.Errorf("got through: %+v", q)
		}
		if day, err := time.Parse(time.DateOnly, q.From); q.From != "" && (err != nil || day.Format(time.DateOnly) != q.From) {
			t.Errorf("the day %q got through", q.From)
		}
	})
}

// errDialed ends an attempt of net/http that has come as far as dialing.
var errDialed = errors.New("dialed")

// dialed is where net/http would connect to for a URL, "" when it would not.
func dialed(t *testing.T, raw string) (address string, secure bool) {
	t.Helper()
	transport := &http.Transport{
		DialContext: func(_ context.Context, _, to string) (net.Conn, error) {
			address = to
			return nil, errDialed
		},
		DialTLSContext: func(_ context.Context, _, to string) (net.Conn, error) {
			address, secure = to, true
			return nil, errDialed
		},
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, raw, http.NoBody)
	if err != nil {
		return "", false
	}
	response, err := (&http.Client{Transport: transport}).Do(r)
	if err == nil {
		_ = response.Body.Close()
		t.Errorf("%q was answered by nobody", raw)
	}
	return address, secure
}

// Ensure a callback goes where its check believed: net/http dials, by TLS, the
// very name that was judged, and never an address in any spelling.
func FuzzCallbackIsDialedAsJudged(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/", "https://EXAMPLE.com:8443/x", "https://example.com.:443", "https://example.com\\@127.0.0.1/", "https://127.1/", "https://0x7f.1",
		"https://[::ffff:7f00:1]/", "https://example.com:0443/", "https://example.com:/", "https://exa%6dple.com/", "https://①②⑦.⓪.⓪.①/", "https://a_b.example/",
		"https://localhost%00.example.com/", "https://example.com#@127.0.0.1/", "https://example.com?@127.0.0.1/", "https:\\\\127.0.0.1", "https://xn--0ca.example",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, judged, err := callbackURL(raw, access.Principal{})
		if err != nil || got == "" {
			return
		}
		address, secure := dialed(t, got)
		if address == "" {
			return // net/http finds more wrong with it: nothing is sent
		}
		host, _, err := net.SplitHostPort(address)
		name := strings.TrimSuffix(strings.ToLower(host), ".")
		if err != nil || !secure || name != judged || !hostName(name) || net.ParseIP(name) != nil || loopback(name) {
			t.Errorf("callbackURL(%q) judged %q, and net/http dials %q, by TLS: %v", raw, judged, address, secure)
		}
	})
}
