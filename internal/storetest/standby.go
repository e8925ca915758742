package storetest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Follow starts a standby of s and returns when s waits with each COMMIT until
// the standby has it. It ends with the test.
func (s *Server) Follow() *Server {
	s.tb.Helper()
	copied := func(c *cluster, ctx context.Context) error {
		return c.call(ctx, "pg_basebackup", "--pgdata", c.data(), "--host", s.cluster.dir, "--port", strconv.Itoa(s.cluster.port),
			"--username=postgres", "--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--no-sync")
	}
	c, err := newClusterBy(copied, s.cluster.settings...)
	if err != nil {
		s.tb.Fatalf("start a standby: %v", err)
	}
	s.tb.Cleanup(func() {
		if err := c.close(); err != nil {
			s.tb.Errorf("stop the standby: %v", err)
		}
	})
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if err := s.cluster.execute(statement); err != nil {
			s.tb.Fatalf("%s: %v", statement, err)
		}
	}
	eventually(s.tb, "the standby is synchronous", func() bool { return s.ask("SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1 })
	return &Server{tb: s.tb, cluster: c}
}

// Promote makes a primary of a standby. It returns when that is done.
func (s *Server) Promote() {
	s.tb.Helper()
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	if err := s.cluster.call(ctx, "pg_ctl", "promote", "-w", "-D", s.cluster.data()); err != nil {
		s.tb.Fatalf("promote the standby: %v", err)
	}
}

// Either is the URL of a database on whichever of the two is the primary.
func (s *Server) Either(other *Server, database string) string {
	u := url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: url.Values{
		"host": {s.cluster.dir + "," + other.cluster.dir},
		"port": {fmt.Sprintf("%d,%d", s.cluster.port, other.cluster.port)}, "user": {"postgres"},
	}.Encode()}
	return u.String()
}

// Freeze stops the server's processes where they are, as a machine does that
// hangs: connections stay, and nobody answers. It returns what thaws them.
func (s *Server) Freeze() (thaw func()) {
	s.tb.Helper()
	frozen := s.processes()
	signal := func(to syscall.Signal) {
		for _, pid := range frozen {
			_ = syscall.Kill(pid, to) // one that has ended meanwhile does not mind
		}
	}
	signal(syscall.SIGSTOP)
	return func() { signal(syscall.SIGCONT) }
}

// processes are the postmaster, first, and its children.
func (s *Server) processes() []int {
	s.tb.Helper()
	master := s.cluster.running.cmd.Process.Pid
	all := []int{master}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	must(s.tb, "list processes", err)
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state parent …"
		pid, _, _ := strings.Cut(string(stat), " ")
		_, rest, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(master) {
			child, err := strconv.Atoi(pid)
			must(s.tb, "read a process's number", err)
			all = append(all, child)
		}
	}
	return all
}

// WithoutChecksums makes a stopped server one that keeps none.
func (s *Server) WithoutChecksums() {
	s.tb.Helper()
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	if err := s.cluster.call(ctx, "pg_checksums", "--disable", "--no-sync", "-D", s.cluster.data()); err != nil {
		s.tb.Fatal(err)
	}
}

// ask asks the server for a number.
func (s *Server) ask(question string) (n int) {
	s.tb.Helper()
	ctx, done := context.WithTimeout(context.Background(), errandTime)
	defer done()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	must(s.tb, "connect", err)
	defer func() { _ = conn.Close(ctx) }()
	must(s.tb, question, conn.QueryRow(ctx, question).Scan(&n))
	return n
}
