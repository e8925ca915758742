package receive

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// mostCertificates are kept; Amazon has one a region at a time.
	mostCertificates = 16
	// trustTime is how long one is kept before it is fetched and judged anew.
	trustTime = 24 * time.Hour
	// issuers is where Amazon's certificates say that their issuer's lies.
	issuers = ".amazontrust.com"
)

// Certificates are those that sign what SNS sends, fetched once and judged
// whenever they are used.
type certificates struct {
	client *http.Client
	roots  *x509.CertPool
	turns  chan struct{} // a place for each fetch

	mu   sync.Mutex
	kept map[string]keptCertificate
}

type keptCertificate struct {
	*x509.Certificate
	until time.Time
}

func newCertificates(s *SNS) *certificates {
	return &certificates{client: s.Client, roots: s.Roots, turns: make(chan struct{}, fetchesAtOnce), kept: map[string]keptCertificate{}}
}

// of is the certificate at an address that belongs to SNS. One that an authority
// does not vouch for is errForged; an error besides is of the network.
func (c *certificates) of(ctx context.Context, address, domain string, now time.Time) (*x509.Certificate, error) {
	c.mu.Lock()
	known, ok := c.kept[address]
	c.mu.Unlock()
	if ok && now.Before(known.until) && !now.Before(known.NotBefore) {
		return known.Certificate, nil
	}
	select {
	case c.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.turns }()
	found, err := c.fetch(ctx, address, domain, now)
	if err != nil {
		return nil, err
	}
	until := now.Add(trustTime)
	if until.After(found.NotAfter) {
		until = found.NotAfter
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= mostCertificates {
		clear(c.kept)
	}
	c.kept[address] = keptCertificate{found, until}
	return found, nil
}

// fetch gets a certificate and has its chain checked. Amazon's file has the one
// certificate alone; its issuer's comes with the connection, or lies where the
// certificate says.
func (c *certificates) fetch(ctx context.Context, address, domain string, now time.Time) (*x509.Certificate, error) {
	text, shown, err := fetch(ctx, c.client, address)
	if err != nil {
		return nil, err
	}
	var leaf *x509.Certificate
	between := x509.NewCertPool()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		one, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return nil, errForged
		case leaf == nil:
			leaf = one
		default:
			between.AddCert(one)
		}
	}
	if leaf == nil || !isSigner(leaf, domain) {
		return nil, errForged
	}
	for _, one := range shown {
		between.AddCert(one)
	}
	options := x509.VerifyOptions{Roots: c.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if _, err := leaf.Verify(options); err == nil {
		return leaf, nil
	}
	issuer, err := c.issuer(ctx, leaf)
	if err != nil {
		return nil, err
	}
	between.AddCert(issuer)
	if _, err := leaf.Verify(options); err != nil {
		return nil, errForged
	}
	return leaf, nil
}

// isSigner reports whether a certificate is made out to SNS, as a whole or of a
// region, by the region's domain.
func isSigner(leaf *x509.Certificate, domain string) bool {
	_, whole, _ := strings.Cut(domain, ".")
	for _, name := range []string{"sns." + whole, "sns." + domain, "sns-signing." + domain} {
		if leaf.VerifyHostname(name) == nil {
			return true
		}
	}
	return false
}

// issuer fetches the certificate of a certificate's issuer. It counts for nothing
// until an authority vouches for it, so plain http, as is usual, does no harm.
func (c *certificates) issuer(ctx context.Context, leaf *x509.Certificate) (*x509.Certificate, error) {
	if len(leaf.IssuingCertificateURL) == 0 {
		return nil, errForged
	}
	at, err := url.Parse(leaf.IssuingCertificateURL[0])
	if err != nil || at.User != nil || at.Port() != "" || at.Scheme != "http" && at.Scheme != "https" || !strings.HasSuffix(at.Hostname(), issuers) {
		return nil, errForged
	}
	text, _, err := fetch(ctx, c.client, at.String())
	if err != nil {
		return nil, err
	}
	issuer, err := x509.ParseCertificate(text)
	if err != nil {
		return nil, errForged
	}
	return issuer, nil
}
