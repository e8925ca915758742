package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

// namedSeat reads SECTION/ROW or SECTION/ROW/SEATS.
func namedSeat(at, text string, parts int) (operatorapi.VenueSeat, error) {
	form := "SECTION/ROW"
	if parts == 3 {
		form = "SECTION/ROW/SEATS, such as U:100/5/1-8"
	}
	names := strings.SplitN(text, "/", parts)
	if len(names) != parts || slices.Contains(names, "") {
		return operatorapi.VenueSeat{}, fmt.Errorf("%s: it is %s", at, form)
	}
	return operatorapi.VenueSeat{Section: names[0], Row: names[1], Seats: strings.Join(names[2:], ""), At: at}, nil
}

// maxFileRows is more seats than any house has: a file with more is another file.
const maxFileRows = 250_000

// readSeats reads a CSV file row by row. Its first line names the columns, in any
// order; each wrong place is told by line and column, up to maxWrongs of them.
func readSeats(path string, columns []string, each func(at string, row []string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	name := filepath.Base(path)
	text := bufio.NewReader(file)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = text.Discard(len(mark)) // it is there
	}
	reader := csv.NewReader(text)
	reader.ReuseRecord, reader.FieldsPerRecord = true, -1
	places, width, err := seatColumns(name, reader, columns)
	if err != nil {
		return err
	}
	var wrongs []error
	rows, found := 0, make([]string, len(columns))
	for len(wrongs) < maxWrongs {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return wrongCSV(name, err)
		}
		line, _ := reader.FieldPos(0)
		if len(record) != width {
			wrongs = append(wrongs, fmt.Errorf("%s:%d:1: the line has %d columns, and the first one %d", name, line, len(record), width))
			continue
		}
		whole := true
		for i, place := range places {
			if found[i] = strings.TrimSpace(record[place]); found[i] == "" {
				_, column := reader.FieldPos(place)
				wrongs = append(wrongs, fmt.Errorf("%s:%d:%d: %s is missing", name, line, column, columns[i]))
				whole = false
			}
		}
		if rows++; rows > maxFileRows {
			return fmt.Errorf("%s:%d:1: a file has up to %d seats", name, line, maxFileRows)
		}
		if whole {
			each(fmt.Sprintf("%s:%d", name, line), slices.Clone(found))
		}
	}
	if len(wrongs) > 0 {
		return errors.Join(wrongs...)
	}
	if rows == 0 {
		return fmt.Errorf("%s: it names no seats", name)
	}
	return nil
}

// maxWrongs is how many wrong places a file tells.
const maxWrongs = 20

// seatColumns finds the columns by the first line.
func seatColumns(name string, reader *csv.Reader, columns []string) (places []int, width int, err error) {
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, 0, fmt.Errorf("%s: the file is empty; its first line names the columns %s", name, strings.Join(columns, ", "))
	}
	if err != nil {
		return nil, 0, wrongCSV(name, err)
	}
	for i, title := range header {
		if !slices.Contains(columns, strings.TrimSpace(title)) {
			_, column := reader.FieldPos(i)
			return nil, 0, fmt.Errorf("%s:1:%d: there is no column %q; the columns are %s", name, column, printable(title), strings.Join(columns, ", "))
		}
	}
	for _, column := range columns {
		place := slices.IndexFunc(header, func(title string) bool { return strings.TrimSpace(title) == column })
		if place < 0 {
			return nil, 0, fmt.Errorf("%s:1:1: the column %s is missing; the columns are %s", name, column, strings.Join(columns, ", "))
		}
		places = append(places, place)
	}
	return places, len(header), nil
}

// wrongCSV tells where a file is no CSV.
func wrongCSV(name string, err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("%s:%d:%d: %w", name, parse.Line, parse.Column, parse.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}
