package boxoffice_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// handing asks for bought tickets to be handed over at once.
func handing(id, order string, tokens ...boxoffice.Token) boxoffice.TransferRequest {
	req := byTokens(order, tokens...)
	req.ExternalTransferID, req.HandsOver, req.MayWait = id, true, true
	return req
}

// waiting asks for seats to be given, and says that it can wait.
func waiting(id string) boxoffice.TransferRequest {
	req := bySeats("8")
	req.ExternalTransferID, req.MayWait = id, true
	req.CallbackURL, req.CallbackHost = "https://partner.example.com/", "partner.example.com"
	return req
}

// finishTransfer works off the task that a process in the sandbox has left.
func (d *desk) finishTransfer(transfer boxoffice.Transfer) {
	d.t.Helper()
	task := boxoffice.ClaimedTask{Task: boxoffice.Task{Kind: boxoffice.TaskTransfer, Subject: string(transfer.Key)}}
	if again, err := d.FinishTransfer(d.t.Context(), task); again != 0 || err != nil {
		d.t.Fatalf("FinishTransfer = %v, %v; want it done", again, err)
	}
}

func printed(all []boxoffice.Printed) string {
	var words string
	for _, p := range all {
		words += fmt.Sprintf("%s of %s at %s; ", p.Token, p.Owner, p.URL)
	}
	return words
}

