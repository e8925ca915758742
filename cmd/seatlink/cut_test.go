package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	cutChannel = "cut"
	cutClients = 16
	// An answer's length depends on its numbers: so many bytes more are tried.
	cutSlack = 6
)

// cutEverywhere is for make test-cuts. Without it PostgreSQL, whose answers are the
// same acts' as SQLite's, is cut at every eighth byte.
var cutEverywhere = flag.Bool("cut-everywhere", false, "cut the wire at every byte on both databases")

// The wire is cut after each byte of a request, and of its answer; the client
// sends the request again, as it cannot know what became of it. There is one
// effect, and the answer is the same from its first byte to its last, however often
// it is asked for.
func TestTheWireIsCutAtEveryByte(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			key, callers := furnish(t, db, cutChannel)
			_, url := serve(t, db, key)
			s := newCutting(t, db, callers[0], url)
			start := time.Now()
			for _, named := range []bool{true, false} {
				for _, w := range []cutCall{
					{method: "POST", path: "/v1/cart/complete-order", kept: true, bodies: s.sale},
					{method: "POST", path: "/v1/tickets/print", kept: true, bodies: s.print},
					{method: "POST", path: "/v1/tickets/transfer", kept: true, bodies: s.give},
					{method: "PUT", path: "/v1/tickets/lock", bodies: s.lock},
					{method: "PUT", path: "/v1/tickets/unlock", bodies: s.unlock},
				} {
					s.call(named, w)
				}
			}
			t.Logf("%d offsets in %v: %d sales, %d prints, %d transfers, %d locks, %d unlocks; %d answers were given again",
				s.offsets.Load(), time.Since(start).Round(time.Millisecond), s.sold, s.printed, s.given, s.locked, s.unlocked, s.replays.Load())
			s.check(db)
			audit(t, db)
		})
	}
}

// A cutCall is a call that changes something.
type cutCall struct {
	method, path string
	kept         bool                 // its answer is kept with its effect; others answer a repeat by how things stand
	bodies       func(n int) [][]byte // of requests that were not sent before; of DELETE, what stands behind the path
	seldom       int                  // it is cut at each so many bytes only, unless everywhere
}

// cutting is the test under way. Each sale and each lock is of a ticket of its
// own, and each print of an order of its own.
type cutting struct {
	t *testing.T
	*caller
	host                 string
	postgres             bool
	tokens               []string
	sold, printed, given int // of the tokens, from the first on
	locked, unlocked     int // of the tokens, from the last on
	offsets              atomic.Int64
	replays              atomic.Int64
	// A server that is too busy says so with 503, and has then done nothing. Where the
	// wire was cut before it could say so, nobody knows: busy counts those that were
	// seen to be told, unsure the requests of which a repeat was the first to be done
	// though the server had all of them.
	busy, unsure atomic.Int64
}

func newCutting(t *testing.T, db string, c *caller, url string) *cutting {
	t.Helper()
	c.url = url
	return &cutting{
		t: t, caller: c, host: strings.TrimPrefix(url, "http://"), tokens: freeTokens(t, db), postgres: !strings.HasPrefix(db, "sqlite:"),
	}
}

// stride is at how many bytes a call is cut once. Requests without a name are cut
// more seldom.
func (s *cutting) stride(named bool, call cutCall) int {
	const seldom = 8
	stride := 1
	if !*cutEverywhere {
		stride = max(1, call.seldom)
		if s.postgres {
			stride *= seldom
		}
	}
	if !named {
		stride *= seldom
	}
	return stride
}

// orderOf is the externalOrderId of the sale of a token.
func orderOf(token string) string { return "O-" + token }

// sale and print are the bodies of some requests that were not sent before.
func (s *cutting) sale(n int) (bodies [][]byte) {
	s.t.Helper()
	const most = 500 // tokens a lock
	for at := s.sold; at < s.sold+n; at += most {
		s.want(s.t, http.StatusOK, "PUT", "/v1/tickets/lock", object{
			"source": "MY_ACCOUNT", "listing": object{"externalListingId": "L-1", "tokens": lines(s.tokens[at:min(at+most, s.sold+n)])},
		}, nil)
	}
	for _, token := range s.tokens[s.sold : s.sold+n] {
		bodies = append(bodies, saleBody(orderOf(token), "ada", []string{token}))
	}
	s.sold += n
	return bodies
}

func lines(tokens []string) (lines []object) {
	for _, token := range tokens {
		lines = append(lines, object{"token": token})
	}
	return lines
}

