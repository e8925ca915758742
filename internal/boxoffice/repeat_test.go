package boxoffice_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// saleWords are what a partner is told of a sale.
func saleWords(sale boxoffice.Sale) []byte {
	if sale.Status == boxoffice.OrderFailed {
		return nil
	}
	return fmt.Appendf(nil, "%s %s %d, refused %s", sale.Status, sale.Process, sale.Paid, refusals(sale.Refused))
}

func printWords(printing boxoffice.Printing) []byte {
	if len(printing.Done) == 0 {
		return nil
	}
	return fmt.Appendf(nil, "%v, refused %s", printing.Done, refusals(printing.Refused))
}

// A sent request is a cart with what makes its repeats known, and who sends it.
type sent struct {
	path, requestID, key, asked string
	who                         access.Principal
	cart                        boxoffice.Cart
}

// first is the request that the tests repeat.
func first() sent {
	return sent{path: "/sell", requestID: "request-1", asked: "O-1 A B", who: caller("ours"), cart: cartOf("O-1: A", "O-2: X")}
}

// buy sends a request and returns what is said to it, and whether it was
// said before.
func (d *desk) buy(s sent) (said string, again bool, err error) {
	d.t.Helper()
	s.cart.Repeat = boxoffice.Repeat[boxoffice.Sale]{
		Path: s.path, RequestID: s.requestID, IdempotencyKey: s.key, Asked: s.asked, Words: saleWords,
	}
	sale, err := d.Complete(d.t.Context(), s.who, s.cart)
	if replay, ok := errors.AsType[*boxoffice.Replay](err); ok {
		return string(replay.Words), true, nil
	}
	return string(saleWords(sale)), false, err
}

// A request is answered from the record when it is the same one, and only then.
func TestARequestSentAgainIsAnsweredAsItWas(t *testing.T) {
	byKey := func(s *sent) { s.requestID, s.key = "", "key-1" }
	both := func(s *sent) { s.key = "key-1" }
	tests := []struct {
		name   string
		first  func(*sent)
		second func(*sent)
		later  time.Duration
		again  bool
		reason error
	}{
		{"the same request", nil, nil, 0, true, nil},
		{"the same request in its last microsecond", nil, nil, boxoffice.AnswersFor - time.Microsecond, true, nil},
		{"the same request after seven days", nil, nil, boxoffice.AnswersFor, false, nil},
		{"another content under its Request-ID", nil, func(s *sent) { s.asked = "O-1 A" }, 0, false, nil},
		{"another Request-ID", nil, func(s *sent) { s.requestID = "request-2" }, 0, false, nil},
		{"no Request-ID", nil, func(s *sent) { s.requestID = "" }, 0, false, nil},
		{"another path", nil, func(s *sent) { s.path = "/sell/again" }, 0, false, nil},
		{"another application", nil, func(s *sent) { s.who.Application = "com.example.other" }, 0, false, nil},
		{"another channel of the application", nil, func(s *sent) { s.who.Channel = "theirs" }, 0, false, nil},
		{"a key that is its Request-ID", nil, func(s *sent) { s.key, s.requestID = s.requestID, "" }, 0, false, nil},

		{"the same key", byKey, byKey, 0, true, nil},
		{"the same key with another Request-ID", both, func(s *sent) { s.key, s.requestID = "key-1", "request-2" }, 0, true, nil},
		{"another key with the same Request-ID", both, func(s *sent) { s.key = "key-2" }, 0, true, nil},
		{"the same key with another content", byKey, func(s *sent) { byKey(s); s.asked = "O-1 A" }, 0, false, fault.IdempotencyKeyReused},
		{"the same key with another content after seven days", byKey, func(s *sent) { byKey(s); s.asked = "O-1 A" }, boxoffice.AnswersFor, false, nil},
		{"the same key of another channel", byKey, func(s *sent) { byKey(s); s.who.Channel = "theirs" }, 0, false, fault.IdempotencyKeyReused},
		{"the same key on another path", byKey, func(s *sent) { byKey(s); s.path = "/sell/again" }, 0, false, nil},
		{"the same key of another application", byKey, func(s *sent) { byKey(s); s.who.Application = "com.example.other" }, 0, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, ours("A"))
			one, two := first(), first()
			for _, change := range []struct {
				of *sent
				by func(*sent)
			}{{&one, tt.first}, {&two, tt.second}} {
				if change.by != nil {
					change.by(change.of)
				}
			}
			before, again, err := d.buy(one)
			if err != nil || again || !strings.HasPrefix(before, "COMPLETE ") || !strings.HasSuffix(before, " 5000, refused O-2 X TOKEN_NOT_FOUND") {
				t.Fatalf("the first time: %q, %v, %v; want half a sale", before, again, err)
			}
			d.tickets["X"] = ours("X") // what was refused could be sold by now
			d.now = d.now.Add(tt.later)
			after, again, err := d.buy(two)
			if !errors.Is(err, tt.reason) || again != tt.again {
				t.Fatalf("the second time: %q, %v, %v; want %v, %v", after, again, err, tt.again, tt.reason)
			}
			if changed := !d.last.Empty(); again && (after != before || changed) {
				t.Errorf("the second time: %q, changed %v; want %q and nothing done", after, changed, before)
			}
			if tt.reason == nil && !again && after == before {
				t.Errorf("the second time nothing was tried: %q", after)
			}
		})
	}
}

