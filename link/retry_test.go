package link_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/link"
)

const busy = `{"error":{"type":"UNAVAILABLE","developerMessage":"the server is too busy; nothing was done","appErrorCode":"UNAVAILABLE"}}`

// A flaky server fails some times, and notes what it was sent and when.
type flaky struct {
	fails int
	fail  hitch
	good  string // the sample that it answers with at last
	sent  []string
	at    []time.Time
}

func (f *flaky) answer(tb testing.TB) server {
	tb.Helper()
	return func(r *http.Request) (*http.Response, error) {
		var body []byte
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
		}
		f.sent = append(f.sent, fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("Request-ID"), body))
		f.at = append(f.at, time.Now())
		if len(f.sent) <= f.fails {
			return f.fail.answer(r)
		}
		return reply(r, 200, string(read(tb, f.good))), nil
	}
}

// A hitch is how a request goes wrong: by an answer, by none, or by one that ends
// before its end.
type hitch struct {
	status int
	body   string
	after  string // Retry-After
	torn   bool
}

func (h hitch) answer(r *http.Request) (*http.Response, error) {
	w := reply(r, h.status, h.body)
	switch {
	case h.torn:
		w.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"success":[`), errorReader{io.ErrUnexpectedEOF}))
	case h.status == 0:
		return nil, io.ErrUnexpectedEOF
	case h.after != "":
		w.Header.Set("Retry-After", h.after)
	}
	return w, nil
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

// calls are all calls of the client that send a request of their own.
var calls = []struct {
	name, good string
	do         func(context.Context, *link.Client) error
}{
	{"Events", "catalog-events.200.json", func(ctx context.Context, c *link.Client) error {
		_, err := c.Events(ctx, 999, link.EventQuery{From: "2023-05-20"})
		return err
	}},
	{"Listing", "listings.200.json", func(ctx context.Context, c *link.Client) error { _, err := c.Listing(ctx, "A3qnemZ"); return err }},
	{"Lock", "tickets-lock.200.json", func(ctx context.Context, c *link.Client) error { _, err := c.Lock(ctx, link.LockRequest{}); return err }},
	{"Unlock", "tickets-unlock.200.json", func(ctx context.Context, c *link.Client) error { _, err := c.Unlock(ctx, "A"); return err }},
	{"Complete", "cart-complete-order.200.json", func(ctx context.Context, c *link.Client) error {
		_, err := c.Complete(ctx, link.CompleteRequest{})
		return err
	}},
	{"Order", "cart-complete-order-status.200.json", func(ctx context.Context, c *link.Client) error { _, err := c.Order(ctx, "p"); return err }},
	{"Verify", "tickets-verify.200.json", func(ctx context.Context, c *link.Client) error { _, err := c.Verify(ctx); return err }},
	{"Print", "tickets-print.200.json", func(ctx context.Context, c *link.Client) error {
		_, err := c.Print(ctx, link.PrintRequest{})
		return err
	}},
	{"Transfer", "tickets-transfer.200.json", func(ctx context.Context, c *link.Client) error {
		_, err := c.Transfer(ctx, link.TransferRequest{})
		return err
	}},
	{"HandOver", "tickets-transfer-complete.200.json", func(ctx context.Context, c *link.Client) error {
		_, err := c.HandOver(ctx, link.HandOverRequest{})
		return err
	}},
	{"HandedOver", "tickets-transfer-complete.200.json", func(ctx context.Context, c *link.Client) error { _, err := c.HandedOver(ctx, "p"); return err }},
	{"TransferV2", "tickets-transfer.200.json", func(ctx context.Context, c *link.Client) error {
		_, err := c.TransferV2(ctx, link.TransferRequest{})
		return err
	}},
	{"TransferProcess", "tickets-transfer-v2-status.200.json", func(ctx context.Context, c *link.Client) error {
		_, err := c.TransferProcess(ctx, "p")
		return err
	}},
	{"Cancel", "tickets-transfer-cancel.200.json", func(ctx context.Context, c *link.Client) error {
		_, err := c.Cancel(ctx, link.CancelRequest{ConfirmationCd: "1-A:1"})
		return err
	}},
	{"History", "tickets-transfer-history.200.json", func(ctx context.Context, c *link.Client) error { _, err := c.History(ctx, "1-A:1"); return err }},
	{"Accept", "tickets-transfer-accept.200.json", func(ctx context.Context, c *link.Client) error {
		_, err := c.Accept(ctx, link.AcceptRequest{TransferID: "t"})
		return err
	}},
}

// Whatever a call does, its repeats are the same to the letter and under one
// Request-ID: so they have its effect once.
func TestEveryCallIsRepeatedToTheLetter(t *testing.T) {
	for _, call := range calls {
		for name, fail := range map[string]hitch{
			"a lost connection": {}, "a torn answer": {status: 200, torn: true}, "503": {status: 503, body: busy, after: "1"}, "429": {status: 429, body: "{}"},
			"502 of a proxy": {status: 502, body: "<html>"}, "504 of a proxy": {status: 504},
		} {
			t.Run(call.name+" after "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &flaky{fails: 3, fail: fail, good: call.good}
					if err := call.do(t.Context(), begin(t, options(entered(t), f.answer(t)))); err != nil || len(f.sent) != 4 {
						t.Fatalf("after %d tries: %v; want success at the fourth", len(f.sent), err)
					}
					if same := slices.Compact(slices.Clone(f.sent)); len(same) != 1 {
						t.Errorf("the tries differ:\n%s", strings.Join(same, "\n"))
					}
				})
			})
		}
	}
}

// Two requests are two: none is taken for a repeat of the other.
func TestEveryRequestHasItsOwnID(t *testing.T) {
	f := &flaky{good: "tickets-print.200.json"}
	client := begin(t, options(entered(t), f.answer(t)))
	for range 2 {
		if _, err := client.Print(t.Context(), link.PrintRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	if f.sent[0] == f.sent[1] {
		t.Errorf("two requests are both %s", f.sent[0])
	}
}

func TestWhatIsFinalIsNotRepeated(t *testing.T) {
	for _, tt := range []struct {
		status    int
		body      string
		undecided bool
	}{
		{400, string(read(t, "tickets-lock.400.field-required.json")), false},
		{401, string(read(t, "any-call.401.key-invalid.json")), false},
		{403, string(read(t, "any-call.403.json")), false},
		{409, string(read(t, "tickets-unlock.409.json")), false},
		{413, string(read(t, "any-call.413.json")), false},
		{422, string(read(t, "tickets-lock.422.json")), false},
		{500, string(read(t, "any-call.500.json")), true},
		{404, "<html>no such page</html>", false},
	} {
		f := &flaky{fails: 9, fail: hitch{status: tt.status, body: tt.body}}
		_, err := begin(t, options(entered(t), f.answer(t))).Lock(t.Context(), link.LockRequest{})
		if said := as[*link.Error](t, err); said.Status != tt.status || len(f.sent) != 1 || link.Undecided(err) != tt.undecided {
			t.Errorf("after %d tries: %v, undecided %v; want one, %d, %v", len(f.sent), err, link.Undecided(err), tt.status, tt.undecided)
		}
	}
}

func TestTriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{fails: 99, fail: hitch{}}
		_, err := begin(t, options(entered(t), f.answer(t))).Complete(t.Context(), link.CompleteRequest{RequestID: "0190c2e0-0000-4000-8000-000000000001"})
		none := as[*link.NoAnswerError](t, err)
		if len(f.sent) != 6 || !link.Undecided(err) || none.RequestID != "0190c2e0-0000-4000-8000-000000000001" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d tries: %v; want six, and that it is open what became of %s", len(f.sent), err, none.RequestID)
		}
		f = &flaky{fails: 99, fail: hitch{status: 503, body: busy, after: "2"}}
		_, err = begin(t, options(entered(t), f.answer(t))).Complete(t.Context(), link.CompleteRequest{})
		if said := as[*link.Error](t, err); len(f.sent) != 6 || link.Undecided(err) || said.RetryAfter != 2*time.Second || said.Code != link.CodeUnavailable {
			t.Errorf("after %d tries: %v; want six, and that nothing was done", len(f.sent), err)
		}
		f = &flaky{fails: 99, fail: hitch{status: 503, body: string(read(t, "any-call.503.retry-same-request.json"))}}
		o := options(entered(t), f.answer(t))
		o.Retries.Times = -1
		if _, err = begin(t, o).Complete(t.Context(), link.CompleteRequest{}); len(f.sent) != 1 || !link.Undecided(err) {
			t.Errorf("without retries, after %d tries: %v; want one, undecided", len(f.sent), err)
		}
	})
}

// What a try leaves open stays open until an answer settles it: a later try that is
// told that nothing was done speaks of itself alone.
func TestALaterRefusalDoesNotSettleWhatATryLeftOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost, torn := hitch{}, hitch{status: 200, torn: true}
		for _, tt := range []struct {
			name      string
			tries     []hitch
			undecided bool
			settled   bool
		}{
			{"too busy alone", []hitch{{status: 503, body: busy}}, false, false},
			{"no answer, then too busy", []hitch{lost, {status: 503, body: busy}}, true, false},
			{"half an answer, then too many", []hitch{torn, {status: 429, body: "{}"}}, true, false},
			{"a proxy's 502, then not let in", []hitch{{status: 502}, {status: 403, body: string(read(t, "any-call.403.json"))}}, true, false},
			{"no answer, then refused", []hitch{lost, {status: 422, body: string(read(t, "tickets-lock.422.json"))}}, false, true},
			{"no answer, then malformed", []hitch{lost, {status: 400, body: string(read(t, "tickets-lock.400.field-required.json"))}}, false, true},
		} {
			next := 0
			o := options(entered(t), func(r *http.Request) (*http.Response, error) {
				h := tt.tries[min(next, len(tt.tries)-1)]
				next++
				return h.answer(r)
			})
			_, err := begin(t, o).Complete(t.Context(), link.CompleteRequest{})
			if said := as[*link.Error](t, err); link.Undecided(err) != tt.undecided || link.Settled(err) != tt.settled {
				t.Errorf("%s: %v: undecided %v, settled %v; want %v, %v", tt.name, said, link.Undecided(err), link.Settled(err), tt.undecided, tt.settled)
			}
		}
	})
}

// The waits double, up to half of each is chance, and Retry-After is their least.
func TestWaitsGrowAndHonourRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{fails: 5, fail: hitch{}, good: "tickets-unlock.200.json"}
		client := begin(t, options(entered(t), f.answer(t)))
		if _, err := client.Unlock(t.Context(), "A"); err != nil {
			t.Fatal(err)
		}
		for i, most := 1, 200*time.Millisecond; i < len(f.at); i, most = i+1, 2*most {
			if waited := f.at[i].Sub(f.at[i-1]); waited < most/2 || waited > most {
				t.Errorf("wait %d was %v; want %v to %v", i, waited, most/2, most)
			}
		}
		for _, tt := range []struct {
			header string
			asked  time.Duration
		}{{time.Now().Add(time.Minute).UTC().Truncate(time.Second).Format(http.TimeFormat), 59 * time.Second}, {"30", 30 * time.Second}, {"nonsense", 0}, {"-5", 0}} {
			f := &flaky{fails: 1, fail: hitch{status: 429, body: "{}", after: tt.header}, good: "tickets-unlock.200.json"}
			start := time.Now()
			if _, err := begin(t, options(entered(t), f.answer(t))).Unlock(t.Context(), "A"); err != nil {
				t.Fatal(err)
			}
			if waited := f.at[1].Sub(start); waited < tt.asked || waited > tt.asked+2*time.Second {
				t.Errorf("Retry-After %q: waited %v", tt.header, waited)
			}
		}
	})
}

func TestNobodyWaitsInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		f := &flaky{fails: 99, fail: hitch{status: 503, body: busy, after: "10"}}
		_, err := begin(t, options(entered(t), f.answer(t))).Unlock(ctx, "A")
		if said := as[*link.Error](t, err); said.Status != 503 || len(f.sent) != 1 || time.Since(start) != 0 {
			t.Errorf("with 5 s left and 10 to wait: %d tries in %v, %v", len(f.sent), time.Since(start), err)
		}
		f = &flaky{fails: 99, fail: hitch{status: 429, body: "{}", after: "3600"}}
		_, err = begin(t, options(entered(t), f.answer(t))).Unlock(t.Context(), "A")
		if said := as[*link.Error](t, err); len(f.sent) != 1 || said.RetryAfter != time.Hour || time.Since(start) != 0 {
			t.Errorf("asked to wait an hour: %d tries in %v, %v", len(f.sent), time.Since(start), err)
		}
		waiting, stop := context.WithCancel(t.Context())
		f = &flaky{fails: 99, fail: hitch{status: 429, body: "{}", after: "60"}}
		time.AfterFunc(time.Second, stop)
		_, err = begin(t, options(entered(t), f.answer(t))).Unlock(waiting, "A")
		if said := as[*link.Error](t, err); said.Status != 429 || len(f.sent) != 1 || time.Since(start) != time.Second {
			t.Errorf("cancelled after a second: %d tries in %v, %v", len(f.sent), time.Since(start), err)
		}
	})
}

func TestAPendingTransferIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pending := hitch{status: 200, body: string(read(t, "tickets-transfer-complete.200.pending.json"))}
		f := &flaky{fails: 3, fail: pending, good: "tickets-transfer-complete.200.json"}
		over, err := begin(t, options(entered(t), f.answer(t))).AwaitHandOver(t.Context(), "d4e5f6")
		if err != nil || over.Status != link.Complete || len(over.Tickets) != 1 || len(f.sent) != 4 {
			t.Errorf("AwaitHandOver = %+v, %v after %d polls", over, err, len(f.sent))
		}
		f = &flaky{fails: 3, fail: pending, good: "tickets-transfer-v2-status.200.json"}
		process, err := begin(t, options(entered(t), f.answer(t))).AwaitTransfer(t.Context(), "d4e5f6")
		if err != nil || process.Status != link.Complete || process.TransferStatus != link.TransferPending || len(f.sent) != 4 {
			t.Errorf("AwaitTransfer = %+v, %v after %d polls", process, err, len(f.sent))
		}
		f = &flaky{good: "tickets-transfer.200.json"}
		process, err = begin(t, options(entered(t), f.answer(t))).TransferV2(t.Context(), link.TransferRequest{})
		if err != nil || process.Status != link.Complete || process.ProcessID != "" || process.TransferID == "" {
			t.Errorf("TransferV2 that was begun at once = %+v, %v", process, err)
		}
		f = &flaky{fails: 1, fail: hitch{status: 400, body: string(read(t, "tickets-transfer-complete.400.failed.json"))}}
		over, err = begin(t, options(entered(t), f.answer(t))).HandOver(t.Context(), link.HandOverRequest{})
		if err == nil || over.Status != link.Failed || over.ProcessID != "d4e5f6" || len(over.Errors) != 1 {
			t.Errorf("HandOver that had failed = %+v, %v", over, err)
		}
	})
}

func TestAnOrderIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{fails: 7, fail: hitch{status: 200, body: string(read(t, "cart-complete-order-status.200.json"))}, good: "cart-complete-order.200.json"}
		client := begin(t, options(entered(t), f.answer(t)))
		if sale, err := client.AwaitOrder(t.Context(), "d4e5f6"); err != nil || sale.Status != link.Complete || len(f.sent) != 8 {
			t.Errorf("AwaitOrder = %+v, %v after %d polls", sale, err, len(f.sent))
		}
		f.fails, f.sent = 99, nil
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if sale, err := client.AwaitOrder(ctx, "d4e5f6"); !errors.Is(err, context.DeadlineExceeded) || sale.Status != link.Pending || len(f.sent) > 8 {
			t.Errorf("AwaitOrder = %+v, %v after %d polls; want PENDING and the deadline", sale, err, len(f.sent))
		}
	})
}
