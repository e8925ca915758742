package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seatlink/seatlink/internal/access"
)

type serveCommand struct {
	DB        string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	Key       string `help:"File with the installation's key. Beside a SQLite file it is found by itself (seatlink.key)." type:"path" placeholder:"FILE"`
	Sandbox   bool   `help:"Play the published test cases; callbacks may go to http and to this machine."`
	listening `group:"Reaching it:"`
	LogLevel  string `help:"debug, info, warn or error." default:"info" group:"Watching it:" placeholder:"LEVEL"`
	watching  `group:"Watching it:"`
	outgoing  `group:"Callbacks:"`
	mailing   `group:"Mails:"`
	wallets   `group:"Wallets:"`
	gates     `group:"Gates:"`
	stopping  `group:"Stopping it:"`
	tuning    `group:"Tuning:"`

	PrintSettings bool `help:"Print the settings in force and where each comes from, and serve nothing." own:""`
}

// Help is the longer text of seatlink serve --help.
func (serveCommand) Help() string {
	return `Examples:
  seatlink serve --db sqlite:/var/lib/venue/seatlink.db --addr :8080 --public-url https://tickets.example.com
  seatlink serve --db postgres://seatlink@db.example.com/seatlink --key /etc/seatlink.key
  seatlink serve --config /etc/seatlink.toml

Each setting may also stand in the environment, --public-url as SEATLINK_PUBLIC_URL, or in the file that --config
names, as public-url; a flag counts before the environment, and that before the file. seatlink settings lists them.

It stops on SIGTERM or Ctrl-C after the requests in hand; a second one ends it at once. GET /livez says that it runs,
GET /readyz that it should be sent requests. SIGHUP makes it read its certificate again.`
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
	s := settings{listening: c.listening, watching: c.watching, outgoing: c.outgoing, mailing: c.mailing, wallets: c.wallets, smtpPassword: w.getenv(passwordVariable), gates: c.gates, stopping: c.stopping, db: c.DB, sandbox: c.Sandbox, store: options, log: log}
	if err := s.check(); err != nil {
		return err
	}
	if c.PrintSettings {
		return w.sources.show(w.stdout, w.command)
	}
	key := c.Key
	if key == "" {
		if key, err = keyBeside(c.DB); err != nil {
			return err
		}
	}
	data := key
	if path, isFile := strings.CutPrefix(c.DB, "sqlite:"); isFile {
		data = path
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("there is no database to serve: %w", err)
		}
	}
	s.beside(data)
	s.keys, err = access.LoadKeyring(key)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no key at %s: give the file that the database was made with (--key FILE)", key)
	}
	if err != nil {
		return err
	}
	if c.TLSCert != "" {
		// Without a certificate SIGHUP ends the process, as a terminal expects.
		hangup := make(chan os.Signal, 1)
		signal.Notify(hangup, syscall.SIGHUP)
		defer signal.Stop(hangup)
		s.hangup = hangup
	}
	srv, err := newServer(w.ctx, s)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "seatlink serves %s", srv.url)
	if c.PublicURL != "" {
		fmt.Fprintf(w.stdout, " on %s", srv.listener.Addr())
	}
	fmt.Fprintln(w.stdout)
	srv.ops.tell(w.stdout)
	srv.scanners.tell(w.stdout)
	return srv.run(w.ctx)
}

// keyBeside is where the key of a SQLite database lies unless it is told.
func keyBeside(db string) (string, error) {
	switch scheme, path, _ := strings.Cut(db, ":"); {
	case scheme == "postgres" || scheme == "postgresql":
		return "", errors.New("a PostgreSQL database needs --key FILE, the key it was made with")
	case scheme != "sqlite" || path == "":
		return "", wrong("db", "is sqlite:PATH or postgres://USER@HOST/NAME")
	default:
		return filepath.Join(filepath.Dir(path), keyFile), nil
	}
}

const keyFile = "seatlink.key"
