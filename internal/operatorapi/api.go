package operatorapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
)

// Orders are those that an operator looks at and judges. Errors are reasons of
// package fault.
type Orders interface {
	// UnderReview returns orders that wait for the operator, the oldest first.
	UnderReview(ctx context.Context, limit int) ([]boxoffice.Order, error)
	// Order returns fault.OrderUnknown where there is none.
	Order(ctx context.Context, key boxoffice.OrderKey) (boxoffice.Order, error)
	// Judge decides an order that waits. The same verdict again changes nothing;
	// another one is fault.OrderDecided.
	Judge(ctx context.Context, by access.Principal, key boxoffice.OrderKey, approve bool, why string) (boxoffice.Order, error)
}

// Callbacks tell what became of those that orders owe.
type Callbacks interface {
	// Callback returns false where the process owes none.
	Callback(ctx context.Context, id boxoffice.ProcessID) (boxoffice.Callback, bool, error)
}

// Work is what stands behind the door.
type Work struct {
	Orders      Orders
	Callbacks   Callbacks
	Partners    Partners
	Credentials Credentials
	Venue       Venue
	Gates       Gates
	Porters     Porters
	House       House
	Shelves     Shelves
	Loads       Loads           // only where a server runs
	Vault       boxoffice.Vault // only where the database is a file

	Messages  push.Replay
	Endpoints Endpoints
	Topics    Topics
}

// Options are what an installation chooses about the door.
type Options struct {
	URL      string       // where partners reach the server; "" where none runs
	Database string       // the file that is served, for commands that look for it
	Log      *slog.Logger // nil discards
}

// New opens the door: a handler for all that operators ask. It is safe for
// concurrent use.
func New(work Work, options Options) http.Handler {
	a := &api{work: work, url: options.URL, database: options.Database, log: options.Log}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	return a.mux()
}

type api struct {
	work     Work
	url      string
	database string
	log      *slog.Logger
}

// A handler answers one request with a body, or an error. It writes nothing: the
// frame does.
type handler func(ctx context.Context, c *call) (body any, err error)

// A call is one request, and the operator who makes it.
type call struct {
	*http.Request
	who    access.Principal
	keeper *access.Keeper // a scanner, of the events of its key; nil is an operator
}

func (a *api) routes() map[string]handler {
	return map[string]handler{
		"GET " + aboutPath:    a.about,
		"GET " + ordersPath:   a.underReview,
		"GET " + orderPath:    a.showOrder,
		"POST " + approvePath: a.approve,
		"POST " + rejectPath:  a.reject,

		"GET " + partnersPath:   a.partners,
		"GET " + partnerPath:    a.showPartner,
		"POST " + addPath:       a.addPartner,
		"POST " + grantPath:     a.grant,
		"POST " + withdrawPath:  a.withdraw,
		"POST " + limitPath:     a.limitPartner,
		"POST " + callbacksPath: a.allowCallbacks,
		"POST " + pagePath:      a.setPage,
		"POST " + keyPath:       a.newKey,
		"POST " + revokeKeyPath: a.revokeKey,
		"POST " + codePath:      a.newCode,
		"POST " + tokensPath:    a.revokeTokens,
		"POST " + disablePath:   a.disable,

		"POST " + workPath:    a.beginWork,
		"POST " + previewPath: a.previewWork,
		"POST " + goOnPath:    a.goOn,
		"POST " + eventPath:   a.changeEvent,

		"GET " + gateSnapshotPath:   a.gateSnapshot,
		"GET " + gateChangesPath:    a.gateChanges,
		"GET " + gateStatusPath:     a.gateStatus,
		"POST " + gateVerifyPath:    a.gateVerify,
		"POST " + gateUndoPath:      a.gateUndo,
		"POST " + gateMergePath:     a.gateMerge,
		"GET " + gateKeysPath:       a.gateKeys,
		"POST " + gateKeyPath:       a.newGateKey,
		"POST " + revokeGateKeyPath: a.revokeGateKey,

		"GET " + organizationsPath: a.organizations,
		"GET " + organizationPath:  a.showOrganization,
		"POST " + rulesPath:        a.setRules,
		"GET " + listingsPath:      a.listings,
		"POST " + listingPath:      a.addListing,

		"POST " + showPath:    a.show,
		"POST " + requestPath: a.showRequest,
		"POST " + backupPath:  a.backUp,
	}
}

