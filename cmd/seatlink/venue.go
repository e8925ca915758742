package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

type venueCommand struct {
	Hold     venueHoldCommand     `cmd:"" help:"Keep seats back; that ends locks of partners."`
	Release  venueReleaseCommand  `cmd:"" help:"Let held seats go."`
	Void     venueVoidCommand     `cmd:"" help:"Make tickets void, for good; that ends locks of partners."`
	Reissue  venueReissueCommand  `cmd:"" help:"Give tickets new barcodes; the old ones are dead at once."`
	Exchange venueExchangeCommand `cmd:"" help:"Move the owner and the barcode of a seat to another seat."`

	Reschedule venueRescheduleCommand `cmd:"" help:"Move an event to another time."`
	Rename     venueRenameCommand     `cmd:"" help:"Give an event another name."`
	Cancel     venueCancelCommand     `cmd:"" help:"Cancel an event, for good."`
	OnSale     venueOnSaleCommand     `cmd:"" help:"Put an event on the secondary market."`
	OffSale    venueOffSaleCommand    `cmd:"" help:"Take an event off the secondary market; that ends locks of partners."`
}

// venueActing are the flags of every command of the venue.
type venueActing struct {
	Reason string `help:"Why, for the operators of later days; it stays in the journal." placeholder:"TEXT"`
	DryRun bool   `help:"Tell what would be done, and do nothing."`
	operating
}

// venueSeats are the flags that say which seats.
type venueSeats struct {
	Event   string   `arg:"" help:"The event, as partners know it: ORGANIZATION:SEASON:ITEM." placeholder:"EVENT"`
	Section []string `help:"A whole section, such as U:100; may be given again." placeholder:"SECTION" sep:"none"`
	Row     []string `help:"A whole row, such as U:100/5." placeholder:"SECTION/ROW" sep:"none"`
	Seats   []string `help:"Seats of a row: one, a range or a list, such as U:100/5/1-8,12." placeholder:"SECTION/ROW/SEATS" sep:"none"`
	All     bool     `help:"Every seat of the event."`
	File    string   `help:"A CSV file with the columns section, row and seat." type:"path" placeholder:"FILE"`
	ID      string   `name:"id" help:"A name for this work: giving it again goes on with the same work, and does nothing twice. Default: a new one." placeholder:"ID"`
	venueActing
}

type (
	venueHoldCommand    struct{ venueSeats }
	venueReleaseCommand struct{ venueSeats }
	venueVoidCommand    struct{ venueSeats }
	venueReissueCommand struct{ venueSeats }
)

// largeWorks is said by every command over seats.
const largeWorks = `Many seats are done in portions of 500, and how far it is is shown meanwhile. What is interrupted is finished by the
server, or by the same command with --id; either way no seat is done twice.

` + besideAServer

// Help is the longer text of seatlink venue hold --help.
func (venueHoldCommand) Help() string {
	return `Examples:
  seatlink venue hold 999:F26:F01 --section U:100 --reason "the stage is larger"
  seatlink venue hold 999:F26:F01 --row U:100/5 --seats U:101/1/1-8 --dry-run
  seatlink venue hold 999:F26:F01 --file seats.csv --id stage-1

A partner that had a seat locked loses it, an order that waits with one ends in ERROR when it is decided, and a
transfer that is pending with one is cancelled. Whoever owns the ticket keeps it.

` + largeWorks
}

// Run holds seats.
func (c *venueHoldCommand) Run(w *surroundings) error { return c.do(w, "hold") }

// Help is the longer text of seatlink venue release --help.
func (venueReleaseCommand) Help() string {
	return `Examples:
  seatlink venue release 999:F26:F01 --section U:100
  seatlink venue release 999:F26:F01 --all --dry-run

Seats that the venue does not hold are left as they are.

` + largeWorks
}

// Run releases seats.
func (c *venueReleaseCommand) Run(w *surroundings) error { return c.do(w, "release") }

// Help is the longer text of seatlink venue void --help.
func (venueVoidCommand) Help() string {
	return `Examples:
  seatlink venue void 999:F26:F01 --seats U:100/5/7 --reason "printed twice"

A void ticket opens no gate and is never sold again; nothing makes it valid. Another ticket may be loaded for its seat.

` + largeWorks
}

