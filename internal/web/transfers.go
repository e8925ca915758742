package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// transfersShown is how many transfers one page has, the newest.
const transfersShown = 100

// A transfersView is what somebody gave and was given.
type transfersView struct{ Given, Received []transferLine }

// A transferLine is one of them in a list.
type transferLine struct {
	Address  string
	Whom     string // to whom, "" of what was received
	Sent     string
	Count    string
	State    string
	Accept   bool
	Headline string // the events
}

// A transferView is one transfer with what can be done about it.
type transferView struct {
	Done     bool // it was begun just now
	Headline string
	From, To string // one of them
	Mail     string // where the recipient was told of it, for the sender
	Note     string
	Gift     giftView
	State    string
	Accept   string // where the visitor accepts it, "" where they cannot
	TakeBack bool
	Partners bool // it is pending, and a partner's to take back
}

func transferAddress(code string) string { return transfersPath + "/" + url.PathEscape(code) }

// transferWord says how a transfer stands.
func transferWord(t boxoffice.OwnTransfer) string {
	switch t.State() {
	case boxoffice.TransferAccepted:
		return "accepted"
	case boxoffice.TransferExpired:
		return "not accepted in time"
	case boxoffice.TransferCancelled:
		if declined(t.Transfer) {
			return "declined"
		}
		return "taken back"
	case boxoffice.TransferPending:
	}
	return "not accepted yet"
}

// myTransfers shows the newest.
func (s *site) myTransfers(r *http.Request, v visitor) (page, error) {
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	own, err := s.belongings.OwnTransfers(ctx, v.Accounts(), v.Person, transfersShown)
	if err != nil {
		return page{}, err
	}
	view := new(transfersView)
	for _, t := range own {
		line := transferLine{
			Address: transferAddress(t.Transfer.Code), Sent: momentText(t.Transfer.Sent, t.Organization.Location()),
			Count: giftView{Tickets: len(t.Tickets)}.number("1 ticket", strconv.Itoa(len(t.Tickets))+" tickets"), State: listWord(t), Accept: t.Acceptable(), Headline: headline(t.Gift),
		}
		if t.Given {
			line.Whom = invitedName(t.Transfer)
			view.Given = append(view.Given, line)
		}
		if !t.Given || t.Invited {
			line.Whom = ""
			view.Received = append(view.Received, line)
		}
	}
	return v.frame(page{status: http.StatusOK, template: "transfers.html", Title: "My transfers", Transfers: view}, transfersPath), nil
}

// listWord is transferWord where the history was not read: who ended a transfer is
// not told.
func listWord(t boxoffice.OwnTransfer) string {
	if t.State() == boxoffice.TransferCancelled {
		return "taken back or declined"
	}
	return transferWord(t)
}

// invitedName is whom the sender named, or how.
func invitedName(t boxoffice.Transfer) string {
	name := strings.TrimSpace(t.Invited.FirstName + " " + t.Invited.LastName)
	switch {
	case name != "":
		return name
	case len(t.Invited.Emails) > 0:
		return t.Invited.Emails[0].Address
	}
	return "somebody"
}

// headline names the events of a gift.
func headline(g boxoffice.Gift) string {
	var names []string
	for _, e := range eventsOf(g) {
		names = append(names, e.Title)
	}
	return strings.Join(names, " · ")
}

// myTransfer shows one.
func (s *site) myTransfer(r *http.Request, v visitor) (page, error) {
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	code := r.PathValue("transfer")
	if !isWord(code) {
		return nothingPage(), nil
	}
	own, err := s.belongings.OwnTransfer(ctx, v.Accounts(), v.Person, code)
	if errors.Is(err, fault.TransferUnknown) {
		return nothingPage(), nil
	}
	if err != nil {
		return page{}, err
	}
	view := &transferView{
		Done: r.URL.Query().Get("done") == "1" && own.Given && own.State() == boxoffice.TransferPending, Headline: headline(own.Gift), Note: own.Transfer.Note, State: transferWord(own),
		Gift:     giftView{Tickets: len(own.Tickets), Events: eventsOf(own.Gift), Expires: momentText(own.Transfer.Expires, own.Organization.Location())},
		TakeBack: own.Revocable(), Partners: own.Given && own.State() == boxoffice.TransferPending && !own.Revocable(),
	}
	if own.Given {
		view.To = invitedName(own.Transfer)
		if len(own.Transfer.Invited.Emails) > 0 {
			view.Mail = own.Transfer.Invited.Emails[0].Address
		}
	} else {
		view.From = own.From
	}
	if own.Acceptable() {
		view.Accept = receivePath + url.PathEscape(string(own.Transfer.ID))
	}
	title := "Given to you"
	if own.Given {
		title = "Given away"
	}
	p := v.frame(page{status: http.StatusOK, template: "transfer.html", Title: title, Transfer: view}, transfersPath)
	p.Accent = accentOf(own.Organization.ID)
	return p, nil
}

// answerTransfer takes one back.
func (s *site) answerTransfer(r *http.Request, v visitor) (page, error) {
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	code := r.PathValue("transfer")
	if !isWord(code) {
		return nothingPage(), nil
	}
	err := s.belongings.TakeGiftBack(ctx, v.Accounts(), code)
	switch {
	case errors.Is(err, fault.TransferUnknown):
		return nothingPage(), nil
	case errors.Is(err, boxoffice.ErrPartnersTransfer):
		return s.again(v, http.StatusConflict, "It was begun with a marketplace", "Take it back where you began it: they may have sold the tickets. Nothing was done."), nil
	case errors.Is(err, fault.TransferNotPending):
		return s.again(v, http.StatusConflict, "It cannot be taken back any more", "It was accepted, or its time was over, before you asked. Look at it again under My transfers."), nil
	case err != nil:
		return page{}, err
	}
	return page{location: r.URL.EscapedPath()}, nil
}
