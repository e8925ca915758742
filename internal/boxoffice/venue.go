package boxoffice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// What operators are refused besides the reasons of the catalogue, which are
// partners' too.
var (
	ErrWorkUnknown = &fault.Error{Kind: fault.NotFound, Code: "WORK_NOT_FOUND", Message: "no such work"}
	ErrWorkOther   = &fault.Error{Kind: fault.Conflict, Code: "WORK_OTHER", Message: "the id was used before, for another verb or event"}
	ErrSelection   = &fault.Error{Kind: fault.BadRequest, Code: "SELECTION_INVALID", Message: "the selection names no tickets"}
)

// A Selection names tickets of one event. Its parts add up; a ticket that two of
// them name counts once.
type Selection struct {
	Event EventID
	All   bool
	Parts []Place     // sections and rows as a whole
	Seats []SeatNamed // one by one
	Pairs []SeatPair  // of an exchange, and then nothing else
}

// A Place is a section, or one row of it.
type Place struct{ Section, Row string }

// A SeatNamed is seats of one row: one, a range, or a list (SeatsWanted.Seats).
type SeatNamed struct {
	Section, Row, Seats string
	At                  string // where the operator named it, for errors: "line 7"
}

// A SeatPair is one seat and the one that it is exchanged for.
type SeatPair struct{ From, To SeatNamed }

// WorkRequest asks for a work over the tickets of a selection.
type WorkRequest struct {
	ID        WorkID // "" makes one
	Verb      What   // Held, Released, Voided, Reissued or Exchanged
	Selection Selection
	Reason    string
}

// maxSelected bounds a selection: more than the largest stadium has.
const maxSelected = MaxSeats

// rowsAtOnce is how many rows of seats are read at once.
const rowsAtOnce = 100

// BeginWork enters a work, which FinishWork and the clerk go over. It is
// idempotent by ID: the same one again is the work that is there, as far as it is,
// and ErrWorkOther where it has another verb or event. Seats that are none are
// ErrSelection, all of them named, and nothing is entered.
func (o *Office) BeginWork(ctx context.Context, by access.Principal, req WorkRequest) (WorkProgress, error) {
	if req.ID != "" {
		known, ok, err := o.store.Work(ctx, req.ID)
		if err != nil || ok {
			if err == nil && (known.Work.Verb != req.Verb || known.Work.Event != req.Selection.Event) {
				err = ErrWorkOther
			}
			return known, err
		}
	}
	work, tokens, now, err := o.selectFor(ctx, by, req)
	if err != nil {
		return WorkProgress{}, err
	}
	work.At, work.Listed = now, true
	if err := o.store.EnterWork(ctx, work, work.portions(tokens)); err != nil {
		return WorkProgress{}, err
	}
	return o.WorkProgress(ctx, work.ID)
}

// WorkProgress tells how far a work is; one that is not there is ErrWorkUnknown.
func (o *Office) WorkProgress(ctx context.Context, id WorkID) (WorkProgress, error) {
	p, ok, err := o.store.Work(ctx, id)
	if err == nil && !ok {
		err = ErrWorkUnknown
	}
	return p, err
}

// A Preview tells what a work would do now.
type Preview struct {
	Tickets, Changed, Same   int
	Locks, Orders, Transfers int // that it would end, or have end in ERROR
	Refused                  []Refusal
}

// PreviewWork tells what a work would do, and does nothing.
func (o *Office) PreviewWork(ctx context.Context, by access.Principal, req WorkRequest) (Preview, error) {
	work, tokens, _, err := o.selectFor(ctx, by, req)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Tickets: len(tokens)}
	for some := range slices.Chunk(tokens, portionTickets) {
		view, err := o.store.Tickets(ctx, some)
		if err != nil {
			return Preview{}, err
		}
		for i, token := range some {
			t := view.Tickets[token]
			changes, err := work.judge(t, view.Events[t.Event], view.Now)
			if err == nil && work.Verb == Exchanged {
				changes = t.Owner != view.Tickets[some[i^1]].Owner
			}
			p.count(work.Verb, t, changes, err)
		}
	}
	return p, nil
}

func (p *Preview) count(verb What, t Ticket, changes bool, err error) {
	switch {
	case err != nil:
		p.Refused = append(p.Refused, refuse(t.Token, err))
		return
	case !changes:
		p.Same++
		return
	}
	if p.Changed++; verb == Reissued {
		return // it leaves holds as they are
	}
	switch t.Hold.Kind {
	case HoldLock:
		p.Locks++
	case HoldOrder:
		p.Orders++
	case HoldTransfer:
		p.Transfers++
	case Free, HoldVenue:
	}
}

