// Package manual is the contract for people: the document of package api as a
// page to read, the catalogue of errors, and the files themselves.
//
// It is a room of its own because its page runs a script (redoc, one vendored
// file), which the patrons' pages of web never do. Nothing is asked of anybody
// but this server, and the content security policy sees to it; without scripts
// the page has every call and every error as plain HTML.
package manual

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/seatlink/seatlink/api"
)

//go:embed pages redoc/redoc-2.5.4.js
var files embed.FS

var templates = template.Must(template.ParseFS(files, "pages/*.html"))

// Root is where the manual stands; all its paths begin so.
const Root = "/docs"

// policy lets in what redoc needs: styles that it writes itself, a worker that it
// makes for its search, pictures within its styles. The picture that it would
// like to have from its makers is not let in.
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src blob:; " +
	"style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// New returns a handler for Root and what is below it. All of it is made here,
// once, and never changes while the process lives.
func New() http.Handler {
	paths := map[string]document{
		Root + "/link.yaml":   {"application/yaml", api.Link()},
		Root + "/redoc.js":    {"text/javascript; charset=utf-8", read("redoc/redoc-2.5.4.js")},
		Root + "/style.css":   {"text/css; charset=utf-8", read("pages/style.css")},
		Root + "/errors":      {html, page("errors.html")},
		Root:                  {html, page("docs.html")},
		Root + "/errors.json": {"application/json", encoded(api.Errors())},
	}
	mux := http.NewServeMux()
	for at, d := range paths {
		mux.HandleFunc("GET "+at, d.serve())
		mux.HandleFunc(at, wrongMethod)
	}
	// One route for all of them: routes are labels of metrics.
	mux.HandleFunc("GET "+Root+"/examples/{name}", examples())
	mux.HandleFunc(Root+"/examples/{name}", wrongMethod)
	mux.HandleFunc("/", nothing)
	compress, err := gzhttp.NewWrapper(gzhttp.EnableZstd(false), gzhttp.SuffixETag("-gzip"))
	if err != nil {
		panic(fmt.Sprintf("gzip options that never change are refused: %v", err))
	}
	return compress(guarded(mux))
}

// guarded sets the headers of every answer, and keeps the mux from redirecting.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if p := r.URL.EscapedPath(); !strings.HasPrefix(p, "/") || path.Clean(p) != p {
			nothing(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

const html = "text/html; charset=utf-8"

// A document is one answer.
type document struct {
	kind string
	text []byte
}

// serve answers with the document; whoever has it already hears so.
func (d document) serve() http.HandlerFunc {
	const enough = 12 // bytes: it tells versions apart, it guards nothing
	sum := sha256.Sum256(d.text)
	tag := `"` + hex.EncodeToString(sum[:enough]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", d.kind)
		w.Header().Set("Cache-Control", "no-cache") // may be kept, and is asked about
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.text))
	}
}

// examples answers with the example of the path.
func examples() http.HandlerFunc {
	names, err := fs.Glob(api.Examples(), "*.json")
	if err != nil {
		panic(err) // the pattern never changes
	}
	serve := map[string]http.HandlerFunc{}
	for _, name := range names {
		text, err := fs.ReadFile(api.Examples(), name)
		if err != nil {
			panic(err) // it is embedded
		}
		serve[name] = document{"application/json", text}.serve()
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if one, ok := serve[r.PathValue("name")]; ok {
			one(w, r)
			return
		}
		nothing(w, r)
	}
}

func wrongMethod(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "this can only be read", http.StatusMethodNotAllowed)
}

func nothing(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "there is nothing here; the manual is at "+Root, http.StatusNotFound)
}

func read(name string) []byte {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return text
}
