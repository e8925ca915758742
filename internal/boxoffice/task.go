package boxoffice

import (
	"context"
	"time"
)

// A Task is work to be done after the commit, by whatever process takes it.
type Task struct {
	ID      string // unique; a task entered again under the same id is dropped
	Kind    string
	Subject string
	Due     time.Time
}

// The kinds of tasks.
const (
	// TaskDecide ends what an order waits for; its subject is the order's key.
	TaskDecide = "decide"
	// TaskCallback tells a partner the outcome of a process; its subject is the
	// process. There may be two of one process, each of which may find it told.
	TaskCallback = "callback"
	// TaskExpire ends a transfer that nobody accepted; its subject is the
	// transfer's key.
	TaskExpire = "expire-transfer"
	// TaskTransfer ends what the process of a transfer waits for; its subject is the
	// transfer's key.
	TaskTransfer = "decide-transfer"
	// TaskMail tells a party of a transfer what happened to it; its subject is the
	// news, the party and the transfer's key.
	TaskMail = "mail"
	// TaskVenue goes over the tickets of a work; its subject is the work's id.
	TaskVenue = "venue"
)

// A ClaimedTask is a task that one process may work on until its lease ends.
type ClaimedTask struct {
	Task
	Attempts int // this one included
}

// Tasks is what acts left to be done, in the store. It is safe for concurrent
// use, by several processes on one database.
type Tasks interface {
	// TasksDue returns those of the kinds of which a task is due, and how long until
	// the first of the others is; 0 where there is none. It only reads.
	TasksDue(ctx context.Context, kinds []string) (due []string, next time.Duration, err error)
	// FollowTasks tells, until ctx ends, that acts of this process left tasks that are
	// due within a second. Those of other processes must be looked for.
	FollowTasks(ctx context.Context) <-chan struct{}
	// ClaimTasks takes up to limit tasks of a kind that are due. They are due again
	// when their lease of 30 s ends, unless FinishTask or PutOffTask comes before. No
	// two processes hold a lease of the same task at once.
	ClaimTasks(ctx context.Context, kind string, limit int) ([]ClaimedTask, error)
	// FinishTask drops a task that was done. It is idempotent; where the lease has
	// ended and another process has claimed the task, nothing happens.
	FinishTask(ctx context.Context, t ClaimedTask) error
	// PutOffTask makes a claimed task due after a delay, under the same condition.
	PutOffTask(ctx context.Context, t ClaimedTask, delay time.Duration) error
}
