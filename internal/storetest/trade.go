package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// The rules of the trade have their tables in boxoffice. Here they go through a
// store, which must keep all of what they say, and nothing of what they refuse.
var trade = []clause{
	{"a lock is kept with its terms", lockIsKept},
	{"a lock asked for again writes only what changed", relockWritesWhatChanged},
	{"a refused ticket is left as it was and does not stop the others", refusalLeavesNothing},
	{"an unlocked ticket is free again", unlockFrees},
	{"a sale is kept with its order, ledger, owner and barcode", saleIsKept},
	{"an order repeated answers as it did", orderRepeats},
	{"an order that is refused leaves nothing and its neighbours are sold", orderIsAtomic},
	{"a page is issued once and knows when its ticket changed hands", pageIsIssuedOnce},
	{"what does not exist reads as such", absentReads},
	{"a listing and a catalog read as they were loaded", loadedReads},
}

func lockIsKept(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	req, hundred, fifty := locking(seat(1), seat(2)), amount(100), amount(50)
	req.Source, req.TotalPrice, req.Lines[0].Price = boxoffice.Broker, &hundred, &fifty
	seller := mailed("broker@example.com")
	req.Seller = &seller
	got, err := s.office.Lock(t.Context(), partner("amtx"), req)
	if err != nil || len(got.Done) != 2 || len(got.Sellers) != 1 {
		t.Fatalf("Lock = %+v, %v; want two tickets and one seller", got, err)
	}
	total, price := int64(10000), int64(5000)
	one, two := s.ticket(seat(1)), s.ticket(seat(2))
	want := boxoffice.Hold{Kind: boxoffice.HoldLock, By: "amtx", Since: one.Hold.Since, Lock: boxoffice.LockTerms{
		Source: boxoffice.Broker, Listing: "L-1", Total: &total, Price: &price, Seller: got.Sellers[0],
	}}
	if diff := cmp.Diff(want, one.Hold); diff != "" {
		t.Errorf("hold of the first ticket (-want +got):\n%s", diff)
	}
	want.Lock.Price = nil
	if diff := cmp.Diff(want, two.Hold); diff != "" {
		t.Errorf("hold of the second ticket (-want +got):\n%s", diff)
	}
	if one.Hold.Since.IsZero() || one.Version != 1 || one.Owner != owner {
		t.Errorf("locked ticket is %+v; want its time, version 1 and the owner it had", one)
	}
}

func relockWritesWhatChanged(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.lock("amtx", seat(1))
	since := s.ticket(seat(1)).Hold.Since
	s.lock("amtx", seat(1))
	if v := s.ticket(seat(1)).Version; v != 1 {
		t.Errorf("locked again as it was, the ticket has version %d; want 1", v)
	}
	req := locking(seat(1))
	req.ExternalListingID = "L-2"
	_, err := s.office.Lock(t.Context(), partner("amtx"), req)
	must(t, "lock with another listing", err)
	if got := s.ticket(seat(1)); got.Version != 2 || got.Hold.Lock.Listing != "L-2" || !got.Hold.Since.Equal(since) {
		t.Errorf("locked with other terms, the ticket is %+v; want version 2, the new listing, held since %v", got, since)
	}
}

func refusalLeavesNothing(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.lock("amtx", seat(1))
	got, err := s.office.Lock(t.Context(), partner("other"), locking(seat(1), seat(2), "nowhere"))
	if err != nil || len(got.Done) != 1 || got.Done[0].Token != seat(2) {
		t.Fatalf("Lock = %+v, %v; want the free ticket alone", got, err)
	}
	if len(got.Refused) != 2 || got.Refused[0].Reason != fault.TokenLocked || got.Refused[1].Reason != fault.TokenUnknown {
		t.Errorf("refused %+v; want TOKEN_LOCKED and TOKEN_NOT_FOUND", got.Refused)
	}
	if held := s.ticket(seat(1)); held.Hold.By != "amtx" || held.Version != 1 {
		t.Errorf("the ticket of the other channel is %+v; want it as it was", held)
	}
}

func unlockFrees(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.lock("amtx", seat(1))
	for range 2 { // it is idempotent
		got, err := s.office.Unlock(t.Context(), partner("amtx"), []boxoffice.Token{seat(1), seat(2)})
		if err != nil || len(got.Done) != 2 {
			t.Fatalf("Unlock = %+v, %v; want both", got, err)
		}
	}
	if got := s.ticket(seat(1)); got.Hold != (boxoffice.Hold{}) || got.Version != 2 {
		t.Errorf("unlocked ticket is %+v; want it free at version 2", got)
	}
}

