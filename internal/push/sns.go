package push

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/seatlink/seatlink/internal/fault"
)

const (
	// The limits of PublishBatch. A batch of ours stays below the second, for SNS
	// counts a little more than texts.
	mostEntries  = 10
	mostOfABatch = 240 << 10
	// mostCalls are made at once for one message, which has so many full batches.
	mostCalls = MostSeats / mostEntries
	// lineIdle is how long what is known of a subscription is kept after it was last
	// served.
	lineIdle = time.Hour
)

// SNS publishes messages to topics of Amazon SNS, through the door. Each seat of a
// message is an entry of its own; what of a message was taken is remembered, so
// that only the rest goes out when it is sent again (docs/adr/0013).
type SNS struct {
	door *Door

	mu    sync.Mutex
	lines map[string]*line // by subscription
}

// A line is what is known of one subscription while this process serves it. One
// message of it is in flight at a time, so nobody else uses it meanwhile.
type line struct {
	lease  int64
	used   time.Time
	client *sns.Client
	well   bool // no call of the last attempt failed as a whole
	mu     sync.Mutex
	taken  map[string]int64 // entries of the message in flight: id to sequence
}

// NewSNS publishes through a door.
func NewSNS(door *Door) *SNS { return &SNS{door: door, lines: map[string]*line{}} }

// Send publishes what of a message was not taken yet (Sender).
func (n *SNS) Send(ctx context.Context, s Subscription, m Message) (Answer, error) {
	ctx, done := context.WithTimeout(ctx, totalTime)
	defer done()
	line, err := n.lineOf(ctx, s)
	if err != nil { // of files that only the operator can mend
		return Answer{Status: http.StatusUnauthorized, Said: "the AWS configuration of this machine cannot be read"}, nil
	}
	var failed failures
	var batches [][]entry
	for entries := line.rest(s.SNS, &m); len(entries) > 0; {
		batch, rest := cut(entries)
		if entries = rest; len(batch) == 0 { // the next one is too large for any batch
			failed.add(Answer{Status: statusRefused, Said: "too large"})
			entries = entries[1:]
			continue
		}
		batches = append(batches, batch)
	}
	line.well, err = line.publishAll(ctx, s.SNS, batches, &failed)
	if err != nil {
		return Answer{}, err
	}
	return failed.worst(), nil
}

// publishAll makes a call of each batch, and says whether none failed as a whole.
// Calls to a standard topic, which promises no order, are made at once: a seat is in
// one of them only, and its next change in a later message. Where the last attempt
// failed the first goes alone, for where one call fails the next would as well.
func (l *line) publishAll(ctx context.Context, t SNSTopic, batches [][]entry, failed *failures) (well bool, err error) {
	well = true
	for len(batches) > 0 && well && err == nil {
		some := batches
		if t.fifo() || !l.well {
			some = batches[:1]
		}
		some = some[:min(len(some), mostCalls)]
		batches, l.well = batches[len(some):], true
		outcomes, errs := make([]outcome, len(some)), make([]error, len(some))
		var calls sync.WaitGroup
		for i, batch := range some {
			calls.Go(func() { outcomes[i], errs[i] = l.publish(ctx, t, batch) })
		}
		calls.Wait()
		for i, got := range outcomes {
			failed.add(got.all...)
			well = well && !got.whole && errs[i] == nil
			err = cmp.Or(err, errs[i])
		}
	}
	return well, err
}

// lineOf finds or opens a subscription's line. A lease of another number means
// that somebody else served it, or that an operator changed it, in between.
func (n *SNS) lineOf(ctx context.Context, s Subscription) (*line, error) {
	now := time.Now()
	n.mu.Lock()
	known := n.lines[s.ID]
	if known != nil && known.lease == s.Lease {
		known.used = now
		n.mu.Unlock()
		return known, nil
	}
	maps.DeleteFunc(n.lines, func(_ string, l *line) bool { return now.Sub(l.used) > lineIdle })
	n.mu.Unlock()
	client, err := n.client(ctx, s.SNS, s.Endpoint)
	if err != nil {
		return nil, err
	}
	opened := &line{lease: s.Lease, used: now, client: client, taken: map[string]int64{}}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines[s.ID] = opened
	return opened, nil
}

