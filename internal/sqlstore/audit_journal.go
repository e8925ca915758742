package sqlstore

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// An entry is a row of the journal at its place.
type entry struct {
	batch, place  int64 // place is its position, 0 where the batch has none yet
	prior         int64 // the batch of the row before, of a ticket
	batched       bool  // its batch is there
	subject       string
	version       int64
	what, channel string
	state         string
}

const journalEntries = `
SELECT j.batch, COALESCE(b.position + j.n, 0), b.number, j.subject, j.version, j.what, j.channel, j.state, j.prior
FROM journal AS j LEFT JOIN batch AS b ON b.number = j.batch`

func readEntry(r row) entry {
	return entry{
		batch: r.int(0), place: r.int(1), batched: !r.null(2),
		subject: r.text(3), version: r.int(4), what: r.text(5), channel: r.text(6), state: r.text(7), prior: r.int(8),
	}
}

// A thread is what the rows of any subject have in common.
type thread struct {
	rows, version, place int64 // of the newest
	unplaced             bool  // a row came that has no position yet
}

// follow goes on to the next row of a subject, in the order of the batches.
func (a *auditor) follow(t *thread, e entry) {
	if e.version != t.version+1 {
		a.find("I28", e.subject, "has version %d after %d", e.version, t.version)
	}
	switch {
	case !e.batched:
		a.find("I36", e.subject, "has version %d in batch %d, which is not there", e.version, e.batch)
	case e.place == 0:
		t.unplaced = true
	case t.unplaced || e.place <= t.place:
		a.find("I36", e.subject, "has version %d at position %d, and an earlier one behind it", e.version, e.place)
	}
	t.rows, t.version, t.place = t.rows+1, e.version, max(t.place, e.place)
}

// whole compares a subject's version with its rows.
func (a *auditor) whole(t *thread, subject string, version int64) {
	if t.rows != version || t.version != version {
		a.find("I23", subject, "is at version %d, and has %d rows in the journal, the last of version %d", version, t.rows, t.version)
	}
}

// An eventStory is one event, its journal, and its tickets.
type eventStory struct {
	thread
	organization   int64
	season         string
	current        int64 // its version
	tickets        int64
	largest, total int64  // counts of the loads
	says           string // by its last row that is no load
}

// eventStories follows every event through the journal.
func (a *auditor) eventStories(ctx context.Context) error {
	const (
		events  = `SELECT id, organization, season, version FROM event`
		changes = journalEntries + ` WHERE j.entity = '` + string(boxoffice.Events) + `' ORDER BY j.batch, j.n`
	)
	err := a.ask(ctx, events, nil, func(r row) error {
		a.events[r.text(0)] = &eventStory{organization: r.int(1), season: r.text(2), current: r.int(3)}
		return nil
	})
	if err != nil {
		return err
	}
	a.look(int64(len(a.events)), "I8", "I23")
	return a.ask(ctx, changes, nil, func(r row) error {
		a.look(1, "I8", "I23", "I28", "I36")
		e := readEntry(r)
		story := a.events[e.subject]
		if story == nil {
			a.find("I23", e.subject, "has version %d in the journal and is no event", e.version)
			return nil
		}
		a.follow(&story.thread, e)
		if e.what != "load" {
			story.says = e.state
			return nil
		}
		var load struct {
			Tickets int64 `json:"tickets"`
		}
		if err := json.Unmarshal([]byte(e.state), &load); err != nil {
			a.find("I8", e.subject, "has a load of version %d that cannot be read: %v", e.version, err)
		}
		story.largest, story.total = max(story.largest, load.Tickets), story.total+load.Tickets
		return nil
	})
}

// endEvent compares an event with its rows and its tickets. A load counts the
// tickets it was given, and leaves those as they are that were there before: two
// loads may have had the same tickets, or none in common.
func (a *auditor) endEvent(id string, e *eventStory) {
	a.whole(&e.thread, id, e.current)
	if e.tickets < e.largest || e.tickets > e.total {
		a.find("I8", id, "has %d tickets, and its loads had %d, the largest %d", e.tickets, e.total, e.largest)
	}
}

