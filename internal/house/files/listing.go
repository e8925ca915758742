package files

import (
	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// maxTokens bounds a listing, as the contract bounds a body.
const maxTokens = 500

// listing reads a line of listings.csv. Without a set of tokens, they are not
// looked for.
func (f *folder) listing(s *sheet, tokens *set) (l boxoffice.Listing, ok bool) {
	before := len(s.report.Problems) + s.report.More
	id, _ := s.code(listingID, wordLimit)
	channel, _ := s.code(listingChannel, nameLimit)
	patron := s.text(listingPatron)
	if !f.patrons.has(patron) {
		s.bad(listingPatron, "is %s, which is no id of patrons.csv", shown(patron))
	}
	l.ID, l.Organization, l.Channel, l.Patron = boxoffice.ListingID(id), f.organization.ID, access.Channel(channel), boxoffice.PatronID(patron)
	for _, part := range s.list(listingTokens) {
		token := unescape(part)
		if tokens != nil && !tokens.has(token) {
			s.bad(listingTokens, "has %s, which is no token of the tickets", shown(token))
			break
		}
		l.Tokens = append(l.Tokens, boxoffice.Token(token))
	}
	if len(l.Tokens) > maxTokens {
		s.bad(listingTokens, "has %d tokens; at most %d are allowed", len(l.Tokens), maxTokens)
	}
	l.Created, _ = s.instant(listingCreated)
	l.Expires, _ = s.instant(listingExpires)
	if l.Expires.Before(l.Created) {
		s.bad(listingExpires, "is before created")
	}
	return l, len(s.report.Problems)+s.report.More == before
}
