package house_test

import (
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestEveryTicketsSeatStandsInItsManifest(t *testing.T) {
	m := smallHouse(t, 1)
	seats := map[[5]string]bool{}
	for _, manifest := range m.manifests {
		count := 0
		for _, area := range manifest.Areas {
			for _, section := range area.Sections {
				for _, row := range section.Rows {
					for _, seat := range row.Names() {
						seats[[5]string{manifest.Facility, manifest.Configuration, section.Section, row.Row, seat}] = true
						count++
					}
				}
			}
		}
		if count != manifest.Seats() || len(seats) == 0 {
			t.Errorf("the manifest of %s %s has %d seats by name and %d by Seats", manifest.Facility, manifest.Configuration, count, manifest.Seats())
		}
	}
	for _, ticket := range m.tickets {
		e := m.event[ticket.Event]
		if at := [5]string{e.FacilityCode, e.ConfigurationCode, ticket.Section, ticket.Row, ticket.Seat}; !seats[at] {
			t.Fatalf("the seat of ticket %s, %v, stands in no manifest", ticket.Token, at)
		}
	}
	seasons := map[string]bool{}
	for _, s := range m.seasons {
		if s.Name == "" || seasons[s.Code+s.Name] {
			t.Errorf("season %+v has no name, or comes twice", s)
		}
		seasons[s.Code+s.Name] = true
	}
	for _, e := range m.events {
		found := false
		for _, s := range m.seasons {
			found = found || s.Organization == e.Organization && s.Code == e.Season
		}
		if !found {
			t.Errorf("season %s of event %s is not told", e.Season, e.ID)
		}
	}
}

func TestSectionsOfAPlanDoNotOverlap(t *testing.T) {
	for _, manifest := range smallHouse(t, 1).manifests {
		var drawn []boxoffice.Section
		for _, area := range manifest.Areas {
			for _, section := range area.Sections {
				for _, other := range drawn {
					if overlap(section.Outline, other.Outline) {
						t.Errorf("%s: section %s %v lies on section %s %v", manifest.Facility, section.Section, section.Outline, other.Section, other.Outline)
					}
				}
				drawn = append(drawn, section)
			}
		}
	}
}

// A building is symmetric, more or less: the middles of its bands are in one line.
func TestTheBandsOfAPlanHaveOneMiddle(t *testing.T) {
	for _, manifest := range smallHouse(t, 1).manifests {
		from, to := map[int]int{}, map[int]int{} // of the band that begins at a depth
		broadest := 0
		for _, area := range manifest.Areas {
			for _, section := range area.Sections {
				left, depth, right := section.Outline[0][0], section.Outline[0][1], section.Outline[1][0]
				if _, known := from[depth]; !known {
					from[depth] = left
				}
				from[depth], to[depth] = min(from[depth], left), max(to[depth], right)
				broadest = max(broadest, to[depth]-from[depth])
			}
		}
		for depth := range from {
			if middle := (from[depth] + to[depth]) / 2; middle < broadest/2-1 || middle > broadest/2+1 || from[depth] < 0 {
				t.Errorf("%s: the band at %d is from %d to %d; want it around %d", manifest.Facility, depth, from[depth], to[depth], broadest/2)
			}
		}
	}
}

// overlap is for rectangles whose corners go around from the least one.
func overlap(a, b []boxoffice.Point) bool {
	return a[0][0] < b[2][0] && b[0][0] < a[2][0] && a[0][1] < b[2][1] && b[0][1] < a[2][1]
}
