package partnerapi

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

type transferRequest struct {
	LinkID           string                   `json:"linkid"`
	SiteID           string                   `json:"siteid"`
	BaseURL          string                   `json:"baseurl"`
	TransferRequests oneOrMany[transferOffer] `json:"transferrequests"`
}

type transferOffer struct {
	ExternalTransferID string                   `json:"externaltransferid"`
	Sender             *transferSender          `json:"sender"`
	Recipient          *transferRecipient       `json:"recipient"`
	Seats              oneOrMany[transferSeats] `json:"seats"`
	Items              oneOrMany[transferItem]  `json:"items"`
}

type transferSender struct {
	PatronID string `json:"patronid"`
}

type transferRecipient struct {
	Phone     string  `json:"phone"`
	Email     string  `json:"email"`
	FirstName *string `json:"recipientfirstname"`
	LastName  *string `json:"recipientlastname"`
}

type transferSeats struct {
	Season     string      `json:"season"`
	Event      string      `json:"event"`
	PriceLevel word        `json:"pricelevel"`
	PriceType  string      `json:"pricetype"`
	SeatInfo   *seatsNamed `json:"seatinfo"`
}

type seatsNamed struct {
	Level       string `json:"level"`
	Section     word   `json:"section"`
	Row         word   `json:"row"`
	Seats       word   `json:"seats"`
	SoldFor     word   `json:"soldfor"`
	Marketplace string `json:"marketplace"`
}

type transferItem struct {
	ExternalOrderID string       `json:"externalorderid"`
	Tokens          list[string] `json:"tokens"`
}

type acceptTransferRequest struct {
	TransferID string             `json:"transferid"`
	Recipient  *transferRecipient `json:"recipient"`
}

// A word is a string that may come as a number (contract.md §1, Strictness): it
// is then as the number was written.
type word string

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (w *word) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case 'n':
		return dec.SkipValue()
	case '"', '0':
	default:
		return named(fault.FieldInvalid, fieldPath(dec.StackPointer()))
	}
	token, err := dec.ReadToken()
	*w = word(token.String())
	return err
}

// absent is a string of the address that stands for none: the publication's
// placeholder.
func absent(s string) bool { return s == "" || s == "string" }

func unlessAbsent(s string) string {
	if absent(s) {
		return ""
	}
	return s
}

// distributorOf reads the one parameter of the query.
func distributorOf(raw string) (string, error) {
	given, err := url.ParseQuery(raw)
	switch {
	case err != nil:
		return "", fault.Malformed.Saying("the query cannot be read")
	case len(given["distributorCode"]) > 1:
		return "", named(fault.ParameterRepeated, "distributorCode")
	}
	code := given.Get("distributorCode")
	return code, within(code, maxID, top, "distributorCode")
}

// givingOf reads a transfer. Tokens that no ticket can have are refused: then the
// office need not be asked.
func givingOf(wire transferRequest, distributor string) (boxoffice.TransferRequest, []boxoffice.Refusal, error) {
	req := boxoffice.TransferRequest{
		Distributor: distributor,
		Link:        boxoffice.Link{Base: unlessAbsent(wire.BaseURL), LinkID: unlessAbsent(wire.LinkID), SiteID: unlessAbsent(wire.SiteID)},
	}
	err := first(
		within(wire.LinkID, maxString, top, "linkId"), within(wire.SiteID, maxString, top, "siteId"),
		within(wire.BaseURL, maxString, top, "baseUrl"), counted(wire.TransferRequests, 1, top, "transferRequests"))
	if err != nil {
		return req, nil, err
	}
	const path = "transferRequests[0]"
	under := func(field string) string { return path + "." + field }
	offer := wire.TransferRequests[0]
	if err := within(offer.ExternalTransferID, maxID, under, "externalTransferId"); err != nil {
		return req, nil, err
	}
	req.ExternalTransferID = offer.ExternalTransferID
	if err := present(offer.Recipient, under, "recipient"); err != nil {
		return req, nil, err
	}
	if req.Recipient, err = recipientOf(*offer.Recipient, under("recipient")); err != nil {
		return req, nil, err
	}
	if offer.Sender != nil { // the token form may name one, too
		if err := within(offer.Sender.PatronID, maxID, under, "sender.patronId"); err != nil {
			return req, nil, err
		}
	}
	switch {
	case len(req.Recipient.Emails)+len(req.Recipient.Phones) == 0:
		return req, nil, missingOf("email or phone")
	case offer.Seats == nil && offer.Items == nil:
		return req, nil, named(fault.FieldRequired, under("seats")+" or items")
	case offer.Seats != nil && offer.Items != nil:
		return req, nil, fault.FieldInvalid.Saying(under("seats") + " and items: one of them names the tickets, not both")
	case offer.Seats != nil:
		req.Sender, req.Seats, err = seatsOf(offer, distributor, under)
		return req, nil, err
	}
	if offer.Recipient.FirstName == nil || offer.Recipient.LastName == nil {
		return req, nil, missingOf("recipientFirstName and recipientLastName in the token form")
	}
	var refused []boxoffice.Refusal
	req.Items, refused, err = itemsOf(offer.Items, under)
	return req, refused, err
}

