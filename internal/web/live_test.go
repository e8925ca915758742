package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
)

// A liveJournal is a journal in memory, of which first is the oldest row that is kept.
type liveJournal struct {
	mu    sync.Mutex
	first int64
	rows  []*push.Entry
	grown chan struct{}
	asked int
}

func (j *liveJournal) Epoch() int64 { return 2 }

func (j *liveJournal) Newest(context.Context) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return int64(len(j.rows)), nil
}

func (j *liveJournal) Rows(_ context.Context, after int64, limit int) ([]*push.Entry, <-chan struct{}, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.asked++; after < j.first-1 {
		return nil, nil, fault.ResyncRequired
	}
	rows := j.rows[min(after, int64(len(j.rows))):]
	return rows[:min(limit, len(rows))], j.grown, nil
}

func (j *liveJournal) write(changes ...boxoffice.Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range changes {
		c.Position = int64(len(j.rows)) + 1
		if c.Entity == "" {
			c.Entity, c.Organization = boxoffice.Seats, adaAccount.Organization
		}
		j.rows = append(j.rows, &push.Entry{Change: c})
	}
	close(j.grown)
	j.grown = make(chan struct{})
}

// liveChange is a row of a seat that went from one standing to another.
func liveChange(seat string, before, after boxoffice.Standing) boxoffice.Change {
	return boxoffice.Change{Subject: seat, Before: before, After: after}
}

var (
	liveAda    = boxoffice.Standing{Owner: adaAccount.Patron}
	liveBob    = boxoffice.Standing{Owner: "bob"}
	liveLocked = boxoffice.Standing{Owner: adaAccount.Patron, Hold: boxoffice.HoldLock, By: "row"}
)

// A liveScene is a site whose lines tests listen to. It belongs into a bubble.
type liveScene struct {
	*accountScene
	journal *liveJournal
	leaving chan struct{}
}

func newLiveScene(t *testing.T) *liveScene {
	t.Helper()
	s := &liveScene{newAccountScene(t), &liveJournal{grown: make(chan struct{})}, make(chan struct{})}
	s.open(Options{Accounts: s.book, Changes: s.journal, Leaving: s.leaving})
	s.signIn("")
	return s
}

// A liveEar is what one line has said, and how it was opened.
type liveEar struct {
	mu     sync.Mutex
	header http.Header
	status int
	said   bytes.Buffer
	hangUp context.CancelFunc
	over   bool
}

func (e *liveEar) Header() http.Header    { return e.header }
func (e *liveEar) WriteHeader(status int) { e.status = status }
func (e *liveEar) Flush()                 {}
func (e *liveEar) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.said.Write(b)
}

// heard is what was said since it was last asked, after all have had their turn.
func (e *liveEar) heard() string {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.said.Reset()
	return e.said.String()
}

