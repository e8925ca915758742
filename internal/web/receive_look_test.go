package web

import (
	"context"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
	"github.com/seatlink/seatlink/internal/pagetest"
)

var giftsTo = flag.String("gifts", "", "folder to save pictures of acceptance pages in, to look at")

// keepPicture saves what a page looks like, where somebody wants to see it.
func keepPicture(t *testing.T, name string, page *pagetest.Page) {
	t.Helper()
	if *giftsTo == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*giftsTo, name+".png"), page.WholePicture().PNG, 0o644); err != nil {
		t.Fatal(err)
	}
}

// giver gives two seats to whoever has juan@example.com, once.
type giver struct {
	gifts
	mu sync.Mutex
}

func (g *giver) Gift(ctx context.Context, id boxoffice.TransferID) (boxoffice.Gift, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.gifts.Gift(ctx, id)
}

func (g *giver) Receive(_ context.Context, req boxoffice.AcceptRequest) (boxoffice.Transfer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case req.Recipient.Emails[0].Address != "juan@example.com":
		return boxoffice.Transfer{}, fault.RecipientMismatch
	case g.gift.Transfer.State != boxoffice.TransferPending:
		return boxoffice.Transfer{}, fault.TransferNotPending
	}
	g.gift.Transfer.State = boxoffice.TransferAccepted
	return g.gift.Transfer, nil
}

func (g *giver) Decline(context.Context, boxoffice.TransferID) (boxoffice.Transfer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gift.Transfer.State = boxoffice.TransferCancelled
	return g.gift.Transfer, nil
}

// inspect looks at a page in the light and in the dark: it fits the screen, nobody
// is shut out, and nobody else is asked for anything.
func inspect(t *testing.T, name string, page *pagetest.Page) {
	t.Helper()
	for _, screen := range []pagetest.Screen{pagetest.Phone().InDark(), pagetest.Phone()} {
		page.On(screen)
		if spill := page.Spill(); spill > 0 {
			t.Errorf("%s: the page is %v pixels wider than the screen", name, spill)
		}
		judged := page.Accessibility()
		if len(judged.Violations) > 0 || len(judged.Unsure) > 0 || judged.Passes == 0 {
			t.Errorf("%s, %s: after %d rules axe-core says %v, and is unsure of %v", name, screen.Name, judged.Passes, judged.Violations, judged.Unsure)
		}
		suffix := "-light"
		if screen.Dark {
			suffix = "-dark"
		}
		keepPicture(t, name+suffix, page)
	}
	if foreign := page.Foreign(); len(foreign) > 0 {
		t.Errorf("%s asks for %q", name, foreign)
	}
}

// On a phone somebody opens the link of a mail, mistypes their address, accepts,
// and has codes that a scanner reads; whoever opens the link later has none.
func TestATransferIsAcceptedOnAPhone(t *testing.T) {
	t.Parallel()
	first, second := football(), football()
	second.Ticket.Seat, second.Ticket.Barcode = "8", "9990123456780000"
	office := &giver{gifts: gifts{gift: presented(func(g *boxoffice.Gift) { g.Transfer.Note = noteOf(hostileText[:600]) }), received: []boxoffice.TicketPage{first, second}}}
	server := httptest.NewServer(New(nil, office, addresses(t), Options{}))
	t.Cleanup(server.Close)
	page := pagetest.Open(t, server.URL+receivePath+transferID, pagetest.Phone())
	inspect(t, "gift", page)
	for _, want := range []string{"Ada B. gives you 2 tickets", "Saturday, September 6, 2025, 7:30 PM CDT", "Seat 7"} {
		if !strings.Contains(page.Text(), want) {
			t.Errorf("the page does not say %q: %s", want, page.Text())
		}
	}
	const tall = 44 // pixels of CSS, for a thumb
	for _, box := range page.Boxes(".gift input:not([type=hidden]), .gift summary, .accept button") {
		if box.Height < tall {
			t.Errorf("something to touch is %v pixels high, want %d", box.Height, tall)
		}
	}
	page.Type("#first", "Juan")
	page.Type("#last", "Ramírez")
	page.Type("#email", "ana@example.com")
	page.Follow(".accept button")
	inspect(t, "gift-for-another", page)
	if text := page.Text(); !strings.Contains(text, "not the address that was invited") {
		t.Errorf("the wrong recipient is told %s", text)
	}
	page.Type("#email", "juan@example.com")
	page.Follow(".accept button")
	if at := page.Address(); !strings.Contains(at, receivedPath) {
		t.Fatalf("accepting leads to %s: %s", at, page.Text())
	}
	inspect(t, "received", page)
	if code, err := pagetest.Scan(page.WholePicture()); err != nil || code.Text != string(first.Ticket.Barcode) && code.Text != string(second.Ticket.Barcode) {
		t.Errorf("a scanner reads %q, %v; want one of the tickets", code.Text, err)
	}
	later := pagetest.Open(t, server.URL+receivePath+transferID, pagetest.Phone())
	inspect(t, "gift-accepted", later)
	if _, err := pagetest.Scan(later.WholePicture()); err == nil || !strings.Contains(later.Text(), "have been accepted") {
		t.Errorf("later the link shows a code (%v), or %s", err, later.Text())
	}
}

func TestATransferIsDeclinedOnAPhone(t *testing.T) {
	t.Parallel()
	office := &giver{gifts: gifts{gift: present()}}
	server := httptest.NewServer(New(nil, office, addresses(t), Options{}))
	t.Cleanup(server.Close)
	page := pagetest.Open(t, server.URL+receivePath+transferID, pagetest.Phone())
	page.Click("summary")
	inspect(t, "gift-declining", page)
	page.Follow(".decline button")
	inspect(t, "gift-declined", page)
	if text := page.Text(); !strings.Contains(text, "You have declined") || office.gift.Transfer.State != boxoffice.TransferCancelled {
		t.Errorf("declining says %s", text)
	}
	unknown := pagetest.Open(t, server.URL+receivePath+transferID[1:], pagetest.Phone())
	inspect(t, "gift-unknown", unknown)
}
