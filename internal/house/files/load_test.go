package files_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/house"
	"github.com/seatlink/seatlink/internal/house/files"
)

var now = time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)

// load loads a house into a new shelf; it must be good.
func load(tb testing.TB, root string) *shelf {
	tb.Helper()
	s := &shelf{}
	r, err := files.Load(tb.Context(), root, into(s, &shelf{}, known{}), now, nil)
	if err != nil || !r.Good() {
		tb.Fatalf("Load = %v, with problems\n%s", err, problems(r))
	}
	if s.finished != 1 {
		tb.Fatalf("the load was finished %d times; want once", s.finished)
	}
	return s
}

func TestTheHallLoads(t *testing.T) {
	s := load(t, build(t, hall()))
	if diff := gocmp.Diff([]boxoffice.Organization{{
		ID: 7, Name: "Seven Theatre", DistributorCode: "SEVN", Zone: "America/Chicago", Currency: "USD", Review: boxoffice.ReviewLarge, ReviewAbove: 50050,
		Pages: []string{"https://seven.example/my"}, Callbacks: []string{"api.partner.example"},
	}}, s.organizations); diff != "" {
		t.Errorf("organizations (-want +got):\n%s", diff)
	}
	kickoff := time.Date(2026, time.October, 4, 0, 30, 0, 0, time.UTC)
	if diff := gocmp.Diff([]boxoffice.Event{
		{
			ID: "7:F26:F01", Organization: 7, Season: "F26", Item: "F01", Basis: boxoffice.Single, Name: "Opening Night",
			Start: boxoffice.When{At: kickoff}, End: boxoffice.When{At: kickoff.Add(150 * time.Minute)}, Over: kickoff.Add(150 * time.Minute),
			FacilityCode: "H", FacilityName: "Hall", ConfigurationCode: "C", PriceTypes: map[string]string{"A": "Adult", "S": "Season"}, Secondary: true,
		},
		{
			ID: "7:F26:P01", Organization: 7, Season: "F26", Item: "P01", Basis: boxoffice.Single, Name: "Parking",
			Start: boxoffice.When{Date: "2026-10-03"}, End: boxoffice.When{Date: "2026-10-03"}, Over: time.Date(2026, time.October, 4, 5, 0, 0, 0, time.UTC),
			FacilityCode: "H", FacilityName: "Hall", ConfigurationCode: "C", Secondary: true,
			Associations: []boxoffice.Association{{Type: "PARKING", With: []boxoffice.EventID{"7:F26:F01"}}},
		},
		{ID: "7:F26:FUND", Organization: 7, Season: "F26", Item: "FUND", Basis: boxoffice.Donation, Name: "Theatre Fund", Secondary: true},
	}, s.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if len(s.patrons) != 3 || s.patrons[0].Keys != nil || !slices.Equal(s.patrons[1].Keys, s.patrons[2].Keys) || s.patrons[1].Keys[0] != "family@example.com" {
		t.Errorf("patrons are %+v; want a box office that is not to be found and a family that shares an address", s.patrons)
	}
	var seats []string
	for _, ticket := range s.tickets {
		seats = append(seats, fmt.Sprintf("%s %s %s %d", ticket.Row, ticket.Seat, ticket.SeatingType, ticket.Face))
	}
	want := []string{"A 1 RESERVED 10450", "A 3 RESERVED 10450", "101.5 A-8 RESERVED 0", "GA 1 GA 0", "GA 2 GA 0", "A 1 RESERVED 0"}
	if diff := gocmp.Diff(want, seats); diff != "" {
		t.Errorf("tickets (-want +got):\n%s", diff)
	}
	if m := s.manifests[0]; m.Seats() != 8 || m.FacilityName != "Hall" || !m.Changed.Equal(now) {
		t.Errorf("the manifest is %+v", m)
	}
	if got := s.listings[0]; !slices.Equal(got.Tokens, []boxoffice.Token{"T1", "T2"}) || got.Expires.Sub(got.Created) != 30*24*time.Hour {
		t.Errorf("the listing is %+v", got)
	}
}

// Files come from many programs and people.
func TestOdditiesOfRealFilesAreGood(t *testing.T) {
	compressed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, text)
		_ = z.Close()
		return b.String()
	}
	swap := func(file, old, text string) map[string]string { return swapped(t, file, old, text) }
	replaced := func(pairs ...string) map[string]string {
		r, all := strings.NewReplacer(pairs...), map[string]string{}
		for name, text := range hall() {
			all[name] = r.Replace(text)
		}
		return all
	}
	tickets := hall()["tickets.csv"]
	header, rest, _ := strings.Cut(tickets, "\n")
	for _, tt := range []struct {
		name  string
		house map[string]string
		holds func(*shelf) bool
	}{
		{"a byte order mark", replaced("code,name", "\xef\xbb\xbfcode,name", "{\n  \"id\"", "\xef\xbb\xbf{\n  \"id\""), func(s *shelf) bool { return s.seasons[0].Code == "F26" }},
		{"lines that end as on Windows", replaced("\n", "\r\n"), func(s *shelf) bool { return s.patrons[1].Contact.Emails[0].Address == "family@example.com" }},
		{"fields in quotes, with a comma and quotes", swap("patrons.csv", "Ann,Example", `"Ann, ""Annie""","Example"`), func(s *shelf) bool { return s.patrons[1].Contact.FirstName == `Ann, "Annie"` }},
		{"columns in another order and in capitals", swap("seasons.csv", "code,name\nF26,Fall 2026", "Name, CODE\nFall 2026,F26"), func(s *shelf) bool {
			return s.seasons[0] == boxoffice.Season{Organization: 7, Code: "F26", Name: "Fall 2026"}
		}},
		{"names in many scripts", swap("patrons.csv", "Ann,Example", "Ελένη,秀英 حداد"), func(s *shelf) bool {
			return s.patrons[1].Contact.FirstName == "Ελένη" && s.patrons[1].Contact.LastName == "秀英 حداد"
		}},
		{"a row and a seat in another script", replaced(`"row": "A"`, `"row": "二階"`, "U:1,A,", "U:1,二階,"), func(s *shelf) bool { return s.tickets[0].Row == "二階" }},
		{"a patron with nothing", swap("patrons.csv", "71,Ben,Example,family@example.com,", "71,,,,"), func(s *shelf) bool { return len(s.patrons[2].Contact.Emails) == 0 }},
		{"a currency without fractions", replaced(`"USD"`, `"JPY"`, "500.50", "5000", "104.50", "104.00", "104.5", "104"), func(s *shelf) bool { return s.tickets[1].Face == 104 && s.organizations[0].ReviewAbove == 5000 }},
		{"a currency of three digits", replaced(`"USD"`, `"KWD"`, "104.50", "104.505"), func(s *shelf) bool { return s.tickets[0].Face == 104505 && s.organizations[0].ReviewAbove == 500500 }},
		{"tickets in a folder and compressed", with(hall(), map[string]string{
			"tickets.csv": "", "tickets/1.csv": header + "\n" + strings.Join(strings.SplitAfter(rest, "\n")[:3], ""),
			"tickets/2.csv.gz": compressed(header + "\n" + strings.Join(strings.SplitAfter(rest, "\n")[3:], "")),
		}), func(s *shelf) bool { return len(s.tickets) == 6 && s.tickets[4].Seat == "2" }},
		{"no manifest: the seats are those of the tickets", with(hall(), map[string]string{"manifests/hall.json": ""}), func(s *shelf) bool {
			m := s.manifests[0]
			rows := m.Areas[0].Sections[0].Rows
			return len(s.manifests) == 1 && m.Season == "" && m.Facility == "H" && m.Seats() == 5 && rows[1].Row == "101.5" && rows[1].Seats[0] == "A-8" && rows[2].Count == 2
		}},
		{"a manifest of the season's own", swap("manifests/hall.json", `"configuration": "C",`, `"configuration": "C", "season": "F26",`), func(s *shelf) bool { return s.manifests[0].Season == "F26" }},
		{"a void ticket and another for its seat", swap("tickets.csv", header+"\n", header+",void,held\nT0,7:F26:F01,U:1,A,1,70,B0,,A,1,yes,\n"), nil},
		{"an event without a day", swap("events.csv", "2026-10-03,2026-10-03 TBD", ","), func(s *shelf) bool { return s.events[1].Start.IsZero() && s.events[1].Over.IsZero() }},
		{"a price type with a semicolon", swap("events.csv", "S=Season", `S=Season\; full\=all`), func(s *shelf) bool { return s.events[0].PriceTypes["S"] == "Season; full=all" }},
		{"no tickets, patrons and listings yet", with(hall(), map[string]string{"tickets.csv": "", "patrons.csv": "", "listings.csv": ""}), func(s *shelf) bool { return len(s.events) == 3 && len(s.tickets) == 0 }},
		{"a file that people leave", with(hall(), map[string]string{".DS_Store": "x", "README.txt": "x"}), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.HasPrefix(tt.name, "a void") { // all lines have as many fields
				tt.house["tickets.csv"] = padded(tt.house["tickets.csv"])
			}
			if s := load(t, build(t, tt.house)); tt.holds != nil && !tt.holds(s) {
				t.Errorf("it was loaded as %+v", s)
			}
		})
	}
}