func (s *liveScene) listen(query, last string) *liveEar {
	ctx, hangUp := context.WithCancel(s.t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", livePath+query, http.NoBody)
	if s.cookie != nil {
		r.AddCookie(s.cookie)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	e := &liveEar{header: http.Header{}, hangUp: hangUp}
	s.t.Cleanup(hangUp)
	go func() {
		s.site.ServeHTTP(e, r)
		e.mu.Lock()
		e.over = true
		e.mu.Unlock()
	}()
	synctest.Wait()
	return e
}

func (e *liveEar) ended() bool {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.over
}

func TestALineTellsOfOnesOwnSeats(t *testing.T) {
	used, void, closed := liveAda, liveAda, liveAda
	used.Hold, void.Void, closed.Closed = boxoffice.HoldGate, true, true
	for _, tt := range []struct {
		name string
		rows []boxoffice.Change
		want string // "" is nothing
	}{
		{"locked", []boxoffice.Change{liveChange("T1", liveAda, liveLocked)}, `seats: [{"seat":"T1","state":"locked","words":"on sale"}]`},
		{"given back", []boxoffice.Change{liveChange("T1", liveLocked, liveAda)}, `seats: [{"seat":"T1","state":"free","words":""}]`},
		{"sold", []boxoffice.Change{liveChange("T1", liveLocked, liveBob)}, `seats: [{"seat":"T1","state":"gone","words":"no longer yours: sold or given"}]`},
		{"used", []boxoffice.Change{liveChange("T1", liveAda, used)}, `seats: [{"seat":"T1","state":"used","words":"used"}]`},
		{"withdrawn", []boxoffice.Change{liveChange("T1", liveAda, void)}, `seats: [{"seat":"T1","state":"void","words":"no longer valid"}]`},
		{"locked and given back and another locked", []boxoffice.Change{liveChange("T1", liveAda, liveLocked), liveChange("T2", liveAda, liveLocked), liveChange("T1", liveLocked, liveAda)}, `seats: [{"seat":"T2","state":"locked","words":"on sale"},{"seat":"T1","state":"free","words":""}]`},
		{"bought", []boxoffice.Change{liveChange("T9", liveBob, liveAda)}, `anew: {}`},
		{"an event that closes", []boxoffice.Change{liveChange("T1", liveAda, closed)}, `anew: {}`},
		{"an event that opens", []boxoffice.Change{liveChange("T1", closed, liveAda)}, `anew: {}`},
		{"somebody else's", []boxoffice.Change{liveChange("T1", liveBob, boxoffice.Standing{Owner: "bob", Hold: boxoffice.HoldLock})}, ""},
		{"nobody's", []boxoffice.Change{liveChange("T1", boxoffice.Standing{}, boxoffice.Standing{Hold: boxoffice.HoldVenue})}, ""},
		{"the same patron's id with another organization", []boxoffice.Change{{Entity: boxoffice.Seats, Organization: 1, Subject: "T1", Before: liveAda, After: liveLocked}}, ""},
		{"an event's own row", []boxoffice.Change{{Entity: boxoffice.Events, Organization: 999, Subject: "999:F:1", Before: liveAda, After: liveLocked}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newLiveScene(t)
				e := s.listen("?after=2-0", "")
				if first := e.heard(); e.status != 200 || e.header.Get("Content-Type") != "text/event-stream" || first != "id: 2-0\nevent: beat\ndata: {}\n\n" {
					t.Fatalf("%d %v %s", e.status, e.header, first)
				}
				s.journal.write(tt.rows...)
				want := ""
				if event, data, told := strings.Cut(tt.want, ": "); told {
					want = fmt.Sprintf("id: 2-%d\nevent: %s\ndata: %s\n\n", len(tt.rows), event, data)
				}
				if got := e.heard(); got != want {
					t.Errorf("the line says %q, want %q", got, want)
				}
				e.hangUp()
			})
		})
	}
}

func TestALineGoesOnWhereItEnded(t *testing.T) {
	lock := liveChange("T1", liveAda, liveLocked)
	told := `data: [{"seat":"T1","state":"locked","words":"on sale"}]`
	for _, tt := range []struct {
		name, query, last string
		before            int // rows of others
		want              string
	}{
		{"from where the page was made", "?after=2-0", "", 0, told},
		{"from where the line ended, whatever the page says", "?after=2-1", "2-0", 0, told},
		{"knows it already", "?after=2-1", "", 0, "beat"},
		{"many rows behind", "?after=2-0", "", lineBehind - 1, told},
		{"too many rows behind", "?after=2-0", "", lineBehind, "anew"},
		{"before a backup was restored", "?after=1-0", "", 0, "anew"},
		{"from ahead of the journal", "?after=2-99", "", 0, "anew"},
		{"from nowhere", "", "", 0, "anew"},
		{"from words", "?after=x", "2-y", 0, "anew"},
		{"from before the journal", "?after=2--5", "", 0, "anew"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newLiveScene(t)
				var changes []boxoffice.Change
				for range tt.before {
					changes = append(changes, liveChange("X", liveBob, liveBob))
				}
				s.journal.write(append(changes, lock)...)
				e := s.listen(tt.query, tt.last)
				livePass(time.Duration(tt.before/lineRows+1) * linePace)
				said := e.heard()
				if !strings.Contains(said, tt.want) || tt.want != told && strings.Contains(said, told) {
					t.Errorf("it says %s, want %s", said, tt.want)
				}
				if at := fmt.Sprintf("id: 2-%d\n", tt.before+1); !strings.Contains(said, at) {
					t.Errorf("it goes on from %s, want %s", said, at)
				}
				e.hangUp()
			})
		})
	}
}

// Whoever reads more slowly than rows are kept looks anew.
func TestALineLooksAnewWhereRowsAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLiveScene(t)
		s.journal.write(make([]boxoffice.Change, 9)...)
		s.journal.first = 5
		e := s.listen("?after=2-1", "")
		if said := e.heard(); !strings.Contains(said, "id: 2-9\nevent: anew") {
			t.Errorf("it says %s", said)
		}
		e.hangUp()
	})
}