// Run makes tickets void.
func (c *venueVoidCommand) Run(w *surroundings) error { return c.do(w, "void") }

// Help is the longer text of seatlink venue reissue --help.
func (venueReissueCommand) Help() string {
	return `Examples:
  seatlink venue reissue 999:F26:F01 --seats U:100/5/7 --reason "the phone was stolen"
  seatlink venue reissue 999:F26:F01 --file leaked.csv --id leak-1

Locks, orders and transfers stay. Pages that were printed show the new barcode. Doing it again gives yet another one,
so give --id where the same command may run twice.

` + largeWorks
}

// Run gives tickets new barcodes.
func (c *venueReissueCommand) Run(w *surroundings) error { return c.do(w, "reissue") }

func (s *venueSeats) do(w *surroundings, verb string) error {
	selection, err := s.selection()
	if err != nil {
		return err
	}
	return s.work(w, operatorapi.NewWork{ID: s.ID, Verb: verb, Reason: s.Reason, Selection: selection})
}

func (s *venueSeats) selection() (operatorapi.VenueSelection, error) {
	selection := operatorapi.VenueSelection{Event: s.Event, All: s.All}
	for _, section := range s.Section {
		selection.Parts = append(selection.Parts, operatorapi.VenuePlace{Section: section})
	}
	for _, text := range s.Row {
		seat, err := namedSeat("--row "+text, text, 2)
		if err != nil {
			return selection, err
		}
		selection.Parts = append(selection.Parts, operatorapi.VenuePlace{Section: seat.Section, Row: seat.Row})
	}
	for _, text := range s.Seats {
		seat, err := namedSeat("--seats "+text, text, 3)
		if err != nil {
			return selection, err
		}
		selection.Seats = append(selection.Seats, seat)
	}
	if s.File != "" {
		err := readSeats(s.File, []string{"section", "row", "seat"}, func(at string, row []string) {
			selection.Seats = append(selection.Seats, operatorapi.VenueSeat{Section: row[0], Row: row[1], Seats: row[2], At: at})
		})
		if err != nil {
			return selection, err
		}
	}
	if !s.All && len(selection.Parts)+len(selection.Seats) == 0 {
		return selection, errors.New("say which seats: --section, --row, --seats, --file or --all")
	}
	return selection, nil
}

type venueExchangeCommand struct {
	Event string `arg:"" help:"The event, as partners know it: ORGANIZATION:SEASON:ITEM." placeholder:"EVENT"`
	From  string `help:"The seat that is left, such as U:100/5/7." placeholder:"SECTION/ROW/SEAT"`
	To    string `help:"The seat that is taken." placeholder:"SECTION/ROW/SEAT"`
	File  string `help:"A CSV file with the columns section, row, seat, toSection, toRow and toSeat." type:"path" placeholder:"FILE"`
	ID    string `name:"id" help:"A name for this work: giving it again goes on with the same work, and does nothing twice. Default: a new one." placeholder:"ID"`
	venueActing
}

// Help is the longer text of seatlink venue exchange --help.
func (venueExchangeCommand) Help() string {
	return `Examples:
  seatlink venue exchange 999:F26:F01 --from U:100/5/7 --to U:204/1/12 --id stage-7
  seatlink venue exchange 999:F26:F01 --file moved.csv --id stage-1 --dry-run

The ticket in the patron's hand opens the gate for the new seat, because its barcode goes there with its owner. The old
seat goes to whoever had the new one, with a barcode that nobody has seen. Locks, orders and transfers of both end; a
hold of the venue stays on the old seat. The same exchange once more would move them back, so give --id where the same
command may run twice.

` + largeWorks
}

