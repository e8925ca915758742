package sqlstore_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// grows are the tables that a request must not walk over, nor an event's part of.
var grows = regexp.MustCompile(`(SCAN (ticket|patron|patron_key|listing|orders|ledger|document|batch|journal|answer|transfer|transfer_step|task|token_pair|family)\b.*|SEARCH ticket USING .*\(event=\?\))`)

// On PostgreSQL the history test of cmd/seatlink looks at plans, for there they
// depend on what is in the tables.
func TestNoStatementWalksOverATableOnSQLite(t *testing.T) {
	t.Parallel()
	from := newSQLite(t)
	loading, err := sqlstore.Open(t.Context(), from.url, from.keys, sqlstore.Options{})
	must(t, err)
	loadHouse(t, loading) // which may
	loading.Close()
	s, err := sqlstore.Open(t.Context(), from.url, from.keys, sqlstore.Options{})
	must(t, err)
	office := boxoffice.NewOffice(s, mailKeys{}, auditedPages{})
	act(t, s, office, from.url)
	statements := s.Statements()
	if len(statements) < 40 {
		t.Errorf("void: only %d statements were run", len(statements))
	}
	forget := besides(t, from.url)
	exec(t, forget, `DELETE FROM sqlite_stat1`) // of nine tickets, which are quicker read than looked for
	must(t, forget.Close())
	db := besides(t, from.url)
	numbers := regexp.MustCompile(`\?(\d+)`)
	for _, statement := range statements {
		if word, _, _ := strings.Cut(strings.TrimSpace(statement), " "); !strings.Contains("SELECT INSERT UPDATE DELETE WITH", strings.Fields(word)[0]) {
			continue
		}
		most := 0
		for _, found := range numbers.FindAllStringSubmatch(statement, -1) {
			n, err := strconv.Atoi(found[1])
			must(t, err)
			most = max(most, n)
		}
		rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, make([]any, most)...)
		if err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			must(t, rows.Scan(&id, &parent, &unused, &detail))
			if walk := grows.FindString(detail); walk != "" {
				t.Errorf("%s\n%s", walk, statement)
			}
		}
		must(t, rows.Err())
		must(t, rows.Close())
	}
}
