package boxoffice

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A FriendRequest asks for tickets of an account to be given to a friend.
type FriendRequest struct {
	Account Account
	Tokens  []Token // 1 to 500
	Friend  Contact // with a mail address and both names
	Note    string  // for the page where the friend accepts; no mail has it
	Once    string  // a random word by which the same request is known again; "" names nothing
}

// Chosen are tickets of accounts as they stand, in the order of the tokens, each
// once. Those that are none of the accounts' are left out.
func (o *Office) Chosen(ctx context.Context, accounts []Account, tokens []Token) ([]Holding, error) {
	tokens = slices.DeleteFunc(slices.Clone(tokens), func(t Token) bool { return !t.possible() })
	if len(tokens) == 0 || len(tokens) > maxGiven {
		return nil, fault.BatchSize.Saying(fmt.Sprintf("1 to %d tickets can be given", maxGiven))
	}
	view, err := o.store.Tickets(ctx, tokens)
	if err != nil {
		return nil, err
	}
	view.Organizations = map[access.OrganizationID]Organization{}
	var chosen []Holding
	for i, token := range tokens {
		t, ok := view.Tickets[token]
		if !ok || !slices.Contains(accounts, Account{t.Organization, t.Owner}) || slices.Contains(tokens[:i], token) {
			continue
		}
		if _, known := view.Organizations[t.Organization]; !known {
			if view.Organizations[t.Organization], err = o.store.Organization(ctx, t.Organization); err != nil {
				return nil, err
			}
		}
		chosen = append(chosen, holdingOf(t, view, nil))
	}
	return chosen, nil
}

// An account begins mostGifts an hour: each has mails sent to an address that its
// patron chooses.
const (
	mostGifts   = 30
	giftsWithin = time.Hour
	giftsLooked = 200 // of the newest transfers, so that others between them do not hide them
)

// pace is an *access.LimitError where the account has begun too many of late. Several
// at once may pass together.
func (o *Office) pace(ctx context.Context, account Account) error {
	newest, view, err := o.store.TransfersOf(ctx, []Account{account}, "", giftsLooked)
	if err != nil {
		return err
	}
	var own []time.Time
	for _, t := range newest {
		if t.Channel == "" && t.From == account.Patron && view.Now.Sub(t.Sent) < giftsWithin {
			own = append(own, t.Sent)
		}
	}
	if len(own) < mostGifts {
		return nil
	}
	return &access.LimitError{Wait: own[mostGifts-1].Add(giftsWithin).Sub(view.Now)}
}

// GiveToFriend is Give for a patron who is signed in. It needs no order, for the
// account says whose the tickets are: one that is none of the account's is refused
// as any other that cannot be given, and then nothing is done. The friend accepts
// as after a token form. The same request again is told of the transfer that it
// began, whatever became of it since. A friend without a mail address or a name is
// fault.RecipientRequired, and too many gifts of one account an *access.LimitError.
func (o *Office) GiveToFriend(ctx context.Context, req FriendRequest) (Giving, error) {
	tokens := slices.Clone(req.Tokens)
	slices.Sort(tokens)
	if tokens = slices.Compact(tokens); len(tokens) == 0 || len(tokens) > maxGiven {
		return Giving{}, fault.BatchSize.Saying(fmt.Sprintf("1 to %d tickets can be given", maxGiven))
	}
	for _, token := range tokens {
		if !token.possible() {
			return Giving{Refused: []Refusal{refuse(token, fault.TokenUnknown)}}, nil
		}
	}
	if len(o.people.PersonKeys(Contact{Emails: req.Friend.Emails})) == 0 || req.Friend.FirstName == "" || req.Friend.LastName == "" {
		return Giving{}, errNameless
	}
	if err := o.pace(ctx, req.Account); err != nil {
		return Giving{}, err
	}
	act := o.giving(visitor(req.Account.Organization), TransferRequest{
		Organization: req.Account.Organization, Sender: req.Account.Patron, Recipient: req.Friend,
		Items: []TransferItem{{Tokens: tokens}}, Note: req.Note,
	})
	act.tokens = tokens
	act.req.Repeat = Repeat[Giving]{
		Path: "myaccount/give", RequestID: req.Once, Asked: act.content,
		Words: func(g Giving) []byte {
			if len(g.Refused) > 0 {
				return nil
			}
			return []byte(g.Transfer.Code)
		},
	}
	given, err := o.begin(ctx, act)
	if before, ok := replayed(err); ok {
		transfer, found, err := o.store.TransferOf(ctx, before)
		if err == nil && !found {
			err = fault.TransferUnknown
		}
		return Giving{Transfer: transfer}, err
	}
	return given, err
}

// An OwnTransfer is a transfer as one of its parties sees it. Its Transfer has an ID
// only for whom it is open to accept.
type OwnTransfer struct {
	Gift
	Given   bool // by one of the visitor's accounts
	Invited bool // it is for the visitor's mail address
}

// Acceptable reports whether the visitor may accept it now.
func (t OwnTransfer) Acceptable() bool { return t.Invited && t.State() == TransferPending && !t.Over() }

