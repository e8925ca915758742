package web

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/pagetest"
)

// hostileText is a name that somebody made up to do harm, 10 kB of it.
var hostileText = `<script>alert(1)</script>` + "\u202e" + strings.Repeat("long ", 2000)

// A givingBook has two tickets that can be given and one that cannot, a transfer in
// each direction, and a ticket of each state.
type givingBook struct {
	*accountBook
	asked    []boxoffice.FriendRequest
	refused  int
	err      error // of what is done
	taken    int
	any      bool // every transfer and listing is there
	transfer boxoffice.OwnTransfer
	ticket   boxoffice.OwnTicket
	holdings []boxoffice.Holding
	over     []boxoffice.Holding
}

func givingHolding(token boxoffice.Token, seat string, state boxoffice.HoldingState) boxoffice.Holding {
	return boxoffice.Holding{
		Account: adaAccount, Token: token, Event: "999:F:1", EventName: "Football vs. Ridgemont", FacilityName: "State Stadium", Section: "ES:9", Row: "12", Seat: seat, State: state, Resale: true,
	}
}

// givenTransfer is ada's gift to juan, or juan's to ada.
func givenTransfer(given bool, change ...func(*boxoffice.OwnTransfer)) boxoffice.OwnTransfer {
	gift := present()
	gift.Transfer.Code, gift.Transfer.Note, gift.Transfer.Invited = "3785222-AMTX:10237", "See you at the game.\nBring a scarf!", boxoffice.Contact{
		FirstName: "Juan", LastName: "Ramírez", Emails: []boxoffice.Email{{Address: "juan@example.com"}},
	}
	gift.Transfer.Sent = gift.Now
	t := boxoffice.OwnTransfer{Gift: gift, Given: given, Invited: !given}
	if given {
		t.Transfer.ID = ""
	} else {
		t.From = "Juan R."
	}
	for _, f := range change {
		f(&t)
	}
	return t
}

func (b *givingBook) Holdings(_ context.Context, _ []boxoffice.Account, within boxoffice.Bounds) ([]boxoffice.Holding, error) {
	if within.Over {
		return b.over, nil
	}
	return b.holdings, nil
}

func (b *givingBook) Chosen(_ context.Context, _ []boxoffice.Account, tokens []boxoffice.Token) (chosen []boxoffice.Holding, _ error) {
	for _, token := range tokens {
		for _, h := range b.holdings {
			if h.Token == token {
				chosen = append(chosen, h)
			}
		}
	}
	return chosen, nil
}

func (b *givingBook) GiveToFriend(_ context.Context, req boxoffice.FriendRequest) (boxoffice.Giving, error) {
	b.asked = append(b.asked, req)
	return boxoffice.Giving{Transfer: boxoffice.Transfer{Code: "3785222-AMTX:10237"}, Refused: make([]boxoffice.Refusal, b.refused)}, b.err
}

func (b *givingBook) OwnTransfers(context.Context, []boxoffice.Account, boxoffice.PersonKey, int) ([]boxoffice.OwnTransfer, error) {
	if b.transfer.Transfer.Code == "" {
		return nil, nil
	}
	return []boxoffice.OwnTransfer{b.transfer, givenTransfer(!b.transfer.Given)}, nil
}

func (b *givingBook) OwnTransfer(_ context.Context, _ []boxoffice.Account, _ boxoffice.PersonKey, code string) (boxoffice.OwnTransfer, error) {
	if code != b.transfer.Transfer.Code && !b.any {
		return boxoffice.OwnTransfer{}, fault.TransferUnknown
	}
	return b.transfer, nil
}

func (b *givingBook) TakeGiftBack(_ context.Context, _ []boxoffice.Account, code string) error {
	if code != b.transfer.Transfer.Code && !b.any {
		return fault.TransferUnknown
	}
	if b.err == nil {
		b.taken++
	}
	return b.err
}

func (b *givingBook) OwnListing(ctx context.Context, accounts []boxoffice.Account, id boxoffice.ListingID) (boxoffice.OwnListing, error) {
	if b.any {
		return b.listing(), nil
	}
	return b.accountBook.OwnListing(ctx, accounts, id)
}

func (b *givingBook) TakeBack(ctx context.Context, accounts []boxoffice.Account, id boxoffice.ListingID) error {
	if b.any {
		return nil
	}
	return b.accountBook.TakeBack(ctx, accounts, id)
}

