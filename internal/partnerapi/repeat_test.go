package partnerapi

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A rememberer is an office that answers its first request, and then gives that
// answer again.
type rememberer struct {
	officeFunc
	kept    *boxoffice.Replay
	sale    boxoffice.Repeat[boxoffice.Sale] // what it was last told of repeats
	printed boxoffice.Repeat[boxoffice.Printing]
}

func (o *rememberer) Complete(ctx context.Context, who access.Principal, cart boxoffice.Cart) (boxoffice.Sale, error) {
	o.sale = cart.Repeat
	return remember(o, cart.Repeat, func() (boxoffice.Sale, error) { return o.officeFunc.Complete(ctx, who, cart) })
}

func (o *rememberer) Print(ctx context.Context, who access.Principal, req boxoffice.PrintRequest) (boxoffice.Printing, error) {
	o.printed = req.Repeat
	return remember(o, req.Repeat, func() (boxoffice.Printing, error) { return o.officeFunc.Print(ctx, who, req) })
}

func remember[A any](o *rememberer, repeat boxoffice.Repeat[A], act func() (A, error)) (answer A, err error) {
	if o.kept != nil {
		return answer, o.kept
	}
	answer, err = act()
	if err == nil && repeat.Words != nil {
		if words := repeat.Words(answer); words != nil {
			o.kept = &boxoffice.Replay{Words: words}
		}
	}
	return answer, err
}

var (
	gone      = boxoffice.Refusal{Token: "A", ExternalOrderID: "O1", Reason: fault.TokenNotLocked}
	partSale  = boxoffice.Sale{Status: boxoffice.OrderComplete, Process: "p", Currency: "USD", Paid: 5025, Refused: []boxoffice.Refusal{gone}}
	wholeSale = boxoffice.Sale{Status: boxoffice.OrderComplete, Process: "p", Currency: "USD", Paid: 5025}
	noSale    = boxoffice.Sale{Status: boxoffice.OrderFailed, Refused: []boxoffice.Refusal{gone}}
	unsold    = boxoffice.Refusal{Token: "A", Reason: fault.OrderNotComplete}
	printing  = boxoffice.Printing{Done: []boxoffice.Printed{{Token: "A", Owner: "1", URL: "https://tickets.example.com/t/<&>"}}}
)

// An answer that is given again is the same, byte by byte, and says that it is.
func TestAnAnswerIsGivenAgainAsItWas(t *testing.T) {
	const orders, prints = "/v1/cart/complete-order", "/v1/tickets/print"
	for _, tt := range []struct {
		name, path, body string
		answer           any
		status           int
	}{
		{"a sale", orders, completeBody, wholeSale, 200},
		{"half a sale", orders, completeBody, partSale, 207},
		{"a sale of which the office was not asked for all", orders, strings.Replace(completeBody, `"B"`, `"B\u00e9"`, 1), wholeSale, 207},
		{"no sale", orders, completeBody, noSale, 422},
		{"a print", prints, printBody, printing, 200},
		{"half a print", prints, strings.Replace(printBody, `"B"`, `"B\u00e9"`, 1), printing, 207},
		{"no print", prints, printBody, boxoffice.Printing{Refused: []boxoffice.Refusal{unsold}}, 422},
	} {
		t.Run(tt.name, func(t *testing.T) {
			office := &rememberer{officeFunc: answers(tt.answer, nil)}
			first := do(office, request("POST", tt.path, tt.body))
			second := do(office, request("POST", tt.path, tt.body))
			if first.Code != tt.status || second.Code != tt.status || first.Body.String() != second.Body.String() {
				t.Errorf("answered %d %s\nand then %d %s\nwant %d twice", first.Code, first.Body, second.Code, second.Body, tt.status)
			}
			want := first.Header().Clone()
			if tt.status < 400 {
				want.Set("Idempotent-Replayed", "true")
			}
			if diff := cmp.Diff(want, second.Header()); diff != "" {
				t.Errorf("the headers of the second answer (-want +got):\n%s", diff)
			}
			if kept := office.kept != nil; kept != (tt.status < 400) {
				t.Errorf("kept = %v after %d", kept, tt.status)
			}
		})
	}
}

