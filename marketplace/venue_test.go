package marketplace_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link"
	"github.com/seatlink/seatlink/link/receive"
	"github.com/seatlink/seatlink/marketplace"
)

// A fakeVenue is the other side of the Link API, as much of it as a marketplace asks:
// tickets that can be locked and sold, and answers that can be lost.
type fakeVenue struct {
	*httptest.Server

	mu      sync.Mutex
	tickets map[string]*fakeTicket
	orders  map[string]fakeOrder // by processId
	calls   []string             // method, path, and what the body says
	refuse  map[string]string    // a route, and what it answers everything with: UNAVAILABLE or KEY_INVALID
	lose    map[string]int       // a route, and how many of its answers are lost after they took effect
	pending bool                 // orders wait
	feed    []string             // seats to tell, as JSON
	gone    bool                 // the feed has forgotten what came before
}

type fakeTicket struct {
	barcode, owner string
	locked, taken  bool // taken: by another channel
}

type fakeOrder struct {
	process, body string
	decided       bool
}

func newVenue(t *testing.T, tokens ...string) *fakeVenue {
	t.Helper()
	v := &fakeVenue{tickets: map[string]*fakeTicket{}, orders: map[string]fakeOrder{}, refuse: map[string]string{}, lose: map[string]int{}}
	for i, token := range tokens {
		v.tickets[token] = &fakeTicket{barcode: fmt.Sprint("90000000000", i), owner: "1000"}
	}
	v.Server = httptest.NewServer(http.HandlerFunc(v.answer))
	t.Cleanup(v.Close)
	return v
}

type fakeError map[string]any

func reason(code, kind string) fakeError {
	return fakeError{"type": kind, "developerMessage": "for a developer", "appErrorCode": code}
}

