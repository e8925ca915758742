package link

import (
	"context"
	"net/http"
	"slices"
)

// A VerifyGroup asks about tickets of one event, by Tokens or by Barcodes. With
// Barcodes the AccessID is needed.
type VerifyGroup struct {
	AccessID AccessID  `json:"accessId,omitempty"`
	Tokens   []Token   `json:"tokens,omitempty"`
	Barcodes []Barcode `json:"barcodes,omitempty"`
}

type verifyRequest struct {
	Tickets Many[VerifyGroup] `json:"tickets"`
}

// Verified says which tickets are valid, in groups as they were asked about.
type Verified struct {
	Groups Many[VerifiedGroup] `json:"tokens"`
	Errors []Failure           `json:"-"` // when none is valid; else they stand in the groups
}

// A VerifiedGroup is the tickets of one event.
type VerifiedGroup struct {
	AccessID AccessID      `json:"accessId,omitempty"`
	Success  VerifiedSeats `json:"success"`
	Errors   []Failure     `json:"errors,omitempty"`
}

// VerifiedSeats are the valid tickets of a group.
type VerifiedSeats struct {
	Seats []VerifiedSeat `json:"seats"`
}

// A VerifiedSeat is a valid ticket.
type VerifiedSeat struct {
	Token           Token    `json:"token"`
	Season          string   `json:"season"`
	Event           string   `json:"event"` // what a listing calls Item
	Section         Word     `json:"section"`
	Row             Word     `json:"row"`
	Seat            Word     `json:"seat"`
	SeatingType     string   `json:"seatingType"`
	AssociationType string   `json:"associationType"`
	SeatAttributes  []string `json:"seatAttributes"`
	OwnerID         PatronID `json:"ownerId"`
}

// Seats are the valid tickets of all groups.
func (v Verified) Seats() []VerifiedSeat {
	var seats []VerifiedSeat
	for _, group := range v.Groups {
		seats = append(seats, group.Success.Seats...)
	}
	return seats
}

// Failures are the reasons of all groups.
func (v Verified) Failures() []Failure {
	failures := slices.Clip(v.Errors)
	for _, group := range v.Groups {
		failures = append(failures, group.Errors...)
	}
	return failures
}

// Verify asks whether tickets are valid (call 8). A barcode is answered with its
// token: that is how an independent seller's ticket gets into a listing. When
// none is valid there is an Error besides.
func (c *Client) Verify(ctx context.Context, groups ...VerifyGroup) (Verified, error) {
	const name = "/v1/tickets/verify"
	k, err := newCall(http.MethodPost, name, name, "", verifyRequest{groups})
	if err != nil {
		return Verified{}, err
	}
	verified, err := ask[Verified](ctx, c, k)
	if err != nil {
		verified = Verified{Errors: failuresOf(err)}
	}
	return verified, err
}
