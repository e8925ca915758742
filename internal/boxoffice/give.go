package boxoffice

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A TransferRequest asks for tickets to be given to somebody. It names them by
// Seats, with their Sender, or by Items.
type TransferRequest struct {
	ExternalTransferID string
	Organization       access.OrganizationID // in the seat form; 0 is the only one the caller serves
	Distributor        string                // "" is the organization's own
	Sender             PatronID              // in the seat form; in the token form "" is whoever owns the tickets
	Recipient          Contact               // with a mail address or a phone
	Link               Link
	Seats              []SeatsWanted
	Items              []TransferItem // no token in two of them
	Note               string         `json:",omitempty"` // of one who gives in MyAccount
	// HandsOver makes the recipient the owner at once, and prints the tickets. The
	// recipient then has a mail address and both names.
	HandsOver bool `json:",omitempty"`
	// MayWait says that the answer may be that it is pending (handover.go).
	MayWait bool `json:"-"`
	// CallbackURL and CallbackHost are as those of a Settlement. No repeat needs the same.
	CallbackURL, CallbackHost string         `json:"-"`
	Repeat                    Repeat[Giving] `json:"-"`
}

// A TransferItem is tickets that were bought with one order.
type TransferItem struct {
	ExternalOrderID string
	Tokens          []Token
}

// A Giving is what became of a request about a transfer.
type Giving struct {
	Transfer Transfer
	Printed  []Printed // where the tickets are that were handed over
	Refused  []Refusal // then nothing was done
}

func (r TransferRequest) form() Form {
	if len(r.Seats) > 0 {
		return SeatForm
	}
	return TokenForm
}

// giveTries bounds how often a request begins anew because a ticket went into a
// transfer between the look and the act. Once is rare.
const giveTries = 3

// errHidden says that a ticket is in a transfer that the act does not name.
var errHidden = errors.New("a ticket is in another transfer than it was")

// Give begins a transfer (contract.md call 10): its tickets are on hold until it
// is accepted, cancelled or expires, TransferLasts from now. They go together or
// not at all: where one is refused, all that is wrong is told and nothing is
// done.
//
// It is idempotent by (channel, ExternalTransferID): the same request again is
// told of the same transfer, as it stands; with other content it is
// fault.TransferMismatch. Without ExternalTransferID, the same tickets for the
// same recipient from the same channel are the same transfer while it is pending.
// A request that Repeat knows again is a Replay.
//
// A request that HandsOver begins the transfer, accepts it for its recipient and
// prints the tickets, in one act; one that MayWait can be told that it is pending
// (handover.go).
//
// These refuse the request as a whole: fault.OrganizationRequired,
// OrganizationUnknown and NotPermitted for the organization of the seat form,
// OrganizationsMixed, OwnersMixed, DistributorUnknown, PageNotAllowed,
// CallbackNotAllowed for a host that is not on the organization's list, and
// BatchSize for too many seats.
func (o *Office) Give(ctx context.Context, who access.Principal, req TransferRequest) (Giving, error) {
	act := o.giving(who, req)
	if req.ExternalTransferID != "" {
		act.key = TransferKey(string(who.Channel) + "/" + req.ExternalTransferID)
	}
	if err := o.nameTickets(ctx, act); err != nil {
		return Giving{}, err
	}
	return o.begin(ctx, act)
}

// giving is an act that knows whom it gives to, and not yet what.
func (o *Office) giving(who access.Principal, req TransferRequest) *giveAct {
	act := &giveAct{who: who, req: req, pages: o.pages, recipient: o.invited(req.Recipient)}
	said, _ := json.Marshal(req) // strings and numbers only: it cannot fail
	act.content = hashOf(string(said))
	if keys := act.recipient.identity(); len(keys) > 0 {
		act.invitee = keys[0]
	}
	return act
}

// begin does the act.
func (o *Office) begin(ctx context.Context, act *giveAct) (Giving, error) {
	for range giveTries {
		if err := o.nameTransfers(ctx, act); err != nil {
			return Giving{}, err
		}
		err := once(ctx, o, act.who, act, act.req.Repeat, func() Giving { return act.answer })
		if !errors.Is(err, errHidden) {
			return act.answer, err
		}
	}
	return Giving{}, fault.Busy
}