func TestHandingOverIsATransferAnAcceptAndAPrint(t *testing.T) {
	d := newDesk(t, free("A"), free("B"))
	d.sold("ours", "O-1", "A", "B")
	buyer, was := d.tickets["A"].Owner, d.tickets["A"].Barcode
	got, err := d.Give(t.Context(), caller("ours"), handing("T-1", "O-1", "A", "B"))
	if err != nil || len(got.Refused) > 0 {
		t.Fatalf("Give = %s, %v; want it handed over", refusals(got.Refused), err)
	}
	tr := got.Transfer
	if tr.State != boxoffice.TransferAccepted || tr.From != buyer || tr.To == buyer || tr.Process.State != boxoffice.OrderComplete || len(tr.Process.ID) != 26 {
		t.Errorf("the transfer is %+v; want it accepted, and its process complete", tr)
	}
	if diff := cmp.Diff([]string{"initiate A 3", "initiate B 3", "accept A 4", "accept B 4"}, d.what()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	if ops := d.ops(tr); ops != "initiate by transferrer, accept by recipient, " {
		t.Errorf("history = %s", ops)
	}
	ticket := d.tickets["A"]
	if ticket.Owner != tr.To || ticket.Barcode == was || ticket.Hold != (boxoffice.Hold{}) || ticket.Owned != 4 {
		t.Errorf("the ticket is %+v; want it Juan's with another barcode", ticket)
	}
	urls := fmt.Sprintf("A of %[1]s at https://tickets.example.com/t/transfer:/ours/T-1#A; B of %[1]s at https://tickets.example.com/t/transfer:/ours/T-1#B; ", tr.To)
	if printed(got.Printed) != urls {
		t.Errorf("printed %s; want %s", printed(got.Printed), urls)
	}
	if docs := d.last.Documents; len(docs) != 2 || docs[0].Owned != 4 || docs[0].ID != "transfer:/ours/T-1#A" {
		t.Errorf("documents %+v; want one of each ticket as it is now", docs)
	}

	for name, ask := range map[string]func() (boxoffice.Giving, error){
		"Give again": func() (boxoffice.Giving, error) {
			return d.Give(t.Context(), caller("ours"), handing("T-1", "O-1", "A", "B"))
		},
		"TransferProcess": func() (boxoffice.Giving, error) {
			return d.TransferProcess(t.Context(), caller("ours"), tr.Process.ID)
		},
	} {
		d.last = boxoffice.Outcome{}
		again, err := ask()
		if err != nil || again.Transfer.ID != tr.ID || again.Transfer.Process.ID != tr.Process.ID || printed(again.Printed) != urls || !d.last.Empty() {
			t.Errorf("%s = %+v, %v; want the first answer and nothing done", name, again, err)
		}
	}
	for name, who := range map[string]access.Principal{"another channel": caller("theirs"), "without the grant": caller("ours", away)} {
		if _, err := d.TransferProcess(t.Context(), who, tr.Process.ID); !errors.Is(err, fault.ProcessUnknown) {
			t.Errorf("TransferProcess by %s = %v; want it unknown", name, err)
		}
	}
	if _, err := d.TransferProcess(t.Context(), caller("ours"), "NONE"); !errors.Is(err, fault.ProcessUnknown) {
		t.Errorf("TransferProcess of none = %v; want it unknown", err)
	}
}

// What cannot be handed over is told as call 10 tells it, and nothing is done.
func TestHandingOverKnowsTheRulesOfTransfers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		arrange func(*desk)
		channel access.Channel
		req     boxoffice.TransferRequest
		refused string
		want    error
	}{
		{"of another channel", nil, "theirs", handing("T-1", "O-1", "A"), "A ORDER_NOT_COMPLETE", nil},
		{"of no order", nil, "ours", handing("T-1", "O-9", "A"), "A ORDER_NOT_COMPLETE", nil},
		{"of no ticket", nil, "ours", handing("T-1", "O-1", "Z"), "Z TOKEN_NOT_FOUND", nil},
		{"of a ticket that is locked again", func(d *desk) {
			if _, err := d.Lock(d.t.Context(), caller("ours"), lockOf(boxoffice.MyAccount, "A")); err != nil {
				d.t.Fatal(err)
			}
		}, "ours", handing("T-1", "O-1", "A"), "A TOKEN_NOT_AVAILABLE", nil},
		{"of a ticket that is being given to the same person", func(d *desk) {
			req := byTokens("O-1", "A")
			req.ExternalTransferID = ""
			d.given("ours", req)
		}, "ours", handing("", "O-1", "A"), "A TOKEN_NOT_AVAILABLE", nil},
		{"under the id of a transfer that only began", func(d *desk) { d.given("ours", byTokens("O-1", "A")) }, "ours", handing("T-1", "O-1", "A"), "", fault.TransferMismatch},
		{"of an event that is over", func(d *desk) {
			e := d.events[game]
			e.Over = noon
			d.events[game] = e
		}, "ours", handing("T-1", "O-1", "A"), "A EVENT_CLOSED", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, free("A"))
			d.sold("ours", "O-1", "A")
			if tt.arrange != nil {
				tt.arrange(d)
			}
			before := d.tickets["A"]
			got, err := d.Give(t.Context(), caller(tt.channel), tt.req)
			if !errors.Is(err, tt.want) || refusals(got.Refused) != tt.refused || len(got.Printed) > 0 {
				t.Errorf("Give = %s, %v; want %q, %v", refusals(got.Refused), err, tt.refused, tt.want)
			}
			if diff := cmp.Diff(before, d.tickets["A"]); diff != "" || !d.last.Empty() {
				t.Errorf("something was done:\n%s%+v", diff, d.last)
			}
		})
	}
}

