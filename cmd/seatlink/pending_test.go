package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/storetest"
)

// A sold answer is that of calls 6 and 7.
type sold struct {
	ProcessID, Status string
	Paid              json.Number
	Offers            []struct{ Event struct{ Seats []seat } }
	Transactions      []object
	Error             struct{ AppErrorCode string }
	Errors            []failed
}

// sell asks for a cart and fails the test unless the answer has this status.
func (c *caller) sell(tb testing.TB, status int, cart []byte) (answer sold) {
	tb.Helper()
	c.want(tb, status, "POST", "/v1/cart/complete-order", json.RawMessage(cart), &answer)
	return answer
}

// A vigil polls processes, and sees that none ever goes back.
type vigil struct {
	caller *caller
	seen   map[string]string // of each process the last status
}

// poll asks for every process once and returns how many are decided.
func (w *vigil) poll(tb testing.TB) (decided int) {
	tb.Helper()
	for process, last := range w.seen {
		var answer sold
		w.caller.want(tb, 200, "GET", "/v1/cart/complete-order/"+process, nil, &answer)
		if last != "PENDING" && answer.Status != last {
			tb.Fatalf("process %s was %s and is %s", process, last, answer.Status)
		}
		if w.seen[process] = answer.Status; answer.Status != "PENDING" {
			decided++
		}
	}
	return decided
}

// await polls until so many processes are decided.
func (w *vigil) await(tb testing.TB, decided int) {
	tb.Helper()
	const often = 20 * time.Millisecond
	tick := time.NewTicker(often)
	defer tick.Stop()
	late := time.After(patience)
	for w.poll(tb) < decided {
		select {
		case <-tick.C:
		case <-late:
			tb.Fatalf("after %v fewer than %d of these are decided: %v", patience, decided, w.seen)
		}
	}
}

// What waits is decided, as it was to be and once, whenever the process is killed.
func TestPendingOrdersOutliveAKill(t *testing.T) {
	const orders = 12
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			key, callers := furnish(t, db, "waiting")
			c, tokens := callers[0], freeTokens(t, db)[:2*orders]
			before := barcodes(t, db)
			p, url := serve(t, db, key, "--sandbox")
			c.url = url
			c.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", tokens)), nil)
			w := &vigil{caller: c, seen: map[string]string{}}
			carts, processes := make([][]byte, len(tokens)), make([]string, len(tokens))
			for i, token := range tokens {
				id := fmt.Sprintf("%s-%d", []string{"PENDING", "ERROR"}[i%2], i)
				carts[i] = saleBody(id, "ada", []string{token})
				answer := c.sell(t, 200, carts[i])
				if answer.Status != "PENDING" || answer.ProcessID == "" {
					t.Fatalf("complete-order of %s = %+v; want it pending", id, answer)
				}
				processes[i], w.seen[answer.ProcessID] = answer.ProcessID, answer.Status
			}
			p.kill()

			p, c.url = serve(t, db, key, "--sandbox")
			c.want(t, 409, "PUT", "/v1/tickets/unlock", object{"tokens": tokens[len(tokens)-1:]}, nil)
			w.await(t, 1)
			p.kill()

			p, c.url = serve(t, db, key, "--sandbox")
			w.await(t, len(tokens))
			w.poll(t) // and nothing goes back
			after := barcodes(t, db)
			for i, token := range tokens {
				ended(t, c, i, token, processes[i], carts[i])
				if completes := i%2 == 0; (after[token] != before[token]) != completes {
					t.Errorf("ticket %s had barcode %s and has %s", token, before[token], after[token])
				}
			}
			p.stop()
			audit(t, db)
		})
	}
}

// ended looks at an order of the test above: the even ones are sold, the odd ones
// gave their lock back.
func ended(t *testing.T, c *caller, i int, token, process string, cart []byte) {
	t.Helper()
	var answer sold
	c.want(t, 200, "GET", "/v1/cart/complete-order/"+process, nil, &answer)
	page := object{"externalOrderId": fmt.Sprint("PENDING-", i), "tokens": []string{token}}
	if i%2 == 0 {
		if answer.Status != "COMPLETE" || answer.Paid != "104" || len(answer.Offers) != 1 || len(answer.Transactions) != 1 {
			t.Errorf("order %d ended as %+v; want it sold", i, answer)
		}
		if again := c.sell(t, 200, cart); !cmp.Equal(answer, again) {
			t.Errorf("order %d repeated = %+v; want %+v", i, again, answer)
		}
		c.want(t, 200, "POST", "/v1/tickets/print", page, nil)
		return
	}
	if answer.Status != "ERROR" || len(answer.Errors) != 1 || answer.Errors[0].AppErrorCode != "SANDBOX_REFUSED" {
		t.Errorf("order %d ended as %+v; want ERROR of the sandbox", i, answer)
	}
	if again := c.sell(t, 422, cart); !cmp.Equal(answer, again) {
		t.Errorf("order %d repeated = %+v; want %+v", i, again, answer)
	}
	page["externalOrderId"] = fmt.Sprint("ERROR-", i)
	c.want(t, 422, "POST", "/v1/tickets/print", page, nil)
	c.want(t, 200, "PUT", "/v1/tickets/unlock", object{"tokens": []string{token}}, nil)
	c.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-2", []string{token})), nil)
}

