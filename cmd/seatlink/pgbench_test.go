package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/seatlink/seatlink/internal/storetest"
)

// What pgbench runs. It has a copy of our database, all tables and indexes with
// it, and changes the same four adjacent rows of ticket by their tokens and writes
// four rows of journal of the same bytes. It writes no row of batch, looks at no
// event and parses no JSON: what it leaves out is to its advantage.
const (
	// bench_block has the tokens of a block by its number, for pgbench picks numbers.
	pgbenchBlocks = `
CREATE SEQUENCE bench_batch START 1000000000;
CREATE TABLE bench_block (id INTEGER PRIMARY KEY, tokens TEXT[] NOT NULL);
INSERT INTO bench_block
SELECT n, array_agg(token ORDER BY token)
FROM (SELECT token, CAST((row_number() OVER (ORDER BY token) - 1) / 4 AS INTEGER) AS n FROM ticket) AS t
GROUP BY n HAVING COUNT(*) = 4;
ANALYZE`

	pgbenchHold = `hold = 'lock', hold_by = 'DEMOMARKET', hold_since = CAST(extract(epoch FROM now()) * 1000000 AS BIGINT),
	hold_terms = '{"source":"MY_ACCOUNT","listing":"L-1","total":40000,"price":10000}', version = version + 1`

	pgbenchRow = `'seats', token, version, 'lock', 'com.example.demo.market', 'DEMOMARKET', '7f3c2b1e-5d4a-4c6b-9e8f-0a1b2c3d4e5f',
	CAST(extract(epoch FROM now()) * 1000000 AS BIGINT), '{"owner":"' || owner || '","hold":"lock","by":"DEMOMARKET"}'`

	// The best single statement: the whole lock in one round trip.
	pgbenchSingle = `\set block random(0, :blocks - 1)
WITH held AS (
	UPDATE ticket SET ` + pgbenchHold + `
	WHERE token = ANY ((SELECT tokens FROM bench_block WHERE id = :block)::text[]) AND hold IN ('', 'lock') AND NOT void
	RETURNING token, organization, version, owner
), b AS (SELECT nextval('bench_batch') AS n)
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state)
SELECT b.n, row_number() OVER (), organization, ` + pgbenchRow + `
FROM held CROSS JOIN b;
`
)

// pgbenchEach is the same lock with statements for each ticket.
var pgbenchEach = func() string {
	script := `\set block random(0, :blocks - 1)
BEGIN;
SELECT tokens[1] AS t1, tokens[2] AS t2, tokens[3] AS t3, tokens[4] AS t4, nextval('bench_batch') AS batch FROM bench_block WHERE id = :block \gset
`
	for n := 1; n <= 4; n++ {
		script += fmt.Sprintf(`SELECT version FROM ticket WHERE token = :t%[1]d AND hold IN ('', 'lock') AND NOT void FOR NO KEY UPDATE;
UPDATE ticket SET `+pgbenchHold+` WHERE token = :t%[1]d;
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state)
SELECT :batch, %[1]d, organization, `+pgbenchRow+` FROM ticket WHERE token = :t%[1]d;
`, n)
	}
	return script + "COMMIT;\n"
}()

