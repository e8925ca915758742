package partnerapi

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// publishedSale is the sale of the published answer of complete-order.
var publishedSale = boxoffice.Sale{
	Status: boxoffice.OrderComplete, Process: "a1b2c3", Currency: "USD", Paid: 10400,
	Offers: []boxoffice.Offer{{
		Season: "CALI", Item: "RSHAHLA", Basis: boxoffice.Single, EventName: "RSHAH LA", PriceLevel: 1, PriceType: "Adult",
		Seats: []boxoffice.OfferSeat{{
			Token: "badf123aadadf123a", Event: "431:BB19:BB01", Section: "1:1", Row: "2", Seat: "1", Owner: "135792",
		}},
	}},
	Transactions: []boxoffice.SaleTransaction{{Season: "CALI", Number: 264667}},
}

var stringSeller = boxoffice.Contact{
	FirstName: "string", MiddleName: "string", LastName: "string",
	Addresses: []boxoffice.Address{{
		Lines:    []string{"string", "string", "string", "string"},
		Locality: "string", Region: "string", PostalCode: "string", CountryCode: "string",
	}},
	Phones: []boxoffice.Phone{{Number: "string", Formatted: "string", Extension: "string", CountryCode: "string"}},
	Emails: []boxoffice.Email{{Address: "string", OptIn: true}},
}

func lockAsked(source boxoffice.Source, seller *boxoffice.Contact) boxoffice.LockRequest {
	return boxoffice.LockRequest{
		Source: source, ExternalListingID: "string", TotalPrice: number("0"),
		Lines: []boxoffice.LockLine{{Token: "string", Price: number("0")}}, Seller: seller,
	}
}

