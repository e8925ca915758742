package push

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// steps tell the life of seats in few letters: a seat, how it stands after, such
// as "A lock" or "A sold".
func stepsOf(first int64, steps ...string) []*Entry {
	known := map[string]boxoffice.Standing{}
	var entries []*Entry
	for i, step := range steps {
		seat, what, _ := strings.Cut(step, " ")
		before := known[seat]
		if before.Owner == "" {
			before.Owner = "1"
		}
		after := boxoffice.Standing{Owner: before.Owner}
		switch what {
		case "lock":
			after.Hold, after.By = boxoffice.HoldLock, "other"
		case "ours":
			after.Hold, after.By = boxoffice.HoldLock, "amtx"
		case "sold":
			after.Owner = before.Owner + "1"
		case "sold-held":
			after.Owner, after.Hold = before.Owner+"1", boxoffice.HoldVenue
		}
		known[seat] = after
		entries = append(entries, newEntry(boxoffice.Change{
			Position: first + int64(i), Organization: 999, Entity: boxoffice.Seats, Subject: "T" + seat, Event: "999:F23:F01",
			Section: "ES:9", Row: "30", Seat: seat, Before: before, After: after,
		}))
	}
	return entries
}

var seatsOf999 = Topic{999, boxoffice.Seats}

// said is what a message says, shortly.
func said(m *Message) string {
	var all []string
	for i := range m.elements {
		for words := range m.elements[i].said {
			text := string(words(nil))
			_, seat, _ := strings.Cut(text, `"seat":"`)
			seat, _, _ = strings.Cut(seat, `"`)
			status := "UNLOCK"
			if strings.Contains(text, `"LOCK"`) {
				status = "LOCK"
			}
			all = append(all, seat+" "+status)
		}
	}
	return strings.Join(all, ", ")
}

func TestRowsOfASeatAreMergedUnlessItsOwnerChanged(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps []string
		want  string
	}{
		{"one lock", []string{"A lock"}, "A LOCK"},
		{"lock and unlock are the newest", []string{"A lock", "A free"}, "A UNLOCK"},
		{"lock, unlock and lock", []string{"A lock", "A free", "A lock"}, "A LOCK"},
		{"its own locks are not there", []string{"A ours", "B lock", "A free"}, "B LOCK"},
		{"a sale is lock, then unlock", []string{"A sold"}, "A LOCK, A UNLOCK"},
		{"a lock before a sale is said once", []string{"A lock", "A sold"}, "A LOCK, A UNLOCK"},
		{"what follows a sale is merged with it", []string{"A sold", "A lock"}, "A LOCK"},
		{"and so is what follows that", []string{"A sold", "A lock", "A free"}, "A LOCK, A UNLOCK"},
		{"two sales are not one", []string{"A sold", "A sold"}, "A LOCK, A UNLOCK, A LOCK, A UNLOCK"},
		{"an unlock before a sale stays before it", []string{"A lock", "A free", "A sold"}, "A UNLOCK, A LOCK, A UNLOCK"},
		{"sold and kept back", []string{"A sold-held"}, "A LOCK"},
		{"seats stand as they are first mentioned", []string{"A lock", "B lock", "A free"}, "A UNLOCK, B LOCK"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDraft(seatsOf999, View{Channel: "amtx"}, 1, MostSeats)
			for _, e := range stepsOf(7, tt.steps...) {
				if !d.add(e) {
					t.Fatalf("add(%d) = false; want room for it", e.Position)
				}
			}
			if got := said(&d.Message); got != tt.want || d.Sequence != 6+int64(len(tt.steps)) || d.Size() != d.size {
				t.Errorf("%v say %s, sequence %d, size %d, counted %d; want %s", tt.steps, got, d.Sequence, d.Size(), d.size, tt.want)
			}
		})
	}
}

func TestAMessageEndsBeforeTheRowThatIsTooMuch(t *testing.T) {
	for _, tt := range []struct {
		name  string
		most  int
		steps []string
		want  string
		last  int64
	}{
		{"the third seat is too much", 2, []string{"A lock", "B lock", "C lock"}, "A LOCK, B LOCK", 2},
		{"a sale has two", 2, []string{"A lock", "B sold"}, "A LOCK", 1},
		{"a seat that is there may change", 2, []string{"A lock", "B lock", "A free", "C lock"}, "A UNLOCK, B LOCK", 3},
		{"silent rows belong to it", 1, []string{"A lock", "B ours", "C lock"}, "A LOCK", 2},
		{"one that is too much alone goes alone", 1, []string{"A sold", "B lock"}, "A LOCK, A UNLOCK", 1},
		{"and grows no more", 1, []string{"A sold", "A sold"}, "A LOCK, A UNLOCK", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDraft(seatsOf999, View{Channel: "amtx"}, 1, tt.most)
			for _, e := range stepsOf(1, tt.steps...) {
				if !d.add(e) {
					break
				}
			}
			if got := said(&d.Message); got != tt.want || d.Sequence != tt.last {
				t.Errorf("%v say %s, sequence %d; want %s, %d", tt.steps, got, d.Sequence, tt.want, tt.last)
			}
		})
	}
}

