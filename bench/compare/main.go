// Command compare measures, with -what rivals, locks of four tickets: over HTTP on seatlink with
// SQLite and with PostgreSQL, and by what somebody might pick instead. All stand
// on one machine at once and are driven in turn, so that what the machine does
// besides meets all of them; the page docs/performance.md says how to read it.
//
//	make bench bench-rows bench-limits bench-growth
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The options of a run, as the results tell them.
type options struct {
	What     string        `json:"what"`
	Rounds   int           `json:"rounds"`
	Seconds  time.Duration `json:"-"`
	Each     float64       `json:"seconds"`
	Tickets  int           `json:"tickets"`
	Events   int           `json:"events"`
	Clients  []int         `json:"clients"`
	seatlink string
	refer    string
	pocket   string
	prism    string
	root     string // of the repository
	work     string
	docs     string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stopped above
	}
}

func run(ctx context.Context) (err error) {
	var o options
	clients, most := "", 0
	flag.StringVar(&o.What, "what", "rivals", "rivals, rows, limits or growth")
	flag.IntVar(&o.Rounds, "rounds", 5, "how often each is measured")
	flag.Float64Var(&o.Each, "seconds", 3, "how long each time, whole seconds")
	flag.IntVar(&o.Tickets, "tickets", 1_000_000, "in the house")
	flag.IntVar(&o.Events, "events", 100, "that they are spread over")
	flag.StringVar(&clients, "clients", "1 8 32 64 256", "connections")
	flag.StringVar(&o.seatlink, "seatlink", "bin/seatlink", "our program")
	flag.StringVar(&o.refer, "reference", ".cache/bench/reference", "our program, built with the tag reference")
	flag.StringVar(&o.pocket, "pocketbase", ".cache/bench/pocketbase", "bench/pocketbase, built")
	flag.StringVar(&o.prism, "prism", "", "Prism's program")
	flag.StringVar(&o.root, "root", ".", "the repository")
	flag.StringVar(&o.work, "work", "", "folder for databases; default: one that is removed afterwards")
	flag.StringVar(&o.docs, "docs", "full", "write the tables of docs/performance.md: full (when the run was), always, never")
	flag.IntVar(&most, "most", 1_000_000, "tickets that growth goes up to")
	flag.Parse()
	o.Seconds = time.Duration(o.Each * float64(time.Second))
	for _, f := range strings.FieldsFunc(clients, func(r rune) bool { return r == ' ' || r == ',' }) {
		n, err := strconv.Atoi(f)
		if err != nil || n < 1 {
			return fmt.Errorf("clients: %q is no number of them", f)
		}
		o.Clients = append(o.Clients, n)
	}
	if o.Rounds < 1 || o.Seconds < time.Second || o.Tickets < 1000 || len(o.Clients) == 0 {
		return errors.New("at least 1 round of 1 second, 1,000 tickets, 1 client")
	}
	for _, p := range []*string{&o.seatlink, &o.refer, &o.pocket, &o.prism, &o.root} {
		if *p != "" {
			if *p, err = filepath.Abs(*p); err != nil {
				return err
			}
		}
	}
	if o.work == "" {
		if o.work, err = os.MkdirTemp("", "seatlink-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.work)) }()
	}
	if err := os.Chmod(o.work, 0o755); err != nil { // PostgreSQL runs as somebody else
		return err
	}
	switch o.What {
	case "rivals":
		return rivals(ctx, o)
	case "rows":
		return rows(ctx, o)
	case "limits":
		return limits(ctx, o)
	case "growth":
		return growth(ctx, o, most)
	}
	return fmt.Errorf("no measurement is called %q", o.What)
}

// progress tells how far a run is.
func progress(format string, args ...any) {
	fmt.Printf(time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// shuffled is the numbers below n in an order that is the same in every run.
func shuffled(n int) []int { return rand.New(rand.NewPCG(1, 2)).Perm(n) }
