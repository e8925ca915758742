package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/pagetest"
)

// giving is the answer of call 10.
type giving struct{ ConfirmationCd, TransferID, TransferStatus, URL string }

// givingAway begins a transfer of a ticket that an order sold, to juan@example.com.
func (s *stage) givingAway(tb testing.TB, order, token string) (made giving) {
	tb.Helper()
	s.first.want(tb, 200, "POST", "/v1/tickets/transfer", object{"transferRequests": []object{{
		"externalTransferId": order, "recipient": object{"email": "juan@example.com", "recipientFirstName": "Juan", "recipientLastName": "Ramirez"},
		"items": []object{{"externalOrderId": order, "tokens": []string{token}}},
	}}}, &made)
	return made
}

// mailsOf is where a server in this process puts its mails: beside a SQLite
// database.
func mailsOf(tb testing.TB, db string) string {
	tb.Helper()
	if path, isFile := strings.CutPrefix(db, "sqlite:"); isFile {
		return filepath.Join(filepath.Dir(path), "mails")
	}
	return filepath.Join(tb.TempDir(), "mails")
}

// mailsSent are a folder's mails once none is to be sent any more.
func (s *stage) mailsSent(t *testing.T) []string {
	t.Helper()
	awaitRow(t, s.db, `SELECT CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM task WHERE kind = 'mail'`)
	files, err := filepath.Glob(filepath.Join(mailsOf(t, s.db), "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// postForm answers a page as a browser does.
func (s *stage) postForm(t *testing.T, address string, form url.Values) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("the form %v = %d, want 200", form, res.StatusCode)
	}
}

// onThisServer is the path of an address at the server itself.
func (s *stage) onThisServer(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return s.url + u.Path
}

// A friend opens the link of a mail on a phone, accepts, and stands at the gate with
// a code that opens it; the buyer's own code does not any more.
func TestAGiftIsAcceptedOnAPhoneAndOpensTheGate(t *testing.T) {
	t.Parallel()
	s := startStage(t, "sqlite:"+filepath.Join(t.TempDir(), "seatlink.db"))
	token := s.sold(t, s.first, "gift-1")
	old, event := s.barcode(t, token), ""
	query(t, s.books, func(scan func(...any) error) error { return scan(&event) }, `SELECT event FROM ticket WHERE token = $1`, token)
	made := s.givingAway(t, "gift-1", token)
	path := func(address string) string { return s.onThisServer(t, address) }
	invitation := s.mailsSent(t)
	if len(invitation) != 2 || !strings.Contains(invitation[0]+invitation[1], "To: <juan@example.com>") {
		t.Errorf("the mails are %q; want one to each party", invitation)
	}
	page := pagetest.Open(t, path(made.URL), pagetest.Phone())
	page.Type("#first", "Juan")
	page.Type("#last", "Ramirez")
	page.Type("#email", "Juan@Example.com")
	page.Follow(".accept button")
	code, err := pagetest.Scan(page.WholePicture())
	if err != nil || code.Text != s.barcode(t, token) || code.Text == old {
		t.Fatalf("a scanner reads %q, %v; want the new barcode %s: %s", code.Text, err, s.barcode(t, token), page.Text())
	}
	s.first.verify(t, 200, event, code.Text)
	if dead := s.first.verify(t, 422, event, old); len(dead.Errors) != 1 || dead.Errors[0].AppErrorCode != "BARCODE_INVALID" {
		t.Errorf("the old barcode verifies as %v", dead)
	}
	if status, text, err := fetch(t.Context(), path(made.URL)); err != nil || status != 410 || strings.Contains(text, code.Text) || strings.Contains(text, "<svg") {
		t.Errorf("the mail's link afterwards = %d, %v; want no code: %s", status, err, text)
	}

	// Declined, expired and unknown.
	refused := s.sold(t, s.first, "gift-2")
	declined := s.givingAway(t, "gift-2", refused)
	s.mailsSent(t) // nobody is invited to what has ended by then
	s.postForm(t, path(declined.URL), url.Values{"answer": {"decline"}})
	var history struct {
		History []struct{ Op, Initiator string }
	}
	s.first.want(t, 200, "GET", "/v1/tickets/transfer/"+declined.ConfirmationCd, nil, &history)
	if last := history.History[len(history.History)-1]; last.Op != "cancel" || last.Initiator != "recipient" {
		t.Errorf("declining is told as %+v; want cancel by recipient", history)
	}
	late := s.givingAway(t, "gift-3", s.sold(t, s.first, "gift-3"))
	if mails := s.mailsSent(t); len(mails) != 10 { // two for each of five steps
		t.Errorf("there are %d mails, want 10", len(mails))
	}
	spoil(t, s.db, `UPDATE transfer SET expires_at = 1 WHERE code = $1`, late.ConfirmationCd)
	if status, text, err := fetch(t.Context(), path(late.URL)); err != nil || status != 410 || !strings.Contains(text, "time to accept is over") {
		t.Errorf("the page of an expired one = %d, %v: %s", status, err, text)
	}
	if status, _, err := fetch(t.Context(), s.url+"/myaccount/receive/"+strings.Repeat("0", 32)); err != nil || status != 404 {
		t.Errorf("an unknown one = %d, %v", status, err)
	}
}
