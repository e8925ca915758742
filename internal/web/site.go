// Package web is the patrons' pages: the ticket behind a print url (contract.md
// call 9), and the start page of an installation.
//
// A ticket page's address is a secret; whoever has it sees the ticket. So the
// pages send nothing of it on: no script, no request to anybody else, no
// referrer, no cache, no search engine, and no line of the log has it. A page
// shows the present barcode to the owner it was made for and, once the ticket
// has changed hands, neither barcode nor owner. Its PDF is made anew with every
// request, from what the page shows, and is refused where the page shows no code.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// An Office shows tickets. It is called by many goroutines at once.
type Office interface {
	// Page returns what stands behind the address whose secret has this hash, or
	// fault.DocumentUnknown.
	Page(ctx context.Context, id string) (boxoffice.TicketPage, error)
}

// Options are what an installation chooses about its pages.
type Options struct {
	Log     *slog.Logger // nil discards
	Sandbox bool         // the pages say that it is a demo
}

// New returns a handler for every path that is not another door's. It takes GET
// and HEAD, is safe for concurrent use, and answers everything but a ticket's PDF
// as HTML pages: 404 for what does not exist, 405 with Allow for other methods, 503 with
// Retry-After while the office cannot answer. It never compresses: an answer
// with a secret would leak through its length.
func New(office Office, options Options) http.Handler {
	s := &site{office: office, log: options.Log, sandbox: options.Sandbox, printing: make(chan struct{}, printers())}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s.mux()
}

type site struct {
	office   Office
	log      *slog.Logger
	sandbox  bool
	printing chan struct{} // has one of each PDF being drawn
}

// A handler answers a GET with a page, or with an error.
type handler func(r *http.Request) (page, error)

func (s *site) routes() map[string]handler {
	return map[string]handler{
		"/{$}":                         s.start,
		ticketPath + "{key}":           s.ticket,
		ticketPath + "{key}" + pdfName: s.pdf,
	}
}

// mux finds the route. Each path is there once more without a method, for 405.
func (s *site) mux() http.Handler {
	mux := http.NewServeMux()
	wrongMethod := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", "GET, HEAD")
		s.write(w, r, methodPage())
	}
	for path, act := range s.routes() {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, act) })
		mux.HandleFunc(path, wrongMethod)
	}
	mux.HandleFunc("GET "+stylePath, style)
	mux.HandleFunc(stylePath, wrongMethod)
	nothing := func(w http.ResponseWriter, r *http.Request) { s.write(w, r, nothingPage()) }
	mux.HandleFunc("/", nothing)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guard(w.Header())
		// The mux would redirect a path with dots or doubled slashes to another one.
		if p := r.URL.EscapedPath(); !strings.HasPrefix(p, "/") || path.Clean(p) != p {
			nothing(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// guard sets the headers of every answer. An answer may not be kept unless it
// says so itself.
func guard(h http.Header) {
	h.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Cache-Control", "no-store")
}

func (s *site) start(*http.Request) (page, error) {
	return page{status: http.StatusOK, template: "start.html", Title: "seatlink"}, nil
}
