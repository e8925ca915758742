package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/manual"
	"github.com/seatlink/seatlink/internal/partnerapi"
	"github.com/seatlink/seatlink/internal/push"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/web"
)

// The limits of reliability: slow or greedy connections end, work in hand does not.
const (
	readHeaderTime = 5 * time.Second
	readTime       = 15 * time.Second
	writeTime      = 30 * time.Second
	idleTime       = 120 * time.Second
	// The door answers 431 from 16 KiB on, in its own form; beyond this, with a URI
	// of 8 KiB in it, net/http does so in plain text.
	maxHeader  = 64 << 10
	maxStreams = 100 // of an HTTP/2 connection
	tidyEvery  = time.Minute
)

// A server is one seatlink process on one database.
type server struct {
	store    *sqlstore.Store
	desk     *access.Desk
	lobby    *boxoffice.Lobby // of MyAccount
	log      *slog.Logger
	url      string // where people and programs reach it
	listener net.Listener
	http     *http.Server
	pair     *pair       // nil without TLS
	ops      *ops        // nil without --ops-addr
	wallet   *web.Wallet // nil without --wallet-certificate
	scanners *scanners   // nil without --gate-listen
	watch    *watch
	ending   *ending
	door     *push.Door     // out, for callbacks and messages
	socket   operatorSocket // for commands, on SQLite
	proxies  proxies
	parts    []part
}

// A part runs as long as the server does: it ends soon after ctx, with nil. When
// a part ends with an error, all others are told to end.
type part struct {
	name string // what it is, for its error
	run  func(ctx context.Context) error
}

// newServer opens the database and the ports. Nothing is served before run.
func newServer(ctx context.Context, s settings) (_ *server, err error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	srv := &server{log: s.log, watch: &watch{log: s.log}}
	defer func() {
		if err != nil {
			err = errors.Join(err, srv.close())
		}
	}()
	if srv.proxies, err = s.proxies(); err != nil {
		return nil, err
	}
	if err := srv.observe(ctx, s); err != nil {
		return nil, err
	}
	if s.TLSCert != "" {
		if srv.pair, err = openPair(s.TLSCert, s.TLSKey, s.log); err != nil {
			return nil, err
		}
	}
	if srv.wallet, err = s.openWallet(time.Now()); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Addr)
	if err != nil {
		return nil, err
	}
	srv.listener = newGate(listener, s.bounds, srv.proxies.trust)
	srv.url = s.address(srv.listener.Addr().String())
	s.store.Log, s.store.Watch = s.log, srv.watch.store()
	if srv.store, err = sqlstore.Open(ctx, s.db, s.keys, s.store); err != nil {
		return nil, err
	}
	srv.desk = access.NewDesk(srv.store, s.keys, time.Now)
	rules, err := s.rules()
	if err != nil {
		return nil, err
	}
	addresses := web.NewAddresses(s.keys, srv.url)
	people := boxoffice.NewPersonKeys(s.keys)
	office := boxoffice.NewOffice(books(srv.store), people, addresses)
	srv.lobby = boxoffice.NewLobby(srv.store, people, srv.desk.Knock, time.Now)
	tail := push.NewTail(srv.store, srv.store.Follow(ctx), s.log)
	feed := push.NewFeed(tail, srv.store, srv.store, srv.store.Epoch())
	leaving := make(chan struct{})
	partners := partnerapi.New(office, srv.desk, partnerapi.Options{
		Log: s.log, Sandbox: s.sandbox, Served: srv.watch.served, CallbackPorts: rules.Ports,
		Feed: feed, Crowded: srv.store.Crowded, Leaving: leaving,
	})
	docs := srv.watch.pages(manual.New())
	site := srv.watch.pages(web.New(office, office, addresses, web.Options{Log: s.log, Sandbox: s.sandbox, Stray: srv.desk.Stray, Lobby: srv.lobby, Accounts: office, Belongings: office, Wallet: srv.wallet, Changes: feed, Leaving: leaving}))
	if srv.door, err = newDoor(rules, s.sandbox); err != nil {
		return nil, err
	}
	clerk, err := srv.newClerk(office, addresses, s)
	if err != nil {
		return nil, err
	}
	if srv.socket, err = openSocket(ctx, s.db, s.keys, office, clerk, srv); err != nil {
		return nil, err
	}
	if srv.scanners, err = srv.openScanners(ctx, s); err != nil {
		return nil, err
	}
	srv.http = &http.Server{
		ReadHeaderTimeout: readHeaderTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams}, ErrorLog: slog.NewLogLogger(withoutAddresses{s.log.Handler()}, slog.LevelWarn),
	}
	srv.http.RegisterOnShutdown(func() { close(leaving) })
	srv.ending = newEnding(srv.http, s.drainWait(), s.Drain)
	srv.http.Handler = srv.proxies.around(srv.ending.around(srv.doors(srv.watch.around(partners), srv.watch.around(site), srv.watch.around(docs))))
	srv.measure()
	srv.parts = []part{
		{"serve", srv.serve},
		{"stop", srv.ending.run},
		{"disk", srv.watchDisk},
		{"tidy", srv.tidy},
		{"tasks", clerk.Run},
		{"journal", tail.Run},
		{"messages", srv.newRelay(tail).Run},
		{"operators' socket", srv.socket.run},
	}
	if srv.pair != nil {
		srv.parts = append(srv.parts, part{"certificate", func(ctx context.Context) error { return srv.pair.run(ctx, s.hangup) }})
	}
	if srv.ops != nil {
		srv.parts = append(srv.parts, part{"operators' listener", func(ctx context.Context) error { return srv.ops.run(ctx, srv.ending.over) }})
	}
	if srv.scanners != nil {
		srv.parts = append(srv.parts, part{"scanners' listener", srv.scanners.run})
	}
	return srv, nil
}

// close gives up a server that is not to run, and what of it is open.
func (s *server) close() error {
	// The socket goes while the database is still ours, so that it is no other's.
	err := s.socket.close()
	if s.store != nil {
		s.store.Close()
	}
	if s.listener != nil {
		err = errors.Join(err, s.listener.Close())
	}
	if s.scanners != nil {
		err = errors.Join(err, s.scanners.listener.Close())
	}
	if s.ops != nil {
		err = errors.Join(err, s.ops.listener.Close())
	}
	s.watch.close(context.Background())
	return err
}

// run serves until ctx ends, then finishes the requests in hand and closes the
// database. It ends with an error when a part did, or when the disk failed.
func (s *server) run(ctx context.Context) error {
	defer s.watch.close(context.WithoutCancel(ctx))
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

// serve answers requests until the ending has ended it.
func (s *server) serve(context.Context) error {
	serve := s.http.Serve
	if s.pair != nil {
		s.http.TLSConfig = s.pair.config()
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	if err := serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
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

// tidy drops credentials, answers, subscriptions that ended, dead letters and counts of mails that are long over, at first those of the
// time when nothing ran.
func (s *server) tidy(ctx context.Context) error {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := s.desk.Tidy(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "tidying credentials failed", "err", err)
		}
		if err := s.store.TidyAnswers(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "tidying answers failed", "err", err)
		}
		if err := s.store.TidySubscriptions(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "tidying subscriptions failed", "err", err)
		}
		if err := s.store.TidyLetters(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "tidying dead letters failed", "err", err)
		}
		if err := s.lobby.Tidy(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "tidying visits failed", "err", err)
		}
		if err := s.store.TidyMails(ctx, push.MailsCount); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "tidying mails failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
