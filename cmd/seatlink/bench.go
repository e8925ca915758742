package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

type benchCommand struct {
	JSON     string        `help:"What seatlink demo --json wrote." default:"demo.json" type:"path" placeholder:"FILE"`
	DB       string        `help:"The server's database, to choose tickets and to check the run. Default: as the file says." placeholder:"URL" own:""`
	Work     []string      `help:"What to drive: lock, unlock, verify, catalog, listing, complete, mix." default:"lock,unlock,verify,catalog,listing,complete,mix" placeholder:"WORK"`
	Clients  int           `help:"Connections that each wait for an answer before they ask again." default:"64" placeholder:"N"`
	Duration time.Duration `help:"How long each work is driven at most; it ends earlier when the tickets are used up." default:"5s" placeholder:"TIME"`
	Output   string        `help:"table or json." enum:"table,json" default:"table"`
	Scatter  bool          `help:"Take the blocks of tickets in a random order, not one beside the other."`
	NoAudit  bool          `help:"Do not audit the database at the end; the figures are then void."`
}

// Help is the longer text of seatlink bench --help.
func (benchCommand) Help() string {
	return `Examples:
  seatlink demo --json demo.json &
  seatlink bench --json demo.json --work lock --clients 64 --duration 10s

From about 250 clients on the server has to allow as many connections of one address: demo --connections-per-address 1000.
A lock, an unlock and a complete-order are of 4 adjacent tickets, a verify is of 2. A run is void unless the journal
grew by exactly four rows for each counted write, and the audit is clean after it.`
}

// A figure is what one work did.
type figure struct {
	Work    string  `json:"work"`
	Clients int     `json:"clients"`
	Seconds float64 `json:"seconds"`
	Done    int     `json:"done"`
	Rate    float64 `json:"rate"` // done a second
	P50     float64 `json:"p50"`  // milliseconds
	P99     float64 `json:"p99"`
	Errors  int     `json:"errors"`
	Void    string  `json:"void,omitempty"` // why the figure does not count
}

// Run drives the works one after another and tells their figures.
func (c *benchCommand) Run(w *surroundings) error {
	if c.Clients < 1 || c.Clients > 4096 || c.Duration <= 0 {
		return errors.New("--clients is 1 to 4096 and --duration more than nothing")
	}
	text, err := os.ReadFile(c.JSON)
	if err != nil {
		return fmt.Errorf("%w (start seatlink demo --json %s first)", err, c.JSON)
	}
	var file demoFile
	if err := json.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("%s: %w", c.JSON, err)
	}
	if c.DB == "" {
		c.DB = file.DB
	}
	course, err := newCourse(w.ctx, file, c.JSON+".pair", c.DB)
	if err != nil {
		return err
	}
	defer course.books.Close()
	if c.Scatter {
		rand.Shuffle(len(course.blocks), //nolint:gosec // an order, no secret
			func(i, k int) { course.blocks[i], course.blocks[k] = course.blocks[k], course.blocks[i] })
	}
	var figures []figure
	for _, work := range c.Work {
		f, err := c.drive(w.ctx, course, work)
		if err != nil {
			return fmt.Errorf("%s: %w", work, err)
		}
		figures = append(figures, f)
	}
	voided := notAudited
	if !c.NoAudit {
		voided = ""
		report, err := sqlstore.Audit(w.ctx, c.DB)
		if err != nil {
			return err
		}
		if !report.Clean() {
			voided = fmt.Sprintf("the audit found %s broken on %s", report.Findings[0].Invariant, report.Findings[0].Subject)
		}
	}
	bad := voided != "" && !c.NoAudit
	for i := range figures {
		if figures[i].Void == "" {
			figures[i].Void = voided
		}
		bad = bad || figures[i].Void != "" && !c.NoAudit
	}
	if err := c.tell(w, figures); err != nil {
		return err
	}
	if bad {
		return errors.New("a figure is void")
	}
	return nil
}

// notAudited is why figures do not count by themselves when --no-audit is given.
const notAudited = "not audited"

