// Package partnerapi is the partners' door: calls 1 to 13 of the Link API,
// transfers of its later editions, and the feed beside calls 14 and 15, over net/http, exact in what it sends and
// forgiving in what it takes (contract.md). It knows the wire and nothing of the
// trade: a handler decodes, asks the BoxOffice, and encodes.
//
// A request is judged in one fixed order, so that an error never tells more than
// the caller may know (reliability.md §3.1):
//
//	limits       431, 414, 413 by Content-Length
//	route        404, 405
//	caller       400 for a header sent twice, 401, 403
//	rate         429
//	load         503 for catalog, listings and verify
//	media        406, 415, then 400 for an Idempotency-Key that is none
//	body         408, 413, 400
//	office       404, 403, 409, 422, 503, or the answer
//
// A body of undeclared length shows its size only when it is read, and nobody
// unknown gets a body read: its 413 comes after 401 and 403. Whether a write finds
// room in the queue shows when it queues: its 503 comes from the office.
//
// Units and shapes: amounts are decimal numbers in the organization's currency,
// dates and times are in UTC, lists are [] when empty and nothing is ever null.
// Limits: header 16 KiB, URI 8 KiB, body 1 MiB (auth 4 KiB), 16 levels of JSON, and those of
// contract.md §1. A batch is not atomic here: the office says what became of each
// element, and the door makes 200, 207, 409 or 422 of it. Repeats are the
// office's as well: the door says what names a request and in which words its
// answer is to be given again (repeat.go), and keeps no state but the count of
// reads at work, so any number of processes may serve it.
package partnerapi
