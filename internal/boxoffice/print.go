package boxoffice

import (
	"context"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// Print puts sold tickets on pages of their own (contract.md call 9). The order
// must be complete, of the caller's channel, hold the token, and its buyer must
// still own the ticket; otherwise the token is refused by itself. It is
// idempotent: the same ticket of the same order has the same page; a request that
// PrintRequest.Repeat knows again is a Replay. Tokens of two organizations are
// fault.OrganizationsMixed, and nothing is printed.
func (o *Office) Print(ctx context.Context, who access.Principal, req PrintRequest) (Printing, error) {
	act := &printAct{who: who, key: OrderKey{who.Channel, req.ExternalOrderID}, tokens: req.Tokens, pages: o.pages}
	if err := once(ctx, o, who, act, req.Repeat, func() Printing { return act.answer }); err != nil {
		return Printing{}, err
	}
	return act.answer, nil
}

type printAct struct {
	who    access.Principal
	key    OrderKey
	tokens []Token
	pages  Pages

	answer Printing
}

func (a *printAct) Needs() Needs { return Needs{Tickets: a.tokens, Orders: []OrderKey{a.key}} }

func (a *printAct) Decide(b *Books) error {
	a.answer = Printing{}
	order, _ := b.Order(a.key)
	var org access.OrganizationID
	for _, token := range a.tokens {
		t, ok := b.Ticket(token)
		if !ok || !a.who.Serves(t.Organization) {
			a.answer.Refused = append(a.answer.Refused, refuse(token, fault.TokenUnknown))
			continue
		}
		if org != 0 && org != t.Organization {
			return fault.OrganizationsMixed
		}
		org = t.Organization
		if !order.holds(t) {
			a.answer.Refused = append(a.answer.Refused, refuse(token, fault.OrderNotComplete))
			continue
		}
		id, url := a.pages.Ticket(a.key, token)
		b.Issue(Document{ID: id, Order: a.key, Token: token, Owned: t.Owned, Issued: b.Now})
		a.answer.Done = append(a.answer.Done, Printed{Token: token, Owner: t.Owner, URL: url})
	}
	return nil
}

// holds reports whether a complete order made the ticket's present owner.
func (o Order) holds(t Ticket) bool {
	for _, line := range o.Lines {
		if line.Token == t.Token {
			return o.State == OrderComplete && line.Version == t.Owned
		}
	}
	return false
}

// Page is what stands behind a printed ticket's address; id is the hash of its
// secret. An unknown one is fault.DocumentUnknown.
func (o *Office) Page(ctx context.Context, id string) (TicketPage, error) {
	doc, view, owner, err := o.store.Document(ctx, id)
	if err != nil {
		return TicketPage{}, err
	}
	t := view.Tickets[doc.Token]
	return TicketPage{
		Ticket: t, Event: view.Events[t.Event], Organization: view.Organizations[t.Organization],
		Holder:       strings.TrimSpace(owner.FirstName + " " + owner.LastName),
		ChangedHands: t.Owned != doc.Owned || t.Void,
		Now:          view.Now,
	}, nil
}