// A cart of which one order waits, one is refused and one is sold, and repeated.
func TestACartThatWaitsInPart(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			key, callers := furnish(t, db, "waiting")
			c, tokens := callers[0], freeTokens(t, db)
			p, url := serve(t, db, key, "--sandbox")
			c.url = url
			urls := []string{url}
			if database.name == "on PostgreSQL" {
				_, beside := serve(t, db, key, "--sandbox") // whichever process is asked
				urls = append(urls, beside)
			}
			waits, refused, sells := tokens[0], tokens[1], tokens[2]
			c.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", []string{waits, sells})), nil)
			cart := mixedCart("PENDING-1", waits, "O-2", refused, "O-3", sells)

			first := c.sell(t, 207, cart)
			if first.Status != "PENDING" || len(first.Offers) > 0 || len(first.Errors) != 1 || first.Errors[0].AppErrorCode != "TOKEN_NOT_LOCKED" {
				t.Fatalf("complete-order = %+v; want it pending, the second refused", first)
			}
			c.url = urls[len(urls)-1]
			again := c.sell(t, 207, cart)
			if again.Status == "PENDING" && !cmp.Equal(first, again) {
				t.Errorf("the cart repeated = %+v; want %+v", again, first)
			}
			c.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", []string{refused})), nil)
			if again = c.sell(t, 200, cart); again.ProcessID != first.ProcessID || len(again.Errors) > 0 {
				t.Errorf("the cart repeated = %+v; want nothing refused, under the first process", again)
			}

			w := &vigil{caller: c, seen: map[string]string{first.ProcessID: "PENDING"}}
			status, body, err := c.call(t.Context(), "GET", "/v1/cart/complete-order/"+first.ProcessID, requestID(), nil)
			if want := fmt.Sprintf(`{"processId":%q,"status":"PENDING"}`, first.ProcessID); err != nil || status != 200 ||
				bytes.Contains(body, []byte("PENDING")) && string(body) != want {
				t.Errorf("the status is %d %s, %v; want %s", status, body, err, want)
			}
			for _, c.url = range urls {
				w.await(t, 1)
			}
			var last sold
			c.want(t, 200, "GET", "/v1/cart/complete-order/"+first.ProcessID, nil, &last)
			if last.Status != "COMPLETE" || last.Paid != "312" || len(last.Offers) != 3 || len(last.Errors) > 0 {
				t.Errorf("the process ended as %+v; want all three sold", last)
			}
			if again = c.sell(t, 200, cart); !cmp.Equal(last, again) {
				t.Errorf("the cart repeated = %+v; want %+v", again, last)
			}
			p.stop()
			audit(t, db)
		})
	}
}

// mixedCart is a cart of orders of one ticket each, given as pairs.
func mixedCart(pairs ...string) []byte {
	var elements []string
	for i := 0; i < len(pairs); i += 2 {
		elements = append(elements, fmt.Sprintf(
			`{"externalListingId":"L-1","externalOrderId":%q,"tokens":[{"token":%q,"individualPrice":100,"individualFees":4}]}`, pairs[i], pairs[i+1]))
	}
	return fmt.Appendf(nil, `{"listing":[%s],"buyer":[{"firstName":"Ada","lastName":"Example","emailAddress":{"email":"ada@example.com"}}],`+
		`"settlement":[{"totalAmountPaid":%d,"amountToSeller":270}]}`, strings.Join(elements, ","), 104*len(elements))
}

// An address that the caller may not use is refused before anything is done.
func TestCallbacksGoOnlyWhereTheyMay(t *testing.T) {
	db := storetest.Postgres(t)
	key, callers := furnish(t, db, "waiting")
	c, token := callers[0], freeTokens(t, db)[0]
	p, url := serve(t, db, key)
	c.url = url
	c.want(t, 200, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", []string{token})), nil)
	cart := func(address string) object {
		var o object
		if err := json.Unmarshal(saleBody("O-1", "ada", []string{token}), &o); err != nil {
			t.Fatal(err)
		}
		o["settlement"].([]any)[0].(map[string]any)["asyncCallbackUrl"] = address
		return o
	}
	for _, address := range []string{"http://partner.example.com/", "https://10.0.0.1/", "https://pat@partner.example.com/", "https://localhost/"} {
		c.want(t, 400, "POST", "/v1/cart/complete-order", cart(address), nil)
	}
	c.want(t, 200, "POST", "/v1/cart/complete-order", cart("https://partner.example.com/"), nil) // its externalOrderId is not spent
	p.stop()
	audit(t, db)
}
