package house

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// The plan of a venue, in decimetres: each block is a band of sections side by
// side, the bands one behind the other, with their middles in one line.
const (
	seatWide = 6
	rowDeep  = 9
	aisle    = 20
)

// manifest is the hall's seats in order, with a plan. Blocks of one level that
// follow each other are one area.
func (h *hall) manifest(org access.OrganizationID) boxoffice.Manifest {
	m := boxoffice.Manifest{Organization: org, Facility: h.code, FacilityName: h.name, Configuration: h.configuration}
	var (
		block   *block
		area    *boxoffice.Area
		section *boxoffice.Section
		name    string
		x, y    int // the corner of the section
		deepest int // of the band
		widest  int // of the section
		depth   int // of the next row
	)
	bands, broadest := h.bands()
	for i := range h.rows {
		r := &h.rows[i]
		if r.section.block != block {
			block, x, y, deepest, widest = r.section.block, (broadest-bands[r.section.block])/2, y+deepest, 0, 0
			if area == nil || area.Code != block.level {
				m.Areas = append(m.Areas, boxoffice.Area{Code: block.level, Name: "Level " + block.level})
				area = &m.Areas[len(m.Areas)-1]
			}
		}
		if r.section.name != name {
			name = r.section.name
			if widest > 0 {
				x += widest + aisle
			}
			widest, depth = 0, 0
			area.Sections = append(area.Sections, boxoffice.Section{Section: name, Name: "Section " + r.section.number})
			section = &area.Sections[len(area.Sections)-1]
		}
		section.Rows = append(section.Rows, r.plan(x, y+depth))
		depth += rowDeep
		widest = max(widest, r.width())
		deepest = max(deepest, depth+aisle)
		section.Outline = []boxoffice.Point{{x, y}, {x + widest, y}, {x + widest, y + depth}, {x, y + depth}}
	}
	return m
}

// bands is how wide each block is on the plan, and the broadest of them.
func (h *hall) bands() (of map[*block]int, broadest int) {
	of = map[*block]int{}
	widest := map[*section]int{}
	for i := range h.rows {
		r := &h.rows[i]
		s := r.section
		if _, known := widest[s]; !known && of[s.block] > 0 {
			of[s.block] += aisle
		}
		more := max(r.width()-widest[s], 0)
		widest[s] += more
		of[s.block] += more
		broadest = max(broadest, of[s.block])
	}
	return of, broadest
}

// widestRow is what a standing area is drawn as at most.
const widestRow = 60

func (r *row) width() int { return min(r.count, widestRow) * seatWide * r.step }

// plan is the row with its seats. General admission has places that are counted.
func (r *row) plan(x, y int) boxoffice.Row {
	if r.name == general {
		return boxoffice.Row{Row: r.name, Count: r.count}
	}
	planned := boxoffice.Row{
		Row: r.name, From: &boxoffice.Point{x, y + rowDeep/2}, To: &boxoffice.Point{x + (r.count-1)*r.step*seatWide, y + rowDeep/2},
		Seats: make([]string, r.count),
	}
	for offset := range planned.Seats {
		planned.Seats[offset] = seatNumber(r.number(offset))
	}
	return planned
}

// manifests are those of the department's halls.
func (s *stage) manifests() []boxoffice.Manifest {
	var all []boxoffice.Manifest
	for _, h := range s.halls {
		all = append(all, h.manifest(s.ID))
	}
	slices.SortFunc(all, func(a, b boxoffice.Manifest) int {
		return cmp.Or(cmp.Compare(a.Facility, b.Facility), cmp.Compare(a.Configuration, b.Configuration))
	})
	return all
}

// seasons are those of the department's shows.
func (s *stage) seasons(day time.Time) []boxoffice.Season {
	names := map[string]string{}
	for i := range s.sports {
		for year := range s.sports[i].games[Full] {
			names[seasonCode(s.sports[i].season, day, year)] = fmt.Sprintf("%s %d", s.sports[i].name, day.Year()+year)
		}
	}
	var all []boxoffice.Season
	for i := range s.shows {
		all = append(all, boxoffice.Season{Organization: s.ID, Code: s.shows[i].Season, Name: names[s.shows[i].Season]})
	}
	slices.SortFunc(all, func(a, b boxoffice.Season) int { return cmp.Compare(a.Code, b.Code) })
	return slices.Compact(all)
}
