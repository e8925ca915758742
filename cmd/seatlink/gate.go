package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

type gateCommand struct {
	Export gateExportCommand `cmd:"" help:"Write the valid barcodes of an event to a file."`
	Feed   gateFeedCommand   `cmd:"" help:"Tell which tickets of an event changed since a position."`
	Verify gateVerifyCommand `cmd:"" help:"Let a ticket in, once, or say why not."`
	Undo   gateUndoCommand   `cmd:"" help:"Take back a scan that let a ticket in."`
	Merge  gateMergeCommand  `cmd:"" help:"Hand in scans that were made while a scanner was offline."`
	Status gateStatusCommand `cmd:"" help:"Count who is in, and tell the conflicts between scanners."`
	Key    gateKeyCommand    `cmd:"" help:"Issue, list and revoke the keys of scanners."`
}

// A gateEvent names the event that a gate is open for.
type gateEvent struct {
	Event string `arg:"" help:"The event's accessId, such as 999:F26:F01." placeholder:"EVENT"`
}

// explain adds what a person may do about a refusal.
func (e gateEvent) explain(err error) error {
	switch {
	case errors.Is(err, fault.EventUnknown):
		return fmt.Errorf("there is no event %s", printable(e.Event))
	case errors.Is(err, boxoffice.ErrResync):
		return fmt.Errorf("%w: see seatlink gate export %s", err, printable(e.Event))
	case errors.Is(err, boxoffice.ErrScanUnknown):
		return fmt.Errorf("there is no such scan at event %s", printable(e.Event))
	}
	return err
}

type gateFeedCommand struct {
	gateEvent
	Epoch  int64 `help:"The epoch of the file or of the last answer." required:"" placeholder:"N"`
	After  int64 `help:"The position of the file or of the last answer." required:"" placeholder:"N"`
	Follow bool  `help:"Go on, a look a second, until Ctrl-C." own:""`
	operating
}

// Help is the longer text of seatlink gate feed --help.
func (gateFeedCommand) Help() string {
	return `Examples:
  seatlink gate feed 999:F26:F01 --epoch 1 --after 48211
  seatlink gate feed 999:F26:F01 --epoch 1 --after 48211 --follow --output json

It tells of each ticket that changed how it stands now: its barcode, whether that opens the gate, and the barcodes that
are dead. Applied to the file of seatlink gate export, from that file's position on, they make the truth; a change that
comes twice does no harm. With --output json each answer is a line.

` + besideAServer
}

// followEvery is how often --follow looks.
const followEvery = time.Second

