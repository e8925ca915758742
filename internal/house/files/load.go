package files

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Loader takes a house into the books, and knows what it took before.
type Loader interface {
	boxoffice.Loader
	// Loaded tells which events were loaded before with exactly these tickets:
	// those need not be given again.
	Loaded(ctx context.Context, tallies map[boxoffice.EventID]*boxoffice.Tally) (map[boxoffice.EventID]bool, error)
}

// Books are what a house is loaded into.
type Books struct {
	Loader   func() Loader
	Comparer func() Loader // of a load that writes nothing
	Reader   interface {
		boxoffice.Manifests
		Organization(ctx context.Context, id access.OrganizationID) (boxoffice.Organization, error)
	}
	Keys boxoffice.PersonKeyer
}

// Load checks a house, compares it with what the books have, and when neither
// tells a problem loads it. The books are opened when the files were found good. A load that was broken off is gone on with by the next
// one; a load of what is there already changes nothing. Rows of the books that the
// files do not have stay as they are. progress may be nil.
func Load(ctx context.Context, root string, open func() (Books, error), now time.Time, progress func(Progress)) (*Report, error) {
	h, err := check(ctx, root, progress)
	if err != nil {
		return nil, err
	}
	if !h.report.Good() {
		return h.report, nil
	}
	books, err := open()
	if err != nil {
		return nil, err
	}
	l := &load{house: h, books: books, now: now}
	err = l.run(ctx)
	if differences, ok := errors.AsType[boxoffice.Differences](err); ok {
		return h.report, l.locate(ctx, differences)
	}
	return h.report, err
}

// A load is on its way from files to books.
type load struct {
	*house
	books Books
	now   time.Time
	known bool // the books have one of the organizations
}

func (l *load) run(ctx context.Context) error {
	loader := l.books.Loader()
	whole, err := loader.Loaded(ctx, l.tallies())
	if err != nil {
		return err
	}
	for _, f := range l.folders {
		for _, e := range f.eventRows {
			if e.whole = whole[e.ID]; e.whole {
				l.report.Loaded++
			}
		}
		_, err := l.books.Reader.Organization(ctx, f.organization.ID)
		if err != nil && !errors.Is(err, fault.OrganizationUnknown) {
			return err
		}
		l.known = l.known || err == nil
		if err := l.reconcile(ctx, f); err != nil || !l.report.Good() {
			return err
		}
	}
	if err := l.pour(ctx, l.books.Comparer(), "comparing", l.known); err != nil {
		return err
	}
	return l.pour(ctx, loader, "loading", true)
}

// reconcile drops derived manifests where the books have one, which must then have
// all seats of the tickets.
func (l *load) reconcile(ctx context.Context, f *folder) error {
	for at, p := range f.plans {
		if !p.derived {
			continue
		}
		stored, err := l.books.Reader.Manifest(ctx, f.organization.ID, at.season, at.facility, at.configuration)
		if errors.Is(err, fault.ManifestUnknown) {
			continue
		}
		if err != nil {
			return err
		}
		have := newPlan(stored)
		for _, s := range p.order {
			if _, ok := have.numbers[s]; !ok {
				l.report.add(f.prefix+manifestName(p.manifest), 0, 0, "is missing, and the manifest in the books has no seat %s in section %s, row %s",
					shown(s.seat), shown(s.section), shown(s.row))
				break
			}
		}
		delete(f.plans, at)
	}
	return nil
}

// pour reads the files again and gives their rows to a loader. Without stock it
// ends before the patrons: books that know no organization have none.
func (l *load) pour(ctx context.Context, to Loader, doing string, stock bool) error {
	var organizations []boxoffice.Organization
	for _, f := range l.folders {
		organizations = append(organizations, f.organization)
	}
	if err := to.Organizations(ctx, organizations); err != nil {
		return err
	}
	for _, f := range l.folders {
		manifests := f.manifests()
		for i := range manifests {
			manifests[i].Changed = l.now
		}
		rows := make([]boxoffice.Event, len(f.eventRows))
		for i, e := range f.eventRows {
			rows[i] = e.Event
		}
		if err := errors.Join(to.Seasons(ctx, f.seasonRows), to.Manifests(ctx, manifests), to.Events(ctx, rows)); err != nil {
			return err
		}
	}
	for _, part := range []func(context.Context, *folder, Loader, string) error{l.pourPatrons, l.pourTickets, l.pourListings} {
		for _, f := range l.folders {
			if !stock {
				break
			}
			if err := part(ctx, f, to, doing); err != nil {
				return err
			}
		}
	}
	if !l.report.Good() { // it was good, so a file is another one than it was
		return errors.New("the files were changed while the house was loaded; begin again")
	}
	return to.Finish(ctx)
}

// chunk is how many rows are handed over at once.
const chunk = 5_000

