package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A demo is a running seatlink demo, and what it told.
type demo struct {
	*process
	db    string
	story string // printed
	told  string // path of the JSON file
	text  []byte // of it
	file  demoFile
}

// startDemo starts seatlink demo over a data folder, on a free port and without a
// marketplace beside it, and returns when it is ready.
func startDemo(t *testing.T, data string, args ...string) *demo {
	t.Helper()
	told := filepath.Join(t.TempDir(), "told.json")
	args = append([]string{"demo", "--no-marketplace", "--addr", "127.0.0.1:0", "--data", data, "--json", told}, args...)
	d := &demo{process: launch(t, args...), told: told}
	d.story = d.await("seatlink is ready", "Ctrl-C stops the server")
	var err error
	if d.text, err = os.ReadFile(told); err != nil {
		t.Fatalf("the demo is ready without its file: %v", err)
	}
	if err := json.Unmarshal(d.text, &d.file); err != nil {
		t.Fatal(err)
	}
	d.db = d.file.DB
	return d
}

// demoDatabase is --db for a demo on one of the databases. On SQLite it makes
// its own in the data folder.
func demoDatabase(db string) []string {
	if strings.HasPrefix(db, "sqlite:") {
		return nil
	}
	return []string{"--db", db}
}

func TestTheLinesThatTheDemoPrintsSellATicket(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			d := startDemo(t, t.TempDir(), append(demoDatabase(db), "--size", "small")...)
			before := barcodes(t, d.db)
			said := d.paste(t)
			if len(said) != 12 {
				t.Fatalf("the lines of the demo answered %d lines, want 12:\n%s", len(said), strings.Join(said, "\n"))
			}
			var pair struct{ AccessToken, RefreshToken, TokenType, Expiration string }
			decode(t, said[0], &pair)
			if pair.AccessToken == "" || pair.RefreshToken == "" || pair.TokenType != "Bearer" || pair.Expiration == "" {
				t.Errorf("auth/token answered %s", said[0])
			}
			if want := `[{"seasonCode":"`; !strings.HasPrefix(said[1], want) {
				t.Errorf("catalog/events answered %s…; want %s…", said[1], want)
			}
			var listings []struct {
				ListingID string
				Tickets   []grouped
			}
			decode(t, said[2], &listings)
			if len(listings) != 1 || len(listings[0].Tickets) == 0 || len(listings[0].Tickets[0].Seats) == 0 {
				t.Fatalf("listings answered %s; want tickets", said[2])
			}
			event, token := listings[0].Tickets[0].AccessID, listings[0].Tickets[0].Seats[0].Token
			for i, by := range []string{"barcode", "token"} {
				var valid verified
				decode(t, said[3+i], &valid)
				if len(valid.Tokens) != 1 || len(valid.Tokens[0].Success.Seats) != 1 || len(valid.Tokens[0].Errors) != 0 {
					t.Errorf("verify by %s answered %s; want one seat", by, said[3+i])
				}
			}
			var locked struct {
				SellerIDs       []string
				Success, Errors []failed
			}
			decode(t, said[5], &locked)
			if len(locked.SellerIDs) != 1 || len(locked.Success) != 1 || locked.Success[0].Token != token || len(locked.Errors) != 0 {
				t.Errorf("lock answered %s; want success of %s", said[5], token)
			}
			if want := `"status":"COMPLETE"`; !strings.Contains(said[6], want) || !strings.Contains(said[6], `"paid":104,`) {
				t.Errorf(`complete-order answered %s; want %s and "paid":104`, said[6], want)
			}
			if said[7] != said[6] {
				t.Errorf("the order's status is\n%s\nand complete-order answered\n%s", said[7], said[6])
			}
			var printed struct{ Tickets []struct{ Token, URL string } }
			decode(t, said[8], &printed)
			if len(printed.Tickets) != 1 || printed.Tickets[0].Token != token || !strings.HasPrefix(printed.Tickets[0].URL, d.file.URL+"/") {
				t.Fatalf("print answered %s; want a page of %s at %s", said[8], token, d.file.URL)
			}
			if !regexp.MustCompile(`^<title>.+</title>$`).MatchString(said[9]) {
				t.Errorf("the page of the ticket is titled %q", said[9])
			}

			var given struct{ TransferStatus, URL string }
			decode(t, said[10], &given)
			if given.TransferStatus != "Pending" || !strings.HasPrefix(given.URL, d.file.URL+"/myaccount/receive/") || said[11] != "<title>A ticket for you</title>" {
				t.Errorf("transfer answered %s, and its page is titled %s", said[10], said[11])
			}

			// The barcode of the seller is dead, and the page has the buyer's.
			partner := &caller{url: d.file.URL, partner: d.file.Partners[0], accessToken: pair.AccessToken, http: watched(t)}
			old, renewed := before[token], barcodes(t, d.db)[token]
			if dead := partner.verify(t, 422, event, old); len(dead.Errors) != 1 || dead.Errors[0].AppErrorCode != "BARCODE_INVALID" {
				t.Errorf("the old barcode verifies as %v; want BARCODE_INVALID", dead)
			}
			if good := partner.verify(t, 200, event, renewed); len(good.Tokens[0].Success.Seats) != 1 || good.Tokens[0].Success.Seats[0].Token != token {
				t.Errorf("the new barcode verifies as %v; want %s", good, token)
			}
			status, page, err := fetch(t.Context(), printed.Tickets[0].URL)
			if err != nil || status != 200 || !strings.Contains(page, "QR code of barcode "+renewed) || strings.Contains(page, old) {
				t.Errorf("the page of the ticket: %d %v; want barcode %s and not %s:\n%s", status, err, renewed, old, page)
			}
			audit(t, d.db)
			d.stop()
			audit(t, d.db)
		})
	}
}

