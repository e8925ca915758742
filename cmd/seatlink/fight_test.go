package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

const (
	fighters     = 200
	fightTickets = 50
	fightRounds  = 100
)

// 200 channels want the same 50 tickets at the same moment, 100 times: each
// ticket has one winner, and everybody else is told why not.
func TestTwoHundredChannelsFightForTheSameTickets(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			var channels []access.Channel
			for i := range fighters {
				channels = append(channels, access.Channel(fmt.Sprintf("fighter-%03d", i)))
			}
			key, callers := furnish(t, db, channels...)
			servers := 1
			if !strings.HasPrefix(db, "sqlite:") {
				servers = 2 // any number of processes share it
			}
			var urls []string
			for range servers {
				_, url := serve(t, db, key)
				urls = append(urls, url)
			}
			for i, c := range callers {
				c.url = urls[i%servers]
			}
			f := &fight{tokens: freeTokens(t, db)[:fightTickets], callers: callers}
			before := journalRows(t, db)
			start := time.Now()
			won := map[string]int{} // rounds in which a channel won something
			for n := range fightRounds {
				for _, channel := range f.round(t, db, n) {
					won[channel]++
				}
				if t.Failed() {
					t.Fatalf("stopped after round %d", n)
				}
			}
			took := time.Since(start)
			t.Logf("%d rounds in %.1f s: %d requests, %.0f a second, %d of them repeats after 503; %d channels won tickets, %d times",
				fightRounds, took.Seconds(), f.asked.Load(), float64(f.asked.Load())/took.Seconds(), f.repeats.Load(), len(won), f.wins)
			if got, want := journalRows(t, db)-before, int64(2*fightRounds*fightTickets); got != want {
				t.Errorf("the journal grew by %d rows; want %d, a lock and an unlock of each ticket in each round", got, want)
			}
			if len(won) < fighters/10 {
				t.Errorf("only %d channels ever won: that is no fight", len(won))
			}
			audit(t, db)
		})
	}
}

func journalRows(tb testing.TB, db string) int64 {
	tb.Helper()
	reader, err := sqlstore.OpenReader(tb.Context(), db)
	if err != nil {
		tb.Fatal(err)
	}
	defer reader.Close()
	rows, err := reader.JournalRows(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return rows
}

// A fight is many callers who want the same tickets.
type fight struct {
	tokens         []string
	callers        []*caller
	asked, repeats atomic.Int64
	wins           int
}

// round has everybody ask for all tickets at once, checks what they were told,
// gives the tickets back, and returns the channels that won some.
func (f *fight) round(t *testing.T, db string, n int) (winners []string) {
	t.Helper()
	var (
		barrier  = make(chan struct{})
		everyone sync.WaitGroup
		mu       sync.Mutex
		owners   = map[string][]*caller{} // who was told to have each ticket
		refused  = map[string]int{}       // how many were told that they may not
	)
	for _, c := range f.callers {
		bodies := f.bodies(n)
		everyone.Go(func() {
			<-barrier
			for _, tokens := range bodies {
				got, err := f.lock(t.Context(), c, fmt.Sprint("round-", n), tokens)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, s := range got.Success {
					owners[s.Token] = append(owners[s.Token], c)
				}
				for _, e := range got.Errors {
					if refused[e.Token]++; e.AppErrorCode != "TOKEN_LOCKED" {
						t.Errorf("round %d: %s was refused %v; want TOKEN_LOCKED", n, c.partner.Channel, e)
					}
				}
				mu.Unlock()
			}
		})
	}
	close(barrier)
	everyone.Wait()

	holders := f.holders(t, db)
	mine := map[*caller][]string{}
	for _, token := range f.tokens {
		if len(owners[token]) != 1 || refused[token] != len(f.callers)-1 {
			t.Fatalf("round %d: %d channels won %s and %d were refused; want 1 and %d", n, len(owners[token]), token, refused[token], len(f.callers)-1)
		}
		winner := owners[token][0]
		if holders[token] != string(winner.partner.Channel) {
			t.Errorf("round %d: %s was told to have %s, and the books say %q", n, winner.partner.Channel, token, holders[token])
		}
		mine[winner] = append(mine[winner], token)
	}
	for winner, tokens := range mine {
		everyone.Go(func() {
			if err := f.unlock(t.Context(), winner, tokens); err != nil {
				t.Error(err)
			}
		})
		winners = append(winners, string(winner.partner.Channel))
	}
	everyone.Wait()
	f.wins += len(winners)
	return winners
}

// bodies are the requests of one caller in a round: for all tickets at once in an
// order of its own, or in every fourth round for a few at first and then for the
// rest, so that there are many winners.
func (f *fight) bodies(n int) [][]string {
	const few = 5
	tokens := slices.Clone(f.tokens)
	rand.Shuffle(len(tokens), func(i, j int) { tokens[i], tokens[j] = tokens[j], tokens[i] })
	if n%4 != 0 {
		return [][]string{tokens}
	}
	first := 1 + rand.IntN(few)
	return [][]string{tokens[:first], tokens[first:]}
}

type lockAnswer struct {
	Success []failed `json:"success"`
	Errors  []failed `json:"errors"`
}

func (f *fight) lock(ctx context.Context, c *caller, listing string, tokens []string) (answer lockAnswer, err error) {
	status, body, err := f.ask(ctx, c, "/v1/tickets/lock", lockBody(listing, tokens))
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return answer, err
	}
	want := http.StatusMultiStatus
	switch {
	case len(answer.Errors) == 0:
		want = http.StatusOK
	case len(answer.Success) == 0:
		want = http.StatusUnprocessableEntity
	}
	if status != want || len(answer.Success)+len(answer.Errors) != len(tokens) {
		return answer, fmt.Errorf("lock of %d tickets: %d; want %d\n%s", len(tokens), status, want, body)
	}
	return answer, nil
}

func (f *fight) unlock(ctx context.Context, c *caller, tokens []string) error {
	status, body, err := f.ask(ctx, c, "/v1/tickets/unlock", unlockBody(tokens))
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("unlock by the winner: %d\n%s", status, body)
	}
	return err
}

// ask sends a request, and again while the server is too busy for it.
func (f *fight) ask(ctx context.Context, c *caller, path string, body []byte) (status int, answer []byte, err error) {
	for {
		f.asked.Add(1)
		status, answer, err = c.call(ctx, http.MethodPut, path, requestID(), body)
		if err != nil || status != http.StatusServiceUnavailable {
			return status, answer, err
		}
		f.repeats.Add(1)
	}
}

// holders are the channels that the books say have the tickets.
func (f *fight) holders(t *testing.T, db string) map[string]string {
	t.Helper()
	books := look(t, db)
	defer func() { _ = books.Close() }()
	holders := map[string]string{}
	query(t, books, func(scan func(...any) error) error {
		var token, by string
		err := scan(&token, &by)
		holders[token] = by
		return err
	}, `SELECT token, hold_by FROM ticket WHERE hold = 'lock'`)
	return holders
}
