package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/pagetest"
)

// A printed ticket is one that a buyer has, as its partner sees it.
type printedTicket struct {
	*caller

	order, token, event string
	url                 string
	words               []string // what the gate wants to read on it
}

// sell sells a ticket to a buyer and prints it.
func sell(t *testing.T, c *caller, token, order, buyer string) printedTicket {
	t.Helper()
	c.want(t, http.StatusOK, "PUT", "/v1/tickets/lock", json.RawMessage(lockBody("L-1", []string{token})), nil)
	c.want(t, http.StatusOK, "POST", "/v1/cart/complete-order", json.RawMessage(saleBody(order, buyer, []string{token})), nil)
	var printed struct{ Tickets []struct{ URL string } }
	c.want(t, http.StatusOK, "POST", "/v1/tickets/print", object{"externalOrderId": order, "tokens": []string{token}}, &printed)
	var known struct {
		Tokens []struct {
			AccessID string
			Success  struct {
				Seats []struct{ Section, Row, Seat string }
			}
		}
	}
	c.want(t, http.StatusOK, "POST", "/v1/tickets/verify", object{"tickets": []object{{"tokens": []string{token}}}}, &known)
	if len(printed.Tickets) != 1 || len(known.Tokens) != 1 || len(known.Tokens[0].Success.Seats) != 1 {
		t.Fatalf("print and verify of %s answered %+v and %+v", token, printed, known)
	}
	seat := known.Tokens[0].Success.Seats[0]
	level, section, _ := strings.Cut(seat.Section, ":")
	return printedTicket{
		caller: c, order: order, token: token, event: known.Tokens[0].AccessID, url: printed.Tickets[0].URL,
		words: []string{level, section, seat.Row, seat.Seat, "Ada Example"},
	}
}

// opens fails the test unless the code in a picture opens the gate, and returns
// what the code says.
func (p printedTicket) opens(t *testing.T, where string, picture pagetest.Picture) string {
	t.Helper()
	code, err := pagetest.Scan(picture)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return ""
	}
	var answer verified
	status, body, err := p.call(t.Context(), "POST", "/v1/tickets/verify", requestID(), encode(object{"tickets": []object{{"accessId": p.event, "barcodes": []string{code.Text}}}}))
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil || status != http.StatusOK || len(answer.Tokens) != 1 || len(answer.Tokens[0].Success.Seats) != 1 || answer.Tokens[0].Success.Seats[0].Token != p.token {
		t.Errorf("%s: the code reads %q, which verifies as %d %s %v; want %s", where, code.Text, status, body, err, p.token)
	}
	return code.Text
}

// tells fails the test unless a ticket says where to go and who may.
func (p printedTicket) tells(t *testing.T, where, text string) {
	t.Helper()
	said := strings.Fields(text)
	for _, want := range p.words {
		if !strings.Contains(strings.Join(said, " "), want) {
			t.Errorf("%s: the ticket does not say %q:\n%s", where, want, text)
		}
	}
}

// The code opens the gate from wherever it is shown or printed, and none of these
// after the ticket changed hands.
func TestTheCodeOpensTheGateUntilTheTicketIsSoldOn(t *testing.T) {
	t.Parallel()
	db := sqliteFile(t)
	key, callers := furnish(t, db, "market")
	_, callers[0].url = serve(t, db, key)
	token := freeTokens(t, db)[0]
	ticket := sell(t, callers[0], token, "order-1", "ada")

	large := pagetest.Phone()
	large.Name, large.Density = "phone with large pixels", 1
	paper := pagetest.Desktop()
	paper.Name, paper.Paper = "desktop, as on paper", true
	screens := []pagetest.Screen{pagetest.Phone(), pagetest.Phone().InDark(), large, pagetest.Desktop(), pagetest.Desktop().InDark(), paper}
	page := pagetest.Open(t, ticket.url, screens[0])
	ticket.tells(t, "the page", page.Text())
	var barcode string
	for _, screen := range screens {
		page.On(screen)
		barcode = ticket.opens(t, screen.Name, page.WholePicture())
	}
	const dots = 150
	for _, sheet := range pagetest.Papers() {
		printed := page.Print(sheet)
		if n := printed.Pages(); n != 1 {
			t.Errorf("the page prints on %d sheets of %s", n, sheet.Name)
		}
		ticket.opens(t, "the page on "+sheet.Name, printed.Picture(dots))
		status, file, err := fetch(t.Context(), ticket.url+"/ticket.pdf?paper="+strings.ToLower(sheet.Name))
		if err != nil || status != http.StatusOK {
			t.Fatalf("the PDF on %s is %d %v", sheet.Name, status, err)
		}
		printed = pagetest.NewPrint(t, []byte(file))
		ticket.tells(t, "the PDF on "+sheet.Name, printed.Text())
		ticket.opens(t, "the PDF on "+sheet.Name, printed.Picture(dots))
		if title := strings.TrimPrefix(printed.Title(), "Ticket: "); title == "" || !strings.Contains(page.Text(), title) {
			t.Errorf("the PDF is of %q, and the page says\n%s", title, page.Text())
		}
	}

	// Sold on: the code is dead, and nothing of it stands anywhere.
	next := sell(t, callers[0], token, "order-2", "grace")
	dead := callers[0].verify(t, http.StatusUnprocessableEntity, ticket.event, barcode)
	if len(dead.Errors) != 1 || dead.Errors[0].AppErrorCode != "BARCODE_INVALID" {
		t.Errorf("after the sale the code of the first buyer verifies as %v; want BARCODE_INVALID", dead)
	}
	page.On(screens[0])
	page.Reload()
	if code, err := pagetest.Scan(page.WholePicture()); !errors.Is(err, pagetest.ErrNoCode) {
		t.Errorf("after the sale the page of the first buyer shows the code %q, %v", code.Text, err)
	}
	text := page.Text()
	if !strings.Contains(text, "has changed hands") || strings.Contains(text, "Ada Example") || strings.Contains(strings.ReplaceAll(text, " ", ""), barcode) {
		t.Errorf("after the sale the page of the first buyer says\n%s", text)
	}
	if status, body, err := fetch(t.Context(), ticket.url+"/ticket.pdf"); err != nil || status != http.StatusGone || !strings.Contains(body, "has changed hands") {
		t.Errorf("after the sale the PDF of the first buyer is %d %v %s; want 410", status, err, body)
	}
	if got := next.opens(t, "the page of the second buyer", pagetest.Open(t, next.url, pagetest.Phone()).Picture()); got == barcode {
		t.Errorf("both buyers have the code %s", got)
	}
	audit(t, db)
}
