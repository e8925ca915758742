package sqlstore

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// A step is one statement of the common text with its parameters: string, int64,
// bool, or []string for {in}, and then the columns of rows, if it has {rows}.
// (An engine's own steps may have others.)
type step struct {
	text string
	args []any
	rows *table
	each func(row) error // for every row of the answer
	want int             // rows that must be changed; any number where it is -1 or each is set
	took *int            // where it is set, gets the number of rows changed
}

// idle reports that the statement is over given rows and there are none: then it
// is not run.
func (st step) idle() bool { return st.rows != nil && st.rows.rows == 0 }

// A row is one row of an answer. Columns are counted from 0 and are TEXT,
// BIGINT or BOOLEAN; NULL reads as the zero value.
type row interface {
	text(i int) string
	int(i int) int64
	flag(i int) bool
	null(i int) bool
}

// A session is one connection that writes. It is not safe for concurrent use.
type session interface {
	// run runs steps in order, on PostgreSQL in one round trip. The first that
	// fails ends it.
	run(ctx context.Context, steps ...step) error
	begin(ctx context.Context) error
	// commit ends the transaction. A lostCommit says that its outcome is unknown.
	commit(ctx context.Context) error
	// rollback ends the transaction, if there is one.
	rollback()
	// alive is false when the connection is of no more use.
	alive() bool
	close()
}

// An engine is one of the two databases.
type engine interface {
	writer(ctx context.Context) (session, error)
	// read runs steps on a connection that cannot write, in one snapshot.
	read(ctx context.Context, steps ...step) error
	// snapshot runs work that reads again and again over one snapshot.
	snapshot(ctx context.Context, work func(tx session) error) error
	// soundness checks the database's own files and references by the steps it
	// returns, as far as it can; the note says what it cannot.
	soundness(found func(subject, says string)) (steps []step, note string)
	// doubts are what an operator should know of the database, though it can be used.
	doubts() []string
	// migrations is the folder of the schema.
	migrations() string
	// clock reads the clock that all expiries are judged by, at once or by the
	// steps it returns, which belong behind those that lock rows.
	clock(into *time.Time) []step
	// draw draws the number of a batch, which belongs behind what locks its rows.
	draw(into *int64) step
	// claim keeps names to this transaction until it ends, in one order for all.
	claim(kind string, names []string) []step
	// patience lifts the limits of time from the transaction, for long work.
	patience() []step
	// migrate brings the schema up to date.
	migrate(ctx context.Context) error
	// ring tells other processes, by the name of this one, that there are new rows of
	// the journal.
	ring(name string) []step
	// listen calls heard when it begins to hear others ring, and whenever one does,
	// until ctx ends. An error says that it hears no more.
	listen(ctx context.Context, name string, heard func()) error
	// numbersAtOnce reports whether the one writer numbers its own batches.
	numbersAtOnce() bool
	close()
}

// errRows says that a statement changed another number of rows than it must:
// somebody changed a row behind its lock. It is always a bug.
var errRows = errors.New("a statement changed another number of rows than the batch loaded")

// A lostCommit is a COMMIT that may or may not have happened.
type lostCommit struct{ cause error }

func (e lostCommit) Error() string { return "the outcome of COMMIT is unknown: " + e.cause.Error() }
func (e lostCommit) Unwrap() error { return e.cause }

// errAgain wraps a failure that goes away by itself: a deadlock, a
// serialization failure, a database that was busy.
type errAgain struct{ cause error }

func (e errAgain) Error() string { return e.cause.Error() }
func (e errAgain) Unwrap() error { return e.cause }

// errDisk wraps an fsync that failed: what is on the disk is no longer known, so
// nothing more is written.
type errDisk struct{ cause error }

func (e errDisk) Error() string { return "the disk failed: " + e.cause.Error() }
func (e errDisk) Unwrap() error { return e.cause }

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

// errTaken wraps the refusal of a new account's number that another account has.
type errTaken struct{ cause error }

func (e errTaken) Error() string { return e.cause.Error() }
func (e errTaken) Unwrap() error { return e.cause }

// errAway wraps a failure of the database's surroundings: it is away, or its disk
// is full. Nothing was done; the same act may succeed later.
type errAway struct{ cause error }

func (e errAway) Error() string { return e.cause.Error() }
func (e errAway) Unwrap() error { return e.cause }

// errBlocked wraps a wait for somebody else's row that lasted too long.
type errBlocked struct{ cause error }

func (e errBlocked) Error() string { return e.cause.Error() }
func (e errBlocked) Unwrap() error { return e.cause }
