package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/seatlink/seatlink/internal/operatorapi"
)

type showCommand struct {
	What     []string      `arg:"" help:"A token, barcode, order (CHANNEL/ID), listing, transfer or Request-ID; or a seat as EVENT SECTION ROW SEAT."`
	Kind     string        `help:"What the name is, where it could be several: ticket, barcode, order, listing, transfer or request." enum:",ticket,barcode,order,listing,transfer,request" default:"" placeholder:"KIND"`
	Personal bool          `help:"Show names, mail addresses and barcodes too."`
	Limit    int           `help:"Newest rows to tell of each ticket's story, 1 to 1000." default:"100" placeholder:"N"`
	Back     time.Duration `help:"How far back to search for a Request-ID." default:"168h" placeholder:"TIME"`
	operating
}

// Help is the longer text of seatlink show --help.
func (showCommand) Help() string {
	return `Examples:
  seatlink show 999F27F010000000012
  seatlink show 999:F27:F01 ES:9 A 12
  seatlink show my-application/7e0c25
  seatlink show 3785222-AMTX:10237 --output json
  seatlink show 8f14e45f-ea3c-4b52-9a57-0d3c1f0a7f11 --back 24h

It tells how something stands and what happened to it, the oldest first, from the journal: when, what, by whom, under
which Request-ID, and whose and held how the ticket was then. Of an order, a listing and a transfer it tells so of each of
their tickets. Who owns a ticket is a patron's id unless --personal is given.

A Request-ID that is no UUID needs --kind request. There is no index of Request-IDs, for every lock would pay for it:
the journal is read backwards from its end, in short steps beside the partners' requests, and the command says how far it
is. That takes some seconds for a million rows; --back bounds it.

` + besideAServer
}

// Run shows something.
func (c *showCommand) Run(w *surroundings) error {
	if len(c.What) != 1 && len(c.What) != 4 {
		return errors.New("show one name, or a seat as EVENT SECTION ROW SEAT")
	}
	if len(c.What) == 4 && c.Kind != "" && c.Kind != operatorapi.KindTicket {
		return fmt.Errorf("four words name a seat, and no %s", c.Kind)
	}
	_, notUUID := uuid.Parse(c.What[0])
	if c.Kind == "request" || c.Kind == "" && len(c.What) == 1 && notUUID == nil {
		return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error { return c.request(ctx, w, house) })
	}
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		s, err := house.Show(ctx, operatorapi.ShowRequest{Words: c.What, Kind: c.Kind, Personal: c.Personal, Limit: c.Limit})
		if errors.Is(err, operatorapi.ErrNothing) {
			return fmt.Errorf("there is no %s %s", cmp.Or(c.Kind, "ticket, order, listing, transfer or barcode"), printable(strings.Join(c.What, " ")))
		}
		if err != nil {
			return err
		}
		return c.tell(w, s, func(out io.Writer) { showAll(out, s) })
	})
}

// request searches the journal backwards, stretch by stretch.
func (c *showCommand) request(ctx context.Context, w *surroundings, house *operatorapi.Client) error {
	const often = time.Second
	var (
		all  = operatorapi.RequestStretch{Steps: []operatorapi.Step{}}
		told = time.Now()
		tell = time.Now().Add(-c.Back).UTC().Format(time.RFC3339)
	)
	for {
		s, err := house.ChangesOf(ctx, operatorapi.RequestRequest{RequestID: c.What[0], Below: all.Below})
		if err != nil {
			return err
		}
		all.Steps = append(s.Steps, all.Steps...) // those are older
		all.More, all.Below, all.Since = all.More || s.More, s.Below, s.Since
		if s.Below == 0 || s.More || s.Since < tell {
			break
		}
		if time.Since(told) > often {
			told = time.Now()
			fmt.Fprintf(w.stderr, "\rsearched back to %s ", s.Since)
		}
	}
	if len(all.Steps) == 0 {
		return fmt.Errorf("no request %s changed anything since %s (--back)", printable(c.What[0]), cmp.Or(all.Since, "the beginning"))
	}
	return c.tell(w, all, func(out io.Writer) {
		fmt.Fprintf(out, "request\t%s\nsearched\tback to %s\n\n", printable(c.What[0]), all.Since)
		showStory(out, all.Steps, true)
		if all.More {
			fmt.Fprintln(out, "and more, which are left out")
		}
	})
}

