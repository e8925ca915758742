package house_test

import (
	"slices"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/house"
)

func TestTheCalendarHasEveryKindOfEvent(t *testing.T) {
	for name, m := range houses(t) {
		t.Run(name, func(t *testing.T) {
			seen := map[string]int{}
			for _, e := range m.events {
				if e.ID != boxoffice.NewEventID(e.Organization, e.Season, e.Item) {
					t.Errorf("event %s is of season %s and item %s", e.ID, e.Season, e.Item)
				}
				var zone *time.Location
				for _, o := range m.organizations {
					if o.ID == e.Organization {
						zone = o.Location()
					}
				}
				if want := boxoffice.OverAt(e.Start, e.End, zone); !e.Over.Equal(want) {
					t.Errorf("%s is over at %v, want %v", e.ID, e.Over, want)
				}
				seen[e.Basis]++
				for what, is := range map[string]bool{
					"over":             !e.Over.IsZero() && e.Over.Before(now),
					"to come":          e.Open(now),
					"cancelled":        e.Cancelled,
					"off the market":   !e.Secondary,
					"time to be told":  e.Start.Date != "",
					"end to be told":   !e.Start.At.IsZero() && e.End.Date != "",
					"without a date":   e.Start.IsZero(),
					"parking":          len(e.Associations) > 0 && e.Associations[0].Type == "PARKING",
					"of several games": len(e.Associations) > 0 && len(e.Associations[0].With) > 1,
				} {
					if is {
						seen[what]++
					}
				}
				for _, a := range e.Associations {
					for _, id := range a.With {
						if game, ok := m.event[id]; !ok || game.FacilityCode != e.FacilityCode || game.Season != e.Season {
							t.Errorf("%s is associated with %s, which is %+v", e.ID, id, game)
						}
					}
				}
			}
			for _, what := range []string{
				boxoffice.Single, boxoffice.Combo, boxoffice.Donation, boxoffice.GiftCertificate, boxoffice.Miscellaneous, "over", "to come", "cancelled",
				"off the market", "time to be told", "end to be told", "without a date", "parking", "of several games",
			} {
				if seen[what] == 0 {
					t.Errorf("there is no event of the kind %q; there are %v", what, seen)
				}
			}
		})
	}
}

func TestGamesLieInTheWeeksAfterTheLoad(t *testing.T) {
	for name, day := range map[string]time.Time{
		"in autumn":                  now,
		"on a Saturday":              time.Date(2027, time.March, 13, 23, 59, 0, 0, time.UTC),
		"in the last hour of a year": time.Date(2029, time.December, 31, 23, 0, 0, 0, time.UTC),
		"on a leap day":              time.Date(2028, time.February, 29, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			m := &made{}
			if err := m.make(t.Context(), house.Small, 1, day); err != nil {
				t.Fatal(err)
			}
			over := 0
			for _, e := range m.events {
				switch {
				case e.Basis != boxoffice.Single:
				case e.Over.Before(day):
					over++
				case !e.Over.After(day.AddDate(0, 0, 2)) || e.Over.After(day.AddDate(0, 0, 70)):
					t.Errorf("%s is over at %v, neither before %v nor in the weeks after it", e.ID, e.Over, day)
				}
			}
			if over != 3 {
				t.Errorf("%d games are over, want 3", over)
			}
			if !slices.ContainsFunc(m.events, func(e boxoffice.Event) bool { return e.Season == "F"+day.Format("06") && e.Item == "F01" }) {
				t.Error("there is no first football game of the year")
			}
		})
	}
}
