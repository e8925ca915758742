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
		_, grown, err := tail.After(ctx, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		b.write(stepsOf(1, "A lock")...)
		pass(tailEvery + tailPause) // it may just have looked
		select {
		case <-grown:
		default:
			t.Error("a second later who waits is not told")
		}
		if entries, _, err := tail.After(ctx, 0, 10); len(entries) != 1 || err != nil {
			t.Errorf("After(0) = %d rows, %v; want 1", len(entries), err)
		}
		if entries, _, err := tail.After(ctx, 1, 10); len(entries) != 0 || err != nil { // waits again
			t.Errorf("After(1) = %d rows, %v; want none", len(entries), err)
		}
		asked := func() int {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.reads
		}
		reads := asked()
		pass(10 * time.Second)
		if n := asked() - reads; n < 9 || n > 11 {
			t.Errorf("in ten seconds it asked %d times; want once a second", n)
		}
		stop()
		<-ended
	})
}
