package sqlstore

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A swapped ticket is one side of an exchange, as its row of the journal has it.
type swapped struct {
	token, with, from, to string
	version, batch        int64
}

// tellVenue is told of every change, and looks at those that are the venue's, or
// that end what is the venue's.
func (a *auditor) tellVenue(t *story, e entry, before state) {
	free, venue := string(boxoffice.Free), string(boxoffice.HoldVenue)
	was := t.now.before()
	broken := false
	switch boxoffice.What(e.what) {
	case boxoffice.Held:
		broken = t.now.Hold != venue
	case boxoffice.Released:
		broken = was.Hold != venue || t.now.Hold != free
	case boxoffice.Voided:
		broken = was.Void || !t.now.Void || t.now.Hold != free
	case boxoffice.Closed:
		broken = t.now.Hold != free || was.Hold != free && was.Hold != string(boxoffice.HoldLock) || !t.now.Closed
	case boxoffice.Opened:
		broken = t.now.Hold != free || was.Hold != free || t.now.Closed
	case boxoffice.Reissued:
		broken = was != t.now.standing || t.now.Barcode == ""
	case boxoffice.Exchanged:
		broken = t.now.Hold != free && t.now.Hold != venue || t.now.Barcode == "" || was.Owner == t.now.Owner
		t.lastSale = e.version
		a.swaps = append(a.swaps, swapped{e.subject, t.now.With, was.Owner, t.now.Owner, e.version, e.batch})
	default:
		if was.Hold == venue && t.now.Hold != venue {
			a.find("I5", e.subject, "is held by the venue at version %d, and %s ends that", e.version-1, e.what)
		}
		return
	}
	if broken {
		a.find("I7", e.subject, "is on hold (%s), void %t, after the %s of version %d, and was on hold (%s), void %t",
			t.now.Hold, t.now.Void, e.what, e.version, was.Hold, was.Void)
	}
	if e.channel != "" {
		a.find("I5", e.subject, "is changed by channel %s at version %d as only the venue may (%s)", e.channel, e.version, e.what)
	}
}

// exchanges holds the two sides of each to each other. They stand in one batch.
func (a *auditor) exchanges(context.Context) error {
	type side struct {
		token, with string
		batch       int64
	}
	// In a chain of exchanges a ticket changes more than once with the same other one
	// only where they go back and forth, so a side is known by who had it.
	sides := map[side][]swapped{}
	for _, s := range a.swaps {
		key := side{s.token, s.with, s.batch}
		sides[key] = append(sides[key], s)
	}
	a.look(int64(len(a.swaps)), "I2")
	for _, s := range a.swaps {
		others := sides[side{s.with, s.token, s.batch}]
		if !slices.ContainsFunc(others, func(o swapped) bool { return o.from == s.to && o.to == s.from }) {
			a.find("I2", s.token, "goes from owner %s to %s at version %d in exchange for ticket %q, which does not go the other way",
				s.from, s.to, s.version, s.with)
		}
	}
	return nil
}

// eventsStand compares each event with what the journal said of it last.
func (a *auditor) eventsStand(ctx context.Context) error {
	const (
		events = `
SELECT id, CASE WHEN internet_name <> '' THEN internet_name WHEN item_name <> '' THEN item_name ELSE name END,
	start_at, start_date, end_at, end_date, secondary, cancelled, facility_code, facility_name
FROM event`
	)
	return a.ask(ctx, events, nil, func(r row) error {
		story := a.events[r.text(0)]
		if story == nil || story.says == "" {
			return nil
		}
		var says eventSays
		if err := json.Unmarshal([]byte(story.says), &says); err != nil {
			a.find("I4", r.text(0), "has a change in the journal that cannot be read: %v", err)
			return nil
		}
		is := eventSays{
			billed{r.text(1), r.int(2), r.text(3), r.int(4), r.text(5), r.text(8), r.text(9), r.flag(6) && !r.flag(7)}, r.flag(6), r.flag(7), "", nil,
		}
		if says.Was == nil { // of the first edition, which said no more
			is.Facility, is.FacilityName, is.Offered = "", "", false
		}
		says.Reason, says.Was = "", nil
		if says != is {
			a.find("I4", r.text(0), "is %+v, and in the journal %+v", is, says)
		}
		return nil
	})
}

// works checks that whatever the venue began comes to its end, and that each
// portion tells of all its tickets.
func (a *auditor) works(ctx context.Context) error {
	const (
		works = `
SELECT w.id, w.listed, w.verb,
	(SELECT COUNT(*) FROM venue_portion AS p WHERE p.work = w.id AND p.done_at = 0),
	(SELECT COUNT(*) FROM task AS t WHERE t.kind = 'venue' AND t.subject = w.id)
FROM venue_work AS w`
		torn = `
SELECT p.key, p.tickets, p.changed + p.same, p.refusals
FROM venue_portion AS p JOIN venue_work AS w ON w.id = p.work
WHERE p.done_at > 0 AND p.changed + p.same + p.refusals * (CASE w.verb WHEN 'exchange' THEN 2 ELSE 1 END) <> p.tickets`
		strays = `SELECT p.key FROM venue_portion AS p LEFT JOIN venue_work AS w ON w.id = p.work WHERE w.id IS NULL`
	)
	verbs := []boxoffice.What{
		boxoffice.Held, boxoffice.Released, boxoffice.Voided, boxoffice.Reissued, boxoffice.Exchanged, boxoffice.Closed, boxoffice.Opened,
	}
	err := a.ask(ctx, works, nil, func(r row) error {
		a.look(1, "I37")
		id, open := r.text(0), r.int(3)
		switch {
		case !slices.Contains(verbs, boxoffice.What(r.text(2))):
			a.find("I37", id, "has an unknown verb, %q", r.text(2))
		case (open > 0 || !r.flag(1)) && r.int(4) == 0:
			a.find("I37", id, "has %d portions to do, listed %t, and no task is there to do them", open, r.flag(1))
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = a.ask(ctx, torn, nil, func(r row) error {
		a.find("I37", r.text(0), "is done with %d tickets and refused %d, and has %d", r.int(2), r.int(3), r.int(1))
		return nil
	})
	if err != nil {
		return err
	}
	return a.ask(ctx, strays, nil, func(r row) error {
		a.find("I37", r.text(0), "is a portion of no work")
		return nil
	})
}
