package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// One statement a table, rows in key order. A version that is not the loaded one
// changes no row, and the count tells.
const (
	// What a lock changes is in no index, and a column that is set costs its
	// indexes, changed or not: so holds are saved by themselves.
	saveHolds = `
UPDATE ticket SET hold = {.hold}, hold_by = {.hold_by}, hold_since = {.hold_since}, hold_terms = {.hold_terms}, version = {.version}, latest = $1
{from $2 token text, loaded bigint, hold text, hold_by text, hold_since bigint, hold_terms text, version bigint}
WHERE ticket.token = {.token} AND ticket.version = {.loaded}`

	saveOwners = `
UPDATE ticket SET hold = {.hold}, hold_by = {.hold_by}, hold_since = {.hold_since}, hold_terms = {.hold_terms}, version = {.version},
	owner = {.owner}, owned = {.owned}, barcode = {.barcode}, void = {.void}, latest = $1
{from $2 token text, loaded bigint, hold text, hold_by text, hold_since bigint, hold_terms text, version bigint,
	owner text, owned bigint, barcode text, void boolean}
WHERE ticket.token = {.token} AND ticket.version = {.loaded}`

	saveBatch = `
INSERT INTO batch (number, id, at, size) VALUES ($1, $2, $3, $4)`

	saveOrders = `
INSERT INTO orders (key, channel, process, organization, state, content, external_listing_id, currency, price, fees,
	settled_paid, settled_to_seller, paid_share, to_seller_share, differs, buyer, lines, offers, transactions, at, place, version, settled_request,
	wait, call_back, verdict, refused, joined)
SELECT r.key, r.channel, r.process, r.organization, r.state, r.content, r.external_listing_id, r.currency, r.price, r.fees,
	r.settled_paid, r.settled_to_seller, r.paid_share, r.to_seller_share, r.differs, r.buyer, r.lines, r.offers, r.transactions, r.at, r.place, r.version, r.settled_request,
	r.wait, r.call_back, r.verdict, r.refused, r.joined
FROM {rows $1 key text, channel text, process text, organization bigint, state text, content text, external_listing_id text,
	currency text, price bigint, fees bigint, settled_paid bigint, settled_to_seller bigint, paid_share bigint, to_seller_share bigint,
	differs boolean, buyer text, lines text, offers text, transactions text, at bigint, place bigint, version bigint, settled_request text,
	wait text, call_back boolean, verdict text, refused text, joined bigint}
WHERE true
ON CONFLICT (key) DO UPDATE SET state = excluded.state, offers = excluded.offers, transactions = excluded.transactions,
	lines = excluded.lines, differs = excluded.differs, verdict = excluded.verdict, refused = excluded.refused, joined = excluded.joined,
	version = excluded.version
WHERE orders.version < excluded.version`

	saveLedger = `
INSERT INTO ledger (number, n, order_key, season, account, amount, currency, at)
SELECT r.number, r.n, r.order_key, r.season, r.account, r.amount, r.currency, r.at
FROM {rows $1 number bigint, n bigint, order_key text, season text, account text, amount bigint, currency text, at bigint}`

	savePatrons = `
INSERT INTO patron (organization, id, contact, password_hash, since)
SELECT r.organization, r.id, r.contact, r.password_hash, r.since
FROM {rows $1 organization bigint, id text, contact text, password_hash text, since bigint}`

	savePatronKeys = `
INSERT INTO patron_key (key, organization, patron, since)
SELECT r.key, r.organization, r.patron, r.since
FROM {rows $1 key text, organization bigint, patron text, since bigint}`

	// A page that was issued before stays as it is.
	saveDocuments = `
INSERT INTO document (id, order_key, token, owned, issued_at)
SELECT r.id, r.order_key, r.token, r.owned, r.issued_at
FROM {rows $1 id text, order_key text, token text, owned bigint, issued_at bigint}
WHERE true
ON CONFLICT (id) DO NOTHING`

	saveListings = `
INSERT INTO listing (` + listingColumns + `)
SELECT r.id, r.organization, r.channel, r.patron, r.tokens, r.created_at, r.expires_at
FROM {rows $1 id text, organization bigint, channel text, patron text, tokens text, created_at bigint, expires_at bigint}`

	// Two takings back of one batch are one, and so is one of before.
	saveTakenBack = `
UPDATE listing SET taken_at = $2 WHERE id {in $1} AND taken_at = 0`

	saveTasks = `
INSERT INTO task (id, kind, subject, due_at, attempts)
SELECT r.id, r.kind, r.subject, r.due_at, 0
FROM {rows $1 id text, kind text, subject text, due_at bigint}
WHERE true
ON CONFLICT (id) DO NOTHING`

	// Owed once more, it begins a new round: what is said of the last one comes late.
	saveCallbacks = `
INSERT INTO callback (process, channel, url, state, attempts, note, at, round)
SELECT r.process, r.channel, r.url, r.state, 0, '', r.at, 1
FROM {rows $1 process text, channel text, url text, state text, at bigint}
WHERE true
ON CONFLICT (process) DO UPDATE SET url = excluded.url, state = excluded.state, attempts = 0, note = '', at = excluded.at,
	round = callback.round + 1`
)

