package main

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The wire is cut in the calls that end a transfer, and in those of the later
// editions, as in the others: one transfer, one effect, one answer.
func TestTheWireIsCutAtEveryByteOfTransfers(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			db := database.open(t)
			key, callers := furnish(t, db, cutChannel)
			_, url := serve(t, db, key)
			s := &transferCutting{cutting: newCutting(t, db, callers[0], url), done: map[string]tally{}}
			start := time.Now()
			s.sellAgain()
			for _, s.named = range []bool{true, false} {
				for _, w := range []cutCall{
					{method: "DELETE", path: "/v1/tickets/transfer/", kept: true, bodies: s.cancels},
					{method: "POST", path: "/v1/tickets/transfer/accept", kept: true, bodies: s.accepts},
					{method: "POST", path: "/v1/tickets/transfer/complete", kept: true, bodies: s.handOvers, seldom: 8},
					{method: "POST", path: "/v2/tickets/transfer", kept: true, bodies: s.second, seldom: 8},
				} {
					if strings.HasSuffix(w.path, "accept") && !s.named {
						continue // accepting again is 400: only its name tells a repeat from that
					}
					s.call(s.named, w)
				}
			}
			t.Logf("%d offsets in %v: %v; %d answers were given again",
				s.offsets.Load(), time.Since(start).Round(time.Millisecond), s.ended, s.replays.Load())
			s.checkTransfers(db)
			audit(t, db)
		})
	}
}

// transferCutting is the test under way. Every request is about a ticket that is
// bought with an order, and whose transfer nothing else in this test ends.
type transferCutting struct {
	*cutting
	named  bool
	orders int
	next   int               // of the tokens
	owner  string            // of all that were bought
	order  map[string]string // that each was bought with last
	done   map[string]tally  // to each ticket, since the beginning
	ended  struct{ cancelled, accepted, handedOver, begun int }
}

// A tally is how often the journal and the tables tell something of a ticket.
type tally struct{ sales, initiates, cancels, accepts, transfers, pages int }

// tell adds to what is to be told of tickets.
func (s *transferCutting) tell(tokens []string, add func(*tally)) {
	for _, token := range tokens {
		d := s.done[token]
		add(&d)
		s.done[token] = d
	}
}

// sellAgain sells every ticket to Ada, whoever has it.
func (s *transferCutting) sellAgain() {
	s.t.Helper()
	const most = 500 // tokens a request
	s.next, s.order = 0, map[string]string{}
	for some := range slices.Chunk(s.tokens, most) {
		s.orders++
		order := "bulk-" + strings.Repeat("I", s.orders)
		s.want(s.t, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody("L-1", some)), nil)
		s.owner = s.sell(s.t, 200, saleBody(order, "ada", some)).Offers[0].Event.Seats[0].OwnerID
		for _, token := range some {
			s.order[token] = order
		}
		s.tell(some, func(d *tally) { d.sales++ })
	}
}

// take returns the next tickets that Ada has; when too few are left she buys all
// of them again, but for those whose transfer is pending, which nobody can.
func (s *transferCutting) take(n int) []string {
	s.t.Helper()
	if s.next+n > len(s.tokens) {
		s.sellAgain()
	}
	s.next += n
	return s.tokens[s.next-n : s.next]
}

// given begins a transfer of each ticket to Juan.
func (s *transferCutting) given(tokens []string) []transferred {
	s.t.Helper()
	made := make([]transferred, len(tokens))
	var (
		clients sync.WaitGroup
		next    atomic.Int64
	)
	for range cutClients {
		clients.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(tokens); i = int(next.Add(1)) - 1 {
				status, said, err := s.caller.call(s.t.Context(), "POST", "/v1/tickets/transfer", requestID(), handOverBody("", s.order[tokens[i]], tokens[i]))
				if err != nil || status != 200 {
					s.t.Errorf("a transfer of %s: %d %s %v", tokens[i], status, said, err)
					return
				}
				decode(s.t, string(said), &made[i])
			}
		})
	}
	clients.Wait()
	if s.t.Failed() {
		s.t.FailNow()
	}
	s.tell(tokens, func(d *tally) { d.initiates++; d.transfers++ })
	return made
}

