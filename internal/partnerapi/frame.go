package partnerapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// requestDeadline is how long the office may take (reliability.md §7.2).
const requestDeadline = 10 * time.Second

// A call is one request whose caller is known and whose body was read.
type call struct {
	*http.Request
	who  access.Principal
	body []byte // valid, and the handler's to change, until it returns
	repetition
}

// A reply is the ResponseWriter of one request, with what the log wants to know.
type reply struct {
	http.ResponseWriter
	requestID   string
	application access.ApplicationID // "" until the caller is known
	status      int
	code        string // of the error, "" for none
}

// Unwrap is for http.ResponseController.
func (w *reply) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the status.
func (w *reply) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// observe gives the request its id, survives panics, and writes the one line of
// the access log. What partners wrote is not logged, but for the Request-ID.
func (a *api) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		start := time.Now()
		w := &reply{ResponseWriter: rw, requestID: requestID(r.Header)}
		w.Header().Set(headerRequestID, w.requestID)
		if r.URL.Path == authPath {
			w.Header().Set("Cache-Control", "no-store")
		}
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				a.broken(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
			took := time.Since(start)
			a.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("route", r.Pattern), slog.Int("status", w.status), slog.Float64("ms", float64(took.Microseconds())/1e3),
				slog.String("request_id", w.requestID), slog.String("application", string(w.application)),
				slog.String("code", w.code))
			if a.served != nil {
				a.served(r.Context(), Served{Route: r.Pattern, Status: w.status, Code: w.code, Took: took})
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// broken answers a panic, if there is still an answer to give.
func (a *api) broken(w *reply, r *http.Request, err error) {
	if w.status == 0 {
		a.fail(w, r, err)
		return
	}
	a.log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "request_id", w.requestID, "err", err)
}

// serve is what all calls have in common.
func (a *api) serve(w *reply, r *http.Request, rt route) {
	if rt.secret {
		// Taken off again by gzhttp.
		w.Header().Set("No-Gzip-Compression", "1")
	}
	if rt.stream != nil && wantsStream(r.Header["Accept"]) {
		if err := a.open(w, r, rt); err != nil {
			a.fail(w, r, err)
		}
		return
	}
	status, body, err := a.answer(w, r, rt)
	if refused, ok := body.(refusedResponse); ok {
		w.code = refused.Error.AppErrorCode
	}
	if err == nil {
		err = send(w, r, status, body, rt.tagged)
	} else if before, ok := errors.AsType[*boxoffice.Replay](err); ok {
		err = replay(w, r, before)
	}
	if err != nil {
		a.fail(w, r, err)
	}
}

// answer checks what every call checks, in the order of the package comment.
func (a *api) answer(w *reply, r *http.Request, rt route) (status int, body any, err error) {
	if err := soleHeaders(r.Header); err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestDeadline)
	defer cancel()
	c := call{Request: r}
	if !rt.open {
		if c.who, err = a.admit(ctx, w, r); err != nil {
			return 0, nil, err
		}
	}
	if rt.shed && a.reads.full() || rt.yields && a.crowded != nil && a.crowded() {
		return 0, nil, refuse(ctx)
	}
	if err := media(r); err != nil {
		return 0, nil, err
	}
	if rt.kept {
		if c.repetition, err = repetitionOf(r.Header); err != nil {
			return 0, nil, err
		}
	}
	if rt.body {
		buf := buffers.Get().(*bytes.Buffer)
		defer release(buf)
		if err := readBody(buf, r); err != nil {
			return 0, nil, err
		}
		c.body = buf.Bytes()
	}
	if rt.shed {
		// Only now, lest slow bodies take the places of those who are ready.
		if err := a.reads.enter(ctx); err != nil {
			return 0, nil, err
		}
		defer a.reads.leave()
	}
	return rt.act(ctx, &c)
}

// admit finds out who is calling, and whether that is too often.
func (a *api) admit(ctx context.Context, w *reply, r *http.Request) (access.Principal, error) {
	who, err := a.identify(ctx, r)
	if err != nil {
		return who, err
	}
	who.RequestID, who.Sandbox = w.requestID, a.sandbox
	w.application = who.Application
	return who, a.desk.Pace(who)
}

// identify finds out who is calling.
func (a *api) identify(ctx context.Context, r *http.Request) (access.Principal, error) {
	token, ok := bearer(r.Header.Get("Authorization"))
	if !ok {
		return access.Principal{}, fault.AccessTokenRequired
	}
	return a.desk.Authenticate(ctx, access.Credentials{
		AccessToken: token,
		Application: access.ApplicationID(r.Header.Get(headerApplication)),
		APIKey:      r.Header.Get(headerKey),
		Channel:     access.Channel(r.Header.Get(headerChannel)),
	})
}

// readBody reads all of a body within its limit.
func readBody(buf *bytes.Buffer, r *http.Request) error {
	limit := bodyLimit(r)
	n, err := buf.ReadFrom(io.LimitReader(r.Body, limit+1))
	switch {
	case n > limit:
		return fault.BodyTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.BodySlow
	case err != nil:
		return fault.Malformed.Saying("the body ends before its time")
	}
	return nil
}

// written is the body of an answer that was encoded before, with its tag.
type written struct {
	words []byte
	tag   string
}

// send encodes the body of a success into a buffer, so that nothing is sent of
// one that cannot be encoded, and writes it.
func send(w *reply, r *http.Request, status int, body any, tagged bool) error {
	if before, ok := body.(*written); ok {
		sendTagged(w, r, status, before.words, before.tag)
		return nil
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer release(buf)
	if err := json.MarshalWrite(buf, body); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	if tagged {
		sendTagged(w, r, status, buf.Bytes(), tagOf(buf.Bytes()))
	} else {
		write(w, r, status, buf.Bytes())
	}
	return nil
}

func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// sendTagged sends a body to who does not have it yet.
func sendTagged(w *reply, r *http.Request, status int, body []byte, tag string) {
	if matched, ok := matchTag(r.Header.Values("If-None-Match"), tag); ok {
		w.Header().Set("ETag", matched)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("ETag", `"`+tag+`"`)
	write(w, r, status, body)
}

// matchTag looks for a tag in If-None-Match, in either of its encodings, and
// returns the form that the caller knows.
func matchTag(headers []string, tag string) (matched string, ok bool) {
	for _, header := range headers {
		for one := range strings.SplitSeq(header, ",") {
			one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
			switch one {
			case "*":
				return `"` + tag + `"`, true
			case `"` + tag + `"`, `"` + tag + gzipSuffix + `"`:
				return one, true
			}
		}
	}
	return "", false
}

func write(w *reply, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // whether the caller still listens is no matter of ours
	}
}

// buffers hold bodies, coming and going.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled keeps one large body from staying in memory for good.
const maxPooled = 64 << 10

func release(buf *bytes.Buffer) {
	if buf.Cap() > maxPooled {
		return
	}
	buf.Reset()
	buffers.Put(buf)
}
