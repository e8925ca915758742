package boxoffice_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

func TestAGiftIsShownWithoutBarcodes(t *testing.T) {
	d := newDesk(t, inRow("8"), inRow("9"))
	d.made["10"] = boxoffice.Contact{FirstName: "Ada", LastName: "Byron", Emails: []boxoffice.Email{{Address: "ada@example.com"}}}
	transfer := d.given("ours", bySeats("8-9"))
	got, err := d.Gift(t.Context(), transfer.ID)
	if err != nil || got.From != "Ada B." || got.State() != boxoffice.TransferPending || got.Organization.ID != home || got.Over() {
		t.Fatalf("Gift = %+v, %v; want it pending, from Ada B.", got, err)
	}
	if len(got.Tickets) != 2 || got.Tickets[0].Seat != "8" || got.Tickets[0].Barcode != "" || got.Tickets[1].Barcode != "" {
		t.Errorf("the tickets are %+v; want seats 8 and 9 without barcodes", got.Tickets)
	}
	d.now = transfer.Expires // no task has come yet
	if got, err = d.Gift(t.Context(), transfer.ID); err != nil || got.State() != boxoffice.TransferExpired {
		t.Errorf("at its end it is %s, %v; want %s", got.State(), err, boxoffice.TransferExpired)
	}
	over := d.events[game]
	over.Over = d.now
	d.events[game] = over
	if got, err = d.Gift(t.Context(), transfer.ID); err != nil || !got.Over() {
		t.Errorf("after the event Over = %t, %v", got.Over(), err)
	}
	if _, err := d.Gift(t.Context(), "nobody's"); !errors.Is(err, fault.TransferUnknown) {
		t.Errorf("Gift of an unknown id = %v; want %v", err, fault.TransferUnknown)
	}
}

func TestWhoeverKnowsTheIDReceives(t *testing.T) {
	d := newDesk(t, inRow("8"))
	transfer := d.given("ours", bySeats("8"))
	words := boxoffice.Repeat[boxoffice.Giving]{Path: "/page", RequestID: "once", Asked: "it", Words: func(boxoffice.Giving) []byte { return []byte("there") }}
	req := boxoffice.AcceptRequest{ID: transfer.ID, Repeat: words}
	got, err := d.Receive(t.Context(), req)
	if err != nil || got.State != boxoffice.TransferAccepted {
		t.Fatalf("Receive = %+v, %v; want it accepted", got, err)
	}
	if by := d.last.Journal[0].By; by.Application != boxoffice.Visitors || by.Channel != "" {
		t.Errorf("the journal says that %+v accepted; want the page", by)
	}
	replay, again := errors.AsType[*boxoffice.Replay](func() error { _, err := d.Receive(t.Context(), req); return err }())
	if !again || string(replay.Words) != "there" {
		t.Errorf("the same form again = %v; want its answer", replay)
	}
	req.Repeat.RequestID = "another"
	if _, err := d.Receive(t.Context(), req); !errors.Is(err, fault.TransferNotPending) {
		t.Errorf("another form = %v; want %v", err, fault.TransferNotPending)
	}
	pages, err := d.Received(t.Context(), transfer.Key)
	if err != nil || len(pages) != 1 || pages[0].ChangedHands || pages[0].Holder != "Juan Ramirez" || pages[0].Ticket.Barcode != d.tickets["S8"].Barcode {
		t.Errorf("Received = %+v, %v; want the ticket of Juan Ramirez with its barcode", pages, err)
	}
	sold := d.tickets["S8"]
	sold.Owner = "11"
	d.tickets["S8"] = sold
	if pages, err = d.Received(t.Context(), transfer.Key); err != nil || !pages[0].ChangedHands {
		t.Errorf("after it was sold Received = %+v, %v; want that it changed hands", pages, err)
	}
}

func TestNothingIsReceivedBeforeItIsAccepted(t *testing.T) {
	d := newDesk(t, inRow("8"))
	transfer := d.given("ours", bySeats("8"))
	for _, key := range []boxoffice.TransferKey{transfer.Key, "nobody's"} {
		if got, err := d.Received(t.Context(), key); !errors.Is(err, fault.TransferUnknown) {
			t.Errorf("Received(%s) = %+v, %v; want %v", key, got, err, fault.TransferUnknown)
		}
	}
}