// selectFor makes the work of a request, and finds its tickets.
func (o *Office) selectFor(ctx context.Context, by access.Principal, req WorkRequest) (Work, []Token, time.Time, error) {
	s := req.Selection
	work := Work{ID: req.ID, Event: s.Event, Verb: req.Verb, By: by, Reason: req.Reason}
	event, now, err := o.event(ctx, s.Event)
	if err != nil {
		return work, nil, now, err
	}
	if work.Organization = event.Organization; work.ID == "" {
		work.ID = WorkID(by.RequestID)
	}
	if exchanges := len(s.Pairs) > 0; exchanges != (req.Verb == Exchanged) || exchanges && (s.All || len(s.Parts)+len(s.Seats) > 0) {
		return work, nil, now, ErrSelection.Saying("an exchange, and nothing else, names pairs of seats")
	}
	var tokens []Token
	parts := s.Parts
	if s.All {
		parts = append(parts, Place{})
	}
	for _, part := range parts {
		some, err := o.store.TokensOf(ctx, s.Event, part.Section, part.Row)
		if err != nil {
			return work, nil, now, err
		}
		if len(some) == 0 {
			return work, nil, now, ErrSelection.Saying(fmt.Sprintf("%s has no tickets in %s", s.Event, part))
		}
		tokens = append(tokens, some...)
	}
	named, err := o.namedSeats(ctx, event, s)
	if err != nil {
		return work, nil, now, err
	}
	if tokens = append(tokens, named...); req.Verb != Exchanged {
		slices.Sort(tokens) // tickets whose keys lie together cost half
		tokens = slices.Compact(tokens)
	}
	switch {
	case len(tokens) == 0:
		return work, nil, now, ErrSelection
	case len(tokens) > maxSelected:
		return work, nil, now, ErrSelection.Saying(fmt.Sprintf("a selection has up to %d tickets", maxSelected))
	}
	return work, tokens, now, nil
}

// String names the place for a person.
func (p Place) String() string {
	switch {
	case p.Section == "":
		return "any section"
	case p.Row == "":
		return "section " + p.Section
	}
	return "section " + p.Section + " row " + p.Row
}

// event reads an event by a plain read.
func (o *Office) event(ctx context.Context, id EventID) (Event, time.Time, error) {
	org, err := id.organization()
	if err != nil {
		return Event{}, time.Time{}, err
	}
	catalog, err := o.store.Catalog(ctx, org)
	if errors.Is(err, fault.OrganizationUnknown) {
		err = fault.EventUnknown
	}
	for _, e := range catalog.Events {
		if e.ID == id {
			return e, catalog.Now, err
		}
	}
	return Event{}, catalog.Now, cmp.Or(err, error(fault.EventUnknown))
}

// maxTold is how many seats that are none an error names.
const maxTold = 20

// namedSeats finds the tickets of seats that are named one by one, in the order
// named; of pairs those of each pair together.
func (o *Office) namedSeats(ctx context.Context, e Event, s Selection) ([]Token, error) {
	wanted := s.Seats
	for _, pair := range s.Pairs {
		wanted = append(wanted, pair.From, pair.To)
	}
	finder := seatFinder{office: o, event: e, rows: map[SeatRow]map[string]Token{}, orders: map[SeatRow][]string{}}
	if err := finder.read(ctx, wanted); err != nil {
		return nil, err
	}
	var (
		tokens  []Token
		wrong   []string
		missing int
	)
	for _, w := range wanted {
		found, says, err := finder.find(ctx, w)
		if err != nil {
			return nil, err
		}
		if says == "" && len(s.Pairs) > 0 && len(found) != 1 {
			says = "an exchange is of one seat for another"
		}
		if says != "" {
			if missing++; missing <= maxTold {
				wrong = append(wrong, w.At+": "+says)
			}
			continue
		}
		tokens = append(tokens, found...)
		if len(tokens) > 2*maxSelected {
			break
		}
	}
	if missing == 0 {
		return tokens, nil
	}
	if missing > maxTold {
		wrong = append(wrong, fmt.Sprintf("and %d more", missing-maxTold))
	}
	return nil, ErrSelection.Saying(strings.Join(wrong, "\n"))
}

// A seatFinder knows the rows that a selection names.
type seatFinder struct {
	office *Office
	event  Event
	rows   map[SeatRow]map[string]Token
	orders map[SeatRow][]string
}

func (f *seatFinder) row(w SeatNamed) SeatRow { return SeatRow{f.event.ID, w.Section, w.Row} }

// read reads the rows.
func (f *seatFinder) read(ctx context.Context, wanted []SeatNamed) error {
	var rows []SeatRow
	for _, w := range wanted {
		if row := f.row(w); f.rows[row] == nil {
			f.rows[row] = map[string]Token{}
			rows = append(rows, row)
		}
	}
	for some := range slices.Chunk(rows, rowsAtOnce) {
		view, err := f.office.store.Seats(ctx, some)
		if err != nil {
			return err
		}
		for _, t := range view.Tickets {
			if seats, ok := f.rows[SeatRow{t.Event, t.Section, t.Row}]; ok {
				seats[t.Seat] = t.Token
			}
		}
	}
	return nil
}

// find returns the tickets of some seats, or what is wrong with them.
func (f *seatFinder) find(ctx context.Context, w SeatNamed) (tokens []Token, says string, err error) {
	row := f.row(w)
	seats := f.rows[row]
	if len(seats) == 0 {
		return nil, fmt.Sprintf("there are no tickets in section %.32q row %.32q", w.Section, w.Row), nil
	}
	if token, ok := seats[w.Seats]; ok { // the manifest is asked for ranges and lists alone
		return []Token{token}, "", nil
	}
	if _, ok := f.orders[row]; !ok {
		if f.orders[row], err = f.office.seatOrder(ctx, f.event, row, seats); err != nil {
			return nil, "", err
		}
	}
	names, err := seatNames(w.Seats, f.orders[row])
	if err != nil {
		return nil, err.Error(), nil //nolint:nilerr // told with its place
	}
	for _, name := range names {
		token, ok := seats[name]
		if !ok {
			return nil, fmt.Sprintf("there is no ticket for section %.32q row %.32q seat %.32q", w.Section, w.Row, name), nil
		}
		tokens = append(tokens, token)
	}
	return tokens, "", nil
}
