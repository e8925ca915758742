package main

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A digest is the state of an installation: of each table a hash over its rows.
type digest map[string]string

// apart are tables that say nothing of the trade or of partners: what the store
// notes for itself, in part a moment after the commit, and mails, which go out a
// moment after. Every other table counts, whoever adds it.
var apart = []string{"goose_db_version", "installation", "head", "series", "batch", "mail"}

// stateOf looks at all tables of a database, as long as nobody writes.
func stateOf(tb testing.TB, books *sql.DB, db string) digest {
	tb.Helper()
	tables := `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`
	if strings.HasPrefix(db, "sqlite:") {
		tables = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	}
	var names []string
	query(tb, books, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	}, tables)
	d := digest{}
	for _, name := range names {
		if !slices.Contains(apart, name) {
			d[name] = rowsHash(tb, books, name)
		}
	}
	if d["ticket"] == "" || d["family"] == "" || d["journal"] == "" {
		tb.Fatalf("the digest is of %v: that is no installation", names)
	}
	return d
}

// rowsHash is the same for the same rows in any order.
func rowsHash(tb testing.TB, books *sql.DB, table string) string {
	tb.Helper()
	all := `SELECT * FROM ` + table
	if table == "task" {
		all += ` WHERE kind <> 'mail'`
	}
	rows, err := books.QueryContext(tb.Context(), all)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		tb.Fatal(err)
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var texts []string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, fmt.Sprintf("%#v", values))
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	slices.Sort(texts)
	sum := sha256.Sum256([]byte(strings.Join(texts, "\n")))
	return hex.EncodeToString(sum[:])
}

// changed are the tables in which two states differ.
func (d digest) changed(other digest) []string {
	var names []string
	for name := range maps.Keys(d) {
		if d[name] != other[name] {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, cmp.Compare)
	return names
}
