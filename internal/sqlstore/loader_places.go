package sqlstore

import (
	"context"
	"strconv"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// moment is an instant as differences show it.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// Organizations adds those that are not there yet.
func (l *Loader) Organizations(ctx context.Context, rows []boxoffice.Organization) error {
	const (
		add = `
INSERT INTO organization (` + organizationColumns + `)
SELECT ` + organizationColumns + `
FROM {rows $1 id bigint, name text, distributor_code text, zone text, currency text, strict_sums boolean, catalog_version bigint,
	review text, review_above bigint, pages text, callbacks text}
WHERE true
ON CONFLICT (id) DO NOTHING`
		find    = `SELECT ` + organizationColumns + ` FROM organization`
		clashes = `SELECT id, distributor_code FROM organization`
	)
	return bring(ctx, l, rows, kind[boxoffice.Organization, access.OrganizationID]{
		name: "organization", add: add, put: addOrganization,
		key:  func(o boxoffice.Organization) access.OrganizationID { return o.ID },
		show: func(id access.OrganizationID) string { return strconv.FormatInt(int64(id), 10) },
		find: func(_ []boxoffice.Organization, each func(boxoffice.Organization)) step {
			return step{text: find, each: func(r row) error {
				o, err := readOrganization(r)
				each(o)
				return err
			}}
		},
		differs: func(there, given boxoffice.Organization) difference {
			var c columns
			c.text("name", there.Name, given.Name).text("distributorCode", there.DistributorCode, given.DistributorCode).
				text("zone", there.Zone, given.Zone).text("currency", there.Currency, given.Currency).
				flag("strictSums", there.StrictSums, given.StrictSums).text("review", string(there.Review), string(given.Review)).
				int("review above, in minor units", there.ReviewAbove, given.ReviewAbove).
				text("pages", pack(there.Pages), pack(given.Pages)).text("callbacks", pack(there.Callbacks), pack(given.Callbacks))
			return c.difference
		},
		clashes: func(chunk []boxoffice.Organization, each func(boxoffice.Difference)) []step {
			return []step{{text: clashes, each: func(r row) error {
				for _, o := range chunk {
					if o.DistributorCode == r.text(1) && int64(o.ID) != r.int(0) {
						each(boxoffice.Difference{
							Kind: "organization", Key: strconv.FormatInt(int64(o.ID), 10), Column: "distributorCode",
							Books: "that of organization " + strconv.FormatInt(r.int(0), 10), Load: o.DistributorCode,
						})
					}
				}
				return nil
			}}}
		},
	})
}

// Seasons adds those that are not there yet.
func (l *Loader) Seasons(ctx context.Context, rows []boxoffice.Season) error {
	const (
		add = `
INSERT INTO season (` + seasonColumns + `)
SELECT r.organization, r.code, r.name
FROM {rows $1 organization bigint, code text, name text}
WHERE true
ON CONFLICT (organization, code) DO NOTHING`
		find = `SELECT ` + seasonColumns + ` FROM season`
	)
	return bring(ctx, l, rows, kind[boxoffice.Season, placed]{
		name: "season", add: add,
		put:  func(t *table, s boxoffice.Season) { t.row().int(int64(s.Organization)).text(s.Code).text(s.Name) },
		key:  func(s boxoffice.Season) placed { return placed{s.Organization, s.Code} },
		show: placed.String,
		find: func(_ []boxoffice.Season, each func(boxoffice.Season)) step {
			return step{text: find, each: func(r row) error { each(readSeason(r)); return nil }}
		},
		differs: func(there, given boxoffice.Season) difference {
			var c columns
			return c.text("name", there.Name, given.Name).difference
		},
	})
}

// Manifests adds those that are not there yet.
func (l *Loader) Manifests(ctx context.Context, rows []boxoffice.Manifest) error {
	const (
		add = `
INSERT INTO manifest (` + manifestColumns + `)
SELECT r.organization, r.season, r.facility, r.facility_name, r.configuration, r.areas, r.changed_at
FROM {rows $1 organization bigint, season text, facility text, facility_name text, configuration text, areas text, changed_at bigint}
WHERE true
ON CONFLICT (organization, facility, configuration, season) DO NOTHING`
		find = `
SELECT m.organization, m.season, m.facility, m.facility_name, m.configuration, m.areas, m.changed_at
FROM {rows $1 organization bigint, season text, facility text, configuration text}
JOIN manifest AS m ON m.organization = r.organization AND m.facility = r.facility AND m.configuration = r.configuration AND m.season = r.season`
	)
	name := func(m boxoffice.Manifest) string { return m.Facility + " " + m.Configuration + " " + m.Season }
	return bring(ctx, l, rows, kind[boxoffice.Manifest, placed]{
		name: "manifest", add: add,
		put: func(t *table, m boxoffice.Manifest) {
			t.row().int(int64(m.Organization)).text(m.Season).text(m.Facility).text(m.FacilityName).text(m.Configuration).
				text(pack(m.Areas)).int(micros(m.Changed))
		},
		key:  func(m boxoffice.Manifest) placed { return placed{m.Organization, name(m)} },
		show: placed.String,
		find: func(chunk []boxoffice.Manifest, each func(boxoffice.Manifest)) step {
			var wanted table
			for _, m := range chunk {
				wanted.row().int(int64(m.Organization)).text(m.Season).text(m.Facility).text(m.Configuration)
			}
			return step{text: find, rows: &wanted, each: func(r row) error {
				m, err := readManifest(r)
				each(m)
				return err
			}}
		},
		differs: func(there, given boxoffice.Manifest) difference {
			var c columns
			return c.text("facility.name", there.FacilityName, given.FacilityName).secret("areas", pack(there.Areas) == pack(given.Areas)).difference
		},
	})
}

// storedEvent is an event with the number of its loads: one that has as many
// versions was changed by nothing else.
type storedEvent struct {
	boxoffice.Event
	loads int64
}

// Events adds those that are not there yet.
func (l *Loader) Events(ctx context.Context, rows []boxoffice.Event) error {
	const (
		add = `
INSERT INTO event (` + eventColumns + `)
SELECT ` + eventColumns + `
FROM {rows $1 id text, organization bigint, season text, item text, basis text, name text, item_name text, internet_name text,
	start_at bigint, start_date text, end_at bigint, end_date text, over_at bigint,
	facility_code text, facility_name text, configuration_code text, associations text, price_types text,
	secondary boolean, cancelled boolean, version bigint}
WHERE true
ON CONFLICT (id) DO NOTHING`
		find = `
SELECT ` + eventColumns + `,
	(SELECT COUNT(*) FROM journal AS j WHERE j.subject = event.id AND j.entity = '` + string(boxoffice.Events) + `' AND j.what = 'load')
FROM event WHERE id {in $1}`
	)
	given := make([]storedEvent, len(rows))
	for i, e := range rows {
		given[i].Event = e
		if l.events[e.ID] == nil {
			l.events[e.ID] = &loadedEvent{organization: int64(e.Organization)}
		}
	}
	return bring(ctx, l, given, kind[storedEvent, boxoffice.EventID]{
		name: "event", add: add,
		put:  func(t *table, e storedEvent) { addEvent(t, e.Event) },
		key:  func(e storedEvent) boxoffice.EventID { return e.ID },
		show: func(id boxoffice.EventID) string { return string(id) },
		find: func(chunk []storedEvent, each func(storedEvent)) step {
			ids := make([]string, len(chunk))
			for i, e := range chunk {
				ids[i] = string(e.ID)
			}
			return step{text: find, args: []any{ids}, each: func(r row) error {
				e, err := readEvent(r)
				each(storedEvent{e, r.int(eventColumnCount)})
				return err
			}}
		},
		differs: differentEvent,
	})
}

// differentEvent compares an event with what a load says of it, unless an act has
// changed it since it was loaded: then it is as that act left it.
func differentEvent(there, given storedEvent) difference {
	var c columns
	c.int("organization", int64(there.Organization), int64(given.Organization)).text("season", there.Season, given.Season).
		text("item", there.Item, given.Item).text("basis", there.Basis, given.Basis)
	if there.Version != there.loads {
		return c.difference
	}
	c.text("name", there.Name, given.Name).text("item_name", there.ItemName, given.ItemName).
		text("internet_name", there.InternetName, given.InternetName).
		text("start", there.Start.Date+moment(there.Start.At), given.Start.Date+moment(given.Start.At)).
		text("end", there.End.Date+moment(there.End.At), given.End.Date+moment(given.End.At)).
		text("facility", there.FacilityCode, given.FacilityCode).text("facility_name", there.FacilityName, given.FacilityName).
		text("configuration", there.ConfigurationCode, given.ConfigurationCode).
		text("associations", pack(there.Associations), pack(given.Associations)).
		text("price_types", pack(there.PriceTypes), pack(given.PriceTypes)).
		flag("secondary", there.Secondary, given.Secondary).flag("cancelled", there.Cancelled, given.Cancelled)
	return c.difference
}

// Patrons adds those that are not there yet, with what they are found by. New
// accounts are numbered beyond the largest numeric id. Passwords are their owners'
// to change, and are not compared.
func (l *Loader) Patrons(ctx context.Context, rows []boxoffice.Patron) error {
	const (
		add = `
INSERT INTO patron (` + patronColumns + `)
SELECT r.organization, r.id, r.contact, r.password_hash, r.since
FROM {rows $1 organization bigint, id text, contact text, password_hash text, since bigint}
WHERE true
ON CONFLICT (organization, id) DO NOTHING`
		addKeys = `
INSERT INTO patron_key (key, organization, patron, since)
SELECT r.key, r.organization, r.patron, r.since
FROM {rows $1 key text, organization bigint, patron text, since bigint}
WHERE true
ON CONFLICT (key, organization, patron) DO NOTHING`
		raise = `UPDATE series SET next = $2 WHERE name = $1 AND next < $2`
		find  = `
SELECT p.organization, p.id, p.contact, p.password_hash, p.since
FROM {rows $1 organization bigint, id text} JOIN patron AS p ON p.organization = r.organization AND p.id = r.id`
	)
	return bring(ctx, l, rows, kind[boxoffice.Patron, placed]{
		name: "patron", add: add,
		put: func(t *table, p boxoffice.Patron) {
			t.row().int(int64(p.Organization)).text(string(p.ID)).text(l.s.sealContact(p.Contact)).text(p.PasswordHash).int(micros(p.Since))
		},
		also: func(chunk []boxoffice.Patron) []step {
			var keys table
			for _, p := range chunk {
				for _, key := range p.Keys {
					keys.row().text(string(key)).int(int64(p.Organization)).text(string(p.ID)).int(micros(p.Since))
				}
				if n, err := strconv.ParseInt(string(p.ID), 10, 64); err == nil {
					l.highest = max(l.highest, n)
				}
			}
			return []step{
				{text: addKeys, rows: &keys, want: -1},
				{text: raise, args: []any{boxoffice.SeriesPatron, l.highest + 1}, want: -1},
			}
		},
		key:  func(p boxoffice.Patron) placed { return placed{p.Organization, string(p.ID)} },
		show: placed.String,
		find: func(chunk []boxoffice.Patron, each func(boxoffice.Patron)) step {
			var wanted table
			for _, p := range chunk {
				wanted.row().int(int64(p.Organization)).text(string(p.ID))
			}
			return step{text: find, rows: &wanted, each: func(r row) error {
				p, err := readPatron(r, l.s.openContact)
				each(p)
				return err
			}}
		},
		differs: func(there, given boxoffice.Patron) difference {
			var c columns
			return c.secret("a name or an address", pack(there.Contact) == pack(given.Contact)).
				text("since", moment(there.Since), moment(given.Since)).difference
		},
	})
}