// Every published request asks the office what it says, and every published
// answer is what we send, byte by byte.
func TestPublishedSamples(t *testing.T) {
	kickOff := boxoffice.When{At: time.Date(2023, 5, 20, 20, 30, 0, 0, time.UTC)}
	locking := boxoffice.Locking{
		Sellers: []boxoffice.PatronID{"123456"},
		Done:    []boxoffice.Owned{{Token: "98973476444", Owner: "234567"}},
	}
	verified := []boxoffice.Verified{{Event: "129:FB23:FB01", Seats: []boxoffice.VerifiedSeat{{
		Season: "BB19", Item: "BB01",
		Ticket: boxoffice.Ticket{
			Token: "1234567890123456", Section: "U:100", Row: "AA", Seat: "14", SeatingType: "RESERVED",
			AssociationType: "string", Attributes: []string{"string"}, Owner: "234567",
		},
	}}}}
	buyer := boxoffice.Contact{
		FirstName: "Tony", MiddleName: "string", LastName: "Stark",
		Addresses: []boxoffice.Address{{
			Lines:    []string{"123 Main Street", "string", "string", "string"},
			Locality: "Irvine", Region: "CA", PostalCode: "92627", CountryCode: "US",
		}},
		Phones: []boxoffice.Phone{{Number: "7149999999", Formatted: "string", Extension: "string", CountryCode: "US"}},
		Emails: []boxoffice.Email{{Address: "tony@example.com", OptIn: true}},
	}
	tests := []struct {
		method, path, request string // a sample's name, "" for none
		asked                 any
		answer                any
		response              string
	}{
		{"POST", authPath, "auth-token.code.request", nil, nil, "auth-token.200"},
		{"POST", authPath, "auth-token.refresh.request", nil, nil, "auth-token.200"},
		{
			"GET", "/v1/catalog/events?startDate=2023-05-20", "",
			catalogAsked{999, boxoffice.CatalogQuery{From: "2023-05-20"}},
			[]boxoffice.Event{{
				ID: "999:F23:P03", Season: "F23", Item: "P01", Basis: boxoffice.Single, Name: "Parking for Football Game 1",
				Start: kickOff, End: kickOff, FacilityCode: "ABC", FacilityName: "Pavilion", ConfigurationCode: "DC",
				Associations: []boxoffice.Association{{Type: "PARKING", With: []boxoffice.EventID{"999:F23:F02"}}},
			}},
			"catalog-events.200",
		},
		{
			"GET", "/v1/listings/A3qnemZ", "", boxoffice.ListingID("A3qnemZ"),
			boxoffice.ShownListing{ID: "A3qnemZ", Groups: []boxoffice.ListingGroup{{
				Event: "string", Season: "FB23", Item: "FB01VIP",
				Tickets: []boxoffice.Ticket{{
					Token: "129BL7ASUULGLT2X0", Section: "ES:9", Row: "30", Seat: "26", SeatingType: "RESERVED",
					AssociationType: "VIP", Attributes: []string{"ADA"},
				}},
			}}},
			"listings.200",
		},
		{"PUT", "/v1/tickets/lock", "tickets-lock.my-account.request", lockAsked(boxoffice.MyAccount, nil), locking, "tickets-lock.200"},
		{"PUT", "/v1/tickets/lock", "tickets-lock.my-account-without-seller.request", lockAsked(boxoffice.MyAccount, nil), locking, "tickets-lock.200"},
		{"PUT", "/v1/tickets/lock", "tickets-lock.individual.request", lockAsked(boxoffice.Individual, &stringSeller), locking, "tickets-lock.200"},
		{"PUT", "/v1/tickets/lock", "tickets-lock.broker.request", lockAsked(boxoffice.Broker, &stringSeller), locking, "tickets-lock.200"},
		{"PUT", "/v1/tickets/lock", "tickets-lock.address-object.request", lockAsked(boxoffice.Individual, &stringSeller), locking, "tickets-lock.200"},
		{"PUT", "/v1/tickets/lock", "tickets-lock.phoneNumber-object.request", lockAsked(boxoffice.Individual, &stringSeller), locking, "tickets-lock.200"},
		{"PUT", "/v1/tickets/lock", "tickets-lock.emailAddress-object.request", lockAsked(boxoffice.Individual, &stringSeller), locking, "tickets-lock.200"},
		{
			"PUT", "/v1/tickets/unlock", "tickets-unlock.request", []boxoffice.Token{"98973476444", "54457347644"},
			boxoffice.Unlocking{Done: locking.Done}, "tickets-unlock.200",
		},
		{
			"POST", "/v1/cart/complete-order", "cart-complete-order.request",
			boxoffice.Cart{
				Elements: []boxoffice.CartElement{{
					ExternalListingID: "SDFE3434JJRTER", ExternalOrderID: "1234567890",
					TotalPrice: number("100"), TotalFees: number("4"),
					Lines: []boxoffice.CartLine{{Token: "129L7GVL7PX3KS9ZC", Price: number("50"), Fees: number("2")}},
				}},
				Buyer:      buyer,
				Settlement: boxoffice.Settlement{TotalPaid: *number("52"), ToSeller: *number("45")},
			},
			publishedSale, "cart-complete-order.200",
		},
		{"GET", "/v1/cart/complete-order/123456", "", boxoffice.ProcessID("123456"), publishedSale, "cart-complete-order.200"},
		{
			"GET", "/v1/cart/complete-order/d4e5f6", "", boxoffice.ProcessID("d4e5f6"),
			boxoffice.Sale{Status: boxoffice.OrderPending, Process: "d4e5f6"}, "cart-complete-order-status.200",
		},
		{
			"POST", "/v1/tickets/verify", "tickets-verify.tokens.request",
			[]boxoffice.VerifyGroup{{Event: "123:BB19:BB01", Tokens: []boxoffice.Token{"88973476445", "55457347694"}}},
			verified, "tickets-verify.200",
		},
		{
			"PUT", "/v1/tickets/verify", "tickets-verify.barcodes.request",
			[]boxoffice.VerifyGroup{{Event: "123:BB19:BB01", Barcodes: []boxoffice.Barcode{"43125975439416"}}},
			verified, "tickets-verify.200",
		},
		{
			"POST", "/v1/tickets/print", "tickets-print.request",
			boxoffice.PrintRequest{ExternalOrderID: "123456", Tokens: []boxoffice.Token{"88973476445", "55457347694"}},
			boxoffice.Printing{Done: []boxoffice.Printed{{Token: "1234567890123456", Owner: "234567", URL: "https://tickets.example.com/t/…"}}},
			"tickets-print.200",
		},
	}
	for _, tt := range tests {
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
			w := do(office, request(tt.method, tt.path, body))
			if got, want := w.Body.String(), sample(t, tt.response); w.Code != 200 || got != want {
				t.Errorf("%s %s = %d\n%s\nwant 200\n%s", tt.method, tt.path, w.Code, got, want)
			}
		})
	}
}

func shown(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
