package files_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seatlink/seatlink/internal/house/files"
)

func TestTheHallIsGood(t *testing.T) {
	r := check(t, build(t, hall()))
	if !r.Good() {
		t.Fatalf("the hall has problems:\n%s", problems(r))
	}
	if r.Organizations != 1 || r.Manifests != 1 || r.Events != 3 || r.Patrons != 3 || r.Tickets != 6 || r.Listings != 1 {
		t.Errorf("the hall is counted as %+v", r)
	}
}

func TestEachMistakeIsToldWithFileLineAndColumn(t *testing.T) {
	for _, tt := range []struct {
		name, file, old, text string
		want                  string // the beginning of the only problem
	}{
		{"a zone that is none", "organization.json", `"America/Chicago"`, `"Mars/Base"`, `organization.json:5:3: zone is "Mars/Base"; a name of the IANA`},
		{"the zone of the machine", "organization.json", `"America/Chicago"`, `"Local"`, `organization.json:5:3: zone is "Local"`},
		{"a currency that is none", "organization.json", `"USD"`, `"USX"`, `organization.json:6:3: currency is "USX"; a code of ISO 4217`},
		{"a currency in small letters", "organization.json", `"USD"`, `"usd"`, `organization.json:6:3: currency is "usd"`},
		{"an unknown field", "organization.json", `"name"`, `"title"`, `organization.json:3:3: there is no field "title" here`},
		{"a field twice", "organization.json", `"name": "Seven Theatre"`, `"zone": "UTC"`, `organization.json:5:3: "zone" is there twice`},
		{"a number that is a string", "organization.json", `7,`, `"7",`, `organization.json:2:3: /id is of a kind or size that is not allowed here: a string`},
		{"no JSON", "organization.json", `"id": 7,`, `"id": 7`, `organization.json:3:3: is no JSON: `},
		{"a policy that is none", "organization.json", `"policy": "above"`, `"policy": "some"`, `organization.json:7:14: policy is "some"; none, above and all`},
		{"too many digits of review", "organization.json", `500.50`, `500.505`, `organization.json:7:33: above is 500.505; a number with at most 2 digits`},
		{"a page without https", "organization.json", `https://seven`, `http://seven`, `organization.json:8:13: a page is "http://seven.example/my"; https://`},
		{"a host that is an address", "organization.json", `api.partner.example`, `https://api.partner.example`, `organization.json:9:17: a host of callbacks is `},
		{"a distributor code with a space", "organization.json", `"SEVN"`, `"SE VN"`, `organization.json:4:3: distributorCode is "SE VN"; a code has 1 to 32`},

		{"a season twice", "seasons.csv", "F26,Fall 2026\n", "F26,Fall 2026\nF26,Fall\n", `seasons.csv:3:1: code is "F26", which stands on an earlier line too`},
		{"a season with a space", "seasons.csv", "F26", "F 26", `seasons.csv:2:1: code is "F 26"; a code has`},
		{"an unknown column", "seasons.csv", "code,name", "code,title", `seasons.csv:1:6: there is no column "title"; the columns are code,name`},
		{"a missing column", "seasons.csv", "code,name\nF26,Fall 2026", "name\nFall 2026", `seasons.csv:1:1: the column code is missing`},
		{"a column twice", "seasons.csv", "code,name", "code,code", `seasons.csv:1:6: the column code is there twice`},
		{"semicolons for commas", "seasons.csv", "code,name", "code;name", `seasons.csv:1:1: the columns are not separated by commas`},
		{"an empty file", "seasons.csv", "code,name\nF26,Fall 2026\n", "\n", `seasons.csv:1:1: is empty; its first line names the columns: code,name`},

		{"a seat twice in a row", "manifests/hall.json", `"3", "5"`, `"3", "1"`, `manifests/hall.json:7:42: the seat "1" is in the row twice`},
		{"a row twice", "manifests/hall.json", `"row": "101.5"`, `"row": "A"`, `manifests/hall.json:8:10: the row "A" is there twice`},
		{"seats and their count", "manifests/hall.json", `"count": 3`, `"count": 3, "seats": ["1"]`, `manifests/hall.json:9:23: a row has seats, or the count`},
		{"a manifest of an unknown season", "manifests/hall.json", `"configuration": "C",`, `"configuration": "C", "season": "X26",`, `manifests/hall.json:3:25: season is "X26", which seasons.csv does not have`},
		{"more seats than there may be", "manifests/hall.json", `"count": 3`, `"count": 300000`, `manifests/hall.json:4:3: the manifest has 300005 seats; 1 to 250000`},

		{"an event twice", "events.csv", "F26,P01,SINGLE,Parking", "F26,F01,SINGLE,Parking", `events.csv:3:5: item is "F01", which stands in the same season`},
		{"an event of an unknown season", "events.csv", "F26,FUND", "F27,FUND", `events.csv:4:1: season is "F27", which seasons.csv does not have`},
		{"a kind that is none", "events.csv", "DONATION", "GIFT", `events.csv:4:10: basis is "GIFT"; SINGLE, COMBO`},
		{"a day that is in no calendar", "events.csv", "Parking,2026-10-03,", "Parking,2026-02-30,", `events.csv:3:24: start is "2026-02-30"; a day is written 2026-10-03 and must be in the calendar`},
		{"an hour that does not exist", "events.csv", "2026-10-03T19:30:00-05:00", "2026-10-03T25:30:00-05:00", `events.csv:2:30: start is "2026-10-03T25:30:00-05:00"; an instant is written`},
		{"a time without an offset", "events.csv", "2026-10-03T19:30:00-05:00", "2026-10-03 19:30:00", `events.csv:2:30: start is "2026-10-03 19:30:00", which has no offset`},
		{"an end before the start", "events.csv", "2026-10-03T22:00:00-05:00", "2026-10-03T19:00:00-05:00", `events.csv:2:56: end is "2026-10-03T19:00:00-05:00", which is before the start`},
		{"a price type without a name", "events.csv", "A=Adult; S=Season", "A=Adult; S", `events.csv:2:86: price_types has "S"; different codes`},
		{"an association with nothing", "events.csv", "PARKING=7:F26:F01", "PARKING=7:F26:F09", `events.csv:3:1: associations has "7:F26:F09", which is no accessId of this file`},

		{"a patron twice", "patrons.csv", "71,Ben", "70,Ben", `patrons.csv:4:1: id is "70", which stands on an earlier line too`},
		{"a name that is too long", "patrons.csv", "Ann", strings.Repeat("ä", 129), `patrons.csv:3:4: first_name has 129 characters; at most 128`},
		{"neither yes nor no", "patrons.csv", "Office,,no", "Office,,never", `patrons.csv:2:15: findable is "never"; yes and no are allowed`},
		{"a field too many", "patrons.csv", "Office,,no", "Office,,no,", `patrons.csv:2:1: the line has 6 fields, and the first line of the file 5 columns`},
		{"a field that is empty and must not be", "patrons.csv", "71,Ben", ",Ben", `patrons.csv:4:1: id is empty; it must hold up to 64 letters`},
		{"columns are counted in characters", "patrons.csv", "Ann,Example,family@example.com,", "李秀英,Éxample,a@example.com,maybe", `patrons.csv:3:30: findable is "maybe"`},
		{"a text that is not UTF-8", "patrons.csv", "Ann", "Ann\xe9", `patrons.csv:3:4: first_name is not UTF-8`},
		{"a quote in the middle", "patrons.csv", "Ann", `An"n`, `patrons.csv:3:6: a quote stands in a field that does not begin with one`},
		{"something behind a quote", "patrons.csv", "Ann", `"Ann"x`, `patrons.csv:3:8: a quote is not closed, or something follows it`},

		{"an unknown event", "tickets.csv", "T4,7:F26:F01", "T4,7:F26:F02", `tickets.csv:5:4: event is "7:F26:F02", which is no accessId of events.csv`},
		{"a ticket of a donation", "tickets.csv", "T4,7:F26:F01", "T4,7:F26:FUND", `tickets.csv:5:4: event is "7:F26:FUND", which is a DONATION; only a SINGLE`},
		{"an unknown owner", "tickets.csv", "3,71,B2", "3,72,B2", `tickets.csv:3:22: owner is "72", which is no id of patrons.csv`},
		{"a token twice", "tickets.csv", "T2,", "T1,", `tickets.csv:3:1: token is "T1", which stands on an earlier line too`},
		{"a barcode twice at an event", "tickets.csv", "B2", "B1", `tickets.csv:3:25: barcode stands on an earlier line of the same event 7:F26:F01 too`},
		{"a seat twice at an event", "tickets.csv", "A,3,71", "A,1,71", `tickets.csv:3:20: seat is "1", and an earlier line has a ticket of the same event`},
		{"a seat that is in no manifest", "tickets.csv", "A,3,71", "A,4,71", `tickets.csv:3:20: seat is "4": section "U:1" has no such seat in row "A", by manifests/hall.json`},
		{"a seat left out where it is reserved", "tickets.csv", "A,3,71", "A,,71", `tickets.csv:3:20: seat or row is empty; only general admission`},
		{"one place too many", "tickets.csv", "T6,7:F26:P01,U:1,A,1,70,B1,,,", "T6,7:F26:F01,U:1,GA,4,70,B6,GA,,", `tickets.csv:7:21: seat is "4": section "U:1" has no such seat`},
		{"a price with too many digits", "tickets.csv", "104.50", "104.505", `tickets.csv:2:31: face is "104.505"; an amount in USD is written 123.45, with at most 2 digits`},
		{"a price below zero", "tickets.csv", "104.50", "-1", `tickets.csv:2:31: face is "-1"; an amount in USD`},
		{"a price with a comma", "tickets.csv", "104.50", `"104,50"`, `tickets.csv:2:31: face is "104,50"`},
		{"a price type that the event has not", "tickets.csv", "B3,,S", "B3,,Y", `tickets.csv:4:34: price_type is "Y", which is no code of the event's price_types`},
		{"a token that is too long", "tickets.csv", "T3,", strings.Repeat("T", 65) + ",", `tickets.csv:4:1: token is "TTT`},
		{"a token that is not ASCII", "tickets.csv", "T3,", "Tü,", `tickets.csv:4:1: token is "Tü"; it may have 1 to 64 printable ASCII`},
		{"a section with a space at its end", "tickets.csv", "T3,7:F26:F01,U:1", "T3,7:F26:F01,U:1 ", `tickets.csv:4:14: section is "U:1 "; a name of a section`},
		{"a seating that is none", "tickets.csv", "B5,GA", "B5,STANDING", `tickets.csv:6:26: seating is "STANDING"; RESERVED, GA are allowed`},

		{"a listing of an unknown token", "listings.csv", "T1;T2", "T1;T9", `listings.csv:2:12: tokens has "T9", which is no token of the tickets`},
		{"a listing of an unknown patron", "listings.csv", "amtx,70", "amtx,99", `listings.csv:2:9: patron is "99", which is no id of patrons.csv`},
		{"a listing that ends before it begins", "listings.csv", "2026-05-31", "2026-04-30", `listings.csv:2:39: expires is before created`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := check(t, build(t, swapped(t, tt.file, tt.old, tt.text)))
			// What follows from a mistake may be told too: a column that is missing hides the seasons.
			if r.Good() || !strings.HasPrefix(problems(r), tt.want) {
				t.Errorf("check told\n%s\nwant\n%s…", problems(r), tt.want)
			}
		})
	}
}

