package push

import (
	"context"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

const (
	// MostPage is how many elements a page of the feed has at most.
	MostPage = 1_000
	// mostScanned bounds the rows that are read for one page, most of which may say
	// nothing to its reader.
	mostScanned = 10_000
)

// A StandingSeat is a seat of a snapshot.
type StandingSeat struct {
	Section, Row, Seat string
	boxoffice.Standing
}

// A Snapshot is how the seats of an event stand at a position: whoever reads the
// feed on from there knows them as the books do.
type Snapshot struct {
	Event        boxoffice.EventID
	Organization access.OrganizationID
	Position     int64
	Seats        []StandingSeat // by section, row and seat; those with a ticket that is not void
}

// Snapshots take one of an event, which is fault.EventUnknown where there is none.
// It may have changes of after its position, never lack one of before.
type Snapshots interface {
	Snapshot(ctx context.Context, event boxoffice.EventID) (Snapshot, error)
}

// A Feed is the journal for those who ask instead of being told.
type Feed struct {
	tail      *Tail
	catalogs  Catalogs
	snapshots Snapshots
	epoch     int64
}

// NewFeed reads through the same tail as relays do.
func NewFeed(tail *Tail, catalogs Catalogs, snapshots Snapshots, epoch int64) *Feed {
	return &Feed{tail, catalogs, snapshots, epoch}
}

// Epoch is what positions are of: those of two epochs do not compare.
func (f *Feed) Epoch() int64 { return f.epoch }

// Newest is where somebody begins who wants no more than what comes.
func (f *Feed) Newest(ctx context.Context) (int64, error) { return f.tail.journal.Newest(ctx) }

// A Page is a part of the feed.
type Page struct {
	Message // its sequence is the position to go on from
	More    bool
	Grown   <-chan struct{} // is closed when there may be more
}

// Page returns what is after a position, at most limit elements. Where rows that
// it should begin with are kept no longer it returns fault.ResyncRequired.
func (f *Feed) Page(ctx context.Context, topic Topic, view View, after int64, limit int) (Page, error) {
	d := newDraft(topic, view, f.epoch, limit)
	d.Sequence = after
	// Most rows of a busy feed are for it: so no more are read at first than the page
	// takes, and the one that tells that there are more.
	for scanned, most := 0, min(limit+1, readAtOnce); scanned < mostScanned; most = min(2*most, readAtOnce) {
		entries, grown, err := f.tail.Since(ctx, d.Sequence, most)
		if err != nil {
			return Page{}, err
		}
		if len(entries) == 0 {
			return f.page(ctx, d, false, grown)
		}
		if entries[0].Position != d.Sequence+1 {
			return Page{}, fault.ResyncRequired
		}
		scanned += len(entries)
		for _, e := range entries {
			if !d.add(e) {
				return f.page(ctx, d, true, grown)
			}
		}
	}
	return f.page(ctx, d, true, nil)
}

// Rows are the rows of the journal after a position, at most limit, for those who
// belong to the house; the channel is closed when there may be more. Where rows that it should
// begin with are kept no longer it returns fault.ResyncRequired.
func (f *Feed) Rows(ctx context.Context, after int64, limit int) ([]*Entry, <-chan struct{}, error) {
	entries, grown, err := f.tail.After(ctx, after, limit)
	if err == nil && len(entries) > 0 && entries[0].Position != after+1 {
		return nil, nil, fault.ResyncRequired
	}
	return entries, grown, err
}

func (f *Feed) page(ctx context.Context, d *draft, more bool, grown <-chan struct{}) (Page, error) {
	err := d.fill(ctx, f.catalogs)
	return Page{d.Message, more, grown}, err
}

// Elements are those of the message, in JSON, with commas between.
func (m *Message) Elements() []byte { return m.appendElements(nil) }

// Snapshot tells how the seats of an event stand.
func (f *Feed) Snapshot(ctx context.Context, event boxoffice.EventID) (Snapshot, error) {
	return f.snapshots.Snapshot(ctx, event)
}

// Elements are the seats as a channel sees them, as those of messages.
func (s *Snapshot) Elements(view View) []byte {
	b := make([]byte, 0, 160*len(s.Seats))
	for i, seat := range s.Seats {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, seatWords(s.Event, seat.Section, seat.Row, seat.Seat)...)
		b = append(append(b, view.Of(seat.Standing)...), '"', '}')
	}
	return b
}
