package web

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// quiet is the white margin around a QR code, in modules: ISO/IEC 18004 wants
// four, and scanners need them on a dark page.
const quiet = 4

// A code is a barcode drawn as a QR code, one unit a module, and the same as
// text for the hand at the gate.
type code struct {
	Barcode string
	Groups  []string // the text in pieces that are easy to read out
	Size    int      // of a side, with the quiet zone
	runs    []run
}

// A run is dark modules side by side. Runs rather than modules are drawn: between
// two squares a printer may leave a gap.
type run struct{ x, y, length int }

// Path is the dark modules as an SVG path.
func (c *code) Path() string {
	var path strings.Builder
	for _, r := range c.runs {
		fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", r.x, r.y, r.length, r.length)
	}
	return path.String()
}

// drawCode draws a barcode of up to 64 characters. A quarter of the code may be
// creased or dirty (level Q).
func drawCode(barcode boxoffice.Barcode) (*code, error) {
	matrix, err := qr.Encode(string(barcode), qr.Q, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("draw the code: %w", err)
	}
	side := matrix.Bounds().Dx()
	dark := func(x, y int) bool {
		level, _, _, _ := matrix.At(x, y).RGBA()
		return level == 0
	}
	c := &code{Barcode: string(barcode), Groups: groups(string(barcode)), Size: side + 2*quiet}
	for y := range side {
		for x := 0; x < side; x++ {
			from := x
			for x < side && dark(x, y) {
				x++
			}
			if x > from {
				c.runs = append(c.runs, run{from + quiet, y + quiet, x - from})
			}
		}
	}
	return c, nil
}

// groups cuts digits into fours from the front. Anything else has a rhythm of
// its own, or none.
func groups(barcode string) []string {
	const group = 4
	if strings.Trim(barcode, "0123456789") != "" {
		return []string{barcode}
	}
	var pieces []string
	for len(barcode) > group+1 { // five at the end rather than one left alone
		pieces, barcode = append(pieces, barcode[:group]), barcode[group:]
	}
	return append(pieces, barcode)
}
