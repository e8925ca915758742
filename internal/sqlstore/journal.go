package sqlstore

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

const (
	saveJournal = `
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state, prior)
SELECT CAST($1 AS BIGINT), {.n}, {.organization}, {.entity}, {.subject}, {.version}, {.what},
	{.application}, {.channel}, {.request_id}, CAST($2 AS BIGINT), {.state}, {.prior}
{from $3 n bigint, organization bigint, entity text, subject text, version bigint, what text,
	application text, channel text, request_id text, state text, prior bigint}`

	changeColumns = `j.organization, j.entity, j.subject, j.version, j.what, j.application, j.channel, j.request_id, j.at, j.state,
	COALESCE(t.event, ''), COALESCE(t.section, ''), COALESCE(t.row, ''), COALESCE(t.seat, '')`

	joinTicket = `LEFT JOIN ticket AS t ON t.token = j.subject AND j.entity = 'seats'`
)

// journalRows are the changes of a batch of this number, in the order they happened.
func journalRows(entered []boxoffice.Entered, number int64) *table {
	var rows table
	rows.expect(len(entered))
	for n := range entered {
		e := &entered[n]
		if e.Event != nil {
			rows.row().int(int64(n)).int(int64(e.Event.Organization)).text(string(boxoffice.Events)).text(string(e.Event.ID)).int(e.Event.Version).
				text(string(e.What)).text(string(e.By.Application)).text(string(e.By.Channel)).text(e.By.RequestID).text(eventState(*e.Event, e.Was, e.Reason)).int(0)
			continue
		}
		prior := e.Prior
		if prior == boxoffice.ThisBatch {
			prior = number
		}
		rows.row().int(int64(n)).int(int64(e.Ticket.Organization)).text(string(boxoffice.Seats)).text(string(e.Ticket.Token)).int(e.Ticket.Version).
			text(string(e.What)).text(string(e.By.Application)).text(string(e.By.Channel)).text(e.By.RequestID).text(ticketState(e)).int(prior)
	}
	return &rows
}

// ticketState is the state after a change, as the journal keeps it: who owns
// the ticket, what holds it, its new barcode where it has one, and how it stood
// before, where that was not free in the same hands. So a row tells by itself what
// changed, and no reader looks back.
func ticketState(e *boxoffice.Entered) string {
	t := e.Ticket
	b := quote(append(make([]byte, 0, 128), `{"owner":`...), string(t.Owner))
	b = appendHold(b, t.Hold.Kind, t.Hold.By, t.Void)
	if e.Closed {
		b = append(b, `,"closed":true`...)
	}
	if e.Renewed {
		b = quote(append(b, `,"barcode":`...), string(t.Barcode))
	}
	if e.Order != "" {
		b = quote(append(b, `,"order":`...), e.Order)
	}
	if e.With != "" {
		b = quote(append(b, `,"with":`...), string(e.With))
	}
	if e.Reason != "" {
		b = quote(append(b, `,"reason":`...), e.Reason)
	}
	if was := e.Before; was != (boxoffice.Standing{Owner: t.Owner}) {
		b = append(b, `,"was":{`...)
		open := len(b)
		if was.Owner != t.Owner {
			b = quote(append(b, `,"owner":`...), string(was.Owner))
		}
		b = appendHold(b, was.Hold, was.By, was.Void)
		b = append(append(b[:open], b[open+1:]...), '}') // without the first comma
	}
	return string(append(b, '}'))
}

func appendHold(b []byte, kind boxoffice.HoldKind, by string, void bool) []byte {
	if kind != boxoffice.Free {
		b = quote(append(b, `,"hold":`...), string(kind))
		b = quote(append(b, `,"by":`...), by)
	}
	if void {
		b = append(b, `,"void":true`...)
	}
	return b
}

// quote appends a JSON string.
func quote(b []byte, s string) []byte {
	quoted, err := jsontext.AppendQuote(b, s)
	if err != nil {
		// Invalid UTF-8 is replaced; decoding refused it long before.
		return quote(b, string([]rune(s)))
	}
	return quoted
}

// A state is what a row of the journal says of a ticket (ticketState).
type state struct {
	standing
	Closed  bool     `json:"closed"`
	Barcode string   `json:"barcode"`
	Order   string   `json:"order"`
	With    string   `json:"with"`
	Reason  string   `json:"reason"`
	Was     standing `json:"was"`
}

type standing struct {
	Owner string `json:"owner"`
	Hold  string `json:"hold"`
	By    string `json:"by"`
	Void  bool   `json:"void"`
}

func (s standing) trade() boxoffice.Standing {
	return boxoffice.Standing{Owner: boxoffice.PatronID(s.Owner), Hold: boxoffice.HoldKind(s.Hold), By: s.By, Void: s.Void}
}

// before is how the ticket stood before the change.
func (s state) before() standing {
	if s.Was.Owner == "" {
		s.Was.Owner = s.Owner
	}
	return s.Was
}

