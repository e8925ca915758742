package boxoffice_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var (
	ten    = boxoffice.Account{Organization: home, Patron: "10"}
	eleven = boxoffice.Account{Organization: home, Patron: "11"}
)

// toJuan gives tickets of patron 10 to juan.
func toJuan(tokens ...boxoffice.Token) boxoffice.FriendRequest {
	return boxoffice.FriendRequest{Account: ten, Tokens: tokens, Friend: juan(), Note: "See you there", Once: strings.Repeat("A", 26)}
}

func TestAPatronGivesWithoutAnOrder(t *testing.T) {
	d := newDesk(t, free("A"), free("B"))
	got, err := d.GiveToFriend(t.Context(), toJuan("B", "A", "B"))
	if err != nil || len(got.Refused) > 0 {
		t.Fatalf("GiveToFriend = %s, %v", refusals(got.Refused), err)
	}
	made := got.Transfer
	if made.Key != ":1" || made.Channel != "" || made.Code != "10-HOME:1" || made.From != "10" || made.Note != "See you there" ||
		made.Form != boxoffice.TokenForm || made.State != boxoffice.TransferPending || !slices.Equal(made.Tokens, []boxoffice.Token{"A", "B"}) {
		t.Errorf("GiveToFriend = %+v; want a pending transfer of A and B from MyAccount", made)
	}
	if diff := cmp.Diff([]string{"initiate A 1", "initiate B 1"}, d.what()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	if by := d.last.Journal[0].By; by.Application != boxoffice.Visitors || by.Channel != "" {
		t.Errorf("the journal says that %+v gave; want the pages", by)
	}
	if len(d.last.Tasks) != 3 {
		t.Errorf("%d tasks are left; want the end and a mail to each party", len(d.last.Tasks))
	}
	again, err := d.GiveToFriend(t.Context(), toJuan("A", "B"))
	if err != nil || again.Transfer.Key != made.Key || len(d.transfers) != 1 {
		t.Errorf("the same form again = %+v, %v; want the first transfer", again, err)
	}
	accepted, err := d.Receive(t.Context(), boxoffice.AcceptRequest{ID: made.ID, Recipient: new(juan())})
	if err != nil || d.tickets["A"].Owner != accepted.To || d.tickets["A"].Barcode == "998A" {
		t.Fatalf("Receive = %+v, %v; ticket %+v", accepted, err, d.tickets["A"])
	}
	if late, err := d.GiveToFriend(t.Context(), toJuan("A", "B")); err != nil || late.Transfer.State != boxoffice.TransferAccepted {
		t.Errorf("the same form after it was accepted = %+v, %v; want the transfer as it stands", late, err)
	}
}

// What it refuses, and that the others stay as they were.
func TestAPatronGivesTheirOwnAlone(t *testing.T) {
	theirs := free("T")
	theirs.Owner = "11"
	abroad := at(abroad, free("F"))
	for _, tt := range []struct {
		name string
		with boxoffice.Ticket
		want string
	}{
		{"somebody else's", theirs, "T TOKEN_NOT_AVAILABLE"},
		{"of another organization", abroad, "F TOKEN_NOT_FOUND"},
		{"on sale", held(boxoffice.HoldLock, "ours", free("L")), "L TOKEN_NOT_AVAILABLE"},
		{"in another transfer", held(boxoffice.HoldTransfer, ":9", free("O")), "O TOKEN_NOT_AVAILABLE"},
		{"void", void(free("V")), "V TOKEN_NOT_AVAILABLE"},
		{"no token", free("a\x00"), "a\x00 TOKEN_NOT_FOUND"},
		{"let in", held(boxoffice.HoldGate, "gate", free("G")), "G TOKEN_NOT_AVAILABLE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, free("A"), tt.with)
			d.transfers[":9"] = boxoffice.Transfer{Key: ":9", Organization: home, State: boxoffice.TransferPending, Tokens: []boxoffice.Token{"O"}, From: "10", Expires: noon.Add(time.Hour)}
			got, err := d.GiveToFriend(t.Context(), toJuan("A", tt.with.Token))
			if err != nil || refusals(got.Refused) != tt.want || len(d.transfers) != 1 || d.tickets["A"].Hold != (boxoffice.Hold{}) {
				t.Errorf("GiveToFriend = %s, %v; want %s and nothing done", refusals(got.Refused), err, tt.want)
			}
		})
	}
}

