package access

import (
	"errors"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/fault"
)

func TestAnApplicationKeepsToItsRate(t *testing.T) {
	here, store, clock, c := newHouse(t)
	there := NewDesk(store, here.keys, clock.Now)
	c.AccessToken = mustExchange(t, here, newCode(t, here, acme)).AccessToken
	send := func(d *Desk) error {
		t.Helper()
		who, err := d.Authenticate(ctx, c)
		if err != nil {
			t.Fatalf("Authenticate: %v", err)
		}
		return d.Pace(who)
	}
	for range 1000 {
		wantFault(t, "Pace without a rate", send(here), nil)
	}
	if err := here.Limit(ctx, acme, 10, 3); err != nil {
		t.Fatalf("Limit: %v", err)
	}
	clock.pass(cacheFor) // the other process has it within a second
	for _, d := range []*Desk{here, there} {
		for range 3 {
			wantFault(t, "Pace within the burst", send(d), nil)
		}
		for range 5 {
			err := send(d)
			limit, ok := errors.AsType[*LimitError](err)
			if !ok || limit.Wait != 100*time.Millisecond || !errors.Is(err, fault.TooManyRequests) {
				t.Fatalf("Pace beyond the burst: %v; want a LimitError of 100ms, however often it was refused", err)
			}
		}
	}
	clock.pass(100 * time.Millisecond)
	wantFault(t, "Pace after the wait", send(here), nil)
	wantFault(t, "Pace of the second after the wait", send(here), fault.TooManyRequests)
	if err := here.Limit(ctx, acme, 0, 0); err != nil {
		t.Fatalf("Limit: %v", err)
	}
	wantFault(t, "Pace when the rate was lifted", send(here), nil)
}

func TestARateOfOneApplicationIsNoOthers(t *testing.T) {
	d, _, _, _ := newHouse(t)
	a := Principal{Application: acme, Rate: Rate{1, 1}}
	b := Principal{Application: bazaar, Rate: Rate{1, 1}}
	wantFault(t, "Pace", d.Pace(a), nil)
	wantFault(t, "Pace again", d.Pace(a), fault.TooManyRequests)
	wantFault(t, "Pace of another", d.Pace(b), nil)
}

func TestRatesThatLetNothingThrough(t *testing.T) {
	d, _, _, _ := newHouse(t)
	for _, r := range []Rate{{0, 1}, {1, 0}, {-1, 1}, {1, -1}, {rateLimit + 1, 1}, {1, rateLimit + 1}} {
		wantFault(t, "Limit", d.Limit(ctx, acme, r.PerSecond, r.Burst), fault.FieldInvalid)
	}
	if err := d.Limit(ctx, bazaar, 1, 1); !errors.Is(err, ErrPartnerUnknown) {
		t.Errorf("Limit of an unknown application: %v; want %v", err, ErrPartnerUnknown)
	}
	partners, err := d.Partners(ctx)
	if err != nil || partners[0].Rate != (Rate{}) {
		t.Errorf("after refusals the rate is %v, %v; want none", partners[0].Rate, err)
	}
}

// A hundred unknown barcodes a minute are somebody's typing; one more is a search.
func TestGuessesOfBarcodesAreLimited(t *testing.T) {
	for _, steps := range [][]int{{100, 1}, {101}, {50, 50, 1}, {99, 100}} {
		d, _, clock, _ := newHouse(t)
		who := Principal{Application: acme}
		for i, n := range steps {
			err := d.Guess(who, Barcodes, n)
			if last := i == len(steps)-1; last != errors.Is(err, fault.TooManyRequests) {
				t.Fatalf("Guess(%v) step %d: %v", steps, i, err)
			}
		}
		wantFault(t, "Guess(0) while blocked", d.Guess(who, Barcodes, 0), fault.TooManyRequests)
		wantFault(t, "Guess(0) of another", d.Guess(Principal{Application: bazaar}, Barcodes, 0), nil)
		clock.pass(unknownBarcodes.first)
		wantFault(t, "Guess(0) after the block", d.Guess(who, Barcodes, 0), nil)
		wantFault(t, "Guess(101) after the block", d.Guess(who, Barcodes, 101), fault.TooManyRequests)
		clock.pass(unknownBarcodes.first)
		wantFault(t, "Guess(0) in the longer block", d.Guess(who, Barcodes, 0), fault.TooManyRequests)
	}
}

func TestGuessesOfTransfersAreLimitedApartFromBarcodes(t *testing.T) {
	d, _, _, _ := newHouse(t)
	who := Principal{Application: acme}
	for range 10 {
		wantFault(t, "Guess of a transferId", d.Guess(who, TransferIDs, 1), nil)
	}
	wantFault(t, "the eleventh Guess of a transferId", d.Guess(who, TransferIDs, 1), fault.TooManyRequests)
	wantFault(t, "Guess of a barcode beside it", d.Guess(who, Barcodes, 1), nil)
}

func TestStrayVisitorsAreLimitedByTheirAddress(t *testing.T) {
	d, _, clock, _ := newHouse(t)
	for range 10 {
		wantFault(t, "Stray", d.Stray("192.0.2.7", 1), nil)
	}
	wantFault(t, "the eleventh Stray", d.Stray("192.0.2.7", 1), fault.TooManyRequests)
	wantFault(t, "Stray(0) while blocked", d.Stray("192.0.2.7", 0), fault.TooManyRequests)
	wantFault(t, "Stray from another address", d.Stray("192.0.2.8", 1), nil)
	wantFault(t, "Guess by an application of that name", d.Guess(Principal{Application: "192.0.2.7"}, TransferIDs, 1), nil)
	clock.pass(unknownTransfers.first)
	wantFault(t, "Stray(0) after the block", d.Stray("192.0.2.7", 0), nil)
}

func TestSlowGuessesAreNeverBlocked(t *testing.T) {
	d, _, clock, _ := newHouse(t)
	for range 50 {
		wantFault(t, "Guess", d.Guess(Principal{Application: acme}, Barcodes, 100), nil)
		clock.pass(unknownBarcodes.window)
	}
}
