package main

import (
	"database/sql"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/storetest"
)

var httpTransferRounds = flag.Int("http-transfer-rounds", 120, "rounds of each race for a transfer over HTTP")

// A transferRace is two requests, to two processes at once, of which one can be
// done. The loser is told why.
type transferRace struct {
	name        string
	left, right string            // the sides
	why         map[string]string // what the loser is told, by the side that won
	run         func(r *racer, n int) (winner string, told string)
}

// Two servers on one PostgreSQL are asked at the same moment for what only one of
// them can do, over and over: always one wins, each side does in one round of
// twenty at least, and the books say what the answers say.
func TestRacesForTransfersOverHTTP(t *testing.T) {
	const racers = 8
	db := storetest.Postgres(t)
	key, callers := furnish(t, db, "racing")
	var urls [2]string
	for i := range urls {
		_, urls[i] = serve(t, db, key)
	}
	books := look(t, db)
	tokens := freeTokens(t, db)
	for _, race := range []transferRace{
		{"accept against cancel", "accept", "cancel", map[string]string{
			"accept": "400 TRANSFER_NOT_PENDING it is accepted", "cancel": "400 TRANSFER_NOT_PENDING it is cancelled",
		}, (*racer).acceptOrCancel},
		{"expiry against accept", "expire", "accept", map[string]string{
			"expire": "400 TRANSFER_NOT_PENDING it is expired", "accept": "",
		}, (*racer).expireOrAccept},
		{"lock against initiate", "lock", "initiate", map[string]string{
			"lock": "400 NOTHING_DONE TOKEN_NOT_AVAILABLE", "initiate": "422 NOTHING_DONE TOKEN_NOT_AVAILABLE",
		}, (*racer).lockOrInitiate},
	} {
		t.Run(race.name, func(t *testing.T) {
			var (
				wins     [2]atomic.Int64
				next     atomic.Int64
				everyone sync.WaitGroup
				start    = time.Now()
			)
			for i := range racers {
				r := newRacer(t, books, callers[0], urls, tokens[i], race.left)
				everyone.Go(func() {
					for n := int(next.Add(1)); n <= *httpTransferRounds && !t.Failed(); n = int(next.Add(1)) {
						winner, told := race.run(r, n)
						if told != race.why[winner] {
							t.Errorf("round %d: %q won, and the other was told %q; want %q", n, winner, told, race.why[winner])
						}
						if winner == race.left {
							wins[0].Add(1)
						} else {
							wins[1].Add(1)
						}
					}
				})
			}
			everyone.Wait()
			left, right, rounds := wins[0].Load(), wins[1].Load(), int64(*httpTransferRounds)
			t.Logf("%d rounds in %v: %s won %d, %s won %d", rounds, time.Since(start).Round(time.Millisecond), race.left, left, race.right, right)
			const least = 20 // one in so many
			if left+right != rounds || min(left, right)*least < rounds {
				t.Errorf("%s won %d and %s %d of %d rounds; want each to win 5 %%", race.left, left, race.right, right, rounds)
			}
		})
	}
	audit(t, db)
}

// A racer has a ticket of its own, and two programs of one partner that ask two
// servers.
type racer struct {
	t      *testing.T
	books  *sql.DB
	at     [2]*caller
	token  string
	place  object // as a transfer names it
	owner  string
	family string        // of those who get it in this race
	lead   time.Duration // that an accept has before the transfer expires
	heirs  int           // how often the ticket has gone to a new owner
}

func newRacer(t *testing.T, books *sql.DB, c *caller, urls [2]string, token, family string) *racer {
	t.Helper()
	r := &racer{t: t, books: books, token: token, family: family, lead: 40 * time.Millisecond, at: [2]*caller{c.at(urls[0]), c.at(urls[1])}}
	var event, section, row, seat string
	query(t, books, func(scan func(...any) error) error { return scan(&event, &section, &row, &seat, &r.owner) },
		`SELECT event, section, row, seat, owner FROM ticket WHERE token = $1`, token)
	words := strings.Split(event, ":") // organization, season, item
	r.place = object{"season": words[1], "event": words[2], "seatInfo": object{"section": section, "row": row, "seats": seat}}
	return r
}

