package files

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/currency"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

// organizationText is organization.json.
type organizationText struct {
	ID              int64       `json:"id"`
	Name            string      `json:"name"`
	DistributorCode string      `json:"distributorCode"`
	Zone            string      `json:"zone"`
	Currency        string      `json:"currency"`
	StrictSums      bool        `json:"strictSums"`
	Review          *reviewText `json:"review,omitempty"`
	Pages           []string    `json:"pages,omitempty"`
	Callbacks       []string    `json:"callbacks,omitempty"`
}

type reviewText struct {
	Policy string         `json:"policy"`
	Above  jsontext.Value `json:"above,omitzero"`
}

// reviewPolicies are the policies in the file's words.
var reviewPolicies = map[string]boxoffice.Review{"": boxoffice.ReviewNone, "none": boxoffice.ReviewNone, "above": boxoffice.ReviewLarge, "all": boxoffice.ReviewAll}

// maxListed bounds the pages and the callbacks of an organization.
const maxListed = 100

// organization reads organization.json.
func (f *folder) readOrganization(s source, report *Report) (bool, error) {
	var text organizationText
	d, ok, err := readDocument(s, report, &text)
	if err != nil || !ok {
		return false, err
	}
	before := len(report.Problems) + report.More
	if text.ID < 1 || text.ID > 1<<53 {
		d.at("/id", "id is %d; the number of the venue's data account is allowed", text.ID)
	}
	if text.Name == "" || utf8.RuneCountInString(text.Name) > nameLimit || strings.ContainsFunc(text.Name, unicode.IsControl) {
		d.at("/name", "name is %s; text of 1 to %d characters is allowed", shown(text.Name), nameLimit)
	}
	if says := wrongCode(text.DistributorCode, codeLimit); says != "" {
		d.at("/distributorCode", "distributorCode is %s; %s", shown(text.DistributorCode), says)
	}
	if _, err := time.LoadLocation(text.Zone); err != nil || text.Zone == "" || text.Zone == "Local" {
		d.at("/zone", "zone is %s; a name of the IANA time zone database is allowed, such as America/Chicago", shown(text.Zone))
	}
	if _, err := currency.ParseISO(text.Currency); err != nil || text.Currency != strings.ToUpper(text.Currency) {
		d.at("/currency", "currency is %s; a code of ISO 4217 is allowed, such as USD", shown(text.Currency))
	}
	f.organization = boxoffice.Organization{
		ID: access.OrganizationID(text.ID), Name: text.Name, DistributorCode: text.DistributorCode, Zone: text.Zone, Currency: text.Currency,
		StrictSums: text.StrictSums, Pages: text.Pages, Callbacks: text.Callbacks,
	}
	f.readReview(d, text.Review)
	for name, list := range map[string][]string{"pages": text.Pages, "callbacks": text.Callbacks} {
		if len(list) > maxListed {
			d.at("/"+name, "%s has %d entries; at most %d are allowed", name, len(list), maxListed)
		}
	}
	for i, page := range text.Pages {
		if !boxoffice.IsPage(page) {
			d.at(fmt.Sprintf("/pages/%d", i), "a page is %s; https://HOST or https://HOST/PATH is allowed, without a query", shown(page))
		}
	}
	for i, host := range text.Callbacks {
		if !boxoffice.IsHost(host) {
			d.at(fmt.Sprintf("/callbacks/%d", i), "a host of callbacks is %s; a name such as api.example.com is allowed, in small letters", shown(host))
		}
	}
	return len(report.Problems)+report.More == before, nil
}

func (f *folder) readReview(d *document, text *reviewText) {
	if text == nil {
		return
	}
	policy, ok := reviewPolicies[text.Policy]
	if !ok {
		d.at("/review/policy", "policy is %s; none, above and all are allowed", shown(text.Policy))
	}
	f.organization.Review = policy
	if policy != boxoffice.ReviewLarge {
		if text.Above != nil {
			d.at("/review/above", "above stands beside another policy than above")
		}
		return
	}
	digits := boxoffice.CurrencyDigits(f.organization.Currency)
	minor, ok := amount(string(text.Above), digits)
	if !ok {
		d.at("/review/above", "above is %s; a number with at most %d digits after the point is allowed", string(text.Above), digits)
	}
	f.organization.ReviewAbove = minor
}

// written is the organization as its file has it.
func written(o boxoffice.Organization) organizationText {
	text := organizationText{
		ID: int64(o.ID), Name: o.Name, DistributorCode: o.DistributorCode, Zone: o.Zone, Currency: o.Currency,
		StrictSums: o.StrictSums, Pages: o.Pages, Callbacks: o.Callbacks,
	}
	switch o.Review {
	case boxoffice.ReviewLarge:
		above := boxoffice.FormatMinor(o.ReviewAbove, boxoffice.CurrencyDigits(o.Currency))
		text.Review = &reviewText{Policy: "above", Above: jsontext.Value(above)}
	case boxoffice.ReviewAll:
		text.Review = &reviewText{Policy: "all"}
	case boxoffice.ReviewNone:
	}
	return text
}
