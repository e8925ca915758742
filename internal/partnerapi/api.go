package partnerapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A BoxOffice does the work behind the endpoints. It is called by many
// goroutines at once. Errors are reasons of package fault, and refuse the
// request as a whole; what became of its elements stands in the answers.
type BoxOffice interface {
	// Catalog returns events in the order they are to be shown, or
	// fault.OrganizationUnknown or fault.NotPermitted.
	Catalog(ctx context.Context, who access.Principal, org access.OrganizationID, q boxoffice.CatalogQuery) (*boxoffice.Program, error)
	Listing(ctx context.Context, who access.Principal, id boxoffice.ListingID) (boxoffice.ShownListing, error)
	Verify(ctx context.Context, who access.Principal, groups []boxoffice.VerifyGroup) ([]boxoffice.Verified, error)
	Lock(ctx context.Context, who access.Principal, req boxoffice.LockRequest) (boxoffice.Locking, error)
	Unlock(ctx context.Context, who access.Principal, tokens []boxoffice.Token) (boxoffice.Unlocking, error)
	Complete(ctx context.Context, who access.Principal, cart boxoffice.Cart) (boxoffice.Sale, error)
	Process(ctx context.Context, who access.Principal, id boxoffice.ProcessID) (boxoffice.Sale, error)
	Print(ctx context.Context, who access.Principal, req boxoffice.PrintRequest) (boxoffice.Printing, error)
	Give(ctx context.Context, who access.Principal, req boxoffice.TransferRequest) (boxoffice.Giving, error)
	Cancel(ctx context.Context, who access.Principal, req boxoffice.CancelRequest) (boxoffice.Transfer, error)
	History(ctx context.Context, who access.Principal, code string, org access.OrganizationID) (boxoffice.Transfer, error)
	Accept(ctx context.Context, who access.Principal, req boxoffice.AcceptRequest) (boxoffice.Transfer, error)
	TransferProcess(ctx context.Context, who access.Principal, id boxoffice.ProcessID) (boxoffice.Giving, error)
}

// A Desk knows who is calling. An *access.LimitError decides the Retry-After
// header; of an *access.ReuseError the log tells, and the caller nothing.
type Desk interface {
	// Authenticate returns fault.AccessTokenRequired, AccessTokenExpired,
	// AccessTokenRevoked, KeyInvalid or NotPermitted for callers it does not let
	// in. RequestID and Sandbox of the Principal are set by the door.
	Authenticate(ctx context.Context, c access.Credentials) (access.Principal, error)
	// Exchange returns fault.GrantInvalid, GrantTypeUnknown, GrantMalformed or
	// TooManyRequests for grants it does not take.
	Exchange(ctx context.Context, g access.Grant) (access.Pair, error)
	// Pace counts a request of a caller who was let in, and returns an
	// *access.LimitError for one too many.
	Pace(who access.Principal) error
	// Guess counts things that the caller named and that are none, and returns an
	// *access.LimitError once they are too many; 0 only asks.
	Guess(who access.Principal, of access.Guessed, unknown int) error
}

// Options are what an installation chooses about the door.
type Options struct {
	Log     *slog.Logger // nil discards
	Sandbox bool         // callbacks may go to http and to the machine itself, at any port
	// CallbackPorts are those that callbacks may go to besides 443.
	CallbackPorts []uint16
	// Feed is the journal for partners who ask instead of being told.
	Feed Feed
	// Served is told of each request when it has its answer; nil is nobody.
	Served func(context.Context, Served)
	// Crowded reports that what gives way first would be refused now, so that it is
	// before its body is read; nil is never. It is asked by many goroutines at once.
	Crowded func() bool
	// Leaving is closed when the server stops, which ends streams; nil is never.
	Leaving <-chan struct{}
}

// Served is a request as metrics and traces may know it: nothing in it was
// written by who called.
type Served struct {
	Route  string // as ServeMux has it; "/" or "" where none was found
	Status int
	Code   string // of the error; "" for none
	Took   time.Duration
}

// New opens the door: a handler for every path under /v1 and /v2. It is safe for
// concurrent use. The server in front sets the time limits, and how large a
// header it reads at all: beyond that net/http answers 431 by itself, in plain
// text, so its limit should be well above the door's own 16 KiB.
func New(office BoxOffice, desk Desk, options Options) http.Handler {
	a := &api{
		office: office, desk: desk, log: options.Log, sandbox: options.Sandbox, served: options.Served,
		reads: newShed(readsAtWork, readsWaiting), callbackPorts: options.CallbackPorts, crowded: options.Crowded,
		feed: options.Feed, streams: make(chan struct{}, maxStreams), leaving: options.Leaving,
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(gzipFrom), gzhttp.EnableZstd(false), gzhttp.SuffixETag(gzipSuffix))
	if err != nil {
		panic(fmt.Sprintf("gzip options that never change are refused: %v", err))
	}
	return compress(a.observe(a.limit(a.mux())))
}

