package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// patience bounds each step of a server's life. A step takes about a second;
	// recovery on a slow disk takes longer.
	patience = time.Minute

	// Ports are taken from below the range that systems use for outgoing
	// connections, so a stopped server finds its own still free.
	firstPort, ports = 15_000, 15_000
	portTries        = 5
)

// settings are the server's, besides its place and its port. The first three
// are PostgreSQL's own defaults: tests of durability must not run on less.
var settings = []string{
	"fsync=on", "full_page_writes=on", "synchronous_commit=on",
	"max_connections=300", "listen_addresses=127.0.0.1",
}

// A cluster is a PostgreSQL server with its files.
type cluster struct {
	programs string              // the folder of the server's programs
	account  *syscall.Credential // whom they run as; nil is the caller
	dir      string              // the socket, and the data in a folder below
	port     int
	settings []string // its own, which come after those of all and win
	hear     atomic.Pointer[func(line string)]
	watcher  *watcher
	running  *postmaster // nil while stopped
}

// newCluster makes the files of a server and starts it.
func newCluster(settings ...string) (*cluster, error) {
	return newClusterBy((*cluster).initdb, settings...)
}

// newClusterBy makes the data's folder by fill.
func newClusterBy(fill func(c *cluster, ctx context.Context) error, settings ...string) (c *cluster, err error) {
	c = &cluster{settings: settings}
	if c.programs, err = programs(debianPrograms); err != nil {
		return nil, err
	}
	if c.account, err = account(); err != nil {
		return nil, err
	}
	// Not in os.TempDir: the path of a socket has about 100 characters at most,
	// and the server's account must be allowed through all of its folders.
	if c.dir, err = os.MkdirTemp("/tmp", "seatlink-pg-"); err != nil {
		return nil, err
	}
	if c.account != nil {
		if err := os.Chown(c.dir, int(c.account.Uid), int(c.account.Gid)); err != nil {
			return nil, errors.Join(err, os.Remove(c.dir))
		}
	}
	if c.watcher, err = c.watch(); err != nil {
		return nil, errors.Join(err, os.Remove(c.dir))
	}
	if err := c.setUp(fill); err != nil {
		return nil, errors.Join(err, c.watcher.dismiss())
	}
	return c, nil
}

// setUp fills the folder and starts the server, on another port when somebody
// was quicker to take the first.
func (c *cluster) setUp(fill func(c *cluster, ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := fill(c, ctx); err != nil {
		return err
	}
	for try := 1; ; try++ {
		port, err := freePort(ctx)
		if err != nil {
			return err
		}
		c.port = port
		if err = c.start(); err == nil || try == portTries || !strings.Contains(err.Error(), "in use") {
			return err
		}
	}
}

func (c *cluster) initdb(ctx context.Context) error {
	return c.call(ctx, "initdb", "--pgdata", c.data(), "--username=postgres", "--auth=trust",
		"--locale=C", "--encoding=UTF8", "--data-checksums", "--no-sync")
}

// call runs one of the server's programs to its end.
func (c *cluster) call(ctx context.Context, name string, args ...string) error {
	if out, err := c.command(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// start returns when the server takes connections.
func (c *cluster) start() error {
	if c.running != nil {
		return errors.New("the server runs already")
	}
	args := []string{"-D", c.data(), "-p", strconv.Itoa(c.port), "-k", c.dir}
	for _, setting := range slices.Concat(settings, c.settings) {
		args = append(args, "-c", setting)
	}
	running, err := serve(c.command(context.Background(), "postgres", args...), &c.hear)
	if err != nil {
		return err
	}
	c.running = running
	return nil
}

// signals are how postgres is told to stop.
var signals = map[StopMode]os.Signal{Fast: syscall.SIGINT, Immediate: syscall.SIGQUIT}

// stop returns when the last process of the server is gone.
func (c *cluster) stop(mode StopMode) error {
	signal, ok := signals[mode]
	switch {
	case !ok:
		return fmt.Errorf("no way to stop is called %q", mode)
	case c.running == nil:
		return errors.New("the server does not run")
	}
	running := c.running
	c.running = nil
	return running.end(signal)
}

// close stops the server, if it runs, and removes its files.
func (c *cluster) close() error {
	var err error
	if c.running != nil {
		err = c.stop(Immediate)
	}
	return errors.Join(err, c.watcher.dismiss())
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *cluster) url(database string) string {
	u := url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: url.Values{
		"host": {c.dir}, "port": {strconv.Itoa(c.port)}, "user": {"postgres"},
	}.Encode()}
	return u.String()
}

func (c *cluster) tcp(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/" + database,
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), RawQuery: "sslmode=disable",
	}
	return u.String()
}

// command is one of the server's programs. It gets none of the caller's
// environment, for PGDATA, PGPORT and their like change what the programs do.
// It has a session of its own, so the keyboard's interrupt does not reach it:
// the test binary ends by that, and then the watcher does its work.
func (c *cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.programs, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.account}
	return cmd
}

// A watcher is a shell that outlives the test binary, to clean up after it.
type watcher struct {
	cmd  *exec.Cmd
	life io.Closer
}

// watch starts the watcher. It reads a pipe that nobody writes to: the pipe
// ends with the test binary, in whatever way that ends.
func (c *cluster) watch() (*watcher, error) {
	const clean = `cat; "$1" stop -s -m immediate -D "$2/data"; rm -rf "$2"`
	cmd := c.command(context.Background(), "pg_ctl")
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", clean, "sh", cmd.Path, c.dir}
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &watcher{cmd, life}, nil
}

// dismiss lets the watcher do its work now, and waits for it.
func (w *watcher) dismiss() error {
	return errors.Join(w.life.Close(), w.cmd.Wait())
}

// freePort finds a port of 127.0.0.1 where nobody listens.
func freePort(ctx context.Context) (port int, err error) {
	for range 100 {
		port = firstPort + rand.IntN(ports)
		var l net.Listener
		l, err = new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}
