package marketplace

import (
	"math/rand/v2"
	"testing"

	"github.com/seatlink/seatlink/link"
)

// Whatever the currency and the prices, the sums are those that a strict venue wants:
// what is paid is all prices and fees, and the sellers get no more than the prices.
func TestBillsAddUp(t *testing.T) {
	t.Parallel()
	for _, v := range []Venue{{Currency: "JPY"}, {Currency: "USD", Digits: 2}, {Currency: "KWD", Digits: 3}} {
		for range 2_000 {
			var prices []link.Amount
			var want, fees, sellers int64
			for range rand.IntN(maxCart) + 1 {
				minor := rand.Int64N(1 << rand.IntN(40))
				prices = append(prices, link.Minor(minor, v.Digits))
				fees += (minor*buyersShare + 50) / 100
				sellers += (minor*(100-sellersShare) + 50) / 100
				want += minor
			}
			b, err := v.bill(prices)
			if err != nil {
				t.Fatalf("%s: bill(%v): %v", v.Currency, prices, err)
			}
			if b.Prices != link.Minor(want, v.Digits) || b.Fees != link.Minor(fees, v.Digits) || b.Total != link.Minor(want+fees, v.Digits) || b.Seller != link.Minor(sellers, v.Digits) || b.Seller.Compare(b.Total) > 0 {
				t.Fatalf("%s: bill(%v) = %+v", v.Currency, prices, b)
			}
		}
	}
}

func TestAmountsAreShownWithAllTheirDigits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		digits int
		minor  int64
		want   string
	}{{2, 4500, "X 45.00"}, {2, 4550, "X 45.50"}, {2, 5, "X 0.05"}, {0, 45, "X 45"}, {3, 45100, "X 45.100"}, {2, 0, "X 0.00"}} {
		if got := (Venue{Currency: "X", Digits: tt.digits}).show(link.Minor(tt.minor, tt.digits)); got != tt.want {
			t.Errorf("show(%d) with %d digits = %q, want %q", tt.minor, tt.digits, got, tt.want)
		}
	}
}
