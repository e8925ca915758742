package main

import (
	"fmt"
	"log/slog"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// These groups are the one table of settings: a field is a setting, and its tags
// are its flag, its default and its help. Commands embed the groups they need.

// listening is where others reach the server.
type listening struct {
	Addr      string `help:"Where to listen; port 0 takes a free one." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	PublicURL string `help:"Where others reach this server, for the addresses of ticket pages. Default: http:// and the address." placeholder:"URL"`
}

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

// settings are what a server needs to know: the groups, and what a command made
// of the rest.
type settings struct {
	listening
	db      string
	keys    *access.Keyring
	sandbox bool
	store   sqlstore.Options
	log     *slog.Logger
}
