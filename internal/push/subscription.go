package push

import (
	"context"
	"time"
)

// A State is whether messages go to a subscription.
type State string

// The states.
const (
	Active   State = "active"
	Paused   State = "paused"   // by an operator; its place is kept
	Disabled State = "disabled" // by us: it is gone, or took nothing for days; its place is kept
	Resync   State = "resync"   // rows it had not heard are gone: it needs a snapshot and begins anew
)

// A Subscription is a channel that hears of the seats or the events of an
// organization: a cursor over the journal.
type Subscription struct {
	ID string
	View
	Topic
	// SNS is where messages go instead of to the endpoint, which is then that of the
	// service, "" is Amazon's own.
	SNS            SNSTopic
	Endpoint       string
	User, Password string // for Authorization: Basic
	// Secret signs messages (Standard Webhooks). While it is rolled, the former one
	// signs beside it until its time.
	Secret, Former string
	FormerUntil    time.Time
	State          State
	Note           string // why it is in that state, or what its last attempt met
	Place
	Since time.Time
	// Ends is when it is gone unless it is renewed; zero is never. It is of somebody who
	// listens for a while, and may be killed. Lasts is how long one that is added has.
	Ends  time.Time
	Lasts time.Duration
	Lease int64 // grows whenever somebody takes or changes the subscription
}

// A Place is how far a subscription has come.
type Place struct {
	Cursor int64 // the last row that was delivered, or dead, or said nothing
	// Flight is the last row of a message that was refused; it is tried again as it
	// was. 0 is none.
	Flight    int64
	Attempts  int       // that failed since the last success
	Due       time.Time // of the next attempt
	Failing   time.Time // the first of them
	Delivered time.Time // the last success
}

// Kept is what a relay says of a subscription that it serves.
type Kept struct {
	ID    string
	Lease int64
	State State
	Note  string
	Place
}

// A Letter is what a subscriber did not take.
type Letter struct {
	Subscription string
	Subject      string // a ticket's token, or an event
	Position     int64
	Note         string
	At           time.Time
	Again        bool // it is to be told as it stands then
}

// A Lag is a subscription with how far it is behind.
type Lag struct {
	Subscription
	Rows   int64     // of the journal that it has not passed
	Oldest time.Time // of the first of them; zero where there is none
	Dead   int64     // letters
	// Rests says that nothing is sent, whatever its state: its partner is shut out, or
	// is no longer granted the organization.
	Rests bool
}

// Subscriptions are what operators see of them, in the store. What is unknown is
// fault.SubscriptionUnknown.
type Subscriptions interface {
	// AddSubscription adds one, with its cursor at the end of the journal. Where it is
	// to last for some time only, it ends then by the store's clock unless it is renewed.
	AddSubscription(ctx context.Context, s Subscription) (Subscription, error)
	// RenewSubscription has one that ends last for some time from now on.
	RenewSubscription(ctx context.Context, id string, lasts time.Duration) error
	// Subscriptions returns all of them by id, but for those that have ended.
	Subscriptions(ctx context.Context) ([]Lag, error)
	// ChangeSubscription lets change alter one. Whoever serves it loses it, and it is
	// served anew once that relay has let go, or after its lease.
	ChangeSubscription(ctx context.Context, id string, change func(s *Subscription) error) (Subscription, error)
	// RemoveSubscription drops one with its dead letters.
	RemoveSubscription(ctx context.Context, id string) error
	// Since is the position before the first row at or after a time.
	Since(ctx context.Context, at time.Time) (position int64, err error)
}

// Letters are the dead ones of subscriptions, in the store, for 30 days.
type Letters interface {
	// Bury keeps letters; one of the same subject and position is the same letter. Those
	// of a subscription that was removed meanwhile are left out.
	Bury(ctx context.Context, letters []Letter) error
	// DeadLetters returns those of a subscription, the oldest first; those alone that
	// are to be told again where again is set.
	DeadLetters(ctx context.Context, id string, again bool, limit int) ([]Letter, error)
	// Rouse has all letters of a subscription told again, and says how many.
	Rouse(ctx context.Context, id string) (n int64, err error)
	// Settle drops a letter that was delivered.
	Settle(ctx context.Context, l Letter) error
}

// Leases are who serves which subscription, in the store. One that has ended is
// served by nobody; nor is one, as long as that is so, whose channel is not of a partner that
// was granted the organization and is let in: has an API key that has not ended. No two relays
// hold the lease of one at once; it lasts LeaseTime by the database's clock.
type Leases interface {
	// ClaimSubscriptions takes active ones that nobody holds, at most limit.
	ClaimSubscriptions(ctx context.Context, relay string, limit int) ([]Subscription, error)
	// KeepSubscriptions writes down what a relay says of those it holds, and renews
	// their leases. It returns the ids of those that it does hold.
	KeepSubscriptions(ctx context.Context, relay string, kept []Kept) (held []string, err error)
	// LeaveSubscriptions gives up leases, whatever happened to them since.
	LeaveSubscriptions(ctx context.Context, relay string, ids []string) error
	// LookSubscriptions looks at those behind an id, in the order of their ids, at
	// most limit. It only reads.
	LookSubscriptions(ctx context.Context, relay, after string, limit int) (Look, error)
}

// A Look is what a relay sees of subscriptions.
type Look struct {
	Mine map[string]int64 // the lease of each that it holds
	Free bool             // there is some to claim
	To   string           // the id of the last that it looked at, "" behind which there are no more
}

// LeaseTime is how long a relay serves a subscription without saying so again.
const LeaseTime = 30 * time.Second
