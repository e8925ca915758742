package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/link/linktest"
)

// newSNSTest starts a small SNS with a topic of that name.
func newSNSTest(tb testing.TB, name string) (*linktest.SNS, Subscription) {
	tb.Helper()
	amazon, err := linktest.NewSNS(linktest.SNSOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(amazon.Close)
	sub := amtx("S")
	sub.Endpoint, sub.SNS = amazon.URL, SNSTopic{Region: "us-east-1", KeyID: linktest.KeyID, Key: linktest.SecretKey}
	sub.SNS.ARN, err = NewSNS(NewDoor(Rules{Sandbox: true})).CreateTopic(tb.Context(), sub.SNS, name, amazon.URL)
	if err != nil || !sub.SNS.Valid() {
		tb.Fatalf("CreateTopic(%s) = %s, %v", name, sub.SNS.ARN, err)
	}
	return amazon, sub
}

func newSNSSender() *SNS { return NewSNS(NewDoor(Rules{Sandbox: true})) }

// snsMessage is a message about so many seats that were locked.
func snsMessage(first int64, seats int) *Message {
	var steps []string
	for n := range seats {
		steps = append(steps, fmt.Sprintf("%d lock", n))
	}
	d := newDraft(seatsOf999, View{Channel: "amtx"}, 1, MostSeats)
	for _, e := range stepsOf(first, steps...) {
		d.add(e)
	}
	return &d.Message
}

// seats are which seats a topic has taken, in its order.
func snsSeats(amazon *linktest.SNS, topic string) (seats []string) {
	for _, p := range amazon.Published(topic) {
		_, seat, _ := strings.Cut(p.Message, `"seat":"`)
		seat, _, _ = strings.Cut(seat, `"`)
		seats = append(seats, seat)
	}
	return seats
}

func TestEachSeatOfAMessageIsAnEntry(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "seats")
	answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(41, 25))
	if err != nil || answer.Status != http.StatusOK {
		t.Fatalf("Send = %+v, %v; want 200", answer, err)
	}
	if n := amazon.Calls("PublishBatch"); n != 3 {
		t.Errorf("25 seats are %d calls; want 3", n)
	}
	taken := amazon.Published(sub.SNS.ARN) // batches in any order
	slices.SortFunc(taken, func(a, b linktest.Published) int {
		return strings.Compare(a.Attributes["sequence"].Value, b.Attributes["sequence"].Value)
	})
	if len(taken) != 25 {
		t.Fatalf("the topic took %d entries; want 25", len(taken))
	}
	for i, p := range taken {
		var body struct {
			Data     struct{ Seats []map[string]string }
			Metadata map[string]any
		}
		if err := json.Unmarshal([]byte(p.Message), &body); err != nil || len(body.Data.Seats) != 1 || body.Data.Seats[0]["status"] != "LOCK" || body.Data.Seats[0]["seat"] != fmt.Sprint(i) {
			t.Errorf("entry %d is %s, %v", i, p.Message, err)
		}
		if got, want := body.Metadata["requestId"], fmt.Sprintf("999-seats-1-%d", 41+i); got != want {
			t.Errorf("entry %d has requestId %v; want %s", i, got, want)
		}
		for name, want := range map[string]linktest.Attribute{
			"messageEntity": {Type: "String", Value: "seats"}, "organization": {Type: "Number", Value: "999"}, "accessId": {Type: "String", Value: "999:F23:F01"},
			"sequence": {Type: "Number", Value: fmt.Sprint(41 + i)}, "epoch": {Type: "Number", Value: "1"}, "resent": {Type: "String", Value: "false"},
		} {
			if got := p.Attributes[name]; got != want {
				t.Errorf("entry %d has %s %v; want %v", i, name, got, want)
			}
		}
	}
}

