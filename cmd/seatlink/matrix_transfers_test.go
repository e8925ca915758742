package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

const (
	initiatePath = "/v1/tickets/transfer"
	cancelPath   = "/v1/tickets/transfer/"
	acceptedPath = "/v1/tickets/transfer/accept"
	completePath = "/v1/tickets/transfer/complete"
	versionTwo   = "/v2/tickets/transfer"

	transferUnknown = "NOT_FOUND TRANSFER_NOT_FOUND"
	notPending      = "BAD_REQUEST TRANSFER_NOT_PENDING"
)

// place is a ticket's seat as a transfer names it.
func (s *stage) place(tb testing.TB, token string) object {
	tb.Helper()
	var event, section, row, seat string
	query(tb, s.books, func(scan func(...any) error) error { return scan(&event, &section, &row, &seat) },
		`SELECT event, section, row, seat FROM ticket WHERE token = $1`, token)
	words := strings.Split(event, ":") // organization, season, item
	return object{"season": words[1], "event": words[2], "seatInfo": object{"section": section, "row": row, "seats": seat}}
}

// offer is the body of a transfer with this offer changed in some fields; nil takes
// one out.
func offer(of, change object) object {
	made := object{}
	for _, fields := range []object{of, change} {
		for name, value := range fields {
			if made[name] = value; value == nil {
				delete(made, name)
			}
		}
	}
	return object{"transferRequests": []object{made}}
}

func juan() object {
	return object{"email": "juan@example.com", "recipientFirstName": "Juan", "recipientLastName": "Ramirez"}
}

// seatOffer and tokenOffer are good offers in the two forms.
func (s *stage) seatOffer(tb testing.TB, tokens ...string) object {
	tb.Helper()
	var seats []object
	for _, token := range tokens {
		seats = append(seats, s.place(tb, token))
	}
	return object{"sender": object{"patronId": string(stagePatron)}, "recipient": juan(), "seats": seats}
}

func tokenOffer(order string, tokens ...string) object {
	return object{"recipient": juan(), "items": []object{{"externalOrderId": order, "tokens": tokens}}}
}

// boughtOffer is a good offer of a ticket that the first has sold; it names the
// sender too, as the second version wants.
func (s *stage) boughtOffer(tb testing.TB) object {
	tb.Helper()
	order := requestID()
	token := s.sold(tb, s.first, order)
	made := tokenOffer(order, token)
	made["sender"] = object{"patronId": s.owner(tb, token)}
	return made
}

// given begins a transfer of a free ticket by its seat.
func (s *stage) given(tb testing.TB) (made transferred) {
	tb.Helper()
	s.second.want(tb, 200, "POST", initiatePath+"?distributorCode=D999", offer(s.seatOffer(tb, s.token()), nil), &made)
	return made
}

// bought begins a transfer of a ticket that the first has sold.
func (s *stage) bought(tb testing.TB, order string) (made transferred) {
	tb.Helper()
	s.first.want(tb, 200, "POST", initiatePath, offer(tokenOffer(order, s.sold(tb, s.first, order)), nil), &made)
	return made
}

// outsider is a partner who is not granted 999.
func (s *stage) outsider(tb testing.TB, channel access.Channel) *caller {
	tb.Helper()
	c, err := enrol(tb.Context(), s.desk, access.Partner{
		Application: access.ApplicationID("com.example." + channel), Name: "Tests",
		Channels: []access.Channel{channel}, Organizations: []access.OrganizationID{129},
	})
	if err != nil {
		tb.Fatal(err)
	}
	c.partner.Channel, c.url, c.http = channel, s.url, watched(tb)
	c.want(tb, 404, "GET", "/v1/listings/Lnone", nil, nil) // an access token that is used for the first time changes its family
	return &c
}

