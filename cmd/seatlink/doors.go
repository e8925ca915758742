package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/seatlink/seatlink/api"
	"github.com/seatlink/seatlink/internal/manual"
)

// doors sends a request to the door it knocks at. A ServeMux would redirect paths
// that it holds for unclean, and partners are to have their own answer.
func (s *server) doors(partners, site, docs http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if s.pair != nil {
			w.Header().Set("Strict-Transport-Security", aYear)
		}
		switch {
		case path == "/v1" || strings.HasPrefix(path, "/v1/") || path == "/v2" || strings.HasPrefix(path, "/v2/"):
			partners.ServeHTTP(w, r)
		case path == manual.Root || strings.HasPrefix(path, manual.Root+"/"):
			docs.ServeHTTP(w, r)
		case path != "/livez" && path != "/readyz":
			site.ServeHTTP(w, r)
		case !reads:
			w.Header().Set("Allow", "GET, HEAD")
			answer(w, http.StatusMethodNotAllowed, map[string]any{"status": "method not allowed"})
		case path == "/livez":
			answer(w, http.StatusOK, map[string]any{"status": "ok"})
		default:
			s.ready(w, r)
		}
	})
}

// ready tells whether requests should be sent here: not while it stops, and not
// while the database is away.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if s.ending.begun.Load() {
		answer(w, http.StatusServiceUnavailable, map[string]any{"status": "stopping"})
		return
	}
	ctx, done := context.WithTimeout(r.Context(), 2*time.Second)
	defer done()
	if err := s.store.Ping(ctx); err != nil {
		answer(w, http.StatusServiceUnavailable, map[string]any{"status": "database away"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"status": "ready", "notBuiltYet": api.NotBuiltYet()})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a caller that is gone needs no answer
}
