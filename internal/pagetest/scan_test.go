package pagetest_test

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"testing"

	"github.com/boombuler/barcode/qr"

	"github.com/seatlink/seatlink/internal/pagetest"
)

// codeOn draws a code on a ground, with so many white modules around it.
func codeOn(t *testing.T, text string, ground color.Color, quiet, module int) (picture *image.RGBA, modules int) {
	t.Helper()
	code, err := qr.Encode(text, qr.Q, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	const border = 12
	modules = code.Bounds().Dx()
	picture = image.NewRGBA(image.Rect(0, 0, (modules+2*border)*module, (modules+2*border)*module))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	square := func(from, to int, at image.Point, c color.Color) {
		area := image.Rect(at.X+from, at.Y+from, at.X+to, at.Y+to).Add(image.Pt(border, border))
		draw.Draw(picture, image.Rectangle{area.Min.Mul(module), area.Max.Mul(module)}, image.NewUniform(c), image.Point{}, draw.Src)
	}
	square(-quiet, modules+quiet, image.Point{}, color.White)
	for y := range modules {
		for x := range modules {
			square(0, 1, image.Pt(x, y), code.At(x, y))
		}
	}
	return picture, modules
}

func TestScanTellsWhatACodeSaysAndWhereItIs(t *testing.T) {
	tests := []struct {
		name         string
		ground       color.Color
		quiet, asked int
		isQuiet      bool
	}{
		{"on white", color.White, 0, 4, true},
		{"on black with its zone", color.Black, 4, 4, true},
		{"on black with a zone too small", color.Black, 3, 4, false},
		{"on grey, which is not white", color.Gray{200}, 0, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const module = 6
			picture, modules := codeOn(t, "9990123456789012", tt.ground, tt.quiet, module)
			code, err := pagetest.Scan(picture)
			if err != nil || code.Text != "9990123456789012" {
				t.Fatalf("Scan = %+v, %v", code, err)
			}
			near := func(got float64, want int) bool { return math.Abs(got-float64(want)) < module/3.0 }
			if !near(code.Width, modules*module) || !near(code.Left, 12*module) || !near(code.Top, 12*module) || !near(code.Module, module) {
				t.Errorf("Scan = %+v; want %d modules of %d pixels at %d", code, modules, module, 12*module)
			}
			if got := code.Quiet(picture, float64(tt.asked)); got != tt.isQuiet {
				t.Errorf("Quiet(%d) = %v", tt.asked, got)
			}
		})
	}
}