// nameTickets turns what the request names into tokens.
func (o *Office) nameTickets(ctx context.Context, act *giveAct) error {
	if act.req.form() == TokenForm {
		for _, item := range act.req.Items {
			for _, token := range item.Tokens {
				act.tokens = append(act.tokens, token)
				act.orders = append(act.orders, OrderKey{act.who.Channel, item.ExternalOrderID})
			}
		}
		return nil
	}
	org := act.req.Organization
	switch {
	case org == 0 && len(act.who.Organizations) == 1:
		org = act.who.Organizations[0]
	case org == 0:
		return fault.OrganizationRequired
	case !act.who.Serves(org):
		if _, err := o.store.Organization(ctx, org); err != nil {
			return err
		}
		return fault.NotPermitted
	}
	var err error
	act.tokens, act.missing, err = o.seats(ctx, org, act.req.Seats)
	return err
}

// nameTransfers finds the transfer that the request may be a repeat of.
func (o *Office) nameTransfers(ctx context.Context, act *giveAct) error {
	act.transfers = nil
	if act.key != "" {
		act.transfers = []TransferKey{act.key}
		return nil
	}
	view, err := o.store.Tickets(ctx, act.tokens)
	if err != nil {
		return err
	}
	for _, token := range act.tokens {
		if hold := view.Tickets[token].Hold; hold.Kind == HoldTransfer {
			act.transfers = []TransferKey{TransferKey(hold.By)} // a repeat has all its tickets in one
			break
		}
	}
	return nil
}

type giveAct struct {
	who       access.Principal
	req       TransferRequest
	pages     Pages
	recipient Person
	key       TransferKey // "" without an ExternalTransferID
	content   string
	invitee   PersonKey
	tokens    []Token
	orders    []OrderKey // of the tokens, in the token form; nil where a patron gives
	missing   []Refusal  // seats that are none
	transfers []TransferKey

	answer Giving
}

func (a *giveAct) Needs() Needs {
	orders := slices.Compact(slices.Clone(a.orders))
	// What hands over has been sold already, and waits for nobody's answer.
	needs := Needs{Transfers: a.transfers, Orders: orders, Tickets: a.tokens, Yields: !a.req.HandsOver}
	if a.req.HandsOver {
		needs.People = a.recipient.identity()
	}
	return needs
}

func (a *giveAct) Decide(b *Books) error {
	a.answer = Giving{}
	known, ok, err := a.known(b)
	if err != nil {
		return err
	}
	if ok {
		a.answer.Transfer, a.answer.Printed = known, known.printed(a.pages)
		return nil
	}
	org, err := a.organization(b)
	if err != nil {
		return err
	}
	if a.answer.Refused = a.refusals(b); len(a.answer.Refused) > 0 {
		return nil
	}
	base, err := a.base(org)
	if err != nil {
		return err
	}
	if a.req.Distributor != "" && a.req.Distributor != org.DistributorCode {
		return fault.DistributorUnknown
	}
	if err := org.mayCallBack(a.req.CallbackHost); err != nil {
		return err
	}
	first, _ := b.Ticket(a.tokens[0])
	number := b.Number(SeriesTransfer)
	transfer := Transfer{
		Key: a.key, ID: TransferID(b.Alphanumerics(transferIDLength)), Code: confirmationCode(first.Owner, org.DistributorCode, number),
		Channel: a.who.Channel, Organization: org.ID, Zone: org.Zone, Distributor: org.DistributorCode,
		State: TransferPending, Content: a.content, Form: a.req.form(), Tokens: a.tokens,
		From: first.Owner, Invited: a.req.Recipient, Invitee: a.invitee,
		Link: Link{Base: base, LinkID: a.req.Link.LinkID, SiteID: a.req.Link.SiteID}, Note: a.req.Note,
		Sent: b.Now, Expires: b.Now.Add(TransferLasts),
	}
	if transfer.Key == "" {
		transfer.Key = TransferKey(string(a.who.Channel) + ":" + strconv.FormatInt(number, 10)) // a channel has no colon, MyAccount no name
	}
	for _, seats := range a.req.Seats {
		transfer.Said = append(transfer.Said, seats.Said)
	}
	transfer.Process = a.process(b)
	for _, token := range a.tokens {
		t, _ := b.Ticket(token)
		t.Hold = Hold{Kind: HoldTransfer, By: string(transfer.Key), Since: b.Now}
		b.Change(t, Offered, a.who, "")
	}
	b.PutTransfer(transfer)
	b.Record(Recorded{transfer.Key, Step{Op: OpInitiate, By: BySender, At: b.Now}})
	b.Enter(Task{ID: TaskExpire + "/" + string(transfer.Key), Kind: TaskExpire, Subject: string(transfer.Key), Due: transfer.Expires})
	transfer.tell(b, NewsInvited)
	if err := a.proceed(b, &transfer); err != nil {
		return err
	}
	a.answer.Transfer, a.answer.Printed = transfer, transfer.printed(a.pages)
	return nil
}

