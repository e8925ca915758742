// Package link is the partner's side of the Link API: every call as a method of
// a [Client], typed, with the rules that a careful caller keeps built in.
//
// A Client enters with the authorization code of the operator, keeps its pair of
// tokens where a [Keep] puts it, and renews it by itself: one renewal at a time,
// the new pair saved before it is first used, also beside other processes that
// share the Keep.
//
// Each call is sent again when that is safe and may help: after a lost
// connection, and when the server says that it is busy. Reads, locks and unlocks
// go by the state of the tickets; whatever else has an effect carries a
// Request-ID under which the server knows the same request again. What went
// wrong otherwise is an [Error] with the server's type, code and Request-ID, and
// a request without an answer a [NoAnswerError].
//
// Tickets of one request stand alone: those that were refused are in Errors of
// the answer, beside those that succeeded. When none succeeded the answer has
// the reasons too, and the call returns an Error besides.
//
// The package keeps nothing global, imports the standard library alone, and
// never writes a log.
package link
