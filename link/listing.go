package link

import (
	"context"
	"fmt"
	"net/http"
)

// A Listing is what a patron picked in MyAccount to be sold on your site.
type Listing struct {
	ListingID ListingID      `json:"listingId"`
	Tickets   []ListingGroup `json:"tickets"` // empty when none of it can be listed any more
}

// A ListingGroup is the seats of one event.
type ListingGroup struct {
	AccessID AccessID      `json:"accessId"`
	Seats    []ListingSeat `json:"seats"`
}

// A ListingSeat is a seat of the patron.
type ListingSeat struct {
	Season          string   `json:"season"`
	Item            string   `json:"item"`
	SeatingType     string   `json:"seatingType"`
	AssociationType string   `json:"associationType"`
	SeatAttributes  []string `json:"seatAttributes"`
	Section         Word     `json:"section"`
	Row             Word     `json:"row"`
	Seat            Word     `json:"seat"`
	Token           Token    `json:"token"`
}

// Tokens are those of all seats.
func (l Listing) Tokens() []Token {
	var tokens []Token
	for _, group := range l.Tickets {
		for _, seat := range group.Seats {
			tokens = append(tokens, seat.Token)
		}
	}
	return tokens
}

// Listing shows what a patron picked (call 3). The id comes from the address that
// the patron arrived with, so from anybody: one that is unknown, expired or of
// another channel is an Error with CodeListingNotFound.
func (c *Client) Listing(ctx context.Context, id ListingID) (Listing, error) {
	part, err := segment("listingId", string(id))
	if err != nil {
		return Listing{}, err
	}
	k, err := newCall(http.MethodGet, "/v1/listings/{listingId}", "/v1/listings/"+part, "", nil)
	if err != nil {
		return Listing{}, err
	}
	listings, err := ask[Many[Listing]](ctx, c, k)
	if err == nil && len(listings) != 1 {
		err = &NoAnswerError{k.name, k.requestID, fmt.Errorf("%d listings where one was asked for", len(listings))}
	}
	return listings.sole(), err
}
