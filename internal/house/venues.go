package house

import "strconv"

// A venue is a building as it is set up for a kind of event. Its blocks stand
// in the manifest's order.
type venue struct {
	code, name    string
	configuration string
	blocks        []block
	small         part // what the small house has of it
}

// A block is a run of sections of one level that are alike.
type block struct {
	level    string
	sections []string
	rows     []string // front to back; none is general admission
	front    int      // seats of the first row, or places of general admission
	every    int      // rows are curved: one seat more each so many rows; 0 is never
	odd      int      // each so many-th row has odd seat numbers only; 0 is none
	platform int      // places of the wheelchair platform behind the last row
	kind     string   // the associationType, "" for most
	price    int64    // the price level
	season   int      // percent of the seats that season holders have
	single   int      // percent of the others that are sold game by game
}

// A part is how much of each block the small house has.
type part struct{ sections, rows, places int }

// The price levels of a venue count from the best; parking has its own.
var stadium = venue{
	code: "MS", name: "Meridian Stadium", configuration: "FB",
	small: part{sections: 1, rows: 4, places: 40},
	blocks: []block{
		{level: "1", sections: numbers(1, 8), rows: numbers(1, 5), front: 12, price: 1, season: 80, single: 50},
		{level: "WS", sections: numbers(1, 11), rows: numbers(1, 42), front: 22, every: 6, platform: 14, price: 2, season: 65, single: 50},
		{level: "ES", sections: numbers(1, 11), rows: numbers(1, 42), front: 22, every: 6, platform: 14, price: 3, season: 60, single: 50},
		{level: "N", sections: numbers(12, 17), rows: letters("A", "Z", "AA", "NN"), front: 14, every: 2, odd: 15, platform: 10, price: 4, season: 40, single: 50},
		{level: "S", sections: numbers(18, 21), rows: letters("A", "Z", "AA", "NN"), front: 14, every: 2, odd: 15, platform: 10, price: 4, season: 35, single: 50},
		{level: "ST", sections: numbers(1, 4), front: 1250, price: 7, season: 40, single: 60},
		{level: "CL", sections: numbers(1, 8), rows: letters("A", "N"), front: 20, every: 4, kind: "CLUB", price: 1, season: 90, single: 40},
		{level: "SU", sections: numbers(1, 10), rows: letters("A", "B"), front: 10, kind: "VIP", price: 1, season: 95, single: 50},
		{level: "U", sections: numbers(100, 123), rows: letters("AA", "ZZ"), front: 25, every: 3, platform: 8, price: 5, season: 30, single: 40},
		{level: "U", sections: numbers(200, 213), rows: letters("AA", "ZZ"), front: 13, every: 2, odd: 12, price: 6, season: 12, single: 35},
	},
}

var arena = venue{
	code: "CA", name: "Cedar Arena", configuration: "BB",
	small: part{sections: 2, rows: 4, places: 40},
	blocks: []block{
		{level: "C", sections: numbers(1, 4), rows: numbers(1, 2), front: 18, kind: "VIP", price: 1, season: 95, single: 40},
		{level: "L", sections: numbers(101, 118), rows: letters("A", "W"), front: 10, every: 4, platform: 6, price: 2, season: 60, single: 45},
		{level: "U", sections: numbers(201, 220), rows: numbers(1, 16), front: 14, every: 4, odd: 16, price: 3, season: 25, single: 35},
		{level: "ST", sections: numbers(1, 2), front: 400, price: 4, season: 50, single: 60},
	},
}

var ballpark = venue{
	code: "HP", name: "Harbor Ballpark", configuration: "BASE",
	small: part{sections: 2, rows: 4, places: 30},
	blocks: []block{
		{level: "1", sections: numbers(1, 12), rows: numbers(1, 10), front: 9, every: 3, platform: 4, price: 1, season: 55, single: 45},
		{level: "2", sections: numbers(1, 8), rows: letters("A", "K"), front: 11, every: 4, odd: 9, price: 2, season: 30, single: 40},
		{level: "LAWN", sections: []string{"1"}, front: 450, price: 3, season: 10, single: 50},
	},
}

// In a lot the rows are those painted on the ground; a field has counted places.
var stadiumLots = venue{
	code: "MS", name: "Meridian Stadium", configuration: "PARK",
	small: part{sections: 1, rows: 2, places: 16},
	blocks: []block{
		{level: "LOT", sections: []string{"A", "B", "C", "D"}, rows: numbers(1, 8), front: 30, price: 1, season: 80, single: 60},
		{level: "FIELD", sections: []string{"E"}, front: 540, price: 2, season: 30, single: 60},
	},
}

var arenaLots = venue{
	code: "CA", name: "Cedar Arena", configuration: "PARK",
	small: part{sections: 1, rows: 2, places: 0},
	blocks: []block{
		{level: "LOT", sections: []string{"1", "2"}, rows: letters("A", "F"), front: 25, price: 1, season: 70, single: 40},
	},
}

// numbers names sections or rows first, first+1, … last.
func numbers(first, last int) []string {
	names := make([]string, 0, last-first+1)
	for n := first; n <= last; n++ {
		names = append(names, strconv.Itoa(n))
	}
	return names
}

// letters names rows as houses do, without I and O, which look like numbers:
// from A to Z, from AA to ZZ by doubled letters, or both in turn.
func letters(bounds ...string) []string {
	var names []string
	for ; len(bounds) >= 2; bounds = bounds[2:] {
		first, last := bounds[0], bounds[1]
		for c := first[0]; c <= last[0]; c++ {
			if c == 'I' || c == 'O' {
				continue
			}
			name := string(rune(c))
			if len(first) == 2 {
				name += name
			}
			names = append(names, name)
		}
	}
	return names
}
