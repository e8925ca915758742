package web

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// The measures of the printed ticket, in millimetres. It fits both papers, and
// as a rule their upper half, so that it can be folded.
const (
	cardWidth, stubWidth = 180, 70
	mainWidth            = cardWidth - stubWidth
	cardTop              = 14
	cardRound            = 4 // of its corners
	inset                = 7 // between a card's edge and what stands in it
	codeSide             = 64
	notchRadius          = 3
	columnWidth          = mainWidth - 2*inset
)

// What the PDF says that the page does not.
const (
	elsewhere  = "see the ticket’s page"
	keepText   = "Keep this print to yourself: whoever has the code can use the ticket."
	resaleText = "Once the ticket is sold or given to somebody else, the code of this print opens no gate."
	foldText   = "fold here"
)

// A sheet is a PDF in the making: one page, written with one typeface. What it
// is made of decides every byte of it.
type sheet struct {
	*fpdf.Fpdf
	paper  paper
	accent rgb
}

// drawSheet draws a ticket that has a code.
func drawSheet(v ticketView, on paper, accent rgb) ([]byte, error) {
	s := &sheet{paper: on, accent: accent, Fpdf: fpdf.NewCustom(&fpdf.InitType{
		UnitStr: "mm", Size: fpdf.SizeType{Wd: on.width, Ht: on.height},
	})}
	s.SetMargins(0, 0, 0)
	s.SetAutoPageBreak(false, 0)
	s.SetCellMargin(0)
	// PDFs have a date, and a ticket's would tell nothing but when it was asked for.
	s.SetCreationDate(time.Unix(0, 0).UTC())
	s.SetModificationDate(time.Unix(0, 0).UTC())
	s.SetCatalogSort(true)
	s.SetTitle("Ticket: "+readable(v.Event), true)
	s.SetCreator("seatlink", true)
	s.SetLang("en")
	s.AddUTF8FontFromBytes(family, "", regularFont)
	s.AddUTF8FontFromBytes(family, bold, boldFont)
	s.AddPage()
	s.SetLineWidth(0.35)

	left := (on.width - cardWidth) / 2
	y := s.notices(v.Notices, left, cardTop)
	end := s.card(v, left, y)
	end = s.advice(left, end+6)
	if half := on.height / 2; end < half-2 {
		s.fold(half)
	}
	var file bytes.Buffer
	if err := s.Output(&file); err != nil {
		return nil, fmt.Errorf("draw the ticket's PDF: %w", err)
	}
	return file.Bytes(), nil
}

// notices draws what must be known first, above the card, and returns where the
// next thing begins.
func (s *sheet) notices(list []notice, left, y float64) float64 {
	const barWidth, padding, gap = 2, 3.5, 4
	for _, n := range list {
		box := s.layout(n.Title, cardWidth-2*inset, block{bold, 15, 15, 1})
		text := s.layout(n.Text, cardWidth-2*inset, block{"", 10.5, 10.5, 2})
		height := 2*padding + box.height() + text.height()
		s.SetDrawColor(0, 0, 0)
		s.Rect(left, y, cardWidth, height, "D")
		s.fill(s.accent)
		s.Rect(left, y, barWidth, height, "F")
		s.ink(black)
		s.put(text, left+inset, s.put(box, left+inset, y+padding))
		y += height + gap
	}
	return y
}

// card draws the ticket itself and returns where it ends. What it says on the
// left decides how high it is.
func (s *sheet) card(v ticketView, left, top float64) float64 {
	y := s.band(v, left, top)
	y = s.when(v, left+inset, y+5)
	y = s.place(v.Place, left+inset, y+4)
	y = s.facts(v, left+inset, y+4)
	const least = codeSide + 26 // the code, and its text below it
	bottom := max(y+inset-2, top+least)
	s.stub(v.Code, left+mainWidth, top, bottom)
	s.SetDrawColor(0, 0, 0)
	s.RoundedRect(left, top, cardWidth, bottom-top, cardRound, "1234", "D")
	s.perforation(left+mainWidth, top, bottom)
	return bottom
}

// band draws the organization's colour with the event in it.
func (s *sheet) band(v ticketView, left, top float64) float64 {
	house := s.layout(named("Organizer", v.Organization), columnWidth, block{bold, 11, 9, 1})
	event := s.layout(named("Event", v.Event), columnWidth, block{bold, 23, 12, 2})
	height := 2*5 + house.height() + event.height()
	s.fill(s.accent)
	s.RoundedRect(left, top, mainWidth, height, cardRound, "1", "F")
	s.ink(white)
	s.put(event, left+inset, s.put(house, left+inset, top+5))
	s.ink(black)
	return top + height
}

func (s *sheet) when(v ticketView, x, y float64) float64 {
	until := ""
	if v.When.Until != "" {
		until = "until " + v.When.Until
	}
	y = s.put(s.layout(v.When.Date, columnWidth, block{bold, 13, 9, 1}), x, y)
	y = s.put(s.layout(v.When.Time, columnWidth, block{bold, 20, 12, 1}), x, y)
	y = s.put(s.layout(until, columnWidth, block{bold, 11, 9, 1}), x, y)
	return s.put(s.layout(named("Venue", v.Venue), columnWidth, block{"", 12.5, 9, 2}), x, y)
}

