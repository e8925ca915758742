package access

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/seatlink/seatlink/internal/fault"
)

// A Rate is how many requests an application may send to each process: so many
// a second, and so many at once after a pause. The zero Rate is no limit.
type Rate struct {
	PerSecond, Burst int
}

const rateLimit = 1_000_000 // of both numbers; more is no limit at all

// Limit sets how many requests an application may send, everywhere within a
// second; 0 and 0 lift the limit. It returns fault.FieldInvalid for numbers that
// let nothing through.
func (d *Desk) Limit(ctx context.Context, app ApplicationID, perSecond, burst int) error {
	r := Rate{PerSecond: perSecond, Burst: burst}
	if r != (Rate{}) && (perSecond < 1 || burst < 1 || perSecond > rateLimit || burst > rateLimit) {
		return fault.FieldInvalid.Saying(fmt.Sprintf("a rate is 1 to %d requests a second with a burst of 1 to %d, or 0 and 0 for none", rateLimit, rateLimit))
	}
	return d.acted("limit", d.change(ctx, app, func(e *Enrolment) error {
		e.Rate = r
		return nil
	}))
}

// Pace counts a request, and returns a *LimitError when the application has sent
// more than its Rate.
func (d *Desk) Pace(who Principal) error {
	if who.Rate == (Rate{}) {
		return nil
	}
	if wait := d.paces.take(who, d.clock()); wait > 0 {
		return &LimitError{wait}
	}
	return nil
}

// Guessed is what somebody may try to find by naming many.
type Guessed uint8

// What is guarded against being found so.
const (
	Barcodes    Guessed = iota // 100 unknown ones a minute are typing errors
	TransferIDs                // 10 unknown ones a minute
	Pages                      // as TransferIDs, by people of whom only an address is known
	Doors                      // passwords, by the address that they come from: many may share one
	Locks                      // passwords, by the account that they are tried at
	guessedKinds
)

// Guess counts things that an application named and that are none, and returns a
// *LimitError once they are more than such things may be a minute: somebody tries
// them out. With 0 it only looks whether the application is blocked.
func (d *Desk) Guess(who Principal, of Guessed, unknown int) error {
	return d.guess(string(who.Application), of, unknown)
}

// Stray is Guess for the pages of people, of whom nothing is known but the network
// address that they come from.
func (d *Desk) Stray(from string, unknown int) error { return d.guess(from, Pages, unknown) }

// Knock is Guess for the passwords of people: by where they come from, and by the
// account that is knocked at, whatever that is called. With 0 it only looks.
func (d *Desk) Knock(from, account string, failed int) error {
	return cmp.Or(d.guess(from, Doors, failed), d.guess(account, Locks, failed))
}

func (d *Desk) guess(name string, of Guessed, unknown int) error {
	now := d.now()
	wait := d.guesses[of].wait(name, now)
	if wait == 0 {
		wait = d.guesses[of].fail(name, unknown, now)
	}
	if wait > 0 {
		return &LimitError{wait}
	}
	return nil
}

// paces are the applications that have a Rate. There are no more of them than an
// operator has set. The zero value is ready.
type paces struct {
	mu   sync.Mutex
	kept map[ApplicationID]*pace
}

type pace struct {
	rate   Rate
	bucket *rate.Limiter
}

// take lets one request through, or returns how long it has to wait.
func (p *paces) take(who Principal, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.kept[who.Application]
	if one == nil || one.rate != who.Rate {
		if p.kept == nil {
			p.kept = make(map[ApplicationID]*pace)
		}
		one = &pace{who.Rate, rate.NewLimiter(rate.Limit(who.Rate.PerSecond), who.Rate.Burst)}
		p.kept[who.Application] = one
	}
	taken := one.bucket.ReserveN(now, 1)
	wait := taken.DelayFrom(now)
	if wait > 0 {
		taken.CancelAt(now) // a refused request does not make the next one wait
	}
	return wait
}