// Revocable reports whether the visitor may take it back: what was begun with a
// partner, who may have sold it, the partner takes back.
func (t OwnTransfer) Revocable() bool {
	return t.Given && t.Transfer.Channel == "" && t.State() == TransferPending
}

// ownTransfer is the transfer for a visitor; false where it is none of theirs.
// Nobody hears of what still waits for its process, or failed.
func ownTransfer(g Gift, accounts []Account, person PersonKey) (OwnTransfer, bool) {
	t := g.Transfer
	own := OwnTransfer{Gift: g, Given: slices.Contains(accounts, Account{t.Organization, t.From})}
	told := t.Process.State != OrderPending && t.Process.State != OrderFailed
	own.Invited = told && person != "" && t.Invitee == person
	received := told && t.To != "" && slices.Contains(accounts, Account{t.Organization, t.To})
	if !own.Acceptable() {
		own.Transfer.ID = ""
	}
	return own, own.Given || own.Invited || received
}

// OwnTransfers are the newest transfers from, to and for a visitor, newest first.
// They do not say who gave.
func (o *Office) OwnTransfers(ctx context.Context, accounts []Account, person PersonKey, limit int) ([]OwnTransfer, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	transfers, view, err := o.store.TransfersOf(ctx, accounts, person, limit)
	if err != nil {
		return nil, err
	}
	var all []OwnTransfer
	for _, t := range transfers {
		given := Given{View: view, Organization: view.Organizations[t.Organization]}
		if own, ok := ownTransfer(giftOf(t, given), accounts, person); ok {
			all = append(all, own)
		}
	}
	return all, nil
}

// OwnTransfer is one of them by its confirmationCd; another's is
// fault.TransferUnknown.
func (o *Office) OwnTransfer(ctx context.Context, accounts []Account, person PersonKey, code string) (OwnTransfer, error) {
	transfer, ok, err := o.store.TransferOf(ctx, code)
	if err == nil && !ok {
		err = fault.TransferUnknown
	}
	if err != nil {
		return OwnTransfer{}, err
	}
	if _, ok := ownTransfer(Gift{Transfer: transfer}, accounts, person); !ok {
		return OwnTransfer{}, fault.TransferUnknown
	}
	given, err := o.store.Given(ctx, transfer)
	if err != nil {
		return OwnTransfer{}, err
	}
	own, _ := ownTransfer(giftOf(transfer, given), accounts, person)
	return own, nil
}

// ErrPartnersTransfer refuses to take back what was begun with a partner.
var ErrPartnersTransfer = &fault.Error{Kind: fault.Conflict, Code: "TRANSFER_OF_PARTNER", Message: "the transfer was begun with a partner, who takes it back"}

// TakeGiftBack cancels a pending transfer that was begun in MyAccount, for its
// sender. To take it back again is a success. One that ended otherwise is
// fault.TransferNotPending, another's fault.TransferUnknown, and one of a partner's
// ErrPartnersTransfer.
func (o *Office) TakeGiftBack(ctx context.Context, accounts []Account, code string) error {
	own, err := o.OwnTransfer(ctx, accounts, "", code)
	switch {
	case err != nil:
		return err
	case !own.Given:
		return fault.TransferUnknown
	case own.Transfer.Channel != "":
		return ErrPartnersTransfer
	}
	act := &cancelAct{who: visitor(own.Transfer.Organization), transfer: own.Transfer, by: BySender}
	if err := o.store.Do(ctx, act); err != nil {
		return err
	}
	return errOf(act.answer.Refused)
}

// An OwnTicket is a ticket as its owner sees it. It has a barcode only where the
// owner may show it at the gate: not while it is on sale, given, kept back or used.
type OwnTicket struct {
	TicketPage
	Account Account
	State   HoldingState
}

// OwnTicket returns one ticket of accounts; another's is fault.TokenUnknown. A code
// changes with the owner alone: to look at it, or to print it, changes nothing. An
// event that is over may run late, so its tickets keep their code.
func (o *Office) OwnTicket(ctx context.Context, accounts []Account, token Token) (OwnTicket, error) {
	if !token.possible() {
		return OwnTicket{}, fault.TokenUnknown
	}
	view, err := o.store.Tickets(ctx, []Token{token})
	if err != nil {
		return OwnTicket{}, err
	}
	t, ok := view.Tickets[token]
	account := Account{t.Organization, t.Owner}
	if !ok || !slices.Contains(accounts, account) {
		return OwnTicket{}, fault.TokenUnknown
	}
	org, err := o.store.Organization(ctx, t.Organization)
	if err != nil {
		return OwnTicket{}, err
	}
	own := OwnTicket{
		TicketPage: TicketPage{Ticket: t, Event: view.Events[t.Event], Organization: org, Now: view.Now},
		Account:    account, State: stateOf(t, view.Events[t.Event], view.Now),
	}
	if !own.State.Offerable() && (own.State != HoldingOver || t.Hold.Kind != Free) {
		own.Ticket.Barcode = ""
	}
	return own, nil
}
