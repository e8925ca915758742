package operatorapi

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Shelves are where things are looked up. Errors are reasons of package fault.
type Shelves interface {
	Tickets(ctx context.Context, tokens []boxoffice.Token) (boxoffice.View, error)
	Seats(ctx context.Context, rows []boxoffice.SeatRow) (boxoffice.View, error)
	Listing(ctx context.Context, id boxoffice.ListingID) (boxoffice.Listing, boxoffice.View, error)
	Order(ctx context.Context, key boxoffice.OrderKey) (boxoffice.Order, bool, error)
	TransferOf(ctx context.Context, code string) (boxoffice.Transfer, bool, error)
	TransferBy(ctx context.Context, key boxoffice.TransferKey) (boxoffice.Transfer, bool, error)
	Story(ctx context.Context, entity boxoffice.Entity, subject string, version int64, limit int) ([]boxoffice.Change, error)
	boxoffice.Finder
}

// The kinds of things that are shown, as commands name them. A seat is asked for
// by four words and is a ticket; a Request-ID has a call of its own.
const (
	KindTicket   = "ticket"
	KindBarcode  = "barcode"
	KindOrder    = "order"
	KindListing  = "listing"
	KindTransfer = "transfer"
)

// MostStory is how many rows of the journal one answer tells of a ticket.
const MostStory = 1000

// A ShowRequest asks how something stands and how it came to that.
type ShowRequest struct {
	Words    []string `json:"words"`    // one name, or an event, a section, a row and a seat
	Kind     string   `json:"kind"`     // "" is whatever has the name
	Personal bool     `json:"personal"` // names, addresses and barcodes too
	Limit    int      `json:"limit"`    // newest rows of each story
}

// Shown is how something stands: the tickets it is about, each with its story.
type Shown struct {
	Kind     string        `json:"kind"`
	Order    *Order        `json:"order,omitempty"`
	Listing  *Listing      `json:"listing,omitempty"`
	Transfer *Transfer     `json:"transfer,omitempty"`
	Tickets  []ShownTicket `json:"tickets"`
	People   []Person      `json:"people,omitempty"` // only where they were asked for
}

// A ShownTicket is a ticket with its story.
type ShownTicket struct {
	Token        string `json:"token"`
	Organization int64  `json:"organizationId"`
	Event        string `json:"accessId"`
	Title        string `json:"event"`
	EventIs      string `json:"eventIs"` // open, over, cancelled or off sale
	Section      string `json:"section"`
	Row          string `json:"row"`
	Seat         string `json:"seat"`
	Owner        string `json:"ownerId"`
	Barcode      string `json:"barcode,omitempty"` // it opens the gate: only where it was asked for
	Void         bool   `json:"void"`
	Hold         string `json:"hold"` // "", lock, order, transfer or venue
	HeldBy       string `json:"heldBy,omitempty"`
	HeldSince    string `json:"heldSince,omitempty"`
	Version      int64  `json:"version"`
	Story        []Step `json:"story"` // the oldest first
	Older        int64  `json:"older"` // rows before them
}

// A Step is one row of the journal.
type Step struct {
	At          string `json:"at"`
	What        string `json:"what"`
	Application string `json:"application"` // operator/NAME for an operator, "" for the house itself
	Channel     string `json:"channel"`
	RequestID   string `json:"requestId"`
	Subject     string `json:"subject"` // the token or the event
	Version     int64  `json:"version"`
	Position    int64  `json:"position"`
	Owner       string `json:"ownerId,omitempty"`
	Was         string `json:"was,omitempty"` // the owner before, where it is another
	Hold        string `json:"hold,omitempty"`
	HeldBy      string `json:"heldBy,omitempty"`
	Void        bool   `json:"void,omitempty"`
	Order       string `json:"order,omitempty"`
}

// A Transfer as operators see it. Its transferId is a credential, and not shown.
type Transfer struct {
	Code         string         `json:"confirmationCd"`
	Key          string         `json:"transfer"` // channel/externalTransferId
	State        string         `json:"state"`
	Organization int64          `json:"organizationId"`
	From         string         `json:"fromId"`
	To           string         `json:"toId,omitempty"`
	Sent         string         `json:"sent"`
	Expires      string         `json:"expires"`
	History      []TransferStep `json:"history"`
}

// A TransferStep is one of a transfer's history.
type TransferStep struct {
	Op string `json:"op"`
	By string `json:"by"`
	At string `json:"at"`
}

// A Person is who owns or bought something.
type Person struct {
	Patron string `json:"patronId"`
	Name   string `json:"name"`
	Email  string `json:"email"`
}

// ErrNothing is for operators alone, so it is not in the catalogue.
var ErrNothing error = &fault.Error{Kind: fault.NotFound, Code: "NOTHING_FOUND", Message: "nothing has this name"}

