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
}

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
