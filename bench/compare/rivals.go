package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A contestant locks four tickets again and again, in its own way.
type contestant struct {
	name  string
	title string
	drive func(ctx context.Context, clients int, d time.Duration) (lap, error)
	after func(ctx context.Context) error // not measured
	audit func(ctx context.Context) error // of the whole run
}

// rivals measures ours beside the others.
func rivals(ctx context.Context, o options) error {
	h := house{tickets: o.Tickets, events: min(o.Events, o.Tickets/100), listings: 100}
	field, end, err := stage(ctx, o, h)
	defer end()
	if err != nil {
		return err
	}
	r := newResults(o)
	progress("a first turn that does not count")
	for _, c := range field {
		if _, err := c.turn(ctx, 8, time.Second); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	total, n := o.Rounds*len(o.Clients)*len(field), 0
	for round := range o.Rounds {
		for _, clients := range o.Clients {
			for i := range field {
				c := field[(i+round)%len(field)] // nobody always follows the same one
				l, err := c.turn(ctx, clients, o.Seconds)
				if err != nil {
					return fmt.Errorf("%s, %d clients: %w", c.name, clients, err)
				}
				l.Contestant, l.Clients, l.Round = c.name, clients, round+1
				r.Laps = append(r.Laps, l)
				n++
				progress("%3d of %d: round %d, %3d clients, %-15s %7.0f/s  p99 %6.1f ms  others %.2f cores, yardstick %.0f ms %s",
					n, total, round+1, clients, c.name, l.Rate, l.P99, l.Foreign, l.Yardstick, l.Void)
			}
		}
	}
	for _, c := range field {
		if c.audit == nil {
			continue
		}
		if err := c.audit(ctx); err != nil {
			return fmt.Errorf("void, for the audit of %s is not clean: %w", c.name, err)
		}
	}
	return r.tell(o, field)
}

// turn measures one lap and the noise around it, then clears up.
func (c contestant) turn(ctx context.Context, clients int, d time.Duration) (l lap, err error) {
	n := beside(func() { l, err = c.drive(ctx, clients, d) })
	l.noise = n
	if err == nil && c.after != nil {
		err = c.after(ctx)
	}
	return l, err
}

// stage puts up everybody over equal data.
func stage(ctx context.Context, o options, h house) (field []contestant, end func(), err error) {
	var ends []func()
	end = func() {
		for i := len(ends) - 1; i >= 0; i-- {
			ends[i]()
		}
	}
	progress("writing a house of %d tickets in %d events", h.size(), h.events)
	files := filepath.Join(o.work, "house")
	if err := h.write(files); err != nil {
		return nil, end, err
	}
	order := shuffled(h.blocks())

	progress("loading it: seatlink on SQLite")
	lite := &seatlink{program: o.seatlink, house: h, order: order, url: "sqlite:" + filepath.Join(o.work, "seatlink.db"), key: filepath.Join(o.work, "lite.key")}
	if err := lite.fill(ctx, files); err != nil {
		return nil, end, err
	}
	if lite.db, err = sqliteBooks(filepath.Join(o.work, "seatlink.db")); err != nil {
		return nil, end, err
	}

	progress("loading it: seatlink on PostgreSQL")
	server, err := startPostgres(ctx, filepath.Join(o.work, "pg"))
	if err != nil {
		return nil, end, err
	}
	ends = append(ends, server.server.stop)
	if err := server.exec(ctx, "template1", "CREATE DATABASE seatlink"); err != nil {
		return nil, end, err
	}
	pg := &seatlink{program: o.seatlink, house: h, order: order, url: server.url("seatlink"), key: filepath.Join(o.work, "pg.key")}
	if err := pg.fill(ctx, files); err != nil {
		return nil, end, err
	}
	progress("copying it for pgbench")
	bench, err := newPgbench(ctx, server, "seatlink", filepath.Join(o.root, "bench", "pgbench"))
	if err != nil {
		return nil, end, err
	}
	if pg.db, err = server.open("seatlink"); err != nil {
		return nil, end, err
	}
	for _, s := range []*seatlink{lite, pg} {
		if _, err := s.serve(ctx); err != nil {
			return nil, end, err
		}
		ends = append(ends, s.server.stop)
		if err := s.enter(); err != nil {
			return nil, end, err
		}
	}
	ours := func(s *seatlink) func(context.Context, int, time.Duration) (lap, error) {
		return func(ctx context.Context, clients int, d time.Duration) (lap, error) {
			return s.locks(ctx, clients, d, 0)
		}
	}
	// A copy of a script that the server's account may read.
	script := func(name string) (string, error) {
		text, err := os.ReadFile(filepath.Join(o.root, "bench", "pgbench", name))
		if err != nil {
			return "", err
		}
		to := filepath.Join(o.work, name)
		return to, os.WriteFile(to, text, 0o644)
	}
	single, err := script("single.sql")
	if err != nil {
		return nil, end, err
	}
	each, err := script("each.sql")
	if err != nil {
		return nil, end, err
	}
	field = []contestant{
		{"sqlite", "seatlink, SQLite", ours(lite), lite.unlock, lite.audit},
		{"postgres", "seatlink, PostgreSQL", ours(pg), pg.unlock, pg.audit},
		{"pgbench-single", "pgbench, one statement, no HTTP", func(ctx context.Context, clients int, d time.Duration) (lap, error) {
			return bench.run(ctx, single, clients, d)
		}, nil, nil},
		{"pgbench-each", "pgbench, statements per ticket, no HTTP", func(ctx context.Context, clients int, d time.Duration) (lap, error) {
			return bench.run(ctx, each, clients, d)
		}, nil, nil},
	}

	progress("filling PocketBase, twice")
	for _, synchronous := range []string{"NORMAL", "FULL"} {
		dir := filepath.Join(o.work, "pocketbase-"+synchronous)
		if _, err := call(ctx, o.pocket, "fill", "--dir", dir, "--tickets", fmt.Sprint(h.size())); err != nil {
			return nil, end, err
		}
		p, err := startPocketbase(ctx, o.pocket, dir, synchronous)
		if err != nil {
			return nil, end, err
		}
		p.order = order
		ends = append(ends, p.server.stop)
		name, title := "pocketbase", "PocketBase as it comes (synchronous=NORMAL)"
		if synchronous == "FULL" {
			name, title = "pocketbase-full", "PocketBase, synchronous=FULL"
		}
		field = append(field, contestant{name, title, p.locks, nil, nil})
	}
	if o.prism != "" {
		progress("starting Prism")
		p, host, err := startPrism(ctx, o.prism, filepath.Join(o.root, "api", "link.yaml"))
		if err != nil {
			return nil, end, err
		}
		ends = append(ends, p.stop)
		field = append(field, contestant{"prism", "Prism, a mock that keeps nothing", func(ctx context.Context, clients int, d time.Duration) (lap, error) {
			return prismLocks(ctx, host, clients, d, order)
		}, nil, nil})
	}
	return field, end, nil
}
