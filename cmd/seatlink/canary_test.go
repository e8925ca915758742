package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// canaries are texts that must be seen nowhere: each is used once, so that one
// that is found says where it came from.
type canaries struct {
	kept []string
	from map[string]string
}

// of makes one.
func (c *canaries) of(where string) string {
	return c.keep(where, fmt.Sprintf("canary%04dtweets", len(c.kept)))
}

// wild makes one that would break out of a line, or paint a terminal.
func (c *canaries) wild(where string) string {
	return c.of(where) + "\r\nlevel=ERROR \u2028\u2029\x1b[31m\u202e" + c.of(where) + "\x7f"
}

// keep adds a text that the server made.
func (c *canaries) keep(where, text string) string {
	if c.from == nil {
		c.from = map[string]string{}
	}
	c.kept, c.from[text] = append(c.kept, text), where
	return text
}

// person is a seller or buyer of whom every field is a canary.
func (c *canaries) person(where string) object {
	word := func(field string) string { return c.wild(where + "." + field) }
	return object{
		"firstName": word("firstName"), "middleName": word("middleName"), "lastName": word("lastName"),
		"address": []object{{
			"address1": word("address1"), "address2": word("address2"), "locality": word("locality"), "region": word("region"),
			"postalCode": word("postalCode"), "countryCode": word("countryCode"),
		}},
		"phoneNumber":    []object{{"number": word("number"), "formattedNumber": word("formattedNumber"), "extension": word("extension"), "countryCode": word("phone country")}},
		"emailAddress":   []object{{"email": c.of(where+".email") + "@example.com", "optIn": true}},
		word("a field"):  word("an unknown field"),
		"nothing to see": object{"deep": word("a deep field")},
	}
}

// A gossip sends requests full of canaries.
type gossip struct {
	t    *testing.T
	url  string
	c    *caller
	told canaries
}

// request makes a request with good credentials, and canaries in all headers that
// are the caller's own.
func (g *gossip) request(method, path string, body []byte) *http.Request {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, bytes.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	where := method + " " + path
	for _, name := range []string{
		"User-Agent", "Referer", "Cookie", "Origin", "X-Forwarded-For", "Forwarded", "X-Real-Ip", "Traceparent", "Tracestate", "Baggage",
		"B3", "Accept-Language", "If-None-Match", "From", "Idempotency-Key", "X-Anything",
	} {
		request.Header.Set(name, g.told.of(where+" header "+name))
	}
	for name, value := range map[string]string{
		"Accept": "application/json", "Content-Type": "application/json", "Authorization": "Bearer " + g.c.accessToken,
		"Pac-Application-Id": string(g.c.partner.Application), "Pac-Api-Key": g.c.partner.APIKey, "Pac-Channel-Code": string(g.c.partner.Channel),
		"Pac-Organization-Id": "999",
	} {
		request.Header.Set(name, value)
	}
	return request
}

// send sends it and returns status and body.
func (g *gossip) send(request *http.Request) (int, []byte) {
	g.t.Helper()
	status, body, err := do(g.c.http, request)
	if err != nil {
		g.t.Fatalf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	return status, body
}

// want sends a request that must be answered with this status.
func (g *gossip) want(status int, method, path string, body any, answer any) {
	g.t.Helper()
	got, said := g.send(g.request(method, path, encode(body)))
	if got != status {
		g.t.Fatalf("%s %s: %d; want %d\n%s", method, path, got, status, said)
	}
	if answer != nil {
		decode(g.t, string(said), answer)
	}
}

// raw sends bytes that no client of Go's would, and takes whatever comes.
func (g *gossip) raw(bytes string) {
	g.t.Helper()
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(g.t.Context(), "tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		g.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(conn, bytes)
	_ = conn.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, conn)
}

// A sink is a collector of traces that keeps what it is sent.
type sink struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *sink) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.text.ReadFrom(r.Body)
}

