package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestTheClientIsTheLastHopThatIsNoTrustedProxy(t *testing.T) {
	const xff, forwarded = "X-Forwarded-For", "Forwarded"
	for _, tt := range []struct {
		name   string
		header string
		peer   string
		sent   http.Header
		want   string
	}{
		{"nobody in between", xff, "203.0.113.9:4711", nil, "203.0.113.9:4711"},
		{"a stranger is not believed", xff, "203.0.113.9:4711", http.Header{xff: {"198.51.100.1"}}, "203.0.113.9:4711"},
		{"a proxy is", xff, "10.0.0.1:4711", http.Header{xff: {"198.51.100.1"}}, "198.51.100.1:0"},
		{"what the client wrote before is not", xff, "10.0.0.1:4711", http.Header{xff: {"192.0.2.66, 198.51.100.1"}}, "198.51.100.1:0"},
		{"a chain of proxies", xff, "10.0.0.1:4711", http.Header{xff: {"192.0.2.66, 198.51.100.1, 10.0.0.2, 10.0.0.3"}}, "198.51.100.1:0"},
		{"one header a proxy", xff, "10.0.0.1:4711", http.Header{xff: {"192.0.2.66", "198.51.100.1", "10.0.0.3"}}, "198.51.100.1:0"},
		{"a request of the proxy's own", xff, "10.0.0.1:4711", nil, "10.0.0.1:4711"},
		{"proxies all the way", xff, "10.0.0.1:4711", http.Header{xff: {"10.0.0.4, 10.0.0.3"}}, "10.0.0.4:0"},
		{"a word that is no address ends the chain", xff, "10.0.0.1:4711", http.Header{xff: {"198.51.100.1, unknown, 10.0.0.3"}}, "10.0.0.3:0"},
		{"nothing but such a word", xff, "10.0.0.1:4711", http.Header{xff: {"unknown"}}, "10.0.0.1:4711"},
		{"an empty element", xff, "10.0.0.1:4711", http.Header{xff: {"198.51.100.1, "}}, "10.0.0.1:4711"},
		{"with a port", xff, "10.0.0.1:4711", http.Header{xff: {"198.51.100.1:5555"}}, "198.51.100.1:0"},
		{"IPv6", xff, "10.0.0.1:4711", http.Header{xff: {"2001:db8::7"}}, "[2001:db8::7]:0"},
		{"IPv6 in brackets", xff, "10.0.0.1:4711", http.Header{xff: {"[2001:db8::7]"}}, "[2001:db8::7]:0"},
		{"IPv6 with a port", xff, "10.0.0.1:4711", http.Header{xff: {"[2001:db8::7]:5555"}}, "[2001:db8::7]:0"},
		{"IPv4 in IPv6 is IPv4", xff, "[::ffff:10.0.0.1]:4711", http.Header{xff: {"::ffff:198.51.100.1"}}, "198.51.100.1:0"},
		{"a zone does not tell clients apart", xff, "10.0.0.1:4711", http.Header{xff: {"fe80::1%eth0"}}, "[fe80::1]:0"},
		{"a proxy by IPv6", xff, "[fd00::1]:4711", http.Header{xff: {"198.51.100.1"}}, "198.51.100.1:0"},
		{"the header that is not asked for", xff, "10.0.0.1:4711", http.Header{forwarded: {"for=198.51.100.1"}}, "10.0.0.1:4711"},

		{"Forwarded", forwarded, "10.0.0.1:4711", http.Header{forwarded: {"for=198.51.100.1"}}, "198.51.100.1:0"},
		{"Forwarded with all it can have", forwarded, "10.0.0.1:4711", http.Header{forwarded: {`for=192.0.2.66, by=10.0.0.9;For="[2001:db8::7]:80";proto=https, for=10.0.0.3`}}, "[2001:db8::7]:0"},
		{"Forwarded without for", forwarded, "10.0.0.1:4711", http.Header{forwarded: {"for=198.51.100.1, proto=https"}}, "10.0.0.1:4711"},
		{"Forwarded by a hidden one", forwarded, "10.0.0.1:4711", http.Header{forwarded: {"for=198.51.100.1, for=_hidden"}}, "10.0.0.1:4711"},
		{"the other header that is not asked for", forwarded, "10.0.0.1:4711", http.Header{xff: {"198.51.100.1"}}, "10.0.0.1:4711"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := listening{TrustedProxies: []string{"10.0.0.0/8", "fd00::/8"}, ProxyHeader: tt.header}.proxies()
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			door := p.around(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr }))
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			r.RemoteAddr = tt.peer
			maps.Copy(r.Header, tt.sent)
			door.ServeHTTP(httptest.NewRecorder(), r)
			if got != tt.want {
				t.Errorf("a request from %s with %v is %s's; want %s", tt.peer, tt.sent, got, tt.want)
			}
		})
	}
}

