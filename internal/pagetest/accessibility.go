package pagetest

import (
	_ "embed" // axe
	"encoding/json"
	"fmt"
)

// axe-core finds what shuts people out. Its licence stands beside it.
//
//go:embed testdata/axe-4.14.1.min.js
var axe string

// A Violation is a rule of accessibility that a page breaks.
type Violation struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

func (v Violation) String() string { return fmt.Sprintf("%s (%s): %+v", v.ID, v.Help, v.Nodes) }

// Accessibility is what axe-core says of the page.
type Accessibility struct {
	Violations []Violation
	Passes     int // rules the page was held to and keeps
	Unsure     []Violation
}

// atRest waits until a page that was told to scroll has done so: what moves over other
// things meanwhile would be judged as if it stayed there.
const atRest = `new Promise(done => {
	let at = -1, still = 0;
	const look = () => {
		still = scrollY === at ? still + 1 : 0;
		at = scrollY;
		still < 10 ? requestAnimationFrame(look) : done(true);
	};
	look();
})`

// Accessibility holds the page to the rules of WCAG 2.2 A and AA, to axe's own
// best practices, and to the contrast of AAA, 7:1, for a page that is read in
// the sun.
func (p *Page) Accessibility() Accessibility {
	p.tb.Helper()
	ask[bool](p, atRest)
	ask[bool](p, axe+";true")
	return ask[Accessibility](p, `axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		rules: {"color-contrast-enhanced": {enabled: true}},
	}).then(r => {
		const told = list => list.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary || ""}))}));
		return {Violations: told(r.violations), Unsure: told(r.incomplete), Passes: r.passes.length};
	})`)
}

// quoted is a text as JavaScript writes it.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // texts have no other form
	}
	return string(b)
}
