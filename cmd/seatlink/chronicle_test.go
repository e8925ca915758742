package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seatlink/seatlink/internal/storetest"
)

// A chronicle is what many clients were told by several processes on one
// database, while processes are killed and the database crashes.
type chronicle struct {
	tb testing.TB
	chroniclePlan
	program   string
	database  *storetest.Server
	standby   *storetest.Server // nil without one
	key       string
	tokens    []string // that everybody wants
	spare     string   // a ticket that nobody wants
	persons   []chroniclePerson
	urls      []*chronicleURL
	processes []*process
	clients   []*chronicler

	began   time.Time
	count   atomic.Int64 // requests
	unknown atomic.Int64 // of them, that stayed without an answer
	streams atomic.Int64
	took    time.Duration

	mistakes  []error    // answers that must not be
	recovered func()     // is called when the database is back, if it is set
	working   func(bool) // is told when the clients begin and when they have ended

	kills, crashes int
	back           []time.Duration // after a crash, until a process answered a write again
}

// A chroniclePlan is how much is to be done.
type chroniclePlan struct {
	servers, callers, tickets, operations int
	killEvery                             time.Duration
	crashEach                             int // after so many kills the database crashes too
	limit                                 time.Duration
	failover                              bool // half-way a standby takes over
}

type chroniclePerson struct{ name, id string }

const (
	// busyWithin and backWithin are promises of reliability, of the time between
	// a question and its 503, and between the database's return and an answer.
	busyWithin = 2 * time.Second
	backWithin = 5 * time.Second
	// checkWithin bounds porcupine, whose work may grow without bound: then nothing is known.
	checkWithin = 5 * time.Minute
)

// Each ticket has one history, whichever of four processes its 64 clients ask,
// though one process is killed and the database crashes meanwhile. And no statement
// walks over an event or a table for it, with statistics or without.
func TestTicketsHaveOneHistory(t *testing.T) {
	database, ear := storetest.StartPostgres(t, explaining...), &planEar{}
	database.Hear(ear.hear)
	c := startChronicle(t, "seatlink", database, chroniclePlan{
		servers: 4, callers: 64, tickets: 120, operations: 2_000, killEvery: time.Second, crashEach: 2, limit: patience,
	})
	remove := c.pad(t)
	// The statistics are made again after the first crash.
	c.recovered = func() {
		if c.crashes == 1 {
			spoil(t, c.db(), `ANALYZE`)
		}
	}
	c.working = ear.open.Store
	history := c.record(t)
	remove()
	c.judge(t, history)
	c.findsLies(t, history)
	ear.judge(t, 4*64+100)
}

// startChronicle starts the processes over a small house, with people who buy.
func startChronicle(tb testing.TB, program string, database *storetest.Server, plan chroniclePlan) *chronicle {
	tb.Helper()
	c := &chronicle{tb: tb, chroniclePlan: plan, program: program, database: database}
	if c.failover {
		c.standby = database.Follow()
	}
	var callers []*caller
	c.key, callers = furnish(tb, c.db(), "north", "east", "south", "west")
	for range c.servers {
		c.processes = append(c.processes, nil)
		c.urls = append(c.urls, &chronicleURL{})
		c.serve(tb, len(c.processes)-1)
	}
	c.began = time.Now()
	const persons = 24
	free := freeTokens(tb, c.db())
	c.tokens, free = free[:c.tickets], free[c.tickets:]
	for i := range persons {
		c.persons = append(c.persons, c.welcome(tb, callers[0], fmt.Sprint("person-", i), free[i]))
	}
	c.spare = free[persons]
	for i := range c.callers {
		c.clients = append(c.clients, &chronicler{
			chronicle: c, caller: callers[i%len(callers)], number: i, draw: rand.New(rand.NewPCG(uint64(i), 1)), stream: c.newStream(),
		})
	}
	return c
}

func (c *chronicle) db() string {
	if c.standby != nil {
		return c.database.Either(c.standby, "postgres")
	}
	return c.database.URL("postgres")
}

// serve starts process i, again if it ran before.
func (c *chronicle) serve(tb testing.TB, i int) {
	tb.Helper()
	process, url := serveProgram(tb, c.program, c.db(), c.key)
	c.processes[i] = process
	c.urls[i].Store(&url)
}

