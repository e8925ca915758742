package partnerapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// Everything is wrong with a request, and is put right one thing after the
// other: the order of the refusals is the order of checks (reliability.md §3.1).
func TestOrderOfChecks(t *testing.T) {
	r := request("DELETE", "/v1/catalog/event?seasonCode=%3F&startDate=never", "")
	r.Header = http.Header{
		"Authorization": {"Basic dGVzdDp0ZXN0", "Bearer " + goodToken}, "Accept": {"text/html"},
		"Content-Type": {"text/plain"}, "Content-Encoding": {"gzip"}, "Pac-Api-Key": {"no"}, "Pac-Application-Id": {goodApp},
		"Pac-Channel-Code": {"no"},
	}
	body := `{"tokens":`
	uri := r.RequestURI
	r.Header.Set("X-Large", strings.Repeat("x", maxHeader))
	r.RequestURI += strings.Repeat("x", maxURI)
	r.ContentLength = maxBody + 1
	var office error = fault.NotPermitted

	steps := []struct {
		status int
		code   string
		right  func() // makes good what the step tells of
	}{
		{431, "TOO_LARGE", func() { r.Header.Del("X-Large") }},
		{414, "TOO_LARGE", func() { r.RequestURI = uri }},
		{413, "TOO_LARGE", func() { r.ContentLength = int64(len(body)) }},
		{404, "PATH_UNKNOWN", func() { r.URL.Path = "/v1/tickets/unlock" }},
		{405, "METHOD_NOT_ALLOWED", func() { r.Method = "PUT" }},
		{400, "HEADER_DUPLICATE", func() { r.Header.Set("Authorization", "Basic dGVzdDp0ZXN0") }},
		{401, "AUTH_REQUIRED", func() { r.Header.Set("Authorization", "bearer access-old") }},
		{401, "TOKEN_EXPIRED", func() { r.Header.Set("Authorization", "bearer "+goodToken) }},
		{401, "KEY_INVALID", func() { r.Header.Set("PAC-API-Key", goodKey) }},
		{403, "NOT_PERMITTED", func() { r.Header.Set("PAC-Channel-Code", goodChan) }},
		{406, "NOT_ACCEPTABLE", func() { r.Header.Set("Accept", "*/*") }},
		{415, "MEDIA_TYPE_UNSUPPORTED", func() { r.Header.Del("Content-Type") }},
		{415, "ENCODING_UNSUPPORTED", func() { r.Header.Del("Content-Encoding") }},
		{400, "BAD_REQUEST", func() { body = `{"tokens":[]}` }},
		{400, "BATCH_SIZE", func() { body = `{"tokens":["A"]}` }},
		{403, "NOT_PERMITTED", func() { office = nil }},
		{200, "", nil},
	}
	for _, step := range steps {
		r.Body = io.NopCloser(strings.NewReader(body))
		w := do(answers(nil, office), r)
		var got errorResponse
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%d %q: %v", w.Code, w.Body, err)
		}
		if w.Code != step.status || got.Error.AppErrorCode != step.code {
			t.Fatalf("answered %d %+v, want %d %s", w.Code, got.Error, step.status, step.code)
		}
		if step.right != nil {
			step.right()
		}
	}
}

