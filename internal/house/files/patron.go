package files

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// maxMore bounds what a patron has besides the first of each.
const maxMore = 20

// patron reads a line of patrons.csv. Who is not to be found by their contacts is
// told by findable.
func (f *folder) patron(s *sheet) (p boxoffice.Patron, findable, ok bool) {
	before := len(s.report.Problems) + s.report.More
	p.Organization = f.organization.ID
	id, _ := s.code(patronID, wordLimit)
	p.ID = boxoffice.PatronID(id)
	p.Contact.FirstName, _ = s.free(patronFirst, nameLimit)
	p.Contact.MiddleName, _ = s.free(patronMiddle, nameLimit)
	p.Contact.LastName, _ = s.free(patronLast, nameLimit)
	var e boxoffice.Email
	e.Address, _ = s.free(patronEmail, textLimit)
	e.OptIn, _ = s.flag(patronOptIn, false)
	if e.Address != "" {
		p.Contact.Emails = []boxoffice.Email{e}
	}
	var phone boxoffice.Phone
	phone.Number, _ = s.free(patronPhone, textLimit)
	phone.Formatted, _ = s.free(patronPhoneFormatted, textLimit)
	phone.Extension, _ = s.free(patronPhoneExtension, textLimit)
	phone.CountryCode, _ = s.free(patronPhoneCountry, textLimit)
	if phone.Number+phone.Formatted != "" {
		p.Contact.Phones = []boxoffice.Phone{phone}
	}
	if home, some := s.address(); some {
		p.Contact.Addresses = []boxoffice.Address{home}
	}
	s.more(&p.Contact)
	p.Since, _ = s.instant(patronSince)
	findable, _ = s.flag(patronFindable, true)
	p.PasswordHash = s.text(patronPasswordHash)
	if p.PasswordHash != "" && (!strings.HasPrefix(p.PasswordHash, "$argon2id$") || len(p.PasswordHash) > textLimit) {
		s.bad(patronPasswordHash, "is no hash of argon2id; $argon2id$v=… or nothing is allowed") // not shown: it may be a password
	}
	return p, findable, len(s.report.Problems)+s.report.More == before
}

// address reads the first home.
func (s *sheet) address() (a boxoffice.Address, some bool) {
	for column := patronAddress1; column <= patronAddress4; column++ {
		line, _ := s.free(column, lineLimit)
		a.Lines = append(a.Lines, line)
	}
	for len(a.Lines) > 0 && a.Lines[len(a.Lines)-1] == "" {
		a.Lines = a.Lines[:len(a.Lines)-1]
	}
	if len(a.Lines) == 0 {
		a.Lines = nil
	}
	a.Locality, _ = s.free(patronLocality, textLimit)
	a.Region, _ = s.free(patronRegion, textLimit)
	a.PostalCode, _ = s.free(patronPostalCode, textLimit)
	a.CountryCode, _ = s.free(patronCountry, textLimit)
	return a, len(a.Lines) > 0 || a.Locality+a.Region+a.PostalCode+a.CountryCode != ""
}

// moreText is what the column more may have.
type moreText struct {
	Addresses []boxoffice.Address `json:"addresses,omitempty"`
	Phones    []boxoffice.Phone   `json:"phones,omitempty"`
	Emails    []boxoffice.Email   `json:"emails,omitempty"`
}

// more reads further addresses, phones and emails.
func (s *sheet) more(into *boxoffice.Contact) {
	text := s.text(patronMore)
	if text == "" {
		return
	}
	var m moreText
	if err := json.Unmarshal([]byte(text), &m, json.RejectUnknownMembers(true)); err != nil {
		s.bad(patronMore, `is not as it must be; an object with emails, phones and addresses is allowed, such as {"emails":[{"address":"ann@example.com"}]}`)
		return
	}
	if len(m.Addresses)+len(m.Phones)+len(m.Emails) > maxMore {
		s.bad(patronMore, "has more than %d entries", maxMore)
		return
	}
	for _, text := range m.texts() {
		if utf8.RuneCountInString(text) > textLimit || strings.ContainsFunc(text, unicode.IsControl) {
			s.bad(patronMore, "has a text with a control character or of more than %d characters", textLimit)
			return
		}
	}
	into.Addresses, into.Phones, into.Emails = append(into.Addresses, m.Addresses...), append(into.Phones, m.Phones...), append(into.Emails, m.Emails...)
}

func (m moreText) texts() []string {
	var all []string
	for _, a := range m.Addresses {
		all = append(all, a.Lines...)
		all = append(all, a.Locality, a.Region, a.PostalCode, a.CountryCode)
	}
	for _, p := range m.Phones {
		all = append(all, p.Number, p.Formatted, p.Extension, p.CountryCode)
	}
	for _, e := range m.Emails {
		all = append(all, e.Address)
	}
	return all
}

// tidied is a contact as a file can have it: without what is empty, and without
// control characters, which partners may have sent.
func tidied(c boxoffice.Contact) boxoffice.Contact {
	clean := func(text string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, text)
	}
	t := boxoffice.Contact{FirstName: clean(c.FirstName), MiddleName: clean(c.MiddleName), LastName: clean(c.LastName)}
	for _, e := range c.Emails {
		if e.Address = clean(e.Address); e.Address != "" {
			t.Emails = append(t.Emails, e)
		}
	}
	for _, p := range c.Phones {
		p.Number, p.Formatted, p.Extension, p.CountryCode = clean(p.Number), clean(p.Formatted), clean(p.Extension), clean(p.CountryCode)
		if p.Number+p.Formatted != "" {
			t.Phones = append(t.Phones, p)
		}
	}
	for _, a := range c.Addresses {
		a.Lines = slices.Clone(a.Lines)
		for i := range a.Lines {
			a.Lines[i] = clean(a.Lines[i])
		}
		for len(a.Lines) > 0 && a.Lines[len(a.Lines)-1] == "" {
			a.Lines = a.Lines[:len(a.Lines)-1]
		}
		a.Locality, a.Region, a.PostalCode, a.CountryCode = clean(a.Locality), clean(a.Region), clean(a.PostalCode), clean(a.CountryCode)
		if len(a.Lines) > 0 || a.Locality+a.Region+a.PostalCode+a.CountryCode != "" {
			t.Addresses = append(t.Addresses, a)
		}
	}
	return t
}
