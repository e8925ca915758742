package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
)

type serveCommand struct {
	DB  string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	Key string `help:"File with the installation's key. Beside a SQLite file it is found by itself (seatlink.key)." type:"path" placeholder:"FILE"`
	listening
	Sandbox  bool   `help:"Play the published test cases; callbacks may go to http and to this machine."`
	LogLevel string `help:"debug, info, warn or error." default:"info" placeholder:"LEVEL"`
	tuning   `group:"Tuning:"`
}

// Help is the longer text of seatlink serve --help.
func (serveCommand) Help() string {
	return `Examples:
  seatlink serve --db sqlite:/var/lib/venue/seatlink.db --addr :8080 --public-url https://tickets.example.com
  seatlink serve --db postgres://seatlink@db.example.com/seatlink --key /etc/seatlink.key

It stops on SIGTERM or Ctrl-C after the requests in hand. GET /livez says that it runs, GET /readyz that it
should be sent requests.`
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(w *surroundings) error {
	log, err := w.logger(c.LogLevel)
	if err != nil {
		return err
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	key := c.Key
	if key == "" {
		if key, err = keyBeside(c.DB); err != nil {
			return err
		}
	}
	if path, isFile := strings.CutPrefix(c.DB, "sqlite:"); isFile {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("there is no database to serve: %w", err)
		}
	}
	keys, err := access.LoadKeyring(key)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no key at %s: give the file that the database was made with (--key FILE)", key)
	}
	if err != nil {
		return err
	}
	srv, err := newServer(w.ctx, settings{listening: c.listening, db: c.DB, keys: keys, sandbox: c.Sandbox, store: options, log: log})
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "seatlink serves %s", srv.url)
	if c.PublicURL != "" {
		fmt.Fprintf(w.stdout, " on %s", srv.listener.Addr())
	}
	fmt.Fprintln(w.stdout)
	return srv.run(w.ctx)
}

// keyBeside is where the key of a SQLite database lies unless it is told.
func keyBeside(db string) (string, error) {
	switch scheme, path, _ := strings.Cut(db, ":"); {
	case scheme == "postgres" || scheme == "postgresql":
		return "", errors.New("a PostgreSQL database needs --key FILE, the key it was made with")
	case scheme != "sqlite" || path == "":
		return "", errors.New("--db is sqlite:PATH or postgres://USER@HOST/NAME")
	default:
		return filepath.Join(filepath.Dir(path), keyFile), nil
	}
}

const keyFile = "seatlink.key"
