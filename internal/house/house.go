package house

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A Size says how many tickets the house has, within 5 in 100.
type Size string

// The sizes. The small house has a part of each venue, the full one more games.
const (
	Small   Size = "small"   // 5,000 tickets
	Default Size = "default" // 300,000 tickets; "" is the same
	Full    Size = "full"    // 1,000,000 tickets
)

// Progress tells how far Make has come with one kind of rows.
type Progress struct {
	What        string // patrons, tickets or listings
	Done, Total int
}

// Make writes the demo house of a size and seed through l, Finish included, and
// tells what a visitor needs to know of it. The UTC day of now fixes the
// calendar: the next games are at least three days after it, and a few are over
// before it. The same size, seed and day make the same house, so a load that
// was broken off can be made again.
//
// Rows are handed over in slices that Make does not touch afterwards. progress
// is called between them, on the same goroutine; it may be nil. Errors are those
// of l, the end of ctx, a time zone that the machine does not know, and
// fault.FieldInvalid for an unknown size.
func Make(ctx context.Context, l boxoffice.Loader, keys boxoffice.PersonKeyer, size Size, seed uint64, now time.Time, progress func(Progress)) (Demo, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	h, err := newHouse(size, seed, now)
	if err != nil {
		return Demo{}, err
	}
	if err := h.open(ctx, l, keys, progress); err != nil {
		return Demo{}, fmt.Errorf("open the demo house: %w", err)
	}
	if err := h.issue(ctx, l, progress); err != nil {
		return Demo{}, fmt.Errorf("issue tickets of the demo house: %w", err)
	}
	if err := h.list(ctx, l, progress); err != nil {
		return Demo{}, fmt.Errorf("list tickets of the demo house: %w", err)
	}
	if err := l.Finish(ctx); err != nil {
		return Demo{}, fmt.Errorf("finish the demo house: %w", err)
	}
	return h.demo, nil
}

// A house is what is decided before anything is written, and what is told of it.
type house struct {
	seed         uint64
	day          time.Time
	stages       []*stage
	password     string
	passwordHash string
	listings     []boxoffice.Listing // in the order of Demo.Listings; tokens come as they are issued
	demo         Demo
}

// A stage is a department with its halls, shows and people.
type stage struct {
	*department
	halls map[*venue]*hall
	shows []show
	wants [][]want             // of each show, by place
	ids   []boxoffice.PatronID // the box office, season holders, single-game buyers
	first int32                // the first of the buyers
	demo  map[int32]int        // those who can sign in, to their places in Demo.Patrons
}

func newHouse(size Size, seed uint64, now time.Time) (*house, error) {
	switch size {
	case Small, Default, Full:
	case "":
		size = Default
	default:
		return nil, fault.FieldInvalid.Saying("the size of a demo house is small, default or full")
	}
	h := &house{seed: seed, day: now.UTC().Truncate(24 * time.Hour)}
	h.password, h.passwordHash = password(seed)
	ids, last := stream(seed, "patron ids"), firstPatron
	for i := range departments {
		s := &stage{department: &departments[i], halls: map[*venue]*hall{}, demo: map[int32]int{}}
		holders := s.layOut(seed, size)
		var err error
		if s.shows, err = s.schedule(size, h.day, s.halls); err != nil {
			return nil, err
		}
		s.wants = make([][]want, len(s.shows))
		s.first = 1 + holders
		s.ids, last = number(ids, int(s.first)+s.buyers[size], last)
		h.stages = append(h.stages, s)
		h.describe(s)
	}
	h.choose()
	return h, nil
}

// layOut builds the halls and finds their season holders, who are numbered from
// 1; it returns the last of them. Cars belong to people who have seats.
func (s *stage) layOut(seed uint64, size Size) int32 {
	last := int32(0)
	for i := range s.sports {
		sp := &s.sports[i]
		s.hold(seed, size, sp.venue, func(r *rand.Rand) int32 {
			if last > 0 && r.IntN(100) >= sp.fresh {
				return 1 + r.Int32N(last)
			}
			last++
			return last
		})
		if sp.parking != nil {
			s.hold(seed, size, sp.parking, func(r *rand.Rand) int32 { return 1 + r.Int32N(last) })
		}
	}
	return last
}

func (s *stage) hold(seed uint64, size Size, v *venue, holder func(*rand.Rand) int32) {
	hall := newHall(v, size == Small)
	r := stream(seed, fmt.Sprintf("season %d %s %s", s.ID, v.code, v.configuration))
	hall.holdSeason(r, func() int32 { return holder(r) })
	s.halls[v] = hall
}

// describe adds the organization to what is told of the house.
func (h *house) describe(s *stage) {
	tickets := 0
	for i := range s.shows {
		tickets += s.shows[i].tickets()
	}
	h.demo.Tickets += tickets
	h.demo.Organizations = append(h.demo.Organizations, Organization{
		ID: s.ID, Name: s.Name, DistributorCode: s.DistributorCode, Events: len(s.shows), Patrons: len(s.ids), Tickets: tickets,
	})
}

// open writes everything that tickets refer to.
func (h *house) open(ctx context.Context, l boxoffice.Loader, keys boxoffice.PersonKeyer, progress func(Progress)) error {
	var organizations []boxoffice.Organization
	var events []boxoffice.Event
	total := 0
	for _, s := range h.stages {
		organizations = append(organizations, s.Organization)
		for i := range s.shows {
			events = append(events, s.shows[i].Event)
		}
		total += len(s.ids)
	}
	if err := l.Organizations(ctx, organizations); err != nil {
		return err
	}
	for _, s := range h.stages {
		if err := l.Seasons(ctx, s.seasons(h.day)); err != nil {
			return err
		}
		if err := l.Manifests(ctx, s.manifests()); err != nil {
			return err
		}
	}
	if err := l.Events(ctx, events); err != nil {
		return err
	}
	done := 0
	for _, s := range h.stages {
		rows := h.patrons(s, keys)
		for len(rows) > 0 {
			some := rows[:min(len(rows), chunk)]
			if err := l.Patrons(ctx, some); err != nil {
				return err
			}
			rows, done = rows[len(some):], done+len(some)
			progress(Progress{What: "patrons", Done: done, Total: total})
		}
	}
	return nil
}

// listingLife is how long a listing may be asked for (contract.md call 3).
const listingLife = 30 * 24 * time.Hour

// list writes the listings, whose tokens are known by now.
func (h *house) list(ctx context.Context, l boxoffice.Loader, progress func(Progress)) error {
	if err := l.Listings(ctx, h.listings); err != nil {
		return err
	}
	progress(Progress{What: "listings", Done: len(h.listings), Total: len(h.listings)})
	return nil
}

// holding is the department that has the venue, and the venue's hall.
func (h *house) holding(v *venue) (*stage, *hall) {
	for _, s := range h.stages {
		if found := s.halls[v]; found != nil {
			return s, found
		}
	}
	panic("venue " + v.name + " belongs to no department")
}
