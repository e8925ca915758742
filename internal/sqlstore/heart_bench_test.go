package sqlstore_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/sqlstore"
	"github.com/seatlink/seatlink/internal/storetest"
)

// The heart alone, without HTTP: 64 callers, each act of 4 adjacent tickets of a
// house of 100,000 in 10 events, durable. The cap of the batch is what is
// compared: how many callers may share a transaction.
const (
	benchCallers = 64
	benchEvents  = 10
	benchSeats   = 10_000 // of each event
	benchBlock   = 4
)

// A pair of acts writes eight rows of the journal; locking alone would find the
// tickets locked when it comes round again, and write nothing.
func BenchmarkLockAndUnlock(b *testing.B) {
	eachHeart(b, "pairs/s", func(office *boxoffice.Office, who access.Principal, block []boxoffice.Token, _ int64) error {
		req := boxoffice.LockRequest{Source: boxoffice.MyAccount, ExternalListingID: "L-1"}
		for _, token := range block {
			req.Lines = append(req.Lines, boxoffice.LockLine{Token: token})
		}
		if _, err := office.Lock(context.Background(), who, req); err != nil {
			return err
		}
		_, err := office.Unlock(context.Background(), who, block)
		return err
	})
}

// eachHeart runs an act over and over on both databases, with batches of up to
// 256 acts and of one.
func eachHeart(b *testing.B, unit string, act func(*boxoffice.Office, access.Principal, []boxoffice.Token, int64) error) {
	b.Helper()
	databases := []struct {
		name string
		url  func() string
	}{
		{"sqlite", func() string { return "sqlite:" + filepath.Join(b.TempDir(), "heart.db") }},
		{"postgres", func() string { return storetest.Postgres(b) }},
	}
	for _, db := range databases {
		for _, batch := range []int{256, 1} {
			b.Run(fmt.Sprintf("%s/batch=%d", db.name, batch), func(b *testing.B) {
				office, who, blocks := heart(b, db.url(), batch)
				var (
					callers sync.WaitGroup
					next    atomic.Int64
				)
				b.ResetTimer()
				cpu := processorTime()
				for range benchCallers {
					callers.Go(func() {
						for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
							if err := act(office, who, blocks[n%int64(len(blocks))], n); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				callers.Wait()
				b.StopTimer()
				b.ReportMetric(float64(processorTime()-cpu)/1e3/float64(b.N), "cpu-µs/op")
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), unit)
			})
		}
	}
}

func heart(b *testing.B, url string, batch int) (*boxoffice.Office, access.Principal, [][]boxoffice.Token) {
	b.Helper()
	ctx := context.Background()
	keys := newKeys(b)
	s, err := sqlstore.Open(ctx, url, keys, sqlstore.Options{BatchActs: batch})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	l := s.NewLoader()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	must(l.Organizations(ctx, []boxoffice.Organization{{ID: 999, Name: "Bench", DistributorCode: "AMTX", Zone: "UTC", Currency: "USD"}}))
	must(l.Patrons(ctx, []boxoffice.Patron{{ID: "1", Organization: 999, Since: time.Now()}}))
	var blocks [][]boxoffice.Token
	for e := range benchEvents {
		id := boxoffice.NewEventID(999, "F26", fmt.Sprintf("F%02d", e))
		must(l.Events(ctx, []boxoffice.Event{{ID: id, Organization: 999, Season: "F26", Item: fmt.Sprintf("F%02d", e), Basis: boxoffice.Single, Secondary: true}}))
		tickets := make([]boxoffice.Ticket, benchSeats)
		var block []boxoffice.Token
		for i := range tickets {
			tickets[i] = boxoffice.Ticket{
				Token: boxoffice.Token(fmt.Sprintf("999%02dABCDEF%06d", e, i)), Organization: 999, Event: id,
				Section: fmt.Sprintf("U:%d", i/1000), Row: fmt.Sprint(i / 20 % 50), Seat: fmt.Sprint(i % 20), SeatingType: "RESERVED",
				Owner: "1", Barcode: boxoffice.Barcode(fmt.Sprintf("999%013d", i*7919)), PriceLevel: 1, PriceType: "A",
			}
			if block = append(block, tickets[i].Token); len(block) == benchBlock {
				blocks, block = append(blocks, block), nil
			}
		}
		must(l.Tickets(ctx, tickets))
	}
	must(l.Finish(ctx))
	who := access.Principal{Application: "com.example.bench", Channel: "bench", Organizations: []access.OrganizationID{999}, RequestID: "bench"}
	return boxoffice.NewOffice(s, boxoffice.NewPersonKeys(keys), nil), who, blocks
}