func TestOnlyEntriesThatFailedArePublishedAgain(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "seats")
	sender, m := newSNSSender(), snsMessage(1, 12)
	amazon.Fail(func(p linktest.Published) *linktest.Failure {
		if strings.Contains(p.Message, `"seat":"3"`) || strings.Contains(p.Message, `"seat":"11"`) {
			return &linktest.Failure{Code: "InternalError"}
		}
		return nil
	})
	if answer, err := sender.Send(t.Context(), sub, *m); err != nil || answer.Status != http.StatusInternalServerError || met(answer) != "5xx InternalError" {
		t.Errorf("two entries fail: %+v, %v; want 500", answer, err)
	}
	amazon.Fail(nil)
	if answer, err := sender.Send(t.Context(), sub, *m); err != nil || answer.Status != http.StatusOK {
		t.Errorf("sent again: %+v, %v; want 200", answer, err)
	}
	if got, want := strings.Join(snsSeats(amazon, sub.SNS.ARN), " "), "0 1 2 4 5 6 7 8 9 10 3 11"; got != want {
		t.Errorf("the topic took seats %s; want %s", got, want)
	}
	// The same by an operator's wish, after whose change the lease is another.
	sub.Lease++
	if answer, err := sender.Send(t.Context(), sub, *m); err != nil || answer.Status != http.StatusOK || len(snsSeats(amazon, sub.SNS.ARN)) != 24 {
		t.Errorf("a replay: %+v, %v, %d taken; want all of them again", answer, err, len(snsSeats(amazon, sub.SNS.ARN)))
	}
}

// What is told again by an operator's wish goes out each time, though it has the
// same name.
func TestWhatIsResentIsNeverHeldForTaken(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "seats")
	sender, m := newSNSSender(), snsMessage(1, 1)
	m.Resent = true
	for range 2 {
		if answer, err := sender.Send(t.Context(), sub, *m); err != nil || answer.Status != http.StatusOK {
			t.Fatalf("Send = %+v, %v", answer, err)
		}
	}
	taken := amazon.Published(sub.SNS.ARN)
	if len(taken) != 2 || taken[1].Attributes["resent"].Value != "true" || !strings.Contains(taken[1].Message, `"requestId":"999-seats-1-1-resent-T0"`) {
		t.Errorf("the topic took %+v", taken)
	}
}

