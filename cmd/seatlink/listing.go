package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

type listingCommand struct {
	Add  listingAddCommand  `cmd:"" help:"Make a listing of a patron's tickets, for a partner to sell."`
	List listingListCommand `cmd:"" help:"Tell the newest listings, and what is left of them."`
}

type listingAddCommand struct {
	Tokens  []string `arg:"" help:"The tickets, by their tokens; up to 500." placeholder:"TOKEN"`
	Channel string   `help:"The partner's channel code (seatlink partner show)." required:"" placeholder:"CODE"`
	Patron  string   `help:"The patron whose tickets they are." required:"" placeholder:"ID"`
	operating
}

// Help is the longer text of seatlink listing add --help.
func (listingAddCommand) Help() string {
	return `Examples:
  seatlink listing add --channel market --patron 1000042 999F27F010000000012 999F27F010000000013

It prints the listingId, which the patron takes to the partner's site, and the address at which the partner fetches the
tickets. All of them must be the patron's, of one organization, and such that the channel could lock them now. A
listing stands for 30 days, and holds nothing: a ticket that is sold or held meanwhile is left out.

` + besideAServer
}

// Run makes a listing.
func (c *listingAddCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		l, err := house.AddListing(ctx, operatorapi.NewListing{Channel: c.Channel, Patron: c.Patron, Tokens: c.Tokens})
		if errors.Is(err, boxoffice.ErrChannelUnknown) {
			return fmt.Errorf("no partner has the channel %s: see seatlink partner list", printable(c.Channel))
		}
		if err != nil {
			return err
		}
		return c.tell(w, l, func(out io.Writer) {
			fmt.Fprintf(out, "listing\t%s\n", l.ID)
			fmt.Fprintf(out, "the partner fetches it at\t%s\n", l.URL)
			fmt.Fprintf(out, "it stands until\t%s\n", l.Expires)
		})
	})
}

type listingListCommand struct {
	Limit int `help:"Listings to tell at most, 1 to 1000." default:"100" placeholder:"N"`
	operating
}

// Help is the longer text of seatlink listing list --help.
func (listingListCommand) Help() string {
	return `Examples:
  seatlink listing list
  seatlink listing list --output json --limit 10

LEFT is how many of the tickets the partner would be shown now: those that are still the patron's and could be locked.

` + besideAServer
}

// Run lists listings.
func (c *listingListCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		list, err := house.Listings(ctx, c.Limit)
		if err != nil {
			return err
		}
		return c.tell(w, list, func(out io.Writer) {
			if len(list.Listings) == 0 {
				fmt.Fprintln(out, "There is no listing yet: see seatlink listing add --help.")
				return
			}
			fmt.Fprintln(out, "LISTING\tORGANIZATION\tCHANNEL\tPATRON\tTICKETS\tLEFT\tMADE\tSTANDS")
			for _, l := range list.Listings {
				stands := "until " + l.Expires
				if l.Expired {
					stands = "expired " + l.Expires
				}
				fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%d\t%d\t%s\t%s\n",
					printable(l.ID), l.Organization, printable(l.Channel), printable(l.Patron), len(l.Tokens), l.Left, l.Created, stands)
			}
			if list.More {
				fmt.Fprintln(out, "and more: see --limit")
			}
		})
	})
}
