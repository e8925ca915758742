package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/pagetest"
)

// choosingServer serves a scene to a browser, which comes over plain http, where no cookie of
// https is: the server brings it.
func choosingServer(t *testing.T, s *accountScene) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.AddCookie(s.cookie)
		s.site.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// The list is for everybody: by keyboard, with a thumb, on any screen.
func TestChoosingOnScreens(t *testing.T) {
	t.Parallel()
	s, _ := newChoosingScene(t)
	page := pagetest.Open(t, choosingServer(t, s).URL+accountPath, pagetest.Phone())
	inspect(t, "choosing", page)
	const tall = 44 // pixels of CSS, for a thumb
	for _, box := range page.Boxes("main label, main button, nav a, header button") {
		if box.Height < tall {
			t.Errorf("something to touch is %v pixels high, want %d", box.Height, tall)
		}
	}
	tally := func(want string) {
		t.Helper()
		if text := page.Text(); !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	tally("Nothing is chosen yet.")
	page.TabToText("All 3 of the section")
	page.Press(pagetest.Enter)
	tally("3 seats chosen, face value $361.50")
	page.TabToText("All 2 of the row")
	page.Press(pagetest.Space) // they are all chosen: now none is
	tally("1 seat chosen, face value $120.50")
	page.TabToText("Seat 7")
	if n := len(page.Boxes(".plan path.mark.here[data-section='999-0-0']")); n != 1 {
		t.Errorf("the section one is at is marked %d times on the plan", n)
	}
	page.Press(pagetest.Space)
	tally("2 seats chosen, face value $241.00")
	page.TabToText("Number 31")
	if n := len(page.Boxes(".plan path.mark.here")); n != 0 {
		t.Errorf("where one is at a section that is not on the plan, %d others are marked", n)
	}
	// At the end of the page, for anywhere else the sum covers what axe-core would judge.
	page.Press(pagetest.End)
	inspect(t, "choosing-chosen", page)
	narrow := pagetest.Phone()
	narrow.Width = 320
	page.On(narrow)
	if spill := page.Spill(); spill > 0 {
		t.Errorf("the page is %v pixels wider than the narrowest screen", spill)
	}
	for _, desk := range []pagetest.Screen{pagetest.Desktop().InDark(), pagetest.Desktop()} {
		page.On(desk)
		if judged := page.Accessibility(); len(judged.Violations) > 0 || len(judged.Unsure) > 0 || page.Spill() > 0 {
			t.Errorf("%s: %v, unsure %v", desk.Name, judged.Violations, judged.Unsure)
		}
		keepPicture(t, "choosing-"+desk.Name, page)
	}
}
