package main

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// A tracer tells a collector of requests, of the waits of their acts, and of the
// batches that did them. Requests begin traces of their own: what callers send of
// theirs is text of a partner. The spans are made by hand, for the ready-made
// ones carry the path, which with a ticket page is a secret, and the address and
// program of who called.
type tracer struct {
	provider *sdk.TracerProvider
	oteltrace.Tracer
}

// newTracer sends to the collector at endpoint. What is standard of
// OpenTelemetry's own variables, such as headers and samplers, counts.
func newTracer(ctx context.Context, endpoint string, log *slog.Logger) (*tracer, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, wrong("trace-endpoint", "%v", err)
	}
	version, _, _ := builtFrom()
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(posting{exporter, log}),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "seatlink"), attribute.String("service.version", version))),
	)
	return &tracer{provider, provider.Tracer("github.com/seatlink/seatlink")}, nil
}

// A posting logs what does not arrive. OpenTelemetry would print it, in a form
// of its own.
type posting struct {
	sdk.SpanExporter
	log *slog.Logger
}

// ExportSpans sends spans, and never fails.
func (p posting) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := p.SpanExporter.ExportSpans(ctx, spans); err != nil {
		p.log.WarnContext(ctx, "traces not delivered", "spans", len(spans), "err", err)
	}
	return nil
}

// traceTime is how long the last spans may take to be delivered.
const traceTime = 2 * time.Second

// close sends what is left.
func (t *tracer) close(ctx context.Context) {
	ctx, done := context.WithTimeout(ctx, traceTime)
	defer done()
	_ = t.provider.Shutdown(ctx) // posting has logged what failed
}

// served ends what the span of a request tells.
func (t *tracer) served(ctx context.Context, route string, status int, code string) {
	span := oteltrace.SpanFromContext(ctx)
	span.SetName(route)
	span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
	if code != "" {
		span.SetAttributes(attribute.String("error.type", code))
	}
	if status >= firstOurFault {
		span.SetStatus(codes.Error, "")
	}
}

// firstOurFault is the first status that says that the server is to blame.
const firstOurFault = 500

// batch is a span that nobody is the parent of: its acts are of many traces, and
// their waits link to it.
func (t *tracer) batch(acts int, kind string, began time.Time) oteltrace.SpanContext {
	_, span := t.Start(context.Background(), "batch", oteltrace.WithTimestamp(began), oteltrace.WithNewRoot(),
		oteltrace.WithAttributes(attribute.Int("seatlink.acts", acts), attribute.String("seatlink.kind", kind)))
	defer span.End()
	return span.SpanContext()
}

// waited is the span of an act, from the queue to its verdict.
func (t *tracer) waited(ctx context.Context, began time.Time, batch oteltrace.SpanContext, outcome string) {
	if !oteltrace.SpanContextFromContext(ctx).IsValid() {
		return // nobody's request: the server's own work
	}
	_, span := t.Start(ctx, "act", oteltrace.WithTimestamp(began), oteltrace.WithLinks(oteltrace.Link{SpanContext: batch}),
		oteltrace.WithAttributes(attribute.String("seatlink.outcome", outcome)))
	span.End()
}
