package main

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// lost begins a finding of the one kind that must never be made.
const lost = "lost"

// A trace is what the journal has of one request.
type trace struct {
	rows  int
	sales int // of them
}

// check looks at what the journal has since the last check, and returns what is
// wrong: an acknowledged write that is not there, one that is there in part, one
// that nobody asked for. The server is dead.
func (s *siege) check(t *testing.T, n int, fresh map[string]write) (findings []string) {
	t.Helper()
	books := look(t, s.db)
	defer func() { _ = books.Close() }() // else the server would not find what a crash leaves
	if strings.HasPrefix(s.db, "postgres:") {
		awaitTheDead(t, books)
	}
	traces := s.traces(t, books)
	orders := map[string]bool{}
	// The orders of this cycle lie between two keys.
	prefix := fmt.Sprintf("%s/%04d", crashChannel, n)
	query(t, books, func(scan func(...any) error) error {
		var key string
		var state string
		err := scan(&key, &state)
		if orders[strings.TrimPrefix(key, string(crashChannel)+"/")] = true; state != "COMPLETE" {
			findings = append(findings, fmt.Sprintf("order %s is %s", key, state))
		}
		return err
	}, `SELECT key, state FROM orders WHERE key > $1 AND key < $2`, prefix+"-", prefix+".")

	sold := 0
	for id, w := range fresh {
		got := traces[id]
		delete(traces, id)
		findings = append(findings, w.judge(id, got)...)
		if w.acknowledged {
			s.acknowledged++
		} else if s.unknown++; got.rows > 0 {
			s.unknownDone++
		}
		if got.sales > 0 {
			sold++
			if !orders[w.order] {
				findings = append(findings, fmt.Sprintf("half done: the tickets of order %s are sold, and it does not exist", w.order))
			}
		}
	}
	if sold != len(orders) {
		findings = append(findings, fmt.Sprintf("half done: %d orders, and tickets sold for %d", len(orders), sold))
	}
	for id, got := range traces {
		findings = append(findings, fmt.Sprintf("the journal has %d rows of request %s, which nobody sent", got.rows, id))
	}
	query(t, books, func(scan func(...any) error) error { return scan(&s.seen) }, `SELECT COALESCE(MAX(number), 0) FROM batch`)
	return findings
}

// checkAll looks at the whole journal: nothing that was there is gone later.
func (s *siege) checkAll(t *testing.T) (findings []string) {
	t.Helper()
	s.seen = 0
	books := look(t, s.db)
	defer func() { _ = books.Close() }()
	traces := s.traces(t, books)
	for id, w := range s.writes {
		findings = append(findings, w.judge(id, traces[id])...)
	}
	return findings
}

// judge tells what is wrong with what the journal has of a write.
func (w write) judge(id string, got trace) []string {
	sales := 0
	if w.order != "" {
		sales = blockSize
	}
	switch {
	case got.rows == 0 && w.acknowledged:
		return []string{fmt.Sprintf("%s: request %s was acknowledged, and the journal has nothing of it", lost, id)}
	case got.rows != 0 && (got.rows != blockSize || got.sales != sales):
		return []string{fmt.Sprintf("half done: the journal has %d rows of request %s, %d of them sales; want %d and %d", got.rows, id, got.sales, blockSize, sales)}
	}
	return nil
}

// traces are what the journal has of each request since the last check.
func (s *siege) traces(t *testing.T, books *sql.DB) map[string]trace {
	t.Helper()
	traces := map[string]trace{}
	query(t, books, func(scan func(...any) error) error {
		var id string
		var got trace
		err := scan(&id, &got.rows, &got.sales)
		traces[id] = got
		return err
	}, `
SELECT request_id, COUNT(*), SUM(CASE WHEN what = $2 THEN 1 ELSE 0 END)
FROM journal
WHERE batch > $1 AND entity = 'seats'
GROUP BY request_id`, s.seen, string(boxoffice.Sold))
	return traces
}

// awaitTheDead waits until PostgreSQL has finished what the killed process had
// sent it, and noticed that it is gone.
func awaitTheDead(t *testing.T, books *sql.DB) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		others := 0
		query(t, books, func(scan func(...any) error) error { return scan(&others) },
			`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if others == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%d connections of a killed process stay", others)
		}
	}
}
