package operatorapi

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// What stands behind the door in production fits it.
var _ Orders = (*boxoffice.Office)(nil)

// A pile of orders, the oldest first, and what was judged.
type pile struct {
	orders   []boxoffice.Order
	callback *boxoffice.Callback
	fail     error

	by      access.Principal
	verdict boxoffice.Verdict
}

func (p *pile) UnderReview(_ context.Context, limit int) ([]boxoffice.Order, error) {
	return p.orders[:min(limit, len(p.orders))], p.fail
}

func (p *pile) Order(_ context.Context, key boxoffice.OrderKey) (boxoffice.Order, error) {
	i := slices.IndexFunc(p.orders, func(o boxoffice.Order) bool { return o.Key == key })
	if i < 0 {
		return boxoffice.Order{}, errors.Join(fault.OrderUnknown, p.fail)
	}
	return p.orders[i], p.fail
}

func (p *pile) Judge(ctx context.Context, by access.Principal, key boxoffice.OrderKey, approve bool, why string) (boxoffice.Order, error) {
	o, err := p.Order(ctx, key)
	if err == nil && o.State != boxoffice.OrderPending {
		err = fault.OrderDecided
	}
	if err != nil {
		return o, err
	}
	p.by, p.verdict = by, boxoffice.Verdict{Approved: approve, Why: why}
	o.State = boxoffice.OrderComplete
	o.Verdict = boxoffice.Verdict{Approved: approve, By: by.Application, Why: why, At: noon}
	if !approve {
		o.State = boxoffice.OrderFailed
		o.Refused = []boxoffice.Refusal{{Reason: fault.OrderRejected}}
	}
	return o, nil
}

func (p *pile) Callback(context.Context, boxoffice.ProcessID) (boxoffice.Callback, bool, error) {
	if p.callback == nil {
		return boxoffice.Callback{}, false, nil
	}
	return *p.callback, true, nil
}

var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

func waiting(id string) boxoffice.Order {
	return boxoffice.Order{
		Key: boxoffice.OrderKey{Channel: "first", ExternalOrderID: id}, Process: "P-1", Organization: 999, State: boxoffice.OrderPending,
		ExternalListingID: "L-1", Currency: "USD", Price: 200_00, Fees: 8_50, Settlement: boxoffice.Settled{Paid: 208_50, ToSeller: 180_00},
		Buyer: "3785222", Lines: []boxoffice.OrderLine{{Token: "T-1", Price: 200_00, Fees: 8_50, From: "17", To: "3785222"}},
		Wait: boxoffice.WaitReview, At: noon,
	}
}

func pileOf(orders ...boxoffice.Order) *pile { return &pile{orders: orders} }

// client walks through the door directly.
func (p *pile) client() *Client {
	return NewClient(Through(New(Work{Orders: p, Callbacks: p}, Options{})), "ada")
}

func TestOrdersUnderReviewAreShownOldestFirst(t *testing.T) {
	p := pileOf(waiting("O-1"), waiting("O-2"), waiting("O-3"))
	for _, tt := range []struct {
		limit int
		want  []string
		more  bool
	}{
		{1, []string{"first/O-1"}, true},
		{2, []string{"first/O-1", "first/O-2"}, true},
		{3, []string{"first/O-1", "first/O-2", "first/O-3"}, false},
		{MostOrders, []string{"first/O-1", "first/O-2", "first/O-3"}, false},
	} {
		list, err := p.client().UnderReview(t.Context(), tt.limit)
		var got []string
		for _, o := range list.Orders {
			got = append(got, o.Order)
		}
		if err != nil || !slices.Equal(got, tt.want) || list.More != tt.more {
			t.Errorf("UnderReview(%d) = %q, more %v, %v; want %q, more %v", tt.limit, got, list.More, err, tt.want, tt.more)
		}
	}
	for _, limit := range []int{0, -1, MostOrders + 1} {
		if _, err := p.client().UnderReview(t.Context(), limit); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("UnderReview(%d): %v; want that the limit is wrong", limit, err)
		}
	}
	if list, err := pileOf().client().UnderReview(t.Context(), 10); err != nil || list.Orders == nil || len(list.Orders) != 0 || list.More {
		t.Errorf("UnderReview of none = %+v, %v; want an empty list", list, err)
	}
}

