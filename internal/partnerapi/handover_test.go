package partnerapi

import (
	"reflect"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// inProcess is the transfer of the published answers, with a process.
func inProcess(id boxoffice.ProcessID, state boxoffice.OrderState, handsOver bool) boxoffice.Giving {
	t := given()
	t.Process = boxoffice.TransferProcess{ID: id, State: state, HandsOver: handsOver}
	g := boxoffice.Giving{Transfer: t}
	switch {
	case state == boxoffice.OrderFailed:
		g.Transfer.Process.Refused = []boxoffice.Refusal{{Reason: fault.Of(fault.SandboxRefused)}}
	case state == boxoffice.OrderComplete && handsOver:
		g.Printed = []boxoffice.Printed{{Token: "129L7GVL7PX3KS9ZC", Owner: "234567", URL: "https://tickets.example.com/t/…"}}
	}
	return g
}

// Every request of the later editions asks the office what it says, and every
// answer is that of the document, byte by byte.
func TestSamplesOfLaterTransfers(t *testing.T) {
	juan := boxoffice.Contact{FirstName: "Juan", LastName: "Ramirez", Emails: []boxoffice.Email{{Address: "juan@example.com"}}}
	called := juan
	called.Phones = []boxoffice.Phone{{Number: "string"}}
	handing := boxoffice.TransferRequest{
		ExternalTransferID: "T-3", Recipient: juan, HandsOver: true, MayWait: true,
		Items: []boxoffice.TransferItem{{ExternalOrderID: "1234567890", Tokens: []boxoffice.Token{"129L7GVL7PX3KS9ZC"}}},
	}
	giving := boxoffice.TransferRequest{
		ExternalTransferID: "T-4", Organization: 999, Distributor: "AMTX", Sender: "3785222", Recipient: called, MayWait: true,
		Seats: []boxoffice.SeatsWanted{{
			Season: "FB19", Item: "FB03", Section: "One:2", Row: "12", Seats: "8",
			Said: boxoffice.SeatsSaid{PriceLevel: "1", PriceType: "A", SoldFor: "13.13", Marketplace: "store"},
		}},
	}
	const (
		complete = "/v1/tickets/transfer/complete"
		second   = "/v2/tickets/transfer?distributorCode=AMTX"
		pending  = "/v2/tickets/transfer/pending/d4e5f6"
	)
	for _, tt := range []struct {
		method, path, request string
		asked                 any
		answer                boxoffice.Giving
		status                int
		response              string
	}{
		{"POST", complete, "tickets-transfer-complete.request", handing, inProcess("a1b2c3", boxoffice.OrderComplete, true), 200, "tickets-transfer-complete.200"},
		{"POST", complete, "tickets-transfer-complete.request", handing, inProcess("d4e5f6", boxoffice.OrderPending, true), 200, "tickets-transfer-complete.200.pending"},
		{"POST", complete, "tickets-transfer-complete.request", handing, inProcess("d4e5f6", boxoffice.OrderFailed, true), 400, "tickets-transfer-complete.400.failed"},
		{
			"POST", complete, "tickets-transfer-complete.request", handing,
			boxoffice.Giving{Refused: []boxoffice.Refusal{{Token: "129L7GVL7PX3KS9ZC", Reason: fault.Of(fault.OrderNotComplete)}}}, 400, "tickets-transfer-complete.400",
		},
		{"GET", complete + "/a1b2c3", "", processAsked{"a1b2c3"}, inProcess("a1b2c3", boxoffice.OrderComplete, true), 200, "tickets-transfer-complete.200"},
		{"GET", complete + "/d4e5f6", "", processAsked{"d4e5f6"}, inProcess("d4e5f6", boxoffice.OrderPending, true), 200, "tickets-transfer-complete.200.pending"},
		{"GET", complete + "/d4e5f6", "", processAsked{"d4e5f6"}, inProcess("d4e5f6", boxoffice.OrderFailed, true), 200, "tickets-transfer-complete.400.failed"},
		{"GET", complete + "/d4e5f6", "", processAsked{"d4e5f6"}, inProcess("d4e5f6", boxoffice.OrderComplete, false), 404, "cart-complete-order-status.404"},

		{"POST", second, "tickets-transfer-v2.request", giving, boxoffice.Giving{Transfer: given()}, 200, "tickets-transfer.200"},
		{"POST", second, "tickets-transfer-v2.request", giving, inProcess("d4e5f6", boxoffice.OrderPending, false), 200, "tickets-transfer-complete.200.pending"},
		{"POST", second, "tickets-transfer-v2.request", giving, inProcess("d4e5f6", boxoffice.OrderComplete, false), 200, "tickets-transfer.200"},
		{"POST", second, "tickets-transfer-v2.request", giving, inProcess("d4e5f6", boxoffice.OrderFailed, false), 400, "tickets-transfer-complete.400.failed"},
		{"GET", pending, "", processAsked{"d4e5f6"}, inProcess("d4e5f6", boxoffice.OrderComplete, false), 200, "tickets-transfer-v2-status.200"},
		{"GET", pending, "", processAsked{"d4e5f6"}, inProcess("d4e5f6", boxoffice.OrderPending, false), 200, "tickets-transfer-complete.200.pending"},
		{"GET", pending, "", processAsked{"d4e5f6"}, inProcess("d4e5f6", boxoffice.OrderFailed, false), 200, "tickets-transfer-complete.400.failed"},
		{"GET", pending, "", processAsked{"d4e5f6"}, inProcess("d4e5f6", boxoffice.OrderComplete, true), 404, "cart-complete-order-status.404"},
	} {
		t.Run(tt.method+" "+tt.path+" "+tt.response, func(t *testing.T) {
			body := ""
			if tt.request != "" {
				body = sample(t, tt.request)
			}
			office := officeFunc(func(asked any) (any, error) {
				if !reflect.DeepEqual(asked, tt.asked) {
					t.Errorf("the office was asked\n%s\nwant\n%s", shown(asked), shown(tt.asked))
				}
				return tt.answer, nil
			})
			r := request(tt.method, tt.path, body)
			r.Header.Set("PAC-Organization-ID", "999")
			w := do(office, r)
			if got, want := w.Body.String(), sample(t, tt.response); w.Code != tt.status || got != want {
				t.Errorf("%s %s = %d\n%s\nwant %d\n%s", tt.method, tt.path, w.Code, got, tt.status, want)
			}
		})
	}
}

// The callback says what the status call says.
func TestTheCallbackOfATransferIsItsStatus(t *testing.T) {
	for state, want := range map[boxoffice.OrderState]string{
		boxoffice.OrderComplete: "tickets-transfer-v2-status.200", boxoffice.OrderFailed: "tickets-transfer-complete.400.failed",
	} {
		got, err := TransferStatusBody(inProcess("d4e5f6", state, false))
		if err != nil || string(got) != sample(t, want) {
			t.Errorf("TransferStatusBody = %s, %v; want %s", got, err, sample(t, want))
		}
	}
}

func TestLaterTransfersThatAreWrong(t *testing.T) {
	const (
		complete = "/v1/tickets/transfer/complete"
		second   = "/v2/tickets/transfer?distributorCode=AMTX"
	)
	hand, seats := sample(t, "tickets-transfer-complete.request"), sample(t, "tickets-transfer-v2.request")
	tokens := strings.Replace(hand, `"recipient"`, `"sender":{"patronId":"1"},"recipient"`, 1)
	spoilt := func(body, from, to string) string {
		if !strings.Contains(body, from) {
			t.Fatalf("there is no %s in %s", from, body)
		}
		return strings.Replace(body, from, to, 1)
	}
	for _, tt := range []struct{ name, path, body, code, says string }{
		{"no request", complete, `{"transferRequests":[]}`, "BATCH_SIZE", "transferRequests"},
		{"two requests", complete, `{"transferRequests":[{},{}]}`, "BATCH_SIZE", "transferRequests"},
		{"no recipient", complete, spoilt(hand, `"recipient"`, `"x"`), "FIELD_REQUIRED", "recipient"},
		{"no email", complete, spoilt(hand, `"email"`, `"x"`), "RECIPIENT_REQUIRED", "email"},
		{"a phone is not enough", complete, spoilt(hand, `"email"`, `"phone"`), "RECIPIENT_REQUIRED", "email"},
		{"no first name", complete, spoilt(hand, `"recipientFirstName"`, `"x"`), "RECIPIENT_REQUIRED", "recipientFirstName"},
		{"an empty last name", complete, spoilt(hand, `"Ramirez"`, `""`), "RECIPIENT_REQUIRED", "recipientLastName"},
		{"no items", complete, spoilt(hand, `"items"`, `"x"`), "FIELD_REQUIRED", "transferRequests[0].items"},
		{"seats in the place of items", complete, spoilt(hand, `"items"`, `"seats"`), "FIELD_REQUIRED", "transferRequests[0].items"},
		{"no order", complete, spoilt(hand, `"1234567890"`, `""`), "FIELD_REQUIRED", "externalOrderId"},
		{"no tokens", complete, spoilt(hand, `"129L7GVL7PX3KS9ZC"`, ``), "BATCH_SIZE", "tokens"},
		{"a long id", complete, spoilt(hand, `"T-3"`, `"`+strings.Repeat("T", 129)+`"`), "FIELD_TOO_LONG", "externalTransferId"},
		{"no email in the second version", second, spoilt(seats, `"email"`, `"x"`), "RECIPIENT_REQUIRED", "email"},
		{"no sender in the second version", second, spoilt(seats, `"sender"`, `"x"`), "FIELD_REQUIRED", "sender"},
		{"no sender of tokens in the second version", second, hand, "FIELD_REQUIRED", "sender"},
		{"an empty sender of tokens in the second version", second, spoilt(tokens, `"patronId":"1"`, `"patronId":""`), "FIELD_REQUIRED", "sender.patronId"},
		{"no distributor in the seat form", "/v2/tickets/transfer", seats, "DISTRIBUTOR_UNKNOWN", "distributorCode"},
		{"a callback by http", second, spoilt(seats, `"asyncCallbackUrl":"string"`, `"asyncCallbackUrl":"http://partner.example.com/"`), "CALLBACK_NOT_ALLOWED", "asyncCallbackUrl"},
		{"a callback to another port", second, spoilt(seats, `"asyncCallbackUrl":"string"`, `"asyncCallbackUrl":"https://partner.example.com:8443/"`), "CALLBACK_NOT_ALLOWED", "port"},
		{"a callback of 2 kB", second, spoilt(seats, `"asyncCallbackUrl":"string"`, `"asyncCallbackUrl":"https://partner.example.com/`+strings.Repeat("x", 2<<10)+`"`), "FIELD_TOO_LONG", "asyncCallbackUrl"},
	} {
		w := do(closed(t), request("POST", tt.path, tt.body))
		if got := w.Body.String(); w.Code != 400 || !strings.Contains(got, tt.code) || !strings.Contains(got, tt.says) {
			t.Errorf("%s = %d %s; want 400 %s with %q", tt.name, w.Code, got, tt.code, tt.says)
		}
	}
}
