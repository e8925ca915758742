package main

import (
	"sync"
	"testing"
)

// A partner unlocks a ticket and sells it at the same moment, at any process: the
// sale goes through, or the ticket was not locked any more, and the books say the
// same as the answer.
func TestUnlockAndSaleOfOneTicketHaveOneWinner(t *testing.T) {
	const rounds = 40
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			f := startFleet(t, database.open(t))
			tickets := f.tokens(rounds)
			f.lock(t, f.first, tickets...)
			sold := make([]bool, rounds)
			for i, token := range tickets {
				seller, keeper := f.first.at(f.urls[i%len(f.urls)]), f.first.at(f.urls[(i+1)%len(f.urls)])
				start := make(chan struct{})
				var both sync.WaitGroup
				both.Go(func() {
					<-start
					switch got := seller.told(t, "POST", "/v1/cart/complete-order", saleBody("race-"+token, "ada", []string{token})); got {
					case "200":
						sold[i] = true
					case "422 NOTHING_DONE":
					default:
						t.Errorf("the sale is answered %s; want 200 or 422", got)
					}
				})
				both.Go(func() {
					<-start
					if got := keeper.told(t, "PUT", "/v1/tickets/unlock", unlockBody([]string{token})); got != "200" {
						t.Errorf("unlock is answered %s; want 200, for it was locked or is not any more", got)
					}
				})
				close(start)
				both.Wait()
			}
			orders := map[string]bool{}
			query(t, f.books, func(scan func(...any) error) error {
				var key string
				err := scan(&key)
				orders[key] = true
				return err
			}, `SELECT key FROM orders`)
			wins := 0
			for i, token := range tickets {
				if orders["first/race-"+token] != sold[i] {
					t.Errorf("%s: the answer says sold: %v, and the books %v", token, sold[i], !sold[i])
				}
				if sold[i] {
					wins++
				}
			}
			t.Logf("the sale won %d of %d", wins, rounds)
			var held int
			query(t, f.books, func(scan func(...any) error) error { return scan(&held) }, `SELECT COUNT(*) FROM ticket WHERE hold_by = 'first'`)
			if held != 0 {
				t.Errorf("%d tickets are still locked", held)
			}
		})
	}
}

// A seat sold at one process is in no listing that another shows from then on.
func TestAListingShowsNoSeatThatWasSoldElsewhere(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			f := startFleet(t, database.open(t))
			show := func(url string) (seats []seat) {
				t.Helper()
				var answer []struct{ Tickets []grouped }
				f.first.at(url).want(t, 200, "GET", "/v1/listings/Lmine", nil, &answer)
				for _, group := range answer[0].Tickets {
					seats = append(seats, group.Seats...)
				}
				return seats
			}
			last := len(f.urls) - 1
			for _, url := range f.urls {
				if seats := show(url); len(seats) != 2 {
					t.Fatalf("%s shows %d seats; want 2", url, len(seats))
				}
			}
			for left := 1; left >= 0; left-- {
				token := show(f.urls[0])[0].Token
				second := f.second.at(f.urls[last])
				second.want(t, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody("L", []string{token})), nil)
				second.want(t, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody("sold-"+token, "ada", []string{token})), nil)
				for _, url := range f.urls {
					if seats := show(url); len(seats) != left {
						t.Errorf("after the sale at %s, %s shows %d seats; want %d", f.urls[last], url, len(seats), left)
					}
				}
			}
		})
	}
}
