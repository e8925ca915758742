package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

type partnerCommand struct {
	Add       partnerAddCommand       `cmd:"" help:"Make a partner known, or give a known one channels and organizations."`
	List      partnerListCommand      `cmd:"" help:"Tell which partners there are."`
	Show      partnerShowCommand      `cmd:"" help:"Show a partner: what it was given, and its API keys without their secrets."`
	Grant     partnerGrantCommand     `cmd:"" help:"Let a partner see an organization."`
	Withdraw  partnerWithdrawCommand  `cmd:"" aliases:"revoke" help:"End a grant."`
	Key       partnerKeyCommand       `cmd:"" help:"Issue an API key, or revoke one."`
	Code      partnerCodeCommand      `cmd:"" help:"Issue an authorization code, or end all codes and tokens."`
	Disable   partnerDisableCommand   `cmd:"" help:"Shut a partner out: its keys, codes and tokens end."`
	Limit     partnerLimitCommand     `cmd:"" help:"Set how many requests a second a partner may send."`
	Page      partnerPageCommand      `cmd:"" help:"Set where patrons go with a listing for a partner."`
	Callbacks partnerCallbacksCommand `cmd:"" help:"Set the hosts that a partner's callbacks may go to."`
}

// withinASecond is said by every command that changes a partner.
const withinASecond = `It counts within a second, on every server of the database.

` + besideAServer

// A partnerName names a partner on the command line.
type partnerName struct {
	Application string `arg:"" help:"The partner's application, as partner list tells it." placeholder:"APPLICATION"`
}

// explain adds what a person may do about a refusal.
func (n partnerName) explain(err error) error {
	name := printable(n.Application)
	switch {
	case errors.Is(err, access.ErrPartnerUnknown):
		return fmt.Errorf("there is no partner %s: see seatlink partner list", name)
	case errors.Is(err, access.ErrKeyUnknown):
		return fmt.Errorf("%w of that id: see seatlink partner show %s", err, name)
	case errors.Is(err, access.ErrKeysLive):
		return fmt.Errorf("%w: see seatlink partner show %s, then seatlink partner key %s --revoke ID", err, name, name)
	case errors.Is(err, access.ErrChannelTaken):
		return fmt.Errorf("%w: see seatlink partner list", err)
	}
	return err
}

// show asks for a partner, mostly by changing it, and tells how it stands.
func (n partnerName) show(w *surroundings, o operating, ask func(context.Context, *operatorapi.Client) (operatorapi.Partner, error)) error {
	return o.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		p, err := ask(ctx, house)
		if err != nil {
			return n.explain(err)
		}
		for _, id := range p.Missing {
			fmt.Fprintf(w.stderr, "warning: there is no organization %d yet: see seatlink organization list\n", id)
		}
		return o.tell(w, p, func(out io.Writer) { showPartner(out, p) })
	})
}

// issue asks for a secret and tells it, this once.
func (n partnerName) issue(w *surroundings, o operating, what string, ask func(context.Context, *operatorapi.Client) (operatorapi.Secret, error)) error {
	return o.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		s, err := ask(ctx, house)
		if err != nil {
			return n.explain(err)
		}
		return o.tell(w, s, func(out io.Writer) {
			fmt.Fprintf(out, "%s\n%s of %s. It is shown this once: give it to the partner by a safe way.\n", s.Secret, what, printable(s.Application))
		})
	})
}

func showPartner(out io.Writer, p operatorapi.Partner) {
	line := func(name, format string, args ...any) { fmt.Fprintf(out, name+"\t"+format+"\n", args...) }
	line("partner", "%s", printable(p.Application))
	line("name", "%s", cmp.Or(printable(p.Name), "none"))
	line("channels", "%s", cmp.Or(strings.Join(p.Channels, ", "), "none: it cannot call yet, see seatlink partner add"))
	line("organizations", "%s", cmp.Or(numbers(p.Organizations), "none: it sees nothing yet, see seatlink partner grant"))
	line("page", "%s", cmp.Or(p.Page, "none: patrons cannot choose this partner in MyAccount"))
	line("callbacks", "%s", cmp.Or(strings.Join(p.CallbackHosts, ", "), "to any host"))
	line("limit", "%s", limitOf(p))
	if len(p.Keys) == 0 {
		line("key", "none: see seatlink partner key")
	}
	for _, k := range p.Keys {
		line("key", "%s", keyOf(k))
	}
}

