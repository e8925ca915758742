package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// Operators have a listener of their own. What it shows is nobody else's: how
// much is sold, and the inside of the process. A profile takes as long as it is
// asked to, up to opsWriteTime.
const (
	opsWriteTime = 2 * time.Minute
	opsStopTime  = time.Second
)

// An ops is the operators' listener.
type ops struct {
	listener net.Listener
	http     *http.Server
}

// openOps listens at addr, which must be of this machine unless anywhere is set.
func openOps(ctx context.Context, addr string, anywhere bool, metrics http.Handler) (*ops, error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, wrong("ops-addr", "%v", err)
	}
	if !anywhere && !at.IP.IsLoopback() {
		return nil, wrong("ops-addr", "%s is more than this machine (127.0.0.1:PORT is not); where a network guards it, add --ops-anywhere", addr)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at.String())
	if err != nil {
		return nil, wrong("ops-addr", "%v", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	// The command line may have the database's password.
	mux.Handle("GET /debug/pprof/cmdline", http.NotFoundHandler())
	return &ops{listener, &http.Server{
		Handler: mux, ReadHeaderTimeout: readHeaderTime, ReadTimeout: readTime, WriteTimeout: opsWriteTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
	}}, nil
}

// tell says where it listens, if it does.
func (o *ops) tell(out io.Writer) {
	if o != nil {
		fmt.Fprintf(out, "metrics on http://%s/metrics\n", o.listener.Addr())
	}
}

// run serves until over is closed, so that the end of the server can be watched
// too. Nobody waits for a profile.
func (o *ops) run(ctx context.Context, over <-chan struct{}) error {
	ended := make(chan error, 1)
	go func() { ended <- o.http.Serve(o.listener) }()
	select {
	case err := <-ended:
		return err
	case <-over:
	}
	last, done := context.WithTimeout(context.WithoutCancel(ctx), opsStopTime)
	defer done()
	if o.http.Shutdown(last) != nil {
		_ = o.http.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// observe opens what operators look through.
func (s *server) observe(ctx context.Context, with settings) (err error) {
	if with.TraceEndpoint != "" {
		if s.watch.tracer, err = newTracer(ctx, with.TraceEndpoint, with.log); err != nil {
			return err
		}
	}
	if with.OpsAddr != "" {
		s.watch.meter = newMeter()
		s.ops, err = openOps(ctx, with.OpsAddr, with.OpsAnywhere, s.watch.meter.handler())
	}
	return err
}

// measure adds to the metrics what must be asked for.
func (s *server) measure() {
	m := s.watch.meter
	if m == nil {
		return
	}
	m.progress(s.store.Progress)
	m.subscriptions(s.store.Subscriptions)
	m.gauge("queue_acts", "Acts that wait for a writer.", func() float64 { return float64(s.store.Queued()) })
	m.gauge("connections", "Connections that are open.", func() float64 { return float64(s.ending.open.Load()) })
	if s.pair != nil {
		m.gauge("certificate_expires_seconds", "When the certificate ends, in Unix time.", func() float64 { return float64(s.pair.expires().Unix()) })
	}
	if s.wallet != nil {
		m.gauge("wallet_certificate_expires_seconds", "When the certificate of passes ends, or its chain, in Unix time.", func() float64 { return float64(s.wallet.Expires().Unix()) })
	}
}
