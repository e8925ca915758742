package boxoffice_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/seatlink/seatlink/internal/access"
	"github.com/seatlink/seatlink/internal/boxoffice"
)

func newPersonKeys(t *testing.T) boxoffice.PersonKeys {
	t.Helper()
	ring, err := access.CreateKeyring(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return boxoffice.NewPersonKeys(ring)
}

func TestPersonKeysKnowAPersonAgain(t *testing.T) {
	home := boxoffice.Address{Lines: []string{"123 Main Street"}, Locality: "Irvine", PostalCode: "92627", CountryCode: "US"}
	named := boxoffice.Contact{FirstName: "Tony", LastName: "Stark", Addresses: []boxoffice.Address{home}}
	moved := named
	moved.Addresses = []boxoffice.Address{{Lines: []string{"1 Other Street"}}}
	spelled := boxoffice.Contact{FirstName: " TONY", LastName: "stark ", Addresses: []boxoffice.Address{
		{Lines: []string{"123  main street"}, Locality: "IRVINE", PostalCode: "92627", CountryCode: "us"}, {Locality: "second home"},
	}}
	mail := func(address string) boxoffice.Contact {
		return boxoffice.Contact{FirstName: "Any", Emails: []boxoffice.Email{{Address: address}}, Phones: []boxoffice.Phone{{Number: "1"}}}
	}
	phone := func(p boxoffice.Phone) boxoffice.Contact {
		return boxoffice.Contact{FirstName: "Any", Phones: []boxoffice.Phone{p}}
	}
	for _, tt := range []struct {
		name     string
		one, two boxoffice.Contact
		same     bool
	}{
		{"a mail address in other letters", mail("tony@example.com"), mail(" Tony@Example.COM "), true},
		{"another mail address", mail("tony@example.com"), mail("eve@example.com"), false},
		{"a phone written otherwise", phone(boxoffice.Phone{Number: "7149999999"}), phone(boxoffice.Phone{Formatted: "(714) 999-9999"}), true},
		{"full-width digits", phone(boxoffice.Phone{Number: "714"}), phone(boxoffice.Phone{Number: "７１４"}), true},
		{"another phone", phone(boxoffice.Phone{Number: "7149999999"}), phone(boxoffice.Phone{Number: "7149999998"}), false},
		{"a mail address that is spelled as a phone", mail("714"), phone(boxoffice.Phone{Number: "714"}), false},
		{"names and address in other letters", named, spelled, true},
		{"the same name at another address", named, moved, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys := newPersonKeys(t)
			one, two := keys.PersonKeys(tt.one), keys.PersonKeys(tt.two)
			if same := one[0] == two[0]; same != tt.same {
				t.Errorf("identified by %s and %s; want the same: %v", one[0], two[0], tt.same)
			}
		})
	}
}

func TestPersonKeysComeInTheOrderOfTheirWorth(t *testing.T) {
	keys := newPersonKeys(t)
	all := boxoffice.Contact{LastName: "Stark", Emails: []boxoffice.Email{{Address: ""}, {Address: "t@example.com"}}, Phones: []boxoffice.Phone{{Number: "x"}, {Number: "714"}}}
	var want []boxoffice.PersonKey
	for _, part := range []boxoffice.Contact{{Emails: all.Emails}, {Phones: all.Phones}, {LastName: "Stark"}} {
		want = append(want, keys.PersonKeys(part)...)
	}
	if got := keys.PersonKeys(all); len(got) != 3 || !slices.Equal(got, want) {
		t.Errorf("PersonKeys = %v; want mail, phone and name, %v", got, want)
	}
	if got := keys.PersonKeys(boxoffice.Contact{}); len(got) != 0 {
		t.Errorf("PersonKeys of nobody = %v; want none", got)
	}
	if other := newPersonKeys(t).PersonKeys(all); other[0] == want[0] {
		t.Error("two installations know the person by the same key")
	}
}
