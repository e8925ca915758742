package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/partnerapi"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/web"
)

// The limits of reliability: slow or greedy connections end, work in hand does not.
const (
	readHeaderTime = 5 * time.Second
	readTime       = 15 * time.Second
	writeTime      = 30 * time.Second
	idleTime       = 120 * time.Second
	maxHeader      = 16 << 10
	drainTime      = 25 * time.Second
	tidyEvery      = time.Minute
)

// A server is one seatlink process on one database.
type server struct {
	store    *sqlstore.Store
	desk     *access.Desk
	log      *slog.Logger
	url      string // where people and programs reach it
	listener net.Listener
	http     *http.Server
	draining atomic.Bool
	parts    []part
}

// A part runs as long as the server does: it ends soon after ctx, with nil. When
// a part ends with an error, all others are told to end.
type part struct {
	name string // what it is, for its error
	run  func(ctx context.Context) error
}

// newServer opens the database and the port. Nothing is served before run.
func newServer(ctx context.Context, s settings) (*server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Addr)
	if err != nil {
		return nil, err
	}
	s.store.Log = s.log
	store, err := sqlstore.Open(ctx, s.db, s.keys, s.store)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	url := strings.TrimSuffix(s.PublicURL, "/")
	if url == "" {
		url = "http://" + listener.Addr().String()
	}
	srv := &server{store: store, desk: access.NewDesk(store, s.keys, time.Now), log: s.log, url: url, listener: listener}
	pages := web.NewAddresses(s.keys, url)
	office := boxoffice.NewOffice(store, boxoffice.NewPersonKeys(s.keys), pages)
	partners := partnerapi.New(office, srv.desk, partnerapi.Options{Log: s.log, Sandbox: s.sandbox})
	site := web.New(office, web.Options{Log: s.log, Sandbox: s.sandbox})
	srv.http = &http.Server{
		Handler: srv.doors(partners, site), ReadHeaderTimeout: readHeaderTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	srv.parts = []part{
		{"serve", srv.serve},
		{"stop", srv.drain},
		{"disk", srv.watchDisk},
		{"credentials", srv.tidy},
		{"tasks", boxoffice.NewClerk(store, s.log, duties()).Run},
	}
	return srv, nil
}

// duties are the kinds of tasks that this process works off.
func duties() map[string]boxoffice.Duty {
	return map[string]boxoffice.Duty{}
}

// close gives up a server that is not to run.
func (s *server) close() error {
	s.store.Close()
	return s.listener.Close()
}

// run serves until ctx ends, then finishes the requests in hand and closes the
// database. It ends with an error when a part did, or when the disk failed.
func (s *server) run(ctx context.Context) error {
	defer s.store.Close()
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range s.parts {
		group.Go(func() error {
			if err := p.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// serve answers requests until drain has ended it.
func (s *server) serve(context.Context) error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// drain waits for the end, lets nobody in from then on and waits for the
// requests in hand.
func (s *server) drain(ctx context.Context) error {
	<-ctx.Done()
	s.draining.Store(true)
	// The requests in hand have their own end: ctx is over already.
	last, done := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer done()
	if err := s.http.Shutdown(last); err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}

// watchDisk ends the server when the disk failed.
func (s *server) watchDisk(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.store.Broken():
		return errors.New("the disk failed: what was acknowledged is safe, start again when the disk is well")
	}
}

// tidy drops credentials that are long over.
func (s *server) tidy(ctx context.Context) error {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.desk.Tidy(ctx); err != nil {
				s.log.WarnContext(ctx, "tidying credentials failed", "err", err)
			}
		}
	}
}
