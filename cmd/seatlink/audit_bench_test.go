package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

const (
	auditRounds = 5     // rows of the journal for each ticket
	auditBatch  = 1_000 // rows of a batch
)

// BenchmarkAuditFull audits a house of 1,000,000 tickets with 5,000,000 rows of the
// journal, in a process of its own: in under a minute, and in bounded memory.
//
//	make bench-audit
func BenchmarkAuditFull(b *testing.B) {
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			db := database.open(b)
			tickets := settleHouse(b, db, house.Full)
			growJournal(b, db, tickets)
			for b.Loop() {
				start := time.Now()
				p := launch(b, "audit", "--db", db)
				if err := p.wait(); err != nil {
					b.Fatalf("audit: %v\n%s%s", err, p.out, p.errs)
				}
				took := time.Since(start)
				b.ReportMetric(took.Seconds(), "s/audit")
				b.ReportMetric((p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()).Seconds(), "cpu-s/audit")
				if used, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
					b.ReportMetric(float64(used.Maxrss)/1024, "MiB")
				}
				if took > time.Minute {
					b.Errorf("the audit took %v; want less than a minute", took)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// Ensure that the journal that is made for the benchmark is one that could be.
func TestTheJournalOfTheAuditsBenchmarkIsClean(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			tickets := settleHouse(t, db, house.Small)
			growJournal(t, db, tickets)
			audit(t, db)
			if got := journalRows(t, db); got < auditRounds*tickets {
				t.Errorf("the journal has %d rows; want %d for each of %d tickets", got, auditRounds, tickets)
			}
		})
	}
}

// settleHouse loads the generator's house, and returns how many tickets it has.
func settleHouse(tb testing.TB, db string, size house.Size) int64 {
	tb.Helper()
	keys, err := access.CreateKeyring(filepath.Join(tb.TempDir(), keyFile))
	if err != nil {
		tb.Fatal(err)
	}
	store, err := sqlstore.Open(tb.Context(), db, keys, sqlstore.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer store.Close()
	made, err := house.Make(tb.Context(), store.NewLoader(), boxoffice.NewPersonKeys(keys), size, 1, time.Now(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return int64(made.Tickets)
}

// growJournal writes the journal that locks and unlocks of every ticket would have
// left, all in each round, in an order that has nothing to do with their keys. After
// the last round they are locked.
func growJournal(tb testing.TB, db string, tickets int64) {
	tb.Helper()
	books := openBooks(tb, db)
	defer func() { _ = books.Close() }()
	do := func(text string, args ...any) {
		tb.Helper()
		if _, err := books.ExecContext(tb.Context(), text, args...); err != nil {
			tb.Fatalf("%s: %v", text, err)
		}
	}
	var first, position int64
	query(tb, books, func(scan func(...any) error) error { return scan(&first, &position) },
		`SELECT (SELECT COALESCE(MAX(number), 0) + 1 FROM batch), (SELECT position FROM head)`)
	const step = 7919 // a prime: the order visits every ticket once
	if tickets%step == 0 {
		tb.Fatalf("void: %d tickets cannot be walked in steps of %d", tickets, step)
	}
	rows := tickets * auditRounds
	last := (rows - 1) / auditBatch
	do(`CREATE TEMP TABLE walk AS
SELECT token, organization, owner, hold, (ROW_NUMBER() OVER (ORDER BY token) - 1) * CAST(` + fmt.Sprint(step) + ` AS BIGINT) % ` + fmt.Sprint(tickets) + ` AS place
FROM ticket`)
	do(`CREATE INDEX walk_of ON walk (token)`)
	for round := range int64(auditRounds) {
		what, state := "lock", `'{"owner":"' || owner || '","hold":"lock","by":"bench"}'`
		if round%2 == 1 {
			what, state = "unlock", `'{"owner":"' || owner || '","was":{"hold":"lock","by":"bench"}}'`
		}
		prior := "0"
		if round > 0 {
			prior = fmt.Sprintf("%d + (%d + place) / %d", first, (round-1)*tickets, auditBatch)
		}
		do(fmt.Sprintf(`
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state, prior)
SELECT %d + (%d + place) / %d, (%d + place) %% %d, organization, 'seats', token, %d, '%s', 'com.example.bench', 'bench',
	'00000000-0000-4000-8000-' || CAST(100000000000 + place / 4 AS TEXT), 1700000000000000 + place, %s, %s
FROM walk ORDER BY place`, first, round*tickets, auditBatch, round*tickets, auditBatch, round+1, what, state, prior))
	}
	do(fmt.Sprintf(`
INSERT INTO batch (number, id, at, size, position)
SELECT %d + place, 'bench-' || CAST(place AS TEXT), 1700000000000000 + place, CASE WHEN place = %d THEN %d ELSE %d END, %d + place * %d
FROM walk WHERE place <= %d`, first, last, rows-last*auditBatch, auditBatch, position+1, auditBatch, last))
	do(fmt.Sprintf(`UPDATE head SET position = %d`, position+rows))
	do(fmt.Sprintf(`
UPDATE ticket SET hold = 'lock', hold_by = 'bench', hold_since = 1700000000000000, version = %d,
	hold_terms = '{"source":"MY_ACCOUNT","listing":"L-1","price":100}',
	latest = (SELECT %d + (%d + w.place) / %d FROM walk AS w WHERE w.token = ticket.token)`, auditRounds, first, int64(auditRounds-1)*tickets, auditBatch))
	do(`DROP TABLE walk`)
	do(`ANALYZE`)
}

// openBooks opens a database that no process has, to write into its tables.
func openBooks(tb testing.TB, db string) *sql.DB {
	tb.Helper()
	driver, source := "pgx", db
	if path, isFile := strings.CutPrefix(db, "sqlite:"); isFile {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=synchronous(OFF)&_pragma=cache_size(-65536)"
	}
	books, err := sql.Open(driver, source)
	if err != nil {
		tb.Fatal(err)
	}
	books.SetMaxOpenConns(1) // which has the table of the walk
	return books
}
