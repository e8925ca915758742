package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// An order of the sandbox stays PENDING; its callback is refused twice; and the
// server is killed while the order waits and again while the callback does.
func TestACallbackComesWhateverHappensToTheServer(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			key, callers := furnish(t, db, "first")
			partner, tokens := callers[0], freeTokens(t, db)[:2]
			r := receive(t, http.StatusInternalServerError, http.StatusServiceUnavailable)
			server, url := serveSandbox(t, db, key)
			partner.url = url
			process := partner.orderPending(t, "PENDING-1", tokens, r.url)
			server.kill()

			server, partner.url = serveSandbox(t, db, key)
			first := r.next(t)
			// Killed before it is written down that it was refused, the task would come
			// again after its lease of 30 s: that is tested, in no time, in package push.
			awaitRow(t, db, `SELECT COUNT(*) FROM callback WHERE attempts = 1 AND EXISTS (SELECT 1 FROM task WHERE kind = 'callback' AND due_at < $1)`,
				time.Now().Add(10*time.Second).UnixMicro())
			server.kill()

			server, partner.url = serveSandbox(t, db, key)
			second, third := r.next(t), r.next(t)
			status, want, err := partner.call(t.Context(), "GET", "/v1/cart/complete-order/"+process, requestID(), nil)
			if err != nil || status != http.StatusOK || !strings.Contains(string(want), `"status":"COMPLETE"`) {
				t.Fatalf("the order's status: %d %s %v; want COMPLETE", status, want, err)
			}
			for i, d := range []callback{first, second, third} {
				if d.body != string(want) {
					t.Errorf("callback %d is\n%s\nand the order's status\n%s", i+1, d.body, want)
				}
				if got := d.header.Get("Content-Type"); got != "application/json" || d.header.Get("User-Agent") == "" || d.header.Get("Authorization") != "" {
					t.Errorf("callback %d came with %v", i+1, d.header)
				}
			}
			awaitRow(t, db, `SELECT COUNT(*) FROM callback WHERE state = 'delivered' AND attempts = 3 AND note = '2xx' AND $1 > 0
				AND NOT EXISTS (SELECT 1 FROM task WHERE kind = 'callback')`, 1)
			r.quiet(t)
			server.stop()
			audit(t, db)
			if log := server.errs.String(); strings.Contains(log, r.url) {
				t.Errorf("the log tells where callbacks go:\n%s", log)
			}
		})
	}
}

func TestACallbackTellsThatAnOrderEndedInError(t *testing.T) {
	db := sqliteFile(t)
	key, callers := furnish(t, db, "first")
	partner, tokens := callers[0], freeTokens(t, db)[:1]
	r := receive(t)
	server, url := serveSandbox(t, db, key)
	partner.url = url
	process := partner.orderPending(t, "ERROR-1", tokens, r.url)
	got := r.next(t)
	_, want, err := partner.call(t.Context(), "GET", "/v1/cart/complete-order/"+process, requestID(), nil)
	if err != nil || got.body != string(want) || !strings.Contains(got.body, `"status":"ERROR"`) || !strings.Contains(got.body, `"errors":[{`) {
		t.Errorf("the callback is\n%s\nand the order's status\n%s (%v)\nwant both in ERROR, with reasons", got.body, want, err)
	}
	server.stop()
	audit(t, db)
}

// A server that is no sandbox calls nobody inside: the address is refused before
// anything is done.
func TestOnlyTheSandboxCallsThisMachine(t *testing.T) {
	db := sqliteFile(t)
	key, callers := furnish(t, db, "first")
	partner, tokens := callers[0], freeTokens(t, db)[:1]
	r := receive(t)
	server, url := serve(t, db, key)
	partner.url = url
	partner.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", tokens)), nil)
	partner.want(t, 400, "POST", "/v1/cart/complete-order", withCallback(saleBody("O-1", "ada", tokens), r.url), nil)
	partner.want(t, 200, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody("O-1", "ada", tokens)), nil)
	r.quiet(t)
	server.stop()
}

func serveSandbox(tb testing.TB, db, key string) (p *process, url string) {
	tb.Helper()
	p = launch(tb, "serve", "--db", db, "--key", key, "--addr", "127.0.0.1:0", "--log-level", "info", "--sandbox")
	_, url, _ = strings.Cut(p.await("seatlink serves ", "\n"), "seatlink serves ")
	return p, url
}

// orderPending locks tickets and orders them, and returns the process that the
// order is PENDING in.
func (c *caller) orderPending(tb testing.TB, order string, tokens []string, callback string) (process string) {
	tb.Helper()
	c.want(tb, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", tokens)), nil)
	var answer struct{ Status, ProcessID string }
	c.want(tb, 200, "POST", "/v1/cart/complete-order", withCallback(saleBody(order, "ada", tokens), callback), &answer)
	if answer.Status != "PENDING" || answer.ProcessID == "" {
		tb.Fatalf("the order %s is %+v; want it PENDING", order, answer)
	}
	return answer.ProcessID
}

// withCallback is the body of a sale with an address for its callback.
func withCallback(sale []byte, callback string) json.RawMessage {
	return json.RawMessage(strings.Replace(string(sale), `"amountToSeller":`, `"asyncCallbackUrl":"`+callback+`","amountToSeller":`, 1))
}

// awaitRow waits until a count over the books is 1.
func awaitRow(tb testing.TB, db, count string, args ...any) {
	tb.Helper()
	books := look(tb, db)
	defer func() { _ = books.Close() }()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		n := 0
		query(tb, books, func(scan func(...any) error) error { return scan(&n) }, count, args...)
		if n == 1 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			tb.Fatalf("%s gives %d; want 1", count, n)
		}
	}
}
