package files

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDocument bounds a JSON file, which is read whole.
const maxDocument = 64 << 20

// A document is a JSON file on its way.
type document struct {
	source
	report *Report
	text   []byte
}

// readDocument reads a JSON file into v, which must know all that is in it. false
// says that it told what is wrong.
func readDocument(s source, report *Report, v any) (*document, bool, error) {
	if s.size > maxDocument {
		report.add(s.name, 0, 0, "has %d MiB; at most %d are allowed", s.size>>20, maxDocument>>20)
		return nil, false, nil
	}
	file, err := s.open()
	if err != nil {
		return nil, false, err
	}
	d := &document{source: s, report: report}
	d.text, err = io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, false, err
	}
	d.text = bytes.TrimPrefix(d.text, []byte(bom))
	err = json.Unmarshal(d.text, v, json.RejectUnknownMembers(true))
	if err == nil {
		return d, true, nil
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		says := "is no JSON: " + syntax.Err.Error()
		if errors.Is(err, jsontext.ErrDuplicateName) {
			says = strconv.Quote(syntax.JSONPointer.LastToken()) + " is there twice"
		}
		d.bad(int(syntax.ByteOffset), "%s", says)
		return d, false, nil
	}
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		line, column := d.place(int(wrong.ByteOffset))
		if at, ok := d.find(wrong.JSONPointer); ok {
			line, column = d.place(at)
		}
		if errors.Is(err, json.ErrUnknownName) {
			report.add(s.name, line, column, "there is no field %q here", wrong.JSONPointer.LastToken())
		} else {
			report.add(s.name, line, column, "%s is of a kind or size that is not allowed here: %s", wrong.JSONPointer, kindOf(wrong))
		}
		return d, false, nil
	}
	return d, false, err
}

func kindOf(wrong *json.SemanticError) string {
	switch wrong.JSONKind {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 'n':
		return "null"
	}
	return "this"
}

// bad tells what is wrong at an offset.
func (d *document) bad(offset int, format string, args ...any) {
	line, column := d.place(offset)
	d.report.add(d.name, line, column, format, args...)
}

// at tells what is wrong with what a JSON pointer names. What is not there is
// wrong at its beginning.
func (d *document) at(pointer, format string, args ...any) {
	if len(d.report.Problems) == maxProblems { // looking for the place would be in vain
		d.report.More++
		return
	}
	offset, _ := d.find(jsontext.Pointer(pointer))
	d.bad(offset, format, args...)
}

// place is the line and the column of an offset, in characters.
func (d *document) place(offset int) (line, column int) {
	before := string(d.text[:min(max(offset, 0), len(d.text))])
	line = strings.Count(before, "\n") + 1
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// find is where the name or the element that a pointer names begins.
func (d *document) find(pointer jsontext.Pointer) (offset int, ok bool) {
	in := jsontext.NewDecoder(strings.NewReader(string(d.text)))
	for {
		before := int(in.InputOffset())
		if _, err := in.ReadToken(); err != nil {
			return 0, false
		}
		if in.StackPointer() == pointer {
			for before < len(d.text) && strings.IndexByte(" \t\r\n,:", d.text[before]) >= 0 {
				before++
			}
			return before, true
		}
	}
}
