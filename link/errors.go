package link

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An Error is a request that the server answered and did not do. Find it with
// errors.As. It says nothing of persons and carries no credential.
type Error struct {
	Call       string        // as the contract names it: PUT /v1/tickets/lock
	Status     int           // of HTTP; it does not decide the type
	Type       Type          // the kind; "" when the answer is not the Link API's, as that of a proxy
	Code       Code          // appErrorCode, the fine word
	Message    string        // for a developer
	RequestID  string        // for support, and to send the same request again
	RetryAfter time.Duration // how long the server asks to wait; 0 when it does not
	Failures   []Failure     // ticket by ticket, where that is why

	open bool // an earlier try of the request, or this one, may have been done
}

// Error names the call, the reason, and the Request-ID.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "link: %s: %d", e.Call, e.Status)
	if e.Code != "" {
		fmt.Fprintf(&b, " %s", e.Code)
	}
	fmt.Fprintf(&b, ": %s (Request-ID %s)", e.Message, e.RequestID)
	return b.String()
}

// A Failure is one ticket, barcode or order of a request that did not succeed.
type Failure struct {
	ExternalOrderID string  `json:"externalOrderId,omitempty"` // in complete-order
	Token           Token   `json:"token,omitempty"`           // absent for an order as a whole, and for a barcode
	Barcode         Barcode `json:"barcode,omitempty"`
	Type            Type    `json:"type"`
	Message         string  `json:"developerMessage"`
	Code            Code    `json:"appErrorCode"`
}

// String names what failed, and why.
func (f Failure) String() string {
	what := cmp.Or(string(f.Token), string(f.Barcode), "the request")
	if what == "the request" && f.ExternalOrderID != "" {
		what = "order " + f.ExternalOrderID
	}
	return fmt.Sprintf("%s: %s: %s", what, f.Code, f.Message)
}

// A NoAnswerError is a request that was sent, maybe several times, and not
// answered: nobody knows what became of it. Sending it again under the same
// RequestID finds out, and does it if it was not done.
type NoAnswerError struct {
	Call      string
	RequestID string
	Err       error // of the last try
}

// Error names the call, the cause, and the Request-ID.
func (e *NoAnswerError) Error() string {
	return fmt.Sprintf("link: %s: no answer: %v (Request-ID %s)", e.Call, e.Err, e.RequestID)
}

// Unwrap returns the cause.
func (e *NoAnswerError) Unwrap() error { return e.Err }

// An EntryError is a request for which the client could not get a good access token.
// It was not done, unless an earlier try of it was not answered: ask Undecided.
type EntryError struct {
	Call string
	Err  error // an *Error of POST /v1/auth/token, one of Keep, or ErrNoCode

	open bool
}

// Error names the call and the cause.
func (e *EntryError) Error() string {
	return fmt.Sprintf("link: %s: no access token: %v", e.Call, e.Err)
}

// Unwrap returns the cause.
func (e *EntryError) Unwrap() error { return e.Err }

// Undecided reports whether err leaves it open if the request was done: there was
// no answer, or one that does not say it, to any of its tries, and what the last one
// was told does not settle it. Any other error means that it was not done.
func Undecided(err error) bool {
	if entry, ok := errors.AsType[*EntryError](err); ok {
		return entry.open
	}
	if _, none := errors.AsType[*NoAnswerError](err); none {
		return true
	}
	said, ok := errors.AsType[*Error](err)
	return ok && said.open && !Settled(err)
}

// Settled reports whether err is the server's last word on a request, which was then
// not done by an earlier try or call under the same RequestID either: the server
// looks for what it has answered before it looks at the tickets. One that is busy, or
// lets nobody in, has not looked, so that of a request that was sent before it says nothing.
func Settled(err error) bool {
	said, ok := errors.AsType[*Error](err)
	if _, entry := errors.AsType[*EntryError](err); entry || !ok {
		return false
	}
	switch said.Type {
	case TypeBadRequest, TypeTooLarge, TypeNotFound, TypeConflict, TypeRefused:
		return said.Code != CodeIdempotencyKeyInUse
	}
	return false
}

// open reports whether an answer leaves it open if the request was done.
func (a answer) open() bool {
	code := a.code()
	return code == CodeIdempotencyKeyInUse ||
		a.status >= http.StatusInternalServerError && code != CodeUnavailable && code != CodeStopping
}

// A Reason is why a request, or what came of it, did not succeed as a whole.
type Reason struct {
	Type    Type   `json:"type"`
	Message string `json:"developerMessage"`
	Code    Code   `json:"appErrorCode"`
}

// refusal makes an Error of an answer that is none of the good ones.
func (k call) refusal(a answer, now time.Time) *Error {
	e := &Error{
		Call: k.name, Status: a.status, RequestID: cmp.Or(a.header.Get("Request-ID"), k.requestID),
		RetryAfter: retryAfter(a.header.Get("Retry-After"), now),
		Message:    "the answer is not one of the Link API",
	}
	var wire struct {
		Error  json.RawMessage `json:"error"`
		Errors []Failure       `json:"errors"`
	}
	if json.Unmarshal(a.body, &wire) != nil {
		return e
	}
	var why Reason
	var word string // auth's errors are one
	switch {
	case json.Unmarshal(wire.Error, &why) == nil && why != (Reason{}):
		e.Type, e.Code, e.Message = why.Type, why.Code, why.Message
	case json.Unmarshal(wire.Error, &word) == nil && word != "":
		e.Code, e.Message = Code(strings.ToUpper(word)), word
	default:
		return e
	}
	e.Failures = wire.Errors
	return e
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// failuresOf are the reasons of an answer in which nothing succeeded.
func failuresOf(err error) []Failure {
	if said, ok := errors.AsType[*Error](err); ok {
		return said.Failures
	}
	return nil
}
