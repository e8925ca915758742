package sqlstore

import (
	"context"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

var _ boxoffice.Visits = (*Store)(nil)

// PatronsOf returns the accounts of a person (boxoffice.Visits).
func (s *Store) PatronsOf(ctx context.Context, person boxoffice.PersonKey, limit int) ([]boxoffice.Patron, error) {
	const all = `
SELECT p.organization, p.id, p.contact, p.password_hash, p.since
FROM patron_key AS k JOIN patron AS p ON p.organization = k.organization AND p.id = k.patron
WHERE k.key = $1 ORDER BY p.since, p.organization, p.id LIMIT $2`
	var patrons []boxoffice.Patron
	err := s.read(ctx, step{text: all, args: []any{string(person), int64(limit)}, each: func(r row) error {
		p, err := readPatron(r, s.openContact)
		patrons = append(patrons, p)
		return err
	}})
	return patrons, err
}

// BeginVisit enters a visit (boxoffice.Visits).
func (s *Store) BeginVisit(ctx context.Context, v boxoffice.Visit) error {
	const (
		enter    = `INSERT INTO visit (id, person, began_at, seen_at) VALUES ($1, $2, $3, $4)`
		accounts = `
INSERT INTO visit_account (visit, organization, patron, password)
SELECT $1, r.organization, r.patron, r.password FROM {rows $2 organization bigint, patron text, password text}`
	)
	var rows table
	for _, a := range v.Accounts {
		rows.row().int(int64(a.Organization)).text(string(a.Patron)).text(a.Password)
	}
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx,
			step{text: enter, args: []any{v.ID, string(v.Person), micros(v.Began), micros(v.Seen)}, want: 1},
			step{text: accounts, args: []any{v.ID}, rows: &rows, want: rows.rows})
	})
}

// Visit returns a visit and its patrons (boxoffice.Visits).
func (s *Store) Visit(ctx context.Context, id string) (v boxoffice.Visit, patrons []boxoffice.Patron, found bool, err error) {
	const (
		one      = `SELECT id, person, began_at, seen_at FROM visit WHERE id = $1`
		accounts = `SELECT organization, patron, password FROM visit_account WHERE visit = $1 ORDER BY organization, patron`
		persons  = `
SELECT p.organization, p.id, p.contact, p.password_hash, p.since
FROM visit_account AS a JOIN patron AS p ON p.organization = a.organization AND p.id = a.patron
WHERE a.visit = $1 ORDER BY p.organization, p.id`
	)
	err = s.read(ctx,
		step{text: one, args: []any{id}, each: func(r row) error {
			found = true
			v.ID, v.Person, v.Began, v.Seen = r.text(0), boxoffice.PersonKey(r.text(1)), instant(r.int(2)), instant(r.int(3))
			return nil
		}},
		step{text: accounts, args: []any{id}, each: func(r row) error {
			v.Accounts = append(v.Accounts, boxoffice.VisitAccount{
				Account:  boxoffice.Account{Organization: access.OrganizationID(r.int(0)), Patron: boxoffice.PatronID(r.text(1))},
				Password: r.text(2),
			})
			return nil
		}},
		step{text: persons, args: []any{id}, each: func(r row) error {
			p, err := readPatron(r, s.openContact)
			patrons = append(patrons, p)
			return err
		}})
	return v, patrons, found, err
}

// KeepVisit notes when a visit was used (boxoffice.Visits).
func (s *Store) KeepVisit(ctx context.Context, id string, seen time.Time) error {
	const keep = `UPDATE visit SET seen_at = $2 WHERE id = $1 AND seen_at < $2`
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx, step{text: keep, args: []any{id, micros(seen)}, want: -1})
	})
}

// EndVisit forgets a visit (boxoffice.Visits).
func (s *Store) EndVisit(ctx context.Context, id string) error {
	const end = `DELETE FROM visit WHERE id = $1`
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx, step{text: end, args: []any{id}, want: -1})
	})
}

// EnterPasswordLink enters a link and its mail (boxoffice.Visits).
func (s *Store) EnterPasswordLink(ctx context.Context, l boxoffice.PasswordLink, t boxoffice.Task) error {
	const enter = `INSERT INTO password_link (id, person, ends_at, used_at) VALUES ($1, $2, $3, 0)`
	task := taskRows([]boxoffice.Task{t})
	err := s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx,
			step{text: enter, args: []any{l.ID, string(l.Person), micros(l.Ends)}, want: 1},
			step{text: saveTasks, rows: &task, want: -1})
	})
	if err == nil {
		s.tasks.wake()
	}
	return err
}

// PasswordLink returns a link (boxoffice.Visits).
func (s *Store) PasswordLink(ctx context.Context, id string) (l boxoffice.PasswordLink, found bool, err error) {
	const one = `SELECT id, person, ends_at, used_at FROM password_link WHERE id = $1`
	err = s.read(ctx, step{text: one, args: []any{id}, each: func(r row) error {
		found = true
		l = boxoffice.PasswordLink{ID: r.text(0), Person: boxoffice.PersonKey(r.text(1)), Ends: instant(r.int(2)), Used: instant(r.int(3))}
		return nil
	}})
	return l, found, err
}

// SetPassword uses a link (boxoffice.Visits).
func (s *Store) SetPassword(ctx context.Context, id, hash string, now time.Time) (good bool, err error) {
	const (
		person = `SELECT person FROM password_link WHERE id = $1`
		use    = `UPDATE password_link SET used_at = $2 WHERE id = $1 AND used_at = 0 AND ends_at > $2`
		others = `UPDATE password_link SET used_at = $2 WHERE person = $1 AND used_at = 0`
		write  = `
UPDATE patron SET password_hash = $2
WHERE (organization, id) IN (SELECT k.organization, k.patron FROM patron_key AS k WHERE k.key = $1)`
		end = `
DELETE FROM visit WHERE id IN (
	SELECT a.visit FROM visit_account AS a JOIN patron_key AS k ON k.organization = a.organization AND k.patron = a.patron WHERE k.key = $1)`
	)
	err = s.alone(ctx, func(ctx context.Context, tx session) error {
		var whose string
		used := 0
		err := tx.run(ctx,
			step{text: use, args: []any{id, micros(now)}, want: -1, took: &used},
			step{text: person, args: []any{id}, each: func(r row) error { whose = r.text(0); return nil }})
		if good = used == 1; err != nil || !good {
			return err
		}
		return tx.run(ctx,
			step{text: others, args: []any{whose, micros(now)}, want: -1},
			step{text: write, args: []any{whose, hash}, want: -1},
			step{text: end, args: []any{whose}, want: -1})
	})
	return good, err
}

// TidyVisits forgets what is over (boxoffice.Visits).
func (s *Store) TidyVisits(ctx context.Context, seen, began time.Time) error {
	const (
		visits = `DELETE FROM visit WHERE id IN (SELECT id FROM visit WHERE seen_at <= $1 OR began_at <= $2 ORDER BY seen_at LIMIT 1000)`
		links  = `DELETE FROM password_link WHERE id IN (SELECT id FROM password_link WHERE ends_at <= $1 ORDER BY ends_at LIMIT 1000)`
	)
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		return tx.run(ctx,
			step{text: visits, args: []any{micros(seen), micros(began)}, want: -1},
			step{text: links, args: []any{micros(seen)}, want: -1})
	})
}