// welcome makes somebody's account, by a sale, so that it is known beforehand.
func (c *chronicle) welcome(tb testing.TB, by *caller, name, token string) chroniclePerson {
	tb.Helper()
	there := by.at(*c.urls[0].Load())
	there.want(tb, 200, "PUT", "/v1/tickets/lock", rawBody(lockBody(name, []string{token})), nil)
	var reply chronicleReply
	there.want(tb, 200, "POST", "/v1/cart/complete-order", rawBody(saleBody(name, name, []string{token})), &reply)
	return chroniclePerson{name, reply.Offers[0].Event.Seats[0].OwnerID}
}

func (c *chronicle) clock() int64   { return int64(time.Since(c.began)) } // never goes back
func (c *chronicle) enough() bool   { return c.count.Load() >= int64(c.operations) }
func (c *chronicle) newStream() int { return int(c.streams.Add(1)) - 1 }

// record has everybody work until enough was asked, and returns what was written.
func (c *chronicle) record(tb testing.TB) (history []porcupine.Operation) {
	tb.Helper()
	for token, owner := range c.owners(tb) {
		history = append(history, porcupine.Operation{
			Input: chronicleDeed{what: "import", token: token, person: owner}, Call: -2, Output: chronicleAnswer{says: saysDone}, Return: -1,
		})
	}
	ctx, done := context.WithTimeout(tb.Context(), c.limit)
	defer done()
	start := time.Now()
	var clients sync.WaitGroup
	for _, each := range c.clients {
		clients.Go(func() {
			if each.mistake = each.work(ctx); each.mistake != nil {
				done()
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		clients.Wait()
		close(ended)
	}()
	if c.working != nil {
		c.working(true)
		defer c.working(false)
	}
	c.disturb(tb, ended)
	c.took = time.Since(start)
	for _, each := range c.clients {
		history = append(history, each.written...)
		if each.mistake != nil {
			c.mistakes = append(c.mistakes, each.mistake)
		}
	}
	if ctx.Err() != nil && len(c.mistakes) == 0 {
		tb.Errorf("only %d of %d requests were asked in %v", c.count.Load(), c.operations, c.limit)
	}
	for _, process := range c.processes {
		process.kill()
	}
	return history
}

// disturb kills processes and the database until the clients have ended.
func (c *chronicle) disturb(tb testing.TB, ended <-chan struct{}) {
	tb.Helper()
	tick := time.NewTicker(c.killEvery)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		if c.failover {
			if c.crashes == 0 && c.count.Load() >= int64(c.operations)/2 {
				c.database.Stop(storetest.Immediate)
				c.standby.Promote()
				c.crashes++
				c.awaitAll(tb)
			}
			continue
		}
		i := c.kills % len(c.processes)
		c.processes[i].kill()
		c.serve(tb, i)
		if c.kills++; c.crashEach > 0 && c.kills%c.crashEach == 0 {
			c.database.Stop(storetest.Immediate)
			c.database.Start()
			c.crashes++
			c.awaitAll(tb)
			if c.recovered != nil {
				c.recovered()
			}
		}
	}
}

// awaitAll waits until each process writes again after the database is back.
func (c *chronicle) awaitAll(tb testing.TB) {
	tb.Helper()
	start := time.Now()
	for i, url := range c.urls {
		there := c.clients[0].caller.at(*url.Load())
		for {
			name := fmt.Sprintf("back-%d-%d-%d", c.crashes, i, c.clock())
			status, said, err := there.call(tb.Context(), "PUT", "/v1/tickets/lock", requestID(), lockBody(name, []string{c.spare}))
			if err == nil && status == 200 {
				break
			}
			if err != nil || status != 503 || time.Since(start) > patience {
				tb.Fatalf("%v after the database is back a lock is answered %d %v\n%s\n%s", time.Since(start), status, err, said, c.processes[i].errs)
			}
			chroniclePause(tb.Context())
		}
	}
	c.back = append(c.back, time.Since(start))
}

// owners are those of the tickets before anything happened.
func (c *chronicle) owners(tb testing.TB) map[string]string {
	tb.Helper()
	all, wanted := map[string]string{}, map[string]bool{}
	for _, token := range c.tokens {
		wanted[token] = true
	}
	query(tb, look(tb, c.db()), func(scan func(...any) error) error {
		var token, owner string
		err := scan(&token, &owner)
		if wanted[token] {
			all[token] = owner
		}
		return err
	}, `SELECT token, owner FROM ticket`)
	return all
}