func TestNobodyIsTrustedWhoIsNotNamed(t *testing.T) {
	p, err := listening{ProxyHeader: "X-Forwarded-For"}.proxies()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1", "::1", "10.0.0.1", "0.0.0.0"} {
		if p.trust(netip.MustParseAddr(address)) {
			t.Errorf("%s is trusted", address)
		}
	}
}

// FuzzClient: whatever stands in the header, a client is an address, and never one
// that stands left of a hop that nobody vouches for.
func FuzzClient(f *testing.F) {
	for _, header := range []string{"", "198.51.100.1", "a, 10.0.0.1", `for="[::1]:x"`, "10.0.0.1,,10.0.0.2", "[", "]:", "for=;for=10.0.0.1"} {
		f.Add(header)
	}
	peer := netip.MustParseAddr("10.0.0.1")
	f.Fuzz(func(t *testing.T, header string) {
		for _, name := range []string{"X-Forwarded-For", "Forwarded"} {
			p := proxies{[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, name}
			if client := p.client(peer, http.Header{name: {header}}); !client.IsValid() {
				t.Errorf("client(%q) = %v; want an address", header, client)
			}
			if client := p.client(peer, http.Header{name: {header, "nobody"}}); client != peer {
				t.Errorf("client(%q, nobody) = %v; want the peer", header, client)
			}
		}
	})
}

// Ensure that failures are counted by client, and that nobody gets more of them by
// a header that no trusted proxy has sent.
func TestFailuresAreCountedByClientAndNotByProxy(t *testing.T) {
	db := sqliteFile(t)
	key, _ := furnish(t, db, "first")
	for _, tt := range []struct {
		name string
		args []string
		own  bool // each client has a limit of its own
	}{
		{"behind a trusted proxy", []string{"--trusted-proxies", "127.0.0.0/8", "--drain-wait", "0s"}, true},
		{"with nobody in front", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := launch(t, append([]string{"serve", "--db", db, "--key", key, "--addr", "127.0.0.1:0"}, tt.args...)...)
			_, url, _ := strings.Cut(p.await("seatlink serves ", "\n"), "seatlink serves ")
			guess := func(client string) int {
				t.Helper()
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/auth/token",
					strings.NewReader(`{"grantType":"authorization_code","code":"guessed"}`))
				if err != nil {
					t.Fatal(err)
				}
				request.Close = true
				request.Header.Set("X-Forwarded-For", client)
				status, _, err := do(&http.Client{Timeout: patience}, request)
				if err != nil {
					t.Fatal(err)
				}
				return status
			}
			const free = 5
			for n := range free {
				if got := guess("198.51.100.1"); got != http.StatusBadRequest {
					t.Fatalf("failure %d: %d; want 400", n, got)
				}
			}
			if got := guess("198.51.100.1"); got != http.StatusTooManyRequests {
				t.Errorf("the failure after %d: %d; want 429", free, got)
			}
			want := http.StatusTooManyRequests
			if tt.own {
				want = http.StatusBadRequest
			}
			if got := guess("198.51.100.2"); got != want {
				t.Errorf("the first failure of another address in the header: %d; want %d", got, want)
			}
			p.stop()
		})
	}
}
