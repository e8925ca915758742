package boxoffice_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// juan is whom everything is given to.
func juan() boxoffice.Contact {
	return boxoffice.Contact{FirstName: "Juan", LastName: "Ramirez", Emails: []boxoffice.Email{{Address: "juan@example.com"}}}
}

// inRow is a ticket in a seat of the row from which seats are given.
func inRow(seat string) boxoffice.Ticket {
	t := free(boxoffice.Token("S" + seat))
	t.Section, t.Row, t.Seat = "One:2", "12", seat
	return t
}

// bySeats asks for seats of that row.
func bySeats(seats string) boxoffice.TransferRequest {
	return boxoffice.TransferRequest{
		Organization: home, Distributor: "HOME", Sender: "10", Recipient: juan(),
		Seats: []boxoffice.SeatsWanted{{Season: "F26", Item: "F01", Section: "One:2", Row: "12", Seats: seats}},
	}
}

// byTokens asks for tickets of one order.
func byTokens(order string, tokens ...boxoffice.Token) boxoffice.TransferRequest {
	return boxoffice.TransferRequest{
		ExternalTransferID: "T-1", Recipient: juan(), Items: []boxoffice.TransferItem{{ExternalOrderID: order, Tokens: tokens}},
	}
}

// sold lets tickets be bought with an order of the channel.
func (d *desk) sold(channel access.Channel, order string, tokens ...boxoffice.Token) {
	d.t.Helper()
	element := boxoffice.CartElement{ExternalListingID: "L-1", ExternalOrderID: order}
	for _, token := range tokens {
		element.Lines = append(element.Lines, boxoffice.CartLine{Token: token})
	}
	if locked, err := d.Lock(d.t.Context(), caller(channel), lockOf(boxoffice.MyAccount, tokens...)); err != nil || len(locked.Refused) > 0 {
		d.t.Fatalf("Lock = %+v, %v", locked, err)
	}
	cart := boxoffice.Cart{Elements: []boxoffice.CartElement{element}, Buyer: person("buyer@example.com"), Settlement: boxoffice.Settlement{}}
	if sale, err := d.Complete(d.t.Context(), caller(channel), cart); err != nil || len(sale.Refused) > 0 {
		d.t.Fatalf("Complete = %+v, %v", sale, err)
	}
}

func (d *desk) given(channel access.Channel, req boxoffice.TransferRequest) boxoffice.Transfer {
	d.t.Helper()
	got, err := d.Give(d.t.Context(), caller(channel), req)
	if err != nil || len(got.Refused) > 0 {
		d.t.Fatalf("Give(%+v) = %s, %v; want a transfer", req, refusals(got.Refused), err)
	}
	return got.Transfer
}

