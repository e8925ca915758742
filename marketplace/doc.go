// Package marketplace is a small partner's site on the Link API, to be read,
// run and copied. It knows nothing but the contract: it speaks to the venue
// through package link, hears from it through link/receive, and imports the
// standard library besides.
//
// A seller comes from the venue's MyAccount with a listingId, or types barcodes;
// the seats are priced and locked. A buyer picks some, and the order is completed,
// at once or when the venue has decided; then the tickets are links to the
// venue's own pages. Seats that the venue says are gone are crossed off.
//
// What happens to an offer, and to an order:
//
//	locking ─► open ─► buying ─► sold            asking ─► waiting ─► complete
//	   │         │  ◄────┘                          │         └─────► failed
//	   └► gone ◄─┴► withdrawn                       └─► complete, failed
//
// The rule behind it all: write down what you are about to ask before you ask it.
// An order has its ids and its whole body in the file before the first call is
// made, so that a lost answer, or a lost process, is followed by the same request
// again, and the ticket is sold once. The file is one JSON text that is replaced
// as a whole (shelf.go); what the venue knows better is asked there, and not kept.
package marketplace
