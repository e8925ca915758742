package web

import (
	"errors"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

func TestAPlanMarksWhereOneIs(t *testing.T) {
	s, _ := newChoosingScene(t)
	body := s.ask(accountPath, nil).Body.String()
	for _, want := range []string{
		`aria-label="Plan of the sections. Yours: Level ES, Section 9; Level U, Section 100"`,
		`<path class="plan-line" id="plan-999-0" d="M0,0L140,0L140,90L0,90ZM160,0`,
		`<svg viewBox="-15 -15 1450 340" role="img"`,
		`<use href="#plan-999-0"/>`,
		`<path class="mark plan-line" data-section="999-0-0" d="M1280,0L1420,0L1420,90L1280,90Z"/>`,
		`>Not on the plan: <bdi>Level LAWN, Section 1</bdi>.<`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s:\n%s", want, body)
		}
	}
	if n := strings.Count(body, "M1280,0L1420"); n != 2 {
		t.Errorf("the outline of a section is drawn %d times", n)
	}
}

func TestAPageWithoutAPlanSaysSo(t *testing.T) {
	const none = "The venue has no plan of these sections."
	for name, tt := range map[string]struct {
		plan func() (boxoffice.Manifest, error)
		want string
	}{
		"no manifest":   {func() (boxoffice.Manifest, error) { return boxoffice.Manifest{}, fault.ManifestUnknown }, none},
		"no geometry":   {func() (boxoffice.Manifest, error) { return planAreas(nil), nil }, none},
		"a single line": {func() (boxoffice.Manifest, error) { return planAreas([]boxoffice.Point{{0, 0}, {9, 0}}), nil }, none},
		"an area of no size": {func() (boxoffice.Manifest, error) {
			return planAreas([]boxoffice.Point{{5, 5}, {5, 5}, {5, 5}}), nil
		}, none},
		"more than is drawn": {func() (boxoffice.Manifest, error) {
			return planAreas(append(make([]boxoffice.Point, planPoints), boxoffice.Point{9, 9})), nil
		}, none},
		"sections that are not mine": {func() (boxoffice.Manifest, error) {
			m := planAreas([]boxoffice.Point{{0, 0}, {9, 0}, {9, 9}})
			m.Areas[0].Sections[0].Section = "WS:1"
			return m, nil
		}, none},
		"a database that is away": {func() (boxoffice.Manifest, error) { return boxoffice.Manifest{}, errors.New("away") }, "The plan cannot be shown just now."},
	} {
		t.Run(name, func(t *testing.T) {
			s, book := newChoosingScene(t)
			book.plan = tt.plan
			w := s.ask(accountPath, nil)
			if w.Code != 200 || !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), "<use") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

func planAreas(outline []boxoffice.Point) boxoffice.Manifest {
	return boxoffice.Manifest{Areas: []boxoffice.Area{{Sections: []boxoffice.Section{{Section: "ES:9", Outline: outline}}}}}
}

// A season of games in one hall asks for its plan once, and an error for nothing long.
func TestAPlanIsDrawnOnce(t *testing.T) {
	s, book := newChoosingScene(t)
	for i := range book.holdings {
		book.holdings[i].Event = boxoffice.EventID(strings.Repeat("x", i+1))
	}
	asked := 0
	failing := true
	book.plan = func() (boxoffice.Manifest, error) {
		if asked++; failing {
			return boxoffice.Manifest{}, errors.New("away")
		}
		return choosingHall()
	}
	s.ask(accountPath, nil)
	failing = false
	s.ask(accountPath, nil)
	body := s.ask(accountPath, nil).Body.String()
	if asked != 2 || strings.Count(body, `id="plan-`) != 1 || strings.Count(body, `<use href="#plan-`) != 5 {
		t.Errorf("asked %d times, for %d plans that are shown %d times", asked, strings.Count(body, `id="plan-`), strings.Count(body, `<use href="#plan-`))
	}
}

func TestDrawnPlansAreBounded(t *testing.T) {
	d, book := newDrawingRoom(), &choosingBook{plan: choosingHall}
	for i := range 2 * plansKept {
		if _, err := d.plan(t.Context(), book, facilityKey{organization: adaAccount.Organization, Facility: boxoffice.Facility{Code: strings.Repeat("x", i)}}, "e"); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.drawn) != plansKept {
		t.Errorf("%d plans are kept, want %d", len(d.drawn), plansKept)
	}
}
