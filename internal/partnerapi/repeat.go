package partnerapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A repetition is what a request says of its being sent again.
type repetition struct {
	requestID      string // "" unless it names this request and no other
	idempotencyKey string // "" where none was sent
}

// repetitionOf reads the headers of a call whose answer is kept. Only a UUID of
// version 4 counts as the name of a request, for a Request-ID may be any
// constant.
func repetitionOf(h http.Header) (repetition, error) {
	var r repetition
	if id := h.Get("Request-ID"); len(id) == len(uuid.UUID{}.String()) {
		if parsed, err := uuid.Parse(id); err == nil && parsed.Version() == 4 && parsed.Variant() == uuid.RFC4122 {
			r.requestID = parsed.String() // its letters in either case
		}
	}
	keys := h.Values("Idempotency-Key")
	if len(keys) == 0 {
		return r, nil
	}
	key, ok := idempotencyKey(keys[0])
	if !ok || len(keys) > 1 {
		return r, fault.IdempotencyKeyInvalid
	}
	r.idempotencyKey = key
	return r, nil
}

// maxIdempotencyKey is the length of the longest Idempotency-Key.
const maxIdempotencyKey = 128

// idempotencyKey reads a string of RFC 8941, or one that goes without quotes and
// then has no space, comma, semicolon or quote. "abc" and abc are one key.
func idempotencyKey(header string) (key string, ok bool) {
	key, quoted := strings.CutPrefix(header, `"`)
	if !quoted {
		return key, key != "" && len(key) <= maxIdempotencyKey && printable(key) && !strings.ContainsAny(key, ` ,;"`)
	}
	var plain strings.Builder
	for i := 0; i < len(key); i++ {
		switch key[i] {
		case '"':
			return plain.String(), i == len(key)-1 && 0 < plain.Len() && plain.Len() <= maxIdempotencyKey && printable(plain.String())
		case '\\':
			if i++; i == len(key) || key[i] != '"' && key[i] != '\\' {
				return "", false
			}
		}
		plain.WriteByte(key[i])
	}
	return "", false
}

// repeatOf tells the office how a call is known again. tell makes status and
// body of an answer; those that say that nothing succeeded are not kept. The
// body must have been decoded: what decode refuses has no canonical form.
func repeatOf[A any](c *call, tell func(A) (status int, body any)) boxoffice.Repeat[A] {
	if c.repetition == (repetition{}) {
		return boxoffice.Repeat[A]{}
	}
	asked := sha256.Sum256(append(canonical(c.body), c.URL.RawQuery...))
	return boxoffice.Repeat[A]{
		Path: c.URL.Path, RequestID: c.requestID, IdempotencyKey: c.idempotencyKey,
		Asked: base64.RawURLEncoding.EncodeToString(asked[:]),
		Words: func(answer A) []byte {
			status, body := tell(answer)
			if status >= http.StatusBadRequest {
				return nil
			}
			return words(status, body)
		},
	}
}

// words are an answer as it is kept: its status, a space and its body.
func words(status int, body any) []byte {
	text := bytes.NewBuffer(strconv.AppendInt(nil, int64(status), 10))
	text.WriteByte(' ')
	if err := json.MarshalWrite(text, body); err != nil {
		panic(fmt.Sprintf("an answer cannot be written: %v", err)) // nothing is done that could not be told
	}
	return text.Bytes()
}

// replay gives an answer again.
func replay(w *reply, r *http.Request, kept *boxoffice.Replay) error {
	code, body, _ := bytes.Cut(kept.Words, []byte(" "))
	status, err := strconv.Atoi(string(code))
	if err != nil {
		return fmt.Errorf("replay an answer: %w", err)
	}
	w.Header().Set("Idempotent-Replayed", "true")
	write(w, r, status, body)
	return nil
}

// canonical writes a body that was decoded in the one form that all bodies have
// that differ in white space, in the case, escapes or order of keys, in the escapes of
// strings, or in members that are null. Numbers stand as they were written.
func canonical(body []byte) []byte {
	form := &canonicalForm{in: jsontext.NewDecoder(bytes.NewBuffer(body)), out: make([]byte, 0, len(body))}
	form.value()
	return form.out
}

type canonicalForm struct {
	in  *jsontext.Decoder
	out []byte
}

// value copies one value. That it is JSON without duplicate keys is known: an
// error, which then comes again and again, ends it.
func (f *canonicalForm) value() {
	token, err := f.in.ReadToken()
	if err != nil {
		return
	}
	switch token.Kind() {
	case '{':
		f.object()
	case '[':
		f.out = append(f.out, '[')
		for f.in.PeekKind() != ']' && f.in.PeekKind() != 0 {
			f.value()
			f.out = append(f.out, ',')
		}
		_, _ = f.in.ReadToken()
		f.out = append(f.out, ']')
	case '"':
		f.out, _ = jsontext.AppendQuote(f.out, token.String())
	default:
		f.out = append(f.out, token.String()...)
	}
}

// object copies an object whose brace was read, its members in the order of
// their keys.
func (f *canonicalForm) object() {
	type member struct {
		key  string
		text []byte
	}
	var members []member
	start := len(f.out)
	for f.in.PeekKind() == '"' {
		token, err := f.in.ReadToken()
		if err != nil {
			break
		}
		key := token.String()
		if f.in.PeekKind() == 'n' {
			_ = f.in.SkipValue()
			continue
		}
		begin := len(f.out)
		f.value()
		members = append(members, member{key, bytes.Clone(f.out[begin:])})
	}
	_, _ = f.in.ReadToken()
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
	f.out = append(f.out[:start], '{')
	for _, m := range members {
		f.out, _ = jsontext.AppendQuote(f.out, m.key)
		f.out = append(append(append(f.out, ':'), m.text...), ',')
	}
	f.out = append(f.out, '}')
}
