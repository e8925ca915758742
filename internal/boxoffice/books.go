package boxoffice

import (
	"fmt"
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// Needs names the rows an act touches, by key and nothing else.
type Needs struct {
	Answers   []AnswerKey   // the names are claimed until the commit
	Tickets   []Token       // locked
	Orders    []OrderKey    // locked; the name of a missing one is claimed until the commit
	Transfers []TransferKey // as Orders
	Scans     []ScanKey     // as Orders; with them come those that let the act's tickets in
	People    []PersonKey   // read in the organizations of the tickets, not locked; the name of a missing one is claimed
	Portions  []PortionKey  // locked
	Events    []EventID     // locked, by an act that changes them; no such act names tickets
	Yields    bool          // gives way first when too much is asked at once
} // Events and organizations come along with their tickets, read after the locks.

// Size is how many rows are named.
func (n Needs) Size() int {
	return len(n.Answers) + len(n.Tickets) + len(n.Orders) + len(n.Transfers) + len(n.Scans) + len(n.People) + len(n.Portions) + len(n.Events)
}

// An Act is one thing somebody wants done to the books.
type Act interface {
	// Needs names the rows by key. It is called once, and its slices are not
	// changed afterwards.
	Needs() Needs
	// Decide reads and changes b and keeps its own answer. It touches nothing
	// else: no clock, no network, no log. It may run again on fresh books, so it
	// clears its answer first. An error keeps nothing of what it did; a refusal
	// that must last is an answer, not an error.
	Decide(b *Books) error
}

// PersonAt is a person within an organization.
type PersonAt struct {
	Organization access.OrganizationID
	Key          PersonKey
}

// Books are what one batch of acts sees and changes. They hand out values, not
// pointers, so nothing leaks between acts. Reading a row that no Needs of the
// batch named panics: the act is wrong, and loses.
type Books struct {
	// Now is the database's clock, read after the rows were locked.
	Now time.Time

	ids Ids
	act int // the one that decides, counted from 1

	answers   shelf[AnswerKey, Answer]
	tickets   shelf[Token, Ticket]
	orders    shelf[OrderKey, Order]
	transfers shelf[TransferKey, Transfer]
	scans     shelf[ScanKey, Scan]
	inside    shelf[Token, ScanKey] // by which scan a ticket is in; the zero key is none
	people    shelf[PersonAt, PatronID]
	named     map[PersonKey]int // by which act
	portions  shelf[PortionKey, Portion]
	events    shelf[EventID, Event]
	orgs      map[access.OrganizationID]Organization

	// What is only ever added, with the marks of the layers.
	journal   []Entered
	patrons   []Patron
	documents []Document
	tasks     []Task
	callbacks []Callback
	steps     []Recorded
	works     []Work
	listings  []Listing   // made by their patrons
	taken     []ListingID // that their patrons took back
	left      []Token     // tickets whose scan is over, and is none that was loaded
}

// Ids makes what must be new: random words, and numbers of a series. Only tests
// make them predictable.
type Ids interface {
	// Word returns n random characters of A-Z and 0-9 without I, L, O and U.
	Word(n int) string
	// Digits returns n random decimal digits.
	Digits(n int) string
	// Alphanumerics returns n random characters of A-Z, a-z and 0-9.
	Alphanumerics(n int) string
	// Number returns the next number of a series; numbers may be left out.
	Number(series string) int64
}

// A Series of numbers, unique over the installation.
const (
	SeriesPatron      = "patron"
	SeriesTransaction = "transaction"
	SeriesTransfer    = "transfer"
)

// An Entered row is one change of a ticket or of an event, as the journal keeps it.
type Entered struct {
	Event   *Event  // after the change; nil where a ticket changed, of which the rest is
	Was     Billing // of the event, before
	Ticket  *Ticket // after the change; nobody changes it
	Before  Standing
	Closed  bool // its event is not open
	Renewed bool // its barcode is another one than before
	Old     Barcode
	Prior   int64 // the batch of the ticket's row before this one: 0 for none, or ThisBatch
	What    What
	By      access.Principal
	Order   string // the key of the order that it was done for
	With    Token  // the other ticket of an exchange
	Reason  string // in the operator's words, for operators alone
}

// ThisBatch stands for the number of the batch in hand, which the store knows.
const ThisBatch = -1

// What happened to a ticket, in the journal's words.
type What string

// The words of the journal.
const (
	Locked   What = "lock"
	Relocked What = "relock" // the same lock with other terms
	Unlocked What = "unlock"
	Sold     What = "sale"
	Ordered  What = "order" // an order that waits holds it, in place of the lock
	Failed   What = "fail"  // that order ended in ERROR: the lock is back as it was
	Loaded   What = "load"  // of an event, by a house file

	Offered   What = "initiate" // a transfer holds it
	Accepted  What = "accept"   // the transfer's recipient has become its owner
	Withdrawn What = "cancel"   // the transfer gave it back
	Lapsed    What = "expire"   // so it did at its end

	Admitted   What = "admit"   // a gate let it in, or an earlier scan of another gate turned up
	TurnedBack What = "unadmit" // the gate took that back

	Closed What = "close" // its event is open no more, which ends a lock
	Opened What = "open"  // its event is open again

	// What the venue does to tickets of its own accord (Work).
	Held      What = "hold"     // keeps it back, which ends every other hold
	Released  What = "release"  // lets it go
	Voided    What = "void"     // the ticket is no more
	Reissued  What = "reissue"  // it has a new barcode
	Exchanged What = "exchange" // owner and barcode went to another seat, or came from one

	// What it does to events.
	Rescheduled What = "reschedule"
	Renamed     What = "rename"
	CalledOff   What = "call-off" // cancelled, for good
	OnSale      What = "on-sale"  // on the secondary market
	OffSale     What = "off-sale"
)

// Rows are what a store loaded for the acts of a batch.
type Rows struct {
	Now           time.Time
	Answers       []Answer
	Tickets       []Ticket
	Orders        []Order
	Transfers     []Transfer
	Scans         []Scan
	People        map[PersonAt]PatronID // the oldest account of each
	Portions      []Portion
	Events        []Event
	Organizations []Organization
}

// NewBooks opens books over rows. A row that an act names and that is not among
// them does not exist.
func NewBooks(rows Rows, ids Ids) *Books {
	b := &Books{
		Now: rows.Now, ids: ids,
		journal: make([]Entered, 0, len(rows.Tickets)), // most acts change each of their tickets once
		orgs:    make(map[access.OrganizationID]Organization, len(rows.Organizations)),
	}
	b.answers.load(rows.Answers, func(a *Answer) AnswerKey { return a.Key })
	b.tickets.load(rows.Tickets, func(t *Ticket) Token { return t.Token })
	b.orders.load(rows.Orders, func(o *Order) OrderKey { return o.Key })
	b.transfers.load(rows.Transfers, func(t *Transfer) TransferKey { return t.Key })
	b.scans.load(rows.Scans, func(s *Scan) ScanKey { return s.Key })
	for i := range rows.Scans {
		if s := &rows.Scans[i]; s.State == ScanInside {
			b.inside.slot(s.Token).row = &s.Key
		}
	}
	for at, id := range rows.People {
		b.people.slot(at).row = &id
	}
	b.portions.load(rows.Portions, func(p *Portion) PortionKey { return p.Key })
	b.events.load(rows.Events, func(e *Event) EventID { return e.ID })
	for _, o := range rows.Organizations {
		b.orgs[o.ID] = o
	}
	return b
}

// Run lets one act decide. What it did is kept only when Run returns nil. A
// panic of the act is returned as a Panic.
func (b *Books) Run(act Act, needs Needs) (err error) {
	b.act++
	b.answers.name(needs.Answers, b.act)
	b.tickets.name(needs.Tickets, b.act)
	b.orders.name(needs.Orders, b.act)
	b.transfers.name(needs.Transfers, b.act)
	b.portions.name(needs.Portions, b.act)
	b.events.name(needs.Events, b.act)
	b.scans.name(needs.Scans, b.act)
	for _, key := range needs.People {
		if b.named == nil {
			b.named = map[PersonKey]int{}
		}
		b.named[key] = b.act
	}
	defer func() {
		if p := recover(); p != nil {
			err = Panic{Value: p}
		}
	}()
	return b.Try(func() error { return act.Decide(b) })
}

// A Panic is what an act died of. It is a bug; the other acts go on.
type Panic struct{ Value any }

// Error tells the value.
func (p Panic) Error() string { return fmt.Sprintf("act panicked: %v", p.Value) }

// Try keeps all of f's changes or none: each act runs in one, and so does each
// element of a cart.
func (b *Books) Try(f func() error) (err error) {
	journal, patrons, documents, tasks := len(b.journal), len(b.patrons), len(b.documents), len(b.tasks)
	callbacks, steps, works, left := len(b.callbacks), len(b.steps), len(b.works), len(b.left)
	listings, taken := len(b.listings), len(b.taken)
	kept := false
	b.answers.push()
	b.tickets.push()
	b.orders.push()
	b.transfers.push()
	b.scans.push()
	b.inside.push()
	b.people.push()
	b.portions.push()
	b.events.push()
	defer func() { // on a panic too, so the books are whole for the next act
		b.answers.pop(kept)
		b.tickets.pop(kept)
		b.orders.pop(kept)
		b.transfers.pop(kept)
		b.scans.pop(kept)
		b.inside.pop(kept)
		b.people.pop(kept)
		b.portions.pop(kept)
		b.events.pop(kept)
		if !kept {
			b.journal, b.patrons = b.journal[:journal], b.patrons[:patrons]
			b.documents, b.tasks = b.documents[:documents], b.tasks[:tasks]
			b.callbacks, b.steps, b.works = b.callbacks[:callbacks], b.steps[:steps], b.works[:works]
			b.left, b.listings, b.taken = b.left[:left], b.listings[:listings], b.taken[:taken]
		}
	}()
	err = f()
	kept = err == nil
	return err
}

// Answer returns what a request was told. A record that is too old is none.
func (b *Books) Answer(key AnswerKey) (Answer, bool) {
	a, ok := b.answers.at(key, b.act)
	return a, ok && !a.gone(b.Now)
}

// Keep records what a request is told.
func (b *Books) Keep(a Answer) { b.answers.put(a.Key, a) }

// Ticket returns a ticket by its token.
func (b *Books) Ticket(token Token) (Ticket, bool) { return b.tickets.at(token, b.act) }

// Change is the only way to change a ticket: it counts the version and writes
// the journal row. Two acts of one batch on one ticket make two versions and
// two rows. Whatever takes a ticket out of the hands of the gate that let it in
// ends the scan that did.
func (b *Books) Change(t Ticket, what What, by access.Principal, order string) {
	b.change(t, Entered{What: what, By: by, Order: order})
}

// change is Change with all that a row may say.
func (b *Books) change(t Ticket, row Entered) {
	before := b.tickets.now(t.Token)
	if before.Hold.Kind == HoldGate && t.Hold.Kind != HoldGate {
		b.leave(t.Token, ScanEnded)
	}
	event := b.events.now(t.Event)
	t.Version++
	row.Prior, t.Latest = before.Latest, ThisBatch
	row.Ticket, row.Before, row.Closed = b.tickets.put(t.Token, t), before.Standing(), event == nil || !event.Open(b.Now)
	row.Renewed, row.Old = before.Barcode != t.Barcode, before.Barcode
	b.journal = append(b.journal, row)
}

// Scan returns a scan by its key.
func (b *Books) Scan(key ScanKey) (Scan, bool) { return b.scans.at(key, b.act) }

// PutScan keeps a scan that let nobody in.
func (b *Books) PutScan(s Scan) { b.scans.put(s.Key, s) }

// Admit keeps the scan by which a ticket is in from now on.
func (b *Books) Admit(s Scan) {
	b.scans.put(s.Key, s)
	b.inside.put(s.Token, s.Key)
}

// Inside returns the scan by which a ticket is in, to an act that names scans
// and the ticket.
func (b *Books) Inside(token Token) (Scan, bool) {
	key, ok := b.inside.lookup(token)
	if !ok || key == (ScanKey{}) {
		return Scan{}, false
	}
	return b.scans.lookup(key)
}

// leave ends the scan by which a ticket is in, if that has not ended before.
func (b *Books) leave(token Token, becomes ScanState) {
	key, loaded := b.inside.lookup(token)
	switch {
	case !loaded:
		b.left = append(b.left, token)
		return
	case key == (ScanKey{}):
		return
	}
	s, _ := b.scans.lookup(key)
	s.State = becomes
	b.scans.put(key, s)
	b.inside.put(token, ScanKey{})
}

// Event returns an event that was named, or that of a loaded ticket.
func (b *Books) Event(id EventID) Event {
	e, ok := b.events.lookup(id)
	if !ok {
		panic(fmt.Sprintf("event %s is of no ticket that was named", id))
	}
	return e
}

// EventNamed returns an event that the act has to itself.
func (b *Books) EventNamed(id EventID) (Event, bool) { return b.events.at(id, b.act) }

// ChangeEvent is the only way to change an event, which the act must have named:
// it counts the version and writes the journal row. The catalog of its
// organization has another version from then on.
func (b *Books) ChangeEvent(e Event, what What, by access.Principal, reason string) {
	was, ok := b.EventNamed(e.ID)
	if !ok {
		panic(fmt.Sprintf("act changes event %s, which is not there", e.ID))
	}
	e.Version++
	b.events.put(e.ID, e)
	b.journal = append(b.journal, Entered{Event: &e, Was: was.Billing(), What: what, By: by, Reason: reason})
}

// Portion returns a portion of a work by its key.
func (b *Books) Portion(key PortionKey) (Portion, bool) { return b.portions.at(key, b.act) }

// PutPortion keeps what became of a portion.
func (b *Books) PutPortion(p Portion) { b.portions.put(p.Key, p) }

// Begin adds a work, and the task that goes over its tickets.
func (b *Books) Begin(w Work) {
	b.works = append(b.works, w)
	b.Enter(w.task(b.Now))
}

// Organization returns the organization of a loaded ticket.
func (b *Books) Organization(id access.OrganizationID) Organization {
	o, ok := b.orgs[id]
	if !ok {
		panic(fmt.Sprintf("organization %d is of no ticket that was named", id))
	}
	return o
}

// Order returns an order by its key.
func (b *Books) Order(key OrderKey) (Order, bool) { return b.orders.at(key, b.act) }

// PutOrder keeps an order, new or changed.
func (b *Books) PutOrder(o Order) {
	o.Version++
	b.orders.put(o.Key, o)
}

// Transfer returns a transfer by its key.
func (b *Books) Transfer(key TransferKey) (Transfer, bool) { return b.transfers.at(key, b.act) }

// PutTransfer keeps a transfer, new or changed.
func (b *Books) PutTransfer(t Transfer) {
	t.Version++
	b.transfers.put(t.Key, t)
}

// Record adds a step to the history of a transfer.
func (b *Books) Record(r Recorded) { b.steps = append(b.steps, r) }

// Patron returns the account of a person in an organization: the oldest that
// the person's first key finds, else a new one. An account that exists is never
// changed.
func (b *Books) Patron(org access.OrganizationID, who Person) PatronID {
	if len(who.Keys) > 0 {
		at := PersonAt{org, who.Keys[0]}
		if id, ok := b.person(at); ok {
			return id
		}
	}
	p := Patron{
		ID: PatronID(fmt.Sprint(b.Number(SeriesPatron))), Organization: org,
		Contact: who.Contact, Keys: who.Keys, Since: b.Now,
	}
	b.patrons = append(b.patrons, p)
	for _, key := range who.Keys {
		// A second key may find somebody older: that account keeps the name.
		at := PersonAt{org, key}
		if _, taken := b.people.lookup(at); !taken {
			b.people.put(at, p.ID)
		}
	}
	return p.ID
}

// person finds an account by a key that the deciding act named.
func (b *Books) person(at PersonAt) (PatronID, bool) {
	if b.named[at.Key] != b.act {
		panic("act looks for a person whom its Needs do not name")
	}
	return b.people.lookup(at)
}

// Issue puts a ticket on a page. Issuing the same document again changes nothing.
func (b *Books) Issue(d Document) { b.documents = append(b.documents, d) }

// Enter adds a task, due at its time.
func (b *Books) Enter(t Task) { b.tasks = append(b.tasks, t) }

// Owe promises to tell a partner the outcome of a process. Promising it again
// takes the newer address, and it is owed again though it was told before.
func (b *Books) Owe(c Callback) { b.callbacks = append(b.callbacks, c) }

// List adds a listing.
func (b *Books) List(l Listing) { b.listings = append(b.listings, l) }

// TakeBack ends a listing for its patron. To end it again changes nothing.
func (b *Books) TakeBack(id ListingID) { b.taken = append(b.taken, id) }

// Word returns n random characters (Ids.Word).
func (b *Books) Word(n int) string { return b.ids.Word(n) }

// Digits returns n random decimal digits.
func (b *Books) Digits(n int) string { return b.ids.Digits(n) }

// Alphanumerics returns n random characters (Ids.Alphanumerics).
func (b *Books) Alphanumerics(n int) string { return b.ids.Alphanumerics(n) }

// Number returns the next number of a series.
func (b *Books) Number(series string) int64 { return b.ids.Number(series) }

// Outcome is everything the acts that went through changed and added, for the
// store to save.
type Outcome struct {
	Answers   []Answer   // new, or in the place of one too old; in no order
	Tickets   []*Ticket  // changed, in no order
	Orders    []Order    // new and changed, in no order
	Transfers []Transfer // new and changed, in no order
	Scans     []Scan     // new and changed, in no order
	Left      []Token    // whose scan in force has ended, and is none of Scans
	Steps     []Recorded // in the order they were taken
	Patrons   []Patron   // new
	Documents []Document
	Tasks     []Task
	Callbacks []Callback
	Events    []Event   // changed, in no order
	Works     []Work    // new
	Listings  []Listing // new
	TakenBack []ListingID
	Portions  []Portion // done, in no order
	Journal   []Entered // in the order they happened
}

// Outcome tells what to save.
func (b *Books) Outcome() Outcome {
	return Outcome{
		Answers: b.answers.changed(), Tickets: b.tickets.altered(), Orders: b.orders.changed(), Transfers: b.transfers.changed(),
		Scans: b.scans.changed(), Events: b.events.changed(), Portions: b.portions.changed(),
		Patrons: b.patrons, Documents: b.documents, Tasks: b.tasks, Callbacks: b.callbacks, Journal: b.journal, Steps: b.steps, Works: b.works, Left: b.left,
		Listings: b.listings, TakenBack: b.taken,
	}
}

// Empty reports whether there is nothing to save.
func (o Outcome) Empty() bool {
	return len(o.Answers) == 0 && len(o.Journal) == 0 && len(o.Orders) == 0 && len(o.Transfers) == 0 && len(o.Patrons) == 0 && len(o.Documents) == 0 && len(o.Tasks) == 0 && len(o.Callbacks) == 0 && len(o.Events) == 0 && len(o.Works) == 0 && len(o.Portions) == 0 && len(o.Scans) == 0 && len(o.Listings) == 0 && len(o.TakenBack) == 0
}
