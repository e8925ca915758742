package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

var transfers = []clause{
	{"a transfer is kept as it was made and found by each of its names", transferIsKept},
	{"an accepted transfer moves the ticket, and its history has two steps", transferIsAccepted},
	{"the process of a transfer is kept, found, and finished once", transferProcessIsKept},
	{"a transfer that many begin at once is begun once", transferIsBegunOnce},
	{"a transfer expires though no server ran at the time", transferExpiresLate},
	{"the history of a transfer is only added to", historyStays},
	{"seats are found by their rows", seatsAreFound},
	{"a transfer is told with its tickets and its parties", transferIsTold},
	{"one side wins each race for a transfer", func(t *testing.T, f Fixture) { races(t, f, 60) }},
}

// giving asks for one seat of the game, to be given to Ada.
func giving(from boxoffice.PatronID, n int) boxoffice.TransferRequest {
	return boxoffice.TransferRequest{
		Organization: home, Distributor: "HOME", Sender: from, Recipient: mailed("ada@example.com"),
		Link: boxoffice.Link{LinkID: "link", SiteID: "site"},
		Seats: []boxoffice.SeatsWanted{{
			Season: "F26", Item: "F01", Section: "U:1", Row: fmt.Sprint(n / 20), Seats: fmt.Sprint(n % 20),
			Said: boxoffice.SeatsSaid{PriceLevel: "1", PriceType: "A", SoldFor: "13.13", Marketplace: "store"},
		}},
	}
}

// give begins a transfer of a seat.
func (s *scene) give(n int) boxoffice.Transfer {
	s.t.Helper()
	got, err := s.office.Give(s.t.Context(), partner("amtx"), giving(s.ticket(seat(n)).Owner, n))
	if err != nil || len(got.Refused) > 0 {
		s.t.Fatalf("Give of seat %d = %+v, %v; want a transfer", n, got.Refused, err)
	}
	return got.Transfer
}

func (s *scene) transfer(key boxoffice.TransferKey) boxoffice.Transfer {
	s.t.Helper()
	got, found, err := s.store.TransferBy(s.t.Context(), key)
	if err != nil || !found {
		s.t.Fatalf("TransferBy(%s) = %t, %v", key, found, err)
	}
	return got
}

func transferIsKept(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), t.Context()
	made := s.give(1)
	made.Version, made.History = 1, []boxoffice.Step{{Op: boxoffice.OpInitiate, By: boxoffice.BySender, At: made.Sent}}
	byID, found, err := s.store.Transfer(ctx, made.ID)
	if diff := cmp.Diff(made, byID); err != nil || !found || diff != "" {
		t.Errorf("Transfer(ID) = %t, %v (-made +read):\n%s", found, err, diff)
	}
	byCode, found, err := s.store.TransferOf(ctx, made.Code)
	if diff := cmp.Diff(made, byCode); err != nil || !found || diff != "" {
		t.Errorf("TransferOf(code) = %t, %v (-made +read):\n%s", found, err, diff)
	}
	if diff := cmp.Diff(made, s.transfer(made.Key)); diff != "" {
		t.Errorf("TransferBy(key) (-made +read):\n%s", diff)
	}
	if strings.Trim(string(made.ID), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" || len(made.ID) != 32 {
		t.Errorf("a transferId is %q; want 32 letters and digits", made.ID)
	}
	for _, lookup := range []func() (boxoffice.Transfer, bool, error){
		func() (boxoffice.Transfer, bool, error) { return s.store.Transfer(ctx, made.ID[1:]+"x") },
		func() (boxoffice.Transfer, bool, error) { return s.store.TransferOf(ctx, made.Code+"1") },
		func() (boxoffice.Transfer, bool, error) { return s.store.TransferBy(ctx, "none") },
	} {
		if got, found, err := lookup(); found || err != nil {
			t.Errorf("an unknown transfer is %+v, %v", got, err)
		}
	}
	// Its id lets anybody accept it, so the database does not show it, and no names.
	for _, secret := range []string{string(made.ID), "ada@example.com", "Buyer"} {
		if n := number(t, s.db, `SELECT COUNT(*) FROM transfer WHERE secret LIKE $1 OR details LIKE $1 OR code LIKE $1`, "%"+secret+"%"); n != 0 {
			t.Errorf("the database shows %q", secret)
		}
	}
}