func limitOf(p operatorapi.Partner) string {
	if p.PerSecond == 0 {
		return "none"
	}
	return fmt.Sprintf("%d/s, burst %d", p.PerSecond, p.Burst)
}

func keyOf(k operatorapi.Key) string {
	switch {
	case k.Ends == "":
		return k.ID + ", live since " + k.Created
	case k.Live:
		return k.ID + ", live until " + k.Ends
	}
	return k.ID + ", ended " + k.Ends
}

func numbers(list []int64) string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(texts, ", ")
}

type partnerAddCommand struct {
	partnerName
	Name          string   `help:"What people call the partner." placeholder:"TEXT"`
	Channels      []string `name:"channel" help:"A channel code of its own; may be given again." placeholder:"CODE"`
	Organizations []int64  `name:"organization" help:"An organization it may see; may be given again." placeholder:"ID"`
	CallbackHosts []string `name:"callback-host" help:"A host that its callbacks may go to; may be given again. Without any they may go to every host." placeholder:"HOST"`
	operating
}

// Help is the longer text of seatlink partner add --help.
func (partnerAddCommand) Help() string {
	return `Examples:
  seatlink partner add com.example.market --name "Example Market" --channel market --organization 999
  seatlink partner add com.example.market --channel market-mobile

A partner that is known already gets the channels and organizations it lacks and keeps all else. An organization may
be one that is loaded later. Then it needs a key (partner key) and a code (partner code).
` + withinASecond
}

// Run makes a partner known.
func (c *partnerAddCommand) Run(w *surroundings) error {
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
		return house.AddPartner(ctx, operatorapi.NewPartner{
			Application: c.Application, Name: c.Name, Channels: c.Channels, Organizations: c.Organizations, CallbackHosts: c.CallbackHosts,
		})
	})
}

type partnerListCommand struct{ operating }

// Help is the longer text of seatlink partner list --help.
func (partnerListCommand) Help() string {
	return `Examples:
  seatlink partner list
  seatlink partner list --output json

` + besideAServer
}

// Run lists the partners.
func (c *partnerListCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		list, err := house.Partners(ctx)
		if err != nil {
			return err
		}
		return c.tell(w, list, func(out io.Writer) {
			if len(list.Partners) == 0 {
				fmt.Fprintln(out, "There is no partner yet: see seatlink partner add --help.")
				return
			}
			fmt.Fprintln(out, "PARTNER\tNAME\tCHANNELS\tORGANIZATIONS\tLIVE KEYS\tLIMIT")
			for _, p := range list.Partners {
				live := 0
				for _, k := range p.Keys {
					if k.Live {
						live++
					}
				}
				fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t%s\n",
					printable(p.Application), printable(p.Name), len(p.Channels), len(p.Organizations), live, limitOf(p))
			}
		})
	})
}

type partnerShowCommand struct {
	partnerName
	operating
}

// Help is the longer text of seatlink partner show --help.
func (partnerShowCommand) Help() string {
	return `Examples:
  seatlink partner show com.example.market
  seatlink partner show com.example.market --output json

` + besideAServer
}

// Run shows a partner.
func (c *partnerShowCommand) Run(w *surroundings) error {
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
		return house.Partner(ctx, c.Application)
	})
}

type partnerGrantCommand struct {
	partnerName
	Organization int64 `arg:"" help:"The organization's id." placeholder:"ID"`
	operating
}

// Help is the longer text of seatlink partner grant --help.
func (partnerGrantCommand) Help() string {
	return `Examples:
  seatlink partner grant com.example.market 999

Granting twice changes nothing; the organization may be one that is loaded later. ` + withinASecond
}

// Run grants an organization.
func (c *partnerGrantCommand) Run(w *surroundings) error {
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
		return house.Grant(ctx, c.Application, c.Organization)
	})
}

type partnerWithdrawCommand struct {
	partnerName
	Organization int64 `arg:"" help:"The organization's id." placeholder:"ID"`
	operating
}

// Help is the longer text of seatlink partner withdraw --help.
func (partnerWithdrawCommand) Help() string {
	return `Examples:
  seatlink partner withdraw com.example.market 999

What the partner sold stays sold; the organization looks to it as if it were not there. Withdrawing what was not granted
changes nothing. ` + withinASecond
}

// Run withdraws an organization.
func (c *partnerWithdrawCommand) Run(w *surroundings) error {
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
		return house.Withdraw(ctx, c.Application, c.Organization)
	})
}

