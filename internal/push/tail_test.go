package push

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// A tail that nobody wakes finds what is new within a second, and asks no more often.
func TestATailThatNobodyWakesLooksOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBureau()
		tail := NewTail(b, nil, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = tail.Run(ctx) }()
		pass(500 * time.Millisecond)
		reads := b.reads
		b.write(stepsOf(1, "A lock")...)
		pass(time.Second)
		if at := tail.Newest(); at != 1 {
			t.Errorf("a second later it is at %d; want 1", at)
		}
		pass(9 * time.Second)
		if n := b.reads - reads; n < 10 || n > 11 { // what it found it reads on from at once
			t.Errorf("in ten seconds it asked %d times; want once a second", n)
		}
		stop()
		<-ended
	})
}
