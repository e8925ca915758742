package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // as some other program would

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// blank is a SQLite file with the tables and nothing else. They are made once and
// copied for each test: to make them takes longer than most of what is tested.
var blank = sync.OnceValues(func() (_ []byte, err error) {
	folder, err := os.MkdirTemp("", "seatlink-blank-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "blank.db")
	if err := sqlstore.MigrateSQLite(context.Background(), path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func TestSQLiteKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		t.Helper()
		return newSQLite(t)
	})
}

func TestPostgresKeepsTheContract(t *testing.T) {
	model := storetest.Postgres(t)
	if err := sqlstore.MigratePostgres(t.Context(), model); err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		t.Helper()
		return newPostgres(t, storetest.PostgresCopy(t, model))
	})
}

// store is a sqlstore.Store in the contract's words.
type store struct {
	*sqlstore.Store
	closed sync.Once
}

func (s *store) NewLoader() storetest.Loader   { return s.Store.NewLoader() }
func (s *store) NewComparer() storetest.Loader { return s.Store.NewComparer() }

func (s *store) Close() { s.closed.Do(s.Store.Close) }

// database is a database under test with its key.
type database struct {
	url  string
	keys *access.Keyring
}

func newDatabase(tb testing.TB, url string) database {
	tb.Helper()
	return database{url, newKeys(tb)}
}

func newKeys(tb testing.TB) *access.Keyring {
	tb.Helper()
	keys, err := access.CreateKeyring(filepath.Join(tb.TempDir(), "key"))
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func (h database) Open(tb testing.TB, o storetest.Options) storetest.Store {
	tb.Helper()
	s, err := sqlstore.Open(tb.Context(), h.url, h.keys, sqlstore.Options{
		Log: slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError})), BatchActs: o.BatchActs, Writers: o.Writers, Queue: o.Queue,
	})
	if err != nil {
		tb.Fatalf("Open(%q): %v", h.url, err)
	}
	opened := &store{Store: s}
	tb.Cleanup(opened.Close)
	return opened
}

func raw(tb testing.TB, driver, source string) *sql.DB {
	tb.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// sqlite is one file, which one process owns.
type sqlite struct {
	database
	path string
}

func newSQLite(tb testing.TB) sqlite {
	tb.Helper()
	path := blankFile(tb)
	return sqlite{newDatabase(tb, "sqlite:"+path), path}
}

// blankFile is a SQLite database of its own in which nothing was done yet.
func blankFile(tb testing.TB) string {
	tb.Helper()
	tables, err := blank()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "seatlink.db")
	if err := os.WriteFile(path, tables, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Beside is the same store again: no second process gets at the file.
func (s sqlite) Beside(_ testing.TB, first storetest.Store, _ storetest.Options) storetest.Store {
	return first
}

// SQL keeps to the rule of one writer, waiting for the store as the store waits
// for it.
func (s sqlite) SQL(tb testing.TB) *sql.DB {
	tb.Helper()
	return raw(tb, "sqlite", "file:"+s.path+"?_pragma=busy_timeout(5000)")
}

// RowLock is nothing: readers hold up nobody, and a writer everybody.
func (s sqlite) RowLock(string) string { return "" }

// AwaitBlocked sees nothing. Whoever writes beside the store has the file alone.
func (s sqlite) AwaitBlocked(testing.TB) {}

// Deadlocks cannot be, with one writer.
func (s sqlite) Deadlocks(testing.TB) int { return 0 }

// Accidents: the database runs in this process, so the outcome of a COMMIT is
// always known. What can be is that it fails.
func (s sqlite) Accidents() []storetest.Accident {
	return []storetest.Accident{{
		Name: "that finds the disk full changes nothing",
		Want: fault.Busy,
		Open: func(t *testing.T) storetest.Struck {
			t.Helper()
			s := newSQLite(t)
			var before syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
				t.Fatal(err)
			}
			limit := func(size uint64) {
				if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: before.Max}); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { limit(before.Cur) })
			return storetest.Struck{
				Fixture: s, Store: s.Open(t, storetest.Options{}),
				// No file grows any more, the log of the database among them.
				Strike: func() {
					log, err := os.Stat(s.path + "-wal")
					if err != nil {
						t.Fatal(err)
					}
					limit(uint64(log.Size()))
				},
				Heal: func() { limit(before.Cur) },
			}
		},
	}}
}

// postgres is a database that any number of processes share.
type postgres struct{ database }

func newPostgres(tb testing.TB, url string) postgres {
	tb.Helper()
	p := postgres{newDatabase(tb, url)}
	// Deadlocks are looked for before the store gives up its wait, so that they show.
	const lookSoon = `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''20ms''', current_database()); END $$`
	db := p.SQL(tb)
	defer db.Close() // nobody stays connected
	if _, err := db.ExecContext(tb.Context(), lookSoon); err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p postgres) Beside(tb testing.TB, _ storetest.Store, o storetest.Options) storetest.Store {
	tb.Helper()
	return p.Open(tb, o)
}

func (p postgres) SQL(tb testing.TB) *sql.DB {
	tb.Helper()
	return raw(tb, "pgx", p.url)
}

func (p postgres) RowLock(clause string) string { return clause }

func (p postgres) AwaitBlocked(tb testing.TB) {
	tb.Helper()
	const blocked = `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	p.await(tb, blocked, func(n int) bool { return n > 0 })
}

func (p postgres) Deadlocks(tb testing.TB) int {
	tb.Helper()
	// A session tells what it counted when it ends, at the latest.
	const others = `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'seatlink'`
	p.await(tb, others, func(n int) bool { return n == 0 })
	return p.await(tb, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`, func(int) bool { return true })
}

// await asks until the answer is good.
func (p postgres) await(tb testing.TB, query string, good func(int) bool) int {
	tb.Helper()
	db := p.SQL(tb)
	ctx, done := context.WithTimeout(tb.Context(), 10*time.Second)
	defer done()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		var n int
		if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil {
			tb.Fatalf("%s: %v", query, err)
		}
		if good(n) {
			return n
		}
		<-tick.C
	}
}

// Accidents are those of the wire to the server.
func (p postgres) Accidents() []storetest.Accident {
	befalls := func(name string, want error, cut storetest.Cut) storetest.Accident {
		return storetest.Accident{Name: name, Want: want, Parallel: true, Open: func(t *testing.T) storetest.Struck {
			t.Helper()
			direct := storetest.PostgresTCP(t)
			wire, through := storetest.NewWire(t, direct)
			p, wired := newPostgres(t, direct), newPostgres(t, through)
			wired.keys = p.keys
			return storetest.Struck{
				Fixture: p, Store: wired.Open(t, storetest.Options{}),
				Strike: func() { wire.Strike(cut) }, Heal: wire.Mend,
			}
		}}
	}
	return []storetest.Accident{
		befalls("that is lost on its way is made again", nil, storetest.Cut{}),
		befalls("whose answer is lost is found to have happened", nil, storetest.Cut{Arrives: true}),
		befalls("whose answer never comes is found to have happened", nil, storetest.Cut{Arrives: true, Silent: true}),
		befalls("that nobody can be asked about is undecided", fault.Undecided, storetest.Cut{Arrives: true, Refuses: true}),
		befalls("whose transaction lives on without it is undecided", fault.Undecided, storetest.Cut{Lingers: true}),
	}
}
