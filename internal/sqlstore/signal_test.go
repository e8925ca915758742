package sqlstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/storetest"
)

// signalPatience bounds what takes some milliseconds.
const signalPatience = time.Minute

// still waits until a follower is told of nothing: its store hears the others, and
// they are silent.
func still(t *testing.T, moved <-chan struct{}) {
	t.Helper()
	const calm = 200 * time.Millisecond
	within := time.After(signalPatience)
	for {
		select {
		case <-moved:
		case <-time.After(calm):
			return
		case <-within:
			t.Fatal("the store tells again and again that the journal has moved")
		}
	}
}

func awaitMoved(t *testing.T, moved <-chan struct{}, after string) {
	t.Helper()
	select {
	case <-moved:
	case <-time.After(signalPatience):
		t.Fatalf("nothing was told after %s", after)
	}
}

// A process whose ear is cut off looks by itself, and hears again a moment later.
func TestAProcessThatHearsNoBellLooksByItself(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := opened(t, url)
	defer s.Close()
	loadHouse(t, s)
	moved := s.Follow(t.Context())
	still(t, moved)
	db := besides(t, url)
	for range 3 {
		if cut := ask(t, db, `SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN seatlink_journal') AS cut`); cut != "1" {
			t.Fatalf("%s connections of the process listen; want 1", cut)
		}
		awaitMoved(t, moved, "its ear was cut off")
		still(t, moved)
	}
}

// However much is written, the bell rings at most 200 times a second, and once more
// for the last of it.
func TestTheBellRingsSeldomAndForTheLastRow(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := opened(t, url)
	defer s.Close()
	loadHouse(t, s)
	moved := s.Follow(t.Context())
	still(t, moved)
	ctx, done := context.WithTimeout(t.Context(), signalPatience)
	defer done()
	other, err := pgx.Connect(ctx, url)
	must(t, err)
	defer func() { _ = other.Close(context.WithoutCancel(ctx)) }()
	_, err = other.Exec(ctx, "LISTEN seatlink_journal")
	must(t, err)
	const (
		rounds = 60
		rows   = 3 + 4*rounds // with those of the load
	)
	start, rings, ended := time.Now(), 0, make(chan error, 1)
	go func() {
		ended <- func() error {
			for heard := int64(0); heard < rows; rings++ {
				if _, err := other.WaitForNotification(ctx); err != nil {
					return err
				}
				ends, err := s.JournalEnds(ctx)
				if err != nil {
					return err
				}
				heard = ends.Newest
			}
			return nil
		}()
	}()
	office := boxoffice.NewOffice(s, mailKeys{}, auditedPages{})
	for range rounds {
		lock(t, office, channel("ONE"), 10, "A0", "B0")
		if _, err := office.Unlock(t.Context(), channel("ONE"), []boxoffice.Token{"A0", "B0"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; err != nil {
		t.Fatalf("after %d rings: %v; want one for the last row", rings, err)
	}
	if most := int(time.Since(start)/(5*time.Millisecond)) + 1; rings > most {
		t.Errorf("it rang %d times in %v; want at most %d", rings, time.Since(start), most)
	}
}
