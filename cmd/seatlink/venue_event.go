package main

import (
	"context"
	"fmt"
	"io"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

// venueEvent names the event of a command that changes it.
type venueEvent struct {
	Event string `arg:"" help:"The event, as partners know it: ORGANIZATION:SEASON:ITEM." placeholder:"EVENT"`
}

type venueRescheduleCommand struct {
	venueEvent
	Start string `required:"" help:"When it begins: 2026-11-05T19:30 at the venue, with a zone anywhere else (…Z, …-05:00), or a day whose time is still to be announced." placeholder:"TIME"`
	End   string `help:"When it ends, likewise. Default: it lasts as long as before." placeholder:"TIME"`
	venueActing
}

// Help is the longer text of seatlink venue reschedule --help.
func (venueRescheduleCommand) Help() string {
	return `Examples:
  seatlink venue reschedule 999:F26:F01 --start 2026-11-05T19:30
  seatlink venue reschedule 999:F26:F01 --start 2026-11-05 --reason "the time depends on television"

Partners hear of it, and the catalog has it at once. Locks, orders and barcodes stay. An event that was over and is
not any more opens again. A house file that is loaded again must have the new time too.

` + besideAServer
}

// Run moves an event.
func (c *venueRescheduleCommand) Run(w *surroundings) error {
	return c.change(w, operatorapi.EventChange{Event: c.Event, Verb: "reschedule", Start: c.Start, End: c.End})
}

type venueRenameCommand struct {
	venueEvent
	Name string `arg:"" help:"The name that partners and patrons see." placeholder:"NAME"`
	venueActing
}

// Help is the longer text of seatlink venue rename --help.
func (venueRenameCommand) Help() string {
	return `Examples:
  seatlink venue rename 999:F26:F01 "Foxes against Herons"

` + besideAServer
}

// Run renames an event.
func (c *venueRenameCommand) Run(w *surroundings) error {
	return c.change(w, operatorapi.EventChange{Event: c.Event, Verb: "rename", Name: c.Name})
}

type (
	venueCancelCommand struct {
		venueEvent
		venueActing
	}
	venueOnSaleCommand struct {
		venueEvent
		venueActing
	}
	venueOffSaleCommand struct {
		venueEvent
		venueActing
	}
)

// turnsSeats is said by the commands that open and close an event.
const turnsSeats = `It counts for all seats at once. Then each seat is gone over, in portions of 500, so that partners hear of it seat by
seat; what is interrupted is finished by the server, and doing it again changes nothing.

` + besideAServer

// Help is the longer text of seatlink venue cancel --help.
func (venueCancelCommand) Help() string {
	return `Examples:
  seatlink venue cancel 999:F26:F01 --reason "flooded" --dry-run
  seatlink venue cancel 999:F26:F01 --reason "flooded"

Nothing of the event can be locked, sold or accepted any more; locks end, orders that wait end in ERROR when they are
decided. A cancelled event stays cancelled.

` + turnsSeats
}

// Run cancels an event.
func (c *venueCancelCommand) Run(w *surroundings) error {
	return c.change(w, operatorapi.EventChange{Event: c.Event, Verb: "cancel"})
}

// Help is the longer text of seatlink venue on-sale --help.
func (venueOnSaleCommand) Help() string {
	return `Examples:
  seatlink venue on-sale 999:F26:F01

` + turnsSeats
}

// Run puts an event on the secondary market.
func (c *venueOnSaleCommand) Run(w *surroundings) error {
	return c.change(w, operatorapi.EventChange{Event: c.Event, Verb: "on-sale"})
}

// Help is the longer text of seatlink venue off-sale --help.
func (venueOffSaleCommand) Help() string {
	return `Examples:
  seatlink venue off-sale 999:F26:F01 --reason "the league asks for it"

The event is not in the catalog any more and its tickets cannot be locked or sold; locks end. Transfers go on.

` + turnsSeats
}

// Run takes an event off the secondary market.
func (c *venueOffSaleCommand) Run(w *surroundings) error {
	return c.change(w, operatorapi.EventChange{Event: c.Event, Verb: "off-sale"})
}

// change changes an event, and goes over its seats where that is due.
func (a venueActing) change(w *surroundings, want operatorapi.EventChange) error {
	want.Reason, want.Dry = a.Reason, a.DryRun
	return a.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		event, err := house.ChangeEvent(ctx, want)
		if err != nil {
			return explainEvent(want.Event, err)
		}
		if err := a.tell(w, event, func(out io.Writer) { showTurned(out, event, a.DryRun) }); err != nil || event.Work == "" {
			return err
		}
		if _, err := finishWork(ctx, w, house, operatorapi.VenueWork{ID: event.Work}); err != nil {
			return fmt.Errorf("%w: the event is changed, and a server goes over its seats", err)
		}
		return nil
	})
}

func showTurned(out io.Writer, e operatorapi.VenueEvent, dry bool) {
	says := "is so already"
	switch {
	case e.Changed && dry:
		says = "would be changed"
	case e.Changed:
		says = "is changed"
	}
	fmt.Fprintf(out, "event %s %s\n", printable(e.Event), says)
	fmt.Fprintf(out, "name\t%s\nstart\t%s\nend\t%s\non sale\t%t\ncancelled\t%t\n", printable(e.Name), e.Start, e.End, e.OnSale, e.Cancelled)
}