func (b *givingBook) OwnTicket(_ context.Context, _ []boxoffice.Account, token boxoffice.Token) (boxoffice.OwnTicket, error) {
	if token != b.ticket.Ticket.Token {
		return boxoffice.OwnTicket{}, fault.TokenUnknown
	}
	return b.ticket, nil
}

// ownFootball is a ticket of ada's in a state.
func ownFootball(state boxoffice.HoldingState, code bool) boxoffice.OwnTicket {
	t := boxoffice.OwnTicket{TicketPage: football(), Account: adaAccount, State: state}
	t.Holder = ""
	t.Ticket.Void = state == boxoffice.HoldingVoid
	if !code {
		t.Ticket.Barcode = ""
	}
	return t
}

// newGivingScene is an accountScene whose account has this book.
func newGivingScene(t *testing.T, change ...func(*Options)) (*accountScene, *givingBook) {
	t.Helper()
	s := newAccountScene(t)
	book := &givingBook{accountBook: s.book, transfer: givenTransfer(true), ticket: ownFootball(boxoffice.HoldingFree, true), holdings: []boxoffice.Holding{
		givingHolding("T1", "7", boxoffice.HoldingFree), givingHolding("T2", "8", boxoffice.HoldingSent), givingHolding("T3", "9", boxoffice.HoldingLocked),
	}, over: []boxoffice.Holding{givingHolding("T0", "1", boxoffice.HoldingOver)}}
	desk := access.NewDesk(nil, nil, func() time.Time { return s.now })
	lobby := boxoffice.NewLobby(s.visits, accountPeople{}, desk.Knock, func() time.Time { return s.now })
	gift := givenTransfer(false).Gift
	gift.Transfer.Invitee = "ada@example.com"
	options := Options{Lobby: lobby, Accounts: book, Belongings: book}
	for _, f := range change {
		f(&options)
	}
	s.site = New(nil, &gifts{gift: gift}, addresses(t), options)
	return s, book
}

// givingForm gives T1 and T2 to juan.
func givingForm() url.Values {
	return url.Values{
		"answer": {"give"}, "organization": {"999"}, "account": {string(adaAccount.Patron)}, "token": {"T1", "T2"}, "once": {strings.Repeat("A", onceLength)},
		"first": {"Juan"}, "last": {" Ramírez "}, "email": {"juan@example.com"}, "note": {"See you\r\nthere\u202e"},
	}
}

