package house_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestPatronsAreNobody(t *testing.T) {
	m, err := defaultHouse()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.patrons) < 5_000 || len(m.patrons) > 50_000 {
		t.Errorf("there are %d patrons, want thousands", len(m.patrons))
	}
	ids := map[boxoffice.PatronID]bool{}
	emails := map[string]int{}
	foreign, silent := 0, 0
	for _, p := range m.patrons {
		if !isCode(string(p.ID), "", 7, "0123456789") || ids[p.ID] {
			t.Errorf("patron id %s is not seven digits, or there twice", p.ID)
		}
		ids[p.ID] = true
		if p.Since.After(now) || p.Contact.FirstName == "" || p.Contact.LastName == "" {
			t.Errorf("patron %+v", p)
		}
		if len(p.Contact.Emails) == 0 {
			silent++
		}
		for _, e := range p.Contact.Emails {
			_, host, _ := strings.Cut(e.Address, "@")
			if !slices.Contains([]string{"example.com", "example.org", "example.net"}, host) {
				t.Errorf("mail address %s may be somebody's", e.Address)
			}
			emails[e.Address]++
		}
		for _, n := range p.Contact.Phones {
			if !isCode(n.Number[3:], "55501", 2, "0123456789") || len(n.Number) != 10 {
				t.Errorf("phone number %s may be somebody's", n.Number)
			}
		}
		if strings.ContainsFunc(p.Contact.LastName, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) }) {
			foreign++
		}
	}
	shared := 0
	for _, n := range emails {
		if n > 1 {
			shared++
		}
	}
	if foreign == 0 || silent == 0 || shared == 0 {
		t.Errorf("%d names are in other scripts, %d patrons have no mail address, %d addresses are a family's; want some of each", foreign, silent, shared)
	}
}

func TestTheBoxOfficeCannotBeFoundAsAPerson(t *testing.T) {
	m := smallHouse(t, 1)
	offices := m.offices()
	for _, p := range m.patrons {
		if isOffice := p.Contact.LastName == "Office"; isOffice != offices[p.ID] || isOffice == (len(p.Keys) > 0) && len(p.Contact.Emails) > 0 {
			t.Errorf("patron %+v; the first account of an organization is its box office and has no keys", p)
		}
	}
	if len(offices) != 2 {
		t.Errorf("there are %d box offices, want one for each organization", len(offices))
	}
}
