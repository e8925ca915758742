package boxoffice

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

type (
	// A WorkID names a work. Who gives it the same id again means the same work.
	WorkID string
	// A PortionKey is the work's id and the number of the portion: work/000001.
	PortionKey string
)

// A Work is something the venue does to tickets, however many. It is entered
// whole, in portions, and then done portion by portion:
//
//	entered ──▶ portion 1 done ──▶ … ──▶ portion n done
//
// A portion is one act that changes its tickets and notes that it is done, in
// the same transaction. So whoever goes over the work, the command that waits for
// it, a clerk, or both, does each portion once, and a work that was interrupted
// goes on where it was.
type Work struct {
	ID           WorkID
	Organization access.OrganizationID
	Event        EventID
	Verb         What             // Held, Released, Voided, Reissued, Exchanged, Closed or Opened
	By           access.Principal // its application and Request-ID
	Reason       string           // in the operator's words, for operators alone
	At           time.Time
	// Listed is false while the portions are still to be made: an act that turns an
	// event leaves a work over its tickets, which it does not know.
	Listed bool
}

// portionTickets is how many tickets a portion has at most. Locks wait for one
// no longer than for a large batch.
const portionTickets = 500

// A Portion is tickets of a work that are done in one act.
type Portion struct {
	Key     PortionKey
	Work    WorkID
	Tokens  []Token // of an exchange pairs: from, to, from, to…
	Done    time.Time
	Changed int
	Same    int // were so already
	Refused []Refusal
}

// WorkProgress is how far a work is.
type WorkProgress struct {
	Work     Work
	Tickets  int // of all its portions; pairs count twice
	Portions int
	Done     int // portions
	Changed  int
	Same     int
	Refused  []Refusal // the first of them
	Refusals int       // how many there are
}

// Finished reports whether nothing is left to do.
func (p WorkProgress) Finished() bool { return p.Work.Listed && p.Done == p.Portions }

// Works keeps what the venue does in portions.
type Works interface {
	// EnterWork adds a work with its portions and its task. Where the id is known
	// nothing happens, but that a work which is not listed gets its portions.
	EnterWork(ctx context.Context, w Work, portions []Portion) error
	// Work tells how far a work is; false where there is none.
	Work(ctx context.Context, id WorkID) (WorkProgress, bool, error)
	// OpenPortions returns the first portions of a work that are not done.
	OpenPortions(ctx context.Context, id WorkID, limit int) ([]Portion, error)
	// TokensOf returns the tickets of an event that are not void, in the order of
	// their tokens; section and row narrow it where they are not "".
	TokensOf(ctx context.Context, event EventID, section, row string) ([]Token, error)
}

// task goes over the tickets of the work.
func (w Work) task(due time.Time) Task {
	return Task{ID: TaskVenue + "/" + string(w.ID), Kind: TaskVenue, Subject: string(w.ID), Due: due}
}

// Task is what is left to be done after the work is entered, due at its time.
func (w Work) Task() Task { return w.task(w.At) }

// portions cuts tickets into portions.
func (w Work) portions(tokens []Token) []Portion {
	var all []Portion
	for begin := 0; begin < len(tokens); begin += portionTickets { // an even number: no pair is cut
		n := strconv.Itoa(len(all) + 1)
		all = append(all, Portion{
			Key:  PortionKey(string(w.ID) + "/" + strings.Repeat("0", max(0, 6-len(n))) + n),
			Work: w.ID, Tokens: tokens[begin:min(len(tokens), begin+portionTickets)],
		})
	}
	return all
}

// A venueAct does one portion of a work.
type venueAct struct {
	work    Work
	portion Portion // as it was looked at; its tickets never change
}

func (a *venueAct) Needs() Needs {
	return Needs{Portions: []PortionKey{a.portion.Key}, Tickets: a.portion.Tokens}
}

