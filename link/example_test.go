package link_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/seatlink/seatlink/link"
)

// A client needs the credentials of the operator, and a place for its tokens.
func Example() {
	server := exampleServer(nil)
	defer server.Close()
	folder, _ := os.MkdirTemp("", "link")
	defer func() { _ = os.RemoveAll(folder) }()

	client, err := link.New(link.Options{
		URL:         server.URL, // https://tickets.example.com
		Product:     "MyMarketplace/1.0",
		Application: "com.mycompany.myapp",
		APIKey:      "the API key",
		Channel:     "my-application",
		Code:        "the authorization code",
		Keep:        link.File(filepath.Join(folder, "pair.json")),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	catalog, err := client.Events(context.Background(), 999, link.EventQuery{From: "2023-05-20"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, event := range catalog.Events {
		start, _ := event.Start()
		fmt.Println(event.AccessID, event.ItemName, start)
	}
	// Output: 999:F23:P03 Parking for Football Game 1 2023-05-20 20:30:00 +0000 UTC
}

// A patron picked seats in MyAccount and arrives with a listingId.
func ExampleClient_Listing() {
	client, done := exampleClient(nil)
	defer done()

	listing, err := client.Listing(context.Background(), "A3qnemZ")
	if said, ok := errors.AsType[*link.Error](err); ok && said.Code == link.CodeListingNotFound {
		fmt.Println("there is no such listing (any more)")
		return
	}
	for _, group := range listing.Tickets {
		for _, seat := range group.Seats {
			fmt.Println(seat.Section, seat.Row, seat.Seat, seat.Token)
		}
	}
	// Output: ES:9 30 26 129BL7ASUULGLT2X0
}

// An independent seller types a barcode: verify tells the token.
func ExampleClient_Verify() {
	client, done := exampleClient(nil)
	defer done()

	verified, err := client.Verify(context.Background(), link.VerifyGroup{AccessID: "129:FB23:FB01", Barcodes: []link.Barcode{"43125975439416"}})
	for _, seat := range verified.Seats() {
		fmt.Println(seat.Token, "is seat", seat.Section, seat.Row, seat.Seat)
	}
	for _, failure := range verified.Failures() {
		fmt.Println(failure)
	}
	fmt.Println(err)
	// Output:
	// 1234567890123456 is seat U:100 AA 14
	// <nil>
}

// Tickets stand alone: some are locked, others are not, and say why.
func ExampleClient_Lock() {
	client, done := exampleClient(map[string]string{"PUT /v1/tickets/lock": "tickets-lock.207.json"})
	defer done()

	price := link.Minor(5000, 2) // 50.00
	locked, err := client.Lock(context.Background(), link.LockRequest{
		Source: link.Individual,
		Listing: link.LockListing{ExternalListingID: "L-1", Tokens: []link.LockToken{
			{Token: "98973476444", IndividualPrice: &price},
			{Token: "54457347644", IndividualPrice: &price},
		}},
		Seller: &link.Seller{FirstName: "Ada", LastName: "Example", EmailAddress: []link.EmailAddress{{Email: "ada@example.com"}}},
	})
	for _, ticket := range locked.Success {
		fmt.Println(ticket.Token, "is locked")
	}
	for _, failure := range locked.Errors {
		fmt.Println(failure)
	}
	fmt.Println(err)
	// Output:
	// 98973476444 is locked
	// 54457347644: TOKEN_LOCKED: another channel holds the ticket
	// <nil>
}

func ExampleClient_Unlock() {
	client, done := exampleClient(map[string]string{"PUT /v1/tickets/unlock": "tickets-unlock.409.json"})
	defer done()

	unlocked, err := client.Unlock(context.Background(), "98973476444", "54457347644")
	fmt.Println(len(unlocked.Success), "unlocked")
	if said, ok := errors.AsType[*link.Error](err); ok {
		fmt.Println(said.Type, said.Code)
	}
	// Output:
	// 0 unlocked
	// CONFLICT ALL_IN_CONFLICT
}

// A sale has its RequestID kept before it is sent: whatever happens, sending it
// again finds out what became of it, and sells once.
func ExampleClient_Complete() {
	client, done := exampleClient(nil)
	defer done()

	price, fees := link.Minor(5000, 2), link.Minor(200, 2)
	paid, err := link.Sum(price, fees)
	if err != nil {
		fmt.Println(err)
		return
	}
	request := link.CompleteRequest{
		RequestID: link.NewRequestID(), // keep it with the order
		Orders: []link.CartOrder{{ExternalListingID: "L-1", ExternalOrderID: "O-1", Tokens: []link.CartToken{
			{Token: "badf123aadadf123a", IndividualPrice: &price, IndividualFees: &fees},
		}}},
		Buyer:      link.Buyer{FirstName: "Tony", LastName: "Stark", EmailAddress: link.EmailAddress{Email: "tony@example.com"}},
		Settlement: link.Settlement{TotalAmountPaid: paid, AmountToSeller: link.Minor(4500, 2)},
	}
	sale, err := client.Complete(context.Background(), request)
	switch {
	case link.Undecided(err):
		fmt.Println("send the same request again, later")
	case err != nil:
		fmt.Println("nothing was sold:", err, sale.Errors)
	case sale.Status == link.Pending:
		fmt.Println("to be decided:", sale.ProcessID)
	default:
		fmt.Println("sold for", sale.Paid, sale.Errors)
	}
	// Output: sold for 104 []
}

// An order that is PENDING is decided later.
func ExampleClient_AwaitOrder() {
	client, done := exampleClient(map[string]string{"GET /v1/cart/complete-order/d4e5f6": "cart-complete-order-status.200.rejected.json"})
	defer done()

	sale, err := client.AwaitOrder(context.Background(), "d4e5f6")
	fmt.Println(sale.Status, sale.Errors, err)
	// Output: ERROR [order 1234567890: ORDER_REJECTED: the organization reviewed the order and rejected it] <nil>
}

func ExampleClient_Print() {
	client, done := exampleClient(nil)
	defer done()

	printed, err := client.Print(context.Background(), link.PrintRequest{ExternalOrderID: "O-1", Tokens: []link.Token{"1234567890123456"}})
	for _, ticket := range printed.Tickets {
		fmt.Println(ticket.Token, ticket.URL) // for the buyer's eyes alone
	}
	fmt.Println(err)
	// Output:
	// 1234567890123456 https://tickets.example.com/t/…
	// <nil>
}

// Tickets of an order are given away, and accepted.
func ExampleClient_Transfer() {
	client, done := exampleClient(nil)
	defer done()
	ctx, juan := context.Background(), link.Recipient{Email: "juan@example.com", FirstName: "Juan", LastName: "Ramirez"}

	transfer, err := client.Transfer(ctx, link.TransferRequest{
		ExternalTransferID: "T-1",
		Recipient:          juan,
		Items:              []link.TransferItem{{ExternalOrderID: "O-1", Tokens: []link.Token{"129L7GVL7PX3KS9ZC"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(transfer.ConfirmationCd, transfer.TransferStatus)
	accepted, err := client.Accept(ctx, link.AcceptRequest{TransferID: transfer.TransferID, Recipient: &juan})
	fmt.Println(accepted.ConfirmationCd, err)
	// Output:
	// 3785222-AMTX:10237 Pending
	// 3785222-AMTX:10237 <nil>
}

func ExampleClient_Cancel() {
	client, done := exampleClient(nil)
	defer done()

	cancelled, err := client.Cancel(context.Background(), link.CancelRequest{ConfirmationCd: "3785222-AMTX:10555"})
	fmt.Println(cancelled.TransferStatus, cancelled.CancelDt, err)
	history, err := client.History(context.Background(), "3785222-AMTX:10555")
	for _, step := range history.Steps {
		fmt.Println(step.Op, step.Initiator, step.At)
	}
	fmt.Println(err)
	// Output:
	// Cancelled 06/15/2023 09:43:12 <nil>
	// initiate transferrer 2023-06-14 07:23:05.281 +0000 UTC
	// <nil>
}

// A Keep in a database is a transaction that locks the row with the pair.
func ExampleKeep() {
	var keep link.Keep = rowKeep{row: make(chan []byte, 1)}
	server := exampleServer(nil)
	defer server.Close()
	client, err := link.New(link.Options{
		URL: server.URL, Product: "MyMarketplace/1.0", Application: "com.mycompany.myapp", APIKey: "key", Channel: "my-application", Code: "code", Keep: keep,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	_, err = client.Listing(context.Background(), "A3qnemZ")
	fmt.Println(err)
	// Output: <nil>
}

// A rowKeep stands for a table of one row: BEGIN and SELECT … FOR UPDATE take the
// row, COMMIT puts it back.
type rowKeep struct{ row chan []byte }

func (k rowKeep) Renew(ctx context.Context, next func(link.Pair) (link.Pair, error)) error {
	var kept link.Pair
	var text []byte
	select {
	case text = <-k.row: // SELECT pair FROM tokens FOR UPDATE
		if err := json.Unmarshal(text, &kept); err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	default: // no row yet
	}
	pair, err := next(kept)
	if err == nil {
		text, err = json.Marshal(pair)
	}
	if text != nil {
		k.row <- text // UPDATE tokens SET pair = $1, COMMIT; or ROLLBACK
	}
	return err
}

// exampleClient is a client of exampleServer.
func exampleClient(answers map[string]string) (client *link.Client, done func()) {
	server := exampleServer(answers)
	client, err := link.New(link.Options{
		URL: server.URL, Product: "MyMarketplace/1.0", Application: "com.mycompany.myapp", APIKey: "key", Channel: "my-application", Code: "code", Keep: new(link.Memory),
	})
	if err != nil {
		panic(err)
	}
	return client, func() { client.Close(); server.Close() }
}

// exampleServer answers with the published samples, and with others where answers
// has them.
func exampleServer(answers map[string]string) *httptest.Server {
	published := map[string]string{
		"POST /v1/auth/token": "auth-token.200.json", "GET /v1/catalog/events": "catalog-events.200.json", "GET /v1/listings/A3qnemZ": "listings.200.json",
		"PUT /v1/tickets/lock": "tickets-lock.200.json", "PUT /v1/tickets/unlock": "tickets-unlock.200.json", "POST /v1/tickets/verify": "tickets-verify.200.json",
		"POST /v1/cart/complete-order": "cart-complete-order.200.json", "POST /v1/tickets/print": "tickets-print.200.json",
		"POST /v1/tickets/transfer": "tickets-transfer.200.json", "POST /v1/tickets/transfer/accept": "tickets-transfer-accept.200.json",
		"DELETE /v1/tickets/transfer/3785222-AMTX:10555": "tickets-transfer-cancel.200.json", "GET /v1/tickets/transfer/3785222-AMTX:10555": "tickets-transfer-history.200.json",
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := r.Method + " " + r.URL.Path
		sample := published[route]
		if answers[route] != "" {
			sample = answers[route]
		}
		text, err := fs.ReadFile(examples, sample)
		switch {
		case err != nil:
			w.WriteHeader(http.StatusNotFound)
		case strings.Contains(sample, ".207."):
			w.WriteHeader(http.StatusMultiStatus)
		case strings.Contains(sample, ".409."):
			w.WriteHeader(http.StatusConflict)
		}
		_, _ = w.Write(text)
	}))
}
