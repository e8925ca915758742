package main

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seatlink/seatlink/internal/storetest"
)

// BenchmarkHistory is TestTicketsHaveOneHistory at length: at least 100,000
// requests, 500 a second, a kill every three seconds and every fourth time a crash
// of the database.
//
//	make test-history
func BenchmarkHistory(b *testing.B) {
	for range b.N {
		c := startChronicle(b, "seatlink", storetest.StartPostgres(b), chroniclePlan{
			servers: 4, callers: 64, tickets: 1_000, operations: 100_000, killEvery: 3 * time.Second, crashEach: 4, limit: 10 * time.Minute,
		})
		history := c.record(b)
		c.judge(b, history)
		c.findsLies(b, history)
		if c.rate() < leastRate {
			b.Errorf("void: %.0f requests a second; want %d", c.rate(), leastRate)
		}
		b.ReportMetric(c.rate(), "requests/s")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkFailover stops the primary as a crash does, half-way under load, and
// promotes its synchronous standby: the processes find it, and nothing that was
// acknowledged is lost. It reports how long nobody could write.
//
//	make test-failover
func BenchmarkFailover(b *testing.B) {
	for range b.N {
		c := startChronicle(b, "seatlink", storetest.StartPostgres(b), chroniclePlan{
			servers: 4, callers: 64, tickets: 400, operations: 20_000, killEvery: 100 * time.Millisecond, failover: true, limit: 5 * time.Minute,
		})
		history := c.record(b)
		c.judge(b, history)
		if c.crashes != 1 {
			b.Errorf("void: the primary failed %d times", c.crashes)
		}
		b.Logf("nobody could write for %v", chronicleGap(history).Round(time.Millisecond))
		b.ReportMetric(chronicleGap(history).Seconds(), "s/gap")
		b.ReportMetric(0, "ns/op")
	}
}

// A build without the row lock is found: what stands behind the lock, the
// comparison of versions, makes errors of what would be lost updates, and no
// partner may see one. Without that and the unique index over the journal the
// history itself cannot be true.
func BenchmarkHistoryOfSeededBugs(b *testing.B) {
	plan := chroniclePlan{servers: 4, callers: 64, tickets: 40, operations: 20_000, killEvery: time.Hour, limit: 2 * time.Minute}
	b.Run("without the row lock", func(b *testing.B) {
		program := buildSeeded(b, "seed_no_row_lock")
		for range b.N {
			c := startChronicle(b, program, storetest.StartPostgres(b), plan)
			c.record(b)
			if len(c.mistakes) == 0 {
				b.Errorf("%d requests found no mistake of a program without row locks", c.count.Load())
				continue
			}
			b.Logf("found after %d requests: %v", c.count.Load(), c.mistakes[0])
		}
	})
	b.Run("without any guard", func(b *testing.B) {
		program := buildSeeded(b, "seed_no_row_lock", "seed_blind_save")
		for range b.N {
			c := startChronicle(b, program, storetest.StartPostgres(b), plan)
			history := c.record(b)
			if verdict := porcupine.CheckOperationsTimeout(chronicleModel, history, checkWithin); verdict != porcupine.Illegal {
				b.Errorf("the history of a program that loses updates is %v; want Illegal", verdict)
				continue
			}
			b.Logf("found after %d requests:\n%s", c.count.Load(), worstOf(history))
		}
	})
}