// transferIDLength gives a transferId 190 random bits, from 62 characters.
const transferIDLength = 32

// known finds the transfer that the request is a repeat of.
func (a *giveAct) known(b *Books) (Transfer, bool, error) {
	if a.key != "" {
		transfer, ok := b.Transfer(a.key)
		switch {
		case !ok:
			return Transfer{}, false, nil
		case transfer.Content != a.content:
			return Transfer{}, false, fault.TransferMismatch
		case !a.who.Serves(transfer.Organization):
			return Transfer{}, false, fault.TransferUnknown
		}
		return transfer, true, nil
	}
	for _, token := range a.tokens {
		t, ok := b.Ticket(token)
		if !ok || t.Hold.Kind != HoldTransfer || !a.who.Serves(t.Organization) {
			continue
		}
		if !slices.Contains(a.transfers, TransferKey(t.Hold.By)) {
			if len(a.transfers) > 0 {
				return Transfer{}, false, nil // it is in two transfers: a repeat of neither
			}
			return Transfer{}, false, errHidden
		}
		transfer, ok := b.Transfer(TransferKey(t.Hold.By))
		same := ok && transfer.State == TransferPending && transfer.Process.HandsOver == a.req.HandsOver && !transfer.overdue(b.Now) && transfer.Channel == a.who.Channel &&
			transfer.Invitee == a.invitee && a.invitee != "" && (!a.inPerson() || transfer.From == a.req.Sender) && len(a.missing) == 0 && sameTickets(transfer.Tokens, a.tokens)
		return transfer, same, nil
	}
	return Transfer{}, false, nil
}

// inPerson reports whether a patron gives, and no partner: then it is of their own
// alone that they are told.
func (a *giveAct) inPerson() bool { return a.who.Application == Visitors }

// organization is the one that all tickets belong to, as far as the caller may
// see them; the zero one when it may see none.
func (a *giveAct) organization(b *Books) (Organization, error) {
	var (
		org   Organization
		owner PatronID
	)
	for _, token := range a.tokens {
		t, ok := b.Ticket(token)
		switch {
		case !ok || !a.who.Serves(t.Organization):
		case org.ID == 0:
			org, owner = b.Organization(t.Organization), t.Owner
		case org.ID != t.Organization:
			return Organization{}, fault.OrganizationsMixed
		case owner != t.Owner && a.orders != nil:
			return Organization{}, fault.OwnersMixed
		}
	}
	return org, nil
}

// refusals tells of each ticket why it cannot be given.
func (a *giveAct) refusals(b *Books) []Refusal {
	refused := slices.Clone(a.missing)
	for i, token := range a.tokens {
		t, ok := b.Ticket(token)
		var reason error
		switch {
		case !ok || !a.who.Serves(t.Organization):
			reason = fault.TokenUnknown
		case a.orders != nil && !a.sold(b, i, t):
			reason = fault.OrderNotComplete
		case (a.orders == nil || a.req.Sender != "") && t.Owner != a.req.Sender:
			reason = fault.TokenNotAvailable.Saying("the ticket is not the sender's")
		case t.Hold.Kind == HoldGate:
			reason = errUsed
		case t.Void || t.Hold.Kind != Free:
			reason = fault.TokenNotAvailable.Saying("the ticket is locked, in an order, in a transfer, held by the venue or void")
		case b.Event(t.Event).Past(b.Now):
			reason = fault.EventClosed
		default:
			continue
		}
		refused = append(refused, refuse(token, reason))
	}
	return refused
}

// sold reports whether the order that is named with a token made its owner.
func (a *giveAct) sold(b *Books, i int, t Ticket) bool {
	order, ok := b.Order(a.orders[i])
	return ok && order.holds(t)
}

// base is where the acceptance page is. The address goes into mails, so partners
// may name none but those of the organization's list.
func (a *giveAct) base(org Organization) (string, error) {
	asked := strings.TrimRight(a.req.Link.Base, "/")
	if a.req.Link.Base == "" {
		return strings.TrimRight(a.pages.Receive(), "/"), nil
	}
	for _, page := range org.Pages {
		if strings.TrimRight(page, "/") == asked {
			return asked, nil
		}
	}
	return "", fault.PageNotAllowed
}