func TestTicketsAreGivenToAFriend(t *testing.T) {
	with := func(name string, values ...string) url.Values {
		form := maps.Clone(givingForm())
		form[name] = values
		return form
	}
	tests := []struct {
		name    string
		form    url.Values
		refused int
		err     error
		status  int
		asked   int
		says    string // on the page; where it leads for 303
	}{
		{"two of them", givingForm(), 0, nil, 303, 1, transfersPath + "/3785222-AMTX:10237?done=1"},
		{"chosen on the page of seats", url.Values{"organization": {"999"}, "token": {"T1"}, "channel": {"row"}}, 0, nil, 200, 0, "Give the ticket"},
		{"none chosen", url.Values{"organization": {"999"}}, 0, nil, 422, 0, "No seat is chosen"},
		{"one that went on sale since", url.Values{"token": {"T1", "T3"}}, 0, nil, 409, 0, "One seat is left out"},
		{"all of them on sale since", url.Values{"token": {"T3"}}, 0, nil, 409, 0, "cannot be given any more"},
		{"somebody else's alone", url.Values{"token": {"X"}}, 0, nil, 404, 0, "nothing at this address"},
		{"one that was sold while the form was filled in", with("token", "T1", "T9"), 1, nil, 409, 1, `value="Juan"`},
		{"without a name", with("first", " "), 0, nil, 422, 0, "not clear who that is"},
		{"without an address", with("email"), 0, nil, 422, 0, "not clear who that is"},
		{"an address that is none", with("email", "juan at home"), 0, nil, 422, 0, "not clear who that is"},
		{"an address with a name", with("email", "Juan <juan@example.com>"), 0, nil, 422, 0, "not clear who that is"},
		{"a name of 10 kB", with("last", hostileText), 0, nil, 422, 0, "not clear who that is"},
		{"a note of 10 kB", with("note", hostileText), 0, nil, 422, 0, "The note is too long"},
		{"a friend who cannot be found again", givingForm(), 0, fault.RecipientRequired, 422, 1, "not clear who that is"},
		{"more gifts than an hour may have", givingForm(), 0, &access.LimitError{Wait: 31 * time.Minute}, 429, 1, "wait for 31 minutes"},
		{"too many", givingForm(), 0, fault.BatchSize, 400, 1, "cannot be read"},
		{"another account", with("account", "1"), 0, nil, 400, 0, "cannot be read"},
		{"another organization", with("organization", "998"), 0, nil, 400, 0, "cannot be read"},
		{"no organization", with("organization", "x"), 0, nil, 400, 0, "cannot be read"},
		{"the office is busy", givingForm(), 0, fault.Busy, 503, 1, "busy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, book := newGivingScene(t)
			s.signIn("")
			book.refused, book.err = tt.refused, tt.err
			w := s.ask(givePath, tt.form)
			if w.Code != tt.status || len(book.asked) != tt.asked || !strings.Contains(w.Header().Get("Location")+w.Body.String(), tt.says) {
				t.Errorf("%d to %q after %d gifts: %s", w.Code, w.Header().Get("Location"), len(book.asked), w.Body)
			}
			if strings.Contains(w.Body.String(), "<script") || strings.Contains(w.Body.String(), `value="T3"`) {
				t.Errorf("the page has what it may not: %s", w.Body)
			}
		})
	}
	s, book := newGivingScene(t)
	s.signIn("")
	s.ask(givePath, givingForm())
	if got := book.asked[0]; got.Account != adaAccount || len(got.Tokens) != 2 || got.Friend.LastName != "Ramírez" || got.Note != "See you\nthere" || got.Once == "" {
		t.Errorf("the office was asked %+v", got)
	}
	if w := s.ask(givePath, givingForm(), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); w.Code != 403 || len(book.asked) != 1 {
		t.Errorf("a form of another site: %d after %d gifts", w.Code, len(book.asked))
	}
}

// Whoever's session is over comes back to what they had chosen, and what they typed
// of their friend stands in no address.
func TestAnEndedSessionComesBackToTheChoice(t *testing.T) {
	s, book := newGivingScene(t)
	long := givingForm()
	long["token"] = strings.Split(strings.Repeat("129BL7ASUULGLT2X0 ", 100), " ")
	for _, tt := range []struct {
		name, path string
		form       url.Values
		back       string
	}{
		{"a form", givePath, givingForm(), givePath + "?token=T1&token=T2"},
		{"a form with more than an address may have", givePath, long, accountPath},
		{"a ticket", ticketsPath + "/T1", nil, ticketsPath + "/T1"},
		{"its PDF", ticketsPath + "/T1/ticket.pdf?paper=a4", nil, ticketsPath + "/T1/ticket.pdf?paper=a4"},
		{"a transfer", transfersPath + "/3785222-AMTX:10237", url.Values{}, transfersPath + "/3785222-AMTX:10237"},
		{"the transfers", transfersPath, nil, transfersPath},
		{"past events", pastPath, nil, pastPath},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.ask(tt.path, tt.form)
			if want := signInPath + "?to=" + url.QueryEscape(tt.back); w.Code != 303 || w.Header().Get("Location") != want {
				t.Errorf("%d to %q; want %q", w.Code, w.Header().Get("Location"), want)
			}
			if got := safeReturn(tt.back); got != tt.back {
				t.Errorf("after signing in it leads to %q", got)
			}
		})
	}
	if len(book.asked)+book.taken != 0 {
		t.Error("something was done for somebody who is not signed in")
	}
}

// What cannot be a name of the books is not looked for: a database would refuse it, and
// the page would say that it is our fault.
func TestWhatCannotBeANameIsNotThere(t *testing.T) {
	for _, odd := range []string{"%00", "%ff", "a%0ab", strings.Repeat("x", 10_000)} {
		s, book := newGivingScene(t)
		s.signIn("")
		book.any = true // it would have found it
		for _, path := range []string{transfersPath, listingsPath} {
			for _, form := range []url.Values{nil, {}} {
				if w := s.ask(path+"/"+odd, form); w.Code != 404 {
					t.Errorf("%s/%.20s: %d", path, odd, w.Code)
				}
			}
		}
	}
}