// Run tells what changed.
func (c *gateFeedCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for after := c.After; ; {
			feed, err := house.GateChanges(ctx, c.Event, c.Epoch, after)
			if err != nil && ctx.Err() != nil {
				return nil // Ctrl-C is how --follow ends
			}
			if err != nil {
				return c.explain(err)
			}
			if !c.Follow || len(feed.Tickets) > 0 {
				if err := c.tell(w, feed, func(out io.Writer) { showFeed(out, feed) }); err != nil {
					return err
				}
			}
			after = feed.Position
			switch {
			case feed.More:
				continue
			case !c.Follow:
				return nil
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
}

func showFeed(out io.Writer, f operatorapi.Feed) {
	fmt.Fprintf(out, "%s\tepoch %d\tposition %d\n", f.Event, f.Epoch, f.Position)
	if f.Cancelled {
		fmt.Fprintln(out, "The event is cancelled: nothing opens the gate.")
	}
	for _, t := range f.Tickets {
		fmt.Fprintf(out, "%s\t%s\t%s\n", printable(t.Barcode), gateWord(t), gateSeat(t.Section, t.Row, t.Seat))
		for _, dead := range t.Dead {
			fmt.Fprintf(out, "%s\tdead\t%s\n", printable(dead), gateSeat(t.Section, t.Row, t.Seat))
		}
	}
}

func gateWord(t operatorapi.GateTicket) string {
	switch {
	case !t.Live:
		return "dead"
	case t.Gate != "":
		return "in since " + t.Admitted + " at " + t.Gate
	}
	return "live"
}

func gateSeat(section, row, seat string) string {
	return printable(section) + " row " + printable(row) + " seat " + printable(seat)
}

type gateVerifyCommand struct {
	gateEvent
	Barcode string `arg:"" help:"The barcode." placeholder:"BARCODE"`
	Gate    string `help:"The gate where it was scanned." required:"" placeholder:"NAME"`
	Scan    string `help:"An id of the scan; the same again gets the same answer. Default: a new one." placeholder:"ID"`
	operating
}

// Help is the longer text of seatlink gate verify --help.
func (gateVerifyCommand) Help() string {
	return `Examples:
  seatlink gate verify 999:F26:F01 99912345678901 --gate NORTH

It exits 1 when the ticket is not to be let in, and says why: the barcode is unknown, of another event, or was replaced
(and when), the ticket is void or in already (since when, and where), or the event is cancelled. A ticket that is in
can no more be listed, sold or given.

` + besideAServer
}

// Run lets a ticket in.
func (c *gateVerifyCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		v, err := house.GateVerify(ctx, c.Event, operatorapi.GateScan{ID: cmp.Or(c.Scan, uuid.NewString()), Barcode: c.Barcode, Gate: c.Gate})
		if err != nil {
			return c.explain(err)
		}
		if err := c.tell(w, v, func(out io.Writer) { showVerdict(out, v) }); err != nil {
			return err
		}
		if !v.Admitted {
			return errTold
		}
		return nil
	})
}

func showVerdict(out io.Writer, v operatorapi.GateVerdict) {
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(out, "%s\t%s\n", name, text)
		}
	}
	if v.Admitted {
		line("admitted", "yes")
	} else {
		line("admitted", "NO: "+v.Message)
	}
	line("code", v.Code)
	line("since", v.Since)
	line("at", printable(v.Gate))
	line("event", printable(v.Event))
	if v.Place != nil {
		line("place", gateSeat(v.Place.Section, v.Place.Row, v.Place.Seat))
	}
	line("scan", printable(v.ScanID))
}

type gateUndoCommand struct {
	gateEvent
	Scan string `arg:"" help:"The id of the scan, as gate verify told it." placeholder:"SCAN"`
	operating
}

// Help is the longer text of seatlink gate undo --help.
func (gateUndoCommand) Help() string {
	return `Examples:
  seatlink gate undo 999:F26:F01 3d1b5c1e-2a61-4f7e-9d53-0e8f6c1c8f10

The ticket is free again, or the venue's where the venue held it. A lock, order or transfer that the scan ended does
not come back.

` + besideAServer
}

// Run takes a scan back.
func (c *gateUndoCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		v, err := house.GateUndo(ctx, c.Event, c.Scan)
		if err != nil {
			return c.explain(err)
		}
		return c.tell(w, v, func(out io.Writer) {
			fmt.Fprintf(out, "The scan %s is undone: %s may be let in again.\n", printable(v.ScanID), printable(v.Barcode))
		})
	})
}

type gateStatusCommand struct {
	gateEvent
	operating
}

// Help is the longer text of seatlink gate status --help.
func (gateStatusCommand) Help() string {
	return `Examples:
  seatlink gate status 999:F26:F01
  seatlink gate status 999:F26:F01 --output json

A conflict is a scan of a scanner that was offline, and did not count: an earlier scan had let the ticket in, or the
barcode was not good. The first thousand are told.

` + besideAServer
}

