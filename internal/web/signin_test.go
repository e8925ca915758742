package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// passwordVisits keeps one link, and the hash that was set by it.
type passwordVisits struct {
	*accountVisits
	link boxoffice.PasswordLink
}

func (p *passwordVisits) PasswordLink(_ context.Context, id string) (boxoffice.PasswordLink, bool, error) {
	return p.link, id == p.link.ID, nil
}

func (p *passwordVisits) SetPassword(_ context.Context, id, hash string, now time.Time) (bool, error) {
	if id != p.link.ID || !p.link.Used.IsZero() || !now.Before(p.link.Ends) {
		return false, nil
	}
	p.link.Used = now
	for i := range p.patrons {
		p.patrons[i].PasswordHash = hash
	}
	return true, nil
}

// newPasswordScene has a patron without a password, and the address that was mailed to
// them.
func newPasswordScene(t *testing.T) (s *accountScene, visits *passwordVisits, path string) {
	t.Helper()
	s = newAccountScene(t)
	s.visits.patrons[0].PasswordHash = ""
	visits = &passwordVisits{accountVisits: s.visits, link: boxoffice.PasswordLink{ID: "LINK", Person: "ada@example.com", Ends: s.now.Add(time.Hour)}}
	desk := access.NewDesk(nil, nil, func() time.Time { return s.now })
	lobby := boxoffice.NewLobby(visits, accountPeople{}, desk.Knock, func() time.Time { return s.now })
	at := addresses(t)
	s.site = New(nil, nil, at, Options{Lobby: lobby, Accounts: s.book})
	return s, visits, strings.TrimPrefix(at.Password("LINK"), "https://tickets.example.com")
}

func TestAPatronWithoutAPasswordSetsOne(t *testing.T) {
	s, visits, path := newPasswordScene(t)
	if w := s.ask(signInPath, url.Values{"email": {"ada@example.com"}, "password": {""}}); w.Code != 422 {
		t.Fatalf("an account without a password is entered with none: %d", w.Code)
	}
	if strings.Contains(path, "LINK") {
		t.Errorf("the address %s shows what is kept", path)
	}
	for _, tt := range []struct {
		name, password string
		status         int
		says           string
	}{
		{"too short", "nine char", 422, "That is too short, or too long"},
		{"too long", strings.Repeat("x", 129), 422, "That is too short, or too long"},
		{"nothing", "", 422, "That is too short, or too long"},
		{"no text at all", "\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe", 422, "That is too short, or too long"},
		{"a good one", "a horse that is new", 303, ""},
		{"another by the same address", "a horse that is newer", 410, "not good any more"},
	} {
		w := s.ask(path, url.Values{"password": {tt.password}})
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) || tt.password != "" && strings.Contains(w.Body.String(), tt.password) {
			t.Errorf("%s: %d %s; want %d and %q", tt.name, w.Code, w.Body, tt.status, tt.says)
		}
	}
	if w := s.ask(path, nil); w.Code != 410 {
		t.Errorf("the address afterwards: %d", w.Code)
	}
	if w := s.ask(signInPath+"?set=1", nil); !strings.Contains(w.Body.String(), "The password is set") {
		t.Errorf("where it leads: %s", w.Body)
	}
	if w := s.ask(signInPath, url.Values{"email": {"ada@example.com"}, "password": {"a horse that is new"}}); w.Code != 303 || visits.visit.ID == "" {
		t.Errorf("signing in with it: %d", w.Code)
	}
}

func TestAPasswordIsNotSetByOthers(t *testing.T) {
	s, visits, path := newPasswordScene(t)
	good := url.Values{"password": {"a horse that is new"}}
	if w := s.ask(path, good, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); w.Code != 403 {
		t.Errorf("a form of another site: %d", w.Code)
	}
	if w := s.ask(passwordPath+"/LINK", good); w.Code != 410 {
		t.Errorf("an address that nobody sealed: %d", w.Code)
	}
	if w := s.ask(path, url.Values{"password": {strings.Repeat("x", accountFormLimit)}}); w.Code != 400 {
		t.Errorf("a form that is too long: %d", w.Code)
	}
	s.now = s.now.Add(time.Hour)
	for _, form := range []url.Values{nil, good} {
		if w := s.ask(path, form); w.Code != 410 {
			t.Errorf("after an hour: %d", w.Code)
		}
	}
	if !visits.link.Used.IsZero() || visits.patrons[0].PasswordHash != "" {
		t.Errorf("a password was set: %+v", visits.link)
	}
}

