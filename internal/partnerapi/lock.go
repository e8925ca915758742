package partnerapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

type lockTicketsRequest struct {
	Source  string                 `json:"source"`
	Listing oneOrMany[lockListing] `json:"listing"`
	Seller  *contactRequest        `json:"seller"`
}

type lockListing struct {
	ExternalListingID string          `json:"externallistingid"`
	TotalPrice        *amount         `json:"totalprice"`
	Tokens            list[lockToken] `json:"tokens"`
}

type lockToken struct {
	Token           string  `json:"token"`
	IndividualPrice *amount `json:"individualprice"`
}

type lockTicketsResponse struct {
	SellerIDs []boxoffice.PatronID `json:"sellerIds"`
	Success   []ownedToken         `json:"success"`
	Errors    []failure            `json:"errors,omitempty"`
}

type ownedToken struct {
	Token   boxoffice.Token    `json:"token"`
	OwnerID boxoffice.PatronID `json:"ownerId"`
}

func ownedTokens(done []boxoffice.Owned) []ownedToken {
	tokens := make([]ownedToken, len(done))
	for i, d := range done {
		tokens[i] = ownedToken{Token: d.Token, OwnerID: d.Owner}
	}
	return tokens
}

func (a *api) lockTickets(ctx context.Context, c *call) (int, any, error) {
	var wire lockTicketsRequest
	if err := decode(c.body, &wire); err != nil {
		return 0, nil, err
	}
	req, err := lockRequest(wire)
	if err != nil {
		return 0, nil, err
	}
	var (
		locking boxoffice.Locking
		unknown []boxoffice.Refusal
	)
	req.Lines, unknown = split(req.Lines, func(l boxoffice.LockLine) boxoffice.Token { return l.Token })
	if len(req.Lines) > 0 {
		if locking, err = a.office.Lock(ctx, c.who, req); err != nil {
			return 0, nil, err
		}
	}
	failures := failuresOf(append(locking.Refused, unknown...))
	status := batchStatus(len(locking.Done), len(failures))
	if status == http.StatusUnprocessableEntity {
		return status, refusedResponse{errorOf(fault.NothingDone), failures}, nil
	}
	return status, lockTicketsResponse{SellerIDs: locking.Sellers, Success: ownedTokens(locking.Done), Errors: failures}, nil
}

func lockRequest(wire lockTicketsRequest) (boxoffice.LockRequest, error) {
	req := boxoffice.LockRequest{Source: boxoffice.Source(wire.Source)}
	switch req.Source {
	case boxoffice.MyAccount, boxoffice.Individual, boxoffice.Broker:
	case "":
		return req, named(fault.FieldRequired, "source")
	default:
		return req, about(fault.FieldInvalid, "source", "it is MY_ACCOUNT, INDIVIDUAL or BROKER")
	}
	switch len(wire.Listing) {
	case 0:
		return req, named(fault.FieldRequired, "listing")
	case 1:
	default:
		return req, about(fault.FieldInvalid, "listing", "a lock is of one listing")
	}
	listing := wire.Listing[0]
	under := func(field string) string { return "listing." + field }
	err := first(
		required(listing.ExternalListingID, maxID, under, "externalListingId"),
		counted(listing.Tokens, maxTokens, under, "tokens"))
	if err != nil {
		return req, err
	}
	req.ExternalListingID = listing.ExternalListingID
	req.TotalPrice = (*boxoffice.Amount)(listing.TotalPrice)
	if req.Lines, err = lockLines(listing.Tokens); err != nil {
		return req, err
	}
	if req.Seller, err = lockSeller(req.Source, wire.Seller); err != nil {
		return req, err
	}
	return req, lockRange(req)
}

// lockSeller reads the seller. One beside MY_ACCOUNT is tolerated and ignored
// (contract.md call 4): nothing is required of it, and only its limits hold.
func lockSeller(source boxoffice.Source, wire *contactRequest) (*boxoffice.Contact, error) {
	switch {
	case source == boxoffice.MyAccount && wire == nil:
		return nil, nil
	case source == boxoffice.MyAccount:
		ignored := *wire
		ignored.FirstName, ignored.LastName = cmp.Or(wire.FirstName, new(string)), cmp.Or(wire.LastName, new(string))
		_, err := sellerOf(ignored)
		return nil, err
	case wire == nil:
		return nil, fault.SellerRequired.Saying("source " + string(source) + " needs a seller")
	}
	seller, err := sellerOf(*wire)
	return &seller, err
}

// lockLines reads the tokens. One named twice is locked once; with two prices it
// is refused, while one that has its price at one place only has one price.
func lockLines(tokens []lockToken) ([]boxoffice.LockLine, error) {
	lines := make([]boxoffice.LockLine, 0, len(tokens))
	places := make(map[boxoffice.Token]int, len(tokens))
	for i, t := range tokens {
		under := func(field string) string { return fmt.Sprintf("listing.tokens[%d].%s", i, field) }
		if err := required(t.Token, maxString, under, "token"); err != nil {
			return nil, err
		}
		line := boxoffice.LockLine{Token: boxoffice.Token(t.Token), Price: (*boxoffice.Amount)(t.IndividualPrice)}
		place, again := places[line.Token]
		switch {
		case !again:
			places[line.Token] = len(lines)
			lines = append(lines, line)
		case line.Price == nil:
		case lines[place].Price == nil:
			lines[place].Price = line.Price
		case *lines[place].Price != *line.Price:
			return nil, named(fault.PricesDiffer, under("individualPrice"))
		}
	}
	return lines, nil
}

// lockRange refuses amounts that are out of range in every currency.
func lockRange(req boxoffice.LockRequest) error {
	if err := inRange(req.TotalPrice, top, "listing.totalPrice"); err != nil {
		return err
	}
	for _, line := range req.Lines {
		if err := inRange(line.Price, top, "listing.tokens.individualPrice"); err != nil {
			return err
		}
	}
	return nil
}
