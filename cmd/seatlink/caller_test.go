package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A caller is a partner's program.
type caller struct {
	url         string
	partner     demoPartner
	accessToken string
	http        *http.Client
}

// enter trades the partner's code for an access token.
func enter(tb testing.TB, url string, partner demoPartner) *caller {
	tb.Helper()
	c := &caller{url: url, partner: partner, http: watched(tb)}
	var pair struct{ AccessToken, TokenType string }
	c.want(tb, http.StatusOK, "POST", "/v1/auth/token", object{"grantType": "authorization_code", "code": partner.Code}, &pair)
	if pair.AccessToken == "" || pair.TokenType != "Bearer" {
		tb.Fatalf("the code of %s gave no access token", partner.Application)
	}
	c.accessToken = pair.AccessToken
	return c
}

// client is an HTTP client that leaves no connection behind.
func client(tb testing.TB) *http.Client {
	tb.Helper()
	const most = 256 // connections that wait for their next request
	transport := &http.Transport{MaxIdleConns: most, MaxIdleConnsPerHost: most, ExpectContinueTimeout: patience}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: patience, Transport: transport}
}

type object map[string]any

// call sends a request and reads its answer. An error means that nobody knows
// what became of it.
func (c *caller) call(ctx context.Context, method, path, requestID string, body []byte) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for name, value := range map[string]string{
		"User-Agent": "Tests/1.0", "Accept": "application/json", "Content-Type": "application/json", "Request-ID": requestID,
		"Authorization": "Bearer " + c.accessToken, "PAC-Application-ID": string(c.partner.Application),
		"PAC-API-Key": c.partner.APIKey, "PAC-Channel-Code": string(c.partner.Channel), "PAC-Organization-ID": "999",
	} {
		request.Header.Set(name, value)
	}
	return do(c.http, request)
}

// want fails the test unless the answer has this status, and decodes it.
func (c *caller) want(tb testing.TB, status int, method, path string, body, answer any) {
	tb.Helper()
	var text []byte
	if body != nil {
		text = encode(body)
	}
	got, said, err := c.call(tb.Context(), method, path, requestID(), text)
	if err != nil || got != status {
		tb.Fatalf("%s %s: %d %v; want %d\n%s\n%s", method, path, got, err, status, text, said)
	}
	if answer != nil {
		if err := json.Unmarshal(said, answer); err != nil {
			tb.Fatalf("%s %s: %v\n%s", method, path, err, said)
		}
	}
}

// fetch reads a page that anybody may see.
func fetch(ctx context.Context, url string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	// A connection for itself, so that nothing of it is left behind.
	request.Close = true
	status, text, err := do(&http.Client{Timeout: patience}, request)
	return status, string(text), err
}

func do(client *http.Client, request *http.Request) (status int, body []byte, err error) {
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// lockBody, unlockBody and saleBody are requests for some tickets.
func lockBody(listing string, tokens []string) []byte {
	var b strings.Builder // a fight sends a million lines
	fmt.Fprintf(&b, `{"source":"MY_ACCOUNT","listing":{"externalListingId":%q,"totalPrice":%d,"tokens":[`, listing, 100*len(tokens))
	for i, token := range tokens {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"token":"` + token + `","individualPrice":100}`)
	}
	b.WriteString(`]}}`)
	return []byte(b.String())
}

func unlockBody(tokens []string) []byte { return encode(object{"tokens": tokens}) }

func saleBody(order, buyer string, tokens []string) []byte {
	var lines []object
	for _, token := range tokens {
		lines = append(lines, object{"token": token, "individualPrice": 100, "individualFees": 4})
	}
	return encode(object{
		"listing":    []object{{"externalListingId": "L-1", "externalOrderId": order, "tokens": lines}},
		"buyer":      []object{{"firstName": "Ada", "lastName": "Example", "emailAddress": object{"email": buyer + "@example.com"}}},
		"settlement": []object{{"totalAmountPaid": 104 * len(tokens), "amountToSeller": 90 * len(tokens)}},
	})
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only
	}
	return text
}

// A failed ticket is one entry of errors.
type failed struct {
	Token        string `json:"token"`
	Barcode      string `json:"barcode"`
	AppErrorCode string `json:"appErrorCode"`
}

func (f failed) String() string { return fmt.Sprintf("%s%s: %s", f.Token, f.Barcode, f.AppErrorCode) }

// A grouped answer is that of listings, and with tokens that of verify.
type grouped struct {
	AccessID string
	Seats    []seat // of listings
	Success  struct{ Seats []seat }
	Errors   []failed
}

type seat struct{ Token, Item, Event, OwnerID string }

// A verified answer has failures in its groups, or beside its error when nothing
// succeeded.
type verified struct {
	Tokens []grouped
	Errors []failed
}

// verify asks which ticket a barcode of an event is on.
func (c *caller) verify(tb testing.TB, status int, event, barcode string) (answer verified) {
	tb.Helper()
	c.want(tb, status, "POST", "/v1/tickets/verify", object{"tickets": []object{{"accessId": event, "barcodes": []string{barcode}}}}, &answer)
	return answer
}
