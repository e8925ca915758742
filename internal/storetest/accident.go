package storetest

import (
	"errors"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// accidents let acts meet each accident. What Do answers must be true, as
// somebody else reads it.
func accidents(t *testing.T, all []Accident) {
	for _, a := range all {
		t.Run(a.Name, func(t *testing.T) {
			if a.Parallel {
				t.Parallel()
			}
			struck := a.Open(t)
			s := at(t, struck.Fixture, struck.Store)
			s.load()
			s.sell("amtx", "O-0", seat(2)) // every statement was used before
			s.saleMeets(a, struck)
			s.touchMeets(a, struck)
			s.lock("other", seat(3))
			s.audit()
		})
	}
}

// version reads a ticket's past the store, whose readers met the accident too.
func (s *scene) version(token boxoffice.Token) int64 {
	s.t.Helper()
	return number(s.t, s.db, `SELECT version FROM ticket WHERE token = $1`, string(token))
}

// saleMeets has a sale meet the accident, and its caller send it again until it
// is answered: it is made once.
func (s *scene) saleMeets(a Accident, struck Struck) {
	s.t.Helper()
	const locked, sold = 1, 2
	s.lock("amtx", seat(1))
	sell := func() (boxoffice.Sale, error) {
		return s.office.Complete(background, partner("amtx"), cart("O-1", mailed("ada@example.com"), seat(1)))
	}
	struck.Strike()
	sale, err := sell()
	struck.Heal()
	if !errors.Is(err, a.Want) {
		s.t.Errorf("Complete = %v; want %v", err, a.Want)
	}
	switch version := s.version(seat(1)); {
	case err == nil && version != sold:
		s.t.Errorf("Complete = %+v and the ticket has version %d; want %d", sale, version, sold)
	case errors.Is(err, fault.Busy) && version != locked:
		s.t.Errorf("Complete said that nothing was done and the ticket has version %d; want %d", version, locked)
	}

	var again boxoffice.Sale
	eventually(s.t, "the same request is answered", func() bool {
		again, err = sell()
		if err != nil && fault.Of(err) == nil {
			s.t.Fatalf("Complete again = %v", err)
		}
		return err == nil
	})
	if again.Status != boxoffice.OrderComplete || sale.Process != "" && sale.Process != again.Process {
		s.t.Errorf("Complete again = %+v after %+v; want the one sale", again, sale)
	}
	if v := s.version(seat(1)); v != sold {
		s.t.Errorf("after all the ticket has version %d; want %d", v, sold)
	}
}

// touchMeets does the same with an act that would do something each time it ran.
func (s *scene) touchMeets(a Accident, struck Struck) {
	s.t.Helper()
	struck.Strike()
	err := s.store.Do(background, touch(seat(4)))
	struck.Heal()
	if !errors.Is(err, a.Want) {
		s.t.Errorf("Do = %v; want %v", err, a.Want)
	}
	want := int64(0)
	if err == nil {
		want = 1
	}
	if v := s.version(seat(4)); v != want && !errors.Is(err, fault.Undecided) {
		s.t.Errorf("Do = %v and the ticket has version %d; want %d", err, v, want)
	}
	eventually(s.t, "the store is back", func() bool {
		err := s.store.Do(background, touch(seat(5)))
		if err != nil && fault.Of(err) == nil {
			s.t.Fatalf("Do = %v", err)
		}
		return err == nil
	})
}