func TestFilesThatAreMissingOrStrangeAreTold(t *testing.T) {
	for _, tt := range []struct {
		name   string
		others map[string]string
		want   string
	}{
		{"no seasons", map[string]string{"seasons.csv": ""}, "seasons.csv: is missing; it may be empty but for its first line, code,name"},
		{"a misspelt file", map[string]string{"ticket.csv": "x"}, "ticket.csv: is no file of a house; those are"},
		{"a strange manifest", map[string]string{"manifests/hall.xml": "x"}, "manifests/hall.xml: is no file of a house"},
		{"patrons twice", map[string]string{"patrons.csv.gz": "x"}, "patrons.csv.gz: stands beside patrons.csv; one of the two is allowed"},
		{"a name that lies", map[string]string{"tickets/more.csv.gz": "token,event"}, "tickets/more.csv.gz: is not compressed with gzip"},
		{"UTF-16", map[string]string{"seasons.csv": "\xff\xfec\x00o\x00"}, "seasons.csv:1:1: is UTF-16; save it as CSV in UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := check(t, build(t, with(hall(), tt.others))); !strings.HasPrefix(problems(r), tt.want) {
				t.Errorf("check told\n%s\nwant\n%s…", problems(r), tt.want)
			}
		})
	}
}

func TestOrganizationsOfOneHouse(t *testing.T) {
	own := strings.NewReplacer(`"id": 7`, `"id": 8`, "SEVN", "EGHT", "7:F26", "8:F26", "\nT", "\nU", "T1;T2", "U1;U2", "\nL1", "\nL2")
	two := map[string]string{}
	for name, text := range hall() {
		two["a/"+name], two["b/"+name] = text, own.Replace(text)
	}
	for _, tt := range []struct {
		name   string
		others map[string]string
		want   string
	}{
		{"are told apart", nil, ""},
		{"may not have one id", map[string]string{"b/organization.json": strings.Replace(hall()["organization.json"], "SEVN", "EGHT", 1)}, "b/organization.json:1:1: id is 7, and so it is in a/organization.json"},
		{"may not have one distributor code", map[string]string{"b/organization.json": strings.Replace(hall()["organization.json"], `"id": 7`, `"id": 8`, 1)}, `b/organization.json:1:1: distributorCode is "SEVN", and so it is in a/organization.json`},
		{"may not share a token", map[string]string{"b/tickets.csv": strings.ReplaceAll(hall()["tickets.csv"], "7:F26", "8:F26"), "b/listings.csv": ""}, `b/tickets.csv:2:1: token is "T1", which stands on an earlier line too`},
		{"are all read", map[string]string{"b/organization.json": ""}, "b: has no organization.json"},
		{"have nothing beside them", map[string]string{"tickets.csv": "x"}, "tickets.csv: is no file of a house: it stands beside"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := check(t, build(t, with(two, tt.others)))
			if got := problems(r); tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
				t.Errorf("check told\n%s\nwant\n%s…", got, tt.want)
			}
		})
	}
}