// Ensure that nothing of what callers send, and no secret that they are given, is
// in the log, in metrics, in profiles or in traces, whether it went well or not.
func TestNoSecretAndNoPersonIsToldToOperators(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			key, callers := furnish(t, db, "first")
			code := freshCode(t, db, key, callers[0].partner.Application)
			tokens, codes := freeTokens(t, db), barcodes(t, db)
			collected := new(sink)
			collector := httptest.NewServer(collected)
			defer collector.Close()
			p := launch(t, "serve", "--db", db, "--key", key, "--addr", "127.0.0.1:0", "--log-level", "debug",
				"--ops-addr", "127.0.0.1:0", "--trace-endpoint", collector.URL)
			said := p.await("seatlink serves ", "\n", "metrics on ", "/metrics\n")
			at, ops, _ := strings.Cut(strings.TrimPrefix(said, "seatlink serves "), "\nmetrics on ")
			g := &gossip{t: t, url: at, c: callers[0]}
			g.told.keep("the API key", g.c.partner.APIKey)
			g.told.keep("the access token", g.c.accessToken)
			g.told.keep("the code", code)

			g.goWell(code, tokens, codes)
			g.goWrong(tokens)
			g.breakOut()
			for _, table := range []string{"listing", "orders", "ticket"} {
				spoil(t, db, `ALTER TABLE `+table+` RENAME TO gone_`+table)
			}
			g.goWrong(tokens)

			shown := map[string]string{"the standard output": p.out.String()}
			for _, page := range []string{"/metrics", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1", "/debug/pprof/allocs?debug=1"} {
				status, body, err := fetch(t.Context(), strings.TrimSuffix(ops, "/metrics")+page)
				if err != nil || status != http.StatusOK {
					t.Fatalf("GET %s: %d %v", page, status, err)
				}
				shown[page] = body
			}
			if status, _, err := fetch(t.Context(), strings.TrimSuffix(ops, "/metrics")+"/debug/pprof/cmdline"); err != nil || status != http.StatusNotFound {
				t.Errorf("GET /debug/pprof/cmdline: %d %v; want 404, for the command line may have a password", status, err)
			}
			for _, page := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
				if status, _, err := fetch(t.Context(), at+page); err != nil || status != http.StatusNotFound {
					t.Errorf("GET %s on the public listener: %d %v; want 404", page, status, err)
				}
			}
			p.stop()
			shown["the log"], shown["the traces"] = p.errs.String(), collected.text.String()

			for where, text := range shown {
				for _, canary := range g.told.kept {
					if strings.Contains(text, canary) {
						t.Errorf("%s tells %q, which was %s", where, canary, g.told.from[canary])
					}
				}
			}
			for line := range strings.Lines(shown["the log"]) {
				var fields map[string]any
				if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["level"] == nil || fields["msg"] == nil {
					t.Errorf("a line of the log is no entry: %v\n%q", err, line)
				}
			}
			// All this would be as quiet if nothing was told at all.
			for where, wants := range map[string][]string{
				"the log":    {`"route":"PUT /v1/tickets/lock","status":200`, `"code":"FIELD_INVALID"`, `"status":422,`, `"msg":"act failed"`, `"status":500,`, `"trace_id":"`, `"level":"WARN"`, knownRequest, `"route":"GET /t/{key}","status":200`},
				"/metrics":   {`seatlink_requests_total{code="",route="PUT /v1/tickets/lock",status="200"}`, `seatlink_acts_total{outcome="done"}`, "seatlink_bugs_total 0", "seatlink_batch_acts_count", "seatlink_catalog_reads_total", "go_goroutines", "seatlink_build_info{", "seatlink_queue_acts", "seatlink_requests_in_hand 0"},
				"the traces": {"PUT /v1/tickets/lock", "http.route", "batch", "act", "seatlink.outcome"},
			} {
				for _, want := range wants {
					if !strings.Contains(shown[where], want) {
						t.Errorf("%s does not tell %q:\n%.4000s", where, want, shown[where])
					}
				}
			}
			t.Logf("%d canaries, %d lines of log, %d bytes of traces", len(g.told.kept), strings.Count(shown["the log"], "\n"), len(shown["the traces"]))
		})
	}
}

// knownRequest is a Request-ID: the one thing of callers that the log is to have.
const knownRequest = "6b2d1f0c-5f0e-4b59-9d0f-6a4c1c0f7d11"

// freshCode lets an application in once more.
func freshCode(t *testing.T, db, key string, application access.ApplicationID) string {
	t.Helper()
	keys, err := access.LoadKeyring(key)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), db, keys, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	code, err := access.NewDesk(store, keys, time.Now).NewCode(t.Context(), application)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// goWell does what succeeds: in, lock, sale, status, print, the page, verify,
