package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxRecord bounds a line of CSV with what its quotes hold: a quote that nothing
// closes must not take the rest of a file into memory.
const maxRecord = 1 << 20

// A source is a file of a house as it was when it was checked: what is loaded must
// be what was checked.
type source struct {
	name     string // within the house's folder
	path     string
	size     int64
	modified time.Time
}

// newSource looks at a file.
func newSource(root, name string) (source, error) {
	path := filepath.Join(root, filepath.FromSlash(name))
	info, err := os.Stat(path)
	if err != nil {
		return source{}, err
	}
	if !info.Mode().IsRegular() {
		return source{}, fmt.Errorf("%s is no file", path)
	}
	return source{name, path, info.Size(), info.ModTime()}, nil
}

// open opens the file, which must not have changed.
func (s source) open() (io.ReadCloser, error) {
	file, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && (info.Size() != s.size || !info.ModTime().Equal(s.modified)) {
		err = fmt.Errorf("%s was changed while the house was read; begin again", s.path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// A counter counts what was read of a file.
type counter struct {
	io.Reader
	read int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += int64(n)
	return n, err
}

// errRecord ends a file whose line does not end.
var errRecord = errors.New("record too long")

// A bound ends a reader when nobody has taken a record for too long.
type bound struct {
	io.Reader
	left int
}

func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRecord
	}
	n, err := b.Reader.Read(p)
	b.left -= n
	return n, err
}

// A sheet is a CSV file on its way.
type sheet struct {
	source
	table  *Table
	report *Report
	in     *csv.Reader
	place  []int    // of the table's columns in the file, -1 where it lacks one
	record []string // the line
}

// bom is how some programs begin a text in UTF-8; those of UTF-16 are refused.
const bom = "\xef\xbb\xbf"

// rows reads a table from its header to its end and calls row for each line that
// has the right number of fields.
func (s source) rows(ctx context.Context, t *Table, report *Report, doing string, progress func(Progress), row func(*sheet)) (err error) {
	file, err := s.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	counted := &counter{Reader: file}
	var text io.Reader = counted
	if strings.HasSuffix(s.name, compressed) {
		if text, err = gzip.NewReader(counted); err != nil {
			report.add(s.name, 0, 0, "is not compressed with gzip, as its name says: %v", err)
			return nil
		}
	}
	buffered := bufio.NewReaderSize(text, 1<<16)
	if start, _ := buffered.Peek(len(bom)); string(start) == bom {
		_, _ = buffered.Discard(len(bom)) // it is there
	} else if bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) {
		report.add(s.name, 1, 1, "is UTF-16; save it as CSV in UTF-8")
		return nil
	}
	guard := &bound{buffered, maxRecord}
	sh := &sheet{source: s, table: t, report: report, in: csv.NewReader(guard)}
	sh.in.FieldsPerRecord, sh.in.ReuseRecord = -1, true
	rows, line := 0, 1
	for {
		record, err := sh.in.Read()
		guard.left = maxRecord
		if err == io.EOF {
			break
		}
		if err != nil {
			if stop, err := sh.unreadable(err, line); err != nil || stop {
				return err
			}
			continue
		}
		sh.record = record
		line, _ = sh.in.FieldPos(len(record) - 1)
		if sh.place == nil {
			if !sh.header() {
				return nil
			}
			continue
		}
		if rows++; rows%everyRows == 0 {
			progress(Progress{doing, s.name, rows, counted.read, s.size})
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if !sh.whole() {
			continue
		}
		row(sh)
	}
	if sh.place == nil {
		report.add(s.name, 1, 1, "is empty; its first line names the columns: %s", strings.Join(t.names(), ","))
	}
	progress(Progress{doing, s.name, rows, s.size, s.size})
	return nil
}

// unreadable tells what is no CSV; stop says that nothing can be read behind it.
func (s *sheet) unreadable(err error, line int) (stop bool, _ error) {
	wrong, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case errors.Is(err, errRecord):
		s.report.add(s.name, line+1, 1, "a line that begins here or soon after is longer than 1 MiB, most likely for a quote that nothing closes; the rest of the file was not looked at")
		return true, nil
	case !ok:
		if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
			s.report.add(s.name, line+1, 1, "the compressed file breaks off or is damaged: %v", err)
			return true, nil
		}
		return true, fmt.Errorf("read %s: %w", s.path, err)
	case errors.Is(err, csv.ErrBareQuote):
		s.report.add(s.name, wrong.Line, wrong.Column, `a quote stands in a field that does not begin with one; write the field in quotes and its own quotes twice, "so ""it"" goes"`)
	case wrong.StartLine != wrong.Line:
		s.report.add(s.name, wrong.StartLine, 1, "a quote that is opened on this line is not closed as it should be: the field goes on to line %d", wrong.Line)
	default:
		s.report.add(s.name, wrong.Line, wrong.Column, `a quote is not closed, or something follows it before the comma; a quote within a field is written twice`)
	}
	return false, nil
}

