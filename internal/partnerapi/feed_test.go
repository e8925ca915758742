package partnerapi

import (
	"bufio"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
)

// A rack is a journal of locks by another channel, with one event beside them.
type rack struct {
	boxoffice.Journal
	rows  []boxoffice.Change
	first int64 // that is kept
}

func (r *rack) lock(seats ...string) {
	for _, seat := range seats {
		r.rows = append(r.rows, boxoffice.Change{
			Position: int64(len(r.rows)) + 1, Organization: 999, Entity: boxoffice.Seats, Subject: "T" + seat, Event: "999:F23:F01", Section: "ES:9", Row: "30", Seat: seat,
			Before: boxoffice.Standing{Owner: "1"}, After: boxoffice.Standing{Owner: "1", Hold: boxoffice.HoldLock, By: "other"},
		})
	}
}

func (r *rack) Changes(_ context.Context, after int64, limit int) ([]boxoffice.Change, error) {
	from := min(max(after, r.first-1), int64(len(r.rows)))
	return r.rows[from:min(int(from)+limit, len(r.rows))], nil
}

func (r *rack) Newest(context.Context) (int64, error) { return int64(len(r.rows)), nil }

func (r *rack) Catalog(context.Context, access.OrganizationID) (boxoffice.Catalog, error) {
	return boxoffice.Catalog{Events: []boxoffice.Event{{ID: "999:F23:F01", Season: "F23", Item: "F01", Basis: boxoffice.Single, Name: "Game"}}}, nil
}

func (r *rack) Snapshot(_ context.Context, event boxoffice.EventID) (push.Snapshot, error) {
	if event == "999:F23:NONE" {
		return push.Snapshot{}, fault.EventUnknown
	}
	org := access.OrganizationID(999)
	if event == "998:F23:F01" {
		org = 998
	}
	return push.Snapshot{Event: event, Organization: org, Position: 5, Seats: []push.StandingSeat{
		{Section: "ES:9", Row: "30", Seat: "25", Standing: boxoffice.Standing{Hold: boxoffice.HoldLock, By: goodChan}},
		{Section: "ES:9", Row: "30", Seat: "26", Standing: boxoffice.Standing{Hold: boxoffice.HoldVenue}},
	}}, nil
}

// feeding is a feed over a rack, followed until the test ends.
func feeding(t *testing.T, r *rack, moved chan struct{}) *push.Feed {
	t.Helper()
	tail := push.NewTail(r, moved, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = tail.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	feed := push.NewFeed(tail, r, r, 2)
	for looked := len(r.rows) == 0; !looked; <-time.After(time.Millisecond) {
		rows, _, err := tail.After(ctx, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		looked = len(rows) > 0
	}
	return feed
}

const feedSeat = `{"accessId":"999:F23:F01","season":"F23","item":"F01","section":"ES:9","row":"30","seat":"`

func TestTheFeedIsReadOn(t *testing.T) {
	r := &rack{}
	r.lock("25", "26", "27")
	r.rows = append(r.rows, boxoffice.Change{Position: 4, Organization: 999, Entity: boxoffice.Events, Subject: "999:F23:F01"})
	feed := feeding(t, r, nil)
	const meta = `"metadata":{"messageEntity":"seats","pacOrganizationId":999,"requestId":"8f14e45f-ceea-467f-a0e6-8e1d1c1d0a11","position":"`
	noOffice := answers([]boxoffice.Event(nil), nil)
	for _, tt := range []struct {
		name, target string
		org          string
		office       officeFunc
		status       int
		want         string // of the body, a part
	}{
		{"two, and there is more", "/v1/feed/seats?after=2-0&limit=2", "999", noOffice, 200,
			`{"data":{"seats":[` + feedSeat + `25","status":"LOCK"},` + feedSeat + `26","status":"LOCK"}]},` + meta + `2-2","more":true}}`},
		{"the rest, and the row that is an event's", "/v1/feed/seats?after=2-2", "999", noOffice, 200, `{"data":{"seats":[` + feedSeat + `27","status":"LOCK"}]},` + meta + `2-4","more":false}}`},
		{"a position alone is of now", "/v1/feed/seats?after=2", "999", noOffice, 200, `"position":"2-4"`},
		{"from now on", "/v1/feed/seats", "999", noOffice, 200, `{"data":{"seats":[]},` + meta + `2-4","more":false}}`},
		{"another organization's changes are not there", "/v1/feed/seats?after=0", "997", noOffice, 200, `{"data":{"seats":[]}`},
		{"an event", "/v1/feed/events?after=0", "999", noOffice, 200, `{"data":{"events":[{"accessId":"999:F23:F01","seasonCode":"F23","itemCode":"F01","itemBasis":"SINGLE","itemName":"Game"`},
		{"of before a restore", "/v1/feed/seats?after=1-2", "999", noOffice, 410, "RESYNC_REQUIRED"},
		{"no organization", "/v1/feed/seats?after=0", "", noOffice, 400, "ORGANIZATION_REQUIRED"},
		{"no such organization", "/v1/feed/events?after=0", "9", answers(nil, fault.OrganizationUnknown), 404, "ORGANIZATION_NOT_FOUND"},
		{"not granted", "/v1/feed/seats?after=0", "998", answers(nil, fault.NotPermitted), 403, "NOT_PERMITTED"},
		{"after is no position", "/v1/feed/seats?after=x", "999", noOffice, 400, "FIELD_INVALID"},
		{"limit is too much", "/v1/feed/seats?limit=1001", "999", noOffice, 400, "FIELD_INVALID"},
		{"limit is nothing", "/v1/feed/seats?limit=0", "999", noOffice, 400, "FIELD_INVALID"},
		{"echo is neither", "/v1/feed/seats?echo=maybe", "999", noOffice, 400, "FIELD_INVALID"},
		{"after twice", "/v1/feed/seats?after=1&after=2", "999", noOffice, 400, "PARAMETER_REPEATED"},
		{"a snapshot, its own lock not told", "/v1/feed/seats/snapshot?accessId=999:F23:F01", "", closed(t), 200,
			`{"data":{"seats":[` + feedSeat + `25","status":"UNLOCK"},` + feedSeat + `26","status":"LOCK"}]},` + meta + `2-5","more":false}}`},
		{"a snapshot with the echo", "/v1/feed/seats/snapshot?accessId=999:F23:F01&echo=true", "", closed(t), 200, feedSeat + `25","status":"LOCK"}`},
		{"a snapshot of nothing", "/v1/feed/seats/snapshot?accessId=999:F23:NONE", "", closed(t), 404, "EVENT_NOT_FOUND"},
		{"a snapshot of what was not granted", "/v1/feed/seats/snapshot?accessId=998:F23:F01", "", closed(t), 404, "EVENT_NOT_FOUND"},
		{"a snapshot without an event", "/v1/feed/seats/snapshot", "", closed(t), 400, "FIELD_REQUIRED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ask := request("GET", tt.target, "")
			if tt.org != "" {
				ask.Header.Set("PAC-Organization-ID", tt.org)
			}
			w := httptest.NewRecorder()
			door(tt.office, fakeDesk{}, Options{Feed: feed}).ServeHTTP(w, ask)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("GET %s = %d %s; want %d and %s", tt.target, w.Code, w.Body, tt.status, tt.want)
			}
			if to := w.Header().Get("Location"); (w.Code == http.StatusGone) != (to == snapshotPath) {
				t.Errorf("Location is %q", to)
			}
		})
	}
}

