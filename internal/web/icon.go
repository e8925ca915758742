package web

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// iconSide is a pass's icon, in points; phones want it in up to three pixels each.
const iconSide = 29

// drawIcons draws a pass's icon in the sizes that phones want.
func drawIcons(accent rgb) ([]passFile, error) {
	var files []passFile
	for i, name := range []string{"icon.png", "icon@2x.png", "icon@3x.png"} {
		body, err := drawIcon(i+1, accent)
		if err != nil {
			return nil, err
		}
		files = append(files, passFile{name, body})
	}
	return files, nil
}

// drawIcon draws a ticket, torn at both ends of its perforation, on the
// organization's colour.
func drawIcon(scale int, accent rgb) ([]byte, error) {
	const fine = 4 // looks into each pixel, across and down, so that edges are smooth
	side := iconSide * scale
	picture := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			inked := 0
			for i := range fine * fine {
				u := (float64(x) + (float64(i%fine)+0.5)/fine) / float64(scale)
				v := (float64(y) + (float64(i/fine)+0.5)/fine) / float64(scale)
				if onTicket(u, v) {
					inked++
				}
			}
			mix := func(ground int) uint8 { return uint8(ground + (255-ground)*inked/(fine*fine)) }
			picture.SetNRGBA(x, y, color.NRGBA{mix(accent.r), mix(accent.g), mix(accent.b), 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return nil, fmt.Errorf("draw the pass's icon: %w", err)
	}
	return file.Bytes(), nil
}

// onTicket reports whether a point of the icon, in points, is on its ticket.
func onTicket(x, y float64) bool {
	const left, top, right, bottom = 4.5, 8, 24.5, 21
	const tear, notch, dash, dashWidth = 18, 2.2, 1.6, 0.9
	if x < left || x > right || y < top || y > bottom {
		return false
	}
	for _, end := range []float64{top, bottom} {
		if dx, dy := x-tear, y-end; dx*dx+dy*dy < notch*notch {
			return false
		}
	}
	perforated := x > tear-dashWidth/2 && x < tear+dashWidth/2 && int((y-top)/dash)%2 == 0
	return !perforated
}
