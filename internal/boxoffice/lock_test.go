package boxoffice_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

func lockOf(source boxoffice.Source, tokens ...boxoffice.Token) boxoffice.LockRequest {
	req := boxoffice.LockRequest{Source: source, ExternalListingID: "L-1"}
	for _, token := range tokens {
		req.Lines = append(req.Lines, boxoffice.LockLine{Token: token})
	}
	return req
}

func TestLockJudgesEachTicket(t *testing.T) {
	atEvent := func(change func(*boxoffice.Event)) func(*desk) {
		return func(d *desk) {
			e := d.events[game]
			change(&e)
			d.events[game] = e
		}
	}
	for _, tt := range []struct {
		name    string
		ticket  boxoffice.Ticket
		arrange func(*desk)
		refused string // "" when it is locked
	}{
		{"free", free("A"), nil, ""},
		{"sold before, so the new owner may list it", boxoffice.Ticket{Token: "A", Organization: home, Event: game, Owner: "11", Owned: 2, Version: 2}, nil, ""},
		{"held by the same channel", held(boxoffice.HoldLock, "ours", free("A")), nil, ""},
		{"held by another channel", held(boxoffice.HoldLock, "theirs", free("A")), nil, "A TOKEN_LOCKED"},
		{"in an order being processed", held(boxoffice.HoldOrder, "ours", free("A")), nil, "A TOKEN_NOT_AVAILABLE"},
		{"in a pending transfer", held(boxoffice.HoldTransfer, "T-1", free("A")), nil, "A TOKEN_NOT_AVAILABLE"},
		{"held by the venue", held(boxoffice.HoldVenue, "desk", free("A")), nil, "A TOKEN_NOT_AVAILABLE"},
		{"void", void(free("A")), nil, "A TOKEN_NOT_AVAILABLE"},
		{"void though the channel held it", void(held(boxoffice.HoldLock, "ours", free("A"))), nil, "A TOKEN_NOT_AVAILABLE"},
		{"of an event that is over", free("A"), atEvent(func(e *boxoffice.Event) { e.Over = noon }), "A EVENT_CLOSED"},
		{"of an event that ends in a moment", free("A"), atEvent(func(e *boxoffice.Event) { e.Over = noon.Add(time.Microsecond) }), ""},
		{"of an event that is cancelled", free("A"), atEvent(func(e *boxoffice.Event) { e.Cancelled = true }), "A EVENT_CLOSED"},
		{"of an event off the secondary market", free("A"), atEvent(func(e *boxoffice.Event) { e.Secondary = false }), "A EVENT_CLOSED"},
		{"of an organization that is not granted", at(abroad, free("A")), nil, "A TOKEN_NOT_FOUND"},
		{"unknown", free("B"), nil, "A TOKEN_NOT_FOUND"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.ticket, free("Z"))
			if tt.arrange != nil {
				tt.arrange(d)
				d.tickets["Z"] = at(later, free("Z"))
			}
			before := d.tickets["A"]
			got, err := d.Lock(t.Context(), caller("ours", home), lockOf(boxoffice.MyAccount, "A", "Z"))
			if err != nil || refusals(got.Refused) != tt.refused {
				t.Fatalf("Lock refused %q, %v; want %q", refusals(got.Refused), err, tt.refused)
			}
			if d.tickets["Z"].Hold.Kind != boxoffice.HoldLock {
				t.Error("the other ticket was not locked")
			}
			if now := d.tickets["A"]; tt.refused != "" && now.Version != before.Version || tt.refused == "" && !now.LockedBy("ours") {
				t.Errorf("the ticket is %+v; want it locked by us, or as it was where it was refused", now)
			}
		})
	}
}

func TestLockAnswersInTheOrderAsked(t *testing.T) {
	d := newDesk(t, free("A"), held(boxoffice.HoldLock, "theirs", free("B")), free("C"))
	got, err := d.Lock(t.Context(), caller("ours"), lockOf(boxoffice.MyAccount, "C", "X", "B", "A"))
	if err != nil || tokens(got.Done) != "C of 10, A of 10" || refusals(got.Refused) != "X TOKEN_NOT_FOUND, B TOKEN_LOCKED" {
		t.Errorf("Lock did %q and refused %q, %v", tokens(got.Done), refusals(got.Refused), err)
	}
	if got, want := strings.Join(d.what(), ", "), "lock C 1, lock A 1"; got != want {
		t.Errorf("journal has %q; want %q", got, want)
	}
}