// Somebody who names another's tickets, and whom they were given to, is not told of that
// transfer.
func TestNobodyIsToldOfAnothersGift(t *testing.T) {
	d := newDesk(t, free("A"))
	if _, err := d.GiveToFriend(t.Context(), toJuan("A")); err != nil {
		t.Fatal(err)
	}
	spy := toJuan("A")
	spy.Account, spy.Once = eleven, ""
	if got, err := d.GiveToFriend(t.Context(), spy); err != nil || got.Transfer.ID != "" || refusals(got.Refused) != "A TOKEN_NOT_AVAILABLE" {
		t.Errorf("another patron who asks the same is told %+v, %v", got, err)
	}
}

func TestAFriendHasAnAddressAndAName(t *testing.T) {
	d := newDesk(t, free("A"))
	for _, friend := range []boxoffice.Contact{{FirstName: "Juan", LastName: "R."}, {LastName: "R.", Emails: juan().Emails}, {FirstName: "Juan", Emails: juan().Emails}} {
		req := toJuan("A")
		req.Friend = friend
		if _, err := d.GiveToFriend(t.Context(), req); !errors.Is(err, fault.RecipientRequired) {
			t.Errorf("GiveToFriend(%+v) = %v; want %v", friend, err, fault.RecipientRequired)
		}
	}
	var many []boxoffice.Token
	for n := range 501 {
		many = append(many, boxoffice.Token(strconv.Itoa(n)))
	}
	for _, tokens := range [][]boxoffice.Token{nil, many} {
		if _, err := d.GiveToFriend(t.Context(), toJuan(tokens...)); !errors.Is(err, fault.BatchSize) {
			t.Errorf("GiveToFriend of %d tickets = %v; want %v", len(tokens), err, fault.BatchSize)
		}
	}
}

// Thirty gifts an hour have an end: then it waits until the first of them is an hour
// old.
func TestAnAccountBeginsSoManyGiftsAnHour(t *testing.T) {
	d := newDesk(t, free("A"))
	for n := range 30 {
		key := boxoffice.TransferKey(fmt.Sprint(":", 100+n))
		d.transfers[key] = boxoffice.Transfer{
			Key: key, Organization: home, From: "10", State: boxoffice.TransferCancelled, Sent: noon.Add(-time.Duration(n) * time.Minute),
		}
	}
	_, err := d.GiveToFriend(t.Context(), toJuan("A"))
	if limited, ok := errors.AsType[*access.LimitError](err); !ok || limited.Wait != 31*time.Minute {
		t.Errorf("after 30 in 29 minutes GiveToFriend = %v; want to wait 31 minutes", err)
	}
	partners := d.transfers[":100"]
	partners.Channel = "ours"
	d.transfers[":100"] = partners
	if _, err := d.GiveToFriend(t.Context(), toJuan("A")); err != nil {
		t.Errorf("after 29, and a partner's, GiveToFriend = %v", err)
	}
}

func TestATransferIsItsPartiesAlone(t *testing.T) {
	d := newDesk(t, free("A"), inRow("8"))
	d.made["10"] = boxoffice.Contact{FirstName: "Ada", LastName: "Byron"}
	given, err := d.GiveToFriend(t.Context(), toJuan("A"))
	if err != nil {
		t.Fatal(err)
	}
	partners := d.given("ours", bySeats("8"))
	own := func(account boxoffice.Account, person boxoffice.PersonKey, code string) (boxoffice.OwnTransfer, error) {
		return d.OwnTransfer(t.Context(), []boxoffice.Account{account}, person, code)
	}
	sender, err := own(ten, "ada@example.com", given.Transfer.Code)
	if err != nil || !sender.Given || sender.Invited || !sender.Revocable() || sender.Acceptable() || sender.Transfer.ID != "" || sender.Tickets[0].Barcode != "" {
		t.Errorf("the sender has %+v, %v; want it given, revocable, without its id", sender, err)
	}
	friend, err := own(eleven, "juan@example.com", given.Transfer.Code)
	if err != nil || friend.Given || !friend.Acceptable() || friend.Revocable() || friend.Transfer.ID != given.Transfer.ID || friend.From != "Ada B." {
		t.Errorf("the friend has %+v, %v; want it open to accept, from Ada B.", friend, err)
	}
	for _, stranger := range []boxoffice.PersonKey{"eve@example.com", ""} {
		if _, err := own(eleven, stranger, given.Transfer.Code); !errors.Is(err, fault.TransferUnknown) {
			t.Errorf("a stranger (%q) is told: %v", stranger, err)
		}
	}
	if _, err := own(ten, "ada@example.com", "10-HOME:77"); !errors.Is(err, fault.TransferUnknown) {
		t.Errorf("an unknown code = %v", err)
	}
	take := func(account boxoffice.Account, code string) error {
		return d.TakeGiftBack(t.Context(), []boxoffice.Account{account}, code)
	}
	if err := take(eleven, given.Transfer.Code); !errors.Is(err, fault.TransferUnknown) {
		t.Errorf("a stranger takes it back: %v", err)
	}
	if seen, err := own(ten, "", partners.Code); err != nil || !seen.Given || seen.Revocable() {
		t.Errorf("a partner's is shown to its sender as %+v, %v; want it there, and not to be taken back", seen, err)
	}
	if err := take(ten, partners.Code); !errors.Is(err, boxoffice.ErrPartnersTransfer) {
		t.Errorf("taking a partner's back = %v; want %v", err, boxoffice.ErrPartnersTransfer)
	}
	for range 2 {
		if err := take(ten, given.Transfer.Code); err != nil || d.tickets["A"].Hold.Kind != boxoffice.Free {
			t.Errorf("TakeGiftBack = %v, and the ticket is %+v", err, d.tickets["A"])
		}
	}
	if friend, err = own(eleven, "juan@example.com", given.Transfer.Code); err != nil || friend.Acceptable() || friend.Transfer.ID != "" {
		t.Errorf("taken back, the friend has %+v, %v; want no way to accept", friend, err)
	}
}