func TestGiveHoldsTheSeatsOfTheSender(t *testing.T) {
	d := newDesk(t, inRow("8"), inRow("9"))
	req := bySeats("8-9")
	req.Link = boxoffice.Link{LinkID: "BQFN80-AMTX", SiteID: "ev_BQFN80-AMTX"}
	got := d.given("ours", req)
	if got.State != boxoffice.TransferPending || got.From != "10" || got.Code != "10-HOME:1" || got.Zone != "America/Chicago" ||
		!got.Sent.Equal(noon) || got.Expires.Sub(got.Sent) != 168*time.Hour || len(got.ID) != 32 {
		t.Errorf("Give = %+v; want a pending transfer of seven days from patron 10", got)
	}
	url := "https://tickets.example.com/myaccount/receive/" + string(got.ID) + "?linkID=BQFN80-AMTX&siteId=ev_BQFN80-AMTX"
	if got.URL() != url {
		t.Errorf("URL() = %s; want %s", got.URL(), url)
	}
	if diff := cmp.Diff([]string{"initiate S8 1", "initiate S9 1"}, d.what()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	for _, token := range []boxoffice.Token{"S8", "S9"} {
		want := boxoffice.Hold{Kind: boxoffice.HoldTransfer, By: "ours:1", Since: noon}
		if ticket := d.tickets[token]; ticket.Hold != want || ticket.Owner != "10" || ticket.Barcode != "998"+boxoffice.Barcode(token) {
			t.Errorf("ticket %s = %+v; want the hold of the transfer and nothing else changed", token, ticket)
		}
	}
	want := []boxoffice.Task{
		{ID: "expire-transfer/ours:1", Kind: boxoffice.TaskExpire, Subject: "ours:1", Due: noon.Add(168 * time.Hour)},
		{ID: "mail/invited/sender/ours:1", Kind: boxoffice.TaskMail, Subject: "invited/sender/ours:1", Due: noon},
		{ID: "mail/invited/recipient/ours:1", Kind: boxoffice.TaskMail, Subject: "invited/recipient/ours:1", Due: noon},
	}
	if diff := cmp.Diff(want, d.last.Tasks); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	locked, err := d.Lock(t.Context(), caller("ours"), lockOf(boxoffice.MyAccount, "S8"))
	if err != nil || refusals(locked.Refused) != "S8 TOKEN_NOT_AVAILABLE" {
		t.Errorf("Lock of a ticket that is being given = %s, %v", refusals(locked.Refused), err)
	}
}

// What it says of a ticket that cannot be given, and that the others stay as
// they were.
func TestGiveRefusesAllForOneTicket(t *testing.T) {
	past := func(d *desk) {
		e := d.events[game]
		e.Over = noon
		d.events[game] = e
	}
	ticket := func(change func(*boxoffice.Ticket)) func(*desk) {
		return func(d *desk) {
			t := d.tickets["S9"]
			change(&t)
			d.tickets["S9"] = t
		}
	}
	for _, tt := range []struct {
		name    string
		arrange func(*desk)
		asked   string
		refused string
	}{
		{"locked by the same channel", ticket(func(t *boxoffice.Ticket) { t.Hold = boxoffice.Hold{Kind: boxoffice.HoldLock, By: "ours"} }), "8-9", "S9 TOKEN_NOT_AVAILABLE"},
		{"locked by another channel", ticket(func(t *boxoffice.Ticket) { t.Hold = boxoffice.Hold{Kind: boxoffice.HoldLock, By: "theirs"} }), "8-9", "S9 TOKEN_NOT_AVAILABLE"},
		{"in an order", ticket(func(t *boxoffice.Ticket) { t.Hold = boxoffice.Hold{Kind: boxoffice.HoldOrder, By: "P"} }), "8-9", "S9 TOKEN_NOT_AVAILABLE"},
		{"held by the venue", ticket(func(t *boxoffice.Ticket) { t.Hold = boxoffice.Hold{Kind: boxoffice.HoldVenue, By: "desk"} }), "8-9", "S9 TOKEN_NOT_AVAILABLE"},
		{"void, so there is none", ticket(func(t *boxoffice.Ticket) { t.Void = true }), "8,9", "TOKEN_NOT_FOUND"},
		{"of another owner", ticket(func(t *boxoffice.Ticket) { t.Owner = "11" }), "8-9", "S9 TOKEN_NOT_AVAILABLE"},
		{"of an event that is over", past, "8-9", "S8 EVENT_CLOSED, S9 EVENT_CLOSED"},
		{"of no seat", nil, "8,10", "TOKEN_NOT_FOUND"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, inRow("8"), inRow("9"))
			if tt.arrange != nil {
				tt.arrange(d)
			}
			before := d.tickets["S8"]
			got, err := d.Give(t.Context(), caller("ours"), bySeats(tt.asked))
			if err != nil || refusals(got.Refused) != tt.refused {
				t.Errorf("Give(%s) = %q, %v; want %q", tt.asked, refusals(got.Refused), err, tt.refused)
			}
			if diff := cmp.Diff(before, d.tickets["S8"]); diff != "" || !d.last.Empty() {
				t.Errorf("something was done:\n%s%+v", diff, d.last)
			}
		})
	}
}

