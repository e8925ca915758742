package linktest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"github.com/seatlink/seatlink/link/linktest"
)

// patience bounds every wait for what must come.
const patience = 30 * time.Second

func start(t *testing.T, o linktest.SNSOptions) *linktest.SNS {
	t.Helper()
	s, err := linktest.NewSNS(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// sdk is the real client, which tries nothing twice.
func sdk(s *linktest.SNS, id, key string) *sns.Client {
	return sns.New(sns.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(s.URL), Credentials: credentials.NewStaticCredentialsProvider(id, key, ""), Retryer: aws.NopRetryer{},
	})
}

// A post is what a subscriber received.
type post struct {
	header http.Header
	body   string
	user   string
}

// A subscriber keeps what is posted to it, and answers as it is told to.
type subscriber struct {
	*httptest.Server
	mu     sync.Mutex
	posts  []post
	answer func(r *http.Request, n int) int // n counts from 1
}

func subscribe(t *testing.T) *subscriber {
	t.Helper()
	s := &subscriber{answer: func(*http.Request, int) int { return 204 }}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, _, _ := r.BasicAuth()
		s.mu.Lock()
		s.posts = append(s.posts, post{r.Header, string(body), user})
		status := s.answer(r, len(s.posts))
		s.mu.Unlock()
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="seats"`)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *subscriber) all() []post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posts)
}

// of are the messages of a type.
func (s *subscriber) of(kind string) (found []post) {
	for _, p := range s.all() {
		if p.header.Get("x-amz-sns-message-type") == kind {
			found = append(found, p)
		}
	}
	return found
}

func drain(t *testing.T, s *linktest.SNS) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), patience)
	defer done()
	if err := s.Drain(ctx); err != nil {
		t.Fatalf("deliveries do not end: %v", err)
	}
}

// confirm uses the token of the subscriber's last confirmation.
func confirm(t *testing.T, s *linktest.SNS, client *sns.Client, arn string, to *subscriber) string {
	t.Helper()
	drain(t, s)
	asked := to.of("SubscriptionConfirmation")
	if len(asked) == 0 {
		t.Fatal("no confirmation was asked for")
	}
	var wire struct{ Token, SubscribeURL string }
	if err := json.Unmarshal([]byte(asked[len(asked)-1].body), &wire); err != nil {
		t.Fatal(err)
	}
	done, err := client.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: &arn, Token: &wire.Token})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: &arn, Token: &wire.Token}); err == nil {
		t.Error("a token confirms twice")
	}
	return aws.ToString(done.SubscriptionArn)
}

func topicOf(t *testing.T, client *sns.Client, name string, attributes map[string]string) string {
	t.Helper()
	made, err := client.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(made.TopicArn)
}

func codeOf(err error) string {
	if api, is := errors.AsType[smithy.APIError](err); is {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestTheRealClientPublishesAndASubscriberHears(t *testing.T) {
	t.Parallel()
	s := start(t, linktest.SNSOptions{})
	client, to := sdk(s, linktest.KeyID, linktest.SecretKey), subscribe(t)
	to.answer = func(r *http.Request, _ int) int {
		if _, password, _ := r.BasicAuth(); password != "pass:word" {
			return 401
		}
		return 204
	}
	arn := topicOf(t, client, "seats-999", nil)
	if again := topicOf(t, client, "seats-999", nil); again != arn || arn != "arn:aws:sns:us-east-1:123456789012:seats-999" {
		t.Errorf("topics %s and %s; want one", arn, again)
	}
	if _, err := client.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: &arn, AttributeName: aws.String("SignatureVersion"), AttributeValue: aws.String("2")}); err != nil {
		t.Fatal(err)
	}
	made, err := client.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: &arn, Protocol: aws.String("http"), Endpoint: aws.String(strings.Replace(to.URL, "http://", "http://ada:pass%3Aword@", 1) + "/seats"),
		Attributes: map[string]string{"FilterPolicy": `{"messageEntity":["seats"]}`},
	})
	if err != nil || aws.ToString(made.SubscriptionArn) != "pending confirmation" {
		t.Fatalf("Subscribe = %+v, %v", made, err)
	}
	publish := func(entity, text string) error {
		_, err := client.Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: &text, Subject: aws.String("a subject"), MessageAttributes: map[string]types.MessageAttributeValue{
			"messageEntity": {DataType: aws.String("String"), StringValue: &entity},
		}})
		return err
	}
	if err := publish("seats", "before the confirmation"); err != nil {
		t.Fatal(err)
	}
	sub := confirm(t, s, client, arn, to)
	for _, m := range [][2]string{{"seats", "one & <two>"}, {"events", "filtered"}} {
		if err := publish(m[0], m[1]); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, s)
	heard := to.of("Notification")
	if len(heard) != 2 || heard[0].user != "" || heard[1].user != "ada" {
		t.Fatalf("heard %d posts; want one without a password, and the same with it", len(heard))
	}
	var wire map[string]any
	if err := json.Unmarshal([]byte(heard[1].body), &wire); err != nil || wire["Message"] != "one & <two>" || wire["SignatureVersion"] != "2" || wire["Subject"] != "a subject" {
		t.Errorf("heard %v, %v", wire, err)
	}
	for name, want := range map[string]string{"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-topic-arn": arn, "x-amz-sns-subscription-arn": sub, "x-amz-sns-rawdelivery": ""} {
		if got := heard[1].header.Get(name); got != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}

	if _, err := client.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{SubscriptionArn: &sub, AttributeName: aws.String("RawMessageDelivery"), AttributeValue: aws.String("true")}); err != nil {
		t.Fatal(err)
	}
	if err := publish("seats", "raw"); err != nil {
		t.Fatal(err)
	}
	drain(t, s)
	last := to.all()[len(to.all())-1]
	if last.body != "raw" || last.header.Get("x-amz-sns-rawdelivery") != "true" {
		t.Errorf("raw: %q, %v", last.body, last.header)
	}
	before := len(to.all())
	if _, err := client.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: &sub}); err != nil {
		t.Fatal(err)
	}
	if err := publish("seats", "nobody hears"); err != nil {
		t.Fatal(err)
	}
	drain(t, s)
	if len(to.all()) != before {
		t.Error("it hears after it unsubscribed")
	}
	if _, err := client.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: &arn}); err != nil {
		t.Fatal(err)
	}
	if err := publish("seats", "no topic"); codeOf(err) != "NotFound" {
		t.Errorf("publish to a topic that was deleted: %v; want NotFound", err)
	}
}

func TestEntriesOfABatchFailByThemselves(t *testing.T) {
	t.Parallel()
	s := start(t, linktest.SNSOptions{})
	client := sdk(s, linktest.KeyID, linktest.SecretKey)
	arn := topicOf(t, client, "seats", nil)
	s.Fail(func(p linktest.Published) *linktest.Failure {
		if p.Message == "m3" {
			return &linktest.Failure{Code: "InternalError", Message: "not now"}
		}
		return nil
	})
	batch := func(n int, ids func(int) string) (*sns.PublishBatchOutput, error) {
		in := &sns.PublishBatchInput{TopicArn: &arn}
		for i := range n {
			in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, types.PublishBatchRequestEntry{Id: aws.String(ids(i)), Message: aws.String(fmt.Sprint("m", i))})
		}
		return client.PublishBatch(t.Context(), in)
	}
	number := func(i int) string { return fmt.Sprint(i) }
	out, err := batch(10, number)
	if err != nil || len(out.Successful) != 9 || len(out.Failed) != 1 || aws.ToString(out.Failed[0].Id) != "3" || out.Failed[0].SenderFault || aws.ToString(out.Failed[0].Code) != "InternalError" {
		t.Fatalf("PublishBatch = %+v, %v", out, err)
	}
	if got := len(s.Published(arn)); got != 9 {
		t.Errorf("published: %d; want 9", got)
	}
	s.Fail(nil)
	for _, tt := range []struct {
		name string
		n    int
		ids  func(int) string
		want string
	}{
		{"eleven", 11, number, "TooManyEntriesInBatchRequest"},
		{"the same id twice", 2, func(int) string { return "same" }, "BatchEntryIdsNotDistinct"},
		{"an id with a dot", 1, func(int) string { return "a.b" }, "InvalidBatchEntryId"},
	} {
		if _, err := batch(tt.n, tt.ids); codeOf(err) != tt.want {
			t.Errorf("%s: %v; want %s", tt.name, err, tt.want)
		}
	}
	s.Throttle(1)
	if _, err := batch(1, number); codeOf(err) != "Throttled" {
		t.Errorf("throttled: %v", err)
	}
	if _, err := batch(1, number); err != nil {
		t.Errorf("after it: %v", err)
	}
	before := len(s.Published(arn))
	s.LoseAnswers(1)
	if _, err := batch(1, number); err == nil || len(s.Published(arn)) != before+1 {
		t.Errorf("an answer that is lost: %v, %d more; want an error, and 1", err, len(s.Published(arn))-before)
	}
}

func TestAFIFOTopicTakesADeduplicationIDOnceInFiveMinutes(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Unix(1_700_000_000, 0)
	s := start(t, linktest.SNSOptions{Clock: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	client := sdk(s, linktest.KeyID, linktest.SecretKey)
	arn := topicOf(t, client, "seats.fifo", map[string]string{"FifoTopic": "true"})
	publish := func(group, once *string) (string, error) {
		out, err := client.Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: aws.String("m"), MessageGroupId: group, MessageDeduplicationId: once})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.MessageId) + aws.ToString(out.SequenceNumber), nil
	}
	group, once := aws.String("999:F23:F01 ES:9"), aws.String("1/7")
	if _, err := publish(group, once); codeOf(err) != "InvalidParameter" {
		t.Errorf("a group with a space: %v", err)
	}
	group = aws.String("999:F23:F01/ES:9/30/25")
	if _, err := publish(nil, once); codeOf(err) != "InvalidParameter" {
		t.Errorf("no group: %v", err)
	}
	if _, err := publish(group, nil); codeOf(err) != "InvalidParameter" {
		t.Errorf("no deduplication id: %v", err)
	}
	first, err := publish(group, once)
	if err != nil {
		t.Fatal(err)
	}
	step := func(d time.Duration) { mu.Lock(); now = now.Add(d); mu.Unlock() }
	step(5*time.Minute - time.Second)
	if again, err := publish(group, once); err != nil || again != first || len(s.Published(arn)) != 1 {
		t.Errorf("within five minutes: %s, %v; want %s and nothing more", again, err, first)
	}
	step(time.Second)
	if later, err := publish(group, once); err != nil || later == first || len(s.Published(arn)) != 2 {
		t.Errorf("after five minutes: %s, %v; want a new message", later, err)
	}
	to := subscribe(t)
	if _, err := client.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &arn, Protocol: aws.String("http"), Endpoint: &to.URL}); codeOf(err) != "InvalidParameter" {
		t.Errorf("an HTTP endpoint at a FIFO topic: %v", err)
	}
}

func TestATokenIsGoodForTwoDays(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Unix(1_700_000_000, 0)
	s := start(t, linktest.SNSOptions{Clock: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	client, to := sdk(s, linktest.KeyID, linktest.SecretKey), subscribe(t)
	arn := topicOf(t, client, "seats", nil)
	if _, err := client.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &arn, Protocol: aws.String("http"), Endpoint: &to.URL}); err != nil {
		t.Fatal(err)
	}
	drain(t, s)
	var wire struct{ SubscribeURL string }
	if err := json.Unmarshal([]byte(to.all()[0].body), &wire); err != nil {
		t.Fatal(err)
	}
	visit := func() int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, wire.SubscribeURL, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		return a.StatusCode
	}
	mu.Lock()
	now = now.Add(48*time.Hour + time.Second)
	mu.Unlock()
	if got := visit(); got != 400 || s.Confirmed(arn) {
		t.Errorf("after two days: %d", got)
	}
	mu.Lock()
	now = now.Add(-2 * time.Second)
	mu.Unlock()
	if got := visit(); got != 200 || !s.Confirmed(arn) {
		t.Errorf("in time: %d, %v", got, s.Confirmed(arn))
	}
	if got := visit(); got != 400 {
		t.Errorf("a second time: %d", got)
	}
}

func TestOnly5xxAndSilenceAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status, tries int
	}{{204, 1}, {400, 1}, {401, 1}, {500, 3}, {503, 3}} {
		s := start(t, linktest.SNSOptions{Retries: 2, RetryDelay: time.Millisecond})
		client, to := sdk(s, linktest.KeyID, linktest.SecretKey), subscribe(t)
		arn := topicOf(t, client, "seats", nil)
		if _, err := client.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &arn, Protocol: aws.String("http"), Endpoint: &to.URL}); err != nil {
			t.Fatal(err)
		}
		confirm(t, s, client, arn, to)
		to.mu.Lock()
		to.answer = func(*http.Request, int) int { return tt.status }
		to.mu.Unlock()
		if _, err := client.Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: aws.String("m")}); err != nil {
			t.Fatal(err)
		}
		drain(t, s)
		heard := to.of("Notification")
		if len(heard) != tt.tries {
			t.Errorf("answered %d: %d posts; want %d", tt.status, len(heard), tt.tries)
		}
		for _, p := range heard {
			if p.header.Get("x-amz-sns-message-id") != heard[0].header.Get("x-amz-sns-message-id") {
				t.Error("a message has another id when it is tried again")
			}
		}
	}
}

func TestWhoSignsWithAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, linktest.SNSOptions{})
	for _, tt := range []struct{ id, key, want string }{
		{linktest.KeyID, "another", "SignatureDoesNotMatch"},
		{"AKIANOBODY", linktest.SecretKey, "InvalidClientTokenId"},
	} {
		_, err := sdk(s, tt.id, tt.key).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("seats")})
		if codeOf(err) != tt.want {
			t.Errorf("key %s: %v; want %s", tt.id, err, tt.want)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader("Action=CreateTopic&Version=2010-03-31&Name=seats"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != 403 {
		t.Errorf("unsigned: %d; want 403", a.StatusCode)
	}
}
