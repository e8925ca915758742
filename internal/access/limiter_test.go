package access

import (
	"fmt"
	"testing"
	"time"
)

func TestBlocksDoubleUpToAQuarterOfAnHour(t *testing.T) {
	l := limiter{bound: failedExchanges}
	now := newClock().Now()
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		for i := range failedExchanges.free {
			if wait := l.fail("a", 1, now); wait != 0 {
				t.Fatalf("failure %d is blocked for %v", i+1, wait)
			}
		}
		if wait := l.fail("a", 1, now); wait != want {
			t.Fatalf("blocked for %v; want %v", wait, want)
		}
		if wait := l.fail("a", 1, now.Add(want/2)); wait != want-want/2 {
			t.Fatalf("a failure within the block made it %v", wait)
		}
		now = now.Add(want)
		if wait := l.wait("a", now); wait != 0 {
			t.Fatalf("still blocked for %v at its end", wait)
		}
	}
}

func TestSlowFailuresAreNeverBlocked(t *testing.T) {
	l := limiter{bound: failedExchanges}
	now := newClock().Now()
	for range 100 {
		if wait := l.fail("a", 1, now); wait != 0 {
			t.Fatalf("blocked for %v", wait)
		}
		now = now.Add(failedExchanges.window / time.Duration(failedExchanges.free))
	}
}

func TestABlockIsForgotten(t *testing.T) {
	l := limiter{bound: failedExchanges}
	now := newClock().Now()
	for range failedExchanges.free + 1 {
		l.fail("a", 1, now)
	}
	now = now.Add(failedExchanges.first + failedExchanges.longest)
	for range failedExchanges.free {
		l.fail("a", 1, now)
	}
	if wait := l.fail("a", 1, now); wait != failedExchanges.first {
		t.Errorf("blocked for %v; want %v", wait, failedExchanges.first)
	}
}

func TestTheLimiterIsBoundedAndKeepsBlocks(t *testing.T) {
	l := limiter{bound: failedExchanges}
	now := newClock().Now()
	for range failedExchanges.free + 1 {
		l.fail("a", 1, now)
	}
	for i := range 2 * limiterSize {
		l.fail(fmt.Sprint(i), 1, now)
	}
	if len(l.names) > limiterSize {
		t.Errorf("%d names remembered; want at most %d", len(l.names), limiterSize)
	}
	if l.wait("a", now) == 0 {
		t.Error("a blocked name was pushed out by names that are not")
	}
	l.fail("late", 1, now.Add(time.Hour))
	if len(l.names) > limiterSize-limiterLook+1 {
		t.Errorf("%d names remembered an hour later; forgotten ones should have gone", len(l.names))
	}
}