func TestATransferIsTakenBackByItsSenderAlone(t *testing.T) {
	tests := []struct {
		name, code string
		err        error
		status     int
		taken      int
		says       string
	}{
		{"their own", "3785222-AMTX:10237", nil, 303, 1, ""},
		{"somebody else's", "1-AMTX:1", nil, 404, 0, "nothing at this address"},
		{"one that was accepted meanwhile", "3785222-AMTX:10237", fault.TransferNotPending, 409, 0, "cannot be taken back any more"},
		{"a partner's", "3785222-AMTX:10237", boxoffice.ErrPartnersTransfer, 409, 0, "begun with a marketplace"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, book := newGivingScene(t)
			s.signIn("")
			book.err = tt.err
			path := transfersPath + "/" + tt.code
			w := s.ask(path, url.Values{})
			if w.Code != tt.status || book.taken != tt.taken || !strings.Contains(w.Body.String(), tt.says) || w.Code == 303 && w.Header().Get("Location") != path {
				t.Errorf("%d to %q: %s", w.Code, w.Header().Get("Location"), w.Body)
			}
		})
	}
}

// The transferId, by which tickets are accepted, is shown to the one invited alone.
func TestTheWayToAcceptIsForTheOneInvited(t *testing.T) {
	s, book := newGivingScene(t)
	s.signIn("")
	book.transfer = givenTransfer(true)
	for _, path := range []string{transfersPath, transfersPath + "/3785222-AMTX:10237"} {
		if w := s.ask(path, nil); w.Code != 200 || strings.Contains(w.Body.String(), transferID) {
			t.Errorf("%s of the sender: %d %s", path, w.Code, w.Body)
		}
	}
	book.transfer = givenTransfer(false)
	if w := s.ask(transfersPath+"/3785222-AMTX:10237", nil); w.Code != 200 || !strings.Contains(w.Body.String(), `href="`+receivePath+transferID+`"`) {
		t.Errorf("of the one invited: %d %s", w.Code, w.Body)
	}
	// There the form knows who they are, and nobody else's does.
	if w := s.ask(receivePath+transferID, nil); w.Code != 200 || !strings.Contains(w.Body.String(), `value="juan@example.com"`) {
		t.Errorf("the page to accept, signed in: %d %s", w.Code, w.Body)
	}
	s.signOut()
	if w := s.ask(receivePath+transferID, nil); w.Code != 200 || strings.Contains(w.Body.String(), "juan@example.com") {
		t.Errorf("the page to accept, signed out: %d %s", w.Code, w.Body)
	}
}

func TestAnOwnTicketHasItsCodeAndItsPrint(t *testing.T) {
	tests := []struct {
		state  boxoffice.HoldingState
		code   bool
		pdf    int
		says   string
		giving bool
	}{
		{boxoffice.HoldingFree, true, 200, "Print on paper", true},
		{boxoffice.HoldingLocked, false, 409, "This ticket is on sale", false},
		{boxoffice.HoldingOrdered, false, 409, "Somebody is buying", false},
		{boxoffice.HoldingOffered, false, 409, "You are giving this ticket away", false},
		{boxoffice.HoldingHeld, false, 409, "The venue keeps this ticket back", false},
		{boxoffice.HoldingUsed, false, 409, "This ticket was used", false},
		{boxoffice.HoldingVoid, false, 410, "no longer valid", false},
		{boxoffice.HoldingOver, true, 200, "Print on paper", false},
	}
	for _, tt := range tests {
		t.Run(string(tt.state), func(t *testing.T) {
			s, book := newGivingScene(t)
			s.signIn("")
			book.ticket = ownFootball(tt.state, tt.code)
			path := ticketAddress(book.ticket.Ticket.Token)
			w := s.ask(path, nil)
			body := w.Body.String()
			if w.Code != 200 || strings.Contains(body, "<svg") != tt.code || !strings.Contains(body, tt.says) || strings.Contains(body, "Give it to a friend") != tt.giving {
				t.Errorf("%d %s", w.Code, body)
			}
			if tt.code && !strings.Contains(body, "Ada") {
				t.Error("the page does not name its holder")
			}
			if csp := w.Header().Get("Content-Security-Policy"); csp != policy("'self'") || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("the page may %s, and is kept: %s", csp, w.Header().Get("Cache-Control"))
			}
			if w := s.ask(path+pdfName, nil); w.Code != tt.pdf || (w.Header().Get("Content-Type") == "application/pdf") != (tt.pdf == 200) {
				t.Errorf("its PDF: %d %s", w.Code, w.Header().Get("Content-Type"))
			}
			for _, other := range []string{ticketAddress("X"), ticketAddress("X") + pdfName} {
				if w := s.ask(other, nil); w.Code != 404 {
					t.Errorf("somebody else's %s: %d", other, w.Code)
				}
			}
		})
	}
}

