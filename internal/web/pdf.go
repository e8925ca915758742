package web

import (
	"context"
	"mime"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// pdfName comes after a ticket page's address.
const pdfName = "/ticket.pdf"

// A document is an answer that is a file.
type document struct {
	kind string // the media type
	name string // what it is saved as
	body []byte
}

// disposition shows a document in the browser, and names the file it is saved
// to.
func (d document) disposition() string {
	return mime.FormatMediaType("inline", map[string]string{"filename": d.name})
}

// pdf answers with the ticket as one printed page. Where the ticket's page shows
// no code there is no PDF: after the ticket changed hands or was withdrawn it is
// 410, for a print would outlive what the page says.
func (s *site) pdf(r *http.Request) (page, error) {
	found, err := s.find(r)
	if err != nil {
		return page{}, err
	}
	return s.printed(r, found)
}

func (s *site) printed(r *http.Request, found boxoffice.TicketPage) (page, error) {
	sheet, known := paperOf(r.URL.Query().Get("paper"), found.Organization)
	if !known {
		return paperPage(), nil
	}
	view, err := viewOf(found)
	if err != nil {
		return page{}, err
	}
	if view.Code == nil {
		return noPrintPage(found, view), nil
	}
	if s.sandbox {
		view.Notices = append([]notice{demoNotice}, view.Notices...)
	}
	body, err := s.print(r.Context(), view, sheet, accentOf(found.Organization.ID))
	if err != nil {
		return page{}, err
	}
	return page{status: http.StatusOK, document: &document{
		kind: "application/pdf", name: fileName(found) + ".pdf", body: body,
	}}, nil
}

// printers is how many PDFs are drawn at once. Drawing takes a processor for some
// hundredths of a second, and the sale needs processors more.
func printers() int {
	const share = 2 // of the processors one in two
	return max(1, runtime.GOMAXPROCS(0)/share)
}

// print draws a ticket when it is its turn.
func (s *site) print(ctx context.Context, view ticketView, on paper, accent int) ([]byte, error) {
	return s.inTurn(ctx, func() ([]byte, error) { return drawSheet(view, on, accentColours[accent]) })
}

// inTurn makes a file when it is its turn, which may be never: then it is
// fault.Busy.
func (s *site) inTurn(ctx context.Context, draw func() ([]byte, error)) ([]byte, error) {
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	select {
	case s.printing <- struct{}{}:
		defer func() { <-s.printing }()
	case <-ctx.Done():
		return nil, fault.Busy
	}
	return draw()
}

var demoNotice = notice{Title: "Demo ticket", Text: "It opens no gate."}

// noPrintPage says why a ticket cannot be printed.
func noPrintPage(p boxoffice.TicketPage, v ticketView) page {
	status := http.StatusNotFound // it has no barcode yet
	if gone(p) {
		status = http.StatusGone
	}
	return page{status: status, Title: v.Notices[0].Title, Advice: []string{v.Notices[0].Text}}
}

func paperPage() page {
	return page{
		status: http.StatusBadRequest, Title: "A ticket is printed on A4 or on Letter",
		Advice: []string{"End the address with ?paper=a4 or with ?paper=letter. Without either it is the paper of the venue’s country."},
	}
}

// fileName names a ticket's file by event and seat, never by a person: it shows
// in lists of downloads, and on other people's screens.
func fileName(p boxoffice.TicketPage) string {
	const eventLength, seatLength = 40, 40 // characters; some systems cut off what is longer, and the ending with it
	words := []string{
		"ticket", dashed(p.Event.Title(), eventLength), dashed(p.Ticket.Section+" "+p.Ticket.Row+" "+p.Ticket.Seat, seatLength),
	}
	return strings.Join(slices.DeleteFunc(words, func(word string) bool { return word == "" }), "-")
}

// dashed is a text's letters and digits, with dashes for all else.
func dashed(text string, longest int) string {
	words := strings.FieldsFunc(norm.NFC.String(strings.ToValidUTF8(text, " ")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	letters := []rune(strings.Join(words, "-"))
	return strings.Trim(string(letters[:min(len(letters), longest)]), "-")
}
