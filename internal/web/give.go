package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Belongings are a patron's tickets with their codes, and what they give and are
// given, as boxoffice.Office has it. It is called by many goroutines at once.
type Belongings interface {
	Chosen(ctx context.Context, accounts []boxoffice.Account, tokens []boxoffice.Token) ([]boxoffice.Holding, error)
	GiveToFriend(ctx context.Context, req boxoffice.FriendRequest) (boxoffice.Giving, error)
	OwnTransfers(ctx context.Context, accounts []boxoffice.Account, person boxoffice.PersonKey, limit int) ([]boxoffice.OwnTransfer, error)
	OwnTransfer(ctx context.Context, accounts []boxoffice.Account, person boxoffice.PersonKey, code string) (boxoffice.OwnTransfer, error)
	TakeGiftBack(ctx context.Context, accounts []boxoffice.Account, code string) error
	OwnTicket(ctx context.Context, accounts []boxoffice.Account, token boxoffice.Token) (boxoffice.OwnTicket, error)
}

// A giveView asks to whom chosen tickets are given.
type giveView struct {
	Account boxoffice.Account // whose they are
	Once    string            // by which this form is known when it comes twice
	Events  []seatsOfEvent
	Count   int
	Left    *notice // what of the choice is not given

	First, Last, Email, Note string // as they were typed
	Problem                  *notice
}

// What counts the tickets in words.
func (v giveView) What() string {
	if v.Count == 1 {
		return "the ticket"
	}
	return strconv.Itoa(v.Count) + " tickets"
}

// A giveForm is what that page sends, and the page where seats are chosen.
type giveForm struct {
	account boxoffice.Account
	tokens  []boxoffice.Token
	friend  said
	note    string
}

// noteLimit is for a few lines.
const noteLimit = 300 // characters

// chosenAgain is the address of the page for what a form has chosen, as far as an
// address may be long. Names and mail addresses are typed again: an address of a
// page is no place for them.
func chosenAgain(r *http.Request) string {
	form, err := accountForm(r)
	if err != nil {
		return accountPath
	}
	return givingAddress(form["token"]...)
}

func givingAddress(tokens ...string) string {
	return safeReturn(givePath + "?" + url.Values{"token": tokens}.Encode())
}

// give shows the page for tickets that the address names.
func (s *site) give(r *http.Request, v visitor) (page, error) {
	return s.givePage(r.Context(), v, giveForm{tokens: tokensOf(r.URL.Query())}, nil)
}

// tokensOf are the tickets that a form or an address names.
func tokensOf(form url.Values) (tokens []boxoffice.Token) {
	for _, token := range form["token"] {
		tokens = append(tokens, boxoffice.Token(token))
	}
	return tokens
}

