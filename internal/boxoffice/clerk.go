package boxoffice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

const (
	// lookEvery backs every wake-up: a task that another process entered, and did not
	// live to do, is begun so late at most.
	lookEvery = 400 * time.Millisecond
	// lookLeast is between two looks, so that a crowd of tasks is taken by the dozen
	// and not one by one, each in a transaction of its own.
	lookLeast = 10 * time.Millisecond
	// lookAgain is the pause after the books could not be read.
	lookAgain = time.Second
	// choreTime is what a chore has of its lease of 30 s. The rest is for taking the
	// task and for settling it, each of which may wait for the writer.
	choreTime = 24 * time.Second
	// settleTime is how long settling a task may take: another may hold it then.
	settleTime = 3 * time.Second
	// closingTime is what is left to chores in hand when the clerk goes home.
	closingTime = 3 * time.Second
	// A task that failed is tried again after firstDelay, then after twice as long
	// each time, up to lastDelay.
	firstDelay = time.Second
	lastDelay  = time.Minute
)

// A Chore works off one task. Where again is more than 0 the task is due again
// after so long, else it is done; an error puts it off for a while. It may run
// twice, also when it has succeeded before: the process may die in between. It
// ends soon after ctx does.
type Chore func(ctx context.Context, t ClaimedTask) (again time.Duration, err error)

// A Duty is what a clerk does with tasks of one kind.
type Duty struct {
	Chore Chore
	Hands int // chores of the kind that run at once, at most
}

// A Clerk works off tasks, as they fall due, beside the clerks of other
// processes. A task it takes is done, put off, or due again when its lease ends.
type Clerk struct {
	tasks  Tasks
	log    *slog.Logger
	duties map[string]Duty
	busy   map[string]*atomic.Int64 // chores in hand
	wake   chan struct{}
	hands  sync.WaitGroup
}

// NewClerk hires a clerk for the kinds of tasks in duties.
func NewClerk(tasks Tasks, log *slog.Logger, duties map[string]Duty) *Clerk {
	c := &Clerk{tasks: tasks, log: log, duties: duties, busy: map[string]*atomic.Int64{}, wake: make(chan struct{}, 1)}
	for kind := range duties {
		c.busy[kind] = new(atomic.Int64)
	}
	return c
}

// Wake makes the clerk look now, where somebody knows that a task was
// entered. It never blocks.
func (c *Clerk) Wake() {
	select {
	case c.wake <- struct{}{}:
	default: // it is about to look
	}
}

// Run works until ctx ends, then gives the chores in hand a moment to finish and
// returns nil. What they do not finish is due again at once.
func (c *Clerk) Run(ctx context.Context) error {
	// Chores outlive ctx for a moment, so that what is nearly done is not begun anew.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	entered := c.tasks.FollowTasks(ctx)
	for ctx.Err() == nil {
		next, err := c.look(ctx, work)
		pause := lookEvery
		if next > 0 {
			pause = max(min(pause, next), lookLeast)
		}
		if err != nil {
			pause = lookAgain
			if fault.Of(err) == nil && ctx.Err() == nil { // a store that is away has said so itself
				c.log.ErrorContext(ctx, "looking for tasks failed", "err", err)
			}
		}
		rest(ctx, lookLeast, nil, nil)
		rest(ctx, pause-lookLeast, c.wake, entered)
	}
	defer time.AfterFunc(closingTime, stop).Stop()
	c.hands.Wait()
	return nil
}

// rest waits for a while, unless it is woken.
func rest(ctx context.Context, pause time.Duration, wake, entered <-chan struct{}) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-entered:
	case <-ctx.Done():
	}
}

// look takes the tasks that are due, as far as there are hands for them, and says when
// the next will be. It reads first, so that a house at rest writes nothing.
func (c *Clerk) look(ctx, work context.Context) (next time.Duration, err error) {
	var able []string
	for kind, duty := range c.duties {
		if c.busy[kind].Load() < int64(duty.Hands) {
			able = append(able, kind)
		}
	}
	due, next, err := c.tasks.TasksDue(ctx, able)
	if err != nil {
		return next, err
	}
	for _, kind := range due {
		// The lease begins after this moment.
		until := time.Now().Add(choreTime)
		claimed, err := c.tasks.ClaimTasks(ctx, kind, c.duties[kind].Hands-int(c.busy[kind].Load()))
		if err != nil {
			return next, err
		}
		for _, t := range claimed {
			c.busy[kind].Add(1)
			c.hands.Go(func() {
				c.work(work, t, until)
				c.busy[kind].Add(-1)
				c.Wake() // a hand is free, and what was done may have left the next task
			})
		}
	}
	return next, nil
}

// work does one task and settles it.
func (c *Clerk) work(ctx context.Context, t ClaimedTask, until time.Time) {
	chore, done := context.WithDeadline(ctx, until)
	defer done()
	again, err := c.try(chore, t)
	leaving := err != nil && ctx.Err() != nil
	switch {
	case leaving:
		again = 0
	case err != nil:
		// The task's id and subject are in part the partner's words: not for the log.
		c.log.WarnContext(ctx, "task failed, it is tried again", "kind", t.Kind, "attempts", t.Attempts, "err", err)
		again = delayAfter(t.Attempts)
	}
	settle, done := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer done()
	if err != nil || again > 0 {
		err = c.tasks.PutOffTask(settle, t, again)
	} else {
		err = c.tasks.FinishTask(settle, t)
	}
	if err != nil && !leaving {
		c.log.WarnContext(ctx, "a task could not be settled, it runs again after its lease", "kind", t.Kind, "attempts", t.Attempts, "err", err)
	}
}

// try runs the chore; a panic is an error, for one bad task must not end all.
func (c *Clerk) try(ctx context.Context, t ClaimedTask) (again time.Duration, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	again, err = c.duties[t.Kind].Chore(ctx, t)
	if err == nil && again < 0 {
		err = errors.New("the chore wants its task again in the past")
	}
	return again, err
}

// delayAfter is the pause after so many attempts that failed.
func delayAfter(attempts int) time.Duration {
	delay := firstDelay
	for n := 1; n < attempts && delay < lastDelay; n++ {
		delay *= 2
	}
	return min(delay, lastDelay)
}
