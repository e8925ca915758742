package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

var journals = []clause{
	{"every change has one row and a refusal has none", changesHaveRows},
	{"positions respect the versions while two processes write and number", positionsRespectVersions},
	{"a reader of what is beyond its position misses no row and sees none twice", readerMissesNothing},
	{"a batch without rows takes no position", emptyBatchTakesNoPosition},
	{"a change tells how its ticket stood before it and after", changeTellsBoth},
	{"an epoch only ever grows, and a store opened later has it", epochGrows},
	{"changes read on from any position, also within a batch", changesReadOn},
	{"who follows the journal is woken by every process, and by nothing else", everyProcessWakes},
}

func changesHaveRows(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	before := number(t, s.db, `SELECT COUNT(*) FROM journal`)
	s.lock("amtx", seat(1), seat(2))
	_, err := s.office.Lock(t.Context(), partner("other"), locking(seat(1), seat(2), "nowhere"))
	must(t, "lock what another has", err)
	_, err = s.office.Complete(t.Context(), partner("other"), cart("O-1", mailed("eve@example.com"), seat(1)))
	must(t, "complete what another has", err)
	_, err = s.office.Unlock(t.Context(), partner("other"), []boxoffice.Token{seat(1)})
	must(t, "unlock what another has", err)
	s.sell("amtx", "O-1", seat(1), seat(2)) // its lock is there already
	if n := number(t, s.db, `SELECT COUNT(*) FROM journal`) - before; n != 4 {
		t.Errorf("two locks and two sales wrote %d rows; want 4", n)
	}
	want := []line{{subject: string(seat(1)), version: 1, what: "lock"}, {subject: string(seat(1)), version: 2, what: "sale"}}
	eventually(t, "the rows have positions", func() bool {
		var got []line
		for _, l := range journal(t, s.db, 0) {
			if l.position = 0; l.subject == string(seat(1)) {
				got = append(got, l)
			}
		}
		return slices.Equal(got, want)
	})
	if n := number(t, s.db, `SELECT COUNT(*) FROM journal WHERE application = $1 AND request_id = $2 AND at > 0`,
		string(partner("amtx").Application), partner("amtx").RequestID); n != 4 {
		t.Errorf("%d rows name their caller; want 4", n)
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM patron_key`); n != 1 {
		t.Errorf("%d persons are known; want the one buyer, for the refused sale made nobody", n)
	}
}

// quiet waits until nothing was told of the journal for some time.
func quiet(t *testing.T, moved <-chan struct{}) {
	t.Helper()
	const still = 200 * time.Millisecond
	calm := time.NewTimer(still)
	defer calm.Stop()
	within := time.After(patienceForEvents)
	for {
		select {
		case <-moved:
			calm.Reset(still)
		case <-calm.C:
			return
		case <-within:
			t.Fatal("the store tells again and again that the journal has moved")
		}
	}
}

func everyProcessWakes(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	ctx, leave := context.WithCancel(background)
	defer leave()
	followers := map[string]<-chan struct{}{
		"of the same process": s.store.Follow(ctx), "of another process": beside.store.Follow(ctx), "beside it": beside.store.Follow(ctx),
	}
	for _, moved := range followers {
		quiet(t, moved)
	}
	for n := range 5 {
		s.lock("amtx", seat(n))
		within := time.After(patienceForEvents)
		for who, moved := range followers { // each is told, whoever was told before
			for seen := false; !seen; {
				select {
				case <-moved:
				case <-within:
					t.Fatalf("a follower %s was not told of lock %d", who, n)
				}
				rows, err := beside.store.Changes(background, int64(3+n), 9)
				must(t, "read on", err)
				seen = len(rows) > 0
			}
		}
	}
}

// writers has callers change the same few tickets through two processes.
func writers(s, beside *scene, callers, acts int) *sync.WaitGroup {
	var work sync.WaitGroup
	for caller := range callers {
		store := []Store{s.store, beside.store}[caller%2]
		random := rand.New(rand.NewPCG(11, uint64(caller)))
		work.Go(func() {
			for range acts {
				if err := store.Do(background, touch(seat(random.IntN(20)))); err != nil {
					s.t.Errorf("touch: %v", err)
					return
				}
			}
		})
	}
	return &work
}

func positionsRespectVersions(t *testing.T, f Fixture) {
	s := enter(t, f, Options{BatchActs: 2})
	beside := at(t, f, f.Beside(t, s.store, Options{BatchActs: 5}))
	writers(s, beside, 8, 150).Wait()
	s.audit()
	if n := number(t, s.db, `SELECT SUM(version) FROM ticket`); n != 8*150 {
		t.Errorf("the tickets were changed %d times; want %d", n, 8*150)
	}
}

func readerMissesNothing(t *testing.T, f Fixture) {
	s := enter(t, f, Options{BatchActs: 3})
	beside := at(t, f, f.Beside(t, s.store, Options{BatchActs: 3}))
	work := writers(s, beside, 8, 150)
	done := make(chan struct{})
	go func() {
		work.Wait()
		close(done)
	}()
	var seen []line
	read := func() {
		last := int64(0)
		if n := len(seen); n > 0 {
			last = seen[n-1].position
		}
		seen = append(seen, journal(t, s.db, last)...)
	}
	for writing := true; writing; {
		select {
		case <-done:
			writing = false
		default:
		}
		read()
	}
	all := int(number(t, s.db, `SELECT COUNT(*) FROM journal`))
	eventually(t, fmt.Sprint("the reader has all of the rows, ", all), func() bool { read(); return len(seen) >= all })
	follow(t, seen)
}

func emptyBatchTakesNoPosition(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.sell("amtx", "O-1", seat(1))
	for range 3 {
		_, err := s.office.Print(t.Context(), partner("amtx"), boxoffice.PrintRequest{ExternalOrderID: "O-1", Tokens: []boxoffice.Token{seat(1)}})
		must(t, "print", err)
		must(t, "touch", s.store.Do(t.Context(), touch(seat(2))))
	}
	must(t, "finish an empty load", s.store.NewLoader().Finish(t.Context()))
	must(t, "touch", s.store.Do(t.Context(), touch(seat(2))))
	if n := number(t, s.db, `SELECT COUNT(*) FROM batch WHERE size = 0`); n < 3 {
		t.Fatalf("%d batches are empty; the test wants at least 3", n)
	}
	s.audit()
}

// changes returns what the journal has, once all of n rows have their positions.
func (s *scene) changes(n int) []boxoffice.Change {
	s.t.Helper()
	var all []boxoffice.Change
	eventually(s.t, fmt.Sprintf("the journal has %d rows", n), func() bool {
		var err error
		all, err = s.store.Changes(background, 0, 10_000)
		must(s.t, "Changes", err)
		return len(all) >= n
	})
	return all
}

func changeTellsBoth(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	loads := len(s.changes(1)) // of the events
	s.lock("amtx", seat(1))
	s.sell("amtx", "O-1", seat(1))
	s.lock("other", seat(1))
	_, err := s.office.Unlock(t.Context(), partner("other"), []boxoffice.Token{seat(1)})
	must(t, "unlock", err)
	sold := s.ticket(seat(1))

	all := s.changes(loads + 4)
	if first := all[0]; first.Entity != boxoffice.Events || first.What != boxoffice.Loaded || first.Position != 1 || first.State == "" {
		t.Errorf("the first row is %+v; want the load of an event", first)
	}
	mine := func(by access.Channel, n int64, what boxoffice.What, before, after boxoffice.Standing) boxoffice.Change {
		place := s.ticket(seat(1))
		who := partner(by)
		return boxoffice.Change{
			Position: int64(loads) + n, Organization: home, Entity: boxoffice.Seats, Subject: string(seat(1)), Version: n, What: what,
			By:    access.Principal{Application: who.Application, Channel: who.Channel, RequestID: who.RequestID},
			Event: game, Section: place.Section, Row: place.Row, Seat: place.Seat, Before: before, After: after,
		}
	}
	was, is := boxoffice.Standing{Owner: owner}, boxoffice.Standing{Owner: sold.Owner}
	locked, lockedAgain := was, is
	locked.Hold, locked.By = boxoffice.HoldLock, "amtx"
	lockedAgain.Hold, lockedAgain.By = boxoffice.HoldLock, "other"
	want := []boxoffice.Change{
		mine("amtx", 1, boxoffice.Locked, was, locked),
		mine("amtx", 2, boxoffice.Sold, locked, is),
		mine("other", 3, boxoffice.Locked, is, lockedAgain),
		mine("other", 4, boxoffice.Unlocked, lockedAgain, is),
	}
	want[1].Barcode, want[1].Order = sold.Barcode, "amtx/O-1"
	without := cmpopts.IgnoreFields(boxoffice.Change{}, "At")
	if diff := cmp.Diff(want, all[loads:], without); diff != "" {
		t.Errorf("Changes (-want +got):\n%s", diff)
	}
	story, err := s.store.Story(t.Context(), boxoffice.Seats, string(seat(1)), 2, 2)
	if diff := cmp.Diff(all[loads+1:loads+3], story); err != nil || diff != "" {
		t.Errorf("Story from version 2 = %v (-want +got):\n%s", err, diff)
	}
	if story, err := s.store.Story(t.Context(), boxoffice.Events, string(seat(1)), 1, 9); err != nil || len(story) != 0 {
		t.Errorf("Story of an event of a ticket's name = %v, %v; want none", story, err)
	}
	ends, err := s.store.JournalEnds(t.Context())
	if want := (boxoffice.JournalEnds{Epoch: 1, First: 1, Newest: int64(len(all))}); err != nil || ends != want {
		t.Errorf("JournalEnds = %+v, %v; want %+v", ends, err, want)
	}
}

func changesReadOn(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	loads := len(s.changes(1))                // of the events
	s.lock("amtx", seat(1), seat(2), seat(3)) // one batch
	s.sell("amtx", "O-1", seat(3))
	_, err := s.office.Print(t.Context(), partner("amtx"), boxoffice.PrintRequest{ExternalOrderID: "O-1", Tokens: []boxoffice.Token{seat(3)}})
	must(t, "print, a batch without rows", err)
	s.lock("amtx", seat(5), seat(6))
	all := s.changes(loads + 6)
	for after := range int64(len(all) + 1) {
		for limit := 1; limit <= 4; limit++ {
			got, err := s.store.Changes(t.Context(), after, limit)
			if diff := cmp.Diff(all[after:min(int(after)+limit, len(all))], got, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Fatalf("Changes after %d, at most %d = %v (-want +got):\n%s", after, limit, err, diff)
			}
		}
	}
}

func epochGrows(t *testing.T, f Fixture) {
	s := f.Open(t, Options{})
	for _, tt := range []struct{ least, want int64 }{{0, 2}, {9, 9}, {3, 10}, {10, 11}} {
		got, err := s.RaiseEpoch(t.Context(), tt.least)
		if err != nil || got != tt.want || s.Epoch() != tt.want {
			t.Errorf("RaiseEpoch(%d) = %d, %v, and Epoch() = %d; want %d", tt.least, got, err, s.Epoch(), tt.want)
		}
		ends, err := s.JournalEnds(t.Context())
		if err != nil || ends.Epoch != tt.want {
			t.Errorf("JournalEnds tells epoch %d, %v; want %d", ends.Epoch, err, tt.want)
		}
	}
	s.Close()
	if n := number(t, f.SQL(t), `SELECT MIN(next) FROM series`); n <= 4*10_000_000 {
		t.Errorf("after four restorations a series goes on at %d; want it past what was given out before any of them", n)
	}
	if got := f.Open(t, Options{}).Epoch(); got != 11 {
		t.Errorf("opened again, the store is in epoch %d; want 11", got)
	}
}
