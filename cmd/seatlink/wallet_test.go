package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// walletFiles writes what an operator has to sign passes with, valid for this long.
func walletFiles(t *testing.T, valid time.Duration) wallets {
	t.Helper()
	keys := make([]*ecdsa.PrivateKey, 2)
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = key
	}
	now := time.Now()
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Relations"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	own := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(valid),
		Subject: pkix.Name{OrganizationalUnit: []string{"TEAM123456"}, ExtraNames: []pkix.AttributeTypeAndValue{{Type: []int{0, 9, 2342, 19200300, 100, 1, 1}, Value: "pass.com.example.tickets"}}},
	}
	var files [3][]byte
	var err error
	if files[0], err = x509.CreateCertificate(rand.Reader, own, issuer, keys[1].Public(), keys[0]); err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(keys[1])
	if err != nil {
		t.Fatal(err)
	}
	files[1] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	if files[2], err = x509.CreateCertificate(rand.Reader, issuer, issuer, keys[0].Public(), keys[0]); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w := wallets{filepath.Join(dir, "pass.cer"), filepath.Join(dir, "pass.key"), filepath.Join(dir, "wwdr.cer")}
	for i, path := range []string{w.WalletCertificate, w.WalletKey, w.WalletChain} {
		if err := os.WriteFile(path, files[i], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestPassesAreServedWhereTheOperatorHasACertificate(t *testing.T) {
	t.Parallel()
	db := sqliteFile(t)
	keys, err := access.CreateKeyring(filepath.Join(t.TempDir(), keyFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		wallets
		says string
	}{
		{"with one", walletFiles(t, time.Hour), "There is no ticket at this address"},
		{"without", wallets{}, "There is nothing at this address"},
	} {
		srv, err := newServer(t.Context(), settings{
			listening: listening{Addr: "127.0.0.1:0", bounds: bounds{10, 10}}, stopping: stopping{Drain: 30 * time.Second}, mailing: mailing{MailFolder: t.TempDir()},
			wallets: tt.wallets, db: db, keys: keys, log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		w := httptest.NewRecorder()
		srv.http.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/t/"+strings.Repeat("a", 32)+"/ticket.pkpass", http.NoBody))
		if err := srv.close(); err != nil {
			t.Error(err)
		}
		if w.Code != 404 || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s: the pass of no ticket is %d %s; want 404 and %q", tt.name, w.Code, w.Body, tt.says)
		}
	}
}

func TestAServerDoesNotStartWithPassesThatPhonesWouldRefuse(t *testing.T) {
	t.Parallel()
	good := walletFiles(t, time.Hour)
	with := func(change func(w *wallets)) wallets {
		w := good
		change(&w)
		return w
	}
	for _, tt := range []struct {
		name string
		wallets
		says string
	}{
		{"one that ended", walletFiles(t, -time.Minute), "--wallet-certificate ended on "},
		{"the key of another", with(func(w *wallets) { w.WalletKey = walletFiles(t, time.Hour).WalletKey }), "--wallet-key does not belong to the certificate"},
		{"the chain of another", with(func(w *wallets) { w.WalletChain = w.WalletCertificate }), "--wallet-chain has "},
		{"a file that is not there", with(func(w *wallets) { w.WalletChain += ".old" }), "--wallet-chain cannot be read: open "},
		{"no key", with(func(w *wallets) { w.WalletKey = "" }), "--wallet-key is missing"},
	} {
		err := tt.checkWallet()
		if err == nil {
			_, err = tt.openWallet(time.Now())
		}
		if err == nil || !strings.HasPrefix(err.Error(), tt.says) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.says)
		}
	}
}
