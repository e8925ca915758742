package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var repeats = []clause{
	{"a request sent again is answered by another process as it was", repeatIsAnsweredAnywhere},
	{"a request sent to two processes at once is done once and both answer alike", repeatAtOnce},
	{"of two requests with one Idempotency-Key at once one is done", keyAtOnce},
	{"a request and its repeat in one batch are done once", repeatInOneBatch},
	{"a refused request leaves no record and is tried again", refusedLeavesNoRecord},
	{"an answer counts for seven days and then makes room", answerEnds},
	{"an answer is kept though its caller left", answerOutlivesItsCaller},
	{"answers are sealed", answersAreSealed},
	{"TidyAnswers drops what counts no more and nothing else", tidyAnswers},
}

// named is a cart whose repeats are known by a Request-ID, or where that is ""
// by an Idempotency-Key.
func named(requestID, key string, c boxoffice.Cart) boxoffice.Cart {
	c.Repeat = boxoffice.Repeat[boxoffice.Sale]{
		Path: "/sell", RequestID: requestID, IdempotencyKey: key, Asked: fmt.Sprintf("%+v", c.Elements), Words: told,
	}
	return c
}

// told is what a partner is told of a sale.
func told(sale boxoffice.Sale) []byte {
	if len(sale.Offers) == 0 {
		return nil
	}
	return fmt.Appendf(nil, "sold for %d to %s in process %s", sale.Paid, sale.Offers[0].Seats[0].Owner, sale.Process)
}

// complete sends a cart and returns what is said to it, and whether it was said
// before.
func complete(o *boxoffice.Office, c boxoffice.Cart) (said string, again bool, err error) {
	sale, err := o.Complete(background, partner("amtx"), c)
	if replay, ok := errors.AsType[*boxoffice.Replay](err); ok {
		return string(replay.Words), true, nil
	}
	return string(told(sale)), false, err
}

// sold wants one sale of so many tickets, and so many records.
func (s *scene) sold(tickets, records int) {
	s.t.Helper()
	if n := number(s.t, s.db, `SELECT COUNT(*) FROM journal WHERE what = 'sale'`); n != int64(tickets) {
		s.t.Errorf("there are %d sales; want %d", n, tickets)
	}
	if n := number(s.t, s.db, `SELECT COUNT(*) FROM answer`); n != int64(records) {
		s.t.Errorf("there are %d records; want %d", n, records)
	}
}

func repeatIsAnsweredAnywhere(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	s.lock("amtx", seat(1))
	c := named("request", "key", cart("O-1", mailed("ada@example.com"), seat(1)))
	first, again, err := complete(s.office, c)
	if err != nil || again || first == "" {
		t.Fatalf("the first: %q, %v, %v; want a sale", first, again, err)
	}
	// The sale of an order known by itself would be answered under another name.
	_, err = s.db.ExecContext(t.Context(), `UPDATE orders SET process = 'another'`)
	must(t, "change the order", err)
	for name, repeat := range map[string]boxoffice.Cart{"both names": c, "its Request-ID": named("request", "", c), "its key": named("", "key", c)} {
		if said, again, err := complete(beside.office, repeat); err != nil || !again || said != first {
			t.Errorf("the repeat by %s: %q, %v, %v; want %q again", name, said, again, err, first)
		}
	}
	other := named("", "key", cart("O-2", mailed("ada@example.com"), seat(1)))
	if _, _, err := complete(beside.office, other); !errors.Is(err, fault.IdempotencyKeyReused) {
		t.Errorf("another request with the key: %v; want IDEMPOTENCY_KEY_REUSED", err)
	}
	s.sold(1, 2)
}

func repeatAtOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	replays := 0
	for i := range rounds {
		s.lock("amtx", seat(i))
		c := named(fmt.Sprint("request-", i), "", cart(fmt.Sprint("O-", i), mailed("ada@example.com"), seat(i)))
		if i%2 == 1 {
			c.Repeat.RequestID, c.Repeat.IdempotencyKey = "", c.Repeat.RequestID
		}
		var said [2]string
		var again [2]bool
		send := func(n int, o *boxoffice.Office) func() error {
			return func() (err error) { said[n], again[n], err = complete(o, c); return err }
		}
		must(t, "complete", atOnce(send(0, s.office), send(1, beside.office)))
		if said[0] == "" || said[0] != said[1] || again[0] == again[1] {
			t.Fatalf("round %d answered %q, %v and %q, %v; want one sale, said twice", i, said[0], again[0], said[1], again[1])
		}
		replays++
	}
	s.sold(rounds, replays)
}

func keyAtOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	for i := range rounds {
		s.lock("amtx", seat(2*i), seat(2*i+1))
		var said [2]string
		var errs [2]error
		send := func(n int, o *boxoffice.Office) func() error {
			return func() error {
				c := named("", fmt.Sprint("key-", i), cart(fmt.Sprint("O-", 2*i+n), mailed("ada@example.com"), seat(2*i+n)))
				said[n], _, errs[n] = complete(o, c)
				return nil
			}
		}
		must(t, "complete", atOnce(send(0, s.office), send(1, beside.office)))
		winner, loser := 0, 1
		if said[0] == "" {
			winner, loser = 1, 0
		}
		if said[winner] == "" || errs[winner] != nil || !errors.Is(errs[loser], fault.IdempotencyKeyReused) {
			t.Fatalf("round %d answered %q, %v and %q, %v; want one sale and one IDEMPOTENCY_KEY_REUSED", i, said[0], errs[0], said[1], errs[1])
		}
	}
	s.sold(rounds, rounds)
}

func repeatInOneBatch(t *testing.T, f Fixture) {
	const callers = 5
	s := enter(t, f, Options{Writers: 1})
	s.lock("amtx", seat(1), seat(2))
	g := hold(t, s.store)
	var (
		said  [2 * callers]string
		calls []func() error
	)
	for i := range said {
		c := named(fmt.Sprint("request-", i%2), "", cart(fmt.Sprint("O-", i%2), mailed("ada@example.com"), seat(1+i%2)))
		calls = append(calls, func() (err error) { said[i], _, err = complete(s.office, c); return err })
	}
	answers := queued(t, s.store, calls...)
	g.release()
	for i, answer := range answers {
		must(t, "complete", <-answer)
		if said[i] == "" || said[i] != said[i%2] {
			t.Errorf("call %d was told %q; want %q", i, said[i], said[i%2])
		}
	}
	if said[0] == said[1] {
		t.Errorf("two requests were both told %q", said[0])
	}
	s.sold(2, 2)
}

func refusedLeavesNoRecord(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	for _, c := range []boxoffice.Cart{
		cart("O-1", mailed("ada@example.com"), seat(1)),              // nothing of it is locked
		cart("O-1", mailed("ada@example.com"), seat(1), awaySeat(1)), // it is refused as a whole
	} {
		said, again, err := complete(s.office, named("request", "key", c))
		if said != "" || again || len(c.Elements[0].Lines) == 2 != errors.Is(err, fault.CartMixed) {
			t.Fatalf("the first: %q, %v, %v; want a refusal", said, again, err)
		}
	}
	s.sold(0, 0)
	s.lock("amtx", seat(1))
	c := named("request", "key", cart("O-1", mailed("ada@example.com"), seat(1)))
	if said, again, err := complete(s.office, c); err != nil || again || said == "" {
		t.Errorf("tried again: %q, %v, %v; want a sale", said, again, err)
	}
	s.sold(1, 2)
}

func answerEnds(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.lock("amtx", seat(1))
	c := named("request", "key", cart("O-1", mailed("ada@example.com"), seat(1)))
	first, _, err := complete(s.office, c)
	must(t, "complete", err)
	age := func(by int64) {
		_, err := s.db.ExecContext(t.Context(), `UPDATE answer SET at = at - $1`, by)
		must(t, "age the records", err)
	}
	const minute = 60_000_000
	seven := boxoffice.AnswersFor.Microseconds()
	age(seven - minute) // a minute is enough for the rest of the test
	if said, again, err := complete(s.office, c); err != nil || !again || said != first {
		t.Errorf("before seven days: %q, %v, %v; want %q again", said, again, err, first)
	}
	age(minute)
	if said, again, err := complete(s.office, c); err != nil || again || said != first {
		t.Errorf("after seven days: %q, %v, %v; want %q by the order's own name", said, again, err, first)
	}
	if said, again, err := complete(s.office, c); err != nil || !again || said != first {
		t.Errorf("and then: %q, %v, %v; want %q again", said, again, err, first)
	}
	s.sold(1, 2)
}

