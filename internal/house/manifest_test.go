package house_test

import (
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A plan is what the tickets of one event show of a venue.
type plan struct {
	seats, general, wheelchair, premium int
	rows                                map[string]map[string]int // seats of each row of each section
	odd                                 int                       // rows with odd seat numbers only
}

func planOf(t *testing.T, m *made, id boxoffice.EventID) plan {
	t.Helper()
	p := plan{rows: map[string]map[string]int{}}
	even := map[[2]string]bool{}
	for _, x := range m.tickets {
		if x.Event != id {
			continue
		}
		p.seats++
		if p.rows[x.Section] == nil {
			p.rows[x.Section] = map[string]int{}
		}
		p.rows[x.Section][x.Row]++
		if x.SeatingType == "GA" {
			p.general++
		}
		if len(x.Attributes) > 0 && x.Attributes[0] == "ADA" {
			p.wheelchair++
		}
		if x.AssociationType != "" {
			p.premium++
		}
		if number(t, x.Seat)%2 == 0 {
			even[[2]string{x.Section, x.Row}] = true
		}
	}
	for section, rows := range p.rows {
		for row := range rows {
			if !even[[2]string{section, row}] {
				p.odd++
			}
		}
	}
	return p
}

func TestVenuesHaveTheirProportions(t *testing.T) {
	m, err := defaultHouse()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		event                  boxoffice.EventID
		leastSeats, mostSeats  int
		leastSects, mostSects  int
		premium, ada, odd, lot bool
	}{
		{event: "999:F26:F01", leastSeats: 60_000, mostSeats: 70_000, leastSects: 95, mostSects: 105, premium: true, ada: true, odd: true},
		{event: "999:BB26:BB02", leastSeats: 9_500, mostSeats: 10_500, leastSects: 40, mostSects: 50, premium: true, ada: true, odd: true},
		{event: "129:BS26:BS03", leastSeats: 2_000, mostSeats: 4_000, leastSects: 20, mostSects: 25, ada: true, odd: true},
		{event: "999:F26:P01", leastSeats: 1_000, mostSeats: 2_000, leastSects: 5, mostSects: 5, lot: true},
	} {
		p := planOf(t, m, tt.event)
		if p.seats < tt.leastSeats || p.seats > tt.mostSeats || len(p.rows) < tt.leastSects || len(p.rows) > tt.mostSects {
			t.Errorf("%s has %d seats in %d sections, want %d to %d in %d to %d",
				tt.event, p.seats, len(p.rows), tt.leastSeats, tt.mostSeats, tt.leastSects, tt.mostSects)
		}
		if p.general == 0 || p.general*2 > p.seats || tt.premium != (p.premium > 0) || tt.ada != (p.wheelchair > 0) || tt.odd != (p.odd > 0) {
			t.Errorf("%s: of %d seats %d are general admission, %d premium, %d for wheelchairs, and %d rows are odd", tt.event, p.seats, p.general, p.premium, p.wheelchair, p.odd)
		}
	}
}

func TestRowsAreNamedAndCurvedAsInRealHouses(t *testing.T) {
	m, err := defaultHouse()
	if err != nil {
		t.Fatal(err)
	}
	rows := planOf(t, m, "999:F26:F01").rows
	for _, name := range []string{"AA", "HH", "ZZ"} {
		if rows["U:100"][name] == 0 {
			t.Errorf("section U:100 has no row %s", name)
		}
	}
	for _, name := range []string{"II", "OO"} {
		if rows["U:100"][name] != 0 {
			t.Errorf("section U:100 has a row %s, which reads like a number", name)
		}
	}
	if front, back := rows["ES:9"]["1"], rows["ES:9"]["30"]; front >= back || back < 26 {
		t.Errorf("section ES:9 has %d seats in row 1 and %d in row 30, want more, and at least 26", front, back)
	}
	for _, section := range []string{"1:1", "ST:1", "SU:10"} {
		if rows[section] == nil {
			t.Errorf("there is no section %s", section)
		}
	}
}
