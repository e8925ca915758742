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

	"github.com/alexedwards/argon2id"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/pagetest"
)

var adaAccount = boxoffice.Account{Organization: 999, Patron: "3785222"}

// The visitor of these tests comes from a lobby over visits that are kept in memory.
type accountVisits struct {
	boxoffice.Visits
	visit   boxoffice.Visit
	patrons []boxoffice.Patron
	entered []boxoffice.PasswordLink
}

func (a *accountVisits) PatronsOf(_ context.Context, key boxoffice.PersonKey, _ int) ([]boxoffice.Patron, error) {
	if key != "ada@example.com" {
		return nil, nil
	}
	return a.patrons, nil
}

func (a *accountVisits) BeginVisit(_ context.Context, v boxoffice.Visit) error {
	a.visit = v
	return nil
}

func (a *accountVisits) Visit(_ context.Context, id string) (boxoffice.Visit, []boxoffice.Patron, bool, error) {
	return a.visit, a.patrons, id == a.visit.ID && id != "", nil
}

func (a *accountVisits) EndVisit(_ context.Context, id string) error {
	if id == a.visit.ID {
		a.visit = boxoffice.Visit{}
	}
	return nil
}

func (a *accountVisits) EnterPasswordLink(_ context.Context, l boxoffice.PasswordLink, _ boxoffice.Task) error {
	a.entered = append(a.entered, l)
	return nil
}

// accountPeople names people by their mail addresses.
type accountPeople struct{}

func (accountPeople) PersonKeys(c boxoffice.Contact) []boxoffice.PersonKey {
	return []boxoffice.PersonKey{boxoffice.PersonKey(strings.ToLower(c.Emails[0].Address))}
}

// accountBook has one account's seats and one listing.
type accountBook struct {
	Accounts
	page    string
	refused int
	asked   []boxoffice.ResaleRequest
	taken   int
}

func (accountBook) Holdings(context.Context, []boxoffice.Account, boxoffice.Bounds) ([]boxoffice.Holding, error) {
	h := boxoffice.Holding{
		Account: adaAccount, Token: "T1", Event: "999:F:1", EventName: `<script>alert(1)</script>` + "\u202e" + strings.Repeat("long ", 2000),
		Section: "ES:9", Row: "12", Seat: "7", State: boxoffice.HoldingFree, Resale: true,
	}
	locked := h
	locked.Token, locked.Seat, locked.State = "T2", "8", boxoffice.HoldingLocked
	return []boxoffice.Holding{h, locked}, nil
}

func (b *accountBook) Outlets(context.Context, []access.OrganizationID) ([]boxoffice.Outlet, error) {
	return []boxoffice.Outlet{
		{Organization: 999, Channel: "row", Name: "Second Row", Page: b.page, Pages: []string{"https://row.example.com"}},
		{Organization: 999, Channel: "none", Name: "No Page"},
	}, nil
}

func (b *accountBook) ListForResale(_ context.Context, req boxoffice.ResaleRequest) (boxoffice.Resale, error) {
	b.asked = append(b.asked, req)
	return boxoffice.Resale{Listing: boxoffice.Listing{ID: "L1"}, Refused: make([]boxoffice.Refusal, b.refused)}, nil
}

func (b *accountBook) listing() boxoffice.OwnListing {
	return boxoffice.OwnListing{
		Listing: boxoffice.Listing{ID: "L1", Organization: 999, Patron: adaAccount.Patron, Channel: "row", Expires: time.Unix(2, 0)}, Now: time.Unix(1, 0),
		Tickets: []boxoffice.ListedTicket{{Fate: boxoffice.FateSent}},
	}
}

func (b *accountBook) OwnListings(context.Context, []boxoffice.Account, int) ([]boxoffice.OwnListing, error) {
	return []boxoffice.OwnListing{b.listing()}, nil
}

func (b *accountBook) OwnListing(_ context.Context, _ []boxoffice.Account, id boxoffice.ListingID) (boxoffice.OwnListing, error) {
	if id != "L1" {
		return boxoffice.OwnListing{}, fault.ListingUnknown
	}
	return b.listing(), nil
}

func (b *accountBook) TakeBack(_ context.Context, _ []boxoffice.Account, id boxoffice.ListingID) error {
	if id != "L1" {
		return fault.ListingUnknown
	}
	b.taken++
	return nil
}

// An accountScene is a site with MyAccount, and a browser's cookie.
type accountScene struct {
	t      *testing.T
	site   http.Handler
	visits *accountVisits
	lobby  *boxoffice.Lobby
	book   *accountBook
	now    time.Time
	cookie *http.Cookie
}

