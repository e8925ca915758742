package sqlstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

const (
	scanColumns = `scan, event, barcode, token, gate, at, kept_at, state, reason, venue`

	loadScans = `
SELECT ` + scanColumns + `
FROM admission
WHERE scan {in $1}`

	loadInside = `
SELECT ` + scanColumns + `
FROM admission
WHERE token {in $1} AND state = 'admitted'`

	saveScans = `
INSERT INTO admission (scan, organization, event, barcode, token, gate, at, kept_at, state, reason, venue)
SELECT r.scan, r.organization, r.event, r.barcode, r.token, r.gate, r.at, r.kept_at, r.state, r.reason, r.venue
FROM {rows $1 scan text, organization bigint, event text, barcode text, token text, gate text, at bigint, kept_at bigint,
	state text, reason text, venue text}
WHERE true
ON CONFLICT (scan) DO UPDATE SET state = excluded.state`

	endScans = `
UPDATE admission SET state = 'ended'
{from $1 token text}
WHERE admission.token = {.token} AND admission.state = 'admitted'`

	// A barcode may come back to life, and die again.
	saveReplaced = `
INSERT INTO replaced_barcode (event, barcode, token, at)
SELECT r.event, r.barcode, r.token, r.at
FROM {rows $1 event text, barcode text, token text, at bigint}
WHERE true
ON CONFLICT (event, barcode) DO UPDATE SET token = excluded.token, at = excluded.at`
)

func scanKey(key string) boxoffice.ScanKey {
	org, id, _ := strings.Cut(key, "/")
	number, _ := strconv.ParseInt(org, 10, 64) // it was written as one
	return boxoffice.ScanKey{Organization: access.OrganizationID(number), ID: id}
}

func readScan(r row) boxoffice.Scan {
	return boxoffice.Scan{
		Key: scanKey(r.text(0)), Event: boxoffice.EventID(r.text(1)), Barcode: boxoffice.Barcode(r.text(2)), Token: boxoffice.Token(r.text(3)),
		Gate: r.text(4), At: instant(r.int(5)), Kept: instant(r.int(6)), State: boxoffice.ScanState(r.text(7)), Reason: r.text(8), Venue: r.text(9),
	}
}

// scanRows are those that let nobody in first, for no ticket may be in by two,
// between two rows either. Nobody waits for them: their tickets are locked.
func scanRows(changed []boxoffice.Scan) table {
	slices.SortFunc(changed, func(a, b boxoffice.Scan) int {
		if in := a.State == boxoffice.ScanInside; in != (b.State == boxoffice.ScanInside) {
			if in {
				return 1
			}
			return -1
		}
		return strings.Compare(a.Key.String(), b.Key.String())
	})
	var rows table
	for _, s := range changed {
		rows.row().text(s.Key.String()).int(int64(s.Key.Organization)).text(string(s.Event)).text(string(s.Barcode)).text(string(s.Token)).
			text(s.Gate).int(micros(s.At)).int(micros(s.Kept)).text(string(s.State)).text(s.Reason).text(s.Venue)
	}
	return rows
}

func leftRows(left []boxoffice.Token) table {
	var rows table
	for _, token := range sorted(texts(left)) {
		rows.row().text(token)
	}
	return rows
}

// replacedRows are the barcodes that changes have replaced, in key order and each
// once: of two changes of a batch the later one counts.
func replacedRows(entered []boxoffice.Entered, at int64) table {
	dead := map[boxoffice.EventBarcode]boxoffice.Token{}
	var codes []boxoffice.EventBarcode
	for _, e := range entered {
		if !e.Renewed {
			continue
		}
		code := boxoffice.EventBarcode{Event: e.Ticket.Event, Barcode: e.Old}
		if _, twice := dead[code]; !twice {
			codes = append(codes, code)
		}
		dead[code] = e.Ticket.Token
	}
	slices.SortFunc(codes, func(a, b boxoffice.EventBarcode) int {
		return strings.Compare(string(a.Event)+"\x00"+string(a.Barcode), string(b.Event)+"\x00"+string(b.Barcode))
	})
	var rows table
	for _, code := range codes {
		rows.row().text(string(code.Event)).text(string(code.Barcode)).text(string(dead[code])).int(at)
	}
	return rows
}