// A relock renews what changed, and writes nothing when nothing did.
func TestRelockWritesWhatChanged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*boxoffice.LockRequest)
		want   string // the journal
	}{
		{"nothing changed", func(*boxoffice.LockRequest) {}, ""},
		{"the same price in other digits", func(r *boxoffice.LockRequest) { r.Lines[0].Price = amount("5e1") }, ""},
		{"another price", func(r *boxoffice.LockRequest) { r.Lines[0].Price = amount("51") }, "relock A 2"},
		{"no price", func(r *boxoffice.LockRequest) { r.Lines[0].Price = nil }, "relock A 2"},
		{"another total", func(r *boxoffice.LockRequest) { r.TotalPrice = amount("60") }, "relock A 2"},
		{"another listing", func(r *boxoffice.LockRequest) { r.ExternalListingID = "L-2" }, "relock A 2"},
		{"another seller", func(r *boxoffice.LockRequest) { c := person("b@example.com"); r.Seller = &c }, "relock A 2"},
		{"another source", func(r *boxoffice.LockRequest) { r.Source = boxoffice.Individual }, "relock A 2"},
		{"the owner sells now", func(r *boxoffice.LockRequest) { r.Source, r.Seller = boxoffice.MyAccount, nil }, "relock A 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, free("A"))
			seller := person("a@example.com")
			req := lockOf(boxoffice.Broker, "A")
			req.Seller, req.TotalPrice, req.Lines[0].Price = &seller, amount("50"), amount("50.00")
			for range 2 {
				if got, err := d.Lock(t.Context(), caller("ours"), req); err != nil || len(got.Done) != 1 {
					t.Fatalf("Lock = %+v, %v", got, err)
				}
				since := d.tickets["A"].Hold.Since
				if !since.Equal(noon) {
					t.Errorf("held since %v; want %v", since, noon)
				}
				req.Lines = []boxoffice.LockLine{req.Lines[0]}
				tt.change(&req)
			}
			if got := strings.Join(d.what(), ", "); got != tt.want {
				t.Errorf("the second lock wrote %q; want %q", got, tt.want)
			}
		})
	}
}

func TestLockNamesTheSellers(t *testing.T) {
	other := free("B")
	other.Owner = "11"
	stranger := person("new@example.com")
	known := person("known@example.com")
	for _, tt := range []struct {
		name    string
		source  boxoffice.Source
		seller  *boxoffice.Contact
		tickets []boxoffice.Ticket
		want    string
		made    int
	}{
		{"MY_ACCOUNT: the distinct owners", boxoffice.MyAccount, nil, []boxoffice.Ticket{free("A"), other, free("C")}, "10 11", 0},
		{"MY_ACCOUNT ignores a seller", boxoffice.MyAccount, &stranger, []boxoffice.Ticket{free("A")}, "10", 0},
		{"BROKER: the account that the seller has", boxoffice.Broker, &known, []boxoffice.Ticket{free("A")}, "77", 0},
		{"INDIVIDUAL: a new account, one an organization", boxoffice.Individual, &stranger, []boxoffice.Ticket{free("A"), other, at(abroad, free("C"))}, "1 2", 2},
		{"nothing locked, nobody made", boxoffice.Individual, &stranger, []boxoffice.Ticket{held(boxoffice.HoldLock, "theirs", free("A"))}, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.tickets...)
			d.people[boxoffice.PersonAt{Organization: home, Key: "known@example.com"}] = "77"
			var named []boxoffice.Token
			for _, ticket := range tt.tickets {
				named = append(named, ticket.Token)
			}
			req := lockOf(tt.source, named...)
			req.Seller = tt.seller
			got, err := d.Lock(t.Context(), caller("ours"), req)
			var sellers []string
			for _, id := range got.Sellers {
				sellers = append(sellers, string(id))
			}
			if err != nil || strings.Join(sellers, " ") != tt.want || len(d.last.Patrons) != tt.made {
				t.Errorf("Lock names %v and makes %d accounts, %v; want %q and %d", sellers, len(d.last.Patrons), err, tt.want, tt.made)
			}
		})
	}
}

func TestLockRefusesAmountsAsAWhole(t *testing.T) {
	for _, tt := range []struct {
		name         string
		total, price *boxoffice.Amount
		granted      access.OrganizationID
		want         error
	}{
		{"too many digits", nil, amount("50.005"), home, fault.AmountInvalid},
		{"a negative total", amount("-1"), nil, home, fault.AmountRange},
		{"more than the limit", nil, amount("1e11"), home, fault.AmountRange},
		{"as much as the limit", nil, amount("1e10"), home, nil},
		{"digits of a ticket that is not the caller's to see", nil, amount("50.005"), away, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, free("A"), free("B"))
			req := lockOf(boxoffice.MyAccount, "A", "B")
			req.TotalPrice, req.Lines[1].Price = tt.total, tt.price
			_, err := d.Lock(t.Context(), caller("ours", tt.granted), req)
			if !errors.Is(err, tt.want) {
				t.Errorf("Lock = %v; want %v", err, tt.want)
			}
			if err != nil && d.tickets["A"].Version != 0 {
				t.Error("a ticket was locked though the request was refused")
			}
		})
	}
}
