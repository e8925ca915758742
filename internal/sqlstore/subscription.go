package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
)

// A Store keeps subscriptions too, as solo work.
var (
	_ push.Subscriptions = (*Store)(nil)
	_ push.Post          = (*Store)(nil)
)

const subscriptionPurpose = "subscription"

// sealedSubscription is what of a subscription nobody reads in the database: its
// endpoint, which may carry a secret, and what opens it.
type sealedSubscription struct {
	Endpoint    string      `json:"endpoint"`
	User        string      `json:"user,omitzero"`
	Password    string      `json:"password,omitzero"`
	Secret      string      `json:"secret"`
	Former      string      `json:"former,omitzero"`
	FormerUntil time.Time   `json:"formerUntil,omitzero"`
	SNS         sealedTopic `json:"sns,omitzero"`
}

// sealedTopic is a topic with what opens it.
type sealedTopic struct {
	ARN    string `json:"arn"`
	Region string `json:"region,omitzero"`
	KeyID  string `json:"keyId,omitzero"`
	Key    string `json:"key,omitzero"`
}

func (s *Store) sealSubscription(sub push.Subscription) string {
	plain, err := json.Marshal(sealedSubscription{sub.Endpoint, sub.User, sub.Password, sub.Secret, sub.Former, sub.FormerUntil, sealedTopic(sub.SNS)})
	if err != nil {
		panic(fmt.Sprintf("a subscription cannot be written: %v", err)) // strings and a time only
	}
	return s.keys.Seal(subscriptionPurpose, plain)
}

const subscriptionColumns = `id, channel, organization, entity, echo, sealed, state, note, cursor, flight, attempts,
	due_at, failing_since, delivered_at, since, lease, ends_at`

// subscriptionColumnCount is where a statement's own columns begin.
const subscriptionColumnCount = 17

func (s *Store) readSubscription(r row) (push.Subscription, error) {
	sub := push.Subscription{
		ID: r.text(0), View: push.View{Channel: access.Channel(r.text(1)), Echo: r.flag(4)},
		Topic: push.Topic{Organization: access.OrganizationID(r.int(2)), Entity: boxoffice.Entity(r.text(3))},
		State: push.State(r.text(6)), Note: r.text(7),
		Place: push.Place{
			Cursor: r.int(8), Flight: r.int(9), Attempts: int(r.int(10)), Due: instant(r.int(11)), Failing: instant(r.int(12)), Delivered: instant(r.int(13)),
		},
		Since: instant(r.int(14)), Lease: r.int(15), Ends: instant(r.int(16)),
	}
	plain, err := s.keys.Open(subscriptionPurpose, r.text(5))
	if err != nil {
		return sub, fmt.Errorf("subscription %s: %w", sub.ID, err)
	}
	var sealed sealedSubscription
	if err := json.Unmarshal(plain, &sealed); err != nil {
		return sub, fmt.Errorf("subscription %s: %w", sub.ID, err)
	}
	sub.Endpoint, sub.User, sub.Password = sealed.Endpoint, sealed.User, sealed.Password
	sub.Secret, sub.Former, sub.FormerUntil = sealed.Secret, sealed.Former, sealed.FormerUntil
	sub.SNS = push.SNSTopic(sealed.SNS)
	return sub, nil
}

// AddSubscription adds one at the end of the journal (push.Subscriptions).
func (s *Store) AddSubscription(ctx context.Context, sub push.Subscription) (push.Subscription, error) {
	const add = `
INSERT INTO subscription (id, channel, organization, entity, echo, sealed, state, note, cursor, flight, attempts, due_at, failing_since,
	delivered_at, since, lease, lease_by, lease_until, ends_at)
SELECT $1, $2, $3, $4, $5, $6, $7, '', position, 0, 0, 0, 0, 0, $8, 0, '', 0, $9 FROM head WHERE id = 1
RETURNING cursor`
	sealed := s.sealSubscription(sub)
	sub.State, sub.Note, sub.Place, sub.Lease = push.Active, "", push.Place{}, 0
	err := s.alone(ctx, func(ctx context.Context, tx session) error {
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		sub.Since, sub.Ends = now, time.Time{}
		if sub.Lasts > 0 {
			sub.Ends = now.Add(sub.Lasts)
		}
		return tx.run(ctx, step{text: add, args: []any{
			sub.ID, string(sub.Channel), int64(sub.Organization), string(sub.Entity), sub.Echo, sealed, string(sub.State), micros(now), micros(sub.Ends),
		}, each: func(r row) error { sub.Cursor = r.int(0); return nil }})
	})
	return sub, err
}