func (s *cutting) print(n int) (bodies [][]byte) {
	for _, token := range s.tokens[s.printed : s.printed+n] {
		bodies = append(bodies, encode(object{"externalOrderId": orderOf(token), "tokens": []string{token}}))
	}
	s.printed += n
	return bodies
}

func (s *cutting) give(n int) (bodies [][]byte) {
	if s.given+n > s.sold {
		s.t.Fatalf("%d tickets are sold; want %d to give", s.sold, s.given+n)
	}
	for _, token := range s.tokens[s.given : s.given+n] {
		bodies = append(bodies, encode(object{"transferRequests": []object{{
			"recipient": object{"email": "juan@example.com", "recipientFirstName": "Juan", "recipientLastName": "Ramirez"},
			"items":     []object{{"externalOrderId": orderOf(token), "tokens": []string{token}}},
		}}}))
	}
	s.given += n
	return bodies
}

// last are n tokens, from the last on but for the ones after from.
func (s *cutting) last(from, n int) []string {
	end := len(s.tokens) - from
	if end-n < s.sold {
		s.t.Fatalf("%d tickets are too few to cut all calls", len(s.tokens))
	}
	return s.tokens[end-n : end]
}

func (s *cutting) lock(n int) (bodies [][]byte) {
	for _, token := range s.last(s.locked, n) {
		bodies = append(bodies, encode(object{
			"source": "MY_ACCOUNT", "listing": object{"externalListingId": "L-1", "tokens": lines([]string{token})},
		}))
	}
	s.locked += n
	return bodies
}

// unlock lets go of what lock has locked, which takes longer requests.
func (s *cutting) unlock(n int) (bodies [][]byte) {
	if s.unlocked+n > s.locked {
		s.t.Fatalf("%d tickets are locked; want %d to unlock", s.locked, s.unlocked+n)
	}
	for _, token := range s.last(s.unlocked, n) {
		bodies = append(bodies, encode(object{"tokens": []string{token}}))
	}
	s.unlocked += n
	return bodies
}

// call cuts one call at the bytes of its request and of its answer.
func (s *cutting) call(named bool, call cutCall) {
	s.t.Helper()
	probe := s.request(call, requestID(), call.bodies(1)[0])
	var cuts []cut
	for n := range len(probe) + cutSlack {
		cuts = append(cuts, cut{true, n})
	}
	for n := range len(exchange(s.t.Context(), s.host, probe)) + cutSlack {
		cuts = append(cuts, cut{false, n})
	}
	stride := s.stride(named, call)
	for i := range len(cuts) / stride {
		cuts[i] = cuts[i*stride]
	}
	cuts = cuts[:len(cuts)/stride]
	var (
		clients sync.WaitGroup
		next    atomic.Int64
		asked   = call.bodies(len(cuts))
	)
	for range cutClients {
		w := newCable(s.t, s.host)
		clients.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(cuts) && !s.t.Failed(); i = int(next.Add(1)) - 1 {
				id := ""
				if named {
					id = requestID()
				}
				request := s.request(call, id, asked[i])
				s.judge(id, call.kept, request, cuts[i], w.send(s.t.Context(), request, cuts[i]))
				s.offsets.Add(1)
			}
		})
	}
	clients.Wait()
	if unsure, busy := s.unsure.Load(), s.busy.Load(); unsure > cutClients*busy {
		s.t.Errorf("of %d requests that the server had a repeat was the first to be done, and it was busy for %d", unsure, busy)
	}
}

// request writes a request without a Request-ID where id is "".
func (s *cutting) request(call cutCall, id string, body []byte) []byte {
	var b bytes.Buffer
	path := call.path
	if call.method == http.MethodDelete {
		path, body = path+string(body), nil
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nUser-Agent: Tests/1.0\r\n", call.method, path, s.host)
	fmt.Fprintf(&b, "Authorization: Bearer %s\r\nPAC-Application-ID: %s\r\nPAC-API-Key: %s\r\nPAC-Channel-Code: %s\r\n",
		s.accessToken, s.partner.Application, s.partner.APIKey, s.partner.Channel)
	if id != "" {
		fmt.Fprintf(&b, "Request-ID: %s\r\n", id)
	}
	fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return b.Bytes()
}

// An uncut answer is what came back when nothing cut the wire.
type uncut struct {
	status int
	header http.Header
	body   string
}

// again sends a request until it is answered.
func (s *cutting) again(request []byte) (uncut, error) {
	for {
		response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(exchange(s.t.Context(), s.host, request))), nil)
		if err != nil {
			return uncut{}, err
		}
		body, err := io.ReadAll(response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusServiceUnavailable {
			return uncut{response.StatusCode, response.Header, string(body)}, err
		}
		s.busy.Add(1)
	}
}

