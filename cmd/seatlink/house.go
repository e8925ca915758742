package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/house/files"
	"github.com/seatlink/seatlink/internal/operatorapi"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// houseCommand are the verbs for houses as files.
type houseCommand struct {
	Check  houseCheck  `cmd:"" help:"Check the files of a house; exits 1 if something is wrong, and says where."`
	Load   houseLoad   `cmd:"" help:"Check the files of a house and load them into a database."`
	Export houseExport `cmd:"" help:"Write the house of a database into files."`
	Digest houseDigest `cmd:"" help:"Tell the house of a database from others by a digest."`
	Make   houseMake   `cmd:"" help:"Write an invented house into files, to try things with."`
}

// Help is the longer text of seatlink house --help.
func (houseCommand) Help() string {
	return `Examples:
  seatlink house check venue
  seatlink house load venue --db sqlite:seatlink-data/seatlink.db
  seatlink house export copy --db postgres://seatlink@db.example.com/seatlink --key /etc/seatlink.key

docs/house.md describes the files.`
}

// bookFlags name a database and its key.
type bookFlags struct {
	DB  string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	Key string `help:"File with the installation's key. Beside a SQLite file it is found by itself (seatlink.key)." type:"path" placeholder:"FILE"`
}

// key is where the key lies.
func (b bookFlags) key() (string, error) {
	if b.Key != "" {
		return b.Key, nil
	}
	return keyBeside(b.DB)
}

type houseCheck struct {
	Dir    string `arg:"" help:"The folder of the house." type:"path"`
	Output string `help:"table or json." enum:"table,json" default:"table"`
}

// Run checks a house.
func (c *houseCheck) Run(w *surroundings) error {
	report, err := files.Check(w.ctx, c.Dir, filesLine(w.stderr))
	if err != nil {
		return err
	}
	return tell(w, report, c.Output, "checked")
}

type houseLoad struct {
	Dir       string `arg:"" help:"The folder of the house." type:"path"`
	bookFlags `embed:""`
	Output    string `help:"table or json." enum:"table,json" default:"table"`
}

// Help is the longer text of seatlink house load --help.
func (houseLoad) Help() string {
	return `It checks all files first and compares them with the database; only when nothing is wrong it loads. What was
interrupted goes on with the next load, and a load of what is there already changes nothing. A row that is there and not
as the files have it is an error that names it; nothing is ever changed or removed.

A SQLite file and a key that are not there are made. A server may go on: on PostgreSQL the command loads beside it, and
where one runs on the SQLite file it does the load itself, which needs it to be able to read the files.`
}

// Run loads a house.
func (c *houseLoad) Run(w *surroundings) error {
	house, err := c.server(w.ctx)
	if err != nil {
		return err
	}
	if house != nil {
		return c.through(w, house)
	}
	path, err := c.key()
	if err != nil {
		return err
	}
	var store *sqlstore.Store
	report, err := files.Load(w.ctx, c.Dir, func() (_ files.Books, err error) {
		var books files.Books
		store, books, err = c.books(w, path)
		return books, err
	}, time.Now(), filesLine(w.stderr))
	if store != nil {
		store.Close()
	}
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return tell(w, report, c.Output, "loaded")
}

// server is the one that has the SQLite file, nil where none runs.
func (c *houseLoad) server(ctx context.Context) (*operatorapi.Client, error) {
	path, isFile := strings.CutPrefix(c.DB, "sqlite:")
	if _, err := os.Stat(path); !isFile || err != nil { // it is to be made, or is none
		return nil, nil //nolint:nilerr // why it cannot be opened is told by who opens it
	}
	name, err := operating{}.name()
	if err != nil {
		return nil, err
	}
	return serverOf(ctx, path, name)
}

