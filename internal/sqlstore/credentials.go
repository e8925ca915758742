package sqlstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// A Store keeps the credentials too. They are no acts: each change is solo work,
// a transaction of its own between the batches.
var _ access.Store = (*Store)(nil)

// turnWithin is how long work asks again for its turn at rows that somebody else
// keeps. Whoever shares a code or a token is to get the same answer, late rather
// than not at all.
const turnWithin = 2 * time.Second

// inTurn is alone for work on rows that its callers take turns at. One wait for
// them is short (lock_timeout), so that batches go on; then the work queues
// again.
func (s *Store) inTurn(ctx context.Context, work func(ctx context.Context, tx session) error) error {
	start := time.Now()
	for {
		blocked := false
		err := s.alone(ctx, func(ctx context.Context, tx session) error {
			err := work(ctx, tx)
			blocked = errors.As(err, &errBlocked{})
			return err
		})
		if !blocked || ctx.Err() != nil || time.Since(start) > turnWithin {
			return err
		}
	}
}

// Standing reads what there is to know about what a caller shows (access.Store).
func (s *Store) Standing(ctx context.Context, shown access.Shown) (access.Standing, error) {
	const (
		token         = familyNamed + `(` + byAccess + `) AS m ON m.of_family = id`
		application   = `SELECT id, callback_hosts, rate_per_second, rate_burst FROM application WHERE id = $1`
		organizations = `SELECT organization FROM granted WHERE application = $1 ORDER BY organization`
		key           = `SELECT id, mac, created, ends, application FROM api_key WHERE id = $1`
		channel       = `SELECT application FROM channel WHERE code = $1`
	)
	var st access.Standing
	err := s.read(ctx,
		step{text: token, args: []any{string(shown.Access)}, each: func(r row) error {
			st.Family, st.Token = readFamily(r)
			st.Family.Replay = "" // for exchanges only
			return nil
		}},
		step{text: application, args: []any{string(shown.Application)}, each: func(r row) error {
			st.Application = access.ApplicationID(r.text(0))
			st.Rate = access.Rate{PerSecond: int(r.int(2)), Burst: int(r.int(3))}
			return unpack(r.text(1), &st.CallbackHosts)
		}},
		step{text: organizations, args: []any{string(shown.Application)}, each: func(r row) error {
			st.Organizations = append(st.Organizations, access.OrganizationID(r.int(0)))
			return nil
		}},
		step{text: key, args: []any{string(shown.Key)}, each: func(r row) error {
			st.Key, st.KeyOf = readKey(r), access.ApplicationID(r.text(4))
			return nil
		}},
		step{text: channel, args: []any{string(shown.Channel)}, each: func(r row) error {
			st.ChannelOf = access.ApplicationID(r.text(0))
			return nil
		}})
	if err != nil {
		return access.Standing{}, err
	}
	return st, nil
}

// partnerClaim is the kind under which names of applications and channels are
// claimed: first one application, then channels in ascending order. As nobody
// claims an application while holding a channel, nobody waits in a circle.
const partnerClaim = "partner"

// Enrolment lets change alter what is kept of a partner (access.Store). The
// application's name is claimed, for a row that is not there cannot be locked,
// and everything is read in later statements.
func (s *Store) Enrolment(ctx context.Context, id access.ApplicationID, change func(e *access.Enrolment) error) error {
	return s.inTurn(ctx, func(ctx context.Context, tx session) error {
		var known roll
		claim := s.db.claim(partnerClaim, []string{"application/" + string(id)})
		if err := tx.run(ctx, append(claim, known.read(only(id))...)...); err != nil {
			return err
		}
		var e, was access.Enrolment
		if len(known.partners) > 0 {
			e = known.partners[0]
		}
		was = e // with lists of its own, for change may alter them in place
		was.Channels, was.Organizations, was.Keys = slices.Clone(e.Channels), slices.Clone(e.Organizations), slices.Clone(e.Keys)
		if err := change(&e); err != nil {
			return err
		}
		if e.Application == "" {
			return nil // change did not want the partner
		}
		if !slices.Equal(e.Channels, was.Channels) {
			if err := s.claimChannels(ctx, tx, id, e.Channels); err != nil {
				return err
			}
		}
		return tx.run(ctx, saveEnrolment(id, e, was)...)
	})
}

