package sqlstore

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// While one question is under way things change. Whoever calls after a change must hear
// of it, and all who call meanwhile are answered by one question more.
func TestWhoCallsMeanwhileIsAnsweredByTheNextQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			changes, questions int
			mu                 sync.Mutex
		)
		c := &chorus[string, int]{ask: func(context.Context, string) (int, error) {
			mu.Lock()
			seen := changes // a snapshot, taken at once
			questions++
			mu.Unlock()
			<-time.After(time.Second)
			return seen, nil
		}}
		var callers sync.WaitGroup
		call := func(key string, least int) {
			callers.Go(func() {
				if got, err := c.call(t.Context(), key); err != nil || got < least {
					t.Errorf("call(%s) = %d, %v; want what was there before, %d or later", key, got, err, least)
				}
			})
		}
		call("house", 0)
		synctest.Wait()
		for n := 1; n <= 10; n++ {
			mu.Lock()
			changes = n
			mu.Unlock()
			call("house", n)
			synctest.Wait()
		}
		call("other house", 10)
		callers.Wait()
		synctest.Wait()
		if questions != 3 || len(c.next) != 0 {
			t.Errorf("%d questions were asked, and %d are known; want one, one for the ten, one for the other house, and none known", questions, len(c.next))
		}
	})
}

func TestACallThatIsGivenUpLeavesTheOthersTheirAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chorus[string, int]{ask: func(ctx context.Context, _ string) (int, error) {
			select {
			case <-time.After(time.Second):
				return 7, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}}
		var callers sync.WaitGroup
		call := func(ctx context.Context, want int, wantErr error) {
			callers.Go(func() {
				if got, err := c.call(ctx, "house"); got != want || !errors.Is(err, wantErr) {
					t.Errorf("call = %d, %v; want %d, %v", got, err, want, wantErr)
				}
			})
			synctest.Wait()
		}
		short, done := context.WithTimeout(t.Context(), time.Millisecond)
		defer done()
		call(short, 0, context.DeadlineExceeded) // it asks
		call(short, 0, context.DeadlineExceeded) // it waits
		call(t.Context(), 7, nil)
		callers.Wait()
		synctest.Wait()
	})
}

func TestAQuestionThatPanicsIsAnErrorToAllWhoWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		c := &chorus[string, int]{ask: func(context.Context, string) (int, error) {
			<-time.After(time.Second)
			if first {
				first = false
				return 1, nil
			}
			panic("a row that cannot be")
		}}
		var callers sync.WaitGroup
		for n := range 3 {
			callers.Go(func() {
				if _, err := c.call(t.Context(), "house"); (err == nil) != (n == 0) {
					t.Errorf("caller %d: %v; want an error but for the first", n, err)
				}
			})
			synctest.Wait()
		}
		callers.Wait()
		synctest.Wait()
		if len(c.next) != 0 {
			t.Errorf("%d questions are known still; want none", len(c.next))
		}
	})
}
