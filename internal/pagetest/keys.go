package pagetest

import (
	"context"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Keys that are no letters.
const (
	Tab   = "\t"
	Enter = "\r"
	Space = " "
	Down  = kb.ArrowDown
	End   = kb.End
)

// Press presses keys where the focus is, as somebody does who has no mouse.
func (p *Page) Press(keys string) {
	p.tb.Helper()
	p.do("press a key", chromedp.KeyEvent(keys))
}

// PressAndFollow presses a key that leads to another page, and returns when that is
// there.
func (p *Page) PressAndFollow(key string) {
	p.tb.Helper()
	ctx, done := context.WithTimeout(p.ctx, patience)
	defer done()
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(key)); err != nil {
		p.tb.Fatalf("press a key and follow: %v", err)
	}
}

// TabTo presses the tabulator until the focus is on what a CSS selector finds, and
// fails the test when it does not come there.
func (p *Page) TabTo(selector string) {
	p.tb.Helper()
	p.tabUntil(selector, `document.activeElement.matches(`+quoted(selector)+`)`)
}

// TabToText is TabTo for what a label or a text says.
func (p *Page) TabToText(text string) {
	p.tb.Helper()
	p.tabUntil(text, `(document.activeElement.closest("label") ?? document.activeElement).innerText.replace(/\s+/g, " ").includes(`+quoted(text)+`)`)
}

func (p *Page) tabUntil(what, there string) {
	p.tb.Helper()
	const most = 200 // stops
	for range most {
		p.Press(Tab)
		if ask[bool](p, `document.activeElement !== document.body && `+there) {
			return
		}
	}
	p.tb.Fatalf("the tabulator does not come to %q in %d stops", what, most)
}

// Choose clicks the one of the elements that a CSS selector finds which says a text.
func (p *Page) Choose(selector, text string) {
	p.tb.Helper()
	found := ask[bool](p, `(() => {
		const one = [...document.querySelectorAll(`+quoted(selector)+`)].find(e => e.innerText.replace(/\s+/g, " ").includes(`+quoted(text)+`));
		one?.click();
		return !!one;
	})()`)
	if !found {
		p.tb.Fatalf("no %s says %q: %s", selector, text, p.Text())
	}
}

// Value is what a field holds.
func (p *Page) Value(selector string) string {
	p.tb.Helper()
	return ask[string](p, `document.querySelector(`+quoted(selector)+`).value`)
}

// Await waits until the page, which changes by itself, says a text.
func (p *Page) Await(text string) {
	p.tb.Helper()
	ask[bool](p, `new Promise(done => {
		const look = () => document.body.innerText.includes(`+quoted(text)+`) ? done(true) : setTimeout(look, 5);
		look();
	})`)
}

// Go shows another address on the same page, with its cookies.
func (p *Page) Go(address string) {
	p.tb.Helper()
	p.do("go to "+address, chromedp.Navigate(address))
}