const passColumns = `token, version, section, row, seat, barcode, void, CASE WHEN hold = 'gate' THEN hold_by ELSE '' END,
	CASE WHEN hold = 'gate' THEN hold_since ELSE 0 END`

func readPass(r row) boxoffice.Pass {
	return boxoffice.Pass{
		Token: boxoffice.Token(r.text(0)), Version: r.int(1), Section: r.text(2), Row: r.text(3), Seat: r.text(4),
		Barcode: boxoffice.Barcode(r.text(5)), Void: r.flag(6), Gate: r.text(7), Since: instant(r.int(8)),
	}
}

// roll reads an event and some of its tickets, with the position of what is
// numbered. What is not numbered yet is in the tickets all the same; it comes once
// more with the changes, which does no harm.
func (s *Store) roll(ctx context.Context, event boxoffice.EventID, more ...step) (boxoffice.Roll, error) {
	const (
		one  = `SELECT ` + eventColumns + ` FROM event WHERE id = $1`
		here = `SELECT (SELECT epoch FROM installation), (SELECT position FROM head WHERE id = 1)`
	)
	var roll boxoffice.Roll
	steps := append([]step{
		{text: one, args: []any{string(event)}, each: func(r row) (err error) { roll.Event, err = readEvent(r); return err }},
		{text: here, each: func(r row) error { roll.Epoch, roll.Position = r.int(0), r.int(1); return nil }},
	}, more...)
	err := s.read(ctx, append(steps, s.db.clock(&roll.Now)...)...)
	return roll, err
}

// Passes returns an event's tickets and their position, of one snapshot
// (boxoffice.Gates).
func (s *Store) Passes(ctx context.Context, event boxoffice.EventID) (boxoffice.Roll, error) {
	const tickets = `SELECT ` + passColumns + ` FROM ticket WHERE event = $1 AND NOT void ORDER BY section, row, seat`
	var passes []boxoffice.Pass
	roll, err := s.roll(ctx, event, step{text: tickets, args: []any{string(event)}, each: func(r row) error {
		passes = append(passes, readPass(r))
		return nil
	}})
	roll.Passes = passes
	return roll, err
}

// PassesOf returns tickets of an event with what their barcodes were
// (boxoffice.Gates).
func (s *Store) PassesOf(ctx context.Context, event boxoffice.EventID, tokens []boxoffice.Token) (boxoffice.Roll, error) {
	const (
		tickets = `SELECT ` + passColumns + ` FROM ticket WHERE event = $1 AND token {in $2} ORDER BY section, row, seat, token`
		before  = `SELECT token, barcode FROM replaced_barcode WHERE event = $1 AND token {in $2} ORDER BY token, at, barcode`
	)
	if len(tokens) == 0 {
		return s.roll(ctx, event)
	}
	var passes []boxoffice.Pass
	replaced := map[boxoffice.Token][]boxoffice.Barcode{}
	named := []any{string(event), texts(tokens)}
	roll, err := s.roll(ctx, event,
		step{text: tickets, args: named, each: func(r row) error {
			passes = append(passes, readPass(r))
			return nil
		}},
		step{text: before, args: named, each: func(r row) error {
			token := boxoffice.Token(r.text(0))
			replaced[token] = append(replaced[token], boxoffice.Barcode(r.text(1)))
			return nil
		}})
	for i, p := range passes {
		// One that came back to life is not dead.
		passes[i].Replaced = slices.DeleteFunc(replaced[p.Token], func(b boxoffice.Barcode) bool { return b == p.Barcode })
	}
	roll.Passes = passes
	return roll, err
}

