package operatorapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
)

// Endpoints judges where messages may go, as it is written.
type Endpoints interface{ MayName(address string) bool }

// Topics makes topics of Amazon SNS.
type Topics interface {
	// CreateTopic makes a topic of a name, or finds it, and returns its ARN.
	CreateTopic(ctx context.Context, t push.SNSTopic, name, endpoint string) (arn string, err error)
}

const (
	subscriptionsPath  = "/subscriptions"
	addSubscriberPath  = "/subscription/add"
	pausePath          = "/subscription/pause"
	resumePath         = "/subscription/resume"
	removePath         = "/subscription/remove"
	replayPath         = "/subscription/replay"
	rollPath           = "/subscription/secret"
	deadPath           = "/subscription/dead"
	lettersShown       = 1_000
	maxEndpoint        = 1 << 10
	maxLasting         = 3600 // seconds, of a subscription that ends
	renewPath          = "/subscription/renew"
	subscriptionIDSize = 12
)

func (a *api) subscriptionRoutes() map[string]handler {
	return map[string]handler{
		"GET " + subscriptionsPath:  a.subscriptions,
		"POST " + addSubscriberPath: a.subscribe,
		"POST " + pausePath:         a.pause,
		"POST " + resumePath:        a.resume,
		"POST " + renewPath:         a.renewSubscription,
		"POST " + removePath:        a.unsubscribe,
		"POST " + replayPath:        a.replay,
		"POST " + rollPath:          a.rollSecret,
		"GET " + deadPath:           a.deadLetters,
	}
}

// A Subscription as operators see it. Of its endpoint they see the host: the rest
// may be a secret.
type Subscription struct {
	ID             string `json:"id"`
	Channel        string `json:"channel"`
	OrganizationID int64  `json:"organizationId"`
	Entity         string `json:"entity"`
	Echo           bool   `json:"echo"` // of the channel's own locks
	Host           string `json:"host"`
	Topic          string `json:"topic,omitempty"` // of Amazon SNS: its ARN
	State          string `json:"state"`
	Note           string `json:"note,omitempty"`
	Cursor         int64  `json:"cursor"`
	Behind         int64  `json:"behind"`             // rows of the journal
	Oldest         string `json:"oldest,omitempty"`   // when the first of them was written
	Attempts       int    `json:"attempts,omitempty"` // that failed since the last success
	Next           string `json:"next,omitempty"`     // attempt
	Delivered      string `json:"delivered,omitempty"`
	Ends           string `json:"ends,omitempty"`   // unless it is renewed
	Dead           int64  `json:"dead"`             // letters
	Secret         string `json:"secret,omitempty"` // told once, when it is new
}

// SubscriptionList is the answer to which subscriptions there are.
type SubscriptionList struct {
	Subscriptions []Subscription `json:"subscriptions"`
}

// A NewSubscription is to be added.
type NewSubscription struct {
	Channel        string `json:"channel"`
	OrganizationID int64  `json:"organizationId"`
	Entity         string `json:"entity"`
	Echo           bool   `json:"echo"`
	Endpoint       string `json:"endpoint"`
	User           string `json:"user"`
	Password       string `json:"password"`
	SNS            *Topic `json:"sns,omitempty"`     // instead of the endpoint, which is then that of the service, "" is Amazon's
	Seconds        int64  `json:"seconds,omitempty"` // that it lasts unless it is renewed; 0 is for good
}

// A Topic of Amazon SNS is to take messages. Without a key the default chain of
// the AWS SDK is asked, by the process that sends.
type Topic struct {
	Name   string `json:"name"`             // its ARN, or a name of which it is made
	Region string `json:"region,omitempty"` // "" is the ARN's
	KeyID  string `json:"keyId,omitempty"`
	Key    string `json:"key,omitempty"`
}

// A Letter is what a subscriber refused.
type Letter struct {
	Subject  string `json:"subject"` // a token or an accessId
	Position int64  `json:"position"`
	Met      string `json:"met"`
	At       string `json:"at"`
	Again    bool   `json:"again"`
}

