package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// listingsShown is how many listings one page has, the newest.
const listingsShown = 100

// A listingView is a listing as its patron sees it.
type listingView struct {
	Address  string
	With     string // whom it was sent to
	Made     string
	State    string
	Counts   string
	Seats    []seatView
	Go       string // to the marketplace again, "" where that is not possible
	TakeBack bool
	Left     int // seats that could not be listed, just now
}

// fateWords say what became of a seat.
var fateWords = map[boxoffice.Fate]string{
	boxoffice.FateSent: "sent", boxoffice.FateLocked: "on sale", boxoffice.FateOrdered: "being bought", boxoffice.FateSold: "no longer yours: sold or given", boxoffice.FateGone: "not for sale any more",
}

// myListings shows the newest listings.
func (s *site) myListings(r *http.Request, v visitor) (page, error) {
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	own, err := s.accounts.OwnListings(ctx, v.Accounts(), listingsShown)
	if err != nil {
		return page{}, err
	}
	p := page{status: http.StatusOK, template: "listings.html", Title: "My listings", Listings: []listingView{}}
	for _, l := range own {
		p.Listings = append(p.Listings, listingOf(l))
	}
	return v.frame(p, listingsPath), nil
}

func listingOf(l boxoffice.OwnListing) listingView {
	view := listingView{
		Address: listingsPath + "/" + url.PathEscape(string(l.ID)), With: string(l.Channel), Made: l.Created.UTC().Format(dateForm + ", 15:04 UTC"),
		TakeBack: l.Stands() && !l.Locked(),
	}
	switch {
	case l.Left(boxoffice.FateSold) == len(l.Tickets):
		view.State, view.TakeBack = "sold", false
	case l.Locked():
		view.State = "on sale"
	case !l.Taken.IsZero():
		view.State = "taken back"
	case !l.Stands():
		view.State = "run out"
	default:
		view.State = "sent"
	}
	view.Counts = strconv.Itoa(len(l.Tickets)) + " seats, " + strconv.Itoa(l.Left(boxoffice.FateSold)) + " gone"
	for _, t := range l.Tickets {
		view.Seats = append(view.Seats, seatView{Place: cmp.Or(t.EventName, "Event") + ": " + holdingPlace(t.Holding), State: fateWords[t.Fate]})
	}
	return view
}

// myListing shows one, with the way to the marketplace and back.
func (s *site) myListing(r *http.Request, v visitor) (page, error) {
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	if !isWord(r.PathValue("listing")) {
		return nothingPage(), nil
	}
	own, err := s.accounts.OwnListing(ctx, v.Accounts(), boxoffice.ListingID(r.PathValue("listing")))
	if errors.Is(err, fault.ListingUnknown) {
		return nothingPage(), nil
	}
	if err != nil {
		return page{}, err
	}
	view := listingOf(own)
	outlet, err := s.outlet(ctx, own.Organization, own.Channel)
	if err != nil {
		return page{}, err
	}
	view.With = cmp.Or(outlet.Name, view.With)
	if own.Stands() && outlet.Open(s.sandbox) {
		view.Go = outlet.Address(own.ID)
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("left")); err == nil && n > 0 && n <= boxoffice.MostHoldings {
		view.Left = n
	}
	return v.frame(page{status: http.StatusOK, template: "listing.html", Title: "Listing", Listing: &view}, listingsPath), nil
}

// answerListing takes a listing back.
func (s *site) answerListing(r *http.Request, v visitor) (page, error) {
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	if !isWord(r.PathValue("listing")) {
		return nothingPage(), nil
	}
	err := s.accounts.TakeBack(ctx, v.Accounts(), boxoffice.ListingID(r.PathValue("listing")))
	switch {
	case errors.Is(err, fault.ListingUnknown):
		return nothingPage(), nil
	case errors.Is(err, fault.TokenLocked):
		return s.again(v, http.StatusConflict, "A seat of it is on sale", "Take it off sale at the marketplace first; then the listing can be taken back."), nil
	case err != nil:
		return page{}, err
	}
	return page{location: r.URL.Path}, nil
}
