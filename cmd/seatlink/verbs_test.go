package main

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/sqlstore"
)

func TestAuditLooksBesideAServerAndEndsWithOneWhenSomethingIsBroken(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			key, callers := furnish(t, db, "first")
			server, url := serve(t, db, key)
			token := freeTokens(t, db)[0]
			callers[0].url = url
			callers[0].want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", []string{token})), nil)
			well := launch(t, "audit", "--db", db, "--output", "json")
			if err := well.wait(); err != nil {
				t.Fatalf("seatlink audit of books that are well: %v\n%s", err, well.errs)
			}
			var report sqlstore.Report
			decode(t, well.out.String(), &report)
			if len(report.Examined) == 0 || len(report.Findings) != 0 {
				t.Errorf("seatlink audit of books that are well found %v in %v", report.Findings, report.Examined)
			}
			server.stop()

			spoil(t, db, `UPDATE ticket SET hold_by = 'nobody' WHERE token = $1`, token)
			ill := launch(t, "audit", "--db", db)
			if said := ill.refused(); !strings.Contains(said, "broken") || behind(ill.out.String(), []string{"BROKEN", "I4: " + token}) < 0 {
				t.Errorf("seatlink audit of a ticket that was spoilt says %q and\n%s", said, ill.out)
			}
		})
	}
}

// spoil changes the books as no program of ours would.
func spoil(t *testing.T, db, statement string, args ...any) {
	t.Helper()
	driver, source := "pgx", db
	if path, isFile := strings.CutPrefix(db, "sqlite:"); isFile {
		driver, source = "sqlite", "file:"+path
	}
	books, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	if _, err := books.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func TestBenchDrivesADemoTwice(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			d := startDemo(t, t.TempDir(), append(demoDatabase(db), "--size", "small")...)
			// The second run comes in with what the first one left.
			for range 2 {
				driver := launch(t, "bench", "--json", d.told, "--clients", "8", "--duration", "200ms", "--output", "json")
				if err := driver.wait(); err != nil {
					t.Fatalf("seatlink bench: %v\n%s%s", err, driver.out, driver.errs)
				}
				var figures []figure
				decode(t, driver.out.String(), &figures)
				var works []string
				for _, f := range figures {
					works = append(works, f.Work)
					if f.Done == 0 || f.Errors != 0 || f.Void != "" || f.Rate <= 0 || f.P99 < f.P50 {
						t.Errorf("seatlink bench tells %+v", f)
					}
				}
				if got, want := strings.Join(works, " "), "lock unlock verify catalog listing complete mix"; got != want {
					t.Errorf("seatlink bench drove %s; want %s", got, want)
				}
			}
			d.stop()
			audit(t, d.db)
		})
	}
}
