package partnerapi

import (
	"net/http"
	"path"
	"strings"

	"github.com/seatlink/seatlink/internal/fault"
)

const (
	maxHeader   = 16 << 10
	maxURI      = 8 << 10
	maxBody     = 1 << 20
	maxAuthBody = 4 << 10
)

// limit refuses what is too large before anything else is looked at.
func (a *api) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case headerSize(r.Header) > maxHeader:
			a.failAs(http.StatusRequestHeaderFieldsTooLarge, w.(*reply), r, fault.BodyTooLarge)
		case len(r.RequestURI) > maxURI:
			a.failAs(http.StatusRequestURITooLong, w.(*reply), r, fault.BodyTooLarge)
		case r.ContentLength > bodyLimit(r):
			a.fail(w.(*reply), r, fault.BodyTooLarge)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// headerSize is how much the header takes on the wire, but for the Host.
func headerSize(h http.Header) int {
	const colonAndEnd = len(": \r\n")
	size := 0
	for name, values := range h {
		for _, value := range values {
			size += len(name) + len(value) + colonAndEnd
		}
	}
	return size
}

func bodyLimit(r *http.Request) int64 {
	if r.URL.Path == authPath {
		return maxAuthBody
	}
	return maxBody
}

// mux finds the route. What it does not find is answered with our errors: each
// path is there once more without a method, for 405, and "/" takes the rest.
func (a *api) mux() http.Handler {
	mux := http.NewServeMux()
	allowed := map[string][]string{}
	for _, rt := range a.routes() {
		rt = measured(rt)
		mux.HandleFunc(rt.method+" "+rt.path, func(w http.ResponseWriter, r *http.Request) {
			a.serve(w.(*reply), r, rt)
		})
		allowed[rt.path] = append(allowed[rt.path], rt.method)
		if rt.method == http.MethodGet {
			allowed[rt.path] = append(allowed[rt.path], http.MethodHead)
		}
	}
	for path, methods := range allowed {
		allow := strings.Join(methods, ", ")
		wrong := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", allow)
			a.fail(w.(*reply), r, fault.MethodWrong)
		}
		if path == acceptPath || path == handOverPath {
			// Without a method the mux could not tell which goes before, this one or the
			// one of any confirmationCd.
			for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "OPTIONS"} {
				mux.HandleFunc(method+" "+path, wrong)
			}
			continue
		}
		mux.HandleFunc(path, wrong)
	}
	unknown := func(w http.ResponseWriter, r *http.Request) { a.fail(w.(*reply), r, fault.PathUnknown) }
	mux.HandleFunc("/", unknown)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would redirect a path with dots or doubled slashes to another one.
		if p := r.URL.EscapedPath(); !strings.HasPrefix(p, "/") || path.Clean(p) != p {
			unknown(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