// What names a request: a Request-ID that is a UUID of version 4, and an
// Idempotency-Key in either form.
func TestWhatNamesARequest(t *testing.T) {
	const id = "8f14e45f-ceea-467f-a0e6-8e1d1c1d0a11"
	long := strings.Repeat("k", 128)
	type names struct{ requestID, key string }
	for _, tt := range []struct {
		name, header, value string
		want                names
	}{
		{"a UUID of version 4", "Request-ID", id, names{id, ""}},
		{"one in capitals", "Request-ID", strings.ToUpper(id), names{id, ""}},
		{"a UUID of version 1", "Request-ID", "8f14e45f-ceea-167f-a0e6-8e1d1c1d0a11", names{}},
		{"a UUID of no variant of ours", "Request-ID", "8f14e45f-ceea-467f-c0e6-8e1d1c1d0a11", names{}},
		{"a UUID in braces", "Request-ID", "{" + id + "}", names{}},
		{"a UUID without hyphens", "Request-ID", strings.ReplaceAll(id, "-", ""), names{}},
		{"a constant", "Request-ID", "MyApplication", names{}},
		{"none", "Request-ID", "", names{}},

		{"a plain key", "Idempotency-Key", "order-17:a/b=", names{id, "order-17:a/b="}},
		{"a string of RFC 8941", "Idempotency-Key", `"order 17; a, b"`, names{id, "order 17; a, b"}},
		{"one with escapes", "Idempotency-Key", `"a\"b\\c"`, names{id, `a"b\c`}},
		{"one of 128 characters", "Idempotency-Key", long, names{id, long}},
		{"one of 128 characters in quotes", "Idempotency-Key", `"` + long + `"`, names{id, long}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			office := &rememberer{officeFunc: answers(wholeSale, nil)}
			r := request("POST", "/v1/cart/complete-order", completeBody)
			r.Header.Set(tt.header, tt.value)
			w := do(office, r)
			if got := (names{office.sale.RequestID, office.sale.IdempotencyKey}); w.Code != 200 || got != tt.want {
				t.Errorf("%d, named %+v; want %+v", w.Code, got, tt.want)
			}
		})
	}
}

func TestAnIdempotencyKeyThatIsNone(t *testing.T) {
	for _, value := range []string{
		"", `""`, `"`, "two words", "a,b", `a"b`, `"a`, `"a"b`, `"a";p=1`, `"a\b"`, `"a\`, "k\u00e9y", `"k\u00e9"` + "\x7f",
		strings.Repeat("k", 129), `"` + strings.Repeat("k", 129) + `"`,
	} {
		for _, path := range []string{"/v1/cart/complete-order", "/v1/tickets/print"} {
			r := request("POST", path, "{")
			r.Header.Set("Idempotency-Key", value)
			if w := do(closed(t), r); w.Code != 400 || !strings.Contains(w.Body.String(), "IDEMPOTENCY_KEY_INVALID") {
				t.Errorf("%s with the key %q: %d %s; want 400 IDEMPOTENCY_KEY_INVALID", path, value, w.Code, w.Body)
			}
		}
		r := request("PUT", "/v1/tickets/unlock", unlockBody)
		r.Header.Set("Idempotency-Key", value)
		if w := do(answers(boxoffice.Unlocking{}, nil), r); w.Code != 200 {
			t.Errorf("unlock, which has no use for it, with the key %q: %d %s; want 200", value, w.Code, w.Body)
		}
	}
	r := request("POST", "/v1/tickets/print", printBody)
	r.Header["Idempotency-Key"] = []string{"a", "a"}
	if w := do(closed(t), r); w.Code != 400 {
		t.Errorf("two keys: %d %s; want 400", w.Code, w.Body)
	}
}

func TestAnIdempotencyKeyThatIsRefused(t *testing.T) {
	for _, tt := range []struct {
		reason     error
		status     int
		retryAfter string
	}{{fault.IdempotencyKeyReused, 422, ""}, {fault.IdempotencyKeyInUse, 409, "1"}} {
		r := request("POST", "/v1/cart/complete-order", completeBody)
		r.Header.Set("Idempotency-Key", "key")
		w := do(answers(boxoffice.Sale{}, tt.reason), r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), fault.Of(tt.reason).Code) || w.Header().Get("Retry-After") != tt.retryAfter {
			t.Errorf("%v: %d %v %s; want %d", tt.reason, w.Code, w.Header(), w.Body, tt.status)
		}
	}
}

// Path, query and body make a request what it is; its method does not, nor does
// the way its body is written.
func TestWhatMakesTwoRequestsTheSame(t *testing.T) {
	type asked struct{ path, asked string }
	of := func(method, target, body string) asked {
		office := &rememberer{officeFunc: answers(printing, nil)}
		w := do(office, request(method, target, body))
		if w.Code != 200 || office.printed.Asked == "" {
			t.Fatalf("%s %s %s: %d %s", method, target, body, w.Code, w.Body)
		}
		return asked{office.printed.Path, office.printed.Asked}
	}
	const path = "/v1/tickets/print"
	first := of("POST", path, printBody)
	for _, tt := range []struct {
		name, method, target, body string
		same                       bool
	}{
		{"the same", "POST", path, printBody, true},
		{"the other method", "PUT", path, printBody, true},
		{"with white space", "POST", path, " {\n\t\"externalOrderId\" : \"O1\", \"tokens\" : [ \"A\" , \"B\" ] } ", true},
		{"in another order", "POST", path, `{"tokens":["A","B"],"externalOrderId":"O1"}`, true},
		{"in another case", "POST", path, `{"ExternalOrderID":"O1","TOKENS":["A","B"]}`, true},
		{"with escapes", "POST", path, `{"externalOrder\u0049d":"\u004f1","tokens":["A","B"]}`, true},
		{"with what is null", "POST", path, `{"externalOrderId":"O1","tokens":["A","B"],"x":null}`, true},
		{"with what is not known", "POST", path, `{"externalOrderId":"O1","tokens":["A","B"],"x":1}`, false},
		{"with a query", "POST", path + "?x=1", printBody, false},
		{"of other tokens", "POST", path, `{"externalOrderId":"O1","tokens":["A"]}`, false},
		{"of tokens in another order", "POST", path, `{"externalOrderId":"O1","tokens":["B","A"]}`, false},
		{"of another order", "POST", path, `{"externalOrderId":"O2","tokens":["A","B"]}`, false},
		{"of an order in another case", "POST", path, `{"externalOrderId":"o1","tokens":["A","B"]}`, false},
	} {
		if got := of(tt.method, tt.target, tt.body); got.path != path || (got == first) != tt.same {
			t.Errorf("%s: %+v, and the first %+v; want the same: %v", tt.name, got, first, tt.same)
		}
	}
}

// A node is a JSON value as its reader sees it.
type node struct {
	scalar string // as it is written, but for strings
	text   string // of a string
	list   []node
	fields map[string]node
}

func drawNode(t *rapid.T, depth int) node {
	kinds := []string{"string", "number", "word", "list", "object"}
	if depth == 0 {
		kinds = kinds[:3]
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "string":
		return node{scalar: `"`, text: rapid.StringN(0, 4, -1).Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(t, "text")}
	case "number":
		return node{scalar: rapid.SampledFrom([]string{"0", "-0", "1", "10", "1.0", "1e1", "0.1", "9007199254740993", "9007199254740992"}).Draw(t, "number")}
	case "word":
		return node{scalar: rapid.SampledFrom([]string{"true", "false"}).Draw(t, "word")}
	case "list":
		return node{list: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) node { return drawNode(t, depth-1) }), 0, 3).Draw(t, "list")}
	}
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "token", "ä", `q"`, "{", "long name"}), 0, 3, rapid.ID).Draw(t, "keys")
	fields := map[string]node{}
	for _, key := range keys {
		fields[key] = drawNode(t, depth-1)
	}
	return node{fields: fields}
}

