package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/seatlink/seatlink/internal/storetest"
)

// BenchmarkBatchesOverHTTP is what sharing a transaction is worth: locks of 4
// tickets over HTTP by 64 clients, on the demo house, with batches of up to 256
// acts against batches of one, everything else being equal. Rounds of both are
// interleaved; the medians and their ratio are reported.
//
//	go test ./cmd/seatlink -run '^$' -bench BatchesOverHTTP -benchtime 1x
func BenchmarkBatchesOverHTTP(b *testing.B) {
	for _, database := range []string{"sqlite", "postgres"} {
		b.Run(database, func(b *testing.B) {
			data := b.TempDir()
			db := "sqlite:" + filepath.Join(data, "seatlink.db")
			if database == "postgres" {
				db = storetest.Postgres(b)
			}
			const rounds = 5
			var many, one []float64
			for range b.N {
				for range rounds {
					many = append(many, lockRate(b, data, db, 256))
					one = append(one, lockRate(b, data, db, 1))
				}
			}
			audit(b, db)
			b.Logf("locks/s with 256: %.0f, with 1: %.0f", many, one)
			b.ReportMetric(median(many), "locks/s-256")
			b.ReportMetric(median(one), "locks/s-1")
			b.ReportMetric(median(many)/median(one), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// lockRate runs one round: a demo with this cap, driven for three seconds.
func lockRate(b *testing.B, data, db string, batch int) float64 {
	b.Helper()
	file := filepath.Join(data, "demo-file.json")
	_ = os.Remove(file) // of the round before
	server := launch(b, "demo", "--no-marketplace", "--data", data, "--db", db, "--addr", "127.0.0.1:0", "--json", file, "--batch-acts", fmt.Sprint(batch))
	server.await("seatlink is ready", "Ctrl-C")
	driver := launch(b, "bench", "--json", file, "--work", "lock", "--clients", "64", "--duration", "3s", "--output", "json", "--no-audit")
	if err := driver.wait(); err != nil {
		b.Fatal(err, driver.errs.String())
	}
	var figures []figure
	decode(b, driver.out.String(), &figures)
	if void := figures[0].Void; void != notAudited {
		b.Fatal("void:", void)
	}
	server.stop()
	return figures[0].Rate
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
