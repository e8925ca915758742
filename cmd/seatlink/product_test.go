package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// A credential is one value of a header: whose it is when it is good by itself,
// else the refusal it earns.
type credential struct {
	name, value string
	whose       string // "first" or "second", "" when it is not good
	err         string
}

// credentials are all values of each, in the order in which they are judged.
func (s *stage) credentials(tb testing.TB) (tokens, applications, keys, channels []credential) {
	tb.Helper()
	const (
		required = "AUTH_REQUIRED"
		invalid  = "KEY_INVALID"
		revoked  = "TOKEN_REVOKED"
	)
	spare := s.spareCredentials(tb)
	a, b := s.first, s.second
	tokens = []credential{
		{"good", a.accessToken, "first", ""},
		{"another application's", b.accessToken, "second", ""},
		{"no", "", "", required},
		{"malformed", "dGVzdDp0ZXN0", "", required},
		{"unknown", a.accessToken[:len(a.accessToken)-7] + "AAAAAAA", "", required},
		{"expired", spare.expired, "", "TOKEN_EXPIRED"},
		{"revoked", spare.revoked, "", revoked},
	}
	applications = []credential{
		{"good", string(a.partner.Application), "first", ""},
		{"another", string(b.partner.Application), "second", ""},
		{"no", "", "", invalid},
		{"malformed", "com example first", "", invalid},
		{"unknown", "com.example.nobody", "", invalid},
	}
	keys = []credential{
		{"good", a.partner.APIKey, "first", ""},
		{"another application's", b.partner.APIKey, "second", ""},
		{"no", "", "", invalid},
		{"malformed", "lkk_", "", invalid},
		{"unknown", spare.unknownKey, "", invalid},
		{"revoked", spare.revokedKey, "", revoked},
	}
	channels = []credential{
		{"good", string(a.partner.Channel), "first", ""},
		{"another application's", string(b.partner.Channel), "second", ""},
		{"no", "", "", invalid},
		{"malformed", "first\t", "", invalid},
		{"unknown", "nobody", "", invalid},
	}
	return tokens, applications, keys, channels
}

// organizations are values of PAC-Organization-ID with what the catalog says to
// callers who are let in.
var organizations = []struct {
	name, value, first, second string
}{
	{"good", "999", "", ""},
	{"granted to one", "129", "", "NOT_PERMITTED"},
	{"no", "", "ORGANIZATION_REQUIRED", "ORGANIZATION_REQUIRED"},
	{"malformed", "D999", "ORGANIZATION_REQUIRED", "ORGANIZATION_REQUIRED"},
	{"unknown", "998", "ORGANIZATION_NOT_FOUND", "ORGANIZATION_NOT_FOUND"},
	{"of others", "555", "NOT_PERMITTED", "NOT_PERMITTED"},
}

// expected is what the contract names for a combination; letIn is whose it is
// when nothing is wrong.
func expected(token, application, key, channel credential) (code, letIn string) {
	switch {
	case token.err != "":
		return token.err, ""
	case application.err != "" || channel.err != "" || key.err == "KEY_INVALID":
		return "KEY_INVALID", ""
	case key.err != "":
		return key.err, ""
	case token.whose != application.whose || key.whose != application.whose || channel.whose != application.whose:
		return "NOT_PERMITTED", ""
	}
	return "", token.whose
}

// Every combination of an access token, an application id, an API key, a channel
// code and an organization, each good, another's, missing, malformed, unknown,
// expired or revoked, on every route: all but those that belong together are
// refused, each with the one text of its reason, and nothing changes.
func TestEveryWrongCombinationOfCredentialsIsRefused(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			s := startStage(t, database.open(t))
			tokens, applications, keys, channels := s.credentials(t)
			p := product{stage: s, texts: map[string]map[string]bool{}}
			routes := p.routes(t)
			before := stateOf(t, s.books, s.db)
			for _, token := range tokens {
				for _, application := range applications {
					for _, key := range keys {
						for _, channel := range channels {
							for _, r := range routes {
								p.try(t, r, token, application, key, channel)
							}
						}
					}
				}
			}
			if changed := before.changed(stateOf(t, s.books, s.db)); len(changed) > 0 {
				t.Errorf("%v changed", changed)
			}
			t.Logf("%d requests, %d refused, %d let in", p.refused+p.letIn, p.refused, p.letIn)
			if want := len(routes) - 1 + len(organizations); p.letIn != 2*want {
				t.Errorf("%d combinations were let in; want %d of each application", p.letIn, want)
			}
			for code, texts := range p.texts {
				if want := 1; len(texts) > want && (code != "TOKEN_REVOKED" || len(texts) > 2) { // a token, and a key
					t.Errorf("%s is told in %d texts: %v", code, len(texts), slices.Collect(maps.Keys(texts)))
				}
			}
		})
	}
}

