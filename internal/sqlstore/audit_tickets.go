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
	owner, barcode  string
	owned, version  int64
	hold, by        string
	loose, void     bool // loose: it is free, and yet something of a hold is left
	now             state
	lastSale        int64 // its version
	lastSaleBarcode string
	sales           []sale
}

// A state is what a row of the journal says of a ticket (ticketState).
type state struct {
	Owner   string `json:"owner"`
	Hold    string `json:"hold"`
	By      string `json:"by"`
	Void    bool   `json:"void"`
	Barcode string `json:"barcode"`
	Order   string `json:"order"`
}

// A sale is a line of a complete order.
type sale struct {
	order, channel, from, to string
	version                  int64
	told, printed            bool
}

// ticketStories follows every ticket through the journal.
func (a *auditor) ticketStories(ctx context.Context) error {
	for from, more := "", true; more; {
		s := &slice{from: from, stories: map[string]*story{}}
		for _, read := range []func(context.Context, *slice) error{
			a.readTickets, a.readSales, a.readPages, a.readListings, a.readJournal,
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
SELECT token, organization, event, owner, owned, barcode, void, hold, hold_by, hold_since <> 0 OR hold_terms <> '', version
FROM ticket WHERE token > $1 ORDER BY token LIMIT $2`
	last := ""
	err := a.ask(ctx, tickets, []any{s.from, int64(a.slice)}, func(r row) error {
		t := &story{
			owner: r.text(3), owned: r.int(4), barcode: r.text(5), void: r.flag(6), hold: r.text(7), by: r.text(8), version: r.int(10),
		}
		t.loose = t.hold == string(boxoffice.Free) && (t.by != "" || r.flag(9))
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

func (a *auditor) readSales(ctx context.Context, s *slice) error {
	const orders = `SELECT key, channel, lines FROM orders WHERE state = 'COMPLETE'`
	var sold int64
	defer func() { a.look(sold, "I1") }()
	return a.ask(ctx, orders, nil, func(r row) error {
		key, channel := r.text(0), r.text(1)
		var lines []boxoffice.OrderLine
		if unpack(r.text(2), &lines) != nil {
			return nil //nolint:nilerr // told with the orders
		}
		for _, line := range lines {
			if !s.covers(string(line.Token)) {
				continue
			}
			sold++
			t := s.stories[string(line.Token)]
			if t == nil {
				a.find("I1", key, "sold ticket %s, which is not there", line.Token)
				continue
			}
			t.sales = append(t.sales, sale{order: key, channel: channel, from: string(line.From), to: string(line.To), version: line.Version})
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
		var sold *sale
		if t := s.stories[token]; t != nil {
			for i := range t.sales {
				if t.sales[i].order == order {
					sold = &t.sales[i]
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
	return a.ask(ctx, `SELECT id, tokens FROM listing`, nil, func(r row) error {
		var tokens []string
		if err := unpack(r.text(1), &tokens); err != nil {
			a.find("I34", r.text(0), "names tickets that cannot be read: %v", err)
		}
		for _, token := range tokens {
			if s.covers(token) && s.stories[token] == nil {
				a.find("I34", r.text(0), "lists ticket %s, which is not there", token)
			}
		}
		a.look(1, "I34")
		return nil
	})
}

func (a *auditor) readJournal(ctx context.Context, s *slice) error {
	const changes = journalEntries + `
WHERE j.entity <> '` + entityEvents + `' AND ($1 = '' OR j.subject > $1) AND ($2 = '' OR j.subject <= $2)
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
	before, known := t.now, t.rows > 1
	t.now = state{}
	if err := json.Unmarshal([]byte(e.state), &t.now); err != nil {
		a.find("I4", e.subject, "has a state of version %d that cannot be read: %v", e.version, err)
		return
	}
	switch boxoffice.What(e.what) {
	case boxoffice.Sold:
		a.tellSale(t, e, before, known)
		return
	case boxoffice.Unlocked:
		if t.now.Hold != string(boxoffice.Free) {
			a.find("I7", e.subject, "is on hold (%s) after the unlock of version %d", t.now.Hold, e.version)
		}
	}
	if known && t.now.Owner != before.Owner {
		a.find("I2", e.subject, "changes from owner %s to %s at version %d, which is no sale", before.Owner, t.now.Owner, e.version)
	}
}

func (a *auditor) tellSale(t *story, e entry, before state, known bool) {
	if !known || before.Hold != string(boxoffice.HoldLock) || before.By != e.channel {
		a.find("I6", e.subject, "is sold by channel %s at version %d, and was not locked by it", e.channel, e.version)
	}
	t.lastSale, t.lastSaleBarcode = e.version, t.now.Barcode
	for i := range t.sales {
		line := &t.sales[i]
		if line.version != e.version || line.order != t.now.Order || line.told {
			continue
		}
		line.told = true
		if line.channel != e.channel {
			a.find("I6", e.subject, "is sold by channel %s at version %d, for order %s of channel %s", e.channel, e.version, line.order, line.channel)
		}
		if known && line.from != before.Owner || line.to != t.now.Owner {
			a.find("I2", e.subject, "goes from owner %s to %s at version %d, and order %s says from %s to %s",
				before.Owner, t.now.Owner, e.version, line.order, line.from, line.to)
		}
		return
	}
	a.find("I1", e.subject, "is sold at version %d by order %q, which has no such line", e.version, t.now.Order)
}

// end compares what the journal said of a ticket with its row.
func (a *auditor) end(token string, t *story) {
	a.whole(&t.thread, token, t.version)
	switch boxoffice.HoldKind(t.hold) {
	case boxoffice.Free:
		if t.loose {
			a.find("I3", token, "is free, and has something left of a hold of %q", t.by)
		}
	case boxoffice.HoldLock, boxoffice.HoldOrder, boxoffice.HoldTransfer, boxoffice.HoldVenue:
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
	if t.lastSale > 0 && t.lastSaleBarcode != t.barcode {
		a.find("I20", token, "has another barcode than its sale at version %d gave it", t.lastSale)
	}
	for _, line := range t.sales {
		if !line.told {
			a.find("I1", line.order, "sold version %d of ticket %s, and the journal has no such sale", line.version, token)
		}
	}
}
