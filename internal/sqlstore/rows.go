package sqlstore

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// Each kind of row has its columns, the function that reads them in that order,
// and, where it is written in bulk, the one that adds them to a table.

const ticketColumns = `token, organization, event, section, row, seat, seating_type, association_type, attributes,
	price_level, price_type, face, owner, owned, barcode, void, hold, hold_by, hold_since, hold_terms, version, latest`

// ticketColumnCount is where a statement's own columns begin.
const ticketColumnCount = 22

func readTicket(r row) (boxoffice.Ticket, error) {
	t := boxoffice.Ticket{
		Token: boxoffice.Token(r.text(0)), Organization: access.OrganizationID(r.int(1)), Event: boxoffice.EventID(r.text(2)),
		Section: r.text(3), Row: r.text(4), Seat: r.text(5), SeatingType: r.text(6), AssociationType: r.text(7),
		PriceLevel: r.int(9), PriceType: r.text(10), Face: r.int(11),
		Owner: boxoffice.PatronID(r.text(12)), Owned: r.int(13), Barcode: boxoffice.Barcode(r.text(14)), Void: r.flag(15),
		Hold:    boxoffice.Hold{Kind: boxoffice.HoldKind(r.text(16)), By: r.text(17), Since: instant(r.int(18))},
		Version: r.int(20), Latest: r.int(21),
	}
	if err := unpack(r.text(8), &t.Attributes); err != nil {
		return t, fmt.Errorf("attributes of ticket %s: %w", t.Token, err)
	}
	if terms := r.text(19); terms != "" {
		var err error
		if t.Hold.Lock, err = parseTerms(terms); err != nil {
			return t, fmt.Errorf("hold of ticket %s: %w", t.Token, err)
		}
	}
	return t, nil
}

func addTicket(rows *table, t boxoffice.Ticket) {
	rows.row().text(string(t.Token)).int(int64(t.Organization)).text(string(t.Event)).text(t.Section).text(t.Row).text(t.Seat).
		text(t.SeatingType).text(t.AssociationType).text(pack(t.Attributes)).int(t.PriceLevel).text(t.PriceType).int(t.Face).
		text(string(t.Owner)).int(t.Owned).text(string(t.Barcode)).flag(t.Void).
		text(string(t.Hold.Kind)).text(t.Hold.By).int(micros(t.Hold.Since)).text(packTerms(&t.Hold)).int(t.Version).int(t.Latest)
}

// terms is how the terms of a lock are written into one column.
type terms struct {
	Source  boxoffice.Source   `json:"source,omitempty"`
	Listing string             `json:"listing,omitempty"`
	Total   *int64             `json:"total,omitempty"`
	Price   *int64             `json:"price,omitempty"`
	Seller  boxoffice.PatronID `json:"seller,omitempty"`
}

// packTerms writes the terms by hand: it is done for every ticket that is locked.
func packTerms(h *boxoffice.Hold) string {
	l := &h.Lock
	if *l == (boxoffice.LockTerms{}) {
		return ""
	}
	b := append(make([]byte, 0, 128), `{"source":"`...)
	b = append(append(b, l.Source...), '"')
	if l.Listing != "" {
		b = quote(append(b, `,"listing":`...), l.Listing)
	}
	if l.Total != nil {
		b = appendInt(append(b, `,"total":`...), *l.Total)
	}
	if l.Price != nil {
		b = appendInt(append(b, `,"price":`...), *l.Price)
	}
	if l.Seller != "" {
		b = quote(append(b, `,"seller":`...), string(l.Seller))
	}
	return string(append(b, '}'))
}

func parseTerms(text string) (boxoffice.LockTerms, error) {
	var t terms
	err := json.Unmarshal([]byte(text), &t)
	return boxoffice.LockTerms{Source: t.Source, Listing: t.Listing, Total: t.Total, Price: t.Price, Seller: t.Seller}, err
}

const eventColumns = `id, organization, season, item, basis, name, item_name, internet_name, start_at, start_date, end_at, end_date,
	over_at, facility_code, facility_name, configuration_code, associations, price_types, secondary, cancelled, version`

func readEvent(r row) (boxoffice.Event, error) {
	e := boxoffice.Event{
		ID: boxoffice.EventID(r.text(0)), Organization: access.OrganizationID(r.int(1)), Season: r.text(2), Item: r.text(3),
		Basis: r.text(4), Name: r.text(5), ItemName: r.text(6), InternetName: r.text(7),
		Start: boxoffice.When{At: instant(r.int(8)), Date: r.text(9)}, End: boxoffice.When{At: instant(r.int(10)), Date: r.text(11)},
		Over: instant(r.int(12)), FacilityCode: r.text(13), FacilityName: r.text(14), ConfigurationCode: r.text(15),
		Secondary: r.flag(18), Cancelled: r.flag(19), Version: r.int(20),
	}
	if err := unpack(r.text(16), &e.Associations); err != nil {
		return e, fmt.Errorf("associations of event %s: %w", e.ID, err)
	}
	if err := unpack(r.text(17), &e.PriceTypes); err != nil {
		return e, fmt.Errorf("price types of event %s: %w", e.ID, err)
	}
	return e, nil
}

