package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/house"
)

// A demoStory is what a visitor of the demo needs to know.
type demoStory struct {
	URL      string
	Market   string // of the marketplace beside it; "" where there is none
	Partners []demoPartner

	data, db string
	currency map[access.OrganizationID]string
	house    house.Demo
	made     time.Time
}

// A demoPartner can come in.
type demoPartner struct {
	Name          string                  `json:"name"`
	Application   access.ApplicationID    `json:"applicationId"`
	APIKey        string                  `json:"apiKey"`
	Channel       access.Channel          `json:"channelCode"`
	Code          string                  `json:"authorizationCode"` // good for 7 days, until its pair is used
	Organizations []access.OrganizationID `json:"organizations"`
}

// demoFile is the form of --json.
type demoFile struct {
	URL           string             `json:"url"`
	DB            string             `json:"db"`
	Organizations []demoOrganization `json:"organizations"`
	Partners      []demoPartner      `json:"partners"`
	Listings      []house.Listing    `json:"listings"`
	Barcodes      []house.Barcode    `json:"barcodes"`
	Patrons       []house.Patron     `json:"patrons"`
}

type demoOrganization struct {
	ID              access.OrganizationID `json:"id"`
	DistributorCode string                `json:"distributorCode"`
	Name            string                `json:"name"`
	Currency        string                `json:"currency"`
}

// write puts the file where programs look for it, once all in it holds.
func (s demoStory) write(path string) error {
	file := demoFile{
		URL: s.URL, DB: s.db, Partners: s.Partners, Organizations: s.organizations(),
		Listings: s.house.Listings, Barcodes: s.house.Barcodes, Patrons: s.house.Patrons,
	}
	return writeWhole(path, file)
}

func (s demoStory) organizations() (list []demoOrganization) {
	for _, o := range s.house.Organizations {
		list = append(list, demoOrganization{o.ID, o.DistributorCode, o.Name, s.currency[o.ID]})
	}
	return list
}

// listingFor is the first listing of a channel.
func (s demoStory) listingFor(channel access.Channel) boxoffice.ListingID {
	for _, l := range s.house.Listings {
		if l.Channel == channel {
			return l.ID
		}
	}
	return ""
}

// show tells a person where things are and how to sell a ticket.
func (s demoStory) show(out io.Writer) {
	partner := s.Partners[0]
	var organizations []string
	for _, o := range s.house.Organizations {
		organizations = append(organizations, fmt.Sprintf("%d %s (%s), %d tickets", o.ID, o.Name, o.DistributorCode, o.Tickets))
	}
	// What is written is a terminal's: a failure is nobody's to mend.
	_ = storyText.Execute(out, map[string]any{
		"URL": s.URL, "Market": s.Market, "Data": s.data, "DB": shown(s.db), "Organizations": organizations, "Partner": partner,
		"Listing": s.listingFor(partner.Channel), "Barcode": s.barcodeOf(partner), "Patron": s.patron(), "Order": "demo-" + strings.ToLower(fmt.Sprintf("%x", time.Now().UnixNano())),
		"Ends": s.made.AddDate(0, 0, 30).Format(time.DateOnly),
	})
}

// patron is one whose seats the marketplace beside the demo may list.
func (s demoStory) patron() *house.Patron {
	for i, p := range s.house.Patrons {
		if slices.Contains(s.Partners[len(s.Partners)-1].Organizations, p.Organization) {
			return &s.house.Patrons[i]
		}
	}
	return nil
}

func (s demoStory) barcodeOf(p demoPartner) house.Barcode {
	for _, b := range s.house.Barcodes {
		if b.Organization == p.Organizations[len(p.Organizations)-1] {
			return b
		}
	}
	return house.Barcode{}
}

