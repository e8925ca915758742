package sqlstore

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

const (
	// maxBatchRows bounds what one transaction locks.
	maxBatchRows = 2_000
	// queueFor is how long an act waits to be taken before it leaves.
	queueFor = time.Second
	// verdictWithin is how long the outcome of a lost COMMIT is asked for.
	verdictWithin = 5 * time.Second
	// maxAgain is how often a batch that fell to a deadlock runs again as it is.
	maxAgain = 3
	// reconnectAfter is the pause between attempts to reach a database that is away.
	reconnectAfter = 100 * time.Millisecond
)

// waiting is an act, or a piece of solo work, and its caller.
type waiting struct {
	act   boxoffice.Act
	needs boxoffice.Needs
	solo  func(ctx context.Context, tx session) error

	state atomic.Int32
	done  chan struct{} // closed when err is the verdict
	err   error
	told  bool // done is closed
	mark  any  // what the watch gave for its batch, before done is closed
}

func (w *waiting) answer() {
	if !w.told {
		w.told = true
		close(w.done)
	}
}

// The states of a waiting act: a writer takes it, or its caller leaves.
const (
	queued int32 = iota
	taken
	left
)

// Do runs an act in some transaction and returns when it is durable or refused.
// While the act is queued the end of ctx, or a second, takes it out and it never
// runs (fault.Busy); once a writer has it, Do waits for the truth.
func (s *Store) Do(ctx context.Context, act boxoffice.Act) error {
	return s.wait(ctx, &waiting{act: act, needs: act.Needs(), done: make(chan struct{})})
}

// Crowded reports that Do would refuse an act that yields: a quarter of the queue is
// for the others.
func (s *Store) Crowded() bool { return len(s.queue) >= cap(s.queue)*3/4 }

// alone runs work in a transaction of its own between batches. The work may run
// again, so it clears what it collected first.
func (s *Store) alone(ctx context.Context, work func(ctx context.Context, tx session) error) error {
	return s.wait(ctx, &waiting{solo: work, done: make(chan struct{})})
}

func (s *Store) wait(ctx context.Context, w *waiting) (err error) {
	if watch := s.options.Watch; watch != nil {
		began := time.Now()
		defer func() { watch.Waited(ctx, began, w.mark, err) }()
	}
	select {
	case <-s.closing:
		return fault.Stopping
	case <-s.broken:
		return fault.Busy
	default:
	}
	if w.needs.Yields && s.Crowded() {
		return fault.Busy
	}
	queue := s.queue
	if w.solo != nil {
		queue = s.solo
	}
	select {
	case queue <- w:
	default:
		return fault.Busy
	}
	patience := time.NewTimer(queueFor)
	defer patience.Stop()
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
	case <-patience.C:
	}
	if w.state.CompareAndSwap(queued, left) {
		return fault.Busy
	}
	<-w.done // taken: reporting failure for a committed act would be a lie
	return w.err
}

// A writer owns one connection and runs batch after batch on it.
type writer struct {
	s    *Store
	tx   session  // nil until it is connected
	next *waiting // taken from the queue, but for the next batch
	ids  ids

	wasAlone bool // the last turn was solo work

	reruns int // of the batch in hand
}

// write is a writer's life. It ends when the store closes and the queue is dry.
func (w *writer) write() {
	for {
		batch := w.take()
		if len(batch) == 0 {
			break
		}
		began := time.Now()
		if batch[0].solo != nil {
			batch[0].err = w.runSolo(batch[0].solo)
		} else {
			w.reruns = 0
			w.settle(batch)
		}
		w.s.watched(batch, began)
		for _, each := range batch {
			each.answer()
		}
	}
	if w.tx != nil {
		w.tx.close()
	}
}

// take waits for something to do: whatever acts are queued, for no delay is ever
// added, or one piece of solo work. Where both wait they take turns, so solo work
// ends no batch, and waits for no more than one. Empty means that the store closes.
func (w *writer) take() []*waiting {
	for {
		if !w.wasAlone {
			if work := ready(w.s.solo); work != nil {
				w.wasAlone = true
				return []*waiting{work}
			}
		}
		w.wasAlone = false
		if batch := w.gather(); len(batch) > 0 {
			return batch
		}
		if work := ready(w.s.solo); work != nil {
			w.wasAlone = true
			return []*waiting{work}
		}
		select {
		case first := <-w.s.queue:
			if first.claim() {
				w.next = first
			}
		case work := <-w.s.solo:
			if work.claim() {
				w.wasAlone = true
				return []*waiting{work}
			}
		case <-w.s.closing:
			if len(w.s.queue) == 0 && len(w.s.solo) == 0 { // what was queued before is still done
				return nil
			}
		}
	}
}

