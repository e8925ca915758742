package house

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// chunk is how many rows are handed over at once: enough to make the call
// cheap, few enough to stay small in memory.
const chunk = 4096

// Seats of a wheelchair platform stand in pairs.
var (
	wheelchair = []string{"ADA"}
	companion  = []string{"COMPANION"}
)

// tickets is how many the show has.
func (s *show) tickets() int {
	if s.hall == nil {
		return 0
	}
	return len(s.hall.slots)
}

// issue writes the tickets of all shows: organization by organization, event by
// event, in the manifest's order.
func (h *house) issue(ctx context.Context, l boxoffice.Loader, progress func(Progress)) error {
	is := &issuer{house: h, load: l.Tickets, progress: progress}
	for _, s := range h.stages {
		for n := range s.shows {
			if s.shows[n].hall == nil {
				continue
			}
			if err := is.issue(ctx, s, n); err != nil {
				return fmt.Errorf("event %s: %w", s.shows[n].ID, err)
			}
		}
	}
	return nil
}

// An issuer writes tickets, one show after the other.
type issuer struct {
	house    *house
	load     func(context.Context, []boxoffice.Ticket) error
	progress func(Progress)
	done     int

	// What is drawn for a show, by place.
	random   *rand.Rand
	slots    []slot
	tokens   []uint64 // ascending
	barcodes []uint64

	rows []boxoffice.Ticket
	text strings.Builder // of the tokens and barcodes of rows
	line []byte
}

// issue writes the n-th show's tickets.
func (is *issuer) issue(ctx context.Context, s *stage, n int) error {
	show := &s.shows[n]
	is.draw(s, n)
	wants := is.house.wanted(s, n, is.slots)
	organization := strconv.FormatInt(int64(s.ID), 10)
	faces := facesOf(show)
	left := len(is.slots)
	for i := range show.hall.rows {
		row := &show.hall.rows[i]
		for offset := range row.count {
			if cap(is.rows) == 0 {
				is.room(min(chunk, left), organization)
			}
			place := row.at + offset
			slot := is.slots[place]
			token, barcode := is.codes(organization, place)
			is.rows = append(is.rows, boxoffice.Ticket{
				Token: token, Barcode: barcode, Organization: s.ID, Event: show.ID,
				Section: row.section.name, Row: row.name, Seat: seatNumber(row.number(offset)),
				SeatingType: row.seating(), AssociationType: row.section.kind, Attributes: row.attributes(offset),
				PriceLevel: row.section.price, PriceType: show.types[slot.price].code, Face: faces[row.section.price-1][slot.price],
				Owner: s.ids[slot.patron],
			})
			for len(wants) > 0 && wants[0].place == place {
				is.house.give(wants[0], &is.rows[len(is.rows)-1])
				wants = wants[1:]
			}
			if left--; len(is.rows) == cap(is.rows) {
				if err := is.flush(ctx); err != nil {
					return err
				}
			}
		}
	}
	return nil // the last chunk was exactly as large as what was left
}

// draw says who has which place of the n-th show, and draws its codes.
func (is *issuer) draw(s *stage, n int) {
	show := &s.shows[n]
	is.random = stream(is.house.seed, "tickets "+string(show.ID))
	is.slots = append(is.slots[:0], show.hall.slots...)
	show.hall.sellSingles(is.random, is.slots, func() int32 {
		return s.first + is.random.Int32N(int32(len(s.ids))-s.first)
	})
	is.tokens = slices.Grow(is.tokens[:0], len(is.slots))[:len(is.slots)]
	is.barcodes = slices.Grow(is.barcodes[:0], len(is.slots))[:len(is.slots)]
	distinct(is.random, is.barcodes, is.tokens, barcodeLimit) // tokens only lends its room
	from, width := tokenRange(n, len(s.shows))
	distinct(is.random, is.tokens, is.tokens, width)
	for i := range is.tokens {
		is.tokens[i] += from
	}
}

// codes are the token and the barcode of a place. Both are cut from one text
// for all rows of a chunk: two small strings for each ticket would be most of
// what a house costs.
func (is *issuer) codes(organization string, place int) (boxoffice.Token, boxoffice.Barcode) {
	is.line = append(is.line[:0], organization...)
	is.line = appendToken(is.line, is.tokens[place], uint8(is.random.Uint32()))
	end := len(is.line)
	is.line = append(is.line, organization...)
	is.line = appendBarcode(is.line, is.barcodes[place])
	at := is.text.Len()
	is.text.Write(is.line)
	text := is.text.String()[at:]
	return boxoffice.Token(text[:end]), boxoffice.Barcode(text[end:])
}

// room makes room for so many rows and their codes.
func (is *issuer) room(rows int, organization string) {
	is.rows = make([]boxoffice.Ticket, 0, rows)
	is.text = strings.Builder{} // the old text belongs to the rows it was cut into
	is.text.Grow(rows * (2*len(organization) + tokenLength + barcodeLength))
}

// flush hands the rows over. They are the loader's from then on, so the next
// ones get a slice of their own.
func (is *issuer) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := is.load(ctx, is.rows); err != nil {
		return err
	}
	is.done += len(is.rows)
	is.rows = nil
	is.progress(Progress{What: "tickets", Done: is.done, Total: is.house.demo.Tickets})
	return nil
}

// wanted is the places of the n-th show to be told, in order.
func (h *house) wanted(s *stage, n int, slots []slot) []want {
	wants := slices.Clone(s.wants[n])
	for _, a := range demoBarcodes {
		hall := s.halls[a.venue]
		if hall == nil || hall != s.shows[n].hall {
			continue
		}
		if games := s.open(hall, h); slices.Contains(games, n) {
			wants = append(wants, tell(slots, (a.count+len(games)-1)/len(games))...)
		}
	}
	slices.SortFunc(wants, func(a, b want) int { return cmp.Compare(a.place, b.place) })
	return wants
}

// give tells of a ticket where it was wanted.
func (h *house) give(w want, t *boxoffice.Ticket) {
	if w.listing == told {
		h.demo.Barcodes = append(h.demo.Barcodes, Barcode{Organization: t.Organization, Event: t.Event, Barcode: t.Barcode})
		return
	}
	l := &h.listings[w.listing]
	l.Tokens = append(l.Tokens, t.Token)
}

// facesOf is what tickets of the show cost, by price level and price type.
func facesOf(s *show) [][pricesEnd]int64 {
	faces := make([][pricesEnd]int64, len(s.prices))
	for level, price := range s.prices {
		for i, t := range s.types {
			faces[level][i] = price * t.percent / 100
		}
	}
	return faces
}

func (r *row) seating() string {
	if r.name == general {
		return "GA"
	}
	return "RESERVED"
}

func (r *row) attributes(offset int) []string {
	switch {
	case !r.platform:
		return nil
	case offset%2 == 0:
		return wheelchair
	}
	return companion
}

// seatNumbers are the names of seats, made once.
var seatNumbers = numbers(0, 2000)

func seatNumber(n int) string {
	if n < len(seatNumbers) {
		return seatNumbers[n]
	}
	return strconv.Itoa(n)
}
