package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

type orderCommand struct {
	List    orderListCommand    `cmd:"" help:"Tell which orders are under review, the oldest first."`
	Show    orderShowCommand    `cmd:"" help:"Show an order: its tickets, its money, how it was decided, its callback."`
	Approve orderApproveCommand `cmd:"" help:"Sell an order that is under review."`
	Reject  orderRejectCommand  `cmd:"" help:"End an order that is under review; its tickets stay locked by the partner."`
}

type orderListCommand struct {
	Limit int `help:"Orders to tell at most, 1 to 1000." default:"100" placeholder:"N"`
	operating
}

// Help is the longer text of seatlink order list --help.
func (orderListCommand) Help() string {
	return `Examples:
  seatlink order list
  seatlink order list --output json --limit 10
  seatlink order list --db postgres://seatlink@db.example.com/seatlink --key /etc/seatlink.key

` + besideAServer
}

// besideAServer is said by every command of an operator.
const besideAServer = `Where a server runs on the SQLite file the command asks it, through seatlink.sock beside the file; else it opens the
database itself.`

// Run lists the orders under review.
func (c *orderListCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		list, err := house.UnderReview(ctx, c.Limit)
		if err != nil {
			return err
		}
		return c.tell(w, list, func(out io.Writer) {
			if len(list.Orders) == 0 {
				fmt.Fprintln(out, "No order is under review.")
				return
			}
			fmt.Fprintln(out, "ORDER\tORGANIZATION\tSINCE\tTICKETS\tPAID\tSUMS")
			for _, o := range list.Orders {
				fmt.Fprintf(out, "%s\t%d\t%s\t%d\t%s %s\t%s\n",
					printable(o.Order), o.Organization, o.At, len(o.Tickets), o.Paid, o.Currency, sums(o))
			}
			if list.More {
				fmt.Fprintf(out, "and more: see --limit\n")
			}
		})
	})
}

// sums says whether what a partner told of the money fits together.
func sums(o operatorapi.Order) string {
	if o.Settlement.Reconciles {
		return "reconcile"
	}
	return "differ"
}

// An orderName names an order on the command line.
type orderName struct {
	Order string `arg:"" help:"The order, as order list tells it: the partner's channel, a slash, and its externalOrderId." placeholder:"CHANNEL/ID"`
}

func (n orderName) check() error {
	if channel, id, _ := strings.Cut(n.Order, "/"); channel == "" || id == "" {
		return fmt.Errorf("an order is named CHANNEL/EXTERNAL-ORDER-ID, not %q: see seatlink order list", n.Order)
	}
	return nil
}

type orderShowCommand struct {
	orderName
	operating
}

// Help is the longer text of seatlink order show --help.
func (orderShowCommand) Help() string {
	return `Examples:
  seatlink order show my-application/7e0c25
  seatlink order show my-application/7e0c25 --output json

` + besideAServer
}

// Run shows an order.
func (c *orderShowCommand) Run(w *surroundings) error {
	if err := c.check(); err != nil {
		return err
	}
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		o, err := house.Order(ctx, c.Order)
		if err != nil {
			return c.explain(err)
		}
		return c.tell(w, o, func(out io.Writer) { showOrder(out, o) })
	})
}

// explain adds what a person may do about a refusal.
func (n orderName) explain(err error) error {
	switch {
	case errors.Is(err, fault.OrderUnknown):
		return fmt.Errorf("there is no order %s: see seatlink order list", printable(n.Order))
	case errors.Is(err, fault.OrderDecided):
		return fmt.Errorf("%w: see seatlink order show %s", err, printable(n.Order))
	}
	return err
}

