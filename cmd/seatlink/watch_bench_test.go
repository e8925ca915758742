package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/partnerapi"
)

// BenchmarkWatch is what watching a request costs: around a handler that does
// nothing but tell of it, with a wait and a batch of its own.
func BenchmarkWatch(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	for _, bb := range []struct {
		name string
		make func(b *testing.B) *watch
	}{
		{"bare", nil},
		{"off", func(*testing.B) *watch { return &watch{log: log} }},
		{"metrics", func(*testing.B) *watch { return &watch{log: log, meter: newMeter()} }},
		{"traces", func(b *testing.B) *watch {
			b.Helper()
			collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			b.Cleanup(collector.Close)
			tracer, err := newTracer(b.Context(), collector.URL, log)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { tracer.close(b.Context()) })
			return &watch{log: log, tracer: tracer}
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			w := (*watch)(nil)
			if bb.make != nil {
				w = bb.make(b)
			}
			var door http.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if w == nil {
					return
				}
				if store := w.store(); store != nil {
					began := time.Now()
					store.Waited(r.Context(), began, store.Batch(1, false, began), nil)
				}
				w.served(r.Context(), partnerapi.Served{Route: "PUT /v1/tickets/lock", Status: http.StatusOK, Took: time.Millisecond})
			})
			if w != nil {
				door = w.around(door)
			}
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPut, "/v1/tickets/lock", http.NoBody)
			rw := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				door.ServeHTTP(rw, r)
			}
		})
	}
}
