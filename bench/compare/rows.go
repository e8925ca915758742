package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// lite puts up a house on SQLite; wrapped is what seatlink is started by.
func lite(ctx context.Context, o options, h house, name string, args ...string) (*seatlink, time.Duration, error) {
	dir := filepath.Join(o.work, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, 0, err
	}
	if err := h.write(filepath.Join(dir, "house")); err != nil {
		return nil, 0, err
	}
	file := filepath.Join(dir, "seatlink.db")
	s := &seatlink{program: o.seatlink, house: h, order: shuffled(h.blocks()), url: "sqlite:" + file, key: filepath.Join(dir, "key")}
	if err := s.fill(ctx, filepath.Join(dir, "house")); err != nil {
		return nil, 0, err
	}
	var err error
	if s.db, err = sqliteBooks(file); err != nil {
		return nil, 0, err
	}
	ready, err := s.serve(ctx, args...)
	if err != nil {
		return nil, 0, err
	}
	return s, ready, s.enter()
}

// again restarts the server on its database.
func (s *seatlink) again(ctx context.Context, args ...string) (time.Duration, error) {
	s.server.stop()
	old := s.host
	ready, err := s.serve(ctx, args...)
	s.head = strings.ReplaceAll(s.head, old, s.host)
	return ready, err
}

// slowly is a program that starts another one with 1 ms added to every fsync and
// fdatasync. The server is linked statically, so there is no function of a library
// to be put before; strace stops it in these two calls alone.
func slowly(work, program string) (string, error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return "", fmt.Errorf("%w: apt-get install strace", err)
	}
	script := "#!/bin/sh\nexec " + strace + " -D -f -qq --seccomp-bpf -o /dev/null -e trace=fsync,fdatasync -e inject=fsync,fdatasync:delay_exit=1000 " + program + ` "$@"` + "\n"
	file := filepath.Join(work, "slowly")
	return file, os.WriteFile(file, []byte(script), 0o755)
}

