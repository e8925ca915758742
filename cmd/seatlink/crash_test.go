package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/storetest"
)

// What clients saw acknowledged is in the journal whenever the process is killed,
// and nothing is half done.
func TestWhatWasAcknowledgedOutlivesAKill(t *testing.T) {
	t.Run("100 times on SQLite", func(t *testing.T) {
		outlive(t, sqliteFile(t), 100)
	})
	t.Run("25 times on PostgreSQL", func(t *testing.T) {
		outlive(t, storetest.Postgres(t), 25)
	})
}

func outlive(t *testing.T, db string, cycles int) {
	t.Helper()
	const (
		auditEvery  = 10
		readyWithin = time.Second
	)
	s := besiege(t, "seatlink", db)
	for n := range cycles {
		for _, finding := range s.cycle(t, n) {
			t.Errorf("kill %d: %s", n, finding)
		}
		if (n+1)%auditEvery == 0 {
			audit(t, db)
		}
		if t.Failed() {
			t.Fatalf("stopped after kill %d", n)
		}
	}
	for _, finding := range s.checkAll(t) {
		t.Error(finding)
	}
	audit(t, db)
	slices.Sort(s.starts)
	median, rate := s.starts[len(s.starts)/2], float64(s.acknowledged)/s.served.Seconds()
	t.Logf("%d kills, %d acknowledged writes in %.1f s: %.0f a second", cycles, s.acknowledged, s.served.Seconds(), rate)
	t.Logf("%d writes of unknown outcome, of which %d were done", s.unknown, s.unknownDone)
	t.Logf("ready after %v in the median, %v at most", median.Round(time.Millisecond), s.starts[len(s.starts)-1].Round(time.Millisecond))
	if rate < leastRate {
		t.Errorf("void: %.0f acknowledged writes a second; want %d", rate, leastRate)
	}
	if median > readyWithin {
		t.Errorf("ready %v after a restart; want %v", median, readyWithin)
	}
}

// The test above means something: it finds a program that answers too early.
func TestAnAnswerBeforeTheCommitIsFound(t *testing.T) {
	const cycles = 100
	program := buildSeeded(t, "seed_answer_before_commit")
	s := besiege(t, program, sqliteFile(t))
	for n := range cycles {
		for _, finding := range s.cycle(t, n) {
			if strings.HasPrefix(finding, lost) {
				t.Logf("found at kill %d of %d: %s", n, cycles, finding)
				return
			}
		}
	}
	t.Errorf("%d kills found no lost answer of a program that answers before it commits", cycles)
}

// buildSeeded builds a program with bugs that some test must find.
func buildSeeded(tb testing.TB, bugs ...string) string {
	tb.Helper()
	program := filepath.Join(tb.TempDir(), "seatlink")
	build := exec.CommandContext(tb.Context(), "go", "test", "-c", "-tags", strings.Join(bugs, ","), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %v\n%s", build.Args, err, out)
	}
	return program
}
