package storetest

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/push"
)

// A Store is what the contract is about: the books, and what a process does
// with them besides its acts.
type Store interface {
	boxoffice.Store
	boxoffice.Tasks
	boxoffice.Journal
	boxoffice.Gates
	access.PorterStore
	boxoffice.Cabinet
	boxoffice.Finder
	boxoffice.Visits
	push.Subscriptions
	push.Leases
	push.Letters
	push.Snapshots
	// TidySubscriptions drops those that have ended.
	TidySubscriptions(ctx context.Context) error
	// TidyLetters drops dead letters of more than 30 days ago.
	TidyLetters(ctx context.Context) error
	// Follow tells that the journal may have new rows, of any process, until ctx ends:
	// each who follows by a wake-up of its own. It is quiet while nothing is written, once
	// the process hears the others.
	Follow(ctx context.Context) (moved <-chan struct{})
	// Callback returns what is owed to the partner of a process, or was; false where
	// nothing ever was.
	Callback(ctx context.Context, id boxoffice.ProcessID) (boxoffice.Callback, bool, error)
	// SettleCallback keeps the state, attempts and note of a callback that was read
	// as owed, with the time of the database. It is idempotent: what was settled, and
	// what became owed anew since it was read, stays as it is.
	SettleCallback(ctx context.Context, c boxoffice.Callback) error
	// TidyAnswers drops the records of answers that count no more, in steps, and
	// nothing else. It may run in several processes at once.
	TidyAnswers(ctx context.Context) error
	// PaceMail counts a mail that is about to be sent, or tells how long it has to
	// wait: nobody gets more than most within a time, from all processes together. The
	// same mail tried again counts once, at its last attempt.
	PaceMail(ctx context.Context, id string, to boxoffice.PersonKey, most int, within time.Duration) (wait time.Duration, err error)
	// TidyMails forgets mails of longer than within ago. It may run in several
	// processes at once.
	TidyMails(ctx context.Context, within time.Duration) error
	// NewLoader begins a load of a house.
	NewLoader() Loader
	// NewComparer begins one that writes nothing, and tells what the books have
	// that is in its way.
	NewComparer() Loader
	// Epoch is 1 in a database that was never restored.
	Epoch() int64
	// RaiseEpoch begins a new epoch, which is at least this one, and returns it.
	RaiseEpoch(ctx context.Context, least int64) (int64, error)
	// Queued is how many acts wait to be taken.
	Queued() int
	// Progress tells how far the store is with what follows a commit. What waits is
	// counted up to 10,000.
	Progress(ctx context.Context) (boxoffice.Progress, error)
	// Close takes nothing new, finishes what is queued and closes the database.
	// Closing again does nothing.
	Close()
}

// A Loader of a store also knows what was loaded before.
type Loader interface {
	boxoffice.Loader
	// Loaded tells which events were loaded before with exactly these tickets.
	Loaded(ctx context.Context, tallies map[boxoffice.EventID]*boxoffice.Tally) (map[boxoffice.EventID]bool, error)
}

// Options tune a store for a test; zero is the store's own default.
type Options struct {
	BatchActs int // acts a transaction holds at most
	Writers   int // connections that write, where the database takes more than one
	Queue     int // acts that may wait
}

// A Fixture is one empty database, and the ways to reach it. What a method
// opens is closed when tb ends.
type Fixture interface {
	// Open starts a process on the database.
	Open(tb testing.TB, o Options) Store
	// Beside starts a second process beside one that runs. Where one process owns
	// the database there is none, and it is the same store again.
	Beside(tb testing.TB, s Store, o Options) Store
	// SQL reaches the database past every store, as some other program would.
	SQL(tb testing.TB) *sql.DB
	// Accidents are what can befall a COMMIT.
	Accidents() []Accident
	Witness
}

// A Witness tells what the database does inside.
type Witness interface {
	// RowLock is a locking clause such as FOR UPDATE where the database locks rows,
	// and "" where readers never hold up the one writer.
	RowLock(clause string) string
	// AwaitBlocked returns when an act waits for somebody else's transaction, as
	// far as that can be seen.
	AwaitBlocked(tb testing.TB)
	// Deadlocks is how many the database has had to break. Stores must be closed
	// before: what they know is told late.
	Deadlocks(tb testing.TB) int
}

// An Accident befalls a COMMIT.
type Accident struct {
	Name     string // goes on "a COMMIT …"
	Parallel bool   // it does nothing to other tests
	// Open starts a store on a database of its own.
	Open func(t *testing.T) Struck
	Want error // what Do must answer
}

// Struck is a store that an accident is about to befall.
type Struck struct {
	Fixture
	Store Store
	// Strike makes the next COMMIT meet the accident. Heal ends it.
	Strike, Heal func()
}

// Run runs the whole contract against the databases that open makes. Every
// store runs every test: there is no flag to opt out.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	// An act waits a second to be taken and a quarter of one for a row: what tries
	// that has the machine to itself.
	for _, c := range slices.Concat(batches, interleavings, overlaps, queues) {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	t.Run("a COMMIT", func(t *testing.T) { accidents(t, open(t).Accidents()) })
	for _, c := range slices.Concat(trade, repeats, waits, transfers, venues, journals, subscriptions, messages, gates, gateKeys, tasks, solos, loads, cabinets, finders, accounts) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

// A clause of the contract.
type clause struct {
	name string
	test func(*testing.T, Fixture)
}
