package link

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// Retries say how often and how long a request is tried again. Each wait is up to
// twice as long as the one before, and never shorter than the server's
// Retry-After. A request whose context would end before the next try is given up
// at once, and so is one that is asked to wait longer than Longest.
type Retries struct {
	Times   int           // after the first try; 0 is 5, negative is never
	First   time.Duration // the first wait at most; 0 is 200 ms
	Longest time.Duration // any wait at most; 0 is 90 s
}

func (r Retries) orDefault() Retries {
	const (
		times   = 5 // as the catalogue of errors advises
		first   = 200 * time.Millisecond
		longest = 90 * time.Second // the server's longest Retry-After, and some more
	)
	if r.Times == 0 {
		r.Times = times
	}
	if r.First <= 0 {
		r.First = first
	}
	if r.Longest <= 0 {
		r.Longest = longest
	}
	return r
}

// wait is how long to wait before a try, the first of them being 1. Half of it is
// chance, lest all who were refused together come back together.
func (r Retries) wait(try int, asked time.Duration) time.Duration {
	const doublings = 16 // more would overflow, and Longest is reached before
	backoff := min(r.First<<min(try-1, doublings), r.Longest)
	half := backoff / 2
	chance := time.Duration(rand.Int64N(int64(half) + 1)) //nolint:gosec // nobody gains by guessing when a retry comes
	if asked > 0 {
		return asked + chance
	}
	return half + chance
}

// again sends until an answer is final. send returns an error when there was no
// answer.
func (r Retries) again(ctx context.Context, send func() (answer, error), asked func(answer) time.Duration) (answer, error) {
	for try := 1; ; try++ {
		a, err := send()
		if ctx.Err() != nil || err == nil && a.final() || try > r.Times {
			return a, err
		}
		if _, own := errors.AsType[*permanentError](err); own || errors.Is(err, ErrTooLarge) {
			return a, err
		}
		var after time.Duration
		if err == nil {
			after = asked(a)
		}
		if after > r.Longest {
			return a, err
		}
		if !pause(ctx, r.wait(try, after)) {
			if err != nil {
				err = fmt.Errorf("%w; no time is left to try again", err)
			}
			return a, err
		}
	}
}

// pause waits, and reports whether the context lasts that long. If it is known
// not to, there is no use in waiting.
func pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// final reports whether an answer is one that another try would not change.
// Every request may be tried after the others: it goes by the state of the
// tickets, or the server knows it again. 500 is final, as the catalogue says.
func (a answer) final() bool {
	switch a.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	case http.StatusConflict:
		return a.code() != CodeIdempotencyKeyInUse
	}
	return true
}

// A permanentError is one of our own side: trying again is of no use.
type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }
