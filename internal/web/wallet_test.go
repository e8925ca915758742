package web

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"
)

// passesFrom is when the certificates of these tests begin; they are good for a year.
var passesFrom = time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC)

// passPapers are what an operator has: the certificate of a pass type, its key,
// and Apple's intermediate; and the root that phones have.
type passPapers struct{ certificate, key, chain, root []byte }

// passKeys are made once: RSA keys take their time.
var passKeys = sync.OnceValues(func() (keys [3]*rsa.PrivateKey, err error) {
	const bits = 2048 // as Apple's
	for i := range keys {
		if keys[i], err = rsa.GenerateKey(rand.Reader, bits); err != nil {
			return keys, err
		}
	}
	return keys, nil
})

func passSubject(id string) pkix.Name {
	return pkix.Name{
		CommonName: "Pass Type ID: " + id, OrganizationalUnit: []string{"TEAM123456"}, Organization: []string{"Meridian"},
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: userID, Value: id}},
	}
}

// issuePass makes papers whose certificates change makes other ones: 0 is the
// root, 1 the intermediate, 2 the operator's.
func issuePass(tb testing.TB, change func(templates []*x509.Certificate)) passPapers {
	tb.Helper()
	keys, err := passKeys()
	if err != nil {
		tb.Fatal(err)
	}
	year := passesFrom.AddDate(1, 0, 0)
	templates := []*x509.Certificate{
		{Subject: pkix.Name{CommonName: "Root"}, IsCA: true},
		{Subject: pkix.Name{CommonName: "Worldwide Relations"}, IsCA: true},
		{Subject: passSubject("pass.com.example.tickets")},
	}
	for i, c := range templates {
		c.SerialNumber, c.NotBefore, c.NotAfter, c.BasicConstraintsValid = big.NewInt(int64(i+1)), passesFrom, year, true
		c.KeyUsage = x509.KeyUsageDigitalSignature
		if c.IsCA {
			c.KeyUsage = x509.KeyUsageCertSign
		}
	}
	if change != nil {
		change(templates)
	}
	var texts [3][]byte
	for i, c := range templates {
		issuer := max(i-1, 0)
		der, err := x509.CreateCertificate(rand.Reader, c, templates[issuer], &keys[i].PublicKey, keys[issuer])
		if err != nil {
			tb.Fatal(err)
		}
		texts[i] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	return passPapers{certificate: texts[2], key: keyText(tb, keys[2]), chain: texts[1], root: texts[0]}
}

func keyText(tb testing.TB, key *rsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func derOf(text []byte) []byte {
	block, _ := pem.Decode(text)
	return block.Bytes
}

func TestAWalletThatPhonesWouldRefuseIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	keys, err := passKeys()
	if err != nil {
		t.Fatal(err)
	}
	good := issuePass(t, nil)
	soon := passesFrom.AddDate(0, 6, 0)
	change := func(f func(c []*x509.Certificate)) passPapers { return issuePass(t, f) }
	swap := func(f func(p *passPapers)) passPapers {
		p := good
		f(&p)
		return p
	}
	tests := []struct {
		name   string
		papers passPapers
		at     time.Time
		part   string
		says   string
	}{
		{"good ones", good, soon, "", ""},
		{"good ones as Apple sends them", swap(func(p *passPapers) { p.certificate, p.chain = derOf(p.certificate), derOf(p.chain) }), soon, "", ""},
		{"at the last moment", good, passesFrom.AddDate(1, 0, 0), "", ""},
		{"one that ended", good, passesFrom.AddDate(1, 0, 1), "certificate", "ended on 2026-02-01T00:00:00Z: make a new one"},
		{"one that is not good yet", good, passesFrom.Add(-time.Second), "certificate", "is not good before 2025-02-01T00:00:00Z"},
		{"an intermediate that ended", change(func(c []*x509.Certificate) { c[1].NotAfter = passesFrom.AddDate(0, 1, 0) }), soon, "chain", "ended on 2025-03-01T00:00:00Z: download"},
		{"the key of another", swap(func(p *passPapers) { p.key = keyText(t, keys[0]) }), soon, "key", "does not belong to the certificate"},
		{"a key with a password", swap(func(p *passPapers) {
			p.key = pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
		}), soon, "key", "openssl pkey -in FILE -out NEW"},
		{"a key that is none", swap(func(p *passPapers) { p.key = []byte("0123") }), soon, "key", "is no private key in PEM: openssl pkcs12"},
		{"the certificate in the key's place", swap(func(p *passPapers) { p.key = p.certificate }), soon, "key", "cannot be read"},
		{"a certificate of TLS", change(func(c []*x509.Certificate) { c[2].Subject = pkix.Name{CommonName: "tickets.example.com"} }), soon, "certificate", "names no pass type id"},
		{"one for an app", change(func(c []*x509.Certificate) { c[2].Subject = passSubject("com.example.tickets") }), soon, "certificate", "names no pass type id"},
		{"one of no team", change(func(c []*x509.Certificate) { c[2].Subject.OrganizationalUnit = nil }), soon, "certificate", "names no team"},
		{"no certificate", swap(func(p *passPapers) { p.certificate = nil }), soon, "certificate", "is no certificate"},
		{"a key in the certificate's place", swap(func(p *passPapers) { p.certificate = p.key }), soon, "certificate", "has no certificate in its PEM"},
		{"a torn certificate", swap(func(p *passPapers) {
			p.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("torn")})
		}), soon, "certificate", "cannot be read"},
		{"the chain of another", swap(func(p *passPapers) { p.chain = p.root }), soon, "chain", `has "Root" first, which did not issue the certificate: that was "Worldwide Relations"`},
		{"no chain", swap(func(p *passPapers) { p.chain = nil }), soon, "chain", "is no certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, err := NewWallet(tt.papers.certificate, tt.papers.key, tt.papers.chain, tt.at)
			if tt.part == "" {
				if err != nil || !w.good(tt.at) {
					t.Errorf("NewWallet = %v; want a wallet that signs", err)
				}
				return
			}
			flaw, ok := errors.AsType[WalletError](err)
			if !ok || flaw.Part != tt.part || !strings.Contains(flaw.Says, tt.says) {
				t.Errorf("NewWallet = %v; want the %s: %s", err, tt.part, tt.says)
			}
			if err != nil && strings.Contains(err.Error(), "PRIVATE KEY") {
				t.Errorf("the error has the key: %v", err)
			}
		})
	}
}

func TestAWalletIsGoodWhileAllOfItsCertificatesAre(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return passesFrom.AddDate(0, 0, n) }
	p := issuePass(t, func(c []*x509.Certificate) { c[1].NotBefore, c[1].NotAfter = day(10), day(20) })
	w, err := NewWallet(p.certificate, p.key, p.chain, day(15))
	if err != nil {
		t.Fatal(err)
	}
	if !w.Expires().Equal(day(20)) {
		t.Errorf("Expires = %v; want that of the chain, %v", w.Expires(), day(20))
	}
	for at, want := range map[time.Time]bool{day(9): false, day(10): true, day(20): true, day(21): false} {
		if got := w.good(at); got != want {
			t.Errorf("good(%v) = %v; want %v", at, got, want)
		}
	}
	var none *Wallet
	if none.good(day(15)) {
		t.Error("no wallet is a good one")
	}
}