func TestAnOrderIsShownWithItsStory(t *testing.T) {
	o := waiting("O/1 ü?&") // a partner may name it as it likes
	p := pileOf(o)
	p.callback = &boxoffice.Callback{URL: "https://hooks.example.com/?key=canary", State: boxoffice.CallbackOwed, Attempts: 3, Note: "5xx", At: noon}
	got, err := p.client().Order(t.Context(), o.Key.String())
	if err != nil {
		t.Fatal(err)
	}
	want := Order{
		Order: "first/O/1 ü?&", Status: "PENDING", WaitsFor: "review", Organization: 999, Process: "P-1", ExternalListingID: "L-1",
		At: "2026-05-20T12:00:00Z", Currency: "USD", Price: []byte("200"), Fees: []byte("8.5"), Paid: []byte("208.5"),
		Settlement: Settlement{TotalPaid: []byte("208.5"), ToSeller: []byte("180"), Reconciles: true}, Buyer: "3785222",
		Tickets:  []Ticket{{Token: "T-1", Price: []byte("200"), Fees: []byte("8.5"), From: "17"}},
		Callback: &Callback{State: "owed", Attempts: 3, Met: "5xx", At: "2026-05-20T12:00:00Z"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Order (-want +got):\n%s", diff)
	}
	if _, err := p.client().Order(t.Context(), "first/O-9"); !errors.Is(err, fault.OrderUnknown) {
		t.Errorf("Order of none: %v; want %v", err, fault.OrderUnknown)
	}
	for _, name := range []string{"", "O-1", "/O-1", "first/"} {
		if _, err := p.client().Order(t.Context(), name); !errors.Is(err, fault.FieldInvalid) || !strings.Contains(err.Error(), "CHANNEL/EXTERNAL-ORDER-ID") {
			t.Errorf("Order(%q): %v; want how orders are named", name, err)
		}
	}
}

func TestAVerdictHasANameAndAReason(t *testing.T) {
	p := pileOf(waiting("O-1"))
	got, err := p.client().Approve(t.Context(), "first/O-1", "")
	if err != nil || got.Status != "COMPLETE" || got.WaitsFor != "" || got.Verdict == nil || got.Verdict.By != "operator/ada" || !got.Verdict.Approved {
		t.Errorf("Approve = %+v, %v", got, err)
	}
	if p.by.Application != "operator/ada" || p.by.RequestID == "" || !p.verdict.Approved {
		t.Errorf("judged by %+v: %+v", p.by, p.verdict)
	}
	got, err = p.client().Reject(t.Context(), "first/O-1", "price is a typing error")
	if err != nil || got.Status != "ERROR" || len(got.Errors) != 1 || got.Errors[0].Code != fault.OrderRejected.Code {
		t.Errorf("Reject = %+v, %v", got, err)
	}
	if p.verdict.Approved || p.verdict.Why != "price is a typing error" {
		t.Errorf("judged %+v; want a rejection with its reason", p.verdict)
	}
}

func TestVerdictsThatAreNotTaken(t *testing.T) {
	done := waiting("O-2")
	done.State = boxoffice.OrderComplete
	for _, tt := range []struct {
		name   string
		judge  func(*Client) (Order, error)
		reason error
	}{
		{"no such order", func(c *Client) (Order, error) { return c.Approve(t.Context(), "first/O-9", "") }, fault.OrderUnknown},
		{"one that is decided", func(c *Client) (Order, error) { return c.Reject(t.Context(), "first/O-2", "why") }, fault.OrderDecided},
		{"no order", func(c *Client) (Order, error) { return c.Approve(t.Context(), "", "") }, fault.FieldInvalid},
		{"a rejection without a reason", func(c *Client) (Order, error) { return c.Reject(t.Context(), "first/O-1", " ") }, fault.FieldRequired},
		{"a reason of two lines", func(c *Client) (Order, error) { return c.Approve(t.Context(), "first/O-1", "a\nb") }, fault.FieldInvalid},
		{"a novel", func(c *Client) (Order, error) { return c.Approve(t.Context(), "first/O-1", strings.Repeat("ü", 501)) }, fault.FieldInvalid},
		{"a library", func(c *Client) (Order, error) {
			return c.Approve(t.Context(), "first/O-1", strings.Repeat("a", maxBody))
		}, fault.BodyTooLarge},
		{"a nameless operator", func(c *Client) (Order, error) { c.name = ""; return c.Approve(t.Context(), "first/O-1", "") }, fault.FieldInvalid},
		{"an operator with a partner's name", func(c *Client) (Order, error) { c.name = "a/b"; return c.Approve(t.Context(), "first/O-1", "") }, fault.FieldInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := pileOf(waiting("O-1"), done)
			if got, err := tt.judge(p.client()); !errors.Is(err, tt.reason) {
				t.Errorf("the verdict gave %+v, %v; want %v", got, err, tt.reason)
			}
			if p.by.Application != "" {
				t.Errorf("it was judged by %+v", p.by)
			}
		})
	}
}

func TestAFailureIsLoggedOnceAndNotShown(t *testing.T) {
	var log bytes.Buffer
	p := pileOf(waiting("O-1"))
	p.fail = errors.New("canary of the database")
	c := NewClient(Through(New(Work{Orders: p, Callbacks: p}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})), "ada")
	if _, err := c.Order(t.Context(), "first/O-1"); !errors.Is(err, fault.Broken) || strings.Contains(err.Error(), "canary") {
		t.Errorf("Order: %v; want that the server failed, and not how", err)
	}
	if n := strings.Count(log.String(), "canary of the database"); n != 1 {
		t.Errorf("the log tells it %d times:\n%s", n, &log)
	}
	p.fail = fault.Busy
	if _, err := c.Order(t.Context(), "first/O-1"); !errors.Is(err, fault.Busy) {
		t.Errorf("Order: %v; want %v", err, fault.Busy)
	}
}

func TestAServerOfAnotherVersionIsToldApart(t *testing.T) {
	door := New(Work{}, Options{})
	older := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path += "/of-tomorrow"
		door.ServeHTTP(w, r)
	})
	if _, err := NewClient(Through(older), "ada").Order(t.Context(), "first/O-1"); !errors.Is(err, errStranger) {
		t.Errorf("Order: %v; want %v", err, errStranger)
	}
	answer := httptest.NewRecorder()
	door.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "DELETE", orderPath, nil))
	if answer.Code != http.StatusMethodNotAllowed {
		t.Errorf("DELETE %s: %d; want 405", orderPath, answer.Code)
	}
	request := httptest.NewRequestWithContext(t.Context(), "POST", approvePath, strings.NewReader(`{"order":"first/O-1","urgent":true}`))
	request.Header.Set(OperatorHeader, "ada")
	answer = httptest.NewRecorder()
	if door.ServeHTTP(answer, request); answer.Code != http.StatusBadRequest {
		t.Errorf("a field of tomorrow: %d %s; want 400", answer.Code, answer.Body)
	}
}