func saleIsKept(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	before := s.ticket(seat(1))
	s.lock("amtx", seat(1), laterSeat(1))
	buyer := mailed("ada@example.com")
	sale, err := s.office.Complete(t.Context(), partner("amtx"), cart("O-1", buyer, seat(1), laterSeat(1)))
	if err != nil || sale.Status != boxoffice.OrderComplete || sale.Paid != 10000 || len(sale.Offers) != 2 || len(sale.Transactions) != 2 {
		t.Fatalf("Complete = %+v, %v; want 100 paid in two offers and two transactions", sale, err)
	}
	order, found, err := s.store.Order(t.Context(), boxoffice.OrderKey{Channel: "amtx", ExternalOrderID: "O-1"})
	if err != nil || !found {
		t.Fatalf("Order = %v, %v; want the order", found, err)
	}
	sold := s.ticket(seat(1))
	switch {
	case sold.Owner != order.Buyer, sold.Owner == owner, sold.Barcode == before.Barcode, sold.Hold != (boxoffice.Hold{}):
		t.Errorf("sold ticket is %+v; want it free, the buyer's, with a new barcode", sold)
	case sold.Version != 2, sold.Owned != 2:
		t.Errorf("sold ticket has version %d and owner since %d; want 2 and 2", sold.Version, sold.Owned)
	}
	orders, err := s.store.Process(t.Context(), sale.Process)
	must(t, "read the process", err)
	if diff := cmp.Diff([]boxoffice.Order{order}, orders); diff != "" {
		t.Errorf("orders of the process (-want +got):\n%s", diff)
	}
	codes := []boxoffice.EventBarcode{{Event: game, Barcode: sold.Barcode}, {Event: game, Barcode: before.Barcode}, {Event: laterGame, Barcode: sold.Barcode}}
	view, err := s.store.Barcodes(t.Context(), codes)
	if err != nil || len(view.Tickets) != 1 || view.Tickets[seat(1)].Barcode != sold.Barcode {
		t.Errorf("Barcodes = %+v, %v; want the new code at its event alone", view.Tickets, err)
	}
	if n := number(t, s.db, `SELECT SUM(amount) FROM ledger WHERE account = 'buyer'`); n != -10000 {
		t.Errorf("the buyer gave %d by the ledger; want -10000", n)
	}
}

