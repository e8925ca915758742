package files

import (
	"strconv"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// general is the row of general admission where a house names none (contract.md,
// Kinds of items).
const general = "GA"

// A seat is named within a configuration.
type seat struct{ section, row, seat string }

// A plan numbers the seats of a configuration. Without a manifest it is made from
// the tickets as they come.
type plan struct {
	manifest boxoffice.Manifest
	derived  bool
	file     string // of the manifest
	numbers  map[seat]int32
	order    []seat // of a derived one
}

func newPlan(m boxoffice.Manifest) *plan {
	p := &plan{manifest: m, numbers: make(map[seat]int32, m.Seats())}
	for _, area := range m.Areas {
		for _, section := range area.Sections {
			for _, row := range section.Rows {
				for _, name := range row.Names() {
					s := seat{section.Section, row.Row, name}
					p.numbers[s] = int32(len(p.numbers))
				}
			}
		}
	}
	return p
}

// number finds a seat; a derived plan takes it in where there is room.
func (p *plan) number(s seat) (int32, bool) {
	n, ok := p.numbers[s]
	if !ok && p.derived && len(p.numbers) < boxoffice.MaxSeats {
		n, ok = int32(len(p.numbers)), true
		p.numbers[s] = n
		p.order = append(p.order, s)
	}
	return n, ok
}

// settle makes the manifest of a derived plan: levels are areas, and sections,
// rows and seats stand in the order in which they first came.
func (p *plan) settle() {
	type rowOf struct{ section, row string }
	var (
		areas    = map[string]int{}
		sections = map[string][2]int{}
		rows     = map[rowOf][3]int{}
		m        = &p.manifest
	)
	m.Areas = nil
	for _, s := range p.order {
		at, ok := rows[rowOf{s.section, s.row}]
		if !ok {
			in, ok := sections[s.section]
			if !ok {
				level := boxoffice.Level(s.section)
				area, ok := areas[level]
				if !ok {
					area = len(m.Areas)
					areas[level] = area
					m.Areas = append(m.Areas, boxoffice.Area{Code: level})
				}
				in = [2]int{area, len(m.Areas[area].Sections)}
				sections[s.section] = in
				m.Areas[area].Sections = append(m.Areas[area].Sections, boxoffice.Section{Section: s.section})
			}
			section := &m.Areas[in[0]].Sections[in[1]]
			at = [3]int{in[0], in[1], len(section.Rows)}
			rows[rowOf{s.section, s.row}] = at
			section.Rows = append(section.Rows, boxoffice.Row{Row: s.row})
		}
		row := &m.Areas[at[0]].Sections[at[1]].Rows[at[2]]
		row.Seats = append(row.Seats, s.seat)
	}
	for a := range m.Areas {
		for s := range m.Areas[a].Sections {
			for r := range m.Areas[a].Sections[s].Rows {
				countPlaces(&m.Areas[a].Sections[s].Rows[r])
			}
		}
	}
}

// countPlaces writes the places of general admission as their number.
func countPlaces(r *boxoffice.Row) {
	if r.Row != general {
		return
	}
	for i, name := range r.Seats {
		if name != strconv.Itoa(i+1) {
			return
		}
	}
	r.Seats, r.Count = nil, len(r.Seats)
}

// taken is the seats of one event that have a live ticket, a bit for each.
type taken []uint64

// take reports whether the seat was free.
func (t *taken) take(n int32) bool {
	for int(n/64) >= len(*t) {
		*t = append(*t, 0)
	}
	word, bit := &(*t)[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
