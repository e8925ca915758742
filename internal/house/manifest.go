package house

import "math/rand/v2"

// A section is one of a block, under its full name.
type section struct {
	*block
	number string // what stands after the colon
	name   string // LEVEL:SECTION
}

// A row is seats side by side.
type row struct {
	section  *section
	name     string
	at       int // place of its first seat in the manifest
	count    int
	step     int  // between seat numbers: 2 where they are all odd
	platform bool // for wheelchairs and who comes along
}

// general is the row of a section without rows (contract.md, Kinds of items).
const general = "GA"

// number is what stands on the seat at an offset of the row; low to high.
func (r *row) number(offset int) int { return 1 + offset*r.step }

// A hall is a venue laid out seat by seat, with its season holders.
type hall struct {
	*venue
	rows  []row
	slots []slot // what is held for the season, by place; the others are free
	runs  []run
}

// A slot says who has the place, and by which price type.
type slot struct {
	patron int32 // of the organization's patrons; 0 is the box office
	price  uint8
	kept   bool // for a listing or a demo patron
}

// A run is seats of a row that one patron holds for the season.
type run struct {
	row         *row
	from, count int // offsets in the row
	patron      int32
	price       uint8
	taken       bool // for a listing or a demo patron
}

// newHall lays the venue out, or the part of it that the small house has.
func newHall(v *venue, small bool) *hall {
	h := &hall{venue: v}
	for i := range v.blocks {
		b := &v.blocks[i]
		sections, rows, places := b.sections, b.rows, b.front
		if small {
			sections = sections[:min(len(sections), v.small.sections)]
			rows = rows[:min(len(rows), v.small.rows)]
			places = min(places, v.small.places)
		}
		for _, number := range sections {
			s := &section{block: b, number: number, name: b.level + ":" + number}
			if len(rows) == 0 {
				h.add(row{section: s, name: general, count: places, step: 1})
				continue
			}
			for depth, name := range rows {
				h.add(b.row(s, name, depth))
			}
			if b.platform > 0 {
				h.add(row{section: s, name: "WC", count: b.platform, step: 1, platform: true})
			}
		}
	}
	return h
}

// row is the row at a depth behind the front.
func (b *block) row(s *section, name string, depth int) row {
	r := row{section: s, name: name, count: b.front, step: 1}
	if b.every > 0 {
		r.count += depth / b.every
	}
	if b.odd > 0 && (depth+1)%b.odd == 0 {
		r.count, r.step = (r.count+1)/2, 2
	}
	return r
}

func (h *hall) add(r row) {
	r.at = len(h.slots)
	h.rows = append(h.rows, r)
	h.slots = append(h.slots, make([]slot, r.count)...)
}

// How many seats people take together.
var (
	seasonParties = [...]int{1, 2, 2, 2, 2, 3, 4, 4, 4, 6}
	singleParties = [...]int{1, 1, 2, 2, 2, 3, 4, 5}
)

// holdSeason gives places to season holders. holder returns the next of them.
func (h *hall) holdSeason(r *rand.Rand, holder func() int32) {
	for i := range h.rows {
		row := &h.rows[i]
		for from := 0; from < row.count; {
			count, price := min(seasonParties[r.IntN(len(seasonParties))], row.count-from), uint8(seasonPrice)
			if row.name == general {
				count, price = 1, studentPrice
			} else if r.IntN(16) == 0 {
				price = facultyPrice
			}
			if r.IntN(100) < row.section.season {
				held := run{row: row, from: from, count: count, patron: holder(), price: price}
				h.runs = append(h.runs, held)
				for k := row.at + from; k < row.at+from+count; k++ {
					h.slots[k] = slot{patron: held.patron, price: price}
				}
			}
			from += count
		}
	}
}

// sellSingles sells places of one game that no season holder has.
func (h *hall) sellSingles(r *rand.Rand, slots []slot, buyer func() int32) {
	for i := range h.rows {
		row := &h.rows[i]
		seats := slots[row.at : row.at+row.count]
		for from := 0; from < len(seats); {
			if seats[from].patron != 0 {
				from++
				continue
			}
			party := singleParties[r.IntN(len(singleParties))]
			sold := slot{}
			if r.IntN(100) < row.section.single {
				sold = slot{patron: buyer(), price: singlePrices[r.IntN(len(singlePrices))]}
			}
			for ; party > 0 && from < len(seats) && seats[from].patron == 0; party-- {
				seats[from] = sold
				from++
			}
		}
	}
}
