package boxoffice

import (
	"context"
	"fmt"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A TransferProcess is how the request that began a transfer is worked on. Those
// that hand the tickets over have one, and so have those that wait: in the sandbox,
// by their externalTransferId, as orders do. While one waits the tickets are on
// hold for the transfer, whose names nobody is told. Then it is COMPLETE, and the
// transfer stands as any other; or it ends in ERROR, and the transfer was taken
// back. ERROR spends the externalTransferId (docs/adr/0010).
type TransferProcess struct {
	ID        ProcessID // "" where there is none
	State     OrderState
	Wait      Wait
	HandsOver bool // it is to be accepted and printed too
	CallBack  bool // the request named an address that is told the outcome
	Refused   []Refusal
}

// process is that of a new transfer.
func (a *giveAct) process(b *Books) TransferProcess {
	p := TransferProcess{HandsOver: a.req.HandsOver}
	if a.req.MayWait {
		p.Wait = sandboxWaits(a.who, a.req.ExternalTransferID)
	}
	if p.Wait == NoWait && !p.HandsOver {
		return p
	}
	p.ID, p.State = ProcessID(b.Word(processIDLength)), OrderComplete
	if p.Wait != NoWait {
		p.State, p.CallBack = OrderPending, a.req.CallbackURL != ""
	}
	return p
}

// proceed does what else was asked of a transfer that has begun, or leaves a task.
func (a *giveAct) proceed(b *Books, t *Transfer) error {
	p := t.Process
	switch {
	case p.State == OrderPending:
		b.Enter(Task{ID: TaskTransfer + "/" + string(t.Key), Kind: TaskTransfer, Subject: string(t.Key), Due: b.Now.Add(sandboxWait)})
		if p.CallBack {
			b.Owe(Callback{Process: p.ID, Channel: a.who.Channel, URL: a.req.CallbackURL, State: CallbackOwed, At: b.Now})
		}
	case p.HandsOver:
		return t.handOver(b, a.recipient, a.who, a.pages)
	}
	return nil
}

// handOver gives the tickets to the recipient, and each of them a page.
func (t *Transfer) handOver(b *Books, to Person, by access.Principal, pages Pages) error {
	if err := t.hand(b, to, by); err != nil {
		return err
	}
	for _, token := range t.Tokens {
		ticket, _ := b.Ticket(token)
		id, _ := pages.Ticket(t.pageKey(), token)
		b.Issue(Document{ID: id, Order: t.pageKey(), Token: token, Owned: ticket.Owned, Issued: b.Now})
	}
	return nil
}

// TransferPages is in the place of a channel in the key by which the pages of
// tickets that were handed over are known. No channel has a colon.
const TransferPages access.Channel = "transfer:"

// pageKey stands for the transfer where a page has the order that sold the ticket:
// the buyer's page of the same ticket is another one.
func (t Transfer) pageKey() OrderKey { return OrderKey{TransferPages, string(t.Key)} }

// printed is where the tickets are that the transfer has handed over.
func (t Transfer) printed(pages Pages) []Printed {
	if !t.Process.HandsOver || t.Process.State != OrderComplete {
		return nil
	}
	var printed []Printed
	for _, token := range t.Tokens {
		_, url := pages.Ticket(t.pageKey(), token)
		printed = append(printed, Printed{Token: token, Owner: t.To, URL: url})
	}
	return printed
}

// TransferProcess tells what became of a request for a transfer that has a
// process (contract.md §4). An unknown one, one of another channel and one of an
// organization that is not granted any more are fault.ProcessUnknown.
func (o *Office) TransferProcess(ctx context.Context, who access.Principal, id ProcessID) (Giving, error) {
	giving, err := o.TransferOutcome(ctx, id)
	if t := giving.Transfer; err == nil && (t.Channel != who.Channel || !who.Serves(t.Organization)) {
		return Giving{}, fault.ProcessUnknown
	}
	return giving, err
}

// TransferOutcome is what TransferProcess tells, for the callback.
func (o *Office) TransferOutcome(ctx context.Context, id ProcessID) (Giving, error) {
	t, ok, err := o.store.TransferIn(ctx, id)
	if err == nil && !ok {
		err = fault.ProcessUnknown
	}
	if err != nil {
		return Giving{}, err
	}
	return Giving{Transfer: t, Printed: t.printed(o.pages)}, nil
}

// FinishTransfer is the Chore of TaskTransfer: it ends what a process waits for.
// One that was decided already is left as it is.
func (o *Office) FinishTransfer(ctx context.Context, t ClaimedTask) (again time.Duration, err error) {
	transfer, ok, err := o.store.TransferBy(ctx, TransferKey(t.Subject))
	if err != nil {
		return 0, fmt.Errorf("finish a transfer: %w", err)
	}
	if !ok || transfer.Process.State != OrderPending {
		return 0, nil
	}
	act := &finishAct{transfer: transfer, recipient: o.invited(transfer.Invited), pages: o.pages}
	if err := o.store.Do(ctx, act); err != nil {
		return 0, fmt.Errorf("finish a transfer: %w", err)
	}
	return 0, nil
}

// invited is the person that a transfer is for.
func (o *Office) invited(c Contact) Person { return Person{Contact: c, Keys: o.people.PersonKeys(c)} }

// A finishAct ends what the process of a transfer waits for.
type finishAct struct {
	transfer  Transfer // as it was looked at
	recipient Person
	pages     Pages
}

func (a *finishAct) Needs() Needs {
	needs := a.transfer.needs()
	needs.People = a.recipient.identity()
	return needs
}

func (a *finishAct) Decide(b *Books) error {
	t, ok := b.Transfer(a.transfer.Key)
	if !ok || t.Process.State != OrderPending {
		return nil
	}
	if t.overdue(b.Now) {
		t.expire(b)
	}
	t.Process.State = OrderComplete
	if reason := a.obstacle(b, &t); reason != nil {
		t.Process.State, t.Process.Refused = OrderFailed, []Refusal{refuse("", reason)}
		if t.State == TransferPending {
			t.giveBack(b, Withdrawn, clerk)
			t.end(b, TransferCancelled, OpCancel, BySystem)
		}
	}
	b.PutTransfer(t)
	if t.Process.CallBack {
		id := TaskCallback + "/" + string(t.Process.ID) + "/" + string(t.Key)
		b.Enter(Task{ID: id, Kind: TaskCallback, Subject: string(t.Process.ID), Due: b.Now})
	}
	return nil
}

// obstacle finishes the transfer, or says why it cannot be. What the venue has
// taken meanwhile, or the end of an event, stands in the way of handing it over.
func (a *finishAct) obstacle(b *Books, t *Transfer) error {
	switch {
	case t.Process.Wait == WaitError && t.State == TransferPending:
		return fault.SandboxRefused
	case !t.Process.HandsOver && t.State != TransferPending: // it was cancelled while it waited
		return nil
	case !t.Process.HandsOver:
		t.tell(b, NewsInvited)
		return nil
	case t.State != TransferPending:
		return t.notPending()
	}
	return t.handOver(b, a.recipient, clerk, a.pages)
}