func (a *api) show(ctx context.Context, c *call) (any, error) {
	var wire ShowRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	if len(wire.Words) != 1 && len(wire.Words) != 4 || slices.Contains(wire.Words, "") || wire.Limit < 1 || wire.Limit > MostStory {
		return nil, fault.FieldInvalid.Saying("one name is shown, or an event, a section, a row and a seat, with 1 to " + strconv.Itoa(MostStory) + " rows of a story")
	}
	l := &looking{shelves: a.work.Shelves, want: wire, url: a.url}
	if err := l.look(ctx); err != nil {
		return nil, err
	}
	return l.shown, nil
}

// A looking is one request to show something.
type looking struct {
	shelves Shelves
	want    ShowRequest
	url     string
	shown   Shown
}

// look tries what a name may be, in the order in which names tell most.
func (l *looking) look(ctx context.Context) error {
	if len(l.want.Words) == 4 {
		return l.seat(ctx)
	}
	name := l.want.Words[0]
	for _, shelf := range []struct {
		kind string
		find func(context.Context, string) (bool, error)
	}{{KindOrder, l.order}, {KindTransfer, l.transfer}, {KindTicket, l.ticket}, {KindListing, l.listing}, {KindBarcode, l.barcode}} {
		if l.want.Kind != "" && l.want.Kind != shelf.kind {
			continue
		}
		if found, err := shelf.find(ctx, name); found || err != nil {
			l.shown.Kind = shelf.kind
			return err
		}
	}
	return ErrNothing
}

func (l *looking) seat(ctx context.Context) error {
	row := boxoffice.SeatRow{Event: boxoffice.EventID(l.want.Words[0]), Section: l.want.Words[1], Row: l.want.Words[2]}
	view, err := l.shelves.Seats(ctx, []boxoffice.SeatRow{row})
	if err != nil {
		return err
	}
	for token, t := range view.Tickets {
		if t.Seat == l.want.Words[3] {
			l.shown.Kind = KindTicket
			return l.tickets(ctx, view, []boxoffice.Token{token}, "")
		}
	}
	return ErrNothing
}

func (l *looking) ticket(ctx context.Context, name string) (bool, error) {
	view, err := l.shelves.Tickets(ctx, []boxoffice.Token{boxoffice.Token(name)})
	if err != nil || len(view.Tickets) == 0 {
		return false, err
	}
	return true, l.tickets(ctx, view, []boxoffice.Token{boxoffice.Token(name)}, "")
}

func (l *looking) barcode(ctx context.Context, name string) (bool, error) {
	view, err := l.shelves.BarcodeTickets(ctx, boxoffice.Barcode(name))
	if err != nil || len(view.Tickets) == 0 {
		return false, err
	}
	var tokens []boxoffice.Token
	for token := range view.Tickets {
		tokens = append(tokens, token)
	}
	slices.Sort(tokens)
	return true, l.tickets(ctx, view, tokens, "")
}

func (l *looking) order(ctx context.Context, name string) (bool, error) {
	key := boxoffice.ParseOrderKey(name)
	if key.Channel == "" || key.ExternalOrderID == "" {
		return false, nil
	}
	o, found, err := l.shelves.Order(ctx, key)
	if err != nil || !found {
		return false, err
	}
	shown := orderOf(o)
	l.shown.Order = &shown
	var tokens []boxoffice.Token
	for _, line := range o.Lines {
		tokens = append(tokens, line.Token)
	}
	if err := l.person(ctx, o.Organization, o.Buyer); err != nil {
		return true, err
	}
	return true, l.named(ctx, tokens, name)
}

func (l *looking) listing(ctx context.Context, name string) (bool, error) {
	listing, view, err := l.shelves.Listing(ctx, boxoffice.ListingID(name))
	if errors.Is(err, fault.ListingUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	shown := (&api{url: l.url}).listingOf(listing.State(view))
	l.shown.Listing = &shown
	return true, l.tickets(ctx, view, listing.Tokens, "")
}

func (l *looking) transfer(ctx context.Context, name string) (bool, error) {
	t, found, err := l.shelves.TransferOf(ctx, name)
	if err == nil && !found {
		t, found, err = l.shelves.TransferBy(ctx, boxoffice.TransferKey(name))
	}
	if err != nil || !found {
		return false, err
	}
	l.shown.Transfer = &Transfer{
		Code: t.Code, Key: string(t.Key), State: string(t.State), Organization: int64(t.Organization), From: string(t.From), To: string(t.To),
		Sent: instant(t.Sent), Expires: instant(t.Expires), History: []TransferStep{},
	}
	for _, step := range t.History {
		l.shown.Transfer.History = append(l.shown.Transfer.History, TransferStep{string(step.Op), string(step.By), instant(step.At)})
	}
	for _, patron := range []boxoffice.PatronID{t.From, t.To} {
		if err := l.person(ctx, t.Organization, patron); err != nil {
			return true, err
		}
	}
	return true, l.named(ctx, t.Tokens, "")
}

// named shows tickets that something else names.
func (l *looking) named(ctx context.Context, tokens []boxoffice.Token, order string) error {
	view, err := l.shelves.Tickets(ctx, tokens)
	if err != nil {
		return err
	}
	return l.tickets(ctx, view, tokens, order)
}

// tickets shows tickets with their stories; of an order, with what was done for it.
func (l *looking) tickets(ctx context.Context, view boxoffice.View, tokens []boxoffice.Token, order string) error {
	l.shown.Tickets = []ShownTicket{}
	for _, token := range tokens {
		t, ok := view.Tickets[token]
		if !ok {
			continue
		}
		e := view.Events[t.Event]
		shown := ShownTicket{
			Token: string(token), Organization: int64(t.Organization), Event: string(t.Event), Title: e.Title(), EventIs: "open",
			Section: t.Section, Row: t.Row, Seat: t.Seat, Owner: string(t.Owner), Void: t.Void,
			Hold: string(t.Hold.Kind), HeldBy: t.Hold.By, Version: t.Version, Story: []Step{},
		}
		switch {
		case e.Cancelled:
			shown.EventIs = "cancelled"
		case e.Past(view.Now):
			shown.EventIs = "over"
		case !e.Secondary:
			shown.EventIs = "off sale"
		}
		if !t.Hold.Since.IsZero() {
			shown.HeldSince = instant(t.Hold.Since)
		}
		if l.want.Personal {
			shown.Barcode = string(t.Barcode)
		}
		if err := l.person(ctx, t.Organization, t.Owner); err != nil {
			return err
		}
		from := max(1, t.Version-int64(l.want.Limit)+1)
		story, err := l.shelves.Story(ctx, boxoffice.Seats, string(token), from, l.want.Limit)
		if err != nil {
			return err
		}
		shown.Older = from - 1
		for _, c := range story {
			if order == "" || c.Order == order {
				shown.Story = append(shown.Story, stepOf(c))
			}
		}
		l.shown.Tickets = append(l.shown.Tickets, shown)
	}
	return nil
}

// person adds somebody, once, where people are to be shown.
func (l *looking) person(ctx context.Context, org access.OrganizationID, id boxoffice.PatronID) error {
	if !l.want.Personal || id == "" || slices.ContainsFunc(l.shown.People, func(p Person) bool { return p.Patron == string(id) }) {
		return nil
	}
	p, found, err := l.shelves.Patron(ctx, org, id)
	if err != nil || !found {
		return err
	}
	shown := Person{Patron: string(id), Name: strings.Join(strings.Fields(p.Contact.FirstName+" "+p.Contact.MiddleName+" "+p.Contact.LastName), " ")}
	if len(p.Contact.Emails) > 0 {
		shown.Email = p.Contact.Emails[0].Address
	}
	l.shown.People = append(l.shown.People, shown)
	return nil
}

func stepOf(c boxoffice.Change) Step {
	s := Step{
		At: instant(c.At), What: string(c.What), Application: string(c.By.Application), Channel: string(c.By.Channel), RequestID: c.By.RequestID,
		Subject: c.Subject, Version: c.Version, Position: c.Position,
		Owner: string(c.After.Owner), Hold: string(c.After.Hold), HeldBy: c.After.By, Void: c.After.Void, Order: c.Order,
	}
	if c.Before.Owner != c.After.Owner {
		s.Was = string(c.Before.Owner)
	}
	return s
}

// RequestRequest asks what a Request-ID changed, in a stretch of the journal.
type RequestRequest struct {
	RequestID string `json:"requestId"`
	Below     int64  `json:"below"` // a batch; 0 is the journal's end
}

// RequestStretch is what was found there.
type RequestStretch struct {
	Steps []Step `json:"steps"` // the oldest first
	More  bool   `json:"more"`  // there are others
	Below int64  `json:"below"` // for the next stretch; 0 where there is none
	Since string `json:"since"` // of the oldest that was looked at
}

func (a *api) showRequest(ctx context.Context, c *call) (any, error) {
	var wire RequestRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	if wire.RequestID == "" || wire.Below < 0 {
		return nil, fault.FieldInvalid.Saying("a search needs a Request-ID")
	}
	found, err := a.work.Shelves.ChangesOf(ctx, wire.RequestID, wire.Below)
	if err != nil {
		return nil, err
	}
	stretch := RequestStretch{Steps: []Step{}, More: found.More, Below: found.Below, Since: instant(found.Since)}
	for _, change := range found.Changes {
		stretch.Steps = append(stretch.Steps, stepOf(change))
	}
	return stretch, nil
}