const (
	// gzipFrom is the size from which an answer is worth compressing.
	gzipFrom = 1 << 10
	// gzipSuffix tells the two encodings of a body apart in its ETag.
	gzipSuffix = "-gzip"
)

type api struct {
	office   BoxOffice
	desk     Desk
	log      *slog.Logger
	sandbox  bool
	served   func(context.Context, Served)
	reads    *shed
	catalogs catalogs
	crowded  func() bool // nil is never

	callbackPorts []uint16

	feed    Feed
	streams chan struct{} // a place for each stream that is open
	leaving <-chan struct{}
}

// A handler answers one request with a status and a body, or an error. It reads
// nothing but the call and writes nothing: the frame does.
type handler func(ctx context.Context, c *call) (status int, body any, err error)

// A route is one way in.
type route struct {
	method, path string
	act          handler
	open         bool                                               // whoever calls needs no access token
	body         bool                                               // the request has one that is read
	secret       bool                                               // the answer holds secrets, which compression would let leak
	tagged       bool                                               // the answer has an ETag
	shed         bool                                               // refused first when there is too much to do
	yields       bool                                               // refused next, as boxoffice.Needs says it
	kept         bool                                               // the answer is kept for repeats of the request
	stream       func(ctx context.Context, w *reply, c *call) error // answers who asks for an event stream
}

func (a *api) routes() []route {
	return []route{
		{method: "POST", path: authPath, act: a.authToken, open: true, body: true, secret: true},
		{method: "GET", path: "/v1/catalog/events", act: a.catalogEvents, tagged: true, shed: true},
		{method: "GET", path: "/v1/listings/{listingId}", act: a.listing, shed: true},
		{method: "GET", path: "/v1/feed/seats", act: a.feedOf(boxoffice.Seats), shed: true, stream: a.streamOf(boxoffice.Seats)},
		{method: "GET", path: "/v1/feed/events", act: a.feedOf(boxoffice.Events), shed: true, stream: a.streamOf(boxoffice.Events)},
		{method: "GET", path: snapshotPath, act: a.snapshot, shed: true},
		{method: "PUT", path: "/v1/tickets/lock", act: a.lockTickets, body: true, yields: true},
		{method: "PUT", path: "/v1/tickets/unlock", act: a.unlockTickets, body: true},
		{method: "POST", path: "/v1/cart/complete-order", act: a.completeOrder, body: true, kept: true},
		{method: "GET", path: "/v1/cart/complete-order/{processId}", act: a.orderStatus},
		{method: "POST", path: "/v1/tickets/verify", act: a.verifyTickets, body: true, shed: true},
		{method: "PUT", path: "/v1/tickets/verify", act: a.verifyTickets, body: true, shed: true},
		{method: "POST", path: "/v1/tickets/print", act: a.printTickets, body: true, secret: true, kept: true},
		{method: "PUT", path: "/v1/tickets/print", act: a.printTickets, body: true, secret: true, kept: true},
		{method: "POST", path: "/v1/tickets/transfer", act: a.initiateTransfer, body: true, yields: true, secret: true, kept: true},
		{method: "DELETE", path: "/v1/tickets/transfer/{confirmationCd}", act: a.cancelTransfer, kept: true},
		{method: "GET", path: "/v1/tickets/transfer/{confirmationCd}", act: a.transferHistory},
		{method: "POST", path: acceptPath, act: a.acceptTransfer, body: true, secret: true, kept: true},
		{method: "POST", path: handOverPath, act: a.handOver, body: true, secret: true, kept: true},
		{method: "GET", path: handOverPath + "/{processId}", act: a.handOverStatus, secret: true},
		{method: "POST", path: "/v2/tickets/transfer", act: a.initiateTransferV2, body: true, yields: true, secret: true, kept: true},
		{method: "GET", path: "/v2/tickets/transfer/pending/{processId}", act: a.transferStatusV2, secret: true},
	}
}

// authPath is the one path whose errors have a form of their own.
const authPath = "/v1/auth/token"

// These would be paths of a confirmationCd, too.
const (
	acceptPath   = "/v1/tickets/transfer/accept"
	handOverPath = "/v1/tickets/transfer/complete"
)
