package push

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// mostReplayed is how many rows a range may have whose seats are told again.
const mostReplayed = 10_000

// A Replay tells subscribers again what they were told. It moves a cursor back, or
// has seats told as they stand now; an old state never goes beside the cursor.
type Replay struct {
	Subscriptions Subscriptions
	Letters       Letters
	Journal       boxoffice.Journal
}

// From moves the cursor back, so that the rows from a position on are told again.
func (r Replay) From(ctx context.Context, id string, position int64) (Subscription, error) {
	ends, err := r.Journal.JournalEnds(ctx)
	if err != nil {
		return Subscription{}, err
	}
	return r.Subscriptions.ChangeSubscription(ctx, id, func(s *Subscription) error {
		if position < max(ends.First, 1) || position > s.Cursor+1 {
			return fault.SubscriptionRefused.Saying("that position is not between the oldest row kept and the cursor")
		}
		if s.State == Resync {
			s.State, s.Note = Active, ""
		}
		s.Place = Place{Cursor: position - 1, Delivered: s.Delivered}
		return nil
	})
}

// Since is From the first row at or after a time.
func (r Replay) Since(ctx context.Context, id string, at time.Time) (Subscription, error) {
	before, err := r.Subscriptions.Since(ctx, at)
	if err != nil {
		return Subscription{}, err
	}
	return r.From(ctx, id, before+1)
}

// Range has the seats or events of the rows between two positions, both included,
// told as they stand, and says how many.
func (r Replay) Range(ctx context.Context, id string, first, last int64) (n int64, err error) {
	if first < 1 || last < first || last-first >= mostReplayed {
		return 0, fault.SubscriptionRefused.Saying("a range has 1 to 10000 rows")
	}
	var topic Topic
	// A change that changes nothing finds the subscription, or says that there is none.
	if _, err := r.Subscriptions.ChangeSubscription(ctx, id, func(s *Subscription) error { topic = s.Topic; return nil }); err != nil {
		return 0, err
	}
	rows, err := r.Journal.Changes(ctx, first-1, int(last-first+1))
	if err != nil {
		return 0, err
	}
	var letters []Letter
	seen := map[string]bool{}
	for _, c := range rows {
		if c.Position <= last && c.Organization == topic.Organization && c.Entity == topic.Entity && !seen[c.Subject] {
			seen[c.Subject] = true
			letters = append(letters, Letter{Subscription: id, Subject: c.Subject, Position: c.Position, Note: "replay"})
		}
	}
	if len(letters) == 0 {
		return 0, nil
	}
	if err := r.Letters.Bury(ctx, letters); err != nil {
		return 0, err
	}
	if _, err := r.Letters.Rouse(ctx, id); err != nil {
		return 0, err
	}
	return int64(len(letters)), nil
}

// Resume has an inactive subscription served again, at once. One that needs to
// resync goes on from the end of the journal: its subscriber takes a snapshot.
func (r Replay) Resume(ctx context.Context, id string) (Subscription, error) {
	ends, err := r.Journal.JournalEnds(ctx)
	if err != nil {
		return Subscription{}, err
	}
	return r.Subscriptions.ChangeSubscription(ctx, id, func(s *Subscription) error {
		if s.State == Resync {
			s.Cursor, s.Flight = ends.Newest, 0
		}
		s.State, s.Note = Active, ""
		s.Attempts, s.Due, s.Failing = 0, time.Time{}, time.Time{}
		return nil
	})
}

// Pause has nothing sent until Resume.
func (r Replay) Pause(ctx context.Context, id string) (Subscription, error) {
	return r.Subscriptions.ChangeSubscription(ctx, id, func(s *Subscription) error {
		if s.State != Active && s.State != Paused {
			return fault.SubscriptionRefused.Saying("it is " + string(s.State) + " already")
		}
		s.State, s.Note = Paused, "by an operator"
		return nil
	})
}

// rollTime is how long the former secret signs beside the new one.
const rollTime = 24 * time.Hour

// Roll gives a subscription a new secret, which is returned; the former signs
// beside it for a day.
func (r Replay) Roll(ctx context.Context, id string, now time.Time) (Subscription, error) {
	secret := NewSecret()
	return r.Subscriptions.ChangeSubscription(ctx, id, func(s *Subscription) error {
		if s.SNS.ARN != "" {
			return fault.SubscriptionRefused.Saying("SNS signs what goes through a topic: there is no secret")
		}
		s.Former, s.FormerUntil, s.Secret = s.Secret, now.Add(rollTime), secret
		return nil
	})
}
