package house_test

import (
	"slices"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// lockable reports whether the ticket can be locked now and for two days more.
func (m *made) lockable(x boxoffice.Ticket) bool {
	e := m.event[x.Event]
	return x.Hold.Kind == boxoffice.Free && !x.Void && e.Open(now) && e.Open(now.AddDate(0, 0, 2))
}

// offices are the accounts that own what is not sold: the first of each
// organization.
func (m *made) offices() map[boxoffice.PatronID]bool {
	offices := map[boxoffice.PatronID]bool{}
	var last access.OrganizationID
	for _, p := range m.patrons {
		if p.Organization != last {
			offices[p.ID] = true
		}
		last = p.Organization
	}
	return offices
}

func TestListingsHaveOneOwnersLockableTickets(t *testing.T) {
	for name, m := range houses(t) {
		t.Run(name, func(t *testing.T) {
			events := map[access.Channel]map[boxoffice.EventID]bool{}
			count := map[access.Channel]int{}
			ids := map[boxoffice.ListingID]bool{}
			listed := map[boxoffice.Token]bool{}
			several, offices := 0, m.offices()
			for i, l := range m.listings {
				told := m.demo.Listings[i]
				if told.ID != l.ID || told.Channel != l.Channel || told.Organization != l.Organization {
					t.Errorf("listing %+v is told as %+v", l, told)
				}
				if len(l.ID) < 11 || len(l.ID) > 16 || ids[l.ID] {
					t.Errorf("listing id %q is short of 64 bits, long, or there twice", l.ID)
				}
				if l.Expires.Sub(l.Created) != 30*24*time.Hour || l.Created.After(now) || !l.Expires.After(now) {
					t.Errorf("listing %s lives from %v to %v", l.ID, l.Created, l.Expires)
				}
				if len(l.Tokens) < 2 || len(l.Tokens) > 8 {
					t.Errorf("listing %s has %d tickets, want 2 to 8", l.ID, len(l.Tokens))
				}
				ids[l.ID] = true
				count[l.Channel]++
				if events[l.Channel] == nil {
					events[l.Channel] = map[boxoffice.EventID]bool{}
				}
				own := map[boxoffice.EventID]bool{}
				for _, token := range l.Tokens {
					x := m.ticket[token]
					if x.Owner != l.Patron || x.Organization != l.Organization || !m.lockable(x) || listed[token] || offices[x.Owner] {
						t.Errorf("listing %+v has ticket %+v", l, x)
					}
					listed[token] = true
					own[x.Event], events[l.Channel][x.Event] = true, true
				}
				if len(own) > 1 {
					several++
				}
			}
			if several < 10 {
				t.Errorf("%d listings are over several events, want at least 10", several)
			}
			if len(m.demo.Partners) < 2 || len(m.demo.Listings) != len(m.listings) {
				t.Errorf("%d partners and %d of %d listings are told", len(m.demo.Partners), len(m.demo.Listings), len(m.listings))
			}
			for _, p := range m.demo.Partners {
				if count[p.Channel] < 20 || len(events[p.Channel]) < 4 || !slices.IsSorted(p.Organizations) {
					t.Errorf("partner %+v has %d listings over %d events, want 20 over 4", p, count[p.Channel], len(events[p.Channel]))
				}
				for _, l := range m.listings {
					if l.Channel == p.Channel && !slices.Contains(p.Organizations, l.Organization) {
						t.Errorf("partner %s has listing %s of organization %d", p.Channel, l.ID, l.Organization)
					}
				}
			}
		})
	}
}

func TestToldBarcodesAreOfPatronsTicketsOutsideListings(t *testing.T) {
	for name, m := range houses(t) {
		t.Run(name, func(t *testing.T) {
			ticket := make(map[boxoffice.EventBarcode]boxoffice.Ticket, len(m.tickets))
			for _, x := range m.tickets {
				ticket[boxoffice.EventBarcode{Event: x.Event, Barcode: x.Barcode}] = x
			}
			kept := m.kept()
			offices := m.offices()
			told := map[boxoffice.EventBarcode]bool{}
			count := map[access.OrganizationID]int{}
			for _, b := range m.demo.Barcodes {
				at := boxoffice.EventBarcode{Event: b.Event, Barcode: b.Barcode}
				x, ok := ticket[at]
				if !ok || told[at] || kept[x.Token] || offices[x.Owner] || x.Organization != b.Organization || !m.lockable(x) {
					t.Errorf("barcode %+v is of ticket %+v", b, x)
				}
				told[at] = true
				count[b.Organization]++
			}
			if len(m.demo.Barcodes) < 500 || count[129] < 50 || count[999] < 300 {
				t.Errorf("%d barcodes are told, by organization %v", len(m.demo.Barcodes), count)
			}
		})
	}
}

// kept is the tickets of listings and demo patrons.
func (m *made) kept() map[boxoffice.Token]bool {
	kept := map[boxoffice.Token]bool{}
	for _, l := range m.listings {
		for _, token := range l.Tokens {
			kept[token] = true
		}
	}
	seats := m.seats()
	for _, p := range m.demo.Patrons {
		for _, s := range p.Seats {
			kept[seats[place{boxoffice.NewEventID(p.Organization, s.Season, s.Event), s.Level + ":" + s.Section, s.Row, s.Seat}].Token] = true
		}
	}
	return kept
}

// A place is a seat at an event.
type place struct {
	event              boxoffice.EventID
	section, row, seat string
}

func (m *made) seats() map[place]boxoffice.Ticket {
	seats := make(map[place]boxoffice.Ticket, len(m.tickets))
	for _, x := range m.tickets {
		seats[place{x.Event, x.Section, x.Row, x.Seat}] = x
	}
	return seats
}

func TestDemoPatronsOwnTheirSeatsAndSignIn(t *testing.T) {
	for name, m := range houses(t) {
		t.Run(name, func(t *testing.T) {
			seats := m.seats()
			accounts := make(map[boxoffice.PatronID]boxoffice.Patron, len(m.patrons))
			emails := map[string]int{}
			listed := map[boxoffice.Token]bool{}
			signIn := 0
			for _, p := range m.patrons {
				accounts[p.ID] = p
				for _, e := range p.Contact.Emails {
					emails[e.Address]++
				}
				if p.PasswordHash != "" {
					signIn++
				}
			}
			for _, l := range m.listings {
				for _, token := range l.Tokens {
					listed[token] = true
				}
			}
			if len(m.demo.Patrons) != 20 || signIn != 20 {
				t.Errorf("%d patrons are told, %d can sign in, want 20", len(m.demo.Patrons), signIn)
			}
			for _, p := range m.demo.Patrons {
				a := accounts[p.ID]
				if a.Organization != p.Organization || a.Contact.Emails[0].Address != p.Email || emails[p.Email] != 1 || a.Contact.LastName != p.LastName {
					t.Errorf("patron %+v has account %+v", p, a)
				}
				if len(p.Seats) < 3 {
					t.Errorf("patron %s has %d seats, want several", p.ID, len(p.Seats))
				}
				for _, s := range p.Seats {
					x := seats[place{boxoffice.NewEventID(p.Organization, s.Season, s.Event), s.Level + ":" + s.Section, s.Row, s.Seat}]
					if x.Owner != p.ID || listed[x.Token] || !m.lockable(x) || x.PriceLevel != s.PriceLevel || x.PriceType != s.PriceType {
						t.Errorf("seat %+v of patron %s is ticket %+v", s, p.ID, x)
					}
				}
			}
			one := m.demo.Patrons[0]
			if ok, err := argon2id.ComparePasswordAndHash(one.Password, accounts[one.ID].PasswordHash); !ok || err != nil {
				t.Errorf("the password does not fit its hash: %v", err)
			}
		})
	}
}
