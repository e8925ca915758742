// Package house makes the demo house: two invented organizations with their
// venues, games, parking, patrons, season tickets and listings, in the
// proportions of a college athletic department.
//
// The house is described as tables: venues.go has the buildings, calendar.go
// the seasons, names.go the people. Make lays the buildings out seat by seat,
// gives season holders the same seats at every game, sells some of the rest
// game by game, and writes it all through a boxoffice.Loader.
//
// Everything is drawn from the seed, and the calendar from the day of the load,
// so the same size, seed and day make the same house on any machine. It follows
// that nothing in it is secret, not even its barcodes, listing ids and password:
// the house is for trying things out.
package house
