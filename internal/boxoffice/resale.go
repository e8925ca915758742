package boxoffice

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// An Outlet is a partner's channel that may sell an organization's tickets.
type Outlet struct {
	Organization access.OrganizationID
	Channel      access.Channel
	Name         string // of the partner
	Page         string // where its patrons go with a listing; "" where the operator has set none
	Pages        []string
}

// Open reports whether patrons may be sent to the outlet's page: the operator has
// set it, and the organization allows its address or one above it. A sandbox
// allows pages on the machine itself, too.
func (o Outlet) Open(sandbox bool) bool {
	if o.Page == "" {
		return false
	}
	if sandbox && IsLocalPage(o.Page) {
		return true
	}
	page, _, _ := strings.Cut(o.Page, "?")
	for _, allowed := range o.Pages {
		allowed = strings.TrimRight(allowed, "/")
		if page == allowed || strings.HasPrefix(page, allowed+"/") {
			return true
		}
	}
	return false
}

// IsLocalPage reports whether an address is one of this machine's own.
func IsLocalPage(text string) bool {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxPage || u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return false
	}
	address := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || address != nil && address.IsLoopback()
}

// Address is the outlet's page for a listing.
func (o Outlet) Address(id ListingID) string {
	sign := "?"
	if strings.Contains(o.Page, "?") {
		sign = "&"
	}
	return o.Page + sign + "listingId=" + url.QueryEscape(string(id))
}

// names reports whether a listing has the ticket, and is its owner's.
func (l Listing) names(t Ticket) bool {
	return l.Organization == t.Organization && l.Patron == t.Owner && slices.Contains(l.Tokens, t.Token)
}

// stands reports whether its channel may still fetch the listing.
func (l Listing) stands(now time.Time) bool { return l.Taken.IsZero() && now.Before(l.Expires) }

// Outlets returns the channels that may sell tickets of these organizations.
func (o *Office) Outlets(ctx context.Context, organizations []access.OrganizationID) ([]Outlet, error) {
	if len(organizations) == 0 {
		return nil, nil
	}
	return o.store.OutletsOf(ctx, organizations)
}

// A ResaleRequest asks for a listing of an account's tickets.
type ResaleRequest struct {
	Account Account
	Channel access.Channel
	Tokens  []Token // 1 to 500
	Once    string  // a random word by which the same request is known again; "" names nothing
}

// A Resale is what became of a ResaleRequest: a listing, but for what is refused.
type Resale struct {
	Listing Listing // without an ID where everything was refused
	Refused []Refusal
}

// ListForResale makes a listing of tickets for a channel. A ticket that was sold,
// locked, given or held since it was picked is refused by itself, and so is one that
// is none of the account's: that is fault.TokenUnknown. The same request again is
// told of the listing that it made.
func (o *Office) ListForResale(ctx context.Context, req ResaleRequest) (Resale, error) {
	tokens := slices.Clone(req.Tokens)
	slices.Sort(tokens)
	if tokens = slices.Compact(tokens); len(tokens) == 0 || len(tokens) > maxGiven {
		return Resale{}, fault.BatchSize.Saying(fmt.Sprintf("a listing has 1 to %d tickets", maxGiven))
	}
	act := &resaleAct{req: req}
	for _, token := range tokens {
		if token.possible() {
			act.tokens = append(act.tokens, token)
		} else {
			act.odd = append(act.odd, refuse(token, fault.TokenUnknown))
		}
	}
	repeat := Repeat[Resale]{
		Path: "myaccount/list", RequestID: req.Once, Asked: fmt.Sprintf("%d %q %q %q", req.Account.Organization, req.Account.Patron, req.Channel, tokens),
		Words: func(r Resale) []byte {
			if r.Listing.ID == "" {
				return nil
			}
			return []byte(r.Listing.ID)
		},
	}
	err := once(ctx, o, visitor(req.Account.Organization), act, repeat, func() Resale { return act.answer })
	if before, ok := replayed(err); ok {
		listing, _, err := o.store.Listing(ctx, ListingID(before))
		return Resale{Listing: listing}, err
	}
	return act.answer, err
}

type resaleAct struct {
	req    ResaleRequest
	tokens []Token
	odd    []Refusal // of what can be no token

	answer Resale
}

func (a *resaleAct) Needs() Needs { return Needs{Tickets: a.tokens} }

