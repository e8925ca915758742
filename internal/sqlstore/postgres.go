package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// postgresEngine keeps the books in PostgreSQL, for any number of processes.
type postgresEngine struct {
	d       *dialect
	config  *pgx.ConnConfig
	readers *pgxpool.Pool
	worries []string
}

func openPostgres(ctx context.Context, url string) (*postgresEngine, error) {
	pool, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	outlast(pool)
	pool.MaxConns = max(pool.MaxConns, int32(min(4*runtime.GOMAXPROCS(0), 64)))
	maps.Copy(pool.ConnConfig.RuntimeParams, map[string]string{
		"application_name": "seatlink", "default_transaction_read_only": "on", "statement_timeout": "30s",
		"idle_in_transaction_session_timeout": "10s", "timezone": "UTC",
	})
	pool.AfterConnect = func(_ context.Context, conn *pgx.Conn) error { teach(conn); return nil }
	readers, err := pgxpool.NewWithConfig(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	config := pool.ConnConfig.Copy()
	maps.Copy(config.RuntimeParams, map[string]string{
		"default_transaction_read_only": "off", "statement_timeout": "5s", "lock_timeout": "250ms",
		"default_transaction_isolation": "read committed",
	})
	e := &postgresEngine{d: newPostgresDialect(), config: config, readers: readers}
	if err := e.check(ctx); err != nil {
		readers.Close()
		return nil, err
	}
	return e, nil
}

const (
	// connectWithin is how long a connection may take, over all servers of the
	// address: whoever waits for it is told within two seconds that nothing was done,
	// the first of which may be spent in the queue.
	connectWithin = 900 * time.Millisecond
	// answerWithin is how long the answer to a batch's statements is waited for. The
	// server itself gives up a statement after five seconds: one that says nothing for
	// longer is dead, or cut off.
	answerWithin = 6 * time.Second
)

// outlast sets up connections for a database that goes away and comes back,
// maybe as another server of the address (postgres://A,B/NAME).
func outlast(pool *pgxpool.Config) {
	// A standby is behind, and takes no writes. This is what target_session_attrs
	// says of the primary; its read-write would refuse our readers, who cannot write.
	pool.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	servers := map[string]bool{net.JoinHostPort(pool.ConnConfig.Host, strconv.Itoa(int(pool.ConnConfig.Port))): true}
	for _, other := range pool.ConnConfig.Fallbacks {
		servers[net.JoinHostPort(other.Host, strconv.Itoa(int(other.Port)))] = true
	}
	pool.ConnConfig.ConnectTimeout = connectWithin / time.Duration(len(servers)) // each
	pool.PingTimeout = connectWithin                                             // of one that was idle, and may be dead
}

// check refuses a server that would lose what it acknowledged, and worries about
// one that might.
func (e *postgresEngine) check(ctx context.Context) error {
	const settings = `
SELECT name FROM pg_settings
WHERE name {in $1} AND setting = 'off'
	OR name = 'synchronous_commit' AND setting = 'local' AND EXISTS (SELECT FROM pg_settings WHERE name = 'synchronous_standby_names' AND setting <> '')`
	var off []string
	err := e.read(ctx, step{
		text: settings, args: []any{[]string{"fsync", "full_page_writes", "synchronous_commit", "data_checksums"}},
		each: func(r row) error { off = append(off, r.text(0)); return nil },
	})
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if i := slices.Index(off, "data_checksums"); i >= 0 {
		off = slices.Delete(off, i, i+1)
		e.worries = append(e.worries, "the PostgreSQL server has no data checksums: a disk that changes a page by itself would not be noticed (pg_checksums --enable)")
	}
	if len(off) > 0 {
		return fmt.Errorf("the PostgreSQL server would lose acknowledged tickets: switch on %s", strings.Join(off, ", "))
	}
	return nil
}

func (e *postgresEngine) doubts() []string { return e.worries }

const (
	// ddlWaits is how long a change of the schema waits for a table: whoever wants the
	// table after it waits too, so it gives way.
	ddlWaits = 2 * time.Second
	// ddlPause is until it tries again, and ddlTries how often.
	ddlPause = time.Second
	ddlTries = 40
)

func (e *postgresEngine) migrate(ctx context.Context) (err error) {
	config := e.config.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["lock_timeout"] = ddlWaits.String()
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	for try := 1; ; try++ {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		err = migrate(ctx, goose.DialectPostgres, db, e.migrations(), goose.WithSessionLocker(locker))
		waited, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || waited.Code != "55P03" || try == ddlTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(ddlPause):
		}
	}
}

func (e *postgresEngine) writer(ctx context.Context) (session, error) {
	conn, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return nil, errAway{err}
	}
	teach(conn)
	return &postgresSession{e: e, conn: conn, writes: true}, nil
}

func (e *postgresEngine) numbersAtOnce() bool { return false }

