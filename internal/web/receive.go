package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A giftView is what the acceptance page shows of a pending transfer.
type giftView struct {
	Organization string
	From         string // who gives; "" where none can be told
	Note         string // of who gives
	Tickets      int
	Events       []givenEvent
	Expires      string

	Named              bool   // the recipient must say who they are
	Once               string // by which this form is known when it comes twice
	First, Last, Email string // as they were typed
	Problem            *notice
}

// A givenEvent is an event with the seats that are given.
type givenEvent struct {
	Title string
	When  schedule
	Venue string
	Seats [][]fact
}

// Count, What, They and Them are the tickets in words.
func (v giftView) Count() string { return v.number("a ticket", strconv.Itoa(v.Tickets)+" tickets") }

// What names them as an object.
func (v giftView) What() string { return v.number("the ticket", "the tickets") }

// They names them with their verb.
func (v giftView) They() string { return v.number("it is", "they are") }

// Them is the pronoun.
func (v giftView) Them() string { return v.number("it", "them") }

func (v giftView) number(one, many string) string {
	if v.Tickets == 1 {
		return one
	}
	return many
}

// gift shows what is given.
func (s *site) gift(r *http.Request) (page, error) {
	found, err := s.findGift(r)
	if err != nil {
		return page{}, err
	}
	if ended, ok := endedPage(found); ok {
		return ended, nil
	}
	return giftPage(found, s.invitedVisitor(r, found), nil), nil
}

// invitedVisitor is what the one invited would type, where they are signed in. Nobody
// else is told whom the transfer is for.
func (s *site) invitedVisitor(r *http.Request, g boxoffice.Gift) said {
	if s.lobby == nil || s.secretOf(r) == "" {
		return said{}
	}
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	v, err := s.lobby.Visitor(ctx, s.secretOf(r))
	if err != nil || v.Person == "" || v.Person != g.Transfer.Invitee || len(g.Transfer.Invited.Emails) == 0 {
		return said{} // then they type it
	}
	invited := g.Transfer.Invited
	return said{first: invited.FirstName, last: invited.LastName, email: invited.Emails[0].Address}
}

// findGift is the transfer of the request's address. Whoever tries addresses out is
// held up, whether the next one is right or not.
func (s *site) findGift(r *http.Request) (boxoffice.Gift, error) {
	from := origin(r.RemoteAddr)
	if err := s.stray(from, 0); err != nil {
		return boxoffice.Gift{}, err
	}
	found, err := boxoffice.Gift{}, error(fault.TransferUnknown)
	if id := r.PathValue("transfer"); isTransferID(id) {
		ctx, done := context.WithTimeout(r.Context(), patience)
		defer done()
		found, err = s.gifts.Gift(ctx, boxoffice.TransferID(id))
	}
	if errors.Is(err, fault.TransferUnknown) {
		if limited := s.stray(from, 1); limited != nil {
			return found, limited
		}
	}
	return found, err
}