// unlock, and a spent code that is shown again.
func (g *gossip) goWell(code string, tokens []string, codes map[string]string) {
	g.t.Helper()
	var pair struct{ AccessToken, RefreshToken string }
	for _, grant := range []object{{"grantType": "authorization_code", "code": code}, nil} {
		if grant == nil {
			grant = object{"grantType": "refresh_token", "refreshToken": pair.RefreshToken}
		}
		grant[g.told.of("a field of auth")] = g.told.wild("a value of auth")
		g.want(http.StatusOK, "POST", "/v1/auth/token", grant, &pair)
		g.told.keep("an access token", pair.AccessToken)
		g.told.keep("a refresh token", pair.RefreshToken)
	}
	fresh := *g.c
	fresh.accessToken = pair.AccessToken // from now on the code is spent
	fresh.url = g.url
	fresh.want(g.t, http.StatusOK, "GET", "/v1/catalog/events", nil, nil)
	g.want(http.StatusBadRequest, "POST", "/v1/auth/token", object{"grantType": "authorization_code", "code": code}, nil)

	g.want(http.StatusOK, "GET", "/v1/catalog/events?season="+g.told.of("season")+"&"+g.told.of("a parameter")+"="+url.QueryEscape(g.told.wild("a parameter")), nil, nil)
	ours := tokens[:4]
	var lines, sold []object
	for _, token := range ours {
		g.told.keep("a token", token)
		g.told.keep("a barcode", codes[token])
		lines = append(lines, object{"token": token, "individualPrice": 100})
		sold = append(sold, object{"token": token, "individualPrice": 100, "individualFees": 4})
	}
	g.want(http.StatusOK, "PUT", "/v1/tickets/lock", object{
		"source": "INDIVIDUAL", "seller": g.told.person("seller"), g.told.wild("a field of lock"): g.told.wild("a value of lock"),
		"listing": object{"externalListingId": g.told.of("externalListingId"), "totalPrice": 400, "tokens": lines},
	}, nil)
	order := g.told.of("externalOrderId")
	var sale struct{ ProcessID string }
	g.want(http.StatusOK, "POST", "/v1/cart/complete-order", object{
		"listing":    []object{{"externalListingId": g.told.of("externalListingId"), "externalOrderId": order, "tokens": sold}},
		"buyer":      []object{g.told.person("buyer")},
		"settlement": []object{{"totalAmountPaid": 416, "amountToSeller": 360, "asyncCallbackUrl": "https://callback.example.com/" + g.told.of("asyncCallbackUrl")}},
	}, &sale)
	g.told.keep("a processId", sale.ProcessID)
	g.want(http.StatusOK, "GET", "/v1/cart/complete-order/"+sale.ProcessID, nil, nil)
	status, printed := g.send(g.request("POST", "/v1/tickets/print", encode(object{"externalOrderId": order, "tokens": ours})))
	if status != http.StatusOK {
		g.t.Fatalf("print: %d %s", status, printed)
	}
	pages := strings.Split(string(printed), g.url)[1:]
	if len(pages) != len(ours) {
		g.t.Fatalf("print gave %d pages for %d tickets: %s", len(pages), len(ours), printed)
	}
	for _, page := range pages {
		page, _, _ = strings.Cut(page, `"`)
		g.told.keep("a page's secret", path.Base(page))
		if status, said := g.send(g.request("GET", page, nil)); status != http.StatusOK {
			g.t.Fatalf("a ticket's page: %d %s", status, said)
		}
	}
	g.want(http.StatusOK, "POST", "/v1/tickets/verify", object{"tickets": []object{{"tokens": ours}}}, nil)
	next := tokens[4:6]
	g.want(http.StatusOK, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody(g.told.of("externalListingId"), next)), nil)
	g.want(http.StatusOK, "PUT", "/v1/tickets/unlock", json.RawMessage(unlockBody(next)), nil)

	known := g.request("GET", "/v1/catalog/events", nil)
	known.Header.Set("Request-ID", knownRequest)
	g.send(known)
}