// paste runs what stands between the two rules of the story with sh, and returns
// the lines it answers, but for empty ones.
func (d *demo) paste(t *testing.T) []string {
	t.Helper()
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("the lines of the demo need %s: %v", program, err)
		}
	}
	rule := "\n" + strings.Repeat("-", 70) + "\n"
	parts := strings.Split(d.story, rule)
	if len(parts) != 3 {
		t.Fatalf("the demo prints %d rules, want 2:\n%s", len(parts)-1, d.story)
	}
	sh := exec.CommandContext(t.Context(), "sh")
	sh.Stdin = strings.NewReader(parts[1])
	errs := newTranscript()
	sh.Stderr = errs
	said, err := sh.Output()
	if err != nil || errs.String() != "" {
		t.Fatalf("the lines of the demo: %v\n%s\n%s", err, said, errs)
	}
	return slices.DeleteFunc(strings.Split(string(said), "\n"), func(line string) bool { return line == "" })
}

func decode(tb testing.TB, text string, v any) {
	tb.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		tb.Fatalf("%v\n%s", err, text)
	}
}

func TestTheFileOfTheDemoHolds(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			db := database.open(t)
			d := startDemo(t, t.TempDir(), append(demoDatabase(db), "--size", "small")...)
			t.Run("the promised form", func(t *testing.T) { d.checkForm(t) })
			partners := map[string]*caller{}
			for _, p := range d.file.Partners {
				partners[string(p.Channel)] = enter(t, d.file.URL, p)
			}
			listed := map[string]bool{}
			t.Run("listings that the API shows", func(t *testing.T) { listed = d.checkListings(t, partners) })
			t.Run("barcodes that verify", func(t *testing.T) { d.checkBarcodes(t, partners["my-application"], listed) })
			t.Run("patrons with seats", func(t *testing.T) { d.checkPatrons(t) })
		})
	}
}

// promised are the paths of the file that programs rely on. The database is
// there for seatlink bench, the names are for people.
var promised = []string{
	"url", "db", "organizations[].id", "organizations[].distributorCode", "organizations[].name", "organizations[].currency", "partners[].name",
	"partners[].applicationId", "partners[].apiKey", "partners[].channelCode", "partners[].authorizationCode", "partners[].organizations[]",
	"listings[].listingId", "listings[].channelCode", "listings[].organizationId",
	"barcodes[].organizationId", "barcodes[].accessId", "barcodes[].barcode",
	"patrons[].organizationId", "patrons[].patronId", "patrons[].firstName", "patrons[].lastName", "patrons[].email", "patrons[].password",
	"patrons[].seats[].season", "patrons[].seats[].event", "patrons[].seats[].priceLevel", "patrons[].seats[].priceType",
	"patrons[].seats[].level", "patrons[].seats[].section", "patrons[].seats[].row", "patrons[].seats[].seat",
}

func (d *demo) checkForm(t *testing.T) {
	t.Helper()
	var whole any
	decode(t, string(d.text), &whole)
	got := map[string]bool{}
	pathsOf(whole, "", got)
	for _, path := range promised {
		if !got[path] {
			t.Errorf("the file lacks %s", path)
		}
		delete(got, path)
	}
	for path := range got {
		t.Errorf("the file has %s, which is not promised", path)
	}
	if len(d.file.Partners) < 2 {
		t.Fatalf("the file has %d partners; want 2 or more", len(d.file.Partners))
	}
	first := d.file.Partners[0]
	if got := fmt.Sprint(first.Application, " ", first.Channel, " ", first.Organizations); got != "com.mycompany.myapp my-application [129 999]" {
		t.Errorf("the first partner is %s", got)
	}
}