func TestALineEndsWithTheVisit(t *testing.T) {
	for name, end := range map[string]func(s *liveScene){
		"signed out":       func(s *liveScene) { s.signOut() },
		"12 hours idle":    func(s *liveScene) { s.now = s.now.Add(12 * time.Hour) },
		"another password": func(s *liveScene) { s.visits.patrons[0].PasswordHash = accountHashOf(s.t, "another horse") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newLiveScene(t)
				quiet, told := s.listen("?after=2-0", ""), s.listen("?after=2-0", "")
				for _, e := range []*liveEar{quiet, told} {
					e.heard()
				}
				livePass(2 * time.Second)
				end(s)
				s.journal.write(liveChange("T1", liveAda, liveLocked))
				if said := told.heard(); strings.Contains(said, "T1") || !strings.Contains(said, "event: over") || !told.ended() {
					t.Errorf("with something to tell, the line says %s", said)
				}
				livePass(lineBeat)
				if !quiet.ended() {
					t.Error("a line with nothing to tell goes on")
				}
				if e := s.listen("?after=2-0", ""); e.status != 401 || !e.ended() {
					t.Errorf("a line of nobody is %d", e.status)
				}
			})
		})
	}
}

// A page that is left open does not keep its visit: KeepVisit would panic.
func TestALineLivesAndHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLiveScene(t)
		s.now = s.now.Add(time.Hour)
		e := s.listen("?after=2-0", "")
		e.heard()
		livePass(time.Minute)
		if n := strings.Count(e.heard(), "event: beat"); n != 4 {
			t.Errorf("in a minute it beats %d times, want 4", n)
		}
		livePass(lineLife)
		if !e.ended() {
			t.Error("it has no end")
		}
		e = s.listen("?after=2-0", "")
		close(s.leaving)
		if !e.ended() {
			t.Error("it goes on after the server left")
		}
	})
}

func TestLinesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLiveScene(t)
		var open []*liveEar
		for range linesOfVisit {
			open = append(open, s.listen("?after=2-0", ""))
		}
		if e := s.listen("?after=2-0", ""); e.status != 503 || e.header.Get("Retry-After") == "" || !e.ended() {
			t.Errorf("one too many is %d %v", e.status, e.header)
		}
		open[0].hangUp()
		synctest.Wait()
		if e := s.listen("?after=2-0", ""); e.status != 200 {
			t.Errorf("after another has ended it is %d", e.status)
		}
	})
	l := newLines(&liveJournal{}, nil)
	for i := range linesOfProcess {
		if !l.take(fmt.Sprint(i)) {
			t.Fatalf("line %d is refused", i)
		}
	}
	if l.take("another") {
		t.Error("a process has lines without bound")
	}
	for i := range linesOfProcess {
		l.give(fmt.Sprint(i))
	}
	if l.open != 0 || len(l.visits) != 0 {
		t.Errorf("of closed lines %d and %d are left", l.open, len(l.visits))
	}
}

// A busy house wakes a line five times a second, and asks nothing of the database.
func TestALineKeepsItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLiveScene(t)
		e := s.listen("?after=2-0", "")
		s.journal.asked = 0
		for range 1_000 {
			s.journal.write(liveChange("X", liveBob, liveBob))
			livePass(time.Millisecond)
		}
		e.hangUp()
		synctest.Wait()
		if s.journal.asked > 8 {
			t.Errorf("in a second it looked %d times", s.journal.asked)
		}
	})
}

func TestAPageIsToldWhereToListen(t *testing.T) {
	s := newLiveScene(t)
	s.journal.write(make([]boxoffice.Change, 7)...)
	for _, path := range []string{accountPath, listingsPath, listingsPath + "/L1"} {
		w := s.ask(path, nil)
		if !strings.Contains(w.Body.String(), `data-live="/myaccount/live?after=2-7"`) || !strings.Contains(w.Body.String(), liveScript.path) ||
			!strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'; ") || !strings.HasSuffix(w.Header().Get("Content-Security-Policy"), "; script-src 'self'; connect-src 'self'") {
			t.Errorf("%s: %v\n%s", path, w.Header(), w.Body)
		}
	}
	for _, path := range []string{signInPath, listingsPath + "/L2"} {
		if w := s.ask(path, nil); strings.Contains(w.Body.String(), "<script") || strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src") {
			t.Errorf("%s: %v\n%s", path, w.Header(), w.Body)
		}
	}
	for _, one := range scripts {
		w := s.ask(one.path, nil)
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", one.path, w.Code, w.Header())
		}
		for _, word := range []string{"eval(", "innerHTML", "Function(", "http:", "https:"} {
			if strings.Contains(w.Body.String(), word) {
				t.Errorf("%s has %s", one.path, word)
			}
		}
	}
	s.site = New(nil, nil, addresses(t), Options{Lobby: s.lobby, Accounts: s.book})
	if w := s.ask(livePath, nil); w.Code != 404 {
		t.Errorf("without a journal the line is %d", w.Code)
	}
	if w := s.ask(livePath, map[string][]string{}); w.Code != 405 {
		t.Errorf("a POST to the line is %d", w.Code)
	}
}

// livePass lets time pass in the bubble.
func livePass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
