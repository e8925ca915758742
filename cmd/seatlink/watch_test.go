package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/partnerapi"
)

func TestWhatNetHTTPSaysIsLoggedWithoutAddresses(t *testing.T) {
	for _, tt := range []struct{ says, want string }{
		{"http: TLS handshake error from 192.0.2.7:51234: EOF\n", "http: TLS handshake error from a client: EOF"},
		{"http: TLS handshake error from [2001:db8::7]:51234: EOF\n", "http: TLS handshake error from a client: EOF"},
		{"http: panic serving [fe80::1%eth0]:80: boom\n", "http: panic serving a client: boom"},
		{"http: Accept error: too many open files; retrying in 5ms\n", "http: Accept error: too many open files; retrying in 5ms"},
		{"read tcp 10.0.0.1:443->192.0.2.7:51234: i/o timeout\n", "read tcp a client->a client: i/o timeout"},
		{"two\nlines\x1b[31m\n", "two\nlines\x1b[31m"},
	} {
		var out bytes.Buffer
		slog.NewLogLogger(withoutAddresses{slog.NewJSONHandler(&out, nil)}, slog.LevelWarn).Print(tt.says)
		var line struct{ Level, Msg, Err string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%q is logged as %q: %v; want one object on one line", tt.says, &out, err)
		}
		if line.Err != tt.want || line.Level != "WARN" {
			t.Errorf("%q is logged as %+v; want the warning %q", tt.says, line, tt.want)
		}
	}
}

func TestActsAreCountedByTheirOutcome(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, actDone},
		{fault.Busy, actBusy},
		{fault.Stopping, actBusy},
		{fmt.Errorf("lock: %w", fault.Busy), actBusy},
		{fault.OrganizationUnknown, actRefused},
		{fault.Broken, actFailed},
		{errors.New("nobody knows"), actFailed},
	} {
		if got := outcomeOf(tt.err); got != tt.want {
			t.Errorf("outcomeOf(%v) = %q; want %q", tt.err, got, tt.want)
		}
	}
}

// Ensure that traces that nobody takes are told in the log, and hold up nothing.
func TestTracesThatDoNotArriveAreLogged(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close() // so that nobody is there
	var out bytes.Buffer
	w := &watch{log: slog.New(slog.NewJSONHandler(&out, nil))}
	if w.tracer, err = newTracer(t.Context(), "http://"+listener.Addr().String(), w.log); err != nil {
		t.Fatal(err)
	}
	door := w.around(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		w.served(r.Context(), partnerapi.Served{Route: "GET /x", Status: http.StatusOK})
	}))
	door.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x", http.NoBody))
	w.close(t.Context())
	if !strings.Contains(out.String(), `"traces not delivered","spans":1`) {
		t.Errorf("the log says %q; want that a span was not delivered", &out)
	}
}
