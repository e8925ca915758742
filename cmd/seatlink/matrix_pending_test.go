package main

import (
	"encoding/json"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/web"
)

// pendingRows are about an order that waits for the operator, in each call, and
// about where its callback may go.
func pendingRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	token, free := s.reviewed[0], s.reviewed[1]
	s.lock(tb, s.first, token, free)
	sale := cartOf(order("pending-1", token))
	var first struct{ ProcessID, Status string }
	same := func(t *testing.T, body []byte) {
		t.Helper()
		var again struct{ ProcessID, Status string }
		if err := json.Unmarshal(body, &again); err != nil || again != first || again.Status != "PENDING" {
			t.Errorf("the answer is %s, %v; want process %s, PENDING", body, err, first.ProcessID)
		}
	}
	s.first.want(tb, 200, "POST", "/v1/cart/complete-order", sale.object, &first)
	callback := func(url string) object { return sale.with("settlement.0.asyncCallbackUrl", url) }
	listed := s.partner(tb, "listed", 888, 999)
	if err := s.desk.AllowCallbacks(tb.Context(), listed.partner.Application, []string{"listed.example.com"}); err != nil {
		tb.Fatal(err)
	}
	const (
		lock     = "/v1/tickets/lock"
		complete = "/v1/cart/complete-order"
		status   = "/v1/cart/complete-order/"
		held     = "TOKEN_NOT_AVAILABLE"
	)
	verify := object{"tickets": object{"tokens": []string{token}}}
	return []row{
		{name: "the order again", method: "POST", path: complete, body: sale.object, status: 200, check: same},
		{name: "the order again with another callback", method: "POST", path: complete, body: callback("https://other.example.com/"), status: 200, check: same},
		{name: "the order again with other content", method: "POST", path: complete, body: sale.with("listing.0.totalPrice", 7), status: 422, err: nothingDone, errors: "ORDER_MISMATCH"},
		{name: "its ticket in another order", method: "POST", path: complete, body: cartOf(order("pending-2", token)).object, status: 422, err: nothingDone, errors: held},
		{name: "its ticket beside a free one in another order", method: "POST", path: complete, body: cartOf(order("pending-2", free, token)).object, status: 422, err: nothingDone, errors: held},
		{name: "its status", method: "GET", path: status + first.ProcessID, status: 200, check: same},
		{name: "its status asked by another channel", by: s.sibling, method: "GET", path: status + first.ProcessID, status: 404, err: "NOT_FOUND PROCESS_NOT_FOUND"},
		{name: "a lock of its ticket", method: "PUT", path: lock, body: string(lockBody("L-1", []string{token})), status: 422, err: nothingDone, errors: held},
		{name: "a lock of its ticket by another channel", by: listed, method: "PUT", path: lock, body: string(lockBody("L-1", []string{token})), status: 422, err: nothingDone, errors: held},
		{name: "an unlock of its ticket", method: "PUT", path: "/v1/tickets/unlock", body: string(unlockBody([]string{token})), status: 409, err: "CONFLICT ALL_IN_CONFLICT", errors: held},
		{name: "a print before it is complete", method: "POST", path: "/v1/tickets/print", body: object{"externalOrderId": "pending-1", "tokens": []string{token}}, status: 422, err: nothingDone, errors: "ORDER_NOT_COMPLETE"},
		{name: "its ticket is valid", method: "POST", path: "/v1/tickets/verify", body: verify, status: 200},
		{name: "a callback to a host that is not on the application's list", by: listed, method: "POST", path: complete, body: callback("https://other.example.com/"), status: 400, err: "BAD_REQUEST CALLBACK_NOT_ALLOWED"},
		{name: "a callback to a host below one of the list", by: listed, method: "POST", path: complete, body: callback("https://sub.listed.example.com/"), status: 400, err: "BAD_REQUEST CALLBACK_NOT_ALLOWED"},
		{
			name: "it was refused by the operator", method: "GET", path: status + first.ProcessID, status: 200, err: nothingDone, errors: "ORDER_REJECTED",
			given: func(t *testing.T) {
				t.Helper()
				s.reject(t, "pending-1")
			},
			check: says("status", "ERROR"),
		},
		{name: "the order that was refused, again", method: "POST", path: complete, body: sale.object, status: 422, err: nothingDone, errors: "ORDER_REJECTED"},
		{name: "its ticket is locked as before", method: "PUT", path: lock, body: string(lockBody("L-1", []string{token, free})), status: 200},
	}
}

// reject has the operator reject an order of the first channel.
func (s *stage) reject(tb testing.TB, id string) {
	tb.Helper()
	by := access.Principal{Application: "operator/tests", RequestID: requestID()}
	office := boxoffice.NewOffice(s.store, boxoffice.NewPersonKeys(s.keys), web.NewAddresses(s.keys, s.url))
	if _, err := office.Judge(tb.Context(), by, boxoffice.OrderKey{Channel: "first", ExternalOrderID: id}, false, "not this one"); err != nil {
		tb.Fatal(err)
	}
}
