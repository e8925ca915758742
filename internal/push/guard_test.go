package push

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A canary is a listener on this machine that nobody may reach.
type canary struct {
	port    uint16
	reached atomic.Int64
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{}
	first, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.port = netip.MustParseAddrPort(first.Addr().String()).Port()
	for _, l := range []net.Listener{first, c.on(t, "[::1]")} {
		if l == nil { // a machine without IPv6 has no such address to guard
			continue
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				c.reached.Add(1)
				_ = conn.Close()
			}
		}()
	}
	return c
}

func (c *canary) on(t *testing.T, host string) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp6", fmt.Sprintf("%s:%d", host, c.port))
	if err != nil {
		return nil
	}
	return l
}

func (c *canary) silent(t *testing.T) {
	t.Helper()
	if n := c.reached.Load(); n != 0 {
		t.Errorf("%d connections reached the canary; want 0", n)
	}
}

// guarded is a door whose guard is asked as always; what it permits is counted
// and goes through only to this machine, for the internet is not there in tests.
func guarded(rules Rules, z zone) (d *Door, permitted *atomic.Int64) {
	permitted = new(atomic.Int64)
	d = newDoor(rules, z.resolver(), func(to netip.AddrPort) error {
		if err := rules.permit(to); err != nil {
			return err
		}
		permitted.Add(1)
		if !to.Addr().IsLoopback() {
			return errors.New("there is no internet here")
		}
		return nil
	})
	return d, permitted
}

func at(addresses ...string) (list []netip.Addr) {
	for _, a := range addresses {
		list = append(list, netip.MustParseAddr(a))
	}
	return list
}

func TestNoSpellingOfAnAddressLeadsInside(t *testing.T) {
	c := newCanary(t)
	// As the C library does, this resolver takes every number for the machine itself.
	names := zone(func(name string) (string, []netip.Addr) {
		switch {
		case strings.HasPrefix(name, "mapped."):
			return "", at("::ffff:127.0.0.1")
		case strings.HasPrefix(name, "nat64."):
			return "", at("64:ff9b::7f00:1")
		case strings.HasPrefix(name, "six."):
			return "", at("::1")
		case strings.HasPrefix(name, "mixed."):
			return "", at("127.0.0.1", "::1", "10.0.0.1", "169.254.169.254")
		case strings.HasPrefix(name, "alias."):
			return "inside.example.com", at("127.0.0.1")
		}
		return "", at("127.0.0.1")
	})
	door, permitted := guarded(Rules{Ports: []uint16{c.port}}, names)
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "127.0.0.1.", "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1",
		"0177.0.0.0x1", "00000177.1", "127.000.000.001", "0", "0.0.0.0", "127.127.127.127", "127.0.0.1%00", "%31%32%37.0.0.1",
		"[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:7f00:1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
		"[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%25eth0]", "[::1%25lo]", "[fd00::1]", "[ff02::1]",
		"localhost", "localhost.", "LOCALHOST", "localhost.localdomain", "sub.localhost", "127.0.0.1.nip.example.com",
		"mapped.example.com", "nat64.example.com", "six.example.com", "mixed.example.com", "alias.example.com", "alias.example.com.", "EXAMPLE.com",
		"①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "bücher.example.com", "xn--bcher-kva.example.com", "xn--0.example.com",
		"user@localhost", "93.184.215.14@localhost", "localhost#93.184.215.14", "169.254.169.254", "metadata.example.internal", "10.0.0.1", "192.168.0.1", "a..b", "-", "",
	} {
		for _, scheme := range []string{"https", "http"} {
			address := fmt.Sprintf("%s://%s:%d/callback", scheme, host, c.port)
			if strings.Contains(host, "#") {
				address = fmt.Sprintf("%s://%s", scheme, host)
			}
			if answer, err := door.Post(t.Context(), address, []byte("{}")); !errors.Is(err, errUnreached) {
				t.Errorf("Post(%s) = %+v, %v; want that it could not be reached", address, answer, err)
			}
			// The guard at the dial holds alone, too.
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, http.NoBody)
			if err != nil {
				continue // not even a URL
			}
			if response, err := door.http.Do(request); err == nil {
				_ = response.Body.Close()
				t.Errorf("%s was dialled and answered %d", address, response.StatusCode)
			}
		}
	}
	if n := permitted.Load(); n != 0 {
		t.Errorf("%d dials were permitted; want 0", n)
	}
	c.silent(t)
}

