package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/operatorapi"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

type backupCommand struct {
	File   string `arg:"" help:"The file to write; it must not be there." type:"path"`
	DB     string `help:"The database: sqlite:PATH." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	As     string `help:"Who does it, for the server's log. Default: the system's user." placeholder:"NAME"`
	Output string `help:"table or json." enum:"table,json" default:"table"`
}

// Help is the longer text of seatlink backup --help.
func (backupCommand) Help() string {
	return `Examples:
  seatlink backup /backups/seatlink-monday.db
  seatlink backup monday.db --db sqlite:/var/lib/venue/seatlink.db --output json

The backup is the database as it stands at one moment, with all that was acknowledged before; partners are served
beside it. Where a server runs on the file it writes the backup, else the command does. It is written under another
name (FILE.unfinished) and renamed when it is whole and on disk, so what is called FILE is always good. Nobody but you may
read it (mode 0600).

Keep the installation's key (seatlink.key) too, and in another place: a backup is of no use without it, and whoever has
both can read names and addresses. The key never changes, so one copy of it does for all backups.

PostgreSQL has its own tools, pg_dump and pg_basebackup; docs/operate.md tells how to go about it.`
}

// Run makes a backup.
func (c *backupCommand) Run(w *surroundings) error {
	path, isFile := strings.CutPrefix(c.DB, "sqlite:")
	if !isFile || path == "" {
		return fmt.Errorf("%w (docs/operate.md tells how)", sqlstore.ErrNoFile)
	}
	file, err := filepath.Abs(c.File) // the server may stand in another folder
	if err != nil {
		return err
	}
	o := operating{DB: c.DB, As: c.As, Output: c.Output}
	name, err := o.name()
	if err != nil {
		return err
	}
	house, err := serverOf(w.ctx, path, name)
	if err != nil {
		return err
	}
	if house == nil {
		reader, err := sqlstore.OpenReader(w.ctx, c.DB)
		if err != nil {
			return err
		}
		defer reader.Close()
		house = ownDoor(operatorapi.Work{Vault: reader}, name)
	}
	made, err := house.BackUp(w.ctx, file)
	if err != nil {
		return err
	}
	return o.tell(w, made, func(out io.Writer) {
		fmt.Fprintf(out, "backed up to %s: %d bytes, the journal up to %d of epoch %d\n", printable(made.File), made.Bytes, made.Position, made.Epoch)
		fmt.Fprintln(out, "It needs the installation's key to be of use: keep that too, in another place.")
	})
}

type restoreCommand struct {
	File   string `arg:"" help:"The backup." type:"path"`
	DB     string `help:"Where the database is to be: sqlite:PATH." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	Key    string `help:"File with the installation's key. Beside the database it is found by itself (seatlink.key)." type:"path" placeholder:"FILE"`
	Force  bool   `help:"A database that is there is renamed and kept, instead of refusing."`
	Epoch  int64  `help:"Begin this epoch at least. Default: the next one." placeholder:"N"`
	Output string `help:"table or json." enum:"table,json" default:"table"`
}

// Help is the longer text of seatlink restore --help.
func (restoreCommand) Help() string {
	return `Examples:
  seatlink restore /backups/seatlink-monday.db
  seatlink restore /backups/seatlink-monday.db --force
  seatlink restore monday.db --db sqlite:/var/lib/venue/seatlink.db --key /etc/seatlink.key

The server must be stopped. The backup is checked from end to end, with its schema and its key, before anything is
touched; a database of an older schema is raised to this program's. With --force the database that is there is renamed
to NAME.before-restore-TIME, with its log. All that was done since the backup is not in it: partners keep answers that
the books know nothing of.

The restored database begins a new epoch, one more than that of the backup and of the database it replaces, so that
readers of the journal notice. Where that one is lost, and the same backup was restored and served before, say --epoch with
one more than that epoch was; seatlink epoch tells it.`
}