func seatsOf(offer transferOffer, distributor string, under at) (boxoffice.PatronID, []boxoffice.SeatsWanted, error) {
	if distributor == "" {
		return "", nil, fault.DistributorUnknown.Saying("distributorCode is required in the seat form")
	}
	if err := first(sized(len(offer.Seats), maxTokens, under("seats")), present(offer.Sender, under, "sender")); err != nil {
		return "", nil, err
	}
	sender := offer.Sender.PatronID
	if err := required(sender, maxID, under, "sender.patronId"); err != nil {
		return "", nil, err
	}
	var seats []boxoffice.SeatsWanted
	for i, s := range offer.Seats {
		inSeats := func(field string) string { return fmt.Sprintf("%s[%d].%s", under("seats"), i, field) }
		if err := present(s.SeatInfo, inSeats, "seatInfo"); err != nil {
			return "", nil, err
		}
		info := *s.SeatInfo
		err := first(
			called(s.Season, inSeats, "season"), called(s.Event, inSeats, "event"),
			called(string(info.Section), inSeats, "seatInfo.section"), called(string(info.Row), inSeats, "seatInfo.row"),
			withinCharacters(info.Level, maxName, inSeats, "seatInfo.level"),
			required(string(info.Seats), maxString, inSeats, "seatInfo.seats"),
			withinCharacters(string(s.PriceLevel), maxName, inSeats, "priceLevel"),
			withinCharacters(s.PriceType, maxName, inSeats, "priceType"),
			withinCharacters(string(info.SoldFor), maxName, inSeats, "seatInfo.soldFor"),
			withinCharacters(info.Marketplace, maxName, inSeats, "seatInfo.marketplace"))
		if err != nil {
			return "", nil, err
		}
		section := string(info.Section)
		if !strings.Contains(section, ":") {
			section = info.Level + ":" + section
		}
		seats = append(seats, boxoffice.SeatsWanted{
			Season: s.Season, Item: s.Event, Section: section, Row: string(info.Row), Seats: string(info.Seats),
			Said: boxoffice.SeatsSaid{
				PriceLevel: string(s.PriceLevel), PriceType: s.PriceType, SoldFor: string(info.SoldFor), Marketplace: info.Marketplace,
			},
		})
	}
	return boxoffice.PatronID(sender), seats, nil
}

func itemsOf(wire []transferItem, under at) ([]boxoffice.TransferItem, []boxoffice.Refusal, error) {
	if err := sized(len(wire), maxTokens, under("items")); err != nil {
		return nil, nil, err
	}
	var (
		items   []boxoffice.TransferItem
		refused []boxoffice.Refusal
	)
	seen := map[boxoffice.Token]bool{}
	total := 0
	for i, item := range wire {
		inItem := func(field string) string { return fmt.Sprintf("%s[%d].%s", under("items"), i, field) }
		err := first(required(item.ExternalOrderID, maxID, inItem, "externalOrderId"), counted(item.Tokens, maxTokens-total, inItem, "tokens"))
		if err != nil {
			return nil, nil, err
		}
		total += len(item.Tokens)
		tokens, err := distinct(item.Tokens, map[boxoffice.Token]bool{}, inItem, "tokens")
		if err != nil {
			return nil, nil, err
		}
		for _, token := range tokens {
			if seen[token] {
				return nil, nil, named(fault.TokenRepeated, inItem("tokens"))
			}
			seen[token] = true
		}
		tokens, unknown := split(tokens, itself)
		refused = append(refused, unknown...)
		items = append(items, boxoffice.TransferItem{ExternalOrderID: item.ExternalOrderID, Tokens: tokens})
	}
	return items, refused, nil
}

func recipientOf(r transferRecipient, path string) (boxoffice.Contact, error) {
	under := func(field string) string { return path + "." + field }
	var c boxoffice.Contact
	if r.FirstName != nil {
		c.FirstName = *r.FirstName
	}
	if r.LastName != nil {
		c.LastName = *r.LastName
	}
	if r.Phone != "" {
		c.Phones = []boxoffice.Phone{{Number: r.Phone}}
	}
	if r.Email != "" {
		c.Emails = []boxoffice.Email{{Address: r.Email}}
	}
	return c, first(
		within(r.Phone, maxString, under, "phone"), within(r.Email, maxString, under, "email"),
		withinCharacters(c.FirstName, maxName, under, "recipientFirstName"), withinCharacters(c.LastName, maxName, under, "recipientLastName"))
}

func acceptingOf(wire acceptTransferRequest, distributor string) (boxoffice.AcceptRequest, error) {
	req := boxoffice.AcceptRequest{ID: boxoffice.TransferID(wire.TransferID), Distributor: distributor}
	if err := required(wire.TransferID, maxID, top, "transferId"); err != nil || wire.Recipient == nil {
		return req, err
	}
	recipient, err := recipientOf(*wire.Recipient, "recipient")
	if err == nil && len(recipient.Emails) == 0 {
		err = missingOf("email")
	}
	req.Recipient = &recipient
	return req, err
}

// missingOf says what a recipient lacks.
func missingOf(fields string) error {
	return fault.RecipientRequired.Saying(fault.RecipientRequired.Message + ": " + fields)
}

// called refuses a name that is absent, empty or too long.
func called(value string, path at, field string) error {
	if value == "" {
		return named(fault.FieldRequired, path(field))
	}
	return withinCharacters(value, maxName, path, field)
}
