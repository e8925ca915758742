package boxoffice

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// An AcceptRequest accepts a transfer for its recipient.
type AcceptRequest struct {
	ID          TransferID
	Distributor string // required after the seat form; "" is that of the organization
	// Recipient is who accepts. Nil is the one invited, after the seat form alone;
	// after the token form it has a mail address and both names.
	Recipient *Contact
	Repeat    Repeat[Giving] `json:"-"`
}

// A transfer that wrongRecipients asked for is closed to everybody until
// closedFor after the last of them.
const (
	wrongRecipients = 5
	closedFor       = 15 * time.Minute
)

// Accept makes the recipient the owner of a transfer's tickets, each with a new
// barcode, in one act (contract.md call 13). Their account is found or made as a
// seller's is. Who accepts must have the mail address that was invited, if one
// was: fault.RecipientMismatch otherwise, and after five of those the transfer
// is closed for a quarter of an hour with an *access.LimitError. A transfer that
// does not exist or is not the caller's to see is fault.TransferUnknown, one that
// has ended fault.TransferNotPending, an event that is over fault.EventClosed, a
// ticket that the venue has taken back fault.TokenNotAvailable: then nothing
// changes hands.
func (o *Office) Accept(ctx context.Context, who access.Principal, req AcceptRequest) (Transfer, error) {
	transfer, ok, err := o.store.Transfer(ctx, req.ID)
	if err == nil && (!ok || !who.Serves(transfer.Organization)) {
		err = fault.TransferUnknown
	}
	if err != nil {
		return Transfer{}, err
	}
	if err := req.fits(transfer); err != nil {
		return Transfer{}, err
	}
	contact := transfer.Invited
	act := &acceptAct{who: who, transfer: transfer}
	if req.Recipient != nil {
		contact = *req.Recipient
		address := o.people.PersonKeys(Contact{Emails: contact.Emails})
		act.stranger = len(transfer.Invited.Emails) > 0 && (len(address) == 0 || address[0] != transfer.Invitee)
	}
	act.recipient = Person{Contact: contact, Keys: o.people.PersonKeys(contact)}
	if err := once(ctx, o, who, act, req.Repeat, func() Giving { return act.answer }); err != nil {
		return Transfer{}, err
	}
	return act.answer.Transfer, errOf(act.answer.Refused)
}

// fits compares the request with what never changes of the transfer.
func (r AcceptRequest) fits(t Transfer) error {
	switch {
	case t.Form == SeatForm && r.Distributor == "":
		return fault.DistributorUnknown.Saying("distributorCode is required for a transfer that was initiated by seats")
	case r.Distributor != "" && r.Distributor != t.Distributor:
		return fault.DistributorUnknown
	case t.Form == SeatForm:
		return nil
	case r.Recipient == nil:
		return errNameless
	case len(r.Recipient.Emails) == 0 || r.Recipient.FirstName == "" || r.Recipient.LastName == "":
		return errNameless
	}
	return nil
}

// errNameless refuses a recipient whom the token form does not know well enough.
var errNameless = fault.RecipientRequired.Saying(fault.RecipientRequired.Message +
	": email, recipientFirstName and recipientLastName, for it was initiated by tokens")

type acceptAct struct {
	who       access.Principal
	transfer  Transfer // as it was looked at
	recipient Person
	stranger  bool // another mail address was invited

	answer Giving
}

func (a *acceptAct) Needs() Needs {
	needs := a.transfer.needs()
	needs.People = a.recipient.identity()
	return needs
}

func (a *acceptAct) Decide(b *Books) error {
	a.answer = Giving{}
	transfer, ok := b.Transfer(a.transfer.Key)
	if !ok {
		return fault.TransferUnknown
	}
	if transfer.overdue(b.Now) {
		transfer.expire(b)
	}
	if transfer.State != TransferPending {
		a.answer.Refused = []Refusal{{Reason: transfer.notPending()}}
		return nil
	}
	if open := transfer.Missed.Add(closedFor); transfer.Misses >= wrongRecipients {
		if b.Now.Before(open) {
			return &access.LimitError{Wait: open.Sub(b.Now)}
		}
		transfer.Misses = 0
	}
	if a.stranger {
		transfer.Misses, transfer.Missed = transfer.Misses+1, b.Now
		b.PutTransfer(transfer)
		a.answer.Refused = []Refusal{{Reason: fault.RecipientMismatch}} // an answer, for the count lasts
		return nil
	}
	if err := transfer.hand(b, a.recipient, a.who); err != nil {
		return err
	}
	a.answer.Transfer = transfer
	return nil
}

// hand makes the recipient the owner of all tickets, or says why they cannot be.
func (t *Transfer) hand(b *Books, to Person, by access.Principal) error {
	for _, token := range t.Tokens {
		ticket, ok := b.Ticket(token)
		switch {
		case !ok || ticket.Void || !t.holds(ticket):
			return fault.TokenNotAvailable
		case b.Event(ticket.Event).Past(b.Now):
			return fault.EventClosed
		}
	}
	t.To = b.Patron(t.Organization, to)
	for _, token := range t.Tokens {
		ticket, _ := b.Ticket(token)
		ticket.Owner, ticket.Owned, ticket.Hold = t.To, ticket.Version+1, Hold{}
		ticket.Barcode = newBarcode(b, ticket.Organization)
		b.Change(ticket, Accepted, by, "")
	}
	t.Misses, t.Missed = 0, time.Time{}
	t.end(b, TransferAccepted, OpAccept, ByRecipient)
	return nil
}