// Only the sandbox lets a transfer wait, and only one that was asked for in a way
// that can.
func TestWhichTransfersWait(t *testing.T) {
	plain := waiting("PENDING-1")
	plain.MayWait = false
	for _, tt := range []struct {
		name  string
		who   access.Principal
		req   boxoffice.TransferRequest
		state boxoffice.OrderState
	}{
		{"in the sandbox", playing(), waiting("PENDING-1"), boxoffice.OrderPending},
		{"in the sandbox, to fail", playing(), waiting("ERROR-1"), boxoffice.OrderPending},
		{"in the sandbox, by another id", playing(), waiting("T-PENDING-1"), ""},
		{"in the sandbox, by call 10", playing(), plain, ""},
		{"elsewhere", caller("ours"), waiting("PENDING-1"), ""},
	} {
		d := newDesk(t, inRow("8"))
		got, err := d.Give(t.Context(), tt.who, tt.req)
		if p := got.Transfer.Process; err != nil || p.State != tt.state || (p.ID != "") != (tt.state != "") {
			t.Errorf("%s the process is %+v, %v; want it %q", tt.name, p, err, tt.state)
		}
		if tt.state != boxoffice.OrderPending {
			if kinds := kindsOf(d.last.Tasks); kinds != "expire-transfer mail mail" || len(d.last.Callbacks) > 0 {
				t.Errorf("%s: tasks %s, callbacks %+v; want those of the expiry and the invitation", tt.name, kinds, d.last.Callbacks)
			}
			continue
		}
		key := string(got.Transfer.Key)
		want := []boxoffice.Task{
			{ID: "expire-transfer/" + key, Kind: boxoffice.TaskExpire, Subject: key, Due: noon.Add(boxoffice.TransferLasts)},
			{ID: "decide-transfer/" + key, Kind: boxoffice.TaskTransfer, Subject: key, Due: noon.Add(3 * time.Second)},
		}
		if diff := cmp.Diff(want, d.last.Tasks); diff != "" {
			t.Errorf("%s: tasks (-want +got):\n%s", tt.name, diff)
		}
		if owed := d.last.Callbacks; len(owed) != 1 || owed[0].Process != got.Transfer.Process.ID || owed[0].URL != tt.req.CallbackURL || owed[0].State != boxoffice.CallbackOwed {
			t.Errorf("%s: callbacks %+v; want one owed", tt.name, owed)
		}
	}
}

// A transfer that waits holds its tickets, and then is what it was to be.
func TestATransferThatWaitsEnds(t *testing.T) {
	for _, tt := range []struct {
		name      string
		req       boxoffice.TransferRequest
		meanwhile func(*desk, boxoffice.Transfer)
		process   boxoffice.OrderState
		refused   string
		state     boxoffice.TransferState
		ops       string
		pages     int
	}{
		{"begun", waiting("PENDING-1"), nil, boxoffice.OrderComplete, "", boxoffice.TransferPending, "initiate by transferrer, ", 0},
		{"taken back", waiting("ERROR-1"), nil, boxoffice.OrderFailed, "SANDBOX_REFUSED", boxoffice.TransferCancelled, "initiate by transferrer, cancel by system, ", 0},
		{"handed over", handing("PENDING-1", "O-1", "S8"), nil, boxoffice.OrderComplete, "", boxoffice.TransferAccepted, "initiate by transferrer, accept by recipient, ", 1},
		{"handed over, and taken back", handing("ERROR-1", "O-1", "S8"), nil, boxoffice.OrderFailed, "SANDBOX_REFUSED", boxoffice.TransferCancelled, "initiate by transferrer, cancel by system, ", 0},
		{"handed over, but the venue has it", handing("PENDING-1", "O-1", "S8"), func(d *desk, _ boxoffice.Transfer) {
			d.tickets["S8"] = held(boxoffice.HoldVenue, "desk", d.tickets["S8"])
		}, boxoffice.OrderFailed, "TOKEN_NOT_AVAILABLE", boxoffice.TransferCancelled, "initiate by transferrer, cancel by system, ", 0},
		{"handed over, but the event is over", handing("PENDING-1", "O-1", "S8"), func(d *desk, _ boxoffice.Transfer) {
			e := d.events[game]
			e.Over = d.now
			d.events[game] = e
		}, boxoffice.OrderFailed, "EVENT_CLOSED", boxoffice.TransferCancelled, "initiate by transferrer, cancel by system, ", 0},
		{"handed over, but too late", handing("PENDING-1", "O-1", "S8"), func(d *desk, tr boxoffice.Transfer) { d.now = tr.Expires }, boxoffice.OrderFailed, "TRANSFER_NOT_PENDING", boxoffice.TransferExpired, "initiate by transferrer, expire by system, ", 0},
		{"begun, and late", waiting("PENDING-1"), func(d *desk, tr boxoffice.Transfer) { d.now = tr.Expires }, boxoffice.OrderComplete, "", boxoffice.TransferExpired, "initiate by transferrer, expire by system, ", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, inRow("8"))
			if tt.req.HandsOver {
				d.sold("ours", "O-1", "S8")
			}
			first, err := d.Give(t.Context(), playing(), tt.req)
			if err != nil || first.Transfer.Process.State != boxoffice.OrderPending || len(first.Printed) > 0 {
				t.Fatalf("Give = %+v, %v; want it pending", first, err)
			}
			if hold := d.tickets["S8"].Hold; hold.Kind != boxoffice.HoldTransfer {
				t.Errorf("the ticket's hold is %+v; want the transfer's", hold)
			}
			if again, err := d.Give(t.Context(), playing(), tt.req); err != nil || again.Transfer.Process.ID != first.Transfer.Process.ID || !d.last.Empty() {
				t.Errorf("Give again = %+v, %v; want the same process", again, err)
			}
			d.now = noon.Add(3 * time.Second)
			if tt.meanwhile != nil {
				tt.meanwhile(d, first.Transfer)
			}
			d.finishTransfer(first.Transfer)
			last := d.last
			d.last = boxoffice.Outcome{}
			d.finishTransfer(first.Transfer) // whoever finished may die before the task is dropped
			if !d.last.Empty() {
				t.Errorf("it was finished twice: %+v", d.last)
			}
			got, err := d.TransferProcess(t.Context(), caller("ours"), first.Transfer.Process.ID)
			if p := got.Transfer.Process; err != nil || p.State != tt.process || refusals(p.Refused) != tt.refused || len(got.Printed) != tt.pages {
				t.Errorf("the process is %+v with %d pages, %v; want %s %q with %d", p, len(got.Printed), err, tt.process, tt.refused, tt.pages)
			}
			if ops := d.ops(got.Transfer); got.Transfer.State != tt.state || ops != tt.ops {
				t.Errorf("the transfer is %s, %s; want %s, %s", got.Transfer.State, ops, tt.state, tt.ops)
			}
			kinds := kindsOf(last.Tasks)
			if strings.Contains(kinds, "callback") != (tt.req.CallbackURL != "") {
				t.Errorf("tasks %s; want one where there is a callback", kinds)
			}
			// Nobody heard of it while it waited; what has failed they never hear of.
			if begun := tt.process == boxoffice.OrderComplete && tt.meanwhile == nil; strings.Contains(kinds, "mail mail") != begun {
				t.Errorf("tasks %s; want mails where the transfer went on: %t", kinds, begun)
			}
		})
	}
}

