package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

type demoCommand struct {
	Data string `help:"Folder for the house, its key and its database; made if it is not there, used again next time." default:"seatlink-data" type:"path" placeholder:"DIR"`
	DB   string `help:"The database: sqlite:PATH or postgres://USER@HOST/NAME. Default: seatlink.db in the data folder." placeholder:"URL" own:""`
	Size string `help:"How large a house to make: small (5,000 tickets), default (300,000), full (1,000,000)." enum:",small,default,full" default:"" placeholder:"SIZE"`
	Seed uint64 `help:"The same seed makes the same house." default:"1" placeholder:"N"`
	JSON string `help:"Write what programs need to know to this file, once the server is ready." type:"path" placeholder:"FILE"`

	NoMarketplace bool `help:"Start no marketplace beside it, on the next port."`

	listening `group:"Reaching it:"`
	LogLevel  string `help:"debug, info, warn or error." default:"warn" group:"Watching it:" placeholder:"LEVEL"`
	watching  `group:"Watching it:"`
	tuning    `group:"Tuning:"`
}

// Help is the longer text of seatlink demo --help.
func (demoCommand) Help() string {
	return `Examples:
  seatlink demo
  seatlink demo --size small --addr 127.0.0.1:0 --json demo.json
  seatlink demo --db postgres://postgres@localhost/demo --data demo-house
  seatlink demo --no-marketplace

On the port after its own a small marketplace runs (seatlink marketplace), which sells what patrons list. It ends with the demo.
Everything of the house is invented, and its secrets are made from the seed or kept in the data folder: it is for
trying things, not for a venue.`
}

// A memory is what the data folder tells of the house it has, so that the next
// start can tell it again.
type memory struct {
	Size  house.Size                      `json:"size"`
	Seed  uint64                          `json:"seed"`
	DB    string                          `json:"db"`              // "" is the folder's own, which moves with it
	Begun bool                            `json:"begun,omitempty"` // and not finished, in a database that is not its own
	Made  time.Time                       `json:"made"`
	House house.Demo                      `json:"house"`
	Keys  map[access.ApplicationID]string `json:"keys"`
}

// demoDrain is how long the end of a demo may take.
const demoDrain = 30 * time.Second

const memoryFile = "demo.json"

