package main

import (
	"encoding/json"
	"flag"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/api"
	"github.com/seatlink/seatlink/api/apitest"
	"github.com/seatlink/seatlink/internal/house"
)

// prism is a second opinion: a program that reads api/link.yaml by itself, and
// stands between these tests and the server.
var prism = flag.String("prism", "", "send the published samples through this `program` (make prism)")

// A sampler replays published samples.
type sampler struct {
	caller
	server string          // its own address, where the caller's is that of prism
	done   map[string]bool // names of requests
}

// Ensure that every published request, with only its ids swapped for real ones of
// the house, gets the published status and an answer of the published shape.
func TestEveryPublishedSampleWorks(t *testing.T) {
	t.Parallel()
	d := startDemo(t, t.TempDir(), "--size", "small")
	s := &sampler{server: d.file.URL, caller: caller{url: d.file.URL, partner: d.file.Partners[0], http: watched(t)}, done: map[string]bool{}}
	if *prism != "" {
		s.url = proxied(t, *prism, s.url)
		s.http.Transport = unviolated(t, s.http.Transport)
	}

	// Call 1.
	var pair struct{ AccessToken, RefreshToken string }
	s.replay(t, "auth-token.code", "POST", "/v1/auth/token", ids{"code": s.partner.Code}, "auth-token.200", &pair)
	s.replay(t, "auth-token.refresh", "POST", "/v1/auth/token", ids{"refreshToken": pair.RefreshToken}, "auth-token.200", &pair)
	s.accessToken = pair.AccessToken

	// Call 2.
	s.replay(t, "", "GET", "/v1/catalog/events", nil, "catalog-events.200", nil)
	s.replay(t, "", "GET", "/v1/catalog/events?startDate=2023-05-20", nil, "catalog-events.200", nil)

	// Call 3; what it shows is used from here on.
	var listings []struct {
		Tickets []struct {
			AccessID string
			Seats    []seat
		}
	}
	var tokens, events []string
	for _, l := range d.file.Listings {
		if l.Channel != s.partner.Channel || l.Organization != 999 {
			continue
		}
		s.replay(t, "", "GET", "/v1/listings/"+string(l.ID), nil, "listings.200", &listings)
		for _, group := range listings[0].Tickets {
			for _, seat := range group.Seats {
				tokens, events = append(tokens, seat.Token), append(events, group.AccessID)
			}
		}
	}
	const lockable = 6
	if len(tokens) < lockable {
		t.Fatalf("the listings show %d tickets", len(tokens))
	}

	// Call 8.
	same := slices.IndexFunc(events[1:], func(event string) bool { return event == events[0] }) + 1
	s.replay(t, "tickets-verify.tokens", "POST", "/v1/tickets/verify",
		ids{"tickets.0.accessId": events[0], "tickets.0.tokens.0": tokens[0], "tickets.0.tokens.1": tokens[same]}, "tickets-verify.200", nil)
	code := d.file.Barcodes[0]
	s.replay(t, "tickets-verify.barcodes", "POST", "/v1/tickets/verify",
		ids{"tickets.0.accessId": string(code.Event), "tickets.0.barcodes.0": string(code.Barcode)}, "tickets-verify.200", nil)

	// Calls 4 and 5.
	for _, seller := range []string{"my-account", "my-account-without-seller", "individual", "broker", "address-object", "phoneNumber-object", "emailAddress-object"} {
		s.replay(t, "tickets-lock."+seller, "PUT", "/v1/tickets/lock", ids{"listing.tokens.0.token": tokens[0]}, "tickets-lock.200", nil)
	}
	s.replay(t, "tickets-unlock", "PUT", "/v1/tickets/unlock", ids{"tokens.0": tokens[0], "tokens.1": tokens[1]}, "tickets-unlock.200", nil)

	// Calls 6 and 7.
	s.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", tokens[:3])), nil)
	var sale struct{ Status, ProcessID string }
	s.replay(t, "cart-complete-order", "POST", "/v1/cart/complete-order", ids{"listing.0.tokens.0.token": tokens[0]}, "cart-complete-order.200", &sale)
	if sale.Status != "COMPLETE" {
		t.Errorf("complete-order is %s; want COMPLETE", sale.Status)
	}
	s.replay(t, "", "GET", "/v1/cart/complete-order/"+sale.ProcessID, nil, "cart-complete-order.200", nil)

	// Call 9, of an order that has the id of the sample.
	s.want(t, 200, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody("123456", "ada", tokens[1:3])), nil)
	s.replay(t, "tickets-print", "POST", "/v1/tickets/print", ids{"tokens.0": tokens[1], "tokens.1": tokens[2]}, "tickets-print.200", nil)

	s.transfers(t, d.file.Patrons, tokens[3:])
	s.laterTransfers(t, d.file.Patrons, tokens[5:])

	s.pushed(t)
	s.missing(t)
	d.stop()
	audit(t, d.db)
}

