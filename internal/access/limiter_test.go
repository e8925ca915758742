package access

import (
	"fmt"
	"testing"
	"time"
)

func TestBlocksDoubleUpToAQuarterOfAnHour(t *testing.T) {
	var l limiter
	now := newClock().Now()
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		for i := range failuresFree {
			if wait := l.fail("a", now); wait != 0 {
				t.Fatalf("failure %d is blocked for %v", i+1, wait)
			}
		}
		if wait := l.fail("a", now); wait != want {
			t.Fatalf("blocked for %v; want %v", wait, want)
		}
		if wait := l.fail("a", now.Add(want/2)); wait != want-want/2 {
			t.Fatalf("a failure within the block made it %v", wait)
		}
		now = now.Add(want)
		if wait := l.wait("a", now); wait != 0 {
			t.Fatalf("still blocked for %v at its end", wait)
		}
	}
}

func TestSlowFailuresAreNeverBlocked(t *testing.T) {
	var l limiter
	now := newClock().Now()
	for range 100 {
		if wait := l.fail("a", now); wait != 0 {
			t.Fatalf("blocked for %v", wait)
		}
		now = now.Add(failureWindow / failuresFree)
	}
}

func TestABlockIsForgotten(t *testing.T) {
	var l limiter
	now := newClock().Now()
	for range failuresFree + 1 {
		l.fail("a", now)
	}
	now = now.Add(firstBlock + longestBlock)
	for range failuresFree {
		l.fail("a", now)
	}
	if wait := l.fail("a", now); wait != firstBlock {
		t.Errorf("blocked for %v; want %v", wait, firstBlock)
	}
}

func TestTheLimiterIsBoundedAndKeepsBlocks(t *testing.T) {
	var l limiter
	now := newClock().Now()
	for range failuresFree + 1 {
		l.fail("a", now)
	}
	for i := range 2 * limiterSize {
		l.fail(fmt.Sprint(i), now)
	}
	if len(l.names) > limiterSize {
		t.Errorf("%d names remembered; want at most %d", len(l.names), limiterSize)
	}
	if l.wait("a", now) == 0 {
		t.Error("a blocked name was pushed out by names that are not")
	}
	l.fail("late", now.Add(time.Hour))
	if len(l.names) > limiterSize-limiterLook+1 {
		t.Errorf("%d names remembered an hour later; forgotten ones should have gone", len(l.names))
	}
}
