package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A signInView is the page where patrons sign in.
type signInView struct {
	Email, To string
	Set       bool // a password was set just now
	Problem   *notice
}

// A passwordView is where a password is asked for, or set.
type passwordView struct {
	Set     bool // the visitor has a link
	Problem *notice
}

// signIn shows where to sign in.
func (s *site) signIn(r *http.Request) (page, error) {
	return signInPage(http.StatusOK, signInView{To: safeReturn(r.URL.Query().Get("to")), Set: r.URL.Query().Get("set") == "1"}), nil
}

func signInPage(status int, v signInView) page {
	return page{status: status, template: "signin.html", form: true, Title: "Sign in to MyAccount", SignIn: &v}
}

// answerSignIn lets somebody in. The browser gets another secret each time, whatever it
// had before.
func (s *site) answerSignIn(r *http.Request) (page, error) {
	if foreign(r) {
		return foreignPage(), nil
	}
	form, err := accountForm(r)
	if err != nil {
		return badFormPage(), nil
	}
	email, to := strings.TrimSpace(form.Get("email")), safeReturn(form.Get("to"))
	if len(email) > emailLimit {
		email = ""
	}
	ctx, done := context.WithTimeout(r.Context(), 2*patience)
	defer done()
	secret, err := s.lobby.SignIn(ctx, origin(r.RemoteAddr), email, form.Get("password"))
	switch {
	case errors.Is(err, boxoffice.ErrWrongPassword):
		return signInPage(http.StatusUnprocessableEntity, signInView{Email: email, To: to, Problem: &notice{
			"That does not fit", "No account has this mail address with this password. Type both again, or set a new password.",
		}}), nil
	case err != nil:
		return page{}, err
	}
	if old := s.secretOf(r); old != "" {
		if err := s.lobby.SignOut(ctx, old); err != nil {
			return page{}, err
		}
	}
	return page{location: to, cookie: s.cookie(secret)}, nil
}

// answerSignOut ends the visit.
func (s *site) answerSignOut(r *http.Request) (page, error) {
	if foreign(r) {
		return foreignPage(), nil
	}
	if err := s.lobby.SignOut(r.Context(), s.secretOf(r)); err != nil {
		return page{}, err
	}
	return page{location: signInPath, cookie: s.cookie("")}, nil
}

// password shows where to ask for a mail that leads to setting one.
func (s *site) password(*http.Request) (page, error) {
	return passwordPage(http.StatusOK, passwordView{}), nil
}

func passwordPage(status int, v passwordView) page {
	return page{status: status, template: "password.html", form: true, Title: "Set a password", Password: &v}
}

// answerPassword sends that mail. It says the same whether an account has the address or not.
func (s *site) answerPassword(r *http.Request) (page, error) {
	if foreign(r) {
		return foreignPage(), nil
	}
	form, err := accountForm(r)
	email := strings.TrimSpace(form.Get("email"))
	if err != nil || email == "" || len(email) > emailLimit {
		return badFormPage(), nil //nolint:nilerr // the page says so
	}
	if err := s.lobby.AskPassword(r.Context(), origin(r.RemoteAddr), email); err != nil {
		return page{}, err
	}
	return messagePage(http.StatusOK, "Look into your mail",
		"If an account has this address, a message is on its way to it. It leads to a page where you can set a password, for an hour and once.",
		"If nothing comes, look among the unwanted mail, or ask the box office which address your account has."), nil
}

// newPassword shows where the password is set.
func (s *site) newPassword(r *http.Request) (page, error) {
	link, err := s.linkOf(r)
	if err == nil {
		err = s.lobby.PasswordLink(r.Context(), link)
	}
	if errors.Is(err, boxoffice.ErrPasswordAddress) {
		return spentLinkPage(), nil
	}
	return passwordPage(http.StatusOK, passwordView{Set: true}), err
}

func (s *site) linkOf(r *http.Request) (string, error) {
	link, ok := s.addresses.passwordBy(r.PathValue("link"))
	if !ok {
		return "", boxoffice.ErrPasswordAddress
	}
	return link, nil
}

func spentLinkPage() page {
	return messagePage(http.StatusGone, "This address is not good any more",
		"It was good for an hour and once. Ask for another message at "+passwordPath+".")
}

// answerNewPassword sets it.
func (s *site) answerNewPassword(r *http.Request) (page, error) {
	if foreign(r) {
		return foreignPage(), nil
	}
	form, err := accountForm(r)
	if err != nil {
		return badFormPage(), nil //nolint:nilerr // the page says so
	}
	link, err := s.linkOf(r)
	if err == nil {
		err = s.lobby.SetPassword(r.Context(), link, form.Get("password"))
	}
	switch {
	case errors.Is(err, boxoffice.ErrPasswordAddress):
		return spentLinkPage(), nil
	case errors.Is(err, boxoffice.ErrPasswordUnfit):
		return passwordPage(http.StatusUnprocessableEntity, passwordView{Set: true, Problem: &notice{"That is too short, or too long", "A password has 10 to 128 characters."}}), nil
	case err != nil:
		return page{}, err
	}
	return page{location: signInPath + "?set=1", cookie: s.cookie("")}, nil
}
