package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// zooOpen is the last line that a zoo prints when all its cages are named.
const zooOpen = "the zoo is open"

// A pushCage is a way to be sick, at an address.
type pushCage struct{ name, address string }

// visitZoo starts a zoo. Its inhabitants have processors of their own in the world; here
// theirs is what others leave of ours, so that what a healthy subscriber has to
// wait for is our sender.
func visitZoo(tb testing.TB) (cages []pushCage) {
	tb.Helper()
	p := launchProgram(tb, "chrt", "--idle", "0", "zoo")
	for line := range strings.Lines(p.await(zooOpen)) {
		if name, address, found := strings.Cut(strings.TrimSpace(line), " at "); found {
			cages = append(cages, pushCage{name, address})
		}
	}
	return cages
}

// zoo is a program of subscribers that answer wrongly, or not at all. It names their
// addresses and lives as long as its tests.
func zoo() {
	endWithTests()
	debug.SetGCPercent(2_000)
	for _, c := range pushSick() {
		fmt.Println(c.name, "at", c.address)
	}
	fmt.Println(zooOpen)
	select {}
}

func pushSick() (cages []pushCage) {
	bomb := make([]byte, 32<<10)
	// What HTTP can say.
	says := func(name string, answer http.HandlerFunc) {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // of a sender that may have gone
			answer(w, r)
		}))
		// What the endless one fills is memory of its own machine, elsewhere.
		server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
			_ = conn.(*net.TCPConn).SetWriteBuffer(len(bomb))
			return ctx
		}
		server.Start()
		cages = append(cages, pushCage{name, server.URL})
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	says("500", status(http.StatusInternalServerError))
	says("410", status(http.StatusGone))
	says("400", status(http.StatusBadRequest))
	says("429", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	says("redirecting", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	says("slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Second + rand.N(2*time.Second)): // no two alike
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusNoContent)
	})
	says("endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(bomb); err != nil {
				return
			}
		}
	})
	says("huge", func(w http.ResponseWriter, _ *http.Request) {
		for range 64 {
			_, _ = w.Write(bomb)
		}
	})
	selfSigned := httptest.NewUnstartedServer(status(http.StatusNoContent))
	selfSigned.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	selfSigned.StartTLS()
	cages = append(cages, pushCage{"signed by itself", selfSigned.URL})
	// What is no HTTP.
	listen := func() net.Listener {
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "zoo:", err)
			os.Exit(1)
		}
		return listener
	}
	does := func(name, scheme string, with func(conn net.Conn)) {
		listener := listen()
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer func() { _ = conn.Close() }()
					with(conn)
				}()
			}
		}()
		cages = append(cages, pushCage{name, scheme + "://" + listener.Addr().String()})
	}
	hang := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) } // until it is given up
	does("hanging before its headers", "http", hang)
	does("hanging in its headers", "http", func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 204 No Con"); hang(conn) })
	does("hanging in its body", "http", func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\nno")
		hang(conn)
	})
	does("dripping", "http", func(conn net.Conn) {
		for _, letter := range "HTTP/1.1 204 No Content\r\n\r\n" {
			if _, err := io.WriteString(conn, string(letter)); err != nil {
				return
			}
			<-time.After(time.Second)
		}
	})
	does("resetting", "http", func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	does("garbage", "http", func(conn net.Conn) { _, _ = io.WriteString(conn, strings.Repeat("\x00garbage\xff", 100)) })
	does("garbage for TLS", "https", func(conn net.Conn) { _, _ = io.WriteString(conn, strings.Repeat("\x16\x03garbage", 100)) })
	does("with headers without end", "http", func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n")
		for err := error(nil); err == nil; {
			_, err = io.WriteString(conn, "X: "+strings.Repeat("x", 1000)+"\r\n")
		}
	})
	dead := listen()
	cages = append(cages, pushCage{"dead", "http://" + dead.Addr().String()})
	_ = dead.Close()
	return cages
}
