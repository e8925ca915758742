package files

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// Check reads a house from end to end and tells what is wrong with it: up to 50
// problems, the others are counted. An error is what keeps it from reading, such as
// a folder that is not there. progress may be nil.
func Check(ctx context.Context, root string, progress func(Progress)) (*Report, error) {
	h, err := check(ctx, root, progress)
	if err != nil {
		return nil, err
	}
	return h.report, nil
}

// A house is what a check keeps of the files.
type house struct {
	root     string
	folders  []*folder
	report   *Report
	progress func(Progress)
	tokens   *set // of all organizations
}

func check(ctx context.Context, root string, progress func(Progress)) (*house, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	found, err := folders(root)
	if err != nil {
		return nil, err
	}
	h := &house{root: root, folders: found, report: &Report{Organizations: len(found), Problems: []Problem{}}, progress: progress, tokens: newSet()}
	if err := h.strangers(); err != nil {
		return nil, err
	}
	if known, err := h.organizations(); err != nil || !known {
		return h, err
	}
	listed := newSet()
	for _, f := range h.folders {
		if err := h.places(ctx, f); err != nil {
			return nil, err
		}
		if err := h.patrons(ctx, f); err != nil {
			return nil, err
		}
		if err := h.tickets(ctx, f); err != nil {
			return nil, err
		}
		if err := h.listings(ctx, f, listed); err != nil {
			return nil, err
		}
		h.report.Manifests += len(f.plans)
	}
	return h, nil
}

// strangers tells of what stands beside the folders of several organizations.
func (h *house) strangers() error {
	if h.folders[0].prefix == "" {
		return nil
	}
	entries, err := os.ReadDir(h.root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch {
		case ignored(e.Name()):
		case !e.IsDir():
			h.report.add(e.Name(), 0, 0, "is no file of a house: it stands beside the folders of organizations")
		case !has(filepath.Join(h.root, e.Name()), organizationFile):
			h.report.add(e.Name(), 0, 0, "has no %s", organizationFile)
		}
	}
	return nil
}

// organizations reads who they are; unless all of them are known nothing else can
// be read.
func (h *house) organizations() (known bool, err error) {
	known = true
	ids, codes := map[access.OrganizationID]string{}, map[string]string{}
	for _, f := range h.folders {
		s, err := newSource(f.root, f.prefix+organizationFile)
		if err != nil {
			return false, err
		}
		good, err := f.readOrganization(s, h.report)
		if err != nil {
			return false, err
		}
		if err := f.look(h.report); err != nil {
			return false, err
		}
		if !good {
			known = false
			continue
		}
		if other := ids[f.organization.ID]; other != "" {
			known = false
			h.report.add(s.name, 1, 1, "id is %d, and so it is in %s", f.organization.ID, other)
		}
		if other := codes[f.organization.DistributorCode]; other != "" {
			h.report.add(s.name, 1, 1, "distributorCode is %s, and so it is in %s", shown(f.organization.DistributorCode), other)
		}
		ids[f.organization.ID], codes[f.organization.DistributorCode] = s.name, s.name
	}
	return known, nil
}

// each reads a table's files.
func (h *house) each(ctx context.Context, f *folder, t *Table, doing string, row func(*sheet)) error {
	for _, s := range f.sources[t.Name] {
		if err := s.rows(ctx, t, h.report, doing, h.progress, row); err != nil {
			return err
		}
	}
	return nil
}

const checking = "checking"

func (h *house) places(ctx context.Context, f *folder) error {
	if err := h.each(ctx, f, &seasons, checking, f.season); err != nil {
		return err
	}
	if err := f.readManifests(h.report); err != nil {
		return err
	}
	if err := h.each(ctx, f, &events, checking, f.event); err != nil {
		return err
	}
	h.report.Events += len(f.eventRows)
	for _, s := range f.sources[events.Name] {
		f.checkEvents(h.report, s.name)
	}
	return nil
}

func (h *house) patrons(ctx context.Context, f *folder) error {
	return h.each(ctx, f, &patrons, checking, func(s *sheet) {
		p, _, ok := f.patron(s)
		if !f.patrons.add(string(p.ID)) {
			s.bad(patronID, "is %s, which stands on an earlier line too", shown(string(p.ID)))
			return
		}
		if ok {
			h.report.Patrons++
		}
	})
}

func (h *house) tickets(ctx context.Context, f *folder) error {
	f.counts = map[string]int{}
	barcodes := newSet()
	return h.each(ctx, f, &tickets, checking, func(s *sheet) {
		t, e, place, ok := f.ticket(s, time.Time{})
		if !h.tokens.add(string(t.Token)) {
			s.bad(ticketToken, "is %s, which stands on an earlier line too", shown(string(t.Token)))
			ok = false
		}
		if e == nil {
			return
		}
		if !barcodes.add(string(e.ID) + "\x00" + string(t.Barcode)) {
			s.bad(ticketBarcode, "stands on an earlier line of the same event %s too", e.ID) // not shown: it opens the gate
			ok = false
		}
		if !ok {
			return
		}
		if !t.Void && !e.taken.take(place) {
			s.bad(ticketSeat, "is %s, and an earlier line has a ticket of the same event %s for section %s, row %s, seat %s; of two, one must be void",
				shown(t.Seat), e.ID, shown(t.Section), shown(t.Row), shown(t.Seat))
			return
		}
		e.tally.Add(t)
		h.report.Tickets++
	})
}

func (h *house) listings(ctx context.Context, f *folder, listed *set) error {
	return h.each(ctx, f, &listings, checking, func(s *sheet) {
		l, ok := f.listing(s, h.tokens)
		if !listed.add(string(l.ID)) {
			s.bad(listingID, "is %s, which stands on an earlier line too", shown(string(l.ID)))
			return
		}
		if ok {
			h.report.Listings++
		}
	})
}

// tallies are what the events have, by id.
func (h *house) tallies() map[boxoffice.EventID]*boxoffice.Tally {
	all := map[boxoffice.EventID]*boxoffice.Tally{}
	for _, f := range h.folders {
		for _, e := range f.eventRows {
			all[e.ID] = &e.tally
		}
	}
	return all
}

// text is an organization's number.
func text(id access.OrganizationID) string { return strconv.FormatInt(int64(id), 10) }
