package boxoffice

import (
	"time"

	"github.com/seatlink/seatlink/internal/access"
)

// An Organization is a venue's data account with its rules.
type Organization struct {
	ID              access.OrganizationID
	Name            string
	DistributorCode string // such as AMTX
	Zone            string // IANA name, such as America/Chicago
	Currency        string // ISO 4217, such as USD
	StrictSums      bool   // refuse orders whose sums do not reconcile
	CatalogVersion  int64  // grows whenever an event of it changes
	Review          Review // which orders wait for the operator
	ReviewAbove     int64  // of ReviewLarge, in minor units: an order above it waits
	// Pages are the base URLs that acceptance pages of transfers may have
	// (contract.md call 10), Callbacks the hosts that asyncCallbackUrl may name; of
	// Callbacks none means any.
	Pages, Callbacks []string
}

// A Review policy says which orders stay PENDING until the operator decides
// (contract.md call 6).
type Review string

// The policies of review.
const (
	ReviewNone  Review = ""
	ReviewLarge Review = "above" // those that were paid more than ReviewAbove, fees included
	ReviewAll   Review = "all"
)

// Location is the organization's time zone; UTC where the name is not known.
func (o Organization) Location() *time.Location {
	zone, err := time.LoadLocation(o.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// CurrencyDigits is the number of fraction digits of a currency (ISO 4217).
func CurrencyDigits(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}