func TestAnOwnTicketHasAPassWhereItHasACode(t *testing.T) {
	t.Parallel()
	signs, _ := passHouse(t)
	s, book := newGivingScene(t, func(o *Options) { o.Wallet = signs.Wallet })
	path := ticketAddress(book.ticket.Ticket.Token)
	if w := s.ask(path+passName, nil); w.Code != 303 {
		t.Errorf("signed out its pass is %d", w.Code)
	}
	s.signIn("")
	for _, tt := range []struct {
		state  boxoffice.HoldingState
		code   bool
		status int
	}{{boxoffice.HoldingFree, true, 200}, {boxoffice.HoldingLocked, false, 409}, {boxoffice.HoldingVoid, false, 410}} {
		book.ticket = ownFootball(tt.state, tt.code)
		if w := s.ask(path, nil); strings.Contains(w.Body.String(), `href="`+path+passName+`"`) != tt.code {
			t.Errorf("of what is %s the page is %s", tt.state, w.Body)
		}
		if w := s.ask(path+passName, nil); w.Code != tt.status || (w.Header().Get("Content-Type") == "application/vnd.apple.pkpass") != tt.code {
			t.Errorf("the pass of what is %s: %d %s", tt.state, w.Code, w.Header().Get("Content-Type"))
		}
	}
	if w := s.ask(ticketAddress("X")+passName, nil); w.Code != 404 {
		t.Errorf("somebody else's pass: %d", w.Code)
	}
}

// Every page of what patrons have and give, as it is.
func TestGoldenBelongings(t *testing.T) {
	state := func(state boxoffice.TransferState) func(*boxoffice.OwnTransfer) {
		return func(t *boxoffice.OwnTransfer) { t.Transfer.State = state }
	}
	partners := func(t *boxoffice.OwnTransfer) { t.Transfer.Channel = "row" }
	one := transfersPath + "/3785222-AMTX:10237"
	tests := []struct {
		name   string
		path   string
		form   url.Values
		change func(*givingBook)
		status int
	}{
		{"account-give", givePath + "?token=T1&token=T2", nil, nil, 200},
		{"account-give-one", givePath + "?token=T1", nil, nil, 200},
		{"account-give-left-out", givePath + "?token=T1&token=T3&token=T9", nil, nil, 409},
		{"account-give-unclear", givePath, url.Values{"answer": {"give"}, "organization": {"999"}, "account": {"3785222"}, "token": {"T1"}, "first": {`"><script>`}, "last": {"\u202eبن"}, "note": {"<b>"}}, nil, 422},
		{"account-give-none", givePath, url.Values{}, nil, 422},
		{"account-give-gone", givePath + "?token=T3", nil, nil, 409},
		{"account-transfers", transfersPath, nil, nil, 200},
		{"account-transfers-none", transfersPath, nil, func(b *givingBook) { b.transfer = boxoffice.OwnTransfer{} }, 200},
		{"account-transfer-given", one + "?done=1", nil, nil, 200},
		{"account-transfer-of-partner", one, nil, func(b *givingBook) { b.transfer = givenTransfer(true, partners) }, 200},
		{"account-transfer-accepted", one + "?done=1", nil, func(b *givingBook) { b.transfer = givenTransfer(true, state(boxoffice.TransferAccepted)) }, 200},
		{"account-transfer-received", one, nil, func(b *givingBook) { b.transfer = givenTransfer(false) }, 200},
		{"account-transfer-late", one, nil, func(b *givingBook) {
			b.transfer = givenTransfer(false, func(t *boxoffice.OwnTransfer) { t.Now, t.From = t.Transfer.Expires, "" })
		}, 200},
		{"account-tickets", ticketsPath, nil, nil, 200},
		{"account-tickets-none", ticketsPath, nil, func(b *givingBook) { b.holdings = nil }, 200},
		{"account-past", pastPath, nil, nil, 200},
		{"account-past-none", pastPath, nil, func(b *givingBook) { b.over = nil }, 200},
		{"account-ticket", ticketAddress(football().Ticket.Token), nil, nil, 200},
		{"account-ticket-given", ticketAddress(football().Ticket.Token), nil, func(b *givingBook) { b.ticket = ownFootball(boxoffice.HoldingOffered, false) }, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, book := newGivingScene(t)
			s.signIn("")
			if tt.change != nil {
				tt.change(book)
			}
			w := s.ask(tt.path, tt.form)
			if w.Code != tt.status {
				t.Errorf("%s = %d; want %d", tt.path, w.Code, tt.status)
			}
			golden(t, tt.name, onceIn.ReplaceAllString(w.Body.String(), `name="once" value="ONCE"`))
		})
	}
}

