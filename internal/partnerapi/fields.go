package partnerapi

import (
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// maxElements is the length of the longest list of the contract: there is no
// use in reading on.
const maxElements = 500

// usualElements is as long as most lists are: seats that are bought together.
const usualElements = 4

// A list is an array that is read only as far as any list may be long.
type list[T any] []T

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *list[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case 'n':
		return dec.SkipValue()
	case '[':
	default:
		return json.UnmarshalDecode(dec, (*[]T)(l)) // for its error
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	*l = make(list[T], 0, usualElements)
	for dec.PeekKind() != ']' {
		if len(*l) == maxElements {
			return about(fault.BatchSize, fieldPath(dec.StackPointer().Parent()), fmt.Sprintf("the list is longer than %d", maxElements))
		}
		var zero T
		*l = append(*l, zero)
		if err := json.UnmarshalDecode(dec, &(*l)[len(*l)-1]); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// A oneOrMany is a list that may come as its only element: the publication shows
// some fields both as object and as array (contract.md §1, Strictness).
type oneOrMany[T any] []T

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *oneOrMany[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		return (*list[T])(l).UnmarshalJSONFrom(dec)
	}
	*l = make([]T, 1)
	return json.UnmarshalDecode(dec, &(*l)[0])
}

// An amount is a JSON number as it was written.
type amount boxoffice.Amount

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (a *amount) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	text, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if text.Kind() != '0' {
		return about(fault.AmountInvalid, fieldPath(dec.StackPointer()), "an amount is a JSON number, and there stands "+kindOf(text.Kind()))
	}
	parsed, err := boxoffice.ParseAmount(string(text))
	if err != nil {
		return named(err, fieldPath(dec.StackPointer()))
	}
	*a = amount(parsed)
	return nil
}

// The limits of strings (contract.md §1, Limits). Ids are short enough for the
// books (design.md §3).
const (
	maxString      = 1 << 10 // bytes
	maxID          = 128     // bytes
	maxName        = 128     // characters
	maxAddressLine = 256     // characters
)

// An at spells the path of a field, once something is wrong with it.
type at func(field string) string

// top is the at of a body's own fields.
func top(field string) string { return field }

// required refuses an id that is absent, empty or of too many bytes.
func required(value string, limit int, path at, field string) error {
	if value == "" {
		return named(fault.FieldRequired, path(field))
	}
	return within(value, limit, path, field)
}

// present refuses a field that is absent.
func present[T any](value *T, path at, field string) error {
	if value == nil {
		return named(fault.FieldRequired, path(field))
	}
	return nil
}

// within refuses a string of too many bytes.
func within(value string, limit int, path at, field string) error {
	if len(value) > limit {
		return about(fault.FieldTooLong, path(field), fmt.Sprintf("longer than %d bytes", limit))
	}
	return nil
}

// withinCharacters refuses a string of too many characters.
func withinCharacters(value string, limit int, path at, field string) error {
	if len(value) > limit && utf8.RuneCountInString(value) > limit {
		return about(fault.FieldTooLong, path(field), fmt.Sprintf("longer than %d characters", limit))
	}
	return nil
}

// sized refuses a list that is empty or longer than its limit.
func sized(n, limit int, path string) error {
	switch {
	case n == 0:
		return about(fault.BatchSize, path, "the list is empty")
	case n > limit:
		return about(fault.BatchSize, path, fmt.Sprintf("%d where at most %d are taken", n, limit))
	}
	return nil
}

// counted refuses a list that is absent, empty or longer than its limit.
func counted[T any](elements []T, limit int, path at, field string) error {
	if elements == nil {
		return named(fault.FieldRequired, path(field))
	}
	if n := len(elements); n == 0 || n > limit {
		return sized(n, limit, path(field))
	}
	return nil // without spelling a path that nobody reads
}

// first is the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
