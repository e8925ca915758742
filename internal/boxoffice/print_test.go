package boxoffice_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

func TestPrintJudgesEachTicket(t *testing.T) {
	sold := newDesk(t, ours("A"), ours("B"))
	if _, err := sold.Complete(t.Context(), caller("ours"), cartOf("O-1: A")); err != nil {
		t.Fatal(err)
	}
	order, ticket := sold.order("O-1"), sold.tickets["A"]
	inState := func(s boxoffice.OrderState) boxoffice.Order {
		o := order
		o.State = s
		return o
	}
	resold := ticket
	resold.Owner, resold.Owned, resold.Version = "12", 4, 4
	boughtBack := ticket // by the same buyer, in another order
	boughtBack.Owned, boughtBack.Version = 6, 6
	relisted := held(boxoffice.HoldLock, "theirs", ticket)
	for _, tt := range []struct {
		name    string
		order   boxoffice.Order
		ticket  boxoffice.Ticket
		channel string
		want    string
	}{
		{"of a complete order", order, ticket, "ours", ""},
		{"listed again by its buyer", order, relisted, "ours", ""},
		{"of a pending order", inState(boxoffice.OrderPending), ticket, "ours", "A ORDER_NOT_COMPLETE"},
		{"of an order that failed", inState(boxoffice.OrderFailed), ticket, "ours", "A ORDER_NOT_COMPLETE"},
		{"of another channel's order", order, ticket, "theirs", "A ORDER_NOT_COMPLETE"},
		{"of no order", boxoffice.Order{Key: boxoffice.OrderKey{Channel: "ours", ExternalOrderID: "O-2"}}, ticket, "ours", "A ORDER_NOT_COMPLETE"},
		{"sold again since", order, resold, "ours", "A ORDER_NOT_COMPLETE"},
		{"sold again to the same buyer", order, boughtBack, "ours", "A ORDER_NOT_COMPLETE"},
		{"of an organization that is not granted", order, at(abroad, ticket), "ours", "A TOKEN_NOT_FOUND"},
		{"unknown", order, free("X"), "ours", "A TOKEN_NOT_FOUND"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.ticket)
			d.orders[tt.order.Key] = tt.order
			req := boxoffice.PrintRequest{ExternalOrderID: "O-1", Tokens: []boxoffice.Token{"A"}}
			who := caller("ours", home)
			if tt.channel == "theirs" {
				who.Channel = "theirs"
			}
			got, err := d.Print(t.Context(), who, req)
			if err != nil || refusals(got.Refused) != tt.want {
				t.Fatalf("Print refused %q, %v; want %q", refusals(got.Refused), err, tt.want)
			}
			if tt.want != "" {
				if len(d.last.Documents) > 0 {
					t.Errorf("it issued %+v", d.last.Documents)
				}
				return
			}
			id, url := pages{}.Ticket(order.Key, "A")
			if diff := cmp.Diff([]boxoffice.Printed{{Token: "A", Owner: tt.ticket.Owner, URL: url}}, got.Done); diff != "" {
				t.Errorf("Print (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]boxoffice.Document{{ID: id, Order: order.Key, Token: "A", Owned: ticket.Owned, Issued: noon}}, d.last.Documents); diff != "" {
				t.Errorf("issued (-want +got):\n%s", diff)
			}
			if len(d.last.Journal) > 0 {
				t.Errorf("printing changed a ticket: %v", d.what())
			}
		})
	}
}

func TestPrintRefusesTwoOrganizations(t *testing.T) {
	d := newDesk(t, ours("A"), at(abroad, ours("B")))
	if _, err := d.Complete(t.Context(), caller("ours"), cartOf("O-1: A")); err != nil {
		t.Fatal(err)
	}
	req := boxoffice.PrintRequest{ExternalOrderID: "O-1", Tokens: []boxoffice.Token{"A", "B"}}
	if _, err := d.Print(t.Context(), caller("ours"), req); !errors.Is(err, fault.OrganizationsMixed) || len(d.last.Documents) > 0 {
		t.Errorf("Print = %v, issuing %v; want ORGANIZATIONS_MIXED and nothing", err, d.last.Documents)
	}
	// One that may not be seen counts as one that is not there.
	got, err := d.Print(t.Context(), caller("ours", home), req)
	if err != nil || len(got.Done) != 1 || refusals(got.Refused) != "B TOKEN_NOT_FOUND" {
		t.Errorf("Print = %+v, %v; want the one of the organization granted", got, err)
	}
}
