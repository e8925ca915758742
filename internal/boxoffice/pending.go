package boxoffice

import (
	"slices"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// The externalOrderIds, and externalTransferIds, with which the sandbox plays, and
// how long it lets them wait (contract.md call 6).
const (
	sandboxCompletes = "PENDING-"
	sandboxFails     = "ERROR-"
	sandboxWait      = 3 * time.Second
)

// wait tells what an order waits for. The sandbox's own cases go before a
// review, for they are published to end by themselves.
func (a *completeAct) wait(org Organization, o Order) Wait {
	played := sandboxWaits(a.who, o.Key.ExternalOrderID)
	switch {
	case played != NoWait:
		return played
	case org.Review == ReviewAll, org.Review == ReviewLarge && o.Price+o.Fees > org.ReviewAbove:
		return WaitReview
	}
	return NoWait
}

// sandboxWaits tells what something of this external id waits for in the sandbox.
func sandboxWaits(who access.Principal, id string) Wait {
	switch {
	case who.Sandbox && strings.HasPrefix(id, sandboxCompletes):
		return WaitComplete
	case who.Sandbox && strings.HasPrefix(id, sandboxFails):
		return WaitError
	}
	return NoWait
}

// mayCallBack judges the host of a callback by the organization's list, before
// anything is done.
func (o Organization) mayCallBack(host string) error {
	listed := func(name string) bool { return strings.EqualFold(name, host) }
	if host == "" || len(o.Callbacks) == 0 || slices.ContainsFunc(o.Callbacks, listed) {
		return nil
	}
	return fault.CallbackNotAllowed
}

// hold puts the order in the place of its tickets' locks. The terms of a lock
// and its time stay on the ticket, so that it can be given back as it was.
func (o *Order) hold(b *Books, by access.Principal) {
	o.State = OrderPending
	for i := range o.Lines {
		line := &o.Lines[i]
		t, _ := b.Ticket(line.Token)
		t.Hold.Kind, t.Hold.By = HoldOrder, string(o.Process)
		line.From, line.To, line.Version = t.Owner, o.Buyer, t.Version+1
		b.Change(t, Ordered, by, o.Key.String())
	}
	if o.Wait != WaitReview { // which the operator ends
		b.Enter(Task{ID: TaskDecide + "/" + o.Key.String(), Kind: TaskDecide, Subject: o.Key.String(), Due: b.Now.Add(sandboxWait)})
	}
}

// fail ends the order in ERROR. The tickets it still holds are locked again as
// they were; its externalOrderId stays spent.
func (o *Order) fail(b *Books, by access.Principal, refused []Refusal) {
	o.State, o.Refused = OrderFailed, nil
	for _, r := range refused {
		r.ExternalOrderID = o.Key.ExternalOrderID
		o.Refused = append(o.Refused, r)
	}
	for _, line := range o.Lines {
		if t, _ := b.Ticket(line.Token); o.keeps(t) {
			t.Hold.Kind, t.Hold.By = HoldLock, string(o.Key.Channel)
			b.Change(t, Failed, by, o.Key.String())
		}
	}
}

// keeps reports whether the pending order holds a ticket, still.
func (o Order) keeps(t Ticket) bool {
	return t.Hold.Kind == HoldOrder && t.Hold.By == string(o.Process)
}

// obstacles tell why a pending order cannot be sold any more: since it was
// accepted the venue may have taken a ticket, or an event may have closed.
func (o Order) obstacles(b *Books) []Refusal {
	var refused []Refusal
	for _, line := range o.Lines {
		t, ok := b.Ticket(line.Token)
		switch {
		case !ok || t.Void || !o.keeps(t):
			refused = append(refused, refuse(line.Token, fault.TokenNotAvailable))
		case !b.Event(t.Event).Open(b.Now):
			refused = append(refused, refuse(line.Token, fault.EventClosed))
		}
	}
	return refused
}
