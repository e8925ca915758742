package sqlstore

import (
	"fmt"
	"strings"
	"sync"
)

// A dialect expands the marks of the one SQL text (docs/adr/0003):
//
//	{in $1}                         the column is one of a list of texts
//	{rows $2 name type, …} AS r     a table of given rows; its columns are the
//	                                parameters from $2 on. Types: text, bigint, boolean
//	{from $2 name type, …}          FROM that table, for the statements that run for every
//	                                ticket: its columns are written {.name}
//	{clock}                         the clock in microseconds; 0 where engine.clock tells it
//	{lock}                          keep the rows until the commit
//	{skip}                          the same, leaving out those that somebody else keeps
//
// PostgreSQL takes the rows at once, a list a column. SQLite, which runs in this
// process, steps one prepared statement over them: that costs a quarter of
// handing it the rows as JSON. For {from} it needs no table at all.
type dialect struct {
	in, lock, skip string
	clock          string
	parameter      string // the sign before a parameter's number
	rows           func(first int, columns []column) string
	// inline is true where the columns of {from} are parameters by themselves.
	inline   bool
	expanded sync.Map // common text to its own
}

// A column is a name and a type of {rows}.
type column struct{ name, kind string }

func newSQLiteDialect() *dialect {
	return &dialect{
		in: "IN (SELECT value FROM json_each(%))", clock: "0",
		// SQLite counts $n by first appearance and ?n by its number.
		parameter: "?", inline: true,
		rows: func(first int, columns []column) string {
			parts := make([]string, len(columns))
			for i, c := range columns {
				parts[i] = fmt.Sprintf("$%d AS %s", first+i, c.name)
			}
			return "(SELECT " + strings.Join(parts, ", ") + ") AS r"
		},
	}
}

func newPostgresDialect() *dialect {
	return &dialect{
		in: "= ANY(%::text[])", lock: rowLock, skip: "FOR NO KEY UPDATE SKIP LOCKED", parameter: "$",
		clock: postgresClock,
		rows: func(first int, columns []column) string {
			lists, names := make([]string, len(columns)), make([]string, len(columns))
			for i, c := range columns {
				lists[i], names[i] = fmt.Sprintf("$%d::%s[]", first+i, c.kind), c.name
			}
			return "unnest(" + strings.Join(lists, ", ") + ") AS r(" + strings.Join(names, ", ") + ")"
		},
	}
}

// expand turns the common text into the dialect's, once for each text.
func (d *dialect) expand(text string) string {
	if done, ok := d.expanded.Load(text); ok {
		return done.(string)
	}
	own := text
	if savesBlindly {
		own = strings.ReplaceAll(own, "AND ticket.version = {.loaded}", "")
	}
	given := map[string]string{} // the columns of {from}
	if _, argument, ok := strings.Cut(text, "{from "); ok {
		argument, _, _ = strings.Cut(argument, "}")
		first, columns := parseRows(argument)
		for i, c := range columns {
			if given[c.name] = "r." + c.name; d.inline {
				given[c.name] = fmt.Sprintf("$%d", first+i)
			}
		}
	}
	var out strings.Builder
	for rest := own; rest != ""; {
		before, mark, found := strings.Cut(rest, "{")
		out.WriteString(before)
		if !found {
			break
		}
		mark, rest, _ = strings.Cut(mark, "}")
		name, argument, _ := strings.Cut(mark, " ")
		out.WriteString(d.mark(name, argument, given))
	}
	done := strings.ReplaceAll(out.String(), "$", d.parameter)
	d.expanded.Store(text, done)
	return done
}

// mark is what one mark stands for.
func (d *dialect) mark(name, argument string, given map[string]string) string {
	switch {
	case name == "in":
		return strings.ReplaceAll(d.in, "%", argument)
	case name == "rows":
		return d.rows(parseRows(argument))
	case name == "from" && d.inline:
		return ""
	case name == "from":
		return "FROM " + d.rows(parseRows(argument))
	case name == "clock":
		return d.clock
	case name == "lock":
		return d.lock
	case name == "skip":
		return d.skip
	case given[strings.TrimPrefix(name, ".")] != "":
		return given[strings.TrimPrefix(name, ".")]
	}
	panic("unknown mark in SQL: {" + name + "}")
}

// parseRows reads "$2 name type, name type".
func parseRows(argument string) (first int, columns []column) {
	number, list, _ := strings.Cut(argument, " ")
	if _, err := fmt.Sscanf(number, "$%d", &first); err != nil {
		panic("{rows} begins with the first parameter, not " + number)
	}
	for one := range strings.SplitSeq(list, ",") {
		var c column
		if _, err := fmt.Sscan(one, &c.name, &c.kind); err != nil {
			panic("a column of {rows} is a name and a type, not " + one)
		}
		columns = append(columns, c)
	}
	return first, columns
}

// A table is what {rows} stands for, column by column.
type table struct {
	columns []list
	rows    int
	next    int // the column that the next value belongs to
	room    int // of a column, at first
}

// A list is one column's values: texts, integers or flags.
type list struct {
	texts []string
	ints  []int64
	flags []bool
}

// expect makes room for so many rows.
func (t *table) expect(rows int) { t.room = max(t.room, rows) }

// row begins the next row; its values follow in the order of the columns.
func (t *table) row() *table {
	t.rows++
	t.next = 0
	return t
}

func (t *table) column() *list {
	if t.next == len(t.columns) {
		t.columns = append(t.columns, list{})
	}
	t.next++
	return &t.columns[t.next-1]
}

func (t *table) text(s string) *table {
	c := t.column()
	if c.texts == nil && t.room > 0 {
		c.texts = make([]string, 0, t.room)
	}
	c.texts = append(c.texts, s)
	return t
}

func (t *table) int(n int64) *table {
	c := t.column()
	if c.ints == nil && t.room > 0 {
		c.ints = make([]int64, 0, t.room)
	}
	c.ints = append(c.ints, n)
	return t
}

func (t *table) flag(b bool) *table {
	c := t.column()
	c.flags = append(c.flags, b)
	return t
}
