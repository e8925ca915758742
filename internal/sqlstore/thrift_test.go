//go:build !race

// Under the race detector pools forget on purpose, so there is nothing to count.

package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A thrift is what acts of one kind cost at the writer, whatever the machine.
type thrift struct {
	act        string
	statements []string // of a batch, however many acts it has
	rows       int      // that an act of four tickets writes
	beside     int      // rows of the batch's own: itself, its position, the journal's head
	// most are the allocations of an act in a batch of 1, of 16 and of 256: one
	// more than when they were counted last, of a single act three, and of a sale a
	// twentieth, for there maps grow as it happens.
	most [3]float64
}

// thriftBatches are how many acts share a transaction.
var thriftBatches = [3]int{1, 16, 256}

// thrifts are in an order in which each finds the tickets as it needs them.
var thrifts = []thrift{
	{"lock of four", []string{
		loadTickets, loadEvents, loadOrganizations, drawSQLite, saveHolds, saveBatch, saveJournal, lockHead, placeBatches, moveHead,
	}, 8, 3, [3]float64{186, 55, 50}},
	{"unlock of four", []string{
		loadTickets, loadEvents, loadOrganizations, drawSQLite, saveHolds, saveBatch, saveJournal, lockHead, placeBatches, moveHead,
	}, 8, 3, [3]float64{199, 67, 62}},
	{"lock of four, to sell them", []string{
		loadTickets, loadEvents, loadOrganizations, drawSQLite, saveHolds, saveBatch, saveJournal, lockHead, placeBatches, moveHead,
	}, 8, 3, [3]float64{186, 55, 50}},
	{"sale of four", []string{
		loadAnswers, loadOrders, loadTickets, loadEvents, loadOrganizations, loadPeople, drawSQLite,
		saveOwners, saveOrders, saveLedger, saveReplaced, saveAnswers, saveBatch, saveJournal, lockHead, placeBatches, moveHead,
	}, 20, 3, [3]float64{472, 224, 230}},
	{"print of four", []string{
		loadAnswers, loadOrders, loadTickets, loadEvents, loadOrganizations, drawSQLite, saveDocuments, saveAnswers, saveBatch, lockHead, placeBatches,
	}, 5, 2, [3]float64{249, 105, 95}},
}

// What an act costs at the writer does not grow unnoticed: a statement a table for
// a batch of any size, the rows that say what changed, and the garbage of reading,
// deciding and saving.
func TestAnActCostsNoMoreThanItDid(t *testing.T) {
	w, count := thriftWriter(t)
	for i, size := range thriftBatches {
		least := map[string]cost{}
		for round := range 3 { // the first meets what is not there yet: the buyer, and prepared statements
			for _, kind := range thrifts {
				got := count.of(t, w, thriftActs(t, kind.act, size, round))
				if was, seen := least[kind.act]; seen {
					got = cost{statements: got.statements, rows: got.rows, allocations: min(got.allocations, was.allocations)}
				}
				least[kind.act] = got
			}
		}
		for _, kind := range thrifts {
			got := least[kind.act]
			if says := grown(kind.statements, got.statements); says != "" {
				t.Errorf("%s: a batch of %d runs other statements than it did:%s\nA statement is a round trip for everybody in the batch. "+
					"Where it is needed, name it in thrifts, in the commit that says what for", kind.act, size, says)
			}
			if want := kind.rows*size + kind.beside; got.rows != want {
				t.Errorf("%s: a batch of %d writes %d rows, and it was %d, %d for each act. Raise the bound in thrifts only in the commit that says what the new ones are for",
					kind.act, size, got.rows, want, kind.rows)
			}
			if each := float64(got.allocations) / float64(size); each > kind.most[i] {
				t.Errorf("%s: %.1f allocations an act in a batch of %d, and it may make %.0f. Find what grew with\n"+
					"\tgo test ./internal/sqlstore -run '^$' -bench LockAndUnlock/sqlite -benchtime 3000x -memprofile mem -memprofilerate 1\n"+
					"and raise the bound in thrifts only in the commit that says what the new ones are for", kind.act, each, size, kind.most[i])
			}
		}
	}
}

// grown tells which statements are more or fewer than they were.
func grown(were, are []string) string {
	change := map[string]int{}
	for _, text := range were {
		change[text]--
	}
	for _, text := range are {
		change[text]++
	}
	var says strings.Builder
	for _, text := range slices.Sorted(maps.Keys(change)) {
		if n := change[text]; n != 0 {
			first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
			was := 0
			for _, w := range were {
				if w == text {
					was++
				}
			}
			fmt.Fprintf(&says, "\n\t%d, and it was %d: %s", was+n, was, first)
		}
	}
	return says.String()
}

// A cost is what a batch took.
type cost struct {
	statements  []string
	rows        int
	allocations uint64
}

// A countingSession is a connection that notes what it is given and does it.
type countingSession struct {
	session
	ran []string
}

func (c *countingSession) run(ctx context.Context, steps ...step) error {
	for _, st := range steps {
		if !st.idle() {
			c.ran = append(c.ran, st.text)
		}
	}
	return c.session.run(ctx, steps...)
}