// judge sends a request twice more and compares what it is told with what got
// through before.
func (s *cutting) judge(id string, kept bool, request []byte, c cut, got []byte) {
	one, err := s.again(request)
	if err != nil {
		s.t.Errorf("%+v: the repeat: %v", c, err)
		return
	}
	two, err := s.again(request)
	if err != nil {
		s.t.Errorf("%+v: the second repeat: %v", c, err)
		return
	}
	if one.status != http.StatusOK || two.status != one.status || two.body != one.body {
		s.t.Errorf("%+v: answered %d %s\nand then %d %s", c, one.status, one.body, two.status, two.body)
	}
	head, body, _ := bytes.Cut(got, []byte("\r\n\r\n"))
	const statusLine, busyLine = "HTTP/1.1 200 OK", "HTTP/1.1 503 Service Unavailable"
	full := !c.toServer || c.after >= len(request) // the server had all of the request
	told := full && !strings.HasPrefix(statusLine, firstLine(head)) && strings.HasPrefix(busyLine, firstLine(head))
	if told {
		s.busy.Add(1)
	}
	if full && !told && (!strings.HasPrefix(one.body, string(body)) || !strings.HasPrefix(statusLine, firstLine(head))) {
		s.t.Errorf("%+v: at first %q came through, and then %s", c, got, one.body)
	}
	replayed := [2]bool{one.header.Get("Idempotent-Replayed") == "true", two.header.Get("Idempotent-Replayed") == "true"}
	for _, yes := range replayed {
		if yes {
			s.replays.Add(1)
		}
	}
	switch {
	case (id == "" || !kept) && (replayed[0] || replayed[1]):
		s.t.Errorf("%+v: a request without a name, or of a call without records, was answered from one", c)
	case id == "":
	case kept && (!replayed[1] || !full && replayed[0]):
		s.t.Errorf("%+v: the repeats were answered from the record: %v", c, replayed)
	case kept && !told && !c.toServer && !replayed[0]:
		s.unsure.Add(1)
	case one.header.Get("Request-ID") != id:
		s.t.Errorf("%+v: the repeat of %s says Request-ID %s", c, id, one.header.Get("Request-ID"))
	}
}

func firstLine(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\r"))
	return string(line)
}

// check wants one order, one sale and one barcode for each ticket that was sold,
// one page for each that was printed, one transfer for each that was given, and one lock and one unlock for the others.
func (s *cutting) check(db string) {
	s.t.Helper()
	books := look(s.t, db)
	type count struct{ orders, sales, pages, transfers, locks, unlocks int }
	counts := map[string]count{}
	query(s.t, books, func(scan func(...any) error) error {
		var token string
		var c count
		err := scan(&token, &c.orders, &c.sales, &c.pages, &c.transfers, &c.locks, &c.unlocks)
		counts[token] = c
		return err
	}, `
SELECT t.token, (SELECT COUNT(*) FROM orders WHERE key = $1 || t.token),
	(SELECT COUNT(*) FROM journal AS j WHERE j.subject = t.token AND j.what = 'sale'),
	(SELECT COUNT(*) FROM document AS d WHERE d.token = t.token),
	(SELECT COUNT(*) FROM transfer AS g WHERE g.tokens LIKE '%"' || t.token || '"%'),
	(SELECT COUNT(*) FROM journal AS j WHERE j.subject = t.token AND j.what = 'lock'),
	(SELECT COUNT(*) FROM journal AS j WHERE j.subject = t.token AND j.what = 'unlock')
FROM ticket AS t`, cutChannel+"/"+orderOf(""))
	for i, token := range s.tokens {
		want := count{}
		if i < s.sold {
			want.orders, want.sales, want.locks = 1, 1, 1
		}
		if i < s.printed {
			want.pages = 1
		}
		if i < s.given {
			want.transfers = 1
		}
		if i >= len(s.tokens)-s.locked {
			want.locks = 1
		}
		if i >= len(s.tokens)-s.unlocked {
			want.unlocks = 1
		}
		if counts[token] != want {
			s.t.Errorf("ticket %s has %+v; want %+v", token, counts[token], want)
		}
	}
}
