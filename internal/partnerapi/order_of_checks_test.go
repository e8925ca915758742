package partnerapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A knock is a request with the state of the house it comes to.
type knock struct {
	r      *http.Request
	body   string
	desk   fakeDesk
	office error // of the office
	full   bool  // reads are at their bound
}

// A check is one thing that is looked at. Wrong makes it fail; checks of one kind
// make the same part of the request fail, so only one of them can at a time.
type check struct {
	name, kind string
	wrong      func(k *knock)
	status     int
	code       string
}

func setHeader(name string, values ...string) func(*knock) {
	return func(k *knock) { k.r.Header[http.CanonicalHeaderKey(name)] = values }
}

func setBody(body string) func(*knock) { return func(k *knock) { k.body = body } }

func setOffice(err error) func(*knock) { return func(k *knock) { k.office = err } }

// checksInOrder are those of reliability.md §3.1, in their order.
var checksInOrder = []check{
	{"header too large", "size", setHeader("X-Large", strings.Repeat("x", maxHeader)), 431, "TOO_LARGE"},
	{"URI too long", "uri", func(k *knock) { k.r.RequestURI += strings.Repeat("x", maxURI) }, 414, "TOO_LARGE"},
	{"body too large", "length", func(k *knock) { k.r.ContentLength = maxBody + 1 }, 413, "TOO_LARGE"},
	{"unknown path", "path", func(k *knock) { k.r.URL.Path = "/v1/tickets" }, 404, "PATH_UNKNOWN"},
	{"wrong method", "method", func(k *knock) { k.r.Method = http.MethodDelete }, 405, "METHOD_NOT_ALLOWED"},
	{"security header twice", "channel", setHeader("PAC-Channel-Code", goodChan, goodChan), 400, "HEADER_DUPLICATE"},
	{"no access token", "token", setHeader("Authorization"), 401, "AUTH_REQUIRED"},
	{"expired access token", "token", setHeader("Authorization", "Bearer access-old"), 401, "TOKEN_EXPIRED"},
	{"unknown key", "key", setHeader("PAC-API-Key", "no"), 401, "KEY_INVALID"},
	{"channel of another", "channel", setHeader("PAC-Channel-Code", "other"), 403, "NOT_PERMITTED"},
	{"too many requests", "rate", func(k *knock) { k.desk.pace = &access.LimitError{Wait: time.Second} }, 429, "RATE_LIMITED"},
	{"too many reads", "load", func(k *knock) { k.full = true }, 503, "UNAVAILABLE"},
	{"Accept without JSON", "accept", setHeader("Accept", "text/html"), 406, "NOT_ACCEPTABLE"},
	{"Content-Type of a form", "type", setHeader("Content-Type", "text/plain"), 415, "MEDIA_TYPE_UNSUPPORTED"},
	{"Content-Encoding", "encoding", setHeader("Content-Encoding", "gzip"), 415, "ENCODING_UNSUPPORTED"},
	{"no JSON", "body", setBody(`{"tickets":`), 400, "BAD_REQUEST"},
	{"a field missing", "body", setBody(`{"tickets":[{}]}`), 400, "FIELD_REQUIRED"},
	{"too many guesses", "guesses", func(k *knock) {
		k.desk.guess = func(int) error { return &access.LimitError{Wait: time.Second} }
	}, 429, "RATE_LIMITED"},
	{"organization not granted", "office", setOffice(fault.NotPermitted), 403, "NOT_PERMITTED"},
	{"unknown object", "office", setOffice(fault.ListingUnknown), 404, "LISTING_NOT_FOUND"},
	{"state against it", "office", setOffice(fault.NothingDone), 422, "NOTHING_DONE"},
}

// answer sends a request that has these things wrong.
func (checks pair) answer(t *testing.T) (status int, code string, asked bool) {
	t.Helper()
	const body = `{"tickets":[{"accessId":"999:F23:F01","barcodes":["1"]}]}`
	k := &knock{r: request("POST", "/v1/tickets/verify", body), body: body}
	for _, c := range checks {
		length := len(k.body)
		c.wrong(k)
		if len(k.body) != length && k.r.ContentLength == int64(length) {
			k.r.ContentLength = int64(len(k.body))
		}
	}
	k.r.Body = io.NopCloser(strings.NewReader(k.body))
	a := &api{desk: k.desk, log: discard(), reads: newShed(1, 0), office: officeFunc(func(any) (any, error) {
		asked = true
		return []boxoffice.Verified{}, k.office
	})}
	if k.full {
		if err := a.reads.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	a.observe(a.limit(a.mux())).ServeHTTP(w, k.r)
	var got errorResponse
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%d %q: %v", w.Code, w.Body, err)
	}
	return w.Code, got.Error.AppErrorCode, asked
}

type pair []check

// Each pair of checks: a request that is wrong in both ways gets the answer of
// the earlier one.
func TestTheEarlierCheckDecides(t *testing.T) {
	pairs := 0
	for i, earlier := range checksInOrder {
		status, code, asked := pair{earlier}.answer(t)
		if status != earlier.status || code != earlier.code || asked != (earlier.kind == "office") {
			t.Errorf("%s alone = %d %s, the office was asked: %v; want %d %s", earlier.name, status, code, asked, earlier.status, earlier.code)
		}
		for _, later := range checksInOrder[i+1:] {
			if earlier.kind == later.kind {
				continue
			}
			pairs++
			for _, both := range []pair{{earlier, later}, {later, earlier}} {
				if status, code, _ := both.answer(t); status != earlier.status || code != earlier.code {
					t.Errorf("%s and %s = %d %s; want %d %s of the former", earlier.name, later.name, status, code, earlier.status, earlier.code)
				}
			}
		}
	}
	if want := 204; pairs != want { // of 21 checks, less those of one kind
		t.Errorf("%d pairs were tried; want %d", pairs, want)
	}
	if status, _, _ := (pair{}).answer(t); status != 200 {
		t.Errorf("with nothing wrong = %d; want 200", status)
	}
}

func TestHeaderSize(t *testing.T) {
	r := request("GET", "/v1/listings/A3qnemZ", "")
	for _, tt := range []struct{ size, status int }{{maxHeader, 200}, {maxHeader + 1, 431}} {
		r.Header.Del("X-Large")
		rest := tt.size - headerSize(r.Header) - len("X-Large: \r\n")
		r.Header.Set("X-Large", strings.Repeat("x", rest))
		w := do(answers(nil, nil), r)
		if w.Code != tt.status {
			t.Errorf("a header of %d bytes = %d; want %d", tt.size, w.Code, tt.status)
		}
		if shut := w.Header().Get("Connection"); (shut == "close") != (tt.status == 431) {
			t.Errorf("a header of %d bytes: Connection %q", tt.size, shut)
		}
	}
	var b strings.Builder
	_ = http.Header{"A": {"b", "cd"}}.Write(&b)
	if got := headerSize(http.Header{"A": {"b", "cd"}}); got != b.Len() {
		t.Errorf("headerSize = %d; on the wire it is %d: %q", got, b.Len(), b.String())
	}
}
