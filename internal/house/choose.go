package house

import (
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A want is a place of a show whose ticket is to be told: its token to a
// listing, or its barcode to the demo.
type want struct {
	place   int
	listing int // in house.listings, or told
}

const told = -1

const (
	mostListed   = 8 // tickets of a listing
	mostSeats    = 4 // of them at one game
	leastListed  = 2
	leastOwned   = 3 // seats of a demo patron at each game
	listingIDLen = 12
)

// choose says which seats are the demo patrons' to transfer, which are listed,
// and which tickets' barcodes are told, so that no ticket is two of these.
func (h *house) choose() {
	for _, a := range demoPatrons {
		s, hall := h.holding(a.venue)
		for _, run := range hall.take(a.count, leastOwned) {
			s.demo[run.patron] = len(h.demo.Patrons)
			h.demo.Patrons = append(h.demo.Patrons, h.introduce(s, hall, run))
		}
	}
	ids := stream(h.seed, "listings")
	for i := range partners {
		p := &partners[i]
		h.demo.Partners = append(h.demo.Partners, p.Partner)
		for _, a := range p.listings {
			s, hall := h.holding(a.venue)
			games := s.open(hall, h)
			for n, run := range hall.take(a.count, leastListed) {
				l := boxoffice.Listing{
					ID: boxoffice.ListingID(word(ids, listingIDLen)), Organization: s.ID, Channel: p.Channel,
					Patron: s.ids[run.patron], Created: h.day, Expires: h.day.Add(listingLife),
				}
				s.want(run, games, n, len(h.listings))
				h.listings = append(h.listings, l)
				h.demo.Listings = append(h.demo.Listings, Listing{ID: l.ID, Channel: l.Channel, Organization: l.Organization})
			}
		}
	}
}

// take marks so many runs of at least so many seats each, spread over the hall.
// A small hall may have fewer.
func (h *hall) take(count, seats int) []*run {
	var fit []*run
	for i := range h.runs {
		if r := &h.runs[i]; !r.taken && r.count >= seats && r.row.name != general {
			fit = append(fit, r)
		}
	}
	count = min(count, len(fit))
	runs := make([]*run, count)
	for i := range runs {
		r := fit[i*len(fit)/count]
		r.taken = true
		for place := r.row.at + r.from; place < r.row.at+r.from+r.count; place++ {
			h.slots[place].kept = true
		}
		runs[i] = r
	}
	return runs
}

// open is the hall's shows whose tickets can be locked for the next days.
func (s *stage) open(hall *hall, h *house) []int {
	var games []int
	for i := range s.shows {
		if s.shows[i].hall == hall && s.shows[i].Open(h.day.AddDate(0, 0, lead)) {
			games = append(games, i)
		}
	}
	return games
}

// want puts 2 to 4 seats of the run, at one to three games, into the n-th of
// the hall's listings.
func (s *stage) want(r *run, games []int, n, listing int) {
	seats := min(r.count, mostSeats)
	for k := range min(1+n%3, len(games), mostListed/seats) {
		game := games[(n+k)%len(games)]
		for offset := range seats {
			s.wants[game] = append(s.wants[game], want{place: r.row.at + r.from + offset, listing: listing})
		}
	}
}

// introduce tells of the run's holder, and of the run's seats at the games to
// come. Names and mail address follow when the accounts are made.
func (h *house) introduce(s *stage, hall *hall, r *run) Patron {
	p := Patron{Organization: s.ID, ID: s.ids[r.patron], Password: h.password}
	for _, game := range s.open(hall, h) {
		e := &s.shows[game]
		for offset := r.from; offset < r.from+r.count; offset++ {
			p.Seats = append(p.Seats, Seat{
				Season: e.Season, Event: e.Item,
				PriceLevel: r.row.section.price, PriceType: e.types[r.price].code,
				Level: r.row.section.level, Section: r.row.section.number, Row: r.row.name, Seat: seatNumber(r.row.number(offset)),
			})
		}
	}
	return p
}

// tell chooses tickets of one show whose barcodes are told: people's, and of
// those that are kept for nothing else. They are spread over the hall.
func tell(slots []slot, count int) []want {
	var wants []want
	for k := range count {
		for place := k * len(slots) / count; place < (k+1)*len(slots)/count; place++ {
			if slots[place].patron != 0 && !slots[place].kept {
				wants = append(wants, want{place: place, listing: told})
				break
			}
		}
	}
	return wants
}
