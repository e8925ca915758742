package partnerapi

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/fault"
)

// maxDepth is how deep JSON may nest.
const maxDepth = 16

// lowerKeys lowers the ASCII letters of all object keys in place, so that the
// JSON library matches them exactly and finds the duplicates: its own
// case-insensitive match drops hyphens and underscores too, and finds no
// duplicates among unknown keys. On the way it refuses NUL and what nests too
// deep. Text that is not JSON is left for the library to refuse.
func lowerKeys(text []byte) error {
	var (
		objects uint32 // bit d: level d is an object
		depth   int
		key     bool // the next string is a key
	)
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
				return fault.Malformed.Saying(fmt.Sprintf("the body nests deeper than %d levels", maxDepth))
			}
			objects &^= 1 << depth
			if key = text[i] == '{'; key {
				objects |= 1 << depth
			}
		case '}', ']':
			depth, key = max(0, depth-1), false
		case ',':
			key = objects&(1<<depth) != 0
		case '"':
			end, err := closingQuote(text, i)
			if err != nil {
				return err
			}
			if key {
				lowerKey(text[i:min(end+1, len(text))])
			}
			i, key = end, false
		}
	}
	return nil
}

// closingQuote is where the string that opens at i ends, len(text) when it does not.
func closingQuote(text []byte, i int) (int, error) {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i, nil
		case '\\':
			if bytes.HasPrefix(text[i+1:], []byte("u0000")) {
				return 0, fault.Malformed.Saying("a string holds the character NUL")
			}
			i++
		}
	}
	return len(text), nil
}

// lowerKey lowers a key with its quotes. One with escapes gets shorter when they
// are resolved; the space that is left stands between the key and its colon.
func lowerKey(quoted []byte) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		lowerASCII(quoted)
		return
	}
	plain, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return
	}
	lowerASCII(plain)
	again, err := jsontext.AppendQuote(nil, plain)
	if err != nil || len(again) > len(quoted) {
		return
	}
	n := copy(quoted, again)
	copy(quoted[n:], bytes.Repeat([]byte(" "), len(quoted)-n))
}

func lowerASCII(text []byte) {
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			text[i] = c + 'a' - 'A'
		}
	}
}
