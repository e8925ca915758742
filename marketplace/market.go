package marketplace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatlink/seatlink/link"
	"github.com/seatlink/seatlink/link/receive"
)

// Options say who the marketplace is, and whom it deals with.
type Options struct {
	Client *link.Client
	Name   string  // as visitors see it
	URL    string  // where others reach it, for callbacks: no path
	Venues []Venue // whose tickets are sold here
	State  string  // the file that remembers offers and orders

	// Messages says who may send seat messages. Where it has no password nobody may,
	// and the feed is read instead.
	Messages receive.Options
	// Sandbox offers buyers the venue's test cases: an order that waits, or is refused.
	Sandbox bool
	Log     *slog.Logger // nil discards
}

// A Venue is an organization of the Link API. The contract tells amounts without
// their currency: venue and partner agree on it when they begin.
type Venue struct {
	Organization link.OrganizationID
	Name         string
	Currency     string // USD
	Digits       int    // behind the point: 2 for USD, 0 for JPY
}

// A Market is the site and its work in the background.
type Market struct {
	Options

	shelf   *shelf
	catalog *catalog
	news    *receive.Handler
	tries   *tries
	wake    chan struct{} // has one when there is something to ask again
	waiters chan struct{} // has one for each visitor who waits for a change

	called  atomic.Bool    // the roll was called: what is open here is locked there
	selling sync.RWMutex   // read while an order is asked for, written while the roll is called
	busy    sync.Map       // orders and lots that somebody asks about; see turn
	later   map[string]try // the next try of each; the goroutine of Run owns it
}

// Bounds of what the site holds. A full one says so, and goes on.
const (
	maxOffers  = 5_000 // live or remembered
	maxOrders  = 5_000
	maxSeats   = 500 // of a lot, as the contract has it
	maxCart    = 20  // seats, so also orders, of one purchase
	maxWaiters = 256
	remember   = 30 * 24 * time.Hour // what has ended
)

// New makes a market, with what an earlier one left in its file.
func New(o Options) (*Market, error) {
	if o.Client == nil || o.Name == "" || o.State == "" || len(o.Venues) == 0 {
		return nil, errors.New("marketplace: Client, Name, State and a venue are needed")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	shelf, err := openShelf(o.State)
	if err != nil {
		return nil, fmt.Errorf("marketplace: %w", err)
	}
	m := &Market{
		Options: o, shelf: shelf, catalog: newCatalog(o.Client, o.Venues), tries: newTries(),
		wake: make(chan struct{}, 1), waiters: make(chan struct{}, maxWaiters), later: map[string]try{},
	}
	m.news = receive.New(o.Messages, m.hear)
	for organization, at := range shelf.read().Places {
		m.news.Resume(organization, seatMessages, at)
	}
	return m, nil
}

// venue is the one of an event; its accessId begins with the organization.
func (m *Market) venue(event link.AccessID) (Venue, bool) {
	organization, _, _ := strings.Cut(string(event), ":")
	for _, v := range m.Venues {
		if v.Organization.String() == organization {
			return v, true
		}
	}
	return Venue{}, false
}

// Handler is the site.
func (m *Market) Handler() http.Handler { return m.mux() }

// Run works in the background until ctx ends: it calls the roll, asks again what
// was not answered, and reads the feed where no messages come.
func (m *Market) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	if m.Messages.Password == "" {
		for _, v := range m.Venues {
			parts.Go(func() { m.follow(ctx, v.Organization) })
		}
	}
	m.work(ctx)
	parts.Wait()
	return nil
}
