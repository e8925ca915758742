package marketplace_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestSeatsOfAListingArePricedLockedSoldAndPrinted(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1", "999T2", "999T3")
	m := begin(t, venue)
	seller, buyer := m.person(), m.person()
	seller.sells("999T1", "50", "999T2", "45.5").want(t, 200, "Your seats are on sale", "USD 50.00", "USD 45.50")
	if !venue.tickets["999T1"].locked || venue.tickets["999T3"].locked {
		t.Error("the wrong tickets are locked")
	}
	buyer.get("/").want(t, 200, "Football &lt;b&gt;Game&lt;/b&gt; 1", "2 seats", "from USD 45.50")
	buyer.chooses(footballPath).want(t, 200, "USD 45.50", "USD 4.78", "USD 100.28") // each fee to the cent: 2.50 and 2.28
	page := buyer.buys().want(t, 200, "Your tickets", "secret-of-999T1", "secret-of-999T2", "USD 100.28")
	sales := venue.called("POST /v1/cart/complete-order")
	if len(sales) != 1 {
		t.Fatalf("%d sales were asked for", len(sales))
	}
	for _, want := range []string{
		`"totalAmountPaid":100.28`, `"amountToSeller":85.95`, `"individualFees":2.5`, `"individualFees":2.28`, `"individualPrice":45.5`,
		`"asyncCallbackUrl":"http://market.example.com/callback/`, `"email":"ada@example.com"`, `"locality":"Springfield"`,
	} {
		if !strings.Contains(sales[0], want) {
			t.Errorf("the sale lacks %s: %s", want, sales[0])
		}
	}
	buyer.get(footballPath).want(t, 200, "sold").lacks(t, `name="ticket"`)
	seller.get("/offers").want(t, 200, "sold", "you get USD 45.00")
	// Whoever has not bought them does not get to the tickets.
	seller.get(page.at).want(t, 404)
}

func TestWhatIsSentTwiceIsDoneOnce(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1")
	m := begin(t, venue)
	seller, buyer := m.person(), m.person()
	form := seller.get("/sell?listingId=A3qnemZ").form("price.999T1", "50")
	first, second := seller.post("/sell", form), seller.post("/sell", form)
	if first.at != second.at || first.status != 200 {
		t.Errorf("the form twice leads to %s and %s", first.at, second.at)
	}
	if n := len(venue.called("PUT /v1/tickets/lock")); n != 1 {
		t.Errorf("it was locked %d times", n)
	}
	sale := ada(buyer.chooses(footballPath).form())
	one, two := buyer.post("/checkout", sale), buyer.post("/checkout", sale)
	if one.at != two.at || one.want(t, 200, "Your tickets").text != two.text {
		t.Errorf("the order twice leads to %s and %s", one.at, two.at)
	}
	if n := len(venue.called("POST /v1/cart/complete-order")); n != 1 {
		t.Errorf("it was sold %d times", n)
	}
	// The word of somebody else's form is of no use.
	m.person().post("/checkout", sale).want(t, 400)
	m.person().post("/sell", form).want(t, 400)
}

// The venue sells and its answer is lost; the marketplace is stopped, and begins
// again: the same request, with the same ids, tells it what became of the order.
func TestALostAnswerIsFollowedByTheSameRequestAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1")
	options := venue.options(t, filepath.Join(t.TempDir(), "market.json"))
	m := open(t, options)
	m.person().sells("999T1", "50").want(t, 200)
	venue.with(func() { venue.lose["POST /v1/cart/complete-order"] = 1_000 })
	buyer := m.person()
	page := buyer.buys().want(t, 200, "The venue is being asked", "You will not pay twice", "does not answer")
	buyer.get(footballPath).want(t, 200, "being bought")
	m.stop()

	venue.with(func() { venue.lose["POST /v1/cart/complete-order"] = 0 })
	again := open(t, options)
	cookies, _ := url.Parse(m.URL)
	elsewhere, _ := url.Parse(again.URL)
	back := again.person()
	back.http.Jar.SetCookies(elsewhere, buyer.http.Jar.Cookies(cookies))
	back.await(page.at, "secret-of-999T1")
	sales := venue.called("POST /v1/cart/complete-order")
	for _, s := range sales[1:] {
		if s != sales[0] {
			t.Errorf("the request was changed:\n%s\n%s", sales[0], s)
		}
	}
	if len(sales) < 2 {
		t.Errorf("it was asked for %d times", len(sales))
	}
}

