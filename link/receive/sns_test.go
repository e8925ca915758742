package receive_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link/linktest"
	"github.com/seatlink/seatlink/link/receive"
)

// patience bounds every wait for what must come.
const patience = 30 * time.Second

// A wire is what SNS posted, before a handler sees it.
type wire struct {
	header http.Header
	body   string
}

// An snsScene is an SNS with a topic, and a handler that hears it.
type snsScene struct {
	*linktest.SNS
	t       *testing.T
	topic   string
	handler *receive.Handler
	server  *httptest.Server

	mu    sync.Mutex
	fails int           // so often it takes nothing
	gate  chan struct{} // holds deliveries up until it is closed; nil is open
	posts []wire
	seats []string // taken: seat, status and sequence
	ids   []string
}

func openSNS(t *testing.T, o linktest.SNSOptions, change func(s *snsScene, o *receive.Options)) *snsScene {
	t.Helper()
	amazon, err := linktest.NewSNS(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(amazon.Close)
	s := &snsScene{SNS: amazon, t: t}
	if s.topic, err = amazon.CreateTopic("seats"); err != nil {
		t.Fatal(err)
	}
	options := receive.Options{SNS: &receive.SNS{Topics: []string{s.topic}, Host: amazon.Host, Client: amazon.Client(), Roots: amazon.Roots}, Clock: o.Clock}
	if change != nil {
		change(s, &options)
	}
	s.handler = receive.New(options, func(_ context.Context, m receive.Message) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fails > 0 {
			s.fails--
			return errors.New("the disk is full")
		}
		for _, seat := range m.Seats {
			s.seats = append(s.seats, fmt.Sprintf("%s %s %d", seat.Seat, seat.Status, m.Sequence))
		}
		s.ids = append(s.ids, m.ID)
		return nil
	})
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.posts = append(s.posts, wire{r.Header.Clone(), string(body)})
		gate := s.gate
		s.mu.Unlock()
		if gate != nil {
			<-gate
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		s.handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.server.Close)
	return s
}

func (s *snsScene) subscribe(endpoint string, raw bool) {
	s.t.Helper()
	if err := s.Subscribe(s.topic, endpoint, raw, ""); err != nil {
		s.t.Fatal(err)
	}
	s.drain()
}

func (s *snsScene) drain() {
	s.t.Helper()
	ctx, done := context.WithTimeout(s.t.Context(), patience)
	defer done()
	if err := s.Drain(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// tell publishes how a seat stands at a sequence.
func (s *snsScene) tell(sequence int, seat, status string) {
	s.t.Helper()
	if err := s.Publish(linktest.Published{Topic: s.topic, Message: snsBody(fmt.Sprint("999-seats-1-", sequence), seat, status)}); err != nil {
		s.t.Fatal(err)
	}
}

func snsBody(id, seat, status string) string {
	return strings.Replace(strings.Replace(body(status), `"seat":"25"`, `"seat":"`+seat+`"`, 1), "a1b2c3", id, 1)
}

func (s *snsScene) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seats)
}

// last is what SNS posted last.
func (s *snsScene) last() wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts[len(s.posts)-1]
}

// again posts once more what SNS posted, with its JSON changed.
func (s *snsScene) again(w wire, change func(fields map[string]any)) int {
	s.t.Helper()
	text := []byte(w.body)
	if change != nil {
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			s.t.Fatal(err)
		}
		change(fields)
		var err error
		if text, err = json.Marshal(fields); err != nil {
			s.t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "/", strings.NewReader(string(text)))
	r.Header = w.header
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, r)
	return answer.Code
}

func TestASubscriptionIsConfirmedAndItsMessagesAreTaken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, version string
		raw, password bool
	}{
		{"enveloped, version 2", "2", false, false}, {"enveloped, version 1", "1", false, false},
		{"enveloped, with a password", "2", false, true}, {"raw, with a password", "2", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := openSNS(t, linktest.SNSOptions{}, func(_ *snsScene, o *receive.Options) {
				if tt.password {
					o.User, o.Password = "ada", "pass:word"
				}
			})
			if err := s.SetTopicAttribute(s.topic, "SignatureVersion", tt.version); err != nil {
				t.Fatal(err)
			}
			endpoint := s.server.URL
			if tt.password {
				endpoint = strings.Replace(endpoint, "http://", "http://ada:pass%3Aword@", 1)
			}
			s.subscribe(endpoint, tt.raw)
			if !s.Confirmed(s.topic) {
				t.Fatal("the subscription was not confirmed")
			}
			s.tell(7, "25", "LOCK")
			s.drain()
			if got := s.taken(); !slices.Equal(got, []string{"25 LOCK 7"}) {
				t.Errorf("taken: %v", got)
			}
			if got := s.again(s.last(), nil); got != 204 || len(s.taken()) != 1 {
				t.Errorf("the same again: %d, taken %v; want 204 and nothing new", got, s.taken())
			}
		})
	}
}

