package web

import (
	"testing"

	"github.com/seatlink/seatlink/internal/boxoffice"
)

func TestPaperIsWhatIsAskedForElseTheCountrys(t *testing.T) {
	tests := []struct {
		name, word, currency string
		want                 paper
		known                bool
	}{
		{"the United States", "", "USD", letter, true},
		{"Canada", "", "CAD", letter, true},
		{"Brazil, which is in America too", "", "BRL", a4, true},
		{"Germany", "", "EUR", a4, true},
		{"a house without a currency", "", "", a4, true},
		{"A4 in the United States", "a4", "USD", a4, true},
		{"Letter in Germany", "letter", "EUR", letter, true},
		{"in capitals", "A4", "USD", a4, true},
		{"another paper", "a5", "EUR", paper{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, known := paperOf(tt.word, boxoffice.Organization{Currency: tt.currency})
			if got != tt.want || known != tt.known {
				t.Errorf("paperOf(%q, %s) = %v, %v; want %v, %v", tt.word, tt.currency, got, known, tt.want, tt.known)
			}
		})
	}
}
