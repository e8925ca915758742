package partnerapi

import (
	"context"
	"net/http"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

type listingResponse struct {
	ListingID boxoffice.ListingID `json:"listingId"`
	Tickets   []listingGroup      `json:"tickets"`
}

type listingGroup struct {
	AccessID boxoffice.EventID `json:"accessId"`
	Seats    []listingSeat     `json:"seats"`
}

type listingSeat struct {
	Season          string          `json:"season"`
	Item            string          `json:"item"`
	SeatingType     string          `json:"seatingType"`
	AssociationType string          `json:"associationType"`
	SeatAttributes  []string        `json:"seatAttributes"`
	Section         string          `json:"section"`
	Row             string          `json:"row"`
	Seat            string          `json:"seat"`
	Token           boxoffice.Token `json:"token"`
}

func (a *api) listing(ctx context.Context, c *call) (int, any, error) {
	id := c.PathValue("listingId")
	if !pathID(id) {
		return 0, nil, fault.ListingUnknown
	}
	shown, err := a.office.Listing(ctx, c.who, boxoffice.ListingID(id))
	if err != nil {
		return 0, nil, err
	}
	answer := listingResponse{ListingID: shown.ID}
	for _, g := range shown.Groups {
		group := listingGroup{AccessID: g.Event, Seats: make([]listingSeat, len(g.Tickets))}
		for i, t := range g.Tickets {
			group.Seats[i] = listingSeat{
				Season: g.Season, Item: g.Item, SeatingType: t.SeatingType, AssociationType: t.AssociationType,
				SeatAttributes: t.Attributes, Section: t.Section, Row: t.Row, Seat: t.Seat, Token: t.Token,
			}
		}
		answer.Tickets = append(answer.Tickets, group)
	}
	return http.StatusOK, []listingResponse{answer}, nil
}

// pathID reports whether s can be an id at all; if not, the books are not asked.
func pathID(s string) bool { return len(s) <= maxID && printable(s) }