// client makes a client for a topic. The relay has the schedule, so it tries
// nothing twice. Where credentials come from a machine's role, their service is
// asked past the door: it is the operator's own.
func (n *SNS) client(ctx context.Context, t SNSTopic, endpoint string) (*sns.Client, error) {
	cfg := aws.Config{Credentials: credentials.NewStaticCredentialsProvider(t.KeyID, t.Key, "")}
	if t.KeyID == "" {
		var err error
		if cfg, err = config.LoadDefaultConfig(ctx, config.WithRegion(t.region())); err != nil {
			return nil, fmt.Errorf("the AWS configuration of this machine: %w", err)
		}
	}
	cfg.Credentials = purse{cfg.Credentials}
	return sns.NewFromConfig(cfg, func(o *sns.Options) {
		o.Region, o.HTTPClient, o.Retryer, o.RetryMaxAttempts = t.region(), doorway{n.door}, aws.NopRetryer{}, 1
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	}), nil
}

// CreateTopic makes a topic, or finds the one that there is, and returns its ARN.
// A name that ends in .fifo is a FIFO topic's.
func (n *SNS) CreateTopic(ctx context.Context, t SNSTopic, name, endpoint string) (string, error) {
	ctx, done := context.WithTimeout(ctx, totalTime)
	defer done()
	client, err := n.client(ctx, t, endpoint)
	if err != nil {
		return "", err
	}
	// SHA-1, which is version 1 and the default, is signed by nobody any more.
	attributes := map[string]string{"SignatureVersion": "2"}
	if (SNSTopic{ARN: name}).fifo() {
		attributes["FifoTopic"] = "true"
	}
	made, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name, Attributes: attributes})
	if err != nil {
		answer, _ := answerOf(err)
		return "", fault.SubscriptionRefused.Saying("Amazon SNS does not create the topic: " + met(answer))
	}
	return aws.ToString(made.TopicArn), nil
}

// An entry is one element of a message, as SNS takes it.
type entry struct {
	id       string
	sequence int64
	lasting  bool // it may be remembered: it is not told again by an operator's wish
	size     int
	wire     types.PublishBatchRequestEntry
}

// rest are the entries of a message that were not taken, in ascending order. What
// was taken before the first of them belongs to a message that is behind us.
func (l *line) rest(t SNSTopic, m *Message) (entries []entry) {
	all := m.alone()
	maps.DeleteFunc(l.taken, func(_ string, sequence int64) bool { return sequence < all[0].Sequence })
	for i := range all {
		if _, taken := l.taken[all[i].ID()]; !taken {
			entries = append(entries, newSNSEntry(t, &all[i]))
		}
	}
	return entries
}

// alone makes a message of each element. What is told again has one, and keeps
// its name.
func (m *Message) alone() []Message {
	if m.Resent {
		return []Message{*m}
	}
	return m.split()
}

func newSNSEntry(t SNSTopic, m *Message) entry {
	body, where, sequence, epoch := string(m.Body()), m.placeOf(), strconv.FormatInt(m.Sequence, 10), strconv.FormatInt(m.Epoch, 10)
	attributes := map[string]types.MessageAttributeValue{}
	size := len(body)
	for _, a := range []struct{ name, kind, value string }{
		{"messageEntity", "String", string(m.Entity)}, {"organization", "Number", strconv.FormatInt(int64(m.Organization), 10)},
		{"accessId", "String", where.Event}, {"sequence", "Number", sequence}, {"epoch", "Number", epoch},
		{"resent", "String", strconv.FormatBool(m.Resent)},
	} {
		attributes[a.name] = types.MessageAttributeValue{DataType: &a.kind, StringValue: &a.value}
		size += len(a.name) + len(a.kind) + len(a.value)
	}
	e := entry{id: m.ID(), sequence: m.Sequence, lasting: !m.Resent, size: size}
	e.wire = types.PublishBatchRequestEntry{Message: &body, MessageAttributes: attributes}
	if t.fifo() {
		once := epoch + "/" + sequence
		if m.Resent {
			once += "/" + m.elements[0].subject
		}
		e.wire.MessageGroupId, e.wire.MessageDeduplicationId = aws.String(where.group()), aws.String(named(once))
	}
	return e
}

// cut takes as many entries as one call may have.
func cut(entries []entry) (batch, rest []entry) {
	size := 0
	for i := range entries {
		if size += entries[i].size; size > mostOfABatch || i == mostEntries {
			return entries[:i], entries[i:]
		}
	}
	return entries, nil
}
