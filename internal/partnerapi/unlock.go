package partnerapi

import (
	"context"
	"net/http"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

type unlockTicketsRequest struct {
	Tokens list[string] `json:"tokens"`
}

type unlockTicketsResponse struct {
	Success []ownedToken `json:"success"`
	Errors  []failure    `json:"errors,omitempty"`
}

func (a *api) unlockTickets(ctx context.Context, c *call) (int, any, error) {
	var wire unlockTicketsRequest
	if err := decode(c.body, &wire); err != nil {
		return 0, nil, err
	}
	tokens, err := unlockTokens(wire)
	if err != nil {
		return 0, nil, err
	}
	tokens, unknown := split(tokens, itself)
	var unlocking boxoffice.Unlocking
	if len(tokens) > 0 {
		if unlocking, err = a.office.Unlock(ctx, c.who, tokens); err != nil {
			return 0, nil, err
		}
	}
	unlocking.Refused = append(unlocking.Refused, unknown...)
	failures := failuresOf(unlocking.Refused)
	status := batchStatus(len(unlocking.Done), len(failures))
	switch {
	case status != http.StatusUnprocessableEntity:
		return status, unlockTicketsResponse{Success: ownedTokens(unlocking.Done), Errors: failures}, nil
	case unlocking.AllInConflict():
		return http.StatusConflict, refusedResponse{errorOf(fault.AllInConflict), failures}, nil
	}
	return status, refusedResponse{errorOf(fault.NothingDone), failures}, nil
}

func unlockTokens(wire unlockTicketsRequest) ([]boxoffice.Token, error) {
	if err := counted(wire.Tokens, maxTokens, top, "tokens"); err != nil {
		return nil, err
	}
	return distinct(wire.Tokens, make(map[boxoffice.Token]bool, len(wire.Tokens)), top, "tokens")
}
