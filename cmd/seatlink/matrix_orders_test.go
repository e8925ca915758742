package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A cart is the body of complete-order for tickets of the test.
type cart struct{ object }

// order is an element with a price of 100 and fees of 4 for each ticket.
func order(id string, tokens ...string) object {
	lines := []object{}
	for _, token := range tokens {
		lines = append(lines, object{"token": token, "individualPrice": 100, "individualFees": 4})
	}
	return object{"externalListingId": "L-1", "externalOrderId": id, "tokens": lines}
}

func cartOf(elements ...object) cart {
	tickets := 0
	for _, e := range elements {
		tickets += len(e["tokens"].([]object))
	}
	return cart{object{
		"listing":    elements,
		"buyer":      []object{{"firstName": "Ada", "lastName": "Example", "emailAddress": object{"email": "ada@example.com"}}},
		"settlement": []object{{"totalAmountPaid": 104 * tickets, "amountToSeller": 90 * tickets}},
	}}
}

// with sets a field by its path, or removes it.
func (c cart) with(path string, value any) object {
	var copied object
	if err := json.Unmarshal(encode(c.object), &copied); err != nil {
		panic(err)
	}
	at := any(map[string]any(copied))
	words := strings.Split(path, ".")
	for _, word := range words[:len(words)-1] {
		switch v := at.(type) {
		case map[string]any:
			at = v[word]
		case []any:
			at = v[word[0]-'0']
		}
	}
	last := words[len(words)-1]
	if value == nil {
		delete(at.(map[string]any), last)
	} else {
		at.(map[string]any)[last] = value
	}
	return copied
}

func completeRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	mine, theirs, free := s.locked(tb, s.first), s.locked(tb, s.second), s.token()
	good := cartOf(order("wrong", mine))
	number := func(text string) any { return json.RawMessage(text) }
	const (
		required = "BAD_REQUEST FIELD_REQUIRED"
		callback = "BAD_REQUEST CALLBACK_NOT_ALLOWED"
		invalid  = "BAD_REQUEST AMOUNT_INVALID"
		outside  = "REFUSED AMOUNT_RANGE"
		size     = "BAD_REQUEST BATCH_SIZE"
		price    = "listing.0.tokens.0.individualPrice"
	)
	many := func(n int) (elements []object) {
		for i := range n {
			elements = append(elements, order(fmt.Sprint("many-", i), fmt.Sprint("X", i)))
		}
		return elements
	}
	rows := []row{
		{name: "no listing", body: good.with("listing", nil), status: 400, err: required},
		{name: "an empty listing", body: good.with("listing", []any{}), status: 400, err: size},
		{name: "21 elements", body: cartOf(many(21)...).object, status: 400, err: size},
		{name: "501 tickets in all", body: cartOf(order("a", names("A", 250)...), order("b", names("B", 251)...)).object, status: 400, err: size},
		{name: "no buyer", body: good.with("buyer", nil), status: 400, err: required},
		{name: "an empty list of buyers", body: good.with("buyer", []any{}), status: 400, err: size},
		{name: "two buyers", body: good.with("buyer", []any{good.object["buyer"].([]object)[0], good.object["buyer"].([]object)[0]}), status: 422, err: "REFUSED BUYERS_MANY"},
		{name: "a buyer without first name", body: good.with("buyer.0.firstName", nil), status: 400, err: required},
		{name: "a buyer without last name", body: good.with("buyer.0.lastName", nil), status: 400, err: required},
		{name: "a buyer without email", body: good.with("buyer.0.emailAddress", nil), status: 400, err: required},
		{name: "an email object without email", body: good.with("buyer.0.emailAddress", object{}), status: 400, err: required},
		{name: "a name of 129 letters", body: good.with("buyer.0.lastName", strings.Repeat("A", 129)), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "no settlement", body: good.with("settlement", nil), status: 400, err: required},
		{name: "two settlements", body: good.with("settlement", []any{object{"totalAmountPaid": 1, "amountToSeller": 1}, object{"totalAmountPaid": 1, "amountToSeller": 1}}), status: 422, err: "REFUSED SETTLEMENTS_MANY"},
		{name: "no totalAmountPaid", body: good.with("settlement.0.totalAmountPaid", nil), status: 400, err: required},
		{name: "no amountToSeller", body: good.with("settlement.0.amountToSeller", nil), status: 400, err: required},
		{name: "no externalOrderId", body: good.with("listing.0.externalOrderId", nil), status: 400, err: required},
		{name: "an externalOrderId of 129 letters", body: good.with("listing.0.externalOrderId", strings.Repeat("O", 129)), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "no externalListingId", body: good.with("listing.0.externalListingId", nil), status: 400, err: required},
		{name: "no tokens", body: good.with("listing.0.tokens", nil), status: 400, err: required},
		{name: "an empty list of tokens", body: good.with("listing.0.tokens", []any{}), status: 400, err: size},
		{name: "a line without token", body: good.with("listing.0.tokens.0.token", nil), status: 400, err: required},
		{name: "an order named twice", body: cartOf(order("twice", mine), order("twice", free)).object, status: 400, err: "BAD_REQUEST ORDER_REPEATED"},
		{name: "a ticket in two orders", body: cartOf(order("one", mine), order("two", mine)).object, status: 400, err: "BAD_REQUEST TOKEN_REPEATED"},
		{name: "a ticket with two prices", body: good.with("listing.0.tokens", []object{{"token": mine, "individualPrice": 1}, {"token": mine, "individualPrice": 2}}), status: 400, err: "BAD_REQUEST PRICES_DIFFER"},

		{name: "a price in tenths of a cent", body: good.with(price, number("50.005")), status: 400, err: invalid},
		{name: "a price that is a text", body: good.with(price, "50"), status: 400, err: invalid},
		{name: "a negative price", body: good.with(price, number("-1")), status: 422, err: outside},
		{name: "a price of 1e400", body: good.with(price, number("1e400")), status: 422, err: outside},
		{name: "a price above the limit", body: good.with(price, number("10000000000.01")), status: 422, err: outside},
		{name: "negative fees", body: good.with("listing.0.totalFees", number("-1")), status: 422, err: outside},
		{name: "a negative total", body: good.with("listing.0.totalPrice", number("-1")), status: 422, err: outside},
		{name: "a negative payment", body: good.with("settlement.0.totalAmountPaid", number("-1")), status: 422, err: outside},
		{name: "more to the seller than was paid", body: good.with("settlement.0.amountToSeller", number("104.01")), status: 422, err: outside},

		{name: "a callback by http", body: good.with("settlement.0.asyncCallbackUrl", "http://partner.example.com/"), status: 400, err: callback},
		{name: "a callback with userinfo", body: good.with("settlement.0.asyncCallbackUrl", "https://user:pw@partner.example.com/"), status: 400, err: callback},
		{name: "a callback to an address", body: good.with("settlement.0.asyncCallbackUrl", "https://192.0.2.1/"), status: 400, err: callback},
		{name: "a callback to a private address", body: good.with("settlement.0.asyncCallbackUrl", "https://10.0.0.1/"), status: 400, err: callback},
		{name: "a callback to an address in hex", body: good.with("settlement.0.asyncCallbackUrl", "https://0x7f000001/"), status: 400, err: callback},
		{name: "a callback to this machine", body: good.with("settlement.0.asyncCallbackUrl", "https://localhost/"), status: 400, err: callback},
		{name: "a callback of another scheme", body: good.with("settlement.0.asyncCallbackUrl", "file:///etc/passwd"), status: 400, err: callback},
		{name: "a callback of 2 kB", body: good.with("settlement.0.asyncCallbackUrl", "https://partner.example.com/"+strings.Repeat("x", 2<<10)), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},

		{name: "a ticket that is not locked", body: cartOf(order("o-1", free)).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_LOCKED"},
		{name: "a ticket locked by another channel", body: cartOf(order("o-1", theirs)).object, status: 422, err: nothingDone, errors: "TOKEN_LOCKED"},
		{name: "a ticket locked by another channel of the same application", by: s.sibling, body: cartOf(order("o-1", mine)).object, status: 422, err: nothingDone, errors: "TOKEN_LOCKED"},
		{name: "an unknown ticket", body: cartOf(order("o-1", "999NONE")).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "a foreign ticket", body: cartOf(order("o-1", s.foreign)).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "a ticket held by the venue", body: cartOf(order("o-1", s.venues)).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
		{name: "a ticket in an order", body: cartOf(order("o-1", s.inOrder)).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
		{name: "a ticket in a transfer", body: cartOf(order("o-1", s.inTransfer)).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
		{name: "a void ticket", body: cartOf(order("o-1", s.void)).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
		{name: "one locked ticket and one that is not", body: cartOf(order("o-1", mine, free)).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_LOCKED"},
		{name: "each ticket that cannot be sold is told", body: cartOf(order("o-1", mine, free, theirs, "999NONE")).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_LOCKED TOKEN_LOCKED TOKEN_NOT_FOUND"},
		{name: "tickets of two organizations", body: cartOf(order("o-1", mine), order("o-2", s.other[0])).object, status: 422, err: "REFUSED CART_MIXED"},
		{name: "a fraction of a yen", body: cartOf(order("o-1", s.priced[0])).with(price, number("1.5")), status: 400, err: invalid},
	}
	rows = append(rows, soldRows(tb, s)...)
	for i := range rows {
		rows[i].method, rows[i].path = "POST", "/v1/cart/complete-order"
	}
	return rows
}

// names are tokens that nobody has.
func names(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(prefix, i)
	}
	return all
}

// soldRows are about orders that were sold: repeated, changed, mixed.
func soldRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	one, two, three, four := s.locked(tb, s.first), s.locked(tb, s.first), s.locked(tb, s.first), s.locked(tb, s.first)
	five, six := s.locked(tb, s.first), s.locked(tb, s.first)
	apart := func(elements ...object) object { // the settlement is part of an order's content
		c := cartOf(elements...)
		c.object["settlement"] = []object{{"totalAmountPaid": 208, "amountToSeller": 180}}
		return c.object
	}
	free := s.token()
	sale := cartOf(order("sold-1", one)).object
	var said []byte
	keep := func(_ *testing.T, body []byte) { said = body }
	again := func(t *testing.T, body []byte) {
		t.Helper()
		if !bytes.Equal(body, said) {
			t.Errorf("the repeat is answered\n%s\nand the first was\n%s", body, said)
		}
	}
	const mismatch = "ORDER_MISMATCH"
	return []row{
		{name: "a ticket that is locked", body: sale, status: 200, changes: true, check: keep},
		{name: "the order again", body: sale, status: 200, check: again},
		{name: "the order again under a constant Request-ID", body: sale, with: map[string][]string{"Request-ID": {"always the same"}}, status: 200, check: again},
		{name: "the order again with another price", body: cart{sale}.with("listing.0.tokens.0.individualPrice", 101), status: 422, err: nothingDone, errors: mismatch},
		{name: "the order again with another buyer", body: cart{sale}.with("buyer.0.lastName", "Other"), status: 422, err: nothingDone, errors: mismatch},
		{name: "the order again with another settlement", body: cart{sale}.with("settlement.0.amountToSeller", 1), status: 422, err: nothingDone, errors: mismatch},
		{name: "the order again with another ticket", body: cartOf(order("sold-1", two)).object, status: 422, err: nothingDone, errors: mismatch},
		{name: "a ticket that was sold and is not locked any more", body: cartOf(order("sold-2", one)).object, status: 422, err: nothingDone, errors: "TOKEN_NOT_LOCKED"},
		{name: "a ticket named twice in its order", body: cartOf(order("sold-2", two, two)).object, status: 200, changes: true},
		{name: "one order that is sold and one that is refused", body: cartOf(order("sold-3", three), order("sold-4", four, free)).object, status: 207, errors: "TOKEN_NOT_LOCKED", changes: true},
		{name: "both again", body: cartOf(order("sold-3", three), order("sold-4", four, free)).object, status: 207, errors: "TOKEN_NOT_LOCKED"},
		{
			name: "both again when the other can be sold", body: cartOf(order("sold-3", three), order("sold-4", four, free)).object, status: 200, changes: true,
			given: func(t *testing.T) {
				t.Helper()
				s.lock(t, s.first, free)
			},
		},
		{
			name: "orders of two earlier requests", body: apart(order("apart-1", five), order("apart-2", six)), status: 422, err: "REFUSED ORDERS_APART",
			given: func(t *testing.T) {
				t.Helper()
				for _, e := range []object{order("apart-1", five), order("apart-2", six)} {
					s.first.want(t, 200, "POST", "/v1/cart/complete-order", apart(e), nil)
				}
			},
		},
	}
}
