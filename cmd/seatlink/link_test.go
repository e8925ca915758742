package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link"
)

// A linkWire is what the public client's connections run over. Every other one is
// cut, after as many bytes as cut says: of the request, or of the answer.
type linkWire struct {
	mu          sync.Mutex
	dialed, cut int
	at          func() (toServer bool, after int)
}

// client carries each request over a connection of its own.
func (w *linkWire) client(tb testing.TB) *http.Client {
	tb.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.dialed++; w.dialed%2 == 0 {
			return conn, nil
		}
		c := &linkConn{Conn: conn, wire: w, up: -1, down: -1}
		if toServer, after := w.at(); toServer {
			c.up = after
		} else {
			c.down = after
		}
		return c, nil
	}}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// A linkConn lets so many bytes through, each way; -1 is all.
type linkConn struct {
	net.Conn
	wire     *linkWire
	up, down int
}

func (c *linkConn) Write(p []byte) (int, error) { return c.some(p, &c.up, c.Conn.Write) }
func (c *linkConn) Read(p []byte) (int, error)  { return c.some(p, &c.down, c.Conn.Read) }

func (c *linkConn) some(p []byte, left *int, do func([]byte) (int, error)) (int, error) {
	if *left < 0 {
		return do(p)
	}
	if *left == 0 {
		c.wire.mu.Lock()
		c.wire.cut++
		c.wire.mu.Unlock()
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Close())
	}
	whole := len(p)
	n, err := do(p[:min(whole, *left)])
	*left -= n
	if err == nil && n < whole && *left == 0 && c.up == 0 {
		return n, errors.Join(io.ErrShortWrite, c.Close())
	}
	return n, err
}

