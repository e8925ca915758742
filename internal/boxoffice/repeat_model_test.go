package boxoffice_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A repeatModel is what sales, prints and their repeats must come to, told
// without books: what each request was answered, by the names it had.
type repeatModel struct {
	now     time.Time
	records map[string]modelRecord
	orders  map[string]string // tokens, by order
	sold    map[string]string // order, by token
	said    map[string]string // of each order's sale
}

type modelRecord struct {
	asked, said string
	at          time.Time
}

// A move is one request of the test.
type move struct {
	prints                 bool
	order, tokens          string
	requestID, key, path   string
	application, otherWord string // otherWord is a part of the request that the act does not see
}

func (m move) asked() string {
	return fmt.Sprint(m.prints, " ", m.order, " ", m.tokens, " ", m.otherWord)
}

func (m move) names() []string {
	var names []string
	if m.key != "" {
		names = append(names, strings.Join([]string{m.application, m.path, "key", m.key}, "|"))
	}
	if m.requestID != "" {
		names = append(names, strings.Join([]string{m.application, m.path, "id", m.requestID, m.asked()}, "|"))
	}
	return names
}

func drawMove(t *rapid.T) move {
	of := func(label string, words ...string) string { return rapid.SampledFrom(words).Draw(t, label) }
	return move{
		prints: rapid.Bool().Draw(t, "prints"),
		order:  of("order", "O-1", "O-2"), tokens: of("tokens", "A", "B", "A B", "X"),
		requestID: of("request id", "", "r-1", "r-1", "r-2"), key: of("key", "", "", "k-1", "k-2"), path: of("path", "/a", "/a", "/b"),
		application: of("application", "com.example.one", "com.example.one", "com.example.two"), otherWord: of("other word", "", "", "x"),
	}
}

// expect tells what a request must be answered: what is said, whether it was
// said before, and the reason where it is refused as a whole.
func (r *repeatModel) expect(m move) (said string, again bool, reason error) {
	names := m.names()
	for _, name := range names {
		record, ok := r.records[name]
		switch {
		case !ok || r.now.Sub(record.at) >= boxoffice.AnswersFor:
		case record.asked != m.asked():
			return "", false, fault.IdempotencyKeyReused
		default:
			return record.said, true, nil
		}
	}
	if m.prints {
		said = r.printed(m)
	} else {
		said = r.sale(m)
	}
	if said != "" {
		for _, name := range names {
			r.records[name] = modelRecord{m.asked(), said, r.now}
		}
	}
	return said, false, nil
}

func (r *repeatModel) sale(m move) string {
	if tokens, known := r.orders[m.order]; known {
		if tokens == m.tokens {
			return r.said[m.order]
		}
		return ""
	}
	for token := range strings.FieldsSeq(m.tokens) {
		if _, sold := r.sold[token]; sold || token == "X" {
			return ""
		}
	}
	for token := range strings.FieldsSeq(m.tokens) {
		r.sold[token] = m.order
	}
	r.orders[m.order], r.said[m.order] = m.tokens, m.order+" sold "+m.tokens
	return r.said[m.order]
}

func (r *repeatModel) printed(m move) string {
	var done []string
	for token := range strings.FieldsSeq(m.tokens) {
		if r.sold[token] == m.order {
			done = append(done, token)
		}
	}
	if done == nil {
		return ""
	}
	return m.order + " printed " + strings.Join(done, " ")
}

// play sends a request to the office, and tells what expect does.
func (d *desk) play(m move) (said string, again bool, err error) {
	who := caller("ours")
	who.Application = access.ApplicationID(m.application)
	saleWords := func(sale boxoffice.Sale) []byte {
		if len(sale.Offers) == 0 {
			return nil
		}
		text := m.order + " sold"
		for _, seat := range sale.Offers[0].Seats {
			text += " " + string(seat.Token)
		}
		return []byte(text)
	}
	printWords := func(printing boxoffice.Printing) []byte {
		if len(printing.Done) == 0 {
			return nil
		}
		text := m.order + " printed"
		for _, done := range printing.Done {
			text += " " + string(done.Token)
		}
		return []byte(text)
	}
	if m.prints {
		req := boxoffice.PrintRequest{ExternalOrderID: m.order}
		for token := range strings.FieldsSeq(m.tokens) {
			req.Tokens = append(req.Tokens, boxoffice.Token(token))
		}
		req.Repeat = boxoffice.Repeat[boxoffice.Printing]{Path: m.path, RequestID: m.requestID, IdempotencyKey: m.key, Asked: m.asked(), Words: printWords}
		var printing boxoffice.Printing
		printing, err = d.Print(d.t.Context(), who, req)
		said = string(printWords(printing))
	} else {
		cart := cartOf(m.order + ": " + m.tokens)
		cart.Repeat = boxoffice.Repeat[boxoffice.Sale]{Path: m.path, RequestID: m.requestID, IdempotencyKey: m.key, Asked: m.asked(), Words: saleWords}
		var sale boxoffice.Sale
		sale, err = d.Complete(d.t.Context(), who, cart)
		said = string(saleWords(sale))
	}
	if replay, ok := errors.AsType[*boxoffice.Replay](err); ok {
		return string(replay.Words), true, nil
	}
	return said, false, err
}

// Whatever is sent in whatever order, under whatever names, is answered as the
// model says, and changes the books only when it is not a repeat.
func TestRepeatsKeepToTheirModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(t, ours("A"), ours("B"))
		m := &repeatModel{
			now: noon, records: map[string]modelRecord{}, orders: map[string]string{}, sold: map[string]string{}, said: map[string]string{},
		}
		var sent []move
		send := func(r *rapid.T, next move) {
			want, wantAgain, wantErr := m.expect(next)
			said, again, err := d.play(next)
			if said != want || again != wantAgain || !errors.Is(err, wantErr) || wantErr == nil && err != nil {
				r.Fatalf("%+v: %q, %v, %v; want %q, %v, %v", next, said, again, err, want, wantAgain, wantErr)
			}
			if (again || err != nil) && !d.last.Empty() {
				r.Fatalf("%+v changed the books: %+v", next, d.last)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"send": func(r *rapid.T) {
				next := drawMove(r)
				sent = append(sent, next)
				send(r, next)
			},
			"send again": func(r *rapid.T) {
				if len(sent) > 0 {
					send(r, rapid.SampledFrom(sent).Draw(r, "which"))
				}
			},
			"wait": func(r *rapid.T) {
				wait := rapid.SampledFrom([]time.Duration{time.Hour, 3 * 24 * time.Hour, boxoffice.AnswersFor - time.Hour}).Draw(r, "how long")
				m.now, d.now = m.now.Add(wait), d.now.Add(wait)
			},
			"": func(r *rapid.T) {
				for token, ticket := range d.tickets {
					want := int64(1)
					if m.sold[string(token)] != "" {
						want = 2
					}
					if ticket.Version != want {
						r.Fatalf("%s has version %d; want %d", token, ticket.Version, want)
					}
				}
				if len(d.answers) != len(m.records) {
					r.Fatalf("%d records; want %d", len(d.answers), len(m.records))
				}
			},
		})
	})
}
