package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

func TestARequestInHandIsAnsweredBeforeTheEnd(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			key, callers := furnish(t, db, "first")
			server, url := serve(t, db, key)
			tokens := freeTokens(t, db)[:2]
			answer := holdRequest(t, callers[0], url, lockBody("L-1", tokens), func() {
				server.interrupt()
				awaitRefusal(t, url+"/readyz")
			})
			if answer != http.StatusOK {
				t.Errorf("the request in hand was answered %d; want 200", answer)
			}
			if err := server.wait(); err != nil {
				t.Errorf("the server ended by %v; want no error\n%s", err, server.errs)
			}
			held := 0
			query(t, look(t, db), func(scan func(...any) error) error { return scan(&held) }, `SELECT COUNT(*) FROM ticket WHERE hold_by = 'first'`)
			if held != len(tokens) {
				t.Errorf("the request in hand locked %d tickets; want %d", held, len(tokens))
			}
		})
	}
}

// holdRequest sends a lock but for its body, does something when the server has
// it in hand, sends the body and returns the status of the answer.
func holdRequest(t *testing.T, c *caller, url string, body []byte, meanwhile func()) (status int) {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	read := bufio.NewReader(conn)
	// With Expect the server asks for the body once its handler wants it.
	fmt.Fprintf(conn, "PUT /v1/tickets/lock HTTP/1.1\r\nHost: seatlink\r\nExpect: 100-continue\r\nAuthorization: Bearer %s\r\n"+
		"PAC-Application-ID: %s\r\nPAC-API-Key: %s\r\nPAC-Channel-Code: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		c.accessToken, c.partner.Application, c.partner.APIKey, c.partner.Channel, len(body))
	line, err := read.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("the server answers %q, %v to Expect; want 100", line, err)
	}
	if _, err := read.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	meanwhile()
	if _, err := conn.Write(body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(read, nil)
	if err != nil {
		t.Fatalf("the request in hand got no answer: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

// awaitRefusal waits until nobody is let in: the port is closed, or the answer is
// that the server stops.
func awaitRefusal(t *testing.T, url string) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), patience)
	defer done()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		status, body, err := fetch(ctx, url)
		if err != nil || status == http.StatusServiceUnavailable && strings.Contains(body, "stopping") {
			break
		}
		<-tick.C
	}
	if ctx.Err() != nil {
		t.Fatalf("GET %s goes on being answered by a server that stops", url)
	}
}

func TestOneProcessOwnsASQLiteFile(t *testing.T) {
	data := filepath.Join(t.TempDir(), "house")
	first := startDemo(t, data, "--size", "small")
	for _, second := range [][]string{
		{"demo", "--no-marketplace", "--addr", "127.0.0.1:0", "--data", data},
		{"serve", "--addr", "127.0.0.1:0", "--db", first.db},
	} {
		said := launch(t, second...).refused()
		if want := []string{"the database is in use by another seatlink process", data}; behind(said, want) < 0 {
			t.Errorf("seatlink %v beside the first says %q; want %q", second, said, want)
		}
	}
	// The first one has not noticed, and audit may look on.
	enter(t, first.file.URL, first.file.Partners[0])
	audit(t, first.db)
	first.stop()
}

func TestServeServesTheDatabaseOfADemo(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			data := filepath.Join(t.TempDir(), "house")
			d := startDemo(t, data, append(demoDatabase(db), "--size", "small")...)
			partner := enter(t, d.file.URL, d.file.Partners[0])
			d.stop()

			args := []string{"serve", "--db", d.db, "--addr", "127.0.0.1:0", "--public-url", "https://tickets.example.com/"}
			if !strings.HasPrefix(db, "sqlite:") { // whose key is found by itself
				args = append(args, "--key", filepath.Join(data, keyFile))
			}
			p := launch(t, args...)
			said := p.await("seatlink serves https://tickets.example.com on 127.0.0.1:", "\n")
			if strings.Contains(said, partner.partner.APIKey) {
				t.Error("serve prints an API key")
			}
			p.stop()

			// Where it listens is told when nobody says how others reach it.
			p, url := serve(t, d.db, filepath.Join(data, keyFile))
			partner.url = url
			partner.want(t, 200, "GET", "/v1/catalog/events", nil, nil)
			partner.want(t, 200, "GET", "/v1/listings/"+string(d.file.Listings[0].ID), nil, nil)
			if status, body, err := fetch(t.Context(), url+"/livez"); err != nil || status != 200 {
				t.Errorf("GET /livez: %d %s %v", status, body, err)
			}
			if status, body, err := fetch(t.Context(), url+"/readyz"); err != nil || status != 200 || !strings.Contains(body, `"notBuiltYet":[`) {
				t.Errorf("GET /readyz: %d %s %v; want which calls are not built yet", status, body, err)
			}
			p.stop()
			audit(t, d.db)
		})
	}
}

func TestTheKeyMustBeTheOneOfTheDatabase(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			furnish(t, db, "first")
			other := filepath.Join(t.TempDir(), keyFile)
			if _, err := access.CreateKeyring(other); err != nil {
				t.Fatal(err)
			}
			said := launch(t, "serve", "--addr", "127.0.0.1:0", "--db", db, "--key", other).refused()
			if want := "the key is not the one this database was made with"; !strings.Contains(said, want) {
				t.Errorf("with another key serve says %q; want %q", said, want)
			}
		})
	}
}