// bellChannel is what processes on one database listen to.
const bellChannel = "seatlink_journal"

func (e *postgresEngine) ring(name string) []step {
	const ring = `SELECT pg_notify('` + bellChannel + `', $1)`
	return []step{{text: ring, args: []any{name}, each: func(row) error { return nil }}}
}

// quietFor is how long a connection that listens may hear nothing before it is asked
// whether it is still there.
const quietFor = 15 * time.Second

func (e *postgresEngine) listen(ctx context.Context, name string, heard func()) error {
	conn, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return errAway{err}
	}
	session := &postgresSession{e: e, conn: conn, writes: true}
	defer session.close()
	if err := session.run(ctx, step{text: "LISTEN " + bellChannel, want: -1}); err != nil {
		return err
	}
	heard() // what was missed until now
	for {
		quiet, done := context.WithTimeout(ctx, quietFor)
		rung, err := conn.WaitForNotification(quiet)
		done()
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && rung.Payload != name:
			heard()
		case err != nil && !session.alive():
			return errAway{err}
		case err != nil:
			if err := session.run(ctx, step{text: "SELECT 1", each: func(row) error { return nil }}); err != nil {
				return err
			}
		}
	}
}

const postgresClock = `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`

func (e *postgresEngine) clock(into *time.Time) []step {
	const clock = `SELECT ` + postgresClock
	return []step{{text: clock, each: func(r row) error { *into = instant(r.int(0)); return nil }}}
}

func (e *postgresEngine) draw(into *int64) step {
	const next = `SELECT nextval('batch_number')`
	return step{text: next, each: func(r row) error { *into = r.int(0); return nil }}
}

// claim takes advisory locks in ascending order. A FOR UPDATE would lock nothing
// where the row is missing.
func (e *postgresEngine) claim(kind string, names []string) []step {
	keys := make([]int64, len(names))
	for i, name := range names {
		h := fnv.New64a()
		_, _ = h.Write([]byte(kind + "/" + name)) // never fails
		keys[i] = int64(h.Sum64())
	}
	slices.Sort(keys)
	const claim = `SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k`
	return []step{{text: claim, args: []any{slices.Compact(keys)}, each: func(row) error { return nil }}}
}

func (e *postgresEngine) patience() []step {
	return []step{{text: waitLong, want: -1}, {text: "SET LOCAL lock_timeout = '5s'", want: -1}}
}

// waitLong takes the limit of time from the rest of the transaction.
const waitLong = "SET LOCAL statement_timeout = 0"

func (e *postgresEngine) migrations() string { return "migrations/postgres" }

