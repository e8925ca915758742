package pagetest

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A Screen is what a page is shown on.
type Screen struct {
	Name          string
	Width, Height int64   // in the pixels of CSS
	Density       float64 // real pixels in one of CSS; 0 is 1
	Dark          bool    // whose owner likes it dark
	Paper         bool    // not a screen at all: the page as it is printed
	touch         bool
}

// Phone is a small phone.
func Phone() Screen { return Screen{Name: "phone", Width: 360, Height: 740, Density: 2, touch: true} }

// Desktop is a screen on a table.
func Desktop() Screen { return Screen{Name: "desktop", Width: 1280, Height: 900, Density: 1} }

// InDark is the same screen in the dark.
func (s Screen) InDark() Screen {
	s.Dark = true
	s.Name += ", dark"
	return s
}

// patience bounds each thing that is asked of the browser, which takes fractions of a second
// for it; a machine at its limits takes longer.
const patience = time.Minute

// A Page is a page in the browser. Its methods belong to the goroutine of the
// test, which fails when the browser does not obey.
type Page struct {
	tb  testing.TB
	url string
	ctx context.Context // it is how chromedp hands out a page
}

// Open shows the page at an address on a screen, with neither cache nor cookies
// from before. It is closed when tb ends.
func Open(tb testing.TB, address string, on Screen) *Page {
	tb.Helper()
	browser, err := shared.start()
	if err != nil {
		tb.Fatalf("start Chromium: %v", err)
	}
	// The first run on a context makes the page, which ends with that run's context.
	made, closePage := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	tb.Cleanup(closePage)
	if err := chromedp.Do(made); err != nil {
		tb.Fatalf("open a page: %v", err)
	}
	p := &Page{tb: tb, url: address, ctx: made}
	p.On(on)
	p.do("show the page", chromedp.Navigate(address))
	return p
}

// On moves the page to another screen.
func (p *Page) On(s Screen) {
	p.tb.Helper()
	p.do("show "+s.Name, s.emulate)
}

// Reload asks for the page again.
func (p *Page) Reload() {
	p.tb.Helper()
	p.do("reload", chromedp.Reload())
}

func (s Screen) emulate(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}}
	if s.Dark {
		media.Features[0].Value = "dark"
	}
	if s.Paper {
		media.Media = "print"
	}
	if _, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, media); err != nil {
		return chromedp.Void{}, err
	}
	_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: s.Width, Height: s.Height, DeviceScaleFactor: max(s.Density, 1), Mobile: s.touch,
	})
	return chromedp.Void{}, err
}

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.tb.Helper()
	run(p, what, chromedp.Steps(steps...))
}

// run does one thing with the page, and fails the test when that takes forever.
func run[T any](p *Page, what string, act chromedp.Action[T]) T {
	p.tb.Helper()
	ctx, done := context.WithTimeout(p.ctx, patience)
	defer done()
	v, err := chromedp.Run(ctx, act)
	if err != nil {
		p.tb.Fatalf("%s: %v", what, err)
	}
	return v
}

// ask returns the value of an expression on the page. The browser's door for
// tools takes it whatever the page itself may run.
func ask[T any](p *Page, expression string) T {
	p.tb.Helper()
	const enough = 200 // characters, to know it again
	return run(p, expression[:min(len(expression), enough)], chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Picture is what is on the screen before anybody scrolls.
func (p *Page) Picture() Picture { return p.picture(chromedp.CaptureScreenshot()) }

// WholePicture is the page from top to bottom.
func (p *Page) WholePicture() Picture {
	const lossless = 100
	return p.picture(chromedp.FullScreenshot(lossless))
}

func (p *Page) picture(take chromedp.Action[[]byte]) Picture {
	p.tb.Helper()
	return decodePicture(p.tb, run(p, "take a picture", take))
}

// Text is what the page says to people, line by line.
func (p *Page) Text() string { return ask[string](p, `document.body.innerText`) }

// A Box is where something stands on a page, in the pixels of CSS.
type Box struct{ X, Y, Width, Height float64 }

// Boxes are where the elements stand that a CSS selector finds.
func (p *Page) Boxes(selector string) []Box {
	p.tb.Helper()
	return ask[[]Box](p, `[...document.querySelectorAll(`+quoted(selector)+`)].map(e => {
		const b = e.getBoundingClientRect();
		return {X: b.x, Y: b.y, Width: b.width, Height: b.height};
	})`)
}

// Spill is by how many pixels the page is wider than its screen.
func (p *Page) Spill() float64 {
	p.tb.Helper()
	return ask[float64](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
}

// Foreign are the addresses outside the page's own server that it made the
// browser ask, or that it would like to.
func (p *Page) Foreign() []string {
	p.tb.Helper()
	home, err := url.Parse(p.url)
	if err != nil {
		p.tb.Fatal(err)
	}
	var foreign []string
	for _, asked := range ask[[]string](p, `performance.getEntriesByType("resource").map(e => e.name)`) {
		if at, err := url.Parse(asked); err != nil || at.Host != home.Host {
			foreign = append(foreign, asked)
		}
	}
	return foreign
}

// Focused goes through the page with the tabulator key and returns what it stops
// at, as the text of each element.
func (p *Page) Focused() []string {
	p.tb.Helper()
	const most = 50 // stops; a page that has more has a trap
	var stops []string
	for range most {
		p.do("press Tab", chromedp.KeyEvent("\t"))
		at := ask[string](p, `document.activeElement === document.body ? "" : document.activeElement.innerText`)
		if at == "" {
			return stops
		}
		stops = append(stops, at)
	}
	p.tb.Errorf("the tabulator does not come out of %q", stops)
	return stops
}

// Type types into the field that a CSS selector finds, in place of what it has.
func (p *Page) Type(selector, text string) {
	p.tb.Helper()
	ask[string](p, `document.querySelector(`+quoted(selector)+`).value = ""`)
	p.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Click clicks what a CSS selector finds, where that leads to no other page.
func (p *Page) Click(selector string) {
	p.tb.Helper()
	p.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Follow clicks what a CSS selector finds, and returns when the page that it leads
// to is there.
func (p *Page) Follow(selector string) {
	p.tb.Helper()
	ctx, done := context.WithTimeout(p.ctx, patience)
	defer done()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		p.tb.Fatalf("follow %s: %v", selector, err)
	}
}

// Address is where the page is now.
func (p *Page) Address() string { return run(p, "tell the address", chromedp.Location()) }

// Print is the page as the browser prints it.
func (p *Page) Print(on Paper) Print {
	p.tb.Helper()
	size := chromedp.PDFPaper(chromedp.PaperSize{Width: on.Width / inch, Height: on.Height / inch})
	return NewPrint(p.tb, run(p, "print on "+on.Name, chromedp.PrintToPDF(size)))
}

func decodePicture(tb testing.TB, file []byte) Picture {
	tb.Helper()
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	return Picture{Image: picture, PNG: file}
}

// A Picture is what can be seen.
type Picture struct {
	image.Image

	PNG []byte
}
