package sqlstore

import (
	"context"
	"strconv"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// named are accounts as a statement takes them: the patrons, by which an index
// finds the rows, and each with its organization, which tells them apart.
func named(accounts []boxoffice.Account) []any {
	var patrons, whole []string
	for _, a := range accounts {
		patrons = append(patrons, string(a.Patron))
		whole = append(whole, strconv.FormatInt(int64(a.Organization), 10)+"/"+string(a.Patron))
	}
	return []any{patrons, whole}
}

// HoldingsOf returns the tickets of accounts (boxoffice.Accounts).
func (s *Store) HoldingsOf(ctx context.Context, accounts []boxoffice.Account, within boxoffice.Bounds) ([]boxoffice.Token, boxoffice.View, error) {
	// Names that are numbers are ordered as such: the longer is the greater.
	const (
		whose = `
WHERE t.owner {in $1} AND t.owner <> '' AND CAST(t.organization AS TEXT) || '/' || t.owner {in $2}
	AND (e.cancelled OR (e.over_at <> 0 AND e.over_at <= $3)) = $4`
		order = `
ORDER BY CASE WHEN e.start_at = 0 THEN 1 ELSE 0 END, e.start_at, e.start_date, e.id,
	LENGTH(t.section), t.section, LENGTH(t.row), t.row, LENGTH(t.seat), t.seat, t.token
LIMIT $5 OFFSET $6`
		tickets = `
SELECT t.token, t.organization, t.event, t.section, t.row, t.seat, t.seating_type, t.association_type, t.attributes,
	t.price_level, t.price_type, t.face, t.owner, t.owned, t.barcode, t.void, t.hold, t.hold_by, t.hold_since, t.hold_terms, t.version, t.latest
FROM ticket AS t JOIN event AS e ON e.id = t.event` + whose + order
	)
	var (
		v      boxoffice.View
		tokens []boxoffice.Token
	)
	if err := s.read(ctx, append([]step{{text: `SELECT 1`, each: func(row) error { return nil }}}, s.db.clock(&v.Now)...)...); err != nil {
		return nil, v, err
	}
	args := append(named(accounts), micros(v.Now), within.Over, int64(within.Limit), int64(within.From))
	found := map[boxoffice.Token]boxoffice.Ticket{}
	var events []string
	err := s.read(ctx, step{text: tickets, args: args, each: func(r row) error {
		t, err := readTicket(r)
		tokens, found[t.Token], events = append(tokens, t.Token), t, append(events, string(t.Event))
		return err
	}})
	if err != nil {
		return nil, v, err
	}
	v.Tickets = found
	err = s.eventsInto(ctx, &v, events)
	return tokens, v, err
}

// eventsInto reads the events of a view with their organizations.
func (s *Store) eventsInto(ctx context.Context, v *boxoffice.View, events []string) error {
	const (
		all = `SELECT ` + eventColumns + ` FROM event WHERE id {in $1}`
		own = `SELECT ` + organizationColumns + ` FROM organization WHERE id IN (SELECT organization FROM event WHERE id {in $1})`
	)
	v.Events, v.Organizations = map[boxoffice.EventID]boxoffice.Event{}, map[access.OrganizationID]boxoffice.Organization{}
	args := []any{sorted(events)}
	return s.read(ctx,
		step{text: all, args: args, each: func(r row) error {
			e, err := readEvent(r)
			v.Events[e.ID] = e
			return err
		}},
		step{text: own, args: args, each: func(r row) error {
			o, err := readOrganization(r)
			v.Organizations[o.ID] = o
			return err
		}})
}

// ListingsOf returns listings of accounts (boxoffice.Accounts).
func (s *Store) ListingsOf(ctx context.Context, accounts []boxoffice.Account, limit int) ([]boxoffice.Listing, boxoffice.View, error) {
	const newest = `
SELECT ` + wholeListing + ` FROM listing
WHERE patron {in $1} AND CAST(organization AS TEXT) || '/' || patron {in $2} ORDER BY created_at DESC, id LIMIT $3`
	var (
		listings []boxoffice.Listing
		tokens   []boxoffice.Token
	)
	err := s.read(ctx, step{text: newest, args: append(named(accounts), int64(limit)), each: func(r row) error {
		l, err := readWholeListing(r)
		listings, tokens = append(listings, l), append(tokens, l.Tokens...)
		return err
	}})
	if err != nil {
		return nil, boxoffice.View{}, err
	}
	view, err := s.Tickets(ctx, tokens) // which tickets a listing names never changes
	return listings, view, err
}

// OutletsOf returns who may sell for organizations (boxoffice.Accounts).
func (s *Store) OutletsOf(ctx context.Context, organizations []access.OrganizationID) ([]boxoffice.Outlet, error) {
	const all = `
SELECT g.organization, c.code, a.name, a.page, o.pages
FROM granted AS g JOIN application AS a ON a.id = g.application JOIN channel AS c ON c.application = a.id
	JOIN organization AS o ON o.id = g.organization
WHERE CAST(g.organization AS TEXT) {in $1} ORDER BY g.organization, a.name, c.code`
	var ids []string
	for _, id := range organizations {
		ids = append(ids, strconv.FormatInt(int64(id), 10))
	}
	var outlets []boxoffice.Outlet
	err := s.read(ctx, step{text: all, args: []any{ids}, each: func(r row) error {
		o := boxoffice.Outlet{Organization: access.OrganizationID(r.int(0)), Channel: access.Channel(r.text(1)), Name: r.text(2), Page: r.text(3)}
		err := unpack(r.text(4), &o.Pages)
		outlets = append(outlets, o)
		return err
	}})
	return outlets, err
}

// TransfersOf returns transfers of accounts (boxoffice.Accounts).
func (s *Store) TransfersOf(ctx context.Context, accounts []boxoffice.Account, person boxoffice.PersonKey, limit int) ([]boxoffice.Transfer, boxoffice.View, error) {
	// Three searches, each by an index of its own. That it is not '' says to the
	// planner that the index has it.
	const newest = `
SELECT ` + transferColumns + ` FROM transfer WHERE key IN (
	SELECT key FROM transfer WHERE sender {in $1} AND CAST(organization AS TEXT) || '/' || sender {in $2}
	UNION SELECT key FROM transfer WHERE recipient {in $1} AND recipient <> '' AND CAST(organization AS TEXT) || '/' || recipient {in $2}
	UNION SELECT key FROM transfer WHERE invitee = $3 AND invitee <> '')
ORDER BY sent_at DESC, key LIMIT $4`
	var (
		transfers []boxoffice.Transfer
		tokens    []boxoffice.Token
	)
	err := s.read(ctx, step{text: newest, args: append(named(accounts), string(person), int64(limit)), each: func(r row) error {
		t, err := s.readTransfer(r)
		transfers, tokens = append(transfers, t), append(tokens, t.Tokens...)
		return err
	}})
	if err != nil {
		return nil, boxoffice.View{}, err
	}
	view, err := s.Tickets(ctx, tokens) // which tickets a transfer names never changes
	if err != nil {
		return nil, view, err
	}
	var events []string
	for id := range view.Events {
		events = append(events, string(id))
	}
	err = s.eventsInto(ctx, &view, events)
	return transfers, view, err
}