func (c *benchCommand) tell(w *surroundings, figures []figure) error {
	if c.Output == "json" {
		return json.NewEncoder(w.stdout).Encode(figures)
	}
	table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "work\tclients\tseconds\tdone\trate/s\tp50 ms\tp99 ms\terrors\t")
	for _, f := range figures {
		fmt.Fprintf(table, "%s\t%d\t%.1f\t%d\t%.0f\t%.2f\t%.2f\t%d\t", f.Work, f.Clients, f.Seconds, f.Done, f.Rate, f.P50, f.P99, f.Errors)
		if f.Void != "" {
			fmt.Fprintf(table, "void: %s", f.Void)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// drive has every client do one work until the time or its tickets are over.
func (c *benchCommand) drive(ctx context.Context, course *course, work string) (figure, error) {
	f := figure{Work: work, Clients: c.Clients}
	turns, err := course.prepare(ctx, work, c.Clients)
	if err != nil {
		return f, err
	}
	before, err := course.books.JournalRows(ctx)
	if err != nil {
		return f, err
	}
	var (
		clients sync.WaitGroup
		times   = make([][]time.Duration, c.Clients)
		writes  = make([]int, c.Clients)
		failed  = make([]int, c.Clients)
		reasons = make([]error, c.Clients)
		start   = time.Now()
	)
	for i := range c.Clients {
		clients.Go(func() {
			line := dial(course.host)
			defer line.close()
			for n := 0; time.Since(start) < c.Duration && ctx.Err() == nil; n++ {
				ask, more := turns(i, n)
				if !more {
					return
				}
				sent := time.Now()
				if err := line.do(ask.request); err != nil {
					failed[i]++
					reasons[i] = err
					continue
				}
				times[i] = append(times[i], time.Since(sent))
				writes[i] += ask.rows
			}
		})
	}
	clients.Wait()
	f.Seconds = time.Since(start).Seconds()
	all := slices.Concat(times...)
	slices.Sort(all)
	rows := 0
	for i := range c.Clients {
		rows += writes[i]
		f.Errors += failed[i]
	}
	f.Done = len(all)
	f.Rate = float64(f.Done) / f.Seconds
	if f.Done > 0 {
		f.P50, f.P99 = milliseconds(all[f.Done/2]), milliseconds(all[f.Done*99/100])
	}
	after, err := course.books.JournalRows(ctx)
	switch {
	case err != nil:
		return f, err
	case f.Errors > 0:
		at := slices.IndexFunc(reasons, func(err error) bool { return err != nil })
		f.Void = fmt.Sprintf("%d requests failed, such as: %v", f.Errors, reasons[at])
	case f.Done == 0:
		f.Void = "nothing was done"
	case after-before != int64(rows):
		f.Void = fmt.Sprintf("the journal grew by %d rows, not %d", after-before, rows)
	}
	return f, course.tidy(ctx)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// An ask is one request, ready to be sent, and the journal rows it must make.
type ask struct {
	request []byte
	rows    int
}

// request writes an HTTP/1.1 request as bytes.
func (c *course) request(method, path, body string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: seatlink-bench/1.0\r\nAccept: application/json\r\n", method, path, c.host)
	fmt.Fprintf(&b, "Authorization: Bearer %s\r\nPAC-Application-ID: %s\r\nPAC-API-Key: %s\r\nPAC-Channel-Code: %s\r\n",
		c.accessToken, c.partner.Application, c.partner.APIKey, c.partner.Channel)
	fmt.Fprintf(&b, "PAC-Organization-ID: %d\r\nRequest-ID: %s\r\n", c.organization, requestID())
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return []byte(b.String())
}

// course is what a bench runs over: a partner that is let in, and tickets.
type course struct {
	host         string
	partner      demoPartner
	accessToken  string
	organization access.OrganizationID
	listings     []string
	blocks       [][]string // of 4 adjacent tickets that are free, tokens
	books        *sqlstore.Reader
	held         [][]string // blocks to unlock when a work is over
}
