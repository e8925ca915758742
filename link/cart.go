package link

import "encoding/json"

// A CompleteRequest sells tickets that the channel has locked, to one buyer.
type CompleteRequest struct {
	RequestID  string // "" is a new one
	Orders     []CartOrder
	Buyer      Buyer
	Settlement Settlement
}

// A CartOrder is one order: all its tickets are sold, or none. ExternalOrderID
// names it for good; the same order again is answered as the first time.
type CartOrder struct {
	ExternalListingID string      `json:"externalListingId"`
	ExternalOrderID   string      `json:"externalOrderId"`
	TotalPrice        *Amount     `json:"totalPrice,omitempty"` // nil is the sum of the tokens'
	TotalFees         *Amount     `json:"totalFees,omitempty"`  // nil is the sum of the tokens'
	Tokens            []CartToken `json:"tokens"`
}

// A CartToken is a ticket and what it is sold for.
type CartToken struct {
	Token           Token   `json:"token"`
	IndividualPrice *Amount `json:"individualPrice,omitempty"`
	IndividualFees  *Amount `json:"individualFees,omitempty"`
}

// A Settlement is who gets what of the money.
type Settlement struct {
	TotalAmountPaid  Amount `json:"totalAmountPaid"`
	AmountToSeller   Amount `json:"amountToSeller"`
	AsyncCallbackURL string `json:"asyncCallbackUrl,omitempty"` // where an order that was PENDING is told about
}

// completeRequest is the wire's form: three lists, though two of them have one
// element.
type completeRequest struct {
	Listing    Many[CartOrder]  `json:"listing"`
	Buyer      Many[Buyer]      `json:"buyer"`
	Settlement Many[Settlement] `json:"settlement"`
}

// MarshalJSON writes the form of the contract.
func (r CompleteRequest) MarshalJSON() ([]byte, error) {
	return json.Marshal(completeRequest{r.Orders, Many[Buyer]{r.Buyer}, Many[Settlement]{r.Settlement}})
}

// UnmarshalJSON reads it.
func (r *CompleteRequest) UnmarshalJSON(text []byte) error {
	var wire completeRequest
	err := json.Unmarshal(text, &wire)
	r.Orders, r.Buyer, r.Settlement = wire.Listing, wire.Buyer.sole(), wire.Settlement.sole()
	return err
}
