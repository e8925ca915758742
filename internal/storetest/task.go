package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

var tasks = []clause{
	{"a task is entered with its act or not at all", taskComesWithItsAct},
	{"which kinds of task are due is told without taking one", dueIsTold},
	{"who follows the tasks is told of one that is due when its act is done", dueIsToldAtOnce},
	{"two processes claim each task once and no more than they ask for", taskIsClaimedOnce},
	{"a task is due again after its lease and only its holder settles it", leaseEnds},
	{"nobody gets more mails than they may, from all processes together", mailsArePaced},
	{"the progress counts tasks that are due and the journal's rows", progressCounts},
}

// entering is an act that leaves tasks.
func entering(kind string, n int, err error) act {
	return act{decide: func(b *boxoffice.Books) error {
		for i := range n {
			b.Enter(boxoffice.Task{ID: fmt.Sprint(kind, "/", i), Kind: kind, Subject: "subject", Due: b.Now})
		}
		return err
	}}
}

func (s *scene) claim(kind string, limit int) []boxoffice.ClaimedTask {
	s.t.Helper()
	claimed, err := s.store.ClaimTasks(background, kind, limit)
	must(s.t, "claim tasks", err)
	return claimed
}

func taskComesWithItsAct(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	refused := errors.New("refused")
	if err := s.store.Do(t.Context(), entering("refused", 1, refused)); !errors.Is(err, refused) {
		t.Errorf("Do = %v; want the refusal", err)
	}
	for range 2 { // a task entered again is dropped
		must(t, "enter a task", s.store.Do(t.Context(), entering("done", 1, nil)))
	}
	if got := s.claim("refused", 10); len(got) != 0 {
		t.Errorf("claimed %+v of a refused act; want none", got)
	}
	got := s.claim("done", 10)
	if len(got) != 1 || got[0].ID != "done/0" || got[0].Kind != "done" || got[0].Subject != "subject" || got[0].Attempts != 1 {
		t.Errorf("claimed %+v; want the one task in its first attempt", got)
	}
	later := act{decide: func(b *boxoffice.Books) error {
		b.Enter(boxoffice.Task{ID: "later", Kind: "later", Due: b.Now.Add(time.Hour)})
		return nil
	}}
	must(t, "enter a task", s.store.Do(t.Context(), later))
	if got := s.claim("later", 10); len(got) != 0 {
		t.Errorf("claimed %+v before it was due; want none", got)
	}
}

func dueIsTold(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	kinds := []string{"idle", "late", "due"}
	least, most := time.Duration(0), time.Duration(0) // until the next
	told := func(when string, want ...string) {
		t.Helper()
		for range 2 { // telling takes nothing
			got, next, err := s.store.TasksDue(background, kinds)
			if err != nil || !slices.Equal(got, want) || next < least || next > most {
				t.Errorf("TasksDue(%q) %s = %q, %v, %v; want %q, %v to %v", kinds, when, got, next, err, want, least, most)
			}
		}
	}
	told("of no tasks")
	must(t, "enter tasks", s.store.Do(t.Context(), entering("due", 2, nil)))
	must(t, "enter tasks", s.store.Do(t.Context(), entering("unasked", 1, nil)))
	later := act{decide: func(b *boxoffice.Books) error {
		b.Enter(boxoffice.Task{ID: "late/0", Kind: "late", Due: b.Now.Add(time.Hour)})
		return nil
	}}
	must(t, "enter a task for later", s.store.Do(t.Context(), later))
	least, most = 50*time.Minute, time.Hour
	told("with two due", "due")
	s.claim("due", 1)
	told("with one of two taken", "due")
	s.claim("due", 1)
	least, most = time.Second, time.Minute // the end of their leases
	told("with both taken")
	if got, next, err := s.store.TasksDue(background, nil); err != nil || len(got) != 0 || next != 0 {
		t.Errorf("TasksDue of no kinds = %q, %v, %v; want none", got, next, err)
	}
}

func dueIsToldAtOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	ctx, leave := context.WithCancel(background)
	defer leave()
	entered := s.store.FollowTasks(ctx)
	leaving := func(due time.Duration) {
		must(t, "enter a task", s.store.Do(t.Context(), act{decide: func(b *boxoffice.Books) error {
			b.Enter(boxoffice.Task{ID: fmt.Sprint("in/", due), Kind: "later", Due: b.Now.Add(due)})
			return nil
		}}))
	}
	leaving(time.Hour)
	s.lock("amtx", seat(1))
	select {
	case <-entered:
		t.Error("it was told of a task that is due in an hour, or of none")
	default:
	}
	leaving(0)
	select {
	case <-entered:
	case <-time.After(patienceForEvents):
		t.Error("it was not told of a task that is due")
	}
}

func taskIsClaimedOnce(t *testing.T, f Fixture) {
	const entered, limit = 300, 7
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	must(t, "enter tasks", s.store.Do(t.Context(), entering("busy", entered, nil)))
	var (
		mu    sync.Mutex
		times = map[string]int{}
		work  sync.WaitGroup
	)
	for caller := range 4 {
		store := []Store{s.store, beside.store}[caller%2]
		work.Go(func() {
			for {
				claimed, err := store.ClaimTasks(background, "busy", limit)
				if err != nil || len(claimed) > limit {
					t.Errorf("ClaimTasks gave %d tasks, %v; want at most %d", len(claimed), err, limit)
				}
				mu.Lock()
				for _, c := range claimed {
					times[c.ID]++
				}
				left := entered - len(times)
				mu.Unlock()
				if err != nil || len(claimed) == 0 && left == 0 || t.Failed() {
					return
				}
			}
		})
	}
	work.Wait()
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
	if len(times) != entered {
		t.Errorf("%d tasks were claimed; want %d", len(times), entered)
	}
}

