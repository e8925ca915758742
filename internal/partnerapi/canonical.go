package partnerapi

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// canonical writes a body that was decoded in the one form that all bodies have
// that differ in white space, in the case, escapes or order of keys, in the escapes
// of strings, or in members that are null. Numbers stand as they were written. It
// is made to be hashed, not to be read: there is a comma behind every element.
//
// Each request whose answer is kept comes through here, so it goes over the
// bytes by itself: decode has made sure that they are JSON, without duplicates.
func canonical(body []byte) []byte {
	f := &canonicalForm{in: body, out: make([]byte, 0, len(body)+len(body)/8)}
	f.value()
	return f.out
}

type canonicalForm struct {
	in  []byte
	at  int // in it
	out []byte
}

// next skips white space and returns what comes then.
func (f *canonicalForm) next() byte {
	for {
		switch c := f.in[f.at]; c {
		case ' ', '\t', '\n', '\r':
			f.at++
		default:
			return c
		}
	}
}

func (f *canonicalForm) value() {
	switch f.next() {
	case '{':
		f.object()
	case '[':
		f.out = append(f.out, '[')
		f.at++
		for c := f.next(); c != ']'; c = f.next() {
			if c == ',' {
				f.at++
			}
			f.value()
			f.out = append(f.out, ',')
		}
		f.out = append(f.out, ']')
		f.at++
	case '"':
		f.text()
	default: // a number or a word
		end := bytes.IndexAny(f.in[f.at:], ",]} \t\n\r")
		if end < 0 {
			end = len(f.in) - f.at
		}
		f.out = append(f.out, f.in[f.at:f.at+end]...)
		f.at += end
	}
}

// text copies a string. One without escapes is in its only form.
func (f *canonicalForm) text() {
	end, _ := closingQuote(f.in, f.at) // it tells of NUL, which decode refused
	quoted := f.in[f.at : end+1]
	f.at = end + 1
	if bytes.IndexByte(quoted, '\\') >= 0 {
		plain, _ := jsontext.AppendUnquote(nil, quoted)
		quoted, _ = jsontext.AppendQuote(nil, plain)
	}
	f.out = append(f.out, quoted...)
}

// A span is where a member stands in the output, its key first.
type span struct{ from, value, end int }

// object copies an object with its members in the order of their keys.
func (f *canonicalForm) object() {
	var few [16]span
	members := few[:0]
	f.out = append(f.out, '{')
	begin := len(f.out)
	f.at++
	for c := f.next(); c != '}'; c = f.next() {
		if c == ',' {
			f.at++
			f.next()
		}
		m := span{from: len(f.out)}
		f.text()
		m.value = len(f.out)
		f.next()
		f.at++ // the colon
		if f.next() == 'n' {
			f.at += len("null")
			f.out = f.out[:m.from]
			continue
		}
		f.value()
		f.out = append(f.out, ',')
		m.end = len(f.out)
		members = append(members, m)
	}
	f.at++
	byKey := func(a, b span) int { return bytes.Compare(f.out[a.from:a.value], f.out[b.from:b.value]) }
	if !slices.IsSortedFunc(members, byKey) {
		slices.SortFunc(members, byKey)
		sorted := make([]byte, 0, len(f.out)-begin)
		for _, m := range members {
			sorted = append(sorted, f.out[m.from:m.end]...)
		}
		copy(f.out[begin:], sorted)
	}
	f.out = append(f.out, '}')
}
