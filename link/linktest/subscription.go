package linktest

import (
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"net/url"
	"time"
)

// tokenTime is how long a subscription can be confirmed.
const tokenTime = 48 * time.Hour

type subscription struct {
	arn       string
	topic     *topic
	endpoint  *url.URL
	confirmed bool
	gone      bool
	token     string // "" once it was used
	asked     time.Time
	raw       bool
	filter    filter

	queue []*delivery
	busy  bool // a sender is at work
}

type (
	subscribeResult struct {
		XMLName xml.Name `xml:"SubscribeResult"`
		ARN     string   `xml:"SubscriptionArn"`
	}
	confirmResult struct {
		XMLName xml.Name `xml:"ConfirmSubscriptionResult"`
		ARN     string   `xml:"SubscriptionArn"`
	}
)

func (s *SNS) subscribe(q url.Values) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[q.Get("TopicArn")]
	if t == nil {
		return nil, notFound("Topic")
	}
	protocol := q.Get("Protocol")
	endpoint, err := url.Parse(q.Get("Endpoint"))
	switch {
	case protocol != "http" && protocol != "https":
		return nil, invalid("Protocol: only http and https are built here")
	case t.fifo:
		return nil, invalid("Invalid protocol type: %s: FIFO topics deliver to no HTTP endpoint", protocol)
	case err != nil || endpoint.Scheme != protocol || endpoint.Host == "":
		return nil, invalid("Endpoint")
	}
	sub := &subscription{arn: t.arn + ":" + newID(), topic: t, endpoint: endpoint, token: rand.Text() + rand.Text(), asked: s.options.Clock()}
	for name, value := range entries(q, "Attributes.entry", "key", "value") {
		if err := sub.set(name, value); err != nil {
			return nil, err
		}
	}
	s.subscriptions[sub.arn] = sub
	s.enqueue(sub, &delivery{kind: confirmation, at: sub.asked, token: sub.token})
	if q.Get("ReturnSubscriptionArn") == "true" {
		return subscribeResult{ARN: sub.arn}, nil
	}
	return subscribeResult{ARN: "pending confirmation"}, nil
}

// set changes an attribute.
func (sub *subscription) set(name, value string) error {
	switch name {
	case "RawMessageDelivery":
		if value != "true" && value != "false" {
			return invalid("Attributes Reason: RawMessageDelivery is true or false")
		}
		sub.raw = value == "true"
	case "FilterPolicy":
		f, err := parseFilter(value)
		if err != nil {
			return err
		}
		sub.filter = f
	case "FilterPolicyScope":
		if value != "MessageAttributes" {
			return invalid("FilterPolicyScope: only MessageAttributes is built here")
		}
	default:
		return invalid("AttributeName")
	}
	return nil
}

func (s *SNS) setSubscriptionAttributes(q url.Values) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.subscriptions[q.Get("SubscriptionArn")]
	if sub == nil {
		return nil, notFound("Subscription")
	}
	return nil, sub.set(q.Get("AttributeName"), q.Get("AttributeValue"))
}

// confirm makes a subscription one that is delivered to. Its token is good once.
func (s *SNS) confirm(q url.Values) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := q.Get("Token")
	for _, sub := range s.subscriptions {
		if token == "" || sub.token != token || sub.topic.arn != q.Get("TopicArn") {
			continue
		}
		if s.options.Clock().Sub(sub.asked) > tokenTime {
			break
		}
		sub.token, sub.confirmed = "", true
		return confirmResult{ARN: sub.arn}, nil
	}
	return nil, &refusal{http.StatusBadRequest, "InvalidParameter", "Invalid token"}
}

func (s *SNS) unsubscribe(q url.Values) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := s.subscriptions[q.Get("SubscriptionArn")]; sub != nil {
		s.drop(sub)
	}
	return nil, nil
}

// drop ends a subscription; what waits for it is forgotten. The caller holds the
// lock.
func (s *SNS) drop(sub *subscription) {
	sub.gone = true
	s.over(len(sub.queue))
	sub.queue = nil
	delete(s.subscriptions, sub.arn)
}

// Confirmed reports whether a topic has a subscription that was confirmed.
func (s *SNS) Confirmed(topicARN string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subscriptions {
		if sub.topic.arn == topicARN && sub.confirmed {
			return true
		}
	}
	return false
}