// A code is shown to the owner alone, and only where it opens the gate.
func TestAnOwnTicketHasItsCodeWhileItIsFree(t *testing.T) {
	over := func(t boxoffice.Ticket) boxoffice.Ticket { t.Event = "998:F25:OLD"; return t }
	for _, tt := range []struct {
		name   string
		ticket boxoffice.Ticket
		state  boxoffice.HoldingState
		code   bool
	}{
		{"free", free("A"), boxoffice.HoldingFree, true},
		{"on sale", held(boxoffice.HoldLock, "ours", free("A")), boxoffice.HoldingLocked, false},
		{"ordered", held(boxoffice.HoldOrder, "P", free("A")), boxoffice.HoldingOrdered, false},
		{"given", held(boxoffice.HoldTransfer, ":1", free("A")), boxoffice.HoldingOffered, false},
		{"kept back", held(boxoffice.HoldVenue, "desk", free("A")), boxoffice.HoldingHeld, false},
		{"used", held(boxoffice.HoldGate, "gate", free("A")), boxoffice.HoldingUsed, false},
		{"void", void(free("A")), boxoffice.HoldingVoid, false},
		{"over", over(free("A")), boxoffice.HoldingOver, true},
		{"over and on sale", over(held(boxoffice.HoldLock, "ours", free("A"))), boxoffice.HoldingOver, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.ticket)
			d.events["998:F25:OLD"] = boxoffice.Event{ID: "998:F25:OLD", Organization: home, Over: noon}
			own, err := d.OwnTicket(t.Context(), []boxoffice.Account{ten}, "A")
			if err != nil || own.State != tt.state || (own.Ticket.Barcode != "") != tt.code || own.Organization.ID != home || own.Account != ten {
				t.Errorf("OwnTicket = %+v, %v; want it %s, a code %t", own, err, tt.state, tt.code)
			}
			for _, account := range []boxoffice.Account{eleven, {Organization: away, Patron: "10"}} {
				if _, err := d.OwnTicket(t.Context(), []boxoffice.Account{account}, "A"); !errors.Is(err, fault.TokenUnknown) {
					t.Errorf("%+v is told: %v", account, err)
				}
			}
		})
	}
}

func TestChosenAreTheAccountsAlone(t *testing.T) {
	theirs := free("T")
	theirs.Owner = "11"
	d := newDesk(t, free("A"), theirs, held(boxoffice.HoldLock, "ours", free("L")))
	got, err := d.Chosen(t.Context(), []boxoffice.Account{ten}, []boxoffice.Token{"L", "A", "T", "none", "A"})
	if err != nil || len(got) != 2 || got[0].Token != "L" || got[0].State != boxoffice.HoldingLocked || got[1].Token != "A" || got[1].Zone.String() != "America/Chicago" {
		t.Errorf("Chosen = %+v, %v; want L, which is locked, and A", got, err)
	}
	for _, tokens := range [][]boxoffice.Token{nil, {"\x00"}, slices.Repeat([]boxoffice.Token{"A"}, 501)} {
		if _, err := d.Chosen(t.Context(), []boxoffice.Account{ten}, tokens); !errors.Is(err, fault.BatchSize) {
			t.Errorf("Chosen of %d tickets = %v; want %v", len(tokens), err, fault.BatchSize)
		}
	}
}
