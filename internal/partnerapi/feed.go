package partnerapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/push"
)

// A Feed is the journal as a partner reads it.
type Feed interface {
	// Epoch is what positions are of.
	Epoch() int64
	// Newest is where somebody begins who wants no more than what comes.
	Newest(ctx context.Context) (int64, error)
	// Page returns fault.ResyncRequired where rows after the position are kept no
	// longer.
	Page(ctx context.Context, topic push.Topic, view push.View, after int64, limit int) (push.Page, error)
	// Snapshot returns fault.EventUnknown where there is none.
	Snapshot(ctx context.Context, event boxoffice.EventID) (push.Snapshot, error)
}

const (
	snapshotPath = "/v1/feed/seats/snapshot"
	// usualPage is how many elements a page has unless it is asked for others.
	usualPage = push.MostSeats
)

// A feedQuery is what a reader asks for.
type feedQuery struct {
	view  push.View
	epoch int64
	after int64
	limit int
}

type feedMetadata struct {
	MessageEntity     boxoffice.Entity `json:"messageEntity"`
	PacOrganizationID int64            `json:"pacOrganizationId"`
	RequestID         string           `json:"requestId"`
	Position          string           `json:"position"`
	More              bool             `json:"more"`
}

type feedSeatsResponse struct {
	Data     feedSeats    `json:"data"`
	Metadata feedMetadata `json:"metadata"`
}

type feedSeats struct {
	Seats jsontext.Value `json:"seats"`
}

type feedEventsResponse struct {
	Data     feedEvents   `json:"data"`
	Metadata feedMetadata `json:"metadata"`
}

type feedEvents struct {
	Events jsontext.Value `json:"events"`
}

// feedResponse is a page in the form of the messages.
func feedResponse(topic push.Topic, elements []byte, m feedMetadata) any {
	list := jsontext.Value(append(append([]byte{'['}, elements...), ']'))
	m.MessageEntity, m.PacOrganizationID = topic.Entity, int64(topic.Organization)
	if topic.Entity == boxoffice.Events {
		return feedEventsResponse{feedEvents{list}, m}
	}
	return feedSeatsResponse{feedSeats{list}, m}
}

// feedPlace is a position as partners keep it: the epoch, and the position within it.
func feedPlace(epoch, position int64) string { return fmt.Sprintf("%d-%d", epoch, position) }

// begin reads what a reader of the feed asks for, and whether it may.
func (a *api) begin(ctx context.Context, c *call, entity boxoffice.Entity, lastEvent string) (push.Topic, feedQuery, error) {
	topic := push.Topic{Entity: entity}
	org, err := organization(c.Header.Get(headerOrganization))
	if err != nil {
		return topic, feedQuery{}, err
	}
	topic.Organization = org
	q, err := a.feedQuery(ctx, c, lastEvent)
	if err != nil {
		return topic, q, err
	}
	// What says whether the organization is there, and granted, is its catalog.
	_, err = a.office.Catalog(ctx, c.who, org, boxoffice.CatalogQuery{})
	return topic, q, err
}

// feedQuery reads the parameters. Without a position it begins at the end.
func (a *api) feedQuery(ctx context.Context, c *call, lastEvent string) (feedQuery, error) {
	given, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return feedQuery{}, fault.Malformed.Saying("the query cannot be read")
	}
	for _, name := range []string{"after", "limit", "echo"} {
		if len(given[name]) > 1 {
			return feedQuery{}, named(fault.ParameterRepeated, name)
		}
	}
	epoch := a.feed.Epoch()
	q := feedQuery{view: push.View{Channel: c.who.Channel}, epoch: epoch, limit: usualPage}
	if text := given.Get("limit"); text != "" {
		if q.limit, err = strconv.Atoi(text); err != nil || q.limit < 1 || q.limit > push.MostPage {
			return q, named(fault.FieldInvalid, "limit")
		}
	}
	switch given.Get("echo") {
	case "", "false":
	case "true":
		q.view.Echo = true
	default:
		return q, named(fault.FieldInvalid, "echo")
	}
	text := given.Get("after")
	if lastEvent != "" { // a stream that goes on counts more than how it began
		text = lastEvent
	}
	if text == "" {
		q.after, err = a.feed.Newest(ctx)
		return q, err
	}
	before, after, both := strings.Cut(text, "-")
	if !both {
		before, after = strconv.FormatInt(epoch, 10), text
	}
	of, errEpoch := strconv.ParseUint(before, 10, 53)
	at, errAfter := strconv.ParseUint(after, 10, 53)
	if errEpoch != nil || errAfter != nil {
		return q, named(fault.FieldInvalid, "after")
	}
	if int64(of) != epoch {
		return q, fault.ResyncRequired.Saying("that position is of before a backup was restored; take a snapshot and go on from its position")
	}
	q.after = int64(at)
	return q, nil
}

// feedOf answers with a page.
func (a *api) feedOf(entity boxoffice.Entity) handler {
	return func(ctx context.Context, c *call) (int, any, error) {
		topic, q, err := a.begin(ctx, c, entity, "")
		if err != nil {
			return 0, nil, err
		}
		page, err := a.feed.Page(ctx, topic, q.view, q.after, q.limit)
		if err != nil {
			return 0, nil, err
		}
		return http.StatusOK, feedResponse(topic, page.Elements(), feedMetadata{
			RequestID: c.who.RequestID, Position: feedPlace(q.epoch, page.Sequence), More: page.More,
		}), nil
	}
}

