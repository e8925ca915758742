package partnerapi

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/fault"
)

// Auth's errors are one word each.
func TestAuthErrors(t *testing.T) {
	const good = `{"grantType":"authorization_code","code":"c"}`
	tests := []struct {
		name, method, body, header, value string
		err                               error
		status                            int
		text                              string
	}{
		{"no body", "POST", "", "", "", nil, 400, "invalid_request"},
		{"an empty object", "POST", "{}", "", "", nil, 400, "invalid_request"},
		{"broken JSON", "POST", "{", "", "", nil, 400, "invalid_request"},
		{"a code of another type", "POST", `{"grantType":"authorization_code","code":5}`, "", "", nil, 400, "invalid_request"},
		{"no code", "POST", `{"grantType":"authorization_code","refreshToken":"r"}`, "", "", nil, 400, "invalid_request"},
		{"no refresh token", "POST", `{"grantType":"refresh_token","refreshToken":null}`, "", "", nil, 400, "invalid_request"},
		{"a long code", "POST", `{"grantType":"authorization_code","code":"` + strings.Repeat("x", 1025) + `"}`, "", "", nil, 400, "invalid_request"},
		{"another grant type", "POST", `{"grantType":"password","code":"c"}`, "", "", nil, 400, "unsupported_grant_type"},
		{"a wrong code", "POST", good, "", "", fault.GrantInvalid, 400, "invalid_grant"},
		{"too many tries", "POST", good, "", "", fault.TooManyRequests, 429, "rate_limited"},
		{"a busy server", "POST", good, "", "", fault.Busy, 503, "unavailable"},
		{"a broken server", "POST", good, "", "", fault.Broken, 500, "internal"},
		{"another method", "GET", "", "", "", nil, 405, "method_not_allowed"},
		{"another media type", "POST", good, "Content-Type", "text/plain", nil, 415, "media_type_unsupported"},
		{"4 KiB and more", "POST", good + strings.Repeat(" ", maxAuthBody), "", "", nil, 413, "too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(tt.method, authPath, tt.body)
			if tt.header != "" {
				r.Header.Set(tt.header, tt.value)
			}
			w := httptest.NewRecorder()
			door(closed(t), fakeDesk{err: tt.err}, Options{}).ServeHTTP(w, r)
			if got, want := w.Body.String(), `{"error":"`+tt.text+`"}`; w.Code != tt.status || got != want {
				t.Errorf("auth = %d %s, want %d %s", w.Code, got, tt.status, want)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control = %q", got)
			}
			if got := w.Header().Get("Retry-After"); (got != "") != (tt.status == 429 || tt.status == 503) {
				t.Errorf("Retry-After = %q with %d", got, w.Code)
			}
		})
	}
}
