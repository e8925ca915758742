package main

import (
	"context"
	"errors"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

type partnerPageCommand struct {
	partnerName
	Address string `arg:"" optional:"" help:"Where patrons go with a listing." placeholder:"URL"`
	None    bool   `help:"Send nobody there."`
	operating
}

// Help is the longer text of seatlink partner page --help.
func (partnerPageCommand) Help() string {
	return `Examples:
  seatlink partner page com.example.market https://market.example.com/sell
  seatlink partner page com.example.market --none

Whoever lists seats for this partner in MyAccount is sent to this address, with listingId behind it. The address, or one
above it, must be among the pages of the organization (seatlink organization set --page): else the partner is shown as
not available there. ` + withinASecond
}

// Run sets the page.
func (c *partnerPageCommand) Run(w *surroundings) error {
	if c.None == (c.Address != "") {
		return errors.New("give the address, or --none")
	}
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
		return house.SetPage(ctx, c.Application, c.Address)
	})
}