// rows measures what we promise of ours alone, on SQLite.
func rows(ctx context.Context, o options) error {
	h := house{tickets: o.Tickets, events: min(o.Events, o.Tickets/100), listings: 100}
	progress("a house of %d tickets", h.size())
	s, _, err := lite(ctx, o, h, "rows")
	if err != nil {
		return err
	}
	defer func() { s.server.stop() }()
	r := newResults(o)
	add := func(name string, round, clients int, f func() (lap, error)) error {
		var l lap
		var err error
		n := beside(func() { l, err = f() })
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		l.noise, l.Contestant, l.Clients, l.Round = n, name, clients, round
		r.Laps = append(r.Laps, l)
		progress("round %d, %3d clients, %-18s %7.0f/s  p99 %6.1f ms  others %.2f cores, yardstick %.0f ms %s", round, clients, name, l.Rate, l.P99, l.Foreign, l.Yardstick, l.Void)
		return nil
	}
	const many, some = 64, 32
	locks := func(name string, round, clients int, pace float64) error {
		if err := add(name, round, clients, func() (lap, error) { return s.locks(ctx, clients, o.Seconds, pace) }); err != nil {
			return err
		}
		return s.unlock(ctx)
	}
	slow, err := slowly(o.work, o.seatlink)
	if err != nil {
		return err
	}
	fast := o.seatlink
	var ready []float64
	for round := 1; round <= o.Rounds; round++ {
		for _, disk := range []string{"", "+1ms"} {
			for _, batch := range []string{"256", "1"} {
				if s.program = fast; disk != "" {
					s.program = slow
				}
				took, err := s.again(ctx, "--batch-acts", batch)
				if err != nil {
					return err
				}
				if disk == "" {
					ready = append(ready, milliseconds(took))
				}
				if err := locks("batch "+batch+disk, round, many, 0); err != nil {
					return err
				}
			}
		}
		s.program = fast
		if _, err := s.again(ctx); err != nil {
			return err
		}
		all := s.order
		inOne := h.perEvent() / blockSize
		hot := make([]int, inOne)
		for i := range hot {
			hot[i] = i + inOne*(h.events/2)
		}
		for _, part := range []struct {
			name   string
			blocks []int
		}{{"hot", hot}, {"spread", all[:inOne]}} {
			s.order = part.blocks
			if err := locks(part.name, round, many, 0); err != nil {
				return err
			}
		}
		s.order = all
		if err := locks("lock", round, some, 0); err != nil {
			return err
		}
		half := median(r.of("lock", some, rate)) / 2
		if err := locks("lock at half", round, some*4, half); err != nil {
			return err
		}
		for name, f := range map[string]func() (lap, error){
			"verify":  func() (lap, error) { return s.verifies(ctx, some, o.Seconds) },
			"catalog": func() (lap, error) { return s.catalogs(ctx, some, o.Seconds) },
			"listing": func() (lap, error) { return s.looks(ctx, some, o.Seconds) },
		} {
			if err := add(name, round, some, f); err != nil {
				return err
			}
		}
	}
	memory, made := 0.0, 0
	if o.Tickets >= 1_000_000 { // the locks of all rounds on one process
		if _, err := s.again(ctx); err != nil {
			return err
		}
		for made < 1_000_000 {
			l, err := s.locks(ctx, many, patience, 0)
			if err != nil {
				return err
			}
			made += l.Done
			if err := s.unlock(ctx); err != nil {
				return err
			}
			progress("%d locks on one process, %.0f MiB resident", made, s.server.resident())
		}
		memory = s.server.resident()
	}
	for round := 1; round <= o.Rounds; round++ { // last, for what is sold stays so
		blocks := int(2 * o.Each * median(r.of("lock", some, rate)))
		if err := add("complete", round, some, func() (lap, error) { return s.sales(ctx, some, o.Seconds, blocks/o.Rounds+100) }); err != nil {
			return err
		}
	}
	r.compare("many callers a transaction against one, 64 clients", 2.5, "batch 256", many, "batch 1", false)
	r.compare("the same with 1 ms added to every fsync", 15, "batch 256+1ms", many, "batch 1+1ms", false)
	r.compare("one event against as many blocks of all events (1/1.2)", 0.83, "hot", many, "spread", false)
	r.compare("complete-order of 4 against lock of 4", 0.4, "complete", some, "lock", false)
	p99 := r.of("lock at half", some*4, func(l lap) float64 { return l.P99 })

	var b strings.Builder
	fmt.Fprintf(&b, "%s; %s; SQLite; %d tickets in %d events; %d rounds of %g s.\n\n| ratio, round by round | at least | median | lowest to highest |\n|---|---|---|---|\n",
		r.When.Format("2006-01-02 15:04 UTC"), r.Machine, h.size(), h.events, o.Rounds, o.Each)
	for _, x := range r.Ratios {
		fmt.Fprintf(&b, "| %s | %g | %.2f | %.2f to %.2f |\n", x.What, x.Wanted, x.Median, x.Low, x.High)
	}
	fmt.Fprintf(&b, "\n| figure | at most | median | lowest to highest |\n|---|---|---|---|\n")
	fmt.Fprintf(&b, "| p99 of a lock at half of the saturated rate, open loop | 20 ms | %.1f ms | %.1f to %.1f |\n", median(p99), slices.Min(p99), slices.Max(p99))
	fmt.Fprintf(&b, "| start to ready | 1,000 ms | %.0f ms | %.0f to %.0f |\n", median(ready), slices.Min(ready), slices.Max(ready))
	if made > 0 {
		fmt.Fprintf(&b, "| resident memory after %d locks on one process | 200 MiB | %.0f MiB | |\n", made, memory)
	}
	b.WriteString("\n| 32 clients | a second | lowest to highest |\n|---|---|---|\n")
	for _, name := range []string{"lock", "complete", "verify", "listing", "catalog"} {
		all := r.of(name, some, rate)
		fmt.Fprintf(&b, "| %s | %.0f | %.0f to %.0f |\n", name, median(all), slices.Min(all), slices.Max(all))
	}
	b.WriteString("\n| the writer had a batch in hand | share of the time | lowest to highest |\n|---|---|---|\n")
	for _, what := range []struct {
		name    string
		clients int
	}{{"lock", some}, {"batch 256", many}, {"batch 256+1ms", many}, {"complete", some}} {
		all := r.of(what.name, what.clients, func(l lap) float64 { return l.Busy })
		fmt.Fprintf(&b, "| %s, %d clients | %.2f | %.2f to %.2f |\n", what.name, what.clients, median(all), slices.Min(all), slices.Max(all))
	}
	if err := s.audit(ctx); err != nil {
		return fmt.Errorf("void, for the audit is not clean: %w", err)
	}
	if err := r.keep(o, "rows", o.Rounds >= 5 && o.Tickets >= 1_000_000, b.String(), ""); err != nil {
		return err
	}
	return r.voids()
}