// readChange reads changeColumns, and the position in front of them.
func readChange(r row) (boxoffice.Change, error) {
	c := boxoffice.Change{
		Position: r.int(0), Organization: access.OrganizationID(r.int(1)), Entity: boxoffice.Entity(r.text(2)), Subject: r.text(3), Version: r.int(4),
		What: boxoffice.What(r.text(5)),
		By:   access.Principal{Application: access.ApplicationID(r.text(6)), Channel: access.Channel(r.text(7)), RequestID: r.text(8)},
		At:   instant(r.int(9)),
	}
	if c.Entity == boxoffice.Events {
		var err error
		c.State = r.text(10)
		if c.Was, c.Is, err = readBillings(c.What, c.State); err != nil {
			err = fmt.Errorf("journal of event %s, version %d: %w", c.Subject, c.Version, err)
		}
		return c, err
	}
	c.Event, c.Section, c.Row, c.Seat = boxoffice.EventID(r.text(11)), r.text(12), r.text(13), r.text(14)
	var s state
	if err := json.Unmarshal([]byte(r.text(10)), &s); err != nil {
		return c, fmt.Errorf("journal of ticket %s, version %d: %w", c.Subject, c.Version, err)
	}
	c.Before, c.After = s.before().trade(), s.trade()
	c.Before.Closed, c.After.Closed = s.Closed, s.Closed
	switch c.What {
	case boxoffice.Closed:
		c.Before.Closed = false
	case boxoffice.Opened:
		c.Before.Closed = true
	}
	c.Barcode, c.Order, c.With, c.Reason = boxoffice.Barcode(s.Barcode), s.Order, boxoffice.Token(s.With), s.Reason
	return c, nil
}

// Changes reads on after a position (boxoffice.Journal).
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]boxoffice.Change, error) {
	// It begins with the batch that has the next row. The batch's number is there for
	// SQLite, which else sorts what the index has in order; and without the CAST it
	// would prepare the statement anew each time, to look at the limit.
	const next = `
SELECT b.position + j.n, ` + changeColumns + `
FROM batch AS b JOIN journal AS j ON j.batch = b.number ` + joinTicket + `
WHERE b.position >= (SELECT COALESCE(MAX(position), 0) FROM batch WHERE position <= $1 + 1) AND b.position + j.n > $1
ORDER BY b.position, b.number, j.n LIMIT CAST($2 AS BIGINT)`
	return s.changes(ctx, step{text: next, args: []any{after, int64(limit)}})
}

// Story reads what happened to one subject (boxoffice.Journal).
func (s *Store) Story(ctx context.Context, entity boxoffice.Entity, subject string, version int64, limit int) ([]boxoffice.Change, error) {
	story := storyOfTicket
	if entity == boxoffice.Events {
		story = storyOfEvent
	}
	return s.changes(ctx, step{text: story, args: []any{subject, version, int64(limit)}})
}

const (
	// An index over all stories would cost every change as much as its row does (docs/adr/0015).
	// So a ticket names the batch of its newest row, and each row that of the one
	// before. Of its rows in one batch the first names the oldest.
	storyOfTicket = `
WITH RECURSIVE told (batch) AS (
	SELECT latest FROM ticket WHERE token = $1
	UNION
	SELECT (SELECT MIN(j.prior) FROM journal AS j
		WHERE j.batch = told.batch AND j.subject = $1 AND j.entity = '` + string(boxoffice.Seats) + `' AND j.version > $2)
	FROM told WHERE told.batch > 0
)
SELECT COALESCE(b.position + j.n, 0), ` + changeColumns + `
FROM told JOIN journal AS j ON j.batch = told.batch JOIN batch AS b ON b.number = j.batch ` + joinTicket + `
WHERE j.subject = $1 AND j.entity = '` + string(boxoffice.Seats) + `' AND j.version >= $2
ORDER BY j.version LIMIT $3`

	storyOfEvent = `
SELECT COALESCE(b.position + j.n, 0), ` + changeColumns + `
FROM journal AS j JOIN batch AS b ON b.number = j.batch ` + joinTicket + `
WHERE j.subject = $1 AND j.entity = '` + string(boxoffice.Events) + `' AND j.version >= $2
ORDER BY j.version LIMIT $3`
)

func (s *Store) changes(ctx context.Context, rows step) ([]boxoffice.Change, error) {
	var all []boxoffice.Change
	rows.each = func(r row) error {
		c, err := readChange(r)
		all = append(all, c)
		return err
	}
	err := s.read(ctx, rows)
	return all, err
}

// Newest is the newest row's position (boxoffice.Journal).
func (s *Store) Newest(ctx context.Context) (newest int64, err error) {
	const head = `SELECT position FROM head WHERE id = 1`
	err = s.read(ctx, step{text: head, each: func(r row) error { newest = r.int(0); return nil }})
	return newest, err
}

// JournalEnds tells which rows there are (boxoffice.Journal).
func (s *Store) JournalEnds(ctx context.Context) (boxoffice.JournalEnds, error) {
	const ends = `
SELECT (SELECT epoch FROM installation), (SELECT position FROM head WHERE id = 1),
	COALESCE((SELECT MIN(b.position + j.n) FROM batch AS b JOIN journal AS j ON j.batch = b.number
		WHERE b.position = (SELECT MIN(position) FROM batch WHERE size > 0 AND position IS NOT NULL)), 0)`
	var e boxoffice.JournalEnds
	err := s.read(ctx, step{text: ends, each: func(r row) error {
		e = boxoffice.JournalEnds{Epoch: r.int(0), Newest: r.int(1), First: r.int(2)}
		return nil
	}})
	return e, err
}
