package boxoffice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

const (
	// portionsAtOnce is how many portions are read at once.
	portionsAtOnce = 8
	// hiddenTries bounds how often a portion begins anew because one of its tickets
	// went into a transfer meanwhile, and busyTries because the store was busy.
	hiddenTries = 5
	busyTries   = 20
	busyPause   = 50 * time.Millisecond
)

// GoOver is the Chore of TaskVenue: it does the portions of a work that are left.
func (o *Office) GoOver(ctx context.Context, t ClaimedTask) (again time.Duration, err error) {
	p, err := o.FinishWork(ctx, WorkID(t.Subject), choreTime/2)
	if err != nil {
		return 0, fmt.Errorf("venue work: %w", err)
	}
	if !p.Finished() {
		return time.Millisecond, nil
	}
	return 0, nil
}

// FinishWork does the portions of a work that are left, until about so long has
// passed, and tells how far it is. Others may do so at the same time; each portion
// is done once.
func (o *Office) FinishWork(ctx context.Context, id WorkID, atMost time.Duration) (WorkProgress, error) {
	until := time.Now().Add(atMost)
	p, err := o.WorkProgress(ctx, id)
	if err != nil || p.Finished() {
		return p, err
	}
	if !p.Work.Listed {
		if err := o.list(ctx, p.Work); err != nil {
			return p, err
		}
	}
	for time.Now().Before(until) {
		open, err := o.store.OpenPortions(ctx, id, portionsAtOnce)
		if err != nil {
			return p, err
		}
		if len(open) == 0 {
			break
		}
		for _, portion := range open {
			if err := o.do(ctx, p.Work, portion); err != nil {
				return p, err
			}
			if !time.Now().Before(until) {
				break
			}
		}
	}
	return o.WorkProgress(ctx, id)
}

// list gives a work its portions: every ticket of its event. Tickets are never
// added to an event that has some but by a load, whose tickets begin as the event
// stands.
func (o *Office) list(ctx context.Context, w Work) error {
	tokens, err := o.store.TokensOf(ctx, w.Event, "", "")
	if err != nil {
		return err
	}
	w.Listed = true
	return o.store.EnterWork(ctx, w, w.portions(tokens))
}

