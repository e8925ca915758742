package receive

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // SignatureVersion 1 is made of it, and it is what topics have by default
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SNS says which topics of Amazon SNS messages may come from, beside those that a
// publisher posts itself. Subscriptions to them are confirmed by themselves.
//
// A topic keeps no order and may deliver twice, so each seat (or event) is known by
// its own last message; that is kept for as long as an older one may still arrive.
type SNS struct {
	Topics []string // ARNs; messages of others are refused
	// Host is where the certificate and the SubscribeURL are, with its port, for
	// tests. "" is sns.<region>.amazonaws.com of the topic's region, in China
	// sns.<region>.amazonaws.com.cn.
	Host string
	// Client fetches certificates and confirms subscriptions; nil is one of its own.
	Client *http.Client
	// Roots are the authorities of the certificates that sign; nil is the system's.
	Roots *x509.CertPool
}

const (
	kindHeader = "X-Amz-Sns-Message-Type"
	// staleAfter is how long SNS tries to deliver, an hour at most, and how far
	// clocks may be apart. Its messages keep the time at which they were published.
	staleAfter = time.Hour + tolerance
	// fetchTime bounds a fetch, within the 15 s that SNS waits.
	fetchTime  = 10 * time.Second
	maxFetched = 64 << 10
	// fetchesAtOnce bounds what forged messages could make us ask of Amazon.
	fetchesAtOnce = 4
)

// A notice is what SNS posts where its delivery is not raw.
type notice struct {
	Type, Message, Timestamp, Token string
	MessageID                       string `json:"MessageId"`
	TopicARN                        string `json:"TopicArn"`
	Subject                         *string
	SubscribeURL                    string
	SignatureVersion, Signature     string
	SigningCertURL                  string
}

const (
	aNotification  = "Notification"
	aConfirmation  = "SubscriptionConfirmation"
	anUnsubscribed = "UnsubscribeConfirmation"
)

// words are what SNS signs: names and values, in the order of the names.
func (n *notice) words() string {
	var b strings.Builder
	add := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	add("Message", n.Message)
	add("MessageId", n.MessageID)
	if n.Type == aNotification {
		if n.Subject != nil {
			add("Subject", *n.Subject)
		}
	} else {
		add("SubscribeURL", n.SubscribeURL)
	}
	add("Timestamp", n.Timestamp)
	if n.Type != aNotification {
		add("Token", n.Token)
	}
	add("TopicArn", n.TopicARN)
	add("Type", n.Type)
	return b.String()
}

// signedBy reports whether a certificate's key made the signature.
func (n *notice) signedBy(certificate *x509.Certificate) bool {
	key, isRSA := certificate.PublicKey.(*rsa.PublicKey)
	signature, err := base64.StdEncoding.DecodeString(n.Signature)
	if !isRSA || err != nil {
		return false
	}
	switch n.SignatureVersion {
	case "1":
		sum := sha1.Sum([]byte(n.words())) //nolint:gosec // as above
		return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature) == nil
	case "2":
		sum := sha256.Sum256([]byte(n.words()))
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	}
	return false
}

// Reasons to refuse, for good; other errors are to be tried again.
var (
	errForged = errors.New("it is not of a topic that is known, or not signed by it")
	errNoSNS  = errors.New("it is nothing that SNS sends")
)

// ofSNS takes what SNS posted. It returns a message, or nothing where there is none in it.
func (h *Handler) ofSNS(ctx context.Context, header http.Header, body []byte) (*Message, error) {
	if header.Get("X-Amz-Sns-Rawdelivery") == "true" {
		// Nobody signs it: it is as good as the password that came with it.
		if !h.guarded() || !slices.Contains(h.options.SNS.Topics, header.Get("X-Amz-Sns-Topic-Arn")) {
			return nil, errForged
		}
		return message(body)
	}
	var n notice
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, errNoSNS
	}
	if err := h.trust(ctx, &n); err != nil {
		return nil, err
	}
	switch n.Type {
	case aConfirmation:
		return nil, h.confirm(ctx, &n)
	case aNotification:
		return message([]byte(n.Message))
	}
	return nil, nil //nolint:nilnil // an end of a subscription, of which there is nothing to tell
}