func transferIsAccepted(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	made, before := s.give(1), s.ticket(seat(1))
	if before.Hold.Kind != boxoffice.HoldTransfer || before.Hold.By != string(made.Key) {
		t.Errorf("the ticket's hold is %+v; want the transfer's", before.Hold)
	}
	got, err := s.office.Accept(t.Context(), partner("other"), boxoffice.AcceptRequest{ID: made.ID, Distributor: "HOME"})
	if err != nil {
		t.Fatalf("Accept = %v", err)
	}
	after := s.ticket(seat(1))
	if after.Owner != got.To || after.Owner == owner || after.Barcode == before.Barcode || after.Hold != (boxoffice.Hold{}) || after.Owned != 2 {
		t.Errorf("the ticket is %+v; want it of %s, free, with another barcode", after, got.To)
	}
	kept := s.transfer(made.Key)
	want := []boxoffice.Step{{Op: boxoffice.OpInitiate, By: boxoffice.BySender, At: made.Sent}, {Op: boxoffice.OpAccept, By: boxoffice.ByRecipient, At: got.Ended}}
	if diff := cmp.Diff(want, kept.History); diff != "" || kept.State != boxoffice.TransferAccepted || kept.To != got.To {
		t.Errorf("the transfer is %+v; history (-want +got):\n%s", kept, diff)
	}
}

// One process completes and one fails; what waited before and after is read as it
// was decided.
func transferProcessIsKept(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), t.Context()
	player := partner("amtx")
	player.Sandbox = true
	for n, want := range []struct {
		id      string
		state   boxoffice.OrderState
		refused []boxoffice.Refusal
	}{
		{"PENDING-1", boxoffice.OrderComplete, nil},
		{"ERROR-1", boxoffice.OrderFailed, []boxoffice.Refusal{{Reason: fault.Of(fault.SandboxRefused)}}},
	} {
		req := giving(owner, n)
		req.ExternalTransferID, req.MayWait, req.CallbackURL = want.id, true, "https://partner.example.com/"
		given, err := s.office.Give(ctx, player, req)
		must(t, "give", err)
		made := given.Transfer.Process
		if made.ID == "" || made.State != boxoffice.OrderPending || !made.CallBack {
			t.Fatalf("the process is %+v; want it pending", made)
		}
		find := func() boxoffice.Transfer {
			got, found, err := s.store.TransferIn(ctx, made.ID)
			if err != nil || !found || got.Key != given.Transfer.Key {
				t.Fatalf("TransferIn = %+v, %t, %v", got, found, err)
			}
			return got
		}
		if diff := cmp.Diff(made, find().Process); diff != "" {
			t.Errorf("the process (-made +read):\n%s", diff)
		}
		for range 2 {
			_, err := s.office.FinishTransfer(ctx, boxoffice.ClaimedTask{Task: boxoffice.Task{Subject: string(given.Transfer.Key)}})
			must(t, "finish", err)
		}
		made.State, made.Refused = want.state, want.refused
		if diff := cmp.Diff(made, find().Process); diff != "" {
			t.Errorf("the process once decided (-want +read):\n%s", diff)
		}
		if n := number(t, s.db, `SELECT COUNT(*) FROM task WHERE kind = 'callback' AND subject = $1`, string(made.ID)); n != 1 {
			t.Errorf("%d callbacks are under way; want 1", n)
		}
	}
	s.give(3) // which has none
	for _, id := range []boxoffice.ProcessID{"", "NONE"} {
		if got, found, err := s.store.TransferIn(ctx, id); found || err != nil {
			t.Errorf("the process %q is of %+v, %v", id, got, err)
		}
	}
}

// Many callers of two processes begin the same transfer under one name, and
// another without a name.
func transferIsBegunOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	named := giving(owner, 1)
	named.ExternalTransferID = "T-1"
	var (
		mu   sync.Mutex
		ids  = map[boxoffice.TransferID]bool{}
		work sync.WaitGroup
	)
	for caller := range 16 {
		office := []*scene{s, beside}[caller%2].office
		req := []boxoffice.TransferRequest{named, giving(owner, 2)}[caller/2%2]
		work.Go(func() {
			got, err := office.Give(background, partner("amtx"), req)
			if err != nil || len(got.Refused) > 0 {
				t.Errorf("Give = %+v, %v; want the transfer", got, err)
			}
			mu.Lock()
			ids[got.Transfer.ID] = true
			mu.Unlock()
		})
	}
	work.Wait()
	if n := number(t, s.db, `SELECT COUNT(*) FROM transfer`); n != 2 || len(ids) != 2 {
		t.Errorf("there are %d transfers, and callers were told of %d; want 2", n, len(ids))
	}
	s.wantNoDeadlock(f, beside)
}

