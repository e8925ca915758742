package marketplace

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seatlink/seatlink/link"
)

// maxBarcodes is how many tickets are typed at once; the contract takes 100.
const maxBarcodes = 20

// A barcodeView asks for barcodes.
type barcodeView struct {
	Venues  []venueEvents
	Event   link.AccessID
	Typed   string
	Most    int
	Problem string
	Trouble trouble
}

type venueEvents struct {
	Name   string
	Events []link.Event
}

// barcode is where somebody begins who did not come from MyAccount.
func (m *Market) barcode(v visit) page { return m.askBarcodes(v, barcodeView{}, http.StatusOK) }

func (m *Market) askBarcodes(v visit, view barcodeView, status int) page {
	view.Most = maxBarcodes
	for _, venue := range m.Venues {
		events, err := m.catalog.events(v.Context(), venue.Organization)
		if err != nil {
			view.Trouble = explain(err)
			continue
		}
		single := slices.DeleteFunc(slices.Clone(events), func(e link.Event) bool { return e.ItemBasis != "SINGLE" })
		slices.SortFunc(single, byDate)
		view.Venues = append(view.Venues, venueEvents{venue.Name, single})
	}
	return page{status: status, template: "barcode", Title: "Sell by barcode", Data: view}
}

// A sellerForm is who sells.
type sellerForm struct {
	First, Last, Email, Phone string
	Broker                    bool
	Problem                   string
}

// offerBarcodes takes both steps of the form: at first barcodes, which are verified
// and shown as seats, and then the same with prices and the seller. They are verified
// again the second time: the barcode is what shows that somebody has the ticket.
func (m *Market) offerBarcodes(v visit) page {
	priced := v.form.Has("once")
	if again, ok := m.sentBefore(v); priced && ok {
		return again
	}
	event := link.AccessID(v.form.Get("event"))
	view := barcodeView{Event: event, Typed: v.form.Get("barcodes")}
	if _, ok := m.venue(event); !ok {
		view.Problem = "Choose the event that the tickets are for."
		return m.askBarcodes(v, view, http.StatusUnprocessableEntity)
	}
	barcodes := readBarcodes(view.Typed)
	switch {
	case len(barcodes) == 0:
		view.Problem = "Type the number under the code of each ticket."
		return m.askBarcodes(v, view, http.StatusUnprocessableEntity)
	case len(barcodes) > maxBarcodes:
		view.Problem = "Those are more than fit in here. Begin with some of them."
		return m.askBarcodes(v, view, http.StatusUnprocessableEntity)
	case !m.tries.may(v.RemoteAddr, 0):
		return message(http.StatusTooManyRequests, "Too many wrong barcodes", "Somebody at your address has tried too many. Wait a minute.")
	}
	offers, refused, err := m.verify(v.Context(), event, barcodes)
	if err != nil && len(refused) == 0 {
		return troubled(statusFor(err), "The barcodes cannot be checked", explain(err))
	}
	m.tries.may(v.RemoteAddr, len(refused))
	if len(offers) == 0 {
		view.Problem, view.Trouble = "None of these can be sold.", refused[0].trouble
		return m.askBarcodes(v, view, http.StatusUnprocessableEntity)
	}
	who, complete := readSeller(v)
	shown := sellView{Action: "/sell/barcode", Event: event, Seller: &who, Refused: refused}
	if !priced {
		who.Problem = ""
		return m.askPrices(v, shown, offers, http.StatusOK)
	}
	if !complete {
		return m.askPrices(v, shown, offers, http.StatusUnprocessableEntity)
	}
	l := lot{ID: lotID(v), Visitor: v.visitor, Source: link.Individual, Seller: who.seller()}
	if who.Broker {
		l.Source = link.Broker
	}
	return m.putOnSale(v, shown, l, offers)
}

// readBarcodes takes apart what was typed: one a line, or with spaces or commas.
func readBarcodes(typed string) []string {
	const longest = 64 // as the contract has it
	list := strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == ';' || r <= ' ' })
	list = slices.DeleteFunc(list, func(s string) bool { return len(s) > longest })
	slices.Sort(list)
	return slices.Compact(list)
}

// verify asks which tickets the barcodes are on (call 8).
func (m *Market) verify(ctx context.Context, event link.AccessID, barcodes []string) (offers []offer, refused []refusal, err error) {
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	// The answer tells tokens, and not which barcode each is of: hence a call for each.
	for _, barcode := range barcodes {
		verified, failure := m.Client.Verify(ctx, link.VerifyGroup{AccessID: event, Barcodes: []link.Barcode{link.Barcode(barcode)}})
		for _, s := range verified.Seats() {
			offers = append(offers, offer{
				ID: barcode, Token: s.Token, Event: event, Section: string(s.Section), Row: string(s.Row), Seat: string(s.Seat), Features: features(s.AssociationType, s.SeatAttributes),
			})
		}
		if failure == nil {
			continue
		}
		if !link.Settled(failure) {
			return nil, nil, failure
		}
		refused, err = append(refused, refusal{"Barcode " + barcode, explain(failure)}), failure
	}
	return offers, refused, err
}

// Lengths of the contract, in characters.
const (
	nameLength    = 128
	emailLength   = 254 // no mail goes to a longer one
	addressLength = 256
)

func readSeller(v visit) (who sellerForm, complete bool) {
	var ok [4]bool
	who.First, ok[0] = v.field("first", nameLength)
	who.Last, ok[1] = v.field("last", nameLength)
	who.Email, ok[2] = v.field("email", emailLength)
	who.Phone, ok[3] = v.field("phone", nameLength)
	who.Broker = v.form.Get("broker") == "yes"
	if !ok[0] || !ok[1] || !ok[2] || !ok[3] || who.First == "" || who.Last == "" || who.Email == "" {
		who.Problem = "Your first name, your last name and your mail address are needed, none longer than a line."
		return who, false
	}
	return who, true
}

// seller is the wire's form.
func (f sellerForm) seller() *link.Seller {
	s := &link.Seller{FirstName: f.First, LastName: f.Last}
	s.EmailAddress, s.PhoneNumber = contact(f.Email, f.Phone)
	return s
}

// Tries count wrong barcodes by where they come from, so that nobody guesses them
// here, nor uses up what the venue allows this marketplace.
type tries struct {
	mu    sync.Mutex
	since time.Time
	wrong map[string]int
}

func newTries() *tries { return &tries{wrong: map[string]int{}} }

// may counts more wrong ones, and reports whether an address may try again.
func (t *tries) may(remote string, more int) bool {
	const (
		minute    = time.Minute
		allowed   = 20
		addresses = 10_000
	)
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.since) > minute || len(t.wrong) > addresses {
		t.since = time.Now()
		clear(t.wrong)
	}
	from := origin(remote)
	t.wrong[from] += more
	return t.wrong[from] < allowed
}

// origin is an IPv4 address, or the /64 that an IPv6 host has to itself.
func origin(remote string) string {
	const network = 64
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if address = address.Unmap().WithZone(""); address.Is6() {
		return netip.PrefixFrom(address, network).Masked().String()
	}
	return address.String()
}
