package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// invariants are what the books must hold at any moment, under the numbers they
// are known by. What cannot be seen in one snapshot is proved by tests.
var invariants = []struct{ name, rule string }{
	{"I1", "each ticket of a complete order is one sale of the journal, and the other way round; a pending order holds its tickets"},
	{"I2", "owners form a chain that only sales, accepted transfers and exchanges continue, and an exchange has two sides"},
	{"I3", "a hold names its holder, an order's one that is pending, and a free ticket nobody"},
	{"I4", "what a ticket says of its hold, and an event of its times, is what the journal says last; void is for good"},
	{"I5", "a ticket has one hold, of a known kind, and what the venue holds no channel ends"},
	{"I6", "an order consumes a lock of its own channel, and gives it back when it ends in ERROR"},
	{"I7", "an unlock leaves the ticket free, and each act of the venue leaves it as its word says"},
	{"I8", "events have the tickets that were loaded, each seat and each barcode once"},
	{"I9", "orders were paid their price and fees, and settlements are shared out"},
	{"I10", "each transaction, each order and the whole ledger sum to zero"},
	{"I11", "what a channel gives is the seller's and what is kept, as the order says"},
	{"I12", "each order and season has one transaction if and only if the order is complete"},
	{"I14", "an order has its channel's name, and a process one channel"},
	{"I15", "records of answers are of an application, say something, and are dropped in time"},
	{"I17", "orders, and processes of transfers, are in known states with the verdict and reasons that belong to them, and none but the operator's waits longer than 15 minutes"},
	{"I18", "each decided process that owes a callback has a task for it, or it was delivered or given up"},
	{"I19", "pages are of tickets that their order has sold, or their transfer handed over"},
	{"I20", "pages are of the sale or transfer that made them, barcodes of the last change that renewed them, once each"},
	{"I21", "a transfer holds its tickets until it is accepted, cancelled or expired, once, as its history says"},
	{"I22", "no transfer was accepted at its end or later, and none expired before"},
	{"I23", "tickets and events have a row of the journal for each of their versions"},
	{"I24", "a subscription is active or says why not, and is tried again in time; what its subscriber refused is kept, and for 30 days"},
	{"I25", "one relay at a time serves a subscription, with one message in flight"},
	{"I27", "what a subscriber refused is a row of the journal that tells it something"},
	{"I28", "versions are dense, in the order of the journal"},
	{"I30", "a subscription is nowhere beyond the end of the journal, of this epoch"},
	{"I34", "the database is sound, and every reference leads somewhere"},
	{"I36", "batches are whole, and positions dense, ascending with each subject's versions"},
	{"I37", "what the venue does to many tickets comes to its end, and tells of each"},
	{"I38", "a ticket that a gate holds is in by one scan, of that gate and time, and no other ticket is in"},
	{"I39", "scans stand in known states, and name tickets that are there"},
	{"I40", "a visit is somebody's, with an account, and is forgotten when it is over"},
	{"I41", "the accounts of a visit have the mail address it was begun with, and the password of that time"},
	{"I42", "an address to set a password is somebody's, used within its hour or not at all, and forgotten"},
	{"I43", "a listing was taken back after it was made, with nothing of it on sale or in an order"},
}

// maxFindings is how many breaks of one invariant a Report tells; the others are
// counted.
const maxFindings = 20

// A Finding is one break of an invariant.
type Finding struct {
	Invariant string // such as I8
	Subject   string // a token, an event, the key of an order, a batch…
	Says      string // what is wrong, for a person to read
}

// An Examined invariant tells how much was looked at.
type Examined struct {
	Invariant, Rule string
	Rows            int64 // looked at
	Breaks          int64 // found; the first 20 are among the findings
}

// A Report is what an audit found.
type Report struct {
	Findings []Finding  // in the order they were found
	Examined []Examined // every invariant
	Notes    []string   // what the audit could not see
}

// Clean reports whether every invariant holds.
func (r Report) Clean() bool { return len(r.Findings) == 0 }

// Broken are the invariants that do not hold.
func (r Report) Broken() []string {
	var names []string
	for _, e := range r.Examined {
		if e.Breaks > 0 {
			names = append(names, e.Invariant)
		}
	}
	return names
}

