package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/push"
)

const (
	// lettersLate is how much longer than they are kept dead letters may lie about: a
	// server that did not run for long drops them within a minute of its start.
	lettersLate = 24 * time.Hour
	// clocksApart is how far the clocks of two processes may be from each other.
	clocksApart = 5 * time.Second
	// nextWithin is how soon whatever failed is tried again: 8 hours, strayed, and more
	// where the clocks of relays differ.
	nextWithin = 12 * time.Hour
)

// messages checks how far subscriptions are and what their subscribers refused.
// What they received is not in the database.
func (a *auditor) messages(ctx context.Context) error {
	if err := a.subscriptions(ctx); err != nil {
		return err
	}
	return a.letters(ctx)
}

// subscriptions holds each to the journal.
func (a *auditor) subscriptions(ctx context.Context) error {
	const all = `
SELECT s.id, s.entity, s.state, s.note, s.cursor, s.flight, s.attempts, s.due_at, s.failing_since, s.lease, s.lease_by, s.lease_until, o.id,
	(SELECT position FROM head WHERE id = 1), s.sealed = '', (SELECT epoch FROM installation)
FROM subscription AS s LEFT JOIN organization AS o ON o.id = s.organization`
	return a.ask(ctx, all, nil, func(r row) error {
		a.look(1, "I24", "I25", "I30", "I34")
		id, state, note, head := r.text(0), push.State(r.text(2)), r.text(3), r.int(13)
		cursor, flight, attempts := r.int(4), r.int(5), r.int(6)
		due, failing := r.int(7), r.int(8)
		if e := boxoffice.Entity(r.text(1)); e != boxoffice.Seats && e != boxoffice.Events {
			a.find("I24", id, "is about %q, and the journal tells of seats and events", e)
		}
		switch state {
		case push.Active:
		case push.Paused, push.Disabled, push.Resync:
			if note == "" {
				a.find("I24", id, "is %s and does not say why", state)
			}
		default:
			a.find("I24", id, "is in the unknown state %q", state)
		}
		if r.flag(14) {
			a.find("I24", id, "has no endpoint")
		}
		switch {
		case attempts < 0 || (attempts == 0) != (failing == 0) || attempts == 0 && due > 0:
			a.find("I24", id, "has %d attempts that failed, since %v, and the next is due at %v", attempts, instant(failing), instant(due))
		case instant(due).Sub(a.now) > nextWithin:
			a.find("I24", id, "is to be tried again at %v, and nothing waits so long", instant(due))
		}
		if flight != 0 && flight <= cursor {
			a.find("I25", id, "has a message in flight up to position %d, and has passed %d", flight, cursor)
		}
		lease, by, until := r.int(9), r.text(10), instant(r.int(11))
		switch {
		case (by == "") != until.IsZero(), by != "" && lease < 1:
			a.find("I25", id, "is served by %q until %v under lease %d", by, until, lease)
		case until.Sub(a.now) > push.LeaseTime+clocksApart:
			a.find("I25", id, "is served until %v, and no lease lasts longer than %v", until, push.LeaseTime)
		}
		if cursor < 0 || cursor > head || flight < 0 || flight > head {
			a.find("I30", id, "is at position %d with a message in flight up to %d, and the journal of epoch %d ends at %d", cursor, flight, r.int(15), head)
		}
		if r.null(12) {
			a.find("I34", id, "is about an organization that is not there")
		}
		return nil
	})
}

// letters holds each to the row that its subscriber refused. It may lie behind the
// cursor or, where the subscriber is told again from further back, before it.
func (a *auditor) letters(ctx context.Context) error {
	const all = `
SELECT l.subscription, l.subject, l.position, l.note, l.at, s.id, (SELECT COALESCE(MIN(position), 1) FROM batch WHERE size > 0), j.batch
FROM letter AS l
LEFT JOIN subscription AS s ON s.id = l.subscription
LEFT JOIN batch AS b ON b.size > 0 AND b.position = (SELECT MAX(position) FROM batch WHERE position <= l.position AND size > 0)
LEFT JOIN journal AS j ON j.batch = b.number AND j.n = l.position - b.position
	AND j.subject = l.subject AND j.organization = s.organization AND j.entity = s.entity`
	return a.ask(ctx, all, nil, func(r row) error {
		a.look(1, "I24", "I27")
		name, at, kept := r.text(0)+"/"+r.text(1), instant(r.int(4)), r.int(2) >= r.int(6)
		switch {
		case r.null(5):
			a.find("I24", name, "was refused by a subscription that is not there")
		case r.null(7) && kept:
			a.find("I27", name, "was refused at position %d, where the journal tells its subscriber nothing of it", r.int(2))
		}
		switch {
		case r.text(3) == "":
			a.find("I24", name, "does not say what it met")
		case at.Sub(a.now) > clocksApart:
			a.find("I24", name, "was refused at %v, which is yet to come", at)
		case a.now.Sub(at) > lettersKept+lettersLate:
			a.find("I24", name, "was refused at %v, and is kept for %v", at, lettersKept)
		}
		return nil
	})
}
