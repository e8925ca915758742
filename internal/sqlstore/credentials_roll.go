package sqlstore

import "github.com/seatlink/seatlink/internal/access"

// A roll is the partners as they are read, by application id.
type roll struct {
	partners []access.Enrolment
	place    map[access.ApplicationID]int
}

// A scope says whose rows a roll reads.
type scope struct {
	ids, applications string // conditions on the column of each name
	args              []any
}

var everyone = scope{}

func only(id access.ApplicationID) scope {
	return scope{ids: ` WHERE id = $1`, applications: ` WHERE application = $1`, args: []any{string(id)}}
}

// read are the steps that fill the roll. The applications come first: what is
// read after them belongs to one of them.
func (l *roll) read(of scope) []step {
	const (
		applications = `SELECT id, name, epoch, callback_hosts, rate_per_second, rate_burst, page FROM application`
		byID         = ` ORDER BY id`
		channels     = `SELECT application, code FROM channel`
		byCode       = ` ORDER BY application, code`
		grants       = `SELECT application, organization FROM granted`
		byNumber     = ` ORDER BY application, organization`
		keys         = `SELECT id, mac, created, ends, application FROM api_key`
		byAge        = ` ORDER BY application, created, id`
	)
	l.place = map[access.ApplicationID]int{}
	return []step{
		{text: applications + of.ids + byID, args: of.args, each: func(r row) error {
			var e access.Enrolment
			e.Application, e.Name, e.Epoch = access.ApplicationID(r.text(0)), r.text(1), r.int(2)
			e.Rate = access.Rate{PerSecond: int(r.int(4)), Burst: int(r.int(5))}
			e.Page = r.text(6)
			l.place[e.Application] = len(l.partners)
			err := unpack(r.text(3), &e.CallbackHosts)
			l.partners = append(l.partners, e)
			return err
		}},
		{text: channels + of.applications + byCode, args: of.args, each: func(r row) error {
			e := l.of(r.text(0))
			e.Channels = append(e.Channels, access.Channel(r.text(1)))
			return nil
		}},
		{text: grants + of.applications + byNumber, args: of.args, each: func(r row) error {
			e := l.of(r.text(0))
			e.Organizations = append(e.Organizations, access.OrganizationID(r.int(1)))
			return nil
		}},
		{text: keys + of.applications + byAge, args: of.args, each: func(r row) error {
			e := l.of(r.text(4))
			e.Keys = append(e.Keys, readKey(r))
			return nil
		}},
	}
}

func (l *roll) of(application string) *access.Enrolment {
	return &l.partners[l.place[access.ApplicationID(application)]]
}

func readKey(r row) access.Key {
	return access.Key{ID: access.KeyID(r.text(0)), MAC: r.text(1), Created: instant(r.int(2)), Ends: instant(r.int(3))}
}
