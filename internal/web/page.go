package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

//go:embed pages
var files embed.FS

var templates = template.Must(template.ParseFS(files, "pages/*.html"))

// A page is an answer in HTML, or a document.
type page struct {
	status   int
	template string // "message.html" when empty
	retry    int    // seconds after which to ask again; 0 says nothing
	document *document
	location string       // where to go on, with status 303
	form     bool         // it has a form, which goes to this site
	formsTo  []string     // other sites that an answer to its form may lead to
	cookie   *http.Cookie // for the browser to keep, or to forget

	Title   string
	Accent  int
	Sandbox bool
	Style   string        // the stylesheet's address
	Scripts []string      // the addresses of what makes the page quicker to use
	Ticket  *ticketView   // of ticket.html
	Tickets *receivedView // of received.html
	Gift    *giftView     // of gift.html
	Advice  []string      // of message.html: what to do, a paragraph each

	Live     string       // where the page hears of what changes, "" where it does not
	Account  *accountView // the frame of MyAccount
	SignIn   *signInView
	Password *passwordView
	Seats    *seatsView
	Listings []listingView
	Listing  *listingView

	Give      *giveView
	Transfers *transfersView
	Transfer  *transferView
	Own       *ownTicketsView
	GiveOn    string // of own-ticket.html: where its ticket is given away, "" where it cannot be
}

// serve answers with the handler's page, or with the page of its error. An
// error that nobody classified is logged here, once, and its text shown to
// nobody. The log has the route, never the path: that is a secret.
func (s *site) serve(w http.ResponseWriter, r *http.Request, act handler) {
	p, err := act(r)
	if err != nil {
		p = failurePage(err)
		if p.status == http.StatusInternalServerError {
			s.log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "err", err)
		}
	}
	s.write(w, r, p)
}

// write sends a page. It is made whole before its first byte goes out.
func (s *site) write(w http.ResponseWriter, r *http.Request, p page) {
	if p.cookie != nil {
		http.SetCookie(w, p.cookie)
	}
	if p.document != nil {
		w.Header().Set("Content-Disposition", p.document.disposition())
		send(w, p.status, p.document.kind, p.document.body)
		return
	}
	if p.location != "" {
		w.Header().Set("Location", p.location)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	if p.form {
		w.Header().Set("Content-Security-Policy", policy(strings.Join(append([]string{"'self'"}, p.formsTo...), " ")))
	}
	if len(p.Scripts) > 0 {
		w.Header().Set("Content-Security-Policy", scripting(w.Header().Get("Content-Security-Policy")))
	}
	if p.template == "" {
		p.template = "message.html"
	}
	p.Sandbox, p.Style = s.sandbox, stylePath
	if p.Ticket != nil {
		p.Ticket.Demo = s.sandbox
	}
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, p.template, p); err != nil {
		s.log.ErrorContext(r.Context(), "page failed", "route", r.Pattern, "err", err)
		http.Error(w, brokenText, http.StatusInternalServerError)
		return
	}
	if p.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.retry))
	}
	send(w, p.status, "text/html; charset=utf-8", body.Bytes())
}

func send(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that is gone needs no answer
}

const (
	brokenText = "Something went wrong here"
	retryBusy  = 5 // seconds: a person reads the page before trying again
)

// failurePage says what to do about an error.
func failurePage(err error) page {
	f := fault.Of(err)
	if limited, ok := errors.AsType[*access.LimitError](err); ok {
		return waitPage(limited.Wait)
	}
	switch {
	case errors.Is(err, fault.TransferUnknown):
		return noGiftPage()
	case errors.Is(err, fault.DocumentUnknown):
		return page{
			status: http.StatusNotFound, Title: "There is no ticket at this address",
			Advice: []string{
				"Part of the address may be missing: mail programs break long ones in two. Copy all of it into the address bar, or tap the link again where you got it.",
				"If it still leads here, ask where you bought the ticket for a new link. Please do not send the address to anybody else: whoever has it can see the ticket.",
			},
		}
	case f != nil && f.Kind == fault.Unavailable, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return page{
			status: http.StatusServiceUnavailable, retry: retryBusy, Title: "The box office is busy",
			Advice: []string{
				"Your ticket is safe, and its address stays the same. Open this page again in a few seconds.",
				"If you stand at the gate, a printed ticket or a picture of the page is just as good.",
			},
		}
	}
	return page{
		status: http.StatusInternalServerError, Title: brokenText,
		Advice: []string{"It is our fault, not yours. Open this page again in a minute, or ask where you bought the ticket."},
	}
}

func nothingPage() page {
	return page{
		status: http.StatusNotFound, Title: "There is nothing at this address",
		Advice: []string{"Check the address for a slip. A ticket has an address of its own: it stands in the message of whoever sold it to you."},
	}
}

func methodPage() page {
	return page{
		status: http.StatusMethodNotAllowed, Title: "This page can only be read",
		Advice: []string{"Its address takes GET and HEAD alone. Programs that sell or transfer tickets use the partner API."},
	}
}

// stylePath is the stylesheet's address. It changes with the text, so that the
// text may be kept for good.
var stylePath = "/assets/" + styleHash() + ".css"

func styleText() []byte {
	text, err := files.ReadFile("pages/style.css")
	if err != nil {
		panic(err) // it is embedded
	}
	return text
}

func styleHash() string {
	const enough = 8 // bytes: it tells versions apart, it guards nothing
	sum := sha256.Sum256(styleText())
	return hex.EncodeToString(sum[:enough])
}

// style sends the one stylesheet there is.
func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(styleText()) // a caller that is gone needs no answer
}
