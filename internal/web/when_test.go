package web

import (
	"testing"
	"time"
	_ "time/tzdata" // venues have zones, wherever this runs

	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestScheduleIsInTheVenuesZone(t *testing.T) {
	at := func(text string) boxoffice.When {
		instant, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return boxoffice.When{At: instant}
	}
	day := func(text string) boxoffice.When { return boxoffice.When{Date: text} }
	none := boxoffice.When{}
	tests := []struct {
		name, zone string
		start, end boxoffice.When
		want       schedule
	}{
		{"an evening that is the next day in UTC", "America/Chicago", at("2025-09-07T00:30:00Z"), none,
			schedule{"Saturday, September 6, 2025", "7:30 PM CDT", "2025-09-06T19:30-05:00", ""}},
		{"the last hour of winter time", "America/Chicago", at("2025-03-09T07:59:00Z"), none,
			schedule{"Sunday, March 9, 2025", "1:59 AM CST", "2025-03-09T01:59-06:00", ""}},
		{"the first hour of summer time", "America/Chicago", at("2025-03-09T08:00:00Z"), none,
			schedule{"Sunday, March 9, 2025", "3:00 AM CDT", "2025-03-09T03:00-05:00", ""}},
		{"the first of the two 1:30 when the clocks go back", "America/Chicago", at("2025-11-02T06:30:00Z"), none,
			schedule{"Sunday, November 2, 2025", "1:30 AM CDT", "2025-11-02T01:30-05:00", ""}},
		{"the second of them", "America/Chicago", at("2025-11-02T07:30:00Z"), none,
			schedule{"Sunday, November 2, 2025", "1:30 AM CST", "2025-11-02T01:30-06:00", ""}},
		{"the night before the clocks go back, ending after it", "America/Chicago", at("2025-11-02T02:00:00Z"), at("2025-11-02T08:00:00Z"),
			schedule{"Saturday, November 1, 2025", "9:00 PM CDT", "2025-11-01T21:00-05:00", ""}},
		{"a zone without a name", "America/Sao_Paulo", at("2025-09-07T00:30:00Z"), none,
			schedule{"Saturday, September 6, 2025", "9:30 PM UTC-03", "2025-09-06T21:30-03:00", ""}},
		{"a zone nobody knows", "Atlantis/Capital", at("2025-09-07T00:30:00Z"), none,
			schedule{"Sunday, September 7, 2025", "12:30 AM UTC", "2025-09-07T00:30Z", ""}},
		{"a time to be announced", "America/Chicago", day("2025-09-06"), day("2025-09-06"),
			schedule{"Saturday, September 6, 2025", "Time to be announced", "2025-09-06", ""}},
		{"a day to be announced", "America/Chicago", none, none,
			schedule{"Date and time to be announced", "", "", ""}},
		{"an end without a start", "America/Chicago", none, day("2025-09-06"),
			schedule{"Date and time to be announced", "", "", ""}},
		{"an end whose time is to be announced", "America/Chicago", at("2025-09-07T00:30:00Z"), day("2025-09-06"),
			schedule{"Saturday, September 6, 2025", "7:30 PM CDT", "2025-09-06T19:30-05:00", ""}},
		{"a season", "America/Chicago", at("2025-09-07T00:30:00Z"), at("2025-11-29T05:30:00Z"),
			schedule{"Saturday, September 6, 2025", "7:30 PM CDT", "2025-09-06T19:30-05:00", "Friday, November 28, 2025"}},
		{"days whose times are to be announced", "America/Chicago", day("2025-09-06"), day("2025-09-08"),
			schedule{"Saturday, September 6, 2025", "Time to be announced", "2025-09-06", "Monday, September 8, 2025"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			zone := boxoffice.Organization{Zone: tt.zone}.Location()
			if got := scheduleOf(tt.start, tt.end, zone); got != tt.want {
				t.Errorf("scheduleOf(%v, %v, %s) = %+v, want %+v", tt.start, tt.end, tt.zone, got, tt.want)
			}
		})
	}
}
