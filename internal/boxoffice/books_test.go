package boxoffice_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// An act of a test's own.
type act struct {
	needs  boxoffice.Needs
	decide func(*boxoffice.Books) error
}

func (a act) Needs() boxoffice.Needs          { return a.needs }
func (a act) Decide(b *boxoffice.Books) error { return a.decide(b) }

func openBooks(tickets ...boxoffice.Ticket) *boxoffice.Books {
	return boxoffice.NewBooks(boxoffice.Rows{
		Now: noon, Tickets: tickets, Events: []boxoffice.Event{{ID: game}}, Organizations: []boxoffice.Organization{{ID: home}},
	}, &counter{})
}

// run lets an act that names these tickets decide.
func run(b *boxoffice.Books, named []boxoffice.Token, decide func(*boxoffice.Books) error) error {
	a := act{needs: boxoffice.Needs{Tickets: named}, decide: decide}
	return b.Run(a, a.needs)
}

// change gives a ticket to somebody and leaves all that an act can leave.
func change(b *boxoffice.Books, token boxoffice.Token, owner boxoffice.PatronID) {
	t, _ := b.Ticket(token)
	t.Owner = owner
	b.Change(t, boxoffice.Relocked, caller("ours"), "")
	b.PutOrder(boxoffice.Order{Key: boxoffice.OrderKey{Channel: "ours", ExternalOrderID: string(owner)}})
	b.Patron(home, boxoffice.Person{})
	b.Issue(boxoffice.Document{ID: string(owner)})
	b.Enter(boxoffice.Task{ID: string(owner)})
}

// outcome is what is to be saved, in words.
func outcome(b *boxoffice.Books) string {
	o := b.Outcome()
	var words []string
	for _, t := range o.Tickets {
		words = append(words, fmt.Sprintf("%s:%s v%d", t.Token, t.Owner, t.Version))
	}
	slices.Sort(words)
	for _, e := range o.Journal {
		words = append(words, fmt.Sprintf("journal %s v%d", e.Ticket.Token, e.Ticket.Version))
	}
	words = append(words, fmt.Sprintf("%d orders, %d patrons, %d documents, %d tasks", len(o.Orders), len(o.Patrons), len(o.Documents), len(o.Tasks)))
	return strings.Join(words, "; ")
}

const nothing = "0 orders, 0 patrons, 0 documents, 0 tasks"

func TestBooksKeepWhatAnActDid(t *testing.T) {
	b := openBooks(free("A"), free("B"))
	first := run(b, []boxoffice.Token{"A"}, func(b *boxoffice.Books) error { change(b, "A", "x"); return nil })
	second := run(b, []boxoffice.Token{"A", "B"}, func(b *boxoffice.Books) error {
		if got, ok := b.Ticket("A"); !ok || got.Owner != "x" {
			t.Errorf("the second act sees %+v; want what the first did", got)
		}
		change(b, "A", "y")
		change(b, "B", "y")
		return nil
	})
	const want = "A:y v2; B:y v1; journal A v1; journal A v2; journal B v1; 2 orders, 3 patrons, 3 documents, 3 tasks"
	if got := outcome(b); got != want || first != nil || second != nil {
		t.Errorf("outcome is %q, %v, %v; want %q", got, first, second, want)
	}
}

func TestBooksLoseWhatARefusedActDid(t *testing.T) {
	refused := errors.New("refused")
	for _, tt := range []struct {
		name   string
		decide func(*boxoffice.Books) error
		check  func(error) bool
	}{
		{"an error", func(b *boxoffice.Books) error { change(b, "A", "x"); return refused }, func(err error) bool { return errors.Is(err, refused) }},
		{"a panic", func(b *boxoffice.Books) error { change(b, "A", "x"); panic("on purpose") }, func(err error) bool {
			p, ok := errors.AsType[boxoffice.Panic](err)
			return ok && p.Value == "on purpose"
		}},
		{"a panic within a part", func(b *boxoffice.Books) error {
			change(b, "A", "x")
			return b.Try(func() error { change(b, "A", "y"); panic("on purpose") })
		}, func(err error) bool { _, ok := errors.AsType[boxoffice.Panic](err); return ok }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := openBooks(free("A"))
			if err := run(b, []boxoffice.Token{"A"}, tt.decide); !tt.check(err) {
				t.Errorf("Run = %v", err)
			}
			if got := outcome(b); got != nothing || !b.Outcome().Empty() {
				t.Errorf("it left %q", got)
			}
			// The books are whole for the next act.
			err := run(b, []boxoffice.Token{"A"}, func(b *boxoffice.Books) error { change(b, "A", "z"); return nil })
			if got, want := outcome(b), "A:z v1; journal A v1; 1 orders, 1 patrons, 1 documents, 1 tasks"; got != want || err != nil {
				t.Errorf("then the next act has %q, %v; want %q", got, err, want)
			}
		})
	}
}

