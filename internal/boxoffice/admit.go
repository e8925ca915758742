package boxoffice

import (
	"cmp"
	"errors"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Scanned is what a gate is told of a scan.
type Scanned struct {
	Scan    Scan         // as it stands
	Refused *fault.Error // nil when the ticket is in by this scan
	Pass    Pass         // the ticket, where the barcode names one
	// Since and Gate tell of the admission that counts, and Since, where the barcode
	// was replaced or the ticket is in elsewhere, when that was.
	Since time.Time
	Gate  string
	Other EventID // the event that the barcode is for, where it is another
	// Outdid is the scan that let the ticket in until this one, which is earlier, came.
	Outdid *Scan
	Repeat bool // the scan was known
}

// Scanners that were offline tell the time by clocks of their own.
const (
	clockAhead = 5 * time.Minute    // how far a scanner's clock may be ahead
	scansKept  = 7 * 24 * time.Hour // how old a scan may be that is merged
)

// errLookAgain says that a ticket has another barcode than a moment ago.
var errLookAgain = errors.New("a barcode was replaced between the look and the act")

// An admitAct lets tickets in, each once. A ticket that is in is on hold by its
// gate: it can no more be locked, sold or given, and whatever held it before is
// over, but for a hold of the venue, which comes back when the scan is undone.
type admitAct struct {
	who     access.Principal
	event   EventID
	scans   []seen
	offline bool // they were made some time ago; whatever becomes of them is kept

	answers []Scanned
}

// A seen scan is one with what its barcode was found to be.
type seen struct {
	Scan
	replaced time.Time // Token's barcode no longer, since then
	other    EventID   // for this event
	why      error     // it is refused whatever the books say
}

func (a *admitAct) Needs() Needs {
	var n Needs
	for _, s := range a.scans {
		n.Scans = append(n.Scans, s.Key)
		if s.Token != "" {
			n.Tickets = append(n.Tickets, s.Token)
		}
	}
	return n
}

func (a *admitAct) Decide(b *Books) error {
	a.answers = nil
	for _, s := range a.scans {
		v, err := a.judge(b, s)
		if err != nil {
			return err
		}
		a.answers = append(a.answers, v)
	}
	return nil
}

// judge decides over one scan.
func (a *admitAct) judge(b *Books, s seen) (Scanned, error) {
	if known, ok := b.Scan(s.Key); ok {
		return a.repeat(b, s, known), nil
	}
	s.Kept = b.Now
	if !a.offline {
		s.At = b.Now
	}
	var t Ticket
	if s.Token != "" {
		var ok bool
		if t, ok = b.Ticket(s.Token); !ok || s.replaced.IsZero() && t.Barcode != s.Barcode {
			return Scanned{}, errLookAgain
		}
	}
	v := Scanned{Pass: t.pass()}
	switch {
	case s.At.After(b.Now.Add(clockAhead)), s.At.Before(b.Now.Add(-scansKept)):
		v.Refused = fault.Of(ErrScanTime)
	case s.why != nil:
		v.Refused, v.Other = fault.Of(s.why), s.other
	case !s.replaced.IsZero():
		v.Refused, v.Since = fault.Of(ErrBarcodeReplaced), s.replaced
	case b.Event(t.Event).Cancelled:
		v.Refused = fault.Of(ErrEventCancelled)
	case t.Void:
		v.Refused = fault.Of(ErrTicketVoid)
	case t.Hold.Kind == HoldGate:
		return a.again(b, s, t), nil
	default:
		return a.enter(b, s, t, v), nil
	}
	v.Scan = a.refuse(b, s, ScanRefused, v.Refused)
	return v, nil
}

// enter lets a ticket in.
func (a *admitAct) enter(b *Books, s seen, t Ticket, v Scanned) Scanned {
	if t.Hold.Kind == HoldVenue {
		s.Venue = t.Hold.By
	}
	s.State = ScanInside
	t.Hold = Hold{Kind: HoldGate, By: s.Gate, Since: s.At}
	b.Change(t, Admitted, a.who, "")
	b.Admit(s.Scan)
	t.Version++
	v.Scan, v.Pass, v.Since, v.Gate = s.Scan, t.pass(), s.At, s.Gate
	return v
}

// again is for a ticket that is in. Of two scans the earlier one counts, of two at
// one instant that with the smaller id, so that it does not matter which of two
// scanners is heard first.
func (a *admitAct) again(b *Books, s seen, t Ticket) Scanned {
	inside, ok := b.Inside(t.Token)
	if !ok {
		panic("ticket " + string(t.Token) + " is in by no scan")
	}
	if a.offline && cmp.Or(s.At.Compare(inside.At), cmp.Compare(s.Key.ID, inside.Key.ID)) < 0 {
		s.Venue = inside.Venue
		b.leave(t.Token, ScanLater)
		inside.State = ScanLater
		v := a.enter(b, s, t, Scanned{}) // whatever held it before is over since the first scan
		v.Outdid = &inside
		return v
	}
	return Scanned{
		Scan: a.refuse(b, s, ScanLater, fault.Of(ErrAdmitted)), Refused: fault.Of(ErrAdmitted),
		Pass: t.pass(), Since: inside.At, Gate: inside.Gate,
	}
}

// refuse keeps what a scanner that was offline has let in all the same.
func (a *admitAct) refuse(b *Books, s seen, state ScanState, why *fault.Error) Scan {
	s.State, s.Reason = state, why.Code
	if a.offline {
		b.PutScan(s.Scan)
	}
	return s.Scan
}

// repeat answers for a scan that is known.
func (a *admitAct) repeat(b *Books, s seen, known Scan) Scanned {
	v := Scanned{Scan: known, Since: known.At, Gate: known.Gate, Repeat: true}
	if t, ok := b.tickets.lookup(known.Token); ok {
		v.Pass = t.pass()
	}
	if known.Event != s.Event || known.Barcode != s.Barcode || known.Gate != s.Gate {
		return Scanned{Scan: s.Scan, Refused: fault.Of(ErrScanMismatch)}
	}
	switch known.State {
	case ScanInside:
	case ScanLater:
		v.Refused, v.Since, v.Gate = fault.Of(ErrAdmitted), v.Pass.Since, v.Pass.Gate
	case ScanUndone:
		v.Refused = fault.Of(ErrScanUndone)
	case ScanEnded:
		v.Refused = fault.Of(ErrScanEnded)
	default:
		v.Refused, v.Since, v.Other = gateReason(known.Reason), s.replaced, s.other
	}
	return v
}

// gateReason is the reason with this code; one that a later program gave is told
// by its code alone.
func gateReason(code string) *fault.Error {
	for _, reason := range GateReasons() {
		if reason.Code == code {
			return reason
		}
	}
	return &fault.Error{Kind: fault.Refused, Code: code, Message: "the scan was refused"}
}

// pass is what a gate is told of a ticket.
func (t Ticket) pass() Pass {
	p := Pass{Token: t.Token, Version: t.Version, Section: t.Section, Row: t.Row, Seat: t.Seat, Barcode: t.Barcode, Void: t.Void}
	if t.Hold.Kind == HoldGate {
		p.Gate, p.Since = t.Hold.By, t.Hold.Since
	}
	return p
}

// An undoAct takes back what a scan did.
type undoAct struct {
	who   access.Principal
	scan  ScanKey
	token Token

	answer Scanned
}

func (a *undoAct) Needs() Needs {
	return Needs{Scans: []ScanKey{a.scan}, Tickets: []Token{a.token}}
}

func (a *undoAct) Decide(b *Books) error {
	a.answer = Scanned{}
	s, ok := b.Scan(a.scan)
	if !ok || s.Token != a.token {
		return ErrScanUnknown
	}
	t, _ := b.Ticket(a.token)
	switch s.State {
	case ScanUndone:
		a.answer = Scanned{Scan: s, Pass: t.pass(), Repeat: true}
		return nil
	case ScanInside:
	default:
		return ErrNotInside
	}
	t.Hold = Hold{}
	if s.Venue != "" {
		t.Hold = Hold{Kind: HoldVenue, By: s.Venue, Since: b.Now}
	}
	b.leave(t.Token, ScanUndone)
	b.Change(t, TurnedBack, a.who, "")
	s.State = ScanUndone
	t.Version++
	a.answer = Scanned{Scan: s, Pass: t.pass()}
	return nil
}