// exec changes the books behind the server's back, as only time or the venue do.
func (s *stage) exec(tb testing.TB, statement string, args ...any) {
	tb.Helper()
	books := s.books
	if path, isFile := strings.CutPrefix(s.db, "sqlite:"); isFile {
		var err error
		if books, err = sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"); err != nil {
			tb.Fatal(err)
		}
		defer func() { _ = books.Close() }()
	}
	if _, err := books.ExecContext(tb.Context(), statement, args...); err != nil {
		tb.Fatal(err)
	}
}

// overdue lets eight days go by for a transfer.
func (s *stage) overdue(tb testing.TB, made transferred) {
	tb.Helper()
	s.exec(tb, `UPDATE transfer SET sent_at = sent_at - $2, expires_at = expires_at - $2 WHERE code = $1`,
		made.ConfirmationCd, (8 * 24 * time.Hour).Microseconds())
}

// An echo compares the bodies of answers, which must all be the same.
type echo struct{ first string }

func (e *echo) same(t *testing.T, body []byte) {
	t.Helper()
	if e.first == "" {
		e.first = string(body)
	}
	if string(body) != e.first {
		t.Errorf("the answer is\n%s\nand was\n%s", body, e.first)
	}
}

var ofTheHouse = map[string][]string{"PAC-Organization-ID": {"999"}}

