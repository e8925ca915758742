package partnerapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// principalOffice remembers who unlocked.
type principalOffice struct {
	officeFunc
	who *access.Principal
}

func (o principalOffice) Unlock(_ context.Context, who access.Principal, _ []boxoffice.Token) (boxoffice.Unlocking, error) {
	*o.who = who
	return boxoffice.Unlocking{}, nil
}

func newRecorder(office BoxOffice, options Options, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	door(office, fakeDesk{pair: goodPair}, options).ServeHTTP(w, r)
	return w
}

// manyEvents is a catalog whose answer is worth compressing.
func manyEvents() []boxoffice.Event {
	events := make([]boxoffice.Event, 20)
	for i := range events {
		events[i] = boxoffice.Event{ID: boxoffice.EventID(fmt.Sprintf("999:F23:F%02d", i)), Season: "F23", Basis: boxoffice.Single}
	}
	return events
}

func TestCatalogHasAnETagInBothEncodings(t *testing.T) {
	office := answers(manyEvents(), nil)
	plain := do(office, request("GET", "/v1/catalog/events", ""))
	r := request("GET", "/v1/catalog/events", "")
	r.Header.Set("Accept-Encoding", "gzip")
	zipped := do(office, r)

	reader, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatalf("gzip was asked for: %v %v", err, zipped.Header())
	}
	unzipped, err := io.ReadAll(reader)
	if err != nil || !bytes.Equal(unzipped, plain.Body.Bytes()) {
		t.Errorf("unzipped = %s, %v; want %s", unzipped, err, plain.Body)
	}
	tag, zippedTag := plain.Header().Get("ETag"), zipped.Header().Get("ETag")
	if len(tag) < 10 || tag[0] != '"' || tag == zippedTag {
		t.Errorf("ETag = %s and %s, want two strong ones", tag, zippedTag)
	}
	for _, given := range []string{tag, zippedTag, "*", `"x", W/` + tag} {
		r := request("GET", "/v1/catalog/events", "")
		r.Header.Set("If-None-Match", given)
		if w := do(office, r); w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") == "" {
			t.Errorf("If-None-Match: %s = %d %s", given, w.Code, w.Body)
		}
	}
	r = request("GET", "/v1/catalog/events", "")
	r.Header.Set("If-None-Match", `"x"`)
	if w := do(office, r); w.Code != 200 {
		t.Errorf("If-None-Match with another tag = %d, want 200", w.Code)
	}
}

func TestAnswersThatAreNotCompressed(t *testing.T) {
	long := strings.Repeat("x", 2000)
	tests := []struct {
		name, method, path, body string
		answer                   any
	}{
		{"short ones", "GET", "/v1/listings/A3qnemZ", "", boxoffice.ShownListing{ID: "A3qnemZ"}},
		{"those of print", "POST", "/v1/tickets/print", printBody, boxoffice.Printing{Done: []boxoffice.Printed{{Token: "A", URL: long}}}},
		{"those of auth", "POST", authPath, `{"grantType":"authorization_code","code":"c"}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(tt.method, tt.path, tt.body)
			r.Header.Set("Accept-Encoding", "gzip, zstd, br")
			w := httptest.NewRecorder()
			pair := access.Pair{AccessToken: long, RefreshToken: long}
			door(answers(tt.answer, nil), fakeDesk{pair: pair}, Options{}).ServeHTTP(w, r)
			h := w.Result().Header
			if w.Code != 200 || h.Get("Content-Encoding") != "" || h.Get("Content-Length") != fmt.Sprint(w.Body.Len()) || h.Get("No-Gzip-Compression") != "" {
				t.Errorf("%d with headers %v and %d bytes", w.Code, h, w.Body.Len())
			}
		})
	}
}

func TestHeadAnswersAsGetWithoutBody(t *testing.T) {
	server := httptest.NewServer(door(answers(manyEvents(), nil), fakeDesk{}, Options{}))
	defer server.Close()
	send := func(method string) (answer http.Header, length int64, read int) {
		r := request(method, "/v1/catalog/events", "")
		out, err := http.NewRequestWithContext(t.Context(), method, server.URL+r.URL.Path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		out.Header = r.Header
		out.Header.Set("Accept-Encoding", "identity")
		response, err := server.Client().Do(out)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s = %d, %v", method, response.StatusCode, err)
		}
		return response.Header, response.ContentLength, len(body)
	}
	get, _, gotten := send("GET")
	head, length, n := send("HEAD")
	if n != 0 || length != int64(gotten) || head.Get("ETag") != get.Get("ETag") {
		t.Errorf("HEAD has %d bytes, Content-Length %d, ETag %s; GET has %d bytes, ETag %s",
			n, length, head.Get("ETag"), gotten, get.Get("ETag"))
	}
}

// A panic is a 500 that names the request and nothing else, and one error in the log.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	office := officeFunc(func(any) (any, error) { panic("a hole in the books") })
	r := request("PUT", "/v1/tickets/unlock", `{"tokens":["A"]}`)
	w := newRecorder(office, Options{Log: slog.New(slog.NewJSONHandler(&log, nil))}, r)
	golden(t, "panic", w.Body.Bytes())
	if w.Code != 500 || strings.Count(log.String(), "a hole in the books") != 1 || strings.Count(log.String(), "\n") != 2 {
		t.Errorf("= %d, logged %s", w.Code, log.String())
	}
}

// The access log has one line a request, and nothing in it that a partner or a
// patron would miss if it were stolen.
func TestAccessLog(t *testing.T) {
	var log bytes.Buffer
	r := request("GET", "/v1/catalog/events?seasonCode=CANARY1", "")
	r.Header.Set("User-Agent", "CANARY2")
	handler := door(answers(nil, nil), fakeDesk{}, Options{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	handler.ServeHTTP(httptest.NewRecorder(), r)
	handler.ServeHTTP(httptest.NewRecorder(), request("PUT", "/v1/tickets/unlock", `{"tokens":["CANARY3"]}`))
	handler.ServeHTTP(httptest.NewRecorder(), request("GET", "/v1/listings/CANARY4", ""))

	for _, secret := range []string{"CANARY", goodToken, goodKey} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s stands in the log:\n%s", secret, log.String())
		}
	}
	line, _, _ := strings.Cut(log.String(), "\n")
	var got map[string]any
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"msg": "request", "route": "GET /v1/catalog/events", "status": 200.0,
		"application": goodApp, "request_id": "8f14e45f-ceea-467f-a0e6-8e1d1c1d0a11",
	} {
		if got[name] != want {
			t.Errorf("log line has %s = %v, want %v: %s", name, got[name], want, line)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 3 {
		t.Errorf("%d lines for 3 requests", n)
	}
}
