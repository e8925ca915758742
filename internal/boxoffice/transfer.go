package boxoffice

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

type (
	// A TransferID lets whoever knows it accept a transfer: 32 letters and digits,
	// 190 bits at random. It is a credential: it is never logged and not in the
	// journal.
	TransferID string
	// A TransferKey is what the books know a transfer by: channel/externalTransferId,
	// or channel:number where the partner gave none. It is no credential.
	TransferKey string
)

// A TransferState says how a transfer stands:
//
//	            accept (recipient)    ┌─▶ Accepted   new owner, new barcode, free
//	initiate                          │
//	─────────▶ Pending ───────────────┼─▶ Cancelled  free again
//	            its tickets on hold   │   by the sender, or declined by the recipient
//	                                  └─▶ Expired    free again, from Expires on
//
// A transfer leaves Pending once, and its history then has two steps.
type TransferState string

// The states, in the words of the contract.
const (
	TransferPending   TransferState = "Pending"
	TransferAccepted  TransferState = "Accepted"
	TransferCancelled TransferState = "Cancelled"
	TransferExpired   TransferState = "Expired"
)

// TransferLasts is how long a transfer can be accepted. It is an exact time: the
// clock at the venue may be an hour off from what it was at the beginning.
const TransferLasts = 7 * 24 * time.Hour

// A Transfer gives tickets from one patron to another.
type Transfer struct {
	Key          TransferKey
	ID           TransferID
	Code         string         // confirmationCd, <patronId>-<distributorCode>:<number>
	Channel      access.Channel // "" of one that was begun in MyAccount
	Organization access.OrganizationID
	Zone         string // of the organization when it began; its times are told in it
	Distributor  string // the organization's code
	State        TransferState
	Content      string      // hash of what was asked, to know a repeat
	Form         Form        // in which it was asked for
	Tokens       []Token     // in the order asked; they never change
	From, To     PatronID    // To is "" until it is accepted
	Invited      Contact     // whom it is for
	Invitee      PersonKey   // identifies them: their mail address where Invited has one
	Link         Link        // of the page where they accept it
	Said         []SeatsSaid // of the tickets, recorded and not compared
	Note         string      // from the sender to the recipient, "" from partners
	Sent         time.Time
	Expires      time.Time
	Ended        time.Time // when it left Pending
	// Misses counts attempts to accept it as somebody else, the last one at Missed.
	Misses  int
	Missed  time.Time
	Process TransferProcess // of a request that has one
	Version int64
	History []Step // only where it was read with it
}

// A Form is how the tickets of a transfer were named.
type Form string

// The forms of contract.md call 10.
const (
	SeatForm  Form = "seats"
	TokenForm Form = "tokens"
)

// SeatsSaid is what the partner said of some seats.
type SeatsSaid struct {
	PriceLevel  string `json:"priceLevel,omitempty"`
	PriceType   string `json:"priceType,omitempty"`
	SoldFor     string `json:"soldFor,omitempty"`
	Marketplace string `json:"marketplace,omitempty"`
}

// A Link is what the partner said of the acceptance page's address.
type Link struct {
	Base   string `json:"base,omitempty"` // "" asks for the organization's own page
	LinkID string `json:"linkId,omitempty"`
	SiteID string `json:"siteId,omitempty"`
}

// URL is where the recipient accepts the transfer.
func (t Transfer) URL() string {
	address := t.Link.Base + "/myaccount/receive/" + string(t.ID)
	var query []string
	if t.Link.LinkID != "" {
		query = append(query, "linkID="+url.QueryEscape(t.Link.LinkID))
	}
	if t.Link.SiteID != "" {
		query = append(query, "siteId="+url.QueryEscape(t.Link.SiteID))
	}
	if query == nil {
		return address
	}
	return address + "?" + strings.Join(query, "&")
}

// A Step is what happened to a transfer, by whom and when.
type Step struct {
	Op Op
	By Initiator
	At time.Time
}

// An Op is what happened to a transfer, in the words of the contract.
type Op string

// The ops; a declined transfer is OpCancel by ByRecipient.
const (
	OpInitiate Op = "initiate"
	OpAccept   Op = "accept"
	OpCancel   Op = "cancel"
	OpExpire   Op = "expire"
)

// An Initiator is who did a Step, in the words of the contract.
type Initiator string

// Who takes steps.
const (
	BySender    Initiator = "transferrer"
	ByRecipient Initiator = "recipient"
	BySystem    Initiator = "system"
)

// A Recorded step is one of a transfer's history.
type Recorded struct {
	Transfer TransferKey
	Step
}

// Transfers finds transfers and the seats that they name.
type Transfers interface {
	// Transfer returns a transfer with its history; false where there is none.
	Transfer(ctx context.Context, id TransferID) (Transfer, bool, error)
	// TransferOf is Transfer by the confirmationCd.
	TransferOf(ctx context.Context, code string) (Transfer, bool, error)
	// TransferBy is Transfer by the key.
	TransferBy(ctx context.Context, key TransferKey) (Transfer, bool, error)
	// TransferIn is Transfer by its process.
	TransferIn(ctx context.Context, id ProcessID) (Transfer, bool, error)
	// Seats returns the tickets of rows that are not void, with their events.
	Seats(ctx context.Context, rows []SeatRow) (View, error)
	// Given returns a transfer's tickets with their events and organization, and
	// the contacts of its parties. It reads From, To, Tokens and Organization of t.
	Given(ctx context.Context, t Transfer) (Given, error)
}

// holds reports whether a ticket is on hold for the transfer.
func (t Transfer) holds(ticket Ticket) bool {
	return ticket.Hold.Kind == HoldTransfer && ticket.Hold.By == string(t.Key)
}