func TestTheCanaryIsAlive(t *testing.T) {
	c := newCanary(t)
	door, permitted := guarded(Rules{Sandbox: true}, func(string) (string, []netip.Addr) { return "", at("127.0.0.1") })
	for _, host := range []string{"127.0.0.1", "localhost", "inside.example.com"} {
		_, err := door.Post(t.Context(), fmt.Sprintf("http://%s:%d/", host, c.port), nil)
		if !errors.Is(err, errUnreached) {
			t.Errorf("Post to the canary at %s: %v; want that it could not be reached", host, err)
		}
	}
	if permitted.Load() < 3 || c.reached.Load() < 3 {
		t.Errorf("%d dials permitted, %d reached the canary; want 3 or more", permitted.Load(), c.reached.Load())
	}
}

func TestANameThatLeadsElsewhereAMomentLaterWinsNothing(t *testing.T) {
	const tries = 5_000
	c := newCanary(t)
	var lookups atomic.Int64
	// Out at the first look-ups and inside at the second to fifth, again and again,
	// and both at once.
	names := zone(func(name string) (string, []netip.Addr) {
		n := lookups.Add(1)
		switch {
		case strings.HasPrefix(name, "both."):
			return "", at("93.184.215.14", "127.0.0.1", "169.254.169.254", "::1")
		case n%5 == 1:
			return "", at("93.184.215.14", "2606:4700:4700::1111")
		}
		return "", at([]string{"127.0.0.1", "169.254.169.254", "10.0.0.1", "::1"}[n%4])
	})
	door, permitted := guarded(Rules{Ports: []uint16{c.port}}, names)
	var crowd sync.WaitGroup
	for worker := range 4 {
		crowd.Go(func() {
			for n := range tries / 4 {
				host := []string{"rebind", "both"}[n%2]
				_, _ = door.Post(t.Context(), fmt.Sprintf("https://%s.w%d.example.com:%d/", host, worker, c.port), nil)
			}
		})
	}
	crowd.Wait()
	if permitted.Load() == 0 {
		t.Error("void: the guard never saw a permitted address")
	}
	t.Logf("%d tries, %d look-ups, %d dials to the internet permitted", tries, lookups.Load(), permitted.Load())
	c.silent(t)
}

func TestNoRedirectIsFollowed(t *testing.T) {
	c := newCanary(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{"127.0.0.1", "[::1]", "localhost", "169.254.169.254", "10.0.0.1"} {
			to := fmt.Sprintf("http://%s:%d/", target, c.port)
			first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", to)
				w.Header().Set("Refresh", "0; url="+to)
				w.WriteHeader(status)
			}))
			answer, err := NewDoor(Rules{Sandbox: true}).Post(t.Context(), first.URL, []byte("{}"))
			if err != nil || answer.Status != status {
				t.Errorf("a redirect %d to %s answered %+v, %v; want its status and no more", status, to, answer, err)
			}
			first.Close()
		}
	}
	c.silent(t)
}

func TestAPostCarriesTheBodyAndNothingOfOurs(t *testing.T) {
	var (
		header http.Header
		body   string
	)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		header, body = r.Header, r.Method+" "+r.URL.RequestURI()+" "+string(text)
		http.SetCookie(w, &http.Cookie{Name: "track", Value: "me"})
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	door := NewDoor(Rules{Sandbox: true})
	if door.http.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy would resolve names for itself, past the guard")
	}
	for range 2 {
		answer, err := door.Post(t.Context(), receiver.URL+"/callback?secret=1", []byte(`{"status":"COMPLETE"}`))
		if err != nil || answer.Status != http.StatusNoContent {
			t.Fatalf("Post = %+v, %v; want 204", answer, err)
		}
		if want := `POST /callback?secret=1 {"status":"COMPLETE"}`; body != want {
			t.Errorf("the receiver got %s; want %s", body, want)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/json", "User-Agent": agent, "Authorization": "", "Cookie": "", "Accept-Encoding": "", "Referer": "",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %q; want %q", name, got, want)
			}
		}
	}
}

func TestWhatAReceiverSaysIsReadToItsLimitOnly(t *testing.T) {
	var sent atomic.Int64
	ended := make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		chunk := make([]byte, 32<<10)
		for {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	answer, err := NewDoor(Rules{Sandbox: true}).Post(t.Context(), receiver.URL, nil)
	if err != nil || answer.Status != http.StatusOK {
		t.Errorf("Post = %+v, %v; want 200", answer, err)
	}
	<-ended
	receiver.Close()
	const sockets = 16 << 20 // what waits in the buffers of two sockets
	if sent.Load() > sockets {
		t.Errorf("the receiver could say %d bytes", sent.Load())
	}
	loud := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Loud", strings.Repeat("a", 2*maxHeaders))
	}))
	defer loud.Close()
	if _, err := NewDoor(Rules{Sandbox: true}).Post(t.Context(), loud.URL, nil); !errors.Is(err, errUnreached) {
		t.Errorf("Post to a receiver with endless headers: %v; want that it could not be reached", err)
	}
}