func leaseEnds(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	ctx := t.Context()
	must(t, "enter a task", s.store.Do(ctx, entering("work", 1, nil)))
	first := s.claim("work", 1)
	if again := beside.claim("work", 1); len(first) != 1 || len(again) != 0 {
		t.Fatalf("claimed %+v and then %+v; want one and none", first, again)
	}
	age := func() {
		_, err := s.db.ExecContext(ctx, `UPDATE task SET due_at = 1`)
		must(t, "let the lease end", err)
	}
	age()
	second := beside.claim("work", 1)
	if len(second) != 1 || second[0].Attempts != 2 {
		t.Fatalf("after the lease claimed %+v; want the task in its second attempt", second)
	}

	must(t, "finish what another holds", s.store.FinishTask(ctx, first[0]))
	must(t, "put off what another holds", s.store.PutOffTask(ctx, first[0], -time.Hour))
	if got := s.claim("work", 1); len(got) != 0 {
		t.Fatalf("claimed %+v though its lease runs; want none", got)
	}
	must(t, "put off", beside.store.PutOffTask(ctx, second[0], -time.Second))
	third := s.claim("work", 1)
	if len(third) != 1 || third[0].Attempts != 3 {
		t.Fatalf("after it was put off claimed %+v; want the task in its third attempt", third)
	}
	for range 2 { // it is idempotent
		must(t, "finish", s.store.FinishTask(ctx, third[0]))
	}
	age()
	if got := s.claim("work", 1); len(got) != 0 {
		t.Errorf("claimed %+v though it was finished; want none", got)
	}
}

func progressCounts(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	progress := func() boxoffice.Progress {
		t.Helper()
		p, err := s.store.Progress(t.Context())
		must(t, "Progress", err)
		return p
	}
	// A numberer may be at work on those of the house still.
	eventually(t, "the rows of the house are numbered", func() bool {
		return number(t, s.db, `SELECT COUNT(*) FROM batch WHERE position IS NULL`) == 0
	})
	before := progress()
	must(t, "enter tasks", s.store.Do(t.Context(), entering("counted", 3, nil)))
	must(t, "enter a task for later", s.store.Do(t.Context(), act{decide: func(b *boxoffice.Books) error {
		b.Enter(boxoffice.Task{ID: "later", Kind: "later", Due: b.Now.Add(time.Hour)})
		return nil
	}}))
	if got := progress().Due; got != before.Due+3 {
		t.Errorf("%d tasks are due after three were entered; want %d", got, before.Due+3)
	}
	if claimed := s.claim("counted", 1); len(claimed) != 1 {
		t.Fatalf("claimed %+v; want one", claimed)
	}
	if got := progress().Due; got != before.Due+2 {
		t.Errorf("%d tasks are due after one of three was claimed; want %d", got, before.Due+2)
	}
	got, err := s.office.Lock(t.Context(), partner("amtx"), locking(seat(1), seat(2), seat(3)))
	must(t, "lock", err)
	// A numberer, where the writer is none, is at work on their rows.
	want := boxoffice.Progress{Position: before.Position + int64(len(got.Done)), Due: before.Due + 2}
	eventually(t, "the rows of a lock are numbered", func() bool { return len(got.Done) == 3 && progress() == want })
}

func mailsArePaced(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := f.Beside(t, s.store, Options{})
	const most, tried = 5, 12
	stores := []Store{s.store, beside}
	waits := make([]time.Duration, tried)
	var all sync.WaitGroup
	for n := range tried {
		all.Go(func() {
			wait, err := stores[n%2].PaceMail(background, fmt.Sprint("mail/", n), "ada", most, time.Hour)
			if err != nil {
				t.Errorf("PaceMail = %v", err)
			}
			waits[n] = wait
		})
	}
	all.Wait()
	sent, first := 0, -1
	for n, wait := range waits {
		switch {
		case wait == 0:
			sent, first = sent+1, n
		case wait < 0, wait > time.Hour:
			t.Errorf("a mail too many waits %v; want up to an hour", wait)
		}
	}
	if sent != most {
		t.Errorf("%d mails of %d may go at once, want %d", sent, tried, most)
	}
	if wait, err := s.store.PaceMail(background, fmt.Sprint("mail/", first), "ada", most, time.Hour); wait != 0 || err != nil {
		t.Errorf("a mail that was counted waits %v, %v to be tried again; want none", wait, err)
	}
	if wait, err := s.store.PaceMail(background, "mail/other", "grace", most, time.Hour); wait != 0 || err != nil {
		t.Errorf("somebody else waits %v, %v; want none", wait, err)
	}
	must(t, "tidy mails", s.store.TidyMails(background, time.Hour))
	if n := number(t, s.db, `SELECT COUNT(*) FROM mail`); n != most+1 {
		t.Errorf("%d mails of the hour are remembered, want %d", n, most+1)
	}
	must(t, "tidy mails", s.store.TidyMails(background, 0))
	if n := number(t, s.db, `SELECT COUNT(*) FROM mail`); n != 0 {
		t.Errorf("%d mails are remembered after their time, want none", n)
	}
	if wait, err := beside.PaceMail(background, "mail/later", "ada", most, time.Hour); wait != 0 || err != nil {
		t.Errorf("a mail of the next hour waits %v, %v; want none", wait, err)
	}
}
