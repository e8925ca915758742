package storetest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var gates = []clause{
	{"a scan is kept as it was made, and ends with the hold of its gate", scanIsKept},
	{"a barcode that is sold is dead, and known to be", replacedIsKnown},
	{"a ticket that many gates of two processes scan at once is let in once", admittedOnce},
	{"scans of one ticket that two processes merge at once leave the earliest in force", mergedAtOnce},
	{"a snapshot and the changes after it are the truth while sales and admissions go on", snapshotAndChanges},
}

// gate is those of a process, for whom home is all there is.
func (s *scene) gate() *boxoffice.Gate { return boxoffice.NewGate(s.store) }

var gatekeeper = access.Principal{Application: "gate/north", Organizations: []access.OrganizationID{home}, RequestID: "5b0a9d30-41f8-4a39-8bb8-0b7e4c1f7a10"}

// admit holds the barcode of a ticket, as it is now, up to a gate.
func (s *scene) admit(id, gate string, n int) boxoffice.Scanned {
	s.t.Helper()
	got, err := s.gate().Verify(background, gatekeeper, game, boxoffice.ScanRequest{ID: id, Barcode: s.ticket(seat(n)).Barcode, Gate: gate})
	must(s.t, "verify", err)
	return got
}

func scanIsKept(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), t.Context()
	s.lock("amtx", seat(1))
	made := s.admit("s-1", "NORTH", 1)
	if made.Refused != nil {
		t.Fatalf("the scan was refused: %v", made.Refused)
	}
	kept, found, err := s.store.Scan(ctx, made.Scan.Key)
	if diff := cmp.Diff(made.Scan, kept); err != nil || !found || diff != "" {
		t.Errorf("Scan = %t, %v (-made +read):\n%s", found, err, diff)
	}
	ticket := s.ticket(seat(1))
	if want := (boxoffice.Hold{Kind: boxoffice.HoldGate, By: "NORTH", Since: made.Scan.At}); ticket.Hold != want {
		t.Errorf("the ticket's hold is %+v; want %+v", ticket.Hold, want)
	}
	if _, found, err := s.store.Scan(ctx, boxoffice.ScanKey{Organization: away, ID: "s-1"}); found || err != nil {
		t.Errorf("the scan of another organization is there: %v", err)
	}
	count, err := s.store.Turnout(ctx, game)
	if err != nil || count.Inside != 1 || count.Live != seats {
		t.Errorf("Turnout = %+v, %v; want 1 of %d", count, err, seats)
	}
	// The venue ends the hold by an act that knows nothing of scans.
	must(t, "release", s.store.Do(ctx, letGo(seat(1))))
	if kept, _, err := s.store.Scan(ctx, made.Scan.Key); err != nil || kept.State != boxoffice.ScanEnded {
		t.Errorf("the scan is %s, %v; want it ended", kept.State, err)
	}
	if again := s.admit("s-2", "SOUTH", 1); again.Refused != nil {
		t.Errorf("a new scan is refused: %v", again.Refused)
	}
	if _, err := s.gate().Undo(ctx, gatekeeper, game, "s-2"); err != nil || s.ticket(seat(1)).Hold != (boxoffice.Hold{}) {
		t.Errorf("Undo = %v, hold %+v; want the ticket free", err, s.ticket(seat(1)).Hold)
	}
}

// letGo is an act of the venue that frees a ticket, whatever holds it.
type letGo boxoffice.Token

func (a letGo) Needs() boxoffice.Needs {
	return boxoffice.Needs{Tickets: []boxoffice.Token{boxoffice.Token(a)}}
}

func (a letGo) Decide(b *boxoffice.Books) error {
	t, _ := b.Ticket(boxoffice.Token(a))
	t.Hold = boxoffice.Hold{}
	b.Change(t, "release", access.Principal{Application: "operator/pat"}, "")
	return nil
}

