package operatorapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Venue is what the venue does of its own accord. Errors are reasons of package
// fault.
type Venue interface {
	// BeginWork enters a work over tickets; the same id again is the same work.
	BeginWork(ctx context.Context, by access.Principal, req boxoffice.WorkRequest) (boxoffice.WorkProgress, error)
	// PreviewWork tells what a work would do.
	PreviewWork(ctx context.Context, by access.Principal, req boxoffice.WorkRequest) (boxoffice.Preview, error)
	// FinishWork does what is left of a work, for about so long.
	FinishWork(ctx context.Context, id boxoffice.WorkID, atMost time.Duration) (boxoffice.WorkProgress, error)
	// ChangeEvent changes an event, or tells what it would become.
	ChangeEvent(ctx context.Context, by access.Principal, req boxoffice.EventRequest, dry bool) (boxoffice.Turned, error)
}

const (
	// maxSelection is room for a file that names each seat of the largest stadium.
	maxSelection = 32 << 20
	// goOverFor is how long one request goes over a work: a command shows how far it
	// is about so often.
	goOverFor = 300 * time.Millisecond
	maxWorkID = 64
	maxName   = 128
)

// A VenueSelection names tickets of an event, for every verb.
type VenueSelection struct {
	Event string       `json:"event"`
	All   bool         `json:"all,omitzero"`
	Parts []VenuePlace `json:"parts,omitempty"`
	Seats []VenueSeat  `json:"seats,omitempty"`
	Pairs []VenuePair  `json:"pairs,omitempty"`
}

// A VenuePlace is a section, or a row of it.
type VenuePlace struct {
	Section string `json:"section"`
	Row     string `json:"row,omitempty"`
}

// A VenueSeat is seats of one row; At says where they were named.
type VenueSeat struct {
	Section string `json:"section"`
	Row     string `json:"row"`
	Seats   string `json:"seats"`
	At      string `json:"at"`
}

// A VenuePair is a seat and the one it is exchanged for.
type VenuePair struct {
	From VenueSeat `json:"from"`
	To   VenueSeat `json:"to"`
}

// NewWork asks for something to be done to tickets.
type NewWork struct {
	ID        string         `json:"id"` // the caller's, so that the request may be repeated
	Verb      string         `json:"verb"`
	Reason    string         `json:"reason,omitempty"`
	Selection VenueSelection `json:"selection"`
}

// A VenueWork is how far the venue is with many tickets.
type VenueWork struct {
	ID       string    `json:"id"`
	Verb     string    `json:"verb"`
	Event    string    `json:"event"`
	By       string    `json:"by"`
	Finished bool      `json:"finished"`
	Tickets  int       `json:"tickets"`
	Portions int       `json:"portions"`
	Done     int       `json:"done"` // portions
	Changed  int       `json:"changed"`
	Same     int       `json:"same"` // that were so already
	Refused  int       `json:"refused"`
	Errors   []Failure `json:"errors,omitempty"` // the first of those that were refused
}

// A VenuePreview is what a work would do.
type VenuePreview struct {
	Tickets   int       `json:"tickets"`
	Changed   int       `json:"changed"`
	Same      int       `json:"same"`
	Locks     int       `json:"locks"`     // of partners, that would end
	Orders    int       `json:"orders"`    // that wait, and would end in ERROR
	Transfers int       `json:"transfers"` // that would be cancelled
	Refused   int       `json:"refused"`
	Errors    []Failure `json:"errors,omitempty"`
}

// EventChange asks for a change of an event as a whole.
type EventChange struct {
	Event  string `json:"event"`
	Verb   string `json:"verb"`
	Start  string `json:"start,omitempty"`
	End    string `json:"end,omitempty"`
	Name   string `json:"name,omitempty"`
	Reason string `json:"reason,omitempty"`
	Dry    bool   `json:"dry,omitzero"`
}

