package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// A row is one line of the matrix of bad input (reliability.md §3.2 and §3.3):
// what is asked, and what must be answered. Whatever is not a success leaves the
// state of the whole installation as it was; so does a success that says so.
type row struct {
	name         string
	by           *caller // nil is the first
	method, path string
	body         any // nil sends none, a string is sent as it is
	with         map[string][]string
	given        func(t *testing.T) // brings the case about, before the state is looked at

	status  int
	err     string // of the error object "TYPE CODE", of auth the one word
	errors  string // codes of the single failures, in order
	changes bool   // the state
	check   func(t *testing.T, body []byte)
}

// matrix are the rows, call by call; each list is made when its turn comes, for
// what it needs is in the database then.
var matrix = []struct {
	call string
	rows func(tb testing.TB, s *stage) []row
}{
	{"every call", everyCallRows},
	{"auth token", authRows},
	{"catalog events", catalogRows},
	{"listings", listingRows},
	{"tickets lock", lockRows},
	{"tickets unlock", unlockRows},
	{"cart complete-order", completeRows},
	{"cart complete-order status", statusRows},
	{"tickets verify", verifyRows},
	{"tickets print", printRows},
	{"orders under review", pendingRows},
	{"tickets transfer by seats", seatFormRows},
	{"tickets transfer by tokens", tokenFormRows},
	{"tickets transfer cancel and history", cancelRows},
	{"tickets transfer accept", acceptRows},
	{"tickets transfer processes", processRows},
	{"the feed", feedRows},
	{"the feed's snapshot", snapshotRows},
}

func TestTheMatrixOfBadInput(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			s := startStage(t, database.open(t))
			n := 0
			for _, part := range matrix {
				t.Run(part.call, func(t *testing.T) {
					for _, r := range part.rows(t, s) {
						n++
						t.Run(r.name, func(t *testing.T) { s.judge(t, r) })
					}
				})
			}
			t.Logf("%d rows", n)
		})
	}
}

// mayChange are the tables that a refusal may change: reuse revokes a family; a wrong
// recipient is counted; and a transfer that is found overdue expires at once.
var mayChange = map[string][]string{
	"invalid_grant":                    {"family"},
	"BAD_REQUEST RECIPIENT_MISMATCH":   {"transfer"},
	"BAD_REQUEST TRANSFER_NOT_PENDING": {"journal", "ticket", "transfer", "transfer_step"},
}

// judge sends the request of a row, and checks the answer and the state.
func (s *stage) judge(t *testing.T, r row) {
	t.Helper()
	if r.given != nil {
		r.given(t)
	}
	before := stateOf(t, s.books, s.db)
	id := requestID()
	got, body := s.send(t, r, id)
	changed := before.changed(stateOf(t, s.books, s.db))

	call := fmt.Sprintf("%s %.100s", r.method, r.path)
	if got.status != r.status {
		t.Fatalf("%s = %d; want %d\n%s", call, got.status, r.status, body)
	}
	if got.status/100 == 2 {
		// Of a success the answer itself is kept, for a repeat by this Request-ID. A
		// refusal leaves none, and there it counts.
		changed = slices.DeleteFunc(changed, func(table string) bool { return table == "answer" })
	}
	if said := errorIn(t, r, body); said != r.err {
		t.Errorf("%s is refused as %q; want %q", call, said, r.err)
	}
	if said := errorsIn(body); said != r.errors {
		t.Errorf("%s has errors %q; want %q\n%s", call, said, r.errors, body)
	}
	switch {
	case len(changed) > 0 && !r.changes:
		t.Errorf("%s = %d and changed %v", call, got.status, changed)
	case len(changed) == 0 && r.changes:
		t.Errorf("%s = %d and changed nothing", call, got.status)
	}
	if r.changes && r.status/100 != 2 {
		if may := mayChange[r.err]; !slices.Equal(changed, may) {
			t.Errorf("%s = %d and changed %v; it may change %v", call, got.status, changed, may)
		}
	}
	checkHeaders(t, call, r, id, got)
	if r.check != nil {
		r.check(t, body)
	}
}