func replacedIsKnown(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), t.Context()
	before := s.ticket(seat(1)).Barcode
	s.lock("amtx", seat(1))
	s.sell("amtx", "O-1", seat(1))
	code := boxoffice.EventBarcode{Event: game, Barcode: before}
	found, err := s.store.Replaced(ctx, []boxoffice.EventBarcode{code, {Event: game, Barcode: s.ticket(seat(1)).Barcode}, {Event: laterGame, Barcode: before}})
	if err != nil || len(found) != 1 || found[code].Token != seat(1) || found[code].Since.IsZero() {
		t.Errorf("Replaced = %+v, %v; want the one that was sold", found, err)
	}
	got, err := s.gate().Verify(ctx, gatekeeper, game, boxoffice.ScanRequest{ID: "s-1", Barcode: before, Gate: "NORTH"})
	if err != nil || !errors.Is(got.Refused, boxoffice.ErrBarcodeReplaced) || !got.Since.Equal(found[code].Since) {
		t.Errorf("Verify = %v since %v, %v; want it replaced", got.Refused, got.Since, err)
	}
	roll, err := s.store.PassesOf(ctx, game, []boxoffice.Token{seat(1), seat(2), laterSeat(1)})
	if err != nil || len(roll.Passes) != 2 || !slices.Equal(roll.Passes[0].Replaced, []boxoffice.Barcode{before}) || roll.Passes[1].Replaced != nil {
		t.Errorf("PassesOf = %+v, %v; want two of the game, the first with its old barcode", roll.Passes, err)
	}
	elsewhere, err := s.store.Elsewhere(ctx, home, []boxoffice.Barcode{before, s.ticket(seat(2)).Barcode, "none"})
	// The later game has the same barcodes: they are unique within an event.
	if want := map[boxoffice.Barcode]boxoffice.EventID{before: laterGame, s.ticket(seat(2)).Barcode: game}; err != nil || !maps.Equal(elsewhere, want) {
		t.Errorf("Elsewhere = %v, %v; want %v", elsewhere, err, want)
	}
}

func admittedOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	const gatesAtOnce, rounds = 8, 25
	for n := range rounds {
		barcode := s.ticket(seat(n)).Barcode
		var (
			work sync.WaitGroup
			in   [gatesAtOnce]bool
			why  [gatesAtOnce]error
		)
		for i := range gatesAtOnce {
			gate := []*scene{s, beside}[i%2].gate()
			work.Go(func() {
				got, err := gate.Verify(background, gatekeeper, game, boxoffice.ScanRequest{ID: fmt.Sprintf("s-%d-%d", n, i), Barcode: barcode, Gate: fmt.Sprint("G", i)})
				if in[i], why[i] = err == nil && got.Refused == nil, err; err == nil && got.Refused != nil {
					why[i] = got.Refused
				}
			})
		}
		work.Wait()
		let := 0
		for i := range in {
			if in[i] {
				let++
			} else if !errors.Is(why[i], boxoffice.ErrAdmitted) {
				t.Errorf("round %d, gate %d: %v; want ErrAdmitted", n, i, why[i])
			}
		}
		if let != 1 {
			t.Fatalf("round %d: the ticket was let in %d times", n, let)
		}
	}
	s.wantNoDeadlock(f, beside)
}

func mergedAtOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	start := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	const scanners, tickets = 4, 40
	var work sync.WaitGroup
	for scanner := range scanners {
		gate := []*scene{s, beside}[scanner%2].gate()
		var scans []boxoffice.ScanRequest
		for n := range tickets {
			at := start.Add(time.Duration((scanner+n)%scanners) * time.Minute)
			scans = append(scans, boxoffice.ScanRequest{ID: fmt.Sprintf("s-%d-%d", scanner, n), Barcode: s.ticket(seat(n)).Barcode, Gate: fmt.Sprint("G", scanner), At: at})
		}
		rand.New(rand.NewPCG(3, uint64(scanner))).Shuffle(len(scans), func(i, j int) { scans[i], scans[j] = scans[j], scans[i] })
		work.Go(func() {
			for range 2 { // the second time changes nothing
				for part := range slices.Chunk(scans, 7) {
					for {
						_, err := gate.Merge(background, gatekeeper, game, part)
						if errors.Is(err, fault.Busy) {
							continue
						}
						must(t, "merge", err)
						break
					}
				}
			}
		})
	}
	work.Wait()
	for n := range tickets {
		if hold := s.ticket(seat(n)).Hold; !hold.Since.Equal(start) || hold.By != fmt.Sprint("G", (scanners-n%scanners)%scanners) {
			t.Errorf("seat %d is in by %+v; want the earliest scan", n, hold)
		}
	}
	count, err := s.store.Turnout(t.Context(), game)
	if err != nil || count.Inside != tickets || count.Later != (scanners-1)*tickets {
		t.Errorf("Turnout = %+v, %v; want %d in and %d later", count, err, tickets, (scanners-1)*tickets)
	}
	later, err := s.store.Scans(t.Context(), game, []boxoffice.ScanState{boxoffice.ScanLater}, 5)
	if err != nil || len(later) != 5 || later[0].At.After(later[4].At) {
		t.Errorf("Scans = %+v, %v; want the five oldest", later, err)
	}
	s.wantNoDeadlock(f, beside)
}

