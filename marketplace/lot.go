package marketplace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seatlink/seatlink/link"
)

var errFull = errors.New("the shelf is full")

var (
	beingBought = trouble{Words: "Somebody is buying it just now."}
	beingAsked  = trouble{Words: "It is being put on sale already, and the venue has not answered yet."}
	beingTold   = trouble{Words: "You have taken it back, and the venue is still being told. Try again in a minute."}
)

// addLot writes down what is about to be locked. A ticket that is on sale already is
// offered anew: whoever shows its listing or barcode is its seller.
func (r *records) addLot(l lot, chosen []offer, now time.Time) error {
	lost := func(o offer) (time.Time, bool) { return o.At, !o.Held && (o.State == gone || o.State == withdrawn) }
	if !makeRoom(r.Offers, maxOffers, len(chosen), lost) {
		return errFull
	}
	used := map[string]bool{}
	for _, o := range r.Offers {
		used[o.Lot] = true
	}
	if !makeRoom(r.Lots, maxOffers, 1, func(l lot) (time.Time, bool) { return l.At, l.State == open && !used[l.ID] }) {
		return errFull
	}
	before := map[link.Token][]offer{}
	for _, o := range r.Offers {
		if o.Held || !o.State.Ended() {
			before[o.Token] = append(before[o.Token], o)
		}
	}
	l.State, l.At = locking, now
	r.Lots[l.ID] = l
	for i, o := range chosen {
		// The id is seen by buyers; the lot's is the seller's own.
		o.ID, o.Lot, o.State, o.At = fmt.Sprintf("%s-%d", digest(l.ID)[:12], i+1), l.ID, locking, now
		for _, earlier := range before[o.Token] {
			switch {
			case earlier.Held:
				o.State, o.Why = gone, beingTold
			case earlier.State == buying:
				o.State, o.Why = gone, beingBought
			case earlier.State == locking:
				o.State, o.Why = gone, beingAsked
			default: // its lock is renewed, not dropped
				earlier.State, earlier.At = withdrawn, now
				r.Offers[earlier.ID] = earlier
			}
		}
		r.Offers[o.ID] = o
	}
	return nil
}

// seats are the offers of a lot, in order.
func (r *records) seats(lot string) []offer {
	var list []offer
	for _, o := range r.Offers {
		if o.Lot == lot {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, inOrder)
	return list
}

// lockLot has the seats of a lot locked (call 4). Locking is by state: asked again
// after a lost answer it says the same.
func (m *Market) lockLot(ctx context.Context, id string) {
	done, ok := m.turn(ctx, id)
	if !ok {
		return
	}
	defer done()
	r := m.shelf.read()
	l := r.Lots[id]
	if l.State != locking {
		return
	}
	asked := slices.DeleteFunc(r.seats(id), func(o offer) bool { return o.State != locking })
	locked, request, err := m.lock(ctx, l, asked)
	m.note(ctx, m.shelf.change(func(r *records) error {
		l := r.Lots[id]
		if err != nil && !link.Settled(err) {
			l.Why = explain(err) // and it is asked again
			r.Lots[id] = l
			return nil
		}
		l.State, l.Why = open, trouble{}
		r.Lots[id] = l
		verdict := judge(locked, request, err)
		for _, o := range asked {
			if o = r.Offers[o.ID]; o.State != locking {
				continue
			}
			o.At = time.Now()
			if o.Owner, o.Why = verdict(o.Token); o.Owner != "" {
				o.State = open
			} else {
				o.State = gone
			}
			r.Offers[o.ID] = o
		}
		return nil
	}))
}

// lock asks for a lot's locks.
func (m *Market) lock(ctx context.Context, l lot, offers []offer) (locked link.Locked, requestID string, err error) {
	if len(offers) == 0 {
		return link.Locked{}, "", nil
	}
	request := link.LockRequest{
		RequestID: link.NewRequestID(), Source: l.Source, Seller: l.Seller, Listing: link.LockListing{ExternalListingID: l.ID},
	}
	for _, o := range offers {
		request.Listing.Tokens = append(request.Listing.Tokens, link.LockToken{Token: o.Token, IndividualPrice: &o.Price})
	}
	locked, err = m.Client.Lock(ctx, request)
	return locked, request.RequestID, err
}

// judge tells of each ticket whose it is, or why it is not locked: each stands alone
// (207), and where none succeeded (422) the reasons are there too.
func judge(locked link.Locked, requestID string, err error) func(link.Token) (link.PatronID, trouble) {
	owners, whys := map[link.Token]link.PatronID{}, map[link.Token]trouble{}
	for _, s := range locked.Success {
		owners[s.Token] = s.OwnerID
	}
	for _, f := range locked.Errors {
		whys[f.Token] = trouble{wordsOf(f), f.Code, requestID}
	}
	return func(token link.Token) (link.PatronID, trouble) {
		if owner, ok := owners[token]; ok {
			return owner, trouble{}
		}
		if why, ok := whys[token]; ok {
			return "", why
		}
		if err != nil {
			return "", explain(err)
		}
		return "", trouble{Words: oddWords, RequestID: requestID}
	}
}

// dropLocks tells the venue of seats that are not for sale here any more (call 5).
// A ticket that is not locked, or is another's by now, is as it should be.
func (m *Market) dropLocks(ctx context.Context, ids ...string) {
	r := m.shelf.read()
	var tokens []link.Token
	var asked []string
	for _, id := range ids {
		if o := r.Offers[id]; o.Held && len(tokens) < maxSeats {
			tokens, asked = append(tokens, o.Token), append(asked, id)
		}
	}
	if len(tokens) == 0 {
		return
	}
	if _, err := m.Client.Unlock(ctx, tokens...); err != nil && !link.Settled(err) {
		return // and it is asked again
	}
	m.note(ctx, m.shelf.change(func(r *records) error {
		for _, id := range asked {
			if o, ok := r.Offers[id]; ok {
				o.Held = false
				r.Offers[id] = o
			}
		}
		return nil
	}))
}

// note logs what the visitor cannot mend: the file that could not be written. What
// was to be in it is asked for again.
func (m *Market) note(ctx context.Context, err error) {
	if err != nil {
		m.Log.ErrorContext(ctx, "writing down failed", "err", err)
	}
}

type lotView struct {
	Waiting bool
	Why     trouble
	Open    []mineView
	Refused []refusal
}

// lot says what became of a form. Only who sent it sees that.
func (m *Market) lot(v visit) page {
	r := m.shelf.read()
	l, ok := r.Lots[v.PathValue("lot")]
	if !ok || l.Visitor != v.visitor {
		return nothingHere()
	}
	view := lotView{Waiting: l.State == locking, Why: l.Why}
	for _, o := range r.seats(l.ID) {
		switch {
		case o.State == gone:
			view.Refused = append(view.Refused, refusal{o.Name(), o.Why})
		case o.State != withdrawn:
			view.Open = append(view.Open, m.mineOf(v.Context(), o))
		}
	}
	title := "Your seats are on sale"
	switch {
	case view.Waiting:
		title = "The venue is being asked"
	case len(view.Open) == 0:
		title = "Nothing could be put on sale"
	}
	return page{status: http.StatusOK, template: "lot", Title: title, Live: view.Waiting, Data: view}
}
