package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// handOverBody asks for bought tickets to be handed over to Juan at once.
func handOverBody(id, order string, tokens ...string) []byte {
	return encode(object{"transferRequests": []object{{
		"externalTransferId": id,
		"recipient":          object{"email": "juan@example.com", "recipientFirstName": "Juan", "recipientLastName": "Ramirez"},
		"items":              []object{{"externalOrderId": order, "tokens": tokens}},
	}}})
}

// transferV2Body asks for bought tickets to be given to Juan, and for a callback.
func transferV2Body(id, sender, order, callback string, tokens ...string) []byte {
	return encode(object{"asyncCallbackUrl": callback, "transferRequests": []object{{
		"externalTransferId": id, "sender": object{"patronId": sender},
		"recipient": object{"email": "juan@example.com", "recipientFirstName": "Juan", "recipientLastName": "Ramirez"},
		"items":     []object{{"externalOrderId": order, "tokens": tokens}},
	}}})
}

// A transferred answer is that of all calls about transfers.
type transferred struct {
	ProcessID, Status, ConfirmationCd, TransferID, TransferStatus, PatronID string
	Tickets                                                                 []struct{ Token, OwnerID, URL string }
	Errors                                                                  []failed
}

// Transfers of the later editions wait in the sandbox, and end as they were to,
// though the server is killed meanwhile.
func TestTransfersThatWaitOutliveAKill(t *testing.T) {
	t.Parallel()
	const (
		complete = "/v1/tickets/transfer/complete"
		second   = "/v2/tickets/transfer"
		pending  = "/v2/tickets/transfer/pending/"
	)
	db := sqliteFile(t)
	key, callers := furnish(t, db, "first")
	c, tokens := callers[0], freeTokens(t, db)[:4]
	c.http = watched(t)
	r := receive(t)
	server, url := serveSandbox(t, db, key)
	c.url = url
	c.want(t, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-1", tokens)), nil)
	sale := c.sell(t, 200, saleBody("O-1", "ada", tokens))
	buyer := sale.Offers[0].Event.Seats[0].OwnerID
	ask := func(path string, body []byte) (answer transferred) {
		t.Helper()
		c.want(t, 200, "POST", path, rawBody(body), &answer)
		if answer.Status != "PENDING" || answer.ProcessID == "" || answer.TransferID != "" {
			t.Fatalf("POST %s = %+v; want it PENDING and nothing else", path, answer)
		}
		return answer
	}
	begins := ask(second, transferV2Body("PENDING-1", buyer, "O-1", r.url, tokens[0]))
	fails := ask(second, transferV2Body("ERROR-2", buyer, "O-1", "string", tokens[1]))
	hands := ask(complete, handOverBody("PENDING-3", "O-1", tokens[2]))
	declines := ask(complete, handOverBody("ERROR-4", "O-1", tokens[3]))
	c.want(t, 422, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-1", tokens)), nil)
	c.want(t, 404, "GET", pending+hands.ProcessID, nil, nil)
	c.want(t, 404, "GET", complete+"/"+begins.ProcessID, nil, nil)
	server.kill()

	server, c.url = serveSandbox(t, db, key)
	awaitRow(t, db, `SELECT CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM transfer WHERE process_state = 'PENDING'`)
	told := r.next(t)
	_, want, err := c.call(t.Context(), "GET", pending+begins.ProcessID, requestID(), nil)
	if err != nil || told.body != string(want) {
		t.Errorf("the callback is\n%s\nand the transfer's status\n%s (%v)", told.body, want, err)
	}
	var is transferred
	decode(t, string(want), &is)
	if is.Status != "COMPLETE" || is.TransferStatus != "Pending" || is.PatronID != buyer {
		t.Errorf("the first ended as %+v; want it COMPLETE and Pending", is)
	}
	c.want(t, 200, "POST", "/v1/tickets/transfer/accept", object{
		"transferId": is.TransferID, "Recipient": object{"email": "juan@example.com", "recipientFirstName": "Juan", "recipientLastName": "Ramirez"},
	}, nil)
	if c.want(t, 200, "GET", pending+begins.ProcessID, nil, &is); is.Status != "COMPLETE" || is.TransferStatus != "Accepted" {
		t.Errorf("after the accept the first is %+v; want it COMPLETE and Accepted", is)
	}

	for _, ended := range []struct {
		status, path string
		body         []byte
	}{
		{pending + fails.ProcessID, second, transferV2Body("ERROR-2", buyer, "O-1", "string", tokens[1])},
		{complete + "/" + declines.ProcessID, complete, handOverBody("ERROR-4", "O-1", tokens[3])},
	} {
		var stands, again transferred
		c.want(t, 200, "GET", ended.status, nil, &stands)
		if stands.Status != "ERROR" || len(stands.Errors) != 1 || stands.Errors[0].AppErrorCode != "SANDBOX_REFUSED" {
			t.Errorf("GET %s = %+v; want ERROR of the sandbox", ended.status, stands)
		}
		if c.want(t, 400, "POST", ended.path, rawBody(ended.body), &again); again.ProcessID != stands.ProcessID || again.Status != "ERROR" {
			t.Errorf("POST %s again = %+v; want the same ERROR", ended.path, again)
		}
	}
	c.want(t, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-2", []string{tokens[1], tokens[3]})), nil)

	var handed transferred
	c.want(t, 200, "GET", complete+"/"+hands.ProcessID, nil, &handed)
	if handed.Status != "COMPLETE" || len(handed.Tickets) != 1 || handed.Tickets[0].Token != tokens[2] || handed.Tickets[0].OwnerID == buyer {
		t.Fatalf("the third ended as %+v; want Juan's ticket", handed)
	}
	status, page, err := fetch(t.Context(), pageAt(c.url, handed.Tickets[0].URL))
	if err != nil || status != 200 || !strings.Contains(page, "Juan Ramirez") {
		t.Errorf("the ticket's page is %d, %v; want it to name Juan", status, err)
	}
	r.quiet(t)
	server.stop()
	audit(t, db)
}

// pageAt is the address of a ticket's page at a server that has another one by now.
func pageAt(server, url string) string {
	_, secret, _ := strings.Cut(url, "/t/")
	return server + "/t/" + secret
}

// What the buyer printed before shows no code any more, and the page of who was
// given the ticket is another one.
func TestTheBuyersPageEndsWithTheTransfer(t *testing.T) {
	t.Parallel()
	s := startStage(t, sqliteFile(t))
	token := s.sold(t, s.first, "O-1")
	var bought, given transferred
	s.first.want(t, 200, "POST", "/v1/tickets/print", object{"externalOrderId": "O-1", "tokens": []string{token}}, &bought)
	s.first.want(t, 200, "POST", "/v1/tickets/transfer/complete", json.RawMessage(handOverBody("T-1", "O-1", token)), &given)
	for _, p := range []struct {
		url   string
		shows bool
	}{{bought.Tickets[0].URL, false}, {given.Tickets[0].URL, true}} {
		_, page, err := fetch(t.Context(), pageAt(s.url, p.url))
		if err != nil || strings.Contains(page, s.barcode(t, token)) != p.shows {
			t.Errorf("the page at %s shows the barcode: %v, %v; want %v", p.url, !p.shows, err, p.shows)
		}
	}
}