// "Too busy", and "you are not let in", say nothing of what an earlier try did.
func TestABusyVenueEndsNoOrder(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"UNAVAILABLE", "KEY_INVALID"} {
		venue := newVenue(t, "999T1")
		m := begin(t, venue)
		m.person().sells("999T1", "50").want(t, 200)
		venue.with(func() { venue.refuse["POST /v1/cart/complete-order"] = code })
		buyer := m.person()
		page := buyer.buys().want(t, 200, "The venue is being asked")
		venue.with(func() { clear(venue.refuse) })
		buyer.await(page.at, "secret-of-999T1")
	}
}

func TestAnOrderThatWaitsEndsByACallbackOrByItsStatus(t *testing.T) {
	t.Parallel()
	t.Run("by a callback", func(t *testing.T) {
		t.Parallel()
		venue := newVenue(t, "999T1")
		venue.pending = true
		m := begin(t, venue)
		m.person().sells("999T1", "50").want(t, 200)
		buyer := m.person()
		page := buyer.buys("answer", "later").want(t, 200, "The venue takes its time")
		sale := venue.called("POST /v1/cart/complete-order")[0]
		if !strings.Contains(sale, `"externalOrderId":"PENDING-O-`) {
			t.Errorf("the sandbox was asked %s", sale)
		}
		knock := regexp.MustCompile(`/callback/\w+`).FindString(sale)
		// A callback that lies changes nothing: it is a knock, and the venue is asked.
		buyer.post(knock, url.Values{"status": {"COMPLETE"}}).want(t, 204)
		buyer.get(page.at).want(t, 200, "The venue takes its time")
		venue.decide("")
		buyer.post(knock, nil).want(t, 204)
		buyer.get(page.at).want(t, 200, "secret-of-999T1")
		buyer.post("/callback/UNKNOWN", nil).want(t, 404)
	})
	t.Run("by its status, with no", func(t *testing.T) {
		t.Parallel()
		venue := newVenue(t, "999T1")
		venue.pending = true
		m := begin(t, venue)
		m.person().sells("999T1", "50").want(t, 200)
		buyer := m.person()
		page := buyer.buys().want(t, 200, "The venue takes its time")
		venue.decide(`{"processId":"PROCESS","status":"ERROR","error":{"type":"REFUSED","developerMessage":"no","appErrorCode":"ORDER_REJECTED"},"errors":[]}`)
		buyer.await(page.at, "Nothing was bought").want(t, 200, "said no", "You have paid nothing")
		// Its tickets are as they were.
		buyer.get(footballPath).want(t, 200, `name="ticket"`)
	})
}

func TestOneSellersSeatIsSoldThoughAnothersIsGone(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1", "999T2")
	m := begin(t, venue)
	m.person().sells("999T1", "50").want(t, 200)
	m.person().sells("999T2", "40").want(t, 200)
	venue.with(func() { venue.tickets["999T1"].locked = false }) // the venue's own acts end locks
	buyer := m.person()
	page := buyer.buys().want(t, 200, "Your tickets", "secret-of-999T2", "Not yours", "Section 1:1, row 1, seat 1", "no longer reserved", "Request-ID", "USD 42.00")
	page.lacks(t, "secret-of-999T1")
	buyer.get(footballPath).want(t, 200, "no longer for sale")
}

func TestSomeSeatsAreLockedAndOthersSayWhyNot(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1", "999T2")
	m := begin(t, venue)
	seller := m.person()
	form := seller.get("/sell?listingId=A3qnemZ").form("price.999T1", "50", "price.999T2", "50")
	// It goes elsewhere after the listing was shown, and before it is locked.
	venue.with(func() { venue.refuse["PUT /v1/tickets/lock"] = "UNAVAILABLE" })
	page := seller.post("/sell", form).want(t, 200, "The venue is being asked", "too busy", "Request-ID")
	venue.with(func() { clear(venue.refuse); venue.tickets["999T2"].taken = true })
	seller.await(page.at, "Your seats are on sale").want(t, 200, "Not on sale", "already on sale somewhere else", "Request-ID", "TOKEN_LOCKED")
	seller.get("/offers").want(t, 200, "already on sale somewhere else")
}