func TestFiftyProblemsAreToldAndTheOthersCounted(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("id,findable\n1,no\n70,\n71,\n")
	for n := range 70 {
		fmt.Fprintf(&rows, "p%d,maybe\n", n)
	}
	r := check(t, build(t, with(hall(), map[string]string{"patrons.csv": rows.String()})))
	if len(r.Problems) != 50 || r.More != 20 {
		t.Errorf("%d problems were told and %d more; want 50 and 20", len(r.Problems), r.More)
	}
	if last := r.Problems[49]; last.Line != 54 || last.Column != 5 {
		t.Errorf("the fiftieth problem is at %d:%d; want 54:5", last.Line, last.Column)
	}
}

func TestAQuoteThatNothingClosesTakesNoMoreThanAMegabyte(t *testing.T) {
	text := "id,first_name\n1,\n70,\n71,\n72,\"Ann\n" + strings.Repeat("a line of some length\n", 100_000)
	r := check(t, build(t, with(hall(), map[string]string{"patrons.csv": text})))
	want := "patrons.csv:5:1: a line that begins here or soon after is longer than 1 MiB, most likely for a quote that nothing closes"
	if len(r.Problems) != 1 || !strings.HasPrefix(problems(r), want) {
		t.Errorf("check told\n%s\nwant\n%s", problems(r), want)
	}
	r = check(t, build(t, swapped(t, "patrons.csv", "70,Ann", `70,"Ann`)))
	if want := "patrons.csv:3:1: a quote that is opened on this line is not closed as it should be: the field goes on to line "; !strings.HasPrefix(problems(r), want) {
		t.Errorf("check told\n%s\nwant\n%s", problems(r), want)
	}
}