// read runs the steps in one snapshot.
func (e *postgresEngine) read(ctx context.Context, steps ...step) error {
	return e.readers.AcquireFunc(ctx, func(pooled *pgxpool.Conn) error {
		s := &postgresSession{e: e, conn: pooled.Conn()}
		if len(steps) == 1 {
			return s.run(ctx, steps...)
		}
		framed := make([]step, 0, len(steps)+2)
		framed = append(framed, step{text: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", want: -1})
		framed = append(framed, steps...)
		framed = append(framed, step{text: "COMMIT", want: -1})
		if err := s.run(ctx, framed...); err != nil {
			s.rollback()
			return err
		}
		return nil
	})
}

func (e *postgresEngine) snapshot(ctx context.Context, work func(session) error) error {
	return e.readers.AcquireFunc(ctx, func(pooled *pgxpool.Conn) error {
		s := &postgresSession{e: e, conn: pooled.Conn()}
		begin := step{text: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", want: -1}
		defer s.rollback() // nothing was written
		if err := s.run(ctx, append([]step{begin}, e.patience()...)...); err != nil {
			return err
		}
		return work(s)
	})
}

// soundness asks nothing: what looks into a server's files needs its owner.
func (e *postgresEngine) soundness(func(subject, says string)) (steps []step, note string) {
	return nil, "the files of a PostgreSQL server are for its operator to check, with pg_amcheck"
}

func (e *postgresEngine) close() { e.readers.Close() }

// postgresSession is a session over one pgx connection.
type postgresSession struct {
	e       *postgresEngine
	conn    *pgx.Conn
	writes  bool // its statements are short
	begins  bool // a transaction begins with the next statement
	patient bool // but for those of this transaction
}

// run sends all steps at once. Each statement still sees what was committed
// before it began, for READ COMMITTED takes a snapshot a statement.
func (s *postgresSession) run(ctx context.Context, steps ...step) error {
	if s.begins && len(steps) > 0 {
		steps = append([]step{{text: "BEGIN", want: -1}}, steps...)
		s.begins = false
	}
	batch := &pgx.Batch{}
	for _, st := range steps {
		s.patient = s.patient || st.text == waitLong
		if !st.idle() {
			batch.Queue(s.e.d.expand(st.text), st.parameters()...)
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if s.writes && !s.patient {
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, answerWithin) // its end closes the connection
		defer done()
	}
	results := s.conn.SendBatch(ctx, batch)
	for _, st := range steps {
		if st.idle() {
			continue
		}
		if err := one(results, st); err != nil {
			_ = results.Close() // tells the same again
			return s.failure(err)
		}
	}
	return s.failure(results.Close())
}

// parameters are the statement's own and then a list for each column of its rows.
func (st step) parameters() []any {
	if st.rows == nil {
		return st.args
	}
	all := append(make([]any, 0, len(st.args)+len(st.rows.columns)), st.args...)
	for _, c := range st.rows.columns {
		switch {
		case c.texts != nil:
			all = append(all, c.texts)
		case c.ints != nil:
			all = append(all, c.ints)
		default:
			all = append(all, c.flags)
		}
	}
	return all
}

func one(results pgx.BatchResults, st step) error {
	if st.each == nil {
		tag, err := results.Exec()
		if st.took != nil {
			*st.took = int(tag.RowsAffected())
		}
		if err == nil && st.want >= 0 && tag.RowsAffected() != int64(st.want) {
			err = fmt.Errorf("%w: %d, not %d", errRows, tag.RowsAffected(), st.want)
		}
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	fields := rows.FieldDescriptions()
	for rows.Next() {
		if err := st.each(postgresRow{fields, rows.RawValues()}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// begin costs no round trip of its own.
func (s *postgresSession) begin(context.Context) error {
	s.begins = true
	return nil
}

// commitWithin is how long the answer to a COMMIT is waited for. Whoever falls
// silent is asked on another connection what became of it.
const commitWithin = 5 * time.Second

// commit of a connection that was lost on the way has an unknown outcome; only
// an answer of the server, other than that it is shutting down, is certain.
func (s *postgresSession) commit(ctx context.Context) error {
	s.patient = false
	if s.begins { // nothing was done
		s.begins = false
		return nil
	}
	wire := s.conn.PgConn().Conn()
	_ = wire.SetDeadline(time.Now().Add(commitWithin)) // a wire that is dead tells by itself
	tag, err := s.conn.Exec(ctx, "COMMIT")
	_ = wire.SetDeadline(time.Time{})
	if err == nil && tag.String() == "ROLLBACK" {
		return errors.New("COMMIT of a failed transaction")
	}
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && !strings.HasPrefix(refused.Code, "57P") && s.alive() {
		return s.failure(err)
	}
	return lostCommit{err}
}

func (s *postgresSession) rollback() {
	s.patient, s.begins = false, false
	if s.alive() && s.conn.PgConn().TxStatus() != 'I' {
		ctx, done := context.WithTimeout(context.Background(), time.Second)
		defer done()
		_, _ = s.conn.Exec(ctx, "ROLLBACK") // where it fails, the connection is gone and the transaction with it
	}
}

func (s *postgresSession) alive() bool { return !s.conn.IsClosed() }

func (s *postgresSession) close() {
	ctx, done := context.WithTimeout(context.Background(), time.Second)
	defer done()
	_ = s.conn.Close(ctx)
}

func (s *postgresSession) failure(err error) error {
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case refused.Code == "40P01", refused.Code == "40001":
			return errAgain{err}
		case refused.Code == "25006": // it has become a standby
			s.close()
			return errAway{err}
		case refused.Code == "55P03":
			return errBlocked{err}
		case refused.Code == "23505" && refused.ConstraintName == "patron_pkey":
			return errTaken{err}
		case strings.HasPrefix(refused.Code, "57P"), strings.HasPrefix(refused.Code, "53") && refused.Code != "53200":
			return errAway{err} // 53200 may be too many claims at once: half of them may do
		}
		return err
	}
	if !s.alive() && !errors.Is(err, errRows) {
		return errAway{err}
	}
	return err
}

// postgresRow reads columns as they came over the wire.
type postgresRow struct {
	fields []pgconn.FieldDescription
	values [][]byte
}

func (r postgresRow) null(i int) bool   { return r.values[i] == nil }
func (r postgresRow) text(i int) string { return string(r.values[i]) }

func (r postgresRow) flag(i int) bool {
	v := r.values[i]
	return len(v) == 1 && (v[0] == 1 || v[0] == 't')
}

func (r postgresRow) int(i int) int64 {
	v := r.values[i]
	switch {
	case v == nil:
		return 0
	case r.fields[i].Format == pgx.TextFormatCode:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			panic(fmt.Sprintf("column %s is no integer", r.fields[i].Name))
		}
		return n
	case len(v) == 8:
		return int64(binary.BigEndian.Uint64(v))
	case len(v) == 4:
		return int64(int32(binary.BigEndian.Uint32(v)))
	}
	panic(fmt.Sprintf("column %s is no integer", r.fields[i].Name))
}
