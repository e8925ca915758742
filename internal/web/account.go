package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// The paths of MyAccount.
const (
	accountPath  = "/myaccount"
	signInPath   = accountPath + "/signin"
	signOutPath  = accountPath + "/signout"
	passwordPath = accountPath + "/password"
	resalePath   = accountPath + "/list"
	listingsPath = accountPath + "/listings"

	givePath      = accountPath + "/give"
	transfersPath = accountPath + "/transfers"
	ticketsPath   = accountPath + "/tickets"
	pastPath      = accountPath + "/past"
)

// A Lobby lets patrons in (boxoffice.Lobby). It is called by many goroutines at
// once.
type Lobby interface {
	SignIn(ctx context.Context, from, email, password string) (secret string, err error)
	Visitor(ctx context.Context, secret string) (boxoffice.Visitor, error)
	StillIn(ctx context.Context, secret string) (boxoffice.Visitor, error)
	SignOut(ctx context.Context, secret string) error
	AskPassword(ctx context.Context, from, email string) error
	PasswordLink(ctx context.Context, link string) error
	SetPassword(ctx context.Context, link, password string) error
}

// A visitor is who is signed in.
type visitor struct{ boxoffice.Visitor }

// Name is the visitor's own, "" where none is known.
func (v visitor) Name() string {
	for _, p := range v.Patrons {
		if p.Contact.FirstName != "" {
			return p.Contact.FirstName
		}
	}
	return ""
}

// Accent is the colour of the first organization.
func (v visitor) Accent() int {
	if ids := v.Organizations(); len(ids) > 0 {
		return accentOf(ids[0])
	}
	return 0
}

// An accountView is the frame of MyAccount around a page: pages begin with the
// template "account-head" and end with "account-foot".
type accountView struct {
	Name string
	Nav  []navLink
}

// A navLink is a part of MyAccount.
type navLink struct {
	Label, Address string
	Here           bool
}

// frame puts a page into the frame of MyAccount, in the part at an address.
func (v visitor) frame(p page, part string) page {
	p.Accent = v.Accent()
	p.form = true // to sign out
	p.Account = &accountView{Name: v.Name(), Nav: []navLink{
		{"My seats", accountPath, part == accountPath},
		{"My tickets", ticketsPath, part == ticketsPath},
		{"My transfers", transfersPath, part == transfersPath},
		{"My listings", listingsPath, part == listingsPath},
	}}
	return p
}

// signedIn lets a handler answer who is signed in, and sends everybody else to sign
// in and back. A form that came from another site does nothing: see own.
func (s *site) signedIn(act func(r *http.Request, v visitor) (page, error)) handler {
	return func(r *http.Request) (page, error) {
		if foreign(r) {
			return foreignPage(), nil
		}
		ctx, done := context.WithTimeout(r.Context(), patience)
		defer done()
		found, err := s.lobby.Visitor(ctx, s.secretOf(r))
		if errors.Is(err, boxoffice.ErrSignedOut) {
			return page{location: signInPath + "?to=" + url.QueryEscape(backTo(r))}, nil
		}
		if err != nil {
			return page{}, err
		}
		return act(r, visitor{found})
	}
}

// backTo is where a request comes back to after signing in. What a form sent is
// not sent again: its page is shown.
func backTo(r *http.Request) string {
	if r.Method == http.MethodPost {
		switch r.URL.Path {
		case resalePath:
			return accountPath
		case givePath:
			return chosenAgain(r)
		}
	}
	return r.URL.RequestURI()
}

// safeReturn is an address to go to after signing in: a path of MyAccount, whatever
// was asked for. A browser takes // and \ for another site's.
func safeReturn(to string) string {
	odd := func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }
	if to != accountPath && !strings.HasPrefix(to, accountPath+"/") && !strings.HasPrefix(to, accountPath+"?") ||
		strings.ContainsFunc(to, odd) || strings.Contains(to, "//") || strings.Contains(to, "..") || len(to) > formLimit/8 {
		return accountPath
	}
	return to
}

// foreign reports whether a form came from another site. Over plain http a page
// without a referrer sends its own forms with the origin null, and that is all
// that is told of them.
func foreign(r *http.Request) bool {
	if r.Header.Get("Origin") == "null" && r.Header.Get("Sec-Fetch-Site") == "" {
		r.Header.Del("Origin")
	}
	return http.NewCrossOriginProtection().Check(r) != nil
}

// cookieName is that of the cookie. The prefix makes browsers refuse one that
// another host or plain http has set.
func (s *site) cookieName() string {
	if s.addresses.secure() {
		return "__Host-seatlink"
	}
	return "seatlink"
}

func (s *site) secretOf(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

// cookie has a browser keep a secret; "" makes it forget.
func (s *site) cookie(secret string) *http.Cookie {
	const days30 = 30 * 24 * 60 * 60 // seconds; the lobby knows better
	c := &http.Cookie{               //nolint:gosec // a browser on plain http, as beside the demo, keeps no cookie that is Secure
		Name: s.cookieName(), Value: secret, Path: "/", MaxAge: days30,
		Secure: s.addresses.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if secret == "" {
		c.MaxAge = -1
	}
	return c
}

// accountFormLimit is for a form with 500 tokens.
const accountFormLimit = 64 << 10

// accountForm reads a form of MyAccount.
func accountForm(r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, accountFormLimit+1))
	if err != nil {
		return nil, fault.BodySlow
	}
	if len(body) > accountFormLimit {
		return nil, fault.BodyTooLarge.Saying(formTooLong)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fault.Malformed
	}
	return form, nil
}
