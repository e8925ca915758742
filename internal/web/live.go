package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
)

// Changes are the journal as it grows, which a process reads once for all who follow it
// (push.Feed). They are asked by many goroutines at once.
type Changes interface {
	// Epoch is what positions are of.
	Epoch() int64
	// Newest is the position of the newest row.
	Newest(ctx context.Context) (int64, error)
	// Rows are those after a position; the channel is closed when there may be more.
	Rows(ctx context.Context, after int64, limit int) ([]*push.Entry, <-chan struct{}, error)
}

const (
	livePath = accountPath + "/live"

	// linesOfProcess bounds the pages of a process that hear of changes.
	linesOfProcess = 1_000
	// linesOfVisit bounds those of one visit: a browser has six connections to a site that
	// does not speak HTTP/2, and two are left for pages.
	linesOfVisit = 4
	// lineRows is how many rows are looked at in one go.
	lineRows = 2_000
	// lineBehind is how far behind somebody may come back and still be told seat by
	// seat.
	lineBehind = 5 * lineRows
	// lineSeats is how many seats one message has; whoever has more looks anew.
	lineSeats = 500
	// linePace is how often a line looks for rows at most, in a busy house.
	linePace = 200 * time.Millisecond
	// lineBeat is how often a line that has nothing to say shows that it lives, and
	// that it still may.
	lineBeat = 15 * time.Second
	// lineChecked is how long a line may speak before it looks again whether it still may.
	lineChecked = time.Second
	// lineWrite is what a browser has to take one message.
	lineWrite = 10 * time.Second
	// lineLife ends a line: the browser comes back with Last-Event-ID and misses nothing.
	lineLife = 15 * time.Minute
)

// lines are the open ends of MyAccount's pages: server-sent events about the visitor's
// own seats. They follow the process's one tail of the journal, and ask the database
// nothing about what they tell.
type lines struct {
	changes Changes
	leaving <-chan struct{}

	mu     sync.Mutex
	open   int
	visits map[string]int // by secret
}

func newLines(changes Changes, leaving <-chan struct{}) *lines {
	return &lines{changes: changes, leaving: leaving, visits: map[string]int{}}
}

// take reserves a line for a visit; false says that there are too many.
func (l *lines) take(visit string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= linesOfProcess || l.visits[visit] >= linesOfVisit {
		return false
	}
	l.open++
	l.visits[visit]++
	return true
}

func (l *lines) give(visit string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.visits[visit]--; l.visits[visit] == 0 {
		delete(l.visits, visit)
	}
}

// place is a position as a browser keeps it.
func (l *lines) place(position int64) string {
	return strconv.FormatInt(l.changes.Epoch(), 10) + "-" + strconv.FormatInt(position, 10)
}

// begin is where a line goes on from; false where it cannot tell what was missed.
func (l *lines) begin(ctx context.Context, place string) (position int64, ok bool, err error) {
	newest, err := l.changes.Newest(ctx)
	if err != nil {
		return 0, false, err
	}
	at, ok := l.positionOf(place)
	if !ok || at < 0 || at > newest || newest-at > lineBehind {
		return newest, false, nil
	}
	return at, true, nil
}

// positionOf reads a place of this epoch.
func (l *lines) positionOf(place string) (position int64, ok bool) {
	epoch, after, _ := strings.Cut(place, "-")
	at, err := strconv.ParseInt(after, 10, 64)
	return at, err == nil && epoch == strconv.FormatInt(l.changes.Epoch(), 10)
}

// followed has a page hear of what changes from before it was made. Where that is not
// known just now, the page goes out without.
func (s *site) followed(act func(*http.Request, visitor) (page, error)) func(*http.Request, visitor) (page, error) {
	return func(r *http.Request, v visitor) (page, error) {
		if s.lines.changes == nil {
			return act(r, v)
		}
		newest, unknown := s.lines.changes.Newest(r.Context())
		p, err := act(r, v)
		if unknown == nil && err == nil && p.Account != nil {
			p.Live = livePath + "?after=" + s.lines.place(newest)
			p.Scripts = append(p.Scripts, liveScript.path)
		}
		return p, err
	}
}

