package link_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write codes.go anew")

// The client knows every type and code of the catalogue (make docs-update writes
// them anew).
func TestTheCodesAreThoseOfTheCatalogue(t *testing.T) {
	text, err := os.ReadFile("../api/errors.json")
	if err != nil {
		t.Fatal(err)
	}
	var catalogue []struct{ Type, AppErrorCode, Description string }
	if err := json.Unmarshal(text, &catalogue); err != nil || len(catalogue) == 0 {
		t.Fatalf("%d lines in the catalogue, %v", len(catalogue), err)
	}
	var types, codes strings.Builder
	var seen []string
	for _, e := range catalogue {
		if !slices.Contains(seen, e.Type) {
			seen = append(seen, e.Type)
			fmt.Fprintf(&types, "\tType%s Type = %q\n", named(e.Type), e.Type)
		}
		fmt.Fprintf(&codes, "\tCode%s Code = %q // %s\n", named(e.AppErrorCode), e.AppErrorCode, e.Description)
	}
	want, err := format.Source(fmt.Appendf(nil, `package link

// A Type is the kind of an error: what a program does differently.
type Type string

// The types there are.
const (
%s)

// A Code is the fine word of an error.
type Code string

// The codes of the catalogue. A server may know more.
const (
%s)
`, &types, &codes))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("codes.go", want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("codes.go"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("codes.go is not made of api/errors.json (%v): make docs-update", err)
	}
}

// named is NOT_FOUND as NotFound.
func named(word string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(word, "_") {
		switch part {
		case "API", "ID", "URL":
			b.WriteString(part)
		default:
			b.WriteString(part[:1] + strings.ToLower(part[1:]))
		}
	}
	return b.String()
}