// save writes what a batch changed, under its number and its random id.
func (s *Store) save(ctx context.Context, tx session, id string, out boxoffice.Outcome, loaded loaded) error {
	var steps []step
	add := func(text string, rows table, want int) {
		if rows.rows > 0 {
			steps = append(steps, step{text: text, rows: &rows, want: want})
		}
	}
	holds, owners := ticketRows(out.Tickets, loaded.Tickets)
	addTickets := func(text string, rows table) {
		if rows.rows > 0 {
			steps = append(steps, step{text: text, args: []any{loaded.number}, rows: &rows, want: rows.rows})
		}
	}
	addTickets(saveHolds, holds)
	if owners.rows > 1 {
		if tokens := parked(out.Tickets, loaded.Tickets); len(tokens) > 0 {
			steps = append(steps, step{text: parkBarcodes, args: []any{tokens}, want: len(tokens)})
		}
	}
	addTickets(saveOwners, owners)
	portions := portionRows(out.Portions)
	add(savePortions, portions, portions.rows)
	events, turned := eventRows(out.Events, loaded.Events)
	add(saveEvents, events, events.rows)
	works := workRows(out.Works)
	add(saveWorks, works, works.rows)
	orders, ledger := orderRows(out.Orders, loaded.Orders)
	add(saveOrders, orders, orders.rows)
	add(saveLedger, ledger, ledger.rows)
	transfers, taken := s.transferRows(out.Transfers), stepRows(out.Steps)
	add(saveTransfers, transfers, transfers.rows)
	add(saveSteps, taken, taken.rows)
	left, scans := leftRows(out.Left), scanRows(out.Scans)
	add(endScans, left, left.rows)
	add(saveScans, scans, scans.rows)
	add(saveReplaced, replacedRows(out.Journal, micros(loaded.Now)), -1)
	patrons, keys := s.patronRows(out.Patrons)
	add(savePatrons, patrons, patrons.rows)
	add(savePatronKeys, keys, keys.rows)
	add(saveDocuments, documentRows(out.Documents), -1)
	listings := listingRows(out.Listings)
	add(saveListings, listings, listings.rows)
	if len(out.TakenBack) > 0 {
		steps = append(steps, step{text: saveTakenBack, args: []any{sorted(texts(out.TakenBack)), micros(loaded.Now)}, want: -1})
	}
	add(saveTasks, taskRows(out.Tasks), -1)
	callbacks := s.callbackRows(out.Callbacks)
	add(saveCallbacks, callbacks, callbacks.rows)
	if answers := s.answerRows(out.Answers); answers.rows > 0 {
		steps = append(steps, step{text: saveAnswers, args: []any{micros(lastGone(loaded.Now))}, rows: &answers, want: answers.rows})
	}
	steps = append(steps, step{text: saveBatch, args: []any{loaded.number, id, micros(loaded.Now), int64(len(out.Journal))}, want: 1})
	if len(out.Journal) > 0 {
		steps = append(steps, step{text: saveJournal, args: []any{loaded.number, micros(loaded.Now)}, rows: journalRows(out.Journal, loaded.number), want: len(out.Journal)})
	}
	if len(turned) > 0 {
		steps = append(steps,
			step{text: lockOrganizations, args: []any{turned}, each: func(row) error { return nil }},
			step{text: bumpCatalogs, args: []any{turned}, want: -1})
	}
	if err := tx.run(ctx, steps...); err != nil {
		return err
	}
	if s.db.numbersAtOnce() {
		_, err := s.number(ctx, tx)
		return err
	}
	return nil
}