func answerOutlivesItsCaller(t *testing.T, f Fixture) {
	s := enter(t, f, Options{Writers: 1})
	s.lock("amtx", seat(1))
	g := hold(t, s.store)
	deciding, open := make(chan struct{}), make(chan struct{})
	before := act{decide: func(*boxoffice.Books) error { close(deciding); <-open; return nil }}
	ctx, leave := context.WithCancel(t.Context())
	c := named("request", "", cart("O-1", mailed("ada@example.com"), seat(1)))
	var first string
	answers := queued(t, s.store, s.do(background, before))
	answers = append(answers, queued(t, s.store, func() error {
		sale, err := s.office.Complete(ctx, partner("amtx"), c)
		first = string(told(sale))
		return err
	})...)
	g.release()
	<-deciding // both were taken together
	leave()
	close(open)
	for _, answer := range answers {
		must(t, "do", <-answer)
	}
	if said, again, err := complete(s.office, c); err != nil || !again || said == "" || said != first {
		t.Errorf("the repeat: %q, %v, %v; want %q again", said, again, err, first)
	}
	s.sold(1, 1)
}

func answersAreSealed(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.lock("amtx", seat(1))
	first, _, err := complete(s.office, named("request", "key", cart("O-1", mailed("ada@example.com"), seat(1))))
	must(t, "complete", err)
	rows, err := s.db.QueryContext(t.Context(), `SELECT key, application, asked, words FROM answer`)
	must(t, "read the records", err)
	defer rows.Close()
	for rows.Next() {
		var columns [4]string
		must(t, "read the records", rows.Scan(&columns[0], &columns[1], &columns[2], &columns[3]))
		for _, word := range append(strings.Fields(first), "request", "key", "O-1", string(seat(1))) {
			if len(word) > 2 && strings.Contains(strings.Join([]string{columns[0], columns[2], columns[3]}, " "), word) {
				t.Errorf("the record tells %q: %v", word, columns)
			}
		}
	}
	must(t, "read the records", rows.Err())
}

// keeping is an act that does nothing but keep answers.
func keeping(from, to int) act {
	a := act{}
	for i := from; i < to; i++ {
		a.needs.Answers = append(a.needs.Answers, boxoffice.AnswerKey(fmt.Sprintf("key-%04d", i)))
	}
	a.decide = func(b *boxoffice.Books) error {
		for _, key := range a.needs.Answers {
			b.Keep(boxoffice.Answer{Key: key, Application: "com.example.amtx", Asked: "asked", Words: []byte("words"), At: b.Now})
		}
		return nil
	}
	return a
}

func tidyAnswers(t *testing.T, f Fixture) {
	const old, all = manyEnded, manyEnded + 300
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	must(t, "keep answers", s.store.Do(t.Context(), keeping(0, all)))
	const hour = 3_600_000_000 // of microseconds
	seven := boxoffice.AnswersFor.Microseconds()
	_, err := s.db.ExecContext(t.Context(), `UPDATE answer SET at = at - CASE WHEN key < $1 THEN CAST($2 AS BIGINT) ELSE $3 END`,
		fmt.Sprintf("key-%04d", old), seven, seven-hour)
	must(t, "age the records", err)
	tidy := func(s Store) func() error {
		return func() error { return patiently(func() error { return s.TidyAnswers(background) }) }
	}
	must(t, "TidyAnswers", atOnce(tidy(s.store), tidy(beside.store)))
	must(t, "TidyAnswers again", tidy(s.store)())
	if n, least := number(t, s.db, `SELECT COUNT(*) FROM answer`), number(t, s.db, `SELECT CAST(SUBSTR(MIN(key), 5) AS INTEGER) FROM answer`); n != all-old || least != old {
		t.Errorf("%d records are left from %d on; want %d from %d on", n, least, all-old, old)
	}
}