// gather takes the acts of a batch, if there are any.
func (w *writer) gather() []*waiting {
	// Whoever is ready comes along. Woken by the first of a crowd, or back from a commit,
	// a writer would run before the others where processors are few, and commit for one
	// alone while they wait.
	runtime.Gosched()
	var batch []*waiting
	for rows := 0; len(batch) < w.s.options.BatchActs; {
		next := w.next
		if w.next = nil; next == nil {
			if next = ready(w.s.queue); next == nil {
				break
			}
		}
		rows += next.needs.Size()
		if len(batch) > 0 && rows > maxBatchRows {
			w.next = next
			break
		}
		batch = append(batch, next)
	}
	return batch
}

// ready takes the next one in a queue whose caller still waits, if there is one.
func ready(queue <-chan *waiting) *waiting {
	for {
		select {
		case next := <-queue:
			if next.claim() {
				return next
			}
		default:
			return nil
		}
	}
}

// claim reports whether the caller still waits, who then waits for the verdict.
func (w *waiting) claim() bool { return w.state.CompareAndSwap(queued, taken) }

// settle finds the verdict of every act of a batch. If anything spoils the batch
// it runs again in halves, so that one bad act fails alone.
func (w *writer) settle(batch []*waiting) {
	id := rand.Text()
	err := w.once(batch, id)
	again := &errAgain{}
	for try := 0; try < maxAgain && errors.As(err, again); try++ {
		err = w.once(batch, id)
	}
	var (
		lost  lostCommit
		away  errAway
		disk  errDisk
		spent numbersSpent
	)
	switch {
	case err == nil:
		w.s.committed()
	case errors.As(err, &lost):
		w.s.log.Warn("outcome of a commit unknown, asking", "acts", len(batch), "err", err)
		switch committed, err := w.s.verdict(id); {
		case err != nil:
			w.s.log.Error("no verdict on a commit", "acts", len(batch), "err", err)
			fail(batch, fault.Undecided)
		case committed:
			w.s.committed()
		default:
			w.rerun(batch)
		}
	case errors.As(err, &disk):
		w.s.breakDown(err)
		fail(batch, fault.Undecided)
	case errors.As(err, &away):
		w.s.log.Warn("database away", "acts", len(batch), "err", err)
		fail(batch, fault.Busy)
	case errors.As(err, &spent):
		w.ids.want(spent)
		w.rerun(batch)
	case len(batch) > 1:
		w.s.log.Warn("batch spoilt, running it in halves", "acts", len(batch), "err", err)
		w.settle(batch[:len(batch)/2])
		w.settle(batch[len(batch)/2:])
	case errors.As(err, again), errors.As(err, &errBlocked{}):
		fail(batch, fault.Busy)
	default:
		w.s.log.Error("act failed", "err", err)
		fail(batch, err)
	}
}

// rerun settles a batch that did nothing and was not to blame. What happens over
// and over is not done: nobody waits for ever.
func (w *writer) rerun(batch []*waiting) {
	if w.reruns++; w.reruns > maxAgain {
		fail(batch, fault.Busy)
		return
	}
	w.settle(batch)
}

func fail(batch []*waiting, err error) {
	for _, each := range batch {
		each.err = err
	}
}

