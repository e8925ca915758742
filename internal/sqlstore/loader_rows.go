package sqlstore

import (
	"context"
	"slices"
	"strconv"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A kind of rows that a load brings.
type kind[T any, K comparable] struct {
	name string // such as ticket
	add  string // the statement that adds rows where there are none with their keys
	put  func(*table, T)
	key  func(T) K
	show func(K) string
	// find reads those that are there.
	find func(chunk []T, each func(there T)) step
	// differs compares a row of the books with the one that is given.
	differs func(there, given T) difference
	// also is what is written with the rows, after them.
	also func(chunk []T) []step
	// clashes finds rows of other keys that stand in the way.
	clashes func(chunk []T, each func(boxoffice.Difference)) []step
}

// bring adds rows in chunks, a transaction each. The table is made here, while
// the chunk before is written.
func bring[T any, K comparable](ctx context.Context, l *Loader, rows []T, k kind[T, K]) error {
	for chunk := range slices.Chunk(rows, loadChunk) {
		var (
			given table
			also  []step
		)
		if !l.dry {
			for _, row := range chunk {
				k.put(&given, row)
			}
			if k.also != nil {
				also = k.also(chunk)
			}
		}
		err := l.write(ctx, func(ctx context.Context, tx session) error {
			if l.dry {
				return k.compare(ctx, tx, chunk, true)
			}
			added := 0
			if err := tx.run(ctx, append([]step{{text: k.add, rows: &given, want: -1, took: &added}}, also...)...); err != nil {
				return err
			}
			l.changed = l.changed || added > 0
			if added == len(chunk) {
				return nil
			}
			return k.compare(ctx, tx, chunk, false)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// maxDifferences is how many an error tells.
const maxDifferences = 20

// compare looks for rows that are there and not as they are given.
func (k kind[T, K]) compare(ctx context.Context, tx session, chunk []T, clashes bool) error {
	there := make(map[K]T, len(chunk))
	steps := []step{k.find(chunk, func(row T) { there[k.key(row)] = row })}
	var all boxoffice.Differences
	if clashes && k.clashes != nil {
		steps = append(steps, k.clashes(chunk, func(d boxoffice.Difference) { all = append(all, d) })...)
	}
	if err := tx.run(ctx, steps...); err != nil {
		return err
	}
	for _, row := range chunk {
		key := k.key(row)
		found, ok := there[key]
		if !ok {
			continue
		}
		if d := k.differs(found, row); d.column != "" {
			all = append(all, boxoffice.Difference{Kind: k.name, Key: k.show(key), Column: d.column, Books: d.there, Load: d.given})
		}
	}
	if len(all) > 0 {
		return all[:min(len(all), maxDifferences)]
	}
	return nil
}

// A difference is the first column in which two rows differ; the zero difference
// is none.
type difference struct{ column, there, given string }

// columns compares one column after the other.
type columns struct{ difference }

func (c *columns) text(column, there, given string) *columns {
	if c.column == "" && there != given {
		c.difference = difference{column, there, given}
	}
	return c
}

func (c *columns) int(column string, there, given int64) *columns {
	return c.text(column, strconv.FormatInt(there, 10), strconv.FormatInt(given, 10))
}

func (c *columns) flag(column string, there, given bool) *columns {
	return c.text(column, strconv.FormatBool(there), strconv.FormatBool(given))
}

// secret compares without telling the values.
func (c *columns) secret(column string, same bool) *columns {
	if c.column == "" && !same {
		c.difference = difference{column: column}
	}
	return c
}

// placed is the key of what an organization names itself.
type placed struct {
	organization access.OrganizationID
	name         string
}

func (p placed) String() string { return strconv.FormatInt(int64(p.organization), 10) + " " + p.name }

// Tickets adds those that are not there yet.
func (l *Loader) Tickets(ctx context.Context, rows []boxoffice.Ticket) error {
	const (
		add = `
INSERT INTO ticket (` + ticketColumns + `)
SELECT {.token}, {.organization}, {.event}, {.section}, {.row}, {.seat}, {.seating_type}, {.association_type},
	{.attributes}, {.price_level}, {.price_type}, {.face}, {.owner}, {.owned}, {.barcode}, {.void},
	{.hold}, {.hold_by}, {.hold_since}, {.hold_terms}, {.version}, {.latest}
{from $1 token text, organization bigint, event text, section text, row text, seat text, seating_type text, association_type text, attributes text,
	price_level bigint, price_type text, face bigint, owner text, owned bigint, barcode text, void boolean,
	hold text, hold_by text, hold_since bigint, hold_terms text, version bigint, latest bigint}
WHERE true
ON CONFLICT (token) DO NOTHING`
		find  = `SELECT ` + ticketColumns + ` FROM ticket WHERE token {in $1}`
		seats = `
SELECT r.wanted, t.token
FROM {rows $1 wanted text, of text, in_section text, in_row text, at text}
JOIN ticket AS t ON t.event = r.of AND t.section = r.in_section AND t.row = r.in_row AND t.seat = r.at AND NOT t.void
WHERE t.token <> r.wanted`
		barcodes = `
SELECT r.wanted, t.token
FROM {rows $1 wanted text, of text, code text} JOIN ticket AS t ON t.event = r.of AND t.barcode = r.code
WHERE t.token <> r.wanted`
	)
	if err := l.unindexed(ctx); err != nil {
		return err
	}
	for _, t := range rows {
		e := l.events[t.Event]
		if e == nil {
			e = &loadedEvent{organization: int64(t.Organization)}
			l.events[t.Event] = e
		}
		e.Add(t)
	}
	return bring(ctx, l, rows, kind[boxoffice.Ticket, boxoffice.Token]{
		name: "ticket", add: add, put: addTicket,
		key:  func(t boxoffice.Ticket) boxoffice.Token { return t.Token },
		show: func(t boxoffice.Token) string { return string(t) },
		find: func(chunk []boxoffice.Ticket, each func(boxoffice.Ticket)) step {
			tokens := make([]string, len(chunk))
			for i, t := range chunk {
				tokens[i] = string(t.Token)
			}
			return step{text: find, args: []any{tokens}, each: func(r row) error {
				t, err := readTicket(r)
				each(t)
				return err
			}}
		},
		differs: differentTicket,
		clashes: func(chunk []boxoffice.Ticket, each func(boxoffice.Difference)) []step {
			var places, codes table
			for _, t := range chunk {
				if !t.Void {
					places.row().text(string(t.Token)).text(string(t.Event)).text(t.Section).text(t.Row).text(t.Seat)
				}
				codes.row().text(string(t.Token)).text(string(t.Event)).text(string(t.Barcode))
			}
			clash := func(column string) func(row) error {
				return func(r row) error {
					each(boxoffice.Difference{Kind: "ticket", Key: r.text(0), Column: column, Books: "that of ticket " + r.text(1), Load: "its own"})
					return nil
				}
			}
			return []step{{text: seats, rows: &places, each: clash("seat")}, {text: barcodes, rows: &codes, each: clash("barcode")}}
		},
	})
}

// differentTicket compares a ticket with what a load says of it. Trade changes
// owners, barcodes and holds: of a ticket that was traded since it was loaded only
// what trade leaves alone must be equal.
func differentTicket(there, given boxoffice.Ticket) difference {
	var c columns
	c.int("organization", int64(there.Organization), int64(given.Organization)).text("event", string(there.Event), string(given.Event)).
		text("section", there.Section, given.Section).text("row", there.Row, given.Row).text("seat", there.Seat, given.Seat).
		text("seating", there.SeatingType, given.SeatingType).text("association", there.AssociationType, given.AssociationType)
	if !slices.Equal(there.Attributes, given.Attributes) {
		c.text("attributes", pack(there.Attributes), pack(given.Attributes))
	}
	c.int("price_level", there.PriceLevel, given.PriceLevel).text("price_type", there.PriceType, given.PriceType).
		int("face in minor units", there.Face, given.Face)
	if there.Version == 0 {
		c.text("owner", string(there.Owner), string(given.Owner)).flag("void", there.Void, given.Void).
			text("held", there.Hold.By, given.Hold.By).secret("barcode", there.Barcode == given.Barcode)
	}
	return c.difference
}

// Listings adds those that are not there yet.
func (l *Loader) Listings(ctx context.Context, rows []boxoffice.Listing) error {
	const (
		add = `
INSERT INTO listing (` + listingColumns + `)
SELECT r.id, r.organization, r.channel, r.patron, r.tokens, r.created_at, r.expires_at
FROM {rows $1 id text, organization bigint, channel text, patron text, tokens text, created_at bigint, expires_at bigint}
WHERE true
ON CONFLICT (id) DO NOTHING`
		find = `SELECT ` + listingColumns + ` FROM listing WHERE id {in $1}`
	)
	return bring(ctx, l, rows, kind[boxoffice.Listing, boxoffice.ListingID]{
		name: "listing", add: add,
		put: func(t *table, row boxoffice.Listing) {
			t.row().text(string(row.ID)).int(int64(row.Organization)).text(string(row.Channel)).text(string(row.Patron)).
				text(pack(row.Tokens)).int(micros(row.Created)).int(micros(row.Expires))
		},
		key:  func(l boxoffice.Listing) boxoffice.ListingID { return l.ID },
		show: func(id boxoffice.ListingID) string { return string(id) },
		find: func(chunk []boxoffice.Listing, each func(boxoffice.Listing)) step {
			ids := make([]string, len(chunk))
			for i, l := range chunk {
				ids[i] = string(l.ID)
			}
			return step{text: find, args: []any{ids}, each: func(r row) error {
				l, err := readListing(r)
				each(l)
				return err
			}}
		},
		differs: func(there, given boxoffice.Listing) difference {
			var c columns
			c.int("organization", int64(there.Organization), int64(given.Organization)).text("channel", string(there.Channel), string(given.Channel)).
				text("patron", string(there.Patron), string(given.Patron)).text("tokens", pack(there.Tokens), pack(given.Tokens)).
				text("created", moment(there.Created), moment(given.Created)).text("expires", moment(there.Expires), moment(given.Expires))
			return c.difference
		},
	})
}
