package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// What /metrics says of a subscription is what was done to it: rows and seconds that
// it is behind, attempts by their answers, dead letters.
func TestMetricsTellWhatBecameOfMessages(t *testing.T) {
	t.Parallel()
	var (
		status atomic.Int64
		posts  [6]atomic.Int64 // by the hundreds of the status
	)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		code := int(status.Load())
		posts[code/100].Add(1)
		w.WriteHeader(code)
	}))
	defer receiver.Close()
	db := sqliteFile(t)
	key, callers := furnish(t, db, "market", "rival")
	tokens, rival := freeTokens(t, db), callers[1]
	server := servePush(t, db, key)
	rival.url = server.url
	var added struct{ ID string }
	decode(t, must(t, "subscription", "add", receiver.URL, "--db", db, "--key", key, "--channel", "market", "--organization", "999", "--output", "json"), &added)
	of := func(name string) string {
		return fmt.Sprintf(`seatlink_subscription_%s{channel="market",entity="seats",subscription=%q}`, name, added.ID)
	}
	says := func(when string, want map[string]float64) {
		t.Helper()
		deadline, tick := time.After(patience), time.NewTicker(20*time.Millisecond)
		defer tick.Stop()
		for name, value := range want {
			for server.metric(t, name) != value {
				select {
				case <-tick.C:
				case <-deadline:
					t.Fatalf("%s %s is %v; want %v", when, name, server.metric(t, name), value)
				}
			}
		}
	}
	lock := func(n int) {
		t.Helper()
		rival.want(t, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-1", tokens[:n])), nil)
		tokens = tokens[n:]
	}
	const attempts = "seatlink_message_attempts_total"
	says("at first", map[string]float64{of("lag_rows"): 0, of("lag_seconds"): 0, of("active"): 1, of("dead_letters"): 0})

	must(t, "subscription", "pause", added.ID, "--db", db, "--key", key)
	before := time.Now()
	lock(3)
	after := time.Now()
	says("paused", map[string]float64{of("lag_rows"): 3, of("active"): 0, of("dead_letters"): 0})
	least := time.Since(after)
	behind := server.metric(t, of("lag_seconds"))
	if most := time.Since(before); behind < least.Seconds() || behind > most.Seconds() {
		t.Errorf("it says that it is %v s behind; want %v to %v", behind, least, most)
	}

	// A message of three seats is refused, and then each of them.
	status.Store(http.StatusBadRequest)
	must(t, "subscription", "resume", added.ID, "--db", db, "--key", key)
	says("after refusals", map[string]float64{of("lag_rows"): 0, of("lag_seconds"): 0, of("active"): 1, of("dead_letters"): 3, attempts + `{answer="4xx"}`: 4})

	status.Store(http.StatusNoContent)
	lock(2)
	says("after a success", map[string]float64{of("lag_rows"): 0, of("dead_letters"): 3, attempts + `{answer="2xx"}`: 1})

	must(t, "subscription", "replay", added.ID, "--dead", "--db", db, "--key", key)
	says("told again", map[string]float64{of("dead_letters"): 0, attempts + `{answer="2xx"}`: 4})

	status.Store(http.StatusInternalServerError)
	lock(1)
	says("while it fails", map[string]float64{of("lag_rows"): 1, of("dead_letters"): 0})
	status.Store(http.StatusNoContent)
	says("when it is well again", map[string]float64{of("lag_rows"): 0})
	for hundreds, name := range map[int]string{2: "2xx", 4: "4xx", 5: "5xx"} {
		if n := posts[hundreds].Load(); n == 0 || server.metric(t, attempts+`{answer="`+name+`"}`) != float64(n) {
			t.Errorf("it says that %v attempts met %s; the receiver counted %d", server.metric(t, attempts+`{answer="`+name+`"}`), name, n)
		}
	}
	server.stop()
}