// transfers replays the samples of calls 10 to 13: a seat is given and accepted by
// the one invited; bought tickets are given in both spellings, one of them taken
// back and one accepted.
func (s *sampler) transfers(t *testing.T, patrons []house.Patron, tokens []string) {
	t.Helper()
	const seatForm = "/v1/tickets/transfer?distributorCode=AMTX"
	var made struct{ ConfirmationCd, TransferID string }
	patron := patrons[slices.IndexFunc(patrons, func(p house.Patron) bool { return p.Organization == 999 && len(p.Seats) > 0 })]
	seat := patron.Seats[0]
	at := "transferRequests.0.seats.0."
	s.replay(t, "tickets-transfer.seats", "POST", seatForm, ids{
		"transferRequests.0.sender.patronId": string(patron.ID), at + "season": seat.Season, at + "event": seat.Event,
		at + "seatInfo.level": seat.Level, at + "seatInfo.section": seat.Section, at + "seatInfo.row": seat.Row, at + "seatInfo.seats": seat.Seat,
	}, "tickets-transfer.200", &made)
	s.replay(t, "", "GET", "/v1/tickets/transfer/"+made.ConfirmationCd, nil, "tickets-transfer-history.200", nil)
	s.replay(t, "tickets-transfer-accept.seats", "POST", "/v1/tickets/transfer/accept?distributorCode=AMTX",
		ids{"transferId": made.TransferID}, "tickets-transfer-accept.200", nil)

	s.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-9", tokens[:2])), nil)
	s.want(t, 200, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody("T-order", "ada", tokens[:2])), nil)
	item := "transferRequests.0.items.0."
	bought := func(id, token string) ids {
		return ids{"transferRequests.0.externalTransferId": id, item + "externalOrderId": "T-order", item + "tokens.0": token}
	}
	s.replay(t, "tickets-transfer.tokens", "POST", "/v1/tickets/transfer", bought("T-1", tokens[0]), "tickets-transfer.200", &made)
	s.replay(t, "", "DELETE", "/v1/tickets/transfer/"+made.ConfirmationCd, nil, "tickets-transfer-cancel.200", nil)
	capitals := ids{}
	for path, id := range bought("T-2", tokens[1]) {
		capitals[strings.Replace(path, "items", "Items", 1)] = id
	}
	// Prism matches keys exactly, where the contract takes them in any letter case: it
	// has the document's spelling alone, and this sample goes past it.
	proxied := s.url
	s.url = s.server
	s.replay(t, "tickets-transfer.tokens-capitals", "POST", "/v1/tickets/transfer", capitals, "tickets-transfer.200", &made)
	s.url = proxied
	s.replay(t, "tickets-transfer-accept.tokens", "POST", "/v1/tickets/transfer/accept",
		ids{"transferId": made.TransferID, "Recipient.email": "juan@example.com"}, "tickets-transfer-accept.200", nil)
}

// laterTransfers replays those of the later editions: bought tickets are handed
// over at once, and a seat is given by the second version.
func (s *sampler) laterTransfers(t *testing.T, patrons []house.Patron, tokens []string) {
	t.Helper()
	s.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-9", tokens[:1])), nil)
	s.want(t, 200, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody("H-order", "ada", tokens[:1])), nil)
	var made struct{ ProcessID string }
	item := "transferRequests.0.items.0."
	s.replay(t, "tickets-transfer-complete", "POST", "/v1/tickets/transfer/complete",
		ids{item + "externalOrderId": "H-order", item + "tokens.0": tokens[0]}, "tickets-transfer-complete.200", &made)
	s.replay(t, "", "GET", "/v1/tickets/transfer/complete/"+made.ProcessID, nil, "tickets-transfer-complete.200", nil)

	patron := patrons[slices.IndexFunc(patrons, func(p house.Patron) bool { return p.Organization == 999 && len(p.Seats) > 1 })]
	seat := patron.Seats[1]
	at := "transferRequests.0.seats.0."
	s.replay(t, "tickets-transfer-v2", "POST", "/v2/tickets/transfer?distributorCode=AMTX", ids{
		"transferRequests.0.sender.patronId": string(patron.ID), at + "season": seat.Season, at + "event": seat.Event,
		at + "seatInfo.level": seat.Level, at + "seatInfo.section": seat.Section, at + "seatInfo.row": seat.Row, at + "seatInfo.seats": seat.Seat,
	}, "tickets-transfer.200", nil)
}

