package boxoffice

import (
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/fault"
)

const (
	// maxMinor bounds every amount: 10^12 minor units (contract.md §1).
	maxMinor = 1_000_000_000_000
	// maxScale is the most fraction digits any currency has.
	maxScale = 4
)

// An Amount is an exact decimal number as a partner sent it, before a currency
// says what its minor unit is. Floats never touch it.
type Amount struct {
	digits   int64 // the number without its point
	scale    int   // digits after the point, none of them a trailing zero
	beyond   bool  // larger in size than any currency allows
	negative bool
}

// ParseAmount reads a JSON number. It is judged by value: 50.00 and 5e1 are
// the same. More than four fraction digits are AmountInvalid, for no currency
// has them; range is judged by Minor.
func ParseAmount(number string) (Amount, error) {
	mantissa, exponent, hasExponent := cutAny(number, "eE")
	negative := strings.HasPrefix(mantissa, "-")
	mantissa = strings.TrimPrefix(mantissa, "-")
	whole, fraction, hasPoint := strings.Cut(mantissa, ".")
	if !digitsOnly(whole) || hasPoint && !digitsOnly(fraction) {
		return Amount{}, fault.AmountInvalid
	}
	shift := 0
	if hasExponent {
		size := strings.TrimLeft(exponent, "+-")
		if !digitsOnly(size) {
			return Amount{}, fault.AmountInvalid
		}
		// Past five digits an exponent decides alone, and must not overflow.
		size = strings.TrimLeft(size, "0")
		if len(size) > 5 {
			size = "99999"
		}
		shift, _ = strconv.Atoi("0" + size)
		if strings.HasPrefix(exponent, "-") {
			shift = -shift
		}
	}
	digits := strings.TrimLeft(whole+fraction, "0")
	scale := len(fraction) - shift
	for strings.HasSuffix(digits, "0") && scale > 0 {
		digits, scale = digits[:len(digits)-1], scale-1
	}
	switch {
	case digits == "":
		return Amount{}, nil // zero is good everywhere, whatever its sign
	case scale > maxScale:
		return Amount{}, fault.AmountInvalid
	case len(digits)-scale > 13:
		return Amount{beyond: true, negative: negative, scale: max(scale, 0)}, nil
	}
	if scale < 0 {
		digits, scale = digits+strings.Repeat("0", -scale), 0
	}
	value, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return Amount{}, fault.AmountInvalid
	}
	return Amount{digits: value, scale: scale, negative: negative}, nil
}

// Minor is the amount in minor units of a currency with the given number of
// fraction digits. More digits than that are AmountInvalid; a negative amount
// or one above 10^12 minor units is AmountRange.
func (a Amount) Minor(digits int) (int64, error) {
	switch {
	case a.scale > digits:
		return 0, fault.AmountInvalid
	case a.negative || a.beyond:
		return 0, fault.AmountRange
	}
	minor := a.digits
	for range digits - a.scale {
		minor *= 10
	}
	if minor > maxMinor {
		return 0, fault.AmountRange
	}
	return minor, nil
}

// optionalMinor is Minor for an amount that may be absent.
func optionalMinor(a *Amount, digits int) (*int64, error) {
	if a == nil {
		return nil, nil
	}
	minor, err := a.Minor(digits)
	if err != nil {
		return nil, err
	}
	return &minor, nil
}

// String is the canonical decimal form: equal amounts have equal strings.
func (a Amount) String() string {
	sign := ""
	if a.negative {
		sign = "-"
	}
	if a.beyond {
		return sign + "beyond"
	}
	return sign + FormatMinor(a.digits, a.scale)
}

// FormatMinor is the shortest decimal form of minor units: 104, 104.5.
func FormatMinor(minor int64, digits int) string {
	text := strconv.FormatInt(minor, 10)
	sign := ""
	if minor < 0 {
		sign, text = "-", text[1:]
	}
	if digits == 0 {
		return sign + text
	}
	if len(text) <= digits {
		text = strings.Repeat("0", digits-len(text)+1) + text
	}
	whole, fraction := text[:len(text)-digits], strings.TrimRight(text[len(text)-digits:], "0")
	if fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

func cutAny(s, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func digitsOnly(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