// LetterList is the answer to which dead letters there are, the oldest 1,000.
type LetterList struct {
	Letters []Letter `json:"letters"`
}

func subscriptionOf(s push.Subscription) Subscription {
	shown := Subscription{
		ID: s.ID, Channel: string(s.Channel), OrganizationID: int64(s.Organization), Entity: string(s.Entity), Echo: s.Echo,
		State: string(s.State), Note: s.Note, Topic: s.SNS.ARN, Cursor: s.Cursor, Attempts: s.Attempts, Next: since(s.Due), Delivered: since(s.Delivered),
		Ends: since(s.Ends),
	}
	if to, err := url.Parse(s.Endpoint); err == nil {
		shown.Host = to.Host
	}
	return shown
}

// since is a time that may never have been.
func since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return instant(t)
}

func (a *api) subscriptions(ctx context.Context, _ *call) (any, error) {
	all, err := a.work.Messages.Subscriptions.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	list := SubscriptionList{Subscriptions: []Subscription{}}
	for _, lag := range all {
		shown := subscriptionOf(lag.Subscription)
		shown.Behind, shown.Oldest, shown.Dead = lag.Rows, since(lag.Oldest), lag.Dead
		if lag.Rests {
			shown.Note = "it rests: its partner has no API key that is alive, or was not granted the organization"
		}
		list.Subscriptions = append(list.Subscriptions, shown)
	}
	return list, nil
}

func (a *api) subscribe(ctx context.Context, c *call) (any, error) {
	var wire NewSubscription
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	entity := boxoffice.Entity(wire.Entity)
	switch {
	case entity != boxoffice.Seats && entity != boxoffice.Events:
		return nil, fault.FieldInvalid.Saying("entity is seats or events")
	case len(wire.Endpoint) > maxEndpoint || (wire.SNS == nil || wire.Endpoint != "") && !a.work.Endpoints.MayName(wire.Endpoint):
		return nil, fault.SubscriptionRefused.Saying("the endpoint is https, with a name for its host and no user in it; a sandbox takes http and this machine too")
	case strings.Contains(wire.User, ":"):
		return nil, fault.FieldInvalid.Saying("a user has no colon")
	case wire.Seconds < 0 || wire.Seconds > maxLasting:
		return nil, fault.FieldInvalid.Saying("seconds is 0 to 3600")
	}
	if err := a.mayHear(ctx, access.Channel(wire.Channel), access.OrganizationID(wire.OrganizationID)); err != nil {
		return nil, err
	}
	wanted := push.Subscription{
		ID: rand.Text()[:subscriptionIDSize], View: push.View{Channel: access.Channel(wire.Channel), Echo: wire.Echo},
		Topic:    push.Topic{Organization: access.OrganizationID(wire.OrganizationID), Entity: entity},
		Endpoint: wire.Endpoint, User: wire.User, Password: wire.Password, Secret: push.NewSecret(),
		Lasts: time.Duration(wire.Seconds) * time.Second,
	}
	if wire.SNS != nil {
		if err := a.topic(ctx, wire.SNS, &wanted); err != nil {
			return nil, err
		}
	}
	added, err := a.work.Messages.Subscriptions.AddSubscription(ctx, wanted)
	if err != nil {
		return nil, err
	}
	shown := subscriptionOf(added)
	if added.SNS.ARN == "" { // SNS signs by itself
		shown.Secret = added.Secret
	}
	return shown, nil
}

// topic gives a subscription its topic, which is made where only its name is told.
func (a *api) topic(ctx context.Context, wire *Topic, s *push.Subscription) error {
	s.SNS = push.SNSTopic{ARN: wire.Name, Region: wire.Region, KeyID: wire.KeyID, Key: wire.Key}
	switch {
	case s.User != "" || s.Password != "":
		return fault.FieldInvalid.Saying("SNS is not asked with a user and a password")
	case (wire.KeyID == "") != (wire.Key == ""):
		return fault.FieldInvalid.Saying("a key has an id and a secret")
	}
	if !strings.HasPrefix(wire.Name, "arn:") {
		if wire.Region == "" {
			return fault.FieldInvalid.Saying("a topic that is to be made needs its region")
		}
		arn, err := a.work.Topics.CreateTopic(ctx, s.SNS, wire.Name, s.Endpoint)
		if err != nil {
			return err
		}
		s.SNS.ARN = arn
	}
	if !s.SNS.Valid() {
		return fault.FieldInvalid.Saying("a topic is an ARN such as arn:aws:sns:us-east-1:123456789012:seats, or a name")
	}
	all, err := a.work.Messages.Subscriptions.Subscriptions(ctx)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.SNS.ARN == s.SNS.ARN && (other.Channel != s.Channel || other.Topic == s.Topic) {
			return fault.SubscriptionRefused.Saying("subscription " + other.ID + " publishes to that topic: what it says depends on the channel, and nothing stands in it twice")
		}
	}
	return nil
}

// mayHear refuses a channel that is nobody's, or an organization that its partner
// was not granted.
func (a *api) mayHear(ctx context.Context, channel access.Channel, org access.OrganizationID) error {
	all, err := a.work.Partners.Partners(ctx)
	if err != nil {
		return err
	}
	for _, p := range all {
		if !slices.Contains(p.Channels, channel) {
			continue
		}
		if !slices.Contains(p.Organizations, org) {
			return fault.SubscriptionRefused.Saying(fmt.Sprintf("the channel's partner was not granted organization %d", org))
		}
		return nil
	}
	return fault.SubscriptionRefused.Saying("no partner has that channel")
}

// A subscriptionRequest names one, and for a replay says what.
type subscriptionRequest struct {
	ID    string `json:"id"`
	From  int64  `json:"from,omitempty"`
	To    int64  `json:"to,omitempty"`
	Since string `json:"since,omitempty"`
	Dead  bool   `json:"dead,omitempty"`

	Seconds int64 `json:"seconds,omitempty"` // that it is to last
}

// Replayed says what a replay does.
type Replayed struct {
	Cursor  int64 `json:"cursor"`            // where it goes on from, where the cursor moved
	Letters int64 `json:"letters,omitempty"` // seats or events that are told as they stand
}

func (a *api) named(ctx context.Context, c *call, change func(ctx context.Context, id string) (push.Subscription, error)) (any, error) {
	var wire subscriptionRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	changed, err := change(ctx, wire.ID)
	if err != nil {
		return nil, err
	}
	return subscriptionOf(changed), nil
}

func (a *api) pause(ctx context.Context, c *call) (any, error) {
	return a.named(ctx, c, a.work.Messages.Pause)
}

func (a *api) resume(ctx context.Context, c *call) (any, error) {
	return a.named(ctx, c, a.work.Messages.Resume)
}

func (a *api) renewSubscription(ctx context.Context, c *call) (any, error) {
	var wire subscriptionRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	if wire.Seconds < 1 || wire.Seconds > maxLasting {
		return nil, fault.FieldInvalid.Saying("seconds is 1 to 3600")
	}
	lasts := time.Duration(wire.Seconds) * time.Second
	return Subscription{ID: wire.ID}, a.work.Messages.Subscriptions.RenewSubscription(ctx, wire.ID, lasts)
}

func (a *api) unsubscribe(ctx context.Context, c *call) (any, error) {
	return a.named(ctx, c, func(ctx context.Context, id string) (push.Subscription, error) {
		return push.Subscription{ID: id}, a.work.Messages.Subscriptions.RemoveSubscription(ctx, id)
	})
}

func (a *api) rollSecret(ctx context.Context, c *call) (any, error) {
	var wire subscriptionRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	changed, err := a.work.Messages.Roll(ctx, wire.ID, time.Now())
	if err != nil {
		return nil, err
	}
	shown := subscriptionOf(changed)
	shown.Secret = changed.Secret
	return shown, nil
}