// Run makes the house, or takes the one that is there, and serves it.
func (c *demoCommand) Run(w *surroundings) error {
	log, err := w.logger(c.LogLevel)
	if err != nil {
		return err
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if c.DB == "sqlite:"+c.own() {
		c.DB = ""
	}
	keys, err := keyring(filepath.Join(c.Data, keyFile))
	if err != nil {
		return err
	}
	known, err := c.recall()
	if err != nil {
		return err
	}
	if known == nil && c.DB == "" {
		if err := discardUnfinished(w, c.own(), keys); err != nil {
			return err
		}
	}
	srv, err := newServer(w.ctx, settings{
		listening: c.listening, watching: c.watching, stopping: stopping{Drain: demoDrain}, mailing: mailing{MailFolder: c.mails()}, db: c.url(), keys: keys, sandbox: true, store: options, log: log,
	})
	if err != nil {
		return err
	}
	told, err := c.prepare(w, srv, keys, known)
	if err != nil {
		return errors.Join(err, srv.close())
	}
	market, err := c.beside(w, srv, told)
	if err != nil {
		return errors.Join(err, srv.close())
	}
	if market != nil {
		told.Market = market.url
		srv.parts = append(srv.parts, part{"marketplace", market.run})
	}
	told.show(w.stdout)
	srv.ops.tell(w.stdout)
	return srv.run(w.ctx)
}

// own is the database of the data folder, url the one that the house is in.
func (c *demoCommand) own() string { return filepath.Join(c.Data, "seatlink.db") }
func (c *demoCommand) url() string { return cmp.Or(c.DB, "sqlite:"+c.own()) }

// mails is where the demo's mails can be read.
func (c *demoCommand) mails() string { return filepath.Join(c.Data, "mails") }

// discardUnfinished removes a house whose making was interrupted: the data folder
// has its database and does not know it.
func discardUnfinished(w *surroundings, path string, keys *access.Keyring) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	store, err := sqlstore.Open(w.ctx, "sqlite:"+path, keys, sqlstore.Options{}) // refused while another process is making it
	if err != nil {
		return err
	}
	store.Close()
	fmt.Fprintf(w.stdout, "making the house was interrupted before; starting it anew\n")
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// keyring takes the key of the data folder, or makes it.
func keyring(path string) (*access.Keyring, error) {
	keys, err := access.LoadKeyring(path)
	if errors.Is(err, fs.ErrNotExist) {
		return access.CreateKeyring(path)
	}
	return keys, err
}

// recall reads what the data folder has, nil when it has no house yet.
func (c *demoCommand) recall() (*memory, error) {
	path := filepath.Join(c.Data, memoryFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var m memory
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("data folder: %w", err)
	case c.Size != "" && house.Size(c.Size) != m.Size, c.Seed != m.Seed, c.DB != m.DB:
		return nil, fmt.Errorf("%s holds a house of size %s and seed %d in %s: take another --data, or remove it",
			c.Data, m.Size, m.Seed, cmp.Or(shown(m.DB), "seatlink.db"))
	}
	return &m, nil
}

// shown is a database as it may be seen: without a password.
func shown(db string) string {
	u, err := url.Parse(db)
	if err != nil {
		return "its database"
	}
	return u.Redacted()
}

// prepare makes the house unless it is there, lets the partners in, and writes
// what programs need.
func (c *demoCommand) prepare(w *surroundings, srv *server, keys *access.Keyring, known *memory) (demoStory, error) {
	_, missing := srv.store.Organization(w.ctx, 999)
	if known != nil && !known.Begun && missing != nil {
		return demoStory{}, fmt.Errorf("%s holds a house of which %s has nothing any more: remove %s for a fresh one",
			c.Data, shown(c.url()), filepath.Join(c.Data, memoryFile))
	}
	if known == nil || known.Begun {
		made, err := c.make(w, srv, keys, known)
		if err != nil {
			return demoStory{}, err
		}
		known = &made
	} else {
		fmt.Fprintf(w.stdout, "using the house of %s in %s\n", known.Made.Format(time.DateOnly), c.Data)
	}
	story := demoStory{URL: srv.url, data: c.Data, db: c.url(), house: known.House, made: known.Made, currency: map[access.OrganizationID]string{}}
	for _, o := range known.House.Organizations {
		stands, err := srv.store.Organization(w.ctx, o.ID)
		if err != nil {
			return story, err
		}
		story.currency[o.ID] = stands.Currency
	}
	for _, p := range known.House.Partners {
		code, err := srv.desk.NewCode(w.ctx, p.Application)
		if err != nil {
			return story, err
		}
		story.Partners = append(story.Partners, demoPartner{
			Name: p.Name, Application: p.Application, APIKey: known.Keys[p.Application], Channel: p.Channel, Code: code, Organizations: p.Organizations,
		})
	}
	if c.JSON != "" {
		return story, story.write(c.JSON)
	}
	return story, nil
}

// make loads a new house and enrols its partners. In somebody's database nothing
// is removed when that was interrupted: the next start goes on with the same
// house, for loading adds only what is not there yet.
func (c *demoCommand) make(w *surroundings, srv *server, keys *access.Keyring, begun *memory) (memory, error) {
	m := memory{
		Size: cmp.Or(house.Size(c.Size), house.Default), Seed: c.Seed, DB: c.DB, Begun: true, Made: time.Now().UTC(),
		Keys: map[access.ApplicationID]string{},
	}
	if begun != nil {
		m = *begun
		fmt.Fprintln(w.stdout, "making the house was interrupted before; going on with it")
	} else if _, err := srv.store.Organization(w.ctx, 999); err == nil {
		return m, fmt.Errorf("%s has a house already, of which %s knows nothing: take another --db, or the --data it was made with", shown(c.DB), c.Data)
	}
	memory := filepath.Join(c.Data, memoryFile)
	if c.DB != "" {
		if err := m.keep(memory); err != nil {
			return m, err
		}
	}
	start := time.Now()
	progress := progressLine(w.stdout)
	var err error
	m.House, err = house.Make(w.ctx, srv.store.NewLoader(), boxoffice.NewPersonKeys(keys), m.Size, m.Seed, m.Made, progress)
	if err != nil {
		return m, fmt.Errorf("make the house: %w", err)
	}
	fmt.Fprintf(w.stdout, "\rmade a house of %d tickets in %.1f s in %s\n", m.House.Tickets, time.Since(start).Seconds(), c.Data)
	for _, p := range m.House.Partners {
		partner := access.Partner{Application: p.Application, Name: p.Name, Channels: []access.Channel{p.Channel}, Organizations: p.Organizations}
		if err := srv.desk.AddPartner(w.ctx, partner); err != nil {
			return m, err
		}
		if m.Keys[p.Application], err = srv.desk.NewAPIKey(w.ctx, p.Application); err != nil {
			return m, err
		}
	}
	m.Begun = false
	return m, m.keep(memory)
}

// keep writes the memory whole or not at all. It holds API keys: mode 0600.
func (m memory) keep(path string) error { return writeWhole(path, m) }

func writeWhole(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// progressLine tells how far a load is, on one line, a few times a second.
func progressLine(out io.Writer) func(house.Progress) {
	const often = 200 * time.Millisecond
	var last time.Time
	return func(p house.Progress) {
		if time.Since(last) >= often {
			last = time.Now()
			fmt.Fprintf(out, "\rloading %s: %d of %d   ", p.What, p.Done, p.Total)
		}
	}
}