func showAll(out io.Writer, s operatorapi.Shown) {
	switch {
	case s.Order != nil:
		showOrder(out, *s.Order)
	case s.Listing != nil:
		l := s.Listing
		fmt.Fprintf(out, "listing\t%s\norganization\t%d\nchannel\t%s\npatron\t%s\nmade\t%s\nexpires\t%s\ntickets\t%d, of which %d are left\n",
			printable(l.ID), l.Organization, printable(l.Channel), printable(l.Patron), l.Created, l.Expires, len(l.Tokens), l.Left)
	case s.Transfer != nil:
		t := s.Transfer
		fmt.Fprintf(out, "transfer\t%s\nkey\t%s\nstate\t%s\norganization\t%d\nfrom\tpatron %s\nto\t%s\nsent\t%s\nexpires\t%s\n",
			t.Code, printable(t.Key), t.State, t.Organization, t.From, patronOr(t.To, "nobody yet"), t.Sent, t.Expires)
		for _, step := range t.History {
			fmt.Fprintf(out, "step\t%s by %s at %s\n", step.Op, step.By, step.At)
		}
	}
	for i, t := range s.Tickets {
		if i > 0 || s.Kind != operatorapi.KindTicket && s.Kind != operatorapi.KindBarcode {
			fmt.Fprintln(out)
		}
		showTicket(out, t)
	}
	for _, p := range s.People {
		fmt.Fprintf(out, "patron %s\t%s\t%s\n", p.Patron, printable(p.Name), printable(p.Email))
	}
}

func patronOr(id, none string) string {
	if id == "" {
		return none
	}
	return "patron " + id
}

func showTicket(out io.Writer, t operatorapi.ShownTicket) {
	line := func(name, format string, args ...any) { fmt.Fprintf(out, name+"\t"+format+"\n", args...) }
	line("ticket", "%s", printable(t.Token))
	line("event", "%s, %s: %s", t.Event, printable(t.Title), t.EventIs)
	line("seat", "section %s, row %s, seat %s", printable(t.Section), printable(t.Row), printable(t.Seat))
	line("owner", "patron %s", t.Owner)
	if t.Barcode != "" {
		line("barcode", "%s", printable(t.Barcode))
	}
	line("stands", "%s", standing(t))
	if t.Version == 0 {
		line("story", "nothing has happened to it since it was loaded")
		return
	}
	if t.Older > 0 {
		line("story", "%d older rows are left out: see --limit", t.Older)
	}
	showStory(out, t.Story, false)
}

func standing(t operatorapi.ShownTicket) string {
	switch {
	case t.Void:
		return "void"
	case t.Hold == "":
		return "free"
	}
	return fmt.Sprintf("%s of %s since %s", t.Hold, printable(cmp.Or(t.HeldBy, "nobody")), cmp.Or(t.HeldSince, "it was loaded"))
}

// showStory is a table of steps, with the subjects where they are several.
func showStory(out io.Writer, steps []operatorapi.Step, subjects bool) {
	heads := []string{"WHEN", "VERSION", "WHAT", "BY", "OWNER", "THEN", "REQUEST-ID"}
	if subjects {
		heads = slices.Insert(heads, 1, "SUBJECT")
	}
	fmt.Fprintln(out, strings.Join(heads, "\t"))
	for _, s := range steps {
		cells := []string{s.At, fmt.Sprint(s.Version), s.What, by(s), s.Owner, then(s), s.RequestID}
		if subjects {
			cells = slices.Insert(cells, 1, s.Subject)
		}
		for i := range cells {
			cells[i] = cmp.Or(printable(cells[i]), "-")
		}
		fmt.Fprintln(out, strings.Join(cells, "\t"))
	}
}

// by is who did a step: a partner's channel, an operator, or the house itself.
func by(s operatorapi.Step) string {
	return cmp.Or(s.Channel, s.Application, "the house")
}

// then is how the ticket stood after a step.
func then(s operatorapi.Step) string {
	text := "free"
	switch {
	case s.Void:
		text = "void"
	case s.Hold != "":
		text = s.Hold + " of " + s.HeldBy
	}
	if s.Order != "" {
		text += ", order " + s.Order
	}
	return text
}
