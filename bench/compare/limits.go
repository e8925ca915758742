package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// reference is our program, but for one thing (the tag reference): its handlers answer
// what they answered first ("constant"), or its books are in memory ("memory").
func reference(o options, kind string) (string, error) {
	script := "#!/bin/sh\nSEATLINK_REFERENCE=" + kind + " exec " + o.refer + ` "$@"` + "\n"
	file := filepath.Join(o.work, "with-"+kind)
	return file, os.WriteFile(file, []byte(script), 0o755)
}

// limits measures calls beside what HTTP, deciding who asks, and the rules of tickets
// cost without a database: each beside the same program with less behind it.
func limits(ctx context.Context, o options) (err error) {
	h := house{tickets: o.Tickets, events: min(o.Events, o.Tickets/100), listings: 100}
	const clients = 32
	constant, err := reference(o, "constant")
	if err != nil {
		return err
	}
	memory, err := reference(o, "memory")
	if err != nil {
		return err
	}
	progress("houses of %d tickets", h.size())
	server, err := startPostgres(ctx, filepath.Join(o.work, "pg"))
	if err != nil {
		return err
	}
	defer server.server.stop()
	up := map[string]*seatlink{}
	defer func() {
		for _, s := range up {
			if s != nil && s.server != nil {
				s.server.stop()
			}
		}
	}()
	few := house{tickets: h.events * 100, events: h.events, listings: 1} // a constant is of the first tickets
	for _, who := range []struct {
		name, program string
		house         house
		postgres      bool
	}{
		{"SQLite", o.seatlink, h, false}, {"memory", memory, h, false}, {"constant", constant, few, false},
		{"PostgreSQL", o.seatlink, h, true}, {"constant on PostgreSQL", constant, few, true},
	} {
		own := o
		own.seatlink = who.program
		folder := strings.ReplaceAll(who.name, " ", "-")
		if !who.postgres {
			if up[who.name], _, err = lite(ctx, own, who.house, folder); err != nil {
				return err
			}
			continue
		}
		database := strings.ToLower(strings.ReplaceAll(folder, "-", "_"))
		if up[who.name], err = server.host(ctx, own, who.house, folder, database); err != nil {
			return err
		}
	}
	same := []int{0}
	up["constant"].order, up["constant on PostgreSQL"].order = same, same
	// In memory are only the tickets that a lap can take.
	inMemory := up["memory"]
	inMemory.order = inMemory.order[:min(60_000, len(inMemory.order))]
	if err := inMemory.lockAll(inMemory.order); err != nil {
		return err
	}
	inMemory.at.Store(int64(len(inMemory.order)))
	if err := inMemory.unlock(ctx); err != nil {
		return err
	}

	r := newResults(o)
	for round := 1; round <= o.Rounds; round++ {
		for _, call := range []string{"lock", "verify", "catalog"} {
			for _, on := range []string{"SQLite", "memory", "constant", "PostgreSQL", "constant on PostgreSQL"} {
				s, name := up[on], call+", "+on
				if on == "memory" && call != "lock" {
					continue // it reads the database too
				}
				var (
					l   lap
					err error
				)
				n := beside(func() {
					switch {
					case call == "verify":
						l, err = s.verifies(ctx, clients, o.Seconds)
					case call == "catalog":
						l, err = s.catalogs(ctx, clients, o.Seconds)
					case strings.HasPrefix(on, "constant"):
						l, err = s.repeats(ctx, clients, o.Seconds)
					default:
						l, err = s.locks(ctx, clients, o.Seconds, 0)
					}
				})
				if err == nil && call == "lock" && !strings.HasPrefix(on, "constant") {
					err = s.unlock(ctx)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if on == "memory" {
					// Its database must not have changed; that each block was free and then its own,
					// and free again, its answers say.
					l.Void = ""
					s.rows = 0
					if err := s.counted(ctx, &l); err != nil {
						return err
					}
				}
				l.noise, l.Contestant, l.Clients, l.Round = n, name, clients, round
				r.Laps = append(r.Laps, l)
				progress("round %d, %-32s %7.0f/s  p99 %6.1f ms  others %.2f cores, yardstick %.0f ms %s", round, name, l.Rate, l.P99, l.Foreign, l.Yardstick, l.Void)
			}
		}
	}
	r.compare("lock of 4 on SQLite against the same handler over memory alone", 0.35, "lock, SQLite", clients, "lock, memory", false)
	r.compare("verify of 2 on SQLite against a constant answer", 0.35, "verify, SQLite", clients, "verify, constant", false)
	r.compare("the same on PostgreSQL", 0.2, "verify, PostgreSQL", clients, "verify, constant on PostgreSQL", false)
	r.compare("catalog on SQLite against a constant answer", 0.6, "catalog, SQLite", clients, "catalog, constant", false)
	r.compare("the same on PostgreSQL", 0.6, "catalog, PostgreSQL", clients, "catalog, constant on PostgreSQL", false)

	var b strings.Builder
	fmt.Fprintf(&b, "%s; %s; %d tickets in %d events; %d clients; %d rounds of %g s.\n\n| ratio, round by round | at least | median | lowest to highest |\n|---|---|---|---|\n",
		r.When.Format("2006-01-02 15:04 UTC"), r.Machine, h.size(), h.events, clients, o.Rounds, o.Each)
	for _, x := range r.Ratios {
		fmt.Fprintf(&b, "| %s | %g | %.2f | %.2f to %.2f |\n", x.What, x.Wanted, x.Median, x.Low, x.High)
	}
	b.WriteString("\n| a second | lock | verify | catalog |\n|---|---|---|---|\n")
	for _, on := range []string{"SQLite", "PostgreSQL", "memory", "constant", "constant on PostgreSQL"} {
		fmt.Fprintf(&b, "| %s |", on)
		for _, call := range []string{"lock", "verify", "catalog"} {
			if all := r.of(call+", "+on, clients, rate); len(all) > 0 {
				fmt.Fprintf(&b, " %.0f (%.0f to %.0f) |", median(all), slices.Min(all), slices.Max(all))
				continue
			}
			b.WriteString(" - |")
		}
		b.WriteString("\n")
	}
	for _, s := range []*seatlink{up["SQLite"], up["PostgreSQL"]} {
		if err := s.audit(ctx); err != nil {
			return fmt.Errorf("void, for the audit is not clean: %w", err)
		}
	}
	return errors.Join(r.keep(o, "limits", o.Rounds >= 5 && o.Tickets >= 1_000_000, b.String(), ""), r.voids())
}

// host puts up a house on a database of its own.
func (p *postgres) host(ctx context.Context, o options, h house, folder, database string) (*seatlink, error) {
	if err := p.exec(ctx, "template1", "CREATE DATABASE "+database); err != nil {
		return nil, err
	}
	files := filepath.Join(o.work, folder)
	if err := h.write(files); err != nil {
		return nil, err
	}
	s := &seatlink{program: o.seatlink, house: h, order: shuffled(h.blocks()), url: p.url(database), key: filepath.Join(o.work, folder+".key")}
	if err := s.fill(ctx, files); err != nil {
		return nil, err
	}
	var err error
	if s.db, err = p.open(database); err != nil {
		return nil, err
	}
	if _, err = s.serve(ctx); err != nil {
		return nil, err
	}
	return s, s.enter()
}

// repeats asks for one block again and again, of who answers the same each time.
func (s *seatlink) repeats(ctx context.Context, clients int, d time.Duration) (lap, error) {
	form := s.request("PUT", "/v1/tickets/lock", lockBody())
	tokens := block(s.order[0])
	return drive(ctx, s.host, clients, d, 0, func(int) asker {
		mine := form.own()
		return func() (ask, bool) { return ask{mine.write(tokens...), names(tokens)}, true }
	})
}
