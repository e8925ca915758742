package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

const (
	crashChannel access.Channel = "crash"
	// So many clients write more than 500 times a second where an fsync takes 20 ms.
	crashClients = 48
	crashBlocks  = 4 // of tickets, for each client
	// leastRate is of acknowledged writes a second: with fewer a kill meets nothing.
	leastRate     = 500
	shortestCycle = 100 * time.Millisecond
	longestCycle  = 400 * time.Millisecond
	slowestCycle  = 5 * time.Second // by then the rate is not to be had
)

// A siege serves a database, writes to it, and kills the server, again and again.
type siege struct {
	program, db, key string
	partner          *caller    // of the server that runs
	blocks           [][]string // of tickets: crashBlocks for each client
	writes           map[string]write
	seen             int64 // the last batch that was checked

	starts                             []time.Duration
	served                             time.Duration
	acknowledged, unknown, unknownDone int
}

// A write is what a client knows of one that it asked for.
type write struct {
	order        string // what a sale is known by, else ""
	acknowledged bool   // it was answered 200; else nobody knows
}

func besiege(t *testing.T, program, db string) *siege {
	t.Helper()
	key, callers := furnish(t, db, crashChannel)
	s := &siege{program: program, db: db, key: key, partner: callers[0], writes: map[string]write{}}
	tokens := freeTokens(t, db)
	if len(tokens) < crashClients*crashBlocks*blockSize {
		t.Fatalf("%d tickets are free: too few", len(tokens))
	}
	s.blocks = slices.Collect(slices.Chunk(tokens[:crashClients*crashBlocks*blockSize], blockSize))
	return s
}

// cycle starts the server, has the clients write, kills the server, and returns
// what is wrong with its books.
func (s *siege) cycle(t *testing.T, n int) (findings []string) {
	t.Helper()
	launched := time.Now()
	server, url := serveProgram(t, s.program, s.db, s.key)
	ready := time.Now()
	s.starts = append(s.starts, ready.Sub(launched))

	// A random time after its first answer the server is killed, at an answer: that
	// is the worst moment for one that answers too early. A server that has just
	// started is slow; it lives until it has answered at the rate that is wanted.
	var (
		ignite sync.Once
		armed  atomic.Bool
		served atomic.Int64
		wait   = shortestCycle + rand.N(longestCycle-shortestCycle)
	)
	answered := func() {
		ignite.Do(func() { time.AfterFunc(wait, func() { armed.Store(true) }) })
		life := time.Since(ready)
		busy := float64(served.Add(1)) >= leastRate*life.Seconds() || life > slowestCycle
		if busy && armed.CompareAndSwap(true, false) {
			s.served += life
			_ = server.cmd.Process.Kill()
		}
	}
	var (
		clients sync.WaitGroup
		mine    [crashClients]map[string]write
	)
	ctx, done := context.WithTimeout(t.Context(), patience)
	defer done()
	s.partner.url = url
	for i := range crashClients {
		mine[i] = map[string]write{}
		c := &crashClient{
			caller: s.partner, number: i, name: fmt.Sprintf("%04d-%02d", n, i), blocks: s.blocks[i*crashBlocks : (i+1)*crashBlocks], writes: mine[i], answered: answered,
		}
		clients.Go(func() {
			if err := c.work(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	s.partner.http.CloseIdleConnections()
	if ctx.Err() != nil {
		t.Fatalf("kill %d: the clients ended before the server\n%s", n, server.errs)
	}
	_ = server.wait()
	fresh := map[string]write{}
	for _, writes := range mine {
		for id, w := range writes {
			fresh[id] = w
			s.writes[id] = w
		}
	}
	return s.check(t, n, fresh)
}

// A crashClient locks its tickets, and unlocks or sells them, until the server is
// gone.
type crashClient struct {
	*caller
	number   int
	name     string
	blocks   [][]string
	writes   map[string]write // by Request-ID
	answered func()           // to be called when a write was acknowledged
}

// work returns nil when the server is gone, and an error for an answer that it
// should not have given. After an answer that never came the state of a block is
// unknown; so each turn begins with a lock under another listing, which makes a
// row of the journal for each ticket whether it was locked or not.
func (c *crashClient) work(ctx context.Context) error {
	for turn := 0; ; turn++ {
		tokens := c.blocks[turn%len(c.blocks)]
		name := fmt.Sprintf("%s-%d", c.name, turn)
		if gone, err := c.write(ctx, "PUT", "/v1/tickets/lock", lockBody(name, tokens), ""); gone || err != nil {
			return err
		}
		var gone bool
		var err error
		if (turn+c.number)%3 == 0 {
			gone, err = c.write(ctx, "POST", "/v1/cart/complete-order", saleBody(name, "buyer-"+c.name, tokens), name)
		} else {
			gone, err = c.write(ctx, "PUT", "/v1/tickets/unlock", unlockBody(tokens), "")
		}
		if gone || err != nil {
			return err
		}
	}
}

// write asks for one, as often as the server is too busy for it. Each time is a
// request of its own.
func (c *crashClient) write(ctx context.Context, method, path string, body []byte, order string) (gone bool, err error) {
	for {
		id := requestID()
		status, answer, err := c.call(ctx, method, path, id, body)
		switch {
		case err != nil:
			c.writes[id] = write{order: order}
			return true, nil //nolint:nilerr // that the answer never comes is what the test is about
		case status == http.StatusOK:
			c.writes[id] = write{order: order, acknowledged: true}
			c.answered()
			return false, nil
		case status == http.StatusServiceUnavailable:
			c.writes[id] = write{order: order}
		default:
			return false, fmt.Errorf("%s %s: %d\n%s\n%s", method, path, status, body, answer)
		}
	}
}