// Replaced tells of barcodes that were replaced (boxoffice.Gates).
func (s *Store) Replaced(ctx context.Context, codes []boxoffice.EventBarcode) (map[boxoffice.EventBarcode]boxoffice.Replacement, error) {
	const dead = `
SELECT event, barcode, token, at
FROM replaced_barcode WHERE (event, barcode) IN (SELECT r.in_event, r.in_barcode FROM {rows $1 in_event text, in_barcode text})`
	var rows table
	for _, c := range codes {
		rows.row().text(string(c.Event)).text(string(c.Barcode))
	}
	found := map[boxoffice.EventBarcode]boxoffice.Replacement{}
	err := s.read(ctx, step{text: dead, rows: &rows, each: func(r row) error {
		found[boxoffice.EventBarcode{Event: boxoffice.EventID(r.text(0)), Barcode: boxoffice.Barcode(r.text(1))}] =
			boxoffice.Replacement{Token: boxoffice.Token(r.text(2)), Since: instant(r.int(3))}
		return nil
	}})
	return found, err
}

// Elsewhere finds barcodes at any event of an organization (boxoffice.Gates). It
// looks into the index once for each event.
func (s *Store) Elsewhere(ctx context.Context, org access.OrganizationID, barcodes []boxoffice.Barcode) (map[boxoffice.Barcode]boxoffice.EventID, error) {
	const where = `
SELECT t.barcode, t.event
FROM event AS e JOIN ticket AS t ON t.event = e.id AND t.barcode {in $2}
WHERE e.organization = $1
ORDER BY t.barcode, t.event DESC`
	found := map[boxoffice.Barcode]boxoffice.EventID{}
	err := s.read(ctx, step{text: where, args: []any{int64(org), texts(barcodes)}, each: func(r row) error {
		found[boxoffice.Barcode(r.text(0))] = boxoffice.EventID(r.text(1))
		return nil
	}})
	return found, err
}

// Scan returns one scan (boxoffice.Gates).
func (s *Store) Scan(ctx context.Context, key boxoffice.ScanKey) (scan boxoffice.Scan, found bool, err error) {
	const one = `SELECT ` + scanColumns + ` FROM admission WHERE scan = $1`
	err = s.read(ctx, step{text: one, args: []any{key.String()}, each: func(r row) error {
		scan, found = readScan(r), true
		return nil
	}})
	return scan, found, err
}

// Scans returns the scans of an event (boxoffice.Gates).
func (s *Store) Scans(ctx context.Context, event boxoffice.EventID, states []boxoffice.ScanState, limit int) ([]boxoffice.Scan, error) {
	const all = `
SELECT ` + scanColumns + ` FROM admission WHERE event = $1 AND state {in $2} ORDER BY at, scan LIMIT $3`
	var scans []boxoffice.Scan
	err := s.read(ctx, step{text: all, args: []any{string(event), texts(states), int64(limit)}, each: func(r row) error {
		scans = append(scans, readScan(r))
		return nil
	}})
	return scans, err
}

// Turnout counts (boxoffice.Gates).
func (s *Store) Turnout(ctx context.Context, event boxoffice.EventID) (boxoffice.Turnout, error) {
	const (
		tickets = `SELECT COUNT(*) FROM ticket WHERE event = $1 AND NOT void`
		scans   = `SELECT state, COUNT(*) FROM admission WHERE event = $1 GROUP BY state`
	)
	var n boxoffice.Turnout
	named := []any{string(event)}
	roll, err := s.roll(ctx, event,
		step{text: tickets, args: named, each: func(r row) error { n.Live = r.int(0); return nil }},
		step{text: scans, args: named, each: func(r row) error {
			switch boxoffice.ScanState(r.text(0)) {
			case boxoffice.ScanInside:
				n.Inside = r.int(1)
			case boxoffice.ScanLater:
				n.Later = r.int(1)
			case boxoffice.ScanRefused:
				n.Refused = r.int(1)
			case boxoffice.ScanUndone:
				n.Undone = r.int(1)
			}
			return nil
		}})
	n.Epoch, n.Position, n.Now = roll.Epoch, roll.Position, roll.Now
	if roll.Event.Cancelled {
		n.Live = 0
	}
	return n, err
}