// linked makes a public client of the stage's first application.
func (s *stage) linked(tb testing.TB, keep link.Keep, code string, wire *linkWire) *link.Client {
	tb.Helper()
	c, err := link.New(link.Options{
		URL: s.url, Product: "Tests/1.0", Application: string(s.first.partner.Application), APIKey: link.Secret(s.first.partner.APIKey),
		Channel: string(s.first.partner.Channel), Code: link.Secret(code), Keep: keep, HTTP: wire.client(tb), Retries: link.Retries{First: time.Millisecond},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// An aged Keep has pairs that a client finds at the end of their time, as after a
// night without work.
type aged struct{ link.Keep }

func (a aged) Renew(ctx context.Context, next func(link.Pair) (link.Pair, error)) error {
	return a.Keep.Renew(ctx, func(kept link.Pair) (link.Pair, error) {
		pair, err := next(kept)
		pair.Expiration = time.Now()
		return pair, err
	})
}

// The public client renews its tokens while the wire is cut, at every byte that the
// exchange sends and gets (here at some of them; make test-link has all), in several goroutines of two
// programs that share a file. None is ever shut out.
func TestTheClientRenewsItsTokensOverACutWire(t *testing.T) {
	t.Parallel()
	const some = 97
	renewOverACutWire(t, some)
}

// BenchmarkClientOverACutWire cuts at every byte.
//
//	make test-link
func BenchmarkClientOverACutWire(b *testing.B) {
	for range b.N {
		renewOverACutWire(b, 1)
	}
	b.ReportMetric(0, "ns/op")
}

func renewOverACutWire(tb testing.TB, step int) {
	tb.Helper()
	s := startStage(tb, sqliteFile(tb))
	token := link.Token(s.token())
	code := s.code(tb)
	keep := aged{link.File(filepath.Join(tb.TempDir(), "pair.json"))}
	const longest = 900 // bytes of the exchange, one way
	rounds, cuts := 0, 0
	for _, toServer := range []bool{true, false} {
		for after := 0; after < longest; after += step {
			wire := &linkWire{at: func() (bool, int) { return toServer, after }}
			var programs sync.WaitGroup
			for range 2 {
				client := s.linked(tb, keep, code, wire)
				for range 2 {
					programs.Go(func() {
						if v, err := client.Verify(tb.Context(), link.VerifyGroup{Tokens: []link.Token{token}}); err != nil || len(v.Seats()) != 1 {
							tb.Errorf("cut after %d bytes, to the server %v: Verify = %v, %v", after, toServer, v, err)
						}
					})
				}
			}
			programs.Wait()
			rounds, cuts = rounds+1, cuts+wire.cut
			if tb.Failed() {
				return
			}
		}
	}
	if cuts < rounds {
		tb.Errorf("in %d rounds %d connections were cut: the wire is not what it says", rounds, cuts)
	}
	tb.Logf("%d renewals or more, %d connections cut", rounds, cuts)
}

// The public client walks the whole way of a ticket while every other connection
// is cut: it is listed, locked, sold, printed, given away and accepted, each once.
func TestTheClientWalksTheWholeWayOverACutWire(t *testing.T) {
	t.Parallel()
	s := startStage(t, sqliteFile(t))
	n := 0
	wire := &linkWire{at: func() (bool, int) {
		n++
		return n%3 == 0, n * 37 % 700 // answers twice as often as requests: those have had their effect
	}}
	client := s.linked(t, new(link.Memory), s.code(t), wire)
	catalog, err := client.Events(t.Context(), 999, link.EventQuery{SeasonCode: "F23"})
	if err != nil || len(catalog.Events) != 1 || catalog.ETag == "" {
		t.Fatalf("Events = %+v, %v; want one", catalog, err)
	}
	if again, err := client.Events(t.Context(), 999, link.EventQuery{SeasonCode: "F23", ETag: catalog.ETag}); err != nil || !again.Unchanged {
		t.Errorf("Events with its ETag = %+v, %v; want unchanged", again, err)
	}
	listing, err := client.Listing(t.Context(), "Lmine")
	if err != nil || len(listing.Tokens()) != 2 {
		t.Fatalf("Listing = %+v, %v; want two seats", listing, err)
	}
	walks := listing.Tokens()
	const more = 6
	for _, token := range s.tokens(more) {
		walks = append(walks, link.Token(token))
	}
	for i, token := range walks {
		s.linkWalk(t, client, catalog.Events[0].AccessID, token, fmt.Sprint("W-", i))
	}
	if wire.cut < 2*len(walks) {
		t.Errorf("in %d walks %d connections were cut", len(walks), wire.cut)
	}
	for _, token := range walks {
		var sales, locks, gifts, orders int
		query(t, s.books, func(scan func(...any) error) error { return scan(&sales, &locks, &gifts) }, `
SELECT COUNT(*) FILTER (WHERE what = 'sale'), COUNT(*) FILTER (WHERE what = 'lock'), COUNT(*) FILTER (WHERE what = 'accept') FROM journal WHERE subject = $1`, string(token))
		query(t, s.books, func(scan func(...any) error) error { return scan(&orders) }, `SELECT COUNT(*) FROM transfer WHERE tokens LIKE $1`, `%"`+string(token)+`"%`)
		if sales != 1 || locks != 1 || gifts != 1 || orders != 1 {
			t.Errorf("%s has %d sales, %d locks, %d acceptances, %d transfers; want one of each", token, sales, locks, gifts, orders)
		}
	}
	s.linkHandOver(t, client)
	if _, err := client.Order(t.Context(), "nothing"); !strings.Contains(fmt.Sprint(err), "404 PROCESS_NOT_FOUND") || link.Undecided(err) {
		t.Errorf("Order of nothing = %v", err)
	}
}

// linkHandOver gives tickets as the later editions do: at once, and by /v2.
func (s *stage) linkHandOver(t *testing.T, client *link.Client) {
	t.Helper()
	juan := link.Recipient{Email: "juan@example.com", FirstName: "Juan", LastName: "Ramirez"}
	items := func(order string) (link.Token, []link.TransferItem) {
		token := link.Token(s.sold(t, s.first, order))
		return token, []link.TransferItem{{ExternalOrderID: order, Tokens: []link.Token{token}}}
	}
	owner := func(token link.Token) link.PatronID {
		valid, err := client.Verify(t.Context(), link.VerifyGroup{Tokens: []link.Token{token}})
		if err != nil || len(valid.Seats()) != 1 {
			t.Fatalf("Verify = %+v, %v", valid, err)
		}
		return valid.Seats()[0].OwnerID
	}
	token, given := items("H-1")
	seller := owner(token)
	over, err := client.HandOver(t.Context(), link.HandOverRequest{Recipient: juan, Items: given})
	if err != nil || over.Status != link.Complete || len(over.Tickets) != 1 || over.Tickets[0].Token != token || over.Tickets[0].OwnerID != owner(token) || owner(token) == seller {
		t.Errorf("HandOver = %+v, %v; want %s with another owner than %s", over, err, token, seller)
	}
	if known, err := client.HandedOver(t.Context(), over.ProcessID); err != nil || known.TransferID != over.TransferID || len(known.Tickets) != 1 {
		t.Errorf("HandedOver = %+v, %v; want %+v", known, err, over)
	}
	token, given = items("H-2")
	begun, err := client.TransferV2(t.Context(), link.TransferRequest{Sender: owner(token), Recipient: juan, Items: given})
	if err != nil || begun.Status != link.Complete || begun.TransferStatus != link.TransferPending {
		t.Fatalf("TransferV2 = %+v, %v", begun, err)
	}
	cancelled, err := client.Cancel(t.Context(), link.CancelRequest{ConfirmationCd: begun.ConfirmationCd})
	if err != nil || cancelled.TransferStatus != link.TransferCancelled || cancelled.CancelDt == "" {
		t.Errorf("Cancel = %+v, %v", cancelled, err)
	}
}

// linkWalk takes one ticket the whole way.
func (s *stage) linkWalk(t *testing.T, client *link.Client, event link.AccessID, token link.Token, order string) {
	t.Helper()
	ctx, price, fees := t.Context(), link.Minor(5000, 2), link.Minor(250, 2)
	valid, err := client.Verify(ctx, link.VerifyGroup{AccessID: event, Barcodes: []link.Barcode{link.Barcode(s.barcode(t, string(token)))}})
	if seats := valid.Seats(); err != nil || len(seats) != 1 || seats[0].Token != token {
		t.Fatalf("Verify = %+v, %v; want %s", valid, err, token)
	}
	locked, err := client.Lock(ctx, link.LockRequest{Source: link.Individual, Listing: link.LockListing{
		ExternalListingID: order, Tokens: []link.LockToken{{Token: token, IndividualPrice: &price}},
	}, Seller: &link.Seller{FirstName: "Ada", LastName: "Example", EmailAddress: []link.EmailAddress{{Email: "ada@example.com"}}}})
	if err != nil || len(locked.Success) != 1 || len(locked.SellerIDs) != 1 {
		t.Fatalf("Lock = %+v, %v", locked, err)
	}
	sale, err := client.Complete(ctx, link.CompleteRequest{
		Orders:     []link.CartOrder{{ExternalListingID: order, ExternalOrderID: order, Tokens: []link.CartToken{{Token: token, IndividualPrice: &price, IndividualFees: &fees}}}},
		Buyer:      link.Buyer{FirstName: "Bo", LastName: "Example", EmailAddress: link.EmailAddress{Email: "bo@example.com"}},
		Settlement: link.Settlement{TotalAmountPaid: link.Minor(5250, 2), AmountToSeller: price},
	})
	if err != nil || sale.Status != link.Complete || sale.Paid != link.Minor(525, 1) || len(sale.Offers) != 1 || sale.Offers[0].Event.Seats[0].Token != token {
		t.Fatalf("Complete = %+v, %v", sale, err)
	}
	if known, err := client.AwaitOrder(ctx, sale.ProcessID); err != nil || known.Paid != sale.Paid || known.Status != link.Complete {
		t.Fatalf("AwaitOrder = %+v, %v; want %+v", known, err, sale)
	}
	printed, err := client.Print(ctx, link.PrintRequest{ExternalOrderID: order, Tokens: []link.Token{token}})
	if err != nil || len(printed.Tickets) != 1 || printed.Tickets[0].URL == "" {
		t.Fatalf("Print = %+v, %v", printed, err)
	}
	recipient := link.Recipient{Email: "juan@example.com", FirstName: "Juan", LastName: "Ramirez"}
	give := link.TransferRequest{Recipient: recipient, Items: []link.TransferItem{{ExternalOrderID: order, Tokens: []link.Token{token}}}}
	given, err := client.Transfer(ctx, give)
	if err != nil || given.TransferStatus != link.TransferPending {
		t.Fatalf("Transfer = %+v, %v", given, err)
	}
	sent, errSent := given.SentDt.In(time.UTC)
	end, errEnd := given.ExpireDt.In(time.UTC)
	if err := errors.Join(errSent, errEnd); err != nil || end.Sub(sent) != 7*24*time.Hour {
		t.Errorf("it was sent at %v and expires at %v, %v", sent, end, err)
	}
	accepted, err := client.Accept(ctx, link.AcceptRequest{TransferID: given.TransferID, Recipient: &recipient})
	if err != nil || accepted.ConfirmationCd != given.ConfirmationCd {
		t.Fatalf("Accept = %+v, %v", accepted, err)
	}
	history, err := client.History(ctx, given.ConfirmationCd)
	if err != nil || len(history.Steps) != 2 || history.Steps[1].Op != "accept" || history.Steps[0].At.After(history.Steps[1].At.Time) {
		t.Fatalf("History = %+v, %v", history, err)
	}
	_, err = client.Cancel(ctx, link.CancelRequest{ConfirmationCd: given.ConfirmationCd})
	if said, ok := errors.AsType[*link.Error](err); !ok || said.Code != link.CodeTransferNotPending || said.Status != 400 {
		t.Errorf("Cancel of what was accepted = %v", err)
	}
}
