package partnerapi

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
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
			_, _, err := callbackURL(tt.raw, access.Principal{Sandbox: sandbox})
			if (err == nil) != good || err != nil && !errors.Is(err, fault.CallbackNotAllowed) {
				t.Errorf("callbackURL(%q, sandbox %v) = %v, want good %v", tt.raw, sandbox, err, good)
			}
		}
	}
}

// Ensure a callback goes to a host of the caller's list, and that the host is
// told for the organization's.
func TestCallbackURLIsOnTheCallersList(t *testing.T) {
	tests := []struct {
		name    string
		hosts   []string
		raw     string
		sandbox bool
		host    string
		good    bool
	}{
		{"any host without a list", nil, "https://Partner.example.com./done", false, "partner.example.com", true},
		{"a host of the list, on any port", []string{"a.example.com", "b.example.com"}, "https://B.example.com:8443/done", false, "b.example.com", true},
		{"a host that is not on it", []string{"a.example.com"}, "https://b.example.com/", false, "", false},
		{"a host below one of the list", []string{"example.com"}, "https://a.example.com/", false, "", false},
		{"a host that ends like one of the list", []string{"example.com"}, "https://badexample.com/", false, "", false},
		{"the sandbox keeps to the list", []string{"a.example.com"}, "http://b.example.com/", true, "", false},
		{"the sandbox calls the machine itself, whatever the list", []string{"a.example.com"}, "http://127.0.0.1:9/", true, "", true},
		{"no address", []string{"a.example.com"}, "string", false, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, host, err := callbackURL(tt.raw, access.Principal{Sandbox: tt.sandbox, CallbackHosts: tt.hosts})
			if (err == nil) != tt.good || host != tt.host {
				t.Errorf("callbackURL(%q) has host %q, %v; want %q, good %v", tt.raw, host, err, tt.host, tt.good)
			}
		})
	}
}

// Ensure what is taken is https to a name, as the dialer will read it.
func FuzzCallbackURL(f *testing.F) {
	for _, seed := range []string{"https://example.com/", "https://127.0.0.1", "https://user@[::1]:9/", "http://localhost", "https://%31.2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, _, err := callbackURL(raw, access.Principal{})
		if err != nil || got == "" {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" || loopback(u.Hostname()) {
			t.Errorf("callbackURL(%q) = %q, which leads to %v, %v", raw, got, u, err)
		}
	})
}

func TestCallbackPort(t *testing.T) {
	for _, tt := range []struct {
		address string
		open    []uint16
		want    bool
	}{
		{"", nil, true},
		{"https://example.com/done", nil, true},
		{"https://example.com:443/done", nil, true},
		{"https://example.com:8443/done", nil, false},
		{"https://example.com:8443/done", []uint16{8080, 8443}, true},
		{"https://example.com:08443/done", []uint16{8443}, false},
		{"https://example.com:80/done", []uint16{8443}, false},
		{"https://example.com:/done", nil, true},
	} {
		if got := callbackPort(tt.address, tt.open); got != tt.want {
			t.Errorf("callbackPort(%q, %v) = %v; want %v", tt.address, tt.open, got, tt.want)
		}
	}
}

// Ensure a port to which nothing would be sent is refused before anything is done.
func TestACallbackToAClosedPortIsRefused(t *testing.T) {
	body := func(callback string) string {
		return `{"listing":[{"externalListingId":"L1","externalOrderId":"O1","tokens":[{"token":"T1"}]}],
			"buyer":[{"firstName":"A","lastName":"B","emailAddress":{"email":"a@example.com"}}],
			"settlement":[{"totalAmountPaid":1,"amountToSeller":1,"asyncCallbackUrl":"` + callback + `"}]}`
	}
	for _, tt := range []struct {
		name, callback string
		options        Options
		want           int
	}{
		{"closed", "https://example.com:8443/", Options{}, 400},
		{"open", "https://example.com:8443/", Options{CallbackPorts: []uint16{8443}}, 200},
		{"in the sandbox", "https://example.com:8443/", Options{Sandbox: true}, 200},
		{"none named", "https://example.com/", Options{}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := false
			office := officeFunc(func(any) (any, error) {
				asked = true
				return boxoffice.Sale{Status: boxoffice.OrderComplete, Process: "P1", Currency: "USD"}, nil
			})
			answer := httptest.NewRecorder()
			door(office, fakeDesk{}, tt.options).ServeHTTP(answer, request("POST", "/v1/cart/complete-order", body(tt.callback)))
			if answer.Code != tt.want || asked != (tt.want == 200) {
				t.Errorf("complete-order: %d %s, office asked %v; want %d", answer.Code, answer.Body, asked, tt.want)
			}
		})
	}
}
