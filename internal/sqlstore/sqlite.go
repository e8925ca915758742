package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // goose needs database/sql; the same engine as zombiezen's
	"zombiezen.com/go/sqlite"
)

//go:embed migrations
var migrations embed.FS

// oldestSQLite is the first version without the WAL-reset race, which could
// corrupt a database whose log was reset while it was read.
const oldestSQLite = 3_051_003

// sqliteEngine keeps the books in one file. One process owns it.
type sqliteEngine struct {
	path     string
	d        *dialect
	lock     *os.File
	file     *os.File          // the database, to be synced; whoever closes it drops SQLite's locks on it
	readers  chan *sqlite.Conn // every reader that is idle
	readOnly bool
	last     atomic.Int64 // the clock never goes back
	long     atomic.Bool  // the log is, and nearly all of it is in the file
	stop     chan struct{}
	stopped  chan struct{}
}

// openSQLite opens the file, making it if it is not there. A reader opens it
// beside the process that owns it.
func openSQLite(ctx context.Context, path string, readOnly bool) (_ *sqliteEngine, err error) {
	e := &sqliteEngine{path: path, d: newSQLiteDialect(), readOnly: readOnly, stop: make(chan struct{}), stopped: make(chan struct{})}
	e.readers = make(chan *sqlite.Conn, 2*runtime.GOMAXPROCS(0))
	for range cap(e.readers) {
		e.readers <- nil // opened when it is first needed
	}
	if readOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("open database: %w", err)
		}
		close(e.stopped)
		return e, nil
	}
	if e.lock, err = own(path + ".lock"); err != nil {
		return nil, err
	}
	conn, err := e.create(ctx)
	if err != nil {
		return nil, errors.Join(err, e.lock.Close())
	}
	go e.checkpoint(conn) //nolint:gosec // it outlives the opening, and ends with close
	return e, nil
}

// create makes the file if it is not there, for nobody else to read; the log
// beside it gets the same mode.
func (e *sqliteEngine) create(ctx context.Context) (*sqlite.Conn, error) {
	var err error
	if e.file, err = os.OpenFile(e.path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	conn, err := e.connect(ctx, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return nil, errors.Join(err, e.file.Close())
	}
	return conn, nil
}

// ErrInUse says that another process owns a SQLite file.
var ErrInUse = errors.New("the database is in use by another seatlink process")

// own takes the file that says which process owns the database.
func own(path string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w (%s)", ErrInUse, path), file.Close())
	}
	return file, nil
}

func (e *sqliteEngine) connect(ctx context.Context, flags sqlite.OpenFlags) (*sqlite.Conn, error) {
	if flags&sqlite.OpenReadWrite != 0 {
		flags |= sqlite.OpenWAL // a reader takes the file as it is: a backup may have no log
	}
	conn, err := sqlite.OpenConn(e.path, flags|sqlite.OpenURI)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	conn.SetBlockOnBusy()
	s := &sqliteSession{e: e, conn: conn}
	for _, pragma := range []string{
		"PRAGMA busy_timeout = 5000", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA trusted_schema = OFF",
		"PRAGMA cell_size_check = ON", "PRAGMA journal_size_limit = 67108864",
		// What it misses is in the system's cache, where it is once for all connections;
		// and whoever inserts goes through all slots of the cache at each commit.
		"PRAGMA cache_size = -16384",
		// Checkpoints run beside the commits, not within them: there they set the p99.
		"PRAGMA wal_autocheckpoint = 0",
	} {
		if err := s.run(ctx, step{text: pragma, want: -1}); err != nil {
			return nil, errors.Join(fmt.Errorf("open database: %w", err), conn.Close())
		}
	}
	return conn, nil
}