func (v *fakeVenue) answer(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	route := r.Method + " " + r.URL.Path
	var body map[string]any
	if r.ContentLength > 0 {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	text, _ := json.Marshal(body)
	v.calls = append(v.calls, route+" "+string(text)+" "+r.Header.Get("Request-ID"))
	w.Header().Set("Request-ID", r.Header.Get("Request-ID"))
	if code := v.refuse[route]; code != "" {
		status := map[string]int{"UNAVAILABLE": 503, "KEY_INVALID": 401}[code]
		v.say(w, status, fakeError{"error": reason(code, map[int]string{503: "UNAVAILABLE", 401: "UNAUTHORIZED"}[status])})
		return
	}
	status, answer := v.do(route, body)
	if v.lose[route] > 0 {
		v.lose[route]--
		panic(http.ErrAbortHandler)
	}
	v.say(w, status, answer)
}

func (v *fakeVenue) say(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (v *fakeVenue) do(route string, body map[string]any) (status int, answer any) {
	switch {
	case route == "POST /v1/auth/token":
		return 200, map[string]any{"accessToken": "a", "refreshToken": "r", "tokenType": "Bearer", "expiration": time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05.000000000Z")}
	case route == "GET /v1/catalog/events":
		return 200, []map[string]any{
			{"accessId": "999:F23:F01", "itemName": "Football <b>Game</b> 1", "itemBasis": "SINGLE", "startDate": "2030-05-20", "startTime": "20:30:00Z", "facilityName": "Pavilion"},
			{"accessId": "777:J:1", "itemName": "Sumo", "itemBasis": "SINGLE", "startDate": "2030-05-21", "startTime": "TBD", "facilityName": "Hall"},
		}
	case route == "GET /v1/listings/A3qnemZ":
		return 200, v.listing()
	case strings.HasPrefix(route, "GET /v1/listings/"):
		return 404, fakeError{"error": reason("LISTING_NOT_FOUND", "NOT_FOUND")}
	case route == "PUT /v1/tickets/lock":
		return v.lock(body)
	case route == "PUT /v1/tickets/unlock":
		return v.unlock(body)
	case route == "POST /v1/tickets/verify":
		return v.verify(body)
	case route == "POST /v1/cart/complete-order":
		return v.sell(body)
	case strings.HasPrefix(route, "GET /v1/cart/complete-order/"):
		o := v.orders[strings.TrimPrefix(route, "GET /v1/cart/complete-order/")]
		if !o.decided {
			return 200, map[string]any{"processId": o.process, "status": "PENDING"}
		}
		return 200, json.RawMessage(o.body)
	case route == "POST /v1/tickets/print":
		return v.print(body)
	case route == "GET /v1/feed/seats":
		seats := v.feed
		v.feed = nil
		if v.gone {
			v.gone = false
			return 410, fakeError{"error": reason("RESYNC_REQUIRED", "NOT_FOUND")}
		}
		return 200, json.RawMessage(`{"data":{"seats":[` + strings.Join(seats, ",") + `]},"metadata":{"messageEntity":"seats","pacOrganizationId":999,"position":"1-` + fmt.Sprint(len(v.calls)) + `"}}`)
	}
	return 404, fakeError{"error": reason("PATH_UNKNOWN", "NOT_FOUND")}
}

// place is where a ticket is: F01's are in row 1 of section 1:1, others' in yen.
func place(token string) map[string]any {
	event := "999:F23:F01"
	if strings.HasPrefix(token, "777") {
		event = "777:J:1"
	}
	_, seat, _ := strings.Cut(token, "T")
	return map[string]any{"accessId": event, "section": "1:1", "row": "1", "seat": seat, "token": token, "season": "F23", "item": "F01", "event": "F01", "seatAttributes": []string{"AISLE"}}
}

func (v *fakeVenue) listing() any {
	groups := map[string][]any{}
	for token, ticket := range v.tickets {
		if !ticket.taken {
			at := place(token)["accessId"].(string)
			groups[at] = append(groups[at], place(token))
		}
	}
	var tickets []any
	for at, seats := range groups {
		tickets = append(tickets, map[string]any{"accessId": at, "seats": seats})
	}
	return []any{map[string]any{"listingId": "A3qnemZ", "tickets": tickets}}
}

// each judges the tickets of a list, and answers 200, 207 or 422.
func each(tokens []any, judge func(token string) (done any, code string)) (status int, success, failures []any) {
	success, failures = []any{}, []any{}
	for _, t := range tokens {
		token, ok := t.(string)
		if !ok {
			token = t.(map[string]any)["token"].(string)
		}
		if done, code := judge(token); code == "" {
			success = append(success, done)
		} else {
			failure := reason(code, "CONFLICT")
			failure["token"] = token
			failures = append(failures, failure)
		}
	}
	status = 200
	switch {
	case len(success) == 0:
		status = 422
	case len(failures) > 0:
		status = 207
	}
	return status, success, failures
}

func batch(status int, success, failures []any, name string) (int, any) {
	answer := map[string]any{name: success}
	if len(failures) > 0 {
		answer["errors"] = failures
	}
	if status == 422 {
		answer["error"] = reason("NOTHING_DONE", "REFUSED")
	}
	return status, answer
}

func (v *fakeVenue) lock(body map[string]any) (int, any) {
	status, success, failures := each(body["listing"].(map[string]any)["tokens"].([]any), func(token string) (any, string) {
		t := v.tickets[token]
		if t == nil {
			return nil, "TOKEN_NOT_FOUND"
		}
		if t.taken {
			return nil, "TOKEN_LOCKED"
		}
		t.locked = true
		return map[string]any{"token": token, "ownerId": t.owner}, ""
	})
	return batch(status, success, failures, "success")
}

func (v *fakeVenue) unlock(body map[string]any) (int, any) {
	status, success, failures := each(body["tokens"].([]any), func(token string) (any, string) {
		v.tickets[token].locked = false
		return map[string]any{"token": token, "ownerId": v.tickets[token].owner}, ""
	})
	return batch(status, success, failures, "success")
}

func (v *fakeVenue) verify(body map[string]any) (int, any) {
	group := body["tickets"].([]any)[0].(map[string]any)
	barcode := group["barcodes"].([]any)[0].(string)
	for token, t := range v.tickets {
		if t.barcode == barcode && place(token)["accessId"] == group["accessId"] {
			return 200, map[string]any{"tokens": []any{map[string]any{"accessId": group["accessId"], "success": map[string]any{"seats": []any{place(token)}}}}}
		}
	}
	failure := reason("BARCODE_INVALID", "NOT_FOUND")
	failure["barcode"] = barcode
	return 422, map[string]any{"error": reason("NOTHING_DONE", "REFUSED"), "errors": []any{failure}}
}

// sell sells element by element, each whole or not at all, and each once.
func (v *fakeVenue) sell(body map[string]any) (int, any) {
	first := body["listing"].([]any)[0].(map[string]any)["externalOrderId"].(string)
	if known, ok := v.orders["P-"+first]; ok {
		if !known.decided {
			return 200, map[string]any{"processId": known.process, "status": "PENDING"}
		}
		return 200, json.RawMessage(known.body)
	}
	var seats, failures []any
	for _, element := range body["listing"].([]any) {
		e := element.(map[string]any)
		status, done, bad := each(e["tokens"].([]any), func(token string) (any, string) {
			if !v.tickets[token].locked {
				return nil, "TOKEN_NOT_LOCKED"
			}
			return place(token), ""
		})
		for _, f := range bad {
			f.(fakeError)["externalOrderId"] = e["externalOrderId"]
		}
		failures = append(failures, bad...)
		if status == 200 {
			seats = append(seats, done...)
		}
	}
	if len(seats) == 0 {
		return batch(422, nil, failures, "offers")
	}
	for _, s := range seats {
		t := v.tickets[s.(map[string]any)["token"].(string)]
		t.locked, t.owner, t.barcode = false, "2000", "8"+t.barcode
	}
	answer := map[string]any{"processId": "P-" + first, "status": "COMPLETE", "paid": 1, "transactions": []any{}, "offers": []any{map[string]any{"event": map[string]any{"seats": seats}}}}
	status := 200
	if len(failures) > 0 {
		status, answer["errors"] = 207, failures
	}
	text, _ := json.Marshal(answer)
	v.orders["P-"+first] = fakeOrder{"P-" + first, string(text), !v.pending}
	if v.pending {
		return 200, map[string]any{"processId": "P-" + first, "status": "PENDING"}
	}
	return status, answer
}

func (v *fakeVenue) print(body map[string]any) (int, any) {
	status, success, failures := each(body["tokens"].([]any), func(token string) (any, string) {
		return map[string]any{"token": token, "ownerId": "2000", "url": "https://tickets.example.com/t/secret-of-" + token}, ""
	})
	return batch(status, success, failures, "tickets")
}

// decide ends all orders that wait.
func (v *fakeVenue) decide(body string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for process, o := range v.orders {
		if o.decided = true; body != "" {
			o.body = strings.ReplaceAll(body, "PROCESS", process)
		}
		v.orders[process] = o
	}
}

// called are the calls of a route so far.
func (v *fakeVenue) called(route string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(v.calls), func(c string) bool { return !strings.HasPrefix(c, route+" ") })
}

// locked reports whether a ticket is locked.
func (v *fakeVenue) locked(token string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tickets[token].locked
}

// with changes the venue.
func (v *fakeVenue) with(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

// client is a partner's client of the venue, which gives up at once.
func (v *fakeVenue) client(t *testing.T) *link.Client {
	t.Helper()
	c, err := link.New(link.Options{
		URL: v.URL, Product: "Tests/1.0", Application: "com.example.market", APIKey: "key", Channel: "market", Code: "code", Keep: new(link.Memory), Retries: link.Retries{Times: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// options are those of a market at the venue.
func (v *fakeVenue) options(t *testing.T, state string) marketplace.Options {
	t.Helper()
	return marketplace.Options{
		Client: v.client(t), Name: "Second Row", URL: "http://market.example.com", State: state, Sandbox: true,
		Venues:   []marketplace.Venue{{Organization: 999, Name: "Meridian", Currency: "USD", Digits: 2}, {Organization: 777, Name: "Hall", Currency: "JPY"}},
		Messages: receive.Options{User: "seatlink", Password: "password"},
	}
}
