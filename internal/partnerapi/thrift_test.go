//go:build !race

// Under the race detector pools forget on purpose, so there is nothing to count.

package partnerapi

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A request makes no more garbage than it did: the door in front of an office
// that answers at once, counted in allocations, which are the same on every
// machine. The request and its recorder are made beforehand.
func TestARequestAllocatesNoMoreThanItDid(t *testing.T) {
	kickOff := boxoffice.When{At: time.Date(2026, 5, 20, 20, 30, 0, 0, time.UTC)}
	ticket := boxoffice.Ticket{Token: "A", Section: "U:100", Row: "AA", Seat: "14", Owner: "1"}
	seat := boxoffice.VerifiedSeat{Season: "F23", Item: "F01", Ticket: ticket}
	four := []boxoffice.Owned{{Token: "A", Owner: "1"}, {Token: "B", Owner: "1"}, {Token: "C", Owner: "1"}, {Token: "D", Owner: "1"}}
	event := boxoffice.Event{
		ID: "999:F23:F01", Season: "F23", Item: "F01", Basis: boxoffice.Single, Name: "Football Game 1",
		Start: kickOff, End: kickOff, FacilityCode: "ABC", FacilityName: "Pavilion", ConfigurationCode: "DC",
	}
	for _, tt := range []struct {
		call, method, path, body string
		answer                   any
		most                     float64 // two more than when it was counted last
	}{
		{"lock of four", "PUT", "/v1/tickets/lock", lockOfFour, boxoffice.Locking{Sellers: []boxoffice.PatronID{"1"}, Done: four}, 29},
		{"unlock of four", "PUT", "/v1/tickets/unlock", `{"tokens":["A","B","C","D"]}`, boxoffice.Unlocking{Done: four}, 23},
		{"verify of two", "POST", "/v1/tickets/verify", `{"tickets":[{"accessId":"999:F23:F01","tokens":["A","B"]}]}`, []boxoffice.Verified{{Event: "999:F23:F01", Seats: []boxoffice.VerifiedSeat{seat, seat}}}, 29},
		{"catalog of two", "GET", "/v1/catalog/events", "", &boxoffice.Program{Events: []boxoffice.Event{event, event}}, 19},
		{"listing of two", "GET", "/v1/listings/A3qnemZ", "", boxoffice.ShownListing{ID: "A3qnemZ", Groups: []boxoffice.ListingGroup{{
			Event: "999:F23:F01", Season: "F23", Item: "F01", Tickets: []boxoffice.Ticket{ticket, ticket},
		}}}, 22},
		{"complete-order", "POST", "/v1/cart/complete-order", completeBody, publishedSale, 56},
		{"status of an order", "GET", "/v1/cart/complete-order/P1", "", publishedSale, 25},
		{"print of two", "POST", "/v1/tickets/print", printBody, boxoffice.Printing{Done: []boxoffice.Printed{
			{Token: "A", Owner: "1", URL: "https://tickets.example.com/t/x"}, {Token: "B", Owner: "1", URL: "https://tickets.example.com/t/y"},
		}}, 31},
	} {
		t.Run(tt.call, func(t *testing.T) {
			handler := New(answers(tt.answer, nil), fakeDesk{}, Options{})
			r, body, w := request(tt.method, tt.path, tt.body), strings.NewReader(tt.body), &scrap{header: http.Header{}}
			if tt.body != "" {
				r.Body = io.NopCloser(body)
			}
			got := testing.AllocsPerRun(100, func() {
				body.Reset(tt.body)
				clear(w.header)
				handler.ServeHTTP(w, r)
			})
			if w.status != http.StatusOK {
				t.Fatalf("%s %s = %d", tt.method, tt.path, w.status)
			}
			if got > tt.most {
				t.Errorf("%s: %.0f allocations at the door, and it may make %.0f. Find what grew with\n"+
					"\tgo test ./internal/partnerapi -run '^$' -bench Lock -benchtime 3000x -memprofile mem -memprofilerate 1\n"+
					"and raise the bound only in the commit that says what the new ones are for", tt.call, got, tt.most)
			}
		})
	}
}

// scrap is a ResponseWriter that keeps the status and nothing else.
type scrap struct {
	header http.Header
	status int
}

func (s *scrap) Header() http.Header         { return s.header }
func (s *scrap) WriteHeader(status int)      { s.status = status }
func (s *scrap) Write(p []byte) (int, error) { return len(p), nil }
