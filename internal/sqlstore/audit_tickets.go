package sqlstore

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// The stories of the tickets are told in Go, over rows in the journal's own
// order: sorting five million of them by ticket, or looking back from each to
// the one before it, takes SQLite many times as long as reading them. What one
// ticket needs is kept until the end, so the tickets come in slices.
const sliceTickets = 500_000

// A slice is a range of tokens: from is excluded, to included, and "" is no bound.
type slice struct {
	from, to string
	stories  map[string]*story
}

func (s *slice) covers(token string) bool {
	return (s.from == "" || token > s.from) && (s.to == "" || token <= s.to)
}

// A story is one ticket, and its journal as far as it has been read.
type story struct {
	thread
	owner, barcode string
	owned, version int64
	latest, told   int64 // the batches of its newest row, as it says and as it is
	hold, by       string
	since          int64
	loose, void    bool // loose: it is free, and yet something of a hold is left
	now            state
	lastSale       int64 // its version; an accepted transfer and an exchange count
	renewed        int64 // the version that gave it its barcode
	renewedBarcode string
	lines          []line
	gifts          []gift
}

// A line is one of an order, with what the journal told of it.
type line struct {
	order, channel, process, from, to string
	state                             boxoffice.OrderState
	waits                             bool // or waited
	version                           int64
	sold, printed                     bool
	ordered, failed                   bool // it took the lock's place, and gave it back
	taken                             bool // the venue ended its hold
}

// ticketStories follows every ticket through the journal.
func (a *auditor) ticketStories(ctx context.Context) error {
	for from, more := "", true; more; {
		s := &slice{from: from, stories: map[string]*story{}}
		for _, read := range []func(context.Context, *slice) error{
			a.readTickets, a.readLines, a.readGifts, a.readPages, a.readListings, a.readJournal,
		} {
			if err := read(ctx, s); err != nil {
				return err
			}
		}
		for token, t := range s.stories {
			a.end(token, t)
		}
		from, more = s.to, s.to != ""
	}
	for id, e := range a.events {
		a.endEvent(id, e)
	}
	return nil
}

func (a *auditor) readTickets(ctx context.Context, s *slice) error {
	const tickets = `
SELECT token, organization, event, owner, owned, barcode, void, hold, hold_by, hold_since, hold_terms, version, latest
FROM ticket WHERE token > $1 ORDER BY token LIMIT $2`
	last := ""
	err := a.ask(ctx, tickets, []any{s.from, int64(a.slice)}, func(r row) error {
		t := &story{
			owner: r.text(3), owned: r.int(4), barcode: r.text(5), void: r.flag(6), hold: r.text(7), by: r.text(8), since: r.int(9), version: r.int(11), latest: r.int(12),
		}
		t.loose = t.hold == string(boxoffice.Free) && (t.by != "" || t.since != 0 || r.text(10) != "")
		last = r.text(0)
		s.stories[last] = t
		e := a.events[r.text(2)]
		if e == nil {
			a.find("I34", last, "is of event %q, which is not there", r.text(2))
			return nil
		}
		if e.tickets++; e.organization != r.int(1) {
			a.find("I34", last, "is of organization %d and its event of %d", r.int(1), e.organization)
		}
		return nil
	})
	if len(s.stories) == a.slice {
		s.to = last
	}
	a.look(int64(len(s.stories)), "I2", "I3", "I4", "I5", "I8", "I20", "I23", "I34")
	return err
}

func (a *auditor) readLines(ctx context.Context, s *slice) error {
	const orders = `SELECT key, channel, process, state, wait, lines FROM orders`
	var looked int64
	defer func() { a.look(looked, "I1", "I6") }()
	return a.ask(ctx, orders, nil, func(r row) error {
		of := line{
			order: r.text(0), channel: r.text(1), process: r.text(2), state: boxoffice.OrderState(r.text(3)),
			waits: boxoffice.Wait(r.text(4)) != boxoffice.NoWait,
		}
		var lines []boxoffice.OrderLine
		if unpack(r.text(5), &lines) != nil {
			return nil //nolint:nilerr // told with the orders
		}
		for _, l := range lines {
			if !s.covers(string(l.Token)) {
				continue
			}
			looked++
			t := s.stories[string(l.Token)]
			if t == nil {
				a.find("I1", of.order, "has ticket %s, which is not there", l.Token)
				continue
			}
			next := of
			next.from, next.to, next.version = string(l.From), string(l.To), l.Version
			t.lines = append(t.lines, next)
		}
		return nil
	})
}