// RenewSubscription has one last on (push.Subscriptions). Whoever serves it goes on.
func (s *Store) RenewSubscription(ctx context.Context, id string, lasts time.Duration) error {
	const renew = `UPDATE subscription SET ends_at = $2 WHERE id = $1 AND ends_at > $3`
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		renewed := 0
		err = tx.run(ctx, step{text: renew, args: []any{id, micros(now.Add(lasts)), micros(now)}, want: -1, took: &renewed})
		if err == nil && renewed == 0 {
			err = fault.SubscriptionUnknown
		}
		return err
	})
}

// TidySubscriptions drops those that have ended.
func (s *Store) TidySubscriptions(ctx context.Context) error {
	const (
		look = `SELECT ends_at FROM subscription WHERE ends_at > 0`
		tidy = `DELETE FROM subscription WHERE ends_at > 0 AND ends_at <= $1`
	)
	some := false
	err := s.read(ctx, step{text: look, each: func(row) error { some = true; return nil }})
	if err != nil || !some {
		return err
	}
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		return tx.run(ctx, step{text: tidy, args: []any{micros(now)}, want: -1})
	})
}

// Subscriptions returns all, with how far each is behind (push.Subscriptions).
func (s *Store) Subscriptions(ctx context.Context) ([]push.Lag, error) {
	const all = `
SELECT ` + subscriptionColumns + `, (SELECT position FROM head WHERE id = 1) - s.cursor,
	COALESCE((SELECT b.at FROM batch AS b WHERE b.position <= s.cursor + 1 AND b.size > 0 ORDER BY b.position DESC LIMIT 1), 0),
	(SELECT COUNT(*) FROM letter AS l WHERE l.subscription = s.id), ` + admitted + `
FROM subscription AS s ORDER BY s.id`
	var (
		now   time.Time
		list  []push.Lag
		until []int64 // its partner is let in, for each
	)
	steps := append([]step{{text: all, each: func(r row) error {
		sub, err := s.readSubscription(r)
		const own = subscriptionColumnCount
		lag := push.Lag{Subscription: sub, Rows: max(r.int(own), 0), Dead: r.int(own + 2)}
		until = append(until, r.int(own+3))
		if lag.Rows > 0 {
			lag.Oldest = instant(r.int(own + 1))
		}
		list = append(list, lag)
		return err
	}}}, s.db.clock(&now)...)
	if err := s.read(ctx, steps...); err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Rests = until[i] <= micros(now)
	}
	return slices.DeleteFunc(list, func(l push.Lag) bool { return !l.Ends.IsZero() && !now.Before(l.Ends) }), nil
}

// ChangeSubscription lets change alter one (push.Subscriptions). The lease stays
// with whoever has it, who finds that it has grown and lets go when its message
// is no longer in flight.
func (s *Store) ChangeSubscription(ctx context.Context, id string, change func(*push.Subscription) error) (push.Subscription, error) {
	const (
		look = `SELECT ` + subscriptionColumns + ` FROM subscription WHERE id = $1 {lock}`
		keep = `
UPDATE subscription SET echo = $2, sealed = $3, state = $4, note = $5, cursor = $6, flight = $7, attempts = $8, due_at = $9, failing_since = $10,
	lease = lease + 1
WHERE id = $1`
	)
	var sub push.Subscription
	err := s.inTurn(ctx, func(ctx context.Context, tx session) error {
		sub = push.Subscription{}
		err := tx.run(ctx, step{text: look, args: []any{id}, each: func(r row) (err error) { sub, err = s.readSubscription(r); return err }})
		if err != nil {
			return err
		}
		if sub.ID == "" {
			return fault.SubscriptionUnknown
		}
		if err := change(&sub); err != nil {
			return err
		}
		sub.Lease++
		return tx.run(ctx, step{text: keep, want: 1, args: []any{
			id, sub.Echo, s.sealSubscription(sub), string(sub.State), sub.Note, sub.Cursor, sub.Flight, int64(sub.Attempts), micros(sub.Due), micros(sub.Failing),
		}})
	})
	return sub, err
}

// RemoveSubscription drops one with its letters (push.Subscriptions).
func (s *Store) RemoveSubscription(ctx context.Context, id string) error {
	const remove = `DELETE FROM subscription WHERE id = $1`
	return s.inTurn(ctx, func(ctx context.Context, tx session) error {
		gone := 0
		err := tx.run(ctx, step{text: remove, args: []any{id}, want: -1, took: &gone})
		if err == nil && gone == 0 {
			err = fault.SubscriptionUnknown
		}
		return err
	})
}

// Since is the position before the first row at or after a time
// (push.Subscriptions). It walks the batches, for an operator's command.
func (s *Store) Since(ctx context.Context, at time.Time) (position int64, err error) {
	const first = `
SELECT COALESCE((SELECT MIN(position) FROM batch WHERE at >= $1 AND size > 0 AND position IS NOT NULL) - 1, (SELECT position FROM head WHERE id = 1))`
	err = s.read(ctx, step{text: first, args: []any{micros(at)}, each: func(r row) error { position = r.int(0); return nil }})
	return position, err
}

