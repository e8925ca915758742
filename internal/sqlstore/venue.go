package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

const (
	portionColumns = `key, work, tokens, done_at, changed, same, refused`

	loadPortions = `
SELECT ` + portionColumns + `
FROM venue_portion
WHERE key {in $1}
ORDER BY key {lock}`

	lockEvents = `
SELECT ` + eventColumns + `
FROM event
WHERE id {in $1}
ORDER BY id {lock}`

	savePortions = `
UPDATE venue_portion SET done_at = {.done_at}, changed = {.changed}, same = {.same}, refusals = {.refusals}, refused = {.refused}
{from $1 key text, done_at bigint, changed bigint, same bigint, refusals bigint, refused text}
WHERE venue_portion.key = {.key} AND venue_portion.done_at = 0`

	workColumns = `id, organization, event, verb, application, request_id, reason, at, listed`

	// A work that is there stays as it is, but that it may get its portions.
	saveWorks = `
INSERT INTO venue_work (` + workColumns + `)
SELECT r.id, r.organization, r.event, r.verb, r.application, r.request_id, r.reason, r.at, r.listed
FROM {rows $1 id text, organization bigint, event text, verb text, application text, request_id text, reason text, at bigint, listed boolean}
WHERE true
ON CONFLICT (id) DO UPDATE SET listed = excluded.listed WHERE excluded.listed AND NOT venue_work.listed`

	saveEvents = `
UPDATE event SET name = {.name}, item_name = {.item_name}, internet_name = {.internet_name}, start_at = {.start_at}, start_date = {.start_date},
	end_at = {.end_at}, end_date = {.end_date}, over_at = {.over_at}, secondary = {.secondary}, cancelled = {.cancelled}, version = {.version}
{from $1 id text, loaded bigint, name text, item_name text, internet_name text, start_at bigint, start_date text,
	end_at bigint, end_date text, over_at bigint, secondary boolean, cancelled boolean, version bigint}
WHERE event.id = {.id} AND event.version = {.loaded}`

	// The organization's row is what all changes of its events meet at, so it is
	// asked for last, and in the order of the keys.
	lockOrganizations = `
SELECT id FROM organization WHERE id IN (SELECT organization FROM event WHERE id {in $1}) ORDER BY id {lock}`

	bumpCatalogs = `
UPDATE organization SET catalog_version = catalog_version + 1 WHERE id IN (SELECT organization FROM event WHERE id {in $1})`

	// An exchange gives a ticket the barcode that another one still has while the
	// rows are saved one after the other: that one lets go of it first. No barcode
	// that is loaded or made begins so.
	parkBarcodes = `UPDATE ticket SET barcode = '~' || token WHERE token {in $1}`
)

func readPortion(r row) (boxoffice.Portion, error) {
	p := boxoffice.Portion{
		Key: boxoffice.PortionKey(r.text(0)), Work: boxoffice.WorkID(r.text(1)),
		Done: instant(r.int(3)), Changed: int(r.int(4)), Same: int(r.int(5)),
	}
	if err := unpack(r.text(2), &p.Tokens); err != nil {
		return p, fmt.Errorf("tickets of portion %s: %w", p.Key, err)
	}
	var err error
	if p.Refused, err = unpackRefused(r.text(6), ""); err != nil {
		return p, fmt.Errorf("refusals of portion %s: %w", p.Key, err)
	}
	return p, nil
}

func portionRows(done []boxoffice.Portion) (rows table) {
	slices.SortFunc(done, func(a, b boxoffice.Portion) int { return cmp.Compare(a.Key, b.Key) })
	for _, p := range done {
		rows.row().text(string(p.Key)).int(micros(p.Done)).int(int64(p.Changed)).int(int64(p.Same)).int(int64(len(p.Refused))).text(packRefused(p.Refused))
	}
	return rows
}

func workRows(works []boxoffice.Work) (rows table) {
	for _, w := range works {
		rows.row().text(string(w.ID)).int(int64(w.Organization)).text(string(w.Event)).text(string(w.Verb)).
			text(string(w.By.Application)).text(w.By.RequestID).text(w.Reason).int(micros(w.At)).flag(w.Listed)
	}
	return rows
}

