package sqlstore

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// A batch costs a statement for each table that it changes, however many acts it
// has, and what nobody asked for costs none.
func TestABatchIsAStatementATable(t *testing.T) {
	keys, err := access.CreateKeyring(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	lock := func(o *boxoffice.Office, who access.Principal, id string) error {
		_, err := o.Lock(t.Context(), who, boxoffice.LockRequest{Source: boxoffice.MyAccount, Lines: []boxoffice.LockLine{{Token: boxoffice.Token("F" + id)}}})
		return err
	}
	sell := func(prefix, callback string) func(*boxoffice.Office, access.Principal, string) error {
		return func(o *boxoffice.Office, who access.Principal, id string) error {
			_, err := o.Complete(t.Context(), who, boxoffice.Cart{
				Elements:   []boxoffice.CartElement{{ExternalListingID: "L", ExternalOrderID: prefix + id, Lines: []boxoffice.CartLine{{Token: boxoffice.Token("L" + id)}}}},
				Settlement: boxoffice.Settlement{CallbackURL: callback},
			})
			return err
		}
	}
	for _, tt := range []struct {
		name string
		ask  func(o *boxoffice.Office, who access.Principal, id string) error
		want []string
	}{
		{"locks", lock, []string{saveHolds, saveBatch, saveJournal}},
		{"sales", sell("O-", ""), []string{saveOwners, saveOrders, saveLedger, saveReplaced, savePatrons, saveBatch, saveJournal}},
		{"sales that would be told of", sell("O-", "https://partner.example.com/"), []string{saveOwners, saveOrders, saveLedger, saveReplaced, savePatrons, saveBatch, saveJournal}},
		{"orders that wait", sell("PENDING-", ""), []string{saveHolds, saveOrders, savePatrons, saveTasks, saveBatch, saveJournal}},
		{"orders that wait and are told of", sell("PENDING-", "https://partner.example.com/"), []string{
			saveHolds, saveOrders, savePatrons, saveTasks, saveCallbacks, saveBatch, saveJournal,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &oneBatch{rows: boxoffice.Rows{
				Now:           time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC),
				Events:        []boxoffice.Event{{ID: "E", Organization: 999, Secondary: true}},
				Organizations: []boxoffice.Organization{{ID: 999, Currency: "USD"}},
			}}
			ids := []string{"1", "2", "3"}
			for _, id := range ids {
				locked := boxoffice.Hold{Kind: boxoffice.HoldLock, By: "amtx", Since: w.rows.Now}
				w.rows.Tickets = append(w.rows.Tickets,
					boxoffice.Ticket{Token: boxoffice.Token("F" + id), Organization: 999, Event: "E"},
					boxoffice.Ticket{Token: boxoffice.Token("L" + id), Organization: 999, Event: "E", Hold: locked, Version: 1})
			}
			slices.SortFunc(w.rows.Tickets, func(a, b boxoffice.Ticket) int { return strings.Compare(string(a.Token), string(b.Token)) }) // as load gives them
			w.books = boxoffice.NewBooks(w.rows, w)
			office := boxoffice.NewOffice(w, w, nil)
			who := access.Principal{Application: "com.example.app", Channel: "amtx", Organizations: []access.OrganizationID{999}, Sandbox: true}
			for _, id := range ids {
				if err := tt.ask(office, who, id); err != nil {
					t.Fatal(err)
				}
			}
			s := newStore(keys, Options{})
			s.db = later{}
			notes := &notebook{}
			if err := s.save(t.Context(), notes, "batch", w.books.Outcome(), loaded{w.rows, 1}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(notes.ran, tt.want) {
				t.Errorf("three acts ran %d statements; want %d:\n%s", len(notes.ran), len(tt.want), strings.Join(notes.ran, "\n"))
			}
		})
	}
}

// oneBatch is a store that runs its acts over one set of books and saves nothing.
// Nobody is known, and ids are the same again.
type oneBatch struct {
	boxoffice.Store
	rows  boxoffice.Rows
	books *boxoffice.Books
	last  int64
}

func (w *oneBatch) Do(_ context.Context, act boxoffice.Act) error {
	return w.books.Run(act, act.Needs())
}

func (*oneBatch) PersonKeys(boxoffice.Contact) []boxoffice.PersonKey { return nil }

func (w *oneBatch) Number(string) int64        { w.last++; return w.last }
func (*oneBatch) Digits(n int) string          { return strings.Repeat("7", n) }
func (w *oneBatch) Alphanumerics(n int) string { return w.Word(n) }

func (w *oneBatch) Word(n int) string { w.last++; return fmt.Sprintf("%0*d", n, w.last) }

// later is a database whose batches are numbered later.
type later struct{ engine }

func (later) numbersAtOnce() bool { return false }

// A notebook is a connection that notes the statements it is given.
type notebook struct {
	session
	ran []string
}

func (n *notebook) run(_ context.Context, steps ...step) error {
	for _, st := range steps {
		if !st.idle() {
			n.ran = append(n.ran, st.text)
		}
	}
	return nil
}