// A VenueEvent as it stands after a change, or would stand.
type VenueEvent struct {
	Event     string `json:"event"`
	Name      string `json:"name"`
	Start     string `json:"start"` // in UTC, or a day
	End       string `json:"end"`
	OnSale    bool   `json:"onSale"`
	Cancelled bool   `json:"cancelled"`
	Version   int64  `json:"version"`
	Changed   bool   `json:"changed"`
	Work      string `json:"work,omitempty"` // over its tickets, where it opened or closed
}

// maxErrors is how many refusals an answer tells.
const maxErrors = 20

func failures(refused []boxoffice.Refusal) (errs []Failure) {
	for _, r := range refused[:min(len(refused), maxErrors)] {
		errs = append(errs, Failure{string(r.Token), r.Reason.Code, r.Reason.Message})
	}
	return errs
}

func workOf(p boxoffice.WorkProgress) VenueWork {
	return VenueWork{
		ID: string(p.Work.ID), Verb: string(p.Work.Verb), Event: string(p.Work.Event), By: string(p.Work.By.Application), Finished: p.Finished(),
		Tickets: p.Tickets, Portions: p.Portions, Done: p.Done, Changed: p.Changed, Same: p.Same, Refused: p.Refusals, Errors: failures(p.Refused),
	}
}

var workVerbs = map[string]boxoffice.What{
	"hold": boxoffice.Held, "release": boxoffice.Released, "void": boxoffice.Voided, "reissue": boxoffice.Reissued, "exchange": boxoffice.Exchanged,
}

var eventVerbs = map[string]boxoffice.What{
	"reschedule": boxoffice.Rescheduled, "rename": boxoffice.Renamed, "cancel": boxoffice.CalledOff,
	"on-sale": boxoffice.OnSale, "off-sale": boxoffice.OffSale,
}

// workRequest reads what is to be done to tickets.
func (c *call) workRequest() (req boxoffice.WorkRequest, err error) {
	var wire NewWork
	if err := c.decode(&wire); err != nil {
		return req, err
	}
	verb, ok := workVerbs[wire.Verb]
	if !ok {
		return req, fault.FieldInvalid.Saying("the verb is hold, release, void, reissue or exchange")
	}
	if err := checkReason(wire.Reason); err != nil {
		return req, err
	}
	if len(wire.ID) > maxWorkID || strings.ContainsFunc(wire.ID, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' || r == '@' }) {
		return req, fault.FieldInvalid.Saying("an id has up to " + strconv.Itoa(maxWorkID) + " printable characters without blanks, slashes and @")
	}
	req = boxoffice.WorkRequest{ID: boxoffice.WorkID(wire.ID), Verb: verb, Reason: wire.Reason}
	s := &req.Selection
	s.Event, s.All = boxoffice.EventID(wire.Selection.Event), wire.Selection.All
	for _, p := range wire.Selection.Parts {
		if p.Section == "" {
			return req, fault.FieldRequired.Saying("a part of the selection lacks its section")
		}
		s.Parts = append(s.Parts, boxoffice.Place(p))
	}
	for _, seat := range wire.Selection.Seats {
		s.Seats = append(s.Seats, boxoffice.SeatNamed(seat))
	}
	for _, p := range wire.Selection.Pairs {
		s.Pairs = append(s.Pairs, boxoffice.SeatPair{From: boxoffice.SeatNamed(p.From), To: boxoffice.SeatNamed(p.To)})
	}
	return req, nil
}

// checkReason judges why something is done, which nobody must give here.
func checkReason(reason string) error {
	if utf8.RuneCountInString(reason) > maxReason || strings.ContainsFunc(reason, unicode.IsControl) {
		return fault.FieldInvalid.Saying("a reason is one line of up to " + strconv.Itoa(maxReason) + " characters")
	}
	return nil
}