// seatFormRows are call 10 by seats.
func seatFormRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	const (
		required = "BAD_REQUEST FIELD_REQUIRED"
		size     = "BAD_REQUEST BATCH_SIZE"
		apart    = "BAD_REQUEST DISTRIBUTOR_UNKNOWN"
		page     = "BAD_REQUEST PAGE_NOT_ALLOWED"
		needs    = "BAD_REQUEST ORGANIZATION_REQUIRED"
		held     = "TOKEN_NOT_AVAILABLE"
	)
	free, locked, theirs, beside := s.token(), s.locked(tb, s.first), s.locked(tb, s.second), s.token()
	sold := s.sold(tb, s.first, "not-the-patrons")
	good := s.seatOffer(tb, free)
	with := func(field string, value any) object { return offer(good, object{field: value}) }
	seat := func(field string, value any) object {
		place := s.place(tb, free)
		if info := place["seatInfo"].(object); field == "section" || field == "row" || field == "seats" {
			info[field] = value
		} else {
			place[field] = value
		}
		return with("seats", []object{place})
	}
	link := func(base string) object {
		body := with("", nil)
		body["baseUrl"] = base
		return body
	}
	of := func(tokens ...string) object { return offer(s.seatOffer(tb, tokens...), nil) }
	organization := func(org ...string) map[string][]string { return map[string][]string{"PAC-Organization-ID": org} }
	named := with("externalTransferId", "T-matrix")
	var again, all echo
	rows := []row{
		{name: "no transfer", body: object{}, status: 400, err: required},
		{name: "an empty list of transfers", body: object{"transferRequests": []any{}}, status: 400, err: size},
		{name: "two transfers", body: object{"transferRequests": []object{good, good}}, status: 400, err: size},
		{name: "no recipient", body: with("recipient", nil), status: 400, err: required},
		{name: "a recipient without email and phone", body: with("recipient", object{"recipientFirstName": "Juan"}), status: 400, err: "BAD_REQUEST RECIPIENT_REQUIRED"},
		{name: "a name of 129 letters", body: with("recipient", object{"email": "a@example.com", "recipientLastName": strings.Repeat("é", 129)}), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "neither seats nor items", body: with("seats", nil), status: 400, err: required},
		{name: "seats and items", body: with("items", tokenOffer("O", free)["items"]), status: 400, err: "BAD_REQUEST FIELD_INVALID"},
		{name: "an empty list of seats", body: with("seats", []any{}), status: 400, err: size},
		{name: "501 elements of seats", body: with("seats", manySeats(s.place(tb, free), 501)), status: 400, err: size},
		{name: "no sender", body: with("sender", nil), status: 400, err: required},
		{name: "a sender without patronId", body: with("sender", object{}), status: 400, err: required},
		{name: "an externalTransferId of 129 letters", body: with("externalTransferId", strings.Repeat("T", 129)), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "no season", body: seat("season", ""), status: 400, err: required},
		{name: "no section", body: seat("section", ""), status: 400, err: required},
		{name: "a row that is a list", body: seat("row", []int{1}), status: 400, err: "BAD_REQUEST FIELD_INVALID"},
		{name: "seats that nobody can read", body: seat("seats", "8,,9"), status: 400, err: "BAD_REQUEST FIELD_INVALID"},
		{name: "seats of 1025 letters", body: seat("seats", strings.Repeat("8", 1025)), status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "no distributorCode", path: "-", body: with("", nil), status: 400, err: apart},
		{name: "an empty distributorCode", path: "?distributorCode=", body: with("", nil), status: 400, err: apart},
		{name: "two distributorCodes", path: "?distributorCode=D999&distributorCode=D999", body: with("", nil), status: 400, err: "BAD_REQUEST PARAMETER_REPEATED"},
		{name: "another organization's distributorCode", path: "?distributorCode=D129", body: with("", nil), status: 400, err: apart},
		{name: "no organization where there are four", with: organization(), body: with("", nil), status: 400, err: needs},
		{name: "an organization that is no number", with: organization("D999"), body: with("", nil), status: 400, err: needs},
		{name: "an organization that does not exist", with: organization("998"), body: with("", nil), status: 400, err: "NOT_FOUND ORGANIZATION_NOT_FOUND"},
		{name: "an organization that is not granted", with: organization("555"), body: with("", nil), status: 403, err: "FORBIDDEN NOT_PERMITTED"},
		{name: "an organization granted to another", by: s.second, with: organization("129"), body: with("", nil), status: 403, err: "FORBIDDEN NOT_PERMITTED"},
		{name: "a page that is not on the list", body: link("https://evil.example"), status: 400, err: page},
		{name: "a page that is a script", body: link("javascript:alert(1)"), status: 400, err: page},
		{name: "a page with a name in front", body: link("https://my.example.com@evil.example/"), status: 400, err: page},
		{name: "a seat that there is not", body: seat("seats", "9999"), status: 400, err: nothingDone, errors: "TOKEN_NOT_FOUND", check: all.same},
		{name: "a seat of an event that there is not", body: offer(good, object{"seats": []object{{"season": "Z99", "event": "F01", "seatInfo": object{"section": "U:1", "row": "0", "seats": "9999"}}}}), status: 400, err: nothingDone, errors: "TOKEN_NOT_FOUND", check: all.same},
		{name: "a seat of a void ticket", body: of(s.void), status: 400, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
		{name: "a ticket that the channel has locked", body: of(locked), status: 400, err: nothingDone, errors: held},
		{name: "a ticket that another channel has locked", body: of(theirs), status: 400, err: nothingDone, errors: held},
		{name: "a ticket held by the venue", body: of(s.venues), status: 400, err: nothingDone, errors: held},
		{name: "a ticket in an order", body: of(s.inOrder), status: 400, err: nothingDone, errors: held},
		{name: "a ticket of another owner", body: of(sold), status: 400, err: nothingDone, errors: held},
		{name: "a ticket of an event that is over", body: of(s.over), status: 400, err: nothingDone, errors: "EVENT_CLOSED"},
		{name: "one that can be given and two that cannot", body: of(free, locked, sold), status: 400, err: nothingDone, errors: held + " " + held},

		{name: "a field missing goes before an organization that is not granted", with: organization("555"), body: with("sender", nil), status: 400, err: required},
		{name: "an organization that is not granted goes before a ticket that is locked", with: organization("555"), body: of(locked), status: 403, err: "FORBIDDEN NOT_PERMITTED"},
		{name: "a ticket that is locked goes before a page that is not on the list", body: func() object { body := of(locked); body["baseUrl"] = "https://evil.example"; return body }(), status: 400, err: nothingDone, errors: held},

		{name: "a free ticket", body: named, status: 200, changes: true, check: again.same},
		{name: "the same again", body: named, status: 200, check: again.same},
		{name: "the same again under a constant Request-ID", with: map[string][]string{"PAC-Organization-ID": {"999"}, "Request-ID": {"always the same"}}, body: named, status: 200, check: again.same},
		{name: "the same id with another recipient", body: offer(good, object{"externalTransferId": "T-matrix", "recipient": object{"email": "ana@example.com"}}), status: 400, err: "BAD_REQUEST TRANSFER_MISMATCH"},
		{name: "a ticket that is in another channel's transfer", by: s.second, body: of(free), status: 400, err: nothingDone, errors: held},
		{name: "the only organization is filled in", by: s.second, with: organization(), body: of(beside), status: 200, changes: true},
		{name: "without an id, the same again", by: s.second, with: organization(), body: of(beside), status: 200},
	}
	for i := range rows {
		rows[i].method = "POST"
		switch rows[i].path {
		case "":
			rows[i].path = initiatePath + "?distributorCode=D999"
		case "-":
			rows[i].path = initiatePath
		default:
			rows[i].path = initiatePath + rows[i].path
		}
		if rows[i].with == nil {
			rows[i].with = ofTheHouse
		}
	}
	return rows
}

