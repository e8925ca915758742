package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/pagetest"
)

var (
	marketPictures = flag.String("market-pictures", "", "folder to save pictures of the marketplace in, for the docs")
	marketLooks    = flag.String("market-looks", "", "folder to save pictures of all its pages in, to look at")
)

// A marketDemo is a demo with its marketplace beside it, and what is left of its
// patrons' seats.
type marketDemo struct {
	*demo

	market  string
	partner *caller // another one, who asks what a gate would
	seats   map[house.Seat]marketSeat
	patrons []house.Patron
}

// A marketSeat is a ticket, and where it is as the marketplace says it and as the
// venue's commands do.
type marketSeat struct{ token, barcode, event, name, at string }

// startMarketDemo starts both, as seatlink demo does for everybody.
func startMarketDemo(t *testing.T) *marketDemo {
	t.Helper()
	told := filepath.Join(t.TempDir(), "told.json")
	d := &demo{process: launch(t, "demo", "--size", "small", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--json", told), told: told}
	said := d.await("Ctrl-C stops the server", "marketplace | Second Row, a marketplace, is on ", "\n")
	_, market, _ := strings.Cut(said, "a marketplace, is on ")
	text, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d.file); err != nil {
		t.Fatal(err)
	}
	d.db = d.file.DB
	m := &marketDemo{demo: d, market: strings.TrimSuffix(strings.TrimSpace(market), "/"), partner: enter(t, d.file.URL, d.file.Partners[0]), seats: map[house.Seat]marketSeat{}}
	query(t, look(t, d.db), func(scan func(...any) error) error {
		var s marketSeat
		var section string
		var at house.Seat
		err := scan(&s.token, &s.barcode, &s.event, &section, &at.Row, &at.Seat)
		at.Level, at.Section, _ = strings.Cut(section, ":")
		s.name, s.at = fmt.Sprintf("Section %s Row %s Seat %s ", section, at.Row, at.Seat), fmt.Sprintf("%s/%s/%s", section, at.Row, at.Seat)
		parts := strings.Split(s.event, ":")
		at.Season, at.Event = parts[1], parts[2]
		m.seats[at] = s
		return err
	}, `SELECT token, barcode, event, section, row, seat FROM ticket WHERE organization = 999`)
	for _, p := range d.file.Patrons {
		if p.Organization == 999 {
			m.patrons = append(m.patrons, p)
		}
	}
	return m
}

// of is where a seat that a patron has is in the books.
func (m *marketDemo) of(at house.Seat) marketSeat {
	at.PriceLevel, at.PriceType = 0, ""
	return m.seats[at]
}

// listed makes a listing of n seats of a patron at one event, as MyAccount does when
// it sends them to the marketplace, and returns the address that they are sent to.
func (m *marketDemo) listed(t *testing.T, patron, n int) (address string, seats []marketSeat) {
	t.Helper()
	p := m.patrons[patron]
	args := []string{"listing", "add", "--channel", "second-row", "--patron", string(p.ID), "--db", m.db, "--output", "json"}
	for _, at := range p.Seats {
		if at.Event == p.Seats[0].Event && len(seats) < n {
			seats = append(seats, m.of(at))
			args = append(args, m.of(at).token)
		}
	}
	if len(seats) < n {
		t.Fatalf("patron %d has %d seats at one event, want %d", patron, len(seats), n)
	}
	made := launch(t, args...)
	if err := made.wait(); err != nil {
		t.Fatalf("listing add: %v\n%s", err, made.errs)
	}
	var listing struct{ ListingID string }
	decode(t, made.out.String(), &listing)
	return m.market + "/sell?listingId=" + listing.ListingID, seats
}

// sells has a patron's seats put on sale in a browser, all for a price.
func (m *marketDemo) sells(t *testing.T, patron, n int, on pagetest.Screen) (seller *pagetest.Page, seats []marketSeat) {
	t.Helper()
	address, seats := m.listed(t, patron, n)
	seller = pagetest.Open(t, address, on)
	for _, s := range seats {
		seller.Type("#price\\."+s.token, "50")
	}
	seller.Follow("form button")
	if !strings.Contains(seller.Text(), "Your seats are on sale") {
		t.Fatalf("the seller reads %s", seller.Text())
	}
	return seller, seats
}

// marketBuyer fills the form of the checkout.
func marketBuyer(fill func(selector, text string)) {
	for _, field := range [][2]string{
		{"#first", "Robin"}, {"#last", "Example"}, {"#email", "robin@example.com"}, {"#street", "1 Main Street"}, {"#city", "Springfield"}, {"#postcode", "12345"}, {"#country", "US"},
	} {
		fill(field[0], field[1])
	}
}

// decoded opens the ticket behind the link that a CSS selector finds, reads its code
// from the picture, and returns it.
func decoded(t *testing.T, page *pagetest.Page, selector string) string {
	t.Helper()
	page.Follow(selector)
	code, err := pagetest.Scan(page.WholePicture())
	if err != nil {
		t.Fatalf("the ticket at %s: %v\n%s", page.Address(), err, page.Text())
	}
	return code.Text
}

// changedHands checks at the API that a seat's new code is good and its old one dead.
func (m *marketDemo) changedHands(t *testing.T, s marketSeat, code string) {
	t.Helper()
	if code == s.barcode {
		t.Errorf("the buyer's code is the seller's, %s", code)
	}
	good := m.partner.verify(t, 200, s.event, code)
	if len(good.Tokens) != 1 || len(good.Tokens[0].Success.Seats) != 1 || good.Tokens[0].Success.Seats[0].Token != s.token {
		t.Errorf("the buyer's code verifies as %v, want %s", good, s.token)
	}
	if dead := m.partner.verify(t, 422, s.event, s.barcode); len(dead.Errors) != 1 || dead.Errors[0].AppErrorCode != "BARCODE_INVALID" {
		t.Errorf("the seller's code verifies as %v, want BARCODE_INVALID", dead)
	}
}

// marketColourful are pages that have all the colours there are, which are others in
// the dark.
var marketColourful = []string{"sell-wrong", "event", "checkout", "order", "offers"}

// marketFits looks at a page on the narrowest phone, a phone and a desk, and in the
// dark: it fits, nobody is shut out, and nobody else is asked for anything.
func marketFits(t *testing.T, name string, page *pagetest.Page, back pagetest.Screen) {
	t.Helper()
	narrow := pagetest.Phone()
	narrow.Name, narrow.Width = "narrow phone", 320
	for _, screen := range []pagetest.Screen{narrow, pagetest.Desktop()} {
		page.On(screen)
		if spill := page.Spill(); spill > 0 {
			t.Errorf("%s, %s: the page is %v pixels wider than the screen", name, screen.Name, spill)
		}
	}
	screens := []pagetest.Screen{pagetest.Phone()}
	if slices.Contains(marketColourful, name) {
		screens = append(screens, pagetest.Phone().InDark())
	}
	for _, screen := range screens {
		page.On(screen)
		if *marketLooks != "" {
			keepMarketPicture(t, filepath.Join(*marketLooks, name+", "+screen.Name+".png"), page.WholePicture())
		}
		judged := page.Accessibility()
		if len(judged.Violations) > 0 || len(judged.Unsure) > 0 || judged.Passes == 0 {
			t.Errorf("%s, %s: after %d rules axe-core says %v, and is unsure of %v", name, screen.Name, judged.Passes, judged.Violations, judged.Unsure)
		}
	}
	const tall = 44 // pixels of CSS, for a thumb
	for _, box := range page.Boxes("main button, main .button, nav a, main input:not([type=hidden], [type=checkbox], [type=radio]), main select, main textarea, main label:has(input)") {
		if box.Height < tall {
			t.Errorf("%s: something to touch is %v pixels high, want %d", name, box.Height, tall)
		}
	}
	if foreign := page.Foreign(); len(foreign) > 0 {
		t.Errorf("%s asks for %q", name, foreign)
	}
	page.On(back)
}

func keepMarketPicture(t *testing.T, path string, picture pagetest.Picture) {
	t.Helper()
	if err := os.WriteFile(path, picture.PNG, 0o644); err != nil {
		t.Fatal(err)
	}
}

// marketPicture is one of the docs: it is there, and where it is asked for it is made
// anew.
//
//	go test ./cmd/seatlink -run Marketplace -market-pictures ../../docs/pictures
func marketPicture(t *testing.T, name string, page *pagetest.Page, on pagetest.Screen) {
	t.Helper()
	if *marketPictures != "" {
		page.On(on)
		keepMarketPicture(t, filepath.Join(*marketPictures, name), page.Picture())
	}
	const docs = "../../docs/pictures/"
	file, err := os.Open(docs + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if picture, err := png.DecodeConfig(file); err != nil || int64(picture.Width) != on.Width*int64(max(on.Density, 1)) {
		t.Errorf("%s is %+v, %v", name, picture, err)
	}
}

// The whole of it: people with browsers, a marketplace that knows nothing but the
// contract, and a venue, each in a process of its own.
func TestTheMarketplaceBesideTheDemo(t *testing.T) {
	t.Parallel()
	m := startMarketDemo(t)
	t.Run("steps", func(t *testing.T) { // so that what follows comes after all of them
		t.Run("a patron lists seats in MyAccount and another person buys them", m.sellsFromMyAccount)
		t.Run("a patron gives seats to a friend", m.givesToAFriend)
		t.Run("the same by keyboard alone, while another browser looks on", m.sellsByKeyboard)
		t.Run("seats of a listing are sold to somebody else", m.sellsAListing)
		t.Run("by keyboard alone, with a barcode", m.sellsABarcodeByKeyboard)
		t.Run("an order waits", m.sellsAfterWaiting)
		t.Run("a seat goes elsewhere while somebody looks at it", m.crossesOff)
		t.Run("pages of what went wrong", m.showsWhatWentWrong)
	})
	m.stop()
	audit(t, m.db)
}

// sellsFromMyAccount is the whole way on a phone, and nothing but browsers.
func (m *marketDemo) sellsFromMyAccount(t *testing.T) {
	t.Parallel()
	p := m.patrons[len(m.patrons)-1]
	seats := []marketSeat{m.of(p.Seats[0]), m.of(p.Seats[1])}
	seller := pagetest.Open(t, m.file.URL+"/myaccount", pagetest.Phone())
	seller.Type("#email", p.Email)
	seller.Type("#password", p.Password)
	seller.Follow("form button")
	for _, s := range seats {
		seller.Click(`input[value="` + s.token + `"]`)
	}
	marketPicture(t, "myaccount.png", seller, pagetest.Desktop())
	marketPicture(t, "myaccount-phone.png", seller, pagetest.Phone())
	seller.Click(`input[value="second-row"]`)
	seller.Follow(".chosen button:not([formaction])")
	if !strings.HasPrefix(seller.Address(), m.market+"/sell?listingId=") {
		t.Fatalf("the list button leads to %s: %s", seller.Address(), seller.Text())
	}
	for _, s := range seats {
		seller.Type("#price\\."+s.token, "60")
	}
	seller.Follow("form button")
	seller.Go(m.file.URL + "/myaccount")
	seller.Await("Live")

	buyer := pagetest.Open(t, m.market+"/event/"+seats[0].event, pagetest.Phone())
	for _, s := range seats {
		if s.event == seats[0].event {
			buyer.Choose("label", s.name)
		}
	}
	buyer.Follow("form button")
	marketBuyer(buyer.Type)
	buyer.Follow("form.card > button")
	seller.Await("no longer yours") // nobody touches it
	code := decoded(t, buyer, ".tickets li:nth-child(1) a")
	at := slices.IndexFunc(seats, func(s marketSeat) bool { return slices.Contains(m.verified(t, s.event, code), s.token) })
	if at < 0 {
		t.Fatalf("the buyer's ticket has the code %s, which is of none of the seats", code)
	}
	m.changedHands(t, seats[at], code)

	seller.Go(m.file.URL + "/myaccount")
	if text := seller.Text(); !strings.Contains(text, "My seats") {
		t.Fatalf("the seller, who is signed in, reads %s", text)
	}
	if n := len(seller.Boxes(`input[value="` + seats[at].token + `"]`)); n != 0 {
		t.Errorf("the seat that was sold is still the seller's to choose")
	}
	seller.Go(m.file.URL + "/myaccount/listings")
	if text := seller.Text(); !strings.Contains(text, "gone") {
		t.Errorf("the listing's state reads %s", text)
	}
}

func (m *marketDemo) sellsAListing(t *testing.T) {
	t.Parallel()
	address, seats := m.listed(t, 0, 2)
	seller := pagetest.Open(t, address, pagetest.Desktop())
	marketFits(t, "sell", seller, pagetest.Desktop())
	seller.Type("#price\\."+seats[0].token, "50")
	seller.Type("#price\\."+seats[1].token, "45.50")
	marketPicture(t, "marketplace.png", seller, pagetest.Desktop())
	seller.Type("#price\\."+seats[0].token, "50.005")
	seller.Follow("form button")
	if !strings.Contains(seller.Text(), "at most 2 digits") {
		t.Errorf("a wrong price is answered by %s", seller.Text())
	}
	marketFits(t, "sell-wrong", seller, pagetest.Desktop())
	seller.Type("#price\\."+seats[0].token, "50")
	seller.Follow("form button")
	marketFits(t, "lot", seller, pagetest.Desktop())
	seller.Follow(`a[href="/offers"]`)
	marketFits(t, "offers", seller, pagetest.Desktop())

	buyer := pagetest.Open(t, m.market+"/", pagetest.Phone())
	marketFits(t, "home", buyer, pagetest.Phone())
	buyer.Follow(`a[href="/event/` + seats[0].event + `"]`)
	for _, s := range seats {
		buyer.Choose("label", s.name)
	}
	marketFits(t, "event", buyer, pagetest.Phone())
	marketPicture(t, "marketplace-phone.png", buyer, pagetest.Phone())
	buyer.Follow("form button")
	for _, want := range []string{"USD 50.00", "USD 45.50", "USD 100.28"} {
		if !strings.Contains(buyer.Text(), want) {
			t.Fatalf("the checkout does not say %s: %s", want, buyer.Text())
		}
	}
	marketBuyer(buyer.Type)
	marketFits(t, "checkout", buyer, pagetest.Phone())
	buyer.Follow("form.card > button")
	if !strings.Contains(buyer.Text(), "Your tickets") {
		t.Fatalf("the buyer reads %s", buyer.Text())
	}
	marketFits(t, "order", buyer, pagetest.Phone())
	order := buyer.Address()
	seller.Await("sold") // it changes by itself
	for i, selector := range []string{".tickets li:nth-child(1) a", ".tickets li:nth-child(2) a"} {
		code := decoded(t, buyer, selector)
		at := slices.IndexFunc(seats, func(s marketSeat) bool {
			return len(m.verified(t, s.event, code)) == 1 && m.verified(t, s.event, code)[0] == s.token
		})
		if at < 0 {
			t.Fatalf("ticket %d has the code %s, which is of none of the seats", i+1, code)
		}
		m.changedHands(t, seats[at], code)
		buyer.Go(order)
	}
	// The seller does not get to the buyer's tickets.
	seller.Go(order)
	if text := seller.Text(); !strings.Contains(text, "There is nothing here") {
		t.Errorf("somebody else's order shows %s", text)
	}
}

// verified are the tokens that a barcode is on.
func (m *marketDemo) verified(t *testing.T, event, barcode string) (tokens []string) {
	t.Helper()
	for _, group := range m.partner.verify(t, 200, event, barcode).Tokens {
		for _, s := range group.Success.Seats {
			tokens = append(tokens, s.Token)
		}
	}
	return tokens
}

func (m *marketDemo) sellsABarcodeByKeyboard(t *testing.T) {
	t.Parallel()
	known := slices.IndexFunc(m.file.Barcodes, func(b house.Barcode) bool { return b.Organization == 999 })
	ticket := m.file.Barcodes[known]
	seat := marketSeat{barcode: string(ticket.Barcode), event: string(ticket.Event)}
	seat.token = m.verified(t, seat.event, seat.barcode)[0]

	page := pagetest.Open(t, m.market+"/sell", pagetest.Desktop())
	marketFits(t, "start", page, pagetest.Desktop())
	page.TabTo(`a[href="/sell/barcode"]`)
	page.PressAndFollow(pagetest.Enter)
	marketFits(t, "barcode", page, pagetest.Desktop())
	page.TabTo("#event")
	for range 200 { // down the list, as far as the event is
		if page.Value("#event") == seat.event {
			break
		}
		page.Press(pagetest.Down)
	}
	page.TabTo("#barcodes")
	page.Press(seat.barcode)
	page.TabTo("form button")
	page.PressAndFollow(pagetest.Enter)
	marketFits(t, "sell-barcode", page, pagetest.Desktop())
	page.TabTo("#price\\." + seat.barcode)
	page.Press("80")
	for _, field := range [][2]string{{"#first", "Sam"}, {"#last", "Seller"}, {"#email", "sam@example.com"}} {
		page.TabTo(field[0])
		page.Press(field[1])
	}
	page.TabTo("form.card > button")
	page.PressAndFollow(pagetest.Enter)
	if !strings.Contains(page.Text(), "Your seats are on sale") {
		t.Fatalf("the seller reads %s", page.Text())
	}
	buyer := pagetest.Open(t, m.market+"/", pagetest.Desktop())
	buyer.TabTo(`a[href="/event/` + seat.event + `"]`)
	buyer.PressAndFollow(pagetest.Enter)
	buyer.TabToText("USD 80.00")
	buyer.Press(pagetest.Space)
	buyer.TabTo("form button")
	buyer.PressAndFollow(pagetest.Enter)
	marketBuyer(func(selector, text string) {
		buyer.TabTo(selector)
		buyer.Press(text)
	})
	buyer.TabTo("form.card > button")
	buyer.PressAndFollow(pagetest.Enter)
	buyer.TabTo(".tickets a")
	buyer.PressAndFollow(pagetest.Enter)
	code, err := pagetest.Scan(buyer.WholePicture())
	if err != nil {
		t.Fatalf("the ticket: %v\n%s", err, buyer.Text())
	}
	m.changedHands(t, seat, code.Text)
}

func (m *marketDemo) sellsAfterWaiting(t *testing.T) {
	t.Parallel()
	_, seats := m.sells(t, 1, 1, pagetest.Phone())
	buyer := m.checkout(t, seats[0])
	buyer.Click("label:has([value=later])")
	buyer.Follow("form.card > button")
	if !strings.Contains(buyer.Text(), "The venue takes its time") {
		t.Fatalf("the buyer reads %s", buyer.Text())
	}
	marketFits(t, "order-waiting", buyer, pagetest.Phone())
	buyer.Await("Your tickets") // nobody touches it
	m.changedHands(t, seats[0], decoded(t, buyer, ".tickets a"))
}

// checkout opens the form for one seat.
func (m *marketDemo) checkout(t *testing.T, s marketSeat) *pagetest.Page {
	t.Helper()
	buyer := pagetest.Open(t, m.market+"/event/"+s.event, pagetest.Phone())
	buyer.Choose("label", s.name)
	buyer.Follow("form button")
	marketBuyer(buyer.Type)
	return buyer
}

func (m *marketDemo) crossesOff(t *testing.T) {
	t.Parallel()
	_, seats := m.sells(t, 2, 1, pagetest.Desktop())
	event := m.market + "/event/" + seats[0].event
	watcher := pagetest.Open(t, event, pagetest.Phone())
	late := m.checkout(t, seats[0]) // somebody who is about to buy it
	hold := launch(t, "venue", "hold", seats[0].event, "--seats", seats[0].at, "--reason", "a pillar", "--db", m.db)
	if err := hold.wait(); err != nil {
		t.Fatalf("venue hold: %v\n%s%s", err, hold.out, hold.errs)
	}
	held := time.Now()
	watcher.Await("no longer for sale")
	// How long it took is told and not bounded: the browser shares the machine with
	// whatever else runs there.
	t.Logf("the seat was crossed off %v after the venue's command had ended", time.Since(held).Round(time.Millisecond))
	marketFits(t, "event-gone", watcher, pagetest.Phone())
	late.Follow("form.card > button")
	if text := late.Text(); !strings.Contains(text, "Somebody was faster") {
		t.Errorf("whoever was about to buy it reads %s", text)
	}
}

func (m *marketDemo) showsWhatWentWrong(t *testing.T) {
	t.Parallel()
	page := pagetest.Open(t, m.market+"/sell?listingId=nobodys", pagetest.Phone())
	if text := page.Text(); !strings.Contains(text, "no such list of seats") || !strings.Contains(text, "Request-ID") {
		t.Errorf("an unknown listing is answered by %s", text)
	}
	marketFits(t, "unknown-listing", page, pagetest.Phone())
	page.Go(m.market + "/nothing")
	marketFits(t, "nothing", page, pagetest.Phone())
	page.Go(m.market + "/offers")
	marketFits(t, "offers-none", page, pagetest.Phone())
	page.Go(m.market + "/sell/barcode")
	page.TabTo("#event")
	page.Press(pagetest.Down)
	page.Type("#barcodes", "123456")
	page.Follow("form button")
	if text := page.Text(); !strings.Contains(text, "None of these can be sold") {
		t.Errorf("a wrong barcode is answered by %s", text)
	}
	marketFits(t, "wrong-barcode", page, pagetest.Phone())
}

// A port that is taken is said to be so, and the demo goes on without.
func TestADemoGoesOnWithoutAMarketplace(t *testing.T) {
	t.Parallel()
	own, taken := marketPorts(t)
	defer taken.Close()
	p := launch(t, "demo", "--size", "small", "--addr", own, "--data", t.TempDir())
	said := p.await("no marketplace is started", "address already in use", "seatlink is ready")
	if strings.Contains(said, "  marketplace   ") {
		t.Errorf("the demo tells of a marketplace:\n%s", said)
	}
	p.stop()
}

// marketPorts are a free address, and a listener on the next one.
func marketPorts(t *testing.T) (free string, next net.Listener) {
	t.Helper()
	const tries = 100
	for range tries {
		next, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := next.Addr().(*net.TCPAddr).Port
		own, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprint("127.0.0.1:", port-1))
		if err == nil {
			_ = own.Close()
			return own.Addr().String(), next
		}
		_ = next.Close()
	}
	t.Fatal("no two ports in a row are free")
	return "", nil
}

// However a demo ends, its marketplace ends too.
func TestAMarketplaceDiesWithItsDemo(t *testing.T) {
	t.Parallel()
	m := startMarketDemo(t)
	m.kill()
	for {
		if _, _, err := fetch(t.Context(), m.market+"/"); err != nil {
			return
		}
	}
}