func TestTryKeepsAllOrNothing(t *testing.T) {
	b := openBooks(free("A"), free("B"))
	no := errors.New("no")
	err := run(b, []boxoffice.Token{"A", "B"}, func(b *boxoffice.Books) error {
		change(b, "A", "x")
		if err := b.Try(func() error { change(b, "A", "y"); change(b, "B", "y"); return no }); !errors.Is(err, no) {
			t.Errorf("Try = %v; want its error", err)
		}
		if a, _ := b.Ticket("A"); a.Owner != "x" || a.Version != 1 {
			t.Errorf("after the part that failed the ticket is %+v", a)
		}
		return b.Try(func() error {
			change(b, "B", "z")
			_ = b.Try(func() error { change(b, "B", "w"); return no })
			return nil
		})
	})
	const want = "A:x v1; B:z v1; journal A v1; journal B v1; 2 orders, 2 patrons, 2 documents, 2 tasks"
	if got := outcome(b); got != want || err != nil {
		t.Errorf("outcome is %q, %v; want %q", got, err, want)
	}
}

func TestReadingWhatWasNotNamedPanics(t *testing.T) {
	key := boxoffice.OrderKey{Channel: "ours", ExternalOrderID: "O-1"}
	for _, tt := range []struct {
		name   string
		decide func(*boxoffice.Books) error
	}{
		{"a ticket", func(b *boxoffice.Books) error { b.Ticket("B"); return nil }},
		{"a ticket that another act of the batch named", func(b *boxoffice.Books) error { b.Ticket("Z"); return nil }},
		{"a ticket that another act of the batch changed", func(b *boxoffice.Books) error { b.Ticket("Y"); return nil }},
		{"an order", func(b *boxoffice.Books) error { b.Order(key); return nil }},
		{"a person", func(b *boxoffice.Books) error {
			b.Patron(home, boxoffice.Person{Keys: []boxoffice.PersonKey{"who"}})
			return nil
		}},
		{"an event", func(b *boxoffice.Books) error { b.Event(abroad); return nil }},
		{"an organization", func(b *boxoffice.Books) error { b.Organization(away); return nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := openBooks(free("A"), free("Y"), free("Z"))
			err := run(b, []boxoffice.Token{"Y", "Z"}, func(b *boxoffice.Books) error {
				y, _ := b.Ticket("Y")
				b.Change(y, boxoffice.Relocked, caller("ours"), "")
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			err = run(b, []boxoffice.Token{"A"}, tt.decide)
			if _, ok := errors.AsType[boxoffice.Panic](err); !ok {
				t.Errorf("Run = %v; want a panic", err)
			}
		})
	}
}

func TestNamedButAbsentIsNotThere(t *testing.T) {
	b := openBooks()
	key := boxoffice.OrderKey{Channel: "ours", ExternalOrderID: "O-1"}
	a := act{needs: boxoffice.Needs{Tickets: []boxoffice.Token{"A"}, Orders: []boxoffice.OrderKey{key}}, decide: func(b *boxoffice.Books) error {
		if _, ok := b.Ticket("A"); ok {
			t.Error("there is a ticket")
		}
		if _, ok := b.Order(key); ok {
			t.Error("there is an order")
		}
		b.PutOrder(boxoffice.Order{Key: key})
		if o, ok := b.Order(key); !ok || o.Version != 1 {
			t.Errorf("Order = %+v, %v; want the one just put", o, ok)
		}
		return nil
	}}
	if err := b.Run(a, a.needs); err != nil {
		t.Error(err)
	}
}

// A person has one account in an organization, however many acts of a batch
// meet them first.
func TestPatronIsMadeOnce(t *testing.T) {
	who := boxoffice.Person{Contact: person("a@example.com"), Keys: []boxoffice.PersonKey{"mail", "phone"}}
	b := boxoffice.NewBooks(boxoffice.Rows{
		Now: noon, People: map[boxoffice.PersonAt]boxoffice.PatronID{{Organization: away, Key: "mail"}: "77"},
	}, &counter{})
	find := func(p boxoffice.Person) (at [2]boxoffice.PatronID) {
		a := act{needs: boxoffice.Needs{People: p.Keys[:1]}, decide: func(b *boxoffice.Books) error {
			at = [2]boxoffice.PatronID{b.Patron(home, p), b.Patron(away, p)}
			return nil
		}}
		if err := b.Run(a, a.needs); err != nil {
			t.Fatal(err)
		}
		return at
	}
	want := [2]boxoffice.PatronID{"1", "77"}
	for range 2 {
		if got := find(who); got != want {
			t.Errorf("found %v; want %v", got, want)
		}
	}
	byPhone := boxoffice.Person{Keys: []boxoffice.PersonKey{"phone"}}
	if got := find(byPhone); got[0] != "1" {
		t.Errorf("found %v by the second key; want the same account", got)
	}
	if n := len(b.Outcome().Patrons); n != 2 { // home's, and one away for the phone, which nobody had there
		t.Errorf("%d accounts were made; want 2", n)
	}
}

func TestOrderKeysSurviveTheirOneWord(t *testing.T) {
	for _, key := range []boxoffice.OrderKey{
		{Channel: "amtx", ExternalOrderID: "1234567890"}, {Channel: "a.b-c_d", ExternalOrderID: "a/b//c"}, {Channel: "c", ExternalOrderID: ""},
	} {
		if got := boxoffice.ParseOrderKey(key.String()); got != key {
			t.Errorf("ParseOrderKey(%q) = %+v; want %+v", key, got, key)
		}
	}
}
