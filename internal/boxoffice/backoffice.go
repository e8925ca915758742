package boxoffice

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Cabinet keeps what is decided in the back office. What it answers is of one
// snapshot.
type Cabinet interface {
	// Organization returns fault.OrganizationUnknown where there is none.
	Organization(ctx context.Context, id access.OrganizationID) (Organization, error)
	// Organizations returns all of them by id.
	Organizations(ctx context.Context) ([]Organization, error)
	// ChangeOrganization has change alter the rules of an organization, alone, in one
	// transaction, and returns it as it is then; an error of change changes nothing. From
	// its return on nobody is told of the rules before, in any process. Where the
	// zone is another one, events whose end has no time end by it.
	ChangeOrganization(ctx context.Context, id access.OrganizationID, change func(*Organization) error) (Organization, error)
	// Tickets returns the tickets of these tokens with their events.
	Tickets(ctx context.Context, tokens []Token) (View, error)
	// AddListing enters a listing of a channel that exists, else it is
	// ErrChannelUnknown.
	AddListing(ctx context.Context, l Listing) error
	// Listings returns the newest, newest first, with their tickets.
	Listings(ctx context.Context, limit int) ([]Listing, View, error)
}

// A BackOffice is where a venue decides about its house, away from the partners.
// It is safe for concurrent use.
type BackOffice struct{ cabinet Cabinet }

// NewBackOffice opens a back office over a cabinet.
func NewBackOffice(c Cabinet) *BackOffice { return &BackOffice{c} }

// Organizations returns all of them by id.
func (b *BackOffice) Organizations(ctx context.Context) ([]Organization, error) {
	return b.cabinet.Organizations(ctx)
}

// Organization returns fault.OrganizationUnknown where there is none.
func (b *BackOffice) Organization(ctx context.Context, id access.OrganizationID) (Organization, error) {
	return b.cabinet.Organization(ctx, id)
}

// Rules are what a venue may change about an organization; nil leaves one as it is.
type Rules struct {
	Zone       *string
	StrictSums *bool
	Review     *Review
	Above      *Amount   // of ReviewLarge, which needs it
	Pages      *[]string // in the place of those before
	Callbacks  *[]string
}

// SetRules changes the rules of an organization. They count for every request that
// begins when it has returned, on every process. What is under way keeps its own: a
// transfer its zone, an order that waits its review.
func (b *BackOffice) SetRules(ctx context.Context, id access.OrganizationID, rules Rules) (Organization, error) {
	return b.cabinet.ChangeOrganization(ctx, id, rules.apply)
}

// maxListed bounds the pages and the callbacks of an organization.
const maxListed = 100

func (r Rules) apply(o *Organization) error {
	invalid := func(format string, args ...any) error { return fault.FieldInvalid.Saying(fmt.Sprintf(format, args...)) }
	if r.Zone != nil {
		if _, err := time.LoadLocation(*r.Zone); err != nil || *r.Zone == "" || *r.Zone == "Local" {
			return invalid("a zone is a name of the IANA time zone database, such as America/Chicago")
		}
		o.Zone = *r.Zone
	}
	if r.StrictSums != nil {
		o.StrictSums = *r.StrictSums
	}
	if err := r.review(o); err != nil {
		return err
	}
	if r.Pages != nil {
		for _, page := range *r.Pages {
			if !IsPage(page) {
				return invalid("a page is https://HOST or https://HOST/PATH, without a query")
			}
		}
		o.Pages = distinct(*r.Pages)
	}
	if r.Callbacks != nil {
		for _, host := range *r.Callbacks {
			if !IsHost(host) {
				return invalid("a host of callbacks is a name such as api.example.com, in small letters")
			}
		}
		o.Callbacks = distinct(*r.Callbacks)
	}
	if max(len(o.Pages), len(o.Callbacks)) > maxListed {
		return invalid("an organization has %d pages and %d hosts of callbacks at most", maxListed, maxListed)
	}
	return nil
}

func (r Rules) review(o *Organization) error {
	if r.Review != nil {
		o.Review = *r.Review
		if o.Review != ReviewLarge {
			o.ReviewAbove = 0
		} else if r.Above == nil {
			return fault.FieldRequired.Saying("the review of orders above an amount needs the amount")
		}
	}
	if r.Above == nil {
		return nil
	}
	if o.Review != ReviewLarge {
		return fault.FieldInvalid.Saying("an amount goes with the review of orders above it")
	}
	minor, err := r.Above.Minor(CurrencyDigits(o.Currency))
	if err != nil {
		return err
	}
	o.ReviewAbove = minor
	return nil
}