// pushed are the samples of what we send: package push holds its bodies to them.
func (s *sampler) pushed(t *testing.T) {
	t.Helper()
	s.done["push-events"], s.done["push-seats"] = true, true
}

// missing tells of samples that were not replayed.
func (s *sampler) missing(t *testing.T) {
	t.Helper()
	requests, err := fs.Glob(api.Examples(), "*.request.json")
	if err != nil || len(requests) == 0 {
		t.Fatalf("there are no samples: %v", err)
	}
	for _, file := range requests {
		if !s.done[strings.TrimSuffix(file, ".request.json")] {
			t.Errorf("%s was not replayed", file)
		}
	}
}

// ids are what is swapped in a sample, by path.
type ids map[string]string

// replay sends a sample and compares the shape of its answer with that of the
// published one. A sample without a name has no body.
func (s *sampler) replay(t *testing.T, name, method, path string, swap ids, answer string, into any) {
	t.Helper()
	var body []byte
	if name != "" {
		s.done[name] = true
		body = swapped(t, published(t, name+".request"), swap)
	}
	status, said, err := s.call(t.Context(), method, path, requestID(), body)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s %s (%s) = %d %v; want 200\n%s\n%s", method, path, name, status, err, body, said)
	}
	if got, want := shape(t, said), shape(t, published(t, answer)); !slices.Equal(got, want) {
		t.Errorf("%s %s (%s) has the fields\n%v\nand the published answer has\n%v", method, path, name, got, want)
	}
	if into != nil {
		decode(t, string(said), into)
	}
}

func published(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := fs.ReadFile(api.Examples(), name+".json")
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// swapped puts other ids into a sample, and nothing else.
func swapped(t *testing.T, sample []byte, swap ids) []byte {
	t.Helper()
	var body any
	decode(t, string(sample), &body)
	for path, id := range swap {
		steps := strings.Split(path, ".")
		here := body
		for _, step := range steps[:len(steps)-1] {
			here = *within(t, here, step)
		}
		last := within(t, here, steps[len(steps)-1])
		switch (*last).(type) {
		case string, float64, json.Number: // a row or seat, which the sample has as a number
		default:
			t.Fatalf("%s is no id in %s", path, sample)
		}
		if object, ok := here.(map[string]any); ok {
			object[steps[len(steps)-1]] = id
			continue
		}
		*last = id
	}
	return encode(body)
}

// within is a field of an object, or an element of a list.
func within(t *testing.T, v any, step string) *any {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if one, ok := v[step]; ok {
			return &one
		}
	case []any:
		if i, err := strconv.Atoi(step); err == nil && i < len(v) {
			return &v[i]
		}
	}
	t.Fatalf("there is no %s in %v", step, v)
	return nil
}

// shape is the paths of all fields of an answer.
func shape(t *testing.T, text []byte) []string {
	t.Helper()
	var v any
	decode(t, string(text), &v)
	fields := map[string]bool{}
	var walk func(v any, at string)
	walk = func(v any, at string) {
		switch v := v.(type) {
		case map[string]any:
			for name, one := range v {
				fields[at+"."+name] = true
				walk(one, at+"."+name)
			}
		case []any:
			for _, one := range v {
				walk(one, at+"[]")
			}
		}
	}
	walk(v, "")
	return slices.Sorted(maps.Keys(fields))
}

// watched is a client whose exchanges must be as api/link.yaml describes them.
func watched(tb testing.TB) *http.Client {
	tb.Helper()
	c := client(tb)
	c.Transport = described(tb, c.Transport)
	return c
}

// described is a transport whose exchanges must be so.
func described(tb testing.TB, next http.RoundTripper) http.RoundTripper {
	tb.Helper()
	document, err := apitest.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return document.Transport(next, func(complaint error) { tb.Error(complaint) })
}

// proxied starts prism before a server, and returns its address.
func proxied(t *testing.T, program, url string) string {
	t.Helper()
	const told = "Prism is listening on "
	p := launchProgram(t, program, "proxy", "../../api/link.yaml", url, "--host", "127.0.0.1", "--port", freePort(t))
	printed := p.await(told, "\n")
	_, address, _ := strings.Cut(printed, told)
	return strings.TrimSpace(address)
}

// freePort is one that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// unviolated fails the test when prism has something against an exchange.
func unviolated(tb testing.TB, next http.RoundTripper) http.RoundTripper {
	tb.Helper()
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		answer, err := next.RoundTrip(r)
		if err == nil {
			if found := answer.Header.Get("sl-violations"); found != "" {
				tb.Errorf("prism has this against %s %s = %d: %s", r.Method, r.URL.Path, answer.StatusCode, found)
			}
		}
		return answer, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
