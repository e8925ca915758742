package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// A line2d is one line of a plot: a value for each label of the x axis.
type line2d struct {
	name string
	y    []float64
}

// plot draws lines over equally spaced labels, with a logarithmic y axis, as SVG.
func plot(title string, x []string, lines []line2d) string {
	const (
		width, height     = 900, 420
		left, right       = 70, 330
		top, bottom       = 40, 40
		plotWidth         = width - left - right
		plotHeight        = height - top - bottom
		colours, darkness = 360, 38
	)
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, v := range l.y {
			if v > 0 {
				low, high = min(low, math.Floor(math.Log10(v))), max(high, math.Ceil(math.Log10(v)))
			}
		}
	}
	if low >= high {
		low, high = 0, 1
	}
	at := func(i int, v float64) (float64, float64) {
		return left + plotWidth*(float64(i)+0.5)/float64(len(x)), top + plotHeight*(high-math.Log10(v))/(high-low)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<title>%[1]s</title><rect width="100%%" height="100%%" fill="white"/><text x="%[2]d" y="24" font-size="15">%[1]s</text>`+"\n", html.EscapeString(title), left)
	for e := low; e <= high; e++ {
		_, y := at(0, math.Pow(10, e))
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ccc"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", left, width-right, y, y, left-8, y+4, math.Pow(10, e))
	}
	for i, label := range x {
		px, _ := at(i, 1)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", px, height-bottom+20, html.EscapeString(label))
	}
	for n, l := range lines {
		colour := fmt.Sprintf("hsl(%d,70%%,%d%%)", n*colours/len(lines), darkness)
		var points []string
		for i, v := range l.y {
			if v > 0 {
				px, py := at(i, v)
				points = append(points, fmt.Sprintf("%.1f,%.1f", px, py))
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", px, py, colour)
			}
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), colour)
		y := top + 10 + 20*n
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%d" y2="%[3]d" stroke="%[4]s" stroke-width="3"/><text x="%[5]d" y="%[6]d">%[7]s</text>`+"\n",
			width-right+15, width-right+35, y, colour, width-right+42, y+4, html.EscapeString(l.name))
	}
	return b.String() + "</svg>\n"
}
