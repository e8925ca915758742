package sqlstore

import (
	"context"
	"sync"
)

// A chorus asks a question once for all who want its answer at the same time. Who comes
// while it is being asked waits for the next time, for the answer under way may not have
// what was committed just before. So an answer is never older than the call, and
// however many call, one question for each key is under way. It is safe for concurrent use.
type chorus[K comparable, T any] struct {
	ask func(ctx context.Context, key K) (T, error)

	mu   sync.Mutex
	next map[K]*asking[T] // of the keys that are asked for: who waits for the next time, nil is nobody
}

type asking[T any] struct {
	done   chan struct{}
	answer T
	err    error
}

// call returns the answer of a question that begins after the call, or the error of ctx.
func (c *chorus[K, T]) call(ctx context.Context, key K) (T, error) {
	c.mu.Lock()
	mine, busy := c.next[key]
	if !busy {
		if c.next == nil {
			c.next = map[K]*asking[T]{}
		}
		c.next[key] = nil
		c.mu.Unlock()
		defer c.goOn(key)
		return c.ask(ctx, key)
	}
	if mine == nil {
		mine = &asking[T]{done: make(chan struct{})}
		c.next[key] = mine
	}
	c.mu.Unlock()
	select {
	case <-mine.done:
		return mine.answer, mine.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// goOn asks for those who came meanwhile, for as long as anybody does.
func (c *chorus[K, T]) goOn(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := c.next[key]
	if waiting == nil {
		delete(c.next, key)
		return
	}
	c.next[key] = nil
	go func() {
		defer c.goOn(key)
		defer close(waiting.done)
		ctx, done := context.WithTimeout(context.Background(), answerWithin) // no caller's context ends it for the others
		defer done()
		waiting.err = survive(func() (err error) { waiting.answer, err = c.ask(ctx, key); return err })
	}()
}
