package push

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Sender makes one attempt to deliver a message. An error is no answer.
type Sender interface {
	Send(ctx context.Context, s Subscription, m Message) (Answer, error)
}

// Ways are the senders for each kind of subscription.
type Ways struct{ Webhook, SNS Sender }

// Send leaves the message to the way that its subscription takes (Sender).
func (w Ways) Send(ctx context.Context, s Subscription, m Message) (Answer, error) {
	if s.SNS.ARN != "" {
		return w.SNS.Send(ctx, s, m)
	}
	return w.Webhook.Send(ctx, s, m)
}

// A Webhook sends messages as POSTs to the subscriber's endpoint, with the body
// and Basic authorization of the contract. Signature, sequence and epoch stand in
// headers, for those who want them.
type Webhook struct {
	door  *Door
	clock func() time.Time
}

// NewWebhook sends through a door.
func NewWebhook(door *Door, clock func() time.Time) *Webhook { return &Webhook{door, clock} }

// The headers of a message besides those of every request.
const (
	SequenceHeader = "Link-Sequence"
	EpochHeader    = "Link-Epoch"
	ResentHeader   = "Link-Resent" // 1 on what is told again though later messages went before
	AtHeader       = "Link-At"     // when the last of its changes was written
	idHeader       = "Webhook-Id"
	timeHeader     = "Webhook-Timestamp"
	signHeader     = "Webhook-Signature"
)

// Send posts one message (Sender).
func (w *Webhook) Send(ctx context.Context, s Subscription, m Message) (Answer, error) {
	body, now := m.Body(), w.clock()
	header := http.Header{}
	if s.User != "" || s.Password != "" {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(s.User+":"+s.Password)))
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	signature := sign(s.Secret, m.ID(), stamp, body)
	if s.Former != "" && now.Before(s.FormerUntil) {
		signature += " " + sign(s.Former, m.ID(), stamp, body)
	}
	header.Set(idHeader, m.ID())
	header.Set(timeHeader, stamp)
	header.Set(signHeader, signature)
	header.Set(SequenceHeader, strconv.FormatInt(m.Sequence, 10))
	header.Set(EpochHeader, strconv.FormatInt(m.Epoch, 10))
	if !m.At.IsZero() {
		header.Set(AtHeader, m.At.Format(time.RFC3339Nano))
	}
	if m.Resent {
		header.Set(ResentHeader, "1")
	}
	return w.door.Send(ctx, s.Endpoint, header, body)
}

const (
	// secretPrefix is how Standard Webhooks marks secrets.
	secretPrefix = "whsec_"
	secretBytes  = 32
)

// NewSecret makes a secret that signs messages.
func NewSecret() string {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// sign is the signature of Standard Webhooks, version 1.
func sign(secret, id, stamp string, body []byte) string {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
