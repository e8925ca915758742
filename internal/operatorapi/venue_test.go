package operatorapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// stagehand is a venue that notes what it is asked.
type stagehand struct {
	by    access.Principal
	work  boxoffice.WorkRequest
	event boxoffice.EventRequest
	dry   bool
	fail  error
}

func (s *stagehand) BeginWork(_ context.Context, by access.Principal, req boxoffice.WorkRequest) (boxoffice.WorkProgress, error) {
	s.by, s.work = by, req
	return boxoffice.WorkProgress{Work: boxoffice.Work{ID: req.ID, Verb: req.Verb, By: by, Listed: true}, Portions: 2, Done: 1}, s.fail
}

func (s *stagehand) PreviewWork(_ context.Context, by access.Principal, req boxoffice.WorkRequest) (boxoffice.Preview, error) {
	s.by, s.work = by, req
	p := boxoffice.Preview{Tickets: 60, Locks: 2}
	for i := range 30 {
		p.Refused = append(p.Refused, boxoffice.Refusal{Token: boxoffice.Token(fmt.Sprint("T-", i)), Reason: fault.TokenNotAvailable})
	}
	return p, s.fail
}

func (s *stagehand) FinishWork(_ context.Context, id boxoffice.WorkID, atMost time.Duration) (boxoffice.WorkProgress, error) {
	return boxoffice.WorkProgress{Work: boxoffice.Work{ID: id, Listed: true}, Tickets: int(atMost.Milliseconds())}, s.fail
}

func (s *stagehand) ChangeEvent(_ context.Context, by access.Principal, req boxoffice.EventRequest, dry bool) (boxoffice.Turned, error) {
	s.by, s.event, s.dry = by, req, dry
	return boxoffice.Turned{Event: boxoffice.Event{ID: req.Event, Name: "Game", Start: boxoffice.When{At: noon}, End: boxoffice.When{Date: "2026-05-20"}}, Changed: true, Work: "W"}, s.fail
}

func (s *stagehand) client() *Client {
	return NewClient(Through(New(Work{Venue: s}, Options{})), "ada")
}

func TestTheVenueIsAskedAsTheCommandSays(t *testing.T) {
	s := &stagehand{}
	seat := VenueSeat{Section: "U:1", Row: "5", Seats: "1-8", At: "line 2"}
	want := NewWork{ID: "W-1", Verb: "exchange", Reason: "the stage", Selection: VenueSelection{
		Event: "999:F26:F01", All: true, Parts: []VenuePlace{{"U:2", "6"}}, Seats: []VenueSeat{seat}, Pairs: []VenuePair{{seat, seat}},
	}}
	work, err := s.client().BeginWork(t.Context(), want)
	if err != nil || work.ID != "W-1" || work.Verb != "exchange" || work.By != "operator/ada" || work.Finished || work.Done != 1 {
		t.Errorf("BeginWork = %+v, %v; want it begun by ada", work, err)
	}
	named := boxoffice.SeatNamed{Section: "U:1", Row: "5", Seats: "1-8", At: "line 2"}
	asked := boxoffice.WorkRequest{ID: "W-1", Verb: boxoffice.Exchanged, Reason: "the stage", Selection: boxoffice.Selection{
		Event: "999:F26:F01", All: true, Parts: []boxoffice.Place{{Section: "U:2", Row: "6"}}, Seats: []boxoffice.SeatNamed{named}, Pairs: []boxoffice.SeatPair{{From: named, To: named}},
	}}
	if diff := cmp.Diff(asked, s.work); diff != "" {
		t.Errorf("the venue was asked another thing (-want +got):\n%s", diff)
	}
	preview, err := s.client().PreviewWork(t.Context(), want)
	if err != nil || preview.Tickets != 60 || preview.Locks != 2 || preview.Refused != 30 || len(preview.Errors) != maxErrors || preview.Errors[0].Code != "TOKEN_NOT_AVAILABLE" {
		t.Errorf("PreviewWork = %+v, %v; want all counted and the first told", preview, err)
	}
	if work, err := s.client().GoOn(t.Context(), "W-1"); err != nil || !work.Finished || work.Tickets != int(goOverFor.Milliseconds()) {
		t.Errorf("GoOn = %+v, %v; want it finished", work, err)
	}
	event, err := s.client().ChangeEvent(t.Context(), EventChange{Event: "999:F26:F01", Verb: "reschedule", Start: "2026-05-20", Dry: true, Reason: "rain"})
	shown := VenueEvent{Event: "999:F26:F01", Name: "Game", Start: "2026-05-20T12:00:00Z", End: "2026-05-20", Changed: true, Work: "W"}
	if err != nil || event != shown || !s.dry || s.event != (boxoffice.EventRequest{Event: "999:F26:F01", Verb: boxoffice.Rescheduled, Start: "2026-05-20", Reason: "rain"}) {
		t.Errorf("ChangeEvent = %+v, %v of %+v; want %+v", event, err, s.event, shown)
	}
}

