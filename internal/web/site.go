// Package web is the patrons' pages: the ticket behind a print url (contract.md
// call 9), the page where a transfer is accepted or declined (call 10), and the
// start page of an installation.
//
// A ticket page's address is a secret; whoever has it sees the ticket. So the
// pages send nothing of it on: no script, no request to anybody else, no
// referrer, no cache, no search engine, and no line of the log has it. A page
// shows the present barcode to the owner it was made for and, once the ticket
// has changed hands, neither barcode nor owner. Its PDF is made anew with every
// request, from what the page shows, and is refused where the page shows no code; so
// is its pass for a phone's wallet, which is offered where the operator has the
// certificate to sign it (wallet.go).
//
// The address of a transfer goes by mail, and mails are forwarded. So it shows what
// is given and never a barcode, before and after: whoever accepts is sent on to
// another address, sealed with the installation's key and new each time, which
// nobody learns from the first. The same form sent twice leads there again, for it
// carries a random word that only who was shown it knows; another form is told
// that the transfer is accepted, and no more.
//
// In MyAccount the session guards what an address does elsewhere: tickets stand there
// under their tokens, transfers under their confirmation codes, and another's is as
// one that does not exist.
package web

import (
	"context"
	"log/slog"
	"maps"
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

// Gifts are transfers as their recipients see them. It is called by many
// goroutines at once; what is not found is fault.TransferUnknown.
type Gifts interface {
	// Gift returns what is given, without barcodes.
	Gift(ctx context.Context, id boxoffice.TransferID) (boxoffice.Gift, error)
	// Receive accepts it, and Decline gives it back, as boxoffice.Office has it.
	Receive(ctx context.Context, req boxoffice.AcceptRequest) (boxoffice.Transfer, error)
	Decline(ctx context.Context, id boxoffice.TransferID) (boxoffice.Transfer, error)
	// Received returns the tickets of an accepted transfer.
	Received(ctx context.Context, key boxoffice.TransferKey) ([]boxoffice.TicketPage, error)
}

// Options are what an installation chooses about its pages.
type Options struct {
	Log     *slog.Logger // nil discards
	Sandbox bool         // the pages say that it is a demo
	// Stray counts wrong addresses of transfers by where they come from, and returns
	// an *access.LimitError when they are too many. Nil counts none.
	Stray func(from string, unknown int) error
	// Lobby and Accounts are what MyAccount needs; without a Lobby there is none.
	Lobby      Lobby
	Accounts   Accounts
	Belongings Belongings
	Wallet     *Wallet // signs passes for phones; nil offers none
	// Changes tell MyAccount what changes while somebody looks; nil tells nothing. The lines
	// to them end when Leaving is closed.
	Changes Changes
	Leaving <-chan struct{}
}

// New returns a handler for every path that is not another door's. It takes GET
// and HEAD, and POST where a transfer is accepted, is safe for concurrent use, and
// answers everything but a ticket's PDF
// as HTML pages: 404 for what does not exist, 405 with Allow for other methods, 503 with
// Retry-After while the office cannot answer. It never compresses: an answer
// with a secret would leak through its length.
func New(office Office, gifts Gifts, addresses Addresses, options Options) http.Handler {
	s := &site{
		office: office, gifts: gifts, addresses: addresses, stray: options.Stray,
		lobby: options.Lobby, accounts: options.Accounts, belongings: options.Belongings,
		wallet: options.Wallet, log: options.Log, sandbox: options.Sandbox, printing: make(chan struct{}, printers()), drawings: newDrawingRoom(),
		lines: newLines(options.Changes, options.Leaving),
	}
	if s.stray == nil {
		s.stray = func(string, int) error { return nil }
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s.mux()
}

type site struct {
	office     Office
	gifts      Gifts
	addresses  Addresses
	lobby      Lobby
	accounts   Accounts
	belongings Belongings
	wallet     *Wallet // nil where no passes are to be had
	stray      func(from string, unknown int) error
	log        *slog.Logger
	sandbox    bool
	printing   chan struct{} // has one of each PDF or pass being made
	drawings   *drawingRoom
	lines      *lines
}

// A handler answers a request with a page, or with an error.
type handler func(r *http.Request) (page, error)

func (s *site) routes() map[string]handler {
	all := map[string]handler{
		"/{$}":                         s.start,
		ticketPath + "{key}":           s.ticket,
		ticketPath + "{key}" + pdfName: s.pdf,

		receivePath + "{transfer}":               s.gift,
		receivedPath + "{key}":                   s.received,
		receivedPath + "{key}/{place}" + pdfName: s.receivedPDF,
	}
	if s.wallet != nil {
		all[ticketPath+"{key}"+passName] = s.pass
		all[receivedPath+"{key}/{place}"+passName] = s.receivedPass
	}
	if s.lobby == nil {
		return all
	}
	maps.Copy(all, map[string]handler{
		accountPath:                 s.signedIn(s.followed(s.mySeats)),
		signInPath:                  s.signIn,
		passwordPath:                s.password,
		passwordPath + "/{link}":    s.newPassword,
		listingsPath:                s.signedIn(s.followed(s.myListings)),
		listingsPath + "/{listing}": s.signedIn(s.followed(s.myListing)),

		givePath:                            s.signedIn(s.give),
		transfersPath:                       s.signedIn(s.myTransfers),
		transfersPath + "/{transfer}":       s.signedIn(s.myTransfer),
		ticketsPath:                         s.signedIn(s.myTickets),
		pastPath:                            s.signedIn(s.pastTickets),
		ticketsPath + "/{ticket}":           s.signedIn(s.myTicket),
		ticketsPath + "/{ticket}" + pdfName: s.myTicketAs(s.printed),
	})
	if s.wallet != nil {
		all[ticketsPath+"/{ticket}"+passName] = s.myTicketAs(s.passed)
	}
	return all
}

// forms are the routes that take a POST, most of them besides GET.
func (s *site) forms() map[string]handler {
	all := map[string]handler{receivePath + "{transfer}": s.answerGift}
	if s.lobby == nil {
		return all
	}
	maps.Copy(all, map[string]handler{
		signInPath:                  s.answerSignIn,
		signOutPath:                 s.answerSignOut,
		passwordPath:                s.answerPassword,
		passwordPath + "/{link}":    s.answerNewPassword,
		resalePath:                  s.signedIn(s.answerResale),
		listingsPath + "/{listing}": s.signedIn(s.answerListing),

		givePath:                      s.signedIn(s.answerGive),
		transfersPath + "/{transfer}": s.signedIn(s.answerTransfer),
	})
	return all
}

// mux finds the route. Each path is there once more without a method, for 405.
func (s *site) mux() http.Handler {
	mux := http.NewServeMux()
	wrongMethod := func(allowed string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", allowed)
			s.write(w, r, methodPage())
		}
	}
	routes, forms := s.routes(), s.forms()
	for path, act := range routes {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, act) })
		allowed := "GET, HEAD"
		if sent, ok := forms[path]; ok {
			allowed += ", POST"
			mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, sent) })
		}
		mux.HandleFunc(path, wrongMethod(allowed))
	}
	for path, act := range forms {
		if _, shown := routes[path]; !shown {
			mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, act) })
			mux.HandleFunc(path, wrongMethod("POST"))
		}
	}
	mux.HandleFunc("GET "+stylePath, style)
	mux.HandleFunc(stylePath, wrongMethod("GET, HEAD"))
	if s.lobby != nil {
		for _, one := range scripts {
			mux.HandleFunc("GET "+one.path, one.serve)
			mux.HandleFunc(one.path, wrongMethod("GET, HEAD"))
		}
		mux.HandleFunc("GET "+livePath, s.live)
		mux.HandleFunc(livePath, wrongMethod("GET, HEAD"))
	}
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

// policy lets a page load its stylesheet, send forms where it says, and do nothing
// else.
func policy(forms string) string {
	return "default-src 'none'; style-src 'self'; base-uri 'none'; form-action " + forms + "; frame-ancestors 'none'"
}

// guard sets the headers of every answer. An answer may not be kept unless it
// says so itself.
func guard(h http.Header) {
	h.Set("Content-Security-Policy", policy("'none'"))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Cache-Control", "no-store")
}

func (s *site) start(*http.Request) (page, error) {
	return page{status: http.StatusOK, template: "start.html", Title: "seatlink"}, nil
}
