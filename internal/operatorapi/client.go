package operatorapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Client asks on behalf of one operator. Its errors are the door's reasons, or
// say that nobody answered.
type Client struct {
	http *http.Client
	name string
}

// NewClient reaches the door by a transport, Over a socket or Through a handler.
func NewClient(by http.RoundTripper, name string) *Client {
	return &Client{http: &http.Client{Transport: by}, name: name}
}

// About asks who answers.
func (c *Client) About(ctx context.Context) (about About, err error) {
	err = c.call(ctx, http.MethodGet, aboutPath, nil, &about)
	return about, err
}

// UnderReview lists orders that wait for an operator, the oldest first.
func (c *Client) UnderReview(ctx context.Context, limit int) (list OrderList, err error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	err = c.call(ctx, http.MethodGet, ordersPath+"?"+query.Encode(), nil, &list)
	return list, err
}

// Order shows one order.
func (c *Client) Order(ctx context.Context, order string) (o Order, err error) {
	query := url.Values{"order": {order}}
	err = c.call(ctx, http.MethodGet, orderPath+"?"+query.Encode(), nil, &o)
	return o, err
}

// Approve has an order sold that waits. It may end in ERROR all the same.
func (c *Client) Approve(ctx context.Context, order, reason string) (o Order, err error) {
	err = c.call(ctx, http.MethodPost, approvePath, judgeRequest{order, reason}, &o)
	return o, err
}

// Reject ends an order that waits.
func (c *Client) Reject(ctx context.Context, order, reason string) (o Order, err error) {
	err = c.call(ctx, http.MethodPost, rejectPath, judgeRequest{order, reason}, &o)
	return o, err
}

// Partners lists all partners by application id.
func (c *Client) Partners(ctx context.Context) (list PartnerList, err error) {
	err = c.call(ctx, http.MethodGet, partnersPath, nil, &list)
	return list, err
}

// Partner shows one partner.
func (c *Client) Partner(ctx context.Context, application string) (p Partner, err error) {
	query := url.Values{"application": {application}}
	err = c.call(ctx, http.MethodGet, partnerPath+"?"+query.Encode(), nil, &p)
	return p, err
}

// AddPartner makes a partner known, or gives a known one what it lacks.
func (c *Client) AddPartner(ctx context.Context, want NewPartner) (p Partner, err error) {
	err = c.call(ctx, http.MethodPost, addPath, want, &p)
	return p, err
}

// Grant lets a partner see an organization.
func (c *Client) Grant(ctx context.Context, application string, organization int64) (p Partner, err error) {
	err = c.call(ctx, http.MethodPost, grantPath, grantRequest{application, organization}, &p)
	return p, err
}

// Withdraw ends a grant.
func (c *Client) Withdraw(ctx context.Context, application string, organization int64) (p Partner, err error) {
	err = c.call(ctx, http.MethodPost, withdrawPath, grantRequest{application, organization}, &p)
	return p, err
}

// Limit sets how much a partner may send; 0 and 0 lift the limit.
func (c *Client) Limit(ctx context.Context, application string, perSecond, burst int) (p Partner, err error) {
	err = c.call(ctx, http.MethodPost, limitPath, limitRequest{application, perSecond, burst}, &p)
	return p, err
}

// SetPage sets where patrons go with a listing for a partner; "" is nowhere.
func (c *Client) SetPage(ctx context.Context, application, page string) (p Partner, err error) {
	err = c.call(ctx, http.MethodPost, pagePath, pageRequest{application, page}, &p)
	return p, err
}

// AllowCallbacks sets the hosts that a partner's callbacks may go to; none is any.
func (c *Client) AllowCallbacks(ctx context.Context, application string, hosts []string) (p Partner, err error) {
	err = c.call(ctx, http.MethodPost, callbacksPath, callbacksRequest{application, hosts}, &p)
	return p, err
}

// NewKey issues an API key, which is told this once.
func (c *Client) NewKey(ctx context.Context, application string) (s Secret, err error) {
	err = c.call(ctx, http.MethodPost, keyPath, partnerRequest{application}, &s)
	return s, err
}

// RevokeKey ends an API key, named by its id.
func (c *Client) RevokeKey(ctx context.Context, application, key string) (p Partner, err error) {
	err = c.call(ctx, http.MethodPost, revokeKeyPath, keyRequest{application, key}, &p)
	return p, err
}

// NewCode issues an authorization code, which is told this once.
func (c *Client) NewCode(ctx context.Context, application string) (s Secret, err error) {
	err = c.call(ctx, http.MethodPost, codePath, partnerRequest{application}, &s)
	return s, err
}

