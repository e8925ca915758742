package link

import (
	"context"
	"net/http"
)

// A Source is where the seller came from.
type Source string

// The sources there are.
const (
	MyAccount  Source = "MY_ACCOUNT" // picked seats at the venue, and came with a listingId
	Individual Source = "INDIVIDUAL" // brought barcodes
	Broker     Source = "BROKER"
)

// A LockRequest protects tickets while they are listed.
type LockRequest struct {
	RequestID string      `json:"-"` // for support; "" is a new one
	Source    Source      `json:"source"`
	Listing   LockListing `json:"listing"`
	Seller    *Seller     `json:"seller,omitempty"` // needed unless Source is MyAccount
}

// A LockListing is your listing that the tickets are in.
type LockListing struct {
	ExternalListingID string      `json:"externalListingId"`
	TotalPrice        *Amount     `json:"totalPrice,omitempty"`
	Tokens            []LockToken `json:"tokens"` // up to 500
}

// A LockToken is a ticket and what it is offered for.
type LockToken struct {
	Token           Token   `json:"token"`
	IndividualPrice *Amount `json:"individualPrice,omitempty"`
}

// Locked says which tickets are locked, and why others are not.
type Locked struct {
	SellerIDs []PatronID   `json:"sellerIds"`
	Success   []OwnedToken `json:"success"`
	Errors    []Failure    `json:"errors,omitempty"`
}

// An OwnedToken is a ticket and whose it is.
type OwnedToken struct {
	Token   Token    `json:"token"`
	OwnerID PatronID `json:"ownerId"`
}

// Lock protects tickets while they are listed: nobody else can list, sell or
// transfer them (call 4). Each stands alone; when none could be locked there is
// an Error besides. Locking again what the channel has locked succeeds, and
// renews prices and seller.
func (c *Client) Lock(ctx context.Context, r LockRequest) (Locked, error) {
	const name = "/v1/tickets/lock"
	k, err := newCall(http.MethodPut, name, name, r.RequestID, r)
	if err != nil {
		return Locked{}, err
	}
	locked, err := ask[Locked](ctx, c, k)
	if err != nil {
		locked = Locked{Errors: failuresOf(err)}
	}
	return locked, err
}

// Unlocked says which tickets are not locked any more, and why others still are.
type Unlocked struct {
	Success []OwnedToken `json:"success"`
	Errors  []Failure    `json:"errors,omitempty"`
}

type unlockRequest struct {
	Tokens []Token `json:"tokens"`
}

// Unlock drops the channel's locks, and nothing else (call 5). A ticket that is
// not locked is a success. When none succeeded there is an Error besides, of
// status 409 when every ticket is another's or in an order.
func (c *Client) Unlock(ctx context.Context, tokens ...Token) (Unlocked, error) {
	const name = "/v1/tickets/unlock"
	k, err := newCall(http.MethodPut, name, name, "", unlockRequest{tokens})
	if err != nil {
		return Unlocked{}, err
	}
	unlocked, err := ask[Unlocked](ctx, c, k)
	if err != nil {
		unlocked = Unlocked{Errors: failuresOf(err)}
	}
	return unlocked, err
}