func addEvent(rows *table, e boxoffice.Event) {
	rows.row().text(string(e.ID)).int(int64(e.Organization)).text(e.Season).text(e.Item).text(e.Basis).
		text(e.Name).text(e.ItemName).text(e.InternetName).
		int(micros(e.Start.At)).text(e.Start.Date).int(micros(e.End.At)).text(e.End.Date).int(micros(e.Over)).
		text(e.FacilityCode).text(e.FacilityName).text(e.ConfigurationCode).
		text(pack(e.Associations)).text(pack(e.PriceTypes)).flag(e.Secondary).flag(e.Cancelled).int(e.Version)
}

// eventColumnCount is where a statement's own columns begin, behind an event's.
const eventColumnCount = 21

const organizationColumns = `id, name, distributor_code, zone, currency, strict_sums, catalog_version, review, review_above, pages, callbacks`

func readOrganization(r row) (boxoffice.Organization, error) {
	o := boxoffice.Organization{
		ID: access.OrganizationID(r.int(0)), Name: r.text(1), DistributorCode: r.text(2), Zone: r.text(3), Currency: r.text(4),
		StrictSums: r.flag(5), CatalogVersion: r.int(6), Review: boxoffice.Review(r.text(7)), ReviewAbove: r.int(8),
	}
	if err := errors.Join(unpack(r.text(9), &o.Pages), unpack(r.text(10), &o.Callbacks)); err != nil {
		return o, fmt.Errorf("addresses of organization %d: %w", o.ID, err)
	}
	return o, nil
}

func addOrganization(rows *table, o boxoffice.Organization) {
	rows.row().int(int64(o.ID)).text(o.Name).text(o.DistributorCode).text(o.Zone).text(o.Currency).flag(o.StrictSums).int(o.CatalogVersion).
		text(string(o.Review)).int(o.ReviewAbove).text(pack(o.Pages)).text(pack(o.Callbacks))
}

const seasonColumns = `organization, code, name`

func readSeason(r row) boxoffice.Season {
	return boxoffice.Season{Organization: access.OrganizationID(r.int(0)), Code: r.text(1), Name: r.text(2)}
}

const manifestColumns = `organization, season, facility, facility_name, configuration, areas, changed_at`

func readManifest(r row) (boxoffice.Manifest, error) {
	m := boxoffice.Manifest{
		Organization: access.OrganizationID(r.int(0)), Season: r.text(1), Facility: r.text(2), FacilityName: r.text(3), Configuration: r.text(4),
		Changed: instant(r.int(6)),
	}
	if err := unpack(r.text(5), &m.Areas); err != nil {
		return m, fmt.Errorf("manifest %s %s of organization %d: %w", m.Facility, m.Configuration, m.Organization, err)
	}
	return m, nil
}

const patronColumns = `organization, id, contact, password_hash, since`

// readPatron leaves out the keys.
func readPatron(r row, unseal func(string) (boxoffice.Contact, error)) (boxoffice.Patron, error) {
	p := boxoffice.Patron{
		Organization: access.OrganizationID(r.int(0)), ID: boxoffice.PatronID(r.text(1)), PasswordHash: r.text(3), Since: instant(r.int(4)),
	}
	var err error
	if p.Contact, err = unseal(r.text(2)); err != nil {
		return p, fmt.Errorf("patron %s of organization %d: %w", p.ID, p.Organization, err)
	}
	return p, nil
}

const listingColumns = `id, organization, channel, patron, tokens, created_at, expires_at`

// wholeListing is a listing with what became of it since it was made.
const wholeListing = listingColumns + `, taken_at`

func readWholeListing(r row) (boxoffice.Listing, error) {
	l, err := readListing(r)
	l.Taken = instant(r.int(7))
	return l, err
}

func readListing(r row) (boxoffice.Listing, error) {
	l := boxoffice.Listing{
		ID: boxoffice.ListingID(r.text(0)), Organization: access.OrganizationID(r.int(1)), Channel: access.Channel(r.text(2)),
		Patron: boxoffice.PatronID(r.text(3)), Created: instant(r.int(5)), Expires: instant(r.int(6)),
	}
	if err := unpack(r.text(4), &l.Tokens); err != nil {
		return l, fmt.Errorf("tokens of listing %s: %w", l.ID, err)
	}
	return l, nil
}

