// Package sqlstore keeps the books in SQLite or PostgreSQL.
//
// Many callers' acts go through one transaction: a writer takes what is queued,
// loads the rows the acts name, lets each act decide over them, saves what
// changed with its journal rows, commits once, and answers everybody (writer.go
// tells it from the top). The rules are the acts'; SQL only carries. One SQL text
// serves both databases (text.go); what it cannot say is a method of an engine.
//
// What is acknowledged is durable: Do returns after COMMIT, and where a COMMIT's
// outcome is unknown it is found out, not guessed.
package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// Options tune a store; the zero value is right for most.
type Options struct {
	Log *slog.Logger // nil: nothing is logged
	// BatchActs is how many acts share a transaction at most; 0 is 256.
	BatchActs int
	// Writers is how many connections write; 0 is 1 on SQLite and 2 on PostgreSQL.
	// SQLite has one, whatever is asked.
	Writers int
	// Queue is how many acts may wait; 0 is 2,048.
	Queue int
	// Watch is told what becomes of acts; nil is nobody.
	Watch Watch
}

const (
	defaultBatchActs       = 256
	defaultQueue           = 2048
	soloQueue              = 256
	defaultPostgresWriters = 2
)

// A Store keeps the books in one database. It is safe for concurrent use.
type Store struct {
	db      engine
	keys    *access.Keyring
	log     *slog.Logger
	options Options
	epoch   atomic.Int64
	name    string // of this process, among those on one database

	queue    chan *waiting // acts
	solo     chan *waiting
	closing  chan struct{} // closed by Close: nothing new is queued
	broken   chan struct{} // closed when the disk failed: nothing is written any more
	breaks   sync.Once
	writers  sync.WaitGroup
	wake     chan struct{} // to the numberer: a batch was committed
	stop     context.CancelFunc
	catalog  catalogs
	editions chorus[access.OrganizationID, edition] // of catalogs
	journal  followers                              // they are told that rows were given positions
	tasks    followers                              // they are told that a task is due
}

// Open opens the database at url, sqlite:PATH or postgres://…, brings its schema
// up to date and starts the writers. The key ring must be the one the database
// was first opened with.
func Open(ctx context.Context, url string, keys *access.Keyring, options Options) (*Store, error) {
	s := newStore(keys, options)
	var err error
	if s.db, err = openEngine(ctx, url, false); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.db.close()
		return nil, err
	}
	return s, nil
}

func newStore(keys *access.Keyring, options Options) *Store {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		keys: keys, log: options.Log, options: options, name: rand.Text(),
		closing: make(chan struct{}), broken: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	s.editions.ask = s.edition
	return s
}

func openEngine(ctx context.Context, url string, readOnly bool) (engine, error) {
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		if rest == "" {
			return nil, errors.New("the database url sqlite: needs a path, such as sqlite:seatlink.db")
		}
		return openSQLite(ctx, rest, readOnly)
	case "postgres", "postgresql":
		return openPostgres(ctx, url)
	}
	return nil, fmt.Errorf("the database url %q is neither sqlite:PATH nor postgres://…", redact(url))
}

// redact keeps a password out of messages.
func redact(url string) string {
	if at := strings.LastIndexByte(url, '@'); at >= 0 {
		return "…" + url[at:]
	}
	return url
}

func (s *Store) start(ctx context.Context) error {
	for _, doubt := range s.db.doubts() {
		s.log.Warn("a doubt about the database", "doubt", doubt)
	}
	if err := s.db.migrate(ctx); err != nil {
		return err
	}
	first, err := s.db.writer(ctx)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if err := s.takeUp(ctx, first); err != nil {
		first.close()
		return err
	}
	writers := 1
	if !s.db.numbersAtOnce() {
		writers = orDefault(s.options.Writers, defaultPostgresWriters)
	}
	s.options.BatchActs = orDefault(s.options.BatchActs, defaultBatchActs)
	s.queue = make(chan *waiting, orDefault(s.options.Queue, defaultQueue))
	s.solo = make(chan *waiting, soloQueue)
	life, stop := context.WithCancel(context.Background())
	s.stop = stop
	for i := range writers {
		w := &writer{s: s}
		if i == 0 {
			w.tx = first
		}
		s.writers.Go(w.write)
	}
	if !s.db.numbersAtOnce() {
		s.writers.Go(func() { s.runNumberer(life) })
		s.writers.Go(func() { s.runListener(life) })
	}
	return nil
}

func orDefault(n, other int) int {
	if n == 0 {
		return other
	}
	return n
}

// takeUp makes the books ready to be served, or says why they are not.
func (s *Store) takeUp(ctx context.Context, first session) error {
	unfinished, err := copyUnfinished(ctx, first)
	switch {
	case err != nil:
		return fmt.Errorf("open database: %w", err)
	case unfinished:
		return errUnfinished
	}
	return errors.Join(s.install(ctx, first), s.recover(ctx, first))
}

// install makes the installation's row the first time, and afterwards refuses a
// key ring that is not the one it was made with.
func (s *Store) install(ctx context.Context, tx session) error {
	const (
		first = `INSERT INTO installation (id, epoch, loading, key_check) VALUES (1, 1, false, $1) ON CONFLICT (id) DO NOTHING`
		look  = `SELECT epoch, key_check FROM installation`
	)
	var check string
	err := tx.run(ctx,
		step{text: first, args: []any{s.keys.Check()}, want: -1},
		step{text: look, each: func(r row) error { s.epoch.Store(r.int(0)); check = r.text(1); return nil }})
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if check != s.keys.Check() {
		return errors.New("the key is not the one this database was made with")
	}
	return nil
}

// Epoch grows when a backup is restored, so that (epoch, position) never goes
// back for a reader of the journal.
func (s *Store) Epoch() int64 { return s.epoch.Load() }

// Broken is closed when the disk failed under a commit: what it holds is no
// longer known, nothing more is written, and the process should end.
func (s *Store) Broken() <-chan struct{} { return s.broken }

func (s *Store) breakDown(err error) {
	s.breaks.Do(func() {
		s.log.Error("disk failed, writing stops", "err", err)
		close(s.broken)
	})
}

// Close takes nothing new, finishes what is queued, and closes the database.
func (s *Store) Close() {
	close(s.closing)
	s.stop()
	s.writers.Wait()
	s.db.close()
}

// sealContact encrypts a person's data.
func (s *Store) sealContact(c boxoffice.Contact) string {
	plain, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("a contact cannot be written: %v", err)) // strings and flags only
	}
	return s.keys.Seal(contactPurpose, plain)
}

func (s *Store) openContact(sealed string) (boxoffice.Contact, error) {
	return openContact(s.keys, sealed)
}

func openContact(keys *access.Keyring, sealed string) (c boxoffice.Contact, err error) {
	plain, err := keys.Open(contactPurpose, sealed)
	if err != nil {
		return c, fmt.Errorf("contact: %w", err)
	}
	err = json.Unmarshal(plain, &c)
	return c, err
}

const contactPurpose = "contact"

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, step{text: "SELECT 1", each: func(row) error { return nil }})
}
