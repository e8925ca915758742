package link

import (
	"bytes"
	"encoding/json"
)

// A Many is a list that may also come as its only element, where the publication
// shows both. It is written as a list. A []T is assignable to it.
type Many[T any] []T

// UnmarshalJSON reads a list or one element.
func (m *Many[T]) UnmarshalJSON(text []byte) error {
	if text = bytes.TrimSpace(text); len(text) > 0 && text[0] == '{' {
		var one T
		err := json.Unmarshal(text, &one)
		*m = Many[T]{one}
		return err
	}
	return json.Unmarshal(text, (*[]T)(m))
}

// sole is the only element of a list, or the zero value of none.
func (m Many[T]) sole() (one T) {
	if len(m) > 0 {
		one = m[0]
	}
	return one
}

// A Word is a text that may come as a number, where the publication shows both:
// a row, a seat. It is written as a text.
type Word string

// UnmarshalJSON reads a string, or a number as it was written.
func (w *Word) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, (*string)(w))
	}
	var number json.Number
	if err := json.Unmarshal(text, &number); err != nil {
		return err
	}
	*w = Word(number)
	return nil
}

// A Secret is a credential. Printing it does not show it; JSON does, for it must
// be kept somewhere.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(secret)"
}

// GoString hides it from %#v.
func (s Secret) GoString() string { return "link.Secret(" + s.String() + ")" }
