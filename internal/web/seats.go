package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Accounts are what patrons have, as boxoffice.Office has it. It is called by many
// goroutines at once.
type Accounts interface {
	Holdings(ctx context.Context, accounts []boxoffice.Account, within boxoffice.Bounds) ([]boxoffice.Holding, error)
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
	Events       []seatsOfEvent
	Outlets      []outletView
	Choice       bool // there is something to list, and somebody to list it with
}

type seatsOfEvent struct {
	Title string
	When  string
	Venue string
	Seats []seatView
}

type seatView struct {
	Token  boxoffice.Token
	Place  string
	State  string
	Choose bool
}

type outletView struct {
	Channel access.Channel
	Name    string
	Open    bool
}

// stateWords say how a ticket stands; "" goes without saying.
var stateWords = map[boxoffice.HoldingState]string{
	boxoffice.HoldingSent: "sent to a marketplace", boxoffice.HoldingLocked: "on sale", boxoffice.HoldingOrdered: "being bought",
	boxoffice.HoldingOffered: "being given away", boxoffice.HoldingHeld: "held by the venue", boxoffice.HoldingUsed: "used",
	boxoffice.HoldingVoid: "no longer valid", boxoffice.HoldingOver: "over",
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
	p := page{status: http.StatusOK, template: "seats.html", Title: "My seats", Seats: view}
	for _, id := range v.Organizations() {
		house := houseView{Organization: id, Accent: accentOf(id), Once: rand.Text(), Events: seatsByEvent(holdings, id)}
		if len(house.Events) == 0 {
			continue
		}
		for _, o := range outlets {
			if o.Organization != id {
				continue
			}
			open := o.Open(s.sandbox)
			house.Outlets = append(house.Outlets, outletView{o.Channel, cmp.Or(o.Name, string(o.Channel)), open})
			if open {
				house.Choice = true
				p.formsTo = append(p.formsTo, originOf(o.Page))
			}
		}
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

func seatsByEvent(holdings []boxoffice.Holding, org access.OrganizationID) (events []seatsOfEvent) {
	at := map[boxoffice.EventID]int{}
	for _, h := range holdings {
		if h.Organization != org {
			continue
		}
		i, known := at[h.Event]
		if !known {
			i = len(events)
			at[h.Event] = i
			events = append(events, seatsOfEvent{Title: cmp.Or(h.EventName, "Event"), When: startText(h.Start, h.Zone), Venue: h.FacilityName})
		}
		events[i].Seats = append(events[i].Seats, seatView{h.Token, holdingPlace(h), stateWords[h.State], h.State.Offerable() && h.Resale})
	}
	return events
}

func holdingPlace(h boxoffice.Holding) string {
	return placeText(boxoffice.TicketPage{Ticket: boxoffice.Ticket{Section: h.Section, Row: h.Row, Seat: h.Seat, SeatingType: h.SeatingType}})
}

// startText is when an event begins, on one line.
func startText(w boxoffice.When, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	when := scheduleOf(w, boxoffice.When{}, zone)
	if when.Time == "" {
		return when.Date
	}
	return when.Date + ", " + when.Time
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
