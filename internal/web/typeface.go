package web

import (
	_ "embed" // the fonts
	"strings"
	"unicode"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// The fonts of the PDF, whose own core fonts know western Europe alone. Their
// licence stands beside them.
var (
	//go:embed fonts/DejaVuSansCondensed.ttf
	regularFont []byte
	//go:embed fonts/DejaVuSansCondensed-Bold.ttf
	boldFont []byte
)

// A typeface knows what its fonts can draw. It is safe for concurrent use.
type typeface struct{ fonts []*sfnt.Font }

func newTypeface(files ...[]byte) typeface {
	var face typeface
	for _, file := range files {
		font, err := sfnt.Parse(file)
		if err != nil {
			panic(err) // it is embedded
		}
		face.fonts = append(face.fonts, font)
	}
	return face
}

// standing are the scripts whose letters stand one after the other, from left to
// right and whatever their neighbours are. The PDF's writer places letters so
// and no other way: of Arabic, Hebrew or Thai it would make a wrong word of right
// letters.
var standing = []*unicode.RangeTable{
	unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian, unicode.Canadian_Aboriginal, unicode.Common,
}

// write returns a text as it can be drawn, on one line and without the marks that
// nobody sees. It is false where a letter would be missing or wrong: then nothing
// of the text may be drawn, for half a name is another name. Pictures are no
// letters, and are left out.
func (f typeface) write(text string) (string, bool) {
	var b strings.Builder
	for _, r := range norm.NFC.String(strings.ToValidUTF8(text, "")) {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector):
		case f.has(r):
			b.WriteRune(r)
		case !unicode.In(r, unicode.So, unicode.Sk):
			return "", false
		}
	}
	return strings.Join(strings.Fields(b.String()), " "), true
}

// has reports whether a letter can be drawn in every font of the face.
func (f typeface) has(r rune) bool {
	const plane = 0xFFFF // the PDF's writer knows the first plane of Unicode alone
	if r > plane || unicode.IsMark(r) || !unicode.In(r, standing...) {
		return false
	}
	for _, font := range f.fonts {
		// Without a buffer of its own the call is safe for many goroutines.
		if glyph, err := font.GlyphIndex(nil, r); err != nil || glyph == 0 {
			return false
		}
	}
	return true
}