// eventRows are the events that changed, in the order of their keys, and those.
func eventRows(changed, loaded []boxoffice.Event) (rows table, ids []string) {
	versions := map[boxoffice.EventID]int64{}
	for _, e := range loaded {
		versions[e.ID] = e.Version
	}
	slices.SortFunc(changed, func(a, b boxoffice.Event) int { return cmp.Compare(a.ID, b.ID) })
	for _, e := range changed {
		ids = append(ids, string(e.ID))
		rows.row().text(string(e.ID)).int(versions[e.ID]).text(e.Name).text(e.ItemName).text(e.InternetName).
			int(micros(e.Start.At)).text(e.Start.Date).int(micros(e.End.At)).text(e.End.Date).int(micros(e.Over)).
			flag(e.Secondary).flag(e.Cancelled).int(e.Version)
	}
	return rows, ids
}

// parked are the tickets that give their barcode to another one of the batch. One
// that keeps its own is none of them: to take that breaks the index, as it should.
func parked(changed []*boxoffice.Ticket, loaded []boxoffice.Ticket) (tokens []string) {
	type code struct {
		event   boxoffice.EventID
		barcode boxoffice.Barcode
	}
	was := make(map[boxoffice.Token]boxoffice.Barcode, len(loaded))
	for _, t := range loaded {
		was[t.Token] = t.Barcode
	}
	left := map[code]boxoffice.Token{}
	for _, t := range changed {
		if old := was[t.Token]; old != t.Barcode {
			left[code{t.Event, old}] = t.Token
		}
	}
	for _, t := range changed {
		if by, ok := left[code{t.Event, t.Barcode}]; ok && by != t.Token {
			tokens = append(tokens, string(by))
		}
	}
	return sorted(tokens)
}

// An eventSays is what a row of the journal says of an event.
type eventSays struct {
	billed
	Secondary bool    `json:"secondary"`
	Cancelled bool    `json:"cancelled"`
	Reason    string  `json:"reason,omitzero"`
	Was       *billed `json:"was,omitzero"` // before; nil in rows of the first edition
}

// A billed event is what a row says of its boxoffice.Billing.
type billed struct {
	Name         string `json:"name"` // what partners see
	Start        int64  `json:"start,omitzero"`
	StartDate    string `json:"startDate,omitzero"`
	End          int64  `json:"end,omitzero"`
	EndDate      string `json:"endDate,omitzero"`
	Facility     string `json:"facility,omitzero"`
	FacilityName string `json:"facilityName,omitzero"`
	Offered      bool   `json:"offered,omitzero"`
}

func billedAs(b boxoffice.Billing) billed {
	return billed{b.Title, micros(b.Start.At), b.Start.Date, micros(b.End.At), b.End.Date, b.FacilityCode, b.FacilityName, b.Offered}
}

func (b billed) trade() *boxoffice.Billing {
	return &boxoffice.Billing{
		Title: b.Name, Start: boxoffice.When{At: instant(b.Start), Date: b.StartDate}, End: boxoffice.When{At: instant(b.End), Date: b.EndDate},
		FacilityCode: b.Facility, FacilityName: b.FacilityName, Offered: b.Offered,
	}
}

func eventState(e boxoffice.Event, was boxoffice.Billing, reason string) string {
	before := billedAs(was)
	return pack(eventSays{billedAs(e.Billing()), e.Secondary, e.Cancelled, reason, &before})
}

// readBillings reads how an event was billed, where the row tells.
func readBillings(what boxoffice.What, state string) (was, is *boxoffice.Billing, err error) {
	if what == boxoffice.Loaded {
		return nil, nil, nil
	}
	var says eventSays
	if err := unpack(state, &says); err != nil || says.Was == nil {
		return nil, nil, err
	}
	return says.Was.trade(), says.trade(), nil
}