func (a *auditor) readPages(ctx context.Context, s *slice) error {
	const pages = `
SELECT id, order_key, token, owned FROM document WHERE ($1 = '' OR token > $1) AND ($2 = '' OR token <= $2)`
	return a.ask(ctx, pages, []any{s.from, s.to}, func(r row) error {
		a.look(1, "I19", "I20")
		id, order, token, owned := r.text(0), r.text(1), r.text(2), r.int(3)
		if of := boxoffice.ParseOrderKey(order); of.Channel == boxoffice.TransferPages {
			a.giftPage(s.stories[token], id, of.ExternalOrderID, token, owned)
			return nil
		}
		var sold *line
		if t := s.stories[token]; t != nil {
			for i := range t.lines {
				if t.lines[i].order == order && t.lines[i].state == boxoffice.OrderComplete {
					sold = &t.lines[i]
				}
			}
		}
		switch {
		case sold == nil:
			a.find("I19", id, "shows ticket %s, which order %s has not sold", token, order)
		case sold.version != owned:
			a.find("I20", id, "shows ticket %s as of version %d, and order %s sold version %d", token, owned, order, sold.version)
		case sold.printed:
			a.find("I20", id, "is a second page of ticket %s and order %s", token, order)
		default:
			sold.printed = true
		}
		return nil
	})
}

func (a *auditor) readListings(ctx context.Context, s *slice) error {
	const listings = `SELECT id, tokens, channel, patron, created_at, taken_at FROM listing`
	return a.ask(ctx, listings, nil, func(r row) error {
		var tokens []string
		l := takenListing{id: r.text(0), channel: r.text(2), patron: r.text(3), created: instant(r.int(4)), taken: instant(r.int(5))}
		if !l.taken.IsZero() && s.from == "" {
			a.takenBack(l)
		}
		if err := unpack(r.text(1), &tokens); err != nil {
			a.find("I34", r.text(0), "names tickets that cannot be read: %v", err)
		}
		for _, token := range tokens {
			t := s.stories[token]
			switch {
			case !s.covers(token):
			case t == nil:
				a.find("I34", r.text(0), "lists ticket %s, which is not there", token)
			case !l.taken.IsZero():
				a.takenWith(l, token, t)
			}
		}
		a.look(1, "I34")
		return nil
	})
}

func (a *auditor) readJournal(ctx context.Context, s *slice) error {
	const changes = journalEntries + `
WHERE j.entity <> '` + string(boxoffice.Events) + `' AND ($1 = '' OR j.subject > $1) AND ($2 = '' OR j.subject <= $2)
ORDER BY j.batch, j.n`
	var rows, sold int64
	defer func() {
		a.look(rows, "I7", "I23", "I28", "I36")
		a.look(sold, "I6")
	}()
	return a.ask(ctx, changes, []any{s.from, s.to}, func(r row) error {
		e := readEntry(r)
		if rows++; e.what == string(boxoffice.Sold) {
			sold++
		}
		t := s.stories[e.subject]
		if t == nil {
			a.find("I23", e.subject, "has version %d in the journal and is no ticket", e.version)
			return nil
		}
		a.tell(t, e)
		return nil
	})
}

