package boxoffice

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// An Account is what a patron has with one organization.
type Account struct {
	Organization access.OrganizationID
	Patron       PatronID
}

// Accounts find what belongs to patrons. Every answer is bounded.
type Accounts interface {
	// HoldingsOf returns tickets that the accounts own, in the order of Holdings,
	// with their events and organizations.
	HoldingsOf(ctx context.Context, accounts []Account, within Bounds) ([]Token, View, error)
	// ListingsOf returns the newest listings of the accounts, newest first, with
	// their tickets.
	ListingsOf(ctx context.Context, accounts []Account, limit int) ([]Listing, View, error)
	// OutletsOf returns the channels that are granted the organizations, by
	// organization, name and channel.
	OutletsOf(ctx context.Context, organizations []access.OrganizationID) ([]Outlet, error)
	// TransfersOf returns the newest transfers from or to the accounts, and those
	// that the person is invited to, newest first, without their history.
	TransfersOf(ctx context.Context, accounts []Account, person PersonKey, limit int) ([]Transfer, View, error)
}

// Bounds are a part of a long list.
type Bounds struct {
	From, Limit int  // so many are left out before it; at most MostHoldings are given
	Over        bool // of events that are over or cancelled, and not of the others
}

// MostHoldings is how many tickets one answer has.
const MostHoldings = 500

// A HoldingState says how a ticket stands, in its owner's eyes.
type HoldingState string

// The states. A ticket that is sent stands in a listing that its channel may lock
// it from; nothing is kept for that, so it may still be listed elsewhere or given.
const (
	HoldingFree    HoldingState = "free"
	HoldingSent    HoldingState = "sent"    // in a listing
	HoldingLocked  HoldingState = "locked"  // on sale at a channel
	HoldingOrdered HoldingState = "ordered" // somebody is buying it
	HoldingOffered HoldingState = "offered" // in a transfer
	HoldingHeld    HoldingState = "held"    // the venue keeps it back
	HoldingUsed    HoldingState = "used"    // it was let in
	HoldingVoid    HoldingState = "void"
	HoldingOver    HoldingState = "over" // its event is, or was cancelled
)

// Offerable reports whether its owner may give the ticket away or, where it may be
// sold again at all, list it.
func (s HoldingState) Offerable() bool { return s == HoldingFree || s == HoldingSent }

// A Holding is one ticket as its owner sees it. It has no barcode.
type Holding struct {
	Account
	Token              Token
	Event              EventID
	EventName          string
	Start              When
	Zone               *time.Location // of the venue
	Facility           Facility
	FacilityName       string
	Section, Row, Seat string
	SeatingType        string
	Currency           string
	Face               int64 // minor units
	State              HoldingState
	Resale             bool      // the event is on the secondary market
	Listing            ListingID // the newest one that it stands in, while it is sent, locked or ordered
	Version            int64
}

// A Facility is where an event takes place, as it is set up for it: events that have
// the same have the same plan.
type Facility struct{ Season, Code, Configuration string }

// listingsKnown is how many of an account's listings are looked at.
const listingsKnown = 200

// Holdings returns the tickets that accounts own, MostHoldings at most, in the order
// of their events, sections, rows and seats. Events whose time is not known come
// last.
func (o *Office) Holdings(ctx context.Context, accounts []Account, within Bounds) ([]Holding, error) {
	within.Limit = max(0, min(within.Limit, MostHoldings))
	if len(accounts) == 0 || within.Limit == 0 {
		return nil, nil
	}
	tokens, view, err := o.store.HoldingsOf(ctx, accounts, within)
	if err != nil {
		return nil, err
	}
	listings, _, err := o.store.ListingsOf(ctx, accounts, listingsKnown)
	if err != nil {
		return nil, err
	}
	holdings := make([]Holding, 0, len(tokens))
	for _, token := range tokens {
		holdings = append(holdings, holdingOf(view.Tickets[token], view, listings))
	}
	return holdings, nil
}

// holdingOf tells how a ticket stands. The listings are the newest first.
func holdingOf(t Ticket, view View, listings []Listing) Holding {
	e := view.Events[t.Event]
	h := Holding{
		Account: Account{t.Organization, t.Owner}, Token: t.Token, Event: t.Event, EventName: e.Title(), Start: e.Start, Zone: view.Organizations[t.Organization].Location(), Facility: Facility{e.Season, e.FacilityCode, e.ConfigurationCode}, FacilityName: e.FacilityName,
		Section: t.Section, Row: t.Row, Seat: t.Seat, SeatingType: t.SeatingType, Currency: view.Organizations[t.Organization].Currency,
		Face: t.Face, Resale: e.Secondary, Version: t.Version, State: stateOf(t, e, view.Now),
	}
	switch h.State {
	case HoldingFree, HoldingLocked, HoldingOrdered:
	case HoldingSent, HoldingOffered, HoldingHeld, HoldingUsed, HoldingVoid, HoldingOver:
		return h
	}
	for _, l := range listings {
		if !l.names(t) || h.State == HoldingFree && (!l.stands(view.Now) || !e.Secondary) || h.State == HoldingLocked && !t.LockedBy(l.Channel) {
			continue
		}
		h.Listing = l.ID
		if h.State == HoldingFree {
			h.State = HoldingSent
		}
		break
	}
	return h
}

// stateOf is how a ticket stands by itself.
func stateOf(t Ticket, e Event, now time.Time) HoldingState {
	standing := t.Standing()
	standing.Closed = e.Past(now)
	return StateAt(standing)
}

// StateAt is how a ticket stands by what the journal tells of it, which does not say
// what it was listed in. Closed is over.
func StateAt(s Standing) HoldingState {
	switch {
	case s.Void:
		return HoldingVoid
	case s.Hold == HoldGate:
		return HoldingUsed
	case s.Closed:
		return HoldingOver
	}
	switch s.Hold {
	case HoldLock:
		return HoldingLocked
	case HoldOrder:
		return HoldingOrdered
	case HoldTransfer:
		return HoldingOffered
	case HoldVenue:
		return HoldingHeld
	case Free, HoldGate:
	}
	return HoldingFree
}

// Plan is the seats of an event's facility, with their geometry. An event that is
// not there is fault.EventUnknown, one without a plan fault.ManifestUnknown.
func (o *Office) Plan(ctx context.Context, id EventID) (Manifest, error) {
	e, _, err := o.event(ctx, id)
	if err != nil {
		return Manifest{}, err
	}
	return o.store.Manifest(ctx, e.Organization, e.Season, e.FacilityCode, e.ConfigurationCode)
}