func TestWhatIsNotOfAKnownTopicOrNotSignedIsRefused(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	s := openSNS(t, linktest.SNSOptions{Clock: clock}, nil)
	s.subscribe(s.server.URL, false)
	confirmation := s.last()
	s.tell(7, "25", "LOCK")
	s.drain()
	genuine := s.last()
	set := func(name string, value any) func(map[string]any) { return func(f map[string]any) { f[name] = value } }
	for _, tt := range []struct {
		name   string
		of     wire
		change func(map[string]any)
		want   int
	}{
		{"as it was", genuine, nil, 204},
		{"another message", genuine, set("Message", snsBody("999-seats-1-8", "26", "LOCK")), 403},
		{"another id", genuine, set("MessageId", "x"), 403},
		{"a subject that was not there", genuine, set("Subject", "hello"), 403},
		{"an empty subject", genuine, set("Subject", ""), 403},
		{"another time", genuine, set("Timestamp", now.Add(time.Second).UTC().Format("2006-01-02T15:04:05.000Z")), 403},
		{"no time", genuine, set("Timestamp", "yesterday"), 400},
		{"another topic", genuine, set("TopicArn", s.topic+"x"), 403},
		{"no signature", genuine, set("Signature", ""), 403},
		{"a signature that is no base64", genuine, set("Signature", "?"), 403},
		{"the other version", genuine, set("SignatureVersion", "1"), 403},
		{"a version that is none", genuine, set("SignatureVersion", "3"), 403},
		{"a certificate elsewhere", genuine, set("SigningCertURL", "https://sns.us-east-1.amazonaws.com.evil.example.com/x.pem"), 403},
		{"a certificate behind a user", genuine, set("SigningCertURL", "https://"+s.Host+"@evil.example.com/x.pem"), 403},
		{"a certificate by http", genuine, set("SigningCertURL", strings.Replace(s.CertificateURL, "https:", "http:", 1)), 403},
		{"a certificate of another name", genuine, set("SigningCertURL", "https://"+s.Host+"/certificate"), 403},
		{"a certificate with a query", genuine, set("SigningCertURL", s.CertificateURL+"?a=.pem"), 403},
		{"a certificate that is not there", genuine, set("SigningCertURL", "https://"+s.Host+"/other.pem"), 500},
		{"another kind", genuine, set("Type", "UnsubscribeConfirmation"), 403},
		{"a kind that is none", genuine, set("Type", "Hello"), 400},
		{"no JSON", wire{genuine.header, "hello"}, nil, 400},
		{"a confirmation elsewhere", confirmation, set("SubscribeURL", "https://evil.example.com/?Action=ConfirmSubscription"), 403},
		{"a confirmation whose token is used up", confirmation, nil, 500},
		{"a token of another", confirmation, set("Token", "x"), 403},
	} {
		if got := s.again(tt.of, tt.change); got != tt.want {
			t.Errorf("%s: answered %d; want %d", tt.name, got, tt.want)
		}
	}
	raw := wire{genuine.header.Clone(), snsBody("999-seats-1-9", "27", "LOCK")}
	raw.header.Set("X-Amz-Sns-Rawdelivery", "true")
	if got := s.again(raw, nil); got != 403 {
		t.Errorf("a raw delivery, where there is no password: %d; want 403", got)
	}
	bare := wire{http.Header{}, raw.body}
	if got := s.again(bare, nil); got != 401 {
		t.Errorf("a message without the headers of SNS: %d; want 401", got)
	}
	mu.Lock()
	now = now.Add(time.Hour + 5*time.Minute + time.Second)
	mu.Unlock()
	if got := s.again(genuine, nil); got != 403 {
		t.Errorf("an hour and five minutes later: %d; want 403", got)
	}
	mu.Lock()
	now = now.Add(-time.Hour - 10*time.Minute - 2*time.Second)
	mu.Unlock()
	if got := s.again(genuine, nil); got != 403 {
		t.Errorf("five minutes before it was published: %d; want 403", got)
	}
	if got := s.taken(); !slices.Equal(got, []string{"25 LOCK 7"}) {
		t.Errorf("taken: %v; want the genuine one alone", got)
	}
}

