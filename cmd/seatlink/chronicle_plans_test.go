package main

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// explaining has PostgreSQL tell the plan of one in so many statements, with the
// rows that it met. Nobody makes statistics by themselves there.
var explaining = []string{
	"session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0", "auto_explain.sample_rate=0.2",
	"auto_explain.log_analyze=on", "auto_explain.log_timing=off", "auto_explain.log_format=json", "autovacuum=off",
}

// A planEar hears the log of such a server.
type planEar struct {
	open atomic.Bool // else what is told is not for it

	mu     sync.Mutex
	record strings.Builder // the plan under way, "" for none
	plans  []string
}

// hear takes a line. The first of a record has a time, the others a tab.
func (e *planEar) hear(line string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if text, more := strings.CutPrefix(line, "\t"); more {
		if e.record.Len() > 0 {
			e.record.WriteString(text + "\n")
		}
		return
	}
	if e.record.Len() > 0 {
		e.plans = append(e.plans, e.record.String())
	}
	e.record.Reset()
	if e.open.Load() && strings.HasSuffix(line, " plan:") {
		e.record.WriteString("\n")
	}
}

// A planNode is a step of a plan, and those below it.
type planNode struct {
	Relation string     `json:"Relation Name"`
	Rows     float64    `json:"Actual Rows"` // a loop
	Loops    float64    `json:"Actual Loops"`
	Filtered float64    `json:"Rows Removed by Filter"`
	Checked  float64    `json:"Rows Removed by Index Recheck"`
	Plans    []planNode `json:"Plans"`
}

// met is the most rows of one padded table that a step met, with the table.
func (n planNode) met() (rows float64, table string) {
	if padded[n.Relation] {
		rows, table = (n.Rows+n.Filtered+n.Checked)*n.Loops, n.Relation
	}
	for _, below := range n.Plans {
		if more, where := below.met(); more > rows {
			rows, table = more, where
		}
	}
	return rows, table
}

// The tables that a request must not walk over are padded: of a small one it is
// cheaper to read all than to look for a few hundred rows, and so it is read.
const (
	padTickets = `
INSERT INTO ticket (token, organization, event, section, row, seat, seating_type, association_type, attributes,
	price_level, price_type, face, owner, owned, barcode, void, hold, hold_by, hold_since, hold_terms, version)
SELECT 'padding-' || i, organization, event, section, row, seat, seating_type, association_type, attributes,
	price_level, price_type, face, owner, owned, 'padding-' || i, true, hold, hold_by, hold_since, hold_terms, version
FROM (SELECT * FROM ticket WHERE token = $1) AS t, generate_series(1, 40000) AS i`
	padPeople = `
INSERT INTO patron_key (key, organization, patron, since) SELECT 'padding-' || i, 999, 'padding', 0 FROM generate_series(1, 40000) AS i`
	// These leave the planner without statistics, as after a restore.
	forgetStatistics = `DELETE FROM pg_statistic`
	forgetSizes      = `UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace`
)

// pad fills the tables, beside the event of one of the tickets, and leaves them
// without statistics. What it returns takes the rows out again.
func (c *chronicle) pad(t *testing.T) (remove func()) {
	t.Helper()
	spoil(t, c.db(), padTickets, c.tokens[0])
	spoil(t, c.db(), padPeople)
	spoil(t, c.db(), forgetStatistics)
	spoil(t, c.db(), forgetSizes)
	return func() {
		spoil(t, c.db(), `DELETE FROM ticket WHERE token LIKE 'padding-%'`)
		spoil(t, c.db(), `DELETE FROM patron_key WHERE key LIKE 'padding-%'`)
	}
}

// padded are the tables of which a statement must not meet more rows than the
// clients ask for together.
var padded = map[string]bool{"ticket": true, "patron_key": true}

// judge fails the test when a statement met more rows of a padded table than so
// many clients can have asked for.
func (e *planEar) judge(tb testing.TB, most float64) {
	tb.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	type walk struct {
		rows  float64
		table string
		times int
	}
	walks := map[string]walk{}
	torn := 0 // of two that were told at once
	for _, text := range e.plans {
		var plan struct {
			Query string   `json:"Query Text"`
			Plan  planNode `json:"Plan"`
		}
		if err := json.Unmarshal([]byte(text), &plan); err != nil {
			torn++
			continue
		}
		w := walks[plan.Query]
		w.times++
		if rows, table := plan.Plan.met(); rows >= w.rows {
			w.rows, w.table = rows, table
		}
		walks[plan.Query] = w
	}
	tb.Logf("%d plans of %d statements; %d were told at once with another", len(e.plans), len(walks), torn)
	if torn > len(e.plans)/2 || len(walks) < 20 {
		tb.Errorf("void: %d plans of %d statements are too few, %d of them torn", len(e.plans), len(walks), torn)
	}
	for query, w := range walks {
		if w.rows > most {
			tb.Errorf("a statement met %.0f rows of %s, in one of %d times:\n%s", w.rows, w.table, w.times, query)
		}
	}
	for _, hot := range []string{"FROM ticket\nWHERE token = ANY", "UPDATE ticket SET hold", "INSERT INTO journal", "UPDATE batch SET position", "FROM orders\nWHERE key = ANY", "FROM answer"} {
		if !slices.ContainsFunc(e.plans, func(plan string) bool { return strings.Contains(plan, strings.ReplaceAll(hot, "\n", `\n`)) }) {
			tb.Errorf("void: no plan was told of %q", hot)
		}
	}
}
