package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var overlaps = []clause{
	{"thousands of overlapping transactions in any order meet no deadlock", overlapsMeetNoDeadlock},
	{"tasks entered in opposite orders meet no deadlock", tasksMeetNoDeadlock},
}

// Acts of several channels lock, sell and free the same few tickets from two
// processes, each naming them in an order of its own. A transaction takes one
// act, or some, so that as many of them as can be overlap.
func overlapsMeetNoDeadlock(t *testing.T, f Fixture) {
	const (
		callers, acts = 8, 625 // 10,000 transactions on two databases
		hot           = 12     // tickets that all are after
	)
	s := enter(t, f, Options{BatchActs: 1})
	beside := at(t, f, f.Beside(t, s.store, Options{BatchActs: 3}))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var work sync.WaitGroup
	for caller := range callers {
		office := []*boxoffice.Office{s.office, beside.office}[caller%2]
		who := partner(access.Channel(fmt.Sprint("channel-", caller/2)))
		random := rand.New(rand.NewPCG(7, uint64(caller)))
		work.Go(func() {
			for n := range acts {
				if err := overlapping(ctx, office, who, random, hot); err != nil {
					t.Errorf("caller %d, act %d: %v", caller, n, err)
					stop()
					return
				}
			}
		})
	}
	work.Wait()
	s.audit()
	beside.store.Close()
	s.store.Close()
	if n := f.Deadlocks(t); n != 0 {
		t.Errorf("the database broke %d deadlocks; want none", n)
	}
}

// overlapping does one act over some of the hot tickets in random order.
func overlapping(ctx context.Context, office *boxoffice.Office, who access.Principal, random *rand.Rand, hot int) error {
	var tokens []boxoffice.Token
	for _, n := range random.Perm(hot)[:4] {
		tokens = append(tokens, seat(n))
	}
	switch random.IntN(4) {
	case 0:
		// Two orders whose names are after the same as those of the others, and a
		// buyer whom another may be making.
		c := cart(fmt.Sprint("O-", random.IntN(500)), mailed(fmt.Sprint(random.IntN(1000), "@example.com")), tokens[:2]...)
		second := element(fmt.Sprint("O-", 500+random.IntN(500)), tokens[2:]...)
		c.Elements = append(c.Elements, second)
		if random.IntN(2) == 0 {
			c.Elements[0], c.Elements[1] = c.Elements[1], c.Elements[0]
		}
		_, err := office.Complete(ctx, who, c)
		if errors.Is(err, fault.OrdersApart) {
			return nil
		}
		return err
	case 1:
		_, err := office.Unlock(ctx, who, tokens)
		return err
	case 2:
		req, seller := locking(tokens...), mailed(fmt.Sprint(random.IntN(1000), "@example.com"))
		req.Source, req.Seller = boxoffice.Broker, &seller
		_, err := office.Lock(ctx, who, req)
		return err
	}
	_, err := office.Lock(ctx, who, locking(tokens...))
	return err
}

func tasksMeetNoDeadlock(t *testing.T, f Fixture) {
	s := enter(t, f, Options{BatchActs: 1})
	beside := at(t, f, f.Beside(t, s.store, Options{BatchActs: 1}))
	for round := range rounds {
		entering := func(ids ...int) act {
			return act{decide: func(b *boxoffice.Books) error {
				for _, id := range ids {
					b.Enter(boxoffice.Task{ID: fmt.Sprint(round, "/", id), Kind: "test", Due: b.Now})
				}
				return nil
			}}
		}
		var up, down []int
		for i := range 200 {
			up, down = append(up, i), append(down, 199-i)
		}
		must(t, "enter tasks", atOnce(s.do(background, entering(up...)), beside.do(background, entering(down...))))
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM task`); n != rounds*200 {
		t.Errorf("there are %d tasks; want %d", n, rounds*200)
	}
	s.audit()
	beside.store.Close()
	s.store.Close()
	if n := f.Deadlocks(t); n != 0 {
		t.Errorf("the database broke %d deadlocks; want none", n)
	}
}