// A product is the run over all combinations.
type product struct {
	*stage
	n, refused, letIn int
	texts             map[string]map[string]bool // of each refusal
}

// routes are requests of the first caller that change nothing when they are let in.
func (p *product) routes(t *testing.T) []row {
	t.Helper()
	locked, sold := p.locked(t, p.first), p.sold(t, p.first, "product")
	sale := string(saleBody("product", "ada", []string{sold}))
	printing := string(encode(object{"externalOrderId": "product", "tokens": []string{sold}}))
	verify := string(encode(object{"tickets": object{"tokens": []string{locked}}}))
	var process struct{ ProcessID string }
	p.first.want(t, 200, "POST", "/v1/cart/complete-order", rawBody(sale), &process)
	p.first.want(t, 200, "POST", "/v1/tickets/print", rawBody(printing), nil)
	return []row{
		{method: "GET", path: "/v1/catalog/events"},
		{method: "GET", path: "/v1/listings/Lmine"},
		{method: "PUT", path: "/v1/tickets/lock", body: string(lockBody("L-1", []string{locked}))},
		{method: "PUT", path: "/v1/tickets/unlock", body: string(unlockBody([]string{p.token()}))},
		{method: "POST", path: "/v1/cart/complete-order", body: sale},
		{method: "GET", path: "/v1/cart/complete-order/" + process.ProcessID},
		{method: "POST", path: "/v1/tickets/verify", body: verify},
		{method: "PUT", path: "/v1/tickets/verify", body: verify},
		{method: "POST", path: "/v1/tickets/print", body: printing},
		{method: "PUT", path: "/v1/tickets/print", body: printing},
	}
}

// try sends one combination: to the catalog with every organization, to the
// others with one after the other, for they look at none.
func (p *product) try(t *testing.T, r row, token, application, key, channel credential) {
	t.Helper()
	p.n++
	some := organizations[p.n%len(organizations):][:1]
	if r.path == "/v1/catalog/events" {
		some = organizations
	}
	for _, organization := range some {
		want, letIn := expected(token, application, key, channel)
		if letIn != "" && r.path == "/v1/catalog/events" {
			want = map[string]string{"first": organization.first, "second": organization.second}[letIn]
		}
		status, body := p.serve(t.Context(), r, map[string]string{
			"Authorization": strings.TrimSuffix("Bearer "+token.value, "Bearer "), "PAC-Application-ID": application.value,
			"PAC-API-Key": key.value, "PAC-Channel-Code": channel.value, "PAC-Organization-ID": organization.value,
		})
		var answer errorAnswer
		_ = json.Unmarshal([]byte(body), &answer) // the catalog answers a list
		combination := fmt.Sprintf("%s %s with %s token, %s application, %s key, %s channel, %s organization",
			r.method, r.path, token.name, application.name, key.name, channel.name, organization.name)
		if letIn != "" {
			p.letIn++
			if status == 401 || want == "" && status == 403 || want != "" && answer.Error.AppErrorCode != want {
				t.Errorf("%s = %d %s; want it let in, with error %q", combination, status, body, want)
			}
			continue
		}
		p.refused++
		wantStatus := 401
		if want == "NOT_PERMITTED" {
			wantStatus = 403
		}
		if status != wantStatus || answer.Error.AppErrorCode != want {
			t.Fatalf("%s = %d %s; want %d %s", combination, status, body, wantStatus, want)
		}
		if p.texts[want] == nil {
			p.texts[want] = map[string]bool{}
		}
		p.texts[want][body] = true
	}
}

type errorAnswer struct {
	Error struct{ Type, AppErrorCode string }
}

// serve hands a request to the server's handler, without a network between.
func (s *stage) serve(ctx context.Context, r row, headers map[string]string) (status int, body string) {
	text, _ := r.body.(string)
	request := httptest.NewRequestWithContext(ctx, r.method, r.path, strings.NewReader(text))
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		if value != "" {
			request.Header[http.CanonicalHeaderKey(name)] = []string{value}
		}
	}
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, request)
	return w.Code, w.Body.String()
}

