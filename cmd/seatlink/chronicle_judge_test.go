package main

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// judge fails the test unless the history can be true, the journal has what was
// acknowledged, the audit is clean, and nobody waited longer than was promised.
func (c *chronicle) judge(tb testing.TB, history []porcupine.Operation) {
	tb.Helper()
	for _, mistake := range c.mistakes {
		tb.Error(mistake)
	}
	start := time.Now()
	switch verdict := porcupine.CheckOperationsTimeout(chronicleModel, history, checkWithin); verdict {
	case porcupine.Ok:
	case porcupine.Illegal:
		tb.Errorf("the history of a ticket cannot be true:\n%s", worstOf(history))
	default:
		tb.Errorf("no verdict on %d operations within %v: %v", len(history), checkWithin, verdict)
	}
	checked := time.Since(start)
	acknowledged := c.compare(tb)
	audit(tb, c.db())
	var busy, unsure time.Duration
	for _, each := range c.clients {
		busy, unsure = max(busy, each.longestBusy), max(unsure, each.longestUnsure)
	}
	told := chronicleTally(history)
	tb.Logf("%d requests of %d clients at %d processes in %.1f s: %.0f a second; %d kills, %d crashes of the database",
		c.count.Load(), len(c.clients), len(c.processes), c.took.Seconds(), c.rate(), c.kills, c.crashes)
	tb.Logf("%d deeds on %d tickets checked in %v; %d requests without an answer; the journal has %d writes that were acknowledged",
		len(history), len(c.tokens), checked.Round(time.Millisecond), c.unknown.Load(), acknowledged)
	tb.Logf("told: %v", told)
	if c.crashes > 0 {
		tb.Logf("the longest wait for a 503 that says nothing was done: %v, for one that does not know: %v; all processes write %v after the database is back",
			busy.Round(time.Millisecond), unsure.Round(time.Millisecond), slices.Max(c.back).Round(time.Millisecond))
		if slices.Max(c.back) > backWithin {
			tb.Errorf("all processes write %v after the database is back; want %v", slices.Max(c.back), backWithin)
		}
	}
	if busy > busyWithin {
		tb.Errorf("a 503 came after %v; want %v", busy, busyWithin)
	}
	for _, must := range []string{
		"lock done", "lock TOKEN_LOCKED", "unlock done", "unlock TOKEN_LOCKED", "sell done", "sell TOKEN_LOCKED", "verify done",
		"print done", "print ORDER_NOT_COMPLETE", "give done", "cancel done", "accept done",
	} {
		if told[must] == 0 {
			tb.Errorf("void: nobody was told %q", must)
		}
	}
}

func (c *chronicle) rate() float64 { return float64(c.count.Load()) / c.took.Seconds() }

// compare holds the journal against what was acknowledged, and returns how many
// writes were.
func (c *chronicle) compare(tb testing.TB) (acknowledged int) {
	tb.Helper()
	rows := map[string]int{}
	query(tb, look(tb, c.db()), func(scan func(...any) error) error {
		var id string
		var n int
		err := scan(&id, &n)
		rows[id] = n
		return err
	}, `SELECT request_id, COUNT(*) FROM journal GROUP BY request_id`)
	for _, each := range c.clients {
		for _, r := range each.requests {
			switch got := rows[r.id]; {
			case r.none && got > 0:
				tb.Errorf("request %s was told that nothing was done, and the journal has %d rows of it", r.id, got)
			case !r.none && got != r.rows:
				tb.Errorf("%s: request %s was told of %d tickets, and the journal has %d rows of it", lost, r.id, r.rows, got)
			case r.rows > 0:
				acknowledged++
			}
		}
	}
	return acknowledged
}

// chronicleGap is the longest time in which no write was acknowledged.
func chronicleGap(history []porcupine.Operation) time.Duration {
	var at []int64
	for _, o := range history {
		what := o.Input.(chronicleDeed).what
		if o.Output.(chronicleAnswer).says == saysDone && what != "import" && what != "verify" && what != "print" {
			at = append(at, o.Return)
		}
	}
	slices.Sort(at)
	longest := int64(0)
	for i := 1; i < len(at); i++ {
		longest = max(longest, at[i]-at[i-1])
	}
	return time.Duration(longest)
}

// chronicleTally counts what everybody was told.
func chronicleTally(history []porcupine.Operation) map[string]int {
	told := map[string]int{}
	for _, o := range history {
		told[o.Input.(chronicleDeed).what+" "+o.Output.(chronicleAnswer).says]++
	}
	return told
}

// worstOf is the history of one ticket that cannot be true, for a person to read.
func worstOf(history []porcupine.Operation) string {
	for _, part := range chronicleModel.Partition(history) {
		if porcupine.CheckOperations(chronicleModel, part) {
			continue
		}
		// What comes after the first contradiction tells nothing more.
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) })
		end := sort.Search(len(part), func(i int) bool {
			return !porcupine.CheckOperations(chronicleModel, chronicleKnown(part, part[i].Return))
		})
		part = chronicleKnown(part, part[min(end, len(part)-1)].Return)
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
		const readable = 12
		var b strings.Builder
		for _, o := range part[max(0, len(part)-readable):] {
			b.WriteString(time.Duration(o.Call).String() + " to " + time.Duration(o.Return).String() + ": " + chronicleModel.DescribeOperation(o.Input, o.Output) + "\n")
		}
		return b.String()
	}
	return ""
}

// chronicleKnown is what was known of a history at a moment: what is answered later may
// have been done by then.
func chronicleKnown(part []porcupine.Operation, at int64) (then []porcupine.Operation) {
	for _, o := range part {
		if o.Return > at {
			o.Output, o.Return = chronicleAnswer{says: saysUnknown}, never
		}
		if o.Call <= at {
			then = append(then, o)
		}
	}
	return then
}

// findsLies plants a lie in the history, one of each kind after the other: the
// check must find it.
func (c *chronicle) findsLies(tb testing.TB, history []porcupine.Operation) {
	tb.Helper()
	const each = 10
	planted, found := map[string]int{}, map[string]int{}
	for _, flip := range flippedChronicles(history, each) {
		planted[flip.kind]++
		if !porcupine.CheckOperations(chronicleModel, flip.history) {
			found[flip.kind]++
		}
	}
	tb.Logf("lies planted: %v; found: %v", planted, found)
	if len(planted) < 8 {
		tb.Errorf("void: only %d kinds of answers could be made lies: %v", len(planted), planted)
	}
	for kind := range planted {
		// Where two answers came at once before, a lie may be as good as the truth.
		if found[kind] == 0 {
			tb.Errorf("of %d flipped answers %q none was found", planted[kind], kind)
		}
	}
}
