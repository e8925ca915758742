package files_test

import (
	"context"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/house/files"
)

// shelf is a Loader that keeps what it gets.
type shelf struct {
	organizations []boxoffice.Organization
	seasons       []boxoffice.Season
	manifests     []boxoffice.Manifest
	events        []boxoffice.Event
	patrons       []boxoffice.Patron
	tickets       []boxoffice.Ticket
	listings      []boxoffice.Listing
	finished      int
	whole         map[boxoffice.EventID]bool // what Loaded says
	refuses       error                      // of tickets
}

func (s *shelf) Organizations(_ context.Context, rows []boxoffice.Organization) error {
	s.organizations = append(s.organizations, rows...)
	return nil
}

func (s *shelf) Seasons(_ context.Context, rows []boxoffice.Season) error {
	s.seasons = append(s.seasons, rows...)
	return nil
}

func (s *shelf) Manifests(_ context.Context, rows []boxoffice.Manifest) error {
	s.manifests = append(s.manifests, rows...)
	return nil
}

func (s *shelf) Events(_ context.Context, rows []boxoffice.Event) error {
	s.events = append(s.events, rows...)
	return nil
}

func (s *shelf) Patrons(_ context.Context, rows []boxoffice.Patron) error {
	s.patrons = append(s.patrons, rows...)
	return nil
}

func (s *shelf) Tickets(_ context.Context, rows []boxoffice.Ticket) error {
	s.tickets = append(s.tickets, rows...)
	return s.refuses
}

func (s *shelf) Listings(_ context.Context, rows []boxoffice.Listing) error {
	s.listings = append(s.listings, rows...)
	return nil
}

func (s *shelf) Finish(context.Context) error { s.finished++; return nil }

func (s *shelf) Loaded(context.Context, map[boxoffice.EventID]*boxoffice.Tally) (map[boxoffice.EventID]bool, error) {
	return s.whole, nil
}

// known are the books' readings: an organization that is there or not, and one
// manifest.
type known struct {
	there    bool
	manifest *boxoffice.Manifest
}

func (k known) Organization(context.Context, access.OrganizationID) (boxoffice.Organization, error) {
	if k.there {
		return boxoffice.Organization{}, nil
	}
	return boxoffice.Organization{}, fault.OrganizationUnknown
}

func (k known) Manifest(context.Context, access.OrganizationID, string, string, string) (boxoffice.Manifest, error) {
	if k.manifest == nil {
		return boxoffice.Manifest{}, fault.ManifestUnknown
	}
	return *k.manifest, nil
}

// plainKeys finds people by the first of their mail addresses, else by their name.
type plainKeys struct{}

func (plainKeys) PersonKeys(c boxoffice.Contact) []boxoffice.PersonKey {
	if len(c.Emails) > 0 {
		return []boxoffice.PersonKey{boxoffice.PersonKey(c.Emails[0].Address)}
	}
	return []boxoffice.PersonKey{boxoffice.PersonKey(c.FirstName + " " + c.LastName)}
}

// into are books of two shelves.
func into(loader, comparer *shelf, reader known) func() (files.Books, error) {
	return func() (files.Books, error) {
		return files.Books{
			Loader: func() files.Loader { return loader }, Comparer: func() files.Loader { return comparer }, Reader: reader, Keys: plainKeys{},
		}, nil
	}
}