const (
	aboutPath   = "/about"
	ordersPath  = "/orders"
	orderPath   = "/order"
	approvePath = "/order/approve"
	rejectPath  = "/order/reject"

	partnersPath  = "/partners"
	partnerPath   = "/partner"
	addPath       = "/partner/add"
	grantPath     = "/partner/grant"
	withdrawPath  = "/partner/withdraw"
	limitPath     = "/partner/limit"
	callbacksPath = "/partner/callbacks"
	pagePath      = "/partner/page"
	keyPath       = "/partner/key"
	revokeKeyPath = "/partner/key/revoke"
	codePath      = "/partner/code"
	tokensPath    = "/partner/tokens/revoke"
	disablePath   = "/partner/disable"

	workPath    = "/venue/work"
	previewPath = "/venue/work/preview"
	goOnPath    = "/venue/work/go-on"
	eventPath   = "/venue/event"

	gateSnapshotPath  = "/gate/snapshot"
	gateChangesPath   = "/gate/changes"
	gateStatusPath    = "/gate/status"
	gateVerifyPath    = "/gate/verify"
	gateUndoPath      = "/gate/undo"
	gateMergePath     = "/gate/merge"
	gateKeysPath      = "/gate/keys"
	gateKeyPath       = "/gate/key"
	revokeGateKeyPath = "/gate/key/revoke"

	organizationsPath = "/organizations"
	organizationPath  = "/organization"
	rulesPath         = "/organization/rules"
	listingsPath      = "/listings"
	listingPath       = "/listing/add"

	showPath    = "/show"
	requestPath = "/show/request"
	backupPath  = "/backup"
	loadPath    = "/house/load" // answered line by line
)

// mux finds the route. Each path is there once more without a method, for 405,
// and "/" takes the rest.
func (a *api) mux() http.Handler {
	mux := http.NewServeMux()
	routes := a.routes()
	maps.Copy(routes, a.subscriptionRoutes())
	for pattern, act := range routes {
		_, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, act) })
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, fault.MethodWrong) })
	}
	mux.HandleFunc("POST "+loadPath, a.load)
	mux.HandleFunc(loadPath, func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, fault.MethodWrong) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, fault.PathUnknown) })
	return mux
}

// OperatorHeader has the name of who asks.
const OperatorHeader = "Seatlink-Operator"

// maxBody is more than any command has to say, but for those that name seats: 500
// scans are the most.
const maxBody = 256 << 10

// maxOf is the limit of a request's body.
func maxOf(path string) int64 {
	if path == workPath || path == previewPath {
		return maxSelection
	}
	return maxBody
}

func (a *api) serve(w http.ResponseWriter, r *http.Request, act handler) {
	defer func() {
		if p := recover(); p != nil {
			a.fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	who, err := access.Operator(r.Header.Get(OperatorHeader))
	if err != nil {
		a.fail(w, r, fault.FieldInvalid.Saying(err.Error()))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxOf(r.URL.Path))
	body, err := act(r.Context(), &call{Request: r, who: who})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	text, err := json.Marshal(body)
	if err != nil {
		a.fail(w, r, fmt.Errorf("encode answer: %w", err))
		return
	}
	write(w, http.StatusOK, text)
	// A name is the operator's own word: for the journal, not for the log.
	a.log.InfoContext(r.Context(), "operator request", "route", r.Pattern, "request_id", who.RequestID)
}

// decode reads a request, whose fields are all known: a command that says more
// than this server understands is of another version.
func (c *call) decode(into any) error {
	err := json.UnmarshalRead(c.Body, into, json.RejectUnknownMembers(true))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.BodyTooLarge.Saying(fmt.Sprintf("the request is larger than %d bytes", tooLarge.Limit))
	}
	if err != nil {
		return fault.Malformed
	}
	return nil
}

// statusOf is the one table from kinds to statuses; other kinds do not come here.
var statusOf = map[fault.Kind]int{
	fault.BadRequest:       http.StatusBadRequest,
	fault.NotFound:         http.StatusNotFound,
	fault.MethodNotAllowed: http.StatusMethodNotAllowed,
	fault.TooLarge:         http.StatusRequestEntityTooLarge,
	fault.Conflict:         http.StatusConflict,
	fault.Refused:          http.StatusUnprocessableEntity,
	fault.Unauthorized:     http.StatusUnauthorized, // of scanners
	fault.RateLimited:      http.StatusTooManyRequests,
	fault.Unavailable:      http.StatusServiceUnavailable,
}

// A refusal is the body of every error.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// fail answers with an error. One that nobody classified is logged here, once.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	if f == nil {
		a.log.ErrorContext(r.Context(), "operator request failed", "route", r.Pattern, "err", err)
		f = fault.Of(fault.Broken.Saying("the server failed; its log says how"))
	}
	status, ok := statusOf[f.Kind]
	if !ok {
		status = http.StatusInternalServerError
	}
	// Two strings of valid UTF-8: it cannot fail.
	text, _ := json.Marshal(refusal{f.Code, f.Message})
	write(w, status, text)
}

func write(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a command that is gone needs no answer
}

// About says whom a command has reached.
type About struct {
	Database string `json:"database"` // the path of the file that is served
}

func (a *api) about(context.Context, *call) (any, error) { return About{a.database}, nil }
