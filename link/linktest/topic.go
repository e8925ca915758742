package linktest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits of the real one.
const (
	mostEntries   = 10
	maxMessage    = 256 << 10 // of message and attributes, and of a batch
	maxSubject    = 100
	deduplication = 5 * time.Minute
)

var (
	topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	fifoName  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,251}\.fifo$`)
	entryID   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	fifoID    = regexp.MustCompile("^[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\\[\\\\\\]^_`{|}~-]{1,128}$")
)

type topic struct {
	arn        string
	fifo       bool
	attributes map[string]string
	published  []Published
	recent     map[string]receipt // by deduplication id
}

// A receipt is what a message that was taken is answered with.
type receipt struct {
	id, sequence string
	at           time.Time
}

type (
	createTopicResult struct {
		XMLName  xml.Name `xml:"CreateTopicResult"`
		TopicARN string   `xml:"TopicArn"`
	}
	publishResult struct {
		XMLName   xml.Name `xml:"PublishResult"`
		MessageID string   `xml:"MessageId"`
		Sequence  string   `xml:"SequenceNumber,omitempty"`
	}
	batchResult struct {
		XMLName    xml.Name       `xml:"PublishBatchResult"`
		Successful []batchSuccess `xml:"Successful>member"`
		Failed     []batchFailed  `xml:"Failed>member"`
	}
	batchSuccess struct {
		ID        string `xml:"Id"`
		MessageID string `xml:"MessageId"`
		Sequence  string `xml:"SequenceNumber,omitempty"`
	}
	batchFailed struct {
		ID          string `xml:"Id"`
		Code        string `xml:"Code"`
		Message     string `xml:"Message"`
		SenderFault bool   `xml:"SenderFault"`
	}
)

func (s *SNS) createTopic(q url.Values) (any, error) {
	name, attributes := q.Get("Name"), entries(q, "Attributes.entry", "key", "value")
	fifo := attributes["FifoTopic"] == "true"
	if fifo && !fifoName.MatchString(name) || !fifo && !topicName.MatchString(name) {
		return nil, invalid("Topic Name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := s.arn(name)
	t := s.topics[arn]
	if t == nil {
		t = &topic{arn: arn, fifo: fifo, attributes: map[string]string{}, recent: map[string]receipt{}}
	}
	for name, value := range attributes {
		if had, known := t.attributes[name]; s.topics[arn] != nil && (!known || had != value) {
			return nil, invalid("Attributes Reason: Topic already exists with different attributes")
		}
		if err := t.may(name, value); err != nil {
			return nil, err
		}
	}
	maps.Copy(t.attributes, attributes)
	s.topics[arn] = t
	return createTopicResult{TopicARN: arn}, nil
}

// may judges an attribute of a topic.
func (t *topic) may(name, value string) error {
	switch name {
	case "SignatureVersion":
		if value != "1" && value != "2" {
			return invalid("Attributes Reason: SignatureVersion is 1 or 2")
		}
	case "ContentBasedDeduplication":
		if !t.fifo {
			return invalid("Attributes Reason: only FIFO topics have it")
		}
	case "FifoTopic", "DisplayName", "Policy", "DeliveryPolicy", "FifoThroughputScope":
	default:
		return invalid("AttributeName")
	}
	return nil
}

func (s *SNS) deleteTopic(q url.Values) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := q.Get("TopicArn")
	delete(s.topics, arn)
	for _, sub := range s.subscriptions {
		if sub.topic.arn == arn {
			s.drop(sub)
		}
	}
	return nil, nil
}

func (s *SNS) setTopicAttributes(q url.Values) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[q.Get("TopicArn")]
	if t == nil {
		return nil, notFound("Topic")
	}
	name, value := q.Get("AttributeName"), q.Get("AttributeValue")
	if err := t.may(name, value); err != nil {
		return nil, err
	}
	t.attributes[name] = value
	return nil, nil
}

// message reads one message of a request.
func message(q url.Values, prefix, topicARN string) (Published, error) {
	attributes, err := messageAttributes(q, prefix)
	return Published{
		Topic: topicARN, EntryID: q.Get(prefix + "Id"), Subject: q.Get(prefix + "Subject"), Message: q.Get(prefix + "Message"),
		Group: q.Get(prefix + "MessageGroupId"), DeduplicationID: q.Get(prefix + "MessageDeduplicationId"), Attributes: attributes,
	}, err
}

func (p *Published) size() int {
	n := len(p.Message)
	for name, a := range p.Attributes {
		n += len(name) + len(a.Type) + len(a.Value)
	}
	return n
}

