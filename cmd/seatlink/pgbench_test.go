package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/seatlink/seatlink/internal/storetest"
)

// scriptOf is what pgbench runs, shared with bench/compare. pgbench has a copy of our
// database, all tables and indexes with it, and changes the same four adjacent rows of
// ticket by their tokens and writes four rows of journal of the same bytes. It writes
// no row of batch, looks at no event and parses no JSON: what it leaves out is to its
// advantage.
func scriptOf(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "bench", "pgbench", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

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
	server := storetest.StartPostgres(b, "shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=1h")
	data := b.TempDir()
	file := filepath.Join(data, "demo-file.json")
	serve := func() *process {
		s := launch(b, "demo", "--no-marketplace", "--size", "full", "--data", data, "--db", server.URL("postgres"), "--addr", "127.0.0.1:0", "--json", file, "--connections-per-address", "1000")
		s.await("seatlink is ready", "Ctrl-C")
		return s
	}
	serve().stop() // with the house loaded
	admin := openPostgres(b, server.URL("template1"))
	pgExec(b, admin, `CREATE DATABASE pgbench TEMPLATE postgres`)
	copied := openPostgres(b, server.URL("pgbench"))
	for statement := range strings.SplitSeq(scriptOf(b, "blocks.sql"), ";") {
		pgExec(b, copied, statement)
	}
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

	single, each := scriptOf(b, "single.sql"), scriptOf(b, "each.sql")
	many := []int{4, 8, 16, 64, 256}
	rates := map[string]map[int][]float64{"seatlink": {}, "single": {}, "each": {}}
	lap := func(what string, clients int, rate func() float64) {
		// Nobody pays for pages that another has written: the end of a checkpoint can hold
		// every commit up for more than a second.
		pgExec(b, admin, `CHECKPOINT`)
		rates[what][clients] = append(rates[what][clients], rate())
	}
	for range rounds {
		for _, clients := range many {
			lap("single", clients, func() float64 { return pgbench(single, clients) })
			if clients == 4 || clients == 16 {
				continue // only to find where a single statement is best
			}
			lap("seatlink", clients, func() float64 { return ours(clients) })
			lap("each", clients, func() float64 { return pgbench(each, clients) })
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
