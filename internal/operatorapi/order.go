package operatorapi

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

const (
	maxReason = 500 // characters
	// MostOrders is how many orders one answer has at most.
	MostOrders = 1000
)

// An Order as operators see it. Amounts are numbers in its currency.
type Order struct {
	Order             string         `json:"order"` // channel/externalOrderId, by which commands name it
	Status            string         `json:"status"`
	WaitsFor          string         `json:"waitsFor,omitempty"` // while it is PENDING
	Organization      int64          `json:"organizationId"`
	Process           string         `json:"processId"`
	ExternalListingID string         `json:"externalListingId"`
	At                string         `json:"at"`
	Currency          string         `json:"currency"`
	Price             jsontext.Value `json:"price"`
	Fees              jsontext.Value `json:"fees"`
	Paid              jsontext.Value `json:"paid"`
	Settlement        Settlement     `json:"settlement"`
	Buyer             string         `json:"buyer"` // the patron's id
	Tickets           []Ticket       `json:"tickets"`
	Verdict           *Verdict       `json:"verdict,omitempty"` // on an order that waited
	Errors            []Failure      `json:"errors,omitempty"`
	Callback          *Callback      `json:"callback,omitempty"`
}

// A Settlement is of the whole request that the order came in.
type Settlement struct {
	TotalPaid  jsontext.Value `json:"totalAmountPaid"`
	ToSeller   jsontext.Value `json:"amountToSeller"`
	Reconciles bool           `json:"reconciles"` // with what was sold
}

// A Ticket of an order.
type Ticket struct {
	Token string         `json:"token"`
	Price jsontext.Value `json:"price"`
	Fees  jsontext.Value `json:"fees"`
	From  string         `json:"from"` // the owner before the sale
}

// A Verdict is how an order that waited was decided.
type Verdict struct {
	Approved bool   `json:"approved"`
	By       string `json:"by"`
	Reason   string `json:"reason"`
	At       string `json:"at"`
}

// A Failure is one reason why an order ended in ERROR.
type Failure struct {
	Token   string `json:"token,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// A Callback is the message that the order's process owes its channel. Where it
// goes may be a secret of the partner's, so it is not shown.
type Callback struct {
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	Met      string `json:"met,omitempty"` // by the last attempt, as a class such as 5xx
	At       string `json:"at"`
}

func orderOf(o boxoffice.Order) Order {
	amount := func(minor int64) jsontext.Value {
		return jsontext.Value(boxoffice.FormatMinor(minor, boxoffice.CurrencyDigits(o.Currency)))
	}
	shown := Order{
		Order: o.Key.String(), Status: string(o.State), Organization: int64(o.Organization), Process: string(o.Process),
		ExternalListingID: o.ExternalListingID, At: instant(o.At), Currency: o.Currency,
		Price: amount(o.Price), Fees: amount(o.Fees), Paid: amount(o.Price + o.Fees), Buyer: string(o.Buyer),
		Settlement: Settlement{TotalPaid: amount(o.Settlement.Paid), ToSeller: amount(o.Settlement.ToSeller), Reconciles: !o.Differs},
		Tickets:    []Ticket{},
	}
	if o.State == boxoffice.OrderPending {
		shown.WaitsFor = string(o.Wait)
	}
	for _, line := range o.Lines {
		shown.Tickets = append(shown.Tickets, Ticket{string(line.Token), amount(line.Price), amount(line.Fees), string(line.From)})
	}
	if v := o.Verdict; !v.At.IsZero() {
		shown.Verdict = &Verdict{Approved: v.Approved, By: string(v.By), Reason: v.Why, At: instant(v.At)}
	}
	for _, r := range o.Refused {
		shown.Errors = append(shown.Errors, Failure{string(r.Token), r.Reason.Code, r.Reason.Message})
	}
	return shown
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// OrderList is the answer to which orders are under review.
type OrderList struct {
	Orders []Order `json:"orders"`
	More   bool    `json:"more"` // there are others
}

func (a *api) underReview(ctx context.Context, c *call) (any, error) {
	limit, err := strconv.Atoi(c.FormValue("limit"))
	if err != nil || limit < 1 || limit > MostOrders {
		return nil, fault.FieldInvalid.Saying("limit is 1 to " + strconv.Itoa(MostOrders))
	}
	orders, err := a.work.Orders.UnderReview(ctx, limit+1)
	if err != nil {
		return nil, err
	}
	list := OrderList{Orders: []Order{}, More: len(orders) > limit}
	for _, o := range orders[:min(len(orders), limit)] {
		list.Orders = append(list.Orders, orderOf(o))
	}
	return list, nil
}

func (a *api) showOrder(ctx context.Context, c *call) (any, error) {
	key, err := orderKey(c.FormValue("order"))
	if err != nil {
		return nil, err
	}
	o, err := a.work.Orders.Order(ctx, key)
	if err != nil {
		return nil, err
	}
	shown := orderOf(o)
	owed, found, err := a.work.Callbacks.Callback(ctx, o.Process)
	if err != nil {
		return nil, err
	}
	if found {
		shown.Callback = &Callback{State: string(owed.State), Attempts: owed.Attempts, Met: owed.Note, At: instant(owed.At)}
	}
	return shown, nil
}

// judgeRequest is the body of a verdict.
type judgeRequest struct {
	Order  string `json:"order"`
	Reason string `json:"reason"`
}

func (a *api) approve(ctx context.Context, c *call) (any, error) { return a.judge(ctx, c, true) }
func (a *api) reject(ctx context.Context, c *call) (any, error)  { return a.judge(ctx, c, false) }

func (a *api) judge(ctx context.Context, c *call, approve bool) (any, error) {
	var wire judgeRequest
	if err := c.decode(&wire); err != nil {
		return nil, err
	}
	key, err := orderKey(wire.Order)
	if err != nil {
		return nil, err
	}
	switch {
	case !approve && strings.TrimSpace(wire.Reason) == "":
		return nil, fault.FieldRequired.Saying("a rejection needs a reason")
	case utf8.RuneCountInString(wire.Reason) > maxReason || strings.ContainsFunc(wire.Reason, unicode.IsControl):
		return nil, fault.FieldInvalid.Saying("a reason is one line of up to " + strconv.Itoa(maxReason) + " characters")
	}
	o, err := a.work.Orders.Judge(ctx, c.who, key, approve, wire.Reason)
	if err != nil {
		return nil, err
	}
	return orderOf(o), nil
}

// orderKey reads the name that commands have for an order.
func orderKey(name string) (boxoffice.OrderKey, error) {
	key := boxoffice.ParseOrderKey(name)
	if key.Channel == "" || key.ExternalOrderID == "" {
		return key, fault.FieldInvalid.Saying("an order is named CHANNEL/EXTERNAL-ORDER-ID")
	}
	return key, nil
}
