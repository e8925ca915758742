package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// A postgres is a server of the run's own, durable as in production.
type postgres struct {
	programs, dir string
	account       *syscall.Credential
	server        *child
}

const pgPort = "5499" // only the name of a socket in a folder of its own

// startPostgres makes a server in a folder and starts it.
func startPostgres(ctx context.Context, dir string) (*postgres, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return nil, fmt.Errorf("PostgreSQL's programs are missing: make tools-postgres")
	}
	p := &postgres{programs: filepath.Dir(found[len(found)-1]), dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 { // it refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		p.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	if out, err := p.command("initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--locale=C", "--encoding=UTF8", "--data-checksums").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	args := []string{"-D", data, "-p", pgPort, "-k", dir}
	for _, setting := range []string{"listen_addresses=", "fsync=on", "full_page_writes=on", "synchronous_commit=on", "max_connections=600", "shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=1h"} {
		args = append(args, "-c", setting)
	}
	var err error
	p.server, err = start(ctx, p.command("postgres", args...), "ready to accept connections")
	return p, err
}

func (p *postgres) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.programs, program), args...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.account, Setpgid: true}
	return cmd
}

// url is of the form that both pgx and seatlink read.
func (p *postgres) url(database string) string {
	return fmt.Sprintf("postgres://postgres@/%s?host=%s&port=%s", database, p.dir, pgPort)
}

func (p *postgres) open(database string) (*sql.DB, error) { return sql.Open("pgx", p.url(database)) }

func (p *postgres) exec(ctx context.Context, database, statements string) error {
	db, err := p.open(database)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statements)
	return err
}

// A pgbench is PostgreSQL's own benchmark over a copy of our database: it changes
// the same four rows and writes four rows of the journal, without HTTP, JSON, the
// check of who asks, or a look at the event. All that is to its advantage.
type pgbench struct {
	server *postgres
	db     *sql.DB
	blocks int
	rows   int64
}

// newPgbench copies the database books, whose server must be stopped, for pgbench.
func newPgbench(ctx context.Context, server *postgres, books, folder string) (*pgbench, error) {
	if err := server.exec(ctx, "template1", "CREATE DATABASE pgbench TEMPLATE "+books); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(folder, "blocks.sql"))
	if err != nil {
		return nil, err
	}
	p := &pgbench{server: server}
	for statement := range strings.SplitSeq(string(text), ";") {
		if err := server.exec(ctx, "pgbench", statement); err != nil {
			return nil, err
		}
	}
	if p.db, err = server.open("pgbench"); err != nil {
		return nil, err
	}
	return p, p.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM bench_block`).Scan(&p.blocks)
}

var (
	pgbenchDone = regexp.MustCompile(`transactions actually processed: (\d+)`)
	pgbenchRate = regexp.MustCompile(`tps = ([\d.]+)`)
	pgbenchTime = regexp.MustCompile(`latency average = ([\d.]+)`)
)

// run drives pgbench. Its clock starts before its clients have connected, which
// takes seconds when they are many and the machine is busy; its rate counts from
// when they had. So it gets the time to connect on top.
func (p *pgbench) run(ctx context.Context, script string, clients int, d time.Duration) (lap, error) {
	const connections = 50 // a second
	d += time.Duration(1+clients/connections) * time.Second
	cmd := exec.CommandContext(ctx, filepath.Join(p.server.programs, "pgbench"), "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, 2)),
		"-T", strconv.Itoa(int(d.Seconds())), "-D", "blocks="+strconv.Itoa(p.blocks), "-h", p.server.dir, "-p", pgPort, "-U", "postgres", "-f", script, "pgbench")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return lap{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	figure := func(pattern *regexp.Regexp) float64 {
		if found := pattern.FindSubmatch(out); found != nil {
			n, _ := strconv.ParseFloat(string(found[1]), 64)
			return n
		}
		return 0
	}
	l := lap{Done: int(figure(pgbenchDone)), Rate: figure(pgbenchRate), P50: figure(pgbenchTime), Seconds: d.Seconds()}
	if l.Done == 0 || l.Rate == 0 {
		return l, fmt.Errorf("pgbench did nothing:\n%s", out)
	}
	p.rows += int64(l.Done) * blockSize
	var versions, journal int64
	if err := p.db.QueryRowContext(ctx, `SELECT CAST(SUM(version) AS BIGINT) FROM ticket`).Scan(&versions); err != nil {
		return l, err
	}
	err = p.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM journal WHERE entity = 'seats'`).Scan(&journal)
	if versions != p.rows || journal != p.rows {
		l.Void = fmt.Sprintf("%d rows should have changed; versions grew by %d, the journal by %d", p.rows, versions, journal)
	}
	return l, err
}
