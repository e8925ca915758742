package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// goodRequests is one for each route but auth, of the first caller, that would
// be done: it says what it would change.
func goodRequests(tb testing.TB, s *stage) []row {
	tb.Helper()
	locked, selling := s.locked(tb, s.first), s.locked(tb, s.first)
	order := requestID()
	printing := s.sold(tb, s.first, order)
	var sale struct{ ProcessID string }
	s.first.want(tb, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody(order, "ada", []string{printing})), &sale)
	verify := object{"tickets": []object{{"accessId": "999:F23:F01", "barcodes": []string{s.barcode(tb, locked)}}}}
	printed := object{"externalOrderId": order, "tokens": []string{printing}}
	return []row{
		{method: "GET", path: "/v1/catalog/events"},
		{method: "GET", path: "/v1/listings/Lmine"},
		{method: "PUT", path: "/v1/tickets/lock", body: string(lockBody("L-1", s.tokens(1))), changes: true},
		{method: "PUT", path: "/v1/tickets/unlock", body: string(unlockBody([]string{locked})), changes: true},
		{method: "POST", path: "/v1/cart/complete-order", body: string(saleBody(requestID(), "ada", []string{selling})), changes: true},
		{method: "GET", path: "/v1/cart/complete-order/" + sale.ProcessID},
		{method: "POST", path: "/v1/tickets/verify", body: string(encode(verify))},
		{method: "PUT", path: "/v1/tickets/verify", body: string(encode(verify))},
		{method: "POST", path: "/v1/tickets/print", body: string(encode(printed)), changes: true},
		{method: "PUT", path: "/v1/tickets/print", body: string(encode(printed))}, // a reprint writes nothing
	}
}

// goodTransfers are the same of calls about transfers.
func goodTransfers(tb testing.TB, s *stage) []row {
	tb.Helper()
	bought := func() string { return string(encode(offer(s.boughtOffer(tb), nil))) }
	begun, ended := s.given(tb), s.bought(tb, requestID())
	var handed transferred
	s.first.want(tb, 200, "POST", completePath, rawBody(bought()), &handed)
	accept := object{"transferId": ended.TransferID, "recipient": juan()}
	return []row{
		{method: "POST", path: initiatePath, body: bought(), changes: true},
		{method: "GET", path: cancelPath + begun.ConfirmationCd},
		{method: "DELETE", path: cancelPath + begun.ConfirmationCd, changes: true},
		{method: "POST", path: acceptedPath, body: string(encode(accept)), changes: true},
		{method: "POST", path: completePath, body: bought(), changes: true},
		{method: "GET", path: completePath + "/" + handed.ProcessID},
		{method: "POST", path: versionTwo, body: bought(), changes: true},
	}
}

// seldom is how many of the calls about transfers there are for each way to spoil
// one. All calls stand behind one frame, and a state is looked at twice in each row.
const seldom = 3

// A spoiled request is a good one with one thing wrong.
type spoiled struct {
	name   string
	spoil  func(r *row)
	status int
	err    string
}

func header(name string, values ...string) func(*row) {
	return func(r *row) { r.with = map[string][]string{name: values} }
}

func body(change func(good string) string) func(*row) {
	return func(r *row) { r.body = change(r.body.(string)) }
}

// beside puts a member in front of those of a good body.
func beside(member string) func(*row) {
	return body(func(good string) string { return "{" + member + "," + good[1:] })
}

// everyCallRows are reliability.md §3.2 for each route: every request is spoiled
// in every way, and done when nothing is wrong with it any more.
func everyCallRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	var rows []row
	all := append(s.spoiledCallers(tb), spoiledHeaders(s)...)
	bodies := spoiledBodies()
	requests := goodRequests(tb, s)
	most := len(requests)
	for n, good := range append(requests, goodTransfers(tb, s)...) {
		good.status = 200
		name := good.method + " " + good.path
		for path, variable := range map[string]string{"/v1/cart/complete-order/": "{processId}", completePath + "/": "{processId}", cancelPath + "1": "{confirmationCd}"} {
			if strings.HasPrefix(good.path, path) {
				name = good.method + " " + strings.TrimSuffix(path, "1") + variable
			}
		}
		wrong := all
		if good.body != nil {
			wrong = slices.Concat(all, bodies)
		}
		for i, w := range wrong {
			if n >= most && (n+i)%seldom != 0 {
				continue
			}
			r := good
			r.name, r.status, r.err, r.changes = name+" with "+w.name, w.status, w.err, false
			w.spoil(&r)
			rows = append(rows, r)
		}
		good.name = name + " with nothing wrong"
		if good.body != nil {
			beside(`"unknownField":{"a":[1,null]},"UNKNOWN":null`)(&good)
		}
		rows = append(rows, good)
	}
	return rows
}

