package sqlstore_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

// eachDatabase runs a test on an empty database of each kind.
func eachDatabase(t *testing.T, test func(t *testing.T, f storetest.Fixture, d database)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		f := newSQLite(t)
		test(t, f, f.database)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		f := newPostgres(t, storetest.Postgres(t))
		test(t, f, f.database)
	})
}

// wantRefused opens a database that must be refused in these words.
func wantRefused(t *testing.T, url string, keys *access.Keyring, words string) {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), url, keys, sqlstore.Options{})
	if err == nil {
		s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("Open = %v; want that %q", err, words)
	}
}

func TestOpenRefusesAnotherKey(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f storetest.Fixture, d database) {
		t.Helper()
		f.Open(t, storetest.Options{}).Close()
		wantRefused(t, d.url, newKeys(t), "the key is not the one this database was made with")
		f.Open(t, storetest.Options{}) // with the right one it still opens
	})
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f storetest.Fixture, d database) {
		t.Helper()
		f.Open(t, storetest.Options{}).Close()
		const newer = `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`
		if _, err := f.SQL(t).ExecContext(t.Context(), newer); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, d.url, d.keys, "use a newer one")
	})
}

func TestOpenKeepsTheEpoch(t *testing.T) {
	eachDatabase(t, func(t *testing.T, f storetest.Fixture, d database) {
		t.Helper()
		for range 2 {
			s := f.Open(t, storetest.Options{})
			if got := s.Epoch(); got != 1 {
				t.Errorf("Epoch() = %d; want 1", got)
			}
			s.Close()
		}
	})
}

func TestOpenRefusesASecondProcessOnOneFile(t *testing.T) {
	f := newSQLite(t)
	first := f.Open(t, storetest.Options{})
	wantRefused(t, f.url, f.keys, "in use by another seatlink process")
	first.Close()
	f.Open(t, storetest.Options{})
}

func TestOpenRefusesAServerThatWouldLoseTickets(t *testing.T) {
	t.Run("fsync is off", func(t *testing.T) {
		server := storetest.StartPostgres(t, "fsync=off")
		wantRefused(t, server.URL("postgres"), newKeys(t), "switch on fsync")
	})
	t.Run("synchronous_commit is off", func(t *testing.T) {
		f := newPostgres(t, storetest.Postgres(t))
		const off = `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`
		if _, err := f.SQL(t).ExecContext(t.Context(), off); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, f.url, f.keys, "switch on synchronous_commit")
	})
}

func TestOpenSaysWhatIsWrongWithAnAddress(t *testing.T) {
	keys := newKeys(t)
	for _, tt := range []struct{ name, url, words string }{
		{"no path", "sqlite:", "needs a path"},
		{"a folder that is not there", "sqlite:" + filepath.Join(t.TempDir(), "none", "a.db"), "no such file"},
		{"another kind of database", "mysql://root:secret@db.example.com/x", "neither sqlite:PATH nor postgres"},
		{"a server that is not there", "postgres://postgres@127.0.0.1:1/x?sslmode=disable", "open database"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantRefused(t, tt.url, keys, tt.words)
			if _, err := sqlstore.Open(t.Context(), tt.url, keys, sqlstore.Options{}); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("Open = %v; want an error that tells no password", err)
			}
		})
	}
}

func TestCrashesOfTheServerLoseNothing(t *testing.T) {
	server := storetest.StartPostgres(t)
	storetest.Crashes(t, newPostgres(t, server.URL("postgres")), func() {
		server.Stop(storetest.Immediate)
		server.Start()
	}, 3)
}
