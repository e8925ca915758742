package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A gift is a transfer of one ticket, with what the journal told of it.
type gift struct {
	transfer, from, to string
	state              boxoffice.TransferState
	handsOver          bool
	begun, ended       bool
	taken              bool  // the venue ended its hold
	page               int64 // the ticket's Owned on it, 0 where there is none
	accepted           int64 // the ticket's version that the recipient got
}

func (a *auditor) readGifts(ctx context.Context, s *slice) error {
	const transfers = `SELECT key, state, sender, recipient, tokens, hands_over FROM transfer`
	return a.ask(ctx, transfers, nil, func(r row) error {
		var tokens []string
		if unpack(r.text(4), &tokens) != nil {
			return nil //nolint:nilerr // told with the transfers
		}
		for _, token := range tokens {
			if !s.covers(token) {
				continue
			}
			a.look(1, "I21")
			t := s.stories[token]
			if t == nil {
				a.find("I21", r.text(0), "gives ticket %s, which is not there", token)
				continue
			}
			t.gifts = append(t.gifts, gift{
				transfer: r.text(0), state: boxoffice.TransferState(r.text(1)), from: r.text(2), to: r.text(3), handsOver: r.flag(5),
			})
		}
		return nil
	})
}

// giftPage is told of the page of a ticket that a transfer has handed over.
func (a *auditor) giftPage(t *story, id, transfer, token string, owned int64) {
	var g *gift
	if t != nil {
		g = t.gift(transfer)
	}
	switch {
	case g == nil || g.state != boxoffice.TransferAccepted || !g.handsOver:
		a.find("I19", id, "shows ticket %s, which transfer %s has not handed over", token, transfer)
	case g.page != 0:
		a.find("I20", id, "is a second page of ticket %s and transfer %s", token, transfer)
	default:
		g.page = owned
	}
}

// gift is that of a transfer, nil when the ticket is not in it.
func (t *story) gift(transfer string) *gift {
	for i := range t.gifts {
		if t.gifts[i].transfer == transfer {
			return &t.gifts[i]
		}
	}
	return nil
}

// tellOffered is told when a transfer begins to hold a ticket.
func (a *auditor) tellOffered(t *story, e entry, before state) {
	if before.Hold != string(boxoffice.Free) || before.Void {
		a.find("I5", e.subject, "is given at version %d, and was on hold (%s) or void", e.version, before.Hold)
	}
	g := t.gift(t.now.By)
	if g == nil || g.begun || t.now.Hold != string(boxoffice.HoldTransfer) {
		a.find("I21", e.subject, "is given at version %d by transfer %q, which does not begin with it", e.version, t.now.By)
		return
	}
	g.begun = true
}

// tellGiven is told when a transfer ends, and lets go of a ticket.
func (a *auditor) tellGiven(t *story, e entry, before state, state boxoffice.TransferState) {
	g := t.gift(before.By)
	if g == nil || before.Hold != string(boxoffice.HoldTransfer) || !g.begun || g.ended || g.state != state || t.now.Hold != string(boxoffice.Free) {
		a.find("I21", e.subject, "leaves a transfer at version %d (%s), and %s of %q held it before", e.version, e.what, before.Hold, before.By)
		return
	}
	g.ended = true
	if state != boxoffice.TransferAccepted {
		return
	}
	g.accepted = e.version
	if g.from != before.Owner || g.to != t.now.Owner {
		a.find("I2", e.subject, "goes from owner %s to %s at version %d, and transfer %s says from %s to %s",
			before.Owner, t.now.Owner, e.version, g.transfer, g.from, g.to)
	}
}

// tellGiftTaken is told of every other change. One that ends a transfer's hold is
// the venue's; a channel's is a break.
func (a *auditor) tellGiftTaken(t *story, e entry, before state) {
	if before.Hold != string(boxoffice.HoldTransfer) || t.now.Hold == before.Hold && t.now.By == before.By {
		return
	}
	switch boxoffice.What(e.what) {
	case boxoffice.Locked, boxoffice.Relocked, boxoffice.Unlocked, boxoffice.Sold, boxoffice.Ordered, boxoffice.Failed:
		a.find("I5", e.subject, "is in a transfer at version %d, and a channel ends that (%s)", e.version-1, e.what)
	}
	if g := t.gift(before.By); g != nil {
		g.taken = true
	}
}

// endGifts compares what the journal said of a ticket's transfers with their rows.
func (a *auditor) endGifts(token string, t *story) {
	pending := false
	for _, g := range t.gifts {
		held := t.hold == string(boxoffice.HoldTransfer) && t.by == g.transfer
		pending = pending || held && g.state == boxoffice.TransferPending
		switch {
		case !g.begun:
			a.find("I21", g.transfer, "gives ticket %s, and the journal does not know", token)
		case g.state == boxoffice.TransferPending && !held && !g.taken:
			a.find("I21", g.transfer, "is pending and does not hold its ticket %s", token)
		case g.state == boxoffice.TransferAccepted && !g.ended:
			a.find("I21", g.transfer, "is accepted, and ticket %s was not", token)
		case g.state != boxoffice.TransferPending && !g.ended && !g.taken:
			a.find("I21", g.transfer, "has ended and did not let ticket %s go", token)
		case g.handsOver && g.page != g.accepted:
			a.find("I20", g.transfer, "has handed ticket %s over at version %d, and its page is of version %d", token, g.accepted, g.page)
		}
	}
	if t.hold == string(boxoffice.HoldTransfer) && !pending {
		a.find("I5", token, "is held by transfer %q, which is not pending with it", t.by)
	}
}

