package storetest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// errandTime bounds the making and dropping of a database. Either takes some
// hundredths of a second; a machine at its limits takes longer.
const errandTime = 30 * time.Second

// shared is the server of the test binary. It starts with the first test that
// asks for a database.
var shared struct {
	once sync.Once
	*cluster
	err error
}

// databases counts what Postgres and PostgresTCP made, for names of their own.
var databases atomic.Int64

// Postgres returns the postgres:// URL of a fresh empty database, which is
// dropped when tb ends, whoever is still connected. The URL goes over a unix
// socket, the faster way.
//
// All tests of a binary share one server, which keeps its promises on a crash
// as in production: fsync, full_page_writes and synchronous_commit are on. It
// takes 300 connections. Tests may run in parallel. A test that needs to stop
// the server takes one of its own from StartPostgres.
//
// Without the programs of PostgreSQL the test fails; it is never skipped.
func Postgres(tb testing.TB) string {
	tb.Helper()
	c := sharedCluster(tb)
	return c.url(fresh(tb, c, ""))
}

// PostgresCopy is Postgres with all that the database at url has, which must be
// one of Postgres, and nobody connected to it.
func PostgresCopy(tb testing.TB, url string) string {
	tb.Helper()
	from, err := pgx.ParseConfig(url)
	if err != nil {
		tb.Fatalf("copy a database: %v", err)
	}
	c := sharedCluster(tb)
	return c.url(fresh(tb, c, " TEMPLATE "+from.Database))
}

// PostgresTCP is Postgres over TCP on 127.0.0.1, for tests that put a proxy in
// between.
func PostgresTCP(tb testing.TB) string {
	tb.Helper()
	c := sharedCluster(tb)
	return c.tcp(fresh(tb, c, ""))
}

// Main runs the tests of a package and then stops the server they shared, if
// any started it, and waits for its end. A package that uses Postgres has
//
//	func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
//
// A test binary that is killed, or has no such function, takes its server and
// its files with it too, a moment later.
func Main(m *testing.M) int {
	code := m.Run()
	shared.once.Do(func() {}) // from here on nobody starts it
	if shared.cluster == nil {
		return code
	}
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, "storetest:", err)
		return max(code, 1)
	}
	return code
}

// A Server is a PostgreSQL server of one test's own, to be stopped and started
// at will. Its methods belong to the goroutine of the test, which fails when the
// server does not obey.
type Server struct {
	tb      testing.TB
	cluster *cluster
}

// StartPostgres starts a server for tb alone, set up as the one of Postgres but
// for the given settings, such as fsync=off. When tb ends it is stopped and its
// files are removed.
func StartPostgres(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	c, err := newCluster(settings...)
	if err != nil {
		tb.Fatalf("start PostgreSQL: %v", err)
	}
	tb.Cleanup(func() {
		if err := c.close(); err != nil {
			tb.Errorf("stop PostgreSQL: %v", err)
		}
	})
	return &Server{tb: tb, cluster: c}
}

// Hear has the server's log told from now on, line by line, by one goroutine for
// each of its starts.
func (s *Server) Hear(hear func(line string)) { s.cluster.hear.Store(&hear) }

// URL is the postgres:// URL of a database over the server's unix socket. It
// stays the same through Stop and Start. The database "postgres" is there from
// the beginning, and empty.
func (s *Server) URL(database string) string { return s.cluster.url(database) }

// TCP is the same over TCP on 127.0.0.1.
func (s *Server) TCP(database string) string { return s.cluster.tcp(database) }

// Folder is where the server's unix socket is, for programs that take no URL.
func (s *Server) Folder() string { return s.cluster.dir }

// Port is the number of the socket, and of the port on 127.0.0.1.
func (s *Server) Port() int { return s.cluster.port }

// Ask runs one of the programs that come with the server, such as pgbench, with
// the input given, and returns what it prints. It fails the test where the
// program does.
func (s *Server) Ask(input, name string, args ...string) string {
	s.tb.Helper()
	cmd := s.cluster.command(s.tb.Context(), name, args...)
	cmd.Stdin = strings.NewReader(input)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		s.tb.Fatalf("%s: %v\n%s%s", name, err, out, errs.String())
	}
	return string(out)
}

// A StopMode says how a server goes down.
type StopMode string

const (
	// Fast rolls back what is open and shuts down in order.
	Fast StopMode = "fast"
	// Immediate drops everything, as a crash does. What was committed must be
	// there after the next start.
	Immediate StopMode = "immediate"
)

// Stop stops the server and returns when its last process is gone.
func (s *Server) Stop(mode StopMode) {
	s.tb.Helper()
	if err := s.cluster.stop(mode); err != nil {
		s.tb.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Start starts a stopped server again, on the same files and the same port. It
// returns when the server takes connections.
func (s *Server) Start() {
	s.tb.Helper()
	if err := s.cluster.start(); err != nil {
		s.tb.Fatalf("start PostgreSQL: %v", err)
	}
}

func sharedCluster(tb testing.TB) *cluster {
	tb.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = newCluster() })
	if shared.err != nil {
		tb.Fatalf("start PostgreSQL: %v", shared.err)
	}
	return shared.cluster
}

// fresh makes a database for tb, like the one that the clause like names if any,
// and returns its name.
func fresh(tb testing.TB, c *cluster, like string) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := c.execute("CREATE DATABASE " + name + like); err != nil {
		tb.Fatalf("make a database: %v", err)
	}
	tb.Cleanup(func() {
		if err := c.execute("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			tb.Errorf("drop the test's database: %v", err)
		}
	})
	return name
}

// execute runs one statement in the database that no test uses.
func (c *cluster) execute(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), errandTime)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	if closed := conn.Close(ctx); err == nil {
		err = closed
	}
	return err
}