func TestEveryFailureReadsTheSame(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	unknown := httptest.NewUnstartedServer(http.NotFoundHandler())
	unknown.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	unknown.StartTLS() // by a certificate that nobody trusts
	defer unknown.Close()
	rude := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer rude.Close()
	names := zone(func(name string) (string, []netip.Addr) {
		if strings.HasPrefix(name, "inside.") {
			return "", at("10.0.0.1")
		}
		return "", nil
	})
	door, _ := guarded(Rules{Sandbox: true}, names)
	for _, address := range []string{
		closed.URL, unknown.URL, rude.URL, "http://nowhere.example.com/", "http://inside.example.com/", "http://10.0.0.1/", "ftp://example.com/",
		"https://user:word@example.com/", ":", "http://example.com:99999/", "mailto:ada@example.com", "https:///path",
	} {
		_, err := door.Post(t.Context(), address, nil)
		if err == nil || err.Error() != errUnreached.Error() {
			t.Errorf("Post(%s): %v; want %v", address, err, errUnreached)
		}
	}
}

// The connection stands, and nothing comes.
func TestAReceiverCannotKeepUs(t *testing.T) {
	for _, tt := range []struct {
		name, address string
		serve         func(net.Conn)
		want          time.Duration
		answered      bool
	}{
		{"that shakes no hands", "https://example.com/", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, tlsTime, false},
		{"that says nothing", "http://localhost/", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, totalTime, false},
		{"whose body never ends", "http://localhost/", func(c net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1")
			_, _ = io.Copy(io.Discard, c)
		}, totalTime, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				door := NewDoor(Rules{Sandbox: true})
				transport := door.http.Transport.(*http.Transport)
				transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go tt.serve(theirs)
					return ours, nil
				}
				start := time.Now()
				answer, err := door.Post(t.Context(), tt.address, nil)
				if took := time.Since(start); took != tt.want || (err == nil) != tt.answered {
					t.Errorf("Post = %+v, %v after %v; want %v", answer, err, took, tt.want)
				}
				transport.CloseIdleConnections()
			})
		})
	}
}

func TestADialHasFiveSeconds(t *testing.T) {
	const lookUps = 16 // more than a name needs; the resolver asks for both families at once
	left := make(chan time.Duration, lookUps)
	door := newDoor(Rules{}, &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		until, _ := ctx.Deadline()
		select {
		case left <- time.Until(until):
		default:
		}
		return nil, errors.New("no name server")
	}}, Rules{}.permit)
	_, _ = door.Post(t.Context(), "https://example.com/", nil)
	if got := <-left; got <= 0 || got > dialTime {
		t.Errorf("the look-up of a name has %v; want at most %v", got, dialTime)
	}
}

func TestAddressesAsTheyAreWritten(t *testing.T) {
	for _, tt := range []struct {
		address        string
		house, sandbox bool
	}{
		{"https://example.com/done?x=1", true, true},
		{"https://example.com:8443/", true, true}, // the port is judged when it is dialled
		{"https://example.com./", true, true},
		{"http://example.com/", false, true},
		{"http://127.0.0.1:8081/", false, true},
		{"https://[::1]/", false, true},
		{"https://10.0.0.1/", false, false},
		{"https://[fe80::1%25eth0]/", false, false},
		{"https://127.1/", false, false},
		{"https://0x7f000001/", false, false},
		{"https://user@example.com/", false, false}, // it would become an Authorization of ours
		{"https://user:word@example.com/", false, false},
		{"https:example.com", false, false},
		{"https:///done", false, false},
		{"ftp://example.com/", false, false},
		{"//example.com/", false, false},
	} {
		to, err := url.Parse(tt.address)
		if err != nil {
			t.Fatal(err)
		}
		for sandbox, want := range map[bool]bool{false: tt.house, true: tt.sandbox} {
			if got := NewDoor(Rules{Sandbox: sandbox}).mayName(to); got != want {
				t.Errorf("mayName(%s), sandbox %v = %v; want %v", tt.address, sandbox, got, want)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		for _, tt := range []struct {
			header string
			want   time.Duration
		}{
			{"", 0}, {"0", 0}, {"120", 2 * time.Minute}, {"28800", 8 * time.Hour}, {"28801", 8 * time.Hour},
			{"99999999999999999999", 0}, {"-1", 0}, {"1.5", 0}, {"soon", 0}, {in(time.Hour), time.Hour}, {in(-time.Hour), 0}, {in(48 * time.Hour), 8 * time.Hour},
		} {
			if got := retryAfter(tt.header); got != tt.want {
				t.Errorf("retryAfter(%q) = %v; want %v", tt.header, got, tt.want)
			}
		}
	})
}
