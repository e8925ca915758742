package partnerapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Those who found no place wait a second for one, as many as may.
func TestReadsWaitForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShed(1, 2)
		if err := s.enter(t.Context()); err != nil {
			t.Fatalf("enter = %v", err)
		}
		start := time.Now()
		waited := make(chan error, 2)
		for range 2 {
			go func() { waited <- s.enter(t.Context()) }()
		}
		synctest.Wait()
		if !s.full() {
			t.Error("with two waiting it is not full")
		}
		if err := s.enter(t.Context()); !errors.Is(err, fault.Busy) || time.Since(start) != 0 {
			t.Errorf("one too many: enter = %v after %v; want Busy at once", err, time.Since(start))
		}
		<-time.After(readPatience / 2)
		s.leave()
		if err := <-waited; err != nil {
			t.Errorf("the one who waited: enter = %v", err)
		}
		if err := <-waited; !errors.Is(err, fault.Busy) || time.Since(start) != readPatience {
			t.Errorf("the other: enter = %v after %v; want Busy after %v", err, time.Since(start), readPatience)
		}
		s.leave()
		ended, end := context.WithCancel(t.Context())
		s.places <- struct{}{}
		end()
		if err := s.enter(ended); !errors.Is(err, fault.Busy) {
			t.Errorf("for a caller who went away: enter = %v; want Busy", err)
		}
		if s.full() || s.waiting.Load() != 0 {
			t.Errorf("%d wait when nobody does", s.waiting.Load())
		}
	})
}

// While all reads are busy, catalog, listings and verify are told to come again,
// and what must not wait is done.
func TestUnlockCompleteAndStatusAreTheLastToBeRefused(t *testing.T) {
	var (
		hold   = make(chan struct{})
		inside sync.WaitGroup
		ended  sync.WaitGroup
	)
	office := officeFunc(func(asked any) (any, error) {
		if id, ok := asked.(boxoffice.ListingID); ok && id == "slow" {
			inside.Done()
			<-hold
		}
		return nil, nil
	})
	a := &api{office: office, desk: fakeDesk{}, log: discard(), reads: newShed(2, 0)}
	door := a.observe(a.limit(a.mux()))
	inside.Add(2)
	for range 2 {
		ended.Go(func() { door.ServeHTTP(httptest.NewRecorder(), request("GET", "/v1/listings/slow", "")) })
	}
	inside.Wait()
	for _, tt := range []struct {
		method, path, body string
		refused            bool
	}{
		{"GET", "/v1/catalog/events", "", true},
		{"GET", "/v1/listings/A3qnemZ", "", true},
		{"POST", "/v1/tickets/verify", verifyBody, true},
		{"PUT", "/v1/tickets/verify", verifyBody, true},
		{"PUT", "/v1/tickets/lock", lockBody, false}, // the store's queue decides
		{"PUT", "/v1/tickets/unlock", unlockBody, false},
		{"POST", "/v1/cart/complete-order", completeBody, false},
		{"GET", "/v1/cart/complete-order/p", "", false},
		{"POST", "/v1/tickets/print", printBody, false},
	} {
		w := httptest.NewRecorder()
		door.ServeHTTP(w, request(tt.method, tt.path, tt.body))
		if (w.Code == 503) != tt.refused || tt.refused != (w.Header().Get("Retry-After") == "1") {
			t.Errorf("%s %s = %d, Retry-After %q; want refused: %v", tt.method, tt.path, w.Code, w.Header().Get("Retry-After"), tt.refused)
		}
	}
	close(hold)
	ended.Wait()
	w := httptest.NewRecorder()
	if door.ServeHTTP(w, request("GET", "/v1/listings/A3qnemZ", "")); w.Code != 200 {
		t.Errorf("after the rush a listing = %d; want 200", w.Code)
	}
}

// While the store would refuse them, locks and transfers are told to come again
// before anything of their body is read; what must not wait is done.
func TestWhatGivesWayIsRefusedUnreadInACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{office: answers(nil, nil), desk: fakeDesk{}, log: discard(), reads: newShed(2, 0), crowded: func() bool { return true }}
		door := a.observe(a.limit(a.mux()))
		for _, tt := range []struct {
			method, path, body string
			refused            bool
		}{
			{"PUT", "/v1/tickets/lock", "no JSON", true},
			{"POST", "/v1/tickets/transfer", "no JSON", true},
			{"POST", "/v2/tickets/transfer", "no JSON", true},
			{"PUT", "/v1/tickets/unlock", unlockBody, false},
			{"POST", "/v1/cart/complete-order", completeBody, false},
			{"GET", "/v1/cart/complete-order/p", "", false},
			{"POST", "/v1/tickets/print", printBody, false},
			{"GET", "/v1/catalog/events", "", false},
		} {
			w, began := httptest.NewRecorder(), time.Now()
			door.ServeHTTP(w, request(tt.method, tt.path, tt.body))
			if (w.Code == 503) != tt.refused || w.Code/100 == 4 {
				t.Errorf("%s %s = %d; want refused: %v", tt.method, tt.path, w.Code, tt.refused)
			}
			if took := time.Since(began); tt.refused && took < refusalTakes || took > refusalTakes*3/2 {
				t.Errorf("%s %s took %v; a refusal takes %v, and half of it more at most", tt.method, tt.path, took, refusalTakes)
			}
		}
	})
}

// A request ends after ten seconds at the latest, at whatever it was.
func TestRequestsHaveADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := waitingOffice{officeFunc: answers(nil, nil)}
		start := time.Now()
		w := do(office, request("GET", "/v1/listings/A3qnemZ", ""))
		if took := time.Since(start); took != requestDeadline || w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("= %d after %v, Retry-After %q; want 503 after %v", w.Code, took, w.Header().Get("Retry-After"), requestDeadline)
		}
	})
}

// A waitingOffice has listings that never come.
type waitingOffice struct{ officeFunc }

func (waitingOffice) Listing(ctx context.Context, _ access.Principal, _ boxoffice.ListingID) (boxoffice.ShownListing, error) {
	<-ctx.Done()
	return boxoffice.ShownListing{}, ctx.Err()
}