// A raceAnswer is what a server answers.
type raceAnswer struct {
	status int
	transferred
	Error struct{ AppErrorCode, DeveloperMessage string }
}

// why is the answer as one line: of a transfer that is over with what became of it, of
// others with the code of the ticket.
func (s raceAnswer) why() string {
	if s.status == http.StatusOK {
		return ""
	}
	line := fmt.Sprint(s.status, " ", s.Error.AppErrorCode)
	if _, reason, ok := strings.Cut(s.Error.DeveloperMessage, "not pending: "); ok {
		return line + " " + reason
	}
	for _, e := range s.Errors {
		line += " " + e.AppErrorCode
	}
	return line
}

// ask sends a request to one of the two servers, and again while it is too busy.
func (r *racer) ask(server int, method, path string, body []byte) (answer raceAnswer) {
	r.t.Helper()
	for answer.status == 0 || answer.status == http.StatusServiceUnavailable {
		status, text, err := r.at[server%2].call(r.t.Context(), method, path, requestID(), body)
		if err != nil {
			r.t.Errorf("%s %s: %v", method, path, err)
			return answer
		}
		answer = raceAnswer{status: status}
		decode(r.t, string(text), &answer)
	}
	return answer
}

func (r *racer) initiate(server int) raceAnswer {
	r.t.Helper()
	return r.ask(server, "POST", "/v1/tickets/transfer?distributorCode=AMTX", encode(object{"transferRequests": []object{{
		"sender": object{"patronId": r.owner}, "recipient": object{"email": fmt.Sprintf("heir-%d@%s.example.com", r.heirs%2, r.family)},
		"seats": []object{r.place},
	}}}))
}

// begun is a transfer that was initiated without any trouble.
func (r *racer) begun(server int) raceAnswer {
	r.t.Helper()
	made := r.initiate(server)
	if made.status != http.StatusOK || made.TransferStatus != "Pending" {
		r.t.Errorf("initiate = %+v; want a pending transfer", made)
	}
	return made
}

func (r *racer) accept(server int, transferID string) raceAnswer {
	r.t.Helper()
	return r.ask(server, "POST", "/v1/tickets/transfer/accept?distributorCode=AMTX", encode(object{"transferId": transferID}))
}

func (r *racer) cancel(server int, confirmationCd string) raceAnswer {
	r.t.Helper()
	return r.ask(server, "DELETE", "/v1/tickets/transfer/"+confirmationCd, nil)
}

// dawdle asks for nothing of importance for a while that depends on the round, so
// that the shorter of two ways is not always ahead.
func (r *racer) dawdle(server, n int) {
	for range n {
		r.ask(server, "POST", "/v1/tickets/verify", encode(object{"tickets": []object{{"tokens": []string{r.token}}}}))
	}
}

// both asks two things at the same moment.
func both(left, right func() raceAnswer) (one, other raceAnswer) {
	var work sync.WaitGroup
	start := make(chan struct{})
	work.Go(func() { <-start; one = left() })
	work.Go(func() { <-start; other = right() })
	close(start)
	work.Wait()
	return one, other
}

// winner is the one side that was done; what the other was told stands beside it.
func (r *racer) winner(left string, one raceAnswer, right string, other raceAnswer) (winner, told string) {
	switch {
	case one.status == http.StatusOK && other.status != http.StatusOK:
		return left, other.why()
	case one.status != http.StatusOK && other.status == http.StatusOK:
		return right, one.why()
	}
	r.t.Errorf("%s was told %d %q and %s %d %q; want one winner", left, one.status, one.why(), right, other.status, other.why())
	return "", ""
}