func (e *sqliteEngine) writer(ctx context.Context) (session, error) {
	conn, err := e.connect(ctx, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	return &sqliteSession{e: e, conn: conn}, nil
}

func (e *sqliteEngine) numbersAtOnce() bool { return true }

// ring and listen have nobody to tell and to hear: the file has one process.
func (e *sqliteEngine) ring(string) []step { return nil }

func (e *sqliteEngine) listen(ctx context.Context, _ string, heard func()) error {
	heard()
	<-ctx.Done()
	return nil
}

// clock is the process's, and never goes back.
func (e *sqliteEngine) clock(into *time.Time) []step {
	for {
		last := e.last.Load()
		now := max(last, time.Now().UnixMicro())
		if e.last.CompareAndSwap(last, now) {
			*into = instant(now)
			return nil
		}
	}
}

const drawSQLite = `SELECT COALESCE(MAX(number), 0) + 1 FROM batch`

// draw is the next number: the one writer gives them all.
func (e *sqliteEngine) draw(into *int64) step {
	return step{text: drawSQLite, each: func(r row) error { *into = r.int(0); return nil }}
}

// claim has nothing to do: there is one writer.
func (e *sqliteEngine) claim(string, []string) []step { return nil }

func (e *sqliteEngine) patience() []step { return nil }

const sqliteMigrations = "migrations/sqlite"

func (e *sqliteEngine) migrations() string { return sqliteMigrations }

func (e *sqliteEngine) migrate(ctx context.Context) error {
	db, err := sqliteForMigrations(e.path)
	if err != nil {
		return err
	}
	if err := errors.Join(migrateSQLite(ctx, db), db.Close()); err != nil {
		return err
	}
	var version int64
	return e.read(ctx,
		step{text: "SELECT sqlite_version()", each: func(r row) error {
			var major, minor, patch int64
			if _, err := fmt.Sscanf(r.text(0), "%d.%d.%d", &major, &minor, &patch); err != nil {
				return err
			}
			if version = major*1_000_000 + minor*1_000 + patch; version < oldestSQLite {
				return fmt.Errorf("SQLite %s is too old", r.text(0))
			}
			return nil
		}},
		step{text: "SELECT COALESCE(MAX(at), 0) FROM batch", each: func(r row) error {
			e.last.Store(max(e.last.Load(), r.int(0)))
			return nil
		}})
}

// sqliteForMigrations opens a file as goose needs it.
func sqliteForMigrations(path string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
}

func migrateSQLite(ctx context.Context, db *sql.DB) error {
	return migrate(ctx, goose.DialectSQLite3, db, sqliteMigrations)
}

func migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, folder string, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if current > target {
		return fmt.Errorf("the database has schema %d and this program knows only %d: use a newer one", current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// read runs the steps in one snapshot.
func (e *sqliteEngine) read(ctx context.Context, steps ...step) error {
	if len(steps) == 1 && steps[0].times() == 1 {
		return e.reader(ctx, func(s *sqliteSession) error { return s.run(ctx, steps...) })
	}
	return e.snapshot(ctx, func(tx session) error { return tx.run(ctx, steps...) })
}

func (e *sqliteEngine) snapshot(ctx context.Context, work func(session) error) error {
	return e.reader(ctx, func(s *sqliteSession) error {
		if err := s.run(ctx, step{text: "BEGIN", want: -1}); err != nil {
			return err
		}
		defer s.rollback() // nothing was written
		return work(s)
	})
}

// reader takes an idle reader for some work.
func (e *sqliteEngine) reader(ctx context.Context, work func(*sqliteSession) error) (err error) {
	var conn *sqlite.Conn
	select {
	case conn = <-e.readers:
	case <-ctx.Done():
		return ctx.Err()
	}
	if conn == nil {
		if conn, err = e.connect(ctx, sqlite.OpenReadOnly); err != nil {
			e.readers <- nil
			return err
		}
	}
	defer func() { e.readers <- conn }()
	conn.SetInterrupt(ctx.Done())
	defer conn.SetInterrupt(nil)
	return work(&sqliteSession{e: e, conn: conn})
}

func (e *sqliteEngine) doubts() []string { return nil }

// soundness leaves out what only integrity_check looks at, the content of the
// indexes: that takes many times as long.
func (e *sqliteEngine) soundness(found func(subject, says string)) (steps []step, note string) {
	return []step{
		{text: "PRAGMA quick_check", each: func(r row) error {
			if says := r.text(0); says != "ok" {
				found("file", says)
			}
			return nil
		}},
		{text: "PRAGMA foreign_key_check", each: func(r row) error {
			found(r.text(0), "has a row that leads to no "+r.text(2))
			return nil
		}},
	}, ""
}

const (
	checkpointEvery = 100 * time.Millisecond
	// Past so many pages the log is to start again from its beginning.
	restartPages = 8_000
	// Below so many there is nothing worth doing.
	checkpointPages = 1_000
)

// passive moves pages from the log to the file, as far as it needs to wait for nobody.
var passive = step{text: "PRAGMA wal_checkpoint(PASSIVE)", each: func(row) error { return nil }}

// checkpoint moves pages from the log to the file, beside the writer. While that
// writes on it never comes to the end. So of a long log the writer itself moves the
// little that came in between, before it begins again: what it writes next starts the
// log anew, if no reader is in it. (A checkpoint that restarts the log would hold the
// writer back until it has the lock, and both wait in steps of milliseconds.) That
// syncs the file, which would take the writer tens of milliseconds if it had not been
// done here just before; an error of the disk is told to both.
func (e *sqliteEngine) checkpoint(conn *sqlite.Conn) {
	defer close(e.stopped)
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	s := &sqliteSession{e: e, conn: conn}
	var pages int64
	move := step{text: passive.text, each: func(r row) error { pages = r.int(1); return nil }}
	for {
		select {
		case <-e.stop:
			s.close()
			return
		case <-tick.C:
		}
		info, err := os.Stat(e.path + "-wal")
		if err != nil || info.Size() < checkpointPages*4096 {
			continue
		}
		if s.run(context.Background(), move) == nil && pages > restartPages {
			_ = e.file.Sync()
			_ = s.run(context.Background(), move)
			_ = e.file.Sync()
			e.long.Store(true)
		}
	}
}

func (e *sqliteEngine) close() {
	for range cap(e.readers) {
		if conn := <-e.readers; conn != nil {
			_ = conn.Close()
		}
	}
	// A connection that writes closes last: it moves what is left of the log.
	if !e.readOnly {
		close(e.stop)
	}
	<-e.stopped
	if !e.readOnly {
		_ = e.file.Close()
		_ = e.lock.Close()
	}
}

// sqliteSession is a session over zombiezen's native connection.
type sqliteSession struct {
	e    *sqliteEngine
	conn *sqlite.Conn
}

func (s *sqliteSession) run(_ context.Context, steps ...step) error {
	for _, st := range steps {
		if err := s.one(st); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqliteSession) one(st step) error {
	stmt, err := s.conn.Prepare(s.e.d.expand(st.text))
	if err != nil {
		return sqliteFailure(err)
	}
	defer func() { _ = stmt.Reset() }() // tells again what Step told
	if err := bind(stmt, st.args); err != nil {
		return err
	}
	changed := 0
	for i := range st.times() {
		if st.rows != nil {
			bindRow(stmt, len(st.args), st.rows, i)
		}
		for {
			more, err := stmt.Step()
			if err != nil {
				return sqliteFailure(err)
			}
			if !more {
				break
			}
			if st.each != nil {
				if err := st.each(sqliteRow{stmt}); err != nil {
					return err
				}
			}
		}
		changed += s.conn.Changes()
		if st.rows != nil {
			if err := stmt.Reset(); err != nil {
				return sqliteFailure(err)
			}
		}
	}
	if st.took != nil {
		*st.took = changed
	}
	if st.each == nil && st.want >= 0 && changed != st.want {
		return fmt.Errorf("%w: %d, not %d", errRows, changed, st.want)
	}
	return nil
}

// times is how often the statement runs: once for each row, else once.
func (st step) times() int {
	if st.rows == nil {
		return 1
	}
	return st.rows.rows
}

func bind(stmt *sqlite.Stmt, args []any) error {
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			stmt.BindText(i+1, v)
		case int64:
			stmt.BindInt64(i+1, v)
		case bool:
			stmt.BindBool(i+1, v)
		case []string:
			list, err := json.Marshal(v)
			if err != nil {
				return err
			}
			stmt.BindText(i+1, string(list))
		default:
			return fmt.Errorf("a parameter of type %T", arg)
		}
	}
	return nil
}

// bindRow binds one row's values behind the first parameters.
func bindRow(stmt *sqlite.Stmt, first int, t *table, row int) {
	for i, c := range t.columns {
		switch n := first + i + 1; {
		case c.texts != nil:
			stmt.BindText(n, c.texts[row])
		case c.ints != nil:
			stmt.BindInt64(n, c.ints[row])
		default:
			stmt.BindBool(n, c.flags[row])
		}
	}
}

func (s *sqliteSession) begin(ctx context.Context) error {
	if s.e.long.CompareAndSwap(true, false) {
		if err := s.run(ctx, passive); errors.As(err, &errDisk{}) {
			return err
		} // what else it cannot do now is asked for again
	}
	return s.run(ctx, step{text: "BEGIN IMMEDIATE", want: -1})
}

// commit knows its outcome: the database runs in this process, and a COMMIT
// that failed leaves the transaction to be rolled back.
func (s *sqliteSession) commit(ctx context.Context) error {
	return s.run(ctx, step{text: "COMMIT", want: -1})
}

func (s *sqliteSession) rollback() {
	if !s.conn.AutocommitEnabled() {
		_ = s.run(context.Background(), step{text: "ROLLBACK", want: -1})
	}
}

func (s *sqliteSession) alive() bool { return true }
func (s *sqliteSession) close()      { _ = s.conn.Close() }

// sqliteFailure tells which failures go away and which end all writing.
func sqliteFailure(err error) error {
	switch code := sqlite.ErrCode(err); {
	case code == sqlite.ResultIOErrFsync, code == sqlite.ResultIOErrDirFsync:
		return errDisk{err}
	case code.ToPrimary() == sqlite.ResultBusy, code.ToPrimary() == sqlite.ResultLocked:
		return errAgain{err}
	case code == sqlite.ResultConstraintPrimaryKey && strings.Contains(err.Error(), "patron.organization, patron.id"):
		return errTaken{err}
	case code.ToPrimary() == sqlite.ResultFull, code.ToPrimary() == sqlite.ResultIOErr:
		return errAway{err}
	}
	return err
}

type sqliteRow struct{ stmt *sqlite.Stmt }

func (r sqliteRow) text(i int) string { return r.stmt.ColumnText(i) }
func (r sqliteRow) int(i int) int64   { return r.stmt.ColumnInt64(i) }
func (r sqliteRow) flag(i int) bool   { return r.stmt.ColumnInt64(i) != 0 }
func (r sqliteRow) null(i int) bool   { return r.stmt.ColumnType(i) == sqlite.TypeNull }
