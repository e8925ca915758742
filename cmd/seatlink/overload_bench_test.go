package main

import (
	"math"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/house"
)

// The promises of overload, as shares of the saturated rate on the same machine in
// the same minute.
const (
	overloadLeast    = 0.6             // of the saturated rate, is done at ten times of it
	overloadRecovery = 2 * time.Second // until everybody is served again
	overloadLasts    = 6 * time.Second
	overloadCrowd    = 4096 // connections; who finds none free is late, and counted from when it was due
)

// BenchmarkOverload asks more of a server than it can do, as a crowd does: requests
// come when they are due, whoever still waits for an answer. The server has one
// processor and the crowd, by the make target, the others, or it would starve the server; a lock of
// four is followed by its unlock. At half of the saturated rate everything must be
// done; at 2, 5 and 10 times of it, it is told what is done (goodput), the p99 of
// that from the moment it was sent, and when, back at half, the last one was refused
// or slow. The audit is clean after it, and the journal has four rows for each that
// was told it was done.
//
//	make bench-overload
func BenchmarkOverload(b *testing.B) {
	db := sqliteFile(b)
	key, callers := furnishSized(b, db, house.Default, "first")
	c := newOverload(b, db, key, callers[0])
	for range b.N {
		c.offer(b, overloadCrowd, overloadLasts/2) // everybody has a connection
		saturated := c.saturate(b)
		calm := c.offer(b, saturated/2, overloadLasts/2)
		if calm.refused > 0 {
			b.Errorf("at half of the saturated rate %d of %d were refused", calm.refused, calm.sent)
		}
		slow := max(4*calm.percentile(99), 50*time.Millisecond)
		b.Logf("saturated: %.0f/s; at half of it p99 %v", saturated, calm.percentile(99))
		for _, times := range []float64{2, 5, 10} {
			over := c.offer(b, times*saturated, overloadLasts)
			after := c.offer(b, saturated/2, overloadLasts/2)
			// From the end of the rush, those who were still waiting then included.
			recovery := after.began.Sub(over.began.Add(overloadLasts)) + after.lastBad(slow)
			ratio := over.rate() / saturated
			b.Logf("%2.0f times, %.1f offered: goodput %.2f of the saturated rate, p99 of the accepted %v, refused %d, lost %d, recovery %v",
				times, float64(over.sent)/over.lasted.Seconds()/saturated, ratio, over.percentile(99), over.refused, over.lost, recovery)
			if times == 10 {
				b.ReportMetric(ratio, "goodput-10x")
				b.ReportMetric(float64(over.percentile(99).Milliseconds()), "ms-p99-10x")
				b.ReportMetric(recovery.Seconds(), "s-recovery")
				if ratio < overloadLeast {
					b.Errorf("at 10 times the goodput is %.2f of the saturated rate; want at least %.1f", ratio, overloadLeast)
				}
			}
			if recovery > overloadRecovery {
				b.Errorf("after %.0f times it took %v until everybody was served; want %v at most", times, recovery, overloadRecovery)
			}
		}
		if again := c.saturate(b); again < saturated/2 {
			b.Errorf("after the overload the saturated rate is %.0f/s; it was %.0f/s", again, saturated)
		}
	}
	c.check(b, db)
	b.ReportMetric(0, "ns/op")
}

// An overload is a crowd before a server.
type overload struct {
	*course
	server *process
	people []*overloader
	done   atomic.Int64 // requests that were told they were done, since the start
}

// An overloader has a connection and four tickets of its own, which it locks and
// unlocks.
type overloader struct {
	line         *line
	lock, unlock []byte
	locked       bool
}

func newOverload(b *testing.B, db, key string, partner *caller) *overload {
	b.Helper()
	pinned, err := exec.LookPath("taskset")
	if err != nil {
		b.Fatalf("%v; the server needs a processor of its own: apt-get install util-linux", err)
	}
	c := &overload{course: &course{partner: partner.partner, accessToken: partner.accessToken, organization: access.OrganizationID(999)}}
	c.server = launchProgram(b, pinned, "-c", "0", "seatlink", "serve", "--db", db, "--key", key, "--addr", "127.0.0.1:0", "--log-level", "error",
		"--connections-per-address", "10000")
	_, url, _ := strings.Cut(c.server.await("seatlink serves ", "\n"), "seatlink serves http://")
	c.host = url
	tokens := freeTokens(b, db)
	if len(tokens) < overloadCrowd*blockSize {
		b.Fatalf("the house has %d free tickets; the crowd wants %d", len(tokens), overloadCrowd*blockSize)
	}
	for i := range overloadCrowd {
		block := tokens[i*blockSize : (i+1)*blockSize]
		c.people = append(c.people, &overloader{line: dial(c.host), lock: c.lock(block), unlock: c.unlock(block)})
	}
	b.Cleanup(func() {
		for _, p := range c.people {
			p.line.close()
		}
	})
	return c
}

