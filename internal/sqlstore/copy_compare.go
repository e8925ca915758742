package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// compare reads both databases through.
func (c *copying) compare(ctx context.Context) ([]Copied, error) {
	var copied []Copied
	for i := range c.tables {
		t := &c.tables[i]
		theirs, err := c.digest(ctx, c.source, t)
		if err != nil {
			return nil, fmt.Errorf("compare table %s: %w", t.name, err)
		}
		ours, err := c.digest(ctx, c.target, t)
		if err != nil {
			return nil, fmt.Errorf("compare table %s: %w", t.name, err)
		}
		if ours != theirs {
			return nil, fmt.Errorf("table %s has %d rows of digest %s there, and %d of %s here: somebody wrote meanwhile; drop the database and copy again",
				t.name, ours.Rows, ours.Digest, theirs.Rows, theirs.Digest)
		}
		copied = append(copied, ours)
		c.progress("compared", t.name, ours.Rows)
	}
	return copied, nil
}

// digest is the sum of the hashes of a table's rows, which is the same in any
// order of them, so that no database has to sort.
func (c *copying) digest(ctx context.Context, db engine, t *copiedTable) (Copied, error) {
	var (
		rows int64
		sum  [4]uint64
		text []byte
	)
	all := step{text: t.all(), each: func(r row) error {
		text = text[:0]
		for i, col := range t.columns {
			text = appendValue(text, r, i, col)
		}
		hash := sha256.Sum256(text)
		for i := range sum {
			sum[i] += binary.BigEndian.Uint64(hash[8*i:])
		}
		rows++
		return nil
	}}
	err := db.snapshot(ctx, func(tx session) error { return tx.run(ctx, all) })
	var digest []byte
	for _, part := range sum {
		digest = binary.BigEndian.AppendUint64(digest, part)
	}
	return Copied{t.name, rows, hex.EncodeToString(digest[:16])}, err
}

// all is the statement that reads a table in whatever order is quickest.
func (t *copiedTable) all() string {
	return `SELECT ` + strings.Join(t.names(), ", ") + ` FROM "` + t.name + `"`
}

// appendValue writes a value so that no two rows look alike.
func appendValue(b []byte, r row, i int, c copiedColumn) []byte {
	switch {
	case r.null(i):
		return append(b, 0)
	case c.kind == "bigint":
		return binary.BigEndian.AppendUint64(append(b, 1), uint64(r.int(i)))
	case c.kind == "boolean" && r.flag(i):
		return append(b, 2)
	case c.kind == "boolean":
		return append(b, 3)
	}
	text := r.text(i)
	return append(binary.BigEndian.AppendUint64(append(b, 4), uint64(len(text))), text...)
}