// once runs a batch in one transaction: load, decide, save, commit.
func (w *writer) once(batch []*waiting, id string) (err error) {
	ctx := context.Background() // the callers' contexts end nothing that was taken
	if err := w.connect(ctx); err != nil {
		return err
	}
	if err := w.ids.fill(ctx, w.tx); err != nil {
		return err
	}
	if err := w.tx.begin(ctx); err != nil {
		return err
	}
	defer w.tx.rollback() // nothing to do after a commit
	needs := make([]boxoffice.Needs, len(batch))
	for i, each := range batch {
		needs[i] = each.needs
	}
	rows, err := w.s.load(ctx, w.tx, needs)
	if err != nil {
		return err
	}
	books := boxoffice.NewBooks(rows.Rows, &w.ids)
	for _, each := range batch {
		each.err = books.Run(each.act, each.needs)
		if panicked, ok := errors.AsType[boxoffice.Panic](each.err); ok {
			if spent, ok := panicked.Value.(numbersSpent); ok {
				return spent
			}
			w.s.log.Error("act panicked", "err", each.err)
		}
	}
	outcome := books.Outcome()
	if outcome.Empty() {
		return nil
	}
	if err := w.s.save(ctx, w.tx, id, outcome, rows); err != nil {
		w.s.bug(err)
		if errors.As(err, &errTaken{}) {
			w.ids.forget(boxoffice.SeriesPatron)
			return errAgain{err}
		}
		return err
	}
	if answersEarly {
		for _, each := range batch {
			each.answer()
		}
	}
	if err := w.tx.commit(ctx); err != nil {
		return err
	}
	if slices.ContainsFunc(outcome.Tasks, func(t boxoffice.Task) bool { return t.Due.Sub(rows.Now) < soon }) {
		w.s.tasks.wake()
	}
	return nil
}

// runSolo runs work in a transaction of its own.
func (w *writer) runSolo(work func(context.Context, session) error) error {
	ctx := context.Background()
	once := func() error {
		if err := w.connect(ctx); err != nil {
			return err
		}
		if err := w.tx.begin(ctx); err != nil {
			return err
		}
		defer w.tx.rollback()
		if err := survive(func() error { return work(ctx, w.tx) }); err != nil {
			return err
		}
		return w.tx.commit(ctx)
	}
	err := once()
	again := &errAgain{}
	for try := 0; try < maxAgain && errors.As(err, again); try++ {
		err = once()
	}
	w.s.bug(err)
	var (
		lost lostCommit
		away errAway
		disk errDisk
	)
	switch {
	case errors.As(err, &lost):
		return fault.Undecided
	case errors.As(err, &away), errors.As(err, again), errors.As(err, &errBlocked{}):
		w.s.log.Warn("solo work failed", "err", err)
		return fault.Busy
	case errors.As(err, &disk):
		w.s.breakDown(err)
		return fault.Undecided
	}
	return err
}

// survive makes an error of a panic, so that it costs one piece of work and not
// the process.
func survive(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = boxoffice.Panic{Value: p}
		}
	}()
	return work()
}

// connect makes sure of a connection.
func (w *writer) connect(ctx context.Context) error {
	if w.tx != nil && w.tx.alive() {
		return nil
	}
	if w.tx != nil {
		w.tx.close()
		w.tx = nil
	}
	dial, done := context.WithTimeout(ctx, queueFor)
	defer done()
	tx, err := w.s.db.writer(dial)
	if err != nil {
		return err
	}
	w.tx = tx
	return nil
}

// verdict finds out whether a batch had been committed when its connection was
// lost. Inserting its id again waits while the lost transaction lives; then the
// row is the batch's, which had committed, or the one inserted here, with no
// instant, and the batch never can. It may be asked twice: the first answer may be
// lost too.
//
// A COMMIT that waits for a synchronous standby is seen here as soon as its wait
// is broken off, whether the standby has it or not. So the row is written in any
// case: that is committed only where all before it is.
func (s *Store) verdict(id string) (committed bool, err error) {
	const claim = `INSERT INTO batch (id, at, size) VALUES ($1, 0, 0) ON CONFLICT (id) DO UPDATE SET size = batch.size RETURNING at`
	ctx, done := context.WithTimeout(context.Background(), verdictWithin)
	defer done()
	for {
		err := s.ask(ctx, step{text: claim, args: []any{id}, each: func(r row) error { committed = r.int(0) != 0; return nil }})
		if err == nil {
			return committed, nil
		}
		select {
		case <-ctx.Done():
			return false, err
		case <-time.After(reconnectAfter):
		}
	}
}

// ask runs one step on a new connection, outside of any transaction.
func (s *Store) ask(ctx context.Context, question step) error {
	tx, err := s.db.writer(ctx)
	if err != nil {
		return err
	}
	defer tx.close()
	return tx.run(ctx, question)
}
