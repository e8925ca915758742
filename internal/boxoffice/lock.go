package boxoffice

import (
	"context"
	"slices"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// Lock keeps tickets for the caller's channel while it lists them (contract.md
// call 4). Each ticket stands alone: one that cannot be locked is refused with a
// reason and does not stop the others. Locking again what the channel holds
// succeeds; it renews price, source, seller and listing, and writes nothing when
// they are the same. An amount with more digits than its currency is
// fault.AmountInvalid, one out of range fault.AmountRange: then nothing is done.
func (o *Office) Lock(ctx context.Context, who access.Principal, req LockRequest) (Locking, error) {
	act := &lockAct{who: who, req: req}
	if req.Source != MyAccount && req.Seller != nil {
		act.seller = Person{Contact: *req.Seller, Keys: o.people.PersonKeys(*req.Seller)}
	}
	if err := o.store.Do(ctx, act); err != nil {
		return Locking{}, err
	}
	return act.answer, nil
}

type lockAct struct {
	who    access.Principal
	req    LockRequest
	seller Person // empty for MyAccount

	answer Locking
}

func (a *lockAct) Needs() Needs {
	tokens := make([]Token, len(a.req.Lines))
	for i, line := range a.req.Lines {
		tokens[i] = line.Token
	}
	return Needs{Tickets: tokens, People: a.seller.identity(), Yields: true}
}

func (a *lockAct) Decide(b *Books) error {
	a.answer = Locking{}
	type locking struct {
		ticket Ticket
		terms  LockTerms
	}
	var good []locking
	for _, line := range a.req.Lines {
		t, ok := b.Ticket(line.Token)
		if !ok || !a.who.Serves(t.Organization) {
			a.answer.Refused = append(a.answer.Refused, refuse(line.Token, fault.TokenUnknown))
			continue
		}
		terms, err := a.terms(b, t, line)
		if err != nil {
			return err
		}
		if reason := whyNotLockable(t, b.Event(t.Event), a.who.Channel, b.Now); reason != nil {
			a.answer.Refused = append(a.answer.Refused, refuse(line.Token, reason))
			continue
		}
		good = append(good, locking{t, terms})
	}
	// The seller's accounts come last, so that none is made when nothing was locked.
	sellers := map[access.OrganizationID]PatronID{}
	for _, l := range good {
		t, terms := l.ticket, l.terms
		if a.req.Source == MyAccount {
			a.sell(t.Owner)
		} else {
			if _, ok := sellers[t.Organization]; !ok {
				sellers[t.Organization] = b.Patron(t.Organization, a.seller)
			}
			terms.Seller = sellers[t.Organization]
			a.sell(terms.Seller)
		}
		a.answer.Done = append(a.answer.Done, Owned{t.Token, t.Owner})
		switch {
		case t.Hold.Kind == Free:
			t.Hold = Hold{Kind: HoldLock, By: string(a.who.Channel), Since: b.Now, Lock: terms}
			b.Change(t, Locked, a.who, "")
		case !t.Hold.Lock.equal(terms):
			t.Hold.Lock = terms
			b.Change(t, Relocked, a.who, "")
		}
	}
	return nil
}

// terms turns what the partner said of a ticket into its currency.
func (a *lockAct) terms(b *Books, t Ticket, line LockLine) (LockTerms, error) {
	digits := CurrencyDigits(b.Organization(t.Organization).Currency)
	terms := LockTerms{Source: a.req.Source, Listing: a.req.ExternalListingID}
	var err error
	if terms.Total, err = optionalMinor(a.req.TotalPrice, digits); err != nil {
		return LockTerms{}, err
	}
	if terms.Price, err = optionalMinor(line.Price, digits); err != nil {
		return LockTerms{}, err
	}
	return terms, nil
}

func (a *lockAct) sell(id PatronID) {
	if !slices.Contains(a.answer.Sellers, id) {
		a.answer.Sellers = append(a.answer.Sellers, id)
	}
}

// whyNotLockable is the reason a channel may not lock a ticket now, or nil.
func whyNotLockable(t Ticket, e Event, channel access.Channel, now time.Time) *fault.Error {
	switch {
	case t.Void:
		return fault.TokenNotAvailable
	case !e.Open(now):
		return fault.EventClosed
	case t.Hold.Kind == Free, t.LockedBy(channel):
		return nil
	case t.Hold.Kind == HoldLock:
		return fault.TokenLocked
	case t.Hold.Kind == HoldGate:
		return fault.Of(errUsed)
	}
	return fault.TokenNotAvailable
}

// errUsed says of a ticket why it can no more be sold or given.
var errUsed = fault.TokenNotAvailable.Saying("the ticket was used at the gate")
