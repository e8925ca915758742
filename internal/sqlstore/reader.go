package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A Reader looks into a database beside the server that owns it. It is for
// tools; what a server asks goes through its Store.
type Reader struct{ db engine }

// OpenReader opens the database at url, which must be there, without taking it.
func OpenReader(ctx context.Context, url string) (*Reader, error) {
	db, err := openEngine(ctx, url, true)
	if err != nil {
		return nil, err
	}
	return &Reader{db}, nil
}

// Close ends the reader.
func (r *Reader) Close() { r.db.close() }

// JournalRows counts the rows of the journal.
func (r *Reader) JournalRows(ctx context.Context) (n int64, err error) {
	const count = `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM batch`
	err = r.db.read(ctx, step{text: count, each: func(r row) error { n = r.int(0); return nil }})
	return n, err
}

// FreeTokens returns the tokens of an organization's tickets that could be
// locked now, in the order of their keys.
func (r *Reader) FreeTokens(ctx context.Context, org access.OrganizationID) (tokens []string, err error) {
	const free = `
SELECT t.token
FROM ticket AS t JOIN event AS e ON e.id = t.event
WHERE t.organization = $1 AND t.hold = '' AND NOT t.void AND e.secondary AND NOT e.cancelled AND (e.over_at = 0 OR e.over_at > $2)
ORDER BY t.token`
	var now time.Time
	if steps := r.db.clock(&now); len(steps) > 0 {
		if err := r.db.read(ctx, steps...); err != nil {
			return nil, fmt.Errorf("clock: %w", err)
		}
	}
	err = r.db.read(ctx, step{text: free, args: []any{int64(org), micros(now)}, each: func(r row) error {
		tokens = append(tokens, r.text(0))
		return nil
	}})
	return tokens, err
}