// kindsOf names what tasks are left, in order.
func kindsOf(tasks []boxoffice.Task) string {
	var kinds []string
	for _, t := range tasks {
		kinds = append(kinds, t.Kind)
	}
	slices.Sort(kinds)
	return strings.Join(kinds, " ")
}

// A sender that is named in the token form must own the tickets.
func TestANamedSenderMustOwnBoughtTickets(t *testing.T) {
	d := newDesk(t, free("A"))
	d.sold("ours", "O-1", "A")
	req := byTokens("O-1", "A")
	req.Sender = "10" // who had it before
	if got, err := d.Give(t.Context(), caller("ours"), req); err != nil || refusals(got.Refused) != "A TOKEN_NOT_AVAILABLE" {
		t.Errorf("Give by another sender = %s, %v", refusals(got.Refused), err)
	}
	req.Sender = d.tickets["A"].Owner
	d.given("ours", req)
}

func TestTransfersCallBackOnlyHostsOfTheList(t *testing.T) {
	d := newDesk(t, inRow("8"))
	org := d.orgs[home]
	org.Callbacks = []string{"listed.example.com"}
	d.orgs[home] = org
	if _, err := d.Give(t.Context(), playing(), waiting("PENDING-1")); !errors.Is(err, fault.CallbackNotAllowed) || !d.last.Empty() {
		t.Errorf("Give = %v; want the callback refused and nothing done", err)
	}
	req := waiting("PENDING-1")
	req.CallbackHost = "LISTED.example.com"
	if _, err := d.Give(t.Context(), playing(), req); err != nil {
		t.Errorf("Give with a host of the list = %v", err)
	}
}
