package main

import (
	"context"
	"encoding/json"
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
}

// settings are what a server needs to know.
type settings struct {
	addr, db, publicURL string
	keys                *access.Keyring
	sandbox             bool
	store               sqlstore.Options
	log                 *slog.Logger
}

// newServer opens the database and the port. Nothing is served before run.
func newServer(ctx context.Context, s settings) (*server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return nil, err
	}
	s.store.Log = s.log
	store, err := sqlstore.Open(ctx, s.db, s.keys, s.store)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	url := s.publicURL
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
	return srv, nil
}

// doors sends a request to the door it knocks at. A ServeMux would redirect paths
// that it holds for unclean, and partners are to have their own answer.
func (s *server) doors(partners, site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case path == "/v1" || strings.HasPrefix(path, "/v1/"):
			partners.ServeHTTP(w, r)
		case path != "/livez" && path != "/readyz":
			site.ServeHTTP(w, r)
		case !reads:
			w.Header().Set("Allow", "GET, HEAD")
			answer(w, http.StatusMethodNotAllowed, map[string]any{"status": "method not allowed"})
		case path == "/livez":
			answer(w, http.StatusOK, map[string]any{"status": "ok"})
		default:
			s.ready(w, r)
		}
	})
}

// ready tells whether requests should be sent here: not while it stops, and not
// while the database is away.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		answer(w, http.StatusServiceUnavailable, map[string]any{"status": "stopping"})
		return
	}
	ctx, done := context.WithTimeout(r.Context(), 2*time.Second)
	defer done()
	if err := s.store.Ping(ctx); err != nil {
		answer(w, http.StatusServiceUnavailable, map[string]any{"status": "database away"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"status": "ready", "notBuiltYet": notBuiltYet})
}

// notBuiltYet are the calls of the contract that this server does not answer.
var notBuiltYet = []string{
	"POST /v1/tickets/transfer", "DELETE /v1/tickets/transfer/{confirmationCd}", "GET /v1/tickets/transfer/{confirmationCd}",
	"POST /v1/tickets/transfer/accept", "event message", "seat message",
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a caller that is gone needs no answer
}

// run serves until ctx ends, then finishes the requests in hand and closes the
// database. It ends with an error when the disk failed.
func (s *server) run(ctx context.Context) error {
	defer s.store.Close()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error { s.tidy(ctx); return nil })
	group.Go(func() error {
		var broken error
		select {
		case <-ctx.Done():
		case <-s.store.Broken():
			broken = errors.New("the disk failed: what was acknowledged is safe, start again when the disk is well")
		}
		s.draining.Store(true)
		// The requests in hand have their own end: ctx is over already.
		drain, done := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer done()
		if err := s.http.Shutdown(drain); err != nil {
			return errors.Join(broken, fmt.Errorf("stop: %w", err), s.http.Close())
		}
		return broken
	})
	return group.Wait()
}

// tidy drops credentials that are long over.
func (s *server) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.desk.Tidy(ctx); err != nil {
				s.log.WarnContext(ctx, "tidying credentials failed", "err", err)
			}
		}
	}
}

// logger writes JSON lines for programs.
func (w *surroundings) logger(level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	return slog.New(slog.NewJSONHandler(w.stderr, &slog.HandlerOptions{Level: l})), nil
}
