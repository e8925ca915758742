package web

import (
	"encoding/xml"
	"image"
	"image/color"
	"image/draw"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

var (
	svg  = regexp.MustCompile(`(?s)<svg.*?</svg>`)
	runs = regexp.MustCompile(`^(M\d+ \d+h\d+v1h-\d+z)+$`)
	one  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
)

// rasterise draws the code of a page as a browser would, so many pixels a
// module, on a ground that is black around the SVG.
func rasterise(t *testing.T, page string, scale int) image.Image {
	t.Helper()
	var drawing struct {
		ViewBox string `xml:"viewBox,attr"`
		Rect    struct {
			Width  int    `xml:"width,attr"`
			Height int    `xml:"height,attr"`
			Fill   string `xml:"fill,attr"`
		} `xml:"rect"`
		Path struct {
			D    string `xml:"d,attr"`
			Fill string `xml:"fill,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal([]byte(svg.FindString(page)), &drawing); err != nil {
		t.Fatalf("%v in %s", err, page)
	}
	side := drawing.Rect.Width
	if drawing.ViewBox != strings.Join([]string{"0 0", strconv.Itoa(side), strconv.Itoa(side)}, " ") || drawing.Rect.Height != side ||
		drawing.Rect.Fill != "#fff" || drawing.Path.Fill != "#000" || !runs.MatchString(drawing.Path.D) {
		t.Fatalf("the drawing is %+v", drawing)
	}
	const border = 3
	picture := image.NewGray(image.Rect(0, 0, (side+2*border)*scale, (side+2*border)*scale))
	fill := func(x, y, w, h int, c color.Color) {
		area := image.Rect(x, y, x+w, y+h).Add(image.Pt(border, border))
		draw.Draw(picture, image.Rectangle{area.Min.Mul(scale), area.Max.Mul(scale)}, image.NewUniform(c), image.Point{}, draw.Src)
	}
	fill(0, 0, side, side, color.White)
	for _, match := range one.FindAllStringSubmatch(drawing.Path.D, -1) {
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(match[i+1]) // digits: the pattern says so
		}
		if n[2] != n[3] || n[0] < quiet || n[1] < quiet || n[0]+n[2] > side-quiet || n[1] >= side-quiet {
			t.Errorf("%s leaves its row or stands in the quiet zone", match[0])
		}
		fill(n[0], n[1], n[2], 1, color.Black)
	}
	return picture
}

// The code is read back from the page as a scanner at the gate would.
func TestTheCodeOnThePageIsTheBarcode(t *testing.T) {
	barcodes := map[string]boxoffice.Barcode{
		"one of ours":                      "9990123456789012",
		"a published one":                  "99912345678901",
		"an imported one with letters":     "ABC-123/XYZ",
		"one in small letters":             "gate.7f3a9c",
		"one in another script":            "вход-7·東",
		"one with marks of HTML":           `<b>&"'`,
		"a single digit":                   "7",
		"the longest":                      boxoffice.Barcode(strings.Repeat("Aa1~", 16)),
		"the longest of digits":            boxoffice.Barcode(strings.Repeat("9", 64)),
		"digits that begin with a nothing": "0000000000000001",
	}
	for name, barcode := range barcodes {
		t.Run(name, func(t *testing.T) {
			p := football()
			p.Ticket.Barcode = barcode
			body := ask(t, shows(p), "GET", "/t/"+secret, Options{}).Body.String()
			for _, scale := range []int{2, 8} {
				bitmap, err := gozxing.NewBinaryBitmapFromImage(rasterise(t, body, scale))
				if err != nil {
					t.Fatal(err)
				}
				read, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_CHARACTER_SET: "UTF-8"})
				if err != nil || read.GetText() != string(barcode) {
					t.Errorf("at %d pixels a module the code reads %v, %v; want %q", scale, read, err, barcode)
				}
			}
		})
	}
}

func TestTheBarcodeIsWrittenInGroups(t *testing.T) {
	tests := []struct {
		name, barcode string
		want          []string
	}{
		{"sixteen digits", "9990123456789012", []string{"9990", "1234", "5678", "9012"}},
		{"fourteen digits", "99912345678901", []string{"9991", "2345", "6789", "01"}},
		{"no digit is left alone", "99901234567890123", []string{"9990", "1234", "5678", "90123"}},
		{"few digits", "12345", []string{"12345"}},
		{"letters stay together", "ABC-123/XYZ", []string{"ABC-123/XYZ"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := groups(tt.barcode); !slices.Equal(got, tt.want) {
				t.Errorf("groups(%q) = %q, want %q", tt.barcode, got, tt.want)
			}
		})
	}
}
