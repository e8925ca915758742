package house

import (
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A department is an organization with what it puts on.
type department struct {
	boxoffice.Organization
	sports []sport
	goods  []good
	buyers map[Size]int // who buy game by game
}

// A sport is a kind of event that is played in seasons of one venue.
type sport struct {
	name, home    string
	season, item  string // codes; the year follows the season's, the number the item's
	venue         *venue
	prices        []int64 // of the price levels, in minor units
	weekday       time.Weekday
	every         int     // days between games
	hours         []clock // in turn
	length        time.Duration
	games         map[Size][]int // of this season, of the next
	past          int            // so many games of this season are over
	rival         int            // the number of the game that costs half as much again
	untimed       int            // of the game whose day is known but not the time
	openEnd       int            // of the game whose end is not known
	cancelled     int            // of the game that was cancelled
	offMarket     int            // of the game that may not be sold again
	parking       *venue
	parkingPrices []int64
	parkingOnce   bool // one parking item for all games of the season
	fresh         int  // percent of the season tickets that go to new patrons
}

// A clock is a time of day at the venue.
type clock struct{ hour, minute int }

// A good is an item of the catalog that has no tickets of its own. A Combo
// is a package of the season's games.
type good struct{ season, item, basis, name string }

var departments = []department{
	{
		Organization: boxoffice.Organization{
			ID: 129, Name: "Harbor College Athletics", DistributorCode: "HBTX", Zone: "America/New_York", Currency: "USD",
		},
		buyers: map[Size]int{Small: 40, Default: 400, Full: 600},
		sports: []sport{{
			name: "Baseball", home: "Harbor College", season: "BS", item: "BS", venue: &ballpark,
			prices:  []int64{2400, 1600, 900},
			weekday: time.Friday, every: 7, hours: []clock{{18, 30}, {13, 0}}, length: 3 * time.Hour,
			games: map[Size][]int{Small: {5}, Default: {10}, Full: {10, 10}},
			past:  2, rival: 4, untimed: 6, cancelled: 5, fresh: 100,
		}},
		goods: []good{
			{"BS", "PASS", boxoffice.Combo, "Baseball Season Pass"},
			{"BS", "GIFT", boxoffice.GiftCertificate, "Ballpark Gift Certificate"},
		},
	},
	{
		Organization: boxoffice.Organization{
			ID: 999, Name: "Meridian State Athletics", DistributorCode: "AMTX", Zone: "America/Chicago", Currency: "USD",
		},
		buyers: map[Size]int{Small: 80, Default: 3000, Full: 6000},
		sports: []sport{
			{
				name: "Football", home: "Meridian State", season: "F", item: "F", venue: &stadium,
				prices:  []int64{24000, 12500, 9500, 7000, 5000, 3500, 1500},
				weekday: time.Saturday, every: 14, hours: []clock{{14, 30}, {18, 0}, {11, 0}}, length: 210 * time.Minute,
				games: map[Size][]int{Small: {3}, Default: {3}, Full: {7, 5}},
				rival: 2, untimed: 3, openEnd: 2, fresh: 100,
				parking: &stadiumLots, parkingPrices: []int64{4000, 2500},
			},
			{
				name: "Men's Basketball", home: "Meridian State", season: "BB", item: "BB", venue: &arena,
				prices:  []int64{15000, 5500, 2800, 1000},
				weekday: time.Wednesday, every: 7, hours: []clock{{19, 0}, {20, 0}}, length: 150 * time.Minute,
				games: map[Size][]int{Small: {5}, Default: {8}, Full: {10, 8}},
				past:  1, rival: 4, untimed: 6, cancelled: 3, offMarket: 5, fresh: 40,
				parking: &arenaLots, parkingPrices: []int64{1500}, parkingOnce: true,
			},
		},
		goods: []good{
			{"F", "SEASON", boxoffice.Combo, "Football Season Tickets"},
			{"BB", "SEASON", boxoffice.Combo, "Basketball Season Tickets"},
			{"F", "FUND", boxoffice.Donation, "Meridian Scholarship Fund"},
			{"F", "GIFT", boxoffice.GiftCertificate, "Gift Certificate"},
			{"F", "GUIDE", boxoffice.Miscellaneous, "Football Media Guide"},
		},
	},
}

var opponents = []string{
	"Ridgeway", "Lakemont Tech", "Prairie A&M", "Northfield", "Sierra Poly", "Ashford", "Coastal Union", "Red Bluff State", "Winterhaven", "Granite Valley",
}

// A priceType is a code with what its holders pay of the adult's price.
type priceType struct {
	code, name string
	percent    int64
}

// The price types, by place in the two tables below.
const (
	adultPrice = iota
	seasonPrice
	studentPrice
	facultyPrice
	youthPrice
	pricesEnd
)

var (
	seatPrices = [pricesEnd]priceType{
		{"A", "Adult", 100}, {"S", "Season", 80}, {"D", "Student", 40}, {"F", "Faculty", 70}, {"Y", "Youth", 60},
	}
	// Cars pay alike, whoever drives.
	parkingPrices = [pricesEnd]priceType{
		{"P", "Parking", 100}, {"S", "Season", 80}, {"P", "Parking", 100}, {"F", "Faculty", 70}, {"P", "Parking", 100},
	}
	// singlePrices is what single-game buyers come with, by frequency.
	singlePrices = [...]uint8{
		adultPrice, adultPrice, adultPrice, adultPrice, adultPrice, adultPrice, adultPrice, youthPrice, youthPrice, facultyPrice, studentPrice,
	}
)
