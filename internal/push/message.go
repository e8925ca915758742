package push

import (
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// MostSeats is how many elements a message has at most.
const MostSeats = 100

// An Entry is a row of the journal as messages need it. What all messages say of
// its seat in the same words is made once, when the row is read.
type Entry struct {
	boxoffice.Change
	words []byte // of the seat, up to the status
}

func newEntry(c boxoffice.Change) *Entry {
	e := &Entry{Change: c}
	if c.Entity == boxoffice.Seats {
		e.words = seatWords(c.Event, c.Section, c.Row, c.Seat)
	}
	return e
}

// seatWords is an element of data.seats without its status.
func seatWords(event boxoffice.EventID, section, row, seat string) []byte {
	season, item := event.Parts()
	b := make([]byte, 0, 128)
	for i, field := range []struct{ name, value string }{
		{"accessId", string(event)}, {"season", season}, {"item", item}, {"section", section}, {"row", row}, {"seat", seat},
	} {
		if i == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), field.name...), '"', ':')
		b = appendText(b, field.value)
	}
	return append(b, `,"status":"`...)
}

func appendText(b []byte, s string) []byte {
	quoted, err := jsontext.AppendQuote(b, s)
	if err != nil { // invalid UTF-8, which decoding refused long before
		return appendText(b, string([]rune(s)))
	}
	return quoted
}

// A Topic is what one subscription is about.
type Topic struct {
	Organization access.OrganizationID
	Entity       boxoffice.Entity
}

// A Message is what is sent at once. What it says of a seat holds at its sequence.
type Message struct {
	Topic
	Epoch    int64
	Sequence int64     // the position of its last row
	At       time.Time // when that row was written
	Resent   bool      // it tells again, by an operator's wish, what was refused before
	elements []element
}

// An element is what a message says of one subject.
type element struct {
	subject string
	at      int64 // the position of its last row
	when    time.Time
	words   []byte // of a seat without the status, of an event whole
	parts   []Word // of a seat; a change of owner begins a part of its own
}

// ID names the message. An attempt to send the same again has the same.
func (m *Message) ID() string {
	b := make([]byte, 0, 48)
	b = strconv.AppendInt(b, int64(m.Organization), 10)
	b = append(append(append(b, '-'), m.Entity...), '-')
	b = append(strconv.AppendInt(b, m.Epoch, 10), '-')
	b = strconv.AppendInt(b, m.Sequence, 10)
	if m.Resent {
		b = append(append(b, "-resent-"...), m.elements[0].subject...)
	}
	return string(b)
}

// Body is the message in the form of contract.md calls 14 and 15.
func (m *Message) Body() []byte {
	b := append(make([]byte, 0, 256+200*len(m.elements)), `{"data":{"`...)
	b = append(append(b, m.Entity...), `":[`...)
	b = m.appendElements(b)
	b = append(b, `]},"metadata":{"messageEntity":"`...)
	b = append(append(b, m.Entity...), `","pacOrganizationId":`...)
	b = strconv.AppendInt(b, int64(m.Organization), 10)
	b = append(b, `,"requestId":`...)
	return append(appendText(b, m.ID()), '}', '}')
}

func (m *Message) appendElements(b []byte) []byte {
	first := true
	for i := range m.elements {
		for words := range m.elements[i].said {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = words(b)
		}
	}
	return b
}

// said yields what appends each statement about the subject.
func (e *element) said(yield func(func([]byte) []byte) bool) {
	if e.parts == nil {
		yield(func(b []byte) []byte { return append(b, e.words...) })
		return
	}
	last := Status("")
	for _, p := range e.parts {
		for _, s := range p.statuses() {
			if s == last { // nothing new lies between
				continue
			}
			last = s
			if !yield(func(b []byte) []byte { return append(append(append(b, e.words...), s...), '"', '}') }) {
				return
			}
		}
	}
}

func (w Word) statuses() []Status {
	if w.Anew {
		return []Status{Lock, w.Status}
	}
	return []Status{w.Status}
}

func (e *element) size() (n int) {
	for range e.said {
		n++
	}
	return n
}

// Empty reports whether the message says nothing.
func (m *Message) Empty() bool { return len(m.elements) == 0 }

// Size is how many seats or events the message has.
func (m *Message) Size() (n int) {
	for i := range m.elements {
		n += m.elements[i].size()
	}
	return n
}

// split makes a message of each element, in the order of their last rows, so
// that their sequences ascend.
func (m *Message) split() []Message {
	all := make([]Message, len(m.elements))
	for i, e := range m.elements {
		all[i] = Message{Topic: m.Topic, Epoch: m.Epoch, Sequence: e.at, At: e.when, elements: []element{e}}
	}
	slices.SortFunc(all, func(a, b Message) int { return int(a.Sequence - b.Sequence) })
	return all
}

// A draft is a message that is being written.
type draft struct {
	Message
	view  View
	most  int // elements that it may have
	size  int
	found map[string]int // subject to its element
}

func newDraft(topic Topic, view View, epoch int64, most int) *draft {
	return &draft{Message: Message{Topic: topic, Epoch: epoch}, view: view, most: most, found: map[string]int{}}
}

// add takes a row in, which may say nothing to this subscriber. It returns false
// where the message is full: the row belongs to the next one.
func (d *draft) add(e *Entry) bool {
	if e.Organization == d.Organization && e.Entity == d.Entity && !d.take(e) {
		return false
	}
	d.Sequence, d.At = e.Position, e.At
	return true
}

func (d *draft) take(e *Entry) bool {
	word, speaks := Word{}, false
	if e.Entity == boxoffice.Seats {
		word, speaks = d.view.Hear(e.Before, e.After)
	} else {
		speaks = tells(e.Change)
	}
	if !speaks {
		return true
	}
	i, known := d.found[e.Subject]
	next, before := element{subject: e.Subject, words: e.words}, 0
	if known {
		next = d.elements[i]
		before = next.size()
	}
	if e.Entity == boxoffice.Seats {
		next.parts = merged(next.parts, word)
	}
	next.at, next.when = e.Position, e.At
	size := d.size - before + next.size()
	if size > d.most && d.size > 0 {
		return false
	}
	d.size = size
	if known {
		d.elements[i] = next
		return true
	}
	d.found[e.Subject] = len(d.elements)
	d.elements = append(d.elements, next)
	return true
}

// merged is how a seat's parts go on: with no change of owner between, its newest
// status is all there is to say.
func merged(parts []Word, w Word) []Word {
	if n := len(parts); n > 0 && !w.Anew {
		parts = slices.Clone(parts) // the element may have to stay as it was
		parts[n-1].Status = w.Status
		return parts
	}
	return append(slices.Clip(parts), w)
}
