package main

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"
)

// A lobby is a gate with everybody who came in.
type lobby struct {
	*gate
	mu     sync.Mutex
	inside []net.Conn
	came   chan net.Conn
}

func openLobby(t *testing.T, most, ofAddress int, exempt func(netip.Addr) bool) *lobby {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &lobby{gate: newGate(listener, bounds{most, ofAddress}, exempt), came: make(chan net.Conn, 64)}
	go func() {
		defer close(l.came)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			l.mu.Lock()
			l.inside = append(l.inside, conn)
			l.mu.Unlock()
			l.came <- conn
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		for range l.came {
		}
		for _, conn := range l.inside {
			_ = conn.Close()
		}
		if l.all != 0 || len(l.open) != 0 {
			t.Errorf("everybody left, and %d connections of %d addresses are counted", l.all, len(l.open))
		}
	})
	return l
}

// knock connects from an address of this machine, and reports whether it was let in.
func (l *lobby) knock(t *testing.T, from string) (conn net.Conn, letIn bool) {
	t.Helper()
	dialer := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	shut := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1)) // nobody says anything
		shut <- err
	}()
	select {
	case <-l.came:
		return conn, true
	case err := <-shut:
		if errors.Is(err, net.ErrClosed) {
			t.Fatalf("the connection from %s ended by itself: %v", from, err)
		}
		return conn, false
	}
}

func (l *lobby) want(t *testing.T, from string, letIn bool) {
	t.Helper()
	if _, got := l.knock(t, from); got != letIn {
		t.Fatalf("a connection from %s is let in: %v; want %v, with %d inside", from, got, letIn, l.all)
	}
}

func TestTheGateBoundsConnections(t *testing.T) {
	l := openLobby(t, 5, 3, nil)
	for range 3 {
		l.want(t, "127.0.0.1", true)
	}
	for range 20 {
		l.want(t, "127.0.0.1", false)
	}
	l.want(t, "127.0.0.2", true)
	l.want(t, "127.0.0.2", true)
	l.want(t, "127.0.0.3", false) // the process is full

	// Who leaves makes room, once however often it closes.
	for range 3 {
		_ = l.inside[0].Close()
	}
	l.want(t, "127.0.0.2", true)
	l.want(t, "127.0.0.3", false)
}

func TestProxiesSpeakForMany(t *testing.T) {
	proxy := netip.MustParseAddr("127.0.0.9")
	l := openLobby(t, 8, 1, func(a netip.Addr) bool { return a == proxy })
	for range 6 {
		l.want(t, "127.0.0.9", true)
	}
	l.want(t, "127.0.0.1", true)
	l.want(t, "127.0.0.1", false)
	l.want(t, "127.0.0.9", true)
	l.want(t, "127.0.0.9", false) // all the same the process is full
}

func TestOrigins(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1":             "192.0.2.1/32",
		"2001:db8:1:2:3:4:5:6":  "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::99": "2001:db8:1:2::/64",
	} {
		if got := origin(netip.MustParseAddr(address)); got.String() != want {
			t.Errorf("origin(%s) = %s; want %s", address, got, want)
		}
	}
	if got := origin(netip.Addr{}); got.IsValid() {
		t.Errorf("origin of no address = %s", got)
	}
}

// A flood of connections that are refused leaves no goroutine behind.
func TestRefusedConnectionsLeaveNothing(t *testing.T) {
	l := openLobby(t, 1, 1, nil)
	l.want(t, "127.0.0.1", true)
	before := runtime.NumGoroutine()
	for range 500 {
		conn, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, conn); n != 0 {
			t.Fatalf("a refused connection was told %d bytes, %v", n, err)
		}
		_ = conn.Close()
	}
	if after := settled(before); after > before {
		t.Errorf("%d goroutines after the flood; want the %d from before", after, before)
	}
}

// settled waits a while for the number of goroutines to come down, and returns it.
func settled(want int) int {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if runtime.NumGoroutine() <= want {
			break
		}
		<-tick.C
	}
	return runtime.NumGoroutine()
}
