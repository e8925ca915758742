package marketplace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatlink/seatlink/link"
	"github.com/seatlink/seatlink/link/receive"
)

// Records are all that the market remembers. They are replaced, never changed:
// whoever reads them reads one moment.
type records struct {
	Version int64                   `json:"version"` // grows with every change
	Offers  map[string]offer        `json:"offers"`
	Lots    map[string]lot          `json:"lots"`
	Orders  map[string]order        `json:"orders"`
	Places  map[int64]receive.Place `json:"places"` // how far the messages of each organization have come

	quiet bool // nothing changed that anybody sees
}

// An offer is a seat that somebody wants to sell.
type offer struct {
	ID       string        `json:"id"`
	Lot      string        `json:"lot"`
	Token    link.Token    `json:"token"`
	Event    link.AccessID `json:"event"`
	Section  string        `json:"section"`
	Row      string        `json:"row"`
	Seat     string        `json:"seat"`
	Features []string      `json:"features,omitempty"`
	Price    link.Amount   `json:"price"`
	State    state         `json:"state"`
	Why      trouble       `json:"why,omitzero"`   // it is gone
	Owner    link.PatronID `json:"owner"`          // who had it when it was locked
	Order    string        `json:"order,omitzero"` // that is buying it, or bought it
	// Held says that the venue may still have our lock, and must be asked to drop it.
	Held bool      `json:"held,omitzero"`
	At   time.Time `json:"at"` // of its state
}

// A lot is what a seller offered at once; its id is the externalListingId.
type lot struct {
	ID      string         `json:"id"`
	Visitor string         `json:"visitor"`
	Listing link.ListingID `json:"listing,omitzero"` // "" where barcodes were brought
	Source  link.Source    `json:"source"`
	Seller  *link.Seller   `json:"seller,omitempty"`
	State   state          `json:"state"` // locking, open
	Why     trouble        `json:"why,omitzero"`
	At      time.Time      `json:"at"`
}

// An order is a purchase: a request of call 6 and what became of it.
type order struct {
	ID        string         `json:"id"` // the word of the form
	Visitor   string         `json:"visitor"`
	Knock     string         `json:"knock"` // the callback's address ends with it
	Event     link.AccessID  `json:"event"`
	Name      string         `json:"name"` // of the buyer
	Total     link.Amount    `json:"total"`
	RequestID string         `json:"requestId"`
	Process   link.ProcessID `json:"process,omitzero"`
	Parts     []part         `json:"parts"`
	State     state          `json:"state"`
	Why       trouble        `json:"why,omitzero"`
	At        time.Time      `json:"at"`
	// Request is what was asked, to ask it again. It names the buyer, so it is
	// forgotten once the order is decided.
	Request *link.CompleteRequest `json:"request,omitempty"`
}

// A part is an order in the contract's sense: the seats of one lot. It is sold
// whole or not at all, each for itself.
type part struct {
	ExternalOrderID string   `json:"externalOrderId"`
	Offers          []string `json:"offers"`
	Sold            bool     `json:"sold,omitzero"`
	Why             trouble  `json:"why,omitzero"`
}

// A state of an offer, a lot or an order (doc.go has the picture).
type state string

const (
	locking   state = "locking"
	open      state = "open"
	buying    state = "buying"
	sold      state = "sold"
	gone      state = "gone"
	withdrawn state = "withdrawn"

	asking   state = "asking"
	waiting  state = "waiting"
	complete state = "complete"
	failed   state = "failed"
)

// Ended reports whether nothing happens to it any more.
func (s state) Ended() bool {
	return s == sold || s == gone || s == withdrawn || s == complete || s == failed
}

// A shelf keeps the records in a file.
type shelf struct {
	path string
	mu   sync.Mutex // held while a change is made and written
	now  atomic.Pointer[records]

	signal  sync.Mutex
	changed chan struct{} // closed with the next change
}

func openShelf(path string) (*shelf, error) {
	s := &shelf{path: path, changed: make(chan struct{})}
	var r records
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("%s is not what a marketplace remembers: %w", path, err)
		}
	}
	next := r.clone()
	s.now.Store(&next)
	return s, nil
}

func (s *shelf) read() *records { return s.now.Load() }

// change makes a change and returns when it would outlive a power cut. After an
// error everything is as it was.
func (s *shelf) change(act func(r *records) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.now.Load().clone()
	if err := act(&next); err != nil {
		return err
	}
	next.forget(time.Now())
	if !next.quiet {
		next.Version++
	}
	if err := next.write(s.path); err != nil {
		return err
	}
	s.now.Store(&next)
	if !next.quiet {
		s.tell()
	}
	return nil
}

// tell wakes all who wait for a change.
func (s *shelf) tell() {
	s.signal.Lock()
	defer s.signal.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// next is closed when something changes from now on.
func (s *shelf) next() <-chan struct{} {
	s.signal.Lock()
	defer s.signal.Unlock()
	return s.changed
}

// clone copies the maps. What is in them is replaced, never written into.
func (r *records) clone() records {
	c := *r
	c.quiet = false
	c.Offers, c.Lots, c.Orders, c.Places = maps.Clone(r.Offers), maps.Clone(r.Lots), maps.Clone(r.Orders), maps.Clone(r.Places)
	if c.Offers == nil {
		c.Offers = map[string]offer{}
	}
	if c.Lots == nil {
		c.Lots = map[string]lot{}
	}
	if c.Orders == nil {
		c.Orders = map[string]order{}
	}
	if c.Places == nil {
		c.Places = map[int64]receive.Place{}
	}
	return c
}

// forget drops what ended long ago, and lots of which nothing is left.
func (r *records) forget(now time.Time) {
	used := map[string]bool{}
	for id, o := range r.Offers {
		if o.State.Ended() && !o.Held && now.Sub(o.At) > remember {
			delete(r.Offers, id)
			continue
		}
		used[o.Lot] = true
	}
	for id, o := range r.Orders {
		if o.State.Ended() && now.Sub(o.At) > remember {
			delete(r.Orders, id)
		}
	}
	for id, l := range r.Lots {
		if l.State != locking && !used[id] && now.Sub(l.At) > remember {
			delete(r.Lots, id)
		}
	}
}

// makeRoom forgets the oldest of what came to nothing, until so many more have a
// place, and reports whether they do.
func makeRoom[V any](of map[string]V, most, more int, nothing func(V) (at time.Time, ended bool)) bool {
	var ended []string
	for id, v := range of {
		if _, is := nothing(v); is {
			ended = append(ended, id)
		}
	}
	slices.SortFunc(ended, func(a, b string) int {
		first, _ := nothing(of[a])
		second, _ := nothing(of[b])
		return first.Compare(second)
	})
	for len(of)+more > most && len(ended) > 0 {
		delete(of, ended[0])
		ended = ended[1:]
	}
	return len(of)+more <= most
}

// write puts the records in the place of the file, whole or not at all.
func (r *records) write(path string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	const private = 0o600 // it names people
	draft, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, private)
	if err != nil {
		return err
	}
	_, err = draft.Write(text)
	err = errors.Join(err, draft.Sync(), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	_ = folder.Sync() // some systems do not sync folders, and say so
	return nil
}
