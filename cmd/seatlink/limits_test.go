package main

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// dial connects to the server from an address of this machine.
func (s *stage) dial(t *testing.T, from string) net.Conn {
	t.Helper()
	dialer := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// head is a request line with the headers of a good caller; more headers are put
// behind them.
func (s *stage) head(method, path string, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: seatlink\r\n", method, path)
	_ = s.first.headers(path, requestID()).Write(&b) // a Builder takes everything
	for _, line := range more {
		b.WriteString(line + "\r\n")
	}
	return b.String() + "\r\n"
}

// answered reads one answer, and whether the connection ends with it.
func answered(t *testing.T, conn net.Conn) (status int, code string, ends bool) {
	t.Helper()
	read := bufio.NewReader(conn)
	response, err := http.ReadResponse(read, nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil && !response.Close { // which may end with a reset, for nobody reads what was sent on
		t.Fatalf("half an answer: %v", err)
	}
	var answer errorAnswer
	if json.Unmarshal(body, &answer) != nil {
		answer.Error.AppErrorCode = string(body)
	}
	if response.Close {
		rest, _ := io.ReadAll(read)
		ends = len(rest) == 0
	}
	return response.StatusCode, answer.Error.AppErrorCode, ends
}

// What is too large is answered before it is read, and ends its connection.
func TestWhatIsTooLargeIsAnsweredUnread(t *testing.T) {
	s := startStage(t, sqliteFile(t))
	before := stateOf(t, s.books, s.db)
	const end = "0\r\n\r\n"
	chunk := "10000\r\n" + strings.Repeat(" ", 64<<10) + "\r\n"
	chunks := strings.Repeat(chunk, 17) + end
	large := func(n int) string { return "X-Large: " + strings.Repeat("x", n) }
	for _, tt := range []struct {
		name, sent string
		status     int
		code       string
	}{
		{"17 KiB of headers", s.head("GET", "/v1/listings/Lmine", large(17<<10)), 431, "TOO_LARGE"},
		{"48 KiB of headers", s.head("GET", "/v1/listings/Lmine", large(48<<10)), 431, "TOO_LARGE"},
		{"more headers than anybody reads", s.head("GET", "/v1/listings/Lmine", large(80<<10)), 431, "431 Request Header Fields Too Large"},
		{"a URI of 9 KiB", s.head("GET", "/v1/listings/"+strings.Repeat("L", 9<<10)), 414, "TOO_LARGE"},
		{"a URI of 40 KiB", s.head("GET", "/v1/listings/"+strings.Repeat("L", 40<<10)), 414, "TOO_LARGE"},
		{"a body that says it is too large", s.head("PUT", "/v1/tickets/unlock", "Content-Length: 1048577"), 413, "TOO_LARGE"},
		{"a body that says it is endless", s.head("PUT", "/v1/tickets/unlock", "Content-Length: 9223372036854775807"), 413, "TOO_LARGE"},
		{"a body that does not say, and is too large", s.head("PUT", "/v1/tickets/unlock", "Transfer-Encoding: chunked") + chunks, 413, "TOO_LARGE"},
		{"a body of nobody that is too large", strings.ReplaceAll(s.head("PUT", "/v1/tickets/unlock", "Transfer-Encoding: chunked"), s.first.accessToken, "x") + chunk + end, 401, "AUTH_REQUIRED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := s.dial(t, "127.0.0.1")
			go func() { _, _ = io.WriteString(conn, tt.sent) }() // the server may have closed it meanwhile
			status, code, ends := answered(t, conn)
			if status != tt.status || code != tt.code {
				t.Errorf("= %d %s; want %d %s", status, code, tt.status, tt.code)
			}
			if !ends && status != 401 {
				t.Errorf("%d leaves the connection open", status)
			}
		})
	}
	if changed := before.changed(stateOf(t, s.books, s.db)); len(changed) > 0 {
		t.Errorf("%v changed", changed)
	}
}

// Slow headers are cut off, slow bodies are told 408, whatever trickles; others
// are served meanwhile, and no goroutine is left. The times of production are too
// long for a test, and stand below.
func TestSlowRequestsEnd(t *testing.T) {
	const (
		headTime = time.Second
		bodyTime = 2 * time.Second
		each     = 60
	)
	s := startStage(t, sqliteFile(t), func(s *server) {
		if s.http.ReadHeaderTimeout != 5*time.Second || s.http.ReadTimeout != 15*time.Second || s.http.WriteTimeout != 30*time.Second || s.http.IdleTimeout != 120*time.Second {
			t.Errorf("the server's times are %v, %v, %v and %v; want 5 s for headers, 15 for reading, 30 for writing, 120 idle",
				s.http.ReadHeaderTimeout, s.http.ReadTimeout, s.http.WriteTimeout, s.http.IdleTimeout)
		}
		s.http.ReadHeaderTimeout, s.http.ReadTimeout = headTime, bodyTime
	})
	before := stateOf(t, s.books, s.db)
	baseline := runtime.NumGoroutine()
	request := s.head("PUT", "/v1/tickets/lock", "Content-Length: 4000")
	var silent, heads, bodies []net.Conn
	for range each {
		silent = append(silent, s.dial(t, "127.0.2.1"))
		heads = append(heads, s.dial(t, "127.0.2.2"))
		conn := s.dial(t, "127.0.2.3")
		_, _ = io.WriteString(conn, request+"{") // the answer tells
		bodies = append(bodies, conn)
	}
	over, trickled := make(chan struct{}), make(chan struct{})
	go func() { // a byte each, again and again
		defer close(trickled)
		tick := time.NewTicker(headTime / 10)
		defer tick.Stop()
		for i := range request {
			for _, conn := range heads {
				_, _ = io.WriteString(conn, request[i:i+1]) // until the server closes it
			}
			for _, conn := range bodies {
				_, _ = io.WriteString(conn, " ")
			}
			select {
			case <-tick.C:
			case <-over:
				return
			}
		}
	}()
	for range 20 {
		if got := s.first.told(t, "GET", "/v1/listings/Lmine", nil); got != "200" {
			t.Errorf("beside slow callers a listing is answered %s; want 200", got)
		}
	}
	for _, conns := range [][]net.Conn{silent, heads} {
		for _, conn := range conns {
			// Where the time ends within a line, net/http says that this is no request.
			said, err := io.ReadAll(conn)
			if isTimeout(err) || len(said) > 0 && !strings.HasPrefix(string(said), "HTTP/1.1 400 Bad Request\r\n") {
				t.Fatalf("slow headers are answered %q, %v; want the end", said, err)
			}
		}
	}
	for _, conn := range bodies {
		if status, code, ends := answered(t, conn); status != 408 || code != "TIMEOUT" || !ends {
			t.Errorf("a slow body is answered %d %s, and the connection ends: %v; want 408 TIMEOUT and the end", status, code, ends)
		}
	}
	close(over)
	<-trickled
	for _, conns := range [][]net.Conn{silent, heads, bodies} {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}
	if after := settled(baseline); after > baseline {
		t.Errorf("%d goroutines after the slow requests; want the %d from before", after, baseline)
	}
	if changed := before.changed(stateOf(t, s.books, s.db)); len(changed) > 0 {
		t.Errorf("%v changed", changed)
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error) //nolint:errorlint // of a read, which wraps nothing
	return ok && timeout.Timeout()
}

func TestTheServerBoundsConnectionsOfAnAddress(t *testing.T) {
	s := startStage(t, sqliteFile(t))
	const greedy = "127.0.3.1"
	open := make([]net.Conn, 256)
	for i := range open {
		open[i] = s.dial(t, greedy)
	}
	for range 10 {
		if said, err := io.ReadAll(s.dial(t, greedy)); len(said) > 0 || isTimeout(err) {
			t.Fatalf("connection 257 of an address is told %q, %v; want the end", said, err)
		}
	}
	request := s.head("GET", "/v1/listings/Lmine", "Connection: close")
	ask := func(conn net.Conn) {
		t.Helper()
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		if status, code, _ := answered(t, conn); status != 200 {
			t.Errorf("= %d %s; want 200", status, code)
		}
	}
	ask(s.dial(t, "127.0.3.2"))
	ask(open[0]) // those who are in are served, and make room when they leave
	for deadline := time.Now().Add(patience); ; {
		conn := s.dial(t, greedy)
		if _, err := io.WriteString(conn, request); err == nil {
			if said, _ := io.ReadAll(conn); strings.HasPrefix(string(said), "HTTP/1.1 200 ") {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the place of a connection that ended is not given to another")
		}
	}
}

// An HTTP/2 connection is told that it may have 100 streams.
func TestStreamsOfAConnectionAreBounded(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	s := startStage(t, sqliteFile(t), func(s *server) {
		s.http.TLSConfig = &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.http.ServeTLS(listener, "", "") }() // ends with the server
	pool := certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: "example.com", NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	// The client's preface with an empty SETTINGS frame; the server's SETTINGS come first.
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		t.Fatal(err)
	}
	var frame [9]byte
	if _, err := io.ReadFull(conn, frame[:]); err != nil {
		t.Fatal(err)
	}
	const settingsFrame, maxConcurrentStreams, each = 4, 3, 6
	if frame[3] != settingsFrame {
		t.Fatalf("the first frame is of type %d; want SETTINGS", frame[3])
	}
	payload := make([]byte, int(frame[0])<<16|int(frame[1])<<8|int(frame[2]))
	if _, err := io.ReadFull(conn, payload); err != nil {
		t.Fatal(err)
	}
	streams := uint32(0)
	for ; len(payload) >= each; payload = payload[each:] {
		if binary.BigEndian.Uint16(payload) == maxConcurrentStreams {
			streams = binary.BigEndian.Uint32(payload[2:])
		}
	}
	if streams != 100 {
		t.Errorf("the server allows %d streams; want 100", streams)
	}
}
