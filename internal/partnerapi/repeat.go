package partnerapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
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
	if id := h.Get(headerRequestID); len(id) == len(uuid.UUID{}.String()) {
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
	var body []byte
	if len(c.body) > 0 {
		body = canonical(c.body)
	}
	asked := sha256.Sum256(append(body, c.URL.RawQuery...))
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
