package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A facilityKey says what has a plan of its own.
type facilityKey struct {
	organization access.OrganizationID
	boxoffice.Facility
}

// A planView is the plan of a facility: the outlines of its sections. A page has it
// once, and shows it at each event there.
type planView struct {
	Key     string
	ViewBox string
	Outline string // of all sections, as the path of an SVG

	letters  int // how high letters are, in the plan's unit
	sections map[string]plannedSection
}

type plannedSection struct {
	outline string
	x, y    int // the middle
}

// An eventPlan is a plan with somebody's sections marked.
type eventPlan struct {
	Of      *planView // nil where there is none
	Key     string    // of the event
	Name    string    // what it shows, for whoever does not see it
	Marks   []planMark
	Missing []string // sections that are not on it
	Later   bool     // it could not be read just now
	Letters int
}

// A planMark is a section of somebody's on a plan.
type planMark struct {
	Key     string // of the list's section
	Outline string
	X, Y    int
	Label   string
}

const (
	// plansKept is how many drawn plans a process has in memory.
	plansKept = 100
	// planFresh is how long one stays good: the next load may bring another.
	planFresh = time.Minute
	// plansOfPage is how many a page has, at most.
	plansOfPage = 12
	// planPoints bounds what is drawn; the largest stadiums have some 500 sections.
	planPoints = 20_000
	// planPatience bounds what a page waits for its plans: it shows the seats without.
	planPatience = 2 * time.Second
	// letterShare is how high the letters on a plan are, of its longer side: it is shown in
	// a frame of some 320 to 160 points on a phone, which the stylesheet knows.
	letterShare = 22
	planAspect  = 2
)

// A drawingRoom has plans that were drawn lately. A manifest may be large, so one is drawn
// at a time.
type drawingRoom struct {
	turn  chan struct{}
	mu    sync.Mutex
	drawn map[facilityKey]drawnPlan
}

type drawnPlan struct {
	plan *planView // nil where the facility has none
	at   time.Time
}

func newDrawingRoom() *drawingRoom {
	return &drawingRoom{turn: make(chan struct{}, 1), drawn: map[facilityKey]drawnPlan{}}
}

// plan is the one of a facility, which an event takes place in.
func (d *drawingRoom) plan(ctx context.Context, accounts Accounts, key facilityKey, event boxoffice.EventID) (*planView, error) {
	if plan, ok := d.known(key); ok {
		return plan, nil
	}
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if plan, ok := d.known(key); ok {
		return plan, nil
	}
	manifest, err := accounts.Plan(ctx, event)
	if err != nil && !errors.Is(err, fault.ManifestUnknown) && !errors.Is(err, fault.EventUnknown) {
		return nil, err
	}
	plan := planOf(manifest)
	d.mu.Lock()
	defer d.mu.Unlock()
	for key := range d.drawn { // any one goes
		if len(d.drawn) < plansKept {
			break
		}
		delete(d.drawn, key)
	}
	d.drawn[key] = drawnPlan{plan, time.Now()}
	return plan, nil
}

func (d *drawingRoom) known(key facilityKey) (*planView, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.drawn[key]
	return found.plan, ok && time.Since(found.at) < planFresh
}

// planOf is the plan of a manifest, nil where it has no geometry.
func planOf(m boxoffice.Manifest) *planView {
	p := &planView{sections: map[string]plannedSection{}}
	var (
		low, high boxoffice.Point
		all       strings.Builder
		points    int
	)
	for _, area := range m.Areas {
		for _, section := range area.Sections {
			if len(section.Outline) < 3 { // a polygon has three corners
				continue
			}
			if points += len(section.Outline); points > planPoints {
				return nil
			}
			from, to := bounds(section.Outline)
			if len(p.sections) == 0 {
				low, high = from, to
			}
			low, high = boxoffice.Point{min(low[0], from[0]), min(low[1], from[1])}, boxoffice.Point{max(high[0], to[0]), max(high[1], to[1])}
			one := plannedSection{outline: outline(section.Outline), x: (from[0] + to[0]) / 2, y: (from[1] + to[1]) / 2}
			p.sections[section.Section] = one
			all.WriteString(one.outline)
		}
	}
	wide, deep := high[0]-low[0], high[1]-low[1]
	if wide <= 0 || deep <= 0 {
		return nil
	}
	edge := wide/100 + 1
	p.ViewBox = fmt.Sprintf("%d %d %d %d", low[0]-edge, low[1]-edge, wide+2*edge, deep+2*edge)
	p.Outline, p.letters = all.String(), max(wide, planAspect*deep)/letterShare+1
	return p
}

func bounds(points []boxoffice.Point) (low, high boxoffice.Point) {
	low, high = points[0], points[0]
	for _, p := range points {
		low, high = boxoffice.Point{min(low[0], p[0]), min(low[1], p[1])}, boxoffice.Point{max(high[0], p[0]), max(high[1], p[1])}
	}
	return low, high
}

// outline is a polygon as a path of an SVG has it.
func outline(points []boxoffice.Point) string {
	var b strings.Builder
	for i, p := range points {
		fmt.Fprintf(&b, "%c%d,%d", "ML"[min(i, 1)], p[0], p[1])
	}
	return b.String() + "Z"
}

// drawPlans gives each event of a house its plan. Where that takes too long the page
// goes out without.
func (s *site) drawPlans(ctx context.Context, house *houseView) {
	ctx, done := context.WithTimeout(ctx, planPatience)
	defer done()
	asked := map[facilityKey]eventPlan{}
	for i := range house.Events {
		e := &house.Events[i]
		found, known := asked[e.facility]
		if !known && len(asked) < plansOfPage {
			plan, err := s.drawings.plan(ctx, s.accounts, e.facility, e.id)
			if found.Later = err != nil; plan != nil {
				copied := *plan
				copied.Key = e.Key
				found.Of = &copied
				house.Plans = append(house.Plans, &copied)
			}
			if err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "a plan could not be read", "err", err)
			}
			asked[e.facility] = found
		}
		e.Plan = found.marked(e)
	}
}

// marked is a plan with the sections of somebody's seats.
func (p eventPlan) marked(e *seatsOfEvent) eventPlan {
	if p.Of == nil {
		return p
	}
	var names []string
	p.Key, p.Letters = e.Key, p.Of.letters
	for _, section := range e.Sections {
		at, ok := p.Of.sections[section.section]
		if !ok {
			p.Missing = append(p.Missing, section.Name)
			continue
		}
		_, label, found := strings.Cut(section.section, ":")
		if !found {
			label = section.section
		}
		p.Marks = append(p.Marks, planMark{section.Key, at.outline, at.x, at.y, label})
		if !slices.Contains(names, section.Name) {
			names = append(names, section.Name)
		}
	}
	if len(p.Marks) == 0 { // a plan that does not show where one is says nothing
		return eventPlan{}
	}
	p.Name = "Plan of the sections. Yours: " + strings.Join(names, "; ")
	return p
}