func (t *Table) names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// header finds the columns. What is unknown or missing is told.
func (s *sheet) header() bool {
	if len(s.record) == 1 && len(s.table.Columns) > 1 && strings.ContainsAny(s.record[0], ";\t") {
		s.report.add(s.name, 1, 1, "the columns are not separated by commas")
		return false
	}
	s.place = make([]int, len(s.table.Columns))
	for i := range s.place {
		s.place[i] = -1
	}
	good := true
	for i, name := range s.record {
		at := slices.IndexFunc(s.table.Columns, func(c Column) bool { return c.Name == strings.ToLower(strings.TrimSpace(name)) })
		line, column := s.position(i)
		switch {
		case at < 0:
			s.report.add(s.name, line, column, "there is no column %q; the columns are %s", name, strings.Join(s.table.names(), ","))
			good = false
		case s.place[at] >= 0:
			s.report.add(s.name, line, column, "the column %s is there twice", name)
			good = false
		default:
			s.place[at] = i
		}
	}
	for i, c := range s.table.Columns {
		if c.Required && s.place[i] < 0 {
			s.report.add(s.name, 1, 1, "the column %s is missing", c.Name)
			good = false
		}
	}
	return good
}

// whole reports whether the line has its fields, all of them text.
func (s *sheet) whole() bool {
	if len(s.record) != s.columns() {
		line, _ := s.in.FieldPos(0)
		s.report.add(s.name, line, 1, "the line has %d fields, and the first line of the file %d columns", len(s.record), s.columns())
		return false
	}
	for i, c := range s.table.Columns {
		switch text := s.text(i); {
		case text == "" && c.Required:
			s.bad(i, "is empty; it must hold %s", plain(c.Says))
			return false
		case !utf8.ValidString(text):
			s.bad(i, "is not UTF-8; save the file as CSV in UTF-8")
			return false
		}
	}
	return true
}

// plain is a column's description without its marks.
func plain(says string) string { return strings.ReplaceAll(says, "`", "") }

func (s *sheet) columns() int {
	n := 0
	for _, at := range s.place {
		if at >= 0 {
			n++
		}
	}
	return n
}

// text is the field of a column of the table, "" where the file has none.
func (s *sheet) text(column int) string {
	if at := s.place[column]; at >= 0 {
		return s.record[at]
	}
	return ""
}

// position is where a field begins, in characters.
func (s *sheet) position(field int) (line, column int) {
	line, column = s.in.FieldPos(field)
	for i := field - 1; i >= 0; i-- {
		before, _ := s.in.FieldPos(i)
		if before != line {
			break
		}
		column -= len(s.record[i]) - utf8.RuneCountInString(s.record[i])
	}
	return line, column
}

// bad tells what is wrong with a field.
func (s *sheet) bad(column int, format string, args ...any) {
	line, at := 0, 1
	if place := s.place[column]; place >= 0 {
		line, at = s.position(place)
	} else {
		line, _ = s.in.FieldPos(0)
	}
	s.report.add(s.name, line, at, "%s %s", s.table.Columns[column].Name, fmt.Sprintf(format, args...))
}

// sources are a table's files: NAME.csv and NAME.csv.gz, and for tickets the files
// of their folder.
func sources(root, folder string, t *Table) ([]source, error) {
	var names []string
	for _, name := range []string{t.Name + ".csv", t.Name + ".csv" + compressed} {
		names = append(names, folder+name)
	}
	if t.Name == tickets.Name {
		entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder), ticketFolder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries { // in the order of their names
			if isTable(e.Name()) {
				names = append(names, folder+ticketFolder+"/"+e.Name())
			}
		}
	}
	var found []source
	for _, name := range names {
		s, err := newSource(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, nil
}

func isTable(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(name, compressed), ".csv") && !strings.HasPrefix(name, ".")
}