// admitted is until when the partner of subscription s is let in: it was granted the
// organization, and has an API key that has not ended. Where a grant was withdrawn, or
// the partner disabled, nothing is sent. 0 is that it is not.
const admitted = `COALESCE((SELECT MAX(CASE k.ends WHEN 0 THEN 9007199254740991 ELSE k.ends END)
	FROM channel AS c JOIN granted AS g ON g.application = c.application JOIN api_key AS k ON k.application = c.application
	WHERE c.code = s.channel AND g.organization = s.organization), 0)`

// ClaimSubscriptions takes those that nobody holds (push.Leases).
func (s *Store) ClaimSubscriptions(ctx context.Context, relay string, limit int) ([]push.Subscription, error) {
	const claim = `
UPDATE subscription SET lease = lease + 1, lease_by = $1, lease_until = $2
WHERE id IN (SELECT s.id FROM subscription AS s WHERE s.state = 'active' AND s.lease_until <= $3 AND (s.ends_at = 0 OR s.ends_at > $3)
	AND ` + admitted + ` > $3 ORDER BY s.id LIMIT $4 {skip})
RETURNING ` + subscriptionColumns
	var claimed []push.Subscription
	err := s.alone(ctx, func(ctx context.Context, tx session) error {
		claimed = nil
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		return tx.run(ctx, step{text: claim, args: []any{relay, micros(now.Add(push.LeaseTime)), micros(now), int64(limit)}, each: func(r row) error {
			sub, err := s.readSubscription(r)
			claimed = append(claimed, sub)
			return err
		}})
	})
	return claimed, err
}

// KeepSubscriptions writes down places and renews leases, in one statement
// (push.Leases).
func (s *Store) KeepSubscriptions(ctx context.Context, relay string, kept []push.Kept) ([]string, error) {
	const keep = `
UPDATE subscription SET cursor = r.place, flight = r.in_flight, attempts = r.tries, due_at = r.due, failing_since = r.failing,
	delivered_at = r.delivered, state = r.standing, note = r.says, lease_until = $1
FROM {rows $3 name text, number bigint, place bigint, in_flight bigint, tries bigint, due bigint, failing bigint, delivered bigint, standing text, says text}
WHERE subscription.id = r.name AND subscription.lease = r.number AND subscription.lease_by = $2
RETURNING id`
	var held []string
	err := s.alone(ctx, func(ctx context.Context, tx session) error {
		held = nil
		now, err := s.clockIn(ctx, tx)
		if err != nil {
			return err
		}
		var rows table
		for _, k := range kept {
			rows.row().text(k.ID).int(k.Lease).int(k.Cursor).int(k.Flight).int(int64(k.Attempts)).int(micros(k.Due)).int(micros(k.Failing)).
				int(micros(k.Delivered)).text(string(k.State)).text(k.Note)
		}
		return tx.run(ctx, step{text: keep, args: []any{micros(now.Add(push.LeaseTime)), relay}, rows: &rows, want: -1, each: func(r row) error {
			held = append(held, r.text(0))
			return nil
		}})
	})
	return held, err
}

// LeaveSubscriptions gives up leases (push.Leases).
func (s *Store) LeaveSubscriptions(ctx context.Context, relay string, ids []string) error {
	const leave = `UPDATE subscription SET lease_by = '', lease_until = 0 WHERE id {in $1} AND lease_by = $2`
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx, step{text: leave, args: []any{sorted(ids), relay}, want: -1})
	})
}

// LookSubscriptions tells what a relay holds, and whether there is more
// (push.Leases).
func (s *Store) LookSubscriptions(ctx context.Context, relay, after string, limit int) (look push.Look, err error) {
	const page = `
SELECT s.id, s.lease, s.lease_by, s.lease_until, s.state, s.ends_at, ` + admitted + `, {clock}
FROM subscription AS s WHERE s.id > $1 ORDER BY s.id LIMIT CAST($2 AS BIGINT)`
	type seen struct {
		id                       string
		lease, held, ends, until int64
		own, active              bool
	}
	var (
		now  time.Time
		list []seen
		tell = s.clocked(&now)
	)
	err = s.read(ctx, step{text: page, args: []any{after, int64(limit)}, each: func(r row) error {
		list = append(list, seen{r.text(0), r.int(1), r.int(3), r.int(5), r.int(6), r.text(2) == relay, push.State(r.text(4)) == push.Active})
		tell(r, 7)
		return nil
	}})
	if err != nil {
		return look, err
	}
	look.Mine = map[string]int64{}
	if len(list) == limit {
		look.To = list[limit-1].id
	}
	for _, sub := range list {
		if sub.ends > 0 && sub.ends <= micros(now) || sub.until <= micros(now) {
			continue
		}
		if sub.own {
			look.Mine[sub.id] = sub.lease
		}
		look.Free = look.Free || sub.active && sub.held <= micros(now)
	}
	return look, nil
}