// overdue reports whether a transfer that stands as pending has expired.
func (t Transfer) overdue(now time.Time) bool {
	return t.State == TransferPending && !now.Before(t.Expires)
}

// end leaves Pending, but for what becomes of the tickets.
func (t *Transfer) end(b *Books, state TransferState, op Op, by Initiator) {
	t.State, t.Ended = state, b.Now
	b.PutTransfer(*t)
	b.Record(Recorded{t.Key, Step{Op: op, By: by, At: b.Now}})
	t.tell(b, newsOf(op, by))
}

// giveBack frees the tickets that the transfer still holds.
func (t Transfer) giveBack(b *Books, what What, who access.Principal) {
	for _, token := range t.Tokens {
		if ticket, ok := b.Ticket(token); ok && t.holds(ticket) {
			ticket.Hold = Hold{}
			b.Change(ticket, what, who, "")
		}
	}
}

// expire ends a transfer that nobody accepted in time.
func (t *Transfer) expire(b *Books) {
	t.giveBack(b, Lapsed, clerk)
	t.end(b, TransferExpired, OpExpire, BySystem)
}

// notPending is the reason why nothing can be done with a transfer any more, in
// words that say what became of it.
func (t Transfer) notPending() *fault.Error {
	return fault.Of(fault.TransferNotPending.Saying("the transfer is not pending: it is " + strings.ToLower(string(t.State))))
}

// needs are the rows of an act on a transfer that exists.
func (t Transfer) needs() Needs {
	return Needs{Transfers: []TransferKey{t.Key}, Tickets: t.Tokens}
}

// sameTickets compares the tickets of two transfers, in any order.
func sameTickets(a, b []Token) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// confirmationCode is the confirmationCd of a new transfer.
func confirmationCode(from PatronID, distributor string, number int64) string {
	return fmt.Sprintf("%s-%s:%d", from, distributor, number)
}

// CancelRequest names a transfer to be cancelled.
type CancelRequest struct {
	Code         string
	Organization access.OrganizationID // that it must be of; 0 is any
	Repeat       Repeat[Giving]        `json:"-"`
}

// Cancel takes a pending transfer back (contract.md call 11): its tickets are
// free again. Cancelling it again gives the same answer. An accepted or expired
// one is fault.TransferNotPending, and one that does not exist, or is of an
// organization that is not granted, fault.TransferUnknown.
func (o *Office) Cancel(ctx context.Context, who access.Principal, req CancelRequest) (Transfer, error) {
	transfer, err := o.History(ctx, who, req.Code, req.Organization)
	if err != nil {
		return Transfer{}, err
	}
	act := &cancelAct{who: who, transfer: transfer, by: BySender}
	if err := once(ctx, o, who, act, req.Repeat, func() Giving { return act.answer }); err != nil {
		return Transfer{}, err
	}
	return act.answer.Transfer, errOf(act.answer.Refused)
}

// A cancelAct takes a transfer back, or declines it.
type cancelAct struct {
	who      access.Principal
	transfer Transfer // as it was looked at
	by       Initiator

	answer Giving
}

func (a *cancelAct) Needs() Needs { return a.transfer.needs() }

func (a *cancelAct) Decide(b *Books) error {
	a.answer = Giving{}
	transfer, ok := b.Transfer(a.transfer.Key)
	if !ok {
		return fault.TransferUnknown
	}
	if transfer.overdue(b.Now) {
		transfer.expire(b)
	}
	switch transfer.State {
	case TransferPending:
		transfer.giveBack(b, Withdrawn, a.who)
		transfer.end(b, TransferCancelled, OpCancel, a.by)
	case TransferAccepted, TransferExpired:
		// An answer, for the end of one that was overdue is to be kept.
		a.answer.Refused = []Refusal{{Reason: transfer.notPending()}}
		return nil
	}
	a.answer.Transfer = transfer
	return nil
}

// History shows a transfer with what happened to it (contract.md call 12). org
// must be the transfer's organization unless it is 0. One that does not exist,
// or is not the caller's to see, is fault.TransferUnknown.
func (o *Office) History(ctx context.Context, who access.Principal, code string, org access.OrganizationID) (Transfer, error) {
	transfer, ok, err := o.store.TransferOf(ctx, code)
	switch {
	case err != nil:
		return Transfer{}, err
	case !ok, !who.Serves(transfer.Organization), org != 0 && org != transfer.Organization:
		return Transfer{}, fault.TransferUnknown
	}
	return transfer, nil
}

// ExpireTransfer is the Chore of TaskExpire: it ends a transfer that is pending
// at its time. One that ended otherwise is left as it is.
func (o *Office) ExpireTransfer(ctx context.Context, t ClaimedTask) (again time.Duration, err error) {
	transfer, ok, err := o.store.TransferBy(ctx, TransferKey(t.Subject))
	if err != nil {
		return 0, fmt.Errorf("expire a transfer: %w", err)
	}
	if !ok || transfer.State != TransferPending {
		return 0, nil
	}
	act := &expireAct{transfer: transfer}
	if err := o.store.Do(ctx, act); err != nil {
		return 0, fmt.Errorf("expire a transfer: %w", err)
	}
	return act.early, nil
}

// An expireAct ends a transfer that is overdue.
type expireAct struct {
	transfer Transfer // as it was looked at

	early time.Duration // how much too early it is
}

func (a *expireAct) Needs() Needs { return a.transfer.needs() }

func (a *expireAct) Decide(b *Books) error {
	a.early = 0
	transfer, ok := b.Transfer(a.transfer.Key)
	switch {
	case !ok, transfer.State != TransferPending:
	case !transfer.overdue(b.Now):
		a.early = transfer.Expires.Sub(b.Now)
	default:
		transfer.expire(b)
	}
	return nil
}
