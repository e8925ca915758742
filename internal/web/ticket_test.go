package web

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a page with a file, in which the stylesheet has a name that
// does not change with its text.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".html")
	got = strings.ReplaceAll(got, stylePath, "/assets/style.css")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s =\n%s\nwant\n%s", name, got, want)
	}
}

// football is a ticket for a game to come.
func football() boxoffice.TicketPage {
	return boxoffice.TicketPage{
		Ticket: boxoffice.Ticket{
			Token: "999QK7ZB3M5XW8RTA", Organization: 999, Event: "999:F25:F01", Section: "ES:9", Row: "12", Seat: "7",
			SeatingType: "RESERVED", PriceLevel: 3, PriceType: "A", Face: 8500, Owner: "3785222", Owned: 4, Version: 4, Barcode: "9990123456789012",
		},
		Event: boxoffice.Event{
			ID: "999:F25:F01", Organization: 999, Season: "F25", Item: "F01", Basis: boxoffice.Single,
			Name: "Football vs. Ridgemont", Start: boxoffice.When{At: time.Date(2025, 9, 7, 0, 30, 0, 0, time.UTC)},
			End:  boxoffice.When{At: time.Date(2025, 9, 7, 3, 30, 0, 0, time.UTC)},
			Over: time.Date(2025, 9, 7, 3, 30, 0, 0, time.UTC), FacilityCode: "MS", FacilityName: "Meridian Stadium",
			PriceTypes: map[string]string{"A": "Adult", "C": "Child"}, Secondary: true,
		},
		Organization: boxoffice.Organization{ID: 999, Name: "Meridian State Athletics", Zone: "America/Chicago", Currency: "USD"},
		Holder:       "Ada Byron",
		Now:          time.Date(2025, 9, 1, 12, 0, 0, 0, time.UTC),
	}
}

// with is football with a change.
func with(change func(p *boxoffice.TicketPage)) boxoffice.TicketPage {
	p := football()
	change(&p)
	return p
}

// pages are tickets of every kind, in every state.
func pages() []namedPage {
	general := func(p *boxoffice.TicketPage) {
		p.Ticket.Section, p.Ticket.Row, p.Ticket.Seat, p.Ticket.SeatingType = "ST:2", "GA", "1017", "GA"
	}
	return []namedPage{
		{"ticket", football()},
		{"changed-hands", with(func(p *boxoffice.TicketPage) { p.ChangedHands = true })},
		{"void", with(func(p *boxoffice.TicketPage) { p.ChangedHands, p.Ticket.Void = true, true })},
		{"cancelled", with(func(p *boxoffice.TicketPage) { p.Event.Cancelled = true })},
		{"over", with(func(p *boxoffice.TicketPage) { p.Now = p.Event.Over })},
		{"no-barcode", with(func(p *boxoffice.TicketPage) { p.Ticket.Barcode = "" })},
		{"time-to-be-announced", with(func(p *boxoffice.TicketPage) {
			p.Event.Start, p.Event.End = boxoffice.When{Date: "2025-11-15"}, boxoffice.When{Date: "2025-11-15"}
			p.Event.Over = time.Date(2025, 11, 16, 6, 0, 0, 0, time.UTC)
		})},
		{"general-admission", with(general)},
		{"parking", with(func(p *boxoffice.TicketPage) {
			p.Event.Name, p.Event.ItemName = "Parking for Football Game 1", "Parking for Football Game 1"
			p.Event.Associations = []boxoffice.Association{{Type: "PARKING", With: []boxoffice.EventID{"999:F25:F01"}}}
			p.Event.PriceTypes = map[string]string{"A": "Standard"}
			p.Ticket.Section, p.Ticket.Row, p.Ticket.Seat, p.Ticket.PriceLevel = "LOT:A", "3", "12", 1
		})},
		{"parking-any-space", with(func(p *boxoffice.TicketPage) {
			general(p)
			p.Event.Name = "Parking for Baseball"
			p.Event.Associations = []boxoffice.Association{{Type: "PARKING"}}
			p.Event.End = boxoffice.When{At: time.Date(2025, 11, 29, 5, 30, 0, 0, time.UTC)}
			p.Event.Over = p.Event.End.At
			p.Ticket.Section, p.Ticket.PriceType = "FIELD:E", "SEASON"
		})},
		{"long-names", with(func(p *boxoffice.TicketPage) {
			p.Organization.ID, p.Organization.Name = 129, "Συμφωνική Ορχήστρα της Παραθαλάσσιας Πόλεως και Περιχώρων"
			p.Event.InternetName = "مهرجان الموسيقى الدولي الحادي والأربعون: ليلة الافتتاح مع أوركسترا المدينة Open-Air 2025"
			p.Event.FacilityName = "ヨコハマ港の見える丘公園野外大音楽堂・第二特設ステージ"
			p.Holder = "Wolfeschlegelsteinhausenbergerdorffvoralternwaren Абдурахманов-Преображенский ชัยวัฒน์ศรีสุวรรณ"
			p.Ticket.Section, p.Ticket.Row, p.Ticket.Seat = "Балкон:Левая сторона", "Wheelchair platform", "A-8"
			p.Ticket.AssociationType, p.Ticket.Attributes = "VIP", []string{"ADA", "COMPANION"}
			p.Event.PriceTypes = map[string]string{"A": "Ermäßigt für Schülerinnen und Schüler, Studierende und Auszubildende"}
			p.Ticket.Barcode = "IMPORTED-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789-abcdef"
		})},
		{"books-that-know-little", boxoffice.TicketPage{ChangedHands: true}},
	}
}

