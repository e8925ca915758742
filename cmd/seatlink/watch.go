package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/partnerapi"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// A watch sees what the process does and tells operators: in metrics, where they
// have a listener, in traces, where they have a collector, and in the log.
type watch struct {
	log    *slog.Logger
	meter  *meter  // nil: no metrics
	tracer *tracer // nil: no traces
}

// store is who the store tells its news, nil when nobody asks.
func (w *watch) store() sqlstore.Watch {
	if w.meter == nil && w.tracer == nil {
		return nil
	}
	return w
}

// around watches requests from the outside.
func (w *watch) around(next http.Handler) http.Handler {
	if w.meter == nil && w.tracer == nil {
		return next
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.meter != nil {
			w.meter.inHand.Inc()
			defer w.meter.inHand.Dec()
		}
		if w.tracer != nil {
			ctx, span := w.tracer.Start(r.Context(), "request", oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithNewRoot())
			defer span.End()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(rw, r)
	})
}

// served is what the partners' door tells of a request. It has logged it itself.
func (w *watch) served(ctx context.Context, s partnerapi.Served) {
	if s.Route == "" {
		s.Route = noRoute
	}
	if w.meter != nil {
		w.meter.served(s.Route, s.Status, s.Code, s.Took)
	}
	if w.tracer != nil {
		w.tracer.served(ctx, s.Route, s.Status, s.Code)
	}
}

// noRoute is the route of a request that was refused before one was looked for.
const noRoute = "none"

// pages watches a door that tells nothing itself, and logs its requests: the
// route and never the path, which with a ticket page is a secret.
func (w *watch) pages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := &statusWriter{ResponseWriter: rw, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		took := time.Since(began)
		w.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("route", r.Pattern), slog.Int("status", seen.status), slog.Float64("ms", float64(took.Microseconds())/1e3))
		w.served(r.Context(), partnerapi.Served{Route: r.Pattern, Status: seen.status, Took: took})
	})
}

// A statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Batch is told of by the store (sqlstore.Watch).
func (w *watch) Batch(acts int, solo bool, began time.Time) any {
	kind := "acts"
	if solo {
		kind = "solo"
	}
	if w.meter != nil {
		w.meter.batches.WithLabelValues(kind).Observe(time.Since(began).Seconds())
		if !solo {
			w.meter.batchActs.Observe(float64(acts))
		}
	}
	if w.tracer == nil {
		return nil
	}
	return w.tracer.batch(acts, kind, began)
}

// Waited is told of by the store (sqlstore.Watch).
func (w *watch) Waited(ctx context.Context, began time.Time, mark any, err error) {
	outcome := outcomeOf(err)
	if w.meter != nil {
		w.meter.waits.Observe(time.Since(began).Seconds())
		w.meter.acts.WithLabelValues(outcome).Inc()
	}
	if w.tracer != nil {
		batch, _ := mark.(oteltrace.SpanContext)
		w.tracer.waited(ctx, began, batch, outcome)
	}
}

func outcomeOf(err error) string {
	switch f := fault.Of(err); {
	case err == nil:
		return actDone
	case f == nil, f.Kind == fault.Internal:
		return actFailed
	case f.Kind == fault.Unavailable:
		return actBusy
	}
	return actRefused
}

// Bug is told of by the store (sqlstore.Watch).
func (w *watch) Bug() {
	if w.meter != nil {
		w.meter.bugs.Inc()
	}
}

// Catalog is told of by the store (sqlstore.Watch).
func (w *watch) Catalog(known bool) {
	if w.meter != nil {
		w.meter.catalogs.WithLabelValues(map[bool]string{true: "yes", false: "no"}[known]).Inc()
	}
}

// close delivers what is left to tell.
func (w *watch) close(ctx context.Context) {
	if w.tracer != nil {
		w.tracer.close(ctx)
	}
}