// guarded reports whether who posts must know a password.
func (h *Handler) guarded() bool { return h.options.User != "" || h.options.Password != "" }

// trust refuses what is not of a known topic, old, or not signed.
func (h *Handler) trust(ctx context.Context, n *notice) error {
	if n.Type != aNotification && n.Type != aConfirmation && n.Type != anUnsubscribed {
		return errNoSNS
	}
	at, err := time.Parse(time.RFC3339, n.Timestamp)
	if err != nil {
		return errNoSNS
	}
	age := h.options.Clock().Sub(at)
	if !slices.Contains(h.options.SNS.Topics, n.TopicARN) || age > staleAfter || age < -tolerance {
		return errForged
	}
	from, err := url.Parse(n.SigningCertURL)
	if err != nil || !h.options.SNS.at(from, n.TopicARN) || from.RawQuery != "" || !strings.HasSuffix(from.Path, ".pem") {
		return errForged
	}
	certificate, err := h.certificates.of(ctx, from.String(), domainOf(n.TopicARN), h.options.Clock())
	if err != nil {
		return err
	}
	if !n.signedBy(certificate) {
		return errForged
	}
	return nil
}

// at reports whether an address is where SNS itself is.
func (s *SNS) at(u *url.URL, topic string) bool {
	host := s.Host
	if host == "" {
		host = "sns." + domainOf(topic)
	}
	return u.Scheme == "https" && u.User == nil && u.Opaque == "" && u.Host == host
}

// domainOf is where the services of a topic's region are. China's are a world of
// their own.
func domainOf(topic string) string {
	const partition, region = 1, 3
	parts := strings.Split(topic, ":")
	switch {
	case len(parts) <= region:
		return ""
	case parts[partition] == "aws-cn":
		return parts[region] + ".amazonaws.com.cn"
	}
	return parts[region] + ".amazonaws.com"
}

// confirm says yes to a subscription to a topic that is known.
func (h *Handler) confirm(ctx context.Context, n *notice) error {
	to, err := url.Parse(n.SubscribeURL)
	if err != nil || !h.options.SNS.at(to, n.TopicARN) || to.Query().Get("Action") != "ConfirmSubscription" || to.Query().Get("TopicArn") != n.TopicARN {
		return errForged
	}
	_, _, err = fetch(ctx, h.options.SNS.Client, to.String())
	return err
}

// message reads a message that SNS carried. Its place is in its own words, for
// nobody signs the attributes beside it.
func message(body []byte) (*Message, error) {
	m, err := read(http.Header{}, body)
	if err != nil {
		return nil, err
	}
	m.unordered = true
	if at, resent, told := placeIn(m.ID, strconv.FormatInt(m.Organization, 10)+"-"+m.Entity+"-"); told {
		m.Place, m.Resent = at, resent
	}
	return &m, nil
}

// placeIn reads an id such as 999-seats-1-184467, behind its prefix. That of another
// publisher tells nothing.
func placeIn(id, prefix string) (at Place, resent, told bool) {
	rest, ours := strings.CutPrefix(id, prefix)
	rest, _, resent = strings.Cut(rest, "-resent-")
	epoch, sequence, _ := strings.Cut(rest, "-")
	var bad [2]error
	at.Epoch, bad[0] = strconv.ParseInt(epoch, 10, 64)
	at.Sequence, bad[1] = strconv.ParseInt(sequence, 10, 64)
	return at, resent, ours && errors.Join(bad[:]...) == nil && at.Epoch >= 0 && at.Sequence > 0
}

// fetch gets what stands at an address that was judged before, and nowhere else,
// with the certificates that its server has shown.
func fetch(ctx context.Context, client *http.Client, address string) (text []byte, shown []*x509.Certificate, err error) {
	ctx, done := context.WithTimeout(ctx, fetchTime)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.TLS != nil {
		shown = response.TLS.PeerCertificates
	}
	text, err = io.ReadAll(io.LimitReader(response.Body, maxFetched))
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New("it is answered " + response.Status)
	}
	return text, shown, err
}
