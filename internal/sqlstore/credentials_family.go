package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

const (
	familyColumns = `id, application, epoch, code_hash, code_expires, ends, revoked, generation, used, issued, replay, keep_until`
	familyTypes   = `id text, application text, epoch bigint, code_hash text, code_expires bigint, ends bigint, revoked bigint,
	generation bigint, used boolean, issued bigint, replay text, keep_until bigint`

	// familyNamed begins the reading of a family with its application's epoch and
	// the mark of one of its credentials; one of the two below ends it.
	familyNamed = `
SELECT ` + familyColumns + `, (SELECT a.epoch FROM application AS a WHERE a.id = family.application), m.place, m.good_until
FROM family JOIN `

	byAccess = `
SELECT family AS of_family, generation AS place, access_expires AS good_until FROM token_pair WHERE access_hash = $1`
	// A hash names one thing at most, so at most one part has a row.
	byAny = byAccess + `
UNION ALL SELECT family, generation, refresh_expires FROM token_pair WHERE refresh_hash = $1
UNION ALL SELECT id, 0, code_expires FROM family WHERE code_hash = $1`
)

// readFamily reads a row of familyNamed.
func readFamily(r row) (access.Family, access.Mark) {
	return access.Family{
		ID: r.text(0), Application: access.ApplicationID(r.text(1)), Epoch: r.int(2), Present: r.int(12),
		Code: access.Hash(r.text(3)), CodeExpires: instant(r.int(4)),
		Ends: instant(r.int(5)), Revoked: instant(r.int(6)), Generation: r.int(7), Used: r.flag(8),
		Issued: instant(r.int(9)), Replay: r.text(10), KeepUntil: instant(r.int(11)),
	}, access.Mark{Generation: r.int(13), Expires: instant(r.int(14))}
}

func addFamily(rows *table, f access.Family) {
	rows.row().text(f.ID).text(string(f.Application)).int(f.Epoch).text(string(f.Code)).int(micros(f.CodeExpires)).
		int(micros(f.Ends)).int(micros(f.Revoked)).int(f.Generation).flag(f.Used).
		int(micros(f.Issued)).text(f.Replay).int(micros(f.KeepUntil))
}

// Family lets change alter the family of a credential (access.Store). Whose the
// hash is, is found by a plain read, so that a guess costs the writer nothing.
func (s *Store) Family(ctx context.Context, hash access.Hash, change func(f *access.Family, by access.Mark) error) error {
	const find = `SELECT m.of_family FROM (` + byAny + `) AS m`
	id := ""
	err := s.read(ctx, step{text: find, args: []any{string(hash)}, each: func(r row) error { id = r.text(0); return nil }})
	if err != nil {
		return err
	}
	if id == "" {
		return access.ErrNoFamily
	}
	return s.inTurn(ctx, func(ctx context.Context, tx session) error {
		f, by, err := lockFamily(ctx, tx, id, hash)
		if err != nil {
			return err
		}
		was := f
		if err := change(&f, by); err != nil {
			return err
		}
		if f == was {
			return nil // a repeat is answered without a write
		}
		return tx.run(ctx, saveFamily(f)...)
	})
}

// lockFamily waits for a family's turn and then, in later statements, reads how
// it stands: while it waited the hash may have gone.
func lockFamily(ctx context.Context, tx session, id string, hash access.Hash) (f access.Family, by access.Mark, err error) {
	const (
		lock  = `SELECT id FROM family WHERE id = $1 {lock}`
		whole = familyNamed + `(` + byAny + `) AS m ON m.of_family = id`
		head  = `
SELECT access_hash, access_expires, refresh_hash, refresh_expires
FROM token_pair WHERE family = $1 AND generation = (SELECT generation FROM family WHERE id = $1)`
	)
	var newest access.Head
	err = tx.run(ctx,
		step{text: lock, args: []any{id}, each: func(row) error { return nil }},
		step{text: whole, args: []any{string(hash)}, each: func(r row) error { f, by = readFamily(r); return nil }},
		step{text: head, args: []any{id}, each: func(r row) error {
			newest = access.Head{
				Access: access.Hash(r.text(0)), AccessExpires: instant(r.int(1)),
				Refresh: access.Hash(r.text(2)), RefreshExpires: instant(r.int(3)),
			}
			return nil
		}})
	if err == nil && f.ID == "" {
		err = access.ErrNoFamily
	}
	f.Head = newest
	return f, by, err
}

