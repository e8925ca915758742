package web

import (
	"bytes"
	"context"
	"errors"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/pagetest"
)

// pdfOf asks for the PDF of a ticket; paper is "" or one that is asked for.
func pdfOf(t *testing.T, p boxoffice.TicketPage, paper string, options Options) []byte {
	t.Helper()
	w := askPDF(t, shows(p), paper, options)
	if w.Code != 200 {
		t.Fatalf("the PDF is %d %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// askPDF sends the request for a PDF.
func askPDF(t *testing.T, office Office, paper string, options Options) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/t/"+secret+"/ticket.pdf?"+url.Values{"paper": {paper}}.Encode(), http.NoBody)
	r.Header.Set("Accept-Encoding", "gzip")
	New(office, nil, Addresses{}, options).ServeHTTP(w, r)
	return w
}

func TestThePDFHasTheTicketOnOnePage(t *testing.T) {
	for _, tt := range pages() {
		if gone(tt.page) || tt.page.Ticket.Barcode == "" {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, paper := range pagetest.Papers() {
				printed := pagetest.NewPrint(t, pdfOf(t, tt.page, paper.Name, Options{}))
				if n, on := printed.Pages(), printed.Paper(); n != 1 || !near(on.Width, paper.Width) || !near(on.Height, paper.Height) {
					t.Errorf("the PDF has %d pages of %+v; want one of %+v", n, on, paper)
				}
				if code, found := scan(t, paper.Name, printed.Picture(dots), tt.page); found && millimetres(code.Width) < least {
					t.Errorf("%s: the code is %.1f mm wide, want %d", paper.Name, millimetres(code.Width), least)
				}
				inside(t, printed, paper)
			}
		})
	}
}

func near(a, b float64) bool { return max(a-b, b-a) < 0.2 } // millimetres

// inside fails the test where words come too near to the paper's edge for a
// printer.
func inside(t *testing.T, printed pagetest.Print, paper pagetest.Paper) {
	t.Helper()
	const margin = 10 // millimetres; printers leave up to six white
	words := printed.Words()
	if len(words) == 0 {
		t.Error("the print has no words")
	}
	for word, at := range words {
		if at.X < margin || at.Y < margin || at.X+at.Width > paper.Width-margin || at.Y+at.Height > paper.Height-margin {
			t.Errorf("%q stands at %+v of %+v", word, at, paper)
		}
	}
}

func TestThePDFSaysWhatThePageSays(t *testing.T) {
	tests := []struct {
		name       string
		page       boxoffice.TicketPage
		options    Options
		says, lack []string
	}{
		{"a ticket", football(), Options{}, []string{
			"Meridian State Athletics", "Football vs. Ridgemont", "Saturday, September 6, 2025", "7:30 PM CDT", "Meridian Stadium",
			"Level", "ES", "Section", "9", "Row", "12", "Seat", "7", "Ticket holder", "Ada Byron", "Price level", "Ticket type", "Adult", "9990 1234 5678 9012",
		}, []string{"Demo", "cancelled", "over", "999QK7ZB3M5XW8RTA", "3785222", secret}},
		{"a ticket of a demo", football(), Options{Sandbox: true}, []string{"Demo ticket", "It opens no gate."}, nil},
		{"one of a cancelled event", with(func(p *boxoffice.TicketPage) { p.Event.Cancelled = true }), Options{}, []string{"This event is cancelled"}, nil},
		{"one of an event that is over", with(func(p *boxoffice.TicketPage) { p.Now = p.Event.Over }), Options{}, []string{"This event is over"}, nil},
		{"names that cannot be written", with(func(p *boxoffice.TicketPage) {
			p.Event.InternetName, p.Event.FacilityName, p.Holder, p.Organization.Name = "مهرجان Openair", "ヨコハマ", "ชัยวัฒน์ Lee", "דוד"
		}), Options{}, []string{"Event: see the ticket’s page", "Venue: see the ticket’s page", "Organizer: see the ticket’s page", "Ticket holder see the ticket’s page"},
			[]string{"Openair", "Lee"}},
		{"nobody to be named", with(func(p *boxoffice.TicketPage) { p.Holder = "" }), Options{}, nil, []string{"Ticket holder"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			printed := pagetest.NewPrint(t, pdfOf(t, tt.page, "", tt.options))
			text := strings.Join(strings.Fields(printed.Text()), " ") // lines are the layout's
			for _, want := range tt.says {
				if !strings.Contains(text, want) {
					t.Errorf("the PDF does not say %q:\n%s", want, text)
				}
			}
			for _, no := range tt.lack {
				if strings.Contains(text, no) {
					t.Errorf("the PDF says %q:\n%s", no, text)
				}
			}
			if want := "Ticket: " + readable(tt.page.Event.Title()); printed.Title() != want {
				t.Errorf("the PDF is titled %q, want %q", printed.Title(), want)
			}
		})
	}
}

// However long the names are that somebody put into the books, the print stays
// one page, and nothing leaves it.
func TestEndlessNamesStayOnThePage(t *testing.T) {
	for name, long := range map[string]string{
		"words": strings.Repeat("Straßenbahn ", 90), "one word": strings.Repeat("W", 1024), "hostile": "(\\)\x00\u202e%PDF- endobj\r\n>>" + strings.Repeat("ÿ) Tj ET ", 100),
	} {
		t.Run(name, func(t *testing.T) {
			p := with(func(p *boxoffice.TicketPage) {
				p.Organization.Name, p.Event.InternetName, p.Event.FacilityName, p.Holder = long, long, long, long
				p.Event.Start, p.Event.End = boxoffice.When{Date: long}, boxoffice.When{Date: long + "2"}
				p.Event.Cancelled = true
				p.Ticket.Section, p.Ticket.Row, p.Ticket.Seat = long+":"+long, long, long
				p.Ticket.PriceType, p.Ticket.AssociationType, p.Ticket.Attributes = long, long, []string{long}
			})
			for _, paper := range pagetest.Papers() {
				printed := pagetest.NewPrint(t, pdfOf(t, p, paper.Name, Options{Sandbox: true}))
				if n := printed.Pages(); n != 1 {
					t.Errorf("the PDF has %d pages", n)
				}
				inside(t, printed, paper)
				scan(t, paper.Name, printed.Picture(dots), p)
				if text := printed.Text(); !strings.Contains(text, "…") {
					t.Errorf("nothing shows that names were cut off:\n%s", text)
				}
			}
		})
	}
}

// What a ticket is decides every byte of its PDF, whoever draws beside it.
func TestEqualTicketsHaveEqualPDFs(t *testing.T) {
	const at = 8 // once
	files := make([][]byte, at)
	var group sync.WaitGroup
	for i := range files {
		group.Go(func() {
			v, err := viewOf(football())
			if err == nil {
				files[i], err = drawSheet(v, a4, accentColours[3])
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, file := range files[1:] {
		if !bytes.Equal(file, files[0]) {
			t.Errorf("equal tickets have PDFs of %d and %d bytes that differ", len(files[0]), len(file))
		}
	}
	other := with(func(p *boxoffice.TicketPage) { p.Ticket.Barcode = "9990123456789013" })
	if bytes.Equal(pdfOf(t, other, "a4", Options{}), files[0]) {
		t.Error("tickets with two barcodes have one PDF")
	}
}

func TestThePDFIsOnTheCountrysPaper(t *testing.T) {
	german := with(func(p *boxoffice.TicketPage) { p.Organization.Currency = "EUR" })
	for i, p := range []boxoffice.TicketPage{german, football()} {
		want := pagetest.Papers()[i]
		if got := pagetest.NewPrint(t, pdfOf(t, p, "", Options{})).Paper(); !near(got.Width, want.Width) {
			t.Errorf("a ticket of %s is printed on %+v, want %s", p.Organization.Currency, got, want.Name)
		}
	}
}

func TestThePDFIsRefusedWhereThePageShowsNoCode(t *testing.T) {
	tests := []struct {
		name   string
		office Office
		paper  string
		status int
		says   string
	}{
		{"a ticket that changed hands", shows(with(func(p *boxoffice.TicketPage) { p.ChangedHands = true })), "", 410, "has changed hands"},
		{"a void ticket", shows(with(func(p *boxoffice.TicketPage) { p.Ticket.Void = true })), "", 410, "no longer valid"},
		{"a ticket without a barcode", shows(with(func(p *boxoffice.TicketPage) { p.Ticket.Barcode = "" })), "", 404, "no barcode yet"},
		{"a secret nobody gave out", failing(fault.DocumentUnknown), "", 404, "no ticket at this address"},
		{"the database away", failing(fault.Busy), "", 503, "busy"},
		{"a paper nobody has", shows(football()), "a5", 400, "on A4 or on Letter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := askPDF(t, tt.office, tt.paper, Options{})
			body := w.Body.String()
			if w.Code != tt.status || !strings.Contains(body, tt.says) || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("the PDF is %d %v %s; want %d and %q", w.Code, w.Header(), body, tt.status, tt.says)
			}
			for _, no := range []string{"9990123456789012", "9012", "Ada Byron", secret} {
				if strings.Contains(body, no) {
					t.Errorf("the refusal says %q", no)
				}
			}
		})
	}
}

func TestThePDFIsKeptByNobodyAndNamedForItsSeat(t *testing.T) {
	w := askPDF(t, shows(football()), "", Options{})
	for name, want := range map[string]string{
		"Content-Type": "application/pdf", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"X-Robots-Tag": "noindex", "Content-Encoding": "", "Content-Disposition": "inline; filename=ticket-Football-vs-Ridgemont-ES-9-12-7.pdf",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("the PDF has %s: %q, want %q", name, got, want)
		}
	}
	tests := []struct {
		name string
		page boxoffice.TicketPage
		want string
	}{
		{"another script", with(func(p *boxoffice.TicketPage) { p.Event.InternetName = "Вечер / Рахманинов" }), "ticket-Вечер-Рахманинов-ES-9-12-7.pdf"},
		{"a name that leads elsewhere", with(func(p *boxoffice.TicketPage) { p.Event.InternetName = "../../etc/passwd\r\nX: y" }), "ticket-etc-passwd-X-y-ES-9-12-7.pdf"},
		{"a long name", with(func(p *boxoffice.TicketPage) { p.Event.InternetName = strings.Repeat("long ", 30) }), "ticket-" + strings.Repeat("long-", 8)[:39] + "-ES-9-12-7.pdf"},
		{"no names at all", with(func(p *boxoffice.TicketPage) {
			p.Event.Name, p.Ticket.Section, p.Ticket.Row, p.Ticket.Seat = "", "", "", ""
		}), "ticket.pdf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header := document{name: fileName(tt.page) + ".pdf"}.disposition()
			if _, params, err := mime.ParseMediaType(header); err != nil || params["filename"] != tt.want {
				t.Errorf("the PDF is saved by %q as %q, %v; want %q", header, params["filename"], err, tt.want)
			}
		})
	}
}

// Time in the bubble is simulated: the test itself takes none.
func TestPDFsWaitForTheirTurnAndNotForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{printing: make(chan struct{}, 1)}
		v, err := viewOf(football())
		if err != nil {
			t.Fatal(err)
		}
		s.printing <- struct{}{}
		start := time.Now()
		if _, err := s.print(t.Context(), v, a4, 0); !errors.Is(err, fault.Busy) || time.Since(start) != patience {
			t.Errorf("with every place taken it gives %v after %v; want %v after %v", err, time.Since(start), fault.Busy, patience)
		}
		left, leave := context.WithCancel(t.Context())
		leave()
		if _, err := s.print(left, v, a4, 0); !errors.Is(err, fault.Busy) {
			t.Errorf("a caller that is gone gets %v", err)
		}
		time.AfterFunc(patience/2, func() { <-s.printing })
		if file, err := s.print(t.Context(), v, a4, 0); err != nil || len(file) == 0 || len(s.printing) != 0 {
			t.Errorf("after its turn came it gives %d bytes, %v, with %d places taken", len(file), err, len(s.printing))
		}
	})
}

func TestThereIsAPlaceToPrint(t *testing.T) {
	if n := printers(); n < 1 {
		t.Errorf("printers() = %d", n)
	}
}

func BenchmarkPDF(b *testing.B) {
	v, err := viewOf(football())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := drawSheet(v, a4, accentColours[3]); err != nil {
			b.Fatal(err)
		}
	}
}
