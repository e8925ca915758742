package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// tuning are the store's knobs, for measuring what they are worth.
type tuning struct {
	BatchActs int `help:"Acts that share one transaction at most." default:"256" placeholder:"N"`
	Writers   int `help:"Connections that write; 0 is 1 on SQLite and 2 on PostgreSQL." default:"0" placeholder:"N"`
}

func (t tuning) options() (sqlstore.Options, error) {
	const mostActs, mostWriters = 256, 16
	if t.BatchActs < 1 || t.BatchActs > mostActs {
		return sqlstore.Options{}, fmt.Errorf("--batch-acts is 1 to %d", mostActs)
	}
	if t.Writers < 0 || t.Writers > mostWriters {
		return sqlstore.Options{}, fmt.Errorf("--writers is 0 to %d", mostWriters)
	}
	return sqlstore.Options{BatchActs: t.BatchActs, Writers: t.Writers}, nil
}

type serveCommand struct {
	DB        string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	Key       string `help:"File with the installation's key. Beside a SQLite file it is found by itself (seatlink.key)." type:"path" placeholder:"FILE"`
	Addr      string `help:"Where to listen; port 0 takes a free one." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	PublicURL string `help:"Where others reach this server, for the addresses of ticket pages. Default: http:// and the address." placeholder:"URL"`
	Sandbox   bool   `help:"Play the published test cases; callbacks may go to http and to this machine."`
	LogLevel  string `help:"debug, info, warn or error." default:"info" placeholder:"LEVEL"`
	tuning    `group:"Tuning:"`
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
	srv, err := newServer(w.ctx, settings{
		addr: c.Addr, db: c.DB, publicURL: strings.TrimSuffix(c.PublicURL, "/"), keys: keys, sandbox: c.Sandbox, store: options, log: log,
	})
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