const orderColumns = `key, process, organization, state, content, external_listing_id, currency, price, fees,
	settled_paid, settled_to_seller, paid_share, to_seller_share, differs, buyer, lines, offers, transactions, at, place, version, settled_request,
	wait, call_back, verdict, refused, joined`

func readOrder(r row) (boxoffice.Order, error) {
	o := boxoffice.Order{
		Key: boxoffice.ParseOrderKey(r.text(0)), Process: boxoffice.ProcessID(r.text(1)), Organization: access.OrganizationID(r.int(2)),
		State: boxoffice.OrderState(r.text(3)), Content: r.text(4), ExternalListingID: r.text(5), Currency: r.text(6),
		Price: r.int(7), Fees: r.int(8),
		Settlement: boxoffice.Settled{Paid: r.int(9), ToSeller: r.int(10), PaidShare: r.int(11), ToSellerShare: r.int(12), Request: r.text(21)},
		Differs:    r.flag(13), Buyer: boxoffice.PatronID(r.text(14)),
		At: instant(r.int(18)), Place: int(r.int(19)), Version: r.int(20),
		Wait: boxoffice.Wait(r.text(22)), CallBack: r.flag(23), Joined: r.int(26),
	}
	for i, into := range []any{&o.Lines, &o.Offers, &o.Transactions} {
		if err := unpack(r.text(15+i), into); err != nil {
			return o, fmt.Errorf("order %s: %w", o.Key, err)
		}
	}
	var v verdict
	if err := unpack(r.text(24), &v); err != nil {
		return o, fmt.Errorf("verdict on order %s: %w", o.Key, err)
	}
	o.Verdict = boxoffice.Verdict{Approved: v.Approved, By: v.By, Why: v.Why, At: instant(v.At)}
	var err error
	if o.Refused, err = unpackRefused(r.text(25), o.Key.ExternalOrderID); err != nil {
		return o, fmt.Errorf("refusals of order %s: %w", o.Key, err)
	}
	return o, nil
}

// verdict and refusal are how these are written into one column.
type verdict struct {
	Approved bool                 `json:"approved,omitzero"`
	By       access.ApplicationID `json:"by,omitzero"`
	Why      string               `json:"why,omitzero"`
	At       int64                `json:"at,omitzero"`
}

type refusal struct {
	Token boxoffice.Token `json:"token,omitzero"`
	Code  string          `json:"code"`
}

func packVerdict(v boxoffice.Verdict) string {
	if v == (boxoffice.Verdict{}) {
		return ""
	}
	return pack(verdict{v.Approved, v.By, v.Why, micros(v.At)})
}

func packRefused(refused []boxoffice.Refusal) string {
	if len(refused) == 0 {
		return ""
	}
	rows := make([]refusal, len(refused))
	for i, r := range refused {
		rows[i] = refusal{r.Token, r.Reason.Code}
	}
	return pack(rows)
}

// unpackRefused undoes packRefused, for an order of this id or a transfer.
func unpackRefused(text, externalOrderID string) ([]boxoffice.Refusal, error) {
	var rows []refusal
	if err := unpack(text, &rows); err != nil {
		return nil, err
	}
	var refused []boxoffice.Refusal
	for _, f := range rows {
		reason := fault.Named(f.Code)
		if reason == nil {
			return nil, fmt.Errorf("nobody knows the reason %q", f.Code)
		}
		refused = append(refused, boxoffice.Refusal{Token: f.Token, ExternalOrderID: externalOrderID, Reason: reason})
	}
	return refused, nil
}

func addOrder(rows *table, o boxoffice.Order) {
	rows.row().text(o.Key.String()).text(string(o.Key.Channel)).text(string(o.Process)).int(int64(o.Organization)).
		text(string(o.State)).text(o.Content).text(o.ExternalListingID).text(o.Currency).int(o.Price).int(o.Fees).
		int(o.Settlement.Paid).int(o.Settlement.ToSeller).int(o.Settlement.PaidShare).int(o.Settlement.ToSellerShare).
		flag(o.Differs).text(string(o.Buyer)).text(pack(o.Lines)).text(pack(o.Offers)).text(pack(o.Transactions)).
		int(micros(o.At)).int(int64(o.Place)).int(o.Version).text(o.Settlement.Request).
		text(string(o.Wait)).flag(o.CallBack).text(packVerdict(o.Verdict)).text(packRefused(o.Refused)).int(o.Joined)
}

// pack writes a list or map as JSON, an empty one as nothing.
func pack[T any](v T) string {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("a %T cannot be written: %v", v, err)) // plain structs of the trade can
	}
	if s := string(text); s != "[]" && s != "{}" {
		return s
	}
	return ""
}

func unpack(text string, into any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}