// SNS signs what everybody's topics say: only the topics that are named count.
func TestATopicThatWasNotNamedIsRefusedThoughSNSSignsIt(t *testing.T) {
	t.Parallel()
	for _, raw := range []bool{false, true} {
		s := openSNS(t, linktest.SNSOptions{}, func(_ *snsScene, o *receive.Options) { o.User, o.Password = "ada", "word" })
		endpoint := strings.Replace(s.server.URL, "http://", "http://ada:word@", 1)
		s.subscribe(endpoint, raw)
		s.tell(7, "25", "LOCK")
		s.drain()
		named := s.last()
		other, err := s.CreateTopic("others")
		if err != nil {
			t.Fatal(err)
		}
		s.topic = other
		s.subscribe(endpoint, false)
		if s.Confirmed(other) {
			t.Error("a topic that was not named is confirmed")
		}
		if got := s.again(s.last(), nil); got != 403 {
			t.Errorf("its confirmation is answered %d; want 403", got)
		}
		if raw {
			named.header.Set("X-Amz-Sns-Topic-Arn", other)
			if got := s.again(named, nil); got != 403 {
				t.Errorf("a raw delivery of it is answered %d; want 403", got)
			}
		}
	}
}

// The system's authorities do not vouch for the certificate, or it is somebody
// else's: what it signs is not taken.
func TestACertificateThatNobodyVouchesForIsRefused(t *testing.T) {
	t.Parallel()
	other, err := linktest.NewSNS(linktest.SNSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s := openSNS(t, linktest.SNSOptions{}, func(_ *snsScene, o *receive.Options) { o.SNS.Roots = other.Roots })
	s.subscribe(s.server.URL, false)
	if s.Confirmed(s.topic) {
		t.Error("a subscription was confirmed that an unknown authority signed")
	}
	if got := s.again(s.last(), nil); got != 403 {
		t.Errorf("answered %d; want 403", got)
	}
}

func TestADeliveryComesAgainWhereItWasNotTaken(t *testing.T) {
	t.Parallel()
	s := openSNS(t, linktest.SNSOptions{RetryDelay: time.Millisecond}, nil)
	s.subscribe(s.server.URL, false)
	s.mu.Lock()
	s.fails = 2
	s.mu.Unlock()
	s.tell(7, "25", "LOCK")
	s.drain()
	s.mu.Lock()
	posts := len(s.posts) - 1 // but for the confirmation
	s.mu.Unlock()
	if got := s.taken(); posts != 3 || !slices.Equal(got, []string{"25 LOCK 7"}) {
		t.Errorf("taken: %v by %d posts; want it once, by the third", got, posts)
	}
}

// Deliveries in any order, and twice: each seat ends as its highest sequence has
// it, and no message is dropped for another seat's sake.
func TestEachSeatIsKnownByItsOwnLastMessage(t *testing.T) {
	t.Parallel()
	const seats, changes = 20, 10
	order, chance := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4))
	s := openSNS(t, linktest.SNSOptions{Next: order.IntN}, func(_ *snsScene, o *receive.Options) { o.User, o.Password = "ada", "word" })
	s.subscribe(strings.Replace(s.server.URL, "http://", "http://ada:word@", 1), true)
	gate := make(chan struct{}) // all wait while there is one under way
	s.mu.Lock()
	s.gate = gate
	s.mu.Unlock()
	want := map[string]string{}
	sequence := 0
	for range changes {
		for seat := range seats {
			sequence++
			status := []string{"LOCK", "UNLOCK"}[chance.IntN(2)]
			s.tell(sequence, fmt.Sprint(seat), status)
			want[fmt.Sprint(seat)] = status
		}
	}
	close(gate)
	s.drain()
	got, place, overtaken := map[string]string{}, map[string]int{}, false
	highest := 0
	for _, line := range s.taken() {
		var seat, status string
		var at int
		if _, err := fmt.Sscan(line, &seat, &status, &at); err != nil {
			t.Fatal(err)
		}
		if at <= place[seat] {
			t.Errorf("seat %s: %d is taken after %d", seat, at, place[seat])
		}
		overtaken = overtaken || at < highest
		got[seat], place[seat], highest = status, at, max(highest, at)
	}
	if !overtaken {
		t.Error("no delivery was overtaken: this test shows nothing")
	}
	for seat, status := range want {
		if got[seat] != status {
			t.Errorf("seat %s ends as %s; want %s", seat, got[seat], status)
		}
	}
	s.mu.Lock()
	posts := slices.Clone(s.posts)
	s.mu.Unlock()
	before := len(s.taken())
	for _, w := range posts { // everything a second time
		if w.header.Get("Authorization") != "" && w.header.Get("X-Amz-Sns-Message-Type") == "Notification" {
			if got := s.again(w, nil); got != 204 {
				t.Fatalf("a message for the second time: %d; want 204", got)
			}
		}
	}
	if got := len(s.taken()); got != before {
		t.Errorf("%d were taken a second time", got-before)
	}
}