func showOrder(out io.Writer, o operatorapi.Order) {
	line := func(name, format string, args ...any) { fmt.Fprintf(out, name+"\t"+format+"\n", args...) }
	line("order", "%s", printable(o.Order))
	status := o.Status
	if o.WaitsFor != "" {
		status += ", waits for " + o.WaitsFor
	}
	line("status", "%s", status)
	line("organization", "%d", o.Organization)
	line("process", "%s", o.Process)
	line("listing", "%s", printable(o.ExternalListingID))
	line("accepted", "%s", o.At)
	line("buyer", "patron %s", o.Buyer)
	line("paid", "%s %s (price %s, fees %s)", o.Paid, o.Currency, o.Price, o.Fees)
	line("settlement", "totalAmountPaid %s, amountToSeller %s; sums %s", o.Settlement.TotalPaid, o.Settlement.ToSeller, sums(o))
	for _, t := range o.Tickets {
		line("ticket", "%s, price %s, fees %s, of patron %s", printable(t.Token), t.Price, t.Fees, t.From)
	}
	if v := o.Verdict; v != nil {
		word := "rejected"
		if v.Approved {
			word = "approved"
		}
		line("verdict", "%s by %s at %s: %s", word, v.By, v.At, cmp.Or(printable(v.Reason), "no reason given"))
	}
	for _, e := range o.Errors {
		line("error", "%s", said(e))
	}
	if c := o.Callback; c != nil {
		line("callback", "%s", attempted(*c))
	}
}

func attempted(c operatorapi.Callback) string {
	switch c.Attempts {
	case 0:
		return c.State + ", no attempt yet"
	case 1:
		return fmt.Sprintf("%s, 1 attempt at %s met %s", c.State, c.At, c.Met)
	}
	return fmt.Sprintf("%s, %d attempts, the last at %s met %s", c.State, c.Attempts, c.At, c.Met)
}

func said(e operatorapi.Failure) string {
	text := e.Code + ": " + e.Message
	if e.Token != "" {
		text = "ticket " + printable(e.Token) + ", " + text
	}
	return text
}

// printable takes out what a terminal would obey: partners choose these texts.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

type orderApproveCommand struct {
	orderName
	Reason string `help:"Why, for the operators of later days; partners do not see it." placeholder:"TEXT"`
	operating
}

// Help is the longer text of seatlink order approve --help.
func (orderApproveCommand) Help() string {
	return `Examples:
  seatlink order approve my-application/7e0c25
  seatlink order approve my-application/7e0c25 --reason "spoke with the marketplace" --as ada

The tickets are sold as they would have been at once. An order that lost a ticket meanwhile, by an act of the venue, ends
in ERROR instead: the command says why and exits 1. Approving again changes nothing.

` + besideAServer
}

// Run approves an order.
func (c *orderApproveCommand) Run(w *surroundings) error {
	return c.judge(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Order, error) {
		return house.Approve(ctx, c.Order, c.Reason)
	})
}

type orderRejectCommand struct {
	orderName
	Reason string `help:"Why, for the operators of later days; partners do not see it." placeholder:"TEXT" required:""`
	operating
}

// Help is the longer text of seatlink order reject --help.
func (orderRejectCommand) Help() string {
	return `Examples:
  seatlink order reject my-application/7e0c25 --reason "the price is a typing error"

The order ends in ERROR for good, its tickets are locked by the partner as they were before. Rejecting again changes
nothing.

` + besideAServer
}

// Run rejects an order.
func (c *orderRejectCommand) Run(w *surroundings) error {
	return c.judge(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Order, error) {
		return house.Reject(ctx, c.Order, c.Reason)
	})
}

// judge gives a verdict and tells what became of the order.
func (n orderName) judge(w *surroundings, o operating, give func(context.Context, *operatorapi.Client) (operatorapi.Order, error)) error {
	if err := n.check(); err != nil {
		return err
	}
	return o.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		order, err := give(ctx, house)
		if err != nil {
			return n.explain(err)
		}
		err = o.tell(w, order, func(out io.Writer) {
			fmt.Fprintf(out, "order %s is %s\n", printable(order.Order), order.Status)
			for _, e := range order.Errors {
				fmt.Fprintln(out, said(e))
			}
		})
		if err == nil && order.Verdict != nil && order.Verdict.Approved && len(order.Errors) > 0 {
			return errors.New("the order was approved and could not be sold any more")
		}
		return err
	})
}
