package push

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link/linktest"
	"github.com/seatlink/seatlink/link/receive"
)

// nodePath is where a second opinion comes from: the libraries that partners use on
// Node.js, sns-validator and standardwebhooks.
var nodePath = flag.String("node-path", "", "have Node.js judge messages too, with the packages in these `folders` (make npm-receivers)")

// A posted message is one as a receiver gets it, maybe after somebody changed it.
type posted struct {
	name    string
	Kind    string            `json:"kind"` // webhook or sns
	Secret  string            `json:"secret,omitzero"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	good    bool
}

// A collector keeps what is posted to it.
type collector struct {
	*httptest.Server
	mu  sync.Mutex
	got []posted
}

func collect(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p := posted{Headers: map[string]string{}, Body: string(body), good: true}
		for name := range r.Header {
			p.Headers[strings.ToLower(name)] = r.Header.Get(name)
		}
		c.mu.Lock()
		c.got = append(c.got, p)
		c.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) last() posted {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got[len(c.got)-1]
}

// tampered is a message with something changed in it.
func (p posted) tampered(name string, change func(p *posted)) posted {
	p.name, p.Headers, p.good = p.name+": "+name, maps.Clone(p.Headers), false
	change(&p)
	return p
}

// field changes a field of the JSON that SNS posted.
func field(name, value string) func(p *posted) {
	return func(p *posted) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(p.Body), &fields); err != nil {
			panic(err)
		}
		fields[name] = value
		text, _ := json.Marshal(fields)
		p.Body = string(text)
	}
}

// webhooks are messages as the relay signs them, while the secret is rolled too.
func webhooks(t *testing.T) (all []posted) {
	t.Helper()
	to := collect(t)
	sender := NewWebhook(NewDoor(Rules{Sandbox: true}), time.Now)
	sub := amtx("S")
	sub.Endpoint, sub.Secret, sub.Former, sub.FormerUntil = to.URL, NewSecret(), NewSecret(), time.Now().Add(time.Hour)
	if _, err := sender.Send(t.Context(), sub, *snsMessage(41, 3)); err != nil {
		t.Fatal(err)
	}
	genuine := to.last()
	genuine.Kind, genuine.Secret, genuine.name = "webhook", sub.Secret, "a webhook"
	former := genuine
	former.Secret, former.name = sub.Former, "a webhook, by the former secret"
	sub.FormerUntil = time.Now().Add(-time.Hour)
	if _, err := sender.Send(t.Context(), sub, *snsMessage(41, 3)); err != nil {
		t.Fatal(err)
	}
	rolled := to.last()
	rolled.Kind, rolled.Secret, rolled.name, rolled.good = "webhook", sub.Former, "a webhook after the roll, by the former secret", false
	return []posted{
		genuine, former, rolled,
		genuine.tampered("a seat changed", func(p *posted) { p.Body = strings.Replace(p.Body, `"LOCK"`, `"UNLOCK"`, 1) }),
		genuine.tampered("another id", func(p *posted) { p.Headers["webhook-id"] += "0" }),
		genuine.tampered("another time", func(p *posted) { p.Headers["webhook-timestamp"] = "1700000000" }),
		genuine.tampered("another secret", func(p *posted) { p.Secret = NewSecret() }),
		genuine.tampered("no signature", func(p *posted) { p.Headers["webhook-signature"] = "v1," }),
	}
}

// notices are what the SNS of linktest posts of messages that the relay publishes.
func notices(t *testing.T, amazon *linktest.SNS, sub Subscription, version string) (all []posted) {
	t.Helper()
	to := collect(t)
	if err := amazon.SetTopicAttribute(sub.SNS.ARN, "SignatureVersion", version); err != nil {
		t.Fatal(err)
	}
	next := func() posted {
		if err := amazon.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		p := to.last()
		p.Kind = "sns"
		return p
	}
	asked := func() (p posted, address string) {
		if err := amazon.Subscribe(sub.SNS.ARN, to.URL, false, ""); err != nil {
			t.Fatal(err)
		}
		p = next()
		var wire struct{ SubscribeURL string }
		if err := json.Unmarshal([]byte(p.Body), &wire); err != nil {
			t.Fatal(err)
		}
		return p, wire.SubscribeURL
	}
	confirmation, address := asked() // of a subscription that waits for whoever judges this
	confirmation.name = "a confirmation of version " + version
	all = append(all, confirmation,
		confirmation.tampered("another address", field("SubscribeURL", address+"0")), confirmation.tampered("another token", field("Token", "0")))
	_, address = asked()
	visit, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	confirmed, err := amazon.Client().Do(visit)
	if err != nil {
		t.Fatal(err)
	}
	_ = confirmed.Body.Close()
	if answer, err := newSNSSender().Send(t.Context(), sub, *snsMessage(41, 1)); err != nil || answer.Status != http.StatusOK {
		t.Fatalf("Send = %+v, %v", answer, err)
	}
	genuine := next()
	genuine.name = "a notification of version " + version
	return append(all, genuine,
		genuine.tampered("a seat changed", func(p *posted) { p.Body = strings.Replace(p.Body, `LOCK`, `UNLOCK`, 1) }),
		genuine.tampered("another topic", field("TopicArn", sub.SNS.ARN+"0")),
		genuine.tampered("another time", field("Timestamp", "2026-01-02T03:04:05.678Z")),
		genuine.tampered("a subject", field("Subject", "hello")),
		genuine.tampered("another certificate's host", field("SigningCertURL", "https://sns.us-east-1.amazonaws.com.example.com/x.pem")),
		genuine.tampered("a certificate by http", field("SigningCertURL", strings.Replace(amazon.CertificateURL, "https:", "http:", 1))),
		genuine.tampered("the other version", field("SignatureVersion", map[string]string{"1": "2", "2": "1"}[version])),
	)
}

// Messages are taken by whoever knows the secret, or SNS's certificate, and by
// nobody when somebody changed a word: so says link/receive, and with make
// npm-receivers what partners on Node.js use.
func TestReceiversTakeWhatWeSendAndRefuseWhatWasChanged(t *testing.T) {
	t.Parallel()
	amazon, sub := newSNSTest(t, "seats")
	cases := append(webhooks(t), notices(t, amazon, sub, "1")...)
	cases = append(cases, notices(t, amazon, sub, "2")...)
	opinions := map[string][]string{"link/receive": goOpinions(t, amazon, sub, cases)}
	if *nodePath != "" {
		opinions["Node.js"] = nodeOpinions(t, amazon, cases)
	}
	for who, said := range opinions {
		for i, c := range cases {
			if refused := said[i]; (refused == "") != c.good {
				t.Errorf("%s says %q to %s; want it taken: %v", who, refused, c.name, c.good)
			}
		}
	}
}

// goOpinions are why link/receive refuses each message, "" where it takes it.
func goOpinions(t *testing.T, amazon *linktest.SNS, sub Subscription, cases []posted) (said []string) {
	t.Helper()
	for _, c := range cases {
		options := receive.Options{}
		if c.Kind == "webhook" {
			options.Secrets = []string{c.Secret}
		} else {
			options.SNS = &receive.SNS{Topics: []string{sub.SNS.ARN}, Host: amazon.Host, Client: amazon.Client(), Roots: amazon.Roots}
		}
		h := receive.New(options, func(context.Context, receive.Message) error { return nil })
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(c.Body))
		for name, value := range c.Headers {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code == http.StatusNoContent {
			said = append(said, "")
		} else {
			said = append(said, http.StatusText(w.Code))
		}
	}
	return said
}

// nodeOpinions are why the libraries of Node.js refuse each message.
func nodeOpinions(t *testing.T, amazon *linktest.SNS, cases []posted) []string {
	t.Helper()
	authority := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, amazon.AuthorityPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	asked, err := json.Marshal(map[string]any{"host": amazon.Host, "cases": cases})
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	node := exec.CommandContext(t.Context(), "node", "testdata/receivers.cjs")
	node.Stdin, node.Stderr = bytes.NewReader(asked), &errs
	node.Env = append(os.Environ(), "NODE_PATH="+*nodePath, "NODE_EXTRA_CA_CERTS="+authority)
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, &errs)
	}
	var said []*string
	if err := json.Unmarshal(out, &said); err != nil || len(said) != len(cases) {
		t.Fatalf("node says %s, %v; want an opinion of each of %d", out, err, len(cases))
	}
	opinions := make([]string, len(said))
	for i, why := range said {
		if why != nil {
			opinions[i] = "refused: " + *why
		}
	}
	return opinions
}
