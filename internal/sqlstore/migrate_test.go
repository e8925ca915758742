package sqlstore_test

import (
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/sqlstore"
)

// Books of before migration 18 have no links in the journal: it makes them, and the
// audit follows every one.
func TestOldBooksLeadBackThroughTheJournalToo(t *testing.T) {
	for _, h := range auditedHouses(t) {
		t.Run(h.name, func(t *testing.T) {
			url, db := h.copy(t)
			exec(t, db, `
ALTER TABLE ticket DROP COLUMN latest;
ALTER TABLE journal DROP COLUMN prior;
DROP INDEX journal_of_event;
CREATE UNIQUE INDEX journal_story ON journal (subject, version, entity);
DELETE FROM goose_db_version WHERE version_id = 18`)
			must(t, db.Close())
			if _, err := sqlstore.Audit(t.Context(), url); err == nil {
				t.Fatal("void: the books are not of before")
			}
			if path, lite := strings.CutPrefix(url, "sqlite:"); lite {
				must(t, sqlstore.MigrateSQLite(t.Context(), path))
			} else {
				must(t, sqlstore.MigratePostgres(t.Context(), url))
			}
			report, err := sqlstore.Audit(t.Context(), url)
			if err != nil || !report.Clean() {
				t.Errorf("Audit = %v\n%s", err, report)
			}
		})
	}
}