// The organization is judged before the codes of the query, and after its dates.
func TestOrderOfChecksInTheCatalog(t *testing.T) {
	tests := []struct {
		name, organization, query string
		office                    error
		status                    int
		code                      string
	}{
		{"no organization", "", "?startDate=never", nil, 400, "ORGANIZATION_REQUIRED"},
		{"an organization that is no integer", "9e2", "", nil, 400, "ORGANIZATION_REQUIRED"},
		{"an organization beyond 2^53", "9007199254740993", "", nil, 400, "ORGANIZATION_REQUIRED"},
		{"a query that cannot be read", "999", "?seasonCode=%zz", nil, 400, "BAD_REQUEST"},
		{"a parameter given twice", "999", "?seasonCode=&seasonCode=F23", nil, 400, "PARAMETER_REPEATED"},
		{"a day that does not exist", "999", "?startDate=2023-02-30", fault.OrganizationUnknown, 400, "DATE_INVALID"},
		{"a day in another form", "999", "?startDate=2023-5-20", nil, 400, "DATE_INVALID"},
		{"an unknown organization and a bad code", "999", "?seasonCode=F%2F23", fault.OrganizationUnknown, 404, "ORGANIZATION_NOT_FOUND"},
		{"an organization of others and a bad code", "999", "?seasonCode=F%2F23", fault.NotPermitted, 403, "NOT_PERMITTED"},
		{"a bad season", "999", "?seasonCode=F%2F23", nil, 422, "CODE_INVALID"},
		{"a long facility", "999", "?facilityCode=" + strings.Repeat("A", 33), nil, 422, "CODE_INVALID"},
		{"a long facility that fits", "999", "?facilityCode=" + strings.Repeat("A", 32), nil, 200, ""},
		{"unknown and empty parameters", "999", "?x=1&x=2&startDate=&seasonCode=", nil, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request("GET", "/v1/catalog/events"+tt.query, "")
			r.Header.Set("PAC-Organization-ID", tt.organization)
			w := do(answers(nil, tt.office), r)
			var got errorResponse
			if w.Code != 200 {
				if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
					t.Fatal(err)
				}
			}
			if w.Code != tt.status || got.Error.AppErrorCode != tt.code {
				t.Errorf("catalog%s = %d %+v, want %d %s", tt.query, w.Code, got.Error, tt.status, tt.code)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	const path = "/v1/tickets/unlock"
	tests := []struct {
		rule, name, value string
		status            int
	}{
		{"the scheme may be in any case", "Authorization", "bEARER " + goodToken, 200},
		{"one space, not two", "Authorization", "Bearer  " + goodToken, 401},
		{"no second scheme", "Authorization", "Bearer Bearer " + goodToken, 401},
		{"a scheme is needed", "Authorization", goodToken, 401},
		{"Basic is for push messages", "Authorization", "Basic dGVzdDp0ZXN0", 401},
		{"an access token is needed", "Authorization", "Bearer ", 401},
		{"an unknown key", "PAC-API-Key", "other", 401},
		{"User-Agent is not looked at", "User-Agent", "", 200},
		{"Accept may be absent", "Accept", "", 200},
		{"Accept may be anything", "Accept", "*/*", 200},
		{"Accept may be any application", "Accept", "text/html, application/*;q=0.1", 200},
		{"Accept may be what Java sends", "Accept", "text/html, image/gif, *; q=.2, */*; q=.2", 200},
		{"Accept that cannot be read excludes nothing", "Accept", ";;;", 200},
		{"Accept that excludes JSON", "Accept", "text/html", 406},
		{"Accept that excludes JSON by quality", "Accept", "application/json;q=0, */*", 406},
		{"Accept of another JSON", "Accept", "application/problem+json", 406},
		{"Content-Type may be absent", "Content-Type", "", 200},
		{"Content-Type may have parameters", "Content-Type", "Application/JSON ; charset=latin1; x", 200},
		{"Content-Type of a form", "Content-Type", "application/x-www-form-urlencoded", 415},
		{"Content-Encoding may be identity", "Content-Encoding", "identity", 200},
		{"Content-Encoding gzip", "Content-Encoding", "gzip", 415},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			r := request("PUT", path, `{"tokens":["A"]}`)
			r.Header.Set(tt.name, tt.value)
			if tt.value == "" {
				r.Header.Del(tt.name)
			}
			w := do(answers(nil, nil), r)
			if w.Code != tt.status {
				t.Errorf("%s: %q = %d %s, want %d", tt.name, tt.value, w.Code, w.Body, tt.status)
			}
			if got := w.Header().Get("WWW-Authenticate"); (got == "Bearer") != (tt.name == "Authorization" && tt.status == 401) {
				t.Errorf("WWW-Authenticate = %q", got)
			}
		})
	}
}

func TestContentTypeOfARequestWithoutBodyIsNotLookedAt(t *testing.T) {
	r := request("GET", "/v1/listings/A3qnemZ", "")
	r.Header.Set("Content-Type", "text/plain")
	if w := do(answers(nil, nil), r); w.Code != 200 {
		t.Errorf("GET = %d, want 200", w.Code)
	}
}

func TestSecurityHeadersStandOnce(t *testing.T) {
	for _, name := range []string{"Authorization", "PAC-Application-ID", "PAC-API-Key", "PAC-Channel-Code", "PAC-Organization-ID"} {
		r := request("GET", "/v1/catalog/events", "")
		r.Header.Add(name, r.Header.Get(name)) // even the same value
		if w := do(closed(t), r); w.Code != 400 || !strings.Contains(w.Body.String(), "HEADER_DUPLICATE") {
			t.Errorf("%s twice = %d %s", name, w.Code, w.Body)
		}
	}
}