// isWord reports whether a text can be a name that the books have: databases take no
// others.
func isWord(text string) bool {
	const longest = 256 // bytes, of a confirmation code
	return text != "" && len(text) <= longest && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// givePage looks at the tickets once more, and asks. Those that can be given are in
// it, those of one account alone: they go together.
func (s *site) givePage(ctx context.Context, v visitor, form giveForm, problem *notice) (page, error) {
	if len(form.tokens) == 0 {
		return s.again(v, http.StatusUnprocessableEntity, "No seat is chosen", "Go back, and choose the seats that you want to give away."), nil
	}
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	chosen, err := s.belongings.Chosen(ctx, v.Accounts(), form.tokens)
	if errors.Is(err, fault.BatchSize) {
		return badFormPage(), nil
	}
	if err != nil {
		return page{}, err
	}
	if len(chosen) == 0 && form.account.Patron == "" {
		return nothingPage(), nil // none of them is, or was, the visitor's
	}
	view := &giveView{
		Account: form.account, Once: rand.Text(), Problem: problem,
		First: form.friend.first, Last: form.friend.last, Email: form.friend.email, Note: form.note,
	}
	var kept []boxoffice.Holding
	for _, h := range chosen {
		if !h.State.Offerable() {
			continue
		}
		if view.Account.Patron == "" {
			view.Account = h.Account
		}
		if h.Account == view.Account {
			kept = append(kept, h)
		}
	}
	if view.Count = len(kept); view.Count == 0 {
		return s.again(v, http.StatusConflict, "These seats cannot be given any more",
			"They were sold, listed, given away, used or held since you chose them. Nothing was given."), nil
	}
	view.Events, view.Left = seatsByEvent(kept, view.Account.Organization), leftOut(len(form.tokens)-len(kept))
	p := page{status: http.StatusOK, template: "give.html", Title: "Give to a friend", Give: view}
	switch {
	case problem != nil:
		p.status = http.StatusUnprocessableEntity
	case view.Left != nil:
		p.status = http.StatusConflict
	}
	p = v.frame(p, "")
	p.Accent = accentOf(view.Account.Organization)
	return p, nil
}

func leftOut(n int) *notice {
	switch n {
	case 0:
		return nil
	case 1:
		return &notice{"One seat is left out", "It was sold, put on sale, given away, used or held since you chose it, or belongs to another account. The others are kept."}
	}
	return &notice{strconv.Itoa(n) + " seats are left out", "They were sold, put on sale, given away, used or held since you chose them, or belong to another account. The others are kept."}
}

// answerGive shows the page for what was chosen, or gives it.
func (s *site) answerGive(r *http.Request, v visitor) (page, error) {
	typed, err := accountForm(r)
	if err != nil {
		return badFormPage(), nil
	}
	form := giveForm{tokens: tokensOf(typed)}
	if typed.Get("answer") != "give" {
		return s.givePage(r.Context(), v, form, nil)
	}
	org, err := strconv.ParseInt(typed.Get("organization"), 10, 64)
	form.account = boxoffice.Account{Organization: access.OrganizationID(org), Patron: boxoffice.PatronID(typed.Get("account"))}
	if err != nil || !v.has(form.account) || len(form.tokens) == 0 {
		return badFormPage(), nil
	}
	form.friend, form.note = saidIn(typed), noteOf(typed.Get("note"))
	if problem := form.problem(); problem != nil {
		form.friend.first, form.friend.last, form.friend.email = cut(form.friend.first, nameLimit), cut(form.friend.last, nameLimit), cut(form.friend.email, emailLimit)
		form.note = cut(form.note, noteLimit)
		return s.givePage(r.Context(), v, form, problem)
	}
	ctx, done := context.WithTimeout(r.Context(), patience)
	defer done()
	given, err := s.belongings.GiveToFriend(ctx, boxoffice.FriendRequest{
		Account: form.account, Tokens: form.tokens, Note: form.note, Once: form.friend.once,
		Friend: boxoffice.Contact{FirstName: form.friend.first, LastName: form.friend.last, Emails: []boxoffice.Email{{Address: form.friend.email}}},
	})
	if limited, ok := errors.AsType[*access.LimitError](err); ok {
		p := s.again(v, http.StatusTooManyRequests, "That is a lot of gifts", "So many were given within an hour that we wait for "+minutes(limited.Wait)+". Nothing was given this time.")
		p.retry = max(1, int((limited.Wait+time.Second-1)/time.Second))
		return p, nil
	}
	switch {
	case errors.Is(err, fault.BatchSize):
		return badFormPage(), nil
	case errors.Is(err, fault.RecipientRequired):
		return s.givePage(r.Context(), v, form, friendUnclear)
	case err != nil:
		return page{}, err
	case len(given.Refused) > 0:
		return s.givePage(r.Context(), v, form, nil)
	}
	return page{location: transferAddress(given.Transfer.Code) + "?done=1"}, nil
}

// has reports whether an account is the visitor's.
func (v visitor) has(account boxoffice.Account) bool {
	return slices.Contains(v.Accounts(), account)
}

// saidIn is what a form says of a person.
func saidIn(form url.Values) said {
	field := func(name string) string {
		return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(form.Get(name), ""), "\x00", ""))
	}
	typed := said{once: field("once"), first: field("first"), last: field("last"), email: field("email")}
	if len(typed.once) != onceLength {
		typed.once = ""
	}
	return typed
}

// noteOf is a note with nothing in it but letters, spaces and lines: what steers the
// direction of a text would reach beyond it.
func noteOf(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
}

var (
	friendUnclear = &notice{"It is not clear who that is", "Your friend’s first name, last name and mail address are needed, each on one line."}
	noteTooLong   = &notice{"The note is too long", "It has " + strconv.Itoa(noteLimit) + " characters at most. What is beyond them was cut off."}
)

func (f giveForm) problem() *notice {
	address, err := mail.ParseAddress(f.friend.email)
	switch {
	case f.friend.problem() != nil, err != nil, cmp.Or(address, new(mail.Address)).Address != f.friend.email:
		return friendUnclear
	case utf8.RuneCountInString(f.note) > noteLimit:
		return noteTooLong
	}
	return nil
}

// cut is the beginning of a text.
func cut(text string, characters int) string {
	letters := []rune(text)
	return string(letters[:min(len(letters), characters)])
}
