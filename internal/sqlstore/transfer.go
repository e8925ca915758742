package sqlstore

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

const transferColumns = `key, code, channel, organization, zone, distributor, state, content, form, tokens, sender, recipient, invitee,
	details, sent_at, expires_at, ended_at, misses, missed_at, version, process, process_state, wait, hands_over, call_back, refused`

const (
	loadTransfers = `
SELECT ` + transferColumns + `
FROM transfer
WHERE key {in $1}
ORDER BY key {lock}`

	saveTransfers = `
INSERT INTO transfer (key, secret, code, channel, organization, zone, distributor, state, content, form, tokens, sender, recipient, invitee,
	details, sent_at, expires_at, ended_at, misses, missed_at, version, process, process_state, wait, hands_over, call_back, refused)
SELECT r.key, r.secret, r.code, r.channel, r.organization, r.zone, r.distributor, r.state, r.content, r.form, r.tokens, r.sender, r.recipient,
	r.invitee, r.details, r.sent_at, r.expires_at, r.ended_at, r.misses, r.missed_at, r.version,
	r.process, r.process_state, r.wait, r.hands_over, r.call_back, r.refused
FROM {rows $1 key text, secret text, code text, channel text, organization bigint, zone text, distributor text, state text, content text,
	form text, tokens text, sender text, recipient text, invitee text, details text, sent_at bigint, expires_at bigint, ended_at bigint,
	misses bigint, missed_at bigint, version bigint, process text, process_state text, wait text, hands_over boolean, call_back boolean,
	refused text}
WHERE true
ON CONFLICT (key) DO UPDATE SET state = excluded.state, recipient = excluded.recipient, ended_at = excluded.ended_at,
	misses = excluded.misses, missed_at = excluded.missed_at, version = excluded.version,
	process_state = excluded.process_state, refused = excluded.refused
WHERE transfer.version < excluded.version`

	saveSteps = `
INSERT INTO transfer_step (transfer, op, initiator, at)
SELECT r.transfer, r.op, r.initiator, r.at
FROM {rows $1 transfer text, op text, initiator text, at bigint}`
)

// transferPurpose seals what a transfer says of persons, and its id, which lets
// whoever knows it accept the transfer. The id is looked for by its keyed hash.
const transferPurpose = "transfer"

// details is what is sealed of a transfer.
type details struct {
	ID      boxoffice.TransferID  `json:"id"`
	Invited boxoffice.Contact     `json:"invited,omitzero"`
	Link    boxoffice.Link        `json:"link,omitzero"`
	Said    []boxoffice.SeatsSaid `json:"said,omitempty"`
	Note    string                `json:"note,omitzero"`
}

func (s *Store) transferSecret(id boxoffice.TransferID) string {
	return base64.RawURLEncoding.EncodeToString(s.keys.MAC(transferPurpose, string(id)))
}

func (s *Store) readTransfer(r row) (boxoffice.Transfer, error) {
	t := boxoffice.Transfer{
		Key: boxoffice.TransferKey(r.text(0)), Code: r.text(1), Channel: access.Channel(r.text(2)),
		Organization: access.OrganizationID(r.int(3)), Zone: r.text(4), Distributor: r.text(5),
		State: boxoffice.TransferState(r.text(6)), Content: r.text(7), Form: boxoffice.Form(r.text(8)),
		From: boxoffice.PatronID(r.text(10)), To: boxoffice.PatronID(r.text(11)), Invitee: boxoffice.PersonKey(r.text(12)),
		Sent: instant(r.int(14)), Expires: instant(r.int(15)), Ended: instant(r.int(16)),
		Misses: int(r.int(17)), Missed: instant(r.int(18)), Version: r.int(19),
		Process: boxoffice.TransferProcess{
			ID: boxoffice.ProcessID(r.text(20)), State: boxoffice.OrderState(r.text(21)), Wait: boxoffice.Wait(r.text(22)),
			HandsOver: r.flag(23), CallBack: r.flag(24),
		},
	}
	refused, err := unpackRefused(r.text(25), "")
	if err != nil {
		return t, fmt.Errorf("refusals of transfer %s: %w", t.Key, err)
	}
	t.Process.Refused = refused
	if err := unpack(r.text(9), &t.Tokens); err != nil {
		return t, fmt.Errorf("tokens of transfer %s: %w", t.Key, err)
	}
	opened, err := s.keys.Open(transferPurpose, r.text(13))
	if err != nil {
		return t, fmt.Errorf("details of transfer %s: %w", t.Key, err)
	}
	var d details
	if err := json.Unmarshal(opened, &d); err != nil {
		return t, fmt.Errorf("details of transfer %s: %w", t.Key, err)
	}
	t.ID, t.Invited, t.Link, t.Said, t.Note = d.ID, d.Invited, d.Link, d.Said, d.Note
	return t, nil
}

func (s *Store) transferRows(changed []boxoffice.Transfer) table {
	slices.SortFunc(changed, func(a, b boxoffice.Transfer) int { return cmp.Compare(a.Key, b.Key) })
	var rows table
	for _, t := range changed {
		sealed := s.keys.Seal(transferPurpose, []byte(pack(details{t.ID, t.Invited, t.Link, t.Said, t.Note})))
		rows.row().text(string(t.Key)).text(s.transferSecret(t.ID)).text(t.Code).text(string(t.Channel)).int(int64(t.Organization)).
			text(t.Zone).text(t.Distributor).text(string(t.State)).text(t.Content).text(string(t.Form)).text(pack(t.Tokens)).
			text(string(t.From)).text(string(t.To)).text(string(t.Invitee)).text(sealed).
			int(micros(t.Sent)).int(micros(t.Expires)).int(micros(t.Ended)).int(int64(t.Misses)).int(micros(t.Missed)).int(t.Version).
			text(string(t.Process.ID)).text(string(t.Process.State)).text(string(t.Process.Wait)).flag(t.Process.HandsOver).
			flag(t.Process.CallBack).text(packRefused(t.Process.Refused))
	}
	return rows
}