func transferExpiresLate(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	made := s.give(1)
	if claimed := s.claim(boxoffice.TaskExpire, 10); len(claimed) != 0 {
		t.Errorf("claimed %+v; want nothing for seven days", claimed)
	}
	// Eight days go by.
	for _, table := range []string{"transfer SET sent_at = sent_at - 691200000000, expires_at = expires_at - 691200000000", "task SET due_at = due_at - 691200000000"} {
		_, err := s.db.ExecContext(background, "UPDATE "+table)
		must(t, "let time pass", err)
	}
	claimed := s.claim(boxoffice.TaskExpire, 10)
	if len(claimed) != 1 {
		t.Fatalf("claimed %+v; want the transfer's task", claimed)
	}
	for range 2 { // whoever finished may die before the task is dropped
		if again, err := s.office.ExpireTransfer(t.Context(), claimed[0]); again != 0 || err != nil {
			t.Errorf("ExpireTransfer = %v, %v; want it done", again, err)
		}
	}
	if got := s.transfer(made.Key); got.State != boxoffice.TransferExpired || len(got.History) != 2 {
		t.Errorf("the transfer is %+v; want it expired", got)
	}
	if got := s.ticket(seat(1)); got.Hold != (boxoffice.Hold{}) || got.Owner != owner {
		t.Errorf("the ticket is %+v; want it free", got)
	}
}

func historyStays(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.give(1)
	for _, statement := range []string{`UPDATE transfer_step SET at = 0`, `DELETE FROM transfer_step`} {
		if _, err := s.db.ExecContext(background, statement); err == nil || !strings.Contains(err.Error(), "only added to") {
			t.Errorf("%s = %v; want a refusal", statement, err)
		}
	}
}

func seatsAreFound(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	_, err := s.db.ExecContext(background, `UPDATE ticket SET void = true WHERE token = $1`, string(seat(25)))
	must(t, "make a ticket void", err)
	row := boxoffice.SeatRow{Event: game, Section: "U:1", Row: "1"}
	view, err := s.store.Seats(t.Context(), []boxoffice.SeatRow{row, row, {Event: game, Section: "U:2", Row: "1"}, {Event: "none", Section: "U:1", Row: "1"}})
	if err != nil || len(view.Tickets) != 19 || view.Events[game].ID != game {
		t.Errorf("Seats = %d tickets, %v; want the 19 of the row that are not void, and their event", len(view.Tickets), err)
	}
	if _, ok := view.Tickets[seat(25)]; ok {
		t.Error("Seats gave a ticket that is void")
	}
}

// Races runs the races of the contract's clause for so many rounds, and wants
// each side to win 5 % of them.
func Races(t *testing.T, f Fixture, rounds int) { races(t, f, rounds) }