func TestASeatIsCrossedOffWhenTheVenueSaysSo(t *testing.T) {
	t.Parallel()
	message := func(seat, status string) string {
		return `{"accessId":"999:F23:F01","season":"F23","item":"F01","section":"1:1","row":"1","seat":"` + seat + `","status":"` + status + `"}`
	}
	t.Run("by a message", func(t *testing.T) {
		t.Parallel()
		venue := newVenue(t, "999T1", "999T2")
		m := begin(t, venue)
		m.person().sells("999T1", "50", "999T2", "50").want(t, 200)
		send := func(password, sequence, seat, status string, want int) {
			t.Helper()
			body := `{"data":{"seats":[` + message(seat, status) + `]},"metadata":{"messageEntity":"seats","pacOrganizationId":999,"requestId":"a1"}}`
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.URL+"/messages", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			request.SetBasicAuth("seatlink", password)
			request.Header.Set("Link-Sequence", sequence)
			m.person().do(request).want(t, want)
		}
		send("wrong", "1", "1", "LOCK", 401)
		send("password", "1", "1", "UNLOCK", 204)
		m.person().get(footballPath).want(t, 200, "seat-").lacks(t, "no longer for sale")
		send("password", "2", "1", "LOCK", 204)
		page := m.person().get(footballPath).want(t, 200, "no longer for sale", "<del>")
		if n := len(page.tickets()); n != 1 {
			t.Errorf("%d seats can be chosen, want the other one", n)
		}
		m.person().await(footballPath, "no longer for sale")
		until(t, "what was held of it is given back", func() bool { return len(venue.called("PUT /v1/tickets/unlock")) > 0 })
	})
	t.Run("by the feed", func(t *testing.T) {
		t.Parallel()
		venue := newVenue(t, "999T1")
		options := venue.options(t, filepath.Join(t.TempDir(), "market.json"))
		options.Messages.Password = ""
		options.Venues = options.Venues[:1]
		m := open(t, options)
		m.person().sells("999T1", "50").want(t, 200)
		until(t, "the feed is read", func() bool { return len(venue.called("GET /v1/feed/seats")) > 0 })
		venue.with(func() { venue.feed = []string{message("1", "LOCK")} })
		m.person().await(footballPath, "no longer for sale")
		m.person().post("/messages", nil).want(t, 404)
	})
	t.Run("by the roll, after a restart", func(t *testing.T) {
		t.Parallel()
		venue := newVenue(t, "999T1", "999T2", "999T3")
		options := venue.options(t, filepath.Join(t.TempDir(), "market.json"))
		m := open(t, options)
		m.person().sells("999T1", "50", "999T2", "50", "999T3", "50").want(t, 200)
		m.stop()
		venue.with(func() {
			venue.tickets["999T1"].taken = true
			venue.tickets["999T2"].owner = "3000" // somebody else's by now
		})
		again := open(t, options)
		page := again.person().await(footballPath, "no longer for sale")
		if n := len(page.tickets()); n != 1 {
			t.Errorf("%d seats can be chosen, want the third alone:\n%s", n, page.text)
		}
		until(t, "the new owner's ticket is given back", func() bool { return !venue.locked("999T2") })
	})
}

func TestASellerTakesASeatBack(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1")
	m := begin(t, venue)
	seller := m.person()
	seller.sells("999T1", "50").want(t, 200)
	form := seller.get("/offers").want(t, 200, "on sale", "Take back").form()
	m.person().post("/offers/withdraw", form).want(t, 404) // it is not theirs
	venue.with(func() { venue.refuse["PUT /v1/tickets/unlock"] = "UNAVAILABLE" })
	seller.post("/offers/withdraw", form).want(t, 200, "the venue is being told")
	seller.get(footballPath).want(t, 200, "no longer for sale")
	venue.with(func() { clear(venue.refuse) })
	until(t, "the lock is dropped", func() bool { return !venue.locked("999T1") })
	seller.post("/offers/withdraw", form).want(t, 200) // twice
	seller.await("/offers", "taken back")
	seller.sells("999T1", "60").want(t, 200)
	seller.await("/offers", "USD 60.00")
}

func TestPricesAreThoseOfTheCurrency(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1", "777T1")
	m := begin(t, venue)
	seller := m.person()
	for _, tt := range []struct{ token, typed, says string }{
		{"999T1", "", "No seat has a price yet"},
		{"999T1", "50.005", "at most 2 digits"},
		{"999T1", "-5", "A price is a number, such as 45.00"},
		{"999T1", "5e3", "A price is a number"},
		{"999T1", "1.2.3", "A price is a number"},
		{"999T1", "10000000000.01", "No seat is that dear"},
		{"999T1", "<script>", "&lt;script&gt;"},
		{"777T1", "5000.5", "nothing behind a point"},
	} {
		seller.sells(tt.token, tt.typed).want(t, 422, tt.says).lacks(t, "<script>")
	}
	seller.sells("777T1", "5000", "999T1", "USD 0").want(t, 200, "JPY 5000", "USD 0.00")
	buyer := m.person()
	buyer.chooses("/event/777:J:1").want(t, 200, "JPY 250", "JPY 5250")
	if n := len(venue.called("PUT /v1/tickets/lock")); n != 1 {
		t.Errorf("%d locks were asked for", n)
	}
}