// Run counts.
func (c *gateStatusCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		s, err := house.GateStatus(ctx, c.Event)
		if err != nil {
			return c.explain(err)
		}
		return c.tell(w, s, func(out io.Writer) {
			fmt.Fprintf(out, "event\t%s, %s\n", printable(s.Event), printable(s.Name))
			if s.Cancelled {
				fmt.Fprintln(out, "cancelled\tnothing opens the gate")
			}
			fmt.Fprintf(out, "tickets\t%d\nin\t%d\nlater scans\t%d\nrefused scans\t%d\nundone scans\t%d\nposition\t%d of epoch %d\n",
				s.Live, s.Inside, s.Later, s.Refused, s.Undone, s.Position, s.Epoch)
			for _, x := range s.Conflicts {
				fmt.Fprintf(out, "conflict\t%s %s at %s, %s, scan %s\n", x.Code, printable(x.Barcode), printable(x.Gate), x.At, printable(x.ID))
			}
		})
	})
}

type gateKeyCommand struct {
	Add    gateKeyAddCommand    `cmd:"" help:"Issue the key of a scanner, or of all scanners of a gate."`
	List   gateKeyListCommand   `cmd:"" help:"Tell which keys there are."`
	Revoke gateKeyRevokeCommand `cmd:"" help:"End a key, at once."`
}

type gateKeyAddCommand struct {
	Name         string   `arg:"" help:"What the journal calls who shows the key." placeholder:"NAME"`
	Organization int64    `help:"The organization whose events it is for." required:"" placeholder:"ID"`
	Events       []string `name:"event" help:"An event it is for, and no other; may be given again. Default: all of the organization." placeholder:"EVENT"`
	operating
}

// Help is the longer text of seatlink gate key add --help.
func (gateKeyAddCommand) Help() string {
	return `Examples:
  seatlink gate key add north-1 --organization 999
  seatlink gate key add club --organization 999 --event 999:F26:F01

The key is shown this once; scanners send it as Authorization: Bearer KEY to the listener of --gate-listen.

` + besideAServer
}

// Run issues a key.
func (c *gateKeyAddCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		k, err := house.NewGateKey(ctx, c.Organization, c.Name, c.Events)
		if err != nil {
			return err
		}
		return c.tell(w, k, func(out io.Writer) {
			fmt.Fprintf(out, "%s\nGate key %s of %s. It is shown this once.\n", k.Secret, k.ID, printable(k.Name))
		})
	})
}

type gateKeyListCommand struct{ operating }

// Help is the longer text of seatlink gate key list --help.
func (gateKeyListCommand) Help() string {
	return `Examples:
  seatlink gate key list
  seatlink gate key list --output json

` + besideAServer
}

// Run lists the keys.
func (c *gateKeyListCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		list, err := house.GateKeys(ctx)
		if err != nil {
			return err
		}
		return c.tell(w, list, func(out io.Writer) { showGateKeys(out, list) })
	})
}

func showGateKeys(out io.Writer, list operatorapi.GateKeyList) {
	if len(list.Keys) == 0 {
		fmt.Fprintln(out, "There is no gate key yet: see seatlink gate key add --help.")
		return
	}
	fmt.Fprintln(out, "KEY\tNAME\tORGANIZATION\tEVENTS\tSTATE")
	for _, k := range list.Keys {
		state := "good since " + k.Created
		if k.Ended != "" {
			state = "ended " + k.Ended
		}
		fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\n", k.ID, printable(k.Name), k.Organization, cmp.Or(printable(strings.Join(k.Events, ", ")), "all"), state)
	}
}

type gateKeyRevokeCommand struct {
	ID string `arg:"" help:"The key's id, as gate key list tells it." placeholder:"KEY"`
	operating
}

// Help is the longer text of seatlink gate key revoke --help.
func (gateKeyRevokeCommand) Help() string {
	return `Examples:
  seatlink gate key revoke 7QK2M4RZT6XA

` + besideAServer
}

// Run ends a key.
func (c *gateKeyRevokeCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		list, err := house.RevokeGateKey(ctx, c.ID)
		if errors.Is(err, access.ErrGateKeyUnknown) {
			return fmt.Errorf("there is no gate key %s: see seatlink gate key list", printable(c.ID))
		}
		if err != nil {
			return err
		}
		return c.tell(w, list, func(out io.Writer) { showGateKeys(out, list) })
	})
}