// isTransferID reports whether a text can be an id of ours at all.
func isTransferID(s string) bool {
	const length = 32
	return len(s) == length && strings.Trim(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// origin is what visitors are counted under: an IPv4 address, or the /64 that an
// IPv6 host has to itself.
func origin(remote string) string {
	const network = 64
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is6() {
		return netip.PrefixFrom(address, network).Masked().String()
	}
	return address.String()
}

// What a form may say. Names and addresses have the lengths that they have on the
// wire.
const (
	formLimit   = 8 << 10
	nameLimit   = 128 // characters
	emailLimit  = 254 // no mail goes to a longer one
	onceLength  = 26  // of rand.Text
	formTooLong = "the form is longer than any that this page has"
)

// said is what somebody typed.
type said struct{ answer, once, first, last, email string }

func readForm(r *http.Request) (said, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, formLimit+1))
	if err != nil {
		return said{}, fault.BodySlow
	}
	if len(body) > formLimit {
		return said{}, fault.BodyTooLarge.Saying(formTooLong)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !utf8.ValidString(strings.Join([]string{form.Get("first"), form.Get("last"), form.Get("email")}, "")) {
		return said{}, fault.Malformed
	}
	field := func(name string) string { return strings.TrimSpace(strings.ReplaceAll(form.Get(name), "\x00", "")) }
	typed := said{answer: field("answer"), once: field("once"), first: field("first"), last: field("last"), email: field("email")}
	if len(typed.once) != onceLength {
		typed.once = "" // nobody was shown such a form: it is not known again
	}
	return typed, nil
}

// answerGift does what the recipient's form says. There are no cookies here: who
// sends it must know the address, so another site's form could do no harm; it is
// refused all the same.
func (s *site) answerGift(r *http.Request) (page, error) {
	if foreign(r) {
		return foreignPage(), nil
	}
	form, err := readForm(r)
	if err != nil {
		return badFormPage(), nil
	}
	found, err := s.findGift(r)
	if err != nil {
		return page{}, err
	}
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	switch form.answer {
	case "accept":
		return s.accept(ctx, found, form)
	case "decline":
		return s.decline(ctx, found)
	}
	return badFormPage(), nil
}

func (s *site) accept(ctx context.Context, found boxoffice.Gift, form said) (page, error) {
	req := boxoffice.AcceptRequest{ID: found.Transfer.ID}
	if found.Transfer.Form == boxoffice.TokenForm {
		if problem := form.problem(); problem != nil {
			return giftPage(found, form, problem), nil
		}
		req.Recipient = &boxoffice.Contact{FirstName: form.first, LastName: form.last, Emails: []boxoffice.Email{{Address: form.email}}}
	}
	req.Repeat = boxoffice.Repeat[boxoffice.Giving]{
		Path: receivePath + string(found.Transfer.ID), RequestID: form.once, Asked: fmt.Sprintf("%q %q %q", form.first, form.last, form.email),
		Words: func(g boxoffice.Giving) []byte {
			if len(g.Refused) > 0 {
				return nil
			}
			return []byte(s.addresses.received(g.Transfer.Key))
		},
	}
	transfer, err := s.gifts.Receive(ctx, req)
	if err == nil {
		return page{location: s.addresses.received(transfer.Key)}, nil
	}
	if before, ok := errors.AsType[*boxoffice.Replay](err); ok {
		return page{location: string(before.Words)}, nil
	}
	return s.refused(ctx, found, form, err)
}

func (s *site) decline(ctx context.Context, found boxoffice.Gift) (page, error) {
	if _, err := s.gifts.Decline(ctx, found.Transfer.ID); err != nil {
		return s.refused(ctx, found, said{}, err)
	}
	return messagePage(http.StatusOK, "You have declined",
		"The tickets have gone back to the sender, who is told by mail.", "If that was a mistake, ask the sender to give them to you again."), nil
}

// refused says why nothing changed hands.
func (s *site) refused(ctx context.Context, found boxoffice.Gift, form said, err error) (page, error) {
	switch {
	case errors.Is(err, fault.RecipientMismatch):
		return giftPage(found, form, &notice{"This is not the address that was invited",
			"The tickets were sent to another mail address. Type the one at which you got the message, or ask the sender to give them to this one."}), nil
	case errors.Is(err, fault.RecipientRequired):
		return giftPage(found, form, incomplete), nil
	case errors.Is(err, fault.EventClosed):
		return overPage(), nil
	case errors.Is(err, fault.TokenNotAvailable):
		return messagePage(http.StatusConflict, "A ticket is no longer there",
			"The venue has taken a ticket back since it was given to you, so they cannot be accepted. Ask the sender, or the venue."), nil
	case errors.Is(err, fault.TransferNotPending):
		now, lost := s.gifts.Gift(ctx, found.Transfer.ID)
		if lost != nil {
			return page{}, lost
		}
		if ended, ok := endedPage(now); ok {
			ended.status = http.StatusConflict
			return ended, nil
		}
	}
	return page{}, err
}

var incomplete = &notice{"Something is missing", "Your first name, your last name and your mail address are needed, none longer than a line."}

// problem is what can be seen of a form without asking anybody.
func (f said) problem() *notice {
	for _, name := range []string{f.first, f.last} {
		if name == "" || utf8.RuneCountInString(name) > nameLimit {
			return incomplete
		}
	}
	if f.email == "" || len(f.email) > emailLimit {
		return incomplete
	}
	return nil
}

// giftPage asks for the recipient's answer, again where there was a problem.
func giftPage(g boxoffice.Gift, form said, problem *notice) page {
	status := http.StatusOK
	if problem != nil {
		status = http.StatusUnprocessableEntity
	}
	v := &giftView{
		Organization: g.Organization.Name, From: g.From, Note: g.Transfer.Note, Tickets: len(g.Tickets), Events: eventsOf(g),
		Expires: momentText(g.Transfer.Expires, g.Organization.Location()),
		Named:   g.Transfer.Form == boxoffice.TokenForm, Once: rand.Text(),
		First: form.first, Last: form.last, Email: form.email, Problem: problem,
	}
	return page{
		status: status, template: "gift.html", form: true, Title: v.number("A ticket for you", "Tickets for you"),
		Accent: accentOf(g.Organization.ID), Gift: v,
	}
}

// eventsOf groups the seats by event, in the order they were given.
func eventsOf(g boxoffice.Gift) []givenEvent {
	var events []givenEvent
	at := map[boxoffice.EventID]int{}
	for _, t := range g.Tickets {
		i, known := at[t.Event]
		if e := g.Events[t.Event]; !known {
			i = len(events)
			at[t.Event] = i
			events = append(events, givenEvent{
				Title: cmp.Or(e.Title(), "Event"), Venue: e.FacilityName, When: scheduleOf(e.Start, e.End, g.Organization.Location()),
			})
		}
		events[i].Seats = append(events[i].Seats, placeOf(boxoffice.TicketPage{Ticket: t, Event: g.Events[t.Event]}))
	}
	return events
}

// endedPage says what became of a transfer that can be accepted no more. It names
// neither tickets nor people: by now the address is a forwarded mail's.
func endedPage(g boxoffice.Gift) (page, bool) {
	switch state := g.State(); {
	case state == boxoffice.TransferAccepted:
		return messagePage(http.StatusGone, "These tickets have been accepted",
			"They have new codes now. If you accepted them yourself, they are on the page that opened then: look for it among the pages you visited.",
			"If it was not you, ask whoever gave them to you. For help ask the box office of the venue."), true
	case state == boxoffice.TransferExpired:
		return messagePage(http.StatusGone, "The time to accept is over",
			"The tickets have gone back to the sender. Ask them to give them to you again."), true
	case state == boxoffice.TransferCancelled && declined(g.Transfer):
		return messagePage(http.StatusGone, "These tickets were declined",
			"They have gone back to the sender. If that was a mistake, ask the sender to give them to you again."), true
	case state == boxoffice.TransferCancelled:
		return messagePage(http.StatusGone, "The sender has taken these tickets back",
			"They cannot be accepted any more. For questions ask the sender."), true
	case g.Over():
		return overPage(), true
	}
	return page{}, false
}

func declined(t boxoffice.Transfer) bool {
	for _, step := range t.History {
		if step.Op == boxoffice.OpCancel && step.By == boxoffice.ByRecipient {
			return true
		}
	}
	return false
}

func messagePage(status int, title string, advice ...string) page {
	return page{status: status, Title: title, Advice: advice}
}

func overPage() page {
	return messagePage(http.StatusGone, "This event is over",
		"Tickets of an event that is over, or does not take place, cannot be accepted. For questions ask the sender.")
}

func noGiftPage() page {
	return messagePage(http.StatusNotFound, "There are no tickets at this address",
		"Part of the address may be missing: mail programs break long ones in two. Copy all of it into the address bar, or tap the link again where you got it.",
		"If it still leads here, ask the sender to give you the tickets again.")
}

func waitPage(wait time.Duration) page {
	p := messagePage(http.StatusTooManyRequests, "Too many tries",
		fmt.Sprintf("There were too many wrong addresses of late, so this page is closed for %s. Nothing is lost: try again then.", minutes(wait)))
	p.retry = max(1, int((wait+time.Second-1)/time.Second))
	return p
}

// minutes is a time to wait in words.
func minutes(wait time.Duration) string {
	n := int((wait + time.Minute - 1) / time.Minute)
	if n <= 1 {
		return "a minute"
	}
	return strconv.Itoa(n) + " minutes"
}

func badFormPage() page {
	return messagePage(http.StatusBadRequest, "This form cannot be read", "Go back, open the page again, and answer once more. Nothing was done.")
}

func foreignPage() page {
	return messagePage(http.StatusForbidden, "This form came from another site", "Open the link of your message, and answer there. Nothing was done.")
}

// momentText tells an instant at the venue.
func momentText(at time.Time, zone *time.Location) string {
	at = at.In(zone)
	return at.Format(dateForm+", 3:04 PM ") + zoneName(at)
}

// A receivedView is the tickets that somebody has accepted.
type receivedView struct {
	Shown   []*ticketView
	More    []furtherTicket
	Account bool // there is MyAccount
}

// A furtherTicket is one of so many that only its PDF is offered.
type furtherTicket struct{ Place, Address string }

// shownAtOnce is how many codes a page shows, as many as a print call names.
const shownAtOnce = 30

// received shows the tickets behind a sealed address.
func (s *site) received(r *http.Request) (page, error) {
	tickets, err := s.findReceived(r)
	if err != nil {
		return page{}, err
	}
	view := &receivedView{Account: s.lobby != nil}
	for i, t := range tickets {
		address := receivedPath + r.PathValue("key") + "/" + strconv.Itoa(i+1)
		if i >= shownAtOnce {
			if !gone(t) {
				view.More = append(view.More, furtherTicket{placeText(t), address + pdfName})
			}
			continue
		}
		one, err := viewOf(t)
		if err != nil {
			return page{}, err
		}
		if one.Code != nil {
			one.PDF, one.Pass = printsOf(address+pdfName, t.Organization), s.offer(address, t)
		}
		one.Demo = s.sandbox
		view.Shown = append(view.Shown, &one)
	}
	title := "Your tickets"
	if len(tickets) == 1 {
		title = "Your ticket"
	}
	return page{status: http.StatusOK, template: "received.html", Title: title, Accent: accentOf(tickets[0].Organization.ID), Tickets: view}, nil
}

// receivedPDF is one of them on paper.
func (s *site) receivedPDF(r *http.Request) (page, error) {
	found, err := s.receivedPlace(r)
	if err != nil {
		return page{}, err
	}
	return s.printed(r, found)
}

// receivedPlace is the ticket that an address names by its place among them.
func (s *site) receivedPlace(r *http.Request) (boxoffice.TicketPage, error) {
	tickets, err := s.findReceived(r)
	if err != nil {
		return boxoffice.TicketPage{}, err
	}
	place, err := strconv.Atoi(r.PathValue("place"))
	if err != nil || place < 1 || place > len(tickets) || strconv.Itoa(place) != r.PathValue("place") {
		return boxoffice.TicketPage{}, fault.DocumentUnknown
	}
	return tickets[place-1], nil
}

func (s *site) findReceived(r *http.Request) ([]boxoffice.TicketPage, error) {
	key, ok := s.addresses.receivedBy(r.PathValue("key"))
	if !ok {
		return nil, fault.DocumentUnknown
	}
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	tickets, err := s.gifts.Received(ctx, key)
	if errors.Is(err, fault.TransferUnknown) || err == nil && len(tickets) == 0 {
		err = fault.DocumentUnknown
	}
	return tickets, err
}

// placeText is a ticket's place on one line.
func placeText(p boxoffice.TicketPage) string {
	var words []string
	for _, f := range placeOf(p) {
		words = append(words, f.Label+" "+f.Value)
	}
	return strings.Join(words, ", ")
}
