package link_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatlink/seatlink/link"
)

// examples are the published samples, and those of the contract.
var examples = os.DirFS("../api/examples")

// forms are the types of what is sent and of what is answered, by the beginning of
// the sample's name. nil is what the client keeps to itself.
var requests = map[string]func() any{
	"auth-token.":                nil,
	"cart-complete-order.":       made[link.CompleteRequest],
	"push-":                      nil, // of the subscriber's side
	"tickets-lock.":              made[link.LockRequest],
	"tickets-print.":             made[link.PrintRequest],
	"tickets-transfer-accept.":   made[link.AcceptRequest],
	"tickets-transfer.":          made[link.TransferRequest],
	"tickets-transfer-complete.": made[link.HandOverRequest],
	"tickets-transfer-v2.":       made[link.TransferRequest],
	"tickets-unlock.":            nil,
	"tickets-verify.":            nil,
}

var answers = map[string]func() any{
	"auth-token.":                 nil,
	"cart-complete-order-status.": made[link.Sale],
	"cart-complete-order.":        made[link.Sale],
	"catalog-events.":             made[[]link.Event],
	"feed-events.":                made[link.EventsFeed],
	"feed-seats.":                 made[link.SeatsFeed],
	"feed-seats-snapshot.":        made[link.SeatsFeed],
	"listings.":                   made[[]link.Listing],
	"tickets-lock.":               made[link.Locked],
	"tickets-print.":              made[link.Printed],
	"tickets-transfer-accept.":    made[link.Accepted],
	"tickets-transfer-cancel.":    made[link.Cancelled],
	"tickets-transfer-history.":   made[link.History],
	"tickets-transfer.":           made[link.Transfer],
	"tickets-transfer-complete.":  made[link.HandedOver],
	"tickets-transfer-v2-status.": made[link.TransferProcess],
	"tickets-unlock.":             made[link.Unlocked],
	"tickets-verify.":             made[link.Verified],
}

func made[T any]() any { return new(T) }

// Every sample of a request and of a good answer is read into its type and
// written again, and nothing is lost.
func TestEverySampleIsReadAndWrittenAgain(t *testing.T) {
	files, err := fs.Glob(examples, "*.json")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	used := map[string]bool{}
	for _, file := range files {
		parts := strings.Split(strings.TrimSuffix(file, ".json"), ".")
		types, request := answers, parts[len(parts)-1] == "request"
		switch {
		case request:
			types = requests
		case len(parts) < 2 || parts[1][0] != '2':
			continue // errors have their own test
		}
		call := parts[0] + "."
		if strings.HasPrefix(call, "push-") {
			call = "push-"
		}
		form, known := types[call]
		if !known {
			t.Errorf("%s: no type of the client reads it", file)
			continue
		}
		used[call] = true
		if form == nil {
			continue
		}
		t.Run(file, func(t *testing.T) {
			sample := read(t, file)
			value := form()
			if err := json.Unmarshal(sample, value); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			was, is := plain(t, sample), plain(t, again)
			if request {
				was, is = lenient("", was), lenient("", is)
			}
			if diff := cmp.Diff(was, is); diff != "" {
				t.Errorf("(-read +written)\n%s", diff)
			}
		})
	}
	for _, call := range slices.Concat(slices.Collect(maps.Keys(requests)), slices.Collect(maps.Keys(answers))) {
		if !used[call] {
			t.Errorf("there is no sample of %s", call)
		}
	}
}

// lenient makes equal what the contract takes as equal: keys in any letter case,
// the only element of a list, texts as numbers.
func lenient(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		same := map[string]any{}
		for key, value := range v {
			key = strings.ToLower(key)
			same[key] = lenient(key, value)
		}
		return same
	case []any:
		if len(v) == 1 && reflect.ValueOf(v[0]).Kind() == reflect.Map {
			return lenient("", v[0])
		}
		for i := range v {
			v[i] = lenient("", v[i])
		}
	case json.Number:
		if key == "row" || key == "seats" {
			return v.String()
		}
	}
	return v
}

func plain(t *testing.T, text []byte) (v any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func read(tb testing.TB, file string) []byte {
	tb.Helper()
	text, err := fs.ReadFile(examples, file)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// Every sample of an error becomes an Error with all that it says.
func TestEverySampleOfAnErrorIsUnderstood(t *testing.T) {
	files, err := fs.Glob(examples, "*.[45]*.json")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range append(files, "error.any-other-call.json") {
		if file == "push.400.json" || strings.HasPrefix(file, "auth-token.") {
			continue // the subscriber's; the wallet's test has auth's
		}
		t.Run(file, func(t *testing.T) {
			sample := read(t, file)
			client := connect(t, link.Retries{Times: -1}, func(*http.Request) (int, string) { return http.StatusTeapot, string(sample) })
			_, err := client.Order(t.Context(), "p")
			said := as[*link.Error](t, err)
			wire := map[string]any{"error": link.Reason{Type: said.Type, Message: said.Message, Code: said.Code}}
			if said.Failures != nil {
				wire["errors"] = said.Failures
			}
			again, err := json.Marshal(wire)
			if err != nil {
				t.Fatal(err)
			}
			was := plain(t, sample).(map[string]any)
			delete(was, "processId") // told with the Sale
			delete(was, "status")
			if diff := cmp.Diff(any(was), plain(t, again)); diff != "" {
				t.Errorf("(-read +understood)\n%s", diff)
			}
		})
	}
}
