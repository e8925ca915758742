package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

type copyCommand struct {
	From   string `help:"The database that has the books: sqlite:PATH." required:"" placeholder:"URL"`
	To     string `help:"The one that gets them, and has none: postgres://USER@HOST/NAME." required:"" placeholder:"URL"`
	Key    string `help:"File with the installation's key. Beside the SQLite file it is found by itself (seatlink.key)." type:"path" placeholder:"FILE"`
	Output string `help:"table or json." enum:"table,json" default:"table"`
}

// Help is the longer text of seatlink copy --help.
func (copyCommand) Help() string {
	return `Examples:
  seatlink copy --from sqlite:/var/lib/venue/seatlink.db --to postgres://seatlink@db.example.com/seatlink

Stop the server of the SQLite file first. What was interrupted goes on when the command is given again; until it is
finished no server takes the new database. At the end both are read through, and every table must have as many rows and
the same digest in both. The file is not changed: put it away, so that nobody serves it again by mistake.

The new database is to be served with the same key: what it seals stays sealed by it. Positions and epoch stay the same.`
}

// Run copies the books, and tells what of each table.
func (c *copyCommand) Run(w *surroundings) error {
	path, err := bookFlags{DB: c.From, Key: c.Key}.key()
	if err != nil {
		return err
	}
	keys, err := access.LoadKeyring(path)
	if err != nil {
		return fmt.Errorf("the key of the books: %w", err)
	}
	copied, err := sqlstore.Copy(w.ctx, c.From, c.To, keys, copyLine(w.stderr))
	switch {
	case errors.Is(err, sqlstore.ErrInUse):
		return fmt.Errorf("%w: stop the server that has the file", err)
	case errors.Is(err, sqlstore.ErrNotEmpty):
		return fmt.Errorf("%w: take one that is empty", err)
	case w.ctx.Err() != nil:
		return fmt.Errorf("interrupted: give the same command again, and it goes on (%w)", err)
	case err != nil:
		return err
	}
	fmt.Fprintln(w.stderr)
	if c.Output == "json" {
		return json.NewEncoder(w.stdout).Encode(copied)
	}
	table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
	rows := int64(0)
	for _, t := range copied {
		fmt.Fprintf(table, "%s\t%d rows\t%s\n", t.Name, t.Rows, t.Digest)
		rows += t.Rows
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "copied %d rows of %d tables: the same in both. Serve the new database with the key %s, and put the file away.\n", rows, len(copied), path)
	return err
}

// copyLine tells how far a copy is, on one line.
func copyLine(out io.Writer) sqlstore.CopyProgress {
	const often = 200 * time.Millisecond
	var (
		last time.Time
		what string
	)
	return func(doing, name string, rows int64) {
		if now := doing + " " + name; now != what || time.Since(last) >= often {
			last, what = time.Now(), now
			fmt.Fprintf(out, "\r%-70s", fmt.Sprintf("%s: %d rows", now, rows))
		}
	}
}
