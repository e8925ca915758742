package storetest

import (
	"database/sql"
	"testing"
)

// A line is one row of the journal at its position.
type line struct {
	position, version int64
	subject, what     string
}

// journal reads the rows beyond a position, as every reader of it does.
func journal(tb testing.TB, db *sql.DB, beyond int64) []line {
	tb.Helper()
	rows, err := db.QueryContext(background, `
SELECT b.position + j.n, j.subject, j.version, j.what
FROM batch AS b JOIN journal AS j ON j.batch = b.number
WHERE b.position + j.n > $1
ORDER BY 1`, beyond)
	must(tb, "read the journal", err)
	defer rows.Close()
	var lines []line
	for rows.Next() {
		var l line
		must(tb, "read the journal", rows.Scan(&l.position, &l.subject, &l.version, &l.what))
		lines = append(lines, l)
	}
	must(tb, "read the journal", rows.Err())
	return lines
}

// number asks the database for one integer.
func number(tb testing.TB, db *sql.DB, query string, args ...any) int64 {
	tb.Helper()
	var n sql.NullInt64
	if err := db.QueryRowContext(background, query, args...).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return n.Int64
}

// audit holds the books to their invariants: every change has one row of the
// journal, the versions of each ticket and the positions of all have no hole,
// and the books of every order balance.
func (s *scene) audit() {
	s.t.Helper()
	eventually(s.t, "every batch has its position", func() bool {
		return number(s.t, s.db, `SELECT COUNT(*) FROM batch WHERE position IS NULL`) == 0
	})
	lines := journal(s.t, s.db, 0)
	follow(s.t, lines)
	if got, want := int64(len(lines)), number(s.t, s.db, `SELECT COUNT(*) FROM journal`); got != want {
		s.t.Errorf("the journal has %d rows and %d of them have a position", want, got)
	}
	if got, want := int64(len(lines)), number(s.t, s.db, `SELECT position FROM head`); got != want {
		s.t.Errorf("the head stands at %d behind %d rows", want, got)
	}
	for _, invariant := range []struct{ broken, query string }{
		{"tickets whose version is not the number of their journal rows", `
SELECT COUNT(*) FROM (
	SELECT t.token FROM ticket AS t LEFT JOIN journal AS j ON j.subject = t.token
	GROUP BY t.token, t.version HAVING COUNT(j.version) <> t.version OR COALESCE(MAX(j.version), 0) <> t.version) AS x`},
		{"rows of the journal of no ticket or event", `
SELECT COUNT(*) FROM journal AS j
WHERE NOT EXISTS (SELECT 1 FROM ticket WHERE token = j.subject) AND NOT EXISTS (SELECT 1 FROM event WHERE id = j.subject)`},
		{"orders whose ledger does not sum to zero in a currency", `
SELECT COUNT(*) FROM (SELECT order_key FROM ledger GROUP BY order_key, currency HAVING SUM(amount) <> 0) AS x`},
		{"ledger rows without a complete order", `
SELECT COUNT(*) FROM ledger AS l WHERE NOT EXISTS (SELECT 1 FROM orders WHERE key = l.order_key AND state = 'COMPLETE')`},
		{"complete orders without a ledger", `
SELECT COUNT(*) FROM orders AS o WHERE state = 'COMPLETE' AND NOT EXISTS (SELECT 1 FROM ledger WHERE order_key = o.key)`},
		{"persons with two accounts in one organization", `
SELECT COUNT(*) FROM (SELECT key FROM patron_key GROUP BY key, organization HAVING COUNT(*) > 1) AS x`},
		{"barcodes of two tickets of one event", `
SELECT COUNT(*) FROM (SELECT barcode FROM ticket GROUP BY event, barcode HAVING COUNT(*) > 1) AS x`},
		{"sales in the journal that are not the cause of an order's line", `
SELECT COUNT(*) FROM journal WHERE what = 'sale' AND state NOT LIKE '%"order":%'`},
	} {
		if n := number(s.t, s.db, invariant.query); n != 0 {
			s.t.Errorf("there are %d %s", n, invariant.broken)
		}
	}
}

// follow reads lines as a reader does who has none yet: positions are dense,
// and the versions of each subject ascend by one.
func follow(tb testing.TB, lines []line) {
	tb.Helper()
	versions := map[string]int64{}
	for i, l := range lines {
		if want := int64(i) + 1; l.position != want {
			tb.Fatalf("position %d follows %d rows; want %d", l.position, i, want)
		}
		if want := versions[l.subject] + 1; l.version != want {
			tb.Fatalf("at position %d %s has version %d after %d", l.position, l.subject, l.version, want-1)
		}
		versions[l.subject] = l.version
	}
}
