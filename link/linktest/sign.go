package linktest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // SignatureVersion 1 is made of it
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	certificatePath = "/SimpleNotificationService-linktest.pem"
	// signerName is whom Amazon's certificates for signatures are made out to.
	signerName = "sns.amazonaws.com"
	signerBits = 2048
	validFor   = 48 * time.Hour
)

// A signer is a certificate authority with two certificates: the one that signs
// messages, and the one of the server where that is fetched.
type signer struct {
	roots  *x509.CertPool
	key    *rsa.PrivateKey
	pem    []byte
	server tls.Certificate
}

// signingKey is one for all of a process, for it takes long to make; each has its
// own authority and certificate.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, signerBits) })

func newSigner() (*signer, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	from := time.Now().Add(-validFor)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "linktest authority"}, NotBefore: from, NotAfter: time.Now().Add(validFor),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	issue := func(serial int64, template x509.Certificate, public crypto.PublicKey) ([]byte, error) {
		template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(serial), ca.NotBefore, ca.NotAfter
		template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		return x509.CreateCertificate(rand.Reader, &template, ca, public, caKey)
	}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(root)
	if err != nil {
		return nil, err
	}
	s := &signer{roots: x509.NewCertPool()}
	s.roots.AddCert(parsed)
	if s.key, err = signingKey(); err != nil {
		return nil, err
	}
	signs, err := issue(2, x509.Certificate{Subject: pkix.Name{CommonName: signerName}, DNSNames: []string{signerName}}, &s.key.PublicKey)
	if err != nil {
		return nil, err
	}
	s.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signs})
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serves, err := issue(3, x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, &serverKey.PublicKey)
	s.server = tls.Certificate{Certificate: [][]byte{serves}, PrivateKey: serverKey}
	// The authority's own certificate, for programs that take it from a file.
	s.pem = append(s.pem, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})...)
	return s, err
}

func (s *signer) serverTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.server}}
}

func (s *signer) clientTLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.roots}
}

// AuthorityPEM is the certificate of its authority, for programs that want it as
// a file, such as Node.js (NODE_EXTRA_CA_CERTS).
func (s *SNS) AuthorityPEM() []byte {
	_, rest := pem.Decode(s.signer.pem)
	return rest
}

// An envelope is what is posted to a subscription that is not raw, and what its
// signature says.
type envelope struct {
	Type              string
	MessageID         string `json:"MessageId"`
	Token             string `json:",omitempty"`
	TopicARN          string `json:"TopicArn"`
	Subject           string `json:",omitempty"`
	Message           string
	SubscribeURL      string `json:",omitempty"`
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	UnsubscribeURL    string                       `json:",omitempty"`
	MessageAttributes map[string]envelopeAttribute `json:",omitempty"`
}

type envelopeAttribute struct{ Type, Value string }

// words are what is signed: names and values in the order of the names.
func (e *envelope) words() string {
	var b strings.Builder
	for _, field := range []struct{ name, value string }{
		{"Message", e.Message}, {"MessageId", e.MessageID}, {"Subject", e.Subject}, {"SubscribeURL", e.SubscribeURL},
		{"Timestamp", e.Timestamp}, {"Token", e.Token}, {"TopicArn", e.TopicARN}, {"Type", e.Type},
	} {
		if field.value == "" && field.name != "Message" {
			continue // only some types have it
		}
		b.WriteString(field.name + "\n" + field.value + "\n")
	}
	return b.String()
}

// sign completes an envelope: version 1 is SHA-1, version 2 SHA-256.
func (s *signer) sign(e *envelope) error {
	var (
		hash   = crypto.SHA1
		digest []byte
	)
	if e.SignatureVersion == "2" {
		sum := sha256.Sum256([]byte(e.words()))
		hash, digest = crypto.SHA256, sum[:]
	} else {
		sum := sha1.Sum([]byte(e.words())) //nolint:gosec // as above
		digest = sum[:]
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, hash, digest)
	e.Signature = base64.StdEncoding.EncodeToString(signature)
	return err
}
