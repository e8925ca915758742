package boxoffice

import (
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A Patron is an account of a person within one organization.
type Patron struct {
	ID           PatronID
	Organization access.OrganizationID
	Contact      Contact
	Keys         []PersonKey // what the person can be found by; may be empty
	PasswordHash string      // argon2id, "" when the person cannot sign in
	Since        time.Time
}

// A Contact is what is known of a person. It is personal data: sealed at rest,
// never logged, never in the journal.
type Contact struct {
	FirstName  string    `json:"firstName,omitempty"`
	MiddleName string    `json:"middleName,omitempty"`
	LastName   string    `json:"lastName,omitempty"`
	Addresses  []Address `json:"addresses,omitempty"`
	Phones     []Phone   `json:"phones,omitempty"`
	Emails     []Email   `json:"emails,omitempty"`
}

// An Address is where a person lives.
type Address struct {
	Lines       []string `json:"lines,omitempty"` // up to four
	Locality    string   `json:"locality,omitempty"`
	Region      string   `json:"region,omitempty"`
	PostalCode  string   `json:"postalCode,omitempty"`
	CountryCode string   `json:"countryCode,omitempty"`
}

// A Phone is a telephone number as a partner wrote it.
type Phone struct {
	Number      string `json:"number,omitempty"`
	Formatted   string `json:"formatted,omitempty"`
	Extension   string `json:"extension,omitempty"`
	CountryCode string `json:"countryCode,omitempty"`
}

// An Email is a mail address and whether advertising may be sent there.
type Email struct {
	Address string `json:"address,omitempty"`
	OptIn   bool   `json:"optIn,omitempty"`
}

// A PersonKey is a keyed hash of an email address, a phone number, or names and
// address: the same for the same person in every organization, and of no use to
// whoever reads the database without the installation's key.
type PersonKey string

// A Person is somebody named by a partner: Keys[0] identifies them (email, else
// phone, else names and address); the others are kept with a new account.
type Person struct {
	Contact Contact
	Keys    []PersonKey
}

// A PersonKeyer makes the keys of a contact, the identifying one first. It is
// deterministic and safe for concurrent use; a contact with nothing in it has
// no keys.
type PersonKeyer interface {
	PersonKeys(Contact) []PersonKey
}

// identity is the key that names the person, for an act's Needs.
func (p Person) identity() []PersonKey { return p.Keys[:min(1, len(p.Keys))] }
