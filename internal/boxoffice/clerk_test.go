package boxoffice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

const taskLease = 30 * time.Second

// pile is Tasks in memory, by the rules of the contract.
type pile struct {
	mu       sync.Mutex
	tasks    map[string]*ClaimedTask
	looks    int
	writes   int
	entered  chan struct{}
	readFail error
}

func pileOf(tasks ...Task) *pile {
	p := &pile{tasks: map[string]*ClaimedTask{}}
	for _, t := range tasks {
		p.enter(t)
	}
	return p
}

func (p *pile) enter(t Task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tasks[t.ID] = &ClaimedTask{Task: t}
}

func (p *pile) TasksDue(_ context.Context, kinds []string) (due []string, next time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looks++
	for _, t := range p.tasks {
		wait := time.Until(t.Due)
		switch {
		case !slices.Contains(kinds, t.Kind):
		case wait > 0 && (next == 0 || wait < next):
			next = wait
		case wait <= 0 && !slices.Contains(due, t.Kind):
			due = append(due, t.Kind)
		}
	}
	return due, next, p.readFail
}

func (p *pile) FollowTasks(context.Context) <-chan struct{} { return p.entered }

func (p *pile) ClaimTasks(_ context.Context, kind string, limit int) (claimed []ClaimedTask, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes++
	for _, t := range p.tasks {
		if t.Kind == kind && !t.Due.After(time.Now()) && len(claimed) < limit {
			t.Due, t.Attempts = time.Now().Add(taskLease), t.Attempts+1
			claimed = append(claimed, *t)
		}
	}
	return claimed, nil
}

func (p *pile) FinishTask(_ context.Context, t ClaimedTask) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes++
	if here := p.tasks[t.ID]; here != nil && here.Attempts == t.Attempts {
		delete(p.tasks, t.ID)
	}
	return nil
}

func (p *pile) PutOffTask(_ context.Context, t ClaimedTask, delay time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes++
	if here := p.tasks[t.ID]; here != nil && here.Attempts == t.Attempts {
		here.Due = time.Now().Add(delay)
	}
	return nil
}

func (p *pile) left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.tasks)
}

// employ runs a clerk in the bubble and returns how to send it home.
func employ(t *testing.T, c *Clerk) (goHome func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	return func() {
		t.Helper()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v; want nil", err)
		}
	}
}

func duty(hands int, chore Chore) map[string]Duty {
	return map[string]Duty{"work": {Chore: chore, Hands: hands}}
}

func work(n int, due time.Time) (tasks []Task) {
	for i := range n {
		tasks = append(tasks, Task{ID: fmt.Sprint("work/", i), Kind: "work", Subject: fmt.Sprint(i), Due: due})
	}
	return tasks
}

// pass lets time go by in the bubble.
func pass(d time.Duration) { <-time.After(d) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestAClerkBeginsATaskWhenItIsDueAndFinishesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		due := time.Now().Add(time.Minute + 7*time.Millisecond)
		p := pileOf(work(1, due)...)
		var began []time.Time
		goHome := employ(t, NewClerk(p, quiet(), duty(1, func(_ context.Context, t ClaimedTask) (time.Duration, error) {
			began = append(began, time.Now())
			return 0, nil
		})))
		pass(2 * time.Minute)
		goHome()
		if len(began) != 1 || began[0].Before(due) || began[0].Sub(due) > 200*time.Millisecond {
			t.Errorf("the task was begun at %v; want once, within 200 ms of %v", began, due)
		}
		if p.left() != 0 {
			t.Error("the task is still there")
		}
	})
}

func TestAClerkAtRestWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pileOf(work(3, time.Now().Add(48*time.Hour))...)
		p.enter(Task{ID: "other/1", Kind: "other", Due: time.Now()}) // of no concern to it
		goHome := employ(t, NewClerk(p, quiet(), duty(4, func(context.Context, ClaimedTask) (time.Duration, error) {
			t.Error("a chore ran")
			return 0, nil
		})))
		pass(time.Hour)
		goHome()
		if p.writes != 0 {
			t.Errorf("%d writes; want none", p.writes)
		}
	})
}

func TestAChoreIsDueAgainWhenItSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := pileOf(work(1, start)...)
		var attempts []int
		var last time.Time
		goHome := employ(t, NewClerk(p, quiet(), duty(1, func(_ context.Context, t ClaimedTask) (time.Duration, error) {
			attempts, last = append(attempts, t.Attempts), time.Now()
			if t.Attempts < 3 {
				return time.Minute, nil
			}
			return 0, nil
		})))
		pass(time.Hour)
		goHome()
		if took := last.Sub(start); !slices.Equal(attempts, []int{1, 2, 3}) || took < 2*time.Minute || took > 2*time.Minute+time.Second {
			t.Errorf("attempts %v, the last after %v; want three within two minutes", attempts, took)
		}
		if p.left() != 0 {
			t.Error("the task is still there")
		}
	})
}

func TestAFailedTaskIsPutOffLongerEachTimeAndLoggedOnceEach(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail func() error
		want string
	}{
		{"by an error", func() error { return errors.New("no luck") }, "no luck"},
		{"by a panic", func() error { panic("bad task") }, "bad task"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const fails = 10
				p := pileOf(work(1, time.Now())...)
				var (
					began []time.Time
					log   bytes.Buffer
				)
				goHome := employ(t, NewClerk(p, slog.New(slog.NewTextHandler(&log, nil)), duty(1, func(context.Context, ClaimedTask) (time.Duration, error) {
					if began = append(began, time.Now()); len(began) <= fails {
						return 0, tt.fail()
					}
					return 0, nil
				})))
				pass(time.Hour)
				goHome()
				if len(began) != fails+1 || p.left() != 0 {
					t.Fatalf("%d attempts and %d tasks left; want %d and none", len(began), p.left(), fails+1)
				}
				for i, want := range []int{1, 2, 4, 8, 16, 32, 60, 60, 60, 60} {
					got := began[i+1].Sub(began[i])
					if least := time.Duration(want) * time.Second; got < least || got > least+2*lookEvery {
						t.Errorf("attempt %d came after %v; want %v", i+2, got, least)
					}
				}
				if got := strings.Count(log.String(), "\n"); got != fails || strings.Count(log.String(), tt.want) != fails {
					t.Errorf("%d lines in the log; want %d with %q\n%s", got, fails, tt.want, &log)
				}
				if strings.Contains(log.String(), "work/0") {
					t.Errorf("the log names the task:\n%s", &log)
				}
			})
		})
	}
}

func TestAChoreEndsBeforeItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pileOf(work(1, time.Now())...)
		var running, most, runs int
		goHome := employ(t, NewClerk(p, quiet(), duty(4, func(ctx context.Context, _ ClaimedTask) (time.Duration, error) {
			if runs++; runs > 3 {
				return 0, nil
			}
			running++
			most = max(most, running)
			<-ctx.Done()
			running--
			return 0, ctx.Err()
		})))
		pass(10 * time.Minute)
		goHome()
		if runs != 4 || most != 1 || p.left() != 0 {
			t.Errorf("%d runs, %d at once, %d tasks left; want 4, 1 and none", runs, most, p.left())
		}
	})
}

func TestAClerkHasSoManyHandsForAKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tasks, hands = 50, 3
		start := time.Now()
		p := pileOf(work(tasks, start)...)
		var (
			mu            sync.Mutex
			running, most int
			last          time.Time
		)
		goHome := employ(t, NewClerk(p, quiet(), duty(hands, func(context.Context, ClaimedTask) (time.Duration, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			pass(10 * time.Second)
			mu.Lock()
			defer mu.Unlock()
			running, last = running-1, time.Now()
			return 0, nil
		})))
		pass(time.Hour)
		goHome()
		if most != hands || p.left() != 0 {
			t.Errorf("%d chores at once, %d tasks left; want %d and none", most, p.left(), hands)
		}
		// A hand that is free takes the next at once: 17 rounds.
		if took := last.Sub(start); took > 171*time.Second {
			t.Errorf("%d tasks took %v; want 170 s", tasks, took)
		}
	})
}

func TestOneKindThatIsBusyDoesNotHoldUpAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := pileOf(work(10, start)...)
		p.enter(Task{ID: "quick", Kind: "quick", Due: start.Add(time.Minute)})
		var at time.Time
		duties := duty(1, func(ctx context.Context, _ ClaimedTask) (time.Duration, error) { <-ctx.Done(); return 0, ctx.Err() })
		duties["quick"] = Duty{Hands: 1, Chore: func(context.Context, ClaimedTask) (time.Duration, error) { at = time.Now(); return 0, nil }}
		goHome := employ(t, NewClerk(p, quiet(), duties))
		pass(2 * time.Minute)
		goHome()
		if late := at.Sub(start.Add(time.Minute)); late < 0 || late > 200*time.Millisecond {
			t.Errorf("the quick task was begun %v after it was due", late)
		}
	})
}