// claimChannels makes sure that no channel is another application's, nor becomes
// one before the commit.
func (s *Store) claimChannels(ctx context.Context, tx session, id access.ApplicationID, channels []access.Channel) error {
	const others = `SELECT code FROM channel WHERE code {in $1} AND application <> $2`
	if len(channels) == 0 {
		return nil
	}
	names := make([]string, len(channels))
	for i, channel := range channels {
		names[i] = "channel/" + string(channel)
	}
	taken := false
	look := step{text: others, args: []any{texts(channels), string(id)}, each: func(row) error { taken = true; return nil }}
	if err := tx.run(ctx, append(s.db.claim(partnerClaim, names), look)...); err != nil {
		return err
	}
	if taken {
		return access.ErrChannelTaken
	}
	return nil
}

// saveEnrolment are the steps that write a partner. A list that changed is
// written anew; the others are left alone.
func saveEnrolment(id access.ApplicationID, e, was access.Enrolment) []step {
	const (
		saveApplication = `
INSERT INTO application (id, name, epoch, callback_hosts, rate_per_second, rate_burst, page) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, epoch = excluded.epoch, callback_hosts = excluded.callback_hosts,
	rate_per_second = excluded.rate_per_second, rate_burst = excluded.rate_burst, page = excluded.page`
		dropChannels = `DELETE FROM channel WHERE application = $1`
		addChannels  = `INSERT INTO channel (code, application) SELECT r.code, $1 FROM {rows $2 code text}`
		dropGrants   = `DELETE FROM granted WHERE application = $1`
		addGrants    = `INSERT INTO granted (application, organization) SELECT $1, r.organization FROM {rows $2 organization bigint}`
		dropKeys     = `DELETE FROM api_key WHERE application = $1`
		addKeys      = `
INSERT INTO api_key (application, id, mac, created, ends)
SELECT $1, r.id, r.mac, r.created, r.ends FROM {rows $2 id text, mac text, created bigint, ends bigint}`
		addCodes = `
INSERT INTO family (` + familyColumns + `) SELECT ` + familyColumns + ` FROM {rows $1 ` + familyTypes + `}`
	)
	var channels, grants, keys, codes table
	for _, channel := range e.Channels {
		channels.row().text(string(channel))
	}
	for _, organization := range e.Organizations {
		grants.row().int(int64(organization))
	}
	for _, k := range e.Keys {
		keys.row().text(string(k.ID)).text(k.MAC).int(micros(k.Created)).int(micros(k.Ends))
	}
	for _, f := range e.Codes {
		addFamily(&codes, f)
	}
	application := []any{string(id)}
	steps := []step{{text: saveApplication, args: []any{string(id), e.Name, e.Epoch, pack(e.CallbackHosts), int64(e.Rate.PerSecond), int64(e.Rate.Burst), e.Page}, want: 1}}
	renew := func(same bool, drop, add string, rows *table) {
		if !same {
			steps = append(steps,
				step{text: drop, args: application, want: -1},
				step{text: add, args: application, rows: rows, want: rows.rows})
		}
	}
	renew(slices.Equal(e.Channels, was.Channels), dropChannels, addChannels, &channels)
	renew(slices.Equal(e.Organizations, was.Organizations), dropGrants, addGrants, &grants)
	renew(slices.Equal(e.Keys, was.Keys), dropKeys, addKeys, &keys)
	return append(steps, step{text: addCodes, rows: &codes, want: codes.rows})
}

// Enrolments returns all partners by application id (access.Store).
func (s *Store) Enrolments(ctx context.Context) ([]access.Enrolment, error) {
	var all roll
	if err := s.read(ctx, all.read(everyone)...); err != nil {
		return nil, err
	}
	return all.partners, nil
}
