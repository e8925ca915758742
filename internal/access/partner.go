package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seatlink/seatlink/internal/fault"
)

const (
	nameLimit         = 128 // characters of an application id, a channel code or a partner's name
	channelLimit      = 100 // of a partner
	organizationLimit = 1000
	hostLimit         = 100
	hostLength        = 253 // of a host's name (RFC 1035)
)

// What operators are told.
var (
	ErrPartnerUnknown error = &fault.Error{Kind: fault.NotFound, Code: "PARTNER_NOT_FOUND", Message: "no such partner"}
	ErrKeyUnknown     error = &fault.Error{Kind: fault.NotFound, Code: "KEY_NOT_FOUND", Message: "the partner has no such API key"}
	ErrKeysLive       error = &fault.Error{Kind: fault.Conflict, Code: "KEYS_LIVE", Message: "the partner has two live API keys; revoke one first"}
	ErrChannelTaken   error = &fault.Error{Kind: fault.Conflict, Code: "CHANNEL_TAKEN", Message: "the channel is another application's"}
)

// A Partner is a program that may call, with what it was given at on-boarding.
type Partner struct {
	Application   ApplicationID
	Name          string
	Channels      []Channel        // ascending; each is of this application alone
	Organizations []OrganizationID // granted to it, ascending
	CallbackHosts []string         // that its callbacks may go to, in lower case; none is any
	Page          string           // where patrons go with a listing; "" is nowhere
	Rate          Rate             // how much it may send; not looked at by AddPartner
	Keys          []Key            // oldest first; not looked at by AddPartner
}

// AddPartner makes a partner known, all of it or nothing. One that is known
// already gets the channels and organizations it lacks and keeps all else, its
// name and its callback hosts too. It returns fault.FieldInvalid for what cannot be a name, and
// ErrChannelTaken.
func (d *Desk) AddPartner(ctx context.Context, p Partner) error {
	if err := p.check(); err != nil {
		return err
	}
	hosts, err := hostList(p.CallbackHosts)
	if err != nil {
		return err
	}
	p.CallbackHosts = hosts
	err = d.store.Enrolment(ctx, p.Application, func(e *Enrolment) error {
		if e.Application == "" {
			e.Application, e.Name, e.CallbackHosts = p.Application, p.Name, p.CallbackHosts
		}
		e.Channels = union(e.Channels, p.Channels)
		e.Organizations = union(e.Organizations, p.Organizations)
		return e.checkSize()
	})
	return d.acted("add partner", err)
}

func (p Partner) check() error {
	if nameOrNone(p.Application) == "" {
		return fault.FieldInvalid.Saying("an application id has 1 to 128 letters, digits, hyphens, underscores and dots")
	}
	if !utf8.ValidString(p.Name) || utf8.RuneCountInString(p.Name) > nameLimit || strings.ContainsFunc(p.Name, unicode.IsControl) {
		return fault.FieldInvalid.Saying("a partner's name is text of at most 128 characters")
	}
	for _, channel := range p.Channels {
		if nameOrNone(channel) == "" {
			return fault.FieldInvalid.Saying("a channel code has 1 to 128 letters, digits, hyphens, underscores and dots")
		}
	}
	return nil
}

func (e *Enrolment) checkSize() error {
	if len(e.Channels) > channelLimit || len(e.Organizations) > organizationLimit {
		return fault.FieldInvalid.Saying(fmt.Sprintf("a partner has at most %d channels and %d organizations", channelLimit, organizationLimit))
	}
	return nil
}

// Grant lets an application see an organization. Granting twice changes nothing.
func (d *Desk) Grant(ctx context.Context, app ApplicationID, org OrganizationID) error {
	return d.acted("grant", d.change(ctx, app, func(e *Enrolment) error {
		e.Organizations = union(e.Organizations, []OrganizationID{org})
		return e.checkSize()
	}))
}

// Withdraw ends a grant, everywhere within a second. Withdrawing what was not
// granted changes nothing.
func (d *Desk) Withdraw(ctx context.Context, app ApplicationID, org OrganizationID) error {
	return d.acted("withdraw", d.change(ctx, app, func(e *Enrolment) error {
		e.Organizations = slices.DeleteFunc(e.Organizations, func(o OrganizationID) bool { return o == org })
		return nil
	}))
}

// AllowCallbacks sets the hosts that an application's callbacks may go to,
// everywhere within a second; without any they may go to every host. It returns
// fault.FieldInvalid for what is no host's name.
func (d *Desk) AllowCallbacks(ctx context.Context, app ApplicationID, hosts []string) error {
	names, err := hostList(hosts)
	if err != nil {
		return err
	}
	return d.acted("allow callbacks", d.change(ctx, app, func(e *Enrolment) error {
		e.CallbackHosts = names
		return nil
	}))
}

// SetPage sets where patrons go with a listing that is for the application; "" has
// none sent there. That the address can be one is the caller's to know.
func (d *Desk) SetPage(ctx context.Context, app ApplicationID, page string) error {
	return d.acted("set the page", d.change(ctx, app, func(e *Enrolment) error {
		e.Page = page
		return nil
	}))
}

// hostList is the list as it is kept: in lower case, ascending, each name once.
func hostList(hosts []string) ([]string, error) {
	var names []string
	for _, host := range hosts {
		name := strings.ToLower(strings.TrimSuffix(host, "."))
		if len(name) > hostLength || !isName(name) {
			return nil, fault.FieldInvalid.Saying("a callback host is a name such as partner.example.com, without scheme, port and path")
		}
		names = append(names, name)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > hostLimit {
		return nil, fault.FieldInvalid.Saying(fmt.Sprintf("an application has at most %d callback hosts", hostLimit))
	}
	return names, nil
}

// Partners returns all partners by application id, without secrets.
func (d *Desk) Partners(ctx context.Context) ([]Partner, error) {
	enrolments, err := d.store.Enrolments(ctx)
	if err != nil {
		return nil, d.acted("list partners", err)
	}
	partners := make([]Partner, 0, len(enrolments))
	for _, e := range enrolments {
		for i := range e.Keys {
			e.Keys[i].MAC = ""
		}
		partners = append(partners, e.Partner)
	}
	return partners, nil
}

// change alters a partner that is known.
func (d *Desk) change(ctx context.Context, app ApplicationID, act func(e *Enrolment) error) error {
	if nameOrNone(app) == "" {
		return ErrPartnerUnknown
	}
	return d.store.Enrolment(ctx, app, func(e *Enrolment) error {
		if e.Application == "" {
			return ErrPartnerUnknown
		}
		return act(e)
	})
}

// acted ends an act: this process forgets whom it knew, for that may have
// changed even when the outcome is unknown, and an error says what was tried.
func (d *Desk) acted(what string, err error) error {
	d.recent.clear()
	if err != nil && fault.Of(err) == nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return err
}

// union returns both lists as one, ascending, each element once.
func union[T Channel | OrganizationID](a, b []T) []T {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