// saveFamily are the steps that write a family and its newest pair, and drop the
// pairs that are too many.
func saveFamily(f access.Family) []step {
	const (
		save = `
UPDATE family SET
	application = r.application, epoch = r.epoch, code_hash = r.code_hash, code_expires = r.code_expires,
	ends = r.ends, revoked = r.revoked, generation = r.generation, used = r.used,
	issued = r.issued, replay = r.replay, keep_until = r.keep_until
FROM {rows $1 ` + familyTypes + `}
WHERE family.id = r.id`
		savePair = `
INSERT INTO token_pair (family, generation, access_hash, access_expires, refresh_hash, refresh_expires)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (family, generation) DO UPDATE SET
	access_hash = excluded.access_hash, access_expires = excluded.access_expires,
	refresh_hash = excluded.refresh_hash, refresh_expires = excluded.refresh_expires`
		dropPairs = `DELETE FROM token_pair WHERE family = $1 AND generation <= $2`
	)
	var rows table
	addFamily(&rows, f)
	steps := []step{{text: save, rows: &rows, want: 1}}
	if h := f.Head; h != (access.Head{}) {
		steps = append(steps, step{text: savePair, want: 1, args: []any{
			f.ID, f.Generation, string(h.Access), micros(h.AccessExpires), string(h.Refresh), micros(h.RefreshExpires),
		}})
	}
	if last := f.Generation - access.KeptPairs; last > 0 {
		steps = append(steps, step{text: dropPairs, args: []any{f.ID, last}, want: -1})
	}
	return steps
}

// tidyStep is how many rows one transaction of Tidy takes: few enough that the
// batches hardly wait for it.
const tidyStep = 500

// Tidy drops what is of no use any more (access.Store). It goes on in steps of
// 500 rows, each a transaction of its own, until nothing is left; a step
// repeated, here or by another process, changes nothing, so what was tidied
// before a failure stays so. Rows that somebody works on at this moment are left
// to the next time.
func (s *Store) Tidy(ctx context.Context, now, replays time.Time) error {
	const (
		forget = `
UPDATE family SET replay = ''
WHERE id IN (SELECT id FROM family WHERE replay <> '' AND issued < $1 ORDER BY issued LIMIT $2 {skip})
RETURNING id`
		dropPairs = `
DELETE FROM token_pair
WHERE (family, generation) IN (
	SELECT family, generation FROM token_pair WHERE refresh_expires < $1 ORDER BY refresh_expires LIMIT $2 {skip})
RETURNING family`
		// Its pairs are gone by now, unless one was good for longer than the family.
		dropFamilies = `
DELETE FROM family
WHERE id IN (SELECT id FROM family WHERE keep_until < $1 ORDER BY keep_until LIMIT $2 {skip})
RETURNING id`
	)
	for _, kind := range []struct {
		text   string
		before time.Time
	}{{forget, replays}, {dropPairs, now}, {dropFamilies, now}} {
		if err := s.inSteps(ctx, kind.text, kind.before); err != nil {
			return err
		}
	}
	return nil
}

// inSteps runs a statement that takes rows from before some moment, so many at a
// time, until it finds fewer.
func (s *Store) inSteps(ctx context.Context, text string, before time.Time) error {
	// PostgreSQL may take more than it was told to, when it plans the list of
	// rows as the inner side of a loop.
	for done := tidyStep; done >= tidyStep; {
		err := s.alone(ctx, func(ctx context.Context, tx session) error {
			done = 0
			return tx.run(ctx, step{
				text: text, args: []any{micros(before), int64(tidyStep)},
				each: func(row) error { done++; return nil },
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