func TestAClerkThatGoesHomeFinishesWhatIsNearlyDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pileOf(work(2, time.Now())...)
		goHome := employ(t, NewClerk(p, quiet(), duty(2, func(ctx context.Context, task ClaimedTask) (time.Duration, error) {
			if task.Subject == "0" {
				pass(time.Second)
				return 0, ctx.Err()
			}
			<-ctx.Done()
			return 0, ctx.Err()
		})))
		synctest.Wait()
		start := time.Now()
		goHome()
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it went home after %v; want 5 s at most", took)
		}
		if p.left() != 1 || p.tasks["work/1"] == nil || p.tasks["work/1"].Due.After(time.Now()) {
			t.Errorf("it left %+v; want work/1, due at once", p.tasks)
		}
	})
}

func TestAWokenClerkLooksNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pileOf()
		var at time.Time
		c := NewClerk(p, quiet(), duty(1, func(context.Context, ClaimedTask) (time.Duration, error) { at = time.Now(); return 0, nil }))
		goHome := employ(t, c)
		pass(time.Minute + time.Millisecond)
		synctest.Wait()
		start := time.Now()
		p.enter(work(1, start)[0])
		c.Wake()
		pass(lookEvery / 2)
		if late := at.Sub(start); late < 0 || late > lookLeast {
			t.Errorf("the task was begun %v after the wake-up; want %v at most", late, lookLeast)
		}
		goHome()
	})
}

func TestACrowdOfTasksIsTakenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tasks, hands = 1000, 64
		p := pileOf(work(tasks, time.Now())...)
		n := 0
		var mu sync.Mutex
		goHome := employ(t, NewClerk(p, quiet(), duty(hands, func(context.Context, ClaimedTask) (time.Duration, error) {
			mu.Lock()
			n++
			mine := n
			mu.Unlock()
			pass(time.Duration(mine%hands) * time.Millisecond) // they end one by one
			return 0, nil
		})))
		pass(time.Minute)
		goHome()
		if claims := p.writes - tasks; p.left() != 0 || claims > tasks/8 {
			t.Errorf("%d tasks left, %d claims for %d tasks; want none and an eighth at most", p.left(), claims, tasks)
		}
	})
}

func TestAClerkOutlivesBooksThatAreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pileOf(work(1, time.Now())...)
		p.readFail = fault.Busy
		var log bytes.Buffer
		goHome := employ(t, NewClerk(p, slog.New(slog.NewTextHandler(&log, nil)), duty(1, func(context.Context, ClaimedTask) (time.Duration, error) { return 0, nil })))
		pass(time.Minute)
		p.mu.Lock()
		p.readFail = nil
		p.mu.Unlock()
		pass(lookAgain + lookEvery) // the look falls due within, and not at the instant of going home
		goHome()
		if p.left() != 0 || log.Len() > 0 {
			t.Errorf("%d tasks left, and the log has %q; want neither", p.left(), log.String())
		}
	})
}

// A clerk with nothing to do looks two or three times a second; of what an act of its
// own process left it is told.
func TestAClerkAtRestLooksSeldomAndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pileOf(work(1, time.Now().Add(time.Hour))...)
		p.entered = make(chan struct{}, 1)
		var began []time.Time
		goHome := employ(t, NewClerk(p, quiet(), duty(1, func(context.Context, ClaimedTask) (time.Duration, error) {
			began = append(began, time.Now())
			return 0, nil
		})))
		pass(10*time.Second + 57*time.Millisecond)
		if p.looks < 20 || p.looks > 30 {
			t.Errorf("in ten seconds it looked %d times; want two or three times a second", p.looks)
		}
		entered := time.Now()
		p.enter(Task{ID: "new", Kind: "work", Due: entered})
		p.entered <- struct{}{}
		pass(time.Second)
		goHome()
		if len(began) != 1 || began[0].Sub(entered) > lookLeast {
			t.Errorf("a new task was begun at %v; want at once, at %v", began, entered)
		}
	})
}
