package sqlstore_test

import (
	"database/sql"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// grows are the tables that a request must not walk over, nor an event's part of.
var grows = regexp.MustCompile(`(SCAN (ticket|patron|patron_key|listing|orders|ledger|document|batch|journal|answer|transfer|transfer_step|task|token_pair|family)\b.*|SEARCH ticket USING .*\(event=\?\))`)

// mayWalk is what the venue asks for when it means a section or a whole event.
const mayWalk = "WHERE event = ?1 AND NOT void AND (?2 = '' OR section = ?2)"

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
		switch strings.Fields(statement)[0] {
		case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		default:
			continue
		}
		most := 0
		for _, found := range numbers.FindAllStringSubmatch(statement, -1) {
			n, err := strconv.Atoi(found[1])
			must(t, err)
			most = max(most, n)
		}
		for _, detail := range planOf(t, db, statement, most) {
			if walk := grows.FindString(detail); walk != "" && !strings.Contains(statement, mayWalk) {
				t.Errorf("%s\n%s", walk, statement)
			}
		}
	}
}

// planOf is how SQLite would run a statement of so many parameters.
func planOf(t *testing.T, db *sql.DB, statement string, parameters int) (details []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, make([]any, parameters)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(t, rows.Scan(&id, &parent, &unused, &detail))
		details = append(details, detail)
	}
	must(t, rows.Err())
	return details
}
