package boxoffice_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

func TestAmounts(t *testing.T) {
	for _, tt := range []struct {
		text  string
		want  int64 // in cents
		err   error
		canon string
	}{
		{"0", 0, nil, "0"},
		{"-0", 0, nil, "0"},
		{"0.00", 0, nil, "0"},
		{"-0.0e7", 0, nil, "0"},
		{"0e99999999999999999999", 0, nil, "0"},
		{"104", 10400, nil, "104"},
		{"104.5", 10450, nil, "104.5"},
		{"50.00", 5000, nil, "50"},
		{"50.000000000000000000000000", 5000, nil, "50"},
		{"5e1", 5000, nil, "50"},
		{"5E+1", 5000, nil, "50"},
		{"500e-1", 5000, nil, "50"},
		{"0.5e2", 5000, nil, "50"},
		{"1e-2", 1, nil, "0.01"},
		{"0.01", 1, nil, "0.01"},
		{"10000000000", 1_000_000_000_000, nil, "10000000000"},
		{"1e10", 1_000_000_000_000, nil, "10000000000"},
		{"10000000000.01", 0, fault.AmountRange, "10000000000.01"},
		{"1e400", 0, fault.AmountRange, "beyond"},
		{"1e99999999999999999999", 0, fault.AmountRange, "beyond"},
		{"-1e400", 0, fault.AmountRange, "-beyond"},
		{"-0.01", 0, fault.AmountRange, "-0.01"},
		{"50.005", 0, fault.AmountInvalid, "50.005"},
		{"-50.005", 0, fault.AmountInvalid, "-50.005"},
		{"1e-400", 0, fault.AmountInvalid, ""},
		{"0.00001", 0, fault.AmountInvalid, ""},
		{"", 0, fault.AmountInvalid, ""},
		{"-", 0, fault.AmountInvalid, ""},
		{".5", 0, fault.AmountInvalid, ""},
		{"5.", 0, fault.AmountInvalid, ""},
		{"5e", 0, fault.AmountInvalid, ""},
		{"5e+", 0, fault.AmountInvalid, ""},
		{"0x5", 0, fault.AmountInvalid, ""},
		{"--5", 0, fault.AmountInvalid, ""},
		{"NaN", 0, fault.AmountInvalid, ""},
		{"5,0", 0, fault.AmountInvalid, ""},
		{"٥", 0, fault.AmountInvalid, ""},
	} {
		t.Run(tt.text, func(t *testing.T) {
			a, err := boxoffice.ParseAmount(tt.text)
			if err == nil {
				var got int64
				if got, err = a.Minor(2); got != tt.want {
					t.Errorf("Minor(2) = %d; want %d", got, tt.want)
				}
				if a.String() != tt.canon {
					t.Errorf("String() = %q; want %q", a, tt.canon)
				}
			} else if tt.canon != "" {
				t.Errorf("ParseAmount = %v; want %s", err, tt.canon)
			}
			if !errors.Is(err, tt.err) {
				t.Errorf("error is %v; want %v", err, tt.err)
			}
		})
	}
}

func TestMinorUnitsAreOfTheCurrency(t *testing.T) {
	for _, tt := range []struct {
		currency, text string
		want           int64
		err            error
	}{
		{"JPY", "1000000000000", 1_000_000_000_000, nil},
		{"JPY", "1000000000001", 0, fault.AmountRange},
		{"JPY", "0.5", 0, fault.AmountInvalid},
		{"KWD", "0.001", 1, nil},
		{"KWD", "1000000000.000", 1_000_000_000_000, nil},
		{"CLF", "0.0001", 1, nil},
		{"XXX", "0.01", 1, nil}, // unknown ones have two digits
	} {
		t.Run(tt.currency+" "+tt.text, func(t *testing.T) {
			a, err := boxoffice.ParseAmount(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.Minor(boxoffice.CurrencyDigits(tt.currency))
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Minor = %d, %v; want %d, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// jsonNumber draws any number that JSON can say, mostly ones that matter.
func jsonNumber(r *rapid.T) string {
	whole := rapid.StringMatching(`0|[1-9][0-9]{0,15}`).Draw(r, "whole")
	fraction := rapid.StringMatching(`(\.[0-9]{1,6}|\.[0-9]{1,4}0{0,20})?`).Draw(r, "fraction")
	exponent := rapid.StringMatching(`([eE][+-]?0{0,3}[0-9]{1,2})?`).Draw(r, "exponent")
	return rapid.SampledFrom([]string{"", "", "-"}).Draw(r, "sign") + whole + fraction + exponent
}

// An amount is exactly the number that was written, as exact arithmetic has it.
func TestAmountsAreExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text, digits := jsonNumber(r), rapid.IntRange(0, 4).Draw(r, "digits")
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			r.Fatalf("big.Rat does not read %q", text)
		}
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
		minor := new(big.Rat).Mul(exact, new(big.Rat).SetInt(scale))
		limit := new(big.Rat).SetInt64(1_000_000_000_000)
		var want error
		switch {
		case !minor.IsInt():
			want = fault.AmountInvalid
		case minor.Sign() < 0, minor.Cmp(limit) > 0:
			want = fault.AmountRange
		}

		var got int64
		a, err := boxoffice.ParseAmount(text)
		if err == nil {
			got, err = a.Minor(digits)
		}
		if !errors.Is(err, want) {
			r.Fatalf("%s in units of %d digits: %v; want %v", text, digits, err, want)
		}
		if want != nil {
			return
		}
		if minor.Cmp(new(big.Rat).SetInt64(got)) != 0 {
			r.Fatalf("%s in units of %d digits is %d; want %s", text, digits, got, minor.Num())
		}
		printed := boxoffice.FormatMinor(got, digits)
		if back, ok := new(big.Rat).SetString(printed); !ok || back.Cmp(exact) != 0 {
			r.Fatalf("%s is printed as %s", text, printed)
		}
		if strings.Contains(printed, ".") && strings.TrimRight(printed, "0.") != printed {
			r.Fatalf("%s is printed as %s, which is not the shortest form", text, printed)
		}
		if again, err := boxoffice.ParseAmount(printed); err != nil || again != a {
			r.Fatalf("%s reads back as %v, %v; want %v", printed, again, err, a)
		}
	})
}

func TestFormatMinor(t *testing.T) {
	for _, tt := range []struct {
		minor  int64
		digits int
		want   string
	}{
		{10400, 2, "104"}, {10450, 2, "104.5"}, {10405, 2, "104.05"}, {5, 2, "0.05"}, {0, 2, "0"}, {0, 0, "0"},
		{5000, 0, "5000"}, {1, 3, "0.001"}, {-5, 2, "-0.05"}, {-10400, 2, "-104"}, {1_000_000_000_000, 2, "10000000000"},
	} {
		t.Run(fmt.Sprint(tt.minor, " ", tt.digits), func(t *testing.T) {
			if got := boxoffice.FormatMinor(tt.minor, tt.digits); got != tt.want {
				t.Errorf("FormatMinor(%d, %d) = %q; want %q", tt.minor, tt.digits, got, tt.want)
			}
		})
	}
}