func TestRequestID(t *testing.T) {
	uuid4 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	tests := []struct {
		name, id string
		echoed   bool
	}{
		{"a UUID", "8f14e45f-ceea-467f-a0e6-8e1d1c1d0a11", true},
		{"any printable text", "support case #7 ~", true},
		{"128 characters", strings.Repeat("x", 128), true},
		{"129 characters", strings.Repeat("x", 129), false},
		{"nothing", "", false},
		{"a space at the end", "x ", false},
		{"a tab", "a\tb", false},
		{"not ASCII", "é", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request("GET", "/nowhere", "")
			r.Header["Request-Id"] = []string{tt.id}
			got := do(closed(t), r).Header().Get("Request-ID")
			if tt.echoed && got != tt.id || !tt.echoed && !uuid4.MatchString(got) {
				t.Errorf("Request-ID %q came back as %q", tt.id, got)
			}
		})
	}
}

// Paths lead to one place only, and ids that cannot be are not asked about.
func TestPaths(t *testing.T) {
	tests := []struct {
		method, target string
		status         int
		allow          string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/v1/tickets/lock/", 404, ""},
		{"PUT", "//v1/tickets/lock", 404, ""},
		{"PUT", "/v1/tickets/./lock", 404, ""},
		{"GET", "/v1/listings/..", 404, ""},
		{"GET", "/v1/listings/a%00b", 404, ""},
		{"GET", "/v1/listings/" + strings.Repeat("x", 129), 404, ""},
		{"GET", "/v1/cart/complete-order/%C3%A9", 404, ""},
		{"GET", "/v1/tickets/lock", 405, "PUT"},
		{"OPTIONS", "/v1/catalog/events", 405, "GET, HEAD"},
		{"GET", "/v1/tickets/verify", 405, "POST, PUT"},
		{"BREW", "/v1/tickets/print", 405, "POST, PUT"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			w := do(closed(t), request(tt.method, tt.target, ""))
			if w.Code != tt.status || w.Header().Get("Allow") != tt.allow || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%d %v %s; want %d, Allow %q", w.Code, w.Header(), w.Body, tt.status, tt.allow)
			}
		})
	}
}

// A body that does not say how long it is shows it when it is read.
func TestUndeclaredBodies(t *testing.T) {
	tests := []struct {
		name   string
		body   io.Reader
		status int
	}{
		{"one that fits", strings.NewReader(`{"tokens":["A"]}`), 200},
		{"one that is too large", strings.NewReader(`{"tokens":["A"]}` + strings.Repeat(" ", maxBody)), 413},
		{"one that is too slow", io.MultiReader(strings.NewReader(`{`), broken{os.ErrDeadlineExceeded}), 408},
		{"one that breaks off", io.MultiReader(strings.NewReader(`{`), broken{io.ErrUnexpectedEOF}), 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request("PUT", "/v1/tickets/unlock", "x")
			r.Body, r.ContentLength = io.NopCloser(tt.body), -1
			w := do(answers(nil, nil), r)
			if w.Code != tt.status {
				t.Errorf("= %d %s, want %d", w.Code, w.Body, tt.status)
			}
			if shut := w.Header().Get("Connection") == "close"; shut != (tt.status == 413 || tt.status == 408) {
				t.Errorf("Connection = %q with %d", w.Header().Get("Connection"), w.Code)
			}
		})
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		err    error
		status int
		wait   string
	}{
		{fault.Busy, 503, "1"},
		{fault.TooManyRequests, 429, "60"},
		{&access.LimitError{Wait: 90*time.Second + 1}, 429, "91"},
		{fmt.Errorf("lock 3 tickets: %w", context.DeadlineExceeded), 503, "1"},
		{errors.New("no table"), 500, ""},
	}
	for _, tt := range tests {
		w := do(answers(nil, tt.err), request("GET", "/v1/listings/A3qnemZ", ""))
		if got := w.Header().Get("Retry-After"); w.Code != tt.status || got != tt.wait {
			t.Errorf("%v = %d, Retry-After %q; want %d, %q", tt.err, w.Code, got, tt.status, tt.wait)
		}
	}
}

// The principal is the desk's, with the Request-ID and the sandbox of the door.
func TestPrincipal(t *testing.T) {
	var got access.Principal
	office := principalOffice{officeFunc: answers(nil, nil), who: &got}
	for _, sandbox := range []bool{false, true} {
		w := newRecorder(office, Options{Sandbox: sandbox}, request("PUT", "/v1/tickets/unlock", `{"tokens":["A"]}`))
		if w.Code != 200 || got.Application != goodApp || got.RequestID != "8f14e45f-ceea-467f-a0e6-8e1d1c1d0a11" || got.Sandbox != sandbox {
			t.Errorf("principal = %+v, want the desk's with Request-ID and sandbox %v", got, sandbox)
		}
	}
}
