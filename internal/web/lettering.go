package web

import (
	"strings"
)

// The one typeface of the PDF.
const (
	family    = "seatlink"
	bold      = "B"
	labelSize = 9.5 // points
)

var face = newTypeface(regularFont, boldFont)

type rgb struct{ r, g, b int }

var black, white = rgb{}, rgb{255, 255, 255}

func (s *sheet) fill(c rgb) { s.SetFillColor(c.r, c.g, c.b) }
func (s *sheet) ink(c rgb)  { s.SetTextColor(c.r, c.g, c.b) }

// A block says how a text is to be set: as large as goes in so many lines.
type block struct {
	style       string
	most, least float64 // points
	lines       int
}

// A setting is a text in lines, ready to be drawn.
type setting struct {
	lines []string
	style string
	size  float64 // points
}

func line(text, style string, size float64) setting { return setting{[]string{text}, style, size} }

// leading is the height of a line in millimetres.
func leading(size float64) float64 {
	const point, spacing = 25.4 / 72, 1.2
	return size * point * spacing
}

func (t setting) height() float64 { return float64(len(t.lines)) * leading(t.size) }

// layout sets a text as large as goes. What does not fit even at the least size
// ends in dots, where everybody sees that something is missing.
func (s *sheet) layout(text string, width float64, b block) setting {
	if text == "" {
		return setting{style: b.style, size: b.least}
	}
	for size := b.most; size > b.least; size-- {
		if lines, whole := s.wrap(text, width, b.style, size); whole && len(lines) <= b.lines {
			return setting{lines, b.style, size}
		}
	}
	lines, _ := s.wrap(text, width, b.style, b.least)
	if len(lines) > b.lines {
		lines = lines[:b.lines]
		last := []rune(lines[b.lines-1])
		for len(last) > 0 && s.width(string(last)+"…", b.style, b.least) > width {
			last = last[:len(last)-1]
		}
		lines[b.lines-1] = string(last) + "…"
	}
	return setting{lines, b.style, b.least}
}

// wrap breaks a text between words, and words only where they are wider than a
// line; then it is not whole.
func (s *sheet) wrap(text string, width float64, style string, size float64) (lines []string, whole bool) {
	whole = true
	current := ""
	for word := range strings.FieldsSeq(text) {
		if longer := strings.TrimSpace(current + " " + word); s.width(longer, style, size) <= width {
			current = longer
			continue
		}
		if current != "" {
			lines = append(lines, current)
		}
		current = ""
		for _, r := range word {
			if s.width(current+string(r), style, size) > width {
				whole = false
				lines, current = append(lines, current), ""
			}
			current += string(r)
		}
	}
	return append(lines, current), whole
}

// width is that of a text in millimetres.
func (s *sheet) width(text, style string, size float64) float64 {
	s.SetFont(family, style, size)
	return s.GetStringWidth(text)
}

// put draws a text with its upper left corner at x and y, and returns where it
// ends.
func (s *sheet) put(t setting, x, y float64) float64 {
	return s.each(t, y, func(text string, base float64) { s.Text(x, base, text) })
}

// centre draws a text below y, about x.
func (s *sheet) centre(t setting, x, y float64) {
	s.each(t, y, func(text string, base float64) { s.Text(x-s.GetStringWidth(text)/2, base, text) })
}

// each draws lines at their baselines.
func (s *sheet) each(t setting, y float64, draw func(text string, base float64)) float64 {
	const ascent = 0.8 // of a line
	s.SetFont(family, t.style, t.size)
	for _, text := range t.lines {
		draw(text, y+ascent*leading(t.size))
		y += leading(t.size)
	}
	return y
}
