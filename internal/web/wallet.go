package web

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/smallstep/pkcs7"
)

// A Wallet signs passes with the certificate that Apple gave an operator. It is
// made once, and safe for concurrent use.
type Wallet struct {
	certificate *x509.Certificate
	key         crypto.PrivateKey
	chain       []*x509.Certificate // who issued the certificate, and on
	passType    string              // such as pass.com.example.tickets
	team        string
	from, until time.Time // when all of them are good
	icons       [accents]func() ([]passFile, error)
}

// A WalletError says which of the three texts is not good, and what to do.
type WalletError struct {
	Part string // certificate, key or chain
	Says string
}

func (e WalletError) Error() string { return e.Part + " " + e.Says }

func flawed(part, format string, args ...any) error {
	return WalletError{part, fmt.Sprintf(format, args...)}
}

// NewWallet takes the certificate of a pass type, its private key, and the
// certificate of who issued it, as Apple and openssl write them: PEM, certificates
// DER too. What a phone would refuse is a WalletError now, not at the gate.
func NewWallet(certificate, key, chain []byte, now time.Time) (*Wallet, error) {
	own, err := certificatesIn("certificate", certificate)
	if err != nil {
		return nil, err
	}
	w := &Wallet{certificate: own[0], from: own[0].NotBefore, until: own[0].NotAfter}
	for i, accent := range accentColours {
		w.icons[i] = sync.OnceValues(func() ([]passFile, error) { return drawIcons(accent) })
	}
	if w.passType, err = passTypeOf(own[0]); err != nil {
		return nil, err
	}
	if w.team = strings.Join(own[0].Subject.OrganizationalUnit, ""); w.team == "" {
		return nil, flawed("certificate", "names no team (OU): it must be the certificate of a pass type, as Apple issued it")
	}
	if w.key, err = keyOf(own[0], key); err != nil {
		return nil, err
	}
	if w.chain, err = certificatesIn("chain", chain); err != nil {
		return nil, err
	}
	if err := own[0].CheckSignatureFrom(w.chain[0]); err != nil {
		return nil, flawed("chain", "has %q first, which did not issue the certificate: that was %q; download that one from https://www.apple.com/certificateauthority/",
			w.chain[0].Subject.CommonName, own[0].Issuer.CommonName)
	}
	if err := current("certificate", own[0], now, "make a new one at https://developer.apple.com/account under Pass Type IDs"); err != nil {
		return nil, err
	}
	for _, c := range w.chain {
		if err := current("chain", c, now, "download the present one from https://www.apple.com/certificateauthority/"); err != nil {
			return nil, err
		}
		if c.NotBefore.After(w.from) {
			w.from = c.NotBefore
		}
		if c.NotAfter.Before(w.until) {
			w.until = c.NotAfter
		}
	}
	return w, nil
}

// Expires is when the first of its certificates ends.
func (w *Wallet) Expires() time.Time { return w.until }

// good reports whether a phone would take what is signed now.
func (w *Wallet) good(now time.Time) bool {
	return w != nil && !now.Before(w.from) && !now.After(w.until)
}

// sign makes a detached PKCS #7 signature with the chain in it: phones know
// Apple's root alone.
func (w *Wallet) sign(manifest []byte) ([]byte, error) {
	signed, err := pkcs7.NewSignedData(manifest)
	if err != nil {
		return nil, fmt.Errorf("sign the pass: %w", err)
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := signed.AddSignerChain(w.certificate, w.key, w.chain, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, fmt.Errorf("sign the pass: %w", err)
	}
	signed.Detach()
	signature, err := signed.Finish()
	if err != nil {
		return nil, fmt.Errorf("sign the pass: %w", err)
	}
	return signature, nil
}

// certificatesIn reads one certificate or more.
func certificatesIn(part string, text []byte) (list []*x509.Certificate, err error) {
	const pemMark, certificateMark = "-----BEGIN", "CERTIFICATE"
	if !bytes.Contains(text, []byte(pemMark)) {
		one, err := x509.ParseCertificate(text)
		if err != nil {
			return nil, flawed(part, "is no certificate, neither in PEM nor in DER (.cer)")
		}
		return []*x509.Certificate{one}, nil
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != certificateMark {
			continue
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, flawed(part, "has a certificate that cannot be read: %v", err)
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return nil, flawed(part, "has no certificate in its PEM")
	}
	return list, nil
}

// userID is where Apple writes the pass type into a certificate's subject.
var userID = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}

// passTypeOf is the pass type that the certificate is for: phones refuse a pass
// that says another.
func passTypeOf(c *x509.Certificate) (string, error) {
	for _, name := range c.Subject.Names {
		if id, ok := name.Value.(string); ok && name.Type.Equal(userID) && strings.HasPrefix(id, "pass.") {
			return id, nil
		}
	}
	return "", flawed("certificate", "names no pass type id (a UID in its subject that begins with pass.): it is another kind; "+
		"make one for a Pass Type ID at https://developer.apple.com/account")
}

// keyOf reads the private key of the certificate.
func keyOf(c *x509.Certificate, text []byte) (crypto.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block != nil && (block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED")) {
		return nil, flawed("key", "has a password, which nobody can type here: openssl pkey -in FILE -out NEW, and mode 0600")
	}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	pair, err := tls.X509KeyPair(own, text)
	switch {
	case err != nil && block == nil:
		return nil, flawed("key", "is no private key in PEM: openssl pkcs12 -in FILE.p12 -nocerts -nodes -out NEW makes one")
	case err != nil && mismatched(err):
		return nil, flawed("key", "does not belong to the certificate: it must be the one that the certificate was asked for with")
	case err != nil:
		return nil, flawed("key", "cannot be read: %v", err)
	}
	return pair.PrivateKey, nil
}

// mismatched tells the two faults of a pair apart, which crypto/tls says in words alone.
func mismatched(err error) bool {
	return slices.ContainsFunc([]string{"does not match public key", "type does not match"}, func(words string) bool { return strings.Contains(err.Error(), words) })
}

// current refuses a certificate that is not good yet, or no more.
func current(part string, c *x509.Certificate, now time.Time, then string) error {
	switch {
	case now.Before(c.NotBefore):
		return flawed(part, "is not good before %s: look at this machine's clock, or wait", c.NotBefore.UTC().Format(time.RFC3339))
	case now.After(c.NotAfter):
		return flawed(part, "ended on %s: %s", c.NotAfter.UTC().Format(time.RFC3339), then)
	}
	return nil
}
