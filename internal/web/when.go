package web

import (
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A schedule is when an event takes place, in the words of its page.
type schedule struct {
	Date    string // Saturday, September 6, 2025
	Time    string // 7:30 PM CDT; "" where not even the day is known
	Machine string // the same for programs; "" where the day is not known
	Until   string // the last day, of what goes on for days
}

const dateForm = "Monday, January 2, 2006"

// scheduleOf tells an event's schedule in the venue's zone. The time carries the
// zone's name: on the night the clocks go back there are two of 1:30 AM.
func scheduleOf(start, end boxoffice.When, zone *time.Location) schedule {
	var s schedule
	switch {
	case !start.At.IsZero():
		at := start.At.In(zone)
		s = schedule{Date: at.Format(dateForm), Time: at.Format("3:04 PM ") + zoneName(at), Machine: at.Format("2006-01-02T15:04Z07:00")}
	case start.Date != "":
		s = schedule{Date: dayText(start.Date), Time: "Time to be announced", Machine: start.Date}
	default:
		s = schedule{Date: "Date and time to be announced"}
	}
	s.Until = lastDay(start, end, zone)
	return s
}

// lastDay names the day on which something ends that goes on for days, such as
// parking for a season. A game that ends after midnight is not of that kind.
func lastDay(start, end boxoffice.When, zone *time.Location) string {
	const days = 24 * time.Hour
	if start.IsZero() || end.IsZero() {
		return ""
	}
	if !start.At.IsZero() && !end.At.IsZero() && end.At.Sub(start.At) < days {
		return ""
	}
	if last := dayOf(end, zone); last != dayOf(start, zone) {
		return dayText(last)
	}
	return ""
}

// dayOf is the day at the venue, YYYY-MM-DD.
func dayOf(w boxoffice.When, zone *time.Location) string {
	if w.At.IsZero() {
		return w.Date
	}
	return w.At.In(zone).Format(time.DateOnly)
}

// dayText writes a day out; what is no day stays as it came.
func dayText(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return at.Format(dateForm)
}

// zoneName is the zone's abbreviation; zones without one have just an offset.
func zoneName(at time.Time) string {
	name, _ := at.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + name
	}
	return name
}