func (a *api) beginWork(ctx context.Context, c *call) (any, error) {
	req, err := c.workRequest()
	if err != nil {
		return nil, err
	}
	p, err := a.work.Venue.BeginWork(ctx, c.who, req)
	if err != nil {
		return nil, err
	}
	return workOf(p), nil
}

func (a *api) previewWork(ctx context.Context, c *call) (any, error) {
	req, err := c.workRequest()
	if err != nil {
		return nil, err
	}
	p, err := a.work.Venue.PreviewWork(ctx, c.who, req)
	if err != nil {
		return nil, err
	}
	return VenuePreview{p.Tickets, p.Changed, p.Same, p.Locks, p.Orders, p.Transfers, len(p.Refused), failures(p.Refused)}, nil
}

// goOnRequest names a work.
type goOnRequest struct {
	Work string `json:"work"`
}

func (a *api) goOn(ctx context.Context, c *call) (any, error) {
	var wire goOnRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	p, err := a.work.Venue.FinishWork(ctx, boxoffice.WorkID(wire.Work), goOverFor)
	if err != nil {
		return nil, err
	}
	return workOf(p), nil
}

func (a *api) changeEvent(ctx context.Context, c *call) (any, error) {
	var wire EventChange
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	verb, ok := eventVerbs[wire.Verb]
	switch {
	case !ok:
		return nil, fault.FieldInvalid.Saying("the verb is reschedule, rename, cancel, on-sale or off-sale")
	case verb == boxoffice.Rescheduled && wire.Start == "":
		return nil, fault.FieldRequired.Saying("reschedule needs a start")
	case verb == boxoffice.Renamed && strings.TrimSpace(wire.Name) == "":
		return nil, fault.FieldRequired.Saying("rename needs a name")
	case utf8.RuneCountInString(wire.Name) > maxName || strings.ContainsFunc(wire.Name, unicode.IsControl):
		return nil, fault.FieldInvalid.Saying("a name is one line of up to " + strconv.Itoa(maxName) + " characters")
	}
	if err := checkReason(wire.Reason); err != nil {
		return nil, err
	}
	turned, err := a.work.Venue.ChangeEvent(ctx, c.who, boxoffice.EventRequest{
		Event: boxoffice.EventID(wire.Event), Verb: verb, Start: wire.Start, End: wire.End, Name: wire.Name, Reason: wire.Reason,
	}, wire.Dry)
	if err != nil {
		return nil, err
	}
	e := turned.Event
	return VenueEvent{
		Event: string(e.ID), Name: e.Title(), Start: when(e.Start), End: when(e.End), OnSale: e.Secondary, Cancelled: e.Cancelled,
		Version: e.Version, Changed: turned.Changed, Work: string(turned.Work),
	}, nil
}

// when is a point of a schedule for a person.
func when(w boxoffice.When) string {
	if w.At.IsZero() {
		return w.Date
	}
	return instant(w.At)
}

// BeginWork has something done to tickets. The work is entered when it returns,
// and done by GoOn, or a server.
func (c *Client) BeginWork(ctx context.Context, want NewWork) (w VenueWork, err error) {
	err = c.call(ctx, http.MethodPost, workPath, want, &w)
	return w, err
}

// PreviewWork tells what a work would do.
func (c *Client) PreviewWork(ctx context.Context, want NewWork) (p VenuePreview, err error) {
	err = c.call(ctx, http.MethodPost, previewPath, want, &p)
	return p, err
}

// GoOn does a part of what is left of a work.
func (c *Client) GoOn(ctx context.Context, work string) (w VenueWork, err error) {
	err = c.call(ctx, http.MethodPost, goOnPath, goOnRequest{work}, &w)
	return w, err
}

// ChangeEvent changes an event, or tells what it would become.
func (c *Client) ChangeEvent(ctx context.Context, want EventChange) (e VenueEvent, err error) {
	err = c.call(ctx, http.MethodPost, eventPath, want, &e)
	return e, err
}