// turn sends the next request of somebody. A lost answer is a bug of the test's, for
// nobody cuts the wire.
func (c *overload) turn(p *overloader) (status int, err error) {
	request := p.lock
	if p.locked {
		request = p.unlock
	}
	if status, err = p.line.ask(request); err == nil && status == http.StatusOK {
		p.locked = !p.locked
		c.done.Add(1)
	}
	return status, err
}

// saturate is the highest rate there is when everybody waits for their answer: few
// people leave a slow disk idle, and many fill the queue.
func (c *overload) saturate(b *testing.B) (most float64) {
	b.Helper()
	for _, busy := range []int{64, 256, 1024} {
		most = max(most, c.keepBusy(b, busy))
	}
	return most
}

func (c *overload) keepBusy(b *testing.B, busy int) float64 {
	b.Helper()
	var crowd sync.WaitGroup
	before, start := c.done.Load(), time.Now()
	for _, p := range c.people[:busy] {
		crowd.Go(func() {
			for time.Since(start) < overloadLasts/2 {
				if status, err := c.turn(p); err != nil || status != http.StatusOK {
					b.Errorf("with %d at a time: %d %v", busy, status, err)
					return
				}
			}
		})
	}
	crowd.Wait()
	return float64(c.done.Load()-before) / time.Since(start).Seconds()
}

// An offering is what became of a crowd's requests.
type offering struct {
	sent, refused, lost int
	took                []time.Duration // of those that were done
	began               time.Time
	lasted              time.Duration
	bad                 []overloadAnswer // refused, or done
}

type overloadAnswer struct {
	due  time.Duration // since the beginning
	took time.Duration // from then on; refused ones are the slowest there are
}

func (o offering) rate() float64 { return float64(len(o.took)) / o.lasted.Seconds() }

func (o offering) percentile(n int) time.Duration {
	if len(o.took) == 0 {
		return math.MaxInt64
	}
	return o.took[min(len(o.took)*n/100, len(o.took)-1)]
}

// lastBad is when the last one was refused, or had waited so long since it was due.
func (o offering) lastBad(slow time.Duration) (last time.Duration) {
	for _, a := range o.bad {
		if a.took > slow {
			last = max(last, a.due)
		}
	}
	return last
}

// offer has requests come at a rate, each when it is due or as soon as somebody is
// free to send it. At the end those that were not sent have given up.
func (c *overload) offer(b *testing.B, rate float64, lasts time.Duration) (o offering) {
	b.Helper()
	var (
		crowd sync.WaitGroup
		mu    sync.Mutex
		next  atomic.Int64
		start = time.Now()
	)
	for _, p := range c.people {
		crowd.Go(func() {
			var mine offering
			timer := time.NewTimer(0)
			defer timer.Stop()
			<-timer.C
			for {
				due := time.Duration(float64(next.Add(1)) / rate * float64(time.Second))
				if due > lasts {
					break
				}
				if early := due - time.Since(start); early > 0 {
					timer.Reset(early)
					<-timer.C
				}
				sent := time.Since(start)
				if sent > lasts {
					break
				}
				mine.sent++
				status, err := c.turn(p)
				end := time.Since(start)
				switch {
				case err != nil:
					mine.lost++
				case status == http.StatusOK:
					if end <= lasts {
						mine.took = append(mine.took, end-sent)
					}
					mine.bad = append(mine.bad, overloadAnswer{due, end - due})
				case status == http.StatusServiceUnavailable:
					mine.refused++
					mine.bad = append(mine.bad, overloadAnswer{due, math.MaxInt64})
				default:
					b.Errorf("under load an answer is %d", status)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			o.sent, o.refused, o.lost = o.sent+mine.sent, o.refused+mine.refused, o.lost+mine.lost
			o.took, o.bad = append(o.took, mine.took...), append(o.bad, mine.bad...)
		})
	}
	crowd.Wait()
	o.began, o.lasted = start, min(time.Since(start), lasts)
	slices.Sort(o.took)
	if o.lost > 0 {
		b.Errorf("%d answers were lost, and nobody cut the wire", o.lost)
	}
	return o
}

// check is what voids the figures.
func (c *overload) check(b *testing.B, db string) {
	b.Helper()
	c.server.stop()
	if grew := overloadRows(b, db); grew != blockSize*c.done.Load() {
		b.Errorf("void: %d requests were told they were done, and the journal has %d rows", c.done.Load(), grew)
	}
	audit(b, db)
}

func overloadRows(b *testing.B, db string) (n int64) {
	b.Helper()
	query(b, look(b, db), func(scan func(...any) error) error { return scan(&n) }, `SELECT COUNT(*) FROM journal WHERE what IN ('lock', 'unlock')`)
	return n
}