func orderRepeats(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	first := s.sell("amtx", "O-1", seat(1), seat(2))
	again, err := s.office.Complete(t.Context(), partner("amtx"), cart("O-1", mailed("ada@example.com"), seat(1), seat(2)))
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("the order repeated: %v (-first +again):\n%s", err, diff)
	}
	other, err := s.office.Complete(t.Context(), partner("amtx"), cart("O-1", mailed("eve@example.com"), seat(1), seat(2)))
	if err != nil || other.Status != boxoffice.OrderFailed || len(other.Refused) != 1 || other.Refused[0].Reason != fault.OrderMismatch {
		t.Errorf("the order with another buyer = %+v, %v; want ORDER_MISMATCH", other, err)
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM orders`); n != 1 {
		t.Errorf("there are %d orders; want 1", n)
	}
}

func orderIsAtomic(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.lock("amtx", seat(1), seat(2), seat(3))
	c := cart("O-1", mailed("ada@example.com"), seat(1), seat(9)) // the second is not locked
	c.Elements = append(c.Elements, element("O-2", seat(2), seat(3)))
	sale, err := s.office.Complete(t.Context(), partner("amtx"), c)
	if err != nil || len(sale.Refused) != 1 || sale.Refused[0].Reason != fault.TokenNotLocked || sale.Paid != 10000 {
		t.Fatalf("Complete = %+v, %v; want the second order alone", sale, err)
	}
	if got := s.ticket(seat(1)); !got.LockedBy("amtx") || got.Version != 1 {
		t.Errorf("a ticket of the refused order is %+v; want its lock as it was", got)
	}
	if _, found, err := s.store.Order(t.Context(), boxoffice.OrderKey{Channel: "amtx", ExternalOrderID: "O-1"}); found || err != nil {
		t.Errorf("Order of the refused one = %v, %v; want none", found, err)
	}
	s.lock("amtx", seat(9))
	again, err := s.office.Complete(t.Context(), partner("amtx"), c)
	if err != nil || len(again.Refused) > 0 || again.Process != sale.Process || again.Paid != 20000 {
		t.Errorf("the cart repeated = %+v, %v; want both orders under process %s", again, err, sale.Process)
	}
}

func pageIsIssuedOnce(t *testing.T, f Fixture) {
	s := enter(t, f, Options{})
	s.sell("amtx", "O-1", seat(1))
	req := boxoffice.PrintRequest{ExternalOrderID: "O-1", Tokens: []boxoffice.Token{seat(1)}}
	for range 2 {
		got, err := s.office.Print(t.Context(), partner("amtx"), req)
		if err != nil || len(got.Done) != 1 {
			t.Fatalf("Print = %+v, %v; want the page", got, err)
		}
	}
	id, _ := pages{}.Ticket(boxoffice.OrderKey{Channel: "amtx", ExternalOrderID: "O-1"}, seat(1))
	page, err := s.office.Page(t.Context(), id)
	if err != nil || page.ChangedHands || page.Holder != "Ada Buyer" || page.Event.ID != game || page.Organization.ID != home {
		t.Errorf("Page = %+v, %v; want the buyer's ticket", page, err)
	}
	s.sell("other", "O-2", seat(1))
	if page, err = s.office.Page(t.Context(), id); err != nil || !page.ChangedHands {
		t.Errorf("Page after a resale = %+v, %v; want that it changed hands", page, err)
	}
	if n := number(t, s.db, `SELECT COUNT(*) FROM document`); n != 1 {
		t.Errorf("there are %d documents; want 1", n)
	}
}

func absentReads(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), t.Context()
	for _, tt := range []struct {
		call string
		err  func() error
		want error
	}{
		{"Organization", func() error { _, err := s.store.Organization(ctx, 7); return err }, fault.OrganizationUnknown},
		{"Catalog", func() error { _, err := s.store.Catalog(ctx, 7); return err }, fault.OrganizationUnknown},
		{"Listing", func() error { _, _, err := s.store.Listing(ctx, "none"); return err }, fault.ListingUnknown},
		{"Document", func() error { _, _, _, err := s.store.Document(ctx, "none"); return err }, fault.DocumentUnknown},
		{"Process", func() error { _, err := s.store.Process(ctx, "none"); return err }, nil},
		{"Order", func() error { _, _, err := s.store.Order(ctx, boxoffice.OrderKey{Channel: "c"}); return err }, nil},
		{"Tickets", func() error { _, err := s.store.Tickets(ctx, []boxoffice.Token{"none"}); return err }, nil},
		{"Tickets of nothing", func() error { _, err := s.store.Tickets(ctx, nil); return err }, nil},
		{"Barcodes", func() error {
			_, err := s.store.Barcodes(ctx, []boxoffice.EventBarcode{{Event: game, Barcode: "0"}})
			return err
		}, nil},
		{"Barcodes of nothing", func() error { _, err := s.store.Barcodes(ctx, nil); return err }, nil},
	} {
		if err := tt.err(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v; want %v", tt.call, err, tt.want)
		}
	}
}

func loadedReads(t *testing.T, f Fixture) {
	s, ctx := enter(t, f, Options{}), t.Context()
	want := boxoffice.Listing{
		ID: "A3qnemZ", Organization: home, Channel: "amtx", Patron: owner, Tokens: []boxoffice.Token{seat(3), laterSeat(1)},
	}
	l := s.store.NewLoader()
	must(t, "load a listing", l.Listings(ctx, []boxoffice.Listing{want}))
	must(t, "finish the load", l.Finish(ctx))
	got, view, err := s.store.Listing(ctx, want.ID)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Listing: %v (-want +got):\n%s", err, diff)
	}
	if len(view.Tickets) != 2 || len(view.Events) != 2 || view.Tickets[seat(3)].Owner != owner {
		t.Errorf("Listing has tickets %v of events %v; want two of each as they were", view.Tickets, view.Events)
	}
	catalog, err := s.store.Catalog(ctx, home)
	if err != nil || catalog.Organization.Name != "Home" || catalog.Now.IsZero() {
		t.Errorf("Catalog = %+v, %v; want Home's", catalog.Organization, err)
	}
	if !slices.EqualFunc(catalog.Events, []boxoffice.EventID{game, laterGame}, func(e boxoffice.Event, id boxoffice.EventID) bool { return e.ID == id }) {
		t.Errorf("Catalog has %+v; want both games", catalog.Events)
	}
}