// A batch collects rows for a loader, whose they are once they are handed over.
type batch[T any] struct {
	over func(context.Context, []T) error
	rows []T
	err  error
}

func (b *batch[T]) add(ctx context.Context, row T) {
	if b.rows == nil {
		b.rows = make([]T, 0, chunk)
	}
	if b.rows = append(b.rows, row); len(b.rows) == chunk {
		b.flush(ctx)
	}
}

func (b *batch[T]) flush(ctx context.Context) {
	if b.err == nil && len(b.rows) > 0 {
		b.err = b.over(ctx, b.rows)
	}
	b.rows = nil
}

// stream reads a table into a loader; it ends soon after the loader fails.
func stream[T any](ctx context.Context, l *load, f *folder, t *Table, doing string, over func(context.Context, []T) error, row func(*sheet) (T, bool)) error {
	// The loader goes on with the last rows when this has returned, so ctx is its.
	reading, stop := context.WithCancel(ctx)
	defer stop()
	b := &batch[T]{over: over}
	err := l.each(reading, f, t, doing, func(s *sheet) {
		if one, ok := row(s); ok {
			b.add(ctx, one)
		}
		if b.err != nil {
			stop()
		}
	})
	if b.err != nil {
		return b.err
	}
	if err != nil {
		return err
	}
	b.flush(ctx)
	return b.err
}

func (l *load) pourPatrons(ctx context.Context, f *folder, to Loader, doing string) error {
	return stream(ctx, l, f, &patrons, doing, to.Patrons, func(s *sheet) (boxoffice.Patron, bool) {
		p, findable, ok := f.patron(s)
		if findable {
			p.Keys = l.books.Keys.PersonKeys(p.Contact)
		}
		return p, ok
	})
}

func (l *load) pourTickets(ctx context.Context, f *folder, to Loader, doing string) error {
	if !slices.ContainsFunc(f.eventRows, func(e *event) bool { return !e.whole }) {
		return nil
	}
	f.counts = map[string]int{}
	return stream(ctx, l, f, &tickets, doing, to.Tickets, func(s *sheet) (boxoffice.Ticket, bool) {
		t, e, _, ok := f.ticket(s, l.now)
		return t, ok && !e.whole
	})
}

func (l *load) pourListings(ctx context.Context, f *folder, to Loader, doing string) error {
	return stream(ctx, l, f, &listings, doing, to.Listings, func(s *sheet) (boxoffice.Listing, bool) { return f.listing(s, nil) })
}

// locate tells of each difference with the line that has it.
func (l *load) locate(ctx context.Context, differences boxoffice.Differences) error {
	type row struct{ kind, key string }
	sought := map[row]boxoffice.Difference{}
	for _, d := range differences {
		sought[row{d.Kind, d.Key}] = d
	}
	tell := func(kind, key string, say func(d boxoffice.Difference)) {
		if d, ok := sought[row{kind, key}]; ok {
			delete(sought, row{kind, key})
			say(d)
		}
	}
	for _, f := range l.folders {
		here := text(f.organization.ID)
		tell("organization", here, func(d boxoffice.Difference) { l.report.add(f.prefix+organizationFile, 1, 1, "%s", d) })
		for at, p := range f.plans {
			key := here + " " + strings.Join([]string{at.facility, at.configuration, at.season}, " ")
			file := p.file
			if p.derived {
				file = f.prefix + manifestName(p.manifest)
			}
			tell("manifest", key, func(d boxoffice.Difference) { l.report.add(file, 1, 1, "%s", d) })
		}
		for _, search := range []struct {
			kind   string
			table  *Table
			column int
			key    func(*sheet) string
		}{
			{"season", &seasons, seasonCode, func(s *sheet) string { return here + " " + s.text(seasonCode) }},
			{"event", &events, eventItem, func(s *sheet) string { return here + ":" + s.text(eventSeason) + ":" + s.text(eventItem) }},
			{"patron", &patrons, patronID, func(s *sheet) string { return here + " " + s.text(patronID) }},
			{"ticket", &tickets, ticketToken, func(s *sheet) string { return s.text(ticketToken) }},
			{"listing", &listings, listingID, func(s *sheet) string { return s.text(listingID) }},
		} {
			if len(sought) == 0 {
				return nil
			}
			err := l.each(ctx, f, search.table, "finding", func(s *sheet) {
				key := search.key(s)
				tell(search.kind, key, func(d boxoffice.Difference) { s.bad(search.column, "is %s, and %s", shown(s.text(search.column)), d) })
			})
			if err != nil {
				return err
			}
		}
	}
	for _, d := range sought { // which no file seems to have
		l.report.add(".", 0, 0, "%s %s: %s", d.Kind, d.Key, d)
	}
	return nil
}