func TestGiveRefusesTheRequestAsAWhole(t *testing.T) {
	seats := func(change func(*boxoffice.TransferRequest)) boxoffice.TransferRequest {
		req := bySeats("8")
		change(&req)
		return req
	}
	for _, tt := range []struct {
		name string
		who  access.Principal
		req  boxoffice.TransferRequest
		want error
	}{
		{"no organization, of two", caller("ours"), seats(func(r *boxoffice.TransferRequest) { r.Organization = 0 }), fault.OrganizationRequired},
		{"no organization, of one", caller("ours", home), seats(func(r *boxoffice.TransferRequest) { r.Organization = 0 }), nil},
		{"an organization that is not granted", caller("ours", home), seats(func(r *boxoffice.TransferRequest) { r.Organization = away }), fault.NotPermitted},
		{"an organization that is none", caller("ours"), seats(func(r *boxoffice.TransferRequest) { r.Organization = 7 }), fault.OrganizationUnknown},
		{"the code of another distributor", caller("ours"), seats(func(r *boxoffice.TransferRequest) { r.Distributor = "AWAY" }), fault.DistributorUnknown},
		{"a page of the list", caller("ours"), seats(func(r *boxoffice.TransferRequest) { r.Link.Base = "https://my.example.com/home" }), nil},
		{"a page of nobody's", caller("ours"), seats(func(r *boxoffice.TransferRequest) { r.Link.Base = "https://evil.example" }), fault.PageNotAllowed},
		{"a page that is a script", caller("ours"), seats(func(r *boxoffice.TransferRequest) { r.Link.Base = "javascript:alert(1)" }), fault.PageNotAllowed},
		{"a page with somebody's name in it", caller("ours"), seats(func(r *boxoffice.TransferRequest) { r.Link.Base = "https://my.example.com@evil.example/home" }), fault.PageNotAllowed},
		{"a page below one of the list", caller("ours"), seats(func(r *boxoffice.TransferRequest) { r.Link.Base = "https://my.example.com/home/more" }), fault.PageNotAllowed},
		{"tickets of two organizations", caller("ours"), byTokens("O-1", "A", "X"), fault.OrganizationsMixed},
		{"tickets of two owners", caller("ours"), byTokens("O-1", "A", "B"), fault.OwnersMixed},
		{"seats that nobody can read", caller("ours"), bySeats("8,,9"), fault.FieldInvalid},
		{"a long range", caller("ours"), bySeats("101-131"), fault.BatchSize},
		{"a range as long as may be", caller("ours"), bySeats("101-130"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tickets := []boxoffice.Ticket{inRow("8"), inRow("9"), free("A"), free("B"), at(abroad, free("X"))}
			for n := 101; n <= 131; n++ {
				tickets = append(tickets, inRow(fmt.Sprint(n)))
			}
			tickets[3].Owner = "11"
			d := newDesk(t, tickets...)
			got, err := d.Give(t.Context(), tt.who, tt.req)
			if !errors.Is(err, tt.want) || err == nil && len(got.Refused) > 0 {
				t.Errorf("Give(%+v) = %s, %v; want %v", tt.req, refusals(got.Refused), err, tt.want)
			}
		})
	}
}

func TestGiveOfBoughtTicketsWantsTheOrderThatBoughtThem(t *testing.T) {
	d := newDesk(t, free("A"), free("B"), free("C"))
	d.sold("ours", "O-1", "A", "B")
	d.sold("ours", "O-2", "C")
	for _, tt := range []struct {
		name    string
		channel access.Channel
		req     boxoffice.TransferRequest
		refused string
	}{
		{"of another channel", "theirs", byTokens("O-1", "A"), "A ORDER_NOT_COMPLETE"},
		{"of another order", "ours", byTokens("O-2", "C", "A"), "A ORDER_NOT_COMPLETE"},
		{"of no order", "ours", byTokens("O-9", "A"), "A ORDER_NOT_COMPLETE"},
		{"of no ticket", "ours", byTokens("O-1", "Z"), "Z TOKEN_NOT_FOUND"},
	} {
		got, err := d.Give(t.Context(), caller(tt.channel), tt.req)
		if err != nil || refusals(got.Refused) != tt.refused {
			t.Errorf("Give %s = %q, %v; want %q", tt.name, refusals(got.Refused), err, tt.refused)
		}
	}
	req := byTokens("O-1", "B", "A")
	req.Items = append(req.Items, boxoffice.TransferItem{ExternalOrderID: "O-2", Tokens: []boxoffice.Token{"C"}})
	got := d.given("ours", req)
	if fmt.Sprint(got.Tokens) != "[B A C]" || got.From != d.tickets["A"].Owner || got.Key != "ours/T-1" {
		t.Errorf("Give = %+v; want all three of their owner %s", got, d.tickets["A"].Owner)
	}
}

