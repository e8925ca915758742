package partnerapi

import (
	"errors"
	"net/url"
	"testing"

	"github.com/seatlink/seatlink/internal/fault"
)

func TestCallbackURL(t *testing.T) {
	tests := []struct {
		raw           string
		good, sandbox bool // taken by the house, by the sandbox
	}{
		{"", true, true},
		{"string", true, true},
		{"https://example.com", true, true},
		{"HTTPS://Partner.Example.com:8443/done?x=1", true, true},
		{"https://xn--bcher-kva.example.com./x", true, true},
		{"http://example.com/", false, true},
		{"http://localhost:8080/done", false, true},
		{"https://localhost/", false, true},
		{"http://127.0.0.1:9/", false, true},
		{"http://[::1]:9/", false, true},
		{"https://127.1/", false, false},
		{"https://2130706433/", false, false},
		{"https://0x7f.0x1/", false, false},
		{"https://10.0.0.1/", false, false},
		{"https://[2001:db8::1]/", false, false},
		{"https://[fe80::1%25eth0]/", false, false},
		{"https://user@example.com/", false, false},
		{"https://user:pw@example.com/", false, false},
		{"https://@example.com/", false, false},
		{"https:example.com", false, false},
		{"https:///path", false, false},
		{"https://:443/", false, false},
		{"https://example.com\\@other.example.com/", false, false},
		{"https://exa mple.com/", false, false},
		{"https://a..example.com/", false, false},
		{"https://bücher.example.com/", false, false},
		{" https://example.com/", false, false},
		{"//example.com/", false, false},
		{"/done", false, false},
		{"ftp://example.com/", false, false},
		{"javascript:alert(1)", false, false},
	}
	for _, tt := range tests {
		for sandbox, good := range map[bool]bool{false: tt.good, true: tt.sandbox} {
			_, err := callbackURL(tt.raw, sandbox)
			if (err == nil) != good || err != nil && !errors.Is(err, fault.CallbackNotAllowed) {
				t.Errorf("callbackURL(%q, sandbox %v) = %v, want good %v", tt.raw, sandbox, err, good)
			}
		}
	}
}

// Ensure what is taken is https to a name, as the dialer will read it.
func FuzzCallbackURL(f *testing.F) {
	for _, seed := range []string{"https://example.com/", "https://127.0.0.1", "https://user@[::1]:9/", "http://localhost", "https://%31.2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := callbackURL(raw, false)
		if err != nil || got == "" {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" || loopback(u.Hostname()) {
			t.Errorf("callbackURL(%q) = %q, which leads to %v, %v", raw, got, u, err)
		}
	})
}
