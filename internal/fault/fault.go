// Package fault says what can go wrong: a kind for programs, a code for
// partners, a message for people. Every reason the system can give stands in
// catalogue.go, once. It knows no transport: the doors map a kind to a status.
package fault

import "errors"

// A Kind is what a program must do differently about an error. The zero Kind
// is Internal, so forgetting to classify hides details, not the reverse.
type Kind uint8

// The kinds, named on the wire as contract.md §1 lists them.
const (
	Internal Kind = iota
	BadRequest
	Unauthorized
	Forbidden
	NotFound
	MethodNotAllowed
	NotAcceptable
	Timeout
	TooLarge
	UnsupportedMediaType
	Conflict
	Refused
	RateLimited
	Unavailable
)

var kindNames = [...]string{
	"INTERNAL_ERROR", "BAD_REQUEST", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "METHOD_NOT_ALLOWED", "NOT_ACCEPTABLE",
	"TIMEOUT", "TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "CONFLICT", "REFUSED", "RATE_LIMITED", "UNAVAILABLE",
}

// String returns the kind's name on the wire, such as BAD_REQUEST.
func (k Kind) String() string { return kindNames[k] }

// An Error is one reason for a refusal. The reasons of the catalogue are
// compared with errors.Is, which holds for any Error of the same code.
type Error struct {
	Kind    Kind
	Code    string // the fine word for partners, such as TOKEN_LOCKED
	Message string // a sentence for a developer; names no secret and no person
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Is reports whether target is the same reason, whatever its message says.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Saying returns the same reason with a message that tells more of the case.
func (e *Error) Saying(message string) error {
	return &Error{Kind: e.Kind, Code: e.Code, Message: message}
}

// Of returns the reason within err, or nil where nobody classified it.
func Of(err error) *Error {
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	return nil
}