// snapshot answers with how the seats of an event stand.
func (a *api) snapshot(ctx context.Context, c *call) (int, any, error) {
	given, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return 0, nil, fault.Malformed.Saying("the query cannot be read")
	}
	for _, name := range []string{"accessId", "echo"} {
		if len(given[name]) > 1 {
			return 0, nil, named(fault.ParameterRepeated, name)
		}
	}
	event := boxoffice.EventID(given.Get("accessId"))
	if event == "" {
		return 0, nil, named(fault.FieldRequired, "accessId")
	}
	if !pathID(string(event)) { // a NUL, which PostgreSQL would not read
		return 0, nil, fault.EventUnknown
	}
	snap, err := a.feed.Snapshot(ctx, event)
	if err != nil {
		return 0, nil, err
	}
	if !c.who.Serves(snap.Organization) {
		return 0, nil, fault.EventUnknown // as what is not there
	}
	view := push.View{Channel: c.who.Channel, Echo: given.Get("echo") == "true"}
	return http.StatusOK, feedResponse(push.Topic{Organization: snap.Organization, Entity: boxoffice.Seats}, snap.Elements(view), feedMetadata{
		RequestID: c.who.RequestID, Position: feedPlace(a.feed.Epoch(), snap.Position),
	}), nil
}

// Streams of the feed.
const (
	// maxStreams bounds those of a process.
	maxStreams = 1_000
	// beat is how often a stream that has nothing to say shows that it lives.
	beat = 15 * time.Second
	// streamWrite is what a reader has to take one piece.
	streamWrite = 10 * time.Second
	// streamLife ends a stream, so that its reader shows again that it may: it comes
	// back with Last-Event-ID and misses nothing.
	streamLife = 15 * time.Minute
)

func wantsStream(accept []string) bool {
	for _, header := range accept {
		for one := range strings.SplitSeq(header, ",") {
			kind, _, _ := strings.Cut(one, ";")
			if strings.EqualFold(strings.TrimSpace(kind), "text/event-stream") {
				return true
			}
		}
	}
	return false
}

// open answers with a stream. An error comes before anything was sent.
func (a *api) open(w *reply, r *http.Request, rt route) error {
	if err := soleHeaders(r.Header); err != nil {
		return err
	}
	first, done := context.WithTimeout(r.Context(), requestDeadline)
	defer done()
	c := call{Request: r}
	var err error
	if c.who, err = a.admit(first, w, r); err != nil {
		return err
	}
	select {
	case a.streams <- struct{}{}:
		defer func() { <-a.streams }()
	default:
		return fault.Busy
	}
	return rt.stream(r.Context(), w, &c)
}

// streamOf sends pages as server-sent events, each with the position to go on
// from for its id.
func (a *api) streamOf(entity boxoffice.Entity) func(ctx context.Context, w *reply, c *call) error {
	return func(ctx context.Context, w *reply, c *call) error {
		topic, q, err := a.begin(ctx, c, entity, c.Header.Get("Last-Event-ID"))
		if err != nil {
			return err
		}
		page, err := a.feed.Page(ctx, topic, q.view, q.after, q.limit)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("No-Gzip-Compression", "1") // taken off again by gzhttp
		w.WriteHeader(http.StatusOK)
		controller := http.NewResponseController(w)
		ctx, done := context.WithTimeout(ctx, streamLife)
		defer done()
		send := func(text []byte) bool {
			// Whoever is shut out meanwhile hears no more.
			if who, err := a.identify(ctx, c.Request); err != nil || !who.Serves(topic.Organization) {
				return false
			}
			_ = controller.SetWriteDeadline(time.Now().Add(streamWrite)) // of a recorder in a test there is none
			_, err := w.Write(text)
			return err == nil && controller.Flush() == nil
		}
		if !send([]byte(": " + feedPlace(q.epoch, page.Sequence) + "\n\n")) {
			return nil
		}
		for {
			if !page.Empty() && !send(eventOf(entity, feedPlace(q.epoch, page.Sequence), &page)) {
				return nil
			}
			if !page.More && !a.rest(ctx, page.Grown, send) {
				return nil
			}
			if page, err = a.feed.Page(ctx, topic, q.view, page.Sequence, q.limit); err != nil {
				return nil // its reader comes back, and is told then
			}
		}
	}
}

// rest waits until there may be more, and shows meanwhile that the stream lives.
func (a *api) rest(ctx context.Context, grown <-chan struct{}, send func([]byte) bool) bool {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-grown:
			return true
		case <-tick.C:
			if !send([]byte(": beat\n\n")) {
				return false
			}
		case <-ctx.Done():
			return false
		case <-a.leaving:
			return false
		}
	}
}

func eventOf(entity boxoffice.Entity, id string, page *push.Page) []byte {
	b := append(make([]byte, 0, 512), "id: "+id+"\nevent: "+string(entity)+"\ndata: "...)
	return append(append(b, page.Body()...), "\n\n"...)
}
