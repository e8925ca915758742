package sqlstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

// A diary is a watch that remembers.
type diary struct {
	mu       sync.Mutex
	batches  int
	solos    int
	acts     int
	marked   map[any]int // verdicts by the mark of their batch
	verdicts []error
	bugs     int
	catalogs []bool
}

func (d *diary) Batch(acts int, solo bool, began time.Time) any {
	d.mu.Lock()
	defer d.mu.Unlock()
	if began.IsZero() || began.After(time.Now()) {
		panic("a batch began in the future")
	}
	if solo {
		d.solos++
		return nil
	}
	d.batches++
	d.acts += acts
	return d.batches
}

func (d *diary) Waited(_ context.Context, _ time.Time, mark any, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.marked == nil {
		d.marked = map[any]int{}
	}
	d.marked[mark]++
	d.verdicts = append(d.verdicts, err)
}

func (d *diary) Bug() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bugs++
}

func (d *diary) Catalog(known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.catalogs = append(d.catalogs, known)
}

// watchedStores are stores of both databases with a house of one organization, and
// a way to make every change of a ticket be none.
func watchedStores(t *testing.T, test func(t *testing.T, s *sqlstore.Store, d *diary, blind func())) {
	t.Helper()
	for _, tt := range []struct {
		name  string
		open  func(t *testing.T) storetest.Fixture
		blind []string
	}{
		{"on SQLite", func(t *testing.T) storetest.Fixture { t.Helper(); return newSQLite(t) }, []string{
			`CREATE TRIGGER blind BEFORE UPDATE ON ticket BEGIN SELECT RAISE(IGNORE); END`,
		}},
		{"on PostgreSQL", func(t *testing.T) storetest.Fixture { t.Helper(); return newPostgres(t, storetest.Postgres(t)) }, []string{
			`CREATE FUNCTION blind() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
			`CREATE TRIGGER blind BEFORE UPDATE ON ticket FOR EACH ROW EXECUTE FUNCTION blind()`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, d := tt.open(t), new(diary)
			s := f.(interface {
				watched(testing.TB, *diary) *sqlstore.Store
			}).watched(t, d)
			l := s.NewLoader()
			ctx := t.Context()
			err := errors.Join(
				l.Organizations(ctx, []boxoffice.Organization{{ID: 998, Name: "Home", DistributorCode: "HOME", Zone: "UTC", Currency: "USD", CatalogVersion: 1}}),
				l.Events(ctx, []boxoffice.Event{{ID: "998:F26:F01", Organization: 998, Season: "F26", Item: "F01", Basis: boxoffice.Single, Name: "Game", Secondary: true}}),
				l.Patrons(ctx, []boxoffice.Patron{{ID: "10", Organization: 998}}),
				l.Tickets(ctx, []boxoffice.Ticket{{Token: "998G1", Organization: 998, Event: "998:F26:F01", Section: "1", Row: "1", Seat: "1", Barcode: "B1", Owner: "10"}}),
				l.Finish(ctx))
			if err != nil {
				t.Fatal(err)
			}
			test(t, s, d, func() {
				for _, statement := range tt.blind {
					if _, err := f.SQL(t).ExecContext(ctx, statement); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

func (h database) watched(tb testing.TB, d *diary) *sqlstore.Store {
	tb.Helper()
	s, err := sqlstore.Open(tb.Context(), h.url, h.keys, sqlstore.Options{Watch: d})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

func TestAWatchIsToldWhatBecomesOfActs(t *testing.T) {
	watchedStores(t, func(t *testing.T, s *sqlstore.Store, d *diary, blind func()) {
		t.Helper()
		if d.solos == 0 {
			t.Error("the load was done without a word")
		}
		d.marked, d.verdicts = nil, nil
		office := boxoffice.NewOffice(s, nil, nil)
		who := access.Principal{Application: "com.example.first", Channel: "first", Organizations: []access.OrganizationID{998}}
		lock := func() error {
			_, err := office.Lock(t.Context(), who, boxoffice.LockRequest{
				Source: boxoffice.MyAccount, ExternalListingID: "L-1", Lines: []boxoffice.LockLine{{Token: "998G1"}},
			})
			return err
		}
		if err := lock(); err != nil {
			t.Fatal(err)
		}
		if _, err := office.Unlock(t.Context(), who, []boxoffice.Token{"998G1"}); err != nil {
			t.Fatal(err)
		}
		if d.batches != 2 || d.acts != 2 || d.marked[1] != 1 || d.marked[2] != 1 || d.bugs != 0 {
			t.Errorf("after two acts the watch knows of %d batches with %d acts, verdicts %v, %d bugs", d.batches, d.acts, d.marked, d.bugs)
		}

		for range 2 {
			if _, err := office.Catalog(t.Context(), who, 998, boxoffice.CatalogQuery{}); err != nil {
				t.Fatal(err)
			}
		}
		if len(d.catalogs) != 2 || d.catalogs[0] || !d.catalogs[1] {
			t.Errorf("of two reads of a catalog the watch heard that it was known: %v; want no, yes", d.catalogs)
		}

		blind()
		if err := lock(); err == nil {
			t.Error("a lock whose ticket does not change is a success")
		}
		if d.bugs == 0 {
			t.Error("a statement changed no row and the watch does not know of a bug")
		}
		if last := d.verdicts[len(d.verdicts)-1]; last == nil {
			t.Error("the watch was told that the act was done")
		}
	})
}
