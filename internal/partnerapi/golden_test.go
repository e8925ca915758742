package partnerapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a body with a file, which keeps it indented for the reader;
// the body itself must have no white space.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".json")
	var indented, compact bytes.Buffer
	if err := errors.Join(json.Indent(&indented, got, "", "  "), json.Compact(&compact, got)); err != nil {
		t.Fatalf("%s: %v in %q", name, err, got)
	}
	if compact.String() != string(got) {
		t.Errorf("%s: the body has white space: %q", name, got)
	}
	indented.WriteByte('\n')
	if *update {
		if err := os.WriteFile(file, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(indented.Bytes(), want) {
		t.Errorf("%s =\n%s\nwant\n%s", name, indented.Bytes(), want)
	}
}

const (
	lockBody     = `{"source":"MY_ACCOUNT","listing":{"externalListingId":"L1","tokens":[{"token":"A"},{"token":"B"},{"token":"C"}]}}`
	unlockBody   = `{"tokens":["A","B"]}`
	verifyBody   = `{"tickets":[{"accessId":"999:F23:F01","tokens":["A","B"]},{"tokens":["C"]}]}`
	barcodeBody  = `{"tickets":{"accessId":"999:F23:F01","barcodes":["99912345678901"]}}`
	printBody    = `{"externalOrderId":"O1","tokens":["A","B"]}`
	completeBody = `{"listing":[{"externalListingId":"L1","externalOrderId":"O1","tokens":[{"token":"A","individualPrice":50.25}]},` +
		`{"externalListingId":"L2","externalOrderId":"O2","tokens":[{"token":"B"}]}],` +
		`"buyer":{"firstName":"Ada","lastName":"Byron","emailAddress":{"email":"ada@example.com"}},` +
		`"settlement":{"totalAmountPaid":50.25,"amountToSeller":45}}`
)

// Ensure a callback carries what call 7 answers, byte for byte.
func TestStatusBodyIsTheAnswerOfCall7(t *testing.T) {
	refused := []boxoffice.Refusal{{ExternalOrderID: "O1", Reason: fault.OrderRejected}}
	complete := publishedSale
	for _, sale := range []boxoffice.Sale{
		complete,
		{Status: boxoffice.OrderPending, Process: "P1", Refused: refused},
		{Status: boxoffice.OrderFailed, Process: "P1", Refused: refused},
	} {
		want := do(answers(sale, nil), request("GET", "/v1/cart/complete-order/P1", "")).Body.String()
		if got, err := StatusBody(sale); err != nil || string(got) != want {
			t.Errorf("StatusBody(%s) = %s, %v; want %s", sale.Status, got, err, want)
		}
	}
}

// Each call and class of status has one answer, as the wire has it.
func TestGoldenAnswers(t *testing.T) {
	const (
		lock, unlock, verify = "/v1/tickets/lock", "/v1/tickets/unlock", "/v1/tickets/verify"
		printing, complete   = "/v1/tickets/print", "/v1/cart/complete-order"
		catalog, listing     = "/v1/catalog/events", "/v1/listings/A3qnemZ"
		process              = "/v1/cart/complete-order/P1"
	)
	owned := []boxoffice.Owned{{Token: "A", Owner: "1"}}
	no := func(token boxoffice.Token, reason *fault.Error) boxoffice.Refusal {
		return boxoffice.Refusal{Token: token, Reason: reason}
	}
	orderNo := func(order string, token boxoffice.Token, reason *fault.Error) boxoffice.Refusal {
		return boxoffice.Refusal{Token: token, ExternalOrderID: order, Reason: reason}
	}
	partly := publishedSale
	partly.Paid = 5025
	partly.Refused = []boxoffice.Refusal{orderNo("O2", "B", fault.TokenNotLocked)}
	mismatch := boxoffice.Sale{Status: boxoffice.OrderFailed, Refused: []boxoffice.Refusal{
		orderNo("O1", "", fault.OrderMismatch), orderNo("O2", "B", fault.TokenUnknown),
	}}
	failed := boxoffice.Sale{Status: boxoffice.OrderFailed, Process: "P1", Refused: []boxoffice.Refusal{
		orderNo("O1", "", fault.OrderRejected), orderNo("O2", "B", fault.EventClosed),
	}}
	waiting := boxoffice.Sale{Status: boxoffice.OrderPending, Process: "P1", Refused: []boxoffice.Refusal{orderNo("O2", "B", fault.TokenNotLocked)}}
	toBeAnnounced := boxoffice.Event{
		ID: "999:F23:F02", Season: "F23", Item: "F02", Basis: boxoffice.Single, Name: "Game 2",
		Start: boxoffice.When{Date: "2023-06-01"},
	}
	seat := boxoffice.VerifiedSeat{Ticket: boxoffice.Ticket{Token: "A", Section: "U:100", Row: "AA", Seat: "14", Owner: "1"}, Season: "F23", Item: "F01"}

	tests := []struct {
		name, method, path, body string
		answer                   any
		err                      error
		status                   int
	}{
		{"catalog-nothing-matches", "GET", catalog, "", []boxoffice.Event(nil), nil, 200},
		{"catalog-time-to-be-announced", "GET", catalog, "", []boxoffice.Event{toBeAnnounced}, nil, 200},
		{"catalog-organization-unknown", "GET", catalog, "", nil, fault.OrganizationUnknown, 404},
		{"catalog-organization-not-granted", "GET", catalog, "", nil, fault.NotPermitted, 403},
		{"catalog-date-impossible", "GET", catalog + "?startDate=2023-02-30", "", nil, nil, 400},
		{"catalog-code-bad", "GET", catalog + "?seasonCode=F%2023", "", nil, nil, 422},
		{"listing-empty", "GET", listing, "", boxoffice.ShownListing{ID: "A3qnemZ"}, nil, 200},
		{"listing-unknown", "GET", listing, "", nil, fault.ListingUnknown, 404},
		{"lock-some", "PUT", lock, lockBody, boxoffice.Locking{
			Sellers: []boxoffice.PatronID{"1"}, Done: owned,
			Refused: []boxoffice.Refusal{no("B", fault.TokenLocked), no("C", fault.EventClosed)},
		}, nil, 207},
		{"lock-none", "PUT", lock, lockBody, boxoffice.Locking{Refused: []boxoffice.Refusal{no("A", fault.TokenUnknown), no("B", fault.TokenNotAvailable), no("C", fault.TokenLocked)}}, nil, 422},
		{"lock-amount-of-another-currency", "PUT", lock, lockBody, nil, fault.AmountInvalid, 400},
		{"lock-busy", "PUT", lock, lockBody, nil, fault.Busy, 503},
		{"lock-broken", "PUT", lock, lockBody, nil, errors.New("table ticket is gone"), 500},
		{"unlock-some", "PUT", unlock, unlockBody, boxoffice.Unlocking{Done: owned, Refused: []boxoffice.Refusal{no("B", fault.TokenLocked)}}, nil, 207},
		{"unlock-all-in-conflict", "PUT", unlock, unlockBody, boxoffice.Unlocking{Refused: []boxoffice.Refusal{no("A", fault.TokenNotAvailable), no("B", fault.TokenLocked)}}, nil, 409},
		{"unlock-none", "PUT", unlock, unlockBody, boxoffice.Unlocking{Refused: []boxoffice.Refusal{no("A", fault.TokenUnknown), no("B", fault.TokenLocked)}}, nil, 422},
		{"complete-some", "POST", complete, completeBody, partly, nil, 207},
		{"complete-none", "POST", complete, completeBody, mismatch, nil, 422},
		{"complete-pending", "POST", complete, completeBody, boxoffice.Sale{Status: boxoffice.OrderPending, Process: "P1"}, nil, 200},
		{"complete-pending-some", "POST", complete, completeBody, waiting, nil, 207},
		{"complete-failed-before", "POST", complete, completeBody, failed, nil, 422},
		{"complete-two-organizations", "POST", complete, completeBody, nil, fault.CartMixed, 422},
		{"complete-undecided", "POST", complete, completeBody, nil, fault.Undecided, 503},
		{"process-complete", "GET", process, "", publishedSale, nil, 200},
		{"process-some", "GET", process, "", partly, nil, 200},
		{"process-pending", "GET", process, "", waiting, nil, 200},
		{"process-failed", "GET", process, "", failed, nil, 200},
		{"process-unknown", "GET", process, "", nil, fault.ProcessUnknown, 404},
		{"verify-some", "POST", verify, verifyBody, []boxoffice.Verified{
			{Event: "999:F23:F01", Seats: []boxoffice.VerifiedSeat{seat}, Refused: []boxoffice.Refusal{no("B", fault.TokenUnknown)}},
			{Refused: []boxoffice.Refusal{no("C", fault.TokenUnknown)}},
		}, nil, 207},
		{"verify-none", "POST", verify, barcodeBody, []boxoffice.Verified{
			{Event: "999:F23:F01", Refused: []boxoffice.Refusal{{Barcode: "99912345678901", Reason: fault.BarcodeInvalid}}},
		}, nil, 422},
		{"print-some", "PUT", printing, printBody, boxoffice.Printing{
			Done:    []boxoffice.Printed{{Token: "A", Owner: "1", URL: "https://tickets.example.com/t/x?a=1&b=2"}},
			Refused: []boxoffice.Refusal{no("B", fault.OrderNotComplete)},
		}, nil, 207},
		{"print-none", "POST", printing, printBody, boxoffice.Printing{Refused: []boxoffice.Refusal{no("A", fault.OrderNotComplete), no("B", fault.TokenUnknown)}}, nil, 422},
		{"print-two-organizations", "POST", printing, printBody, nil, fault.OrganizationsMixed, 400},
		{"path-unknown", "GET", "/v1/tickets", "", nil, nil, 404},
		{"method-wrong", "DELETE", lock, "", nil, nil, 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := do(answers(tt.answer, tt.err), request(tt.method, tt.path, tt.body))
			if w.Code != tt.status {
				t.Errorf("%s %s = %d, want %d", tt.method, tt.path, w.Code, tt.status)
			}
			if got := w.Header().Get("Retry-After"); (got != "") != (tt.status == 503) {
				t.Errorf("Retry-After = %q with %d", got, w.Code)
			}
			golden(t, tt.name, w.Body.Bytes())
		})
	}
}
