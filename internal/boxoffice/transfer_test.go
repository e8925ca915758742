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

func accepting(t boxoffice.Transfer, who *boxoffice.Contact) boxoffice.AcceptRequest {
	return boxoffice.AcceptRequest{ID: t.ID, Distributor: t.Distributor, Recipient: who}
}

// ops are what happened to a transfer.
func (d *desk) ops(t boxoffice.Transfer) string {
	words := ""
	for _, s := range d.transfers[t.Key].History {
		words += fmt.Sprintf("%s by %s, ", s.Op, s.By)
	}
	return words
}

func TestAcceptMakesTheRecipientTheOwner(t *testing.T) {
	d := newDesk(t, inRow("8"), inRow("9"))
	transfer := d.given("ours", bySeats("8-9"))
	d.now = transfer.Expires.Add(-time.Microsecond)
	got, err := d.Accept(t.Context(), caller("theirs"), accepting(transfer, nil))
	if err != nil || got.State != boxoffice.TransferAccepted || got.To == "" || !got.Ended.Equal(d.now) {
		t.Fatalf("Accept = %+v, %v; want it accepted in the last moment, by any channel", got, err)
	}
	for _, token := range []boxoffice.Token{"S8", "S9"} {
		ticket := d.tickets[token]
		if ticket.Owner != got.To || ticket.Hold != (boxoffice.Hold{}) || ticket.Owned != 2 || ticket.Barcode == "998"+boxoffice.Barcode(token) {
			t.Errorf("ticket %s = %+v; want it free, of %s and with another barcode", token, ticket, got.To)
		}
	}
	if diff := cmp.Diff([]string{"accept S8 2", "accept S9 2"}, d.what()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(juan(), d.made[got.To]); diff != "" {
		t.Errorf("the account (-want +got):\n%s", diff)
	}
	if ops := d.ops(transfer); ops != "initiate by transferrer, accept by recipient, " {
		t.Errorf("history = %s", ops)
	}
	if _, err := d.Accept(t.Context(), caller("ours"), accepting(transfer, nil)); !errors.Is(err, fault.TransferNotPending) {
		t.Errorf("Accept again = %v; want %v", err, fault.TransferNotPending)
	}
	if locked, err := d.Lock(t.Context(), caller("ours"), lockOf(boxoffice.MyAccount, "S8")); err != nil || len(locked.Done) != 1 {
		t.Errorf("Lock by the new owner = %+v, %v", locked, err)
	}
}

// Ensure that an account that there is already is the one that gets the tickets.
func TestAcceptFindsTheAccount(t *testing.T) {
	d := newDesk(t, inRow("8"))
	d.people[boxoffice.PersonAt{Organization: home, Key: "juan@example.com"}] = "77"
	got, err := d.Accept(t.Context(), caller("ours"), accepting(d.given("ours", bySeats("8")), nil))
	if err != nil || got.To != "77" || len(d.made) != 0 {
		t.Errorf("Accept = to %s, %v, and made %v; want the account 77", got.To, err, d.made)
	}
}

func TestAcceptIsForTheOneInvited(t *testing.T) {
	ana, nobody, nameless := juan(), juan(), juan()
	ana.Emails = []boxoffice.Email{{Address: "ana@example.com"}}
	nobody.Emails = nil
	nameless.LastName = ""
	phone := boxoffice.Contact{FirstName: "Juan", LastName: "Ramirez", Phones: []boxoffice.Phone{{Number: "7149999999"}}}
	self := juan()
	seats, tokens := bySeats("8"), byTokens("O-1", "A")
	called := byTokens("O-1", "A")
	called.Recipient = phone
	for _, tt := range []struct {
		name        string
		given       boxoffice.TransferRequest
		distributor string
		recipient   *boxoffice.Contact
		want        error
	}{
		{"by seats, unnamed", seats, "HOME", nil, nil},
		{"by seats, themselves", seats, "HOME", &self, nil},
		{"by seats, somebody else", seats, "HOME", &ana, fault.RecipientMismatch},
		{"by seats, somebody without an address", seats, "HOME", &nobody, fault.RecipientMismatch},
		{"by seats, without the distributor", seats, "", nil, fault.DistributorUnknown},
		{"by seats, of another distributor", seats, "AWAY", nil, fault.DistributorUnknown},
		{"by tokens, unnamed", tokens, "", nil, fault.RecipientRequired},
		{"by tokens, themselves", tokens, "", &self, nil},
		{"by tokens, of another distributor", tokens, "AWAY", &self, fault.DistributorUnknown},
		{"by tokens, without an address", tokens, "", &nobody, fault.RecipientRequired},
		{"by tokens, without a name", tokens, "", &nameless, fault.RecipientRequired},
		{"by tokens, invited by phone alone", called, "", &ana, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, inRow("8"), free("A"))
			d.sold("ours", "O-1", "A")
			req := accepting(d.given("ours", tt.given), tt.recipient)
			req.Distributor = tt.distributor
			got, err := d.Accept(t.Context(), caller("ours"), req)
			if !errors.Is(err, tt.want) {
				t.Errorf("Accept = %+v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestFiveWrongRecipientsCloseATransfer(t *testing.T) {
	d := newDesk(t, inRow("8"))
	transfer := d.given("ours", bySeats("8"))
	ana := person("ana@example.com")
	for n := range 5 {
		if _, err := d.Accept(t.Context(), caller("ours"), accepting(transfer, &ana)); !errors.Is(err, fault.RecipientMismatch) {
			t.Fatalf("wrong Accept %d = %v", n, err)
		}
	}
	d.now = noon.Add(15*time.Minute - time.Microsecond)
	_, err := d.Accept(t.Context(), caller("ours"), accepting(transfer, nil))
	if limited, ok := errors.AsType[*access.LimitError](err); !ok || limited.Wait != time.Microsecond {
		t.Errorf("Accept of a closed transfer = %v; want to wait a microsecond", err)
	}
	d.now = noon.Add(15 * time.Minute)
	if _, err := d.Accept(t.Context(), caller("ours"), accepting(transfer, nil)); err != nil {
		t.Errorf("Accept afterwards = %v", err)
	}
}

func TestNothingIsAcceptedTooLate(t *testing.T) {
	for _, tt := range []struct {
		name    string
		arrange func(*desk, boxoffice.Transfer)
		want    error
		ops     string
	}{
		{"at its end", func(d *desk, tr boxoffice.Transfer) { d.now = tr.Expires }, fault.TransferNotPending, "initiate by transferrer, expire by system, "},
		{"after it was cancelled", func(d *desk, tr boxoffice.Transfer) {
			_, _ = d.Cancel(d.t.Context(), caller("ours"), boxoffice.CancelRequest{Code: tr.Code})
		}, fault.TransferNotPending, "initiate by transferrer, cancel by transferrer, "},
		{"after the event", func(d *desk, _ boxoffice.Transfer) {
			e := d.events[game]
			e.Over = d.now
			d.events[game] = e
		}, fault.EventClosed, "initiate by transferrer, "},
		{"after the venue took the ticket", func(d *desk, _ boxoffice.Transfer) {
			d.tickets["S8"] = held(boxoffice.HoldVenue, "desk", d.tickets["S8"])
		}, fault.TokenNotAvailable, "initiate by transferrer, "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, inRow("8"))
			transfer := d.given("ours", bySeats("8"))
			tt.arrange(d, transfer)
			if _, err := d.Accept(t.Context(), caller("ours"), accepting(transfer, nil)); !errors.Is(err, tt.want) {
				t.Errorf("Accept = %v; want %v", err, tt.want)
			}
			if d.tickets["S8"].Owner != "10" || d.ops(transfer) != tt.ops {
				t.Errorf("the ticket is of %s, history %s; want 10 and %s", d.tickets["S8"].Owner, d.ops(transfer), tt.ops)
			}
		})
	}
}

func TestCancelGivesTheTicketsBack(t *testing.T) {
	d := newDesk(t, inRow("8"), inRow("9"))
	transfer := d.given("ours", bySeats("8-9"))
	d.now = noon.Add(time.Hour)
	first, err := d.Cancel(t.Context(), caller("theirs"), boxoffice.CancelRequest{Code: transfer.Code, Organization: home})
	if err != nil || first.State != boxoffice.TransferCancelled || !first.Ended.Equal(d.now) {
		t.Fatalf("Cancel = %+v, %v; want it cancelled, by any channel", first, err)
	}
	if diff := cmp.Diff([]string{"cancel S8 2", "cancel S9 2"}, d.what()); diff != "" || d.tickets["S8"].Hold != (boxoffice.Hold{}) {
		t.Errorf("journal (-want +got):\n%s, hold %+v", diff, d.tickets["S8"].Hold)
	}
	d.now = noon.Add(2 * time.Hour)
	again, err := d.Cancel(t.Context(), caller("ours"), boxoffice.CancelRequest{Code: transfer.Code})
	if err != nil || !again.Ended.Equal(first.Ended) || !d.last.Empty() {
		t.Errorf("Cancel again = %+v, %v; want the first answer and nothing done", again, err)
	}
}

func TestWhatCannotBeCancelled(t *testing.T) {
	d := newDesk(t, inRow("8"), inRow("9"))
	accepted, overdue := d.given("ours", bySeats("8")), d.given("ours", bySeats("9"))
	if _, err := d.Accept(t.Context(), caller("ours"), accepting(accepted, nil)); err != nil {
		t.Fatal(err)
	}
	d.now = overdue.Expires
	for _, tt := range []struct {
		name string
		who  access.Principal
		req  boxoffice.CancelRequest
		want error
	}{
		{"accepted", caller("ours"), boxoffice.CancelRequest{Code: accepted.Code}, fault.TransferNotPending},
		{"overdue", caller("ours"), boxoffice.CancelRequest{Code: overdue.Code}, fault.TransferNotPending},
		{"unknown", caller("ours"), boxoffice.CancelRequest{Code: "10-HOME:99"}, fault.TransferUnknown},
		{"of an organization that is not granted", caller("ours", away), boxoffice.CancelRequest{Code: accepted.Code}, fault.TransferUnknown},
		{"of another organization than it says", caller("ours"), boxoffice.CancelRequest{Code: accepted.Code, Organization: away}, fault.TransferUnknown},
	} {
		if _, err := d.Cancel(t.Context(), tt.who, tt.req); !errors.Is(err, tt.want) {
			t.Errorf("Cancel of one %s = %v; want %v", tt.name, err, tt.want)
		}
	}
	if got := d.tickets["S9"]; got.Hold != (boxoffice.Hold{}) || d.transfers[overdue.Key].State != boxoffice.TransferExpired {
		t.Errorf("the overdue one holds %+v and is %s; want it expired", got.Hold, d.transfers[overdue.Key].State)
	}
}

func TestTransfersExpireByATask(t *testing.T) {
	d := newDesk(t, inRow("8"))
	transfer := d.given("ours", bySeats("8"))
	task := boxoffice.ClaimedTask{Task: d.last.Tasks[0], Attempts: 1}
	d.now = transfer.Expires.Add(-time.Second)
	if again, err := d.ExpireTransfer(t.Context(), task); again != time.Second || err != nil || !d.last.Empty() {
		t.Errorf("ExpireTransfer too early = again in %v, %v; want a second", again, err)
	}
	d.now = transfer.Expires.Add(time.Hour) // the server was down
	for range 2 {
		if again, err := d.ExpireTransfer(t.Context(), task); again != 0 || err != nil {
			t.Errorf("ExpireTransfer = again in %v, %v; want it done", again, err)
		}
	}
	got := d.transfers[transfer.Key]
	if got.State != boxoffice.TransferExpired || d.tickets["S8"].Hold != (boxoffice.Hold{}) || d.tickets["S8"].Owner != "10" {
		t.Errorf("transfer %+v, ticket %+v; want it expired and the ticket free", got, d.tickets["S8"])
	}
	if ops := d.ops(transfer); ops != "initiate by transferrer, expire by system, " {
		t.Errorf("history = %s", ops)
	}
}
