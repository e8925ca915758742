package boxoffice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestOverAt(t *testing.T) {
	chicago, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 5, 20, 20, 30, 0, 0, time.UTC)
	evening := time.Date(2026, 5, 21, 1, 0, 0, 0, time.UTC) // still the 20th in Chicago
	for _, tt := range []struct {
		name       string
		start, end boxoffice.When
		want       string
	}{
		{"its end is known", boxoffice.When{At: at}, boxoffice.When{At: at.Add(3 * time.Hour)}, "2026-05-20T23:30:00Z"},
		{"its end is to be announced: the end of the day at the venue", boxoffice.When{At: at}, boxoffice.When{Date: "2026-05-21"}, "2026-05-22T05:00:00Z"},
		{"without an end: the end of the day it starts on at the venue", boxoffice.When{At: evening}, boxoffice.When{}, "2026-05-21T05:00:00Z"},
		{"only the day is known", boxoffice.When{Date: "2026-05-20"}, boxoffice.When{}, "2026-05-21T05:00:00Z"},
		{"the day that the clocks go back has 25 hours", boxoffice.When{Date: "2026-11-01"}, boxoffice.When{}, "2026-11-02T06:00:00Z"},
		{"nothing is known: never", boxoffice.When{}, boxoffice.When{}, "0001-01-01T00:00:00Z"},
		{"what is no day: never", boxoffice.When{Date: "2026-02-30"}, boxoffice.When{}, "0001-01-01T00:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := boxoffice.OverAt(tt.start, tt.end, chicago).UTC().Format(time.RFC3339); got != tt.want {
				t.Errorf("OverAt = %s; want %s", got, tt.want)
			}
		})
	}
}

func TestHalves(t *testing.T) {
	zone := time.FixedZone("", -5*60*60)
	for _, tt := range []struct {
		name        string
		when        boxoffice.When
		date, clock string
	}{
		{"an instant in UTC", boxoffice.When{At: time.Date(2026, 5, 20, 20, 30, 0, 0, zone)}, "2026-05-21", "01:30:00Z"},
		{"a day at the venue", boxoffice.When{Date: "2026-05-20"}, "2026-05-20", "TBD"},
		{"nothing", boxoffice.When{}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if date, clock := tt.when.Halves(); date != tt.date || clock != tt.clock {
				t.Errorf("Halves() = %q, %q; want %q, %q", date, clock, tt.date, tt.clock)
			}
		})
	}
}

func TestTitleIsTheInternetName(t *testing.T) {
	e := boxoffice.Event{Name: "event", ItemName: "item", InternetName: "internet"}
	for _, want := range []string{"internet", "item", "event"} {
		if got := e.Title(); got != want {
			t.Errorf("Title() = %q; want %q", got, want)
		}
		if e.InternetName == "" {
			e.ItemName = ""
		}
		e.InternetName = ""
	}
}

func TestLevelIsBeforeTheColon(t *testing.T) {
	for section, want := range map[string]string{"U:100": "U", "1:1": "1", "100": "", "": "", "A:B:C": "A"} {
		if got := boxoffice.Level(section); got != want {
			t.Errorf("Level(%q) = %q; want %q", section, got, want)
		}
	}
}

// Ensure a section's level is what stands before its first colon.
func FuzzLevel(f *testing.F) {
	for _, seed := range []string{"ES:9", "U:100", "GA", "", ":", "a:b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, section string) {
		level := boxoffice.Level(section)
		if strings.Contains(level, ":") || strings.Contains(section, ":") != strings.HasPrefix(section, level+":") {
			t.Errorf("Level(%q) = %q", section, level)
		}
	})
}