func TestTheBuyerPaysWhatWasShown(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1", "999T2")
	m := begin(t, venue)
	seller, buyer := m.person(), m.person()
	seller.sells("999T1", "50").want(t, 200)
	form := ada(buyer.chooses(footballPath).form())
	seller.sells("999T1", "500").want(t, 200)
	buyer.post("/checkout", form).want(t, 409, "not for sale any more")
	seller.sells("999T2", "5").want(t, 200)
	page := buyer.chooses(footballPath)
	short := ada(page.form())
	short.Set("total", "1")
	buyer.post("/checkout", short).want(t, 409, "It is not as it was shown", "USD 530.25")
	// Somebody else buys one of two: the other is kept, and said to be all there is.
	other := m.person()
	other.post("/checkout", ada(other.get("/checkout?ticket="+page.tickets0(t)).form())).want(t, 200, "Your tickets")
	buyer.post("/checkout", ada(page.form())).want(t, 409, "No longer for sale", "Buy for")
	if n := len(venue.called("POST /v1/cart/complete-order")); n != 1 {
		t.Errorf("%d sales were asked for", n)
	}
}

// tickets0 is the first seat of a checkout.
func (s shown) tickets0(t *testing.T) string {
	t.Helper()
	all := s.form()["ticket"]
	if len(all) == 0 {
		t.Fatalf("No seat is chosen:\n%s", s.text)
	}
	return all[0]
}

func TestBarcodesAreVerifiedPricedAndLockedWithTheSeller(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1", "999T2")
	m := begin(t, venue)
	seller := m.person()
	seller.get("/sell/barcode").want(t, 200, `<option value="999:F23:F01">`)
	step := seller.post("/sell/barcode", url.Values{"event": {"999:F23:F01"}, "barcodes": {"900000000000\n123456"}})
	step.want(t, 200, "Section 1:1", "Seat 1", "Barcode 123456", "not a current barcode", "Request-ID")
	form := step.form("price.900000000000", "50")
	seller.post("/sell/barcode", form).want(t, 422, "Your first name")
	form = step.form("price.900000000000", "50", "first", "Ада", "last", "<b>بوب</b>", "email", "s@example.com", "broker", "yes")
	seller.post("/sell/barcode", form).want(t, 200, "Your seats are on sale")
	locks := venue.called("PUT /v1/tickets/lock")
	if len(locks) != 1 || !strings.Contains(locks[0], `"source":"BROKER"`) || !strings.Contains(locks[0], `"firstName":"Ада"`) || !strings.Contains(locks[0], `"email":"s@example.com"`) {
		t.Errorf("the locks are %q", locks)
	}
	// A token is no proof of a ticket: without its barcode nothing is locked.
	forged := step.form("price.999T2", "50", "first", "Eve", "last", "Example", "email", "e@example.com")
	forged.Set("barcodes", "999T2")
	m.person().post("/sell/barcode", forged).want(t, 400)
	fresh := m.person()
	forged.Set("once", "AAAAAAAAAAAAAAAAAAAAAAAAAA")
	fresh.post("/sell/barcode", forged).want(t, 422, "None of these can be sold")
}