func TestWhatNobodyMayAskOfTheVenue(t *testing.T) {
	long := strings.Repeat("x", maxReason+1)
	for _, tt := range []struct {
		name string
		work NewWork
		want error
	}{
		{"an unknown verb", NewWork{Verb: "sell"}, fault.FieldInvalid},
		{"a verb of events", NewWork{Verb: "cancel"}, fault.FieldInvalid},
		{"an id with a slash", NewWork{Verb: "hold", ID: "a/b"}, fault.FieldInvalid},
		{"an id of an event's work", NewWork{Verb: "hold", ID: "999:F26:F01@2"}, fault.FieldInvalid},
		{"an id that is too long", NewWork{Verb: "hold", ID: strings.Repeat("x", maxWorkID+1)}, fault.FieldInvalid},
		{"a reason that is too long", NewWork{Verb: "hold", Reason: long}, fault.FieldInvalid},
		{"a part without a section", NewWork{Verb: "hold", Selection: VenueSelection{Parts: []VenuePlace{{Row: "5"}}}}, fault.FieldRequired},
	} {
		s := &stagehand{}
		if _, err := s.client().BeginWork(t.Context(), tt.work); !errors.Is(err, tt.want) || s.work.Verb != "" {
			t.Errorf("%s: %v; want %v and nothing asked", tt.name, err, tt.want)
		}
	}
	for _, tt := range []struct {
		name  string
		event EventChange
		want  error
	}{
		{"an unknown verb", EventChange{Verb: "hold"}, fault.FieldInvalid},
		{"no start", EventChange{Verb: "reschedule"}, fault.FieldRequired},
		{"no name", EventChange{Verb: "rename", Name: " "}, fault.FieldRequired},
		{"a name that is too long", EventChange{Verb: "rename", Name: strings.Repeat("x", maxName+1)}, fault.FieldInvalid},
		{"a name of two lines", EventChange{Verb: "rename", Name: "a\nb"}, fault.FieldInvalid},
		{"a reason that is too long", EventChange{Verb: "cancel", Reason: long}, fault.FieldInvalid},
	} {
		s := &stagehand{}
		if _, err := s.client().ChangeEvent(t.Context(), tt.event); !errors.Is(err, tt.want) || s.event.Verb != "" {
			t.Errorf("%s: %v; want %v and nothing asked", tt.name, err, tt.want)
		}
	}
	for _, refused := range []error{fault.EventUnknown, boxoffice.ErrWorkUnknown, boxoffice.ErrWorkOther, boxoffice.ErrSelection, fault.EventClosed} {
		if _, err := (&stagehand{fail: refused}).client().GoOn(t.Context(), "W"); !errors.Is(err, refused) {
			t.Errorf("a venue that refuses with %v: %v", refused, err)
		}
	}
}