// Each page of what patrons have and give fits a phone and a desk, and shuts nobody
// out, whatever events and people are called.
func TestBelongingsOnScreens(t *testing.T) {
	t.Parallel()
	s, book := newGivingScene(t)
	s.signIn("")
	book.holdings[0].EventName = hostileText
	book.transfer = givenTransfer(true, func(o *boxoffice.OwnTransfer) {
		o.Transfer.Invited.LastName, o.Transfer.Note = hostileText, noteOf(hostileText)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.AddCookie(s.cookie) // of https, which this browser does not bring
		s.site.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	narrow := pagetest.Phone()
	narrow.Width = 320
	page := pagetest.Open(t, server.URL+ticketsPath, narrow)
	for _, one := range []struct {
		name, path string
		screens    []pagetest.Screen // besides the narrow phone; colours of the dark are the same on each page
	}{
		{"account-give", givePath + "?token=T1&token=T2&token=T3", []pagetest.Screen{pagetest.Desktop(), pagetest.Phone().InDark()}},
		{"account-transfer", transfersPath + "/3785222-AMTX:10237?done=1", []pagetest.Screen{pagetest.Phone()}},
		{"account-transfers", transfersPath, []pagetest.Screen{pagetest.Phone()}},
		{"account-tickets", ticketsPath, []pagetest.Screen{pagetest.Desktop()}},
		{"account-ticket", ticketAddress(book.ticket.Ticket.Token), []pagetest.Screen{pagetest.Phone()}},
	} {
		page.On(narrow)
		page.Go(server.URL + one.path)
		if spill := page.Spill(); spill > 0 {
			t.Errorf("%s on a narrow phone is %v pixels wider than the screen", one.name, spill)
		}
		for _, screen := range one.screens {
			page.On(screen)
			judged := page.Accessibility()
			if len(judged.Violations) > 0 || len(judged.Unsure) > 0 || judged.Passes == 0 || page.Spill() > 0 {
				t.Errorf("%s, %s: %v pixels too wide; after %d rules axe-core says %v, and is unsure of %v", one.name, screen.Name, page.Spill(), judged.Passes, judged.Violations, judged.Unsure)
			}
			keepPicture(t, one.name+", "+screen.Name, page)
		}
		const tall = 44 // pixels of CSS, for a thumb
		for _, box := range page.Boxes("main button, main .button, nav a, main input:not([type=hidden]), textarea, main .seats a, .aside a") {
			if box.Height < tall {
				t.Errorf("%s: something to touch is %v pixels high, want %d", one.name, box.Height, tall)
			}
		}
		if foreign := page.Foreign(); len(foreign) > 0 {
			t.Errorf("%s asks for %q", one.name, foreign)
		}
	}
	// The form by keyboard alone.
	page.Go(server.URL + givePath + "?token=T1")
	for _, field := range [][2]string{{"#first", "Juan"}, {"#last", "Ramírez"}, {"#email", "juan@example.com"}, {"#note", "See you"}} {
		page.TabTo(field[0])
		page.Press(field[1])
	}
	page.TabTo(`button[value="give"]`)
	page.PressAndFollow(pagetest.Enter)
	if len(book.asked) != 1 || book.asked[0].Friend.LastName != "Ramírez" || book.asked[0].Note != "See you" {
		t.Errorf("the office was asked %+v: %s", book.asked, page.Text())
	}
}