func TestWhatIsKeptNoLongerIsResync(t *testing.T) {
	r := &rack{first: 9}
	r.lock("1", "2", "3", "4", "5", "6", "7", "8", "9")
	// The tail begins behind what is asked for, so the rows come from the store.
	tail := push.NewTail(&late{r}, nil, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = tail.Run(ctx) }()
	defer func() { stop(); <-ended }()
	for looked := false; !looked; <-time.After(time.Millisecond) {
		rows, _, err := tail.After(ctx, 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		looked = len(rows) > 0
	}
	ask := request("GET", "/v1/feed/seats?after=2-3", "")
	ask.Header.Set("PAC-Organization-ID", "999")
	w := httptest.NewRecorder()
	door(answers([]boxoffice.Event(nil), nil), fakeDesk{}, Options{Feed: push.NewFeed(tail, r, r, 2)}).ServeHTTP(w, ask)
	if w.Code != http.StatusGone || !strings.Contains(w.Body.String(), "RESYNC_REQUIRED") {
		t.Errorf("a position of which nothing is kept: %d %s; want 410", w.Code, w.Body)
	}
}

// late is a journal whose tail begins at its end.
type late struct{ *rack }

func (l *late) Newest(context.Context) (int64, error) { return 9, nil }

func TestAStreamGoesOnWhereItsReaderWas(t *testing.T) {
	r, leaving := &rack{}, make(chan struct{})
	r.lock("25", "26")
	feed := feeding(t, r, nil)
	server := httptest.NewServer(New(answers([]boxoffice.Event(nil), nil), fakeDesk{}, Options{Feed: feed, Leaving: leaving}))
	defer server.Close()
	ask := request("GET", "/v1/feed/seats?after=0", "")
	ask.RequestURI = ""
	ask.URL, _ = ask.URL.Parse(server.URL + "/v1/feed/seats?after=0")
	ask.Header.Set("PAC-Organization-ID", "999")
	ask.Header.Set("Accept", "text/event-stream")
	ask.Header.Set("Accept-Encoding", "gzip")
	ask.Header.Set("Last-Event-ID", "2-1")
	answer, err := server.Client().Do(ask)
	if err != nil || answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("Content-Encoding") != "" {
		t.Fatalf("GET = %+v, %v; want a stream", answer, err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	var got []string
	for len(got) < 4 && lines.Scan() {
		if text := lines.Text(); text != "" {
			got = append(got, text)
		}
	}
	want := `: 2-2|id: 2-2|event: seats|data: {"data":{"seats":[` + feedSeat + `26","status":"LOCK"}]},"metadata":{"messageEntity":"seats","pacOrganizationId":999,"requestId":"999-seats-2-2"}}`
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("the stream says\n%s\nwant\n%s", text, want)
	}
	close(leaving)
	for lines.Scan() { // to its end, which comes because the server leaves
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
}