// place draws the way to the seat between two rules: side by side and as large
// as goes, else one below the other.
func (s *sheet) place(facts []fact, x, y float64) float64 {
	if len(facts) == 0 {
		return y
	}
	s.SetDrawColor(0, 0, 0)
	s.Line(x, y, x+columnWidth, y)
	y += 2.5
	const gap, largest, least = 5, 34, 15
	fits := false
	for size := float64(largest); size >= least && !fits; size-- {
		widths, total := make([]float64, len(facts)), gap*float64(len(facts)-1)
		for i, f := range facts {
			widths[i] = max(s.width(f.Label, "", labelSize), s.width(readable(f.Value), bold, size))
			total += widths[i]
		}
		if fits = total <= columnWidth; !fits {
			continue
		}
		spare, at := min((columnWidth-total)/float64(len(facts)), 2*gap), x
		for i, f := range facts {
			s.put(line(f.Label, "", labelSize), at, y)
			s.put(line(readable(f.Value), bold, size), at, y+leading(labelSize))
			at += widths[i] + gap + spare
		}
		y += leading(labelSize) + leading(size)
	}
	if !fits {
		for _, f := range facts {
			y = s.labelled(f, x, y, columnWidth, block{bold, 14, 9, 2}) + 1
		}
	}
	y += 1.5
	s.Line(x, y, x+columnWidth, y)
	return y
}

// facts draws the holder, and in two columns what was paid for.
func (s *sheet) facts(v ticketView, x, y float64) float64 {
	const gap = 5
	if v.Holder != "" {
		y = s.labelled(fact{"Ticket holder", v.Holder}, x, y, columnWidth, block{bold, 15, 9, 2}) + 1.5
	}
	const half = (columnWidth - gap) / 2.0
	for i := 0; i < len(v.Facts); i += 2 {
		next := s.labelled(v.Facts[i], x, y, half, block{bold, 11, 8, 3})
		if i+1 < len(v.Facts) {
			next = max(next, s.labelled(v.Facts[i+1], x+half+gap, y, half, block{bold, 11, 8, 3}))
		}
		y = next + 1.5
	}
	return y
}

// labelled draws a fact as its label with the value below.
func (s *sheet) labelled(f fact, x, y, width float64, b block) float64 {
	y = s.put(line(f.Label, "", labelSize), x, y)
	return s.put(s.layout(readable(f.Value), width, b), x, y)
}

// stub draws the code, with its barcode to read out.
func (s *sheet) stub(c *code, left, top, bottom float64) {
	text := s.layout(readable(strings.Join(c.Groups, "  ")), stubWidth-2*notchRadius, block{bold, 14, 8, 4})
	y := top + max((bottom-top-codeSide-text.height())/2, 2)
	s.code(c, left+(stubWidth-codeSide)/2, y, codeSide)
	s.centre(text, left+stubWidth/2, y+codeSide)
}

// code fills the dark modules, all in one go: what is filled by itself may show
// a seam to its neighbour.
func (s *sheet) code(c *code, left, top, side float64) {
	module := side / float64(c.Size)
	s.fill(black)
	for _, r := range c.runs {
		x, y, w := left+float64(r.x)*module, top+float64(r.y)*module, float64(r.length)*module
		s.MoveTo(x, y)
		s.LineTo(x+w, y)
		s.LineTo(x+w, y+module)
		s.LineTo(x, y+module)
		s.ClosePath()
	}
	s.DrawPath("f")
}

// perforation draws the line between the ticket and its code, as if to tear.
func (s *sheet) perforation(x, top, bottom float64) {
	s.fill(white)
	s.Circle(x, top, notchRadius, "F")
	s.Circle(x, bottom, notchRadius, "F")
	s.SetDrawColor(0, 0, 0)
	s.Arc(x, top, notchRadius, notchRadius, 0, 180, 360, "D")
	s.Arc(x, bottom, notchRadius, notchRadius, 0, 0, 180, "D")
	s.SetDashPattern([]float64{1.2, 1.6}, 0)
	s.Line(x, top+notchRadius+1, x, bottom-notchRadius-1)
	s.SetDashPattern(nil, 0)
}

func (s *sheet) advice(x, y float64) float64 {
	for _, text := range []string{keepText, resaleText} {
		y = s.put(s.layout(text, cardWidth, block{"", 10, 8, 2}), x, y)
	}
	return y
}

func (s *sheet) fold(y float64) {
	const grey = 120
	s.SetDrawColor(grey, grey, grey)
	s.SetDashPattern([]float64{0.6, 1.8}, 0)
	s.Line(0, y, s.paper.width, y)
	s.SetDashPattern(nil, 0)
	s.SetTextColor(grey-grey/2, grey-grey/2, grey-grey/2)
	s.centre(line(foldText, "", 8), s.paper.width/2, y+1)
}

// readable is a text as the PDF can write it, else where to read it.
func readable(text string) string {
	written, ok := face.write(text)
	if !ok {
		return elsewhere
	}
	return written
}

// named is a text that stands without a label, which it gets where it cannot be
// written.
func named(label, text string) string {
	written, ok := face.write(text)
	if !ok {
		return label + ": " + elsewhere
	}
	return cmp.Or(written, "")
}