// padded is CSV without quotes whose lines all have as many fields as the first.
func padded(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		lines[i] += strings.Repeat(",", strings.Count(lines[0], ",")-strings.Count(lines[i], ","))
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestAHouseThatIsWrittenLoadsAsItWas(t *testing.T) {
	made := &shelf{}
	if _, err := house.Make(t.Context(), made, plainKeys{}, house.Small, 3, now, nil); err != nil {
		t.Fatal(err)
	}
	made.tickets[5].Hold = boxoffice.Hold{Kind: boxoffice.HoldVenue, By: "stage; larger", Since: now}
	made.tickets[6].Void = true
	made.tickets[7].Attributes = []string{"ADA", `odd;\=`}
	made.patrons[3].Contact.Emails = []boxoffice.Email{{Address: "a@example.com", OptIn: true}, {Address: "b@example.com"}}
	made.patrons[3].Contact.Addresses = []boxoffice.Address{{Lines: []string{"", "second"}}, {Locality: "Elsewhere"}}
	made.patrons[3].Keys = plainKeys{}.PersonKeys(made.patrons[3].Contact)
	made.organizations[0].Review, made.organizations[0].ReviewAbove, made.organizations[1].Review = boxoffice.ReviewLarge, 105, boxoffice.ReviewAll
	root := filepath.Join(t.TempDir(), "house")
	if err := files.Write(root, made.pour(t)); err != nil {
		t.Fatal(err)
	}
	got := load(t, root)
	for i := range made.manifests {
		made.manifests[i].Changed = now
	}
	// Files have an organization's rows together.
	for _, s := range []*shelf{made, got} {
		slices.SortStableFunc(s.manifests, func(a, b boxoffice.Manifest) int { return cmp.Compare(a.Organization, b.Organization) })
		slices.SortStableFunc(s.listings, func(a, b boxoffice.Listing) int { return cmp.Compare(a.Organization, b.Organization) })
		s.finished = 0
	}
	for i := range made.events {
		if made.events[i].FacilityCode != "" && made.events[i].FacilityName == "" {
			t.Errorf("event %s has a facility without a name", made.events[i].ID)
		}
	}
	if diff := gocmp.Diff(made, got, gocmp.AllowUnexported(shelf{}, boxoffice.Tally{})); diff != "" {
		t.Errorf("after files the house is another one (-made +loaded):\n%.4000s", diff)
	}
	first, err := files.DigestOf(made.pour(t))
	if err != nil {
		t.Fatal(err)
	}
	again, err := files.DigestOf(got.pour(t))
	if diff := gocmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("the digests differ: %v\n%s", err, diff)
	}
	got.tickets[9].Face++
	other, err := files.DigestOf(got.pour(t))
	if err != nil || other.House == first.House || other.Files["129/patrons.csv"] != first.Files["129/patrons.csv"] {
		t.Errorf("another price makes digest %s of %s, and another one of the patrons: %v", other.House, first.House, err)
	}
}