// ticketRows are the tickets of which only the hold changed, and the others. Those
// that were loaded are in key order.
func ticketRows(changed []*boxoffice.Ticket, loaded []boxoffice.Ticket) (holds, owners table) {
	slices.SortFunc(changed, func(a, b *boxoffice.Ticket) int { return cmp.Compare(a.Token, b.Token) })
	holds.expect(len(changed))
	at := 0
	for _, t := range changed {
		for loaded[at].Token != t.Token {
			at++
		}
		was := &loaded[at]
		if was.Owner == t.Owner && was.Owned == t.Owned && was.Barcode == t.Barcode && was.Void == t.Void {
			addHold(&holds, t, was.Version)
			continue
		}
		addHold(&owners, t, was.Version)
		owners.text(string(t.Owner)).int(t.Owned).text(string(t.Barcode)).flag(t.Void)
	}
	return holds, owners
}

func addHold(rows *table, t *boxoffice.Ticket, loaded int64) {
	rows.row().text(string(t.Token)).int(loaded).
		text(string(t.Hold.Kind)).text(t.Hold.By).int(micros(t.Hold.Since)).text(packTerms(&t.Hold)).int(t.Version)
}

// orderRows are the orders, and the entries of those that were decided.
func orderRows(changed, loaded []boxoffice.Order) (orders, ledger table) {
	booked := map[boxoffice.OrderKey]bool{}
	for _, o := range loaded {
		booked[o.Key] = len(o.Transactions) > 0
	}
	slices.SortFunc(changed, func(a, b boxoffice.Order) int { return cmp.Compare(a.Key.String(), b.Key.String()) })
	for _, o := range changed {
		addOrder(&orders, o)
		if booked[o.Key] {
			continue
		}
		for _, t := range o.Transactions {
			for n, e := range t.Entries {
				ledger.row().int(t.Number).int(int64(n)).text(o.Key.String()).text(t.Season).
					text(e.Account).int(e.Amount).text(o.Currency).int(micros(o.BookedAt()))
			}
		}
	}
	return orders, ledger
}

func (s *Store) patronRows(made []boxoffice.Patron) (patrons, keys table) {
	for _, p := range made {
		patrons.row().int(int64(p.Organization)).text(string(p.ID)).text(s.sealContact(p.Contact)).text(p.PasswordHash).int(micros(p.Since))
		for _, key := range p.Keys {
			keys.row().text(string(key)).int(int64(p.Organization)).text(string(p.ID)).int(micros(p.Since))
		}
	}
	return patrons, keys
}

func documentRows(issued []boxoffice.Document) table {
	// In key order, lest two batches wait for each other; of equal ones the first stays.
	slices.SortStableFunc(issued, func(a, b boxoffice.Document) int { return cmp.Compare(a.ID, b.ID) })
	var rows table
	for _, d := range issued {
		rows.row().text(d.ID).text(d.Order.String()).text(string(d.Token)).int(d.Owned).int(micros(d.Issued))
	}
	return rows
}

func listingRows(made []boxoffice.Listing) (rows table) {
	for _, l := range made {
		rows.row().text(string(l.ID)).int(int64(l.Organization)).text(string(l.Channel)).text(string(l.Patron)).
			text(pack(l.Tokens)).int(micros(l.Created)).int(micros(l.Expires))
	}
	return rows
}

func taskRows(entered []boxoffice.Task) table {
	slices.SortStableFunc(entered, func(a, b boxoffice.Task) int { return cmp.Compare(a.ID, b.ID) }) // as documents
	var rows table
	for _, t := range entered {
		rows.row().text(t.ID).text(t.Kind).text(t.Subject).int(micros(t.Due))
	}
	return rows
}

// callbackRows are in key order, each process once: the newest address counts.
func (s *Store) callbackRows(owed []boxoffice.Callback) table {
	newest := map[boxoffice.ProcessID]boxoffice.Callback{}
	for _, c := range owed {
		newest[c.Process] = c
	}
	var rows table
	for _, process := range slices.Sorted(maps.Keys(newest)) {
		c := newest[process]
		rows.row().text(string(c.Process)).text(string(c.Channel)).text(s.keys.Seal(callbackPurpose, []byte(c.URL))).
			text(string(c.State)).int(micros(c.At))
	}
	return rows
}