func manySeats(place object, n int) []object {
	many := make([]object, n)
	for i := range many {
		many[i] = place
	}
	return many
}

// tokenFormRows are what calls 10 by tokens, its second version, and the hand-over
// have in common.
func tokenFormRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	var rows []row
	for _, call := range []struct {
		name, path string
		v2         bool
	}{{"call 10", initiatePath, false}, {"hand over", completePath, false}, {"version 2", versionTwo, true}} {
		id := func(order string) string { return call.name + " " + order }
		mine, two := s.sold(tb, s.first, id("O-1")), s.sold(tb, s.first, id("O-2"))
		sender := s.owner(tb, mine)
		others := s.locked(tb, s.first)
		s.first.want(tb, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody(id("O-3"), "eve", []string{others})), nil)
		relocked := s.sold(tb, s.first, id("O-4"))
		s.lock(tb, s.second, relocked)
		good := tokenOffer(id("O-1"), mine)
		if call.v2 {
			good["sender"] = object{"patronId": sender}
		}
		with := func(field string, value any) object { return offer(good, object{field: value}) }
		items := func(order string, tokens ...string) object {
			return with("items", tokenOffer(order, tokens...)["items"])
		}
		recipient := func(field string, value any) object {
			person := juan()
			if person[field] = value; value == nil {
				delete(person, field)
			}
			return with("recipient", person)
		}
		const (
			required   = "BAD_REQUEST FIELD_REQUIRED"
			size       = "BAD_REQUEST BATCH_SIZE"
			incomplete = "ORDER_NOT_COMPLETE"
			nameless   = "BAD_REQUEST RECIPIENT_REQUIRED"
		)
		var unseen, again echo
		named := with("externalTransferId", id("T"))
		some := []row{
			{name: "no first name", body: recipient("recipientFirstName", nil), status: 400, err: nameless},
			{name: "no last name", body: recipient("recipientLastName", nil), status: 400, err: nameless},
			{name: "no items", body: with("items", []any{}), status: 400, err: size},
			{name: "no order", body: items("", mine), status: 400, err: required},
			{name: "no tokens", body: items(id("O-1")), status: 400, err: required},
			{name: "501 tokens of two orders", body: with("items", []object{{"externalOrderId": "a", "tokens": names("A", 250)}, {"externalOrderId": "b", "tokens": names("B", 251)}}), status: 400, err: size},
			{name: "a token in two items", body: with("items", []object{{"externalOrderId": "a", "tokens": []string{mine}}, {"externalOrderId": "b", "tokens": []string{mine}}}), status: 400, err: "BAD_REQUEST TOKEN_REPEATED"},
			{name: "an unknown ticket", body: items(id("O-1"), "999NONE"), status: 400, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
			{name: "a foreign ticket", body: items(id("O-1"), s.foreign), status: 400, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
			{name: "a token that cannot be one", body: items(id("O-1"), strings.Repeat("X", 65)), status: 400, err: nothingDone, errors: "TOKEN_NOT_FOUND"},
			{name: "an unknown order", body: items("none", mine), status: 400, err: nothingDone, errors: incomplete, check: unseen.same},
			{name: "another channel's order", by: s.second, body: with("", nil), status: 400, err: nothingDone, errors: incomplete, check: unseen.same},
			{name: "an order of another channel of the same application", by: s.sibling, body: with("", nil), status: 400, err: nothingDone, errors: incomplete, check: unseen.same},
			{name: "a ticket of another order", body: items(id("O-2"), mine), status: 400, err: nothingDone, errors: incomplete},
			{name: "a ticket that another channel has locked since", body: items(id("O-4"), relocked), status: 400, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
			{name: "tickets of two owners", body: with("items", []object{{"externalOrderId": id("O-1"), "tokens": []string{mine}}, {"externalOrderId": id("O-3"), "tokens": []string{others}}}), status: 400, err: "BAD_REQUEST OWNERS_MIXED"},
			{name: "tickets of two organizations", body: items(id("O-1"), mine, s.other[0]), status: 400, err: "BAD_REQUEST ORGANIZATIONS_MIXED"},
			{name: "one that can be given and one that cannot", body: with("items", []object{{"externalOrderId": id("O-1"), "tokens": []string{mine}}, {"externalOrderId": "none", "tokens": []string{two}}}), status: 400, err: nothingDone, errors: incomplete},
			{name: "a bought ticket", body: named, status: 200, changes: true, check: again.same},
			{name: "the same again", body: named, status: 200, check: again.same},
			{name: "the same id with another recipient", body: offer(good, object{"externalTransferId": id("T"), "recipient": object{"email": "ana@example.com", "recipientFirstName": "Ana", "recipientLastName": "Ramirez"}}), status: 400, err: "BAD_REQUEST TRANSFER_MISMATCH"},
		}
		if call.path == completePath {
			some = append(some,
				row{name: "a phone in the place of the email", body: with("recipient", object{"phone": "1", "recipientFirstName": "J", "recipientLastName": "R"}), status: 400, err: nameless},
				row{name: "the ticket again, which is the recipient's now", body: offer(good, object{"externalTransferId": id("T-2")}), status: 400, err: nothingDone, errors: incomplete})
		}
		if call.v2 {
			some = append(some,
				row{name: "a phone in the place of the email", body: with("recipient", object{"phone": "1", "recipientFirstName": "J", "recipientLastName": "R"}), status: 400, err: nameless},
				row{name: "no sender", body: with("sender", nil), status: 400, err: required},
				row{name: "another sender", body: offer(good, object{"sender": object{"patronId": string(stagePatron)}, "items": tokenOffer(id("O-2"), two)["items"]}), status: 400, err: nothingDone, errors: "TOKEN_NOT_AVAILABLE"},
				row{name: "a callback by http", body: func() object { b := with("", nil); b["asyncCallbackUrl"] = "http://partner.example.com/"; return b }(), status: 400, err: "BAD_REQUEST CALLBACK_NOT_ALLOWED"},
				row{name: "a callback to this machine", body: func() object { b := with("", nil); b["asyncCallbackUrl"] = "https://localhost/"; return b }(), status: 400, err: "BAD_REQUEST CALLBACK_NOT_ALLOWED"},
				row{name: "an id that the sandbox would play with", body: offer(good, object{"externalTransferId": "PENDING-1", "items": tokenOffer(id("O-2"), two)["items"]}), status: 200, changes: true, check: says("transferStatus", "Pending")})
		}
		for _, r := range some {
			r.name, r.method, r.path = call.name+": "+r.name, "POST", call.path
			rows = append(rows, r)
		}
	}
	return rows
}

// owner is who has a ticket.
func (s *stage) owner(tb testing.TB, token string) (owner string) {
	tb.Helper()
	query(tb, s.books, func(scan func(...any) error) error { return scan(&owner) }, `SELECT owner FROM ticket WHERE token = $1`, token)
	return owner
}

// cancelRows are calls 11 and 12, which find transfers in the same way.
func cancelRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	pending, accepted, expired := s.given(tb), s.given(tb), s.given(tb)
	s.first.want(tb, 200, "POST", acceptedPath+"?distributorCode=D999", object{"transferId": accepted.TransferID}, nil)
	s.overdue(tb, expired)
	outsider := s.outsider(tb, "outsider")
	var unseen, cancelled echo
	var rows []row
	for _, method := range []string{"GET", "DELETE"} {
		for _, r := range []row{
			{name: "an unknown one", path: "1000-D999:99999999", status: 400, err: transferUnknown, check: unseen.same},
			{name: "one of an organization that is not granted", by: outsider, path: pending.ConfirmationCd, with: map[string][]string{"PAC-Organization-ID": {}}, status: 400, err: transferUnknown, check: unseen.same},
			{name: "one of another organization than is sent", path: pending.ConfirmationCd, with: map[string][]string{"PAC-Organization-ID": {"129"}}, status: 400, err: transferUnknown, check: unseen.same},
			{name: "an organization that does not exist", path: pending.ConfirmationCd, with: map[string][]string{"PAC-Organization-ID": {"998"}}, status: 400, err: transferUnknown, check: unseen.same},
			{name: "an organization that is no number", path: pending.ConfirmationCd, with: map[string][]string{"PAC-Organization-ID": {"D999"}}, status: 400, err: "BAD_REQUEST ORGANIZATION_REQUIRED"},
			{name: "its transferId", path: pending.TransferID, status: 400, err: transferUnknown, check: unseen.same},
			{name: "one in other letters", path: strings.ToLower(pending.ConfirmationCd), status: 400, err: transferUnknown, check: unseen.same},
			{name: "a NUL", path: pending.ConfirmationCd + "%00", status: 400, err: transferUnknown, check: unseen.same},
			{name: "a path that leads out", path: "..%2f..%2flistings", status: 400, err: transferUnknown, check: unseen.same},
			{name: "4 kB", path: strings.Repeat("1", 4000), status: 400, err: transferUnknown, check: unseen.same},
			{name: "no code", path: "", status: 404, err: "NOT_FOUND PATH_UNKNOWN"},
		} {
			r.name, r.method, r.path = method+" "+r.name, method, cancelPath+r.path
			rows = append(rows, r)
		}
	}
	for _, r := range []row{
		{name: "one that is pending, shown to another channel", method: "GET", by: s.sibling, path: strings.Replace(pending.ConfirmationCd, ":", "%3A", 1), status: 200},
		{name: "one that was accepted", method: "DELETE", path: accepted.ConfirmationCd, status: 400, err: notPending},
		{name: "one that is overdue, and expires with that", method: "DELETE", path: expired.ConfirmationCd, status: 400, err: notPending, changes: true},
		{name: "one that has expired", method: "DELETE", path: expired.ConfirmationCd, status: 400, err: notPending},
		{name: "one that is pending, escaped, by another channel", method: "DELETE", by: s.sibling, path: strings.Replace(pending.ConfirmationCd, ":", "%3A", 1), status: 200, changes: true, check: cancelled.same},
		{name: "it again", method: "DELETE", path: pending.ConfirmationCd, status: 200, check: cancelled.same},
	} {
		r.path = cancelPath + r.path
		rows = append(rows, r)
	}
	return rows
}