// through has the server load the house.
func (c *houseLoad) through(w *surroundings, house *operatorapi.Client) error {
	dir, err := filepath.Abs(c.Dir) // the server may stand in another folder
	if err != nil {
		return err
	}
	line := filesLine(w.stderr)
	text, err := house.Load(w.ctx, dir, func(p operatorapi.LoadProgress) { line(files.Progress(p)) })
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	var report files.Report
	if err := json.Unmarshal(text, &report); err != nil {
		return fmt.Errorf("read the server's report: %w", err)
	}
	return tell(w, &report, c.Output, "loaded")
}

// loads are those that operators ask of a server, one at a time.
type loads struct {
	store *sqlstore.Store
	keys  *access.Keyring
	busy  sync.Mutex
}

var errLoading = errors.New("another house is being loaded: wait until it is")

// Load loads a house (operatorapi.Loads).
func (l *loads) Load(ctx context.Context, dir string, progress func(operatorapi.LoadProgress)) (any, error) {
	if !l.busy.TryLock() {
		return nil, errLoading
	}
	defer l.busy.Unlock()
	open := func() (files.Books, error) { return booksOf(l.store, l.keys), nil }
	return files.Load(ctx, dir, open, time.Now(), func(p files.Progress) { progress(operatorapi.LoadProgress(p)) })
}

// booksOf are a store's books, for a house to be loaded into.
func booksOf(store *sqlstore.Store, keys *access.Keyring) files.Books {
	return files.Books{
		Loader:   func() files.Loader { return store.NewLoader() },
		Comparer: func() files.Loader { return store.NewComparer() },
		Reader:   store, Keys: boxoffice.NewPersonKeys(keys),
	}
}

// books opens the database, which is made if it is not there.
func (c *houseLoad) books(w *surroundings, path string) (*sqlstore.Store, files.Books, error) {
	keys, made, err := c.keys(w, path)
	if err != nil {
		return nil, files.Books{}, err
	}
	store, err := sqlstore.Open(w.ctx, c.DB, keys, sqlstore.Options{})
	if err != nil && made {
		return nil, files.Books{}, errors.Join(err, os.Remove(path))
	}
	if err != nil {
		return nil, files.Books{}, err
	}
	return store, booksOf(store, keys), nil
}

// keys are the installation's, or new ones for a database that is not there.
func (c *houseLoad) keys(w *surroundings, path string) (keys *access.Keyring, made bool, err error) {
	keys, err = access.LoadKeyring(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, false, err
	}
	if file, isFile := strings.CutPrefix(c.DB, "sqlite:"); isFile {
		if _, err := os.Stat(file); err == nil {
			return nil, false, fmt.Errorf("there is no key at %s: give the file that the database was made with (--key FILE)", path)
		}
	}
	if keys, err = access.CreateKeyring(path); err != nil {
		return nil, false, err
	}
	fmt.Fprintf(w.stderr, "made the key %s: keep it with the backups, apart from the database\n", path)
	return keys, true, nil
}

type houseExport struct {
	Dir       string `arg:"" help:"The folder to write; it must not be there." type:"path"`
	bookFlags `embed:""`
}

// Help is the longer text of seatlink house export --help.
func (houseExport) Help() string {
	return `It reads one moment of the database and changes nothing, also beside a running server. Tickets are as they stand
then: with the owners and barcodes that trade gave them. Locks, orders and the journal are not part of a house.

The files hold names, addresses and password hashes in clear: they are their owner's alone (modes 0700 and 0600).`
}

