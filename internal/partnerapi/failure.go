package partnerapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// statusOf is the one table from kinds to HTTP statuses.
var statusOf = [...]int{
	fault.Internal:             http.StatusInternalServerError,
	fault.BadRequest:           http.StatusBadRequest,
	fault.Unauthorized:         http.StatusUnauthorized,
	fault.Forbidden:            http.StatusForbidden,
	fault.NotFound:             http.StatusNotFound,
	fault.MethodNotAllowed:     http.StatusMethodNotAllowed,
	fault.NotAcceptable:        http.StatusNotAcceptable,
	fault.Timeout:              http.StatusRequestTimeout,
	fault.TooLarge:             http.StatusRequestEntityTooLarge,
	fault.UnsupportedMediaType: http.StatusUnsupportedMediaType,
	fault.Conflict:             http.StatusConflict,
	fault.Refused:              http.StatusUnprocessableEntity,
	fault.RateLimited:          http.StatusTooManyRequests,
	fault.Unavailable:          http.StatusServiceUnavailable,
}

// errorResponse is the form of all errors but those of auth.
type errorResponse struct {
	Error errorObject `json:"error"`
}

type errorObject struct {
	Type             string `json:"type"`
	DeveloperMessage string `json:"developerMessage"`
	AppErrorCode     string `json:"appErrorCode"`
}

func errorOf(f *fault.Error) errorObject {
	return errorObject{Type: f.Kind.String(), DeveloperMessage: f.Message, AppErrorCode: f.Code}
}

// authErrorResponse is the form of auth's errors.
type authErrorResponse struct {
	Error string `json:"error"`
}

// refusedResponse is the body of a 422 or 409 in which no element succeeded.
type refusedResponse struct {
	Error  errorObject `json:"error"`
	Errors []failure   `json:"errors"`
}

// A failure is one element that did not succeed.
type failure struct {
	ExternalOrderID  string            `json:"externalOrderId,omitempty"` // in complete-order
	Token            boxoffice.Token   `json:"token,omitempty"`           // absent for an order as a whole, and for a barcode
	Barcode          boxoffice.Barcode `json:"barcode,omitempty"`
	Type             string            `json:"type"`
	DeveloperMessage string            `json:"developerMessage"`
	AppErrorCode     string            `json:"appErrorCode"`
}

func failuresOf(refused []boxoffice.Refusal) []failure {
	if len(refused) == 0 {
		return nil
	}
	failures := make([]failure, len(refused))
	for i, r := range refused {
		failures[i] = failure{
			ExternalOrderID: r.ExternalOrderID, Token: r.Token, Barcode: r.Barcode,
			Type: r.Reason.Kind.String(), DeveloperMessage: r.Reason.Message, AppErrorCode: r.Reason.Code,
		}
	}
	return failures
}

// batchStatus is 200 if every element was done, 422 if none was, else 207.
func batchStatus(done, refused int) int {
	switch {
	case refused == 0:
		return http.StatusOK
	case done == 0:
		return http.StatusUnprocessableEntity
	}
	return http.StatusMultiStatus
}

// fail answers with an error. One that nobody classified, and one that is
// classified as our own failure, is logged here, once, and its text is shown to
// nobody.
func (a *api) fail(w *reply, r *http.Request, err error) {
	a.failAs(0, w, r, err)
}

// failAs is fail with another status than the kind's; 0 is the kind's.
func (a *api) failAs(status int, w *reply, r *http.Request, err error) {
	f := fault.Of(err)
	switch {
	case f == nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)):
		f = fault.Undecided
	case f == nil || f.Kind == fault.Internal:
		a.log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "request_id", w.requestID, "err", err)
		f = fault.Of(fault.Broken.Saying(fault.Broken.Message + ": " + w.requestID))
	}
	if _, flat := errors.AsType[badRequest](err); flat {
		status = http.StatusBadRequest
	}
	if errors.Is(err, fault.ResyncRequired) {
		status = http.StatusGone
		w.Header().Set("Location", snapshotPath)
	}
	if status == 0 {
		status = statusOf[f.Kind]
	}
	if reuse, ok := errors.AsType[*access.ReuseError](err); ok {
		a.log.WarnContext(r.Context(), "a spent code or refresh token was shown", "application", reuse.Application, "request_id", w.requestID)
	}
	w.code = f.Code
	errorHeaders(w.Header(), f, err)
	buf := buffers.Get().(*bytes.Buffer)
	defer release(buf)
	var body any = errorResponse{errorOf(f)}
	if r.URL.Path == authPath {
		body = authErrorResponse{authText(f)}
	}
	// Strings only, all of them valid UTF-8: it cannot fail.
	_ = json.MarshalWrite(buf, body)
	write(w, r, status, buf.Bytes())
}

// errorHeaders are the headers that belong to an error.
func errorHeaders(h http.Header, f *fault.Error, err error) {
	switch f.Kind {
	case fault.RateLimited, fault.Unavailable:
		h.Set("Retry-After", retryAfter(f, err))
	case fault.TooLarge, fault.Timeout:
		// What is left of the body is not worth reading.
		h.Set("Connection", "close")
	}
	switch f.Code {
	case fault.AccessTokenRequired.Code:
		h.Set("WWW-Authenticate", "Bearer")
	case fault.AccessTokenExpired.Code, fault.AccessTokenRevoked.Code:
		h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case fault.IdempotencyKeyInUse.Code:
		h.Set("Retry-After", retryAfter(f, err))
	}
}

const (
	retryBusy    = time.Second
	retryLimited = time.Minute
)

// retryAfter is a whole number of seconds, at least one.
func retryAfter(f *fault.Error, err error) string {
	wait := retryBusy
	if f.Kind == fault.RateLimited {
		wait = retryLimited
	}
	if limited, ok := errors.AsType[*access.LimitError](err); ok {
		wait = limited.Wait
	}
	return strconv.FormatInt(max(1, int64((wait+time.Second-1)/time.Second)), 10)
}

// authText is auth's word for an error: the code in lower case, and
// invalid_request for whatever else is wrong with a request (contract.md call 1).
func authText(f *fault.Error) string {
	grant := f.Code == fault.GrantInvalid.Code || f.Code == fault.GrantTypeUnknown.Code
	if f.Kind == fault.BadRequest && !grant {
		f = fault.GrantMalformed
	}
	return strings.ToLower(f.Code)
}