// goWrong does what is refused, whatever with.
func (g *gossip) goWrong(tokens []string) {
	g.t.Helper()
	calls := []struct {
		method, path string
		body         any
	}{
		{"POST", "/v1/auth/token", object{"grantType": "authorization_code", "code": g.told.wild("a wrong code")}},
		{"POST", "/v1/auth/token", object{"grantType": "refresh_token", "refreshToken": g.told.of("a wrong refresh token")}},
		{"POST", "/v1/auth/token", object{"grantType": g.told.wild("a grant type")}},
		{"GET", "/v1/catalog/events?fromDate=" + g.told.of("a date"), nil},
		{"GET", "/v1/listings/" + g.told.of("a listing"), nil},
		{"PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-9", tokens[10:11]))},
		{"PUT", "/v1/tickets/lock", json.RawMessage(lockBody(g.told.of("externalListingId"), []string{g.told.of("a token")}))},
		{"PUT", "/v1/tickets/lock", object{"source": g.told.wild("source"), "seller": g.told.wild("a seller that is none"), "listing": g.told.wild("a listing")}},
		{"PUT", "/v1/tickets/unlock", json.RawMessage(unlockBody([]string{g.told.of("a token")}))},
		{"POST", "/v1/cart/complete-order", json.RawMessage(saleBody(g.told.of("externalOrderId"), g.told.of("an email"), []string{g.told.of("a token")}))},
		{"POST", "/v1/cart/complete-order", json.RawMessage(saleBody(g.told.of("externalOrderId"), g.told.of("an email"), tokens[11:12]))},
		{"POST", "/v1/cart/complete-order", object{"listing": g.told.wild("a listing"), "buyer": []object{g.told.person("buyer")}, "settlement": []object{{"asyncCallbackUrl": "http://" + g.told.of("a host")}}}},
		{"GET", "/v1/cart/complete-order/" + g.told.of("a process"), nil},
		{"POST", "/v1/tickets/verify", object{"tickets": []object{{"accessId": "999:" + g.told.of("an event") + ":X", "barcodes": []string{g.told.of("a barcode")}}}}},
		{"POST", "/v1/tickets/verify", object{"tickets": []object{{"tokens": []string{g.told.of("a token")}}}}},
		{"POST", "/v1/tickets/print", object{"externalOrderId": g.told.of("externalOrderId"), "tokens": []string{g.told.of("a token")}}},
		{"GET", "/v1/" + g.told.of("a path"), nil},
		{"GET", "/v1//" + g.told.of("an unclean path"), nil},
		{g.told.of("a method"), "/v1/tickets/lock", nil},
		{"GET", "/" + g.told.of("a path"), nil},
		{"GET", "/t/" + g.told.of("a page"), nil},
		{"GET", "/t/" + url.PathEscape(g.told.wild("a page")), nil},
		{"GET", "/readyz?" + g.told.of("a parameter"), nil},
	}
	for _, call := range calls {
		g.send(g.request(call.method, call.path, encode(call.body)))
		if call.body == nil {
			continue
		}
		broken := append([]byte(`{"`+g.told.of("broken JSON")+`":"`+g.told.of("broken JSON")+`",`), encode(call.body)...)
		g.send(g.request(call.method, call.path, broken))
		for _, header := range []string{
			"Authorization", "Pac-Application-Id", "Pac-Api-Key", "Pac-Channel-Code", "Pac-Organization-Id", "Content-Type", "Accept", "Content-Encoding",
		} {
			request := g.request(call.method, call.path, encode(call.body))
			request.Header.Set(header, "Bearer "+g.told.of(header))
			g.send(request)
		}
	}
}

// breakOut sends what is no HTTP, or not quite.
func (g *gossip) breakOut() {
	word := func(where string) string { return g.told.of(where) }
	for _, header := range []string{
		"X-Zero: a\x00" + word("a header with NUL"), "X-Return: a\r" + word("a header with CR"), "X-Colour: \x1b[31m" + word("a header with ANSI"),
		"X-Line: \u2028" + word("a header with U+2028"), "X-Fold: a\r\n " + word("a folded header"), word("a header name") + " : a", "\u2028" + word("a header name") + ": a",
		"Request-ID: \x1b[31m" + word("a Request-ID with ANSI"), "Request-ID: " + word("a long Request-ID") + strings.Repeat("x", 200),
		"Request-ID: \u2028" + word("a Request-ID with U+2028"), "Transfer-Encoding: " + word("a transfer encoding"), "Content-Length: " + word("a length"),
		"Host: " + word("a host") + "/\x1b", "Expect: " + word("an expectation"), "X-Long: " + word("a long header") + strings.Repeat("x", 32<<10),
	} {
		g.raw("PUT /v1/tickets/lock HTTP/1.1\r\nHost: seatlink\r\n" + header + "\r\nContent-Length: 0\r\n\r\n")
	}
	for _, line := range []string{
		"GET /v1/%0d%0a%00%1b[31m" + word("a path") + " HTTP/1.1", "GET /" + word("a path") + "\x1b HTTP/1.1", "GET /v1/" + word("a path") + " HTTP/9.9",
		word("no request"), "GET http://" + word("a host") + "/v1/ HTTP/1.1", "\x16\x03\x01\x02\x00" + word("a TLS hello"),
		"GET /v1/" + word("a long path") + strings.Repeat("x", 9<<10) + " HTTP/1.1", "PRI * HTTP/2.0\r\n\r\n" + word("HTTP/2"),
	} {
		g.raw(line + "\r\nHost: seatlink\r\n\r\n")
	}
}
