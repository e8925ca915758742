package operatorapi

import (
	"context"
	"slices"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Partners are the programs that may call, and what they were given. Errors are
// reasons of package fault; an application that is not known is
// access.ErrPartnerUnknown.
type Partners interface {
	// Partners returns all of them by application id, without secrets.
	Partners(ctx context.Context) ([]access.Partner, error)
	AddPartner(ctx context.Context, p access.Partner) error
	Grant(ctx context.Context, app access.ApplicationID, org access.OrganizationID) error
	Withdraw(ctx context.Context, app access.ApplicationID, org access.OrganizationID) error
	Limit(ctx context.Context, app access.ApplicationID, perSecond, burst int) error
	AllowCallbacks(ctx context.Context, app access.ApplicationID, hosts []string) error
	SetPage(ctx context.Context, app access.ApplicationID, page string) error
}

// Credentials are what partners show when they call.
type Credentials interface {
	NewAPIKey(ctx context.Context, app access.ApplicationID) (string, error)
	RevokeKey(ctx context.Context, app access.ApplicationID, id access.KeyID) error
	NewCode(ctx context.Context, app access.ApplicationID) (string, error)
	RevokeTokens(ctx context.Context, app access.ApplicationID) error
	Disable(ctx context.Context, app access.ApplicationID) error
}

// A Partner as operators see it.
type Partner struct {
	Application   string   `json:"application"`
	Name          string   `json:"name"`
	Channels      []string `json:"channels"`
	Organizations []int64  `json:"organizationIds"`
	CallbackHosts []string `json:"callbackHosts"` // none is any
	Page          string   `json:"page"`          // where patrons go with a listing
	PerSecond     int      `json:"perSecond"`     // 0 is no limit
	Burst         int      `json:"burst"`
	Keys          []Key    `json:"keys"` // oldest first, with those that ended
	// Missing are those of its organizations that the books do not have; of one partner
	// alone, not in lists.
	Missing []int64 `json:"missingOrganizationIds,omitempty"`
}

// A Key of a partner, without its secret.
type Key struct {
	ID      string `json:"id"`
	Created string `json:"created"`
	Ends    string `json:"ends,omitempty"` // when it was or will be revoked
	Live    bool   `json:"live"`
}

// PartnerList is the answer to which partners there are.
type PartnerList struct {
	Partners []Partner `json:"partners"`
}

// A Secret is told once: only a hash of it is kept.
type Secret struct {
	Application string `json:"application"`
	Secret      string `json:"secret"`
}

// A NewPartner is to be made known.
type NewPartner struct {
	Application   string   `json:"application"`
	Name          string   `json:"name"`
	Channels      []string `json:"channels"`
	Organizations []int64  `json:"organizationIds"`
	CallbackHosts []string `json:"callbackHosts"`
}

func partnerOf(p access.Partner, now time.Time) Partner {
	shown := Partner{
		Application: string(p.Application), Name: p.Name, Channels: []string{}, Organizations: []int64{}, CallbackHosts: []string{}, Page: p.Page,
		PerSecond: p.Rate.PerSecond, Burst: p.Rate.Burst, Keys: []Key{},
	}
	for _, channel := range p.Channels {
		shown.Channels = append(shown.Channels, string(channel))
	}
	for _, organization := range p.Organizations {
		shown.Organizations = append(shown.Organizations, int64(organization))
	}
	shown.CallbackHosts = append(shown.CallbackHosts, p.CallbackHosts...)
	for _, k := range p.Keys {
		key := Key{ID: string(k.ID), Created: instant(k.Created), Live: k.Ends.IsZero() || now.Before(k.Ends)}
		if !k.Ends.IsZero() {
			key.Ends = instant(k.Ends)
		}
		shown.Keys = append(shown.Keys, key)
	}
	return shown
}

func (a *api) partners(ctx context.Context, _ *call) (any, error) {
	all, err := a.work.Partners.Partners(ctx)
	if err != nil {
		return nil, err
	}
	list, now := PartnerList{Partners: []Partner{}}, time.Now()
	for _, p := range all {
		list.Partners = append(list.Partners, partnerOf(p, now))
	}
	return list, nil
}

func (a *api) showPartner(ctx context.Context, c *call) (any, error) {
	return a.partner(ctx, access.ApplicationID(c.FormValue("application")))
}

// partner is how one stands now. Partners are few, so all are read for it.
func (a *api) partner(ctx context.Context, app access.ApplicationID) (any, error) {
	all, err := a.work.Partners.Partners(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Application == app {
			shown := partnerOf(p, time.Now())
			shown.Missing, err = a.missing(ctx, p.Organizations)
			return shown, err
		}
	}
	return nil, access.ErrPartnerUnknown
}

// missing are the organizations that the books do not have.
func (a *api) missing(ctx context.Context, of []access.OrganizationID) (missing []int64, err error) {
	if len(of) == 0 {
		return nil, nil
	}
	all, err := a.work.House.Organizations(ctx)
	for _, id := range of {
		if !slices.ContainsFunc(all, func(o boxoffice.Organization) bool { return o.ID == id }) {
			missing = append(missing, int64(id))
		}
	}
	return missing, err
}

func (a *api) addPartner(ctx context.Context, c *call) (any, error) {
	var wire NewPartner
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	p := access.Partner{Application: access.ApplicationID(wire.Application), Name: wire.Name, CallbackHosts: wire.CallbackHosts}
	for _, channel := range wire.Channels {
		p.Channels = append(p.Channels, access.Channel(channel))
	}
	for _, organization := range wire.Organizations {
		if organization < 1 {
			return nil, errOrganization
		}
		p.Organizations = append(p.Organizations, access.OrganizationID(organization))
	}
	if err := a.work.Partners.AddPartner(ctx, p); err != nil {
		return nil, err
	}
	return a.partner(ctx, p.Application)
}

var errOrganization = fault.FieldInvalid.Saying("an organization's id is a number from 1 on")

// grantRequest is the body of a grant and of its end.
type grantRequest struct {
	Application  string `json:"application"`
	Organization int64  `json:"organizationId"`
}

func (a *api) grant(ctx context.Context, c *call) (any, error) {
	var wire grantRequest
	return a.change(ctx, c, &wire, func() (access.ApplicationID, error) {
		if wire.Organization < 1 {
			return "", errOrganization
		}
		app := access.ApplicationID(wire.Application)
		return app, a.work.Partners.Grant(ctx, app, access.OrganizationID(wire.Organization))
	})
}

func (a *api) withdraw(ctx context.Context, c *call) (any, error) {
	var wire grantRequest
	return a.change(ctx, c, &wire, func() (access.ApplicationID, error) {
		app := access.ApplicationID(wire.Application)
		return app, a.work.Partners.Withdraw(ctx, app, access.OrganizationID(wire.Organization))
	})
}

// change reads a request into wire, does what it asks, and answers with the
// partner as it is then.
func (a *api) change(ctx context.Context, c *call, wire any, act func() (access.ApplicationID, error)) (any, error) {
	if err := c.decode(wire); err != nil {
		return nil, err
	}
	app, err := act()
	if err != nil {
		return nil, err
	}
	return a.partner(ctx, app)
}

type limitRequest struct {
	Application string `json:"application"`
	PerSecond   int    `json:"perSecond"`
	Burst       int    `json:"burst"`
}

func (a *api) limitPartner(ctx context.Context, c *call) (any, error) {
	var wire limitRequest
	return a.change(ctx, c, &wire, func() (access.ApplicationID, error) {
		app := access.ApplicationID(wire.Application)
		return app, a.work.Partners.Limit(ctx, app, wire.PerSecond, wire.Burst)
	})
}

type callbacksRequest struct {
	Application string   `json:"application"`
	Hosts       []string `json:"hosts"`
}

func (a *api) allowCallbacks(ctx context.Context, c *call) (any, error) {
	var wire callbacksRequest
	return a.change(ctx, c, &wire, func() (access.ApplicationID, error) {
		app := access.ApplicationID(wire.Application)
		return app, a.work.Partners.AllowCallbacks(ctx, app, wire.Hosts)
	})
}

type pageRequest struct {
	Application string `json:"application"`
	Page        string `json:"page"`
}

func (a *api) setPage(ctx context.Context, c *call) (any, error) {
	var wire pageRequest
	return a.change(ctx, c, &wire, func() (access.ApplicationID, error) {
		app := access.ApplicationID(wire.Application)
		if wire.Page != "" && !boxoffice.IsPage(wire.Page) && !boxoffice.IsLocalPage(wire.Page) {
			return app, fault.FieldInvalid.Saying("a page is https://HOST or https://HOST/PATH, without a query; in a sandbox http on this machine, too")
		}
		return app, a.work.Partners.SetPage(ctx, app, wire.Page)
	})
}

// partnerRequest is the body of an act that needs only to know on whom.
type partnerRequest struct {
	Application string `json:"application"`
}

func (a *api) newKey(ctx context.Context, c *call) (any, error) {
	return secret(c, func(app access.ApplicationID) (string, error) { return a.work.Credentials.NewAPIKey(ctx, app) })
}

func (a *api) newCode(ctx context.Context, c *call) (any, error) {
	return secret(c, func(app access.ApplicationID) (string, error) { return a.work.Credentials.NewCode(ctx, app) })
}

func secret(c *call, issue func(access.ApplicationID) (string, error)) (any, error) {
	var wire partnerRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	text, err := issue(access.ApplicationID(wire.Application))
	if err != nil {
		return nil, err
	}
	return Secret{Application: wire.Application, Secret: text}, nil
}

type keyRequest struct {
	Application string `json:"application"`
	Key         string `json:"key"`
}

func (a *api) revokeKey(ctx context.Context, c *call) (any, error) {
	var wire keyRequest
	return a.change(ctx, c, &wire, func() (access.ApplicationID, error) {
		app := access.ApplicationID(wire.Application)
		return app, a.work.Credentials.RevokeKey(ctx, app, access.KeyID(wire.Key))
	})
}

func (a *api) revokeTokens(ctx context.Context, c *call) (any, error) {
	var wire partnerRequest
	return a.change(ctx, c, &wire, func() (access.ApplicationID, error) {
		app := access.ApplicationID(wire.Application)
		return app, a.work.Credentials.RevokeTokens(ctx, app)
	})
}

func (a *api) disable(ctx context.Context, c *call) (any, error) {
	var wire partnerRequest
	return a.change(ctx, c, &wire, func() (access.ApplicationID, error) {
		app := access.ApplicationID(wire.Application)
		return app, a.work.Credentials.Disable(ctx, app)
	})
}