func (a *resaleAct) Decide(b *Books) error {
	a.answer = Resale{Refused: slices.Clone(a.odd)}
	l := Listing{Organization: a.req.Account.Organization, Channel: a.req.Channel, Patron: a.req.Account.Patron, Created: b.Now, Expires: b.Now.Add(listingFor)}
	for _, token := range a.tokens {
		t, ok := b.Ticket(token)
		if !ok || t.Organization != l.Organization || t.Owner != l.Patron {
			a.answer.Refused = append(a.answer.Refused, refuse(token, fault.TokenUnknown))
			continue
		}
		if why := whyNotLockable(t, b.Event(t.Event), l.Channel, b.Now); why != nil {
			a.answer.Refused = append(a.answer.Refused, refuse(token, why))
			continue
		}
		l.Tokens = append(l.Tokens, token)
	}
	if len(l.Tokens) == 0 {
		return nil
	}
	l.ID = ListingID(b.Word(listingLetters))
	b.List(l)
	a.answer.Listing = l
	return nil
}

// An OwnListing is a listing as its patron sees it.
type OwnListing struct {
	Listing
	Now     time.Time
	Tickets []ListedTicket // in the order of the listing
}

// A ListedTicket is one ticket of a listing as it stands now.
type ListedTicket struct {
	Holding
	Fate Fate
}

// A Fate is what has become of a ticket since it was listed.
type Fate string

// The fates.
const (
	FateSent    Fate = "sent"    // its channel may lock it
	FateLocked  Fate = "locked"  // its channel has it on sale
	FateOrdered Fate = "ordered" // somebody is buying it
	FateSold    Fate = "sold"    // it has another owner
	FateGone    Fate = "gone"    // it can no more be sold, or another channel has it on sale
)

// Locked reports whether anything of the listing is on sale or being bought.
func (l OwnListing) Locked() bool {
	return slices.ContainsFunc(l.Tickets, func(t ListedTicket) bool { return t.Fate == FateLocked || t.Fate == FateOrdered })
}

// Stands reports whether its channel may fetch the listing.
func (l OwnListing) Stands() bool { return l.stands(l.Now) }

// Left is how many of its tickets have a fate.
func (l OwnListing) Left(fate Fate) (n int) {
	for _, t := range l.Tickets {
		if t.Fate == fate {
			n++
		}
	}
	return n
}

// OwnListings returns the newest listings of accounts, newest first.
func (o *Office) OwnListings(ctx context.Context, accounts []Account, limit int) ([]OwnListing, error) {
	if len(accounts) == 0 {
		return nil, nil
	}
	listings, view, err := o.store.ListingsOf(ctx, accounts, min(limit, listingsKnown))
	if err != nil {
		return nil, err
	}
	own := make([]OwnListing, len(listings))
	for i, l := range listings {
		own[i] = l.own(view)
	}
	return own, nil
}

// OwnListing returns one listing; another patron's is fault.ListingUnknown.
func (o *Office) OwnListing(ctx context.Context, accounts []Account, id ListingID) (OwnListing, error) {
	l, view, err := o.store.Listing(ctx, id)
	if err == nil && !slices.Contains(accounts, Account{l.Organization, l.Patron}) {
		err = fault.ListingUnknown
	}
	if err != nil {
		return OwnListing{}, err
	}
	return l.own(view), nil
}

func (l Listing) own(view View) OwnListing {
	own := OwnListing{Listing: l, Now: view.Now}
	for _, token := range l.Tokens {
		if t, ok := view.Tickets[token]; ok {
			own.Tickets = append(own.Tickets, ListedTicket{holdingOf(t, view, nil), l.fate(t, view.Events[t.Event], view.Now)})
		}
	}
	return own
}

func (l Listing) fate(t Ticket, e Event, now time.Time) Fate {
	switch {
	case t.Owner != l.Patron:
		return FateSold
	case t.LockedBy(l.Channel):
		return FateLocked
	case t.Hold.Kind == HoldOrder:
		return FateOrdered
	case whyNotLockable(t, e, l.Channel, now) == nil:
		return FateSent
	}
	return FateGone
}

// TakeBack ends a listing for its patron: the channel finds it no more. One of
// which a ticket is on sale or being bought is fault.TokenLocked, for then only the
// channel can give it up. To take it back again is a success.
func (o *Office) TakeBack(ctx context.Context, accounts []Account, id ListingID) error {
	own, err := o.OwnListing(ctx, accounts, id)
	if err != nil || !own.Taken.IsZero() {
		return err
	}
	return o.store.Do(ctx, &takeBackAct{own.Listing})
}

type takeBackAct struct{ listing Listing }

func (a *takeBackAct) Needs() Needs { return Needs{Tickets: a.listing.Tokens} }

func (a *takeBackAct) Decide(b *Books) error {
	for _, token := range a.listing.Tokens {
		t, ok := b.Ticket(token)
		if !ok {
			continue
		}
		if fate := a.listing.fate(t, b.Event(t.Event), b.Now); fate == FateLocked || fate == FateOrdered {
			return fault.TokenLocked
		}
	}
	b.TakeBack(a.listing.ID)
	return nil
}
