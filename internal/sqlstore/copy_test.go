package sqlstore_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

func nobody(string, string, int64) {}

// traded is a SQLite file with a bit of everything, and its key.
func traded(t *testing.T) (url string, keys *access.Keyring) {
	t.Helper()
	from := newSQLite(t)
	s, err := sqlstore.Open(t.Context(), from.url, from.keys, sqlstore.Options{})
	must(t, err)
	tradeIn(t, s, from.url)
	return from.url, from.keys
}

// The books are the same ones in the other database: a reader of the journal goes
// on where it was, and what is sealed opens.
func TestACopyIsTheSameBooks(t *testing.T) {
	t.Parallel()
	from, keys := traded(t)
	to := storetest.Postgres(t)
	copied, err := sqlstore.Copy(t.Context(), from, to, keys, nobody)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int64{}
	for _, table := range copied {
		rows[table.Name] = table.Rows
	}
	for _, table := range []string{"ticket", "event", "orders", "ledger", "journal", "batch", "patron", "answer", "transfer", "transfer_step", "task", "callback", "document", "series"} {
		if rows[table] == 0 {
			t.Errorf("Copy copied no row of %s: %v", table, rows)
		}
	}
	report, err := sqlstore.Audit(t.Context(), to)
	if err != nil || !report.Clean() {
		t.Fatalf("Audit of the copy = %v, %v", report.Findings, err)
	}
	journal := func(url string) string {
		t.Helper()
		return ask(t, besides(t, url), `SELECT MAX(position) || ' of epoch ' || (SELECT epoch FROM installation) || ', ' || COUNT(*) FROM batch`)
	}
	if got, want := journal(to), journal(from); got != want {
		t.Errorf("the journal of the copy is at %s; want %s", got, want)
	}
	s, err := sqlstore.Open(t.Context(), to, keys, sqlstore.Options{})
	must(t, err)
	defer s.Close()
	// New batches come behind the old ones, and the journal still reads on.
	tail := ask(t, besides(t, to), `SELECT MAX(number) FROM batch`)
	lock(t, boxoffice.NewOffice(s, mailKeys{}, auditedPages{}), channel("ONE"), 10, "A8")
	numbered(t, besides(t, to))
	if next := ask(t, besides(t, to), `SELECT MAX(number) FROM batch`); next == tail {
		t.Errorf("the last batch of the copy is still %s after an act", tail)
	}
	report, err = sqlstore.Audit(t.Context(), to)
	if err != nil || !report.Clean() {
		t.Errorf("Audit of the copy after an act = %v, %v", report.Findings, err)
	}
	t.Run("and no second one goes over it", func(t *testing.T) {
		if _, err := sqlstore.Copy(t.Context(), from, to, keys, nobody); !errors.Is(err, sqlstore.ErrNotEmpty) {
			t.Errorf("Copy over books = %v; want %v", err, sqlstore.ErrNotEmpty)
		}
	})
}

// However often a copy is interrupted, it goes on; what is there until then is
// not served.
func TestACopyGoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	from, keys := traded(t)
	whole, err := sqlstore.Copy(t.Context(), from, storetest.Postgres(t), keys, nobody)
	must(t, err)
	to := storetest.Postgres(t)
	const (
		fewRows = 2 // in a chunk, so that it stops in the middle of tables
		every   = 12
	)
	stops := 0
	for {
		ctx, stop := context.WithCancel(t.Context())
		steps := 0
		copied, err := sqlstore.CopyInChunks(ctx, from, to, keys, fewRows, func(doing, _ string, _ int64) {
			if steps++; steps == every && doing == "copied" {
				stop()
			}
		})
		interrupted := ctx.Err() != nil
		stop()
		if err == nil {
			if diff := cmp.Diff(whole, copied); diff != "" {
				t.Errorf("after %d interruptions Copy differs (-at once +interrupted):\n%s", stops, diff)
			}
			break
		}
		if stops++; stops > 100 || !interrupted {
			t.Fatalf("Copy after %d interruptions = %v", stops, err)
		}
		if stops < 3 {
			wantRefused(t, to, keys, "was not finished")
		}
	}
	if stops < 3 {
		t.Errorf("void: the copy was interrupted only %d times", stops)
	}
}

func TestACopyFindsWhatIsNotTheSame(t *testing.T) {
	t.Parallel()
	from, keys := traded(t)
	to := storetest.Postgres(t)
	spoilt := false
	_, err := sqlstore.Copy(t.Context(), from, to, keys, func(doing, _ string, _ int64) {
		if doing == "compared" && !spoilt {
			spoilt = true
			exec(t, besides(t, to), `UPDATE ticket SET price_level = price_level + 1 WHERE token = 'A8'`)
		}
	})
	if err == nil || !strings.Contains(err.Error(), "table ticket has") {
		t.Errorf("Copy of which a ticket is changed = %v; want that ticket differs", err)
	}
	wantRefused(t, to, keys, "was not finished")
}

func TestACopyRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	from, keys := traded(t)
	to := storetest.Postgres(t)
	wants := func(words, from string, keys *access.Keyring) {
		t.Helper()
		if _, err := sqlstore.Copy(t.Context(), from, to, keys, nobody); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("Copy = %v; want %q", err, words)
		}
	}
	wants("the key is not the one", from, newKeys(t))
	wants("is not from sqlite: to postgres:", to, keys)
	wants("no such file", from+".none", keys)
	if _, err := os.Stat(strings.TrimPrefix(from, "sqlite:") + ".none"); err == nil {
		t.Error("Copy from a file that is not there made it")
	}
	s, err := sqlstore.Open(t.Context(), from, keys, sqlstore.Options{})
	must(t, err)
	wants("in use by another seatlink process", from, keys)
	s.Close()
	exec(t, besides(t, from), `DELETE FROM goose_db_version WHERE version_id = (SELECT MAX(version_id) FROM goose_db_version)`)
	wants("has schema", from, keys)
}
