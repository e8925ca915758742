package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Accounts are what patrons have, as boxoffice.Office has it. It is called by many
// goroutines at once.
type Accounts interface {
	Holdings(ctx context.Context, accounts []boxoffice.Account, within boxoffice.Bounds) ([]boxoffice.Holding, error)
	Plan(ctx context.Context, id boxoffice.EventID) (boxoffice.Manifest, error)
	Outlets(ctx context.Context, organizations []access.OrganizationID) ([]boxoffice.Outlet, error)
	ListForResale(ctx context.Context, req boxoffice.ResaleRequest) (boxoffice.Resale, error)
	OwnListings(ctx context.Context, accounts []boxoffice.Account, limit int) ([]boxoffice.OwnListing, error)
	OwnListing(ctx context.Context, accounts []boxoffice.Account, id boxoffice.ListingID) (boxoffice.OwnListing, error)
	TakeBack(ctx context.Context, accounts []boxoffice.Account, id boxoffice.ListingID) error
}

// A seatsView is what somebody has, an organization each: a listing is of one.
type seatsView struct {
	Houses  []houseView
	Earlier string // where the tickets before these are, "" where there are none
	Later   string
}

// A houseView is a patron's seats with one organization.
type houseView struct {
	Organization access.OrganizationID
	Accent       int
	Once         string
	Currency     string
	Digits       int // of the currency, after the point
	Events       []seatsOfEvent
	Plans        []*planView
	Outlets      []outletView
	Choice       bool // there is something to list, and somebody to list it with
}

type outletView struct {
	Channel access.Channel
	Name    string
	Open    bool
	Sole    bool // there is no other
}

// mySeats shows what the visitor has.
func (s *site) mySeats(r *http.Request, v visitor) (page, error) {
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	from, err := strconv.Atoi(cmp.Or(r.URL.Query().Get("from"), "0"))
	if err != nil || from < 0 {
		from = 0
	}
	holdings, err := s.accounts.Holdings(ctx, v.Accounts(), boxoffice.Bounds{From: from, Limit: boxoffice.MostHoldings})
	if err != nil {
		return page{}, err
	}
	outlets, err := s.accounts.Outlets(ctx, v.Organizations())
	if err != nil {
		return page{}, err
	}
	view := &seatsView{}
	p := page{status: http.StatusOK, template: "seats.html", Title: "My seats", Seats: view, Scripts: []string{choosingScript.path}}
	for _, id := range v.Organizations() {
		house := s.house(ctx, holdings, id)
		if len(house.Events) == 0 {
			continue
		}
		open := 0
		for _, o := range outlets {
			if o.Organization != id {
				continue
			}
			view := outletView{Channel: o.Channel, Name: cmp.Or(o.Name, string(o.Channel)), Open: o.Open(s.sandbox)}
			if view.Open {
				open++
				p.formsTo = append(p.formsTo, originOf(o.Page))
			}
			house.Outlets = append(house.Outlets, view)
		}
		for i := range house.Outlets {
			house.Outlets[i].Sole = open == 1
		}
		house.Choice = open > 0
		view.Houses = append(view.Houses, house)
	}
	if from > 0 {
		view.Earlier = accountPath + "?from=" + strconv.Itoa(max(0, from-boxoffice.MostHoldings))
	}
	if len(holdings) == boxoffice.MostHoldings {
		view.Later = accountPath + "?from=" + strconv.Itoa(from+boxoffice.MostHoldings)
	}
	return v.frame(p, accountPath), nil
}

// originOf is what a Content-Security-Policy names a page's site by. The address was
// looked at when it was set.
func originOf(page string) string {
	u, err := url.Parse(page)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// answerResale makes a listing of what was chosen, and sends the visitor on with it.
func (s *site) answerResale(r *http.Request, v visitor) (page, error) {
	form, err := accountForm(r)
	if err != nil {
		return badFormPage(), nil
	}
	org, err := strconv.ParseInt(form.Get("organization"), 10, 64)
	account, ok := v.Account(access.OrganizationID(org))
	if err != nil || !ok {
		return badFormPage(), nil
	}
	if len(form["token"]) == 0 {
		return s.again(v, http.StatusUnprocessableEntity, "No seat is chosen", "Go back, and choose the seats that you want to list."), nil
	}
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	outlet, err := s.outlet(ctx, account.Organization, access.Channel(form.Get("channel")))
	if err != nil {
		return page{}, err
	}
	if !outlet.Open(s.sandbox) {
		return s.again(v, http.StatusConflict, "This marketplace is not available", "The venue does not send anybody there at present. Go back, and choose another one."), nil
	}
	req := boxoffice.ResaleRequest{Account: account, Channel: outlet.Channel, Once: form.Get("once")}
	if len(req.Once) != onceLength {
		req.Once = ""
	}
	for _, token := range form["token"] {
		req.Tokens = append(req.Tokens, boxoffice.Token(token))
	}
	made, err := s.accounts.ListForResale(ctx, req)
	switch {
	case errors.Is(err, fault.BatchSize):
		return badFormPage(), nil
	case err != nil:
		return page{}, err
	case made.Listing.ID == "":
		return s.again(v, http.StatusConflict, "These seats cannot be listed any more",
			"They were sold, listed, given away or held since you chose them. Nothing was listed."), nil
	case len(made.Refused) > 0:
		return page{location: listingsPath + "/" + url.PathEscape(string(made.Listing.ID)) + "?left=" + strconv.Itoa(len(made.Refused))}, nil
	}
	return page{location: outlet.Address(made.Listing.ID)}, nil
}

// outlet is the one of a channel that may sell for an organization; the zero one,
// which is not open, where there is none.
func (s *site) outlet(ctx context.Context, org access.OrganizationID, channel access.Channel) (boxoffice.Outlet, error) {
	outlets, err := s.accounts.Outlets(ctx, []access.OrganizationID{org})
	for _, o := range outlets {
		if o.Channel == channel {
			return o, err
		}
	}
	return boxoffice.Outlet{}, err
}

// again says why nothing was done, with the way back in the frame.
func (s *site) again(v visitor, status int, title, advice string) page {
	return v.frame(page{status: status, template: "account-message.html", Title: title, Advice: []string{advice}}, "")
}
