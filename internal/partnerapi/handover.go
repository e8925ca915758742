package partnerapi

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// The later editions of calls 10 and 13 (contract.md §4): other bodies for the same
// acts.

type handOverRequest struct {
	TransferRequests oneOrMany[handOverOffer] `json:"transferrequests"`
}

type handOverOffer struct {
	ExternalTransferID string                  `json:"externaltransferid"`
	Recipient          *transferRecipient      `json:"recipient"`
	Items              oneOrMany[transferItem] `json:"items"`
}

type handOverResponse struct {
	ProcessID      boxoffice.ProcessID  `json:"processId"`
	Status         boxoffice.OrderState `json:"status"`
	ConfirmationCd string               `json:"confirmationCd"`
	TransferID     boxoffice.TransferID `json:"transferId"`
	Tickets        []printedTicket      `json:"tickets"`
}

type transferV2Request struct {
	LinkID           string                   `json:"linkid"`
	SiteID           string                   `json:"siteid"`
	BaseURL          string                   `json:"baseurl"`
	AsyncCallbackURL string                   `json:"asynccallbackurl"`
	TransferRequests oneOrMany[transferOffer] `json:"transferrequests"`
}

type transferStatusResponse struct {
	ProcessID      boxoffice.ProcessID     `json:"processId"`
	Status         boxoffice.OrderState    `json:"status"`
	PatronID       boxoffice.PatronID      `json:"patronId"`
	ConfirmationCd string                  `json:"confirmationCd"`
	SentDt         string                  `json:"sentDt"`
	ExpireDt       string                  `json:"expireDt"`
	TransferID     boxoffice.TransferID    `json:"transferId"`
	TransferStatus boxoffice.TransferState `json:"transferStatus"`
	URL            string                  `json:"url"`
}

// pendingTransferResponse is a transfer whose process is undecided.
type pendingTransferResponse struct {
	ProcessID boxoffice.ProcessID  `json:"processId"`
	Status    boxoffice.OrderState `json:"status"`
}

// failedTransferResponse is a transfer that was pending and came to nothing.
type failedTransferResponse struct {
	ProcessID boxoffice.ProcessID  `json:"processId"`
	Status    boxoffice.OrderState `json:"status"`
	Error     errorObject          `json:"error"`
	Errors    []failure            `json:"errors"`
}

// handOver begins a transfer, accepts it for its recipient, and prints it.
func (a *api) handOver(ctx context.Context, c *call) (int, any, error) {
	var wire handOverRequest
	if err := decode(c.body, &wire); err != nil {
		return 0, nil, err
	}
	req, unknown, err := handingOf(wire)
	if err != nil {
		return 0, nil, err
	}
	return a.give(ctx, c, req, unknown, handOverAnswer)
}

// initiateTransferV2 is initiateTransfer where the answer may be that it is pending.
func (a *api) initiateTransferV2(ctx context.Context, c *call) (int, any, error) {
	var wire transferV2Request
	if err := decode(c.body, &wire); err != nil {
		return 0, nil, err
	}
	distributor, err := distributorOf(c.URL.RawQuery)
	if err != nil {
		return 0, nil, err
	}
	req, unknown, err := givingV2Of(wire, distributor)
	if err != nil {
		return 0, nil, err
	}
	if req.CallbackURL, req.CallbackHost, err = a.mayCall(wire.AsyncCallbackURL, c.who); err != nil {
		return 0, nil, err
	}
	if len(req.Seats) > 0 {
		if req.Organization, err = sentOrganization(c); err != nil {
			return 0, nil, err
		}
	}
	return a.give(ctx, c, req, unknown, transferV2Answer)
}

// mayCall judges a callback's address by all that the door knows.
func (a *api) mayCall(raw string, who access.Principal) (address, host string, err error) {
	if err := within(raw, maxString, top, "asyncCallbackUrl"); err != nil {
		return "", "", err
	}
	address, host, err = callbackURL(raw, who)
	if err == nil && !a.sandbox && !callbackPort(address, a.callbackPorts) {
		err = notCalled("this installation sends nothing to its port")
	}
	return address, host, err
}

// give asks the office for a transfer, unless it names tickets that cannot be.
func (a *api) give(
	ctx context.Context, c *call, req boxoffice.TransferRequest, unknown []boxoffice.Refusal, tell func(boxoffice.Giving) (int, any),
) (int, any, error) {
	giving := boxoffice.Giving{Refused: unknown}
	if len(unknown) == 0 {
		var err error
		req.Repeat = repeatOf(c, tell)
		if giving, err = a.office.Give(ctx, c.who, req); err != nil {
			return 0, nil, flat(err)
		}
	}
	status, body := tell(giving)
	return status, body, nil
}

func handOverAnswer(g boxoffice.Giving) (int, any) {
	return laterAnswer(g, handedOver)
}

// transferV2Answer is that of call 10 where the transfer does not wait, nor waited.
func transferV2Answer(g boxoffice.Giving) (int, any) {
	return laterAnswer(g, func(g boxoffice.Giving) any {
		_, body := transferAnswer(g)
		return body
	})
}