// spoiledCallers have credentials that are wrong in one place.
func (s *stage) spoiledCallers(tb testing.TB) []spoiled {
	tb.Helper()
	bearer := func(token string) func(*row) { return header("Authorization", "Bearer "+token) }
	const (
		required = "UNAUTHORIZED AUTH_REQUIRED"
		invalid  = "UNAUTHORIZED KEY_INVALID"
		apart    = "FORBIDDEN NOT_PERMITTED"
		revoked  = "UNAUTHORIZED TOKEN_REVOKED"
	)
	other := s.second.partner
	spare := s.spareCredentials(tb)
	forged := s.first.partner.APIKey[:len(other.APIKey)-20] + other.APIKey[len(other.APIKey)-20:]
	return []spoiled{
		{"no Authorization", header("Authorization"), 401, required},
		{"an empty Authorization", header("Authorization", ""), 401, required},
		{"Basic", header("Authorization", "Basic dGVzdDp0ZXN0"), 401, required},
		{"Bearer and Basic in one", header("Authorization", "Bearer "+s.first.accessToken+", Basic dGVzdDp0ZXN0"), 401, required},
		{"a token without a scheme", header("Authorization", s.first.accessToken), 401, required},
		{"a scheme without a token", header("Authorization", "Bearer"), 401, required},
		{"two schemes", bearer("Bearer " + s.first.accessToken), 401, required},
		{"two spaces", bearer(" " + s.first.accessToken), 401, required},
		{"a malformed access token", bearer("test"), 401, required},
		{"an access token with a letter more", bearer(s.first.accessToken + "x"), 401, required},
		{"an unknown access token", bearer(s.first.accessToken[:40] + "AAAAAAA"), 401, required},
		{"a code as access token", bearer(s.code(tb)), 401, required},
		{"an API key as access token", bearer(s.first.partner.APIKey), 401, required},
		{"an expired access token", bearer(spare.expired), 401, "UNAUTHORIZED TOKEN_EXPIRED"},
		{"an access token of a revoked family", bearer(spare.revoked), 401, revoked},
		{"another application's access token", bearer(s.second.accessToken), 403, apart},

		{"no application id", header("PAC-Application-ID"), 401, invalid},
		{"an unknown application id", header("PAC-Application-ID", "com.example.nobody"), 401, invalid},
		{"an application id in other letters", header("PAC-Application-ID", "COM.EXAMPLE.FIRST"), 401, invalid},
		{"an application id that is none", header("PAC-Application-ID", "com.example.first' OR 1=1 --"), 401, invalid},
		{"another application's id", header("PAC-Application-ID", string(other.Application)), 403, apart},
		{"no API key", header("PAC-API-Key"), 401, invalid},
		{"an unknown API key", header("PAC-API-Key", spare.unknownKey), 401, invalid},
		{"an API key of somebody else's secret", header("PAC-API-Key", forged), 401, invalid},
		{"an API key that is none", header("PAC-API-Key", "string"), 401, invalid},
		{"an API key that was revoked", header("PAC-API-Key", spare.revokedKey), 401, revoked},
		{"another application's API key", header("PAC-API-Key", other.APIKey), 403, apart},
		{"no channel code", header("PAC-Channel-Code"), 401, invalid},
		{"an unknown channel code", header("PAC-Channel-Code", "nobody"), 401, invalid},
		{"a channel code in other letters", header("PAC-Channel-Code", "FIRST"), 401, invalid},
		{"another application's channel code", header("PAC-Channel-Code", string(other.Channel)), 403, apart},
	}
}

// spare are credentials of the first application that are not good any more.
type spare struct{ expired, revoked, revokedKey, unknownKey string }

func (s *stage) spareCredentials(tb testing.TB) (c spare) {
	tb.Helper()
	ctx := tb.Context()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	pair := func(desk *access.Desk, code string) access.Pair {
		p, err := desk.Exchange(ctx, access.Grant{Type: "authorization_code", Code: code})
		must(err)
		return p
	}
	c.expired = pair(s.earlier(2*time.Hour), s.code(tb)).AccessToken

	// Reuse of a spent code revokes its family.
	code := s.code(tb)
	c.revoked = pair(s.desk, code).AccessToken
	once := *s.first
	once.accessToken = c.revoked
	once.want(tb, 200, "GET", "/v1/listings/Lmine", nil, nil)
	_, err := s.desk.Exchange(ctx, access.Grant{Type: "authorization_code", Code: code})
	if err == nil {
		tb.Fatal("a spent code was exchanged")
	}

	key, err := s.desk.NewAPIKey(ctx, s.first.partner.Application)
	must(err)
	c.revokedKey = key
	must(s.desk.RevokeKey(ctx, s.first.partner.Application, keyID(key)))
	c.unknownKey = strings.Replace(key, string(keyID(key)), "AAAAAAAAAAAA", 1)
	return c
}

