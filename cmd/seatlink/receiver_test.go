package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// A receiver is a partner's server that takes callbacks. It answers the first
// with these statuses and all others with 204.
type receiver struct {
	url   string
	heard chan callback

	mu       sync.Mutex
	statuses []int
}

// A callback is one as it came.
type callback struct {
	body   string
	header http.Header
}

func receive(tb testing.TB, statuses ...int) *receiver {
	tb.Helper()
	const most = 100 // deliveries that nobody has looked at
	r := &receiver{heard: make(chan callback, most), statuses: statuses}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil { // its sender was killed: nobody knows what it said
			return
		}
		status := http.StatusNoContent
		r.mu.Lock()
		if len(r.statuses) > 0 {
			status, r.statuses = r.statuses[0], r.statuses[1:]
		}
		r.mu.Unlock()
		w.WriteHeader(status)
		r.heard <- callback{string(body), request.Header}
	}))
	tb.Cleanup(server.Close)
	r.url = server.URL + "/callback?key=1"
	return r
}

// next waits for a callback.
func (r *receiver) next(tb testing.TB) callback {
	tb.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	select {
	case d := <-r.heard:
		return d
	case <-deadline.C:
		tb.Fatal("no callback came")
		return callback{}
	}
}

// quiet fails the test if a callback came that nobody waited for.
func (r *receiver) quiet(tb testing.TB) {
	tb.Helper()
	select {
	case d := <-r.heard:
		tb.Errorf("one more callback came: %s", d.body)
	default:
	}
}
