package main

import (
	"errors"
	"os"
	"time"

	"github.com/seatlink/seatlink/internal/web"
)

// wallets is what passes for the wallets of phones are signed with.
type wallets struct {
	WalletCertificate string `help:"Certificate of a Pass Type ID, as Apple issued it (PEM, or its .cer). With it ticket pages offer passes for phones. Default: none are offered." type:"path" placeholder:"FILE"`
	WalletKey         string `help:"Private key of that certificate, in PEM without a password." type:"path" placeholder:"FILE"`
	WalletChain       string `help:"Apple's certificate that issued it (Worldwide Developer Relations; PEM, or its .cer)." type:"path" placeholder:"FILE"`
}

// checkWallet says which of the three is missing.
func (w wallets) checkWallet() error {
	given := map[string]string{"wallet-certificate": w.WalletCertificate, "wallet-key": w.WalletKey, "wallet-chain": w.WalletChain}
	if w == (wallets{}) {
		return nil
	}
	for _, flag := range []string{"wallet-certificate", "wallet-key", "wallet-chain"} {
		if given[flag] == "" {
			return wrong(flag, "is missing: passes need --wallet-certificate, --wallet-key and --wallet-chain")
		}
	}
	return nil
}

// openWallet reads the three, once: a new certificate counts from the next start. Nil is
// no wallet.
func (w wallets) openWallet(now time.Time) (*web.Wallet, error) {
	if w == (wallets{}) {
		return nil, nil
	}
	var texts [3][]byte
	for i, file := range []struct{ flag, path string }{
		{"wallet-certificate", w.WalletCertificate}, {"wallet-key", w.WalletKey}, {"wallet-chain", w.WalletChain},
	} {
		text, err := os.ReadFile(file.path)
		if err != nil {
			return nil, wrong(file.flag, "cannot be read: %v", err)
		}
		texts[i] = text
	}
	wallet, err := web.NewWallet(texts[0], texts[1], texts[2], now)
	if flaw, ok := errors.AsType[web.WalletError](err); ok {
		return nil, wrong("wallet-"+flaw.Part, "%s", flaw.Says)
	}
	return wallet, err
}
