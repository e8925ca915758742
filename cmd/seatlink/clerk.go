package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/partnerapi"
	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/internal/web"
)

// decidingHands is how many orders or transfers of the sandbox are decided at once. They wait
// for the writer, which takes them together.
const decidingHands = 16

// expiringHands is how many transfers are ended at once, likewise.
const expiringHands = 16

// venueHands is how many works of the venue are gone over at once. Each has one
// act in the queue at a time, so partners come between its portions.
const venueHands = 2

// newDoor is the door out, by which callbacks and messages leave.
func newDoor(rules push.Rules, sandbox bool) (*push.Door, error) {
	own, err := push.OwnAddresses()
	if err != nil {
		return nil, fmt.Errorf("addresses of this machine: %w", err)
	}
	rules.Sandbox, rules.Own = sandbox, own
	return push.NewDoor(rules), nil
}

// newClerk hires who works off the tasks that acts leave.
func (s *server) newClerk(office *boxoffice.Office, addresses web.Addresses, settings settings) (*boxoffice.Clerk, error) {
	courier := push.NewCourier(s.store, storyOf(office), s.door, s.log)
	mailer, err := settings.mailer(settings.smtpPassword)
	if err != nil {
		return nil, err
	}
	from, err := settings.sender()
	if err != nil {
		return nil, err
	}
	postman := push.NewPostman(s.store, noticesOf(office, s.lobby, addresses), mailer, from, s.log)
	return boxoffice.NewClerk(s.store, s.log, map[string]boxoffice.Duty{
		boxoffice.TaskDecide:   {Chore: office.FinishOrder, Hands: decidingHands},
		boxoffice.TaskTransfer: {Chore: office.FinishTransfer, Hands: decidingHands},
		boxoffice.TaskExpire:   {Chore: office.ExpireTransfer, Hands: expiringHands},
		boxoffice.TaskVenue:    {Chore: office.GoOver, Hands: venueHands},
		boxoffice.TaskCallback: {Chore: courier.Deliver, Hands: push.MostSends},
		boxoffice.TaskMail:     {Chore: postman.Deliver, Hands: push.MailHands},
	}), nil
}

// noticesOf is what mails are about: a transfer, or a password.
func noticesOf(office *boxoffice.Office, lobby *boxoffice.Lobby, addresses web.Addresses) push.Notices {
	return func(ctx context.Context, subject string) (boxoffice.Notice, bool, error) {
		link, isPassword := strings.CutPrefix(subject, string(boxoffice.NewsPassword)+"/")
		if !isPassword {
			return office.Notice(ctx, subject)
		}
		notice, ok, err := lobby.PasswordNotice(ctx, link)
		notice.Link = addresses.Password(link)
		return notice, ok, err
	}
}

// storyOf is what a callback tells: of a cart, or else of a transfer.
func storyOf(office *boxoffice.Office) push.Body {
	return func(ctx context.Context, id boxoffice.ProcessID) ([]byte, error) {
		sale, err := office.Outcome(ctx, id)
		switch {
		case errors.Is(err, fault.ProcessUnknown):
			giving, err := office.TransferOutcome(ctx, id)
			if err != nil || giving.Transfer.Process.State == boxoffice.OrderPending {
				return nil, err
			}
			return partnerapi.TransferStatusBody(giving)
		case err != nil, sale.Status == boxoffice.OrderPending:
			return nil, err
		}
		return partnerapi.StatusBody(sale)
	}
}