// BenchmarkAgainstPgbench compares locks of 4 tickets over HTTP with what
// PostgreSQL's own benchmark does for the same lock without HTTP: in the best
// single statement, and with statements for each ticket. One machine, one server
// with fsync on, 1,000,000 tickets, rounds interleaved; it fails below the ratios
// that are promised. A round is void, and fails it too, unless the journal grew by
// four rows for each lock.
//
//	make bench-postgres
func BenchmarkAgainstPgbench(b *testing.B) {
	const rounds, seconds = 5, 4
	server := storetest.StartPostgres(b, "shared_buffers=1GB", "max_wal_size=8GB")
	data := b.TempDir()
	file := filepath.Join(data, "demo-file.json")
	serve := func() *process {
		s := launch(b, "demo", "--no-marketplace", "--size", "full", "--data", data, "--db", server.URL("postgres"), "--addr", "127.0.0.1:0", "--json", file)
		s.await("seatlink is ready", "Ctrl-C")
		return s
	}
	serve().stop() // with the house loaded
	admin := openPostgres(b, server.URL("template1"))
	pgExec(b, admin, `CREATE DATABASE pgbench TEMPLATE postgres`)
	copied := openPostgres(b, server.URL("pgbench"))
	pgExec(b, copied, pgbenchBlocks)
	blocks := pgCount(b, copied, `SELECT COUNT(*) FROM bench_block`)

	pgbench := func(script string, clients int) float64 {
		before := pgCount(b, copied, `SELECT COUNT(*) FROM journal`)
		out := server.Ask(script, "pgbench", "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(seconds),
			"-D", "blocks="+strconv.Itoa(blocks), "-h", server.Folder(), "-p", strconv.Itoa(server.Port()), "-U", "postgres", "-f", "-", "pgbench")
		done, rate := figureOf(b, out, `transactions actually processed: (\d+)`), figureOf(b, out, `tps = ([\d.]+)`)
		if grew := pgCount(b, copied, `SELECT COUNT(*) FROM journal`) - before; grew != 4*int(done) {
			b.Fatalf("void: pgbench says it locked %.0f times, and the journal grew by %d rows", done, grew)
		}
		return rate
	}
	seatlink := serve()
	ours := func(clients int) float64 {
		driver := launch(b, "bench", "--json", file, "--work", "lock", "--scatter", "--clients", strconv.Itoa(clients),
			"--duration", fmt.Sprintf("%ds", seconds), "--output", "json", "--no-audit")
		if err := driver.wait(); err != nil {
			b.Fatal(err, driver.errs.String())
		}
		var figures []figure
		decode(b, driver.out.String(), &figures)
		if void := figures[0].Void; void != notAudited {
			b.Fatal("void:", void)
		}
		return figures[0].Rate
	}

	many := []int{4, 8, 16, 64, 256}
	rates := map[string]map[int][]float64{"seatlink": {}, "single": {}, "each": {}}
	for range rounds {
		for _, clients := range many {
			rates["single"][clients] = append(rates["single"][clients], pgbench(pgbenchSingle, clients))
			if clients == 4 || clients == 16 {
				continue // only to find where a single statement is best
			}
			rates["seatlink"][clients] = append(rates["seatlink"][clients], ours(clients))
			rates["each"][clients] = append(rates["each"][clients], pgbench(pgbenchEach, clients))
		}
	}
	seatlink.stop()
	audit(b, server.URL("postgres"))

	at := func(what string, clients int) float64 { return median(rates[what][clients]) }
	for _, clients := range many {
		for _, what := range []string{"seatlink", "single", "each"} {
			if all := rates[what][clients]; len(all) > 0 {
				b.Logf("%3d clients %-8s %6.0f locks/s (%.0f to %.0f)", clients, what, median(all), slices.Min(all), slices.Max(all))
			}
		}
	}
	best := 0.0
	for _, clients := range many {
		best = max(best, at("single", clients))
	}
	for _, promise := range []struct {
		unit        string
		ratio, want float64
	}{
		{"x-single-64", at("seatlink", 64) / at("single", 64), 2},
		{"x-each-64", at("seatlink", 64) / at("each", 64), 6},
		{"x-single-best", at("seatlink", 64) / best, 1.4},
	} {
		b.ReportMetric(promise.ratio, promise.unit)
		if promise.ratio < promise.want {
			b.Errorf("%s is %.2f; want at least %.1f", promise.unit, promise.ratio, promise.want)
		}
	}
	b.ReportMetric(0, "ns/op")
	_ = os.Remove(file)
}

func openPostgres(tb testing.TB, url string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func pgExec(tb testing.TB, db *sql.DB, statement string) {
	tb.Helper()
	if _, err := db.ExecContext(tb.Context(), statement); err != nil {
		tb.Fatal(err)
	}
}

func pgCount(tb testing.TB, db *sql.DB, query string) (n int) {
	tb.Helper()
	if err := db.QueryRowContext(tb.Context(), query).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// figureOf finds a number in what pgbench prints.
func figureOf(tb testing.TB, text, pattern string) float64 {
	tb.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		tb.Fatalf("pgbench does not say %s:\n%s", pattern, text)
	}
	n, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}