// String is the report for a person: a line for each invariant, then the
// findings, then the notes.
func (r Report) String() string {
	var b strings.Builder
	for _, e := range r.Examined {
		verdict := "holds"
		if e.Breaks > 0 {
			verdict = "BROKEN"
		}
		fmt.Fprintf(&b, "%-4s %-6s %9d rows %6d breaks  %s\n", e.Invariant, verdict, e.Rows, e.Breaks, e.Rule)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s: %s: %s\n", f.Invariant, f.Subject, f.Says)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	return b.String()
}

// Audit checks every invariant over one snapshot of the database at url. It
// writes nothing and takes nothing: a server may go on beside it, and nothing
// that is under way there is taken for a break, except that tickets come before
// the row that counts them while a house is being loaded (I8). A database whose
// schema is not this program's is an error; so is one that cannot be read, and
// then the report has what was found until there.
//
// Its time grows with the journal, about a minute for five million rows; its
// memory is bounded by slices of the tickets, near a gigabyte at a million of them.
func Audit(ctx context.Context, url string) (Report, error) {
	return audit(ctx, url, sliceTickets)
}

func audit(ctx context.Context, url string, slice int) (Report, error) {
	db, err := openEngine(ctx, url, true)
	if err != nil {
		return Report{}, err
	}
	defer db.close()
	a, b := newAuditor(db, slice), newAuditor(db, slice)
	if err := a.over(ctx, a.schema); err != nil {
		return a.report, fmt.Errorf("audit: %w", err)
	}
	// What the database finds in its own files, and whether a seat is there twice, hold in
	// whichever snapshot: a second core looks at that.
	aside := make(chan error, 1)
	go func() { aside <- b.over(ctx, b.soundness, b.seats) }()
	err = a.over(ctx, a.eventStories, a.eventsStand, a.ticketStories, a.exchanges, a.works, a.references, a.orders, a.callbacks,
		a.transfers, a.gates, a.ledger, a.answers, a.messages, a.visits, a.batches)
	err = cmp.Or(err, <-aside)
	a.join(b)
	if err != nil {
		err = fmt.Errorf("audit: %w", err)
	}
	return a.report, err
}

func newAuditor(db engine, slice int) *auditor {
	a := &auditor{db: db, slice: slice, events: map[string]*eventStory{}}
	for _, i := range invariants {
		a.report.Examined = append(a.report.Examined, Examined{Invariant: i.name, Rule: i.rule})
	}
	return a
}

// over examines one snapshot.
func (a *auditor) over(ctx context.Context, examinations ...func(context.Context) error) error {
	return a.db.snapshot(ctx, func(tx session) error {
		a.tx = tx
		if err := tx.run(ctx, a.db.clock(&a.now)...); err != nil {
			return err
		}
		for _, examine := range examinations {
			if err := examine(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// join takes over what another auditor found, in front of its own.
func (a *auditor) join(b *auditor) {
	told := map[string]int{}
	var findings []Finding
	for _, f := range append(b.report.Findings, a.report.Findings...) {
		if told[f.Invariant]++; told[f.Invariant] <= maxFindings {
			findings = append(findings, f)
		}
	}
	a.report.Findings = findings
	for i, e := range b.report.Examined {
		a.report.Examined[i].Rows += e.Rows
		a.report.Examined[i].Breaks += e.Breaks
	}
	a.report.Notes = append(b.report.Notes, a.report.Notes...)
}

// An auditor is one audit under way.
type auditor struct {
	db     engine
	tx     session   // the snapshot
	slice  int       // how many tickets are followed at a time
	now    time.Time // of the snapshot
	report Report
	events map[string]*eventStory
	swaps  []swapped
}

// find reports a break.
func (a *auditor) find(invariant, subject, format string, args ...any) {
	e := a.examined(invariant)
	if e.Breaks++; e.Breaks <= maxFindings {
		a.report.Findings = append(a.report.Findings, Finding{invariant, subject, fmt.Sprintf(format, args...)})
	}
}

// look counts rows that were looked at for some invariants.
func (a *auditor) look(rows int64, of ...string) {
	for _, invariant := range of {
		a.examined(invariant).Rows += rows
	}
}

func (a *auditor) examined(invariant string) *Examined {
	for i := range a.report.Examined {
		if e := &a.report.Examined[i]; e.Invariant == invariant {
			return e
		}
	}
	panic("no invariant is called " + invariant)
}

func (a *auditor) note(format string, args ...any) {
	a.report.Notes = append(a.report.Notes, fmt.Sprintf(format, args...))
}

// ask runs one question and gives each row of its answer to each.
func (a *auditor) ask(ctx context.Context, text string, args []any, each func(row) error) error {
	return a.tx.run(ctx, step{text: text, args: args, each: each})
}

// count asks for a number.
func (a *auditor) count(ctx context.Context, text string) (n int64, err error) {
	err = a.ask(ctx, text, nil, func(r row) error { n = r.int(0); return nil })
	return n, err
}

// schema refuses a database that this program would have to migrate first, and
// one that it does not know.
func (a *auditor) schema(ctx context.Context) error {
	var want int64
	files, err := fs.ReadDir(migrations, a.db.migrations())
	if err != nil {
		return err
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file.Name())
		if err != nil {
			return err
		}
		want = max(want, version)
	}
	have, err := a.count(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`)
	if err != nil {
		return errors.Join(errors.New("this is no database of seatlink"), err)
	}
	if have != want {
		return fmt.Errorf("the database has schema %d and this program audits %d", have, want)
	}
	return nil
}

// soundness has the database look at its own files.
func (a *auditor) soundness(ctx context.Context) error {
	steps, note := a.db.soundness(func(subject, says string) { a.find("I34", subject, "%s", says) })
	if note != "" {
		a.note("%s", note)
	}
	return a.tx.run(ctx, steps...)
}