// What a seat's last message was is kept for as long as an older one may come, and
// no longer.
func TestWhatNothingCanOvertakeIsForgotten(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	start := time.Now()
	now := start
	at := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = start.Add(d) }
	s := openSNS(t, linktest.SNSOptions{Clock: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }}, func(_ *snsScene, o *receive.Options) { o.User, o.Password = "ada", "word" })
	s.subscribe(strings.Replace(s.server.URL, "http://", "http://ada:word@", 1), true) // raw, which has no time of its own
	s.tell(7, "25", "LOCK")
	s.drain()
	old := s.last()
	for _, tt := range []struct {
		after time.Duration
		seat  string
		taken []string
	}{
		{129 * time.Minute, "26", []string{"25 LOCK 7", "26 LOCK 8"}},
		{131 * time.Minute, "27", []string{"25 LOCK 7", "26 LOCK 8", "27 LOCK 9", "25 LOCK 7"}},
	} {
		at(tt.after)
		s.tell(len(s.taken())+7, tt.seat, "LOCK")
		s.drain()
		if got := s.again(old, nil); got != 204 || !slices.Equal(s.taken(), tt.taken) {
			t.Errorf("after %v: %d, taken %v; want %v", tt.after, got, s.taken(), tt.taken)
		}
	}
}

func TestASnapshotIsWhereMessagesOfSNSGoOnFrom(t *testing.T) {
	t.Parallel()
	s := openSNS(t, linktest.SNSOptions{}, nil)
	s.handler.Resume(999, "seats", receive.Place{Epoch: 1, Sequence: 10})
	s.subscribe(s.server.URL, false)
	for _, sequence := range []int{9, 10, 12, 11} {
		s.tell(sequence, fmt.Sprint(sequence), "LOCK")
		s.drain()
	}
	if err := s.Publish(linktest.Published{Topic: s.topic, Message: snsBody("999-seats-1-12-resent-T12", "12", "UNLOCK")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(linktest.Published{Topic: s.topic, Message: snsBody("from somebody else", "13", "LOCK")}); err != nil {
		t.Fatal(err)
	}
	s.drain()
	if got := s.taken(); !slices.Equal(got, []string{"12 LOCK 12", "11 LOCK 11", "12 UNLOCK 12", "13 LOCK 0"}) {
		t.Errorf("taken: %v", got)
	}
}

// A handler that has both never lets what a publisher posts itself undo what SNS
// told it since.
func TestWhatComesBothWaysIsTakenInTheOrderOfEachSeat(t *testing.T) {
	t.Parallel()
	s := openSNS(t, linktest.SNSOptions{}, func(_ *snsScene, o *receive.Options) { o.Secrets, o.Clock = []string{secret}, time.Now })
	s.subscribe(s.server.URL, false)
	s.tell(9, "25", "UNLOCK")
	s.drain()
	direct := func(sequence int, seat, status string) {
		t.Helper()
		text, id, stamp := snsBody("r", seat, status), fmt.Sprint("999-seats-1-", sequence), fmt.Sprint(time.Now().Unix())
		r := post(text, "Webhook-Id", id, "Webhook-Timestamp", stamp, "Webhook-Signature", signature(secret, id, stamp, text), "Link-Sequence", fmt.Sprint(sequence))
		w := httptest.NewRecorder()
		if s.handler.ServeHTTP(w, r); w.Code != 204 {
			t.Errorf("message %d is answered %d", sequence, w.Code)
		}
	}
	direct(8, "25", "LOCK")
	direct(8, "26", "LOCK") // its place was passed by the one before
	direct(10, "26", "LOCK")
	s.tell(9, "27", "LOCK") // the publisher itself has told all up to 10
	s.drain()
	if got := s.taken(); !slices.Equal(got, []string{"25 UNLOCK 9", "26 LOCK 10"}) {
		t.Errorf("taken: %v", got)
	}
}
