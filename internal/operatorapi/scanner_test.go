package operatorapi

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
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var (
	_ Gates      = (*boxoffice.Gate)(nil)
	_ Porters    = (*access.Porter)(nil)
	_ Doorkeeper = (*access.Porter)(nil)
)

// A turnstile has one ticket, which is in since noon.
type turnstile struct {
	Gates
	who   access.Principal
	scans []boxoffice.ScanRequest
	fail  error
}

var turned = boxoffice.Pass{Token: "A", Version: 3, Section: "U:1", Row: "2", Seat: "3", Barcode: "998A", Gate: "NORTH", Since: noon, Replaced: []boxoffice.Barcode{"998OLD"}}

func (g *turnstile) Snapshot(_ context.Context, who access.Principal, event boxoffice.EventID) (boxoffice.Roll, error) {
	g.who = who
	return boxoffice.Roll{Event: boxoffice.Event{ID: event, Name: "Game"}, Epoch: 1, Position: 7, Now: noon, Passes: []boxoffice.Pass{turned}}, g.fail
}

func (g *turnstile) Changes(_ context.Context, who access.Principal, event boxoffice.EventID, epoch, after int64) (boxoffice.Turn, error) {
	g.who = who
	return boxoffice.Turn{Roll: boxoffice.Roll{
		Event: boxoffice.Event{ID: event, Cancelled: true}, Epoch: epoch, Position: after + 1, Now: noon, Passes: []boxoffice.Pass{turned},
	}, More: true}, g.fail
}

func (g *turnstile) Merge(_ context.Context, who access.Principal, event boxoffice.EventID, scans []boxoffice.ScanRequest) ([]boxoffice.Scanned, error) {
	g.who, g.scans = who, scans
	later := boxoffice.Scan{Key: boxoffice.ScanKey{ID: "s-0"}, Barcode: "998A", Gate: "SOUTH", At: noon.Add(time.Hour)}
	in := boxoffice.Scan{Key: boxoffice.ScanKey{ID: "s-1"}, Barcode: "998A", State: boxoffice.ScanInside}
	return []boxoffice.Scanned{{Scan: in, Pass: turned, Since: noon, Gate: "NORTH", Outdid: &later}}, g.fail
}

func (g *turnstile) Verify(_ context.Context, who access.Principal, event boxoffice.EventID, scan boxoffice.ScanRequest) (boxoffice.Scanned, error) {
	g.who, g.scans = who, []boxoffice.ScanRequest{scan}
	return boxoffice.Scanned{Scan: boxoffice.Scan{Key: boxoffice.ScanKey{ID: scan.ID}, Barcode: scan.Barcode}, Refused: boxoffice.GateReasons()[4], Since: noon, Gate: "NORTH"}, g.fail
}

// oneKey knows one key, of organization 998 and one event.
type oneKey struct{ wait time.Duration }

func (k oneKey) Authenticate(_ context.Context, key, address string) (access.Keeper, error) {
	switch {
	case k.wait > 0:
		return access.Keeper{}, &access.LimitError{Wait: k.wait}
	case key != "lkg_good" || address != "192.0.2.1":
		return access.Keeper{}, named("KEY_INVALID")
	}
	return access.Keeper{Principal: access.Principal{Application: "gate/north", Organizations: []access.OrganizationID{998}}, Events: []string{"998:F26:F01"}}, nil
}

// heldUp holds a request up to the scanners' door.
func heldUp(g Gates, keys Doorkeeper, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	r.RemoteAddr = "192.0.2.1:4000"

	for _, h := range headers {
		r.Header.Add("Authorization", h)
	}
	w := httptest.NewRecorder()
	NewScanners(g, keys, nil).ServeHTTP(w, r)
	return w
}