// races has two processes try at once what only one of them can do, and wants
// one of them to win, and the other to be told why not.
func races(t *testing.T, f Fixture, rounds int) {
	s := enter(t, f, Options{})
	beside := at(t, f, f.Beside(t, s.store, Options{}))
	accept := func(office *boxoffice.Office, made boxoffice.Transfer) (bool, error) {
		_, err := office.Accept(background, partner("amtx"), boxoffice.AcceptRequest{ID: made.ID, Distributor: "HOME"})
		return err == nil, err
	}
	cancel := func(office *boxoffice.Office, made boxoffice.Transfer) (bool, error) {
		_, err := office.Cancel(background, partner("amtx"), boxoffice.CancelRequest{Code: made.Code})
		return err == nil, err
	}
	// As a clerk does, as soon as it may.
	expire := func(office *boxoffice.Office, made boxoffice.Transfer) (bool, error) {
		task := boxoffice.ClaimedTask{Task: boxoffice.Task{Subject: string(made.Key)}}
		for {
			if again, err := office.ExpireTransfer(background, task); again == 0 || err != nil {
				return s.transfer(made.Key).State == boxoffice.TransferExpired, err
			}
		}
	}
	tellsWhy := func(err error) bool { return err != nil && strings.Contains(err.Error(), "not pending: it is") }
	for _, race := range []struct {
		name        string
		soon        bool // the transfer is about to expire
		left, right func(*boxoffice.Office, boxoffice.Transfer) (bool, error)
	}{
		{"accept against cancel", false, accept, cancel},
		{"accept against expiry", true, accept, expire},
	} {
		wins := [2]int{}
		for n := range rounds {
			made := s.give(n % seats)
			if race.soon {
				// Now, or some milliseconds from now: an accept takes a few.
				_, err := s.db.ExecContext(background, `UPDATE transfer SET expires_at = $2 WHERE key = $1`,
					string(made.Key), time.Now().Add(time.Duration(n%16)*time.Millisecond).UnixMicro())
				must(t, "move the end", err)
			}
			won, errs := both(
				func() (bool, error) { return race.left([]*scene{s, beside}[n%2].office, made) },
				func() (bool, error) { return race.right([]*scene{beside, s}[n%2].office, made) })
			if won[0] == won[1] {
				t.Fatalf("%s, round %d: won %v, %v; want one winner", race.name, n, won, errs)
			}
			for i := range won {
				if won[i] {
					wins[i]++
				} else if errs[i] != nil && !tellsWhy(errs[i]) || errs[i] == nil && !race.soon {
					t.Fatalf("%s, round %d: the loser was told %v; want why", race.name, n, errs[i])
				}
			}
		}
		wantBothToWin(t, race.name, wins, rounds)
	}
	wins := [2]int{}
	for n := range rounds {
		from := s.ticket(seat(n % seats)).Owner
		var made boxoffice.Transfer
		won, errs := both(func() (bool, error) {
			got, err := beside.office.Give(background, partner("amtx"), giving(from, n%seats))
			made = got.Transfer
			return err == nil && len(got.Refused) == 0, err
		}, func() (bool, error) {
			for range n % 8 { // a transfer looks for its seats first, so a lock that looked at nothing would always be ahead
				if _, err := s.store.Tickets(background, []boxoffice.Token{seat(n % seats)}); err != nil {
					return false, err
				}
			}
			got, err := s.office.Lock(background, partner("amtx"), locking(seat(n%seats)))
			return err == nil && len(got.Refused) == 0, err
		})
		if won[0] == won[1] || errs[0] != nil || errs[1] != nil {
			t.Fatalf("initiate against lock, round %d: won %v, %v; want one winner and a reason for the other", n, won, errs)
		}
		if won[0] {
			wins[0]++
			_, err := s.office.Cancel(background, partner("amtx"), boxoffice.CancelRequest{Code: made.Code})
			must(t, "cancel", err)
			continue
		}
		wins[1]++
		_, err := s.office.Unlock(background, partner("amtx"), []boxoffice.Token{seat(n % seats)})
		must(t, "unlock", err)
	}
	wantBothToWin(t, "initiate against lock", wins, rounds)
	s.wantNoDeadlock(f, beside)
}

// both runs two functions at once.
func both(left, right func() (bool, error)) (won [2]bool, errs [2]error) {
	var work sync.WaitGroup
	start := make(chan struct{})
	for i, side := range []func() (bool, error){left, right} {
		work.Go(func() {
			<-start
			for {
				// As a partner does: nothing was done, so ask again.
				if won[i], errs[i] = side(); !errors.Is(errs[i], fault.Busy) {
					return
				}
			}
		})
	}
	close(start)
	work.Wait()
	return won, errs
}

// wantBothToWin wants each side to have won 5 % of the rounds, of so many that
// chance does not decide about it.
func wantBothToWin(t *testing.T, race string, wins [2]int, rounds int) {
	t.Helper()
	t.Logf("%s: %d rounds, %d to %d", race, rounds, wins[0], wins[1])
	const enough, least = 200, 20 // one in twenty
	if rounds >= enough && min(wins[0], wins[1])*least < rounds {
		t.Errorf("%s: %d to %d of %d rounds; want each side to win 5 %%", race, wins[0], wins[1], rounds)
	}
}

func transferIsTold(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), t.Context()
	made := s.give(1)
	before, err := s.store.Given(ctx, made)
	if err != nil || len(before.Tickets) != 1 || len(before.Events) != 1 || before.Organization.ID != home || before.Now.IsZero() {
		t.Errorf("Given = %+v, %v; want the ticket, its event and its organization", before, err)
	}
	if diff := cmp.Diff(s.ticket(seat(1)), before.Tickets[seat(1)]); diff != "" {
		t.Errorf("the ticket (-want +got):\n%s", diff)
	}
	if before.From.LastName != "Owner" || !cmp.Equal(before.To, boxoffice.Contact{}) {
		t.Errorf("the parties are %+v and %+v; want the owner and nobody yet", before.From, before.To)
	}
	accepted, err := s.office.Receive(ctx, boxoffice.AcceptRequest{ID: made.ID})
	must(t, "receive a transfer", err)
	after, err := s.store.Given(ctx, accepted)
	if diff := cmp.Diff(mailed("ada@example.com"), after.To); err != nil || diff != "" || after.From.LastName != "Owner" {
		t.Errorf("Given of an accepted one: from %+v, %v, to (-want +got):\n%s", after.From, err, diff)
	}
}
