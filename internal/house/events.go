package house

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A show is an item of the catalog with the hall its tickets are for; hall is
// nil where there are none.
type show struct {
	boxoffice.Event
	hall   *hall
	types  *[pricesEnd]priceType
	prices []int64 // of the price levels, in minor units
}

// lead is how many days lie at least between the load and the next game, so
// that the house can be played with for a while.
const lead = 3

// schedule makes the department's shows in the order of their ids. halls finds
// the layout of a venue.
func (d *department) schedule(size Size, day time.Time, halls map[*venue]*hall) ([]show, error) {
	zone, err := time.LoadLocation(d.Zone)
	if err != nil {
		// The zone decides the times, so a house in UTC would be another one.
		return nil, fmt.Errorf("zone of organization %d: %w", d.ID, err)
	}
	var shows []show
	for i := range d.sports {
		s := &d.sports[i]
		for year, games := range s.games[size] {
			season := season{d: d, s: s, zone: zone, day: day.AddDate(0, 0, 364*year), code: seasonCode(s.season, day, year)}
			if year == 0 {
				season.past = s.past
			}
			shows = append(shows, season.shows(games, halls)...)
		}
	}
	for _, g := range d.goods {
		shows = append(shows, d.sell(g, day, shows))
	}
	slices.SortFunc(shows, func(a, b show) int { return cmp.Compare(a.ID, b.ID) })
	return shows, nil
}

// seasonCode is the code with the year in two digits, such as F26. A season has
// the year of the load, even where its games go on into the next.
func seasonCode(code string, day time.Time, later int) string {
	return fmt.Sprintf("%s%02d", code, (day.Year()+later)%100)
}

// sell makes the item of a good.
func (d *department) sell(g good, day time.Time, shows []show) show {
	season := seasonCode(g.season, day, 0)
	e := boxoffice.Event{
		ID: boxoffice.NewEventID(d.ID, season, g.item), Organization: d.ID, Season: season, Item: g.item,
		Basis: g.basis, Name: g.name, ItemName: g.name, Secondary: true,
	}
	if g.basis != boxoffice.Combo {
		return show{Event: e}
	}
	var games []boxoffice.EventID
	for _, s := range shows {
		if s.Season != season || s.Basis != boxoffice.Single || s.Associations != nil {
			continue
		}
		if len(games) == 0 {
			e.Start, e.FacilityCode, e.FacilityName, e.ConfigurationCode = s.Start, s.FacilityCode, s.FacilityName, s.ConfigurationCode
		}
		e.End, e.Over = s.End, s.Over
		games = append(games, s.ID)
	}
	e.Associations = []boxoffice.Association{{Type: boxoffice.Combo, With: games}}
	return show{Event: e}
}

// A season is a sport's games from a day on.
type season struct {
	d    *department
	s    *sport
	zone *time.Location
	day  time.Time // the games begin in the week after it
	code string
	past int // so many games lie before day
}

// shows are the games with their parking.
func (s season) shows(games int, halls map[*venue]*hall) []show {
	var shows []show
	for n := 1; n <= games; n++ {
		shows = append(shows, s.game(n, halls[s.s.venue]))
	}
	if s.s.parking == nil {
		return shows
	}
	first, last := shows[0], shows[games-1]
	if s.s.parkingOnce {
		p := s.parking(first, 1, "Parking for "+s.s.name, halls[s.s.parking])
		p.End, p.Over, p.Cancelled, p.Secondary = last.End, last.Over, false, true
		for _, g := range shows[1:] {
			p.Associations[0].With = append(p.Associations[0].With, g.ID)
		}
		return append(shows, p)
	}
	for n, g := range shows[:games] {
		shows = append(shows, s.parking(g, n+1, "Parking for "+g.ItemName, halls[s.s.parking]))
	}
	return shows
}

// game is the n-th game of the season, counted from 1.
func (s season) game(n int, h *hall) show {
	item := fmt.Sprintf("%s%02d", s.s.item, n)
	opponent := opponents[(n-1)%len(opponents)]
	e := boxoffice.Event{
		ID: boxoffice.NewEventID(s.d.ID, s.code, item), Organization: s.d.ID, Season: s.code, Item: item, Basis: boxoffice.Single,
		Name:         fmt.Sprintf("%s vs. %s", s.s.name, opponent),
		ItemName:     fmt.Sprintf("%s Game %d", s.s.name, n),
		FacilityCode: s.s.venue.code, FacilityName: s.s.venue.name, ConfigurationCode: s.s.venue.configuration,
		Secondary: n != s.s.offMarket, Cancelled: n == s.s.cancelled, PriceTypes: named(&seatPrices),
	}
	prices := s.s.prices
	if n == s.s.rival {
		e.InternetName = fmt.Sprintf("%s: %s vs. %s", s.s.name, s.s.home, opponent)
		prices = raised(prices)
	}
	e.Start, e.End = s.when(n)
	e.Over = boxoffice.OverAt(e.Start, e.End, s.zone)
	return show{Event: e, hall: h, types: &seatPrices, prices: prices}
}

// when is the n-th game's schedule. The first game to come is on the sport's
// weekday, not before lead days from the season's day.
func (s season) when(n int) (start, end boxoffice.When) {
	next := s.day.AddDate(0, 0, lead)
	days := lead + int(s.s.weekday-next.Weekday()+7)%7 + (n-1-s.past)*s.s.every
	if n <= s.past {
		days -= s.s.every // the first game to come may be more than one turn away
	}
	date := s.day.AddDate(0, 0, days)
	text := date.Format(time.DateOnly)
	if n == s.s.untimed {
		return boxoffice.When{Date: text}, boxoffice.When{Date: text}
	}
	kickoff := s.s.hours[(n-1)%len(s.s.hours)]
	at := time.Date(date.Year(), date.Month(), date.Day(), kickoff.hour, kickoff.minute, 0, 0, s.zone).UTC()
	if n == s.s.openEnd {
		return boxoffice.When{At: at}, boxoffice.When{Date: text}
	}
	return boxoffice.When{At: at}, boxoffice.When{At: at.Add(s.s.length)}
}

// parking is an item for a game's lots: it shares the game's schedule and fate.
func (s season) parking(game show, n int, name string, h *hall) show {
	p := game
	p.Item = fmt.Sprintf("P%02d", n)
	p.ID = boxoffice.NewEventID(s.d.ID, s.code, p.Item)
	p.Name, p.ItemName, p.InternetName = name, name, ""
	p.ConfigurationCode, p.PriceTypes = h.configuration, named(&parkingPrices)
	p.Associations = []boxoffice.Association{{Type: "PARKING", With: []boxoffice.EventID{game.ID}}}
	p.hall, p.types, p.prices = h, &parkingPrices, s.s.parkingPrices
	return p
}

// named is the table as events carry it, code to name.
func named(types *[pricesEnd]priceType) map[string]string {
	names := make(map[string]string, len(types))
	for _, t := range types {
		names[t.code] = t.name
	}
	return names
}

// raised is half as much again.
func raised(prices []int64) []int64 {
	up := slices.Clone(prices)
	for i := range up {
		up[i] += up[i] / 2
	}
	return up
}
