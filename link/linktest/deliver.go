package linktest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	confirmation = "SubscriptionConfirmation"
	notification = "Notification"
	maxHeard     = 64 << 10 // of an answer
)

// A delivery is a message on its way to one subscription.
type delivery struct {
	kind    string
	message Published
	token   string
	at      time.Time
	tries   int
	id      string
}

// enqueue has a message delivered. The caller holds the lock.
func (s *SNS) enqueue(sub *subscription, d *delivery) {
	if d.id = d.message.MessageID; d.id == "" {
		d.id = newID()
	}
	s.waiting++
	s.push(sub, d)
}

func (s *SNS) push(sub *subscription, d *delivery) {
	if sub.gone || s.ctx.Err() != nil {
		s.over(1)
		return
	}
	sub.queue = append(sub.queue, d)
	if !sub.busy {
		sub.busy = true
		s.senders.Go(func() { s.send(sub) })
	}
}

// over counts deliveries that ended. The caller holds the lock.
func (s *SNS) over(n int) {
	if s.waiting -= n; s.waiting == 0 {
		s.idle.Broadcast()
	}
}

// send works off what waits for a subscription, one at a time.
func (s *SNS) send(sub *subscription) {
	for {
		s.mu.Lock()
		if len(sub.queue) == 0 || s.ctx.Err() != nil {
			sub.busy = false
			s.over(len(sub.queue))
			sub.queue = nil
			s.mu.Unlock()
			return
		}
		i := s.options.Next(len(sub.queue))
		d := sub.queue[i]
		sub.queue = append(sub.queue[:i:i], sub.queue[i+1:]...)
		raw, version := sub.raw, sub.topic.attributes["SignatureVersion"]
		s.mu.Unlock()

		status := s.attempt(sub, d, raw, version)
		d.tries++
		s.mu.Lock()
		// 400 to 499 is the subscriber's word, and ends it as a success does.
		if (status == 0 || status >= http.StatusInternalServerError) && d.tries <= s.options.Retries {
			time.AfterFunc(s.options.RetryDelay, func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.push(sub, d)
			})
		} else {
			s.over(1)
		}
		s.mu.Unlock()
	}
}

// attempt posts once, and once more with the endpoint's user and password where
// it was asked for them. It returns 0 where nobody answered.
func (s *SNS) attempt(sub *subscription, d *delivery, raw bool, version string) int {
	to := *sub.endpoint
	who := to.User
	to.User = nil
	body, header, err := s.wire(sub, d, raw && d.kind == notification, version)
	if err != nil {
		return 0
	}
	status, asked := s.post(to.String(), body, header, nil)
	if status == http.StatusUnauthorized && asked && who != nil {
		status, _ = s.post(to.String(), body, header, who)
	}
	return status
}

func (s *SNS) post(to string, body []byte, header http.Header, who *url.Userinfo) (status int, asked bool) {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, false
	}
	r.Header = header.Clone()
	if who != nil {
		password, _ := who.Password()
		r.SetBasicAuth(who.Username(), password)
	}
	response, err := s.options.Client.Do(r)
	if err != nil {
		return 0, false
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, maxHeard)
	scheme, _, _ := strings.Cut(response.Header.Get("WWW-Authenticate"), " ")
	return response.StatusCode, strings.EqualFold(scheme, "Basic")
}

// wire is a delivery as it is posted.
func (s *SNS) wire(sub *subscription, d *delivery, raw bool, version string) ([]byte, http.Header, error) {
	header := http.Header{}
	header.Set("User-Agent", "Amazon Simple Notification Service Agent")
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	header.Set("x-amz-sns-message-type", d.kind)
	header.Set("x-amz-sns-message-id", d.id)
	header.Set("x-amz-sns-topic-arn", sub.topic.arn)
	if d.kind != confirmation {
		header.Set("x-amz-sns-subscription-arn", sub.arn)
	}
	if raw {
		header.Set("x-amz-sns-rawdelivery", "true")
		return []byte(d.message.Message), header, nil
	}
	if version == "" {
		version = "1"
	}
	e := envelope{
		Type: d.kind, MessageID: d.id, TopicARN: sub.topic.arn, Timestamp: d.at.UTC().Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: version, SigningCertURL: s.CertificateURL,
	}
	here := "https://" + s.Host + "/?"
	if d.kind == confirmation {
		e.Token = d.token
		e.Message = "You have chosen to subscribe to the topic " + sub.topic.arn + ".\nTo confirm the subscription, visit the SubscribeURL included in this message."
		e.SubscribeURL = here + url.Values{"Action": {"ConfirmSubscription"}, "TopicArn": {sub.topic.arn}, "Token": {d.token}}.Encode()
	} else {
		e.Message, e.Subject = d.message.Message, d.message.Subject
		e.UnsubscribeURL = here + url.Values{"Action": {"Unsubscribe"}, "SubscriptionArn": {sub.arn}}.Encode()
		if len(d.message.Attributes) > 0 {
			e.MessageAttributes = map[string]envelopeAttribute{}
			for name, a := range d.message.Attributes {
				e.MessageAttributes[name] = envelopeAttribute(a)
			}
		}
	}
	if err := s.signer.sign(&e); err != nil {
		return nil, nil, err
	}
	body, err := json.Marshal(e)
	return body, header, err
}
