package sqlstore

import (
	"context"
	"slices"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// Rows are loaded in one order by everybody: claims of the names of answers, then
// of orders, orders, the same of transfers, portions, claims of scans, tickets, events that an act
// names, each in key order and kept until the commit; then, in later statements,
// what is read without a lock, the events of the tickets among it. Otherwise
// batches that overlap deadlock, or see a joined row as it was before they waited.
// Nobody waits for an event and has a ticket that another one who has that event
// waits for: locked events come behind all tickets of the batch, and whoever has
// only tickets never waits for an event. The organizations whose catalogs change
// come last of all, in save.
const (
	loadOrders = `
SELECT ` + orderColumns + `
FROM orders
WHERE key {in $1}
ORDER BY key {lock}`

	loadTickets = `
SELECT ` + ticketColumns + `
FROM ticket
WHERE token {in $1}
ORDER BY token {lock}`

	loadEvents = `
SELECT ` + eventColumns + `
FROM event
WHERE id {in $1}`

	loadOrganizations = `
SELECT ` + organizationColumns + `
FROM organization
WHERE id IN (SELECT organization FROM event WHERE id {in $1})`

	// The oldest account stands last, so that it wins.
	loadPeople = `
SELECT key, organization, patron
FROM patron_key
WHERE key {in $1}
ORDER BY since DESC, patron DESC`
)

// loaded is what a batch has, and the number that it goes by.
type loaded struct {
	boxoffice.Rows
	number int64
}

// load reads the rows that a batch needs, within its transaction.
func (s *Store) load(ctx context.Context, tx session, needs []boxoffice.Needs) (loaded, error) {
	var (
		rows      loaded
		answers   []string
		orders    []string
		transfers []string
		portions  []string
		scans     []string
		scanned   []string // the tickets of acts that name scans
		tokens    []string
		named     []string // events
		people    []string
	)
	for _, n := range needs {
		for _, key := range n.Answers {
			answers = append(answers, string(key))
		}
		for _, key := range n.Orders {
			orders = append(orders, key.String())
		}
		for _, key := range n.Transfers {
			transfers = append(transfers, string(key))
		}
		for _, key := range n.Scans {
			scans = append(scans, key.String())
		}
		for _, token := range n.Tickets {
			tokens = append(tokens, string(token))
			if len(n.Scans) > 0 {
				scanned = append(scanned, string(token))
			}
		}
		for _, key := range n.Portions {
			portions = append(portions, string(key))
		}
		for _, id := range n.Events {
			named = append(named, string(id))
		}
		for _, key := range n.People {
			people = append(people, string(key))
		}
	}
	answers, orders, transfers = sorted(answers), sorted(orders), sorted(transfers)
	portions, named = sorted(portions), sorted(named)
	scans, tokens, people = sorted(scans), sorted(tokens), sorted(people)

	var locked []step
	if len(answers) > 0 {
		// First of all, for nobody who holds anything else ever waits for one of
		// these. Who holds the claim is alone with the row too, but for Tidy, which
		// waits for nobody.
		locked = append(locked, s.db.claim("answer", answers)...)
		locked = append(locked, step{text: loadAnswers, args: []any{answers}, each: func(r row) error {
			a, err := s.readAnswer(r)
			rows.Answers = append(rows.Answers, a)
			return err
		}})
	}
	if len(orders) > 0 {
		// The name of an order is claimed whether its row exists or not: who holds
		// the claim is alone with the name, and looks once.
		locked = append(locked, s.db.claim("order", orders)...)
		locked = append(locked, step{text: loadOrders, args: []any{orders}, each: func(r row) error {
			o, err := readOrder(r)
			rows.Orders = append(rows.Orders, o)
			return err
		}})
	}
	if len(transfers) > 0 {
		locked = append(locked, s.db.claim("transfer", transfers)...)
		locked = append(locked, step{text: loadTransfers, args: []any{transfers}, each: func(r row) error {
			t, err := s.readTransfer(r)
			rows.Transfers = append(rows.Transfers, t)
			return err
		}})
	}
	if len(portions) > 0 {
		locked = append(locked, step{text: loadPortions, args: []any{portions}, each: func(r row) error {
			p, err := readPortion(r)
			rows.Portions = append(rows.Portions, p)
			return err
		}})
	}
	keepScan := func(r row) error {
		rows.Scans = append(rows.Scans, readScan(r))
		return nil
	}
	if len(scans) > 0 {
		locked = append(locked, s.db.claim("scan", scans)...)
	}
	var events []string
	if len(tokens) > 0 {
		rows.Tickets = make([]boxoffice.Ticket, 0, len(tokens))
		locked = append(locked, step{text: loadTickets, args: []any{tokens}, each: func(r row) error {
			t, err := readTicket(r)
			rows.Tickets = append(rows.Tickets, t)
			if n := len(events); n == 0 || events[n-1] != string(t.Event) {
				events = append(events, string(t.Event))
			}
			return err
		}})
	}
	addEvent := func(r row) error {
		e, err := readEvent(r)
		rows.Events = append(rows.Events, e)
		return err
	}
	if len(named) > 0 {
		locked = append(locked, step{text: lockEvents, args: []any{named}, each: addEvent})
	}
	if err := tx.run(ctx, locked...); err != nil {
		return rows, err
	}

	var free []step
	read := slices.DeleteFunc(sorted(events), func(id string) bool { return slices.Contains(named, id) })
	if len(read) > 0 {
		free = append(free, step{text: loadEvents, args: []any{read}, each: addEvent})
	}
	if events = sorted(slices.Concat(read, named)); len(events) > 0 {
		free = append(free,
			step{text: loadOrganizations, args: []any{events}, each: func(r row) error {
				o, err := readOrganization(r)
				rows.Organizations = append(rows.Organizations, o)
				return err
			}})
	}
	if len(scans) > 0 {
		// A scan changes under the lock of its ticket alone: rows of scans that are
		// locked before the tickets deadlock with those who make one the later one.
		free = append(free, step{text: loadScans, args: []any{scans}, each: keepScan})
	}
	if len(scanned) > 0 {
		free = append(free, step{text: loadInside, args: []any{sorted(scanned)}, each: keepScan})
	}
	findPeople := step{text: loadPeople, args: []any{people}, each: func(r row) error {
		at := boxoffice.PersonAt{Organization: access.OrganizationID(r.int(1)), Key: boxoffice.PersonKey(r.text(0))}
		rows.People[at] = boxoffice.PatronID(r.text(2))
		return nil
	}}
	if len(people) > 0 {
		rows.People = map[boxoffice.PersonAt]boxoffice.PatronID{}
		free = append(free, findPeople)
	}
	free = append(free, s.db.clock(&rows.Now)...)
	// The batch draws its number here, when it holds all its row locks: a later change
	// of the same seat then has a larger one.
	free = append(free, s.db.draw(&rows.number))
	if err := tx.run(ctx, free...); err != nil {
		return rows, err
	}
	if missing := missingPeople(needs, rows); len(missing) > 0 {
		// Somebody else may be making the same account: wait for them, look again.
		if err := tx.run(ctx, append(s.db.claim("person", missing), findPeople)...); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// missingPeople are the persons who have no account yet in an organization of
// the tickets that the same act names.
func missingPeople(needs []boxoffice.Needs, rows loaded) []string {
	if len(rows.People) == 0 && !slices.ContainsFunc(needs, func(n boxoffice.Needs) bool { return len(n.People) > 0 }) {
		return nil
	}
	organizations := make(map[boxoffice.Token]access.OrganizationID, len(rows.Tickets))
	for i := range rows.Tickets {
		organizations[rows.Tickets[i].Token] = rows.Tickets[i].Organization
	}
	var missing []string
	for _, n := range needs {
		for _, key := range n.People {
			for _, token := range n.Tickets {
				org, ok := organizations[token]
				if !ok {
					continue
				}
				if _, found := rows.People[boxoffice.PersonAt{Organization: org, Key: key}]; !found {
					missing = append(missing, string(key))
					break
				}
			}
		}
	}
	return sorted(missing)
}

// sorted is the list in key order without repeats.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
