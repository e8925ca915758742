package receive

import (
	"slices"
	"time"
)

// A subject is a seat or an event, of which messages may come in any order.
type subject struct {
	topic
	name [4]string
}

// A mark is the last message of a subject, and when it came.
type mark struct {
	Place
	came time.Time
}

// marksTime is how long a mark is kept: until no older message can come.
const marksTime = 2 * staleAfter

// news leaves of a message what was not overtaken by newer ones. The caller holds
// the lock.
func (h *Handler) news(m *Message) {
	if len(h.marks) == 0 {
		return
	}
	of := topic{m.Organization, m.Entity}
	known := func(name [4]string) bool {
		last := h.marks[subject{of, name}].Place
		return !m.after(last) && !(m.Resent && m.Place == last)
	}
	m.Seats = slices.DeleteFunc(m.Seats, func(s Seat) bool { return known(s.name()) })
	m.Events = slices.DeleteFunc(m.Events, func(e Event) bool { return known(e.name()) })
}

// note remembers what a message told. The caller holds the lock.
func (h *Handler) note(m *Message) {
	of, now := topic{m.Organization, m.Entity}, h.options.Clock()
	if now.Sub(h.swept) > marksTime {
		h.swept = now
		for s, last := range h.marks {
			if now.Sub(last.came) > marksTime {
				delete(h.marks, s)
			}
		}
	}
	for _, s := range m.Seats {
		h.marks[subject{of, s.name()}] = mark{m.Place, now}
	}
	for _, e := range m.Events {
		h.marks[subject{of, e.name()}] = mark{m.Place, now}
	}
}

func (s *Seat) name() [4]string  { return [4]string{s.AccessID, s.Section, s.Row, s.Seat} }
func (e *Event) name() [4]string { return [4]string{e.AccessID} }