// RevokeTokens ends every code and token of a partner.
func (c *Client) RevokeTokens(ctx context.Context, application string) (p Partner, err error) {
	err = c.call(ctx, http.MethodPost, tokensPath, partnerRequest{application}, &p)
	return p, err
}

// Disable ends a partner's keys, codes and tokens.
func (c *Client) Disable(ctx context.Context, application string) (p Partner, err error) {
	err = c.call(ctx, http.MethodPost, disablePath, partnerRequest{application}, &p)
	return p, err
}

// Organizations lists all organizations by id.
func (c *Client) Organizations(ctx context.Context) (list OrganizationList, err error) {
	err = c.call(ctx, http.MethodGet, organizationsPath, nil, &list)
	return list, err
}

// Organization shows one organization.
func (c *Client) Organization(ctx context.Context, id int64) (o Organization, err error) {
	query := url.Values{"id": {strconv.FormatInt(id, 10)}}
	err = c.call(ctx, http.MethodGet, organizationPath+"?"+query.Encode(), nil, &o)
	return o, err
}

// SetRules changes the rules of an organization.
func (c *Client) SetRules(ctx context.Context, rules Rules) (o Organization, err error) {
	err = c.call(ctx, http.MethodPost, rulesPath, rules, &o)
	return o, err
}

// Listings lists the newest listings, newest first.
func (c *Client) Listings(ctx context.Context, limit int) (list ListingList, err error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	err = c.call(ctx, http.MethodGet, listingsPath+"?"+query.Encode(), nil, &list)
	return list, err
}

// AddListing makes a listing of a patron's tickets for a channel.
func (c *Client) AddListing(ctx context.Context, want NewListing) (l Listing, err error) {
	err = c.call(ctx, http.MethodPost, listingPath, want, &l)
	return l, err
}

// Show shows how something stands, with its story.
func (c *Client) Show(ctx context.Context, want ShowRequest) (s Shown, err error) {
	err = c.call(ctx, http.MethodPost, showPath, want, &s)
	return s, err
}

// ChangesOf searches a stretch of the journal for a Request-ID.
func (c *Client) ChangesOf(ctx context.Context, want RequestRequest) (s RequestStretch, err error) {
	err = c.call(ctx, http.MethodPost, requestPath, want, &s)
	return s, err
}

// BackUp has a copy of the books written to a path of this machine.
func (c *Client) BackUp(ctx context.Context, file string) (b Backup, err error) {
	err = c.call(ctx, http.MethodPost, backupPath, backupRequest{file}, &b)
	return b, err
}

// named is the reason with this code, of the catalogue or of those that the desk
// gives to operators alone; nil where there is none.
func named(code string) *fault.Error {
	reasons := boxoffice.GateReasons()
	for _, err := range []error{
		access.ErrPartnerUnknown, access.ErrKeyUnknown, access.ErrKeysLive, access.ErrChannelTaken, access.ErrGateKeyUnknown,
		fault.EventUnknown, boxoffice.ErrWorkUnknown, boxoffice.ErrWorkOther, boxoffice.ErrSelection,
		boxoffice.ErrChannelUnknown, ErrNothing,
	} {
		reasons = append(reasons, fault.Of(err))
	}
	for _, reason := range reasons {
		if reason.Code == code {
			return reason
		}
	}
	return fault.Named(code)
}

// errStranger is for a server that lacks what a command asks for.
var errStranger = errors.New("the server that runs does not know this command: it is of another version")

func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	response, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return refusedBy(response)
	}
	if err := json.UnmarshalRead(response.Body, answer); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	// The host is a matter of form: the transport knows where to go.
	request, err := http.NewRequestWithContext(ctx, method, "http://seatlink"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(OperatorHeader, c.name)
	response, err := c.http.Do(request)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err // it repeats the address that is a matter of form
		}
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	return response, nil
}

// refusedBy is the reason in an answer that is not 200.
func refusedBy(response *http.Response) error {
	var refused refusal
	if err := json.UnmarshalRead(response.Body, &refused); err != nil {
		return fmt.Errorf("the server answered %s", response.Status)
	}
	reason := named(refused.Code)
	switch {
	case reason == nil:
		return errors.New(refused.Message)
	case errors.Is(reason, fault.PathUnknown), errors.Is(reason, fault.MethodWrong):
		return errStranger
	}
	return reason.Saying(refused.Message)
}
