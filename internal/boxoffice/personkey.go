package boxoffice

import (
	"encoding/base64"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/seatlink/seatlink/internal/access"
)

// PersonKeys makes PersonKeys with an installation's key ring (contract.md call
// 4: the account is found by email, else phone, else names and address,
// normalised).
type PersonKeys struct{ ring *access.Keyring }

// NewPersonKeys returns a PersonKeyer over a key ring.
func NewPersonKeys(ring *access.Keyring) PersonKeys { return PersonKeys{ring} }

// PersonKeys returns the keys of a contact, the identifying one first, none
// twice.
func (p PersonKeys) PersonKeys(c Contact) []PersonKey {
	var keys []PersonKey
	add := func(kind string, parts ...string) {
		sum := p.ring.MAC("person", append([]string{kind}, parts...)...)
		// 16 of its 32 bytes are too many to meet by chance.
		key := PersonKey(base64.RawURLEncoding.EncodeToString(sum[:16]))
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, e := range c.Emails {
		if address := fold(e.Address); address != "" {
			add("email", address)
		}
	}
	for _, phone := range c.Phones {
		if number := dialled(phone); number != "" {
			add("phone", number)
		}
	}
	if name := fold(c.FirstName + " " + c.MiddleName + " " + c.LastName); name != "" {
		parts := []string{name}
		if len(c.Addresses) > 0 { // the first home; others come and go
			a := c.Addresses[0]
			parts = append(parts, fold(strings.Join(a.Lines, " ")), fold(a.Locality), fold(a.Region), fold(a.PostalCode), fold(a.CountryCode))
		}
		add("name", parts...)
	}
	return keys
}

// fold is a text without differences of case, form and spacing.
func fold(s string) string {
	return strings.Join(strings.Fields(cases.Fold().String(norm.NFKC.String(s))), " ")
}

// dialled is the digits of a telephone number.
func dialled(p Phone) string {
	number := p.Number
	if number == "" {
		number = p.Formatted
	}
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, norm.NFKC.String(number))
}
