package receive_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link/receive"
)

const euTopic = "arn:aws:sns:eu-west-1:123456789012:seats"

// A web answers addresses from memory, and counts how often each was asked for.
type web struct {
	pages map[string][]byte
	asked map[string]int
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	at := r.URL.String()
	w.asked[at]++
	page, ok := w.pages[at]
	status := http.StatusOK
	if !ok {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(bytes.NewReader(page)), Request: r, Header: http.Header{}}, nil
}

// Amazon's file has the signing certificate alone: its issuer's lies where it says.
func TestTheChainOfACertificateIsFollowedToItsAuthority(t *testing.T) {
	t.Parallel()
	start := time.Now()
	now := start
	issue := func(template, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) *x509.Certificate {
		t.Helper()
		template.NotBefore = start.Add(-time.Hour)
		if template.NotAfter.IsZero() {
			template.NotAfter = start.Add(48 * time.Hour)
		}
		text, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(text)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	const elsewhere = "https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + euTopic
	const issuerAt = "http://crt.r2m01.amazontrust.com/r2m01.cer"
	rootKey, middleKey := key(), key()
	signKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	authority := func(serial int64) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	}
	template := authority(1)
	root := issue(template, template, &rootKey.PublicKey, rootKey)
	middle := issue(authority(2), root, &middleKey.PublicKey, rootKey)
	leafUntil := func(until time.Time, name, issuer string) []byte {
		c := issue(&x509.Certificate{SerialNumber: big.NewInt(3), NotAfter: until, DNSNames: []string{name}, IssuingCertificateURL: []string{issuer}}, middle, &signKey.PublicKey, middleKey)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	leaf := func(name, issuer string) []byte { return leafUntil(time.Time{}, name, issuer) }
	shortly := leafUntil(start.Add(time.Hour), "sns.amazonaws.com", issuerAt)
	for _, tt := range []struct {
		name   string
		text   []byte
		issuer []byte
		after  time.Duration
		want   int
		short  bool // its time ends before another day
	}{
		{"its issuer lies where it says", leaf("sns.amazonaws.com", issuerAt), middle.Raw, 0, 204, false},
		{"the name of a newer region", leaf("sns-signing.eu-west-1.amazonaws.com", issuerAt), middle.Raw, 0, 204, false},
		{"one that ends within the day", shortly, middle.Raw, 0, 204, true},
		{"the name of another region", leaf("sns-signing.eu-west-2.amazonaws.com", issuerAt), middle.Raw, 0, 403, false},
		{"made out to somebody else", leaf("www.example.com", issuerAt), middle.Raw, 0, 403, false},
		{"its issuer lies elsewhere", leaf("sns.amazonaws.com", "http://crt.example.com/r2m01.cer"), middle.Raw, 0, 403, false},
		{"its issuer is nowhere to be had", leaf("sns.amazonaws.com", issuerAt), nil, 0, 500, false},
		{"its issuer is another", leaf("sns.amazonaws.com", issuerAt), root.Raw, 0, 403, false},
		{"its time is over", leaf("sns.amazonaws.com", issuerAt), middle.Raw, 49 * time.Hour, 403, false},
		{"it is none", []byte("hello"), middle.Raw, 0, 403, false},
	} {
		now = start.Add(tt.after)
		roots := x509.NewCertPool()
		roots.AddCert(root)
		amazon := &web{pages: map[string][]byte{certificateAt: tt.text}, asked: map[string]int{}}
		if tt.issuer != nil {
			amazon.pages[issuerAt] = tt.issuer
		}
		h := receive.New(receive.Options{
			SNS:   &receive.SNS{Topics: []string{euTopic}, Client: &http.Client{Transport: amazon}, Roots: roots},
			Clock: func() time.Time { return now },
		}, func(context.Context, receive.Message) error { return nil })
		send := func() int { return answerTo(t, h, signKey, now, "Notification", nil) }
		if got := send(); got != tt.want {
			t.Errorf("%s: answered %d; want %d", tt.name, got, tt.want)
		}
		if tt.want != 204 {
			continue
		}
		if got := answerTo(t, h, signKey, now, "SubscriptionConfirmation", map[string]string{"Token": "t", "SubscribeURL": elsewhere}); got != 403 || amazon.asked[elsewhere] != 0 {
			t.Errorf("%s: a confirmation elsewhere, though it is signed: %d, asked %d times; want 403, never", tt.name, got, amazon.asked[elsewhere])
		}
		if send(); amazon.asked[certificateAt] != 1 {
			t.Errorf("%s: the certificate was fetched %d times for two messages; want once", tt.name, amazon.asked[certificateAt])
		}
		if tt.short {
			now = now.Add(2 * time.Hour)
			if got := send(); got != 403 {
				t.Errorf("%s: after its time %d; want 403", tt.name, got)
			}
			continue
		}
		now = now.Add(24 * time.Hour)
		if got := send(); got != 204 || amazon.asked[certificateAt] != 2 {
			t.Errorf("%s: a day later %d, fetched %d times; want 204, twice", tt.name, got, amazon.asked[certificateAt])
		}
	}

	// Other partitions of Amazon have topics, hosts and names of their own.
	const (
		chinese  = "arn:aws-cn:sns:cn-north-1:123456789012:seats"
		official = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:seats"
	)
	for _, tt := range []struct {
		name, topic, host, signer string
		want                      int
	}{
		{"China", chinese, "sns.cn-north-1.amazonaws.com.cn", "sns.cn-north-1.amazonaws.com.cn", 204},
		{"China's whole", chinese, "sns.cn-north-1.amazonaws.com.cn", "sns.amazonaws.com.cn", 204},
		{"China's topic at a host of the others", chinese, "sns.cn-north-1.amazonaws.com", "sns.cn-north-1.amazonaws.com", 403},
		{"China's topic by the others' certificate", chinese, "sns.cn-north-1.amazonaws.com.cn", "sns.amazonaws.com", 403},
		{"another's topic at China's host", euTopic, "sns.eu-west-1.amazonaws.com.cn", "sns.amazonaws.com", 403},
		{"a government's", official, "sns.us-gov-west-1.amazonaws.com", "sns.us-gov-west-1.amazonaws.com", 204},
	} {
		at := "https://" + tt.host + "/SimpleNotificationService-1.pem"
		amazon := &web{pages: map[string][]byte{at: leaf(tt.signer, issuerAt), issuerAt: middle.Raw}, asked: map[string]int{}}
		roots := x509.NewCertPool()
		roots.AddCert(root)
		h := receive.New(receive.Options{
			SNS:   &receive.SNS{Topics: []string{chinese, official, euTopic}, Client: &http.Client{Transport: amazon}, Roots: roots},
			Clock: func() time.Time { return start },
		}, func(context.Context, receive.Message) error { return nil })
		if got := answerTo(t, h, signKey, start, "Notification", map[string]string{"TopicArn": tt.topic, "SigningCertURL": at}); got != tt.want {
			t.Errorf("%s: answered %d; want %d", tt.name, got, tt.want)
		}
	}
}

const certificateAt = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"

// answerTo is what a handler answers to what SNS would post and sign by a key.
func answerTo(t *testing.T, h *receive.Handler, by *rsa.PrivateKey, now time.Time, kind string, besides map[string]string) int {
	t.Helper()
	fields := map[string]string{
		"Type": kind, "MessageId": "m", "TopicArn": euTopic, "Message": body("LOCK"), "Timestamp": now.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	maps.Copy(fields, besides)
	certificate := cmp.Or(fields["SigningCertURL"], certificateAt)
	delete(fields, "SigningCertURL") // it is not signed
	var words strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		words.WriteString(name + "\n" + fields[name] + "\n")
	}
	sum := sha256.Sum256([]byte(words.String()))
	signed, err := rsa.SignPKCS1v15(rand.Reader, by, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	fields["SignatureVersion"], fields["Signature"], fields["SigningCertURL"] = "2", base64.StdEncoding.EncodeToString(signed), certificate
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(text))
	r.Header.Set("x-amz-sns-message-type", kind)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}
