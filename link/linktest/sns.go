package linktest

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// The credentials that an SNS takes where its options name no others.
const (
	KeyID     = "AKIALINKTESTLINKTEST"
	SecretKey = "link/test+secret"
)

// SNSOptions are what an SNS may be given; zero is right for most.
type SNSOptions struct {
	Region, Account  string
	KeyID, SecretKey string // that sign requests; default the constants
	// Clock judges the five minutes of deduplication and the two days of tokens, and
	// stamps messages; nil is time.Now.
	Clock func() time.Time
	// Client delivers. nil is a client that trusts this SNS's authority and the
	// system's.
	Client *http.Client
	// Retries is how often a delivery that failed is tried again, RetryDelay after
	// how long each time; default 3, and 20 s.
	Retries    int
	RetryDelay time.Duration
	// Next chooses which of n messages that wait for one subscription goes next, the
	// oldest is 0; nil is always the oldest. A standard topic promises no order, and
	// rand.IntN makes that visible. It is never called twice at once.
	Next func(n int) int
}

// An SNS is a small Amazon SNS on this machine. It is safe for concurrent use.
type SNS struct {
	// URL is the endpoint for publishers, over plain HTTP.
	URL string
	// Host is the host and port of CertificateURL and of the SubscribeURLs, which are
	// https under an authority of its own (Roots).
	Host           string
	CertificateURL string
	Roots          *x509.CertPool

	options SNSOptions
	signer  *signer
	plain   *httptest.Server
	secure  *httptest.Server
	ctx     context.Context // of the deliveries
	stop    context.CancelFunc
	senders sync.WaitGroup

	mu            sync.Mutex
	idle          *sync.Cond // waiting fell to 0
	waiting       int        // deliveries that are not over
	topics        map[string]*topic
	subscriptions map[string]*subscription
	fail          func(Published) *Failure
	throttled     int // Publish and PublishBatch calls to refuse
	lost          int // those whose answers are lost
	calls         map[string]int
	serial        int64
}

// A Failure is why an entry is not published.
type Failure struct {
	Code, Message string
	SenderFault   bool // the entry itself is wrong
}

// A Published message is one that a topic has taken.
type Published struct {
	Topic, MessageID       string
	EntryID                string // within its batch
	Subject, Message       string
	Group, DeduplicationID string
	Attributes             map[string]Attribute
}

// An Attribute of a message: String, String.Array, Number or Binary.
type Attribute struct{ Type, Value string }

// NewSNS starts one. Close ends it.
func NewSNS(o SNSOptions) (*SNS, error) {
	const (
		retries    = 3
		retryDelay = 20 * time.Second
		timeout    = 15 * time.Second
	)
	setDefault(&o.Region, "us-east-1")
	setDefault(&o.Account, "123456789012")
	setDefault(&o.KeyID, KeyID)
	setDefault(&o.SecretKey, SecretKey)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Retries == 0 {
		o.Retries = retries
	}
	if o.RetryDelay == 0 {
		o.RetryDelay = retryDelay
	}
	if o.Next == nil {
		o.Next = func(int) int { return 0 }
	}
	signer, err := newSigner()
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	s := &SNS{
		options: o, signer: signer, Roots: signer.roots, topics: map[string]*topic{}, subscriptions: map[string]*subscription{}, calls: map[string]int{},
	}
	s.idle = sync.NewCond(&s.mu)
	s.ctx, s.stop = context.WithCancel(context.Background())
	if s.options.Client == nil {
		s.options.Client = &http.Client{
			Timeout:       timeout,
			Transport:     &http.Transport{TLSClientConfig: signer.clientTLS()},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	s.plain = httptest.NewServer(s)
	s.secure = httptest.NewUnstartedServer(s)
	s.secure.TLS = signer.serverTLS()
	s.secure.StartTLS()
	s.URL, s.Host = s.plain.URL, strings.TrimPrefix(s.secure.URL, "https://")
	s.CertificateURL = s.secure.URL + certificatePath
	return s, nil
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// Close ends it with its deliveries.
func (s *SNS) Close() {
	s.mu.Lock() // nothing is sent off once it has ended
	s.stop()
	s.mu.Unlock()
	s.plain.Close()
	s.secure.Close()
	s.senders.Wait()
	s.options.Client.CloseIdleConnections()
}

// Client trusts this SNS's authority alone: a receiver under test fetches the
// certificate and confirms subscriptions with it.
func (s *SNS) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: s.signer.clientTLS()}}
}

// Fail asks of each entry of Publish and PublishBatch whether it fails; nil is
// that none does. What is returned for Publish is the answer to the whole call.
func (s *SNS) Fail(choose func(Published) *Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = choose
}

// Throttle refuses the next n calls that publish.
func (s *SNS) Throttle(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttled = n
}

// LoseAnswers does what the next n calls that publish ask, and cuts the
// connection instead of answering.
func (s *SNS) LoseAnswers(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = n
}

// Calls is how often an action was asked for, such as PublishBatch.
func (s *SNS) Calls(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[action]
}

// Published are the messages that a topic has taken, in its order.
func (s *SNS) Published(topicARN string) []Published {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[topicARN]
	if t == nil {
		return nil
	}
	return slices.Clone(t.published)
}

// Drain returns when no delivery waits or is under way, those to be tried again
// included, or when ctx ends.
func (s *SNS) Drain(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.idle.Broadcast()
	})()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.waiting > 0 && ctx.Err() == nil {
		s.idle.Wait()
	}
	return ctx.Err()
}

func (s *SNS) arn(resource string) string {
	return "arn:aws:sns:" + s.options.Region + ":" + s.options.Account + ":" + resource
}

// newID looks like a UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