func TestTheBodyIsTheContracts(t *testing.T) {
	d := newDraft(seatsOf999, View{Channel: "amtx"}, 3, MostSeats)
	for _, e := range stepsOf(40, "25 lock", `2"6 sold`) {
		d.add(e)
	}
	const seat = `{"accessId":"999:F23:F01","season":"F23","item":"F01","section":"ES:9","row":"30","seat":%s,"status":%q}`
	want := `{"data":{"seats":[` + fmt.Sprintf(seat, `"25"`, "LOCK") + "," + fmt.Sprintf(seat, `"2\"6"`, "LOCK") + "," + fmt.Sprintf(seat, `"2\"6"`, "UNLOCK") +
		`]},"metadata":{"messageEntity":"seats","pacOrganizationId":999,"requestId":"999-seats-3-41"}}`
	if got := string(d.Body()); got != want {
		t.Errorf("Body() =\n%s; want\n%s", got, want)
	}
}

func TestAMessageSplitsInTheOrderOfItsLastRows(t *testing.T) {
	d := newDraft(seatsOf999, View{Channel: "amtx"}, 1, MostSeats)
	for _, e := range stepsOf(1, "A lock", "B sold", "A free") {
		d.add(e)
	}
	var got []string
	for _, m := range d.split() {
		got = append(got, fmt.Sprintf("%s at %d", said(&m), m.Sequence))
	}
	if want := []string{"B LOCK, B UNLOCK at 2", "A UNLOCK at 3"}; !slices.Equal(got, want) {
		t.Errorf("split() = %v; want %v", got, want)
	}
}

// shelf is a journal in memory that counts what is read of it.
type shelf struct {
	boxoffice.Journal
	rows  []boxoffice.Change
	first int64
	reads int
}

func (s *shelf) Changes(_ context.Context, after int64, limit int) ([]boxoffice.Change, error) {
	s.reads++
	from := min(max(after, s.first-1, 0), int64(len(s.rows)))
	return s.rows[from:min(int(from)+limit, len(s.rows))], nil
}

func (s *shelf) Newest(context.Context) (int64, error) { return int64(len(s.rows)), nil }

func (s *shelf) JournalEnds(context.Context) (boxoffice.JournalEnds, error) {
	return boxoffice.JournalEnds{Epoch: 1, First: max(s.first, 1), Newest: int64(len(s.rows))}, nil
}

func (s *shelf) write(entries ...*Entry) {
	for _, e := range entries {
		e.Position = int64(len(s.rows)) + 1
		s.rows = append(s.rows, e.Change)
	}
}

func TestWhoIsBehindTheRingReadsTheDatabase(t *testing.T) {
	journal := &shelf{}
	journal.write(stepsOf(1, "A lock", "B lock", "C lock")...)
	tail := newTail(journal, nil, slog.New(slog.DiscardHandler), 4)
	look := func() {
		t.Helper()
		if err := tail.look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	_, grown, _ := tail.After(t.Context(), 3, 10)
	journal.write(stepsOf(4, "D lock", "E lock", "F lock", "G lock", "H lock", "I lock")...)
	look()
	select {
	case <-grown:
	default:
		t.Error("who waited for a row was not told of it")
	}
	for _, tt := range []struct {
		after    int64
		limit    int
		want     []int64
		database bool
	}{
		{9, 10, nil, false},
		{8, 10, []int64{9}, false},
		{5, 10, []int64{6, 7, 8, 9}, false},
		{5, 2, []int64{6, 7}, false},
		{4, 10, []int64{5, 6, 7, 8, 9}, true},
		{0, 3, []int64{1, 2, 3}, true},
	} {
		reads := journal.reads
		entries, _, err := tail.After(t.Context(), tt.after, tt.limit)
		var got []int64
		for _, e := range entries {
			got = append(got, e.Position)
		}
		if err != nil || !slices.Equal(got, tt.want) || (journal.reads > reads) != tt.database {
			t.Errorf("After(%d, %d) = %v, %v, of the database: %v; want %v, %v", tt.after, tt.limit, got, err, journal.reads > reads, tt.want, tt.database)
		}
	}
}

func TestNobodysTailReadsNoRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := &shelf{}
		journal.write(stepsOf(1, "A lock")...)
		tail := newTail(journal, nil, slog.New(slog.DiscardHandler), 4)
		look := func(want int) {
			t.Helper()
			reads := journal.reads
			if err := tail.look(t.Context()); err != nil || journal.reads-reads != want {
				t.Errorf("look() read %d times, %v; want %d", journal.reads-reads, err, want)
			}
			if got := tail.until - 1; got != int64(len(journal.rows)) {
				t.Errorf("it knows of %d rows; want %d", got, len(journal.rows))
			}
		}
		look(0)
		journal.write(stepsOf(2, "B lock")...)
		look(0)
		_, grown, _ := tail.After(t.Context(), 2, 10)
		<-time.After(time.Hour) // somebody may wait all the time
		journal.write(stepsOf(3, "C lock")...)
		look(1)
		<-grown
		look(1) // whoever was told will come in a moment
		<-time.After(restAfter)
		journal.write(stepsOf(4, "D lock")...)
		look(0)
		if entries, _, err := tail.After(t.Context(), 2, 10); len(entries) != 2 || err != nil {
			t.Errorf("After(2) = %d rows, %v; want both, of the database", len(entries), err)
		}
	})
}

func TestATailRefusesAGap(t *testing.T) {
	tail := newTail(&shelf{}, nil, slog.New(slog.DiscardHandler), 4)
	if err := tail.grow([]boxoffice.Change{{Position: 1}, {Position: 3}}, 1); err == nil {
		t.Error("grow(1, 3) took a gap")
	}
}
