package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// papers are a certificate and its key in two files, which change as real ones do.
type papers struct {
	cert, key string
	changes   int
}

func newPapers(t *testing.T) *papers {
	t.Helper()
	dir := t.TempDir()
	return &papers{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
}

// issue makes a certificate of this name and returns the texts of its files.
func issue(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// write replaces a file. Its time moves on, however quick the test is.
func (p *papers) write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p.changes++
	at := time.Date(2030, 1, 1, 0, 0, p.changes, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func (p *papers) renew(t *testing.T, name string) {
	t.Helper()
	cert, key := issue(t, name)
	p.write(t, p.cert, cert)
	p.write(t, p.key, key)
}

func TestACertificateFollowsItsFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		files := newPapers(t)
		files.renew(t, "first")
		p, err := openPair(files.cert, files.key, slog.New(slog.NewTextHandler(&said, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended, asked := make(chan error, 1), make(chan os.Signal)
		go func() { ended <- p.run(ctx, asked) }()
		check := func(want string, lines int) {
			t.Helper()
			for range 3 { // looks; a failure is told once
				<-time.After(lookEvery)
				synctest.Wait()
			}
			if got := p.current.Load().Leaf.Subject.CommonName; got != want {
				t.Errorf("the certificate in force is the %s; want the %s", got, want)
			}
			if got := strings.Count(said.String(), "\n"); got != lines {
				t.Errorf("the log has %d lines; want %d:\n%s", got, lines, &said)
			}
		}
		check("first", 0)
		files.renew(t, "second")
		check("second", 1)
		cert, key := issue(t, "third")
		files.write(t, files.cert, cert) // and the key is late
		check("second", 2)
		files.write(t, files.key, key)
		check("third", 3)
		if err := os.Remove(files.key); err != nil {
			t.Fatal(err)
		}
		check("third", 4)
		files.renew(t, "fourth")
		check("fourth", 5)

		// Asked, it does not wait for the next look.
		files.renew(t, "fifth")
		asked <- syscall.SIGHUP
		synctest.Wait()
		if got := p.current.Load().Leaf.Subject.CommonName; got != "fifth" {
			t.Errorf("the certificate in force after a SIGHUP is the %s; want the fifth", got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run ended by %v", err)
		}
	})
}

func TestACertificateIsRenewedUnderOpenConnections(t *testing.T) {
	db := sqliteFile(t)
	key, callers := furnish(t, db, "first")
	files := newPapers(t)
	files.renew(t, "first")
	p := launch(t, "serve", "--db", db, "--key", key, "--addr", "127.0.0.1:0", "--tls-cert", files.cert, "--tls-key", files.key)
	_, url, _ := strings.Cut(p.await("seatlink serves https://", "\n"), "seatlink serves ")
	open := func() *tls.Conn {
		t.Helper()
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
		conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn.(*tls.Conn)
	}
	name := func(c *tls.Conn) string { return c.ConnectionState().PeerCertificates[0].Subject.CommonName }
	early := open()
	if name(early) != "first" {
		t.Fatalf("the server shows the certificate %q; want the first", name(early))
	}
	alive := func(c *tls.Conn) {
		t.Helper()
		fmt.Fprint(c, "GET /livez HTTP/1.1\r\nHost: seatlink\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("on a connection with the %s certificate: %v", name(c), err)
		}
		_ = response.Body.Close()
		if got := response.Header.Get("Strict-Transport-Security"); response.StatusCode != http.StatusOK || got != aYear {
			t.Errorf("GET /livez: %s, Strict-Transport-Security %q; want %q", response.Status, got, aYear)
		}
	}
	alive(early)

	hup := func(says string) {
		t.Helper()
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		p.errs.awaitText(t, says)
	}
	files.renew(t, "second")
	hup("certificate read again")
	late := open()
	if name(late) != "second" {
		t.Errorf("a new connection is shown the certificate %q; want the second", name(late))
	}
	files.write(t, files.key, []byte("no key"))
	hup("new certificate refused, the old one stays")
	if last := open(); name(last) != "second" {
		t.Errorf("with a broken key a connection is shown the certificate %q; want the second", name(last))
	}
	alive(early)
	alive(late)

	for _, tt := range []struct {
		version uint16
		ok      bool
	}{{tls.VersionTLS11, false}, {tls.VersionTLS12, true}, {tls.VersionTLS13, true}} {
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tt.version}}
		conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "https://"))
		if (err == nil) != tt.ok {
			t.Errorf("a client of %s: %v; want it let in: %v", tls.VersionName(tt.version), err, tt.ok)
		}
		if err == nil {
			_ = conn.Close()
		}
	}

	modern := &http.Client{Timeout: patience, Transport: &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	t.Cleanup(modern.CloseIdleConnections)
	callers[0].url, callers[0].http = url, modern
	callers[0].want(t, http.StatusOK, "GET", "/v1/catalog/events", nil, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/readyz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := modern.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.ProtoMajor != 2 {
		t.Errorf("the server speaks %s; want HTTP/2", response.Proto)
	}
	p.stop()
	if said := p.errs.String(); strings.Contains(said, "127.0.0.1") {
		t.Errorf("the log tells where clients come from:\n%s", said)
	}
}