// Run exports a house.
func (c *houseExport) Run(w *surroundings) error {
	read, done, err := c.open(w.ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := files.Write(c.Dir, read); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	fmt.Fprintf(w.stdout, "exported to %s; it holds personal data in clear, readable for you alone (mode 0600)\n", c.Dir)
	return nil
}

// open returns what gives a database's house to a loader.
func (b bookFlags) open(ctx context.Context) (read func(boxoffice.Loader) error, done func(), err error) {
	path, err := b.key()
	if err != nil {
		return nil, nil, err
	}
	keys, err := access.LoadKeyring(path)
	if err != nil {
		return nil, nil, err
	}
	reader, err := sqlstore.OpenReader(ctx, b.DB)
	if err != nil {
		return nil, nil, err
	}
	return func(l boxoffice.Loader) error { return reader.House(ctx, keys, l) }, reader.Close, nil
}

type houseDigest struct {
	bookFlags `embed:""`
	Output    string `help:"table or json." enum:"table,json" default:"table"`
}

// Help is the longer text of seatlink house digest --help.
func (houseDigest) Help() string {
	return `It is the SHA-256 of each file that seatlink house export would write, and one over all: two databases with the
same digest hold the same house. It changes nothing, also beside a running server.`
}

// Run tells the digest of a house.
func (c *houseDigest) Run(w *surroundings) error {
	read, done, err := c.open(w.ctx)
	if err != nil {
		return err
	}
	defer done()
	digest, err := files.DigestOf(read)
	if err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	if c.Output == "json" {
		return json.NewEncoder(w.stdout).Encode(digest)
	}
	for _, name := range slices.Sorted(maps.Keys(digest.Files)) {
		fmt.Fprintf(w.stdout, "%s  %s\n", digest.Files[name], name)
	}
	_, err = fmt.Fprintf(w.stdout, "%s  house\n", digest.House)
	return err
}

type houseMake struct {
	Dir  string `arg:"" help:"The folder to write; it must not be there." type:"path"`
	Size string `help:"small (5,000 tickets), default (300,000) or full (1,000,000)." enum:"small,default,full" default:"default" placeholder:"SIZE"`
	Seed uint64 `help:"The same seed and day make the same house." default:"1" placeholder:"N"`
}

// Run writes the generator's house.
func (c *houseMake) Run(w *surroundings) error {
	var made house.Demo
	err := files.Write(c.Dir, func(l boxoffice.Loader) (err error) {
		made, err = house.Make(w.ctx, l, anyKey{}, house.Size(c.Size), c.Seed, time.Now(), progressLine(w.stderr))
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stderr, "\r")
	_, err = fmt.Fprintf(w.stdout, "made a house of %d tickets in %s\n", made.Tickets, c.Dir)
	return err
}

// anyKey says of everybody who has contacts that they can be found by them: which
// keys that makes is for the installation that loads the files.
type anyKey struct{}

func (anyKey) PersonKeys(boxoffice.Contact) []boxoffice.PersonKey {
	return []boxoffice.PersonKey{"known"}
}

// tell writes a report, and ends the command with status 1 if something is wrong.
func tell(w *surroundings, report *files.Report, output, done string) error {
	fmt.Fprintf(w.stderr, "\r%-70s\r", "") // the progress has had its day
	if output == "json" {
		if err := json.NewEncoder(w.stdout).Encode(report); err != nil {
			return err
		}
	} else if err := tellPeople(w.stdout, report, done); err != nil {
		return err
	}
	if !report.Good() {
		return errTold
	}
	return nil
}

func tellPeople(out io.Writer, r *files.Report, done string) error {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintln(&b, p)
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.More)
	}
	if !r.Good() {
		fmt.Fprintf(&b, "%d problems; nothing was changed\n", len(r.Problems)+r.More)
	} else {
		fmt.Fprintf(&b, "%s %d organizations, %d manifests, %d events, %d patrons, %d tickets, %d listings\n",
			done, r.Organizations, r.Manifests, r.Events, r.Patrons, r.Tickets, r.Listings)
		if r.Loaded > 0 {
			fmt.Fprintf(&b, "the tickets of %d events were there already\n", r.Loaded)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// filesLine tells how far files have been read, on one line: of each file at its
// beginning and then a few times a second.
func filesLine(out io.Writer) func(files.Progress) {
	const often = 200 * time.Millisecond
	var (
		last time.Time
		what string
	)
	return func(p files.Progress) {
		if doing := p.Doing + " " + p.File; p.Size > 0 && (doing != what || time.Since(last) >= often) {
			last, what = time.Now(), doing
			line := fmt.Sprintf("%s: %d rows, %d %%", doing, p.Rows, 100*p.Read/p.Size)
			fmt.Fprintf(out, "\r%-70s", line)
		}
	}
}