func stepRows(recorded []boxoffice.Recorded) table {
	var rows table
	for _, r := range recorded {
		rows.row().text(string(r.Transfer)).text(string(r.Op)).text(string(r.By)).int(micros(r.At))
	}
	return rows
}

// Transfer returns a transfer by its id (boxoffice.Transfers).
func (s *Store) Transfer(ctx context.Context, id boxoffice.TransferID) (boxoffice.Transfer, bool, error) {
	const (
		one   = `SELECT ` + transferColumns + ` FROM transfer WHERE secret = $1`
		steps = `
SELECT op, initiator, at FROM transfer_step WHERE transfer = (SELECT key FROM transfer WHERE secret = $1) ORDER BY at, op DESC`
	)
	return s.transfer(ctx, one, steps, s.transferSecret(id))
}

// TransferOf returns a transfer by its confirmationCd (boxoffice.Transfers).
func (s *Store) TransferOf(ctx context.Context, code string) (boxoffice.Transfer, bool, error) {
	const (
		one   = `SELECT ` + transferColumns + ` FROM transfer WHERE code = $1`
		steps = `
SELECT op, initiator, at FROM transfer_step WHERE transfer = (SELECT key FROM transfer WHERE code = $1) ORDER BY at, op DESC`
	)
	return s.transfer(ctx, one, steps, code)
}

// TransferBy returns a transfer by its key (boxoffice.Transfers).
func (s *Store) TransferBy(ctx context.Context, key boxoffice.TransferKey) (boxoffice.Transfer, bool, error) {
	const (
		one   = `SELECT ` + transferColumns + ` FROM transfer WHERE key = $1`
		steps = `SELECT op, initiator, at FROM transfer_step WHERE transfer = $1 ORDER BY at, op DESC`
	)
	return s.transfer(ctx, one, steps, string(key))
}

// TransferIn returns a transfer by its process (boxoffice.Transfers).
func (s *Store) TransferIn(ctx context.Context, id boxoffice.ProcessID) (boxoffice.Transfer, bool, error) {
	// That it is not '' says to the planner that the index has it.
	const (
		one   = `SELECT ` + transferColumns + ` FROM transfer WHERE process = $1 AND process <> ''`
		steps = `
SELECT op, initiator, at FROM transfer_step
WHERE transfer = (SELECT key FROM transfer WHERE process = $1 AND process <> '') ORDER BY at, op DESC`
	)
	return s.transfer(ctx, one, steps, string(id))
}

// transfer reads one transfer and its steps. Of steps at one instant "initiate"
// comes first, as all others come before it in the alphabet.
func (s *Store) transfer(ctx context.Context, one, steps, name string) (t boxoffice.Transfer, found bool, err error) {
	var history []boxoffice.Step
	err = s.read(ctx,
		step{text: one, args: []any{name}, each: func(r row) error {
			found = true
			t, err = s.readTransfer(r)
			return err
		}},
		step{text: steps, args: []any{name}, each: func(r row) error {
			history = append(history, boxoffice.Step{Op: boxoffice.Op(r.text(0)), By: boxoffice.Initiator(r.text(1)), At: instant(r.int(2))})
			return nil
		}})
	t.History = history
	return t, found, err
}

// Seats returns the tickets of rows (boxoffice.Transfers).
func (s *Store) Seats(ctx context.Context, rows []boxoffice.SeatRow) (boxoffice.View, error) {
	const tickets = `
SELECT ` + ticketColumns + `
FROM ticket
WHERE NOT void AND (event, section, row) IN (SELECT r.in_event, r.in_section, r.in_row FROM {rows $1 in_event text, in_section text, in_row text})`
	var (
		v      boxoffice.View
		named  table
		events []string
	)
	for _, r := range rows {
		events = append(events, string(r.Event))
		named.row().text(string(r.Event)).text(r.Section).text(r.Row)
	}
	err := s.read(ctx, s.view(&v, step{text: tickets, rows: &named}, step{text: loadEvents, args: []any{sorted(events)}})...)
	return v, err
}

// Given returns what is told of a transfer (boxoffice.Transfers).
func (s *Store) Given(ctx context.Context, t boxoffice.Transfer) (boxoffice.Given, error) {
	const (
		tickets      = `SELECT ` + ticketColumns + ` FROM ticket WHERE token {in $1}`
		events       = `SELECT ` + eventColumns + ` FROM event WHERE id IN (SELECT event FROM ticket WHERE token {in $1})`
		organization = `SELECT ` + organizationColumns + ` FROM organization WHERE id = $1`
		parties      = `SELECT id, contact FROM patron WHERE organization = $1 AND id IN ($2, $3)`
	)
	var g boxoffice.Given
	named := []any{texts(t.Tokens)}
	steps := append(s.view(&g.View, step{text: tickets, args: named}, step{text: events, args: named}),
		step{text: organization, args: []any{int64(t.Organization)}, each: func(r row) (err error) {
			g.Organization, err = readOrganization(r)
			return err
		}},
		step{text: parties, args: []any{int64(t.Organization), string(t.From), string(t.To)}, each: func(r row) error {
			contact, err := s.openContact(r.text(1))
			// One who gives to themselves is both.
			if id := boxoffice.PatronID(r.text(0)); id == t.From {
				g.From = contact
			}
			if id := boxoffice.PatronID(r.text(0)); id == t.To {
				g.To = contact
			}
			return err
		}})
	err := s.read(ctx, steps...)
	return g, err
}