// Decide changes each ticket by itself: one that cannot be changed is noted with
// its reason and does not stop the others. A portion that is done stays as it is.
func (a *venueAct) Decide(b *Books) error {
	p, ok := b.Portion(a.portion.Key)
	if !ok || !p.Done.IsZero() {
		return nil
	}
	width := 1
	if a.work.Verb == Exchanged {
		width = 2
	}
	for i := 0; i+width <= len(p.Tokens); i += width {
		var (
			changed bool
			err     error
		)
		if a.work.Verb == Exchanged {
			changed, err = a.exchange(b, p.Tokens[i], p.Tokens[i+1])
		} else {
			changed, err = a.one(b, p.Tokens[i])
		}
		switch {
		case err == errHidden: //nolint:errorlint // it is our own, and never wrapped
			return err
		case err != nil:
			p.Refused = append(p.Refused, refuse(p.Tokens[i], err))
		case changed:
			p.Changed += width
		default:
			p.Same += width
		}
	}
	p.Done = b.Now
	b.PutPortion(p)
	return nil
}

func (a *venueAct) one(b *Books, token Token) (changed bool, err error) {
	t, ok := b.Ticket(token)
	if !ok {
		return false, fault.TokenUnknown
	}
	changes, err := a.work.judge(t, b.Event(t.Event), b.Now)
	if err != nil || !changes {
		return false, err
	}
	switch a.work.Verb {
	case Held, Voided:
		if t.Hold.Kind == HoldTransfer {
			return false, errHidden // the transfer ends first
		}
		t.Void, t.Hold = a.work.Verb == Voided, Hold{}
		if a.work.Verb == Held {
			t.Hold = Hold{Kind: HoldVenue, By: string(a.work.By.Application), Since: b.Now}
		}
	case Released, Closed:
		t.Hold = Hold{}
	case Reissued:
		t.Barcode = newBarcode(b, t.Organization)
	}
	b.change(t, Entered{What: a.work.Verb, By: a.work.By, Reason: a.work.Reason})
	return true, nil
}

// judge tells whether the work changes a ticket, or why it must not.
func (w Work) judge(t Ticket, e Event, now time.Time) (changes bool, err error) {
	gone := fault.TokenNotAvailable.Saying("the ticket is void")
	if t.Organization != w.Organization {
		return false, fault.TokenUnknown
	}
	switch w.Verb {
	case Held:
		if t.Void {
			return false, gone
		}
		return t.Hold.Kind != HoldVenue, nil
	case Released:
		if t.Void {
			return false, gone
		}
		return t.Hold.Kind == HoldVenue, nil
	case Voided:
		return !t.Void, nil
	case Reissued, Exchanged:
		if t.Void {
			return false, gone
		}
		return true, nil
	case Closed:
		// Only what could be listed until then. What an order or a transfer has stays
		// theirs to end, and a subscriber knows already that it is not to be had.
		return !e.Open(now) && !t.Void && (t.Hold.Kind == Free || t.Hold.Kind == HoldLock), nil
	case Opened:
		return e.Open(now) && !t.Void && t.Hold.Kind == Free, nil
	}
	panic("no work has the verb " + string(w.Verb))
}

// exchange moves owner and barcode of one seat to another of the same event: the
// paper in the patron's hand opens the gate for the new seat. The old seat goes to
// whoever had the new one, with a barcode that nobody has seen. Whatever partners
// had of either ends; a hold of the venue stays on the old seat, which may be why
// it is exchanged, and ends on the new one.
func (a *venueAct) exchange(b *Books, from, to Token) (changed bool, err error) {
	left, ok := b.Ticket(from)
	right, found := b.Ticket(to)
	if !ok || !found {
		return false, fault.TokenUnknown
	}
	for _, t := range []Ticket{left, right} {
		if _, err := a.work.judge(t, b.Event(t.Event), b.Now); err != nil {
			return false, err
		}
	}
	switch {
	case from == to, left.Event != right.Event:
		return false, fault.TokenNotAvailable.Saying("an exchange is between two seats of one event")
	case left.Owner == right.Owner:
		return false, nil
	case left.Hold.Kind == HoldTransfer || right.Hold.Kind == HoldTransfer:
		return false, errHidden
	}
	left.Owner, right.Owner = right.Owner, left.Owner
	left.Barcode, right.Barcode = newBarcode(b, left.Organization), left.Barcode
	left.Owned, right.Owned = left.Version+1, right.Version+1
	if left.Hold.Kind != HoldVenue {
		left.Hold = Hold{}
	}
	right.Hold = Hold{}
	b.change(left, Entered{What: Exchanged, By: a.work.By, Reason: a.work.Reason, With: to})
	b.change(right, Entered{What: Exchanged, By: a.work.By, Reason: a.work.Reason, With: from})
	return true, nil
}
