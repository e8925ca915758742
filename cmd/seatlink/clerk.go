package main

import (
	"context"
	"fmt"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/partnerapi"
	"github.com/seatlink/seatlink/internal/push"
)

// decidingHands is how many orders of the sandbox are decided at once. They wait
// for the writer, which takes them together.
const decidingHands = 16

// expiringHands is how many transfers are ended at once, likewise.
const expiringHands = 16

// newClerk hires who works off the tasks that acts leave.
func (s *server) newClerk(office *boxoffice.Office, rules push.Rules, sandbox bool) (*boxoffice.Clerk, error) {
	own, err := push.OwnAddresses()
	if err != nil {
		return nil, fmt.Errorf("addresses of this machine: %w", err)
	}
	rules.Sandbox, rules.Own = sandbox, own
	body := func(ctx context.Context, id boxoffice.ProcessID) ([]byte, error) {
		sale, err := office.Outcome(ctx, id)
		if err != nil || sale.Status == boxoffice.OrderPending {
			return nil, err
		}
		return partnerapi.StatusBody(sale)
	}
	courier := push.NewCourier(s.store, body, push.NewDoor(rules), s.log)
	return boxoffice.NewClerk(s.store, s.log, map[string]boxoffice.Duty{
		boxoffice.TaskDecide:   {Chore: office.FinishOrder, Hands: decidingHands},
		boxoffice.TaskExpire:   {Chore: office.ExpireTransfer, Hands: expiringHands},
		boxoffice.TaskCallback: {Chore: courier.Deliver, Hands: push.MostSends},
	}), nil
}
