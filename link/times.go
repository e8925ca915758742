package link

import (
	"strings"
	"time"
)

// The odd forms of times of the contract.
const (
	historyForm = "2006-01-02T15:04:05.000-0700"
	venueForm   = "01/02/2006 15:04:05"
	halvesForm  = time.DateOnly + "T15:04:05Z"
)

// An Instant is a time of a transfer's history, to the millisecond.
type Instant struct{ time.Time }

// MarshalJSON writes the form of the contract: 2023-06-14T07:23:05.281+0000.
func (i Instant) MarshalJSON() ([]byte, error) {
	if i.IsZero() {
		return []byte(`""`), nil
	}
	return []byte(`"` + i.UTC().Format(historyForm) + `"`), nil
}

// UnmarshalJSON reads that form, and RFC 3339. An empty text is the zero Instant.
func (i *Instant) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `"`)
	if s == "" || s == "null" {
		*i = Instant{}
		return nil
	}
	at, err := time.Parse(historyForm, s)
	if err != nil {
		at, err = time.Parse(time.RFC3339Nano, s)
	}
	i.Time = at
	return err
}

// A VenueTime is a date and time of a transfer as the venue's clocks show it:
// 06/14/2023 23:46:03. It names no zone, so In needs one.
type VenueTime string

// In is the instant, for a venue in this zone.
func (v VenueTime) In(zone *time.Location) (time.Time, error) {
	return time.ParseInLocation(venueForm, string(v), zone)
}

// halves is the instant of a date and a time; false when the venue has not
// decided on it yet (TBD), or there is none.
func halves(date, clock string) (time.Time, bool) {
	at, err := time.Parse(halvesForm, date+"T"+clock)
	return at, err == nil
}
