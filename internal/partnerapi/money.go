package partnerapi

import (
	"errors"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// maxDigits is the most fraction digits a currency has.
const maxDigits = 4

// inRange refuses an amount that is out of range in every currency. The office
// judges the rest, for it knows the currency.
func inRange(a *boxoffice.Amount, path at, field string) error {
	if a == nil {
		return nil
	}
	if _, err := a.Minor(scale(*a)); errors.Is(err, fault.AmountRange) {
		return named(fault.AmountRange, path(field))
	}
	return nil
}

// scale is how many fraction digits an amount needs.
func scale(a boxoffice.Amount) int {
	for digits := range maxDigits {
		if _, err := a.Minor(digits); !errors.Is(err, fault.AmountInvalid) {
			return digits
		}
	}
	return maxDigits
}

// above reports whether a is more than b, as far as that can be told without a
// currency.
func above(a, b boxoffice.Amount) bool {
	digits := max(scale(a), scale(b))
	left, errLeft := a.Minor(digits)
	right, errRight := b.Minor(digits)
	return errLeft == nil && errRight == nil && left > right
}

// same reports whether two prices are one by value; an absent one counts 0.
func same(a, b *boxoffice.Amount) bool {
	var left, right boxoffice.Amount
	if a != nil {
		left = *a
	}
	if b != nil {
		right = *b
	}
	return left == right
}