// What the caller may not touch is answered exactly as what does not exist: the
// same bytes but for its own id, the same headers but for Request-ID and Date.
func TestForeignAndAbsentLookTheSame(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			s := startStage(t, database.open(t))
			own, theirs := s.locked(t, s.first), s.locked(t, s.second)
			old := s.barcode(t, s.free[0])
			sold := s.sold(t, s.first, "mine")
			var sale struct{ ProcessID string }
			s.second.want(t, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody("theirs", "ada", []string{theirs})), &sale)
			foreign := s.code(t)
			of := func(method, path string, body func(id string) any) func(id string) row {
				return func(id string) row {
					r := row{method: method, path: strings.ReplaceAll(path, "{id}", id)}
					if body != nil {
						r.body = body(id)
					}
					return r
				}
			}
			barcode := func(event string) func(id string) any {
				return func(id string) any {
					return object{"tickets": object{"accessId": event, "barcodes": []string{id}}}
				}
			}
			for _, tt := range []struct {
				name    string
				ask     func(id string) row
				absent  string
				foreign []string
			}{
				{"listings", of("GET", "/v1/listings/{id}", nil), "Labsent", []string{"Ltheirs", "Lsibling", "Lexpired", "Lforeign"}},
				{"processes", of("GET", "/v1/cart/complete-order/{id}", nil), strings.Repeat("A", len(sale.ProcessID)), []string{sale.ProcessID}},
				{"tickets to lock", of("PUT", "/v1/tickets/lock", func(id string) any { return rawBody(lockBody("L", []string{id})) }), "999ABSENT", []string{s.foreign}},
				{"a ticket to lock beside one's own", of("PUT", "/v1/tickets/lock", func(id string) any { return rawBody(lockBody("L-1", []string{own, id})) }), "999ABSENT", []string{s.foreign}},
				{"tickets to unlock", of("PUT", "/v1/tickets/unlock", func(id string) any { return rawBody(unlockBody([]string{id})) }), "999ABSENT", []string{s.foreign}},
				{"tickets to sell", of("POST", "/v1/cart/complete-order", func(id string) any { return cartOf(order("o", id)).object }), "999ABSENT", []string{s.foreign}},
				{"a ticket to sell beside one's own", of("POST", "/v1/cart/complete-order", func(id string) any { return cartOf(order("o", own, id)).object }), "999ABSENT", []string{s.foreign}},
				{"a ticket to sell in another order than one's own", of("POST", "/v1/cart/complete-order", func(id string) any { return cartOf(order("mine-too", id), order("o", id+"x")).object }), "999ABSENT", []string{s.foreign}},
				{"tickets to verify", of("POST", "/v1/tickets/verify", func(id string) any { return object{"tickets": object{"tokens": []string{id}}} }), "999ABSENT", []string{s.foreign, s.void}},
				{"tickets to verify for an event", of("POST", "/v1/tickets/verify", func(id string) any {
					return object{"tickets": object{"accessId": "999:F23:F01", "tokens": []string{id}}}
				}), "999ABSENT", []string{s.foreign, s.over, s.void}},
				{"barcodes", of("POST", "/v1/tickets/verify", barcode("999:F23:F01")), "9999999999999999", []string{
					s.barcode(t, s.foreign), s.barcode(t, s.over), s.barcode(t, s.void), old,
				}},
				{"barcodes of an event of others", of("POST", "/v1/tickets/verify", barcode("555:F23:F01")), "9999999999999999", []string{s.barcode(t, s.foreign)}},
				{"events of a barcode", of("POST", "/v1/tickets/verify", func(id string) any { return barcode(id)(s.barcode(t, s.foreign)) }), "555:F23:ABS", []string{"555:F23:F01"}},
				{"tickets to print", of("POST", "/v1/tickets/print", func(id string) any { return object{"externalOrderId": "mine", "tokens": []string{id}} }), "999ABSENT", []string{s.foreign}},
				{"a ticket to print beside one's own", of("POST", "/v1/tickets/print", func(id string) any { return object{"externalOrderId": "mine", "tokens": []string{sold, id}} }), "999ABSENT", []string{s.foreign}},
				{"orders to print", of("POST", "/v1/tickets/print", func(id string) any { return object{"externalOrderId": id, "tokens": []string{theirs}} }), "absent", []string{"theirs"}},
				{"codes", func(id string) row {
					return row{method: "POST", path: authPath, body: codeGrant(id), with: map[string][]string{"PAC-Application-ID": {string(s.second.partner.Application)}}}
				}, "lkc_" + strings.Repeat("A", 43), []string{foreign}},
			} {
				t.Run(tt.name, func(t *testing.T) {
					want := s.look(t, tt.ask(tt.absent), tt.absent)
					for _, id := range tt.foreign {
						if got := s.look(t, tt.ask(id), id); got != want {
							t.Errorf("%s is answered\n%s\nand what does not exist\n%s", id, got, want)
						}
					}
				})
			}
		})
	}
}

// look is an answer with its headers, in which the id that was asked for and what
// differs from request to request are left out.
func (s *stage) look(t *testing.T, r row, id string) string {
	t.Helper()
	answer, body := s.send(t, r, requestID())
	for _, name := range []string{"Request-ID", "Date", "Content-Length"} {
		answer.header.Del(name)
	}
	return fmt.Sprintf("%d %v %s", answer.status, answer.header, strings.ReplaceAll(string(body), id, "<id>"))
}
