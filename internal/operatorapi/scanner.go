package operatorapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Doorkeeper knows the scanners by their keys.
type Doorkeeper interface {
	// Authenticate returns fault.KeyInvalid, or an *access.LimitError after too many
	// keys that were not good.
	Authenticate(ctx context.Context, key, address string) (access.Keeper, error)
}

// NewScanners opens the scanners' door (api/operator.yaml): the calls of gates that
// commands have too, for those who show a gate key, and for its events alone. It is
// safe for concurrent use.
func NewScanners(gates Gates, keys Doorkeeper, log *slog.Logger) http.Handler {
	a := &api{work: Work{Gates: gates}, log: log}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	for pattern, act := range a.scannerRoutes() {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { a.serveScanner(w, r, keys, act) })
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", method)
			a.fail(w, r, fault.MethodWrong)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, fault.PathUnknown) })
	return mux
}

// scannerRoutes are all that scanners may ask.
func (a *api) scannerRoutes() map[string]handler {
	return map[string]handler{
		"GET " + gateSnapshotPath: a.gateSnapshot,
		"GET " + gateChangesPath:  a.gateChanges,
		"GET " + gateStatusPath:   a.gateStatus,
		"POST " + gateVerifyPath:  a.gateVerify,
		"POST " + gateUndoPath:    a.gateUndo,
		"POST " + gateMergePath:   a.gateMerge,
	}
}

func (a *api) serveScanner(w http.ResponseWriter, r *http.Request, keys Doorkeeper, act handler) {
	defer func() {
		if p := recover(); p != nil {
			a.fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	w.Header().Set("Cache-Control", "no-store")
	keeper, err := keys.Authenticate(r.Context(), bearer(r), host(r.RemoteAddr))
	if err != nil {
		a.failScanner(w, r, err)
		return
	}
	keeper.RequestID = uuid.NewString()
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	body, err := act(r.Context(), &call{Request: r, who: keeper.Principal, keeper: &keeper})
	if err != nil {
		a.failScanner(w, r, err)
		return
	}
	text, err := json.Marshal(body)
	if err != nil {
		a.fail(w, r, fmt.Errorf("encode answer: %w", err))
		return
	}
	write(w, http.StatusOK, text)
}

// failScanner is fail, with what a caller who is refused is to do.
func (a *api) failScanner(w http.ResponseWriter, r *http.Request, err error) {
	if limit, ok := errors.AsType[*access.LimitError](err); ok {
		seconds := int(math.Ceil(limit.Wait.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(max(1, seconds)))
		err = fault.TooManyRequests
	}
	if errors.Is(err, fault.KeyInvalid) {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if f := fault.Of(err); f != nil && f.Kind == fault.Unavailable {
		w.Header().Set("Retry-After", "1")
	}
	a.fail(w, r, err)
}

// bearer is the key that a request shows, "" where it shows none or two.
func bearer(r *http.Request) string {
	shown := r.Header.Values("Authorization")
	if len(shown) != 1 {
		return ""
	}
	scheme, key, _ := strings.Cut(shown[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return key
}

// host is the address without its port.
func host(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
