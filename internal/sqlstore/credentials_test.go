package sqlstore_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

func TestCredentials(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		storetest.Credentials(t, func(t *testing.T) storetest.Vaults {
			t.Helper()
			s := openVault(t, "sqlite:"+blankFile(t), newKeys(t), nil)
			return storetest.Vaults{Here: s, There: s, AwaitWaiter: func(*testing.T) {}}
		})
	})
	model := storetest.Postgres(t)
	must(t, sqlstore.MigratePostgres(t.Context(), model))
	t.Run("PostgreSQL", func(t *testing.T) {
		storetest.Credentials(t, func(t *testing.T) storetest.Vaults {
			t.Helper()
			url := storetest.PostgresCopy(t, model)
			s := openVault(t, url, newKeys(t), nil)
			return storetest.Vaults{Here: s, There: s, AwaitWaiter: lockWaiter(url)}
		})
	})
	t.Run("PostgreSQL by two processes", func(t *testing.T) {
		storetest.Credentials(t, func(t *testing.T) storetest.Vaults {
			t.Helper()
			url, keys := storetest.PostgresCopy(t, model), newKeys(t)
			return storetest.Vaults{
				Here: openVault(t, url, keys, nil), There: openVault(t, url, keys, nil), AwaitWaiter: lockWaiter(url),
			}
		})
	})
}

// One wait for a row ends after lock_timeout, lest batches stand still; whoever
// waits for a family gets its turn all the same.
func TestCredentialsOutlastALockTimeout(t *testing.T) {
	url, keys := storetest.Postgres(t), newKeys(t)
	refused := make(chan struct{}, 100)
	here, there := openVault(t, url, keys, nil), openVault(t, url, keys, slog.New(warned(refused)))
	const code = access.Hash("code")
	err := here.Enrolment(t.Context(), "com.example.acme", func(e *access.Enrolment) error {
		e.Application = "com.example.acme"
		e.Codes = []access.Family{{ID: "A", Application: e.Application, Code: code}}
		return nil
	})
	if err != nil {
		t.Fatalf("Enrolment: %v", err)
	}
	var seen bool
	answer := make(chan error, 1)
	err = here.Family(t.Context(), code, func(f *access.Family, _ access.Mark) error {
		go func() {
			answer <- there.Family(t.Context(), code, func(f *access.Family, _ access.Mark) error {
				seen = f.Used
				return nil
			})
		}()
		<-refused // the other waited too long once
		f.Used = true
		return nil
	})
	if err != nil {
		t.Fatalf("Family of the first: %v", err)
	}
	if err := <-answer; err != nil || !seen {
		t.Errorf("Family of the waiter: error %v, saw the first's change: %v; want its turn", err, seen)
	}
}

func openVault(t *testing.T, url string, keys *access.Keyring, log *slog.Logger) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), url, keys, sqlstore.Options{Log: log})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// lockWaiter asks the server until one of the test's connections waits for a lock.
func lockWaiter(url string) func(t *testing.T) {
	const (
		waiters = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
		every   = 5 * time.Millisecond
		within  = 10 * time.Second
	)
	return func(t *testing.T) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			t.Errorf("connect: %v", err)
			return
		}
		defer conn.Close(context.WithoutCancel(ctx))
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := 0; n == 0; <-tick.C {
			if err := conn.QueryRow(ctx, waiters).Scan(&n); err != nil {
				t.Errorf("nobody waits for a lock: %v", err)
				return
			}
		}
	}
}

// warned is a log that tells of each warning.
type warned chan<- struct{}

func (w warned) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (w warned) WithAttrs([]slog.Attr) slog.Handler               { return w }
func (w warned) WithGroup(string) slog.Handler                    { return w }

func (w warned) Handle(context.Context, slog.Record) error {
	select {
	case w <- struct{}{}:
	default: // one is enough
	}
	return nil
}
