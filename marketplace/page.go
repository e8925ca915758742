package marketplace

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed pages/style.css
var stylesheet []byte

//go:embed pages/live.js
var script []byte

var templates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// A page is what a visit is answered with: a template with its data, or the
// address to go to.
type page struct {
	status   int
	location string
	template string
	Title    string
	Live     bool // it changes by itself where scripts run
	Data     any

	Market  string // filled in when it is written
	Version int64
}

// A note is what a message page says.
type note struct {
	Words   []string
	Trouble trouble
}

func message(status int, title string, words ...string) page {
	return page{status: status, template: "message", Title: title, Data: note{Words: words}}
}

func troubled(status int, title string, t trouble) page {
	return page{status: status, template: "message", Title: title, Data: note{Trouble: t}}
}

func nothingHere() page {
	return message(http.StatusNotFound, "There is nothing here", "The address may have been mistyped, or what was there is over.")
}

func badForm() page {
	return message(http.StatusBadRequest, "The form cannot be read", "Go back, load the page again, and send it once more.")
}

func full() page {
	return message(http.StatusServiceUnavailable, "The marketplace is full", "It cannot remember more than it does. Try again later.")
}

func unwritten() page {
	return message(http.StatusInternalServerError, "It could not be written down", "So nothing was done. Try again later.")
}

func see(location string) page { return page{status: http.StatusSeeOther, location: location} }

// write sends a page, whole or not at all.
func (m *Market) write(w http.ResponseWriter, r *http.Request, p page) {
	if p.location != "" {
		http.Redirect(w, r, p.location, p.status)
		return
	}
	p.Market, p.Version = m.Name, m.shelf.read().Version
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, p.template, p); err != nil {
		m.Log.ErrorContext(r.Context(), "page failed", "template", p.template, "err", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	if p.Live {
		h.Set("Content-Security-Policy", livePolicy)
	}
	if p.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "60")
	}
	w.WriteHeader(p.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text.Bytes()) // a visitor who is gone needs nothing more
	}
}

func asset(kind string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(text)
	}
}

// longest is how long a question for changes waits, less than any proxy does.
const longest = 20 * time.Second

// changes answers as soon as something is not as it was in the version that the
// visitor's page shows. The page then asks for itself again: there is one way to
// make a page, with a script and without.
func (m *Market) changes(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	select {
	case m.waiters <- struct{}{}:
		defer func() { <-m.waiters }()
	default:
		w.Header().Set("Retry-After", "10")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	changed := m.shelf.next()
	version := m.shelf.read().Version
	if version == after {
		timer := time.NewTimer(longest)
		defer timer.Stop()
		select {
		case <-changed:
			version = m.shelf.read().Version
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]int64{"version": version})
}
