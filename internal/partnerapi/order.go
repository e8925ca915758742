package partnerapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// completeOrderResponse is a sale in which something is COMPLETE.
type completeOrderResponse struct {
	Status       boxoffice.OrderState `json:"status"`
	ProcessID    boxoffice.ProcessID  `json:"processId"`
	Paid         jsontext.Value       `json:"paid"`
	Offers       []offer              `json:"offers"`
	Transactions []transaction        `json:"transactions"`
	Errors       []failure            `json:"errors,omitempty"`
}

type offer struct {
	Quantity   int        `json:"quantity"`
	SeasonCode string     `json:"seasonCode"`
	ItemCode   string     `json:"itemCode"`
	Basis      string     `json:"basis"`
	Event      offerEvent `json:"event"`
	PriceType  priceType  `json:"priceType"`
}

type offerEvent struct {
	Name       string      `json:"name"`
	PriceLevel int64       `json:"priceLevel"`
	Seats      []offerSeat `json:"seats"`
}

type offerSeat struct {
	Section  string             `json:"section"`
	Row      string             `json:"row"`
	Seat     string             `json:"seat"`
	Sequence int                `json:"sequence"`
	AccessID boxoffice.EventID  `json:"accessId"`
	Token    boxoffice.Token    `json:"token"`
	OwnerID  boxoffice.PatronID `json:"ownerId"`
}

type priceType struct {
	Name string `json:"name"`
}

type transaction struct {
	Season      string `json:"season"`
	Transaction string `json:"transaction"`
}

// pendingOrderResponse is a sale of which an element is undecided.
type pendingOrderResponse struct {
	ProcessID boxoffice.ProcessID  `json:"processId"`
	Status    boxoffice.OrderState `json:"status"`
	Errors    []failure            `json:"errors,omitempty"`
}

// failedOrderResponse is a sale that was pending and sold nothing.
type failedOrderResponse struct {
	ProcessID boxoffice.ProcessID  `json:"processId"`
	Status    boxoffice.OrderState `json:"status"`
	Error     errorObject          `json:"error"`
	Errors    []failure            `json:"errors"`
}

func (a *api) completeOrder(ctx context.Context, c *call) (int, any, error) {
	var wire completeOrderRequest
	if err := decode(c.body, &wire); err != nil {
		return 0, nil, err
	}
	cart, err := cartOf(wire, c.who)
	if err != nil {
		return 0, nil, err
	}
	if !a.sandbox && !callbackPort(cart.Settlement.CallbackURL, a.callbackPorts) {
		return 0, nil, notCalled("this installation sends nothing to its port")
	}
	sale := boxoffice.Sale{Status: boxoffice.OrderFailed}
	unknown := unsellable(&cart)
	tell := func(sale boxoffice.Sale) (int, any) { return saleAnswer(sale, unknown) }
	if len(cart.Elements) > 0 {
		cart.Repeat = repeatOf(c, tell)
		if sale, err = a.office.Complete(ctx, c.who, cart); err != nil {
			return 0, nil, err
		}
	}
	status, body := tell(sale)
	return status, body, nil
}

// saleAnswer is the answer to a cart of which the office was not asked for what
// is unknown.
func saleAnswer(sale boxoffice.Sale, unknown []boxoffice.Refusal) (int, any) {
	sale.Refused = slices.Concat(sale.Refused, unknown)
	switch {
	case sale.Status == boxoffice.OrderFailed && sale.Process == "":
		return http.StatusUnprocessableEntity, refusedResponse{errorOf(fault.NothingDone), failuresOf(sale.Refused)}
	case sale.Status == boxoffice.OrderFailed:
		return http.StatusUnprocessableEntity, saleOf(sale)
	case len(sale.Refused) > 0:
		return http.StatusMultiStatus, saleOf(sale)
	}
	return http.StatusOK, saleOf(sale)
}

func (a *api) orderStatus(ctx context.Context, c *call) (int, any, error) {
	id := c.PathValue("processId")
	if !pathID(id) {
		return 0, nil, fault.ProcessUnknown
	}
	sale, err := a.office.Process(ctx, c.who, boxoffice.ProcessID(id))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, processOf(sale), nil
}

// StatusBody is the body with which call 7 answers for a sale: that of the
// callback, byte for byte.
func StatusBody(sale boxoffice.Sale) ([]byte, error) {
	return json.Marshal(processOf(sale))
}

// processOf is the body of call 7: while an element is undecided, nothing is
// said of the others (contract.md call 7).
func processOf(sale boxoffice.Sale) any {
	if sale.Status == boxoffice.OrderPending {
		sale.Refused = nil
	}
	return saleOf(sale)
}

// unsellable takes the elements out that hold a token no ticket can have: an
// element is sold whole or not at all.
func unsellable(cart *boxoffice.Cart) []boxoffice.Refusal {
	var (
		unknown  []boxoffice.Refusal
		sellable []boxoffice.CartElement
	)
	for _, e := range cart.Elements {
		_, refused := split(e.Lines, func(l boxoffice.CartLine) boxoffice.Token { return l.Token })
		if refused == nil {
			sellable = append(sellable, e)
			continue
		}
		for _, r := range refused {
			r.ExternalOrderID = e.ExternalOrderID
			unknown = append(unknown, r)
		}
	}
	cart.Elements = sellable
	return unknown
}

// saleOf is the body of calls 6 and 7 for a sale that has a process.
func saleOf(sale boxoffice.Sale) any {
	failures := failuresOf(sale.Refused)
	switch sale.Status {
	case boxoffice.OrderPending:
		return pendingOrderResponse{ProcessID: sale.Process, Status: sale.Status, Errors: failures}
	case boxoffice.OrderFailed:
		return failedOrderResponse{ProcessID: sale.Process, Status: sale.Status, Error: errorOf(fault.NothingDone), Errors: failures}
	}
	answer := completeOrderResponse{
		Status: sale.Status, ProcessID: sale.Process,
		Paid:   jsontext.Value(boxoffice.FormatMinor(sale.Paid, boxoffice.CurrencyDigits(sale.Currency))),
		Offers: make([]offer, len(sale.Offers)), Transactions: make([]transaction, len(sale.Transactions)),
		Errors: failures,
	}
	for i, o := range sale.Offers {
		answer.Offers[i] = offerOf(o)
	}
	for i, t := range sale.Transactions {
		answer.Transactions[i] = transaction{Season: t.Season, Transaction: strconv.FormatInt(t.Number, 10)}
	}
	return answer
}

func offerOf(o boxoffice.Offer) offer {
	shown := offer{
		Quantity: len(o.Seats), SeasonCode: o.Season, ItemCode: o.Item, Basis: o.Basis,
		Event:     offerEvent{Name: o.EventName, PriceLevel: o.PriceLevel, Seats: make([]offerSeat, len(o.Seats))},
		PriceType: priceType{Name: o.PriceType},
	}
	for i, s := range o.Seats {
		shown.Event.Seats[i] = offerSeat{
			Section: s.Section, Row: s.Row, Seat: s.Seat, Sequence: i + 1, AccessID: s.Event, Token: s.Token, OwnerID: s.Owner,
		}
	}
	return shown
}
