package boxoffice_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// linkedVisits has one password link, and the accounts of its person.
type linkedVisits struct {
	boxoffice.Visits
	link    boxoffice.PasswordLink
	patrons []boxoffice.Patron
}

func (v linkedVisits) PasswordLink(_ context.Context, id string) (boxoffice.PasswordLink, bool, error) {
	return v.link, id == v.link.ID, nil
}

func (v linkedVisits) PatronsOf(context.Context, boxoffice.PersonKey, int) ([]boxoffice.Patron, error) {
	return v.patrons, nil
}

func (linkedVisits) Organization(_ context.Context, id access.OrganizationID) (boxoffice.Organization, error) {
	return boxoffice.Organization{ID: id, Name: map[access.OrganizationID]string{home: "Home", away: "Away"}[id]}, nil
}

// The mail goes to the address that the account has, and names its houses, each once.
func TestAPasswordNoticeNamesTheHouses(t *testing.T) {
	patron := func(org access.OrganizationID, addresses ...string) boxoffice.Patron {
		p := boxoffice.Patron{Organization: org}
		for _, a := range addresses {
			p.Contact.Emails = append(p.Contact.Emails, boxoffice.Email{Address: a})
		}
		return p
	}
	visits := linkedVisits{link: boxoffice.PasswordLink{ID: "L", Person: "ada@example.com", Ends: noon.Add(time.Hour)}}
	notice := func(at time.Time, id string, patrons ...boxoffice.Patron) (boxoffice.Notice, bool) {
		t.Helper()
		visits.patrons = patrons
		n, ok, err := boxoffice.NewLobby(visits, keyer{}, nil, func() time.Time { return at }).PasswordNotice(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return n, ok
	}
	ada := patron(home, "other@example.com", "ada@example.com")
	n, ok := notice(noon, "L", ada, patron(away, "ada@example.com"), ada)
	if !ok || n.Address != "ada@example.com" || !slices.Equal(n.Houses, []string{"Home", "Away"}) || !n.At.Equal(noon) || n.Who != "ada@example.com" {
		t.Errorf("PasswordNotice = %+v, %t", n, ok)
	}
	for name, silent := range map[string]func() (boxoffice.Notice, bool){
		"no account":        func() (boxoffice.Notice, bool) { return notice(noon, "L") },
		"another address":   func() (boxoffice.Notice, bool) { return notice(noon, "L", patron(home, "other@example.com")) },
		"an unknown link":   func() (boxoffice.Notice, bool) { return notice(noon, "X", ada) },
		"a link that ended": func() (boxoffice.Notice, bool) { return notice(noon.Add(time.Hour), "L", ada) },
	} {
		if n, ok := silent(); ok {
			t.Errorf("with %s a mail goes out: %+v", name, n)
		}
	}
}
