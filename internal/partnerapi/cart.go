package partnerapi

import (
	"fmt"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

type completeOrderRequest struct {
	Listing    oneOrMany[cartElement]       `json:"listing"`
	Buyer      oneOrMany[contactRequest]    `json:"buyer"`
	Settlement oneOrMany[settlementRequest] `json:"settlement"`
}

type cartElement struct {
	ExternalListingID string          `json:"externallistingid"`
	ExternalOrderID   string          `json:"externalorderid"`
	TotalPrice        *amount         `json:"totalprice"`
	TotalFees         *amount         `json:"totalfees"`
	Tokens            list[cartToken] `json:"tokens"`
}

type cartToken struct {
	Token           string  `json:"token"`
	IndividualPrice *amount `json:"individualprice"`
	IndividualFees  *amount `json:"individualfees"`
}

type settlementRequest struct {
	TotalAmountPaid  *amount `json:"totalamountpaid"`
	AmountToSeller   *amount `json:"amounttoseller"`
	AsyncCallbackURL string  `json:"asynccallbackurl"`
}

// cartOf reads a cart. What is malformed (400) is told before what is refused
// (422).
func cartOf(wire completeOrderRequest, who access.Principal) (boxoffice.Cart, error) {
	var cart boxoffice.Cart
	err := first(
		counted(wire.Listing, maxElement, top, "listing"),
		counted(wire.Buyer, maxElements, top, "buyer"),
		counted(wire.Settlement, maxElements, top, "settlement"))
	if err != nil {
		return cart, err
	}
	if cart.Elements, err = elementsOf(wire.Listing); err != nil {
		return cart, err
	}
	if cart.Buyer, err = buyerOf(wire.Buyer[0]); err != nil {
		return cart, err
	}
	if cart.Settlement, err = settlementOf(wire.Settlement[0], who); err != nil {
		return cart, err
	}
	switch {
	case len(wire.Buyer) > 1:
		return cart, fault.BuyersMany
	case len(wire.Settlement) > 1:
		return cart, fault.SettlementsMany
	}
	return cart, cartRange(cart)
}

func elementsOf(wire []cartElement) ([]boxoffice.CartElement, error) {
	elements := make([]boxoffice.CartElement, len(wire))
	orders := make(map[string]bool, len(wire))
	places := map[boxoffice.Token]place{}
	tokens := 0
	for i, e := range wire {
		under := func(field string) string { return fmt.Sprintf("listing[%d].%s", i, field) }
		tokens += len(e.Tokens)
		err := first(
			required(e.ExternalListingID, maxID, under, "externalListingId"),
			required(e.ExternalOrderID, maxID, under, "externalOrderId"),
			counted(e.Tokens, maxTokens-(tokens-len(e.Tokens)), under, "tokens"))
		if err != nil {
			return nil, err
		}
		if orders[e.ExternalOrderID] {
			return nil, named(fault.OrderRepeated, under("externalOrderId"))
		}
		orders[e.ExternalOrderID] = true
		elements[i] = boxoffice.CartElement{
			ExternalListingID: e.ExternalListingID, ExternalOrderID: e.ExternalOrderID,
			TotalPrice: (*boxoffice.Amount)(e.TotalPrice), TotalFees: (*boxoffice.Amount)(e.TotalFees),
		}
		if elements[i].Lines, err = cartLines(e.Tokens, i, places); err != nil {
			return nil, err
		}
	}
	return elements, nil
}

// A place is where a token was named first.
type place struct{ element, line int }

// cartLines reads the tokens of an element. One named twice is sold once, at one
// price, and in one element only.
func cartLines(tokens []cartToken, element int, places map[boxoffice.Token]place) ([]boxoffice.CartLine, error) {
	lines := make([]boxoffice.CartLine, 0, len(tokens))
	for i, t := range tokens {
		under := func(field string) string { return fmt.Sprintf("listing[%d].tokens[%d].%s", element, i, field) }
		if err := required(t.Token, maxString, under, "token"); err != nil {
			return nil, err
		}
		line := boxoffice.CartLine{
			Token: boxoffice.Token(t.Token),
			Price: (*boxoffice.Amount)(t.IndividualPrice), Fees: (*boxoffice.Amount)(t.IndividualFees),
		}
		before, again := places[line.Token]
		switch {
		case !again:
			places[line.Token] = place{element, len(lines)}
			lines = append(lines, line)
		case before.element != element:
			return nil, named(fault.TokenRepeated, under("token"))
		case !same(lines[before.line].Price, line.Price):
			return nil, named(fault.PricesDiffer, under("individualPrice"))
		case !same(lines[before.line].Fees, line.Fees):
			return nil, named(fault.PricesDiffer, under("individualFees"))
		}
	}
	return lines, nil
}

func settlementOf(wire settlementRequest, who access.Principal) (boxoffice.Settlement, error) {
	under := func(field string) string { return "settlement[0]." + field }
	err := first(
		present(wire.TotalAmountPaid, under, "totalAmountPaid"),
		present(wire.AmountToSeller, under, "amountToSeller"),
		within(wire.AsyncCallbackURL, maxString, under, "asyncCallbackUrl"))
	if err != nil {
		return boxoffice.Settlement{}, err
	}
	callback, host, err := callbackURL(wire.AsyncCallbackURL, who)
	return boxoffice.Settlement{
		TotalPaid: boxoffice.Amount(*wire.TotalAmountPaid), ToSeller: boxoffice.Amount(*wire.AmountToSeller),
		CallbackURL: callback, CallbackHost: host,
	}, err
}

// cartRange refuses amounts that are out of range in every currency.
func cartRange(cart boxoffice.Cart) error {
	for i, e := range cart.Elements {
		under := func(field string) string { return fmt.Sprintf("listing[%d].%s", i, field) }
		if err := first(inRange(e.TotalPrice, under, "totalPrice"), inRange(e.TotalFees, under, "totalFees")); err != nil {
			return err
		}
		for _, line := range e.Lines {
			err := first(inRange(line.Price, under, "tokens.individualPrice"), inRange(line.Fees, under, "tokens.individualFees"))
			if err != nil {
				return err
			}
		}
	}
	s := cart.Settlement
	err := first(
		inRange(&s.TotalPaid, top, "settlement[0].totalAmountPaid"),
		inRange(&s.ToSeller, top, "settlement[0].amountToSeller"))
	if err == nil && above(s.ToSeller, s.TotalPaid) {
		err = named(fault.AmountRange, "settlement[0].amountToSeller")
	}
	return err
}
