package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/operatorapi"
	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/web"
)

// operating are the flags of every command that an operator gives to the house.
type operating struct {
	DB     string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME." default:"sqlite:seatlink-data/seatlink.db" placeholder:"URL"`
	Key    string `help:"File with the installation's key, where no server runs. Beside a SQLite file it is found by itself (seatlink.key)." type:"path" placeholder:"FILE"`
	As     string `help:"Who does it, for the journal. Default: the system's user." placeholder:"NAME"`
	Output string `help:"table or json." enum:"table,json" default:"table"`
}

// ask reaches the process that has the books, and asks. That is the server of
// the SQLite file, where one runs; else this process opens the database for
// itself, which on PostgreSQL it may at any time.
func (o operating) ask(w *surroundings, question func(ctx context.Context, house *operatorapi.Client) error) error {
	name, err := o.name()
	if err != nil {
		return err
	}
	if path, isFile := strings.CutPrefix(o.DB, "sqlite:"); isFile && path != "" {
		house, err := serverOf(w.ctx, path, name)
		if err != nil {
			return err
		}
		if house != nil {
			return question(w.ctx, house)
		}
	}
	keys, err := keysOf(o.DB, o.Key)
	if err != nil {
		return err
	}
	store, err := sqlstore.Open(w.ctx, o.DB, keys, sqlstore.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	// Addresses of ticket pages are for partners; no operator is shown one.
	office := boxoffice.NewOffice(store, boxoffice.NewPersonKeys(keys), web.NewAddresses(keys, ""))
	desk := access.NewDesk(store, keys, time.Now)
	door := push.NewDoor(push.Rules{Sandbox: true}) // the server judges again, by its own rules, whenever it sends
	work := operatorapi.Work{
		Orders: office, Callbacks: store, Partners: desk, Credentials: desk, Venue: office,
		Gates: boxoffice.NewGate(store), Porters: access.NewPorter(store, keys, time.Now),
		House: boxoffice.NewBackOffice(store), Shelves: store, Messages: replays(store), Endpoints: door, Topics: push.NewSNS(door),
	}
	return question(w.ctx, ownDoor(work, name))
}

// ownDoor is the operators' door in this process.
func ownDoor(work operatorapi.Work, name string) *operatorapi.Client {
	return operatorapi.NewClient(operatorapi.Through(operatorapi.New(work, operatorapi.Options{})), name)
}

// name is who does it.
func (o operating) name() (string, error) {
	name := o.As
	if name == "" {
		if who, err := user.Current(); err == nil {
			name = who.Username
		}
	}
	if _, err := access.Operator(name); err != nil {
		return "", fmt.Errorf("--as NAME: %w", err)
	}
	return name, nil
}

// serverOf reaches the server that has a SQLite file; nil where none runs.
func serverOf(ctx context.Context, path, name string) (*operatorapi.Client, error) {
	file, err := realPath(path)
	if err != nil {
		return nil, fmt.Errorf("there is no such database: %w", err)
	}
	socket := operatorapi.Socket(file)
	house := operatorapi.NewClient(operatorapi.Over(socket), name)
	about, err := house.About(ctx)
	switch {
	case operatorapi.Absent(err):
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the server at %s belongs to another user: run this as that user", socket)
	case err != nil:
		return nil, err
	case about.Database != file: // of another file in the same folder
		return nil, nil
	}
	return house, nil
}

// keysOf takes the key that a database was made with.
func keysOf(db, key string) (*access.Keyring, error) {
	if key == "" {
		var err error
		if key, err = keyBeside(db); err != nil {
			return nil, err
		}
	}
	keys, err := access.LoadKeyring(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no key at %s: give the file that the database was made with (--key FILE)", key)
	}
	return keys, err
}

// tell prints an answer: as a table that people read, or as JSON.
func (o operating) tell(w *surroundings, answer any, table func(out io.Writer)) error {
	if o.Output == "json" {
		return json.NewEncoder(w.stdout).Encode(answer)
	}
	columns := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
	table(columns)
	return columns.Flush()
}
