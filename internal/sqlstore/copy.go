package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
)

const (
	// copyChunk is how many rows one transaction of a copy has, and copyBytes about
	// how large they are together: what is held in memory.
	copyChunk = 5_000
	copyBytes = 8 << 20
)

// A Copied table is in both databases, the same in each.
type Copied struct {
	Name   string
	Rows   int64
	Digest string // of all its rows, in any order
}

// CopyProgress is told how far a copy is: of which table so many rows are copied
// or, the second time, compared.
type CopyProgress func(doing, name string, rows int64)

// ErrNotEmpty says that a database has books of its own.
var ErrNotEmpty = errors.New("the database that is copied to has books already")

// Copy moves the books of a SQLite file into a PostgreSQL database that has none.
// They are the same books there: same keys, versions, positions and epoch, so a
// reader of the journal goes on where it was. The key ring must be theirs, for
// what it seals stays as it is. Nobody may have the file open, which is not
// changed.
//
// A copy that was interrupted goes on when it is asked for again; until it is
// finished nobody opens what is there. At the end both databases are read through,
// and every table must have as many rows and the same digest in both: else Copy
// fails, and the copy is never finished.
func Copy(ctx context.Context, from, to string, keys *access.Keyring, progress CopyProgress) ([]Copied, error) {
	return copyBooks(ctx, from, to, keys, copyChunk, progress)
}

func copyBooks(ctx context.Context, from, to string, keys *access.Keyring, chunk int, progress CopyProgress) ([]Copied, error) {
	path, isFile := strings.CutPrefix(from, "sqlite:")
	if !isFile || !strings.HasPrefix(to, "postgres") {
		return nil, errors.New("a copy that is not from sqlite: to postgres: is not possible")
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("copy from: %w", err)
	}
	source, err := openEngine(ctx, from, false)
	if err != nil {
		return nil, err
	}
	defer source.close()
	target, err := openEngine(ctx, to, false)
	if err != nil {
		return nil, err
	}
	defer target.close()
	c := &copying{source: source, target: target, chunk: chunk, progress: progress}
	if err := c.check(ctx, keys); err != nil {
		return nil, err
	}
	if err := target.migrate(ctx); err != nil {
		return nil, err
	}
	if c.tx, err = target.writer(ctx); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	defer c.tx.close()
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	for i := range c.tables {
		if err := c.table(ctx, &c.tables[i]); err != nil {
			return nil, fmt.Errorf("copy table %s: %w", c.tables[i].name, err)
		}
	}
	if err := c.advance(ctx); err != nil {
		return nil, fmt.Errorf("copy sequences: %w", err)
	}
	copied, err := c.compare(ctx)
	if err != nil {
		return nil, err
	}
	return copied, c.finish(ctx)
}

// copying is one copy under way.
type copying struct {
	source, target engine
	tx             session // of the target
	chunk          int     // rows in a transaction
	progress       CopyProgress
	tables         []copiedTable // those that others refer to first
}

// A copiedTable is one as the target describes it.
type copiedTable struct {
	name    string
	columns []copiedColumn
	copied  int64 // rows, by an earlier attempt
	done    bool
}

type copiedColumn struct {
	column
	nullable bool
}

// check refuses a source that is not of this program's schema or this key.
func (c *copying) check(ctx context.Context, keys *access.Keyring) error {
	a := &auditor{db: c.source}
	return c.source.snapshot(ctx, func(tx session) error {
		a.tx = tx
		if err := a.schema(ctx); err != nil {
			return fmt.Errorf("copy from: %w", err)
		}
		check := ""
		look := step{text: `SELECT key_check FROM installation`, each: func(r row) error { check = r.text(0); return nil }}
		unfinished, err := copyUnfinished(ctx, tx)
		switch err := errors.Join(err, tx.run(ctx, look)); {
		case err != nil:
			return err
		case unfinished:
			return errUnfinished
		case check != keys.Check():
			return errors.New("the key is not the one that the database to copy from was made with")
		}
		return nil
	})
}

// errUnfinished keeps everybody from books that are not whole.
var errUnfinished = errors.New("a copy into this database was not finished: let seatlink copy finish it, or drop the database")

func copyUnfinished(ctx context.Context, tx session) (unfinished bool, err error) {
	err = tx.run(ctx, step{text: `SELECT 1 FROM copying LIMIT 1`, each: func(row) error { unfinished = true; return nil }})
	return unfinished, err
}

