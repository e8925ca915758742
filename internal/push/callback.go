package push

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// MostSends is how many callbacks a process sends at once: the hands of a clerk
// who has the Courier's Deliver as a chore.
const MostSends = 512

const (
	// recordTime is how long the outcome of an attempt may take to be written down.
	recordTime = 3 * time.Second
	// noticeAttempt comes some ten minutes after the first. A receiver that still
	// takes nothing deserves a line in the log.
	noticeAttempt = 6
)

// Callbacks are those that orders owe, in the store.
type Callbacks interface {
	// Callback returns the callback of a process; false where it owes none.
	Callback(ctx context.Context, id boxoffice.ProcessID) (boxoffice.Callback, bool, error)
	// SettleCallback writes down what became of an attempt. It is idempotent.
	SettleCallback(ctx context.Context, c boxoffice.Callback) error
}

// A Body is what a process's callback says: the very body of its status call. It
// is nil while an order of the process waits (again): whoever decides it leaves
// a task of its own.
type Body func(ctx context.Context, id boxoffice.ProcessID) ([]byte, error)

// A Courier delivers callbacks.
type Courier struct {
	callbacks Callbacks
	body      Body
	door      *Door
	log       *slog.Logger
}

// NewCourier hires a courier who leaves by this door.
func NewCourier(callbacks Callbacks, body Body, door *Door, log *slog.Logger) *Courier {
	return &Courier{callbacks: callbacks, body: body, door: door, log: log}
}

// Deliver makes one attempt to deliver the callback of the process that the task
// names, and says when the next is due (boxoffice.Chore). A receiver that answers
// 2xx hears no more of it; where that answer or its record is lost, the same body
// comes again.
func (c *Courier) Deliver(ctx context.Context, t boxoffice.ClaimedTask) (again time.Duration, err error) {
	id := boxoffice.ProcessID(t.Subject)
	owed, found, err := c.callbacks.Callback(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("callback: %w", err)
	}
	if !found || owed.State != boxoffice.CallbackOwed {
		return 0, nil // an earlier run has settled it
	}
	body, err := c.body(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("body of a callback: %w", err)
	}
	if body == nil {
		return 0, nil
	}
	answer, err := c.door.Post(ctx, owed.URL, body)
	if err != nil && ctx.Err() != nil {
		return 0, ctx.Err() // cut short by us: no attempt
	}
	owed.Attempts++
	owed.Note = class(answer)
	next := judge(owed.Attempts, answer, rand.Float64()) //nolint:gosec // spreads load, hides nothing
	switch {
	case next.delivered:
		owed.State = boxoffice.CallbackDelivered
	case next.again == 0:
		owed.State = boxoffice.CallbackDead
	}
	// What the receiver has heard is written down even when we are asked to stop.
	record, done := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer done()
	if err := c.callbacks.SettleCallback(record, owed); err != nil {
		return 0, fmt.Errorf("settle a callback: %w", err)
	}
	switch {
	case owed.State == boxoffice.CallbackDead:
		c.log.WarnContext(ctx, "a callback is given up", "process", id, "channel", owed.Channel, "attempts", owed.Attempts, "met", owed.Note)
	case owed.State == boxoffice.CallbackOwed && owed.Attempts == noticeAttempt:
		c.log.WarnContext(ctx, "a receiver takes no callback", "process", id, "channel", owed.Channel, "attempts", owed.Attempts, "met", owed.Note)
	}
	return next.again, nil
}
