package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seatlink/seatlink/internal/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func TestPostgresMakesADatabaseForEachTest(t *testing.T) {
	one := connect(t, storetest.Postgres(t))
	if _, err := one.Exec(t.Context(), "CREATE TABLE ticket (token TEXT)"); err != nil {
		t.Fatal(err)
	}
	other := connect(t, storetest.PostgresTCP(t))
	if got, want := show(t, other, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0"; got != want {
		t.Errorf("a fresh database has %s tables, want %s", got, want)
	}
}

func TestPostgresDropsTheDatabaseWithTheTest(t *testing.T) {
	var url string
	t.Run("the test ends while it is still connected", func(t *testing.T) {
		url = storetest.Postgres(t)
		connect(t, url)
	})
	_, err := pgx.Connect(t.Context(), url)
	const noSuchDatabase = "3D000"
	if refusal, ok := errors.AsType[*pgconn.PgError](err); !ok || refusal.Code != noSuchDatabase {
		t.Errorf("pgx.Connect(%q) = %v; want SQLSTATE %s", url, err, noSuchDatabase)
	}
}

func TestPostgresServesParallelTests(t *testing.T) {
	for i := range 16 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			connect(t, storetest.Postgres(t))
		})
	}
}

// The figures of durability are worth nothing on a server that takes a shortcut.
func TestPostgresTakesNoShortcuts(t *testing.T) {
	conn := connect(t, storetest.Postgres(t))
	for _, tt := range []struct{ query, want string }{
		{"SHOW fsync", "on"},
		{"SHOW full_page_writes", "on"},
		{"SHOW synchronous_commit", "on"},
		{"SHOW data_checksums", "on"},
		{"SHOW max_connections", "300"},
		{"SHOW server_encoding", "UTF8"},
		{"SELECT datcollate FROM pg_database WHERE datname = current_database()", "C"},
	} {
		if got := show(t, conn, tt.query); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.query, got, tt.want)
		}
	}
}

func TestServerKeepsWhatWasCommittedThroughACrash(t *testing.T) {
	for _, mode := range []storetest.StopMode{storetest.Fast, storetest.Immediate} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			server := storetest.StartPostgres(t)
			before := connect(t, server.URL("postgres"))
			if _, err := before.Exec(t.Context(), "CREATE TABLE ticket AS SELECT 'A' AS token"); err != nil {
				t.Fatal(err)
			}

			server.Stop(mode)
			if err := before.Ping(t.Context()); err == nil {
				t.Error("Ping of a connection to the stopped server succeeded")
			}
			for _, url := range []string{server.URL("postgres"), server.TCP("postgres")} {
				if _, err := pgx.Connect(t.Context(), url); err == nil {
					t.Errorf("pgx.Connect(%q) to the stopped server succeeded", url)
				}
			}

			server.Start()
			for _, url := range []string{server.URL("postgres"), server.TCP("postgres")} {
				if got, want := show(t, connect(t, url), "SELECT token FROM ticket"), "A"; got != want {
					t.Errorf("token after the restart is %q, want %q", got, want)
				}
			}
		})
	}
}

// A test binary runs this test again in a process that kills itself. The pipe
// goes to all of its children, so it ends when the last of them has.
func TestKilledTestBinaryLeavesNothing(t *testing.T) {
	const dies = "STORETEST_DIES"
	if os.Getenv(dies) != "" {
		fmt.Println(connect(t, storetest.Postgres(t)).Config().Host)
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		select {} // until the signal arrives
	}

	life, held, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer life.Close()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), dies+"=1")
	cmd.ExtraFiles = []*os.File{held}
	out, err := cmd.Output()
	held.Close()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the test binary ended with %v, want its own SIGKILL\n%s", err, out)
	}

	// Well below the minute after which a server finds by itself that its files
	// are gone.
	if err := life.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, life); err != nil {
		t.Fatalf("processes of the killed test binary still run: %v", err)
	}
	folder := strings.TrimSpace(string(out))
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("os.Stat(%q) = %v; want that it does not exist", folder, err)
	}
}

func connect(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) }) // the server may be gone
	return conn
}

// show returns the one value that a query answers, as text.
func show(tb testing.TB, conn *pgx.Conn, query string) string {
	tb.Helper()
	var value any
	if err := conn.QueryRow(tb.Context(), query).Scan(&value); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return fmt.Sprint(value)
}