// tell goes on with a ticket's story.
func (a *auditor) tell(t *story, e entry) {
	a.follow(&t.thread, e)
	if e.prior != t.told {
		a.find("I28", e.subject, "has version %d behind batch %d, and the row before is in batch %d", e.version, e.prior, t.told)
	}
	t.told = e.batch
	before, known := t.now, t.rows > 1
	t.now = state{}
	if err := json.Unmarshal([]byte(e.state), &t.now); err != nil {
		a.find("I4", e.subject, "has a state of version %d that cannot be read: %v", e.version, err)
		return
	}
	if was := t.now.before(); known && was != before.standing {
		a.find("I4", e.subject, "was %+v by its row of version %d, and %+v by the one before", was, e.version, before.standing)
	}
	if t.now.Barcode != "" {
		t.renewed, t.renewedBarcode = e.version, t.now.Barcode
	}
	if before.Void && !t.now.Void {
		a.find("I4", e.subject, "is void no more at version %d (%s), and that is for good", e.version, e.what)
	}
	a.tellVenue(t, e, before)
	switch boxoffice.What(e.what) {
	case boxoffice.Offered:
		a.tellOffered(t, e, before)
	case boxoffice.Accepted:
		t.lastSale = e.version
		a.tellGiven(t, e, before, boxoffice.TransferAccepted)
		return
	case boxoffice.Withdrawn:
		a.tellGiven(t, e, before, boxoffice.TransferCancelled)
	case boxoffice.Lapsed:
		a.tellGiven(t, e, before, boxoffice.TransferExpired)
	default:
		a.tellGiftTaken(t, e, before)
	}
	switch boxoffice.What(e.what) {
	case boxoffice.Sold:
		a.tellSale(t, e, before, known)
		return
	case boxoffice.Ordered:
		a.tellOrdered(t, e, before, known)
	case boxoffice.Failed:
		a.tellFailed(t, e, before, known)
	case boxoffice.Unlocked:
		if t.now.Hold != string(boxoffice.Free) {
			a.find("I7", e.subject, "is on hold (%s) after the unlock of version %d", t.now.Hold, e.version)
		}
		a.tellTaken(t, e, before)
	default:
		a.tellTaken(t, e, before)
	}
	if known && t.now.Owner != before.Owner && e.what != string(boxoffice.Exchanged) {
		a.find("I2", e.subject, "changes from owner %s to %s at version %d, which is no sale", before.Owner, t.now.Owner, e.version)
	}
}

// tellOrdered is told when an order takes the place of its channel's lock.
func (a *auditor) tellOrdered(t *story, e entry, before state, known bool) {
	if !known || before.Hold != string(boxoffice.HoldLock) || before.By != e.channel {
		a.find("I6", e.subject, "is ordered by channel %s at version %d, and was not locked by it", e.channel, e.version)
	}
	l := t.line(t.now.Order)
	if l == nil || l.ordered || !l.waits {
		a.find("I1", e.subject, "is ordered at version %d by order %q, which did not wait for it", e.version, t.now.Order)
		return
	}
	l.ordered = true
	if l.channel != e.channel || t.now.Hold != string(boxoffice.HoldOrder) || t.now.By != l.process {
		a.find("I6", e.subject, "is ordered by channel %s at version %d and held (%s) by %q, for order %s of channel %s and process %s",
			e.channel, e.version, t.now.Hold, t.now.By, l.order, l.channel, l.process)
	}
}

// tellFailed is told when an order gives the lock back.
func (a *auditor) tellFailed(t *story, e entry, before state, known bool) {
	l := t.line(t.now.Order)
	if l == nil || !l.ordered || l.failed || l.state != boxoffice.OrderFailed {
		a.find("I1", e.subject, "is given back at version %d by order %q, which has not failed with it", e.version, t.now.Order)
		return
	}
	l.failed = true
	if known && (before.Hold != string(boxoffice.HoldOrder) || before.By != l.process) ||
		t.now.Hold != string(boxoffice.HoldLock) || t.now.By != l.channel {
		a.find("I6", e.subject, "is given back at version %d from %s of %q to %s of %q, by order %s of channel %s",
			e.version, before.Hold, before.By, t.now.Hold, t.now.By, l.order, l.channel)
	}
}

// tellTaken is told of every other change. One that ends an order's hold is the
// venue's; a channel's is a break.
func (a *auditor) tellTaken(t *story, e entry, before state) {
	if before.Hold != string(boxoffice.HoldOrder) || t.now.Hold == before.Hold && t.now.By == before.By {
		return
	}
	switch boxoffice.What(e.what) {
	case boxoffice.Locked, boxoffice.Relocked, boxoffice.Unlocked:
		a.find("I5", e.subject, "is in an order at version %d, and a channel ends that (%s)", e.version-1, e.what)
	case boxoffice.Closed, boxoffice.Opened:
		return // they leave orders as they are
	}
	for i := range t.lines {
		if l := &t.lines[i]; l.process == before.By && l.ordered && !l.sold && !l.failed {
			l.taken = true
		}
	}
}

// line is that of an order, nil when it has none.
func (t *story) line(order string) *line {
	for i := range t.lines {
		if t.lines[i].order == order {
			return &t.lines[i]
		}
	}
	return nil
}