// A scanner that knows nothing but what it is told: tickets by their token, the
// newer version of each.
type scanner map[boxoffice.Token]boxoffice.Pass

func (s scanner) hear(passes []boxoffice.Pass) {
	for _, p := range passes {
		if known, ok := s[p.Token]; ok && known.Version > p.Version {
			continue
		}
		p.Replaced = nil
		if s[p.Token] = p; p.Void {
			delete(s, p.Token)
		}
	}
}

func snapshotAndChanges(t *testing.T, f Fixture) {
	s := enter(t, f, Options{BatchActs: 4})
	beside := at(t, f, f.Beside(t, s.store, Options{BatchActs: 3}))
	s.changes(1) // the load has its position
	const callers, rounds = 4, 40
	var work sync.WaitGroup
	for caller := range callers {
		at := []*scene{s, beside}[caller%2]
		work.Go(func() {
			random := rand.New(rand.NewPCG(5, uint64(caller)))
			for i := range rounds {
				n := caller + callers*random.IntN(5) // its own seats
				view, err := at.store.Tickets(background, []boxoffice.Token{seat(n)})
				must(t, "read", err)
				ticket := view.Tickets[seat(n)]
				id := fmt.Sprintf("%d-%d", caller, i)
				switch {
				case ticket.Hold.Kind == boxoffice.HoldGate:
					err = at.store.Do(background, letGo(seat(n)))
				case i%2 == 0:
					_, err = at.gate().Verify(background, gatekeeper, game, boxoffice.ScanRequest{ID: id, Barcode: ticket.Barcode, Gate: "G"})
				default:
					if _, err = at.office.Lock(background, partner("amtx"), locking(seat(n))); err == nil {
						_, err = at.office.Complete(background, partner("amtx"), cart("O-"+id, mailed(id+"@example.com"), seat(n)))
					}
				}
				if err != nil && !errors.Is(err, fault.Busy) {
					t.Errorf("round %s: %v", id, err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	// Some scanners begin while it goes on, each with a snapshot of its own.
	type follower struct {
		scanner
		epoch, position int64
	}
	var followers []*follower
	for going := true; going; {
		select {
		case <-done:
			going = false
		default:
		}
		if len(followers) < 10 {
			roll, err := s.gate().Snapshot(background, gatekeeper, game)
			must(t, "snapshot", err)
			one := &follower{scanner{}, roll.Epoch, roll.Position}
			one.hear(roll.Passes)
			followers = append(followers, one)
		}
		for _, one := range followers {
			turn, err := s.gate().Changes(background, gatekeeper, game, one.epoch, one.position)
			must(t, "changes", err)
			one.hear(turn.Passes)
			one.position = turn.Position
		}
	}
	all := int(number(t, s.db, `SELECT COUNT(*) FROM journal`))
	eventually(t, "every row has its position", func() bool {
		ends, err := s.store.JournalEnds(background)
		return err == nil && ends.Newest >= int64(all)
	})
	truth, err := s.gate().Snapshot(background, gatekeeper, game)
	must(t, "snapshot", err)
	want := scanner{}
	want.hear(truth.Passes)
	for i, one := range followers {
		turn, err := s.gate().Changes(background, gatekeeper, game, one.epoch, one.position)
		must(t, "changes", err)
		one.hear(turn.Passes)
		if diff := cmp.Diff(want, one.scanner); diff != "" || turn.More {
			t.Errorf("scanner %d, more %t (-truth +scanner):\n%s", i, turn.More, diff)
		}
	}
	if all < callers*rounds {
		t.Errorf("%d changes were made; want more than %d", all, callers*rounds)
	}
}