func TestDeclineGivesTheTicketsBack(t *testing.T) {
	d := newDesk(t, inRow("8"), inRow("9"))
	transfer, accepted := d.given("ours", bySeats("8")), d.given("ours", bySeats("9"))
	for range 2 {
		got, err := d.Decline(t.Context(), transfer.ID)
		if err != nil || got.State != boxoffice.TransferCancelled {
			t.Fatalf("Decline = %+v, %v; want it cancelled", got, err)
		}
	}
	if ops := d.ops(transfer); ops != "initiate by transferrer, cancel by recipient, " || d.tickets["S8"].Hold != (boxoffice.Hold{}) {
		t.Errorf("history %s, hold %+v; want one cancel by the recipient and the ticket free", ops, d.tickets["S8"].Hold)
	}
	if _, err := d.Receive(t.Context(), boxoffice.AcceptRequest{ID: accepted.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decline(t.Context(), accepted.ID); !errors.Is(err, fault.TransferNotPending) {
		t.Errorf("Decline of an accepted one = %v; want %v", err, fault.TransferNotPending)
	}
	if _, err := d.Decline(t.Context(), "nobody's"); !errors.Is(err, fault.TransferUnknown) {
		t.Errorf("Decline of an unknown one = %v; want %v", err, fault.TransferUnknown)
	}
}

// Ensure that each step leaves one mail to each party, entered with it.
func TestEachStepIsTold(t *testing.T) {
	ada := boxoffice.Contact{FirstName: "Ada", Emails: []boxoffice.Email{{Address: "ada@example.com"}}}
	for _, tt := range []struct {
		news boxoffice.News
		step func(*desk, boxoffice.Transfer) error
	}{
		{boxoffice.NewsInvited, func(*desk, boxoffice.Transfer) error { return nil }},
		{boxoffice.NewsAccepted, func(d *desk, tr boxoffice.Transfer) error {
			_, err := d.Receive(d.t.Context(), boxoffice.AcceptRequest{ID: tr.ID})
			return err
		}},
		{boxoffice.NewsDeclined, func(d *desk, tr boxoffice.Transfer) error {
			_, err := d.Decline(d.t.Context(), tr.ID)
			return err
		}},
		{boxoffice.NewsCancelled, func(d *desk, tr boxoffice.Transfer) error {
			_, err := d.Cancel(d.t.Context(), caller("ours"), boxoffice.CancelRequest{Code: tr.Code})
			return err
		}},
		{boxoffice.NewsExpired, func(d *desk, tr boxoffice.Transfer) error {
			d.now = tr.Expires
			_, err := d.ExpireTransfer(d.t.Context(), boxoffice.ClaimedTask{Task: boxoffice.Task{Subject: string(tr.Key)}})
			return err
		}},
	} {
		t.Run(string(tt.news), func(t *testing.T) {
			d := newDesk(t, inRow("8"))
			d.made["10"] = ada
			transfer := d.given("ours", bySeats("8"))
			if err := tt.step(d, transfer); err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, task := range d.last.Tasks {
				if task.Kind != boxoffice.TaskMail {
					continue
				}
				n, ok, err := d.Notice(t.Context(), task.Subject)
				if err != nil || !ok || n.News != tt.news || !n.At.Equal(d.now) || n.Who == "" || n.Gift.From != "Ada" {
					t.Errorf("Notice(%s) = %+v, %t, %v; want news of %s at %v", task.Subject, n, ok, err, tt.news, d.now)
				}
				told = append(told, string(n.For)+" "+n.Address)
			}
			if diff := cmp.Diff([]string{"sender ada@example.com", "recipient juan@example.com"}, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNobodyIsInvitedToWhatHasEnded(t *testing.T) {
	d := newDesk(t, inRow("8"), inRow("9"))
	transfer := d.given("ours", bySeats("8"))
	if _, ok, err := d.Notice(t.Context(), "invited/sender/"+string(transfer.Key)); ok || err != nil {
		t.Errorf("a sender without an address is told: %t, %v", ok, err)
	}
	d.now = transfer.Expires.Add(-time.Second)
	subject := "invited/recipient/" + string(transfer.Key)
	if _, ok, err := d.Notice(t.Context(), subject); !ok || err != nil {
		t.Errorf("before its end the recipient is told: %t, %v", ok, err)
	}
	d.now = transfer.Expires
	if _, ok, err := d.Notice(t.Context(), subject); ok || err != nil {
		t.Errorf("at its end the recipient is told: %t, %v", ok, err)
	}
	if _, ok, err := d.Notice(t.Context(), "invited/recipient/nobody's"); ok || err != nil {
		t.Errorf("of an unknown transfer somebody is told: %t, %v", ok, err)
	}
}

// The recipient of a closed transfer waits on the page as on the wire.
func TestAClosedTransferIsNotReceived(t *testing.T) {
	d := newDesk(t, inRow("8"))
	transfer := d.given("ours", bySeats("8"))
	ana := person("ana@example.com")
	for range 5 {
		if _, err := d.Receive(t.Context(), boxoffice.AcceptRequest{ID: transfer.ID, Recipient: &ana}); !errors.Is(err, fault.RecipientMismatch) {
			t.Fatalf("Receive as somebody else = %v", err)
		}
	}
	_, err := d.Receive(t.Context(), boxoffice.AcceptRequest{ID: transfer.ID})
	if limited, ok := errors.AsType[*access.LimitError](err); !ok || limited.Wait != 15*time.Minute {
		t.Errorf("Receive after five = %v; want to wait a quarter of an hour", err)
	}
}

func TestShortNamesAreLettersAlone(t *testing.T) {
	for _, tt := range []struct{ first, last, want string }{
		{"Ada", "Byron", "Ada B."},
		{"Ada", "", "Ada"},
		{"", "Byron", "B."},
		{"", "", ""},
		{"Anne-Marie  Zoë", "d’Été", "Anne-Marie Zoë d."},
		{"evil.example/claim", "https://x", "evilexampleclaim h."},
		{"Ada\r\nBcc: all@example.com", "\n", "Ada Bcc allexamplecom"},
		{"12345", "6", ""},
		{strings.Repeat("a", 500), "B", strings.Repeat("a", 40) + " B."},
	} {
		if got := (boxoffice.Contact{FirstName: tt.first, LastName: tt.last}).ShortName(); got != tt.want {
			t.Errorf("ShortName of %q %q = %q, want %q", tt.first, tt.last, got, tt.want)
		}
	}
}