// Run exchanges seats.
func (c *venueExchangeCommand) Run(w *surroundings) error {
	want := operatorapi.NewWork{ID: c.ID, Verb: "exchange", Reason: c.Reason, Selection: operatorapi.VenueSelection{Event: c.Event}}
	pairs := &want.Selection.Pairs
	switch {
	case c.File != "":
		err := readSeats(c.File, []string{"section", "row", "seat", "toSection", "toRow", "toSeat"}, func(at string, row []string) {
			*pairs = append(*pairs, operatorapi.VenuePair{
				From: operatorapi.VenueSeat{Section: row[0], Row: row[1], Seats: row[2], At: at}, To: operatorapi.VenueSeat{Section: row[3], Row: row[4], Seats: row[5], At: at},
			})
		})
		if err != nil {
			return err
		}
	case c.From == "" || c.To == "":
		return errors.New("say which seats: --from and --to, or --file")
	default:
		from, err := namedSeat("--from "+c.From, c.From, 3)
		if err != nil {
			return err
		}
		to, err := namedSeat("--to "+c.To, c.To, 3)
		if err != nil {
			return err
		}
		*pairs = append(*pairs, operatorapi.VenuePair{From: from, To: to})
	}
	return c.work(w, want)
}

// work has a work done, and tells how it went.
func (a venueActing) work(w *surroundings, want operatorapi.NewWork) error {
	if want.ID == "" {
		id, err := uuid.NewRandom()
		if err != nil {
			return err
		}
		want.ID = id.String()
	}
	return a.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		if a.DryRun {
			preview, err := house.PreviewWork(ctx, want)
			if err != nil {
				return explainEvent(want.Selection.Event, err)
			}
			return a.tell(w, preview, func(out io.Writer) { showPreview(out, want.Verb, preview) })
		}
		work, err := house.BeginWork(ctx, want)
		if err != nil {
			return explainEvent(want.Selection.Event, err)
		}
		work, err = finishWork(ctx, w, house, work)
		if err != nil {
			return fmt.Errorf("%w: a server finishes it, or the same command with --id %s", err, want.ID)
		}
		return a.tellWork(w, work)
	})
}

func showPreview(out io.Writer, verb string, p operatorapi.VenuePreview) {
	fmt.Fprintf(out, "%s would change %d of %d tickets; %d are so already, %d would be refused\n", verb, p.Changed, p.Tickets, p.Same, p.Refused)
	for _, ends := range []struct {
		n    int
		what string
	}{{p.Locks, "locks of partners would end"}, {p.Orders, "tickets are in orders that wait, which would end in ERROR"}, {p.Transfers, "tickets are in transfers, which would be cancelled"}} {
		if ends.n > 0 {
			fmt.Fprintf(out, "%d %s\n", ends.n, ends.what)
		}
	}
	for _, e := range p.Errors {
		fmt.Fprintln(out, said(e))
	}
}

const (
	// busyAnswers is how often in a row a command bears a server that is too busy.
	busyAnswers = 50
	busyWait    = 200 * time.Millisecond
)

// finishWork goes over a work until nothing of it is left, and shows how far it is.
func finishWork(ctx context.Context, w *surroundings, house *operatorapi.Client, work operatorapi.VenueWork) (operatorapi.VenueWork, error) {
	shown := -1
	for busy := 0; !work.Finished; {
		next, err := house.GoOn(ctx, work.ID)
		switch {
		case errors.Is(err, fault.Busy) && busy < busyAnswers:
			busy++
			select {
			case <-time.After(busyWait):
			case <-ctx.Done():
			}
			continue
		case err != nil:
			return work, err
		}
		work, busy = next, 0
		if work.Done > shown && work.Portions > 1 {
			fmt.Fprintf(w.stderr, "%s: %d of %d portions, %d tickets\n", work.Verb, work.Done, work.Portions, work.Tickets)
			shown = work.Done
		}
	}
	return work, nil
}

// tellWork tells what became of a work.
func (a venueActing) tellWork(w *surroundings, work operatorapi.VenueWork) error {
	err := a.tell(w, work, func(out io.Writer) {
		fmt.Fprintf(out, "%s: %d tickets changed, %d were so already, %d refused\n", work.Verb, work.Changed, work.Same, work.Refused)
		for _, e := range work.Errors {
			fmt.Fprintln(out, said(e))
		}
	})
	if err == nil && work.Refused > 0 {
		err = fmt.Errorf("%d tickets were refused", work.Refused)
	}
	return err
}

// explainEvent adds what a person may do about a refusal.
func explainEvent(event string, err error) error {
	if errors.Is(err, fault.EventUnknown) {
		return fmt.Errorf("there is no event %s: an event is named ORGANIZATION:SEASON:ITEM", printable(event))
	}
	return err
}
