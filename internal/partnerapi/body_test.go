package partnerapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// repeated is a JSON list of n elements made of a pattern with %d.
func repeated(n int, pattern string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(pattern, i)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func lockOf(tokens string) string {
	return `{"source":"MY_ACCOUNT","listing":{"externalListingId":"L1","tokens":` + tokens + `}}`
}

func lockBy(seller string) string {
	return `{"source":"BROKER","listing":{"externalListingId":"L1","tokens":[{"token":"A"}]},"seller":` + seller + `}`
}

func completeOf(listing, buyer, settlement string) string {
	return `{"listing":` + listing + `,"buyer":` + buyer + `,"settlement":` + settlement + `}`
}

const (
	element    = `{"externalListingId":"L1","externalOrderId":"O1","tokens":[{"token":"A"}]}`
	buyer      = `{"firstName":"Ada","lastName":"Byron","emailAddress":{"email":"ada@example.com"}}`
	settlement = `{"totalAmountPaid":50,"amountToSeller":45}`
)

// What is wrong with a body is told before the office is asked: the code says
// what, the message says where.
func TestBadBodies(t *testing.T) {
	const (
		lock, unlock, verify = "PUT /v1/tickets/lock", "PUT /v1/tickets/unlock", "POST /v1/tickets/verify"
		printing, complete   = "POST /v1/tickets/print", "POST /v1/cart/complete-order"
	)
	long := strings.Repeat("x", 1025)
	tests := []struct {
		rule, call, body string
		status           int
		code, message    string // the message begins so
	}{
		{"a body is needed", lock, ` `, 400, "BAD_REQUEST", "the body is empty"},
		{"a body is JSON", lock, `{"source":`, 400, "BAD_REQUEST", "the body is not JSON"},
		{"a body is one JSON value", unlock, unlockBody + `{}`, 400, "BAD_REQUEST", "the body is not JSON"},
		{"a body is an object", unlock, `["A"]`, 400, "BAD_REQUEST", "the body must be a JSON object"},
		{"a null body has no fields", unlock, `null`, 400, "FIELD_REQUIRED", "tokens: "},
		{"strings are valid UTF-8", unlock, "{\"tokens\":[\"\xff\"]}", 400, "BAD_REQUEST", "the body is not JSON"},
		{"strings have no NUL", unlock, `{"tokens":["A\u0000"]}`, 400, "BAD_REQUEST", "a string holds the character NUL"},
		{"ignored fields have no NUL", unlock, `{"x":"\u0000","tokens":["A"]}`, 400, "BAD_REQUEST", "a string holds the character NUL"},
		{"17 levels are too deep", unlock, `{"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `,"tokens":["A"]}`, 400, "BAD_REQUEST", "the body nests deeper than 16 levels"},
		{"keys stand once", unlock, `{"tokens":["A"],"tokens":["B"]}`, 400, "BAD_REQUEST", "tokens stands twice"},
		{"keys that differ in case are duplicates", unlock, `{"tokens":["A"],"Tokens":["A"]}`, 400, "BAD_REQUEST", "tokens stands twice"},
		{"keys that differ in escapes are duplicates", unlock, `{"tokens":["A"],"\u0054okens":["A"]}`, 400, "BAD_REQUEST", "tokens stands twice"},
		{"ignored keys are no duplicates either", unlock, `{"tokens":["A"],"x":{"Y":1,"y":2}}`, 400, "BAD_REQUEST", "x.y stands twice"},
		{"a hyphen makes another key", unlock, `{"to-kens":["A"]}`, 400, "FIELD_REQUIRED", "tokens: "},

		{"source is required", lock, `{"listing":{}}`, 400, "FIELD_REQUIRED", "source: "},
		{"source null is absent", lock, `{"source":null}`, 400, "FIELD_REQUIRED", "source: "},
		{"source is a string", lock, `{"source":5}`, 400, "FIELD_INVALID", "source: "},
		{"source is one of three", lock, `{"source":"my_account"}`, 400, "FIELD_INVALID", "source: "},
		{"listing is required", lock, `{"source":"BROKER"}`, 400, "FIELD_REQUIRED", "listing: "},
		{"listing is one", lock, `{"source":"BROKER","listing":[{},{}]}`, 400, "FIELD_INVALID", "listing: "},
		{"externalListingId is required", lock, `{"source":"BROKER","listing":{"tokens":[]}}`, 400, "FIELD_REQUIRED", "listing.externalListingId: "},
		{"externalListingId has 128 bytes at most", lock, `{"source":"BROKER","listing":{"externalListingId":"` + long[:129] + `"}}`, 400, "FIELD_TOO_LONG", "listing.externalListingId: "},
		{"tokens are required", lock, `{"source":"BROKER","listing":{"externalListingId":"L1"}}`, 400, "FIELD_REQUIRED", "listing.tokens: "},
		{"tokens are a list", lock, lockOf(`"A"`), 400, "FIELD_INVALID", "listing.tokens: "},
		{"tokens are not empty", lock, lockOf(`[]`), 400, "BATCH_SIZE", "listing.tokens: "},
		{"tokens are 500 at most", lock, lockOf(repeated(501, `{"token":"T%d"}`)), 400, "BATCH_SIZE", "listing.tokens: "},
		{"token is required", lock, lockOf(`[{"token":"A"},{}]`), 400, "FIELD_REQUIRED", "listing.tokens[1].token: "},
		{"token is a string", lock, lockOf(`[{"token":"A"},{"token":{}}]`), 400, "FIELD_INVALID", "listing.tokens[1].token: "},
		{"token has 1 KiB at most", lock, lockOf(`[{"token":"` + long + `"}]`), 400, "FIELD_TOO_LONG", "listing.tokens[0].token: "},
		{"amounts are no strings", lock, lockOf(`[{"token":"A","IndividualPrice":"50"}]`), 400, "AMOUNT_INVALID", "listing.tokens[0].individualPrice: "},
		{"amounts are no booleans", lock, lockOf(`[{"token":"A","individualPrice":true}]`), 400, "AMOUNT_INVALID", "listing.tokens[0].individualPrice: "},
		{"amounts have 4 digits at most", lock, lockOf(`[{"token":"A","individualPrice":1.00001}]`), 400, "AMOUNT_INVALID", "listing.tokens[0].individualPrice: "},
		{"amounts are not negative", lock, lockOf(`[{"token":"A","individualPrice":-0.01}]`), 422, "AMOUNT_RANGE", "listing.tokens.individualPrice: "},
		{"amounts have a limit", lock, lockOf(`[{"token":"A","individualPrice":1e400}]`), 422, "AMOUNT_RANGE", "listing.tokens.individualPrice: "},
		{"a token has one price", lock, lockOf(`[{"token":"A","individualPrice":50},{"token":"A","individualPrice":51}]`), 400, "PRICES_DIFFER", "listing.tokens[1].individualPrice: "},
		{"a broker names the seller", lock, `{"source":"BROKER","listing":{"externalListingId":"L1","tokens":[{"token":"A"}]}}`, 400, "SELLER_REQUIRED", ""},
		{"a seller that is ignored keeps to the limits", lock, `{"source":"MY_ACCOUNT","listing":{"externalListingId":"L1","tokens":[{"token":"A"}]},"seller":{"lastName":"` + long[:129] + `"}}`, 400, "FIELD_TOO_LONG", "seller.lastName: "},
		{"a seller has a first name", lock, lockBy(`{"lastName":"Byron"}`), 400, "FIELD_REQUIRED", "seller.firstName: "},
		{"a seller has a last name", lock, lockBy(`{"firstName":"Ada"}`), 400, "FIELD_REQUIRED", "seller.lastName: "},
		{"names have 128 characters", lock, lockBy(`{"firstName":"Ada","lastName":"` + strings.Repeat("é", 129) + `"}`), 400, "FIELD_TOO_LONG", "seller.lastName: "},
		{"address lines have 256 characters", lock, lockBy(`{"firstName":"Ada","lastName":"Byron","address":[{},{"address2":"` + strings.Repeat("é", 257) + `"}]}`), 400, "FIELD_TOO_LONG", "seller.address[1].address2: "},
		{"other strings have 1 KiB", lock, lockBy(`{"firstName":"Ada","lastName":"Byron","phoneNumber":{"number":"` + long + `"}}`), 400, "FIELD_TOO_LONG", "seller.phoneNumber[0].number: "},
		{"optIn is a boolean", lock, lockBy(`{"firstName":"Ada","lastName":"Byron","emailAddress":{"optIn":"true"}}`), 400, "FIELD_INVALID", "seller.emailAddress.optIn: "},
		{"every list has an end", lock, lockBy(`{"firstName":"Ada","lastName":"Byron","address":` + repeated(501, `{"address1":"%d"}`) + `}`), 400, "BATCH_SIZE", "seller.address: "},

		{"unlock needs tokens", unlock, `{}`, 400, "FIELD_REQUIRED", "tokens: "},
		{"unlock's tokens are not empty", unlock, `{"tokens":[]}`, 400, "BATCH_SIZE", "tokens: "},
		{"unlock's tokens are 500 at most", unlock, `{"tokens":` + repeated(501, `"T%d"`) + `}`, 400, "BATCH_SIZE", "tokens: "},
		{"unlock's tokens are strings", unlock, `{"tokens":["A",5]}`, 400, "FIELD_INVALID", "tokens[1]: "},
		{"unlock's tokens are not null", unlock, `{"tokens":["A",null]}`, 400, "FIELD_REQUIRED", "tokens[1]: "},

		{"a cart has elements", complete, completeOf(`[]`, buyer, settlement), 400, "BATCH_SIZE", "listing: "},
		{"a cart has 20 elements at most", complete, completeOf(repeated(21, `{"externalListingId":"L","externalOrderId":"O%d","tokens":[{"token":"A"}]}`), buyer, settlement), 400, "BATCH_SIZE", "listing: "},
		{"a cart has 500 tokens at most", complete, completeOf(`[`+
			`{"externalListingId":"L","externalOrderId":"O1","tokens":`+repeated(300, `{"token":"A%d"}`)+`},`+
			`{"externalListingId":"L","externalOrderId":"O2","tokens":`+repeated(201, `{"token":"B%d"}`)+`}]`, buyer, settlement), 400, "BATCH_SIZE", "listing[1].tokens: "},
		{"an order has an id", complete, completeOf(`[{"externalListingId":"L1","tokens":[{"token":"A"}]}]`, buyer, settlement), 400, "FIELD_REQUIRED", "listing[0].externalOrderId: "},
		{"an order's id has 128 bytes at most", complete, completeOf(`{"externalListingId":"L1","externalOrderId":"`+long[:129]+`"}`, buyer, settlement), 400, "FIELD_TOO_LONG", "listing[0].externalOrderId: "},
		{"an order stands once", complete, completeOf(`[`+element+`,{"externalListingId":"L2","externalOrderId":"O1","tokens":[{"token":"B"}]}]`, buyer, settlement), 400, "ORDER_REPEATED", "listing[1].externalOrderId: "},
		{"a token stands in one element", complete, completeOf(`[`+element+`,{"externalListingId":"L2","externalOrderId":"O2","tokens":[{"token":"A"}]}]`, buyer, settlement), 400, "TOKEN_REPEATED", "listing[1].tokens[0].token: "},
		{"a token has one price in a cart", complete, completeOf(`{"externalListingId":"L1","externalOrderId":"O1","tokens":[{"token":"A"},{"token":"A","individualPrice":1}]}`, buyer, settlement), 400, "PRICES_DIFFER", "listing[0].tokens[1].individualPrice: "},
		{"a token has one fee in a cart", complete, completeOf(`{"externalListingId":"L1","externalOrderId":"O1","tokens":[{"token":"A"},{"token":"A","individualFees":1}]}`, buyer, settlement), 400, "PRICES_DIFFER", "listing[0].tokens[1].individualFees: "},
		{"a cart has a buyer", complete, `{"listing":` + element + `,"settlement":` + settlement + `}`, 400, "FIELD_REQUIRED", "buyer: "},
		{"a cart has one buyer", complete, completeOf(element, `[`+buyer+`,`+buyer+`]`, settlement), 422, "BUYERS_MANY", ""},
		{"a buyer has an email", complete, completeOf(element, `{"firstName":"Ada","lastName":"Byron"}`, settlement), 400, "FIELD_REQUIRED", "buyer[0].emailAddress: "},
		{"an email has an address", complete, completeOf(element, `{"firstName":"Ada","lastName":"Byron","emailAddress":{}}`, settlement), 400, "FIELD_REQUIRED", "buyer[0].emailAddress.email: "},
		{"a cart has a settlement", complete, `{"listing":` + element + `,"buyer":` + buyer + `}`, 400, "FIELD_REQUIRED", "settlement: "},
		{"a cart has one settlement", complete, completeOf(element, buyer, `[`+settlement+`,`+settlement+`]`), 422, "SETTLEMENTS_MANY", ""},
		{"a settlement says what was paid", complete, completeOf(element, buyer, `{"amountToSeller":1}`), 400, "FIELD_REQUIRED", "settlement[0].totalAmountPaid: "},
		{"a settlement says what the seller gets", complete, completeOf(element, buyer, `{"totalAmountPaid":1}`), 400, "FIELD_REQUIRED", "settlement[0].amountToSeller: "},
		{"a seller gets no more than was paid", complete, completeOf(element, buyer, `{"totalAmountPaid":5e1,"amountToSeller":50.01}`), 422, "AMOUNT_RANGE", "settlement[0].amountToSeller: "},
		{"nobody pays less than nothing", complete, completeOf(element, buyer, `{"totalAmountPaid":-1,"amountToSeller":0}`), 422, "AMOUNT_RANGE", "settlement[0].totalAmountPaid: "},
		{"malformed is told before refused", complete, completeOf(`{"externalListingId":"L1","externalOrderId":"O1","totalFees":-1,"tokens":[{"token":"A"}]}`, buyer, `{"amountToSeller":1}`), 400, "FIELD_REQUIRED", "settlement[0].totalAmountPaid: "},
		{"a callback goes to https", complete, completeOf(element, buyer, `{"totalAmountPaid":1,"amountToSeller":1,"asyncCallbackUrl":"http://example.com/"}`), 400, "CALLBACK_NOT_ALLOWED", ""},

		{"verify needs tickets", verify, `{}`, 400, "FIELD_REQUIRED", "tickets: "},
		{"verify's tickets are not empty", verify, `{"tickets":[]}`, 400, "BATCH_SIZE", "tickets: "},
		{"a group has tokens or barcodes", verify, `{"tickets":[{"accessId":"999:F23:F01"}]}`, 400, "FIELD_REQUIRED", "tickets[0].tokens: "},
		{"a group has not both", verify, `{"tickets":[{"accessId":"999:F23:F01","tokens":["A"],"barcodes":["1"]}]}`, 400, "FIELD_INVALID", "tickets[0].barcodes: "},
		{"a group is not empty", verify, `{"tickets":[{"tokens":["A"]},{"tokens":[]}]}`, 400, "BATCH_SIZE", "tickets[1].tokens: "},
		{"barcodes come with an accessId", verify, `{"tickets":[{"barcodes":["1"]}]}`, 400, "FIELD_REQUIRED", "tickets[0].accessId: "},
		{"barcodes are 100 at most", verify, `{"tickets":[{"accessId":"a","barcodes":` + repeated(60, `"%d"`) + `},{"accessId":"b","barcodes":` + repeated(41, `"%d"`) + `}]}`, 400, "BATCH_SIZE", "tickets[1].barcodes: "},
		{"verify's tokens are 500 at most", verify, `{"tickets":[{"tokens":` + repeated(300, `"%d"`) + `},{"tokens":` + repeated(201, `"%d"`) + `}]}`, 400, "BATCH_SIZE", "tickets[1].tokens: "},
		{"an accessId has 1 KiB at most", verify, `{"tickets":[{"accessId":"` + long + `","tokens":["A"]}]}`, 400, "FIELD_TOO_LONG", "tickets[0].accessId: "},

		{"print needs an order", printing, `{"tokens":["A"]}`, 400, "FIELD_REQUIRED", "externalOrderId: "},
		{"print's tokens are 30 at most", printing, `{"externalOrderId":"O1","tokens":` + repeated(31, `"T%d"`) + `}`, 400, "BATCH_SIZE", "tokens: "},
		{"print's tokens are not empty", printing, `{"externalOrderId":"O1","tokens":[]}`, 400, "BATCH_SIZE", "tokens: "},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			method, path, _ := strings.Cut(tt.call, " ")
			w := do(closed(t), request(method, path, tt.body))
			var got errorResponse
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("%s = %q: %v", tt.call, w.Body, err)
			}
			if w.Code != tt.status || got.Error.AppErrorCode != tt.code || !strings.HasPrefix(got.Error.DeveloperMessage, tt.message) {
				t.Errorf("%s %.200s = %d %+v; want %d %s %q", tt.call, tt.body, w.Code, got.Error, tt.status, tt.code, tt.message)
			}
		})
	}
}

// What is odd but good reaches the office in one form.
func TestLenientBodies(t *testing.T) {
	lines := func(lines ...boxoffice.LockLine) boxoffice.LockRequest {
		return boxoffice.LockRequest{Source: boxoffice.MyAccount, ExternalListingID: "L1", Lines: lines}
	}
	sold := func(elements ...boxoffice.CartElement) boxoffice.Cart {
		return boxoffice.Cart{
			Elements:   elements,
			Buyer:      boxoffice.Contact{FirstName: "Ada", LastName: "Byron", Emails: []boxoffice.Email{{Address: "ada@example.com"}}},
			Settlement: boxoffice.Settlement{TotalPaid: *number("50"), ToSeller: *number("45")},
		}
	}
	order := func(id string, lines ...boxoffice.CartLine) boxoffice.CartElement {
		return boxoffice.CartElement{ExternalListingID: "L1", ExternalOrderID: id, Lines: lines}
	}
	const (
		lock, unlock, verify = "PUT /v1/tickets/lock", "PUT /v1/tickets/unlock", "POST /v1/tickets/verify"
		printing, complete   = "PUT /v1/tickets/print", "POST /v1/cart/complete-order"
	)
	tests := []struct {
		rule, call, body string
		asked            any
	}{
		{
			"keys match in any letter case", lock,
			`{"SOURCE":"MY_ACCOUNT","Listing":{"ExternalListingID":"L1","tokens":[{"\u0054oken":"A","x":1}]}}`,
			lines(boxoffice.LockLine{Token: "A"}),
		},
		{
			"a listing may be a list, null is absent, unknown fields are ignored", lock,
			`{"source":"MY_ACCOUNT","listing":[{"externalListingId":"L1","totalPrice":null,"note":{"a":[1,{}]},"tokens":[{"token":"A","individualPrice":null}]}],"seller":null}`,
			lines(boxoffice.LockLine{Token: "A"}),
		},
		{
			"a backslash before u0000 is no NUL", lock, lockOf(`[{"token":"\\u0000"}]`),
			lines(boxoffice.LockLine{Token: `\u0000`}),
		},
		{
			"a token named twice is locked once, its price judged by value", lock,
			lockOf(`[{"token":"B"},{"token":"A","individualPrice":50.00},{"token":"B","individualPrice":0},{"token":"A","individualPrice":5e1}]`),
			lines(boxoffice.LockLine{Token: "B", Price: number("0")}, boxoffice.LockLine{Token: "A", Price: number("50")}),
		},
		{
			"a seller beside MY_ACCOUNT is ignored", lock,
			`{"source":"MY_ACCOUNT","listing":{"externalListingId":"L1","tokens":[{"token":"A"}]},"seller":{"lastName":"Byron"}}`,
			lines(boxoffice.LockLine{Token: "A"}),
		},
		{
			"a seller may have empty names and fields", lock, lockBy(`{"firstName":"","lastName":"Byron","address":[{"address2":"Rear"},{}],"emailAddress":{"email":"no address"}}`),
			boxoffice.LockRequest{
				Source: boxoffice.Broker, ExternalListingID: "L1", Lines: []boxoffice.LockLine{{Token: "A"}},
				Seller: &boxoffice.Contact{
					LastName:  "Byron",
					Addresses: []boxoffice.Address{{Lines: []string{"", "Rear"}}},
					Emails:    []boxoffice.Email{{Address: "no address"}},
				},
			},
		},
		{
			"16 levels are not too deep", unlock,
			`{"x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `,"tokens":["A"]}`,
			[]boxoffice.Token{"A"},
		},
		{"a token named twice is unlocked once", unlock, `{"tokens":["B","A","B"]}`, []boxoffice.Token{"B", "A"}},
		{
			"500 tokens are good, and tokens have no form", unlock, `{"tokens":` + repeated(500, `"~ %d"`) + `}`,
			func() (tokens []boxoffice.Token) {
				for i := range 500 {
					tokens = append(tokens, boxoffice.Token(fmt.Sprintf("~ %d", i)))
				}
				return tokens
			}(),
		},
		{
			"an absent price is 0, and placeholders are absent", complete,
			completeOf(`{"externalListingId":"L1","externalOrderId":"O1","tokens":[{"token":"A"},{"token":"A","individualPrice":0.00}]}`,
				`[`+buyer+`]`, `[{"totalAmountPaid":50.000,"amountToSeller":45,"asyncCallbackUrl":"string"}]`),
			sold(order("O1", boxoffice.CartLine{Token: "A"})),
		},
		{
			"an element with an impossible token leaves the others", complete,
			completeOf(`[{"externalListingId":"L1","externalOrderId":"O0","tokens":[{"token":"B"},{"token":"é"}]},`+element+`]`, buyer, settlement),
			sold(order("O1", boxoffice.CartLine{Token: "A"})),
		},
		{
			"a token is asked about once for each accessId", verify,
			`{"tickets":[{"accessId":"a","tokens":["A","A"]},{"accessId":"b","tokens":["A"]},{"accessId":"a","tokens":["B","A"]}]}`,
			[]boxoffice.VerifyGroup{
				{Event: "a", Tokens: []boxoffice.Token{"A"}}, {Event: "b", Tokens: []boxoffice.Token{"A"}}, {Event: "a", Tokens: []boxoffice.Token{"B"}},
			},
		},
		{
			"a token named twice is printed once", printing, `{"externalOrderId":"O1","tokens":["A","A"]}`,
			boxoffice.PrintRequest{ExternalOrderID: "O1", Tokens: []boxoffice.Token{"A"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			asked := any(nil)
			office := officeFunc(func(a any) (any, error) { asked = a; return nil, nil })
			method, path, _ := strings.Cut(tt.call, " ")
			w := do(office, request(method, path, tt.body))
			if !reflect.DeepEqual(asked, tt.asked) {
				t.Errorf("%s %s asked the office\n%s\nwant\n%s\nand answered %s", tt.call, tt.body, shown(asked), shown(tt.asked), w.Body)
			}
		})
	}
}

// A name that no ticket can have is answered as one that does not exist, and the
// office hears nothing of it.
func TestImpossibleTokens(t *testing.T) {
	long := strings.Repeat("x", 65)
	tests := []struct {
		call, body string
		errors     int
		code       string
	}{
		{"PUT /v1/tickets/lock", lockOf(`[{"token":"` + long + `"},{"token":"a\nb"}]`), 2, "TOKEN_NOT_FOUND"},
		{"PUT /v1/tickets/unlock", `{"tokens":["` + long + `"]}`, 1, "TOKEN_NOT_FOUND"},
		{"PUT /v1/tickets/print", `{"externalOrderId":"O1","tokens":["é","` + long + `"]}`, 2, "TOKEN_NOT_FOUND"},
		{"POST /v1/cart/complete-order", completeOf(`{"externalListingId":"L1","externalOrderId":"O1","tokens":[{"token":"A"},{"token":"é"}]}`, buyer, settlement), 1, "TOKEN_NOT_FOUND"},
	}
	for _, tt := range tests {
		t.Run(tt.call, func(t *testing.T) {
			method, path, _ := strings.Cut(tt.call, " ")
			w := do(closed(t), request(method, path, tt.body))
			var got refusedResponse
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if w.Code != 422 || len(got.Errors) != tt.errors || got.Errors[0].AppErrorCode != tt.code {
				t.Errorf("%s %s = %d %s; want 422 with %d × %s", tt.call, tt.body, w.Code, w.Body, tt.errors, tt.code)
			}
		})
	}
}

// In verify an impossible name fails within the group it came in.
func TestImpossibleNamesInVerify(t *testing.T) {
	long := strings.Repeat("x", 129)
	body := `{"tickets":[{"accessId":"999:F23:F01","tokens":["é","A"]},{"accessId":"999:F23:F02","barcodes":["` + long + `"]},` +
		`{"accessId":"` + long + `","tokens":["B"]},{"tokens":["ü"]}]}`
	office := officeFunc(func(asked any) (any, error) {
		want := []boxoffice.VerifyGroup{
			{Event: "999:F23:F01", Tokens: []boxoffice.Token{"A"}},
			{Event: "999:F23:F02", Barcodes: []boxoffice.Barcode{}},
			{Event: boxoffice.EventID(long)}, // emptied, to keep their places
			{},
		}
		if !reflect.DeepEqual(asked, want) {
			t.Errorf("the office was asked %s, want %s", shown(asked), shown(want))
		}
		seat := boxoffice.VerifiedSeat{Ticket: boxoffice.Ticket{Token: "A"}, Season: "F23", Item: "F01"}
		return []boxoffice.Verified{{Event: "999:F23:F01", Seats: []boxoffice.VerifiedSeat{seat}}, {Event: "999:F23:F02"}}, nil
	})
	w := do(office, request("POST", "/v1/tickets/verify", body))
	if w.Code != 207 {
		t.Errorf("verify = %d, want 207", w.Code)
	}
	golden(t, "verify-impossible-names", w.Body.Bytes())
}