// live tells a page what becomes of the visitor's seats.
func (s *site) live(w http.ResponseWriter, r *http.Request) {
	secret := s.secretOf(r)
	first, done := context.WithTimeout(r.Context(), patience)
	defer done()
	who, err := s.lobby.StillIn(first, secret)
	if err == nil && s.lines.changes == nil {
		err = fault.PathUnknown
	}
	if err != nil {
		s.write(w, r, lineRefused(err))
		return
	}
	if !s.lines.take(secret) {
		s.write(w, r, lineRefused(fault.Busy))
		return
	}
	defer s.lines.give(secret)
	place := r.Header.Get("Last-Event-ID")
	if place == "" {
		place = r.URL.Query().Get("after")
	}
	at, known, err := s.lines.begin(first, place)
	if err != nil {
		s.write(w, r, lineRefused(err))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	ctx, end := context.WithTimeout(r.Context(), lineLife)
	defer end()
	open := &openLine{
		lines: s.lines, w: w, flush: http.NewResponseController(w), at: at, accounts: who.Accounts(), checked: time.Now(),
		still: func(ctx context.Context) (boxoffice.Visitor, error) { return s.lobby.StillIn(ctx, secret) },
	}
	err = open.run(ctx, known)
	if errors.Is(err, boxoffice.ErrSignedOut) {
		_ = open.write("over", "{}")
	}
}

func lineRefused(err error) page {
	switch {
	case errors.Is(err, boxoffice.ErrSignedOut):
		return messagePage(http.StatusUnauthorized, "You are signed out", "Sign in at "+signInPath+".")
	case errors.Is(err, fault.PathUnknown):
		return nothingPage()
	}
	return failurePage(err)
}

// An openLine is one page that hears of changes.
type openLine struct {
	*lines

	w        http.ResponseWriter
	flush    *http.ResponseController
	at       int64 // the position up to which the page knows
	accounts []boxoffice.Account
	checked  time.Time // when the visit was last looked at
	still    func(context.Context) (boxoffice.Visitor, error)
}

// A liveSeat is a seat as a page hears of it.
type liveSeat struct {
	Seat  boxoffice.Token `json:"seat"`
	State string          `json:"state"`
	Words string          `json:"words"` // "" is what the page knows for when nobody holds it
}

// errGone is a browser that has left.
var errGone = errors.New("the browser is gone")

// run speaks until ctx ends, the server leaves, the browser goes or the visit ends.
func (l *openLine) run(ctx context.Context, known bool) error {
	event, data := "beat", "{}"
	if !known {
		event = "anew"
	}
	if err := l.write(event, data); err != nil {
		return err
	}
	beat := time.NewTicker(lineBeat)
	defer beat.Stop()
	for {
		entries, grown, err := l.changes.Rows(ctx, l.at, lineRows)
		if errors.Is(err, fault.ResyncRequired) {
			if l.at, err = l.changes.Newest(ctx); err == nil {
				err = l.say(ctx, "anew", "{}")
			}
		}
		if err != nil { // the browser comes back
			return err
		}
		if len(entries) > 0 {
			if err := l.tell(ctx, entries); err != nil {
				return err
			}
			if err := l.rest(ctx, nil, linePace, beat); err != nil {
				return err
			}
			continue
		}
		if err := l.rest(ctx, grown, 0, beat); err != nil {
			return err
		}
	}
}

// rest waits for rows, or for as long as it is told, and shows meanwhile that it lives.
func (l *openLine) rest(ctx context.Context, grown <-chan struct{}, pause time.Duration, beat *time.Ticker) error {
	var over <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		over = timer.C
	}
	for {
		select {
		case <-grown:
			return nil
		case <-over:
			return nil
		case <-beat.C:
			if err := l.say(ctx, "beat", "{}"); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-l.leaving:
			return errGone
		}
	}
}

// tell says what rows mean to the visitor, if anything.
func (l *openLine) tell(ctx context.Context, entries []*push.Entry) error {
	var seats []liveSeat
	anew := false
	for _, e := range entries {
		seat, moved, mine := l.hear(&e.Change)
		anew = anew || moved
		if mine {
			seats = slices.DeleteFunc(seats, func(s liveSeat) bool { return s.Seat == seat.Seat })
			seats = append(seats, seat)
		}
	}
	l.at = entries[len(entries)-1].Position
	switch {
	case anew || len(seats) > lineSeats:
		return l.say(ctx, "anew", "{}")
	case len(seats) > 0:
		text, err := json.Marshal(seats)
		if err != nil {
			return err
		}
		return l.say(ctx, "seats", string(text))
	}
	return nil
}

// hear is what a row says of a seat of the visitor's. What moves is not told by a
// state alone: a seat that is new here, or an event that opened or closed.
func (l *openLine) hear(c *boxoffice.Change) (seat liveSeat, moved, mine bool) {
	if c.Entity != boxoffice.Seats {
		return liveSeat{}, false, false
	}
	had, has := l.owns(c.Organization, c.Before.Owner), l.owns(c.Organization, c.After.Owner)
	switch {
	case !had && !has:
		return liveSeat{}, false, false
	case !has:
		return liveSeat{boxoffice.Token(c.Subject), "gone", "no longer yours: sold or given"}, false, true
	case !had || c.Before.Closed != c.After.Closed || c.After.Closed:
		return liveSeat{}, true, false
	}
	state := boxoffice.StateAt(c.After)
	seat = liveSeat{boxoffice.Token(c.Subject), string(state), stateWords[state]}
	if state == boxoffice.HoldingFree {
		seat.Words = ""
	}
	return seat, false, true
}

func (l *openLine) owns(org access.OrganizationID, owner boxoffice.PatronID) bool {
	return owner != "" && slices.Contains(l.accounts, boxoffice.Account{Organization: org, Patron: owner})
}

// say writes to a visitor who is still signed in.
func (l *openLine) say(ctx context.Context, event, data string) error {
	if time.Since(l.checked) >= lineChecked {
		who, err := l.still(ctx)
		if err != nil {
			return err
		}
		l.accounts, l.checked = who.Accounts(), time.Now()
	}
	return l.write(event, data)
}

func (l *openLine) write(event, data string) error {
	_ = l.flush.SetWriteDeadline(time.Now().Add(lineWrite)) // of a recorder in a test there is none
	_, err := l.w.Write([]byte("id: " + l.place(l.at) + "\nevent: " + event + "\ndata: " + data + "\n\n"))
	if err != nil || l.flush.Flush() != nil {
		return errGone
	}
	return nil
}