// of runs acts as one batch.
func (c *countingSession) of(t *testing.T, w *writer, acts []boxoffice.Act) (took cost) {
	t.Helper()
	batch := make([]*waiting, len(acts))
	for i, act := range acts {
		batch[i] = &waiting{act: act, needs: act.Needs()}
	}
	written := func() (n int) {
		err := c.session.run(t.Context(), step{text: "SELECT total_changes()", each: func(r row) error { n = int(r.int(0)); return nil }})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := w.ids.fill(t.Context(), c.session); err != nil { // once in a thousand numbers, so it is nobody's
		t.Fatal(err)
	}
	c.ran = make([]string, 0, 64)
	rows := written()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := w.once(batch, fmt.Sprintf("batch-%d", time.Now().UnixNano()))
	runtime.ReadMemStats(&after)
	for _, each := range batch {
		if err = cmp.Or(err, each.err); err != nil {
			t.Fatal(err)
		}
	}
	return cost{c.ran, written() - rows, after.Mallocs - before.Mallocs}
}

// thriftWriter is a writer over a small house in SQLite, with nobody beside it,
// and the connection on which it is counted.
func thriftWriter(t *testing.T) (*writer, *countingSession) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	keys, err := access.CreateKeyring(filepath.Join(t.TempDir(), "key"))
	must(err)
	url := "sqlite:" + filepath.Join(t.TempDir(), "thrift.db")
	whole, err := Open(t.Context(), url, keys, Options{})
	must(err)
	l := whole.NewLoader()
	must(l.Organizations(t.Context(), []boxoffice.Organization{{ID: 999, Name: "House", DistributorCode: "AMTX", Zone: "UTC", Currency: "USD"}}))
	must(l.Patrons(t.Context(), []boxoffice.Patron{{ID: "1", Organization: 999, Since: time.Now()}}))
	must(l.Events(t.Context(), []boxoffice.Event{{ID: "999:F26:F01", Organization: 999, Season: "F26", Item: "F01", Basis: boxoffice.Single, Secondary: true}}))
	var tickets []boxoffice.Ticket
	for i := range 4 * thriftBatches[len(thriftBatches)-1] {
		tickets = append(tickets, boxoffice.Ticket{
			Token: thriftToken(i), Organization: 999, Event: "999:F26:F01", Section: "U:100", Row: fmt.Sprint(i / 20), Seat: fmt.Sprint(i % 20),
			SeatingType: "RESERVED", Owner: "1", Barcode: boxoffice.Barcode(fmt.Sprintf("999%013d", i)), PriceLevel: 1, PriceType: "A",
		})
	}
	must(l.Tickets(t.Context(), tickets))
	must(l.Finish(t.Context()))
	whole.Close()

	s := newStore(keys, Options{})
	s.db, err = openEngine(t.Context(), url, false)
	must(err)
	tx, err := s.db.writer(t.Context())
	must(err)
	must(tx.run(t.Context(), step{text: "PRAGMA synchronous = OFF", want: -1})) // nobody counts the time, so nobody waits for the disk
	t.Cleanup(func() { tx.close(); s.db.close() })
	count := &countingSession{session: tx}
	return &writer{s: s, tx: count}, count
}

func thriftToken(i int) boxoffice.Token { return boxoffice.Token(fmt.Sprintf("999ABCDEFGH%06d", i)) }

// thriftActs are the acts that so many requests come to, on four tickets each.
func thriftActs(t *testing.T, kind string, size, round int) []boxoffice.Act {
	t.Helper()
	acts := &actsAlone{}
	office := boxoffice.NewOffice(acts, oneBuyer{}, plainPages{})
	who := access.Principal{Application: "com.example.app", Channel: "amtx", Organizations: []access.OrganizationID{999}, RequestID: "request"}
	for i := range size {
		var (
			tokens []boxoffice.Token
			locks  []boxoffice.LockLine
			lines  []boxoffice.CartLine
		)
		for n := range 4 {
			token := thriftToken(4*i + n)
			tokens, locks, lines = append(tokens, token), append(locks, boxoffice.LockLine{Token: token}), append(lines, boxoffice.CartLine{Token: token})
		}
		order := fmt.Sprintf("O-%03d-%d-%03d", size, round, i)
		said := []byte("the answer, as it is said again")
		var err error
		switch kind {
		case "unlock of four":
			_, err = office.Unlock(t.Context(), who, tokens)
		case "sale of four":
			_, err = office.Complete(t.Context(), who, boxoffice.Cart{
				Elements: []boxoffice.CartElement{{ExternalListingID: "L-1", ExternalOrderID: order, Lines: lines}},
				Buyer:    boxoffice.Contact{FirstName: "Ada", LastName: "Byron", Emails: []boxoffice.Email{{Address: "ada@example.com"}}},
				Repeat:   boxoffice.Repeat[boxoffice.Sale]{Path: "/sale", RequestID: order, Words: func(boxoffice.Sale) []byte { return said }},
			})
		case "print of four":
			_, err = office.Print(t.Context(), who, boxoffice.PrintRequest{
				ExternalOrderID: order, Tokens: tokens,
				Repeat: boxoffice.Repeat[boxoffice.Printing]{Path: "/print", RequestID: order, Words: func(boxoffice.Printing) []byte { return said }},
			})
		default:
			_, err = office.Lock(t.Context(), who, boxoffice.LockRequest{Source: boxoffice.MyAccount, ExternalListingID: "L-1", Lines: locks})
		}
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	return acts.asked
}

// actsAlone is a store that keeps the acts it is given, and does none.
type actsAlone struct {
	boxoffice.Store
	asked []boxoffice.Act
}

func (a *actsAlone) Do(_ context.Context, act boxoffice.Act) error {
	a.asked = append(a.asked, act)
	return nil
}

// oneBuyer is everybody.
type oneBuyer struct{}

func (oneBuyer) PersonKeys(boxoffice.Contact) []boxoffice.PersonKey {
	return []boxoffice.PersonKey{"ada"}
}

type plainPages struct{}

func (plainPages) Receive() string { return "https://tickets.example.com" }

func (plainPages) Ticket(order boxoffice.OrderKey, token boxoffice.Token) (id, url string) {
	return order.String() + string(token), "https://tickets.example.com/t/" + string(token)
}
