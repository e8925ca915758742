package link

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// The calls of this file are of a later edition than 1.0.0.

// A HandOverRequest gives tickets of COMPLETE orders to somebody at once.
type HandOverRequest struct {
	RequestID          string // "" is a new one
	ExternalTransferID string // yours, and spent for good; may be ""
	Recipient          Recipient
	Items              []TransferItem
}

// MarshalJSON writes the form of the contract.
func (r HandOverRequest) MarshalJSON() ([]byte, error) {
	return json.Marshal(TransferRequest{ExternalTransferID: r.ExternalTransferID, Recipient: r.Recipient, Items: r.Items})
}

// UnmarshalJSON reads it.
func (r *HandOverRequest) UnmarshalJSON(text []byte) error {
	var wire TransferRequest
	err := json.Unmarshal(text, &wire)
	r.ExternalTransferID, r.Recipient, r.Items = wire.ExternalTransferID, wire.Recipient, wire.Items
	return err
}

// A HandedOver is what became of a HandOverRequest. When it is COMPLETE the
// recipient has the tickets.
type HandedOver struct {
	ProcessID      ProcessID       `json:"processId"`
	Status         Status          `json:"status"`
	ConfirmationCd ConfirmationCd  `json:"confirmationCd,omitempty"`
	TransferID     TransferID      `json:"transferId,omitempty"`
	Tickets        []PrintedTicket `json:"tickets,omitempty"`
	Reason         *Reason         `json:"error,omitempty"` // of one that was PENDING and ended in ERROR
	Errors         []Failure       `json:"errors,omitempty"`
}

// HandOver gives tickets to their recipient at once: it begins a transfer, accepts
// it and prints the tickets, all of it or nothing. One that is PENDING is decided
// later: AwaitHandOver waits for it.
func (c *Client) HandOver(ctx context.Context, r HandOverRequest) (HandedOver, error) {
	const name = "/v1/tickets/transfer/complete"
	k, err := newCall(http.MethodPost, name, name, r.RequestID, r)
	if err != nil {
		return HandedOver{}, err
	}
	a, err := c.send(ctx, k)
	if err != nil {
		id, status := a.process()
		return HandedOver{ProcessID: id, Status: status, Errors: failuresOf(err)}, err
	}
	var over HandedOver
	err = k.decode(a, &over)
	return over, err
}

// HandedOver tells how a process of HandOver stands. One that ended in ERROR is no
// error of this call.
func (c *Client) HandedOver(ctx context.Context, id ProcessID) (HandedOver, error) {
	k, err := processCall("/v1/tickets/transfer/complete/", id)
	if err != nil {
		return HandedOver{}, err
	}
	return ask[HandedOver](ctx, c, k)
}

// AwaitHandOver asks until a process of HandOver is decided or the context ends.
func (c *Client) AwaitHandOver(ctx context.Context, id ProcessID) (HandedOver, error) {
	return await(ctx, func() (HandedOver, Status, error) {
		over, err := c.HandedOver(ctx, id)
		return over, over.Status, err
	})
}

// A TransferProcess is what became of a transfer that may take its time. When it is
// COMPLETE the transfer was begun; TransferStatus tells how it stands.
type TransferProcess struct {
	ProcessID ProcessID // "" where the transfer was begun at once
	Status    Status
	Transfer          // of a COMPLETE one
	Reason    *Reason // of one that was PENDING and ended in ERROR
	Errors    []Failure
}

// transferProcess is the wire's form: what is not of the status is left out.
type transferProcess struct {
	ProcessID ProcessID `json:"processId,omitempty"`
	Status    Status    `json:"status,omitempty"`
	*Transfer
	Reason *Reason   `json:"error,omitempty"`
	Errors []Failure `json:"errors,omitempty"`
}

// MarshalJSON writes the form of the contract, which is that of a callback too.
func (p TransferProcess) MarshalJSON() ([]byte, error) {
	wire := transferProcess{ProcessID: p.ProcessID, Status: p.Status, Reason: p.Reason, Errors: p.Errors}
	if p.Status == Complete {
		wire.Transfer = &p.Transfer
	}
	return json.Marshal(wire)
}

// UnmarshalJSON reads it: an answer, or the body of a callback.
func (p *TransferProcess) UnmarshalJSON(text []byte) error {
	var wire transferProcess
	err := json.Unmarshal(text, &wire)
	*p = TransferProcess{ProcessID: wire.ProcessID, Status: wire.Status, Reason: wire.Reason, Errors: wire.Errors}
	if wire.Transfer != nil {
		p.Transfer = *wire.Transfer
	}
	if p.Status == "" && p.TransferID != "" {
		p.Status = Complete // begun at once: answered as a Transfer
	}
	return err
}

// TransferV2 begins to give tickets away, as Transfer does, with Sender and the
// recipient's email always. One that is PENDING is decided later: AwaitTransfer
// waits for it, or the callback to AsyncCallbackURL tells.
func (c *Client) TransferV2(ctx context.Context, r TransferRequest) (TransferProcess, error) {
	const name = "/v2/tickets/transfer"
	k, err := newCall(http.MethodPost, name, withQuery(name, url.Values{"distributorCode": {r.DistributorCode}}), r.RequestID, r)
	if err != nil {
		return TransferProcess{}, err
	}
	k.organization = r.Organization
	a, err := c.send(ctx, k)
	if err != nil {
		id, status := a.process()
		return TransferProcess{ProcessID: id, Status: status, Errors: failuresOf(err)}, err
	}
	var process TransferProcess
	err = k.decode(a, &process)
	return process, err
}

// TransferProcess tells how a process of TransferV2 stands. One that ended in ERROR
// is no error of this call.
func (c *Client) TransferProcess(ctx context.Context, id ProcessID) (TransferProcess, error) {
	k, err := processCall("/v2/tickets/transfer/pending/", id)
	if err != nil {
		return TransferProcess{}, err
	}
	return ask[TransferProcess](ctx, c, k)
}

// AwaitTransfer asks until a process of TransferV2 is decided or the context ends.
func (c *Client) AwaitTransfer(ctx context.Context, id ProcessID) (TransferProcess, error) {
	return await(ctx, func() (TransferProcess, Status, error) {
		process, err := c.TransferProcess(ctx, id)
		return process, process.Status, err
	})
}
