package boxoffice

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// A Loader takes a house into the books in bulk, past the acts. Its calls come
// in this order, each any number of times. A row that exists already, by its key,
// is never changed: where it is not what is given, that is a Differences, and the
// chunk it stands in is not loaded. A load is no one transaction: partners may see
// its parts, and what was loaded before an error stays. The same load again goes
// on where it ended, and changes nothing once it is whole.
type Loader interface {
	PlaceLoader
	StockLoader
	// Finish writes one journal row with count and digest for each event that was
	// not loaded with these tickets before, and refreshes what the database knows
	// of its tables.
	Finish(ctx context.Context) error
}

// A PlaceLoader takes what tickets are for.
type PlaceLoader interface {
	Organizations(ctx context.Context, rows []Organization) error
	Seasons(ctx context.Context, rows []Season) error
	Manifests(ctx context.Context, rows []Manifest) error
	Events(ctx context.Context, rows []Event) error
}

// A StockLoader takes people and what they have.
type StockLoader interface {
	Patrons(ctx context.Context, rows []Patron) error
	// Tickets are given in the order of event, section, row and seat; their
	// tokens should ascend within an event, for keys that lie together cost half.
	Tickets(ctx context.Context, rows []Ticket) error
	Listings(ctx context.Context, rows []Listing) error
}

// A Difference is a row of the books that is not as a load has it. Values that
// are personal or open the gate are left out.
type Difference struct {
	Kind, Key   string // such as ticket and its token
	Column      string
	Books, Load string // what stands there, and what was given
}

// String tells the difference without its key.
func (d Difference) String() string {
	if d.Books == "" && d.Load == "" {
		return d.Column + " is another one in the books"
	}
	return fmt.Sprintf("%s is %q in the books, and %q here", d.Column, d.Books, d.Load)
}

// Differences is the error of a load that the books contradict.
type Differences []Difference

// Error names the first of them.
func (d Differences) Error() string {
	text := fmt.Sprintf("%s %s: %s", d[0].Kind, d[0].Key, d[0])
	if len(d) > 1 {
		text += fmt.Sprintf("; and %d more rows differ", len(d)-1)
	}
	return text
}

// A Tally counts and digests the tickets of one event as they were loaded,
// whatever their order.
type Tally struct {
	Tickets int64
	sum     [4]uint64 // of the SHA-256 of each, modulo 2^64 word by word
	line    []byte
}

// Add takes one more ticket.
func (t *Tally) Add(ticket Ticket) {
	t.Tickets++
	b := t.line[:0]
	for _, part := range [...]string{
		string(ticket.Token), ticket.Section, ticket.Row, ticket.Seat, string(ticket.Owner), string(ticket.Barcode),
		ticket.SeatingType, ticket.AssociationType, ticket.PriceType, string(ticket.Hold.Kind), ticket.Hold.By,
	} {
		b = append(append(b, part...), 0)
	}
	for _, attribute := range ticket.Attributes {
		b = append(append(b, attribute...), 0)
	}
	b = strconv.AppendInt(b, ticket.PriceLevel, 10)
	b = strconv.AppendInt(append(b, 0), ticket.Face, 10)
	b = strconv.AppendBool(append(b, 0), ticket.Void)
	sum := sha256.Sum256(b)
	for i := range t.sum {
		t.sum[i] += binary.BigEndian.Uint64(sum[8*i:])
	}
	t.line = b
}

// String is the tally as the journal has it.
func (t *Tally) String() string {
	var sum [sha256.Size]byte
	for i, word := range t.sum {
		binary.BigEndian.PutUint64(sum[8*i:], word)
	}
	var b strings.Builder
	b.WriteString(`{"tickets":` + strconv.FormatInt(t.Tickets, 10) + `,"digest":"`)
	b.WriteString(hex.EncodeToString(sum[:]) + `"}`)
	return b.String()
}