// accountHashOf hashes at a cost that tests can pay.
func accountHashOf(t *testing.T, password string) string {
	t.Helper()
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func newAccountScene(t *testing.T) *accountScene {
	t.Helper()
	s := &accountScene{t: t, now: time.Unix(1e9, 0), book: &accountBook{page: "https://row.example.com/sell?from=venue"}}
	ada := boxoffice.Patron{ID: adaAccount.Patron, Organization: 999, Contact: boxoffice.Contact{FirstName: "Ada"}, PasswordHash: accountHashOf(t, "correct horse")}
	s.visits = &accountVisits{patrons: []boxoffice.Patron{ada}}
	desk := access.NewDesk(nil, nil, func() time.Time { return s.now })
	s.lobby = boxoffice.NewLobby(s.visits, accountPeople{}, desk.Knock, func() time.Time { return s.now })
	s.open(Options{Accounts: s.book})
	return s
}

// open begins with another site, for the same visits.
func (s *accountScene) open(options Options) {
	s.t.Helper()
	options.Lobby = s.lobby
	s.site = New(nil, nil, addresses(s.t), options)
}

func (s *accountScene) ask(path string, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	return knock(s.t, s.site, path, form, append(change, func(r *http.Request) {
		if s.cookie != nil {
			r.AddCookie(s.cookie)
		}
	})...)
}

func (s *accountScene) signIn(to string) *httptest.ResponseRecorder {
	s.t.Helper()
	w := s.ask(signInPath, url.Values{"email": {"Ada@example.com"}, "password": {"correct horse"}, "to": {to}})
	if cookies := w.Result().Cookies(); len(cookies) == 1 {
		s.cookie = cookies[0]
	}
	return w
}

func TestAPatronSignsInAndComesBack(t *testing.T) {
	s := newAccountScene(t)
	w := s.ask(listingsPath+"/L1?left=1", nil)
	want := signInPath + "?to=" + url.QueryEscape(listingsPath+"/L1?left=1")
	if w.Code != 303 || w.Header().Get("Location") != want {
		t.Fatalf("signed out: %d %v; want %s", w.Code, w.Header(), want)
	}
	w = s.signIn(listingsPath + "/L1")
	c := s.cookie
	if w.Code != 303 || w.Header().Get("Location") != listingsPath+"/L1" || c == nil || c.Name != "__Host-seatlink" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Fatalf("signing in: %d %v", w.Code, w.Header())
	}
	if strings.Contains(s.visits.visit.ID, c.Value) || len(c.Value) != 43 {
		t.Errorf("the visit is kept as %q of %q", s.visits.visit.ID, c.Value)
	}
	if w := s.ask(accountPath, nil); w.Code != 200 || !strings.Contains(w.Body.String(), "Ada") {
		t.Errorf("signed in: %d %s", w.Code, w.Body)
	}
	s.now = s.now.Add(12 * time.Hour)
	if w := s.ask(accountPath, nil); w.Code != 303 {
		t.Errorf("after 12 idle hours: %d", w.Code)
	}
	s.now = time.Unix(1e9, 0)
	before := s.cookie
	s.signIn("")
	if s.cookie.Value == before.Value {
		t.Error("another sign-in gave the same secret")
	}
	s.visits.patrons[0].PasswordHash = accountHashOf(t, "another horse")
	if w := s.ask(accountPath, nil); w.Code != 303 {
		t.Errorf("with another password: %d", w.Code)
	}
}

func TestSigningInIsRefused(t *testing.T) {
	for name, form := range map[string]url.Values{
		"a wrong password":     {"email": {"ada@example.com"}, "password": {"wrong"}},
		"an address of nobody": {"email": {"bob@example.com"}, "password": {"correct horse"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newAccountScene(t)
			var codes []int
			for range 12 {
				w := s.ask(signInPath, form)
				codes = append(codes, w.Code)
				if w.Header().Get("Set-Cookie") != "" {
					t.Error("it was given a cookie")
				}
			}
			if codes[0] != 422 || codes[9] != 422 || codes[10] != 429 || codes[11] != 429 {
				t.Errorf("twelve tries are answered %v; want ten times 422, then 429", codes)
			}
		})
	}
	s := newAccountScene(t)
	if w := s.ask(signInPath, url.Values{}, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); w.Code != 403 {
		t.Errorf("a form of another site: %d", w.Code)
	}
}

func TestNobodyIsSentToAnotherSite(t *testing.T) {
	for _, to := range []string{"https://evil.example", "//evil.example", "/myaccount//evil", "/myaccount/../t/x", `/myaccount\evil`, "/", "/t/x", "/myaccountx", "/myaccount\n/x"} {
		if got := safeReturn(to); got != accountPath {
			t.Errorf("safeReturn(%q) = %q", to, got)
		}
	}
	if got := safeReturn("/myaccount/listings?a=b"); got != "/myaccount/listings?a=b" {
		t.Errorf("a path of MyAccount leads to %q", got)
	}
}

