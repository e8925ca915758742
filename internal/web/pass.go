package web

import (
	"archive/zip"
	"bytes"
	"crypto/sha1" //nolint:gosec // the form of a manifest; the signature over it is what guards
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

// passName comes after a ticket page's address.
const passName = "/ticket.pkpass"

// What a pass says that the page does not.
const (
	keepPassText   = "Keep this pass to yourself: whoever has the code can use the ticket."
	resalePassText = "Once the ticket is sold or given to somebody else, the code of this pass opens no gate."
	stalePassText  = "This pass does not change by itself. If the event moves, get it again from the ticket’s page."
)

// A pass is what a phone's wallet reads, in Apple's words. It says what the
// ticket's page says, in the same words.
type pass struct {
	FormatVersion int         `json:"formatVersion"`
	PassType      string      `json:"passTypeIdentifier"`
	Team          string      `json:"teamIdentifier"`
	Serial        string      `json:"serialNumber"`
	Organization  string      `json:"organizationName"`
	LogoText      string      `json:"logoText"`
	Description   string      `json:"description"`
	Group         string      `json:"groupingIdentifier"`
	Relevant      string      `json:"relevantDate,omitempty"`   // when the phone shows it by itself
	Expires       string      `json:"expirationDate,omitempty"` // when the phone puts it away
	Unshared      bool        `json:"sharingProhibited"`
	Background    string      `json:"backgroundColor"`
	Foreground    string      `json:"foregroundColor"`
	Labels        string      `json:"labelColor"`
	Barcodes      []passCode  `json:"barcodes"`
	Ticket        passContent `json:"eventTicket"`
}

type passCode struct {
	Format   string `json:"format"`
	Message  string `json:"message"`
	Encoding string `json:"messageEncoding"`
	Text     string `json:"altText"`
}

// A passContent is the fields of a pass by where they stand.
type passContent struct {
	Primary   []passField `json:"primaryFields"`
	Secondary []passField `json:"secondaryFields"`
	Auxiliary []passField `json:"auxiliaryFields"`
	Back      []passField `json:"backFields"`
}

type passField struct {
	Key   string `json:"key"`
	Label string `json:"label,omitempty"`
	Value string `json:"value"`
}

// pass answers with the ticket as a pass, under the guards of its PDF: where the
// page shows no code there is none.
func (s *site) pass(r *http.Request) (page, error) {
	found, err := s.find(r)
	if err != nil {
		return page{}, err
	}
	return s.passed(r, found)
}

// receivedPass is the pass of one of the tickets that somebody accepted.
func (s *site) receivedPass(r *http.Request) (page, error) {
	found, err := s.receivedPlace(r)
	if err != nil {
		return page{}, err
	}
	return s.passed(r, found)
}

func (s *site) passed(r *http.Request, found boxoffice.TicketPage) (page, error) {
	if !s.wallet.good(found.Now) {
		return nothingPage(), nil
	}
	view, err := viewOf(found)
	if err != nil {
		return page{}, err
	}
	if view.Code == nil {
		return noPrintPage(found, view), nil
	}
	if s.sandbox {
		view.Notices = append([]notice{demoNotice}, view.Notices...)
	}
	content, err := json.Marshal(s.passOf(found, view))
	if err != nil {
		return page{}, fmt.Errorf("write the pass: %w", err)
	}
	body, err := s.inTurn(r.Context(), func() ([]byte, error) {
		return s.wallet.pack(content, accentOf(found.Organization.ID))
	})
	if err != nil {
		return page{}, err
	}
	return page{status: http.StatusOK, document: &document{
		kind: "application/vnd.apple.pkpass", name: fileName(found) + ".pkpass", body: body,
	}}, nil
}

// offer is where a ticket's pass is to be had: "" where it is not.
func (s *site) offer(address string, p boxoffice.TicketPage) string {
	if !s.wallet.good(p.Now) {
		return ""
	}
	return address + passName
}

// passOf is the pass of a ticket that has a code.
func (s *site) passOf(p boxoffice.TicketPage, v ticketView) pass {
	const afterwards = 24 * time.Hour // it may run late, as its page knows too
	made := pass{
		FormatVersion: 1, PassType: s.wallet.passType, Team: s.wallet.team, Serial: s.addresses.passSerial(p.Ticket),
		Organization: v.Organization, LogoText: v.Organization, Description: "Ticket: " + v.Event, Group: string(p.Event.ID),
		Unshared:   true,
		Background: colour(accentColours[accentOf(p.Organization.ID)]), Foreground: colour(white), Labels: colour(white),
		Barcodes: []passCode{{"PKBarcodeFormatQR", v.Code.Barcode, encodingOf(v.Code.Barcode), strings.Join(v.Code.Groups, " ")}},
		Ticket:   contentOf(v),
	}
	zone := p.Organization.Location()
	if !p.Event.Start.At.IsZero() {
		made.Relevant = p.Event.Start.At.In(zone).Format(time.RFC3339)
	}
	if !p.Event.Over.IsZero() {
		made.Expires = p.Event.Over.Add(afterwards).In(zone).Format(time.RFC3339)
	}
	return made
}

// passSerial names a ticket in one owner's hands: a pass that is fetched again
// takes the place of the one before, also after the ticket got a new barcode.
func (a Addresses) passSerial(t boxoffice.Ticket) string {
	return hex.EncodeToString(a.keys.MAC("wallet pass", string(t.Token), strconv.FormatInt(t.Owned, 10)))
}

// contentOf lays the ticket out: a phone shows one primary field and four in each
// row below it, and the rest on the back.
func contentOf(v ticketView) passContent {
	c := passContent{
		Primary: []passField{{"event", "Event", v.Event}}, Secondary: []passField{}, Auxiliary: []passField{}, Back: []passField{},
	}
	for i, n := range v.Notices {
		key := "notice-" + strconv.Itoa(i+1)
		if i == 0 {
			c.Secondary = append(c.Secondary, passField{key, "Please note", n.Title})
		}
		c.Back = append(c.Back, passField{key + "-text", n.Title, n.Text})
	}
	c.Secondary = add(c.Secondary, "date", "Date", v.When.Date)
	c.Secondary = add(c.Secondary, "time", "Time", v.When.Time)
	c.Secondary = add(c.Secondary, "venue", "Venue", v.Venue)
	for i, f := range v.Place {
		c.Auxiliary = append(c.Auxiliary, passField{"place-" + strconv.Itoa(i+1), f.Label, f.Value})
	}
	c.Back = add(c.Back, "until", "Until", v.When.Until)
	c.Back = add(c.Back, "holder", "Ticket holder", v.Holder)
	for i, f := range v.Facts {
		c.Back = append(c.Back, passField{"fact-" + strconv.Itoa(i+1), f.Label, f.Value})
	}
	return c.advised()
}

func add(list []passField, key, label, value string) []passField {
	if value == "" {
		return list
	}
	return append(list, passField{key, label, value})
}

func (c passContent) advised() passContent {
	c.Back = append(c.Back, passField{"keep", "Your code", keepPassText}, passField{"resale", "Resale", resalePassText}, passField{"stale", "Changes", stalePassText})
	return c
}

// encodingOf is how a phone writes the barcode into the code.
func encodingOf(barcode string) string {
	for _, r := range barcode {
		if r > '~' {
			return "utf-8"
		}
	}
	return "iso-8859-1"
}

func colour(c rgb) string { return fmt.Sprintf("rgb(%d, %d, %d)", c.r, c.g, c.b) }

// pack makes the file: the pass, its icons, the manifest with their digests, and
// the signature over that.
func (w *Wallet) pack(content []byte, accent int) ([]byte, error) {
	icons, err := w.icons[accent]()
	if err != nil {
		return nil, err
	}
	files := append([]passFile{{"pass.json", content}}, icons...)
	digests := map[string]string{}
	for _, f := range files {
		sum := sha1.Sum(f.body) //nolint:gosec // as above
		digests[f.name] = hex.EncodeToString(sum[:])
	}
	manifest, err := json.Marshal(digests)
	if err != nil {
		return nil, fmt.Errorf("write the pass's manifest: %w", err)
	}
	signature, err := w.sign(manifest)
	if err != nil {
		return nil, err
	}
	return zipped(append(files, passFile{"manifest.json", manifest}, passFile{"signature", signature}))
}

// A passFile is one of the files that a pass consists of.
type passFile struct {
	name string
	body []byte
}

func zipped(files []passFile) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, f := range files {
		w, err := archive.Create(f.name)
		if err == nil {
			_, err = w.Write(f.body)
		}
		if err != nil {
			return nil, fmt.Errorf("pack the pass: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("pack the pass: %w", err)
	}
	return out.Bytes(), nil
}
