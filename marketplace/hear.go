package marketplace

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seatlink/seatlink/link"
	"github.com/seatlink/seatlink/link/receive"
)

const seatMessages = "seats"

// hear takes a seat message (call 15): what it says and how far it has come are
// written down together, so that none is taken twice and none is lost.
func (m *Market) hear(ctx context.Context, news receive.Message) error {
	if news.Entity != seatMessages {
		return nil
	}
	err := m.shelf.change(func(r *records) error {
		if news.Sequence > 0 {
			r.Places[news.Organization] = news.Place
		}
		crossed := 0
		for _, s := range news.Seats {
			crossed += r.crossOff(seatAt{link.AccessID(s.AccessID), s.Section, s.Row, s.Seat}, s.Status, time.Now())
		}
		r.quiet = crossed == 0 // most of a venue's seats are none of ours
		return nil
	})
	m.note(ctx, err)
	m.stir()
	return err
}

// A seatAt is how messages name a seat: by its place, for a token is none of the
// public's business.
type seatAt struct {
	event              link.AccessID
	section, row, seat string
}

// errNothing is a change that changes nothing.
var errNothing = errors.New("nothing is to be changed")

var notForSale = trouble{Words: "The venue says that it cannot be sold here any more."}

// crossOff takes a seat off sale that the venue says is LOCKed. One that somebody is
// buying is left to the order's own answer, which is newer. What we may still hold
// of it is given back.
func (r *records) crossOff(at seatAt, status string, now time.Time) (crossed int) {
	if status != receive.Lock {
		return 0 // UNLOCK: whoever wants to may list it again
	}
	for id, o := range r.Offers {
		if o.State == open && (seatAt{o.Event, o.Section, o.Row, o.Seat}) == at {
			o.State, o.Held, o.Why, o.At = gone, true, notForSale, now
			r.Offers[id] = o
			crossed++
		}
	}
	return crossed
}

// feedPause is between two questions to the feed: a seat that is gone is to be crossed
// off within a second.
const feedPause = 500 * time.Millisecond

// follow reads the same changes where no message can come in: behind a firewall, or
// before anybody has subscribed. Where it begins, or begins anew because the venue
// keeps no changes that old, the roll is called, so that nothing falls between.
func (m *Market) follow(ctx context.Context, of link.OrganizationID) {
	var at link.Position
	for ctx.Err() == nil {
		begins := at == ""
		got, err := m.Client.SeatChanges(ctx, of, link.FeedQuery{After: at})
		if said := (*link.Error)(nil); errors.As(err, &said) && said.Status == http.StatusGone {
			at = ""
			continue
		}
		if err == nil {
			at = got.Metadata.Position
			if begins {
				m.called.Store(false)
				m.stir()
			}
		}
		if len(got.Data.Seats) > 0 {
			err := m.shelf.change(func(r *records) error {
				crossed := 0
				for _, s := range got.Data.Seats {
					crossed += r.crossOff(seatAt{s.AccessID, string(s.Section), string(s.Row), string(s.Seat)}, s.Status, time.Now())
				}
				if crossed == 0 {
					return errNothing
				}
				return nil
			})
			if !errors.Is(err, errNothing) {
				m.note(ctx, err)
			}
			m.stir()
		}
		if err == nil && got.Metadata.More {
			continue
		}
		pause(ctx, feedPause)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