// begin reads what tables there are and how far they are, and makes the target
// ready the first time: what its schema came with goes, for the source has it too.
func (c *copying) begin(ctx context.Context) error {
	return c.transaction(ctx, func() error {
		if err := c.describe(ctx); err != nil {
			return err
		}
		known, opened := map[string]copiedTable{}, false
		err := c.tx.run(ctx,
			step{text: `SELECT name, copied, done FROM copying ORDER BY name {lock}`, each: func(r row) error {
				known[r.text(0)] = copiedTable{copied: r.int(1), done: r.flag(2)}
				return nil
			}},
			step{text: `SELECT 1 FROM installation LIMIT 1`, each: func(row) error { opened = true; return nil }})
		switch {
		case err != nil:
			return err
		case len(known) == 0 && opened:
			return ErrNotEmpty
		}
		for i := range c.tables {
			t := &c.tables[i]
			k, ok := known[t.name]
			if t.copied, t.done = k.copied, k.done; ok {
				continue
			}
			if len(known) > 0 {
				return fmt.Errorf("the copy was begun by another version of this program, which had no table %s: drop the database and copy again", t.name)
			}
			err := c.tx.run(ctx,
				step{text: `DELETE FROM "` + t.name + `"`, want: -1},
				step{text: `INSERT INTO copying (name, copied, done) VALUES ($1, 0, false)`, args: []any{t.name}, want: 1})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// transaction runs work in a transaction of the target that may take its time.
func (c *copying) transaction(ctx context.Context, work func() error) error {
	if err := c.tx.begin(ctx); err != nil {
		return err
	}
	defer c.tx.rollback()
	if err := errors.Join(c.tx.run(ctx, c.target.patience()...), work()); err != nil {
		return err
	}
	return c.tx.commit(ctx)
}

// describe reads the tables of the target, and holds them against the source's.
func (c *copying) describe(ctx context.Context) error {
	const (
		columns = `
SELECT c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES'
FROM information_schema.columns AS c JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.table_name NOT IN ('goose_db_version', 'copying')
ORDER BY c.table_name, c.ordinal_position`
		references = `
SELECT conrelid::regclass::text, confrelid::regclass::text
FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND conrelid <> confrelid`
		theirs = `
SELECT name FROM sqlite_master
WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT IN ('goose_db_version', 'copying')
ORDER BY name`
	)
	var tables []copiedTable
	refers := map[string][]string{}
	err := c.tx.run(ctx,
		step{text: columns, each: func(r row) error {
			if n := len(tables); n == 0 || tables[n-1].name != r.text(0) {
				tables = append(tables, copiedTable{name: r.text(0)})
			}
			if kind := r.text(2); kind != "text" && kind != "bigint" && kind != "boolean" {
				return fmt.Errorf("column %s of table %s is %s, which a copy does not know", r.text(1), r.text(0), kind)
			}
			t := &tables[len(tables)-1]
			t.columns = append(t.columns, copiedColumn{column{r.text(1), r.text(2)}, r.flag(3)})
			return nil
		}},
		step{text: references, each: func(r row) error { refers[r.text(0)] = append(refers[r.text(0)], r.text(1)); return nil }})
	if err != nil {
		return err
	}
	var ours, others []string
	for _, t := range tables {
		ours = append(ours, t.name)
	}
	err = c.source.read(ctx, step{text: theirs, each: func(r row) error { others = append(others, r.text(0)); return nil }})
	if err != nil {
		return err
	}
	if slices.Sort(ours); !slices.Equal(ours, others) {
		return fmt.Errorf("the databases have other tables: %v and %v", others, ours)
	}
	c.tables, err = inOrder(tables, refers)
	return err
}

// inOrder has each table behind those that it refers to.
func inOrder(tables []copiedTable, refers map[string][]string) (ordered []copiedTable, err error) {
	placed := map[string]bool{}
	for len(ordered) < len(tables) {
		before := len(ordered)
		for _, t := range tables {
			if placed[t.name] || slices.ContainsFunc(refers[t.name], func(other string) bool { return !placed[other] }) {
				continue
			}
			placed[t.name] = true
			ordered = append(ordered, t)
		}
		if len(ordered) == before {
			return nil, errors.New("tables refer to each other in a circle")
		}
	}
	return ordered, nil
}

// read is the statement that reads a table from its row after on. SQLite reads a
// table, and no index, in the order of its keys, which stays the same while nobody
// has the file: tickets come in the order of their seats.
func (t *copiedTable) read() string {
	return `SELECT ` + strings.Join(t.names(), ", ") + ` FROM "` + t.name + `" NOT INDEXED LIMIT -1 OFFSET $1`
}

func (t *copiedTable) names() []string {
	var names []string
	for _, c := range t.columns {
		names = append(names, `"`+c.name+`"`)
	}
	return names
}

// insert is the statement that takes rows of it. A column that may be NULL is two,
// for a list of values has no NULL.
func (t *copiedTable) insert() string {
	var given, taken []string
	for i, c := range t.columns {
		name := fmt.Sprintf("c%d", i)
		given = append(given, name+" "+c.kind)
		if c.nullable {
			given = append(given, fmt.Sprintf("n%d boolean", i))
			name = fmt.Sprintf("CASE WHEN r.n%d THEN NULL ELSE r.%s END", i, name)
		} else {
			name = "r." + name
		}
		taken = append(taken, name)
	}
	return `INSERT INTO "` + t.name + `" (` + strings.Join(t.names(), ", ") + `) OVERRIDING SYSTEM VALUE
SELECT ` + strings.Join(taken, ", ") + ` FROM {rows $1 ` + strings.Join(given, ", ") + `}`
}

// table copies what is left of a table, a transaction for each chunk.
func (c *copying) table(ctx context.Context, t *copiedTable) error {
	if t.done {
		return nil
	}
	var (
		chunk table
		bytes int
	)
	put := func(done bool) error {
		const note = `UPDATE copying SET copied = $2, done = $3 WHERE name = $1 AND copied = $4`
		before := t.copied
		t.copied += int64(chunk.rows)
		err := c.transaction(ctx, func() error {
			return c.tx.run(ctx,
				// A row that is not so says that somebody else copies too.
				step{text: note, args: []any{t.name, t.copied, done, before}, want: 1},
				step{text: t.insert(), rows: &chunk, want: chunk.rows})
		})
		chunk, bytes = table{}, 0
		c.progress("copied", t.name, t.copied)
		return err
	}
	err := c.source.read(ctx, step{text: t.read(), args: []any{t.copied}, each: func(r row) error {
		chunk.row()
		for i, col := range t.columns {
			bytes += chunk.add(r, i, col)
		}
		if chunk.rows < c.chunk && bytes < copyBytes {
			return nil
		}
		return put(false)
	}})
	if err != nil {
		return err
	}
	t.done = true
	return put(true)
}

// add takes a value of a row, and returns about how large it is.
func (t *table) add(r row, i int, c copiedColumn) (bytes int) {
	switch c.kind {
	case "bigint":
		t.int(r.int(i))
		bytes = 8
	case "boolean":
		t.flag(r.flag(i))
		bytes = 1
	default:
		s := r.text(i)
		t.text(s)
		bytes = len(s)
	}
	if c.nullable {
		t.flag(r.null(i))
	}
	return bytes
}

// advance puts the sequences beyond what is there, and has the planner look.
func (c *copying) advance(ctx context.Context) error {
	const drawn = `
SELECT table_name, column_name, substring(column_default FROM '''(.+)''')
FROM information_schema.columns WHERE table_schema = current_schema() AND column_default LIKE 'nextval(%'
ORDER BY table_name`
	var sequences [][3]string
	err := c.tx.run(ctx, step{text: drawn, each: func(r row) error {
		sequences = append(sequences, [3]string{r.text(0), r.text(1), r.text(2)})
		return nil
	}})
	if err != nil {
		return err
	}
	return c.transaction(ctx, func() error {
		for _, s := range sequences {
			if s[0] == "goose_db_version" {
				continue
			}
			set := `SELECT setval($1::text::regclass, MAX("` + s[1] + `")) FROM "` + s[0] + `" HAVING MAX("` + s[1] + `") > 0`
			if err := c.tx.run(ctx, step{text: set, args: []any{s[2]}, each: func(row) error { return nil }}); err != nil {
				return err
			}
		}
		return c.tx.run(ctx, step{text: "ANALYZE", want: -1})
	})
}

// finish lets the books be opened.
func (c *copying) finish(ctx context.Context) error {
	return c.transaction(ctx, func() error { return c.tx.run(ctx, step{text: `DELETE FROM copying`, want: len(c.tables)}) })
}