// acceptRows are call 13.
func acceptRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	const nameless, mismatch = "BAD_REQUEST RECIPIENT_REQUIRED", "BAD_REQUEST RECIPIENT_MISMATCH"
	seats, tokens, wrong, cancelled, expired, taken := s.given(tb), s.bought(tb, "accept-1"), s.bought(tb, "accept-2"), s.given(tb), s.given(tb), s.given(tb)
	s.first.want(tb, 200, "DELETE", cancelPath+cancelled.ConfirmationCd, nil, nil)
	s.overdue(tb, expired)
	outsider, guesser := s.outsider(tb, "stranger"), s.partner(tb, "transfer-guesser", 999)
	accept := func(made transferred, recipient object) object {
		body := object{"transferId": made.TransferID}
		if recipient != nil {
			body["recipient"] = recipient
		}
		return body
	}
	without := func(field string) object {
		person := juan()
		delete(person, field)
		return person
	}
	somebody := juan()
	somebody["email"] = "somebody@example.com"
	nobodys := object{"transferId": strings.Repeat("A", 32)}
	var unseen, done echo
	constant := map[string][]string{"Request-ID": {requestID()}}
	rows := []row{
		{name: "no transferId", body: object{}, status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "a transferId of 129 letters", body: object{"transferId": strings.Repeat("T", 129)}, status: 400, err: "BAD_REQUEST FIELD_TOO_LONG"},
		{name: "an unknown one", body: nobodys, status: 400, err: transferUnknown, check: unseen.same},
		{name: "one of an organization that is not granted", by: outsider, body: accept(seats, nil), status: 400, err: transferUnknown, check: unseen.same},
		{name: "its confirmationCd", body: object{"transferId": seats.ConfirmationCd}, status: 400, err: transferUnknown, check: unseen.same},
		{name: "one that cannot be", body: object{"transferId": "é"}, status: 400, err: transferUnknown, check: unseen.same},
		{name: "no distributorCode after seats", path: "-", body: accept(seats, nil), status: 400, err: "BAD_REQUEST DISTRIBUTOR_UNKNOWN"},
		{name: "another distributorCode", path: "?distributorCode=D129", body: accept(seats, nil), status: 400, err: "BAD_REQUEST DISTRIBUTOR_UNKNOWN"},
		{name: "another distributorCode after tokens", path: "?distributorCode=D129", body: accept(tokens, juan()), status: 400, err: "BAD_REQUEST DISTRIBUTOR_UNKNOWN"},
		{name: "two distributorCodes", path: "?distributorCode=D999&distributorCode=D999", body: accept(seats, nil), status: 400, err: "BAD_REQUEST PARAMETER_REPEATED"},
		{name: "no recipient after tokens", path: "-", body: accept(tokens, nil), status: 400, err: nameless},
		{name: "a recipient without email", path: "-", body: accept(tokens, without("email")), status: 400, err: nameless},
		{name: "a recipient without first name after tokens", path: "-", body: accept(tokens, without("recipientFirstName")), status: 400, err: nameless},
		{name: "a recipient without last name after tokens", path: "-", body: accept(tokens, without("recipientLastName")), status: 400, err: nameless},
		{name: "another recipient, which is counted", body: accept(seats, somebody), status: 400, err: mismatch, changes: true},
		{name: "one that was cancelled", body: accept(cancelled, nil), status: 400, err: notPending},
		{name: "one that is overdue, and expires with that", body: accept(expired, nil), status: 400, err: notPending, changes: true},
		{name: "one that has expired", body: accept(expired, nil), status: 400, err: notPending},
		{
			name: "one whose ticket the venue has taken", body: accept(taken, nil), status: 400, err: "CONFLICT TOKEN_NOT_AVAILABLE",
			given: func(t *testing.T) {
				t.Helper()
				s.exec(t, `UPDATE ticket SET hold = 'venue', hold_by = 'desk' WHERE hold = 'transfer' AND hold_by = (SELECT key FROM transfer WHERE code = $1)`, taken.ConfirmationCd)
			},
		},
		{
			name: "one of an event that is over since", path: "-", body: accept(wrong, juan()), status: 400, err: "REFUSED EVENT_CLOSED",
			given: func(t *testing.T) {
				t.Helper()
				s.over999(t, time.Now().Add(-time.Hour))
			},
			check: func(t *testing.T, _ []byte) {
				t.Helper()
				s.over999(t, time.Now().Add(30*24*time.Hour))
			},
		},
		{
			name: "anybody, after five wrong recipients", path: "-", body: accept(wrong, juan()), status: 429, err: "RATE_LIMITED RATE_LIMITED",
			given: func(t *testing.T) {
				t.Helper()
				for range 5 {
					s.first.want(t, 400, "POST", acceptedPath, accept(wrong, somebody), nil)
				}
			},
		},
		{
			name: "one too many that are unknown", by: guesser, body: nobodys, status: 429, err: "RATE_LIMITED RATE_LIMITED",
			given: func(t *testing.T) {
				t.Helper()
				for range 10 {
					guesser.want(t, 400, "POST", acceptedPath+"?distributorCode=D999", nobodys, nil)
				}
			},
		},
		{name: "a good one after too many that are unknown", by: guesser, body: accept(seats, nil), status: 429, err: "RATE_LIMITED RATE_LIMITED"},
		{name: "a field missing goes before too many that are unknown", by: guesser, body: object{}, status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an unknown one goes before another distributorCode", path: "?distributorCode=D129", body: nobodys, status: 400, err: transferUnknown, check: unseen.same},
		{name: "another distributorCode goes before one that was cancelled", path: "?distributorCode=D129", body: accept(cancelled, nil), status: 400, err: "BAD_REQUEST DISTRIBUTOR_UNKNOWN"},
		{name: "one that was cancelled goes before another recipient", body: accept(cancelled, somebody), status: 400, err: notPending},

		{name: "the one invited", with: constant, body: accept(seats, nil), status: 200, changes: true, check: done.same},
		{name: "the same request again", with: constant, body: accept(seats, nil), status: 200, check: done.same},
		{name: "accepted again by another request", body: accept(seats, nil), status: 400, err: notPending},
		{name: "the one invited, after tokens, by another channel", by: s.second, path: "-", body: accept(tokens, juan()), status: 200, changes: true},
	}
	for i := range rows {
		rows[i].method = "POST"
		switch rows[i].path {
		case "":
			rows[i].path = acceptedPath + "?distributorCode=D999"
		case "-":
			rows[i].path = acceptedPath
		default:
			rows[i].path = acceptedPath + rows[i].path
		}
	}
	return rows
}