type partnerKeyCommand struct {
	partnerName
	Revoke string `help:"End this key instead, which partner show tells." placeholder:"ID"`
	operating
}

// Help is the longer text of seatlink partner key --help.
func (partnerKeyCommand) Help() string {
	return `Examples:
  seatlink partner key com.example.market
  seatlink partner key com.example.market --revoke 5TMXQJHSZD4B

The key is shown this once; only a hash of it is kept. The key before it is good for 24 h more, so that the partner can
change it without a pause. There are two live keys at most. A key that is revoked is refused within a second, on every
server of the database.

` + besideAServer
}

// Run issues or revokes a key.
func (c *partnerKeyCommand) Run(w *surroundings) error {
	if c.Revoke != "" {
		return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
			return house.RevokeKey(ctx, c.Application, c.Revoke)
		})
	}
	return c.issue(w, c.operating, "API key", func(ctx context.Context, house *operatorapi.Client) (operatorapi.Secret, error) {
		return house.NewKey(ctx, c.Application)
	})
}

type partnerCodeCommand struct {
	partnerName
	RevokeAll bool `help:"End every code and token of the partner instead; API keys stay."`
	operating
}

// Help is the longer text of seatlink partner code --help.
func (partnerCodeCommand) Help() string {
	return `Examples:
  seatlink partner code com.example.market
  seatlink partner code com.example.market --revoke-all

The code is shown this once, and is good for 7 days; the partner trades it for its first tokens. Codes that were issued
before stay good. Codes and tokens that are revoked are refused within a second, on every server of the database.

` + besideAServer
}

// Run issues a code, or revokes all.
func (c *partnerCodeCommand) Run(w *surroundings) error {
	if c.RevokeAll {
		return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
			return house.RevokeTokens(ctx, c.Application)
		})
	}
	return c.issue(w, c.operating, "Authorization code", func(ctx context.Context, house *operatorapi.Client) (operatorapi.Secret, error) {
		return house.NewCode(ctx, c.Application)
	})
}

type partnerDisableCommand struct {
	partnerName
	operating
}

// Help is the longer text of seatlink partner disable --help.
func (partnerDisableCommand) Help() string {
	return `Examples:
  seatlink partner disable com.example.market

All its API keys, codes and tokens end, at once and for good. What it was granted stays: a new key and a new code let it
in again. What it sold stays sold, what it has locked stays locked, and its messages rest until it is in again. ` + withinASecond
}

// Run shuts a partner out.
func (c *partnerDisableCommand) Run(w *surroundings) error {
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
		return house.Disable(ctx, c.Application)
	})
}

type partnerLimitCommand struct {
	partnerName
	PerSecond int `arg:"" help:"Requests a second, to each server; 0 lifts the limit." placeholder:"N"`
	Burst     int `help:"Requests at once after a pause. Default: as many as in a second." placeholder:"N"`
	operating
}

// Help is the longer text of seatlink partner limit --help.
func (partnerLimitCommand) Help() string {
	return `Examples:
  seatlink partner limit com.example.market 50 --burst 200
  seatlink partner limit com.example.market 0

What is more is answered 429 with Retry-After. ` + withinASecond
}

// Run sets a limit.
func (c *partnerLimitCommand) Run(w *surroundings) error {
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
		return house.Limit(ctx, c.Application, c.PerSecond, cmp.Or(c.Burst, c.PerSecond))
	})
}

type partnerCallbacksCommand struct {
	partnerName
	Hosts []string `arg:"" optional:"" help:"All hosts that its callbacks may go to." placeholder:"HOST"`
	Any   bool     `help:"They may go to every host."`
	operating
}

// Help is the longer text of seatlink partner callbacks --help.
func (partnerCallbacksCommand) Help() string {
	return `Examples:
  seatlink partner callbacks com.example.market hooks.example.com
  seatlink partner callbacks com.example.market --any

The list takes the place of the one before. An organization may have a list too (house files); where both have one, a
host must be on both. ` + withinASecond
}

// Run sets the callback hosts.
func (c *partnerCallbacksCommand) Run(w *surroundings) error {
	if c.Any == (len(c.Hosts) > 0) {
		return errors.New("give the hosts, or --any")
	}
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Partner, error) {
		return house.AllowCallbacks(ctx, c.Application, c.Hosts)
	})
}