func TestSeatsAreListedForResale(t *testing.T) {
	chosen := url.Values{"organization": {"999"}, "channel": {"row"}, "token": {"T1"}, "once": {strings.Repeat("A", onceLength)}}
	with := func(name, value string) url.Values {
		form := maps.Clone(chosen)
		form[name] = []string{value}
		return form
	}
	tests := []struct {
		name     string
		page     string
		refused  int
		form     url.Values
		status   int
		location string
		asked    int
	}{
		{"to the marketplace", "https://row.example.com/sell?from=venue", 0, chosen, 303, "https://row.example.com/sell?from=venue&listingId=L1", 1},
		{"one was sold meanwhile", "https://row.example.com/sell", 1, chosen, 303, listingsPath + "/L1?left=1", 1},
		{"a page that the venue does not allow", "https://evil.example.com/", 0, chosen, 409, "", 0},
		{"a page that is not set", "", 0, chosen, 409, "", 0},
		{"a marketplace that is none", "https://row.example.com/sell", 0, with("channel", "x"), 409, "", 0},
		{"somebody else's organization", "https://row.example.com/sell", 0, with("organization", "1"), 400, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newAccountScene(t)
			s.signIn("")
			s.book.page, s.book.refused = tt.page, tt.refused
			w := s.ask(resalePath, tt.form)
			if w.Code != tt.status || w.Header().Get("Location") != tt.location || len(s.book.asked) != tt.asked {
				t.Errorf("%d to %q after %d listings: %s", w.Code, w.Header().Get("Location"), len(s.book.asked), w.Body)
			}
		})
	}
}

func TestTheSeatsPageIsStrictAndSafe(t *testing.T) {
	s := newAccountScene(t)
	s.signIn("")
	w := s.ask(accountPath, nil)
	body := w.Body.String()
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://row.example.com;") || !strings.HasSuffix(csp, "; script-src 'self'; connect-src 'self'") {
		t.Errorf("the policy is %s", csp)
	}
	if n := strings.Count(body, "<script"); n != strings.Count(body, `<script src="/assets/`) || strings.Contains(body, `value="T2"`) || !strings.Contains(body, `value="T1"`) || !strings.Contains(body, "No Page</bdi>: not available") {
		t.Errorf("the page is %.3000s", body)
	}
}

func TestListingsOfOthersAreNotThere(t *testing.T) {
	s := newAccountScene(t)
	s.signIn("")
	for _, form := range []url.Values{nil, {}} {
		if w := s.ask(listingsPath+"/L2", form); w.Code != 404 {
			t.Errorf("somebody else's listing: %d", w.Code)
		}
	}
	if w := s.ask(listingsPath+"/L1", url.Values{}); w.Code != 303 || s.book.taken != 1 {
		t.Errorf("taking back: %d after %d", w.Code, s.book.taken)
	}
	s.signOut()
	if w := s.ask(listingsPath+"/L1", url.Values{}); w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), signInPath) || s.book.taken != 1 {
		t.Errorf("signed out, taking back: %d after %d", w.Code, s.book.taken)
	}
}

func (s *accountScene) signOut() {
	s.t.Helper()
	if w := s.ask(signOutPath, url.Values{}); w.Code != 303 {
		s.t.Errorf("signing out: %d", w.Code)
	}
}

// What is said to whoever asks for a password does not tell whether there is an account.
func TestAskingForAPasswordTellsNothing(t *testing.T) {
	s := newAccountScene(t)
	ada, bob := s.ask(passwordPath, url.Values{"email": {"ada@example.com"}}), s.ask(passwordPath, url.Values{"email": {"bob@example.com"}})
	if ada.Code != 200 || ada.Body.String() != bob.Body.String() || len(s.visits.entered) != 2 {
		t.Errorf("ada: %d %s, bob: %d %s", ada.Code, ada.Body, bob.Code, bob.Body)
	}
	if w := s.ask(passwordPath+"/forged", nil); w.Code != 410 {
		t.Errorf("an address that was forged: %d", w.Code)
	}
}

// Each page of MyAccount fits a phone and a desk, and shuts nobody out.
func TestMyAccountOnScreens(t *testing.T) {
	t.Parallel()
	s := newAccountScene(t)
	s.signIn("")
	// The browser comes over plain http, where no cookie of https is: the test brings it.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != signInPath {
			r.AddCookie(s.cookie)
		}
		s.site.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	for _, one := range []struct{ name, path string }{
		{"account-seats", accountPath}, {"account-signin", signInPath}, {"account-password", passwordPath},
		{"account-listings", listingsPath}, {"account-listing", listingsPath + "/L1?left=1"},
	} {
		page := pagetest.Open(t, server.URL+one.path, pagetest.Phone())
		inspect(t, one.name, page)
		page.On(pagetest.Desktop())
		if judged := page.Accessibility(); len(judged.Violations) > 0 || page.Spill() > 0 {
			t.Errorf("%s on a desk: %v", one.name, judged.Violations)
		}
		keepPicture(t, one.name+"-desk", page)
	}
}