// Ensure a request that nothing came of is tried again, and one without a name
// leaves no record.
func TestWhatDidNothingLeavesNoRecord(t *testing.T) {
	d := newDesk(t)
	s := first()
	s.key = "key-1"
	if said, again, err := d.buy(s); said != "" || again || err != nil || len(d.answers) > 0 {
		t.Fatalf("with nothing to sell: %q, %v, %v and %d records; want none", said, again, err, len(d.answers))
	}
	d.tickets["A"] = at(abroad, ours("A"))
	d.tickets["X"] = ours("X")
	if _, _, err := d.buy(s); !errors.Is(err, fault.CartMixed) || len(d.answers) > 0 {
		t.Fatalf("a mixed cart: %v and %d records; want a refusal and none", err, len(d.answers))
	}
	d.tickets["A"] = ours("A")
	s.asked = "now another request" // for the key was never used
	if said, again, err := d.buy(s); said == "" || again || err != nil || len(d.answers) != 2 {
		t.Errorf("tried again: %q, %v, %v and %d records; want a sale and two, for its two names", said, again, err, len(d.answers))
	}

	d = newDesk(t, ours("A"))
	s.requestID, s.key = "", ""
	if said, _, err := d.buy(s); said == "" || err != nil || len(d.answers) > 0 {
		t.Errorf("without a name: %q, %v and %d records; want a sale and none", said, err, len(d.answers))
	}
}

func TestAPrintSentAgainIsAnsweredAsItWas(t *testing.T) {
	d := newDesk(t, ours("A"), ours("B"))
	if _, err := d.Complete(t.Context(), caller("ours"), cartOf("O-1: A", "O-2: B")); err != nil {
		t.Fatal(err)
	}
	req := boxoffice.PrintRequest{ExternalOrderID: "O-1", Tokens: []boxoffice.Token{"A", "B"}}
	req.Repeat = boxoffice.Repeat[boxoffice.Printing]{Path: "/print", RequestID: "request-1", Asked: "A B", Words: printWords}
	got, err := d.Print(t.Context(), caller("ours"), req)
	if err != nil || len(got.Done) != 1 {
		t.Fatalf("Print = %+v, %v; want one of two", got, err)
	}
	sold := d.tickets["A"] // the page of a ticket that was sold on is not for its seller's partner any more
	sold.Owner, sold.Owned, sold.Version = "12", 4, 4
	d.tickets["A"] = sold
	_, err = d.Print(t.Context(), caller("ours"), req)
	replay, ok := errors.AsType[*boxoffice.Replay](err)
	if !ok || !bytes.Equal(replay.Words, printWords(got)) || !d.last.Empty() {
		t.Errorf("Print again: %v; want a replay of %q and nothing done", err, printWords(got))
	}
	req.Repeat.RequestID = "request-2"
	if got, err := d.Print(t.Context(), caller("ours"), req); err != nil || len(got.Done) != 0 || len(d.answers) != 1 {
		t.Errorf("another Print = %+v, %v; want it refused", got, err)
	}
}

// doing is a store that does something in the middle of an act's life.
type doing struct {
	boxoffice.Store
	first func()
}

func (s doing) Do(ctx context.Context, act boxoffice.Act) error {
	s.first()
	return s.Store.Do(ctx, act)
}

// While a request with an Idempotency-Key is under way another one with it is
// refused, whatever it asks; other keys, and the same key of somebody else, go on.
func TestAnIdempotencyKeyIsInUseUntilItsRequestIsAnswered(t *testing.T) {
	d := newDesk(t, ours("A"))
	s := first()
	s.key = "key-1"
	inside := map[string]error{}
	depth := 0
	d.Office = boxoffice.NewOffice(doing{d, func() {
		if depth++; depth > 1 {
			return
		}
		for name, change := range map[string]func(*sent){
			"the same": func(*sent) {}, "another content": func(s *sent) { s.asked = "other" },
			"another key": func(s *sent) { s.key = "key-2" }, "no key": func(s *sent) { s.key = "" },
			"another application": func(s *sent) { s.who.Application = "com.example.other" }, "another path": func(s *sent) { s.path = "/other" },
		} {
			twin := s
			twin.cart = cartOf("O-9: Y") // it changes nothing
			change(&twin)
			_, _, inside[name] = d.buy(twin)
		}
	}}, keyer{}, pages{})
	if _, _, err := d.buy(s); err != nil {
		t.Fatalf("the first: %v", err)
	}
	for name, err := range inside {
		want := error(nil)
		if name == "the same" || name == "another content" {
			want = fault.IdempotencyKeyInUse
		}
		if !errors.Is(err, want) {
			t.Errorf("%s while the first was under way: %v; want %v", name, err, want)
		}
	}
	if _, again, err := d.buy(s); err != nil || !again {
		t.Errorf("afterwards: %v, %v; want the answer again", again, err)
	}
}
