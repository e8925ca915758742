package pagetest_test

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/pagetest"
)

func TestMain(m *testing.M) { os.Exit(pagetest.Main(m)) }

// serve shows one page at an address.
func serve(t *testing.T, html string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>A page</title>" + html))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A judge that finds nothing wrong with anything is worth nothing.
func TestBadPagesAreFoundOut(t *testing.T) {
	const lorem = `<main><h1>Ticket</h1><p>Some words.</p>`
	t.Run("grey on grey", func(t *testing.T) {
		page := pagetest.Open(t, serve(t, lorem+`<p style="color:#666;background:#fff">hardly</p></main>`), pagetest.Phone())
		found := page.Accessibility()
		if !slices.ContainsFunc(found.Violations, func(v pagetest.Violation) bool { return v.ID == "color-contrast-enhanced" }) {
			t.Errorf("axe-core says of grey on white %v", found.Violations)
		}
	})
	t.Run("a picture without words", func(t *testing.T) {
		page := pagetest.Open(t, serve(t, lorem+`<img src="data:,"></main>`), pagetest.Phone())
		if found := page.Accessibility(); len(found.Violations) != 1 || found.Violations[0].ID != "image-alt" {
			t.Errorf("axe-core says of a picture without words %v", found.Violations)
		}
	})
	t.Run("a page that is well", func(t *testing.T) {
		page := pagetest.Open(t, serve(t, lorem+`</main>`), pagetest.Phone())
		if found := page.Accessibility(); len(found.Violations) != 0 || found.Passes == 0 {
			t.Errorf("axe-core says of a page that is well %v after %d rules", found.Violations, found.Passes)
		}
	})
	t.Run("wider than the screen", func(t *testing.T) {
		if spill := pagetest.Open(t, serve(t, `<p style="width:400px">wide`), pagetest.Phone()).Spill(); spill < 40 {
			t.Errorf("400 pixels and a margin on a screen of 360 spill over by %v", spill)
		}
	})
	t.Run("asking others", func(t *testing.T) {
		page := pagetest.Open(t, serve(t, `<link rel=stylesheet href="http://127.0.0.1:9/x.css"><p>Some words.`), pagetest.Desktop())
		if got := page.Foreign(); len(got) != 1 || got[0] != "http://127.0.0.1:9/x.css" {
			t.Errorf("a page with a stranger's stylesheet asks %q", got)
		}
	})
	t.Run("longer than a page", func(t *testing.T) {
		page := pagetest.Open(t, serve(t, strings.Repeat("<p>line", 100)), pagetest.Desktop())
		for _, paper := range pagetest.Papers() {
			if n := page.Print(paper).Pages(); n < 2 {
				t.Errorf("a hundred lines take %d pages of %s", n, paper.Name)
			}
		}
	})
}

func TestAScreenIsWhatItSays(t *testing.T) {
	url := serve(t, `<style>body{background:#fff}@media(prefers-color-scheme:dark){body{background:#000}}@media print{body{background:#f00}}</style>
		<p><a href="/one">one</a> <a href="/two">two</a>`)
	tests := []struct {
		screen        pagetest.Screen
		width, height int
		ground        color.RGBA
	}{
		{pagetest.Phone(), 720, 1480, color.RGBA{255, 255, 255, 255}},
		{pagetest.Phone().InDark(), 720, 1480, color.RGBA{0, 0, 0, 255}},
		{pagetest.Desktop(), 1280, 900, color.RGBA{255, 255, 255, 255}},
		{pagetest.Screen{Name: "paper", Width: 800, Height: 600, Paper: true}, 800, 600, color.RGBA{255, 0, 0, 255}},
	}
	for _, tt := range tests {
		t.Run(tt.screen.Name, func(t *testing.T) {
			picture := pagetest.Open(t, url, tt.screen).Picture()
			size := picture.Bounds().Size()
			if got := color.RGBAModel.Convert(picture.At(size.X-1, size.Y-1)); size != image.Pt(tt.width, tt.height) || got != tt.ground {
				t.Errorf("the picture is of %v on %v, want %dx%d on %v", size, got, tt.width, tt.height, tt.ground)
			}
		})
	}
	if stops := pagetest.Open(t, url, pagetest.Desktop()).Focused(); !slices.Equal(stops, []string{"one", "two"}) {
		t.Errorf("the tabulator stops at %q", stops)
	}
}

func TestAnEmptyPictureHasNoCode(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 300, 300))
	draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src)
	if code, err := pagetest.Scan(picture); !errors.Is(err, pagetest.ErrNoCode) {
		t.Errorf("Scan of a white picture = %v, %v; want %v", code, err, pagetest.ErrNoCode)
	}
}