func TestGiveAgainIsTheSameTransfer(t *testing.T) {
	other := juan()
	other.Emails[0].Address = "ana@example.com"
	named := func(change func(*boxoffice.TransferRequest)) boxoffice.TransferRequest {
		req := bySeats("8-9")
		req.ExternalTransferID = "T-1"
		if change != nil {
			change(&req)
		}
		return req
	}
	for _, tt := range []struct {
		name         string
		first, again boxoffice.TransferRequest
		channel      access.Channel
		refused      string
		want         error
	}{
		{"by its id", named(nil), named(nil), "ours", "", nil},
		{"by its id, to somebody else", named(nil), named(func(r *boxoffice.TransferRequest) { r.Recipient = other }), "ours", "", fault.TransferMismatch},
		{"by its id, of other seats", named(nil), named(func(r *boxoffice.TransferRequest) { r.Seats[0].Seats = "9" }), "ours", "", fault.TransferMismatch},
		{"by the id of another channel", named(nil), named(nil), "theirs", "S8 TOKEN_NOT_AVAILABLE, S9 TOKEN_NOT_AVAILABLE", nil},
		{"under another id", named(nil), named(func(r *boxoffice.TransferRequest) { r.ExternalTransferID = "T-2" }), "ours", "S8 TOKEN_NOT_AVAILABLE, S9 TOKEN_NOT_AVAILABLE", nil},
		{"by tickets and recipient", bySeats("8-9"), bySeats("9,8"), "ours", "", nil},
		{"by tickets, to somebody else", bySeats("8-9"), func() boxoffice.TransferRequest { r := bySeats("8-9"); r.Recipient = other; return r }(), "ours", "S8 TOKEN_NOT_AVAILABLE, S9 TOKEN_NOT_AVAILABLE", nil},
		{"by some of the tickets", bySeats("8-9"), bySeats("8"), "ours", "S8 TOKEN_NOT_AVAILABLE", nil},
		{"by tickets, from another channel", bySeats("8-9"), bySeats("8-9"), "theirs", "S8 TOKEN_NOT_AVAILABLE, S9 TOKEN_NOT_AVAILABLE", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, inRow("8"), inRow("9"))
			first := d.given("ours", tt.first)
			got, err := d.Give(t.Context(), caller(tt.channel), tt.again)
			if !errors.Is(err, tt.want) || refusals(got.Refused) != tt.refused {
				t.Fatalf("Give again = %s, %v; want %q, %v", refusals(got.Refused), err, tt.refused, tt.want)
			}
			if !d.last.Empty() {
				t.Errorf("Give again did something: %+v", d.last)
			}
			if tt.want == nil && tt.refused == "" && (got.Transfer.ID != first.ID || got.Transfer.Code != first.Code) {
				t.Errorf("Give again = %+v; want the first transfer %+v", got.Transfer, first)
			}
		})
	}
}

// Ensure that an externalTransferId is spent for good, and that without one a
// transfer that has ended makes room.
func TestGiveAfterATransferHasEnded(t *testing.T) {
	d := newDesk(t, inRow("8"), inRow("9"))
	named := bySeats("8")
	named.ExternalTransferID = "T-1"
	first, second := d.given("ours", named), d.given("ours", bySeats("9"))
	for _, transfer := range []boxoffice.Transfer{first, second} {
		if _, err := d.Cancel(t.Context(), caller("ours"), boxoffice.CancelRequest{Code: transfer.Code}); err != nil {
			t.Fatalf("Cancel = %v", err)
		}
	}
	if again := d.given("ours", named); again.ID != first.ID || again.State != boxoffice.TransferCancelled {
		t.Errorf("Give of T-1 again = %+v; want the transfer that was cancelled", again)
	}
	if again := d.given("ours", bySeats("9")); again.ID == second.ID || again.State != boxoffice.TransferPending {
		t.Errorf("Give of the same again = %+v; want another transfer than %+v", again, second)
	}
}