func (a *api) replay(ctx context.Context, c *call) (any, error) {
	var wire subscriptionRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	var (
		done Replayed
		sub  push.Subscription
		err  error
	)
	switch {
	case wire.Dead:
		done.Letters, err = a.work.Messages.Letters.Rouse(ctx, wire.ID)
	case wire.To > 0:
		done.Letters, err = a.work.Messages.Range(ctx, wire.ID, wire.From, wire.To)
	case wire.Since != "":
		at, bad := time.Parse(time.RFC3339, wire.Since)
		if bad != nil {
			return nil, fault.FieldInvalid.Saying("since is a time such as 2026-07-25T18:00:00Z")
		}
		sub, err = a.work.Messages.Since(ctx, wire.ID, at)
	default:
		sub, err = a.work.Messages.From(ctx, wire.ID, wire.From)
	}
	done.Cursor = sub.Cursor
	return done, err
}

func (a *api) deadLetters(ctx context.Context, c *call) (any, error) {
	letters, err := a.work.Messages.Letters.DeadLetters(ctx, c.FormValue("id"), false, lettersShown)
	if err != nil {
		return nil, err
	}
	list := LetterList{Letters: []Letter{}}
	for _, l := range letters {
		list.Letters = append(list.Letters, Letter{l.Subject, l.Position, l.Note, instant(l.At), l.Again})
	}
	return list, nil
}

// Subscriptions lists all subscriptions.
func (c *Client) Subscriptions(ctx context.Context) (list SubscriptionList, err error) {
	err = c.call(ctx, http.MethodGet, subscriptionsPath, nil, &list)
	return list, err
}

// Subscribe adds a subscription, whose secret is told this once.
func (c *Client) Subscribe(ctx context.Context, want NewSubscription) (s Subscription, err error) {
	err = c.call(ctx, http.MethodPost, addSubscriberPath, want, &s)
	return s, err
}

// Pause has nothing sent to a subscription until Resume.
func (c *Client) Pause(ctx context.Context, id string) (s Subscription, err error) {
	err = c.call(ctx, http.MethodPost, pausePath, subscriptionRequest{ID: id}, &s)
	return s, err
}

// Resume has a subscription served again, at once.
func (c *Client) Resume(ctx context.Context, id string) (s Subscription, err error) {
	err = c.call(ctx, http.MethodPost, resumePath, subscriptionRequest{ID: id}, &s)
	return s, err
}

// RenewSubscription has a subscription that ends last for some time from now on.
func (c *Client) RenewSubscription(ctx context.Context, id string, lasts time.Duration) error {
	return c.call(ctx, http.MethodPost, renewPath, subscriptionRequest{ID: id, Seconds: int64(lasts / time.Second)}, &Subscription{})
}

// Unsubscribe removes a subscription.
func (c *Client) Unsubscribe(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodPost, removePath, subscriptionRequest{ID: id}, &Subscription{})
}

// RollSecret gives a subscription a new secret, which is told this once.
func (c *Client) RollSecret(ctx context.Context, id string) (s Subscription, err error) {
	err = c.call(ctx, http.MethodPost, rollPath, subscriptionRequest{ID: id}, &s)
	return s, err
}

// ReplayFrom tells all from a position on again; to a position only, where to is
// not 0, each seat as it stands now.
func (c *Client) ReplayFrom(ctx context.Context, id string, from, to int64) (r Replayed, err error) {
	err = c.call(ctx, http.MethodPost, replayPath, subscriptionRequest{ID: id, From: from, To: to}, &r)
	return r, err
}

// ReplaySince tells all since a time again.
func (c *Client) ReplaySince(ctx context.Context, id, at string) (r Replayed, err error) {
	err = c.call(ctx, http.MethodPost, replayPath, subscriptionRequest{ID: id, Since: at}, &r)
	return r, err
}

// ReplayDead tells what was refused again, each seat as it stands now.
func (c *Client) ReplayDead(ctx context.Context, id string) (r Replayed, err error) {
	err = c.call(ctx, http.MethodPost, replayPath, subscriptionRequest{ID: id, Dead: true}, &r)
	return r, err
}

// DeadLetters lists what a subscriber refused, the oldest first.
func (c *Client) DeadLetters(ctx context.Context, id string) (list LetterList, err error) {
	err = c.call(ctx, http.MethodGet, deadPath+"?"+url.Values{"id": {id}}.Encode(), nil, &list)
	return list, err
}
