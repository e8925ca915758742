package main

import (
	"fmt"
	"log/slog"
)

// logger writes JSON lines for programs.
func (w *surroundings) logger(level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	return slog.New(slog.NewJSONHandler(w.stderr, &slog.HandlerOptions{Level: l})), nil
}