// checkHeaders checks the headers that follow from the answer, both ways.
func checkHeaders(t *testing.T, call string, r row, id string, got reply) {
	t.Helper()
	want := map[string]string{"Content-Type": "application/json", "Request-ID": id}
	if _, own := r.with["Request-ID"]; own {
		delete(want, "Request-ID")
	}
	for _, only := range []string{"WWW-Authenticate", "Allow", "Retry-After", "Cache-Control", "Content-Encoding"} {
		want[only] = ""
	}
	switch r.err {
	case "UNAUTHORIZED AUTH_REQUIRED":
		want["WWW-Authenticate"] = "Bearer"
	case "UNAUTHORIZED TOKEN_EXPIRED", "UNAUTHORIZED TOKEN_REVOKED":
		want["WWW-Authenticate"] = `Bearer error="invalid_token"`
	case "METHOD_NOT_ALLOWED METHOD_NOT_ALLOWED", "method_not_allowed":
		delete(want, "Allow")
		if got.header.Get("Allow") == "" {
			t.Errorf("%s = 405 without Allow", call)
		}
	}
	if r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable {
		delete(want, "Retry-After")
		if strings.Trim(got.header.Get("Retry-After"), "0123456789") != "" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s = %d with Retry-After %q; want seconds", call, r.status, got.header.Get("Retry-After"))
		}
	}
	if strings.HasPrefix(r.path, "/v1/auth/token") {
		want["Cache-Control"] = "no-store"
	}
	for name, value := range want {
		if got.header.Get(name) != value {
			t.Errorf("%s = %d with %s %q; want %q", call, r.status, name, got.header.Get(name), value)
		}
	}
	closes := slices.Contains([]int{408, 413, 414, 431}, r.status)
	if got.closes != closes {
		t.Errorf("%s = %d closes the connection: %v; want %v", call, r.status, got.closes, closes)
	}
}

// errorIn is the error of an answer, "" for none.
func errorIn(t *testing.T, r row, body []byte) string {
	t.Helper()
	var answer struct{ Error json.RawMessage }
	if r.status == http.StatusOK && bytes.HasPrefix(body, []byte("[")) || r.method == http.MethodHead {
		return ""
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("the answer is no JSON object: %v\n%s", err, body)
	}
	if len(answer.Error) == 0 {
		return ""
	}
	var word string
	if json.Unmarshal(answer.Error, &word) == nil {
		return word
	}
	var object struct{ Type, DeveloperMessage, AppErrorCode string }
	if err := json.Unmarshal(answer.Error, &object); err != nil || object.DeveloperMessage == "" {
		t.Fatalf("the error says nothing to a developer: %s", body)
	}
	return object.Type + " " + object.AppErrorCode
}

// errorsIn are the codes of single failures, in verify those of its groups.
func errorsIn(body []byte) string {
	var answer struct {
		Errors []failed
		Tokens []struct{ Errors []failed }
	}
	_ = json.Unmarshal(body, &answer) // the catalog answers a list, which has none
	for _, group := range answer.Tokens {
		answer.Errors = append(answer.Errors, group.Errors...)
	}
	var codes []string
	for _, e := range answer.Errors {
		codes = append(codes, e.AppErrorCode)
	}
	return strings.Join(codes, " ")
}

// A reply is an answer but for its body.
type reply struct {
	status int
	header http.Header
	closes bool // the connection
}

// send sends the request of a row.
func (s *stage) send(tb testing.TB, r row, id string) (reply, []byte) {
	tb.Helper()
	by := r.by
	if by == nil {
		by = s.first
	}
	var from io.Reader = http.NoBody
	switch body := r.body.(type) {
	case nil:
	case string:
		from = strings.NewReader(body)
	case []byte:
		from = bytes.NewReader(body)
	default:
		from = bytes.NewReader(encode(body))
	}
	request, err := http.NewRequestWithContext(tb.Context(), r.method, s.url+r.path, from)
	if err != nil {
		tb.Fatal(err)
	}
	maps.Copy(request.Header, by.headers(r.path, id))
	through := by.http
	if strings.HasPrefix(r.path, "/v1/auth") {
		through = somewhere(tb)
	}
	for name, values := range r.with {
		request.Header[http.CanonicalHeaderKey(name)] = values
		if len(values) == 0 {
			request.Header.Del(name)
		}
	}
	response, err := through.Do(request)
	if err != nil {
		tb.Fatalf("%s %.100s: %v", r.method, r.path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, response.Close}, body
}

// headers are the good ones of a caller.
func (c *caller) headers(path, id string) http.Header {
	h := http.Header{}
	for name, value := range map[string]string{
		"User-Agent": "Tests/1.0", "Accept": "application/json", "Content-Type": "application/json", "Request-ID": id,
	} {
		h.Set(name, value)
	}
	if strings.HasPrefix(path, "/v1/auth") {
		return h
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + c.accessToken, "PAC-Application-ID": string(c.partner.Application),
		"PAC-API-Key": c.partner.APIKey, "PAC-Channel-Code": string(c.partner.Channel),
	} {
		h.Set(name, value)
	}
	if strings.HasPrefix(path, "/v1/catalog") {
		h.Set("PAC-Organization-ID", "999")
	}
	return h
}

var places atomic.Uint32

// somewhere is a client at an address of its own: failed exchanges are counted
// by address.
func somewhere(tb testing.TB) *http.Client {
	tb.Helper()
	n := places.Add(1)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(n>>8), byte(n))}}
	transport := &http.Transport{DialContext: dialer.DialContext, ExpectContinueTimeout: patience}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: patience, Transport: described(tb, transport)}
}
