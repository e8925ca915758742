package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func catalogRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	organization := func(values ...string) map[string][]string {
		return map[string][]string{"PAC-Organization-ID": values}
	}
	const required = "BAD_REQUEST ORGANIZATION_REQUIRED"
	rows := []row{
		{name: "no organization", with: organization(), status: 400, err: required},
		{name: "an empty organization", with: organization(""), status: 400, err: required},
		{name: "an organization that is no number", with: organization("D999"), status: 400, err: required},
		{name: "an organization with a fraction", with: organization("999.0"), status: 400, err: required},
		{name: "an organization beyond 2^53", with: organization("9007199254740993"), status: 400, err: required},
		{name: "an unknown organization", with: organization("998"), status: 404, err: "NOT_FOUND ORGANIZATION_NOT_FOUND"},
		{name: "a negative organization", with: organization("-999"), status: 404, err: "NOT_FOUND ORGANIZATION_NOT_FOUND"},
		{name: "an organization that is not granted", with: organization("555"), status: 403, err: "FORBIDDEN NOT_PERMITTED"},
		{name: "an organization granted to another", by: s.second, with: organization("129"), status: 403, err: "FORBIDDEN NOT_PERMITTED"},
		{name: "a day that does not exist", path: "?startDate=2023-02-30", status: 400, err: "BAD_REQUEST DATE_INVALID"},
		{name: "a day in another form", path: "?startDate=02/28/2023", status: 400, err: "BAD_REQUEST DATE_INVALID"},
		{name: "a season that cannot be", path: "?seasonCode=F%2023", status: 422, err: "REFUSED CODE_INVALID"},
		{name: "a season of 33 letters", path: "?seasonCode=" + strings.Repeat("F", 33), status: 422, err: "REFUSED CODE_INVALID"},
		{name: "a facility that cannot be", path: "?facilityCode='", status: 422, err: "REFUSED CODE_INVALID"},
		{name: "a season given twice", path: "?seasonCode=F23&seasonCode=F23", status: 400, err: "BAD_REQUEST PARAMETER_REPEATED"},
		{name: "a query that cannot be read", path: "?seasonCode=%zz", status: 400, err: "BAD_REQUEST BAD_REQUEST"},
		{name: "a query with semicolons", path: "?seasonCode=F23;startDate=x", status: 400, err: "BAD_REQUEST BAD_REQUEST"},
		{name: "nothing that matches", path: "?seasonCode=Z99", status: 200, check: func(t *testing.T, body []byte) {
			t.Helper()
			if string(body) != "[]" {
				t.Errorf("nothing matches, and the answer is %s", body)
			}
		}},
		{name: "empty parameters", path: "?seasonCode=&facilityCode=&startDate=", status: 200, check: atLeast(1)},
		{name: "HEAD", method: "HEAD", status: 200},
	}
	for i := range rows {
		rows[i].path = "/v1/catalog/events" + rows[i].path
		if rows[i].method == "" {
			rows[i].method = "GET"
		}
	}
	return rows
}

// atLeast wants a list that is not shorter.
func atLeast(n int) func(*testing.T, []byte) {
	return func(t *testing.T, body []byte) {
		t.Helper()
		var list []json.RawMessage
		if err := json.Unmarshal(body, &list); err != nil || len(list) < n {
			t.Errorf("the answer has %d elements, %v; want at least %d", len(list), err, n)
		}
	}
}

func listingRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	const unknown = "NOT_FOUND LISTING_NOT_FOUND"
	// The listing of the sibling loses one of its two seats.
	shown := func(t *testing.T) []seat {
		t.Helper()
		var answer []struct{ Tickets []grouped }
		s.sibling.want(t, 200, "GET", "/v1/listings/Lsibling", nil, &answer)
		return answer[0].Tickets[0].Seats
	}
	rows := []row{
		{name: "an unknown one", path: "Lnone", status: 404, err: unknown},
		{name: "another channel's", path: "Ltheirs", status: 404, err: unknown},
		{name: "one of another channel of the same application", path: "Lsibling", status: 404, err: unknown},
		{name: "one that expired", path: "Lexpired", status: 404, err: unknown},
		{name: "one of an organization that is not granted", path: "Lforeign", status: 404, err: unknown},
		{name: "one in other letters", path: "LMINE", status: 404, err: unknown},
		{name: "a NUL", path: "Lmine%00", status: 404, err: unknown},
		{name: "a path that leads out", path: "..%2f..%2fcatalog%2fevents", status: 404, err: unknown},
		{name: "a quote", path: "'%20OR%201=1%20--", status: 404, err: unknown},
		{name: "not ASCII", path: "L%C3%A9", status: 404, err: unknown},
		{name: "4 kB", path: strings.Repeat("L", 4000), status: 404, err: unknown},
		{name: "9 kB", path: strings.Repeat("L", 9000), status: 414, err: "TOO_LARGE TOO_LARGE"},
		{name: "no id", path: "", status: 404, err: "NOT_FOUND PATH_UNKNOWN"},
		{
			name: "one of whose seats one was sold since", by: s.sibling, path: "Lsibling", status: 200,
			given: func(t *testing.T) {
				t.Helper()
				token := shown(t)[0].Token
				s.lock(t, s.second, token)
				s.second.want(t, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody("of-a-listing", "ada", []string{token})), nil)
			},
			check: func(t *testing.T, _ []byte) {
				t.Helper()
				if left := shown(t); len(left) != 1 {
					t.Errorf("%d seats are shown; want the one that is left", len(left))
				}
			},
		},
		{
			name: "one whose other seat is locked by another channel", by: s.sibling, path: "Lsibling", status: 200,
			given: func(t *testing.T) {
				t.Helper()
				s.lock(t, s.second, shown(t)[0].Token)
			},
			check: func(t *testing.T, body []byte) {
				t.Helper()
				if want := `[{"listingId":"Lsibling","tickets":[]}]`; string(body) != want {
					t.Errorf("no seat is left, and the answer is %s; want %s", body, want)
				}
			},
		},
	}
	for i := range rows {
		rows[i].method, rows[i].path = "GET", "/v1/listings/"+rows[i].path
	}
	return rows
}

func statusRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	const unknown = "NOT_FOUND PROCESS_NOT_FOUND"
	token := s.locked(tb, s.first)
	var sale struct{ ProcessID string }
	s.first.want(tb, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody("of-status", "ada", []string{token})), &sale)
	rows := []row{
		{name: "an unknown one", path: strings.Repeat("A", len(sale.ProcessID)), status: 404, err: unknown},
		{name: "another application's", by: s.second, path: sale.ProcessID, status: 404, err: unknown},
		{name: "another channel's of the same application", by: s.sibling, path: sale.ProcessID, status: 404, err: unknown},
		{name: "one in other letters", path: strings.ToLower(sale.ProcessID), status: 404, err: unknown},
		{name: "a NUL", path: sale.ProcessID + "%00", status: 404, err: unknown},
		{name: "4 kB", path: strings.Repeat("A", 4000), status: 404, err: unknown},
		{name: "no id", path: "", status: 404, err: "NOT_FOUND PATH_UNKNOWN"},
		{name: "a complete one", path: sale.ProcessID, status: 200, check: says("status", "COMPLETE")},
	}
	for i := range rows {
		rows[i].method, rows[i].path = "GET", "/v1/cart/complete-order/"+rows[i].path
	}
	return rows
}

// says wants a field of the answer.
func says(field, want string) func(*testing.T, []byte) {
	return func(t *testing.T, body []byte) {
		t.Helper()
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil || answer[field] != want {
			t.Errorf("%s = %v, %v; want %s\n%s", field, answer[field], err, want, body)
		}
	}
}

func verifyRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	const (
		game    = "999:F23:F01"
		none    = "REFUSED NOTHING_DONE"
		invalid = "BARCODE_INVALID"
		unknown = "TOKEN_NOT_FOUND"
		size    = "BAD_REQUEST BATCH_SIZE"
	)
	good, sold := s.token(), s.locked(tb, s.first)
	was := s.barcode(tb, sold)
	s.first.want(tb, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody("of-verify", "ada", []string{sold})), nil)
	guesser := s.partner(tb, "guesser", 999)
	tickets := func(groups ...object) object { return object{"tickets": append([]object{}, groups...)} }
	codes := func(event string, barcodes ...string) object { return object{"accessId": event, "barcodes": barcodes} }
	ids := func(event string, tokens ...string) object { return object{"accessId": event, "tokens": tokens} }
	many := func(n int) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = "X"
		}
		return all
	}
	rows := []row{
		{name: "no tickets", body: object{}, status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an empty list", body: tickets(), status: 400, err: size},
		{name: "tokens and barcodes", body: tickets(object{"accessId": game, "tokens": []string{good}, "barcodes": []string{"1"}}), status: 400, err: "BAD_REQUEST FIELD_INVALID"},
		{name: "neither tokens nor barcodes", body: tickets(object{"accessId": game}), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "null for tokens and barcodes", body: tickets(object{"accessId": game, "tokens": nil, "barcodes": nil}), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "no tokens", body: tickets(ids(game)), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an empty list of tokens", body: tickets(object{"tokens": []string{}}), status: 400, err: size},
		{name: "an empty list of barcodes", body: tickets(object{"accessId": game, "barcodes": []string{}}), status: 400, err: size},
		{name: "barcodes without accessId", body: tickets(object{"barcodes": []string{"1"}}), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an empty token", body: tickets(ids(game, "")), status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "a token that is a number", body: `{"tickets":[{"tokens":[1]}]}`, status: 400, err: "BAD_REQUEST FIELD_INVALID"},
		{name: "a token of 1025 letters", body: tickets(ids(game, strings.Repeat("X", 1025))), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "501 tokens", body: tickets(ids(game, many(501)...)), status: 400, err: size},
		{name: "501 tokens of two groups", body: tickets(ids(game, many(300)...), ids(game, many(201)...)), status: 400, err: size},
		{name: "101 barcodes", body: tickets(codes(game, many(101)...)), status: 400, err: size},
		{name: "an unknown token", body: tickets(ids(game, "999NONE")), status: 422, err: none, errors: unknown},
		{name: "a foreign token", body: tickets(ids("", s.foreign)), status: 422, err: none, errors: unknown},
		{name: "a token of another event", body: tickets(ids("999:F23:OVER", good)), status: 422, err: none, errors: unknown},
		{name: "a void token", body: tickets(ids(game, s.void)), status: 422, err: none, errors: unknown},
		{name: "an unknown barcode", body: tickets(codes(game, "9999999999999999")), status: 422, err: none, errors: invalid},
		{name: "a foreign barcode", body: tickets(codes("555:F23:F01", s.barcode(tb, s.foreign))), status: 422, err: none, errors: invalid},
		{name: "a barcode of another event", body: tickets(codes("999:F23:OVER", s.barcode(tb, good))), status: 422, err: none, errors: invalid},
		{name: "a barcode of an event that does not exist", body: tickets(codes("999:F23:NONE", s.barcode(tb, good))), status: 422, err: none, errors: invalid},
		{name: "a barcode of before the sale", body: tickets(codes(game, was)), status: 422, err: none, errors: invalid},
		{name: "a barcode of a void ticket", body: tickets(codes(game, s.barcode(tb, s.void))), status: 422, err: none, errors: invalid},
		{name: "a barcode that cannot be one", body: tickets(codes(game, strings.Repeat("9", 65))), status: 422, err: none, errors: invalid},
		{name: "a good token and an unknown one", body: tickets(ids(game, good, "999NONE")), status: 207, errors: unknown},
		{name: "a good barcode and an unknown one", body: tickets(codes(game, s.barcode(tb, good), "1")), status: 207, errors: invalid},
		{name: "a ticket named twice", body: tickets(ids(game, good, good)), status: 200},
		{name: "a barcode of after the sale", body: tickets(codes(game, s.barcode(tb, sold))), status: 200},
		{name: "a ticket of an event that is over", body: tickets(ids("", s.over)), status: 200},
		{
			name: "an unknown barcode after a hundred in a minute", by: guesser, body: tickets(codes(game, "1")), status: 429, err: "RATE_LIMITED RATE_LIMITED",
			given: func(t *testing.T) {
				t.Helper()
				body := tickets(codes(game, distinctCodes(100)...))
				s.judge(t, row{by: guesser, method: "POST", path: "/v1/tickets/verify", body: body, status: 422, err: none, errors: strings.TrimSpace(strings.Repeat(invalid+" ", 100))})
			},
		},
		{name: "a good barcode after too many unknown ones", by: guesser, body: tickets(codes(game, s.barcode(tb, good))), status: 429, err: "RATE_LIMITED RATE_LIMITED"},
		{name: "a token after too many unknown barcodes", by: guesser, body: tickets(ids(game, good)), status: 200},
		{name: "a good barcode of another application meanwhile", body: tickets(codes(game, s.barcode(tb, good))), status: 200},
	}
	for i := range rows {
		rows[i].method, rows[i].path = "POST", "/v1/tickets/verify"
	}
	return rows
}

func distinctCodes(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.Repeat("1", i%60+1) + strings.Repeat("2", i/60+1)
	}
	return all
}