func (s *transferCutting) cancels(n int) (bodies [][]byte) {
	tokens := s.take(n)
	for _, made := range s.given(tokens) {
		bodies = append(bodies, []byte(made.ConfirmationCd))
	}
	s.tell(tokens, func(d *tally) { d.cancels++ })
	s.ended.cancelled += n
	return bodies
}

func (s *transferCutting) accepts(n int) (bodies [][]byte) {
	tokens := s.take(n)
	for _, made := range s.given(tokens) {
		bodies = append(bodies, encode(object{
			"transferId": made.TransferID,
			"Recipient":  object{"email": "juan@example.com", "recipientFirstName": "Juan", "recipientLastName": "Ramirez"},
		}))
	}
	s.tell(tokens, func(d *tally) { d.accepts++ })
	s.ended.accepted += n
	return bodies
}

// name is an externalTransferId where the request has no other name.
func (s *transferCutting) name(token string) string {
	if s.named {
		return ""
	}
	return "T-" + token
}

func (s *transferCutting) handOvers(n int) (bodies [][]byte) {
	tokens := s.take(n)
	for _, token := range tokens {
		bodies = append(bodies, handOverBody(s.name(token), s.order[token], token))
	}
	s.tell(tokens, func(d *tally) { d.initiates++; d.accepts++; d.transfers++; d.pages++ })
	s.ended.handedOver += n
	return bodies
}

// second begins transfers that stay pending, of tickets that are used no more.
func (s *transferCutting) second(n int) (bodies [][]byte) {
	tokens := s.take(n)
	for _, token := range tokens {
		bodies = append(bodies, transferV2Body(s.name(token), s.owner, s.order[token], "string", token))
	}
	s.tell(tokens, func(d *tally) { d.initiates++; d.transfers++ })
	s.tokens = slices.DeleteFunc(slices.Clone(s.tokens), func(token string) bool { return slices.Contains(tokens, token) })
	s.next -= n
	s.ended.begun += n
	return bodies
}

// checkTransfers compares the books with what was asked for.
func (s *transferCutting) checkTransfers(db string) {
	s.t.Helper()
	found := map[string]tally{}
	query(s.t, look(s.t, db), func(scan func(...any) error) error {
		var token string
		var d tally
		err := scan(&token, &d.sales, &d.initiates, &d.cancels, &d.accepts, &d.transfers, &d.pages)
		if d != (tally{}) {
			found[token] = d
		}
		return err
	}, `
SELECT t.token, COALESCE(j.sales, 0), COALESCE(j.initiates, 0), COALESCE(j.cancels, 0), COALESCE(j.accepts, 0), COALESCE(g.transfers, 0),
	(SELECT COUNT(*) FROM document AS d WHERE d.token = t.token)
FROM ticket AS t
LEFT JOIN (
	SELECT subject, SUM(CASE what WHEN 'sale' THEN 1 ELSE 0 END) AS sales, SUM(CASE what WHEN 'initiate' THEN 1 ELSE 0 END) AS initiates,
		SUM(CASE what WHEN 'cancel' THEN 1 ELSE 0 END) AS cancels, SUM(CASE what WHEN 'accept' THEN 1 ELSE 0 END) AS accepts
	FROM journal GROUP BY subject
) AS j ON j.subject = t.token
LEFT JOIN (SELECT tokens, COUNT(*) AS transfers FROM transfer GROUP BY tokens) AS g ON g.tokens = '["' || t.token || '"]'`)
	if !maps.Equal(found, s.done) {
		wrong := 0
		for token, want := range s.done {
			if found[token] != want && wrong < 10 {
				wrong++
				s.t.Errorf("of ticket %s is told %+v; want %+v", token, found[token], want)
			}
		}
		s.t.Errorf("%d tickets have a story; want %d", len(found), len(s.done))
	}
}