func TestOneBadLineOfManyIsFound(t *testing.T) {
	const lines, bad = 60_000, 43_210
	var rows strings.Builder
	rows.WriteString("token,event,section,row,seat,owner,barcode,face\n")
	for n := 2; n <= lines; n++ {
		face := "12.50"
		if n == bad {
			face = "12.5O" // an O
		}
		fmt.Fprintf(&rows, "T%d,7:F26:F01,U:1,A,%d,70,B%d,%s\n", n, n, n, face)
	}
	house := with(hall(), map[string]string{"tickets.csv": rows.String(), "manifests/hall.json": "", "listings.csv": ""})
	r := check(t, build(t, house))
	if want := fmt.Sprintf(`tickets.csv:%d:40: face is "12.5O"; `, bad); len(r.Problems) != 1 || !strings.HasPrefix(problems(r), want) {
		t.Errorf("check told\n%s\nwant\n%s…", problems(r), want)
	}
	if r.Tickets != lines-2 {
		t.Errorf("%d tickets are good; want %d", r.Tickets, lines-2)
	}
}

func TestAFolderThatIsNoHouseIsAnError(t *testing.T) {
	for _, root := range []string{t.TempDir(), filepath.Join(t.TempDir(), "nowhere")} {
		if _, err := files.Check(t.Context(), root, nil); err == nil {
			t.Errorf("Check(%s) = nil; want an error", root)
		}
	}
	root := build(t, hall())
	if err := os.Remove(filepath.Join(root, "organization.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Check(t.Context(), root, nil); err == nil || !strings.Contains(err.Error(), "neither it nor a folder in it has the file organization.json") {
		t.Errorf("Check without organization.json = %v", err)
	}
}