func (s *SNS) publish(q url.Values) (any, error) {
	arn := q.Get("TopicArn")
	p, err := message(q, "", arn)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[arn]
	if t == nil {
		return nil, notFound("Topic")
	}
	if s.fail != nil {
		if f := s.fail(p); f != nil {
			status := http.StatusInternalServerError
			if f.SenderFault {
				status = http.StatusBadRequest
			}
			return nil, &refusal{status, f.Code, f.Message}
		}
	}
	got, err := s.accept(t, p)
	return publishResult{MessageID: got.id, Sequence: got.sequence}, err
}

func (s *SNS) publishBatch(q url.Values) (any, error) {
	arn := q.Get("TopicArn")
	var batch []Published
	ids, size := map[string]bool{}, 0
	for i := 1; ; i++ {
		prefix := fmt.Sprintf("PublishBatchRequestEntries.member.%d.", i)
		if !q.Has(prefix + "Id") {
			break
		}
		p, err := message(q, prefix, arn)
		if err != nil {
			return nil, err
		}
		if !entryID.MatchString(p.EntryID) {
			return nil, &refusal{http.StatusBadRequest, "InvalidBatchEntryId", "an Id is 1 to 80 letters, digits, - and _"}
		}
		if ids[p.EntryID] {
			return nil, &refusal{http.StatusBadRequest, "BatchEntryIdsNotDistinct", "Id " + p.EntryID + " repeated"}
		}
		ids[p.EntryID] = true
		size += p.size()
		batch = append(batch, p)
	}
	switch {
	case len(batch) == 0:
		return nil, &refusal{http.StatusBadRequest, "EmptyBatchRequest", "there is no entry"}
	case len(batch) > mostEntries:
		return nil, &refusal{http.StatusBadRequest, "TooManyEntriesInBatchRequest", "there are more than 10 entries"}
	case size > maxMessage:
		return nil, &refusal{http.StatusBadRequest, "BatchRequestTooLong", "the batch is longer than 262144 bytes"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[arn]
	if t == nil {
		return nil, notFound("Topic")
	}
	var result batchResult
	for _, p := range batch {
		if s.fail != nil {
			if f := s.fail(p); f != nil {
				result.Failed = append(result.Failed, batchFailed{p.EntryID, f.Code, f.Message, f.SenderFault})
				continue
			}
		}
		got, err := s.accept(t, p)
		if r := (*refusal)(nil); errors.As(err, &r) {
			result.Failed = append(result.Failed, batchFailed{p.EntryID, r.code, r.message, true})
			continue
		}
		result.Successful = append(result.Successful, batchSuccess{p.EntryID, got.id, got.sequence})
	}
	return result, nil
}

// accept takes a message into a topic and hands it to its subscriptions. The
// caller holds the lock.
func (s *SNS) accept(t *topic, p Published) (receipt, error) {
	switch {
	case p.Message == "":
		return receipt{}, invalid("Empty message")
	case !utf8.ValidString(p.Message):
		return receipt{}, invalid("Message is not UTF-8")
	case p.size() > maxMessage:
		return receipt{}, invalid("Message too long")
	case len(p.Subject) >= maxSubject || strings.ContainsAny(p.Subject, "\r\n"):
		return receipt{}, invalid("Subject")
	}
	now := s.options.Clock()
	got := receipt{id: newID(), at: now}
	if t.fifo {
		if p.DeduplicationID == "" && t.attributes["ContentBasedDeduplication"] == "true" {
			sum := sha256.Sum256([]byte(p.Message))
			p.DeduplicationID = hex.EncodeToString(sum[:])
		}
		if !fifoID.MatchString(p.Group) {
			return receipt{}, invalid("The MessageGroupId parameter is required for FIFO topics")
		}
		if !fifoID.MatchString(p.DeduplicationID) {
			return receipt{}, invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
		if first, seen := t.recent[p.DeduplicationID]; seen && now.Sub(first.at) < deduplication {
			return first, nil
		}
		s.serial++
		got.sequence = fmt.Sprintf("1%019d", s.serial)
		t.recent[p.DeduplicationID] = got
	}
	p.MessageID = got.id
	t.published = append(t.published, p)
	for _, sub := range s.subscriptions {
		if sub.topic == t && sub.confirmed && sub.filter.takes(p.Attributes) {
			s.enqueue(sub, &delivery{kind: notification, message: p, at: now})
		}
	}
	return got, nil
}
