package house

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// alphabet is what tokens are written in, ascending as text is compared; I, L,
// O and U are left out.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// A stream of random numbers belongs to one purpose of one house, so that a
// change of one part of the house leaves the others as they are.
func stream(seed uint64, purpose string) *rand.Rand {
	key := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(purpose+"\x00"), seed))
	return rand.New(rand.NewChaCha8(key)) //nolint:gosec // the same seed must make the same house, and nothing in it is secret
}

// distinct draws numbers below limit until all of them differ, which they do at
// once but for one time in thousands. sorted gets them ascending; it may be
// drawn itself.
func distinct(r *rand.Rand, drawn, sorted []uint64, limit uint64) {
	for {
		for i := range drawn {
			drawn[i] = r.Uint64N(limit)
		}
		copy(sorted, drawn)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) == len(drawn) {
			return
		}
	}
}

// tokenRange is the numbers from which the n-th of so many events draws its
// tokens. As the events follow each other without overlap, tokens are unique in
// the organization, and a load writes all its keys in ascending order, which is
// what B-trees like best.
func tokenRange(n, events int) (from, width uint64) {
	width = math.MaxUint64 / uint64(events)
	return uint64(n) * width, width
}

// tokenLength is the characters after the organization's id: 64 bits that order
// them and 6 more.
const tokenLength = 14

// appendToken writes 70 bits, of which last has the lowest six.
func appendToken(text []byte, first uint64, last uint8) []byte {
	for shift := 59; shift > 0; shift -= 5 {
		text = append(text, alphabet[first>>shift&31])
	}
	return append(text, alphabet[first<<1&31|uint64(last>>5&1)], alphabet[last&31])
}

const (
	barcodeLength = 13 // digits after the organization's id
	barcodeLimit  = 10_000_000_000_000
)

// appendBarcode writes exactly barcodeLength digits.
func appendBarcode(text []byte, number uint64) []byte {
	var digits [barcodeLength]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + number%10)
		number /= 10
	}
	return append(text, digits[:]...)
}

// word is n random characters of an alphabet of 64.
func word(r *rand.Rand, n int) string {
	const urlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	text := make([]byte, n)
	for i := range text {
		text[i] = urlSafe[r.IntN(len(urlSafe))]
	}
	return string(text)
}
