package web

import (
	"bytes"
	"errors"
	"flag"
	"image/png"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/pagetest"
)

// visit opens a path of a site over this office in the browser.
func visit(t *testing.T, office Office, path string, on pagetest.Screen) *pagetest.Page {
	t.Helper()
	server := httptest.NewServer(New(office, nil, Addresses{}, Options{}))
	t.Cleanup(server.Close)
	return pagetest.Open(t, server.URL+path, on)
}

// scan reads the code in a picture of a ticket, where there is to be one.
func scan(t *testing.T, where string, picture pagetest.Picture, p boxoffice.TicketPage) (code pagetest.Code, found bool) {
	t.Helper()
	code, err := pagetest.Scan(picture)
	if gone(p) || p.Ticket.Barcode == "" {
		if !errors.Is(err, pagetest.ErrNoCode) {
			t.Errorf("%s: a scanner reads %q, %v; want no code", where, code.Text, err)
		}
		return code, false
	}
	if err != nil || code.Text != string(p.Ticket.Barcode) {
		t.Errorf("%s: a scanner reads %q, %v; want %s", where, code.Text, err, p.Ticket.Barcode)
		return code, false
	}
	if !code.Quiet(picture, quiet) {
		t.Errorf("%s: the code has no white zone of %d modules around it", where, quiet)
	}
	return code, true
}

// A ticket of any kind fits every screen, its code can be read from all of them,
// and nobody else is asked for anything.
func TestTicketsOnScreens(t *testing.T) {
	blurred := pagetest.Phone()
	blurred.Name, blurred.Density = "phone with large pixels", 1
	narrow := pagetest.Phone()
	narrow.Name, narrow.Width = "narrow phone", 320
	screens := []pagetest.Screen{pagetest.Phone(), pagetest.Phone().InDark(), blurred, narrow, pagetest.Desktop(), pagetest.Desktop().InDark()}
	for _, tt := range pages() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			page := visit(t, shows(tt.page), "/t/"+secret, screens[0])
			for _, screen := range screens {
				page.On(screen)
				if spill := page.Spill(); spill > 0 {
					t.Errorf("%s: the page is %v pixels wider than the screen", screen.Name, spill)
				}
				code, found := scan(t, screen.Name, page.WholePicture(), tt.page)
				const share = 0.6 // of the width, so that it is read at arm's length
				if isPhone := screen.Width < 500; found && isPhone && code.Width < share*float64(screen.Width)*screen.Density {
					t.Errorf("%s: the code is %.0f pixels wide, want %.0f %% of %d", screen.Name, code.Width/screen.Density, 100*share, screen.Width)
				}
			}
			if foreign := page.Foreign(); len(foreign) > 0 {
				t.Errorf("the page asks for %q", foreign)
			}
		})
	}
}

var picturesTo = flag.String("pictures", "", "folder to save pictures of a ticket in, for the docs")

// The pictures of the docs are of the ticket as it is: a code of theirs can be
// read too. go test ./internal/web -run Pictures -pictures ../../docs/pictures
// makes them anew.
func TestThePicturesOfTheDocs(t *testing.T) {
	const docs = "../../docs/pictures"
	for name, take := range map[string]func() pagetest.Picture{
		"ticket-phone.png": func() pagetest.Picture {
			return visit(t, shows(football()), "/t/"+secret, pagetest.Phone()).Picture()
		},
		"ticket-phone-dark.png": func() pagetest.Picture {
			return visit(t, shows(football()), "/t/"+secret, pagetest.Phone().InDark()).Picture()
		},
		"ticket-pdf.png": func() pagetest.Picture {
			return pagetest.NewPrint(t, pdfOf(t, football(), "", Options{})).Picture(dots)
		},
	} {
		if *picturesTo != "" {
			if err := os.WriteFile(filepath.Join(*picturesTo, name), take().PNG, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		file, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if code, err := pagetest.Scan(picture); err != nil || code.Text != string(football().Ticket.Barcode) {
			t.Errorf("%s shows %q, %v", name, code.Text, err)
		}
	}
}

// What the gate wants to see is there without scrolling, and large.
func TestTheGateSeesAllAtOnce(t *testing.T) {
	page := visit(t, shows(football()), "/t/"+secret, pagetest.Phone())
	scan(t, "the first screen", page.Picture(), football())
	facts := page.Boxes(".place dd")
	if len(facts) != 4 {
		t.Fatalf("the page has %d facts of the place, want 4", len(facts))
	}
	const tall = 36 // pixels of CSS: the digits are as high as those of a clock on the wall seen from a few steps
	for _, box := range facts {
		if box.Height < tall || box.Y+box.Height > float64(pagetest.Phone().Height) {
			t.Errorf("a fact of the place is at %+v", box)
		}
	}
}

func TestNobodyIsShutOut(t *testing.T) {
	state := func(name string) Office {
		all := pages()
		return shows(all[slices.IndexFunc(all, func(p namedPage) bool { return p.name == name })].page)
	}
	tests := []struct {
		name   string
		office Office
		path   string
	}{
		{"a ticket", state("ticket"), "/t/" + secret},
		{"a ticket with long names", state("long-names"), "/t/" + secret},
		{"a ticket of a cancelled event", state("cancelled"), "/t/" + secret},
		{"a ticket that changed hands", state("changed-hands"), "/t/" + secret},
		{"a message", failing(fault.DocumentUnknown), "/t/" + secret},
		{"the start page", nil, "/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			page := visit(t, tt.office, tt.path, pagetest.Phone())
			for _, screen := range []pagetest.Screen{pagetest.Phone(), pagetest.Phone().InDark()} {
				page.On(screen)
				judged := page.Accessibility()
				if len(judged.Violations) > 0 || len(judged.Unsure) > 0 || judged.Passes == 0 {
					t.Errorf("%s: after %d rules axe-core says %v, and is unsure of %v", screen.Name, judged.Passes, judged.Violations, judged.Unsure)
				}
			}
		})
	}
}

func TestTheKeyboardReachesThePrints(t *testing.T) {
	page := visit(t, shows(football()), "/t/"+secret, pagetest.Desktop())
	want := []string{"Print on paper (PDF, Letter)", "PDF for A4 paper"}
	if stops := page.Focused(); !slices.Equal(stops, want) {
		t.Errorf("the tabulator stops at %q, want %q", stops, want)
	}
}

// least is how wide a code must be on paper, in millimetres.
const least = 35

// The browser's own print is one page on any paper, and its code can be read.
func TestPagesPrintOnOneSheet(t *testing.T) {
	for _, tt := range pages() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			page := visit(t, shows(tt.page), "/t/"+secret, pagetest.Desktop())
			for _, paper := range pagetest.Papers() {
				printed := page.Print(paper)
				if n := printed.Pages(); n != 1 {
					t.Errorf("it takes %d pages of %s", n, paper.Name)
				}
				if code, found := scan(t, paper.Name, printed.Picture(dots), tt.page); found && millimetres(code.Width) < least {
					t.Errorf("%s: the code is %.1f mm wide, want %d", paper.Name, millimetres(code.Width), least)
				}
			}
			if text := page.Text(); gone(tt.page) && strings.Contains(text, "Print") {
				t.Errorf("a ticket without a code offers a print: %s", text)
			}
		})
	}
}

// dots an inch are few for a printer, so that a poor one does as well.
const dots = 120

func millimetres(pixels float64) float64 { return pixels / dots * 25.4 }