func TestWhoeverGuessesBarcodesHasToWait(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1")
	m := begin(t, venue)
	guesser := m.person()
	many := url.Values{"event": {"999:F23:F01"}, "barcodes": {strings.Join(strings.Split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", " "), "\n")}}
	guesser.post("/sell/barcode", many).want(t, 422, "None of these can be sold")
	guesser.post("/sell/barcode", many).want(t, 429, "Wait a minute")
	if n := len(venue.called("POST /v1/tickets/verify")); n != 20 {
		t.Errorf("the venue was asked %d times, want 20", n)
	}
}

func TestBadInputIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1")
	m := begin(t, venue)
	p := m.person()
	p.sells("999T1", "50").want(t, 200)
	long := strings.Repeat("x", 10<<10)
	for _, tt := range []struct {
		name   string
		page   shown
		status int
		says   string
	}{
		{"an unknown listing", p.get("/sell?listingId=nobody"), 404, "no such list of seats"},
		{"a listing with a path in it", p.get("/sell?listingId=" + url.QueryEscape("../tickets")), 404, "no such list"},
		{"no listing", p.get("/sell"), 200, "Sell by barcode"},
		{"an unknown page", p.get("/nothing"), 404, "nothing here"},
		{"a path that is not clean", p.get("//sell"), 404, "nothing here"},
		{"an event of nobody's", p.get("/event/555:A:B"), 404, "nothing here"},
		{"an unknown event", p.get("/event/999:A:B"), 404, "nothing here"},
		{"somebody else's order", p.get("/order/AAAAAAAAAAAAAAAAAAAAAAAAAA"), 404, "nothing here"},
		{"somebody else's lot", m.person().get("/lot/L-AAAAAAAAAAAAAAAAAAAAAAAAAA"), 404, "nothing here"},
		{"a checkout of nothing", p.get("/checkout"), 422, "No seat is chosen"},
		{"a wrong method", p.post("/offers", nil), 405, "Not like this"},
		{"a form without its word", p.post("/checkout", url.Values{"once": {"short"}}), 400, "cannot be read"},
		{"an unknown offer taken back", p.post("/offers/withdraw", url.Values{"offer": {"x"}}), 404, "nothing here"},
		{"no event", p.post("/sell/barcode", url.Values{"barcodes": {"1"}}), 422, "Choose the event"},
		{"a form too large", p.post("/sell", url.Values{"once": {strings.Repeat("x", 70<<10)}}), 413, "too much"},
		{"a buyer with a long name", p.buys("first", long), 422, "none longer than a line"},
		{"a buyer with a control character", p.buys("first", "A\x00da"), 422, "none longer"},
		{"a buyer who is half a character", p.buys("first", "\xff"), 422, "none longer"},
		{"a buyer without an address", p.buys("street", " "), 422, "postal address"},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.page.want(t, tt.status, tt.says) })
	}
	p.buys("first", `<script>alert(1)</script>`, "last", "\u202egnirts").want(t, 200, "<bdi>&lt;script&gt;alert(1)").lacks(t, "<script>alert")
}

func TestAnotherSitesFormIsRefused(t *testing.T) {
	t.Parallel()
	m := begin(t, newVenue(t, "999T1"))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.URL+"/offers/withdraw", strings.NewReader("offer=x"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	m.person().do(request).want(t, 403)
}

func TestAVenueThatIsAwayIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1")
	m := begin(t, venue)
	p := m.person()
	p.sells("999T1", "50").want(t, 200)
	venue.CloseClientConnections()
	venue.Close()
	p.get("/sell?listingId=A3qnemZ").want(t, 503, "does not answer")
	p.get("/").want(t, 200, "Football") // what is known stays
	p.get(footballPath).want(t, 200, "USD 50.00")
}

// A page that waits is told of a change at once.
func TestAPageIsToldOfAChange(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1")
	m := begin(t, venue)
	p := m.person()
	version := regexp.MustCompile(`data-live="(\d+)"`).FindStringSubmatch(p.get(footballPath).text)[1]
	told := make(chan shown, 1)
	go func() { told <- p.get("/changes?after=" + version) }()
	m.person().sells("999T1", "50").want(t, 200)
	(<-told).want(t, 200, `"version":`).lacks(t, `:`+version+`}`)
	p.get("/changes?after=x").want(t, 400)
}

// Nothing is asked of the venue that could not be written down before.
func TestAnOrderThatCannotBeWrittenDownIsNotAskedFor(t *testing.T) {
	t.Parallel()
	venue := newVenue(t, "999T1")
	folder := filepath.Join(t.TempDir(), "market")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	m := open(t, venue.options(t, filepath.Join(folder, "market.json")))
	m.person().sells("999T1", "50").want(t, 200)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	m.person().buys().want(t, 500, "nothing was done")
	if n := len(venue.called("POST /v1/cart/complete-order")); n != 0 {
		t.Errorf("%d sales were asked for", n)
	}
}

func TestPagesMayDoLittle(t *testing.T) {
	t.Parallel()
	m := begin(t, newVenue(t, "999T1"))
	m.person().sells("999T1", "50").want(t, 200)
	for path, live := range map[string]bool{"/": false, "/sell": false, "/sell/barcode": false, "/nothing": false, footballPath: true, "/offers": true} {
		answer, err := http.Get(m.URL + path) //nolint:noctx // it is answered at once
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src 'self'") != live {
			t.Errorf("%s may do %q", path, policy)
		}
		if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has the headers %v", path, answer.Header)
		}
	}
}
