package boxoffice

import (
	"context"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// Unlock drops the caller's locks (contract.md call 5). It is idempotent: a
// ticket that is not locked is a success. One that another channel has locked,
// or that is in an order being processed, is a conflict.
func (o *Office) Unlock(ctx context.Context, who access.Principal, tokens []Token) (Unlocking, error) {
	act := &unlockAct{who: who, tokens: tokens}
	if err := o.store.Do(ctx, act); err != nil {
		return Unlocking{}, err
	}
	return act.answer, nil
}

type unlockAct struct {
	who    access.Principal
	tokens []Token

	answer Unlocking
}

func (a *unlockAct) Needs() Needs { return Needs{Tickets: a.tokens} }

func (a *unlockAct) Decide(b *Books) error {
	a.answer = Unlocking{}
	for _, token := range a.tokens {
		t, ok := b.Ticket(token)
		switch {
		case !ok || !a.who.Serves(t.Organization):
			a.answer.Refused = append(a.answer.Refused, refuse(token, fault.TokenUnknown))
			continue
		case t.Hold.Kind == HoldOrder:
			a.answer.Refused = append(a.answer.Refused, refuse(token, fault.TokenNotAvailable))
			continue
		case t.LockedBy(a.who.Channel):
			t.Hold = Hold{}
			b.Change(t, Unlocked, a.who, "")
		case t.Hold.Kind == HoldLock:
			a.answer.Refused = append(a.answer.Refused, refuse(token, fault.TokenLocked))
			continue
		}
		a.answer.Done = append(a.answer.Done, Owned{token, t.Owner})
	}
	return nil
}