// transfers compares each transfer with its history and its times.
func (a *auditor) transfers(ctx context.Context) error {
	const (
		transfers = `
SELECT t.key, t.state, t.recipient, t.tokens, t.sent_at, t.expires_at, t.ended_at, t.channel,
	(SELECT COUNT(*) FROM transfer_step AS s WHERE s.transfer = t.key),
	COALESCE((SELECT s.at FROM transfer_step AS s WHERE s.transfer = t.key AND s.op = 'initiate' AND s.initiator = 'transferrer'), 0),
	COALESCE((SELECT MIN(s.op) FROM transfer_step AS s WHERE s.transfer = t.key AND s.op <> 'initiate'), ''),
	COALESCE((SELECT MIN(s.at) FROM transfer_step AS s WHERE s.transfer = t.key AND s.op <> 'initiate'), 0),
	(SELECT COUNT(*) FROM task AS k WHERE k.kind = 'expire-transfer' AND k.subject = t.key)
FROM transfer AS t`
		processes = `
SELECT t.key, t.state, t.process, t.process_state, t.wait, t.hands_over, t.call_back, t.refused <> '', t.sent_at,
	(SELECT COUNT(*) FROM task AS k WHERE k.kind = 'decide-transfer' AND k.subject = t.key)
FROM transfer AS t WHERE t.process <> '' OR t.process_state <> '' OR t.wait <> '' OR t.hands_over OR t.call_back OR t.refused <> ''`
		strays = `SELECT s.transfer FROM transfer_step AS s LEFT JOIN transfer AS t ON t.key = s.transfer WHERE t.key IS NULL`
	)
	ops := map[boxoffice.TransferState]boxoffice.Op{
		boxoffice.TransferPending: "", boxoffice.TransferAccepted: boxoffice.OpAccept,
		boxoffice.TransferCancelled: boxoffice.OpCancel, boxoffice.TransferExpired: boxoffice.OpExpire,
	}
	err := a.ask(ctx, transfers, nil, func(r row) error {
		a.look(1, "I21", "I22")
		key, state := r.text(0), boxoffice.TransferState(r.text(1))
		sent, expires, ended := r.int(4), r.int(5), r.int(6)
		steps, begun, op, at := r.int(8), r.int(9), boxoffice.Op(r.text(10)), r.int(11)
		var tokens []string
		if err := unpack(r.text(3), &tokens); err != nil || len(tokens) == 0 {
			a.find("I21", key, "gives tickets that cannot be read, or none: %v", err)
		}
		want, known := ops[state]
		pending := state == boxoffice.TransferPending
		lasts := int64(2)
		if pending {
			lasts = 1
		}
		switch {
		case !known:
			a.find("I21", key, "is in an unknown state, %q", state)
		case steps != lasts || begun != sent || op != want || at != ended:
			a.find("I21", key, "is %s since %d, and its history has %d steps, from initiate at %d to %q at %d", state, ended, steps, begun, op, at)
		case pending != (ended == 0), (r.text(2) != "") != (state == boxoffice.TransferAccepted):
			a.find("I21", key, "is %s, ended at %d and has the recipient %q", state, ended, r.text(2))
		case pending && r.int(12) == 0:
			a.find("I21", key, "is pending, and no task is there to end it")
		}
		switch {
		case state == boxoffice.TransferAccepted && ended >= expires:
			a.find("I22", key, "was accepted %v after it had expired", time.Duration(ended-expires)*time.Microsecond)
		case state == boxoffice.TransferExpired && ended < expires, sent >= expires:
			a.find("I22", key, "expired before its time")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.ask(ctx, processes, nil, func(r row) error { a.transferProcess(r); return nil }); err != nil {
		return err
	}
	return a.ask(ctx, strays, nil, func(r row) error {
		a.find("I21", r.text(0), "has a history and is no transfer")
		return nil
	})
}

// transferProcess compares a transfer's state with that of the request that began it.
func (a *auditor) transferProcess(r row) {
	a.look(1, "I17")
	key, state, process, stands := r.text(0), boxoffice.TransferState(r.text(1)), r.text(2), boxoffice.OrderState(r.text(3))
	wait, handsOver, callBack, refused := boxoffice.Wait(r.text(4)), r.flag(5), r.flag(6), r.flag(7)
	waits := wait == boxoffice.WaitComplete || wait == boxoffice.WaitError
	switch {
	case process == "" || !waits && !handsOver || !waits && (wait != boxoffice.NoWait || callBack):
		a.find("I17", key, "has the process %q, waits for %q, hands over %t and calls back %t", process, wait, handsOver, callBack)
	case stands == boxoffice.OrderPending && waits && !refused:
		if since := a.now.Sub(instant(r.int(8))); since > longestWait {
			a.find("I17", key, "has a process that is pending for %v", since.Truncate(time.Second))
		}
		if r.int(9) == 0 {
			a.find("I17", key, "has a process that is pending, and no task is there to end it")
		}
	case stands == boxoffice.OrderComplete && !refused && (!handsOver || state == boxoffice.TransferAccepted):
	case stands == boxoffice.OrderFailed && refused && waits && state != boxoffice.TransferPending:
	default:
		a.find("I17", key, "is %s, and its process is %q after it waited for %q, with reasons against it %t", state, stands, wait, refused)
	}
}