// pour gives what the shelf keeps to another loader.
func (s *shelf) pour(tb testing.TB) func(boxoffice.Loader) error {
	tb.Helper()
	return func(l boxoffice.Loader) error {
		ctx := tb.Context()
		return cmp.Or(l.Organizations(ctx, s.organizations), l.Seasons(ctx, s.seasons), l.Manifests(ctx, s.manifests), l.Events(ctx, s.events),
			l.Patrons(ctx, s.patrons), l.Tickets(ctx, s.tickets), l.Listings(ctx, s.listings))
	}
}

func TestWrittenFilesAreTheirOwnersAlone(t *testing.T) {
	root := filepath.Join(t.TempDir(), "house")
	s := load(t, build(t, hall()))
	if err := files.Write(root, s.pour(t)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Write(root, s.pour(t)); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("Write over a folder = %v; want a refusal", err)
	}
	full := io.ErrShortWrite
	broken := filepath.Join(t.TempDir(), "broken")
	if err := files.Write(broken, func(boxoffice.Loader) error { return full }); err == nil {
		t.Error("Write of a house that breaks off = nil")
	}
	if left, _ := os.ReadDir(filepath.Dir(broken)); len(left) != 0 {
		t.Errorf("a house that broke off leaves %v", left)
	}
}

func TestControlCharactersOfPartnersBecomeSpaces(t *testing.T) {
	s := load(t, build(t, hall()))
	s.patrons[1].Contact.LastName = "Ex\r\nample\t"
	s.patrons[1].Contact.Emails = append([]boxoffice.Email{{}}, s.patrons[1].Contact.Emails...)
	root := filepath.Join(t.TempDir(), "house")
	if err := files.Write(root, s.pour(t)); err != nil {
		t.Fatal(err)
	}
	c := load(t, root).patrons[1].Contact
	if c.LastName != "Ex  ample " || len(c.Emails) != 1 {
		t.Errorf("the contact came back as %+v", c)
	}
}