// seats looks for seats and barcodes that two tickets have.
func (a *auditor) seats(ctx context.Context) error {
	const (
		twice = `
SELECT event, section, row, seat, MIN(token), MAX(token)
FROM ticket WHERE NOT void GROUP BY event, section, row, seat HAVING COUNT(*) > 1`
		sameBarcode = `
SELECT event, MIN(token), MAX(token) FROM ticket GROUP BY event, barcode HAVING COUNT(*) > 1`
	)
	err := a.ask(ctx, twice, nil, func(r row) error {
		a.find("I8", r.text(4), "has seat %s %s %s %s, and ticket %s has it too", r.text(0), r.text(1), r.text(2), r.text(3), r.text(5))
		return nil
	})
	if err != nil {
		return err
	}
	// A barcode opens the gate, so it is not told.
	return a.ask(ctx, sameBarcode, nil, func(r row) error {
		a.find("I8", r.text(1), "has the barcode of ticket %s, of the same event %s", r.text(2), r.text(0))
		return nil
	})
}

// references looks for what is named and is not there.
func (a *auditor) references(ctx context.Context) error {
	const (
		owners = `
SELECT t.token, t.owner
FROM ticket AS t LEFT JOIN patron AS p ON p.organization = t.organization AND p.id = t.owner
WHERE p.id IS NULL`
		buyers = `
SELECT o.key, o.buyer
FROM orders AS o LEFT JOIN patron AS p ON p.organization = o.organization AND p.id = o.buyer
WHERE p.id IS NULL`
	)
	err := a.ask(ctx, owners, nil, func(r row) error {
		a.find("I34", r.text(0), "belongs to %s, who is no patron", r.text(1))
		return nil
	})
	if err != nil {
		return err
	}
	return a.ask(ctx, buyers, nil, func(r row) error {
		a.find("I34", r.text(0), "was bought by %s, who is no patron", r.text(1))
		return nil
	})
}

// batches looks for rows and positions that are missing or there twice.
func (a *auditor) batches(ctx context.Context) error {
	const (
		all  = `SELECT COUNT(*) FROM batch`
		torn = `
SELECT b.number, b.size, COALESCE(j.found, 0), COALESCE(j.lowest, 0), COALESCE(j.highest, 0)
FROM batch AS b LEFT JOIN (
	SELECT batch, COUNT(*) AS found, MIN(n) AS lowest, MAX(n) AS highest FROM journal GROUP BY batch
) AS j ON j.batch = b.number
WHERE b.size <> COALESCE(j.found, 0) OR j.lowest <> 0 OR j.highest <> j.found - 1`
		// A batch without rows stands where the next one begins.
		misplaced = `
SELECT p.number, p.position, p.due
FROM (
	SELECT number, position, COALESCE(LAG(position + size) OVER (ORDER BY position, size, number), 1) AS due
	FROM batch WHERE position IS NOT NULL
) AS p
WHERE p.position <> p.due`
		head = `
SELECT (SELECT COALESCE(MAX(position), 0) FROM head), (SELECT COALESCE(MAX(position + size - 1), 0) FROM batch)`
		unplaced = `SELECT COUNT(*) FROM batch WHERE position IS NULL`
	)
	rows, err := a.count(ctx, all)
	if err != nil {
		return err
	}
	a.look(rows, "I36")
	waiting, err := a.count(ctx, unplaced)
	if err != nil {
		return err
	}
	switch {
	case waiting > 0 && a.db.numbersAtOnce():
		a.find("I36", "batch", "%d have no position, and on this database each gets one in its own transaction", waiting)
	case waiting > 0:
		a.note("%d batches wait for their position: a server gives it to them", waiting)
	}
	return a.tx.run(ctx,
		step{text: torn, each: func(r row) error {
			a.find("I36", "batch "+string(appendInt(nil, r.int(0))), "is of %d rows, and has %d, from %d to %d", r.int(1), r.int(2), r.int(3), r.int(4))
			return nil
		}},
		step{text: misplaced, each: func(r row) error {
			a.find("I36", "batch "+string(appendInt(nil, r.int(0))), "is at position %d and its turn is at %d", r.int(1), r.int(2))
			return nil
		}},
		step{text: head, each: func(r row) error {
			if r.int(0) != r.int(1) {
				a.find("I36", "head", "is at position %d, and the last row at %d", r.int(0), r.int(1))
			}
			return nil
		}})
}
