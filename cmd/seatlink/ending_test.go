package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A wire is one connection of a partner's program, used as long as it lasts. It
// never sends anything twice: an answer that does not come is lost.
type wire struct {
	caller *caller
	conn   net.Conn
	read   *bufio.Reader
	used   int // requests answered on conn
}

// errNotLetIn is a request that no server has taken: the port is closed, or the
// connection was refused before its first answer.
var errNotLetIn = errors.New("not let in")

func (l *wire) call(t *testing.T, method, path string, body []byte) (status int, err error) {
	t.Helper()
	if l.conn == nil {
		l.conn, err = (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", strings.TrimPrefix(l.caller.url, "http://"))
		if err != nil {
			return 0, fmt.Errorf("%w: %w", errNotLetIn, err)
		}
		l.read, l.used = bufio.NewReader(l.conn), 0
		if err := l.conn.SetDeadline(time.Now().Add(patience)); err != nil {
			return 0, err
		}
	}
	var request bytes.Buffer
	fmt.Fprintf(&request, "%s %s HTTP/1.1\r\nHost: seatlink\r\nAuthorization: Bearer %s\r\nPAC-Application-ID: %s\r\nPAC-API-Key: %s\r\n"+
		"PAC-Channel-Code: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, path, l.caller.accessToken, l.caller.partner.Application, l.caller.partner.APIKey, l.caller.partner.Channel, len(body), body)
	response, err := func() (*http.Response, error) {
		if _, err := l.conn.Write(request.Bytes()); err != nil {
			return nil, err
		}
		return http.ReadResponse(l.read, nil)
	}()
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	if err != nil {
		_ = l.conn.Close()
		l.conn = nil
		if l.used == 0 && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE)) {
			return 0, fmt.Errorf("%w: %w", errNotLetIn, err) // it waited at the door
		}
		return 0, err
	}
	l.used++
	if response.Close {
		_ = l.conn.Close()
		l.conn = nil
	}
	return response.StatusCode, nil
}

// Ensure that the end under load loses nothing: every request that was let in is
// answered, and what was not answered was not done.
func TestTheEndUnderLoadLosesNoRequest(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			key, callers := furnish(t, db, "first")
			server, url := serve(t, db, key)
			callers[0].url = url
			const lines, before = 16, 500
			tokens := freeTokens(t, db)
			var (
				next, answered atomic.Int64
				mu             sync.Mutex
				acknowledged   = map[string]bool{}
				clients        sync.WaitGroup
				enough         = make(chan struct{})
			)
			for range lines {
				clients.Go(func() {
					l := wire{caller: callers[0]}
					for {
						n := int(next.Add(1)) - 1
						if n >= len(tokens) {
							t.Error("the tickets ran out before the server ended")
							return
						}
						status, err := l.call(t, "PUT", "/v1/tickets/lock", lockBody("L-1", tokens[n:n+1]))
						switch {
						case errors.Is(err, errNotLetIn):
							return
						case err != nil:
							t.Errorf("request %d was let in and got no answer: %v", n, err)
							return
						case status == http.StatusOK:
							mu.Lock()
							acknowledged[tokens[n]] = true
							mu.Unlock()
						case status != http.StatusServiceUnavailable: // told to come back later, which is an answer
							t.Errorf("request %d was answered %d", n, status)
						}
						if answered.Add(1) == before {
							close(enough)
						}
					}
				})
			}
			<-enough
			began := time.Now()
			server.interrupt()
			clients.Wait()
			if err := server.wait(); err != nil {
				t.Errorf("the server ended by %v; want no error\n%s", err, server.errs)
			}
			took := time.Since(began)
			if most := 5 * time.Second; took > most {
				t.Errorf("the end took %v; want at most %v when every request takes milliseconds", took, most)
			}
			locked := map[string]bool{}
			query(t, look(t, db), func(scan func(...any) error) error {
				var token string
				err := scan(&token)
				locked[token] = true
				return err
			}, `SELECT token FROM ticket WHERE hold_by = 'first'`)
			for token := range acknowledged {
				if !locked[token] {
					t.Errorf("%s was acknowledged and is not locked", token)
				}
			}
			if len(locked) != len(acknowledged) {
				t.Errorf("%d tickets are locked and %d were acknowledged", len(locked), len(acknowledged))
			}
			t.Logf("%d requests answered, %d of them after the signal; the end took %v", answered.Load(), answered.Load()-before, took)
			audit(t, db)
		})
	}
}