// over999 moves the end of the game.
func (s *stage) over999(tb testing.TB, at time.Time) {
	tb.Helper()
	s.exec(tb, `UPDATE event SET over_at = $1 WHERE id = '999:F23:F01'`, at.UnixMicro())
}

// processRows are the status calls of the later editions.
func processRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	const unknown = "NOT_FOUND PROCESS_NOT_FOUND"
	token := s.sold(tb, s.first, "process-1")
	var made transferred
	s.first.want(tb, 200, "POST", completePath, json.RawMessage(handOverBody("T-process", "process-1", token)), &made)
	var unseen echo
	var rows []row
	for _, path := range []string{completePath + "/", versionTwo + "/pending/"} {
		for _, r := range []row{
			{name: "an unknown one", path: strings.Repeat("A", len(made.ProcessID)), status: 404, err: unknown, check: unseen.same},
			{name: "another application's", by: s.second, path: made.ProcessID, status: 404, err: unknown, check: unseen.same},
			{name: "another channel's of the same application", by: s.sibling, path: made.ProcessID, status: 404, err: unknown, check: unseen.same},
			{name: "one in other letters", path: strings.ToLower(made.ProcessID), status: 404, err: unknown, check: unseen.same},
			{name: "a NUL", path: made.ProcessID + "%00", status: 404, err: unknown, check: unseen.same},
			{name: "4 kB", path: strings.Repeat("A", 4000), status: 404, err: unknown, check: unseen.same},
		} {
			r.name, r.method, r.path = fmt.Sprint(path, " ", r.name), "GET", path+r.path
			rows = append(rows, r)
		}
	}
	return append(rows,
		row{name: "one of the other call", method: "GET", path: versionTwo + "/pending/" + made.ProcessID, status: 404, err: unknown, check: unseen.same},
		row{name: "a complete one", method: "GET", path: completePath + "/" + made.ProcessID, status: 200, check: says("status", "COMPLETE")})
}
