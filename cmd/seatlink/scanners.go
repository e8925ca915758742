package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

// scannersDrain is what scans in hand have when the server stops.
const scannersDrain = 5 * time.Second

// scanners are the listener for the scanners at the gates. What they show and get
// opens the gate, so it goes no further than this machine without TLS.
type scanners struct {
	listener net.Listener
	http     *http.Server
	tls      bool
}

// openScanners listens at addr, with the server's certificate where it has one.
func (s *server) openScanners(ctx context.Context, with settings) (*scanners, error) {
	addr := with.GateListen
	if addr == "" {
		return nil, nil
	}
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, wrong("gate-listen", "%v", err)
	}
	if s.pair == nil && !at.IP.IsLoopback() {
		return nil, wrong("gate-listen", "%s is more than this machine (127.0.0.1:PORT is not): that needs --tls-cert", addr)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at.String())
	if err != nil {
		return nil, wrong("gate-listen", "%v", err)
	}
	open := &scanners{listener: newGate(listener, with.bounds, s.proxies.trust)}
	if s.pair != nil {
		config := s.pair.config()
		config.NextProtos = []string{"http/1.1"}
		open.listener, open.tls = tls.NewListener(open.listener, config), true
	}
	door := operatorapi.NewScanners(boxoffice.NewGate(s.store), access.NewPorter(s.store, with.keys, time.Now), s.log)
	open.http = &http.Server{
		Handler: s.proxies.around(door), ReadHeaderTimeout: readHeaderTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(withoutAddresses{s.log.Handler()}, slog.LevelWarn),
	}
	return open, nil
}

// tell says where it listens, if it does.
func (s *scanners) tell(out io.Writer) {
	if s == nil {
		return
	}
	scheme := "http"
	if s.tls {
		scheme = "https"
	}
	fmt.Fprintf(out, "scanners on %s://%s/gate/\n", scheme, s.listener.Addr())
}

// run serves until ctx ends, and then what is in hand.
func (s *scanners) run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.http.Serve(s.listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, done := context.WithTimeout(context.WithoutCancel(ctx), scannersDrain)
	defer done()
	if s.http.Shutdown(last) != nil {
		_ = s.http.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