func TestScannersAreAnsweredInJSON(t *testing.T) {
	for _, tt := range []struct{ method, path, body, want string }{
		{
			"GET", "/gate/snapshot?event=998:F26:F01", "",
			`{"event":"998:F26:F01","name":"Game","cancelled":false,"epoch":1,"position":7,"at":"2026-05-20T12:00:00Z","tickets":[{"ticket":"A","version":3,"barcode":"998A","live":true,"section":"U:1","row":"2","seat":"3","admittedAt":"2026-05-20T12:00:00Z","gate":"NORTH","dead":["998OLD"]}]}`,
		},
		{
			"GET", "/gate/changes?event=998:F26:F01&epoch=2&after=7", "",
			`{"event":"998:F26:F01","name":"","cancelled":true,"epoch":2,"position":8,"at":"2026-05-20T12:00:00Z","more":true,"tickets":[{"ticket":"A","version":3,"barcode":"998A","live":false,"section":"U:1","row":"2","seat":"3","admittedAt":"2026-05-20T12:00:00Z","gate":"NORTH","dead":["998OLD"]}]}`,
		},
		{
			"POST", "/gate/verify", `{"event":"998:F26:F01","scanId":"s-1","barcode":"998A","gate":"NORTH"}`,
			`{"scanId":"s-1","barcode":"998A","admitted":false,"repeat":false,"code":"ALREADY_ADMITTED","message":"the ticket was let in before","since":"2026-05-20T12:00:00Z","gate":"NORTH"}`,
		},
		{
			"POST", "/gate/merge", `{"event":"998:F26:F01","scans":[{"scanId":"s-1","barcode":"998A","gate":"NORTH","at":"2026-05-20T14:00:00.5+02:00"}]}`,
			`{"scans":[{"scanId":"s-1","barcode":"998A","admitted":true,"repeat":false,"since":"2026-05-20T12:00:00Z","gate":"NORTH","ticket":"A","place":{"section":"U:1","row":"2","seat":"3"},"outdid":{"scanId":"s-0","barcode":"998A","gate":"SOUTH","at":"2026-05-20T13:00:00Z"}}],"admitted":1,"conflicts":1}`,
		},
	} {
		g := &turnstile{}
		w := heldUp(g, oneKey{}, tt.method, tt.path, tt.body, "Bearer lkg_good")
		if w.Code != http.StatusOK || w.Body.String() != tt.want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s = %d %s\nwant %s", tt.method, tt.path, w.Code, w.Body, tt.want)
		}
		if g.who.Application != "gate/north" || !g.who.Serves(998) || len(g.who.RequestID) != 36 {
			t.Errorf("%s %s came from %+v; want the key's", tt.method, tt.path, g.who)
		}
		if len(g.scans) > 0 && tt.path == "/gate/merge" && !g.scans[0].At.Equal(noon.Add(500*time.Millisecond)) {
			t.Errorf("the scan was at %v; want half a second past noon", g.scans[0].At)
		}
	}
}