// laterAnswer is the answer to a request that may be pending; complete is its body
// when it is not.
func laterAnswer(g boxoffice.Giving, complete func(boxoffice.Giving) any) (int, any) {
	switch {
	case len(g.Refused) > 0:
		return transferAnswer(g)
	case g.Transfer.Process.State == boxoffice.OrderFailed: // a repeat
		return http.StatusBadRequest, processBody(g, complete)
	}
	return http.StatusOK, processBody(g, complete)
}

// processBody is what is said of a process, whatever its state.
func processBody(g boxoffice.Giving, complete func(boxoffice.Giving) any) any {
	switch p := g.Transfer.Process; p.State {
	case boxoffice.OrderPending:
		return pendingTransferResponse{ProcessID: p.ID, Status: p.State}
	case boxoffice.OrderFailed:
		return failedTransferResponse{ProcessID: p.ID, Status: p.State, Error: errorOf(fault.NothingDone), Errors: failuresOf(p.Refused)}
	}
	return complete(g)
}

func handedOver(g boxoffice.Giving) any {
	t := g.Transfer
	answer := handOverResponse{
		ProcessID: t.Process.ID, Status: t.Process.State, ConfirmationCd: t.Code, TransferID: t.ID, Tickets: make([]printedTicket, len(g.Printed)),
	}
	for i, p := range g.Printed {
		answer.Tickets[i] = printedTicket{Token: p.Token, OwnerID: p.Owner, URL: p.URL}
	}
	return answer
}

func begun(g boxoffice.Giving) any {
	t := g.Transfer
	return transferStatusResponse{
		ProcessID: t.Process.ID, Status: t.Process.State,
		PatronID: t.From, ConfirmationCd: t.Code, SentDt: venueTime(t, t.Sent), ExpireDt: venueTime(t, t.Expires),
		TransferID: t.ID, TransferStatus: t.State, URL: t.URL(),
	}
}

func (a *api) handOverStatus(ctx context.Context, c *call) (int, any, error) {
	return a.transferProcess(ctx, c, true, handedOver)
}

func (a *api) transferStatusV2(ctx context.Context, c *call) (int, any, error) {
	return a.transferProcess(ctx, c, false, begun)
}

// transferProcess tells of a process of one of the two calls.
func (a *api) transferProcess(ctx context.Context, c *call, handsOver bool, complete func(boxoffice.Giving) any) (int, any, error) {
	id := c.PathValue("processId")
	if !pathID(id) {
		return 0, nil, fault.ProcessUnknown
	}
	giving, err := a.office.TransferProcess(ctx, c.who, boxoffice.ProcessID(id))
	if err == nil && giving.Transfer.Process.HandsOver != handsOver {
		err = fault.ProcessUnknown
	}
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, processBody(giving, complete), nil
}

// TransferStatusBody is the body with which the status call answers for a
// transfer: that of the callback, byte for byte.
func TransferStatusBody(g boxoffice.Giving) ([]byte, error) {
	return json.Marshal(processBody(g, begun))
}

// handingOf reads a transfer that is to be handed over at once.
func handingOf(wire handOverRequest) (boxoffice.TransferRequest, []boxoffice.Refusal, error) {
	if err := counted(wire.TransferRequests, 1, top, "transferRequests"); err != nil {
		return boxoffice.TransferRequest{}, nil, err
	}
	offer := wire.TransferRequests[0]
	if offer.Recipient != nil && offer.Items == nil {
		return boxoffice.TransferRequest{}, nil, named(fault.FieldRequired, "transferRequests[0].items")
	}
	req, unknown, err := givingOf(transferRequest{TransferRequests: []transferOffer{{
		ExternalTransferID: offer.ExternalTransferID, Recipient: offer.Recipient, Items: offer.Items,
	}}}, "")
	switch {
	case err != nil:
	case len(req.Recipient.Emails) == 0:
		err = missingOf("email")
	case req.Recipient.FirstName == "" || req.Recipient.LastName == "":
		err = missingOf("recipientFirstName and recipientLastName")
	}
	req.HandsOver, req.MayWait = true, true
	return req, unknown, err
}

// givingV2Of reads a transfer of the second version, which always names the sender
// and a mail address.
func givingV2Of(wire transferV2Request, distributor string) (boxoffice.TransferRequest, []boxoffice.Refusal, error) {
	req, unknown, err := givingOf(transferRequest{
		LinkID: wire.LinkID, SiteID: wire.SiteID, BaseURL: wire.BaseURL, TransferRequests: wire.TransferRequests,
	}, distributor)
	if err != nil {
		return req, nil, err
	}
	if len(req.Recipient.Emails) == 0 {
		return req, nil, missingOf("email")
	}
	const sender = "transferRequests[0].sender"
	offer := wire.TransferRequests[0]
	if offer.Sender == nil {
		return req, nil, named(fault.FieldRequired, sender)
	}
	if err := required(offer.Sender.PatronID, maxID, top, sender+".patronId"); err != nil {
		return req, nil, err
	}
	req.Sender, req.MayWait = boxoffice.PatronID(offer.Sender.PatronID), true
	return req, unknown, nil
}
