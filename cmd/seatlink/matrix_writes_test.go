package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const nothingDone = "REFUSED NOTHING_DONE"

// batchRows are the limits that lists of tokens have in common.
func batchRows(most int, with func(tokens any) object) []row {
	many := make([]string, most+1)
	for i := range many {
		many[i] = fmt.Sprint("X", i)
	}
	return []row{
		{name: "no tokens", body: with(nil), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an empty list of tokens", body: with([]any{}), status: 400, err: "BAD_REQUEST BATCH_SIZE"},
		{name: "a token too many", body: with(many), status: 400, err: "BAD_REQUEST BATCH_SIZE"},
		{name: "tokens that are no list", body: with("X"), status: 400, err: "BAD_REQUEST FIELD_INVALID"},
	}
}

func lockRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	lock := func(tokens ...string) string { return string(lockBody("L-1", tokens)) }
	with := func(field string, value any) object {
		body := object{
			"source": "INDIVIDUAL", "seller": object{"firstName": "Ada", "lastName": "Example"},
			"listing": object{"externalListingId": "L-1", "tokens": []object{{"token": s.free[0]}}},
		}
		body[field] = value
		if value == nil {
			delete(body, field)
		}
		return body
	}
	priced := func(total, price any) object {
		return with("listing", object{"externalListingId": "L-1", "totalPrice": json.RawMessage(fmt.Sprint(total)), "tokens": []object{{"token": s.free[0], "individualPrice": json.RawMessage(fmt.Sprint(price))}}})
	}
	seller := func(field string, value any) object {
		person := object{"firstName": "Ada", "lastName": "Example"}
		person[field] = value
		if value == nil {
			delete(person, field)
		}
		return with("seller", person)
	}
	mine, theirs, renewed, twice := s.locked(tb, s.first), s.locked(tb, s.second), s.locked(tb, s.first), s.token()
	rows := []row{
		{name: "no source", body: with("source", nil), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an unknown source", body: with("source", "SCALPER"), status: 400, err: "BAD_REQUEST FIELD_INVALID"},
		{name: "no listing", body: with("listing", nil), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "two listings", body: with("listing", []object{{}, {}}), status: 400, err: "BAD_REQUEST FIELD_INVALID"},
		{name: "no externalListingId", body: with("listing", object{"tokens": []object{{"token": s.free[0]}}}), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an externalListingId of 129 letters", body: with("listing", object{"externalListingId": strings.Repeat("L", 129), "tokens": []object{{"token": s.free[0]}}}), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "an individual without seller", body: with("seller", nil), status: 400, err: "BAD_REQUEST SELLER_REQUIRED"},
		{name: "a broker without seller", body: `{"source":"BROKER","listing":{"externalListingId":"L","tokens":[{"token":"` + s.free[0] + `"}]},"seller":null}`, status: 400, err: "BAD_REQUEST SELLER_REQUIRED"},
		{name: "a seller without first name", body: seller("firstName", nil), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "a seller without last name", body: seller("lastName", nil), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "a name of 129 letters", body: seller("lastName", strings.Repeat("é", 129)), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "a name of 10 kB", body: seller("firstName", strings.Repeat("A", 10<<10)), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "an address line of 257 letters", body: seller("address", object{"address1": strings.Repeat("A", 257)}), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "a price of 1e400", body: priced(100, "1e400"), status: 422, err: "REFUSED AMOUNT_RANGE"},
		{name: "a negative price", body: priced(100, "-1"), status: 422, err: "REFUSED AMOUNT_RANGE"},
		{name: "a negative total", body: priced("-0.01", 1), status: 422, err: "REFUSED AMOUNT_RANGE"},
		{name: "a price above the limit", body: priced(100, "10000000000.01"), status: 422, err: "REFUSED AMOUNT_RANGE"},
		{name: "a price in tenths of a cent", body: priced(100, "50.005"), status: 400, err: "BAD_REQUEST AMOUNT_INVALID"},
		{name: "a price that is a text", body: priced(100, `"50"`), status: 400, err: "BAD_REQUEST AMOUNT_INVALID"},
		{name: "a total that is a text", body: priced(`"50"`, 50), status: 400, err: "BAD_REQUEST AMOUNT_INVALID"},
		{name: "a fraction of a yen", body: `{"source":"MY_ACCOUNT","listing":{"externalListingId":"L","tokens":[{"token":"` + s.priced[0] + `","individualPrice":1.5}]}}`, status: 400, err: "BAD_REQUEST AMOUNT_INVALID"},
		{name: "a token with two prices", body: `{"source":"MY_ACCOUNT","listing":{"externalListingId":"L","tokens":[{"token":"` + s.free[0] + `","individualPrice":1},{"token":"` + s.free[0] + `","individualPrice":2}]}}`, status: 400, err: "BAD_REQUEST PRICES_DIFFER"},
		{name: "a ticket locked by another channel", body: lock(theirs), status: 422, err: nothingDone, errors: "TOKEN_LOCKED"},
		{name: "a ticket locked by another channel of the same application", by: s.sibling, body: lock(mine), status: 422, err: nothingDone, errors: "TOKEN_LOCKED"},
		{name: "a ticket held by the venue", body: lock(s.venues), status: 422, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
		{name: "a ticket in an order", body: lock(s.inOrder), status: 422, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
		{name: "a ticket in a transfer", body: lock(s.inTransfer), status: 422, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
		{name: "a void ticket", body: lock(s.void), status: 422, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
		{name: "an unknown ticket", body: lock("999NONE"), status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "a foreign ticket", body: lock(s.foreign), status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "a token that cannot be one", body: lock(strings.Repeat("X", 65)), status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "a ticket of an event that is over", body: lock(s.over), status: 422, err: nothingDone, errors: "EVENT_CLOSED"},
		{name: "a ticket of a cancelled event", body: lock(s.gone), status: 422, err: nothingDone, errors: "EVENT_CLOSED"},
		{name: "a ticket off the secondary market", body: lock(s.offMarket), status: 422, err: nothingDone, errors: "EVENT_CLOSED"},
		{name: "nobody's account is made when nothing is locked", body: object{
			"source": "BROKER", "seller": object{"firstName": "Nobody", "lastName": "Else", "emailAddress": object{"email": "nobody@example.com"}},
			"listing": object{"externalListingId": "L", "tokens": []object{{"token": theirs}}},
		}, status: 422, err: nothingDone, errors: "TOKEN_LOCKED"},
		{name: "some tickets of each kind", body: lock(s.over, s.token(), theirs, "999NONE"), status: 207, errors: "EVENT_CLOSED TOKEN_LOCKED TOKEN_NOT_FOUND", changes: true},
		{name: "a ticket locked by the channel, with the same terms", body: lock(mine), status: 200},
		{name: "a ticket locked by the channel, with another price", body: strings.Replace(lock(renewed), `"individualPrice":100`, `"individualPrice":120`, 1), status: 200, changes: true},
		{name: "a token named twice", body: lock(twice, twice), status: 200, changes: true, check: succeeded(1)},
		{name: "a token named twice and locked before", body: lock(twice, twice), status: 200, check: succeeded(1)},
		{name: "MY_ACCOUNT with a seller", body: object{
			"source": "MY_ACCOUNT", "seller": object{}, "listing": object{"externalListingId": "L", "tokens": []object{{"token": s.token()}}},
		}, status: 200, changes: true},
		{name: "a seller of line ends, emoji and letters from right to left", body: object{
			"source": "BROKER", "seller": object{"firstName": "A\r\nSet-Cookie: x=1", "lastName": "👩‍🚀 \u202e\u2028\u001b[31m אבג"},
			"listing": object{"externalListingId": "L", "tokens": []object{{"token": s.token()}}},
		}, status: 200, changes: true},
		{name: "a free ticket", body: lock(s.token()), status: 200, changes: true, check: succeeded(1)},
	}
	rows = append(rows, batchRows(500, func(tokens any) object {
		lines := tokens
		if names, ok := tokens.([]string); ok {
			var each []object
			for _, name := range names {
				each = append(each, object{"token": name})
			}
			lines = each
		}
		return object{"source": "MY_ACCOUNT", "listing": object{"externalListingId": "L", "tokens": lines}}
	})...)
	for i := range rows {
		rows[i].method, rows[i].path = "PUT", "/v1/tickets/lock"
	}
	return rows
}

// succeeded wants so many tickets in success.
func succeeded(n int) func(*testing.T, []byte) {
	return func(t *testing.T, body []byte) {
		t.Helper()
		var answer lockAnswer
		if err := json.Unmarshal(body, &answer); err != nil || len(answer.Success) != n {
			t.Errorf("success has %d tickets, %v; want %d\n%s", len(answer.Success), err, n, body)
		}
	}
}

func unlockRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	mine, theirs, twice := s.locked(tb, s.first), s.locked(tb, s.second), s.locked(tb, s.first)
	unlock := func(tokens ...string) string { return string(unlockBody(tokens)) }
	const conflict = "CONFLICT ALL_IN_CONFLICT"
	rows := []row{
		{name: "a ticket that is not locked", body: unlock(s.token()), status: 200, check: succeeded(1)},
		{name: "a ticket held by the venue", body: unlock(s.venues), status: 200, check: succeeded(1)},
		{name: "a ticket locked by another channel", body: unlock(theirs), status: 409, err: conflict, errors: "TOKEN_LOCKED"},
		{name: "a ticket locked by another channel of the same application", by: s.sibling, body: unlock(mine), status: 409, err: conflict, errors: "TOKEN_LOCKED"},
		{name: "a ticket in an order", body: unlock(s.inOrder), status: 409, err: conflict, errors: "TOKEN_NOT_AVAILABLE"},
		{name: "tickets that are all in conflict", body: unlock(theirs, s.inOrder), status: 409, err: conflict, errors: "TOKEN_LOCKED TOKEN_NOT_AVAILABLE"},
		{name: "an unknown ticket", body: unlock("999NONE"), status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "a foreign ticket", body: unlock(s.foreign), status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "a conflict and an unknown ticket", body: unlock(theirs, "999NONE"), status: 422, err: nothingDone, errors: "TOKEN_LOCKED TOKEN_NOT_FOUND"},
		{name: "a token that cannot be one", body: unlock("é"), status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "an empty token", body: unlock(""), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "a token of 1025 letters", body: unlock(strings.Repeat("X", 1025)), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "one's own ticket and another's", body: unlock(mine, theirs), status: 207, errors: "TOKEN_LOCKED", changes: true},
		{name: "one's own ticket again", body: unlock(mine), status: 200, check: succeeded(1)},
		{name: "a token named twice", body: unlock(twice, twice), status: 200, changes: true, check: succeeded(1)},
	}
	rows = append(rows, batchRows(500, func(tokens any) object { return object{"tokens": tokens} })...)
	for i := range rows {
		rows[i].method, rows[i].path = "PUT", "/v1/tickets/unlock"
	}
	return rows
}

func printRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	sold, resold, two := s.sold(tb, s.first, "print-1"), s.sold(tb, s.first, "print-2"), s.sold(tb, s.first, "print-3")
	s.lock(tb, s.second, resold)
	s.second.want(tb, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody("print-4", "eve", []string{resold})), nil)
	locked := s.locked(tb, s.first)
	printing := func(order string, tokens ...string) object {
		return object{"externalOrderId": order, "tokens": tokens}
	}
	const incomplete = "ORDER_NOT_COMPLETE"
	var first string
	rows := []row{
		{name: "no externalOrderId", body: object{"tokens": []string{sold}}, status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an externalOrderId of 129 letters", body: printing(strings.Repeat("O", 129), sold), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "a ticket before it was sold", body: printing("print-9", locked), status: 422, err: nothingDone, errors: incomplete},
		{name: "another order", body: printing("print-3", sold), status: 422, err: nothingDone, errors: incomplete},
		{name: "an unknown order", body: printing("print-none", sold), status: 422, err: nothingDone, errors: incomplete},
		{name: "another channel's order", by: s.second, body: printing("print-1", sold), status: 422, err: nothingDone, errors: incomplete},
		{name: "an order of another channel of the same application", by: s.sibling, body: printing("print-1", sold), status: 422, err: nothingDone, errors: incomplete},
		{name: "a ticket that was sold again since", body: printing("print-2", resold), status: 422, err: nothingDone, errors: incomplete},
		{name: "an unknown ticket", body: printing("print-1", "999NONE"), status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "a foreign ticket", body: printing("print-1", s.foreign), status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "tickets of two organizations", body: printing("print-1", sold, s.other[0]), status: 400, err: "BAD_REQUEST ORGANIZATIONS_MIXED"},
		{name: "a ticket of the order and one of another", body: printing("print-1", sold, two), status: 207, errors: incomplete, changes: true, check: func(t *testing.T, body []byte) {
			t.Helper()
			first = printedURL(t, body)
		}},
		{name: "a ticket printed before", body: printing("print-1", sold), status: 200, check: func(t *testing.T, body []byte) {
			t.Helper()
			if again := printedURL(t, body); again != first {
				t.Errorf("a reprint is at %s; want %s", again, first)
			}
		}},
		{name: "a ticket named twice", body: printing("print-3", two, two), status: 200, changes: true},
	}
	rows = append(rows, batchRows(30, func(tokens any) object { return object{"externalOrderId": "print-1", "tokens": tokens} })...)
	for i := range rows {
		rows[i].method, rows[i].path = "POST", "/v1/tickets/print"
	}
	return rows
}

func printedURL(t *testing.T, body []byte) string {
	t.Helper()
	var answer struct{ Tickets []struct{ URL string } }
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Tickets) != 1 {
		t.Fatalf("print answered %s, %v; want one ticket", body, err)
	}
	return answer.Tickets[0].URL
}
