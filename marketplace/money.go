package marketplace

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seatlink/seatlink/link"
)

// What the marketplace takes, in hundredths: of the buyer on top of the price, and
// of the seller out of it.
const (
	buyersShare  = 5
	sellersShare = 10
)

// mostMinor is the contract's largest amount, in minor units.
const mostMinor = 1_000_000_000_000

// price reads what a seller typed, or says what is wrong with it. Amounts are exact:
// what the currency has no coins for is refused, never rounded.
func (v Venue) price(typed string) (amount link.Amount, wrong string) {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(typed), v.Currency))
	if text == "" || strings.Trim(text, "0123456789.") != "" { // JSON knows more numbers than price tags do
		return amount, "A price is a number, such as " + v.example() + "."
	}
	amount, err := link.ParseAmount(text)
	if err != nil {
		return amount, "A price is a number, such as " + v.example() + "."
	}
	minor, err := amount.Minor(v.Digits)
	switch {
	case err != nil && v.Digits == 0:
		return amount, "Prices in " + v.Currency + " have nothing behind a point."
	case err != nil:
		return amount, fmt.Sprintf("Prices in %s have at most %d digits behind the point.", v.Currency, v.Digits)
	case minor > mostMinor:
		return amount, "No seat is that dear."
	}
	return amount, ""
}

func (v Venue) example() string { return v.plain(link.Minor(45, 0)) }

// plain is an amount with all its digits: 45.00.
func (v Venue) plain(a link.Amount) string {
	text := a.String()
	if v.Digits == 0 {
		return text
	}
	whole, behind, _ := strings.Cut(text, ".")
	for len(behind) < v.Digits {
		behind += "0"
	}
	return whole + "." + behind
}

// show is an amount as visitors read it: USD 45.00.
func (v Venue) show(a link.Amount) string { return v.Currency + " " + v.plain(a) }

// share is so many hundredths of an amount, to the nearest coin.
func (v Venue) share(a link.Amount, hundredths int64) (link.Amount, error) {
	minor, err := a.Minor(v.Digits)
	if err != nil {
		return a, err
	}
	const all = 100
	return link.Minor((minor*hundredths+all/2)/all, v.Digits), nil
}

// A bill is what a purchase costs and who gets what.
type bill struct {
	Prices, Fees, Total link.Amount
	Seller              link.Amount // what sellers are paid
	Each                []link.Amount
}

// bill adds up. The venue compares the sums: what the buyer pays is all prices and
// all fees, and what the sellers get is no more than that.
func (v Venue) bill(prices []link.Amount) (bill, error) {
	var b bill
	var sellers []link.Amount
	for _, price := range prices {
		fee, err := v.share(price, buyersShare)
		if err != nil {
			return b, err
		}
		paid, err := v.share(price, 100-sellersShare)
		if err != nil {
			return b, err
		}
		b.Each, sellers = append(b.Each, fee), append(sellers, paid)
	}
	var errs [4]error
	b.Prices, errs[0] = link.Sum(prices...)
	b.Fees, errs[1] = link.Sum(b.Each...)
	b.Seller, errs[2] = link.Sum(sellers...)
	b.Total, errs[3] = link.Sum(b.Prices, b.Fees)
	return b, errors.Join(errs[:]...)
}
