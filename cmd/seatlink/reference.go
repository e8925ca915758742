//go:build reference

package main

import (
	"context"
	"crypto/rand"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/sqlstore"
)

// books are in memory if SEATLINK_REFERENCE is "memory".
func books(store *sqlstore.Store) boxoffice.Store {
	if os.Getenv("SEATLINK_REFERENCE") != "memory" {
		return store
	}
	return &memoryBooks{Store: store, tickets: map[boxoffice.Token]boxoffice.Ticket{}, events: map[boxoffice.EventID]boxoffice.Event{}}
}

// memoryBooks are a store that does what acts do to tickets in memory alone: nothing is
// written, and nothing lasts. A ticket comes from the database when it is first named;
// all else is the database's.
type memoryBooks struct {
	*sqlstore.Store

	mu      sync.Mutex
	tickets map[boxoffice.Token]boxoffice.Ticket
	events  map[boxoffice.EventID]boxoffice.Event
	orgs    []boxoffice.Organization
}

// Do runs one act at a time.
func (m *memoryBooks) Do(ctx context.Context, act boxoffice.Act) error {
	needs := act.Needs()
	if needs.Size() != len(needs.Tickets) {
		return m.Store.Do(ctx, act)
	}
	if err := m.fetch(ctx, needs.Tickets); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := boxoffice.Rows{Now: time.Now(), Organizations: m.orgs, Tickets: make([]boxoffice.Ticket, 0, len(needs.Tickets))}
	for _, token := range needs.Tickets {
		t, ok := m.tickets[token]
		if !ok {
			continue
		}
		rows.Tickets = append(rows.Tickets, t)
		if !slices.ContainsFunc(rows.Events, func(e boxoffice.Event) bool { return e.ID == t.Event }) {
			rows.Events = append(rows.Events, m.events[t.Event])
		}
	}
	b := boxoffice.NewBooks(rows, random{})
	if err := b.Run(act, needs); err != nil {
		return err
	}
	for _, t := range b.Outcome().Tickets {
		m.tickets[t.Token] = *t
	}
	return nil
}

// fetch reads tickets that were not named before.
func (m *memoryBooks) fetch(ctx context.Context, tokens []boxoffice.Token) error {
	var fresh []boxoffice.Token
	m.mu.Lock()
	for _, token := range tokens {
		if _, ok := m.tickets[token]; !ok {
			fresh = append(fresh, token)
		}
	}
	m.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	view, err := m.Store.Tickets(ctx, fresh)
	if err != nil {
		return err
	}
	orgs := map[access.OrganizationID]boxoffice.Organization{}
	for _, e := range view.Events {
		if orgs[e.Organization], err = m.Store.Organization(ctx, e.Organization); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, e := range view.Events {
		m.events[id] = e
	}
	for token, t := range view.Tickets {
		if _, ok := m.tickets[token]; !ok {
			m.tickets[token] = t
		}
	}
	for _, o := range orgs {
		if !slices.ContainsFunc(m.orgs, func(known boxoffice.Organization) bool { return known.ID == o.ID }) {
			m.orgs = append(m.orgs, o)
		}
	}
	return nil
}

// random makes what must be new.
type random struct{}

var series atomic.Int64

func (random) Word(n int) string          { return rand.Text()[:n] }
func (random) Digits(n int) string        { return "00000000000000000000"[:n] }
func (random) Alphanumerics(n int) string { return rand.Text()[:n] }
func (random) Number(string) int64        { return series.Add(1) }
