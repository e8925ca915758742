package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// visitsLate is how much longer than they are good visits and links may lie about: a
// server that did not run for long drops them within a minute of its start.
const visitsLate = 24 * time.Hour

// visits checks who is signed in to MyAccount, and who may set a password. Ids are
// hashes, and people keyed hashes: they may be told.
func (a *auditor) visits(ctx context.Context) error {
	const (
		all = `
SELECT v.id, v.person, v.began_at, v.seen_at, (SELECT COUNT(*) FROM visit_account AS c WHERE c.visit = v.id)
FROM visit AS v`
		accounts = `
SELECT c.visit, c.organization, c.patron, c.password, v.id, k.key
FROM visit_account AS c LEFT JOIN visit AS v ON v.id = c.visit
	LEFT JOIN patron_key AS k ON k.key = v.person AND k.organization = c.organization AND k.patron = c.patron`
	)
	err := a.ask(ctx, all, nil, func(r row) error {
		a.look(1, "I40")
		id, began, seen := r.text(0), instant(r.int(2)), instant(r.int(3))
		if r.text(1) == "" || r.int(4) == 0 {
			a.find("I40", id, "is of nobody, or has no account")
		}
		switch {
		case seen.Before(began), seen.Sub(a.now) > clocksApart:
			a.find("I40", id, "began at %v and was last seen at %v", began, seen)
		case a.now.Sub(seen) > boxoffice.VisitIdle+visitsLate, a.now.Sub(began) > boxoffice.VisitLasts+visitsLate:
			a.find("I40", id, "began at %v, was last seen at %v, and is still there", began, seen)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = a.ask(ctx, accounts, nil, func(r row) error {
		a.look(1, "I41")
		id, organization, patron := r.text(0), r.int(1), r.text(2)
		switch {
		case r.null(4):
			a.find("I41", id, "has the account %s of organization %d, and is no visit", patron, organization)
		case r.null(5):
			a.find("I41", id, "has the account %s of organization %d, which has another mail address", patron, organization)
		case r.text(3) == "":
			a.find("I41", id, "has the account %s of organization %d without its password", patron, organization)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.passwordLinks(ctx)
}

func (a *auditor) passwordLinks(ctx context.Context) error {
	return a.ask(ctx, `SELECT id, person, ends_at, used_at FROM password_link`, nil, func(r row) error {
		a.look(1, "I42")
		id, ends, used := r.text(0), instant(r.int(2)), instant(r.int(3))
		switch {
		case r.text(1) == "":
			a.find("I42", id, "lets nobody set a password")
		case ends.Sub(a.now) > boxoffice.PasswordLinkFor+clocksApart:
			a.find("I42", id, "is good until %v", ends)
		case !used.IsZero() && (!used.Before(ends) || ends.Sub(used) > boxoffice.PasswordLinkFor+clocksApart):
			a.find("I42", id, "was used at %v, and was good for an hour until %v", used, ends)
		case a.now.Sub(ends) > boxoffice.VisitIdle+visitsLate:
			a.find("I42", id, "ended at %v and is still there", ends)
		}
		return nil
	})
}

// A takenListing is one that its patron took back.
type takenListing struct {
	id, channel, patron string
	created, taken      time.Time
}

// takenBack checks its times; with each ticket, takenWith.
func (a *auditor) takenBack(l takenListing) {
	a.look(1, "I43")
	if l.taken.Before(l.created) || l.taken.Sub(a.now) > clocksApart {
		a.find("I43", l.id, "was made at %v and taken back at %v", l.created, l.taken)
	}
}

// takenWith checks that nothing of it was on sale or being bought when it was taken
// back. What the channel locked since needs no listing.
func (a *auditor) takenWith(l takenListing, token string, t *story) {
	held := t.hold == string(boxoffice.HoldLock) && t.by == l.channel || t.hold == string(boxoffice.HoldOrder)
	if since := instant(t.since); held && t.owner == l.patron && l.taken.Sub(since) > clocksApart {
		a.find("I43", l.id, "was taken back at %v, and ticket %s has been on sale or in an order since %v", l.taken, token, since)
	}
}
