package partnerapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

type transferResponse struct {
	PatronID       boxoffice.PatronID      `json:"patronId"`
	ConfirmationCd string                  `json:"confirmationCd"`
	SentDt         string                  `json:"sentDt"`
	ExpireDt       string                  `json:"expireDt"`
	TransferID     boxoffice.TransferID    `json:"transferId"`
	TransferStatus boxoffice.TransferState `json:"transferStatus"`
	URL            string                  `json:"url"`
}

type cancelTransferResponse struct {
	PatronID       boxoffice.PatronID      `json:"patronId"`
	ConfirmationCd string                  `json:"confirmationCd"`
	CancelDt       string                  `json:"cancelDt"`
	TransferStatus boxoffice.TransferState `json:"transferStatus"`
}

type transferHistoryResponse struct {
	TransferID         string         `json:"transferId"` // it holds the confirmationCd (contract.md call 12)
	RecipientFirstName string         `json:"recipientFirstName"`
	RecipientLastName  string         `json:"recipientLastName"`
	History            []transferStep `json:"history"`
	CreateTs           string         `json:"createTs"`
}

type transferStep struct {
	Op        boxoffice.Op        `json:"op"`
	Ts        string              `json:"ts"`
	Initiator boxoffice.Initiator `json:"initiator"`
}

type acceptTransferResponse struct {
	ConfirmationCd string               `json:"confirmationCd"`
	TransferID     boxoffice.TransferID `json:"transferId"`
}

// The two odd forms of times in transfers (contract.md §1).
const (
	atTheVenue = "01/02/2006 15:04:05"
	inHistory  = "2006-01-02T15:04:05.000-0700"
)

// venueTime is an instant in the zone of the transfer's organization.
func venueTime(t boxoffice.Transfer, at time.Time) string {
	return at.In(boxoffice.Organization{Zone: t.Zone}.Location()).Format(atTheVenue)
}

// A badRequest is an error that calls about transfers answer with 400, whatever its
// type: the publication has no other status there.
type badRequest struct{ error }

func (b badRequest) Unwrap() error { return b.error }

// flat is an error of the office as the calls about transfers answer it.
func flat(err error) error {
	f := fault.Of(err)
	if f == nil || f.Code == fault.IdempotencyKeyInUse.Code || f.Code == fault.IdempotencyKeyReused.Code {
		return err
	}
	switch f.Kind {
	case fault.NotFound, fault.Conflict, fault.Refused:
		return badRequest{err}
	}
	return err
}

func (a *api) initiateTransfer(ctx context.Context, c *call) (int, any, error) {
	var wire transferRequest
	if err := decode(c.body, &wire); err != nil {
		return 0, nil, err
	}
	distributor, err := distributorOf(c.URL.RawQuery)
	if err != nil {
		return 0, nil, err
	}
	req, unknown, err := givingOf(wire, distributor)
	if err != nil {
		return 0, nil, err
	}
	if len(req.Seats) > 0 {
		if req.Organization, err = sentOrganization(c); err != nil {
			return 0, nil, err
		}
	}
	return a.give(ctx, c, req, unknown, transferAnswer)
}

func transferAnswer(g boxoffice.Giving) (int, any) {
	if len(g.Refused) > 0 {
		return http.StatusBadRequest, refusedResponse{errorOf(fault.NothingDone), failuresOf(g.Refused)}
	}
	t := g.Transfer
	return http.StatusOK, transferResponse{
		PatronID: t.From, ConfirmationCd: t.Code, SentDt: venueTime(t, t.Sent), ExpireDt: venueTime(t, t.Expires),
		TransferID: t.ID, TransferStatus: t.State, URL: t.URL(),
	}
}

func (a *api) cancelTransfer(ctx context.Context, c *call) (int, any, error) {
	code, org, err := namedTransfer(c)
	if err != nil {
		return 0, nil, err
	}
	t, err := a.office.Cancel(ctx, c.who, boxoffice.CancelRequest{Code: code, Organization: org, Repeat: repeatOf(c, cancelAnswer)})
	if err != nil {
		return 0, nil, flat(err)
	}
	status, body := cancelAnswer(boxoffice.Giving{Transfer: t})
	return status, body, nil
}

func cancelAnswer(g boxoffice.Giving) (int, any) {
	if len(g.Refused) > 0 {
		return http.StatusBadRequest, nil
	}
	t := g.Transfer
	return http.StatusOK, cancelTransferResponse{
		PatronID: t.From, ConfirmationCd: t.Code, CancelDt: venueTime(t, t.Ended), TransferStatus: t.State,
	}
}

func (a *api) transferHistory(ctx context.Context, c *call) (int, any, error) {
	code, org, err := namedTransfer(c)
	if err != nil {
		return 0, nil, err
	}
	t, err := a.office.History(ctx, c.who, code, org)
	if err != nil {
		return 0, nil, flat(err)
	}
	answer := transferHistoryResponse{
		TransferID: t.Code, RecipientFirstName: t.Invited.FirstName, RecipientLastName: t.Invited.LastName,
		History: make([]transferStep, len(t.History)), CreateTs: t.Sent.UTC().Format(inHistory),
	}
	for i, s := range t.History {
		answer.History[i] = transferStep{Op: s.Op, Ts: s.At.UTC().Format(inHistory), Initiator: s.By}
	}
	return http.StatusOK, answer, nil
}

func (a *api) acceptTransfer(ctx context.Context, c *call) (int, any, error) {
	var wire acceptTransferRequest
	if err := decode(c.body, &wire); err != nil {
		return 0, nil, err
	}
	distributor, err := distributorOf(c.URL.RawQuery)
	if err != nil {
		return 0, nil, err
	}
	req, err := acceptingOf(wire, distributor)
	if err != nil {
		return 0, nil, err
	}
	// Whoever knows a transferId can have its tickets: nobody is to find one by trying.
	if err := a.desk.Guess(c.who, access.TransferIDs, 0); err != nil {
		return 0, nil, err
	}
	var t boxoffice.Transfer
	if err = fault.TransferUnknown; printable(wire.TransferID) {
		req.Repeat = repeatOf(c, acceptAnswer)
		t, err = a.office.Accept(ctx, c.who, req)
	}
	if errors.Is(err, fault.TransferUnknown) {
		if limited := a.desk.Guess(c.who, access.TransferIDs, 1); limited != nil {
			return 0, nil, limited
		}
	}
	if err != nil {
		return 0, nil, flat(err)
	}
	status, body := acceptAnswer(boxoffice.Giving{Transfer: t})
	return status, body, nil
}

func acceptAnswer(g boxoffice.Giving) (int, any) {
	if len(g.Refused) > 0 {
		return http.StatusBadRequest, nil
	}
	return http.StatusOK, acceptTransferResponse{ConfirmationCd: g.Transfer.Code, TransferID: g.Transfer.ID}
}

// namedTransfer reads the confirmationCd of the path, and the organization where
// one was sent.
func namedTransfer(c *call) (string, access.OrganizationID, error) {
	code := c.PathValue("confirmationCd")
	if !pathID(code) {
		return "", 0, flat(fault.TransferUnknown)
	}
	org, err := sentOrganization(c)
	return code, org, err
}

// sentOrganization reads PAC-Organization-ID, 0 where none was sent.
func sentOrganization(c *call) (access.OrganizationID, error) {
	header := c.Header.Get(headerOrganization)
	if header == "" {
		return 0, nil
	}
	org, err := organization(header)
	if err == nil && org == 0 {
		err = fault.OrganizationRequired
	}
	return org, err
}
