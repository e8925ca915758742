package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A Restoration puts a backup in the place of a SQLite database.
type Restoration struct {
	From, To string // files
	Keys     *access.Keyring
	Epoch    int64     // the new one at least; 0 is the next
	Force    bool      // keep the database that is there aside, instead of refusing
	Now      time.Time // names what is kept aside
}

// A Restored database is ready to be served.
type Restored struct {
	Epoch, Position int64
	Aside           string // where the database that was there is kept; "" where none was
	Lost            error  // why the epoch of that one is not known; nil where it is
}

// ErrDatabaseThere says that a database stands where another is to be restored.
var ErrDatabaseThere = errors.New("there is a database already")

// Restore checks a backup, and puts it where a database is to be, in a new epoch:
// readers of the journal see a position go back in an older one alone. Until
// the last step, a rename, nothing that is there is touched but to be kept aside. A
// database that a process has open is refused.
func Restore(ctx context.Context, r Restoration) (done Restored, err error) {
	if info, err := os.Stat(r.From + "-wal"); err == nil && info.Size() > 0 {
		return done, fmt.Errorf("%s has a log beside it, so it is no backup but a database in use: take seatlink backup", r.From)
	}
	if err := os.MkdirAll(filepath.Dir(r.To), 0o700); err != nil {
		return done, err
	}
	lock, err := own(r.To + ".lock")
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	there, err := exists(r.To)
	if err != nil {
		return done, err
	}
	if there && !r.Force {
		return done, fmt.Errorf("%s: %w", r.To, ErrDatabaseThere)
	}
	fresh := r.To + ".restoring"
	if err := removeDatabase(fresh); err != nil {
		return done, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeDatabase(fresh))
		}
	}()
	if err := copyFile(r.From, fresh); err != nil {
		return done, fmt.Errorf("copy the backup: %w", err)
	}
	if there {
		var old int64
		if old, done.Lost = settle(ctx, r.To); done.Lost == nil {
			r.Epoch = max(r.Epoch, old+1)
		}
	}
	if done.Epoch, done.Position, err = renew(ctx, fresh, r); err != nil {
		return done, err
	}
	if info, err := os.Stat(fresh + "-wal"); err == nil && info.Size() > 0 {
		return done, fmt.Errorf("%s kept a log that SQLite did not move into it", fresh)
	}
	if done.Aside, err = r.setAside(); err != nil {
		return done, err
	}
	if err := os.Rename(fresh, r.To); err != nil {
		return done, err
	}
	return done, syncFolder(filepath.Dir(r.To))
}

// settle has the log of a database moved into its file, and tells its epoch.
func settle(ctx context.Context, path string) (epoch int64, err error) {
	e := looseSQLite(path)
	conn, err := e.writer(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.close()
	err = conn.run(ctx, step{text: journalHead, each: func(r row) error { epoch = r.int(0); return nil }})
	return epoch, err
}

// looseSQLite is an engine on a file whose owner is known to be this process.
func looseSQLite(path string) *sqliteEngine {
	return &sqliteEngine{path: path, d: newSQLiteDialect()}
}

// renew checks the copy of a backup and begins its new epoch.
func renew(ctx context.Context, path string, r Restoration) (epoch, position int64, err error) {
	e := looseSQLite(path)
	conn, err := e.writer(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("%s cannot be read: %w", r.From, err)
	}
	defer conn.close()
	if err := sound(ctx, e, conn, r.From); err != nil {
		return 0, 0, err
	}
	check := ""
	look := step{text: `SELECT key_check FROM installation`, each: func(r row) error { check = r.text(0); return nil }}
	if err := conn.run(ctx, look); err != nil {
		return 0, 0, fmt.Errorf("%s is no backup of seatlink: %w", r.From, err)
	}
	if check != r.Keys.Check() {
		return 0, 0, errors.New("the key is not the one that the database of the backup was made with")
	}
	// An older schema is raised, as it is when a server starts; a newer one is refused.
	db, err := sqliteForMigrations(path)
	if err != nil {
		return 0, 0, err
	}
	if err := errors.Join(migrateSQLite(ctx, db), db.Close()); err != nil {
		return 0, 0, err
	}
	err = conn.run(ctx,
		step{text: raiseEpoch, args: []any{r.Epoch}, want: 1},
		step{text: skipNumbers, want: -1},
		step{text: journalHead, each: func(r row) error { epoch, position = r.int(0), r.int(1); return nil }})
	return epoch, position, err
}

const (
	raiseEpoch = `UPDATE installation SET epoch = CASE WHEN epoch + 1 > $1 THEN epoch + 1 ELSE $1 END`

	// Numbers that were given out after the backup are known to partners, in
	// confirmationCd and transaction, and must not be given to others.
	skipNumbers = `UPDATE series SET next = next + 10000000`
)

// sound refuses a file that SQLite finds torn.
func sound(ctx context.Context, e *sqliteEngine, conn session, name string) error {
	torn := ""
	steps, _ := e.soundness(func(subject, says string) {
		if torn == "" {
			torn = subject + " " + says
		}
	})
	if err := conn.run(ctx, steps...); err != nil {
		return fmt.Errorf("%s cannot be read: %w", name, err)
	}
	if torn != "" {
		return fmt.Errorf("%s is damaged: %s", name, strings.ReplaceAll(torn, "\n", " "))
	}
	return nil
}

// setAside renames what is where the database is to be. A log that a database left
// behind would be taken for that of the new one, so it goes too, and first.
func (r Restoration) setAside() (aside string, err error) {
	name := r.To + ".before-restore-" + r.Now.UTC().Format("20060102T150405Z")
	for _, suffix := range []string{"-wal", "-shm", ""} {
		err := os.Rename(r.To+suffix, name+suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		aside = name
	}
	return aside, nil
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func removeDatabase(path string) error {
	var all error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// copyFile copies a file into a new one that is its owner's alone, and on disk.
func copyFile(from, to string) error {
	source, err := os.Open(filepath.Clean(from))
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(filepath.Clean(to), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}

// RaiseEpoch begins a new epoch, which is at least this one, and returns it; numbers
// of all series go on ten million further. It is for a database that was restored by other means, while no server has it.
func (s *Store) RaiseEpoch(ctx context.Context, least int64) (epoch int64, err error) {
	err = s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx,
			step{text: raiseEpoch, args: []any{least}, want: 1},
			step{text: skipNumbers, want: -1},
			step{text: journalHead, each: func(r row) error { epoch = r.int(0); return nil }})
	})
	if err == nil {
		s.epoch.Store(epoch)
	}
	return epoch, err
}

// Head tells the epoch and the newest position of the journal.
func (r *Reader) Head(ctx context.Context) (epoch, position int64, err error) {
	err = r.db.read(ctx, step{text: journalHead, each: func(r row) error { epoch, position = r.int(0), r.int(1); return nil }})
	return epoch, position, err
}