type namedPage struct {
	name string
	page boxoffice.TicketPage
}

func TestGoldenPages(t *testing.T) {
	for _, tt := range pages() {
		t.Run(tt.name, func(t *testing.T) {
			golden(t, tt.name, ask(t, shows(tt.page), "GET", "/t/"+secret, Options{}).Body.String())
		})
	}
	t.Run("demo", func(t *testing.T) {
		golden(t, "demo", ask(t, shows(football()), "GET", "/t/"+secret, Options{Sandbox: true}).Body.String())
	})
	t.Run("unknown", func(t *testing.T) {
		golden(t, "unknown", ask(t, failing(fault.DocumentUnknown), "GET", "/t/"+secret, Options{}).Body.String())
	})
	t.Run("busy", func(t *testing.T) {
		golden(t, "busy", ask(t, failing(fault.Busy), "GET", "/t/"+secret, Options{}).Body.String())
	})
	t.Run("broken", func(t *testing.T) {
		golden(t, "broken", ask(t, failing(errors.New("disk on fire")), "GET", "/t/"+secret, Options{}).Body.String())
	})
	t.Run("start", func(t *testing.T) { golden(t, "start", ask(t, nil, "GET", "/", Options{}).Body.String()) })
	t.Run("start-demo", func(t *testing.T) {
		golden(t, "start-demo", ask(t, nil, "GET", "/", Options{Sandbox: true}).Body.String())
	})
	t.Run("nothing", func(t *testing.T) { golden(t, "nothing", ask(t, nil, "GET", "/nothing", Options{}).Body.String()) })
	t.Run("method", func(t *testing.T) { golden(t, "method", ask(t, nil, "POST", "/", Options{}).Body.String()) })
}

