package storetest

import (
	"errors"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// accidents let a sale meet each accident. What Do answers must be true, as
// somebody else reads it, and the sale is made at most once, also when its
// caller sends it again.
func accidents(t *testing.T, all []Accident) {
	for _, a := range all {
		t.Run(a.Name, func(t *testing.T) {
			if a.Parallel {
				t.Parallel()
			}
			struck := a.Open(t)
			s := at(t, struck.Fixture, struck.Store)
			s.load()
			s.lock("amtx", seat(1))
			s.sell("amtx", "O-0", seat(2)) // every statement was used before
			sell := func() (boxoffice.Sale, error) {
				return s.office.Complete(background, partner("amtx"), cart("O-1", mailed("ada@example.com"), seat(1)))
			}

			struck.Strike()
			sale, err := sell()
			struck.Heal()
			if !errors.Is(err, a.Want) {
				t.Errorf("Do = %v; want %v", err, a.Want)
			}
			const locked, sold = 1, 2
			switch version := number(t, s.db, `SELECT version FROM ticket WHERE token = $1`, string(seat(1))); {
			case err == nil && version != sold:
				t.Errorf("Do answered %+v and the ticket has version %d; want %d", sale, version, sold)
			case errors.Is(err, fault.Busy) && version != locked:
				t.Errorf("Do said that nothing was done and the ticket has version %d; want %d", version, locked)
			}

			var again boxoffice.Sale
			eventually(t, "the same request is answered", func() bool {
				again, err = sell()
				if err != nil && fault.Of(err) == nil {
					t.Fatalf("the sale again: %v", err)
				}
				return err == nil
			})
			if again.Status != boxoffice.OrderComplete || sale.Process != "" && sale.Process != again.Process {
				t.Errorf("the sale again answered %+v after %+v; want the one sale", again, sale)
			}
			if v := s.ticket(seat(1)).Version; v != sold {
				t.Errorf("after all the ticket has version %d; want %d", v, sold)
			}
			s.lock("other", seat(3))
			s.audit()
		})
	}
}
