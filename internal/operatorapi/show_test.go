package operatorapi

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Shelves have these things; every ticket's story is one lock for each version.
type shelves struct {
	tickets  map[boxoffice.Token]boxoffice.Ticket
	listing  boxoffice.Listing
	transfer boxoffice.Transfer
	order    boxoffice.Order
}

func (s shelves) view() boxoffice.View {
	return boxoffice.View{Now: time.Unix(1, 0), Tickets: s.tickets, Events: map[boxoffice.EventID]boxoffice.Event{"E": {Name: "Game", Cancelled: true}}}
}

func (s shelves) Tickets(_ context.Context, tokens []boxoffice.Token) (boxoffice.View, error) {
	view := s.view()
	view.Tickets = map[boxoffice.Token]boxoffice.Ticket{}
	for _, token := range tokens {
		if t, ok := s.tickets[token]; ok {
			view.Tickets[token] = t
		}
	}
	return view, nil
}

func (s shelves) Seats(context.Context, []boxoffice.SeatRow) (boxoffice.View, error) {
	return s.view(), nil
}

func (s shelves) BarcodeTickets(_ context.Context, barcode boxoffice.Barcode) (boxoffice.View, error) {
	if barcode != "777" {
		return boxoffice.View{}, nil
	}
	return s.view(), nil
}

func (s shelves) Listing(_ context.Context, id boxoffice.ListingID) (boxoffice.Listing, boxoffice.View, error) {
	if s.listing.ID != id {
		return boxoffice.Listing{}, boxoffice.View{}, fault.ListingUnknown
	}
	return s.listing, s.view(), nil
}

func (s shelves) Order(_ context.Context, key boxoffice.OrderKey) (boxoffice.Order, bool, error) {
	return s.order, s.order.Key == key, nil
}

func (s shelves) TransferOf(_ context.Context, code string) (boxoffice.Transfer, bool, error) {
	return s.transfer, s.transfer.Code == code, nil
}

func (s shelves) TransferBy(_ context.Context, key boxoffice.TransferKey) (boxoffice.Transfer, bool, error) {
	return s.transfer, s.transfer.Key == key, nil
}

func (s shelves) Story(_ context.Context, _ boxoffice.Entity, subject string, version int64, limit int) (story []boxoffice.Change, err error) {
	for v := version; v <= s.tickets[boxoffice.Token(subject)].Version && len(story) < limit; v++ {
		story = append(story, boxoffice.Change{Subject: subject, Version: v, What: boxoffice.Locked, Order: []string{"", "c/O"}[v%2]})
	}
	return story, nil
}

func (s shelves) Patron(_ context.Context, _ access.OrganizationID, id boxoffice.PatronID) (boxoffice.Patron, bool, error) {
	return boxoffice.Patron{ID: id, Contact: boxoffice.Contact{FirstName: "Ada", LastName: "Canary", Emails: []boxoffice.Email{{Address: "canary@example.com"}}}}, true, nil
}

func (s shelves) ChangesOf(_ context.Context, _ string, below int64) (boxoffice.Stretch, error) {
	return boxoffice.Stretch{Changes: []boxoffice.Change{{Version: 1}}, Below: max(0, below-1)}, nil
}

func TestThingsAreFoundByAnyOfTheirNames(t *testing.T) {
	s := shelves{
		tickets: map[boxoffice.Token]boxoffice.Ticket{
			"A": {Token: "A", Event: "E", Section: "U:1", Row: "1", Seat: "12", Owner: "10", Barcode: "777", Version: 5},
			"B": {Token: "B", Event: "E", Section: "U:1", Row: "1", Seat: "13", Owner: "11"},
		},
		listing:  boxoffice.Listing{ID: "LIST", Patron: "10", Tokens: []boxoffice.Token{"A", "B"}},
		transfer: boxoffice.Transfer{Code: "10-X:7", Key: "c/T", ID: "canary", From: "10", State: boxoffice.TransferPending, Tokens: []boxoffice.Token{"B"}, History: []boxoffice.Step{{Op: "initiate"}}},
		order:    boxoffice.Order{Key: boxoffice.OrderKey{Channel: "c", ExternalOrderID: "O"}, Buyer: "11", Currency: "USD", Lines: []boxoffice.OrderLine{{Token: "A"}}},
	}
	door := NewClient(Through(New(Work{Shelves: s}, Options{})), "ada")
	for _, tt := range []struct {
		words  []string
		kind   string
		want   string // kind, then the tickets with the rows of their stories
		people int
	}{
		{[]string{"A"}, "", "ticket A:2+3", 1},
		{[]string{"E", "U:1", "1", "12"}, "", "ticket A:2+3", 1},
		{[]string{"777"}, "", "barcode A:2+3 B:0+0", 2},
		{[]string{"LIST"}, "", "listing A:2+3 B:0+0", 2},
		{[]string{"10-X:7"}, "", "transfer B:0+0", 2}, // of the sender and the owner
		{[]string{"c/T"}, "", "transfer B:0+0", 2},
		{[]string{"c/O"}, "", "order A:1+3", 2}, // what was done for it alone
		{[]string{"A"}, KindListing, "", 0},
		{[]string{"E", "U:1", "1", "14"}, "", "", 0},
		{[]string{"c/"}, "", "", 0},
	} {
		t.Run(fmt.Sprint(tt.kind, tt.words), func(t *testing.T) {
			for _, personal := range []bool{false, true} {
				got, err := door.Show(t.Context(), ShowRequest{Words: tt.words, Kind: tt.kind, Personal: personal, Limit: 2})
				if tt.want == "" {
					if !errors.Is(err, ErrNothing) {
						t.Errorf("Show = %+v, %v; want %v", got, err, ErrNothing)
					}
					return
				}
				told := got.Kind
				for _, ticket := range got.Tickets {
					told += fmt.Sprintf(" %s:%d+%d", ticket.Token, len(ticket.Story), ticket.Older)
					if (ticket.Barcode != "") != (personal && ticket.Token == "A") || ticket.EventIs != "cancelled" {
						t.Errorf("with personal %t the ticket is %+v", personal, ticket)
					}
				}
				people := 0
				if personal {
					people = tt.people
				}
				if err != nil || told != tt.want || len(got.People) != people {
					t.Errorf("Show = %s with %d people, %v; want %s with %d", told, len(got.People), err, tt.want, people)
				}
			}
		})
	}
	for _, wrong := range []ShowRequest{{Limit: 1}, {Words: []string{""}, Limit: 1}, {Words: []string{"A", "B"}, Limit: 1}, {Words: []string{"A"}}, {Words: []string{"A"}, Limit: MostStory + 1}} {
		if _, err := door.Show(t.Context(), wrong); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("Show(%+v) = %v; want %v", wrong, err, fault.FieldInvalid)
		}
	}
}

func TestASearchGoesBackStretchByStretch(t *testing.T) {
	door := NewClient(Through(New(Work{Shelves: shelves{}}, Options{})), "ada")
	got, err := door.ChangesOf(t.Context(), RequestRequest{RequestID: "R", Below: 7})
	if err != nil || got.Below != 6 || len(got.Steps) != 1 {
		t.Errorf("ChangesOf = %+v, %v; want one step, and the next stretch below 6", got, err)
	}
	for _, wrong := range []RequestRequest{{}, {RequestID: "R", Below: -1}} {
		if _, err := door.ChangesOf(t.Context(), wrong); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("ChangesOf(%+v) = %v; want %v", wrong, err, fault.FieldInvalid)
		}
	}
}
