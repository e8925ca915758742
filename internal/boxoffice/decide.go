package boxoffice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// Judge approves or rejects an order that waits, and returns what became of it.
// An approved order is sold as Complete sells, unless it has lost a ticket
// meanwhile or an event has closed: then it ends in ERROR as a rejected one
// does. It is decided once. The same verdict again changes nothing and returns
// the same order; the other one is fault.OrderDecided, and so is any verdict on
// an order that never waited. An order that does not exist is fault.OrderUnknown.
// Why is kept for the operator and shown to no partner.
func (o *Office) Judge(ctx context.Context, by access.Principal, key OrderKey, approve bool, why string) (Order, error) {
	act := &decideAct{by: by, key: key, verdict: Verdict{Approved: approve, Why: why}}
	if !approve {
		act.reason = fault.OrderRejected
	}
	if err := o.decide(ctx, act); err != nil {
		return Order{}, err
	}
	if act.answer.Wait == NoWait || act.answer.Verdict.Approved != approve {
		return Order{}, fault.OrderDecided
	}
	return act.answer, nil
}

// Order shows an order to the operator; one that does not exist is
// fault.OrderUnknown.
func (o *Office) Order(ctx context.Context, key OrderKey) (Order, error) {
	order, ok, err := o.store.Order(ctx, key)
	if err == nil && !ok {
		err = fault.OrderUnknown
	}
	return order, err
}

// UnderReview returns orders that wait for the operator, the oldest first, at
// most limit.
func (o *Office) UnderReview(ctx context.Context, limit int) ([]Order, error) {
	return o.store.UnderReview(ctx, limit)
}

// clerk is who decides when a task does.
var clerk = access.Principal{Application: "seatlink/clerk"} // a partner's id has no slash

// FinishOrder is the Chore of TaskDecide: it ends an order of the sandbox. One
// that was decided already is left as it is.
func (o *Office) FinishOrder(ctx context.Context, t ClaimedTask) (again time.Duration, err error) {
	key := ParseOrderKey(t.Subject)
	order, err := o.Order(ctx, key)
	if err != nil {
		return 0, fmt.Errorf("finish an order: %w", err)
	}
	act := &decideAct{by: clerk, key: key}
	switch order.Wait {
	case WaitComplete:
		act.verdict.Approved = true
	case WaitError:
		act.reason = fault.SandboxRefused
	default:
		return 0, fmt.Errorf("an order that waits for %q is not the clerk's to finish", order.Wait)
	}
	if err := o.decide(ctx, act); err != nil {
		return 0, fmt.Errorf("finish an order: %w", err)
	}
	return 0, nil
}

// decideTries bounds how often a decision begins anew because its process grew
// between the look and the act. Once is rare.
const decideTries = 5

// decide names the rows of a decision by a plain read and has it taken. Which
// tickets an order has never changes; its process may grow, and the act tells.
func (o *Office) decide(ctx context.Context, act *decideAct) error {
	for range decideTries {
		order, err := o.Order(ctx, act.key)
		if err != nil {
			return err
		}
		if order.State != OrderPending {
			act.answer = order
			return nil
		}
		if act.process, err = o.store.Process(ctx, order.Process); err != nil {
			return err
		}
		if err = o.store.Do(ctx, act); !errors.Is(err, errGrew) {
			return err
		}
	}
	return fault.Busy
}

// errGrew says that orders came into the process since it was looked at.
var errGrew = errors.New("the process grew")

// A decideAct ends what one pending order waits for.
type decideAct struct {
	by      access.Principal
	key     OrderKey
	verdict Verdict
	reason  error   // to end in ERROR; nil to sell
	process []Order // of the order's process, as they were looked at

	answer Order
}

func (a *decideAct) Needs() Needs {
	var needs Needs
	for _, o := range a.process {
		needs.Orders = append(needs.Orders, o.Key)
		if o.Key == a.key {
			for _, line := range o.Lines {
				needs.Tickets = append(needs.Tickets, line.Token)
			}
		}
	}
	return needs
}

func (a *decideAct) Decide(b *Books) error {
	a.answer = Order{}
	process := make([]Order, len(a.process))
	var order *Order
	for i, was := range a.process {
		process[i], _ = b.Order(was.Key)
		if process[i].Joined != was.Joined {
			return errGrew
		}
		if was.Key == a.key {
			order = &process[i]
		}
	}
	if order.State != OrderPending {
		a.answer = *order
		return nil
	}
	order.Verdict = a.verdict
	order.Verdict.By, order.Verdict.At = a.by.Application, b.Now
	refused := order.obstacles(b)
	if a.reason != nil {
		refused = []Refusal{refuse("", a.reason)}
	}
	if len(refused) == 0 {
		order.sell(b, a.by)
	} else {
		order.fail(b, a.by, refused)
		order.Differs = true
		a.markSettlement(b, *order, process)
	}
	b.PutOrder(*order)
	a.answer = *order
	a.answer.Version++ // as it is kept
	a.tell(b, *order, process)
	return nil
}

// markSettlement marks the orders that share the settlement of one that failed:
// it was for more than was sold.
func (a *decideAct) markSettlement(b *Books, failed Order, process []Order) {
	for _, o := range process {
		if o.Key != failed.Key && o.Settlement.Request == failed.Settlement.Request && !o.Differs {
			o.Differs = true
			b.PutOrder(o)
		}
	}
}

// tell leaves the callback to be made when the last order of the process that
// waited is decided. The task has the name of that order too, for an earlier
// one of the same process may be under way with what was true before.
func (a *decideAct) tell(b *Books, decided Order, process []Order) {
	owed := false
	for _, o := range process {
		if o.State == OrderPending {
			return
		}
		owed = owed || o.CallBack
	}
	if owed {
		id := TaskCallback + "/" + string(decided.Process) + "/" + decided.Key.String()
		b.Enter(Task{ID: id, Kind: TaskCallback, Subject: string(decided.Process), Due: b.Now})
	}
}
