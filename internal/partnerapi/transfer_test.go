package partnerapi

import (
	"errors"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// given is the transfer of the published answers.
func given() boxoffice.Transfer {
	sent := time.Date(2023, 6, 8, 4, 46, 3, 0, time.UTC)
	return boxoffice.Transfer{
		ID: "w53hKM1ZPmDBgYsq68VW6xR6KLLeoWCR", Code: "3785222-AMTX:10237", Zone: "America/Chicago", State: boxoffice.TransferPending,
		From: "3785222", Link: boxoffice.Link{Base: "https://tickets.example.com", LinkID: "BQFN80-AMTX", SiteID: "ev_BQFN80-AMTX"},
		Sent: sent, Expires: sent.Add(boxoffice.TransferLasts),
	}
}

// Every published request about transfers asks the office what it says, in both
// spellings, and every published answer is what we send, byte by byte.
func TestPublishedSamplesOfTransfers(t *testing.T) {
	juan := boxoffice.Contact{FirstName: "Juan", LastName: "Ramirez", Emails: []boxoffice.Email{{Address: "juan@example.com"}}}
	called := juan
	called.Phones = []boxoffice.Phone{{Number: "string"}}
	strings := boxoffice.Contact{
		FirstName: "string", LastName: "string", Phones: []boxoffice.Phone{{Number: "string"}}, Emails: []boxoffice.Email{{Address: "string"}},
	}
	byTokens := boxoffice.TransferRequest{
		ExternalTransferID: "T-1", Recipient: juan,
		Items: []boxoffice.TransferItem{{ExternalOrderID: "1234567890", Tokens: []boxoffice.Token{"129L7GVL7PX3KS9ZC"}}},
	}
	cancelled := given()
	cancelled.Code, cancelled.State, cancelled.Ended = "3785222-AMTX:10270", boxoffice.TransferCancelled, time.Date(2023, 6, 15, 14, 43, 12, 0, time.UTC)
	past := given()
	past.Invited, past.Sent = juan, time.Date(2023, 6, 14, 7, 23, 5, 281_000_000, time.UTC)
	past.History = []boxoffice.Step{{Op: boxoffice.OpInitiate, By: boxoffice.BySender, At: past.Sent}}
	for _, tt := range []struct {
		method, path, request string
		asked, answer         any
		response              string
	}{
		{
			"POST", "/v1/tickets/transfer?distributorCode=AMTX", "tickets-transfer.seats.request",
			boxoffice.TransferRequest{
				Organization: 999, Distributor: "AMTX", Sender: "3785222", Recipient: called,
				Seats: []boxoffice.SeatsWanted{{
					Season: "FB19", Item: "FB03", Section: "One:2", Row: "12", Seats: "8",
					Said: boxoffice.SeatsSaid{PriceLevel: "1", PriceType: "A", SoldFor: "13.13", Marketplace: "store"},
				}},
			},
			boxoffice.Giving{Transfer: given()}, "tickets-transfer.200",
		},
		{"POST", "/v1/tickets/transfer", "tickets-transfer.tokens.request", byTokens, boxoffice.Giving{Transfer: given()}, "tickets-transfer.200"},
		{"POST", "/v1/tickets/transfer", "tickets-transfer.tokens-capitals.request", byTokens, boxoffice.Giving{Transfer: given()}, "tickets-transfer.200"},
		{
			"DELETE", "/v1/tickets/transfer/3785222-AMTX%3A10555", "", boxoffice.CancelRequest{Code: "3785222-AMTX:10555", Organization: 999},
			cancelled, "tickets-transfer-cancel.200",
		},
		{
			"GET", "/v1/tickets/transfer/3785222-AMTX:10555", "", boxoffice.CancelRequest{Code: "3785222-AMTX:10555", Organization: 999},
			past, "tickets-transfer-history.200",
		},
		{
			"POST", "/v1/tickets/transfer/accept", "tickets-transfer-accept.tokens.request",
			boxoffice.AcceptRequest{ID: "string", Recipient: &strings}, given(), "tickets-transfer-accept.200",
		},
		{
			"POST", "/v1/tickets/transfer/accept?distributorCode=AMTX", "tickets-transfer-accept.seats.request",
			boxoffice.AcceptRequest{ID: given().ID, Distributor: "AMTX"}, given(), "tickets-transfer-accept.200",
		},
	} {
		t.Run(tt.method+" "+tt.path+" "+tt.request, func(t *testing.T) {
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
			if got, want := w.Body.String(), sample(t, tt.response); w.Code != 200 || got != want {
				t.Errorf("%s %s = %d\n%s\nwant 200\n%s", tt.method, tt.path, w.Code, got, want)
			}
		})
	}
}

// Ensure that what is sent at one hour expires at another when the clocks change
// between, 168 hours on.
func TestTransferTimesGoWithTheClocksOfTheVenue(t *testing.T) {
	for _, tt := range []struct{ zone, sent, sentDt, expireDt string }{
		{"America/Chicago", "2026-03-07T12:00:00Z", "03/07/2026 06:00:00", "03/14/2026 07:00:00"},
		{"America/Chicago", "2026-10-31T12:00:00Z", "10/31/2026 07:00:00", "11/07/2026 06:00:00"},
		{"Europe/Berlin", "2026-03-28T23:30:00Z", "03/29/2026 00:30:00", "04/05/2026 01:30:00"},
		{"America/Phoenix", "2026-03-07T12:00:00Z", "03/07/2026 05:00:00", "03/14/2026 05:00:00"},
	} {
		sent, err := time.Parse(time.RFC3339, tt.sent)
		if err != nil {
			t.Fatal(err)
		}
		transfer := given()
		transfer.Zone, transfer.Sent, transfer.Expires = tt.zone, sent, sent.Add(boxoffice.TransferLasts)
		_, body := transferAnswer(boxoffice.Giving{Transfer: transfer})
		if got := body.(transferResponse); got.SentDt != tt.sentDt || got.ExpireDt != tt.expireDt {
			t.Errorf("sent %s in %s: %s to %s; want %s to %s", tt.sent, tt.zone, got.SentDt, got.ExpireDt, tt.sentDt, tt.expireDt)
		}
	}
}

func TestTransfersThatAreWrong(t *testing.T) {
	const path = "/v1/tickets/transfer?distributorCode=AMTX"
	seats := sample(t, "tickets-transfer.seats.request")
	tokens := sample(t, "tickets-transfer.tokens.request")
	spoilt := func(body, from, to string) string {
		if !strings.Contains(body, from) {
			t.Fatalf("there is no %s in %s", from, body)
		}
		return strings.Replace(body, from, to, 1)
	}
	for _, tt := range []struct{ name, path, body, code, says string }{
		{"no request", path, `{"transferRequests":[]}`, "BATCH_SIZE", "transferRequests"},
		{"two requests", path, `{"transferRequests":[{},{}]}`, "BATCH_SIZE", "transferRequests"},
		{"no recipient", path, spoilt(seats, `"recipient"`, `"other"`), "FIELD_REQUIRED", "recipient"},
		{"neither email nor phone", path, spoilt(tokens, `"email"`, `"mail"`), "RECIPIENT_REQUIRED", "email or phone"},
		{"no first name in the token form", path, spoilt(tokens, `"recipientFirstName"`, `"x"`), "RECIPIENT_REQUIRED", "recipientFirstName"},
		{"neither seats nor items", path, spoilt(tokens, `"items"`, `"x"`), "FIELD_REQUIRED", "seats or items"},
		{"both seats and items", path, spoilt(seats, `"seats":[`, `"items":[],"seats":[`), "FIELD_INVALID", "not both"},
		{"no distributor in the seat form", "/v1/tickets/transfer", seats, "DISTRIBUTOR_UNKNOWN", "distributorCode"},
		{"two distributors", path + "&distributorCode=B", seats, "PARAMETER_REPEATED", "distributorCode"},
		{"no sender in the seat form", path, spoilt(seats, `"sender"`, `"x"`), "FIELD_REQUIRED", "sender"},
		{"a long sender in the token form", path, spoilt(tokens, `"recipient"`, `"sender":{"patronId":"`+strings.Repeat("1", 129)+`"},"recipient"`), "FIELD_TOO_LONG", "sender.patronId"},
		{"no section", path, spoilt(seats, `"section"`, `"x"`), "FIELD_REQUIRED", "seatInfo.section"},
		{"a row that is a list", path, spoilt(seats, `12`, `[12]`), "FIELD_INVALID", "row"},
		{"no tokens", path, spoilt(tokens, `"129L7GVL7PX3KS9ZC"`, ``), "BATCH_SIZE", "tokens"},
		{"a recipient of accept without an email", "/v1/tickets/transfer/accept", `{"transferId":"T","recipient":{"phone":"1"}}`, "RECIPIENT_REQUIRED", "email"},
		{"accept of nothing", "/v1/tickets/transfer/accept", `{}`, "FIELD_REQUIRED", "transferId"},
	} {
		w := do(closed(t), request("POST", tt.path, tt.body))
		if got := w.Body.String(); w.Code != 400 || !strings.Contains(got, tt.code) || !strings.Contains(got, tt.says) {
			t.Errorf("%s = %d %s; want 400 %s with %q", tt.name, w.Code, got, tt.code, tt.says)
		}
	}
}

// What the office refuses is 400 whatever its type, but for what belongs to every
// call.
func TestRefusalsOfTransfersAre400(t *testing.T) {
	for _, tt := range []struct {
		reason error
		status int
	}{
		{fault.TransferUnknown, 400}, {fault.TransferNotPending, 400}, {fault.EventClosed, 400},
		{fault.TokenNotAvailable, 400}, {fault.RecipientMismatch, 400}, {fault.NotPermitted, 403}, {fault.TooManyRequests, 429},
		{fault.IdempotencyKeyInUse, 409}, {fault.IdempotencyKeyReused, 422}, {fault.Busy, 503},
	} {
		f := fault.Of(tt.reason)
		w := do(answers(nil, tt.reason), request("POST", "/v1/tickets/transfer/accept", `{"transferId":"T"}`))
		if got := w.Body.String(); w.Code != tt.status || !strings.Contains(got, `"type":"`+f.Kind.String()+`"`) || !strings.Contains(got, f.Code) {
			t.Errorf("%s = %d %s; want %d", f.Code, w.Code, got, tt.status)
		}
	}
	refused := boxoffice.Giving{Refused: []boxoffice.Refusal{{Token: "A", Reason: fault.TokenNotAvailable}}}
	w := do(answers(refused, nil), request("POST", "/v1/tickets/transfer", sample(t, "tickets-transfer.tokens.request")))
	if got := w.Body.String(); w.Code != 400 || !strings.Contains(got, `"errors":[{"token":"A","type":"CONFLICT"`) {
		t.Errorf("a ticket that cannot be given = %d %s; want 400 with errors", w.Code, got)
	}
}

// A transferId that is none counts as a guess, a refusal of one that is there does
// not, and whoever has guessed too often is not answered at all.
func TestGuessedTransferIDsAreCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		body   string
		reason error
		counts []int
	}{
		{"an unknown one", `{"transferId":"T"}`, fault.TransferUnknown, []int{0, 1}},
		{"one that cannot be", `{"transferId":"é"}`, nil, []int{0, 1}},
		{"one that is over", `{"transferId":"T"}`, fault.TransferNotPending, []int{0}},
	} {
		var counts []int
		desk := fakeDesk{pair: goodPair, guess: func(unknown int) error { counts = append(counts, unknown); return nil }}
		w := httptest.NewRecorder()
		door(answers(nil, tt.reason), desk, Options{}).ServeHTTP(w, request("POST", "/v1/tickets/transfer/accept", tt.body))
		if w.Code != 400 || !slices.Equal(counts, tt.counts) {
			t.Errorf("%s = %d and counts %v; want 400 and %v", tt.name, w.Code, counts, tt.counts)
		}
	}
	blocked := fakeDesk{pair: goodPair, guess: func(int) error { return &access.LimitError{Wait: time.Minute} }}
	w := httptest.NewRecorder()
	door(answers(nil, errors.New("the office was asked")), blocked, Options{}).ServeHTTP(w, request("POST", "/v1/tickets/transfer/accept", `{"transferId":"T"}`))
	if w.Code != 429 || w.Header().Get("Retry-After") != "60" {
		t.Errorf("after too many guesses: %d, Retry-After %q; want 429 and 60", w.Code, w.Header().Get("Retry-After"))
	}
}