func TestScannersAreRefused(t *testing.T) {
	const good = "/gate/snapshot?event=998:F26:F01"
	key := []string{"Bearer lkg_good"}
	for _, tt := range []struct {
		name               string
		method, path, body string
		headers            []string
		keys               oneKey
		fail               error
		status             int
		code               string
	}{
		{"without a key", "GET", good, "", []string{}, oneKey{}, nil, 401, "KEY_INVALID"},
		{"with a wrong key", "GET", good, "", []string{"Bearer lkg_bad"}, oneKey{}, nil, 401, "KEY_INVALID"},
		{"with the key of another scheme", "GET", good, "", []string{"Basic lkg_good"}, oneKey{}, nil, 401, "KEY_INVALID"},
		{"with two keys", "GET", good, "", []string{"Bearer lkg_good", "Bearer lkg_good"}, oneKey{}, nil, 401, "KEY_INVALID"},
		{"after too many guesses", "GET", good, "", key, oneKey{wait: 1500 * time.Millisecond}, nil, 429, "RATE_LIMITED"},
		{"an event that the key is not for", "GET", "/gate/snapshot?event=998:F26:F02", "", key, oneKey{}, nil, 404, "EVENT_NOT_FOUND"},
		{"an event that is none", "GET", "/gate/snapshot?event=F01", "", key, oneKey{}, nil, 400, "FIELD_INVALID"},
		{"changes after no position", "GET", "/gate/changes?event=998:F26:F01&epoch=1", "", key, oneKey{}, nil, 400, "FIELD_INVALID"},
		{"changes that cannot be told", "GET", "/gate/changes?event=998:F26:F01&epoch=1&after=1", "", key, oneKey{}, boxoffice.ErrResync, 409, "RESYNC"},
		{"a verify with a time", "POST", "/gate/verify", `{"event":"998:F26:F01","scanId":"s","barcode":"b","gate":"g","at":"2026-05-20T12:00:00Z"}`, key, oneKey{}, nil, 400, "FIELD_INVALID"},
		{"a merge with a time that is none", "POST", "/gate/merge", `{"event":"998:F26:F01","scans":[{"scanId":"s","barcode":"b","gate":"g","at":"noon"}]}`, key, oneKey{}, nil, 400, "FIELD_INVALID"},
		{"a field that nobody knows", "POST", "/gate/verify", `{"event":"998:F26:F01","seat":"1"}`, key, oneKey{}, nil, 400, "BAD_REQUEST"},
		{"a body that is too large", "POST", "/gate/verify", `{"event":"` + strings.Repeat("9", maxBody) + `"}`, key, oneKey{}, nil, 413, "TOO_LARGE"},
		{"a failure that nobody named", "GET", good, "", key, oneKey{}, errors.New("canary"), 500, "INTERNAL"},
		{"what only operators may do", "GET", "/gate/keys", "", key, oneKey{}, nil, 404, "PATH_UNKNOWN"},
		{"the orders", "GET", "/orders", "", key, oneKey{}, nil, 404, "PATH_UNKNOWN"},
		{"a method that is not the path's", "DELETE", "/gate/verify", "", key, oneKey{}, nil, 405, "METHOD_NOT_ALLOWED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := heldUp(&turnstile{fail: tt.fail}, tt.keys, tt.method, tt.path, tt.body, tt.headers...)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), `"code":"`+tt.code+`"`) || strings.Contains(w.Body.String(), "canary") {
				t.Errorf("%d %s; want %d %s", w.Code, w.Body, tt.status, tt.code)
			}
			if retry := w.Header().Get("Retry-After"); (retry == "2") != (tt.status == 429) {
				t.Errorf("Retry-After %q", retry)
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (challenge == "Bearer") != (tt.status == 401) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
}

// Ensure that neither keys nor barcodes are logged.
func TestTheScannersDoorLogsNoSecrets(t *testing.T) {
	var log bytes.Buffer
	door := NewScanners(&turnstile{fail: errors.New("broken")}, oneKey{}, slog.New(slog.NewJSONHandler(&log, nil)))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/gate/verify", strings.NewReader(`{"event":"998:F26:F01","scanId":"s-1","barcode":"canary","gate":"NORTH"}`))
	r.RemoteAddr = "192.0.2.1:4000"
	r.Header.Set("Authorization", "Bearer lkg_good")
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	_, _ = io.Copy(io.Discard, w.Body)
	if said := log.String(); w.Code != 500 || !strings.Contains(said, "broken") || strings.Contains(said, "canary") || strings.Contains(said, "lkg_") {
		t.Errorf("answered %d and logged %s", w.Code, said)
	}
}

// Ensure that an operator serves whatever organization the event is of.
func TestAnOperatorStandsAtEveryGate(t *testing.T) {
	g := &turnstile{}
	house := NewClient(Through(New(Work{Gates: g}, Options{})), "ada")
	s, err := house.GateSnapshot(t.Context(), "997:F26:F09")
	if err != nil || s.Event != "997:F26:F09" || g.who.Application != "operator/ada" || !g.who.Serves(997) || g.who.Serves(998) {
		t.Errorf("GateSnapshot = %+v, %v by %+v", s, err, g.who)
	}
	g.fail = fault.EventUnknown
	if _, err := house.GateSnapshot(t.Context(), "997:F26:F09"); !errors.Is(err, fault.EventUnknown) {
		t.Errorf("GateSnapshot of an unknown event = %v; want ErrEventUnknown through the door", err)
	}
}