// Run restores a backup.
func (c *restoreCommand) Run(w *surroundings) error {
	path, isFile := strings.CutPrefix(c.DB, "sqlite:")
	if !isFile || path == "" {
		return fmt.Errorf("%w; after that seatlink epoch --raise begins a new epoch (docs/operate.md)", sqlstore.ErrNoFile)
	}
	keys, err := keysOf(c.DB, c.Key)
	if err != nil {
		return err
	}
	done, err := sqlstore.Restore(w.ctx, sqlstore.Restoration{From: c.File, To: path, Keys: keys, Epoch: c.Epoch, Force: c.Force, Now: time.Now()})
	switch {
	case errors.Is(err, sqlstore.ErrInUse):
		return fmt.Errorf("%w: stop the server first", err)
	case errors.Is(err, sqlstore.ErrDatabaseThere):
		return fmt.Errorf("%w: restore into another place, or say --force to have it kept aside", err)
	case err != nil:
		return fmt.Errorf("restore: %w", err)
	}
	if done.Lost != nil {
		fmt.Fprintf(w.stderr, "the epoch of the database that was there cannot be read (%v): if it was more than %d, restore again with --epoch\n", done.Lost, done.Epoch-1)
	}
	o := operating{Output: c.Output}
	told := struct {
		Database string `json:"database"`
		Epoch    int64  `json:"epoch"`
		Position int64  `json:"position"`
		Aside    string `json:"aside,omitempty"`
	}{path, done.Epoch, done.Position, done.Aside}
	return o.tell(w, told, func(out io.Writer) {
		fmt.Fprintf(out, "restored to %s: the journal up to %d, and from here on epoch %d\n", path, done.Position, done.Epoch)
		if done.Aside != "" {
			fmt.Fprintf(out, "what was there is %s\n", done.Aside)
		}
	})
}

type epochCommand struct {
	DB      string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	Key     string `help:"File with the installation's key, for --raise. Beside a SQLite file it is found by itself (seatlink.key)." type:"path" placeholder:"FILE"`
	Raise   bool   `help:"Begin a new epoch. Every server of the database must be stopped."`
	AtLeast int64  `help:"With --raise: begin this epoch at least." placeholder:"N"`
	Output  string `help:"table or json." enum:"table,json" default:"table"`
}

// Help is the longer text of seatlink epoch --help.
func (epochCommand) Help() string {
	return `Examples:
  seatlink epoch --db postgres://seatlink@db.example.com/seatlink
  seatlink epoch --raise --db postgres://seatlink@db.example.com/seatlink --key /etc/seatlink.key

It tells the epoch of a database and how far its journal is. After a database was put back to an earlier moment by other
means than seatlink restore, such as pg_restore or recovery to a point in time, raise the epoch before a server starts:
only by it do readers of the journal notice that positions went back.`
}

// Run tells the epoch, or begins a new one.
func (c *epochCommand) Run(w *surroundings) error {
	if c.AtLeast != 0 && !c.Raise {
		return errors.New("--at-least goes with --raise")
	}
	if c.Raise {
		if err := c.raise(w.ctx); err != nil {
			return err
		}
	}
	reader, err := sqlstore.OpenReader(w.ctx, c.DB)
	if err != nil {
		return err
	}
	defer reader.Close()
	var told struct {
		Epoch    int64 `json:"epoch"`
		Position int64 `json:"position"`
	}
	if told.Epoch, told.Position, err = reader.Head(w.ctx); err != nil {
		return err
	}
	return operating{Output: c.Output}.tell(w, told, func(out io.Writer) {
		fmt.Fprintf(out, "epoch %d, the journal up to %d\n", told.Epoch, told.Position)
	})
}

func (c *epochCommand) raise(ctx context.Context) error {
	keys, err := keysOf(c.DB, c.Key)
	if err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, c.DB, keys, sqlstore.Options{})
	if errors.Is(err, sqlstore.ErrInUse) {
		return fmt.Errorf("%w: stop the server first", err)
	}
	if err != nil {
		return err
	}
	defer store.Close()
	_, err = store.RaiseEpoch(ctx, c.AtLeast)
	return err
}
