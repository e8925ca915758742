package house

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

const (
	firstPatron = 3_100_000 // patron ids have seven digits
	patronStep  = 40        // ids grow by 1 to so much
)

// number gives n patron ids beyond the last one given, and returns them with
// the new last one.
func number(r *rand.Rand, n, last int) ([]boxoffice.PatronID, int) {
	ids := make([]boxoffice.PatronID, n)
	for i := range ids {
		last += 1 + r.IntN(patronStep)
		ids[i] = boxoffice.PatronID(strconv.Itoa(last))
	}
	return ids, last
}

// patrons makes the organization's accounts: the box office, which owns what is
// not sold, then the people. Those that Demo tells of can sign in.
func (h *house) patrons(s *stage, keys boxoffice.PersonKeyer) []boxoffice.Patron {
	r := stream(h.seed, fmt.Sprintf("patrons %d", s.ID))
	rows := make([]boxoffice.Patron, len(s.ids))
	for i := range rows {
		p := &rows[i]
		p.ID, p.Organization = s.ids[i], s.ID
		p.Since = h.day.Add(-time.Duration(1+r.IntN(3000*24*60)) * time.Minute)
		if i == 0 {
			// No keys: whatever a partner says of a person, it is not the house.
			p.Contact = boxoffice.Contact{FirstName: "Box", LastName: "Office"}
			continue
		}
		place, demo := s.demo[int32(i)]
		_, demoBefore := s.demo[int32(i-1)]
		p.Contact = person(r, i, demo)
		if family := r.IntN(30) == 0; family && i > 1 && !demo && !demoBefore {
			before := rows[i-1].Contact
			p.Contact.LastName, p.Contact.Emails, p.Contact.Addresses = before.LastName, before.Emails, before.Addresses
		}
		if demo {
			p.PasswordHash = h.passwordHash
			told := &h.demo.Patrons[place]
			told.FirstName, told.LastName, told.Email = p.Contact.FirstName, p.Contact.LastName, p.Contact.Emails[0].Address
		}
		p.Keys = keys.PersonKeys(p.Contact)
	}
	return rows
}

// person invents somebody; n makes the mail address their own. One in 25 has
// none, but demo patrons sign in by theirs.
func person(r *rand.Rand, n int, demo bool) boxoffice.Contact {
	given, family := givenNames[r.IntN(len(givenNames))], familyNames[r.IntN(len(familyNames))]
	if r.IntN(15) == 0 {
		other := otherNames[r.IntN(len(otherNames))]
		given, family = other[0], other[1]
	}
	c := boxoffice.Contact{FirstName: given.written, LastName: family.written}
	if r.IntN(25) != 0 || demo {
		c.Emails = []boxoffice.Email{{
			Address: given.latin + "." + family.latin + strconv.Itoa(n) + "@" + mailHosts[r.IntN(len(mailHosts))],
			OptIn:   r.IntN(3) == 0,
		}}
	}
	if r.IntN(2) == 0 {
		// 555-0100 to 555-0199 are nobody's, in every area.
		area, line := strconv.Itoa(201+r.IntN(780)), strconv.Itoa(100+r.IntN(100))
		c.Phones = []boxoffice.Phone{{Number: area + "5550" + line, Formatted: "(" + area + ") 555-0" + line, CountryCode: "US"}}
	}
	if len(c.Emails)+len(c.Phones) == 0 || r.IntN(3) == 0 {
		t := towns[r.IntN(len(towns))]
		c.Addresses = []boxoffice.Address{{
			Lines:    []string{strconv.Itoa(1+r.IntN(999)) + " " + streets[r.IntN(len(streets))]},
			Locality: t.name, Region: t.region, PostalCode: t.postalCode, CountryCode: "US",
		}}
	}
	return c
}

// password is what all demo patrons sign in with, and its hash. One hash does
// for all: hashing is slow on purpose, and where the password is told to every
// visitor, equal hashes give nothing away. The salt comes from the seed too,
// because the house must be the same each time.
func password(seed uint64) (plain, hash string) {
	const (
		passes, memory, lanes = 2, 19 * 1024, 1 // memory in KiB
		length                = 32
	)
	r := stream(seed, "password")
	plain = "demo-" + word(r, 12)
	salt := []byte(word(r, 16))
	sum := argon2.IDKey([]byte(plain), salt, passes, memory, lanes, length)
	b64 := base64.RawStdEncoding
	return plain, fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, memory, passes, lanes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}