// storyText is what the demo prints. The lines between the two rules are pasted
// into sh, the whole sale in order; a test runs them as they stand.
var storyText = template.Must(template.New("story").Parse(`
seatlink is ready
  start page    {{.URL}}/
{{with .Patron}}  MyAccount     {{$.URL}}/myaccount  (sign in as {{.Email}} with {{.Password}})
{{end}}{{with .Market}}  marketplace   {{.}}/
{{end}}  partner API   {{.URL}}/v1
  the contract  {{.URL}}/docs
  health        {{.URL}}/livez  {{.URL}}/readyz
  data folder   {{.Data}}  (its listings end on {{.Ends}}; remove the folder for a fresh house)
{{range .Organizations}}  organization  {{.}}
{{end}}
A whole sale, from access token to ticket, and the ticket given away. Paste this into sh (the code is good until its access token is used):
----------------------------------------------------------------------
api() { curl -sS "$@" -H "Authorization: Bearer $ACCESS" -H 'PAC-Application-ID: {{.Partner.Application}}' -H 'PAC-API-Key: {{.Partner.APIKey}}' -H 'PAC-Channel-Code: {{.Partner.Channel}}' -H 'PAC-Organization-ID: 999' -H 'Content-Type: application/json' -A 'Demo/1.0'; echo; }
first() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }

# 1. an access token for the authorization code
PAIR=$(curl -sS {{.URL}}/v1/auth/token -H 'Content-Type: application/json' -d '{"grantType":"authorization_code","code":"{{.Partner.Code}}"}'); echo "$PAIR"
ACCESS=$(echo "$PAIR" | first accessToken)

# 2. the catalog of organization 999
api '{{.URL}}/v1/catalog/events' --compressed | cut -c 1-600

# 3. a listing that a patron made in MyAccount; one of its tickets
LISTING=$(api {{.URL}}/v1/listings/{{.Listing}}); echo "$LISTING"
TOKEN=$(echo "$LISTING" | first token)

# 4. is a ticket valid? by its barcode, and by its token
api {{.URL}}/v1/tickets/verify -d '{"tickets":[{"accessId":"{{.Barcode.Event}}","barcodes":["{{.Barcode.Barcode}}"]}]}'
api {{.URL}}/v1/tickets/verify -d '{"tickets":[{"tokens":["'$TOKEN'"]}]}'

# 5. lock it while it is listed
api -X PUT {{.URL}}/v1/tickets/lock -d '{"source":"MY_ACCOUNT","listing":{"externalListingId":"L-1","totalPrice":100,"tokens":[{"token":"'$TOKEN'","individualPrice":100}]}}'

# 6. sell it to a buyer
SALE=$(api {{.URL}}/v1/cart/complete-order -d '{"listing":[{"externalListingId":"L-1","externalOrderId":"{{.Order}}","totalPrice":100,"totalFees":4,"tokens":[{"token":"'$TOKEN'","individualPrice":100,"individualFees":4}]}],"buyer":[{"firstName":"Ada","lastName":"Example","emailAddress":{"email":"ada@example.com"}}],"settlement":[{"totalAmountPaid":104,"amountToSeller":90}]}'); echo "$SALE"
PROCESS=$(echo "$SALE" | first processId)

# 7. what became of the order
api {{.URL}}/v1/cart/complete-order/$PROCESS

# 8. the ticket: open the url in a browser
PRINT=$(api {{.URL}}/v1/tickets/print -d '{"externalOrderId":"{{.Order}}","tokens":["'$TOKEN'"]}'); echo "$PRINT"
curl -sS "$(echo "$PRINT" | first url)" | grep -o '<title>.*</title>'

# 9. give it to a friend: open the url in a browser to accept or decline; the mails are in {{.Data}}/mails
GIFT=$(api {{.URL}}/v1/tickets/transfer -d '{"transferRequests":[{"externalTransferId":"{{.Order}}","recipient":{"email":"juan@example.com","recipientFirstName":"Juan","recipientLastName":"Example"},"items":[{"externalOrderId":"{{.Order}}","tokens":["'$TOKEN'"]}]}]}'); echo "$GIFT"
curl -sS "$(echo "$GIFT" | first url)" | grep -o '<title>.*</title>'
----------------------------------------------------------------------
What a subscriber hears of it, as it happens (in another terminal):
  seatlink listen --channel {{.Partner.Channel}} --organization 999 --echo --db {{.DB}}

Ctrl-C stops the server; the house stays for the next time.
`))