// write writes a value in one of many ways.
func (n node) write(t *rapid.T) string {
	space := func() string { return rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "space") }
	quote := func(s string, key bool) string {
		var b strings.Builder
		for _, c := range s {
			switch {
			case key && 'a' <= c && c <= 'z' && rapid.Bool().Draw(t, "upper"):
				b.WriteRune(c - 'a' + 'A')
			case c < 0x10000 && rapid.Bool().Draw(t, "escape"), c == '"', c == '\\', c < ' ':
				fmt.Fprintf(&b, `\u%04x`, c)
			default:
				b.WriteRune(c)
			}
		}
		return `"` + b.String() + `"`
	}
	var parts []string
	opened, closed := "[", "]"
	switch {
	case n.scalar == `"`:
		return space() + quote(n.text, false) + space()
	case n.scalar != "":
		return space() + n.scalar + space()
	case n.fields != nil:
		opened, closed = "{", "}"
		for key, value := range n.fields { // in any order
			parts = append(parts, space()+quote(key, true)+space()+":"+value.write(t))
		}
		if rapid.Bool().Draw(t, "null") {
			parts = append(parts, `"absent":null`)
		}
	default:
		for _, value := range n.list {
			parts = append(parts, value.write(t))
		}
	}
	return space() + opened + strings.Join(parts, ",") + space() + closed + space()
}

// Two bodies have one canonical form if and only if they say the same.
func TestCanonicalForm(t *testing.T) {
	form := func(t *rapid.T, text string) string {
		body := []byte(text)
		var fields map[string]any
		if err := decode(body, &fields); err != nil {
			t.Fatalf("decode(%s): %v", text, err)
		}
		return string(canonical(body))
	}
	object := rapid.Custom(func(t *rapid.T) node {
		return node{fields: map[string]node{"body": drawNode(t, 3)}}
	})
	rapid.Check(t, func(t *rapid.T) {
		one, two := object.Draw(t, "one"), object.Draw(t, "two")
		a, b, c := one.write(t), one.write(t), two.write(t)
		if form(t, a) != form(t, b) {
			t.Errorf("%s\nis %s\n%s\nis %s", a, form(t, a), b, form(t, b))
		}
		if same := cmp.Equal(one, two, cmp.AllowUnexported(node{})); same != (form(t, a) == form(t, c)) {
			t.Errorf("%s\nis %s\n%s\nis %s", a, form(t, a), c, form(t, c))
		}
	})
}

// An answer that cannot be written is no answer: the act that gives it panics,
// and does nothing.
func TestWordsThatCannotBeWritten(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("words of what is no JSON were kept")
		}
	}()
	words(http.StatusOK, map[string]any{"x": "\xff", "y": func() {}})
}

// A record that cannot be read is our failure.
func TestARecordThatCannotBeRead(t *testing.T) {
	office := answers(boxoffice.Sale{}, &boxoffice.Replay{Words: []byte("no status")})
	w := httptest.NewRecorder()
	New(office, fakeDesk{}, Options{}).ServeHTTP(w, request("POST", "/v1/cart/complete-order", completeBody))
	if w.Code != 500 || w.Header().Get("Idempotent-Replayed") != "" {
		t.Errorf("%d %v %s; want 500", w.Code, w.Header(), w.Body)
	}
}
