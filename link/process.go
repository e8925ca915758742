package link

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// A Status is how far a process is: a sale, or a transfer that may take its time.
type Status string

// The states of a process.
const (
	Pending  Status = "PENDING" // not decided yet
	Complete Status = "COMPLETE"
	Failed   Status = "ERROR"
)

// processCall asks for a process. path is that of the contract, without the id.
func processCall(path string, id ProcessID) (call, error) {
	part, err := segment("processId", string(id))
	if err != nil {
		return call{}, err
	}
	return newCall(http.MethodGet, path+"{processId}", path+part, "", nil)
}

// process is the process that an answer names, for one that says that it failed.
// Only one that was PENDING before has an id.
func (a answer) process() (ProcessID, Status) {
	var known struct {
		ProcessID ProcessID
		Status    Status
	}
	_ = json.Unmarshal(a.body, &known) // what has neither is no process
	return known.ProcessID, known.Status
}

// await asks until a process is decided or the context ends.
func await[T any](ctx context.Context, ask func() (T, Status, error)) (T, error) {
	const soonest, latest = time.Second, 15 * time.Second
	for wait := soonest; ; wait = min(2*wait, latest) {
		process, status, err := ask()
		if err != nil || status != Pending {
			return process, err
		}
		if !pause(ctx, wait) {
			return process, cmp.Or(context.Cause(ctx), context.DeadlineExceeded)
		}
	}
}
