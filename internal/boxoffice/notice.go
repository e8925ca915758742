package boxoffice

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// News is what a Notice tells of a transfer.
type News string

// The news of a transfer. A decline is a cancel by the recipient.
const (
	NewsInvited   News = "invited"
	NewsAccepted  News = "accepted"
	NewsCancelled News = "cancelled"
	NewsDeclined  News = "declined"
	NewsExpired   News = "expired"

	// NewsPassword is of no transfer: somebody wants to set a password.
	NewsPassword News = "password"
)

// newsOf is what a step means to the parties.
func newsOf(op Op, by Initiator) News {
	switch {
	case op == OpInitiate:
		return NewsInvited
	case op == OpAccept:
		return NewsAccepted
	case op == OpExpire:
		return NewsExpired
	case by == ByRecipient:
		return NewsDeclined
	}
	return NewsCancelled
}

// A Party is one side of a transfer.
type Party string

// The parties.
const (
	Sender    Party = "sender"
	Recipient Party = "recipient"
)

// A Notice is one mail: to one party of a transfer, or about a password.
type Notice struct {
	News    News
	For     Party
	Address string    // of the mail
	Who     PersonKey // identifies that address, for counting
	Gift    Gift
	Link    string    // of NewsPassword
	Houses  []string  // of NewsPassword: the names of the organizations with an account of that address
	At      time.Time // of what it tells
}

// tell leaves the mails about what just happened to a transfer. They are tasks of
// the same transaction: nobody hears of what was rolled back, of what still waits
// for its process, or is invited to what is handed over at once.
func (t Transfer) tell(b *Books, news News) {
	switch t.Process.State {
	case OrderPending, OrderFailed:
		return
	}
	if t.Process.HandsOver && news == NewsInvited {
		return
	}
	for _, party := range []Party{Sender, Recipient} {
		subject := string(news) + "/" + string(party) + "/" + string(t.Key)
		b.Enter(Task{ID: TaskMail + "/" + subject, Kind: TaskMail, Subject: subject, Due: b.Now})
	}
}

// Notice is what the task of a mail asks to be told; false where there is nothing
// to tell any more, or no address to tell it to: nobody is invited to what has
// ended.
func (o *Office) Notice(ctx context.Context, subject string) (Notice, bool, error) {
	news, rest, _ := strings.Cut(subject, "/")
	party, key, _ := strings.Cut(rest, "/")
	n := Notice{News: News(news), For: Party(party)}
	transfer, ok, err := o.store.TransferBy(ctx, TransferKey(key))
	if err != nil {
		return n, false, fmt.Errorf("notice of a transfer: %w", err)
	}
	if !ok {
		return n, false, nil
	}
	given, err := o.store.Given(ctx, transfer)
	if err != nil {
		return n, false, fmt.Errorf("notice of a transfer: %w", err)
	}
	n.Gift = giftOf(transfer, given)
	if n.News == NewsInvited && n.Gift.State() != TransferPending {
		return n, false, nil
	}
	for _, step := range transfer.History {
		if newsOf(step.Op, step.By) == n.News {
			n.At = step.At
		}
	}
	contact := given.From
	if n.For == Recipient {
		if contact = transfer.Invited; len(contact.Emails) == 0 {
			contact = given.To
		}
	}
	if len(contact.Emails) == 0 {
		return n, false, nil
	}
	n.Address = contact.Emails[0].Address
	if keys := o.people.PersonKeys(Contact{Emails: contact.Emails[:1]}); len(keys) > 0 {
		n.Who = keys[0]
	}
	return n, n.Address != "" && n.Who != "", nil
}
