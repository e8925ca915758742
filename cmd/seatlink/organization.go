package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/operatorapi"
)

type organizationCommand struct {
	List organizationListCommand `cmd:"" help:"Tell which organizations there are."`
	Show organizationShowCommand `cmd:"" help:"Show an organization with its rules."`
	Set  organizationSetCommand  `cmd:"" help:"Change an organization's rules: zone, review, pages, callbacks, strict sums."`
}

type organizationListCommand struct{ operating }

// Help is the longer text of seatlink organization list --help.
func (organizationListCommand) Help() string {
	return `Examples:
  seatlink organization list
  seatlink organization list --output json

Organizations come from house files (seatlink house load). ` + besideAServer
}

// Run lists the organizations.
func (c *organizationListCommand) Run(w *surroundings) error {
	return c.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		list, err := house.Organizations(ctx)
		if err != nil {
			return err
		}
		return c.tell(w, list, func(out io.Writer) {
			if len(list.Organizations) == 0 {
				fmt.Fprintln(out, "There is no organization yet: see seatlink house load --help.")
				return
			}
			fmt.Fprintln(out, "ORGANIZATION\tNAME\tDISTRIBUTOR\tZONE\tCURRENCY\tREVIEW\tSUMS")
			for _, o := range list.Organizations {
				fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", o.ID, printable(o.Name), o.DistributorCode, o.Zone, o.Currency, reviewOf(o), sumsOf(o))
			}
		})
	})
}

func reviewOf(o operatorapi.Organization) string {
	if len(o.Above) > 0 {
		return fmt.Sprintf("%s %s %s", o.Review, o.Above, o.Currency)
	}
	return o.Review
}

func sumsOf(o operatorapi.Organization) string {
	if o.StrictSums {
		return "strict"
	}
	return "lenient"
}

// An organizationName names an organization on the command line.
type organizationName struct {
	Organization int64 `arg:"" help:"The organization's id." placeholder:"ID"`
}

// show asks for an organization, maybe by changing it, and tells how it stands.
func (n organizationName) show(w *surroundings, o operating, ask func(context.Context, *operatorapi.Client) (operatorapi.Organization, error)) error {
	return o.ask(w, func(ctx context.Context, house *operatorapi.Client) error {
		got, err := ask(ctx, house)
		if errors.Is(err, fault.OrganizationUnknown) {
			return fmt.Errorf("there is no organization %d: see seatlink organization list", n.Organization)
		}
		if err != nil {
			return err
		}
		return o.tell(w, got, func(out io.Writer) {
			line := func(name, format string, args ...any) { fmt.Fprintf(out, name+"\t"+format+"\n", args...) }
			line("organization", "%d", got.ID)
			line("name", "%s", printable(got.Name))
			line("distributor", "%s", got.DistributorCode)
			line("zone", "%s", got.Zone)
			line("currency", "%s", got.Currency)
			line("sums", "%s", sumsOf(got))
			line("review", "%s", reviewOf(got))
			line("pages", "%s", cmp.Or(printable(strings.Join(got.Pages, ", ")), "none of partners' own"))
			line("callbacks", "%s", cmp.Or(strings.Join(got.Callbacks, ", "), "to any host"))
		})
	})
}

type organizationShowCommand struct {
	organizationName
	operating
}

// Help is the longer text of seatlink organization show --help.
func (organizationShowCommand) Help() string {
	return `Examples:
  seatlink organization show 999
  seatlink organization show 999 --output json

` + besideAServer
}

// Run shows an organization.
func (c *organizationShowCommand) Run(w *surroundings) error {
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Organization, error) {
		return house.Organization(ctx, c.Organization)
	})
}

type organizationSetCommand struct {
	organizationName
	Zone      string   `help:"Its time zone, such as America/Chicago. Events without a time of their end are over by it." placeholder:"ZONE"`
	Sums      string   `help:"strict refuses orders whose sums do not reconcile; lenient takes them." enum:",strict,lenient" default:"" placeholder:"RULE"`
	Review    string   `help:"Which orders wait for you: none, above (an amount) or all." enum:",none,above,all" default:"" placeholder:"POLICY"`
	Above     string   `help:"The amount of --review above: orders that were paid more wait." placeholder:"AMOUNT"`
	Pages     []string `name:"page" help:"An address that partners' acceptance pages of transfers may have; may be given again. In the place of those before." placeholder:"URL"`
	NoPages   bool     `help:"No acceptance page of partners is allowed."`
	Callbacks []string `name:"callback-host" help:"A host that callbacks may go to; may be given again. In the place of those before." placeholder:"HOST"`
	AnyHost   bool     `name:"any-callback-host" help:"Callbacks may go to every host."`
	operating
}

// Help is the longer text of seatlink organization set --help.
func (organizationSetCommand) Help() string {
	return `Examples:
  seatlink organization set 999 --review above --above 500
  seatlink organization set 999 --zone America/Denver --sums strict
  seatlink organization set 999 --page https://tickets.example.com/accept --callback-host hooks.example.com

What is not given stays as it is. It counts from the next request on, on every server of the database; orders that
wait already, and transfers that were begun, keep what they have. A house file of the organization that says otherwise
is refused from then on (seatlink house load): change it too, or export it anew. Id, currency and distributor code
never change, for amounts and confirmation codes are made of them.

` + besideAServer
}

// Run changes rules.
func (c *organizationSetCommand) Run(w *surroundings) error {
	rules, err := c.rules()
	if err != nil {
		return err
	}
	return c.show(w, c.operating, func(ctx context.Context, house *operatorapi.Client) (operatorapi.Organization, error) {
		return house.SetRules(ctx, rules)
	})
}

func (c *organizationSetCommand) rules() (operatorapi.Rules, error) {
	rules := operatorapi.Rules{ID: c.Organization}
	given := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	rules.Zone, rules.Review, rules.Above = given(c.Zone), given(c.Review), given(c.Above)
	if c.Sums != "" {
		strict := c.Sums == "strict"
		rules.StrictSums = &strict
	}
	var err error
	if rules.Pages, err = listOr(c.Pages, c.NoPages, "--page or --no-pages"); err != nil {
		return rules, err
	}
	if rules.Callbacks, err = listOr(c.Callbacks, c.AnyHost, "--callback-host or --any-callback-host"); err != nil {
		return rules, err
	}
	if rules == (operatorapi.Rules{ID: c.Organization}) {
		return rules, errors.New("nothing is to be changed: see seatlink organization set --help")
	}
	return rules, nil
}

// listOr is a list that was given, an empty one where that was said, else nil.
func listOr(list []string, empty bool, flags string) (*[]string, error) {
	switch {
	case empty && len(list) > 0:
		return nil, fmt.Errorf("give %s, not both", flags)
	case empty:
		return &[]string{}, nil
	case len(list) > 0:
		return &list, nil
	}
	return nil, nil
}