// What a page must not tell, and what it must.
func TestAPageTellsTheHolderAlone(t *testing.T) {
	const (
		token, barcode, holder, code = "999QK7ZB3M5XW8RTA", "9990123456789012", "Ada Byron", "<svg"
		owner, sibling               = "3785222", "999:F25:F01"
	)
	tests := []struct {
		name       string
		page       boxoffice.TicketPage
		says, lack []string
	}{
		{"a ticket", football(), []string{barcode, holder, code, ">ES<", ">9<", ">12<", ">7<", "Adult"}, []string{token, owner, sibling, secret, "8500", "notice"}},
		{"one that changed hands", with(func(p *boxoffice.TicketPage) { p.ChangedHands = true }),
			[]string{"has changed hands"}, []string{token, owner, secret, barcode, "9012", holder, code}},
		{"one that is void, whatever else is said of it", with(func(p *boxoffice.TicketPage) { p.Ticket.Void = true }),
			[]string{"no longer valid"}, []string{token, owner, secret, barcode, "9012", holder, code}},
		{"one of a cancelled event", with(func(p *boxoffice.TicketPage) { p.Event.Cancelled = true }),
			[]string{"event is cancelled", barcode, holder, code}, []string{token}},
		{"one of an event that is just over", with(func(p *boxoffice.TicketPage) { p.Now = p.Event.Over }),
			[]string{"event is over", barcode, holder, code}, []string{token}},
		{"one of an event that is never over", with(func(p *boxoffice.TicketPage) { p.Event.Over = time.Time{} }),
			[]string{barcode}, []string{"event is over"}},
		{"one of general admission", with(func(p *boxoffice.TicketPage) {
			p.Ticket.Row, p.Ticket.Seat, p.Ticket.SeatingType = "GA", "1017", "GA"
		}), []string{"General admission", ">1017<"}, []string{">GA<", ">Row<"}},
		{"one of a section without a level", with(func(p *boxoffice.TicketPage) { p.Ticket.Section = "9" }), []string{">9<"}, []string{">Level<"}},
		{"one of a price type without a name", with(func(p *boxoffice.TicketPage) { p.Ticket.PriceType = "SENIOR" }), []string{">SENIOR<"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := ask(t, shows(tt.page), "GET", "/t/"+secret, Options{}).Body.String()
			if tt.page.Ticket.Barcode != "" && !gone(tt.page) {
				// The address stands in the links to the PDF, and nowhere else.
				if n := strings.Count(body, "/t/"+secret+"/ticket.pdf"); n != 2 {
					t.Errorf("the page has %d links to its PDF, want 2", n)
				}
				body = strings.ReplaceAll(body, "/t/"+secret+"/ticket.pdf", "")
			}
			for _, text := range tt.says {
				if !strings.Contains(body, text) {
					t.Errorf("the page does not say %q: %s", text, body)
				}
			}
			for _, text := range tt.lack {
				if strings.Contains(body, text) {
					t.Errorf("the page says %q: %s", text, body)
				}
			}
		})
	}
}

// Whatever stands in the books is text on the page, in every place.
func TestHostileNamesAreText(t *testing.T) {
	const hostile = `"><script>alert(1)</script><img src=x onerror='alert(1)'>{{.}}` + "\u202e\x00"
	p := with(func(p *boxoffice.TicketPage) {
		p.Organization.Name, p.Event.InternetName, p.Event.FacilityName, p.Holder = hostile, hostile, hostile, hostile
		p.Event.Start = boxoffice.When{Date: hostile}
		p.Event.End = boxoffice.When{Date: hostile + "2"}
		p.Ticket.Section, p.Ticket.Row, p.Ticket.Seat = hostile+":"+hostile, hostile, hostile
		p.Ticket.PriceType, p.Ticket.AssociationType, p.Ticket.Attributes = hostile, hostile, []string{hostile}
		p.Ticket.Barcode = `"><script>alert(1)</script><img src=x onerror='`
	})
	w := ask(t, shows(p), "GET", "/t/"+secret, Options{})
	body := w.Body.String()
	if w.Code != 200 || strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Contains(body, `""`) {
		t.Errorf("hostile names = %d %s", w.Code, body)
	}
	for _, quoted := range strings.Split(body, `="`)[1:] {
		if value, _, _ := strings.Cut(quoted, `"`); strings.ContainsAny(value, "<>") {
			t.Errorf("an attribute has a tag in it: %q", value)
		}
	}
	if got := strings.Count(body, "&lt;script&gt;"); got < 14 {
		t.Errorf("%d names are shown as text, want all", got)
	}
}

func TestNeighboursHaveColoursOfTheirOwn(t *testing.T) {
	var seen []int
	for id := range accents {
		accent := accentOf(access.OrganizationID(990 + id))
		if accent < 0 || accent >= accents || slices.Contains(seen, accent) {
			t.Errorf("accentOf(%d) = %d after %v", 990+id, accent, seen)
		}
		seen = append(seen, accent)
	}
	if got := accentOf(-7); got < 0 || got >= accents {
		t.Errorf("accentOf(-7) = %d", got)
	}
}