// Ensure the end keeps its time: nobody who never finishes a request can hold it up.
func TestTheEndKeepsItsTime(t *testing.T) {
	db := sqliteFile(t)
	key, callers := furnish(t, db, "first")
	start := func(t *testing.T, args ...string) (*process, string) {
		t.Helper()
		p := launch(t, append([]string{"serve", "--db", db, "--key", key, "--addr", "127.0.0.1:0"}, args...)...)
		_, url, _ := strings.Cut(p.await("seatlink serves ", "\n"), "seatlink serves ")
		return p, url
	}
	end := func(t *testing.T, p *process) time.Duration {
		t.Helper()
		began := time.Now()
		p.interrupt()
		if err := p.wait(); err != nil {
			t.Errorf("the server ended by %v; want exit status 0\n%s", err, p.errs)
		}
		return time.Since(began)
	}
	t.Run("at once when nobody is there", func(t *testing.T) {
		p, url := start(t)
		if _, _, err := fetch(t.Context(), url+"/livez"); err != nil {
			t.Fatal(err)
		}
		if took, most := end(t, p), time.Second; took > most {
			t.Errorf("the end took %v; want at most %v", took, most)
		}
	})
	t.Run("soon when a connection is open and says nothing", func(t *testing.T) {
		p, url := start(t)
		l := wire{caller: callers[0]}
		callers[0].url = url
		if status, err := l.call(t, "GET", "/livez", nil); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
		if took, most := end(t, p), 2*time.Second; took > most {
			t.Errorf("the end took %v; want at most %v", took, most)
		}
	})
	t.Run("with the time it is given when a request never becomes whole", func(t *testing.T) {
		const drain = 3 * time.Second
		p, url := start(t, "--drain", drain.String())
		conn, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := callers[0]
		fmt.Fprintf(conn, "PUT /v1/tickets/lock HTTP/1.1\r\nHost: seatlink\r\nExpect: 100-continue\r\nAuthorization: Bearer %s\r\n"+
			"PAC-Application-ID: %s\r\nPAC-API-Key: %s\r\nPAC-Channel-Code: %s\r\nContent-Length: 100\r\n\r\n",
			c.accessToken, c.partner.Application, c.partner.APIKey, c.partner.Channel)
		if said, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(said, "HTTP/1.1 100 ") {
			t.Fatalf("the server answers %q, %v to Expect; want 100", said, err)
		}
		if took := end(t, p); took > drain || took < drain-finishing-time.Second {
			t.Errorf("the end took %v; want it to wait, and at most %v", took, drain)
		}
	})
	t.Run("with the doors open as long as balancers need", func(t *testing.T) {
		const wait = time.Second
		p, url := start(t, "--drain-wait", wait.String())
		began := time.Now()
		p.interrupt()
		awaitRefusal(t, url+"/readyz")
		if status, _, err := fetch(t.Context(), url+"/livez"); err != nil || status != http.StatusOK {
			t.Errorf("GET /livez while balancers look away: %d %v; want 200", status, err)
		}
		if status, body, err := fetch(t.Context(), url+"/readyz"); err != nil || status != http.StatusServiceUnavailable || !strings.Contains(body, "stopping") {
			t.Errorf("GET /readyz while balancers look away: %d %s %v; want 503", status, body, err)
		}
		if err := p.wait(); err != nil {
			t.Errorf("the server ended by %v", err)
		}
		if took, most := time.Since(began), wait+time.Second; took < wait || took > most {
			t.Errorf("the end took %v; want %v to %v", took, wait, most)
		}
	})
	t.Run("at once at the second signal", func(t *testing.T) {
		p, url := start(t, "--drain-wait", "20s")
		began := time.Now()
		p.interrupt()
		awaitRefusal(t, url+"/readyz")
		p.interrupt()
		if err := p.wait(); err == nil {
			t.Error("a server that was ended by a second signal says that all is well")
		}
		if took, most := time.Since(began), 5*time.Second; took > most {
			t.Errorf("the end took %v; want at most %v", took, most)
		}
	})
}
