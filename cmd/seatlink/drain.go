package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// mostInHand is how long requests in hand may go on after the end was asked for.
	// None that is complete needs more than its deadline of 10 s.
	mostInHand = 25 * time.Second
	// finishing is what is kept of --drain for closing the database.
	finishing = time.Second
	// lastWords is how long connections that are open may still ask for something,
	// to be told to go: a request that meets a closed connection is a riddle to who
	// sent it. A partner under load asks again within milliseconds.
	lastWords = 250 * time.Millisecond
	// lookAgain is how often it is seen whether they have gone.
	lookAgain = 5 * time.Millisecond
)

// An ending is how a server stops: it says so, goes on for a while, lets nobody
// in any more, and waits for the requests in hand.
type ending struct {
	http  *http.Server
	wait  time.Duration // before the doors close, for balancers
	whole time.Duration // from the first moment to the last

	begun atomic.Bool
	open  atomic.Int64  // connections
	over  chan struct{} // closed when nothing is in hand any more
}

// newEnding is how a server will stop.
func newEnding(server *http.Server, wait, whole time.Duration) *ending {
	e := &ending{http: server, wait: wait, whole: whole, over: make(chan struct{})}
	server.ConnState = e.count
	return e
}

// count is the server's ConnState.
func (e *ending) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		e.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		e.open.Add(-1)
	}
}

// around tells connections to go, once the end has begun: with their next answer,
// so that nothing in hand is lost.
func (e *ending) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.begun.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// run waits for ctx to end, and ends the server.
func (e *ending) run(ctx context.Context) error {
	defer close(e.over)
	<-ctx.Done()
	e.begun.Store(true)
	rest := context.WithoutCancel(ctx) // what follows has its own end
	pause(rest, e.wait)
	farewell, done := context.WithTimeout(rest, lastWords)
	for e.open.Load() > 0 && farewell.Err() == nil {
		pause(farewell, lookAgain)
	}
	done()
	last, done := context.WithTimeout(rest, min(mostInHand, e.whole-e.wait-finishing))
	defer done()
	err := e.http.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		// Whoever has not sent the whole request by now gets no answer. That is how
		// the end is meant to go.
		return e.http.Close()
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
