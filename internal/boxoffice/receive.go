package boxoffice

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Gift is a transfer as its recipient sees it. It has no barcode.
type Gift struct {
	Transfer     Transfer
	From         string // the sender's short name; "" where none can be told
	Tickets      []Ticket
	Events       map[EventID]Event
	Organization Organization
	Now          time.Time
}

// Given is a transfer with all that is told of it.
type Given struct {
	View
	Organization Organization
	From, To     Contact // To is empty until it is accepted
}

// State is how the transfer stands at the time of the look: one that is overdue
// has expired, though the books do not know it yet.
func (g Gift) State() TransferState {
	if g.Transfer.overdue(g.Now) {
		return TransferExpired
	}
	return g.Transfer.State
}

// Over reports whether one of the events is, or was taken off: then nothing of it
// can be accepted.
func (g Gift) Over() bool {
	for _, t := range g.Tickets {
		if g.Events[t.Event].Past(g.Now) {
			return true
		}
	}
	return false
}

// Visitors is the name under which the patrons' pages act, in the journal and in
// the records of answers. A partner's id has no slash.
const Visitors access.ApplicationID = "seatlink/page"

// visitor is who acts on a page of an organization by knowing a transferId.
func visitor(org access.OrganizationID) access.Principal {
	return access.Principal{Application: Visitors, Organizations: []access.OrganizationID{org}}
}

// Gift shows a transfer to whoever knows its id. One that does not exist is
// fault.TransferUnknown.
func (o *Office) Gift(ctx context.Context, id TransferID) (Gift, error) {
	transfer, ok, err := o.store.Transfer(ctx, id)
	if err == nil && !ok {
		err = fault.TransferUnknown
	}
	if err != nil {
		return Gift{}, err
	}
	given, err := o.store.Given(ctx, transfer)
	return giftOf(transfer, given), err
}

func giftOf(transfer Transfer, given Given) Gift {
	gift := Gift{
		Transfer: transfer, From: given.From.ShortName(), Events: given.Events, Organization: given.Organization, Now: given.Now,
	}
	for _, token := range transfer.Tokens {
		if t, ok := given.Tickets[token]; ok {
			t.Barcode = ""
			gift.Tickets = append(gift.Tickets, t)
		}
	}
	return gift
}

// Receive is Accept for whoever knows the transferId. It is the recipient's own
// act: it needs no distributor.
func (o *Office) Receive(ctx context.Context, req AcceptRequest) (Transfer, error) {
	transfer, ok, err := o.store.Transfer(ctx, req.ID)
	if err == nil && !ok {
		err = fault.TransferUnknown
	}
	if err != nil {
		return Transfer{}, err
	}
	req.Distributor = transfer.Distributor
	return o.Accept(ctx, visitor(transfer.Organization), req)
}

// Decline gives a transfer's tickets back for its recipient (contract.md call 13:
// a cancel by the recipient). Declining again is a success and changes nothing,
// and so is declining what the sender took back; an accepted or expired transfer
// is fault.TransferNotPending, an unknown one fault.TransferUnknown.
func (o *Office) Decline(ctx context.Context, id TransferID) (Transfer, error) {
	transfer, ok, err := o.store.Transfer(ctx, id)
	if err == nil && !ok {
		err = fault.TransferUnknown
	}
	if err != nil {
		return Transfer{}, err
	}
	act := &cancelAct{who: visitor(transfer.Organization), transfer: transfer, by: ByRecipient}
	if err := o.store.Do(ctx, act); err != nil {
		return Transfer{}, err
	}
	return act.answer.Transfer, errOf(act.answer.Refused)
}

// Received shows the tickets of an accepted transfer to whoever accepted it, in
// the order they were given. A ticket that has gone on to somebody else has
// changed hands, and its barcode must not be shown. A transfer that was not
// accepted is fault.TransferUnknown.
func (o *Office) Received(ctx context.Context, key TransferKey) ([]TicketPage, error) {
	transfer, ok, err := o.store.TransferBy(ctx, key)
	if err == nil && (!ok || transfer.State != TransferAccepted) {
		err = fault.TransferUnknown
	}
	if err != nil {
		return nil, err
	}
	given, err := o.store.Given(ctx, transfer)
	if err != nil {
		return nil, err
	}
	var pages []TicketPage
	for _, token := range transfer.Tokens {
		t := given.Tickets[token]
		pages = append(pages, TicketPage{
			Ticket: t, Event: given.Events[t.Event], Organization: given.Organization, Now: given.Now,
			Holder:       strings.TrimSpace(given.To.FirstName + " " + given.To.LastName),
			ChangedHands: t.Owner != transfer.To || t.Void,
		})
	}
	return pages, nil
}

// shownName is how much of a name is shown to somebody who may be a stranger.
const shownName = 40 // letters

// ShortName is as much of a person's name as a stranger may know: the first name
// and an initial. It has letters alone, so that nobody's name is an address, a
// line of a mail or a message of its own.
func (c Contact) ShortName() string {
	first := onlyLetters(c.FirstName)
	last := []rune(onlyLetters(c.LastName))
	switch {
	case first == "" && len(last) == 0:
		return ""
	case len(last) == 0:
		return first
	}
	return strings.TrimSpace(first + " " + string(last[:1]) + ".")
}

func onlyLetters(name string) string {
	var words strings.Builder
	letters := 0
	for _, r := range strings.ToValidUTF8(name, "") {
		switch {
		case letters == shownName:
			return words.String()
		case unicode.IsLetter(r) || unicode.IsMark(r) || r == '-' || r == '\'' || r == '’':
			words.WriteRune(r)
			letters++
		case unicode.IsSpace(r) && words.Len() > 0 && !strings.HasSuffix(words.String(), " "):
			words.WriteByte(' ')
		}
	}
	return strings.TrimSpace(words.String())
}