// pathsOf collects the paths to all that is not an object or an array.
func pathsOf(v any, at string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, each := range v {
			pathsOf(each, strings.TrimPrefix(at+"."+key, "."), into)
		}
	case []any:
		for _, each := range v {
			pathsOf(each, at+"[]", into)
		}
	default:
		into[at] = true
	}
}

// checkListings returns the tokens that are listed.
func (d *demo) checkListings(t *testing.T, partners map[string]*caller) map[string]bool {
	t.Helper()
	listed, count, events := map[string]bool{}, map[string]int{}, map[string]map[string]bool{}
	for _, l := range d.file.Listings {
		channel := string(l.Channel)
		if events[channel] == nil {
			events[channel] = map[string]bool{}
		}
		var answer []struct{ Tickets []grouped }
		partners[channel].want(t, 200, "GET", "/v1/listings/"+string(l.ID), nil, &answer)
		seats := 0
		for _, group := range answer[0].Tickets {
			events[channel][group.AccessID] = true
			seats += len(group.Seats)
			for _, s := range group.Seats {
				if listed[s.Token] {
					t.Errorf("%s is listed twice", s.Token)
				}
				listed[s.Token] = true
			}
			if org, _, _ := strings.Cut(group.AccessID, ":"); org != fmt.Sprint(l.Organization) {
				t.Errorf("listing %s is told to be of %d and has tickets of %s", l.ID, l.Organization, group.AccessID)
			}
		}
		if seats < 2 || seats > 8 {
			t.Errorf("listing %s shows %d tickets; want 2 to 8", l.ID, seats)
		}
		count[channel]++
	}
	for channel := range partners {
		if count[channel] < 20 || len(events[channel]) < 3 {
			t.Errorf("%s has %d listings over %d events; want 20 or more over 3 or more", channel, count[channel], len(events[channel]))
		}
	}
	return listed
}

func (d *demo) checkBarcodes(t *testing.T, partner *caller, listed map[string]bool) {
	t.Helper()
	const most = 100 // of a body
	of := map[int64]int{}
	for some := range slices.Chunk(d.file.Barcodes, most) {
		var asked []object
		for _, b := range some {
			of[int64(b.Organization)]++
			asked = append(asked, object{"accessId": b.Event, "barcodes": []string{string(b.Barcode)}})
		}
		var answer verified
		partner.want(t, 200, "POST", "/v1/tickets/verify", object{"tickets": asked}, &answer)
		seats := 0
		for _, group := range answer.Tokens {
			seats += len(group.Success.Seats)
			for _, s := range group.Success.Seats {
				if listed[s.Token] {
					t.Errorf("the barcode of %s is told, and it is listed", s.Token)
				}
				listed[s.Token] = true
			}
		}
		if seats != len(some) {
			t.Errorf("%d of %d barcodes verify", seats, len(some))
		}
	}
	if total := of[999] + of[129]; total < 500 || of[129] == 0 || total != len(d.file.Barcodes) {
		t.Errorf("the file has %d barcodes of 999 and %d of 129; want 500 or more, some of 129", of[999], of[129])
	}
}

func (d *demo) checkPatrons(t *testing.T) {
	t.Helper()
	if len(d.file.Patrons) != 20 {
		t.Errorf("the file has %d patrons; want 20", len(d.file.Patrons))
	}
	owners := map[string]string{}
	query(t, look(t, d.db), func(scan func(...any) error) error {
		var event, section, row, seat, owner string
		err := scan(&event, &section, &row, &seat, &owner)
		owners[strings.Join([]string{event, section, row, seat}, " ")] = owner
		return err
	}, `SELECT event, section, row, seat, owner FROM ticket`)
	for _, p := range d.file.Patrons {
		if p.Email == "" || p.Password == "" || len(p.Seats) == 0 {
			t.Errorf("patron %s has no email, no password or no seats", p.ID)
		}
		for _, s := range p.Seats {
			place := fmt.Sprintf("%d:%s:%s %s:%s %s %s", p.Organization, s.Season, s.Event, s.Level, s.Section, s.Row, s.Seat)
			if owners[place] != string(p.ID) {
				t.Errorf("the owner of %s is %q; want %s", place, owners[place], p.ID)
			}
		}
	}
}