// EnterWork adds a work (boxoffice.Works).
func (s *Store) EnterWork(ctx context.Context, w boxoffice.Work, portions []boxoffice.Portion) error {
	const enter = `
INSERT INTO venue_portion (key, work, tickets, tokens, done_at, changed, same, refusals, refused)
SELECT r.key, r.work, r.tickets, r.tokens, 0, 0, 0, 0, ''
FROM {rows $1 key text, work text, tickets bigint, tokens text}`
	works, task := workRows([]boxoffice.Work{w}), taskRows([]boxoffice.Task{w.Task()})
	var rows table
	for _, p := range portions {
		rows.row().text(string(p.Key)).text(string(p.Work)).int(int64(len(p.Tokens))).text(pack(p.Tokens))
	}
	err := s.alone(ctx, func(ctx context.Context, tx session) error {
		entered := 0
		err := tx.run(ctx, step{text: saveWorks, rows: &works, want: -1, took: &entered})
		if err != nil || entered == 0 {
			return err
		}
		return tx.run(ctx,
			step{text: enter, rows: &rows, want: rows.rows},
			step{text: saveTasks, rows: &task, want: -1})
	})
	if err == nil {
		s.tasks.wake()
	}
	return err
}

// Work tells how far a work is (boxoffice.Works).
func (s *Store) Work(ctx context.Context, id boxoffice.WorkID) (p boxoffice.WorkProgress, found bool, err error) {
	const (
		one = `SELECT ` + workColumns + ` FROM venue_work WHERE id = $1`
		sum = `
SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(tickets), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN done_at > 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
	CAST(COALESCE(SUM(changed), 0) AS BIGINT), CAST(COALESCE(SUM(same), 0) AS BIGINT), CAST(COALESCE(SUM(refusals), 0) AS BIGINT)
FROM venue_portion WHERE work = $1`
		first = `SELECT key, refused FROM venue_portion WHERE work = $1 AND refusals > 0 ORDER BY key LIMIT 1`
	)
	named := []any{string(id)}
	err = s.read(ctx,
		step{text: one, args: named, each: func(r row) error { found, p.Work = true, readWork(r); return nil }},
		step{text: sum, args: named, each: func(r row) error {
			p.Portions, p.Tickets, p.Done = int(r.int(0)), int(r.int(1)), int(r.int(2))
			p.Changed, p.Same, p.Refusals = int(r.int(3)), int(r.int(4)), int(r.int(5))
			return nil
		}},
		step{text: first, args: named, each: func(r row) (err error) {
			p.Refused, err = unpackRefused(r.text(1), "")
			return err
		}})
	return p, found, err
}

func readWork(r row) boxoffice.Work {
	return boxoffice.Work{
		ID: boxoffice.WorkID(r.text(0)), Organization: access.OrganizationID(r.int(1)), Event: boxoffice.EventID(r.text(2)), Verb: boxoffice.What(r.text(3)),
		By:     access.Principal{Application: access.ApplicationID(r.text(4)), RequestID: r.text(5)},
		Reason: r.text(6), At: instant(r.int(7)), Listed: r.flag(8),
	}
}

// OpenPortions returns what of a work is not done (boxoffice.Works).
func (s *Store) OpenPortions(ctx context.Context, id boxoffice.WorkID, limit int) ([]boxoffice.Portion, error) {
	const open = `SELECT ` + portionColumns + ` FROM venue_portion WHERE work = $1 AND done_at = 0 ORDER BY key LIMIT $2`
	var portions []boxoffice.Portion
	err := s.read(ctx, step{text: open, args: []any{string(id), int64(limit)}, each: func(r row) error {
		p, err := readPortion(r)
		portions = append(portions, p)
		return err
	}})
	return portions, err
}

// TokensOf returns tickets of an event, or of a part of it (boxoffice.Works).
func (s *Store) TokensOf(ctx context.Context, event boxoffice.EventID, section, rowName string) ([]boxoffice.Token, error) {
	const named = `
SELECT token FROM ticket
WHERE event = $1 AND NOT void AND ($2 = '' OR section = $2) AND ($3 = '' OR row = $3)
ORDER BY token`
	var all []boxoffice.Token
	err := s.read(ctx, step{text: named, args: []any{string(event), section, rowName}, each: func(r row) error {
		all = append(all, boxoffice.Token(r.text(0)))
		return nil
	}})
	return all, err
}