func TestWhatSNSSaysIsAnAnswerThatTheRelayKnows(t *testing.T) {
	t.Parallel()
	entry := func(code string, ours bool) func(*linktest.SNS, *Subscription) {
		return func(a *linktest.SNS, _ *Subscription) {
			a.Fail(func(linktest.Published) *linktest.Failure { return &linktest.Failure{Code: code, SenderFault: ours} })
		}
	}
	for _, tt := range []struct {
		name  string
		order func(*linktest.SNS, *Subscription)
		want  string // "" is no answer
	}{
		{"nothing special", func(*linktest.SNS, *Subscription) {}, "200 2xx"},
		{"a call that is throttled", func(a *linktest.SNS, _ *Subscription) { a.Throttle(1) }, "429 4xx Throttled"},
		{"an entry that is throttled", entry("Throttled", true), "429 4xx Throttled"},
		{"an entry that is throttled by its key", entry("KMSThrottling", false), "429 4xx KMSThrottling"},
		{"an entry that is wrong", entry("InvalidParameter", true), "400 4xx InvalidParameter"},
		{"an entry without a right", entry("AuthorizationError", true), "403 4xx AuthorizationError"},
		{"an entry that failed there", entry("InternalError", false), "500 5xx InternalError"},
		{"a code that is no code", entry("<b>seat 7</b>", false), "500 5xx"},
		{"another key", func(_ *linktest.SNS, s *Subscription) { s.SNS.Key = "another" }, "403 4xx SignatureDoesNotMatch"},
		{"no such topic", func(_ *linktest.SNS, s *Subscription) { s.SNS.ARN += "x" }, "404 4xx NotFound"},
		{"an answer that is lost", func(a *linktest.SNS, _ *Subscription) { a.LoseAnswers(1) }, ""},
		{"nobody there", func(a *linktest.SNS, _ *Subscription) { a.Close() }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			amazon, sub := newSNSTest(t, "seats")
			tt.order(amazon, &sub)
			answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(1, 2))
			if tt.want == "" {
				if err == nil || answer.Status != 0 {
					t.Errorf("Send = %+v, %v; want no answer", answer, err)
				}
				return
			}
			if got := fmt.Sprintf("%d %s", answer.Status, met(answer)); err != nil || got != tt.want {
				t.Errorf("Send = %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

// Where a call as a whole fails, the next would too.
func TestACallThatFailsIsTheLastOfItsAttempt(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "seats")
	amazon.Throttle(1)
	answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(1, 25))
	if n := amazon.Calls("PublishBatch"); err != nil || answer.Status != http.StatusTooManyRequests || n != 1 {
		t.Errorf("Send = %+v, %v by %d calls; want 429 by one", answer, err, n)
	}
}

// A distance is how far away SNS is: every call takes so long, and some are on their
// way at once.
type distance struct {
	http.RoundTripper
	takes      time.Duration
	going, top atomic.Int64
}

// RoundTrip is http.RoundTripper's.
func (d *distance) RoundTrip(r *http.Request) (*http.Response, error) {
	now := d.going.Add(1)
	defer d.going.Add(-1)
	for top := d.top.Load(); now > top && !d.top.CompareAndSwap(top, now); top = d.top.Load() {
	}
	<-time.After(d.takes)
	return d.RoundTripper.RoundTrip(r)
}

func farSNS(takes time.Duration) (*SNS, *distance) {
	door := NewDoor(Rules{Sandbox: true})
	d := &distance{RoundTripper: door.http.Transport, takes: takes}
	door.http.Transport = d
	return NewSNS(door), d
}

// Batches of one message go to a standard topic at once, and to a FIFO topic one after
// the other; whatever fails among them is all that goes again.
func TestBatchesGoToAStandardTopicAtOnce(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int64{"seats": 9, "seats.fifo": 1} { // the first of an unknown topic goes alone
		amazon, sub := newSNSTest(t, name)
		sender, far := farSNS(20 * time.Millisecond)
		failing := true
		amazon.Fail(func(p linktest.Published) *linktest.Failure {
			if failing && strings.Contains(p.Message, `"seat":"77"`) {
				return &linktest.Failure{Code: "InternalError"}
			}
			return nil
		})
		m := snsMessage(1, 100)
		if answer, err := sender.Send(t.Context(), sub, *m); err != nil || answer.Status != statusFailed {
			t.Errorf("%s: Send = %+v, %v; want that an entry failed", name, answer, err)
		}
		if top := far.top.Load(); top != want {
			t.Errorf("%s: %d calls were made at once; want %d", name, top, want)
		}
		failing = false
		if answer, err := sender.Send(t.Context(), sub, *m); err != nil || answer.Status != statusTaken {
			t.Errorf("%s: Send again = %+v, %v; want it taken", name, answer, err)
		}
		seats := snsSeats(amazon, sub.SNS.ARN)
		if n := amazon.Calls("PublishBatch"); n != 11 || len(seats) != 100 || len(slices.Compact(slices.Sorted(slices.Values(seats)))) != 100 {
			t.Errorf("%s: %d calls for %d seats; want 11, and each of 100 seats once", name, n, len(seats))
		}
	}
}

// BenchmarkSNS is what one subscription publishes to a topic that answers after 5 ms.
//
//	go test ./internal/push -run '^$' -bench SNS
func BenchmarkSNS(b *testing.B) {
	for _, name := range []string{"seats", "seats.fifo"} {
		b.Run(name, func(b *testing.B) {
			amazon, sub := newSNSTest(b, name)
			sender, _ := farSNS(5 * time.Millisecond)
			for n := range b.N {
				if answer, err := sender.Send(b.Context(), sub, *snsMessage(int64(n*100+1), 100)); err != nil || answer.Status != statusTaken {
					b.Fatalf("Send = %+v, %v", answer, err)
				}
			}
			if n := len(amazon.Published(sub.SNS.ARN)); n != 100*b.N {
				b.Errorf("the topic took %d entries; want %d", n, 100*b.N)
			}
			b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "seats/s")
		})
	}
}

// A refusal of the whole call never buries seats; one of an entry waits until
// nothing else may be tried again.
func TestARefusalComesLast(t *testing.T) {
	t.Parallel()
	taken, wrong, busy, down := Answer{Status: statusTaken}, Answer{Status: statusRefused}, Answer{Status: statusThrottled}, Answer{Status: statusFailed}
	for _, tt := range []struct {
		failed []Answer
		want   Answer
	}{
		{nil, taken}, {[]Answer{wrong}, wrong}, {[]Answer{wrong, down}, down}, {[]Answer{down, wrong}, down}, {[]Answer{down, busy}, busy}, {[]Answer{busy, wrong, down}, busy},
	} {
		if got := failures(tt.failed).worst(); got != tt.want {
			t.Errorf("worst(%v) = %v; want %v", tt.failed, got, tt.want)
		}
	}
	for _, status := range []int{400, 410, 413, 422} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Code>InvalidParameter</Code></Error></ErrorResponse>`)
		}))
		sub := amtx("S")
		sub.Endpoint, sub.SNS = server.URL, SNSTopic{ARN: "arn:aws:sns:eu-west-1:123456789012:seats", KeyID: "id", Key: "key"}
		answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(1, 1))
		if err != nil || answer.Status != http.StatusForbidden || answer.RetryAfter != 7*time.Second {
			t.Errorf("a call that is answered %d: %+v, %v; want 403 and its Retry-After", status, answer, err)
		}
		server.Close()
	}
}

func TestAnEntryThatNobodySpokeOfWasNotTaken(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<PublishBatchResponse><PublishBatchResult><Successful><member><Id>0</Id><MessageId>m</MessageId></member></Successful></PublishBatchResult></PublishBatchResponse>`)
	}))
	defer server.Close()
	sub := amtx("S")
	sub.Endpoint, sub.SNS = server.URL, SNSTopic{ARN: "arn:aws:sns:eu-west-1:123456789012:seats", KeyID: "id", Key: "key"}
	for seats, want := range map[int]int{1: http.StatusOK, 2: http.StatusInternalServerError} {
		if answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(1, seats)); err != nil || answer.Status != want {
			t.Errorf("of %d entries one was taken: %+v, %v; want %d", seats, answer, err, want)
		}
	}
}

