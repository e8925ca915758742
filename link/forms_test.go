package link_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seatlink/seatlink/link"
)

func TestTheOddTimesAreRead(t *testing.T) {
	var at link.Instant
	if err := json.Unmarshal([]byte(`"2023-06-14T07:23:05.281+0000"`), &at); err != nil || !at.Equal(time.Date(2023, 6, 14, 7, 23, 5, 281e6, time.UTC)) {
		t.Errorf("the instant of a history is %v, %v", at, err)
	}
	if text, err := json.Marshal(at); string(text) != `"2023-06-14T07:23:05.281+0000"` || err != nil {
		t.Errorf("written again it is %s, %v", text, err)
	}
	for _, none := range []string{`""`, `null`} {
		if err := json.Unmarshal([]byte(none), &at); err != nil || !at.IsZero() {
			t.Errorf("%s is %v, %v; want no time", none, at, err)
		}
	}
	if err := json.Unmarshal([]byte(`"yesterday"`), &at); err == nil {
		t.Error("yesterday was read as an instant")
	}

	sent, err := link.VenueTime("06/07/2023 23:46:03").In(time.FixedZone("PDT", -7*60*60))
	if want := time.Date(2023, 6, 8, 6, 46, 3, 0, time.UTC); err != nil || !sent.Equal(want) {
		t.Errorf("the venue's time is %v, %v; want %v", sent, err, want)
	}

	game := link.Event{StartDate: "2023-05-20", StartTime: "20:30:00Z", EndDate: "2023-05-20", EndTime: "TBD"}
	if start, known := game.Start(); !known || !start.Equal(time.Date(2023, 5, 20, 20, 30, 0, 0, time.UTC)) {
		t.Errorf("Start = %v, %v", start, known)
	}
	if end, known := game.End(); known {
		t.Errorf("End = %v, though it is to be decided", end)
	}
}

func TestListsMayComeAsTheirElementAndTextsAsNumbers(t *testing.T) {
	var seller link.Seller
	if err := json.Unmarshal([]byte(`{"phoneNumber":{"number":"1"},"emailAddress":[{"email":"a"},{"email":"b"}],"address":null}`), &seller); err != nil {
		t.Fatal(err)
	}
	if len(seller.PhoneNumber) != 1 || seller.PhoneNumber[0].Number != "1" || len(seller.EmailAddress) != 2 || seller.Address != nil {
		t.Errorf("read %+v", seller)
	}
	var words []link.Word
	if err := json.Unmarshal([]byte(`["AA", 12, 13.10, null]`), &words); err != nil || fmt.Sprint(words) != "[AA 12 13.10 ]" {
		t.Errorf("words are %q, %v", words, err)
	}
	if err := json.Unmarshal([]byte(`[{}]`), &words); err == nil {
		t.Error("an object was read as a word")
	}
}

// Whatever a log prints of the client's values shows no credential.
func TestSecretsAreNotPrinted(t *testing.T) {
	const secret = "sesame"
	options := link.Options{
		URL: "https://tickets.example.com", Product: "Tests/1.0", Application: "com.example.tests", APIKey: secret, Channel: "tests", Code: secret, Keep: new(link.Memory),
	}
	client, err := link.New(options)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{options, &options, client, struct{ C *link.Client }{client}, link.Pair{AccessToken: secret, RefreshToken: secret}, link.Secret(secret)} {
		for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if text := fmt.Sprintf(form, v); strings.Contains(text, secret) {
				t.Errorf("%s of %T shows it: %s", form, v, text)
			}
		}
	}
}

func TestRequestIDsAreUUIDsOfVersion4(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := link.NewRequestID()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("%s is no UUID of version 4, or not new", id)
		}
		seen[id] = true
	}
}
