package partnerapi

import (
	"fmt"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// The limits of lists (contract.md §1, Limits), all elements of a body together.
const (
	maxTokens   = 500
	maxBarcodes = 100
	maxPrinted  = 30
	maxElement  = 20 // of complete-order's listing
)

// maxTicketName is the length of the longest token or barcode there can be.
const maxTicketName = 64

// exists reports whether s can name a ticket. What cannot is answered as a
// ticket that does not exist, and the books are not asked.
func exists(s string) bool {
	return len(s) <= maxTicketName && printable(s)
}

// split takes the elements out whose tokens no ticket can have, and refuses them.
func split[T any](asked []T, token func(T) boxoffice.Token) (possible []T, refused []boxoffice.Refusal) {
	for i, one := range asked {
		t := token(one)
		switch {
		case exists(string(t)):
			if refused != nil {
				possible = append(possible, one)
			}
		default:
			if refused == nil {
				possible = append(possible, asked[:i]...)
			}
			refused = append(refused, boxoffice.Refusal{Token: t, Reason: fault.TokenUnknown})
		}
	}
	if refused == nil {
		return asked, nil
	}
	return possible, refused
}

func itself(t boxoffice.Token) boxoffice.Token { return t }

// distinct checks a list of tokens or barcodes and leaves out what was named
// before, in this list or in those that seen knows.
func distinct[T ~string](asked []string, seen map[T]bool, path at, field string) ([]T, error) {
	named := make([]T, 0, len(asked))
	for i, s := range asked {
		if err := required(s, maxString, func(field string) string { return fmt.Sprintf("%s[%d]", path(field), i) }, field); err != nil {
			return nil, err
		}
		if name := T(s); !seen[name] {
			seen[name] = true
			named = append(named, name)
		}
	}
	return named, nil
}