// do does one portion. Transfers that have one of its tickets end first, each in
// an act of its own, for they have other tickets that are to be free again.
func (o *Office) do(ctx context.Context, w Work, p Portion) error {
	act := &venueAct{work: w, portion: p}
	hidden := 0
	for busy := 0; ; {
		err := o.store.Do(ctx, act)
		switch {
		case errors.Is(err, errHidden) && hidden < hiddenTries:
			hidden++
			if err := o.endTransfers(ctx, w, p); err != nil {
				return err
			}
		case errors.Is(err, fault.Busy) && busy < busyTries:
			busy++
			rest(ctx, busyPause, nil, nil)
		case errors.Is(err, errHidden):
			return fault.Busy
		default:
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// endTransfers cancels the pending transfers that the portion's tickets are in.
func (o *Office) endTransfers(ctx context.Context, w Work, p Portion) error {
	view, err := o.store.Tickets(ctx, p.Tokens)
	if err != nil {
		return err
	}
	ended := map[string]bool{}
	for _, token := range p.Tokens {
		hold := view.Tickets[token].Hold
		if hold.Kind != HoldTransfer || ended[hold.By] {
			continue
		}
		ended[hold.By] = true
		transfer, ok, err := o.store.TransferBy(ctx, TransferKey(hold.By))
		if err != nil {
			return err
		}
		if !ok {
			continue // the audit tells of it
		}
		if err := o.store.Do(ctx, &cancelAct{who: w.By, transfer: transfer, by: BySystem}); err != nil {
			return err
		}
	}
	return nil
}

// An EventRequest asks for a change of an event as a whole.
type EventRequest struct {
	Event      EventID
	Verb       What   // Rescheduled, Renamed, CalledOff, OnSale or OffSale
	Start, End string // of Rescheduled, at the venue: see ParseWhen
	Name       string // of Renamed: what partners see (Event.Title)
	Reason     string
}

// Turned is what became of an EventRequest.
type Turned struct {
	Event   Event
	Changed bool   // it was not so already
	Work    WorkID // goes over the event's tickets; "" where nothing changes for them
}

// ChangeEvent changes an event: from the commit on its tickets are refused, or
// not, as it stands now. Where it opens or closes (Event.Open) that leaves a work
// over its tickets, which ends locks and tells subscribers seat by seat. Doing it
// again changes nothing. A date that is none is fault.DateInvalid, an end before
// the start fault.FieldInvalid, and a cancelled event fault.EventClosed, for that
// is for good.
func (o *Office) ChangeEvent(ctx context.Context, by access.Principal, req EventRequest, dry bool) (Turned, error) {
	if _, _, err := o.event(ctx, req.Event); err != nil {
		return Turned{}, err
	}
	act := &eventAct{by: by, req: req, dry: dry}
	if err := o.store.Do(ctx, act); err != nil {
		return Turned{}, err
	}
	return act.answer, nil
}

// An eventAct changes one event. It names the event alone: whoever locks tickets
// reads their events without a lock, and after the tickets, so an act that locked
// both could wait for one who waits for it.
type eventAct struct {
	by  access.Principal
	req EventRequest
	dry bool

	answer Turned
}

func (a *eventAct) Needs() Needs { return Needs{Events: []EventID{a.req.Event}} }

func (a *eventAct) Decide(b *Books) error {
	a.answer = Turned{}
	was, ok := b.EventNamed(a.req.Event)
	if !ok {
		return fault.EventUnknown
	}
	e, err := a.turn(was, b.Organization(was.Organization).Location())
	if err != nil {
		return err
	}
	a.answer.Event, a.answer.Changed = e, !e.sameAs(was)
	if !a.answer.Changed || a.dry {
		return nil
	}
	b.ChangeEvent(e, a.req.Verb, a.by, a.req.Reason)
	a.answer.Event.Version++ // as it is kept
	before, after := was.Open(b.Now), e.Open(b.Now)
	if before == after {
		return nil
	}
	work := Work{
		ID:           WorkID(fmt.Sprintf("%s@%d", e.ID, a.answer.Event.Version)),
		Organization: e.Organization, Event: e.ID, Verb: Closed, By: a.by, Reason: a.req.Reason, At: b.Now,
	}
	if after {
		work.Verb = Opened
	}
	b.Begin(work)
	a.answer.Work = work.ID
	return nil
}

// turn is the event as it is to be.
func (a *eventAct) turn(e Event, zone *time.Location) (Event, error) {
	if e.Cancelled && a.req.Verb != CalledOff {
		return e, fault.EventClosed.Saying("the event is cancelled, and that is for good")
	}
	switch a.req.Verb {
	case CalledOff:
		e.Cancelled = true
	case OnSale:
		e.Secondary = true
	case OffSale:
		e.Secondary = false
	case Renamed:
		switch { // the one that partners see
		case e.InternetName != "":
			e.InternetName = a.req.Name
		case e.ItemName != "":
			e.ItemName = a.req.Name
		default:
			e.Name = a.req.Name
		}
	case Rescheduled:
		return a.move(e, zone)
	default:
		panic("no event has the verb " + string(a.req.Verb))
	}
	return e, nil
}

// move gives the event its new times. Without an end it lasts as long as before;
// where that cannot be told, it has the day alone.
func (a *eventAct) move(e Event, zone *time.Location) (Event, error) {
	start, err := ParseWhen(a.req.Start, zone)
	if err != nil {
		return e, err
	}
	end, err := ParseWhen(a.req.End, zone)
	if err != nil {
		return e, err
	}
	if end.IsZero() {
		switch {
		case e.End.IsZero():
		case start.At.IsZero() || e.Start.At.IsZero() || e.End.At.IsZero():
			end = When{Date: start.day(zone)}
		default:
			end.At = start.At.Add(e.End.At.Sub(e.Start.At))
		}
	}
	if !end.IsZero() && (end.day(zone) < start.day(zone) || !end.At.IsZero() && end.At.Before(start.At)) {
		return e, fault.FieldInvalid.Saying("the event would end before it begins")
	}
	e.Start, e.End, e.Over = start, end, OverAt(start, end, zone)
	return e, nil
}

// day is the date at the venue.
func (w When) day(zone *time.Location) string {
	if w.At.IsZero() {
		return w.Date
	}
	return w.At.In(zone).Format(time.DateOnly)
}

// ParseWhen reads a point of a schedule as an operator writes it: a time at the
// venue such as 2026-11-05T19:30, a time anywhere such as 2026-11-05T19:30:00Z, or
// a day whose time is still to be announced. "" is nothing.
func ParseWhen(text string, zone *time.Location) (When, error) {
	if text == "" {
		return When{}, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return When{Date: day.Format(time.DateOnly)}, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if at, err := time.ParseInLocation(form, text, zone); err == nil {
			return When{At: at.UTC()}, nil
		}
	}
	return When{}, fault.DateInvalid.Saying(fmt.Sprintf("%.40q is no time such as 2026-11-05T19:30 at the venue, nor a day such as 2026-11-05", text))
}

// sameAs compares what acts of the venue change.
func (e Event) sameAs(other Event) bool {
	return e.Name == other.Name && e.ItemName == other.ItemName && e.InternetName == other.InternetName &&
		e.Start.same(other.Start) && e.End.same(other.End) && e.Over.Equal(other.Over) &&
		e.Secondary == other.Secondary && e.Cancelled == other.Cancelled
}

func (w When) same(other When) bool { return w.At.Equal(other.At) && w.Date == other.Date }