// keyID is the part of an API key that is no secret.
func keyID(key string) access.KeyID { return access.KeyID(strings.Split(key, "_")[1]) }

// spoiledHeaders are requests of good callers that are wrong all the same.
func spoiledHeaders(s *stage) []spoiled {
	const (
		large  = "TOO_LARGE TOO_LARGE"
		twice  = "BAD_REQUEST HEADER_DUPLICATE"
		method = "METHOD_NOT_ALLOWED METHOD_NOT_ALLOWED"
	)
	bearer := "Bearer " + s.first.accessToken
	p := s.first.partner
	return []spoiled{
		{"Authorization twice", header("Authorization", bearer, bearer), 400, twice},
		{"the application id twice", header("PAC-Application-ID", string(p.Application), string(p.Application)), 400, twice},
		{"the API key twice", header("PAC-API-Key", p.APIKey, p.APIKey), 400, twice},
		{"the channel code twice", header("PAC-Channel-Code", string(p.Channel), string(p.Channel)), 400, twice},
		{"the organization twice", header("PAC-Organization-ID", "999", "999"), 400, twice},
		{"17 KiB of headers", header("X-Large", strings.Repeat("x", 17<<10)), 431, large},
		{"17 KiB of small headers", header("X-Small", strings.Split(strings.Repeat("x,", 2<<10), ",")...), 431, large},
		{"a URI of 8 KiB and more", func(r *row) { r.path += "?x=" + strings.Repeat("x", 8<<10) }, 414, large},
		{"another method", func(r *row) { r.method = "BREW" }, 405, method},
		{"OPTIONS", func(r *row) { r.method = "OPTIONS" }, 405, method},
		{"a slash more", func(r *row) { r.path += "/" }, 404, "NOT_FOUND PATH_UNKNOWN"},
		{"a path in other letters", func(r *row) { r.path = "/v1" + strings.ToUpper(r.path[3:]) }, 404, "NOT_FOUND PATH_UNKNOWN"},
		{"an Accept without JSON", header("Accept", "text/html"), 406, "NOT_ACCEPTABLE NOT_ACCEPTABLE"},
		{"an Accept against JSON", header("Accept", "application/json;q=0, */*"), 406, "NOT_ACCEPTABLE NOT_ACCEPTABLE"},
	}
}

func spoiledBodies() []spoiled {
	const bad = "BAD_REQUEST BAD_REQUEST"
	large := func(good string) string { return good + strings.Repeat(" ", 1<<20) }
	return []spoiled{
		{"a Content-Type of a form", header("Content-Type", "application/x-www-form-urlencoded"), 415, "UNSUPPORTED_MEDIA_TYPE MEDIA_TYPE_UNSUPPORTED"},
		{"a Content-Encoding", header("Content-Encoding", "gzip"), 415, "UNSUPPORTED_MEDIA_TYPE ENCODING_UNSUPPORTED"},
		{"more than a megabyte", func(r *row) {
			body(large)(r)
			r.with = map[string][]string{"Expect": {"100-continue"}}
		}, 413, "TOO_LARGE TOO_LARGE"},
		{"no body", func(r *row) { r.body = nil }, 400, bad},
		{"an empty body", body(func(string) string { return " \n" }), 400, bad},
		{"half a body", body(func(good string) string { return good[:len(good)/2] }), 400, bad},
		{"no JSON", body(func(string) string { return "tokens=1" }), 400, bad},
		{"a list of bodies", body(func(good string) string { return "[" + good + "]" }), 400, bad},
		{"a text", body(func(string) string { return `"text"` }), 400, bad},
		{"something behind it", body(func(good string) string { return good + "x" }), 400, bad},
		{"two bodies", body(func(good string) string { return good + good }), 400, bad},
		{"a comment", body(func(good string) string { return "/* */" + good }), 400, bad},
		{"a NUL", beside(`"x":"a\u0000b"`), 400, bad},
		{"a NUL as it is", beside("\"x\":\"a\x00b\""), 400, bad},
		{"invalid UTF-8", beside("\"x\":\"a\xff\""), 400, bad},
		{"half a surrogate", beside(`"x":"\ud800"`), 400, bad},
		{"17 levels", beside(`"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16)), 400, bad},
		{"a million levels", beside(`"x":` + strings.Repeat("[", 1e6)), 400, bad},
		{"a key twice", beside(`"x":1,"x":1`), 400, bad},
		{"a key twice in other letters", beside(`"x":{"aB":1,"Ab":2}`), 400, bad},
		{"a key twice by escapes", beside(`"x":1,"\u0058":1`), 400, bad},
		{"its first key twice in other letters", body(func(good string) string {
			key, _, _ := strings.Cut(good[1:], ":")
			return fmt.Sprintf("{%s:null,%s", strings.ToUpper(key), good[1:])
		}), 400, bad},
		{"a number that is none", beside(`"x":NaN`), 400, bad},
	}
}
