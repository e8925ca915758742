package main

import (
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/pagetest"
)

// friendSignsIn has a patron sign in to MyAccount, on the way to a part of it.
func (m *marketDemo) friendSignsIn(t *testing.T, p house.Patron, part string, on pagetest.Screen) *pagetest.Page {
	t.Helper()
	page := pagetest.Open(t, m.file.URL+part, on)
	page.Type("#email", p.Email)
	page.Type("#password", p.Password)
	page.Follow("form button")
	if !strings.HasSuffix(page.Address(), part) {
		t.Fatalf("%s, signed in, is at %s: %s", p.FirstName, page.Address(), page.Text())
	}
	return page
}

// friendSays fails unless a page says all of it.
func friendSays(t *testing.T, page *pagetest.Page, all ...string) {
	t.Helper()
	for _, want := range all {
		if text := page.Text(); !strings.Contains(text, want) {
			t.Fatalf("%s does not say %q: %s", page.Address(), want, text)
		}
	}
}

// friendIsLetIn has axe-core look at a page.
func friendIsLetIn(t *testing.T, page *pagetest.Page) {
	t.Helper()
	if judged := page.Accessibility(); len(judged.Violations) > 0 || judged.Passes == 0 {
		t.Errorf("%s: after %d rules axe-core says %v", page.Address(), judged.Passes, judged.Violations)
	}
}

// givesToAFriend is the whole way of a gift: chosen and given on a phone, accepted by the
// friend, who is signed in at a desk, and shown at the gate. A third patron sees
// nothing of it.
func (m *marketDemo) givesToAFriend(t *testing.T) {
	t.Parallel()
	sender, friend, stranger := m.patrons[3], m.patrons[4], m.patrons[5]
	seats := []marketSeat{m.of(sender.Seats[0]), m.of(sender.Seats[1])}
	giving := m.friendSignsIn(t, sender, "/myaccount", pagetest.Phone())
	for _, s := range seats {
		giving.Click(`input[value="` + s.token + `"]`)
	}
	giving.Follow(`[formaction="/myaccount/give"]`)
	friendSays(t, giving, "Give to a friend", "Give 2 tickets")
	giving.Type("#first", friend.FirstName)
	giving.Type("#last", friend.LastName)
	giving.Type("#email", strings.ToUpper(friend.Email))
	giving.Type("#note", "See you <b>there</b>")
	giving.Follow(`button[value="give"]`)
	friendSays(t, giving, "A message is on its way", "not accepted yet", "See you <b>there</b>")
	transfer := giving.Address()
	// Its code is not shown while it is given away.
	giving.Go(m.file.URL + "/myaccount/tickets/" + seats[0].token)
	friendSays(t, giving, "You are giving this ticket away")
	if _, err := pagetest.Scan(giving.WholePicture()); err == nil {
		t.Error("a ticket that is given away shows a code")
	}

	accepting := m.friendSignsIn(t, friend, "/myaccount/transfers", pagetest.Desktop())
	friendSays(t, accepting, "waits for you to accept")
	accepting.Follow("main .seats a")
	friendSays(t, accepting, "Given to you", "See you <b>there</b>")
	accepting.Follow(".prints a")
	if got := accepting.Value("#last"); got != friend.LastName {
		t.Errorf("the form does not know who is signed in, but %q", got)
	}
	friendIsLetIn(t, accepting)
	accepting.Follow(".accept button")
	friendSays(t, accepting, "You find them in MyAccount too")
	friendIsLetIn(t, accepting)
	accepting.Go(m.file.URL + "/myaccount/tickets/" + seats[0].token)
	code, err := pagetest.Scan(accepting.WholePicture())
	if err != nil {
		t.Fatalf("the friend's ticket: %v: %s", err, accepting.Text())
	}
	m.changedHands(t, seats[0], code.Text)
	friendSays(t, accepting, "Give it to a friend", friend.FirstName)

	giving.Go(strings.TrimSuffix(transfer, "?done=1"))
	friendSays(t, giving, "accepted")
	if n := len(giving.Boxes("main form button")); n != 0 {
		t.Error("what was accepted can be taken back")
	}
	// In the address bar of others it is not there.
	giving.Go(m.file.URL + "/myaccount/tickets/" + seats[0].token)
	friendSays(t, giving, "There is nothing at this address")
	other := m.friendSignsIn(t, stranger, "/myaccount/transfers", pagetest.Phone())
	for _, address := range []string{transfer, m.file.URL + "/myaccount/tickets/" + seats[0].token, m.file.URL + "/myaccount/give?token=" + seats[1].token} {
		other.Go(address)
		friendSays(t, other, "There is nothing at this address")
	}
	if _, text, err := fetch(t.Context(), m.file.URL+"/myaccount/tickets/"+seats[0].token+"/ticket.pdf"); err != nil || !strings.Contains(text, "Sign in to MyAccount") {
		t.Errorf("the PDF without a session: %v, %.200s", err, text)
	}
}
