package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Store keeps the keys of gates too. They are no acts, as credentials are not.
var _ access.PorterStore = (*Store)(nil)

const gateKeyColumns = `id, organization, name, events, mac, created, ended`

func readGateKey(r row) (access.GateKey, error) {
	k := access.GateKey{
		ID: access.KeyID(r.text(0)), Organization: access.OrganizationID(r.int(1)), Name: r.text(2),
		MAC: r.text(4), Created: instant(r.int(5)), Ended: instant(r.int(6)),
	}
	if err := unpack(r.text(3), &k.Events); err != nil {
		return k, fmt.Errorf("events of gate key %s: %w", k.ID, err)
	}
	return k, nil
}

// AddGateKey keeps a new key (access.PorterStore).
func (s *Store) AddGateKey(ctx context.Context, k access.GateKey) error {
	const (
		known = `SELECT 1 FROM organization WHERE id = $1`
		add   = `INSERT INTO gate_key (` + gateKeyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	)
	return s.alone(ctx, func(ctx context.Context, tx session) error {
		found := false
		if err := tx.run(ctx, step{text: known, args: []any{int64(k.Organization)}, each: func(row) error { found = true; return nil }}); err != nil {
			return err
		}
		if !found {
			return fault.OrganizationUnknown
		}
		return tx.run(ctx, step{text: add, want: 1, args: []any{
			string(k.ID), int64(k.Organization), k.Name, pack(k.Events), k.MAC, micros(k.Created), micros(k.Ended),
		}})
	})
}

// GateKey returns one key (access.PorterStore).
func (s *Store) GateKey(ctx context.Context, id access.KeyID) (k access.GateKey, found bool, err error) {
	const one = `SELECT ` + gateKeyColumns + ` FROM gate_key WHERE id = $1`
	err = s.read(ctx, step{text: one, args: []any{string(id)}, each: func(r row) (err error) {
		k, err = readGateKey(r)
		found = true
		return err
	}})
	return k, found, err
}

// GateKeys returns all keys (access.PorterStore).
func (s *Store) GateKeys(ctx context.Context) ([]access.GateKey, error) {
	const all = `SELECT ` + gateKeyColumns + ` FROM gate_key ORDER BY organization, created, id`
	var keys []access.GateKey
	err := s.read(ctx, step{text: all, each: func(r row) error {
		k, err := readGateKey(r)
		keys = append(keys, k)
		return err
	}})
	return keys, err
}

// EndGateKey ends a key (access.PorterStore).
func (s *Store) EndGateKey(ctx context.Context, id access.KeyID, at time.Time) (known bool, err error) {
	const end = `UPDATE gate_key SET ended = CASE WHEN ended = 0 THEN $2 ELSE ended END WHERE id = $1`
	err = s.alone(ctx, func(ctx context.Context, tx session) error {
		took := 0
		err := tx.run(ctx, step{text: end, args: []any{string(id), micros(at)}, want: -1, took: &took})
		known = took == 1
		return err
	})
	return known, err
}
