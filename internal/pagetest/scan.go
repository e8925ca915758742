package pagetest

import (
	"errors"
	"fmt"
	"image"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
)

// ErrNoCode says that a scanner finds nothing in a picture.
var ErrNoCode = errors.New("no QR code in the picture")

// A Code is a QR code that was read from a picture.
type Code struct {
	Text string
	// Width is how far its outer corners lie apart, in the picture's pixels, Left and
	// Top are where it begins, and Module is the side of a module. The quiet zone
	// around it does not count.
	Left, Top, Width, Module float64
}

// Quiet reports whether the zone of so many modules around the code is white, as
// a scanner needs it.
func (c Code) Quiet(picture image.Image, modules float64) bool {
	const white = 0xF000 // of 0xFFFF
	const edge = 0.3     // of a module: the corners are found to within that
	code := image.Rect(int(c.Left), int(c.Top), int(c.Left+c.Width), int(c.Top+c.Width))
	zone, code := code.Inset(-int((modules-edge)*c.Module)), code.Inset(-int(edge*c.Module)-1)
	if !zone.In(picture.Bounds()) {
		return false
	}
	for y := zone.Min.Y; y < zone.Max.Y; y++ {
		for x := zone.Min.X; x < zone.Max.X; x++ {
			if image.Pt(x, y).In(code) {
				continue
			}
			if r, g, b, _ := picture.At(x, y).RGBA(); min(r, g, b) < white {
				return false
			}
		}
	}
	return true
}

// Scan reads the QR code in a picture as a scanner does: it finds the code, on
// whatever ground it stands.
func Scan(picture image.Image) (Code, error) {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		return Code{}, err
	}
	dark, err := bitmap.GetBlackMatrix()
	if err != nil {
		return Code{}, unlessNone(err)
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_CHARACTER_SET: "UTF-8", gozxing.DecodeHintType_TRY_HARDER: true}
	found, err := detector.NewDetector(dark).Detect(hints)
	if err != nil {
		return Code{}, unlessNone(err)
	}
	read, err := decoder.NewDecoder().Decode(found.GetBits(), hints)
	if err != nil {
		return Code{}, fmt.Errorf("a QR code that cannot be read: %w", err)
	}
	// The points are the middles of the finder patterns, which are so many modules
	// wide: bottom left, top left, top right.
	const pattern = 7
	points, modules := found.GetPoints(), float64(found.GetBits().GetWidth())
	module := (points[2].GetX() - points[1].GetX()) / (modules - pattern)
	return Code{
		Text: read.GetText(), Width: module * modules, Module: module,
		Left: points[1].GetX() - module*pattern/2, Top: points[1].GetY() - module*pattern/2,
	}, nil
}

func unlessNone(err error) error {
	if _, none := err.(gozxing.NotFoundException); none { //nolint:errorlint // gozxing's kinds of errors are never wrapped
		return ErrNoCode
	}
	return err
}
