package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/operatorapi"
	"github.com/seatlink/seatlink/internal/push"
)

// operatorDrain is what commands in hand have when the server stops.
const operatorDrain = 5 * time.Second

// An operatorSocket is the operators' door of a server, beside its SQLite file. On
// PostgreSQL, where any process may open the database, it is the zero one.
type operatorSocket struct {
	path     string
	listener net.Listener
	http     *http.Server
	log      *slog.Logger
}

// openSocket opens the socket. The database is ours by now, so one that is there
// and answers is of a server of another database in the same folder.
func openSocket(ctx context.Context, db string, keys *access.Keyring, office *boxoffice.Office, clerk *boxoffice.Clerk, s *server) (operatorSocket, error) {
	file, isFile := strings.CutPrefix(db, "sqlite:")
	if !isFile {
		return operatorSocket{}, nil
	}
	file, err := realPath(file)
	if err != nil {
		return operatorSocket{}, err
	}
	path := operatorapi.Socket(file)
	listener, err := operatorapi.Listen(ctx, path)
	if err != nil {
		return operatorSocket{}, err
	}
	work := operatorapi.Work{
		Orders: judging{office, clerk.Wake}, Callbacks: s.store, Partners: s.desk, Credentials: s.desk, Venue: office,
		Gates: boxoffice.NewGate(s.store), Porters: access.NewPorter(s.store, keys, time.Now),
		House: boxoffice.NewBackOffice(s.store), Shelves: s.store, Vault: s.store, Loads: &loads{store: s.store, keys: keys},
		Messages: replays(s.store), Endpoints: s.door, Topics: push.NewSNS(s.door),
	}
	return operatorSocket{path: path, listener: listener, log: s.log, http: &http.Server{
		Handler:           operatorapi.New(work, operatorapi.Options{URL: s.url, Database: file, Log: s.log}),
		ReadHeaderTimeout: readHeaderTime, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}}, nil
}

// judging wakes the clerk after a verdict, which may leave a callback to make.
type judging struct {
	*boxoffice.Office
	wake func()
}

func (j judging) Judge(ctx context.Context, by access.Principal, key boxoffice.OrderKey, approve bool, why string) (boxoffice.Order, error) {
	defer j.wake()
	return j.Office.Judge(ctx, by, key, approve, why)
}

// run serves the socket until ctx ends and takes it away. The database is still
// ours then, so it is no other server's.
func (o operatorSocket) run(ctx context.Context) error {
	if o.listener == nil {
		return nil
	}
	ended := make(chan error, 1)
	go func() { ended <- o.http.Serve(o.listener) }()
	select {
	case err := <-ended:
		return errors.Join(err, os.Remove(o.path))
	case <-ctx.Done():
	}
	last, done := context.WithTimeout(context.WithoutCancel(ctx), operatorDrain)
	defer done()
	if err := o.http.Shutdown(last); err != nil {
		o.log.WarnContext(ctx, "a command of an operator was cut short", "err", errors.Join(err, o.http.Close()))
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(err, os.Remove(o.path))
	}
	if err := os.Remove(o.path); err != nil {
		return fmt.Errorf("operators' socket: %w", err)
	}
	return nil
}

// close gives up a socket that was not served.
func (o operatorSocket) close() error {
	if o.listener == nil {
		return nil
	}
	return errors.Join(o.listener.Close(), os.Remove(o.path))
}

// realPath is the one name of a file, however it was written.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}