// Every page around signing in, as it is.
func TestGoldenSignIn(t *testing.T) {
	s, _, path := newPasswordScene(t)
	for _, tt := range []struct {
		name, path string
		form       url.Values
		status     int
	}{
		{"account-signin", signInPath + "?to=" + url.QueryEscape(listingsPath+"/L1"), nil, 200},
		{"account-signin-set", signInPath + "?set=1", nil, 200},
		{"account-signin-wrong", signInPath, url.Values{"email": {`"><script>`}, "password": {"wrong"}}, 422},
		{"account-password", passwordPath, nil, 200},
		{"account-password-asked", passwordPath, url.Values{"email": {"ada@example.com"}}, 200},
		{"account-password-nobody", passwordPath, url.Values{"email": {" "}}, 400},
		{"account-password-set", path, nil, 200},
		{"account-password-short", path, url.Values{"password": {"short"}}, 422},
		{"account-password-spent", passwordPath + "/forged", nil, 410},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.ask(tt.path, tt.form)
			golden(t, tt.name, w.Body.String())
			if w.Code != tt.status {
				t.Errorf("%s = %d; want %d", tt.path, w.Code, tt.status)
			}
		})
	}
}

// The pages of seats and listings that have ends of their own.
func TestGoldenAccount(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		form       url.Values
		change     func(*accountBook)
		status     int
	}{
		{"account-listings", listingsPath, nil, nil, 200},
		{"account-listing", listingsPath + "/L1?left=2", nil, nil, 200},
		{"account-listing-without-page", listingsPath + "/L1", nil, func(b *accountBook) { b.page = "" }, 200},
		{"account-list-none", resalePath, url.Values{"organization": {"999"}, "channel": {"row"}}, nil, 422},
		{"account-list-without-page", resalePath, url.Values{"organization": {"999"}, "channel": {"none"}, "token": {"T1"}}, nil, 409},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newAccountScene(t)
			s.signIn("")
			if tt.change != nil {
				tt.change(s.book)
			}
			w := s.ask(tt.path, tt.form)
			golden(t, tt.name, w.Body.String())
			if w.Code != tt.status {
				t.Errorf("%s = %d; want %d", tt.path, w.Code, tt.status)
			}
		})
	}
}

// A lateBook is asked for what has become impossible since the page was shown.
type lateBook struct {
	*accountBook
	err error
}

func (b lateBook) ListForResale(context.Context, boxoffice.ResaleRequest) (boxoffice.Resale, error) {
	return boxoffice.Resale{Refused: make([]boxoffice.Refusal, 1)}, b.err
}

func (b lateBook) TakeBack(context.Context, []boxoffice.Account, boxoffice.ListingID) error {
	return b.err
}

func TestWhatIsTooLateIsSaidSo(t *testing.T) {
	chosen := url.Values{"organization": {"999"}, "channel": {"row"}, "token": {"T1"}}
	for _, tt := range []struct {
		name, path string
		form       url.Values
		err        error
		status     int
		says       string
	}{
		{"every seat was sold", resalePath, chosen, nil, 409, "These seats cannot be listed any more"},
		{"more seats than a listing has", resalePath, chosen, fault.BatchSize, 400, "cannot be read"},
		{"the books are busy", resalePath, chosen, fault.Busy, 503, "busy"},
		{"a seat of the listing is on sale", listingsPath + "/L1", url.Values{}, fault.TokenLocked, 409, "A seat of it is on sale"},
		{"the listing is gone", listingsPath + "/L1", url.Values{}, fault.ListingUnknown, 404, "nothing at this address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newAccountScene(t)
			desk := access.NewDesk(nil, nil, func() time.Time { return s.now })
			lobby := boxoffice.NewLobby(s.visits, accountPeople{}, desk.Knock, func() time.Time { return s.now })
			s.site = New(nil, nil, addresses(t), Options{Lobby: lobby, Accounts: lateBook{s.book, tt.err}})
			s.signIn("")
			if w := s.ask(tt.path, tt.form); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%d %s; want %d and %q", w.Code, w.Body, tt.status, tt.says)
			}
		})
	}
}