func TestAFIFOTopicTakesASeatInItsGroupAndNothingTwice(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "seats.fifo")
	amazon.LoseAnswers(1)
	if answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(1, 3)); err == nil {
		t.Fatalf("Send = %+v; want no answer", answer)
	}
	// Another process, which knows nothing of the first.
	if answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(1, 3)); err != nil || answer.Status != http.StatusOK {
		t.Fatalf("Send = %+v, %v", answer, err)
	}
	taken := amazon.Published(sub.SNS.ARN)
	if len(taken) != 3 {
		t.Fatalf("the topic took %d; want 3", len(taken))
	}
	for i, p := range taken {
		if group, once := fmt.Sprintf("999:F23:F01/ES:9/30/%d", i), fmt.Sprintf("1/%d", i+1); p.Group != group || p.DeduplicationID != once {
			t.Errorf("entry %d is of group %s, once %s; want %s, %s", i, p.Group, p.DeduplicationID, group, once)
		}
	}
}

func TestAnEventIsAnEntryInItsOwnGroup(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "events.fifo")
	m := Message{Topic: Topic{999, boxoffice.Events}, Epoch: 2, Sequence: 9, elements: []element{
		{subject: "999:F23:F02", at: 8, words: []byte(`{"accessId":"999:F23:F02"}`)}, {subject: "999:F23:F01", at: 7, words: []byte(`{"accessId":"999:F23:F01"}`)},
	}}
	if answer, err := newSNSSender().Send(t.Context(), sub, m); err != nil || answer.Status != http.StatusOK {
		t.Fatalf("Send = %+v, %v", answer, err)
	}
	var got []string
	for _, p := range amazon.Published(sub.SNS.ARN) {
		got = append(got, p.Group+" "+p.DeduplicationID+" "+p.Attributes["messageEntity"].Value+" "+p.Attributes["accessId"].Value+" "+p.Message)
	}
	want := []string{
		`999:F23:F01 2/7 events 999:F23:F01 {"data":{"events":[{"accessId":"999:F23:F01"}]},"metadata":{"messageEntity":"events","pacOrganizationId":999,"requestId":"999-events-2-7"}}`,
		`999:F23:F02 2/8 events 999:F23:F02 {"data":{"events":[{"accessId":"999:F23:F02"}]},"metadata":{"messageEntity":"events","pacOrganizationId":999,"requestId":"999-events-2-8"}}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the topic took\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatSNSWouldNotTakeForANameIsNamedByItsDigest(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"999:F23:F01/ES:9/Row A/25", "999:F23:F01/ES:9/Ä/25", strings.Repeat("a", 129), ""} {
		if got := named(text); len(got) != 64 || !fifoID.MatchString(got) {
			t.Errorf("named(%q) = %q", text, got)
		}
	}
	if named("a b") == named("a c") {
		t.Error("two texts have one name")
	}
	if got := named("999:F23:F01/ES:9/30/25"); got != "999:F23:F01/ES:9/30/25" {
		t.Errorf("a good name becomes %q", got)
	}
}

func TestABatchHasTenEntriesOrLessWhereTheyAreLarge(t *testing.T) {
	t.Parallel()
	sizes := func(n, size int) (entries []entry) {
		for range n {
			entries = append(entries, entry{size: size})
		}
		return entries
	}
	for _, tt := range []struct{ n, size, want int }{{0, 1, 0}, {3, 1000, 3}, {10, 1000, 10}, {11, 1000, 10}, {11, 60 << 10, 4}, {1, 250 << 10, 0}} {
		batch, rest := cut(sizes(tt.n, tt.size))
		if len(batch) != tt.want || len(batch)+len(rest) != tt.n {
			t.Errorf("of %d entries of %d bytes a batch has %d, and %d stay", tt.n, tt.size, len(batch), len(rest))
		}
	}
}

// An endpoint of its own is the sandbox's; others never reach this machine.
func TestOnlyTheSandboxPublishesToThisMachine(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "seats")
	before := amazon.Calls("PublishBatch")
	open := newDoor(Rules{}, nil, func(netip.AddrPort) error { return nil }) // where any address may be dialled, its name still counts
	for _, tt := range []struct {
		endpoint string
		door     *Door
	}{{amazon.URL, NewDoor(Rules{})}, {"https://" + amazon.Host, NewDoor(Rules{})}, {amazon.URL, open}} {
		sub.Endpoint = tt.endpoint
		if answer, err := NewSNS(tt.door).Send(t.Context(), sub, *snsMessage(1, 1)); err == nil {
			t.Errorf("Send to %s = %+v; want it unreached", tt.endpoint, answer)
		}
	}
	if amazon.Calls("PublishBatch") != before {
		t.Error("it was reached")
	}
}

func TestWithoutKeysTheDefaultChainIsAsked(t *testing.T) {
	amazon, sub := newSNSTest(t, "seats")
	sub.SNS.KeyID, sub.SNS.Key = "", ""
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, t.TempDir()+"/none")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_PROFILE", "none")
	if answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(1, 1)); err != nil || answer.Status != http.StatusUnauthorized || !strings.Contains(met(answer), "cannot be read") {
		t.Errorf("a profile that is not there: %+v, %v; want 401", answer, err)
	}
	t.Setenv("AWS_PROFILE", "")
	if answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(1, 1)); err != nil || answer.Status != http.StatusUnauthorized {
		t.Errorf("no credentials: %+v, %v; want 401", answer, err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", linktest.KeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", linktest.SecretKey)
	if answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(1, 1)); err != nil || answer.Status != http.StatusOK || len(amazon.Published(sub.SNS.ARN)) != 1 {
		t.Errorf("credentials of the environment: %+v, %v; want 200", answer, err)
	}
}

func TestATopicThatCannotBeMadeIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "seats")
	for _, tt := range []struct{ name, key, want string }{
		{"seats", "another", "4xx SignatureDoesNotMatch"}, {"a name with spaces", linktest.SecretKey, "4xx InvalidParameter"},
	} {
		sub.SNS.Key = tt.key
		_, err := newSNSSender().CreateTopic(t.Context(), sub.SNS, tt.name, amazon.URL)
		if !errors.Is(err, fault.SubscriptionRefused) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("CreateTopic(%q) = %v; want it refused with %s", tt.name, err, tt.want)
		}
	}
}

// A relay, a topic that fails in every way, and one seat that it will not have:
// every other seat is taken once, in order of its states, and the one is a letter.
func TestARelayPublishesThroughFailuresAndBuriesOnlyWhatIsRefused(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "seats")
	const seats, refusing = 250, "117"
	var asked atomic.Int64
	amazon.Fail(func(p linktest.Published) *linktest.Failure {
		n := asked.Add(1)
		switch {
		case strings.Contains(p.Message, `"seat":"`+refusing+`"`):
			return &linktest.Failure{Code: "InvalidParameter", SenderFault: true}
		case n%17 == 0:
			return &linktest.Failure{Code: "InternalError"}
		}
		return nil
	})
	amazon.Throttle(2)
	b := newBureau(sub)
	logger := slog.New(slog.DiscardHandler)
	tail := NewTail(b, nil, logger)
	// Ten minutes pass with each look at the clock, so what is due is due at once.
	var looks atomic.Int64
	clock := func() time.Time {
		return time.Unix(1_700_000_000, 0).Add(time.Duration(looks.Add(1)) * 10 * time.Minute)
	}
	relay := NewRelay(b, tail, Ways{SNS: newSNSSender()}, logger, RelayOptions{Clock: clock})
	ctx, stop := context.WithCancel(t.Context())
	var parts sync.WaitGroup
	parts.Go(func() { _ = tail.Run(ctx) })
	parts.Go(func() { _ = relay.Run(ctx) })
	t.Cleanup(func() { stop(); parts.Wait() })
	var steps []string
	for n := range seats {
		steps = append(steps, fmt.Sprintf("%d lock", n))
	}
	for n := range seats {
		steps = append(steps, fmt.Sprintf("%d free", n))
	}
	b.write(stepsOf(1, steps...)...)
	deadline := time.After(30 * time.Second)
	for b.sub("S").Cursor < 2*seats {
		select {
		case <-deadline:
			t.Fatalf("it came to %+v", b.sub("S"))
		case <-time.After(10 * time.Millisecond):
		}
	}
	last, times := map[string]string{}, map[string]int{}
	for _, p := range amazon.Published(sub.SNS.ARN) {
		var body struct {
			Data struct {
				Seats []struct{ Seat, Status string }
			}
			Metadata struct{ RequestID string }
		}
		if err := json.Unmarshal([]byte(p.Message), &body); err != nil {
			t.Fatal(err)
		}
		for _, s := range body.Data.Seats {
			last[s.Seat] = s.Status
		}
		times[body.Metadata.RequestID]++
	}
	if len(last) != seats-1 || last[refusing] != "" {
		t.Errorf("%d seats were published, and %s %q; want all but that one", len(last), refusing, last[refusing])
	}
	for seat, status := range last {
		if status != "UNLOCK" {
			t.Errorf("seat %s ends as %s; want UNLOCK", seat, status)
		}
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s was published %d times; no answer was lost", id, n)
		}
	}
	letters, _ := b.DeadLetters(t.Context(), "S", false, 10)
	if !slices.ContainsFunc(letters, func(l Letter) bool { return l.Subject == "T"+refusing && l.Note == "4xx InvalidParameter" }) {
		t.Errorf("letters: %+v; want one of seat %s", letters, refusing)
	}
	for _, l := range letters {
		if l.Subject != "T"+refusing {
			t.Errorf("a letter of %s, which nobody refused: %+v", l.Subject, l)
		}
	}
}

// aDesk has one subscription, which is all that is asked of it.
type aDesk struct {
	unasked
	sub Subscription
}

type unasked interface{ Subscriptions }

func (d *aDesk) ChangeSubscription(_ context.Context, _ string, change func(*Subscription) error) (Subscription, error) {
	err := change(&d.sub)
	return d.sub, err
}

func TestATopicHasNoSecretToRoll(t *testing.T) {
	t.Parallel()
	d := &aDesk{sub: amtx("S")}
	roll := Replay{Subscriptions: d}
	if s, err := roll.Roll(t.Context(), "S", time.Now()); err != nil || s.Secret == "" {
		t.Errorf("Roll of an endpoint = %+v, %v", s, err)
	}
	d.sub.SNS.ARN = "arn:aws:sns:eu-west-1:123456789012:seats"
	if _, err := roll.Roll(t.Context(), "S", time.Now()); !errors.Is(err, fault.SubscriptionRefused) {
		t.Errorf("Roll of a topic = %v; want it refused", err)
	}
}
