package files_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/house/files"
)

// hall is a small house that has nothing wrong.
func hall() map[string]string {
	return map[string]string{
		"organization.json": `{
  "id": 7,
  "name": "Seven Theatre",
  "distributorCode": "SEVN",
  "zone": "America/Chicago",
  "currency": "USD",
  "review": {"policy": "above", "above": 500.50},
  "pages": ["https://seven.example/my"],
  "callbacks": ["api.partner.example"]
}
`,
		"seasons.csv": "code,name\nF26,Fall 2026\n",
		"manifests/hall.json": `{
  "facility": {"code": "H", "name": "Hall"},
  "configuration": "C",
  "areas": [
    {"code": "U", "name": "Upper", "sections": [
      {"section": "U:1", "rows": [
        {"row": "A", "seats": ["1", "3", "5"]},
        {"row": "101.5", "seats": ["A-8", "101.5"]},
        {"row": "GA", "count": 3}]}]}]
}
`,
		"events.csv": `season,item,basis,name,start,end,facility,configuration,price_types,associations
F26,F01,SINGLE,Opening Night,2026-10-03T19:30:00-05:00,2026-10-03T22:00:00-05:00,H,C,A=Adult; S=Season,
F26,P01,SINGLE,Parking,2026-10-03,2026-10-03 TBD,H,C,,PARKING=7:F26:F01
F26,FUND,DONATION,Theatre Fund,,,,,,
`,
		"patrons.csv": `id,first_name,last_name,email,findable
1,Box,Office,,no
70,Ann,Example,family@example.com,
71,Ben,Example,family@example.com,
`,
		"tickets.csv": `token,event,section,row,seat,owner,barcode,seating,price_type,face
T1,7:F26:F01,U:1,A,1,70,B1,,A,104.50
T2,7:F26:F01,U:1,A,3,71,B2,,A,104.5
T3,7:F26:F01,U:1,101.5,A-8,1,B3,,S,0
T4,7:F26:F01,U:1,,,70,B4,GA,,
T5,7:F26:F01,U:1,,,70,B5,GA,,
T6,7:F26:P01,U:1,A,1,70,B1,,,
`,
		"listings.csv": "id,channel,patron,tokens,created,expires\nL1,amtx,70,T1;T2,2026-05-01T00:00:00Z,2026-05-31T00:00:00Z\n",
	}
}

// build writes files into a new folder.
func build(tb testing.TB, texts map[string]string) string {
	tb.Helper()
	root := tb.TempDir()
	for name, text := range texts {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return root
}

// with is a house in which some files are others; nothing is no file.
func with(house, others map[string]string) map[string]string {
	all := maps.Clone(house)
	for name, text := range others {
		if all[name] = text; text == "" {
			delete(all, name)
		}
	}
	return all
}

// swapped is the hall with one text in one file replaced.
func swapped(tb testing.TB, file, old, text string) map[string]string {
	tb.Helper()
	before := hall()[file]
	if strings.Count(before, old) != 1 {
		tb.Fatalf("%s has %q %d times; want once", file, old, strings.Count(before, old))
	}
	return with(hall(), map[string]string{file: strings.Replace(before, old, text, 1)})
}

func check(tb testing.TB, root string) *files.Report {
	tb.Helper()
	report, err := files.Check(tb.Context(), root, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return report
}

// problems are the report's, one a line.
func problems(r *files.Report) string {
	var lines []string
	for _, p := range r.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}