// distinct is the list with each once, in its order, and nil when it is empty.
func distinct(list []string) (once []string) {
	for _, one := range list {
		if !slices.Contains(once, one) {
			once = append(once, one)
		}
	}
	return once
}

const (
	maxPage  = 1024 // bytes, as all strings of partners
	maxHost  = 253  // bytes, as the names of the internet
	maxLabel = 63
)

// IsPage reports whether a text may stand among an organization's pages: an
// address of https without user, query and fragment.
func IsPage(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxPage && u.Scheme == "https" && IsHost(u.Hostname()) && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// IsHost reports whether a text is a host's name in small letters.
func IsHost(text string) bool {
	if text == "" || len(text) > maxHost {
		return false
	}
	odd := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > maxLabel || strings.ContainsFunc(label, odd) || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

// A NewListing asks for a listing of a patron's tickets, for one channel to sell.
type NewListing struct {
	Channel access.Channel
	Patron  PatronID
	Tokens  []Token // 1 to 500
}

// listingLetters are how many letters a new listingId has, of five random bits each:
// 70 of them (contract.md §1).
const listingLetters = 14

// listingFor is how long a listing stands (contract.md call 3).
const listingFor = 30 * 24 * time.Hour

// AddListing makes a listing: all its tickets are the patron's, of one
// organization, and may be locked by the channel now. Nothing is kept for it: what
// becomes of the tickets later is seen when it is shown.
func (b *BackOffice) AddListing(ctx context.Context, want NewListing) (Listing, error) {
	tokens := make([]Token, 0, len(want.Tokens))
	for _, token := range want.Tokens {
		if !slices.Contains(tokens, token) {
			tokens = append(tokens, token)
		}
	}
	if len(tokens) == 0 || len(tokens) > maxGiven {
		return Listing{}, fault.BatchSize.Saying(fmt.Sprintf("a listing has 1 to %d tickets", maxGiven))
	}
	view, err := b.cabinet.Tickets(ctx, tokens)
	if err != nil {
		return Listing{}, err
	}
	l := Listing{ID: ListingID(rand.Text()[:listingLetters]), Channel: want.Channel, Patron: want.Patron, Tokens: tokens, Created: view.Now, Expires: view.Now.Add(listingFor)}
	for _, token := range tokens {
		t, ok := view.Tickets[token]
		if !ok {
			return Listing{}, about(token, fault.TokenUnknown, fault.TokenUnknown.Message)
		}
		if t.Owner != want.Patron {
			return Listing{}, about(token, fault.TokenNotAvailable, "the ticket is not the patron's")
		}
		if why := whyNotLockable(t, view.Events[t.Event], want.Channel, view.Now); why != nil {
			return Listing{}, about(token, why, why.Message)
		}
		if l.Organization == 0 {
			l.Organization = t.Organization
		}
		if t.Organization != l.Organization {
			return Listing{}, fault.OrganizationsMixed
		}
	}
	return l, b.cabinet.AddListing(ctx, l)
}

// about is a reason that tells which ticket it is about.
func about(token Token, reason *fault.Error, says string) error {
	return reason.Saying(fmt.Sprintf("ticket %.64q: %s", token, says))
}

// A ListingState is a listing with what is left of it.
type ListingState struct {
	Listing
	Expired bool
	Left    int // tickets that its channel sees
}

// Listings returns the newest listings, newest first, as they stand.
func (b *BackOffice) Listings(ctx context.Context, limit int) ([]ListingState, error) {
	listings, view, err := b.cabinet.Listings(ctx, limit)
	if err != nil {
		return nil, err
	}
	states := make([]ListingState, len(listings))
	for i, l := range listings {
		states[i] = l.State(view)
	}
	return states, nil
}

// State is how a listing stands, by a view that has its tickets.
func (l Listing) State(view View) ListingState {
	s := ListingState{Listing: l, Expired: !view.Now.Before(l.Expires)}
	for _, token := range l.Tokens {
		if l.shows(token, view) {
			s.Left++
		}
	}
	return s
}

// shows reports whether a listing shows a ticket: it is still the patron's, and can
// be locked by the channel (contract.md call 3).
func (l Listing) shows(token Token, view View) bool {
	t, ok := view.Tickets[token]
	return ok && t.Owner == l.Patron && whyNotLockable(t, view.Events[t.Event], l.Channel, view.Now) == nil
}

// ErrChannelUnknown is for operators alone, so it is not in the catalogue.
var ErrChannelUnknown error = &fault.Error{Kind: fault.NotFound, Code: "CHANNEL_NOT_FOUND", Message: "no application has this channel"}
