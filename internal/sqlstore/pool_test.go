package sqlstore_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

func TestOpenTellsOfAServerWithoutChecksums(t *testing.T) {
	t.Parallel()
	server := storetest.StartPostgres(t)
	keys := newKeys(t)
	said := func() string {
		t.Helper()
		var log bytes.Buffer
		s, err := sqlstore.Open(t.Context(), server.URL("postgres"), keys, sqlstore.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		return log.String()
	}
	if got := said(); strings.Contains(got, "checksums") {
		t.Errorf("Open of a server with checksums says %q", got)
	}
	server.Stop(storetest.Fast)
	server.WithoutChecksums()
	server.Start()
	if got := said(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "no data checksums") {
		t.Errorf("Open of a server without checksums says %q; want a warning", got)
	}
}

// A change of the schema that must wait gives way to the others who want the
// table, and comes again.
func TestAChangeOfTheSchemaGivesWay(t *testing.T) {
	t.Parallel()
	p := newPostgres(t, storetest.Postgres(t))
	holder, err := p.SQL(t).BeginTx(t.Context(), nil)
	must(t, err)
	if _, err := holder.ExecContext(t.Context(), `CREATE TABLE installation (id BIGINT)`); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		s, err := sqlstore.Open(t.Context(), p.url, p.keys, sqlstore.Options{})
		if err == nil {
			s.Close()
		}
		opened <- err
	}()
	const waiting = `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	p.await(t, waiting, func(n int) bool { return n == 1 })
	p.await(t, waiting, func(n int) bool { return n == 0 })
	select {
	case err := <-opened:
		t.Fatalf("Open while the table is held = %v; want that it comes again", err)
	default:
	}
	must(t, holder.Rollback())
	if err := <-opened; err != nil {
		t.Errorf("Open when the table is free = %v", err)
	}
}

// The standby takes over when the primary is lost under load.
func TestAFailoverLosesNothing(t *testing.T) {
	primary := storetest.StartPostgres(t)
	standby := primary.Follow()
	p := newPostgres(t, primary.Either(standby, "postgres"))
	wantRefused(t, standby.URL("postgres"), p.keys, "standby")
	set := func(statement string) {
		t.Helper()
		if _, err := p.SQL(t).ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	set(`ALTER DATABASE postgres SET synchronous_commit = local`)
	wantRefused(t, p.url, p.keys, "switch on synchronous_commit")
	set(`ALTER DATABASE postgres RESET synchronous_commit`)
	storetest.Crashes(t, p, func() {
		primary.Stop(storetest.Immediate)
		standby.Promote()
	}, 1)
}

// BenchmarkHangs has a server hang under its callers, and a standby under a COMMIT
// that waits for it: half a minute of waiting, so not among the tests.
//
//	make test-failover
func BenchmarkHangs(b *testing.B) {
	b.Run("nothing is acknowledged that a hung standby may not have", func(b *testing.B) {
		for range b.N {
			primary := storetest.StartPostgres(b)
			standby := primary.Follow()
			storetest.HungStandby(b, newPostgres(b, primary.URL("postgres")), standby.Freeze)
		}
	})
	b.Run("a server that hangs is left", func(b *testing.B) {
		for range b.N {
			server := storetest.StartPostgres(b)
			storetest.HungServer(b, newPostgres(b, server.URL("postgres")), server.Freeze)
		}
	})
}