// stands checks the ticket, and the last step of the transfer's history as the
// other server tells it.
func (r *racer) stands(server int, confirmationCd, op string) {
	r.t.Helper()
	var owner, hold string
	query(r.t, r.books, func(scan func(...any) error) error { return scan(&owner, &hold) }, `SELECT owner, hold FROM ticket WHERE token = $1`, r.token)
	if moved := owner != r.owner; moved != (op == "accept") || hold != "" {
		r.t.Errorf("after %s the ticket is of %s, was of %s, and on hold %q", op, owner, r.owner, hold)
	}
	if owner != r.owner {
		r.owner, r.heirs = owner, r.heirs+1
	}
	var history struct{ History []struct{ Op string } }
	status, text, err := r.at[server%2].call(r.t.Context(), "GET", "/v1/tickets/transfer/"+confirmationCd, requestID(), nil)
	if err != nil || status != http.StatusOK {
		r.t.Errorf("history: %d %s %v", status, text, err)
		return
	}
	decode(r.t, string(text), &history)
	if steps := history.History; len(steps) != 2 || steps[0].Op != "initiate" || steps[1].Op != op {
		r.t.Errorf("the history is %+v; want initiate and %s", steps, op)
	}
}

func (r *racer) acceptOrCancel(n int) (winner, told string) {
	made := r.begun(n)
	accepted, cancelled := both(
		func() raceAnswer { return r.accept(n, made.TransferID) },
		func() raceAnswer { return r.cancel(n+1, made.ConfirmationCd) })
	winner, told = r.winner("accept", accepted, "cancel", cancelled)
	r.stands(n, made.ConfirmationCd, winner)
	return winner, told
}

// expireOrAccept moves the end of a transfer to a moment from now, and that of its
// task, which the clerks of both servers look for; meanwhile it is accepted. Who
// won the last round has less time in the next, so that it is close whatever the
// machine has to do.
func (r *racer) expireOrAccept(n int) (winner, told string) {
	const least = time.Millisecond
	made := r.begun(n)
	const sooner = `
WITH moved AS (UPDATE transfer SET expires_at = $2 WHERE code = $1 RETURNING key)
UPDATE task SET due_at = $2 WHERE kind = 'expire-transfer' AND subject = (SELECT key FROM moved)`
	ends := time.Now().Add(r.lead)
	if _, err := r.books.ExecContext(r.t.Context(), sooner, made.ConfirmationCd, ends.UnixMicro()); err != nil {
		r.t.Errorf("move the end: %v", err)
	}
	accepted := r.accept(n, made.TransferID)
	if accepted.status == http.StatusOK {
		winner, r.lead = "accept", r.lead*2/3
	} else {
		winner, r.lead = "expire", r.lead*3/2+least
	}
	r.stands(n+1, made.ConfirmationCd, winner)
	return winner, accepted.why()
}

func (r *racer) lockOrInitiate(n int) (winner, told string) {
	locked, made := both(
		func() raceAnswer {
			r.dawdle(n, n%4) // a transfer looks for its seats first
			return r.ask(n, "PUT", "/v1/tickets/lock", lockBody("L-1", []string{r.token}))
		},
		func() raceAnswer { return r.initiate(n + 1) })
	winner, told = r.winner("lock", locked, "initiate", made)
	switch winner {
	case "lock":
		if undone := r.ask(n+1, "PUT", "/v1/tickets/unlock", unlockBody([]string{r.token})); undone.status != http.StatusOK {
			r.t.Errorf("unlock by the winner: %d %s", undone.status, undone.why())
		}
	case "initiate":
		if undone := r.cancel(n, made.ConfirmationCd); undone.status != http.StatusOK {
			r.t.Errorf("cancel by the winner: %d %s", undone.status, undone.why())
		}
		r.stands(n+1, made.ConfirmationCd, "cancel")
	}
	return winner, told
}
