package storetest

import (
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

var finders = []clause{
	{"a barcode is found at whatever event, and so is a patron", namesAreFound},
	{"a Request-ID is found by going back through the whole journal", requestsAreFound},
}

func namesAreFound(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	// The seats of home's two games have the same barcodes.
	view, err := s.store.BarcodeTickets(t.Context(), "9980000000000007")
	if err != nil || len(view.Tickets) != 2 || view.Tickets[seat(7)].Event != game || view.Tickets[laterSeat(7)].Event != laterGame || len(view.Events) != 2 {
		t.Errorf("BarcodeTickets = %d tickets of %d events, %v; want those of seat 7 at both games", len(view.Tickets), len(view.Events), err)
	}
	if view, err := s.store.BarcodeTickets(t.Context(), "1"); err != nil || len(view.Tickets) != 0 {
		t.Errorf("BarcodeTickets of none = %d tickets, %v", len(view.Tickets), err)
	}
	p, found, err := s.store.Patron(t.Context(), home, owner)
	if err != nil || !found || p.Contact.LastName != "Owner" || p.Organization != home {
		t.Errorf("Patron = %+v, %t, %v; want the owner", p, found, err)
	}
	if _, found, err := s.store.Patron(t.Context(), home, "11"); err != nil || found {
		t.Errorf("Patron of nobody = %t, %v; want none", found, err)
	}
}

func requestsAreFound(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	who := partner("amtx")
	touchAs := func(id string, n int) {
		t.Helper()
		who.RequestID = id
		must(t, "lock", s.store.Do(t.Context(), act{
			needs: boxoffice.Needs{Tickets: []boxoffice.Token{seat(n)}},
			decide: func(b *boxoffice.Books) error {
				ticket, _ := b.Ticket(seat(n))
				b.Change(ticket, boxoffice.Relocked, who, "")
				return nil
			},
		}))
	}
	touchAs("twice", 1)
	touchAs("once", 2)
	eventually(t, "both have positions", func() bool { return number(t, s.db, `SELECT COUNT(*) FROM batch WHERE position IS NULL`) == 0 })
	// Batches without rows stand for a long time in between.
	_, err := s.db.ExecContext(t.Context(), `
INSERT INTO batch (id, at, size, position)
WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 1200)
SELECT 'idle-' || CAST(n AS TEXT), (SELECT MAX(at) FROM batch), 0, (SELECT position + 1 FROM head) FROM many`)
	must(t, "let time pass", err)
	touchAs("twice", 1)
	for id, want := range map[string]int{"twice": 2, "once": 1, "never": 0} {
		var found []boxoffice.Change
		below, stretches := int64(0), 0
		for {
			stretch, err := s.store.ChangesOf(t.Context(), id, below)
			must(t, "ChangesOf", err)
			if stretch.Since.IsZero() || stretch.More || stretch.Below >= below && below > 0 {
				t.Fatalf("the stretch below %d is %+v; want one that goes further back, and tells how far", below, stretch)
			}
			found = append(stretch.Changes, found...)
			stretches++
			if below = stretch.Below; below == 0 {
				break
			}
		}
		if len(found) != want || stretches < 3 {
			t.Errorf("%s changed %d tickets, found in %d stretches; want %d in 3 or more", id, len(found), stretches, want)
		}
		for i, c := range found {
			if c.By.RequestID != id || c.Version != int64(i+1) {
				t.Errorf("%s: found %+v at %d", id, c, i)
			}
		}
	}
}
