package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// Errors of backups, for the people who make them.
var (
	// ErrNoFile says that the database is no file that could be copied.
	ErrNoFile = errors.New("a PostgreSQL database is backed up with PostgreSQL's own tools")
	// ErrBackupThere says that a backup would write over another file.
	ErrBackupThere = errors.New("there is a file already, and a backup writes over none")
)

// Backup writes the books, as they stand at one moment, into a new SQLite file
// that only its owner may read (boxoffice.Vault). Acts go on beside it.
func (s *Store) Backup(ctx context.Context, path string) (boxoffice.Backup, error) {
	return backUp(ctx, s.db, path)
}

// Backup is that of a Store, of a database that this process does not own.
func (r *Reader) Backup(ctx context.Context, path string) (boxoffice.Backup, error) {
	return backUp(ctx, r.db, path)
}

func backUp(ctx context.Context, db engine, path string) (b boxoffice.Backup, err error) {
	e, isFile := db.(*sqliteEngine)
	if !isFile {
		return b, ErrNoFile
	}
	if path, err = filepath.Abs(path); err != nil { // a name that begins with file: would be a URI
		return b, err
	}
	if err := absent(path); err != nil {
		return b, err
	}
	unfinished := path + ".unfinished"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a backup that was killed
		return b, err
	}
	file, err := os.OpenFile(filepath.Clean(unfinished), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return b, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(unfinished))
		}
	}()
	// SQLite writes into an empty file, and leaves it to others to have it on disk.
	err = e.reader(ctx, func(s *sqliteSession) error {
		return s.run(ctx, step{text: `VACUUM INTO $1`, args: []any{unfinished}, want: -1})
	})
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return b, fmt.Errorf("copy the database: %w", err)
	}
	if b, err = inspect(ctx, unfinished); err != nil {
		return b, fmt.Errorf("look into the copy: %w", err)
	}
	if err := absent(path); err != nil { // it may have come meanwhile
		return b, err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return b, err
	}
	b.File = path
	return b, syncFolder(filepath.Dir(path))
}

func absent(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s: %w", path, ErrBackupThere)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// inspect tells what a file holds that no process has open.
func inspect(ctx context.Context, path string) (b boxoffice.Backup, err error) {
	db, err := openSQLite(ctx, path, true)
	if err != nil {
		return b, err
	}
	defer db.close()
	b.File = path
	info, err := os.Stat(path)
	if err != nil {
		return b, err
	}
	b.Bytes = info.Size()
	err = db.read(ctx, step{text: journalHead, each: func(r row) error { b.Epoch, b.Position = r.int(0), r.int(1); return nil }})
	return b, err
}

const journalHead = `SELECT (SELECT epoch FROM installation), (SELECT position FROM head WHERE id = 1)`

// syncFolder has the names of a folder on disk.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
