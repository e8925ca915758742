package main

import (
	"context"
	"log/slog"
	"regexp"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// logger writes JSON lines for programs.
func (w *surroundings) logger(level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, wrong("log-level", "is debug, info, warn or error, and not %q", level)
	}
	return slog.New(tracing{slog.NewJSONHandler(w.stderr, &slog.HandlerOptions{Level: l})}), nil
}

// tracing adds the trace to what is logged about a request that has one.
type tracing struct{ slog.Handler }

// Handle is slog.Handler's.
func (t tracing) Handle(ctx context.Context, r slog.Record) error {
	if span := oteltrace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs is slog.Handler's.
func (t tracing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tracing{t.Handler.WithAttrs(attrs)}
}

// WithGroup is slog.Handler's.
func (t tracing) WithGroup(name string) slog.Handler { return tracing{t.Handler.WithGroup(name)} }

// withoutAddresses is for what net/http has to say: of connections that failed
// before they were requests, mostly. It names their addresses, which are persons'
// at times.
type withoutAddresses struct{ slog.Handler }

// anAddress is HOST:PORT as net prints it.
var anAddress = regexp.MustCompile(`(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:.]+(%[^\]]*)?\]):\d+`)

// Handle is slog.Handler's.
func (h withoutAddresses) Handle(ctx context.Context, r slog.Record) error {
	cleared := slog.NewRecord(r.Time, r.Level, "connection failed", r.PC)
	cleared.AddAttrs(slog.String("err", anAddress.ReplaceAllString(r.Message, "a client")))
	return h.Handler.Handle(ctx, cleared)
}
