package link_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/seatlink/seatlink/link"
)

func TestAmountsAreReadByValue(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"0", "0"}, {"-0", "0"}, {"0.00", "0"}, {"0e9", "0"}, {"104", "104"}, {"104.50", "104.5"}, {"50.00", "50"}, {"5e1", "50"},
		{"1.2345E+2", "123.45"}, {"1.0000000000000000000000", "1"}, {"5e-3", "0.005"}, {"-0.05", "-0.05"}, {"0.1", "0.1"}, {"1e17", "100000000000000000"},
		{"999999999999999999", "999999999999999999"}, {"0.000000000000000001", "0.000000000000000001"},
		{"1000000000000000000", ""}, {"0.0000000000000000001", ""}, {"1e18", ""}, {"1e999999999", ""}, {"1e", ""}, {"1.", ""}, {".5", ""},
		{"+1", ""}, {"--1", ""}, {"", ""}, {"-", ""}, {"1 ", ""}, {"1,5", ""}, {"0x10", ""}, {"NaN", ""}, {"1.2.3", ""}, {"1e1e1", ""}, {"१", ""},
	} {
		got, err := link.ParseAmount(tt.text)
		if (err == nil) != (tt.want != "") || err != nil && !errors.Is(err, link.ErrAmount) || err == nil && got.String() != tt.want {
			t.Errorf("ParseAmount(%q) = %v, %v; want %q", tt.text, got, err, tt.want)
		}
	}
}

func TestAmountsOfOneValueAreEqual(t *testing.T) {
	one, _ := link.ParseAmount("104.50")
	if two := link.Minor(10450, 2); one != two || one != link.Minor(1045000, 4) || one.Compare(two) != 0 {
		t.Errorf("104.50 is %#v read and %#v made", one, two)
	}
	if less := link.Minor(10449, 2); less.Compare(one) != -1 || one.Compare(less) != 1 {
		t.Errorf("%v is not less than %v", less, one)
	}
}

func TestAmountsInMinorUnitsAreNotRounded(t *testing.T) {
	a := link.Minor(10450, 2)
	if got, err := a.Minor(2); got != 10450 || err != nil {
		t.Errorf("Minor(2) = %d, %v; want 10450", got, err)
	}
	if got, err := a.Minor(0); !errors.Is(err, link.ErrAmount) {
		t.Errorf("104.5 in yen = %d, %v; want ErrAmount", got, err)
	}
	if got, err := link.Minor(math.MaxInt64, 0).Minor(2); !errors.Is(err, link.ErrAmount) {
		t.Errorf("the largest in cents = %d, %v; want ErrAmount", got, err)
	}
}

func TestSumsAreExact(t *testing.T) {
	tenth := link.Minor(1, 1)
	if got, err := link.Sum(tenth, tenth, tenth, link.Minor(-5, 2), link.Minor(2, 0)); got != link.Minor(225, 2) || err != nil {
		t.Errorf("Sum = %v, %v; want 2.25", got, err)
	}
	if got, err := link.Sum(); got != (link.Amount{}) || err != nil {
		t.Errorf("Sum() = %v, %v; want 0", got, err)
	}
	if got, err := link.Sum(link.Minor(999_999_999_999_999_999, 0), link.Minor(1, 0)); !errors.Is(err, link.ErrAmount) {
		t.Errorf("a sum of 19 digits = %v, %v; want ErrAmount", got, err)
	}
}

func TestAmountsAreNumbersInJSON(t *testing.T) {
	var got []link.Amount
	if err := json.Unmarshal([]byte(`[104, 104.50, 9007199254740993.25, null]`), &got); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if want := `[104,104.5,9007199254740993.25,0]`; string(text) != want || err != nil {
		t.Errorf("written again: %s, %v; want %s", text, err, want)
	}
	if err := json.Unmarshal([]byte(`"104"`), new(link.Amount)); !errors.Is(err, link.ErrAmount) {
		t.Errorf("a string was read as an amount: %v", err)
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"104.50", "5e1", "-0.05", "1e-18", "999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := link.ParseAmount(text)
		if err != nil {
			return
		}
		if again, err := link.ParseAmount(a.String()); again != a || err != nil {
			t.Errorf("%q is %v, and that read again %v, %v", text, a, again, err)
		}
		var number json.Number
		if json.Unmarshal([]byte(a.String()), &number) != nil {
			t.Errorf("%q is written as %s, which is no JSON", text, a)
		}
	})
}
