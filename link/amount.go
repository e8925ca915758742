package link

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// An Amount is an exact decimal number of a currency. Two amounts of one value
// are equal by ==; the zero Amount is 0.
type Amount struct {
	units    int64 // has no factor 10 that digits could have less for
	fraction uint8 // how many digits of units are behind the point
}

// ErrAmount is what a text that is no amount is refused with, and a sum that is
// too large for one.
var ErrAmount = errors.New("link: not an amount: a decimal number of up to 18 digits")

// maxDigits is how many digits an amount may have, before and behind the point
// together. The contract ends at 13, and currencies have up to 4 behind it.
const maxDigits = 18

// Minor is an amount of minor units: Minor(10450, 2) is 104.50. It panics when
// digits, which is how many of them the currency has, is not 0 to 18.
func Minor(units int64, digits int) Amount {
	if digits < 0 || digits > maxDigits {
		panic(fmt.Sprintf("link.Minor: %d fraction digits", digits))
	}
	for digits > 0 && units%10 == 0 {
		units /= 10
		digits--
	}
	return Amount{units, uint8(digits)}
}

// ParseAmount reads a decimal number as JSON has them: 104, 104.50, 5e1.
func ParseAmount(text string) (Amount, error) {
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(text), "e")
	shift := 0
	if scientific {
		var err error
		if shift, err = strconv.Atoi(exponent); err != nil || max(shift, -shift) > 2*maxDigits {
			return Amount{}, ErrAmount
		}
	}
	whole, behind, pointed := strings.Cut(mantissa, ".")
	whole, negative := strings.CutPrefix(whole, "-")
	digits := whole + behind
	if whole == "" || pointed && behind == "" || strings.Trim(digits, "0123456789") != "" {
		return Amount{}, ErrAmount
	}
	fraction := len(behind) - shift
	for fraction > 0 && strings.HasSuffix(digits, "0") {
		digits = digits[:len(digits)-1]
		fraction--
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return Amount{}, nil
	}
	if fraction < 0 {
		digits, fraction = digits+strings.Repeat("0", -fraction), 0
	}
	if len(digits) > maxDigits || fraction > maxDigits {
		return Amount{}, ErrAmount
	}
	units, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return Amount{}, ErrAmount
	}
	if negative {
		units = -units
	}
	return Minor(units, fraction), nil
}

// Minor is the amount in minor units of a currency with so many fraction digits.
// An amount with more of them is ErrAmount: nothing is rounded.
func (a Amount) Minor(digits int) (int64, error) {
	if digits < int(a.fraction) || digits > maxDigits {
		return 0, ErrAmount
	}
	units := a.scaled(digits)
	if !units.IsInt64() {
		return 0, ErrAmount
	}
	return units.Int64(), nil
}

// scaled is the amount times 10 to the power of digits, which are enough for it.
func (a Amount) scaled(digits int) *big.Int {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits-int(a.fraction))), nil)
	return power.Mul(power, big.NewInt(a.units))
}

// Sum adds amounts. ErrAmount is a sum of more than 18 digits.
func Sum(amounts ...Amount) (Amount, error) {
	digits := 0
	for _, a := range amounts {
		digits = max(digits, int(a.fraction))
	}
	total := new(big.Int)
	for _, a := range amounts {
		total.Add(total, a.scaled(digits))
	}
	return ParseAmount(total.String() + "e-" + strconv.Itoa(digits))
}

// Compare is -1 when a is less than b, 0 when they are equal, and +1 when it is more.
func (a Amount) Compare(b Amount) int {
	digits := int(max(a.fraction, b.fraction))
	return cmp.Compare(a.scaled(digits).Cmp(b.scaled(digits)), 0)
}

// String is the shortest form: 104, 104.5.
func (a Amount) String() string {
	text := strconv.FormatInt(a.units, 10)
	if a.fraction == 0 {
		return text
	}
	sign := ""
	if a.units < 0 {
		sign, text = "-", text[1:]
	}
	for len(text) <= int(a.fraction) {
		text = "0" + text
	}
	point := len(text) - int(a.fraction)
	return sign + text[:point] + "." + text[point:]
}

// MarshalJSON writes the number.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON reads a number, never by way of a float. A string is refused, as
// the contract does.
func (a *Amount) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	amount, err := ParseAmount(string(text))
	if err == nil {
		*a = amount
	}
	return err
}