func (a *auditor) tellSale(t *story, e entry, before state, known bool) {
	t.lastSale = e.version
	l := t.line(t.now.Order)
	waited := l != nil && l.waits
	switch {
	case waited && (!known || before.Hold != string(boxoffice.HoldOrder) || before.By != l.process || !l.ordered):
		a.find("I6", e.subject, "is sold at version %d by order %s, which did not hold it", e.version, l.order)
	case !waited && (!known || before.Hold != string(boxoffice.HoldLock) || before.By != e.channel):
		a.find("I6", e.subject, "is sold by channel %s at version %d, and was not locked by it", e.channel, e.version)
	}
	if l == nil || l.version != e.version || l.state != boxoffice.OrderComplete || l.sold {
		a.find("I1", e.subject, "is sold at version %d by order %q, which has no such line", e.version, t.now.Order)
		return
	}
	l.sold = true
	if !waited && l.channel != e.channel {
		a.find("I6", e.subject, "is sold by channel %s at version %d, for order %s of channel %s", e.channel, e.version, l.order, l.channel)
	}
	if known && l.from != before.Owner || l.to != t.now.Owner {
		a.find("I2", e.subject, "goes from owner %s to %s at version %d, and order %s says from %s to %s",
			before.Owner, t.now.Owner, e.version, l.order, l.from, l.to)
	}
}

// end compares what the journal said of a ticket with its row.
func (a *auditor) end(token string, t *story) {
	a.whole(&t.thread, token, t.version)
	if t.latest != t.told {
		a.find("I28", token, "says that its newest row is in batch %d, and it is in batch %d", t.latest, t.told)
	}
	switch boxoffice.HoldKind(t.hold) {
	case boxoffice.Free:
		if t.loose {
			a.find("I3", token, "is free, and has something left of a hold of %q", t.by)
		}
	case boxoffice.HoldLock, boxoffice.HoldOrder, boxoffice.HoldTransfer, boxoffice.HoldVenue, boxoffice.HoldGate:
		if t.by == "" {
			a.find("I3", token, "has a %s of nobody", t.hold)
		}
	default:
		a.find("I5", token, "has a hold of an unknown kind, %q", t.hold)
	}
	if t.rows > 0 {
		if t.now.Owner != t.owner {
			a.find("I2", token, "belongs to %s, and to %s in the journal", t.owner, t.now.Owner)
		}
		if t.now.Hold != t.hold || t.now.By != t.by || t.now.Void != t.void {
			a.find("I4", token, "has hold %q of %q, void %t, and in the journal hold %q of %q, void %t",
				t.hold, t.by, t.void, t.now.Hold, t.now.By, t.now.Void)
		}
	}
	// A house may load tickets that the venue holds; every other hold is an act's.
	if t.rows == 0 && boxoffice.HoldKind(t.hold) != boxoffice.Free && boxoffice.HoldKind(t.hold) != boxoffice.HoldVenue {
		a.find("I4", token, "has a %s of %q, and nothing ever happened to it in the journal", t.hold, t.by)
	}
	if t.owned != t.lastSale {
		a.find("I2", token, "has its owner since version %d, and was last sold at version %d", t.owned, t.lastSale)
	}
	if t.lastSale > t.renewed || t.renewed > 0 && t.renewedBarcode != t.barcode {
		a.find("I20", token, "has another barcode than its sale at version %d gave it, or what renewed it at version %d", t.lastSale, t.renewed)
	}
	pending := false
	for _, l := range t.lines {
		held := t.hold == string(boxoffice.HoldOrder) && t.by == l.process
		pending = pending || held && l.state == boxoffice.OrderPending
		switch {
		case l.waits && !l.ordered:
			a.find("I1", l.order, "waited with ticket %s, and the journal has no such order", token)
		case l.state == boxoffice.OrderComplete && !l.sold:
			a.find("I1", l.order, "sold version %d of ticket %s, and the journal has no such sale", l.version, token)
		case l.state == boxoffice.OrderPending && !held && !l.taken:
			a.find("I1", l.order, "is pending and does not hold its ticket %s", token)
		case l.state == boxoffice.OrderFailed && !l.failed && !l.taken:
			a.find("I6", l.order, "ended in ERROR and did not give ticket %s back", token)
		}
	}
	a.endGifts(token, t)
	if t.hold == string(boxoffice.HoldOrder) && !pending {
		a.find("I3", token, "is held by process %q, of which no pending order has it", t.by)
	}
}
