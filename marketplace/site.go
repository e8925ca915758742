package marketplace

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A visit is a request of somebody. Visitor is who: there are no accounts, a
// cookie is enough to say whose offers are whose.
type visit struct {
	*http.Request
	visitor string
	form    url.Values // of a POST
}

// A handler answers a visit with a page.
type handler func(v visit) page

func (m *Market) pages() map[string]handler {
	return map[string]handler{
		"GET /{$}":           m.home,
		"GET /event/{event}": m.event,

		"GET /sell":          m.sell,
		"POST /sell":         m.offerListing,
		"GET /sell/barcode":  m.barcode,
		"POST /sell/barcode": m.offerBarcodes,
		"GET /lot/{lot}":     m.lot,

		"GET /checkout":      m.checkout,
		"POST /checkout":     m.buy,
		"GET /order/{order}": m.order,

		"GET /offers":           m.mine,
		"POST /offers/withdraw": m.withdraw,
	}
}

// Paths that are not for people.
const (
	messagesPath = "/messages"  // where seat messages are sent
	knockPath    = "/callback/" // where the venue says that an order is decided
	changesPath  = "/changes"
	stylePath    = "/style.css"
	scriptPath   = "/live.js"
)

func (m *Market) mux() http.Handler {
	mux := http.NewServeMux()
	ours := http.NewCrossOriginProtection() // a cookie comes along with other sites' forms too
	allowed := map[string]string{}
	for route, act := range m.pages() {
		mux.Handle(route, ours.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, act) })))
		method, path, _ := strings.Cut(route, " ")
		if allowed[path] = strings.TrimPrefix(allowed[path]+", "+method, ", "); method == http.MethodGet {
			allowed[path] += ", HEAD"
		}
	}
	for path, methods := range allowed {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", methods)
			m.write(w, r, message(http.StatusMethodNotAllowed, "Not like this", "The page does not take that method."))
		})
	}
	if m.Messages.Password != "" {
		mux.Handle(messagesPath, m.news)
	}
	mux.HandleFunc("POST "+knockPath+"{knock}", m.knocked)
	mux.HandleFunc("GET "+changesPath, m.changes)
	mux.HandleFunc("GET "+stylePath, asset("text/css; charset=utf-8", stylesheet))
	mux.HandleFunc("GET "+scriptPath, asset("text/javascript; charset=utf-8", script))
	nothing := func(w http.ResponseWriter, r *http.Request) { m.write(w, r, nothingHere()) }
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

// policy lets a page load its stylesheet, send forms to this site, and do nothing
// else; one that changes by itself has its script besides.
const (
	policy     = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	livePolicy = policy + "; script-src 'self'; connect-src 'self'"
)

// guard sets the headers of every answer.
func guard(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin") // the venue's pages do not learn whose order led there
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// maxForm is more than 500 prices need.
const maxForm = 64 << 10

func (m *Market) serve(w http.ResponseWriter, r *http.Request, act handler) {
	v := visit{Request: r, visitor: m.visitor(w, r)}
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			m.write(w, r, message(http.StatusRequestEntityTooLarge, "That is too much", "The form is larger than any that this site has."))
			return
		}
		if err == nil {
			v.form, err = url.ParseQuery(string(body))
		}
		if err != nil {
			m.write(w, r, badForm())
			return
		}
	}
	m.write(w, r, act(v))
}

const visitorCookie = "marketplace-visitor"

// visitor knows somebody again, or gives them a cookie to be known by. What is
// kept is a digest: whoever reads the file cannot come in somebody's place.
func (m *Market) visitor(w http.ResponseWriter, r *http.Request) string {
	name, secure := visitorCookie, strings.HasPrefix(m.URL, "https:")
	if secure {
		name = "__Host-" + visitorCookie
	}
	word := ""
	if c, err := r.Cookie(name); err == nil && isWord(c.Value) {
		word = c.Value
	} else {
		word = rand.Text()
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // it is secure where the site is
			Name: name, Value: word, Path: "/", MaxAge: int(remember.Seconds()), Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	return digest(word)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// isWord reports whether a text can be one of rand.Text, which forms and addresses
// here carry.
func isWord(s string) bool {
	const length = 26
	return len(s) == length && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// field is a line that somebody typed, of at most so many characters; ok is false
// for a longer one, and for what is no text.
func (v visit) field(name string, most int) (text string, ok bool) {
	text = strings.TrimSpace(v.form.Get(name))
	ok = utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, unicode.IsControl)
	return text, ok
}