func TestALoadComparesFirst(t *testing.T) {
	root := build(t, hall())
	t.Run("and tells each difference at its line", func(t *testing.T) {
		loader, comparer := &shelf{}, &shelf{refuses: boxoffice.Differences{
			{Kind: "ticket", Key: "T3", Column: "owner", Books: "70", Load: "1"},
			{Kind: "patron", Key: "7 71", Column: "a name or an address"},
			{Kind: "event", Key: "7:F26:P01", Column: "name", Books: "Lot", Load: "Parking"},
			{Kind: "manifest", Key: "7 H C ", Column: "areas"},
			{Kind: "organization", Key: "7", Column: "zone", Books: "UTC", Load: "America/Chicago"},
		}}
		r, err := files.Load(t.Context(), root, into(loader, comparer, known{there: true}), now, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Join([]string{
			`organization.json:1:1: zone is "UTC" in the books, and "America/Chicago" here`,
			`manifests/hall.json:1:1: areas is another one in the books`,
			`events.csv:3:5: item is "P01", and name is "Lot" in the books, and "Parking" here`,
			`patrons.csv:4:1: id is "71", and a name or an address is another one in the books`,
			`tickets.csv:4:1: token is "T3", and owner is "70" in the books, and "1" here`,
		}, "\n")
		if diff := gocmp.Diff(want, problems(r)); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		if len(loader.organizations)+loader.finished > 0 {
			t.Errorf("what differs was loaded: %+v", loader)
		}
	})
	t.Run("but gives no tickets of events that are there whole", func(t *testing.T) {
		loader, comparer := &shelf{whole: map[boxoffice.EventID]bool{"7:F26:F01": true, "7:F26:FUND": true}}, &shelf{}
		r, err := files.Load(t.Context(), root, into(loader, comparer, known{there: true}), now, nil)
		if err != nil || r.Loaded != 2 || len(loader.tickets) != 1 || len(comparer.tickets) != 1 || loader.tickets[0].Token != "T6" {
			t.Errorf("Load = %+v, %v, with tickets %v; want those of the parking", r, err, loader.tickets)
		}
	})
	t.Run("with the manifest that the books have, where the files have none", func(t *testing.T) {
		bare := build(t, with(hall(), map[string]string{"manifests/hall.json": ""}))
		whole := load(t, root).manifests[0]
		loader := &shelf{}
		r, err := files.Load(t.Context(), bare, into(loader, &shelf{}, known{there: true, manifest: &whole}), now, nil)
		if err != nil || !r.Good() || len(loader.manifests) != 0 {
			t.Errorf("Load = %v, with manifests %v and problems\n%s", err, loader.manifests, problems(r))
		}
		less := boxoffice.Manifest{Areas: []boxoffice.Area{{Sections: []boxoffice.Section{{Section: "U:1", Rows: []boxoffice.Row{{Row: "A", Seats: []string{"1"}}}}}}}}
		r, err = files.Load(t.Context(), bare, into(loader, &shelf{}, known{there: true, manifest: &less}), now, nil)
		want := `manifests/H.C.json: is missing, and the manifest in the books has no seat "3" in section "U:1", row "A"`
		if err != nil || problems(r) != want {
			t.Errorf("Load = %v, with problems\n%s\nwant\n%s", err, problems(r), want)
		}
	})
}

func TestWhatIsLoadedIsWhatWasChecked(t *testing.T) {
	root := build(t, hall())
	open := into(&shelf{}, &shelf{}, known{})
	_, err := files.Load(t.Context(), root, func() (files.Books, error) {
		if err := os.WriteFile(filepath.Join(root, "patrons.csv"), []byte("id\n1\n"), 0o600); err != nil {
			return files.Books{}, err
		}
		return open()
	}, now, nil)
	if err == nil || !strings.Contains(err.Error(), "was changed while the house was read") {
		t.Errorf("Load of a file that changes meanwhile = %v", err)
	}
}
