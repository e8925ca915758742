package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// lookEvery is how often the files of the certificate are looked at. A look is
// two stats; the file systems that announce changes are not all that there are.
const lookEvery = 2 * time.Second

// A pair is the server's certificate with its key. It follows its files without a
// restart: new connections get the new one, those that are open stay. A pair that
// cannot be read leaves the one before in force.
type pair struct {
	cert, key string // files
	log       *slog.Logger
	current   atomic.Pointer[tls.Certificate]
	seen      [2]stamp // of the files as last read; run's alone
}

// A stamp tells two states of a file apart.
type stamp struct {
	modified time.Time
	size     int64
}

// openPair reads the pair for the first time.
func openPair(cert, key string, log *slog.Logger) (*pair, error) {
	p := &pair{cert: cert, key: key, log: log}
	p.seen = p.look()
	if err := p.load(); err != nil {
		return nil, wrong("tls-cert", "and --tls-key: %v", err)
	}
	return p, nil
}

func (p *pair) load() error {
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return err
	}
	if c.Leaf == nil {
		if c.Leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return err
		}
	}
	p.current.Store(&c)
	return nil
}

// config is the server's: TLS 1.2 or newer, with Go's choice of suites. HTTP/2 is
// added by the server.
func (p *pair) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.current.Load(), nil },
	}
}

// expires is the end of the certificate.
func (p *pair) expires() time.Time { return p.current.Load().Leaf.NotAfter }

// run reads the pair again when its files have changed, or when it is asked to,
// until ctx ends. What fails is logged once, until the files change again: they
// are not written in one step.
func (p *pair) run(ctx context.Context, asked <-chan os.Signal) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-asked:
			p.seen = p.look()
		case <-tick.C:
			now := p.look()
			if now == p.seen {
				continue
			}
			p.seen = now
		}
		if err := p.load(); err != nil {
			p.log.ErrorContext(ctx, "new certificate refused, the old one stays", "err", err, "expires", p.expires())
			continue
		}
		p.log.InfoContext(ctx, "certificate read again", "expires", p.expires())
	}
}

func (p *pair) look() (now [2]stamp) {
	for i, path := range []string{p.cert, p.key} {
		if file, err := os.Stat(path); err == nil { // one that is away reads as changed
			now[i] = stamp{file.ModTime(), file.Size()}
		}
	}
	return now
}

// aYear is how long a browser that was here goes on asking for TLS. It speaks for
// this host alone: others of the domain are not ours.
var aYear = fmt.Sprintf("max-age=%d", int((365 * 24 * time.Hour).Seconds()))
