// Command seatlink is an open system of record for tickets with the Link API in
// front. `seatlink demo` runs all of it on a house made up for trying things.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // venues have zones, wherever this runs

	"github.com/alecthomas/kong"
)

// heapGrowth is how much may be allocated, in percent of what is in use, before it
// is collected: requests leave little that stays, so the default would collect
// dozens of times a second. GOGC says otherwise.
const heapGrowth = 300

// heapLeast counts as in use besides, so that a server with little to keep does not
// collect every second. Nothing is ever written there, so it takes no memory itself; what
// it lets grow besides is heapGrowth of it.
const heapLeast = 8 << 20

func main() {
	var least []byte
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
		least = make([]byte, heapLeast)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	runtime.KeepAlive(least)
	stop()
	if err != nil {
		if !errors.Is(err, errTold) {
			fmt.Fprintln(os.Stderr, "seatlink:", err)
		}
		os.Exit(1)
	}
}

// errTold ends a command that has already said what is wrong.
var errTold = errors.New("told")

// commands are the verbs of the program.
type commands struct {
	Demo  demoCommand  `cmd:"" help:"Make a house to try things with, and serve it."`
	Serve serveCommand `cmd:"" help:"Serve a database that has a house."`
	Audit auditCommand `cmd:"" help:"Check every invariant of a database; exits 1 if one is broken."`
	House houseCommand `cmd:"" help:"Check, load and export a venue's own house, as files."`
	Bench benchCommand `cmd:"" help:"Drive a running server and tell its figures."`
	Copy  copyCommand  `cmd:"" help:"Move the books of a SQLite file into a PostgreSQL database."`
	Order orderCommand `cmd:"" help:"Look at orders, and decide those under review."`

	Venue venueCommand `cmd:"" help:"Hold, release, void, reissue and exchange seats; move, rename and cancel events."`

	Partner partnerCommand `cmd:"" help:"Let partners in: what they may see and do, their keys and codes."`

	Gate gateCommand `cmd:"" help:"Let tickets in at the gates, and tell scanners which barcodes are alive."`

	Show         showCommand         `cmd:"" help:"Show how a ticket, order, listing, transfer or request stands, and its story."`
	Organization organizationCommand `cmd:"" help:"Look at organizations, and change their rules."`
	Listing      listingCommand      `cmd:"" help:"Make listings of patrons' tickets for partners, and look at them."`

	Backup  backupCommand  `cmd:"" help:"Copy a SQLite database into a file, also while it is served."`
	Restore restoreCommand `cmd:"" help:"Put a backup in the place of a SQLite database."`
	Epoch   epochCommand   `cmd:"" help:"Tell the epoch of a database; begin a new one after it was restored by other means."`

	Subscription subscriptionCommand `cmd:"" help:"Send partners messages when seats or events change."`
	Listen       listenCommand       `cmd:"" help:"Print such messages as they come, on this machine."`

	Marketplace marketplaceCommand `cmd:"" help:"Run a small marketplace, which knows nothing but the Link API."`

	Settings settingsCommand `cmd:"" help:"List every setting, with its default."`

	Config string `help:"File with settings, in TOML (seatlink settings)." type:"path" placeholder:"FILE"`
}

// surroundings are what a command has of the world.
type surroundings struct {
	ctx            context.Context
	getenv         func(string) string
	stdout, stderr io.Writer
	sources        *sources      // of settings
	command        *kong.Context // as it was given
}

// run is main without the process: tests call it with their own arguments.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	ended := -1
	sources := newSources(getenv)
	parser, err := kong.New(&commands{},
		kong.Name("seatlink"),
		kong.Description("An open system of record for tickets, with the Link API in front."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.ValueFormatter(withDefault),
		kong.Resolvers(sources),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { ended = code }),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	switch {
	case ended == 0: // --help was asked for and printed
		return nil
	case sources.broken != nil: // no flag is to blame, whatever kong says
		return sources.broken
	case err != nil:
		return fmt.Errorf("%w (see seatlink --help)", err)
	}
	return sources.blame(command.Run(&surroundings{ctx, getenv, stdout, stderr, sources, command}))
}

// withDefault is the help of a flag with its default, which kong leaves out where
// the flag has a placeholder.
func withDefault(value *kong.Value) string {
	if value.Default == "" || value.Flag == nil || value.Flag.PlaceHolder == "" {
		return value.Help
	}
	return value.Help + " Default: " + value.Default + "."
}
