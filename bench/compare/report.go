package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// results are what a run leaves, in bench/results.
type results struct {
	When    time.Time `json:"when"`
	Machine string    `json:"machine"`
	Options options   `json:"options"`
	Laps    []lap     `json:"laps"`
	Ratios  []ratio   `json:"ratios,omitempty"`
}

// A ratio is of two laps of the same round: what the machine did then met both.
type ratio struct {
	What   string  `json:"what"`
	Wanted float64 `json:"wanted"`
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

func newResults(o options) *results {
	return &results{When: time.Now().UTC(), Machine: machine(), Options: o}
}

func machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	model := "unknown processor"
	for line := range strings.SplitSeq(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "model name"); ok {
			model = strings.TrimLeft(rest, "\t :")
			break
		}
	}
	pg, _ := exec.Command("pgbench", "--version").Output()
	return fmt.Sprintf("%d × %s, %s, %s", runtime.NumCPU(), model, runtime.Version(), strings.TrimSpace(string(pg)))
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// of returns a value of the laps of a contestant at a number of clients, by round.
func (r *results) of(name string, clients int, value func(lap) float64) (all []float64) {
	for _, l := range r.Laps {
		if l.Contestant == name && l.Clients == clients {
			all = append(all, value(l))
		}
	}
	return all
}

func rate(l lap) float64 { return l.Rate }

// compare is the ratio of two contestants, round by round. With best, the other
// one has the number of clients that suits it best in the median.
func (r *results) compare(what string, wanted float64, one string, clients int, other string, best bool) {
	at := clients
	if best {
		for _, c := range r.Options.Clients {
			if median(r.of(other, c, rate)) > median(r.of(other, at, rate)) {
				at = c
			}
		}
	}
	a, b := r.of(one, clients, rate), r.of(other, at, rate)
	if len(a) == 0 || len(a) != len(b) {
		return
	}
	var all []float64
	for i := range a {
		all = append(all, a[i]/b[i])
	}
	r.Ratios = append(r.Ratios, ratio{what, wanted, median(all), slices.Min(all), slices.Max(all)})
}

// tell writes the results, and the tables and the picture of the page.
func (r *results) tell(o options, field []contestant) error {
	near := func(n int) int { // the number of clients measured, of which n is meant
		at := o.Clients[0]
		for _, c := range o.Clients {
			if max(c-n, n-c) < max(at-n, n-at) {
				at = c
			}
		}
		return at
	}
	c32, c64 := near(32), near(64)
	r.compare(fmt.Sprintf("PostgreSQL against pgbench, one statement, %d clients", c64), 2, "postgres", c64, "pgbench-single", false)
	r.compare("the same against pgbench at its own best number of clients", 1.4, "postgres", c64, "pgbench-single", true)
	r.compare(fmt.Sprintf("PostgreSQL against pgbench, statements per ticket, %d clients", c64), 0, "postgres", c64, "pgbench-each", false)
	r.compare(fmt.Sprintf("SQLite against PocketBase as it comes, %d clients", c32), 10, "sqlite", c32, "pocketbase", false)
	r.compare(fmt.Sprintf("SQLite against PocketBase at synchronous=FULL, %d clients", c32), 0, "sqlite", c32, "pocketbase-full", false)
	r.compare(fmt.Sprintf("SQLite against Prism, %d clients", c32), 5, "sqlite", c32, "prism", false)

	var b strings.Builder
	fmt.Fprintf(&b, "%s; %s; %d tickets in %d events; %d rounds of %g s.\n\n", r.When.Format("2006-01-02 15:04 UTC"), r.Machine, o.Tickets, min(o.Events, o.Tickets/100), o.Rounds, o.Each)
	table := func(unit string, value func(lap) float64, form string, but ...string) {
		b.WriteString("| " + unit + " |")
		for _, c := range o.Clients {
			fmt.Fprintf(&b, " %d clients |", c)
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(o.Clients)) + "\n")
		for _, f := range field {
			if slices.Contains(but, f.name) {
				continue
			}
			fmt.Fprintf(&b, "| %s |", f.title)
			for _, c := range o.Clients {
				all := r.of(f.name, c, value)
				fmt.Fprintf(&b, " "+form+" ("+form+" to "+form+") |", median(all), slices.Min(all), slices.Max(all))
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	table("locks a second", rate, "%.0f")
	table("p99 in ms", func(l lap) float64 { return l.P99 }, "%.1f", "pgbench-single", "pgbench-each")
	b.WriteString("| ratio, round by round | wanted | median | lowest to highest |\n|---|---|---|---|\n")
	for _, x := range r.Ratios {
		wanted := "-"
		if x.Wanted > 0 {
			wanted = fmt.Sprintf("%g", x.Wanted)
		}
		fmt.Fprintf(&b, "| %s | %s | %.2f | %.2f to %.2f |\n", x.What, wanted, x.Median, x.Low, x.High)
	}
	var foreign, yard []float64
	for _, l := range r.Laps {
		foreign, yard = append(foreign, l.Foreign), append(yard, l.Yardstick)
	}
	fmt.Fprintf(&b, "\nNoise: other programs had %.2f cores in the median of the laps, %.2f at most; the yardstick took %.0f ms in the median, %.0f to %.0f.\n",
		median(foreign), slices.Max(foreign), median(yard), slices.Min(yard), slices.Max(yard))

	var series []line2d
	for _, f := range field {
		s := line2d{name: f.title}
		for _, c := range o.Clients {
			s.y = append(s.y, median(r.of(f.name, c, rate)))
		}
		series = append(series, s)
	}
	full := o.Rounds >= 5 && o.Tickets >= 1_000_000
	return errors.Join(r.keep(o, "rivals", full, b.String(), plot("Locks of 4 tickets a second, by clients", labels(o.Clients), series)), r.voids())
}

// keep writes the file of the results, prints the tables, and puts them into the
// page when the run was a full one.
func (r *results) keep(o options, name string, full bool, tables, picture string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	kind := name
	if !full {
		kind += "-small"
	}
	folder := filepath.Join(o.root, "bench", "results")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, kind+".json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Println(tables)
	if o.docs == "never" || o.docs == "full" && !full {
		progress("the page keeps its figures: this was a small run (-docs always)")
		return nil
	}
	if picture != "" {
		if err := os.WriteFile(filepath.Join(o.root, "docs", "pictures", "bench-"+name+".svg"), []byte(picture), 0o644); err != nil {
			return err
		}
	}
	page := filepath.Join(o.root, "docs", "performance.md")
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	open, end := "<!-- bench:"+name+" -->\n", "<!-- /bench:"+name+" -->"
	before, rest, found := strings.Cut(string(old), open)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s has no marks %s", page, name)
	}
	return os.WriteFile(page, []byte(before+open+tables+end+after), 0o644)
}

func (r *results) voids() error {
	for _, l := range r.Laps {
		if l.Void != "" {
			return fmt.Errorf("void: %s, %d clients, round %d: %s", l.Contestant, l.Clients, l.Round, l.Void)
		}
	}
	return nil
}

func labels(list []int) (all []string) {
	for _, n := range list {
		all = append(all, fmt.Sprint(n))
	}
	return all
}
