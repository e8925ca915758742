package web

import (
	"strings"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A paper is a sheet's size in millimetres.
type paper struct {
	Name          string // as people say it
	word          string // as the address says it
	width, height float64
}

// The papers that printers have. The world prints on A4, and most of the
// Americas on Letter.
var (
	a4     = paper{Name: "A4", word: "a4", width: 210, height: 297}
	letter = paper{Name: "Letter", word: "letter", width: 215.9, height: 279.4}
)

// paperOf is the paper that a request asks for, in any case, or the one of the
// organization's country. Another word is false.
func paperOf(word string, o boxoffice.Organization) (paper, bool) {
	switch strings.ToLower(word) {
	case "":
		return paperIn(o), true
	case a4.word:
		return a4, true
	case letter.word:
		return letter, true
	}
	return paper{}, false
}

// paperIn is the paper of an organization's country, which its currency tells:
// the name of a time zone only tells the continent. The list is CLDR's, of the
// countries with US Letter.
func paperIn(o boxoffice.Organization) paper {
	switch o.Currency {
	case "BZD", "CAD", "CLP", "COP", "CRC", "GTQ", "MXN", "NIO", "PAB", "PHP", "SVC", "USD", "VES":
		return letter
	}
	return a4
}

// other is the paper that p is not.
func (p paper) other() paper {
	if p == a4 {
		return letter
	}
	return a4
}
