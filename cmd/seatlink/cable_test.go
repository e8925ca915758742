package main

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// A cable is a TCP proxy that cuts what goes through it. It carries one connection
// at a time.
type cable struct {
	listener net.Listener
	server   string // its address
	cuts     chan cut
}

// A cut ends a connection when so many bytes went one way. After 0 it ends when
// the first byte comes; what comes the other way is not counted.
type cut struct {
	toServer bool
	after    int
}

func newCable(tb testing.TB, server string) *cable {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w := &cable{listener: listener, server: server, cuts: make(chan cut, 1)}
	ended := make(chan struct{})
	tb.Cleanup(func() { _ = listener.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			w.carry(tb.Context(), client, <-w.cuts)
		}
	}()
	return w
}

// carry copies both ways until one of them ends or is cut.
func (w *cable) carry(ctx context.Context, client net.Conn, c cut) {
	server, err := dialTCP(ctx, w.server)
	if err != nil {
		_ = client.Close()
		return
	}
	up, down := -1, c.after
	if c.toServer {
		up, down = c.after, -1
	}
	done := make(chan struct{}, 2)
	go func() { pump(server, client, up); done <- struct{}{} }()
	go func() { pump(client, server, down); done <- struct{}{} }()
	<-done
	_, _ = client.Close(), server.Close()
	<-done
}

// pump copies as many bytes as are left, all of them where that is negative.
func pump(to, from net.Conn, left int) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if left >= 0 {
			n = min(n, left)
			left -= n
		}
		if _, failed := to.Write(buf[:n]); failed != nil || err != nil || left == 0 {
			return
		}
	}
}

// send sends a request through the cable, which cuts it, and returns what comes
// back until the connection ends. That it is cut is no error.
func (w *cable) send(ctx context.Context, request []byte, c cut) []byte {
	w.cuts <- c
	return exchange(ctx, w.listener.Addr().String(), request)
}

func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	return (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
}

// exchange sends a request to an address and returns all that comes back.
func exchange(ctx context.Context, address string, request []byte) []byte {
	conn, err := dialTCP(ctx, address)
	if err != nil {
		return nil
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = conn.Write(request) // what cuts it tells by the answer
	answer, _ := io.ReadAll(conn)
	return answer
}

// The cable is cut where it is told to, or the tests with it mean nothing.
func TestTheCableIsCutWhereItIsToldTo(t *testing.T) {
	const said, answered = "0123456789", "abcdef"
	heard := make(chan string, 1)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				ended <- err
				return
			}
			text := make([]byte, len(said))
			n, _ := io.ReadFull(conn, text)
			heard <- string(text[:n])
			if n == len(said) {
				_, _ = io.WriteString(conn, answered)
			}
			_ = conn.Close()
		}
	}()
	w := newCable(t, listener.Addr().String())
	for n := range len(said) {
		if got := w.send(t.Context(), []byte(said), cut{true, n}); len(got) != 0 || <-heard != said[:n] {
			t.Errorf("cut after %d bytes to the server: it answered %q", n, got)
		}
	}
	for n := range len(answered) + 1 {
		if got := w.send(t.Context(), []byte(said), cut{false, n}); string(got) != answered[:n] || <-heard != said {
			t.Errorf("cut after %d bytes to the client: it got %q", n, got)
		}
	}
	_ = listener.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
