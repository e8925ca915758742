package main

import (
	"net/http"
	"strings"
	"testing"
)

// feedRows are of the feed of seats and of events, as pages and as streams. A stream
// that is refused is answered as any call.
func feedRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	s.locked(tb, s.second) // so that there is something to read
	ours := func(changes ...string) map[string][]string {
		with := map[string][]string{"PAC-Organization-ID": {"999"}}
		for i := 0; i < len(changes); i += 2 {
			with[changes[i]] = []string{changes[i+1]}
		}
		return with
	}
	const (
		required = "BAD_REQUEST ORGANIZATION_REQUIRED"
		invalid  = "BAD_REQUEST FIELD_INVALID"
		resync   = "NOT_FOUND RESYNC_REQUIRED"
	)
	var rows []row
	for _, entity := range []string{"seats", "events"} {
		for _, accept := range []string{"application/json", "text/event-stream"} {
			some := []row{
				{name: "no organization", with: map[string][]string{}, status: 400, err: required},
				{name: "an organization that is no number", with: ours("PAC-Organization-ID", "D999"), status: 400, err: required},
				{name: "an organization given twice", with: map[string][]string{"PAC-Organization-ID": {"999", "999"}}, status: 400, err: "BAD_REQUEST HEADER_DUPLICATE"},
				{name: "an unknown organization", with: ours("PAC-Organization-ID", "998"), status: 404, err: "NOT_FOUND ORGANIZATION_NOT_FOUND"},
				{name: "an organization that is not granted", with: ours("PAC-Organization-ID", "555"), status: 403, err: "FORBIDDEN NOT_PERMITTED"},
				{name: "an organization granted to another", by: s.second, with: ours("PAC-Organization-ID", "129"), status: 403, err: "FORBIDDEN NOT_PERMITTED"},
				{name: "no access token", with: ours("Authorization", ""), status: 401, err: "UNAUTHORIZED AUTH_REQUIRED"},
				{name: "a token of nobody", with: ours("Authorization", "Bearer none"), status: 401, err: "UNAUTHORIZED AUTH_REQUIRED"},
				{name: "another channel's code", with: ours("PAC-Channel-Code", "second"), status: 403, err: "FORBIDDEN NOT_PERMITTED"},
				{name: "a position of words", path: "?after=now", status: 400, err: invalid},
				{name: "a negative position", path: "?after=1--1", status: 400, err: invalid},
				{name: "a position beyond 2^53", path: "?after=1-90071992547409930", status: 400, err: invalid},
				{name: "a position given twice", path: "?after=1-0&after=1-1", status: 400, err: "BAD_REQUEST PARAMETER_REPEATED"},
				{name: "a position of another epoch", path: "?after=2-0", status: 410, err: resync},
				{name: "no limit at all", path: "?limit=0", status: 400, err: invalid},
				{name: "a limit beyond 1000", path: "?limit=1001", status: 400, err: invalid},
				{name: "a limit of words", path: "?limit=all", status: 400, err: invalid},
				{name: "a limit given twice", path: "?limit=1&limit=1", status: 400, err: "BAD_REQUEST PARAMETER_REPEATED"},
				{name: "an echo that is neither", path: "?echo=1", status: 400, err: invalid},
				{name: "a query that cannot be read", path: "?after=%zz", status: 400, err: "BAD_REQUEST BAD_REQUEST"},
				{name: "a POST", method: "POST", status: 405, err: "METHOD_NOT_ALLOWED METHOD_NOT_ALLOWED"},
			}
			if accept == "application/json" {
				some = append(some,
					row{name: "now", status: 200, check: feedHas(entity, 0)},
					row{name: "from the beginning", path: "?after=1-0&limit=1000", status: 200, check: feedFrom(entity)},
					row{name: "a position without its epoch", path: "?after=0&limit=1000", status: 200, check: feedFrom(entity)},
					row{name: "empty parameters", path: "?after=&limit=&echo=", status: 200, check: feedHas(entity, 0)},
					row{name: "beyond the end", path: "?after=1-99999999", status: 200, check: feedHas(entity, 0)})
			} else {
				some = append(some,
					row{name: "a Last-Event-ID of words", with: ours("Last-Event-ID", "x"), status: 400, err: invalid},
					row{name: "a Last-Event-ID of another epoch", with: ours("Last-Event-ID", "2-0"), status: 410, err: resync})
			}
			for _, r := range some {
				r.name = entity + " as " + accept + ": " + r.name
				if r.method == "" {
					r.method = "GET"
				}
				if r.with == nil {
					r.with = ours()
				}
				r.with["Accept"] = []string{accept}
				r.path = "/v1/feed/" + entity + r.path
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// feedHas wants so many elements in a page.
func feedHas(entity string, n int) func(*testing.T, []byte) {
	return func(t *testing.T, body []byte) {
		t.Helper()
		if got := feedElements(t, entity, body); got != n {
			t.Errorf("the page has %d %s; want %d\n%s", got, entity, n, body)
		}
	}
}

// feedFrom wants some: what was done until then, and the events that were loaded.
func feedFrom(entity string) func(*testing.T, []byte) {
	return func(t *testing.T, body []byte) {
		t.Helper()
		if feedElements(t, entity, body) == 0 {
			t.Errorf("the page has no %s\n%s", entity, body)
		}
	}
}

func feedElements(t *testing.T, entity string, body []byte) int {
	t.Helper()
	var page struct {
		Data     map[string][]object
		Metadata struct{ MessageEntity, Position string }
	}
	decode(t, string(body), &page)
	if page.Metadata.MessageEntity != entity || !strings.HasPrefix(page.Metadata.Position, "1-") {
		t.Errorf("the page is about %q at %q; want %s in epoch 1", page.Metadata.MessageEntity, page.Metadata.Position, entity)
	}
	return len(page.Data[entity])
}

// snapshotRows are of the snapshot of an event's seats.
func snapshotRows(tb testing.TB, s *stage) []row {
	tb.Helper()
	const unknown = "NOT_FOUND EVENT_NOT_FOUND"
	rows := []row{
		{name: "no event", status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an empty event", path: "?accessId=", status: 400, err: "BAD_REQUEST FIELD_REQUIRED"},
		{name: "an event given twice", path: "?accessId=999:F23:F01&accessId=999:F23:F01", status: 400, err: "BAD_REQUEST PARAMETER_REPEATED"},
		{name: "an echo given twice", path: "?accessId=999:F23:F01&echo=true&echo=true", status: 400, err: "BAD_REQUEST PARAMETER_REPEATED"},
		{name: "a query that cannot be read", path: "?accessId=%zz", status: 400, err: "BAD_REQUEST BAD_REQUEST"},
		{name: "an unknown event", path: "?accessId=999:F23:NONE", status: 404, err: unknown},
		{name: "an event in other letters", path: "?accessId=999:f23:f01", status: 404, err: unknown},
		{name: "an event of an organization that is not granted", path: "?accessId=555:F23:F01", status: 404, err: unknown},
		{name: "an event granted to another", by: s.second, path: "?accessId=129:F23:F01", status: 404, err: unknown},
		{name: "a NUL", path: "?accessId=999%00", status: 404, err: unknown},
		{name: "no access token", path: "?accessId=999:F23:F01", with: map[string][]string{"Authorization": {}}, status: 401, err: "UNAUTHORIZED AUTH_REQUIRED"},
		{name: "a PUT", method: http.MethodPut, path: "?accessId=999:F23:F01", status: 405, err: "METHOD_NOT_ALLOWED METHOD_NOT_ALLOWED"},
		{name: "a game", path: "?accessId=999:F23:F01", status: 200, check: feedHas("seats", stageSeats+3)}, // less the void one
		{name: "a game off the market", path: "?accessId=999:F23:OFF", status: 200, check: feedHas("seats", 1)},
	}
	for i := range rows {
		if rows[i].method == "" {
			rows[i].method = "GET"
		}
		rows[i].path = "/v1/feed/seats/snapshot" + rows[i].path
	}
	return rows
}
